"""Linear systems, inverses, determinants and the Cholesky factor, for stacks of matrices.

Matrices are the last two axes, so lanes lead. The rules differentiate the defining equation (Giles
2008, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation").
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.dependence import per_matrix, small
from dualrev.core.domains import case, positive_definite, regular
from dualrev.core.flavours import batch_leading, constant, general
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import lift
from dualrev.rules.contraction import array_operand

__all__ = ["condition", "fold", "hermitian", "inv", "square", "whole"]


def square(a: Any, name: str) -> Any:
    """Return `a` as a stack of square matrices, with NumPy's errors."""
    a = array_operand(a)
    if a.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{a.ndim}-dimensional array given to {name}. Array must be at least two-dimensional"
        )
    if a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(
            f"Last 2 dimensions of the array must be square, not {a.shape[-2:]} ({name})"
        )
    return a


def hermitian(m: Any) -> Any:
    """The conjugate transpose."""
    return np.conjugate(m).mT if dtype_of(m).kind == "c" else m.mT


def _solve_value(a: Any, b: Any, *, vector: bool) -> Any:
    if a.ndim > 2:
        return np.linalg.solve(a, b[..., None])[..., 0] if vector else np.linalg.solve(a, b)
    if b.ndim == (1 if vector else 2):
        return np.linalg.solve(a, b)
    # One matrix and many right-hand sides: one factorisation.
    columns = np.moveaxis(b, -1 if vector else -2, 0)
    flat = columns.reshape(len(columns), math.prod(columns.shape[1:]))
    y = np.linalg.solve(a, flat).reshape(columns.shape)
    return np.moveaxis(y, 0, -1 if vector else -2)


def _batch_solve(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    a, b = arrays
    core = 1 if params["vector"] else 2
    stack = max(a.ndim - lanes[0] - 2, b.ndim - lanes[1] - core)
    a = lift(a, stack + 2) if lanes[0] else a
    b = lift(b, stack + core) if lanes[1] else b
    return primitive.call(a, b, **params)


@general(
    _solve_value,
    arguments=("a", "b"),
    broadcasts=True,
    batch=_batch_solve,
    on=[
        case(regular(3, 3), (3,), vector=True),
        case(regular(3, 3), (3, 2), vector=False),
        case(regular(2, 3, 3), (3, 2), vector=False),
        case(regular(2, 3, 3), (2, 3), vector=True),
        case(regular(2, 1, 2, 2), (3, 2, 1), vector=False),
        case(regular(2, 2), (3, 2), vector=True),
        case(regular(0, 0), (0, 2), vector=False),
    ],
    name="solve",
    pattern=lambda primals, y, *, vector: "...ab,...c->...d" if vector else "...ab,...ck->...dk",
)
class solve_:
    """A Y = B;  dY = A⁻¹ (dB − dA Y);  ct_B = A⁻ᵀ ct,  ct_A = −ct_B Yᵀ (Giles 2008, 2.3.1)."""

    def tangent_a(t: Any, a: Any, y: Any, *, vector: bool) -> Any:
        change = np.matmul(t, y[..., None])[..., 0] if vector else np.matmul(t, y)
        return -solve_(a, change, vector=vector)

    def tangent_b(t: Any, a: Any, *, vector: bool) -> Any:
        return solve_(a, t, vector=vector)

    def adjoint_a(ct: Any, a: Any, y: Any, *, vector: bool) -> Any:
        ct_b = solve_(a.mT, ct, vector=vector)
        if vector:
            return -ct_b[..., :, None] * y[..., None, :]
        return -np.matmul(ct_b, y.mT)

    def adjoint_b(ct: Any, a: Any, *, vector: bool) -> Any:
        return solve_(a.mT, ct, vector=vector)


@numpy_function(
    np.linalg.solve, kind="rule", note="b is a vector only if it has one dimension, as in NumPy 2"
)
def solve(a: Any, b: Any) -> Any:
    """Answer ``np.linalg.solve``."""
    a, b = square(a, "solve"), array_operand(b)
    return solve_(a, b, vector=b.ndim == 1)


def condition(a: Any, b: Any) -> Any:
    """Return the condition numbers in the Euclidean norm of plain matrices with inverses `b`."""
    if a.ndim == 2:
        return np.sqrt(np.vdot(a, a).real * np.vdot(b, b).real)
    squares = [np.real(np.conj(m) * m).sum((-2, -1)) for m in (a, b)]
    return np.sqrt(squares[0] * squares[1])


def _inverse(x: Any, *, limit: float = np.inf) -> Any:
    y = np.linalg.inv(x)
    if limit < np.inf and np.any(condition(x, y) > limit):
        raise np.linalg.LinAlgError(
            f"a derivative of det from the third on needs a condition number below {limit:.0e}: "
            "too few digits would be right"
        )
    return y


@general(
    _inverse,
    on=[case(regular(3, 3)), case(regular(2, 2, 2)), case(regular(1, 1)), case(regular(0, 0))],
    name="inv",
    pattern="...ab->...cd",
    batch=batch_leading,
)
class inv:
    """Y = A⁻¹;  dY = −Y dA Y (Giles 2008, section 2.2.3)."""

    def tangent(t: Any, y: Any) -> Any:
        return -np.matmul(np.matmul(y, t), y)

    def adjoint(ct: Any, y: Any) -> Any:
        return -np.matmul(np.matmul(y.mT, ct), y.mT)


@numpy_function(np.linalg.inv, kind="rule")
def inverse(a: Any) -> Any:
    """Answer ``np.linalg.inv``."""
    return inv(square(a, "inv"))


# --------------------------------------------------------------------------------------------------
# The Cholesky factor


def _half(m: Any) -> Any:
    """Φ: the lower triangle with halved diagonal."""
    n = m.shape[-1]
    return m * (np.tri(n, n, -1, dtype=dtype_of(m)) + np.eye(n, dtype=dtype_of(m)) / 2)


def whole(m: Any, uplo: str) -> Any:
    """Return the Hermitian matrix with one triangle of `m`, ``"L"`` or ``"U"``."""
    h = _half(m if uplo == "L" else hermitian(m))
    return h + hermitian(h)


def fold(g: Any, uplo: str) -> Any:
    """Return the cotangent of one triangle, the transpose of `whole`."""
    g = _half(g + hermitian(g))
    return g if uplo == "L" else hermitian(g)


def _cholesky_dependence(primals: Any, y: Any) -> Any:
    if not small(y.shape):
        return "...ab->...cd"
    i, j, k, m = np.indices(y.shape[-2:] * 2)
    n = y.shape[-1]
    # Row by row, from the columns before: lᵢⱼ comes from aₖₘ with k up to j or k = i.
    related = (m <= k) & (m <= j) & (j <= i) & ((k <= j) | (k == i))
    return (per_matrix(related.reshape(n * n, n * n), math.prod(y.shape[:-2])),)


@general(
    np.linalg.cholesky,
    on=[
        case(positive_definite(3, 3)),
        case(positive_definite(2, 2, 2)),
        case(positive_definite(1, 1)),
    ],
    batch=batch_leading,
    analytic=False,
    kinks="as NumPy, reads one triangle: the cotangent of the other is zero",
    pattern=_cholesky_dependence,
)
class cholesky:
    """A = L Lᴴ;  dL = L Φ(L⁻¹ dA L⁻ᴴ), Φ the lower triangle with halved diagonal.

    Murray (2016), Differentiation of the Cholesky decomposition, arXiv:1602.07527.
    """

    def tangent(t: Any, y: Any) -> Any:
        inner = np.linalg.solve(y, hermitian(np.linalg.solve(y, whole(t, "L"))))
        return np.matmul(y, _half(hermitian(inner)))

    def adjoint(ct: Any, y: Any) -> Any:
        inner = np.linalg.solve(y.mT, _half(np.matmul(y.mT, ct)))
        return fold(np.linalg.solve(hermitian(y), inner.mT).mT, "L")


@numpy_function(np.linalg.cholesky, kind="rule")
def cholesky_factor(a: Any, /, *, upper: bool = False) -> Any:
    """Answer ``np.linalg.cholesky``; the upper factor is that of the transposed triangle."""
    a = square(a, "cholesky")
    return hermitian(cholesky(hermitian(a))) if upper else cholesky(a)


# --------------------------------------------------------------------------------------------------
# Composites


@numpy_function(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Answer ``np.linalg.matrix_power`` by repeated squaring."""
    a = square(a, "matrix_power")
    if not hasattr(n, "__index__"):
        raise TypeError("exponent must be an integer")
    n = int(n)
    if n < 0:
        a, n = inv(a), -n
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=dtype_of(a)), a.shape).copy()
    power = None
    while n:
        if n & 1:
            power = a if power is None else np.matmul(power, a)
        n >>= 1
        if n:
            a = np.matmul(a, a)
    return power


@numpy_function(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """Answer ``np.linalg.tensorsolve`` by one linear system."""
    a, b = array_operand(a), array_operand(b)
    if axes is not None:
        moved = [k % a.ndim for k in axes]
        a = np.transpose(a, [k for k in range(a.ndim) if k not in moved] + moved)
    shape = a.shape[b.ndim :]
    size = math.prod(shape)
    if a.size != size * size:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement "
            "prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    return np.reshape(solve(np.reshape(a, (size, size)), np.ravel(b)), shape)


@numpy_function(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """Answer ``np.linalg.tensorinv`` by one inverse."""
    a = array_operand(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    rows = math.prod(a.shape[:ind])
    return np.reshape(
        inverse(np.reshape(a, (rows, math.prod(a.shape[ind:])))), a.shape[ind:] + a.shape[:ind]
    )


_NOT_GIVEN = object()


@numpy_function(
    np.linalg.pinv,
    kind="rule",
    note="for locally constant rank; a cutoff that drops more than rounding errors raises",
)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _NOT_GIVEN) -> Any:
    """Answer ``np.linalg.pinv``."""
    a = array_operand(a)
    if rcond is None:
        if rtol is _NOT_GIVEN:
            rcond = 1e-15
        else:
            rcond = max(a.shape[-2:]) * np.finfo(dtype_of(a)).eps if rtol is None else rtol
    elif rtol is not _NOT_GIVEN:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if hasattr(rcond, "level"):
        # The cutoff decides the rank and nothing else.
        rcond = rcond._decide("the cutoff of np.linalg.pinv")
    rcond = np.asarray(rcond)[()]
    return pseudoinverse(a, rcond=rcond, triangle=bool(hermitian))


def _symmetric(*shape: int) -> Any:
    return lambda rng: np.diag([2.0, -3.0, 4.0]) + 0.4 * rng.normal(size=shape)


def _check_cutoff(x: Any, *, rcond: Any) -> Any:
    """Refuse a cutoff that drops more than rounding errors: the rank is then not that of the matrix."""
    s = np.linalg.svd(x, compute_uv=False)
    large = s > np.expand_dims(rcond, -1) * s.max(-1, initial=0)[..., None]
    least = np.where(large, s, np.inf).min(-1, initial=np.inf)
    bad = np.where(large, 0, s).max(-1, initial=0) > np.sqrt(np.finfo(s.dtype).eps) * least
    if bad.any():
        raise np.linalg.LinAlgError(
            f"pinv, lstsq: the cutoff {rcond} drops singular values that are no rounding errors: of "
            f"{s[tuple(np.argwhere(bad)[0])]} it keeps those above. The derivative is for matrices of that rank; "
            "truncate by u, s, vh = np.linalg.svd(a) instead."
        )
    return bad


(check_cutoff,) = constant(_check_cutoff, batch=batch_leading, answers=False)


@general(
    lambda x, *, rcond, triangle: np.linalg.pinv(x, rcond, triangle),
    on=[
        case((3, 2), rcond=1e-15, triangle=False),
        case((2, 3), rcond=1e-15, triangle=False),
        case((2, 2, 3), rcond=np.array([1e-12, 1e-14]), triangle=False),
        case(_symmetric(3, 3), rcond=1e-15, triangle=True),
    ],
    batch=batch_leading,
    analytic=False,
    name="pinv",
    pattern="...ab->...cd",
    kinks="at constant rank; of a matrix said to be Hermitian the lower triangle counts",
)
class pseudoinverse:
    """dY = −Y dA Y + Y Yᴴ dAᴴ (1 − A Y) + (1 − Y A) dAᴴ Yᴴ Y, at constant rank.

    Golub & Pereyra (1973), SIAM J. Numer. Anal. 10(2), equation 4.12.
    """

    def tangent(t: Any, x: Any, y: Any, *, rcond: Any, triangle: bool) -> Any:
        if triangle:
            t, x = whole(t, "L"), whole(x, "L")
        check_cutoff(x, rcond=rcond)
        h, yh = hermitian(t), hermitian(y)
        left, right = (y @ yh) @ h, h @ (yh @ y)
        return left - (left @ x) @ y + right - y @ (x @ right) - (y @ t) @ y

    def adjoint(ct: Any, x: Any, y: Any, *, rcond: Any, triangle: bool) -> Any:
        # With respect to Re(sum(ct * t)), t ↦ U tᴴ V has the transpose ct ↦ conj(V) ctᴴ conj(U).
        x = whole(x, "L") if triangle else x
        check_cutoff(x, rcond=rcond)
        h, yt, xc, yc = hermitian(ct), y.mT, hermitian(x).mT, hermitian(y).mT
        left, right = (h @ yc) @ yt, (yt @ yc) @ h
        g = left - xc @ (yc @ left) + right - (right @ yc) @ xc - (yt @ ct) @ yt
        return fold(g, "L") if triangle else g


constant(np.linalg.matrix_rank)
