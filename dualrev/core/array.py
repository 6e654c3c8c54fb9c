"""Traced values: what the user's function holds instead of arrays, speaking NumPy's protocols.

Two families, because NumPy asks different things of them: `TracedArray` (one dimension or more: a sequence) and
`TracedScalar` (no sequence protocol, otherwise NumPy would try to unpack it). Neither has ``__array__``: NumPy can
therefore never strip a derivative in silence. Each mode derives an array and a scalar class; all share one memory
layout, so that an in-place write can turn one into another.
Next: `protocols.py` (ufunc and function dispatch) and `inplace.py` (writes and views).
"""

from __future__ import annotations

import operator
import sys
import warnings
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from dualrev.core import bind as _bind
from dualrev.core.inplace import setitem
from dualrev.core.primitive import ENTRIES, UFUNCS, function_name
from dualrev.core.protocols import apply_ufunc
from dualrev.errors import (
    EscapeError,
    MissingRuleError,
    SplitWarning,
    conversion,
    user_location,
)

__all__ = [
    "Traced",
    "TracedArray",
    "TracedScalar",
    "dtype_of",
    "literal",
    "value",
]

_SPLIT_LIMIT = 1000
# Functions of scipy.sparse that decide whether they or the other operand answer an operator.
_SPARSE = frozenset({"_matmul_dispatch", "_divide", "isdense"})
_GETITEM = operator.getitem
# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


class Traced:
    """Base of all traced values.

    Attributes
    ----------
    primal
        The value one level further out: an ndarray, a NumPy scalar, or a traced value of an outer level.
    level : Level
        The transform that this value belongs to.
    tangent, index
        What the mode records beside the primal: the tangent (forward) or the position on the tape (reverse).
    """

    __slots__ = ("__weakref__", "_base", "_view", "_views", "index", "level", "primal", "tangent")
    __array_priority__ = 1000.0

    primal: Any
    level: Any
    tangent: Any
    index: Any

    # -- protocols ------------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        entry = ENTRIES.get(func)
        if entry is None:
            raise MissingRuleError(function_name(func))
        return entry.call(*args, **kwargs)

    def __reduce__(self) -> Any:
        if self.level.decayed:
            return self.primal.__reduce__()
        raise EscapeError("pickling a traced value", "pickle dualrev.value(x)")

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    # -- facts ----------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, as of the plain array."""
        return self.primal.shape  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        size = 1
        for n in self.shape:
            size *= n
        return size

    def _plain(self) -> Any:
        primal = self.primal
        return primal._plain() if isinstance(primal, Traced) else primal

    @property
    def itemsize(self) -> int:
        """Bytes per entry."""
        return int(self._plain().dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes of the plain array."""
        return self.itemsize * self.size

    def copy(self, order: str = "C") -> Any:
        """Return an independent traced value; `order` is the memory layout, which decides what reshape views."""
        twin = object.__new__(type(self))
        for name in ("primal", "level", "tangent", "index"):
            if hasattr(self, name):
                setattr(twin, name, getattr(self, name))
        if order != "K" and self.ndim > 1:
            # Values are never written to, so the copy shares them, unless it asks for another layout.
            primal = twin.primal
            if isinstance(primal, Traced) or not primal.flags.c_contiguous or order != "C":
                twin.primal = primal.copy(order)
        return twin

    # -- conversions that would lose the derivative ---------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self._decide("bool(x)"))

    def _decide(self, operation: str) -> Any:
        """Return the plain value for a decision in Python; a batched value has no single one."""
        primal = self.primal
        return primal._decide(operation) if isinstance(primal, Traced) else primal

    def __float__(self) -> float:
        return float(self._leave("float"))

    def __int__(self) -> int:
        return int(self._leave("int"))

    def __index__(self) -> int:
        return operator.index(self._leave("index"))

    def __complex__(self) -> complex:
        return complex(self._leave("complex"))

    def _leave(self, kind: str) -> Any:
        """Return the primal of a value that has become a constant."""
        if self.level.decayed:
            return self.primal
        raise EscapeError(*conversion(kind))

    def item(self, *index: int) -> Any:
        """Return one entry, traced (as the derivative would otherwise be lost)."""
        if not index:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a scalar")
            return _np.reshape(self, ())
        return _np.reshape(self, (-1,))[index[0]] if len(index) == 1 else cast(Any, self)[index]

    def __str__(self) -> str:
        return str(value(self))

    def __format__(self, spec: str) -> str:
        return format(value(self), spec)

    # -- everything that is a call of a NumPy function ------------------------------------------------------------

    @property
    def T(self) -> Any:
        """The transpose."""
        return _np.transpose(self)

    @property
    def real(self) -> Any:
        """The real part."""
        return _np.real(self)

    @real.setter
    def real(self, new: Any) -> None:
        self.real[...] = new

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return _np.imag(self)

    @imag.setter
    def imag(self, new: Any) -> None:
        self.imag[...] = new

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """Return ``np.reshape``; sizes may be given one by one."""
        return ENTRIES[np.reshape].call(self, shape[0] if len(shape) == 1 else shape, order)

    def flatten(self, order: str = "C") -> Any:
        """Return a flat copy."""
        return _np.ravel(self, order=order).copy()

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """Return the values in another dtype; integers and booleans are locally constant."""
        dtype = np.dtype(dtype)
        if not np.can_cast(dtype_of(self), dtype, casting):
            raise TypeError(
                f"astype: cannot cast from {dtype_of(self)} to {dtype} by the rule {casting!r}"
            )
        return ENTRIES[np.astype].call(self, dtype, copy=copy)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """Return the entries along an axis where `condition` holds."""
        return _np.compress(condition, self, axis=axis, out=out)

    def __divmod__(self, other: Any) -> Any:
        return _np.floor_divide(self, other), _np.remainder(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return _np.floor_divide(other, self), _np.remainder(other, self)

    def __pow__(self, other: Any, modulo: Any = None) -> Any:
        if modulo is not None:
            return NotImplemented
        return UFUNCS[np.power](self, other)


class TracedScalar(Traced):
    """A traced value without dimensions; it behaves like a NumPy scalar."""

    __slots__ = ()
    __hash__ = object.__hash__
    # Indexing without __len__ does not make a sequence of it for NumPy; iteration is refused, as by NumPy's scalars.
    __iter__ = None

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        # For isinstance(x, float) in user code, which would else take another branch.
        return dtype_of(self).type

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the plain number."""
        # NumPy's mean, var and std of an object array ask a sum with a dtype to become a float of it.
        if sys._getframe(1).f_code.co_filename.endswith("_methods.py"):
            raise AttributeError("dtype")
        return dtype_of(self)

    def __getitem__(self, index: Any) -> Any:
        return ENTRIES[operator.getitem].call(self, index)

    def __setitem__(self, index: Any, new: Any) -> None:
        setitem(self, index, new)

    # NumPy's object loops look these up by name.
    def __floor__(self) -> Any:
        return UFUNCS[np.floor](self)

    def __ceil__(self) -> Any:
        return UFUNCS[np.ceil](self)

    def __trunc__(self) -> Any:
        return UFUNCS[np.trunc](self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return _np.round(self, ndigits or 0)

    def tolist(self) -> Any:
        """Return the traced scalar itself."""
        return self


class TracedArray(Traced):
    """A traced value with one dimension or more."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        # For isinstance(x, np.ndarray) in user code, which would else take another branch; NumPy's C code asks type(x).
        return type(self) if sys._getframe(1).f_code.co_name in _SPARSE else np.ndarray

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the plain array."""
        return dtype_of(self)

    @property
    def mT(self) -> Any:
        """The transpose of the last two axes."""
        return _np.matrix_transpose(self)

    @property
    def flat(self) -> Any:
        """A flat view, in C order whatever the layout in memory."""
        from dualrev.core.views import as_view

        return as_view(_np.reshape(self, (-1,)), self, lambda v: _np.reshape(v, (-1,)))

    @flat.setter
    def flat(self, new: Any) -> None:
        self.flat[...] = np.resize(new, self.size) if np.size(new) != self.size else _np.ravel(new)

    @property
    def flags(self) -> Any:
        """Flags of the plain array."""
        return self._plain().flags

    @property
    def base(self) -> Any:
        """The traced array that this one is a view of, or None."""
        return getattr(self, "_base", None)

    def __len__(self) -> int:
        if sys._getframe(1).f_code.co_name in _SPARSE:
            raise TypeError(
                "not a sequence to SciPy's sparse arrays, which then leave the operation to it"
            )
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        shape = self.shape
        if len(shape) == 1 and shape[0] > _SPLIT_LIMIT:
            warnings.warn(
                f"a traced array of {shape[0]} entries is split into scalars at {user_location()}; the result is "
                "right but slow. Array operations, or np.stack instead of np.array and np.asarray, avoid it.",
                SplitWarning,
                stacklevel=2,
            )
        get = ENTRIES[operator.getitem].call
        return (get(self, k) for k in range(shape[0]))

    def __getitem__(self, index: Any) -> Any:
        return ENTRIES[_GETITEM].call(self, index)

    def __setitem__(self, index: Any, new: Any) -> None:
        setitem(self, index, new)

    def __delitem__(self, index: Any) -> None:
        raise ValueError("cannot delete array elements")

    def __contains__(self, item: Any) -> bool:
        return bool(_np.any(self == item))

    def __round__(self, ndigits: int | None = None) -> Any:
        return _np.round(self, ndigits or 0)

    def fill(self, new: Any) -> None:
        """Write one number into every entry."""
        self[...] = new

    def sort(self, axis: int = -1, **kwargs: Any) -> None:
        """Sort in place."""
        self[...] = _np.sort(self, axis=axis, **kwargs)

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """Write entries by flat index."""
        _np.put(self, indices, values, mode)

    def transpose(self, *axes: Any) -> Any:
        """Return ``np.transpose``; axes may be given one by one."""
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))):
            return _np.transpose(self, axes[0])
        return _np.transpose(self, axes or None)

    def tolist(self) -> list[Any]:
        """Return nested lists of traced scalars."""
        return [v.tolist() for v in self]


def dtype_of(x: Any) -> np.dtype[Any]:
    """Return the dtype of a traced value, an array or a number."""
    if isinstance(x, Traced):
        x = x._plain()
    dtype = getattr(x, "dtype", None)
    return np.dtype(type(x)) if dtype is None else dtype


def literal(x: Any) -> str:
    """Return how a primal or a tangent stands in a handle's repr: double numbers without the name of their type."""
    return (
        repr(x.item()) if isinstance(x, float | complex) and isinstance(x, np.generic) else repr(x)
    )


def value(x: Any) -> Any:
    """Return the plain array or number in a traced value, all levels stripped; anything else is returned as it is.

    Parameters
    ----------
    x : traced value or anything
        Arrays come back read-only, as the tape may still need them.

    Returns
    -------
    ndarray or NumPy scalar
        The primal, of the same shape and dtype (with the lane axis in front inside `vmap`).

    Notes
    -----
    The result is a constant: no derivative flows through it. Use it to print, to plot and to branch.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> def f(x):
    ...     print("x =", dr.value(x))
    ...     return x @ x
    >>> dr.grad(f)(np.array([1.0, 2.0]))
    x = [1. 2.]
    array([2., 4.])
    """
    if isinstance(x, Traced):
        plain = x._plain()
        if type(plain) is np.ndarray:
            plain = plain.view()
            plain.flags.writeable = False
        return plain
    if isinstance(x, np.ndarray) and x.dtype.hasobject:
        stacked = _bind.operand(x)
        return value(stacked) if isinstance(stacked, Traced) else stacked
    return x


_bind._TRACED.append(Traced)
