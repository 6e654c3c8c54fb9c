"""Error functions, the normal distribution, and what belongs to it: Voigt, Owen, Fresnel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, positive, reals, unit
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.faddeeva import dawson, erfcx_order, faddeeva

__all__: list[str] = []

_ROOT_PI = math.sqrt(math.pi)
_ROOT_2 = math.sqrt(2.0)
_ROOT_2PI = math.sqrt(2.0 * math.pi)
_TURN = complex(math.sqrt(0.5), -math.sqrt(0.5))

_zero_to_one = Domain("(0, 1)", lambda rng, shape: rng.uniform(0.1, 0.9, shape))
_zero_to_two = Domain("(0, 2)", lambda rng, shape: rng.uniform(0.15, 1.85, shape))
_logarithms = Domain("(-inf, 0)", lambda rng, shape: -rng.uniform(0.1, 4.0, shape))

erf = elementwise(
    special.erf, lambda x: 2.0 / _ROOT_PI * np.exp(-x * x), on=reals, formula="2/√π exp(-x²)"
)
erfc = elementwise(
    special.erfc, lambda x: -2.0 / _ROOT_PI * np.exp(-x * x), on=reals, formula="-2/√π exp(-x²)"
)
erfi = elementwise(
    special.erfi, lambda x: 2.0 / _ROOT_PI * np.exp(x * x), on=reals, formula="2/√π exp(x²)"
)
erfcx = elementwise(
    special.erfcx,
    lambda x: erfcx_order(1, x),
    on=reals,
    formula="2xy − 2/√π, where it cancels by an integral",
)
dawsn = elementwise(
    special.dawsn,
    lambda x: dawson(1, x),
    on=reals,
    formula="1 − 2xy, where it cancels by an integral",
)
wofz = elementwise(
    special.wofz,
    lambda x: faddeeva(1, x),
    on=[
        case(lambda rng: reals.draw(rng, (3, 2)) + 1j * reals.draw(rng, (3, 2))),
        case(lambda rng: reals.draw(rng, ()) + 0.5j),
    ],
    formula="2i/√π − 2xy, where it cancels by an integral",
)
erfinv = elementwise(
    special.erfinv,
    lambda y: 0.5 * _ROOT_PI * np.exp(y * y),
    on=unit,
    analytic=False,
    formula="√π/2 exp(y²)",
)
erfcinv = elementwise(
    special.erfcinv,
    lambda y: -0.5 * _ROOT_PI * np.exp(y * y),
    on=_zero_to_two,
    analytic=False,
    formula="-√π/2 exp(y²)",
)

# --------------------------------------------------------------------------------------------------
# The normal distribution


def _normal(x: Any) -> Any:
    return np.exp(-0.5 * (x * x)) / _ROOT_2PI


def _hazard(x: Any) -> Any:
    """Return φ(x)/Φ(x): by erfcx on the left, where both vanish."""
    left = np.real(x) < 0
    low, high = np.where(left, x, 0), np.where(left, 0, x)
    ratio = math.sqrt(2.0 / math.pi) / special.erfcx(-low / _ROOT_2)
    return np.where(left, ratio, _normal(high) / special.ndtr(high))


ndtr = elementwise(special.ndtr, lambda x: _normal(x), on=reals, formula="exp(-x²/2)/√(2π)")
ndtri = elementwise(
    special.ndtri,
    lambda y: _ROOT_2PI * np.exp(0.5 * (y * y)),
    on=_zero_to_one,
    analytic=False,
    formula="√(2π) exp(y²/2)",
)
log_ndtr = elementwise(
    special.log_ndtr,
    lambda x: _hazard(x),
    on=reals,
    formula="exp(-x²/2)/(√(2π) ndtr(x)), by erfcx for x < 0",
)
ndtri_exp = elementwise(
    special.ndtri_exp,
    lambda y: math.sqrt(0.5 * math.pi) * special.erfcx(-y / _ROOT_2),
    on=_logarithms,
    analytic=False,
    formula="√(π/2) erfcx(-y/√2)",
)
owens_t = elementwise(
    special.owens_t,
    lambda a, b: -0.5 * _normal(a) * special.erf(a * b / _ROOT_2),
    lambda a, b: np.exp(-0.5 * (a * a) * (1 + b * b)) / (2.0 * math.pi * (1 + b * b)),
    on=(reals, reals),
    analytic=False,
    formula="∂h = -exp(-h²/2) erf(ah/√2)/√(8π), ∂a = exp(-h²(1+a²)/2)/(2π(1+a²))",
)


def _voigt(n: int, x: Any, sigma: Any, gamma: Any) -> Any:
    """Return w⁽ⁿ⁾((x + iγ)/(σ√2)) / σ²."""
    return faddeeva(n, (x + 1j * gamma) / (_ROOT_2 * sigma)) / (sigma * sigma)


voigt_profile = elementwise(
    special.voigt_profile,
    lambda a, b, c: np.real(_voigt(1, a, b, c)) / (2.0 * _ROOT_PI),
    lambda a, b, c: np.real(_voigt(2, a, b, c)) / (2.0 * _ROOT_2PI),
    lambda a, b, c: -np.imag(_voigt(1, a, b, c)) / (2.0 * _ROOT_PI),
    on=(reals, positive, positive),
    analytic=False,
    formula="with y = Re w(z)/(σ√(2π)), z = (x+iγ)/(σ√2): ∂x = Re w'/(2√π σ²), "
    "∂σ = σ ∂²y/∂x², ∂γ = -Im w'/(2√π σ²)",
    kinks="NaN for σ = 0",
)

# --------------------------------------------------------------------------------------------------
# Fresnel integrals: two results each

fresnel_s = elementwise(
    lambda x: special.fresnel(x)[0],
    lambda x: np.sin(0.5 * math.pi * (x * x)),
    on=reals,
    name="fresnel_s",
    formula="sin(πx²/2)",
)
fresnel_c = elementwise(
    lambda x: special.fresnel(x)[1],
    lambda x: np.cos(0.5 * math.pi * (x * x)),
    on=reals,
    name="fresnel_c",
    formula="cos(πx²/2)",
)


@numpy_function(special.fresnel, note="two primitives, one per result")
def fresnel(x: Any) -> tuple[Any, Any]:
    """Answer ``scipy.special.fresnel``."""
    return fresnel_s(x), fresnel_c(x)


def _modified(sign: int) -> Any:
    """Declare the modified Fresnel integrals F± and K± of a real argument (DLMF 7.2.10 and 7.7)."""
    ufunc = special.modfresnelp if sign > 0 else special.modfresnelm
    letter = "p" if sign > 0 else "m"
    turn = _TURN if sign > 0 else _TURN.conjugate()
    f = elementwise(
        lambda x: ufunc(x)[0],
        lambda x: -np.exp(sign * 1j * (x * x)),
        on=positive,
        name=f"modfresnel{letter}_f",
        analytic=False,
        formula=f"-exp({'' if sign > 0 else '-'}ix²)",
        kinks="SciPy's F(x) has a wrong imaginary part for x < 0; the derivative has not",
    )
    k = elementwise(
        lambda x: ufunc(x)[1],
        lambda x: 0.5 * turn * erfcx_order(1, turn * x),
        on=positive,
        name=f"modfresnel{letter}_k",
        analytic=False,
        formula="the derivative of erfcx(cx)/2 with c = exp(∓iπ/4)",
    )

    @numpy_function(ufunc, note="of a real argument; two primitives, one per result")
    def modified(x: Any) -> tuple[Any, Any]:
        return f(x), k(x)

    return modified


modfresnelp = _modified(1)
modfresnelm = _modified(-1)
