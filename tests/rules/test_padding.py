"""np.pad in the modes that are linear, by unit differences."""

import numpy as np
import pytest

import dualrev as dr

X = np.linspace(-1.0, 2.0, 12).reshape(3, 4)
WIDTHS = {"one": 2, "pair": (1, 2), "each": ((1, 0), (3, 2)), "none": 0}
MODES = {
    "constant": {},
    "constant_number": {"mode": "constant", "constant_values": 5.0},
    "constant_each": {"mode": "constant", "constant_values": ((1.0, 2.0), (3.0, 4.0))},
    "edge": {"mode": "edge"},
    "reflect": {"mode": "reflect"},
    "reflect_odd": {"mode": "reflect", "reflect_type": "odd"},
    "symmetric": {"mode": "symmetric"},
    "symmetric_odd": {"mode": "symmetric", "reflect_type": "odd"},
    "wrap": {"mode": "wrap"},
    "mean": {"mode": "mean"},
    "mean_part": {"mode": "mean", "stat_length": ((1, 2), (2, 3))},
    "linear_ramp": {"mode": "linear_ramp"},
    "linear_ramp_ends": {"mode": "linear_ramp", "end_values": ((1.0, 2.0), (3.0, 4.0))},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", WIDTHS)
def test_modes(moves, mode, width):
    moves(lambda x: np.pad(x, WIDTHS[width], **MODES[mode]), X)


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.3.0", reason="np.pad takes a dict from NumPy 2.3 on"
)
def test_widths_by_axis(moves):
    moves(lambda x: np.pad(x, {-1: (2, 1)}), X)
    moves(lambda x: np.pad(x, {0: 1}, mode="edge"), X)


def test_traced_values_around(moves):
    moves(lambda x: np.pad(x, 1, constant_values=x[0, 0] * 2.0), X)
    moves(lambda x: np.pad(x, ((1, 2), (0, 1)), constant_values=x[:2, :2]), X)


@pytest.mark.parametrize("length", [None, 1, 2, ((1, 2), (2, 5))], ids=str)
@pytest.mark.parametrize("mode", ["maximum", "minimum", "median", "mean"])
def test_statistics_of_the_ends(mode, length):
    x = np.sin(np.arange(12.0)).reshape(3, 4)
    weights = np.cos(np.arange(30)).reshape(6, 5)

    def f(x):
        return np.sum(weights * np.pad(x, ((1, 2), (0, 1)), mode, stat_length=length) ** 2)

    assert dr.vjp(f, x)[0] == pytest.approx(f(x), rel=1e-15)
    dr.check_derivatives(f, x, order=2).raise_if_wrong()


def test_no_statistic_of_no_entries():
    def padded(x):
        return np.sum(np.pad(x, 1, "maximum", stat_length=0))

    for call in (padded, dr.grad(padded)):
        with pytest.raises(ValueError, match="stat_length of 0"):
            call(X)


@pytest.mark.parametrize("mode", ["empty", lambda *args: None])
def test_other_modes_are_unsupported(mode):
    with pytest.raises(dr.UnsupportedError, match="undefined"):
        dr.grad(lambda x: np.sum(np.pad(x, 1, mode)))(X)


@pytest.mark.parametrize("width", [-1, 1.5, (1, 2, 3)])
def test_wrong_widths(width):
    with pytest.raises((TypeError, ValueError)):
        np.pad(X, width)
    with pytest.raises((TypeError, ValueError)):
        dr.grad(lambda x: np.sum(np.pad(x, width)))(X)
