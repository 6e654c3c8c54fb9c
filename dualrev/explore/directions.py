"""Forward mode for the explorer: one evaluation on duals that is recorded too, so that every value has its tangents."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.derivatives.passes import Inputs
from dualrev.explore.values import Evaluation, Tangents, Value
from dualrev.modes.forward import Dual, Forward, dual
from dualrev.modes.notation import index_text
from dualrev.modes.reverse import Tape
from dualrev.modes.trace import Record

__all__ = ["push_forward"]

_LANE_BYTES = 200_000_000


def push_forward(
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
    if not directions:  # inputs without entries
        return []
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
    if len(found) != len(values) or not all(map(_same, found, values)):
        notes.append(
            "Forward mode is not shown: evaluated again, with tangents, the function recorded something else. Either "
            "it does not do the same at every call (random numbers, memory of earlier calls), or it has a solver "
            "inside, which takes other steps for tangents."
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


def _same(record: Record, known: Value) -> bool:
    """Say whether a value of the second evaluation is that of the first."""
    if record.primitive is None or known.primitive is None:
        # An input, or an array that was there before it was written, as np.empty's, which may hold anything.
        return record.primitive is known.primitive and np.shape(record.value) == np.shape(
            known.value
        )
    # By name: a rule of the user's, a checkpoint and a solver make their primitive anew at every call.
    return bool(
        record.primitive.name == known.primitive.name
        and np.array_equal(value(record.value), known.value, equal_nan=True)
    )


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
