"""Statistics of angles: circular mean, variance and standard deviation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import stats

from dualrev.core.primitive import numpy_function
from dualrev.rules.distributions.reduction import PROPAGATES, kept, sample

__all__: list[str] = []


def _circle(x: Any, low: Any, high: Any, axis: Any) -> tuple[Any, Any]:
    angle = x * (2.0 * math.pi / (high - low))
    return np.mean(np.sin(angle), axis=axis), np.mean(np.cos(angle), axis=axis)


@numpy_function(stats.circmean, note=PROPAGATES)
def circmean(
    samples: Any,
    high: Any = 2 * math.pi,
    low: Any = 0,
    axis: Any = None,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """Answer ``circmean``."""
    along, x = sample("circmean", nan_policy, axis, samples)
    angle = np.arctan2(*_circle(x, low, high, along))
    period = high - low
    turned = (angle * (period / (2.0 * math.pi)) - low) % period + low
    return kept(turned, samples, axis, keepdims)


@numpy_function(stats.circvar, note=PROPAGATES)
def circvar(
    samples: Any,
    high: Any = 2 * math.pi,
    low: Any = 0,
    axis: Any = None,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """Answer ``circvar``."""
    along, x = sample("circvar", nan_policy, axis, samples)
    return kept(1.0 - np.hypot(*_circle(x, low, high, along)), samples, axis, keepdims)


@numpy_function(stats.circstd, note=PROPAGATES)
def circstd(
    samples: Any,
    high: Any = 2 * math.pi,
    low: Any = 0,
    axis: Any = None,
    nan_policy: str = "propagate",
    *,
    normalize: bool = False,
    keepdims: bool = False,
) -> Any:
    """Answer ``circstd``."""
    along, x = sample("circstd", nan_policy, axis, samples)
    y = np.sqrt(-2.0 * np.log(np.hypot(*_circle(x, low, high, along))))
    return kept(y if normalize else y * ((high - low) / (2.0 * math.pi)), samples, axis, keepdims)
