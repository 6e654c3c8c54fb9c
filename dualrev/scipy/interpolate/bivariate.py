"""FITPACK's surfaces: evaluated at traced points; RectBivariateSpline with s = 0 also of traced values."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.mirror import replaces
from dualrev.errors import UnsupportedError
from dualrev.rules.splines import basis
from dualrev.rules.splines.maps import along, solver
from dualrev.rules.splines.piecewise import floating
from dualrev.rules.taking import take
from dualrev.scipy.interpolate.common import (
    any_traced,
    constant_nodes,
    description,
    interpolate,
    seen,
)

__all__ = ["LSQBivariateSpline", "RectBivariateSpline", "SmoothBivariateSpline", "Surface"]


def _along(t: Any, c: Any, k: int, x: Any, nu: int) -> Any:
    """Evaluate along the first axis of coefficients, at a vector of points."""
    i, w = basis.weights(t, k, x, nu)
    return sum(w[m][:, None] * take(c, i - k + m, axis=0) for m in range(k + 1))


class _Bivariate:
    """What the surfaces do with traced numbers; beyond its ends a surface goes on as a constant."""

    tck: Any
    degrees: Any

    @property
    def _traced(self) -> bool:
        return any_traced(self.tck[2])

    def _matrix(self) -> Any:
        (tx, ty, c), (kx, ky) = self.tck, self.degrees
        return np.reshape(c, (len(tx) - kx - 1, len(ty) - ky - 1))

    def __call__(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        if not (self._traced or any_traced(x, y)):
            return super().__call__(x, y, dx, dy, grid)  # type: ignore[misc]
        if (dx >= self.degrees[0] or dy >= self.degrees[1]) and (dx or dy):
            raise ValueError("Error code returned by parder: 10")
        points, x, y = [], floating(x), floating(y)
        if not grid:
            x, y = np.broadcast_arrays(x, y)
        for name, v, t, k in zip("xy", (x, y), self.tck, self.degrees, strict=False):
            if grid and v.ndim and np.any(seen(v)[1:] < seen(v)[:-1]):
                raise ValueError(f"{name} must be strictly increasing when `grid` is True")
            points.append(basis.inside(v, t[k], t[-k - 1]))
        c = self._matrix()
        if grid:
            for v, t, k, nu in zip(points, self.tck, self.degrees, (dx, dy), strict=False):
                c = np.transpose(_along(t, c, k, np.reshape(v, (-1,)), nu))
            return c
        return basis.tensor(self.tck[:2], self.degrees, c, points, (dx, dy))

    def partial_derivative(self, dx: int, dy: int) -> Any:
        if not self._traced:
            plain = super().partial_derivative(dx, dy)  # type: ignore[misc]
            return self if plain is self else Surface._from_tck((*plain.tck, *plain.degrees))
        if dx == 0 and dy == 0:
            return self
        if dx < 0 or dy < 0:
            raise ValueError("order of derivative must be positive or zero")
        if dx >= self.degrees[0] or dy >= self.degrees[1]:
            raise ValueError("order of derivative must be less than degree of spline")
        c, knots, degrees = self._matrix(), [], []
        for t, k, nu in zip(self.tck, self.degrees, (dx, dy), strict=False):
            inner, c, degree = basis.derivative(t, c, k, nu)
            knots.append(inner)
            degrees.append(degree)
            c = np.transpose(c[: len(inner) - degree - 1])
        return Surface._from_tck((*knots, np.reshape(c, (-1,)), *degrees))

    def ev(self, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
        return self(xi, yi, dx=dx, dy=dy, grid=False)

    def integral(self, xa: Any, xb: Any, ya: Any, yb: Any) -> Any:
        if not (self._traced or any_traced(xa, xb, ya, yb)):
            return super().integral(xa, xb, ya, yb)  # type: ignore[misc]
        c = self._matrix()
        for t, k, ends in zip(self.tck, self.degrees, ((xa, xb), (ya, yb)), strict=False):
            c = basis.integrate(t, c, k, *ends, False)
        return c


class Surface(_Bivariate, interpolate.BivariateSpline):  # type: ignore[misc]
    """A surface given by knots and coefficients, such as a partial derivative."""


@replaces(
    interpolate.RectBivariateSpline,
    kind="composite",
    note="in points; in values with s=0; the grid is constant",
)
class RectBivariateSpline(_Bivariate, interpolate.RectBivariateSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.RectBivariateSpline)

    def __init__(
        self,
        x: Any,
        y: Any,
        z: Any,
        bbox: Any = (None, None, None, None),
        kx: int = 3,
        ky: int = 3,
        s: Any = 0,
        **maxit: Any,
    ) -> None:
        constant_nodes(
            "RectBivariateSpline", x, y, instead="CubicSpline along one axis, then the other"
        )
        super().__init__(x, y, seen(z), list(bbox), kx, ky, s, **maxit)
        if not any_traced(z):
            return
        if s != 0:
            raise UnsupportedError(
                "scipy.interpolate.RectBivariateSpline",
                "with s > 0 FITPACK chooses the knots by the values",
                "s=0",
            )
        c = floating(z)
        for axis, (v, t, k) in enumerate(zip((x, y), self.tck, (kx, ky), strict=False)):
            c = along(solver(basis.collocation(np.ravel(v), t, k)), c, axis)
        self.tck = *self.tck[:2], np.reshape(c, (-1,))


def _points_only(name: str) -> Any:
    original = getattr(interpolate, name)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if any_traced(*args, *kwargs.values()):
            raise UnsupportedError(
                f"scipy.interpolate.{name}",
                "FITPACK fits it in plain numbers",
                "RectBivariateSpline with s=0, or RBFInterpolator",
            )
        original.__init__(self, *args, **kwargs)

    made = type(
        name, (_Bivariate, original), {"__init__": __init__, "__doc__": description(original)}
    )
    made.__module__ = __name__
    return replaces(original, kind="composite", note="in points; the data are constants")(made)


SmoothBivariateSpline = _points_only("SmoothBivariateSpline")
LSQBivariateSpline = _points_only("LSQBivariateSpline")
