"""A learning rate per coordinate, from the squares of its gradients: Adagrad, Adadelta, RMSprop."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dualrev.nn.optim.first_order import COMMON, FirstOrder
from dualrev.nn.optim.limits import FLAG, FRACTION, NONNEGATIVE, Limit, is_off

__all__ = ["Adadelta", "Adagrad", "RMSprop"]


class Adagrad(FirstOrder):
    """Steps scaled by the root of the sum of all squared gradients, coordinate by coordinate.

    Parameters
    ----------
    parameters, lr, weight_decay, maximize, nonfinite
        As in `SGD`.
    lr_decay : float
        The rate of step t, counted from 0, is lr / (1 + t * lr_decay).
    initial_accumulator_value : float
        Where the sum of squares starts.
    eps : float
        Added to the root in the denominator.

    Notes
    -----
    Defaults and order of operations are PyTorch's. Memory: one number per weight.

    References
    ----------
    Duchi, Hazan & Singer (2011), JMLR 12, figure 1, with diagonal matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.nn import optim
    >>> method = optim.Adagrad(lr=0.5)
    >>> w = np.array([1.0, 1.0])
    >>> w, state = method.update(np.array([2.0, 0.01]), method.init(w), w)
    >>> w.round(6)
    array([0.5, 0.5])
    """

    limits: ClassVar[dict[str, Limit]] = {
        **COMMON,
        "lr_decay": NONNEGATIVE,
        "initial_accumulator_value": NONNEGATIVE,
        "eps": NONNEGATIVE,
    }

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 1e-2,
        lr_decay: Any = 0.0,
        weight_decay: Any = 0.0,
        initial_accumulator_value: Any = 0.0,
        eps: Any = 1e-10,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            nonfinite,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    @staticmethod
    def rule(
        g: Any,
        slot: dict[str, Any],
        *,
        lr: Any,
        lr_decay: Any,
        initial_accumulator_value: Any,
        eps: Any,
    ) -> tuple[Any, dict[str, Any]]:
        """Δx = -lr / (1 + (t - 1) η) · g / (√s + ε), where s ← s + g²."""
        t = slot.get("step", 0) + 1
        s = slot.get("sum", initial_accumulator_value) + g * g
        rate = lr / (1 + (t - 1) * lr_decay)
        return -rate * (g / (np.sqrt(s) + eps)), {"step": t, "sum": s}


class RMSprop(FirstOrder):
    """Steps scaled by the root of the running mean of the squared gradient.

    Parameters
    ----------
    parameters, lr, weight_decay, maximize, nonfinite
        As in `SGD`.
    alpha : float
        Decay of the running means.
    eps : float
        Added to the root in the denominator.
    momentum : float
        μ in b ← μ b + g / root; the step is then -lr b.
    centered : bool
        Scale by the running standard deviation: subtract the square of the running mean.

    Notes
    -----
    Defaults and order of operations are PyTorch's. Memory: one number per weight, one more with `momentum`, one more
    with `centered`.

    References
    ----------
    Tieleman & Hinton (2012), Coursera lecture 6.5; Graves (2013), arXiv:1308.0850, equations (38) to (41).

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.nn import optim
    >>> method = optim.RMSprop(lr=0.1)
    >>> w = np.array([1.0, 1.0])
    >>> w, state = method.update(np.array([2.0, 0.01]), method.init(w), w)
    >>> w.round(4)
    array([0., 0.])
    """

    limits: ClassVar[dict[str, Limit]] = {
        **COMMON,
        "alpha": FRACTION,
        "eps": NONNEGATIVE,
        "momentum": NONNEGATIVE,
        "centered": FLAG,
    }

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 1e-2,
        alpha: Any = 0.99,
        eps: Any = 1e-8,
        weight_decay: Any = 0.0,
        momentum: Any = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            nonfinite,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    @staticmethod
    def rule(
        g: Any,
        slot: dict[str, Any],
        *,
        lr: Any,
        alpha: Any,
        eps: Any,
        momentum: Any,
        centered: bool,
    ) -> tuple[Any, dict[str, Any]]:
        """Δx = -lr g / (√(v - m²) + ε), where v ← α v + (1 - α) g² and m ← α m + (1 - α) g, or 0 unless centred."""
        v = alpha * slot.get("square_avg", 0.0) + (1 - alpha) * (g * g)
        new = {"square_avg": v}
        if centered:
            old = slot.get("grad_avg", 0.0)
            m = new["grad_avg"] = old + (1 - alpha) * (g - old)
            # A variance; rounding must not make it negative.
            v = np.maximum(v - m * m, 0.0)
        step = g / (np.sqrt(v) + eps)
        if not is_off(momentum):
            step = new["momentum_buffer"] = momentum * slot.get("momentum_buffer", 0.0) + step
        return -lr * step, new


class Adadelta(FirstOrder):
    """Steps scaled so that they have the units of the weights: by the ratio of two running roots of mean squares.

    Parameters
    ----------
    parameters, lr, weight_decay, maximize, nonfinite
        As in `SGD`; lr is 1 in the paper.
    rho : float
        Decay of the running means of squared gradients and of squared steps.
    eps : float
        Added under both roots.

    Notes
    -----
    Defaults and order of operations are PyTorch's. Memory: two numbers per weight.

    References
    ----------
    Zeiler (2012), arXiv:1212.5701, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.nn import optim
    >>> method = optim.Adadelta()
    >>> w = np.array([1.0, 1.0])
    >>> w, state = method.update(np.array([2.0, 0.5]), method.init(w), w)
    >>> w.round(4)
    array([0.9968, 0.9968])
    """

    limits: ClassVar[dict[str, Limit]] = {**COMMON, "rho": FRACTION, "eps": NONNEGATIVE}

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 1.0,
        rho: Any = 0.9,
        eps: Any = 1e-6,
        weight_decay: Any = 0.0,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            nonfinite,
            lr=lr,
            rho=rho,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def rule(
        g: Any, slot: dict[str, Any], *, lr: Any, rho: Any, eps: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Δx = -lr d, where v ← ρ v + (1 - ρ) g²;  d = g √(u + ε) / √(v + ε);  u ← ρ u + (1 - ρ) d²."""
        v = rho * slot.get("square_avg", 0.0) + (1 - rho) * (g * g)
        u = slot.get("acc_delta", np.zeros_like(g))
        d = np.sqrt(u + eps) / np.sqrt(v + eps) * g
        return -lr * d, {"square_avg": v, "acc_delta": rho * u + (1 - rho) * (d * d)}
