"""What splines promise beside the examples: kinks, extrapolation, refusals, and solves that stay sparse."""

import numpy as np
import pytest
import scipy.interpolate as plain

import dualrev as dr
from dualrev.rules.splines import basis
from dualrev.rules.splines.maps import solver
from dualrev.scipy import interpolate

X = np.array([0.0, 0.7, 1.5, 2.1, 3.2, 4.0, 4.6])
Y = np.array([0.3, -1.1, 0.8, 1.7, 0.4, -0.6, 0.9])
ENDS = (
    "not-a-knot",
    "natural",
    "clamped",
    "periodic",
    ((1, 0.3), (2, -0.4)),
    ("not-a-knot", (2, 0.1)),
)
BEYOND = np.array([-0.8, 0.0, 0.7, 2.0, 4.6, 5.3])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("ends", ENDS, ids=str)
def test_cubic_spline_is_scipys(ends, count):
    x, y = X[:count], Y[:count].copy()
    if ends == "periodic":
        y[-1] = y[0]
    want = plain.CubicSpline(x, y, bc_type=ends)
    for nu in range(4):
        found, _ = dr.jvp(
            lambda y, nu=nu: interpolate.CubicSpline(x, y, bc_type=ends)(BEYOND, nu), (y,), (y,)
        )
        assert np.allclose(found, want(BEYOND, nu), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("k", [0, 1, 2, 3, 5])
def test_derivative_at_a_knot_is_from_the_right(k):
    spline = interpolate.make_interp_spline(X, Y, k)
    knots = np.unique(spline.t)[:-1]
    _, slope = dr.jvp(spline, (knots,), (np.ones_like(knots),))
    assert np.allclose(slope, plain.make_interp_spline(X, Y, k)(knots, 1), rtol=1e-10, atol=1e-10)


def test_linear_interpolation_has_the_slope_to_the_right():
    f = interpolate.interp1d(X, Y)
    slopes = np.diff(Y) / np.diff(X)
    assert np.allclose(dr.jvp(f, (X[:-1],), (np.ones(6),))[1], slopes)


def test_surfaces_are_constant_beyond_their_ends_and_not_halved_at_them():
    z = np.outer(X, Y)
    f = interpolate.RectBivariateSpline(X, X, z)
    for x, want in (
        (-1.0, 0.0),
        (0.0, f.ev(0.0, 1.0, dx=1)),
        (4.6, f.ev(4.6, 1.0, dx=1)),
        (9.0, 0.0),
    ):
        assert np.isclose(dr.grad(lambda x: f.ev(x, 1.0))(x), want)


def test_pchip_slope_is_zero_where_the_data_turn():
    # The middle value is the largest: its slope is held at zero, so values beside do not move it.
    g = dr.grad(lambda y: interpolate.PchipInterpolator([0.0, 1.0, 2.0], y)(1.0, 1))(
        np.array([0.0, 1.0, 0.5])
    )
    assert np.array_equal(g, np.zeros(3))


def test_roots_move_with_the_polynomial():
    y = Y + 0.05
    steps = 1e-3 * np.array([-2.0, -1.0, 1.0, 2.0])
    shifted = [plain.CubicSpline(X, y + h).roots(extrapolate=False) for h in steps]
    slope = (shifted[0] - 8 * shifted[1] + 8 * shifted[2] - shifted[3]) / 12e-3
    _, found = dr.jvp(
        lambda y: interpolate.CubicSpline(X, y).roots(extrapolate=False), (y,), (np.ones(7),)
    )
    assert np.allclose(found, slope, rtol=1e-8)


def test_roots_in_lanes_are_refused():
    with pytest.raises(dr.UnsupportedError, match="lanes"):
        dr.vmap(lambda y: interpolate.CubicSpline(X, y).roots())(np.stack([Y, Y + 0.05]))


def test_many_values_take_no_dense_matrix():
    n = 20_000
    x = np.linspace(0.0, 1.0, n)
    y = np.sin(9.0 * x)
    for make in (interpolate.CubicSpline, interpolate.make_interp_spline):
        g = dr.grad(lambda y, make=make: make(x, y)(0.5012345))(y)
        assert np.isclose(np.sum(g), 1.0)  # constants are reproduced
        assert np.isclose(g @ x, 0.5012345)  # and lines


REFUSED = {
    "nodes of make_interp_spline": lambda v: interpolate.make_interp_spline(X + v, Y),
    "nodes of UnivariateSpline": lambda v: interpolate.UnivariateSpline(X + v, Y, s=0),
    "smoothed values": lambda v: interpolate.UnivariateSpline(X, Y + v),
    "smoothed surface": lambda v: interpolate.RectBivariateSpline(X, X, np.outer(X, Y) + v, s=1.0),
    "splrep with s": lambda v: interpolate.splrep(X, Y + v, s=0.3),
    "make_smoothing_spline": lambda v: interpolate.make_smoothing_spline(X, Y + v, lam=0.1),
    "CloughTocher": lambda v: interpolate.CloughTocher2DInterpolator(np.eye(3, 2), X[:3] + v),
    "lagrange": lambda v: interpolate.lagrange(X[:3], Y[:3] + v),
    "grid": lambda v: interpolate.RegularGridInterpolator((X + v,), Y),
    "double root": lambda v: interpolate.PPoly(
        np.array([[1.0], [0.0], [0.0]]) * (1.0 + v), [-1.0, 1.0]
    ).roots(),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_a_way_out(what):
    with pytest.raises(dr.UnsupportedError):
        dr.jvp(lambda v: REFUSED[what](v) and v, (0.0,), (1.0,))


BAD = {
    "not increasing": lambda c, y: c.CubicSpline(X[::-1], y),
    "lengths": lambda c, y: c.PchipInterpolator(X[:3], y),
    "periodic ends": lambda c, y: c.CubicSpline(X, y, bc_type="periodic"),
    "bc": lambda c, y: c.CubicSpline(X, y, bc_type="open"),
    "knots": lambda c, y: c.BSpline(X[:5], y, 3),
    "degree": lambda c, y: c.make_interp_spline(X, y, k=-2),
    "derivative": lambda c, y: c.make_interp_spline(X, y).derivative(5),
    "outside": lambda c, y: c.interp1d(X, y)(9.0),
    "method": lambda c, y: c.RegularGridInterpolator((X,), y, method="best"),
    "grid outside": lambda c, y: c.RegularGridInterpolator((X,), y)([9.0]),
    "negative order": lambda c, y: c.CubicSpline(X, y)(1.0, -1),
}


@pytest.mark.parametrize("what", BAD)
def test_scipys_own_errors(what):
    with pytest.raises(Exception) as known:  # noqa: PT011 - whatever SciPy raises
        BAD[what](plain, Y)
    with pytest.raises(known.type):
        dr.jvp(lambda y: BAD[what](interpolate, y), (Y,), (Y,))


def test_transposed_solve_is_the_transpose():
    rng = np.random.default_rng(2)
    m = basis.collocation(X, plain.make_interp_spline(X, Y).t, 3)
    a, b = rng.normal(size=(2, 7, 3))
    map_ = solver(m)
    assert np.isclose(np.sum(map_.forward(a) * b), np.sum(a * map_.transposed.forward(b)))
    assert np.allclose(m @ map_.forward(a), a)
