"""Adam and its kin: running means of the gradient and of its square, freed of their bias towards zero."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dualrev.nn.optim.first_order import COMMON, FirstOrder
from dualrev.nn.optim.limits import FLAG, NONNEGATIVE, PAIR_BELOW_ONE, Limit

__all__ = ["Adam", "AdamW", "Adamax", "NAdam"]

_MOMENTS = {**COMMON, "betas": PAIR_BELOW_ONE, "eps": NONNEGATIVE}


def _mean(old: Any, new: Any, beta: Any) -> Any:
    """Return β old + (1 - β) new, in the form that loses nothing when both are equal."""
    return old + (1 - beta) * (new - old)


class Adam(FirstOrder):
    """Steps along the running mean of the gradient, scaled by the root of the running mean of its square.

    Parameters
    ----------
    parameters, lr, maximize, nonfinite
        As in `SGD`.
    betas : tuple of float
        Decay of the two running means.
    eps : float
        Added to the root in the denominator.
    weight_decay : float
        Added to the gradient as ``weight_decay * x``; `AdamW` shrinks the weights instead.
    amsgrad : bool
        Scale by the largest mean square so far.

    Notes
    -----
    Defaults and order of operations are PyTorch's. Memory: two numbers per weight, three with `amsgrad`. The first
    steps have length lr in every coordinate, whatever the scale of the gradient.

    References
    ----------
    Kingma & Ba (2015), ICLR, arXiv:1412.6980, algorithm 1; Reddi, Kale & Kumar (2018), ICLR, arXiv:1904.09237,
    algorithm 2.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.nn import optim
    >>> x = dr.variable([3.0, -2.0])
    >>> optimiser = optim.Adam([x], lr=0.1)
    >>> for _ in range(300):
    ...     optimiser.zero_grad()
    ...     np.sum((x - 1) ** 2).backward()
    ...     optimiser.step()
    >>> bool(np.allclose(x.data, 1.0, atol=1e-3))
    True
    """

    limits: ClassVar[dict[str, Limit]] = {**_MOMENTS, "amsgrad": FLAG}

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            nonfinite,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    @staticmethod
    def rule(
        g: Any, slot: dict[str, Any], *, lr: Any, betas: Any, eps: Any, amsgrad: bool
    ) -> tuple[Any, dict[str, Any]]:
        """Δx = -lr m̂ / (√v̂ + ε), where m ← β₁ m + (1 - β₁) g;  v ← β₂ v + (1 - β₂) g²;  m̂ = m / (1 - β₁ᵗ)."""
        t = slot.get("step", 0) + 1
        m = _mean(slot.get("exp_avg", 0.0), g, betas[0])
        v = betas[1] * slot.get("exp_avg_sq", 0.0) + (1 - betas[1]) * (g * g)
        new = {"step": t, "exp_avg": m, "exp_avg_sq": v}
        if amsgrad:
            v = new["max_exp_avg_sq"] = np.maximum(slot.get("max_exp_avg_sq", 0.0), v)
        root = np.sqrt(v) / (1 - betas[1] ** t) ** 0.5 + eps
        return -(lr / (1 - betas[0] ** t)) * (m / root), new


class AdamW(Adam):
    """`Adam` with decoupled weight decay: every step first shrinks the weights by the factor 1 - lr * weight_decay.

    Parameters
    ----------
    parameters, lr, betas, eps, amsgrad, maximize, nonfinite
        As in `Adam`.
    weight_decay : float
        Not scaled by the gradient's history, so that it shrinks all weights alike.

    References
    ----------
    Loshchilov & Hutter (2019), ICLR, arXiv:1711.05101, algorithm 2.

    Examples
    --------
    >>> import dualrev as dr
    >>> from dualrev.nn import optim
    >>> x = dr.variable(2.0)
    >>> optimiser = optim.AdamW([x], lr=0.1, weight_decay=0.5)
    >>> x.grad = 0.0
    >>> optimiser.step()
    >>> x.data
    np.float64(1.9)
    """

    decoupled: ClassVar[bool] = True

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            nonfinite=nonfinite,
        )


class NAdam(FirstOrder):
    """`Adam` with Nesterov's momentum, whose coefficient grows during the first steps.

    Parameters
    ----------
    parameters, lr, betas, eps, weight_decay, maximize, nonfinite
        As in `Adam`.
    momentum_decay : float
        ψ in μₜ = β₁ (1 - 0.96^(t ψ) / 2).
    decoupled_weight_decay : bool
        Shrink the weights as `AdamW` does.

    References
    ----------
    Dozat (2016), Incorporating Nesterov momentum into Adam, ICLR workshop, algorithm 2.

    Examples
    --------
    >>> from dualrev.nn import optim
    >>> optim.NAdam(lr=0.01).defaults["momentum_decay"]
    0.004
    """

    limits: ClassVar[dict[str, Limit]] = {
        **_MOMENTS,
        "momentum_decay": NONNEGATIVE,
        "decoupled_weight_decay": FLAG,
    }

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 2e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0.0,
        momentum_decay: Any = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            nonfinite,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def rule(
        g: Any, slot: dict[str, Any], *, lr: Any, betas: Any, eps: Any, momentum_decay: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Δx = -lr ((1 - μₜ) g / (1 - Πμ) + μₜ₊₁ m / (1 - μₜ₊₁ Πμ)) / (√v̂ + ε), Πμ the product of μ₁ to μₜ."""
        t = slot.get("step", 0) + 1
        now, following = (betas[0] * (1 - 0.5 * 0.96 ** (k * momentum_decay)) for k in (t, t + 1))
        product = slot.get("mu_product", 1.0) * now
        m = _mean(slot.get("exp_avg", 0.0), g, betas[0])
        v = betas[1] * slot.get("exp_avg_sq", 0.0) + (1 - betas[1]) * (g * g)
        root = np.sqrt(v / (1 - betas[1] ** t)) + eps
        step = -(lr * (1 - now) / (1 - product)) * (g / root)
        step = step - (lr * following / (1 - product * following)) * (m / root)
        return step, {"step": t, "mu_product": product, "exp_avg": m, "exp_avg_sq": v}


class Adamax(FirstOrder):
    """`Adam` with the largest recent size of the gradient in place of its mean square.

    Parameters
    ----------
    parameters, lr, betas, weight_decay, maximize, nonfinite
        As in `Adam`.
    eps : float
        Added to the size of the gradient.

    References
    ----------
    Kingma & Ba (2015), ICLR, arXiv:1412.6980, algorithm 2.

    Examples
    --------
    >>> from dualrev.nn import optim
    >>> optim.Adamax().defaults["lr"]
    0.002
    """

    limits: ClassVar[dict[str, Limit]] = _MOMENTS

    def __init__(
        self,
        parameters: Any = None,
        lr: Any = 2e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0.0,
        *,
        maximize: bool = False,
        nonfinite: str = "raise",
    ) -> None:
        super().__init__(
            parameters,
            nonfinite,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
        )

    @staticmethod
    def rule(
        g: Any, slot: dict[str, Any], *, lr: Any, betas: Any, eps: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Δx = -lr m / ((1 - β₁ᵗ) u), where m ← β₁ m + (1 - β₁) g;  u ← max(β₂ u, |g| + ε)."""
        t = slot.get("step", 0) + 1
        m = _mean(slot.get("exp_avg", 0.0), g, betas[0])
        u = np.maximum(betas[1] * slot.get("exp_inf", 0.0), np.abs(g) + eps)
        return -(lr / (1 - betas[0] ** t)) * (m / u), {"step": t, "exp_avg": m, "exp_inf": u}
