"""PPoly and BPoly, whose coefficients, breakpoints and points of evaluation may be traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.core.mirror import replaces
from dualrev.errors import UnsupportedError
from dualrev.rules.splines import piecewise
from dualrev.rules.splines.piecewise import floating
from dualrev.scipy.interpolate.common import any_traced, description, hold, interpolate, seen

__all__ = ["BPoly", "PPoly", "PowerBasis"]

_STEPS = 3


class _Piecewise:
    """What piecewise polynomials do with traced numbers; with plain ones SciPy does it."""

    c: Any
    x: Any
    axis: int
    extrapolate: Any

    @classmethod
    def construct_fast(cls, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> Any:
        made = super().construct_fast(seen(c), seen(x), extrapolate, axis)  # type: ignore[misc]
        if any_traced(c, x):
            hold(made, c=c, x=x)
        return made

    @property
    def _traced(self) -> bool:
        return any_traced(self.c, self.x)

    def _set(self, c: Any, x: Any, axis: int) -> None:
        """Take checked coefficients in SciPy's order of axes."""
        c = floating(c)
        if axis:
            c = np.moveaxis(np.moveaxis(c, axis + 1, 0), axis + 1, 0)
        hold(self, c=c, x=floating(x))

    def _refuse(self, what: str) -> None:
        if self._traced:
            raise UnsupportedError(
                f"{type(self).__name__}.{what}",
                "it works on plain numbers, and this polynomial holds traced ones",
                "PPoly(c, x) of coefficients made with NumPy functions",
            )


class PowerBasis(_Piecewise):
    """Adds traced numbers to a subclass of SciPy's `PPoly`."""

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if not (self._traced or any_traced(x)):
            return super().__call__(x, nu, extrapolate)  # type: ignore[misc]
        if extrapolate is None:
            extrapolate = self.extrapolate
        return piecewise.evaluate(self.c, self.x, x, nu, extrapolate, self.axis)

    def derivative(self, nu: int = 1) -> Any:
        if not self._traced:
            return super().derivative(nu)  # type: ignore[misc]
        if nu < 0:
            return self.antiderivative(-nu)
        c = piecewise.derivative(self.c, nu)
        return self.construct_fast(c, self.x, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> Any:
        if not self._traced:
            return super().antiderivative(nu)  # type: ignore[misc]
        if nu <= 0:
            return self.derivative(-nu)
        c = piecewise.antiderivative(self.c, self.x, nu)
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return self.construct_fast(c, self.x, extrapolate, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        if not (self._traced or any_traced(a, b)):
            return super().integrate(a, b, extrapolate)  # type: ignore[misc]
        if extrapolate is None:
            extrapolate = self.extrapolate
        return piecewise.integrate(self.c, self.x, a, b, extrapolate)

    def solve(self, y: Any = 0.0, discontinuity: bool = True, extrapolate: Any = None) -> Any:
        if not (self._traced or any_traced(y)):
            return super().solve(y, discontinuity, extrapolate)  # type: ignore[misc]
        if self.c.ndim != 2:
            self._refuse("solve of several polynomials")
        if extrapolate is None:
            extrapolate = self.extrapolate
        plain = interpolate.PPoly(_plain(self.c), _plain(self.x), extrapolate)
        r = plain.solve(_plain(y), discontinuity, extrapolate)
        # Newton steps from the roots: each doubles the number of derivatives that are right.
        slope = plain(r, 1)
        if np.any(slope == 0) or np.any(np.isnan(r)):
            raise UnsupportedError(
                f"{type(self).__name__}.solve",
                "a multiple root moves at infinite speed",
                "a function of the polynomial that has simple roots",
            )
        for _ in range(_STEPS):
            error = piecewise.evaluate(self.c, self.x, r) - y
            r = r - error / piecewise.evaluate(self.c, self.x, r, 1)
        return r

    def roots(self, discontinuity: bool = True, extrapolate: Any = None) -> Any:
        if not self._traced:
            return super().roots(discontinuity, extrapolate)  # type: ignore[misc]
        return self.solve(0, discontinuity, extrapolate)

    def extend(self, c: Any, x: Any) -> None:
        if not (self._traced or any_traced(c, x)):
            super().extend(c, x)  # type: ignore[misc]
            return
        _extend(self, c, x)

    @classmethod
    def from_spline(cls, tck: Any, extrapolate: Any = None) -> Any:
        t, c, _k = tck.tck if isinstance(tck, interpolate.BSpline) else tck
        if not any_traced(t, c):
            return super().from_spline(tck, extrapolate)  # type: ignore[misc]
        raise UnsupportedError(
            f"{cls.__name__}.from_spline",
            "FITPACK evaluates the spline's derivatives at its knots in plain numbers",
            "BSpline, which can be evaluated, differentiated and integrated as it is",
        )

    @classmethod
    def from_bernstein_basis(cls, bp: Any, extrapolate: Any = None) -> Any:
        if isinstance(bp, _Piecewise):
            bp._refuse("from_bernstein_basis")
        return super().from_bernstein_basis(bp, extrapolate)  # type: ignore[misc]


def _plain(x: Any) -> Any:
    plain = np.asarray(value(x))
    if plain.ndim != np.ndim(x):
        raise UnsupportedError(
            "the roots of a piecewise polynomial in vmap",
            "their number differs between lanes",
            "a loop over the polynomials",
        )
    return plain


def _extend(self: Any, c: Any, x: Any) -> None:
    """Append or prepend intervals, checked by SciPy on plain numbers."""
    c, x = floating(c), floating(x)
    checked = interpolate.PPoly(seen(self.c), seen(self.x))
    checked.extend(seen(c), seen(x))
    order = checked.c.shape[0]
    parts = [np.concatenate([np.zeros((order - v.shape[0], *v.shape[1:])), v]) for v in (self.c, c)]
    knots = [self.x, x]
    if checked.x[0] != seen(self.x)[0]:
        parts.reverse()
        knots.reverse()
    hold(self, c=np.concatenate(parts, axis=1), x=np.concatenate(knots))


@replaces(
    interpolate.PPoly, kind="composite", note="in coefficients, breakpoints and points; roots too"
)
class PPoly(PowerBasis, interpolate.PPoly):  # type: ignore[misc]
    __doc__ = description(interpolate.PPoly)

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        super().__init__(seen(c), seen(x), extrapolate, axis)
        if any_traced(c, x):
            self._set(c, x, axis)


@replaces(interpolate.BPoly, kind="composite", note="in coefficients, breakpoints and points")
class BPoly(_Piecewise, interpolate.BPoly):  # type: ignore[misc]
    __doc__ = description(interpolate.BPoly)

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        super().__init__(seen(c), seen(x), extrapolate, axis)
        if any_traced(c, x):
            self._set(c, x, axis)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if not (self._traced or any_traced(x)):
            return super().__call__(x, nu, extrapolate)
        if extrapolate is None:
            extrapolate = self.extrapolate
        return piecewise.bernstein(self.c, self.x, x, nu, extrapolate, self.axis)

    def derivative(self, nu: int = 1) -> Any:
        if not self._traced:
            return super().derivative(nu)
        if nu < 0:
            return self.antiderivative(-nu)
        c, degree = self.c, self.c.shape[0] - 1
        h = piecewise.tail(np.diff(self.x), c.ndim - 2)
        for m in range(min(nu, degree)):
            c = (degree - m) * np.diff(c, axis=0) / h
        c = np.zeros_like(c[:1]) if nu > degree else c
        return self.construct_fast(c, self.x, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> Any:
        if not self._traced:
            return super().antiderivative(nu)
        if nu <= 0:
            return self.derivative(-nu)
        c, x = self.c, self.x
        h = piecewise.tail(np.diff(x), c.ndim - 2)
        for _ in range(nu):
            sums = np.cumsum(c, axis=0) * h / c.shape[0]
            start = np.cumsum(sums[-1], axis=0) - sums[-1]
            c = np.concatenate([np.zeros_like(sums[:1]), sums]) + start
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return self.construct_fast(c, x, extrapolate, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        if not (self._traced or any_traced(a, b)):
            return super().integrate(a, b, extrapolate)
        if extrapolate is None:
            extrapolate = self.extrapolate
        once = self.antiderivative()
        if extrapolate != "periodic":
            return once(b, extrapolate=extrapolate) - once(a, extrapolate=extrapolate)
        first, last = self.x[0], self.x[-1]
        total = once(last) - once(first)

        def since(x: Any) -> Any:
            turns = np.floor((x - first) / (last - first))
            return turns * total + once(x - turns * (last - first))

        return since(floating(b)) - since(floating(a))

    def extend(self, c: Any, x: Any) -> None:
        if any_traced(c, x):
            raise UnsupportedError("BPoly.extend", "it writes plain numbers", "BPoly(c, x) anew")
        self._refuse("extend")
        super().extend(c, x)

    @classmethod
    def from_power_basis(cls, pp: Any, extrapolate: Any = None) -> Any:
        if isinstance(pp, _Piecewise):
            pp._refuse("from_power_basis")
        return super().from_power_basis(pp, extrapolate)

    @classmethod
    def from_derivatives(cls, xi: Any, yi: Any, orders: Any = None, extrapolate: Any = None) -> Any:
        if any_traced(xi, *yi) or any(isinstance(v, Traced) for y in yi for v in np.atleast_1d(y)):
            raise UnsupportedError(
                "BPoly.from_derivatives",
                "it solves for the coefficients in plain numbers",
                "CubicHermiteSpline for values and slopes",
            )
        return super().from_derivatives(xi, yi, orders, extrapolate)
