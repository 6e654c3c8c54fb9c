"""What all pictures share: colours and marks that survive a black-and-white printer, sizes, axes, labels."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from dualrev.core.extras import extra

__all__ = ["COLOURS", "LINES", "MARKS", "axes", "fill_colours", "label", "legend", "own", "styles"]

# The palette of Okabe & Ito (2008), Color Universal Design, https://jfly.uni-koeln.de/color/, which all kinds of colour
# vision tell apart. Its yellow is left out: thin lines of it vanish on white paper.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
# Five and eight of these to seven colours: no two of the first 35 curves look alike, in grey neither.
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
MARKS = ("o", "s", "^", "D", "v", "P", "X", "p")
GREY = "0.45"

# What of a formula takes no room.
_FORMULA = re.compile(r"\\[a-z]+|[${}^_ ]")
_HORIZONTAL = ("handlelength", "handletextpad", "columnspacing")
_CENTIMETRE = 1 / 2.54
_LABEL, _TICKS = 9.0, 8.0
# A column of most journals is 8 to 9 cm wide, a page 17; axes for the screen lie between.
_WIDTH = 12.0


def _pyplot(name: str) -> Any:
    return extra("matplotlib.pyplot", "plot", f"plot.{name} draws with matplotlib")


def axes(
    width: float = _WIDTH,
    height: float | None = None,
    *,
    rows: int = 1,
    columns: int = 1,
    projection: str | None = None,
    **grid: Any,
) -> Any:
    """Make axes in a new figure, sized for paper: fonts of 8 and 9 points, thin frames, constrained layout.

    Parameters
    ----------
    width, height : float
        Of the figure, in centimetres; by default three quarters of a panel's width are its height.
    rows, columns : int
        Number of panels.
    projection : {None, "3d"}
        Of the axes.
    **grid
        As of ``matplotlib.figure.Figure.subplots``, for instance ``sharey=True``.

    Returns
    -------
    matplotlib axes, or array of them
        As ``Figure.subplots`` returns them.

    Raises
    ------
    ImportError
        If matplotlib is missing.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from dualrev.explore import plot
    >>> ax = plot.axes(width=8.0)
    >>> ax.figure.get_figwidth().round(2)  # inches
    np.float64(3.15)
    >>> plt.close(ax.figure)
    """
    return _new("axes", width, height, rows, columns, projection, grid)


def _new(
    name: str,
    width: float,
    height: float | None,
    rows: int,
    columns: int,
    projection: str | None,
    grid: dict[str, Any],
) -> Any:
    plt = _pyplot(name)
    if height is None:
        height = 0.75 * width / columns * rows
    figure = plt.figure(
        figsize=(width * _CENTIMETRE, height * _CENTIMETRE),
        layout="none" if projection == "3d" else "constrained",
    )
    if projection is not None:
        grid = {**grid, "subplot_kw": {**grid.get("subplot_kw", {}), "projection": projection}}
    with plt.rc_context({"grid.linewidth": 0.4, "grid.color": "0.8"}):
        made = figure.subplots(rows, columns, **grid)
    if projection == "3d":
        # Layouts leave labels of axes in space out of account: the right one needs room, and the legend above.
        figure.subplots_adjust(0.0, 0.9 / height, 1 - 1.3 / width, 1 - 1.0 / height)
    for ax in np.ravel(made):
        ax.tick_params(which="both", labelsize=_TICKS, width=0.6)
        for text in (ax.xaxis.label, ax.yaxis.label):
            text.set_fontsize(_LABEL)
        for spine in ax.spines.values():
            spine.set_linewidth(0.6)
        if projection == "3d":
            ax.zaxis.label.set_fontsize(_LABEL)
            for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
                axis.get_major_locator().set_params(nbins=5)
    return made


def own(
    name: str, ax: Any, *, projection: str | None = None, width: float = _WIDTH, **more: Any
) -> Any:
    """Return the axes to draw on: the given ones, or new ones; `name` is the function, for messages."""
    if ax is None:
        return _new(name, width, more.pop("height", None), 1, 1, projection, more)
    _pyplot(name)
    check_axes(name, ax, projection)
    return ax


def close(ax: Any) -> None:
    """Take back a figure that was made for nothing."""
    import matplotlib.pyplot as plt

    plt.close(ax.get_figure())


def check_axes(name: str, ax: Any, projection: str | None = None) -> None:
    """Raise if `ax` is nothing to draw on, or has two dimensions where three are needed, or three for two."""
    if not hasattr(ax, "plot") or not hasattr(ax, "get_figure"):
        raise TypeError(
            f"plot.{name}: ax= is a {type(ax).__name__}, not the axes of a Matplotlib figure; "
            "leave it out, or pass what plt.subplots() returns"
        )
    three = getattr(ax, "name", "") == "3d"
    if projection == "3d" and not three:
        raise TypeError(
            f"plot.{name}: ax= has two dimensions; make it with plt.subplots(subplot_kw={{'projection': '3d'}}) "
            "or dualrev.explore.plot.axes(projection='3d')"
        )
    if projection is None and three:
        raise TypeError(f"plot.{name}: ax= has three dimensions, and this picture is flat")


def label(ax: Any, x: str = "", y: str = "", z: str = "") -> None:
    """Label what the user has not labelled."""
    if x and not ax.get_xlabel():
        ax.set_xlabel(x)
    if y and not ax.get_ylabel():
        ax.set_ylabel(y)
    if z and not ax.get_zlabel():
        ax.set_zlabel(z)


def legend(ax: Any, above: bool = False, **options: Any) -> None:
    """Draw a legend one point smaller than the labels, if there is anything to name; `above` the axes or in them."""
    handles, words = ax.get_legend_handles_labels()
    if not handles:
        return
    size = ax.xaxis.label.get_fontsize() - 1
    options = {"handlelength": 2.4, "handletextpad": 0.5, "columnspacing": 1.0, **options}
    if above:
        # As many columns as fit over axes and their labels; a letter is about 0.55 of its size wide.
        share = 1.0 if ax.name == "3d" else min(ax.get_position().width / 0.775, 1.0)
        room = share * ax.get_figure().get_figwidth() * 72 / size
        entry = 0.55 * max(len(_FORMULA.sub("", word)) for word in words) + sum(
            options[k] for k in _HORIZONTAL
        )
        columns = min(max(int(room / entry), 1), len(words))
        # Filled rows: five entries that fit four a row are three and two.
        columns = -(-len(words) // -(-len(words) // columns))
        options = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": columns, **options}
    ax.legend(**{"fontsize": size, "frameon": False, **options})


def styles(marks: bool = True) -> Iterator[dict[str, Any]]:
    """Yield the looks of curves: colour, dashes and mark all differ from one to the next."""
    for colour, line, mark in zip(
        itertools.cycle(COLOURS), itertools.cycle(LINES), itertools.cycle(MARKS), strict=False
    ):
        look = {"color": colour, "linestyle": line, "linewidth": 1.3}
        if marks:
            look |= {
                "marker": mark,
                "markersize": 4.0,
                "markerfacecolor": "white",
                "markeredgewidth": 1.0,
            }
        yield look


def spaced(count: int, k: int = 0, curves: int = 1, marks: int = 9) -> tuple[int, int]:
    """Return at which point the marks of the `k`-th of some curves begin, and every how many there is one."""
    every = max(1, -(-count // marks))
    return k * every // curves, every


def fill_colours(count: int) -> np.ndarray:
    """Return `count` pale colours from white down, equally far apart in lightness, for lines to be drawn upon.

    They are cividis (Nuñez, Anderton & Renslow 2018, doi:10.1371/journal.pone.0199239) mixed with white.
    """
    from matplotlib import colormaps

    share = np.linspace(0.12, 0.55, 256)[:, None]
    fine = 1 - share * (1 - colormaps["cividis"](np.linspace(1.0, 0.25, 256))[:, :3])
    # L* of CIE 1976 from sRGB (IEC 61966-2-1). It falls along the mixture, so it can be inverted.
    linear = np.where(fine <= 0.04045, fine / 12.92, ((fine + 0.055) / 1.055) ** 2.4)
    light = np.cbrt(linear @ [0.2126, 0.7152, 0.0722])
    at = np.linspace(light[0], light[-1], count)
    return np.stack([np.interp(-at, -light, channel) for channel in fine.T], axis=1)


def tint(colour: Any, share: float) -> np.ndarray:
    """Mix a colour with white."""
    from matplotlib.colors import to_rgb

    mixed: np.ndarray = 1 - share * (1 - np.array(to_rgb(colour)))
    return mixed
