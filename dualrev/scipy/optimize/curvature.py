"""A scalar function whose Hessian is sparse, for solvers that take such a matrix or multiply by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from dualrev.core.array import value
from dualrev.errors import PatternError
from dualrev.scipy.optimize.derivatives import Derivatives
from dualrev.scipy.optimize.patterns import hessian_that_pays, sparse_hessian

__all__ = ["SparseDerivatives", "with_sparse_hessian"]


class SparseDerivatives(Derivatives):
    """The same function as another `Derivatives`, with a sparse Hessian; products go through it.

    Parameters
    ----------
    other : Derivatives
        Of a function that returns a number.
    x : ndarray
        The first point, flat.
    args : tuple
        The first arguments.
    varying : bool
        Arguments change from call to call: the pattern is to hold for all of them.
    asked : bool
        The user asked for it; else it is taken if it pays.

    Attributes
    ----------
    sparse : SparseHessian or None
        None where it does not pay. Then this is no better than the other.

    Notes
    -----
    Nothing that worked may fail because of a pattern that nobody asked for: if its probe fails even after detection, as
    it may where derivatives are made of rounding, the dense Hessian takes its place.
    """

    def __init__(
        self,
        other: Derivatives,
        x: np.ndarray,
        args: tuple[Any, ...],
        *,
        varying: bool = False,
        asked: bool = False,
    ) -> None:
        super().__init__(
            other.f,
            other.point,
            other.args,
            other.kwargs,
            scalar=True,
            eager=other.eager,
            way_out=other.way_out,
            name=other.name,
        )
        self._seen: Any = None
        self._bound = None if varying else args
        f: Callable[..., Any] = self._seen_number if varying else self._number_of
        given = args if varying else ()
        self.sparse = sparse_hessian(f) if asked else hessian_that_pays(f, x, given)
        self._asked = asked

    def _seen_number(self, flat: Any, *args: Any) -> Any:
        y = self._flat_number(flat, *args)
        self._seen = value(y)
        return y

    def _number_of(self, flat: Any) -> Any:
        return self._seen_number(flat, *(self._bound or ()))

    def hess(self, x: Any, *args: Any) -> Any:
        """Return the Hessian in CSR, with an entry wherever the pattern has one."""
        at = self._at(x, args)
        self._need_hess(at)
        return at.hess.copy()

    def hessp(self, x: Any, p: Any, *args: Any) -> np.ndarray:
        """Return the Hessian times a vector."""
        at = self._at(x, args)
        self._need_hess(at)
        product: np.ndarray = at.hess @ np.asarray(p, float).reshape(-1)
        return product

    def _need_hess(self, at: Any) -> None:
        if at.hess is not None:
            return
        try:
            given = at.args if self._bound is None else ()
            g, at.hess = self.sparse.with_gradient(at.x, *given)  # type: ignore[union-attr]
        except Exception as error:
            if isinstance(error, PatternError) and not self._asked:
                super()._need_hess(at)
                at.hess = csr_array(np.asarray(at.hess))
                return
            self._explain(error)
            raise
        if at.jac is None:
            at.value, at.jac = self._float(self._seen), np.array(g, float)


def with_sparse_hessian(
    d: Derivatives, x: np.ndarray, args: tuple[Any, ...], *, varying: bool = False, asked: bool
) -> Derivatives:
    """Return derivatives with a sparse Hessian if that is asked for or pays, else `d` itself."""
    made = SparseDerivatives(d, x, args, varying=varying, asked=asked)
    return d if made.sparse is None else made
