"""Computing with variables without recording."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Self

__all__ = ["no_grad", "paused", "recording"]

# How many `no_grad` are open in this thread or task. A count, as one object may be entered by several at once.
_paused: ContextVar[int] = ContextVar("dualrev_no_grad", default=0)
paused = _paused.get


class no_grad(ContextDecorator):
    """Compute with variables without recording: operations on them give plain arrays.

    Inside, a leaf may be written in place (``p -= 0.1 * p.grad``), which is how its value is changed between
    evaluations; views of it (``p[0]``, ``p.T``) are plain and read-only. Also a decorator. It holds for this thread or
    task, and for variables only: `dualrev.grad` and the other transforms work inside as they do outside.

    Examples
    --------
    >>> import dualrev as dr
    >>> x = dr.variable([1.0, 2.0])
    >>> with dr.no_grad():
    ...     y = x * x
    ...     x -= 0.5
    >>> y, x
    (array([1., 4.]), Variable(array([0.5, 1.5])))
    """

    def __call__(self, func: Any) -> Any:
        """Decorate a function."""
        if any(
            kind(func) for kind in (isgeneratorfunction, iscoroutinefunction, isasyncgenfunction)
        ):
            raise TypeError(
                f"no_grad cannot decorate {func.__name__}, which only begins to run after the call; "
                "write `with dualrev.no_grad():` inside of it"
            )
        return super().__call__(func)

    def __enter__(self) -> Self:
        _paused.set(_paused.get() + 1)
        return self

    def __exit__(self, *error: object) -> None:
        _paused.set(_paused.get() - 1)


class recording:
    """Record, also where that is off."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _paused.set(0)

    def __exit__(self, *error: object) -> None:
        _paused.reset(self._token)
