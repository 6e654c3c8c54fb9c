"""Algebraic Riccati equations, continuous and discrete; the derivative of a solution solves a Lyapunov equation.

Kao & Hennequin (2020), arXiv:2011.11430. At the solution the gain K minimises, so that it counts as fixed to first
order, and every matrix enters through the closed loop A − B K.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of
from dualrev.core.flavours import batch_elementwise, general
from dualrev.core.primitive import Case, numpy_function
from dualrev.rules.linalg import hermitian
from dualrev.rules.matrices.arguments import conj, double, each, matrix, squared
from dualrev.rules.matrices.equations import stein, sylvester
from dualrev.rules.matrices.systems import solve

__all__: list[str] = []


def _half(m: Any) -> Any:
    return (m + hermitian(m)) / 2


def _riccati(a: Any, b: Any, q: Any, r: Any, s: Any, *, discrete: bool) -> Any:
    call = linalg.solve_discrete_are if discrete else linalg.solve_continuous_are
    dtype = np.result_type(a, b, q, r, s)

    def one(a: Any, b: Any, q: Any, r: Any, s: Any) -> Any:
        # SciPy wants Hermitian weights, to the last digits.
        y = call(a, b, _half(q), _half(r), s=s if s.any() else None)
        return y.astype(dtype, copy=False)

    return each(one, a, b, q, r, s)


def _closed(a: Any, b: Any, r: Any, s: Any, y: Any, discrete: bool) -> tuple[Any, Any, Any]:
    """Return the gain K, the closed loop A − B K, and Y or Y (A − B K)."""
    by = np.matmul(hermitian(b), y)
    if discrete:
        gain = solve(_half(r) + np.matmul(by, b), np.matmul(by, a) + hermitian(s))
        loop = a - np.matmul(b, gain)
        return gain, loop, np.matmul(y, loop)
    gain = solve(_half(r), by + hermitian(s))
    return gain, a - np.matmul(b, gain), y


def _forced(w: Any, loop: Any, discrete: bool) -> Any:
    """Return the change of the solution that the forcing `w` makes."""
    if discrete:
        return stein(hermitian(loop), w, method=None)
    return sylvester(hermitian(loop), loop, -w)


def _pulled(ct: Any, loop: Any, discrete: bool) -> Any:
    """Return the transpose of `_forced`."""
    if discrete:
        return stein(conj(loop), ct, method=None)
    return -sylvester(conj(loop), loop.mT, ct)


def _both(m: Any) -> Any:
    return m + hermitian(m)


def _case(size: int, inputs: int, discrete: bool, cross: bool, imaginary: float = 0.0) -> Case:
    def draw(rng: np.random.Generator) -> tuple[Any, ...]:
        def normal(*shape: int) -> Any:
            x = rng.normal(size=shape)
            return x + 1j * imaginary * rng.normal(size=shape) if imaginary else x

        f, g = normal(size, size), normal(inputs, inputs)
        q = f @ f.conj().T / 9 + np.diag([1.0, 2.0, 3.5][:size])
        r = g @ g.conj().T / 4 + 2 * np.eye(inputs)
        a = 0.15 * normal(1, size, size) + np.diag(np.arange(1, size + 1)) * (
            0.2 if discrete else -1
        )
        # An axis more, lest two arguments have one shape: a weight must be positive, another matrix need not.
        return a, normal(size, inputs), q, r, 0.1 * normal(1, size, inputs) * cross

    return Case(draw, {"discrete": discrete})


@general(
    _riccati,
    arguments=("a", "b", "c", "d", "e"),
    on=[
        _case(3, 2, False, True),
        _case(2, 1, True, True),
        _case(2, 1, False, False, 0.4),
        _case(2, 1, True, True, 0.4),
    ],
    name="matrices.riccati",
    pattern="...ab,...cd,...ef,...gh,...ij->...kl",
    broadcasts=True,
    batch=batch_elementwise,
    analytic=False,
    kinks="of the weights Q and R the Hermitian part counts",
)
class riccati:
    """With the gain K, L = A − B K and P = Y (P = Y L if discrete), dY solves L^H dY + dY L = −W (dY = L^H dY L + W),
    W = dQ + K^H dR K − dS K − K^H dS^H + dA^H P + P^H dA − K^H dB^H P − P^H dB K.
    """

    def tangent_a(t: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        _, loop, p = _closed(a, b, d, e, y, discrete)
        return _forced(_both(np.matmul(hermitian(p), t)), loop, discrete)

    def tangent_b(t: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        gain, loop, p = _closed(a, b, d, e, y, discrete)
        w = -_both(np.matmul(np.matmul(hermitian(p), t), gain))
        return _forced(w, loop, discrete)

    def tangent_c(t: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        _, loop, _ = _closed(a, b, d, e, y, discrete)
        return _forced(_half(t), loop, discrete)

    def tangent_d(t: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        gain, loop, _ = _closed(a, b, d, e, y, discrete)
        w = np.matmul(np.matmul(hermitian(gain), _half(t)), gain)
        return _forced(w, loop, discrete)

    def tangent_e(t: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        gain, loop, _ = _closed(a, b, d, e, y, discrete)
        return _forced(-_both(np.matmul(t, gain)), loop, discrete)

    # Z + Zᴴ is the cotangent of m in m + mᴴ.

    def adjoint_a(ct: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        _, loop, p = _closed(a, b, d, e, y, discrete)
        return np.matmul(conj(p), _both(_pulled(ct, loop, discrete)))

    def adjoint_b(ct: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        gain, loop, p = _closed(a, b, d, e, y, discrete)
        z = _both(_pulled(ct, loop, discrete))
        return -np.matmul(np.matmul(conj(p), z), gain.mT)

    def adjoint_c(ct: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        _, loop, _ = _closed(a, b, d, e, y, discrete)
        return _half(_pulled(ct, loop, discrete))

    def adjoint_d(ct: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        gain, loop, _ = _closed(a, b, d, e, y, discrete)
        z = _pulled(ct, loop, discrete)
        return _half(np.matmul(np.matmul(conj(gain), z), gain.mT))

    def adjoint_e(ct: Any, a: Any, b: Any, d: Any, e: Any, y: Any, *, discrete: bool) -> Any:
        gain, loop, _ = _closed(a, b, d, e, y, discrete)
        return -np.matmul(_both(_pulled(ct, loop, discrete)), gain.mT)


def _solved(a: Any, b: Any, q: Any, r: Any, e: Any, s: Any, discrete: bool) -> Any:
    a, b, q, r = (double(m) for m in (squared(a), matrix(b), squared(q), squared(r)))
    if b.shape[-2] != a.shape[-1]:
        raise ValueError("Matrix a and b should have the same number of rows.")
    if q.shape[-1] != a.shape[-1]:
        raise ValueError("Matrix a and q should have the same shape.")
    if r.shape[-1] != b.shape[-1]:
        raise ValueError("Matrix b and r should have the same number of columns.")
    s = np.zeros((a.shape[-1], b.shape[-1]), dtype_of(b)) if s is None else double(matrix(s))
    if e is None:
        return riccati(a, b, q, r, s, discrete=discrete)
    e = double(squared(e))

    # Eᴴ Y E solves the equation without E, for A E⁻¹, E⁻ᴴ Q E⁻¹ and E⁻ᴴ S.
    def right(m: Any) -> Any:
        return hermitian(solve(hermitian(e), hermitian(m)))

    q, s = right(hermitian(right(hermitian(q)))), solve(hermitian(e), s)
    return riccati(right(a), b, _half(q), r, s, discrete=discrete)


_NOTE = (
    "by a Lyapunov equation; of the weights the Hermitian part counts; `e` must be regular (with `e` and balanced=True "
    "SciPy 1.13 to 1.17 give no solution of the equation where they scale it; here it is one)"
)


@numpy_function(linalg.solve_continuous_are, kind="rule", note=_NOTE)
def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """Answer ``scipy.linalg.solve_continuous_are``."""
    return _solved(a, b, q, r, e, s, False)


@numpy_function(linalg.solve_discrete_are, kind="rule", note=_NOTE)
def solve_discrete_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    """Answer ``scipy.linalg.solve_discrete_are``."""
    return _solved(a, b, q, r, e, s, True)
