"""Writing: `setitem`, linear in the array and in what is written; functions that write in place.

The rule returns a new value; `core/inplace.py` lets the array, its base and its views show it.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.inplace import scatter_with, write
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import lift, unbroadcast
from dualrev.errors import EscapeError
from dualrev.rules.creation import astype
from dualrev.rules.indexing import BASIC, parse, read, refuse, repeats, with_lanes
from dualrev.rules.taking import along_axis, plain_mask

__all__ = ["put_flat", "setitem"]

_INT = np.dtype(np.intp)
_ROWS = np.array([0, 2, 2])
_MASK = np.array([True, False, True])


def _store(x: Any, new: Any, *, index: Any) -> Any:
    # np.array keeps the memory layout, so that a later reshape is a view exactly where NumPy's is.
    out = np.array(x)
    out[index] = new
    return out


def _written(index: Any, shape: tuple[int, ...], result: tuple[int, ...]) -> np.ndarray:
    """Say which entries of what is written remain: where positions repeat, NumPy's last write."""
    order = np.arange(math.prod(result)).reshape(result)
    marks = np.zeros(shape, _INT)
    marks[index] = order
    return np.asarray(marks[index] == order)


def _adjoint_setitem(ct: Any, shape: Any, position: int, *, index: Any) -> Any:
    if position == 0:
        return _setitem.call(ct, 0.0, index=index)
    g = read.call(ct, index=index)
    if repeats(index):
        g = np.where(_written(index, ct.shape, g.shape), g, 0.0)
    if len(shape) > g.ndim:
        g = np.reshape(g, (1,) * (len(shape) - g.ndim) + g.shape)
    return unbroadcast(g, shape)


def _batch_setitem(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    x, new = arrays
    count = (x if lanes[0] else new).shape[0]
    shape = x.shape[1:] if lanes[0] else x.shape
    if not lanes[0]:
        x = np.broadcast_to(x, (count, *shape))
    ndim = np.broadcast_to(np.int8(0), shape)[params["index"]].ndim
    index, flat = with_lanes(params["index"], shape)
    own = np.shape(new)[1:] if lanes[1] else np.shape(new)
    if len(own) > ndim:
        # NumPy lets leading axes of length 1 go when it assigns.
        lead = np.shape(new)[:1] if lanes[1] else ()
        new = np.reshape(new, lead + own[len(own) - ndim :])
    elif lanes[1]:
        new = lift(new, ndim)
    if flat != shape:
        x = np.reshape(x, (count, *flat))
    out = primitive.call(x, new, index=index)
    return out if flat == shape else np.reshape(out, (count, *shape))


_setitem = linear(
    _store,
    _adjoint_setitem,
    on=[
        case((4,), (), index=1),
        case((3, 4), (4,), index=-1),
        case((3, 4), (3, 1), index=(slice(None), slice(None, None, -2))),
        case((4,), (3,), index=(_ROWS,)),
        case((4,), (), index=(_ROWS,)),
        case((3, 4), (1, 2), index=(0, slice(2))),
        case((3, 4), (2, 4), index=(_MASK,)),
        case((3, 2, 3), (3, 2), index=(_ROWS, slice(None), np.array([0, 1, 1]))),
    ],
    name="setitem",
    pattern="movement",
    arguments=None,
    batch=_batch_setitem,
    formula="y = x, y[index] = new; the adjoints are ct with zeros at the index, and ct[index]",
)


@numpy_function(
    operator.setitem,
    kind="rule",
    note="where positions repeat the last write remains; under vmap a mask may take a number",
)
def setitem(x: Any, index: Any, new: Any) -> Any:
    """Return `x` with ``x[index] = new`` performed."""
    new = operand(new)
    kind = x.dtype
    if isinstance(new, (Traced, np.ndarray)) and dtype_of(new) != kind and kind.kind != "c":
        new = astype(new, kind)
    kind = type(index)
    if kind in BASIC or (kind is tuple and all(type(item) in BASIC for item in index)):
        return _setitem.call(x, new, index=index)
    parsed = parse(index)
    if any(isinstance(item, Traced) for item in parsed):
        return _store_where(x, parsed, new)
    return _setitem.call(x, new, index=parsed)


def _store_where(x: Any, index: tuple[Any, ...], new: Any) -> Any:
    """Write where a condition holds that differs between the lanes of vmap: a mask, or integers."""
    kinds = {dtype_of(item).kind for item in index if isinstance(item, Traced)}
    if len(index) == 1 and kinds == {"b"}:
        mask = index[0]
        if np.ndim(new) or mask.shape != x.shape[: mask.ndim]:
            raise refuse(mask)
    elif kinds <= {"i", "u"} and all(type(i) is int or isinstance(i, TracedScalar) for i in index):
        mask = True
        for k, item in enumerate(index):
            n = x.shape[k]
            here = np.arange(n) == np.where(item < 0, item + n, item)
            mask = mask & np.reshape(here, (1,) * k + (n,) + (1,) * (len(index) - 1 - k))
    else:
        raise refuse(next(i for i in index if isinstance(i, Traced)))
    return np.where(np.reshape(mask, mask.shape + (1,) * (x.ndim - mask.ndim)), new, x)


def put_flat(x: Any, new: Any, positions: np.ndarray) -> Any:
    """Return `x` with `new` written at flat positions."""
    # By one index per axis: reshaping to one axis and back would lose the memory layout of x.
    return setitem(x, np.unravel_index(positions, x.shape), new)


scatter_with(put_flat)

# --------------------------------------------------------------------------------------------------
# NumPy's functions that write.


def _target(a: Any, name: str) -> Any:
    """Return the traced array that `name` writes into."""
    if isinstance(a, TracedArray):
        return a
    if isinstance(a, Traced):
        raise TypeError(f"{name}: a number without dimensions cannot be written into")
    raise EscapeError(
        f"writing a traced value into a plain array ({name})",
        "make that array with np.zeros_like(x) or x.copy(), which hold traced values",
    )


def _cycled(values: Any, count: int) -> Any:
    """Return `count` values, repeated as often as needed."""
    values = np.reshape(operand(values), (-1,))
    return values if values.size == count else np.resize(values, (count,))


def _write_flat(a: Any, values: Any, positions: Any) -> None:
    write(a, put_flat(a, values, positions))


@numpy_function(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    target, src = _target(dst, "np.copyto"), operand(src)
    # A Python number has no dtype of its own: it takes that of the array.
    if not isinstance(src, (int, float, complex)) or isinstance(src, np.generic):
        fits = np.can_cast(dtype_of(src), target.dtype, casting)
    else:
        fits = np.result_type(target.dtype, src) == target.dtype or casting == "unsafe"
    if not fits:
        raise TypeError(
            f"Cannot cast array data from {dtype_of(src)!r} to {target.dtype!r} "
            f"according to the rule {casting!r}"
        )
    new = setitem(target, Ellipsis, src)
    write(target, new if where is True else np.where(where, new, target))


@numpy_function(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    target = _target(a, "np.put")
    positions = np.ravel(np.asarray(ind, dtype=_INT))
    if mode == "wrap":
        positions = positions % target.size
    elif mode == "clip":
        positions = np.clip(positions, 0, target.size - 1)
    elif mode != "raise":
        raise ValueError(f"np.put: mode is 'raise', 'wrap' or 'clip', not {mode!r}")
    outside = (positions < -target.size) | (positions >= target.size)
    if outside.any():
        wrong = positions[outside][0]
        raise IndexError(f"index {wrong} is out of bounds for axis 0 with size {target.size}")
    positions = np.where(positions < 0, positions + target.size, positions)
    if positions.size and np.size(v):
        _write_flat(target, _cycled(v, positions.size), positions)


@numpy_function(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    target, positions = _target(arr, "np.place"), np.flatnonzero(plain_mask(mask))
    if positions.size:
        if not np.size(vals):
            raise ValueError("Cannot insert from an empty array!")
        _write_flat(target, _cycled(vals, positions.size), positions)


@numpy_function(np.putmask)
def putmask(a: Any, /, mask: Any, values: Any) -> None:
    target, positions = _target(a, "np.putmask"), np.flatnonzero(plain_mask(mask))
    if np.size(mask) != target.size:
        raise ValueError("putmask: mask and data must be the same size")
    if positions.size and np.size(values):
        _write_flat(target, _cycled(values, target.size)[positions], positions)


@numpy_function(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    target = _target(a, "np.fill_diagonal")
    marks = np.zeros(target.shape, dtype=bool)
    np.fill_diagonal(marks, True, wrap)
    positions = np.flatnonzero(marks)
    if positions.size:
        _write_flat(target, _cycled(val, positions.size), positions)


@numpy_function(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    target = _target(arr, "np.put_along_axis")
    x, index = along_axis(target, indices, axis)
    write(target, np.reshape(setitem(x, index, values), target.shape))
