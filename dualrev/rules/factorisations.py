"""Factorisations that solve: QR, and least squares.

Walter & Lehmann (2010), "Algorithmic differentiation of linear algebra functions with application in optimum
experimental design", arXiv:1001.1654 (QR); Golub & Pereyra (1973), SIAM J. Numer. Anal. 10(2) (least squares).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.dependence import per_matrix, small
from dualrev.core.domains import case
from dualrev.core.flavours import batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.degeneracy import diagonal, rounding
from dualrev.rules.linalg import check_cutoff, hermitian, pseudoinverse
from dualrev.rules.singular import (
    added_adjoint,
    added_tangent,
    matrices,
    stretched,
    values_adjoint,
    values_tangent,
)

__all__: list[str] = []


def _conj(x: Any) -> Any:
    return np.conjugate(x) if dtype_of(x).kind == "c" else x


def _on_diagonal(d: Any) -> Any:
    return d[..., None, :] * np.eye(d.shape[-1], dtype=bool)


# --------------------------------------------------------------------------------------------------
# QR


def _check_rank(r: Any) -> Any:
    d = np.abs(diagonal(r))
    bad = d <= rounding(r.reshape(*r.shape[:-2], r.shape[-1] ** 2))[..., None]
    if bad.any():
        columns = np.flatnonzero(bad[tuple(np.argwhere(bad)[0][:-1])]).tolist()
        raise np.linalg.LinAlgError(
            f"qr: columns {columns} depend on those before them, so that Q and R have no derivative. "
            "Leave them out, or use svd."
        )
    return bad


(check_rank,) = constant(_check_rank, batch=batch_leading, answers=False)


def _turning(c: Any) -> Any:
    """Ω: the skew-Hermitian matrix with the lower triangle of `c`."""
    low = np.tril(c, -1)
    turn = low - hermitian(low)
    return turn + 1j * _on_diagonal(np.imag(diagonal(c))) if dtype_of(c).kind == "c" else turn


def _turning_transposed(g: Any) -> Any:
    low = np.tril(g - hermitian(g), -1)
    return low + 1j * _on_diagonal(np.imag(diagonal(g))) if dtype_of(g).kind == "c" else low


def _over_r(x: Any, r: Any) -> Any:
    """X R⁻¹."""
    return np.linalg.solve(r.mT, x.mT).mT


def _complex_regular(*shape: int) -> Any:
    return lambda rng: stretched(*shape)(rng) + 0.3j * rng.normal(size=shape)


def _qr_dependence(primals: Any, y: Any, **_: Any) -> Any:
    (x,), (q, r) = primals, y
    if not small((*x.shape[:-2], max(x.shape[-2:]), max(x.shape[-2:]))):
        return "...ab->...cd,...ef"
    found = []
    for part, of_q in ((q, True), (r, False)):
        i, j, _, b = np.indices(part.shape[-2:] + x.shape[-2:])
        # Gram and Schmidt: qⱼ comes from the columns up to j (the last of a basis from the others), rᵢⱼ = qᵢᴴ aⱼ.
        last = q.shape[-2] - 2
        related = (
            b <= np.minimum(j, last) if of_q else (i <= j) & ((b <= np.minimum(i, last)) | (b == j))
        )
        table = related.reshape(math.prod(part.shape[-2:]), math.prod(x.shape[-2:]))
        found.append((per_matrix(table, math.prod(x.shape[:-2])),))
    return found


@general(
    lambda x, *, mode: tuple(np.linalg.qr(x, mode)),
    on=[
        case(stretched(3, 2), mode="reduced"),
        case(stretched(2, 2, 3), mode="reduced"),
        case(stretched(3, 3), mode="complete"),
        case(stretched(3, 2), mode="complete"),
        case(_complex_regular(3, 2), mode="reduced"),
        case(_complex_regular(2, 3), mode="reduced"),
    ],
    name="qr",
    pattern=_qr_dependence,
    batch=batch_leading,
    analytic=False,
    kinks="the diagonal of R stays real; columns that complete Q turn least; dependent columns raise LinAlgError",
)
class qr_:
    """With C = Qᴴ dA R⁻¹ and Ω skew-Hermitian with C's lower triangle: dR = (C − Ω) R, dQ = dA R⁻¹ − Q (C − Ω).

    For wide A = (A₁ A₂) this is for A₁, and dR₂ = Qᴴ dA₂ − Ω R₂. Walter & Lehmann (2010), arXiv:1001.1654.
    """

    def tangent(t: Any, y: Any, *, mode: str) -> Any:
        q, r = y
        k = min(t.shape[-2:])
        first, r1 = q[..., :k], r[..., :k, :k]
        check_rank(r1)
        b = _over_r(t[..., :k], r1)
        c = np.matmul(hermitian(first), b)
        turn = _turning(c)
        dq, dr = b - np.matmul(first, c - turn), np.matmul(c - turn, r1)
        if t.shape[-1] > k:
            beside = np.matmul(hermitian(first), t[..., k:]) - np.matmul(turn, r[..., :k, k:])
            dr = np.concatenate([dr, beside], axis=-1)
        if r.shape[-2] > k:
            below = np.zeros((*r.shape[:-2], r.shape[-2] - k, r.shape[-1]), dtype_of(r))
            dr = np.concatenate([dr, below], axis=-2)
        return added_tangent(q, dq), dr

    def adjoint(ct: Any, y: Any, *, mode: str) -> Any:
        q, r = y
        k = min(q.shape[-2], r.shape[-1])
        first, r1 = q[..., :k], r[..., :k, :k]
        check_rank(r1)
        ct_q, ct_r = added_adjoint(q, ct[0], k, "qr"), np.triu(ct[1])[..., :k, :]
        upper = np.matmul(ct_r[..., :k], r1.mT) - np.matmul(first.mT, ct_q)
        turn = -upper
        if r.shape[-1] > k:
            turn = turn - np.matmul(ct_r[..., k:], r[..., :k, k:].mT)
        ct_b = ct_q + np.matmul(_conj(first), upper + _turning_transposed(turn))
        g = np.linalg.solve(r1, ct_b.mT).mT
        if r.shape[-1] > k:
            g = np.concatenate([g, np.matmul(_conj(first), ct_r[..., k:])], axis=-1)
        return g


_QRResult = type(np.linalg.qr(np.eye(1)))


@numpy_function(
    np.linalg.qr,
    kind="rule",
    note="the diagonal of R stays real; columns that complete Q count only by the space they span; dependent columns "
    "raise; mode raw has no rule",
)
def qr(a: Any, mode: str = "reduced") -> Any:
    """Answer ``np.linalg.qr``."""
    if mode not in ("reduced", "complete", "r", "raw"):
        raise ValueError(f"Unrecognized mode '{mode}'")
    if mode == "raw":
        raise UnsupportedError(
            "np.linalg.qr", "mode='raw' has no rule", "use mode='reduced': Q and R have one"
        )
    a = matrices(a)
    q, r = qr_(a, mode="complete" if mode == "complete" else "reduced")
    return r if mode == "r" else _QRResult(q, r)


# --------------------------------------------------------------------------------------------------
# Least squares


def _lstsq_value(a: Any, b: Any, *, rcond: float) -> Any:
    x, rest, _, s = np.linalg.lstsq(a, b, rcond)
    return x, rest, s


def _columns(v: Any) -> Any:
    return v[..., None] if v.ndim == 1 else v


def _inverse_and_rest(a: Any, b: Any, x: Any, rcond: float) -> tuple[Any, Any, Any]:
    """Return A⁺, X and R, in the precision of X."""
    a, x = a.astype(dtype_of(x)) if dtype_of(a) != dtype_of(x) else a, _columns(x)
    check_cutoff(a, rcond=rcond)
    p = pseudoinverse(a, rcond=rcond, triangle=False)
    return p, x, _columns(b) - np.matmul(a, x)


_CUT = 1e-12


def _lstsq_dependence(primals: Any, y: Any, *, rcond: float) -> Any:
    k = "k" * (primals[1].ndim > 1)
    return [f"ab,c{k}->d{k}", f"ab,c{k}->{k or 'd'}", "ab,-->e"]


@general(
    _lstsq_value,
    arguments=("a", "b"),
    on=[
        case(stretched(4, 2), (4, 2), rcond=_CUT),
        case(stretched(3, 2), (3,), rcond=_CUT),
        case(stretched(2, 3), (2, 2), rcond=_CUT),
        case(stretched(3, 3), (3,), rcond=_CUT),
    ],
    name="lstsq",
    pattern=_lstsq_dependence,
    analytic=False,
    kinks="at constant rank",
)
class lstsq_:
    """With X = A⁺ B and R = B − A X: dX = A⁺ (dB − dA X) + A⁺ A⁺ᴴ dAᴴ R + (1 − A⁺ A) dAᴴ A⁺ᴴ X,
    d‖rⱼ‖² = 2 Re rⱼᴴ (dB − dA X)ⱼ, dsᵢ = Re uᵢᴴ dA vᵢ, at constant rank.

    Golub & Pereyra (1973), SIAM J. Numer. Anal. 10(2), equation 4.12 times B.
    """

    def tangent_a(t: Any, a: Any, b: Any, y: Any, *, rcond: float) -> Any:
        shape, rest, s = y[0].shape, y[1], y[2]
        p, x, r = _inverse_and_rest(a, b, y[0], rcond)
        h, ph = hermitian(t), hermitian(p)
        moved, z = np.matmul(t, x), np.matmul(h, np.matmul(ph, x))
        dx = np.matmul(p, np.matmul(ph, np.matmul(h, r)) - moved)
        dx = dx + z - np.matmul(p, np.matmul(a, z))
        dr = -2 * np.real(np.sum(_conj(r) * moved, axis=-2))
        dr = dr if rest.shape[-1] else np.zeros_like(rest)
        return np.reshape(dx, shape), dr, values_tangent(t, a, s, "lstsq")

    def tangent_b(t: Any, a: Any, b: Any, y: Any, *, rcond: float) -> Any:
        shape, rest, s = y[0].shape, y[1], y[2]
        p, _, r = _inverse_and_rest(a, b, y[0], rcond)
        t = _columns(t)
        dr = 2 * np.real(np.sum(_conj(r) * t, axis=-2))
        dr = dr if rest.shape[-1] else np.zeros_like(rest)
        return np.reshape(np.matmul(p, t), shape), dr, np.zeros_like(s)

    def adjoint_a(ct: Any, a: Any, b: Any, y: Any, *, rcond: float) -> Any:
        ct_x, ct_r, ct_s = _columns(ct[0]), np.real(ct[1]), np.real(ct[2])
        p, x, r = _inverse_and_rest(a, b, y[0], rcond)
        # With respect to Re(sum(ct * t)), t ↦ U tᴴ V has the transpose ct ↦ conj(V) ctᴴ conj(U).
        h, pc, rc = hermitian(ct_x), _conj(p), _conj(r)
        hp = np.matmul(h, pc)
        g = np.matmul(rc, np.matmul(hp, p.mT)) - np.matmul(np.matmul(p.mT, ct_x), x.mT)
        g = g + np.matmul(np.matmul(p.mT, _conj(x)), h - np.matmul(hp, _conj(a)))
        if ct_r.shape[-1]:
            g = g - np.matmul(2 * rc * ct_r[..., None, :], x.mT)
        if type(ct_s) is np.ndarray and not ct_s.any():
            return g
        return g + values_adjoint(ct_s, a, y[2], "lstsq")

    def adjoint_b(ct: Any, a: Any, b: Any, y: Any, shape: Any, *, rcond: float) -> Any:
        ct_x, ct_r = _columns(ct[0]), np.real(ct[1])
        p, _, r = _inverse_and_rest(a, b, y[0], rcond)
        g = np.matmul(p.mT, ct_x)
        if ct_r.shape[-1]:
            g = g + 2 * _conj(r) * ct_r[..., None, :]
        return np.reshape(g, shape)


@numpy_function(
    np.linalg.lstsq,
    kind="rule",
    note="for locally constant rank, which is a constant; singular values as svdvals",
)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Answer ``np.linalg.lstsq``: solution, sums of squared residuals, rank and singular values."""
    a, b = array_operand(a), array_operand(b)
    for v in (a, _columns(b)):
        if v.ndim != 2:
            raise np.linalg.LinAlgError(
                f"{v.ndim}-dimensional array given. Array must be two-dimensional"
            )
    if a.shape[0] != b.shape[0]:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    unit = float(np.finfo(float).eps)
    if rcond is None:
        rcond = unit * max(a.shape)
    # LAPACK takes a negative cutoff for its own rounding unit.
    rcond = unit if rcond < 0 else float(rcond)
    x, rest, s = lstsq_(a, b, rcond=rcond)
    rank = np.sum(s > rcond * s[:1], dtype=np.int32)
    return x, rest, rank, s
