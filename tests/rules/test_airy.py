"""Airy, Kelvin and Struve functions and their integrals: derivatives against mpmath, and limits."""

import numpy as np
import pytest
from scipy import special

import dualrev as dr
from tests.rules.mpmath_tables import compare, exact, mp

AIRY = (
    mp.airyai,
    lambda z: mp.airyai(z, derivative=1),
    mp.airybi,
    lambda z: mp.airybi(z, derivative=1),
)


@pytest.mark.parametrize("k", range(4))
def test_airy(k):
    for z in (-6.0, -0.3, 0.0, 2.5, 1.5 + 1.0j, -2.0 + 0.5j):
        compare(lambda x: special.airy(x)[k], AIRY[k], z, count=2, rtol=1e-9)


def scaled(k, z):
    zeta = mp.mpf(2) / 3 * z * mp.sqrt(z)
    return AIRY[k](z) * (mp.exp(zeta) if k < 2 else mp.exp(-abs(mp.re(zeta))))


@pytest.mark.parametrize("k", range(4))
def test_scaled_airy(k):
    """Also far out, where the scaled function and its derivative nearly cancel."""
    for z in (0.2, 2.5, 30.0, 54.0, 56.0, 200.0, 1e4):
        compare(lambda x: special.airye(x)[k], lambda z: scaled(k, z), z, count=1, rtol=1e-10)
    for z in (1.5 + 1.0j, 0.5 - 2.0j, 70.0 + 3.0j):
        for direction in (1.0, 1j):
            found = dr.jvp(lambda x: special.airye(x)[k], (z,), (complex(direction),))[1]
            want = exact(lambda t, z=z, d=direction: scaled(k, mp.mpc(z) + t * d), 0.0, 1)[1]
            np.testing.assert_allclose(found, want, rtol=1e-10)


def test_scaled_airy_on_the_left():
    """For negative x the scale of Bi is one; the scaled Ai is NaN, and so is its derivative."""
    t = dr.jvp(special.airye, (-2.0,), (1.0,))[1]
    _, aip, bi, bip = special.airy(-2.0)
    np.testing.assert_allclose(t[2:], (bip, -2.0 * bi), rtol=1e-14)
    assert np.isnan(t[0])
    assert np.isnan(t[1])
    assert np.isfinite(aip)


def test_integrated_airy():
    """The derivative is the integrand, also where SciPy's value has few digits."""
    for x in (-4.0, -0.4, 0.0, 1.3, 6.0):
        t = dr.jvp(special.itairy, (x,), (1.0,))[1]
        right, left = special.airy(x), special.airy(-x)
        np.testing.assert_allclose(t, (right[0], right[2], left[0], left[2]), rtol=1e-15)


ONE = {
    "ber": lambda x: mp.ber(0, x),
    "bei": lambda x: mp.bei(0, x),
    "ker": lambda x: mp.ker(0, x),
    "kei": lambda x: mp.kei(0, x),
    "berp": lambda x: mp.diff(lambda x: mp.ber(0, x), x),
    "beip": lambda x: mp.diff(lambda x: mp.bei(0, x), x),
    "kerp": lambda x: mp.diff(lambda x: mp.ker(0, x), x),
    "keip": lambda x: mp.diff(lambda x: mp.kei(0, x), x),
}


@pytest.mark.parametrize("name", [n for n in ONE if len(n) == 3])
def test_kelvin_functions(name):
    points = (0.3, 4.0, 13.0)
    for x in points:
        compare(getattr(special, name), ONE[name], x, count=3, rtol=1e-9)
        k = {"ber": 0, "bei": 0, "ker": 1, "kei": 1}[name]
        part = np.real if name.endswith("r") else np.imag
        for shift in (0, 2):
            slope = dr.grad(lambda x, j=k + shift, part=part: part(special.kelvin(x)[j]))(x)
            other = dr.grad(getattr(special, name + ("p" if shift else "")))(x)
            np.testing.assert_allclose(slope, other, rtol=1e-12)


def test_kelvin_functions_at_zero():
    """Power series (DLMF 10.65.1): ber = 1 - x⁴/64, bei = x²/4 - ...; ker and kei' are logarithmic."""
    np.testing.assert_allclose(dr.grad(special.beip)(0.0), 0.5, rtol=1e-15)
    assert dr.grad(special.berp)(0.0) == 0.0
    np.testing.assert_allclose(dr.grad(dr.grad(dr.grad(special.berp)))(0.0), -0.375, rtol=1e-14)
    assert dr.grad(special.bei)(-0.5) == -dr.grad(special.bei)(0.5)
    with np.errstate(all="ignore"):
        assert dr.grad(special.kerp)(0.0) == np.inf
        assert dr.grad(special.keip)(0.0) == np.inf


@pytest.mark.parametrize("v", [0, 1, -0.5, 2.25])
@pytest.mark.parametrize(("name", "g"), [("struve", mp.struveh), ("modstruve", mp.struvel)])
def test_struve(name, g, v):
    for x in (0.2, 3.0, 21.0):
        compare(lambda x: getattr(special, name)(v, x), lambda x: g(v, x), x, count=2, rtol=1e-8)


@pytest.mark.parametrize("name", ["struve", "modstruve"])
def test_struve_at_zero(name):
    """H₀' = L₀' = 2/π and H₁' = 0 (DLMF 11.2.1-2)."""
    f = getattr(special, name)
    for v, want in ((0, 2 / np.pi), (1, 0.0), (2, 0.0)):
        np.testing.assert_allclose(dr.grad(lambda x, v=v: f(v, x))(0.0), want, atol=1e-16)
    np.testing.assert_allclose(
        dr.grad(dr.grad(lambda x: f(1, x)))(0.0), 4 / (3 * np.pi), rtol=1e-14
    )


INTEGRANDS = {
    "iti0k0": (lambda x: mp.besseli(0, x), lambda x: mp.besselk(0, x)),
    "itj0y0": (lambda x: mp.besselj(0, x), lambda x: mp.bessely(0, x)),
    "it2i0k0": (lambda x: (mp.besseli(0, x) - 1) / x, lambda x: -mp.besselk(0, x) / x),
    "it2j0y0": (lambda x: (1 - mp.besselj(0, x)) / x, lambda x: -mp.bessely(0, x) / x),
    "itstruve0": (lambda x: mp.struveh(0, x),),
    "itmodstruve0": (lambda x: mp.struvel(0, x),),
    "it2struve0": (lambda x: -mp.struveh(0, x) / x,),
}


@pytest.mark.parametrize("name", INTEGRANDS)
def test_integrals(name):
    """First and second derivatives, on both sides of where a power series takes over."""
    for x in (1e-6, 0.02, 0.74, 0.76, 5.0, 17.0):
        for k, g in enumerate(INTEGRANDS[name]):

            def f(x, k=k):
                y = getattr(special, name)(x)
                return y[k] if isinstance(y, tuple) else y

            want = exact(g, x, 1)
            slopes = dr.value_and_grad(dr.grad(f))(x)
            np.testing.assert_allclose(slopes, np.real(want), rtol=2e-10)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("it2struve0", -2 / np.pi, 0.0),
        ("itstruve0", 0.0, 2 / np.pi),
        ("itmodstruve0", 0.0, 2 / np.pi),
    ],
)
def test_integrals_at_zero(name, first, second):
    f = getattr(special, name)
    np.testing.assert_allclose(dr.grad(f)(0.0), first, rtol=1e-15)
    np.testing.assert_allclose(dr.grad(dr.grad(f))(0.0), second, rtol=1e-15)
    np.testing.assert_allclose(dr.grad(f)(-2.0), -dr.grad(f)(2.0) * (-1 if first else 1))


@pytest.mark.parametrize(("name", "second"), [("it2i0k0", 0.25), ("it2j0y0", 0.25)])
def test_first_integrals_at_zero(name, second):
    f = dr.grad(lambda x: getattr(special, name)(x)[0])
    assert f(0.0) == 0.0
    assert f(-0.5) == -f(0.5)
    np.testing.assert_allclose(dr.grad(f)(0.0), second, rtol=1e-15)
