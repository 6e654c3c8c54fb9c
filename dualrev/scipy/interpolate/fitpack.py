"""FITPACK's curves: splrep, splev and their kin, and the UnivariateSpline classes.

Splines are evaluated at traced points. Values may be traced where the knots do not depend on them: with s = 0, and
with given knots.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.core.mirror import replaces
from dualrev.errors import UnsupportedError
from dualrev.rules.splines import basis
from dualrev.rules.splines.piecewise import floating
from dualrev.scipy.interpolate.bsplines import as_ours
from dualrev.scipy.interpolate.common import (
    any_traced,
    constant_nodes,
    description,
    interpolate,
    seen,
)

__all__ = [
    "InterpolatedUnivariateSpline",
    "LSQUnivariateSpline",
    "UnivariateSpline",
    "splantider",
    "splder",
    "splev",
    "splint",
    "splrep",
]

_EXTRAPOLATION = {0: 0, 1: 1, 2: 2, 3: 3, "extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}


def _chosen_knots(name: str) -> UnsupportedError:
    return UnsupportedError(
        name,
        "with s > 0 FITPACK chooses the knots by the values, and fits only to a tolerance",
        "s=0, make_lsq_spline with given knots, or CubicSpline",
    )


def _evaluate(x: Any, tck: Any, nu: int, ext: int) -> Any:
    t, c, k = tck
    x, n = floating(x), len(t) - k - 1
    first, last = t[k], t[n]
    if ext == 3 and nu == 0:  # FITPACK extrapolates derivatives
        x = basis.inside(x, first, last)
    out = (x < first) | (x > last)
    if ext == 2 and np.any(value(out)):
        raise ValueError("Found x value not in the domain")
    y = basis.evaluate(t, c[:n], k, x, nu)
    return np.where(out, 0.0, y) if ext == 1 else y


@replaces(
    interpolate.splrep,
    kind="composite",
    note="in values with s = 0 or given knots; nodes, weights and knots are constants",
)
def splrep(
    x: Any,
    y: Any,
    w: Any = None,
    xb: Any = None,
    xe: Any = None,
    k: int = 3,
    task: int = 0,
    s: Any = None,
    t: Any = None,
    full_output: int = 0,
    per: int = 0,
    quiet: int = 1,
) -> Any:
    constant_nodes("splrep", x, w, t, instead="CubicSpline, whose nodes may be traced")
    plain = interpolate.splrep(x, seen(y), w, xb, xe, k, task, s, t, full_output, per, quiet)
    if not any_traced(y):
        return plain
    knots, held, k = plain[0] if full_output else plain
    if per:
        raise UnsupportedError(
            "scipy.interpolate.splrep",
            "with per its coefficients are found in plain numbers",
            "make_interp_spline with bc_type='periodic'",
        )
    x, y = np.ravel(np.asarray(x, float)), np.ravel(floating(y))
    if t is not None or task == -1:
        c = basis.least_squares(x, y, knots, k, w)
    elif (s is None and w is None) or s == 0:
        c = basis.interpolating(x, y, knots, k)
    else:
        raise _chosen_knots("scipy.interpolate.splrep")
    tck = knots, np.concatenate([c, np.zeros(len(held) - c.shape[0])]), k
    return (tck, *plain[1:]) if full_output else tck


@replaces(interpolate.splev, kind="composite", note="in points, knots and coefficients")
def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    if isinstance(tck, interpolate.BSpline):
        if any_traced(x, *tck.tck) and tck.c.ndim == 1 and ext in (0, 1, 3):
            spline = as_ours(tck)
            extrapolate = {0: True}.get(ext)
            if extrapolate is None:
                raise ValueError(f"Extrapolation mode {ext} is not supported by BSpline.")
            return spline(x, der, extrapolate=extrapolate)
        return interpolate.splev(x, tck, der, ext)
    t, c, k = tck
    if not any_traced(x, t, c):
        return interpolate.splev(x, tck, der, ext)
    if isinstance(c, (list, tuple)) and np.ndim(c[0]):
        return [splev(x, (t, part, k), der, ext) for part in c]
    if not 0 <= der <= k:
        raise ValueError(f"0<=der={der}<=k={k} must hold")
    if ext not in (0, 1, 2, 3):
        raise ValueError(f"ext = {ext} not in (0, 1, 2, 3) ")
    return _evaluate(x, (floating(t), floating(c), k), der, ext)


@replaces(interpolate.splint, kind="composite", note="in limits, knots and coefficients")
def splint(a: Any, b: Any, tck: Any, full_output: int = 0) -> Any:
    if isinstance(tck, interpolate.BSpline) or not any_traced(a, b, *tck[:2]) or full_output:
        if isinstance(tck, interpolate.BSpline) and any_traced(a, b, *tck.tck):
            return as_ours(tck).integrate(a, b, extrapolate=False)
        return interpolate.splint(a, b, tck, full_output)
    t, c, k = tck
    if isinstance(c, (list, tuple)) and np.ndim(c[0]):
        return [splint(a, b, (t, part, k)) for part in c]
    return basis.integrate(floating(t), floating(c), k, a, b, False)


def _converted(name: str, convert: Any) -> Any:
    original = getattr(interpolate, name)

    @replaces(original, kind="composite", note="in knots and coefficients")
    def call(tck: Any, n: int = 1) -> Any:
        if isinstance(tck, interpolate.BSpline):
            spline = as_ours(tck)
            return getattr(spline, {"splder": "derivative"}.get(name, "antiderivative"))(n)
        if not any_traced(*tck[:2]):
            return original(tck, n)
        if n < 0:
            return (splantider if name == "splder" else splder)(tck, -n)
        return convert(floating(tck[0]), floating(tck[1]), tck[2], n)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = description(original)
    return call


splder = _converted("splder", basis.derivative)
splantider = _converted("splantider", basis.antiderivative)


class _Univariate:
    """What the splines do with traced numbers."""

    _eval_args: Any
    _data: Any
    ext: Any

    @property
    def _traced(self) -> bool:
        return any_traced(*self._eval_args[:2])

    def _hold(self, c: Any) -> None:
        t, _, k = self._eval_args
        self._eval_args = t, c, k
        data = list(self._data)
        data[8], data[9] = t, np.concatenate([c, np.zeros(k + 1)])
        # The residual is not kept: it would be that of the plain numbers.
        data[10] = np.nan
        self._data = tuple(data)

    def __call__(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        if not (self._traced or any_traced(x)):
            return super().__call__(x, nu, ext)  # type: ignore[misc]
        try:
            ext = self.ext if ext is None else _EXTRAPOLATION[ext]
        except KeyError:
            raise ValueError(f"Unknown extrapolation mode {ext}.") from None
        return splev(x, self._eval_args, nu, ext) if self._traced or np.size(x) else x

    def integral(self, a: Any, b: Any) -> Any:
        if not (self._traced or any_traced(a, b)):
            return super().integral(a, b)  # type: ignore[misc]
        return splint(a, b, self._eval_args)

    def derivatives(self, x: Any) -> Any:
        if not (self._traced or any_traced(x)):
            return super().derivatives(x)  # type: ignore[misc]
        k = self._eval_args[2]
        return np.stack([splev(x, self._eval_args, nu) for nu in range(k + 1)])

    def derivative(self, n: int = 1) -> Any:
        return UnivariateSpline._from_tck(
            splder(self._eval_args, n), 1 if self.ext == 3 else self.ext
        )

    def antiderivative(self, n: int = 1) -> Any:
        return UnivariateSpline._from_tck(splantider(self._eval_args, n), self.ext)

    def roots(self) -> Any:
        if self._traced:
            raise UnsupportedError(
                f"{type(self).__name__}.roots",
                "FITPACK finds them in plain numbers",
                "CubicSpline(x, y).roots()",
            )
        return super().roots()  # type: ignore[misc]

    def set_smoothing_factor(self, s: Any) -> None:
        if self._traced:
            raise _chosen_knots(f"{type(self).__name__}.set_smoothing_factor")
        super().set_smoothing_factor(s)  # type: ignore[misc]


@replaces(
    interpolate.UnivariateSpline,
    kind="composite",
    note="in points; in values with s=0 only, as FITPACK else chooses the knots by them",
)
class UnivariateSpline(_Univariate, interpolate.UnivariateSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.UnivariateSpline)

    def __init__(
        self,
        x: Any,
        y: Any,
        w: Any = None,
        bbox: Any = (None, None),
        k: int = 3,
        s: Any = None,
        ext: Any = 0,
        check_finite: bool = False,
    ) -> None:
        constant_nodes("UnivariateSpline", x, w, instead="CubicSpline, whose nodes may be traced")
        if any_traced(y) and s != 0:
            raise _chosen_knots("scipy.interpolate.UnivariateSpline")
        super().__init__(x, seen(y), w, list(bbox), k, s, ext, check_finite)
        if any_traced(y):
            t, _, k = self._eval_args
            self._hold(basis.interpolating(np.asarray(x, float), floating(y), t, k))


@replaces(interpolate.InterpolatedUnivariateSpline, kind="composite", note="in points and values")
class InterpolatedUnivariateSpline(_Univariate, interpolate.InterpolatedUnivariateSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.InterpolatedUnivariateSpline)

    def __init__(
        self,
        x: Any,
        y: Any,
        w: Any = None,
        bbox: Any = (None, None),
        k: int = 3,
        ext: Any = 0,
        check_finite: bool = False,
    ) -> None:
        name = "InterpolatedUnivariateSpline"
        constant_nodes(name, x, w, instead="CubicSpline, whose nodes may be traced")
        super().__init__(x, seen(y), w, list(bbox), k, ext, check_finite)
        if any_traced(y):
            t, _, k = self._eval_args
            self._hold(basis.interpolating(np.asarray(x, float), floating(y), t, k))


@replaces(interpolate.LSQUnivariateSpline, kind="composite", note="in points and values")
class LSQUnivariateSpline(_Univariate, interpolate.LSQUnivariateSpline):  # type: ignore[misc]
    __doc__ = description(interpolate.LSQUnivariateSpline)

    def __init__(
        self,
        x: Any,
        y: Any,
        t: Any,
        w: Any = None,
        bbox: Any = (None, None),
        k: int = 3,
        ext: Any = 0,
        check_finite: bool = False,
    ) -> None:
        constant_nodes("LSQUnivariateSpline", x, t, w, instead="np.linalg.lstsq")
        super().__init__(x, seen(y), t, w, list(bbox), k, ext, check_finite)
        if any_traced(y):
            knots, _, k = self._eval_args
            self._hold(basis.least_squares(np.asarray(x, float), floating(y), knots, k, w))


for _own in (splrep, splev, splint):
    _own.__doc__ = description(getattr(interpolate, _own.__name__))
