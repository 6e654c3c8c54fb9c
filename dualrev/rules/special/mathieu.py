"""Functions that SciPy returns with their derivative: Mathieu, spheroidal and parabolic cylinder functions.

Of the two outputs (y, y') the derivatives in the argument are y' and y'' by the differential equation of the family.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, positive
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import Refusal, numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.airy import pushed, weighted
from dualrev.rules.special.bessel import IN_ORDER, beside

__all__: list[str] = []

_IN_PARAMETER = Refusal("SciPy has no derivative in this parameter", "a plain parameter")


def _keeping(rule: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """Give a rule ``(t, *kept)`` the signature by which it is read: the names of what is kept."""
    kind = inspect.Parameter.POSITIONAL_ONLY
    parameters = [inspect.Parameter(name, kind) for name in ("t", *names)]
    vars(rule)["__signature__"] = inspect.Signature(parameters)
    return rule


def _pair(
    function: Any,
    second: Callable[..., Any],
    formula: str,
    cases: list[Any],
    *,
    scale: float = 1.0,
    kinks: str = "",
    trust: Callable[..., Any] | None = None,
) -> None:
    """Declare (y, y') as functions of the last argument, where ``second(y, y', *arguments)`` is y''.

    One unit of the argument is `scale` units of that which y' refers to. Where ``trust(y, y', *arguments)`` says no,
    the derivatives are NaN.
    """
    *others, last = names = tuple("abcde"[: function.nin])

    def slopes(*kept: Any) -> tuple[Any, Any]:
        *parameters, x, y = kept
        arguments = [*(beside(p, x) for p in parameters), x]
        both = y[1], second(*y, *arguments)
        if trust is None:
            return both
        trusted = trust(*y, *arguments)
        return np.where(trusted, both[0], np.nan), np.where(trusted, both[1], np.nan)

    def tangent(t: Any, *kept: Any) -> Any:
        return pushed(scale * t, slopes(*kept))

    def adjoint(ct: Any, *kept: Any) -> Any:
        return scale * weighted(ct, slopes(*kept))

    body = {
        f"tangent_{last}": _keeping(tangent, (*names, "y")),
        f"adjoint_{last}": _keeping(adjoint, (*names, "y")),
        "__doc__": formula,
    }
    primitive = general(
        function,
        arguments=names,
        refused={name: IN_ORDER if name == "a" else _IN_PARAMETER for name in others},
        on=cases,
        name=function.__name__,
        broadcasts=True,
        analytic=False,
        pattern="elementwise",
        kinks=kinks,
    )(type(function.__name__, (), body))
    note = "in the argument; plain order and parameters"
    numpy_function(function, kind="rule", note=f"{note}; {kinks}" if kinks else note)(primitive)


def _characteristic(function: Any, cases: list[Any]) -> None:
    """Declare a characteristic value, which depends on parameters only."""
    elementwise(
        function,
        *(IN_ORDER, *(_IN_PARAMETER,) * (function.nin - 1)),
        on=cases,
        analytic=False,
        formula="none in SciPy",
    )


# --------------------------------------------------------------------------------------------------
# Mathieu functions (DLMF 28.2.1, 28.20.1). The argument of ce and se is in degrees, y' is per radian.

_DEGREE = math.pi / 180.0
_Q = np.array([0.5, 2.25, 4.0], np.float32)


def _mathieu(function: Any, value: Any, modified: bool, cases: list[Any]) -> None:
    if modified:

        def second(y: Any, _: Any, m: Any, q: Any, x: Any) -> Any:
            return (value(m, q) - 2.0 * q * np.cosh(2.0 * x)) * y

        formula = "y'' = (a - 2b cosh 2c) y with the characteristic value a (DLMF 28.20.1)"
    else:

        def second(y: Any, _: Any, m: Any, q: Any, x: Any) -> Any:
            return (2.0 * q * np.cos(2.0 * _DEGREE * x) - value(m, q)) * y

        formula = (
            "y'' = (2b cos 2c - a) y with the characteristic value a, c in degrees (DLMF 28.2.1)"
        )
    scale = 1.0 if modified else _DEGREE
    _pair(function, second, formula, cases, scale=scale)


_ORDERS = np.array([[1], [2], [4]])
degrees = Domain("degrees", lambda rng, shape: rng.uniform(5.0, 80.0, shape), singular=False)
_ROUND = [
    case(_ORDERS, _Q, degrees(3, 1)),
    case(np.array(2), np.float32(1.5), degrees()),
    case(np.array([1, 2]), np.float32(3.0), degrees(2, 2)),
]
_RADIAL = [
    case(_ORDERS, _Q, positive(3, 1)),
    case(np.array(2), np.float32(1.5), positive()),
    case(np.array([1, 2]), np.float32(3.0), positive(2, 2)),
]
_characteristic(special.mathieu_a, [case(_ORDERS, _Q), case(np.array(0), np.float32(1.5))])
_characteristic(special.mathieu_b, [case(_ORDERS, _Q), case(np.array(1), np.float32(1.5))])
_mathieu(special.mathieu_cem, special.mathieu_a, False, _ROUND)
_mathieu(special.mathieu_sem, special.mathieu_b, False, _ROUND)
_mathieu(special.mathieu_modcem1, special.mathieu_a, True, _RADIAL)
_mathieu(special.mathieu_modcem2, special.mathieu_a, True, _RADIAL)
_mathieu(special.mathieu_modsem1, special.mathieu_b, True, _RADIAL)
_mathieu(special.mathieu_modsem2, special.mathieu_b, True, _RADIAL)

# --------------------------------------------------------------------------------------------------
# Spheroidal wave functions. λ is the characteristic value of Flammer, which SciPy computes.

# Near the focal ring SciPy's functions of the second kind are wrong, both y and y'.
_ACCURACY = "NaN where SciPy's two outputs contradict its function of the first kind"
_WRONG = 1e-5
ring = Domain("(2.3, 4)", lambda rng, shape: rng.uniform(2.3, 4.0, shape))
band = Domain("(-0.8, 0.8)", lambda rng, shape: rng.uniform(-0.8, 0.8, shape))


def _prolate(sign: float) -> Callable[..., Any]:
    """Return y'' for (1-x²) y'' - 2x y' + (λ - sign c²x² - m²/(1-x²)) y = 0, sign -1 for oblate angles."""

    def second(y: Any, slope: Any, m: Any, n: Any, c: Any, cv: Any, x: Any) -> Any:
        square = 1.0 - x * x
        return (2.0 * x * slope - (cv - sign * c * c * x * x - m * m / square) * y) / square

    return second


def _oblate(y: Any, slope: Any, m: Any, n: Any, c: Any, cv: Any, x: Any) -> Any:
    """Return y'' for (1+x²) y'' + 2x y' - (λ - c²x² - m²/(1+x²)) y = 0."""
    square = 1.0 + x * x
    return ((cv - c * c * x * x - m * m / square) * y - 2.0 * x * slope) / square


def _wronskian(first: Any, sign: float) -> Callable[..., Any]:
    """Return whether y₁ y' - y₁' y = 1/(c (x² ± 1)) holds (DLMF 30.11.7)."""

    def trust(y: Any, slope: Any, m: Any, n: Any, c: Any, *rest: Any) -> Any:
        x = rest[-1]
        one, one_slope = first(m, n, c, *rest)
        gain = c * (x * x + sign)
        left, right = gain * one * slope, gain * one_slope * y
        return np.absolute(left - right - 1.0) <= _WRONG * (np.absolute(left) + np.absolute(right))

    return trust


def _spheroidal(name: str, second: Callable[..., Any], formula: str, domain: Domain) -> None:
    """Declare a function that computes its characteristic value, and the one that is given it."""
    value = getattr(special, f"{name[:3]}_cv")
    sets = [
        (np.array([[0], [1]]), np.array([[2], [3]]), np.array([2.5, 3.5], np.float32), (2, 2)),
        (np.array(1), np.array(2), np.float32(3.0), ()),
        (np.array(1), np.array([1, 2]), np.float32(2.5), (2, 2)),
    ]

    def by_order(y: Any, slope: Any, m: Any, n: Any, c: Any, x: Any) -> Any:
        return second(y, slope, m, n, c, value(m, n, c), x)

    plain = [case(m, n, c, domain(*shape)) for m, n, c, shape in sets]
    given = [case(m, n, c, value(m, n, c.astype(float)), domain(*shape)) for m, n, c, shape in sets]
    for full, rule, cases in ((name, by_order, plain), (f"{name}_cv", second, given)):
        if name.endswith("2"):
            first = getattr(special, full.replace("2", "1"))
            trust = _wronskian(first, 1.0 if name.startswith("obl") else -1.0)
            _pair(getattr(special, full), rule, formula, cases, kinks=_ACCURACY, trust=trust)
        else:
            _pair(getattr(special, full), rule, formula, cases)


_PARAMETERS = [
    case(np.array([[0], [1]]), np.array([[2], [3]]), np.array([1.5, 2.5], np.float32)),
    case(np.array(1), np.array(2), np.float32(1.25)),
]
_characteristic(special.pro_cv, _PARAMETERS)
_characteristic(special.obl_cv, _PARAMETERS)
_EQUATION = "(1-x²) y'' = 2x y' - (λ - c²x² - a²/(1-x²)) y"
_spheroidal("pro_ang1", _prolate(1.0), f"{_EQUATION} (DLMF 30.2.1)", band)
_spheroidal("pro_rad1", _prolate(1.0), f"{_EQUATION} (DLMF 30.11)", ring)
_spheroidal("pro_rad2", _prolate(1.0), f"{_EQUATION} (DLMF 30.11)", ring)
_EQUATION = _EQUATION.replace("- c²", "+ c²")
_spheroidal("obl_ang1", _prolate(-1.0), f"{_EQUATION} (DLMF 30.2.1)", band)
_EQUATION = "(1+x²) y'' = (λ - c²x² - a²/(1+x²)) y - 2x y' (DLMF 30.13)"
_spheroidal("obl_rad1", _oblate, _EQUATION, ring)
_spheroidal("obl_rad2", _oblate, _EQUATION, ring)

# --------------------------------------------------------------------------------------------------
# Parabolic cylinder functions (DLMF 12.2.2, 12.14.2).

_CYLINDER = [
    case(np.array([[0.5, 2.25], [-1.25, 1.5], [3.5, 0.75]], np.float32), (3, 2)),
    case(np.array(2), ()),
    case(np.array([0.5, 1.5], np.float32), (2, 1)),
]


def _cylinder(y: Any, _: Any, v: Any, x: Any) -> Any:
    return (0.25 * x * x - v - 0.5) * y


_pair(special.pbdv, _cylinder, "y'' = (b²/4 - a - 1/2) y (DLMF 12.2.2)", _CYLINDER)
_pair(special.pbvv, _cylinder, "y'' = (b²/4 - a - 1/2) y (DLMF 12.2.2)", _CYLINDER)
_pair(
    special.pbwa,
    lambda y, _, a, x: (a - 0.25 * x * x) * y,
    "y'' = (a - b²/4) y (DLMF 12.14.2)",
    _CYLINDER,
    kinks="SciPy loses digits for large |b|",
)
