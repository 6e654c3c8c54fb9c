"""The solution of an initial value problem as an operation: y(ts) as a function of t0, ts, y(t0) and parameters.

Forward mode integrates the tangent system, whose tangents take part in the error control. Reverse mode contracts the
tangents along all directions if these are few, and integrates the adjoint system backwards (`adjoint.py`) otherwise.
Both are written with the same operation for the tangent system, so every order follows. Next: `initial.py`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import integrate

from dualrev.core.array import Traced, dtype_of
from dualrev.core.batching import batch_loop
from dualrev.derivatives.joint import CustomRule
from dualrev.errors import SolutionError, UnsupportedError
from dualrev.scipy.integrate.arguments import original
from dualrev.scipy.integrate.factorised import ordered
from dualrev.scipy.integrate.jacobians import takes_sparse
from dualrev.scipy.integrate.systems import System, Tangent

__all__ = ["IMPLICIT", "Flow", "Solver", "contract", "directions", "is_zero"]

IMPLICIT = ("Radau", "BDF", "LSODA")
# Up to so many scalar states of the tangent system, reverse mode integrates all directions forward: the lanes of an
# explicit method cost little, those of an implicit one a larger matrix to factorise, but of a sparse one the factors of
# one block serve all (measured: as fast as the adjoint between 20 000 and 100 000).
MANY, MANY_IMPLICIT, MANY_SPARSE = 1200, 240, 40_000


class Solver(NamedTuple):
    """How a problem is solved: a method of solve_ivp or ``"odeint"``, tolerances, and what else SciPy takes."""

    method: Any
    rtol: Any
    atol: Any
    options: dict[str, Any]

    def implicit(self) -> bool:
        """Say whether the method takes a Jacobian."""
        classes = (integrate.Radau, integrate.BDF, integrate.LSODA)
        if isinstance(self.method, type):
            return issubclass(self.method, classes)
        return self.method == "odeint" or self.method in IMPLICIT

    def solve(
        self, system: System, t0: float, ts: np.ndarray, z0: np.ndarray, params: Any, atol: Any
    ) -> np.ndarray:
        """Return the flattened states at `ts`, which are sorted away from `t0`; all numbers are plain."""

        def rhs(t: float, z: np.ndarray) -> Any:
            return system.flat(t, z, params)

        def jac(t: float, z: np.ndarray) -> Any:
            return system.jacobian(t, z, params)

        if self.method == "odeint":
            found: np.ndarray = _odeint(self, system, rhs, jac, t0, ts, z0, atol)
            return found
        res = self.run(rhs, jac, (t0, ts[-1]), z0, atol, t_eval=ts)
        if res.status < 0 and self.method in ("BDF", "LSODA"):
            # Tangents can be far larger than states; a method of one step forgets rounding errors at once.
            again = self._replace(method="Radau", options=_common(self.options))
            res = again.run(rhs, jac, (t0, ts[-1]), z0, atol, t_eval=ts)
        if res.status < 0:
            raise SolutionError(
                system.name, f"the tangents could not be integrated: {res.message}", _REMEDY
            )
        return np.asarray(res.y).T

    def run(self, rhs: Any, jac: Any, span: Any, z0: np.ndarray, atol: Any, **more: Any) -> Any:
        """Call solve_ivp for a system of ours."""
        options = {**self.options, **more}
        method = "LSODA" if self.method == "odeint" else self.method
        if self.implicit() and z0.dtype.kind != "c":
            options["jac"] = jac if takes_sparse(method) else lambda t, z: _full(jac(t, z))
            method = ordered(method)
        return original.solve_ivp(
            rhs, span, z0, method=method, rtol=self.rtol, atol=atol, **options
        )


def _full(J: Any) -> Any:
    return J if isinstance(J, np.ndarray) else J.toarray()


_REMEDY = (
    "choose another method, or other tolerances; a solution that blows up has no derivative there"
)


def _common(options: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in options.items() if k == "max_step"}


def _odeint(
    solver: Solver, system: System, rhs: Any, jac: Any, t0: float, ts: Any, z0: Any, atol: Any
) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", integrate.ODEintWarning)
        y, info = original.odeint(
            rhs,
            z0,
            np.concatenate([[t0], ts]),
            Dfun=lambda t, z: _full(jac(t, z)),
            tfirst=True,
            full_output=True,
            rtol=solver.rtol,
            atol=atol,
            **solver.options,
        )
    if info["message"] != "Integration successful.":
        raise SolutionError(
            system.name, f"the tangents could not be integrated: {info['message']}", _REMEDY
        )
    return np.asarray(y[1:])


def is_zero(x: Any) -> bool:
    """Say whether a tangent is a plain zero, as the modes give for what does not vary."""
    return not isinstance(x, Traced) and not np.any(x)


def directions(leaves: Sequence[Any], active: Sequence[bool]) -> tuple[int, list[np.ndarray]]:
    """Return the number of real directions in the active leaves, and for every leaf its tangent along each."""
    count = sum(
        int(np.size(x)) * (2 if dtype_of(x).kind == "c" else 1)
        for x, own in zip(leaves, active, strict=True)
        if own
    )
    seeds, k = [], 0
    for x, own in zip(leaves, active, strict=True):
        size, kind = int(np.size(x)), dtype_of(x)
        seed = np.zeros((count, size), kind if kind.kind == "c" else float)
        if own:
            for unit in (1.0, 1j) if kind.kind == "c" else (1.0,):
                seed[np.arange(k, k + size), np.arange(size)] = unit
                k += size
        seeds.append(seed.reshape(count, *np.shape(x)))
    return count, seeds


def contract(
    tangents: Sequence[Any], cts: Sequence[Any], leaves: Sequence[Any], active: Sequence[bool]
) -> list[Any]:
    """Transpose tangents along `directions`: return the cotangents of the leaves."""
    total: Any = 0.0
    for t, ct in zip(tangents, cts, strict=True):
        lanes = np.shape(t)[0]
        total = total + np.real(np.matmul(np.reshape(t, (lanes, -1)), np.reshape(ct, (-1,))))
    out, k = [], 0
    for x, own in zip(leaves, active, strict=True):
        size, kind = int(np.size(x)), dtype_of(x)
        if not own:
            out.append(np.zeros(np.shape(x), kind)[()])
            continue
        g = total[k : k + size]
        k += size
        if kind.kind == "c":
            g = g - 1j * total[k : k + size]
            k += size
        out.append(np.reshape(g, np.shape(x)))
    return out


class Flow(CustomRule):
    """One initial value problem. Leaves: t0, ts, the states, the parameters. Outputs: each state at all `ts`.

    Parameters
    ----------
    system : System
    solver : Solver
    active : tuple of bool
        Which leaves vary.
    known : tuple or None
        Plain leaves and the outputs that SciPy has already found for them.
    """

    def __init__(
        self, system: System, solver: Solver, active: Sequence[bool], known: Any = None
    ) -> None:
        super().__init__(system.name, self._value)
        self.system = system
        self.solver = solver
        self.active = tuple(active)
        self.known = known
        self.m = len(system.shapes)
        self.batch = batch_flow  # type: ignore[assignment]

    def _value(self, t0: Any, ts: Any, *rest: Any) -> tuple[Any, ...]:
        """Solve with plain numbers."""
        if self.known is not None and all(
            np.array_equal(a, b) for a, b in zip(self.known[0], (t0, ts, *rest), strict=True)
        ):
            return tuple(np.array(y) for y in self.known[1])
        states, params = rest[: self.m], list(rest[self.m :])
        kind = complex if any(dtype_of(s).kind == "c" for s in states) else float
        z0 = np.concatenate([np.ravel(s) for s in states]).astype(kind)
        t0, ts = float(t0), np.asarray(ts, float)
        order, back = np.unique(ts, return_inverse=True)
        forward = bool(np.all(order >= t0))
        if not forward:
            if not np.all(order <= t0):
                raise UnsupportedError(
                    self.name,
                    "times on both sides of the initial one",
                    "integrate to either side by a call of its own",
                )
            order, back = order[::-1], len(order) - 1 - back
        rows = np.empty((len(order), z0.size), kind)
        start = int(order[0] == t0)
        rows[:start] = z0
        if len(order) > start:
            atol = self.system.tolerances(states, params, self.solver.atol)
            rows[start:] = self.solver.solve(self.system, t0, order[start:], z0, params, atol)
        return tuple(np.moveaxis(v, -1, 0) for v in self.system.split(rows[back].T))

    # -- forward --------------------------------------------------------------------------------------------------

    def jvp(self, primals: tuple[Any, ...], tangents: Sequence[Any]) -> tuple[Any, Any]:
        ys = self.call(*primals)
        full = self.tangents(primals, [t[None] for t in tangents], 1, ys)
        return ys, tuple(t[0] for t in full)

    def tangents(
        self, primals: Sequence[Any], tangents: Sequence[Any], lanes: int, ys: Any
    ) -> list[Any]:
        """Return the tangents of the outputs along several directions, in front."""
        t0, ts, *rest = primals
        dt0, dts, *moved = tangents
        states, params = rest[: self.m], rest[self.m :]
        starts = moved[: self.m]
        if not is_zero(dt0):
            f0 = self.system.rhs(t0, states, params)
            starts = [
                s - np.reshape(dt0, (lanes, *(1,) * np.ndim(f))) * f
                for s, f in zip(starts, f0, strict=True)
            ]
        marks = self.active[2:]
        flow = Flow(
            Tangent(self.system, lanes),
            self.solver,
            (
                *self.active[:2],
                *marks[: self.m],
                *(True,) * self.m,
                *marks[self.m :],
                *marks[self.m :],
            ),
        )
        found = flow.call(t0, ts, *states, *starts, *params, *moved[self.m :])[self.m :]
        out = [np.moveaxis(s, 1, 0) for s in found]
        if not is_zero(dts):
            slopes = self.slopes(ts, ys, params)
            count = np.shape(ts)[0]
            out = [
                s + np.reshape(dts, (lanes, count, *(1,) * (np.ndim(f) - 1))) * f
                for s, f in zip(out, slopes, strict=True)
            ]
        return out

    def slopes(self, ts: Any, ys: Any, params: Any) -> list[Any]:
        """Return the right-hand side along the solution, for every state."""
        each = [self.system.rhs(ts[k], [y[k] for y in ys], params) for k in range(np.shape(ts)[0])]
        return [np.stack([f[j] for f in each]) for j in range(self.m)]

    # -- reverse --------------------------------------------------------------------------------------------------

    def vjp(self, primals: tuple[Any, ...]) -> tuple[Any, Any]:
        from dualrev.scipy.integrate.adjoint import Adjoint

        ys = self.call(*primals)
        t0, ts, *rest = primals
        marks = (
            *(self.active[0] or own for own in self.active[2 : 2 + self.m]),
            *self.active[2 + self.m :],
        )
        count, seeds = directions(rest, marks)
        forward = self.by_tangents(count, t0, rest)
        found: Any = None
        if forward and count:
            still = (np.zeros(count), np.zeros((count, *np.shape(ts))))
            found = self.tangents(primals, [*still, *seeds], count, ys)

        def pull(cts: Any) -> list[Any]:
            if not count:
                own = [np.zeros(np.shape(x), dtype_of(x))[()] for x in rest]
            elif forward:
                own = contract(found, cts, rest, marks)
            else:
                own = list(Adjoint(self, marks).call(*primals, *cts))
            ct0, cts_t = np.zeros(np.shape(t0))[()], np.zeros(np.shape(ts))
            if self.active[0]:
                f0 = self.system.rhs(t0, rest[: self.m], rest[self.m :])
                ct0 = -_sum(own[: self.m], f0, 0)
            if self.active[1]:
                cts_t = _sum(cts, self.slopes(ts, ys, rest[self.m :]), 1)
            return [ct0, cts_t, *own]

        return ys, pull

    def by_tangents(self, count: int, t0: Any, rest: Sequence[Any]) -> bool:
        """Say whether reverse mode goes by tangents, for so many directions."""
        states = self.system.size() * (1 + count)
        if any(dtype_of(x).kind == "c" for x in rest):
            return True
        if not self.solver.implicit():
            return states <= MANY
        if states <= MANY_IMPLICIT:
            return True
        if states > MANY_SPARSE or not takes_sparse(self.solver.method):
            return False
        return self.system.is_sparse(t0, rest[: self.m], list(rest[self.m :]))


def _sum(cts: Sequence[Any], values: Sequence[Any], lead: int) -> Any:
    total: Any = 0.0
    for ct, v in zip(cts, values, strict=True):
        product = np.real(ct * v)
        total = total + np.sum(product, axis=tuple(range(lead, np.ndim(product))))
    return total


def batch_flow(flow: Any, lanes: Sequence[bool], arrays: Sequence[Any], params: Any) -> Any:
    """Give the lanes of tangents to one tangent system; other lanes are solved one after the other."""
    system, m = flow.system, flow.m // 2
    rest = lanes[2:]
    if not isinstance(system, Tangent):
        return batch_loop(flow, tuple(lanes), tuple(arrays), params)
    p = (len(rest) - 2 * m) // 2
    if any(lanes[:2]) or any(rest[:m]) or any(rest[2 * m : 2 * m + p]):
        return batch_loop(flow, tuple(lanes), tuple(arrays), params)
    count = next(np.shape(a)[0] for a, lane in zip(arrays, lanes, strict=True) if lane)
    if count == 0:
        return batch_loop(flow, tuple(lanes), tuple(arrays), params)
    own = system.lanes
    wide = []
    for k, (a, lane) in enumerate(zip(arrays, lanes, strict=True)):
        if 2 + m <= k < 2 + 2 * m or k >= 2 + 2 * m + p:
            shape = np.shape(a)[1:] if lane else np.shape(a)
            full = a if lane else np.broadcast_to(a, (count, *shape))
            wide.append(np.reshape(full, (count * own, *shape[1:])))
        else:
            wide.append(a)
    merged = Flow(Tangent(system.inner, count * own), flow.solver, flow.active)
    ys = merged.call(*wide)
    out = [np.broadcast_to(y, (count, *np.shape(y))) for y in ys[:m]]
    for y in ys[m:]:
        apart = np.reshape(y, (np.shape(y)[0], count, own, *np.shape(y)[2:]))
        out.append(np.moveaxis(apart, 1, 0))
    return tuple(out)
