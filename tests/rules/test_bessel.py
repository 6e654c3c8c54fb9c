"""Bessel functions: derivatives against mpmath, limits at zero, far out, and what is refused."""

import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.scipy import special as mirrored
from tests.rules.mpmath_tables import compare, exact, mp

REAL = [0.05, 21.0]
PLANE = [2.0 - 1.5j]
ORDERS = [0, 3, -0.75]
CYLINDER = {
    "jv": mp.besselj,
    "yv": mp.bessely,
    "iv": mp.besseli,
    "kv": mp.besselk,
    "jve": lambda v, z: mp.besselj(v, z),
    "yve": lambda v, z: mp.bessely(v, z),
    "ive": lambda v, z: mp.besseli(v, z) * mp.exp(-z),
    "kve": lambda v, z: mp.besselk(v, z) * mp.exp(z),
    "hankel1": mp.hankel1,
    "hankel2": mp.hankel2,
    "hankel1e": lambda v, z: mp.hankel1(v, z) * mp.expj(-z),
    "hankel2e": lambda v, z: mp.hankel2(v, z) * mp.expj(z),
}
NOT_HOLOMORPHIC = ("jve", "yve", "ive")


@pytest.mark.parametrize("v", ORDERS)
@pytest.mark.parametrize("name", CYLINDER)
def test_derivatives(name, v):
    f, g = getattr(special, name), CYLINDER[name]
    for z in REAL if name in NOT_HOLOMORPHIC else REAL + PLANE:
        compare(lambda x: f(v, x), lambda x: g(v, x), z, count=1, rtol=1e-9)


SINGLE = {
    "j0": lambda z: mp.besselj(0, z),
    "j1": lambda z: mp.besselj(1, z),
    "y0": lambda z: mp.bessely(0, z),
    "y1": lambda z: mp.bessely(1, z),
    "i0": lambda z: mp.besseli(0, z),
    "i1": lambda z: mp.besseli(1, z),
    "k0": lambda z: mp.besselk(0, z),
    "k1": lambda z: mp.besselk(1, z),
    "i0e": lambda z: mp.besseli(0, z) * mp.exp(-abs(z)),
    "i1e": lambda z: mp.besseli(1, z) * mp.exp(-abs(z)),
    "k0e": lambda z: mp.besselk(0, z) * mp.exp(z),
    "k1e": lambda z: mp.besselk(1, z) * mp.exp(z),
}


@pytest.mark.parametrize("name", SINGLE)
def test_order_zero_and_one(name):
    for z in REAL:
        compare(getattr(special, name), SINGLE[name], z, count=1, rtol=1e-9)
    if name[0] in "ji":
        for z in (-0.4, -5.0, *([] if name.endswith("e") else [0.0])):
            compare(getattr(special, name), SINGLE[name], z, count=1, rtol=1e-9)


@pytest.mark.parametrize("n", [-1, 2])
@pytest.mark.parametrize(("name", "g"), [("yn", mp.bessely), ("kn", mp.besselk)])
def test_whole_orders(name, g, n):
    for z in REAL:
        compare(lambda x: getattr(special, name)(n, x), lambda x: g(n, x), z, count=1, rtol=1e-9)


# --------------------------------------------------------------------------------------------------
# Zero.


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize(("name", "g"), [("jv", mp.besselj), ("iv", mp.besseli)])
def test_first_kind_at_zero(name, g, n):
    compare(lambda x: getattr(special, name)(n, x), lambda x: g(n, x), 0.0)


@pytest.mark.parametrize(
    ("f", "want"),
    [
        (special.j1, 0.5),
        (special.i1, 0.5),
        (lambda x: special.jv(-1, x), -0.5),
        (lambda x: special.iv(-1, x), 0.5),
        (special.i0e, 0.0),
        (special.y0, np.inf),
        (special.y1, np.inf),
        (special.k0, -np.inf),
        (special.k1, -np.inf),
        (lambda x: special.yv(2.5, x), np.inf),
        (lambda x: special.yn(3, x), np.inf),
        (lambda x: special.kv(0.5, x), -np.inf),
        (lambda x: special.jv(0.5, x), np.inf),
        (lambda x: special.iv(0.5, x), np.inf),
        (lambda x: mirrored.spherical_yn(2, x), np.inf),
    ],
)
def test_limits_at_zero(f, want):
    with np.errstate(all="ignore"):
        assert dr.grad(f)(0.0) == want
        assert dr.jvp(f, (0.0,), (1.0,))[1] == want


def test_outside_of_the_domain():
    """Where the value is NaN, so is the derivative."""
    with np.errstate(all="ignore"):
        for f in (special.y0, special.k1, lambda x: special.jv(0.5, x)):
            assert np.isnan(f(-1.0))
            assert np.isnan(dr.grad(f)(-1.0))


# --------------------------------------------------------------------------------------------------
# Scaled functions far out, where the derivative is a difference of nearly equal numbers.

FAR = [400.0, 700.0, 1e4, 1e8]


@pytest.mark.parametrize("v", [0, 1, 2.5])
@pytest.mark.parametrize("name", ["ive", "kve", "hankel1e", "hankel2e"])
def test_far_out(name, v):
    def log_slope(z):
        return dr.jvp(lambda x: getattr(special, name)(v, x), (z,), (1.0,))[1] / getattr(
            special, name
        )(v, z)

    for z in FAR:
        # f'/f of the expansion in 1/z (DLMF 10.17.5, 10.40.1-2), to three terms.
        turn = {"ive": -1, "kve": 1, "hankel1e": 1j, "hankel2e": -1j}[name] / z
        m = 4 * v * v
        a, b = (m - 1) / 8, (m - 1) * (m - 9) / 128
        c = (m - 1) * (m - 9) * (m - 25) / 3072
        total = 1 + a * turn + b * turn**2 + c * turn**3
        want = -(0.5 + (a * turn + 2 * b * turn**2 + 3 * c * turn**3) / total) / z
        np.testing.assert_allclose(log_slope(z), want, rtol=1e-9)


@pytest.mark.parametrize("name", ["i0e", "i1e", "k0e", "k1e"])
@pytest.mark.parametrize("z", FAR[:3])
def test_far_out_one(name, z):
    want = exact(SINGLE[name], z, 2)
    f = getattr(special, name)
    np.testing.assert_allclose(dr.grad(f)(z), want[1].real, rtol=1e-11)
    np.testing.assert_allclose(dr.grad(dr.grad(f))(z), want[2].real, rtol=2e-9)
    if name[0] == "i":
        np.testing.assert_allclose(
            dr.grad(f)(-z), want[1].real * (-1 if name == "i0e" else 1), rtol=1e-11
        )


@pytest.mark.parametrize("name", NOT_HOLOMORPHIC)
def test_scaled_in_the_plane(name):
    """Not holomorphic: the derivatives along both axes, against mpmath."""
    plain = {"jve": mp.besselj, "yve": mp.bessely, "ive": mp.besseli}[name]
    part = mp.re if name == "ive" else mp.im

    for z in [*PLANE, -1.0 + 0.5j, 0.4 - 2.0j]:
        for direction in (1.0, 1j):

            def g(t, z=z, direction=direction):
                w = mp.mpc(z) + t * direction
                return plain(1.5, w) * mp.exp(-abs(part(w)))

            found = dr.jvp(lambda x: getattr(special, name)(1.5, x), (z,), (complex(direction),))[1]
            np.testing.assert_allclose(found, exact(g, 0.0, 1)[1], rtol=1e-10)


# --------------------------------------------------------------------------------------------------
# Spherical ones, and other families.

SPHERICAL = {
    "spherical_jn": lambda n, z: mp.sqrt(mp.pi / (2 * z)) * mp.besselj(n + 0.5, z),
    "spherical_yn": lambda n, z: mp.sqrt(mp.pi / (2 * z)) * mp.bessely(n + 0.5, z),
    "spherical_in": lambda n, z: mp.sqrt(mp.pi / (2 * z)) * mp.besseli(n + 0.5, z),
    "spherical_kn": lambda n, z: mp.sqrt(mp.pi / (2 * z)) * mp.besselk(n + 0.5, z),
}


@pytest.mark.parametrize("derivative", [False, True])
@pytest.mark.parametrize("n", [0, 3])
@pytest.mark.parametrize("name", SPHERICAL)
def test_spherical(name, n, derivative):
    f, g = getattr(mirrored, name), SPHERICAL[name]
    for z in [0.7, 17.0, *PLANE]:
        want = exact(lambda x: g(n, x), z, 3)[derivative:]
        assert abs(f(n, z, derivative) - want[0]) <= 1e-12 * abs(want[0])
        for k, h in enumerate(
            (lambda x: f(n, x, derivative), dr.derivative(lambda x: f(n, x, derivative)))
        ):
            found = dr.jvp(h, (z,), (1.0 + 0j if isinstance(z, complex) else 1.0,))[1]
            if k + 1 < len(want):
                assert abs(found - want[k + 1]) <= 1e-10 * max(map(abs, want)), (z, k)


@pytest.mark.parametrize(
    ("name", "n", "want"),
    [
        ("spherical_jn", 0, (1.0, 0.0, -1 / 3)),
        ("spherical_jn", 1, (0.0, 1 / 3, 0.0)),
        ("spherical_jn", 2, (0.0, 0.0, 2 / 15)),
        ("spherical_in", 0, (1.0, 0.0, 1 / 3)),
        ("spherical_in", 1, (0.0, 1 / 3, 0.0)),
        ("spherical_in", 2, (0.0, 0.0, 2 / 15)),
    ],
)
def test_spherical_at_zero(name, n, want):
    """Power series (DLMF 10.53.1, 10.53.3), for the function and for its derivative as SciPy gives it."""
    f = getattr(mirrored, name)
    value, slope = dr.jvp(lambda x: f(n, x), (0.0,), (1.0,))
    second = dr.grad(dr.grad(lambda x: f(n, x)))(0.0)
    np.testing.assert_allclose((value, slope, second), want, atol=1e-15)
    prime, slope = dr.jvp(lambda x: f(n, x, derivative=True), (0.0,), (1.0,))
    np.testing.assert_allclose((prime, slope), want[1:], atol=1e-15)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["jvp", "yvp", "ivp", "kvp", "h1vp", "h2vp"])
def test_derivatives_as_functions(name, n):
    """The n-th derivative is SciPy's, and its derivative is the next."""
    f, g = getattr(mirrored, name), getattr(special, name)
    z = np.array([0.7, 3.1, 8.0])
    for v in (0, 1.5, np.array([0, 2, 5])):
        value, slope = dr.jvp(lambda x, v=v: f(v, x, n), (z,), (np.ones(3),))
        assert np.array_equal(value, g(v, z, n))
        np.testing.assert_allclose(slope, g(v, z, n + 1), rtol=1e-12)


def test_derivatives_as_functions_refuse():
    for bad, error in ((-1, ValueError), (1.5, TypeError)):
        with pytest.raises(error):
            special.jvp(1, 2.0, bad)
        with pytest.raises(error):
            dr.grad(lambda x, bad=bad: mirrored.jvp(1, x, bad))(2.0)


@pytest.mark.parametrize(("power", "v"), [(0.0, 0.0), (1.5, 1.0), (2.0, 2.5)])
def test_besselpoly(power, v):
    for a in (0.0, 0.3, 1.4):

        def g(a, power=power, v=v):
            return mp.quad(lambda x: x**power * mp.besselj(v, 2 * a * x), [0, 1])

        if a:
            compare(lambda x, p=power, v=v: special.besselpoly(x, p, v), g, a, count=2)
        else:
            want = {0.0: 0.0, 1.0: 1 / (power + 2)}.get(v, 0.0)
            found = dr.grad(lambda x, p=power, v=v: special.besselpoly(x, p, v))(a)
            np.testing.assert_allclose(found, want, atol=1e-14)


def test_wright_bessel():
    def series(a, b, x):
        return mp.fsum(x**k / mp.factorial(k) * mp.rgamma(a * k + b) for k in range(60))

    for a, b in ((0.5, 1.0), (2.0, 0.75), (0.0, 1.5)):
        for x in (0.0, 0.4, 3.0):
            f = dr.value_and_grad(lambda x, a=a, b=b: special.wright_bessel(a, b, x))
            want = [float(series(a, c, mp.mpf(x))) for c in (b, a + b)]
            np.testing.assert_allclose(f(x), want, rtol=1e-11)
            if hasattr(special, "log_wright_bessel"):
                log = dr.grad(lambda x, a=a, b=b: special.log_wright_bessel(a, b, x))(x)
                np.testing.assert_allclose(log, want[1] / want[0], rtol=1e-11)


# --------------------------------------------------------------------------------------------------
# Orders, dtypes.

IN_ORDER = (
    "jv yv iv kv jve yve ive kve hankel1 hankel2 hankel1e hankel2e kn yn struve modstruve".split()
)


@pytest.mark.parametrize("name", IN_ORDER)
def test_order_is_refused(name):
    f = getattr(special, name)
    for run in (
        lambda v: dr.vjp(lambda v: f(v, 2.0), v),
        lambda v: dr.jvp(lambda v: f(v, 2.0), (v,), (1.0,)),
    ):
        with pytest.raises(dr.UnsupportedError, match=f"scipy.special.{f.__name__}.*order"):
            run(1.0)


def test_order_of_functions_is_refused():
    for name in ("spherical_jn", "spherical_kn"):
        with pytest.raises(dr.UnsupportedError, match="order"):
            dr.grad(lambda v, name=name: getattr(mirrored, name)(v, 2.0))(1.0)
    with pytest.raises(dr.UnsupportedError, match=r"jv.*order"):
        dr.grad(lambda v: mirrored.jvp(v, 2.0))(1.0)


def test_orders_in_lanes():
    """Orders may differ from lane to lane, and derivatives in the argument pass through."""
    v, z = np.array([0.0, 1.5, 2.0]), np.array([0.7, 1.1, 2.3])
    found = dr.vmap(lambda v, z: dr.grad(lambda z: special.jv(v, z))(z))(v, z)
    np.testing.assert_allclose(found, special.jvp(v, z), rtol=1e-14)
    n = np.array([0, 1, 2])
    found = dr.vmap(lambda n, z: dr.grad(lambda z: mirrored.spherical_jn(n, z))(z))(n, z)
    np.testing.assert_allclose(found, special.spherical_jn(n, z, derivative=True), rtol=1e-13)


@pytest.mark.parametrize("order", [2, 2.0, np.float32(2.0)])
def test_single_precision(order):
    z = np.array([0.7, 2.5], np.float32)
    for name in ("jv", "yv", "iv", "kv", "ive", "kve"):
        f = getattr(special, name)
        slope = dr.jvp(lambda x, f=f: f(order, x), (z,), (np.ones_like(z),))[1]
        assert slope.dtype == f(order, z).dtype
        wide = dr.jvp(lambda x, f=f: f(2.0, x), (z.astype(float),), (np.ones(2),))[1]
        np.testing.assert_allclose(slope, wide, rtol=2e-5)


@pytest.mark.parametrize("name", ["ive", "jve", "yve"])
def test_single_order_beside_double_argument(name):
    f, order, z = getattr(special, name), np.float32(0.1), np.array([1.7])
    slopes = [dr.vjp(lambda x, v=v: f(v, x), z)[1](np.ones(1))[0] for v in (order, float(order))]
    np.testing.assert_allclose(*slopes, rtol=1e-14)


def test_zeros_are_constants():
    np.testing.assert_array_equal(mirrored.jn_zeros(0, 3), special.jn_zeros(0, 3))
    root = special.jn_zeros(1, 1)[0]
    np.testing.assert_allclose(dr.grad(special.j0)(root), 0.0, atol=1e-15)
