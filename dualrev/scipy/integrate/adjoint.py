"""The transpose of a flow, by the adjoint equation: a' = -f_yᵀ a backwards, with a jump at every output time.

The states come from the dense output of a solution at a smaller tolerance; integrating them backwards would be unstable
for stiff systems. Cotangents of parameters are the integrals of f_pᵀ a, by Gauss's rule on every step of either
solution (Cao, Li, Petzold & Serban 2003, Adjoint sensitivity analysis for differential-algebraic equations).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.batching import batch_loop
from dualrev.derivatives.joint import CustomRule
from dualrev.derivatives.passes import Inputs, record
from dualrev.derivatives.products import vjp
from dualrev.errors import SolutionError

__all__ = ["Adjoint"]

# The dense output has a larger error than the steps, so both solutions are asked for this part of the tolerances.
TIGHTER = 0.1
SMALLEST = 2.5e-14
# What is this much smaller than the largest is of no consequence.
SHARE = 1e-2
NODES, WEIGHTS = np.polynomial.legendre.leggauss(5)


class Adjoint(CustomRule):
    """Leaves: those of the flow, then one cotangent per output. Outputs: cotangents of the states and parameters.

    Its tangent and its transpose are made of the transpose of the tangent map Φ(x, w) = (Y, Jw): the gradient of
    a·Y + b·Jw by w is Jᵀb, and by x it is Jᵀa + ∂ₓ(b·Jw), which by symmetry is the derivative of Jᵀb along w if a is
    that of b.
    """

    def __init__(self, flow: Any, active: Sequence[bool]) -> None:
        super().__init__(flow.name, self._value)
        self.flow = flow
        self.marks = tuple(active)
        self.batch = staticmethod(batch_loop)
        self._kept: Any = None

    # -- numbers --------------------------------------------------------------------------------------------------

    def _value(self, *leaves: Any) -> tuple[Any, ...]:
        flow = self.flow
        m, system = flow.m, flow.system
        t0, ts, *rest = leaves[: len(leaves) - m]
        cts = leaves[len(leaves) - m :]
        params = list(rest[m:])
        t0, ts = float(t0), np.asarray(ts, float)
        jumps = np.concatenate([np.reshape(ct, (len(ts), -1)) for ct in cts], axis=1).real
        dense = self._forward(t0, ts, rest)
        a = np.zeros(jumps.shape[1])
        found = [np.zeros(np.shape(p)) for p in params]
        wanted = any(self.marks[m:])
        order, back = np.unique(ts, return_inverse=True)
        if order[0] < t0:
            order, back = order[::-1], len(order) - 1 - back
        atol = self._tolerances(dense, ts, jumps, rest)
        for k in range(len(order) - 1, -1, -1):
            a = a + jumps[back == k].sum(axis=0)
            end = order[k - 1] if k else t0
            if end == order[k] or not a.any():
                continue
            back_solution = self._back(dense, order[k], end, a, params, atol)
            if wanted:
                parts = self._quadrature(dense, back_solution, order[k], end, params)
                found = [p + q for p, q in zip(found, parts, strict=True)]
            a = back_solution.y[:, -1]
        return (*system.split(a), *found)

    def _forward(self, t0: float, ts: Any, rest: Sequence[Any]) -> Any:
        """Return the dense output of a solution; the lanes of a batch share it."""
        key = [np.asarray(t0), ts, *map(np.asarray, rest)]
        if self._kept is None or not all(map(np.array_equal, self._kept[0], key)):
            flow = self.flow
            system, params = flow.system, list(rest[flow.m :])
            z0 = np.concatenate([np.ravel(s) for s in rest[: flow.m]]).astype(float)
            atol = system.tolerances(rest[: flow.m], params, flow.solver.atol)
            end = ts[np.argmax(np.abs(ts - t0))]
            solution = None
            if end != t0:
                solution = self._solver().run(
                    lambda t, z: system.flat(t, z, params),
                    lambda t, z: system.jacobian(t, z, params),
                    (t0, end),
                    z0,
                    atol * TIGHTER,
                    dense_output=True,
                )
                self._check(solution)
            self._kept = key, solution
        return self._kept[1]

    def _tolerances(self, dense: Any, ts: Any, jumps: np.ndarray, rest: Sequence[Any]) -> Any:
        """Return the absolute tolerance of each adjoint state in units of the relative one.

        An adjoint state matters by its product with the state, so it is measured by the largest such product at the
        output times over the size of its state; a state is at least as large as its own tolerance makes it.
        """
        flow = self.flow
        m = flow.m
        if dense is None:
            return 0.0
        atol = flow.system.tolerances(rest[:m], list(rest[m:]), flow.solver.atol)
        least = atol / max(flow.solver.rtol, SMALLEST)
        size = np.maximum(np.abs(dense.y).max(axis=1), least)
        size[size == 0] = 1.0
        products = np.abs(jumps) * (np.abs(dense.sol(ts).T) + least)
        return SHARE * float(products.max(initial=0.0)) / size

    def _solver(self) -> Any:
        solver = self.flow.solver
        rtol = max(solver.rtol * TIGHTER, SMALLEST)
        options = {k: v for k, v in solver.options.items() if k in ("max_step", "min_step")}
        return solver._replace(rtol=rtol, options=options)

    def _check(self, solution: Any) -> None:
        if solution.status < 0:
            raise SolutionError(
                self.name,
                f"the adjoint system could not be integrated: {solution.message}",
                "choose another method, or other tolerances",
            )

    def _back(
        self, dense: Any, start: float, end: float, a: np.ndarray, params: Any, atol: np.ndarray
    ) -> Any:
        """Integrate from `start` to `end` over s = |start - t|, of which the first steps may be tiny beside t."""
        system = self.flow.system
        sign = 1.0 if start > end else -1.0

        def rhs(s: float, a: np.ndarray) -> np.ndarray:
            t = start - sign * s
            _, pull = vjp(lambda z: system.flat(t, z, params), dense.sol(t))
            return sign * np.asarray(pull(a)[0])

        def jac(s: float, a: np.ndarray) -> Any:
            t = start - sign * s
            return sign * system.jacobian(t, dense.sol(t), params).T

        solver = self._solver()
        span = (0.0, abs(start - end))
        solution = solver.run(rhs, jac, span, a, solver.rtol * atol, dense_output=True)
        self._check(solution)
        return solution

    def _quadrature(
        self, dense: Any, back: Any, start: float, end: float, params: list[Any]
    ) -> list[Any]:
        """Integrate f_pᵀ a; between the marks of both solutions it is as smooth as f."""
        sign = 1.0 if start > end else -1.0
        ours = np.clip(sign * (start - dense.t), 0.0, abs(start - end))
        marks = np.unique(np.concatenate([ours, back.t]))
        totals = [np.zeros(np.shape(p)) for p in params]
        system = self.flow.system
        for left, right in itertools.pairwise(marks):
            half = (right - left) / 2
            for node, weight in zip(NODES, WEIGHTS, strict=True):
                s = left + half * (1 + node)
                t = start - sign * s
                z = dense.sol(t)
                _, pull = vjp(lambda *p, t=t, z=z: system.flat(t, z, list(p)), *params)
                parts = pull(back.sol(s))
                totals = [q + sign * half * weight * g for q, g in zip(totals, parts, strict=True)]
        return totals

    # -- derivatives ----------------------------------------------------------------------------------------------

    def _transpose(self, x: Sequence[Any], w: Sequence[Any], a: Any, b: Any) -> tuple[Any, ...]:
        """Return Jw and the gradients of a·Y + b·Jw by x and by w."""
        n = len(x)
        # Times that do not vary must be seen to have no tangent.
        still = [np.zeros(np.shape(v))[()] for v in x[:2]]

        def both(*v: Any) -> tuple[Any, ...]:
            moves = [v[n + k] if own else still[k] for k, own in enumerate(self.flow.active[:2])]
            ys, ts = self.flow.jvp(v[:n], (*moves, *v[n + 2 :]))
            return (*ys, *ts)

        inputs = Inputs(self.name, (*x, *w), range(2 * n))
        run = record(self.name, inputs, both, {})
        try:
            pulled = run.pull([*a, *b])
        finally:
            run.tape.captures.release()
        pulled = [
            np.zeros(np.shape(v), dtype_of(v))[()] if g is None else g
            for v, g in zip((*x, *w), pulled, strict=True)
        ]
        return run.outputs[self.flow.m :], pulled[:n], pulled[n:]

    def jvp(self, primals: tuple[Any, ...], tangents: Sequence[Any]) -> tuple[Any, Any]:
        n = len(primals) - self.flow.m
        # The gradient by w is the value once more, but with the lanes that the tangents may have.
        _, moved, _ = self._transpose(primals[:n], tangents[:n], tangents[n:], primals[n:])
        return self.call(*primals), tuple(moved[2:])

    def vjp(self, primals: tuple[Any, ...]) -> tuple[Any, Any]:
        n = len(primals) - self.flow.m
        x, b = primals[:n], primals[n:]

        def pull(cts: Any) -> list[Any]:
            w = [np.zeros(np.shape(v))[()] for v in x[:2]] + list(cts)
            moved, by_x, _ = self._transpose(x, w, [None] * self.flow.m, b)
            return [*by_x, *moved]

        return self.call(*primals), pull
