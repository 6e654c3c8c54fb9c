"""SciPy's older functions: `fmin_bfgs` and its kind with exact gradients, the others on plain numbers only.

What none of them has is a result with derivatives: a traced value in an argument, or in what a function closes over,
is refused, as their iterations would carry a wrong derivative or none.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed, guarded
from dualrev.errors import UnsupportedError
from dualrev.scipy.optimize.derivatives import Derivatives

__all__ = ["fmin_bfgs", "fmin_cg", "fmin_ncg", "fmin_slsqp"]

_MINIMIZE = "call dualrev.scipy.optimize.minimize"
_SCALAR = "call dualrev.scipy.optimize.minimize_scalar"
_ROOT = "call dualrev.scipy.optimize.root"
_CORNER = "it stands in a corner, where its derivative is zero, or jumps to another one"
_ITERATIONS = "its iterations are not differentiated"
_BOUNDED = "call dualrev.scipy.optimize.least_squares with bounds="

# By name: the reason, and what to do instead.
_REFUSED = {
    **dict.fromkeys(("fmin", "fmin_powell", "fmin_cobyla"), (_ITERATIONS, _MINIMIZE)),
    **dict.fromkeys(("fmin_l_bfgs_b", "fmin_tnc", "brute", "direct"), (_ITERATIONS, _MINIMIZE)),
    **dict.fromkeys(("brent", "golden", "fminbound", "bracket"), (_ITERATIONS, _SCALAR)),
    **dict.fromkeys(("broyden1", "broyden2", "anderson", "newton_krylov"), (_ITERATIONS, _ROOT)),
    **dict.fromkeys(("linearmixing", "diagbroyden", "excitingmixing"), (_ITERATIONS, _ROOT)),
    "line_search": ("a step length is found by bracketing", "compute the step from dualrev.value"),
    "linprog": (_CORNER, "pass dualrev.value of the arrays"),
    "milp": (_CORNER, "pass dualrev.value of the arrays"),
    "linear_sum_assignment": ("an assignment is made of integers", "pass dualrev.value(cost)"),
    "quadratic_assignment": ("an assignment is made of integers", "pass dualrev.value(A)"),
    "nnls": (_ITERATIONS, _BOUNDED),
    "lsq_linear": (_ITERATIONS, _BOUNDED),
    "isotonic_regression": ("its pools are found by merging", "average over the pools it returns"),
}


def _refuse_traced(
    name: str, reason: str, alternative: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    if closed(_refuse_traced, (args, tuple(kwargs.values()))).values:
        raise UnsupportedError(f"scipy.optimize.{name}", reason, alternative)


def _on_plain_numbers(name: str, reason: str, alternative: str) -> None:
    original = getattr(optimize, name)

    @replaces(
        original,
        kind="unsupported",
        note=f"traced values are refused: {reason}",
        name=f"scipy.optimize.{name}",
    )
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        _refuse_traced(name, reason, alternative, args, kwargs)
        args = tuple(guarded(name, v) for v in args)
        return original(*args, **{k: guarded(name, v) for k, v in kwargs.items()})


for _name, (_reason, _alternative) in _REFUSED.items():
    if hasattr(optimize, _name):
        _on_plain_numbers(_name, _reason, _alternative)


def _with_gradient(original: Any) -> Callable[..., Any]:
    """Return a function of SciPy's with the exact gradient where none is given."""
    name = original.__name__
    signature = inspect.signature(original)
    function = next(iter(signature.parameters))
    optional = [
        p.replace(default=None) if p.name == "fprime" else p for p in signature.parameters.values()
    ]
    signature = signature.replace(parameters=optional)

    @replaces(original, kind="solver", note="exact gradient; traced values are refused")
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        _refuse_traced(name, _ITERATIONS, _MINIMIZE, args, kwargs)
        given = signature.bind(*args, **kwargs).arguments
        if given.get("fprime") is None:
            d = Derivatives(
                given[function],
                args=given.get("args", ()),
                scalar=True,
                way_out="or call scipy.optimize's own for finite differences",
                name=name,
            )
            given[function], given["fprime"] = d.fun, d.jac
            if name == "fmin_ncg" and given.get("fhess") is given.get("fhess_p") is None:
                given["fhess_p"] = d.hessp
        given["x0"] = np.asarray(given["x0"], float).reshape(-1)
        return original(**given)

    call.__signature__ = signature
    return call  # type: ignore[no-any-return]


fmin_bfgs = _with_gradient(optimize.fmin_bfgs)
fmin_cg = _with_gradient(optimize.fmin_cg)
fmin_ncg = _with_gradient(optimize.fmin_ncg)
fmin_slsqp = _with_gradient(optimize.fmin_slsqp)
