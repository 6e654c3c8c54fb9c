"""Direct evaluation: the entries of a sparse Jacobian from one pass of sparse forward mode, without colours.

What enters: a pattern and the user's function. What leaves: the entries in the order of the pattern. Where each value
goes is found once and kept by the identity of the blocks of positions, which are the same objects in every evaluation
that does the same operations; one that does others gets a plan of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualrev.derivatives.passes import Inputs
from dualrev.sparse.compression import check_outputs
from dualrev.sparse.forward import Positions, SparseDual, SparseForward, Term, TooDense, is_uniform
from dualrev.sparse.pattern import Pattern

__all__ = ["Direct"]

# So many plans are kept: branches of the function that alternate.
_PLANS = 8


class _Scatter(NamedTuple):
    """Where the values of one term go."""

    chosen: np.ndarray | None  # which of the values, flattened; None for all
    into: np.ndarray  # their places among the entries
    lane: np.ndarray  # the lane of each
    distinct: bool
    stray: np.ndarray  # which of the values have no place
    rows: np.ndarray  # in these rows


class Direct:
    """One pass that gives all entries of a pattern.

    Attributes
    ----------
    work : int
        Number of values that a pass computes.
    operations : int
        Number of entries of all primals in a pass.
    """

    def __init__(self, pattern: Pattern, form: Any) -> None:
        self.pattern = pattern
        self.form = form
        self.positions = Positions([shape for shape, _ in form])
        self.dtype = np.result_type(*[kind for _, kind in form]) if form else np.dtype(float)
        self._plans: dict[Any, tuple[list[_Scatter], Any]] = {}
        self._template: tuple[Any, Any, Any] = (None, None, None)
        self.work = self.entries = self.count = 0

    def __reduce__(self) -> Any:
        return Direct, (self.pattern, self.form)

    def evaluate(
        self, name: str, inputs: Inputs, f: Callable[..., Any], kwargs: dict[str, Any], limit: float
    ) -> tuple[list[Any], Any, Any, str | None]:
        """Return outputs, what rebuilds them, the entries, and what lies outside the pattern.

        Raises
        ------
        TooDense
            If the function has an operation that sparse forward mode does not carry, or more work than `limit`.
        """
        level = SparseForward(self.positions, limit)
        traced = []
        for x, where in zip(inputs.leaves, self.positions.leaves, strict=True):
            one = np.ones((1,) * where.ndim, x.dtype)
            traced.append(level.wrap(x, [Term(where, one)]))
        leaves, rebuild, _ = inputs.call(level, f, traced, kwargs, False)
        ys, terms, shapes = [], [], []
        start = 0
        for y in leaves:
            if isinstance(y, SparseDual) and y.level is level:
                ys.append(y.primal)
                for term in y.index:
                    terms.append(term)
                    shapes.append(start)
            else:
                ys.append(y)
            start += math.prod(np.shape(y))
        check_outputs(name, ys, self.pattern)
        self.work, self.entries, self.count = level.work, level.entries, level.count
        data, error = self._collect(terms, shapes)
        return ys, rebuild, data, error

    def _collect(self, terms: list[Term], starts: list[int]) -> tuple[Any, str | None]:
        """Put the values of all terms into their places."""
        uniform = [is_uniform(t) for t in terms]
        key = tuple([(id(t.where), s, u) for t, s, u in zip(terms, starts, uniform, strict=True)])
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            scatters = [self._scatter(t, s) for t, s in zip(terms, starts, strict=True)]
            # The blocks are kept, so that no other gets their identity.
            found = self._plans[key] = (scatters, [t.where for t in terms])
        scatters = found[0]
        dtype = np.result_type(self.dtype, *(t.values for t in terms))
        data = self._constant(key, terms, scatters, uniform, dtype)
        error = None
        for term, scatter, same in zip(terms, scatters, uniform, strict=True):
            if len(scatter.stray):
                error = error or self._outside(term, scatter)
            if same:
                continue
            values = term.values
            if values.shape != term.where.shape:
                values = np.broadcast_to(values, term.where.shape)
            flat = values.reshape(-1)
            if scatter.chosen is not None:
                flat = flat[scatter.chosen]
            if scatter.distinct:
                data[scatter.into] += flat
            else:
                np.add.at(data, scatter.into, flat)
        return data, error

    def _constant(
        self, key: Any, terms: list[Term], scatters: list[_Scatter], uniform: list[bool], dtype: Any
    ) -> Any:
        """Return the sum of the terms whose values are one number per lane; kept while these are the same."""
        own = [k for k, same in enumerate(uniform) if same]
        numbers = tuple([terms[k].values.tobytes() for k in own])
        kept = self._template
        if kept[0] == key and kept[1] == numbers and kept[2].dtype == dtype:
            return kept[2].copy()
        data = np.zeros(self.pattern.nnz, dtype)
        for k in own:
            np.add.at(data, scatters[k].into, terms[k].values.reshape(-1)[scatters[k].lane])
        self._template = key, numbers, data
        return data.copy()

    def _scatter(self, term: Term, start: int) -> _Scatter:
        """Find the places of the values of a term, whose entries begin at row `start`."""
        pattern = self.pattern
        lanes, size = len(term.where), math.prod(term.where.shape[1:])
        flat = term.where.reshape(-1)
        chosen = np.flatnonzero(flat)
        lane, entry = np.divmod(chosen, max(size, 1))
        rows = entry + start
        columns = flat[chosen].astype(np.int64) - 1
        into = self._places(rows, columns)
        inside = into >= 0
        whole = len(chosen) == lanes * size and inside.all()
        into = into[inside]
        return _Scatter(
            None if whole else chosen[inside],
            into,
            lane[inside],
            len(into) < 2 or int(np.bincount(into, minlength=pattern.nnz).max()) == 1,
            chosen[~inside],
            rows[~inside],
        )

    def _places(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the places of positions of the matrix among the entries, -1 where there is none."""
        pattern = self.pattern
        width = max(pattern.shape[1], 1)
        keys = pattern.rows.astype(np.int64) * width + pattern.indices
        wanted = rows * width + columns
        if not len(keys):
            return np.full(len(wanted), -1)
        found = np.searchsorted(keys, wanted)
        found[found == len(keys)] = 0
        return np.where(keys[found] == wanted, found, -1)

    def _outside(self, term: Term, scatter: _Scatter) -> str | None:
        """Say what a term has outside the pattern; zeros there are none."""
        values = np.broadcast_to(term.values, term.where.shape).reshape(-1)[scatter.stray]
        wrong = values != 0
        if not wrong.any():
            return None
        rows = np.unique(scatter.rows[wrong])
        return (
            f"{len(rows)} of {self.pattern.shape[0]} rows have entries outside it, the first is row {rows[0]}"
        )


def direct_if_cheaper(
    pattern: Pattern,
    form: Any,
    directions: int,
    name: str,
    inputs: Inputs,
    f: Callable[..., Any],
    kwargs: dict[str, Any],
) -> Direct | None:
    """Return direct evaluation where it is cheaper than so many lanes, by one trial."""
    if pattern.nnz < _SMALLEST or directions < 2:
        return None
    made = Direct(pattern, form)
    try:
        _, _, _, error = made.evaluate(name, inputs, f, kwargs, _MOST_WORK)
    except TooDense:
        return None
    saved = directions * made.entries - made.work
    return made if error is None and saved > PER_OPERATION * made.count else None


_SMALLEST = 1000
_MOST_WORK = 2**30
# An operation costs about as much more here than in vector mode as so many values in lanes (5 us, 1 ns each).
PER_OPERATION = 5000
