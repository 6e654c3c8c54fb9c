"""Creation: arrays made like a traced one, copies, conversions, and comparisons of whole arrays.

``np.zeros_like(x)`` of a traced `x` is a traced constant of the same level, so traced values can
be written into it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.bind import operand
from dualrev.core.domains import case, reals
from dualrev.core.flavours import batch_elementwise, constant, elementwise, linear
from dualrev.core.primitive import numpy_function
from dualrev.rules.shaping import lane

__all__ = ["astype"]

# --------------------------------------------------------------------------------------------------
# Arrays like another.


def _like(x: Any, fill: Any, dtype: Any, order: str, shape: Any) -> Any:
    """Return a constant of the level of `x`, filled with a plain number."""
    plain = np.full_like(lane(x), fill, dtype, order, shape=shape)
    # Integers and masks carry no derivative, and as plain arrays they can index.
    return x.level.constant(plain) if plain.dtype.kind in "fc" else plain


@numpy_function(np.zeros_like, np.empty_like, kind="constant", note="traced and writable")
def zeros_like(
    a: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    return _like(a, 0, dtype, order, shape)


@numpy_function(np.ones_like, kind="constant", note="traced and writable")
def ones_like(
    a: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    return _like(a, 1, dtype, order, shape)


@numpy_function(np.full_like, note="traced and writable; the number may be traced")
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    a, fill_value = operand(a), operand(fill_value)
    if not isinstance(fill_value, Traced):
        return _like(a, fill_value, dtype, order, shape)
    y = np.broadcast_to(fill_value, np.shape(a) if shape is None else shape).copy()
    return astype(y, dtype_of(a) if dtype is None else dtype)


# --------------------------------------------------------------------------------------------------
# Copies and conversions.


def _cast_back(ct: Any, *, source: np.dtype[Any]) -> Any:
    return astype(np.real(ct) if source.kind != "c" and dtype_of(ct).kind == "c" else ct, source)


_cast = linear(
    lambda x, *, dtype, source: x.astype(dtype),
    _cast_back,
    on=[
        case((3, 2), dtype=np.dtype(np.float32), source=np.dtype(float)),
        case((), dtype=np.dtype(complex), source=np.dtype(float)),
    ],
    name="astype",
    pattern="elementwise",
    formula="y = x in another floating dtype; the adjoint converts back",
)

_truncate = elementwise(
    lambda x, *, dtype: x.astype(dtype),
    None,
    on=[case(reals(3, 2), dtype=np.dtype(np.int64)), case(reals(3), dtype=np.dtype(bool))],
    name="astype_integer",
    formula="locally constant",
    analytic=False,
)


@numpy_function(
    np.astype, note="to integers and booleans: locally constant; complex to real: the real part"
)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Convert; unlike NumPy's this one also takes plain arrays and numbers."""
    dtype = np.dtype(dtype)
    source = dtype_of(x)
    if not isinstance(x, Traced):
        x = np.asarray(x)
        return (np.real(x) if source.kind == "c" and dtype.kind == "f" else x).astype(dtype)[()]
    if source == dtype:
        return x.copy(_compact(x)) if copy else x
    if dtype.kind in "iub":
        return _truncate.call(x, dtype=dtype)
    if dtype.kind not in "fc":
        raise TypeError(f"np.astype: a traced value cannot become {dtype}")
    if source.kind == "c" and dtype.kind == "f":
        warnings.warn(
            "Casting complex values to real discards the imaginary part",
            np.exceptions.ComplexWarning,
            stacklevel=2,
        )
        x = np.real(x)
        source = dtype_of(x)
        if source == dtype:
            return x
    return _cast.call(x, dtype=dtype, source=source)


@numpy_function(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    x = operand(a)
    return x.copy(_compact(x) if order == "K" else order)


def _compact(x: Any) -> str:
    """Return the order of a copy that keeps the order of axes in memory, as NumPy's order="K"."""
    plain = lane(x)
    if plain.flags.forc:
        return "K"
    return "F" if sorted(plain.strides) == list(plain.strides) else "C"


# --------------------------------------------------------------------------------------------------
# Comparisons of whole arrays.

constant(np.array_equal, np.array_equiv, np.allclose)
constant(np.isclose, batch=batch_elementwise)
