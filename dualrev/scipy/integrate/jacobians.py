"""Exact Jacobians for the implicit methods of solve_ivp and odeint: dense, sparse, or a band.

Which of them is decided once per call: a large right-hand side is followed once to find the pattern of its Jacobian,
which takes as long as some dozens of its evaluations.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import integrate
from scipy.sparse import csc_matrix

from dualrev.core.array import value
from dualrev.core.levels import decaying
from dualrev.derivatives.jacobian import jacobian
from dualrev.errors import DualrevError, PatternError, UnsupportedError
from dualrev.scipy.integrate.arguments import original
from dualrev.scipy.integrate.factorised import ordered
from dualrev.sparse.detection import if_followed, jacobian_pattern
from dualrev.sparse.jacobian import jacobian as sparse_jacobian
from dualrev.sparse.pattern import Pattern

__all__ = [
    "Compressed",
    "integrated",
    "odeint_run",
    "sparse_if_better",
    "takes_sparse",
    "way_out",
]

_SPARSE = ("Radau", "BDF", integrate.Radau, integrate.BDF)
_DENSE = ("LSODA", integrate.LSODA)
# From so many states on the pattern is looked for. It is used if at most this part of the entries is in it, by LSODA if
# its band is at most this part of the matrix (measured).
FROM, BELOW, BAND_BELOW = 200, 0.1, 0.25
# Lanes up to which all columns are coloured and nothing else.
FEW_LANES = 32


@contextlib.contextmanager
def way_out(remedy: str) -> Iterator[None]:
    """Add to an error of a function that cannot be differentiated how to go on without its derivative."""
    try:
        yield
    except DualrevError as error:
        if hasattr(error, "add_note"):
            error.add_note(f"It arose in the exact Jacobian of the right-hand side; {remedy}.")
        raise


_REMEDY = 'pass jac= by hand, or jac="2-point" for finite differences'
_ODEINT = "pass Dfun= by hand, or call scipy.integrate.odeint for finite differences"


class _OutsideBand(Exception):
    """A branch has changed, and with it the band that LSODA was promised."""


def takes_sparse(method: Any) -> bool:
    """Say whether a method factorises sparse matrices."""
    return method in _SPARSE


def _found_pattern(f: Callable[..., Any], y: np.ndarray, *args: Any) -> Pattern | None:
    """Return the pattern of the Jacobian of a large ``f(y, *args)``; None if it is small or cannot be followed."""
    return None if y.size < FROM else if_followed(jacobian_pattern, f, y, *args)


class Compressed:
    """The sparse Jacobian of ``f(y, *args)`` for one integration, of some dozens of matrices.

    Parameters
    ----------
    f : callable
        From a vector to an array.
    pattern : Pattern, optional
        Found by detection, and found again when a branch changes; detected at the first call if it is not given.
    format : str
        Of the matrices.
    """

    def __init__(self, f: Callable[..., Any], pattern: Any = None, format: str = "csc") -> None:
        self._f = f
        # A full row asks for rows to be coloured too; else what saves colours takes longer than it gains.
        few = pattern is not None and int(pattern.row_counts.max(initial=0)) <= FEW_LANES
        mode: Any = "forward" if few else "auto"
        self._sparse = sparse_jacobian(
            f, pattern=pattern, mode=mode, order="natural", format=format, on_change="detect"
        )
        self._format = format

    def __call__(self, y: np.ndarray, *args: Any) -> Any:
        try:
            return self._sparse(y, *args)
        except PatternError:
            # Where a row is rounding only, or dependence hides from detection: the dense one is never wrong.
            J = value(jacobian(self._f, mode="forward")(y, *args))
            found: Any = csc_matrix(np.reshape(J, (-1, y.size)))
            return found.asformat(self._format)


def sparse_if_better(f: Callable[..., Any], y: np.ndarray, *args: Any) -> Compressed | None:
    """Return the sparse Jacobian of ``f(y, *args)``, None if a dense one is better."""
    pattern = _found_pattern(f, y, *args)
    if pattern is None or pattern.density > BELOW:
        return None
    return Compressed(f, pattern)


def is_banded(pattern: Pattern) -> bool:
    """Say whether a band is worth having."""
    lower, upper = pattern.bandwidth
    return 2 * lower + upper + 1 <= BAND_BELOW * pattern.shape[0]


def integrated(
    fun: Callable[..., Any],
    span: Sequence[Any],
    y0: Any,
    method: Any,
    t_eval: Any,
    dense_output: bool,
    events: Any,
    vectorized: bool,
    args: Any,
    options: dict[str, Any],
    called: Callable[..., Any] | None = None,
) -> Any:
    """Call SciPy's solve_ivp with the exact Jacobian of `fun`, if the method takes one and none is given.

    ``jac="2-point"`` leaves it to SciPy's differences; so does a complex state, as the right-hand side may not be
    holomorphic. `called` is `fun` as the solver calls it.
    """

    def run(method: Any, options: dict[str, Any]) -> Any:
        return original.solve_ivp(
            called or fun,
            span,
            y0,
            method,
            t_eval,
            dense_output,
            events,
            vectorized,
            args,
            **options,
        )

    given = options.get("jac")
    if isinstance(given, str) and given == "2-point":
        return run(method, {**options, "jac": None})
    wanted = isinstance(given, str) and given == "sparse"
    options = {**options, "jac": None} if wanted else options
    state = np.asarray(y0)
    if wanted and (state.dtype.kind == "c" or method not in (*_SPARSE, *_DENSE)):
        raise UnsupportedError(
            'solve_ivp(jac="sparse")',
            f"method {method!r} takes no Jacobian"
            if method not in (*_SPARSE, *_DENSE)
            else "the state is complex",
            "leave jac= out",
        )
    if options.get("jac") is not None or method not in (*_SPARSE, *_DENSE):
        return run(method, options)
    if options.get("lband") is not None or options.get("uband") is not None:
        return run(method, options)
    if state.dtype.kind == "c" or state.ndim != 1:
        return run(method, options)
    remembering = decaying(fun)

    def rhs(y: Any, t: Any, *args: Any) -> Any:
        return remembering(t, y, *args)

    here = (state.astype(float, copy=False), value(span[0]), *(() if args is None else args))
    pattern = options.get("jac_sparsity")
    if method in _SPARSE:
        if pattern is not None:
            # SciPy takes the pattern for its own differences only.
            exact = sparse_jacobian(rhs, pattern=pattern, format="csc")
            options = {**options, "jac_sparsity": None, "jac": _sparse(exact)}
            return run(ordered(method), options)
        pattern = _pattern(rhs, here, wanted)
        if pattern is not None and (wanted or pattern.density <= BELOW):
            return run(ordered(method), {**options, "jac": _sparse(Compressed(rhs, pattern))})
    else:
        pattern = _pattern(rhs, here, wanted)
        if pattern is not None and is_banded(pattern):
            lower, upper = pattern.bandwidth
            jac = _banded(rhs, pattern, _REMEDY, lower if _is_fortran() else 0)
            with contextlib.suppress(_OutsideBand):
                return run(method, {**options, "jac": jac, "lband": lower, "uband": upper})
    return run(method, {**options, "jac": _dense(fun, state.size)})


def _pattern(rhs: Callable[..., Any], here: Sequence[Any], wanted: bool) -> Any:
    if not wanted:
        return _found_pattern(rhs, *here)
    with way_out(_REMEDY):
        return jacobian_pattern(rhs, *here)


def _dense(fun: Callable[..., Any], n: int) -> Callable[..., Any]:
    exact = jacobian(decaying(fun), argnums=1, mode="forward")

    def jac(t: float, y: np.ndarray, *args: Any) -> Any:
        with way_out(_REMEDY):
            return np.reshape(value(exact(t, y, *args)), (n, n))

    return jac


def _sparse(exact: Callable[..., Any]) -> Callable[..., Any]:
    def jac(t: float, y: np.ndarray, *args: Any) -> Any:
        with way_out(_REMEDY):
            return csc_matrix(exact(y, t, *args))

    return jac


def _banded(
    rhs: Callable[..., Any], pattern: Pattern, remedy: str, padding: int = 0
) -> Callable[..., Any]:
    """Return the Jacobian in the rows of a band: entry (i, j) is in row ``upper + i - j`` of column j."""
    exact = Compressed(rhs, pattern, "coo")
    lower, upper = pattern.bandwidth

    def jac(t: float, y: np.ndarray, *args: Any) -> Any:
        with way_out(remedy):
            J = exact(y, t, *args)
        rows = upper + J.row - J.col
        if rows.min() < 0 or rows.max() > lower + upper:
            raise _OutsideBand
        band = np.zeros((lower + upper + 1 + padding, y.size))
        band[rows, J.col] = J.data
        return band

    return jac


def _is_fortran() -> bool:
    """Say whether LSODA is still the Fortran one, of SciPy before 1.17, which wants rows for the factors too."""
    integrator: Any = integrate.LSODA(lambda t, y: y, 0.0, np.zeros(1), 1.0)
    runner = integrator._lsoda_solver._integrator.runner
    return type(runner).__name__ == "fortran"


def odeint_run(
    run: Callable[..., Any], func: Callable[..., Any], y0: Any, t: Any, args: Any, tfirst: bool
) -> Any:
    """Call ``run(Dfun, ml, mu)`` with the exact Jacobian, in a band where that is better."""
    state = np.ravel(np.asarray(y0))
    remembering = decaying(func)

    def rhs(y: Any, t: Any, *args: Any) -> Any:
        return remembering(t, y, *args) if tfirst else remembering(y, t, *args)

    pattern = None
    if state.dtype.kind in "fiu" and np.size(t):
        pattern = _found_pattern(rhs, state.astype(float), float(np.ravel(t)[0]), *args)
    if pattern is not None and is_banded(pattern):
        band = _banded(rhs, pattern, _ODEINT)

        def Dfun(*given: Any) -> Any:
            first, second, *rest = given
            return band(first, second, *rest) if tfirst else band(second, first, *rest)

        with contextlib.suppress(_OutsideBand):
            return run(Dfun, *pattern.bandwidth)
    return run(_odeint_jacobian(func, tfirst), None, None)


def _odeint_jacobian(func: Callable[..., Any], tfirst: bool) -> Callable[..., Any]:
    """Return the exact Jacobian in the form of ``Dfun``."""
    exact = jacobian(decaying(func), argnums=1 if tfirst else 0, mode="forward")

    def Dfun(*given: Any) -> Any:
        n = np.size(given[1 if tfirst else 0])
        with way_out(_ODEINT):
            return np.reshape(value(exact(*given)), (n, n))

    return Dfun
