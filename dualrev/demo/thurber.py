"""NIST's certified regression problem Thurber: data, model, certified answer, exact Jacobian.

Electron mobility y against log density x of a semiconductor, 37 observations, seven parameters,
level of difficulty "higher". Source: NIST Statistical Reference Datasets, Nonlinear Regression,
Thurber, https://www.itl.nist.gov/div898/strd/nls/data/thurber.shtml
"""

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOG_DENSITY = np.array([
    -3.067, -2.981, -2.921, -2.912, -2.840, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322,
    -1.501, -1.460, -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545, -0.400, -0.309,
    -0.109, -0.103, 0.010, 0.119, 0.377, 0.790, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.200,
])  # fmt: skip

MOBILITY = np.array([
    80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854,
    100.696, 101.060, 401.672, 390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785,
    1090.109, 1080.914, 1122.643, 1178.351, 1260.531, 1273.514, 1288.339, 1327.543, 1353.863,
    1414.509, 1425.208, 1421.384, 1442.962, 1464.350, 1468.705, 1447.894, 1457.628,
])  # fmt: skip

START = np.array([1000.0, 1000.0, 400.0, 40.0, 0.7, 0.3, 0.03])

CERTIFIED = np.array([
    1.2881396800e03, 1.4910792535e03, 5.8323836877e02, 7.5416644291e01,
    9.6629502864e-01, 3.9797285797e-01, 4.9727297349e-02,
])  # fmt: skip
CERTIFIED_SUM_OF_SQUARES = 5.6427082397e03
CERTIFIED_DIGITS = 11


def model(b: Any, x: Any) -> Any:
    """Mobility at log density x: a ratio of two cubics."""
    numerator = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    denominator = 1 + b[4] * x + b[5] * x**2 + b[6] * x**3
    return numerator / denominator


def residuals(b: Any) -> Any:
    """What the fit makes small, 37 numbers: plain NumPy, nothing in it knows of derivatives."""
    return model(b, LOG_DENSITY) - MOBILITY


def exact_jacobian(b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jacobian of the residuals by the formula, in rational arithmetic, rounded once at the end.

    Every float is a rational number and the model is a rational function, so this reference owes
    nothing to difference formulas nor to automatic differentiation: with numerator N and
    denominator D, ∂y/∂b₁₊ₖ = xᵏ/D (k = 0…3) and ∂y/∂b₄₊ₖ = -N xᵏ/D² (k = 1…3).

    Examples
    --------
    >>> exact_jacobian(START).shape
    (37, 7)
    """
    exact = [Fraction(float(value)) for value in b]
    rows = []
    for x in (Fraction(float(value)) for value in LOG_DENSITY):
        powers = [x**k for k in range(4)]
        numerator = sum(c * p for c, p in zip(exact[:4], powers, strict=True))
        denominator = 1 + sum(c * p for c, p in zip(exact[4:], powers[1:], strict=True))
        rows.append(
            [float(p / denominator) for p in powers]
            + [float(-numerator * p / denominator**2) for p in powers[1:]]
        )
    return np.array(rows)
