"""Compressed Jacobians: a known pattern, columns in groups that share no row, one forward direction per group.

What enters: a function and the pattern of its Jacobian. What leaves: the Jacobian in CSR form, and the value of the
function from the same evaluation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from dualrev.core.array import value
from dualrev.derivatives.jacobian import LANE_BYTES
from dualrev.derivatives.passes import Inputs, push
from dualrev.derivatives.transform import Transform
from dualrev.errors import OutputError, ShapeError

__all__ = ["CompressedJacobian", "column_groups", "compressed_jacobian"]

# The probe below forgives rounding in this part of the sum of a row's terms; an entry that the pattern lacks and that
# is smaller cannot be told from rounding, nor does it matter.
_ROUNDING = 1e-7


def column_groups(pattern: Any) -> np.ndarray:
    """Number the columns of a pattern so that columns of one number have no row in common.

    Parameters
    ----------
    pattern : array_like or sparse
        What is not zero may be nonzero in the matrix.

    Returns
    -------
    ndarray of int
        One group per column, from 0; empty columns are in group 0.

    Notes
    -----
    Greedy, the fullest columns first (Curtis, Powell & Reid 1974, On the estimation of sparse Jacobian matrices).
    The number of groups is at least that of entries in the fullest row, which bands attain.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse import column_groups
    >>> column_groups(np.eye(4) + np.eye(4, k=1))
    array([1, 0, 1, 0])
    """
    columns = sparse.csc_array(_entries(pattern))
    starts, rows = columns.indptr, columns.indices
    groups = np.zeros(columns.shape[1], int)
    taken = np.zeros((8, columns.shape[0]), bool)
    for j in np.argsort(-np.diff(starts), kind="stable"):
        own = rows[starts[j] : starts[j + 1]]
        free = ~taken[:, own].any(axis=1)
        if not free.any():
            free = np.r_[free, np.ones(len(taken), bool)]
            taken = np.concatenate([taken, np.zeros_like(taken)])
        groups[j] = group = int(np.argmax(free))
        taken[group, own] = True
    return groups


def _entries(pattern: Any) -> Any:
    """Return a pattern as a sparse boolean matrix without explicit zeros, which cannot cancel."""
    given: Any = pattern if sparse.issparse(pattern) else np.atleast_2d(np.asarray(pattern))
    if given.ndim != 2:
        raise ShapeError(f"a pattern is a matrix, not an array of shape {given.shape}")
    entries = sparse.csr_array(given != 0)
    entries.sum_duplicates()
    entries.eliminate_zeros()
    return entries


class CompressedJacobian(Transform):
    """The Jacobian of a function as a callable that returns it in CSR form; see `compressed_jacobian`."""

    name = "compressed_jacobian"
    pattern: Any
    groups: np.ndarray

    def __init__(self, f: Callable[..., Any], pattern: Any) -> None:
        entries = _entries(pattern)
        super().__init__(f, pattern=entries, groups=column_groups(entries))
        self._rows = np.repeat(np.arange(entries.shape[0]), np.diff(entries.indptr))

    def __call__(self, x: Any, *args: Any) -> Any:
        return self.with_value(x, *args)[1]

    def with_value(self, x: Any, *args: Any) -> tuple[Any, Any]:
        """Return ``(f(x), J)`` from one evaluation (one per pass, where the lanes go in several)."""
        inputs = Inputs(self.name, (x, *args), 0)
        rows, columns = self.pattern.shape
        if len(inputs.leaves) != 1 or np.shape(inputs.leaves[0]) != (columns,):
            raise ShapeError(
                f"{self.name}: the pattern has {columns} columns, the argument has shape {np.shape(x)}; "
                "it takes one vector"
            )
        count = int(self.groups.max(initial=-1)) + 1
        seeds = np.zeros((count + 1, columns))
        seeds[self.groups, np.arange(columns)] = 1.0
        seeds[count] = probe = _probe(columns)
        width = max(1, LANE_BYTES // (8 * max(rows, columns, 1)))
        pieces = []
        for start in range(0, count + 1, width):
            part = seeds[start : start + width]
            ys, ts, rebuild, _ = push(self.name, inputs, self.f, [part], {}, len(part), False)
            pieces.append(self._tangents(ys, ts, len(part)))
        tangents = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        entries = self.pattern
        data = np.ascontiguousarray(tangents[self.groups[entries.indices], self._rows])
        jacobian = sparse.csr_array(
            (data, entries.indices.copy(), entries.indptr.copy()), shape=entries.shape
        )
        self._check(jacobian, probe, tangents[count])
        return rebuild(ys), jacobian

    def _tangents(self, ys: list[Any], ts: list[Any], lanes: int) -> Any:
        rows = self.pattern.shape[0]
        if len(ys) != 1 or np.shape(ys[0]) != (rows,):
            raise OutputError(
                f"{self.name}: the pattern has {rows} rows, but the function returned "
                + (
                    f"shape {np.shape(ys[0])}"
                    if len(ys) == 1
                    else f"a container of {len(ys)} arrays"
                )
            )
        if ts[0] is None:
            return np.zeros((lanes, rows))
        return np.asarray(value(ts[0]), float).reshape(lanes, rows)

    def _check(self, jacobian: Any, probe: np.ndarray, expected: np.ndarray) -> None:
        """Compare J v with the tangent along v, which knows nothing of the pattern."""
        with np.errstate(all="ignore"):
            wrong = np.abs(jacobian @ probe - expected) > _ROUNDING * (
                abs(jacobian) @ np.abs(probe) + np.abs(expected)
            )
        if wrong.any():
            row = int(np.argmax(wrong))
            raise OutputError(
                f"{self.name}: the pattern lacks entries that the Jacobian has: {int(wrong.sum())} of {len(wrong)} "
                f"rows differ from a Jacobian-vector product, the first is row {row}. Complete the pattern, or leave "
                "it out for a dense Jacobian."
            )


def _probe(n: int) -> np.ndarray:
    """Return a direction with entries between 1 and 2, no two of them related."""
    return 1.0 + np.random.default_rng(20260101).random(n)


def compressed_jacobian(f: Callable[..., Any], pattern: Any) -> CompressedJacobian:
    """Return the function that computes a sparse Jacobian of known pattern.

    Parameters
    ----------
    f : callable
        Plain NumPy code from a vector to a vector.
    pattern : array_like or sparse
        Matrix of shape ``(y.size, x.size)``; what is not zero may be nonzero in the Jacobian.

    Returns
    -------
    callable
        ``J(x, *args)`` returns a ``scipy.sparse.csr_array``; ``J.with_value(x, *args)`` the value as well.

    Raises
    ------
    ShapeError, OutputError
        If the pattern does not fit the argument or the output, or lacks entries that the Jacobian has. That is seen by
        one more direction, at random, in each evaluation.

    Notes
    -----
    Vector forward mode with one direction per group of columns that have no row in common (Curtis, Powell & Reid 1974;
    Griewank & Walther 2008, chapter 8): the cost does not depend on the size of a band matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse import compressed_jacobian
    >>> J = compressed_jacobian(lambda x: x[1:] - x[:-1] ** 2, np.eye(3, 4) + np.eye(3, 4, k=1))
    >>> J(np.array([1.0, 2.0, 3.0, 4.0])).toarray()
    array([[-2.,  1.,  0.,  0.],
           [ 0., -4.,  1.,  0.],
           [ 0.,  0., -6.,  1.]])
    """
    return CompressedJacobian(f, pattern)
