"""patched: differentiate code that cannot be edited, although it calls np.zeros, np.array or math.sin."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, overload

from dualrev.derivatives.cloning import Session
from dualrev.derivatives.transform import Transform

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["patch_if_active", "patched"]

_active: ContextVar[tuple[Session, ...]] = ContextVar("dualrev_patched", default=())


class _Patched(Transform):
    name = "patched"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return Session().enter(self.f)(*args, **kwargs)


class _Patching:
    """The context manager that ``dualrev.patched()`` returns."""

    def __enter__(self) -> None:
        _active.set((*_active.get(), Session()))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _active.set(_active.get()[:-1])


def patch_if_active(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f` as the innermost ``with dualrev.patched():`` of this thread or task wants it; without one, `f`."""
    sessions = _active.get()
    return sessions[-1].enter(f) if sessions else f


@overload
def patched(f: Callable[..., Any]) -> Callable[..., Any]: ...
@overload
def patched() -> _Patching: ...
def patched(f: Callable[..., Any] | None = None) -> Any:
    """Return a function like `f` in which NumPy, SciPy and `math` mean ``dualrev.numpy`` and its kin.

    For third-party code that cannot be edited. Where it can be, ``from dualrev import numpy as np`` is simpler.

    Parameters
    ----------
    f : callable, optional
        A function, method, lambda, closure, partial or callable object. Without it, a context manager is returned:
        all functions that are differentiated inside ``with dualrev.patched():`` are treated so.

    Returns
    -------
    callable or context manager
        The function has the signature of `f`.

    Raises
    ------
    TypeError
        If `f` cannot be called.

    Notes
    -----
    Nothing is changed in NumPy, in `math` or in the modules of the code, so other threads and tasks never notice.
    What runs is a copy: the code of `f` with other globals, in which imported modules, functions, classes and objects
    are replaced by copies in turn, when they are first used. Assignments to globals and attributes reach the
    originals. Copies are made anew in each call (in each ``with`` block), which takes about 10 µs per function.

    Not copied, and therefore run as they are: the standard library, NumPy, SciPy (which its mirrors answer for), and
    plotting and array libraries with types of their own; classes that inherit from others than ordinary classes
    (exceptions, enums, named tuples, subclasses of dict or ndarray), have ``__slots__``, a metaclass of their own
    or ``__init_subclass__``; objects inside lists, dicts and sets that were made outside; code in strings that the
    function evaluates with `eval`; functions in the registry of `functools.singledispatch`. If one of these meets
    a traced value, `EscapeError` says so. A copied object is another object than the original: code that compares
    the two with ``is`` finds them different (objects without methods, as sentinels, are not copied).
    ``del`` of a global variable is an error.

    Examples
    --------
    >>> import math
    >>> import numpy as np, dualrev as dr
    >>> def third_party(x):
    ...     out = np.zeros(2)
    ...     out[0] = math.exp(x[0])
    ...     out[1] = x[1] ** 2
    ...     return out.sum()
    >>> dr.grad(dr.patched(third_party))(np.array([0.0, 3.0]))
    array([1., 6.])
    >>> with dr.patched():
    ...     dr.grad(third_party)(np.array([0.0, 3.0]))
    array([1., 6.])
    """
    return _Patching() if f is None else _Patched(f)
