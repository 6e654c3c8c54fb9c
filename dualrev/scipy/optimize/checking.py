"""Finite differences beside exact derivatives: `check_grad` and `approx_fprime`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.bind import operand
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed
from dualrev.derivatives.gradient import grad as gradient
from dualrev.derivatives.jacobian import jacobian

__all__ = ["approx_fprime", "check_grad"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize

_STEP = float(np.sqrt(np.finfo(float).eps))


@replaces(optimize.check_grad, kind="solver", note="grad=None checks the exact gradient")
def check_grad(
    func: Callable[..., Any],
    grad: Callable[..., Any] | None,
    x0: Any,
    *args: Any,
    epsilon: float = _STEP,
    direction: str = "all",
    **rng: Any,
) -> Any:
    """Compare a gradient with forward differences, as `scipy.optimize.check_grad`.

    Parameters
    ----------
    func : callable
        ``func(x0, *args)`` returns a number, or a vector (then `grad` is a Jacobian).
    grad : callable or None
        The gradient by hand; None checks dualrev's, and so how well differences do.
    x0 : array_like
        Where.
    *args, epsilon, direction, rng, seed
        As in SciPy.

    Returns
    -------
    float
        The 2-norm of the difference. It is dominated by the error of the differences; `dualrev.check_derivatives`
        estimates that error and says which of the two is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> bool(optimize.check_grad(lambda x: np.sum(np.sin(x)), lambda x: np.cos(x), [0.1, 0.2]) < 1e-7)
    True
    >>> bool(optimize.check_grad(lambda x: np.sum(np.sin(x)), None, [0.1, 0.2]) < 1e-7)
    True
    """
    if grad is None:

        def grad(x: Any, *args: Any) -> Any:
            x = np.array(x, float)
            # A number needs one sweep, a vector its Jacobian; which it is shows when it is there.
            scalar = np.ndim(func(x, *args)) == 0
            return (gradient if scalar else jacobian)(func)(x, *args)

    return _scipy.check_grad(func, grad, x0, *args, epsilon=epsilon, direction=direction, **rng)


@replaces(optimize.approx_fprime, kind="solver", note="traced: the differences are differentiated")
def approx_fprime(xk: Any, f: Callable[..., Any], epsilon: Any = _STEP, *args: Any) -> Any:
    """Approximate a derivative by forward differences, as `scipy.optimize.approx_fprime`.

    Parameters
    ----------
    xk : array_like
        Where.
    f : callable
        ``f(xk, *args)`` returns a number or a vector.
    epsilon : float or array_like
        Steps.
    *args
        Extra arguments.

    Returns
    -------
    ndarray
        SciPy's own result. Where `xk`, `args` or the closure of `f` hold traced values, the quotients of differences
        are computed on these. The exact derivative is ``dualrev.jacobian(f)(xk)``.

    Examples
    --------
    >>> from dualrev.scipy import optimize
    >>> optimize.approx_fprime([1.0, 2.0], lambda x: x[0] * x[1], 1e-8).round(6)
    array([2., 1.])
    """
    if not closed(f, (xk, epsilon, *args)).values:
        return _scipy.approx_fprime(xk, f, epsilon, *args)
    x = np.atleast_1d(operand(xk))
    y = f(x, *args)
    h = np.broadcast_to(operand(epsilon), x.shape)
    steps = [h[i] * np.eye(1, x.size, i)[0] for i in range(x.size)]
    # The step that floating point makes of it, as in SciPy.
    columns = [(operand(f(x + s, *args)) - y) / (x[i] + h[i] - x[i]) for i, s in enumerate(steps)]
    return np.stack(columns, axis=-1)
