"""Orthogonal polynomials, Legendre functions, spherical harmonics: mpmath, ends of intervals, poles, options."""

import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.scipy import special as mirrored
from tests.rules.mpmath_tables import compare, exact, mp

# Values that are exactly zero are said to be so.
ZERO = {"zeroprec": 400}


def _jacobi(n, a, b, x):
    return mp.jacobi(n, a, b, x, **ZERO)


def legendre(v, m, x):
    """P_v^m on (-1, 1) by its hypergeometric series (DLMF 14.3.4, 14.9.3)."""
    k = abs(m)
    f = mp.hyp2f1(k - v, v + k + 1, k + 1, (1 - x) / 2, **ZERO)
    p = (-1) ** k * mp.rf(v - k + 1, 2 * k) / (2**k * mp.factorial(k)) * mp.sqrt(1 - x * x) ** k * f
    return p if m >= 0 else p * (-1) ** k / mp.rf(v - k + 1, 2 * k)


# name: (mpmath's polynomial of n, parameters and x; parameters)
POLYNOMIALS = {
    "eval_legendre": (lambda n, x: mp.legendre(n, x, **ZERO), ()),
    "eval_sh_legendre": (lambda n, x: mp.legendre(n, 2 * x - 1, **ZERO), ()),
    "eval_chebyt": (lambda n, x: mp.chebyt(n, x, **ZERO), ()),
    "eval_chebyu": (lambda n, x: mp.chebyu(n, x, **ZERO), ()),
    "eval_chebyc": (lambda n, x: 2 * mp.chebyt(n, x / 2, **ZERO), ()),
    "eval_chebys": (lambda n, x: mp.chebyu(n, x / 2, **ZERO), ()),
    "eval_sh_chebyt": (lambda n, x: mp.chebyt(n, 2 * x - 1, **ZERO), ()),
    "eval_sh_chebyu": (lambda n, x: mp.chebyu(n, 2 * x - 1, **ZERO), ()),
    "eval_laguerre": (lambda n, x: mp.laguerre(n, 0, x, **ZERO), ()),
    "eval_genlaguerre": (lambda n, a, x: mp.laguerre(n, a, x, **ZERO), (1.5,)),
    "eval_hermite": (lambda n, x: mp.hermite(n, x), ()),
    "eval_hermitenorm": (
        lambda n, x: mp.hermite(n, x / mp.sqrt(2)) / mp.mpf(2) ** (mp.mpf(n) / 2),
        (),
    ),
    "eval_gegenbauer": (lambda n, a, x: mp.gegenbauer(n, a, x, **ZERO), (0.75,)),
    "eval_jacobi": (_jacobi, (0.5, -0.25)),
    "eval_sh_jacobi": (
        lambda n, p, q, x: _jacobi(n, p - q, q - 1, 2 * x - 1) / mp.binomial(2 * n + p - 1, n),
        (3.5, 1.25),
    ),
}


@pytest.mark.parametrize("n", [0, 1, 2, 7])
@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials(name, n):
    """Also at the ends of the interval, and outside of it."""
    g, parameters = POLYNOMIALS[name]
    f = getattr(special, name)
    for x in (-1.0, 0.0, 0.3, 1.0, 1.7):
        if name == "eval_sh_jacobi" and x == -1.0:
            continue
        compare(lambda x: f(n, *parameters, x), lambda x: g(n, *parameters, x), x, rtol=1e-9)


@pytest.mark.parametrize("name", [n for n in POLYNOMIALS if "hermite" not in n])
def test_degrees_that_are_no_integers(name):
    g, parameters = POLYNOMIALS[name]
    f = getattr(special, name)
    for n in (0.5, 2.25):
        compare(
            lambda x, n=n: f(n, *parameters, x), lambda x, n=n: g(n, *parameters, x), 0.6, count=2
        )


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_degree_zero(name):
    """The derivative of a constant is zero, of whatever dtype the degree is."""
    _, parameters = POLYNOMIALS[name]
    f = getattr(special, name)
    for n in (0, np.array([0, 0])) if "hermite" in name else (0, 0.0, np.array([0, 0])):
        x = np.array([0.0, 1.0])
        assert np.array_equal(
            dr.jvp(lambda x, n=n: f(n, *parameters, x), (x,), (x + 1.0,))[1], [0, 0]
        )


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_degree_and_parameters_are_refused(name):
    _, parameters = POLYNOMIALS[name]
    f = getattr(special, name)
    with pytest.raises(dr.UnsupportedError, match=rf"{name}.*first argument.*degree"):
        dr.grad(lambda n: f(n, *parameters, 0.3))(2.0)
    for k in range(len(parameters)):
        with pytest.raises(dr.UnsupportedError, match=rf"{name}.*parameter"):
            dr.grad(lambda p, k=k: f(2, *parameters[:k], p, *parameters[k + 1 :], 0.3))(1.5)


def test_associated_laguerre():
    x = np.array([0.3, 2.0])
    value, slope = dr.jvp(lambda x: mirrored.assoc_laguerre(x, 3, 0.5), (x,), (np.ones(2),))
    assert np.array_equal(value, special.assoc_laguerre(x, 3, 0.5))
    np.testing.assert_allclose(slope, -special.eval_genlaguerre(2, 1.5, x), rtol=1e-14)


# --------------------------------------------------------------------------------------------------
# Legendre functions.


@pytest.mark.parametrize(("m", "v"), [(0, 3), (1, 3), (2, 3), (3, 3), (-2, 4), (1, 2.5), (0, -2.5)])
def test_lpmv(m, v):
    for x in (-0.6, 0.0, 0.8):
        compare(lambda x: special.lpmv(m, v, x), lambda x: legendre(v, m, x), x, rtol=1e-9)


@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_lpmv_at_the_ends(end):
    """P₃ = (5x³-3x)/2, P₃² = 15x(1-x²), P₃³ = -15(1-x²)^{3/2}; of P₃¹ the slope is infinite."""
    with np.errstate(divide="ignore"):
        for m, want in ((0, 6.0), (2, -30.0), (3, 0.0), (4, 0.0)):
            assert dr.grad(lambda x, m=m: special.lpmv(m, 3, x))(end) == want
        assert dr.grad(lambda x: special.lpmv(1, 3, x))(end) == end * np.inf
        assert dr.grad(dr.grad(lambda x: special.lpmv(0, 3, x)))(end) == 15.0 * end


needs_harmonics = pytest.mark.skipif(
    not hasattr(special, "sph_harm_y"), reason="SciPy 1.15 brought these functions"
)
THETA, PHI = np.array([[0.0, 0.3], [1.9, np.pi]]), np.array([0.4, -2.0])


@needs_harmonics
@pytest.mark.parametrize("diff_n", [0, 1, 2])
def test_harmonics(diff_n):
    """Values are SciPy's, bit by bit, for every option; slopes are the next ones that SciPy gives."""
    n, m = np.array([2, 3]), np.array([-1, 3])

    def f(theta, phi):
        return mirrored.sph_harm_y(n, m, theta, phi, diff_n=diff_n)

    want = special.sph_harm_y(n, m, THETA, PHI, diff_n=diff_n)
    one, zero = np.ones_like(THETA), np.zeros_like(PHI)
    value, along = dr.jvp(f, (THETA, PHI), (one, zero))
    around = dr.jvp(f, (THETA, PHI), (np.zeros_like(THETA), zero + 1.0))[1]
    for found, other in zip(*(v if diff_n else (v,) for v in (value, want)), strict=True):
        assert np.array_equal(found, other)
        assert found.shape == other.shape
    for k in range(min(diff_n + 1, 2)):
        above = special.sph_harm_y(n, m, THETA, PHI, diff_n=k + 1)[k + 1]
        for j, found in enumerate((along, around)):
            slope = found[k] if diff_n else found
            np.testing.assert_allclose(slope, above[..., j], atol=1e-14)


@needs_harmonics
def test_harmonics_beyond_the_poles():
    """SciPy continues by |sin θ|."""
    for theta in (-0.4, 3.6, 5.0):
        found = dr.derivative(lambda t: mirrored.sph_harm_y(3, 2, t, 0.3))(theta)
        np.testing.assert_allclose(found, special.sph_harm_y(3, 2, theta, 0.3, diff_n=1)[1][0])
        found = dr.derivative(lambda t: mirrored.sph_legendre_p(3, -1, t)[0])(theta)
        np.testing.assert_allclose(found, special.sph_legendre_p(3, -1, theta, diff_n=1)[1])


FAMILIES = {
    "legendre_p": ((np.array([0, 1, 4]),), {}),
    "assoc_legendre_p": ((np.array([0, 2, 4]), np.array([0, -1, 3])), {"norm": True}),
    "sph_legendre_p": ((np.array([0, 2, 4]), np.array([0, -1, 3])), {}),
}


@needs_harmonics
@pytest.mark.parametrize("diff_n", [0, 1, 2])
@pytest.mark.parametrize("name", FAMILIES)
def test_legendre_families(name, diff_n):
    """Values are SciPy's, row k + 1 is the slope of row k; the third derivative is mpmath's."""
    degrees, options = FAMILIES[name]
    f, g = getattr(mirrored, name), getattr(special, name)
    x = np.array([0.4, 0.2, -0.7]) + (name == "sph_legendre_p")
    value, slope = dr.jvp(lambda x: f(*degrees, x, diff_n=diff_n, **options), (x,), (np.ones(3),))
    assert np.array_equal(value, g(*degrees, x, diff_n=diff_n, **options))
    rows = g(*degrees, x, diff_n=2, **options)
    np.testing.assert_allclose(slope[:2], rows[1 : slope[:2].shape[0] + 1], rtol=1e-12, atol=1e-14)
    third = {
        "legendre_p": lambda n, x: legendre(n, 0, x),
        "assoc_legendre_p": lambda n, m, x: (
            legendre(n, m, x)
            * mp.sqrt((2 * n + 1) * mp.factorial(n - m) / (2 * mp.factorial(n + m)))
        ),
        "sph_legendre_p": lambda n, m, x: (
            legendre(n, m, mp.cos(x))
            * mp.sqrt((2 * n + 1) * mp.factorial(n - m) / (4 * mp.pi * mp.factorial(n + m)))
        ),
    }[name]
    if diff_n == 2:
        for k in range(3):
            orders = [int(d[k]) for d in degrees]
            want = exact(lambda x, orders=orders: third(*orders, x), x[k], 3)[3]
            np.testing.assert_allclose(slope[2, k], want.real, rtol=1e-9, atol=1e-9)


@needs_harmonics
@pytest.mark.parametrize("diff_n", [0, 1, 2])
@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("legendre_p_all", (4,)),
        ("assoc_legendre_p_all", (4, 3)),
        ("sph_legendre_p_all", (4, 3)),
        ("sph_harm_y_all", (4, 3)),
    ],
)
def test_all_degrees_at_once(name, sizes, diff_n):
    x = np.array([[0.3, 0.5, -0.2]])
    rest = (np.array([0.1, 0.7, 0.2]),) if name == "sph_harm_y_all" else ()
    want = getattr(special, name)(*sizes, x, *rest, diff_n=diff_n)
    found = dr.jvp(lambda x: getattr(mirrored, name)(*sizes, x, *rest, diff_n=diff_n), (x,), (x,))[
        0
    ]
    for one, other in zip(
        *(v if isinstance(want, tuple) else (v,) for v in (found, want)), strict=True
    ):
        assert np.array_equal(one, other)


@needs_harmonics
@pytest.mark.parametrize("bad", [-1, 3, 1.5])
def test_bad_orders_of_differentiation(bad):
    for f in (
        lambda s, x: s.legendre_p(2, x, diff_n=bad),
        lambda s, x: s.sph_harm_y(2, 1, x, 0.1, diff_n=bad),
    ):
        errors = (ValueError, TypeError, NotImplementedError)
        with pytest.raises(errors):
            f(special, 0.3)
        with pytest.raises(errors):
            dr.derivative(lambda x, f=f: f(mirrored, x))(0.3)


@pytest.mark.parametrize("x", [0.3, -0.6, 1.7, 0.4 + 0.5j])
def test_second_kind(x):
    """Q' is what SciPy returns beside Q, Q'' by Legendre's equation, against differences of Q'."""
    for name, sizes in (("lqn", (4,)), ("lqmn", (2, 3))):
        f = getattr(mirrored, name)
        one = 1.0 + 0.0 * x
        (q, qd), (slope, second) = dr.jvp(lambda x, f=f, s=sizes: f(*s, x), (x,), (one,))
        want = getattr(special, name)(*sizes, x)
        assert np.array_equal(q, want[0])
        assert np.array_equal(qd, want[1])
        np.testing.assert_array_equal(slope, qd)
        h = 1e-5
        ends = [getattr(special, name)(*sizes, x + k * h)[1] for k in (1, -1)]
        near = (ends[0] - ends[1]) / (2 * h)
        np.testing.assert_allclose(second, near, rtol=1e-6, atol=1e-6)
