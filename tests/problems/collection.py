"""What a test problem of Moré, Garbow and Hillstrom consists of, and the list that the files fill.

Moré, Garbow & Hillstrom 1981, Testing unconstrained optimization software, ACM Transactions on Mathematical Software
7(1), 17-41. The numbers of the problems are those of section 3 there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Problem:
    """Residuals r: Rⁿ → Rᵐ to be made small in the sum of squares, with what the paper says of their minima.

    `minima` are the published values of the sum of squares at a local minimum, also those that are reached
    only in the limit x → ∞; `others` are values at further local minima, which the paper does not list.
    `solutions` are published points, each with the value there.
    """

    number: int
    name: str
    residuals: Callable
    start: np.ndarray
    m: int
    minima: tuple[float, ...] = (0.0,)
    others: tuple[float, ...] = ()
    solutions: tuple[tuple[tuple[float, ...], float], ...] = ()

    @property
    def n(self):
        return self.start.size

    @property
    def label(self):
        return f"{self.number:02d} {self.name}, n={self.n}, m={self.m}"

    def cost(self, x):
        """Return the sum of squares, the objective of the paper."""
        r = self.residuals(x)
        return np.sum(r * r)


PROBLEMS: list[Problem] = []


def add(number, name, residuals, start, **facts):
    """Enter a problem; m is counted."""
    start = np.array(start, float)
    m = np.size(residuals(start))
    PROBLEMS.append(Problem(number, name, residuals, start, m, **facts))


def column(text):
    """Return the numbers of a table."""
    return np.array([float(word) for word in text.split()])
