"""Exact Jacobians for the implicit methods of solve_ivp and odeint."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import integrate, sparse

from dualrev.core.array import value
from dualrev.core.levels import decaying
from dualrev.derivatives.jacobian import jacobian
from dualrev.errors import DualrevError
from dualrev.scipy.integrate.systems import as_matrix
from dualrev.sparse.jacobian import jacobian as sparse_jacobian

__all__ = ["odeint_jacobian", "way_out", "with_jacobian"]

_SPARSE = ("Radau", "BDF", integrate.Radau, integrate.BDF)
_DENSE = ("LSODA", integrate.LSODA)


@contextlib.contextmanager
def way_out(remedy: str) -> Iterator[None]:
    """Add to an error of a function that cannot be differentiated how to go on without its derivative."""
    try:
        yield
    except DualrevError as error:
        if hasattr(error, "add_note"):
            error.add_note(f"It arose in the exact Jacobian of the right-hand side; {remedy}.")
        raise


def with_jacobian(
    fun: Callable[..., Any], y0: Any, method: Any, has_args: bool, options: dict[str, Any]
) -> dict[str, Any]:
    """Return the options of solve_ivp with the exact Jacobian, if the method takes one and none is given.

    ``jac="2-point"`` leaves it to SciPy's differences; so does a complex state, as the right-hand side may not be
    holomorphic.
    """
    options = dict(options)
    given = options.get("jac")
    if isinstance(given, str) and given == "2-point":
        options["jac"] = None
        return options
    if given is not None or method not in (*_SPARSE, *_DENSE):
        return options
    if options.get("lband") is not None or options.get("uband") is not None:
        return options
    state = np.asarray(y0)
    if state.dtype.kind == "c" or state.ndim != 1:
        return options
    n = state.size
    pattern = options.get("jac_sparsity")
    may_be_sparse = method in _SPARSE
    remedy = 'pass jac= by hand, or jac="2-point" for finite differences'

    if pattern is not None and may_be_sparse:
        # SciPy takes the pattern for its own differences only.
        options["jac_sparsity"] = None
        remembering = decaying(fun)
        compressed = sparse_jacobian(
            lambda y, t, *args: remembering(t, y, *args), pattern=pattern, format="csc"
        )

        def jac(t: float, y: np.ndarray, *args: Any) -> Any:
            with way_out(remedy):
                return sparse.csc_matrix(compressed(y, t, *args))

    else:
        exact = jacobian(decaying(fun), argnums=1, mode="forward")

        def jac(t: float, y: np.ndarray, *args: Any) -> Any:
            with way_out(remedy):
                J = np.reshape(value(exact(t, y, *args)), (n, n))
            return as_matrix(J, may_be_sparse)

    options["jac"] = jac
    return options


def odeint_jacobian(func: Callable[..., Any], tfirst: bool) -> Callable[..., Any]:
    """Return the exact Jacobian in the form of ``Dfun``."""
    exact = jacobian(decaying(func), argnums=1 if tfirst else 0, mode="forward")

    def Dfun(*given: Any) -> Any:
        n = np.size(given[1 if tfirst else 0])
        with way_out("pass Dfun= by hand, or call scipy.integrate.odeint for finite differences"):
            return np.reshape(value(exact(*given)), (n, n))

    return Dfun
