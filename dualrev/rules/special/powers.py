"""Powers and exponentials of scipy.special: namesakes of NumPy's, exprel, powm1, and the Box-Cox transforms.

Two of them divide by what may vanish. Their derivatives are the functions below, which are accurate at 0 too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.batching import batch_elementwise
from dualrev.core.domains import Domain, case, nonzero, positive, reals
from dualrev.core.flavours import constant, elementwise, general
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.entropies import xlogy

_LN2, _LN10 = float(np.log(2.0)), float(np.log(10.0))
above_minus_one = Domain("(-1, inf)", lambda rng, shape: rng.uniform(-0.7, 2.0, shape))

cbrt = elementwise(
    special.cbrt,
    lambda y: 1 / (3 * y * y),
    on=nonzero,
    name="special.cbrt",
    analytic=False,
    formula="1/(3y²)",
    kinks="+inf at 0",
)
exp2 = elementwise(
    special.exp2,
    lambda y: y * _LN2,
    on=reals,
    name="special.exp2",
    analytic=False,
    formula="y ln 2",
)
exp10 = elementwise(special.exp10, lambda y: y * _LN10, on=reals, analytic=False, formula="y ln 10")
expm1 = elementwise(
    special.expm1, lambda x: np.exp(x), on=reals, name="special.expm1", formula="eˣ"
)
log1p = elementwise(
    special.log1p,
    lambda x: 1 / (1 + x),
    on=above_minus_one,
    name="special.log1p",
    formula="1/(1+x)",
)


def special_round(x: Any) -> Any:
    """Return ``special.round(x)``, under a name that is not NumPy's."""
    return special.round(x)


(_round,) = constant(special_round, answers=False, batch=batch_elementwise)
numpy_function(special.round, kind="constant")(_round)
powm1 = elementwise(
    special.powm1,
    lambda a, b: b * np.power(a, np.where(b == 0, 1, b - 1)),
    lambda a, b: np.power(a, b) * np.log(a + (a == 0)),
    on=(positive, reals),
    analytic=False,
    formula="∂a = b a^(b-1), ∂b = a^b log a",
    kinks="at a = 0 the limit of ∂a; ∂a = 0 for b = 0; ∂b = 0 at a = 0",
)


def _moment(x: Any, *, order: int) -> Any:
    x = np.asarray(x)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        # Near 0 two series of positive terms, the second by Kummer's e^x M(1, n+2, -x) (DLMF 13.2.39).
        near = np.abs(x) <= 4
        u = np.where(near, np.abs(x), 0)
        above, below = np.zeros_like(u), np.zeros_like(u)
        for k in range(34, -1, -1):
            above = above * u / (k + 1) + 1 / (order + 1 + k)
            below = below * u / (order + 2 + k) + 1
        series = np.where(x < 0, np.exp(-u) * below / (order + 1), above)
        # Far from it integration by parts; a factor e^x is left out for x > 0.
        v = np.where(near, 4, np.abs(x))
        start, end = np.where(x < 0, -1.0, 1.0), np.where(x < 0, np.exp(-v), 1.0)
        far = -np.expm1(-v) / v
        for k in range(1, order + 1):
            far = start * (end - k * far) / v
        far = far * np.where(x < 0, 1, np.exp(np.where(near, 0, x)))
        y = np.where(near, series, np.where(x == np.inf, np.inf, far))
    return y.astype(x.dtype)[()]


@general(
    _moment,
    on=[
        case(reals(3, 2), order=1),
        case(reals(2), order=3),
        case(lambda rng: np.array([-30.0, -5.0, -3.9, 0.0, 3.9, 5.0, 6.0]), order=1),
        case((), order=0),
    ],
    name="exponential_moment",
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
)
class exponential_moment:
    """y = dⁿ/dxⁿ (eˣ - 1)/x = ∫₀¹ sⁿ e^(xs) ds, n = order;  dy = (the same of order n + 1) dx."""

    def tangent(t: Any, x: Any, *, order: int) -> Any:
        return t * exponential_moment(x, order=order + 1)

    def adjoint(ct: Any, x: Any, *, order: int) -> Any:
        return ct * exponential_moment(x, order=order + 1)


exprel = elementwise(
    special.exprel,
    lambda x: exponential_moment(x, order=1),
    on=reals,
    analytic=False,
    formula="∫₀¹ s e^(xs) ds",
)


def _log_slope(x: Any, *, order: int) -> Any:
    x = np.asarray(x)
    near = np.abs(x) <= 0.5
    # Two series of positive terms: after Pfaff's and after Euler's transformation (DLMF 15.8.1).
    u = np.where(near, x, 0)
    w = np.where(u > 0, u / (1 + u), -u)
    above, below = np.zeros_like(w), np.zeros_like(w)
    for k in range(54, -1, -1):
        above = above * w + 1 / (order + 1 + k)
        below = below * w * ((k + 1) / (order + 2 + k)) + 1 / (order + 1)
    series = np.where(u > 0, above / (1 + u) ** (order + 1), below / (1 + u) ** order)
    series = (-1) ** order * math.factorial(order) * series
    v = np.where(near, 1, x)
    far = np.log1p(v) / v
    for n in range(1, order + 1):
        far = ((-1) ** (n - 1) * math.factorial(n - 1) / (1 + v) ** n - n * far) / v
    return np.where(near, series, far).astype(x.dtype)[()]


@general(
    _log_slope,
    on=[
        case(above_minus_one(3, 2), order=1),
        case(above_minus_one(2), order=3),
        case(lambda rng: np.array([-0.6, -0.49, -0.1, 0.0, 0.2, 0.49, 3.0]), order=1),
        case(above_minus_one(), order=0),
    ],
    name="log1p_slope",
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
)
class log1p_slope:
    """y = dⁿ/dxⁿ log(1+x)/x = (-1)ⁿ n!/(n+1) ₂F₁(n+1, n+1; n+2; -x), n = order;  dy = (order n + 1) dx."""

    def tangent(t: Any, x: Any, *, order: int) -> Any:
        return t * log1p_slope(x, order=order + 1)

    def adjoint(ct: Any, x: Any, *, order: int) -> Any:
        return ct * log1p_slope(x, order=order + 1)


def _by_power(log: Any, b: Any) -> Any:
    """Return ∂b of (e^(b log) - 1)/b = log² ∫₀¹ s e^(b s log) ds, and its limit where log = -inf."""
    edge = log == -np.inf
    safe = np.where(edge, 0, log)
    limit = np.where(b > 0, 1 / np.where(b > 0, b, 1) ** 2, np.inf)
    return np.where(edge, limit, safe * safe * exponential_moment(b * safe, order=1))


def _log_or_edge(a: Any) -> Any:
    """Return log a, and -inf at 0 without a warning."""
    return np.where(a == 0, -np.inf, np.log(a + (a == 0)))


def _power1p(a: Any, b: Any) -> Any:
    """Return (1 + a)^b by log1p, whose slope along b is accurate for small a too."""
    edge = a == -1
    safe = np.where(edge, 0, a)
    return np.where(edge, np.power(np.where(edge, 1 + a, 1), b), np.exp(b * np.log1p(safe)))


def _inverse_slope(a: Any, b: Any) -> Any:
    """Return ∂a of x = (1 + ab)^(1/b), which is x^(1-b)."""
    u = a * b
    edge = u == -1
    log = a * log1p_slope(np.where(edge, 0, u), order=0)
    at_edge = np.power(np.where(edge, 1 + u, 1), 1 / np.where(edge, b, 1) - 1)
    return np.where(edge, at_edge, np.exp((1 - b) * log))


def _by_inverse_power(a: Any, b: Any, x: Any) -> Any:
    """Return ∂b of x = (1 + ab)^(1/b)."""
    u = a * b
    near = np.abs(u) <= 0.5
    inner = a * a * log1p_slope(np.where(near, u, 0), order=1) * x
    outer = (a * _inverse_slope(a, b) - xlogy(x, x)) / np.where(near, 1, b)
    return np.where(near, inner, outer)


boxcox = elementwise(
    special.boxcox,
    lambda a, b: np.power(a, b - 1),
    lambda a, b: _by_power(_log_or_edge(a), b),
    on=(positive, reals),
    analytic=False,
    formula="∂a = a^(b-1), ∂b = log²a ∫₀¹ s a^(bs) ds",
    kinks="at a = 0 the limits",
)
boxcox1p = elementwise(
    special.boxcox1p,
    lambda a, b: _power1p(a, b - 1),
    lambda a, b: _by_power(np.where(a == -1, -np.inf, np.log1p(np.where(a == -1, 0, a))), b),
    on=(above_minus_one, reals),
    analytic=False,
    formula="as boxcox at 1 + a",
    kinks="at a = -1 the limits",
)
_INVERSE_CASES = [
    case(positive(3, 2), positive(3, 2)),
    case(np.array([0.4, -0.3, 0.6, 0.7, -0.4]), np.array([0.2, 0.5, -0.9, 0.6, 1.2])),
    case(positive(2, 3), positive(3)),
    case(positive(2, 1), positive(1, 3)),
    case(reals(3), np.array([1e-9, 0.0, -1e-3])),
    case(positive(), positive()),
]
inv_boxcox = elementwise(
    special.inv_boxcox,
    _inverse_slope,
    lambda a, b, y: _by_inverse_power(a, b, y),
    on=_INVERSE_CASES,
    analytic=False,
    formula="∂a = y^(1-b), ∂b = (a y^(1-b) - y log y)/b",
    kinks="at ab = -1 the limits",
)
inv_boxcox1p = elementwise(
    special.inv_boxcox1p,
    _inverse_slope,
    lambda a, b: _by_inverse_power(a, b, special.inv_boxcox(a, b)),
    on=_INVERSE_CASES,
    analytic=False,
    formula="as inv_boxcox",
    kinks="at ab = -1 the limits",
)
