"""Carlson's symmetric elliptic integrals, and the integral that all of their derivatives are (DLMF 19.16, 19.18)."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.batching import batch_elementwise
from dualrev.core.domains import case, positive
from dualrev.core.flavours import constant, elementwise, general
from dualrev.core.ufuncs import special

__all__ = ["carlson", "carlson_value"]

# The trapezoidal rule in s = log t errs by e^(-2πd/h), where d is the distance of the poles (DLMF 3.5(i); Trefethen and
# Weideman 2014, SIAM Review 56, section 5). The tails that are left out are below e^-TAIL.
_DECAY, _TAIL = 44.0, 41.0
# Closer to the negative axis than this, in radians, the rule would take too many nodes.
_CLEARANCE = 1 / 16
_NODES = 1 << 16


def carlson_value(*arguments: Any, halves: tuple[int, ...]) -> Any:
    """Return ∫₀^∞ Π (t + zⱼ)^(-hⱼ/2) dt for plain arguments in the cut plane; sums of one sign, accurate throughout.

    It is infinite where it diverges at 0, and NaN for negative, infinite or undefined arguments.
    """
    used = [k for k, h in enumerate(halves) if h]
    dtype = np.result_type(*arguments)
    dtype = dtype if dtype.kind in "fc" else np.dtype(float)
    shape = np.broadcast_shapes(*(np.shape(a) for a in arguments))
    wide = complex if dtype.kind == "c" else float
    z = np.array([np.broadcast_to(arguments[k], shape).ravel() for k in used], wide)
    h = np.array([halves[k] for k in used])
    y = np.empty(z.shape[1], wide)
    size = np.abs(z)
    angle = np.angle(z)
    middle = (angle.max(0) + angle.min(0)) / 2
    width = np.pi - (angle.max(0) - angle.min(0)) / 2
    at_zero = h @ (size == 0)
    valid = np.isfinite(size).all(0) & (width > _CLEARANCE) & (np.abs(angle).max(0) < np.pi)
    y[:] = np.where(valid, np.inf, np.nan)
    todo = np.flatnonzero(valid & (at_zero < 2))
    if todo.size:
        bounds = np.where(size == 0, np.inf, size).min(0)[todo], size.max(0)[todo]
        centre = np.sqrt(bounds[0]) * np.sqrt(bounds[1])
        scale = centre * np.exp(1j * middle[todo]) if wide is complex else centre
        low = np.log(bounds[0] / centre) - _TAIL / (1 - at_zero[todo] / 2)
        high = np.log(bounds[1] / centre) + _TAIL / (h.sum() / 2 - 1)
        step = 2 * np.pi * width[todo] / _DECAY
        first = np.floor(low / step)
        count = int(np.ceil((high - low) / step).max()) + 2
        chunk = max(1, _NODES // count)
        for start in range(0, todo.size, chunk):
            part = np.arange(start, min(start + chunk, todo.size))
            nodes = (first[part, None] + np.arange(count)) * step[part, None]
            t = np.exp(np.minimum(nodes, high[part, None] + 1))
            terms = np.where(nodes <= high[part, None] + step[part, None], t, 0)
            for argument, half in zip(z[:, todo[part]] / scale[part], h, strict=True):
                base = 1 / (t + argument[:, None])
                terms = terms * base ** (half // 2) * (np.sqrt(base) if half % 2 else 1)
            y[todo[part]] = terms.sum(-1) * step[part] * scale[part] ** (1 - h.sum() / 2)
    return y.reshape(shape).astype(dtype)[()]


def _raised(halves: tuple[int, ...], k: int) -> tuple[int, ...]:
    return (*halves[:k], halves[k] + 2, *halves[k + 1 :])


def _slope(k: int, arguments: tuple[Any, ...], halves: tuple[int, ...]) -> Any:
    if halves[k] == 0:
        return 0.0
    return -halves[k] / 2 * carlson(*arguments, halves=_raised(halves, k))


@general(
    carlson_value,
    arguments=("a", "b", "c", "d"),
    on=[
        case(positive(3, 2), positive(3, 2), positive(3, 2), positive(3, 2), halves=(1, 1, 1, 2)),
        case(positive(2, 3), positive(3), positive(3), np.array(1.0), halves=(3, 1, 1, 0)),
        case(positive(), positive(), positive(), positive(), halves=(1, 3, 1, 4)),
    ],
    name="carlson",
    broadcasts=True,
    singular=True,
    pattern="elementwise",
)
class carlson:
    """y = ∫₀^∞ (t+a)^(-h₁/2) (t+b)^(-h₂/2) (t+c)^(-h₃/2) (t+d)^(-h₄/2) dt;  ∂zⱼ = -hⱼ/2 y with hⱼ + 2 for hⱼ."""

    def tangent_a(t: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return t * _slope(0, (a, b, c, d), halves)

    def adjoint_a(ct: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return ct * _slope(0, (a, b, c, d), halves)

    def tangent_b(t: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return t * _slope(1, (a, b, c, d), halves)

    def adjoint_b(ct: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return ct * _slope(1, (a, b, c, d), halves)

    def tangent_c(t: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return t * _slope(2, (a, b, c, d), halves)

    def adjoint_c(ct: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return ct * _slope(2, (a, b, c, d), halves)

    def tangent_d(t: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return t * _slope(3, (a, b, c, d), halves)

    def adjoint_d(ct: Any, a: Any, b: Any, c: Any, d: Any, *, halves: Any) -> Any:
        return ct * _slope(3, (a, b, c, d), halves)


def on_cut(z: Any) -> Any:
    """Say where a number is real and negative: the integrals there are principal values."""
    return (np.real(z) < 0) & (np.imag(z) == 0)


(_on_cut,) = constant(on_cut, answers=False, batch=batch_elementwise)

elliprf = elementwise(
    special.elliprf,
    lambda a, b, c: elliprd(b, c, a) / -6,
    lambda a, b, c: elliprd(c, a, b) / -6,
    lambda c, a, b: elliprd(a, b, c) / -6,
    on=(positive, positive, positive),
    formula="∂a = -R_D(b, c, a)/6 (DLMF 19.18.1)",
    kinks="-inf at 0",
)
elliprd = elementwise(
    special.elliprd,
    lambda a, b, c: -0.75 * carlson(a, b, c, 1.0, halves=(3, 1, 3, 0)),
    lambda a, b, c: -0.75 * carlson(a, b, c, 1.0, halves=(1, 3, 3, 0)),
    lambda c, a, b: -2.25 * carlson(a, b, c, 1.0, halves=(1, 1, 5, 0)),
    on=(positive, positive, positive),
    formula="∂a = -3/4 ∫₀^∞ (t+a)^(-3/2) (t+b)^(-1/2) (t+c)^(-3/2) dt, ∂c = -9/4 ∫ ... (t+c)^(-5/2) dt",
    kinks="-inf at 0",
)


def _mean_slope(a: Any, b: Any, c: Any) -> Any:
    """Return ∂a R_G = (R_F - a R_D(b, c, a)/3)/4, where the second term is 0 at a = 0."""
    zero = a == 0
    correction = np.where(zero, 0, a * elliprd(b, c, np.where(zero, 1, a)))
    return (elliprf(a, b, c) - correction / 3) / 4


elliprg = elementwise(
    special.elliprg,
    _mean_slope,
    lambda a, b, c: _mean_slope(b, c, a),
    lambda c, a, b: _mean_slope(c, a, b),
    on=(positive, positive, positive),
    formula="∂a = R_F/4 - a R_D(b, c, a)/12 (DLMF 19.18.2)",
)


def _degenerate_first(a: Any, b: Any, y: Any) -> Any:
    cut = _on_cut(b)
    inside = elliprd(np.where(cut, 1, b), np.where(cut, 1, b), a) / -6
    return np.where(cut, (1 / np.sqrt(a) - y) / (2 * np.where(cut, a - b, 1)), inside)


def _degenerate_second(a: Any, b: Any, y: Any) -> Any:
    cut = _on_cut(b)
    inside = elliprd(a, np.where(cut, 1, b), np.where(cut, 1, b)) / -3
    # By homogeneity: a ∂a + b ∂b = -y/2.
    outside = (np.sqrt(a) - a * y) / np.where(cut, a - b, 1) + y
    return np.where(cut, outside / (-2 * np.where(cut, b, 1)), inside)


elliprc = elementwise(
    special.elliprc,
    _degenerate_first,
    _degenerate_second,
    on=(positive, positive),
    formula="∂a = -R_D(b, b, a)/6, ∂b = -R_D(a, b, b)/3; for b < 0 ∂a = (a^(-1/2) - y)/(2(a - b))",
    kinks="∂a = -inf at a = 0",
)


def _third_kind_first(a: Any, b: Any, c: Any, d: Any, y: Any) -> Any:
    cut = _on_cut(d)
    inside = -0.75 * carlson(a, b, c, np.where(cut, 1, d), halves=(3, 1, 1, 2))
    outside = (y - elliprd(b, c, a)) / (2 * np.where(cut, d - a, 1))
    return np.where(cut, outside, inside)


def _third_kind_last(d: Any, a: Any, b: Any, c: Any, y: Any) -> Any:
    cut = _on_cut(d)
    inside = -1.5 * carlson(a, b, c, np.where(cut, 1, d), halves=(1, 1, 1, 4))
    # By homogeneity, of degree -3/2, and a R_D(b, c, a) = 3/4 ∫... is 0 at a = 0.
    total = 1.5 * y
    for first, second, third in ((a, b, c), (b, c, a), (c, a, b)):
        zero = first == 0
        rest = first * (y - elliprd(second, third, np.where(zero, 1, first)))
        total = total + np.where(zero, 0, rest) / (2 * np.where(cut, d - first, 1))
    return np.where(cut, total / -np.where(cut, d, 1), inside)


elliprj = elementwise(
    special.elliprj,
    lambda a, b, c, d, y: _third_kind_first(a, b, c, d, y),
    lambda a, b, c, d, y: _third_kind_first(b, c, a, d, y),
    lambda c, a, b, d, y: _third_kind_first(c, a, b, d, y),
    _third_kind_last,
    on=[
        case(positive(3, 2), positive(3, 2), positive(3, 2), positive(3, 2)),
        case(positive(2, 3), positive(3), positive(3), positive(3)),
        case(positive(), positive(), positive(), positive()),
    ],
    formula="∂a = -3/4 ∫(t+a)^(-3/2) (t+b)^(-1/2) (t+c)^(-1/2) (t+d)^(-1) dt; for d < 0 (y - R_D(b, c, a))/(2(d - a))",
    kinks="-inf at 0",
)
