"""Factorials and what counts with them: comb, perm, Dirichlet's kernel; numbers that are constants."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import Domain, case, reals
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import Refusal, numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.contraction import array_operand
from dualrev.rules.special.orders import by_order

__all__: list[str] = []


@numpy_function(special.comb, note="as binom; exact=True takes plain whole numbers")
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    """Answer ``scipy.special.comb``."""
    if exact:
        return special.comb(N, k, exact=True, repetition=repetition)
    N, k = array_operand(N), array_operand(k)
    if repetition:
        return np.where((k == 0) & (N >= 0), 1.0, special.binom(N + k - 1, k))
    return np.where((k <= N) & (N >= 0) & (k >= 0), special.binom(N, k), 0.0)


@numpy_function(special.perm, note="as poch; exact=True takes plain whole numbers")
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    """Answer ``scipy.special.perm``."""
    if exact:
        return special.perm(N, k, exact=True)
    N, k = array_operand(N), array_operand(k)
    return np.where((k <= N) & (N >= 0) & (k >= 0), special.poch(N - k + 1, k), 0.0)


# --------------------------------------------------------------------------------------------------
# Factorials of floats; SciPy's own for whole numbers, which nothing varies with

_x = Domain("(0.3, 4)", lambda rng, shape: rng.uniform(0.3, 4.0, shape))
_real_factorial = elementwise(
    lambda x: special.factorial(x),
    lambda x, y: np.where(x < 0, 0.0, y) * special.psi(np.where(x < 0, 0.0, x) + 1),
    on=[case(_x(3, 2)), case(np.array([-0.4, 0.6]))],
    name="factorial",
    analytic=False,
    formula="y ψ(x+1), 0 for x < 0",
)
_analytic_factorial = elementwise(
    lambda x: special.gamma(x + 1),
    lambda x, y: y * special.psi(x + 1),
    on=_x,
    name="analytic_factorial",
    formula="y ψ(x+1)",
)


def _multifactorial_value(x: Any, *, k: Any) -> Any:
    if k == 2:
        return special.factorial2(x, extend="complex")
    return special.factorialk(x, k, extend="complex")


def _multifactorial_slope(x: Any, y: Any, k: Any) -> Any:
    """SciPy's extension is k^((x-1)/k) Γ(x/k + 1)/Γ(1/k + 1)."""
    return y * ((np.log(k) + special.psi(x / k + 1)) / k)


_extended = "extend" in inspect.signature(special.factorialk).parameters


@general(
    _multifactorial_value,
    on=[case(_x(3, 2), k=2), case(_x(2), k=3)] if _extended else [case((2,), k=2)],
    name="multifactorial",
    analytic=False,
    pattern="elementwise",
    broadcasts=True,
)
class multifactorial:
    """∂x = y (log k + ψ(x/k + 1))/k, of SciPy's extension k^((x-1)/k) Γ(x/k + 1)/Γ(1/k + 1)."""

    def tangent(t: Any, x: Any, y: Any, *, k: Any) -> Any:
        return t * _multifactorial_slope(x, y, k)

    def adjoint(ct: Any, x: Any, y: Any, *, k: Any) -> Any:
        return ct * _multifactorial_slope(x, y, k)


def _whole(n: Any) -> bool:
    return dtype_of(n).kind not in "fc"


@numpy_function(
    special.factorial, kind="rule", note="through gamma; exact=True takes plain whole numbers"
)
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """Answer ``scipy.special.factorial``."""
    n = array_operand(n)
    if not exact and not _whole(n):
        if extend == "complex":
            return _analytic_factorial(n)
        if extend == "zero" and dtype_of(n).kind == "f":
            return _real_factorial(n)
    options = {} if extend == "zero" else {"extend": extend}
    return special.factorial(n, exact=exact, **options)


@numpy_function(special.factorial2, kind="rule", note="of floats with extend='complex'")
def factorial2(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    """Answer ``scipy.special.factorial2``."""
    n = array_operand(n)
    if not exact and extend == "complex" and not _whole(n):
        return multifactorial(n, k=2)
    options = {} if extend == "zero" else {"extend": extend}
    return special.factorial2(n, exact=exact, **options)


@numpy_function(special.factorialk, kind="rule", note="of floats with extend='complex'")
def factorialk(n: Any, k: Any, exact: bool | None = False, extend: str = "zero") -> Any:
    """Answer ``scipy.special.factorialk``."""
    n = array_operand(n)
    if not exact and extend == "complex" and not _whole(n):
        return multifactorial(n, k=k)
    options = {} if extend == "zero" else {"extend": extend}
    return special.factorialk(n, k, exact=exact, **options)


@by_order()
def _diric(m: int, x: Any, n: Any) -> Any:
    """Differentiate sin(nx/2)/(n sin(x/2)) = Σ cos((n-1-2k) x/2)/n term by term: no 0/0."""
    if m == 0:
        return special.diric(x, n)
    total = np.zeros_like(x)
    for k in range(int(np.max(n, initial=0))):
        half = np.where(k < n, 0.5 * (n - 1 - 2 * k), 0.0)
        total = total + half**m * np.cos(half * x + 0.5 * np.pi * m)
    return np.where((n > 0) & (n == np.floor(n)), total / n, np.nan)


_WHOLE = Refusal("the order is a whole number", "pass it as a constant")
diric_order = elementwise(
    _diric,
    None,
    lambda a, b, c: diric_order(a + 1, b, c),
    _WHOLE,
    on=[
        case(0.0, reals(2, 3), np.array([1, 5, 6])),
        case(np.array([1.0, 2.0]), reals(2), 4),
        case(1.0, 0.6, 3),
    ],
    name="diric_order",
    analytic=False,
    formula="the derivatives of Dirichlet's kernel in x",
)
diric_ = elementwise(
    special.diric,
    lambda a, b: diric_order(1, a, b),
    _WHOLE,
    on=[case(reals(3, 2), 4), case(reals(2, 3), np.array([1, 5, 6])), case(0.7, 3)],
    name="diric",
    analytic=False,
    formula="∂x = -Σ m sin(mx)/n, m = (n-1)/2 - k",
)


@numpy_function(special.diric, kind="rule", note="the order is a constant")
def diric(x: Any, n: Any) -> Any:
    """Answer ``scipy.special.diric``."""
    return diric_(array_operand(x), array_operand(n))


_passing = ["stirling2", "bernoulli", "euler", "erf_zeros", "fresnel_zeros"]
_passing += ["fresnelc_zeros", "fresnels_zeros"]
for _name in _passing:
    _function = getattr(special, _name, None)
    if _function is not None:
        numpy_function(_function, kind="passes", note="of whole numbers")(_function)
