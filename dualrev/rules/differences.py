"""Differences and sums along a grid: diff, gradient, trapezoid, interp."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes, negative_axis
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype

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


def _end(given: Any, dtype: np.dtype[Any], name: str) -> Any:
    """Return what is put before or after the differences, in their dtype."""
    end = array_operand(given)
    if not np.can_cast(dtype_of(end), dtype, "same_kind"):
        raise TypeError(
            f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule."
        )
    return astype(np.ravel(end), dtype, copy=False)


@numpy_function(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Answer ``np.ediff1d``."""
    x = np.ravel(array_operand(ary))
    parts = [x[1:] - x[:-1]]
    if to_begin is not None:
        parts.insert(0, _end(to_begin, dtype_of(x), "to_begin"))
    if to_end is not None:
        parts.append(_end(to_end, dtype_of(x), "to_end"))
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _floating(x: Any) -> Any:
    return astype(x, float) if dtype_of(x).kind in "biu" else x


def _spacings(varargs: tuple[Any, ...], f: Any, axes: tuple[int, ...]) -> list[Any]:
    """Return per axis a number (uniform) or the vector of steps between coordinates."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return [varargs[0]] * len(axes)
    if len(varargs) != len(axes):
        raise TypeError("invalid number of arguments")
    steps = []
    for given, axis in zip(varargs, axes, strict=True):
        h = operand(given)
        if np.ndim(h) > 1:
            raise ValueError("distances must be either scalars or 1d")
        if np.ndim(h) == 1:
            if h.shape[0] != f.shape[axis]:
                raise ValueError(
                    "when 1d, distances must match the length of the corresponding dimension"
                )
            h = diff(_floating(h))
            if not isinstance(h, Traced) and h.size and (h == h[0]).all():
                h = h[0]
        steps.append(h)
    return steps


def _inner_weights(before: Any, after: Any) -> tuple[Any, Any, Any]:
    """Weights of three points for the slope in the middle one (Quarteroni et al. 2007)."""
    total = before + after
    return (
        -after / (before * total),
        (after - before) / (before * after),
        before / (after * total),
    )


def _end_weights(near: Any, far: Any) -> tuple[Any, Any, Any]:
    """Weights for the slope in the first of three points, `near` and `far` apart."""
    total = near + far
    return -(2.0 * near + far) / (near * total), total / (near * far), -near / (far * total)


def _slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Central differences inside, one-sided ones at the ends."""

    def at(start: int | None, stop: int | None) -> Any:
        return f[_along(axis, start=start, stop=stop)]

    if np.ndim(h) == 0:
        inner = (at(2, None) - at(None, -2)) / (2.0 * h)
        first = last = h
        begin = (-1.5 / h, 2.0 / h, -0.5 / h)
        end = tuple(-w for w in begin)
    else:
        column = (-1, *(1,) * (-axis - 1))
        a, b, c = (np.reshape(w, column) for w in _inner_weights(h[:-1], h[1:]))
        inner = a * at(None, -2) + b * at(1, -1) + c * at(2, None)
        first, last = h[0], h[-1]
        if edge_order != 1:
            begin, end = _end_weights(h[0], h[1]), tuple(-w for w in _end_weights(h[-1], h[-2]))
    if edge_order == 1:
        left, right = (at(1, 2) - at(0, 1)) / first, (at(-1, None) - at(-2, -1)) / last
    else:
        left = begin[0] * at(0, 1) + begin[1] * at(1, 2) + begin[2] * at(2, 3)
        right = end[2] * at(-3, -2) + end[1] * at(-2, -1) + end[0] * at(-1, None)
    return np.concatenate([left, inner, right], axis=axis)


@numpy_function(np.gradient, note="values and spacings")
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Answer ``np.gradient``."""
    f = _floating(array_operand(f))
    axes = negative_axes(axis, f.ndim)
    steps = _spacings(varargs, f, axes)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    for k in axes:
        if f.shape[k] < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, "
                "at least (edge_order + 1) elements are required."
            )
    slopes = [
        astype(_slope(f, h, k, edge_order), dtype_of(f), copy=False)
        for h, k in zip(steps, axes, strict=True)
    ]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


# trapz is the name of NumPy before 2.4.
@numpy_function(*(f for n in ("trapezoid", "trapz") if (f := vars(np).get(n)) is not None))
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Answer ``np.trapezoid``; the abscissae may be traced too."""
    y = array_operand(y)
    given, axis = axis, negative_axis(axis, y.ndim)
    if x is None:
        d = dx
    else:
        x = array_operand(x)
        if x.ndim == 1:
            d = np.reshape(diff(x), (x.shape[0] - 1, *(1,) * (-axis - 1)))
        else:
            d = diff(x, axis=given)
    return np.sum(d * (y[_along(axis, start=1)] + y[_along(axis, stop=-1)]) / 2.0, axis=axis)


def _pick(v: Any, k: Any) -> Any:
    """Entries of a vector; indices may differ from lane to lane, which plain indexing forbids."""
    return np.reshape(np.take_along_axis(v, np.ravel(k), 0), k.shape)


@numpy_function(np.interp, note="at a knot, the slope of the interval to its right")
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Answer ``np.interp``, differentiable in points, knots, values, both ends and the period."""
    x, xp, fp = (array_operand(v) for v in (x, xp, fp))
    for v in (x, xp):
        if dtype_of(v).kind == "c":
            raise TypeError("np.interp: points and knots are real")
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError("Data points must be 1-D sequences")
    if xp.shape != fp.shape:
        raise ValueError("fp and xp are not of the same length.")
    if xp.shape[0] == 0:
        raise ValueError("array of sample points is empty")
    # NumPy computes in double precision, whatever it is given.
    x, xp = (astype(v, float, copy=False) for v in (x, xp))
    fp = astype(fp, complex if dtype_of(fp).kind == "c" else float, copy=False)
    if period is not None:
        if np.any(value(period) == 0):
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
    y = _between(x, xp, fp) if n > 1 else fp[0] + np.zeros(x.shape)
    return np.where(x < xp[0], below, np.where(x > xp[n - 1], above, y))


def _between(x: Any, xp: Any, fp: Any) -> Any:
    """Interpolate between the two knots around each point."""
    n = xp.shape[0]
    k = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, n - 2)
    (x0, x1), (f0, f1) = ((_pick(v, k), _pick(v, k + 1)) for v in (xp, fp))
    slope = (f1 - f0) / (x1 - x0)
    y = slope * (x - x0) + f0
    # The formula may miss the last value by a rounding error.
    y = np.where(x == xp[n - 1], fp[n - 1] + (y - f1), y)
    if np.all(np.isfinite(value(slope))):
        return y
    # Where the slope is none: the knot's own value, or what the other knot gives (as NumPy).
    other = slope * (x - x1) + f1
    other = np.where(np.isnan(other) & (f0 == f1), f0, other)
    y = np.where(np.isnan(y) & ~np.isnan(x), other, y)
    vague = ~np.isfinite(slope)
    y = np.where(vague & (x == x0), f0, y)
    return np.where(vague & (x == xp[n - 1]), fp[n - 1], y)
