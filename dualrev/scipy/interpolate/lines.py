"""interp1d, whose nodes, values, fill values and points may be traced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.mirror import replaces
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.splines import piecewise
from dualrev.rules.splines.piecewise import axis_moved, floating, tail
from dualrev.rules.taking import take
from dualrev.scipy.interpolate.bsplines import make_interp_spline
from dualrev.scipy.interpolate.common import any_traced, description, interpolate, seen

__all__ = ["interp1d"]

_ORDERS = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3}


@replaces(
    interpolate.interp1d,
    kind="composite",
    note="in nodes (but for splines), values, fill values and points; at a node the slope to its right",
)
class interp1d(interpolate.interp1d):  # type: ignore[misc]
    __doc__ = description(interpolate.interp1d)
    _held: Any = None
    _given: Any = None

    def __init__(
        self,
        x: Any,
        y: Any,
        kind: Any = "linear",
        axis: int = -1,
        copy: bool = True,
        bounds_error: Any = None,
        fill_value: Any = np.nan,
        assume_sorted: bool = False,
    ) -> None:
        given = fill_value
        if any_traced(given):
            fill_value = tuple(map(seen, given)) if isinstance(given, tuple) else seen(given)
        super().__init__(
            seen(x), seen(y), kind, axis, copy, bounds_error, fill_value, assume_sorted
        )
        self._kind_given = kind
        if not any_traced(x, y, given):
            return
        x, y = array_operand(x), np.moveaxis(array_operand(y), axis, 0)
        if dtype_of(y).kind not in "fc":
            y = astype(y, float)
        if not assume_sorted:
            order = np.argsort(x, kind="stable")
            x, y = take(x, order), take(y, order, axis=0)
        self._held = x, y
        if any_traced(given):
            pair = given if isinstance(given, tuple) and len(given) == 2 else (given, given)
            self._given = tuple(map(array_operand, pair))
        elif isinstance(given, str) and kind in ("previous", "next"):
            self._given = (np.nan, y[-1]) if kind == "previous" else (y[0], np.nan)

    def __call__(self, x: Any) -> Any:
        if self._held is None and not any_traced(x):
            return super().__call__(x)
        nodes, y = self._held or (self.x, np.moveaxis(self.y, self.axis, 0))
        x = array_operand(x)
        if dtype_of(x).kind != "f":
            x = astype(x, float)
        self._check_bounds(np.ravel(seen(x)))
        out = self._inside(x, nodes, y)
        if not self._extrapolate:
            below, above = self._given or (self._fill_value_below, self._fill_value_above)
            n = y.ndim - 1
            low, high = x < nodes[0], x > nodes[nodes.shape[0] - 1]
            if self.bounds_error and np.any(value(low) | value(high)):
                raise ValueError("A value in x_new is outside the interpolation range.")
            dtype = dtype_of(out)
            out = np.where(tail(low, n), _trailing(below, y), out)
            out = astype(np.where(tail(high, n), _trailing(above, y), out), dtype, copy=False)
        return axis_moved(out, np.ndim(x), self.axis)

    def _inside(self, x: Any, nodes: Any, y: Any) -> Any:
        kind = self._kind_given
        last = nodes.shape[0] - 1
        if kind in ("nearest", "nearest-up"):
            half = nodes / 2.0
            side: Any = "left" if kind == "nearest" else "right"
            return take(y, np.searchsorted(half[1:] + half[:-1], x, side=side), axis=0)
        if kind == "previous":
            return take(y, np.clip(np.searchsorted(nodes, x, side="right") - 1, 0, last), axis=0)
        if kind == "next":
            return take(y, np.clip(np.searchsorted(nodes, x, side="left"), 0, last), axis=0)
        if kind == "linear":
            dtype = np.result_type(dtype_of(nodes), dtype_of(y), dtype_of(x))
            bp, v = floating(nodes), floating(y)
            slope = np.diff(v, axis=0) / tail(np.diff(bp), v.ndim - 1)
            c = np.stack([slope, v[:-1]])
            return astype(piecewise.evaluate(c, bp, x), dtype, copy=False)
        order = _ORDERS.get(kind, kind)
        if isinstance(order, int) and order < 2:
            bp, v = floating(nodes), floating(y)
            if order == 0:
                at = np.clip(np.searchsorted(bp, x, side="right") - 1, 0, last)
                return take(v, at, axis=0)
            slope = np.diff(v, axis=0) / tail(np.diff(bp), v.ndim - 1)
            return piecewise.evaluate(np.stack([slope, v[:-1]]), bp, x)
        return make_interp_spline(nodes, y, k=order, check_finite=False)(x)


def _trailing(fill: Any, y: Any) -> Any:
    """Return fill values in the shape of the values behind the interpolation axis."""
    shape = y.shape[1:]
    if np.ndim(fill) == 1 and np.size(fill) == math.prod(shape):
        return np.reshape(fill, shape)
    return np.broadcast_to(np.reshape(fill, ()) if np.size(fill) == 1 else fill, shape)
