"""Distributions of vectors and matrices: normal, t, Dirichlet, multinomial, Wishart."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.array import dtype_of, value
from dualrev.core.buffer import holds_traced
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.special.gamma_functions import multigammaln

__all__ = ["VECTORS"]

_LOG_2PI = math.log(2.0 * math.pi)
_LOG_2 = math.log(2.0)


def _numbers(x: Any) -> Any:
    x = array_operand(x)
    if dtype_of(x).kind == "c":
        raise TypeError("distributions are of real arguments")
    return astype(x, float, copy=False)


def _matrix(mean: Any, cov: Any) -> tuple[int, Any, Any]:
    """Return the dimension, the mean as a vector and the covariance (or shape) as a matrix."""
    if isinstance(cov, stats.Covariance):
        cov = cov.covariance
    cov = _numbers(1.0 if cov is None else cov)
    if mean is not None:
        mean = _numbers(mean)
        size = int(mean.size)
    else:
        size = 1 if cov.ndim < 2 else cov.shape[0]
        mean = np.zeros(size)
    if cov.ndim == 0:
        cov = cov * np.eye(size)
    elif cov.ndim == 1:
        cov = np.diag(cov)
    mean = np.reshape(mean, (size,))
    if cov.shape != (size, size):
        raise ValueError(
            f"Dimension mismatch: array 'cov' is of shape {cov.shape}, but 'mean' is a vector of length {size}."
        )
    return size, mean, cov


def _points(x: Any, size: int) -> tuple[Any, tuple[int, ...]]:
    """Return points as rows, and the shape of the result."""
    x = _numbers(x)
    if x.ndim == 0:
        x = np.reshape(x, (1, 1))
    elif x.ndim == 1:
        x = x[:, None] if size == 1 else x[None, :]
    shape = tuple(n for n in x.shape[:-1] if n != 1)
    return np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1])), shape


def _size_squared(deviation: Any, cov: Any, singular: bool) -> tuple[Any, Any, int]:
    """Return squared lengths in the metric of `cov`, its log-determinant and rank."""
    if singular and not holds_traced(cov):
        # SciPy's cutoff of eigenvalues, below which the distribution has no extent.
        s, u = np.linalg.eigh(cov)
        kept = s > 1e6 * np.finfo(float).eps * np.max(np.abs(s))
        white = deviation @ (u[:, kept] / np.sqrt(s[kept]))
        return np.sum(white * white, axis=-1), np.sum(np.log(s[kept])), int(np.sum(kept))
    if singular:
        raise UnsupportedError(
            "scipy.stats.multivariate_normal",
            "allow_singular=True with a traced covariance, whose rank may change",
            "allow_singular=False",
        )
    try:
        np.linalg.cholesky(value(cov))
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            "The matrix is not positive definite: a singular or indefinite covariance has no derivative here"
        ) from None
    solved = np.linalg.solve(cov, deviation.T).T
    return np.sum(deviation * solved, axis=-1), np.linalg.slogdet(cov)[1], cov.shape[0]


def _normal_logpdf(x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
    size, mean, cov = _matrix(mean, cov)
    points, shape = _points(x, size)
    squares, log_det, rank = _size_squared(points - mean, cov, allow_singular)
    return np.reshape(-0.5 * (rank * _LOG_2PI + log_det + squares), shape)


def _normal_entropy(mean: Any = None, cov: Any = 1) -> Any:
    size, _, cov = _matrix(mean, cov)
    return 0.5 * (size * (_LOG_2PI + 1.0) + np.linalg.slogdet(cov)[1])


def _t_logpdf(x: Any, loc: Any = None, shape: Any = 1, df: Any = 1) -> Any:
    size, loc, shape = _matrix(loc, shape)
    df = _numbers(df)
    if np.any(value(df) == np.inf):
        return _normal_logpdf(x, loc, shape)
    points, result = _points(x, size)
    squares, log_det, _ = _size_squared(points - loc, shape, False)
    half = 0.5 * (df + size)
    constant = special.gammaln(half) - special.gammaln(0.5 * df) - 0.5 * size * np.log(df * math.pi)
    return np.reshape(constant - 0.5 * log_det - half * np.log1p(squares / df), result)


# --------------------------------------------------------------------------------------------------
# Shares


def _floats(x: Any) -> Any:
    """Return floats in their own precision, which SciPy keeps here."""
    x = array_operand(x)
    return x if dtype_of(x).kind == "f" else _numbers(x)


def _simplex(x: Any, alpha: Any) -> tuple[Any, Any]:
    x, alpha = _floats(x), _floats(alpha)
    if alpha.ndim != 1:
        raise ValueError(
            f"Parameter vector 'a' must be one dimensional, but a.shape = {alpha.shape}."
        )
    if np.any(value(alpha) <= 0):
        raise ValueError("All parameters must be greater than 0")
    if x.shape[0] == alpha.shape[0] - 1:
        x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
    if x.shape[0] != alpha.shape[0]:
        raise ValueError(
            "Vector 'x' must have either the same number of entries as, or one entry fewer than, parameter vector 'a', "
            f"but alpha.shape = {alpha.shape} and x.shape = {x.shape}."
        )
    plain = value(x)
    if np.min(plain) < 0:
        raise ValueError("Each entry in 'x' must be greater than or equal to zero.")
    total = np.sum(plain, axis=plain.ndim - x.ndim)
    if np.any(np.abs(total - 1.0) > 1e-6):
        raise ValueError(
            f"The input vector 'x' must lie within the normal simplex. but np.sum(x, 0) = {total}."
        )
    return x, alpha


def _dirichlet_norm(alpha: Any) -> Any:
    return np.sum(special.gammaln(alpha)) - special.gammaln(np.sum(alpha))


def _dirichlet_logpdf(x: Any, alpha: Any) -> Any:
    x, alpha = _simplex(x, alpha)
    power = np.reshape(alpha - 1.0, (-1, *(1,) * (x.ndim - 1)))
    return np.sum(special.xlogy(power, x), axis=0) - _dirichlet_norm(alpha)


def _dirichlet_mean(alpha: Any) -> Any:
    alpha = _floats(alpha)
    return alpha / np.sum(alpha)


def _dirichlet_var(alpha: Any) -> Any:
    alpha = _floats(alpha)
    total = np.sum(alpha)
    return alpha * (total - alpha) / (total * total * (total + 1.0))


def _dirichlet_entropy(alpha: Any) -> Any:
    alpha = _floats(alpha)
    total, count = np.sum(alpha), alpha.shape[0]
    return (
        _dirichlet_norm(alpha)
        + (total - count) * special.psi(total)
        - np.sum((alpha - 1.0) * special.psi(alpha))
    )


def _multinomial_logpmf(x: Any, n: Any, p: Any) -> Any:
    x, n = np.asarray(value(_numbers(x))), np.asarray(value(_numbers(n)))
    p = _numbers(p)
    # SciPy sets the last probability to what the others leave.
    p = np.concatenate([p[..., :-1], 1.0 - np.sum(p[..., :-1], axis=-1, keepdims=True)], axis=-1)
    bad = (np.sum(x, axis=-1) != n) | np.any((x < 0) | (x != np.floor(x)), axis=-1)
    y = special.gammaln(n + 1.0) + np.sum(special.xlogy(x, p) - special.gammaln(x + 1.0), axis=-1)
    return np.where(bad, -np.inf, y)


# --------------------------------------------------------------------------------------------------
# Matrices: quantiles come as (p, p) or, several of them, as (p, p, n)


def _square(x: Any, size: int) -> Any:
    x = _numbers(x)
    if x.ndim == 0:
        x = x * np.eye(size)
    return x if x.ndim == 2 else np.moveaxis(x, -1, 0)


def _wishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    scale, df = np.atleast_2d(_numbers(scale)), _numbers(df)
    size = scale.shape[0]
    x = _square(x, size)
    trace = np.trace(np.linalg.solve(scale, x), axis1=-2, axis2=-1)
    norm = 0.5 * df * (size * _LOG_2 + np.linalg.slogdet(scale)[1])
    norm = norm + multigammaln(0.5 * df, size)
    return 0.5 * (df - size - 1.0) * np.linalg.slogdet(x)[1] - 0.5 * trace - norm


def _invwishart_logpdf(x: Any, df: Any, scale: Any) -> Any:
    scale, df = np.atleast_2d(_numbers(scale)), _numbers(df)
    size = scale.shape[0]
    x = _square(x, size)
    trace = np.trace(np.linalg.solve(x, np.broadcast_to(scale, x.shape)), axis1=-2, axis2=-1)
    norm = 0.5 * df * (size * _LOG_2 - np.linalg.slogdet(scale)[1])
    norm = norm + multigammaln(0.5 * df, size)
    return -0.5 * (df + size + 1.0) * np.linalg.slogdet(x)[1] - 0.5 * trace - norm


def _with_density(log: Callable[..., Any], name: str = "pdf", **more: Any) -> dict[str, Any]:
    def density(*args: Any, **kwargs: Any) -> Any:
        return np.exp(log(*args, **kwargs))

    return {f"log{name}": log, name: density, **more}


# Methods with a rule, by distribution.
VECTORS: dict[str, dict[str, Callable[..., Any]]] = {
    "multivariate_normal": _with_density(_normal_logpdf, entropy=_normal_entropy),
    "multivariate_t": _with_density(_t_logpdf),
    "dirichlet": _with_density(
        _dirichlet_logpdf, mean=_dirichlet_mean, var=_dirichlet_var, entropy=_dirichlet_entropy
    ),
    "multinomial": _with_density(_multinomial_logpmf, "pmf"),
    "wishart": _with_density(_wishart_logpdf),
    "invwishart": _with_density(_invwishart_logpdf),
}
