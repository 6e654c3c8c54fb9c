"""Queries: functions that ask for a shape, a dtype or a text and return plain values."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of, value
from dualrev.core.batching import batch_elementwise
from dualrev.core.bind import operand
from dualrev.core.flavours import constant
from dualrev.core.primitive import numpy_function


@numpy_function(np.shape, kind="passes")
def shape(a: Any) -> tuple[int, ...]:
    return a.shape if isinstance(a, Traced) else np.shape(operand(a))


@numpy_function(np.ndim, kind="passes")
def ndim(a: Any) -> int:
    return len(shape(a))


@numpy_function(np.size, kind="passes")
def size(a: Any, axis: int | tuple[int, ...] | None = None) -> int:
    if axis is None:
        return a.size if isinstance(a, Traced) else np.size(operand(a))
    axes = axis if isinstance(axis, tuple) else (axis,)
    sizes = shape(a)
    count = 1
    for k in axes:
        count *= sizes[k]
    return count


@numpy_function(np.result_type, kind="passes")
def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    # A traced scalar promotes as the NumPy scalar that it stands for.
    return np.result_type(*(dtype_of(a) if isinstance(a, Traced) else a for a in arrays_and_dtypes))


@numpy_function(np.can_cast, kind="passes")
def can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    return np.can_cast(dtype_of(from_) if isinstance(from_, Traced) else from_, to, casting=casting)


@numpy_function(np.min_scalar_type, kind="passes")
def min_scalar_type(a: Any) -> np.dtype[Any]:
    return np.min_scalar_type(value(a))


@numpy_function(np.common_type, kind="passes")
def common_type(*arrays: Any) -> Any:
    return np.common_type(*(np.asarray(value(a)) for a in arrays))


@numpy_function(np.iscomplexobj, kind="passes")
def iscomplexobj(x: Any) -> bool:
    return dtype_of(operand(x)).kind == "c"


@numpy_function(np.isrealobj, kind="passes")
def isrealobj(x: Any) -> bool:
    return not iscomplexobj(x)


constant(np.iscomplex, np.isreal, batch=batch_elementwise)


@numpy_function(np.isscalar, kind="passes", note="a traced number is a scalar")
def isscalar(element: Any) -> bool:
    return isinstance(element, TracedScalar) or np.isscalar(element)


@numpy_function(np.iterable, kind="passes")
def iterable(y: Any) -> bool:
    return isinstance(y, TracedArray) or (not isinstance(y, Traced) and np.iterable(y))


@numpy_function(np.isfortran, kind="passes")
def isfortran(a: Any) -> bool:
    return bool(a.flags.fnc)


def _of_plain(function: Any) -> None:
    """Answer by the function itself, called with plain arrays."""

    @functools.wraps(function)
    def ask(*args: Any, **kwargs: Any) -> Any:
        return function(
            *(np.asarray(value(a)) if isinstance(a, Traced) else a for a in args), **kwargs
        )

    numpy_function(function, kind="passes", note="of the plain numbers")(ask)


for _function in (
    np.shares_memory,
    np.may_share_memory,
    np.array_repr,
    np.array_str,
    np.array2string,
    np.format_float_positional,
    np.format_float_scientific,
):
    _of_plain(_function)
