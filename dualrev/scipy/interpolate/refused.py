"""What FITPACK and SciPy compute in plain numbers only: traced arguments are refused with the reason and a way out."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.mirror import replaces
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.splines.piecewise import floating
from dualrev.scipy.interpolate.bivariate import Surface
from dualrev.scipy.interpolate.common import any_traced, description, interpolate
from dualrev.scipy.interpolate.fitpack import splev

__all__ = ["bisplev", "spalde"]

# Names that older versions of SciPy lack are left out.
_FUNCTIONS = {
    "bisplrep": ("FITPACK fits it in plain numbers", "RectBivariateSpline with s=0"),
    "generate_knots": ("knots are chosen by plain numbers", "make_lsq_spline with given knots"),
    "insert": ("FITPACK works on plain numbers", "the spline as it is, which has the same values"),
    "lagrange": ("it makes a poly1d of plain numbers", "KroghInterpolator"),
    "make_splprep": ("its knots are chosen by the values", "make_interp_spline, make_lsq_spline"),
    "make_splrep": ("its knots are chosen by the values", "make_interp_spline, make_lsq_spline"),
    "pade": ("it makes poly1d objects of plain numbers", "np.linalg.solve of its equations"),
    "splprep": ("its knots are chosen by the values", "make_interp_spline of each coordinate"),
    "sproot": ("FITPACK finds the roots of plain numbers", "CubicSpline(x, y).roots()"),
}
_CLASSES = {
    "AAA": ("its support points are chosen by the values", "BarycentricInterpolator"),
    "CloughTocher2DInterpolator": (
        "its gradients are estimated in plain numbers",
        "RBFInterpolator",
    ),
    "FloaterHormannInterpolator": ("it works on plain numbers", "BarycentricInterpolator"),
    "LSQSphereBivariateSpline": ("FITPACK fits it in plain numbers", "RBFInterpolator"),
    "NdPPoly": ("it works on plain numbers", "NdBSpline"),
    "Rbf": ("it works on plain numbers", "RBFInterpolator"),
    "RectSphereBivariateSpline": ("FITPACK fits it in plain numbers", "RBFInterpolator"),
    "SmoothSphereBivariateSpline": ("FITPACK fits it in plain numbers", "RBFInterpolator"),
}


_made: dict[str, Any] = {}


def __getattr__(name: str) -> Any:
    """Find one of the classes below by name, as unpickling does."""
    try:
        return _made[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def _refusing_function(name: str, reason: str, alternative: str) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"scipy.interpolate.{name}", reason, alternative)

    function = getattr(interpolate, name)
    numpy_function(function, kind="unsupported", note=f"{reason}; use {alternative}")(refuse)


def _refusing_class(name: str, reason: str, alternative: str) -> None:
    original = getattr(interpolate, name)

    def check(what: str, args: Any, kwargs: Any) -> None:
        if any_traced(*args, *kwargs.values()):
            raise UnsupportedError(f"scipy.interpolate.{what}", reason, alternative)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        check(name, args, kwargs)
        original.__init__(self, *args, **kwargs)

    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        check(f"{name}.__call__", args, kwargs)
        return original.__call__(self, *args, **kwargs)

    body = {"__init__": __init__, "__call__": __call__, "__doc__": description(original)}
    made = type(name, (original,), {**body, "__module__": __name__})
    _made[name] = made
    replaces(original, kind="unsupported", note=f"{reason}; use {alternative}")(made)


for _name, _words in _FUNCTIONS.items():
    if hasattr(interpolate, _name):
        _refusing_function(_name, *_words)
for _name, _words in _CLASSES.items():
    if hasattr(interpolate, _name):
        _refusing_class(_name, *_words)


@replaces(interpolate.bisplev, kind="composite", note="in points and coefficients")
def bisplev(x: Any, y: Any, tck: Any, dx: int = 0, dy: int = 0) -> Any:
    if not any_traced(x, y, *tck[:3]):
        return interpolate.bisplev(x, y, tck, dx, dy)
    x, y = (np.atleast_1d(floating(v)) for v in (x, y))
    z = Surface._from_tck(tck)(x, y, dx, dy)
    return z if len(z) > 1 else z[0] if z.shape[1] > 1 else z[0, 0]


@replaces(interpolate.spalde, kind="composite", note="in points and coefficients")
def spalde(x: Any, tck: Any) -> Any:
    if isinstance(tck, interpolate.BSpline) or not any_traced(x, *tck[:2]):
        return interpolate.spalde(x, tck)
    x, k = floating(x), tck[2]
    found = np.stack([splev(x, tck, nu) for nu in range(k + 1)], axis=-1)
    return found if x.ndim == 0 else list(found)


for _own in (bisplev, spalde):
    _own.__doc__ = description(getattr(interpolate, _own.__name__))
