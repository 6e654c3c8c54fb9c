"""Fits of a model to data with the exact Jacobian, and parameters and covariances that have derivatives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed, guarded
from dualrev.derivatives.jacobian import jacobian
from dualrev.scipy.optimize import losses
from dualrev.scipy.optimize.derivatives import as_array
from dualrev.scipy.optimize.optimality import differentiate_minimum, refuse_lanes
from dualrev.scipy.optimize.residuals import Residuals

__all__ = ["curve_fit"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize


class _Model:
    """A model as SciPy calls it, f(xdata, *p), with its Jacobian in the parameters; both from one evaluation."""

    def __init__(self, f: Callable[..., Any], count: int) -> None:
        self.f = f
        self.count = count
        self._known: Any = None
        self._made: Any = None
        # SciPy counts the parameters of the model where no p0 is given.
        self.__signature__ = inspect.signature(f)

    def _residuals(self, xdata: Any) -> Residuals:
        if self._made is None or self._known is not xdata:
            self._known = xdata
            self._made = Residuals(
                lambda p: broadcast(self.f(xdata, *_parameters(p)), self.count),
                name="curve_fit",
                way_out='or pass jac="2-point" with method="trf" for finite differences',
            )
        return self._made  # type: ignore[no-any-return]

    def __call__(self, xdata: Any, *p: Any) -> Any:
        return self._residuals(xdata).fun(np.array(p, float))

    def jac(self, xdata: Any, *p: Any) -> Any:
        """Return the Jacobian, one row for each value of the model."""
        return self._residuals(xdata).jac(np.array(p, float))


def _parameters(p: Any) -> list[Any]:
    return [p[k] for k in range(p.shape[0])]


def broadcast(y: Any, count: int) -> Any:
    """Return a model's result with one entry for each of the data, also of a model that does not see them."""
    y = as_array(y, "curve_fit")
    if np.size(y) == 1 and count != 1:
        y = np.broadcast_to(np.reshape(y, ()), (count,))
    return y


@replaces(
    optimize.curve_fit,
    kind="solver",
    note="exact Jacobian in the parameters; popt and pcov have derivatives",
)
def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = (-np.inf, np.inf),
    method: str | None = None,
    jac: Any = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **kwargs: Any,
) -> Any:
    """Fit a model to data, as `scipy.optimize.curve_fit`, with the exact Jacobian.

    Parameters
    ----------
    f : callable
        ``f(xdata, *parameters)``, plain NumPy code.
    xdata : array_like or object
        What the model gets.
    ydata : array_like
        The data.
    jac : None, callable or {"2-point", "3-point", "cs"}
        None is the exact Jacobian with respect to the parameters; anything else is used as in SciPy.
    p0, sigma, absolute_sigma, check_finite, bounds, method, full_output, nan_policy, **kwargs
        As in SciPy.

    Returns
    -------
    popt, pcov, and with `full_output` infodict, mesg, ier
        As in SciPy, the covariance from the exact Jacobian. Where the data, `sigma`, bounds or the closure of `f` hold
        traced values, `popt`, `pcov` and ``infodict["fvec"]`` have their derivatives.

    Raises
    ------
    RuntimeError
        As SciPy, if the fit does not converge.
    SolutionError
        If derivatives are wanted and the minimum is not isolated, or a bound is active with a gradient of zero.
    InputError, OutputError
        If `f` cannot be differentiated.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import optimize
    >>> t = np.linspace(0.0, 4.0, 9)
    >>> y = 2.5 * np.exp(-1.3 * t)
    >>> popt, pcov = optimize.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, y)
    >>> popt.round(8)
    array([2.5, 1.3])
    >>> rate = lambda y: optimize.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, y)[0][1]
    >>> dr.grad(rate)(y).round(3)[:3]
    array([ 0.424, -0.369, -0.501])
    """
    sides = (bounds.lb, bounds.ub) if isinstance(bounds, optimize.Bounds) else bounds
    scale = kwargs.get("f_scale", 1.0)
    given: Any = (f, jac, kwargs)
    c = closed(given, (xdata, ydata, sigma, sides))
    refuse_lanes("curve_fit", c)
    plain: Any = c.plain
    (g, hand, options), (x, y, s, limits) = plain
    x, y, s, kept = _without_nan(x, y, s, check_finite, nan_policy)
    policy: dict[str, Any] = {"nan_policy": nan_policy}
    if kept is not None:
        check_finite, policy = False, {}
    model: Any = g
    if jac is None:
        model = _Model(g, np.size(y))
        hand = model.jac
        if s is not None and np.ndim(s) == 0:
            s = np.full(np.size(y), s)  # SciPy scales a Jacobian by vectors only
    else:
        model, hand = guarded("curve_fit", g), guarded("curve_fit", hand)
    popt, pcov, info, message, status = _scipy.curve_fit(
        model,
        x,
        y,
        None if p0 is None else value(operand(p0)),
        s,
        absolute_sigma,
        check_finite,
        limits,
        method,
        hand,
        full_output=True,
        **policy,
        **options,
    )
    if c.values:
        fit = _Fit(f, _taken(xdata, kept), _taken(ydata, kept), _taken(sigma, kept, matrix=True))
        fit.loss, fit.f_scale = kwargs.get("loss", "linear"), scale
        popt, pcov, info = fit.differentiate(popt, pcov, info, sides, absolute_sigma)
    return (popt, pcov, info, message, status) if full_output else (popt, pcov)


class _Fit:
    """The residuals of a fit as a function of the parameters, with whatever is traced in them."""

    loss: Any = "linear"
    f_scale: Any = 1.0

    def __init__(self, f: Callable[..., Any], xdata: Any, ydata: Any, sigma: Any) -> None:
        self.f = f
        # As SciPy does with data, before the model sees them.
        self.xdata = operand(xdata) if isinstance(xdata, (list, tuple)) else xdata
        self.ydata = operand(ydata)
        self.sigma = None if sigma is None else operand(sigma)
        if self.sigma is not None and np.size(self.sigma) != 1 and np.ndim(self.sigma) == 2:
            self.factor = np.linalg.cholesky(self.sigma)

    def residuals(self, p: Any) -> Any:
        model = as_array(self.f(self.xdata, *_parameters(p)), "curve_fit")
        r = model - self.ydata
        if self.sigma is None:
            return r
        if np.size(self.sigma) == 1 or np.ndim(self.sigma) == 1:
            return r / self.sigma
        return np.linalg.solve(self.factor, r)

    def differentiate(
        self, popt: Any, pcov: Any, info: dict[str, Any], sides: Any, absolute_sigma: bool
    ) -> tuple[Any, Any, dict[str, Any]]:
        """Return parameters, covariance and residuals with their derivatives and the values that SciPy found."""
        n = np.size(popt)
        found = SimpleNamespace(x=popt, success=True, message="")
        lower, upper = (np.broadcast_to(operand(b), (n,)) for b in sides)
        bounded = np.any(np.isfinite(value(lower))) or np.any(np.isfinite(value(upper)))

        def objective(p: Any) -> Any:
            return losses.cost(self.residuals(p), self.loss, self.f_scale)

        p = differentiate_minimum(
            objective, found, (lower, upper) if bounded else None, name="curve_fit"
        )
        r = np.ravel(self.residuals(p))
        if np.all(np.isfinite(pcov)):
            J = np.reshape(jacobian(self.residuals)(p), (r.shape[0], n))
            J = losses.scaled_jacobian(J, r, self.loss, self.f_scale)
            cov = np.linalg.inv(J.T @ J)
            if not absolute_sigma:
                cov = cov * (2 * objective(p) / (r.shape[0] - n))
            pcov = pcov + (cov - value(cov))
        return p, pcov, {**info, "fvec": info["fvec"] + (r - value(r))}


def _without_nan(
    x: Any, y: Any, sigma: Any, check_finite: Any, nan_policy: Any
) -> tuple[Any, Any, Any, Any]:
    """Leave out the data that have NaNs, if that is asked for; the last result says which are kept, None for all."""
    if check_finite or nan_policy != "omit":
        return x, y, sigma, None
    y = np.asarray(y, float)
    if isinstance(x, (list, tuple, np.ndarray)):
        x = np.asarray(x, float)
    missing = np.isnan(x)
    missing = missing.any(axis=tuple(range(missing.ndim - 1))) | np.isnan(y)
    if not missing.any():
        return x, y, sigma, None
    kept = ~missing
    return x[..., kept], y[kept], _taken(sigma, kept, matrix=True), kept


def _taken(data: Any, kept: Any, matrix: bool = False) -> Any:
    """Return the kept part of the last axis, for a matrix of covariances of both."""
    if kept is None or data is None or np.size(value(operand(data))) == 1:
        return data
    data = operand(data)
    if matrix and np.ndim(data) == 2:
        return data[kept][:, kept]
    return data[..., kept]
