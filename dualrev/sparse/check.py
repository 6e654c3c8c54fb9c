"""Colourings checked in the slow and obvious way: for tests, and for colourings that come from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from dualrev.errors import ShapeError
from dualrev.sparse.pattern import Pattern, as_pattern

__all__ = [
    "Verdict",
    "is_acyclic_colouring",
    "is_bidirectionally_recoverable",
    "is_directly_recoverable",
    "is_star_colouring",
    "is_structurally_orthogonal",
]


@dataclass(frozen=True)
class Verdict:
    """Whether something holds, and if not, where: true or false as a condition.

    Parameters
    ----------
    reason : str
        The first place where it does not hold; empty if it does.
    """

    reason: str = ""

    def __bool__(self) -> bool:
        return not self.reason

    def __repr__(self) -> str:
        return f"<no: {self.reason}>" if self.reason else "<yes>"


def is_structurally_orthogonal(pattern: Any, colours: Any, axis: int = 1) -> Verdict:
    """Say whether columns of one colour have no row in common, and every column with entries has a colour.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Jacobian.
    colours : array_like of int
        One colour for each column, -1 for none.
    axis : {1, 0}, optional
        0 asks the same of the rows and their columns.

    Returns
    -------
    Verdict
        True or false, with the reason.

    Notes
    -----
    The definition (Curtis, Powell & Reid 1974; Gebremedhin, Manne & Pothen 2005), entry by entry.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.check import is_structurally_orthogonal
    >>> bool(is_structurally_orthogonal(np.eye(3), [0, 0, 0]))
    True
    >>> is_structurally_orthogonal(np.tri(3), [0, 1, 0])
    <no: row 2 has entries in columns 0 and 2, both of colour 0>
    """
    pattern = as_pattern(pattern) if axis else as_pattern(pattern).T
    column, row = ("column", "row") if axis else ("row", "column")
    given = _colours(colours, pattern.shape[1], column)
    for i, entries in enumerate(_rows(pattern)):
        holder: dict[int, int] = {}
        for j in entries:
            if given[j] < 0:
                return Verdict(f"{column} {j} has an entry in {row} {i} and no colour")
            if given[j] in holder:
                return Verdict(
                    f"{row} {i} has entries in {column}s {holder[given[j]]} and {j}, both of colour {given[j]}"
                )
            holder[given[j]] = j
    return Verdict()


def is_directly_recoverable(pattern: Any, colours: Any) -> Verdict:
    """Say whether every entry of a symmetric matrix, or its mirror image, stands alone in the product of a colour.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Hessian.
    colours : array_like of int
        One colour for each column, -1 for none.

    Returns
    -------
    Verdict
        True or false, with the reason.

    Notes
    -----
    Symmetric orthogonality (Coleman & Moré 1984, Estimation of sparse Hessian matrices and graph coloring problems,
    Math. Programming 28): entry (i, j) can be read if no other column of the colour of j has an entry in row i, or
    no other column of the colour of i one in row j. Every star colouring has this; so has every colouring that is
    structurally orthogonal.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.check import is_directly_recoverable
    >>> bool(is_directly_recoverable([[1, 1, 0], [1, 1, 1], [0, 1, 1]], [0, 1, 0]))
    True
    """
    pattern = _symmetric(pattern)
    given = _colours(colours, pattern.shape[0], "column")
    return _recoverable(pattern, given, given)


def is_bidirectionally_recoverable(pattern: Any, row_colours: Any, column_colours: Any) -> Verdict:
    """Say whether every entry stands alone in the product of its column's colour, or of its row's.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Jacobian.
    row_colours, column_colours : array_like of int
        One colour for each row, and for each column; -1 for none.

    Returns
    -------
    Verdict
        True or false, with the reason.

    Notes
    -----
    The definition (Coleman & Verma 1998; Hossain & Steihaug 1998), entry by entry.

    Examples
    --------
    >>> from dualrev.sparse.check import is_bidirectionally_recoverable
    >>> arrow = [[1, 1, 1], [1, 1, 0], [1, 0, 1]]
    >>> bool(is_bidirectionally_recoverable(arrow, [0, -1, -1], [0, 1, 1]))
    True
    >>> is_bidirectionally_recoverable(arrow, [-1, -1, -1], [0, 1, 1])
    <no: entry (0, 1) is alone neither in column colour 1 nor in row colour -1>
    """
    pattern = as_pattern(pattern)
    rows = _colours(row_colours, pattern.shape[0], "row")
    return _recoverable(pattern, rows, _colours(column_colours, pattern.shape[1], "column"))


def is_star_colouring(pattern: Any, colours: Any) -> Verdict:
    """Say whether any two colours together make stars only, in the graph of a symmetric pattern.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Hessian.
    colours : array_like of int
        One colour for each column; -1 for a column that is not computed. That is allowed where the diagonal has no
        entry and the neighbours all have colours, no two the same.

    Returns
    -------
    Verdict
        True or false, with the reason.

    Notes
    -----
    The definition (Gebremedhin, Tarafdar, Manne & Pothen 2007; for columns without colour Montoison, Dalle &
    Gebremedhin 2025): neighbours differ, and no path of four vertices has two colours only. All such paths are walked.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.check import is_star_colouring
    >>> path = np.tri(4, k=1) * np.tri(4, k=1).T
    >>> is_star_colouring(path, [0, 1, 0, 1])
    <no: the path 0, 1, 2, 3 has two colours only>
    >>> is_star_colouring(path, [0, 1, 2, 0])
    <yes>
    """
    pattern = _symmetric(pattern)
    given = _colours(colours, pattern.shape[0], "column")
    near = _neighbours(pattern)
    proper = _proper(pattern, given, near)
    if not proper:
        return proper
    for v, around in enumerate(near):
        for w in around:
            for x in near[w]:
                if x == v or given[x] != given[v] or given[v] < 0:
                    continue
                for y in near[x]:
                    if y not in (v, w) and given[y] == given[w] >= 0:
                        return Verdict(f"the path {v}, {w}, {x}, {y} has two colours only")
    return Verdict()


def is_acyclic_colouring(pattern: Any, colours: Any) -> Verdict:
    """Say whether any two colours together make trees only, in the graph of a symmetric pattern.

    Parameters
    ----------
    pattern : Pattern, array_like or sparse
        The pattern of a Hessian.
    colours : array_like of int
        One colour for each column; -1 for a column that is not computed, as for `is_star_colouring`.

    Returns
    -------
    Verdict
        True or false, with the reason.

    Notes
    -----
    The definition (Gebremedhin, Tarafdar, Manne & Pothen 2007): neighbours differ, and no cycle has two
    colours only. From the graph of every two colours the vertices with one neighbour are taken away until none is
    left; what remains are cycles.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.check import is_acyclic_colouring
    >>> ring = np.eye(4) + np.roll(np.eye(4), 1, axis=0) + np.roll(np.eye(4), -1, axis=0)
    >>> is_acyclic_colouring(ring, [0, 1, 0, 1])
    <no: the columns 0, 1, 2, 3 of colours 0 and 1 are on cycles>
    >>> is_acyclic_colouring(ring, [0, 1, 0, 2])
    <yes>
    """
    pattern = _symmetric(pattern)
    given = _colours(colours, pattern.shape[0], "column")
    near = _neighbours(pattern)
    proper = _proper(pattern, given, near)
    if not proper:
        return proper
    for pair in combinations(sorted(set(given) - {-1}), 2):
        left = {v for v, colour in enumerate(given) if colour in pair}
        while leaves := {v for v in left if sum(w in left for w in near[v]) <= 1}:
            left -= leaves
        if left:
            names = ", ".join(map(str, sorted(left)))
            return Verdict(f"the columns {names} of colours {pair[0]} and {pair[1]} are on cycles")
    return Verdict()


def _colours(colours: Any, n: int, word: str) -> list[int]:
    given = np.asarray(colours)
    if given.shape != (n,) or (n and given.dtype.kind not in "iu"):
        raise ShapeError(
            f"{n} integers, a colour for each {word}, are needed, not {given.dtype} of shape {given.shape}"
        )
    if n and given.min() < -1:
        raise ShapeError(f"colours count from 0, and -1 is none: {given.min()} is neither")
    return [int(colour) for colour in given]


def _symmetric(pattern: Any) -> Pattern:
    made = as_pattern(pattern)
    if not made.is_symmetric:
        raise ShapeError(f"the pattern of shape {made.shape} is not symmetric")
    return made


def _rows(pattern: Pattern) -> list[list[int]]:
    """Return the columns of the entries of every row."""
    return [
        pattern.indices[start:stop].tolist()
        for start, stop in zip(pattern.indptr[:-1], pattern.indptr[1:], strict=True)
    ]


def _neighbours(pattern: Pattern) -> list[list[int]]:
    return [[w for w in around if w != v] for v, around in enumerate(_rows(pattern))]


def _recoverable(pattern: Pattern, rows: list[int], columns: list[int]) -> Verdict:
    by_row, by_column = _rows(pattern), _rows(pattern.T)
    for i, entries in enumerate(by_row):
        for j in entries:
            in_row = [k for k in entries if columns[k] == columns[j]]
            in_column = [k for k in by_column[j] if rows[k] == rows[i]]
            if (columns[j] >= 0 and len(in_row) == 1) or (rows[i] >= 0 and len(in_column) == 1):
                continue
            return Verdict(
                f"entry ({i}, {j}) is alone neither in column colour {columns[j]} nor in row colour {rows[i]}"
            )
    return Verdict()


def _proper(pattern: Pattern, given: list[int], near: list[list[int]]) -> Verdict:
    """Say whether neighbours differ, and columns without colour are not needed."""
    for v, around in enumerate(near):
        if given[v] < 0 and v in pattern.indices[pattern.indptr[v] : pattern.indptr[v + 1]]:
            return Verdict(f"column {v} has an entry on the diagonal and no colour")
        for w in around:
            if given[v] == given[w]:
                what = "no colour" if given[v] < 0 else f"colour {given[v]}"
                return Verdict(f"the neighbours {v} and {w} both have {what}")
        seen = [given[w] for w in around]
        if given[v] < 0 and len(set(seen)) < len(seen):
            return Verdict(f"column {v} has no colour, and of its neighbours two have the same")
    return Verdict()
