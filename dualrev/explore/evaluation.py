"""One function, evaluated for the explorer: every value, tangents along directions, and reverse sweeps step by step.

What enters: a function and its arguments. What leaves: an `Evaluation`, plain arrays by the number of the value; next:
`payload.py` writes it down for the page.
"""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import optree

from dualrev.core.array import Traced, dtype_of, value
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.passes import Inputs
from dualrev.errors import InputError, OutputError
from dualrev.explore.modecosts import Costs, measure
from dualrev.modes.forward import Dual, Forward, dual
from dualrev.modes.graph import operand_sources
from dualrev.modes.notation import expression, index_text
from dualrev.modes.reverse import Tape, Variable
from dualrev.modes.sweep import seed_cotangent, sweep
from dualrev.modes.trace import has_nan

__all__ = ["Evaluation", "Pull", "Sweep", "Tangents", "Value", "evaluate"]

# Choices that a page offers (entries of the output, directions), and numbers that all of them may take together.
_CHOICES = 12
_NUMBERS = 40_000
_LANE_BYTES = 200_000_000
# Of what is recorded before an evaluation is given up, as a multiple of what is shown.
_GIVEN_UP = 40


class Value(NamedTuple):
    """One value of the evaluation.

    `operands` maps the position of a traced operand to the number of the value it is; `partials` the position to the
    local partial derivative, where the operation is elementwise.
    """

    number: int
    primitive: Any
    expression: str
    operands: dict[int, int]
    partials: dict[int, Any]
    value: Any
    where: str
    output: str


class Pull(NamedTuple):
    """One step of a reverse sweep: what the adjoint rule of a value added to each operand, and the sum so far."""

    number: int
    added: list[tuple[int, Any, Any]]


class Sweep(NamedTuple):
    """A reverse sweep from one cotangent; `adjoints` holds the final ones, zero where nothing arrived."""

    label: str
    seeds: list[tuple[int, Any]]
    pulls: list[Pull]
    adjoints: dict[int, Any]


class Tangents(NamedTuple):
    """The tangents of all values along one direction."""

    label: str
    tangents: list[Any]


@dataclass
class Evaluation:
    """All that a page shows.

    Attributes
    ----------
    values : list of Value
    inputs : list of str
        Names of the inputs, which are the first values.
    sweeps : list of Sweep
    directions : list of Tangents
    costs : Costs
    notes, hints : list of str
        What the reader of the page must know, and what else there is to say.
    """

    values: list[Value]
    inputs: list[str]
    sweeps: list[Sweep] = field(default_factory=list)
    directions: list[Tangents] = field(default_factory=list)
    costs: Costs | None = None
    notes: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


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


class _Sparse(dict[int, Any]):
    """Cotangents by index, None where nothing has arrived."""

    def __missing__(self, index: int) -> None:
        return None


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
        if _is_on(leaf, tape):
            labels.setdefault(leaf.index, name)
    values = list(_values(tape, numbers, names, labels))
    found = Evaluation(values, names, notes=notes)
    choices = max(1, min(_CHOICES, _NUMBERS // max(len(values), 1)))
    for label, seeds in _seeds(results, tape, cotangent, choices, found.hints):
        found.sweeps.append(_pull_back(tape, numbers, label, seeds))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # They were given in the first evaluation.
        warnings.simplefilter("ignore")
        found.directions = _push(inputs, f, names, tangent, choices, found)
        outputs = [leaf.primal for _, leaf in results if _is_on(leaf, tape)]
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
            "explore: no argument holds floats, so there is nothing to differentiate with respect to. "
            "Pass floats or arrays of floats (2.0 for 2, x.astype(float))."
        )
    return positions[0] if len(positions) == 1 else tuple(positions)


def _record(inputs: Inputs, f: Callable[..., Any], tape: Tape) -> list[tuple[str, Any]]:
    """Evaluate on the tape; return the name and value of every leaf of the result."""
    leaves, rebuild, _ = inputs.call(tape, f, [tape.leaf(x) for x in inputs.leaves], {}, False)
    return list(zip(_leaf_names("y", rebuild(list(range(len(leaves))))), leaves, strict=True))


def _is_on(leaf: Any, tape: Tape) -> bool:
    return isinstance(leaf, Variable) and leaf.level is tape


def _constant_results(results: list[tuple[str, Any]], tape: Tape) -> list[str]:
    constant = [name for name, leaf in results if not _is_on(leaf, tape)]
    if len(constant) == len(results):
        raise OutputError(
            "explore: the result does not depend on the arguments, as far as was recorded, so there is nothing to "
            "show. Is a value converted (float(x), dr.value(x)), or is the wrong argument in argnums=?"
        )
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


# -- reverse ----------------------------------------------------------------------------------------------------------


def _seeds(
    results: list[tuple[str, Any]], tape: Tape, cotangent: Any, choices: int, hints: list[str]
) -> Iterator[tuple[str, dict[int, Any]]]:
    """Yield the cotangents that the page offers: the given one, every entry of the result, all of them."""
    traced = [(name, leaf) for name, leaf in results if _is_on(leaf, tape)]
    if cotangent is not None:
        parts, _ = flatten(cotangent)
        if len(parts) != len(results):
            raise InputError(
                f"explore: cotangent= has {len(parts)} parts, the result {len(results)}"
            )
        yield (
            "the given cotangent",
            _joined(
                (leaf, seed_cotangent(leaf.primal, ct))
                for (_, leaf), ct in zip(results, parts, strict=True)
                if _is_on(leaf, tape)
            ),
        )
    total = sum(leaf.size for _, leaf in traced)
    shown = 0
    for name, leaf in traced:
        for position in itertools.islice(np.ndindex(*leaf.shape), max(1, choices // len(traced))):
            shown += 1
            ct = np.zeros(leaf.shape, dtype_of(leaf))
            ct[position] = 1.0
            word = f"{name}[{index_text(position)}]" if leaf.shape else name
            yield word, {leaf.index: ct[()]}
    if shown < total:
        hints.append(f"Of {total} entries of the result, {shown} can be chosen for a sweep.")
    if total > 1:
        yield (
            "sum of all entries",
            _joined((leaf, np.ones(leaf.shape, dtype_of(leaf))[()]) for _, leaf in traced),
        )


def _joined(pairs: Any) -> dict[int, Any]:
    seeds: dict[int, Any] = {}
    for leaf, ct in pairs:
        seeds[leaf.index] = ct if leaf.index not in seeds else seeds[leaf.index] + ct
    return seeds


def _pull_back(tape: Tape, numbers: dict[int, int], label: str, seeds: dict[int, Any]) -> Sweep:
    """Sweep node by node; once more with strong zeros if a NaN came out, as every sweep does."""
    firsts = _first_parts(tape, numbers)
    cts = _Sparse()
    pulls: list[Pull] = []
    with np.errstate(all="ignore"):
        for variant in ("pure", "strong"):
            cts, pulls = _Sparse(seeds), []
            for node in reversed(tape.nodes):
                index, _, parents, _ = node
                if cts[index] is None:
                    continue
                own: Any = _Sparse({index: cts[index]})
                sweep([node], own, variant, keep=True)
                sweep([node], cts, variant, keep=True)  # type: ignore[arg-type]
                if not isinstance(parents, int | tuple):
                    continue  # one of several outputs: its cotangent waits for the others
                targets = dict.fromkeys((parents,) if isinstance(parents, int) else parents)
                added = [(numbers[p], _plain(own[p]), _plain(cts[p])) for p in targets]
                pulls.append(Pull(firsts.get(index, numbers.get(index, 0)), added))
            if not any(c is not None and type(c) is not tuple and has_nan(c) for c in cts.values()):
                break
    swept = {numbers[i]: _plain(c) for i, c in cts.items() if c is not None and i in numbers}
    return Sweep(label, [(numbers[i], _plain(c)) for i, c in seeds.items()], pulls, swept)


def _first_parts(tape: Tape, numbers: dict[int, int]) -> dict[int, int]:
    """Return, for every operation with several outputs, the number of the first of them."""
    firsts: dict[int, int] = {}
    for index, adjoint, parents, _ in tape.nodes:
        if adjoint is None and not isinstance(parents, int):
            firsts.setdefault(parents.parent, numbers[index])
    return firsts


def _plain(ct: Any) -> Any:
    """Undo the conjugation under which cotangents are carried."""
    return None if ct is None else np.conj(value(ct))


# -- forward ----------------------------------------------------------------------------------------------------------


def _push(
    inputs: Inputs,
    f: Callable[..., Any],
    names: list[str],
    tangent: Any,
    choices: int,
    evaluation: Evaluation,
) -> list[Tangents]:
    """Evaluate once more, on duals with one lane per direction; return the tangents of every value."""
    values, notes = evaluation.values, evaluation.notes
    held = sum(np.asarray(v.value).nbytes for v in values) + 1
    choices = max(1, min(choices, _LANE_BYTES // held))
    directions = list(_directions(inputs, names, tangent, choices, evaluation.hints))
    level = Forward(len(directions), careful=True)
    tape = Tape(watch=True, copying=True)
    lanes = [np.stack([parts[k] for _, parts in directions]) for k in range(len(inputs.leaves))]
    duals = [dual(x, t, level) for x, t in zip(inputs.leaves, lanes, strict=True)]
    try:
        with level:
            inputs.call(tape, f, [tape.leaf(d) for d in duals], {}, False)
    except Exception as error:  # the user's function may fail in any way when it is called again
        notes.append(f"Forward mode is not shown: {error}")
        return []
    found = [tape.records[index] for index in sorted(tape.records)]
    same = len(found) == len(values) and all(
        r.primitive is v.primitive and np.shape(r.value) == np.shape(v.value)
        for r, v in zip(found, values, strict=True)
    )
    if not same or not all(
        np.array_equal(value(r.value), v.value, equal_nan=True)
        for r, v in zip(found, values, strict=True)
    ):
        notes.append(
            "Forward mode is not shown: called a second time, the function computed something else "
            "(random numbers, or memory of earlier calls)."
        )
        return []
    columns = [
        r.value.tangent if isinstance(r.value, Dual) and r.value.level is level else None
        for r in found
    ]
    return [
        Tangents(label, [None if c is None else value(c)[k] for c in columns])
        for k, (label, _) in enumerate(directions)
    ]


def _directions(
    inputs: Inputs, names: list[str], tangent: Any, choices: int, hints: list[str]
) -> Iterator[tuple[str, list[Any]]]:
    """Yield the directions that the page offers: the given one, every entry of the inputs, all of them at once."""
    if tangent is not None:
        yield "the given direction", inputs.match(tangent, "tangent")
    total = sum(int(np.size(x)) for x in inputs.leaves)
    shown = 0
    each = max(1, choices // len(names))
    for k, (name, leaf) in enumerate(zip(names, inputs.leaves, strict=True)):
        for position in itertools.islice(np.ndindex(*np.shape(leaf)), each):
            shown += 1
            parts = [np.zeros(np.shape(x), dtype_of(x)) for x in inputs.leaves]
            parts[k][position] = 1.0
            word = f"{name}[{index_text(position)}]" if np.shape(leaf) else name
            yield word, [part[()] for part in parts]
    if shown < total:
        hints.append(f"Of {total} entries of the inputs, {shown} can be chosen as a direction.")
    if total > 1:
        yield (
            "all inputs (direction of ones)",
            [np.ones(np.shape(x), dtype_of(x))[()] for x in inputs.leaves],
        )
