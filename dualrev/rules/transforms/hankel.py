"""scipy.fft.fht and ifht, the fast Hankel transform on a logarithmic grid: linear in the samples."""

from __future__ import annotations

from typing import Any

from scipy import fft

from dualrev.core.buffer import holds_traced
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand

__all__ = ["hankel_transform"]


def _value(x: Any, *, inverse: bool, dln: float, mu: float, offset: float, bias: float) -> Any:
    return (fft.ifht if inverse else fft.fht)(x, dln, mu, offset=offset, bias=bias)


def _transpose(ct: Any, *, inverse: bool, dln: float, mu: float, offset: float, bias: float) -> Any:
    return hankel_transform(ct, inverse=inverse, dln=dln, mu=mu, offset=offset, bias=bias)


hankel_transform = linear(
    _value,
    _transpose,
    on=[
        case((5,), inverse=False, dln=0.3, mu=0.5, offset=0.0, bias=0.0),
        case((2, 6), inverse=False, dln=0.2, mu=1.0, offset=0.15, bias=-0.2),
        case((2, 5), inverse=True, dln=0.25, mu=0.5, offset=0.1, bias=0.3),
    ],
    name="hankel_transform",
    pattern="...a->...b",
    formula="a circulant matrix with reversed rows, between powers of the grid: symmetric, its own transpose",
)


def _answer(function: Any, inverse: bool) -> None:
    name = f"scipy.fft.{function.__name__}"

    def answer(samples: Any, dln: Any, mu: Any, offset: Any, bias: Any) -> Any:
        given = {"dln": dln, "mu": mu, "offset": offset, "bias": bias}
        for argument, number in given.items():
            if holds_traced(number):
                raise UnsupportedError(
                    name,
                    f"no derivative with respect to {argument} is known to it",
                    f"pass dualrev.value({argument}), or write the integral as a sum",
                )
        return hankel_transform(array_operand(samples), inverse=inverse, **given)

    if inverse:

        @numpy_function(function, kind="rule", note="with respect to the samples")
        def ifht(A: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
            return answer(A, dln, mu, offset, bias)

    else:

        @numpy_function(function, kind="rule", note="with respect to the samples")
        def fht(a: Any, dln: Any, mu: Any, offset: Any = 0.0, bias: Any = 0.0) -> Any:
            return answer(a, dln, mu, offset, bias)


_answer(fft.fht, False)
_answer(fft.ifht, True)


@numpy_function(
    fft.fhtoffset,
    kind="unsupported",
    note="it chooses a grid, and fht has no derivative with respect to it",
)
def fhtoffset(*args: Any, **kwargs: Any) -> Any:
    """Refuse ``scipy.fft.fhtoffset``."""
    raise UnsupportedError(
        "scipy.fft.fhtoffset",
        "it chooses a grid, and fht has no derivative with respect to it",
        "compute it from dualrev.value of its arguments",
    )
