"""Systems of differential equations as pure functions: the user's, and the one of its tangents, to any order.

What enters: a right-hand side with the traced values it depends on taken out of it (`derivatives/closures.py`). What
leaves: ``rhs(t, states, params)``, its Jacobian for the implicit methods, and the tolerances of every state. The
tangent system has the states y and S with S' = f_y S + f_p Ṗ, for several directions at once (Caracotsios & Stewart
1985, Sensitivity analysis of initial value problems). Next: `flow.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csc_matrix

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.bind import operand
from dualrev.derivatives.closures import Closed, refuse_traced
from dualrev.derivatives.jacobian import jacobian
from dualrev.derivatives.passes import Inputs, push
from dualrev.errors import ShapeError
from dualrev.scipy.integrate.blocks import Blocks
from dualrev.scipy.integrate.jacobians import Compressed, sparse_if_better

__all__ = ["Plain", "System", "Tangent", "push_lanes"]


def push_lanes(f: Callable[..., Any], primals: list[Any], tangents: list[Any], lanes: int) -> Any:
    """Return the outputs of ``f(*primals)``, a tuple, and their tangents with `lanes` directions in front."""
    inputs = Inputs("solve_ivp", tuple(primals), range(len(primals)))
    single = lanes == 1
    seeds = [t[0] for t in tangents] if single else tangents
    ys, ts, _, _ = push("solve_ivp", inputs, f, seeds, {}, None if single else lanes, False)
    full = []
    for y, t in zip(ys, ts, strict=True):
        shape = (lanes, *np.shape(y))
        if t is None:
            full.append(np.zeros(shape, dtype_of(y)))
        else:
            full.append(np.reshape(t, shape) if single else t)
    return ys, full


class System:
    """dy/dt = f(t, y, p) for a list of state arrays and a list of parameter arrays.

    Attributes
    ----------
    shapes : list of tuple
        Of the states.
    """

    shapes: list[tuple[int, ...]]
    name = "solve_ivp"

    def rhs(self, t: Any, states: Sequence[Any], params: Sequence[Any]) -> list[Any]:
        """Return the time derivatives of the states; everything may be traced. Each system defines it."""
        raise TypeError(f"{type(self).__name__} is abstract")

    def jacobian(self, t: float, z: np.ndarray, params: Sequence[Any]) -> Any:
        """Return the plain Jacobian of all states, flattened: an array, a csc_matrix, or `Blocks`."""
        return value(jacobian(lambda z: self.flat(t, z, params), mode="forward")(z))

    def is_sparse(self, t: Any, states: Sequence[Any], params: Sequence[Any]) -> bool:
        """Say whether the Jacobian is sparse, or has blocks that are; everything may be traced."""
        return False

    def tolerances(self, states: Sequence[Any], params: Sequence[Any], atol: Any) -> np.ndarray:
        """Return the absolute tolerance of every flattened state."""
        raise NotImplementedError

    def split(self, z: Any) -> list[Any]:
        """Cut flattened states (along the first axis) into arrays."""
        out, start = [], 0
        for shape in self.shapes:
            stop = start + math.prod(shape)
            out.append(np.reshape(z[start:stop], (*shape, *np.shape(z)[1:])))
            start = stop
        return out

    def flat(self, t: Any, z: Any, params: Sequence[Any]) -> Any:
        """Return the right-hand side of the flattened states."""
        parts = [np.reshape(v, (-1,)) for v in self.rhs(t, self.split(z), params)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def size(self) -> int:
        """Return the number of scalar states."""
        return sum(map(math.prod, self.shapes))


class Plain(System):
    """The user's own system.

    Parameters
    ----------
    found : Closed
        The right-hand side, and as its arguments ``(args, *anything)``.
    n : int
        Number of states.
    t_first : bool
        The order of the first two arguments.
    """

    def __init__(self, found: Closed, n: int, name: str, t_first: bool = True) -> None:
        self.found = found
        self.shapes = [(n,)]
        self.name = name
        self.t_first = t_first
        self._last: tuple[Any, Any] = (None, None)
        # The sparse Jacobian, or None if a dense one is better, once that is known.
        self._found: tuple[Compressed | None] | None = None

    def at(self, params: Sequence[Any]) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Return the user's function and extra arguments with these values in place of the traced ones."""
        kept, made = self._last
        # A solver asks with the same list throughout; a function of traced values is used once.
        if kept is not params:
            made = self.found.at(params)
            self._last = (params, made)
        return made[0], made[1][0]

    def events(self, params: Sequence[Any]) -> tuple[list[Callable[..., Any]], tuple[Any, ...]]:
        """Return the event functions, which stand second among the arguments, and the user's extra arguments."""
        args, events = self.found.at(params)[1][:2]
        return ([events] if callable(events) else list(events)), args

    def rhs(self, t: Any, states: Sequence[Any], params: Sequence[Any]) -> list[Any]:
        f, args = self.at(params)
        y = states[0]
        out = f(t, y, *args) if self.t_first else f(y, t, *args)
        if not isinstance(y, Traced):
            refuse_traced(self.name, *(() if _known_traced(t, params) else (out,)))
        return [self._fit(out)]

    def _at(self, z: Any, t: Any, params: Sequence[Any]) -> Any:
        return self.flat(t, z, params)

    def jacobian(self, t: float, z: np.ndarray, params: Sequence[Any]) -> Any:
        exact = self._sparse_at(t, z, params)
        return super().jacobian(t, z, params) if exact is None else csc_matrix(exact(z, t, params))

    def _sparse_at(self, t: float, z: np.ndarray, params: Sequence[Any]) -> Compressed | None:
        """Return the sparse Jacobian, None if a dense one is better; found at the first plain point."""
        if self._found is None:
            self._found = (sparse_if_better(self._at, z, t, params),)
        return self._found[0]

    def is_sparse(self, t: Any, states: Sequence[Any], params: Sequence[Any]) -> bool:
        return self._sparse_at(value(t), value(states[0]), [value(p) for p in params]) is not None

    def _fit(self, out: Any) -> Any:
        out = operand(out)
        if np.shape(out) != self.shapes[0]:
            if np.size(out) not in (1, self.shapes[0][0]):
                raise ShapeError(
                    f"{self.name}: the right-hand side has shape {np.shape(out)}, the state {self.shapes[0]}"
                )
            out = np.broadcast_to(np.reshape(out, (-1,)), self.shapes[0])
        return out if dtype_of(out).kind in "fc" else out * 1.0

    def tolerances(self, states: Sequence[Any], params: Sequence[Any], atol: Any) -> np.ndarray:
        return np.broadcast_to(np.asarray(atol, float), self.shapes[0]).copy()


def _known_traced(t: Any, params: Sequence[Any]) -> bool:
    return isinstance(t, Traced) or any(isinstance(p, Traced) for p in params)


class Tangent(System):
    """A system together with its tangents along several directions.

    States and parameters are those of the inner system, followed by one tangent each with the lanes in front.
    """

    def __init__(self, inner: System, lanes: int) -> None:
        self.inner = inner
        self.lanes = lanes
        self.name = inner.name
        self.shapes = [*inner.shapes, *((lanes, *s) for s in inner.shapes)]
        self._coupling = Compressed(self._moved, format="csr")

    def rhs(self, t: Any, states: Sequence[Any], params: Sequence[Any]) -> list[Any]:
        m, p = len(self.inner.shapes), len(params) // 2

        def f(*x: Any) -> tuple[Any, ...]:
            return tuple(self.inner.rhs(t, x[:m], x[m:]))

        ys, ts = push_lanes(f, [*states[:m], *params[:p]], [*states[m:], *params[p:]], self.lanes)
        return [*ys, *ts]

    def is_sparse(self, t: Any, states: Sequence[Any], params: Sequence[Any]) -> bool:
        m = len(self.inner.shapes)
        return self.inner.is_sparse(t, states[:m], list(params[: len(params) // 2]))

    def _moved(self, y: Any, tangents: Sequence[Any], t: Any, params: Sequence[Any]) -> Any:
        """Return the derivatives of all tangents by time, of shape (lanes, n)."""
        out = self.rhs(t, [*self.inner.split(y), *tangents], params)[len(self.inner.shapes) :]
        return np.concatenate([np.reshape(v, (self.lanes, -1)) for v in out], axis=1)

    def jacobian(self, t: float, z: np.ndarray, params: Sequence[Any]) -> Any:
        """Return the block lower triangular Jacobian: f_y for the states and for each direction, coupled by f_yy S."""
        m, n = len(self.inner.shapes), self.inner.size()
        tangents = self.split(z)[m:]
        at = z[:n], tangents, t, params
        block = self.inner.jacobian(t, z[:n], list(params[: len(params) // 2]))
        where = self.split(np.arange(z.size))[m:]
        places = np.concatenate([np.reshape(w, (self.lanes, -1)) for w in where], axis=1)
        if not isinstance(block, np.ndarray):
            return Blocks(block, self._coupling(*at), places)
        coupling = value(jacobian(self._moved, mode="forward")(*at))
        J = np.zeros((z.size, z.size), np.result_type(block, coupling))
        J[:n, :n] = block
        for rows, C in zip(places, coupling, strict=True):
            J[rows, :n] = C
            J[np.ix_(rows, rows)] = block
        return J

    def tolerances(self, states: Sequence[Any], params: Sequence[Any], atol: Any) -> np.ndarray:
        """Give tangents the tolerance of their states times the largest relative change of what varies."""
        m, p = len(self.inner.shapes), len(params) // 2
        own = self.inner.tolerances(states[:m], params[:p], atol)
        parts = self.inner.split(own)
        pairs = [
            *zip(states[:m], states[m:], strict=True),
            *zip(params[:p], params[p:], strict=True),
        ]
        scale = np.zeros(self.lanes)
        for x, dx in pairs:
            if np.size(x):
                scale = np.maximum(scale, _relative(np.asarray(x), np.asarray(dx)))
        scale[scale == 0] = 1.0
        each = [scale.reshape(-1, *(1,) * part.ndim) * part for part in parts]
        return np.concatenate([own, *(e.ravel() for e in each)])


def _relative(x: np.ndarray, dx: np.ndarray) -> np.ndarray:
    """Return the largest relative change per lane; an entry that is zero is measured by the others."""
    size = np.abs(x)
    top = size.max() or 1.0
    size = np.where(size == 0, top, size)
    found: np.ndarray = (np.abs(dx) / size).reshape(dx.shape[0], -1).max(axis=1)
    return found
