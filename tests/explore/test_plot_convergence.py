"""Convergence curves: the numbers that are drawn, their scale, and what is no run."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import dualrev as dr
from dualrev.errors import ShapeError
from dualrev.explore import plot


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    assert plt.get_fignums() == []


def flat():
    return Figure().subplots()


def bowl(x):
    return 3.0 + x[0] ** 2 + 10 * x[1] ** 2


RUN = plot.descend(bowl, [2.0, 1.0], lambda g, state, x: x - 0.02 * g, 6)


def test_the_gap_to_the_best_value():
    ax = plot.convergence({"a": RUN}, best=3.0, ax=flat())
    x, y = ax.lines[0].get_data()
    np.testing.assert_array_equal(x, np.arange(7))
    np.testing.assert_array_equal(y, RUN.values - 3.0)
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step $k$", r"$f(x_k) - \min f$")


def test_the_best_of_all_runs_is_left_out_where_it_is_reached():
    ax = plot.convergence({"a": [5.0, 3.0, 2.0], "b": [5.0, 4.0]}, ax=flat())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3.0, 1.0, np.nan])
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [3.0, 2.0])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]


def test_the_norm_of_the_gradient():
    ax = plot.convergence({"a": RUN}, quantity="gradient", ax=flat())
    expected = np.hypot(2 * RUN.points[:, 0], 20 * RUN.points[:, 1])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected, rtol=1e-14)
    assert ax.get_yscale() == "log"
    assert "nabla" in ax.get_ylabel()


@pytest.mark.parametrize(
    ("values", "scale"), [([3.0, 2.0], "log"), ([3.0, 0.0], "linear"), ([1.0, -1.0], "linear")]
)
def test_values_have_a_logarithm_if_they_are_positive(values, scale):
    ax = plot.convergence({"a": values}, quantity="value", ax=flat())
    assert ax.get_yscale() == scale
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), values)


def test_repetitions_are_a_median_and_quartiles(rng):
    runs = rng.lognormal(size=(9, 5))
    ax = plot.convergence({"a": runs}, quantity="value", ax=flat())
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.sort(runs, axis=0)[4], rtol=1e-15)
    edge = ax.collections[0].get_paths()[0].vertices
    for k in range(5):
        at = edge[edge[:, 0] == k, 1]
        # Of nine numbers the third and the seventh are the quartiles.
        np.testing.assert_allclose([at.min(), at.max()], np.sort(runs[:, k])[[2, 6]], rtol=1e-14)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_gaps(bad):
    ax = plot.convergence({"a": [4.0, bad, 3.0]}, best=2.0, ax=flat())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2.0, np.nan, 1.0])


def test_losses_that_a_training_loop_has_collected():
    losses = [dr.variable(3.0) * 2.0, np.float64(4.0), 3.0]
    ax = plot.convergence({"a": losses}, best=1.0, ax=flat())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [5.0, 3.0, 2.0])


def test_a_best_value_known_to_rounding():
    best = 0.1 + 0.2
    ax = plot.convergence({"a": [1.0, 0.3]}, best=best, ax=flat())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [1.0 - best, np.nan])


def test_marks_of_several_curves_do_not_coincide():
    ax = plot.convergence(
        {name: np.linspace(2, 1, 90) for name in "abc"}, quantity="value", ax=flat()
    )
    first = [line.get_markevery()[0] for line in ax.lines]
    assert len(set(first)) == 3


WRONG = [
    ({}, {}, ValueError, "there is no run to draw"),
    ([1.0, 2.0], {}, TypeError, "a mapping from label to numbers, not a list"),
    ({"a": 3.0}, {}, ShapeError, r"'a' has shape \(\)"),
    ({"a": []}, {}, ShapeError, r"'a' has shape \(0,\)"),
    ({"a": "text"}, {}, ShapeError, "the run 'a' is str, not an array of numbers"),
    ({"a": [[1.0], [1.0, 2.0]]}, {}, ShapeError, "the run 'a' is list, not an array of numbers"),
    ({"a": np.ones((2, 2, 2))}, {}, ShapeError, r"'a' has shape \(2, 2, 2\)"),
    ({"a": [1.0], "b": [np.nan, np.inf]}, {}, ValueError, "'b' has no finite number"),
    ({"a": [2.0, 1.0]}, {"best": 1.5}, ValueError, "best=1.5 is not the least value: the run 'a' reaches 1.0"),
    ({"a": [2.0, 1.0]}, {"quantity": "loss"}, ValueError, "quantity= is 'gap', 'value' or 'gradient', not 'loss'"),
]  # fmt: skip


@pytest.mark.parametrize(("runs", "options", "error", "words"), WRONG)
def test_what_is_no_curve(runs, options, error, words):
    with pytest.raises(error, match=rf"plot\.convergence: .*{words}"):
        plot.convergence(runs, **options)
