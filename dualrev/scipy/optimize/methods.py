"""What each method of `minimize` can use, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from dualrev.scipy.optimize.curvature import SparseDerivatives
from dualrev.scipy.optimize.derivatives import DENSE, Derivatives

__all__ = ["METHODS", "Supplied", "Uses", "label", "supply", "uses"]

FINITE_DIFFERENCES = ("2-point", "3-point", "cs")


class Uses(NamedTuple):
    """The derivatives that a method asks for.

    `hessian` is "" (none), "matrix", or "any" (a matrix or products). `sparse` is how it takes a sparse Hessian: ""
    (not at all), "matrix", or "products".
    """

    gradient: bool = True
    hessian: str = ""
    constraints: str = ""
    sparse: str = ""


# Constraints: "" (none), "value" (no derivative), "jac", or "hess" (of the Lagrangian).
METHODS = {
    "nelder-mead": Uses(False),
    "powell": Uses(False),
    "cg": Uses(),
    "bfgs": Uses(),
    "newton-cg": Uses(hessian="any", sparse="products"),
    "l-bfgs-b": Uses(),
    "tnc": Uses(),
    "cobyla": Uses(False, constraints="value"),
    "cobyqa": Uses(False, constraints="value"),
    "slsqp": Uses(constraints="jac"),
    "trust-constr": Uses(hessian="any", constraints="hess", sparse="matrix"),
    "dogleg": Uses(hessian="matrix"),
    "trust-ncg": Uses(hessian="any", sparse="products"),
    "trust-exact": Uses(hessian="matrix"),
    "trust-krylov": Uses(hessian="any", sparse="products"),
    "ipopt": Uses(hessian="matrix", constraints="hess", sparse="matrix"),
    # A callable of the user's gets everything; what it does not ask for is not computed.
    "custom": Uses(hessian="both", constraints="hess"),
}
# These do not do without a gradient function, so a string is no way out of an error.
_EXACT_ONLY = {"newton-cg", "dogleg", "trust-ncg", "trust-exact", "trust-krylov"}


def label(method: Any, bounds: Any = None, constraints: Any = ()) -> str:
    """Return the name of a method in lower case; the default is SciPy's."""
    if method is None:
        if constraints is not None and (not hasattr(constraints, "__len__") or len(constraints)):
            return "slsqp"
        return "bfgs" if bounds is None else "l-bfgs-b"
    return "custom" if callable(method) else str(method).lower()


def uses(name: str) -> Uses:
    """Return what a method uses; of an unknown one, nothing, so that SciPy says that it is unknown."""
    return METHODS.get(name, Uses(False))


def way_out(name: str) -> str:
    """Return what to do about a function that cannot be differentiated."""
    if name in _EXACT_ONLY:
        return 'or choose method="BFGS" with jac="2-point" for finite differences'
    return 'or pass jac="2-point" for finite differences'


class Supplied(NamedTuple):
    """Objective and derivatives as a solver takes them."""

    fun: Callable[..., Any]
    jac: Any
    hess: Any
    hessp: Any


def supply(
    d: Derivatives,
    name: str,
    fun: Callable[..., Any],
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    size: int = 0,
) -> Supplied:
    """Fill in the exact derivatives that method `name` uses and that were not given.

    `d` is of the plain objective; `fun` is what was given (with jac=True it returns a pair). After finite differences
    of the gradient no Hessian is supplied: whoever asks for them says that the function is not to be differentiated.
    """
    wanted = uses(name)
    strings = isinstance(jac, str)
    given = callable(jac) or jac is True or strings
    exact = wanted.gradient and not given
    if exact:
        fun, jac = d.fun, d.jac
    if wanted.hessian and hess is None and hessp is None and not strings:
        sparse = wanted.sparse if isinstance(d, SparseDerivatives) else ""
        matrix = sparse == "matrix" or wanted.hessian == "matrix" or (size <= DENSE and not sparse)
        second = "hess" if matrix else "hessp"
        if wanted.hessian == "both" or second == "hess":
            hess = d.hess
        if wanted.hessian == "both" or second == "hessp":
            hessp = d.hessp
        if exact and wanted.hessian != "both":
            d.second = "hess" if sparse else second
    return Supplied(fun, jac, hess, hessp)
