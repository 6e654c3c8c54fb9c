"""Convergence curves: how fast runs of optimisers get to the bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dualrev.errors import ShapeError
from dualrev.explore.plot.plain import array
from dualrev.explore.plot.style import label, legend, own, spaced, styles
from dualrev.explore.runs import Run

__all__ = ["convergence"]

_LABELS = {"value": "$f(x_k)$", "gap": r"$f(x_k) - \min f$", "gradient": r"$\|\nabla f(x_k)\|$"}


def convergence(
    runs: Mapping[str, Any],
    *,
    quantity: str = "gap",
    best: float | None = None,
    ax: Any = None,
) -> Any:
    """Draw a quantity against the step for several runs, on a logarithmic scale.

    Parameters
    ----------
    runs : mapping of str to Run, array_like of shape (k,), or of shape (m, k)
        A `Run`, as `descend` makes it, knows values and gradients. An array holds the quantity itself at every step
        (for "gap" the values of the function); several rows are repetitions, of which the median and the band between
        the quartiles are drawn.
    quantity : {"gap", "value", "gradient"}
        "gap" is the value minus the best one, "gradient" the Euclidean norm of the gradient. "value" has a linear scale
        if one of the values is not positive.
    best : float, optional
        The least value, for "gap"; by default the least of all runs, which the run that found it then reaches: zero
        has no logarithm and is left out.
    ax : matplotlib axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ShapeError
        If a run is no vector or matrix.
    ValueError
        If there is no run, or none with a finite number, or one is below `best`, or `quantity` is unknown.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> bowl = lambda x: x[0] ** 2 + 10 * x[1] ** 2
    >>> run = plot.descend(bowl, [2.0, 1.0], lambda g, state, x: x - 0.05 * g, steps=30)
    >>> ax = plot.convergence({"descent": run}, best=0.0)
    >>> ax.get_yscale(), float(ax.lines[0].get_ydata()[0])
    ('log', 14.0)
    >>> plt.close(ax.figure)
    """
    if quantity not in _LABELS:
        raise ValueError(
            f"plot.convergence: quantity= is 'gap', 'value' or 'gradient', not {quantity!r}"
        )
    curves = _curves(runs, quantity)
    if quantity == "gap":
        least = min(float(np.nanmin(curve)) for _, curve in curves)
        if best is None:
            best = least
        # The solution itself is known to rounding only.
        elif least < best - 8 * np.finfo(float).eps * max(1.0, abs(best)):
            word = next(word for word, curve in curves if np.nanmin(curve) == least)
            raise ValueError(
                f"plot.convergence: best={best!r} is not the least value: the run {word!r} reaches {least!r}"
            )
        curves = [(word, curve - best) for word, curve in curves]
    logarithmic = quantity != "value" or all(np.nanmin(curve) > 0 for _, curve in curves)
    ax = own("convergence", ax)
    for k, ((word, curve), look) in enumerate(zip(curves, styles(), strict=False)):
        shown = np.where(curve > 0, curve, np.nan) if logarithmic else curve
        middle, steps = shown, np.arange(curve.shape[-1])
        if curve.ndim == 2:
            low, middle, high = np.quantile(shown, (0.25, 0.5, 0.75), axis=0)
            ax.fill_between(steps, low, high, color=look["color"], alpha=0.2, linewidth=0)
        ax.plot(steps, middle, **look, markevery=spaced(len(steps), k, len(curves)), label=word)
    if logarithmic:
        ax.set_yscale("log")
    ax.grid(True, color="0.9", linewidth=0.5)
    ax.set_axisbelow(True)
    label(ax, "step $k$", _LABELS[quantity])
    # Few fit into a corner; many would hide what they explain.
    legend(ax, above=len(curves) > 3)
    return ax


def _curves(runs: Mapping[str, Any], quantity: str) -> list[tuple[str, np.ndarray]]:
    """Return label and numbers of every run, NaN for what is not finite."""
    if not isinstance(runs, Mapping):
        raise TypeError(
            f"plot.convergence: the runs are a mapping from label to numbers, not a {type(runs).__name__}: "
            "{'Adam': values, ...}"
        )
    if not runs:
        raise ValueError("plot.convergence: there is no run to draw")
    out = []
    for word, run in runs.items():
        if isinstance(run, Run):
            given: Any = (
                np.linalg.norm(run.gradients, axis=1) if quantity == "gradient" else run.values
            )
        else:
            given = array("convergence", f"the run {word!r}", run)
        if given.ndim not in (1, 2) or not given.size:
            raise ShapeError(
                f"plot.convergence: the run {word!r} has shape {given.shape}; it must be (k,), one number a step, "
                "or (m, k) for m repetitions"
            )
        if not np.isfinite(given).any():
            raise ValueError(f"plot.convergence: the run {word!r} has no finite number")
        out.append((str(word), np.where(np.isfinite(given), given, np.nan)))
    return out
