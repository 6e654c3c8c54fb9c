"""Samples without their ends: trimming by proportion, by limits and by deviation; expectiles, directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.array import dtype_of
from dualrev.core.flavours import constant
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.distributions.reduction import PROPAGATES, floating, kept, sample

__all__: list[str] = []

_KEPT = "which entries are kept is a constant"


def _between(a: Any, low: int, high: int, axis: int) -> Any:
    cut = np.partition(a, (low, high - 1), axis)
    return cut[(*(slice(None),) * (axis % a.ndim), slice(low, high))]


@numpy_function(stats.trimboth, note=_KEPT)
def trimboth(a: Any, proportiontocut: float, axis: Any = 0) -> Any:
    """Answer ``trimboth``."""
    a = floating(a)
    if a.size == 0:
        return a
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    n = a.shape[axis]
    low = int(proportiontocut * n)
    if low >= n - low:
        raise ValueError("Proportion too big.")
    return _between(a, low, n - low, axis)


@numpy_function(stats.trim1, note=_KEPT)
def trim1(a: Any, proportiontocut: float, tail: str = "right", axis: Any = 0) -> Any:
    """Answer ``trim1``."""
    a = floating(a)
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    if proportiontocut >= 1:
        return []
    if tail.lower() not in ("left", "right"):
        raise ValueError(f"tail is 'left' or 'right', not {tail!r}")
    n = a.shape[axis]
    cut = int(proportiontocut * n)
    return _between(a, cut, n, axis) if tail.lower() == "left" else _between(a, 0, n - cut, axis)


@numpy_function(stats.sigmaclip, note="the limits are differentiated; " + _KEPT)
def sigmaclip(a: Any, low: float = 4.0, high: float = 4.0) -> Any:
    """Answer ``sigmaclip``."""
    c = np.ravel(floating(a))
    while True:
        centre, spread, size = np.mean(c), np.std(c), c.size
        lower, upper = centre - spread * low, centre + spread * high
        c = c[(c >= lower) & (c <= upper)]
        if c.size == size:
            result: Any = type(stats.sigmaclip(np.ones(1)))
            return result(c, lower, upper)


def _extreme(name: str, sign: float) -> None:
    original = getattr(stats, name)

    def answer(
        a: Any,
        limit: Any = None,
        axis: Any = 0,
        inclusive: bool = True,
        nan_policy: str = "propagate",
        keepdims: bool = False,
    ) -> Any:
        along, x = sample(name, nan_policy, axis, a)
        extreme = np.max if sign > 0 else np.min
        if limit is None:
            return kept(extreme(x, axis=along), a, axis, keepdims)
        edge = sign * limit
        inside = (sign * x <= edge if inclusive else sign * x < edge) | np.isnan(x)
        y = extreme(np.where(inside, x, -sign * np.inf), axis=along)
        # SciPy's answer where no entry is within the limit.
        return kept(np.where(np.any(inside, axis=along), y, np.nan), a, axis, keepdims)

    note = "ties share equally; " + PROPAGATES
    if name == "tmax":

        @numpy_function(original, note=note)
        def tmax(
            a: Any,
            upperlimit: Any = None,
            axis: Any = 0,
            inclusive: bool = True,
            nan_policy: str = "propagate",
            *,
            keepdims: bool = False,
        ) -> Any:
            return answer(a, upperlimit, axis, inclusive, nan_policy, keepdims)

    else:

        @numpy_function(original, note=note)
        def tmin(
            a: Any,
            lowerlimit: Any = None,
            axis: Any = 0,
            inclusive: bool = True,
            nan_policy: str = "propagate",
            *,
            keepdims: bool = False,
        ) -> Any:
            return answer(a, lowerlimit, axis, inclusive, nan_policy, keepdims)


_extreme("tmin", -1.0)
_extreme("tmax", 1.0)


def _below(a: Any, w: Any, alpha: Any) -> Any:
    return a <= stats.expectile(a, alpha, weights=w)


(below_expectile,) = constant(_below, answers=False)


@numpy_function(stats.expectile, note="a weighted mean, where no entry is the expectile itself")
def expectile(a: Any, alpha: Any = 0.5, *, weights: Any = None) -> Any:
    """Answer ``expectile``: mean of `a` with the weights w |(a ≤ t) − α|, t the expectile (Newey & Powell 1987)."""
    a, alpha = floating(a), array_operand(alpha)
    one = np.ones((), dtype_of(a))
    w = np.broadcast_to(one if weights is None else array_operand(weights), a.shape)
    below = np.reshape(below_expectile(np.ravel(a), np.ravel(w), alpha), a.shape)
    w = w * np.where(below, 1.0 - alpha, alpha)
    return np.sum(w * a) / np.sum(w)


if hasattr(stats, "directional_stats"):

    @numpy_function(stats.directional_stats)
    def directional_stats(samples: Any, *, axis: int = 0, normalize: bool = True) -> Any:
        """Answer ``directional_stats``."""
        x = floating(samples)
        if x.ndim < 2:
            raise ValueError(
                f"samples must at least be two-dimensional. Instead samples has shape: {x.shape!r}"
            )
        x = np.moveaxis(x, axis, 0)
        if normalize:
            x = x / np.linalg.norm(x, axis=-1, keepdims=True)
        mean = np.mean(x, axis=0)
        length = np.linalg.norm(mean, axis=-1, keepdims=True)
        return type(stats.directional_stats(np.eye(2)))(mean / length, length[..., 0][()])
