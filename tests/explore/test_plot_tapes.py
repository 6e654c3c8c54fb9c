"""Bars of time and memory: their lengths are the numbers that were measured."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from dualrev.explore import plot
from dualrev.explore.profile import Entry, Profile, profile


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    assert plt.get_fignums() == []


ROWS = (
    Entry("matmul", 3, 4e-3, 6e-3, 2_000_000),
    Entry("tanh", 2, 1e-3, 2e-3, 1_000_000),
    Entry("sum", 1, 1e-3, 0.0, 0),
)
LINES = (Entry("/home/me/model.py:12, in net", 6, 6e-3, 8e-3, 3_000_000),)
FOUND = Profile(ROWS, LINES, 5e-3, 7e-3, 10e-3, 3_000_000)


def flat():
    return Figure().subplots(1, 2)


def widths(ax, container):
    return [bar.get_width() for bar in ax.containers[container]]


def names(ax):
    return [text.get_text() for text in ax.get_yticklabels()]


def test_bars_are_what_was_measured():
    time, memory = plot.tape(FOUND, axes=flat())
    # Ten milliseconds and two megabytes are the longest, and give the units.
    np.testing.assert_allclose(widths(time, 0), [4.0, 1.0, 1.0, 1.0])
    np.testing.assert_allclose(widths(time, 1), [6.0, 2.0, 0.0, 2.0])
    assert [bar.get_x() for bar in time.containers[1]] == widths(time, 0)
    np.testing.assert_allclose(widths(memory, 0), [2.0, 1.0, 0.0, 0.0])
    assert time.get_xlabel() == "time (ms)"
    assert memory.get_xlabel() == "held (MB)"
    assert names(time) == ["matmul (3)", "tanh (2)", "sum (1)", "Python, recording"]


def test_the_most_expensive_is_on_top():
    time, memory = plot.tape(FOUND, axes=flat())
    for ax in (time, memory):
        low, high = ax.get_ylim()
        assert low > high


def test_parts_are_told_apart_without_colour():
    time, _ = plot.tape(FOUND, axes=flat())
    assert not time.containers[0][0].get_hatch()
    assert time.containers[1][0].get_hatch()
    assert [t.get_text() for t in time.get_legend().get_texts()] == ["forward", "sweep"]


def test_lines_of_source():
    time, _ = plot.tape(FOUND, by="line", axes=flat())
    assert names(time) == ["model.py:12 (6)", "Python, recording"]


@pytest.mark.parametrize(("top", "expected"), [
    (1, ["matmul (3)", "2 more (3)", "Python, recording"]),
    # One more bar shows what it is.
    (2, ["matmul (3)", "tanh (2)", "sum (1)", "Python, recording"]),
])  # fmt: skip
def test_the_rest_is_one_bar(top, expected):
    time, memory = plot.tape(FOUND, top=top, axes=flat())
    assert names(time) == expected
    assert sum(widths(memory, 0)) == 3.0
    assert sum(widths(time, 0)) == 7.0


def test_a_function_is_measured():
    x = np.ones(1000)
    time, memory = plot.tape(
        lambda x, y: np.sum(np.sin(x * y)), x, 2.0, argnums=(0, 1), repeats=1, axes=flat()
    )
    found = profile(lambda x, y: np.sum(np.sin(x * y)), x, 2.0, argnums=(0, 1), repeats=1)
    assert {n.split()[0] for n in names(time)} == {"multiply", "sin", "sum", "Python,"}
    np.testing.assert_allclose(sum(widths(memory, 0)), found.held / 1000)


def test_nothing_is_held():
    _, memory = plot.tape(lambda x: np.sum(2.0 * x), np.ones(3), repeats=1, axes=flat())
    assert memory.get_xlabel() == "held (B)"


WRONG = [
    (lambda: plot.tape(FOUND, np.ones(3)), TypeError, "the costs are measured already"),
    (lambda: plot.tape(FOUND, repeats=3), TypeError, "the costs are measured already"),
    (lambda: plot.tape(FOUND, by="function"), ValueError, "by= is 'operation' or 'line', not 'function'"),
    (lambda: plot.tape(FOUND, top=0), ValueError, "top= is a positive integer, not 0"),
    (lambda: plot.tape(FOUND, top=2.0), ValueError, "top= is a positive integer"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), WRONG)
def test_what_is_no_picture(call, error, words):
    with pytest.raises(error, match=words):
        call()
