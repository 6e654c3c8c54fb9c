"""The interpolating cubics: CubicSpline, CubicHermiteSpline, PchipInterpolator, Akima1DInterpolator.

Nodes, values, end conditions and points of evaluation may be traced.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.mirror import replaces
from dualrev.rules.splines import slopes
from dualrev.rules.splines.piecewise import floating
from dualrev.scipy.interpolate.common import any_traced, description, hold, interpolate, seen
from dualrev.scipy.interpolate.piecewise import PowerBasis

__all__ = [
    "Akima1DInterpolator",
    "CubicHermiteSpline",
    "CubicSpline",
    "PchipInterpolator",
    "pchip_interpolate",
]


def _fill(self: Any, x: Any, y: Any, slopes_of: Any) -> None:
    """Put in the coefficients made of traced data; SciPy has checked the arguments and set the rest."""
    x, y = floating(x), np.moveaxis(floating(y), self.axis, 0)
    hold(self, c=slopes.hermite(x, y, slopes_of(x, y)), x=x)


@replaces(
    interpolate.CubicHermiteSpline, kind="composite", note="in nodes, values, slopes and points"
)
class CubicHermiteSpline(PowerBasis, interpolate.CubicHermiteSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.CubicHermiteSpline)

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        super().__init__(seen(x), seen(y), seen(dydx), axis, extrapolate)
        if any_traced(x, y, dydx):
            d = np.moveaxis(floating(dydx), self.axis, 0)
            _fill(self, x, y, lambda x, y: d)


@replaces(
    interpolate.PchipInterpolator,
    kind="composite",
    note="in nodes, values and points; slope 0 where the data turn, as the interpolant has it",
)
class PchipInterpolator(PowerBasis, interpolate.PchipInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.PchipInterpolator)

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        super().__init__(seen(x), seen(y), axis, extrapolate)
        if any_traced(x, y):
            _fill(self, x, y, slopes.pchip)


@replaces(
    interpolate.Akima1DInterpolator,
    kind="composite",
    note="in nodes, values and points, where the slopes are defined by their weights",
)
class Akima1DInterpolator(PowerBasis, interpolate.Akima1DInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.Akima1DInterpolator)

    def __init__(
        self, x: Any, y: Any, axis: int = 0, *, method: Any = "akima", extrapolate: Any = None
    ) -> None:
        # SciPy before 1.14 does not know the last one.
        options = {} if extrapolate is None else {"extrapolate": extrapolate}
        super().__init__(seen(x), seen(y), axis, method=method, **options)
        if any_traced(x, y):
            _fill(self, x, y, lambda x, y: slopes.akima(x, y, method))

    def extend(self, c: Any, x: Any, right: bool = True) -> None:
        interpolate.Akima1DInterpolator.extend(self, c, x, right)

    @classmethod
    def from_spline(cls, tck: Any, extrapolate: Any = None) -> Any:
        return interpolate.Akima1DInterpolator.from_spline(tck, extrapolate)

    @classmethod
    def from_bernstein_basis(cls, bp: Any, extrapolate: Any = None) -> Any:
        return interpolate.Akima1DInterpolator.from_bernstein_basis(bp, extrapolate)


def _conditions(bc_type: Any) -> tuple[Any, Any]:
    """Return an end condition at either end: a word, or order and value."""
    words = {"clamped": (1, 0.0), "natural": (2, 0.0)}
    pair = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
    first, last = (words.get(end, end) if isinstance(end, str) else end for end in pair)
    return first, last


@replaces(
    interpolate.CubicSpline,
    kind="composite",
    note="in nodes, values, end conditions and points; a tridiagonal solve",
)
class CubicSpline(PowerBasis, interpolate.CubicSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.CubicSpline)

    def __init__(
        self,
        x: Any,
        y: Any,
        axis: int = 0,
        bc_type: Any = "not-a-knot",
        extrapolate: Any = None,
    ) -> None:
        seen_ends: Any = bc_type
        if not isinstance(bc_type, str):
            seen_ends = tuple(
                end if isinstance(end, str) or len(end) != 2 else (end[0], seen(end[1]))
                for end in bc_type
            )
        super().__init__(seen(x), seen(y), axis, seen_ends, extrapolate)
        ends: Any = _conditions(bc_type)
        given = [end[1] for end in ends if not isinstance(end, str)]
        if not any_traced(x, y, *given):
            return
        ends = tuple(e if isinstance(e, str) else (e[0], floating(e[1])) for e in ends)
        if any(np.iscomplexobj(seen(end[1])) for end in ends if not isinstance(end, str)):
            y = y + 0j
        _fill(self, x, y, lambda x, y: slopes.cubic(x, y, ends))


@replaces(interpolate.pchip_interpolate, kind="composite", note="in nodes, values and points")
def pchip_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    if not any_traced(xi, yi, x):
        return interpolate.pchip_interpolate(xi, yi, x, der, axis)
    p = PchipInterpolator(xi, yi, axis=axis)
    return p(x, nu=der) if np.ndim(der) == 0 else [p(x, nu=nu) for nu in der]


pchip_interpolate.__doc__ = description(interpolate.pchip_interpolate)
