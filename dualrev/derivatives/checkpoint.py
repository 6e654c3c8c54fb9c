"""Trading memory for time and cutting derivatives: checkpoint and stop_gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.bind import operand
from dualrev.core.buffer import BufferArray
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.custom import WithRule
from dualrev.derivatives.joint import ClosureError, CustomRule
from dualrev.derivatives.passes import Inputs, record
from dualrev.modes.batch import Batched
from dualrev.modes.reverse import Tape

__all__ = ["checkpoint", "stop_gradient"]


class _Checkpoint(WithRule):
    kind = "checkpoint"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves = flatten(args)[0]
        traced = [x for x in leaves if isinstance(x, Traced) and type(x) is not BufferArray]
        if traced and not isinstance(max(traced, key=lambda x: x.level.depth).level, Tape):
            # Nothing is stored in forward mode or under vmap, so there is nothing to save.
            return self.f(*args, **kwargs)
        try:
            return super().__call__(*args, **kwargs)
        except ClosureError:
            # What the function closes over is differentiated too, by recording it like any other code.
            return self.f(*args, **kwargs)

    def _rule(self, full: Any, fun: Any, kwargs: Any, out: dict[str, Any]) -> CustomRule:
        def vjp(primals: Any) -> tuple[Any, Any]:
            ys = fun(*primals)

            def pull(cts: Any) -> list[Any]:
                inputs = Inputs("checkpoint", tuple(primals), range(len(primals)))
                again = record("checkpoint", inputs, fun, {})
                try:
                    pulled = again.pull(list(cts))
                finally:
                    again.tape.captures.release()
                return [
                    np.zeros(np.shape(p))[()] if g is None else g
                    for p, g in zip(primals, pulled, strict=True)
                ]

            return ys, pull

        return CustomRule(self.__name__, fun, vjp=vjp)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return `f` such that reverse mode keeps only its arguments and evaluates it again in the sweep.

    Parameters
    ----------
    f : callable
        Plain NumPy code without side effects; everything traced should come in through its arguments.

    Returns
    -------
    callable
        Called like `f`.

    Notes
    -----
    A function that closes over a traced value is recorded in full, which saves nothing. Cost: one more evaluation of
    `f` per sweep. Memory: the arguments and results instead of all residuals
    (Griewank & Walther 2008, chapter 12).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> step = dr.checkpoint(lambda x: np.sin(np.exp(-x) * x))
    >>> bool(np.isclose(dr.grad(lambda x: step(step(x)))(0.3), dr.derivative(lambda x: step(step(x)))(0.3)))
    True
    """
    return _Checkpoint(f)


def stop_gradient(x: Any) -> Any:
    """Return the value as a constant: the derivative through it is zero.

    Parameters
    ----------
    x : array, number or container of them
        Traced or not.

    Returns
    -------
    array, number or container
        Of the same structure; lanes of `vmap` are kept, all derivatives are cut.

    Examples
    --------
    >>> import dualrev as dr
    >>> float(dr.grad(lambda x: x * dr.stop_gradient(x))(3.0))
    3.0
    """

    def cut(v: Any) -> Any:
        if type(v) is np.ndarray and v.dtype.hasobject:
            v = operand(v)
        if not isinstance(v, Traced) or type(v) is BufferArray:
            return v
        if isinstance(v, Batched):
            inner = cut(v.primal)
            return v if inner is v.primal else _rewrap(v, inner)
        inner = cut(v.primal)
        return inner.copy() if type(inner) is np.ndarray else inner

    def _rewrap(v: Any, inner: Any) -> Any:
        twin = v.copy()
        twin.primal = inner
        return twin

    leaves, rebuild = flatten(x)
    return rebuild([cut(v) for v in leaves])
