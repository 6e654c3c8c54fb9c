"""Singular values and singular vectors of stacks of matrices.

Giles (2008), section 3.2; Townsend (2016), "Differentiating the singular value decomposition"; for complex matrices
Wan & Zhang (2019), arXiv:1909.02659.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case, regular
from dualrev.core.flavours import batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.degeneracy import (
    alike,
    check_clear,
    check_phase,
    diagonal,
    divided,
    equal_pairs,
    kept,
    none,
    rounding,
    scalar_blocks,
    shared,
    size_of,
    skew,
    vanish,
)
from dualrev.rules.eigen import eigh, eigvalsh
from dualrev.rules.linalg import hermitian

__all__ = [
    "added_adjoint",
    "added_tangent",
    "even",
    "matrices",
    "singular_values",
    "stretched",
    "svdvals",
    "values_adjoint",
    "values_tangent",
]


def _complex(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


def stretched(*shape: int) -> Any:
    """Return a maker of matrices with singular values far apart, of which no entry is near zero."""

    def make(rng: np.random.Generator) -> Any:
        n = min(shape[-2:])
        off = rng.uniform(0.2, 0.5, shape) * rng.choice([-1.0, 1.0], shape)
        off[..., :n, :n] += np.diag(np.array([4.5, 2.4, 1.0])[:n])
        return off

    return make


def _conj(x: Any) -> Any:
    return np.conjugate(x) if dtype_of(x).kind == "c" else x


def _on_diagonal(d: Any) -> Any:
    return d[..., None, :] * np.eye(d.shape[-1], dtype=bool)


def matrices(a: Any) -> Any:
    a = array_operand(a)
    if a.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{a.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    return a


# --------------------------------------------------------------------------------------------------
# Singular value decomposition


def _zero_values(s: Any) -> Any:
    return s <= rounding(s)[..., None]


(zero_values,) = constant(_zero_values, batch=batch_leading, answers=False)


def _over_sums(x: Any, s: Any, zero: Any, like: Any) -> Any:
    """Return xᵢⱼ / (sᵢ + sⱼ); where both are zero x must be, too."""
    shut = zero[..., None, :] & zero[..., :, None]
    total = s[..., None, :] + s[..., :, None]
    if none(shut):
        return x / total
    x = vanish(x, shut, s, like, "svd")
    return np.where(shut, 0, x / np.where(shut, 1, total))


def _over_values(x: Any, s: Any, zero: Any, like: Any) -> Any:
    """Return xᵢⱼ / sⱼ; where it is zero x must be, too."""
    row, shut = s[..., None, :], zero[..., None, :]
    if none(shut):
        return x / row
    x = vanish(x, shut, s, like, "svd")
    return np.where(shut, 0, x / np.where(shut, 1, row))


def _check_turn(ct: Any, m: Any, *, what: str) -> bool:
    size = np.abs(ct).max((-2, -1), initial=0)
    if np.any(np.abs(skew(m)).max((-2, -1), initial=0) > np.sqrt(np.finfo(m.dtype).eps) * size):
        raise np.linalg.LinAlgError(
            f"{what}: the result depends on the columns that complete the basis, of which only the space they span is "
            "defined. Use the reduced factors, or what a change of basis leaves alone (Q @ Q.T)."
        )
    return True


(check_turn,) = constant(_check_turn, answers=False)


def added_tangent(u: Any, du: Any) -> Any:
    """Append the change of the columns of `u` beyond those that change by `du`: they turn least."""
    k = du.shape[-1]
    if u.shape[-1] == k:
        return du
    return np.concatenate(
        [du, -np.matmul(u[..., :k], np.matmul(hermitian(du), u[..., k:]))], axis=-1
    )


def added_adjoint(u: Any, ct: Any, k: int, what: str) -> Any:
    """Return the cotangent of the first k columns, with the part of the others."""
    if u.shape[-1] == k:
        return ct
    added, ct_added = u[..., k:], ct[..., k:]
    check_turn(ct_added, np.matmul(added.mT, ct_added), what=what)
    turned = np.matmul(hermitian(ct_added), _conj(u[..., :k]))
    return ct[..., :k] - np.matmul(_conj(added), turned)


def _frame_tangent(u: Any, p: Any, tv: Any, s: Any, zero: Any) -> Any:
    k = s.shape[-1]
    first = u[..., :k]
    du = np.matmul(first, p)
    if u.shape[-2] > k:
        beyond = tv - np.matmul(first, np.matmul(hermitian(first), tv))
        du = du + _over_values(beyond, s, zero, tv)
    return added_tangent(u, du)


def _frame_adjoint(u: Any, ct: Any, s: Any, zero: Any) -> Any:
    first = u[..., : s.shape[-1]]
    beyond = ct - np.matmul(_conj(first), np.matmul(first.mT, ct))
    return _over_values(beyond, s, zero, ct)


@general(
    lambda x, *, full: tuple(np.linalg.svd(x, full_matrices=full)),
    on=[
        case(stretched(3, 2), full=False),
        case(stretched(2, 2, 3), full=False),
        case(stretched(3, 2), full=True),
        case(stretched(2, 3), full=True),
        case(stretched(3, 3), full=True),
    ],
    name="svd",
    pattern="...ab->...cd,...e,...fg",
    batch=batch_leading,
    analytic=False,
    kinks="the phase of a pair is shared by u and v; the space that full_matrices adds turns least; equal singular "
    "values: what tells them apart raises LinAlgError",
)
class svd:
    """With M = Uᴴ dA V, S = (M + Mᴴ)/2 and D = (M − Mᴴ)/2: ds = Re diag M, dU = U P, dV = V Q,
    Pᵢⱼ = Sᵢⱼ/(sⱼ − sᵢ) + Dᵢⱼ/(sᵢ + sⱼ), Qᵢⱼ = Sᵢⱼ/(sⱼ − sᵢ) − Dᵢⱼ/(sᵢ + sⱼ).

    Outside the range of U also dU = (1 − U Uᴴ) dA V S⁻¹; V likewise, with dAᴴ for dA. Townsend (2016), Differentiating
    the singular value decomposition; Wan & Zhang (2019), arXiv:1909.02659.
    """

    def tangent(t: Any, y: Any, *, full: bool) -> Any:
        u, s, vh = y
        v, k = hermitian(vh), s.shape[-1]
        tied, zero = equal_pairs(s), zero_values(s)
        tv, thu = np.matmul(t, v[..., :k]), np.matmul(hermitian(t), u[..., :k])
        m = np.matmul(hermitian(u[..., :k]), tv)
        odd = skew(m)
        even_ = divided(scalar_blocks(m - odd, tied, s, m, "svd"), s, tied)
        odd = _over_sums(odd, s, zero, m)
        du = _frame_tangent(u, even_ + odd, tv, s, zero)
        dv = _frame_tangent(v, even_ - odd, thu, s, zero)
        return du, np.real(diagonal(m)), hermitian(dv)

    def adjoint(ct: Any, y: Any, *, full: bool) -> Any:
        u, s, vh = y
        v, k = hermitian(vh), s.shape[-1]
        tied, zero = equal_pairs(s), zero_values(s)
        ct_u = added_adjoint(u, ct[0], k, "svd")
        ct_v = added_adjoint(v, hermitian(ct[2]), k, "svd")
        ct_s, uc, vt = np.real(ct[1]), _conj(u[..., :k]), v[..., :k].mT
        a, b = np.matmul(u[..., :k].mT, ct_u), np.matmul(vt, ct_v)
        both = a + b
        cts = np.concatenate([ct_u, ct_v], axis=-2)
        if dtype_of(both).kind == "c":
            check_phase(both, size_of(cts), what="svd")
        if not none(tied):
            check_clear(ct_s, both, size_of(cts), tied, s, what="svd")
        odd = _over_sums(skew(a - b), s, zero, cts)
        both, ct_s = scalar_blocks(both, tied, s, cts, "svd"), alike(ct_s, tied, s, "svd")
        m = _on_diagonal(ct_s) + divided(skew(both), s, tied) + odd
        g = np.matmul(np.matmul(uc, m), vt)
        if u.shape[-2] > k:
            g = g + np.matmul(_frame_adjoint(u, ct_u, s, zero), vt)
        if v.shape[-2] > k:
            g = g + np.matmul(uc, hermitian(_frame_adjoint(v, ct_v, s, zero)))
        return g


def _singular_vectors(x: Any, what: str) -> tuple[Any, Any]:
    """Return conj(U) and Vᵀ."""
    u, s, vh = svd(x, full=False)
    tied = equal_pairs(s)
    u, v = kept(u, s, tied, what), kept(hermitian(vh), s, tied, what)
    return _conj(u), v.mT


def values_tangent(t: Any, x: Any, s: Any, what: str, kinks: bool = True) -> Any:
    """Return the change of singular values; with `kinks` none of those that are zero to rounding."""
    u, vt = _singular_vectors(x, what)
    ds = np.real(np.sum(u * np.matmul(t, vt.mT), axis=-2))
    return shared(np.where(zero_values(s), 0, ds) if kinks else ds, equal_pairs(s))


def values_adjoint(ct: Any, x: Any, s: Any, what: str, kinks: bool = True) -> Any:
    """Return the transpose of `values_tangent`, refused for a cotangent that tells equal values apart."""
    u, vt = _singular_vectors(x, what)
    ct = np.where(zero_values(s), 0, np.real(ct)) if kinks else np.real(ct)
    return np.matmul(u * alike(ct, equal_pairs(s), s, what)[..., None, :], vt)


@general(
    lambda x, *, kinks: np.linalg.svd(x, compute_uv=False),
    on=[
        case((3, 2), kinks=True),
        case((2, 2, 3), kinks=False),
        case(regular(3, 3), kinks=True),
        case(_complex(3, 2), kinks=True),
    ],
    name="singular_values",
    pattern="...ab->...c",
    batch=batch_leading,
    analytic=False,
    kinks="0 where a value is 0 to rounding; equal values share a tangent equally, a cotangent that tells them apart "
    "raises",
)
class singular_values:
    """dsᵢ = Re(uᵢᴴ dA vᵢ) (Giles 2008, section 3.2)."""

    def tangent(t: Any, x: Any, y: Any, *, kinks: bool) -> Any:
        return values_tangent(t, x, y, "svdvals", kinks)

    def adjoint(ct: Any, x: Any, y: Any, *, kinks: bool) -> Any:
        return values_adjoint(ct, x, y, "svdvals", kinks)


def _plain(x: Any) -> Any:
    return x


(plain,) = constant(_plain, batch=batch_leading, answers=False)


def even(s: Any) -> Any:
    """Return singular values of which equal ones share a derivative equally, for norms, which are convex."""
    tied = equal_pairs(s)
    if none(tied):
        return s
    change = shared(s, tied) - s
    return s + (change - plain(change))


_VALUES_NOTE = (
    "0 where a value is 0 to rounding; equal values: their sum has a derivative, a cotangent that tells them apart "
    "raises, tangents are shared equally"
)


@numpy_function(np.linalg.svdvals, kind="rule", note=_VALUES_NOTE)
def svdvals(x: Any, /) -> Any:
    """Answer ``np.linalg.svdvals``."""
    return singular_values(matrices(x), kinks=True)


_SVDResult = type(np.linalg.svd(np.eye(1)))


def _by_eigenvalues(a: Any, compute_uv: bool) -> Any:
    if not compute_uv:
        return np.flip(np.sort(np.abs(eigvalsh(a))), -1)
    w, v = eigh(a)
    size = np.abs(w)
    order = np.flip(np.argsort(size), -1)
    # A value of zero has the sign of its zero, and no derivative of it.
    sign = np.take_along_axis(np.copysign(1.0, plain(w)), order, -1)
    s = np.take_along_axis(plain(np.copysign(1.0, w)) * w, order, -1)
    u = np.take_along_axis(v, np.broadcast_to(order[..., None, :], v.shape), -1)
    return _SVDResult(u, s, hermitian(u * sign[..., None, :]))


@numpy_function(
    np.linalg.svd,
    kind="rule",
    note="vectors up to a phase per pair, a result that depends on it raises, and up to the basis of what "
    "full_matrices adds; where singular values are equal, what tells them apart raises; values alone as svdvals",
)
def singular_value_decomposition(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Answer ``np.linalg.svd``."""
    a = matrices(a)
    if hermitian:
        return _by_eigenvalues(a, compute_uv)
    if not compute_uv:
        return singular_values(a, kinks=True)
    u, s, vh = svd(a, full=bool(full_matrices))
    tied = equal_pairs(s)
    if none(tied):
        return _SVDResult(u, s, vh)
    k = s.shape[-1]
    frames = [
        np.concatenate([kept(f[..., :k], s, tied, "svd"), f[..., k:]], axis=-1) for f in (u, vh.mT)
    ]
    return _SVDResult(frames[0], s, frames[1].mT)
