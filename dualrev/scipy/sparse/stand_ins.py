"""What stands in for the functions and classes of scipy.sparse: they also take sparse arrays with traced entries."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from scipy import sparse

from dualrev.core.buffer import plain
from dualrev.core.mirror import stands_for
from dualrev.core.primitive import ENTRIES
from dualrev.rules.sparse.arrays import TracedSparse, varies
from dualrev.rules.sparse.building import CONSTRUCTORS

__all__ = ["answering_sparse"]


def answering_sparse(original: Any, always: bool = False) -> Callable[..., Any]:
    """Put in place of `original` a function that leaves traced arguments to the registry (`always`: all)."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if always or any(map(varies, args)) or any(map(varies, kwargs.values())):
            return ENTRIES[original].call(*args, **kwargs)
        return original(*plain(args), **plain(kwargs))

    stands_for(original)(call)
    return call


class StandIn:
    """Stands in for one of SciPy's sparse classes, and makes SciPy's own instances of plain entries.

    It is no class itself, as SciPy's are abstract base classes, which ask their subclasses when they are asked. It can
    be called, derived from, and asked by isinstance and issubclass as if it were SciPy's.
    """

    def __init__(self, original: Any) -> None:
        self.__wrapped__ = original
        self.__name__ = self.__qualname__ = original.__name__
        self.__module__ = original.__module__
        self.__doc__ = original.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any(map(varies, args)) or any(map(varies, kwargs.values())):
            return ENTRIES[self.__wrapped__].call(*args, **kwargs)
        return self.__wrapped__(*plain(args), **plain(kwargs))

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self.__wrapped__,)

    def __instancecheck__(self, x: Any) -> bool:
        if isinstance(x, TracedSparse):
            name, _, kind = self.__name__.partition("_")
            if not kind:
                return bool(x.is_array == (name == "sparray"))
            return bool(x.format == name and x.is_array == (kind == "array"))
        return bool(isinstance(x, self.__wrapped__))

    def __subclasscheck__(self, other: type) -> bool:
        return bool(issubclass(other, self.__wrapped__))

    def __getattr__(self, name: str) -> Any:
        if name == "__wrapped__":
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


for _original in (*CONSTRUCTORS, sparse.sparray, sparse.spmatrix):
    stands_for(_original)(StandIn(_original))
for _name in dir(sparse):
    _function = getattr(sparse, _name)
    if not isinstance(_function, type) and callable(_function) and _function in ENTRIES:
        answering_sparse(_function)
