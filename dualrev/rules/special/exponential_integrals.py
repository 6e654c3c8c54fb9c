"""Exponential, sine and cosine integrals, and Spence's dilogarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, nonzero, positive, reals
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Case, Refusal, numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.quotients import log_quotient, sine_quotient

__all__: list[str] = []

expi = elementwise(
    special.expi,
    lambda x: np.exp(x) / x,
    on=[case(positive(3, 2)), case(nonzero(2, 2)), case(positive())],
    analytic=False,
    formula="exp(x)/x, also for complex x",
    kinks="+inf at 0",
)
exp1 = elementwise(
    special.exp1, lambda x: -np.exp(-x) / x, on=positive, formula="-exp(-x)/x", kinks="-inf at 0"
)


def _expn_slope(a: Any, b: Any, y: Any) -> Any:
    """Return -E₍ₙ₋₁₎(x), where E₋₁ = E₀ (1 + 1/x) (DLMF 8.19.12, 8.19.13)."""
    low = a < 1
    return np.where(low, -y * (1 + 1 / b), -special.expn(np.where(low, 1, a) - 1, b))


expn = elementwise(
    special.expn,
    Refusal(
        "the order is a whole number",
        "pass it as a constant",
    ),
    _expn_slope,
    on=[
        case(1, positive(3, 2)),
        case(np.array([1.0, 2.0, 4.0]), positive(2, 3)),
        case(3.0, positive(3)),
        case(2, positive()),
        case(0, positive(2)),
    ],
    analytic=False,
    formula="∂x = -E₍ₙ₋₁₎(x)",
)


def _sinh_quotient(x: Any) -> Any:
    y = sine_quotient(0, 1j * x)
    return y if np.iscomplexobj(x) else np.real(y)


def _plane(domain: Domain) -> list[Case]:
    # SciPy's complex branch loses imaginary parts as small as a complex step.
    return [
        case(domain(3, 2)),
        case(domain()),
        case(lambda rng: domain.draw(rng, (2, 2)) + 1j * rng.uniform(0.3, 1.0, (2, 2))),
    ]


shi = elementwise(
    lambda x: special.shichi(x)[0],
    _sinh_quotient,
    on=_plane(reals),
    name="shi",
    analytic=False,
    formula="sinh(x)/x",
)
chi = elementwise(
    lambda x: special.shichi(x)[1],
    lambda x: np.cosh(x) / x,
    on=_plane(positive),
    name="chi",
    analytic=False,
    formula="cosh(x)/x",
    kinks="+inf at 0",
)
si = elementwise(
    lambda x: special.sici(x)[0],
    lambda x: sine_quotient(0, x),
    on=_plane(reals),
    name="si",
    analytic=False,
    formula="sin(x)/x",
)
ci = elementwise(
    lambda x: special.sici(x)[1],
    lambda x: np.cos(x) / x,
    on=_plane(positive),
    name="ci",
    analytic=False,
    formula="cos(x)/x",
    kinks="+inf at 0",
)


@numpy_function(special.shichi, note="two primitives, one per result")
def shichi(x: Any) -> tuple[Any, Any]:
    """Answer ``scipy.special.shichi``."""
    return shi(x), chi(x)


@numpy_function(special.sici, note="two primitives, one per result")
def sici(x: Any) -> tuple[Any, Any]:
    """Answer ``scipy.special.sici``."""
    return si(x), ci(x)


def _spence_slope(x: Any) -> Any:
    near = np.absolute(x - 1) < 0.5
    far = np.where(near, 2.0, x)
    return np.where(near, -log_quotient(0, np.where(near, x, 1.0) - 1), np.log(far) / (1 - far))


spence = elementwise(
    special.spence,
    lambda x: _spence_slope(x),
    on=Domain("(0, inf)", lambda rng, shape: rng.uniform(0.2, 3.0, shape)),
    formula="log(x)/(1 - x), −1 at 1",
)
