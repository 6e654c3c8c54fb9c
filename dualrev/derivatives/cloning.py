"""Clones of functions, classes and objects that meet the mirrors where the originals meet NumPy and math.

What enters: something of the user's or of a third party's. What leaves: a copy of it, made when it is first met, in
whose code the names of NumPy, SciPy and `math` mean the mirrors, and those of other modules' functions and classes
mean their copies. Originals are read, never written to, except for the globals and attributes that the code itself
assigns. The standard library, NumPy, SciPy and dualrev are not copied. Next: `patched.py`.
"""

from __future__ import annotations

import abc
import builtins
import copy
import functools
import threading
import typing
import weakref
from collections.abc import Callable
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.mirror import stand_in
from dualrev.derivatives.namespaces import (
    AS_IS,
    METAS,
    TWINS,
    Globals,
    LiveAttribute,
    ModuleView,
    Twin,
    foreign,
)
from dualrev.derivatives.transform import Transform

__all__ = ["Session"]

_LRU = type(functools.lru_cache(lambda: None))
_ROOTS = {object, abc.ABC, typing.Generic}
_NOT_COPIED = set(
    "__dict__ __weakref__ __module__ __qualname__ __doc__ __init_subclass__ __abstractmethods__ _abc_impl "
    "__orig_bases__ __parameters__ __annotate__ __annotate_func__ __annotations_cache__".split()
)
_HASHED = (BuiltinFunctionType, FunctionType, ModuleType, type, np.ufunc)


class Session:
    """The copies that belong together: one per call of a patched function, or per ``with`` block."""

    def __init__(self) -> None:
        # By id; the original is held, so that no other object can get its id.
        self.made: dict[int, tuple[Any, Any]] = {}
        self.originals: dict[int, tuple[Any, Any]] = {}
        self.cells: dict[int, tuple[CellType, CellType]] = {}
        self.spaces: dict[int, Globals] = {}
        self.lock = threading.RLock()
        self.builtins = {**vars(builtins), "__import__": self._import}

    def enter(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """Return the copy of `f` as one that may be called from outside, with originals."""

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                y = self.convert(f)(
                    *(self.convert(a) for a in args),
                    **{k: self.convert(v) for k, v in kwargs.items()},
                )
                return self.restore(y)
            finally:
                self.flush()

        return call

    def flush(self) -> None:
        """Carry assignments to globals through to the modules."""
        for space in list(self.spaces.values()):
            space.flush()

    def original(self, x: Any) -> Any:
        """Return what `x` is a copy of, or `x`."""
        found = self.originals.get(id(x))
        return x if found is None else found[1]

    def restore(self, x: Any, depth: int = 4) -> Any:
        """Return a result with originals in place of copies; objects made of copied classes get the original class."""
        kind = type(x)
        if id(x) in self.originals:
            return self.original(x)
        if kind is tuple:
            return tuple(self.restore(v, depth) for v in x)
        if kind is list and depth:
            x[:] = [self.restore(v, depth - 1) for v in x]
        elif kind is dict and depth:
            x.update({k: self.restore(v, depth - 1) for k, v in x.items()})
        elif isinstance(kind, Twin) and depth:
            if kind in TWINS:
                object.__setattr__(x, "__class__", TWINS[kind][0])
            else:  # of a class that copied code has derived from a copy
                kind.__bases__ = tuple(self.original(b) for b in kind.__bases__)
            self.restore(vars(x), depth - 1)
        return x

    def convert(self, x: Any) -> Any:
        """Return the copy of `x`; anything that needs none is returned as it is."""
        kind = type(x)
        if kind in AS_IS or isinstance(x, Traced) or isinstance(kind, Twin):
            return x
        found = self.made.get(id(x))
        if found is not None:
            return found[1]
        if id(x) in self.originals:
            return x
        if kind is tuple:
            parts = tuple(self.convert(v) for v in x)
            return x if all(a is b for a, b in zip(x, parts, strict=True)) else parts
        if kind is MethodType:
            function, owner = self.convert(x.__func__), self.convert(x.__self__)
            unchanged = function is x.__func__ and owner is x.__self__
            return x if unchanged else MethodType(function, owner)
        if isinstance(x, _HASHED) or str(kind.__module__).startswith("numpy"):
            own = stand_in(x)
            if own is not x:
                return own
        make: Any = None
        if kind is FunctionType:
            make = self._function
        elif isinstance(x, ModuleType):
            make = self._module
        elif isinstance(x, type):
            make = self._class
        elif kind is functools.partial:
            make = self._partial
        elif kind is _LRU:
            make = self._cached
        elif isinstance(x, Transform):
            make = self._transform
        elif foreign(kind.__module__):
            make = self._object
        if make is None:
            return x
        with self.lock:
            found = self.made.get(id(x))
            return make(x) if found is None else found[1]

    def _register(self, original: Any, made: Any) -> Any:
        self.made[id(original)] = original, made
        if made is not original:
            self.originals[id(made)] = made, original
        return made

    def _import(self, name: str, *args: Any, **kwargs: Any) -> Any:
        return self.convert(builtins.__import__(name, *args, **kwargs))

    def _module(self, x: ModuleType) -> Any:
        copied = not isinstance(x, ModuleView) and foreign(x.__name__)
        return self._register(x, ModuleView(x, self)) if copied else x

    def _partial(self, x: Any) -> Any:
        options = {k: self.convert(v) for k, v in x.keywords.items()}
        return functools.partial(self.convert(x.func), *self.convert(x.args), **options)

    def _cached(self, x: Any) -> Any:
        function = self.convert(x.__wrapped__)
        if function is x.__wrapped__:
            return x
        return self._register(x, functools.lru_cache(**x.cache_parameters())(function))

    def _transform(self, x: Any) -> Any:
        made = copy.copy(x)
        made.f = self.convert(x.f)
        return self._register(x, made)

    # -- functions ------------------------------------------------------------------------------------------------

    def _function(self, f: Any) -> Any:
        live = f.__globals__
        if isinstance(live, Globals):
            return f
        # An example in a docstring runs under the name of its module, whoever wrote it.
        typed = f.__code__.co_filename.startswith("<doctest")
        copied = typed or foreign(live.get("__name__", f.__module__ or ""))
        unfilled: list[tuple[CellType, Any]] = []
        cells = [self._cell(c, unfilled) for c in f.__closure__ or ()]
        if not copied and all(new is c for new, c in zip(cells, f.__closure__ or (), strict=True)):
            return self._register(f, f)
        space = live
        if copied:
            if id(live) not in self.spaces:
                self.spaces[id(live)] = Globals(live, self)
            space = self.spaces[id(live)]
        made = FunctionType(f.__code__, space, f.__name__, None, tuple(cells) or None)
        self._register(f, made)
        if copied:
            space.provide(f.__code__)
        for new, held in unfilled:
            new.cell_contents = self.convert(held)
        made.__defaults__ = self.convert(f.__defaults__)
        options = f.__kwdefaults__
        made.__kwdefaults__ = options and {k: self.convert(v) for k, v in options.items()}
        made.__dict__.update({k: self.convert(v) for k, v in vars(f).items()})
        made.__qualname__, made.__module__, made.__doc__ = f.__qualname__, f.__module__, f.__doc__
        annotations = "__annotate__" if hasattr(f, "__annotate__") else "__annotations__"
        setattr(made, annotations, getattr(f, annotations))
        return made

    def _cell(self, cell: CellType, unfilled: list[tuple[CellType, Any]]) -> CellType:
        """Return the cell of a copy: the same one if there is nothing to convert, as it may be assigned to."""
        if id(cell) in self.cells:
            return self.cells[id(cell)][1]
        try:
            held = cell.cell_contents
        except ValueError:  # not assigned yet
            return cell
        if type(held) is FunctionType:
            # It may refer to itself, so it is converted when its copy exists.
            new = CellType(held)
            unfilled.append((new, held))
        elif (made := self.convert(held)) is not held:
            new = CellType(made)
        else:
            return cell
        self.cells[id(cell)] = cell, new
        return new

    # -- classes and objects --------------------------------------------------------------------------------------

    def _copies(self, x: type) -> bool:
        """Say whether a class is copied: an ordinary one, of ordinary ones, that has methods."""
        mro = [c for c in x.__mro__ if c not in _ROOTS]
        return (
            type(x) in METAS
            and all(foreign(c.__module__) and "__slots__" not in vars(c) for c in mro)
            and not any("__init_subclass__" in vars(c) for c in mro)
            and any(isinstance(v, FunctionType) for c in mro for v in vars(c).values())
        )

    def _class(self, x: Any) -> Any:
        if isinstance(x, Twin):
            return x
        if not self._copies(x):
            return self._register(x, x)
        space = {
            k: vars(x)[k]
            for k in ("__module__", "__qualname__", "__doc__", "__orig_bases__")
            if k in vars(x)
        }
        twin: Any = METAS[type(x)](x.__name__, tuple(self.convert(b) for b in x.__bases__), space)
        self._register(x, twin)
        TWINS[twin] = x, weakref.ref(self)
        for name, member in vars(x).items():
            if name not in _NOT_COPIED:
                type.__setattr__(twin, name, self.member(x, name, member))
        if isinstance(x, abc.ABCMeta):
            type.__setattr__(twin, "__abstractmethods__", x.__abstractmethods__)
        for name, hook in (("__getattribute__", self._get), ("__setattr__", self._set)):
            if all(name not in vars(c) for c in x.__mro__[:-1]):
                type.__setattr__(twin, name, hook())
        return twin

    def _get(self) -> Any:
        def __getattribute__(instance: Any, name: str) -> Any:
            found = object.__getattribute__(instance, name)
            return found if type(found) in AS_IS else self.convert(found)

        return __getattribute__

    def _set(self) -> Any:
        def __setattr__(instance: Any, name: str, new: Any) -> None:
            object.__setattr__(instance, name, self.original(new))

        return __setattr__

    def member(self, owner: type, name: str, member: Any) -> Any:
        """Return an attribute of a copied class."""
        kind = type(member)
        if kind in (staticmethod, classmethod):
            return kind(self.convert(member.__func__))
        if kind is property:
            made = property(*(self.convert(f) for f in (member.fget, member.fset, member.fdel)))
            made.__doc__ = member.__doc__
            return made
        if kind is functools.cached_property:
            cached = functools.cached_property(self.convert(member.func))
            cached.attrname = member.attrname
            return cached
        if kind is functools.partialmethod:
            return functools.partialmethod(
                self.convert(member.func), *member.args, **member.keywords
            )
        if kind in (FunctionType, _LRU):
            return self.convert(member)
        if hasattr(kind, "__get__") or name.startswith("__"):
            return member
        return LiveAttribute(owner, name, self)

    def _object(self, x: Any) -> Any:
        """Return an object of the copied class that shares the attributes of `x`.

        Objects that cannot do anything, as sentinels, are left alone, since code compares them by identity.
        """
        kind = type(x)
        twin = self.convert(kind)
        if twin is kind or not any(
            isinstance(v, (FunctionType, _LRU, property, classmethod, staticmethod))
            for c in kind.__mro__
            if c not in _ROOTS
            for name, v in vars(c).items()
            if not name.startswith("__")
            or name in ("__call__", "__add__", "__mul__", "__getitem__")
        ):
            return x
        made = object.__new__(twin)
        object.__setattr__(made, "__dict__", vars(x))
        return self._register(x, made)
