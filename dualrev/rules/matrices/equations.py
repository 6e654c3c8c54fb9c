"""Matrix equations: Sylvester, Lyapunov, Stein and Riccati.

The derivative of a solution solves a linear equation of the same kind (Kao & Hennequin 2020, "Automatic differentiation
of Sylvester, Lyapunov, and algebraic Riccati equations", arXiv:2011.11430).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.domains import case, regular
from dualrev.core.flavours import batch_elementwise, general
from dualrev.core.primitive import numpy_function
from dualrev.rules.linalg import hermitian
from dualrev.rules.matrices.arguments import conj, double, each, matrix, squared

__all__ = ["stein", "sylvester"]


def _sylvester_one(a: Any, b: Any, q: Any) -> Any:
    dtype = np.result_type(a, b, q)
    if not q.size:
        return np.zeros(q.shape, dtype)
    kind = "complex" if dtype.kind == "c" else "real"
    r, u = linalg.schur(a.astype(dtype, copy=False), output=kind)
    s, v = linalg.schur(b.astype(dtype, copy=False).conj().T, output=kind)
    f = u.conj().T @ q.astype(dtype, copy=False) @ v
    trsyl = linalg.get_lapack_funcs("trsyl", (r, s, f))
    y, scale, info = trsyl(r, s, f, tranb="C")
    if info:
        # SciPy goes on with eigenvalues that LAPACK has moved.
        raise np.linalg.LinAlgError(
            "a Sylvester or Lyapunov equation is singular: an eigenvalue of one matrix is the negative of one of the "
            "other, or nearly, so that the solution has no derivative"
        )
    return u @ (scale * y) @ v.conj().T


def _turned(*shape: int) -> Any:
    return lambda rng: 0.6 * (rng.normal(size=shape) + 1j * rng.normal(size=shape)) + 3 * np.eye(2)


@general(
    lambda a, b, c: each(_sylvester_one, a, b, c),
    arguments=("a", "b", "c"),
    on=[
        case(regular(3, 3), regular(2, 2), (3, 2)),
        case(regular(2, 2, 2), regular(3, 3), (2, 3)),
        case(regular(1, 1), regular(2, 2, 2), (1, 2)),
        case(regular(2, 2), regular(2, 2), (3, 2, 2)),
        case(_turned(2, 2), regular(2, 2), (2, 2)),
    ],
    name="matrices.sylvester",
    pattern="...ab,...cd,...ef->...gh",
    broadcasts=True,
    # Analytic, but Schur factors lose a small imaginary part among the real ones.
    analytic=False,
    batch=batch_elementwise,
)
class sylvester:
    """A Y + Y B = C;  dY solves it for dC − dA Y − Y dB;  ct_C solves it for Aᵀ, Bᵀ and ct,
    ct_A = −ct_C Yᵀ,  ct_B = −Yᵀ ct_C.
    """

    def tangent_a(t: Any, a: Any, b: Any, y: Any) -> Any:
        return -sylvester(a, b, np.matmul(t, y))

    def tangent_b(t: Any, a: Any, b: Any, y: Any) -> Any:
        return -sylvester(a, b, np.matmul(y, t))

    def tangent_c(t: Any, a: Any, b: Any) -> Any:
        return sylvester(a, b, t)

    def adjoint_a(ct: Any, a: Any, b: Any, y: Any) -> Any:
        return -np.matmul(sylvester(a.mT, b.mT, ct), y.mT)

    def adjoint_b(ct: Any, a: Any, b: Any, y: Any) -> Any:
        return -np.matmul(y.mT, sylvester(a.mT, b.mT, ct))

    def adjoint_c(ct: Any, a: Any, b: Any) -> Any:
        return sylvester(a.mT, b.mT, ct)


@numpy_function(
    linalg.solve_sylvester, kind="rule", note="singular equations raise: SciPy perturbs them"
)
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """Answer ``scipy.linalg.solve_sylvester``."""
    return sylvester(squared(a, False), squared(b, False), matrix(q, False))


@numpy_function(
    linalg.solve_continuous_lyapunov, note="by solve_sylvester; singular equations raise"
)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """Answer ``scipy.linalg.solve_continuous_lyapunov``."""
    a, q = squared(a), squared(q)
    return sylvester(a, hermitian(a), q)


if linalg.solve_lyapunov is not linalg.solve_continuous_lyapunov:
    numpy_function(linalg.solve_lyapunov, note="as solve_continuous_lyapunov")(
        solve_continuous_lyapunov
    )


# --------------------------------------------------------------------------------------------------
# The Stein equation


def _stein_one(a: Any, q: Any, method: Any) -> Any:
    dtype = np.result_type(a, q)
    if not q.size:
        return np.zeros(q.shape, dtype)
    y = linalg.solve_discrete_lyapunov(a, q, method=method)
    return y.astype(dtype, copy=False)


def _contracting(*shape: int) -> Any:
    return lambda rng: 0.35 * rng.normal(size=shape)


def _turning(*shape: int) -> Any:
    return lambda rng: 0.3 * (rng.normal(size=shape) + 1j * rng.normal(size=shape))


@general(
    lambda a, b, *, method: each(lambda *m: _stein_one(*m, method), a, b),
    arguments=("a", "b"),
    on=[
        case(_contracting(3, 3), (3, 3), method=None),
        case(_contracting(2, 2, 2), (2, 2), method="bilinear"),
        case(_turning(2, 2), (2, 2, 2), method="direct"),
    ],
    name="matrices.stein",
    pattern="...ab,...cd->...ef",
    broadcasts=True,
    batch=batch_elementwise,
    analytic=False,
)
class stein:
    """Y = A Y Aᴴ + B;  dY solves it for dB + dA Y Aᴴ + A Y dAᴴ;  ct_B solves it for Aᵀ and ct,
    ct_A = ct_B (Y Aᴴ)ᵀ + ct_Bᴴ conj(A Y).
    """

    def tangent_a(t: Any, a: Any, y: Any, *, method: Any) -> Any:
        change = np.matmul(t, np.matmul(y, hermitian(a)))
        return stein(a, change + np.matmul(np.matmul(a, y), hermitian(t)), method=method)

    def tangent_b(t: Any, a: Any, *, method: Any) -> Any:
        return stein(a, t, method=method)

    def adjoint_a(ct: Any, a: Any, y: Any, *, method: Any) -> Any:
        z = stein(a.mT, ct, method=method)
        # Re Σ Z ∘ (P tᴴ) = Re Σ t ∘ (Zᴴ conj(P)), P = A Y.
        left = np.matmul(z, np.matmul(y, hermitian(a)).mT)
        return left + np.matmul(hermitian(z), conj(np.matmul(a, y)))

    def adjoint_b(ct: Any, a: Any, *, method: Any) -> Any:
        return stein(a.mT, ct, method=method)


@numpy_function(linalg.solve_discrete_lyapunov, kind="rule")
def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    """Answer ``scipy.linalg.solve_discrete_lyapunov``."""
    if method is not None:
        method = method.lower()
        if method not in ("direct", "bilinear"):
            raise ValueError(f"Unknown solver {method}")
    return stein(double(squared(a, False)), double(squared(q, False)), method=method)
