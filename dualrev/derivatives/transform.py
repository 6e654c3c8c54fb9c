"""Transforms: picklable callables that wrap the user's function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["Transform", "check_callable"]


def check_callable(name: str, f: Any) -> None:
    """Raise if `f` cannot be called; the commonest slip is to call it already."""
    if not callable(f):
        raise TypeError(
            f"{name}: expects a function, not {type(f).__name__}. Write {name}(f)(x), not {name}(f(x))."
        )


class Transform:
    """A function of the user's under a transform, with the options of that transform.

    Instances can be pickled when the function can, and be used as methods.
    """

    name = "transform"

    def __init__(self, f: Callable[..., Any], **options: Any) -> None:
        check_callable(self.name, f)
        functools.update_wrapper(
            self, f, assigned=("__module__", "__name__", "__qualname__", "__doc__"), updated=()
        )
        self.f = f
        self.__dict__.update(options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the transformed function; each transform defines it."""
        raise TypeError(f"{type(self).__name__} is abstract")

    def __repr__(self) -> str:
        options = [
            f", {k}={v!r}" for k, v in vars(self).items() if not k.startswith("_") and k != "f"
        ]
        return f"dualrev.{self.name}({getattr(self.f, '__qualname__', self.f)}{''.join(options)})"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)
