"""Polynomials: values bit by bit, Jacobians by differences, roots, fits, shapes that depend on values."""

import functools

import numpy as np
import pytest
from numpy.polynomial import polynomial

import dualrev as dr

# Of an array of shape (2, 4).
FUNCTIONS = {
    "poly": lambda x: np.poly(x[0]),
    "poly, one root": lambda x: np.poly(x[0, :1]),
    "poly, complex roots": lambda x: np.abs(np.poly(x[0] + 1j * x[1])) ** 2,
    "poly, conjugate roots": lambda x: np.poly(
        np.stack([x[0] + 1j * x[1], x[0] - 1j * x[1]])[:, 0]
    ),
    "poly of a matrix": lambda x: np.poly(x[:, :2]),
    "poly of a larger matrix": lambda x: np.poly(np.reshape(np.tile(np.ravel(x), 2), (4, 4)) ** 2),
    "polyadd": lambda x: np.polyadd(x[0], x[1, 1:]),
    "polyadd, shorter": lambda x: np.polyadd(x[0, :2], [1, 2, 3]),
    "polyadd, a number": lambda x: np.polyadd(x[0], 2.0),
    "polysub": lambda x: np.polysub(x[0], x[1]),
    "polysub, shorter": lambda x: np.polysub(x[0, 1:], x[1]),
    "polymul": lambda x: np.polymul(x[0, :2], x[1]),
    "polymul, leading zeros": lambda x: np.polymul(np.append([0.0, 0.0], x[0]), x[1, :3]),
    "polymul, zero": lambda x: np.polymul(x[0], [0.0, 0.0]),
    "polydiv": lambda x: np.concatenate(np.polydiv(x[0], x[1, :2] + 3.0)),
    "polydiv, quotient": lambda x: np.polydiv(np.append(x[0], x[1]), x[1, :3] + 2.0)[0],
    "polydiv, remainder": lambda x: np.polydiv(np.append(x[0], x[1]), x[1, :3] + 2.0)[1],
    "polydiv, shorter": lambda x: np.polydiv(x[0, :2], x[1])[1],
    "polydiv, exact": lambda x: np.polydiv(np.polymul(x[0, :2] + 3, x[1, :3] + 2), x[0, :2] + 3)[0],
    "polydiv by a number": lambda x: np.polydiv(x[0], x[1, 0] + 3)[0],
    "polyder": lambda x: np.polyder(x[0]),
    "polyder, order 0": lambda x: np.polyder(x[0], 0),
    "polyder, order 3": lambda x: np.polyder(x[0], 3),
    "polyder, order 5": lambda x: np.polyder(np.append(x[0], x[1]), m=5),
    "polyint": lambda x: np.polyint(x[0]),
    "polyint, order 0": lambda x: np.polyint(x[0], 0),
    "polyint, order 3": lambda x: np.polyint(x[0], 3),
    "polyint, constant": lambda x: np.polyint(x[0], 1, 2.5),
    "polyint, same constants": lambda x: np.polyint(x[0], 2, [2.5]),
    "polyint, constants": lambda x: np.polyint(x[0], 2, k=[2.5, 1]),
    "polyint, traced constants": lambda x: np.polyint(x[0], 3, x[1]),
    "polyval": lambda x: np.polyval(x[0], x[1]),
    "polyval, at a number": lambda x: np.polyval(x[0], 0.7),
    "polyval, at integers": lambda x: np.polyval(x[0], [[1, 2, -1]]),
    "polyval, of integers": lambda x: np.polyval([1, -2, 3], x),
    "polyval, a constant": lambda x: np.polyval(x[0, :1], x[1]),
    "polyval, several": lambda x: np.polyval(x, x[0]),
    "poly1d": lambda x: np.poly1d(x[0])(x[1]),
    "poly1d, algebra": lambda x: (
        (np.poly1d(x[0]) * np.poly1d(x[1]) + 2 - np.poly1d(x[1])).deriv().c
    ),
    "poly1d, composed": lambda x: np.polyval(x[0, :3], np.poly1d([1.0, 2.0])).coeffs,
    "poly1d, at a poly1d": lambda x: np.poly1d(x[0, :3])(np.poly1d(x[1, :2])).coeffs,
    "vander": lambda x: np.vander(x[0]),
    "vander, increasing": lambda x: np.vander(x[0], 3, increasing=True),
    "vander, wide": lambda x: np.vander(x[0], 6),
    "vander, one column": lambda x: np.vander(x[0], 1),
    "vander, no column": lambda x: np.vander(x[0], 0),
    "roots": lambda x: np.sort(np.roots(np.poly(x[0]) * (3 + x[1, 0]))),
    "roots, complex": lambda x: np.abs(np.roots(np.append([2.0, 0.3, 4.0], x[0, 0]))),
    "roots, leading and trailing zeros": lambda x: np.roots(
        np.concatenate([[0.0], np.poly(np.array([1.0, 2.0, 4.0]) + 0.1 * x[0, :3]), [0.0]])
    ),
    "roots of degree 1": lambda x: np.roots(x[0, :2] + 3),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_differences(name, rng, jac, central):
    f = FUNCTIONS[name]
    x = rng.normal(size=(2, 4))
    for found in (dr.vjp(f, x)[0], dr.jvp(f, (x,), (x,))[0]):
        np.testing.assert_array_equal(found, f(x))
        assert np.asarray(found).dtype == np.asarray(f(x)).dtype
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-7, atol=1e-8)


# np.poly1d calls np.trim_zeros, whose result's shape depends on values.
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "poly1d" not in name])
def test_lanes(name, rng):
    f = FUNCTIONS[name]
    x = rng.normal(size=(3, 2, 4))
    loop = np.stack([f(v) for v in x])
    np.testing.assert_allclose(dr.vmap(f)(x), loop, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_order(name, rng):
    """Forward over reverse is symmetric, and agrees with a difference of gradients."""
    f = FUNCTIONS[name]
    x = rng.normal(size=(2, 4))
    w = np.cos(np.arange(np.size(f(x)))).reshape(np.shape(f(x)))
    g = dr.grad(lambda x: np.sum(w * f(x) ** 2))
    u = rng.normal(size=x.shape)
    h = 1e-4
    slope = (8 * (g(x + h * u) - g(x - h * u)) - g(x + 2 * h * u) + g(x - 2 * h * u)) / (12 * h)
    scale = np.max(np.abs(slope), initial=1.0)
    for run in (dr.jvp(g, (x,), (u,))[1], dr.vjp(g, x)[1](u)[0]):
        np.testing.assert_allclose(run, slope, rtol=1e-6, atol=1e-7 * scale)


# --------------------------------------------------------------------------------------------------
# Roots


def test_roots_of_higher_degree_against_mpmath():
    mpmath = pytest.importorskip("mpmath")
    p = np.array([1.0, -6.0, 4.0, 9.0, -2.0, 0.7])
    r = np.roots(p)
    t = np.array([0.3, -1.0, 0.2, 0.5, 1.0, -0.4])
    found = dr.jvp(np.roots, (p,), (t,))[1]
    with mpmath.workdps(40):
        for root, slope in zip(r, found, strict=True):

            def at(s, near=root):
                q = [mpmath.mpf(a) + s * mpmath.mpf(b) for a, b in zip(p, t, strict=True)]
                horner = lambda z: functools.reduce(lambda y, c: y * z + c, q)
                return mpmath.findroot(horner, mpmath.mpmathify(near))

            want = complex(mpmath.diff(at, 0, h=mpmath.mpf("1e-12")))
            assert abs(slope - want) < 1e-10 * max(1.0, abs(want))


def test_a_root_of_zero_is_simple_too():
    """p = x (x - 1): trailing zeros count as coefficients."""
    J = dr.jacobian(np.roots, mode="forward")(np.array([1.0, -1.0, 0.0]))
    np.testing.assert_allclose(J, [[-1.0, -1.0, -1.0], [0.0, 0.0, 1.0]], atol=1e-15)


@pytest.mark.parametrize(
    "p", [[1.0, -2.0, 1.0], [1.0, 0.0, 0.0], [1.0, -3.0, 3.0, -1.0], np.poly([0.3, 0.3, 2.0])]
)
def test_multiple_roots_have_no_finite_derivative(p):
    p = np.array(p)
    r = np.roots(p)
    multiple = np.abs(np.polyval(np.polyder(p), r)) < 1e-3
    assert multiple.sum() >= 2
    t = dr.jvp(np.roots, (p,), (np.ones(len(p)),))[1]
    np.testing.assert_array_equal(np.isfinite(t), ~multiple)
    for k in range(len(r)):
        g = dr.grad(lambda p, k=k: np.real(np.roots(p)[k]))(p)
        assert np.all(np.isfinite(g)) == (not multiple[k])
    # What does not move has the derivative 0.
    np.testing.assert_array_equal(dr.jvp(np.roots, (p,), (0 * p,))[1], 0)


def test_close_roots_are_not_multiple():
    p = np.poly([1.0, 1.001])
    t = dr.jvp(np.roots, (p,), (np.array([0.0, 0.0, 1.0]),))[1]
    r = np.roots(p)
    np.testing.assert_allclose(t, -1 / (r - r[::-1]), rtol=1e-9)


def test_roots_of_nothing():
    for p in ([0.0, 0.0], [2.0]):
        y, pullback = dr.vjp(np.roots, np.array(p))
        assert y.shape == (0,)
        np.testing.assert_array_equal(pullback(np.zeros(0))[0], np.zeros(len(p)))


def test_the_characteristic_polynomial_at_a_multiple_eigenvalue():
    """det(t - A) near the identity: eigenvalues have no derivative, coefficients do."""
    J = dr.jacobian(np.poly, mode="reverse")(np.eye(2))
    np.testing.assert_allclose(J, [0 * np.eye(2), -np.eye(2), np.eye(2)], atol=1e-15)
    a = np.array([[2.0, 1.0], [0.0, 2.0]])
    H = dr.hessian(lambda a: np.poly(a)[2])(a)
    want = np.zeros((2, 2, 2, 2))
    want[0, 0, 1, 1] = want[1, 1, 0, 0] = 1
    want[0, 1, 1, 0] = want[1, 0, 0, 1] = -1
    np.testing.assert_allclose(H, want, atol=1e-15)


def test_a_complex_matrix(rng):
    a = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    t = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    want = (np.poly(a + 1e-5 * t) - np.poly(a - 1e-5 * t)) / 2e-5
    np.testing.assert_allclose(dr.jvp(np.poly, (a,), (t,))[1], want, rtol=1e-8)


# --------------------------------------------------------------------------------------------------
# Shapes that depend on values; errors


def test_lanes_that_would_differ_are_refused():
    p = np.array([[0.0, 1.0, 2.0], [3.0, 1.0, 2.0]])
    with pytest.raises(dr.UnsupportedError, match="lane"):
        dr.vmap(lambda p: np.polymul(p, p))(p)
    with pytest.raises(dr.UnsupportedError, match="lane"):
        dr.vmap(lambda p: np.polydiv(p, np.ones(4))[1])(p)
    with pytest.raises(dr.UnsupportedError, match="lane"):
        dr.vmap(np.poly)(np.array([[1j, -1j], [1j, 1j]]))


def test_trailing_remainders_and_zero_polynomials():
    x = np.array([1.0, 0.0, 0.0])
    (q, r), pullback = dr.vjp(lambda x: np.polydiv(x, np.array([1.0, 0.0])), x)
    want = np.polydiv(x, [1.0, 0.0])
    np.testing.assert_array_equal(q, want[0])
    np.testing.assert_array_equal(r, want[1])
    np.testing.assert_array_equal(pullback((np.zeros(2), np.ones(1)))[0], [0, 0, 1])


def test_no_roots():
    assert dr.grad(lambda x: np.poly(x[:0]) * x[0])(np.array([2.0])) == 1.0


CALLS = {
    "poly of a rectangle": lambda x: np.poly(x),
    "roots of a matrix": lambda x: np.roots(x),
    "negative derivative": lambda x: np.polyder(x[0], -1),
    "negative integral": lambda x: np.polyint(x[0], -1),
    "few constants": lambda x: np.polyint(x[0], 3, [1.0, 2.0]),
    "vander of a matrix": lambda x: np.vander(x),
    "vander of negative width": lambda x: np.vander(x[0], -1),
    "product of matrices": lambda x: np.polymul(x, x),
    "nothing divided": lambda x: np.polydiv(x[0, :0], [1.0]),
    "fit of negative degree": lambda x: np.polyfit(x[0], x[1], -1),
    "fit at a matrix": lambda x: np.polyfit(x, x[1], 1),
    "fit of nothing": lambda x: np.polyfit(x[0, :0], x[0, :0], 1),
    "fit of a number": lambda x: np.polyfit(x[0], x[0, 0], 1),
    "fit of other length": lambda x: np.polyfit(x[0], x[0, 1:], 1),
    "fit with a matrix of weights": lambda x: np.polyfit(x[0], x[1], 1, w=x),
    "fit with few weights": lambda x: np.polyfit(x[0], x[1], 1, w=x[0, 1:]),
    "covariance of few points": lambda x: np.polyfit(np.arange(4.0) + x[0], x[1], 3, cov=True),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpys_errors(name):
    call = CALLS[name]
    x = np.ones((2, 4))
    with pytest.raises((ValueError, TypeError, IndexError)) as plain:
        call(x)
    with pytest.raises(plain.type):
        dr.vjp(call, x)


# --------------------------------------------------------------------------------------------------
# Fits

POINTS = np.array([-1.0, -0.4, 0.1, 0.5, 1.2, 1.9])
FITS = {
    "values": lambda x: np.polyfit(POINTS, x[1], 2),
    "points": lambda x: np.polyfit(POINTS + 0.1 * x[0], x[1], 2),
    "several": lambda x: np.polyfit(POINTS + 0.1 * x[0], np.stack([x[1], x[0]], 1), 1),
    "weights": lambda x: np.polyfit(POINTS, x[1], 2, w=1 + 0.1 * x[0]),
    "everything": lambda x: np.polyfit(
        POINTS + 0.1 * x[1], np.stack([x[1], x[0]], 1), 2, w=1 + 0.1 * x[0]
    ),
    "interpolating": lambda x: np.polyfit(POINTS + 0.1 * x[1], x[0], 5),
    "constant": lambda x: np.polyfit(POINTS + 0.1 * x[1], x[0], 0),
    "full: residual": lambda x: np.polyfit(POINTS + 0.1 * x[0], x[1], 2, full=True)[1],
    "full: residuals": lambda x: np.polyfit(POINTS, x.T, 2, full=True)[1],
    "full: no residual": lambda x: np.polyfit(POINTS, x[1], 5, full=True)[1],
    "full: singular values": lambda x: np.polyfit(POINTS + 0.1 * x[0], x[1], 2, full=True)[3],
    "cov": lambda x: np.polyfit(POINTS + 0.1 * x[0], x[1], 2, cov=True)[1],
    "cov of several": lambda x: np.polyfit(POINTS, x.T, 2, cov=True, w=1 + 0.1 * x[0])[1],
    "cov, unscaled": lambda x: np.polyfit(POINTS + 0.1 * x[0], x[1], 2, cov="unscaled")[1],
}


@pytest.mark.parametrize("name", FITS)
def test_fits_against_differences(name, rng, jac, central):
    f = FITS[name]
    x = rng.normal(size=(2, 6))
    for found in (dr.vjp(f, x)[0], dr.jvp(f, (x,), (x,))[0]):
        np.testing.assert_array_equal(found, f(x))
    np.testing.assert_allclose(jac(f, x), central(f, x), rtol=1e-6, atol=1e-8)


def test_a_fit_of_many_points_is_as_accurate_as_the_problem():
    """The slopes of an ill-conditioned fit against the normal equations in 60 digits."""
    mpmath = pytest.importorskip("mpmath")
    x = np.linspace(1.0, 2.0, 20)
    y = np.sin(3 * x)
    degree = 7
    rng = np.random.default_rng(7)
    tx, ty = rng.normal(size=(2, 20))
    found = dr.jvp(lambda x, y: np.polyfit(x, y, degree), (x, y), (tx, ty))[1]
    with mpmath.workdps(60):

        def fit(s):
            at = [mpmath.mpf(a) + s * mpmath.mpf(b) for a, b in zip(x, tx, strict=True)]
            rhs = mpmath.matrix(
                [mpmath.mpf(a) + s * mpmath.mpf(b) for a, b in zip(y, ty, strict=True)]
            )
            v = mpmath.matrix([[p ** (degree - k) for k in range(degree + 1)] for p in at])
            return mpmath.lu_solve(v.T * v, v.T * rhs)

        h = mpmath.mpf("1e-15")
        want = (fit(h) - fit(-h)) / (2 * h)
        want = np.array([float(v) for v in want])
    value = np.polyfit(x, y, degree)
    condition = np.linalg.cond(np.vander(x, degree + 1))
    assert condition > 1e7
    np.testing.assert_allclose(found, want, rtol=1e-5)
    assert value.shape == found.shape


def test_a_poor_fit_warns_and_is_differentiated_at_its_rank():
    x = np.array([1.0, 1.0, 2.0, 2.0])
    y = np.array([1.0, 2.0, 4.0, 3.0])
    f = lambda y: np.polyfit(x, y, 2)
    with pytest.warns(np.exceptions.RankWarning):
        plain = f(y)
    with pytest.warns(np.exceptions.RankWarning):
        value, t = dr.jvp(f, (y,), (y,))
    np.testing.assert_array_equal(value, plain)
    np.testing.assert_allclose(t, plain, rtol=1e-12)
    found = dr.vjp(lambda y: np.polyfit(x, y, 2, full=True)[0], y)[1](np.ones(3))[0]
    with pytest.warns(np.exceptions.RankWarning):
        np.testing.assert_allclose(found, [f(e).sum() for e in np.eye(4)], atol=1e-13)


def test_full_report_has_plain_rank_and_cutoff(rng):
    seen = []

    def f(y):
        out = np.polyfit(POINTS, y, 2, full=True)
        seen.append(out)
        return out[0]

    y = rng.normal(size=6)
    dr.vjp(f, y)
    plain = np.polyfit(POINTS, y, 2, full=True)
    assert seen[0][2] == plain[2]
    assert seen[0][4] == plain[4]


def test_a_line_through_centred_points(rng):
    """Its two singular values are equal: the fit has derivatives all the same."""
    x, y = np.array([-1.0, -0.5, 0.5, 1.0]), rng.normal(size=4)
    f = lambda x: np.polyfit(x, y, 1)
    t = rng.normal(size=4)
    want = (f(x + 1e-5 * t) - f(x - 1e-5 * t)) / 2e-5
    np.testing.assert_allclose(dr.jvp(f, (x,), (t,))[1], want, rtol=1e-8)
    ct = rng.normal(size=2)
    np.testing.assert_allclose(dr.vjp(f, x)[1](ct)[0] @ t, ct @ want, rtol=1e-8)


def test_a_polynomial_is_found_again(rng):
    c = rng.normal(size=4)
    J = dr.jacobian(lambda c: np.polyfit(POINTS, np.polyval(c, POINTS), 3), mode="reverse")(c)
    np.testing.assert_allclose(J, np.eye(4), atol=1e-12)
    assert polynomial.polyval(2.0, c[::-1]) == pytest.approx(np.polyval(c, 2.0))
