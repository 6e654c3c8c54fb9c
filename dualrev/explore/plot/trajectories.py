"""The paths of optimisers in the plane and on a surface in space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dualrev.errors import ShapeError, describe
from dualrev.explore.plot.grids import values
from dualrev.explore.plot.plain import plain
from dualrev.explore.plot.style import label, legend, own, spaced, styles
from dualrev.explore.plot.surfaces import raised, surface
from dualrev.explore.runs import Run

__all__ = ["trajectories", "trajectories3d"]

_DIVERGES = " (diverges)"


def trajectories(
    runs: Mapping[str, Any],
    *,
    f: Callable[[Any], Any] | None = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    ax: Any = None,
    **options: Any,
) -> Any:
    """Draw the paths of optimisers in the plane, on the contours of a function if it is given.

    Parameters
    ----------
    runs : mapping of str to array_like of shape (k, 2), Run, or result of a solver
        The points that each went through, in order; a result with a ``trajectory`` will do. A path that leaves the
        finite numbers is drawn as far as it is finite, and the legend says so.
    f : callable, optional
        Its contours are drawn first, by `surface`.
    xlim, ylim : tuple of two float, optional
        The rectangle; by default all paths with a margin. Without `f`, limits that `ax` has are kept.
    ax : matplotlib axes, optional
        A new figure by default; for instance one that `surface` has drawn on.
    **options
        For `surface`: levels, minimum, resolution, filled.

    Returns
    -------
    matplotlib axes
        An open ring marks where a path begins, a star where it ends.

    Raises
    ------
    ShapeError
        If a path does not have two columns.
    ValueError
        If there is none, or one has no finite point.

    See Also
    --------
    descend : records such a path.
    trajectories3d : the same in space.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> bowl = lambda x: x[0] ** 2 + 10 * x[1] ** 2
    >>> start = np.array([2.0, 1.0])
    >>> slow = plot.descend(bowl, start, lambda g, state, x: x - 0.05 * g, steps=30)
    >>> ax = plot.trajectories({"descent": slow, "BFGS": plot.descend(bowl, start, "BFGS")}, f=bowl)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['descent', 'BFGS']
    >>> plt.close(ax.figure)
    """
    paths = _paths("trajectories", runs)
    if f is None and options:
        raise TypeError(
            f"plot.trajectories: {', '.join(options)}= belong to the surface of f=, which is missing"
        )
    if f is None or ax is not None:
        ax = own("trajectories", ax)
    if f is not None:
        own_x, own_y = _around(paths)
        ax = surface(f, xlim or own_x, ylim or own_y, ax=ax, **options)
    for k, ((name, path), look) in enumerate(zip(paths, styles(), strict=False)):
        _path(ax, path, look, name, k, len(paths))
    if f is None:
        ax.set(**{k: v for k, v in (("xlim", xlim), ("ylim", ylim)) if v is not None})
        label(ax, "$x_0$", "$x_1$")
    legend(ax, above=True)
    return ax


def trajectories3d(
    runs: Mapping[str, Any],
    f: Callable[[Any], Any],
    *,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    ax: Any = None,
    scale: str = "linear",
    minimum: float | None = None,
    resolution: int = 81,
) -> Any:
    r"""Draw the paths of optimisers on the surface of a function in space.

    Parameters
    ----------
    runs, xlim, ylim
        As in `trajectories`. What lies outside the rectangle is not drawn.
    f, ax, scale, minimum, resolution
        As in `surface3d`.

    Returns
    -------
    matplotlib 3-D axes

    Raises
    ------
    TypeError
        If `ax` has two dimensions.
    ShapeError, ValueError
        As in `trajectories` and `surface`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> bowl = lambda x: x[0] ** 2 + 10 * x[1] ** 2
    >>> run = plot.descend(bowl, np.array([2.0, 1.0]), "CG")
    >>> ax = plot.trajectories3d({"CG": run}, bowl, scale="log")
    >>> ax.get_zlabel()
    '$\\log_{10}(f - \\min f)$'
    >>> plt.close(ax.figure)
    """
    paths = _paths("trajectories3d", runs)
    own_x, own_y = _around(paths)
    xlim, ylim = xlim or own_x, ylim or own_y
    ax, height = raised("trajectories3d", f, xlim, ylim, ax, scale, minimum, resolution)
    for k, ((name, path), look) in enumerate(zip(paths, styles(), strict=False)):
        z = height(values("trajectories3d", f, path))
        low, high = np.transpose([xlim, ylim])
        inside: Any = ((path >= low) & (path <= high)).all(axis=1)
        points = np.where(inside[:, None], np.column_stack([path, z]), np.nan)
        _path(ax, points, look, name, k, len(paths))
    legend(ax, above=True, loc="center")
    return ax


def _path(ax: Any, points: np.ndarray, look: Any, name: str, k: int, count: int) -> None:
    """Draw a path with a ring at its beginning and a star at its end."""
    marked = {**look, "markersize": 3.0, "markevery": spaced(len(points), k, count, 12)}
    ax.plot(*points.T, **marked, label=name, zorder=3)
    ax.plot(*points[:1].T, "o", mfc="white", mec="black", ms=6.0, mew=1.0, zorder=3.5)
    ax.plot(*points[-1:].T, "*", mfc=look["color"], mec="black", ms=10.0, mew=0.6, zorder=4)


def _paths(name: str, runs: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
    """Return label and finite points of every path."""
    if not isinstance(runs, Mapping):
        raise TypeError(
            f"plot.{name}: the paths are a mapping from label to points, not a {type(runs).__name__}: "
            "{'Adam': points, ...}"
        )
    if not runs:
        raise ValueError(f"plot.{name}: there is no path to draw")
    out = []
    for word, run in runs.items():
        given = run.points if isinstance(run, Run) else getattr(run, "trajectory", run)
        try:
            path = np.array([plain(p) for p in given], dtype=float)
        except (TypeError, ValueError):
            raise ShapeError(
                f"plot.{name}: the path {word!r} is {describe(given)}, not an array of shape (k, 2); a solver's result "
                "has points if it has a trajectory"
            ) from None
        if path.ndim != 2 or path.shape[1] != 2 or not len(path):
            raise ShapeError(
                f"plot.{name}: the path {word!r} has shape {path.shape}; it must be (k, 2), one point a row"
            )
        finite = np.isfinite(path).all(axis=1)
        stop = len(path) if finite.all() else int(np.argmin(finite))
        if not stop:
            raise ValueError(
                f"plot.{name}: the path {word!r} begins at {path[0]}, which is not finite"
            )
        out.append((str(word) if stop == len(path) else f"{word}{_DIVERGES}", path[:stop]))
    return out


def _around(paths: Any) -> tuple[Any, Any]:
    """Return limits that hold all paths, with a margin; of those that diverge they hold the beginning."""
    every = np.concatenate([path[:1] if name.endswith(_DIVERGES) else path for name, path in paths])
    low, high = every.min(axis=0), every.max(axis=0)
    width = high - low
    # A path along one axis still gets an area.
    width = np.where(width > 0, width, width.max() if width.max() > 0 else 1.0)
    low, high = low - 0.15 * width, high + 0.15 * width
    return (low[0], high[0]), (low[1], high[1])
