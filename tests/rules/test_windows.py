"""Windows, the Bessel function I0 and phases without jumps."""

import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.core.primitive import ENTRIES


def test_i0_to_third_order_against_scipy(rng):
    x = np.array([-9.0, -2.0, 0.0, 0.5, 7.9, 8.1, 30.0])

    def i0(x):
        y = np.i0(x)
        assert dr.value(y).tobytes() == np.i0(dr.value(x)).tobytes()
        return y

    def slope(f):
        return lambda x: dr.jvp(f, (x,), (np.ones_like(dr.value(x)),))[1]

    first, second = slope(i0), slope(slope(i0))
    third = slope(second)
    np.testing.assert_allclose(first(x), special.i1(x), rtol=1e-14)
    np.testing.assert_allclose(second(x), (special.iv(0, x) + special.iv(2, x)) / 2, rtol=1e-13)
    want = (special.iv(3, x) + 3 * special.iv(1, x)) / 4
    np.testing.assert_allclose(third(x), want, rtol=1e-12, atol=1e-15)


def test_i0_takes_real_numbers():
    with pytest.raises(TypeError, match="complex"):
        np.i0(1j)
    with pytest.raises(TypeError, match="complex"):
        dr.vjp(np.i0, np.array([1j]))


@pytest.mark.parametrize("M", [0, 1, 2, 5, 8])
def test_kaiser_over_its_shape(M, jac, central):
    kaiser = ENTRIES[np.kaiser].call
    np.testing.assert_array_equal(kaiser(M, 3.0), np.kaiser(M, 3.0))
    for beta in map(np.array, (0.0, 2.5, 14.0)):
        np.testing.assert_allclose(
            dr.vjp(lambda b: kaiser(M, b), beta)[0], np.kaiser(M, beta), rtol=1e-15
        )
        single = dr.vjp(lambda b: kaiser(M, b), np.float32(beta))[0]
        assert np.result_type(single) == np.kaiser(M, np.float32(beta)).dtype
        if M > 1:
            want = central(lambda b: np.kaiser(M, b), beta)
            np.testing.assert_allclose(jac(lambda b: kaiser(M, b), beta), want, atol=1e-9)


def test_other_windows_are_passed_on():
    for window in (np.bartlett, np.blackman, np.hamming, np.hanning):
        assert ENTRIES[window].call is window
        x = np.linspace(1.0, 2.0, 5)
        np.testing.assert_array_equal(dr.grad(lambda x, w=window: np.sum(w(5) * x))(x), window(5))


PHASES = np.array([[0.0, 2.9, 5.9, 9.2, 12.0], [-3.0, 3.0, -3.0, -9.5, 0.3]])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"axis": 0},
        {"period": 1.3},
        {"discont": 4.0},
        {"discont": 1.0, "axis": -1, "period": 2},
    ],
)
def test_unwrap_adds_constants(options, rng, jac):
    for x in (PHASES, PHASES.astype(np.float32)):
        f = lambda x: np.unwrap(x, **options)
        y = dr.vjp(f, x)[0]
        np.testing.assert_array_equal(y, f(x))
        assert y.dtype == f(x).dtype
        np.testing.assert_array_equal(np.reshape(jac(f, x), (10, 10)), np.eye(10))
    many = rng.normal(size=(3, 2, 5)) * 4
    np.testing.assert_array_equal(dr.vmap(f)(many), [f(x) for x in many])


def test_unwrap_over_its_period(jac, central):
    unwrap = ENTRIES[np.unwrap].call
    for period in (2.1, 5.5):
        f = lambda p: np.unwrap(PHASES, period=dr.value(p))
        np.testing.assert_allclose(
            jac(lambda p: unwrap(PHASES, period=p), period), central(f, period), atol=1e-10
        )
    periods = np.array([1.7, 2.0, 5.5])
    found = dr.vmap(lambda p: unwrap(PHASES, period=p))(periods)
    np.testing.assert_array_equal(found, [np.unwrap(PHASES, period=p) for p in periods])


def test_unwrap_of_a_number():
    with pytest.raises(ValueError, match="one dimensional"):
        np.unwrap(1.0)
    with pytest.raises(ValueError, match="one dimensional"):
        dr.vjp(np.unwrap, 1.0)
