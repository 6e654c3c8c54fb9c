"""Closure conversion: the traced values that a function uses without being given them, made arguments of it.

A solver must run on plain numbers, at full speed and without filling a tape, and the rule for its solution must know
what it depends on. What enters: a function of the user's, and the extra arguments it will be called with. What leaves:
the traced values found in them, and the same function as one of these values.
"""

from __future__ import annotations

import copy
import functools
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    SimpleNamespace,
)
from typing import Any

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.core.bind import operand
from dualrev.core.buffer import is_traced
from dualrev.core.levels import open_levels
from dualrev.derivatives.transform import Transform
from dualrev.errors import InputError, describe, user_location

__all__ = ["Closed", "closed", "guarded", "refuse_traced"]

_PLAIN = {float, int, bool, complex, str, bytes, type(None), type, np.float64, CodeType}
_FOREIGN = frozenset("numpy scipy builtins types threading dualrev logging".split())
_LRU = type(functools.lru_cache(lambda: None))
_LOOKED_INTO = (SimpleNamespace, np.vectorize, _LRU)
_WITHOUT_PARTS: dict[type, Callable[[Any], Iterable[Any]] | None] = dict.fromkeys(
    (*_PLAIN, np.ufunc, np.ndarray, BuiltinFunctionType)
)
# Containers and what they hold, past whatever a subclass does when it is iterated over.
_ENTRIES: dict[type, Callable[[Any], Iterable[Any]]] = {
    dict: dict.values,
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
    deque: deque.__iter__,
}
_BASES = (OrderedDict, defaultdict, dict, list, deque)


class Closed:
    """A function, its extra arguments, and the traced values inside them.

    Attributes
    ----------
    values : list
        Distinct traced arrays and scalars, in the order in which they were found.
    f, args
        What was given.
    """

    __slots__ = ("_found", "_leaves", "_reaching", "args", "f", "values")

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.f = f
        self.args = args
        # By id; the objects are held, so that no other one can get an id of theirs.
        seen: dict[int, tuple[Any, list[Any]]] = {}
        self._leaves = _walk((f, args), seen)
        self._reaching = _reaching(seen, self._leaves) if self._leaves else set()
        self._found = (
            [seen[key][0] for key in seen if key in self._reaching] if self._leaves else []
        )
        self.values = [operand(x) for x in self._leaves]

    def at(self, values: Sequence[Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return the function and its arguments with these values in place of the traced ones.

        Everything that holds none of them, cells that the function assigns to among it, stays the same object. An
        object that holds one is copied: what a call assigns to attributes of the copy stays there, so that nothing that
        a function has kept from its plain run is taken for a result with derivatives.
        """
        if not self.values:
            return self.f, self.args
        made = {id(x): v for x, v in zip(self._leaves, values, strict=True)}
        copies = _Copies(self._found, self._reaching, made)
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


def guarded(name: str, f: Any) -> Any:
    """Return a function for a solver such that a traced result raises, as `refuse_traced`.

    For functions that a solver calls as they are: compiled ones answer a traced value with an error of theirs, and
    those written in Python carry it through their iterations. Outside of transforms `f` itself is returned.
    """
    if not (callable(f) and open_levels()):
        return f

    def call(*args: Any, **kwargs: Any) -> Any:
        y = f(*args, **kwargs)
        refuse_traced(name, *(y if isinstance(y, (list, tuple)) else (y,)))
        return y

    # Solvers look at the names and signatures of functions.
    if type(f) in (FunctionType, MethodType):
        return functools.wraps(f)(call)
    call.__dict__["__wrapped__"] = f
    return call


def _reader(kind: type) -> Callable[[Any], Iterable[Any]] | None:
    """Return what tells the parts of an object of a class, as far as a call of it could use them; None if it has none.

    No code of the user's runs: properties, and what a subclass of a container does when it is iterated over.
    """
    if kind in (list, tuple, set, frozenset, deque):
        return iter
    if kind is dict:
        return dict.values
    if kind is FunctionType:
        return _parts_of_function
    if kind is MethodType:
        return lambda x: (x.__func__, x.__self__)
    if kind is functools.partial:
        return lambda x: (x.func, *x.args, *x.keywords.values())
    if issubclass(kind, (Traced, np.ndarray)):
        return None
    slots = _slots(kind)
    for container, entries in _ENTRIES.items():
        if issubclass(kind, container):
            return lambda x: (*entries(x), *_attributes(x, slots).values())
    if _is_looked_into(kind, slots):
        return lambda x: _attributes(x, slots).values()  # in a copy: other threads may set some
    return None


def _parts_of_function(f: Any) -> Iterator[Any]:
    for cell in f.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    yield from f.__defaults__ or ()
    yield from (f.__kwdefaults__ or {}).values()
    for name in _global_names(f.__code__):
        found = f.__globals__.get(name)
        ours = type(found) is FunctionType and found.__globals__ is f.__globals__
        if ours or is_traced(found):
            yield found


def _attributes(x: Any, slots: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes that an object itself holds, in its ``__dict__`` and its slots."""
    found = {**_dictionary(x)}
    for name, slot in slots.items():
        try:
            found[name] = slot.__get__(x)
        except AttributeError:  # not assigned yet
            continue
    return found


def _dictionary(x: Any) -> dict[str, Any]:
    try:
        return object.__getattribute__(x, "__dict__")  # type: ignore[no-any-return]
    except Exception:  # it has none, or a property of that name
        return {}


def _slots(kind: type) -> dict[str, Any]:
    """Return the slots that Python code has declared: name and descriptor."""
    return {
        name: slot
        for base in reversed(kind.__mro__)
        if "__slots__" in vars(base) and _is_python(base)
        for name, slot in vars(base).items()
        if type(slot) is MemberDescriptorType
    }


def _is_python(kind: type) -> bool:
    """Say whether a class is none of NumPy's, SciPy's and built-in ones."""
    return str(kind.__module__).partition(".")[0] not in _FOREIGN


def _is_looked_into(kind: type, slots: dict[str, Any]) -> bool:
    """Say whether the attributes of an object of this class are searched."""
    if kind in _LOOKED_INTO or issubclass(kind, Transform):
        return True
    return bool(kind.__dictoffset__ or slots) and not issubclass(kind, type) and _is_python(kind)


@functools.lru_cache(maxsize=256)
def _global_names(code: CodeType) -> tuple[str, ...]:
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return tuple(dict.fromkeys([*code.co_names, *(n for c in inner for n in _global_names(c))]))


def _walk(root: Any, seen: dict[int, tuple[Any, list[Any]]]) -> list[Any]:
    """Enter `root` and all that it is made of into `seen`, each object with its parts; return the traced values.

    In the order of a reading, to any depth. Every call of a solver pays for this, so a plain object costs little: a
    number in a list 20 ns, an object of a class of the user's about a microsecond.
    """
    readers = {**_WITHOUT_PARTS}
    leaves = []
    todo = [root]
    while todo:
        x = todo.pop()
        if id(x) in seen:
            continue
        kind = type(x)
        if kind not in readers:
            readers[kind] = _reader(kind)
        reader = readers[kind]
        if reader is None:  # an array, traced or not, or nothing that has parts
            if is_traced(x):
                leaves.append(x)
            seen[id(x)] = x, []
            continue
        parts = [p for p in reader(x) if type(p) not in _PLAIN]
        seen[id(x)] = x, parts
        if parts:
            todo.extend(reversed(parts))
    return leaves


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


def _copied(x: Any) -> Any:
    """Return a copy of `x`, or `x` itself if there is none."""
    try:
        return copy.copy(x)
    except Exception:  # whatever a class says when it refuses
        return x


class _Copies:
    """Copies of the objects that reach a traced value.

    Those that can change are made first, empty, and filled when all are there: they may refer to each other in circles
    and in chains of any length.
    """

    def __init__(self, objects: Iterable[Any], reaching: set[int], made: dict[int, Any]) -> None:
        self.reaching = reaching
        self.made = made
        shells = [(x, shell) for x in objects if (shell := self._shell(x)) is not None]
        self.made.update((id(x), shell) for x, shell in shells)
        for x, shell in shells:
            self._fill(x, shell)

    def of(self, x: Any) -> Any:
        """Return the copy of `x`, or `x` itself if it reaches nothing traced."""
        if type(x) in _PLAIN or id(x) not in self.reaching:
            return x
        if id(x) in self.made:
            return self.made[id(x)]
        new = self.made[id(x)] = self._unchanging(x)
        return new

    def _unchanging(self, x: Any) -> Any:
        kind = type(x)
        if kind is MethodType:
            return MethodType(self.of(x.__func__), self.of(x.__self__))
        if kind is functools.partial:
            options = {k: self.of(v) for k, v in x.keywords.items()}
            return functools.partial(self.of(x.func), *map(self.of, x.args), **options)
        if kind is _LRU:
            return functools.lru_cache(**x.cache_parameters())(self.of(x.__wrapped__))
        if isinstance(x, tuple):
            new = tuple.__new__(kind, [self.of(v) for v in tuple.__iter__(x)])
            self._set_attributes(x, new)
            return new
        return kind(self.of(v) for v in x)

    def _shell(self, x: Any) -> Any:
        """Return an object of the class of `x` without contents; None for what is made in one piece."""
        kind = type(x)
        if kind in (MethodType, functools.partial, _LRU) or is_traced(x):
            return None
        if kind is FunctionType:
            return self._function(x)
        if isinstance(x, (tuple, set, frozenset)):
            return None
        base = next((c for c in _BASES if isinstance(x, c)), object)
        try:
            shell = base.__new__(kind)
        except TypeError:  # of a class with a part in C
            shell = _copied(x)
        if shell is x:
            raise InputError(
                f"{describe(x)} holds a traced value that a solver's function uses, and cannot be copied: pass the "
                "value in args="
            )
        return shell

    def _fill(self, x: Any, new: Any) -> None:
        if type(x) is FunctionType:
            self._fill_function(x, new)
            return
        if isinstance(x, list):
            list.__setitem__(new, slice(None), [self.of(v) for v in list.__iter__(x)])
        elif isinstance(x, deque):
            deque.__init__(new, [self.of(v) for v in deque.__iter__(x)], x.maxlen)
        elif isinstance(x, dict):
            if isinstance(x, defaultdict):
                new.default_factory = x.default_factory
            enter = OrderedDict.__setitem__ if isinstance(x, OrderedDict) else dict.__setitem__
            for k, v in dict.items(x):
                enter(new, k, self.of(v))
        self._set_attributes(x, new)

    def _set_attributes(self, x: Any, new: Any) -> None:
        _dictionary(new).update({k: self.of(v) for k, v in _dictionary(x).items()})
        for slot in _slots(type(x)).values():
            try:
                slot.__set__(new, self.of(slot.__get__(x)))
            except AttributeError:  # not assigned yet
                continue

    def _function(self, f: Any) -> Any:
        """Return a function of the same code with empty cells where they reach a traced value."""
        cells = tuple(CellType() if self._holds(c) else c for c in f.__closure__ or ())
        changed = self._changed(f)
        space = {**f.__globals__} if changed else f.__globals__
        return FunctionType(f.__code__, space, f.__name__, None, cells or None)

    def _fill_function(self, f: Any, new: Any) -> None:
        for cell, own in zip(f.__closure__ or (), new.__closure__ or (), strict=True):
            if own is not cell:
                own.cell_contents = self.of(cell.cell_contents)
        for name, held in self._changed(f).items():
            new.__globals__[name] = self.of(held)
        new.__defaults__ = f.__defaults__ and tuple(map(self.of, f.__defaults__))
        new.__kwdefaults__ = f.__kwdefaults__ and {
            k: self.of(v) for k, v in f.__kwdefaults__.items()
        }
        new.__dict__.update(vars(f))
        new.__qualname__, new.__module__, new.__doc__ = f.__qualname__, f.__module__, f.__doc__

    def _changed(self, f: Any) -> dict[str, Any]:
        return {
            name: held
            for name in _global_names(f.__code__)
            if (held := f.__globals__.get(name)) is not None and id(held) in self.reaching
        }

    def _holds(self, cell: CellType) -> bool:
        try:
            return id(cell.cell_contents) in self.reaching
        except ValueError:  # not assigned yet
            return False
