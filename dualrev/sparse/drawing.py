"""Pictures of patterns: with braille characters for a terminal, with matplotlib for paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.extras import extra
from dualrev.errors import ShapeError

__all__ = ["braille", "spy"]

# The picture in a repr has at most so many characters; one shows four rows and two columns.
_CHARACTERS = (16, 40)
# Bits of a braille character, by row and column in it (Unicode block 2800).
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
# Cells of a plot per side, so that none is thinner than a pixel and no entry is lost between them.
_CELLS = 300


def _cells(pattern: Any, high: int, wide: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of every entry, where the matrix is scaled down to so many rows and columns of cells."""
    m, n = pattern.shape
    rows, columns = np.arange(m) * high // m, np.arange(n) * wide // n
    return np.repeat(rows, np.diff(pattern.indptr)), columns[pattern.indices]


def braille(pattern: Any) -> str:
    """Draw the entries with braille characters, scaled down to what a screen holds; an empty matrix has no picture."""
    m, n = pattern.shape
    if not m or not n:
        return ""
    scale = max(m / (4 * _CHARACTERS[0]), n / (2 * _CHARACTERS[1]), 1.0)
    high, wide = max(1, int(m / scale)), max(1, int(n / scale))
    dots = np.zeros((-(-high // 4) * 4, -(-wide // 2) * 2), bool)
    dots[_cells(pattern, high, wide)] = True
    blocks = dots.reshape(dots.shape[0] // 4, 4, dots.shape[1] // 2, 2)
    codes = 0x2800 + np.einsum("iajb,ab->ij", blocks, _DOTS)
    lines = ["".join(map(chr, row)) for row in codes.tolist()]
    if len(lines) == 1:
        return f"[{lines[0]}]"
    sides = [("⎡", "⎤"), *[("⎢", "⎥")] * (len(lines) - 2), ("⎣", "⎦")]
    return "\n".join(left + line + right for (left, right), line in zip(sides, lines, strict=True))


def spy(pattern: Any, ax: Any = None, colours: Any = None) -> Any:
    """Draw the entries with matplotlib; see `Pattern.spy`."""
    use = "Pattern.spy draws with matplotlib"
    plt = extra("matplotlib.pyplot", "plot", use)
    colormaps = extra("matplotlib", "plot", use).colormaps
    if ax is None:
        _, ax = plt.subplots()
    m, n = pattern.shape
    high, wide = min(m, _CELLS), min(n, _CELLS)
    picture = np.ones((max(high, 1), max(wide, 1), 3))
    if pattern.nnz:
        where = _cells(pattern, high, wide)
        if colours is None:
            picture[where] = colormaps["tab10"](0)[:3]
        else:
            palette = np.array(
                [colormaps["tab20"](k)[:3] for k in [*range(0, 20, 2), *range(1, 20, 2)]]
            )
            which = _entry_colours(pattern, colours)
            shown = palette[which % len(palette)]
            shown[which < 0] = 0.8
            picture[where] = shown
    extent = (-0.5, max(n, 1) - 0.5, max(m, 1) - 0.5, -0.5)
    ax.imshow(picture, extent=extent, interpolation="nearest", aspect="equal")
    ax.xaxis.tick_top()
    for axis, size in ((ax.xaxis, n), (ax.yaxis, m)):
        axis.get_major_locator().set_params(integer=True, nbins=6)
        if size <= 10:
            axis.set_ticks(range(size))
    ax.set_xlabel(f"{pattern.nnz:,} entries ({100 * pattern.density:.3g}%)")
    return ax


def _entry_colours(pattern: Any, colours: Any) -> Any:
    """Return the colour by which every entry is found, -1 for none."""
    m, n = pattern.shape
    rows, columns = colours if isinstance(colours, tuple) else (None, colours)
    if rows is None and n != m and np.shape(columns) == (m,):
        rows, columns = columns, None
    for given, size, word in ((rows, m, "row"), (columns, n, "column")):
        if given is not None and np.shape(given) != (size,):
            raise ShapeError(
                f"spy: {size} {word}s have {size} colours, not an array of shape {np.shape(given)}"
            )
    if columns is None:
        return np.asarray(rows)[pattern.rows]
    by_column = np.asarray(columns)[pattern.columns]
    if rows is None:
        return by_column
    # Of two colours that of the column, unless it has another entry in this row.
    offset = int(np.max(columns, initial=-1)) + 1
    by_row = np.asarray(rows)[pattern.rows]
    places = by_column.astype(np.intp) * m + pattern.rows
    numbers = np.bincount(places[by_column >= 0], minlength=max(offset * m, 1))
    alone = (by_column >= 0) & (numbers[places] == 1)
    return np.where(alone, by_column, np.where(by_row >= 0, by_row + offset, -1))
