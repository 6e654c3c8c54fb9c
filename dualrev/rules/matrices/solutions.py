"""Linear systems, as primitives: a matrix with its factorisation, a triangle, a band, a Toeplitz matrix.

A Y = B gives dY = A⁻¹ (dB − dA Y), ct_B = A⁻ᵀ ct and ct_A = −ct_B Yᵀ (Giles 2008, 2.3.1); what differs is which entries
of A there are, and who solves.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.dependence import per_matrix, small
from dualrev.core.domains import case, positive_definite, regular
from dualrev.core.flavours import batch_elementwise, constant, general
from dualrev.core.primitive import Case
from dualrev.rules.matrices.arguments import each

__all__ = [
    "band",
    "factor",
    "flipped",
    "shifted",
    "solution",
    "toeplitz_of",
    "toeplitz_solution",
    "triangular",
]

# --------------------------------------------------------------------------------------------------
# Whole matrices, factorised once


def _factor_one(a: Any, form: str = "general") -> Any:
    """Return A, its factors and their pivots side by side; no pivots (−1) mean a Cholesky factor."""
    n = a.shape[-1]
    if form == "positive":
        pivots, factors = np.full((n, 1), -1, a.dtype), linalg.cholesky(a, lower=True)
    else:
        getrf, gecon = linalg.get_lapack_funcs(("getrf", "gecon"), (a,))
        factors, steps, info = getrf(a)
        if info > 0:
            raise np.linalg.LinAlgError("Matrix is singular.")
        rcond, _ = gecon(factors, np.linalg.norm(a, 1)) if n else (1.0, 0)
        if rcond < np.finfo(a.dtype).eps:
            warnings.warn(
                f"Ill-conditioned matrix (rcond={rcond:.6g}): result may not be accurate.",
                linalg.LinAlgWarning,
                stacklevel=2,
            )
        pivots = steps[:, None].astype(a.dtype)
    return np.concatenate([a, factors, pivots], axis=-1)


def _matrix_factor(a: Any, *, form: str) -> Any:
    # As integers: nobody takes them for numbers that could vary.
    c = np.ascontiguousarray(each(lambda m: _factor_one(m, form), a))
    return c.view(np.int32 if c.dtype.char in "fF" else np.int64)


def _read(c: Any, n: int) -> Any:
    c = np.ascontiguousarray(c)
    single, real = c.dtype == np.int32, c.shape[-1] == 2 * n + 1
    return c.view(("f" if single else "d") if real else ("F" if single else "D"))


(factor,) = constant(_matrix_factor, answers=False)


def _solve_one(a: Any, b: Any, c: Any, trans: bool) -> Any:
    n = a.shape[-1]
    if not n or not b.shape[-1]:
        return np.zeros(b.shape, np.result_type(a, b))
    c = _read(c, n)
    if not np.array_equal(c[:, :n], a):
        c = _factor_one(a)
    factors, pivots = c[:, n:-1], np.real(c[:, -1]).astype(np.int32)
    if pivots[0] >= 0:
        return linalg.lu_solve((factors, pivots), b, trans=int(trans), check_finite=False)
    if trans and np.iscomplexobj(a):
        return np.conj(linalg.cho_solve((factors, True), np.conj(b), check_finite=False))
    return linalg.cho_solve((factors, True), b, check_finite=False)


def _solution(a: Any, b: Any, c: Any, *, trans: bool) -> Any:
    if a.ndim == 2 and c.ndim == 2 and b.ndim > 2:
        # One matrix and many right-hand sides.
        rows = np.moveaxis(b, -2, 0)
        y = _solve_one(a, rows.reshape(len(rows), -1 if b.size else 0), c, trans)
        return np.moveaxis(y.reshape(rows.shape), 0, -2)
    return each(lambda *m: _solve_one(*m, trans), a, b, c)


def _factored(
    matrices: Any, b: tuple[int, ...], form: str, *, own: bool = True, **params: Any
) -> Case:
    """Return a sample with a factorisation, which is that of the matrix or, if not `own`, of another one."""
    known = matrices(np.random.default_rng(3))

    def draw(rng: np.random.Generator) -> tuple[Any, ...]:
        a = known if own else matrices(rng)
        return a.copy(), rng.normal(size=b), _matrix_factor(known, form=form)

    return Case(draw, params)


@general(
    _solution,
    arguments=("a", "b", "c"),
    constant=("c",),
    broadcasts=True,
    batch=batch_elementwise,
    on=[
        _factored(regular(3, 3), (3, 2), "general", trans=False),
        _factored(regular(2, 3, 3), (3, 1), "general", own=False, trans=True),
        _factored(positive_definite(3, 3), (2, 3, 2), "positive", trans=False),
        _factored(regular(2, 1, 2, 2), (3, 2, 2), "general", own=False, trans=True),
        _factored(regular(0, 0), (0, 2), "general", trans=False),
    ],
    name="matrices.solution",
    pattern="...ab,...ck,...de->...fk",
)
class solution:
    """A Y = B, or Aᵀ Y = B;  dY = A⁻¹ (dB − dA Y);  ct_B = A⁻ᵀ ct,  ct_A = −ct_B Yᵀ (Giles 2008, 2.3.1).

    `c` is the factorisation of A from `factor`, so that it is computed once for all derivatives. One of another matrix
    is recognised and not used.
    """

    def tangent_a(t: Any, a: Any, c: Any, y: Any, *, trans: bool) -> Any:
        return -solution(a, np.matmul(t.mT if trans else t, y), c, trans=trans)

    def tangent_b(t: Any, a: Any, c: Any, *, trans: bool) -> Any:
        return solution(a, t, c, trans=trans)

    def adjoint_a(ct: Any, a: Any, c: Any, y: Any, *, trans: bool) -> Any:
        z = solution(a, ct, c, trans=not trans)
        return -np.matmul(y, z.mT) if trans else -np.matmul(z, y.mT)

    def adjoint_b(ct: Any, a: Any, c: Any, *, trans: bool) -> Any:
        return solution(a, ct, c, trans=not trans)


# --------------------------------------------------------------------------------------------------
# Triangles


def _used(m: Any, lower: bool, unit: bool) -> Any:
    return np.tril(m, -int(unit)) if lower else np.triu(m, int(unit))


def _triangular(a: Any, b: Any, *, lower: bool, unit: bool, trans: bool) -> Any:
    options: dict[str, Any] = {"lower": lower, "unit_diagonal": unit, "trans": int(trans)}

    def one(m: Any, v: Any) -> Any:
        if not v.size:
            return np.zeros(v.shape, np.result_type(m, v))
        return linalg.solve_triangular(m, v, check_finite=False, **options)

    if a.ndim == 2 and b.ndim > 2:
        rows = np.moveaxis(b, -2, 0)
        y = one(a, rows.reshape(len(rows), -1 if b.size else 0))
        return np.moveaxis(y.reshape(rows.shape), 0, -2)
    return each(one, a, b)


def _triangular_dependence(primals: Any, y: Any, *, lower: bool, unit: bool, trans: bool) -> Any:
    a, b = primals
    stack, (n, m) = y.shape[:-2], y.shape[-2:]
    if not small((*stack, max(n, m), max(n, m))) or not a.shape[:-2] == b.shape[:-2] == stack:
        return "...ab,...ck->...dk"
    d, _, row, column = np.indices((n, m, n, n))
    if trans:
        row, column = column, row
    # Substitution begins with the first row, or with the last.
    down = (column <= row) & (row <= d) if lower != trans else (column >= row) & (row >= d)
    if unit:
        down &= row != column
    d, k, row, column = np.indices((n, m, n, m))
    before = (k == column) & (row <= d if lower != trans else row >= d)
    count = math.prod(stack)
    return (
        per_matrix(down.reshape(n * m, n * n), count),
        per_matrix(before.reshape(n * m, n * m), count),
    )


@general(
    _triangular,
    arguments=("a", "b"),
    broadcasts=True,
    batch=batch_elementwise,
    on=[
        case(regular(3, 3), (3, 2), lower=True, unit=False, trans=False),
        case(regular(3, 3), (2, 3, 2), lower=False, unit=True, trans=False),
        case(regular(2, 3, 3), (3, 1), lower=True, unit=True, trans=True),
        case(regular(2, 1, 2, 2), (3, 2, 2), lower=False, unit=False, trans=True),
        case(regular(0, 0), (0, 2), lower=True, unit=False, trans=False),
    ],
    name="matrices.triangular",
    pattern=_triangular_dependence,
)
class triangular:
    """T Y = B, or Tᵀ Y = B, T one triangle of A;  dY = T⁻¹ (dB − dT Y);  ct_A = that triangle of −T⁻ᵀ ct Yᵀ."""

    def tangent_a(t: Any, a: Any, y: Any, *, lower: bool, unit: bool, trans: bool) -> Any:
        t = _used(t, lower, unit)
        change = np.matmul(t.mT if trans else t, y)
        return -triangular(a, change, lower=lower, unit=unit, trans=trans)

    def tangent_b(t: Any, a: Any, *, lower: bool, unit: bool, trans: bool) -> Any:
        return triangular(a, t, lower=lower, unit=unit, trans=trans)

    def adjoint_a(ct: Any, a: Any, y: Any, *, lower: bool, unit: bool, trans: bool) -> Any:
        z = triangular(a, ct, lower=lower, unit=unit, trans=not trans)
        g = np.matmul(y, z.mT) if trans else np.matmul(z, y.mT)
        return -_used(g, lower, unit)

    def adjoint_b(ct: Any, a: Any, *, lower: bool, unit: bool, trans: bool) -> Any:
        return triangular(a, ct, lower=lower, unit=unit, trans=not trans)


# --------------------------------------------------------------------------------------------------
# Bands, stored as LAPACK does: entry (i, j) in row u + i − j of column j


def shifted(n: int, low: int, up: int) -> tuple[Any, Any]:
    """Return for each row of a band the indices of the matrix's rows, and which of them exist."""
    rows = np.arange(n) + np.arange(-up, low + 1)[:, None]
    inside = (rows >= 0) & (rows < n)
    return np.where(inside, rows, 0), inside


def flipped(ab: Any, low: int, up: int) -> Any:
    """Return the band of the transposed matrix, which has `up` diagonals below and `low` above."""
    columns, inside = shifted(ab.shape[-1], up, low)
    rows = np.arange(low + up, -1, -1)[:, None]
    return np.where(inside, ab[..., rows, columns], 0)


def _times(ab: Any, y: Any, low: int, up: int) -> Any:
    columns, _ = shifted(ab.shape[-1], up, low)
    return np.sum(flipped(ab, low, up)[..., None] * y[..., columns, :], axis=-3)


def _band(a: Any, b: Any, *, low: int, up: int) -> Any:
    def one(m: Any, v: Any) -> Any:
        if not v.size:
            return np.zeros(v.shape, np.result_type(m, v))
        return linalg.solve_banded((low, up), m, v, check_finite=False)

    if a.ndim == 2 and b.ndim > 2:
        rows = np.moveaxis(b, -2, 0)
        y = one(a, rows.reshape(len(rows), -1 if b.size else 0))
        return np.moveaxis(y.reshape(rows.shape), 0, -2)
    return each(one, a, b)


def _dominant(low: int, up: int, *shape: int) -> Any:
    def make(rng: np.random.Generator) -> Any:
        ab = rng.normal(size=(*shape[:-1], low + up + 1, shape[-1]))
        ab[..., up, :] += 4.0 * np.sign(ab[..., up, :])
        return ab

    return make


@general(
    _band,
    arguments=("a", "b"),
    broadcasts=True,
    batch=batch_elementwise,
    on=[
        case(_dominant(1, 1, 4), (4, 2), low=1, up=1),
        case(_dominant(2, 1, 4), (2, 4, 1), low=2, up=1),
        case(_dominant(0, 2, 2, 3), (3, 2), low=0, up=2),
        case(_dominant(1, 0, 2, 3), (2, 3, 1), low=1, up=0),
        case(_dominant(0, 0, 3), (3, 1), low=0, up=0),
    ],
    name="matrices.band",
    pattern="...ab,...ck->...dk",
)
class band:
    """A Y = B, A with `low` diagonals below and `up` above;  ct_A is the band of −A⁻ᵀ ct Yᵀ."""

    def tangent_a(t: Any, a: Any, y: Any, *, low: int, up: int) -> Any:
        return -band(a, _times(t, y, low, up), low=low, up=up)

    def tangent_b(t: Any, a: Any, *, low: int, up: int) -> Any:
        return band(a, t, low=low, up=up)

    def adjoint_a(ct: Any, a: Any, y: Any, *, low: int, up: int) -> Any:
        z = band(flipped(a, low, up), ct, low=up, up=low)
        rows, inside = shifted(a.shape[-1], low, up)
        g = np.sum(z[..., rows, :] * y[..., None, :, :], axis=-1)
        return -np.where(inside, g, 0)

    def adjoint_b(ct: Any, a: Any, *, low: int, up: int) -> Any:
        return band(flipped(a, low, up), ct, low=up, up=low)


# --------------------------------------------------------------------------------------------------
# Toeplitz matrices, given by the entries from the last of the first row to the last of the first column


def toeplitz_of(v: Any, rows: int, columns: int) -> Any:
    """Return the Toeplitz matrix whose diagonals have the values `v`, from the upper right on."""
    return v[..., columns - 1 + np.arange(rows)[:, None] - np.arange(columns)]


def _over_diagonals(g: Any) -> Any:
    """Return the sums over the diagonals of square matrices, from the upper right on."""
    n = g.shape[-1]
    # With rows 2n long, read as rows of 2n − 1, entry (i, n − 1 − j) moves to column i + n − 1 − j.
    wide = np.concatenate([g[..., ::-1], np.zeros(g.shape, bool)], axis=-1)
    flat = np.reshape(wide, (*g.shape[:-2], 2 * n * n))[..., : n * (2 * n - 1)]
    return np.sum(np.reshape(flat, (*g.shape[:-2], n, 2 * n - 1)), axis=-2)


def _toeplitz_solution(a: Any, b: Any) -> Any:
    n = (a.shape[-1] + 1) // 2

    def one(v: Any, m: Any) -> Any:
        if not m.size:
            return np.zeros(m.shape, np.result_type(v, m))
        column, row = _first(v[0], n)
        # Older versions take no read-only arrays.
        column, row, m = (np.array(v) for v in (column, row, m))
        return linalg.solve_toeplitz((column, row), m, check_finite=False)

    y = each(one, a[..., None, :], b)
    return y.astype(np.result_type(a, b), copy=False)


def _first(v: Any, n: int) -> tuple[Any, Any]:
    """Return the first column and the first row."""
    return np.ascontiguousarray(v[n - 1 :]), np.ascontiguousarray(v[:n][::-1])


def _batch_toeplitz(primitive: Any, lanes: Any, arrays: Any, params: Any) -> Any:
    a, b = arrays
    stack = max(a.ndim - lanes[0] - 1, b.ndim - lanes[1] - 2)
    a = a.reshape(a.shape[:1] + (1,) * (stack + 2 - a.ndim) + a.shape[1:]) if lanes[0] else a
    b = b.reshape(b.shape[:1] + (1,) * (stack + 3 - b.ndim) + b.shape[1:]) if lanes[1] else b
    return primitive.call(a, b, **params)


def _toeplitz(*shape: int) -> Any:
    def make(rng: np.random.Generator) -> Any:
        v = rng.normal(size=shape)
        v[..., shape[-1] // 2] += 4.0
        return v

    return make


@general(
    _toeplitz_solution,
    arguments=("a", "b"),
    broadcasts=True,
    batch=_batch_toeplitz,
    on=[
        case(_toeplitz(5), (3, 2)),
        case(_toeplitz(2, 5), (3, 1)),
        case(_toeplitz(3), (2, 2, 2)),
        case(_toeplitz(1), (1, 2)),
    ],
    name="matrices.toeplitz_solution",
    pattern="...a,...ck->...dk",
)
class toeplitz_solution:
    """T Y = B, Tᵢⱼ = a of i − j;  ct_a sums −T⁻ᵀ ct Yᵀ over the diagonals."""

    def tangent_a(t: Any, a: Any, y: Any) -> Any:
        n = y.shape[-2]
        return -toeplitz_solution(a, np.matmul(toeplitz_of(t, n, n), y))

    def tangent_b(t: Any, a: Any) -> Any:
        return toeplitz_solution(a, t)

    def adjoint_a(ct: Any, a: Any, y: Any) -> Any:
        z = toeplitz_solution(a[..., ::-1], ct)
        return -_over_diagonals(np.matmul(z, y.mT))

    def adjoint_b(ct: Any, a: Any) -> Any:
        return toeplitz_solution(a[..., ::-1], ct)
