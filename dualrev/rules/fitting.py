"""The polynomial that fits points: np.polyfit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.factorisations import lstsq

__all__: list[str] = []


def _points(x: Any, y: Any, w: Any, deg: Any) -> None:
    if deg < 0:
        raise ValueError("expected deg >= 0")
    if x.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if x.shape[0] == 0:
        raise TypeError("expected non-empty vector for x")
    if y.ndim not in (1, 2):
        raise TypeError("expected 1D or 2D array for y")
    if x.shape[0] != y.shape[0]:
        raise TypeError("expected x and y to have same length")
    if w is not None and w.ndim != 1:
        raise TypeError("expected a 1-d array for weights")
    if w is not None and w.shape[0] != y.shape[0]:
        raise TypeError("expected w and y to have the same length")


@numpy_function(
    np.polyfit, note="for locally constant rank; with full=True for simple singular values"
)
def polyfit(
    x: Any,
    y: Any,
    deg: Any,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    """Answer ``np.polyfit``: least squares with the columns of powers scaled to length one."""
    order = int(deg) + 1
    x, y = array_operand(x) + 0.0, array_operand(y) + 0.0
    w = None if w is None else array_operand(w) + 0.0
    _points(x, y, w, deg)
    rcond = value(x.shape[0] * np.finfo(dtype_of(x)).eps if rcond is None else rcond)
    a, b = np.vander(x, order), y
    if w is not None:
        a, b = a * w[:, None], b * (w[:, None] if b.ndim == 2 else w)
    scale = np.sqrt(np.sum(a * a, axis=0))
    a = a / scale
    c, squares, rank, s = lstsq(a, b, rcond)
    c = (c.T / scale).T
    if full:
        return c, squares, rank, s, rcond
    if np.any(value(rank) != order):
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=4)
    if not cov:
        return c
    base = np.linalg.inv(np.dot(a.T, a)) / np.outer(scale, scale)
    if cov == "unscaled":
        factor: Any = 1
    elif x.shape[0] <= order:
        raise ValueError(
            "the number of data points must exceed order to scale the covariance matrix"
        )
    else:
        factor = squares / (x.shape[0] - order)
    return c, (base if y.ndim == 1 else base[:, :, None]) * factor
