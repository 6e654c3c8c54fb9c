"""Noncentral chi-square, F and t distributions.

The first two are mixtures over a Poisson count j of central ones with a shape larger by j; the third is a mean over a
chi variable. The sums and the integral have terms of one sign.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, reals
from dualrev.core.flavours import elementwise
from dualrev.core.primitive import Refusal, numpy_function
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.special.implicit import implicit
from dualrev.rules.special.incomplete import beta_density, gamma_density, gammainc_order
from dualrev.rules.special.orders import by_order

__all__: list[str] = []

_MOST = 1e5
_BLOCK = 256
_some = Domain("(1, 3)", lambda rng, shape: rng.uniform(1.0, 3.0, shape))
_unit = Domain("(0.2, 0.7)", lambda rng, shape: rng.uniform(0.2, 0.7, shape))


def _mixture(mean: Any, term: Callable[[Any], Any]) -> Any:
    """Return Σ exp(-mean) meanʲ/j! term(j), over the counts j within 12 standard deviations."""
    mean = np.where((mean >= 0) & (mean <= _MOST), mean, np.nan)
    finite = np.nan_to_num(mean)
    width = 12 * np.sqrt(finite) + 30
    first = int(
        np.min(np.maximum(0, np.floor(finite - width)), initial=np.inf if finite.size else 0)
    )
    last = int(np.max(np.ceil(finite + width), initial=0))
    total = 0.0 * mean
    for start in range(first, last + 1, _BLOCK):
        j = np.arange(start, min(start + _BLOCK, last + 1), dtype=float)[:, None]
        weight = np.exp(special.xlogy(j, finite) - finite - special.gammaln(j + 1.0))
        total = total + np.sum(np.where(weight > 1e-30, weight * term(j), 0.0), axis=0)
    return total


# --------------------------------------------------------------------------------------------------
# Chi-square: mean nc/2, shapes df/2 + j


@by_order()
def _chi_density(n: int, a: Any, mean: Any, x: Any) -> Any:
    return _mixture(mean, lambda j: gamma_density.fun(n, a + j, x))


@by_order()
def _chi_order(n: int, a: Any, mean: Any, x: Any) -> Any:
    return _mixture(mean, lambda j: gammainc_order.fun(n, a + j, x))


def _below(n: Any) -> Any:
    return np.maximum(np.rint(n) - 1, 0)


_chi_samples = [
    case(0.0, _some(2), _some(2), _some(2)),
    case(1.0, _some(), _some(2, 1), _some()),
]
chi_density = elementwise(
    _chi_density,
    None,
    lambda a, b, c, d: chi_density(a + 1, b, c, d),
    lambda a, b, c, d, y: chi_density(a, b + 1, c, d) - y,
    lambda a, b, c, d, y: (
        (b - d - 1) / d * y
        + c / d * chi_density(a, b + 1, c, d)
        + np.rint(a) / d * chi_density(_below(a), b, c, d)
    ),
    on=_chi_samples,
    name="noncentral_gamma_density",
    analytic=False,
    formula="Σ Poisson(j; λ) ∂ⁿ/∂aⁿ of the gamma density at a + j",
)
chi_order = elementwise(
    _chi_order,
    None,
    lambda a, b, c, d: chi_order(a + 1, b, c, d),
    lambda a, b, c, d: -chi_density(a, b + 1, c, d),
    lambda a, b, c, d: chi_density(a, b, c, d),
    on=_chi_samples,
    name="noncentral_gamma_order",
    analytic=False,
    formula="Σ Poisson(j; λ) ∂ⁿ/∂aⁿ P(a+j, x)",
)
_CHNDTR = (
    lambda x, v, c: 0.5 * chi_density(0, 0.5 * v, 0.5 * c, 0.5 * x),
    lambda x, v, c: 0.5 * chi_order(1, 0.5 * v, 0.5 * c, 0.5 * x),
    lambda x, v, c: -0.5 * chi_density(0, 0.5 * v + 1, 0.5 * c, 0.5 * x),
)


def _three(*domains: Domain) -> list[Any]:
    a, b, c = domains
    return [case(a(2), b(2), c(2)), case(a(), b(2, 1), c())]


chndtr = elementwise(
    special.chndtr,
    lambda a, b, c: _CHNDTR[0](a, b, c),
    lambda a, b, c: _CHNDTR[1](a, b, c),
    lambda a, b, c: _CHNDTR[2](a, b, c),
    on=_three(_some, _some, _some),
    analytic=False,
    formula="∂x = density at df, ∂nc = -density at df + 2, ∂df by quadrature",
    kinks="NaN for nc > 2e5",
)
chndtrix = implicit(
    special.chndtrix,
    (None, 1, 2),
    0,
    _CHNDTR,
    _three(_unit, _some, _some),
    formula="chndtr(y, df, nc) = p",
)
_solvable = [case(np.array([1.4, 2.2]), 0.3, 1.6)]
chndtridf = implicit(
    special.chndtridf, (0, None, 2), 1, _CHNDTR, _solvable, formula="chndtr(x, y, nc) = p"
)
chndtrinc = implicit(
    special.chndtrinc,
    (0, 1, None),
    2,
    _CHNDTR,
    [case(np.array([2.4, 3.2]), 1.6, 0.3)],
    formula="chndtr(x, df, y) = p",
)

# --------------------------------------------------------------------------------------------------
# F: w = m x/(n + m x), mean nc/2, shapes m/2 + j and n/2

_DF = Refusal(
    "there is no closed form in the degrees of freedom",
    "hold them constant, or declare the function with dualrev.primitive(f, fd='central'), good for about ten digits",
)


@by_order(0)
def _f_density(a: Any, b: Any, mean: Any, w: Any) -> Any:
    return _mixture(mean, lambda j: beta_density.fun(0, 0, a + j, b, w))


@by_order(0)
def _f_gap(a: Any, b: Any, mean: Any, w: Any) -> Any:
    """Return Σ Poisson(j) (I(a+j+1, b; w) - I(a+j, b; w)) (DLMF 8.17.20)."""
    terms = _mixture(mean, lambda j: beta_density.fun(0, 0, a + j + 1, b, w) / (a + j + b))
    return -(1 - w) * terms


_f_samples = [case(2.2, 1.4, _some(2), _unit(2)), case(np.array([0.8, 1.7]), 1.7, 1.1, _unit(3, 1))]


def _f_density_slope(a: Any, b: Any, c: Any, d: Any, y: Any) -> Any:
    return ((a - 1) / d - (b - 1) / (1 - d)) * y + c / d * f_density(a + 1, b, c, d)


# Sums with 1 are taken in the precision of all operands together.
f_density = elementwise(
    _f_density,
    _DF,
    _DF,
    lambda a, b, c, d, y: f_density(a + 1, b, c, d) - y,
    lambda a, b, c, d, y: _f_density_slope(a, b, c, d + 0 * (a + b + c), y),
    on=_f_samples,
    name="noncentral_beta_density",
    analytic=False,
    formula="Σ Poisson(j; λ) of the beta density at a + j",
)
f_gap = elementwise(
    _f_gap,
    _DF,
    _DF,
    lambda a, b, c, d, y: f_gap(a + 1, b, c, d) - y,
    lambda a, b, c, d: f_density(a + 1, b, c, d) - f_density(a, b, c, d),
    on=_f_samples,
    name="noncentral_beta_gap",
    analytic=False,
    formula="Σ Poisson(j; λ) (I(a+j+1, b; w) − I(a+j, b; w))",
)


def _f_slope(m: Any, n: Any, c: Any, x: Any) -> Any:
    y = f_density(0.5 * m, 0.5 * n, 0.5 * c, m * x / (n + m * x))
    return y * m * n / (n + m * x) ** 2


_NCFDTR = (
    _DF,
    _DF,
    lambda m, n, c, x: 0.5 * f_gap(0.5 * m, 0.5 * n, 0.5 * c, m * x / (n + m * x)),
    _f_slope,
)
ncfdtr = elementwise(
    special.ncfdtr,
    _DF,
    _DF,
    lambda a, b, c, d: _NCFDTR[2](a, b, c, d),
    lambda a, b, c, d: _NCFDTR[3](a, b, c, d),
    on=[case(1.6, 2.4, _some(2), _some(2)), case(np.array([1.6, 2.7]), 2.4, 1.3, _some(2, 1))],
    analytic=False,
    formula="∂f and ∂nc of a Poisson mixture of F distributions",
    kinks="NaN for nc > 2e5",
)
ncfdtri = implicit(
    special.ncfdtri,
    (0, 1, 2, None),
    3,
    _NCFDTR,
    [case(1.6, 2.4, _some(2), _unit(2)), case(np.array([1.6, 2.7]), 2.4, 1.3, _unit(2, 1))],
    formula="ncfdtr(m, n, nc, y) = p",
)

# --------------------------------------------------------------------------------------------------
# t: F = E Φ(tR - μ) with R² = χ²/ν, so ∂t = E R φ(tR - μ) and ∂μ = -E φ(tR - μ)

_STEPS = np.linspace(-6.5, 6.5, 301)


@by_order()
def _moment(m: int, v: Any, mu: Any, t: Any) -> Any:
    """Return E Rᵐ φ(tR - μ), by the trapezoidal rule in log R about the peak."""
    k, c, d = v + m, v + t * t, t * mu
    root = np.sqrt(d * d + 4 * c * k)
    r = np.where(d > 0, (d + root) / (2 * c), 2 * k / (root - d))
    width = 1 / np.sqrt(c * r * r + k)
    y = width * np.sinh(_STEPS)[:, None]
    q = r * np.exp(y)
    # ν (log q - (q² - 1)/2) - (tq - μ)²/2
    exponent = (
        v * (np.log(r) + y - 0.5 * (q - 1) * (q + 1)) - 0.5 * (t * q - mu) ** 2 + m * np.log(q)
    )
    total = width * np.sum(np.exp(exponent) * np.cosh(_STEPS)[:, None], axis=0)
    half = 0.5 * v
    scale = np.exp(special.xlogy(half, half) - half - special.gammaln(half))
    large = half >= 10
    at = np.where(large, half, 10)
    series = 1 / (12 * at) - 1 / (360 * at**3) + 1 / (1260 * at**5) - 1 / (1680 * at**7)
    scale = np.where(large, np.sqrt(at / (2 * math.pi)) * np.exp(-series), scale)
    return 2 * scale * total * (_STEPS[1] - _STEPS[0]) / math.sqrt(2 * math.pi)


moment = elementwise(
    _moment,
    None,
    _DF,
    lambda a, b, c, d, y: d * moment(a + 1, b, c, d) - c * y,
    lambda a, b, c, d: c * moment(a + 1, b, c, d) - d * moment(a + 2, b, c, d),
    on=[case(0.0, 2.5, reals(3), reals(3)), case(np.array([1.0, 2.0]), 3.3, reals(2), 0.6)],
    name="chi_moment",
    analytic=False,
    formula="E Rᵐ φ(tR - μ), R² = χ²/ν",
)
_NCTDTR = (
    _DF,
    lambda v, c, t: -moment(0, v, c, t),
    lambda v, c, t: moment(1, v, c, t),
)
nctdtr = elementwise(
    special.nctdtr,
    _DF,
    lambda a, b, c: -moment(0, a, b, c),
    lambda a, b, c: moment(1, a, b, c),
    on=[case(2.5, reals(3), 0.8), case(np.array([2.0, 4.5]), 0.6, reals(2))],
    analytic=False,
    formula="∂nc = -E φ(tR - nc), ∂t = E R φ(tR - nc), R² = χ²/df",
)
nctdtrit = implicit(
    special.nctdtrit,
    (0, 1, None),
    2,
    _NCTDTR,
    [case(2.5, np.array([0.4, 1.3]), 0.6), case(4.0, 0.6, np.array([0.3, 0.7]))],
    formula="nctdtr(df, nc, y) = p",
)


def _unsupported(ufunc: Any, equation: str, reason: str) -> None:
    def refuse(*operands: Any) -> Any:
        raise UnsupportedError(
            f"scipy.special.{ufunc.__name__}",
            reason,
            f"solve {equation} instead, and differentiate the equation",
        )

    numpy_function(ufunc, kind="unsupported", note=reason)(refuse)


_SEARCH = "SciPy finds it by a search that stops after about seven digits"
_unsupported(special.ncfdtridfd, "ncfdtr(dfn, y, nc, f) = p", _SEARCH)
_unsupported(special.ncfdtridfn, "ncfdtr(y, dfd, nc, f) = p", _SEARCH)
_unsupported(special.ncfdtrinc, "ncfdtr(dfn, dfd, y, f) = p", _SEARCH)
_unsupported(special.nctdtrinc, "nctdtr(df, y, t) = p", _SEARCH)
_unsupported(
    special.nctdtridf, "nctdtr(y, nc, t) = p", "there is no closed form in the degrees of freedom"
)
