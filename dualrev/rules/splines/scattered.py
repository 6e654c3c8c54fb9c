"""Interpolation between scattered points: nearest ones, simplices, radial basis functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import KDTree

from dualrev.core.batching import batch_leading
from dualrev.core.flavours import constant
from dualrev.core.ufuncs import special
from dualrev.rules.splines.piecewise import tail
from dualrev.rules.taking import take

__all__ = ["barycentric", "nearest", "radial", "radial_near"]


def _neighbours(x: Any, y: Any, *, count: int) -> Any:
    """Return the numbers of the nearest of the points `y`, sorted, along a new last axis."""
    at = KDTree(y).query(x, count)[1]
    return np.sort(np.reshape(at, (*x.shape[:-1], count)), axis=-1)


def _query(x: Any, *, tree: Any, options: Any) -> Any:
    distance, at = tree.query(x, **dict(options))
    return np.where(np.isfinite(distance), at, -1)


def _simplices(x: Any, *, triangulation: Any) -> Any:
    return triangulation.find_simplex(x)


(_near,) = constant(_neighbours, answers=False)
_nearest, _simplex = constant(_query, _simplices, batch=batch_leading, answers=False)


def nearest(values: Any, x: Any, tree: Any, options: dict[str, Any]) -> Any:
    """Return the values at the nearest of the points in a tree, NaN where there is none."""
    at = _nearest(x, tree=tree, options=tuple(options.items()))
    y = take(values, np.maximum(at, 0), axis=0)
    return np.where(tail(at < 0, y.ndim - np.ndim(at)), np.nan, y)


def barycentric(values: Any, x: Any, triangulation: Any, fill: Any) -> Any:
    """Interpolate linearly in the simplex of each point."""
    found = _simplex(x, triangulation=triangulation)
    at = np.maximum(found, 0)
    transform = take(triangulation.transform, at, axis=0)
    corners = take(triangulation.simplices, at, axis=0)
    b = np.matmul(transform[..., :-1, :], (x - transform[..., -1, :])[..., None])[..., 0]
    weights = np.concatenate([b, 1.0 - np.sum(b, axis=-1, keepdims=True)], axis=-1)
    y = take(values, corners, axis=0)
    trailing = values.ndim - 1
    y = np.sum(tail(weights, trailing) * y, axis=-1 - trailing)
    return np.where(tail(found < 0, trailing), fill, y)


_KERNELS = {
    "linear": lambda q: -np.sqrt(q),
    "thin_plate_spline": lambda q: 0.5 * special.xlogy(q, q),
    "cubic": lambda q: q * np.sqrt(q),
    "quintic": lambda q: -q * q * np.sqrt(q),
    "multiquadric": lambda q: -np.sqrt(q + 1.0),
    "inverse_multiquadric": lambda q: 1.0 / np.sqrt(q + 1.0),
    "inverse_quadratic": lambda q: 1.0 / (q + 1.0),
    "gaussian": lambda q: np.exp(-q),
}


def _squares(x: Any, y: Any, epsilon: Any) -> Any:
    difference = epsilon * (x[..., :, None, :] - y[..., None, :, :])
    return np.sum(difference * difference, axis=-1)


def _among(y: Any, kernel: str, epsilon: Any) -> Any:
    """Return the kernel between the nodes; a node's distance to itself is zero wherever it moves."""
    own = np.eye(y.shape[-2], dtype=bool)
    k = _KERNELS[kernel]
    return np.where(own, k(np.zeros(())), k(np.where(own, 1.0, _squares(y, y, epsilon))))


def _monomials(x: Any, powers: Any) -> Any:
    columns = [
        np.prod(np.stack([x[..., d] ** int(n) for d, n in enumerate(row)], axis=-1), axis=-1)
        for row in powers
    ]
    return np.stack(columns, axis=-1) if columns else np.zeros((*x.shape[:-1], 0))


def radial(x: Any, y: Any, d: Any, smoothing: Any, kernel: str, epsilon: Any, powers: Any) -> Any:
    """Interpolate by radial basis functions and polynomials; leading axes of `x`, `y` and `d` are stacks.

    Fasshauer (2007), Meshfree Approximation Methods with MATLAB, chapter 6.
    """
    low, high = np.min(y, axis=-2, keepdims=True), np.max(y, axis=-2, keepdims=True)
    shift, scale = (high + low) / 2.0, (high - low) / 2.0
    scale = np.where(scale == 0, 1.0, scale)
    size, terms = y.shape[-2], len(powers)
    p = _monomials((y - shift) / scale, powers)
    k = _among(y, kernel, epsilon) + smoothing[..., None] * np.eye(size)
    zero = np.zeros((*y.shape[:-2], terms, terms))
    left = np.concatenate([k, p.mT], axis=-2)
    right = np.concatenate([p, zero], axis=-2)
    lhs = np.concatenate([left, right], axis=-1)
    rhs = np.concatenate([d, np.zeros((*d.shape[:-2], terms, d.shape[-1]))], axis=-2)
    coefficients = np.linalg.solve(lhs, rhs)
    radii = _KERNELS[kernel](_squares(x, y, epsilon))
    rows = np.concatenate([radii, _monomials((x - shift) / scale, powers)], axis=-1)
    return np.matmul(rows, coefficients)


def radial_near(
    x: Any, y: Any, d: Any, smoothing: Any, kernel: str, epsilon: Any, powers: Any, count: int
) -> Any:
    """As `radial`, each point by its nearest neighbours."""
    at = _near(x, y, count=count)
    y, d, smoothing = (take(v, at, axis=0) for v in (y, d, smoothing))
    return radial(x[:, None], y, d, smoothing, kernel, epsilon, powers)[:, 0]
