"""Norms and condition numbers. The derivative of a norm at zero is zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case
from dualrev.core.flavours import batch_leading, constant, general
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes, negative_axis
from dualrev.rules.contraction import array_operand
from dualrev.rules.linalg import inv, square
from dualrev.rules.singular import even, matrices, singular_values, svdvals

__all__ = ["across", "euclidean", "over_length"]


def _length(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    # Summed as np.linalg.norm does: it squares without taking magnitudes first.
    squares = (x.conj() * x).real if x.dtype.kind == "c" else x * x
    return np.sqrt(np.add.reduce(squares, axis=axis, keepdims=keepdims))


def over_length(a: Any, y: Any) -> Any:
    """``a / y``; zero, with zero derivatives, where y is zero."""
    zero = y == 0
    if type(zero) in (np.bool_, np.ndarray) and not zero.any():
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
        s = even(svdvals(np.moveaxis(x, axis, (-2, -1))))
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
# Condition numbers


def _without_inverse(x: Any) -> Any:
    return np.linalg.slogdet(x)[0] == 0


(without_inverse,) = constant(_without_inverse, batch=batch_leading, answers=False)


def _by_inverse(x: Any, p: Any) -> Any:
    singular = without_inverse(x)
    if type(singular) in (np.bool_, np.ndarray) and not singular.any():
        return norm(x, p, axis=(-2, -1)) * norm(inv(x), p, axis=(-2, -1))
    eye = np.eye(x.shape[-1], dtype=bool)
    y = norm(inv(np.where(np.expand_dims(singular, (-2, -1)), eye, x)), p, axis=(-2, -1))
    return norm(x, p, axis=(-2, -1)) * np.where(singular, np.inf, y)


@numpy_function(np.linalg.cond, note="equal singular values share equally")
def cond(x: Any, p: Any = None) -> Any:
    """Answer ``np.linalg.cond``; infinite for singular matrices."""
    x = array_operand(x)
    if x.size == 0 and 0 in x.shape[-2:]:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    with np.errstate(all="ignore"):
        if p is None or p in (2, -2):
            # Next to a singular matrix the least value changes like its size, which has no kink.
            s = even(singular_values(matrices(x), kinks=False))
            y = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        else:
            y = _by_inverse(square(x, "cond"), p)
    lost = np.isnan(y)
    if type(lost) in (np.bool_, np.ndarray) and not lost.any():
        return y
    return np.where(lost & ~np.any(np.isnan(x), axis=(-2, -1)), np.inf, y)
