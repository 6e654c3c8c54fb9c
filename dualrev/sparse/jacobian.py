"""Sparse Jacobians: prepared once per shape, then a few lanes forward, backward or both, and a probe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualrev.derivatives.passes import Argnums
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.preparation import Preparation, prepare_jacobian
from dualrev.sparse.structure import FORMATS
from dualrev.sparse.transform import SparseTransform, check_options, check_order

__all__ = ["SparseJacobian", "jacobian"]


class SparseJacobian(SparseTransform):
    """The Jacobian of a function as a callable that returns it sparse; see `dualrev.sparse.jacobian`.

    Attributes
    ----------
    pattern : Pattern
        Where the Jacobian may be nonzero. This and what follows is that of the latest call.
    colours : ndarray of int or tuple of two
        Of the columns (``mode`` "forward"), of the rows ("reverse"), or of rows and columns ("both"). After direct
        evaluation those that would be taken instead; None with ``mode="direct"``, which has none.
    n_passes : int
        Number of directions, forward and reverse, the probe apart; 1 for direct evaluation.
    mode : str
        "direct", "forward", "reverse" or "both".
    """

    name = "sparse.jacobian"
    _word = "Jacobian"

    def with_value(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return ``(f(x), J)`` from the same evaluation (one per pass, where the lanes go in several)."""
        return self._with_outputs(args, kwargs)

    def _plan(self, pattern: Pattern, form: Any, mode: str | None = None) -> Preparation:
        o = self._options
        return prepare_jacobian(
            pattern, form, mode or o["mode"], o["order"], o["probe"], o["format"]
        )


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    pattern: Any = None,
    mode: str = "auto",
    order: Any = "best",
    probe: bool = True,
    on_change: str = "raise",
    format: str = "csr",
) -> SparseJacobian:
    """Return the function that computes a sparse Jacobian.

    Parameters
    ----------
    f : callable
        Plain NumPy code that returns an array, or a container of arrays.
    argnums : int or sequence of int
        Positional argument(s) to differentiate: real floats, arrays of any shape, containers of them.
    pattern : Pattern, array_like or sparse, optional
        Where the Jacobian may be nonzero, of shape ``(y.size, x.size)``; detected by default.
    mode : {"auto", "direct", "forward", "reverse", "both"}
        "direct": one pass in which tangents carry their own nonzeros in place of lanes for all colours, and nothing is
        compressed. It raises `UnsupportedError` where a number depends on more than 64 others through a product, a
        factorisation, a sort or a running sum, and for complex numbers, LinearOperators, rules of the user's for all
        arguments together and values of a transform around this one.
        Colours of columns go forward, those of rows in reverse; "both" divides the entries between rows and columns, as
        suits matrices with dense rows and columns. "auto" takes the cheapest: directly where operations on many numbers
        make up for the 10 us that each costs more, and colours where that is refused.
    order : {"best", "natural", "largest_first", "smallest_last", "incidence_degree"} or permutation
        In which order rows or columns are coloured; "best" tries them. A permutation is one of the columns, with
        ``mode="reverse"`` of the rows, with "both" of the rows followed by the columns.
    probe : bool
        Send one more direction, at random, through every call, and compare; direct evaluation needs none.
    on_change : {"raise", "detect"}
        What to do when the pattern no longer holds: raise `PatternError`, or detect it at the new point, unite it with
        the old one, and go on.
    format : {"csr", "csc", "coo", "dia", "banded"}
        A ``scipy.sparse`` array, or ``((l, u), ab)`` as ``scipy.linalg.solve_banded`` takes it.

    Returns
    -------
    SparseJacobian
        Called like `f`, returns the Jacobian, of shape ``(y.size, x.size)``: arrays in C order, containers leaf
        by leaf. It has an explicit entry wherever the pattern has one. ``J.with_value(x)`` returns ``(y, J)``,
        ``J.prepare(x)`` detects and colours ahead of the first call; ``J.pattern``, ``J.colours``, ``J.n_passes`` and
        ``J.mode`` say what was found.

    Raises
    ------
    PatternError
        If the Jacobian has entries that the pattern lacks: a branch has changed, or `pattern` is not complete.
    InputError, OutputError, ShapeError
        If an argument is not made of real floats, the output not of floats, or the pattern does not fit them.

    Notes
    -----
    Pattern and colours are found at the first call for shapes and dtypes, and kept. A call costs as many lanes as there
    are colours, and one for the probe, whatever the size of a banded matrix; memory that of the lanes, which go through
    in several passes where one array with all of them would exceed 32 MiB. The probe sees a missing entry with
    certainty but for rounding: entries below 10⁻⁷ of their row may go unnoticed. (Curtis, Powell & Reid 1974, On the
    estimation of sparse Jacobian matrices; Gebremedhin, Manne & Pothen 2005, What color is your Jacobian?)

    Direct evaluation finds the positions of all entries again in every call, mostly by looking them up, and needs no
    probe: whatever lies outside the pattern beside rounding (10⁻⁷ of its row) is noticed. Positions take memory as long
    as the transform lives, about that of a record of the function in 32-bit integers. A function that uses other
    indices in every call goes back to colours under "auto" (Bischof, Khademi, Bouaricha & Carle 1996, Efficient
    computation of gradients and Jacobians by dynamic exploitation of sparsity in automatic differentiation).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> J = dr.sparse.jacobian(lambda x: x[1:] - x[:-1] ** 2)
    >>> J(np.array([1.0, 2.0, 3.0, 4.0])).toarray()
    array([[-2.,  1.,  0.,  0.],
           [ 0., -4.,  1.,  0.],
           [ 0.,  0., -6.,  1.]])
    >>> J.n_passes, J.pattern.nnz
    (2, 6)
    """
    words: dict[str, Any] = {
        "mode": (mode, ("auto", "direct", "forward", "reverse", "both")),
        "on_change": (on_change, ("raise", "detect")),
        "format": (format, FORMATS),
    }
    check_options(SparseJacobian.name, f, words)
    check_order(SparseJacobian.name, order)
    options = {
        "argnums": argnums,
        "pattern": pattern,
        "mode": mode,
        "order": order,
        "probe": bool(probe),
        "on_change": on_change,
        "format": format,
    }
    return SparseJacobian(f, options)
