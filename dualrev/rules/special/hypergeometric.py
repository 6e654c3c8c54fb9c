"""Hypergeometric functions, and the inverses of w e^w and w + log w."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.bind import operand
from dualrev.core.domains import case, positive, reals
from dualrev.core.flavours import elementwise, general
from dualrev.core.primitive import Refusal, numpy_function
from dualrev.core.ufuncs import special

__all__: list[str] = []

_PARAMETER = Refusal(
    "the derivative with respect to a parameter has no closed form",
    "pass dualrev.value(...) of it, or declare a rule by differences with dualrev.primitive",
)


def _parameters(*values: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array(v) for v in values)


hyp0f1 = elementwise(
    special.hyp0f1,
    _PARAMETER,
    lambda a, b: special.hyp0f1(a + 1, b) / a,
    on=[
        case(np.array([0.7, 2.0, 3.4]), reals(2, 3)),
        case(np.array([[1.3], [2.2]]), reals(3)),
        case(np.array(2.5), reals()),
        # SciPy's value is too rough along the imaginary axis for a complex step.
        case(np.array([1.3, 2.2]), lambda rng: rng.normal(size=2) + 1j * rng.normal(size=2)),
    ],
    analytic=False,
    formula="∂b = ₀F₁(a+1; b)/a (DLMF 16.3.1)",
)


# Declared by its two rules, as the checks of an elementwise one try 1e308, for which SciPy sums 1e296 terms.
@general(
    special.hyp1f1,
    arguments=("a", "b", "c"),
    refused={"a": _PARAMETER, "b": _PARAMETER},
    on=[
        case(np.array([0.7, 2.0, -1.4]), np.array([1.2, 0.6, 3.3]), reals(2, 3)),
        case(np.array([[1.3], [2.2]]), np.array(1.9), reals(3)),
        case(np.array(2.5), np.array(0.4), reals()),
    ],
    broadcasts=True,
    pattern="elementwise",
)
class hyp1f1:
    """∂c = a/b ₁F₁(a+1; b+1; c) (DLMF 13.3.15)."""

    def tangent_c(t: Any, a: Any, b: Any, c: Any) -> Any:
        return t * (a / b) * hyp1f1(a + 1, b + 1, c)

    def adjoint_c(ct: Any, a: Any, b: Any, c: Any) -> Any:
        return ct * (a / b) * hyp1f1(a + 1, b + 1, c)


numpy_function(special.hyp1f1, kind="rule")(hyp1f1)

hyp2f1 = elementwise(
    special.hyp2f1,
    _PARAMETER,
    _PARAMETER,
    _PARAMETER,
    lambda c, a, b, d: a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, d),
    on=[
        case(
            np.array([0.7, 2.0, -1.4]),
            np.array([1.2, 0.6, 2.3]),
            np.array([0.9, 3.1, 1.7]),
            lambda rng: rng.uniform(-0.8, 0.7, (2, 3)),
        ),
        case(
            np.array([[1.3], [2.2]]),
            np.array(0.4),
            np.array(1.9),
            lambda rng: rng.uniform(-0.8, 0.7, 3),
        ),
        case(*_parameters(2.5, 0.4, 1.1), lambda rng: rng.uniform(-0.8, 0.7)),
    ],
    formula="∂d = ab/c ₂F₁(a+1, b+1; c+1; d) (DLMF 15.5.1)",
)
hyperu = elementwise(
    special.hyperu,
    _PARAMETER,
    _PARAMETER,
    lambda a, b, c: -a * special.hyperu(a + 1, b + 1, c),
    on=[
        case(
            np.array([0.5, 1.0, 1.25]),
            np.array([2.0, 2.5, 3.0]),
            lambda rng: rng.uniform(0.6, 2.5, (2, 3)),
        ),
        case(np.array([[0.75], [1.25]]), np.array(2.5), lambda rng: rng.uniform(0.6, 2.5, 3)),
        case(*_parameters(1.25, 2.0), lambda rng: rng.uniform(0.6, 2.5)),
    ],
    analytic=False,
    formula="∂c = -a U(a+1, b+1, c) (DLMF 13.3.22)",
    kinks="as accurate as SciPy's U, which has 8 to 15 digits",
)

saturation = elementwise(
    lambda x: x / (1 + x),
    lambda x: 1 / ((1 + x) * (1 + x)),
    on=[case(positive(3, 2)), case(positive())],
    name="saturation",
    formula="x/(1 + x): 1/(1 + x)²",
)
wrightomega = elementwise(
    special.wrightomega,
    lambda y: saturation(y),
    on=reals,
    formula="y/(1 + y)",
    kinks="infinite at the branch points -1 ± iπ",
)


def _lambert_slope(a: Any, y: Any) -> Any:
    """Return w/(z (1 + w)), and e^(-w)/(1 + w) at z = 0."""
    zero = a == 0
    at_zero = np.exp(-np.where(zero, y, 0)) / (1 + y)
    return np.where(zero, at_zero, saturation(y) / np.where(zero, 1, a))


def _off_branch(*shape: int) -> Any:
    return lambda rng: rng.uniform(0.3, 2.0, shape) * np.exp(1j * rng.uniform(-2.0, 2.0, shape))


_lambertw = elementwise(
    special._ufuncs._lambertw,
    _lambert_slope,
    None,
    Refusal("it bounds the error of an iteration", "pass a plain number"),
    name="lambertw",
    on=[
        case(positive(3, 2), np.array(0), np.array(1e-8)),
        case(_off_branch(2, 3), np.array([0, 1, -1]), np.array(1e-8)),
        case(_off_branch(), np.array(2), np.array(1e-8)),
    ],
    formula="∂a = y/(a (1 + y)) (DLMF 4.13.4)",
    kinks="1 at a = 0 on the branch 0; NaN at the branch point -1/e, where SciPy gives NaN",
)


@numpy_function(special.lambertw, kind="rule", note="complex, as SciPy's; 1 at z = 0 for k = 0")
def lambertw(z: Any, k: Any = 0, tol: Any = 1e-8) -> Any:
    """Answer ``special.lambertw``."""
    return _lambertw(operand(z), np.asarray(k, np.dtype("long")), tol)
