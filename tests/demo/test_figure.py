"""The main job's figure: difference formulas with their known errors, and a picture that opens."""

import numpy as np
import pytest
from matplotlib import image

import dualrev as dr
from dualrev.demo import figure, thurber

LINEAR, NONLINEAR = slice(0, 4), slice(4, 7)


@pytest.fixture(scope="module")
def exact():
    return thurber.exact_jacobian(thurber.CERTIFIED)


@pytest.mark.parametrize(
    ("differences", "order"),
    [(figure.forward_differences, 1), (figure.central_differences, 2)],
)
def test_the_truncation_error_falls_with_the_order_of_the_formula(differences, order, exact):
    wide, narrow = (
        figure.column_errors(differences(thurber.CERTIFIED, step), exact) for step in (1e-3, 1e-4)
    )
    np.testing.assert_allclose(wide[NONLINEAR] / narrow[NONLINEAR], 10.0**order, rtol=0.05)
    # No truncation where the model is linear: only the rounding of two residuals over the step.
    assert narrow[LINEAR].max() < 1e-11


def test_the_jacobian_of_dualrev_is_exact_to_rounding(exact):
    # Both polynomials cancel at the left end of the data. A sum of terms has the relative error
    # (roundings on the way of a term) · Σ|terms| / |Σ terms|, for any way of evaluating it.
    b, x = thurber.CERTIFIED, thurber.LOG_DENSITY[:, None] ** np.arange(4)
    numerator = np.abs(x * b[:4]).sum(axis=1) / np.abs((x * b[:4]).sum(axis=1))
    denominator = np.append(1.0, b[4:])
    denominator = np.abs(x * denominator).sum(axis=1) / np.abs((x * denominator).sum(axis=1))
    relative = np.repeat([denominator, numerator + 2 * denominator], (4, 3), axis=0).T
    # Powers, product and three sums make six roundings a term, the quotients up to four more.
    bound = (10 * figure.EPSILON / 2 * relative * np.abs(exact)).max(axis=0)
    error = figure.column_errors(dr.jacobian(thurber.residuals)(b), exact)
    assert np.all(error <= bound / np.abs(exact).max(axis=0))


def test_column_errors_are_relative_to_the_column():
    exact = np.array([[1.0, 100.0], [2.0, -400.0]])
    wrong = exact + np.array([[0.02, 0.0], [0.0, 4.0]])
    np.testing.assert_allclose(figure.column_errors(wrong, exact), [0.01, 0.01])


def test_the_figure_is_drawn(tmp_path):
    path = tmp_path / "thurber.png"
    figure.draw(path, thurber.CERTIFIED)
    pixels = image.imread(path)
    assert pixels.shape[0] > 500
    assert pixels.shape[1] > 1500
    # Three panels with something in each: no third of the picture is blank paper.
    for panel in np.array_split(pixels[..., :3], 3, axis=1):
        assert (panel.min(axis=-1) < 0.9).mean() > 0.01
