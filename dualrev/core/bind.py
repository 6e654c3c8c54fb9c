"""bind: the one place where an operation meets its operands.

What enters: a primitive, array operands, static parameters. It finds the deepest level among the operands and hands
over to that level's mode, which unwraps its own values and calls `bind` again for what is left; with no traced operand
left, NumPy computes the value. (`modes/recording.py` holds shortcuts for the commonest calls; they fall back to here.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from dualrev.core.primitive import everything
from dualrev.errors import InputError, describe

if TYPE_CHECKING:
    from dualrev.core.levels import Level
    from dualrev.core.primitive import Primitive

__all__ = ["bind", "operand"]

# Filled by core/array.py, which sits above this file: the base class of traced values.
_TRACED: list[type] = []
# Filled by core/buffer.py: the class of plain arrays that may become traced.
_BUFFER: list[Any] = []
# Classes that are no arrays, to what answers an operation that meets one: answer(primitive, *arrays, **params).
STRANGERS: dict[type, Callable[..., Any]] = {}
# Subclasses of ndarray without rules of their own: an operation takes them as the arrays that they are.
DECAYING: set[type] = set()
_SCALARS = (float, int, complex, bool, np.generic)


def bind(primitive: Primitive, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Evaluate `primitive` at the deepest level among its operands."""
    level: Level | None = None
    traced: Any = _TRACED[0]
    for k, a in enumerate(arrays):
        if isinstance(a, traced):
            if type(a) is _BUFFER[0]:
                return bind(primitive, (*arrays[:k], a.primal, *arrays[k + 1 :]), params)
            if level is None or a.level.depth > level.depth:
                level = a.level
        elif not isinstance(a, _SCALARS) and (type(a) is not np.ndarray or a.dtype.hasobject):
            stranger = _stranger(a)
            if stranger is not None:
                return stranger(primitive, *arrays, **params)
            converted = operand(a, primitive)
            if converted is not a:
                return bind(primitive, (*arrays[:k], converted, *arrays[k + 1 :]), params)
    if level is None:
        return primitive.fun(*arrays, **params)
    return level.process(primitive, arrays, params)


def _stranger(value: Any) -> Callable[..., Any] | None:
    """Return what answers an operation that meets `value`, which is no array: a sparse one for instance."""
    classes = type(value).__mro__
    if any(c.__module__.startswith("scipy.sparse") for c in classes):
        everything("scipy.sparse")
    return next((STRANGERS[c] for c in classes if c in STRANGERS), None)


def operand(value: Any, primitive: Primitive | None = None) -> Any:
    """Return `value` as something an operation accepts: a traced value, an ndarray or a scalar.

    Lists and object arrays that hold traced scalars are stacked into one traced array; treating them as constants would
    lose their derivatives.

    Raises
    ------
    InputError
        If it is no array of numbers.
    """
    if type(value) is _BUFFER[0]:
        return value.primal
    if isinstance(value, (_TRACED[0], *_SCALARS)):
        return value
    if value is None or isinstance(value, (str, bytes, slice)):
        if primitive is not None and primitive.flavour == "constant":
            return value
        raise _not_an_array(value, primitive)
    array = value if isinstance(value, np.ndarray) else stack_sequence(value)
    if isinstance(array, _TRACED[0]):
        return array
    if array.dtype.hasobject:
        return stack_objects(array, primitive)
    if array.dtype.kind not in "biufc" and (primitive is None or primitive.flavour != "constant"):
        raise _not_an_array(value, primitive)
    if type(array) in DECAYING:
        return array.view(np.ndarray)
    if type(array) is not np.ndarray and type(array) not in STRANGERS:
        raise InputError(
            f"{primitive.name if primitive else 'an operation'} met a {type(array).__name__} beside a traced value; "
            "its own rules (masks, units, matrix products) would be lost. Pass np.asarray(...) of it."
        )
    return array


def stack_sequence(value: Any) -> Any:
    """Return a list, tuple or other array-like as an array; nested sequences with traced leaves become traced."""
    if isinstance(value, (list, tuple)) and _holds_traced(value):
        return np.stack([operand(v) for v in value])
    return np.asarray(value)


def _holds_traced(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_traced(v) for v in value)
    return isinstance(value, _TRACED[0]) or (
        type(value) is np.ndarray and value.dtype.hasobject and stackable(value)
    )


def stackable(array: np.ndarray) -> bool:
    """Say whether an object array holds traced values."""
    return any(isinstance(v, _TRACED[0]) for v in array.ravel())


def stack_objects(array: np.ndarray, primitive: Primitive | None = None) -> Any:
    """Return an object array of numbers and traced scalars as one array, traced if an entry is."""
    leaves = array.ravel().tolist()
    for leaf in leaves:
        if not isinstance(leaf, (_TRACED[0], *_SCALARS)):
            raise _not_an_array(leaf, primitive)
    if not any(isinstance(leaf, _TRACED[0]) for leaf in leaves):
        return np.array(leaves, dtype=np.result_type(*leaves) if leaves else float).reshape(
            array.shape
        )
    return np.reshape(np.stack(leaves), array.shape)


def _not_an_array(value: Any, primitive: Primitive | None) -> InputError:
    where = f"{primitive.name} met " if primitive is not None else "met "
    return InputError(
        f"{where}{describe(value)} beside a traced value; operands are numbers, arrays of numbers, or lists of them"
    )
