"""Slopes of interpolating cubics at their nodes: twice differentiable, monotone (PCHIP) and Akima's.

Everything acts along the first axis of `y`; nodes, values and end conditions may all be traced.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.rules.splines.piecewise import tail
from dualrev.rules.splines.tridiagonal import tridiagonal

__all__ = ["akima", "cubic", "hermite", "pchip", "real_only"]


def hermite(x: Any, y: Any, d: Any) -> Any:
    """Return the coefficients, as of `PPoly`, of the cubics with values `y` and slopes `d` at the nodes."""
    h = tail(np.diff(x), y.ndim - 1)
    slope = np.diff(y, axis=0) / h
    t = (d[:-1] + d[1:] - 2.0 * slope) / h
    return np.stack([t / h, (slope - d[:-1]) / h - t, d[:-1], y[:-1]])


def _cat(*parts: Any) -> Any:
    return np.concatenate([np.reshape(p, (1,)) if np.ndim(p) == 0 else p for p in parts])


def _solve(below: Any, diagonal: Any, above: Any, b: Any) -> Any:
    y = tridiagonal(below, diagonal, above, np.moveaxis(b, 0, -1))
    return np.moveaxis(y, -1, 0)


def cubic(x: Any, y: Any, ends: Any) -> Any:
    """Return the slopes of the cubic spline with continuous second derivative (de Boor 1978, chapter IV).

    Parameters
    ----------
    ends : pair
        ``"not-a-knot"``, ``"periodic"`` or ``(order, value)`` at either end.
    """
    n = x.shape[0]
    h = np.diff(x)
    w = tail(h, y.ndim - 1)
    slope = np.diff(y, axis=0) / w
    ends = list(ends)
    if n == 2:
        ends = [(1, slope[0]) if isinstance(end, str) else end for end in ends]
    elif n == 3 and all(isinstance(end, str) for end in ends):
        if ends[0] == "periodic":
            mean = np.sum(slope / w, axis=0) / np.sum(1.0 / w, axis=0)
            return np.broadcast_to(mean, y.shape)
        # Both conditions are the same one: the parabola through three points.
        middle = (w[0] * slope[1] + w[1] * slope[0]) / (w[0] + w[1])
        return np.stack([2.0 * slope[0] - middle, middle, 2.0 * slope[1] - middle])
    inner = 3.0 * (w[1:] * slope[:-1] + w[:-1] * slope[1:])
    diagonal = 2.0 * (h[:-1] + h[1:])
    if ends[0] == "periodic":
        return _periodic(h, w, slope, inner, diagonal)
    first = _end(ends[0], h[0], h[1] if n > 2 else None, slope[0], slope[min(1, n - 2)], 1.0)
    last = _end(ends[1], h[-1], h[-2] if n > 2 else None, slope[-1], slope[-min(2, n - 1)], -1.0)
    return _solve(
        _cat(h[1:], last[1]),
        _cat(first[0], diagonal, last[0]),
        _cat(first[1], h[:-1]),
        np.concatenate([first[2][None], inner, last[2][None]]),
    )


def _end(end: Any, h: Any, beyond: Any, slope: Any, next_slope: Any, sign: float) -> Any:
    """Return the entries on and beside the diagonal, and the right-hand side, of the equation at an end."""
    if isinstance(end, str):
        d = h + beyond
        b = ((h + 2.0 * d) * beyond * slope + h**2 * next_slope) / d
        return beyond, d, b
    order, given = end
    if order == 1:
        return np.ones(()), np.zeros(()), given + np.zeros_like(slope)
    return 2.0 * h, h, -0.5 * sign * given * h**2 + 3.0 * slope * h


def _periodic(h: Any, w: Any, slope: Any, inner: Any, diagonal: Any) -> Any:
    """Solve the cyclic system by bordering: the last of its unknowns apart from the others."""
    n = h.shape[0]
    b_first = 3.0 * (w[0] * slope[-1] + w[-1] * slope[0])
    b = np.concatenate([b_first[None], inner])
    rows = h[1 : n - 1], _cat(2.0 * (h[-1] + h[0]), diagonal[: n - 2]), _cat(h[-1], h[: n - 3])
    at = np.arange(n - 1)
    column = np.where(at == 0, -h[0], 0.0) + np.where(at == n - 2, -h[n - 3], 0.0)
    one = _solve(*rows, b[: n - 1])
    two = tail(_solve(*rows, column), b.ndim - 1)
    last = (b[n - 1] - w[n - 2] * one[0] - w[n - 1] * one[-1]) / (
        2.0 * (w[n - 1] + w[n - 2]) + w[n - 2] * two[0] + w[n - 1] * two[-1]
    )
    inside = one + last * two
    return np.concatenate([inside, last[None], inside[:1]])


def _edge(h0: Any, h1: Any, m0: Any, m1: Any) -> Any:
    """One-sided three-point slope, limited to preserve the shape (Moler 2004, section 3.6)."""
    d = ((2.0 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    against = np.sign(d) != np.sign(m0)
    steep = (np.sign(m0) != np.sign(m1)) & (np.abs(d) > 3.0 * np.abs(m0))
    return np.where(against, 0.0, np.where(steep, 3.0 * m0, d))


def pchip(x: Any, y: Any) -> Any:
    """Return slopes that keep the data's monotony: weighted harmonic means (Fritsch & Butland 1984)."""
    h = tail(np.diff(x), y.ndim - 1)
    m = np.diff(y, axis=0) / h
    if y.shape[0] == 2:
        return np.concatenate([m, m])
    flat = (np.sign(m[1:]) != np.sign(m[:-1])) | (m[1:] == 0) | (m[:-1] == 0)
    w1, w2 = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    left, right = np.where(flat, 1.0, m[:-1]), np.where(flat, 1.0, m[1:])
    inner = np.where(flat, 0.0, 1.0 / ((w1 / left + w2 / right) / (w1 + w2)))
    first = _edge(h[0], h[1], m[0], m[1])
    last = _edge(h[-1], h[-2], m[-1], m[-2])
    return np.concatenate([first[None], inner, last[None]])


def akima(x: Any, y: Any, method: str) -> Any:
    """Return Akima's slopes, or the modified ones: means weighted by changes of slope (Akima 1970)."""
    m = np.diff(y, axis=0) / tail(np.diff(x), y.ndim - 1)
    if y.shape[0] == 2:
        return np.concatenate([m, m])
    one, other = 2.0 * m[0] - m[1], 2.0 * m[-1] - m[-2]
    before_it, after_it = 2.0 * one - m[0], 2.0 * other - m[-1]
    m = np.concatenate([before_it[None], one[None], m, other[None], after_it[None]])
    change = np.abs(np.diff(m, axis=0))
    if method == "makima":
        change = change + 0.5 * np.abs(m[1:] + m[:-1])
    after, before = change[2:], change[:-2]
    total = after + before
    # SciPy's cutoff: where all four slopes agree in pairs the mean has no weights.
    clear = total > 1e-9 * np.max(total) if total.size else total > 0
    weight = before / np.where(clear, total, 1.0)
    plain = 0.5 * (m[3:] + m[:-3])
    return np.where(clear, m[1:-2] + weight * (m[2:-1] - m[1:-2]), plain)


def real_only(y: Any, name: str) -> None:
    """Raise SciPy's error for complex values."""
    if dtype_of(y).kind == "c":
        raise ValueError(
            f"`{name}` only works with real values for `y`. "
            "If you are trying to use the real components of the passed array, "
            f"use `np.real` on the array before passing to `{name}`."
        )
