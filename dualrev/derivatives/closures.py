"""Closure conversion: the traced values that a function uses without being given them, made arguments of it.

A solver must run on plain numbers, at full speed and without filling a tape, and the rule for its solution must know
what it depends on. What enters: a function of the user's, and the extra arguments it will be called with. What leaves:
the traced values found in them, and the same function as one of these values.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.buffer import is_traced
from dualrev.derivatives.transform import Transform
from dualrev.errors import user_location

__all__ = ["Closed", "closed", "refuse_traced"]

_PLAIN = {float, int, bool, complex, str, bytes, type(None), type, np.float64, CodeType}
_CONTAINERS = (list, tuple, dict, set, frozenset)


class Closed:
    """A function, its extra arguments, and the traced values inside them.

    Attributes
    ----------
    values : list
        Distinct traced arrays and scalars, in the order in which they were found.
    f, args
        What was given.
    """

    __slots__ = ("_leaves", "_reaching", "args", "f", "values")

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.f = f
        self.args = args
        # By id; the objects are held, so that no other one can get an id of theirs.
        seen: dict[int, tuple[Any, list[Any]]] = {}
        _walk((f, args), seen)
        self._leaves = [x for x, _ in seen.values() if is_traced(x)]
        self._reaching = _reaching(seen, self._leaves)
        self.values = [operand(x) for x in self._leaves]

    def at(self, values: Sequence[Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return the function and its arguments with these values in place of the traced ones.

        Everything that holds none of them, cells that the function assigns to among it, stays the same object.
        """
        if not self.values:
            return self.f, self.args
        made = {id(x): v for x, v in zip(self._leaves, values, strict=True)}
        copies = _Copies(self._reaching, made)
        return copies.of(self.f), copies.of(self.args)

    @property
    def plain(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """The function and its arguments on plain numbers."""
        return self.at([value(v) for v in self.values])


def closed(f: Callable[..., Any], args: tuple[Any, ...] = ()) -> Closed:
    """Find the traced values that `f` reaches by closure, default, attribute or global name, and those in `args`.

    Closures of closures, `functools.partial`, bound methods, callable objects, transforms of dualrev and containers
    are searched. A value that is hidden elsewhere (in a module's attribute, say) is not found; what is computed with it
    stays traced, which `refuse_traced` finds.
    """
    return Closed(f, args)


def refuse_traced(name: str, *results: Any) -> None:
    """Raise if a function that was closed still gives traced results.

    Raises
    ------
    EscapeError
        It names the way out: to pass the value as an argument.
    """
    from dualrev.derivatives.joint import ClosureError

    for y in results:
        if is_traced(y):
            raise ClosureError(
                f"{name}: its function depends on a traced value that is neither in args=, nor in its closure, "
                f"defaults or globals (at {user_location()}); going on",
                "pass that value in args=",
            )


def _parts(x: Any) -> Iterator[Any]:
    """Yield what an object is made of, as far as a call of it could use it."""
    kind = type(x)
    if kind is FunctionType:
        for cell in x.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:  # not assigned yet
                continue
        yield from x.__defaults__ or ()
        yield from (x.__kwdefaults__ or {}).values()
        for name in _global_names(x.__code__):
            found = x.__globals__.get(name)
            ours = type(found) is FunctionType and found.__globals__ is x.__globals__
            if ours or is_traced(found):
                yield found
    elif kind is MethodType:
        yield x.__func__
        yield x.__self__
    elif kind is functools.partial:
        yield x.func
        yield from x.args
        yield from x.keywords.values()
    elif isinstance(x, dict):
        yield from x.values()
    elif isinstance(x, _CONTAINERS):
        yield from x
    elif isinstance(x, Transform) or _is_users(kind):
        yield from vars(x).values()


def _is_users(kind: type) -> bool:
    """Say whether attributes of an object of this class are looked into: not of NumPy's, SciPy's and built-in ones."""
    root = str(kind.__module__).partition(".")[0]
    return (
        kind.__dictoffset__ != 0
        and not issubclass(kind, type)
        and root not in ("numpy", "scipy", "builtins", "types", "threading", "dualrev", "logging")
    )


@functools.lru_cache(maxsize=256)
def _global_names(code: CodeType) -> tuple[str, ...]:
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return tuple(dict.fromkeys([*code.co_names, *(n for c in inner for n in _global_names(c))]))


def _walk(x: Any, seen: dict[int, tuple[Any, list[Any]]]) -> None:
    """Enter `x` and all that it is made of into `seen`, each object with its parts."""
    if type(x) in _PLAIN or id(x) in seen:
        return
    parts = [] if is_traced(x) else [p for p in _parts(x) if type(p) not in _PLAIN]
    seen[id(x)] = x, parts
    for part in parts:
        _walk(part, seen)


def _reaching(seen: dict[int, tuple[Any, list[Any]]], leaves: list[Any]) -> set[int]:
    """Return the ids of the objects from which a leaf is reached, which may refer to each other in circles."""
    users: dict[int, list[int]] = {}
    for key, (_, parts) in seen.items():
        for part in parts:
            users.setdefault(id(part), []).append(key)
    found: set[int] = set()
    todo = [id(x) for x in leaves]
    while todo:
        key = todo.pop()
        if key not in found:
            found.add(key)
            todo += users.get(key, [])
    return found


class _Copies:
    """Copies of the objects that reach a traced value; each is entered before its parts are copied, for circles."""

    def __init__(self, reaching: set[int], made: dict[int, Any]) -> None:
        self.reaching = reaching
        self.made = made

    def of(self, x: Any) -> Any:
        """Return the copy of `x`, or `x` itself if it reaches nothing traced."""
        if type(x) in _PLAIN or id(x) not in self.reaching:
            return x
        if id(x) in self.made:
            return self.made[id(x)]
        kind = type(x)
        if kind is FunctionType:
            return self._function(x)
        if kind is MethodType:
            return MethodType(self.of(x.__func__), self.of(x.__self__))
        if kind is functools.partial:
            options = {k: self.of(v) for k, v in x.keywords.items()}
            return functools.partial(self.of(x.func), *map(self.of, x.args), **options)
        if isinstance(x, tuple):
            return getattr(kind, "_make", kind)([self.of(v) for v in x])
        if isinstance(x, (set, frozenset)):
            return kind(self.of(v) for v in x)
        new = self.made[id(x)] = copy.copy(x)
        if isinstance(x, list):
            new[:] = [self.of(v) for v in x]
        elif isinstance(x, dict):
            new.update({k: self.of(v) for k, v in x.items()})
        else:
            for name, held in vars(x).items():
                object.__setattr__(new, name, self.of(held))
        return new

    def _function(self, f: Any) -> Any:
        """Return a function of the same code with other cells where they reach a traced value."""
        old = f.__closure__ or ()
        cells = [CellType() if self._holds(c) else c for c in old]
        changed = {
            name: held
            for name in _global_names(f.__code__)
            if (held := f.__globals__.get(name)) is not None and id(held) in self.reaching
        }
        space = {**f.__globals__} if changed else f.__globals__
        new = FunctionType(f.__code__, space, f.__name__, None, tuple(cells) or None)
        self.made[id(f)] = new
        for cell, own in zip(old, cells, strict=True):
            if own is not cell:
                own.cell_contents = self.of(cell.cell_contents)
        for name, held in changed.items():
            space[name] = self.of(held)
        new.__defaults__ = f.__defaults__ and tuple(map(self.of, f.__defaults__))
        new.__kwdefaults__ = f.__kwdefaults__ and {
            k: self.of(v) for k, v in f.__kwdefaults__.items()
        }
        new.__dict__.update(vars(f))
        new.__qualname__, new.__module__, new.__doc__ = f.__qualname__, f.__module__, f.__doc__
        return new

    def _holds(self, cell: CellType) -> bool:
        try:
            return id(cell.cell_contents) in self.reaching
        except ValueError:  # not assigned yet
            return False
