"""The gamma function, its logarithm, reciprocal, derivatives and quotients."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, positive
from dualrev.core.flavours import constant, elementwise
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.contraction import array_operand
from dualrev.rules.special.hurwitz import hurwitz, zeta_difference

__all__: list[str] = []


def _sin_cos_pi(x: Any) -> tuple[Any, Any]:
    """Return sin πx and cos πx, exact at whole and half numbers."""
    n = np.rint(np.real(x))
    sign = 1.0 - 2.0 * np.remainder(n, 2.0)
    angle = np.pi * (x - n)
    return sign * np.sin(angle), sign * np.cos(angle)


def _rgamma_slope(x: Any, y: Any) -> Any:
    """Return -ψ(x)/Γ(x); by reflection near the poles of ψ (DLMF 5.5.3), where the product is 0·inf."""
    near = (np.real(x) < 0.5) & (np.absolute(x - np.rint(np.real(x))) < 0.5)
    inner = np.where(near, 1 - x, 1.0)
    s, c = _sin_cos_pi(np.where(near, x, 0.25))
    reflected = special.gamma(inner) * (c - s * special.psi(inner) / np.pi)
    return np.where(near, reflected, -y * special.psi(np.where(near, 1.0, x)))


_off_poles = Domain(
    "off the poles",
    lambda rng, shape: rng.uniform(0.2, 0.8, shape) + rng.integers(-3, 4, shape),
)

# Left of zero SciPy's complex gamma function loses imaginary parts as small as a complex step.
_right_or_complex = [
    case(positive(3, 2)),
    case(positive()),
    case(lambda rng: _off_poles.draw(rng, (2, 3)) + 0.4j),
]

gamma = elementwise(
    special.gamma,
    lambda x, y: y * special.psi(x),
    on=_right_or_complex,
    formula="y ψ(x)",
    kinks="not finite at the poles 0, -1, ...",
)
gammaln = elementwise(
    special.gammaln, lambda x: special.psi(x), on=_off_poles, analytic=False, formula="ψ(x)"
)
loggamma = elementwise(special.loggamma, lambda x: special.psi(x), on=positive, formula="ψ(x)")
rgamma = elementwise(
    special.rgamma, _rgamma_slope, on=_right_or_complex, formula="-y ψ(x)", kinks="(-1)ⁿ n! at -n"
)
psi = elementwise(
    special.psi, lambda x: hurwitz(0, 2.0, x), on=_off_poles, formula="ψ'(x) = ζ(2, x)"
)
constant(special.gammasgn)

poch = elementwise(
    special.poch,
    lambda a, b, y: -y * zeta_difference(1, a, b),
    lambda y, a, b: y * special.psi(a + b),
    on=(positive, positive),
    analytic=False,
    formula="∂z = y (ψ(z+m) − ψ(z)), ∂m = y ψ(z+m)",
    kinks="not finite at the poles of ψ",
)
beta = elementwise(
    special.beta,
    lambda a, b, y: y * zeta_difference(1, a, b),
    lambda a, b, y: y * zeta_difference(1, b, a),
    on=(positive, positive),
    analytic=False,
    formula="∂a = y (ψ(a) − ψ(a+b)), ∂b = y (ψ(b) − ψ(a+b))",
)
betaln = elementwise(
    special.betaln,
    lambda a, b: zeta_difference(1, a, b),
    lambda a, b: zeta_difference(1, b, a),
    on=(positive, positive),
    analytic=False,
    formula="∂a = ψ(a) − ψ(a+b), ∂b = ψ(b) − ψ(a+b)",
)
_large = Domain("(3, 6)", lambda rng, shape: rng.uniform(3.2, 6.0, shape))
binom = elementwise(
    special.binom,
    lambda a, b, y: -y * zeta_difference(1, a - b + 1, b),
    lambda a, b, y: -y * zeta_difference(1, b + 1, a - 2 * b),
    on=(_large, positive),
    analytic=False,
    formula="∂n = y (ψ(n+1) − ψ(n−k+1)), ∂k = y (ψ(n−k+1) − ψ(k+1))",
    kinks="not finite at the poles of ψ: where n − k or k is a negative whole number",
)


def _agm_slope(y: Any, own: Any, other: Any) -> Any:
    ratio = other / own
    return 2.0 / (3.0 * np.pi) * (y / own) ** 2 * special.elliprd(0.0, ratio * ratio, 1.0)


agm = elementwise(
    special.agm,
    lambda a, b, y: _agm_slope(y, a, b),
    lambda a, b, y: _agm_slope(y, b, a),
    on=(positive, positive),
    analytic=False,
    formula="∂a = (2/3π) (y/a)² R_D(0, b²/a², 1), from y = π/(2 R_F(0, a², b²)) (DLMF 19.20.1, 19.18.1)",
)


@numpy_function(special.multigammaln, note="the dimension is a constant")
def multigammaln(a: Any, d: Any) -> Any:
    """Answer ``scipy.special.multigammaln``."""
    a = array_operand(a)
    size: Any = np.asarray(d)[()]
    if np.ndim(size) or np.floor(size) != size:
        raise ValueError("d should be a positive integer (dimension)")
    if np.any(a <= 0.5 * (size - 1)):
        raise ValueError(f"condition a ({a}) > 0.5 * (d-1) ({0.5 * (size - 1)}) not met")
    terms = [special.gammaln(a - (j - 1.0) / 2) for j in range(1, int(size) + 1)]
    return size * (size - 1) * 0.25 * np.log(np.pi) + np.sum(np.stack(terms), axis=0)
