"""Indexing: reading entries by position, and its transpose. Writing: `writing.py`.

`getitem` and `scatter_add` are each other's transposes. Index arrays are static parameters, copied
when they are met, so that the user may change them afterwards. Integers that differ between the
lanes of `vmap` are operands instead: `gather` and its transpose `scatter_gathered`.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, dtype_of
from dualrev.core.bind import operand
from dualrev.core.dependence import scattered
from dualrev.core.domains import case
from dualrev.core.flavours import general, linear
from dualrev.core.primitive import Primitive, numpy_function
from dualrev.core.views import as_view, link
from dualrev.errors import EscapeError, UnsupportedError

__all__ = [
    "BASIC",
    "flat_positions",
    "gather",
    "getitem",
    "index_grid",
    "parse",
    "pick",
    "read",
    "refuse",
    "repeats",
    "scatter_add",
    "with_lanes",
]

Index = Any
_ALL = slice(None)
BASIC = frozenset((int, slice, type(None), type(Ellipsis)))
_INT = np.dtype(np.intp)
_ROWS = np.array([0, 2, 2])
_MASK = np.array([True, False, True])

# --------------------------------------------------------------------------------------------------
# What an index is: basic (a view), or with arrays (a tuple of its parts, arrays copied).


def parse(index: Index) -> tuple[Any, ...]:
    """Return an index as a tuple of its parts; arrays are copied, lists made arrays."""
    return tuple(_part(item) for item in (index if type(index) is tuple else (index,)))


def _part(item: Any) -> Any:
    if type(item) in BASIC or isinstance(item, Traced):
        return item
    if isinstance(item, np.integer):
        return int(item)
    if isinstance(item, (list, tuple)):
        item = np.array(item, dtype=_INT) if len(item) == 0 else operand(item)
    if type(item) is np.ndarray and item.dtype.hasobject:
        item = operand(item)
    if isinstance(item, Traced):
        return item
    if isinstance(item, np.ndarray):
        if item.ndim == 0 and item.dtype.kind in "iub":
            return item.item()
        return np.array(item)
    # A bool is an array of no dimensions to NumPy. What is no index at all, NumPy refuses itself.
    return item


def _is_array(item: Any) -> bool:
    return not isinstance(item, Traced) and isinstance(item, (np.ndarray, bool, np.bool_))


def repeats(index: Index) -> bool:
    """Say whether an index may name an entry twice."""
    return type(index) is tuple and any(
        type(item) is np.ndarray and item.dtype.kind in "iu" and item.size > 1 for item in index
    )


def _leads(index: tuple[Any, ...]) -> bool:
    """Say whether a slice in front leaves the meaning of the index behind it as it is.

    It does not where a slice separates arrays: NumPy then puts their axes in front of all others.
    """
    if not any(map(_is_array, index)):
        return True
    where = [k for k, item in enumerate(index) if _is_array(item) or type(item) is int]
    return where[-1] - where[0] == len(where) - 1


def _positions(index: Index, shape: tuple[int, ...]) -> np.ndarray:
    """Return the flat positions that an index names, in the shape of its result."""
    return np.asarray(np.arange(math.prod(shape), dtype=_INT).reshape(shape)[index])


def with_lanes(index: Index, shape: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """Return an index for an array with lanes in front, and the shape of a lane that it is for."""
    items = index if type(index) is tuple else (index,)
    if _leads(items):
        return (_ALL, *items), shape
    return (_ALL, _positions(items, shape)), (math.prod(shape),)


def refuse(item: Any) -> Exception:
    """Return the error for an index that has a traced value in it."""
    if dtype_of(item).kind == "b":
        return UnsupportedError(
            "indexing by a mask that is batched",
            "each lane of vmap would select another number of entries",
            "np.where(mask, x, 0.0), which keeps the shape",
        )
    return EscapeError(
        "an index that is traced", "index by int(dualrev.value(i)), which is a plain integer"
    )


# --------------------------------------------------------------------------------------------------
# Reading.


def _batch_getitem(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    (x,) = arrays
    index = params["index"]
    if type(index) is int or type(index) is slice:
        return primitive.fun(x, index=(_ALL, index)) if type(x) is np.ndarray else x[:, index]
    index, shape = with_lanes(index, x.shape[1:])
    if shape != x.shape[1:]:
        x = np.reshape(x, x.shape[:1] + shape)
    y = primitive.call(x, index=index)
    # A contiguous lane, where NumPy makes a contiguous array, so that reshaping it gives a view.
    return y.copy() if len(index) > 1 and _is_array(index[1]) else y


def _add_into(out: np.ndarray, ct: Any, *, index: Index) -> None:
    """Add `ct` into the entries of `out` that `index` names, repeated ones repeatedly."""
    if not repeats(index):
        out[index] += ct
    elif ct.size > 64 and ct.size * 4 > out.size and out.flags.c_contiguous:
        # ufunc.at is fast on flat arrays only (NumPy 2.4: 25 times, for rows of three).
        where = index[0] if out.ndim == 1 == len(index) else _positions(index, out.shape)
        np.add.at(out.reshape(-1), where.reshape(-1), ct.reshape(-1))
    else:
        np.add.at(out, index, ct)


read = linear(
    lambda x, *, index: x[index],
    lambda ct, shape, *, index: scatter_add.call(ct, index=index, shape=shape),
    on=[
        case((4,), index=1),
        case((3, 2), index=-1),
        case((3, 2), index=(0, 1)),
        case((3, 4), index=(slice(None), slice(None, None, -2))),
        case((3, 4), index=(None, Ellipsis, slice(1, 3), None)),
        case((0, 3), index=(slice(None), 1)),
        case((), index=()),
        case((4,), index=(_ROWS,)),
        case((3, 4), index=(_ROWS[:, None], np.array([0, 3]))),
        case((3, 4, 2), index=(slice(None), _ROWS)),
        case((3, 4, 3), index=(_ROWS, slice(None), np.array([0, 1, 1]))),
        case((3, 4), index=(_MASK,)),
        case((3, 4, 2), index=(0, Ellipsis, np.array([1, 1]))),
        case((3,), index=(np.array([], dtype=int),)),
    ],
    name="getitem",
    pattern="movement",
    batch=_batch_getitem,
    formula="y = x[index]; the adjoint adds ct into zeros at the index",
    accumulate=_add_into,
    view=True,
)


def _scatter_add(ct: Any, *, index: Index, shape: tuple[int, ...]) -> Any:
    out = np.zeros(shape, np.result_type(ct))
    _add_into(out, np.asarray(ct), index=index)
    return out[()]


def _batch_scatter_add(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    (ct,) = arrays
    shape = params["shape"]
    index, flat = with_lanes(params["index"], shape)
    out = primitive.call(ct, index=index, shape=ct.shape[:1] + flat)
    return out if flat == shape else np.reshape(out, ct.shape[:1] + shape)


def _added(primals: Any, y: Any, *, index: Index, shape: tuple[int, ...]) -> Any:
    return (scattered(_positions(index, shape)),)


scatter_add = linear(
    _scatter_add,
    lambda ct, *, index: read.call(ct, index=index),
    on=[
        case((), index=1, shape=(4,)),
        case((2,), index=(slice(None), 1), shape=(2, 3)),
        case((3,), index=(_ROWS,), shape=(4,)),
        case((3, 2), index=(_ROWS, slice(None), np.array([0, 1, 1])), shape=(3, 2, 4)),
        case((2, 4), index=(_MASK,), shape=(3, 4)),
    ],
    name="scatter_add",
    batch=_batch_scatter_add,
    pattern=_added,
    formula="y = 0, y[index] += x; the transpose of getitem",
)


@numpy_function(
    operator.getitem,
    kind="rule",
    note="every kind of NumPy index; under vmap integers may differ between lanes, masks may not",
)
def getitem(x: Any, index: Index) -> Any:
    """Return ``x[index]``; basic indices give views."""
    kind = type(index)
    if kind in BASIC or (kind is tuple and all(type(item) in BASIC for item in index)):
        shortcut = read.shortcuts.get(type(x))
        y = read.call(x, index=index) if shortcut is None else shortcut(x, {"index": index})
        if type(y) is type(x) and isinstance(x, TracedArray):
            link(y, x, operator.itemgetter(index))
        return y
    parsed = parse(index)
    traced = [item for item in parsed if isinstance(item, Traced)]
    if traced:
        bad = [item for item in traced if dtype_of(item).kind not in "iu"]
        if bad:
            raise refuse(bad[0])
        return gather(x, flat_positions(index_grid(parsed, x.shape), x.shape))
    y = read.call(x, index=parsed)
    if isinstance(index, np.integer) or (
        kind is tuple and all(type(i) in BASIC or isinstance(i, np.integer) for i in index)
    ):
        as_view(y, x, operator.itemgetter(parsed))
    return y


def pick(x: Any, index: Index) -> Any:
    """Return ``x[index]`` as an array of its own, also for plain arrays and traced scalars."""
    return read.call(x, index=parse(index))


# --------------------------------------------------------------------------------------------------
# Positions that are operands, because they differ between lanes.


def index_grid(index: tuple[Any, ...], shape: tuple[int, ...]) -> list[Any]:
    """Complete integers for some neighbouring axes to one integer array per axis."""
    items = list(index)
    at = next((k for k, item in enumerate(items) if item is Ellipsis), None)
    if at is not None:
        items[at : at + 1] = [_ALL] * (len(shape) - len(items) + 1)
    items += [_ALL] * (len(shape) - len(items))
    where = [k for k, item in enumerate(items) if type(item) is not slice]
    if (
        len(items) > len(shape)
        or where[-1] - where[0] >= len(where)
        or any(i is None or (type(i) is slice and i != _ALL) or _is_mask(i) for i in items)
    ):
        raise UnsupportedError(
            "an index that differs between the lanes of vmap, beside None, masks or parts of axes,",
            "its positions are computed for whole axes only",
            "index in two steps, or np.take_along_axis",
        )
    width = max(np.ndim(items[k]) for k in where)
    rest = len(shape) - 1 - where[-1]
    grid: list[Any] = []
    for k, item in enumerate(items):
        if k < where[0]:
            grid.append(
                np.reshape(np.arange(shape[k]), (-1,) + (1,) * (where[0] - 1 - k + width + rest))
            )
        elif k > where[-1]:
            grid.append(np.reshape(np.arange(shape[k]), (-1,) + (1,) * (len(shape) - 1 - k)))
        else:
            grid.append(np.reshape(item, np.shape(item) + (1,) * rest))
    return grid


def _is_mask(item: Any) -> bool:
    return type(item) in (bool, np.bool_) or (type(item) is np.ndarray and item.dtype.kind == "b")


def flat_positions(grid: list[Any], shape: tuple[int, ...]) -> Any:
    """Return flat positions from one integer array per axis, which broadcast against each other."""
    positions: Any = 0
    stride = 1
    for item, n in zip(reversed(grid), reversed(shape), strict=True):
        positions = positions + np.where(item < 0, item + n, item) * stride
        stride *= n
    return positions


def gather(x: Any, positions: Any) -> Any:
    """Return the entries of `x` at flat positions, which may be traced integers."""
    if isinstance(positions, Traced):
        return _gather.call(x, positions)
    # Integers that a tape has kept come back as floats.
    return read.call(np.reshape(x, (-1,)), index=(np.asarray(positions, dtype=_INT),))


def _spread_out(ct: Any, positions: Any, *, shape: tuple[int, ...]) -> Any:
    if isinstance(positions, Traced):
        return _scatter_gathered.call(ct, positions, shape=shape)
    flat = np.asarray(positions, dtype=_INT)
    return np.reshape(scatter_add.call(ct, index=(flat,), shape=(math.prod(shape),)), shape)


def _lane_positions(positions: Any, lane: bool, count: int, size: int) -> Any:
    """Return the positions in an array of all lanes of `size` entries."""
    ndim = np.ndim(positions) - lane
    return positions + np.reshape(np.arange(count) * size, (count,) + (1,) * ndim)


def _batch_gather(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    x, positions = arrays
    if not lanes[0]:
        return gather(x, positions)
    size = math.prod(x.shape[1:])
    return gather(x, _lane_positions(positions, lanes[1], x.shape[0], size))


def _batch_spread_out(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    ct, positions = arrays
    shape = params["shape"]
    count = (ct if lanes[0] else positions).shape[0]
    positions = _lane_positions(positions, lanes[1], count, math.prod(shape))
    if not lanes[0]:
        ct = np.broadcast_to(ct, (count, *np.shape(ct)))
    return _spread_out(ct, positions, shape=(count, *shape))


def _draw_positions(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 6, (4,))


@general(
    gather,
    on=[case((6,), _draw_positions), case((3, 2), _draw_positions)],
    arguments=("x", "p"),
    constant=("p",),
    name="gather",
    batch=_batch_gather,
    pattern=lambda primals, y: (np.asarray(primals[1])[None] + 1, None),
)
class _gather:
    """y_k = x_{p_k};  the adjoint adds ct_k to entry p_k."""

    def tangent_x(t: Any, p: Any) -> Any:
        return _gather.call(t, p)

    def adjoint_x(ct: Any, p: Any, shape: Any) -> Any:
        return _scatter_gathered.call(ct, p, shape=shape)


@general(
    _spread_out,
    on=[case((4,), _draw_positions, shape=(3, 2))],
    arguments=("x", "p"),
    constant=("p",),
    name="scatter_gathered",
    batch=_batch_spread_out,
    pattern=lambda primals, y, *, shape: (scattered(primals[1]), None),
)
class _scatter_gathered:
    """y_j = sum of x_k over p_k = j;  the adjoint is ct_{p_k}."""

    def tangent_x(t: Any, p: Any, *, shape: Any) -> Any:
        return _scatter_gathered.call(t, p, shape=shape)

    def adjoint_x(ct: Any, p: Any) -> Any:
        return _gather.call(ct, p)
