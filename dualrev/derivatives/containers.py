"""Arguments and results as nested containers (tuples, lists, dicts, dataclasses) of arrays, through optree."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import DECAYING, STRANGERS, operand
from dualrev.core.buffer import BufferArray
from dualrev.errors import InputError, OutputError, describe

__all__ = ["flatten", "input_leaf", "output_leaf", "single"]

_NAMESPACE = "dualrev"
_LEAVES = (np.ndarray, float, complex, int, np.generic, Traced, str)


def single(leaves: list[Any]) -> Any:
    """Rebuild what is no container: return the one leaf."""
    return leaves[0]


def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """Return the leaves of a container, and a function that puts leaves back into the same structure.

    Dataclasses count as containers of their fields; they are registered with optree when first met.
    """
    if isinstance(tree, _LEAVES):
        return [tree], single
    leaves, structure = optree.tree_flatten(tree, namespace=_NAMESPACE)
    for leaf in leaves:
        if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type):
            _register_dataclass(type(leaf))
            return flatten(tree)
    return leaves, lambda new: optree.tree_unflatten(structure, new)


def _register_dataclass(cls: type) -> None:
    names = tuple(f.name for f in dataclasses.fields(cls))

    def take_apart(instance: Any) -> tuple[tuple[Any, ...], None, tuple[str, ...]]:
        return tuple(getattr(instance, n) for n in names), None, names

    def put_together(_: Any, children: Any) -> Any:
        # Not through __init__, which may check or convert: inside a transform the fields are traced values.
        instance: Any = object.__new__(cls)
        for name, child in zip(names, children, strict=True):
            object.__setattr__(instance, name, child)
        return instance

    optree.register_pytree_node(cls, take_apart, put_together, namespace=_NAMESPACE)


def input_leaf(x: Any, name: str, position: Any) -> Any:
    """Return a differentiable argument as a traced value, a NumPy scalar, or a copy of the array.

    Raises
    ------
    InputError
        If it is an integer, a boolean or no number: there is nothing to differentiate with respect to.
    """
    if type(x) is np.ndarray and x.dtype.kind in "fc":
        return x.copy("K") if x.ndim else x[()]
    if type(x) is float:
        return np.float64(x)
    if type(x) in DECAYING:
        return np.array(x)
    if type(x) is BufferArray:
        return x.primal.copy("K")
    traced = isinstance(x, Traced)
    if (
        not traced
        and isinstance(x, np.ndarray)
        and type(x) is not np.ndarray
        and type(x) not in STRANGERS
    ):
        raise InputError(
            f"{name}: argument {position} is a {type(x).__name__}; its own rules (masks, units, matrix products) would "
            "be lost. Pass np.asarray(...) of it."
        )
    if not traced and isinstance(x, np.ndarray) and x.dtype.hasobject:
        x = operand(x)
    if not traced and isinstance(x, complex):
        x = np.complex128(x) if type(x) is complex else x
    kind = dtype_of(x).kind if isinstance(x, (Traced, np.ndarray, np.generic, int, float)) else "O"
    if kind in "iub":
        raise InputError(
            f"{name}: argument {position} is {describe(x)}, and a derivative with respect to integers does not exist. "
            "Pass floats: x.astype(float), or 2.0 for 2."
        )
    if kind not in "fc":
        raise InputError(
            f"{name}: argument {position} is {describe(x)}; derivatives are taken with respect to floats, arrays of "
            "floats, and containers of them. Choose other arguments with argnums=."
        )
    if type(x) is np.ndarray:
        return np.array(x, order="K")[()]
    return x.copy("K") if type(x) in STRANGERS else x


def output_leaf(y: Any, name: str) -> Any:
    """Return one result of the user's function as a traced value, an array or a NumPy scalar.

    Lists and object arrays of traced scalars are stacked.

    Raises
    ------
    OutputError
        If it is no array of numbers.
    """
    if type(y) is BufferArray:
        return y.primal.copy()
    if isinstance(y, Traced):
        return y
    if isinstance(y, (np.ndarray, np.generic, float, complex, int)):
        y = operand(np.asarray(y))
        return y if isinstance(y, Traced) else y[()]
    raise OutputError(
        f"{name}: the function returned {describe(y)}, where a number or an array is needed. "
        + (
            "Does it lack a return statement?"
            if y is None
            else "Extra results can be returned with has_aux=True, where the transform has it."
        )
    )
