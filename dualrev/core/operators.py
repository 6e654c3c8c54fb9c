"""Operators and methods of traced values: each is a call of the NumPy function named beside it in a table."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar
from dualrev.core.inplace import write_cast
from dualrev.core.primitive import ENTRIES, UFUNCS
from dualrev.errors import InputError, user_location

__all__ = ["operator_methods"]

_BINARY: dict[str, np.ufunc] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "lshift": np.left_shift,
    "rshift": np.right_shift,
}
_COMPARE: dict[str, np.ufunc] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_UNARY: dict[str, np.ufunc] = {
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "invert": np.invert,
}
_SCALAR_METHODS = (
    "sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh exp exp2 expm1 log log2 log10 log1p sqrt "
    "cbrt fabs rint deg2rad rad2deg degrees radians arctan2 hypot fmod logical_xor square reciprocal"
).split()
_METHODS = (
    "sum mean prod max min var std cumsum cumprod argmax argmin argsort argpartition all any round clip trace dot "
    "repeat swapaxes squeeze diagonal take conjugate nonzero searchsorted choose ravel"
).split()


def _foreign(other: Any) -> bool:
    """Say whether `other` wants to handle the operator itself (``__array_ufunc__ = None``, strings, None, ...)."""
    return (
        other is None
        or isinstance(other, (str, bytes, set))
        or (
            isinstance(other, dict) and not hasattr(other, "toarray")
        )  # SciPy's dok_array is a dict
        or getattr(other, "__array_ufunc__", _foreign) is None
    )


def _operator(ufunc: np.ufunc, reflected: bool) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if _foreign(other):
            return NotImplemented
        return UFUNCS[ufunc](other, self) if reflected else UFUNCS[ufunc](self, other)

    return method


def _inplace(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return write_cast(self, UFUNCS[ufunc](self, other), ufunc.__name__)

    return method


def _unary(ufunc: np.ufunc) -> Callable[[Any], Any]:
    def method(self: Any, *others: Any) -> Any:
        return UFUNCS[ufunc](self, *others)

    return method


def _function(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return ENTRIES[function].call(self, *args, **kwargs)

    method.__doc__ = f"Return ``np.{name}`` of this array."
    return method


def _backward(self: Any, *args: Any, **kwargs: Any) -> None:
    """Refuse: only variables of the imperative interface have a sweep of their own."""
    raise InputError(
        f"backward, at {user_location()}, on a value of a running transform, which makes the sweep itself. Return the "
        "value from the differentiated function, or make an independent variable of it: dualrev.variable(x)"
    )


def operator_methods() -> dict[Any, tuple[str, ...]]:
    """Return, for every ufunc that has one, its operator's method names (modes install shortcuts under them)."""
    table: dict[Any, tuple[str, ...]] = {u: (f"__{n}__", f"__r{n}__") for n, u in _BINARY.items()}
    table.update({u: (f"__{n}__",) for n, u in _UNARY.items()})
    table[np.power] = ("__pow__", "__rpow__")
    return table


def _install() -> None:
    def name_method(method: Any, name: str, owner: type) -> None:
        method.__name__ = name
        method.__qualname__ = f"{owner.__name__}.{name}"
        setattr(owner, name, method)

    for name, ufunc in {**_BINARY, "pow": np.power}.items():
        if name != "pow":
            name_method(_operator(ufunc, False), f"__{name}__", Traced)
        name_method(_operator(ufunc, True), f"__r{name}__", Traced)
        name_method(_inplace(ufunc), f"__i{name}__", TracedArray)
    for name, ufunc in _COMPARE.items():
        name_method(_operator(ufunc, False), f"__{name}__", Traced)
    for name, ufunc in _UNARY.items():
        name_method(_unary(ufunc), f"__{name}__", Traced)
    for name in _SCALAR_METHODS:
        name_method(_unary(getattr(np, name)), name, TracedScalar)
    for name in _METHODS:
        name_method(_function(name), name, Traced)
    Traced.backward = _backward  # type: ignore[attr-defined]
    Traced.conj = Traced.conjugate  # type: ignore[attr-defined]
    # Defining __eq__ cleared the inherited hash of the base; scalars hash by identity, arrays do not (as in NumPy).
    TracedScalar.__hash__ = object.__hash__  # type: ignore[method-assign, assignment]


_install()
# np.isscalar and user code ask this of numbers.
numbers.Number.register(TracedScalar)
