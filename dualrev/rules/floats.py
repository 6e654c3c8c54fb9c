"""Parts of floating-point numbers: mantissa and exponent, whole and fraction, neighbours; the step; integers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.batching import batch_elementwise
from dualrev.core.bind import operand
from dualrev.core.domains import case, reals
from dualrev.core.flavours import constant, elementwise, general
from dualrev.core.primitive import numpy_function

__all__ = ["ieee_remainder"]

_EXPONENTS = np.array([[3, -2, 0], [1, 0, -7]])


def _scaled(t: Any, b: Any) -> Any:
    if dtype_of(t).kind == "c":
        return np.ldexp(np.real(t), b) + 1j * np.ldexp(np.imag(t), b)
    return np.ldexp(t, b)


@general(
    np.ldexp,
    arguments=("a", "b"),
    constant=("b",),
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
    on=[
        case((2, 3), _EXPONENTS),
        case((2, 1), _EXPONENTS[0]),
        case((), np.array(2)),
        case((2,), np.array(-3)),
    ],
)
class ldexp:
    """dy = 2^b da, by the same change of exponents; b is an integer."""

    def tangent_a(t: Any, b: Any) -> Any:
        return _scaled(t, b)

    def adjoint_a(ct: Any, b: Any) -> Any:
        return _scaled(ct, b)


numpy_function(np.ldexp, kind="rule", note="the exponent is an integer")(ldexp)


def frexp_exponent(x: Any) -> Any:
    return np.frexp(x)[1]


(_exponent,) = constant(frexp_exponent, answers=False, batch=batch_elementwise)


@numpy_function(np.frexp, note="the mantissa has derivative 2^-e, the exponent is an integer")
def frexp(x: Any) -> Any:
    x = operand(x)
    exponent = _exponent(x)
    return ldexp(x, -exponent), exponent


fraction = elementwise(
    lambda x: np.modf(x)[0],
    1,
    on=reals,
    name="fraction",
    analytic=False,
    formula="x - trunc(x): 1",
    kinks="1 at integers, too",
)


@numpy_function(np.modf, note="fractional part has derivative 1")
def modf(x: Any) -> Any:
    return fraction(x), np.trunc(x)


_remainder = np.frompyfunc(
    lambda a, b: math.remainder(a, b) if b and not math.isinf(a) else math.nan, 2, 1
)

ieee_remainder = elementwise(
    lambda a, b: np.asarray(_remainder(a, b), dtype=np.result_type(a, b, np.float32))[()],
    1,
    lambda a, b, y: -np.rint((a - y) / b),
    on=[
        case((3, 2), np.array([[0.7, 0.9], [1.3, -0.4], [2.1, 0.6]])),
        case((2,), np.array(0.7)),
        case((), np.array(-1.9)),
    ],
    name="ieee_remainder",
    analytic=False,
    formula="a - n b, n the integer next to a/b: ∂a = 1, ∂b = -n",
    kinks="the value of the branch that is taken; math.remainder",
)


@numpy_function(np.divmod, note="floor_divide and remainder")
def divmod_(a: Any, b: Any) -> Any:
    return np.floor_divide(a, b), np.remainder(a, b)


nextafter = elementwise(
    np.nextafter,
    1,
    None,
    on=[
        case((2, 3), np.array([[0.4, -3.0, 2.0], [-0.3, 5.0, 0.1]])),
        case((2, 3), np.array([0.4, -3.0, 2.0])),
        case((), np.array(-0.7)),
    ],
    analytic=False,
    formula="∂a = 1",
    kinks="b only gives the direction",
)


@general(
    np.heaviside,
    arguments=("a", "b"),
    constant=("a",),
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
    kinks="0 in a, also at its jump",
    on=[
        case(np.array([[0, 1], [-1, 0]]), (2, 2)),
        case(np.array([0, 2, -1]), (2, 3)),
        case(np.array([0, 0, 1]), ()),
        case(np.array(0), (2,)),
    ],
)
class heaviside:
    """The value b counts where a = 0 and nowhere else; the steps are locally constant."""

    def tangent_b(t: Any, a: Any) -> Any:
        return np.where(a == 0, t, 0)

    def adjoint_b(ct: Any, a: Any) -> Any:
        return np.where(a == 0, ct, 0)


numpy_function(np.heaviside, kind="rule", note="0 in x1, also at its jump")(heaviside)

# Of integers, dates and bits; NumPy refuses floats with a TypeError, so a traced one never gets in.
constant(
    np.spacing,
    np.gcd,
    np.lcm,
    np.left_shift,
    np.right_shift,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.bitwise_count,
    np.invert,
    np.isnat,
)
