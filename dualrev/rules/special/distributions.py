"""Gamma, chi-square, Poisson, beta, binomial and F distributions with their inverses, by the incomplete integrals."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, positive
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Case, Refusal, numpy_function
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.special.implicit import implicit
from dualrev.rules.special.incomplete import (
    beta_density,
    betainc_order,
    gamma_density,
    gammainc_order,
)

__all__: list[str] = []

_unit = Domain("(0, 1)", lambda rng, shape: rng.uniform(0.2, 0.8, shape))
_few = Domain("p above exp(-m)", lambda rng, shape: rng.uniform(0.6, 0.85, shape))
_some = Domain("(0.8, 3)", lambda rng, shape: rng.uniform(0.8, 3.0, shape))
_counts = Domain("k", lambda rng, shape: rng.integers(0, 4, shape) + rng.uniform(0.3, 0.7, shape))
_WHOLE = Refusal(
    "SciPy takes whole numbers there",
    "pass it as a constant, or write it with scipy.special.betainc, whose parameters may vary",
)


def _three(*domains: Domain) -> list[Case]:
    """Samples of few entries: a quadrature each."""
    a, b, c = domains
    return [case(a(2), b(2), c(2)), case(a(), b(2, 1), c())]


# --------------------------------------------------------------------------------------------------
# Gamma: P(a, x)

_P = (lambda a, x: gammainc_order(1, a, x), lambda a, x: gamma_density(0, a, x))
_Q = (lambda a, x: -gammainc_order(1, a, x), lambda a, x: -gamma_density(0, a, x))
_INTEGRAL = "∂a by quadrature, "

gammainc = elementwise(
    special.gammainc,
    lambda a, b: gammainc_order(1, a, b),
    lambda a, b: gamma_density(0, a, b),
    on=(positive, positive),
    analytic=False,
    formula=_INTEGRAL + "∂x = x^(a-1) exp(-x)/Γ(a)",
)
gammaincc = elementwise(
    special.gammaincc,
    lambda a, b: -gammainc_order(1, a, b),
    lambda a, b: -gamma_density(0, a, b),
    on=(positive, positive),
    analytic=False,
    formula=_INTEGRAL + "∂x = -x^(a-1) exp(-x)/Γ(a)",
)
gammaincinv = implicit(special.gammaincinv, (0, None), 1, _P, (_some, _unit), formula="P(a, y) = p")
gammainccinv = implicit(
    special.gammainccinv, (0, None), 1, _Q, (_some, _unit), formula="Q(a, y) = p"
)

_GDTR = (
    lambda a, b, x: x * gamma_density(0, b, a * x),
    lambda a, b, x: gammainc_order(1, b, a * x),
    lambda a, b, x: a * gamma_density(0, b, a * x),
)
gdtr = elementwise(
    special.gdtr,
    lambda a, b, c: c * gamma_density(0, b, a * c),
    lambda a, b, c: gammainc_order(1, b, a * c),
    lambda a, b, c: a * gamma_density(0, b, a * c),
    on=_three(positive, positive, positive),
    analytic=False,
    formula="P(b, ax)",
)
gdtrc = elementwise(
    special.gdtrc,
    lambda a, b, c: -c * gamma_density(0, b, a * c),
    lambda a, b, c: -gammainc_order(1, b, a * c),
    lambda a, b, c: -a * gamma_density(0, b, a * c),
    on=_three(positive, positive, positive),
    analytic=False,
    formula="Q(b, ax)",
)
gdtria = implicit(
    special.gdtria,
    (None, 1, 2),
    0,
    _GDTR,
    _three(_unit, _some, positive),
    formula="gdtr(y, b, x) = p",
)
gdtrib = implicit(
    special.gdtrib, (0, None, 2), 1, _GDTR, _three(_some, _unit, _some), formula="gdtr(a, y, x) = p"
)
gdtrix = implicit(
    special.gdtrix,
    (0, 1, None),
    2,
    _GDTR,
    _three(positive, _some, _unit),
    formula="gdtr(a, b, y) = p",
)

_CHDTR = (
    lambda v, x: 0.5 * gammainc_order(1, 0.5 * v, 0.5 * x),
    lambda v, x: 0.5 * gamma_density(0, 0.5 * v, 0.5 * x),
)
chdtr = elementwise(
    special.chdtr,
    lambda a, b: 0.5 * gammainc_order(1, 0.5 * a, 0.5 * b),
    lambda a, b: 0.5 * gamma_density(0, 0.5 * a, 0.5 * b),
    on=(positive, positive),
    analytic=False,
    formula="P(v/2, x/2)",
)
chdtrc = elementwise(
    special.chdtrc,
    lambda a, b: -0.5 * gammainc_order(1, 0.5 * a, 0.5 * b),
    lambda a, b: -0.5 * gamma_density(0, 0.5 * a, 0.5 * b),
    on=(positive, positive),
    analytic=False,
    formula="Q(v/2, x/2)",
)
chdtri = implicit(
    special.chdtri,
    (0, None),
    1,
    (lambda v, x: -_CHDTR[0](v, x), lambda v, x: -_CHDTR[1](v, x)),
    (_some, _unit),
    formula="chdtrc(v, y) = p",
)
chdtriv = implicit(special.chdtriv, (None, 1), 0, _CHDTR, (_unit, _some), formula="chdtr(y, x) = p")

# Poisson. The count is rounded down: the result is locally constant in it.
_FLOOR = "k counts as its floor"
pdtr = elementwise(
    special.pdtr,
    None,
    lambda a, b: -gamma_density(0, np.floor(a) + 1, b),
    on=(_counts, positive),
    analytic=False,
    formula="Q(⌊k⌋+1, m)",
    kinks=_FLOOR,
)
pdtrc = elementwise(
    special.pdtrc,
    None,
    lambda a, b: gamma_density(0, np.floor(a) + 1, b),
    on=(_counts, positive),
    analytic=False,
    formula="P(⌊k⌋+1, m)",
    kinks=_FLOOR,
)
pdtri = elementwise(
    special.pdtri,
    None,
    lambda a, y: -1 / gamma_density(0, np.floor(a) + 1, y),
    on=[case(np.array([0, 1, 2]), _unit(2, 3)), case(2, _unit())],
    analytic=False,
    formula="pdtr(k, y) = p",
    kinks=_FLOOR,
)
# SciPy answers 0 where the solution is negative: there it is constant.
_PDTR = (
    lambda k, m: np.where(k > 0, -gammainc_order(1, k + 1, m), np.inf),
    lambda k, m: np.where(k > 0, -gamma_density(0, k + 1, m), 0.0 * m),
)
pdtrik = implicit(
    special.pdtrik,
    (None, 1),
    0,
    _PDTR,
    (_few, _some),
    formula="Q(y+1, m) = p",
    kinks="0 where y = 0",
)

# --------------------------------------------------------------------------------------------------
# Beta: I(a, b; x)

_I = (
    lambda a, b, x: betainc_order(1, 0, a, b, x),
    lambda a, b, x: betainc_order(0, 1, a, b, x),
    lambda a, b, x: beta_density(0, 0, a, b, x),
)
_IC = tuple((lambda a, b, x, f=f: -f(a, b, x)) for f in _I)

betainc = elementwise(
    special.betainc,
    lambda a, b, c: betainc_order(1, 0, a, b, c),
    lambda a, b, c: betainc_order(0, 1, a, b, c),
    lambda a, b, c: beta_density(0, 0, a, b, c),
    on=_three(positive, positive, _unit),
    analytic=False,
    formula="∂a and ∂b by quadrature, ∂x = x^(a-1) (1-x)^(b-1)/B(a, b)",
)
betaincc = elementwise(
    special.betaincc,
    lambda a, b, c: -betainc_order(1, 0, a, b, c),
    lambda a, b, c: -betainc_order(0, 1, a, b, c),
    lambda a, b, c: -beta_density(0, 0, a, b, c),
    on=_three(positive, positive, _unit),
    analytic=False,
    formula="as betainc, with a minus sign",
)
betaincinv = implicit(
    special.betaincinv, (0, 1, None), 2, _I, _three(_some, _some, _unit), formula="I(a, b; y) = p"
)
betainccinv = implicit(
    special.betainccinv,
    (0, 1, None),
    2,
    _IC,
    _three(_some, _some, _unit),
    formula="1 - I(a, b; y) = p",
)
btdtria = implicit(
    special.btdtria, (None, 1, 2), 0, _I, _three(_unit, _some, _unit), formula="I(y, b; x) = p"
)
btdtrib = implicit(
    special.btdtrib, (0, None, 2), 1, _I, _three(_some, _unit, _unit), formula="I(a, y; x) = p"
)


def _bdtr(k: Any, n: Any, p: Any) -> Any:
    """Return -∂/∂p of the binomial distribution, zero where it is constant: k < 0 or k ≥ n."""
    k = np.floor(k)
    inside = (k >= 0) & (k < n)
    y = beta_density(0, 0, np.where(inside, k + 1, 1), np.where(inside, n - k, 1), p)
    return np.where(inside, y, 0 * p)


_trials = [
    case(_counts(3, 2), 6, _unit(3, 2)),
    case(np.array([0.5, 1.5, 2.5]), np.array([3, 4, 5]), _unit(2, 3)),
    case(_counts(), 7, _unit()),
]
bdtr = elementwise(
    special.bdtr,
    None,
    _WHOLE,
    lambda a, b, c: -_bdtr(a, b, c),
    on=_trials,
    analytic=False,
    formula="1 - I(⌊k⌋+1, n-⌊k⌋; p)",
    kinks=_FLOOR,
)
bdtrc = elementwise(
    special.bdtrc,
    None,
    _WHOLE,
    lambda a, b, c: _bdtr(a, b, c),
    on=_trials,
    analytic=False,
    formula="I(⌊k⌋+1, n-⌊k⌋; p)",
    kinks=_FLOOR,
)
bdtri = elementwise(
    special.bdtri,
    None,
    _WHOLE,
    lambda a, b, y: -1 / _bdtr(a, b, y),
    on=_trials,
    analytic=False,
    formula="bdtr(k, n, y) = p",
    kinks=_FLOOR,
)


def _nbdtr(k: Any, n: Any, p: Any) -> Any:
    k = np.floor(k)
    return np.where(k >= 0, beta_density(0, 0, n, np.where(k >= 0, k + 1, 1), p), 0 * p)


_failures = [
    case(np.array([0, 1, 2]), np.array([3, 4, 5]), _unit(2, 3)),
    case(2, 4, _unit()),
    case(3, 2, _unit(3)),
]
nbdtr = elementwise(
    special.nbdtr,
    _WHOLE,
    _WHOLE,
    lambda a, b, c: _nbdtr(a, b, c),
    on=_failures,
    analytic=False,
    formula="I(n, k+1; p)",
)
nbdtrc = elementwise(
    special.nbdtrc,
    _WHOLE,
    _WHOLE,
    lambda a, b, c: -_nbdtr(a, b, c),
    on=_failures,
    analytic=False,
    formula="1 - I(n, k+1; p)",
)
nbdtri = elementwise(
    special.nbdtri,
    _WHOLE,
    _WHOLE,
    lambda a, b, y: 1 / _nbdtr(a, b, y),
    on=_failures,
    analytic=False,
    formula="nbdtr(k, n, y) = p",
)
# --------------------------------------------------------------------------------------------------
# F: I(m/2, n/2; w), w = m x/(n + m x). Above w = 1/2 the other tail, where 1 - w is small.


def _tails(m: Any, n: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """Return whether the upper tail is meant, and a, b, w of the tail."""
    upper = m * x > n
    a, b = np.where(upper, n, m), np.where(upper, m, n)
    return upper, 0.5 * a, 0.5 * b, np.where(upper, n, m * x) / (n + m * x)


def _f_density(m: Any, n: Any, x: Any) -> Any:
    _, a, b, w = _tails(m, n, x)
    return beta_density(0, 0, a, b, w) * m * n / (n + m * x) ** 2


def _f_order(first: int, m: Any, n: Any, x: Any) -> Any:
    upper, a, b, w = _tails(m, n, x)
    own = np.where(upper, 1 - first, first)
    y = betainc_order(own, 1 - own, a, b, w)
    return 0.5 * np.where(upper, -y, y)


_FDTR = (
    lambda m, n, x: _f_order(1, m, n, x) + _f_density(m, n, x) * x / m,
    lambda m, n, x: _f_order(0, m, n, x) - _f_density(m, n, x) * x / n,
    _f_density,
)
fdtr = elementwise(
    special.fdtr,
    lambda a, b, c: _FDTR[0](a, b, c),
    lambda a, b, c: _FDTR[1](a, b, c),
    lambda a, b, c: _FDTR[2](a, b, c),
    on=_three(_some, _some, positive),
    analytic=False,
    formula="I(m/2, n/2; mx/(n+mx))",
)
fdtrc = elementwise(
    special.fdtrc,
    lambda a, b, c: -_FDTR[0](a, b, c),
    lambda a, b, c: -_FDTR[1](a, b, c),
    lambda a, b, c: -_FDTR[2](a, b, c),
    on=_three(_some, _some, positive),
    analytic=False,
    formula="1 - I(m/2, n/2; mx/(n+mx))",
)
fdtri = implicit(
    special.fdtri, (0, 1, None), 2, _FDTR, _three(_some, _some, _unit), formula="fdtr(m, n, y) = p"
)


# --------------------------------------------------------------------------------------------------
# Inverses that SciPy finds by a search, to about nine digits


def _unsupported(ufunc: Any, equation: str) -> None:
    def refuse(*operands: Any) -> Any:
        raise UnsupportedError(
            f"scipy.special.{ufunc.__name__}",
            "SciPy finds it by a search that stops after about nine digits",
            f"solve {equation} instead, and differentiate the equation",
        )

    numpy_function(ufunc, kind="unsupported", note="its values have about nine digits")(refuse)


_unsupported(special.bdtrik, "betainc(y + 1, n - y, p) = 1 - given")
_unsupported(special.bdtrin, "betainc(k + 1, y - k, p) = 1 - given")
_unsupported(special.nbdtrik, "betainc(n, y + 1, p) = given")
_unsupported(special.nbdtrin, "betainc(y, k + 1, p) = given")
_unsupported(special.fdtridfd, "fdtr(dfn, y, x) = given")
