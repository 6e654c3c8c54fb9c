"""What a tape costs by operation, as bars: time forward and in the sweep, and bytes held in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.errors import ShapeError
from dualrev.explore.plot.style import COLOURS, _new, check_axes, label, legend
from dualrev.explore.profile import Entry, Profile, profile, seconds, size, together

__all__ = ["tape"]


def tape(
    f: Callable[..., Any] | Profile,
    *args: Any,
    by: str = "operation",
    top: int = 12,
    axes: Any = None,
    **options: Any,
) -> Any:
    """Draw time and memory of a reverse derivative, operation by operation.

    Parameters
    ----------
    f : callable or Profile
        A function of `args`, or what `dualrev.explore.profile.profile` measured of one.
    *args
        Where the function is evaluated.
    by : {"operation", "line"}
        A bar per primitive or per line of the user's source.
    top : int
        As many bars, the most expensive; what is left is one more.
    axes : pair of matplotlib axes, optional
        For time and for memory; a new figure by default.
    **options
        For `profile`: argnums, repeats.

    Returns
    -------
    array of two matplotlib axes
        On the left seconds forward and in the sweep, one after the other; on the right bytes that the tape holds.

    Raises
    ------
    TypeError
        If `args` or `options` are given with a measured profile.
    ShapeError
        If `axes` are not two.

    Notes
    -----
    The grey bar is Python, recording and work on plain arrays: what whole passes take beyond the sum of the operations.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> time, memory = plot.tape(lambda x: np.sum(np.sin(x) * x), np.ones(1000))
    >>> [float(bar.get_width()) for bar in memory.patches if bar.get_width()]
    [8.0, 8.0]
    >>> memory.get_xlabel()
    'held (kB)'
    >>> plt.close(time.figure)
    """
    if isinstance(f, Profile):
        if args or options:
            raise TypeError(
                "plot.tape: the costs are measured already; arguments and options go with a function"
            )
        found = f
    else:
        found = profile(f, *args, **options)
    number: Any = top
    if not isinstance(number, int | np.integer) or number < 1:
        raise ValueError(f"plot.tape: top= is a positive integer, not {top!r}")
    rows = list(found.rows(by))
    if len(rows) > top + 1:
        rest = rows[top:]
        rows = [
            *rows[:top],
            together(f"{len(rest)} more", rest),
        ]
    if axes is None:
        height = 2.2 + 0.55 * (len(rows) + 1)
        axes = _new("tape", 12.0, height, 1, 2, None, {"sharey": True})
    pair = np.ravel(axes)
    if pair.shape != (2,):
        raise ShapeError(f"plot.tape: axes= is two axes, not {pair.size}")
    for ax in pair:
        check_axes("tape", ax)
    names = [f"{_short(c.name) if by == 'line' else c.name} ({c.calls})" for c in rows]
    _bars(pair, names, rows, found.rest)
    return pair


def _bars(pair: Any, names: list[str], rows: list[Entry], rest: tuple[float, float]) -> None:
    time, memory = pair
    names = [*names, "Python, recording"]
    places = np.arange(len(names))
    unit, word = _unit(max([c.forward + c.sweep for c in rows] + [sum(rest)]), seconds)
    forward = np.array([*(c.forward for c in rows), rest[0]]) / unit
    back = np.array([*(c.sweep for c in rows), rest[1]]) / unit
    shades = [COLOURS[0]] * len(rows) + ["0.5"]
    pale = [COLOURS[5]] * len(rows) + ["0.8"]
    frame = {"height": 0.7, "edgecolor": "black", "linewidth": 0.5}
    time.barh(places, forward, color=shades, label="forward", **frame)
    # Hatched, so that the two are told apart in grey.
    time.barh(places, back, left=forward, color=pale, hatch="////", label="sweep", **frame)
    label(time, f"time ({word})")
    unit, word = _unit(max(c.held for c in rows), size)
    memory.barh(places, [*(c.held / unit for c in rows), 0.0], color=COLOURS[4], **frame)
    label(memory, f"held ({word})")
    for ax in pair:
        ax.set_yticks(places, names)
        ax.set_ylim(len(names) - 0.5, -0.5)
        ax.grid(True, axis="x", color="0.9", linewidth=0.5)
        ax.set_axisbelow(True)
        ax.get_xaxis().get_major_locator().set_params(nbins=4)
    memory.tick_params(labelleft=False)
    legend(time, above=True, handlelength=1.5)


def _unit(most: float, write: Callable[[float], str]) -> tuple[float, str]:
    """Return the unit in which the largest of some amounts is written, and its name."""
    word = write(most).split()[1] if most else write(1).split()[1]
    scale = {
        "ns": 1e-9,
        "µs": 1e-6,
        "ms": 1e-3,
        "s": 1.0,
        "B": 1.0,
        "kB": 1e3,
        "MB": 1e6,
        "GB": 1e9,
    }
    return scale[word], word


def _short(where: str) -> str:
    """Return ``file:line`` of ``folder/file:line, in function``."""
    return where.split(", in ", maxsplit=1)[0].replace("\\", "/").rsplit("/", 1)[-1]
