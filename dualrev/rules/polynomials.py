"""Polynomials by their coefficients, highest power first: values, roots, algebra, calculus.

Results are wrapped in `np.poly1d` where NumPy does so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.dependence import places
from dualrev.core.domains import case
from dualrev.core.flavours import batch_leading, general
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import lift
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype

__all__ = ["derivative", "horner", "one_answer", "vandermonde"]


def _coefficients(p: Any) -> Any:
    return np.atleast_1d(operand(p.coeffs if isinstance(p, np.poly1d) else p))


def _like(p: Any, *givers: Any) -> Any:
    return np.poly1d(p) if any(isinstance(g, np.poly1d) for g in givers) else p


def one_answer(answers: Any, name: str) -> Any:
    """Return what a value-dependent decision says in all lanes."""
    first, *others = np.ravel(answers)
    if any(other != first for other in others):
        raise UnsupportedError(
            name, "the result's shape or dtype would differ from lane to lane", "a Python loop"
        )
    return first


# --------------------------------------------------------------------------------------------------
# Values.


def _powers(x: Any, *, count: int, increasing: bool) -> Any:
    """The matrix of powers, along a new last axis, in the dtype of `x`."""
    v = np.empty((*x.shape, count), x.dtype)
    up = v if increasing else v[..., ::-1]
    up[..., :1] = 1
    up[..., 1:] = x[..., None]
    np.multiply.accumulate(up[..., 1:], out=up[..., 1:], axis=-1)
    return v


def _power_dependence(primals: Any, y: Any, *, count: int, increasing: bool) -> Any:
    power = np.arange(count) if increasing else np.arange(count)[::-1]
    return (np.where(power > 0, places(np.shape(primals[0]))[..., None], 0)[None],)


@general(
    _powers,
    on=[
        case((3,), count=4, increasing=False),
        case((2,), count=3, increasing=True),
        case((2, 2), count=1, increasing=False),
        case((2,), count=0, increasing=True),
    ],
    batch=batch_leading,
    pattern=_power_dependence,
)
class vandermonde:
    """Y = xᵏ for all k below a number, along a new last axis;  dY = k xᵏ⁻¹ dx."""

    def tangent(t: Any, y: Any, *, count: int, increasing: bool) -> Any:
        return t[..., None] * _slopes(y, increasing)

    def adjoint(ct: Any, y: Any, *, count: int, increasing: bool) -> Any:
        return np.sum(ct * _slopes(y, increasing), axis=-1)


def _slopes(y: Any, increasing: bool) -> Any:
    """Return k xᵏ⁻¹, the lower powers times integers."""
    n = y.shape[-1]
    zero = np.zeros((*y.shape[:-1], min(n, 1)), dtype_of(y))
    k = np.arange(1, n).astype(dtype_of(y))
    if increasing:
        return np.concatenate([zero, y[..., :-1] * k], axis=-1)
    return np.concatenate([y[..., 1:] * k[::-1], zero], axis=-1)


@numpy_function(np.vander, kind="rule")
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """Answer ``np.vander``."""
    x = array_operand(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise ValueError("negative dimensions are not allowed")
    x = astype(x, np.promote_types(dtype_of(x), int), copy=False)
    return vandermonde(x, count=count, increasing=bool(increasing))


def derivative(p: Any, x: Any) -> Any:
    """The coefficients of p', in a dtype for use at `x`."""
    n = p.shape[-1]
    dtype = dtype_of(x)
    k = np.arange(n - 1, 0, -1).astype(np.finfo(dtype).dtype if dtype.kind in "fc" else dtype)
    return p[..., :-1] * k


def _batch_polyval(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    p, x = arrays
    if not lanes[0]:
        return primitive.call(p, x)
    ndim = x.ndim - lanes[1]
    x = lift(x, ndim) if lanes[1] else x[None]
    y = np.zeros((p.shape[0], *x.shape[1:]), np.result_type(dtype_of(p), dtype_of(x)))
    for k in range(p.shape[1]):
        y = y * x + np.reshape(p[:, k], (-1, *(1,) * ndim))
    return y


@general(
    np.polyval,
    arguments=("a", "b"),
    on=[case((4,), (3, 2)), case((3,), ()), case((1,), (2,)), case((0,), (2,))],
    name="polyval",
    pattern=lambda primals, y: "a,...->..." if len(primals[0]) > 1 else "a,-->...",
    batch=_batch_polyval,
)
class horner:
    """y = p(x);  dy = dp(x) + p'(x) dx;  the adjoint in p is ctᵀ V(x), with the powers of x."""

    def tangent_a(t: Any, b: Any) -> Any:
        return horner(t, b)

    def adjoint_a(ct: Any, b: Any, shape: tuple[int, ...]) -> Any:
        dtype = np.result_type(dtype_of(b), np.finfo(dtype_of(ct)).dtype)
        x = astype(np.ravel(b), dtype, copy=False)
        powers = vandermonde(x, count=shape[-1], increasing=False)
        return np.matmul(np.ravel(ct), powers)

    def tangent_b(t: Any, a: Any, b: Any) -> Any:
        return t * horner(derivative(a, b), b)

    def adjoint_b(ct: Any, a: Any, b: Any) -> Any:
        return ct * horner(derivative(a, b), b)


@numpy_function(np.polyval, kind="rule")
def polyval(p: Any, x: Any) -> Any:
    """Answer ``np.polyval``."""
    p = array_operand(p.coeffs if isinstance(p, np.poly1d) else p)
    if isinstance(x, np.poly1d):
        y: Any = 0
    else:
        x = array_operand(x)
        if p.ndim == 1:
            if dtype_of(x).kind in "iub":
                x = astype(x, np.result_type(dtype_of(x), dtype_of(p)))
            return horner(p, x)
        y = np.zeros_like(x)
    for coefficient in p:
        y = y * x + coefficient
    return y


# --------------------------------------------------------------------------------------------------
# Algebra.


def _sum(a1: Any, a2: Any, combine: Any) -> Any:
    p, q = _coefficients(a1), _coefficients(a2)
    missing = q.shape[0] - p.shape[0]
    if missing > 0:
        p = np.concatenate([np.zeros(missing, dtype_of(p)), p])
    elif missing < 0:
        q = np.concatenate([np.zeros(-missing, dtype_of(q)), q])
    return _like(combine(p, q), a1, a2)


@numpy_function(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """Answer ``np.polyadd``."""
    return _sum(a1, a2, np.add)


@numpy_function(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """Answer ``np.polysub``."""
    return _sum(a1, a2, np.subtract)


def _trimmed(p: Any, name: str) -> Any:
    """Cut off leading zeros; of nothing but zeros, one stays."""
    if p.ndim > 1:
        raise ValueError("Polynomial must be 1d only.")
    nonzero = np.asarray(value(p)) != 0
    starts = np.where(nonzero.any(-1), nonzero.argmax(-1), nonzero.shape[-1])
    p = p[one_answer(starts, name) if starts.size else 0 :]
    return p if p.shape[0] else np.zeros(1, dtype_of(p))


@numpy_function(np.polymul, note="leading zeros are cut off, as by NumPy")
def polymul(a1: Any, a2: Any) -> Any:
    """Answer ``np.polymul``."""
    p, q = (_trimmed(_coefficients(a), "np.polymul") for a in (a1, a2))
    return _like(np.convolve(p, q), a1, a2)


@numpy_function(np.polydiv, note="leading zeros of the remainder are cut off, as by NumPy")
def polydiv(u: Any, v: Any) -> Any:
    """Answer ``np.polydiv``: quotient and remainder by long division."""
    r, divisor = _coefficients(u) + 0.0, _coefficients(v) + 0.0
    dtype = np.result_type(dtype_of(r[0]), dtype_of(divisor[0]))
    n = divisor.shape[0]
    scale = 1.0 / divisor[0]
    r = astype(r, dtype, copy=False)
    quotient = []
    for k in range(r.shape[0] - n + 1):
        d = scale * r[k]
        quotient.append(d)
        r = np.concatenate([r[:k], r[k : k + n] - d * divisor, r[k + n :]])
    plain = np.asarray(value(r))
    small = np.isclose(plain, 0, rtol=1e-14)
    first = np.where(small.all(-1), plain.shape[-1] - 1, (~small).argmax(-1))
    r = r[one_answer(first, "np.polydiv") if first.size else 0 :]
    q = astype(np.stack(quotient), dtype, copy=False) if quotient else np.zeros(1, dtype)
    return _like(q, u, v), _like(r, u, v)


# --------------------------------------------------------------------------------------------------
# Calculus.


def _order(m: Any, what: str) -> int:
    m = int(m)
    if m < 0:
        raise ValueError(f"Order of {what} must be positive")
    return m


@numpy_function(np.polyder)
def polyder(p: Any, m: Any = 1) -> Any:
    """Answer ``np.polyder``."""
    m = _order(m, "derivative")
    y = array_operand(p.coeffs if isinstance(p, np.poly1d) else p)
    for _ in range(m):
        y = y[:-1] * np.arange(y.shape[0] - 1, 0, -1)
    return _like(y, p)


@numpy_function(np.polyint, note="the constants k may be traced")
def polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    """Answer ``np.polyint``."""
    m = _order(m, "integral")
    k = np.zeros(m) if k is None else np.atleast_1d(operand(k))
    if k.shape[0] == 1 and m > 1:
        k = k[0] * np.ones(m)
    if k.shape[0] < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    y = array_operand(p.coeffs if isinstance(p, np.poly1d) else p)
    for j in range(m):
        y = np.concatenate([y / np.arange(y.shape[0], 0, -1), k[j : j + 1]])
    return _like(y, p)
