"""Answers for inverses, determinants, norms and least squares: the rules of numpy.linalg with SciPy's arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of, value
from dualrev.core.flavours import batch_leading, constant
from dualrev.core.primitive import numpy_function
from dualrev.rules import determinants, factorisations, norms
from dualrev.rules.linalg import hermitian, pseudoinverse
from dualrev.rules.linalg import inv as inverse
from dualrev.rules.matrices.arguments import floating, matrix, squared
from dualrev.rules.matrices.systems import structured

__all__: list[str] = []


@numpy_function(
    linalg.inv, kind="rule", note="of the matrix the entries count that `assume_a` says are read"
)
def inv(
    a: Any,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: Any = None,
    lower: bool = False,
) -> Any:
    """Answer ``scipy.linalg.inv``."""
    form, a = structured(squared(a, check_finite), assume_a, lower)
    if form.endswith("triangular"):
        a = np.tril(a) if form[0] == "l" else np.triu(a)
    elif form == "diagonal":
        a = a * np.eye(a.shape[-1], dtype=bool)
    elif form == "positive definite" and a.size:
        np.linalg.cholesky(value(a))  # raises for others, as SciPy does
    return inverse(a)


@numpy_function(
    linalg.det,
    kind="rule",
    note="in double precision, as SciPy has it; otherwise as numpy.linalg.det",
)
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Answer ``scipy.linalg.det``."""
    a = squared(a, check_finite)
    return determinants.det(a.astype(complex if dtype_of(a).kind == "c" else float))


@numpy_function(linalg.norm, note="0 at 0; equal singular values share equally")
def norm(
    a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Any:
    """Answer ``scipy.linalg.norm``."""
    return norms.norm(floating(a, check_finite), ord, axis, keepdims)


# --------------------------------------------------------------------------------------------------
# Pseudoinverses and least squares


def _sizes(a: Any, triangle: Any) -> Any:
    """Return the singular values, of a Hermitian matrix given by one triangle the absolute eigenvalues."""
    if triangle is None:
        return np.linalg.svd(a, compute_uv=False)
    return np.abs(np.linalg.eigvalsh(a, triangle))


def _rank(a: Any, *, atol: float, rtol: float, triangle: Any) -> Any:
    s = _sizes(a, triangle)
    return np.sum(s > np.expand_dims(atol + s.max(-1, initial=0) * rtol, -1), axis=-1)


(rank_of,) = constant(_rank, batch=batch_leading, answers=False)


def _pseudoinverse(a: Any, atol: Any, rtol: Any, triangle: Any, return_rank: bool) -> Any:
    unit = float(np.finfo(dtype_of(a)).eps)
    atol = 0.0 if atol is None else float(atol)
    rtol = max(a.shape[-2:]) * unit if rtol is None else float(rtol)
    if atol < 0 or rtol < 0:
        raise ValueError("atol and rtol values must be positive.")
    rcond: Any = rtol
    if atol:
        top = _sizes(value(a), triangle).max(-1, initial=0)
        rcond = rtol + np.divide(atol, top, out=np.zeros_like(top), where=top > 0)[()]
    y = pseudoinverse(
        hermitian(a) if triangle == "U" else a, rcond=rcond, triangle=triangle is not None
    )
    return (y, rank_of(a, atol=atol, rtol=rtol, triangle=triangle)) if return_rank else y


_RANK = "for locally constant rank, which is a constant; a cutoff that drops more than rounding errors raises"


@numpy_function(linalg.pinv, kind="rule", note=_RANK)
def pinv(
    a: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.pinv``."""
    return _pseudoinverse(matrix(a, check_finite), atol, rtol, None, return_rank)


@numpy_function(linalg.pinvh, kind="rule", note="reads one triangle; " + _RANK)
def pinvh(
    a: Any,
    atol: Any = None,
    rtol: Any = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.pinvh``."""
    triangle = "L" if lower else "U"
    return _pseudoinverse(squared(a, check_finite), atol, rtol, triangle, return_rank)


@numpy_function(
    linalg.lstsq,
    kind="rule",
    note="for locally constant rank, which is a constant; singular values as svdvals",
)
def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: Any = None,
) -> Any:
    """Answer ``scipy.linalg.lstsq``: solution, sums of squared residuals, rank and singular values."""
    a, b = matrix(a, check_finite), floating(b, check_finite)
    if lapack_driver not in (None, "gelsd", "gelsy", "gelss"):
        raise ValueError(f'LAPACK driver "{lapack_driver}" is not found')
    if a.ndim > 2 or b.ndim > 2:
        return _stacked(a, b, cond, lapack_driver)
    if a.shape[0] != b.shape[0]:
        raise ValueError(
            "Shape mismatch: a and b should have the same number of rows "
            f"({a.shape[0]} != {b.shape[0]})."
        )
    unit = np.finfo(np.result_type(dtype_of(a), dtype_of(b))).eps
    x, rest, rank, s = factorisations.lstsq(a, b, float(unit if cond is None else cond))
    if lapack_driver == "gelsy":
        return x, np.array([], dtype_of(x)), rank, None
    if not rest.shape[-1]:
        rest = np.array([], dtype_of(x))
    return x, rest[0] if b.ndim == 1 and rest.shape[-1] else rest, rank, s


def _stacked(a: Any, b: Any, cond: Any, driver: Any) -> Any:
    """Solve one least squares problem after the other."""
    core = min(b.ndim, 2)
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[: b.ndim - core])
    a = np.broadcast_to(a, lead + a.shape[-2:])
    b = np.broadcast_to(b, lead + b.shape[b.ndim - core :])
    found = [lstsq(a[k], b[k], cond, lapack_driver=driver) for k in np.ndindex(*lead)]
    parts = [None if p[0] is None else np.stack(p) for p in zip(*found, strict=True)]
    return tuple(None if p is None else np.reshape(p, lead + p.shape[1:]) for p in parts)
