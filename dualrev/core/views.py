"""Views: which traced arrays share memory in the user's eyes, so that a write to one is seen in the others."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from dualrev.core.array import TracedArray

__all__ = ["as_view", "link"]


def as_view(view: Any, base: Any, again: Callable[[Any], Any], writable: Any = True) -> Any:
    """Return `view`, remembered as one of `base`, so that in-place writes to either are seen in both.

    ``again(array)`` takes the same view of another array of the base's shape. `writable` may be a function that returns
    the base with a new value of the view in place. Anything but traced arrays passes.
    """
    if not (isinstance(view, TracedArray) and isinstance(base, TracedArray)) or view is base:
        return view
    return link(view, base, again, writable)


def link(view: Any, base: Any, again: Callable[[Any], Any], writable: Any = True) -> Any:
    """Return `view` as `as_view` does, for arguments that are known to be traced arrays."""
    view._base = base
    view._view = again, writable
    try:
        base._views.append(weakref.ref(view))
    except AttributeError:
        base._views = [weakref.ref(view)]
        return view
    views = base._views
    if len(views) > 64 and not len(views) & (len(views) - 1):
        base._views = [ref for ref in views if ref() is not None]
    return view
