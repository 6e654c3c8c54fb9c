"""Entire functions (g(x) - ...)/x with a removable point at 0, and their derivatives of any order.

f(x) = Σ cₖ xᵏ/k! satisfies x f⁽ⁿ⁾ + n f⁽ⁿ⁻¹⁾ = g⁽ⁿ⁾(x), which is used upwards where |x| is large; the
power series where it is small.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.domains import Case, case, reals
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Primitive
from dualrev.rules.special.orders import by_order

__all__ = ["exp_quotient", "log_quotient", "sine_quotient"]


def _family(
    name: str,
    formula: str,
    start: Callable[[Any], Any],
    source: Callable[[int, Any], Any],
    coefficient: Callable[[int], float],
    radius: Callable[[int], float],
    terms: int,
    samples: list[Case],
) -> Primitive:
    """Declare f⁽ⁿ⁾(x), where f = `start` off zero, g⁽ⁿ⁾ = `source`, cₖ = `coefficient`."""

    @by_order()
    def value(n: int, x: Any) -> Any:
        small = np.abs(x) < radius(n)
        near, far = np.where(small, x, 0), np.where(small, 1, x)
        y = start(far)
        for k in range(1, n + 1):
            y = (source(k, far) - k * y) / far
        total: Any = 0.0
        for k in reversed(range(terms)):
            total = total * near / (k + 1) + coefficient(n + k)
        return np.where(small, total, y)

    family = elementwise(
        value,
        None,
        lambda a, b: family(a + 1, b),
        on=samples,
        name=name,
        analytic=False,
        formula=formula + "; ∂x raises n",
    )
    return family


_points = [
    case(0.0, reals(3, 2)),
    case(1.0, reals(3)),
    case(np.array([0.0, 1.0, 2.0]), lambda rng: 3 * reals.draw(rng, (2, 3))),
    case(2.0, reals()),
]
_complex = case(1.0, lambda rng: 2 * (reals.draw(rng, (2, 3)) + 1j * reals.draw(rng, (2, 3))))

# Horner's rule with x/(k+1) divides by (k+1)!/k! at each step.
sine_quotient = _family(
    "sine_quotient",
    "dⁿ/dxⁿ sin(x)/x",
    lambda x: np.sin(x) / x,
    lambda n, x: (
        np.sin(x)
        if n % 4 == 0
        else np.cos(x)
        if n % 4 == 1
        else -np.sin(x)
        if n % 4 == 2
        else -np.cos(x)
    ),
    lambda k: 0.0 if k % 2 else (-1.0) ** (k // 2) / (k + 1),
    lambda n: 1.0 + n,
    40,
    [*_points, _complex],
)
exp_quotient = _family(
    "exp_quotient",
    "dⁿ/dxⁿ (exp(x) - 1)/x",
    lambda x: np.expm1(x) / x,
    lambda n, x: np.exp(x),
    lambda k: 1.0 / (k + 1),
    lambda n: 1.0 + n,
    40,
    [*_points, _complex],
)


def _log_value(x: Any) -> Any:
    return np.log1p(x) / x


log_quotient = _family(
    "log_quotient",
    "dⁿ/dxⁿ log(1+x)/x",
    _log_value,
    lambda n, x: (-1.0) ** (n - 1) * math.factorial(n - 1) / (1 + x) ** n,
    lambda k: (-1.0) ** k * math.factorial(k) / (k + 1),
    lambda n: 0.4,
    50,
    [
        case(0.0, lambda rng: rng.uniform(-0.8, 2.0, (3, 2))),
        case(1.0, lambda rng: rng.uniform(-0.35, 0.35, 3)),
        case(np.array([0.0, 1.0, 2.0]), lambda rng: rng.uniform(-0.7, 4.0, (2, 3))),
        case(2.0, lambda rng: rng.uniform(-0.5, 0.5, ())),
        case(1.0, lambda rng: rng.uniform(-0.5, 2, (2, 3)) + 1j * rng.uniform(-1, 1, (2, 3))),
    ],
)
