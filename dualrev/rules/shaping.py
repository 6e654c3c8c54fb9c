"""Shaping: the same entries under another shape or another order of axes, mostly as views.

Where NumPy returns a view the traced result is one too, so writes are seen through it. Axes are
counted from the end; the shapes that a primitive is given are those of one lane.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.lib.stride_tricks import sliding_window_view as np_sliding_window_view

from dualrev.core.array import Traced, value
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import lift, negative_axes, unbroadcast
from dualrev.core.views import as_view
from dualrev.errors import UnsupportedError
from dualrev.rules.indexing import gather, getitem, pick

__all__ = ["broadcast_to", "copied", "lane", "reshape", "transpose"]

# --------------------------------------------------------------------------------------------------
# Another shape.


def _batch_reshape(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    return primitive.call(arrays[0], to=(arrays[0].shape[0], *params["to"]))


def _reshape_back(ct: Any, shape: tuple[int, ...]) -> Any:
    return np.reshape(ct, shape)


_reshape = linear(
    lambda x, *, to: np.reshape(x, to),
    _reshape_back,
    on=[
        case((3, 4), to=(2, 6)),
        case((6,), to=(3, 1, 2)),
        case((), to=(1, 1)),
        case((1,), to=()),
        case((0, 3), to=(0,)),
    ],
    name="reshape",
    pattern="movement",
    batch=_batch_reshape,
    formula="y = x in another shape, row by row; the adjoint reshapes back",
    view=True,
)


def lane(x: Any) -> np.ndarray:
    """Return the plain array, of one lane if there are lanes: its memory layout is asked for."""
    plain = np.asarray(value(x))
    lead = plain.ndim - x.ndim
    return plain[(0,) * lead] if all(plain.shape[:lead]) else np.empty(x.shape, plain.dtype)


def copied(y: Any, x: Any) -> Any:
    """Return `y` in the layout that NumPy gives to new arrays made of `x`."""
    return y.copy("F" if np.isfortran(lane(x)) else "C")


def _viewed(x: Any, to: tuple[int, ...], again: Callable[[Any], Any]) -> Any:
    """Return `x` reshaped, a view where NumPy can make one."""
    if not isinstance(x, Traced) or not x.ndim:
        return _reshape.call(x, to=to)
    simple = x.flags.c_contiguous
    if to == x.shape:
        return as_view(x.copy() if simple else pick(x, Ellipsis), x, again)
    y = _reshape.call(x, to=to)
    if simple or np.may_share_memory(plain := lane(x), plain.reshape(to)):
        as_view(y, x, again)
    return y


def _sizes(shape: Any, total: int) -> tuple[int, ...]:
    """Return a shape with -1 replaced."""
    try:
        sizes = tuple(operator.index(n) for n in shape)
    except TypeError:
        if isinstance(shape, (Traced, tuple, list)):
            raise
        sizes = (operator.index(shape),)
    if -1 in sizes:
        known = math.prod(n for n in sizes if n != -1)
        if sizes.count(-1) > 1:
            raise ValueError("can only specify one unknown dimension")
        if known == 0 or total % known:
            raise ValueError(f"cannot reshape array of size {total} into shape {sizes}")
        sizes = tuple(total // known if n == -1 else n for n in sizes)
    return sizes


@numpy_function(np.reshape, kind="rule", note="a view where NumPy makes one")
def reshape(
    a: Any,
    shape: Any = None,
    order: str = "C",
    *,
    newshape: Any = None,
    copy: bool | None = None,
) -> Any:
    x = operand(a)
    to = _sizes(newshape if shape is None else shape, x.size)
    if order not in ("C", "F", "A"):
        raise ValueError(f"order must be one of 'C', 'F' or 'A' (got {order!r})")
    if order == "F" or (order == "A" and np.isfortran(lane(x))):
        turned = transpose(x)
        y = reshape(turned, to[::-1])
        shared = getattr(y, "base", None) is turned
        y = transpose(y)
        if shared:
            as_view(y, x, lambda v: np.transpose(np.reshape(np.transpose(v), to[::-1])))
    else:
        y = _viewed(x, to, lambda v: np.reshape(v, to))
        shared = getattr(y, "base", None) is x
    if copy is False and not shared:
        raise ValueError("Unable to avoid creating a copy while reshaping.")
    return y.copy() if copy else y


@numpy_function(np.ravel, kind="rule", note="a view where NumPy makes one")
def ravel(a: Any, order: str = "C") -> Any:
    x = operand(a)
    if order == "K":
        strides = lane(x).strides
        x = transpose(x, sorted(range(x.ndim), key=lambda k: -abs(strides[k])))
        order = "C"
    return reshape(x, (x.size,), order)


@numpy_function(np.expand_dims, kind="rule")
def expand_dims(a: Any, axis: Any) -> Any:
    x = operand(a)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    gone = normalize_axis_tuple(axes, x.ndim + len(axes))
    rest = iter(x.shape)
    to = tuple(1 if k in gone else next(rest) for k in range(x.ndim + len(axes)))
    return _viewed(x, to, lambda v: np.reshape(v, to))


@numpy_function(np.squeeze, kind="rule")
def squeeze(a: Any, axis: Any = None) -> Any:
    x = operand(a)
    if axis is None:
        gone = tuple(k for k, n in enumerate(x.shape) if n == 1)
    else:
        gone = normalize_axis_tuple(axis, x.ndim)
        if any(x.shape[k] != 1 for k in gone):
            raise ValueError("cannot select an axis to squeeze out which has size not equal to one")
    to = tuple(n for k, n in enumerate(x.shape) if k not in gone)
    return _viewed(x, to, lambda v: np.reshape(v, to))


def _at_least(name: str, place: Callable[[tuple[int, ...]], tuple[int, ...]]) -> None:
    """Answer ``np.atleast_1d`` and its like; `place` returns the new shape."""

    @numpy_function(getattr(np, name))
    def at_least(*arys: Any) -> Any:
        out = []
        for a in arys:
            x = operand(a)
            if not isinstance(x, Traced):
                out.append(getattr(np, name)(x))
                continue
            to = place(x.shape)
            out.append(x if to == x.shape else reshape(x, to))
        return out[0] if len(out) == 1 else tuple(out)


_at_least("atleast_1d", lambda s: s or (1,))
_at_least("atleast_2d", lambda s: s if len(s) > 1 else (1,) * (2 - len(s)) + s)
_at_least("atleast_3d", lambda s: s if len(s) > 2 else ((1,) * (2 - len(s)) + s + (1,)))


def _batch_broadcast(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    (x,), to = arrays, params["to"]
    return primitive.call(lift(x, len(to)), to=(x.shape[0], *to))


_broadcast_to = linear(
    lambda x, *, to: np.broadcast_to(x, to),
    unbroadcast,
    on=[
        case((3,), to=(2, 3)),
        case((2, 1), to=(4, 2, 3)),
        case((), to=(2,)),
        case((3,), to=(3,)),
        case((1, 3), to=(0, 3)),
    ],
    name="broadcast_to",
    pattern="movement",
    batch=_batch_broadcast,
    formula="y repeats x along new axes and axes of length 1; the adjoint sums over them",
    view=True,
)


@numpy_function(np.broadcast_to, kind="rule", note="read-only, as in NumPy")
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    x = operand(array)
    to = _sizes(shape, -1)
    y = _broadcast_to.call(x, to=to)
    return as_view(y, x, lambda v: np.broadcast_to(v, to), writable=False)


@numpy_function(np.broadcast_arrays, note="read-only")
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    arrays = [operand(a) for a in args]
    to = np.broadcast_shapes(*(np.shape(a) for a in arrays))
    return tuple(np.broadcast_to(a, to) for a in arrays)


@numpy_function(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    n = len(xi)
    order = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else range(n)
    out = [
        np.reshape(operand(x), (1,) * k + (-1,) + (1,) * (n - 1 - k))
        for k, x in zip(order, xi, strict=True)
    ]
    if not sparse:
        out = list(np.broadcast_arrays(*out))
    return tuple(x.copy() for x in out) if copy else tuple(out)


# --------------------------------------------------------------------------------------------------
# Another order of axes.


def _permute(x: Any, *, axes: tuple[int, ...]) -> Any:
    lead = x.ndim - len(axes)
    return np.transpose(x, (*range(lead), *(x.ndim + k for k in axes)))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    n = len(axes)
    places = {k % n: j for j, k in enumerate(axes)}
    return tuple(places[k] - n for k in range(n))


_transpose = linear(
    _permute,
    lambda ct, *, axes: _transpose.call(ct, axes=_inverse(axes)),
    on=[
        case((3, 4), axes=(-1, -2)),
        case((2, 3, 4), axes=(-2, -1, -3)),
        case((3,), axes=(-1,)),
        case((), axes=()),
    ],
    name="transpose",
    pattern="movement",
    formula="y has the axes of x in another order; the adjoint reverts it",
    view=True,
)


@numpy_function(np.transpose, kind="rule")
def transpose(a: Any, axes: Any = None) -> Any:
    x = operand(a)
    n = x.ndim
    if axes is None:
        order = tuple(range(-1, -n - 1, -1))
    else:
        order = negative_axes(axes, n)
        if len(order) != n:
            raise ValueError("axes don't match array")
    return as_view(_transpose.call(x, axes=order), x, lambda v: np.transpose(v, order))


@numpy_function(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    x = operand(x)
    if x.ndim < 2:
        raise ValueError(f"Input array must be at least 2-dimensional, but it is {x.ndim}")
    return swapaxes(x, -1, -2)


@numpy_function(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    x = operand(a)
    order = list(range(x.ndim))
    i, j = normalize_axis_tuple(axis1, x.ndim)[0], normalize_axis_tuple(axis2, x.ndim)[0]
    order[i], order[j] = j, i
    return transpose(x, order)


@numpy_function(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    x = operand(a)
    start = normalize_axis_tuple(source, x.ndim, "source")
    end = normalize_axis_tuple(destination, x.ndim, "destination")
    if len(start) != len(end):
        raise ValueError(
            "`source` and `destination` arguments must have the same number of elements"
        )
    order = [k for k in range(x.ndim) if k not in start]
    for place, axis in sorted(zip(end, start, strict=True)):
        order.insert(place, axis)
    return transpose(x, order)


@numpy_function(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    x = operand(a)
    (axis,) = normalize_axis_tuple(axis, x.ndim)
    if start < 0:
        start += x.ndim
    if not 0 <= start <= x.ndim:
        raise np.exceptions.AxisError(f"start={start} is out of bounds for {x.ndim} axes")
    return moveaxis(x, axis, start - (axis < start))


@numpy_function(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    x = operand(m)
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim)
    return getitem(
        x, tuple(slice(None, None, -1) if k in axes else slice(None) for k in range(x.ndim))
    )


@numpy_function(np.flipud)
def flipud(m: Any) -> Any:
    if operand(m).ndim < 1:
        raise ValueError("Input must be >= 1-d.")
    return flip(m, 0)


@numpy_function(np.fliplr)
def fliplr(m: Any) -> Any:
    if operand(m).ndim < 2:
        raise ValueError("Input must be >= 2-d.")
    return flip(m, 1)


@numpy_function(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    x = operand(m)
    i, j = normalize_axis_tuple(axes, x.ndim)
    k %= 4
    if k == 0:
        return getitem(x, Ellipsis)
    if k == 2:
        return flip(x, (i, j))
    return swapaxes(flip(x, j), i, j) if k == 1 else flip(swapaxes(x, i, j), j)


@numpy_function(np_sliding_window_view, note="a copy")
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    if writeable:
        raise UnsupportedError(
            "sliding_window_view",
            "its windows overlap, so they are not writable",
            "writeable=False",
        )
    x = operand(x)
    positions = np.arange(x.size).reshape(x.shape)
    return gather(x, np_sliding_window_view(positions, window_shape, axis))
