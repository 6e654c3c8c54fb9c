"""Partials of the error functions and exponential integrals against mpmath, where formulas would cancel too."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr

mp.mp.dps = 60


def close(found, want, rtol=1e-12):
    assert abs(complex(found) - complex(want)) <= rtol * abs(complex(want)) + 1e-300, (found, want)


def first_and_second(f, x):
    one = type(x)(1.0)

    def slope(x):
        return dr.jvp(f, (x,), (one,))[1]

    return slope(x), dr.jvp(slope, (x,), (one,))[1]


def w(z):
    return mp.exp(-z * z) * mp.erfc(-1j * z)


def dawson(z):
    return mp.sqrt(mp.pi) / 2 * mp.exp(-z * z) * mp.erfi(z)


def scaled(z):
    return mp.exp(z * z) * mp.erfc(z)


def by_equation(f, z, sign, constant):
    """The derivatives from f' = constant + sign 2z f, in sixty digits."""
    first = constant + sign * 2 * z * f
    return first, sign * 2 * (f + z * first)


REAL = (1e-6, 0.4, 2.4, 2.6, 6.0, 25.0, 1e4, -0.7, -4.0)
COMPLEX = (0.3 + 0.2j, 2 - 1j, 6 + 0.01j, -5 + 0.2j, 4 + 4j, 20 + 1j, 8j)


@pytest.mark.parametrize("z", [*REAL, *COMPLEX])
def test_dawson_and_faddeeva(z):
    exact = mp.mpmathify(z)
    for found, want in zip(
        first_and_second(special.dawsn, z), by_equation(dawson(exact), exact, -1, 1), strict=True
    ):
        close(found, want, 3e-12)
    slope = 2j / mp.sqrt(mp.pi)
    z = complex(z)
    for found, want in zip(
        first_and_second(special.wofz, z), by_equation(w(exact), exact, -1, slope), strict=True
    ):
        close(found, want, 3e-12)


@pytest.mark.parametrize("z", [v for v in (*REAL, *COMPLEX) if v.real > -5])
def test_scaled_complement(z):
    exact = mp.mpmathify(z)
    wants = by_equation(scaled(exact), exact, 1, -2 / mp.sqrt(mp.pi))
    for found, want in zip(first_and_second(special.erfcx, z), wants, strict=True):
        close(found, want, 3e-12)


@pytest.mark.parametrize("x", [-1e5, -40.0, -3.0, 0.0, 2.0, 8.0, 30.0])
def test_log_ndtr(x):
    first, second = first_and_second(special.log_ndtr, x)
    exact = mp.mpf(x)
    ratio = mp.sqrt(2 / mp.pi) * mp.exp(-exact * exact / 2) / mp.erfc(-exact / mp.sqrt(2))
    if x == -1e5:
        ratio = -exact * (1 + exact**-2 - 2 * exact**-4 + 10 * exact**-6)
    close(first, ratio, 1e-12)
    if x > -1e5:
        close(second, -ratio * (exact + ratio), 1e-10)


@pytest.mark.parametrize("x", [1e-12, 1e-5, 0.3, 1.0, 1 - 1e-7, 1 + 1e-3, 2.5, 1e4])
def test_spence_at_one(x):
    exact = mp.mpf(x)
    first, second = first_and_second(special.spence, x)
    close(first, -1 if x == 1 else mp.log(exact) / (1 - exact))
    want = mp.mpf(1) / 2 if x == 1 else 1 / (exact * (1 - exact)) + mp.log(exact) / (1 - exact) ** 2
    close(second, want)


@pytest.mark.parametrize("x", [0.0, 1e-7, 1e-3, 0.9, 3.0, 20.0, -0.4])
def test_integrals_of_quotients(x):
    exact = mp.mpf(x)
    for k, f, g, limit in (
        (special.sici, mp.sin, mp.cos, -1),
        (special.shichi, mp.sinh, mp.cosh, 1),
    ):
        first, second = first_and_second(lambda x, k=k: k(x)[0], x)
        close(first, f(exact) / exact if x else 1)
        close(second, (g(exact) - f(exact) / exact) / exact if x else 0, 1e-11)
        assert limit in (1, -1)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("x", [1e-6, 0.5, 3.0, 50.0])
def test_expn(n, x):
    close(dr.grad(lambda x: special.expn(n, x))(x), -mp.expint(n - 1, mp.mpf(x)), 1e-12)
    twice = dr.grad(dr.grad(lambda x: special.expn(n, x)))(x)
    close(twice, mp.expint(n - 2, mp.mpf(x)), 1e-12)


def test_expn_refuses_its_order():
    with pytest.raises(dr.UnsupportedError, match="first argument"):
        dr.grad(special.expn)(2.0, 1.0)


@pytest.mark.parametrize(
    ("x", "sigma", "gamma"), [(0.3, 1.0, 0.5), (50.0, 0.1, 1e-3), (0.0, 2.0, 1.0), (4.0, 1.0, 0.0)]
)
def test_voigt(x, sigma, gamma):
    def profile(x, s, g):
        z = (x + 1j * g) / (s * mp.sqrt(2))
        return w(z).real / (s * mp.sqrt(2 * mp.pi))

    point = tuple(map(mp.mpf, (x, sigma, gamma)))
    grads = dr.grad(special.voigt_profile, argnums=(0, 1, 2))(x, sigma, gamma)
    for k, found in enumerate(grads):
        order = tuple(int(k == j) for j in range(3))
        want = mp.diff(profile, point, order)
        assert abs(found - float(want)) <= 1e-11 * abs(float(want)) + 1e-15


@pytest.mark.parametrize(("h", "a"), [(0.3, 0.7), (-2.0, 5.0), (6.0, 0.1), (0.0, 2.0)])
def test_owen(h, a):
    def t(h, a):
        return mp.quad(lambda x: mp.exp(-h * h * (1 + x * x) / 2) / (1 + x * x), [0, a]) / (
            2 * mp.pi
        )

    close(dr.grad(special.owens_t)(h, a), mp.diff(lambda h: t(h, mp.mpf(a)), mp.mpf(h)) if h else 0)
    close(dr.grad(special.owens_t, argnums=1)(h, a), mp.diff(lambda a: t(mp.mpf(h), a), mp.mpf(a)))


def test_real_operand_of_a_complex_function():
    g = dr.grad(lambda x: np.abs(special.wofz(x)) ** 2)(0.7)
    want = mp.diff(lambda x: abs(w(x)) ** 2, mp.mpf("0.7"))
    close(g, want)


def test_ends_of_inverses():
    with np.errstate(all="ignore"):
        assert dr.grad(special.erfinv)(1.0) == np.inf
        assert dr.grad(special.ndtri)(0.0) == np.inf
        assert dr.grad(special.erfcinv)(0.0) == -np.inf
