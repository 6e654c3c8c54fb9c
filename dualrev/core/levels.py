"""Levels: one per running transform, ordered, carried by the traced values themselves.

What enters: a transform that starts. What leaves: a level whose depth is larger than that of every level opened
before it. An operation acts at the deepest level among its operands; operands of shallower levels are constants to
it. As every call of a transform opens a level of its own, two nested perturbations can never be taken for one another
(Siskind & Pearlmutter 2005, "Perturbation confusion and referential transparency").

The context variable below only lists what is open in this thread or task (for diagnostics and the guards of
forward mode); dispatch never reads it, so traced values keep working when user code hands them to another thread.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dualrev.errors import LevelError

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Level", "decaying", "let_decay", "next_depth", "open_levels"]

_depths = itertools.count(1)
_open: ContextVar[tuple[Level, ...]] = ContextVar("dualrev_open_levels", default=())


def next_depth() -> int:
    """Return a depth larger than any before (``itertools.count`` is atomic, so threads never share one)."""
    return next(_depths)


def open_levels() -> list[Level]:
    """Return the levels that are open in this thread or task, outermost first."""
    return list(_open.get())


def let_decay() -> None:
    """Let the values of all open levels become constants when these close."""
    for level in _open.get():
        level.decays = True


def decaying(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f` for a solver, such that the values of levels that the solver opens around it decay.

    Inside an outer transform it is `f` itself: what is left behind there may depend on what is differentiated outside.
    """
    if _open.get():
        return f

    @functools.wraps(f, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        let_decay()
        return f(*args, **kwargs)

    return call


class Level:
    """One running transform; modes subclass it and say what an operation does there.

    Attributes
    ----------
    depth : float
        Position in the nesting; larger is deeper.
    closed : bool
        True once the transform has returned; operations then raise `LevelError`.
    decays : bool
        Instead, values become constants then. A solver opens such levels: what the user's function remembers from one
        evaluation to the next (a history, the best so far) is a number to the solver, and so to its derivative.
    """

    __slots__ = ("__weakref__", "closed", "decays", "depth")

    def __init__(self, depth: float | None = None) -> None:
        self.depth = next(_depths) if depth is None else depth
        self.closed = False
        self.decays = False

    def __enter__(self) -> Any:
        _open.set((*_open.get(), self))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # By identity, not by a context-variable token: a generator that is suspended inside a transform may be
        # finished after an outer level has closed, and must then remove only its own level.
        stack = _open.get()
        _open.set(
            stack[:-1]
            if stack[-1:] == (self,)
            else tuple(level for level in stack if level is not self)
        )
        self.close()

    def close(self) -> None:
        """Mark the level as ended."""
        self.closed = True

    @property
    def decayed(self) -> bool:
        """Whether the level has ended and its values are constants."""
        return self.closed and self.decays

    def check(self) -> None:
        """Raise `LevelError` if the level has ended."""
        if self.closed:
            raise LevelError

    def ended(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Answer an operation on a value of this level, which has ended: with a constant, or with `LevelError`."""
        if not self.decays:
            raise LevelError
        plain = (a.primal if getattr(a, "level", None) is self else a for a in arrays)
        return primitive.call(*plain, **params)

    def process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate `primitive` where at least one operand belongs to this level."""
        raise TypeError(f"{type(self).__name__} is abstract: a mode defines process")

    def constant(self, value: Any) -> Any:
        """Wrap a plain value as one of this level's, with no dependence on its inputs."""
        raise TypeError(f"{type(self).__name__} is abstract: a mode defines constant")

    def leave(self, x: Any) -> None:
        """Do what is needed before the handle `x` of this level takes a value of another one."""

    def written(self, x: Any, new: Any) -> Any:
        """Return what the handle `x` of this level shows after `new` was written to it."""
        return new

    def again(self, view: Callable[[Any], Any], base: Any) -> Any:
        """Derive a view again after a write to its base."""
        return view(base)
