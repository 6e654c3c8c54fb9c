"""BSpline, and the functions that make one: make_interp_spline, make_lsq_spline, make_smoothing_spline.

Points, knots and coefficients of a BSpline may be traced; a fit is linear in its values, with constant nodes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from dualrev.core.mirror import replaces
from dualrev.errors import UnsupportedError
from dualrev.rules.splines import basis
from dualrev.rules.splines.maps import along, solver
from dualrev.rules.splines.piecewise import floating
from dualrev.scipy.interpolate.common import (
    any_traced,
    constant_nodes,
    description,
    hold,
    interpolate,
    seen,
)

__all__ = ["BSpline", "as_ours", "make_interp_spline", "make_lsq_spline", "make_smoothing_spline"]


@replaces(interpolate.BSpline, kind="composite", note="in knots, coefficients and points")
class BSpline(interpolate.BSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.BSpline)

    def __init__(self, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
        super().__init__(seen(t), seen(c), k, extrapolate, axis)
        if any_traced(t, c):
            hold(self, t=floating(t), c=np.moveaxis(floating(c), axis, 0))

    @classmethod
    def construct_fast(
        cls, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0
    ) -> BSpline:
        made: BSpline = super().construct_fast(seen(t), seen(c), k, extrapolate, axis)
        if any_traced(t, c):
            hold(made, t=t, c=c)
        return made

    @property
    def _traced(self) -> bool:
        return any_traced(self.t, self.c)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if not (self._traced or any_traced(x)):
            return super().__call__(x, nu, extrapolate)
        if extrapolate is None:
            extrapolate = self.extrapolate
        return basis.evaluate(self.t, self.c, self.k, x, nu, extrapolate, self.axis)

    def derivative(self, nu: int = 1) -> Any:
        if not self._traced:
            return super().derivative(nu)
        if nu < 0:
            return self.antiderivative(-nu)
        t, c, k = basis.derivative(self.t, self.c, self.k, nu)
        return self.construct_fast(t, c, k, self.extrapolate, self.axis)

    def antiderivative(self, nu: int = 1) -> Any:
        if not self._traced:
            return super().antiderivative(nu)
        if nu < 0:
            return self.derivative(-nu)
        t, c, k = basis.antiderivative(self.t, self.c, self.k, nu)
        extrapolate = False if self.extrapolate == "periodic" else self.extrapolate
        return self.construct_fast(t, c, k, extrapolate, self.axis)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        if not (self._traced or any_traced(a, b)):
            return super().integrate(a, b, extrapolate)
        if extrapolate is None:
            extrapolate = self.extrapolate
        return basis.integrate(self.t, self.c, self.k, a, b, extrapolate)

    def insert_knot(self, x: Any, m: int = 1) -> Any:
        if self._traced or any_traced(x):
            raise UnsupportedError(
                "BSpline.insert_knot",
                "it works on plain numbers, and this spline holds traced ones",
                "the spline as it is: inserting a knot does not change its values",
            )
        return super().insert_knot(x, m)

    @classmethod
    def from_power_basis(cls, pp: Any, bc_type: Any = "not-a-knot") -> Any:
        if any_traced(pp.c, pp.x):
            raise UnsupportedError(
                "BSpline.from_power_basis",
                "it works on plain numbers, and this polynomial holds traced ones",
                "make_interp_spline of the values",
            )
        return super().from_power_basis(pp, bc_type)


def _specified(ends: Any, shape: tuple[int, ...]) -> tuple[list[int], list[Any]]:
    """Return orders and values of the derivatives given at one end, as checked by SciPy."""
    if ends is None:
        return [], []
    if isinstance(ends, str):
        ends = [({"clamped": 1, "natural": 2}[ends], np.zeros(shape))]
    orders, values = zip(*ends, strict=True)
    return [int(order) for order in orders], [floating(v)[None] for v in values]


def _given(bc_type: Any) -> tuple[Any, Any]:
    if bc_type is None or (isinstance(bc_type, str) and bc_type in ("not-a-knot", "periodic")):
        return None, None
    if isinstance(bc_type, str):
        return bc_type, bc_type
    first, last = bc_type
    return first, last


def _interpolating(x: Any, y: Any, t: Any, k: int, bc_type: Any) -> Any:
    """Return the coefficients along the first axis: the solution of the collocation equations."""
    if k == 0 or (k == 1 and len(t) == len(x) + 2):
        return y
    if isinstance(bc_type, str) and bc_type == "periodic":
        ends = [basis.collocation(x[:1], t, k, nu) for nu in range(1, k)]
        others = [basis.collocation(x[-1:], t, k, nu) for nu in range(1, k)]
        rows = [a - b for a, b in zip(ends, others, strict=True)]
        b = np.concatenate([np.zeros((len(rows), *y.shape[1:])), y])
        return along(solver(sparse.vstack([*rows, basis.collocation(x, t, k)])), b, 0)
    left, right = (_specified(end, y.shape[1:]) for end in _given(bc_type))
    rows = [basis.collocation(x[:1], t, k, nu) for nu in left[0]]
    rows += [basis.collocation(x, t, k)]
    rows += [basis.collocation(x[-1:], t, k, nu) for nu in right[0]]
    parts = [*left[1], y, *right[1]]
    b = np.concatenate(parts) if len(parts) > 1 else y
    return along(solver(sparse.vstack(rows)), b, 0)


def _with_coefficients(plain: Any, c: Any) -> BSpline:
    return BSpline.construct_fast(plain.t, c, plain.k, plain.extrapolate, plain.axis)


def as_ours(plain: Any) -> BSpline:
    """Return SciPy's spline as one of ours, which can be evaluated at traced points."""
    if isinstance(plain, BSpline):
        return plain
    made: BSpline = object.__new__(BSpline)
    made.__dict__.update(plain.__dict__)
    return made


@replaces(
    interpolate.make_interp_spline,
    kind="composite",
    note="in values and boundary derivatives, by a banded solve; nodes and knots are constants",
)
def make_interp_spline(
    x: Any,
    y: Any,
    k: int = 3,
    t: Any = None,
    bc_type: Any = None,
    axis: int = 0,
    check_finite: bool = True,
) -> Any:
    constant_nodes("make_interp_spline", x, t, instead="CubicSpline, whose nodes may be traced")
    ends = [
        v for end in _given(bc_type) if end is not None and not isinstance(end, str) for v in end
    ]
    plain = interpolate.make_interp_spline(
        x, seen(y), k, t, _seen_ends(bc_type), axis, check_finite
    )
    if not any_traced(y, *(v[1] for v in ends)):
        return as_ours(plain)
    y = np.moveaxis(floating(y), axis, 0)
    c = _interpolating(np.asarray(x, float), y, np.asarray(plain.t), plain.k, bc_type)
    return _with_coefficients(plain, c)


def _seen_ends(bc_type: Any) -> Any:
    if bc_type is None or isinstance(bc_type, str):
        return bc_type
    return tuple(
        end if end is None or isinstance(end, str) else [(n, seen(v)) for n, v in end]
        for end in bc_type
    )


@replaces(
    interpolate.make_lsq_spline,
    kind="composite",
    note="in values, by a sparse solve; nodes, knots and weights are constants",
)
def make_lsq_spline(
    x: Any,
    y: Any,
    t: Any,
    k: int = 3,
    w: Any = None,
    axis: int = 0,
    check_finite: bool = True,
    **method: Any,
) -> Any:
    constant_nodes("make_lsq_spline", x, t, w, instead="np.linalg.lstsq with a matrix of your own")
    plain = interpolate.make_lsq_spline(x, seen(y), t, k, w, axis, check_finite, **method)
    if not any_traced(y):
        return as_ours(plain)
    y = np.moveaxis(floating(y), axis, 0)
    c = basis.least_squares(np.asarray(x, float), y, np.asarray(plain.t), plain.k, w)
    return _with_coefficients(plain, c)


@replaces(
    interpolate.make_smoothing_spline,
    kind="composite",
    note="in the points of the spline; data and smoothing are constants",
)
def make_smoothing_spline(x: Any, y: Any, w: Any = None, lam: Any = None, **axis: Any) -> Any:
    if any_traced(x, y, w, lam):
        raise UnsupportedError(
            "scipy.interpolate.make_smoothing_spline",
            "SciPy solves for the coefficients, and chooses lam, in plain numbers",
            "make_lsq_spline with given knots",
        )
    return as_ours(interpolate.make_smoothing_spline(x, y, w, lam, **axis))


for _own in (make_interp_spline, make_lsq_spline, make_smoothing_spline):
    _own.__doc__ = description(getattr(interpolate, _own.__name__))
