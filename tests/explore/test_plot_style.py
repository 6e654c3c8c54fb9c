"""What pictures share: looks that print, axes that are used or refused, a clear word where Matplotlib is missing."""

import itertools
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from dualrev.explore import plot
from dualrev.explore.plot.style import COLOURS, fill_colours, legend, spaced, styles


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


def bowl(x):
    return x[0] ** 2 + 3 * x[1] ** 2


DATA = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
# Every function with the axes as last argument: on one axes, and on two.
ONE = {
    "surface": lambda ax: plot.surface(bowl, (-1, 1), (-1, 1), resolution=11, ax=ax),
    "trajectories": lambda ax: plot.trajectories({"a": DATA}, ax=ax),
    "convergence": lambda ax: plot.convergence({"a": [3.0, 2.0, 1.0]}, ax=ax),
    "boundary": lambda ax: plot.boundary(
        lambda x: x[:, 0] > 0.5, DATA, [0, 1, 0, 1], resolution=5, ax=ax
    ),
    "fit": lambda ax: plot.fit([0.0, 1.0], [0.0, 1.0], lambda x: x, ax=ax),
    "differences": lambda ax: plot.differences(np.exp, 0.5, ax=ax),
    "error_curves": lambda ax: plot.error_curves([1.0, 0.1], {"a": [1.0, 0.1]}, floor=0.0, ax=ax),
    "spy": lambda ax: plot.spy(np.eye(3), ax=ax),
}
SPACE = {
    "surface3d": lambda ax: plot.surface3d(bowl, (-1, 1), (-1, 1), resolution=11, ax=ax),
    "trajectories3d": lambda ax: plot.trajectories3d({"a": DATA}, bowl, resolution=11, ax=ax),
}
TWO = {
    "compression": lambda axes: plot.compression(np.eye(3), axes=axes),
    "tape": lambda axes: plot.tape(lambda x: np.sum(np.sin(x)), np.ones(3), axes=axes, repeats=1),
}
ALL = {**ONE, **SPACE, **TWO}


def test_every_function_is_here():
    """The tables above hold all that the package draws."""
    drawing = {name for name, item in vars(plot).items() if callable(item)}
    assert drawing - set(ALL) == {"Run", "descend", "axes"}


@pytest.mark.parametrize("name", [*ONE, *SPACE])
def test_given_axes_are_used_and_nothing_else(name):
    projection = {"projection": "3d"} if name in SPACE else {}
    mine, other = Figure().subplots(1, 2, subplot_kw=projection)
    before = plt.rcParams.copy()
    untouched = len(other.get_children()), other.get_xlim(), other.get_ylim()
    assert ALL[name](mine) is mine
    assert mine.has_data() or mine.images
    assert (len(other.get_children()), other.get_xlim(), other.get_ylim()) == untouched
    assert plt.get_fignums() == []
    assert before == plt.rcParams


@pytest.mark.parametrize("name", TWO)
def test_given_pairs_are_used(name):
    left, right, other = Figure().subplots(1, 3)
    found = TWO[name]((left, right))
    assert found.shape == (2,)
    assert found[0] is left
    assert found[1] is right
    assert not other.has_data()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", ALL)
def test_without_axes_there_is_one_new_figure(name):
    kept = plt.figure()
    found = ALL[name](None)
    assert len(plt.get_fignums()) == 2
    assert kept.axes == []
    for ax in np.ravel(found):
        assert ax.get_figure() is plt.figure(plt.get_fignums()[-1])
        assert 7.0 <= ax.xaxis.label.get_fontsize() <= 10.0
        for text in ax.get_xticklabels():
            assert text.get_fontsize() == 8.0
    # Drawing it is where warnings would come from, which are errors here.
    plt.figure(plt.get_fignums()[-1]).canvas.draw()


@pytest.mark.parametrize("name", ALL)
def test_a_picture_is_right_in_any_style_of_the_user(name):
    with plt.rc_context({"figure.constrained_layout.use": True, "font.size": 14.0}):
        found = np.ravel(ALL[name](None))[0]
        found.get_figure().canvas.draw()


# Pattern.spy says how many entries there are, whatever was there.
@pytest.mark.parametrize("name", [name for name in ALL if name not in ("spy", "compression")])
def test_labels_of_the_user_stay(name):
    projection = {"projection": "3d"} if name in SPACE else {}
    given = Figure().subplots(1, 2, subplot_kw=projection)
    for ax in given:
        ax.set_xlabel("mine")
        ax.set_title("title")
    found = ALL[name](given if name in TWO else given[0])
    for ax in np.ravel(found):
        assert ax.get_xlabel() == "mine"
        assert ax.get_title() == "title"


@pytest.mark.parametrize("name", ALL)
def test_every_picture_labels_its_axes(name):
    found = np.ravel(ALL[name](None))
    for ax in found:
        assert ax.get_xlabel() or name == "error_curves"
    if name in SPACE:
        assert found[0].get_zlabel()


@pytest.mark.parametrize("name", ALL)
def test_what_is_no_axes_is_refused(name):
    for wrong in (plt.figure, 3, "ax"):
        with pytest.raises((TypeError, ValueError), match=rf"plot\.{name}: ax(es)?= is"):
            ALL[name](wrong)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", SPACE)
def test_axes_in_space_are_asked_for(name):
    with pytest.raises(TypeError, match=rf"plot\.{name}: ax= has two dimensions.*projection='3d'"):
        SPACE[name](Figure().subplots())


@pytest.mark.parametrize("name", ONE)
def test_axes_in_the_plane_are_asked_for(name):
    with pytest.raises(TypeError, match=rf"plot\.{name}: ax= has three dimensions"):
        ONE[name](Figure().subplots(subplot_kw={"projection": "3d"}))


@pytest.mark.parametrize("name", TWO)
def test_two_axes_are_asked_for(name):
    with pytest.raises(ValueError, match=rf"plot\.{name}: axes= is two axes, not 3"):
        TWO[name](Figure().subplots(1, 3))


@pytest.mark.parametrize("name", ALL)
def test_without_matplotlib(name, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"plot\.{name} .*pip install dualrev\[plot\]"):
        ALL[name](None)


def test_the_package_is_imported_without_matplotlib():
    code = "import sys, dualrev.explore.plot; print('matplotlib' in sys.modules)"
    import subprocess

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


def test_width_in_centimetres():
    ax = plot.axes(width=8.0)
    np.testing.assert_allclose(ax.figure.get_size_inches() * 2.54, [8.0, 6.0])
    pair = plot.axes(8.0, 5.0, columns=2, sharey=True)
    assert pair.shape == (2,)
    np.testing.assert_allclose(pair[0].figure.get_size_inches() * 2.54, [8.0, 5.0])
    assert plot.axes(projection="3d").name == "3d"


# -- looks ------------------------------------------------------------------------------------------------------------


def test_curves_differ_without_colours():
    looks = [(look["linestyle"], look["marker"]) for look in itertools.islice(styles(), 35)]
    assert len(set(looks)) == 35


def lightness(rgb):
    """CIE 1976 L* of sRGB."""
    rgb = np.asarray(rgb)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(y) - 16


def test_shades_are_even_in_lightness():
    light = lightness(fill_colours(12))
    # Between 256 colours the lightness is interpolated linearly; the curvature over a 256th of the range is left.
    np.testing.assert_allclose(np.diff(light), (light[-1] - light[0]) / 11, rtol=1e-3)
    # White down to where black, and all colours of the palette, can still be read.
    assert light[0] > 95
    assert light[-1] > 60


def test_colours_are_those_of_okabe_and_ito():
    """Table of Okabe & Ito (2008), figure 16, without yellow."""
    published = {
        (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167),
        (230, 159, 0), (86, 180, 233), (0, 0, 0),
    }  # fmt: skip
    assert {tuple(bytes.fromhex(c[1:])) for c in COLOURS} == published


@pytest.mark.parametrize("count", [1, 2, 8, 9, 10, 17, 1000])
def test_marks_are_few_and_on_every_curve(count):
    for k in range(5):
        first, every = spaced(count, k, 5)
        marked = range(first, count, every)
        assert 1 <= len(marked) <= 9


@pytest.mark.parametrize(
    ("words", "columns"),
    [(["a"], 1), (["a", "b", "c"], 3), (["a" * 12] * 5, 3), (["a" * 60] * 3, 1)],
)
def test_a_legend_has_the_columns_that_fit(words, columns):
    ax = plot.axes(12.0)
    for word in words:
        ax.plot([0, 1], label=word)
    legend(ax, above=True)
    assert ax.get_legend()._ncols == columns
    ax.figure.canvas.draw()
    box = ax.get_legend().get_window_extent().width / ax.figure.dpi * 2.54
    assert box < 12.0 or columns == 1


def test_nothing_to_name_no_legend():
    ax = plot.axes()
    legend(ax)
    assert ax.get_legend() is None
