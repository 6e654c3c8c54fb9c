"""Idioms of NumPy code as people write it, each a function of a namespace and a point.

An idiom is ``def name(np, x)`` and returns a number; ``np`` is `numpy`, `dualrev.numpy` or a peer's namespace, so that
all run the same text. Some take a third argument, ``special``: the namespace of the special functions. What the
gradient is, is found by differences of the plain function (`reference`). The decorator states what dualrev makes of it.
"""

import contextlib
import inspect
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy  # noqa: ICN001 (np is a parameter here)

ROOMS = (
    "building",
    "writing",
    "reading",
    "python",
    "control",
    "functions",
    "algebra",
    "algorithms",
    "escapes",
)
RIGHT, RAISES, NONE, WRONG = "right", "raises", "no number", "wrong"


@dataclass(frozen=True)
class Idiom:
    """A piece of NumPy code, where it is differentiated, and what is expected of dualrev.

    Attributes
    ----------
    f : callable
        ``f(np, x)`` or ``f(np, x, special)``, which returns a number.
    x : ndarray
        Where.
    plain, mirror : str
        What dualrev does with the function written with `numpy` and with `dualrev.numpy`: ``"right"``, ``"raises"``,
        ``"no number"`` (NaN, None or an object where there is a number), or ``"wrong"``, a fault of dualrev.
    error : str
        The class of the error, where one is expected.
    """

    f: Callable[..., Any]
    x: Any
    plain: str
    mirror: str
    error: str
    room: str

    @property
    def name(self) -> str:
        return self.f.__name__

    @property
    def about(self) -> str:
        return (self.f.__doc__ or "").strip().removesuffix(".")

    def bound(self, np: Any, special: Any = None) -> Callable[[Any], Any]:
        """Return the function of ``x`` alone, with these namespaces."""
        if len(inspect.signature(self.f).parameters) == 3:
            return lambda x: self.f(np, x, special)
        return lambda x: self.f(np, x)


IDIOMS: dict[str, Idiom] = {}


def idiom(
    x: Any = (0.6, 1.3, 0.9), plain: str = RIGHT, mirror: str = RIGHT, error: str = "EscapeError"
) -> Callable[[Any], Any]:
    """Add the decorated function to the table."""

    def add(f: Any) -> Any:
        if f.__name__ in IDIOMS:
            raise ValueError(f"two idioms are named {f.__name__}")
        room = f.__module__.rpartition(".")[2]
        IDIOMS[f.__name__] = Idiom(f, numpy.array(x, dtype=float), plain, mirror, error, room)
        return f

    return add


def collect() -> dict[str, Idiom]:
    """Return all idioms by name."""
    for room in ROOMS:
        import_module(f"{__name__}.{room}")
    return IDIOMS


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what idioms print, and the warnings of the classes that NumPy advises against, off the terminal."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def reference(f: Callable[[Any], Any], x: Any, h: float = 4e-3) -> Any:
    """Return the gradient of a plain function by central differences, extrapolated twice: to about ten digits."""
    flat = numpy.asarray(x, dtype=float)

    def slope(k: int, step: float) -> Any:
        # A fresh array each time: some idioms write into their argument.
        ends = []
        for sign in (1.0, -1.0):
            moved = flat.copy()
            moved.flat[k] += sign * step
            ends.append(float(numpy.asarray(f(moved))))
        return (ends[0] - ends[1]) / (2 * step)

    g = numpy.empty(flat.size)
    for k in range(flat.size):
        a, b, c = (slope(k, h / 2**n) for n in range(3))
        first, second = (4 * b - a) / 3, (4 * c - b) / 3
        g[k] = (16 * second - first) / 15
    return g.reshape(flat.shape)


def judge(found: Any, want: Any) -> str:
    """Say what a gradient is: right if it has the shape, and six digits of its largest entry."""
    found = numpy.asarray(found)
    if found.dtype.kind not in "fiu" or numpy.any(numpy.isnan(found)):
        return NONE
    if found.shape != want.shape:
        return WRONG
    off = numpy.abs(found - want)
    return RIGHT if numpy.all(off <= 1e-6 * (1.0 + numpy.max(numpy.abs(want)))) else WRONG
