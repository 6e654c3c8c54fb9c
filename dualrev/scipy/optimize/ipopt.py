"""minimize(method="ipopt"): the interior-point solver Ipopt through cyipopt, with exact first and second derivatives.

What enters: objective and constraints as SciPy takes them, derivatives filled in. What leaves: an OptimizeResult.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize as _optimize
from scipy import sparse as _sparse

from dualrev.core.extras import extra
from dualrev.errors import PatternError
from dualrev.scipy.optimize.bounds import limits
from dualrev.scipy.optimize.constraints import Curvature
from dualrev.scipy.optimize.curvature import SparseDerivatives
from dualrev.scipy.optimize.methods import Supplied
from dualrev.scipy.optimize.monitor import takes_result
from dualrev.scipy.optimize.points import Point
from dualrev.sparse.pattern import Pattern, as_pattern

__all__ = ["minimize_ipopt"]

# Their type stubs state overloads that arguments handed through do not meet.
optimize: Any = _optimize
sparse: Any = _sparse

# What Ipopt takes for infinite.
_INFINITE = 2e19
_SOLVED = (0, 1)  # Solve_Succeeded, Solved_To_Acceptable_Level
_RENAMED = {"maxiter": "max_iter", "disp": "print_level"}


def _cyipopt() -> Any:
    return extra(
        "cyipopt",
        "nlp",
        'minimize(method="ipopt") calls Ipopt (conda install -c conda-forge cyipopt brings it along) through cyipopt',
    )


class _Block:
    """One constraint: values, limits, and the places of its Jacobian's entries."""

    def __init__(self, con: Any, x0: np.ndarray, pattern: Any = None) -> None:
        self.linear = isinstance(con, optimize.LinearConstraint)
        self.hess: Any = None if self.linear else con.hess
        if self.linear:
            self._matrix = con.A if sparse.issparse(con.A) else np.atleast_2d(con.A)
            self.size = self._matrix.shape[0]
        else:
            self._fun, self._jac = con.fun, con.jac
            self.size = self.value(x0).size
        self.lower = np.broadcast_to(np.asarray(con.lb, float), self.size)
        self.upper = np.broadcast_to(np.asarray(con.ub, float), self.size)
        # A zero in a dense Jacobian may be one by accident at x0: only what is sparse by type, or a pattern that is
        # known to hold, leaves entries out.
        if pattern is None and (self.linear or callable(self._jac)):
            first = self._matrix if self.linear else self._jac(x0)
            pattern = first if sparse.issparse(first) else None
        if pattern is None:
            rows, columns = np.indices((self.size, x0.size)).reshape(2, -1)
            self._by_type = False
        else:
            pattern = as_pattern(pattern)
            rows, columns = pattern.rows, pattern.columns
            self._by_type = True
        self.rows, self.columns = rows, columns

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return the constrained values at `x`."""
        y = self._matrix @ x if self.linear else self._fun(x)
        return np.ravel(np.asarray(y, float))

    def entries(self, x: np.ndarray) -> np.ndarray:
        """Return the Jacobian's entries, in the order of their places."""
        if self.linear:
            block = self._matrix
        elif callable(self._jac):
            block = self._jac(x)
        else:
            block = optimize.approx_fprime(x, self.value)
        if not sparse.issparse(block):
            dense = np.reshape(np.asarray(block, float), (self.size, x.size))
            return dense[self.rows, self.columns] if self._by_type else dense.ravel()
        block = sparse.csr_array(block).tocoo()
        if not (np.array_equal(block.row, self.rows) and np.array_equal(block.col, self.columns)):
            block = sparse.csr_matrix(block)
            picked = np.asarray(block[self.rows, self.columns]).ravel()
            if block.count_nonzero() > np.count_nonzero(picked):
                raise PatternError(
                    "minimize: a sparse Jacobian of a constraint has an entry where it had none at x0, and Ipopt "
                    "cannot change the pattern under way",
                    "return explicit zeros at every place that may become nonzero; where dualrev found the pattern, a "
                    "branch has changed: write it with np.where, whose branches both count",
                )
            return picked
        return np.asarray(block.data)

    def curvature(self, x: np.ndarray, v: np.ndarray) -> Any:
        """Return the Hessian of vᵀc: sparse if dualrev found it to be, else dense."""
        if isinstance(self.hess, Curvature):
            return self.hess.matrix(x, v)
        return _dense(self.hess(x, v), x.size)


class _Half:
    """Value or gradient of a function that returns both (jac=True)."""

    def __init__(self, pair: Callable[..., Any], which: int) -> None:
        self.pair = pair
        self.which = which

    def __call__(self, x: Any, *args: Any) -> Any:
        return self.pair(x, *args)[self.which]


class _Problem:
    """What cyipopt calls, by its names."""

    def __init__(
        self,
        own: Supplied,
        args: tuple[Any, ...],
        blocks: list[_Block],
        size: int,
        callback: Any,
        pattern: Pattern | None,
    ) -> None:
        self.own = own
        self.args = args
        self.blocks = blocks
        self.callback = callback
        self.iterate: Callable[[], Any] | None = None
        # cyipopt makes a failed search of an error in the Hessian.
        self.error: Exception | None = None
        self.counts = {"nfev": 0, "njev": 0, "nhev": 0, "nit": 0}
        self._edges = np.cumsum([b.size for b in blocks])[:-1]
        if own.jac is True:
            self._fun: Any = _Half(own.fun, 0)
            self._jac: Any = _Half(own.fun, 1)
        else:
            self._fun, self._jac = own.fun, own.jac
        self._places = _Places(size, pattern)

    def objective(self, x: np.ndarray) -> float:
        self.counts["nfev"] += 1
        return float(np.asarray(self._fun(x.copy(), *self.args)).item())

    def gradient(self, x: np.ndarray) -> Any:
        self.counts["njev"] += 1
        if callable(self._jac):
            return np.asarray(self._jac(x.copy(), *self.args), float)
        return optimize.approx_fprime(x, self._fun, np.sqrt(np.finfo(float).eps), *self.args)

    def constraints(self, x: np.ndarray) -> Any:
        return _joined([b.value(x.copy()) for b in self.blocks], float)

    def jacobianstructure(self) -> Any:
        starts = np.cumsum([0, *(b.size for b in self.blocks)])
        return (
            _joined([b.rows + s for b, s in zip(self.blocks, starts, strict=False)], int),
            _joined([b.columns for b in self.blocks], int),
        )

    def jacobian(self, x: np.ndarray) -> Any:
        return _joined([b.entries(x.copy()) for b in self.blocks], float)

    def intermediate(self, *numbers: Any) -> bool:
        self.counts["nit"] = int(numbers[1])
        if self.callback is None or self.iterate is None:
            return True
        now = self.iterate()
        if now is None:
            return True
        x = np.array(now["x"])
        try:
            if takes_result(self.callback):
                return not self.callback(
                    intermediate_result=optimize.OptimizeResult(x=x, fun=float(numbers[2]))
                )
            return not self.callback(x)
        except StopIteration:
            return False


class _ProblemWithHessian(_Problem):
    """cyipopt asks whether these methods exist."""

    def hessianstructure(self) -> Any:
        return self._places.rows, self._places.columns

    def hessian(self, x: np.ndarray, multipliers: np.ndarray, factor: float) -> Any:
        """Return the lower triangle of the Hessian of the Lagrangian."""
        try:
            return self._lower_triangle(x.copy(), multipliers, factor)
        except Exception as error:
            self.error = error
            raise

    def _lower_triangle(self, x: np.ndarray, multipliers: np.ndarray, factor: float) -> Any:
        self.counts["nhev"] += 1
        h = np.zeros(self._places.size)
        if factor:
            self._places.add(h, factor, _objective_hessian(self.own, x, self.args), "objective")
        parts = np.split(multipliers, self._edges)
        for k, (block, v) in enumerate(zip(self.blocks, parts, strict=False)):
            if not block.linear and np.any(v):
                self._places.add(h, 1.0, block.curvature(x, v), f"constraint {k}")
        return h


def _objective_hessian(own: Supplied, x: np.ndarray, args: tuple[Any, ...]) -> Any:
    if own.hess is not None:
        h = own.hess(x, *args)
        return h if _is_ours(own.hess) else _dense(h, x.size)
    columns = [own.hessp(x, e, *args) for e in np.eye(x.size)]
    return np.stack(columns, axis=1)


class _Places:
    """The places of the lower triangle of a symmetric matrix, and how parts of it are added up there."""

    def __init__(self, n: int, pattern: Pattern | None) -> None:
        self._n = n
        if pattern is None:
            self.rows, self.columns = np.tril_indices(n)
        else:
            below = pattern.rows >= pattern.columns
            self.rows, self.columns = pattern.rows[below], pattern.columns[below]
        self.size = len(self.rows)
        self._keys = self.rows.astype(np.int64) * n + self.columns
        self._known: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = {}

    def add(self, h: np.ndarray, factor: float, part: Any, name: str) -> None:
        """Add a dense matrix, or a sparse one whose entries lie in these places."""
        if not sparse.issparse(part):
            h += factor * part[self.rows, self.columns]
            return
        known = self._known.get(name)
        if known is None or not (
            np.array_equal(known[0], part.indptr) and np.array_equal(known[1], part.indices)
        ):
            known = self._known[name] = (part.indptr, part.indices, *self._found(part, name))
        _, _, taken, into = known
        h[into] += factor * part.data[taken]

    def _found(self, part: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return which entries of a matrix are taken, and to which places they go."""
        rows = np.repeat(np.arange(self._n), np.diff(part.indptr))
        taken = np.flatnonzero(rows >= part.indices)
        keys = rows[taken] * self._n + part.indices[taken]
        into = np.minimum(np.searchsorted(self._keys, keys), max(self.size - 1, 0))
        outside = ~np.isin(keys, self._keys)
        if np.any(part.data[taken[outside]]):
            raise PatternError(
                f"minimize: the Hessian of the {name} has an entry that its pattern at x0 lacks, and Ipopt cannot "
                "change the pattern under way: a branch of the function has changed",
                "start on the branch of the solution, or write it with np.where, whose branches both count",
            )
        return taken[~outside], into[~outside]


def _is_ours(hess: Any) -> bool:
    """Say whether a Hessian is one that dualrev found to be sparse."""
    return isinstance(getattr(hess, "__self__", None), SparseDerivatives)


def _detected(own: Supplied, args: tuple[Any, ...], blocks: list[_Block], x: np.ndarray) -> Any:
    """Return the pattern of the Hessian of the Lagrangian, None where a part of it is dense or given by hand."""
    if not _is_ours(own.hess):
        return None
    found = Pattern(own.hess(x, *args))
    for block in blocks:
        if not block.linear:
            part = block.curvature(x, np.ones(block.size))
            if not (isinstance(block.hess, Curvature) and sparse.issparse(part)):
                return None
            found = found | Pattern(part)
    return found


def minimize_ipopt(
    own: Supplied,
    x0: np.ndarray,
    args: tuple[Any, ...],
    bounds: Any,
    constraints: list[Any],
    tol: float | None,
    callback: Any,
    options: Any,
    pattern: Any = None,
) -> Any:
    """Call Ipopt.

    `constraints` are SciPy's objects with their derivatives. `pattern` is for structures known from elsewhere:
    ``{"hessian": matrix, "jacobian": [matrix or None, ...]}``, sparse matrices whose stored entries are the places of
    the Hessian of the Lagrangian and of each constraint's Jacobian. Without an exact Hessian of every part Ipopt
    approximates it (limited-memory BFGS).

    Raises
    ------
    ImportError
        If cyipopt is not installed.
    """
    cyipopt = _cyipopt()
    n = x0.size
    pattern = pattern or {}
    known = pattern.get("jacobian") or [None] * len(constraints)
    blocks = [_Block(c, x0, p) for c, p in zip(constraints, known, strict=True)]
    exact = callable(own.hess) or (own.hess is None and callable(own.hessp))
    exact = exact and all(b.linear or callable(b.hess) for b in blocks)
    kind = _ProblemWithHessian if exact else _Problem
    places: Any = pattern.get("hessian")
    if places is not None:
        places = as_pattern(places)
    elif exact:
        places = _detected(own, args, blocks, x0)
    asked = kind(own, args, blocks, n, callback, places)
    lower, upper = (
        (np.full(n, -np.inf), np.full(n, np.inf)) if bounds is None else limits(bounds, Point(x0))
    )
    problem = cyipopt.Problem(
        n=n,
        m=sum(b.size for b in blocks),
        problem_obj=asked,
        lb=_finite(lower),
        ub=_finite(upper),
        cl=_finite([v for b in blocks for v in b.lower]),
        cu=_finite([v for b in blocks for v in b.upper]),
    )
    asked.iterate = getattr(problem, "get_current_iterate", None)
    for name, setting in _options(options, tol, exact).items():
        problem.add_option(name, setting)
    x, info = problem.solve(x0)
    if asked.error is not None:
        raise asked.error
    message = info["status_msg"]
    return optimize.OptimizeResult(
        x=np.asarray(x),
        success=info["status"] in _SOLVED,
        status=info["status"],
        message=message.decode() if isinstance(message, bytes) else str(message),
        fun=float(info["obj_val"]),
        jac=asked.gradient(np.asarray(x)),
        info=info,
        **asked.counts,
    )


def _options(options: Any, tol: float | None, exact: bool) -> dict[str, Any]:
    """Return Ipopt's options, with SciPy's names for the commonest translated; it is silent unless asked."""
    out: dict[str, Any] = {"print_level": 0, "sb": "yes"}
    if not exact:
        out["hessian_approximation"] = "limited-memory"
    if tol is not None:
        out["tol"] = float(tol)
    for name, setting in (options or {}).items():
        level = name == "disp"
        out[_RENAMED.get(name, name)] = (
            (5 if setting is True else int(setting)) if level else setting
        )
    return out


def _joined(parts: list[Any], dtype: Any) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype), *parts])


def _finite(limit: Any) -> np.ndarray:
    return np.asarray(np.clip(np.asarray(limit, float), -_INFINITE, _INFINITE))


def _dense(h: Any, n: int) -> np.ndarray:
    if sparse.issparse(h):
        return np.asarray(h.toarray())
    if isinstance(h, sparse.linalg.LinearOperator):
        return np.asarray(h @ np.eye(n), float)
    return np.reshape(np.asarray(h, float), (n, n))
