"""Airy functions, plain, scaled and integrated."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.domains import Domain, case, positive
from dualrev.core.finite import strong_product
from dualrev.core.flavours import general
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.rules.special.bessel import plane
from dualrev.rules.special.bessel_scaled import tail

__all__ = ["pushed", "weighted"]


def weighted(ct: Any, partials: tuple[Any, ...]) -> Any:
    """Return the cotangent of the one argument of several outputs; one that is not used counts nothing, whatever it is.

    Where one output is singular, the others may be asked for alone.
    """
    total = strong_product(ct[0], partials[0])
    for c, p in zip(ct[1:], partials[1:], strict=True):
        total = total + strong_product(c, p)
    return total


def pushed(t: Any, partials: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the tangents of several outputs of one argument."""
    return tuple(strong_product(t, p) for p in partials)


@general(
    special.airy,
    on=[case((3, 2)), case(()), case(plane(3, 2)), case(lambda rng: -plane(2)(rng))],
    name="airy",
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
)
class airy:
    """d(Ai, Ai', Bi, Bi') = (Ai', x Ai, Bi', x Bi) dx (DLMF 9.2.1), also for complex x."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        ai, aip, bi, bip = y
        return pushed(t, (aip, x * ai, bip, x * bi))

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        ai, aip, bi, bip = y
        return weighted(ct, (aip, x * ai, bip, x * bi))


# Far out the scaled function and its derivative cancel to (500)^-1 of their size; there the expansions
# (DLMF 9.7.5-9.7.8) are differentiated. In ζ = 2/3 x^{3/2} their coefficients are u_k and v_k.
_EDGE, _TERMS = 55.0, 6


def _ratios(which: str) -> list[float]:
    """Return the ratios of successive u_k, or v_k (DLMF 9.7.2)."""
    u = [1.0]
    for k in range(1, _TERMS + 1):
        u.append(u[-1] * (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216.0 * k * (2 * k - 1)))
    v = [(6 * k + 1) / (1 - 6 * k) * a for k, a in enumerate(u)]
    c = u if which == "u" else v
    return [c[k] / c[k - 1] for k in range(1, _TERMS + 1)]


def _far_or_near(near: Any, x: Any, y: Any, which: str, sign: float) -> Any:
    """Return `near`, but far out the derivative of y ~ x^∓¼ Σ c_k (sign/ζ)ᵏ."""
    far = (np.absolute(x) > _EDGE) & (np.real(x) > 0)
    x = np.where(far, x, _EDGE)
    power = -0.25 if which == "u" else 0.25
    inner = tail(_ratios(which), sign * 1.5 / (x * np.sqrt(x)))
    return np.where(far, y / x * (power - 1.5 * inner), near)


def _slopes(x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """Return the derivatives of the scaled functions, with the scale of Bi taken as exp(-σζ), σ the sign of Re ζ."""
    ai, aip, bi, bip = y
    if dtype_of(x).kind == "c":
        root = np.sqrt(x)
        outer = root
        s = np.sign(np.real(x * root)) * root
    else:
        left = x < 0
        root = np.sqrt(np.where(left, 1.0, x))
        outer, s = np.where(left, np.nan, root), np.where(left, 0.0, root)
    return (
        _far_or_near(aip + outer * ai, x, ai, "u", -1.0),
        _far_or_near(x * ai + outer * aip, x, aip, "v", -1.0),
        _far_or_near(bip - s * bi, x, bi, "u", 1.0),
        _far_or_near(x * bi - s * bip, x, bip, "v", 1.0),
    )


def _turn(x: Any) -> Any:
    """Return σ √x: the scale exp(-|Re ζ|) is exp(-σζ) turned by exp(iσ Im ζ), whose derivative is iσ Im(√x dx)."""
    root = np.sqrt(x)
    return np.sign(np.real(x * root)) * root


@general(
    special.airye,
    on=[
        case(positive(3, 2)),
        case(positive()),
        case(plane(3, 2)),
        case(lambda rng: 1j - plane(2)(rng)),
    ],
    name="airye",
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
    kinks="the scaled Ai is NaN for x < 0; of Bi, where Re ζ changes sign, the mean of both sides",
)
class airye:
    """With ζ = ⅔ x^{3/2}: d(Ai exp ζ) = exp(ζ) (Ai' + √x Ai) dx, d(Bi exp(-|Re ζ|)) likewise (DLMF 9.2.1, 9.7.5-8)."""

    def tangent(t: Any, x: Any, y: Any) -> Any:
        out = [*pushed(t, _slopes(x, y))]
        if dtype_of(x).kind == "c":
            spin = 1j * np.imag(_turn(x) * t)
            out[2:] = out[2] + spin * y[2], out[3] + spin * y[3]
        return tuple(out)

    def adjoint(ct: Any, x: Any, y: Any) -> Any:
        out = weighted(ct, _slopes(x, y))
        if dtype_of(x).kind == "c":
            out = out + 1j * _turn(x) * np.imag(ct[2] * y[2] + ct[3] * y[3])
        return out


# SciPy drops terms below 1e-5 of the sum; its differences are an oracle near 0 only.
near = Domain("(-0.02, 0.02)", lambda rng, shape: rng.uniform(-0.02, 0.02, shape))


@general(
    special.itairy,
    on=[case(near(3, 2)), case(near())],
    name="itairy",
    broadcasts=True,
    analytic=False,
    pattern="elementwise",
    kinks="the derivative has full accuracy, SciPy's value only eight digits, fewer beyond |x| = 5",
)
class itairy:
    """d(∫₀ˣ Ai(±t) dt, ∫₀ˣ Bi(±t) dt) = (Ai(±x), Bi(±x)) dx (DLMF 9.10)."""

    def tangent(t: Any, x: Any) -> Any:
        return pushed(t, _integrands(x))

    def adjoint(ct: Any, x: Any) -> Any:
        return weighted(ct, _integrands(x))


def _integrands(x: Any) -> tuple[Any, Any, Any, Any]:
    right, left = special.airy(x), special.airy(-x)
    return right[0], right[2], left[0], left[2]


_declared: tuple[Any, ...] = (airy, airye, itairy)
for _primitive in _declared:
    numpy_function(_primitive.fun, kind="rule", note=_primitive.kinks)(_primitive)
