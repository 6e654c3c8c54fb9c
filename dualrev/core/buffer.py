"""Buffers: plain arrays that become traced when a traced value is written into them.

NumPy never asks a traced value before ``np.zeros(n)``, so inside a transform the mirrors' creation functions return
a buffer: it holds an ndarray and answers everything as that array would (its results are plain numbers and buffers
again), and costs nothing on a tape. The first write of a traced value turns the handle, with its views, into a traced
array of that value's level. Operations see the ndarray inside (`bind.operand`), never the buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core import bind as _bind
from dualrev.core.array import Traced, TracedArray
from dualrev.core.inplace import setitem
from dualrev.core.levels import Level, open_levels
from dualrev.core.operators import operator_methods
from dualrev.core.primitive import ENTRIES
from dualrev.core.protocols import apply_ufunc
from dualrev.core.views import link
from dualrev.errors import CapturedWriteError

__all__ = ["HOLDERS", "BufferArray", "any_traced", "buffer", "holds_traced", "is_traced", "plain"]

_PLAIN = {float, int, bool, complex, str, type(None), np.float64}
_WRITES = {
    np.copyto,
    np.put,
    np.place,
    np.putmask,
    np.fill_diagonal,
    np.put_along_axis,
    np.nan_to_num,
}


# Say whether there may be traced values to write into a new array: a transform is running, or variables record.
HOLDERS: list[Callable[[], Any]] = [open_levels]


class Buffers(Level):
    """The level of all buffers: outside every transform, never closed."""

    def constant(self, value: Any) -> Any:
        """Return a buffer that holds a copy of `value`."""
        return _make(np.array(plain(value)))

    def leave(self, x: Any) -> None:
        """Spoil the memory of a buffer that becomes traced, if NumPy was given it under another name."""
        if x.tangent:
            if not x.primal.flags.writeable:
                raise CapturedWriteError(
                    "an array that was converted with np.asarray gets a traced value while a tape holds its numbers"
                )
            x.primal.fill(np.nan)


_level = Buffers(depth=float("-inf"))


def buffer(array: np.ndarray) -> Any:
    """Return `array`, which nobody else may hold, as a buffer if it can become traced: while there are such values."""
    if array.dtype.kind in "fc" and array.ndim and any(holds() for holds in HOLDERS):
        return _make(array)
    return array


def _make(array: np.ndarray) -> Any:
    out = object.__new__(BufferArray)
    out.primal = array
    out.level = _level
    # Whether NumPy has been given the memory under another name.
    out.tangent = False
    return out


def plain(x: Any) -> Any:
    """Return `x` with the array in place of a buffer, also in lists, tuples and dicts."""
    if type(x) is BufferArray:
        return x.primal
    if isinstance(x, (list, tuple)) and type(x) in (list, tuple):
        return type(x)(plain(v) for v in x)
    return {k: plain(v) for k, v in x.items()} if type(x) is dict else x


def is_traced(x: Any) -> bool:
    """Say whether `x` is a traced value that is no buffer, or an array of objects that are."""
    if isinstance(x, Traced):
        return type(x) is not BufferArray
    return isinstance(x, np.ndarray) and x.dtype.hasobject and _bind.stackable(x)


def holds_traced(x: Any) -> bool:
    """Say whether `x` is traced, or a nested sequence that holds what is; buffers are plain."""
    kind = type(x)
    if kind in _PLAIN:
        return False
    if kind is list or kind is tuple:
        return any(holds_traced(v) for v in x if type(v) is not float)
    return is_traced(x)


def any_traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Say whether a call has a traced value among its arguments, or in sequences of them."""
    return any(map(holds_traced, args)) or (
        bool(kwargs) and any(map(holds_traced, kwargs.values()))
    )


def _result(y: Any, owner: Any, again: Callable[[Any], Any]) -> Any:
    """Return a result of plain NumPy, its arrays as buffers, and as views of `owner` where they share its memory."""
    if isinstance(y, (tuple, list)):
        parts = [
            _result(part, owner, lambda v, k=k: again(v)[k])  # type: ignore[misc]
            for k, part in enumerate(y)
        ]
        return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)
    if type(y) is not np.ndarray or y.dtype.kind not in "fc" or not y.ndim:
        return y
    if y is owner.primal:
        return owner
    out = _make(y)
    if y.base is not None and np.may_share_memory(y, owner.primal):
        return link(out, owner, again, y.flags.writeable)
    return out


def _apply(
    function: Callable[..., Any], args: Any, kwargs: Any, anew: Callable[..., Any] | None = None
) -> Any:
    """Call a function of NumPy on the plain arrays; `anew` is the same for arrays of any kind."""
    y = function(*plain(args), **plain(kwargs))
    given = (*args, *kwargs.values(), *_inside(args), *_inside(kwargs.values()))
    owner = next((a for a in given if type(a) is BufferArray), None)
    if owner is None:
        return y

    def again(v: Any) -> Any:
        return (anew or function)(*(v if a is owner else a for a in args), **kwargs)

    return _result(y, owner, again)


def _inside(args: Any) -> Any:
    for a in args:
        if isinstance(a, (list, tuple)):
            yield from a
            yield from _inside(a)


def memory(x: Any) -> np.ndarray:
    """Return the array of a buffer for writing; one that a tape holds is left to it, and copied."""
    root = x
    while (base := getattr(root, "_base", None)) is not None:
        root = base
    if not root.primal.flags.writeable:
        root.primal = root.primal.copy("K")
        _renew(root)
    if not x.primal.flags.writeable:
        raise ValueError("assignment destination is read-only")
    return x.primal  # type: ignore[no-any-return]


def _renew(x: Any) -> None:
    """Take the views of a buffer again."""
    for ref in getattr(x, "_views", ()):
        view = ref()
        if view is not None:
            view.primal = plain(view._view[0](_make(x.primal)))
            _renew(view)


class BufferArray(TracedArray):
    """An array of plain numbers that may become traced."""

    __slots__ = ()
    __hash__ = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy or (dtype is not None and dtype != self.primal.dtype):
            return np.array(self.primal, dtype=dtype)
        root = self
        while (base := getattr(root, "_base", None)) is not None:
            root = base
        root.tangent = True
        view: np.ndarray = self.primal.view()
        view.flags.writeable = False
        return view

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any_traced(inputs, kwargs):
            return apply_ufunc(ufunc, method, inputs, kwargs)
        outs = kwargs.pop("out", None)
        if method == "at":
            getattr(ufunc, method)(memory(inputs[0]), *plain(inputs[1:]), **plain(kwargs))
            return None
        if outs is None:
            return _apply(getattr(ufunc, method), inputs, kwargs)
        targets = tuple(memory(o) if type(o) is BufferArray else o for o in outs)
        getattr(ufunc, method)(*plain(inputs), out=targets, **plain(kwargs))
        return outs if len(outs) > 1 else outs[0]

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if any(t is not np.ndarray and t is not BufferArray for t in types) or any_traced(
            args, kwargs
        ):
            return TracedArray.__array_function__(self, func, types, args, kwargs)
        if func in _WRITES and args and type(args[0]) is BufferArray:
            return func(memory(args[0]), *plain(args[1:]), **plain(kwargs))
        out = kwargs.get("out")
        if type(out) is BufferArray:
            func(*plain(args), **{**plain(kwargs), "out": memory(out)})
            return out
        return _apply(func, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        y = self.primal[plain(index)]
        return _result(y, self, lambda v: v[index])

    def __setitem__(self, index: Any, new: Any) -> None:
        if holds_traced(new) or holds_traced(index):
            setitem(self, index, new)
        else:
            memory(self)[plain(index)] = plain(new)

    def copy(self, order: str = "C") -> Any:
        """Return a buffer with memory of its own."""
        return _make(self.primal.copy(order))

    def flatten(self, order: str = "C") -> Any:
        """Return a flat copy."""
        return _make(self.primal.flatten(order))

    def tolist(self) -> list[Any]:
        """Return nested lists of numbers."""
        return self.primal.tolist()  # type: ignore[no-any-return]

    def item(self, *index: int) -> Any:
        """Return one entry as a Python number."""
        return self.primal.item(*index)

    def __reduce__(self) -> Any:
        return np.array, (self.primal.copy(),)

    def __repr__(self) -> str:
        return repr(self.primal)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))


def _delegate(name: str) -> Callable[..., Any]:
    """Return the method of ndarray, for a buffer."""
    method = getattr(np.ndarray, name)
    function = getattr(np, name, None)

    def anew(x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(x, name)(*args, **kwargs)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if any_traced(args, kwargs) and function in ENTRIES:
            return ENTRIES[function].call(self, *args, **kwargs)
        return _apply(method, (self, *args), kwargs, anew)

    return call


def _write_through(name: str) -> Callable[..., Any]:
    method = getattr(np.ndarray, name)
    traced = getattr(TracedArray, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if any_traced(args, kwargs):
            return traced(self, *args, **kwargs)
        return method(memory(self), *plain(args), **plain(kwargs))

    return call


def _binary(name: str) -> Callable[[Any, Any], Any]:
    method = getattr(TracedArray, name)
    ours = getattr(np.ndarray, name)

    def call(self: Any, other: Any) -> Any:
        if holds_traced(other):
            return method(self, other)
        y = ours(self.primal, plain(other))
        return y if y is NotImplemented else _result(y, self, lambda v: ours(v, other))

    return call


def _inplace(name: str) -> Callable[[Any, Any], Any]:
    method = getattr(TracedArray, name)
    ours = getattr(np.ndarray, name)

    def call(self: Any, other: Any) -> Any:
        if holds_traced(other):
            return method(self, other)
        ours(memory(self), plain(other))
        return self

    return call


def _unary(name: str) -> Callable[[Any], Any]:
    ours = getattr(np.ndarray, name)

    def call(self: Any) -> Any:
        return _result(ours(self.primal), self, lambda v: getattr(v, name)())

    return call


def _number(ours: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda self: ours(self.primal)


def _attribute(name: str) -> property:
    def get(self: Any) -> Any:
        return _result(getattr(self.primal, name), self, lambda v: getattr(v, name))

    def put(self: Any, new: Any) -> None:
        get(self)[...] = new

    return property(get, put)


def _install() -> None:
    """Give buffers the methods and operators of ndarray."""
    reads = {name for names in operator_methods().values() for name in names}
    reads |= {f"__{name}__" for name in "lt le gt ge eq ne divmod rdivmod".split()}
    inplace = {f"__i{name[2:]}" for name in reads if hasattr(np.ndarray, f"__i{name[2:]}")}
    for name in dir(np.ndarray):
        own = getattr(np.ndarray, name)
        if name in vars(BufferArray):
            continue
        if name in ("T", "mT", "real", "imag"):
            setattr(BufferArray, name, _attribute(name))
        elif name in ("sort", "fill", "put"):
            setattr(BufferArray, name, _write_through(name))
        elif not name.startswith("_") and callable(own):
            setattr(BufferArray, name, _delegate(name))
        elif name in ("__neg__", "__pos__", "__abs__", "__invert__"):
            setattr(BufferArray, name, _unary(name))
        elif name in ("__float__", "__int__", "__index__", "__complex__", "__bool__"):
            setattr(BufferArray, name, _number(own))
        elif name in inplace:
            setattr(BufferArray, name, _inplace(name))
        elif name in reads:
            setattr(BufferArray, name, _binary(name))
    _bind._BUFFER.append(BufferArray)


_install()
