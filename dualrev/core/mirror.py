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

from dualrev.core.buffer import any_traced, plain
from dualrev.core.primitive import everything, find, function_name, numpy_function
from dualrev.errors import MissingRuleError

__all__ = ["MIRRORS", "answering", "load_mirrors", "mirror", "replaces", "stand_in", "stands_for"]

# The module mirrored, to its mirror.
MIRRORS: dict[ModuleType, ModuleType] = {}
# Modules whose mirror, of the same name under `dualrev`, is imported when they are first met.
_LATER = {
    "numpy.testing",
    "scipy.fft",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.linalg",
    "scipy.ndimage",
    "scipy.optimize",
    "scipy.signal",
    "scipy.sparse",
    "scipy.sparse.linalg",
    "scipy.spatial",
    "scipy.spatial.distance",
    "scipy.special",
    "scipy.stats",
}
_stand_ins: dict[Any, Any] = {}
_FACTS = ("__version__", "__array_api_version__", "__array_namespace_info__")


def stands_for(original: Any) -> Callable[[Any], Any]:
    """Make the decorated object the stand-in of `original`."""

    def attach(own: Any) -> Any:
        _stand_ins[original] = own
        return own

    return attach


def replaces(*originals: Any, kind: str, note: str = "", name: str = "") -> Callable[[Any], Any]:
    """Put the decorated object in place of `originals` in the mirrors, always, and classify it.

    For functions of functions and for classes, which have traced values inside what they are given; a function of
    arrays is answered by `numpy_function` and needs no replacement. `name` is for objects that have none.
    """

    def attach(own: Any) -> Any:
        numpy_function(*originals, kind=kind, note=note, name=name)(own)
        for original in originals:
            stands_for(original)(own)
        return own

    return attach


def answering(function: Any, held: Callable[[Any], Any] | None = None) -> Any:
    """Return a callable like `function` that leaves traced arguments to the registry's answer.

    On plain ones it is `function` itself, followed by `held` if its result is to be held in a buffer.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if any_traced(args, kwargs):
            entry = find(function)
            if entry is None:
                raise MissingRuleError(function_name(function))
            return entry.call(*args, **kwargs)
        y = function(*plain(args), **plain(kwargs))
        return y if held is None else held(y)

    return call


def load_mirrors() -> None:
    """Import every mirror and load all rules: the registry is then complete."""
    for name in sorted(_LATER):
        importlib.import_module(f"dualrev.{name}")
    everything()


def stand_in(original: Any) -> Any:
    """Return what a mirror has in place of `original`: a stand-in, a mirrored module, or `original` itself."""
    if isinstance(original, ModuleType):
        if original.__name__ in _LATER:
            importlib.import_module(f"dualrev.{original.__name__}")
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
