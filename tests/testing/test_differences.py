"""Differences along lines: accurate, honest about their error, the same with an old SciPy."""

import numpy as np
import pytest

from dualrev.testing.differences import Lines, central_slopes, fprime_slopes, scipy_slopes

EPS = np.finfo(float).eps

FUNCTIONS = {
    "sine": (np.sin, np.cos),
    "exponential": (np.exp, np.exp),
    "steep": (lambda x: np.exp(30 * x), lambda x: 30 * np.exp(30 * x)),
    "waves": (lambda x: np.sin(40 * x), lambda x: 40 * np.cos(40 * x)),
    "linear": (lambda x: 3 * x, lambda x: np.full_like(x, 3.0)),
    "constant": (np.ones_like, np.zeros_like),
    "rational": (lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    "cancelling": (lambda x: 1e8 + np.sin(x), np.cos),
    "power": (lambda x: x**9, lambda x: 9 * x**8),
}


@pytest.fixture(params=[fprime_slopes, scipy_slopes], ids=["approx_fprime", "differentiate"])
def slopes(request):
    if request.param is scipy_slopes:
        pytest.importorskip("scipy.differentiate", reason="SciPy before 1.15")
    return request.param


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_estimate_bounds_the_error(name, slopes, rng):
    f, derivative = FUNCTIONS[name]
    x = rng.uniform(0.2, 2.0, 12)
    lines = Lines(x, np.exp2(np.round(np.log2(x))))
    found = slopes(f, f(x), lines, np.full(12, EPS))
    exact = np.diag(derivative(x)) * lines.scales
    assert np.all(np.abs(found.value - exact) <= 10 * found.error)


@pytest.mark.parametrize("name", ["sine", "exponential", "linear", "rational"])
def test_well_behaved_functions_are_known_to_many_digits(name, slopes, rng):
    f, _ = FUNCTIONS[name]
    x = rng.uniform(0.2, 2.0, 5)
    lines = Lines(x, np.ones(5))
    found = slopes(f, f(x), lines, np.full(5, EPS))
    # A tenth of a percent must be visible behind ten expected errors; this is 10⁴ times sharper.
    assert np.all(found.error < 1e-8)


def test_directions_are_sums_of_axes(slopes, rng):
    def f(x):
        return np.array([np.sum(np.sin(x)), np.prod(x)])

    x, v = rng.uniform(0.5, 1.5, 4), rng.normal(size=(4, 3))
    axes = slopes(f, f(x), Lines(x, np.ones(4)), np.full(2, EPS))
    along = slopes(f, f(x), Lines(x, np.ones(4), v), np.full(2, EPS))
    assert np.all(np.abs(along.value - axes.value @ v) <= 10 * along.error + 1e-10)


def test_lines_apply_a_jacobian(rng):
    x, jacobian = rng.normal(size=3), rng.normal(size=(2, 3))
    scales = np.array([1.0, 2.0, 0.5])
    lines = Lines(x, scales)
    expected = np.stack([jacobian @ lines.vector(s) for s in range(3)], axis=1)
    np.testing.assert_allclose(lines.apply(jacobian), expected, rtol=1e-15)
    for s in range(3):
        np.testing.assert_array_equal(lines.point(s, 0.25), x + 0.25 * lines.vector(s))


def test_a_kink_bends_its_line_and_no_other(slopes):
    def f(x):
        return np.abs(x) + np.sin(x)

    x = np.array([0.0, 1.0, -1.0])
    bent = slopes(f, f(x), Lines(x, np.ones(3)), np.full(3, EPS)).bent
    np.testing.assert_array_equal(bent, [True, False, False])


def test_many_outputs_go_through_several_vectorised_calls(slopes):
    matrix = np.random.default_rng(0).normal(size=(300, 120))
    x = np.linspace(0.5, 1.5, 120)
    found = slopes(lambda v: matrix @ v, matrix @ x, Lines(x, np.ones(120)), np.full(300, EPS))
    np.testing.assert_allclose(found.value, matrix, rtol=0, atol=1e-9)
    assert np.all(np.abs(found.value - matrix) <= 10 * found.error)


def test_outputs_and_inputs_may_be_missing(slopes):
    none = slopes(lambda x: x[:0], np.zeros(0), Lines(np.ones(2), np.ones(2)), np.zeros(0))
    assert none.value.shape == (0, 2)
    none = slopes(lambda _: np.ones(3), np.ones(3), Lines(np.zeros(0), np.zeros(0)), np.ones(3))
    assert none.value.shape == (3, 0)


def test_old_scipy_falls_back_to_approx_fprime(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.differentiate", None)
    x = np.array([0.7])
    args = (np.sin, np.sin(x), Lines(x, np.ones(1)), np.full(1, EPS))
    np.testing.assert_array_equal(central_slopes(*args).value, fprime_slopes(*args).value)
