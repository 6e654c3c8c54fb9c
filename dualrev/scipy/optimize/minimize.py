"""scipy.optimize.minimize with exact derivatives, for every method, and minima that are differentiable themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.mirror import replaces
from dualrev.derivatives.closures import closed, guarded
from dualrev.scipy.optimize.bounds import Bounds, limits, solver_bounds
from dualrev.scipy.optimize.constraints import Constraint, gives_sparse, read
from dualrev.scipy.optimize.curvature import with_sparse_hessian
from dualrev.scipy.optimize.derivatives import Derivatives
from dualrev.scipy.optimize.methods import label, supply, uses, way_out
from dualrev.scipy.optimize.monitor import Monitor
from dualrev.scipy.optimize.optimality import differentiate_minimum, refuse_lanes
from dualrev.scipy.optimize.parameters import remember
from dualrev.scipy.optimize.patterns import asked_for
from dualrev.scipy.optimize.points import Point
from dualrev.scipy.optimize.values import one_number

__all__ = ["minimize"]

# Its type stubs state overloads that arguments handed through do not meet.
_scipy: Any = optimize


@replaces(
    optimize.minimize,
    kind="solver",
    note="Exact gradient, Hessian (products) and constraint Jacobians where the method uses them; the minimum is "
    "differentiable with respect to args and closures.",
)
def minimize(
    fun: Callable[..., Any],
    x0: Any,
    args: Any = (),
    method: Any = None,
    jac: Any = None,
    hess: Any = None,
    hessp: Any = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Any = None,
    options: Any = None,
    *,
    progress: bool = False,
    trajectory: bool = False,
) -> Any:
    """Minimise a scalar function with SciPy's methods and exact derivatives.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)``, plain NumPy code that returns a number.
    x0 : number, array_like, or container of arrays
        Initial guess. Scalars, lists, columns and rows are vectors; `fun` receives a vector of float64. Of a matrix or
        a container (dict, tuple, list, dataclass) `fun`, `callback` and derivatives by hand receive the structure, and
        ``res.x`` has it.
    args : tuple
        Further arguments of `fun`, `jac`, `hess` and `hessp`.
    method : str or callable, optional
        As in SciPy, and "ipopt" where cyipopt is installed (the extra ``nlp``).
    jac, hess, hessp : optional
        Derivatives by hand, or "2-point", "3-point", "cs" or a HessianUpdateStrategy, as in SciPy; they are used as
        given. What is missing is computed exactly, as far as the method uses it. After a string for `jac` nothing is.
        ``hess="sparse"`` asks trust-constr, ipopt, Newton-CG, trust-ncg and trust-krylov for the sparse Hessian.
    bounds : sequence of pairs, Bounds, or container, optional
        Of a container x0: the same structure with a tuple ``(lo, hi)``, a list of pairs, or None for each leaf, or
        `Bounds` of containers.
    constraints : one or a sequence of NonlinearConstraint, LinearConstraint, dict
        A missing Jacobian is exact, and so is the Hessian of vᵀc for trust-constr. SciPy's own NonlinearConstraint with
        ``jac="2-point"``, its default, counts as without a Jacobian.
    tol, callback, options : optional
        As in SciPy.
    progress : bool
        Show a bar with iteration, value and norm of the gradient (needs tqdm, the extra ``progress``).
    trajectory : bool
        Keep the iterates in ``res.trajectory``.

    Returns
    -------
    OptimizeResult
        As from SciPy. If `fun`, `args`, `bounds` or `constraints` hold traced values, ``res.x`` and ``res.fun`` are
        traced.

    Raises
    ------
    InputError
        If x0 is complex or not made of numbers.
    DualrevError
        If `fun` cannot be differentiated; the message names the way out.
    SolutionError
        If a minimum that is to be differentiated was not reached, or is not isolated.

    See Also
    --------
    scipy.optimize.minimize : The methods and their options.

    Notes
    -----
    Value and gradient at one point are one evaluation of `fun`; Hessians and the record that products come from are
    made once per point, only where the method asks. Up to 64 variables methods that take both get the Hessian, beyond
    that its products. Nelder-Mead, Powell, COBYLA and COBYQA get `fun` as it is.

    For trust-constr and ipopt the patterns of objective and constraints are detected. From 100 variables on a Hessian
    with at most 25 entries per row, on average, is sparse, and so is the Jacobian of a constraint with at least 10 000
    places of which at most a tenth is filled; ``options={"sparse_jacobian": False}`` keeps trust-constr's dense.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.scipy import optimize
    >>> def fun(p):
    ...     return np.sum((p["slope"] - 2.0) ** 2) + 2 * (p["offset"] + 1.0) ** 2
    >>> res = optimize.minimize(fun, {"slope": np.zeros(2), "offset": 1.0}, method="trust-exact")
    >>> res.x["slope"], float(res.x["offset"])
    (array([2., 2.]), -1.0)

    The derivative of a minimum with respect to a parameter:

    >>> import dualrev as dr
    >>> def best(a):
    ...     return optimize.minimize(lambda x: (x[0] - a) ** 2 + x[0] ** 4, [1.0]).x[0]
    >>> h = 1e-4
    >>> bool(abs(dr.derivative(best)(1.0) - (best(1.0 + h) - best(1.0 - h)) / (2 * h)) < 1e-3)
    True
    """
    args = args if isinstance(args, tuple) else (args,)
    point = Point(x0, "minimize")
    given = read(constraints)
    name = label(method, bounds, given)
    problem = closed(fun, (args, (jac, hess, hessp), [_open(c) for c in given], _sides(bounds)))
    if problem.values:
        refuse_lanes("minimize", problem)
        plain_fun, (plain_args, (jac, hess, hessp), parts, sides) = problem.plain
        plain_given = [_closed(c, part) for c, part in zip(given, parts, strict=True)]
        plain_bounds = bounds if sides is None else _with_sides(bounds, sides)
    else:
        plain_fun, plain_args, plain_given, plain_bounds = fun, args, given, bounds
    pair = jac is True
    d = Derivatives(
        functools.partial(_first, plain_fun) if pair else plain_fun,
        point,
        plain_args,
        scalar=True,
        way_out=way_out(name),
        name="minimize",
    )
    monitor = Monitor(
        progress,
        trajectory,
        point,
        f"minimize ({method or name})",
        lambda x: d.known(x, *plain_args),
    )
    if point.is_vector:
        objective = guarded("minimize", plain_fun)
    else:
        objective = functools.partial(_on_flat, guarded("minimize", plain_fun), point, pair)
        jac = functools.partial(_ravelled, jac, point) if callable(jac) else jac
        hess = functools.partial(_restored, hess, point) if callable(hess) else hess
        hessp = functools.partial(_product, hessp, point) if callable(hessp) else hessp
    asked = asked_for(hess)
    if asked_for(jac):
        raise ValueError(
            'minimize: jac= is a gradient, which is not sparse; hess="sparse" asks for a sparse Hessian'
        )
    if asked and (isinstance(jac, str) or hessp is not None):
        raise ValueError(
            'minimize: hess="sparse" asks for the exact Hessian, and not for one beside finite differences or hessp='
        )
    if asked and not uses(name).sparse:
        raise ValueError(
            f'minimize: method {method!r} takes no sparse Hessian; leave hess="sparse" out, or choose "trust-constr", '
            '"trust-krylov", "trust-ncg", "Newton-CG" or "ipopt"'
        )
    # Methods that multiply lose as much by the matrix as they gain, unless they are asked to take it.
    found = uses(name).sparse == "matrix" and hess is hessp is None and not isinstance(jac, str)
    if asked or found:
        hess = None
        d = with_sparse_hessian(d, point.flat, plain_args, asked=asked)
    own = supply(d, name, objective, jac, hess, hessp, point.size)
    try:
        res = _solve(
            method,
            name,
            own,
            point,
            plain_args,
            solver_bounds(plain_bounds, point),
            plain_given,
            tol,
            callback,
            options,
            monitor,
        )
    finally:
        monitor.close()
    monitor.finish(res)
    if problem.values:
        _differentiate(fun, args, pair, point, res, bounds, given)
    elif not point.is_vector:
        _structure(res, point)
    return remember(res, functools.partial(_first, fun) if pair else fun, args)


def _solve(
    method: Any,
    name: str,
    own: Any,
    point: Point,
    args: tuple[Any, ...],
    bounds: Any,
    given: list[Constraint],
    tol: Any,
    callback: Any,
    options: Any,
    monitor: Monitor,
) -> Any:
    """Call the solver on flat vectors."""
    if name == "ipopt":
        from dualrev.scipy.optimize.ipopt import minimize_ipopt

        return minimize_ipopt(
            own,
            point.flat,
            args,
            bounds,
            [c.for_solver(point, "hess") for c in given],
            tol,
            monitor.callback(callback),
            options,
        )
    wanted = uses(name).constraints
    fun = own.fun if uses(name).gradient else monitor.fun(own.fun)
    sparsely = name == "trust-constr" and (options or {}).get("sparse_jacobian") is not False
    for_solver = [c.for_solver(point, wanted, sparsely=sparsely) for c in given]
    if name == "trust-constr" and any(map(gives_sparse, for_solver)):
        # SciPy wants all of them to be of one kind.
        options = {**(options or {})}
        options["sparse_jacobian"] = options.get("sparse_jacobian") is not False
    return _scipy.minimize(
        fun,
        point.flat,
        args=args,
        method=method,
        jac=own.jac,
        hess=own.hess,
        hessp=own.hessp,
        bounds=bounds,
        constraints=for_solver,
        tol=tol,
        callback=monitor.callback(callback, name),
        options=options,
    )


# -- the user's functions, on flat vectors --------------------------------------------------------------------------


def _first(fun: Callable[..., Any], x: Any, *args: Any) -> Any:
    return fun(x, *args)[0]


def _on_flat(fun: Callable[..., Any], point: Point, pair: bool, x: Any, *args: Any) -> Any:
    y = fun(point.restore(np.asarray(x)), *args)
    return (y[0], np.asarray(point.ravel(y[1]), float)) if pair else y


def _ravelled(jac: Callable[..., Any], point: Point, x: Any, *args: Any) -> Any:
    return np.asarray(point.ravel(jac(point.restore(np.asarray(x)), *args)), float)


def _restored(hess: Callable[..., Any], point: Point, x: Any, *args: Any) -> Any:
    return hess(point.restore(np.asarray(x)), *args)


def _product(hessp: Callable[..., Any], point: Point, x: Any, p: Any, *args: Any) -> Any:
    product = hessp(point.restore(np.asarray(x)), point.restore(np.asarray(p)), *args)
    return np.asarray(point.ravel(product), float)


def _structure(res: Any, point: Point) -> None:
    """Give x, and the gradient, the structure of x0."""
    for key in ("x", "jac", "grad"):
        found = res.get(key)
        if isinstance(found, np.ndarray) and found.shape == point.flat.shape:
            res[key] = point.restore(found)


# -- traced values ----------------------------------------------------------------------------------------------------


def _open(con: Constraint) -> tuple[Any, ...]:
    return con.fun, con.args, con.lb, con.ub, con.jac, con.hess


def _closed(con: Constraint, part: tuple[Any, ...]) -> Constraint:
    fun, args, lb, ub, jac, hess = part
    return con._replace(fun=fun, args=args, lb=lb, ub=ub, jac=jac, hess=hess)


def _sides(bounds: Any) -> Any:
    return (bounds.lb, bounds.ub) if isinstance(bounds, optimize.Bounds) else bounds


def _with_sides(bounds: Any, sides: Any) -> Any:
    if isinstance(bounds, optimize.Bounds):
        lower, upper = sides
        return Bounds(lower, upper, bounds.keep_feasible)
    return sides


def _differentiate(
    fun: Callable[..., Any],
    args: tuple[Any, ...],
    pair: bool,
    point: Point,
    res: Any,
    bounds: Any,
    given: list[Constraint],
) -> None:
    """Give the solution its derivatives by what the user's functions hold."""

    def objective(x: Any) -> Any:
        y = fun(point.restore(x), *args)
        return one_number(y[0] if pair else y, "minimize")

    triples = [(c.vector(point), c.lb, c.ub) for c in given if c.form != "unknown"]
    box = None if bounds is None else limits(bounds, point)
    x = differentiate_minimum(objective, res, bounds=box, constraints=triples)
    _structure(res, point)
    res.x = point.restore(x)
    res.fun = objective(x)
