"""Families of distributions: what a density and its integrals are in standard form, and what they are at x, loc, scale.

A family states formulas in the standardised variable and the shapes. Location, scale, support, invalid parameters and
edges are the same for all and handled here: outside the support a density is zero with derivative zero, at its edge
derivatives are the limits from inside, and invalid parameters give NaN, as in SciPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import value
from dualrev.core.ufuncs import special

__all__ = ["FAMILIES", "INF", "Excess", "Family", "Power", "everywhere", "family", "log1mexp"]

INF = float("inf")
Formula = Callable[..., Any]


class Power(NamedTuple):
    """A factor of a density, ``base ** exponent``; its logarithm is 0 for exponent 0, also at base 0."""

    base: Any
    exponent: Any

    def log(self) -> Any:
        """Return its logarithm."""
        return special.xlogy(self.exponent, self.base)

    def apart(self) -> tuple[Any, Any]:
        """Return the factor where it is zero (else one), and its logarithm where it is not (else zero)."""
        zero = self.base == 0
        at = np.where(zero, self.base, 1.0) ** self.exponent
        return at, special.xlogy(self.exponent, np.where(zero, 1.0, self.base))

    def vanishes(self) -> Any:
        """Say where the base is zero."""
        return self.base == 0


class Excess(NamedTuple):
    """A factor of a density, ``(1 + base) ** exponent``, exact for a small base."""

    base: Any
    exponent: Any

    def log(self) -> Any:
        """Return its logarithm."""
        return special.xlog1py(self.exponent, self.base)

    def apart(self) -> tuple[Any, Any]:
        """Return the factor where it is zero (else one), and its logarithm where it is not (else zero)."""
        zero = self.base == -1
        at = np.where(zero, 1.0 + self.base, 1.0) ** self.exponent
        return at, special.xlog1py(self.exponent, np.where(zero, 0.0, self.base))

    def vanishes(self) -> Any:
        """Say where one plus the base is zero."""
        return self.base == -1


@dataclass(frozen=True)
class Family:
    """A distribution in standard form.

    Attributes
    ----------
    name : str
        Of SciPy's distribution.
    typical : tuple of float
        A point inside the support and shapes; stands in where arguments are outside, where no formula may be tried.
    terms : callable
        ``terms(x, *shapes)``: summands of the logarithm of the density, of which a `Power` or `Excess` may vanish.
    cdf, sf, logcdf, logsf, ppf, isf : callable or None
        Of ``(x, *shapes)`` and ``(q, *shapes)``; the logarithms have a default.
    valid, support : callable
        Of the shapes.
    open : bool
        The edges of the support count as outside, as the density vanishes there with all derivatives.
    mean, var, entropy : callable or None
        Closed forms in the shapes.
    discrete : bool
        A mass function of whole numbers, without scale; `terms` and `cdf` are of the floor of k.
    whole : tuple of str
        Shapes that are whole numbers, and have no derivative.
    note : str
        Limits, for the coverage table.
    """

    name: str
    typical: tuple[float, ...]
    terms: Formula
    cdf: Formula | None = None
    sf: Formula | None = None
    logcdf: Formula | None = None
    logsf: Formula | None = None
    ppf: Formula | None = None
    isf: Formula | None = None
    valid: Formula | None = None
    support: Formula = lambda *shapes: (-INF, INF)
    open: bool = False
    mean: Formula | None = None
    var: Formula | None = None
    entropy: Formula | None = None
    discrete: bool = False
    whole: tuple[str, ...] = ()
    note: str = ""

    def is_valid(self, shapes: tuple[Any, ...]) -> Any:
        """Say where shapes are valid: by default where they are positive."""
        if self.valid is not None:
            return self.valid(*shapes)
        good: Any = True
        for shape in shapes:
            good = good & (shape > 0)
        return good


FAMILIES: dict[str, Family] = {}


def family(name: str, **formulas: Any) -> Family:
    """Declare a family; see `Family`."""
    made = FAMILIES[name] = Family(name, **formulas)
    return made


def everywhere(mask: Any) -> bool:
    """Say whether a condition holds for all entries, of all lanes."""
    return bool(np.all(value(mask)))


def log1mexp(x: Any) -> Any:
    """Return log(1 - exp(-x)) for x > 0 (Mächler 2012, Accurately computing log(1 − exp(−|a|)))."""
    near = x < 0.6931471805599453
    return np.where(
        near,
        np.log(-np.expm1(-np.where(near, x, 1.0))),
        np.log1p(-np.exp(-np.where(near, 1.0, x))),
    )
