"""The figure of the main job: data and fit, and the error of Jacobians against step size."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import dualrev as dr
from dualrev.demo import thurber
from dualrev.explore.steps import quotient

STEPS = np.logspace(-15, -1, 57)
EPSILON = float(np.finfo(float).eps)


def forward_differences(b: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Jacobian of the residuals by one-sided differences, each parameter moved by step·|b|."""
    return _differences(b, step, "forward")


def central_differences(b: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Jacobian of the residuals by two-sided differences."""
    return _differences(b, step, "central")


def _differences(b: NDArray[np.float64], step: float, scheme: str) -> NDArray[np.float64]:
    columns = [
        quotient(thurber.residuals, b, unit, step * abs(size), scheme)
        for unit, size in zip(np.eye(b.size), b, strict=True)
    ]
    return np.stack(columns, axis=1)


def column_errors(jacobian: Any, exact: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest error in each column, relative to the largest entry of that column."""
    errors: NDArray[np.float64] = np.abs(jacobian - exact).max(axis=0) / np.abs(exact).max(axis=0)
    return errors


def draw(path: Path, parameters: NDArray[np.float64]) -> None:
    """Save the figure at `path`, for the fitted `parameters`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Figure and canvas by hand: pyplot would pick a backend and change the caller's state.
    figure = Figure(figsize=(13.5, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    data, forward, central = figure.subplots(1, 3, width_ratios=(1.05, 1, 1))
    _draw_fit(data, parameters)
    exact = thurber.exact_jacobian(parameters)
    automatic = column_errors(dr.jacobian(thurber.residuals)(parameters), exact)
    for axes, title, differences, order in (
        (forward, "Forward differences", forward_differences, 1),
        (central, "Central differences", central_differences, 2),
    ):
        errors = np.array([column_errors(differences(parameters, h), exact) for h in STEPS])
        _draw_errors(axes, errors, automatic, EPSILON ** (1 / (order + 1)))
        axes.set(title=title, xlabel="relative step h", ylim=(EPSILON / 8, 5.0))
    forward.set_ylabel("largest relative error in a column")
    handles, labels = forward.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=8, frameon=False, fontsize=9)
    figure.savefig(path, dpi=150)


def _draw_fit(axes: Any, parameters: NDArray[np.float64]) -> None:
    """Observations, the curve at the start and the fitted curve."""
    x = np.linspace(thurber.LOG_DENSITY.min(), thurber.LOG_DENSITY.max(), 400)
    axes.plot(x, thurber.model(thurber.START, x), "--", color="0.6", label="start")
    axes.plot(x, thurber.model(parameters, x), color="tab:blue", label="fit")
    axes.plot(
        thurber.LOG_DENSITY, thurber.MOBILITY, "o", ms=4.5, mfc="white", mec="black",
        label="observed",
    )  # fmt: skip
    axes.set(title="Thurber: data and fit", xlabel="log density x", ylabel="electron mobility y")
    axes.legend(frameon=False, loc="lower right")


def _draw_errors(
    axes: Any, errors: NDArray[np.float64], automatic: NDArray[np.float64], default_step: float
) -> None:
    """One curve per column for the differences, one level per column for automatic derivatives."""
    from dualrev.explore.plot import error_curves

    # An exact hit has no logarithm; it is drawn at a quarter of the spacing of floats.
    floor = EPSILON / 4
    # b1 ... b4 enter linearly: no truncation error, hence no right arm of the V.
    colours = ["#9ecae1", "#6baed6", "#3182bd", "#08519c", "#fdae6b", "#e6550d", "#a63603"]
    looks = {
        f"b{j + 1}": {"color": colour, "linestyle": "-", "lw": 1.6}
        for j, colour in enumerate(colours)
    }
    error_curves(STEPS, dict(zip(looks, errors.T, strict=True)), floor=floor, looks=looks, ax=axes)
    for error, colour in zip(automatic, colours, strict=True):
        axes.axhline(max(error, floor), color=colour, lw=1.2)
    axes.axvline(default_step, color="0.6", lw=1, ls=":", zorder=0)
    axes.text(1.4 * default_step, 1.8, "SciPy's step", color="0.4", va="top", fontsize=9)
    axes.text(STEPS[0], 1.6 * automatic.max(), "dualrev, every column", fontsize=9)
    axes.text(3e-4, 2e-10, "linear in\nb1 … b4", color=colours[2], fontsize=9)
