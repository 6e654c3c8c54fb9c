"""Profile likelihood of one parameter: the minimum over the others, and where it crosses a confidence level.

Along the profile, the minimum of f(θ, ω) over ω, the others follow dω/dθ = −H_ωω⁻¹ H_ωθ and the slope is ∂f/∂θ, both
exact (Venzon & Moolgavkar 1988, A method for computing profile-likelihood-based confidence intervals, Applied
Statistics 37(1), 87-94). The signed root τ of the likelihood ratio is nearly linear in θ (Bates & Watts 1988, Nonlinear
Regression Analysis, chapter 6), so Newton's method on τ, kept in a bracket, finds the limits in a few steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from dualrev.core.array import value
from dualrev.derivatives.closures import refuse_traced
from dualrev.derivatives.gradient import value_and_grad
from dualrev.derivatives.jacobian import hessian
from dualrev.errors import InputError, SolutionError
from dualrev.scipy.optimize.covariance import covariance
from dualrev.scipy.optimize.parameters import index_of, names, problem_of, ravelled

__all__ = ["Profile", "profile"]

_STEPS = 60
_minimize: Any = optimize.minimize


@dataclass(frozen=True)
class Profile:
    """The profile of one parameter.

    Attributes
    ----------
    name : str
        The parameter, as written in code: ``x['rate']``.
    values : ndarray
        Values of the parameter, ascending.
    cost : ndarray
        The minimum of the function over the other parameters at each value; half a sum of squares for residuals.
    tau : ndarray
        Signed root of the likelihood ratio, in standard deviations: a straight line if the model is linear.
    x : list
        The parameters at each value, in the structure of the given `x`.
    interval : tuple of float
        Confidence limits; infinite where the profile does not reach the level.
    level : float
        Confidence level of the interval.
    """

    name: str
    values: Any
    cost: Any
    tau: Any
    x: list[Any]
    interval: tuple[float, float]
    level: float


def profile(
    f_or_result: Any,
    x: Any = None,
    parameter: Any = 0,
    *,
    level: float = 0.95,
    values: Sequence[float] | int = 17,
    args: Any = (),
    absolute_sigma: bool = False,
    reach: float = 1000.0,
) -> Profile:
    """Profile likelihood and confidence interval of one parameter.

    Parameters
    ----------
    f_or_result : callable or OptimizeResult
        The negative log-likelihood, or the residuals of a least-squares fit, or a result of a solver.
    x : array or container of arrays
        The minimum; not with a result.
    parameter : int, str, or tuple
        Which one: an index, a key, or a path of these into a container, ``("w", 2)``.
    level : float
        Confidence level. The limits are where twice the rise of the negative log-likelihood is the quantile of χ²
        with one degree of freedom; for residuals, where the rise of the sum of squares over s² is that of F(1, m − n).
    values : sequence of float, or int
        Where the profile is tabulated; a number asks for that many points over the interval.
    args, absolute_sigma
        As in `covariance`; with `absolute_sigma` the residuals give a χ² too.
    reach : float
        A limit further away than this many standard errors is given as infinite.

    Returns
    -------
    Profile

    Raises
    ------
    SolutionError
        If `x` is no minimum, or the minimum over the other parameters is not found.

    Examples
    --------
    >>> from dualrev.scipy import optimize
    >>> import numpy as np
    >>> def exponential(x):  # 10 events with a total waiting time of 20
    ...     return 20 * x[0] - 10 * np.log(x[0])
    >>> p = optimize.profile(exponential, [0.5], parameter=0)
    >>> [round(float(limit), 4) for limit in p.interval]
    [0.2505, 0.877]
    """
    if not 0 < level < 1:
        raise ValueError(f"profile: level= is a confidence level between 0 and 1, not {level!r}")
    problem = problem_of("profile", f_or_result, x, args)
    r = ravelled("profile", problem.f(value(problem.flat)))[0]
    refuse_traced("profile", r, problem.flat)
    index = index_of("profile", problem.point, parameter)
    cov = covariance(f_or_result, x, args=args, absolute_sigma=absolute_sigma)
    kind = "F" if np.size(r) > 1 or problem.residuals else "chi2"
    if kind == "chi2":
        cost: Callable[[Any], Any] = lambda v: ravelled("profile", problem.f(v))[0][0]  # noqa: E731
        unit, quantile = 1.0, stats.norm.ppf(0.5 + level / 2)
    else:

        def cost(v: Any) -> Any:
            residuals = ravelled("profile", problem.f(v))[0]
            return 0.5 * np.sum(residuals * residuals)

        spare = np.size(r) - problem.point.size
        unit = 1.0 if absolute_sigma else float(np.sum(r * r)) / spare
        law = stats.norm if absolute_sigma else stats.t(spare)
        quantile = law.ppf(0.5 + level / 2)
    if unit == 0.0:
        raise InputError("profile: the residuals are zero, so there is no uncertainty to profile")
    path = _Path(names(problem.point)[index], cost, problem.flat, index, unit, cov)
    limits = [path.limit(side, float(quantile), reach) for side in (-1.0, 1.0)]
    if isinstance(values, (int, np.integer)):
        error = path.spread
        ends = [
            limit if np.isfinite(limit) else path.best + side * 4 * error
            for side, limit in zip((-1.0, 1.0), limits, strict=True)
        ]
        grid = np.linspace(ends[0], ends[1], int(values))
    else:
        grid = np.sort(np.asarray(values, float))
    points = path.walk(grid)
    return Profile(
        path.name,
        grid,
        np.array([p.cost for p in points]),
        np.array([p.tau for p in points]),
        [problem.point.restore(p.x) for p in points],
        (limits[0], limits[1]),
        level,
    )


@dataclass(frozen=True)
class _Point:
    """One point of the profile: the whole vector, cost, signed root, and the slopes of τ and of the vector."""

    x: Any
    cost: float
    tau: float
    slope: float
    direction: Any


class _Path:
    """The curve of constrained minima over one parameter."""

    def __init__(self, name: str, cost: Any, flat: Any, index: int, unit: float, cov: Any) -> None:
        self.name = name
        self.value_and_grad = value_and_grad(cost)
        self.hessian = hessian(cost)
        self.index = index
        self.unit = unit
        self.others = np.delete(np.arange(flat.size), index)
        self.best = float(flat[index])
        self.least = float(self.value_and_grad(flat)[0])
        self.spread = float(np.sqrt(cov[index, index]))
        self.spreads = np.sqrt(np.diagonal(cov))
        # Of the covariance, the column of this parameter is the direction of the profile.
        direction = cov[:, index] / cov[index, index]
        self.start = _Point(flat, self.least, 0.0, 1 / self.spread, direction)

    def at(self, theta: float, near: _Point, depth: int = 8) -> _Point:
        """Follow the profile from a point to `theta`, in shorter steps where τ and its slopes contradict each other.

        They do where the minimisation has left the profile for another valley.
        """
        way = theta - near.x[self.index]
        try:
            here = self._minimum(theta, near)
        except (np.linalg.LinAlgError, SolutionError):
            if not depth:
                raise
        else:
            mean = (near.slope + here.slope) * way / 2
            if abs(here.tau - near.tau - mean) <= 0.1 * abs(mean) + 1e-6 or not depth:
                return here
        middle = self.at(near.x[self.index] + way / 2, near, depth - 1)
        return self.at(theta, middle, depth - 1)

    def _minimum(self, theta: float, near: _Point) -> _Point:
        """Minimise over the other parameters, from the tangent at a point near by."""
        x = near.x + (theta - near.x[self.index]) * near.direction
        x[self.index] = theta
        if self.others.size:
            x = self._inner(x)
        cost, gradient = self.value_and_grad(x)
        rise = float(cost) - self.least
        if rise < -1e-6 * self.unit:
            raise SolutionError(
                "profile",
                f"the given x is no minimum: with {self.name} = {theta:.6g} the function is lower by {-rise:.3g}",
                "minimise further, from the point found: " + np.array2string(x, precision=6),
            )
        h = self.hessian(x)
        direction = np.zeros_like(x)
        direction[self.index] = 1.0
        direction[self.others] = -np.linalg.solve(
            h[np.ix_(self.others, self.others)], h[self.others, self.index]
        )
        sign = 1.0 if theta >= self.best else -1.0
        if rise < 1e-10 * abs(self.least):
            # Lost in the rounding of the cost; half the slope times the way is the rise of a parabola.
            rise = 0.5 * float(gradient[self.index]) * (theta - self.best)
        tau = sign * np.sqrt(max(2 * rise, 0.0) / self.unit)
        slope = float(gradient[self.index]) / (self.unit * tau) if tau else 1 / self.spread
        return _Point(x, float(cost), float(tau), slope, direction)

    def _inner(self, x: Any) -> Any:
        """Newton's method over the other parameters, with a trust region once a full step does not go down."""
        cost, gradient = self.value_and_grad(x)
        for _ in range(_STEPS):
            g = gradient[self.others]
            h = self.hessian(x)[np.ix_(self.others, self.others)]
            scale = 1 / self.spreads[self.others]
            try:
                low = np.linalg.cholesky(h / np.outer(scale, scale))
            except np.linalg.LinAlgError:
                return self._trust_region(x)
            step = -np.linalg.solve(low.T, np.linalg.solve(low, g / scale)) / scale
            decrement = float(-g @ step)
            trial = x.copy()
            trial[self.others] += step
            with np.errstate(all="ignore"):
                new, new_gradient = self.value_and_grad(trial)
            if decrement <= 1e-18 * self.unit:
                return x
            if not new <= cost + 1e-14 * abs(cost):
                # Rounding of the cost hides a decrease this small.
                return x if decrement <= 1e-12 * self.unit else self._trust_region(x)
            x, cost, gradient = trial, new, new_gradient
        return self._trust_region(x)

    def _trust_region(self, x: Any) -> Any:
        spreads = self.spreads[self.others]

        def full(w: Any) -> Any:
            v = x.copy()
            v[self.others] = w * spreads
            return v

        def fun(w: Any) -> Any:
            with np.errstate(all="ignore"):
                cost, gradient = self.value_and_grad(full(w))
            if not np.isfinite(cost):
                return np.inf, np.zeros_like(w)
            return cost / self.unit, gradient[self.others] * spreads / self.unit

        def hess(w: Any) -> Any:
            h = self.hessian(full(w))[np.ix_(self.others, self.others)]
            return h * np.outer(spreads, spreads) / self.unit

        options: Any = {"gtol": 1e-9, "maxiter": 500}
        found: Any = _minimize(
            fun,
            x[self.others] / spreads,
            jac=True,
            hess=hess,
            method="trust-exact",
            options=options,
        )
        if not np.max(np.abs(found.jac)) < 1e-4:
            raise SolutionError(
                "profile",
                f"no minimum over the other parameters was found at {self.name} = {x[self.index]:.6g}: {found.message}",
                "profile a smaller range (values=, level=), or scale the parameters",
            )
        return full(found.x)

    def limit(self, side: float, quantile: float, reach: float) -> float:
        """Find where |τ| is the quantile, by Newton's method on τ inside a bracket; infinite if nowhere."""
        inner, outer = self.start, np.inf
        theta = self.best + side * quantile * self.spread
        for _ in range(_STEPS):
            here = self._tried(theta, inner)
            if here is None:  # outside of the function's domain
                outer = theta
                theta = (inner.x[self.index] + outer) / 2
                if abs(outer - inner.x[self.index]) <= 1e-12 * max(abs(outer), self.spread):
                    return float(outer)
                continue
            short = quantile - abs(here.tau)
            if abs(short) <= 1e-10 * quantile:
                return float(theta)
            if short > 0:
                inner = here
            else:
                outer = theta
            near = inner.x[self.index]
            if abs(near - self.best) > reach * self.spread:
                return float(side * np.inf)
            newton = theta + side * short / abs(here.slope) if here.slope else np.inf
            if np.isfinite(outer):
                inside = min(near, outer) < newton < max(near, outer)
                theta = newton if inside else (near + outer) / 2
                if abs(outer - near) <= 1e-13 * max(abs(outer), abs(near)):
                    return float(theta)
            else:
                # No more than four times as far as yet: the profile may flatten.
                far = self.best + 4 * (near - self.best)
                theta = side * min(side * newton, side * far) if near != self.best else newton
        raise SolutionError(
            "profile",
            f"the limit of {self.name} near {theta:.6g} was not found in {_STEPS} steps",
            "look at the profile itself, with values= around there",
        )

    def _tried(self, theta: float, near: _Point) -> _Point | None:
        with np.errstate(all="ignore"):
            try:
                here = self.at(theta, near)
            except (np.linalg.LinAlgError, SolutionError):
                if abs(theta - near.x[self.index]) <= 1e-3 * self.spread:
                    raise
                return None
        return here if np.isfinite(here.cost) else None

    def walk(self, grid: Any) -> list[_Point]:
        """Follow the profile outwards on both sides of the minimum, each point warm-started by its neighbour."""
        found: dict[int, _Point] = {}
        for side in (-1, 1):
            order = [k for k in range(grid.size) if (grid[k] >= self.best) == (side > 0)]
            near = self.start
            for k in order[::side]:
                near = found[k] = self.at(float(grid[k]), near)
        return [found[k] for k in range(grid.size)]
