"""One function, evaluated for the explorer: every value, tangents along directions, and reverse sweeps step by step.

What enters: a function and its arguments. What leaves: an `Evaluation`, plain arrays by the number of the value; next:
`payload.py` writes it down for the page.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import optree

from dualrev.core.array import Traced, dtype_of, value
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.passes import Inputs
from dualrev.errors import InputError, OutputError
from dualrev.explore.directions import push_forward
from dualrev.explore.modecosts import measure
from dualrev.explore.sweeps import is_on, pull_back, seeds
from dualrev.explore.values import Evaluation, Value
from dualrev.modes.nodes import operand_sources
from dualrev.modes.notation import expression
from dualrev.modes.reverse import Tape

__all__ = ["evaluate"]

# Choices that a page offers (entries of the output, directions), and numbers that all of them may take together.
_CHOICES = 12
_NUMBERS = 40_000
# Of what is recorded before an evaluation is given up, as a multiple of what is shown.
_GIVEN_UP = 40


class _Counted(Tape):
    """A watched tape that gives up before it fills the memory."""

    __slots__ = ("most",)
    most: int

    def process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        if len(self.nodes) >= self.most:
            raise InputError(
                f"explore: the function records more than {self.most} operations, too many for a page. "
                "Explore it at a smaller size, or one of the functions that it calls"
            )
        return super().process(primitive, arrays, params)


def evaluate(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    *,
    argnums: int | Sequence[int] | None,
    tangent: Any,
    cotangent: Any,
    limit: int,
    timing: bool,
) -> Evaluation:
    """Evaluate `f` on a tape and under forward mode; see `dualrev.explore`."""
    positions = _differentiable(args) if argnums is None else argnums
    inputs = Inputs("explore", args, positions)
    tape = _Counted(watch=True, copying=True)
    tape.most = _GIVEN_UP * limit
    results = _record(inputs, f, tape)
    names = _input_names(f, args, inputs)
    notes = _constant_results(results, tape)
    numbers = {index: k for k, index in enumerate(sorted(tape.records), 1)}
    labels: dict[int, str] = {}
    for name, leaf in results:
        if is_on(leaf, tape):
            labels.setdefault(leaf.index, name)
    values = list(_values(tape, numbers, names, labels))
    found = Evaluation(values, names, notes=notes)
    choices = max(1, min(_CHOICES, _NUMBERS // max(len(values), 1)))
    for label, cotangents in seeds(results, tape, cotangent, choices, found.hints):
        found.sweeps.append(pull_back(tape, numbers, label, cotangents))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # They were given in the first evaluation.
        warnings.simplefilter("ignore")
        found.directions = push_forward(inputs, f, names, tangent, choices, found)
        outputs = [leaf.primal for _, leaf in results if is_on(leaf, tape)]
        found.costs = measure(f, args, inputs, tape, outputs, timing)
    return found


def _differentiable(args: tuple[Any, ...]) -> int | tuple[int, ...]:
    """Return the positions of arguments that hold floats and nothing else; of one alone its position."""
    positions = []
    for k, argument in enumerate(args):
        leaves, _ = flatten(argument)
        kinds = [
            dtype_of(x).kind
            if isinstance(x, (np.ndarray, np.generic, float, complex, Traced))
            else "O"
            for x in leaves
        ]
        if kinds and all(kind in "fc" for kind in kinds):
            positions.append(k)
    if not positions:
        raise InputError(
            "explore: no argument holds floats and nothing else, so there is nothing to differentiate with respect "
            "to. Pass floats, arrays of floats or containers of them (2.0 for 2, x.astype(float))."
        )
    return positions[0] if len(positions) == 1 else tuple(positions)


def _record(inputs: Inputs, f: Callable[..., Any], tape: Tape) -> list[tuple[str, Any]]:
    """Evaluate on the tape; return the name and value of every leaf of the result."""
    leaves, rebuild, _ = inputs.call(tape, f, [tape.leaf(x) for x in inputs.leaves], {}, False)
    return list(zip(_leaf_names("y", rebuild(list(range(len(leaves))))), leaves, strict=True))


def _constant_results(results: list[tuple[str, Any]], tape: Tape) -> list[str]:
    constant = [name for name, leaf in results if not is_on(leaf, tape)]
    if len(constant) == len(results):
        raise OutputError(
            "explore: the result does not depend on the arguments, as far as was recorded, so there is nothing to "
            "show. Is a value converted (float(x), dr.value(x)), or is the wrong argument in argnums=?"
        )
    if not any(leaf.size for _, leaf in results if is_on(leaf, tape)):
        raise OutputError("explore: the result has no entries, so there is nothing to show")
    if constant:
        return [f"{', '.join(constant)} does not depend on the inputs and is not shown."]
    return []


def _input_names(f: Callable[..., Any], args: tuple[Any, ...], inputs: Inputs) -> list[str]:
    """Return the names of the inputs: a parameter's, with the way to the leaf inside a container."""
    words = [f"x{k + 1}" for k in range(len(args))]
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    for k in range(len(args)):
        if k < len(parameters) and parameters[k].kind is not parameters[k].VAR_POSITIONAL:
            words[k] = parameters[k].name
        elif parameters and parameters[-1].kind is parameters[-1].VAR_POSITIONAL:
            words[k] = f"{parameters[-1].name}[{k - len(parameters) + 1}]"
        elif k >= len(parameters):
            break
    return [name for p in inputs.positions for name in _leaf_names(words[p], args[p])]


def _leaf_names(name: str, tree: Any) -> list[str]:
    if len(flatten(tree)[0]) == 1 and isinstance(
        tree, (np.ndarray, np.generic, float, complex, int, Traced)
    ):
        return [name]
    return [a.codify(name) for a in optree.tree_accessors(tree, namespace="dualrev")]


def _values(
    tape: Tape, numbers: dict[int, int], names: list[str], labels: dict[int, str]
) -> Iterator[Value]:
    sources = operand_sources(tape)
    kept: dict[int, Any] = {node[0]: node for node in tape.nodes}
    given = iter(names)
    for index, number in numbers.items():
        record = tape.records[index]
        own = {k: numbers[s] for k, s in sources[index].items()}
        if record.primitive is None:
            # What else is put on a tape by hand is a value that was read before it was written.
            words = next(given, "constant")
        else:
            words = expression(record, own)
        yield Value(
            number,
            record.primitive,
            words,
            own,
            {} if record.primitive is None else _partials(record.primitive, kept[index]),
            value(record.value),
            record.where,
            labels.get(index, ""),
        )


def _partials(primitive: Any, node: Any) -> dict[int, Any]:
    """Return the local partials of an elementwise operation, from what the tape kept for the sweep."""
    if primitive.flavour != "elementwise":
        return {}
    _, entries, _ = node[3]
    with np.errstate(all="ignore"):
        return {
            k: primitive.partials[k].at(*residuals)
            if callable(primitive.partials[k].value)
            else primitive.partials[k].value
            for k, _, residuals, _, _ in entries
        }
