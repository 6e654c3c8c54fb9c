"""Roots of a polynomial, and polynomials by their roots: np.roots, np.poly."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.domains import case
from dualrev.core.flavours import general
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.polynomials import derivative, horner, one_answer, vandermonde

__all__: list[str] = []

# A root is taken for multiple if fewer than about three digits of p' are right there.
_DIGITS = 1e-3


def _slope_at_roots(p: Any, r: Any) -> Any:
    """Return p'(r), and 0 where it has no digits: r is off by about eps Σ|pₖ rᵏ| / |p'(r)|."""
    first = derivative(p, r)
    slope = horner(first, r)
    size = horner(np.abs(p), np.abs(r))
    bend = np.abs(horner(derivative(first, r), r))
    limit = _DIGITS * np.abs(slope) ** 2
    return np.where(np.finfo(dtype_of(p)).eps * size * bend > limit, 0.0 * slope, slope)


def _real_roots(rng: np.random.Generator) -> Any:
    return np.poly(np.array([-1.5, 0.2, 2.0]) + rng.uniform(-0.3, 0.3, 3)) * 1.7


def _pair_of_roots(rng: np.random.Generator) -> Any:
    z = 0.5 + rng.uniform(0.5, 1.0) * 1j
    return np.poly([z, 1 - z, rng.uniform(-2.0, -1.0)]) * 0.6


def _complex_coefficients(rng: np.random.Generator) -> Any:
    roots = np.array([1.0 + 1j, -1.0 + 0.2j, -1.5j]) + rng.uniform(-0.2, 0.2, 3)
    return np.poly(roots) * (1 - 0.5j)


@general(
    np.roots,
    on=[
        case(_real_roots),
        case(_pair_of_roots),
        case(_complex_coefficients),
        case(lambda rng: rng.uniform(1.0, 2.0, 2)),
        case(lambda rng: rng.uniform(1.0, 2.0, 1)),
    ],
    name="roots",
    kinks="at a multiple root (also one found as a cluster) infinite, or NaN",
    analytic=False,
)
class roots_:
    """p(r) = 0;  dr = -dp(r)/p'(r) at a simple root (implicit differentiation)."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        slope = _slope_at_roots(x, y)
        t_at_root = horner(t, y)
        still = np.all(t == 0) & (slope == 0)
        return -t_at_root / np.where(still, 1, slope)

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        slope = _slope_at_roots(x, y)
        ct = -ct / np.where((ct == 0) & (slope == 0), 1, slope)
        return np.matmul(ct, vandermonde(y, count=x.shape[0], increasing=False))


@numpy_function(
    np.roots, kind="rule", note="simple roots; at multiple ones infinite or NaN; in the order found"
)
def roots(p: Any) -> Any:
    """Answer ``np.roots``."""
    p = np.atleast_1d(array_operand(p))
    if p.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    return roots_(p)


# --------------------------------------------------------------------------------------------------
# Polynomials by their roots, and of matrices.


def _adjugates(a: Any, c: Any) -> list[Any]:
    """Return the matrices B of adj(t - A) = Σ Bₖ tⁿ⁻¹⁻ᵏ (Faddeev & LeVerrier)."""
    eye = np.eye(a.shape[-1], dtype=dtype_of(a))
    matrices = [eye]
    for k in range(1, a.shape[-1]):
        matrices.append(np.matmul(a, matrices[-1]) + c[k] * eye)
    return matrices


@general(
    np.poly,
    on=[case((3, 3)), case((1, 1)), case((4, 4))],
    name="characteristic_polynomial",
    analytic=False,
)
class characteristic_polynomial:
    """c(t) = det(t - A);  dcₖ = -tr(Bₖ₋₁ dA) with adj(t - A) = Σ Bₖ tⁿ⁻¹⁻ᵏ (Jacobi's formula).

    Polynomials in the entries: multiple eigenvalues are no exception.
    """

    def tangent(t: Any, x: Any, y: Any) -> Any:
        sums = [-np.sum(b.mT * t) for b in _adjugates(x, y)]
        return np.stack([0 * sums[0], *sums])

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        matrices = _adjugates(x, y)
        return -sum(ct[k + 1] * b.mT for k, b in enumerate(matrices))


@numpy_function(np.poly, note="of a matrix by cofactors: multiple eigenvalues are no exception")
def poly(seq_of_zeros: Any) -> Any:
    """Answer ``np.poly``: the monic polynomial with given roots, or of a matrix."""
    zeros = np.atleast_1d(array_operand(seq_of_zeros))
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        return characteristic_polynomial(zeros)
    if zeros.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    n = zeros.shape[0]
    if n == 0:
        return 1.0
    zeros = astype(zeros, np.mintypecode(dtype_of(zeros).char), copy=False)
    one = np.ones(1, dtype_of(zeros))
    y = one
    for k in range(n):
        y = np.convolve(y, np.concatenate([one, -zeros[k : k + 1]]))
    if dtype_of(y).kind == "c":
        plain = np.asarray(value(zeros), complex)
        closed = np.all(np.sort(plain) == np.sort(plain.conj()), axis=-1)
        if one_answer(closed, "np.poly"):
            return np.real(y).copy()
    return y
