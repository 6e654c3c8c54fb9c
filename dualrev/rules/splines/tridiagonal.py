"""Tridiagonal systems whose diagonals and right-hand sides may all be traced, along the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.domains import Domain, case
from dualrev.core.flavours import batch_elementwise, general

__all__ = ["tridiagonal"]


def _one(a: Any, b: Any, c: Any, columns: Any) -> Any:
    n = b.shape[0]
    if n == 1:
        return columns / b
    band = np.zeros((3, n), np.result_type(a, b, c))
    band[0, 1:], band[1], band[2, :-1] = c, b, a
    return linalg.solve_banded((1, 1), band, columns, overwrite_ab=True, check_finite=False)


def _solve(a: Any, b: Any, c: Any, d: Any) -> Any:
    n = b.shape[-1]
    dtype = np.result_type(a, b, c, d)
    if max(np.prod(v.shape[:-1], dtype=int) for v in (a, b, c)) == 1:
        shape = np.broadcast_shapes(*(v.shape[:-1] for v in (a, b, c, d)))
        d = np.broadcast_to(d, (*shape, n))
        columns = d.reshape(int(np.prod(shape)), n).T
        y = _one(*(v.reshape(v.shape[-1]) for v in (a, b, c)), columns)
        return np.ascontiguousarray(y.T).reshape(d.shape).astype(dtype, copy=False)
    shape = np.broadcast_shapes(*(v.shape[:-1] for v in (a, b, c, d)))
    a, b, c, d = (np.broadcast_to(v, (*shape, v.shape[-1])) for v in (a, b, c, d))
    y = np.empty((*shape, n), dtype)
    for lane in np.ndindex(*shape):
        y[lane] = _one(a[lane], b[lane], c[lane], d[lane][:, None])[:, 0]
    return y


def _beside(x: Any, left: bool) -> Any:
    """Put a zero before or after the last axis."""
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 0) if left else (0, 1)])


_dominant = Domain("dominant diagonal", lambda rng, shape: rng.uniform(3.0, 4.0, shape))


@general(
    _solve,
    arguments=("a", "b", "c", "d"),
    on=[
        case((3,), _dominant(4), (3,), (4,)),
        case((3,), _dominant(4), (3,), (2, 4)),
        case((2, 1), _dominant(2), (1,), (3, 1, 2)),
        case((0,), _dominant(1), (0,), (2, 1)),
    ],
    name="tridiagonal",
    pattern="...a,...b,...c,...d->...e",
    batch=batch_elementwise,
    broadcasts=True,
)
class tridiagonal:
    """T Y = D, T with diagonals a, b, c below, on and above; dY = T⁻¹(dD − dT Y), ct_D = T⁻ᵀct, ct_T = −ct_D Yᵀ."""

    def tangent_a(t: Any, a: Any, b: Any, c: Any, y: Any) -> Any:
        return -tridiagonal(a, b, c, _beside(t * y[..., :-1], True))

    def tangent_b(t: Any, a: Any, b: Any, c: Any, y: Any) -> Any:
        return -tridiagonal(a, b, c, t * y)

    def tangent_c(t: Any, a: Any, b: Any, c: Any, y: Any) -> Any:
        return -tridiagonal(a, b, c, _beside(t * y[..., 1:], False))

    def tangent_d(t: Any, a: Any, b: Any, c: Any) -> Any:
        return tridiagonal(a, b, c, t)

    def adjoint_a(ct: Any, a: Any, b: Any, c: Any, y: Any) -> Any:
        return -tridiagonal(c, b, a, ct)[..., 1:] * y[..., :-1]

    def adjoint_b(ct: Any, a: Any, b: Any, c: Any, y: Any) -> Any:
        return -tridiagonal(c, b, a, ct) * y

    def adjoint_c(ct: Any, a: Any, b: Any, c: Any, y: Any) -> Any:
        return -tridiagonal(c, b, a, ct)[..., :-1] * y[..., 1:]

    def adjoint_d(ct: Any, a: Any, b: Any, c: Any) -> Any:
        return tridiagonal(c, b, a, ct)
