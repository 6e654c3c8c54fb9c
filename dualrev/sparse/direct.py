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
from scipy import sparse

from dualrev.core.array import Traced
from dualrev.core.finite import any_nan
from dualrev.derivatives.passes import Inputs, check_outer
from dualrev.errors import DualrevError, UnsupportedError
from dualrev.modes.trace import has_nan
from dualrev.sparse.compression import check_outputs
from dualrev.sparse.forward import SparseDual, SparseForward
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.terms import Positions, Term, TooDense

__all__ = ["Direct", "worth_it"]

# So many plans are kept: branches of the function that alternate.
_PLANS = 8
# After so many evaluations in a row that all do something new, colours are taken where that is left open.
_NEW = 4
# The largest term may have so many times the positions of the pattern.
_LARGEST = 16
# What lies outside the pattern is forgiven up to so many square roots of the machine's precision (10⁻⁷ in double
# precision) of its row, as the probe of `Preparation` does: it is rounding, or does not matter.
_ROUNDING = 6.7
# In rows of up to so many entries each is looked at; else a place is found by bisection.
_SHORT_ROWS = 16


class _Scatter(NamedTuple):
    """Where the values of one term go."""

    chosen: Any  # which of the values, flattened: places, a slice, or None for all
    into: np.ndarray  # their places among the entries
    stray: np.ndarray  # which of the values have no place
    rows: np.ndarray  # in these rows
    columns: np.ndarray  # and columns


class _Plan:
    """Where the values of all terms go."""

    def __init__(self, terms: list[Term], scatters: list[_Scatter], pattern: Pattern) -> None:
        # The blocks are kept, so that no others get their identity.
        self.blocks = [(t.where, t.source) for t in terms]
        self.scatters = scatters
        self.pattern = pattern
        self.size = size = pattern.nnz
        self.numbers = [k for k, t in enumerate(terms) if t.uniform]
        self.arrays = [k for k, t in enumerate(terms) if not t.uniform]
        # The places of all values but those of numbers.
        self.into = np.concatenate([np.zeros(0, np.intp), *[scatters[k].into for k in self.arrays]])
        self.apart = _strictly_ascending(self.into)
        if not self.apart:
            self.apart = int(np.bincount(self.into, minlength=size).max(initial=0)) <= 1
        # Where several values meet, they are added by a product with a matrix of ones.
        self.adding: Any = None
        if not self.apart:
            total = len(self.into)
            self.adding = sparse.csr_array(
                (np.ones(total), (self.into, np.arange(total))), shape=(size, total)
            )
        # The sum of the terms of numbers, kept while these are the same, and its part where other terms go.
        self.known: Any = None
        self.strays = self._strays()

    def _strays(self) -> Any:
        """Return rows and columns of what lies outside the pattern, and which value of which term is where."""
        found = [k for k, scatter in enumerate(self.scatters) if len(scatter.stray)]
        if not found:
            return None
        width = max(self.pattern.shape[1], 1)
        keys = [
            self.scatters[k].rows.astype(np.int64) * width + self.scatters[k].columns for k in found
        ]
        places, which = np.unique(np.concatenate(keys), return_inverse=True)
        return found, *np.divmod(places, width), which.reshape(-1)

    def _constant(self, terms: list[Term], dtype: Any) -> Any:
        numbers = tuple([terms[k].values.tobytes() for k in self.numbers])
        known = self.known
        if known is None or known[0] != numbers:
            data = np.zeros(self.size, dtype)
            for k in self.numbers:
                term, scatter = terms[k], self.scatters[k]
                np.add.at(data, scatter.into, _chosen(term, scatter.chosen))
            part = data[self.into] if self.apart else None
            known = self.known = numbers, data, part, any_nan(data)
        return known[1:]

    def collect(self, terms: list[Term], dtype: Any) -> tuple[Any, bool]:
        """Return the entries, and whether one may be NaN."""
        constant, part, nan = self._constant(terms, dtype)
        if not self.arrays:
            return constant.copy(), nan
        found = [_chosen(terms[k], self.scatters[k].chosen) for k in self.arrays]
        flat = found[0] if len(found) == 1 else np.concatenate(found)
        if self.adding is not None:
            data = constant + self.adding @ flat
            return data.astype(dtype, copy=False), any_nan(data)
        data = constant.copy()
        data[self.into] = flat + part
        return data, nan or any_nan(flat)

    def outside(
        self, terms: list[Term], data: Any, careful: float, symmetric: bool
    ) -> tuple[str | None, bool]:
        """Say what the matrix has outside the pattern beside rounding, and whether one may be NaN."""
        found, rows, columns, which = self.strays
        flat = np.concatenate([_chosen(terms[k], self.scatters[k].stray) for k in found])
        values = np.zeros(len(rows), np.result_type(flat, float))
        with np.errstate(invalid="ignore"):
            np.add.at(values, which, flat)
        m = self.pattern.shape[0]
        sizes = np.bincount(self.pattern.rows, np.abs(data), m) + np.bincount(
            rows, np.abs(values), m
        )
        bound = careful * np.where(np.isfinite(sizes), sizes, 0.0)[rows]
        wrong = ~(np.abs(values) <= bound)
        if symmetric and wrong.any():
            # An entry without its mirror image is none: what is not reached cannot be nonzero.
            width = max(self.pattern.shape[1], 1)
            wrong &= np.isin(columns * width + rows, rows * width + columns)
        if not wrong.any():
            return None, False
        rows = np.unique(rows[wrong])
        return (
            f"{len(rows)} of {m} rows have entries outside it, the first is row {rows[0]}",
            bool(np.isnan(values[wrong]).any()),
        )


def _chosen(term: Term, chosen: Any) -> Any:
    """Return values of a term that a scatter has chosen, flattened."""
    values = term.values
    if term.uniform and chosen is not None:
        return values.reshape(-1)[chosen // max(term.where.size // len(term.where), 1)]
    if term.source is None and values.shape != term.where.shape:
        values = np.broadcast_to(values, term.where.shape)
    flat = values.reshape(-1)
    if chosen is None:
        return flat
    return flat[chosen] if type(chosen) is slice else flat.take(chosen, mode="wrap")


def _in_a_row(places: np.ndarray) -> bool:
    return len(places) > 0 and bool((places[1:] - places[:-1] == 1).all())


def _strictly_ascending(places: np.ndarray) -> bool:
    return bool((places[1:] > places[:-1]).all())


class Direct:
    """One pass of sparse forward mode that gives all entries; it stands where a `Preparation` does.

    Parameters
    ----------
    pattern, form, layout
        As for `Preparation`.
    symmetric : bool
        Give entries and their mirror images the same value, which rounding may have told apart.
    """

    mode = "direct"
    n_passes = 1
    words = "in one sparse pass"
    rows = columns = None

    def __init__(
        self,
        pattern: Pattern,
        form: Any,
        layout: Any,
        symmetric: bool = False,
    ) -> None:
        self.pattern = pattern
        self.form = form
        self.layout = layout
        self.positions = Positions([shape for shape, _ in form])
        self.dtype: Any = np.result_type(*[kind for _, kind in form]) if form else np.dtype(float)
        self.rounding = _ROUNDING * float(np.sqrt(np.finfo(self.dtype).eps))
        self.work = self.entries = self.count = 0
        self._compress: Callable[[], Any] | None = None
        self._compressed: Any = None
        self._mirror = _mirror(pattern) if symmetric else None
        self._plans: dict[Any, _Plan] = {}
        self._keys: Any = None
        self._restless = 0

    def __getstate__(self) -> dict[str, Any]:
        # What is known by the identity of blocks is found again.
        return {**self.__dict__, "positions": None, "_plans": {}, "_keys": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.positions = Positions([shape for shape, _ in self.form])

    def falls_back(self, compress: Callable[[], Any]) -> None:
        """Set what makes the preparation with colours, for functions with an operation that is not carried."""
        self._compress = compress

    @property
    def compressed(self) -> Any:
        """The preparation with colours, made when it is asked for."""
        if self._compressed is None and self._compress is not None:
            self._compressed = self._compress()
        return self._compressed

    @property
    def colours(self) -> Any:
        """The colours of the other modes, which this one does not need."""
        return None if self.compressed is None else self.compressed.colours

    def evaluate(
        self,
        name: str,
        inputs: Inputs,
        f: Callable[..., Any],
        kwargs: dict[str, Any],
        limit: float = np.inf,
    ) -> tuple[list[Any], Any, Any, str | None]:
        """Return the outputs, what rebuilds them, the entries in the order of CSR, and what lies outside the pattern.

        Raises
        ------
        UnsupportedError
            If an operation is not carried, and there is nothing to fall back on.
        """
        try:
            if self._restless >= _NEW and self._compress is not None:
                raise TooDense("what differs from call to call")
            if any(isinstance(x, Traced) for x in inputs.leaves):
                raise TooDense("a traced argument")
            made = self.positions.made
            for careful in (False, True):
                found, nan = self._pass(name, inputs, f, kwargs, limit, careful)
                # Without strong zeros 0 times infinity may have left a NaN.
                if not nan:
                    break
            self.positions.bound()
            self._restless = self._restless + 1 if made and self.positions.made > made else 0
        except TooDense as stop:
            if self._compress is not None:
                return self.compressed.evaluate(name, inputs, f, kwargs)  # type: ignore[no-any-return]
            raise UnsupportedError(
                f"{stop} in sparse forward mode",
                "its tangents are carried in lanes only",
                'choose mode="auto", which takes colours for such functions',
            ) from None
        return found

    def _pass(
        self, name: str, inputs: Inputs, f: Any, kwargs: Any, limit: float, careful: bool
    ) -> tuple[tuple[list[Any], Any, Any, str | None], bool]:
        level = SparseForward(self.positions, _LARGEST * self.pattern.nnz, limit, careful)
        traced = []
        for x, where in zip(inputs.leaves, self.positions.leaves, strict=True):
            one = np.ones((1,) * where.ndim, x.dtype)
            traced.append(level.wrap(x, [Term(where, one)]))
        try:
            leaves, rebuild, _ = inputs.call(level, f, traced, kwargs, False)
        except Exception:
            if level.stopped is not None:
                raise level.stopped from None
            raise
        if level.stopped is not None:
            # The function has caught it, and done something else.
            raise level.stopped
        ys, terms, starts = [], [], []
        start = 0
        for y in leaves:
            if isinstance(y, SparseDual) and y.level is level:
                ys.append(y.primal)
                for term in y.index:
                    terms.append(term)
                    starts.append(start)
            else:
                check_outer(y, level)
                if has_nan(y):
                    # A constant NaN has no derivative of zero; the other modes know what it is.
                    raise TooDense("an output that is NaN and constant")
                ys.append(y)
            start += math.prod(np.shape(y))
        check_outputs(name, ys, self.pattern)
        self.work, self.entries, self.count = level.work, level.entries, level.count
        data, error, nan = self._collect(terms, starts)
        if self._mirror is not None:
            data = data[self._mirror]
        return (ys, rebuild, data, error), nan

    def _collect(self, terms: list[Term], starts: list[int]) -> tuple[Any, str | None, bool]:
        """Put the values of all terms into their places; say what has none, and whether one is NaN."""
        key = tuple(
            [(id(t.where), id(t.source), s, t.uniform) for t, s in zip(terms, starts, strict=True)]
        )
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            scatters = [self._scatter(t, s) for t, s in zip(terms, starts, strict=True)]
            self._keys = None
            plan = self._plans[key] = _Plan(terms, scatters, self.pattern)
        data, nan = plan.collect(terms, self.dtype)
        if plan.strays is None:
            return data, None, nan
        error, unknown = plan.outside(terms, data, self.rounding, self._mirror is not None)
        return data, error, nan or unknown

    def _scatter(self, term: Term, start: int) -> _Scatter:
        """Find the places of the values of a term, whose entries begin at row `start`."""
        lanes, size = len(term.where), math.prod(term.where.shape[1:])
        flat = term.where.reshape(-1)
        chosen: Any = np.flatnonzero(flat)
        columns = flat[chosen].astype(np.int64) - 1
        rows = chosen % max(size, 1) + start
        into = self._places(rows, columns)
        inside = into >= 0
        every = bool(inside.all())
        whole = every and term.source is None and len(chosen) == lanes * size and not term.uniform
        if term.source is not None:
            chosen = term.source.reshape(-1)[chosen].astype(np.intp) - 1
        if every:
            none = np.zeros(0, np.intp)
            if not whole and not term.uniform and _in_a_row(chosen):
                chosen = slice(int(chosen[0]), int(chosen[-1]) + 1)
            return _Scatter(None if whole else chosen, into, none, none, none)
        return _Scatter(
            chosen[inside], into[inside], chosen[~inside], rows[~inside], columns[~inside]
        )

    def _places(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the places of positions of the matrix among the entries, -1 where there is none."""
        pattern = self.pattern
        found = np.full(len(rows), -1, np.intp)
        if not pattern.nnz:
            return found
        longest = int(pattern.row_counts.max())
        if longest <= _SHORT_ROWS:
            # Entry by entry of each row.
            at = pattern.indptr[rows]
            ends = pattern.indptr[rows + 1]
            for _ in range(longest):
                here = np.minimum(at, pattern.nnz - 1)
                hit = (pattern.indices[here] == columns) & (at < ends)
                found[hit] = at[hit]
                at += 1
            return found
        width = max(pattern.shape[1], 1)
        if self._keys is None:
            self._keys = pattern.rows.astype(np.int64) * width + pattern.indices
        wanted = rows * width + columns
        at = np.minimum(np.searchsorted(self._keys, wanted), pattern.nnz - 1)
        return np.where(self._keys[at] == wanted, at, -1)


def _mirror(pattern: Pattern) -> Any:
    """Return for each entry of a symmetric pattern its place, or that of its mirror image above the diagonal."""
    rows, columns = pattern.rows, pattern.columns
    images = np.lexsort((rows, columns))
    return np.where(rows > columns, images, np.arange(len(rows)))


def worth_it(made: Direct, at: Any) -> bool:
    """Say, by a trial at the arguments of ``made.evaluate``, whether direct evaluation is cheaper than lanes.

    The lanes are taken to be as many as the fullest row or column has entries, or twice the average: colourings seldom
    need fewer. Measured on the problems of the tests, from 10 to 60 000 unknowns, times differ by 10 us per operation
    and 2 us per thousand entries less 1.2 us per thousand values here, 0.7 us in lanes.
    """
    pattern = made.pattern
    if pattern.nnz < _SMALLEST:
        return False
    fullest = min(pattern.row_counts.max(initial=0), pattern.column_counts.max(initial=0))
    lanes = 1 + min(int(fullest), 2 + 2 * pattern.nnz // max(pattern.shape))
    try:
        name, inputs, f, kwargs = at
        error = made.evaluate(name, inputs, f, kwargs, _MOST_WORK)[3]
    except DualrevError:
        return False
    gain = lanes * made.entries + pattern.nnz - _PER_VALUE * made.work
    return error is None and gain > _PER_OPERATION * made.count


_SMALLEST = 1000
_MOST_WORK = 2**28
# In values of lanes.
_PER_VALUE = 1.5
_PER_OPERATION = 8000
