"""Medians, quantiles and percentiles, also without NaN: order statistics and what lies between them.

The methods are those of Hyndman and Fan (1996), Sample quantiles in statistical packages, The American Statistician
50, 361: a level q names a place h among the n sorted values, which is rounded or interpolated at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.flavours import constant
from dualrev.core.inplace import write_out
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axes
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.sorting import sort_
from dualrev.rules.statistics import alarm, weights_along
from dualrev.rules.taking import take

__all__: list[str] = []


# --------------------------------------------------------------------------------------------------
# Methods.


class Method(NamedTuple):
    """How a level is read: `place` of (n, q), and `between`, the weight of the upper neighbour (None: no neighbours).

    `place` of a method without neighbours is an index. `reaches` says that the last entry is at level 1 exactly.
    """

    place: Callable[[Any, Any], Any]
    between: Callable[[Any, Any], Any] | None = None
    reaches: bool = False


def _fraction(g: Any, h: Any) -> Any:
    return g


def _formula(alpha: float, beta: float) -> Callable[[Any, Any], Any]:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _next_unless(stay: Callable[[Any, Any], Any], h: Any) -> Any:
    below = np.floor(h)
    return np.maximum(np.where(stay(h - below, below), below, below + 1), 0)


METHODS = {
    "inverted_cdf": Method(lambda n, q: _next_unless(lambda g, j: g == 0, n * q - 1)),
    "averaged_inverted_cdf": Method(
        lambda n, q: n * q - 1, lambda g, h: np.where(g == 0, 0.5, 1.0)
    ),
    "closest_observation": Method(
        lambda n, q: _next_unless(lambda g, j: (g == 0) & (j % 2 == 1), n * q - 1 - 0.5)
    ),
    "interpolated_inverted_cdf": Method(_formula(0, 1), _fraction, True),
    "hazen": Method(_formula(0.5, 0.5), _fraction),
    "weibull": Method(_formula(0, 0), _fraction),
    "linear": Method(lambda n, q: (n - 1) * q, _fraction, True),
    "median_unbiased": Method(_formula(1 / 3.0, 1 / 3.0), _fraction),
    "normal_unbiased": Method(_formula(3 / 8.0, 3 / 8.0), _fraction),
    "lower": Method(lambda n, q: np.floor((n - 1) * q)),
    "higher": Method(lambda n, q: np.ceil((n - 1) * q)),
    "midpoint": Method(
        lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
        lambda g, h: np.where(h % 1 == 0, 0.0, 0.5),
    ),
    "nearest": Method(lambda n, q: np.rint((n - 1) * q)),
}


# --------------------------------------------------------------------------------------------------
# Sorted values and what is read from them.


def _merge(x: Any, axes: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """Merge the axes into the last one; also return the shape with ``keepdims``."""
    free = [k for k in range(-x.ndim, 0) if k not in axes]
    kept = tuple(x.shape[k] for k in free)
    merged = np.reshape(np.transpose(x, (*free, *axes)), (*kept, -1))
    return merged, tuple(1 if k in axes else x.shape[k] for k in range(-x.ndim, 0))


def _pick(s: Any, j: Any) -> Any:
    """Return entries of the last axis: the same of every row, or each row's own."""
    j = j.astype(np.intp)
    # np.take itself does not see that its indices are batched.
    return take(s, j, axis=-1) if np.ndim(j) == 1 else np.take_along_axis(s, j, -1)


def _between(s: Any, n: Any, q: Any, method: Method, weak: bool) -> Any:
    """Return the quantiles of levels `q` (a vector) of the first `n` sorted entries of each row."""
    if not isinstance(n, int):
        n = np.expand_dims(n, -1).astype(dtype_of(q))
    h = method.place(n, q)
    if method.between is None or (method is METHODS["linear"] and dtype_of(h).kind in "iu"):
        return _pick(s, np.clip(h, 0, n - 1))
    j = np.floor(h)
    if method.reaches and isinstance(q, Traced):
        # Level 1 belongs to the interval below it, as there is none above.
        j = np.minimum(j, max(n - 2, 0) if isinstance(n, int) else np.maximum(n - 2, 0))
    low, high = _pick(s, np.clip(j, 0, n - 1)), _pick(s, np.clip(j + 1, 0, n - 1))
    g = method.between(h - j, h).astype(dtype_of(h))
    # As NumPy interpolates, from the nearer neighbour: the last one is met exactly.
    near = g >= 0.5
    w = np.where(near, g - 1, g)
    if weak and dtype_of(s).kind == "f":
        w = w.astype(dtype_of(s))
    return np.where(near, high, low) + (high - low) * w


def _weighted_places(x: Any, w: Any, q: Any, *, function: Any) -> Any:
    """Return where the weighted quantiles of each row, which are entries of it, stand when it is sorted."""
    places = np.empty((*x.shape[:-1], q.size), np.intp)
    for row in np.ndindex(x.shape[:-1]):
        y = function(x[row], q, method="inverted_cdf", weights=w[row])
        places[row] = np.searchsorted(np.sort(x[row]), y)
    return places


(_places,) = constant(_weighted_places, answers=False)


def _or_nan(y: Any, last: Any) -> Any:
    """A NaN among the values, which sorts last, is the answer."""
    return np.where(np.isnan(last), last, y)


def _number_of_values(x: Any) -> Any:
    """Return the number of entries that are not NaN in each row, and warn of rows without any."""
    n = np.sum(np.where(np.isnan(x), 0, 1), axis=-1)
    alarm(n == 0, message="All-NaN slice encountered")
    return n


def _deliver(y: Any, shape: tuple[int, ...], out: Any, name: str) -> Any:
    y = np.reshape(y, shape)
    return y if out is None else write_out(out, y, (), name)


# --------------------------------------------------------------------------------------------------
# NumPy's signatures.


@numpy_function(np.median, note="ties share equally")
def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    """Answer ``np.median``."""
    x = array_operand(a)
    axes = negative_axes(axis, x.ndim)
    if x.size == 0:
        return np.median(np.zeros(x.shape, dtype_of(x)), axis=axes, keepdims=keepdims)
    merged, wide = _merge(x, axes)
    s = sort_(merged, axis=-1)
    n = s.shape[-1]
    y = _or_nan(np.mean(s[..., (n - 1) // 2 : n // 2 + 1], axis=-1), s[..., -1])
    return _deliver(y, wide if keepdims else y.shape, out, "np.median")


@numpy_function(np.nanmedian, note="ties share equally; 0 for NaN entries")
def nanmedian(
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: Any = False,
) -> Any:
    """Answer ``np.nanmedian``."""
    x, keep = array_operand(a), keepdims is not np._NoValue and bool(keepdims)
    axes = negative_axes(axis, x.ndim)
    if x.size == 0:
        return np.nanmedian(np.zeros(x.shape, dtype_of(x)), axis=axes, keepdims=keep)
    merged, wide = _merge(x, axes)
    s, n = sort_(merged, axis=-1), _number_of_values(merged)
    j, k = np.maximum(n - 1, 0) // 2, n // 2
    low = _pick(s, j[..., None])[..., 0]
    # The middle one of an odd number is taken as it is: adding it to itself might overflow.
    other = np.where(j == k, 0, _pick(s, k[..., None])[..., 0])
    y = np.where(n == 0, np.nan, np.where(j == k, low, (low + other) * 0.5))
    return _deliver(y, wide if keep else y.shape, out, "np.nanmedian")


def _answer(function: Any, percent: bool, skip: bool) -> None:
    name = f"np.{function.__name__}"

    def quantile(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Any:
        x, keep = array_operand(a), keepdims is not np._NoValue and bool(keepdims)
        if dtype_of(x).kind == "c":
            raise TypeError("a must be an array of real numbers")
        weak = type(q) in (int, float)
        q = array_operand(q) / 100 if percent else array_operand(q)
        plain = value(q)
        if not np.all((plain >= 0) & (plain <= 1)):
            raise ValueError(
                "Percentiles must be in the range [0, 100]"
                if percent
                else "Quantiles must be in the range [0, 1]"
            )
        axes = negative_axes(axis, x.ndim)
        if weights is not None:
            if method != "inverted_cdf":
                raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
            weights = np.broadcast_to(weights_along(x, weights, axis, axes), x.shape)
        elif method not in METHODS:
            raise ValueError(f"{method!r} is not a valid method. Use one of: {list(METHODS)}")
        if q.ndim > 2:
            raise ValueError("q must be a scalar or 1d")
        if skip and q.ndim == 2 and weights is None and len(axes) > 1 and axis is not None:
            raise UnsupportedError(
                name,
                "with a two-dimensional q over several axes NumPy mixes up the axes of the result",
                "pass np.ravel(q) and reshape the result",
            )
        if x.size == 0:
            empty = np.zeros(x.shape, dtype_of(x))
            return function(empty, np.zeros(q.shape), axis=axes, method=method, keepdims=keep)
        merged, wide = _merge(x, axes)
        s: Any = sort_.call(merged, axis=-1)
        levels = np.reshape(q, (-1,))
        y: Any
        if weights is not None:
            plain_name = np.nanquantile if skip else np.quantile
            places = _places(merged, _merge(weights, axes)[0], levels, function=plain_name)
            y = np.take_along_axis(s, places, -1)
            if skip:
                y = np.where(np.isnan(s[..., :1]), np.nan, y)
        elif skip:
            n = _number_of_values(merged)
            y = _between(s, np.maximum(n, 1), levels, METHODS[method], weak)
            y = np.where((n == 0)[..., None], np.nan, y)
        else:
            y = _between(s, s.shape[-1], levels, METHODS[method], weak)
            y = _or_nan(y, s[..., -1:])
        return _deliver(
            np.moveaxis(y, -1, 0), q.shape + (wide if keep else s.shape[:-1]), out, name
        )

    note = "every method; at a knot the slope in q is that of the interval above"
    numpy_function(function, note=note + ("; 0 for NaN entries" if skip else ""))(quantile)


for _function, _percent, _skip in (
    (np.quantile, False, False),
    (np.percentile, True, False),
    (np.nanquantile, False, True),
    (np.nanpercentile, True, True),
):
    _answer(_function, _percent, _skip)
