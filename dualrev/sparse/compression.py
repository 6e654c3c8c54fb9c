"""Compression: seeds made of colours, pushed and pulled with all their lanes in as few passes as memory allows.

What enters: colours, the user's function and its arguments. What leaves: compressed Jacobians, one row per colour; the
entries are read out of them by `recovery.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.levels import next_depth
from dualrev.derivatives.jacobian import LANE_BYTES
from dualrev.derivatives.passes import Inputs, ReversePass, push
from dualrev.errors import OutputError, ShapeError
from dualrev.modes.batch import Batch, batched
from dualrev.sparse.pattern import Pattern

__all__ = ["Directions", "Seeds", "count_of", "pull_all", "push_all", "together"]

# Past the processor's caches wider passes gain nothing but calls: four lanes, or as many as this holds (measured).
_CACHE_BYTES = 2**23
# Seeds of a call are kept for the next one if they take at most so many bytes.
_KEPT_BYTES = 2**26
_Form = tuple[tuple[tuple[int, ...], np.dtype[Any]], ...]


def count_of(colours: np.ndarray) -> int:
    """Return the number of colours, which count from 0; -1 is none."""
    return int(colours.max(initial=-1)) + 1


def form_of(leaves: list[Any]) -> _Form:
    """Return shape and dtype of every leaf."""
    return tuple((np.shape(x), dtype_of(x)) for x in leaves)


def random_direction(n: int) -> np.ndarray:
    """Return a direction with entries between 1 and 2, no two of them related."""
    return 1.0 + np.random.default_rng(20260101).random(n)


class Seeds:
    """Directions of one side, as rows: one row of zeros and ones per colour, then the probe.

    Attributes
    ----------
    colours : ndarray of int
        One per row or column of the Jacobian; -1 is in no seed.
    probe : ndarray or None
        The random direction of the last row.
    total : int
        Number of rows.
    """

    __slots__ = ("_kept", "colours", "count", "probe", "total")

    def __init__(self, colours: np.ndarray, probe: bool) -> None:
        self.colours = colours
        self.count = count_of(colours)
        self.probe = random_direction(len(colours)) if probe else None
        self.total = self.count + probe
        self._kept: dict[Any, list[np.ndarray]] = {}

    def __reduce__(self) -> Any:
        return Seeds, (self.colours, self.probe is not None)

    def part(self, form: _Form, start: int, stop: int) -> list[np.ndarray]:
        """Return rows `start` to `stop`, cut into leaves of the shapes and dtypes in `form`; not to be written to."""
        key = (form, start, stop)
        found = self._kept.get(key)
        if found is not None:
            return found
        rows = self._rows(start, stop)
        seeds, first = [], 0
        for shape, dtype in form:
            size = math.prod(shape)
            seed = rows[:, first : first + size].astype(_floating(dtype), copy=False)
            seed = seed.reshape(stop - start, *shape)
            seed.flags.writeable = False
            seeds.append(seed)
            first += size
        if rows.nbytes * self.total <= _KEPT_BYTES * len(rows):
            if len(self._kept) > 8:
                self._kept.clear()
            self._kept[key] = seeds
        return seeds

    def _rows(self, start: int, stop: int) -> np.ndarray:
        rows = np.zeros((stop - start, len(self.colours)))
        own = np.flatnonzero((self.colours >= start) & (self.colours < stop))
        rows[self.colours[own] - start, own] = 1.0
        if stop > self.count and self.probe is not None:
            rows[-1] = self.probe
        return rows


class Directions(Seeds):
    """Directions that are given, as rows, and are no colours."""

    __slots__ = ("_given",)

    def __init__(self, rows: np.ndarray) -> None:
        super().__init__(np.full(rows.shape[1], -1), False)
        self._given = rows
        self.total = len(rows)

    def _rows(self, start: int, stop: int) -> np.ndarray:
        return self._given[start:stop]


def _floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.kind in "fc" else np.dtype(float)


def together(largest: int) -> int:
    """Return how many lanes, of which one array has so many entries, go through in one pass."""
    lane = 8 * max(largest, 1)
    return max(1, _CACHE_BYTES // lane, min(4, LANE_BYTES // lane))


def _chunks(total: int, largest: int) -> Iterator[tuple[int, int]]:
    """Cut lanes into equal parts such that one array with its lanes stays within the memory for it."""
    passes = -(-total // together(largest))
    for k in range(passes):
        yield k * total // passes, (k + 1) * total // passes


def push_all(
    name: str,
    inputs: Inputs,
    form: _Form,
    f: Callable[..., Any],
    kwargs: dict[str, Any],
    seeds: Seeds,
    pattern: Pattern,
    dtype: np.dtype[Any],
) -> tuple[list[Any], Any, Any]:
    """Push all seeds forward; return the outputs, what rebuilds them, and J S as rows, of shape (lanes, y.size)."""
    pieces = []
    for start, stop in _chunks(seeds.total, max(pattern.shape)):
        part = seeds.part(form, start, stop)
        ys, ts, rebuild, _ = push(name, inputs, f, part, kwargs, stop - start, False)
        check_outputs(name, ys, pattern)
        pieces.append(_rows(ys, ts, stop - start, dtype))
    return ys, rebuild, pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _rows(ys: list[Any], ts: list[Any], lanes: int, dtype: np.dtype[Any]) -> Any:
    """Return the tangents of all outputs side by side, lanes first, in the precision of the inputs."""
    rows = []
    for y, t in zip(ys, ts, strict=True):
        if t is None:
            rows.append(np.zeros((lanes, math.prod(np.shape(y))), dtype))
            continue
        row = t if t.ndim == 2 else np.reshape(t, (lanes, -1 if t.size else 0))
        kind = dtype_of(row)
        if kind is not dtype and kind != dtype:
            row = row.astype(np.result_type(dtype, np.complex64) if kind.kind == "c" else dtype)
        rows.append(row)
    return _side_by_side(rows, lanes, dtype)


def _side_by_side(parts: list[Any], lanes: int, dtype: np.dtype[Any]) -> Any:
    if not parts:
        return np.zeros((lanes, 0), dtype)
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)


def pull_all(
    name: str,
    recorded: ReversePass,
    seeds: Seeds,
    pattern: Pattern,
    dtype: np.dtype[Any],
) -> Any:
    """Pull all seeds back through a record; return Jᵀ S as rows, of shape (lanes, x.size)."""
    ys = recorded.outputs
    check_outputs(name, ys, pattern)
    form = form_of(ys)
    if any(kind.kind == "c" for _, kind in form):
        raise ComplexOutputs(
            f"{name}: the function returned complex numbers, of which reverse mode would give real rows. Choose "
            'mode="forward".'
        )
    leaves = recorded.inputs.leaves
    pieces = []
    for start, stop in _chunks(seeds.total, max(pattern.shape)):
        count = stop - start
        lanes = Batch(count, next_depth())
        pulled = recorded.pull([batched(s, lanes) for s in seeds.part(form, start, stop)])
        columns = []
        for x, g in zip(leaves, pulled, strict=True):
            size = math.prod(np.shape(x))
            if g is None:
                columns.append(np.zeros((count, size), dtype))
                continue
            column = np.reshape(np.real(lanes.unwrap(g, np.shape(x))), (count, size))
            columns.append(column if dtype_of(column) == dtype else column.astype(dtype))
        pieces.append(_side_by_side(columns, count, dtype))
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


class ComplexOutputs(OutputError):
    """The function returned complex numbers, and reverse mode was asked for."""


class OutputsMisfit(ShapeError):
    """The function returned another number of values than the pattern has rows."""


def check_outputs(name: str, ys: list[Any], pattern: Pattern) -> None:
    """Raise if the outputs are not what the pattern is for."""
    size = sum([y.size for y in ys])
    if size != pattern.shape[0]:
        shapes = ", ".join(str(np.shape(y)) for y in ys[:3]) + ", ..." * (len(ys) > 3)
        raise OutputsMisfit(
            f"{name}: the pattern has {pattern.shape[0]} rows, but the function returned {size} values (of shape "
            f"{shapes}). A pattern has one row per value of the output, in C order"
        )
