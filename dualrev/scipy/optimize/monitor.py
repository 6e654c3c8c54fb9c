"""Watching a solver at work: a progress bar and the iterates, from what it computes anyway."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from dualrev.core.extras import extra
from dualrev.scipy.optimize.points import Point

__all__ = ["Monitor", "takes_result"]

_scipy: Any = optimize


class Monitor:
    """Progress bar and trajectory of one run; it calls no function of the user's.

    Parameters
    ----------
    progress, trajectory : bool
    point : Point
        Where the solver starts.
    name : str
        The solver, shown in front of the bar.
    known : callable, optional
        ``known(x)`` returns value and derivative at `x`, None for either where it has not been computed.
    total : int, optional
        Iterations, if their number is known.

    Raises
    ------
    ImportError
        If tqdm is missing and `progress` is true.
    """

    def __init__(
        self,
        progress: bool,
        trajectory: bool,
        point: Point,
        name: str = "",
        known: Callable[[Any], tuple[Any, Any]] | None = None,
        total: int | None = None,
    ) -> None:
        self.point = point
        self.trajectory = [point.flat.copy()] if trajectory else None
        self._known = known
        self._best: Any = None
        self._bar: Any = None
        if progress:
            tqdm = extra("tqdm.auto", "progress", "progress=True draws its bar with tqdm").tqdm
            self._bar = tqdm(total=total, desc=name, unit="it")

    @property
    def active(self) -> bool:
        """Whether there is anything to do."""
        return self._bar is not None or self.trajectory is not None

    def seen(self, x: Any, value: Any = None, gradient: Any = None) -> None:
        """Take note of an iterate."""
        if self.trajectory is not None:
            self.trajectory.append(np.array(x, dtype=float).reshape(-1))
        if self._bar is None:
            return
        if self._known is not None and (value is None or gradient is None):
            known = self._known(x)
            value = known[0] if value is None else value
            gradient = known[1] if gradient is None else gradient
        value = self._best if value is None else value
        parts = []
        if value is not None:
            number = np.asarray(value, dtype=float)
            parts.append(
                f"f={float(number.reshape(-1)[0]):.6g}"
                if number.size == 1
                else f"|f|={np.linalg.norm(number):.6g}"
            )
        if gradient is not None:
            parts.append(f"|g|={np.linalg.norm(np.asarray(gradient)):.3g}")
        self._bar.set_postfix_str(", ".join(parts), refresh=False)
        self._bar.update(1)

    def fun(self, f: Callable[..., Any], iterates: bool = False) -> Callable[..., Any]:
        """Return `f` such that the bar knows the best value so far.

        With `iterates` every evaluation counts as an iterate: for solvers without a callback.
        """
        if not self.active:
            return f

        def watched(x: Any, *args: Any) -> Any:
            y = f(x, *args)
            if iterates:
                self.seen(x, y)
            elif np.ndim(y) == 0 and (self._best is None or y < self._best):
                self._best = y
            return y

        return watched

    def callback(self, callback: Any, kind: str = "") -> Any:
        """Return a callback for SciPy that notes the iterate and calls the user's, in the signature of the user's.

        `kind` says what the solver passes beside the point: for "trust-constr", "custom" and "more" anything, for
        "value" the value of the function; "result" is a solver that knows ``callback(intermediate_result)``. The user's
        callback receives the structure of x0.
        """
        if not self.active and (callback is None or self.point.is_vector):
            return callback
        restore = self.point.restore
        if kind == "result" if callback is None else takes_result(callback):

            def with_result(intermediate_result: Any) -> Any:
                self.seen(intermediate_result.x, intermediate_result.get("fun"))
                if callback is None:
                    return None
                if not self.point.is_vector:
                    intermediate_result = _scipy.OptimizeResult(intermediate_result)
                    intermediate_result.x = restore(np.asarray(intermediate_result.x))
                return callback(intermediate_result=intermediate_result)

            return with_result
        if kind in ("trust-constr", "custom", "more", "value", "result"):

            def with_more(x: Any, *more: Any, **options: Any) -> Any:
                self.seen(x, more[0] if kind == "value" and more else None)
                return None if callback is None else callback(restore(x), *more, **options)

            return with_more

        def with_x(xk: Any) -> Any:
            self.seen(xk)
            return None if callback is None else callback(restore(xk))

        return with_x

    def finish(self, res: Any) -> Any:
        """Close the bar and put the trajectory into the result."""
        self.close()
        if self.trajectory is not None:
            res.trajectory = (
                np.array(self.trajectory)
                if self.point.is_vector
                else [self.point.restore(x) for x in self.trajectory]
            )
        return res

    def close(self) -> None:
        """Close the bar, also after an error."""
        if self._bar is not None:
            self._bar.close()


def takes_result(callback: Any) -> bool:
    """Say whether a callback has SciPy's newer signature, ``callback(intermediate_result)``."""
    try:
        return set(inspect.signature(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):
        return False
