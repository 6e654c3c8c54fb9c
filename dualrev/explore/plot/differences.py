"""Finite differences against the exact derivative: the V of truncation and rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualrev.explore.plot.style import COLOURS, GREY, LINES, MARKS, label, legend, own
from dualrev.explore.steps import SCHEMES, StepErrors, step_errors

__all__ = ["differences", "error_curves"]

_WORDS = {"forward": "forward", "central": "central", "complex": "complex step"}
_TERMS = {"forward": "$h$", "central": "$h^2$", "complex": "$h^2$"}


def differences(
    f: Callable[[Any], Any] | StepErrors,
    x: Any = None,
    direction: Any = None,
    *,
    steps: Any = None,
    schemes: Sequence[str] | None = None,
    exact: float | None = None,
    theory: bool = True,
    ax: Any = None,
) -> Any:
    """Draw the error of finite differences of a function against the step.

    Parameters
    ----------
    f : callable or StepErrors
        ``f(x)`` returns one real number; or what `dualrev.explore.steps.step_errors` found of it.
    x, direction, steps, schemes, exact
        As in `dualrev.explore.steps.step_errors`. Without `exact` the errors are those against dualrev's derivative;
        with it, the error of dualrev's derivative is drawn too.
    theory : bool
        Draw the asymptotes: the truncation error |f''| h / 2 or |f'''| h² / 6, and the rounding error ε |f| / h.
    ax : matplotlib axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib axes
        A large mark is at the best step of each scheme, which the legend names. An error of zero has no logarithm and
        is drawn at a quarter of the spacing of floating-point numbers.

    Raises
    ------
    ShapeError, ValueError
        As in `dualrev.explore.steps.step_errors`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> ax = plot.differences(np.sin, 1.0)
    >>> ax.get_xscale(), ax.get_xlabel()
    ('log', 'step $h$')
    >>> plt.close(ax.figure)
    """
    found = (
        f
        if isinstance(f, StepErrors)
        else step_errors(f, x, direction, steps=steps, schemes=schemes, exact=exact)
    )
    floor = found.epsilon / 4
    looks = {
        scheme: {
            "color": COLOURS[k],
            "linestyle": LINES[k],
            "lw": 1.3,
            "label": f"{_WORDS[scheme]}, best $h$ = {_power(found.best(scheme)[0])}",
        }
        for k, scheme in enumerate(SCHEMES)
        if scheme in found.errors
    }
    ax = own("differences", ax)
    error_curves(found.steps, found.errors, floor=floor, looks=looks, ax=ax)
    for scheme, look in looks.items():
        step, error = found.best(scheme)
        mark = MARKS[SCHEMES.index(scheme)]
        ax.plot(
            step,
            max(error, floor),
            mark,
            mfc=look["color"],
            mec="black",
            ms=7.0,
            zorder=4,
            clip_on=False,
        )
    if found.automatic is not None:
        ax.axhline(max(found.automatic, floor), color="black", lw=1.0, ls=":", label="dualrev")
    top = max(float(np.nanmax(errors)) for errors in found.errors.values())
    if theory:
        _theory(ax, found, floor, max(top, 1.0))
    ax.set_ylim(floor / 3, 10 * max(top, 1e3 * floor))
    label(ax, "step $h$", "relative error" if found.relative else "error")
    legend(ax, above=True)
    return ax


def error_curves(
    steps: Any, errors: Any, *, floor: float, looks: Any = None, ax: Any = None
) -> Any:
    """Draw errors against steps, both on logarithmic scales.

    Parameters
    ----------
    steps : array_like of shape (k,)
    errors : mapping of str to array_like of shape (k,)
    floor : float
        Where an error of zero, which has no logarithm, is drawn, and all below.
    looks : mapping of str to dict, optional
        Keyword arguments of each line.
    ax : matplotlib axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from dualrev.explore import plot
    >>> ax = plot.error_curves([0.1, 0.01], {"forward": [1e-2, 0.0]}, floor=1e-17)
    >>> ax.lines[0].get_ydata()
    array([1.e-02, 1.e-17])
    >>> plt.close(ax.figure)
    """
    ax = own("error_curves", ax)
    for k, (word, found) in enumerate(errors.items()):
        look = {
            "color": COLOURS[k % len(COLOURS)],
            "linestyle": LINES[k % len(LINES)],
            "label": word,
        }
        ax.loglog(steps, np.maximum(found, floor), **{**look, **(looks or {}).get(word, {})})
    return ax


def _theory(ax: Any, found: StepErrors, floor: float, top: float) -> None:
    """Draw the asymptotes between floor and top, with their names where the other errors are larger."""
    drawn: list[np.ndarray] = []
    for scheme, terms in found.truncation.items():
        if not any(np.array_equal(terms, other) for other in drawn):
            drawn.append(terms)
            _asymptote(
                ax,
                found.steps,
                terms,
                floor,
                top,
                _TERMS[scheme],
                0.15 if scheme != "forward" else 0.3,
            )
    for terms in list(found.rounding.values())[:1]:
        _asymptote(ax, found.steps, terms, floor, top, r"$\epsilon/h$", 0.12)


def _asymptote(ax: Any, h: Any, terms: Any, floor: float, top: float, word: str, at: float) -> None:
    """Draw one line with its name at a share of its height."""
    shown = np.flatnonzero((terms >= floor) & (terms <= top))
    if len(shown) < 2:
        return
    ax.plot(h[shown], terms[shown], color=GREY, lw=0.7, zorder=1)
    height = np.log(terms[shown])
    k = shown[np.argmin(np.abs(height - height.min() - at * np.ptp(height)))]
    ax.annotate(
        word, (h[k], terms[k]), xytext=(3, -3 if word != r"$\epsilon/h$" else 2), textcoords="offset points",
        ha="left", va="top" if word != r"$\epsilon/h$" else "bottom", color="0.3",
        fontsize=ax.xaxis.label.get_fontsize() - 1,
    )  # fmt: skip


def _power(h: float) -> str:
    """Write a step as mantissa and power of ten."""
    mantissa, _, exponent = f"{h:.0e}".partition("e")
    power = f"10^{{{int(exponent)}}}"
    return f"${power}$" if mantissa == "1" else rf"${mantissa}\cdot{power}$"
