"""Loss surfaces of two variables, as contours and in space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.explore.plot.grids import grid, levels_of
from dualrev.explore.plot.style import fill_colours, label, own

__all__ = ["raised", "surface", "surface3d"]

# Share of the rectangle below the floor of a logarithmic surface in space: in a narrow valley the points of the grid
# lie at all heights, and what is drawn between them is a comb.
_FLOOR = 0.03


def surface(
    f: Callable[[Any], Any],
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    *,
    ax: Any = None,
    levels: Any = "log",
    minimum: float | None = None,
    resolution: int = 201,
    filled: bool = True,
) -> Any:
    """Draw the contours of a function of two variables.

    Parameters
    ----------
    f : callable
        ``f(x)`` of an array of shape (2,) returns one real number. It is evaluated for many points at once by `vmap`,
        and point by point where that is not possible.
    xlim, ylim : tuple of two float
        The rectangle; the axes get these limits.
    ax : matplotlib axes, optional
        A new figure by default.
    levels : {"log", "linear"}, int or array_like of float
        "log" spaces the contours logarithmically above the minimum, so that valleys show as well as walls; a number
        is that of such contours (12 by default); an array holds the levels themselves.
    minimum : float, optional
        The least value of `f`, if known; by default that of the grid.
    resolution : int
        Points per side.
    filled : bool
        Shade between the contours, lightest at the bottom.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ShapeError
        If `f` does not return one number.
    ValueError
        If limits, levels or resolution make no picture, or `f` is constant or nowhere finite in the rectangle.

    Notes
    -----
    Where `f` is not finite the paper stays white. Cost: ``resolution**2`` evaluations.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from dualrev.explore import plot
    >>> rosenbrock = lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    >>> ax = plot.surface(rosenbrock, (-2, 2), (-1, 3))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('$x_0$', '$x_1$')
    >>> plt.close(ax.figure)
    """
    x, y, z = grid("surface", f, xlim, ylim, resolution)
    at = levels_of("surface", z, levels, minimum)
    ax = own("surface", ax)
    shown = np.ma.masked_invalid(z)
    if filled:
        low, high = float(shown.min()), float(shown.max())
        inner = at[(at > low) & (at < high)]
        edges = np.concatenate([[low], inner, [high]])
        ax.contourf(x, y, shown, levels=edges, colors=fill_colours(len(edges) - 1), zorder=0.5)
    # Matplotlib's default dashes negative levels; where zero lies means nothing here.
    ax.contour(
        x, y, shown, levels=at, colors="0.55", linewidths=0.5, linestyles="solid", zorder=0.6
    )
    ax.set(xlim=xlim, ylim=ylim)
    label(ax, "$x_0$", "$x_1$")
    return ax


def surface3d(
    f: Callable[[Any], Any],
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    *,
    ax: Any = None,
    scale: str = "linear",
    minimum: float | None = None,
    resolution: int = 81,
) -> Any:
    """Draw a function of two variables as a surface in space.

    Parameters
    ----------
    f, xlim, ylim, minimum
        As in `surface`.
    ax : matplotlib 3-D axes, optional
        A new figure by default.
    scale : {"linear", "log"}
        Of the height: ``f``, or the decimal logarithm of ``f - minimum``, cut off below where 3% of the
        rectangle lie.
    resolution : int
        Points per side.

    Returns
    -------
    matplotlib 3-D axes

    Raises
    ------
    TypeError
        If `ax` has two dimensions.
    ShapeError, ValueError
        As in `surface`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> ax = plot.surface3d(lambda x: np.sum(x**2), (-1, 1), (-1, 1))
    >>> ax.get_zlabel()
    '$f$'
    >>> plt.close(ax.figure)
    """
    return raised("surface3d", f, xlim, ylim, ax, scale, minimum, resolution)[0]


def raised(
    name: str,
    f: Any,
    xlim: Any,
    ylim: Any,
    ax: Any,
    scale: str,
    minimum: float | None,
    resolution: int,
) -> tuple[Any, Callable[[Any], Any]]:
    """Draw the surface; return the axes, and the function from values to heights."""
    if scale not in ("linear", "log"):
        raise ValueError(f"plot.{name}: scale= is 'linear' or 'log', not {scale!r}")
    x, y, z = grid(name, f, xlim, ylim, resolution)
    levels_of(name, z, "log", minimum)
    low = float(np.nanmin(z)) if minimum is None else float(minimum)
    floor = float(np.quantile(z[z > low], _FLOOR)) - low

    def height(values: Any) -> Any:
        if scale == "linear":
            return np.asarray(values, float)
        return np.log10(np.maximum(np.asarray(values, float) - low, floor))

    ax = own(name, ax, projection="3d", height=10.0)
    from matplotlib.colors import ListedColormap

    # Lines are drawn over the surface that they lie on; by distance from the eye they would be half hidden in it.
    ax.computed_zorder = False
    ax.plot_surface(
        x, y, np.ma.masked_invalid(height(z)), cmap=ListedColormap(fill_colours(256)),
        rcount=resolution, ccount=resolution, edgecolor="0.6", linewidth=0.1, zorder=1,
    )  # fmt: skip
    ax.set(xlim=xlim, ylim=ylim)
    label(ax, "$x_0$", "$x_1$", "$f$" if scale == "linear" else r"$\log_{10}(f - \min f)$")
    return ax, height
