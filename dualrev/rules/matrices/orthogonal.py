"""Orthogonal factors: QR and RQ, singular values and vectors, the polar decomposition and what is made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of
from dualrev.core.domains import case
from dualrev.core.flavours import batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules import singular
from dualrev.rules.degeneracy import equal_pairs, kept, none
from dualrev.rules.linalg import hermitian
from dualrev.rules.matrices import twins
from dualrev.rules.matrices.arguments import conj, each, floating, matrix
from dualrev.rules.matrices.equations import sylvester
from dualrev.rules.matrices.systems import solve

__all__: list[str] = []

_QR_NOTE = (
    "the diagonal of R stays real; columns that complete Q count only by the space they span; dependent columns "
    "raise"
)


# --------------------------------------------------------------------------------------------------
# QR


def _column_order(a: Any) -> Any:
    return each(lambda m: linalg.qr(m, mode="r", pivoting=True, check_finite=False)[1], a)


(column_order,) = constant(_column_order, answers=False)


def _factors(a: Any, mode: str, pivoting: bool) -> tuple[Any, ...]:
    """Return Q, R and the order of the columns, if they are pivoted."""
    if not pivoting:
        return twins.qr(a, mode=mode)
    p = column_order(a)
    a = np.take_along_axis(a, np.broadcast_to(p[..., None, :], a.shape), axis=-1)
    return *twins.qr(a, mode=mode), p


def _no_raw(name: str) -> UnsupportedError:
    return UnsupportedError(
        f"scipy.linalg.{name}", "mode='raw' has no rule", "use mode='economic': Q and R have one"
    )


@numpy_function(
    linalg.qr, kind="rule", note=_QR_NOTE + "; the permutation is a constant; mode raw has no rule"
)
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.qr``."""
    if mode not in ("full", "qr", "r", "economic", "raw"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic', 'raw']")
    if mode == "raw":
        raise _no_raw("qr")
    a = matrix(a, check_finite)
    if mode == "r":
        # R alone needs no columns that complete Q: rows of zeros do.
        _, r, *rest = _factors(a, "reduced", pivoting)
        missing = a.shape[-2] - r.shape[-2]
        return np.pad(r, [(0, 0)] * (r.ndim - 2) + [(0, missing), (0, 0)]), *rest
    return tuple(_factors(a, "reduced" if mode == "economic" else "complete", pivoting))


@numpy_function(linalg.qr_multiply, note="by the factor Q of qr; " + _QR_NOTE)
def qr_multiply(
    a: Any,
    c: Any,
    mode: str = "right",
    pivoting: bool = False,
    conjugate: bool = False,
    overwrite_a: bool = False,
    overwrite_c: bool = False,
) -> Any:
    """Answer ``scipy.linalg.qr_multiply``."""
    if mode not in ("left", "right"):
        raise ValueError(f"Mode argument can only be 'left' or 'right' but not '{mode}'")
    a, c = matrix(a), floating(c)
    vector = c.ndim < 2
    if vector:
        c = c[:, None] if mode == "left" else c[None, :]
    q, *rest = _factors(a, "reduced", pivoting)
    q = conj(q) if conjugate else q
    inner = (q.shape[-1], c.shape[-2]) if mode == "left" else (c.shape[-1], q.shape[-2])
    if inner[0] != inner[1]:
        raise ValueError(
            f"Array shapes are not compatible for {'Q @ c' if mode == 'left' else 'c @ Q'} operation: "
            f"{a.shape} vs {c.shape}"
        )
    y = np.matmul(q, c) if mode == "left" else np.matmul(c, q)
    if dtype_of(a).char in "fF" and dtype_of(y).char in "dD":
        y = y.astype("f" if dtype_of(y).char == "d" else "F")  # SciPy keeps to the precision of a
    if vector:
        y = y[..., 0] if mode == "left" else y[..., 0, :]
    return y, *rest


def _turn(q: Any, a: Any, *, mode: str) -> Any:
    """Return the unitary matrix that turns the rows of Q into those of SciPy."""

    def one(mine: Any, m: Any) -> Any:
        scipys = linalg.rq(m, mode=mode, check_finite=False)[1]
        turn = scipys @ mine.conj().T
        k = len(mine) - min(m.shape)
        keep = np.zeros(turn.shape, bool)
        keep[:k, :k] = True
        keep[range(k, len(mine)), range(k, len(mine))] = True
        return np.where(keep, turn, 0)

    return each(one, q, a)


(turn_of,) = constant(_turn, answers=False)


@numpy_function(linalg.rq, note="by qr of the rows in reverse order; " + _QR_NOTE)
def rq(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    check_finite: bool = True,
) -> Any:
    """Answer ``scipy.linalg.rq``: A = R Q, R upper triangular."""
    if mode not in ("full", "r", "economic"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic']")
    a = matrix(a, check_finite)
    m, n = a.shape[-2:]
    k = min(m, n)
    whole = mode != "economic" and n > k
    q, r = twins.qr(
        hermitian(a[..., m - k :, :][..., ::-1, :]), mode="complete" if whole else "reduced"
    )
    q, r = hermitian(q)[..., ::-1, :], hermitian(r[..., :k, :])[..., ::-1, ::-1]
    # Rows that complete Q come first; as R has zeros there, their order does not matter.
    turn = turn_of(q, a, mode="full" if whole else "economic")
    q, r = (
        np.matmul(turn, q),
        np.matmul(r, hermitian(turn[..., n - k if whole else 0 :, n - k if whole else 0 :])),
    )
    if m > k:
        r = np.concatenate([np.matmul(a[..., : m - k, :], hermitian(q)), r], axis=-2)
    if whole:
        r = np.concatenate([np.zeros((*r.shape[:-1], n - k), dtype_of(r)), r], axis=-1)
    return r if mode == "r" else (r, q)


# --------------------------------------------------------------------------------------------------
# Singular values


@numpy_function(
    linalg.svd,
    kind="rule",
    note="vectors up to a phase per pair, a result that depends on it raises, and up to the basis of what "
    "full_matrices adds; where singular values are equal, what tells them apart raises; values alone as svdvals",
)
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """Answer ``scipy.linalg.svd``."""
    if not isinstance(lapack_driver, str):
        raise TypeError("lapack_driver must be a string")
    if lapack_driver not in ("gesdd", "gesvd"):
        raise ValueError(f'lapack_driver must be "gesdd" or "gesvd", not "{lapack_driver}"')
    a = matrix(a, check_finite)
    if not compute_uv:
        return singular.singular_values(a, kinks=True)
    u, s, vh = twins.svd(a, full=bool(full_matrices), driver=lapack_driver)
    tied = equal_pairs(s)
    if none(tied):
        return u, s, vh
    k = s.shape[-1]
    frames = [
        np.concatenate([kept(f[..., :k], s, tied, "svd"), f[..., k:]], axis=-1) for f in (u, vh.mT)
    ]
    return frames[0], s, frames[1].mT


@numpy_function(
    linalg.svdvals,
    kind="rule",
    note="0 where a value is 0 to rounding; equal values: their sum has a derivative, a cotangent that tells them "
    "apart raises, tangents are shared equally",
)
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """Answer ``scipy.linalg.svdvals``."""
    return singular.singular_values(matrix(a, check_finite), kinks=True)


# --------------------------------------------------------------------------------------------------
# The polar decomposition


def _complex(*shape: int) -> Any:
    return lambda rng: singular.stretched(*shape)(rng) + 0.3j * rng.normal(size=shape)


@general(
    lambda x: each(linalg.polar, x),
    on=[
        case(singular.stretched(3, 3)),
        case(singular.stretched(2, 3, 2)),
        case(_complex(3, 2)),
        case(lambda rng: np.eye(3) + 0.0),
    ],
    name="matrices.polar",
    pattern="...ab->...cd,...ef",
    batch=batch_leading,
    analytic=False,
    kinks="dependent columns raise LinAlgError",
)
class polar_:
    """A = U P, with columns at most as many as rows; M = Uᴴ dA, Ω P + P Ω = M − Mᴴ: dP = M − Ω P,
    dU = U Ω + (1 − U Uᴴ) dA P⁻¹ (Higham 2008, section 8.4).
    """

    def tangent(t: Any, y: Any) -> Any:
        u, p = y
        m = np.matmul(hermitian(u), t)
        turn = sylvester(p, p, m - hermitian(m))
        du = np.matmul(u, turn)
        if u.shape[-2] > u.shape[-1]:
            du = du + hermitian(solve(p, hermitian(t - np.matmul(u, m))))
        return du, m - np.matmul(turn, p)

    def adjoint(ct: Any, y: Any) -> Any:
        (ct_u, ct_p), (u, p) = ct, y
        z = sylvester(p.mT, p.mT, np.matmul(u.mT, ct_u) - np.matmul(ct_p, p.mT))
        g = np.matmul(conj(u), ct_p + z - hermitian(z))
        if u.shape[-2] > u.shape[-1]:
            beyond = ct_u - np.matmul(conj(u), np.matmul(u.mT, ct_u))
            g = g + solve(p, beyond.mT).mT
        return g


@numpy_function(
    linalg.polar,
    kind="rule",
    note="by a Sylvester equation, for equal singular values too; rank-deficient matrices raise",
)
def polar(a: Any, side: str = "right") -> Any:
    """Answer ``scipy.linalg.polar``."""
    if side not in ("right", "left"):
        raise ValueError("`side` must be either 'right' or 'left'")
    a = matrix(a, False)
    if a.shape[-2] >= a.shape[-1]:
        u, p = polar_(a)
        return u, p if side == "right" else np.matmul(a, hermitian(u))
    u, p = polar_(hermitian(a))
    return hermitian(u), p if side == "left" else np.matmul(u, a)


@numpy_function(
    linalg.orthogonal_procrustes, note="by the polar decomposition of AᴴB, which must be regular"
)
def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> Any:
    """Answer ``scipy.linalg.orthogonal_procrustes``."""
    A, B = matrix(A, check_finite), matrix(B, check_finite)
    if A.shape[-2:] != B.shape[-2:]:
        raise ValueError(f"the shapes of A and B differ ({A.shape} vs {B.shape})")
    u, p = polar_(np.matmul(hermitian(A), B))
    return u, np.real(np.trace(p, axis1=-2, axis2=-1))


@numpy_function(
    linalg.subspace_angles, note="of matrices with independent columns; 0 where an angle is 0"
)
def subspace_angles(A: Any, B: Any) -> Any:
    """Answer ``scipy.linalg.subspace_angles``."""
    A, B = matrix(A), matrix(B)
    if A.shape[-2] != B.shape[-2]:
        raise ValueError(
            f"A and B must have the same number of rows, got {A.shape[-2]} and {B.shape[-2]}."
        )
    if max(A.shape[-1], B.shape[-1]) > A.shape[-2]:
        raise UnsupportedError(
            "scipy.linalg.subspace_angles",
            "more columns than rows depend on each other",
            "pass a basis of the space",
        )
    (qa, _), (qb, _) = (twins.qr(m, mode="reduced") for m in (A, B))
    if qa.shape[-1] < qb.shape[-1]:
        qa, qb = qb, qa
    inner = np.matmul(hermitian(qa), qb)
    cosines = singular.singular_values(inner, kinks=True)[..., ::-1]
    sines = singular.singular_values(qb - np.matmul(qa, inner), kinks=True)
    small = cosines**2 >= 0.5
    by_sine = np.arcsin(np.where(small, np.clip(sines, -1.0, 1.0), 0))
    by_cosine = np.arccos(np.where(small, 0, np.clip(cosines, -1.0, 1.0)))
    return np.where(small, by_sine, by_cosine)
