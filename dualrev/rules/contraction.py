"""Contractions: matmul, tensordot, and their kin: dot, inner, outer, vdot, kron, cross, multi_dot.

Every rule is a product with the other operand transposed. Axes are counted from the end.
"""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import bilinear
from dualrev.core.inplace import write_out
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import lift, negative_axes

__all__ = ["array_operand", "matmul", "tensordot"]


def array_operand(a: Any) -> Any:
    """Return `a` as something with a shape: a traced value, an array or a NumPy scalar."""
    a = operand(a)
    return a if hasattr(a, "shape") else np.asarray(a)[()]


def _left(ct: Any, b: Any, shape: tuple[int, ...]) -> Any:
    if b.ndim == 1:
        return ct * b if len(shape) == 1 else ct[..., None] * b
    if len(shape) == 1:
        return np.matmul(b, ct) if b.ndim == 2 else np.matmul(b, ct[..., None])[..., 0]
    return np.matmul(ct, b.T if b.ndim == 2 else b.mT)


def _right(ct: Any, a: Any, shape: tuple[int, ...]) -> Any:
    if a.ndim == 1:
        if len(shape) == 1:
            return ct * a
        return a[:, None] * (ct if len(shape) == 2 else ct[..., None, :])
    if a.ndim > 2 and len(shape) < 3:
        # One product over all batches at once, instead of one each and a sum.
        rows = math.prod(a.shape[:-1])
        a, ct = np.reshape(a, (rows, shape[0])), np.reshape(ct, (rows, *shape[1:]))
    if len(shape) == 1:
        return np.matmul(ct, a)
    return np.matmul(a.T if a.ndim == 2 else a.mT, ct)


def _batch_matmul(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    a, b = arrays
    rows, columns = a.ndim - lanes[0], b.ndim - lanes[1]
    if not lanes[1] and (columns == 1 or (columns == 2 and rows > 0)):
        return primitive.call(a, b)
    if not lanes[0] and rows == 2 and columns == 1:
        return primitive.call(b, a.T)
    # In general, vectors become one row or one column, and batch axes are aligned behind the lanes.
    row, column = rows == 1, columns == 1
    if row:
        a, rows = a[..., None, :], 2
    if column:
        b, columns = b[..., None], 2
    ndim = max(rows, columns)
    a, b = lift(a, ndim) if lanes[0] else a, lift(b, ndim) if lanes[1] else b
    y = primitive.call(a, b)
    if column:
        y = y[..., 0]
    return (y[..., 0] if column else y[..., 0, :]) if row else y


def _matmul_labels(primals: Any, y: Any) -> str:
    a, b = primals
    left = "k" if a.ndim == 1 else "...ik"
    right = "k" if b.ndim == 1 else "...kj"
    return f"{left},{right}->...{'i' * (a.ndim > 1)}{'j' * (b.ndim > 1)}"


matmul = bilinear(
    np.matmul,
    _left,
    _right,
    on=[
        case((3, 4), (4, 2)),
        case((3, 4), (4,)),
        case((4,), (4, 2)),
        case((4,), (4,)),
        case((2, 3, 4), (4, 2)),
        case((3, 4), (2, 4, 2)),
        case((2, 1, 3, 2), (3, 2, 2)),
        case((2, 3, 4), (4,)),
        case((3,), (2, 3, 2)),
        case((0, 3), (3, 2)),
        case((2, 0), (0, 3)),
    ],
    batch=_batch_matmul,
    formula="dA B + A dB; the adjoints are ct Bᵀ and Aᵀ ct",
    pattern=_matmul_labels,
    operator="a @ b",
    broadcasts=True,
)
numpy_function(np.matmul, kind="rule")(matmul)


def _free(ndim: int, contracted: tuple[int, ...]) -> list[int]:
    return [k for k in range(-ndim, 0) if k not in contracted]


def _ordered(g: Any, order: list[int]) -> Any:
    """Transpose `g`, whose axes stand for the (negative) axes in `order`, into their order."""
    return np.transpose(g, sorted(range(len(order)), key=order.__getitem__))


def _tensordot_left(ct: Any, b: Any, shape: tuple[int, ...], *, axes: Any) -> Any:
    mine, other = axes
    free = _free(b.ndim, other)
    g = np.tensordot(ct, b, (tuple(range(-len(free), 0)), tuple(free)))
    return _ordered(
        g, _free(len(shape), mine) + [a for _, a in sorted(zip(other, mine, strict=True))]
    )


def _tensordot_right(ct: Any, a: Any, shape: tuple[int, ...], *, axes: Any) -> Any:
    other, mine = axes
    free = _free(a.ndim, other)
    g = np.tensordot(a, ct, (tuple(free), tuple(range(len(free)))))
    return _ordered(
        g, [b for _, b in sorted(zip(other, mine, strict=True))] + _free(len(shape), mine)
    )


def _batch_tensordot(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    a, b = arrays
    over_a, over_b = params["axes"]
    if not lanes[1]:
        return primitive.call(a, b, **params)
    free_a, free_b = _free(a.ndim - lanes[0], over_a), _free(b.ndim - 1, over_b)
    if not lanes[0]:
        return np.moveaxis(primitive.call(a, b, **params), len(free_a), 0)
    a = np.transpose(a, (0, *(k + a.ndim for k in (*free_a, *over_a))))
    b = np.transpose(b, (0, *(k + b.ndim for k in (*over_b, *free_b))))
    kept = a.shape[: 1 + len(free_a)] + b.shape[1 + len(over_b) :]
    size = math.prod(b.shape[1 : 1 + len(over_b)])
    rows, columns = math.prod(kept[1 : 1 + len(free_a)]), math.prod(kept[1 + len(free_a) :])
    y = matmul(np.reshape(a, (kept[0], rows, size)), np.reshape(b, (kept[0], size, columns)))
    return np.reshape(y, kept)


def _tensordot_labels(primals: Any, y: Any, *, axes: Any) -> str:
    a, b = primals
    letters = iter(string.ascii_lowercase)
    terms = [[next(letters) for _ in range(x.ndim)] for x in (a, b)]
    for j, k in zip(*axes, strict=True):
        terms[1][k] = terms[0][j]
    shared = {terms[0][j] for j in axes[0]}
    out = [c for term in terms for c in term if c not in shared]
    return f"{','.join(map(''.join, terms))}->{''.join(out)}"


tensordot = bilinear(
    lambda a, b, *, axes: np.tensordot(a, b, axes),
    _tensordot_left,
    _tensordot_right,
    on=[
        case((2, 3, 4), (4, 3, 2), axes=((-1, -2), (-3, -2))),
        case((2, 3, 4), (4, 3), axes=((-2, -1), (-1, -2))),
        case((3, 2), (2, 4), axes=((-1,), (-2,))),
        case((3, 2), (4,), axes=((), ())),
        case((3,), (3,), axes=((-1,), (-1,))),
        case((2, 0), (0, 3), axes=((-1,), (-2,))),
    ],
    name="tensordot",
    batch=_batch_tensordot,
    formula="dA·B + A·dB over the given axes",
    pattern=_tensordot_labels,
)


@numpy_function(np.tensordot, kind="rule")
def tensordot_axes(a: Any, b: Any, axes: Any = 2) -> Any:
    """Answer ``np.tensordot``: `axes` is a number of axes, or one axis or several per operand."""
    a, b = array_operand(a), array_operand(b)
    try:
        over_a, over_b = axes
    except TypeError:
        n = int(axes)
        over_a, over_b = range(a.ndim - n, a.ndim), range(n)
    pair = tuple(
        negative_axes(tuple(over) if np.iterable(over) else over, v.ndim)
        for over, v in ((over_a, a), (over_b, b))
    )
    if [a.shape[k] for k in pair[0]] != [b.shape[k] for k in pair[1]]:
        raise ValueError(f"shape-mismatch for sum: axes {pair} of shapes {a.shape} and {b.shape}")
    if b.ndim in (1, 2) and pair == ((-1,), (-b.ndim,)):
        return matmul(a, b)
    return tensordot(a, b, axes=pair)


numpy_function(np.linalg.tensordot)(lambda x1, x2, /, *, axes=2: tensordot_axes(x1, x2, axes))
numpy_function(np.linalg.matmul)(lambda x1, x2, /: matmul(x1, x2))


@numpy_function(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    """Answer ``np.dot``: scalars, vectors, matrices, or the last with the last-but-one axis."""
    a, b = array_operand(a), array_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        y = np.multiply(a, b)
    elif b.ndim == 1 or (a.ndim <= 2 and b.ndim == 2):
        y = matmul(a, b)
    else:
        y = tensordot_axes(a, b, (-1, -2))
    return y if out is None else write_out(out, y, (), "np.dot")


@numpy_function(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Answer ``np.inner``: sum over both last axes."""
    a, b = array_operand(a), array_operand(b)
    if a.ndim == 0 or b.ndim == 0:
        return np.multiply(a, b)
    return matmul(a, b) if b.ndim == 1 else tensordot_axes(a, b, (-1, -1))


def _conj(a: Any) -> Any:
    return np.conjugate(a) if dtype_of(a).kind == "c" else a


@numpy_function(np.vdot, note="conjugates the first argument")
def vdot(a: Any, b: Any, /) -> Any:
    """Answer ``np.vdot``: the inner product of all entries."""
    a, b = (np.ravel(array_operand(v)) for v in (a, b))
    return matmul(_conj(a), b)


@numpy_function(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    """Answer ``np.outer``: every product of an entry of `a` with one of `b`."""
    y = np.expand_dims(np.ravel(array_operand(a)), 1) * np.ravel(array_operand(b))
    return y if out is None else write_out(out, y, (), "np.outer")


@numpy_function(np.linalg.outer)
def linalg_outer(x1: Any, x2: Any, /) -> Any:
    """Answer ``np.linalg.outer``, which takes vectors only."""
    x1, x2 = array_operand(x1), array_operand(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ValueError(
            f"Input arrays must be one-dimensional, but they are {x1.ndim=} and {x2.ndim=}."
        )
    return outer(x1, x2)


def vecdot(a: Any, b: Any, *, axis: int = -1) -> Any:
    """Answer ``np.vecdot``: inner products along an axis, the first argument conjugated."""
    a, b = _conj(array_operand(a)), array_operand(b)
    if axis != -1:
        a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    if a.ndim == 1 and b.ndim == 1:
        return matmul(a, b)
    return matmul(a[..., None, :], b[..., :, None])[..., 0, 0]


def matvec(a: Any, b: Any) -> Any:
    """Answer ``np.matvec``: matrices times vectors."""
    a, b = array_operand(a), array_operand(b)
    return matmul(a, b) if b.ndim == 1 else matmul(a, b[..., None])[..., 0]


def vecmat(a: Any, b: Any) -> Any:
    """Answer ``np.vecmat``: conjugated vectors times matrices."""
    a, b = _conj(array_operand(a)), array_operand(b)
    return matmul(a, b) if a.ndim == 1 else matmul(a[..., None, :], b)[..., 0, :]


# matvec and vecmat are newer than the oldest supported NumPy.
for _answer in (vecdot, matvec, vecmat):
    if (_ufunc := getattr(np, _answer.__name__, None)) is not None:
        numpy_function(_ufunc)(_answer)


@numpy_function(np.linalg.vecdot, note="conjugates the first argument")
def linalg_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Answer ``np.linalg.vecdot``."""
    return vecdot(x1, x2, axis=axis)


@numpy_function(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Answer ``np.kron``: blocks of `b` scaled by the entries of `a`."""
    a, b = array_operand(a), array_operand(b)
    ndim = max(a.ndim, b.ndim)
    wide = tuple((1,) * (ndim - v.ndim) + v.shape for v in (a, b))
    y = np.reshape(a, tuple(n for s in wide[0] for n in (s, 1))) * np.reshape(
        b, tuple(n for s in wide[1] for n in (1, s))
    )
    return np.reshape(y, tuple(m * n for m, n in zip(*wide, strict=True)))


def _not_three(lengths: tuple[int, int]) -> ValueError:
    return ValueError(
        "Both input arrays must be (arrays of) 3-dimensional vectors, "
        f"but they are {lengths[0]} and {lengths[1]} dimensional instead."
    )


@numpy_function(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Answer ``np.cross``; a vector of length 2 has a third component of zero."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(array_operand(a), axisa, -1), np.moveaxis(array_operand(b), axisb, -1)
    lengths = a.shape[-1], b.shape[-1]
    if not set(lengths) <= {2, 3}:
        raise _not_three(lengths)
    if lengths == (2, 2):
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = (
        v if n == 3 else np.concatenate([v, np.zeros((*v.shape[:-1], 1), dtype_of(v))], -1)
        for v, n in zip((a, b), lengths, strict=True)
    )
    ahead, behind = [1, 2, 0], [2, 0, 1]
    y = a[..., ahead] * b[..., behind] - a[..., behind] * b[..., ahead]
    return np.moveaxis(y, -1, axisc)


@numpy_function(np.linalg.cross)
def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Answer ``np.linalg.cross``, which takes vectors of length 3 only."""
    x1, x2 = array_operand(x1), array_operand(x2)
    lengths = x1.shape[axis], x2.shape[axis]
    if lengths != (3, 3):
        raise _not_three(lengths)
    return cross(x1, x2, axis=axis)


@numpy_function(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """Answer ``np.linalg.multi_dot``, in the cheapest order (Cormen et al. 2022, section 14.2)."""
    arrays = [array_operand(a) for a in arrays]
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    for a, ends in ((arrays[0], (1, 2)), (arrays[-1], (1, 2)), *((v, (2,)) for v in arrays[1:-1])):
        if a.ndim not in ends:
            raise np.linalg.LinAlgError(
                f"{a.ndim}-dimensional array given. Array must be two-dimensional"
            )
    row, column = arrays[0].ndim == 1, arrays[-1].ndim == 1
    sizes = [
        1 if row else arrays[0].shape[0],
        *(a.shape[0] for a in arrays[1:]),
        1 if column else arrays[-1].shape[1],
    ]
    if row:
        sizes[1] = arrays[0].shape[0]
    y = _product(arrays, 0, len(arrays), _cheapest(sizes))
    return y if out is None else write_out(out, y, (), "np.linalg.multi_dot")


def _cheapest(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Return where to split the product of matrices i to j - 1, for all i and j."""
    count = len(sizes) - 1
    cost = {(i, i + 1): 0 for i in range(count)}
    split = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length
            options = {
                k: cost[i, k] + cost[k, j] + sizes[i] * sizes[k] * sizes[j] for k in range(i + 1, j)
            }
            split[i, j] = min(options, key=options.__getitem__)
            cost[i, j] = options[split[i, j]]
    return split


def _product(arrays: list[Any], i: int, j: int, split: dict[tuple[int, int], int]) -> Any:
    if j - i == 1:
        return arrays[i]
    k = split[i, j]
    return matmul(_product(arrays, i, k, split), _product(arrays, k, j, split))
