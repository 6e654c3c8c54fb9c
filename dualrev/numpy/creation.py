"""Creation: the functions that make arrays, which NumPy does not dispatch on traced values.

Inside a transform new floating-point arrays are buffers (`core/buffer.py`), into which traced values can be written.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.bind import operand, stackable
from dualrev.core.buffer import BufferArray, buffer, holds_traced, plain
from dualrev.core.levels import open_levels
from dualrev.core.mirror import answering, stands_for
from dualrev.core.primitive import ENTRIES, numpy_function
from dualrev.errors import UnsupportedError

# SciPy refuses arguments of two namespaces under its switch, so constants must be traced arrays there.
_ONE_NAMESPACE = os.environ.get("SCIPY_ARRAY_API", "0").lower() not in ("0", "", "false")
# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def _held(array: Any) -> Any:
    """Return a new array so that traced values can be written into it, if there can be any."""
    if _ONE_NAMESPACE and type(array) is np.ndarray and array.dtype.kind in "fc":
        levels = open_levels()
        return levels[-1].constant(array) if levels else array
    return buffer(array) if type(array) is np.ndarray else array


def _making(function: Any) -> Any:
    """Put a stand-in for a function that makes new arrays."""
    return stands_for(function)(answering(function, _held))


# NumPy's own functions as they are, but for where their result is held.
_function: Any
for _function in (np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri):
    numpy_function(
        _function, kind="passes", note="in the mirror, traced values can be written into it"
    )(_making(_function))
for _function in (
    np.zeros_like,
    np.ones_like,
    np.empty_like,
    np.full_like,
    np.linspace,
    np.logspace,
    np.geomspace,
    np.copy,
):
    _making(_function)


def _mirrored(function: Any, kind: str = "composite", note: str = "") -> Callable[[Any], Any]:
    """Answer `function` by the decorated one where an argument is traced, and hold its results."""

    def attach(answer: Any) -> Any:
        numpy_function(function, kind=kind, note=note)(answer)
        _making(function)
        return answer

    return attach


@_mirrored(np.full)
def full(
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """Answer ``np.full`` with a traced number or array."""
    y = _np.broadcast_to(operand(fill_value), shape).copy()
    return y if dtype is None else y.astype(dtype)


@_mirrored(np.arange, note="the number of entries is locally constant")
def arange(
    start_or_stop: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    dtype: Any = None,
    *,
    device: Any = None,
    like: Any = None,
) -> Any:
    """Answer ``np.arange`` with traced ends or step."""
    start, stop = (0, start_or_stop) if stop is None else (start_or_stop, stop)
    for end in (start, stop, step):
        if isinstance(end, Traced):
            # Under vmap each lane would have a number of entries of its own: refused in its own words.
            end._decide("np.arange")
    count = len(np.arange(value(start), value(stop), value(step)))
    y = start + step * np.arange(count)
    return y if dtype is None else y.astype(dtype)


@_mirrored(np.fromiter)
def fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """Answer ``np.fromiter`` of a list that holds traced numbers."""
    items = list(iter)
    if count >= 0 and len(items) < count:
        raise ValueError(
            f"iterator too short: Expected {count} but iterator had only {len(items)} items."
        )
    return operand(items if count < 0 else items[:count]).astype(dtype)


@stands_for(np.fromiter)
@functools.wraps(np.fromiter)
def _fromiter(iter: Any, dtype: Any, count: int = -1, **kwargs: Any) -> Any:
    items = list(iter)
    if holds_traced(items):
        return ENTRIES[np.fromiter].call(items, dtype, count)
    return _held(np.fromiter(items, dtype, count, **kwargs))


# --------------------------------------------------------------------------------------------------
# Conversions.


def _convert(x: Any, dtype: Any, order: str | None, copy: bool | None, ndmin: int = 0) -> Any:
    """Return traced values, also in nested sequences and object arrays, as one traced array."""
    y = operand(x)
    fresh = y is not x
    if dtype is not None and np.dtype(dtype) != dtype_of(y):
        if copy is False:
            raise ValueError(
                f"Unable to avoid copy while creating an array of {np.dtype(dtype)} from one of {dtype_of(y)}"
            )
        if np.dtype(dtype).kind != "O":
            y, fresh = y.astype(dtype), True
    if copy and not fresh:
        y = y.copy(order or "K")
    elif order in ("C", "F") and not y._plain().flags[f"{order}_CONTIGUOUS"]:
        y = y.copy(order)
    return y if y.ndim >= ndmin else _np.reshape(y, (1,) * (ndmin - y.ndim) + y.shape)


@numpy_function(np.array)
def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    ndmax: int = 0,
    like: Any = None,
) -> Any:
    """Answer ``np.array`` of traced values."""
    return _convert(object, dtype, order, copy, ndmin)


@numpy_function(np.asarray, np.asanyarray)
def asarray(
    a: Any,
    dtype: Any = None,
    order: str | None = None,
    *,
    device: Any = None,
    copy: bool | None = None,
    like: Any = None,
) -> Any:
    """Answer ``np.asarray`` and ``np.asanyarray`` of traced values."""
    return _convert(a, dtype, order, copy)


@numpy_function(np.asarray_chkfinite)
def asarray_chkfinite(a: Any, dtype: Any = None, order: str | None = None) -> Any:
    """Answer ``np.asarray_chkfinite`` of traced values."""
    y = _convert(a, dtype, order, None)
    np.asarray_chkfinite(value(y))
    return y


@numpy_function(np.ascontiguousarray)
def ascontiguousarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """Answer ``np.ascontiguousarray`` of traced values."""
    return _convert(a, dtype, "C", None, 1)


@numpy_function(np.asfortranarray)
def asfortranarray(a: Any, dtype: Any = None, *, like: Any = None) -> Any:
    """Answer ``np.asfortranarray`` of traced values."""
    return _convert(a, dtype, "F", None, 1)


@numpy_function(np.require)
def require(a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None) -> Any:
    """Answer ``np.require`` of traced values; they are always writable and own their memory."""
    letters = {str(r).upper()[0] for r in requirements or ()}
    if {"C", "F"} <= letters:
        raise ValueError("Cannot specify both 'C' and 'F' order")
    return _convert(a, dtype, "C" if "C" in letters else "F" if "F" in letters else None, None)


def _converting(function: Any) -> None:
    """Make the stand-in of a conversion: what NumPy makes anew is held, what it returns as it is stays so."""

    @functools.wraps(function)
    def convert(a: Any, *args: Any, **kwargs: Any) -> Any:
        if holds_traced(a):
            return ENTRIES[function].call(a, *args, **kwargs)
        if type(a) is BufferArray and function is not np.array:
            y = function(a.primal, *args, **kwargs)
            return a if y is a.primal else _held(y)
        y = function(plain(a), *args, **kwargs)
        if type(y) is np.ndarray and y.dtype.hasobject and stackable(y):
            return operand(y)
        if _ONE_NAMESPACE or (y is not a and y.base is None):
            return _held(y)
        return y

    stands_for(function)(convert)


for _function in (
    np.array,
    np.asarray,
    np.asanyarray,
    np.asarray_chkfinite,
    np.ascontiguousarray,
    np.asfortranarray,
    np.require,
):
    _converting(_function)


def _refused(name: str, reason: str, alternative: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(name, reason, alternative)

    return refuse


for _function in (np.asmatrix, np.bmat):
    numpy_function(_function, kind="unsupported", note="matrices multiply by rules of their own")(
        _refused(
            f"np.{_function.__name__}",
            "np.matrix is no array: its products have rules of their own",
            "use arrays with two dimensions and the operator @, and np.block for np.bmat",
        )
    )
for _function in (
    np.fromfunction,
    np.frombuffer,
    np.from_dlpack,
    np.indices,
    *(vars(module)["test"] for module in (np, np.linalg, np.fft)),
):
    numpy_function(_function, kind="passes")(_function)

# --------------------------------------------------------------------------------------------------
# What takes sequences of sequences: NumPy looks for traced values in the outer one only.

for _function in (
    np.concatenate,
    np.concat,
    np.stack,
    np.hstack,
    np.vstack,
    np.dstack,
    np.column_stack,
    np.block,
    np.append,
    np.insert,
    np.atleast_1d,
    np.atleast_2d,
    np.atleast_3d,
    # On its first argument only, and a plain table may be read at traced indices.
    np.take,
    *(f for f in vars(np.linalg).values() if hasattr(f, "_implementation")),
):
    stands_for(_function)(answering(_function))


class _Concatenator:
    """``np.r_`` and ``np.c_``: what NumPy collects as objects is stacked."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getitem__(self, key: Any) -> Any:
        y = self._original[plain(key)]
        return operand(y) if y.dtype.hasobject and stackable(y) else y

    def __len__(self) -> int:
        return 0


stands_for(np.r_)(_Concatenator(np.r_))
stands_for(np.c_)(_Concatenator(np.c_))
