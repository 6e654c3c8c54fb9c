"""Mirrors: what stands in for the functions that NumPy and SciPy cannot dispatch.

A function that reaches ``__array_function__`` or ``__array_ufunc__`` is left as it is. Any other one that the registry
answers gets a stand-in, which calls the answer when an argument is traced and the function itself otherwise. The
namespaces `dualrev.numpy` and `dualrev.scipy` are made of these, and `dualrev.patched` puts them in place of what
third-party code has imported.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.bind import stackable
from dualrev.core.buffer import BufferArray, plain
from dualrev.core.primitive import find, function_name
from dualrev.errors import MissingRuleError

__all__ = ["MIRRORS", "answering", "holds_traced", "mirror", "stand_in", "stands_for"]

# The module mirrored, to its mirror.
MIRRORS: dict[ModuleType, ModuleType] = {}
# Mirrors that are imported when their module is first met.
_LATER = {
    "scipy.special": "dualrev.scipy.special",
    "numpy.testing": "dualrev.numpy.testing",
}
_stand_ins: dict[Any, Any] = {}
_FACTS = ("__version__", "__array_api_version__", "__array_namespace_info__")
_PLAIN = {float, int, bool, complex, str, type(None), np.float64}


def stands_for(original: Any) -> Callable[[Any], Any]:
    """Make the decorated object the stand-in of `original`."""

    def attach(own: Any) -> Any:
        _stand_ins[original] = own
        return own

    return attach


def holds_traced(x: Any) -> bool:
    """Say whether `x` is a traced value, or a nested sequence that holds one; buffers are plain."""
    kind = type(x)
    if kind in _PLAIN:
        return False
    if kind is list or kind is tuple:
        return any(holds_traced(v) for v in x if type(v) is not float)
    if isinstance(x, Traced):
        return kind is not BufferArray
    return isinstance(x, np.ndarray) and x.dtype.hasobject and stackable(x)


def answering(function: Any) -> Any:
    """Return a callable like `function` that leaves traced arguments to the registry's answer."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any(map(holds_traced, args)) or (kwargs and any(map(holds_traced, kwargs.values()))):
            entry = find(function)
            if entry is None:
                raise MissingRuleError(function_name(function))
            return entry.call(*args, **kwargs)
        return function(*plain(args), **plain(kwargs))

    return call


def stand_in(original: Any) -> Any:
    """Return what a mirror has in place of `original`: a stand-in, a mirrored module, or `original` itself."""
    if isinstance(original, ModuleType):
        if original.__name__ in _LATER:
            importlib.import_module(_LATER[original.__name__])
        return MIRRORS.get(original, original)
    try:
        own = _stand_ins.get(original)
    except TypeError:  # not hashable, so no function
        return original
    if own is None:
        if _dispatches(original) or not callable(original) or find(original) is None:
            return original
        own = _stand_ins[original] = answering(original)
    return own


def _dispatches(function: Any) -> bool:
    return isinstance(function, np.ufunc) or hasattr(function, "_implementation")


def mirror(
    own: ModuleType, original: ModuleType
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make module `own` the mirror of `original`; returns its ``__getattr__`` and ``__dir__``."""
    MIRRORS[original] = own

    def get(name: str) -> Any:
        if name.startswith("__") and name not in _FACTS:
            raise AttributeError(f"module {own.__name__!r} has no attribute {name!r}")
        try:
            found = stand_in(getattr(original, name))
        except AttributeError:
            raise AttributeError(
                f"module {own.__name__!r} has no attribute {name!r}, nor has {original.__name__!r}"
            ) from None
        setattr(own, name, found)
        return found

    def names() -> list[str]:
        return sorted({*vars(own), *dir(original)})

    return get, names
