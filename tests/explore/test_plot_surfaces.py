"""Loss surfaces: values as the function gives them, levels that show valleys, and what makes no picture."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import dualrev as dr
from dualrev.errors import ShapeError
from dualrev.explore import plot
from dualrev.explore.plot.grids import grid, levels_of, values


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    assert plt.get_fignums() == []


def rosenbrock(x):
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def branching(x):
    return x[0] ** 2 if x[0] > x[1] else abs(x[1])


def through_math(x):
    return math.sin(float(x[0])) * math.exp(float(x[1]))


def with_memory():
    """A function that keeps what it has seen, so that lanes would see each other."""
    seen = []

    def f(x):
        seen.append(x)
        return np.sum(seen[-1] * x)

    return f


def stochastic():
    rng = np.random.default_rng(1)
    return lambda x: x @ x + rng.normal()


def of_parts(x):
    a, b = x
    return np.hypot(a, b)


def through_data(x):
    t = np.linspace(0, 1, 50)
    return np.mean((np.exp(-x[0] * t) + x[1] - np.cos(t)) ** 2)


def through_linalg(x):
    return np.linalg.det(np.array([[x[0] + 3, 1.0], [1.0, x[1] + 3]]))


def constant_part(x):
    return np.float32(2.0) * np.maximum(x[0], 0.0) + 0 * x[1]


POINTS = np.random.default_rng(0).uniform(-2, 2, (1500, 2))


@pytest.mark.parametrize(
    "f",
    [rosenbrock, branching, through_math, with_memory(), of_parts, through_data, through_linalg, constant_part],
)  # fmt: skip
def test_values_are_those_of_the_function(f):
    expected = [float(f(p)) for p in POINTS]
    # Sums of up to 50 terms may be taken in another order.
    np.testing.assert_allclose(values("surface", f, POINTS), expected, rtol=1e-12, atol=1e-12)


def test_a_smooth_function_is_evaluated_in_one_go():
    calls = []

    def f(x):
        calls.append(1)
        return rosenbrock(x)

    values("surface", f, POINTS)
    # Two parts of at most 1024 points, and three points alone.
    assert len(calls) == 5


def test_random_numbers_are_drawn_for_every_point():
    found = values("surface", stochastic(), np.zeros((200, 2)))
    assert len(np.unique(found)) == 200


def test_the_function_cannot_change_the_points():
    def f(x):
        x[0] = 5.0
        return x[0] + x[1]

    x, y, z = grid("surface", f, (0, 1), (0, 1), 3)
    np.testing.assert_array_equal(x[0], [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(z, 5.0 + y)


def test_values_of_a_variable_are_plain():
    weight = dr.variable(np.array([2.0, 3.0]))
    found = values("surface", lambda x: np.sum(weight * x), POINTS[:5])
    assert type(found) is np.ndarray
    np.testing.assert_allclose(found, POINTS[:5] @ [2.0, 3.0], rtol=1e-15)


def test_the_grid():
    x, y, z = grid("surface", lambda x: 10 * x[0] + x[1], (0.0, 2.0), (-1.0, 1.0), 3)
    np.testing.assert_array_equal(x[0], [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(y[:, 0], [-1.0, 0.0, 1.0])
    np.testing.assert_array_equal(z, 10 * x + y)


# -- levels -----------------------------------------------------------------------------------------------------------


def test_levels_are_evenly_spaced_in_the_logarithm_above_the_minimum():
    _, _, z = grid("surface", lambda x: rosenbrock(x) - 7.0, (-2, 2), (-1, 3), 101)
    at = levels_of("surface", z, "log", -7.0)
    assert len(at) == 12
    ratios = (at[1:] + 7.0) / (at[:-1] + 7.0)
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)
    # The innermost holds half a per cent of the area, the outermost is below the highest value.
    assert (z < at[0]).mean() == pytest.approx(0.005, abs=2e-4)
    assert at[-1] < z.max()


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ("linear", np.arange(1, 13) / 13),
        ([0.25, 0.5], [0.25, 0.5]),
        (np.array([-3.0, 5.0]), [-3.0, 5.0]),
    ],
)
def test_other_levels(levels, expected):
    np.testing.assert_allclose(
        levels_of("surface", np.array([0.0, 0.4, 1.0]), levels, None), expected
    )


def test_a_number_of_levels():
    _, _, z = grid("surface", rosenbrock, (-2, 2), (-1, 3), 51)
    assert len(levels_of("surface", z, 5, None)) == 5
    assert len(levels_of("surface", z, np.int64(7), None)) == 7


def test_contours_are_at_the_levels_and_shades_between():
    ax = plot.surface(
        lambda x: x[0] + 0 * x[1],
        (0, 1),
        (0, 2),
        levels=[0.25, 0.75],
        resolution=5,
        ax=Figure().subplots(),
    )
    shades, lines = ax.collections
    np.testing.assert_array_equal(lines.levels, [0.25, 0.75])
    np.testing.assert_array_equal(shades.levels, [0.0, 0.25, 0.75, 1.0])
    for path, at in zip(lines.get_paths(), (0.25, 0.75), strict=True):
        np.testing.assert_allclose(path.vertices[:, 0], at, rtol=1e-12)
    assert ax.get_xlim() == (0, 1)
    assert ax.get_ylim() == (0, 2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_0$", "$x_1$")


def test_lowest_is_lightest():
    ax = plot.surface(rosenbrock, (-2, 2), (-1, 3), resolution=21, ax=Figure().subplots())
    light = ax.collections[0].get_facecolor()[:, :3].sum(axis=1)
    assert len(light) == 13
    assert np.all(np.diff(light) < 0)


def test_negative_levels_look_like_others():
    ax = plot.surface(
        lambda x: x[0] + x[1], (-1, 1), (-1, 1), resolution=11, ax=Figure().subplots()
    )
    assert all(pattern is None for _, pattern in ax.collections[1].get_linestyle())


def test_lines_without_shades():
    ax = plot.surface(
        rosenbrock, (-2, 2), (-1, 3), resolution=21, filled=False, ax=Figure().subplots()
    )
    assert len(ax.collections) == 1


def test_where_it_is_not_finite_nothing_is_drawn():
    ax = plot.surface(
        lambda x: np.log(x[0]) + x[1], (-1, 1), (0, 1), resolution=21, ax=Figure().subplots()
    )
    for drawn in ax.collections:
        points = np.concatenate([p.vertices for p in drawn.get_paths() if len(p.vertices)])
        assert points[:, 0].min() > 0.0


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_surface_in_space(scale):
    ax = plot.surface3d(
        lambda x: 3.0 + x[0] ** 2 + x[1] ** 2, (-1, 1), (-1, 1), scale=scale, resolution=21,
        ax=Figure().subplots(subplot_kw={"projection": "3d"}),
    )  # fmt: skip
    heights = ax.zz_dataLim.intervalx
    # The corners are exact; below, the logarithm is cut off where 3% of the points lie.
    assert heights.max() == pytest.approx(5.0 if scale == "linear" else np.log10(2.0))
    if scale == "linear":
        assert heights.min() == pytest.approx(3.0)
    else:
        _, _, z = grid("surface3d", lambda x: x[0] ** 2 + x[1] ** 2, (-1, 1), (-1, 1), 21)
        assert heights.min() == pytest.approx(np.log10(np.quantile(z[z > 0], 0.03)))
    assert ax.get_zlabel() == {"linear": "$f$", "log": r"$\log_{10}(f - \min f)$"}[scale]


# -- what makes no picture --------------------------------------------------------------------------------------------

WRONG = [
    (lambda: plot.surface(lambda x: x, (0, 1), (0, 1)), ShapeError, r"f returned .* \(2,\).* one real number"),
    (lambda: plot.surface(lambda x: x[:1], (0, 1), (0, 1)), ShapeError, "one real number"),
    (lambda: plot.surface(lambda x: 1j * x[0], (0, 1), (0, 1)), ShapeError, "one real number"),
    (lambda: plot.surface(lambda x: None, (0, 1), (0, 1)), ShapeError, "one real number"),
    (lambda: plot.surface(rosenbrock, (1, 0), (0, 1)), ValueError, r"xlim= is two finite numbers.*\(1, 0\)"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, np.nan)), ValueError, "ylim= is two finite numbers"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1, 2)), ValueError, "ylim= is two finite numbers"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1), resolution=1), ValueError, "resolution= is an integer"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1), resolution=9.0), ValueError, "resolution= is an integer"),
    (lambda: plot.surface(lambda x: 4.0 + 0 * x[0], (0, 1), (0, 1)), ValueError, "f is 4.0 everywhere"),
    (lambda: plot.surface(lambda x: np.nan * x[0], (0, 1), (0, 1)), ValueError, "f is finite nowhere"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1), minimum=5.0), ValueError, "minimum=5.0, but f has the value 0.0"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1), levels="cubic"), ValueError, "levels= is 'log'.*'cubic'"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1), levels=0), ValueError, "levels= is 'log'"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1), levels=[2.0, 1.0]), ValueError, "increasing"),
    (lambda: plot.surface(rosenbrock, (0, 1), (0, 1), levels=[0.0, np.inf]), ValueError, "increasing"),
    (lambda: plot.surface3d(rosenbrock, (0, 1), (0, 1), scale="cubic"), ValueError, "scale= is 'linear' or 'log'"),
    (lambda: plot.surface3d(lambda x: 4.0 + 0 * x[0], (0, 1), (0, 1)), ValueError, "f is 4.0 everywhere"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_makes_no_picture(call, error, words):
    """No figure is left behind either, as for every test here."""
    with pytest.raises(error, match=rf"plot\.surface.*{words}"):
        call()


def test_an_error_of_the_function_is_its_own():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        plot.surface(f, (0, 1), (0, 1))
