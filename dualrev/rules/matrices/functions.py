"""Functions of matrices: exponential, logarithm, roots and powers, trigonometric and hyperbolic functions, sign.

For a primary function, f((A, E; 0, A)) = (f(A), L(A, E); 0, f(A)) with the Fréchet derivative L (Mathias 1996; Higham,
Functions of Matrices, theorem 3.6), and the transpose of E ↦ L(A, E) is L(Aᵀ, ·): one formula for both directions and,
used again on its own result, for every order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg

from dualrev.core.array import dtype_of, value
from dualrev.core.domains import case
from dualrev.core.flavours import batch_elementwise, batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.degeneracy import size_of
from dualrev.rules.linalg import matrix_power
from dualrev.rules.matrices.arguments import double, each, squared
from dualrev.rules.matrices.equations import sylvester
from dualrev.rules.matrices.systems import solve

__all__ = ["expm", "logm"]


def _triangular(a: Any, e: Any) -> Any:
    rows = [np.concatenate([a, e], -1), np.concatenate([np.zeros_like(a), a], -1)]
    return np.concatenate(rows, axis=-2)


def frechet(f: Callable[..., Any], a: Any, e: Any, *others: Any, **params: Any) -> Any:
    """Return L(A, E) of a primary function; E, in which it is linear, is scaled to size one, and `others` are held."""
    scale = np.expand_dims(size_of(e), (-2, -1))
    scale = np.where(scale > 0, scale, 1)
    dtype = np.result_type(dtype_of(a), dtype_of(e))
    a, e, *rest = np.broadcast_arrays(a, e / scale, *others)
    a, e = (v if dtype_of(v) == dtype else v.astype(dtype) for v in (a, e))
    n = a.shape[-1]
    held = (_triangular(v, np.zeros_like(v)) for v in rest)
    return f(_triangular(a, e), *held, **params)[..., :n, n:] * scale


def _check_regular(a: Any) -> bool:
    s = np.linalg.svd(a, compute_uv=False)
    if np.any(
        s.min(-1, initial=np.inf) <= 8 * s.shape[-1] * np.finfo(s.dtype).eps * s.max(-1, initial=0)
    ):
        raise np.linalg.LinAlgError(
            "the logarithm and the powers of a singular matrix have no derivative (SciPy's values are those of a "
            "matrix nearby)"
        )
    return True


(check_regular,) = constant(_check_regular, answers=False)


def _sized(size: float, *shape: int) -> Any:
    return lambda rng: size * rng.normal(size=shape)


def _away(*shape: int) -> Any:
    """Return a maker of matrices whose eigenvalues are away from the negative axis."""

    def make(rng: np.random.Generator) -> Any:
        return np.diag(np.array([1.0, 2.2, 3.6])[: shape[-1]]) + 0.3 * rng.normal(size=shape)

    return make


def _complex(*shape: int) -> Any:
    return lambda rng: _away(*shape)(rng) + 0.3j * rng.normal(size=shape)


def _nilpotent(rng: np.random.Generator) -> Any:
    return np.triu(np.full((3, 3), 0.4), 1) + np.eye(3)


# --------------------------------------------------------------------------------------------------
# Exponential, logarithm, powers


def _change(a: Any, b: Any) -> Any:
    dtype = np.result_type(a, b)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.full(a.shape, np.nan, dtype)
    y: Any = linalg.expm_frechet(a, b, compute_expm=False, check_finite=False) if a.size else b
    return y.astype(dtype, copy=False)


@general(
    lambda a, b: each(_change, a, b),
    arguments=("a", "b"),
    on=[
        case(_sized(0.8, 3, 3), (3, 3)),
        case(_sized(2.0, 2, 2, 2), (2, 2)),
        case(lambda rng: np.zeros((2, 2)), (3, 2, 2)),
    ],
    name="matrices.expm_change",
    pattern="...ab,...cd->...ef",
    broadcasts=True,
    batch=batch_elementwise,
)
class expm_change:
    """L(A, B), the Fréchet derivative of exp (Al-Mohy & Higham 2009, SIAM J. Matrix Anal. Appl. 30(4)); with respect to
    A it is the upper right block of L((A, dA; 0, A), (B, 0; 0, B)), and that is symmetric in B and dA.
    """

    def tangent_a(t: Any, a: Any, b: Any) -> Any:
        return frechet(expm_change, a, t, b)

    def tangent_b(t: Any, a: Any) -> Any:
        return expm_change(a, t)

    def adjoint_a(ct: Any, a: Any, b: Any) -> Any:
        return frechet(expm_change, a.mT, ct, b.mT)

    def adjoint_b(ct: Any, a: Any) -> Any:
        return expm_change(a.mT, ct)


@general(
    lambda x: each(linalg.expm, x),
    on=[
        case(_sized(0.8, 3, 3)),
        case(_sized(2.0, 2, 2, 2)),
        case(_sized(1.0, 1, 1)),
        case(lambda rng: np.zeros((2, 2))),
    ],
    name="matrices.expm",
    pattern="...ab->...cd",
    batch=batch_leading,
)
class expm:
    """dY = L(A, dA), ct_A = L(Aᵀ, ct), with the Fréchet derivative L (Higham 2008, section 10.6)."""

    def tangent(t: Any, x: Any) -> Any:
        return expm_change(x, t)

    def adjoint(ct: Any, x: Any) -> Any:
        return expm_change(x.mT, ct)


def _in_double(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    # SciPy measures the error of single precision by the unit of double, and warns.
    def one(m: Any) -> Any:
        if not m.size:
            return np.zeros_like(m)
        if m.dtype.char in "fF":
            y = np.asarray(f(m.astype("d" if m.dtype.char == "f" else "D")))
            return y.astype("F" if y.dtype.kind == "c" else "f")
        return f(m)

    return one


@general(
    lambda x: each(_in_double(linalg.logm), x),
    on=[case(_away(2, 2, 2)), case(_complex(2, 2)), case(_nilpotent)],
    name="matrices.logm",
    pattern="...ab->...cd",
    batch=batch_leading,
    analytic=False,
)
class logm:
    """dY = L(A, dA), the upper right block of log((A, dA; 0, A)); ct_A = L(Aᵀ, ct) (Higham 2008, section 11.8)."""

    def tangent(t: Any, x: Any) -> Any:
        check_regular(x)
        return frechet(logm, x, t)

    def adjoint(ct: Any, x: Any) -> Any:
        check_regular(x)
        return frechet(logm, x.mT, ct)


@general(
    lambda x, *, t: each(_in_double(lambda m: linalg.fractional_matrix_power(m, t)), x),
    on=[
        case(_away(3, 3), t=0.5),
        # SciPy estimates norms from random starts; at these samples no bit of the result depends on them.
        case(_complex(2, 2, 2), t=-1.3),
        case(_complex(2, 2), t=2.7),
    ],
    name="matrices.power",
    pattern="...ab->...cd",
    batch=batch_leading,
    analytic=False,
)
class power:
    """Y = Aᵖ;  dY = L(A, dA), the upper right block of (A, dA; 0, A)ᵖ; ct_A = L(Aᵀ, ct)."""

    def tangent(t_: Any, x: Any, *, t: float) -> Any:
        check_regular(x)
        return frechet(power, x, t_, t=t)

    def adjoint(ct: Any, x: Any, *, t: float) -> Any:
        check_regular(x)
        return frechet(power, x.mT, ct, t=t)


def _root(a: Any) -> Any:
    y = linalg.sqrtm(a) if a.size else np.zeros_like(a)
    # Older versions give double precision in long double, which LAPACK would take for single.
    return y.astype("D" if y.dtype.kind == "c" else "d") if y.dtype.char in "gG" else y


@general(
    lambda x: each(_root, x),
    on=[case(_away(3, 3)), case(_away(2, 2, 2)), case(_complex(2, 2)), case(_nilpotent)],
    name="matrices.sqrtm",
    pattern="...ab->...cd",
    batch=batch_leading,
    analytic=False,
)
class sqrtm_:
    """Y Y = A;  Y dY + dY Y = dA;  ct_A solves this for Yᵀ and ct (Higham 2008, section 6.1)."""

    def tangent(t: Any, y: Any) -> Any:
        return sylvester(y, y, t)

    def adjoint(ct: Any, y: Any) -> Any:
        return sylvester(y.mT, y.mT, ct)


@general(
    lambda x: each(_in_double(linalg.signm), x),
    on=[
        case(lambda rng: np.diag([1.0, -2.2, 3.6]) + 0.3 * rng.normal(size=(3, 3))),
        case(lambda rng: np.diag([1.4, -2.2]) + 0.3 * rng.normal(size=(2, 2))),
    ],
    name="matrices.signm",
    pattern="...ab->...cd",
    batch=batch_leading,
    analytic=False,
)
class signm_:
    """S² = 1;  N dS + dS N = dA − S dA S, N = S A (Higham 2008, theorem 5.3)."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        n = np.matmul(y, x)
        return sylvester(n, n, t - np.matmul(np.matmul(y, t), y))

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        n = np.matmul(y, x).mT
        z = sylvester(n, n, ct)
        return z - np.matmul(np.matmul(y.mT, z), y.mT)


# --------------------------------------------------------------------------------------------------
# Answers


def _default(function: Any, name: str) -> Any:
    return inspect.signature(function).parameters[name].default


_LOGM, _SIGNM, _SQRTM = (_default(f, "disp") for f in (linalg.logm, linalg.signm, linalg.sqrtm))
_BLOCK = _default(linalg.sqrtm, "blocksize")


def _with_error(function: Any, a: Any, y: Any, disp: Any, default: Any) -> Any:
    """Return the result, and SciPy's estimate of its error if that was asked for."""
    if disp is default or disp:
        return y
    return y, function(value(a), disp=False)[1]


@numpy_function(
    linalg.expm,
    kind="rule",
    note="Fréchet derivative by the algorithm of expm_frechet",
)
def exponential(A: Any) -> Any:
    """Answer ``scipy.linalg.expm``."""
    return expm(squared(A, False))


@numpy_function(linalg.expm_frechet, kind="rule")
def expm_frechet(
    A: Any, E: Any, method: Any = None, compute_expm: bool = True, check_finite: bool = True
) -> Any:
    """Answer ``scipy.linalg.expm_frechet``."""
    if method not in (None, "SPS", "blockEnlarge"):
        raise ValueError(f"Unknown implementation {method}")
    A, E = double(squared(A, check_finite)), double(squared(E, check_finite))
    if A.shape[-2:] != E.shape[-2:]:
        raise ValueError("expected A and E to be the same shape")
    change = expm_change(A, E)
    return (expm(A), change) if compute_expm else change


@numpy_function(
    linalg.logm,
    kind="rule",
    note="Fréchet derivative by the logarithm of a block triangular matrix; singular matrices raise",
)
def logarithm(A: Any, disp: Any = _LOGM) -> Any:
    """Answer ``scipy.linalg.logm``."""
    A = squared(A, False)
    return _with_error(linalg.logm, A, logm(double(A)), disp, _LOGM)


@numpy_function(linalg.sqrtm, kind="rule", note="by a Sylvester equation; singular matrices raise")
def sqrtm(A: Any, disp: Any = _SQRTM, blocksize: Any = _BLOCK) -> Any:
    """Answer ``scipy.linalg.sqrtm``."""
    A = squared(A, False)
    return _with_error(linalg.sqrtm, A, sqrtm_(A), disp, _SQRTM)


@numpy_function(linalg.signm, kind="rule", note="by a Sylvester equation; singular matrices raise")
def signm(A: Any, disp: Any = _SIGNM) -> Any:
    """Answer ``scipy.linalg.signm``."""
    A = squared(A, False)
    return _with_error(linalg.signm, A, signm_(A), disp, _SIGNM)


@numpy_function(
    linalg.fractional_matrix_power,
    kind="rule",
    note="with respect to the exponent as exp(t log A); singular matrices raise",
)
def fractional_matrix_power(A: Any, t: Any) -> Any:
    """Answer ``scipy.linalg.fractional_matrix_power``."""
    A = squared(A, False)
    if hasattr(t, "level"):
        return expm(t * logm(double(A)))
    if t == int(t):
        return matrix_power(A, int(t))
    return power(double(A), t=float(t))


@numpy_function(linalg.cosm, note="as SciPy, by expm")
def cosm(A: Any) -> Any:
    """Answer ``scipy.linalg.cosm``."""
    A = squared(A)
    if dtype_of(A).kind == "c":
        return (expm(1j * A) + expm(-1j * A)) / 2
    return np.real(expm(1j * A))


@numpy_function(linalg.sinm, note="as SciPy, by expm")
def sinm(A: Any) -> Any:
    """Answer ``scipy.linalg.sinm``."""
    A = squared(A)
    if dtype_of(A).kind == "c":
        return -0.5j * (expm(1j * A) - expm(-1j * A))
    return np.imag(expm(1j * A))


@numpy_function(linalg.tanm, note="as SciPy, by expm")
def tanm(A: Any) -> Any:
    """Answer ``scipy.linalg.tanm``."""
    return solve(cosm(A), sinm(A))


@numpy_function(linalg.coshm, note="as SciPy, by expm")
def coshm(A: Any) -> Any:
    """Answer ``scipy.linalg.coshm``."""
    A = squared(A)
    return (expm(A) + expm(-A)) / 2


@numpy_function(linalg.sinhm, note="as SciPy, by expm")
def sinhm(A: Any) -> Any:
    """Answer ``scipy.linalg.sinhm``."""
    A = squared(A)
    return (expm(A) - expm(-A)) / 2


@numpy_function(linalg.tanhm, note="as SciPy, by expm")
def tanhm(A: Any) -> Any:
    """Answer ``scipy.linalg.tanhm``."""
    return solve(coshm(A), sinhm(A))


@numpy_function(linalg.funm, kind="unsupported", note="a function of functions")
def funm(A: Any, func: Any, disp: bool = True) -> Any:
    """Answer ``scipy.linalg.funm``."""
    raise UnsupportedError(
        "scipy.linalg.funm",
        "Parlett's recurrence loses the derivative where eigenvalues are close",
        "use expm, logm, sqrtm, fractional_matrix_power or their combinations; for symmetric matrices eigh",
    )


@numpy_function(linalg.expm_cond, kind="unsupported", note="a condition number")
def expm_cond(A: Any, check_finite: bool = True) -> Any:
    """Answer ``scipy.linalg.expm_cond``."""
    raise UnsupportedError(
        "scipy.linalg.expm_cond",
        "it is the norm of a derivative",
        "use dr.value(A), or dr.jacobian of expm",
    )
