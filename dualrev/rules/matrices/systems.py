"""Answers for what solves linear systems: solve and its special forms, inverses, least squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of, value
from dualrev.core.flavours import batch_leading, constant
from dualrev.core.primitive import numpy_function
from dualrev.rules.matrices.arguments import (
    alike_in_precision,
    double,
    each,
    floating,
    matrix,
    mirrored,
    real_if,
    squared,
    with_columns,
)
from dualrev.rules.matrices.solutions import (
    band,
    factor,
    solution,
    toeplitz_of,
    toeplitz_solution,
    triangular,
)

__all__ = ["columns_for", "half_band", "structured"]

_LONG = {
    "gen": "general",
    "sym": "symmetric",
    "her": "hermitian",
    "pos": "positive definite",
    None: "general",
    "banded": "general",
}
_STRUCTURES = (
    "general",
    "diagonal",
    "tridiagonal",
    "upper triangular",
    "lower triangular",
    "symmetric",
    "hermitian",
    "positive definite",
)
_TRIANGLE = "one that is assumed symmetric, Hermitian or positive is read from one triangle, "
_ZERO = "the cotangent of the other is zero"


def structured(a: Any, assume_a: Any, lower: bool) -> tuple[str, Any]:
    """Return the structure that is assumed, and the matrix as it says."""
    form = _LONG.get(assume_a, assume_a)
    if form not in _STRUCTURES:
        raise ValueError(f"{assume_a} is not a recognized matrix structure")
    if form in ("symmetric", "hermitian", "positive definite"):
        a = mirrored(a, bool(lower), form != "symmetric")
    return form, a


def columns_for(a: Any, b: Any, check_finite: bool, size: int | None = None) -> tuple[Any, bool]:
    """Return a right-hand side as columns and whether it was a vector, of as many rows as `a`."""
    b, vector = with_columns(floating(b, check_finite))
    if b.shape[-2] != (a.shape[-1] if size is None else size):
        raise ValueError(f"shapes {a.shape} and {b.shape} are incompatible")
    return b, vector


def _by_structure(a: Any, b: Any, form: str, transposed: bool) -> Any:
    over = {"axis1": -2, "axis2": -1}
    if form == "diagonal":
        d = np.diagonal(a, **over)
        if np.any(value(d) == 0):
            raise np.linalg.LinAlgError("A singular matrix detected.")
        return b / d[..., None]
    if form == "tridiagonal" and a.shape[-1] > 1:
        down, up = (1, -1) if transposed else (-1, 1)
        parts = [np.diagonal(a, k, **over) for k in (up, 0, down)]
        none = np.zeros((*a.shape[:-2], 1), bool)
        rows = [
            np.concatenate([none, parts[0]], -1),
            parts[1],
            np.concatenate([parts[2], none], -1),
        ]
        return band(np.stack(rows, axis=-2), b, low=1, up=1)
    if form.endswith("triangular"):
        return triangular(a, b, lower=form[0] == "l", unit=False, trans=transposed)
    # As in SciPy, the factorisation has the precision of the result.
    a, b = alike_in_precision(a, b)
    kind = "positive" if form[0] == "p" else "general"
    return solution(a, b, factor(a, form=kind), trans=transposed)


@numpy_function(
    linalg.solve,
    kind="rule",
    note="one factorisation for all derivatives; of the matrix the entries count that `assume_a` says are read: "
    + _TRIANGLE
    + _ZERO,
)
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    """Answer ``scipy.linalg.solve``."""
    a = floating(a, check_finite)
    a = a.reshape((1,) * (2 - a.ndim) + a.shape) if a.ndim < 2 else a
    if a.shape[-1] != a.shape[-2]:
        raise ValueError(f"Expected square matrix, got a1.shape={a.shape}")
    if dtype_of(a).kind == "c" and transposed:
        raise NotImplementedError(
            "scipy.linalg.solve can currently not solve a^T x = b or a^H x = b for complex matrices."
        )
    form, a = structured(a, assume_a, lower)
    b = floating(b, check_finite)
    b, vector = with_columns(b.reshape(1) if b.ndim == 0 else b)
    if a.size == 1 and b.shape[-2] != 1:
        y = b / a
    elif b.shape[-2] != a.shape[-1]:
        raise ValueError(f"incompatible shapes: a1.shape={a.shape} and b1.shape={b.shape}")
    else:
        y = _by_structure(a, b, form, bool(transposed))
    return y[..., 0] if vector else y


@numpy_function(linalg.solve_triangular, kind="rule", note="only the triangle that is read counts")
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.solve_triangular``; `trans` 2 is the conjugate transpose."""
    a = squared(a, check_finite)
    b, vector = columns_for(a, b, check_finite)
    trans = {"N": 0, "T": 1, "C": 2}.get(trans, trans)
    if trans not in (0, 1, 2):
        raise ValueError(f"trans is 0, 1, 2 or 'N', 'T', 'C', not {trans!r}")
    a = np.conjugate(a) if trans == 2 and dtype_of(a).kind == "c" else a
    y = triangular(a, b, lower=bool(lower), unit=bool(unit_diagonal), trans=bool(trans))
    return y[..., 0] if vector else y


# --------------------------------------------------------------------------------------------------
# Bands


@numpy_function(linalg.solve_banded, kind="rule")
def solve_banded(
    l_and_u: Any,
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.solve_banded``."""
    low, up = (int(k) for k in l_and_u)
    ab = matrix(ab, check_finite)
    b, vector = columns_for(ab, b, check_finite)
    if low + up + 1 != ab.shape[-2]:
        raise ValueError(
            "invalid values for the number of lower and upper diagonals: l+u+1 "
            f"({low + up + 1}) does not equal ab.shape[0] ({ab.shape[-2]})"
        )
    y = band(ab, b, low=low, up=up)
    return y[..., 0] if vector else y


def half_band(ab: Any, lower: bool) -> tuple[Any, int]:
    """Return the whole band of a Hermitian matrix given by half of it, and how many diagonals it has on each side."""
    k, n = ab.shape[-2] - 1, ab.shape[-1]
    rows = [ab[..., r, :] for r in range(k + 1)]
    rows = rows if lower else rows[::-1]
    below, above = [np.real(rows[0])], []
    for d in range(1, min(k, n - 1) + 1):
        none = np.zeros((*ab.shape[:-2], d), bool)
        # Diagonal d starts in column 0 of a lower band and in column d of an upper one.
        entries = rows[d][..., : n - d] if lower else rows[d][..., d:]
        other = np.conjugate(entries) if dtype_of(ab).kind == "c" else entries
        down, over = (entries, other) if lower else (other, entries)
        below.append(np.concatenate([down, none], axis=-1))
        above.append(np.concatenate([none, over], axis=-1))
    return np.stack([*above[::-1], *below], axis=-2), min(k, n - 1)


def _check_positive(ab: Any, *, lower: bool) -> bool:
    each(lambda m: linalg.cholesky_banded(m, lower=lower, check_finite=False), ab)
    return True


(check_positive,) = constant(_check_positive, answers=False)


@numpy_function(linalg.solveh_banded, note="as solve_banded with the other half of the band")
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.solveh_banded``."""
    ab = matrix(ab, check_finite)
    b, vector = columns_for(ab, b, check_finite)
    if ab.size:
        check_positive(ab, lower=bool(lower))
    whole, k = half_band(ab, bool(lower))
    y = band(whole, b, low=k, up=k)
    return y[..., 0] if vector else y


# --------------------------------------------------------------------------------------------------
# Toeplitz and circulant matrices


def _first_column_and_row(c_or_cr: Any, check_finite: bool) -> tuple[Any, Any]:
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, None)
    c = floating(c, check_finite)
    return c, np.conjugate(c) if r is None else floating(r, check_finite)


def _wide(a: Any, lead: tuple[int, ...]) -> Any:
    return np.broadcast_to(a, lead + a.shape[-1:])


@numpy_function(linalg.solve_toeplitz, kind="rule")
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    """Answer ``scipy.linalg.solve_toeplitz``."""
    c, r = _first_column_and_row(c_or_cr, check_finite)
    if c.shape[-1] != r.shape[-1]:
        raise ValueError("Incompatible dimensions.")
    b, vector = columns_for(c, b, check_finite)
    lead = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
    v = np.concatenate([_wide(r[..., :0:-1], lead), _wide(c, lead)], axis=-1)
    y = toeplitz_solution(double(v), double(b))
    return y[..., 0] if vector else y


@numpy_function(linalg.matmul_toeplitz, note="by Fourier transforms, as in SciPy")
def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    """Answer ``scipy.linalg.matmul_toeplitz``."""
    c, r = _first_column_and_row(c_or_cr, check_finite)
    c, r = double(c), double(r)
    x, vector = columns_for(r, x, check_finite)
    x = double(x)
    rows, columns = c.shape[-1], r.shape[-1]
    if rows * columns <= 1024 or not x.size:
        lead = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
        v = np.concatenate([_wide(r[..., :0:-1], lead), _wide(c, lead)], axis=-1)
        y = np.matmul(toeplitz_of(v, rows, columns), x)
    else:
        size = rows + columns - 1
        lead = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
        v = np.concatenate([_wide(c, lead), _wide(r[..., :0:-1], lead)], axis=-1)
        y = np.fft.ifft(np.fft.fft(v, axis=-1)[..., None] * np.fft.fft(x, n=size, axis=-2), axis=-2)
        y = real_if(y[..., :rows, :], v, x)
    return y[..., 0] if vector else y


def _lost(fc: Any, *, tol: Any, refuse: bool) -> Any:
    """Return which frequencies are zero to rounding."""
    size = np.abs(fc)
    if tol is None:
        tol = np.max(size, axis=-1, keepdims=True) * fc.shape[-1] * np.finfo(float).eps
    lost = size <= tol
    if refuse and lost.any():
        raise np.linalg.LinAlgError("near singular circulant matrix.")
    return lost


(lost_of,) = constant(_lost, batch=batch_leading, answers=False)


@numpy_function(linalg.solve_circulant, note="frequencies that `tol` calls zero are left out")
def solve_circulant(
    c: Any,
    b: Any,
    singular: str = "raise",
    tol: Any = None,
    caxis: int = -1,
    baxis: int = 0,
    outaxis: int = 0,
) -> Any:
    """Answer ``scipy.linalg.solve_circulant`` by Fourier transforms."""
    c, b = (np.atleast_1d(floating(v, False)) for v in (c, b))
    c, b = np.moveaxis(c, caxis, -1), np.moveaxis(b, baxis, -1)
    if c.shape[-1] != b.shape[-1]:
        raise ValueError(f"Shapes of c {c.shape} and b {b.shape} are incompatible")
    if not b.size:
        return np.zeros_like(b)
    fc = np.fft.fft(c, axis=-1)
    lost = lost_of(fc, tol=value(tol), refuse=singular == "raise")
    q = np.where(lost, 0, np.fft.fft(b, axis=-1) / np.where(lost, 1, fc))
    x = real_if(np.fft.ifft(q, axis=-1), c, b)
    return np.moveaxis(x, -1, outaxis) if outaxis != -1 else x
