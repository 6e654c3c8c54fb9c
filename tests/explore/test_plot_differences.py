"""The picture of finite differences shows the numbers that were found, their best steps and the theory."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from dualrev.explore import plot
from dualrev.explore.steps import step_errors

EPS = np.finfo(float).eps


@pytest.fixture(autouse=True)
def no_figure_left():
    plt.switch_backend("Agg")
    yield
    assert plt.get_fignums() == []


def flat():
    return Figure().subplots()


def by_label(ax):
    return {line.get_label(): line for line in ax.lines}


def test_the_errors_are_drawn():
    found = step_errors(np.exp, 1.0)
    ax = plot.differences(found, ax=flat())
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step $h$", "relative error")
    for line, scheme in zip(ax.lines, ("forward", "central", "complex"), strict=False):
        np.testing.assert_array_equal(line.get_xdata(), found.steps)
        np.testing.assert_array_equal(line.get_ydata(), np.maximum(found.errors[scheme], EPS / 4))
        assert line.get_label().startswith(scheme)


def test_a_function_or_what_was_found_of_it():
    direct = plot.differences(np.exp, 1.0, schemes=["forward"], ax=flat())
    through = plot.differences(step_errors(np.exp, 1.0, schemes=["forward"]), ax=flat())
    np.testing.assert_array_equal(direct.lines[0].get_ydata(), through.lines[0].get_ydata())


def test_the_best_step_is_marked_and_named():
    found = step_errors(np.exp, 1.0, steps=[1e-2, 1e-5, 1e-8], schemes=["central"])
    ax = plot.differences(found, theory=False, ax=flat())
    curve, mark = ax.lines
    assert curve.get_label() == "central, best $h$ = $10^{-5}$"
    np.testing.assert_array_equal(mark.get_xydata(), [[1e-5, found.errors["central"][1]]])
    named = plot.differences(np.exp, 1.0, steps=[2e-8, 0.1], schemes=["forward"], ax=flat())
    assert r"$2\cdot10^{-8}$" in named.lines[0].get_label()


def test_an_error_of_zero_is_drawn_at_a_quarter_of_the_spacing():
    ax = plot.differences(lambda x: 3.0 * x, 2.0, steps=[0.25, 0.5], schemes=["forward"], ax=flat())
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), EPS / 4)
    assert ax.get_ylim()[0] < EPS / 4


def test_the_asymptotes():
    found = step_errors(np.exp, 1.0)
    ax = plot.differences(found, ax=flat())
    thin = [line for line in ax.lines if line.get_linewidth() == 0.7]
    words = [text.get_text() for text in ax.texts]
    assert words == ["$h$", "$h^2$", r"$\epsilon/h$"]
    # |f''| h / 2 / |f'|, |f'''| h² / 6 / |f'| and ε |f| / h / |f'| for the exponential, cut off at floor and top.
    for line, formula in zip(
        thin, (lambda h: h / 2, lambda h: h**2 / 6, lambda h: EPS / h), strict=True
    ):
        h, terms = line.get_data()
        np.testing.assert_allclose(terms, formula(h), rtol=1e-12)
        assert terms.min() >= EPS / 4
    assert len(plot.differences(found, theory=False, ax=flat()).texts) == 0


def test_dualrev_is_drawn_beside_another_reference():
    ax = plot.differences(np.exp, 1.0, exact=np.e * (1 + 1e-9), ax=flat())
    line = by_label(ax)["dualrev"]
    np.testing.assert_allclose(line.get_ydata(), 1e-9, rtol=1e-6)
    assert "dualrev" not in by_label(plot.differences(np.exp, 1.0, ax=flat()))


def test_absolute_errors_say_so():
    assert plot.differences(np.cos, 0.0, ax=flat()).get_ylabel() == "error"


def test_steps_that_are_lost_are_gaps():
    ax = plot.differences(np.exp, 1.0, steps=[1e-17, 1e-8], schemes=["forward"], ax=flat())
    np.testing.assert_array_equal(np.isnan(ax.lines[0].get_ydata()), [True, False])


def test_all_steps_lost():
    with pytest.raises(ValueError, match="all steps of the forward scheme fail"):
        plot.differences(np.exp, 1.0, steps=[1e-17], schemes=["forward"])


def test_error_curves_take_looks():
    ax = plot.error_curves(
        [1.0, 0.1], {"a": [1.0, 0.0], "b": [2.0, 3.0]}, floor=1e-3, looks={"b": {"color": "red", "lw": 3.0}}, ax=flat()
    )  # fmt: skip
    a, b = ax.lines
    np.testing.assert_array_equal(a.get_ydata(), [1.0, 1e-3])
    assert (b.get_color(), b.get_linewidth(), b.get_label()) == ("red", 3.0, "b")
    assert a.get_linestyle() != b.get_linestyle()
