"""Elliptic integrals and functions: partials near the ends of their domains, periods, refusals."""

import mpmath as mp
import numpy as np
import pytest
from scipy import special

import dualrev as dr
from tests.rules.tables import check, derivative

PARAMETERS = [-1e6, -3.0, -1e-9, 0.0, 1e-12, 1e-6, 0.3, 0.9, 1 - 1e-9]


@pytest.mark.parametrize("m", PARAMETERS)
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("f", "exact"), [(special.ellipk, mp.ellipk), (special.ellipe, mp.ellipe)])
def test_complete(f, exact, m, order):
    """Also at m = 0, where the textbook formulas are 0/0."""
    check(f, exact, (m,), (order,))


@pytest.mark.parametrize("p", [1e-80, 1e-20, 1e-5, 1.0, 7.0])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_near_one(p, order):
    found = derivative(special.ellipkm1, (p,), (order,))
    if p < 1e-10:
        # K = -½ log p + ..., up to terms of relative size p log p.
        want = -0.5 * (-1) ** (order - 1) * [1, 1, 2][order - 1] / p**order
    else:
        with mp.workdps(60):
            want = float(mp.diff(lambda q: mp.ellipk(1 - q), mp.mpf(p), order, h=mp.mpf(10) ** -25))
    np.testing.assert_allclose(found, want, rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "edge", "want"),
    [
        (special.ellipk, 1.0, np.inf),
        (special.ellipe, 1.0, -np.inf),
        (special.ellipkm1, 0.0, -np.inf),
    ],
)
def test_ends(f, edge, want):
    assert dr.grad(f)(edge) == want
    assert dr.jvp(f, (edge,), (1.0,))[1] == want


INCOMPLETE = [
    (-7.3, 0.5),
    (0.4, -50.0),
    (0.4, 0.999),
    (-1e-3, 0.3),
    (2.0, 1e-7),
    (30.0, 0.0),
    (np.pi / 2, 0.9),
]


@pytest.mark.parametrize("point", INCOMPLETE)
@pytest.mark.parametrize(
    ("f", "exact"), [(special.ellipkinc, mp.ellipf), (special.ellipeinc, mp.ellipe)]
)
def test_incomplete(f, exact, point):
    for orders in [(1, 0), (0, 1), (1, 1), (0, 2), (0, 3)]:
        check(f, exact, point, orders, rtol=1e-11)


@pytest.mark.parametrize("phi", [1e-8, 1e-90])
def test_small_amplitude(phi):
    """F = φ + m φ³/6 + ..., E = φ - m φ³/6 + ..., up to factors 1 + O(φ²)."""
    for f, sign in [(special.ellipkinc, 1), (special.ellipeinc, -1)]:
        np.testing.assert_allclose(dr.grad(f, argnums=1)(phi, 0.7), sign * phi**3 / 6, rtol=1e-14)


def test_incomplete_at_one():
    """F(φ|1) and E(φ|1) are elementary: gd⁻¹ φ and sin φ."""
    phi = 1.2
    t, s = np.tan(phi), np.sin(phi)
    found = dr.grad(special.ellipkinc, argnums=(0, 1))(phi, 1.0)
    np.testing.assert_allclose(found[0], 1 / np.cos(phi), rtol=1e-14)
    # ½ ∫ sin²/cos³ = ¼ (sin/cos² - gd⁻¹)
    np.testing.assert_allclose(found[1], (s / np.cos(phi) ** 2 - np.arcsinh(t)) / 4, rtol=1e-13)
    np.testing.assert_allclose(
        dr.grad(special.ellipeinc, argnums=1)(phi, 1.0), (s - np.arcsinh(t)) / 2, rtol=1e-13
    )


def _jacobi(kind):
    if kind == "ph":
        # Up to a multiple of 2π, which no derivative sees.
        return lambda u, m: mp.atan2(mp.ellipfun("sn", u, m=m), mp.ellipfun("cn", u, m=m))
    return lambda u, m: mp.ellipfun(kind, u, m=m)


KINDS = ("sn", "cn", "dn", "ph")


@pytest.mark.parametrize("k", range(4), ids=KINDS)
@pytest.mark.parametrize("point", [(0.3, 0.4), (-5.0, 0.7), (1e-6, 0.2), (11.0, 1e-5), (2.0, 0.99)])
@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (1, 1), (0, 2), (2, 1), (0, 3)])
def test_jacobi(k, point, orders):
    found = derivative(lambda u, m: special.ellipj(u, m)[k], point, orders)
    with mp.workdps(40):
        want = float(mp.diff(_jacobi(KINDS[k]), point, orders))
    np.testing.assert_allclose(found, want, rtol=3e-11, atol=1e-14)


@pytest.mark.parametrize("u", [0.3, 4.0, 17.0])
def test_jacobi_at_one(u):
    """At m = 1: ∂m am = (sinh u cosh u - u)/(-4 cosh u), DLMF 22.16.8 differentiated."""
    turn = (u - np.sinh(u) * np.cosh(u)) / (4 * np.cosh(u))
    sech, tanh = 1 / np.cosh(u), np.tanh(u)
    found = [
        derivative(lambda u, m, k=k: special.ellipj(u, m)[k], (u, 1.0), (0, 1)) for k in (0, 1, 3)
    ]
    np.testing.assert_allclose(found, [sech * turn, -tanh * turn, turn], rtol=1e-11)


def test_outputs_are_told_apart():
    def f(u, m):
        sn, cn, dn, ph = special.ellipj(u, m)
        return sn + 10.0 * cn + 100.0 * dn + 1000.0 * ph

    u, m = np.array([0.3, 2.0]), 0.6
    y, pullback = dr.vjp(f, u, m)
    sn, cn, dn, _ = special.ellipj(u, m)
    np.testing.assert_array_equal(y, f(u, m))
    by_u = cn * dn - 10 * sn * dn - 100 * m * sn * cn + 1000 * dn
    np.testing.assert_allclose(pullback(np.ones(2))[0], by_u, rtol=1e-14)
    t = dr.jvp(lambda m: f(u, m), (m,), (1.0,))[1]
    np.testing.assert_allclose(np.sum(t), pullback(np.ones(2))[1], rtol=1e-13)


def test_outside_the_domain():
    """Where SciPy's value is NaN there is no derivative."""
    with np.errstate(invalid="ignore"):
        for f, point in [
            (special.ellipk, (1.5,)),
            (special.ellipe, (1.5,)),
            (lambda u, m: special.ellipj(u, m)[1], (0.3, 1.5)),
        ]:
            k = len(point) - 1
            assert np.isnan(f(*point))
            assert np.isnan(dr.grad(f, argnums=k)(*point))


@pytest.mark.parametrize(
    ("f", "point"),
    [
        (lambda s: special.ellip_harm(5.0, 8.0, 1, 1, s), 6.0),
        (lambda h: dr.scipy.special.ellip_harm_2(h, 8.0, 2, 1, 10.0), 5.0),
        (lambda h: dr.scipy.special.ellip_normal(h, 8.0, 3, 7), 5.0),
    ],
)
def test_harmonics_are_refused(f, point):
    with pytest.raises(dr.UnsupportedError, match=r"ellip_.*no rule"):
        dr.grad(f)(point)
