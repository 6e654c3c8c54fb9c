"""Partials of distributions in their parameters against mpmath: both tails, small and large parameters."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr

mp.mp.dps = 50


def close(found, want, rtol=1e-11):
    assert abs(found - float(want)) <= rtol * abs(float(want)) + 1e-300, (found, float(want))


def slope(f, a, order=1):
    """Central differences in fifty digits."""
    a = mp.mpf(a)
    h = mp.mpf(10) ** -12 * min(a, 1)
    if order == 1:
        return (f(a + h) - f(a - h)) / (2 * h)
    return (f(a + h) - 2 * f(a) + f(a - h)) / h**2


@pytest.mark.parametrize("a", [0.02, 0.7, 3.0, 40.0, 2000.0])
@pytest.mark.parametrize("q", [1e-6, 0.2, 0.95, 1.0, 1.05, 2.0])
def test_incomplete_gamma_in_its_parameter(a, q):
    x = a * q
    tail = (0, mp.mpf(x)) if q < 1 else (mp.mpf(x), mp.inf)

    def f(a):
        return (1 if q < 1 else -1) * mp.gammainc(a, *tail, regularized=True)

    first, second = slope(f, a), slope(f, a, 2)
    if abs(first) < 1e-280:
        return
    close(dr.grad(special.gammainc)(a, x), first)
    close(dr.grad(special.gammaincc)(a, x), -first)
    twice = dr.grad(dr.grad(special.gammainc))(a, x)
    assert abs(twice - float(second)) <= 1e-10 * (
        abs(float(second)) + abs(float(first)) / np.sqrt(a)
    )
    close(
        dr.grad(special.gammainc, argnums=1)(a, x), mp.mpf(x) ** (a - 1) * mp.exp(-x) / mp.gamma(a)
    )


@pytest.mark.parametrize(
    ("a", "b"), [(0.05, 0.3), (0.7, 2.5), (3.0, 3.0), (60.0, 4.0), (200.0, 300.0)]
)
@pytest.mark.parametrize("q", [1e-4, 0.3, 0.9, 1.0, 1.1])
def test_incomplete_beta_in_its_parameters(a, b, q):
    x = min(q * a / (a + b), 0.97)

    def lower(a, b, x):
        return x**a * mp.hyp2f1(a, 1 - b, a + 1, x) / a / mp.beta(a, b)

    def f(a, b):
        return lower(a, b, mp.mpf(x)) if q < 1 else -lower(b, a, 1 - mp.mpf(x))

    g = dr.grad(special.betainc, argnums=(0, 1, 2))(a, b, x)
    close(g[0], slope(lambda a: f(a, mp.mpf(b)), a))
    close(g[1], slope(lambda b: f(mp.mpf(a), b), b))
    close(g[2], mp.mpf(x) ** (a - 1) * (1 - mp.mpf(x)) ** (b - 1) / mp.beta(a, b))


@pytest.mark.parametrize("v", [1.0, 3.5, 40.0])
@pytest.mark.parametrize("t", [-30.0, -2.0, -1e-3, 0.0, 0.5, 6.0])
def test_student(v, t):
    def f(v):
        w = v / (v + mp.mpf(t) ** 2)
        y = mp.betainc(v / 2, 0.5, 0, w, regularized=True) / 2
        return y if t < 0 else -y

    close(dr.grad(special.stdtr)(v, t), slope(f, v) if t else 0, 1e-10)
    h = np.sqrt(1 + t * t / v)
    want = h ** -(v + 1.0) * special.gamma((v + 1) / 2) / special.gamma(v / 2) / np.sqrt(v * np.pi)
    close(dr.grad(special.stdtr, argnums=1)(v, t), want)
    assert np.isfinite(dr.hessian(lambda p: special.stdtr(p[0], p[1]))(np.array([v, t]))).all()


INVERSES = [
    (special.gammainc, special.gammaincinv, (2.3, 0.4), 1),
    (special.gammaincc, special.gammainccinv, (0.3, 1e-8), 1),
    (special.betainc, special.betaincinv, (2.3, 0.7, 1e-5), 2),
    (special.betaincc, special.betainccinv, (2.3, 0.7, 0.3), 2),
    (special.chdtrc, special.chdtri, (3.0, 1e-6), 1),
    (special.fdtr, special.fdtri, (3.0, 5.0, 0.99), 2),
    (special.gdtr, special.gdtrix, (2.0, 3.0, 0.2), 2),
    (special.stdtr, special.stdtrit, (3.0, 1e-4), 1),
    (special.nctdtr, special.nctdtrit, (3.0, 0.5, 0.2), 2),
]


@pytest.mark.parametrize(
    ("f", "inverse", "point", "place"), INVERSES, ids=lambda v: getattr(v, "__name__", None)
)
def test_a_quantile_undoes_its_distribution(f, inverse, point, place):
    """F(…, F⁻¹(…, p)) = p has the derivative one in p, zero in the parameters, to second order."""

    def there_and_back(*operands):
        return f(*operands[:place], inverse(*operands))

    varying = tuple(range(place + 1)) if f is not special.nctdtr else (1, 2)
    g = dr.grad(there_and_back, argnums=varying)(*point)
    np.testing.assert_allclose(g[-1], 1.0, rtol=1e-9)
    np.testing.assert_allclose(g[:-1], 0.0, atol=1e-9)
    y = inverse(*point)
    np.testing.assert_allclose(
        dr.grad(inverse, argnums=place)(*point) * dr.grad(f, argnums=place)(*point[:place], y),
        1.0,
        rtol=1e-12,
    )


def test_counts_are_locally_constant():
    g = dr.grad(special.pdtr, argnums=(0, 1))(2.5, 1.3)
    assert g[0] == 0.0
    close(g[1], -np.exp(-1.3) * 1.3**2 / 2)
    # P(X <= 2) of 5 throws has the slope -5 C(4, 2) p² (1-p)² in p.
    close(dr.grad(special.bdtr, argnums=2)(2.0, 5, 0.3), -30 * 0.3**2 * 0.7**2)
    for k in (5.0, 7.0, -1.0):
        value = special.bdtr(k, 5, 0.3)
        assert np.isnan(value) or dr.grad(lambda p, k=k: special.bdtr(k, 5, p))(0.3) == 0.0
    close(dr.grad(lambda p: special.nbdtr(2, 4, p))(0.3), 0.3**3 * 0.7**2 * 60)


@pytest.mark.parametrize("x", [0.05, 0.3, 0.81, 0.83, 1.5, 4.0])
def test_kolmogorov(x):
    exact = mp.mpf(x)
    want = mp.nsum(
        lambda k: 8 * (-1) ** int(k) * k * k * exact * mp.exp(-2 * k * k * exact * exact), [1, 80]
    )
    if x < 0.3:
        want = -mp.sqrt(2 * mp.pi) * sum(
            mp.exp(-c / exact**2) * (2 * c / exact**4 - 1 / exact**2)
            for c in (k * k * mp.pi**2 / 8 for k in (1, 3, 5))
        )
    close(dr.grad(special.kolmogorov)(x), want)
    twice = dr.jvp(dr.grad(special.kolmogorov), (x,), (1.0,))[1]
    assert np.isfinite(twice)


def test_kolmogorov_is_one_up_to_zero():
    np.testing.assert_array_equal(
        dr.grad(lambda x: np.sum(special.kolmogorov(x)))(np.array([-1.0, 0.0, 0.01])), 0.0
    )


@pytest.mark.parametrize("n", [1, 3, 20, 200])
def test_smirnov(n):
    def f(d):
        return sum(
            mp.binomial(n, j)
            * d
            * (d + mp.mpf(j) / n) ** (j - 1)
            * (1 - d - mp.mpf(j) / n) ** (n - j)
            for j in range(int(n * (1 - mp.mpf("0.23"))) + 1)
        )

    close(dr.grad(lambda d: special.smirnov(n, d))(0.23), slope(f, "0.23"), 1e-10)
    p = special.smirnov(n, 0.23)
    close(dr.grad(lambda p: special.smirnovi(n, p))(p), 1 / slope(f, "0.23"), 1e-8)


@pytest.mark.parametrize(
    ("x", "v", "c"), [(0.4, 1.3, 0.2), (9.0, 5.0, 4.0), (60.0, 3.0, 40.0), (2.0, 3.0, 0.0)]
)
def test_noncentral_chi_square(x, v, c):
    def f(x, v, c):
        return sum(
            mp.exp(-c / 2)
            * (c / 2) ** j
            / mp.factorial(j)
            * mp.gammainc(v / 2 + j, 0, x / 2, regularized=True)
            for j in range(130)
        )

    point = tuple(map(mp.mpf, (x, v, c)))
    g = dr.grad(special.chndtr, argnums=(0, 1, 2))(x, v, c)
    close(g[0], slope(lambda t: f(t, *point[1:]), x))
    close(g[1], slope(lambda t: f(point[0], t, point[2]), v))
    if c:
        close(g[2], slope(lambda t: f(point[0], point[1], t), c))
    else:
        close(g[2], -special.gammainc(v / 2, x / 2) / 2 + special.gammainc(v / 2 + 1, x / 2) / 2)


@pytest.mark.parametrize("v", [0.8, 3.0, 50.0])
@pytest.mark.parametrize(("c", "t"), [(0.0, 1.0), (2.0, -1.0), (-3.0, 0.0), (1.0, 6.0)])
def test_noncentral_t(v, c, t):
    def mean(power):
        def integrand(s):
            r = mp.exp(s)
            chi = 2 * (mp.mpf(v) / 2) ** (mp.mpf(v) / 2) / mp.gamma(mp.mpf(v) / 2)
            return chi * r ** (v + power) * mp.exp(-v * r * r / 2) * mp.npdf(t * r - c)

        return mp.quad(integrand, [-80, -30, -10, -5, -2, -1, -0.5, 0, 0.5, 1, 2, 4])

    mp.mp.dps = 20
    close(dr.grad(special.nctdtr, argnums=2)(v, c, t), mean(1), 1e-11)
    close(dr.grad(special.nctdtr, argnums=1)(v, c, t), -mean(0), 1e-11)
    mp.mp.dps = 50


def test_what_is_refused_says_why():
    with pytest.raises(dr.UnsupportedError, match="degrees of freedom"):
        dr.grad(special.nctdtr)(3.0, 0.5, 1.0)
    with pytest.raises(dr.UnsupportedError, match="search"):
        dr.grad(special.fdtridfd, argnums=1)(3.0, 0.4, 0.9)
    with pytest.raises(dr.UnsupportedError, match="whole numbers"):
        dr.grad(special.bdtr, argnums=1)(2.0, 5.0, 0.3)


@pytest.mark.parametrize("shape", [-0.5, 0.0, 1e-9, 0.3, 2.0])
def test_tukey_lambda(shape):
    x = 0.4
    p = mp.mpf(special.tklmbda(x, shape))

    def quantile(p, lam):
        return (p**lam - (1 - p) ** lam) / lam if lam else mp.log(p / (1 - p))

    lam = mp.mpf(shape)
    in_p = mp.diff(lambda p: quantile(p, lam), p)
    limit = (mp.log(p) ** 2 - mp.log(1 - p) ** 2) / 2
    in_lam = mp.diff(lambda t: quantile(p, t), lam) if abs(shape) > 1e-6 else limit
    close(dr.grad(special.tklmbda)(x, shape), 1 / in_p)
    close(
        dr.grad(special.tklmbda, argnums=1)(x, shape),
        -in_lam / in_p,
        1e-8 if abs(shape) < 1e-6 else 1e-11,
    )
    assert dr.grad(special.tklmbda)(9.0, 2.0) == 0.0
