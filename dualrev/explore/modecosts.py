"""What each mode costs for one function: counted on the tape, and measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.derivatives.passes import Inputs, push, record
from dualrev.explore.profile import held_bytes
from dualrev.modes.reverse import Tape

__all__ = ["Costs", "measure"]

_BUDGET = 0.3
_REPEATS = 7


class Costs(NamedTuple):
    """Counts, and seconds (None if they were not measured).

    Attributes
    ----------
    inputs, outputs : int
        Entries of all inputs and of all results.
    operations : int
        Recorded operations.
    edges : int
        Local derivatives: pairs of an operation and an operand that varies.
    kept : int
        Bytes of the arrays and numbers that the adjoint rules keep until the sweep.
    seconds_value, seconds_tangent, seconds_record, seconds_sweep : float or None
        One evaluation; one with a tangent; one that is recorded; one sweep. All are known or none.
    """

    inputs: int
    outputs: int
    operations: int
    edges: int
    kept: int
    seconds_value: float | None = None
    seconds_tangent: float | None = None
    seconds_record: float | None = None
    seconds_sweep: float | None = None


def measure(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    inputs: Inputs,
    tape: Tape,
    outputs: list[Any],
    timing: bool,
) -> Costs:
    """Count on the tape; with `timing` run both modes again, without watching, and take the best of a few runs."""
    operations = edges = 0
    for _, adjoint, parents, _ in tape.nodes:
        if adjoint is None and not isinstance(parents, int):
            continue
        operations += 1
        edges += 1 if isinstance(parents, int) else len(parents)
    costs = Costs(
        sum(int(np.size(x)) for x in inputs.leaves),
        sum(int(np.size(y)) for y in outputs),
        operations,
        edges,
        held_bytes(tape),
    )
    if not timing:
        return costs
    tangents = [np.ones(np.shape(x), dtype_of(x))[()] for x in inputs.leaves]
    try:
        recorded = record("explore", inputs, f, {}, keep=True)
        seeds = [np.ones(np.shape(y), dtype_of(y))[()] for y in recorded.outputs]
        return costs._replace(
            # With containers rebuilt and arrays copied as for the others, so that a write does not reach the caller's.
            seconds_value=_best(lambda: f(*_fresh(args, inputs))),
            seconds_record=_best(lambda: record("explore", inputs, f, {}, keep=True)),
            seconds_sweep=_best(lambda: recorded.pull(seeds)),
            seconds_tangent=_best(
                lambda: push("explore", inputs, f, tangents, {}, None, has_aux=False)
            ),
        )
    except Exception:  # the user's function may fail in any way when it is called again
        return costs


def _fresh(args: tuple[Any, ...], inputs: Inputs) -> list[Any]:
    given = list(args)
    start = 0
    for p, rebuild, size in zip(inputs.positions, inputs.rebuilds, inputs.sizes, strict=True):
        leaves = inputs.leaves[start : start + size]
        given[p] = rebuild([x.copy() if isinstance(x, np.ndarray) else x for x in leaves])
        start += size
    return given


def _best(call: Callable[[], Any]) -> float:
    """Return the shortest of a few runs, fewer if they take long."""
    best, spent = float("inf"), 0.0
    for _ in range(_REPEATS):
        start = time.perf_counter()
        call()
        took = time.perf_counter() - start
        best, spent = min(best, took), spent + took
        if spent > _BUDGET:
            break
    return best
