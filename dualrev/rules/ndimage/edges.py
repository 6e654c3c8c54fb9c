"""What the filters of scipy.ndimage share: borders, outputs, and arguments given once or per axis."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.buffer import is_traced
from dualrev.core.flavours import constant
from dualrev.core.inplace import write_out
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.joining import concatenate
from dualrev.rules.taking import take

__all__ = [
    "check_axes",
    "delivered",
    "each",
    "extended",
    "image",
    "in_double",
    "invalid_origin",
    "plainly",
]

# SciPy's names of borders, to NumPy's.
_MODES = {
    "reflect": "symmetric",
    "grid-mirror": "symmetric",
    "mirror": "reflect",
    "nearest": "edge",
    "wrap": "wrap",
    "grid-wrap": "wrap",
    "constant": "constant",
    "grid-constant": "constant",
}


def image(x: Any) -> Any:
    """Return an operand as an array."""
    x = array_operand(x)
    return x if is_traced(x) else np.asarray(x)


def in_double(x: Any) -> Any:
    """Return an array in double precision, in which SciPy computes."""
    return astype(x, complex if dtype_of(x).kind == "c" else float, copy=False)


def delivered(y: Any, x: Any, output: Any, name: str) -> Any:
    """Return a result as SciPy does: in the dtype of the input, in a given one, or in a given array."""
    if output is None:
        dtype = dtype_of(x)
        if dtype_of(y).kind == "c" and dtype.kind != "c":
            dtype = np.promote_types(dtype, np.complex64)
        return astype(y, dtype, copy=False)
    if isinstance(output, (type, np.dtype, str)):
        dtype = np.dtype(output)
        if dtype_of(y).kind == "c" and dtype.kind != "c":
            dtype = np.promote_types(dtype, np.complex64)
        return astype(y, dtype, copy=False)
    if tuple(output.shape) != y.shape:
        raise RuntimeError("output shape not correct")
    return write_out(output, astype(y, dtype_of(output), copy=False), (), f"scipy.ndimage.{name}")


def each(given: Any, count: int) -> list[Any]:
    """Return an argument that is given once, or once per axis, as one per axis."""
    if isinstance(given, str) or not isinstance(given, Iterable) or np.ndim(given) == 0:  # type: ignore[arg-type]
        return [given] * count
    found = list(given)
    if len(found) != count:
        raise RuntimeError("sequence argument must have length equal to input rank")
    return found


def check_axes(axes: Any, ndim: int) -> tuple[int, ...]:
    """Return axes counted from the start, without repetition."""
    if axes is None:
        return tuple(range(ndim))
    if np.ndim(axes) == 0:
        axes = (axes,)
    found = []
    for axis in axes:
        k = operator.index(axis)
        if not -ndim <= k < ndim:
            raise ValueError(f"specified axis: {axis} is out of range")
        found.append(k % ndim)
    if len(set(found)) != len(found):
        raise ValueError("axes must be unique")
    return tuple(found)


def _of_numbers(*arrays: Any, function: Any, options: Any) -> Any:
    return function(*arrays, **options)


(_evaluate,) = constant(_of_numbers, answers=False)


def plainly(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return an answer for what is locally constant in its first argument: it sees plain numbers, lane by lane."""

    def call(x: Any, *args: Any, **options: Any) -> Any:
        def bound(x: Any, **options: Any) -> Any:
            return function(x, *args, **options)

        return _evaluate(x, function=bound, options=options)

    return call


def invalid_origin(origin: int, size: int) -> bool:
    """Say whether a filter of this size would leave the entry that it belongs to."""
    return origin < -(size // 2) or origin > (size - 1) // 2


def extended(x: Any, axis: int, before: int, after: int, mode: str, cval: Any) -> Any:
    """Continue an array at both ends of one axis."""
    if mode not in _MODES:
        raise RuntimeError("boundary mode not supported")
    if before <= 0 and after <= 0:
        n = x.shape[axis]
        return take(x, np.arange(-before, n + after), axis=axis) if before or after else x
    if _MODES[mode] != "constant":
        n = x.shape[axis]
        at = np.pad(np.arange(n), (max(before, 0), max(after, 0)), _MODES[mode])
        return take(x, at[max(-before, 0) : len(at) - max(-after, 0)], axis=axis)
    shape = list(x.shape)
    parts = []
    for width in (before, after):
        shape[axis] = max(width, 0)
        parts.append(np.broadcast_to(astype(cval, dtype_of(x)), shape))
    inner = x
    if before < 0 or after < 0:
        inner = take(x, np.arange(max(-before, 0), x.shape[axis] + min(after, 0)), axis=axis)
    return concatenate((parts[0], inner, parts[1]), axis)
