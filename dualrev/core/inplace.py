"""In-place writes on traced arrays, seen through views as in NumPy.

A traced array is a handle to an immutable value: residuals on the tape point to values, never to handles. A write makes
a new value and points the handle to it; a write to a view goes through to its base, and the base's other views are
derived again. So every value that was read before the write keeps its derivative, and every later read sees the write.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.primitive import ENTRIES
from dualrev.errors import EscapeError, ShapeError, describe

__all__ = ["cast", "refresh", "scatter_with", "setitem", "write", "write_cast", "write_out"]

# Traced values say that they are arrays of NumPy when asked for their class; this sets the true one.
_set_class = vars(object)["__class__"].__set__
_scatter: list[Callable[[Any, Any, np.ndarray], Any]] = []


def scatter_with(function: Callable[[Any, Any, np.ndarray], Any]) -> None:
    """Set the operation ``scatter(base, new, positions)`` that writes `new` at flat positions of `base`."""
    _scatter.append(function)


def setitem(x: Any, index: Any, new: Any) -> None:
    """Perform ``x[index] = new``."""
    write(x, ENTRIES[operator.setitem].call(x, index, new))


def write(x: Any, new: Any) -> None:
    """Make the handle `x` show `new`, which has the same shape, and carry it through to base and views."""
    base = getattr(x, "_base", None)
    if base is None:
        _rebind(x, new)
        refresh(x)
        return
    again, writable = x._view
    if callable(writable):
        # A view that is no choice of entries (the real part) says itself what the base becomes.
        write(base, writable(base, new))
        return
    if not writable:
        raise ValueError(
            "assignment destination is read-only (a broadcast or a diagonal, as in NumPy)"
        )
    positions = again(np.arange(base.size).reshape(base.shape))
    write(base, _scatter[-1](base, new, positions))


def _rebind(x: Any, new: Any) -> None:
    new = x.level.written(x, new)
    if not hasattr(new, "level"):
        new = x.level.constant(np.asarray(new))
    if x.level is not new.level:
        x.level.leave(x)
    _set_class(x, type(new))
    for name in ("primal", "level", "tangent", "index"):
        if hasattr(new, name):
            setattr(x, name, getattr(new, name))


def refresh(x: Any) -> None:
    """Derive the views of `x` again."""
    refs = getattr(x, "_views", None)
    if not refs:
        return
    for ref in list(refs):
        view = ref()
        if view is not None:
            _rebind(view, x.level.again(lambda base, view=view: view._view[0](base.copy("K")), x))
            refresh(view)


def write_cast(x: Any, new: Any, name: str) -> Any:
    """Perform an augmented assignment: `new` takes the dtype of `x`, if NumPy's same-kind rule allows it."""
    if np.shape(new) != x.shape:
        raise ShapeError(
            f"{name}: the result of shape {np.shape(new)} cannot be written into an array of shape {x.shape}"
        )
    write(x, cast(new, x.dtype, name))
    return x


def cast(new: Any, dtype: np.dtype[Any], name: str) -> Any:
    """Convert to `dtype` under the same-kind rule of ``out=`` and augmented assignment."""
    have = np.result_type(new)
    if have == dtype:
        return new
    if not np.can_cast(have, dtype, "same_kind"):
        raise TypeError(
            f"{name}: cannot cast output from {have} to {dtype} with casting rule 'same_kind'"
        )
    return (new if hasattr(new, "level") else np.asarray(new)).astype(dtype)


def write_out(target: Any, new: Any, inputs: tuple[Any, ...], name: str) -> Any:
    """Perform ``out=target``; returns what the call returns."""
    if hasattr(target, "level"):
        return write_cast(
            target, np.broadcast_to(new, target.shape) if np.ndim(new) == 0 else new, name
        )
    if not isinstance(target, np.ndarray):
        raise TypeError(f"{name}: out= takes an array, not {describe(target)}")
    if not hasattr(new, "level"):
        # The result is plain: of a comparison, or of variables inside `no_grad`.
        target[...] = cast(new, target.dtype, name)
        return target
    if inputs and target is inputs[0] and target.dtype.kind in "fcO":
        # `a += t` on a plain array arrives as exactly this call. The name is rebound to the traced result; the old
        # buffer is filled with NaN, so that another name of it cannot be read as if nothing had happened.
        if np.shape(new) != target.shape:
            raise ShapeError(
                f"{name}: the result of shape {np.shape(new)} does not fit in place of {target.shape}"
            )
        if target.dtype.kind == "O":
            return new
        new = cast(new, target.dtype, name)
        target.fill(np.nan)
        return new
    raise EscapeError(
        f"writing a traced value into a plain array (out= of {name})",
        "leave out= away, or make that array with np.zeros_like(x) or np.empty_like(x) of a traced x",
    )
