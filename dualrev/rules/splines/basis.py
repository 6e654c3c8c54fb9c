"""Splines in the B-spline basis: values by de Boor's recurrence, derivatives, integrals, collocation.

Points, knots and coefficients may all be traced; coefficients have the interpolation axis first. At a knot a
derivative is that from the right, at the last one that from the left, as in SciPy.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy import sparse

from dualrev.core.array import Traced, value
from dualrev.rules.splines.maps import along, solver
from dualrev.rules.splines.piecewise import axis_moved, floating, pick, tail, wrapped
from dualrev.rules.taking import take

__all__ = [
    "antiderivative",
    "collocation",
    "derivative",
    "evaluate",
    "inside",
    "integrate",
    "interpolating",
    "least_squares",
    "span",
    "tensor",
    "weights",
]


def span(x: Any, t: Any, k: int) -> Any:
    """Return the number of the knot before each point, of those that bound an interval."""
    n = t.shape[0] - k - 1
    inner = t[k : n + 1]
    at = np.searchsorted(inner, x, side="right") - 1
    if k == 0:
        return np.clip(at, 0, n - 1)
    # The last interval that is not empty, also for points at and beyond the end.
    last = np.searchsorted(inner, inner[n - k], side="left") - 1
    first = np.searchsorted(inner, inner[0], side="right") - 1
    return np.clip(at, first, last) + k


def inside(x: Any, first: Any, last: Any) -> Any:
    """Move points beyond the ends to these; at an end the derivative is that of the points inside."""
    return np.where(x < first, first, np.where(x > last, last, x))


def evaluate(
    t: Any, c: Any, k: int, x: Any, nu: int = 0, extrapolate: Any = True, axis: int = 0
) -> Any:
    """Return the derivative of order `nu` of a spline at `x` (de Boor 1978, chapter X)."""
    if nu < 0:
        raise ValueError(f"Cannot do derivative order {nu}.")
    x = floating(x)
    n = t.shape[0] - k - 1
    if extrapolate == "periodic":
        x, extrapolate = wrapped(x, t[k], t[n]), False
    i = span(x, t, k)
    trailing = c.ndim - 1
    s = tail(x, trailing)
    d = [take(c, i - k + j, axis=0) for j in range(k + 1)]
    if nu > k:
        d = [0.0 * v for v in d]
    knots = {j: tail(pick(t, i + j), trailing) for j in range(1 - k, k + 1)}
    for r in range(1, k + 1):
        for j in range(k, r - 1, -1):
            left, right = knots[j - k], knots[j + 1 - r]
            if r <= nu:
                d[j] = (k - r + 1.0) * (d[j] - d[j - 1]) / (right - left)
            else:
                weight = (s - left) / (right - left)
                d[j] = (1.0 - weight) * d[j - 1] + weight * d[j]
    y = d[k] + np.zeros_like(s)
    bad = np.isnan(x)
    if not extrapolate:
        bad = bad | (x < t[k]) | (x > t[n])
    if isinstance(bad, Traced) or np.any(bad):
        y = np.where(tail(bad, trailing), np.nan, y)
    return axis_moved(y, np.ndim(x), axis)


def _padded(c: Any, count: int) -> Any:
    """Return coefficients with zeros behind, as many as knots, as FITPACK's routines expect them."""
    return np.concatenate([c, np.zeros((count - c.shape[0], *c.shape[1:]))])


def derivative(t: Any, c: Any, k: int, nu: int) -> tuple[Any, Any, int]:
    """Return knots, coefficients and degree of a derivative (de Boor 1978, chapter X, equation 15)."""
    if nu > k:
        raise ValueError(f"Order of derivative (n = {nu!r}) must be <= order of spline (k = {k!r})")
    for _ in range(nu):
        n = t.shape[0] - k - 1
        dt = tail(t[k + 1 : k + n] - t[1:n], c.ndim - 1)
        if np.any(value(dt) == 0):
            raise ValueError(
                f"The spline has internal repeated knots and is not differentiable {nu} times"
            )
        t, k = t[1:-1], k - 1
        c = _padded((c[1:n] - c[: n - 1]) * (k + 1.0) / dt, t.shape[0])
    return t, c, k


def antiderivative(t: Any, c: Any, k: int, nu: int) -> tuple[Any, Any, int]:
    """Return knots, coefficients and degree of an antiderivative, zero at the first knot."""
    for _ in range(nu):
        n = t.shape[0] - k - 1
        dt = tail(t[k + 1 :] - t[:n], c.ndim - 1)
        sums = np.cumsum(c[:n] * dt, axis=0) / (k + 1.0)
        ends = np.broadcast_to(sums[-1:], (k + 2, *c.shape[1:]))
        c = np.concatenate([np.zeros((1, *c.shape[1:])), sums, ends])
        t = np.concatenate([t[:1], t, t[-1:]])
        k += 1
    return t, c, k


def integrate(t: Any, c: Any, k: int, a: Any, b: Any, extrapolate: Any) -> Any:
    """Return the integral from `a` to `b`; outside, the spline is zero where nothing is extrapolated."""
    a, b = floating(a), floating(b)
    n = t.shape[0] - k - 1
    first, last = t[k], t[n]
    once = antiderivative(t, c, k, 1)
    if extrapolate != "periodic":
        if not extrapolate:
            a, b = inside(a, first, last), inside(b, first, last)
        return evaluate(*once, b) - evaluate(*once, a)
    total = evaluate(*once, last) - evaluate(*once, first)

    def since(x: Any) -> Any:
        turns = np.floor((x - first) / (last - first))
        return turns * total + evaluate(*once, x - turns * (last - first))

    return since(b) - since(a)


def weights(t: Any, k: int, x: Any, nu: int = 0) -> tuple[Any, list[Any]]:
    """Return the interval of each point and the k + 1 basis functions there, or their derivatives.

    de Boor (1978), chapter X, equations 4 and 15. The function m belongs to the coefficient ``interval - k + m``.
    """
    i = span(x, t, k)
    knots = {j: pick(t, i + j) for j in range(1 - k, k + 1)}
    w = [np.ones_like(x)]
    for r in range(1, k + 1):
        parts = []
        for j, v in enumerate(w):
            left, right = knots[j + 1 - r], knots[j + 1]
            share = v / (right - left)
            if r > k - nu:
                parts.append((-r * share, r * share))
            else:
                parts.append(((right - x) * share, (x - left) * share))
        inner = [parts[j - 1][1] + parts[j][0] for j in range(1, r)]
        w = [parts[0][0], *inner, parts[-1][1]]
    return i, w if nu <= k else [0.0 * v for v in w]


def tensor(knots: Any, degrees: Any, c: Any, points: Any, nus: Any) -> Any:
    """Return a tensor-product spline at points given by one array per axis; axes of `c` that are left come last."""
    shape = c.shape[: len(knots)]
    flat = np.reshape(c, (-1, *c.shape[len(knots) :]))
    found = [weights(t, k, x, nu) for t, k, x, nu in zip(knots, degrees, points, nus, strict=True)]
    y: Any = 0.0
    for corner in itertools.product(*(range(k + 1) for k in degrees)):
        at: Any = 0
        weight: Any = 1.0
        for m, n, k, (i, w) in zip(corner, shape, degrees, found, strict=True):
            at = at * n + (i - k + m)
            weight = weight * w[m]
        y = y + tail(weight, c.ndim - len(knots)) * take(flat, at, axis=0)
    return y


def collocation(x: Any, t: Any, k: int, nu: int = 0) -> Any:
    """Return the sparse matrix of derivatives of the basis functions at plain points."""
    x, t = np.atleast_1d(np.asarray(x, float)), np.asarray(t, float)
    i, w = weights(t, k, x, nu)
    rows = np.repeat(np.arange(x.size), k + 1)
    columns = (i[:, None] - k + np.arange(k + 1)).ravel()
    shape = x.size, t.size - k - 1
    return sparse.csc_matrix((np.stack(w, axis=-1).ravel(), (rows, columns)), shape=shape)


def least_squares(x: Any, y: Any, t: Any, k: int, w: Any = None) -> Any:
    """Return the coefficients, along the first axis, of the spline with given knots that fits best.

    From the augmented system of residuals and coefficients, whose condition is not squared (Björck 1996, section 2.5).
    """
    n, size = len(x), len(t) - k - 1
    w = np.ones(n) if w is None else np.asarray(w, float)
    a = sparse.diags(w) @ collocation(x, t, k)
    system = sparse.bmat([[sparse.eye(n), a], [a.T, None]])
    b = np.concatenate([tail(w, y.ndim - 1) * y, np.zeros((size, *y.shape[1:]))])
    return along(solver(system), b, 0)[n:]


def interpolating(x: Any, y: Any, t: Any, k: int) -> Any:
    """Return the coefficients, along the first axis, of the spline with given knots through all values."""
    return along(solver(collocation(x, t, k)), y, 0)
