"""Determinants: det, with the cofactor matrix as its derivative, and slogdet.

Cofactors are polynomials: first and second derivatives of det are finite for singular matrices too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.dependence import per_matrix, small
from dualrev.core.domains import case, regular
from dualrev.core.flavours import batch_elementwise, batch_leading, general
from dualrev.core.primitive import numpy_function
from dualrev.rules.linalg import condition, inv, square

__all__ = ["cofactor"]

# det(A) A⁻¹ has full accuracy; the second derivative from inverses loses log₁₀ of the condition
# number in digits, the third twice as many (measured). Above the first limit, here as a power of
# the rounding unit, singular values take over; above the second, the third derivative raises.
_DECOMPOSED, _REFUSED = -1 / 4, -1 / 3


def _singular(rng: np.random.Generator) -> Any:
    return rng.normal(size=(3, 2)) @ rng.normal(size=(2, 3))


def _regular_inverse(a: Any) -> tuple[Any, Any, Any]:
    """Return determinants, inverses, and where these are good enough (else undefined)."""
    d = np.linalg.det(a)
    regular_ones = d != 0
    if not regular_ones.all():
        a = np.where(regular_ones[..., None, None], a, np.eye(a.shape[-1], dtype=a.dtype))
    b = np.linalg.inv(a)
    # A NaN counts as good, so that it goes through and the decomposition never sees it.
    good = regular_ones & ~(condition(a, b) >= np.finfo(a.dtype).eps ** _DECOMPOSED)
    return d[..., None, None], b, good


def _without_one(s: Any) -> Any:
    """Return the products of all singular values but the i-th."""
    n = s.shape[-1]
    return np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)


def _without_two(s: Any) -> Any:
    """Return the products of all singular values but the i-th and the j-th; zero if i = j."""
    n = s.shape[-1]
    one = np.ones((*s.shape[:-1], 1))
    before = np.concatenate([one, np.cumprod(s, -1)[..., :-1]], -1)
    after = np.concatenate([np.cumprod(s[..., ::-1], -1)[..., ::-1][..., 1:], one], -1)
    p = np.zeros((*s.shape, n))
    for i in range(n - 1):
        between = np.concatenate([one, np.cumprod(s[..., i + 1 : -1], -1)], -1)
        p[..., i, i + 1 :] = before[..., i, None] * between * after[..., i + 1 :]
    return p + np.swapaxes(p, -1, -2)


def _frame(a: Any, good: Any) -> tuple[Any, Any, Any, Any]:
    """Return U, s, Vᴴ and det(U) det(Vᴴ) of the matrices that are not `good`."""
    u, s, vh = np.linalg.svd(np.where(good[..., None, None], 0, a))
    return u, s, vh, (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]


def _cofactor_value(a: Any) -> Any:
    d, b, good = _regular_inverse(a)
    c = d * b.mT
    if good.all():
        return c
    u, s, vh, phase = _frame(a, good)
    ill = phase * (u.conj() * _without_one(s)[..., None, :]) @ vh.conj()
    return np.where(good[..., None, None], c, ill).astype(c.dtype)


def _cofactor_change(a: Any, t: Any) -> Any:
    d, b, good = _regular_inverse(a)
    bt = b @ t
    c = d * (np.trace(bt, axis1=-2, axis2=-1)[..., None, None] * b - bt @ b).mT
    if good.all():
        return c
    u, s, vh, phase = _frame(a, good)
    m = u.conj().mT @ t @ vh.conj().mT
    p = _without_two(s)
    diagonal = (p @ np.diagonal(m, axis1=-2, axis2=-1)[..., None]) * np.eye(a.shape[-1])
    ill = phase * (u.conj() @ (diagonal - p * m.mT) @ vh.conj())
    return np.where(good[..., None, None], c, ill).astype(c.dtype)


def _third(a: Any, s: Any, t: Any) -> Any:
    """Return the third derivative of det in the directions `s` and `t`, as a matrix."""
    b = inv(a, limit=float(np.finfo(dtype_of(a)).eps ** _REFUSED))
    bs, bt = np.matmul(b, s), np.matmul(b, t)
    st = np.matmul(bs, bt)
    over = {"axis1": -2, "axis2": -1}
    tr_s, tr_t, tr_st = (np.expand_dims(np.trace(v, **over), (-2, -1)) for v in (bs, bt, st))
    eye = np.eye(a.shape[-1], dtype=bool)
    inner = (tr_s * tr_t - tr_st) * eye - tr_s * bt - tr_t * bs + st + np.matmul(bt, bs)
    return np.expand_dims(np.linalg.det(a), (-2, -1)) * np.matmul(inner, b).mT


@general(
    _cofactor_change,
    arguments=("a", "b"),
    on=[
        case(regular(3, 3), (3, 3)),
        case(regular(2, 2, 2), (2, 2, 2)),
        case(regular(1, 1), (1, 1)),
    ],
    name="cofactor_change",
    pattern="...ab,...cd->...ef",
    batch=batch_elementwise,
    broadcasts=True,
    kinks="a third derivative of det raises for singular and ill-conditioned matrices",
)
class cofactor_change:
    """dC(A; B), the second derivative of det, made of minors of order n − 2; symmetric."""

    def tangent_a(t: Any, a: Any, b: Any) -> Any:
        return _third(a, t, b)

    def adjoint_a(ct: Any, a: Any, b: Any) -> Any:
        return _third(a, ct, b)

    def tangent_b(t: Any, a: Any) -> Any:
        return cofactor_change(a, t)

    def adjoint_b(ct: Any, a: Any) -> Any:
        return cofactor_change(a, ct)


_SQUARES = [case(regular(3, 3)), case(regular(2, 2, 2)), case(regular(1, 1)), case(regular(0, 0))]


def _cofactor_dependence(primals: Any, y: Any) -> Any:
    if not small(y.shape):
        return "...ab->...cd"
    i, j, k, m = np.indices(y.shape[-2:] * 2)
    related = (i != k) & (j != m)
    n = y.shape[-1] ** 2
    return (per_matrix(related.reshape(n, n), math.prod(y.shape[:-2])),)


@general(
    _cofactor_value,
    on=_SQUARES,
    name="cofactor",
    pattern=_cofactor_dependence,
    batch=batch_leading,
)
class cofactor:
    """C = det(A) A⁻ᵀ, or by A = U S Vᴴ, with Cᵢᵢ(S) = Πⱼ≠ᵢ sⱼ (Giles 2008, section 2.2.4)."""

    def tangent(t: Any, x: Any) -> Any:
        return cofactor_change(x, t)

    def adjoint(ct: Any, x: Any) -> Any:
        return cofactor_change(x, ct)


@general(np.linalg.det, on=[*_SQUARES, case(_singular)], batch=batch_leading, pattern="...ab->...")
class det:
    """dy = Σᵢⱼ Cᵢⱼ dAᵢⱼ with the cofactors C (Jacobi's formula), finite for singular matrices."""

    def tangent(t: Any, x: Any) -> Any:
        return np.sum(cofactor(x) * t, axis=(-2, -1))

    def adjoint(ct: Any, x: Any) -> Any:
        return np.expand_dims(ct, (-2, -1)) * cofactor(x)


@numpy_function(
    np.linalg.det, kind="rule", note="first and second derivatives exist for singular matrices too"
)
def determinant(a: Any) -> Any:
    """Answer ``np.linalg.det``."""
    return det(square(a, "det"))


def _inverse_or_nan(a: Any, log: Any) -> tuple[Any, Any]:
    """Return the inverses and where there is none."""
    singular = log == -np.inf
    if type(singular) in (np.bool_, np.ndarray) and not singular.any():
        return np.linalg.inv(a), False
    singular = np.expand_dims(singular, (-2, -1))
    b = np.linalg.inv(np.where(singular, np.eye(a.shape[-1], dtype=bool), a))
    return np.where(singular, np.nan, b), singular


def _complex_regular(rng: np.random.Generator) -> Any:
    return rng.normal(size=(2, 3, 3)) + 1j * rng.normal(size=(2, 3, 3)) + 3 * np.eye(3)


@general(
    lambda x: tuple(np.linalg.slogdet(x)),
    on=[*_SQUARES, case(_complex_regular)],
    name="slogdet",
    pattern=lambda primals, y: ["...ab->..." if y[0].dtype.kind == "c" else "none", "...ab->..."],
    batch=batch_leading,
    analytic=False,
    kinks="the sign of a real matrix is locally constant; NaN for singular matrices",
)
class slogdet_:
    """With z = tr(A⁻¹ dA): dlog|det| = Re z, dsign = i sign Im z (zero for real matrices)."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        sign, log = y
        b, _ = _inverse_or_nan(x, log)
        z = np.sum(b.mT * t, axis=(-2, -1))
        if dtype_of(x).kind != "c":
            return np.zeros(np.shape(z), dtype_of(x))[()], z
        return 1j * sign * np.imag(z), np.real(z)

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        sign, log = y
        ct_sign, ct_log = ct
        b, singular = _inverse_or_nan(x, log)
        ct = np.real(ct_log)
        if dtype_of(x).kind == "c":
            ct = ct + 1j * np.imag(ct_sign * sign)
        ct = np.expand_dims(ct, (-2, -1))
        return ct * b.mT if singular is False else np.where(singular & (ct == 0), 0, ct * b.mT)


_SlogdetResult = type(np.linalg.slogdet(np.eye(1)))


@numpy_function(
    np.linalg.slogdet, kind="rule", note="the sign of a real matrix is locally constant"
)
def slogdet(a: Any) -> Any:
    """Answer ``np.linalg.slogdet``."""
    return _SlogdetResult(*slogdet_(square(a, "slogdet")))
