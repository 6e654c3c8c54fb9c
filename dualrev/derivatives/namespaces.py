"""What copied code sees: globals, modules, class attributes that read through to the originals.

What enters: a module's own dict, a module, a class; and the `Session` that converts what is read. What leaves:
stand-ins that hold nothing themselves. Next: `cloning.py`, which makes the copies of functions, classes and objects.
"""

from __future__ import annotations

import abc
import sys
import weakref
from collections.abc import Iterator
from types import CodeType, ModuleType, NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dualrev.derivatives.cloning import Session

__all__ = ["AS_IS", "METAS", "TWINS", "Globals", "LiveAttribute", "ModuleView", "Twin", "foreign"]

# Not copied: what has mirrors or needs none, and packages whose values NumPy code never differentiates.
_LEFT = sys.stdlib_module_names | set(
    "builtins numpy scipy dualrev optree matplotlib pandas torch jax jaxlib tensorflow sympy mpmath numba tqdm pytest "
    "_pytest IPython ipykernel llvmlite".split()
)
AS_IS = {
    *(int, float, complex, bool, str, bytes, NoneType, list, dict, set, frozenset, slice, range),
    *(np.ndarray, np.float64, np.float32, np.int64, np.bool_, np.dtype),
}
_DUNDERS = "__name__ __package__ __spec__ __file__ __path__ __loader__ __doc__".split()
_OPTIMIZED = 1  # inspect.CO_OPTIMIZED: a function's code, not a class body's
_GONE = object()


def foreign(name: Any) -> bool:
    """Say whether a module of this name is one whose code is copied."""
    return isinstance(name, str) and name.partition(".")[0] not in _LEFT


class Twin(type):
    """The metaclass of copied classes: objects of the original count as instances, assignments go to it."""

    def __instancecheck__(cls, x: Any) -> bool:
        found = TWINS.get(cls)
        return super().__instancecheck__(x) or (found is not None and isinstance(x, found[0]))

    def __subclasscheck__(cls, x: Any) -> bool:
        found = TWINS.get(cls)
        return super().__subclasscheck__(x) or (found is not None and issubclass(x, found[0]))

    def __setattr__(cls, name: str, new: Any) -> None:
        # A class that is being made, or that copied code derives from a copy, has no original.
        found = TWINS.get(cls)
        session = None if found is None else found[1]()
        if found is None or session is None:
            super().__setattr__(name, new)
            return
        original = found[0]
        setattr(original, name, session.original(new))
        type.__setattr__(cls, name, session.member(original, name, vars(original)[name]))


class AbstractTwin(Twin, abc.ABCMeta):
    """The same for abstract classes."""


METAS = {type: Twin, abc.ABCMeta: AbstractTwin}
# The session weakly: it holds the copy, and would keep this entry alive.
TWINS: weakref.WeakKeyDictionary[type, tuple[type, weakref.ref[Session]]]
TWINS = weakref.WeakKeyDictionary()


class Globals(dict[str, Any]):
    """The globals of copied functions: reads go through to the module's own, and are converted.

    CPython looks a global name up with ``__getitem__`` where the globals are no plain dict, but writes into the dict
    itself; `flush` carries such writes on to the module.
    """

    def __init__(self, live: dict[str, Any], session: Session) -> None:
        super().__init__({k: live[k] for k in _DUNDERS if k in live})
        self.live = live
        self.session = session
        dict.__setitem__(self, "__builtins__", session.builtins)
        # Entries that are no writes of the code's.
        self.own = dict(super().items())

    def __getitem__(self, name: str) -> Any:
        if dict.__len__(self) != len(self.own):
            self.flush()
        found = self.live[name]
        return found if type(found) in AS_IS else self.session.convert(found)

    def __setitem__(self, name: str, new: Any) -> None:
        self.live[name] = self.session.original(new)

    def __delitem__(self, name: str) -> None:
        self.flush()
        del self.live[name]

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in self.live

    def __iter__(self) -> Iterator[str]:
        self.flush()
        return iter(self.live)

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self else default  # noqa: SIM401 - it is this method

    def keys(self) -> Any:
        return list(self)

    def items(self) -> Any:
        return [(k, self[k]) for k in self]

    def values(self) -> Any:
        return [self[k] for k in self]

    def flush(self) -> None:
        """Write what ``global`` statements have assigned into the module."""
        for name in list(dict.keys(self)):
            new = dict.get(self, name, _GONE)
            if new is _GONE:  # another thread was first
                continue
            if name not in self.own:
                dict.pop(self, name, None)
            elif new is self.own[name]:
                continue
            else:
                self.own[name] = new
            self.live[name] = self.session.original(new)

    def provide(self, code: CodeType) -> None:
        """Put the names that class bodies inside `code` read into the dict itself, where CPython looks for those."""
        for inner in code.co_consts:
            if not isinstance(inner, CodeType):
                continue
            for name in () if inner.co_flags & _OPTIMIZED else inner.co_names:
                if name in self.live and name not in self.own:
                    self.own[name] = self.session.convert(self.live[name])
                    dict.__setitem__(self, name, self.own[name])
            self.provide(inner)


class ModuleView(ModuleType):
    """What copied code sees of a module: its attributes, converted."""

    def __init__(self, live: ModuleType, session: Session) -> None:
        super().__init__(live.__name__, live.__doc__)
        vars(self).update({k: v for k, v in vars(live).items() if k in _DUNDERS})
        vars(self)["_live"] = live, session

    def __getattr__(self, name: str) -> Any:
        live, session = vars(self)["_live"]
        session.flush()
        return session.convert(getattr(live, name))

    def __setattr__(self, name: str, new: Any) -> None:
        live, session = vars(self)["_live"]
        setattr(live, name, session.original(new))

    def __delattr__(self, name: str) -> None:
        delattr(vars(self)["_live"][0], name)

    def __dir__(self) -> list[str]:
        return dir(vars(self)["_live"][0])

    def __repr__(self) -> str:
        return repr(vars(self)["_live"][0])


class LiveAttribute:
    """An attribute of a copied class that holds data: what the original has now."""

    def __init__(self, owner: type, name: str, session: Session) -> None:
        self.place = owner, name, session

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        original, name, session = self.place
        try:
            return session.convert(vars(original)[name])
        except KeyError:
            raise AttributeError(
                f"type object {original.__name__!r} has no attribute {name!r}"
            ) from None
