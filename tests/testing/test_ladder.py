"""The ladder tells smooth functions, kinks, jumps, edges and noise apart."""

import numpy as np
import pytest

from dualrev.testing.ladder import examine

EPS = np.finfo(float).eps


def look(f, x=0.0, units=(1.0,)):
    """Return the ladder's view of a scalar function at x."""

    def psi(tau):
        with np.errstate(all="ignore"):
            return np.atleast_1d(np.asarray(f(np.float64(x + tau)), float))

    y = psi(0.0)
    return examine(psi, y, EPS * np.fmax(np.abs(y), 1e-300), list(units))


SMOOTH = {
    "sine": (np.sin, 0.4, np.cos(0.4)),
    "square at its minimum": (np.square, 0.0, 0.0),
    "shifted square": (lambda x: 1 + x * x, 0.0, 0.0),
    "steep": (lambda x: np.exp(100 * x), 0.3, 100 * np.exp(30.0)),
    "constant": (lambda x: 0 * x + 7, 1.0, 0.0),
    "large value": (lambda x: 1e9 + x, 1.0, 1.0),
    "cubic": (lambda x: x**3, 0.0, 0.0),
    "flat zone": (lambda x: np.maximum(x, 0.0), -0.01, 0.0),
    "hinge far off": (lambda x: np.abs(x - 1), 1.3, 1.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_smooth_functions_are_smooth_and_their_slope_is_bounded(name):
    f, x, slope = SMOOTH[name]
    view = look(f, x)
    assert not view.kink[0]
    assert not view.jump[0]
    assert abs(view.central.value[0] - slope) <= 10 * view.central.error[0] + 1e-300


KINKS = {
    "abs": (np.abs, 0.0, -1.0, 1.0),
    "lifted abs": (lambda x: 1 + np.abs(x), 0.0, -1.0, 1.0),
    "small kink on a slope": (lambda x: 50 * x + 0.01 * np.abs(x), 0.0, 49.99, 50.01),
    "hinge": (lambda x: np.maximum(2 * x, x * x), 0.0, 0.0, 2.0),
    "next to a kink": (lambda x: 3 + np.abs(x - 1), 1 + 1e-13, -1.0, 1.0),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_seen_with_both_slopes(name):
    f, x, left, right = KINKS[name]
    view = look(f, x)
    assert view.kink[0]
    assert not view.jump[0]
    assert abs(view.left.value[0] - left) <= 10 * view.left.error[0]
    assert abs(view.right.value[0] - right) <= 10 * view.right.error[0]
    assert view.reach[0] < 1e-4


def test_a_kink_a_little_off_is_resolved_below_it():
    view = look(lambda x: np.abs(x - 1), 1 + 1e-7)
    assert not view.kink[0]
    assert view.central.value[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("f", [np.sign, lambda x: 1.0 * (x > 0), lambda x: 1.0 * (x == 0)])
def test_jumps_are_seen(f):
    assert look(f).jump[0]


def test_an_infinite_slope_is_a_kink():
    assert look(lambda x: np.sqrt(np.abs(x))).kink[0]


def test_the_edge_of_a_domain_leaves_one_side():
    view = look(lambda x: x**2.5)
    assert np.isinf(view.central.error[0])
    assert np.isinf(view.left.error[0])
    assert abs(view.right.value[0]) <= 10 * view.right.error[0] < 1e-10


def test_a_function_rounded_inside_is_not_flat():
    def rounded(x):
        return np.float64(np.float32(x)) ** 2 + 0.1

    view = look(rounded, 1.3)
    assert view.central.value[0] == pytest.approx(2.6, rel=1e-4)
    assert abs(view.central.value[0] - 2.6) <= 10 * view.central.error[0]
    assert 1e-9 < view.central.error[0] < 1e-3


def test_noise_is_measured_not_guessed(rng):
    table = {}

    def noisy(x):
        return np.sin(x) + 1e-7 * table.setdefault(float(x), rng.normal())

    view = look(noisy, 0.4)
    assert view.noise[0] > 1e-8
    assert abs(view.central.value[0] - np.cos(0.4)) <= 10 * view.central.error[0]
    assert view.central.error[0] > 1e-8


def test_several_units_find_the_scale_on_which_the_function_varies():
    coarse, both = (look(lambda x: 1 + x, 1e-12, units) for units in ([1e-12], [1e-12, 1.0]))
    assert both.central.error[0] < 1e-9 < coarse.central.error[0]
    assert both.central.value[0] == pytest.approx(1.0, abs=1e-9)
    view = look(lambda x: np.log(np.abs(x)), 1e-12, [2.0**-40, 1.0])
    assert view.central.value[0] == pytest.approx(1e12, rel=1e-6)


def test_outputs_are_judged_each_for_itself():
    def psi(tau):
        return np.array([abs(tau), np.sin(tau), np.sign(tau), 5.0])

    y = psi(0.0)
    view = examine(psi, y, EPS * np.fmax(np.abs(y), 1e-300), [1.0])
    np.testing.assert_array_equal(view.kink, [True, False, True, False])
    np.testing.assert_array_equal(view.jump, [False, False, True, False])
