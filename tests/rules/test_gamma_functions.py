"""Partials of the gamma family against mpmath, at small, large and negative arguments, and special points."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
import dualrev.scipy.special as mirror

mp.mp.dps = 40
FAR = (1e-8, 0.3, 1.0, 2.5, 11.9, 60.0, -0.4, -3.3, -20.7)


def close(found, want, rtol=1e-12):
    assert abs(complex(found) - complex(want)) <= rtol * abs(complex(want)) + 1e-300, (found, want)


def derivative(f):
    return lambda x: dr.jvp(f, (x,), (1.0,))[1]


def orders(f, x, count):
    """The derivatives from the first to that of order `count`, by forward mode within itself."""
    for _ in range(count):
        f = derivative(f)
        yield f(x)


@pytest.mark.parametrize("x", FAR)
def test_four_orders_of_the_logarithm(x):
    for n, found in enumerate(orders(special.gammaln, x, 4)):
        close(found, mp.polygamma(n, mp.mpf(x)), 1e-11)


@pytest.mark.parametrize("x", [*FAR, -40.25, -1000.75])
def test_digamma_far_left(x):
    for n, found in enumerate(orders(special.psi, x, 3), 1):
        close(found, mp.polygamma(n, mp.mpf(x)), 1e-11)


@pytest.mark.parametrize("z", [0.3 + 0.1j, -4.3 + 0.7j, -50.2 + 2j, -60 + 14j, 30j, 80.0 - 3j])
def test_complex_digamma(z):
    f = dr.jvp(special.psi, (z,), (1.0 + 0j,))[1]
    close(f, mp.polygamma(1, z), 1e-12)
    second = dr.jvp(lambda z: dr.jvp(special.psi, (z,), (1.0 + 0j,))[1], (z,), (1.0 + 0j,))[1]
    close(second, mp.polygamma(2, z), 1e-11)


@pytest.mark.parametrize("x", [0.4, 3.3, 20.0, -0.4, -5.3, 0.0, -1.0, -2.0, -2 + 1e-9])
def test_reciprocal_at_and_off_the_poles(x):
    first, second = orders(special.rgamma, x, 2)
    close(first, mp.diff(mp.rgamma, mp.mpf(x)), 1e-12)
    close(second, mp.diff(mp.rgamma, mp.mpf(x), 2), 1e-11)


@pytest.mark.parametrize("a", [1e-6, 0.3, 4.0, 1e3, 1e8])
@pytest.mark.parametrize("b", [1e-6, 0.7, 25.0, 1e6])
def test_beta_without_cancellation(a, b):
    want = mp.psi(0, mp.mpf(a)) - mp.psi(0, mp.mpf(a) + mp.mpf(b))
    close(dr.grad(special.betaln)(a, b), want)
    twice = dr.grad(lambda a: dr.grad(special.betaln)(a, b))(a)
    close(twice, mp.psi(1, mp.mpf(a)) - mp.psi(1, mp.mpf(a) + mp.mpf(b)))


@pytest.mark.parametrize(
    ("z", "m"), [(1e6, 2.0), (0.3, 1e-5), (40.0, 3.0), (2.0, -0.5), (1e10, 1.0)]
)
def test_quotients_of_gamma_functions(z, m):
    change = mp.psi(0, mp.mpf(z) + m) - mp.psi(0, mp.mpf(z))
    close(dr.grad(special.poch)(z, m), special.poch(z, m) * change)
    change = mp.psi(0, mp.mpf(z) + 1) - mp.psi(0, mp.mpf(z) - m + 1)
    close(dr.grad(special.binom)(z, m), special.binom(z, m) * change)


@pytest.mark.parametrize("s", [1.0001, 1.5, 4.0, 30.0])
@pytest.mark.parametrize("q", [1e-3, 0.7, 15.0, 1e5])
def test_hurwitz_in_both_arguments(s, q):
    s_, q_ = mp.mpf(s), mp.mpf(q)
    mp.mp.dps = 200
    want = mp.zeta(s_, q_, 1), mp.zeta(s_, q_, 2), -s_ * mp.zeta(s_ + 1, q_)
    mp.mp.dps = 40
    close(dr.grad(special._ufuncs._zeta)(s, q), want[0], 1e-12)
    close(dr.grad(dr.grad(special._ufuncs._zeta))(s, q), want[1], 1e-11)
    close(dr.grad(special._ufuncs._zeta, argnums=1)(s, q), want[2], 1e-12)


@pytest.mark.parametrize("s", [-9.5, -4.0, -2.0, -0.7, -0.5, 0.0, 0.99, 1.5, 8.0, 20.0])
def test_riemann(s):
    first, second = orders(mirror.zeta, s, 2)
    close(first, mp.zeta(s, 1, 1), 1e-11)
    close(second, mp.zeta(s, 1, 2), 1e-10)
    close(dr.grad(special.zetac)(s), mp.zeta(s, 1, 1), 1e-11)


@pytest.mark.parametrize("a", [1e-3, 0.7, 1.0, 1.0 + 1e-9, 40.0])
def test_arithmetic_geometric_mean(a):
    close(dr.grad(special.agm)(a, 1.0), mp.diff(lambda t: mp.agm(t, 1), mp.mpf(a)), 1e-12)
    close(dr.grad(special.agm)(-a, -1.0), mp.diff(lambda t: mp.agm(t, 1), mp.mpf(a)), 1e-12)


def test_values_are_scipys():
    x = np.array([0.5, 1.7, 3.2])
    pairs = [
        (mirror.polygamma(2, x), special.polygamma(2, x)),
        (mirror.comb(x + 5, x), special.comb(x + 5, x)),
        (mirror.comb(x + 5, x, repetition=True), special.comb(x + 5, x, repetition=True)),
        (mirror.comb(2.0, 5.0), special.comb(2.0, 5.0)),
        (mirror.perm(x + 5, x), special.perm(x + 5, x)),
        (mirror.factorial(x - 1), special.factorial(x - 1)),
        (mirror.diric(x, 5), special.diric(x, 5)),
        (mirror.comb(10, 3, exact=True), special.comb(10, 3, exact=True)),
        (mirror.factorial(5, exact=True), special.factorial(5, exact=True)),
    ]
    for found, want in pairs:
        np.testing.assert_array_equal(found, want)
    np.testing.assert_allclose(
        mirror.multigammaln(x + 2, 3), special.multigammaln(x + 2, 3), rtol=1e-15
    )


def test_bad_input_raises_scipys_errors():
    with pytest.raises(ValueError, match="positive integer"):
        dr.grad(lambda a: mirror.multigammaln(a, 2.5))(3.0)
    with pytest.raises(ValueError, match="not met"):
        dr.grad(lambda a: mirror.multigammaln(a, 3))(0.5)


def test_dirichlet_kernel_near_its_peak():
    for x in (0.0, 1e-9, 1e-4, 2 * np.pi + 1e-5):
        want = mp.diff(
            lambda t: mp.sin(2.5 * t) / (5 * mp.sin(t / 2)), mp.mpf(x) + mp.mpf(10) ** -30
        )
        assert abs(dr.grad(lambda x: mirror.diric(x, 5))(x) - float(want)) < 1e-12
