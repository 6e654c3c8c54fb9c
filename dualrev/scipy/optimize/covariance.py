"""Covariance of fitted parameters from exact curvature at the minimum.

Three estimators. With the negative log-likelihood and its Hessian H: H⁻¹. With residuals r, their Jacobian J and
s² = ‖r‖²/(m − n): s² (JᵀJ)⁻¹ (Gauss and Newton). With contributions of independent
observations and their gradients gᵢ:
H⁻¹ (Σ gᵢ gᵢᵀ) H⁻¹, which holds for a misspecified likelihood too (Huber 1967; White 1982).

All are computed in parameters scaled to unit curvature, JᵀJ from the singular values of J and never as a product, so
that badly scaled and ill-conditioned fits keep their digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.derivatives.gradient import grad
from dualrev.derivatives.jacobian import hessian, jacobian
from dualrev.errors import FlatDirectionError, InputError, OutputError, SolutionError
from dualrev.scipy.optimize.parameters import Problem, names, problem_of, ravelled

__all__ = ["covariance", "standard_errors"]

_KINDS = ("hessian", "gauss-newton", "sandwich")
# A solver's result counts as a minimum if a Newton step from it is shorter than this many standard errors.
NEAR = 0.1


def covariance(
    f_or_result: Any,
    x: Any = None,
    kind: str | None = None,
    *,
    args: Any = (),
    absolute_sigma: bool = False,
) -> Any:
    """Covariance matrix of fitted parameters, from exact derivatives at the minimum.

    Parameters
    ----------
    f_or_result : callable or OptimizeResult
        A function of the parameters, in plain NumPy; or what `minimize` or `least_squares` of this namespace
        returned. Which function is needed depends on `kind`.
    x : array or container of arrays
        The minimum; not with a result.
    kind : {"hessian", "gauss-newton", "sandwich"}, optional
        ``"hessian"``: `f` is the negative log-likelihood, the covariance its inverse Hessian.
        ``"gauss-newton"``: `f` returns the residuals of a least-squares fit, the covariance is s² (JᵀJ)⁻¹.
        ``"sandwich"``: `f` returns the contribution of every observation to the negative log-likelihood; residuals
        of a result of `least_squares` contribute half their square. The covariance is H⁻¹ (Σ gᵢgᵢᵀ) H⁻¹.
        By default "hessian" if `f` returns one number, else "gauss-newton". "hessian" with residuals takes the
        exact Hessian of half the sum of squares in place of JᵀJ.
    args : tuple
        Extra arguments of `f`.
    absolute_sigma : bool
        The residuals are divided by known standard deviations: s² is 1. As in ``scipy.optimize.curve_fit``.

    Returns
    -------
    ndarray
        Of shape (n, n). The parameters of a container are in the order of its leaves (the keys of a dict sorted),
        arrays in C order; `standard_errors` gives them back in the container's structure.

    Raises
    ------
    FlatDirectionError
        If the Hessian, or JᵀJ, is not positive definite. The message names the direction in which the function is
        flat or falls.
    SolutionError
        If a result is no minimum, because the solver stopped early or a bound holds it back.

    Notes
    -----
    `hess_inv` of a quasi-Newton result depends on the way that the solver took; this does not.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> t = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = np.array([1.1, 2.9, 5.2, 6.8])
    >>> fit = optimize.least_squares(lambda b: b[0] + b[1] * t - y, [0.0, 0.0])
    >>> optimize.covariance(fit).round(4)
    array([[ 0.0287, -0.0123],
           [-0.0123,  0.0082]])
    """
    problem = problem_of("covariance", f_or_result, x, args)
    return _covariance(problem, kind, absolute_sigma)


def standard_errors(
    f_or_result: Any,
    x: Any = None,
    kind: str | None = None,
    *,
    args: Any = (),
    absolute_sigma: bool = False,
) -> Any:
    """Standard errors of fitted parameters: the roots of the diagonal of `covariance`, in the structure of `x`.

    Parameters
    ----------
    f_or_result, x, kind, args, absolute_sigma
        As in `covariance`.

    Returns
    -------
    array or container of arrays

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> def cost(p):
    ...     return 2 * p["level"] ** 2 + 0.5 * (p["slope"] / 3) ** 2
    >>> optimize.standard_errors(cost, {"level": 0.0, "slope": 0.0})
    {'level': ...0.5..., 'slope': ...3.0...}
    """
    problem = problem_of("standard_errors", f_or_result, x, args)
    cov = _covariance(problem, kind, absolute_sigma)
    return problem.point.restore(np.sqrt(np.diagonal(cov)))


def _covariance(problem: Problem, kind: str | None, absolute_sigma: bool) -> Any:
    if kind is not None and kind not in _KINDS:
        raise ValueError(f"{problem.name}: kind= is one of {', '.join(_KINDS)}, not {kind!r}")
    r, _ = ravelled(problem.name, problem.f(problem.flat))
    scalar = np.size(r) == 1 and not problem.residuals and kind != "gauss-newton"
    kind = kind or ("hessian" if scalar else "gauss-newton")
    if kind == "hessian" and scalar:
        cov = _scaled_inverse(problem, hessian(_number(problem))(problem.flat))
        _check_minimum(problem, cov, cov, grad(_number(problem)))
        return cov
    if scalar:
        raise OutputError(
            f"{problem.name}: kind='sandwich' needs a function that returns a number per observation; this one returns "
            "one number in all, so only kind='hessian' can be had"
        )
    if kind == "sandwich":
        return _sandwich(problem)
    scale = _scale(problem, r, absolute_sigma)
    half = _half_square(problem)
    if kind == "hessian":
        curved = _scaled_inverse(problem, hessian(half)(problem.flat))
    else:
        curved = _from_jacobian(problem, jacobian(_flat(problem))(problem.flat))
    cov = curved * scale
    _check_minimum(problem, curved, cov, grad(half))
    return cov


def _flat(problem: Problem) -> Callable[[Any], Any]:
    return lambda v: ravelled(problem.name, problem.f(v))[0]


def _number(problem: Problem) -> Callable[[Any], Any]:
    return lambda v: ravelled(problem.name, problem.f(v))[0][0]


def _half_square(problem: Problem) -> Callable[[Any], Any]:
    def half(v: Any) -> Any:
        r = ravelled(problem.name, problem.f(v))[0]
        return 0.5 * np.sum(r * r)

    return half


def _scale(problem: Problem, r: Any, absolute_sigma: bool) -> Any:
    """Return s², the variance of one observation."""
    if absolute_sigma:
        return 1.0
    spare = np.size(r) - problem.point.size
    if spare <= 0:
        raise InputError(
            f"{problem.name}: {np.size(r)} residuals leave no degree of freedom to estimate their variance with "
            f"{problem.point.size} parameters. If they are divided by known standard deviations pass "
            "absolute_sigma=True."
        )
    return np.sum(r * r) / spare


def _sandwich(problem: Problem) -> Any:
    """H⁻¹ (Σ gᵢgᵢᵀ) H⁻¹; residuals of least squares contribute ½ rᵢ²."""
    residuals = problem.residuals

    def contributions(v: Any) -> Any:
        r = ravelled(problem.name, problem.f(v))[0]
        return 0.5 * r * r if residuals else r

    def total(v: Any) -> Any:
        return np.sum(contributions(v))

    bread = _scaled_inverse(problem, hessian(total)(problem.flat))
    rows = jacobian(contributions)(problem.flat) @ bread
    cov = rows.T @ rows
    _check_minimum(problem, bread, cov, grad(total))
    return cov


def _scaled_inverse(problem: Problem, h: Any) -> Any:
    """The inverse of a Hessian through the eigenvalues of D H D, D scaling its diagonal to one."""
    plain: Any = np.asarray(value(h))
    _check_finite(problem, plain, "Hessian")
    diagonal = np.abs(np.diagonal(plain))
    d: Any = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    lambdas, vectors = np.linalg.eigh(d[:, None] * (plain + plain.T) / 2 * d)
    if lambdas[0] <= d.size * np.finfo(float).eps * max(lambdas[-1], 0.0):
        raise _flat_direction(problem, lambdas[0], d * vectors[:, 0])
    if isinstance(h, Traced):
        return d[:, None] * np.linalg.inv(d[:, None] * h * d) * d
    half = d[:, None] * vectors / np.sqrt(lambdas)
    return half @ half.T


def _from_jacobian(problem: Problem, j: Any) -> Any:
    """The inverse of JᵀJ through the singular values of J D, D scaling its columns to one."""
    plain: Any = np.asarray(value(j))
    _check_finite(problem, plain, "Jacobian")
    lengths = np.max(np.abs(plain), axis=0, initial=0.0)
    lengths = np.where(lengths > 0, lengths, 1.0)
    lengths = lengths * np.sqrt(np.sum((plain / lengths) ** 2, axis=0))
    d: Any = 1 / np.where(lengths > 0, lengths, 1.0)
    _, s, vt = np.linalg.svd(plain * d, full_matrices=True)
    if s.size < d.size or s[-1] <= max(plain.shape) * np.finfo(float).eps * s[0]:
        least = s[-1] ** 2 if s.size == d.size else 0.0
        raise _flat_direction(problem, least, d * vt[-1])
    if isinstance(j, Traced):
        scaled = j * d
        return d[:, None] * np.linalg.inv(scaled.T @ scaled) * d
    half = d[:, None] * vt.T / s
    return half @ half.T


def _check_finite(problem: Problem, matrix: Any, word: str) -> None:
    bad = np.argwhere(~np.isfinite(matrix))
    if bad.size:
        name = names(problem.point)[bad[0][-1]]
        raise SolutionError(
            problem.name,
            f"the {word} is not finite, first in the derivative with respect to {name}",
            "move x away from the edge of the function's domain",
        )


def _flat_direction(problem: Problem, eigenvalue: float, v: Any) -> FlatDirectionError:
    """Say which combination of parameters the data do not determine."""
    v = v / np.linalg.norm(v)
    v = v * np.sign(v[np.argmax(np.abs(v))])
    every = names(problem.point)
    largest = [k for k in np.argsort(-np.abs(v), kind="stable")[:5] if abs(v[k]) > 1e-3]
    direction = " ".join(f"{v[k]:+.3g} {every[k]}" for k in largest)
    return FlatDirectionError(
        problem.name,
        v,
        float(eigenvalue),
        f"{direction} (with the parameters scaled to a unit diagonal)",
        "fix one of these parameters, add data or a prior that determines them, or go on to a minimum if this is none",
    )


def _check_minimum(
    problem: Problem, inverse: Any, cov: Any, gradient: Callable[[Any], Any]
) -> None:
    """Refuse the curvature at a solver's result from which a Newton step would go far in standard errors."""
    if not problem.from_result:
        return
    flat = value(problem.flat)
    step = np.abs(value(inverse) @ value(gradient(flat)))
    spread = np.sqrt(np.diagonal(value(cov)))
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(step > 1e-6 * np.max(np.abs(flat)), step / spread, 0.0)
    k = int(np.argmax(far))
    if far[k] > NEAR:
        raise SolutionError(
            problem.name,
            f"the result is no minimum: a Newton step from it would move {names(problem.point)[k]} by {far[k]:.2g} of "
            "its standard errors, because the solver stopped too early or a bound or a constraint holds it",
            "tighten the solver's tolerances or free the parameter; for the curvature there all the same pass the "
            "function and x in place of the result",
        )
