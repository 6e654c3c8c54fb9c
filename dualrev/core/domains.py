"""Domains: where a rule holds, as seeded samples that the tests draw from.

``on=`` of a declaration names them; a domain that is not all of the reals also tells the engine that the partial may
be singular on its edge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.primitive import Case

__all__ = [
    "Domain",
    "above_one",
    "case",
    "negative",
    "nonzero",
    "positive",
    "positive_definite",
    "reals",
    "regular",
    "spaced",
    "unit",
]

Draw = Callable[[np.random.Generator, tuple[int, ...]], Any]


class Domain:
    """A set of arguments: `draw(rng, shape)` samples it; `singular` says that partials may be infinite on its edge."""

    def __init__(self, name: str, draw: Draw, *, singular: bool = True) -> None:
        self.name = name
        self.draw = draw
        self.singular = singular

    def __call__(self, *shape: int) -> Callable[[np.random.Generator], Any]:
        """Return a maker of one array of this shape, for `case`."""
        return lambda rng: self.draw(rng, shape)

    def __repr__(self) -> str:
        return self.name


def _square(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    a = rng.normal(size=shape)
    return a @ np.swapaxes(a, -1, -2) + 2 * np.eye(shape[-1])


def _regular(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.normal(size=shape) + 3 * np.eye(shape[-2], shape[-1])


def _spaced(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    size = int(np.prod(shape))
    return np.reshape(
        rng.permutation(size) * 0.37 + rng.uniform(0.0, 0.1, size) - 0.17 * size, shape
    )


def _away(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.4, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


reals = Domain("reals", lambda rng, shape: rng.normal(size=shape) * 1.3, singular=False)
positive = Domain("positive", lambda rng, shape: rng.uniform(0.3, 2.5, shape))
negative = Domain("negative", lambda rng, shape: -rng.uniform(0.3, 2.5, shape))
nonzero = Domain("nonzero", _away)
unit = Domain("(-1, 1)", lambda rng, shape: rng.uniform(-0.85, 0.85, shape))
above_one = Domain("(1, inf)", lambda rng, shape: rng.uniform(1.2, 3.0, shape))
spaced = Domain("pairwise distinct", _spaced)
positive_definite = Domain("positive definite", _square)
regular = Domain("regular matrices", _regular)


def case(*arrays: Any, **params: Any) -> Case:
    """Return a sample: each array is a shape tuple (drawn from the reals), a domain called with a shape, or a value.

    >>> case((3, 2), positive(3), axis=(-1,)).params
    {'axis': (-1,)}
    """

    def draw(rng: np.random.Generator) -> tuple[Any, ...]:
        return tuple(
            reals.draw(rng, a) if isinstance(a, tuple) else a(rng) if callable(a) else a
            for a in arrays
        )

    return Case(draw, params)
