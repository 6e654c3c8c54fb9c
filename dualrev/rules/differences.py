"""Differences and sums along a grid: diff, gradient, trapezoid, interp."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes, negative_axis
from dualrev.rules.contraction import array_operand

__all__: list[str] = []


def _along(axis: int, *, start: int | None = None, stop: int | None = None) -> tuple[Any, ...]:
    """Return the index that slices one (negative) axis."""
    return (..., slice(start, stop), *(slice(None),) * (-axis - 1))


@numpy_function(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Answer ``np.diff``."""
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    x = array_operand(a)
    if x.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = negative_axis(axis, x.ndim)
    parts = [prepend, x, append]
    for k in (0, 2):
        if parts[k] is not None and np.ndim(parts[k]) == 0:
            shape = tuple(1 if m == axis else x.shape[m] for m in range(-x.ndim, 0))
            parts[k] = np.broadcast_to(parts[k], shape)
    given = [p for p in parts if p is not None]
    x = np.concatenate(given, axis=axis) if len(given) > 1 else x
    for _ in range(n):
        x = x[_along(axis, start=1)] - x[_along(axis, stop=-1)]
    return x


@numpy_function(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Answer ``np.ediff1d``."""
    middle = diff(np.ravel(array_operand(ary)))
    ends = [None if e is None else np.ravel(array_operand(e)) for e in (to_begin, to_end)]
    parts = [p for p in (ends[0], middle, ends[1]) if p is not None]
    return np.concatenate(parts) if len(parts) > 1 else middle


def _spacings(varargs: tuple[Any, ...], f: Any, axes: tuple[int, ...]) -> list[Any]:
    """Return per axis a number (uniform) or the steps between coordinates."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return [varargs[0]] * len(axes)
    if len(varargs) != len(axes):
        raise TypeError("invalid number of arguments")
    steps = []
    for given, axis in zip(varargs, axes, strict=True):
        h = array_operand(given)
        if h.ndim == 0:
            steps.append(h)
            continue
        if h.ndim > 1:
            raise ValueError("distances must be either scalars or 1d")
        if h.shape[0] != f.shape[axis]:
            raise ValueError(
                "when 1d, distances must match the length of the corresponding dimension"
            )
        steps.append(np.reshape(diff(h), (h.shape[0] - 1, *(1,) * (-axis - 1))))
    return steps


def _slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Central differences inside, one-sided ones at the ends (Quarteroni et al. 2007)."""

    def at(start: int | None, stop: int | None) -> Any:
        return f[_along(axis, start=start, stop=stop)]

    if np.ndim(h) == 0:
        inner = (at(2, None) - at(None, -2)) / (2.0 * h)
        first = last = (h, h)
    else:
        cut = _along(axis, stop=-1), _along(axis, start=1)
        before, after = h[cut[0]], h[cut[1]]
        inner = (
            at(None, -2) * (-after / (before * (before + after)))
            + at(1, -1) * ((after - before) / (before * after))
            + at(2, None) * (before / (after * (before + after)))
        )
        steps = np.ravel(h)
        first, last = (steps[0], steps[1 % steps.size]), (steps[-1], steps[-2 % steps.size])
    if edge_order == 1:
        left, right = (at(1, 2) - at(0, 1)) / first[0], (at(-1, None) - at(-2, -1)) / last[0]
    else:
        left = _one_sided(at(0, 1), at(1, 2), at(2, 3), *first)
        right = -_one_sided(at(-1, None), at(-2, -1), at(-3, -2), *last)
    return np.concatenate([left, inner, right], axis=axis)


def _one_sided(f0: Any, f1: Any, f2: Any, near: Any, far: Any) -> Any:
    """The slope at f0 of the parabola through three points, `near` and `far` apart."""
    total = near + far
    return (
        -(2.0 * near + far) / (near * total) * f0
        + total / (near * far) * f1
        - near / (far * total) * f2
    )


@numpy_function(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Answer ``np.gradient``."""
    f = array_operand(f)
    axes = negative_axes(axis, f.ndim)
    steps = _spacings(varargs, f, axes)
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    for k in axes:
        if f.shape[k] < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, "
                "at least (edge_order + 1) elements are required."
            )
    slopes = [_slope(f, h, k, edge_order) for h, k in zip(steps, axes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


@numpy_function(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Answer ``np.trapezoid``; the abscissae may be traced too."""
    y = array_operand(y)
    axis = negative_axis(axis, y.ndim)
    if x is None:
        d = dx
    else:
        x = array_operand(x)
        if x.ndim == 1:
            d = np.reshape(diff(x), (x.shape[0] - 1, *(1,) * (-axis - 1)))
        else:
            d = diff(x, axis=axis)
    return np.sum(d * (y[_along(axis, start=1)] + y[_along(axis, stop=-1)]) / 2.0, axis=axis)


def _pick(v: Any, k: Any) -> Any:
    """Entries of a vector; indices may differ from lane to lane, which plain indexing forbids."""
    return np.reshape(np.take_along_axis(v, np.ravel(k), 0), k.shape)


@numpy_function(np.interp, note="at a knot, the slope of the interval to its right")
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Answer ``np.interp``, differentiable in points, knots and values."""
    x, xp, fp = (array_operand(v) for v in (x, xp, fp))
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if xp.shape != fp.shape:
        raise ValueError("fp and xp are not of the same length.")
    if xp.shape[0] == 0:
        raise ValueError("array of sample points is empty")
    if period is not None:
        if period == 0:
            raise ValueError("period must be a non-zero value")
        period, left, right = abs(period), None, None
        x, xp = x % period, xp % period
        order = np.argsort(xp)
        xp, fp = _pick(xp, order), _pick(fp, order)
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    n = xp.shape[0]
    below = fp[0] if left is None else left
    above = fp[n - 1] if right is None else right
    if n == 1:
        y = fp[0] + np.zeros(x.shape, dtype_of(x))
    else:
        k = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, n - 2)
        (x0, x1), (f0, f1) = ((_pick(v, k), _pick(v, k + 1)) for v in (xp, fp))
        y = (f1 - f0) / (x1 - x0) * (x - x0) + f0
        # The formula may miss the last value by a rounding error.
        y = np.where(x == xp[n - 1], fp[n - 1] + (y - f1), y)
    return np.where(x < xp[0], below, np.where(x > xp[n - 1], above, y))
