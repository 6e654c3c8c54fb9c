"""Functions of one number that SciPy returns for a run of orders at once, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.domains import case, positive
from dualrev.core.flavours import general
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.special.airy import pushed, weighted
from dualrev.rules.special.bessel import away, whole_number

__all__: list[str] = []


def _declare(
    function: Any,
    second: Callable[..., Any],
    formula: str,
    orders: list[Any],
    domain: Any = away,
) -> Callable[..., Any]:
    """Declare ``function(order, x)``, a pair of sequences f_k(x), f_k'(x), where ``second(f, f', k, x)`` is f''.

    k counts from the fractional part of the order, in steps of one.
    """

    def slopes(x: Any, y: Any, order: Any) -> tuple[Any, Any]:
        k = np.arange(y[0].shape[-1]) + (order - int(order))
        return y[1], second(*y, k, x)

    @general(
        lambda x, order: tuple(function(order, float(x))),
        on=[case(domain(), order=order) for order in orders],
        name=f"special.{function.__name__}",
        analytic=False,
    )
    class rule:
        """d(f, f') = (f', f'') dx, where f'' follows from the differential equation."""

        def tangent(t: Any, x: Any, y: Any, *, order: Any) -> Any:
            return pushed(t, slopes(x, y, order))

        def adjoint(ct: Any, x: Any, y: Any, *, order: Any) -> Any:
            return np.sum(weighted(ct, slopes(x, y, order)), axis=-1)

    def answer(order: Any, x: Any) -> Any:
        if np.ndim(order) or np.ndim(x):
            raise ValueError("arguments must be scalars.")
        if order < 0:
            raise UnsupportedError(
                f"scipy.special.{function.__name__}",
                "for orders below zero",
                "the function of one order",
            )
        return rule(x, order=order)

    return answer


def _riccati(f: Any, _: Any, k: Any, x: Any) -> Any:
    return (k * (k + 1) / (x * x) - 1.0) * f


def _cylinder(f: Any, _: Any, k: Any, x: Any) -> Any:
    return (0.25 * x * x - k - 0.5) * f


def _lambda(f: Any, slope: Any, k: Any, x: Any) -> Any:
    """At x = 0 both terms are finite: Λ'/x is -1/(2(k+1))."""
    at_zero = x == 0
    return np.where(
        at_zero,
        -0.5 / (k + 1.0),
        -(2.0 * k + 1.0) * slope / np.where(at_zero, 1.0, x) - f,
    )


_RICCATI = "f'' = (k(k+1)/x² - 1) f (DLMF 10.51(ii))"
_riccati_jn = _declare(special.riccati_jn, _riccati, _RICCATI, [3, 0])
_riccati_yn = _declare(special.riccati_yn, _riccati, _RICCATI, [3, 0])
_CYLINDER = "f'' = (x²/4 - k - 1/2) f (DLMF 12.2.2)"
_pbdv = _declare(special.pbdv_seq, _cylinder, _CYLINDER, [2.5, 0, 0.25], positive)
_pbvv = _declare(special.pbvv_seq, _cylinder, _CYLINDER, [2.5, 0.25], positive)
_lmbda = _declare(
    special.lmbda, _lambda, "f'' = -(2k+1) f'/x - f (DLMF 10.2.1)", [2.5, 3, 0.25], positive
)
_NOTE = "in x, a number; a plain order"


@numpy_function(special.riccati_jn, kind="rule", note=_NOTE)
def riccati_jn(n: Any, x: Any) -> Any:
    return _riccati_jn(whole_number(n), x)


@numpy_function(special.riccati_yn, kind="rule", note=_NOTE)
def riccati_yn(n: Any, x: Any) -> Any:
    return _riccati_yn(whole_number(n), x)


@numpy_function(special.pbdv_seq, kind="rule", note=_NOTE)
def pbdv_seq(v: Any, x: Any) -> Any:
    return _pbdv(v, x)


@numpy_function(special.pbvv_seq, kind="rule", note=_NOTE)
def pbvv_seq(v: Any, x: Any) -> Any:
    return _pbvv(v, x)


@numpy_function(special.lmbda, kind="rule", note=_NOTE)
def lmbda(v: Any, x: Any) -> Any:
    return _lmbda(v, x)


def _refused(name: str, reason: str, alternative: str) -> None:
    @numpy_function(getattr(special, name), kind="unsupported", note=reason)
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"scipy.special.{name}", reason, alternative)


for _name in ("mathieu_even_coef", "mathieu_odd_coef", "obl_cv_seq", "pro_cv_seq"):
    _refused(
        _name,
        "SciPy has no derivative in the parameter",
        "a plain parameter, or differences: dr.primitive(..., fd=)",
    )
# D₀(z) = exp(-z²/4) comes out real at complex z (SciPy 1.17).
_refused("pbdn_seq", "SciPy's values at complex z are wrong", "special.pbdv at real arguments")
