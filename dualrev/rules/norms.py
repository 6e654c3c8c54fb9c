"""Norms of vectors and matrices, singular values, condition numbers. The derivative of a norm at zero is zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import case, regular
from dualrev.core.flavours import batch_leading, general
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes, negative_axis, spread
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand

__all__ = ["euclidean", "singular_values"]


def _length(x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    # Summed as np.linalg.norm does: it squares without taking magnitudes first.
    squares = (x.conj() * x).real if x.dtype.kind == "c" else x * x
    return np.sqrt(np.add.reduce(squares, axis=axis, keepdims=keepdims))


def _direction(x: Any, y: Any, shape: tuple[int, ...], axis: tuple[int, ...], keepdims: bool) -> Any:
    """The unit vector along conj(x), zero where x is zero, with zero derivatives there."""
    y = spread(y, shape, axis, keepdims)
    zero = y == 0
    return np.where(zero, 0, (np.conjugate(x) if dtype_of(x).kind == "c" else x) / np.where(zero, 1, y))


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

    def tangent(t: Any, x: Any, y: Any, shape: Any, *, axis: Any, keepdims: Any) -> Any:
        return np.sum(np.real(_direction(x, y, shape, axis, keepdims) * t), axis=axis, keepdims=keepdims)

    def adjoint(ct: Any, x: Any, y: Any, shape: Any, *, axis: Any, keepdims: Any) -> Any:
        return spread(np.real(ct), shape, axis, keepdims) * _direction(x, y, shape, axis, keepdims)


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
        return np.sum(np.astype(x != 0, np.abs(np.zeros(1, dtype_of(x))).dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    total = np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims)
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
        y = np.max(s, axis=-1) if ord == 2 else np.min(s, axis=-1) if ord == -2 else np.sum(s, axis=-1)
    elif ord in (1, -1, np.inf, -np.inf):
        inner, outer = (row, column) if abs(ord) == 1 else (column, row)
        sums = np.sum(np.abs(x), axis=inner, keepdims=True)
        y = np.max(sums, axis=outer, keepdims=True) if ord > 0 else np.min(sums, axis=outer, keepdims=True)
        return y if keepdims else np.squeeze(y, axis=axis)
    else:
        raise ValueError("Invalid norm order for matrices.")
    return np.expand_dims(y, tuple(k % x.ndim for k in axis)) if keepdims else y


def _floating(x: Any) -> Any:
    x = array_operand(x)
    return x if dtype_of(x).kind in "fc" else np.astype(np.asarray(x), float)


@numpy_function(np.linalg.norm, kind="rule", note="0 at 0; ties of orders inf, 1 and 2 share equally")
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


# ---------------------------------------------------------------------------------------------------------------------
# Singular values


def _hermitian(m: Any) -> Any:
    return np.conjugate(m).mT if dtype_of(m).kind == "c" else m.mT


def _wide(rng: np.random.Generator) -> Any:
    return rng.normal(size=(2, 2, 3))


@general(
    lambda x: tuple(np.linalg.svd(x, full_matrices=False)),
    on=[case((3, 2)), case(_wide), case(_complex(3, 3))],
    name="svd",
    batch=batch_leading,
    analytic=False,
    kinks="equal singular values: infinite where the vectors are asked for; phases of complex vectors are a choice",
)
class svd:
    """x."""


