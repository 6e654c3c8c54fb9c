"""Sorting and what is read from sorted values: median, quantile, percentile. Ties share equally."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import case, spaced
from dualrev.core.flavours import batch_elementwise, batch_leading, general
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes, negative_axis
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand

__all__ = ["sort_", "tie_mean"]


def _mean_of_ties(a: Any, b: Any, *, axis: int) -> Any:
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b = (np.moveaxis(np.broadcast_to(v, shape), axis, -1) for v in (a, b))
    first = np.concatenate([np.ones((*b.shape[:-1], 1), bool), b[..., 1:] != b[..., :-1]], -1)
    if first.all() or a.size == 0:
        return np.moveaxis(a, -1, axis)
    group = np.cumsum(first.ravel()) - 1
    parts = (a.real, a.imag) if a.dtype.kind == "c" else (a,)
    sums = [np.bincount(group, weights=p.ravel()) for p in parts]
    means = (sums[0] if len(parts) == 1 else sums[0] + 1j * sums[1]) / np.bincount(group)
    return np.moveaxis(means.astype(a.dtype)[group].reshape(a.shape), -1, axis)


@general(
    _mean_of_ties,
    arguments=("a", "b"),
    constant=("b",),
    on=[
        case((4,), np.array([1.0, 1.0, 2.0, 3.0]), axis=-1),
        case((3, 2), np.array([[1.0, 2.0], [1.0, 3.0], [4.0, 3.0]]), axis=-2),
    ],
    name="tie_mean",
    batch=batch_elementwise,
    broadcasts=True,
)
class tie_mean:
    """The mean of `a` over each run of equal entries of the sorted `b`; its own transpose."""

    def tangent_a(t: Any, b: Any, *, axis: int) -> Any:
        return tie_mean(t, b, axis=axis)

    def adjoint_a(ct: Any, b: Any, *, axis: int) -> Any:
        return tie_mean(ct, b, axis=axis)


@general(
    lambda x, *, axis: np.sort(x, axis=axis),
    on=[case(spaced(4), axis=-1), case(spaced(3, 2), axis=-2), case(spaced(2, 2, 3), axis=-1)],
    name="sort",
    batch=batch_leading,
    kinks="ties share equally",
    analytic=False,
    pattern="dense",
)
class sort_:
    """dy is dx in sorted order, averaged over equal entries."""

    def tangent(t: Any, x: Any, y: Any, *, axis: int) -> Any:
        return tie_mean(np.take_along_axis(t, np.argsort(x, axis=axis), axis), y, axis=axis)

    def adjoint(ct: Any, x: Any, y: Any, *, axis: int) -> Any:
        rank = np.argsort(np.argsort(x, axis=axis), axis=axis)
        return np.take_along_axis(tie_mean(ct, y, axis=axis), rank, axis)


@numpy_function(np.sort, kind="rule", note="ties share equally")
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    """Answer ``np.sort``; all kinds sort numbers alike."""
    if order is not None:
        raise ValueError("Cannot specify order when the array has no fields.")
    x = array_operand(a)
    if axis is None:
        x, axis = np.ravel(x), -1
    return sort_(x, axis=negative_axis(axis, x.ndim))


def _sorted_along(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """Sort over the axes, merged into the last one; also return the shape with ``keepdims``."""
    x = array_operand(a)
    axes = negative_axes(axis, x.ndim)
    free = [k for k in range(-x.ndim, 0) if k not in axes]
    merged = np.transpose(x, (*free, *axes))
    kept = tuple(x.shape[k] for k in free)
    size = x.size // max(int(np.prod(kept)), 1)
    wide = tuple(1 if k in axes else x.shape[k] for k in range(-x.ndim, 0))
    return sort_(np.reshape(merged, (*kept, size)), axis=-1), wide


def _or_nan(y: Any, last: Any) -> Any:
    """A NaN among the values, which sorts last, is the answer."""
    return np.where(np.isnan(last), last, y)


@numpy_function(np.median, note="ties share equally")
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """Answer ``np.median``."""
    s, wide = _sorted_along(a, axis)
    n = s.shape[-1]
    if n == 0:
        return np.full(wide if keepdims else s.shape[:-1], np.nan)[()]
    y = _or_nan(np.mean(s[..., (n - 1) // 2 : n // 2 + 1], axis=-1), s[..., -1])
    y = np.reshape(y, wide) if keepdims else y
    return y if out is None else write_out(out, y, (), "np.median")


_BETWEEN = {
    "linear": lambda g: g,
    "lower": np.zeros_like,
    "higher": np.ceil,
    "midpoint": lambda g: np.where(g > 0, 0.5, 0.0),
}


@numpy_function(np.quantile, note="methods linear, lower, higher, midpoint; ties share equally")
def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Any:
    """Answer ``np.quantile`` for constant levels `q`."""
    if weights is not None:
        raise UnsupportedError("np.quantile", "weights= has no rule", "leave weights out")
    if method not in _BETWEEN:
        raise UnsupportedError(
            "np.quantile", f"method={method!r} has no rule", f"use one of {sorted(_BETWEEN)}"
        )
    if hasattr(q, "level"):
        raise UnsupportedError("np.quantile", "a traced q has no rule", "pass dualrev.value(q)")
    q = np.asarray(q, float)
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError("Quantiles must be in the range [0, 1]")
    s, wide = _sorted_along(a, axis)
    n = s.shape[-1]
    position = q * (n - 1)
    j = np.floor(position).astype(int)
    g = _BETWEEN[method](position - j)
    low, high = np.take(s, j, axis=-1), np.take(s, np.minimum(j + 1, n - 1), axis=-1)
    # The two forms differ in rounding only; NumPy takes the nearer end as base.
    y = np.where(g < 0.5, low + (high - low) * g, high - (high - low) * (1 - g))
    y = _or_nan(y, np.reshape(s[..., -1], s.shape[:-1] + (1,) * q.ndim))
    y = np.moveaxis(y, range(y.ndim - q.ndim, y.ndim), range(q.ndim)) if q.ndim else y
    y = np.reshape(y, q.shape + wide) if keepdims else y
    return y if out is None else write_out(out, y, (), "np.quantile")


@numpy_function(np.percentile, note="as quantile")
def percentile(a: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    """Answer ``np.percentile``."""
    if hasattr(q, "level"):
        raise UnsupportedError("np.percentile", "a traced q has no rule", "pass dualrev.value(q)")
    q = np.asarray(q, float) / 100
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError("Percentiles must be in the range [0, 100]")
    return quantile(a, q, *args, **kwargs)
