"""Factors that are triangles: Cholesky's, whole and banded, and those of LU with its pivots, which are constants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of
from dualrev.core.domains import case, positive_definite
from dualrev.core.flavours import batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.rules.linalg import cholesky_factor
from dualrev.rules.matrices.arguments import conj, each, matrix, squared
from dualrev.rules.matrices.solutions import band, flipped, shifted, triangular
from dualrev.rules.matrices.systems import columns_for, half_band

__all__ = ["dense_of"]

_HALF = "reads one triangle, the cotangent of the other is zero"


# --------------------------------------------------------------------------------------------------
# Cholesky


@numpy_function(linalg.cholesky, kind="rule", note=_HALF)
def cholesky(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Answer ``scipy.linalg.cholesky``."""
    return cholesky_factor(squared(a, check_finite), upper=not lower)


@numpy_function(linalg.cho_factor, kind="rule", note="the other triangle is that of a, as in SciPy")
def cho_factor(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Answer ``scipy.linalg.cho_factor``."""
    a = squared(a, check_finite)
    c = cholesky_factor(a, upper=not lower)
    return (c + np.triu(a, 1) if lower else c + np.tril(a, -1)), lower


@numpy_function(linalg.cho_solve, note="two triangular systems")
def cho_solve(
    c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """Answer ``scipy.linalg.cho_solve``."""
    c, lower = c_and_lower
    c, lower = squared(c, check_finite), bool(lower)
    b, vector = columns_for(c, b, check_finite)
    first, second = (c, conj(c)) if lower else (conj(c), c)
    y = triangular(first, b, lower=lower, unit=False, trans=not lower)
    y = triangular(second, y, lower=lower, unit=False, trans=lower)
    return y[..., 0] if vector else y


def dense_of(ab: Any, low: int, up: int) -> Any:
    """Return the matrix that a band is stored for."""
    i, j = np.indices((ab.shape[-1],) * 2)
    inside = (i - j <= low) & (j - i <= up)
    return np.where(inside, ab[..., np.where(inside, up + i - j, 0), j], 0)


@numpy_function(linalg.cholesky_banded, note="through the whole matrix: n² numbers; " + _HALF)
def cholesky_banded(
    ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True
) -> Any:
    """Answer ``scipy.linalg.cholesky_banded``."""
    ab = matrix(ab, check_finite)
    whole, k = half_band(ab, bool(lower))
    factor = cholesky_factor(dense_of(whole, k, k))
    rows, inside = shifted(ab.shape[-1], k, 0)
    # Row r holds diagonal r; those beyond the matrix are kept as they are.
    half = np.where(inside, factor[..., rows, np.arange(ab.shape[-1])], 0)
    return _store(half, ab, k, bool(lower))


def _store(half: Any, ab: Any, k: int, lower: bool) -> Any:
    if not lower:
        half = flipped(conj(half), k, 0)
    # What a band has beyond the matrix's corners is left as it was.
    n = ab.shape[-1]
    row = np.arange(ab.shape[-2])[:, None]
    place = np.arange(n) + row if lower else np.arange(n) - (ab.shape[-2] - 1 - row)
    outside = (place >= n) | (place < 0)
    extra = [(0, 0)] * (half.ndim - 2)
    missing = ab.shape[-2] - k - 1
    half = np.pad(half, [*extra, (0, missing) if lower else (missing, 0), (0, 0)])
    return np.where(outside, ab, half)


@numpy_function(linalg.cho_solve_banded, note="two triangular systems")
def cho_solve_banded(
    cb_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """Answer ``scipy.linalg.cho_solve_banded``."""
    cb, lower = cb_and_lower
    cb = matrix(cb, check_finite)
    b, vector = columns_for(cb, b, check_finite)
    k = cb.shape[-2] - 1
    low, up = (k, 0) if lower else (0, k)
    other = flipped(conj(cb), low, up)
    y = band(cb if lower else other, b, low=k, up=0)
    y = band(other if lower else cb, y, low=0, up=k)
    return y[..., 0] if vector else y


# --------------------------------------------------------------------------------------------------
# LU


def _lu_square(x: Any) -> Any:
    """Return L − 1 + U of matrices that need no pivots."""

    def one(m: Any) -> Any:
        if not m.size:
            return np.zeros_like(m)
        getrf = linalg.get_lapack_funcs("getrf", (m,))
        factors, steps, _ = getrf(m)
        if (steps == np.arange(len(m))).all():
            return factors
        factors = m.copy()
        for k in range(len(m) - 1):
            factors[k + 1 :, k] /= factors[k, k]
            factors[k + 1 :, k + 1 :] -= np.outer(factors[k + 1 :, k], factors[k, k + 1 :])
        return factors

    return each(one, x)


@general(
    _lu_square,
    on=[
        case(positive_definite(3, 3)),
        case(positive_definite(2, 2, 2)),
        case(positive_definite(1, 1)),
        case(positive_definite(0, 0)),
    ],
    name="matrices.lu",
    pattern="...ab->...cd",
    batch=batch_leading,
)
class lu_square:
    """A = L U, without pivots; with M = L⁻¹ dA U⁻¹: dL = L tril(M, −1), dU = triu(M) U.

    de Hoog, Anderssen & Lukas (2011), Differentiation of matrix functionals using triangular factorization.
    """

    def tangent(t: Any, y: Any) -> Any:
        m = triangular(y, t, lower=True, unit=True, trans=False)
        m = triangular(y, m.mT, lower=False, unit=False, trans=True).mT
        low = np.tril(y, -1) + np.eye(y.shape[-1], dtype=dtype_of(y))
        return np.matmul(low, np.tril(m, -1)) + np.matmul(np.triu(m), np.triu(y))

    def adjoint(ct: Any, y: Any) -> Any:
        low = np.tril(y, -1) + np.eye(y.shape[-1], dtype=dtype_of(y))
        m = np.tril(np.matmul(low.mT, np.tril(ct, -1)), -1)
        m = m + np.triu(np.matmul(np.triu(ct), np.triu(y).mT))
        m = triangular(y, m, lower=True, unit=True, trans=True)
        return triangular(y, m.mT, lower=False, unit=False, trans=False).mT


def _order(steps: Any, n: int) -> Any:
    p = np.arange(n)
    for k, s in enumerate(steps):
        p[[k, s]] = p[[s, k]]
    return p


def _steps(a: Any) -> Any:
    def one(m: Any) -> Any:
        steps = linalg.get_lapack_funcs("getrf", (m,))(m)[1] if m.size else np.arange(0)
        return steps.astype(np.int32)

    return each(one, a)


def _orders(steps: Any, *, rows: int) -> Any:
    lead = steps.shape[:-1]
    flat = steps.reshape(math.prod(lead), steps.shape[-1])
    return np.array([_order(s, rows) for s in flat], int).reshape(*lead, rows)


(orders,) = constant(_orders, batch=batch_leading, answers=False)
(steps_of,) = constant(_steps, answers=False)


def _taken(a: Any, p: Any) -> Any:
    return np.take_along_axis(a, np.broadcast_to(p[..., None], a.shape), axis=-2)


def _packed(a: Any, p: Any) -> Any:
    """Return L − 1 and U of A[p] in one matrix."""
    a = _taken(a, p)
    m, n = a.shape[-2:]
    k = min(m, n)
    y = lu_square(a[..., :k, :k])
    if m > k:
        below = triangular(y, a[..., k:, :].mT, lower=False, unit=False, trans=True).mT
        return np.concatenate([y, below], axis=-2)
    if n > k:
        beside = triangular(y, a[..., k:], lower=True, unit=True, trans=False)
        return np.concatenate([y, beside], axis=-1)
    return y


@numpy_function(linalg.lu, kind="rule", note="for the permutation at hand, which is a constant")
def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    """Answer ``scipy.linalg.lu``."""
    a = matrix(a, check_finite)
    p = orders(steps_of(a), rows=a.shape[-2])
    y = _packed(a, p)
    k = min(a.shape[-2:])
    low = np.tril(y[..., :k], -1) + np.eye(a.shape[-2], k, dtype=dtype_of(y))
    up = np.triu(y[..., :k, :])
    back = np.argsort(p, axis=-1)
    if permute_l:
        return _taken(low, back), up
    if p_indices:
        return back.astype(np.int32), low, up
    chosen = back[..., :, None] == np.arange(a.shape[-2])
    return chosen.astype(np.zeros(0, dtype_of(a)).real.dtype), low, up


@numpy_function(linalg.lu_factor, kind="rule", note="the pivots are constants")
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Answer ``scipy.linalg.lu_factor``."""
    a = matrix(a, check_finite)
    steps = steps_of(a)
    return _packed(a, orders(steps, rows=a.shape[-2])), steps


@numpy_function(linalg.lu_solve, note="two triangular systems")
def lu_solve(
    lu_and_piv: Any,
    b: Any,
    trans: int = 0,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.lu_solve``."""
    y, steps = lu_and_piv
    if trans not in (0, 1, 2):
        raise ValueError(f"trans is 0, 1 or 2, not {trans!r}")
    y = squared(y, check_finite)
    b, vector = columns_for(y, b, check_finite)
    steps = np.asarray(steps) if isinstance(steps, (list, tuple)) else steps
    p = orders(steps, rows=y.shape[-1])
    lead = np.broadcast_shapes(p.shape[:-1], b.shape[:-2], y.shape[:-2])
    p, b = np.broadcast_to(p, lead + p.shape[-1:]), np.broadcast_to(b, lead + b.shape[-2:])
    if trans == 2:
        y = conj(y)
    if trans:
        x = triangular(y, b, lower=False, unit=False, trans=True)
        x = triangular(y, x, lower=True, unit=True, trans=True)
        x = _taken(x, np.argsort(p, axis=-1))
    else:
        x = triangular(y, _taken(b, p), lower=True, unit=True, trans=False)
        x = triangular(y, x, lower=False, unit=False, trans=False)
    return x[..., 0] if vector else x
