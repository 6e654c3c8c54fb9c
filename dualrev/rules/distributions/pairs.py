"""Statistics of two samples, and transformed ones: correlation, regression, distances, Box and Cox."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats._result_classes import PearsonRResult

from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.creation import astype
from dualrev.rules.distributions.reduction import alike, floating
from dualrev.rules.statistics import root

__all__: list[str] = []


# Not so before SciPy 1.14.
_HAS_AXIS = "axis" in inspect.signature(PearsonRResult).parameters


def _share(r: Any, n: int, alternative: str) -> Any:
    """Return the p-value of a correlation of n pairs: (1+r)/2 has a beta distribution."""
    half = 0.5 * n - 1.0
    if half == 0.0:
        return 1.0 + 0.0 * r
    if alternative == "greater":
        return special.betaincc(half, half, 0.5 * (1.0 + r))
    if alternative == "less":
        return special.betainc(half, half, 0.5 * (1.0 + r))
    return 2.0 * special.betainc(half, half, 0.5 * (1.0 - np.abs(r)))


@numpy_function(stats.pearsonr, note="statistic and p-value; not method=")
def pearsonr(
    x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: Any = 0
) -> Any:
    """Answer ``pearsonr``."""
    if method is not None:
        raise UnsupportedError("scipy.stats.pearsonr", "method= resamples", "method=None")
    if alternative not in ("two-sided", "less", "greater"):
        raise ValueError('`alternative` must be "less", "greater", or "two-sided".')
    x, y = alike(x, y)
    if axis is None:
        x, y, axis = np.ravel(x), np.ravel(y), 0
    n = x.shape[axis]
    if n != y.shape[axis]:
        raise ValueError("`x` and `y` must have the same length along `axis`.")
    if n < 2:
        raise ValueError("`x` and `y` must have length at least 2.")
    a, b = (v - np.mean(v, axis=axis, keepdims=True) for v in (x, y))
    a, b = (v / np.linalg.norm(v, axis=axis, keepdims=True) for v in (a, b))
    r = np.sum(a * b, axis=axis)
    more = {"axis": axis} if _HAS_AXIS else {}
    return PearsonRResult(
        statistic=r,
        pvalue=_share(r, n, alternative),
        n=n,
        alternative=alternative,  # type: ignore[arg-type]
        x=x,
        y=y,
        **more,
    )


@numpy_function(stats.linregress, note="alternative='two-sided', one pair of vectors")
def linregress(x: Any, y: Any, alternative: str = "two-sided", **options: Any) -> Any:
    """Answer ``linregress``."""
    if alternative != "two-sided" or any(
        v != default
        for name, default in (("axis", 0), ("nan_policy", "propagate"), ("keepdims", False))
        if (v := options.get(name, default)) is not None
    ):
        raise UnsupportedError("scipy.stats.linregress", "these options", "the default ones")
    x, y = (astype(floating(v), float, copy=False) for v in (x, y))
    if x.ndim != 1 or y.ndim != 1:
        raise UnsupportedError(
            "scipy.stats.linregress", "more than one pair of vectors", "dualrev.vmap"
        )
    n = x.shape[0]
    mean_x, mean_y = np.mean(x), np.mean(y)
    a, b = x - mean_x, y - mean_y
    xx, xy, yy = np.mean(a * a), np.mean(a * b), np.mean(b * b)
    slope = xy / xx
    intercept = mean_y - slope * mean_x
    r = np.clip(xy / np.sqrt(xx * yy), -1.0, 1.0)
    df = n - 2
    t = r * np.sqrt(df / ((1.0 - r) * (1.0 + r)))
    error = np.sqrt((1.0 - r * r) * yy / xx / df)
    return type(stats.linregress([0.0, 1.0, 2.0], [0.0, 1.0, 0.0]))(
        slope=slope,
        intercept=intercept,
        rvalue=r,
        pvalue=2.0 * special.stdtr(df, -np.abs(t)),
        stderr=error,
        intercept_stderr=error * np.sqrt(xx + mean_x * mean_x),
    )


# --------------------------------------------------------------------------------------------------
# Distances between samples: areas between two staircases, whose steps stand at the sorted values


def _gaps(u: Any, v: Any, weights: tuple[Any, Any], name: str) -> tuple[Any, Any]:
    """Return the difference of the two distribution functions between neighbours, and the distances of these."""
    if any(w is not None for w in weights):
        raise UnsupportedError(
            f"scipy.stats.{name}", "weights have no rule", "samples without weights"
        )
    u, v = floating(u), floating(v)
    if u.ndim != 1 or v.ndim != 1:
        raise UnsupportedError(f"scipy.stats.{name}", "samples have one dimension", "vectors")
    both = np.sort(np.concatenate([u, v]))
    # Counting is constant, whatever the values are.
    below = [np.sum(s[:, None] <= both[None, :-1], axis=0) / s.shape[0] for s in (u, v)]
    return below[0] - below[1], both[1:] - both[:-1]


@numpy_function(stats.wasserstein_distance, note="not with weights; ties share equally")
def wasserstein_distance(
    u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None
) -> Any:
    """Answer ``wasserstein_distance``."""
    rise, gap = _gaps(u_values, v_values, (u_weights, v_weights), "wasserstein_distance")
    return np.sum(np.abs(rise) * gap)


@numpy_function(stats.energy_distance, note="not with weights; ties share equally; 0 at 0")
def energy_distance(
    u_values: Any, v_values: Any, u_weights: Any = None, v_weights: Any = None
) -> Any:
    """Answer ``energy_distance``."""
    rise, gap = _gaps(u_values, v_values, (u_weights, v_weights), "energy_distance")
    return math.sqrt(2.0) * root(np.sum(rise * rise * gap))


# --------------------------------------------------------------------------------------------------
# Box and Cox


@numpy_function(stats.boxcox, note="with lmbda given; finding it is a search")
def boxcox(x: Any, lmbda: Any = None, alpha: Any = None, optimizer: Any = None) -> Any:
    """Answer ``boxcox``."""
    if lmbda is None:
        raise UnsupportedError(
            "scipy.stats.boxcox",
            "the exponent is found by a search",
            "dualrev.scipy.optimize.minimize of -boxcox_llf, whose solution has derivatives",
        )
    return special.boxcox(floating(x), lmbda)


@numpy_function(stats.boxcox_llf)
def boxcox_llf(lmb: Any, data: Any, **options: Any) -> Any:
    """Answer ``boxcox_llf``: of one sample along axis 0."""
    if any(
        options.get(k, d) != d
        for k, d in (("axis", 0), ("keepdims", False), ("nan_policy", "propagate"))
    ):
        raise UnsupportedError(
            "scipy.stats.boxcox_llf", "these options", "axis 0 and NaN propagated"
        )
    lmb, data = alike(lmb, data)
    n = data.shape[0]
    if n == 0:
        return np.nan
    spread = np.var(special.boxcox(data, lmb), axis=0)
    return (lmb - 1.0) * np.sum(np.log(data), axis=0) - 0.5 * n * np.log(spread)


def _search(name: str, alternative: str) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"scipy.stats.{name}", "it is a search", alternative)

    original = getattr(stats, name, None)
    if original is not None:
        numpy_function(original, kind="unsupported", note="a search")(refuse)


_search("boxcox_normmax", "dualrev.scipy.optimize.minimize of -boxcox_llf")
_search("yeojohnson_normmax", "dualrev.scipy.optimize.minimize of the negative log-likelihood")


def _ranks(name: str) -> None:
    original = getattr(stats, name, None)
    if original is None:
        return

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            f"scipy.stats.{name}",
            "it is made of ranks, and locally constant",
            f"scipy.stats.{name} of dualrev.value of the samples",
        )

    numpy_function(original, kind="unsupported", note="made of ranks: locally constant")(refuse)


for _name in (
    "rankdata", "spearmanr", "kendalltau", "weightedtau", "somersd", "mannwhitneyu", "ranksums", "wilcoxon", "kruskal",
    "friedmanchisquare", "brunnermunzel", "ks_2samp", "mood", "ansari", "fligner", "siegelslopes",
):  # fmt: skip
    _ranks(_name)
