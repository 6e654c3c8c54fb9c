"""What a model has learned: the regions of a classifier in the plane, and a curve through data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.errors import ShapeError
from dualrev.explore.plot.plain import array, plain
from dualrev.explore.plot.style import COLOURS, LINES, MARKS, label, legend, own, tint

__all__ = ["boundary", "fit"]

_SHADE = 0.45


def boundary(
    predict: Callable[[Any], Any],
    points: Any,
    labels: Any,
    *,
    classes: Any = None,
    ax: Any = None,
    resolution: int = 201,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Any:
    """Draw the regions of a classifier in the plane, with the data.

    Parameters
    ----------
    predict : callable
        Of an array of shape (n, 2) returns labels, of shape (n,); or probabilities: floats of shape (n, k), in the
        order of the sorted classes, or of shape (n,) for the second of two classes. Probabilities shade the regions.
    points : array_like of shape (n, 2)
    labels : array_like of shape (n,)
        Numbers or strings.
    classes : array_like, optional
        All classes, in the order of the probabilities; by default what occurs in `labels`, sorted.
    ax : matplotlib axes, optional
        A new figure by default.
    resolution : int
        Points per side at which the classifier is asked.
    xlim, ylim : tuple of two float, optional
        By default the data with a margin.

    Returns
    -------
    matplotlib axes
        Black lines are the boundaries. For two classes with probabilities, thin lines are at 1/4 and 3/4.

    Raises
    ------
    ShapeError
        If points, labels or predictions have other shapes.
    ValueError
        If the data are not finite, predictions are no probabilities, or a label is none of `classes`.

    Notes
    -----
    Cost: one call of `predict` with ``resolution**2`` points.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> points = np.random.default_rng(0).normal(size=(40, 2))
    >>> ax = plot.boundary(lambda x: 1 / (1 + np.exp(-4 * x[:, 0])), points, points[:, 0] > 0)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['False', 'True']
    >>> plt.close(ax.figure)
    """
    points, labels = _finite("boundary", "points", points), np.asarray(plain(labels))
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ShapeError(f"plot.boundary: the points have shape {points.shape}; it must be (n, 2)")
    if labels.shape != points.shape[:1]:
        raise ShapeError(
            f"plot.boundary: there are {len(points)} points, but the labels have shape {labels.shape}"
        )
    classes = np.unique(labels) if classes is None else np.asarray(classes)
    if unknown := set(labels.tolist()) - set(classes.tolist()):
        raise ValueError(
            f"plot.boundary: the label {min(unknown)!r} is not among the classes {classes.tolist()}"
        )
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * np.where(high > low, high - low, 1.0)
    xlim = xlim or (float(low[0] - margin[0]), float(high[0] + margin[0]))
    ylim = ylim or (float(low[1] - margin[1]), float(high[1] + margin[1]))
    # Centres of the cells of the picture, so that a colour is that of the point in its middle.
    x, y = (
        edges[:-1] + np.diff(edges) / 2
        for edges in (np.linspace(*xlim, resolution + 1), np.linspace(*ylim, resolution + 1))
    )
    across, up = np.meshgrid(x, y)
    shares = _shares(predict(np.column_stack([across.ravel(), up.ravel()])), classes, across.size)
    shares = shares.reshape(*across.shape, -1)

    ax = own("boundary", ax)
    palette = np.array([tint(COLOURS[k % len(COLOURS)], _SHADE) for k in range(len(classes))])
    # Mixed with white by how far the first class is ahead of what one knows without a model.
    ahead = (shares.max(axis=-1) * len(classes) - 1) / max(len(classes) - 1, 1)
    picture = 1 - ahead[..., None] * (1 - palette[shares.argmax(axis=-1)])
    ax.imshow(
        picture, extent=(*xlim, *ylim), origin="lower", aspect="auto", interpolation="nearest", zorder=0
    )  # fmt: skip
    _edges(ax, x, y, shares)
    for k, kind in enumerate(classes.tolist()):
        ax.plot(
            *points[labels == kind].T, MARKS[k % len(MARKS)], color=COLOURS[k % len(COLOURS)],
            ms=4.5, mec="white", mew=0.5, label=str(kind), zorder=3,
        )  # fmt: skip
    ax.set(xlim=xlim, ylim=ylim)
    label(ax, "$x_0$", "$x_1$")
    legend(ax, above=True, handlelength=1.0)
    return ax


def _edges(ax: Any, x: np.ndarray, y: np.ndarray, shares: np.ndarray) -> None:
    """Draw the lines at which another class comes to be the first."""
    count = shares.shape[-1]
    if count == 2 and ((shares > 0) & (shares < 1)).any():
        p = shares[..., 1]
        ax.contour(x, y, p, levels=[0.25, 0.75], colors="0.35", linewidths=0.6, linestyles="--")
        if p.min() < 0.5 < p.max():
            ax.contour(x, y, p, levels=[0.5], colors="black", linewidths=1.2)
        return
    for k in range(count - 1 if count == 2 else count):
        rest = np.delete(shares, k, axis=-1).max(axis=-1, initial=0.0)
        lead = shares[..., k] - rest
        if lead.min() < 0 < lead.max():
            ax.contour(x, y, lead, levels=[0.0], colors="black", linewidths=1.0)


def _shares(predicted: Any, classes: np.ndarray, count: int) -> np.ndarray:
    """Return probabilities of all classes, (count, k); labels are certain."""
    p = np.asarray(value(predicted))
    if p.shape == (count, len(classes)) and p.dtype.kind == "f" and len(classes) > 1:
        shares = p.astype(float)
    elif p.shape in ((count,), (count, 1)) and p.dtype.kind == "f" and classes.dtype.kind != "f":
        if len(classes) != 2:
            raise ShapeError(
                f"plot.boundary: predict returned one float a point, the probability of the second of two classes, but "
                f"there are {len(classes)} classes; return their probabilities, of shape (n, {len(classes)}), or labels"
            )
        shares = np.column_stack([1 - p.ravel(), p.ravel()]).astype(float)
    elif p.shape in ((count,), (count, 1)):
        shares = (p.reshape(-1, 1) == classes).astype(float)
        if (shares.sum(axis=1) != 1).any():
            other = p.reshape(-1)[int(np.argmin(shares.sum(axis=1)))]
            raise ValueError(
                f"plot.boundary: predict returned {other!r}, which is none of the classes {classes.tolist()}"
            )
    else:
        raise ShapeError(
            f"plot.boundary: predict returned shape {p.shape} and dtype {p.dtype} for {count} points; "
            f"it must be labels of shape (n,), or probabilities of shape (n, {len(classes)}). A function of one point "
            "is made one of many by dualrev.vmap"
        )
    # Some sum up to one in float32 only.
    if not (shares >= -1e-3).all() or np.abs(shares.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            "plot.boundary: predict returned floats that are no probabilities (from 0 to 1, with sum 1); apply a "
            "softmax or a sigmoid, or return labels"
        )
    clipped: np.ndarray = np.clip(shares, 0.0, 1.0)
    return clipped


def fit(
    x: Any,
    y: Any,
    predict: Callable[[Any], Any] | Mapping[str, Callable[[Any], Any]],
    *,
    band: Callable[[Any], Any] | None = None,
    xlim: tuple[float, float] | None = None,
    resolution: int = 400,
    ax: Any = None,
) -> Any:
    """Draw data of one variable and the curve that has been fitted to them.

    Parameters
    ----------
    x, y : array_like of shape (n,) or (n, 1)
    predict : callable, or mapping of str to callable
        The curve: of an array like `x`, with another number of rows, returns as many values. Labelled "fit"; several
        have their labels in a mapping.
    band : callable, optional
        Called like `predict`; returns a pair ``(low, high)``, between which is shaded.
    xlim : tuple of two float, optional
        Where the curves are drawn; by default over the data.
    resolution : int
        Points of a curve.
    ax : matplotlib axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ShapeError
        If `x` and `y`, or what a function returns, do not fit together.
    ValueError
        If the data are not finite, or the curve is finite nowhere.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> x = np.linspace(0, 1, 8)
    >>> ax = plot.fit(x, x**2, lambda x: x - 0.15, band=lambda x: (x - 0.3, x))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['fit', 'data']
    >>> plt.close(ax.figure)
    """
    x, y = _finite("fit", "x", x), _finite("fit", "y", y)
    if (
        x.ndim not in (1, 2)
        or x.size != len(x)
        or not x.size
        or y.shape not in (x.shape, x.shape[:1])
    ):
        raise ShapeError(
            f"plot.fit: x has shape {x.shape} and y {y.shape}; both must be (n,), or x of shape (n, 1)"
        )
    first, last = xlim or (float(x.min()), float(x.max()))
    across = np.linspace(first, last, resolution)
    grid = across.reshape(-1, *x.shape[1:])

    def curve(name: str, given: Any) -> np.ndarray:
        out = array("fit", name, given)
        if out.shape not in ((resolution,), (resolution, 1)):
            raise ShapeError(
                f"plot.fit: {name} returned shape {out.shape} for x of shape {grid.shape}; it must return one value "
                "a point"
            )
        if not np.isfinite(out).any():
            raise ValueError(f"plot.fit: {name} returned no finite number")
        return out.reshape(-1)

    shown = [] if band is None else [curve("band", given) for given in band(grid)]
    if len(shown) not in (0, 2):
        raise ShapeError(f"plot.fit: band returned {len(shown)} curves; it must return (low, high)")
    named = predict if isinstance(predict, Mapping) else {"fit": predict}
    lines = [(word, curve(f"the curve {word!r}", g(grid))) for word, g in named.items()]
    ax = own("fit", ax)
    if shown:
        ax.fill_between(across, *shown, color=tint(COLOURS[0], 0.25), linewidth=0, zorder=1)
    for k, (word, line) in enumerate(lines):
        ax.plot(
            across, line, color=COLOURS[k % len(COLOURS)], linestyle=LINES[k % len(LINES)], lw=1.5, label=word, zorder=2
        )  # fmt: skip
    ax.plot(
        x.ravel(), y.ravel(), "o", ms=4.0, mfc="white", mec="black", mew=0.9, label="data", zorder=3
    )
    label(ax, "$x$", "$y$")
    legend(ax)
    return ax


def _finite(name: str, word: str, given: Any) -> np.ndarray:
    out = array(name, word, given)
    if not np.isfinite(out).all():
        where = np.argwhere(~np.isfinite(out))[0].tolist()
        raise ValueError(f"plot.{name}: {word} is not finite at index {where}")
    return out
