"""Taking: NumPy's functions that pick entries by position, by condition, or among choices."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import operand
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function
from dualrev.rules.indexing import flat_positions, gather, index_grid, pick, refuse

__all__ = ["along_axis", "plain_mask", "take"]


def _axis_grid(indices: Any, shape: tuple[int, ...], axis: int) -> list[Any]:
    """Return one index array per axis for ``take_along_axis``."""
    ndim = len(shape)
    return [
        indices if k == axis else np.arange(n).reshape((1,) * k + (-1,) + (1,) * (ndim - 1 - k))
        for k, n in enumerate(shape)
    ]


def along_axis(x: Any, indices: Any, axis: int | None) -> tuple[Any, Any]:
    """Return the array (flat if axis is None) and the index that ``take_along_axis`` means."""
    indices = operand(indices)
    if dtype_of(indices).kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    if axis is None:
        x, axis = np.reshape(x, (-1,)), 0
    if np.ndim(indices) != x.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    axis = range(x.ndim)[axis]
    return x, tuple(_axis_grid(indices, x.shape, axis))


@numpy_function(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    x, index = along_axis(operand(arr), indices, axis)
    if any(isinstance(item, Traced) for item in index):
        return gather(x, flat_positions(list(index), x.shape))
    return pick(x, index)


@numpy_function(np.take)
def take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Any:
    x, indices = operand(a), operand(indices)
    if axis is None:
        x, axis = np.reshape(x, (-1,)), 0
    axis = range(x.ndim)[axis]
    if isinstance(indices, Traced):
        if dtype_of(indices).kind not in "iu":
            raise refuse(indices)
    else:
        # NumPy takes floats here, too, and cuts off their fractions.
        indices = np.asarray(indices).astype(np.intp)
    n = x.shape[axis]
    if mode == "wrap":
        indices = indices % n
    elif mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    elif mode != "raise":
        raise ValueError(f"np.take: mode is 'raise', 'wrap' or 'clip', not {mode!r}")
    index = (slice(None),) * axis + (indices,)
    if isinstance(indices, Traced):
        y = gather(x, flat_positions(index_grid(index, x.shape), x.shape))
    else:
        y = pick(x, index)
    y = y.copy()  # contiguous, as np.take makes it
    return y if out is None else write_out(out, y, (), "np.take")


@numpy_function(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    return take(a, np.flatnonzero(plain_mask(condition)), axis, out)


@numpy_function(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return take(arr, np.flatnonzero(plain_mask(condition)))


def plain_mask(condition: Any) -> np.ndarray:
    """Return a condition that selects; traced values count by being zero or not, as in NumPy."""
    condition = operand(condition)
    if isinstance(condition, Traced):
        condition = np.not_equal(condition, 0)
        if isinstance(condition, Traced):
            raise refuse(condition)
    return np.asarray(condition)


@numpy_function(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    a = operand(a)
    if dtype_of(a).kind not in "iub":
        raise TypeError(
            f"Cannot cast array data from {dtype_of(a)!r} to {np.dtype(np.intp)!r} according to the rule 'safe'"
        )
    choices = [operand(c) for c in choices]
    n = len(choices)
    if mode == "wrap":
        a = a % n
    elif mode == "clip":
        a = np.clip(a, 0, n - 1)
    elif mode != "raise":
        raise ValueError(f"np.choose: mode is 'raise', 'wrap' or 'clip', not {mode!r}")
    elif not isinstance(a, Traced) and np.any((np.asarray(a) < 0) | (np.asarray(a) >= n)):
        raise ValueError("invalid entry in choice array")
    y = choices[-1]
    for k in range(n - 2, -1, -1):
        y = np.where(a == k, choices[k], y)
    shape = np.broadcast_shapes(np.shape(a), *map(np.shape, choices))
    y = np.broadcast_to(y, shape).copy()
    return y if out is None else write_out(out, y, (), "np.choose")


@numpy_function(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if not condlist:
        raise ValueError("select with an empty condition list is not possible")
    conditions = [operand(c) for c in condlist]
    for k, condition in enumerate(conditions):
        if dtype_of(condition).kind != "b":
            raise TypeError(f"invalid entry {k} in condlist: should be boolean ndarray")
    choices = [operand(choice) for choice in (*choicelist, default)]
    dtype = np.result_type(*(dtype_of(c) if isinstance(c, Traced) else c for c in choices))
    y: Any
    *choices, y = (c if isinstance(c, Traced) else np.asarray(c, dtype) for c in choices)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        y = np.where(condition, choice, y)
    return y.copy()
