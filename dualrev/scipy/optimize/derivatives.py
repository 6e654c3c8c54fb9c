"""What a solver may ask of a function: value, gradient or Jacobian, Hessian and products, each computed once per point.

What enters: the user's function of the user's structure. What leaves: float64, C-contiguous arrays in fresh memory, as
SciPy's compiled codes take them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import TracedScalar
from dualrev.core.levels import let_decay, open_levels
from dualrev.derivatives.closures import refuse_traced
from dualrev.derivatives.gradient import value_and_grad
from dualrev.derivatives.jacobian import FEW, jacobian
from dualrev.derivatives.products import vjp
from dualrev.errors import DualrevError, NonFiniteError, OutputError
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.values import (
    NotScalarError,
    as_array,
    one_number,
    plain_number,
    real_array,
)

__all__ = ["DENSE", "WAY_OUT", "Derivatives", "as_array", "derivatives", "explain", "one_number"]

WAY_OUT = 'or pass jac="2-point" for finite differences'
# Up to this many variables a product with the Hessian goes through the Hessian itself: in vector mode it costs as much
# as the record and four products, and one point usually sees more (measured on Rosenbrock's function, with slices).
DENSE = 64
# Trust regions come back to the last point after trials at others.
_POINTS = 3
# With eager="adaptive": a line search may leave so many derivatives unused; after that the solver is sampling.
_SPARE = 8
_FLOAT64 = np.dtype(np.float64)


# Errors that finite differences would meet as well.
_OTHERWISE = (NotScalarError, NonFiniteError, OutputError)


class _At:
    """All that is known at one point."""

    __slots__ = ("args", "hess", "jac", "key", "pull", "value", "x")

    def __init__(self, key: bytes, args: tuple[Any, ...], x: np.ndarray) -> None:
        self.key = key
        self.args = args
        self.x = x
        self.value: Any = None
        self.jac: Any = None
        self.hess: Any = None
        self.pull: Any = None


class Derivatives:
    """A function with its derivatives for a solver, sharing one cache; made by `derivatives`.

    Parameters
    ----------
    f : callable
        ``f(x, *args, **kwargs)``, plain NumPy code that returns a number or an array.
    x0 : Point or anything that Point takes, optional
        The structure that `f` receives; flat vectors without it.
    args, kwargs
        Further arguments of `f`. Arguments given to the methods come in place of `args`.
    scalar : bool, optional
        Whether `f` returns a number; if None it is called once to see.
    eager : bool, optional
        Compute the derivative with every value, as jac=True does; by default for scalar functions. (A derivative always
        comes with its value.) With "adaptive" only while derivatives are asked for: for solvers that sample, and then
        descend.
    way_out : str
        What an error of differentiation recommends.

    Attributes
    ----------
    calls : int
        How often `f` has been called.
    second : str
        For a solver that wants second derivatives at nearly every point: "hess" or "hessp" computes the Hessian, or the
        record for its products, together with value and gradient, in the same evaluation of `f`.

    Notes
    -----
    The cache knows the last few points, by the bytes of x and the identity of the arguments; x itself is copied. It is
    safe to use from several threads.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        x0: Any = None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        *,
        scalar: bool | None = None,
        eager: bool | str | None = None,
        way_out: str = WAY_OUT,
        name: str = "derivatives",
    ) -> None:
        if not callable(f):
            raise TypeError(f"{name}: expects a function, not {type(f).__name__}")
        self.f = f
        given: Any = args
        self.args = given if isinstance(given, tuple) else (given,)
        self.kwargs = dict(kwargs or {})
        self.calls = 0
        # What `f` remembers of an evaluation is constant in the next one; in an outer transform it need not be.
        self._decays = not open_levels()
        self.way_out = way_out
        self.name = name
        self.point = None if x0 is None else x0 if isinstance(x0, Point) else Point(x0, name)
        self._tree = self.point is not None and not self.point.is_vector
        self.scalar = scalar
        self.eager = eager
        self.second = ""
        # Derivatives computed with a value since one was asked for; none has been yet.
        self._spare = _SPARE
        self._recent: tuple[_At, ...] = ()
        self._gradient = value_and_grad(self._number)
        # Forward or reverse mode for a Jacobian: known when the size of the value is.
        self._mode = "auto"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_recent": ()}

    # -- what solvers call ----------------------------------------------------------------------------------------

    def fun(self, x: Any, *args: Any) -> Any:
        """Return f(x): a float64, or an array of at least one dimension."""
        at = self._at(x, args)
        if at.value is None:
            scalar = self._is_scalar(at)
            if at.value is None:
                if self._is_eager(scalar):
                    self._need_jac(at)
                    self._spare += 1
                else:
                    self._need_value(at)
        return at.value if self.scalar else at.value.copy()

    def jac(self, x: Any, *args: Any) -> np.ndarray:
        """Return the gradient, of shape (n,), or the Jacobian, of shape (m, n)."""
        at = self._at(x, args)
        if at.jac is None:
            self._is_scalar(at)
            self._need_jac(at)
        self._spare = 0
        return at.jac.copy()  # type: ignore[no-any-return]

    def value_and_jac(self, x: Any, *args: Any) -> tuple[Any, np.ndarray]:
        """Return f(x) and its gradient or Jacobian, from one evaluation."""
        at = self._at(x, args)
        if at.jac is None:
            self._is_scalar(at)
            self._need_jac(at)
        return at.value if self.scalar else at.value.copy(), at.jac.copy()

    def hess(self, x: Any, *args: Any) -> np.ndarray:
        """Return the Hessian of a scalar function, of shape (n, n), symmetric."""
        at = self._at(x, args)
        self._need_hess(at)
        return at.hess.copy()  # type: ignore[no-any-return]

    def hessp(self, x: Any, p: Any, *args: Any) -> np.ndarray:
        """Return the Hessian of a scalar function times a vector; many vectors at one point share the work.

        The gradient is recorded once per point, and each product is one sweep over that record: the Hessian is
        symmetric, so it is the transpose that reverse mode multiplies by. Of few variables the Hessian is formed.
        """
        at = self._at(x, args)
        p = np.asarray(p, _FLOAT64).reshape(-1)
        if at.hess is None and (at.pull is not None or at.x.size > DENSE):
            if at.pull is None:
                self._need_pull(at)
            return self._product(at, p)
        self._need_hess(at)
        return at.hess @ p  # type: ignore[no-any-return]

    def _is_eager(self, scalar: bool) -> bool:
        if self.eager != "adaptive":
            return scalar if self.eager is None else bool(self.eager)
        return self._spare < _SPARE

    def known(self, x: Any, *args: Any) -> tuple[Any, Any]:
        """Return value and derivative at `x` if they have been computed, else None for either; calls nothing."""
        key = np.asarray(x, _FLOAT64).tobytes()
        args = args or self.args
        for at in self._recent:
            if at.key == key and _same(at.args, args):
                return at.value, at.jac
        return None, None

    # -- the cache ------------------------------------------------------------------------------------------------

    def _at(self, x: Any, args: tuple[Any, ...]) -> _At:
        if not (type(x) is np.ndarray and x.dtype is _FLOAT64 and x.ndim == 1):
            x = self._vector(x)
        if not args:
            args = self.args
        key = x.tobytes()
        recent = self._recent
        for at in recent:
            if at.key == key and (at.args is args or _same(at.args, args)):
                if at is not recent[0]:
                    self._recent = (at, *(other for other in recent if other is not at))
                return at
        at = _At(key, args, x.copy())
        self._recent = (at, *recent[: _POINTS - 1])
        return at

    def _vector(self, x: Any) -> np.ndarray:
        if self._tree and self.point is not None and type(x) is not np.ndarray:
            x = self.point.ravel(x, "point")
        return np.array(x, _FLOAT64).reshape(-1)

    # -- the user's function --------------------------------------------------------------------------------------

    def _call(self, x: Any, *args: Any) -> Any:
        self.calls += 1
        if self._decays:
            let_decay()
        return self.f(x, *args, **self.kwargs)

    def _number(self, x: Any, *args: Any) -> Any:
        """Return f(x) as one real number; arrays of one entry count, as they do for SciPy."""
        self.calls += 1
        if self._decays:
            let_decay()
        y = self.f(x, *args, **self.kwargs)
        kind = type(y)
        return y if kind is np.float64 or _is_scalar_variable(y) else one_number(y, self.name)

    def _both(self, x: Any, *args: Any) -> tuple[Any, Any]:
        y = as_array(self._call(x, *args), self.name)
        return y, y

    def _flat_gradient(self, flat: Any, *args: Any) -> tuple[Any, tuple[Any, Any]]:
        """Return the gradient as a function of the flat vector, with value and gradient as auxiliary results."""
        if not self._tree:
            y, g = self._gradient(flat, *args)
            return g, (y, g)
        y, g = value_and_grad(self._flat_number)(flat, *args)
        return g, (y, g)

    def _flat_number(self, flat: Any, *args: Any) -> Any:
        return self._number(self._restored(flat), *args)

    def _restored(self, flat: Any) -> Any:
        return self.point.restore(flat) if self._tree and self.point is not None else flat

    # -- computing ------------------------------------------------------------------------------------------------

    def _is_scalar(self, at: _At) -> bool:
        if self.scalar is None:
            y = as_array(self._call(self._restored(at.x.copy()), *at.args), self.name)
            value = real_array(y, self.name)
            self.scalar = np.ndim(y) == 0
            at.value = value[0] if self.scalar else value
        return self.scalar

    def _need_value(self, at: _At) -> None:
        y = self._call(self._restored(at.x.copy()), *at.args)
        if self.scalar:
            known = type(y) is np.float64 or type(y) is float
            at.value = np.float64(y) if known else plain_number(y, self.name)
        else:
            at.value = real_array(y, self.name)

    def _need_jac(self, at: _At) -> None:
        if self.second and self.scalar:
            self._need_hess(at) if self.second == "hess" else self._need_pull(at)
            return
        try:
            if not self.scalar:
                self._need_jacobian(at)
            elif self._tree and self.point is not None:
                y, tree = self._gradient(self.point.restore(at.x), *at.args)
                at.value = self._float(y)
                at.jac = np.ascontiguousarray(self.point.ravel(tree), _FLOAT64)
            else:
                y, jac = self._gradient(at.x, *at.args)
                at.value = self._float(y)
                at.jac = jac
        except Exception as error:
            self._explain(error)
            raise

    def _need_jacobian(self, at: _At) -> None:
        n = at.x.size
        if at.value is not None and self._mode == "auto":
            self._mode = "forward" if n <= max(FEW, at.value.size) else "reverse"
        f = self._flat_both if self._tree else self._both
        block, y = jacobian(f, mode=self._mode, has_aux=True)(at.x, *at.args)
        at.value = real_array(y, self.name)
        at.jac = np.array(block, _FLOAT64, order="C").reshape(at.value.size, n)
        self._mode = "forward" if n <= max(FEW, at.value.size) else "reverse"

    def _flat_both(self, flat: Any, *args: Any) -> tuple[Any, Any]:
        return self._both(self._restored(flat), *args)

    def _need_hess(self, at: _At) -> None:
        if at.hess is not None:
            return
        self._check_scalar(at)
        try:
            made = jacobian(self._flat_gradient, mode="forward", has_aux=True)
            h, (y, g) = made(at.x, *at.args)
        except Exception as error:
            self._explain(error)
            raise
        h = np.asarray(h, _FLOAT64)
        at.hess = np.ascontiguousarray(0.5 * (h + h.T))
        if at.jac is None:
            at.value, at.jac = self._float(y), np.array(g, _FLOAT64)

    def _need_pull(self, at: _At) -> None:
        if at.pull is not None:
            return
        self._check_scalar(at)
        try:
            if self._tree and self.point is not None:
                tree = self.point.restore(at.x)
                g, at.pull, (y, _) = vjp(
                    lambda t: self._tree_gradient(t, *at.args), tree, has_aux=True
                )
                g = self.point.ravel(g)
            else:
                g, at.pull, (y, _) = vjp(
                    lambda x: self._flat_gradient(x, *at.args), at.x, has_aux=True
                )
        except Exception as error:
            self._explain(error)
            raise
        if at.jac is None:
            at.value, at.jac = self._float(y), np.array(g, _FLOAT64)
        # Records are large. Two are kept: of a trial, and of the point to come back to.
        for other in self._recent[2:]:
            other.pull = None

    def _float(self, y: Any) -> Any:
        """Return a value as np.float64, which is a float and has the methods that NumPy's results have."""
        if type(y) is np.float64:
            return y
        refuse_traced(self.name, y)
        return np.float64(y)

    def _tree_gradient(self, tree: Any, *args: Any) -> tuple[Any, tuple[Any, Any]]:
        y, g = self._gradient(tree, *args)
        return g, (y, g)

    def _product(self, at: _At, p: np.ndarray) -> np.ndarray:
        if self._tree and self.point is not None:
            (tree,) = at.pull(self.point.restore(p))
            return np.array(self.point.ravel(tree), _FLOAT64)
        (product,) = at.pull(p)
        return np.array(product, _FLOAT64)

    def _check_scalar(self, at: _At) -> None:
        if not self._is_scalar(at):
            raise OutputError(
                f"{self.name}: a Hessian belongs to a scalar function, and this one returns an array of shape "
                f"{np.shape(at.value)}"
            )

    def _explain(self, error: Exception) -> None:
        explain(error, self.name, self.way_out)


def explain(error: Exception, name: str, way_out: str) -> None:
    """Add the way out to an error that was raised while a function was differentiated."""
    if not way_out or way_out in str(error) or isinstance(error, _OTHERWISE):
        return
    if isinstance(error, DualrevError) and len(error.args) == 1:
        error.args = (f"{str(error.args[0]).rstrip('.')}; {way_out}.",)
    elif isinstance(error, (TypeError, ValueError, AttributeError)):
        # It may as well be the user's own.
        error.add_note(
            f"Raised while {name} differentiated the function; if plain numbers do not raise it, "
            f"{way_out.removeprefix('or ')}."
        )


def _is_scalar_variable(y: Any) -> bool:
    return isinstance(y, TracedScalar)


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def derivatives(
    f: Callable[..., Any],
    x0: Any = None,
    args: tuple[Any, ...] = (),
    kwargs: dict[str, Any] | None = None,
) -> Derivatives:
    """Return `f` with its derivatives, prepared for any solver that takes flat vectors.

    Parameters
    ----------
    f : callable
        ``f(x, *args, **kwargs)``, plain NumPy code that returns a number or an array.
    x0 : number, array, or container of them, optional
        An example of what `f` receives, if that is no vector. The methods take and return flat vectors;
        ``.point.flat`` is `x0` as one, and ``.point.restore(x)`` goes back.
    args : tuple
    kwargs : dict, optional
        Further arguments of `f`.

    Returns
    -------
    Derivatives
        With the methods ``fun(x)``, ``jac(x)``, ``value_and_jac(x)``, ``hess(x)`` and ``hessp(x, p)``.

    Raises
    ------
    OutputError, InputError
        When called, as `dualrev.grad` and `dualrev.jacobian` do.

    Notes
    -----
    Whatever is asked at one point comes from one evaluation of value and gradient, and one of the Hessian; ``calls``
    counts how often `f` ran. The first call runs `f` plainly, to see whether it returns a number or an array.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> d = optimize.derivatives(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2)
    >>> x = np.array([-1.2, 1.0])
    >>> d.fun(x), d.jac(x), d.hess(x)
    (np.float64(24.199999999999996), array([-215.6,  -88. ]), array([[1330.,  480.],
           [ 480.,  200.]]))
    >>> d.hessp(x, np.array([1.0, 0.0]))
    array([1330.,  480.])
    """
    return Derivatives(f, x0, args, kwargs)
