"""Arithmetic: sums, products, quotients, powers, roots, absolute values, and the extremes of two numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.batching import batch_elementwise
from dualrev.core.bind import operand
from dualrev.core.domains import case, nonzero, positive, reals
from dualrev.core.domains import negative as negative_numbers
from dualrev.core.flavours import constant, elementwise, general
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function

__all__ = ["real_sign"]


def _power_base(a: Any, b: Any) -> Any:
    """Return b a^(b-1), and 0 for b = 0 also at a = 0; at a = 0 the limit."""
    if type(b) is int or type(b) is float or type(b) is np.float64:
        if b == 2:
            return 2.0 * a
        if b == 3:
            return 3.0 * a * a
        return b * a ** (b - 1) if b != 0 else 0.0
    # Elsewhere the exponent stays as it is, since its own derivative is 1/a at b = 0.
    return b * a ** np.where((a == 0) & (b == 0), 1, b - 1)


def _power_exponent(a: Any, y: Any) -> Any:
    """Return y log a, and 0 at a = 0 (the limit for b > 0)."""
    return y * np.log(a + (a == 0))


def _no_nan(p: Any, a: Any, b: Any) -> Any:
    """The partial of fmax and fmin: the operand that is not NaN counts alone."""
    return np.where(np.isnan(b), 1.0, np.where(np.isnan(a), 0.0, p))


add = elementwise(np.add, 1, 1, on=(reals, reals), operator="a + b", formula="a + b")
subtract = elementwise(np.subtract, 1, -1, on=(reals, reals), operator="a - b", formula="a - b")
multiply = elementwise(
    np.multiply,
    lambda b: b,
    lambda a: a,
    on=(reals, reals),
    operator="a * b",
    formula="∂a = b, ∂b = a",
)
divide = elementwise(
    np.divide,
    lambda t, b: t / b,
    lambda t, b, y: t * (-y / b),
    on=(reals, nonzero),
    operator="a / b",
    formula="∂a = 1/b, ∂b = -y/b",
)
negative = elementwise(np.negative, -1, on=reals, operator="-x", formula="-1")
plus = elementwise(np.positive, 1, on=reals, operator="+x", formula="1")
power = elementwise(
    np.power,
    _power_base,
    _power_exponent,
    on=(positive, reals),
    operator="a ** b",
    formula="∂a = b a^(b-1), ∂b = y log a",
    kinks="at a = 0 the limit of ∂a; ∂a = 0 for b = 0; ∂b = 0 at a = 0",
)
float_power = elementwise(
    np.float_power,
    _power_base,
    _power_exponent,
    on=(positive, reals),
    formula="∂a = b a^(b-1), ∂b = y log a",
    kinks="as power; the result is float64 or complex128",
)
square = elementwise(np.square, lambda x: 2 * x, on=reals, formula="2x")
sqrt = elementwise(np.sqrt, lambda y: 0.5 / y, on=positive, formula="1/(2y)", kinks="+inf at 0")
cbrt = elementwise(
    np.cbrt,
    lambda y: 1 / (3 * y * y),
    on=nonzero,
    analytic=False,
    formula="1/(3y²)",
    kinks="+inf at 0",
)
reciprocal = elementwise(np.reciprocal, lambda y: -y * y, on=nonzero, formula="-y²")
absolute = elementwise(
    np.absolute,
    lambda x: np.conjugate(np.sign(x)),
    on=[case(nonzero(3, 2)), case(nonzero())],
    analytic=False,
    formula="sign(x); for complex x Re(conj(x/|x|) dx)",
    kinks="0 at 0, the least subgradient",
)
fabs = elementwise(
    np.fabs,
    lambda x: np.sign(x),
    on=[case(nonzero(3, 2)), case(nonzero())],
    analytic=False,
    formula="sign(x)",
    kinks="0 at 0",
)
hypot = elementwise(
    np.hypot,
    lambda a, y: a / np.where(y == 0, 1, y),
    lambda b, y: b / np.where(y == 0, 1, y),
    on=(nonzero, nonzero),
    analytic=False,
    formula="∂a = a/y, ∂b = b/y",
    kinks="0 at the origin, the least subgradient",
)
remainder = elementwise(
    np.remainder,
    1,
    lambda a, b: -np.floor_divide(a, b),
    on=[
        case(positive(3, 2), positive(3, 2)),
        case(positive(2, 3), positive(3)),
        case(positive(), positive()),
    ],
    analytic=False,
    operator="a % b",
    formula="∂a = 1, ∂b = -floor(a/b)",
    kinks="the value of the branch that NumPy takes",
)
fmod = elementwise(
    np.fmod,
    1,
    lambda a, b, y: -np.rint((a - y) / b),
    on=[
        case(positive(3, 2), positive(3, 2)),
        case(negative_numbers(2, 3), positive(3)),
        case(positive(), positive()),
    ],
    analytic=False,
    formula="∂a = 1, ∂b = -trunc(a/b), which is (y-a)/b",
    kinks="the value of the branch that NumPy takes",
)
maximum = elementwise(
    np.maximum,
    lambda a, b: (a > b) + 0.5 * (a == b),
    lambda a, b: (b > a) + 0.5 * (a == b),
    on=(reals, reals),
    analytic=False,
    formula="1 where larger",
    kinks="ties share equally",
)
minimum = elementwise(
    np.minimum,
    lambda a, b: (a < b) + 0.5 * (a == b),
    lambda a, b: (b < a) + 0.5 * (a == b),
    on=(reals, reals),
    analytic=False,
    formula="1 where smaller",
    kinks="ties share equally",
)
fmax = elementwise(
    np.fmax,
    lambda a, b: _no_nan((a > b) + 0.5 * (a == b), a, b),
    lambda a, b: _no_nan((b > a) + 0.5 * (a == b), b, a),
    on=(reals, reals),
    analytic=False,
    formula="1 where larger",
    kinks="ties share equally; a NaN operand counts nothing",
)
fmin = elementwise(
    np.fmin,
    lambda a, b: _no_nan((a < b) + 0.5 * (a == b), a, b),
    lambda a, b: _no_nan((b < a) + 0.5 * (a == b), b, a),
    on=(reals, reals),
    analytic=False,
    formula="1 where smaller",
    kinks="ties share equally; a NaN operand counts nothing",
)
copysign = elementwise(
    np.copysign,
    lambda a, b: np.sign(a) * np.copysign(1.0, b),
    None,
    on=[case(nonzero(3, 2), nonzero(3, 2)), case(nonzero(), nonzero())],
    analytic=False,
    formula="∂a = sign(a) sign(b)",
    kinks="0 at a = 0; b only gives its sign",
)

constant(np.signbit, np.floor, np.ceil, np.rint, np.trunc, np.floor_divide, np.fix)


(real_sign,) = constant(np.sign, answers=False)


def _plane(*shape: int) -> Any:
    return lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape)


def _inverse_size(x: Any) -> Any:
    size = np.absolute(x)
    return (size > 0) / np.where(size == 0, 1.0, size)


@general(
    np.sign,
    on=[case(_plane(3, 2)), case(_plane())],
    name="complex_sign",
    batch=batch_elementwise,
    analytic=False,
    pattern="elementwise",
    kinks="0 at 0",
)
class complex_sign:
    """dy = i y Im(conj(y) dx)/|x|: the phase turns, the size stays."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        return 1j * y * (np.imag(np.conjugate(y) * t) * _inverse_size(x))

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        return 1j * np.conjugate(y) * (np.imag(ct * y) * _inverse_size(x))


@numpy_function(
    np.sign, kind="constant", note="locally constant for real arguments; x/|x| for complex ones"
)
def sign(x: Any) -> Any:
    x = operand(x)
    return complex_sign(x) if dtype_of(x).kind == "c" else real_sign(x)


(_rounded,) = constant(np.round, answers=False, batch=batch_elementwise)


@numpy_function(np.round, np.around, kind="constant")
def rounded(a: Any, decimals: int = 0, out: Any = None) -> Any:
    y = _rounded(operand(a), decimals=decimals)
    return y if out is None else write_out(out, y, (), "np.round")
