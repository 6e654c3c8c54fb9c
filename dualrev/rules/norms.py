"""Norms, singular values, condition numbers. The derivative of a norm at zero is zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case, regular
from dualrev.core.flavours import batch_leading, general
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes, negative_axis
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.linalg import hermitian

__all__ = ["across", "euclidean", "over_length", "singular_values"]


def _length(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    # Summed as np.linalg.norm does: it squares without taking magnitudes first.
    squares = (x.conj() * x).real if x.dtype.kind == "c" else x * x
    return np.sqrt(np.add.reduce(squares, axis=axis, keepdims=keepdims))


def over_length(a: Any, y: Any) -> Any:
    """``a / y``; zero, with zero derivatives, where y is zero."""
    zero = y == 0
    if isinstance(zero, (np.bool_, np.ndarray)) and not zero.any():
        return a / y
    return np.where(zero, 0, a / np.where(zero, 1, y))


def across(ct: Any, ndim: int, axis: tuple[int, ...], keepdims: bool) -> Any:
    """Shape `ct`, the cotangent of a reduction, so that it broadcasts against the operand."""
    return ct if keepdims or len(axis) == ndim else np.expand_dims(ct, axis)


def _conj(x: Any) -> Any:
    return np.conjugate(x) if dtype_of(x).kind == "c" else x


def _complex(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


@general(
    _length,
    on=[
        case((3,), axis=(-1,), keepdims=False),
        case((2, 3), axis=(-2, -1), keepdims=False),
        case((2, 3), axis=(-2,), keepdims=True),
        case((2, 3, 2), axis=(-3, -1), keepdims=False),
        case(_complex(3), axis=(-1,), keepdims=False),
        case((), axis=(), keepdims=False),
        case((0,), axis=(-1,), keepdims=False),
    ],
    name="euclidean_norm",
    batch=batch_leading,
    analytic=False,
    kinks="0 at 0",
    pattern="reduction",
)
class euclidean:
    """y = (Σ |xᵢ|²)^½;  dy = Σ Re(conj(xᵢ) dxᵢ) / y, zero at zero."""

    def tangent(t: Any, x: Any, y: Any, *, axis: Any, keepdims: Any) -> Any:
        return over_length(np.sum(np.real(_conj(x) * t), axis=axis, keepdims=keepdims), y)

    def adjoint(ct: Any, x: Any, y: Any, shape: Any, *, axis: Any, keepdims: Any) -> Any:
        return across(over_length(np.real(ct), y), len(shape), axis, keepdims) * _conj(x)


def _vector(x: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return euclidean(x, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order {ord!r} for vectors")
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        real = np.zeros(0, dtype_of(x)).real.dtype
        return np.sum((x != 0).astype(real), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    powers = np.abs(x)
    if ord < 1:
        # The power's derivative at zero is infinite, that of the magnitude zero: zero it is.
        at_zero = powers == 0
        limit = 0.0 if ord > 0 else np.inf
        powers = np.where(at_zero, limit, np.where(at_zero, 1, powers) ** ord)
    else:
        powers = powers**ord
    total = np.sum(powers, axis=axis, keepdims=keepdims)
    # Zero is the one point where the root has no derivative: there the norm's is zero.
    zero = total == 0
    return np.where(zero, 0, np.where(zero, 1, total) ** (1 / ord))


def _matrix(x: Any, ord: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    row, column = axis
    if row == column:
        raise ValueError("Duplicate axes given.")
    if ord in (None, "fro", "f"):
        return euclidean(x, axis=axis, keepdims=keepdims)
    if ord in (2, -2, "nuc"):
        s = svdvals(np.moveaxis(x, axis, (-2, -1)))
        y = (
            np.max(s, axis=-1)
            if ord == 2
            else np.min(s, axis=-1)
            if ord == -2
            else np.sum(s, axis=-1)
        )
    elif ord in (1, -1, np.inf, -np.inf):
        inner, outer = (row, column) if abs(ord) == 1 else (column, row)
        sums = np.sum(np.abs(x), axis=inner, keepdims=True)
        y = (
            np.max(sums, axis=outer, keepdims=True)
            if ord > 0
            else np.min(sums, axis=outer, keepdims=True)
        )
        return y if keepdims else np.squeeze(y, axis=axis)
    else:
        raise ValueError("Invalid norm order for matrices.")
    return np.expand_dims(y, tuple(k % x.ndim for k in axis)) if keepdims else y


def _floating(x: Any) -> Any:
    x = array_operand(x)
    return x if dtype_of(x).kind in "fc" else x.astype(float)


@numpy_function(
    np.linalg.norm, kind="rule", note="0 at 0; ties of orders inf, 1 and 2 share equally"
)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Answer ``np.linalg.norm``."""
    x = _floating(x)
    if axis is None:
        if ord is None or (ord == 2 and x.ndim == 1) or (ord in ("f", "fro") and x.ndim == 2):
            return euclidean(x, axis=negative_axes(None, x.ndim), keepdims=bool(keepdims))
        axes = negative_axes(None, x.ndim)
    elif isinstance(axis, tuple):
        axes = tuple(negative_axis(k, x.ndim) for k in axis)
    else:
        axes = (negative_axis(axis, x.ndim),)
    if len(axes) == 1:
        return _vector(x, ord, axes, bool(keepdims))
    if len(axes) == 2:
        return _matrix(x, ord, axes, bool(keepdims))
    raise ValueError("Improper number of dimensions to norm.")


@numpy_function(np.linalg.vector_norm, note="0 at 0")
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Answer ``np.linalg.vector_norm``; over several axes they count as one."""
    x = _floating(x)
    return _vector(x, ord, negative_axes(axis, x.ndim), bool(keepdims))


@numpy_function(np.linalg.matrix_norm, note="0 at 0")
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """Answer ``np.linalg.matrix_norm``."""
    return _matrix(_floating(x), ord, (-2, -1), bool(keepdims))


# --------------------------------------------------------------------------------------------------
# Singular values


def _gaps(s: Any) -> Any:
    """F: the reciprocals of sⱼ² − sᵢ², zero on the diagonal."""
    eye = np.eye(s.shape[-1], dtype=bool)
    gap = (s[..., None, :] - s[..., :, None]) * (s[..., None, :] + s[..., :, None])
    return np.where(eye, 0, 1 / np.where(eye, 1, gap))


def _phase(m: Any, s: Any) -> Any:
    """The diagonal matrix of i Im(mᵢᵢ) / sᵢ: the phases of the vectors are put into U."""
    return 1j * np.imag(m) * np.eye(s.shape[-1]) / s[..., None, :]


@general(
    lambda x: tuple(np.linalg.svd(x, full_matrices=False)),
    on=[case((3, 2)), case((2, 2, 3))],
    name="svd",
    batch=batch_leading,
    analytic=False,
    kinks="infinite where singular values are equal",
)
class svd:
    """With M = Uᴴ dA V and Fᵢⱼ = 1/(sⱼ² − sᵢ²): ds = Re diag M,
    dU = U (F∘(M S + S Mᴴ)) + (1 − U Uᴴ) dA V S⁻¹.

    V likewise, with Mᴴ for M. Townsend (2016), Differentiating the singular value decomposition.
    """

    def tangent(t: Any, y: Any) -> Any:
        u, s, vh = y
        v, row, column = hermitian(vh), s[..., None, :], s[..., :, None]
        tv, thu = np.matmul(t, v), np.matmul(hermitian(t), u)
        m, mh, f = np.matmul(hermitian(u), tv), np.matmul(vh, thu), _gaps(s)
        p, q = f * (m * row + column * mh), f * (column * m + mh * row)
        if dtype_of(m).kind == "c":
            p = p + _phase(m, s)
        du, dv = np.matmul(u, p), np.matmul(v, q)
        if u.shape[-2] > s.shape[-1]:
            du = du + (tv - np.matmul(u, m)) / row
        if v.shape[-2] > s.shape[-1]:
            dv = dv + (thu - np.matmul(v, mh)) / row
        return du, np.real(np.diagonal(m, axis1=-2, axis2=-1)), hermitian(dv)

    def adjoint(ct: Any, y: Any) -> Any:
        u, s, vh = y
        ct_u, ct_s, ct_v = ct[0], np.real(ct[1]), hermitian(ct[2])
        vt, row, column = np.conjugate(vh), s[..., None, :], s[..., :, None]
        a, b, f = np.matmul(u.mT, ct_u), np.matmul(vt, ct_v), _gaps(s)
        fa, fb = f * a, f * b
        m = ct_s[..., None, :] * np.eye(s.shape[-1], dtype=bool)
        m = m + fa * row + column * fb + hermitian(column * fa + fb * row)
        if dtype_of(a).kind == "c":
            m = m + _phase(a, s)
        uc = np.conjugate(u)
        g = np.matmul(np.matmul(uc, m), vt)
        if u.shape[-2] > s.shape[-1]:
            g = g + np.matmul((ct_u - np.matmul(uc, a)) / row, vt)
        if vh.shape[-1] > s.shape[-1]:
            g = g + np.matmul(uc / row, hermitian(ct_v - np.matmul(hermitian(vt).mT.mT, b)))
        return g


def _singular_vectors(x: Any) -> tuple[Any, Any]:
    u, _, vh = svd(x)
    return np.conjugate(u), np.conjugate(vh)


@general(
    lambda x: np.linalg.svd(x, compute_uv=False),
    on=[case((3, 2)), case((2, 2, 3)), case(regular(3, 3)), case(_complex(3, 2))],
    name="singular_values",
    batch=batch_leading,
    analytic=False,
    kinks="0 where a value is 0; where values are equal, those of the decomposition at hand",
)
class singular_values:
    """dsᵢ = Re(uᵢᴴ dA vᵢ) (Giles 2008, section 3.2)."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        u, vh = _singular_vectors(x)
        return np.where(y == 0, 0, np.real(np.sum(u * np.matmul(t, vh.mT), axis=-2)))

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        u, vh = _singular_vectors(x)
        return np.matmul(u * np.where(y == 0, 0, np.real(ct))[..., None, :], vh)


@numpy_function(np.linalg.svdvals, kind="rule")
def svdvals(x: Any, /) -> Any:
    """Answer ``np.linalg.svdvals``."""
    x = array_operand(x)
    if x.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    return singular_values(x)


@numpy_function(np.linalg.svd, note="singular values only")
def svd_values(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Answer ``np.linalg.svd(a, compute_uv=False)``."""
    if compute_uv:
        raise UnsupportedError(
            "np.linalg.svd", "singular vectors have no rule", "pass compute_uv=False"
        )
    return svdvals(a)


@numpy_function(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """Answer ``np.linalg.cond``."""
    x = array_operand(x)
    if p is None or p in (2, -2):
        s = svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, axis=(-2, -1)) * norm(np.linalg.inv(x), p, axis=(-2, -1))
