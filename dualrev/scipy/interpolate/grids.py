"""Interpolation on grids: interp1d, RegularGridInterpolator, interpn, NdBSpline.

Values and points of evaluation may be traced, and the grid too where no collocation equations are solved.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.mirror import replaces
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.splines import basis, slopes
from dualrev.rules.splines.maps import along, solver
from dualrev.rules.splines.piecewise import floating, pick, tail
from dualrev.rules.taking import take
from dualrev.scipy.interpolate.bivariate import RectBivariateSpline
from dualrev.scipy.interpolate.common import (
    any_traced,
    constant_nodes,
    description,
    hold,
    interpolate,
    seen,
)

__all__ = ["NdBSpline", "RegularGridInterpolator", "interpn"]


@replaces(interpolate.NdBSpline, kind="composite", note="in coefficients and points")
class NdBSpline(interpolate.NdBSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.NdBSpline)

    def __init__(self, t: Any, c: Any, k: Any, *, extrapolate: Any = None) -> None:
        constant_nodes("NdBSpline", t, instead="BSpline along one axis after the other")
        super().__init__(t, seen(c), k, extrapolate=extrapolate)
        if any_traced(c):
            hold(self, c=floating(c))

    def __call__(self, xi: Any, *, nu: Any = None, extrapolate: Any = None) -> Any:
        if not any_traced(xi, self.c):
            return super().__call__(xi, nu=nu, extrapolate=extrapolate)
        if extrapolate is None:
            extrapolate = self.extrapolate
        knots = tuple(np.asarray(t) for t in self.t)
        return _tensor(knots, self.k, self.c, floating(xi), nu, extrapolate)


def _tensor(knots: Any, degrees: Any, c: Any, xi: Any, nu: Any, extrapolate: Any) -> Any:
    ndim = len(knots)
    nu = (0,) * ndim if nu is None else tuple(int(n) for n in nu)
    if xi.shape[-1] != ndim:
        raise ValueError(f"Shapes: {xi.shape = } and {ndim = }")
    points = [xi[..., d] for d in range(ndim)]
    y = basis.tensor(knots, degrees, c, points, nu)
    out: Any = np.isnan(points[0])
    for t, k, x in zip(knots, degrees, points, strict=True):
        out = out | np.isnan(x)
        if not extrapolate:
            out = out | (x < t[k]) | (x > t[-k - 1])
    if isinstance(out, Traced) or np.any(out):
        y = np.where(tail(out, y.ndim - np.ndim(out)), np.nan, y)
    return y


_DEGREES = {"slinear": 1, "cubic": 3, "quintic": 5}


@replaces(
    interpolate.RegularGridInterpolator,
    kind="composite",
    note="in values and points; for cubic and quintic the coefficients of traced values are solved for directly, "
    "where SciPy iterates to a tolerance (solver=scipy.sparse.linalg.spsolve gives the same)",
)
class RegularGridInterpolator(interpolate.RegularGridInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.RegularGridInterpolator)
    _held: Any = None
    _filled: Any = None

    def __init__(
        self,
        points: Any,
        values: Any,
        method: str = "linear",
        bounds_error: bool = True,
        fill_value: Any = np.nan,
        **solver: Any,
    ) -> None:
        constant_nodes("RegularGridInterpolator", *points, instead="CubicSpline axis by axis")
        super().__init__(points, seen(values), method, bounds_error, seen(fill_value), **solver)
        if any_traced(fill_value):
            self._filled = floating(fill_value)
        if any_traced(values):
            held = array_operand(values)
            if dtype_of(held).kind not in "fc":
                held = astype(held, float)
            flipped = self._descending_dimensions
            self._held = np.flip(held, axis=flipped) if flipped else held

    def __call__(self, xi: Any, method: Any = None, *, nu: Any = None) -> Any:
        if self._held is None and self._filled is None and not any_traced(xi):
            return super().__call__(xi, method, nu=nu)
        method = self.method if method is None else method
        if method not in self._ALL_METHODS:
            raise ValueError(f"Method '{method}' is not defined")
        if nu is not None and method not in _DEGREES:
            raise ValueError(
                f"Can only compute derivatives for methods {set(_DEGREES)}, got {method =}."
            )
        grid = [np.asarray(g, float) for g in self.grid]
        if isinstance(xi, tuple):
            xi = np.stack(np.broadcast_arrays(*map(floating, xi)), axis=-1)
        xi = floating(xi)
        if xi.ndim == 1:
            xi = xi[:, None] if len(grid) == 1 else xi[None]
        self._prepare_xi(seen(xi))
        values = np.asarray(self.values) if self._held is None else self._held
        points = [xi[..., d] for d in range(len(grid))]
        return self._marked(points, grid, self._inside(points, grid, values, method, nu))

    def _inside(self, points: Any, grid: Any, values: Any, method: str, nu: Any) -> Any:
        if method == "linear":
            return _linear(points, grid, values)
        if method == "nearest":
            return _nearest(points, grid, values)
        if method == "pchip":
            return astype(_pchip(points, grid, values), dtype_of(values), copy=False)
        degree = _DEGREES[method.removesuffix("_legacy")]
        self._validate_grid_dimensions(grid, method)
        made = getattr(self, "_spline", None)  # not in SciPy before 1.14
        if self._held is None and method == self.method and made is not None:
            knots, c = [np.asarray(t) for t in made.t], made.c
        else:
            knots = [np.asarray(interpolate.make_interp_spline(g, g, degree).t) for g in grid]
            c = floating(values)
            for axis, (g, t) in enumerate(zip(grid, knots, strict=True)):
                c = along(solver(basis.collocation(g, t, degree)), c, axis)
        xi = np.stack(points, axis=-1)
        y = _tensor(knots, (degree,) * len(grid), c, xi, nu, True)
        return astype(y, dtype_of(values), copy=False) if method.endswith("_legacy") else y

    def _marked(self, points: Any, grid: Any, y: Any) -> Any:
        """Put in the fill value outside, and NaN where a coordinate is none."""
        out: Any = points[0] < grid[0][0]
        bad: Any = np.isnan(points[0])
        for x, g in zip(points, grid, strict=True):
            out, bad = out | (x < g[0]) | (x > g[-1]), bad | np.isnan(x)
        if self.bounds_error and np.any(value(out)):
            raise ValueError("One of the requested xi is out of bounds")
        ndim, dtype = y.ndim - np.ndim(out), dtype_of(y)
        fill = self.fill_value if self._filled is None else self._filled
        if not self.bounds_error and fill is not None:
            y = np.where(tail(out, ndim), fill, y)
        if isinstance(bad, Traced) or np.any(bad):
            y = np.where(tail(bad, ndim), np.nan, y)
        return astype(y, dtype, copy=False)


def _cell(x: Any, g: Any) -> tuple[Any, Any]:
    """Return the number of the cell of each point, and the point's place in it from 0 to 1."""
    if len(g) == 1:
        return np.zeros_like(x).astype(int), 0.0 * x
    i = np.clip(np.searchsorted(g, x, side="right") - 1, 0, len(g) - 2)
    low = pick(g, i)
    return i, (x - low) / (pick(g, i + 1) - low)


def _linear(points: Any, grid: Any, values: Any) -> Any:
    shape, ndim = values.shape[: len(grid)], values.ndim - len(grid)
    flat = np.reshape(values, (-1, *values.shape[len(grid) :]))
    cells = [_cell(x, g) for x, g in zip(points, grid, strict=True)]
    y: Any = 0.0
    for corner in itertools.product((0, 1), repeat=len(grid)):
        at: Any = 0
        weight: Any = 1.0
        for side, n, (i, place) in zip(corner, shape, cells, strict=True):
            at = at * n + (np.minimum(i + 1, n - 1) if side else i)
            weight = weight * (place if side else 1.0 - place)
        y = y + tail(weight, ndim) * take(flat, at, axis=0)
    return y


def _nearest(points: Any, grid: Any, values: Any) -> Any:
    flat = np.reshape(values, (-1, *values.shape[len(grid) :]))
    at: Any = 0
    for x, g in zip(points, grid, strict=True):
        i, place = _cell(x, g)
        at = at * len(g) + np.where(place <= 0.5, i, np.minimum(i + 1, len(g) - 1))
    return take(flat, at, axis=0)


def _pchip(points: Any, grid: Any, values: Any) -> Any:
    """Interpolate along the last axis at all points, then along the others point by point."""
    lead = points[0].shape
    points = [np.reshape(x, (-1,)) for x in points]
    y = np.moveaxis(values, len(grid) - 1, 0)
    y = y[:, None]
    for d in range(len(grid) - 1, -1, -1):
        # Axes of y: along the grid, points (or one for all), the grid's other axes, trailing ones.
        x, g = points[d], grid[d]
        c = slopes.hermite(g, y, slopes.pchip(g, y))
        i = np.clip(np.searchsorted(g, x, side="right") - 1, 0, len(g) - 2)
        many = c.shape[2]
        at = i * many + (np.arange(many) if many > 1 else 0)
        parts = take(np.reshape(c, (4, -1, *c.shape[3:])), at, axis=1)
        s = tail(x - pick(g, i), parts.ndim - 2)
        y = ((parts[0] * s + parts[1]) * s + parts[2]) * s + parts[3]
        if d:
            y = np.moveaxis(y, d, 0)
    return np.reshape(y, (*lead, *y.shape[1:]))


@replaces(interpolate.interpn, kind="composite", note="in values and points")
def interpn(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:
    if not any_traced(points, values, xi, fill_value):
        return interpolate.interpn(points, values, xi, method, bounds_error, fill_value)
    if method != "splinef2d":
        if np.ndim(values) < len(points):
            raise ValueError(
                f"There are {len(points)} point arrays, but values has {np.ndim(values)} dimensions"
            )
        return RegularGridInterpolator(
            points, values, method=method, bounds_error=bounds_error, fill_value=fill_value
        )(xi)
    if any_traced(fill_value):
        raise UnsupportedError("interpn", "a traced fill_value of splinef2d", "np.where")
    if isinstance(xi, tuple):
        xi = np.stack(np.broadcast_arrays(*map(floating, xi)), axis=-1)
    xi = array_operand(xi)
    dtype = dtype_of(xi)
    xi = floating(xi)
    xi = xi[None] if xi.ndim == 1 else xi
    constant_nodes("interpn", *points, instead="CubicSpline axis by axis")
    # For its checks.
    interpolate.interpn(points, seen(values), seen(xi), method, bounds_error, fill_value)
    y = RectBivariateSpline(points[0], points[1], values).ev(xi[..., 0], xi[..., 1])
    out: Any = False
    for d, g in enumerate(points):
        out = out | (xi[..., d] < np.min(g)) | (xi[..., d] > np.max(g))
    return astype(np.where(out, fill_value, y), dtype, copy=False)


interpn.__doc__ = description(interpolate.interpn)
