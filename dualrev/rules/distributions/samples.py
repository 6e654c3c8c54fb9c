"""Statistics of samples: moments, means, scores, correlation, spread, distances between samples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.array import dtype_of, value
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.creation import astype
from dualrev.rules.distributions.reduction import PROPAGATES, alike, floating, kept, sample

__all__: list[str] = []


def _count(a: Any, axis: Any) -> int:
    axes = axis if isinstance(axis, tuple) else (axis,)
    return math.prod(a.shape[k] for k in axes)


def _mean(a: Any, axis: Any, weights: Any = None) -> Any:
    return np.mean(a, axis=axis) if weights is None else np.average(a, axis=axis, weights=weights)


# --------------------------------------------------------------------------------------------------
# Scores


@numpy_function(stats.zscore, note=PROPAGATES)
def zscore(a: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """Answer ``zscore``."""
    return zmap(a, a, axis, ddof, nan_policy)


@numpy_function(stats.gzscore, note=PROPAGATES)
def gzscore(a: Any, *, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    """Answer ``gzscore``."""
    return zscore(np.log(floating(a)), axis, ddof, nan_policy)


@numpy_function(stats.zmap, note=PROPAGATES)
def zmap(
    scores: Any, compare: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate"
) -> Any:
    """Answer ``zmap``."""
    scores, compare = alike(scores, compare)
    if axis is not None or nan_policy != "propagate":
        sample("zmap", nan_policy, axis, compare)
    centre = np.mean(compare, axis=axis, keepdims=True)
    spread = np.std(compare, axis=axis, ddof=ddof, keepdims=True)
    return (scores - centre) / spread


# --------------------------------------------------------------------------------------------------
# Moments


def _central(a: Any, order: int, axis: Any) -> Any:
    return np.mean((a - np.mean(a, axis=axis, keepdims=True)) ** order, axis=axis)


@numpy_function(stats.moment, note=PROPAGATES)
def moment(
    a: Any,
    order: Any = 1,
    axis: Any = 0,
    nan_policy: str = "propagate",
    *,
    center: Any = None,
    keepdims: bool = False,
) -> Any:
    """Answer ``moment``."""
    along, x = sample("moment", nan_policy, axis, a)
    if np.ndim(order):
        each = [
            moment(a, k, axis, nan_policy, center=center, keepdims=keepdims)
            for k in np.asarray(order).tolist()
        ]
        return np.stack(each)
    if center is None:
        if order == 1:
            y = (0.0 if _count(x, along) else np.nan) * np.sum(x, axis=along)
        else:
            y = _central(x, order, along)
    else:
        y = np.mean((x - astype(floating(center), dtype_of(x))) ** order, axis=along)
    return kept(y, a, axis, keepdims)


@numpy_function(stats.skew, note=PROPAGATES)
def skew(
    a: Any,
    axis: Any = 0,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """Answer ``skew``."""
    along, x = sample("skew", nan_policy, axis, a)
    n = _count(x, along)
    y = _central(x, 3, along) / _central(x, 2, along) ** 1.5
    if not bias and n > 2:
        y = math.sqrt((n - 1.0) * n) / (n - 2.0) * y
    return kept(y, a, axis, keepdims)


@numpy_function(stats.kurtosis, note=PROPAGATES)
def kurtosis(
    a: Any,
    axis: Any = 0,
    fisher: bool = True,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """Answer ``kurtosis``."""
    along, x = sample("kurtosis", nan_policy, axis, a)
    n = _count(x, along)
    y = _central(x, 4, along) / _central(x, 2, along) ** 2
    if not bias and n > 3:
        y = ((n**2 - 1.0) * y - 3 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return kept(y - 3.0 if fisher else y, a, axis, keepdims)


@numpy_function(stats.sem, note=PROPAGATES)
def sem(
    a: Any, axis: Any = 0, ddof: int = 1, nan_policy: str = "propagate", *, keepdims: bool = False
) -> Any:
    """Answer ``sem``."""
    along, x = sample("sem", nan_policy, axis, a)
    if _count(x, along) < 2:  # too few for SciPy, whatever `ddof` is
        return kept(np.sum(x, axis=along) * np.nan, a, axis, keepdims)
    y = np.std(x, axis=along, ddof=ddof) / math.sqrt(_count(x, along))
    return kept(y, a, axis, keepdims)


@numpy_function(stats.variation, note=PROPAGATES)
def variation(
    a: Any, axis: Any = 0, nan_policy: str = "propagate", ddof: int = 0, *, keepdims: bool = False
) -> Any:
    """Answer ``variation``."""
    along, x = sample("variation", nan_policy, axis, a)
    y = np.std(x, axis=along, ddof=ddof) / np.mean(x, axis=along)
    return kept(y, a, axis, keepdims)


@numpy_function(stats.gstd, note=PROPAGATES)
def gstd(
    a: Any, axis: Any = 0, ddof: int = 1, *, keepdims: bool = False, nan_policy: str = "propagate"
) -> Any:
    """Answer ``gstd``."""
    along, x = sample("gstd", nan_policy, axis, a)
    return kept(np.exp(np.std(np.log(x), axis=along, ddof=ddof)), a, axis, keepdims)


# --------------------------------------------------------------------------------------------------
# Means


def _mean_of(name: str, to: Callable[[Any], Any], back: Callable[[Any], Any]) -> Any:
    def answer(
        a: Any,
        axis: Any = 0,
        dtype: Any = None,
        weights: Any = None,
        *,
        nan_policy: str = "propagate",
        keepdims: bool = False,
    ) -> Any:
        given = (a,) if weights is None else (a, weights)
        along, x, *w = sample(name, nan_policy, axis, *given)
        if dtype is not None:
            x = astype(x, dtype)
        return kept(back(_mean(to(x), along, *w)), a, axis, keepdims)

    return answer


gmean = _mean_of("gmean", np.log, np.exp)
hmean = _mean_of("hmean", lambda x: 1.0 / x, lambda y: 1.0 / y)
numpy_function(stats.gmean, note=PROPAGATES)(gmean)
numpy_function(stats.hmean, note=PROPAGATES)(hmean)


@numpy_function(stats.pmean, note="the power is a constant if it is plain; " + PROPAGATES)
def pmean(
    a: Any,
    p: Any,
    *,
    axis: Any = 0,
    dtype: Any = None,
    weights: Any = None,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """Answer ``pmean``."""
    if value(p) is p and p == 0:
        own = gmean
    else:
        own = _mean_of("pmean", lambda x: x**p, lambda y: y ** (1.0 / p))
    return own(a, axis, dtype, weights, nan_policy=nan_policy, keepdims=keepdims)


def _propagated(y: Any, x: Any, axis: Any) -> Any:
    """Return NaN where one of the entries is, also where it would have been cut off."""
    return np.where(np.any(np.isnan(x), axis=axis), np.nan, y)


def _trimmed(name: str, own: Callable[..., Any]) -> None:
    original = getattr(stats, name)
    free = name == "tmean"

    def answer(
        a: Any,
        limits: Any = None,
        inclusive: Any = (True, True),
        axis: Any = None if free else 0,
        ddof: int = 1,
        *,
        nan_policy: str = "propagate",
        keepdims: bool = False,
    ) -> Any:
        along, x = sample(name, nan_policy, axis, a)
        inside: Any = True
        if limits is not None:
            low, high = limits
            if low is not None:
                inside = x >= low if inclusive[0] else x > low
            if high is not None:
                inside = inside & (x <= high if inclusive[1] else x < high)
        return kept(_propagated(own(x, along, inside, ddof), x, along), a, axis, keepdims)

    def mean_answer(
        a: Any,
        limits: Any = None,
        inclusive: Any = (True, True),
        axis: Any = None,
        *,
        nan_policy: str = "propagate",
        keepdims: bool = False,
    ) -> Any:
        return answer(a, limits, inclusive, axis, nan_policy=nan_policy, keepdims=keepdims)

    note = "which entries are inside is constant; " + PROPAGATES
    numpy_function(original, note=note)(mean_answer if free else answer)


def _number_inside(x: Any, axis: Any, inside: Any) -> Any:
    one = np.ones((), dtype_of(x))
    return np.sum(np.broadcast_to(np.where(inside, one, 0 * one), x.shape), axis=axis)


def _mean_inside(x: Any, axis: Any, inside: Any, ddof: int) -> Any:
    return np.sum(np.where(inside, x, 0.0), axis=axis) / _number_inside(x, axis, inside)


def _var_inside(x: Any, axis: Any, inside: Any, ddof: int) -> Any:
    centre = np.expand_dims(_mean_inside(x, axis, inside, 0), axis)
    squares = np.where(inside, (x - centre) ** 2, 0.0)
    count = _number_inside(x, axis, inside)
    return np.sum(squares, axis=axis) / np.where(count > 0, count - ddof, np.nan * count)


def _std_inside(x: Any, axis: Any, inside: Any, ddof: int) -> Any:
    return np.sqrt(_var_inside(x, axis, inside, ddof))


def _sem_inside(x: Any, axis: Any, inside: Any, ddof: int) -> Any:
    return _std_inside(x, axis, inside, ddof) / np.sqrt(_number_inside(x, axis, inside))


_trimmed("tmean", _mean_inside)
_trimmed("tvar", _var_inside)
_trimmed("tstd", _std_inside)
_trimmed("tsem", _sem_inside)


@numpy_function(stats.trim_mean, note="ties share equally; " + PROPAGATES)
def trim_mean(
    a: Any,
    proportiontocut: float,
    axis: Any = 0,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """Answer ``trim_mean``."""
    along, x = sample("trim_mean", nan_policy, axis, a)
    n = x.shape[along]
    cut = int(proportiontocut * n)
    if 2 * cut >= n:
        raise ValueError("Proportion too big.")
    inner = np.moveaxis(np.sort(x, axis=along), along, 0)[cut : n - cut]
    return kept(_propagated(np.mean(inner, axis=0), x, along), a, axis, keepdims)


# --------------------------------------------------------------------------------------------------
# Spread and entropy


@numpy_function(stats.iqr, note=PROPAGATES)
def iqr(
    x: Any,
    axis: Any = None,
    rng: Any = (25, 75),
    scale: Any = 1.0,
    nan_policy: str = "propagate",
    interpolation: str = "linear",
    keepdims: bool = False,
) -> Any:
    """Answer ``iqr``."""
    sample("iqr", nan_policy, axis, x)
    if isinstance(scale, str):
        if scale.lower() != "normal":
            raise ValueError(f"{scale} not a valid scale for `iqr`")
        scale = 2.0 * float(special.erfinv(0.5)) * math.sqrt(2.0)
    x = floating(x)
    low, high = (
        np.percentile(x, q, axis=axis, method=interpolation, keepdims=keepdims) for q in sorted(rng)
    )
    return astype((high - low) / scale, dtype_of(x), copy=False)


@numpy_function(stats.median_abs_deviation, note="ties share equally; " + PROPAGATES)
def median_abs_deviation(
    x: Any,
    axis: Any = 0,
    center: Any = None,
    scale: Any = 1.0,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """Answer ``median_abs_deviation``."""
    along, a = sample("median_abs_deviation", nan_policy, axis, x)
    if isinstance(scale, str):
        if scale.lower() != "normal":
            raise ValueError(f"{scale} is not a valid scale value.")
        scale = 0.6744897501960817
    middle = (np.median if center is None else center)(a, axis=along)
    y = np.median(np.abs(a - np.expand_dims(middle, along)), axis=along) / scale
    return kept(y, x, axis, keepdims)


@numpy_function(stats.entropy, note=PROPAGATES)
def entropy(
    pk: Any,
    qk: Any = None,
    base: Any = None,
    axis: Any = 0,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """Answer ``entropy``: of pk, or relative to qk, each divided by its sum."""
    if value(base) is base and base is not None and base <= 0:
        raise ValueError("`base` must be a positive number or `None`.")
    given = (pk,) if qk is None else np.broadcast_arrays(*alike(pk, qk))
    along, p, *rest = sample("entropy", nan_policy, axis, *given)
    p = p / np.sum(p, axis=along, keepdims=True)
    if rest:
        terms = special.rel_entr(p, rest[0] / np.sum(rest[0], axis=along, keepdims=True))
    else:
        terms = special.entr(p)
    y = np.sum(terms, axis=along)
    if base is not None:
        y = y / astype(np.log(floating(base)), dtype_of(y), copy=False)
    return kept(y, pk, axis, keepdims)
