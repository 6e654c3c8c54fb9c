"""Trigonometric and hyperbolic functions and their inverses, angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import above_one, nonzero, reals, unit
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import numpy_function

_DEGREE = float(np.pi / 180)

sin = elementwise(np.sin, lambda x: np.cos(x), on=reals, formula="cos x")
cos = elementwise(np.cos, lambda x: -np.sin(x), on=reals, formula="-sin x")
tan = elementwise(np.tan, lambda y: 1 + y * y, on=unit, formula="1 + y²")
arcsin = elementwise(
    np.arcsin, lambda x: 1 / np.sqrt(1 - x * x), on=unit, formula="1/√(1-x²)", kinks="+inf at ±1"
)
arccos = elementwise(
    np.arccos, lambda x: -1 / np.sqrt(1 - x * x), on=unit, formula="-1/√(1-x²)", kinks="-inf at ±1"
)
arctan = elementwise(np.arctan, lambda x: 1 / (1 + x * x), on=reals, formula="1/(1+x²)")
arctan2 = elementwise(
    np.arctan2,
    lambda a, b: b / (a * a + b * b),
    lambda a, b: -a / (a * a + b * b),
    on=(nonzero, nonzero),
    analytic=False,
    formula="∂a = b/(a²+b²), ∂b = -a/(a²+b²)",
    kinks="NaN at the origin, where it has no derivative",
)
sinh = elementwise(np.sinh, lambda x: np.cosh(x), on=reals, formula="cosh x")
cosh = elementwise(np.cosh, lambda x: np.sinh(x), on=reals, formula="sinh x")
tanh = elementwise(np.tanh, lambda y: 1 - y * y, on=reals, formula="1 - y²")
arcsinh = elementwise(np.arcsinh, lambda x: 1 / np.sqrt(1 + x * x), on=reals, formula="1/√(1+x²)")
arccosh = elementwise(
    np.arccosh,
    lambda x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),
    on=above_one,
    formula="1/√(x²-1)",
    kinks="+inf at 1",
)
arctanh = elementwise(
    np.arctanh, lambda x: 1 / (1 - x * x), on=unit, formula="1/(1-x²)", kinks="+inf at ±1"
)
deg2rad = elementwise(np.deg2rad, _DEGREE, on=reals, analytic=False, formula="π/180")
radians = elementwise(np.radians, _DEGREE, on=reals, analytic=False, formula="π/180")
rad2deg = elementwise(np.rad2deg, 1 / _DEGREE, on=reals, analytic=False, formula="180/π")
degrees = elementwise(np.degrees, 1 / _DEGREE, on=reals, analytic=False, formula="180/π")


@numpy_function(np.sinc, note="1 at 0; sin(πx)/(πx)")
def sinc(x: Any) -> Any:
    # The value and slope at 0 come from the series; the quotient is taken where it is well conditioned.
    z = np.pi * x
    small = np.abs(z) < 1e-2
    safe = np.where(small, 1.0, z)
    w = np.where(small, z, 0.0)
    w2 = w * w
    series = 1 - w2 / 6 * (1 - w2 / 20 * (1 - w2 / 42 * (1 - w2 / 72)))
    return np.where(small, series, np.sin(safe) / safe)
