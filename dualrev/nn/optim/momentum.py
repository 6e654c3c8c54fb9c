"""Gradient descent, with momentum."""

from __future__ import annotations

from typing import Any, ClassVar

from dualrev.nn.optim.first_order import COMMON, FirstOrder
from dualrev.nn.optim.limits import FINITE, FLAG, NONNEGATIVE, Limit, is_off

__all__ = ["SGD"]


class SGD(FirstOrder):
    """Gradient descent, optionally with momentum: x ← x - lr v, where v is the gradient or a running sum of gradients.

    Parameters
    ----------
    parameters : Module, list or dict of variables, list of groups, optional
        What `step` moves. A group is a dict with its variables under ``"params"`` and hyper-parameters of its own.
        Left out where only `init` and `update` are used, which take and return containers.
    lr : float or callable
        Learning rate, or a function of the number of steps taken, such as a schedule. (So may be every
        hyper-parameter.)
    momentum : float
        μ in v ← μ v + (1 - dampening) g; the first v is g itself.
    dampening : float
    weight_decay : float
        Added to the gradient as ``weight_decay * x``.
    nesterov : bool
        Step along g + μ v instead of v.
    maximize : bool
        Ascend.
    nonfinite : {"raise", "skip"}
        What to do about a gradient, or a step, that is not finite: raise before any weight is changed, or leave the
        step out and count it in ``skipped``.

    Notes
    -----
    Defaults and order of operations are PyTorch's. A complex weight counts as a pair of real ones. Cost per weight: two
    to six flops, and with momentum one number of memory.

    References
    ----------
    Robbins & Monro (1951), Ann. Math. Stat. 22(3); Polyak (1964), USSR Comp. Math. and Math. Phys. 4(5), equation (9);
    Sutskever, Martens, Dahl & Hinton (2013), ICML, equations (1) to (4), here with lr outside of v.

    Examples
    --------
    Variables, and `step`:

    >>> import numpy as np, dualrev as dr
    >>> from dualrev.nn import optim
    >>> x = dr.variable([3.0, -2.0])
    >>> optimiser = optim.SGD([x], lr=0.1, momentum=0.5)
    >>> for _ in range(50):
    ...     optimiser.zero_grad()
    ...     loss = np.sum((x - 1) ** 2)
    ...     loss.backward()
    ...     optimiser.step()
    >>> x.data.round(4)
    array([1., 1.])

    Containers in and out, and what is possible only so: the derivative with respect to the learning rate.

    >>> method = optim.SGD()
    >>> def after(lr, steps=3):
    ...     w = {"x": np.array([3.0, -2.0])}
    ...     state = method.init(w)
    ...     for _ in range(steps):
    ...         g = dr.grad(lambda w: np.sum((w["x"] - 1) ** 2))(w)
    ...         w, state = method.update(g, state, w, lr=lr)
    ...     return np.sum((w["x"] - 1) ** 2)
    >>> bool(dr.grad(after)(0.1) < 0)
    True
    """

    limits: ClassVar[dict[str, Limit]] = {
        **COMMON,
        "momentum": NONNEGATIVE,
        "dampening": FINITE,
        "nesterov": FLAG,
    }

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 1e-3,
        momentum: Any = 0.0,
        dampening: Any = 0.0,
        weight_decay: Any = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            nonfinite,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def check(self, hyper: dict[str, Any]) -> dict[str, Any]:
        """Refuse Nesterov's step where there is no momentum to look ahead along."""
        if hyper["nesterov"] and (is_off(hyper["momentum"]) or not is_off(hyper["dampening"])):
            raise ValueError("SGD: nesterov=True needs momentum > 0 and dampening=0")
        return hyper

    @staticmethod
    def rule(
        g: Any, slot: dict[str, Any], *, lr: Any, momentum: Any, dampening: Any, nesterov: bool
    ) -> tuple[Any, dict[str, Any]]:
        """Δx = -lr v, or -lr (g + μ v) as Nesterov, where v ← μ v + (1 - τ) g."""
        if is_off(momentum):
            return -lr * g, slot
        v = slot.get("momentum_buffer")
        v = +g if v is None else momentum * v + (1 - dampening) * g
        return -lr * (g + momentum * v if nesterov else v), {"momentum_buffer": v}
