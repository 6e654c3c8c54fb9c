"""Distributions at x, shapes, loc and scale: every method of SciPy's distributions, from the formulas of its family."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.buffer import holds_traced
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.distributions.family import INF, Excess, Family, Power, everywhere

__all__ = ["METHODS", "answer", "methods"]


class Standard(NamedTuple):
    """Arguments in standard form, with stand-ins where they are outside or invalid, and the masks that say so."""

    x: Any
    shapes: tuple[Any, ...]
    scale: Any
    below: Any
    above: Any
    bad: Any
    size: tuple[int, ...]


def _numbers(*given: Any) -> tuple[Any, ...]:
    """Return arguments in double precision, in which SciPy computes whatever it is given."""
    arrays = tuple(map(array_operand, given))
    if any(dtype_of(v).kind == "c" for v in arrays):
        raise TypeError("distributions are of real arguments")
    return tuple(astype(v, float, copy=False) for v in arrays)


def _size(*given: Any) -> tuple[int, ...]:
    return np.broadcast_shapes(*(np.shape(v) for v in given))


def _spread(out: Any, size: tuple[int, ...]) -> Any:
    return out if np.shape(out) == size else np.broadcast_to(out, size)


def _checked(f: Family, shapes: Any, loc: Any, scale: Any) -> tuple[Any, tuple[Any, ...], Any]:
    """Return where parameters are valid, and parameters with stand-ins where they are not."""
    good = f.is_valid(shapes) & (scale > 0) & (np.abs(loc) < INF)
    if everywhere(good):
        return True, shapes, scale
    shapes = tuple(np.where(good, s, t) for t, s in zip(f.typical[1:], shapes, strict=True))
    return good, shapes, np.where(scale > 0, scale, 1.0)


def _standard(f: Family, x: Any, shapes: Any, loc: Any, scale: Any) -> Standard:
    x, loc, scale, *rest = _numbers(x, loc, scale, *shapes)
    size = _size(x, loc, scale, *rest)
    good, shapes, scale = _checked(f, tuple(rest), loc, scale)
    y = x - loc if f.discrete else (x - loc) / scale
    low, high = f.support(*shapes)
    inside = (y > low) & (y < high) if f.open else (y >= low) & (y <= high)
    inside = inside & (np.abs(y) < INF)
    if f.discrete:
        # A sum over counts reaches to the next one; of the count itself only its floor matters.
        inside, y = (y >= low) & (y < high) & (np.abs(y) < INF), np.floor(y)
    whole = everywhere(inside)
    above = False if whole else ~inside & (y >= high)
    below = False if whole else ~inside & ~above
    if not whole:
        y = np.where(inside, y, f.typical[0])
        shapes = tuple(np.where(inside, s, t) for t, s in zip(f.typical[1:], shapes, strict=True))
    bad = np.isnan(x) if good is True else ~good | np.isnan(x)
    return Standard(y, shapes, scale, below, above, bad, size)


def _finish(out: Any, s: Standard, below: float, above: float) -> Any:
    """Put in what holds outside the support and for invalid parameters."""
    if s.below is not False:
        out = np.where(s.below, below, np.where(s.above, above, out))
    if not everywhere(~s.bad):
        out = np.where(s.bad, np.nan, out)
    return _spread(out, s.size)


# --------------------------------------------------------------------------------------------------
# Densities


def _log_sum(f: Family, x: Any, shapes: tuple[Any, ...]) -> Any:
    total: Any = 0.0
    for term in f.terms(x, *shapes):
        total = total + (term.log() if isinstance(term, (Power, Excess)) else term)
    return total


def _product(f: Family, x: Any, shapes: tuple[Any, ...]) -> Any:
    """Return the density; factors that vanish are powers there, whose derivatives are the limits."""
    total: Any = 0.0
    factor: Any = None
    for term in f.terms(x, *shapes):
        if isinstance(term, (Power, Excess)):
            if everywhere(~term.vanishes()):
                total = total + term.log()
            else:
                at, log = term.apart()
                total, factor = total + log, at if factor is None else factor * at
        else:
            total = total + term
    y = np.exp(total)
    return y if factor is None else factor * y


def _logpdf(f: Family, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    s = _standard(f, x, shapes, loc, scale)
    return _finish(_log_sum(f, s.x, s.shapes) - np.log(s.scale), s, -INF, -INF)


def _pdf(f: Family, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    s = _standard(f, x, shapes, loc, scale)
    return _finish(_product(f, s.x, s.shapes) / s.scale, s, 0.0, 0.0)


def _mass(f: Family, k: Any, shapes: Any, loc: Any, scale: Any, log: bool) -> Any:
    x, loc, *rest = _numbers(k, loc, *shapes)
    size = _size(x, loc, *rest)
    good, shapes, _ = _checked(f, tuple(rest), loc, np.float64(1.0))
    y = x - loc
    low, high = f.support(*shapes)
    inside = (y >= low) & (y <= high) & (np.abs(y) < INF) & (np.floor(y) == y)
    # The floor of a count is the count, and constant.
    y = np.floor(y)
    if not everywhere(inside):
        y = np.where(inside, y, f.typical[0])
        shapes = tuple(np.where(inside, s, t) for t, s in zip(f.typical[1:], shapes, strict=True))
    out = _log_sum(f, y, shapes)
    out = np.where(inside, out if log else np.exp(out), -INF if log else 0.0)
    bad = np.isnan(x) if good is True else ~good | np.isnan(x)
    return _spread(np.where(bad, np.nan, out), size)


def _logpmf(f: Family, k: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    return _mass(f, k, shapes, loc, scale, True)


def _pmf(f: Family, k: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    return _mass(f, k, shapes, loc, scale, False)


# --------------------------------------------------------------------------------------------------
# Their integrals


def _log_of(own: str, other: str, f: Family, x: Any, shapes: tuple[Any, ...]) -> Any:
    """Return the logarithm of one tail, by the other one where that is small."""
    y, rest = _integral(own, f, x, shapes), _integral(other, f, x, shapes)
    small = y < 0.5
    return np.where(small, np.log(np.where(small, y, 0.5)), np.log1p(-np.where(small, 0.5, rest)))


def _formula(f: Family, name: str) -> Callable[..., Any]:
    found = getattr(f, name, None)
    if found is None:
        raise UnsupportedError(
            f"scipy.stats.{f.name}.{name}",
            "it has no closed form here",
            "take the methods that the coverage table names, or integrate or solve for it",
        )
    return found


_NODE = 0.5 / math.sqrt(3.0)


def _integral(name: str, f: Family, x: Any, shapes: tuple[Any, ...]) -> Any:
    """Return cdf or sf; at a finite edge by the density, where formulas are NaN or 0·inf.

    The integral from the edge over no length, by two nodes of Gauss, has the derivatives of the distribution up to the
    fourth, also with respect to shapes that move the edge.
    """
    formula = _formula(f, name)
    low, high = f.support(*shapes)
    upper = x == high
    edge = (x == low) | upper
    if f.open or f.discrete or not np.any(value(edge)):
        return formula(x, *shapes)

    def kept(mask: Any, v: Any, k: int) -> Any:
        return np.where(mask, v, f.typical[k])

    inner = tuple(kept(edge, s, k) for k, s in enumerate(shapes, 1))
    start = kept(edge, np.where(upper, high, low), 0)
    gap = kept(edge, x, 0) - start
    with np.errstate(divide="ignore"):
        edge = edge & np.isfinite(_product(f, start, inner))
    if not np.any(value(edge)):
        return formula(x, *shapes)
    inner = tuple(kept(edge, s, k) for k, s in enumerate(inner, 1))
    start = kept(edge, start, 0)
    heights = [_product(f, start + (0.5 + side * _NODE) * gap, inner) for side in (-1.0, 1.0)]
    mass = 0.5 * gap * (heights[0] + heights[1])
    y = formula(
        np.where(edge, f.typical[0], x),
        *(np.where(edge, t, s) for t, s in zip(f.typical[1:], shapes, strict=True)),
    )
    at_edge = np.where(upper, 1.0, 0.0) + mass
    return np.where(edge, at_edge if name == "cdf" else 1.0 - at_edge, y)


def _cdf(f: Family, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    s = _standard(f, x, shapes, loc, scale)
    return _finish(_integral("cdf", f, s.x, s.shapes), s, 0.0, 1.0)


def _sf(f: Family, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    s = _standard(f, x, shapes, loc, scale)
    return _finish(_integral("sf", f, s.x, s.shapes), s, 1.0, 0.0)


def _logcdf(f: Family, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    _formula(f, "cdf")
    s = _standard(f, x, shapes, loc, scale)
    y = f.logcdf(s.x, *s.shapes) if f.logcdf else _log_of("cdf", "sf", f, s.x, s.shapes)
    return _finish(y, s, -INF, 0.0)


def _logsf(f: Family, x: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    _formula(f, "sf")
    s = _standard(f, x, shapes, loc, scale)
    y = f.logsf(s.x, *s.shapes) if f.logsf else _log_of("sf", "cdf", f, s.x, s.shapes)
    return _finish(y, s, 0.0, -INF)


def _quantile(name: str, f: Family, q: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    if name == "isf" and f.isf is None and f.ppf is not None:
        # As SciPy does where it knows nothing better.
        return _quantile("ppf", f, 1.0 - _numbers(q)[0], shapes, loc, scale)
    formula = _formula(f, name)
    q, loc, scale, *rest = _numbers(q, loc, scale, *shapes)
    size = _size(q, loc, scale, *rest)
    good, shapes, scale = _checked(f, tuple(rest), loc, scale)
    good = good & (q >= 0) & (q <= 1)
    if not everywhere(good):
        q = np.where(good, q, 0.5)
    y = formula(q, *shapes)
    lost = np.isnan(y) & ((q == 0) | (q == 1))
    if np.any(value(lost)):
        # Some inverses of SciPy have no value at the ends.
        low, high = f.support(*shapes)
        y = np.where(lost, np.where((q == 0) == (name == "ppf"), low, high), y)
    out = y * scale + loc
    return _spread(out if everywhere(good) else np.where(good, out, np.nan), size)


_ppf = functools.partial(_quantile, "ppf")
_isf = functools.partial(_quantile, "isf")


# --------------------------------------------------------------------------------------------------
# Moments and others


def _parameters(f: Family, shapes: Any, loc: Any, scale: Any) -> tuple[Any, Any, Any, Any, Any]:
    loc, scale, *rest = _numbers(loc, scale, *shapes)
    size = _size(loc, scale, *rest)
    good, shapes, scale = _checked(f, tuple(rest), loc, scale)
    return good, shapes, loc, scale, size


def _valid(out: Any, good: Any, size: tuple[int, ...]) -> Any:
    return _spread(out if good is True else np.where(good, out, np.nan), size)


def _mean(f: Family, shapes: Any, loc: Any, scale: Any) -> Any:
    formula = _formula(f, "mean")
    good, shapes, loc, scale, size = _parameters(f, shapes, loc, scale)
    return _valid(loc + scale * formula(*shapes), good, size)


def _var(f: Family, shapes: Any, loc: Any, scale: Any) -> Any:
    formula = _formula(f, "var")
    good, shapes, _, scale, size = _parameters(f, shapes, loc, scale)
    return _valid(scale * scale * formula(*shapes), good, size)


def _std(f: Family, shapes: Any, loc: Any, scale: Any) -> Any:
    formula = _formula(f, "var")
    good, shapes, _, scale, size = _parameters(f, shapes, loc, scale)
    return _valid(scale * np.sqrt(formula(*shapes)), good, size)


def _entropy(f: Family, shapes: Any, loc: Any, scale: Any) -> Any:
    formula = _formula(f, "entropy")
    good, shapes, _, scale, size = _parameters(f, shapes, loc, scale)
    return _valid(formula(*shapes) + np.log(scale), good, size)


def _median(f: Family, shapes: Any, loc: Any, scale: Any) -> Any:
    return _ppf(f, 0.5, shapes, loc, scale)


def _interval(f: Family, confidence: Any, shapes: Any, loc: Any, scale: Any) -> Any:
    (alpha,) = _numbers(confidence)
    if np.any((alpha > 1) | (alpha < 0)):
        raise ValueError("alpha must be between 0 and 1 inclusive")
    low, high = (1.0 - alpha) / 2.0, (1.0 + alpha) / 2.0
    return _ppf(f, low, shapes, loc, scale), _ppf(f, high, shapes, loc, scale)


def _support(f: Family, shapes: Any, loc: Any, scale: Any) -> Any:
    good, shapes, loc, scale, size = _parameters(f, shapes, loc, scale)
    return tuple(_valid(end * scale + loc, good, size) for end in f.support(*shapes))


_MOMENTS = {"m": _mean, "v": _var}


def _stats(f: Family, moments: str, shapes: Any, loc: Any, scale: Any) -> Any:
    missing = sorted(set(moments) - set(_MOMENTS))
    if missing:
        raise UnsupportedError(
            f"scipy.stats.{f.name}.stats",
            f"moments {', '.join(missing)} have no rule",
            "take mean and variance, or write the formula of the others",
        )
    out = tuple(_MOMENTS[m](f, shapes, loc, scale) for m in "mv" if m in moments)
    return out[0] if len(out) == 1 else out


def _nnlf(f: Family, theta: Any, x: Any) -> Any:
    *shapes, loc, scale = theta
    y = _logpdf(f, x, tuple(shapes), loc, scale)
    out = -np.sum(y)
    return np.where(np.isnan(out), INF, out)


_OF_X: dict[str, Callable[..., Any]] = {
    "logpdf": _logpdf,
    "pdf": _pdf,
    "logpmf": _logpmf,
    "pmf": _pmf,
    "logcdf": _logcdf,
    "cdf": _cdf,
    "logsf": _logsf,
    "sf": _sf,
    "ppf": _ppf,
    "isf": _isf,
    "interval": _interval,
}
_OF_SHAPES: dict[str, Callable[..., Any]] = {
    "mean": _mean,
    "var": _var,
    "std": _std,
    "median": _median,
    "entropy": _entropy,
    "support": _support,
}
METHODS = (*_OF_X, *_OF_SHAPES, "stats", "moment", "nnlf", "expect", "fit", "fit_loc_scale", "rvs")
_WHY_NOT = {
    "rvs": (
        "random numbers have no derivative",
        "loc + scale * rvs(...) of the standard distribution",
    ),
    "fit": (
        "it is a search",
        "dualrev.scipy.optimize.minimize of nnlf, whose solution has derivatives",
    ),
    "fit_loc_scale": (
        "it is made of moments of the data",
        "mean and standard deviation of the data",
    ),
    "expect": (
        "it is an integral of a function",
        "dualrev.scipy.integrate.quad of f times the density",
    ),
    "moment": ("moments above the second have no rule", "mean and var"),
}


def methods(f: Family) -> str:
    """Return the methods that have derivatives, for the coverage table."""
    names = ["logpmf", "pmf"] if f.discrete else ["logpdf", "pdf"]
    names += ["cdf", "sf", "logcdf", "logsf"] if f.cdf else []
    found = [n for n in ("ppf", "isf", "mean", "var", "entropy") if getattr(f, n)]
    return ", ".join(names + found) + (f"; not in {', '.join(f.whole)}" if f.whole else "")


@functools.cache
def _signature(names: tuple[str, ...], first: str, discrete: bool) -> inspect.Signature:
    make, either = inspect.Parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [make(n, either) for n in (*((first,) if first else ()), *names)]
    parameters.append(make("loc", either, default=0.0))
    if not discrete:
        parameters.append(make("scale", either, default=1.0))
    return inspect.Signature(parameters)


def answer(f: Family, names: tuple[str, ...], method: str, args: Any, kwargs: Any) -> Any:
    """Answer a method of a distribution whose shapes have these `names`."""
    if method == "nnlf" and not f.discrete:
        return _nnlf(f, *args, **kwargs)
    if method in _WHY_NOT or method == "nnlf":
        raise UnsupportedError(
            f"scipy.stats.{f.name}.{method}", *_WHY_NOT.get(method, _WHY_NOT["fit"])
        )
    kwargs = dict(kwargs)
    first = ""
    if method in _OF_X:
        first = (
            "confidence"
            if method == "interval"
            else "q"
            if method in ("ppf", "isf")
            else "k"
            if f.discrete
            else "x"
        )
    extra = kwargs.pop("moments", "mv") if method == "stats" else ""
    bound = _signature(names, first, f.discrete).bind(*args, **kwargs)
    bound.apply_defaults()
    given = bound.arguments
    for name in f.whole:
        if holds_traced(given[name]) and _varies(given[name]):
            raise UnsupportedError(
                f"scipy.stats.{f.name}",
                f"its parameter {name} is a whole number",
                f"a plain {name}",
            )
    tail = (tuple(given[n] for n in names), given["loc"], given.get("scale", 1.0))
    if method == "stats":
        return _stats(f, extra, *tail)
    if first:
        return _OF_X[method](f, given[first], *tail)
    return _OF_SHAPES[method](f, *tail)


def _varies(x: Any) -> bool:
    """Say whether a traced value can be differentiated: lanes of whole numbers cannot."""
    return dtype_of(array_operand(x)).kind == "f"
