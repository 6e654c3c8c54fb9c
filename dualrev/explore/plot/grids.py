"""Values of a function of two variables on a grid, and contour levels that suit them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.derivatives.mapping import vmap
from dualrev.errors import ShapeError, SplitWarning, describe

__all__ = ["grid", "levels_of", "values"]

# Points that a surface is evaluated at in one go; a sum over 10⁴ data then takes 80 MB.
_TOGETHER = 1024
# Share of the area inside the innermost contour.
_INNERMOST = 0.005
_NUMBER = 12


def grid(name: str, f: Any, xlim: Any, ylim: Any, resolution: int) -> tuple[Any, Any, Any]:
    for word, limits in (("xlim", xlim), ("ylim", ylim)):
        ends = np.asarray(limits, float)
        if ends.shape != (2,) or not np.isfinite(ends).all() or not ends[0] < ends[1]:
            raise ValueError(
                f"plot.{name}: {word}= is two finite numbers, the lower first, not {limits!r}"
            )
    given: Any = resolution
    if not isinstance(given, int | np.integer) or given < 2:
        raise ValueError(
            f"plot.{name}: resolution= is an integer of at least 2, not {resolution!r}"
        )
    x, y = (np.linspace(low, high, resolution) for low, high in (xlim, ylim))
    across, up = np.meshgrid(x, y)
    z = values(name, f, np.column_stack([across.ravel(), up.ravel()])).reshape(across.shape)
    return across, up, np.where(np.isfinite(z), z, np.nan)


def values(name: str, f: Callable[[Any], Any], points: np.ndarray) -> np.ndarray:
    """Evaluate `f` at every row, for many rows at once if that gives the same."""
    with np.errstate(all="ignore"):
        together = _together(f, points)
        if together is not None:
            return together
        return np.array([_number(name, f(p)) for p in points.copy()], float)


def _number(name: str, y: Any) -> float:
    y = np.asarray(value(y))
    if y.shape or y.dtype.kind not in "fiub":
        raise ShapeError(f"plot.{name}: f returned {describe(y)}, where one real number is needed")
    return float(y)


def _together(f: Callable[[Any], Any], points: np.ndarray) -> np.ndarray | None:
    """Evaluate by `vmap`; None if `f` refuses, or if it does not say the same of single points."""
    try:
        with warnings.catch_warnings():
            # What is split into single numbers is faster point by point.
            warnings.simplefilter("error", SplitWarning)
            parts = [
                np.asarray(value(vmap(f)(points[k : k + _TOGETHER])))
                for k in range(0, len(points), _TOGETHER)
            ]
    except Exception:
        # Branches, float(x), functions without batching: fine one by one, and what is not says so there.
        return None
    if any(part.ndim != 1 or part.dtype.kind not in "fiub" for part in parts):
        return None
    whole = np.concatenate(parts)
    close = math.sqrt(np.finfo(whole.dtype).eps) if whole.dtype.kind == "f" else 0.0
    # Sums in another order differ; where they cancel, as at a minimum, in more than the last digits.
    most = close * float(np.max(np.abs(whole), initial=0.0, where=np.isfinite(whole)))
    for k in {0, len(points) // 2, len(points) - 1}:
        alone = np.asarray(value(f(points[k].copy())))
        if alone.shape or not np.isclose(alone, whole[k], rtol=close, atol=most, equal_nan=True):
            return None
    return whole.astype(float)


def levels_of(name: str, z: np.ndarray, levels: Any, minimum: float | None) -> np.ndarray:
    """Return increasing levels for the values of a grid."""
    finite = z[np.isfinite(z)]
    if not finite.size:
        raise ValueError(f"plot.{name}: f is finite nowhere in the rectangle")
    low = float(finite.min()) if minimum is None else float(minimum)
    if low > finite.min():
        raise ValueError(
            f"plot.{name}: minimum={minimum!r}, but f has the value {finite.min()} in the rectangle"
        )
    above = finite - low
    top = float(above.max())
    if not top > 4 * np.finfo(float).eps * abs(low):
        raise ValueError(
            f"plot.{name}: f is {low!r} everywhere in the rectangle, which has no contours"
        )
    unknown = ValueError(
        f"plot.{name}: levels= is 'log', 'linear', a positive number or increasing values, not {levels!r}"
    )
    if isinstance(levels, str):
        if levels == "linear":
            return low + top * np.arange(1, _NUMBER + 1) / (_NUMBER + 1)
        if levels != "log":
            raise unknown
        levels = _NUMBER
    if isinstance(levels, int | np.integer) and levels > 0:
        inner = max(float(np.quantile(above[above > 0], _INNERMOST)), 1e-12 * top)
        # The highest value is reached in a point only, so it is no contour.
        return np.unique(low + np.geomspace(inner, top, int(levels) + 1)[:-1])
    at = np.asarray(levels, float)
    if at.ndim != 1 or not at.size or not np.isfinite(at).all() or (np.diff(at) <= 0).any():
        raise unknown
    return at
