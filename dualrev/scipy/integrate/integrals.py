"""quad, quad_vec and fixed_quad: integrals that are differentiable in parameters and limits, by Leibniz's rule.

d/dp ∫ₐᵇ f(x, p) dx = ∫ₐᵇ f_p(x, p) dx + f(b, p) db/dp − f(a, p) da/dp

SciPy integrates on plain numbers; the gradient is integrated by the same routine at the same tolerances, for all
parameters together. That integral is an operation too, so every order follows. Next: `repeated.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import LowLevelCallable, integrate, special

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.buffer import holds_traced
from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed
from dualrev.derivatives.jacobian import jacobian
from dualrev.derivatives.joint import CustomRule
from dualrev.errors import UnsupportedError
from dualrev.scipy.integrate.arguments import guarded, number, original, plain_numbers, refuse_lanes

__all__ = ["Integral", "fixed_quad", "quad", "quad_vec"]

# Up to so many components are integrated one by one, by QUADPACK, which sees through singularities at the ends.
FEW = 16


class Scheme(NamedTuple):
    """How to integrate: SciPy's options of quad, or of quad_vec (``vector``)."""

    name: str
    options: dict[str, Any]
    vector: bool = False

    def weight(self, x: Any) -> Any:
        """Return the weight function at a limit."""
        kind, w = self.options.get("weight"), self.options.get("wvar")
        if kind is None:
            return 1.0
        if kind in ("cos", "sin"):
            return np.cos(w * x) if kind == "cos" else np.sin(w * x)
        if kind == "cauchy":
            return 1.0 / (x - w)
        raise UnsupportedError(
            "scipy.integrate.quad",
            f"the weight {kind!r} depends on the limits",
            "substitute x = a + (b - a) u, which has constant limits",
        )

    def integrate(self, f: Callable[[float], Any], a: float, b: float) -> np.ndarray:
        """Integrate a function with values of one fixed shape."""
        kept: dict[float, Any] = {}

        def at(x: float) -> Any:
            found = kept.get(x)
            if found is None:
                found = kept[x] = np.asarray(f(x))
            return found

        if self.vector:
            return np.asarray(original.quad_vec(f, a, b, **self.options)[0])
        middle = at(_inside(a, b))
        flat = middle.ravel()
        if flat.size > FEW and self.options.get("weight") is None:
            options = {k: self.options[k] for k in ("epsabs", "epsrel", "points")}
            options["limit"] = max(10000, self.options["limit"])
            return np.asarray(original.quad_vec(f, a, b, norm="max", **options)[0])
        out = np.empty(flat.shape, flat.dtype)
        for k in range(flat.size):
            out[k] = original.quad(lambda x, k=k: at(x).flat[k].real, a, b, **self.options)[0]
            if flat.dtype.kind == "c":
                part = original.quad(lambda x, k=k: at(x).flat[k].imag, a, b, **self.options)[0]
                out[k] += 1j * part
        return out.reshape(middle.shape)


def _inside(a: float, b: float) -> float:
    if np.isfinite(a) and np.isfinite(b):
        return float(a + 0.37 * (b - a))
    if np.isfinite(a):
        return float(a + np.sign(b))
    return float(b + np.sign(a)) if np.isfinite(b) else 0.37


class Integrand:
    """The user's function of a point and of the values taken out of it."""

    def __init__(self, found: Any, name: str) -> None:
        self.found = found
        self.name = name
        self._last: tuple[Any, Any] = (None, None)

    def __call__(self, x: Any, params: Sequence[Any]) -> Any:
        kept, made = self._last
        if kept is not params:
            made = self.found.at(params)
            self._last = (params, made)
        y = operand(made[0](x, *made[1]))
        return (
            y
            if hasattr(y, "shape")
            else np.float64(y)
            if isinstance(y, (int, float))
            else np.asarray(y)[()]
        )


class Gradient:
    """The derivatives of an integrand by its active parameters, in one vector behind its own axes."""

    def __init__(self, inner: Any, marks: Sequence[bool]) -> None:
        self.inner = inner
        self.name = inner.name
        self.positions = tuple(k for k, own in enumerate(marks) if own)

    def __call__(self, x: Any, params: Sequence[Any]) -> Any:
        parts = jacobian(lambda *p: self.inner(x, list(p)), argnums=self.positions)(*params)
        lead = np.ndim(parts[0]) - np.ndim(params[self.positions[0]])
        flat = [np.reshape(J, (*np.shape(J)[:lead], -1)) for J in parts]
        return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=-1)


class Integral(CustomRule):
    """Leaves: a, b, the parameters. Output: the integral, of the integrand's shape."""

    def __init__(
        self, integrand: Any, scheme: Scheme, active: Sequence[bool], known: Any = None
    ) -> None:
        super().__init__(scheme.name, self._value)
        self.integrand = integrand
        self.scheme = scheme
        self.active = tuple(active)
        self.known = known

    def _value(self, a: Any, b: Any, *params: Any) -> tuple[Any]:
        if self.known is not None:
            leaves, y = self.known
            if all(map(np.array_equal, leaves, (a, b, *params))):
                return (y,)
        held = list(params)
        y = self.scheme.integrate(lambda x: self.integrand(x, held), float(a), float(b))
        return (y[()],)

    def _gradient(self, primals: Sequence[Any]) -> Any:
        """Return the integral of the gradient, one array per parameter behind the axes of the value (None: none)."""
        marks = self.active[2:]
        params = primals[2:]
        if not any(marks):
            return [None] * len(params)
        rule = Integral(Gradient(self.integrand, marks), self.scheme, self.active)
        whole = rule.call(*primals)[0]
        out, k = [], 0
        for p, own in zip(params, marks, strict=True):
            size = int(np.size(p))
            out.append(whole[..., k : k + size] if own else None)
            k += size if own else 0
        return out

    def _limit(self, primals: Sequence[Any], which: int) -> Any:
        """Return the derivative by one limit: the integrand there, 0 at infinity."""
        x = primals[which]
        if not np.isfinite(value(x)):
            return 0.0
        y = self.integrand(x, list(primals[2:])) * self.scheme.weight(x)
        return y if which else -y

    def jvp(self, primals: tuple[Any, ...], tangents: Sequence[Any]) -> tuple[Any, Any]:
        y = self.call(*primals)[0]
        total: Any = np.zeros(np.shape(y))[()]
        for J, t in zip(self._gradient(primals), tangents[2:], strict=True):
            if J is not None:
                total = total + np.matmul(J, np.reshape(t, (-1,)))
        for which in (0, 1):
            if self.active[which]:
                total = total + self._limit(primals, which) * tangents[which]
        return (y,), (total,)

    def vjp(self, primals: tuple[Any, ...]) -> tuple[Any, Any]:
        y = self.call(*primals)[0]
        Js = self._gradient(primals)
        ends = [self._limit(primals, k) if self.active[k] else 0.0 for k in (0, 1)]

        def pull(cts: Any) -> list[Any]:
            ct = cts[0]
            out = [np.real(np.sum(ct * end)) for end in ends]
            for J, p in zip(Js, primals[2:], strict=True):
                if J is None:
                    out.append(np.zeros(np.shape(p), dtype_of(p))[()])
                    continue
                flat = np.reshape(J, (-1, np.shape(J)[-1]))
                g = np.reshape(np.matmul(np.reshape(ct, (-1,)), flat), np.shape(p))
                out.append(g if dtype_of(p).kind == "c" else np.real(g))
            return out

        return (y,), pull


def _traced_integral(scheme: Scheme, found: Any, a: Any, b: Any, y: Any) -> Any:
    """Return an integral with its derivatives; `y` is what SciPy found on plain numbers."""
    values = [v * 1.0 if dtype_of(v).kind not in "fc" else v for v in found.values]
    leaves = (number(a), number(b), *values)
    active = [isinstance(x, Traced) for x in leaves]
    if not any(active):
        return y
    rule = Integral(Integrand(found, scheme.name), scheme, active, ([value(x) for x in leaves], y))
    return rule.call(*leaves)[0]


@replaces(
    integrate.quad,
    kind="solver",
    note="differentiable in args, closures and limits; points are constants, wvar cannot be traced",
)
def quad(
    func: Any,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: Any = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
    points: Any = None,
    weight: Any = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
) -> Any:
    """Integrate a function of one variable, as `scipy.integrate.quad`.

    Parameters
    ----------
    func, a, b, args, full_output, epsabs, epsrel, limit, points, weight, wvar, wopts, maxp1, limlst, complex_func
        SciPy's.

    Returns
    -------
    y, abserr, ...
        SciPy's; `y` is traced if a limit, `args` or what `func` closes over is.

    Raises
    ------
    UnsupportedError
        For a traced `wvar`, and for traced limits of a weight that depends on them.

    Notes
    -----
    Leibniz's rule; the gradient is integrated by the same routine, with the same options. A break or jump of the
    integrand that moves with a parameter is not seen: split the integral there.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> gamma = lambda s: integrate.quad(lambda x: x ** (s - 1) * np.exp(-x), 0, np.inf)[0]
    >>> bool(np.isclose(dr.grad(gamma)(2.0), 1 - np.euler_gamma))
    True
    """
    options = {
        "epsabs": epsabs,
        "epsrel": epsrel,
        "limit": limit,
        "points": plain_numbers(points),
        "weight": weight,
        "wvar": wvar,
        "wopts": wopts,
        "maxp1": maxp1,
        "limlst": limlst,
    }
    if isinstance(func, LowLevelCallable) or not callable(func):
        return original.quad(func, a, b, args, full_output, complex_func=complex_func, **options)
    extra = args if isinstance(args, tuple) else (args,)
    found = closed(func, extra)
    if holds_traced(wvar):
        raise UnsupportedError(
            "scipy.integrate.quad",
            "wvar=, on which the method itself depends",
            "write the weight function into the integrand, without weight=",
        )
    f, extra = found.plain
    traced = bool(found.values) or holds_traced(a) or holds_traced(b)
    if traced:
        refuse_lanes("quad", operand(a), operand(b), *found.values)
    out = original.quad(
        guarded("quad", f),
        value(operand(a)) if traced else a,
        value(operand(b)) if traced else b,
        extra,
        full_output,
        complex_func=complex_func,
        **options,
    )
    if not traced:
        return out
    return (
        _traced_integral(Scheme("quad", options), found, a, b, np.asarray(out[0])[()]),
        *out[1:],
    )


@replaces(
    integrate.quad_vec,
    kind="solver",
    note="differentiable in args, closures and limits; points are constants",
)
def quad_vec(
    f: Callable[..., Any],
    a: Any,
    b: Any,
    epsabs: float = 1e-200,
    epsrel: float = 1e-8,
    norm: str = "2",
    cache_size: float = 100e6,
    limit: float = 10000,
    workers: Any = 1,
    points: Any = None,
    quadrature: Any = None,
    full_output: bool = False,
    *,
    args: Any = (),
) -> Any:
    """Integrate a vector-valued function, as `scipy.integrate.quad_vec`.

    Parameters
    ----------
    f, a, b, epsabs, epsrel, norm, cache_size, limit, workers, points, quadrature, full_output, args
        SciPy's.

    Returns
    -------
    res, err, [info]
        SciPy's; `res` is traced if a limit, `args` or what `f` closes over is.

    Notes
    -----
    As `quad`; the norm of the error control is then taken over all derivatives.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> powers = np.arange(3)
    >>> moments = lambda b: integrate.quad_vec(lambda x: x**powers, 0, b)[0]
    >>> dr.jacobian(moments)(2.0)
    array([1., 2., 4.])
    """
    options = {
        "epsabs": epsabs,
        "epsrel": epsrel,
        "norm": norm,
        "cache_size": cache_size,
        "limit": limit,
        "points": plain_numbers(points),
        "quadrature": quadrature,
    }
    extra = args if isinstance(args, tuple) else (args,)
    found = closed(f, extra)
    traced = bool(found.values) or holds_traced(a) or holds_traced(b)
    if not traced:
        given = {"args": args} if args else {}
        return original.quad_vec(
            f, a, b, workers=workers, full_output=full_output, **options, **given
        )
    refuse_lanes("quad_vec", operand(a), operand(b), *found.values)
    plain, extra = found.plain
    checked = guarded("quad_vec", plain)
    out = original.quad_vec(
        lambda x: checked(x, *extra),
        value(operand(a)),
        value(operand(b)),
        full_output=full_output,
        **options,
    )
    y = _traced_integral(Scheme("quad_vec", options, True), found, a, b, np.asarray(out[0])[()])
    return (y, *out[1:])


@replaces(integrate.fixed_quad, kind="solver", note="the rule is differentiated, exactly")
def fixed_quad(func: Callable[..., Any], a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """Integrate by Gauss's rule of `n` nodes, as `scipy.integrate.fixed_quad`.

    Parameters
    ----------
    func, a, b, args, n
        SciPy's.

    Returns
    -------
    val, None
        SciPy's; traced if anything that goes in is.

    Notes
    -----
    The rule is plain NumPy code; its derivative is the rule's own, exactly.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.scipy import integrate
    >>> round(float(dr.grad(lambda b: integrate.fixed_quad(lambda x: x**3, 0.0, b)[0])(2.0)), 12)
    8.0
    """
    if np.isinf(value(a)) or np.isinf(value(b)):
        raise ValueError("Gaussian quadrature is only available for finite limits.")
    x, w = special.roots_legendre(n)
    a, b = operand(a), operand(b)
    y = (b - a) * (np.real(x) + 1) / 2.0 + a
    return (b - a) / 2.0 * np.sum(w * operand(func(y, *args)), axis=-1), None
