"""Classifiers and fitted curves: shades, boundaries, points and curves are where the model puts them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import dualrev as dr
from dualrev.errors import ShapeError
from dualrev.explore import plot
from dualrev.explore.plot.style import COLOURS


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    assert plt.get_fignums() == []


def flat():
    return Figure().subplots()


POINTS = np.array([[0.1, 0.2], [0.9, 0.3], [0.4, 0.8], [0.7, 0.9], [0.2, 0.5]])
LABELS = np.array(["no", "yes", "no", "yes", "no"])
SQUARE = {"xlim": (0.0, 1.0), "ylim": (0.0, 1.0), "resolution": 20}


def logistic(x):
    return 1 / (1 + np.exp(-10 * (x[:, 0] - 0.5)))


def both(x):
    return np.column_stack([1 - logistic(x), logistic(x)])


def named(x):
    return np.where(x[:, 0] > 0.5, "yes", "no")


CENTRES = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]])


def softmax(x):
    e = np.exp(-5 * np.sum((x[:, None] - CENTRES) ** 2, axis=-1))
    return e / e.sum(axis=1, keepdims=True)


def hue(colour):
    """Which colour of the palette a shade is mixed from."""
    distance = 1 - np.asarray(colour)
    directions = [1 - np.array(to_rgb(c)) for c in COLOURS[:3]]
    return int(np.argmax([distance @ d / np.linalg.norm(d) for d in directions]))


@pytest.mark.parametrize("predict", [logistic, both, named, lambda x: logistic(x)[:, None]])
def test_shades_show_the_class_that_is_ahead(predict):
    ax = plot.boundary(predict, POINTS, LABELS, **SQUARE, ax=flat())
    picture = np.asarray(ax.images[0].get_array())
    assert picture.shape == (20, 20, 3)
    assert ax.images[0].get_extent() == [0.0, 1.0, 0.0, 1.0]
    assert ax.images[0].origin == "lower"
    for i in range(20):
        for j in range(20):
            assert hue(picture[i, j]) == int((j + 0.5) / 20 > 0.5)


def test_shades_fade_towards_the_boundary():
    ax = plot.boundary(logistic, POINTS, LABELS, **SQUARE, ax=flat())
    row = np.asarray(ax.images[0].get_array())[0]
    distance = np.linalg.norm(1 - row, axis=1)
    assert np.all(np.diff(distance[:10]) < 0)
    assert np.all(np.diff(distance[10:]) > 0)
    # The amount of colour is by how far the probability is from 1/2, of all that there can be.
    p = logistic(np.column_stack([(np.arange(20) + 0.5) / 20, np.zeros(20)]))
    full = np.linalg.norm(0.45 * (1 - np.array(to_rgb(COLOURS[1]))))
    np.testing.assert_allclose(distance[10:], (2 * p[10:] - 1) * full, rtol=1e-12)


def test_the_boundary_is_where_the_probability_is_a_half():
    ax = plot.boundary(
        logistic, POINTS, LABELS, xlim=(0.0, 1.0), ylim=(0.0, 1.0), resolution=100, ax=flat()
    )
    quarters, half = ax.collections
    np.testing.assert_array_equal(quarters.levels, [0.25, 0.75])
    np.testing.assert_array_equal(half.levels, [0.5])
    # Between points that are 0.01 apart the probability is interpolated linearly: the error is at most
    # h² max|p''| / 8 / min|p'|, with |p''| < 10, |p'| > 1.8 near the quarters.
    for path, at in zip(
        [*half.get_paths(), *quarters.get_paths()],
        (0.5, 0.5 - np.log(3) / 10, 0.5 + np.log(3) / 10),
        strict=True,
    ):
        np.testing.assert_allclose(path.vertices[:, 0], at, atol=1e-4)


@pytest.mark.parametrize("predict", [softmax, lambda x: softmax(x).argmax(axis=1)])
def test_three_classes(predict):
    ax = plot.boundary(
        predict, CENTRES, [0, 1, 2], xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), resolution=81, ax=flat()
    )
    picture = np.asarray(ax.images[0].get_array())
    x = -0.5 + 2 * (np.arange(81) + 0.5) / 81
    for i in range(0, 81, 8):
        for j in range(0, 81, 8):
            distances = np.sum((CENTRES - [x[j], x[i]]) ** 2, axis=1)
            nearest = np.sort(distances)[:2]
            if nearest[1] - nearest[0] > 1e-9:
                assert hue(picture[i, j]) == np.argmin(distances)
    # Every boundary is as far from the two nearest centres.
    for drawn in ax.collections:
        for path in drawn.get_paths():
            for point in path.vertices:
                near = np.sort(np.linalg.norm(CENTRES - point, axis=1))
                # Half a cell, of 2/81, on either side, where only labels are known.
                assert near[1] - near[0] < 2 * 2 / 81


def test_points_are_drawn_by_class():
    ax = plot.boundary(named, POINTS, LABELS, **SQUARE, ax=flat())
    no, yes = ax.lines
    np.testing.assert_array_equal(no.get_xydata(), POINTS[LABELS == "no"])
    np.testing.assert_array_equal(yes.get_xydata(), POINTS[LABELS == "yes"])
    assert no.get_marker() != yes.get_marker()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["no", "yes"]


def test_limits_hold_the_points():
    ax = plot.boundary(logistic, POINTS, LABELS, resolution=5, ax=flat())
    np.testing.assert_allclose(ax.get_xlim(), [0.1 - 0.08, 0.9 + 0.08])
    np.testing.assert_allclose(ax.get_ylim(), [0.2 - 0.07, 0.9 + 0.07])


def test_classes_that_have_no_point_yet():
    ax = plot.boundary(softmax, POINTS, [0, 1, 0, 1, 0], classes=[0, 1, 2], **SQUARE, ax=flat())
    assert len(ax.get_legend().get_texts()) == 3


def test_one_class_everywhere():
    ax = plot.boundary(
        lambda x: np.zeros(len(x), int), POINTS, [0, 1, 0, 1, 0], **SQUARE, ax=flat()
    )
    assert len(ax.collections) == 0
    ax = plot.boundary(
        lambda x: np.zeros(len(x), int), POINTS, np.zeros(5, int), **SQUARE, ax=flat()
    )
    assert len(ax.collections) == 0


def test_predictions_of_variables_and_in_single_precision():
    weight = dr.variable(3.0)
    ax = plot.boundary(
        lambda x: 1 / (1 + np.exp(-weight * (x[:, 0] - 0.5))), POINTS, LABELS, **SQUARE, ax=flat()
    )
    assert len(ax.images) == 1
    ax = plot.boundary(
        lambda x: softmax(x).astype(np.float32), POINTS, [0, 1, 2, 1, 0], **SQUARE, ax=flat()
    )
    assert len(ax.images) == 1


NAN = POINTS.copy()
NAN[3, 1] = np.nan
WRONG = [
    (logistic, POINTS[:, 0], LABELS, {}, ShapeError, r"the points have shape \(5,\); it must be \(n, 2\)"),
    (logistic, np.ones((5, 3)), LABELS, {}, ShapeError, r"shape \(5, 3\)"),
    (logistic, np.ones((0, 2)), [], {}, ShapeError, r"shape \(0, 2\)"),
    (logistic, NAN, LABELS, {}, ValueError, r"points is not finite at index \[3, 1\]"),
    (logistic, POINTS, LABELS[:3], {}, ShapeError, r"there are 5 points, but the labels have shape \(3,\)"),
    (logistic, POINTS, LABELS, {"classes": ["no", "maybe"]}, ValueError, "the label 'yes' is not among the classes"),
    (logistic, POINTS, [0, 1, 2, 0, 1], {}, ShapeError, "the second of two classes, but there are 3 classes"),
    (lambda x: 1.0, POINTS, LABELS, {}, ShapeError, r"predict returned shape \(\).*dualrev\.vmap"),
    (lambda x: x[0], POINTS, LABELS, {}, ShapeError, r"predict returned shape \(2,\)"),
    (softmax, POINTS, LABELS, {}, ShapeError, r"predict returned shape \(40401, 3\)"),
    (lambda x: 4 * x[:, 0], POINTS, LABELS, {}, ValueError, "no probabilities"),
    (lambda x: 2 * both(x), POINTS, LABELS, {}, ValueError, "no probabilities"),
    (lambda x: np.nan * both(x), POINTS, LABELS, {}, ValueError, "no probabilities"),
    (lambda x: np.full(len(x), "perhaps"), POINTS, LABELS, {}, ValueError, "'perhaps'.* none of the classes"),
]  # fmt: skip


@pytest.mark.parametrize(("predict", "points", "labels", "options", "error", "words"), WRONG)
def test_what_is_no_classifier(predict, points, labels, options, error, words):
    with pytest.raises(error, match=rf"plot\.boundary: .*{words}"):
        plot.boundary(predict, points, labels, **options)


# -- curves -----------------------------------------------------------------------------------------------------------

X = np.array([0.0, 2.0, 1.0])
Y = np.array([1.0, 4.0, 2.0])


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_curve_and_data(shape):
    ax = plot.fit(X.reshape(shape), Y, lambda x: x**2, resolution=5, ax=flat())
    same = plot.fit(
        dr.variable(X.reshape(shape)), [dr.variable(v) for v in Y], lambda x: x**2, ax=flat()
    )
    np.testing.assert_array_equal(same.lines[1].get_xydata(), np.column_stack([X, Y]))
    curve, data = ax.lines
    np.testing.assert_array_equal(curve.get_xdata(), [0.0, 0.5, 1.0, 1.5, 2.0])
    np.testing.assert_array_equal(curve.get_ydata(), curve.get_xdata() ** 2)
    np.testing.assert_array_equal(data.get_xydata(), np.column_stack([X, Y]))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["fit", "data"]


def test_several_curves_and_limits():
    ax = plot.fit(
        X,
        Y,
        {"one": lambda x: x, "two": lambda x: 2 * x},
        xlim=(-1.0, 3.0),
        resolution=3,
        ax=flat(),
    )
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[-1, -2], [1, 2], [3, 6]])
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["one", "two", "data"]


def test_a_band():
    ax = plot.fit(X, Y, lambda x: x, band=lambda x: (x - 1, x + 2), resolution=3, ax=flat())
    edge = ax.collections[0].get_paths()[0].vertices
    assert {tuple(v) for v in edge} >= {(0, -1), (1, 0), (2, 1), (0, 2), (1, 3), (2, 4)}


WRONG_FITS = [
    ({"y": Y[:2]}, ShapeError, r"x has shape \(3,\) and y \(2,\)"),
    ({"y": "abc"}, ShapeError, "y is str, not an array of numbers"),
    ({"x": np.ones((3, 2))}, ShapeError, r"x has shape \(3, 2\)"),
    ({"x": [], "y": []}, ShapeError, r"x has shape \(0,\)"),
    ({"y": [1.0, np.inf, 0.0]}, ValueError, r"y is not finite at index \[1\]"),
    ({"x": [np.nan, 1.0, 0.0]}, ValueError, r"x is not finite at index \[0\]"),
    ({"predict": lambda x: x[:2]}, ShapeError, r"the curve 'fit' returned shape \(2,\)"),
    ({"predict": lambda x: np.nan * x}, ValueError, "the curve 'fit' returned no finite number"),
    ({"band": lambda x: (x, x, x)}, ShapeError, r"band returned 3 curves; it must return \(low, high\)"),
    ({"band": lambda x: (x, 1.0)}, ShapeError, r"band returned shape \(\)"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error", "words"), WRONG_FITS)
def test_what_is_no_fit(change, error, words):
    given = {"x": X, "y": Y, "predict": lambda x: x, **change}
    with pytest.raises(error, match=rf"plot\.fit: .*{words}"):
        plot.fit(**given)
