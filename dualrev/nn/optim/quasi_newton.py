"""L-BFGS, by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.errors import InputError, NonFiniteError, OutputError, describe, user_location
from dualrev.modes.variables import detached
from dualrev.nn.optim.first_order import as_complex, as_pairs, not_finite
from dualrev.nn.optim.limits import NONNEGATIVE, POSITIVE_INTEGER, Limit
from dualrev.nn.optim.optimiser import Optimiser

__all__ = ["LBFGS"]


class LBFGS(Optimiser):
    """L-BFGS with a strong-Wolfe line search: SciPy's ``minimize(method="L-BFGS-B")`` on all parameters together.

    Parameters
    ----------
    parameters : Module, list or dict of variables
        One group: a quasi-Newton method has no rates of its own for some of them.
    max_iter : int
        Iterations of one `step`.
    max_eval : int, optional
        Calls of the closure in one `step`; ``5 * max_iter // 4 + 20`` if left out.
    tolerance_grad : float
        Stop where no entry of the gradient is larger.
    tolerance_change : float
        Stop where an iteration lowers the loss by less than this times max(abs(loss), 1).
    history_size : int
        Pairs of steps and changes of the gradient that approximate the Hessian.

    Attributes
    ----------
    result : OptimizeResult
        Of the last `step`, as SciPy gives it: ``message``, ``nit``, ``nfev``, ``fun``, ``jac``, and ``x``, the
        parameters as one vector.

    Notes
    -----
    The names are those of PyTorch's LBFGS, but one `step` is one run of SciPy's solver and remembers nothing of the
    step before, so by default it runs until it converges. The loss must be the same function at every call: all
    data, no dropout. SciPy computes in double precision; parameters keep their dtype, and complex ones count as
    pairs of real ones. Memory: ``2 * history_size`` numbers per weight. For a plain function of a container, use
    ``dualrev.scipy.optimize.minimize``, which knows every other method too.

    References
    ----------
    Liu & Nocedal (1989), Math. Programming 45, 503-528; Byrd, Lu, Nocedal & Zhu (1995), SIAM J. Sci. Comput. 16(5).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.nn import optim
    >>> x = dr.variable([-1.2, 1.0])
    >>> optimiser = optim.LBFGS([x])
    >>> def closure():
    ...     optimiser.zero_grad()
    ...     loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    ...     loss.backward()
    ...     return loss
    >>> bool(optimiser.step(closure) < 1e-10), x.data.round(4)
    (True, array([1., 1.]))
    >>> optimiser.result.success
    True
    """

    limits: ClassVar[dict[str, Limit]] = {
        "max_iter": POSITIVE_INTEGER,
        "max_eval": POSITIVE_INTEGER,
        "tolerance_grad": NONNEGATIVE,
        "tolerance_change": NONNEGATIVE,
        "history_size": POSITIVE_INTEGER,
    }

    def __init__(
        self,
        parameters: Any,
        max_iter: int = 1000,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 10,
    ) -> None:
        super().__init__(
            parameters,
            max_iter=max_iter,
            max_eval=5 * max_iter // 4 + 20 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
        )
        self.result: Any = None

    def _add(self, groups: list[dict[str, Any]]) -> None:
        if len(self.param_groups) + len(groups) > 1:
            raise InputError("LBFGS: one group of parameters only; pass them in one list")
        super()._add(groups)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Minimise the loss that the closure computes.

        Parameters
        ----------
        closure : callable
            Computes the loss from the parameters, calls ``backward`` on it and returns it. (Gradients are forgotten
            before every call, whether or not the closure calls `zero_grad`.)

        Returns
        -------
        float
            The loss where the parameters are left: at the solver's last iterate. If the solver, or the closure, ends
            with an exception, they are left at the best point evaluated.

        Raises
        ------
        InputError
            If no parameter has a gradient after the closure.
        OutputError
            If the closure returns no number.
        NonFiniteError
            If the loss or a gradient is not finite.
        """
        # Imported here: of all optimisers only this one needs it, and it takes as long to import as all of dualrev.
        from scipy import optimize

        if closure is None:
            raise InputError(
                "LBFGS.step evaluates the loss many times: pass a closure that computes it, calls backward() and "
                "returns it"
            )
        pairs = self.named_parameters()
        start = _ravel([p.data for _, p in pairs])
        best: list[Any] = [np.inf, start]

        def evaluate(x: np.ndarray) -> tuple[float, np.ndarray]:
            _put(pairs, x)
            loss, g = self._evaluate(closure)
            if loss < best[0]:
                best[:] = loss, x.copy()
            return loss, g

        hyper = self.hyper(self.param_groups[0], self.count)
        try:
            result = optimize.minimize(
                evaluate,
                start,
                jac=True,
                method="L-BFGS-B",
                options={
                    "maxiter": hyper["max_iter"],
                    "maxfun": hyper["max_eval"],
                    "gtol": hyper["tolerance_grad"],
                    "ftol": hyper["tolerance_change"],
                    "maxcor": hyper["history_size"],
                },
            )
        except BaseException:
            _put(pairs, best[1])
            raise
        _put(pairs, result.x)
        self.result = result
        self.count += 1
        return float(result.fun)

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[float, np.ndarray]:
        """Return loss and gradient where the parameters are."""
        self.zero_grad()
        loss = value(closure())
        if not isinstance(loss, (float, int, np.generic, np.ndarray)) or np.size(loss) != 1:
            raise OutputError(
                f"LBFGS.step: the closure returned {describe(loss)}; it must return the loss, a number"
            )
        gradients = self.gradients()
        pairs = self.named_parameters()
        names = [name for name, _ in pairs]
        plain = [
            np.zeros(p.shape, dtype_of(p)) if g is None else detached(g)
            for (_, p), g in zip(pairs, gradients, strict=True)
        ]
        bad = not_finite(["loss"], [loss]) + not_finite(names, plain)
        if bad:
            raise NonFiniteError(
                "value",
                "LBFGS.step",
                "\n".join(f"  {line}" for line in bad)
                + "\n  The parameters are at the best point evaluated before. dualrev.debug(nan='raise') finds the "
                "operation that a NaN comes from.",
                user_location(),
            )
        return float(np.reshape(np.real(loss), ())), _ravel(plain)


def _ravel(arrays: list[Any]) -> np.ndarray:
    """Return arrays as one real vector in double precision."""
    parts = [as_pairs(x) if dtype_of(x).kind == "c" else x for x in arrays]
    return np.concatenate([np.asarray(x, float).reshape(-1) for x in parts])


def _put(pairs: list[tuple[str, Any]], x: np.ndarray) -> None:
    """Undo `_ravel` into the parameters."""
    start = 0
    for _, p in pairs:
        is_complex = dtype_of(p).kind == "c"
        size = int(p.size) * (1 + is_complex)
        new = x[start : start + size]
        start += size
        new = as_complex(new.reshape(*p.shape, 2)) if is_complex else new.reshape(p.shape)
        p.data = new.astype(dtype_of(p))
