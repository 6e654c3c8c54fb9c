"""Joining: several arrays into one, one into several; entries repeated, rolled, inserted, deleted.

`concatenate` and `stack` take any number of operands and are linear in all of them; `stack` is also
how lists and object arrays of traced scalars become one array. The rest is composed of these and of
positions: what NumPy's function does to an array of flat positions says where entries come from.
"""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.inplace import write_out
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.shapes import negative_axes, negative_axis
from dualrev.rules.creation import astype
from dualrev.rules.indexing import gather, getitem, pick
from dualrev.rules.shaping import copied
from dualrev.rules.taking import plain_mask

__all__ = ["concatenate", "stack"]


def _operands(arrays: Any, name: str) -> list[Any]:
    """Return the operands of a function that takes a sequence of arrays."""
    if isinstance(arrays, Traced):
        arrays = [getitem(arrays, k) for k in range(arrays.shape[0])]
    out = [operand(a) for a in arrays]
    if not out:
        raise ValueError(f"{name}: need at least one array")
    return out


def _finish(y: Any, out: Any, dtype: Any, casting: Any, name: str) -> Any:
    """Apply the options out=, dtype= and casting= of the joining functions."""
    if dtype is not None:
        if out is not None:
            raise TypeError(
                f"{name}() only takes `out` or `dtype` as an argument, but both were provided."
            )
        if not np.can_cast(dtype_of(y), dtype, casting):
            raise TypeError(
                f"Cannot cast array data from {dtype_of(y)!r} to {np.dtype(dtype)!r} by {casting!r}"
            )
        return astype(y, dtype)
    return y if out is None else write_out(out, y, (), name)


# --------------------------------------------------------------------------------------------------
# Several arrays into one.


def _batch_variadic(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    if all(lanes):
        return primitive.call(*arrays, **params)
    count = next(a.shape[0] for a, lane in zip(arrays, lanes, strict=True) if lane)
    full = (
        a if lane else np.broadcast_to(a, (count, *np.shape(a)))
        for a, lane in zip(arrays, lanes, strict=True)
    )
    return primitive.call(*full, **params)


def _stack(*arrays: Any, axis: int) -> Any:
    # np.stack makes an array of every operand; for numbers np.array does it twenty times faster.
    return np.array(arrays) if axis == -1 and np.ndim(arrays[0]) == 0 else np.stack(arrays, axis)


def _adjoint_stack(ct: Any, position: int, *, axis: int) -> Any:
    if axis == -1 and ct.ndim == 1:
        return ct[position]
    return ct[(Ellipsis, position, *(slice(None),) * (-1 - axis))]


_stacked = linear(
    _stack,
    _adjoint_stack,
    on=[
        case((), (), (), axis=-1),
        case((3,), (3,), axis=-2),
        case((3,), (3,), axis=-1),
        case((2, 3), (2, 3), axis=-2),
        case((0,), (0,), axis=-2),
    ],
    name="stack",
    pattern="movement",
    arguments=None,
    batch=_batch_variadic,
    formula="y has the operands side by side along a new axis; the adjoint of operand k is ct_k",
)


@numpy_function(np.stack, kind="rule")
def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    if isinstance(arrays, Traced) and arrays.shape[0]:
        return _finish(np.moveaxis(arrays, 0, axis).copy(), out, dtype, casting, "np.stack")
    operands = _operands(arrays, "np.stack")
    axis = negative_axis(axis, np.ndim(operands[0]) + 1)
    return _finish(_stacked.call(*operands, axis=axis), out, dtype, casting, "np.stack")


def _adjoint_concatenate(
    ct: Any, shape: tuple[int, ...], position: int, *, axis: int, starts: tuple[int, ...]
) -> Any:
    start = starts[position]
    return ct[(Ellipsis, slice(start, start + shape[axis]), *(slice(None),) * (-1 - axis))]


_concatenated = linear(
    lambda *arrays, axis, starts: np.concatenate(arrays, axis),
    _adjoint_concatenate,
    on=[
        case((2,), (3,), axis=-1, starts=(0, 2)),
        case((2, 3), (1, 3), (2, 3), axis=-2, starts=(0, 2, 3)),
        case((2, 0), (2, 2), axis=-1, starts=(0, 0)),
        case((2, 1, 2), (2, 2, 2), axis=-2, starts=(0, 1)),
    ],
    name="concatenate",
    pattern="movement",
    arguments=None,
    batch=_batch_variadic,
    formula="y has the operands one after the other; the adjoint of operand k is its part of ct",
)


@numpy_function(np.concatenate, kind="rule")
def concatenate(
    arrays: Any,
    /,
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    operands = _operands(arrays, "np.concatenate")
    if axis is None:
        operands = [np.reshape(a, (-1,)) for a in operands]
        axis = 0
    shapes = [np.shape(a) for a in operands]
    ndim = len(shapes[0])
    if ndim == 0:
        raise ValueError("zero-dimensional arrays cannot be concatenated")
    axis = negative_axis(axis, ndim)
    sizes = [shape[axis] if len(shape) == ndim else 0 for shape in shapes]
    starts = tuple(itertools.accumulate(sizes[:-1], initial=0))
    y = _concatenated.call(*operands, axis=axis, starts=starts)
    return _finish(y, out, dtype, casting, "np.concatenate")


@numpy_function(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    operands = _operands(tup, "np.hstack")
    if all(np.ndim(a) == 0 for a in operands):
        return stack(operands, dtype=dtype, casting=casting)
    operands = [np.atleast_1d(a) for a in operands]
    return concatenate(operands, 0 if operands[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@numpy_function(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    operands = [np.atleast_2d(a) for a in _operands(tup, "np.vstack")]
    return concatenate(operands, 0, dtype=dtype, casting=casting)


@numpy_function(np.dstack)
def dstack(tup: Any) -> Any:
    return concatenate([np.atleast_3d(a) for a in _operands(tup, "np.dstack")], 2)


@numpy_function(np.column_stack)
def column_stack(tup: Any) -> Any:
    operands = _operands(tup, "np.column_stack")
    columns = [np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in operands]
    return concatenate(columns, 1)


@numpy_function(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate((operand(arr), operand(values)), axis)


@numpy_function(np.block)
def block(arrays: Any) -> Any:
    depth = _depth(arrays)
    ndim = max(depth, *(np.ndim(leaf) for leaf in _leaves(arrays)))
    return _block(arrays, depth, ndim).copy("K")


def _depth(nested: Any) -> int:
    if isinstance(nested, tuple):
        raise TypeError("np.block: only lists can be used to arrange blocks")
    if not isinstance(nested, list):
        return 0
    if not nested:
        raise ValueError("np.block: list cannot be empty")
    depths = {_depth(part) for part in nested}
    if len(depths) > 1:
        raise ValueError("np.block: list depths are mismatched")
    return 1 + depths.pop()


def _leaves(nested: Any) -> list[Any]:
    if not isinstance(nested, list):
        return [operand(nested)]
    return [leaf for part in nested for leaf in _leaves(part)]


def _block(nested: Any, depth: int, ndim: int) -> Any:
    if depth:
        return concatenate([_block(part, depth - 1, ndim) for part in nested], -depth)
    leaf = operand(nested)
    return np.reshape(leaf, (1,) * (ndim - np.ndim(leaf)) + np.shape(leaf))


# --------------------------------------------------------------------------------------------------
# One array into several, as views.


@numpy_function(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x = operand(ary)
    axis = range(x.ndim)[axis]
    n = x.shape[axis]
    if np.ndim(indices_or_sections):
        bounds = [0, *(operator.index(k) for k in indices_or_sections), n]
    else:
        sections = operator.index(indices_or_sections)
        if sections <= 0:
            raise ValueError("number sections must be larger than 0.")
        each, extra = divmod(n, sections)
        sizes = [each + 1] * extra + [each] * (sections - extra)
        bounds = list(itertools.accumulate(sizes, initial=0))
    lead = (slice(None),) * axis
    return [getitem(x, (*lead, slice(start, stop))) for start, stop in itertools.pairwise(bounds)]


@numpy_function(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if not np.ndim(indices_or_sections) and operand(ary).shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


@numpy_function(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    ndim = operand(ary).ndim
    if ndim == 0:
        raise ValueError("hsplit only works on arrays of 1 or more dimensions")
    return split(ary, indices_or_sections, 1 if ndim > 1 else 0)


@numpy_function(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    if operand(ary).ndim < 2:
        raise ValueError("vsplit only works on arrays of 2 or more dimensions")
    return split(ary, indices_or_sections, 0)


@numpy_function(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    if operand(ary).ndim < 3:
        raise ValueError("dsplit only works on arrays of 3 or more dimensions")
    return split(ary, indices_or_sections, 2)


def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    x = operand(x)
    if x.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    lead = (slice(None),) * range(x.ndim)[axis]
    return tuple(getitem(x, (*lead, k)) for k in range(x.shape[axis]))


if hasattr(np, "unstack"):  # NumPy 2.1
    numpy_function(np.unstack)(_unstack)


# --------------------------------------------------------------------------------------------------
# Entries repeated, moved round, inserted and deleted.


@numpy_function(np.tile)
def tile(A: Any, reps: Any) -> Any:
    x = operand(A)
    times = tuple(operator.index(r) for r in (reps if np.ndim(reps) else (reps,)))
    ndim = max(len(times), x.ndim)
    times = (1,) * (ndim - len(times)) + times
    sizes = (1,) * (ndim - x.ndim) + x.shape
    pairs = tuple(itertools.chain.from_iterable(zip(times, sizes, strict=True)))
    one = tuple(1 if k % 2 == 0 else n for k, n in enumerate(pairs))
    y = np.broadcast_to(np.reshape(x, one), pairs)
    return np.reshape(y, tuple(r * n for r, n in zip(times, sizes, strict=True))).copy()


@numpy_function(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    x = operand(a)
    if axis is None:
        x, axis = np.reshape(x, (-1,)), 0
    axis = range(x.ndim)[axis]
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    counts = np.asarray(repeats)
    if counts.size != 1:
        return pick(x, (slice(None),) * axis + (np.repeat(np.arange(n), counts),)).copy()
    times = operator.index(counts.item())
    if times < 0:
        raise ValueError("repeats may not contain negative values.")
    y = np.broadcast_to(np.reshape(x, (*before, n, 1, *after)), (*before, n, times, *after))
    return np.reshape(y, (*before, n * times, *after)).copy()


_rolled = linear(
    lambda x, *, shift, axis: np.roll(x, shift, axis),
    lambda ct, *, shift, axis: _rolled.call(ct, shift=tuple(-s for s in shift), axis=axis),
    on=[
        case((4,), shift=(1,), axis=(-1,)),
        case((3, 4), shift=(-1, 2), axis=(-2, -1)),
        case((3, 4), shift=(1, 1), axis=(-1, -1)),
        case((0,), shift=(1,), axis=(-1,)),
    ],
    name="roll",
    pattern="movement",
    formula="y = x moved round along axes; the adjoint moves back",
)


@numpy_function(np.roll, kind="rule")
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    x = operand(a)
    if axis is None:
        return np.reshape(roll(np.reshape(x, (-1,)), shift, 0), x.shape)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    # Each shift has its axis, or one is for all; an axis may be named twice.
    pairs = np.broadcast(np.asarray(shift), axes)
    if pairs.ndim > 1:
        raise ValueError("'shift' and 'axis' should be scalars or 1D sequences")
    shifts, along = zip(
        *((operator.index(s), negative_axis(k, x.ndim)) for s, k in pairs), strict=True
    )
    return _rolled.call(x, shift=shifts, axis=along)


@numpy_function(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    x = operand(a)
    to = tuple(new_shape) if np.ndim(new_shape) else (operator.index(new_shape),)
    if not x.size:
        return np.zeros(to, dtype_of(x))
    return gather(x, np.resize(np.arange(x.size), to)).copy()


@numpy_function(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    x = operand(arr)
    if axis is None:
        x, axis = np.reshape(x, (-1,)), 0
    axis = range(x.ndim)[axis]
    kept = np.delete(np.arange(x.shape[axis]), obj)
    return copied(pick(x, (slice(None),) * axis + (kept,)), x)


@numpy_function(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    x, new = operand(arr), operand(values)
    # Entries of `values` are told apart by negative positions: entry k is at -1 - k.
    places = -1 - np.arange(np.size(new)).reshape(np.shape(new))
    source = np.insert(np.arange(x.size).reshape(x.shape), obj, places, axis)
    if dtype_of(new) != dtype_of(x):
        new = astype(new, dtype_of(x))
    both = concatenate((np.reshape(x, (-1,)), np.reshape(new, (-1,))))
    return copied(gather(both, np.where(source < 0, x.size - 1 - source, source)), x)


@numpy_function(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    x = operand(filt)
    letters = trim.lower()
    if set(letters) - set("fb"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    axes = negative_axes(axis, x.ndim)
    where = np.argwhere(plain_mask(x))
    index = []
    for k, n in enumerate(x.shape):
        start, stop = 0, n
        if k - x.ndim in axes:
            if not len(where):
                stop = 0
            elif "f" in letters:
                start = int(where[:, k].min())
            if len(where) and "b" in letters:
                stop = int(where[:, k].max()) + 1
        index.append(slice(start, stop))
    return getitem(x, tuple(index))
