"""Sparse Hessians: the sparse Jacobian of a gradient, coloured by its symmetry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualrev.derivatives.gradient import Gradient
from dualrev.derivatives.passes import Argnums
from dualrev.errors import PatternError
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.preparation import Preparation, prepare_hessian
from dualrev.sparse.structure import HESSIAN_FORMATS
from dualrev.sparse.transform import SparseTransform, check_options, check_order

__all__ = ["SparseHessian", "hessian"]


class SparseHessian(SparseTransform):
    """The Hessian of a function as a callable that returns it sparse; see `dualrev.sparse.hessian`.

    Attributes
    ----------
    pattern : Pattern
        Where the Hessian may be nonzero: symmetric. This and what follows is that of the latest call.
    colours : ndarray of int
        Of the columns; None with ``mode="direct"``.
    n_passes : int
        Number of directions, the probe apart; 1 for direct evaluation.
    mode : str
        "direct" or "forward".
    """

    name = "sparse.hessian"
    _word = "Hessian"
    _symmetric = True

    def __init__(self, f: Callable[..., Any], options: dict[str, Any]) -> None:
        super().__init__(f, options)
        if self._given is not None and not self._given.is_symmetric:
            raise PatternError(
                f"{self.name}: the pattern, of shape {self._given.shape}, is not symmetric, which a Hessian is",
                "pass as_pattern(p).symmetrised()"
                if self._given.shape[0] == self._given.shape[1]
                else "its shape is (x.size, x.size)",
            )

    def with_gradient(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return ``(g, H)``, gradient and Hessian from the same evaluation."""
        return self._with_outputs(args, kwargs)

    def _function(self) -> Callable[..., Any]:
        return Gradient(
            self.f,
            name=self.name,
            argnums=self._options["argnums"],
            has_aux=False,
            with_value=False,
        )

    def _detect(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Pattern:
        found = super()._detect(args, kwargs)
        return found if found.is_symmetric else found & found.T

    def _plan(self, pattern: Pattern, form: Any, mode: str | None = None) -> Preparation:
        o = self._options
        return prepare_hessian(pattern, form, o["colouring"], o["order"], o["probe"], o["format"])


def hessian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    pattern: Any = None,
    mode: str = "auto",
    colouring: str = "auto",
    order: Any = "best",
    probe: bool = True,
    on_change: str = "raise",
    format: str = "csr",
) -> SparseHessian:
    """Return the function that computes a sparse Hessian.

    Parameters
    ----------
    f : callable
        Returns one real float.
    argnums, order, probe, on_change
        As in `jacobian`.
    pattern : Pattern, array_like or sparse, optional
        Where the Hessian may be nonzero: symmetric, of shape ``(x.size, x.size)``; detected by default.
    mode : {"auto", "direct", "forward"}
        Evaluate the gradient once with tangents that carry their own nonzeros ("direct", which raises for the same
        operations as in `jacobian`), or with one lane per colour. "auto" takes what is cheaper; a colouring or an order
        that is asked for is used.
    colouring : {"auto", "star", "acyclic"}
        Entries are read off with star colours; acyclic ones are fewer, but entries follow from one another by
        substitution, in which rounding adds up. "auto" takes the latter where that saves three tenths of
        the directions.
    format : {"csr", "csc", "coo", "dia", "banded", "banded_lower"}
        A ``scipy.sparse`` array, or the upper or lower form that ``scipy.linalg.solveh_banded`` takes.

    Returns
    -------
    SparseHessian
        Called like `f`, returns the Hessian, exactly symmetric, of shape ``(x.size, x.size)``: arrays in C order,
        containers leaf by leaf. ``H.with_gradient(x)`` returns ``(g, H)``; what else it has is as for `jacobian`.

    Raises
    ------
    PatternError
        If the Hessian has entries that the pattern lacks, or the given pattern is not symmetric.
    InputError, OutputError, ShapeError
        As in `jacobian` and in `dualrev.grad`.

    Notes
    -----
    Forward over reverse: a call costs a gradient with as many lanes as there are colours, and one for the probe
    (Gebremedhin, Tarafdar, Pothen & Walther 2009, Efficient computation of sparse Hessians using coloring and automatic
    differentiation).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> H = dr.sparse.hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2))
    >>> H(np.array([1.0, 2.0, 3.0])).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    words: dict[str, Any] = {
        "mode": (mode, ("auto", "direct", "forward")),
        "colouring": (colouring, ("auto", "star", "acyclic")),
        "on_change": (on_change, ("raise", "detect")),
        "format": (format, HESSIAN_FORMATS),
    }
    check_options(SparseHessian.name, f, words)
    check_order(SparseHessian.name, order)
    options = {
        "argnums": argnums,
        "pattern": pattern,
        "mode": mode,
        "colouring": colouring,
        "order": order,
        "probe": bool(probe),
        "on_change": on_change,
        "format": format,
    }
    return SparseHessian(f, options)
