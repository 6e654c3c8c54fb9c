"""Events of solve_ivp: their times, by the implicit function theorem, and the states at them.

An event is where g(t, y(t; p); p) = 0 along the solution, so t moves by −(g_p + g_y y_p) / (g_t + g_y f).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.bind import operand
from dualrev.derivatives.implicit import implicit
from dualrev.derivatives.products import jvp
from dualrev.errors import SolutionError

__all__ = ["traced_events"]

# Along the solution an event changes by less than this part of its terms: it touches zero and does not cross it.
FLAT = 1e-9


def traced_events(
    res: Any, at: Any, system: Any, values: Any, start: float
) -> tuple[Any, Any, Any]:
    """Return the event times and states of a plain result, traced, and the time of the terminal event or None.

    Parameters
    ----------
    res : OdeResult
        SciPy's.
    at : callable
        ``at(times, known)`` is the solution as an operation, with its plain values.
    system : Plain
    values : list
        The traced values in the problem.
    start : float
        The initial time.
    """
    counts = [len(t) for t in res.t_events]
    if not any(counts):
        return res.t_events, res.y_events, None
    owner = np.repeat(np.arange(len(counts)), counts)
    times = np.concatenate([t for t in res.t_events if len(t)])
    known = np.concatenate([np.asarray(y) for y in res.y_events if len(y)]).T
    gs, args = system.events(values)
    plain = [value(v) for v in values]
    plain_gs, plain_args = system.events(plain)

    def residual(t: Any) -> Any:
        y = at(t, known)
        return np.stack([_scalar(gs[k](t[i], y[:, i], *args)) for i, k in enumerate(owner)])

    slopes = np.empty(len(times))
    for i, k in enumerate(map(int, owner)):
        y = known[:, i]
        f = value(system.rhs(times[i], [y], plain)[0])

        def along(t: Any, y: Any, k: int = k) -> Any:
            return _scalar(plain_gs[k](t, y, *plain_args))

        _, by_time = jvp(along, (times[i], y), (1.0, np.zeros_like(y)))
        _, by_state = jvp(along, (times[i], y), (0.0, f))
        slopes[i] = by_time + by_state
        if not abs(slopes[i]) > FLAT * (abs(by_time) + abs(by_state)):
            raise SolutionError(
                "solve_ivp",
                f"event {k} does not cross zero at t = {times[i]:.6g}: its derivative along the solution is "
                f"{slopes[i]:.1e}",
                "choose an event function that changes sign with a slope",
            )
    found = implicit(residual, times, solve=lambda r: r / slopes, name="solve_ivp")
    states = np.transpose(at(found, known))
    ends = np.cumsum([0, *counts])
    pieces = [slice(a, b) for a, b in itertools.pairwise(ends)]
    t_events = [found[p] if n else t for p, n, t in zip(pieces, counts, res.t_events, strict=True)]
    y_events = [states[p] if n else y for p, n, y in zip(pieces, counts, res.y_events, strict=True)]
    stop = None
    if res.status == 1:
        # SciPy drops the events after the terminal one, so that is the last.
        stop = found[int(np.argmax(np.abs(times - start)))]
    return t_events, y_events, stop


def _scalar(g: Any) -> Any:
    g = operand(g)
    if not isinstance(g, Traced):
        g = np.asarray(g)[()]
    g = np.reshape(g, ()) if np.shape(g) else g
    return g if dtype_of(g).kind == "f" else g * 1.0
