"""What hyper-parameters may be: a test and its words, so that a method states its ranges as data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualrev.core.array import Traced, value

__all__ = [
    "BELOW_ONE",
    "FINITE",
    "FLAG",
    "FRACTION",
    "NONNEGATIVE",
    "PAIR_BELOW_ONE",
    "POSITIVE_INTEGER",
    "Limit",
    "is_off",
]


@dataclass(frozen=True)
class Limit:
    """A range of values.

    Attributes
    ----------
    words : str
        The range, as an error says it.
    holds : callable
        ``holds(v)`` says whether the plain number (or pair of them) is in the range; NaN never is.
    """

    words: str
    holds: Callable[[Any], bool]

    def check(self, method: str, name: str, given: Any) -> Any:
        """Return a hyper-parameter with NumPy's scalars as Python's, which do not widen float32.

        Raises
        ------
        ValueError
            If it is outside the range, or no number.
        """
        given = _plain(given)
        try:
            fits = all(map(self.holds, _numbers(given)))
        except (TypeError, ValueError):
            fits = False
        if not fits:
            shown = tuple(map(value, given)) if isinstance(given, tuple) else value(given)
            raise ValueError(f"{method}: {name}={shown!r} must be {self.words}")
        return given


def _numbers(given: Any) -> list[Any]:
    """Return the plain numbers, or pairs, that a hyper-parameter stands for: one, or inside `vmap` one per lane."""
    parts = given if isinstance(given, tuple) else (given,)
    if not any(isinstance(p, Traced) for p in parts):
        return [given]
    if any(np.shape(p) for p in parts):
        raise ValueError
    lanes = zip(
        *(a.tolist() for a in np.broadcast_arrays(*(np.ravel(value(p)) for p in parts))),
        strict=True,
    )
    return list(lanes) if isinstance(given, tuple) else [lane[0] for lane in lanes]


def _plain(given: Any) -> Any:
    # A traced value says that it is an ndarray.
    if isinstance(given, Traced):
        return given
    if isinstance(given, (np.generic, np.ndarray)):
        given = given.tolist()
    return tuple(map(_plain, given)) if isinstance(given, (tuple, list)) else given


def is_off(given: Any) -> bool:
    """Say whether a coefficient is exactly zero and not traced: a derivative at zero still needs its term."""
    return not isinstance(given, Traced) and given == 0


FINITE = Limit("a finite number", math.isfinite)
NONNEGATIVE = Limit("a finite number, not negative", lambda v: 0 <= v < math.inf)
FRACTION = Limit("from 0 to 1", lambda v: 0 <= v <= 1)
BELOW_ONE = Limit("at least 0 and below 1", lambda v: 0 <= v < 1)
PAIR_BELOW_ONE = Limit(
    "two numbers, each at least 0 and below 1",
    lambda pair: len(pair) == 2 and all(0 <= v < 1 for v in pair),
)
FLAG = Limit("True or False", lambda v: v in (True, False))
POSITIVE_INTEGER = Limit("a positive integer", lambda v: v == int(v) and v > 0)
