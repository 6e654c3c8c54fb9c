"""Interpolation between scattered points: RBFInterpolator, LinearNDInterpolator, NearestNDInterpolator, griddata."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.mirror import replaces
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.splines import scattered
from dualrev.rules.splines.piecewise import floating
from dualrev.scipy.interpolate.common import (
    any_traced,
    constant_nodes,
    description,
    interpolate,
    seen,
)
from dualrev.scipy.interpolate.lines import interp1d

__all__ = ["LinearNDInterpolator", "NearestNDInterpolator", "RBFInterpolator", "griddata"]


@replaces(
    interpolate.RBFInterpolator,
    kind="composite",
    note="in nodes, values, smoothing, epsilon and points; at a node the kernels' second derivative may be infinite",
)
class RBFInterpolator(interpolate.RBFInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.RBFInterpolator)
    _held: Any = None

    def __init__(
        self,
        y: Any,
        d: Any,
        neighbors: Any = None,
        smoothing: Any = 0.0,
        kernel: str = "thin_plate_spline",
        epsilon: Any = None,
        degree: Any = None,
    ) -> None:
        super().__init__(
            seen(y), seen(d), neighbors, seen(smoothing), kernel, seen(epsilon), degree
        )
        if any_traced(y, d, smoothing, epsilon):
            y, d = floating(y), floating(d)
            smoothing = np.broadcast_to(floating(smoothing), (y.shape[0],))
            epsilon = self.epsilon if epsilon is None else epsilon
            self._held = y, np.reshape(d, (y.shape[0], -1)), smoothing, epsilon

    def __call__(self, x: Any) -> Any:
        if self._held is None and not any_traced(x):
            return super().__call__(x)
        x = floating(x)
        if x.ndim != 2:
            raise ValueError("`x` must be a 2-dimensional array.")
        if x.shape[1] != self.y.shape[1]:
            raise ValueError(f"Expected the second axis of `x` to have length {self.y.shape[1]}.")
        if self._held is None:
            d = self.d.view(self.d_dtype)
            y, smoothing, epsilon = self.y, self.smoothing, self.epsilon
        else:
            y, d, smoothing, epsilon = self._held
        options = self.kernel, epsilon, self.powers
        if self.neighbors is None:
            out = scattered.radial(x, y, d, smoothing, *options)
        else:
            out = scattered.radial_near(x, y, d, smoothing, *options, self.neighbors)
        return np.reshape(out, (x.shape[0], *self.d_shape))


def _coordinates(args: Any) -> Any:
    """Return points with coordinates along the last axis, given so or one array per coordinate."""
    if isinstance(args, tuple) and len(args) == 1:
        args = args[0]
    if isinstance(args, tuple):
        return np.stack(np.broadcast_arrays(*map(floating, args)), axis=-1)
    return floating(args)


@replaces(
    interpolate.NearestNDInterpolator,
    kind="composite",
    note="in values; constant in the points between ties",
)
class NearestNDInterpolator(interpolate.NearestNDInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.NearestNDInterpolator)
    _held: Any = None

    def __init__(self, x: Any, y: Any, rescale: bool = False, tree_options: Any = None) -> None:
        constant_nodes("NearestNDInterpolator", x, instead="the nodes as constants, np.argmin")
        super().__init__(x, seen(y), rescale, tree_options)
        if any_traced(y):
            self._held = array_operand(y)

    def __call__(self, *args: Any, **query_options: Any) -> Any:
        if self._held is None and not any_traced(*args):
            return super().__call__(*args, **query_options)
        xi = _coordinates(args)
        if xi.shape[-1] != self.points.shape[1]:
            xi = xi[..., None]
        self._check_call_shape(seen(xi))
        if self.scale is not None:
            xi = (xi - self.offset) / self.scale
        values = self.values if self._held is None else self._held
        return scattered.nearest(floating(values), xi, self.tree, query_options)


@replaces(
    interpolate.LinearNDInterpolator,
    kind="composite",
    note="in values and points; the triangulation is constant",
    name="scipy.interpolate.LinearNDInterpolator",
)
class LinearNDInterpolator(interpolate.LinearNDInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.LinearNDInterpolator)

    def __init__(
        self, points: Any, values: Any, fill_value: Any = np.nan, rescale: bool = False
    ) -> None:
        constant_nodes("LinearNDInterpolator", points, instead="RBFInterpolator")
        super().__init__(points, seen(values), fill_value, rescale)
        self._held = floating(values) if any_traced(values) else None

    def __call__(self, *args: Any) -> Any:
        if self._held is None and not any_traced(*args):
            return super().__call__(*args)
        xi = _coordinates(args)
        self._check_call_shape(seen(xi))
        if self.scale is not None:
            xi = (xi - self.offset) / self.scale
        if self._held is None:
            values = np.reshape(np.asarray(self.values), (-1, *self.values_shape))
        else:
            values = self._held
        return scattered.barycentric(values, xi, self.tri, self.fill_value)


@replaces(
    interpolate.griddata,
    kind="composite",
    note="in values and points, method nearest or linear, in one dimension also cubic",
)
def griddata(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    fill_value: Any = np.nan,
    rescale: bool = False,
) -> Any:
    if not any_traced(points, values, xi):
        return interpolate.griddata(points, values, xi, method, fill_value, rescale)
    constant_nodes("griddata", points, instead="RBFInterpolator")
    points = _coordinates(points)
    ndim = 1 if points.ndim < 2 else points.shape[-1]
    if ndim == 1 and method in ("nearest", "linear", "cubic"):
        if isinstance(xi, tuple):
            if len(xi) != 1:
                raise ValueError("invalid number of dimensions in xi")
            (xi,) = xi
        order = np.argsort(np.ravel(points))
        return interp1d(
            np.ravel(points)[order],
            array_operand(values)[order],
            kind=method,
            axis=0,
            bounds_error=False,
            fill_value="extrapolate" if method == "nearest" else fill_value,
        )(xi)
    if method == "nearest":
        return NearestNDInterpolator(points, values, rescale=rescale)(_coordinates(xi))
    if method == "linear":
        return LinearNDInterpolator(points, values, fill_value, rescale)(_coordinates(xi))
    if method == "cubic" and ndim == 2:
        raise UnsupportedError(
            "scipy.interpolate.griddata with method='cubic'",
            "SciPy estimates the gradients of its cubics in plain numbers",
            "RBFInterpolator",
        )
    raise ValueError(f"Unknown interpolation method {method!r} for {ndim} dimensional data")


griddata.__doc__ = description(interpolate.griddata)
