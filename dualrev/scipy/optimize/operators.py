"""Jacobian and Hessian as linear operators, for solvers that only multiply by them.

What enters: a function and a point. What leaves: a `scipy.sparse.linalg.LinearOperator` made of one recorded
evaluation; products with J, Jᵀ and H are sweeps over what was recorded, and blocks of vectors go through as lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from dualrev.core.array import value
from dualrev.derivatives.gradient import grad
from dualrev.derivatives.mapping import vmap
from dualrev.derivatives.products import linearize, vjp
from dualrev.scipy.optimize.points import Point

__all__ = ["hessian_operator", "jacobian_operator"]

_Product = Callable[[Any], Any]


class _Products(LinearOperator):
    """A real matrix given by its products with a vector, of itself and of its transpose."""

    def __init__(self, shape: tuple[int, int], forward: _Product, backward: _Product) -> None:
        super().__init__(np.dtype(float), shape)  # type: ignore[call-arg]
        self._forward = forward
        self._backward = backward

    def _matvec(self, x: Any) -> Any:
        return _real(self._forward, np.ravel(x))

    def _rmatvec(self, x: Any) -> Any:
        return _real(self._backward, np.ravel(x))

    def _matmat(self, X: Any) -> Any:
        return _lanes(self._forward, X, self.shape[0])

    def _rmatmat(self, X: Any) -> Any:
        return _lanes(self._backward, X, self.shape[1])

    def _adjoint(self) -> Any:
        rows, columns = self.shape
        return _Products((columns, rows), self._backward, self._forward)

    _transpose = _adjoint


def _real(product: _Product, x: Any) -> Any:
    if np.iscomplexobj(x):
        return product(np.array(x.real, float)) + 1j * product(np.array(x.imag, float))
    return product(np.array(x, float))


def _lanes(product: _Product, X: Any, rows: int) -> Any:
    if not X.shape[1]:
        return np.zeros((rows, 0))
    return np.ascontiguousarray(_real(vmap(product, 1, 1), np.asarray(X)))


def jacobian_operator(f: Callable[..., Any], x: Any, args: tuple[Any, ...] = ()) -> LinearOperator:
    """Return the Jacobian at a point as a linear operator.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` returns an array; its entries are the rows.
    x : array_like or container
        The point; a container is flattened, its entries are the columns.
    args : tuple
        Extra arguments.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator
        Of shape ``(y.size, x.size)``, with products from both sides, with vectors and matrices.

    Raises
    ------
    InputError, OutputError
        If `x` or the output is not made of floats.

    Notes
    -----
    `f` runs once, here; each product is one sweep over the recorded partials (a block of vectors, one sweep with
    lanes), about the operations of `f`. The Jacobian is never formed.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> J = optimize.jacobian_operator(lambda x: x[1:] * x[:-1], np.array([1.0, 2.0, 3.0]))
    >>> J.matvec(np.ones(3)), J.rmatvec(np.array([1.0, 0.0]))
    (array([3., 5.]), array([2., 1., 0.]))
    """
    return recorded_jacobian(f, x, args)[1]


def recorded_jacobian(
    f: Callable[..., Any], x: Any, args: tuple[Any, ...] = ()
) -> tuple[Any, LinearOperator]:
    """Return ``f(x)`` as a flat vector, and the operator of `jacobian_operator`, from one evaluation."""
    point = Point(x, "jacobian_operator")

    def flat(x: Any) -> Any:
        return np.ravel(f(point.restore(x), *args))

    y, pullback = vjp(flat, point.flat)

    def backward(ct: Any) -> Any:
        return pullback(ct)[0]

    # The pullback is linear; its own pullback is the transpose of the transpose.
    _, forward = vjp(backward, np.zeros(np.shape(y)))
    return value(y), _Products((y.size, point.size), lambda t: forward(t)[0], backward)


def hessian_operator(f: Callable[..., Any], x: Any, args: tuple[Any, ...] = ()) -> LinearOperator:
    """Return the Hessian of a scalar function at a point as a linear operator.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` returns one real float.
    x : array_like or container
        The point; a container is flattened.
    args : tuple
        Extra arguments.

    Returns
    -------
    scipy.sparse.linalg.LinearOperator
        Symmetric, of shape ``(x.size, x.size)``.

    Raises
    ------
    InputError, OutputError
        If `x` is not made of floats, or the output is not one real float.

    Notes
    -----
    The gradient runs once, here, and is linearised; each product is one sweep over it. The Hessian is never formed.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse.linalg import cg
    >>> from dualrev.scipy import optimize
    >>> H = optimize.hessian_operator(lambda x: np.sum(np.cosh(x)) + x[0] * x[1], np.zeros(2))
    >>> H @ np.array([1.0, 2.0])
    array([3., 3.])
    """
    point = Point(x, "hessian_operator")
    _, product = linearize(grad(lambda x: f(point.restore(x), *args)), point.flat)
    return _Products((point.size, point.size), product, product)
