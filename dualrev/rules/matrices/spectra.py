"""Eigenvalues and eigenvectors of Hermitian matrices, also generalised, banded and tridiagonal.

A generalised problem becomes a standard one by the Cholesky factor of B; the vectors are turned into SciPy's by a sign
or phase each, which is a constant.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of, value
from dualrev.core.flavours import constant
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules import eigen
from dualrev.rules.degeneracy import equal_pairs, kept
from dualrev.rules.linalg import cholesky_factor, hermitian
from dualrev.rules.matrices import twins
from dualrev.rules.matrices.arguments import (
    alike_in_precision,
    conj,
    each,
    floating,
    matrix,
    mirrored,
    squared,
)
from dualrev.rules.matrices.solutions import triangular
from dualrev.rules.matrices.systems import half_band
from dualrev.rules.matrices.triangles import dense_of

__all__ = ["aligned"]

_TRIANGLE = "reads one triangle, the cotangent of the other is zero; "
_TIES = "where eigenvalues are equal, what tells them apart raises"
_PHASES = "vectors with vᴴdv = 0, a result that depends on their phases raises; "


# --------------------------------------------------------------------------------------------------
# Vectors as SciPy has them


def _phases_of(mine: Any, theirs: Any) -> Any:
    """Return for each column the sign or phase that turns it into SciPy's."""
    if mine.shape != theirs.shape:
        return np.ones(mine.shape[-1], mine.dtype)
    along = np.sum(np.conj(mine) * theirs, axis=-2)
    size = np.abs(along)
    good = size > 0.5 * np.linalg.norm(mine, axis=-2) * np.linalg.norm(theirs, axis=-2)
    return np.where(good, along / np.where(good, size, 1), 1).astype(mine.dtype)


def _phases(v: Any, *arrays: Any, function: str, options: dict[str, Any], which: int) -> Any:
    call = getattr(linalg, function)

    def one(mine: Any, *rest: Any) -> Any:
        # The rows of a band, or of d and e, are arguments of their own.
        given = (rest[0][0], rest[0][1, :-1]) if function == "eigh_tridiagonal" else rest
        return _phases_of(mine, call(*given, **options)[which])

    return each(one, v, *arrays)


(phases,) = constant(_phases, answers=False)


def aligned(v: Any, *arrays: Any, function: str, which: int = 1, **options: Any) -> Any:
    return v * phases(v, *arrays, function=function, options=options, which=which)[..., None, :]


# --------------------------------------------------------------------------------------------------
# Hermitian matrices


def _subset(w: Any, by_index: Any, by_value: Any, name: str) -> slice | None:
    """Return which eigenvalues are asked for."""
    if by_index is not None and by_value is not None:
        raise ValueError("Either index or value subset can be requested.")
    if by_index is not None:
        lo, hi = (int(k) for k in by_index)
        n = w.shape[-1]
        if not 0 <= lo <= hi < n:
            raise ValueError(
                "Requested eigenvalue indices are not valid. "
                f"Valid range is [0, {n - 1}] and start <= end, but start={lo}, end={hi} is given"
            )
        return slice(lo, hi + 1)
    if by_value is None:
        return None
    low, high = by_value
    if not -np.inf <= low < high <= np.inf:
        raise ValueError(
            "Requested eigenvalue bounds are not valid. Valid range is (-inf, inf) and low < high, but "
            f"low={low}, high={high} is given"
        )
    plain = value(w)
    if plain.ndim > 1:
        raise UnsupportedError(
            f"scipy.linalg.{name}",
            "how many eigenvalues are in an interval differs between matrices",
            "use subset_by_index, or all eigenvalues and np.where",
        )
    return slice(int(np.sum(plain <= low)), int(np.sum(plain <= high)))


def _cut(w: Any, v: Any, part: slice | None) -> tuple[Any, Any]:
    return (w, v) if part is None else (w[..., part], v[..., part])


def _standard(a: Any, b: Any, kind: int) -> tuple[Any, Any]:
    """Return the matrix of the standard problem, and B's Cholesky factor."""
    factor = cholesky_factor(b)
    if kind == 1:
        half = triangular(factor, a, lower=True, unit=False, trans=False)
        return triangular(factor, hermitian(half), lower=True, unit=False, trans=False), factor
    return np.matmul(np.matmul(hermitian(factor), a), factor), factor


@numpy_function(
    linalg.eigh,
    kind="rule",
    note=_TRIANGLE + _PHASES + "generalised problems by Cholesky; " + _TIES,
)
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """Answer ``scipy.linalg.eigh``."""
    a = squared(a, check_finite)
    uplo, whole = "L" if lower else "U", a
    factor: Any = None
    if driver not in (None, "ev", "evd", "evr", "evx", "gv", "gvd", "gvx"):
        raise ValueError(f'"{driver}" is unknown.')
    if b is not None:
        if type not in (1, 2, 3):
            raise ValueError('"type" keyword only accepts 1, 2, and 3.')
        b = squared(b, check_finite)
        if b.shape[-1] != a.shape[-1]:
            raise ValueError(f"wrong b dimensions {b.shape}, should be {a.shape}")
        if driver in ("ev", "evd", "evr", "evx"):
            raise ValueError(
                f'"{driver}" does not accept input b array for standard eigenvalue problems.'
            )
        a, b = alike_in_precision(mirrored(a, bool(lower)), mirrored(b, bool(lower)))
        whole, factor = _standard(a, b, type)
    elif driver in ("gv", "gvd", "gvx"):
        raise ValueError(
            f"{driver} requires input b array to be supplied for generalized eigenvalue problems."
        )
    if eigvals_only:
        w = eigen.eigvalsh(whole, uplo)
        part = _subset(w, subset_by_index, subset_by_value, "eigh")
        return w if part is None else w[..., part]
    own = driver if b is None else None
    w, v = twins.eigh(whole, uplo=uplo, driver=own)
    v = kept(v, w, equal_pairs(w), "eigh")
    w, v = _cut(w, v, _subset(w, subset_by_index, subset_by_value, "eigh"))
    if b is None and subset_by_index is None and subset_by_value is None:
        return w, v
    options = {
        "lower": bool(lower),
        "subset_by_index": subset_by_index,
        "subset_by_value": subset_by_value,
        "driver": driver,
    }
    if b is None:
        return w, aligned(v, a, function="eigh", **options)
    if type == 3:
        v = np.matmul(factor, v)
    else:
        # Lᴴ x = v
        v = triangular(conj(factor), v, lower=True, unit=False, trans=True)
    return w, aligned(v, a, b, function="eigh", type=type, **options)


@numpy_function(
    linalg.eigvalsh, kind="rule", note=_TRIANGLE + "generalised problems by Cholesky; " + _TIES
)
def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """Answer ``scipy.linalg.eigvalsh``."""
    return eigh(
        a,
        b,
        lower=lower,
        eigvals_only=True,
        type=type,
        check_finite=check_finite,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
        driver=driver,
    )


# --------------------------------------------------------------------------------------------------
# Bands


def _chosen(select: Any, select_range: Any) -> tuple[Any, Any]:
    """Return the subset by index and by value that `select` means."""
    if isinstance(select, str):
        select = select.lower()
    try:
        kind = {"all": 0, "value": 1, "index": 2, "a": 0, "v": 1, "i": 2, 0: 0, 1: 1, 2: 2}[select]
    except KeyError as error:
        raise ValueError("invalid argument for select") from error
    if kind == 0:
        return None, None
    pair = tuple(np.asarray(select_range).tolist())
    return (pair, None) if kind == 2 else (None, pair)


def _of_matrix(a: Any, chosen: tuple[Any, Any], only: bool, name: str) -> Any:
    if only:
        w = eigen.eigvalsh(a)
        part = _subset(w, *chosen, name)
        return w if part is None else w[..., part]
    w, v = twins.eigh(a, uplo="L", driver=None)
    v = kept(v, w, equal_pairs(w), "eigh")
    return _cut(w, v, _subset(w, *chosen, name))


_DENSE = "through the whole matrix: n² numbers; "


@numpy_function(linalg.eig_banded, note=_DENSE + _PHASES + _TIES)
def eig_banded(
    a_band: Any,
    lower: bool = False,
    eigvals_only: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    max_ev: int = 0,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.eig_banded``."""
    ab = matrix(a_band, check_finite)
    band, k = half_band(ab, bool(lower))
    found = _of_matrix(
        dense_of(band, k, k), _chosen(select, select_range), bool(eigvals_only), "eig_banded"
    )
    if eigvals_only:
        return found
    w, v = found
    options = {
        "lower": bool(lower),
        "select": select,
        "select_range": select_range,
        "max_ev": max_ev,
    }
    return w, aligned(v, ab, function="eig_banded", **options)


@numpy_function(linalg.eigvals_banded, note=_DENSE + _TIES)
def eigvals_banded(
    a_band: Any,
    lower: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.eigvals_banded``."""
    return eig_banded(
        a_band,
        lower=lower,
        eigvals_only=True,
        select=select,
        select_range=select_range,
        check_finite=check_finite,
    )


@numpy_function(linalg.eigh_tridiagonal, note=_DENSE + _PHASES + _TIES)
def eigh_tridiagonal(
    d: Any,
    e: Any,
    eigvals_only: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """Answer ``scipy.linalg.eigh_tridiagonal``."""
    d, e = floating(d, check_finite), floating(e, check_finite)
    if "c" in (dtype_of(d).kind, dtype_of(e).kind):
        raise TypeError("Only real arrays currently supported")
    if d.shape[-1] != e.shape[-1] + 1:
        raise ValueError(f"d ({d.size}) must have one more element than e ({e.size})")
    lead = np.broadcast_shapes(d.shape[:-1], e.shape[:-1])
    d, e = (np.broadcast_to(v, lead + v.shape[-1:]) for v in (d, e))
    ab = np.stack([d, np.concatenate([e, np.zeros((*lead, 1), bool)], axis=-1)], axis=-2)
    band, k = half_band(ab, True)
    chosen = _chosen(select, select_range)
    found = _of_matrix(dense_of(band, k, k), chosen, bool(eigvals_only), "eigh_tridiagonal")
    if eigvals_only:
        return found
    w, v = found
    options = {"select": select, "select_range": select_range, "lapack_driver": lapack_driver}
    return w, aligned(v, ab, function="eigh_tridiagonal", **options)


@numpy_function(linalg.eigvalsh_tridiagonal, note=_DENSE + _TIES)
def eigvalsh_tridiagonal(
    d: Any,
    e: Any,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    """Answer ``scipy.linalg.eigvalsh_tridiagonal``."""
    return eigh_tridiagonal(
        d, e, True, select=select, select_range=select_range, check_finite=check_finite
    )
