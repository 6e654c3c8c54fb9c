"""Paths of optimisers: the points that are drawn are those that were recorded, in the plane and in space."""

import types

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import dualrev as dr
from dualrev.errors import ShapeError
from dualrev.explore import plot
from dualrev.explore.plot.grids import grid


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    assert plt.get_fignums() == []


def bowl(x):
    return x[0] ** 2 + 10 * x[1] ** 2


A = np.array([[2.0, 1.0], [1.0, 0.5], [0.5, 0.1], [0.1, 0.0]])
B = np.array([[2.0, 1.0], [0.0, 0.0]])


def flat():
    return Figure().subplots()


def space():
    return Figure().subplots(subplot_kw={"projection": "3d"})


def of_descent():
    run = plot.descend(bowl, A[0], lambda g, state, x: x - 0.02 * g, 5)
    return run, run.points


def of_solver():
    """What dualrev.scipy.optimize.minimize(..., trajectory=True) returns has the points under this name."""
    return types.SimpleNamespace(trajectory=A), A


@pytest.mark.parametrize(
    "make",
    [lambda: (A, A), lambda: ([dr.variable(p) for p in A], A), lambda: ([[dr.variable(v) for v in p] for p in A], A),
     lambda: (A.tolist(), A), lambda: (list(A), A), lambda: (tuple(A), A), of_descent, of_solver],
)  # fmt: skip
def test_the_points_are_drawn(make):
    given, points = make()
    ax = plot.trajectories({"run": given}, ax=flat())
    line, ring, star = ax.lines
    np.testing.assert_array_equal(line.get_xydata(), points)
    np.testing.assert_array_equal(ring.get_xydata(), points[:1])
    np.testing.assert_array_equal(star.get_xydata(), points[-1:])
    assert (ring.get_marker(), star.get_marker()) == ("o", "*")


def test_runs_look_different_and_are_named():
    ax = plot.trajectories({"Adam": A, "SGD": B}, ax=flat())
    first, second = ax.lines[0], ax.lines[3]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["Adam", "SGD"]
    for look in ("get_color", "get_linestyle", "get_marker"):
        assert getattr(first, look)() != getattr(second, look)()


def test_contours_are_those_of_the_function():
    ax = plot.trajectories(
        {"run": A}, f=bowl, xlim=(-1, 3), ylim=(-1, 2), levels=[1.0, 4.0], resolution=21, ax=flat()
    )
    assert ax.get_xlim() == (-1, 3)
    assert ax.get_ylim() == (-1, 2)
    np.testing.assert_array_equal(ax.collections[1].levels, [1.0, 4.0])


def test_limits_hold_all_paths_with_a_margin():
    ax = plot.trajectories({"a": A, "b": B}, f=bowl, resolution=11, ax=flat())
    np.testing.assert_allclose(ax.get_xlim(), [-0.3, 2.3])
    np.testing.assert_allclose(ax.get_ylim(), [-0.15, 1.15])


def test_a_path_along_one_axis_gets_an_area():
    ax = plot.trajectories({"a": [[0.0, 1.0], [2.0, 1.0]]}, f=bowl, resolution=11, ax=flat())
    np.testing.assert_allclose(ax.get_ylim(), [0.7, 1.3])
    ax = plot.trajectories({"a": [[0.0, 1.0]]}, f=bowl, resolution=11, ax=flat())
    np.testing.assert_allclose(ax.get_xlim(), [-0.15, 0.15])


def test_limits_of_a_surface_that_is_there_are_kept():
    ax = plot.surface(bowl, (-1, 1), (-2, 2), resolution=11, ax=flat())
    plot.trajectories({"a": A}, ax=ax)
    assert ax.get_xlim() == (-1, 1)
    assert ax.get_ylim() == (-2, 2)
    assert plot.trajectories({"a": A}, xlim=(0, 9), ax=ax).get_xlim() == (0, 9)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_path_is_drawn_as_far_as_it_is_finite(bad):
    points = np.array([[1.0, 1.0], [-3.0, 4.0], [bad, 2.0], [0.0, 0.0]])
    ax = plot.trajectories({"SGD": points, "a": B}, f=bowl, resolution=11, ax=flat())
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), points[:2])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["SGD (diverges)", "a"]
    # Where it goes decides nothing, where it begins does.
    np.testing.assert_allclose(ax.get_xlim(), [-0.3, 2.3])


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_in_space_the_height_is_the_function(scale):
    ax = plot.trajectories3d({"a": A}, bowl, scale=scale, resolution=21, ax=space())
    x, y, z = ax.lines[0].get_data_3d()
    np.testing.assert_array_equal(np.column_stack([x, y]), A)
    heights = np.array([bowl(p) for p in A])
    if scale == "linear":
        np.testing.assert_allclose(z, heights, rtol=1e-14)
    else:
        # Exact above the floor; the last point lies below it.
        _, _, surface = grid("trajectories3d", bowl, ax.get_xlim(), ax.get_ylim(), 21)
        np.testing.assert_allclose(z[:3], np.log10(heights[:3] - surface.min()), rtol=1e-12)
        assert z[3] == pytest.approx(ax.zz_dataLim.intervalx[0])
        assert z[3] > np.log10(heights[3] - surface.min())


def test_in_space_what_is_outside_is_left_out():
    ax = plot.trajectories3d(
        {"a": A}, bowl, xlim=(0.2, 1.5), ylim=(-1, 1), resolution=11, ax=space()
    )
    x, _, _ = ax.lines[0].get_data_3d()
    np.testing.assert_array_equal(np.isnan(x), [True, False, False, True])


def test_lines_lie_over_the_surface():
    ax = plot.trajectories3d({"a": A}, bowl, resolution=11, ax=space())
    assert not ax.computed_zorder
    assert ax.lines[0].get_zorder() > ax.collections[0].get_zorder()


WRONG = [
    ({}, ValueError, "there is no path to draw"),
    ([A], TypeError, "a mapping from label to points, not a list"),
    ({"a": []}, ShapeError, r"'a' has shape \(0,\)"),
    ({"a": np.zeros((0, 2))}, ShapeError, r"'a' has shape \(0,"),
    ({"a": np.zeros((4, 3))}, ShapeError, r"'a' has shape \(4, 3\); it must be \(k, 2\)"),
    ({"a": np.zeros(4)}, ShapeError, r"'a' has shape \(4,\)"),
    ({"a": [[1.0, 2.0], [3.0]]}, ShapeError, "'a' is list"),
    ({"a": {"x": 1, "fun": 2}}, ShapeError, "'a' is dict.*a solver's result has points if it has a trajectory"),
    ({"a": None}, ShapeError, "'a' is NoneType"),
    ({"a": A, "b": [[np.nan, 0.0], [1.0, 1.0]]}, ValueError, r"'b' begins at \[nan  ?0.\], which is not finite"),
]  # fmt: skip


@pytest.mark.parametrize(("runs", "error", "words"), WRONG)
@pytest.mark.parametrize("name", ["trajectories", "trajectories3d"])
def test_what_is_no_path(name, runs, error, words):
    with pytest.raises(error, match=rf"plot\.{name}: .*{words}"):
        getattr(plot, name)(runs, f=bowl)


def test_options_of_a_surface_that_is_missing():
    with pytest.raises(TypeError, match="levels= belong to the surface of f=, which is missing"):
        plot.trajectories({"a": A}, levels=5)


def test_a_function_that_makes_no_surface_leaves_no_figure():
    with pytest.raises(ShapeError):
        plot.trajectories({"a": A}, f=lambda x: x)
