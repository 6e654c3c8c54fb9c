"""Sparsity: a pattern in the colours by which it is computed, and the compressed matrix beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.errors import ShapeError
from dualrev.explore.plot.style import _new, check_axes, close, own

__all__ = ["compression", "spy"]


def spy(pattern: Any, colours: Any = None, *, ax: Any = None) -> Any:
    """Draw where a matrix is nonzero, entries that are found in the same direction in one colour.

    Parameters
    ----------
    pattern : Pattern, array_like, sparse, or sparse Jacobian or Hessian
        A transform of `dualrev.sparse` brings its colours.
    colours : array_like of int or tuple of two, optional
        As in `dualrev.sparse.Pattern.spy`.
    ax : matplotlib axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib axes

    Raises
    ------
    ShapeError
        If there are not as many colours as columns or rows.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> ax = plot.spy(np.eye(3))
    >>> ax.get_xlabel()
    '3 entries (33.3%)'
    >>> plt.close(ax.figure)
    """
    found, colours = _coloured(pattern, colours)
    none = isinstance(colours, tuple) and all(part is None for part in colours)
    given = ax
    ax = own("spy", ax, width=8.0, height=8.0)
    try:
        return found.spy(ax, None if none else colours)
    except BaseException:
        if given is None:
            close(ax)
        raise


def compression(pattern: Any, colours: Any = None, *, axes: Any = None) -> Any:
    """Draw a pattern in its colours, and beside it the compressed matrix that is computed in its place.

    Parameters
    ----------
    pattern, colours
        As in `spy`; colours of the columns are found where none are given.
    axes : pair of matplotlib axes, optional
        For the pattern and for the compressed matrix; a new figure by default.

    Returns
    -------
    array of two matplotlib axes
        A column (row) of the compressed matrix is the sum of those of one colour. Those of a Jacobian share no row
        (column), so that its entries can be read off; those of a Hessian may, and symmetry tells the rest.

    Raises
    ------
    ShapeError
        If there are not as many colours as columns or rows, or they are colours of both.

    Examples
    --------
    >>> import matplotlib.pyplot as plt, numpy as np
    >>> from dualrev.explore import plot
    >>> left, right = plot.compression(np.eye(3))
    >>> right.get_xlabel()
    '1 column'
    >>> plt.close(left.figure)
    """
    from dualrev.sparse.colouring import column_colouring
    from dualrev.sparse.pattern import Pattern

    found, colours = _coloured(pattern, colours)
    rows, columns = colours if isinstance(colours, tuple) else (None, colours)
    if rows is None and columns is None:
        columns = column_colouring(found)
    m, n = found.shape
    if rows is None and m != n and np.shape(columns) == (m,):
        rows, columns = columns, None
    if rows is not None and columns is not None:
        raise ShapeError(
            "plot.compression: these are colours of rows and of columns; pass those of one of them, for instance "
            "dualrev.sparse.column_colouring(pattern)"
        )
    word, size, given = ("row", m, rows) if columns is None else ("column", n, columns)
    given = np.asarray(given)
    if given.shape != (size,):
        raise ShapeError(
            f"plot.compression: {size} {word}s have {size} colours, not an array of shape {given.shape}"
        )
    count = int(given.max(initial=-1)) + 1
    across, down = (
        (given[found.columns], found.rows)
        if word == "column"
        else (found.columns, given[found.rows])
    )
    kept = (across >= 0) & (down >= 0)
    shape = (m, count) if word == "column" else (count, n)
    small = Pattern.from_coordinates(down[kept], across[kept], shape)
    if axes is None:
        # Narrower than its label the compressed matrix need not be.
        ratios = (n, max(shape[1], 0.4 * n))
        axes = _new("compression", 12.0, 7.0, 1, 2, None, {"width_ratios": ratios})
    pair = np.ravel(axes)
    if pair.shape != (2,):
        raise ShapeError(f"plot.compression: axes= is two axes, not {pair.size}")
    for ax in pair:
        check_axes("compression", ax)
    found.spy(pair[0], (rows, columns))
    numbers = np.arange(count)
    small.spy(pair[1], (None, numbers) if word == "column" else (numbers, None))
    if count > 2:
        # A narrow matrix has no room for all of its numbers.
        (pair[1].set_xticks if word == "column" else pair[1].set_yticks)([0, count - 1])
    pair[1].set_xlabel(f"{count} {word}{'s' * (count != 1)}")
    return pair


def _coloured(pattern: Any, colours: Any) -> tuple[Any, Any]:
    """Return the pattern, and the colours that were given or that it comes with."""
    from dualrev.sparse.pattern import as_pattern
    from dualrev.sparse.transform import SparseTransform

    if isinstance(pattern, SparseTransform):
        # A square Jacobian's colours alone do not say whether they are of rows or of columns; its preparation does.
        prepared = pattern._prepared()
        both = prepared.rows, prepared.columns
        return prepared.pattern, both if colours is None else colours
    return as_pattern(pattern), colours
