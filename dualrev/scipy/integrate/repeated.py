"""nquad, dblquad and tplquad: integrals of integrals, each of them differentiable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scipy import LowLevelCallable, integrate

from dualrev.core.array import value
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed
from dualrev.scipy.integrate.arguments import original, plain_numbers
from dualrev.scipy.integrate.integrals import quad

__all__ = ["dblquad", "nquad", "tplquad"]


def _nested(
    func: Callable[..., Any], ranges: Sequence[Any], options: Sequence[Any]
) -> Callable[..., Any]:
    """Return the integral over the variables of `ranges`, the last of them outermost, as a function of the others.

    Written with functions only: closure conversion looks into these.
    """
    limits, chosen = ranges[-1], options[-1]
    inner = func
    if len(ranges) > 1:
        whole = _nested(func, ranges[:-1], options[:-1])

        def inner(*args: Any) -> Any:
            return whole(*args)[0]

    def outer(*args: Any) -> Any:
        low, high = limits(*args) if callable(limits) else limits
        opt = dict(chosen(*args) if callable(chosen) else chosen)
        if "points" in opt:
            points = plain_numbers(list(opt["points"]))
            opt["points"] = [x for x in points if value(low) <= x <= value(high)]
        return quad(inner, low, high, args=args, **opt)

    return outer


@replaces(
    integrate.nquad,
    kind="solver",
    note="differentiable in args, closures and limits; full_output is not available then",
)
def nquad(
    func: Any, ranges: Any, args: Any = None, opts: Any = None, full_output: bool = False
) -> Any:
    """Integrate over several variables, as `scipy.integrate.nquad`.

    Parameters
    ----------
    func, ranges, args, opts, full_output
        SciPy's; `ranges` and `opts` may be functions.

    Returns
    -------
    result, abserr, [out_dict]
        SciPy's; `result` is traced if `args`, a limit or what a function closes over is. `abserr` is then that of the
        outermost integral.

    Notes
    -----
    Leibniz's rule at every level. Cost: the gradient of an integral over m variables takes as many evaluations as
    m nested integrals of the gradient.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> triangle = lambda h: integrate.nquad(lambda y, x: x * y, [lambda x: (0, h * x), (0, 1)])[0]
    >>> round(float(dr.grad(triangle)(2.0)), 10)
    0.5
    """
    extra = () if args is None else tuple(args)
    if isinstance(func, LowLevelCallable) or not closed(func, (extra, ranges, opts)).values:
        return original.nquad(func, ranges, args, opts, full_output)
    depth = len(ranges)
    options = [opts or {}] * depth if opts is None or isinstance(opts, dict) else list(opts)
    out = _nested(func, list(ranges), options)(*extra)
    if full_output:
        plain, (values, rest, chosen) = closed(func, (extra, ranges, opts)).plain
        return out[0], *original.nquad(plain, rest, values, chosen, True)[1:]
    return out[:2]


@replaces(integrate.dblquad, kind="solver", note="as nquad")
def dblquad(
    func: Any,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """Integrate ``func(y, x)`` over x from a to b and y from gfun(x) to hfun(x), as `scipy.integrate.dblquad`.

    Parameters
    ----------
    func, a, b, gfun, hfun, args, epsabs, epsrel
        SciPy's.

    Returns
    -------
    y, abserr
        As `nquad`.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> area = lambda r: integrate.dblquad(lambda y, x: 1.0, 0, r, 0, lambda x: r - x)[0]
    >>> round(float(dr.grad(area)(3.0)), 10)
    3.0
    """
    if not closed(_nothing, (func, a, b, gfun, hfun, args)).values:
        return original.dblquad(func, a, b, gfun, hfun, args, epsabs, epsrel)

    def inner(*given: Any) -> list[Any]:
        return [_at(gfun, given[0]), _at(hfun, given[0])]

    return nquad(func, [inner, [a, b]], args=args, opts={"epsabs": epsabs, "epsrel": epsrel})


@replaces(integrate.tplquad, kind="solver", note="as nquad")
def tplquad(
    func: Any,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: Any = (),
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
) -> Any:
    """Integrate ``func(z, y, x)`` over x, y and z, as `scipy.integrate.tplquad`.

    Parameters
    ----------
    func, a, b, gfun, hfun, qfun, rfun, args, epsabs, epsrel
        SciPy's.

    Returns
    -------
    y, abserr
        As `nquad`.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> volume = lambda h: integrate.tplquad(lambda z, y, x: 1.0, 0, 1, 0, 1, 0, h)[0]
    >>> round(float(dr.grad(volume)(3.0)), 10)
    1.0
    """
    if not closed(_nothing, (func, a, b, gfun, hfun, qfun, rfun, args)).values:
        return original.tplquad(func, a, b, gfun, hfun, qfun, rfun, args, epsabs, epsrel)

    def innermost(*given: Any) -> list[Any]:
        return [_at(qfun, given[1], given[0]), _at(rfun, given[1], given[0])]

    def inner(*given: Any) -> list[Any]:
        return [_at(gfun, given[0]), _at(hfun, given[0])]

    opts = {"epsabs": epsabs, "epsrel": epsrel}
    return nquad(func, [innermost, inner, [a, b]], args=args, opts=opts)


def _at(limit: Any, *args: Any) -> Any:
    return limit(*args) if callable(limit) else limit


def _nothing(*args: Any) -> None:
    return None
