"""Computing with variables without recording."""

from __future__ import annotations

from contextlib import ContextDecorator
from contextvars import ContextVar
from typing import Any, Self

__all__ = ["no_grad", "paused", "recording"]

_paused: ContextVar[bool] = ContextVar("dualrev_no_grad", default=False)
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

    def __init__(self) -> None:
        self._tokens: list[Any] = []

    def _recreate_cm(self) -> Self:
        # A decorated function may run in several threads at once; each call needs tokens of its own.
        return type(self)()

    def __enter__(self) -> Self:
        self._tokens.append(_paused.set(True))
        return self

    def __exit__(self, *error: object) -> None:
        _paused.reset(self._tokens.pop())


class recording:
    """Record, also where that is off."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token = _paused.set(False)

    def __exit__(self, *error: object) -> None:
        _paused.reset(self._token)
