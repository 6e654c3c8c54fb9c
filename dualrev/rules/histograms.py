"""Histograms: counts are locally constant, sums of weights are linear, edges move with the range of the data.

A density varies through its edges, also where its counts do not.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.dependence import scattered
from dualrev.core.domains import case
from dualrev.core.flavours import constant, general
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.indexing import gather
from dualrev.rules.sets import decided

__all__: list[str] = []

# --------------------------------------------------------------------------------------------------
# Sums of weights by index.


def _totals(w: Any, i: Any, *, size: int) -> Any:
    # Positions that a tape has kept come back as floats.
    i = np.asarray(i, np.intp)
    if w.dtype.kind != "c":
        return np.bincount(i, w, size).astype(w.dtype)
    y = np.bincount(i, w.real, size) + 1j * np.bincount(i, w.imag, size)
    return y.astype(w.dtype)


@general(
    _totals,
    on=[
        case((5,), np.array([2, 0, 2, 1, 0]), size=4),
        case((3,), lambda rng: rng.integers(0, 3, 3), size=3),
    ],
    arguments=("w", "i"),
    constant=("i",),
    name="bincount",
    pattern=lambda primals, y, *, size: (scattered(primals[1]), None),
)
class totals:
    """y_j = sum of w_k over i_k = j;  the adjoint is ct_{i_k}."""

    def tangent_w(t: Any, i: Any, *, size: int) -> Any:
        return totals(t, i, size=size)

    def adjoint_w(ct: Any, i: Any) -> Any:
        return gather(ct, i)


@numpy_function(np.bincount, note="linear in the weights")
def bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    """Answer ``np.bincount``."""
    plain = decided(array_operand(x), "np.bincount")
    if weights is None or plain.size == 0 == np.size(weights):
        return np.bincount(plain, minlength=minlength)
    w = array_operand(weights)
    size = len(np.bincount(plain, np.zeros(w.shape, dtype_of(w)), minlength))
    return totals(w.astype(float), plain.astype(np.intp), size=size)


# --------------------------------------------------------------------------------------------------
# Edges.


def _check_outer(first: Any, last: Any, *, given: bool) -> Any:
    """Raise NumPy's errors for a range, and say whether it is empty."""
    if given:
        np.histogram_bin_edges(np.empty(0), 1, (first, last))
    else:
        np.histogram_bin_edges(np.array([first, last]), 1)
    return np.equal(first, last)


(_is_empty,) = constant(_check_outer, answers=False)


def _outer(a: Any, bounds: Any) -> tuple[Any, Any]:
    """Return the first and the last edge; an empty range is widened."""
    if bounds is not None:
        first, last = (b if isinstance(b, (int, float)) else array_operand(b) for b in bounds)
    elif a.size == 0:
        first, last = 0, 1
    else:
        first, last = np.min(a), np.max(a)
    empty = _is_empty(first, last, given=bounds is not None)
    if isinstance(empty, Traced):
        return np.where(empty, first - 0.5, first), np.where(empty, last + 0.5, last)
    return (first - 0.5, last + 0.5) if empty else (first, last)


def _number(a: Any, bins: Any, bounds: Any, weighted: bool) -> int | None:
    """Return the number of uniform bins, or None if edges are given."""
    if isinstance(bins, str):
        plain = decided(a, "np.histogram with the number of bins estimated")
        if bounds is not None:
            bounds = tuple(decided(b, "np.histogram")[()] for b in bounds)
        # Raises for weights, as NumPy does.
        weights = np.ones(plain.shape) if weighted else None
        return len(np.histogram_bin_edges(plain, bins, bounds, weights)) - 1
    if np.ndim(bins) > 1:
        raise ValueError("`bins` must be 1d, when an array")
    if np.ndim(bins) == 1:
        return None
    try:
        number = operator.index(bins)
    except TypeError:
        raise TypeError("`bins` must be an integer, a string, or an array") from None
    if number < 1:
        raise ValueError("`bins` must be positive, when an integer")
    return number


def _edges(a: Any, bins: Any, bounds: Any, weighted: bool) -> tuple[Any, int | None]:
    """Return the edges of a histogram, and the number of bins if they are uniform."""
    number = _number(a, bins, bounds, weighted)
    if number is None:
        return array_operand(bins), None
    first, last = _outer(a, bounds)
    kinds = (v if isinstance(v, (int, float)) else dtype_of(v) for v in (first, last, a))
    dtype = np.result_type(*kinds)
    if dtype.kind not in "fc":
        dtype = np.dtype(float)
    return np.linspace(first, last, number + 1, dtype=dtype), number


@numpy_function(np.histogram_bin_edges, note="edges move with the range of the data")
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """Answer ``np.histogram_bin_edges``."""
    return _edges(np.ravel(array_operand(a)), bins, range, weights is not None)[0]


# --------------------------------------------------------------------------------------------------
# One dimension.


def _histogram(a: Any, w: Any, edges: Any, first: Any, last: Any, *, bins: Any) -> Any:
    if bins is None:
        return np.histogram(a, edges, weights=w)[0]
    return np.histogram(a, bins, None if first is None else (first, last), weights=w)[0]


def _bin_numbers(a: Any, edges: Any) -> Any:
    """Return the bin of each entry among uniform ones, and their number for what is outside."""
    last = len(edges) - 1
    place = np.searchsorted(edges, a, side="right") - 1
    place = np.where(a == edges[-1], last - 1, place)
    return np.where((a >= edges[0]) & (a <= edges[-1]), place, last)


_counts, _places = constant(_histogram, _bin_numbers, answers=False)
_BLOCK = 65536


def _sums_between(a: Any, w: Any, edges: Any) -> Any:
    """Sums of weights between any edges, by running sums in blocks as NumPy takes them."""
    total: Any = 0
    for start in range(0, a.size, _BLOCK):
        part = a[start : start + _BLOCK]
        order = np.argsort(part)
        part = np.take(part, order)
        running = np.cumsum(np.take(w[start : start + _BLOCK], order))
        running = np.concatenate([np.zeros(1, dtype_of(w)), running])
        below = np.searchsorted(part, edges[:-1], side="left")
        place = np.concatenate([below, np.searchsorted(part, edges[-1:], side="right")])
        total = total + np.take(running, place)
    return np.diff(total) if a.size else np.zeros(edges.size - 1, dtype_of(w))


@numpy_function(
    np.histogram, note="counts are constant, sums linear in the weights; edges and density vary"
)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """Answer ``np.histogram``."""
    x: Any = array_operand(a)
    w: Any = None if weights is None else array_operand(weights)
    if w is not None and w.shape != x.shape:
        raise ValueError("weights should have the same shape as a.")
    x, w = np.ravel(x), None if w is None else np.ravel(w)
    edges, number = _edges(x, bins, range, w is not None)
    if not isinstance(w, Traced):
        bounds = (None, None) if range is None else range
        n = _counts(x, w, edges, *bounds, bins=number)
    elif number is None:
        _counts(x, None, edges, None, None, bins=None)  # for the errors
        n = _sums_between(x, w, edges)
    else:
        wide = w.astype(complex if dtype_of(w).kind == "c" else float)
        n = totals(wide, _places(x, edges), size=number + 1)[:-1].astype(dtype_of(w))
    if density:
        n = n / np.diff(edges).astype(float) / np.sum(n)
    return n, edges


# --------------------------------------------------------------------------------------------------
# Several dimensions.


def _histogramdd(sample: Any, w: Any, *edges: Any) -> Any:
    return np.histogramdd(sample, edges, weights=w)[0]


def _cells(sample: Any, *edges: Any) -> Any:
    """Return the flat cell of each point in a grid with a margin, in which outliers fall."""
    cells = []
    for x, e in zip(sample.T, edges, strict=True):
        cells.append(np.searchsorted(e, x, side="right") - (x == e[-1]))
    return np.ravel_multi_index(tuple(cells), tuple(len(e) + 1 for e in edges))


_counts_dd, _cells_of = constant(_histogramdd, _cells, answers=False)


def _is_sequence(bins: Any) -> bool:
    return isinstance(bins, (list, tuple)) or np.ndim(bins) > 0


def _sides(sample: Any, bins: Any, bounds: Any) -> list[Any]:
    """Return the edges of each dimension."""
    dimensions = sample.shape[1]
    if not _is_sequence(bins):
        bins = [bins] * dimensions
    elif len(bins) != dimensions:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    if bounds is None:
        bounds = (None,) * dimensions
    elif len(bounds) != dimensions:
        raise ValueError("range argument must have one entry per dimension")
    edges = []
    for k, (b, bound) in enumerate(zip(bins, bounds, strict=True)):
        if np.ndim(b) == 1:
            edges.append(array_operand(b))
            continue
        if np.ndim(b) > 1:
            raise ValueError(f"`bins[{k}]` must be a scalar or 1d array")
        if b < 1:
            raise ValueError(f"`bins[{k}]` must be positive, when an integer")
        try:
            number = operator.index(b)
        except TypeError:
            raise TypeError(f"`bins[{k}]` must be an integer, when a scalar") from None
        edges.append(np.linspace(*_outer(sample[:, k], bound), number + 1))
    return edges


@numpy_function(
    np.histogramdd, note="counts are constant, sums linear in the weights; edges and density vary"
)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """Answer ``np.histogramdd``."""
    points = array_operand(sample)
    if points.ndim != 2 or isinstance(sample, (list, tuple)):
        points = np.atleast_2d(points).T
    edges = _sides(points, bins, range)
    w = None if weights is None else array_operand(weights)
    if isinstance(w, Traced):
        # NumPy's errors for edges, and for weights that it does not take.
        _counts_dd(points, np.zeros(w.shape, dtype_of(w)), *edges)
        wide = tuple(e.size + 1 for e in edges)
        n = totals(w.astype(float), _cells_of(points, *edges), size=math.prod(wide))
        n = np.reshape(n, wide)[(slice(1, -1),) * len(wide)]
    else:
        n = _counts_dd(points, w, *edges)
    if density:
        total = np.sum(n)
        for k, e in enumerate(edges):
            n = n / np.reshape(np.diff(e), (-1, *(1,) * (len(edges) - 1 - k)))
        n = n / total
    return n, edges


@numpy_function(np.histogram2d, note="as histogramdd")
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    """Answer ``np.histogram2d``."""
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if _is_sequence(bins) and len(bins) not in (1, 2):
        bins = [bins, bins]
    n, edges = histogramdd([x, y], bins, range, density, weights)
    return n, edges[0], edges[1]
