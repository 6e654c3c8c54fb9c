"""Constraints with exact Jacobians and exact Hessians of vᵀc, for SciPy's solvers and for the optimality conditions.

What enters: SciPy's constraint objects, this module's, or dicts. What leaves: the same with the missing derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize, sparse
from scipy.sparse.linalg import LinearOperator

from dualrev.core.buffer import holds_traced
from dualrev.core.mirror import replaces
from dualrev.errors import ShapeError
from dualrev.scipy.optimize.bounds import is_tree
from dualrev.scipy.optimize.curvature import SparseDerivatives, with_sparse_hessian
from dualrev.scipy.optimize.derivatives import DENSE, Derivatives
from dualrev.scipy.optimize.patterns import asked_for
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.residuals import Residuals
from dualrev.scipy.optimize.values import as_array

__all__ = [
    "Constraint",
    "Curvature",
    "LinearConstraint",
    "NonlinearConstraint",
    "gives_sparse",
    "read",
]

_scipy: Any = optimize

_WAY_OUT = 'or give the constraint jac="2-point" (in dualrev\'s NonlinearConstraint) for finite differences'

# The Jacobian of a constraint is sparse from so many places on of which at most this part is filled (measured).
JACOBIAN_FROM, JACOBIAN_BELOW = 10_000, 0.1


class Curvature:
    """The Hessian of vᵀc as a callable ``(x, v)``: a matrix, sparse if that pays, or of many variables an operator.

    The pattern of a sparse one holds for all v. `sparsely` is True for sparse in any case, False for never.
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        point: Point | None = None,
        args: tuple[Any, ...] = (),
        *,
        sparsely: bool | None = None,
    ) -> None:
        self.fun = fun
        self._derivatives = Derivatives(
            self._weighted, point, scalar=True, way_out=_WAY_OUT, name="constraint"
        )
        self.args = args
        self._weights = np.zeros(0)
        self._sparsely = sparsely
        self._decided = sparsely is False

    def _weighted(self, x: Any, v: Any) -> Any:
        return np.sum(v * np.ravel(as_array(self.fun(x, *self.args), "constraint")))

    def _known(self, v: Any) -> np.ndarray:
        """Return `v` as the same object for the same numbers, as the cache compares arguments by identity."""
        if not np.array_equal(v, self._weights):
            self._weights = np.array(v, dtype=float).reshape(-1)
        return self._weights

    def _is_sparse(self, x: Any, v: np.ndarray) -> bool:
        if not self._decided:
            self._decided = True
            flat = np.array(x, dtype=float).reshape(-1)
            self._derivatives = with_sparse_hessian(
                self._derivatives, flat, (v,), varying=True, asked=bool(self._sparsely)
            )
        return isinstance(self._derivatives, SparseDerivatives)

    def __call__(self, x: Any, v: Any) -> Any:
        v = self._known(v)
        n = np.size(x)
        if self._is_sparse(x, v) or n <= DENSE:
            return self._derivatives.hess(x, v)
        x = np.array(x, dtype=float)
        return LinearOperator(
            (n, n), matvec=lambda p: self._derivatives.hessp(x, p, v), dtype=np.dtype(float)
        )

    def matrix(self, x: Any, v: Any) -> Any:
        """Return the matrix, whatever the number of variables."""
        v = self._known(v)
        self._is_sparse(x, v)
        return self._derivatives.hess(x, v)


@replaces(
    optimize.NonlinearConstraint,
    kind="solver",
    note="Jacobian and Hessian of vᵀc are exact unless given; x may be a container.",
)
class NonlinearConstraint(optimize.NonlinearConstraint):
    """A constraint lb ≤ fun(x) ≤ ub with exact derivatives.

    Parameters
    ----------
    fun : callable
        Plain NumPy code that returns a number or a vector. In `minimize` with a container as x0 it receives that
        container.
    lb, ub : array_like
        Bounds; equal for an equality, infinite where there is none.
    jac : callable or {"2-point", "3-point", "cs", "sparse"}, optional
        By default the exact Jacobian; "sparse" asks for a sparse array, which `minimize` chooses by itself for
        trust-constr and ipopt where the pattern of the Jacobian has few entries.
    hess : callable, string or HessianUpdateStrategy, optional
        By default the exact Hessian of vᵀc, unless `jac` is a string of SciPy's; "sparse" asks for a sparse array.
    keep_feasible, finite_diff_rel_step, finite_diff_jac_sparsity
        As in `scipy.optimize.NonlinearConstraint`; either of the last two asks for finite differences.

    See Also
    --------
    scipy.optimize.NonlinearConstraint

    Notes
    -----
    The attributes `jac` and `hess` are callables then, so that SciPy's own solvers use them too.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> disc = optimize.NonlinearConstraint(lambda x: x @ x, 0, 1)
    >>> optimize.minimize(lambda x: x[0] + x[1], [0.1, 0.0], constraints=disc).x.round(6)
    array([-0.707107, -0.707107])
    >>> disc.jac(np.array([1.0, 2.0]))
    array([[2., 4.]])
    """

    def __init__(
        self,
        fun: Callable[..., Any],
        lb: Any,
        ub: Any,
        jac: Any = None,
        hess: Any = None,
        keep_feasible: Any = False,
        finite_diff_rel_step: Any = None,
        finite_diff_jac_sparsity: Any = None,
    ) -> None:
        differences = finite_diff_rel_step is not None or finite_diff_jac_sparsity is not None
        self._given = (jac if jac is not None or not differences else "2-point", hess)
        own: Any = self._given[0]
        if own is None:
            own = Derivatives(
                fun, scalar=False, eager=True, way_out=_WAY_OUT, name="constraint"
            ).jac
        elif asked_for(own):
            own = _residuals(lambda x: np.ravel(as_array(fun(x), "constraint")), True).jac
        if asked_for(hess) or (hess is None and not isinstance(own, str)):
            hess = Curvature(fun, sparsely=asked_for(hess) or None)
        super().__init__(
            fun,
            lb,
            ub,
            own,
            _or_bfgs(hess),
            keep_feasible,
            finite_diff_rel_step,
            finite_diff_jac_sparsity,
        )


@replaces(
    optimize.LinearConstraint,
    kind="solver",
    note="The matrix may be a container: one block (m, *shape) per leaf of x0.",
)
class LinearConstraint(optimize.LinearConstraint):
    r"""A constraint lb ≤ A x ≤ ub, where A may follow the structure of x0.

    Parameters
    ----------
    A : array_like or sparse array of shape (m, n), or container
        Of a container x0 with leaves of shapes s, the blocks have shapes (m, \*s); None is a block of zeros.
    lb, ub, keep_feasible
        As in `scipy.optimize.LinearConstraint`.

    See Also
    --------
    scipy.optimize.LinearConstraint

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> line = optimize.LinearConstraint({"a": [[1.0, 1.0]], "b": [1.0]}, 3, 3)
    >>> res = optimize.minimize(lambda p: p["a"] @ p["a"] + p["b"] ** 2, {"a": np.zeros(2), "b": 0.0}, constraints=line)
    >>> res.x["a"].round(6), float(round(res.x["b"], 6))
    (array([1., 1.]), 1.0)
    """

    def __init__(
        self, A: Any, lb: Any = -np.inf, ub: Any = np.inf, keep_feasible: Any = False
    ) -> None:
        if is_tree(A) or any(map(holds_traced, (A, lb, ub))) or np.ndim(A) > 2:
            vars(self).update(A=A, lb=lb, ub=ub, keep_feasible=keep_feasible)
        else:
            super().__init__(A, lb, ub, keep_feasible)


def _or_bfgs(hess: Any) -> Any:
    """Return SciPy's default where nothing is given; before 1.14 its classes did not take None for that."""
    return _scipy.BFGS() if hess is None else hess


class Constraint(NamedTuple):
    """One constraint as it was given, taken apart.

    `form` is "dict", "nonlinear", "linear", or "unknown" (SciPy says what is wrong with it). `jac` and `hess` are None
    where the exact ones are to be supplied.
    """

    form: str
    fun: Any
    args: tuple[Any, ...]
    lb: Any
    ub: Any
    jac: Any
    hess: Any
    original: Any

    def vector(self, point: Point) -> Callable[[Any], Any]:
        """Return the constraint as a function of the flat vector, for the optimality conditions."""
        if self.form == "linear":
            a: Any = _matrix(self.fun, point)
            dense: Any = _dense(a) if sparse.issparse(a) else a
            return lambda x: dense @ x
        return lambda x: np.ravel(as_array(self.fun(point.restore(x), *self.args), "constraint"))

    def for_solver(
        self, point: Point, wanted: str, eager: Any = True, *, sparsely: bool = True
    ) -> Any:
        """Return the constraint for a solver that takes flat vectors and uses `wanted` ("value", "jac", "hess").

        With "hess" its derivatives are sparse if that is asked for, or if it pays and `sparsely` allows it.
        """
        if self.form == "unknown" or not wanted:
            return self.original
        if self.form == "linear":
            if type(self.original) is optimize.LinearConstraint and point.is_vector:
                return self.original
            return _scipy.LinearConstraint(
                _matrix(self.fun, point), self.lb, self.ub, self.original.keep_feasible
            )
        fun, jac, hess, args = self.fun, self.jac, self.hess, self.args
        if not point.is_vector:
            fun = _on_flat(fun, point)
            jac = _jac_on_flat(jac, point) if callable(jac) else jac
        asked = asked_for(jac)
        jac = None if asked else jac
        hess = None if asked_for(hess) and wanted != "hess" else hess
        if wanted == "hess" and jac is None and (asked or sparsely):
            made = _residuals(self.vector(point), asked)
            if asked or made.sparse_if_it_pays(point.flat, JACOBIAN_FROM, JACOBIAN_BELOW):
                fun, jac, args = made.fun, made.jac, ()
        if wanted != "value" and jac is None:
            d = Derivatives(
                self.fun,
                point,
                self.args,
                scalar=False,
                eager=eager,
                way_out=_WAY_OUT,
                name="constraint",
            )
            fun, jac = d.fun, d.jac
        if self.form == "dict" and wanted != "hess":
            return {**self.original, "fun": fun, "args": args, **({"jac": jac} if jac else {})}
        if args:
            fun = _with_args(fun, args)
            jac = _with_args(jac, args) if callable(jac) else jac
        if wanted == "hess" and (asked_for(hess) or (hess is None and not isinstance(jac, str))):
            which = True if asked_for(hess) else None if sparsely else False
            hess = Curvature(self.fun, point, self.args, sparsely=which)
        keep = getattr(self.original, "keep_feasible", False)
        step = getattr(self.original, "finite_diff_rel_step", None)
        pattern = getattr(self.original, "finite_diff_jac_sparsity", None)
        return _scipy.NonlinearConstraint(
            fun, self.lb, self.ub, jac or "2-point", _or_bfgs(hess), keep, step, pattern
        )


def _residuals(f: Callable[[Any], Any], asked: bool) -> Residuals:
    return Residuals(f, name="constraint", way_out=_WAY_OUT, sparse=asked)


def gives_sparse(con: Any) -> bool:
    """Say whether a constraint, as a solver gets it, is known to have a sparse Jacobian."""
    if isinstance(con, optimize.LinearConstraint):
        return bool(sparse.issparse(con.A))
    return isinstance(getattr(getattr(con, "jac", None), "__self__", None), Residuals)


def read(constraints: Any) -> list[Constraint]:
    """Take constraints apart: one or a sequence of them, None for none.

    SciPy's own NonlinearConstraint does not tell its default jac="2-point" from the same given by hand, nor its default
    BFGS(): both count as not given. `NonlinearConstraint` of this module tells them.
    """
    if constraints is None:
        return []
    single = (optimize.NonlinearConstraint, optimize.LinearConstraint, dict)
    if isinstance(constraints, single):
        constraints = [constraints]
    return [_read(con) for con in constraints]


def _read(con: Any) -> Constraint:
    if isinstance(con, dict) and callable(con.get("fun")):
        kind = str(con.get("type")).lower()
        if kind in ("eq", "ineq"):
            args = con.get("args", ())
            args = args if isinstance(args, tuple) else (args,)
            jac = con.get("jac")
            jac = jac if callable(jac) or isinstance(jac, str) else None
            ub = 0.0 if kind == "eq" else np.inf
            return Constraint("dict", con["fun"], args, 0.0, ub, jac, None, con)
    if isinstance(con, optimize.LinearConstraint):
        return Constraint("linear", con.A, (), con.lb, con.ub, None, None, con)
    if isinstance(con, NonlinearConstraint):
        return Constraint("nonlinear", con.fun, (), con.lb, con.ub, *con._given, con)
    if isinstance(con, optimize.NonlinearConstraint):
        default = (
            con.jac == "2-point"
            and con.finite_diff_rel_step is None
            and con.finite_diff_jac_sparsity is None
        )
        jac = None if default else con.jac
        hess = None if type(con.hess) is optimize.BFGS else con.hess
        return Constraint("nonlinear", con.fun, (), con.lb, con.ub, jac, hess, con)
    return Constraint("unknown", None, (), None, None, None, None, con)


def _dense(a: Any) -> Any:
    return a.toarray()


def _on_flat(fun: Callable[..., Any], point: Point) -> Callable[..., Any]:
    return lambda x, *args: fun(point.restore(np.asarray(x)), *args)


def _jac_on_flat(jac: Callable[..., Any], point: Point) -> Callable[..., Any]:
    """A Jacobian by hand gives a matrix, or blocks of shape (m, ...) in the structure of x0."""
    return lambda x, *args: _matrix(jac(point.restore(np.asarray(x)), *args), point)


def _with_args(f: Callable[..., Any], args: tuple[Any, ...]) -> Callable[..., Any]:
    return lambda x: f(x, *args)


def _matrix(a: Any, point: Point) -> Any:
    """Return a matrix of as many columns as the flat vector has entries, from one block per leaf if it is a tree."""
    whole = sparse.issparse(a) or (isinstance(a, np.ndarray) and a.ndim == 2)
    if point.is_vector or (whole and a.shape[-1] == point.size):
        return a
    blocks = point.leaves_of(a, "matrix of the constraint")
    rows = next((np.shape(b)[0] for b in blocks if b is not None), 1)
    out = []
    for block, where in zip(blocks, point.slices(), strict=True):
        width = where.stop - where.start
        if block is None:
            out.append(np.zeros((rows, width)))
            continue
        if np.size(block) != rows * width:
            raise ShapeError(
                f"{point.name}: a block of a constraint's matrix has shape {np.shape(block)}, and {rows} rows of "
                f"{width} entries are needed"
            )
        out.append(np.reshape(np.asarray(block, dtype=float), (rows, width)))
    return np.concatenate(out, axis=1)
