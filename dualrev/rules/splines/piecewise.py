"""Piecewise polynomials: values, derivatives and integrals, differentiable in points, breakpoints and coefficients.

Coefficients have the layout of `scipy.interpolate.PPoly`: ``(degree + 1, intervals, ...)``, highest power first. An
interval is closed on its left, the last one on both sides, as in SciPy: at a breakpoint every derivative is that from
the right.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.taking import take

__all__ = [
    "antiderivative",
    "axis_moved",
    "bernstein",
    "derivative",
    "evaluate",
    "floating",
    "integrate",
    "pick",
    "tail",
    "wrapped",
]


def floating(x: Any) -> Any:
    """Return an operand in double precision, in which SciPy computes; complex numbers stay."""
    x = array_operand(x)
    return astype(x, complex if dtype_of(x).kind == "c" else float, copy=False)


def pick(v: Any, at: Any) -> Any:
    """Entries of a vector at positions of any shape, which may differ from lane to lane."""
    return take(v, at)


def tail(v: Any, ndim: int) -> Any:
    """Append `ndim` axes of length 1."""
    return np.reshape(v, np.shape(v) + (1,) * ndim) if ndim else v


def wrapped(x: Any, first: Any, last: Any) -> Any:
    """Return points moved into one period."""
    return first + (x - first) % (last - first)


def _interval(x: Any, bp: Any) -> Any:
    """Return the number of the interval of each point, the first and last for those outside."""
    n = bp.shape[0]
    if bool(np.all(value(bp[n - 1]) < value(bp[0]))):
        x, bp = -x, -bp
    return np.clip(np.searchsorted(bp, x, side="right") - 1, 0, n - 2)


def axis_moved(y: Any, x_ndim: int, axis: int) -> Any:
    """Return results, whose points' axes come first, with these in the place of the interpolation axis."""
    if not axis:
        return y
    k = list(range(y.ndim))
    return np.transpose(y, k[x_ndim : x_ndim + axis] + k[:x_ndim] + k[x_ndim + axis :])


def _outside(x: Any, y: Any, bp: Any, extrapolate: Any) -> Any:
    """Put NaN where the point is none, and outside where nothing is extrapolated."""
    bad = np.isnan(x)
    if not extrapolate:
        ends = bp[0], bp[bp.shape[0] - 1]
        bad = bad | (x < np.minimum(*ends)) | (x > np.maximum(*ends))
    if not isinstance(bad, Traced) and not np.any(bad):
        return y
    return np.where(tail(bad, y.ndim - np.ndim(bad)), np.nan, y)


def evaluate(c: Any, bp: Any, x: Any, nu: int = 0, extrapolate: Any = True, axis: int = 0) -> Any:
    """Return the derivative of order `nu` of a piecewise polynomial at `x`."""
    if nu < 0:
        raise ValueError("Order of derivative cannot be negative")
    x = floating(x)
    if extrapolate == "periodic":
        x, extrapolate = wrapped(x, bp[0], bp[bp.shape[0] - 1]), False
    at = _interval(x, bp)
    trailing = c.ndim - 2
    s = tail(x - pick(bp, at), trailing)
    k = c.shape[0]
    if nu >= k:
        y = 0.0 * take(c, at, axis=1)[0] + np.zeros_like(s)
    else:
        pieces = take(c[: k - nu], at, axis=1)
        y = pieces[0] * float(math.perm(k - 1, nu)) + np.zeros_like(s)
        for m in range(1, k - nu):
            y = y * s + pieces[m] * float(math.perm(k - 1 - m, nu))
    return axis_moved(_outside(x, y, bp, extrapolate), np.ndim(x), axis)


def derivative(c: Any, nu: int) -> Any:
    """Return the coefficients of a derivative."""
    if nu == 0:
        return c
    k = c.shape[0]
    if nu >= k:
        return np.zeros_like(c[:1])
    factors = np.array([float(math.perm(k - 1 - m, nu)) for m in range(k - nu)])
    return c[: k - nu] * tail(factors, c.ndim - 1)


def antiderivative(c: Any, bp: Any, nu: int) -> Any:
    """Return the coefficients of the antiderivative of order `nu`, which is zero at the first breakpoint."""
    for _ in range(nu):
        k = c.shape[0]
        c = c / tail(np.arange(k, 0.0, -1.0), c.ndim - 1)
        h = tail(np.diff(bp), c.ndim - 2)
        whole = c[0] * h
        for m in range(1, k):
            whole = (whole + c[m]) * h
        start = np.cumsum(whole, axis=0) - whole
        c = np.concatenate([c, start[None]], axis=0)
    return c


def integrate(c: Any, bp: Any, a: Any, b: Any, extrapolate: Any) -> Any:
    """Return the integral of a piecewise polynomial from `a` to `b`."""
    a, b = floating(a), floating(b)
    once = antiderivative(c, bp, 1)
    if extrapolate != "periodic":
        return evaluate(once, bp, b, 0, extrapolate) - evaluate(once, bp, a, 0, extrapolate)

    first, last = bp[0], bp[bp.shape[0] - 1]
    period = last - first
    total = evaluate(once, bp, last) - evaluate(once, bp, first)

    def since(x: Any) -> Any:
        turns = np.floor((x - first) / period)
        return turns * total + evaluate(once, bp, x - turns * period)

    return since(b) - since(a)


def bernstein(c: Any, bp: Any, x: Any, nu: int = 0, extrapolate: Any = True, axis: int = 0) -> Any:
    """As `evaluate`, of coefficients in the Bernstein basis of each interval (de Casteljau's scheme)."""
    x = floating(x)
    if extrapolate == "periodic":
        x, extrapolate = wrapped(x, bp[0], bp[bp.shape[0] - 1]), False
    at = _interval(x, bp)
    trailing = c.ndim - 2
    left = pick(bp, at)
    h = tail(pick(bp, at + 1) - left, trailing)
    s = tail(x - left, trailing) / h
    k = c.shape[0]
    pieces = take(c, at, axis=1)
    if nu >= k:
        y = 0.0 * pieces[0] + np.zeros_like(s)
        return axis_moved(_outside(x, y, bp, extrapolate), np.ndim(x), axis)
    for m in range(nu):
        pieces = (k - 1.0 - m) * (pieces[1:] - pieces[:-1]) / h
    pieces = pieces + np.zeros_like(s)
    for _ in range(k - 1 - nu):
        pieces = (1.0 - s) * pieces[:-1] + s * pieces[1:]
    return axis_moved(_outside(x, pieces[0], bp, extrapolate), np.ndim(x), axis)
