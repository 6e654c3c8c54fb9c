"""Gradients of scalar functions, by one reverse sweep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.finite import without_warnings
from dualrev.derivatives.containers import single
from dualrev.derivatives.passes import Argnums, Inputs, ReversePass, record
from dualrev.derivatives.transform import Transform
from dualrev.errors import OutputError, describe

__all__ = ["grad", "value_and_grad"]


def _scalar(name: str, run: ReversePass) -> Any:
    """Return the one real number that a gradient needs, or say what came instead."""
    outputs = run.outputs
    if type(outputs[0]) is np.float64 and run.rebuild is single:
        return outputs[0]
    if run.rebuild is not single:
        raise OutputError(
            f"{name}: the function returned a container (tuple, dict, ...) of {len(outputs)} arrays; "
            "a gradient needs one real number (a scalar). "
            "Call dualrev.jacobian(f), dualrev.vjp(f, x), or, where the transform has it, pass has_aux=True if it "
            "returns (y, aux)."
        )
    y = outputs[0]
    if np.shape(y):
        raise OutputError(
            f"{name}: the function returned {describe(y)}; a gradient needs one real number. "
            "Call dualrev.jacobian(f) for the derivative of a vector, or return y.sum() or y[0]."
        )
    kind = dtype_of(y).kind
    if kind == "c":
        raise OutputError(
            f"{name}: the function returned a complex number; a gradient needs a real one. "
            "Return y.real or abs(y)**2, or call dualrev.jvp or dualrev.vjp."
        )
    if kind != "f":
        raise OutputError(
            f"{name}: the function returned {describe(y)}, which has no derivative; a gradient needs a float"
        )
    return y


class Gradient(Transform):
    """The gradient of a function as a callable; `hessian` differentiates it once more."""

    name = "grad"
    argnums: Argnums
    has_aux: bool
    with_value: bool

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        inputs = Inputs(self.name, args, self.argnums)
        # One sweep frees residuals as it goes. Where it meets 0 * inf, the function is recorded again for strong zeros.
        for once in (True, False):
            if once:
                run = record(self.name, inputs, self.f, kwargs, self.has_aux)
            else:
                # What there was to warn of has been said.
                with without_warnings():
                    run = record(self.name, inputs, self.f, kwargs, self.has_aux)
            try:
                y = _scalar(self.name, run)
                pulled = run.pull([dtype_of(y).type(1.0)], once)
            finally:
                run.tape.captures.release()
            if pulled is not None:
                break
        result = inputs.structure(run.finish(pulled))
        if self.with_value:
            return ((y, run.aux), result) if self.has_aux else (y, result)
        return (result, run.aux) if self.has_aux else result


class ValueAndGradient(Gradient):
    name = "value_and_grad"


def grad(f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Return the function that computes the gradient of a scalar function.

    Parameters
    ----------
    f : callable
        Plain NumPy code that returns one real float.
    argnums : int or sequence of int
        Positional argument(s) to differentiate: floats, float or complex arrays of any shape, or containers of them.
    has_aux : bool
        `f` returns ``(y, aux)``; the result is then ``(gradient, aux)``.

    Returns
    -------
    callable
        Called like `f`; returns an array of the argument's shape and dtype (a tuple of them if `argnums` is a
        sequence). With respect to z = u + iv the gradient is ∂f/∂u + i ∂f/∂v.

    Raises
    ------
    OutputError
        If `f` returns anything but one real float.
    InputError
        If an argument to differentiate is not made of floats.

    Notes
    -----
    Cost: one evaluation of `f` and one sweep, together typically 3 to 5 times the operations of `f`, whatever the size
    of the argument (the cheap gradient principle; Griewank & Walther 2008, section 3.3). Memory: the residuals of
    all operations.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> dr.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return Gradient(f, argnums=argnums, has_aux=has_aux, with_value=False)


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return the function that computes a scalar function and its gradient in one go.

    Parameters
    ----------
    f, argnums, has_aux
        As in `grad`; with `has_aux` the result is ``((y, aux), gradient)``.

    Returns
    -------
    callable
        Called like `f`; returns ``(y, gradient)``, which ``scipy.optimize.minimize(..., jac=True)`` takes.

    Raises
    ------
    OutputError, InputError
        As in `grad`.

    Notes
    -----
    Cost as `grad`; the value is free.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from scipy.optimize import minimize
    >>> rosen = lambda x: 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2
    >>> minimize(dr.value_and_grad(rosen), np.array([-1.2, 1.0]), jac=True).x.round(5)
    array([1., 1.])
    """
    return ValueAndGradient(f, argnums=argnums, has_aux=has_aux, with_value=True)
