"""Losses between numbers: squares, absolute values, Huber's, likelihoods, angles, divergences.

Prediction and target must have one shape. NumPy would broadcast (n,) against (n, 1) to (n, n), and training would
go on with a wrong loss.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.ufuncs import special
from dualrev.errors import InputError, ShapeError
from dualrev.nn.formula import Formula

__all__ = [
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "pair",
    "poisson_nll_loss",
    "reduced",
    "smooth_l1_loss",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def pair(name: str, prediction: Any, target: Any) -> tuple[Any, Any]:
    """Return prediction and target as arrays; raise `ShapeError` unless they have the same shape."""
    prediction, target = operand(prediction), operand(target)
    ours, theirs = np.shape(prediction), np.shape(target)
    if ours == theirs:
        if dtype_of(prediction).kind in "biu" and dtype_of(target).kind in "biu":
            # The difference of two unsigned integers would wrap around.
            prediction = prediction.astype(float) if np.ndim(prediction) else prediction * 1.0
        return prediction, target
    remedy = "make the shapes equal"
    if (*ours, 1) == theirs:
        remedy = "drop the last axis of the target, target[:, 0], or add one to the prediction, prediction[..., None]"
    elif ours == (*theirs, 1):
        remedy = "drop the last axis of the prediction, prediction[..., 0], or add one to the target, target[..., None]"
    raise ShapeError(
        f"{name}: the prediction has shape {ours} and the target {theirs}, which NumPy would broadcast or refuse; "
        f"{remedy}"
    )


def reduced(name: str, losses: Any, reduction: str) -> Any:
    """Return mean, sum, or all of the losses.

    Raises
    ------
    InputError
        If `reduction` is none of them, or a mean is asked for of nothing.
    """
    if reduction == "mean":
        if not np.size(losses):
            raise InputError(
                f"{name}: there is nothing to take the mean of; reduction='sum' gives 0"
            )
        return _np.mean(losses)
    if reduction == "sum":
        return _np.sum(losses)
    if reduction == "none":
        return losses
    raise InputError(f"{name}: reduction= is 'mean', 'sum' or 'none', not {reduction!r}")


def mse_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return (prediction − target)².

    Parameters
    ----------
    prediction, target : array
        Of the same shape, whatever it is; both may be traced.
    reduction : {"mean", "sum", "none"}
        Over all entries.

    Returns
    -------
    float or array
        A number, or with ``"none"`` an array of the same shape.

    Raises
    ------
    ShapeError
        If the shapes differ, also where NumPy would broadcast.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, dualrev.nn as nn
    >>> dr.grad(nn.mse_loss)(np.array([1.0, 3.0]), np.array([0.0, 0.0]))
    array([1., 3.])
    """
    prediction, target = pair("mse_loss", prediction, target)
    d = prediction - target
    return reduced("mse_loss", d * d, reduction)


def l1_loss(prediction: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Return |prediction − target|; derivative 0 where they are equal. Arguments as of `mse_loss`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.l1_loss(np.array([1.0, 5.0]), np.array([2.0, 2.0]))
    np.float64(2.0)
    """
    prediction, target = pair("l1_loss", prediction, target)
    return reduced("l1_loss", _np.abs(prediction - target), reduction)


def huber_loss(prediction: Any, target: Any, *, delta: float = 1.0, reduction: str = "mean") -> Any:
    """Return d²/2 where |d| < delta, else delta (|d| − delta/2), d = prediction − target.

    Parameters
    ----------
    prediction, target : array
        Of the same shape.
    delta : float
        Where squares become absolute values; positive. The second derivative jumps there, and is 0 at the point itself.
    reduction : {"mean", "sum", "none"}

    References
    ----------
    Huber (1964), Annals of Mathematical Statistics 35(1).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.huber_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5  ])
    """
    if not delta > 0:
        raise InputError(f"huber_loss: delta is positive, not {delta}")
    prediction, target = pair("huber_loss", prediction, target)
    d = prediction - target
    # c (d − c/2) with d clipped: no square of a large number, and no |d|, which has no second derivative at 0.
    c = _np.where(d >= delta, delta, _np.where(d <= -delta, -delta, d))
    return reduced("huber_loss", c * (d - 0.5 * c), reduction)


def smooth_l1_loss(
    prediction: Any, target: Any, *, beta: float = 1.0, reduction: str = "mean"
) -> Any:
    """Return `huber_loss` with delta = beta, divided by beta; with beta = 0 `l1_loss`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.smooth_l1_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5 ])
    """
    if beta == 0:
        return l1_loss(prediction, target, reduction=reduction)
    if not beta > 0:
        raise InputError(f"smooth_l1_loss: beta is not negative, but it is {beta}")
    return huber_loss(prediction, target, delta=beta, reduction=reduction) / beta


def gaussian_nll_loss(
    prediction: Any,
    target: Any,
    variance: Any,
    *,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """Return (log v + d²/v)/2, v = max(variance, eps): minus the logarithm of a normal density, up to a constant.

    Parameters
    ----------
    prediction, target : array
        Mean of the distribution, and what was observed; of the same shape.
    variance : array
        Of the same shape, or broadcastable to it.
    full : bool
        Add the constant log(2π)/2.
    eps : float
        Least variance. Where it replaces a smaller one the derivative in the variance is 0 (in PyTorch it is not).
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    InputError
        If a variance is negative.

    References
    ----------
    Nix & Weigend (1994), Estimating the mean and variance of the target probability distribution.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.gaussian_nll_loss(np.array([1.0]), np.array([3.0]), np.array([4.0])).round(4)
    np.float64(1.1931)
    """
    prediction, target = pair("gaussian_nll_loss", prediction, target)
    variance = operand(variance)
    shape = np.shape(prediction)
    try:
        fits = np.broadcast_shapes(shape, np.shape(variance)) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"gaussian_nll_loss: variances of shape {np.shape(variance)} do not broadcast to {shape}"
        )
    if np.any(value(variance) < 0):
        raise InputError(
            "gaussian_nll_loss: a variance is negative; pass np.exp of what the model gives"
        )
    v = _np.where(variance <= eps, eps, variance)
    d = prediction - target
    losses = 0.5 * (_np.log(v) + d * d / v)
    if full:
        losses = losses + 0.5 * math.log(2.0 * math.pi)
    return reduced("gaussian_nll_loss", losses, reduction)


def poisson_nll_loss(
    prediction: Any,
    target: Any,
    *,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Any:
    """Return eᵖ − target · p, p the logarithm of the rate: minus the logarithm of a Poisson probability.

    Parameters
    ----------
    prediction, target : array
        Of the same shape.
    log_input : bool
        With False the prediction is the rate r itself, and the loss r − target · log(r + eps).
    full : bool
        Add log target!, exactly (in PyTorch it is Stirling's formula).
    eps : float
        Keeps the logarithm of a rate of 0 finite.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.poisson_nll_loss(np.log([2.0]), np.array([3]), full=True).round(4)
    np.float64(1.7123)
    """
    prediction, target = pair("poisson_nll_loss", prediction, target)
    if log_input:
        losses = _np.exp(prediction) - target * prediction
    else:
        losses = prediction - target * _np.log(prediction + eps)
    if full:
        losses = losses + special.gammaln(target + 1.0)
    return reduced("poisson_nll_loss", losses, reduction)


def kl_div(
    prediction: Any, target: Any, *, log_target: bool = False, reduction: str = "mean"
) -> Any:
    """Return target (log target − prediction): the divergence of Kullback and Leibler, entry by entry.

    Parameters
    ----------
    prediction : array
        Logarithms of probabilities (`log_softmax`).
    target : array
        Probabilities, of the same shape; 0 · log 0 is 0.
    log_target : bool
        The target too is given by logarithms.
    reduction : {"mean", "batchmean", "sum", "none"}
        ``"mean"`` is over all entries, as in PyTorch; the divergence of distributions is ``"batchmean"``, the sum
        divided by the length of axis 0.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.kl_div(np.log([[0.5, 0.5]]), np.array([[1.0, 0.0]]), reduction="batchmean").round(4)
    np.float64(0.6931)
    """
    prediction, target = pair("kl_div", prediction, target)
    if log_target:
        losses = _np.exp(target) * (target - prediction)
    else:
        losses = special.xlogy(target, target) - target * prediction
    if reduction == "batchmean":
        shape = np.shape(losses)
        if not shape or not shape[0]:
            raise InputError(
                f"kl_div: reduction='batchmean' needs a batch axis, and the shape is {shape}"
            )
        return _np.sum(losses) / shape[0]
    return reduced("kl_div", losses, reduction)


class MSELoss(Formula, function=mse_loss):
    """`mse_loss` as a module."""


class L1Loss(Formula, function=l1_loss):
    """`l1_loss` as a module."""


class HuberLoss(Formula, function=huber_loss):
    """`huber_loss` as a module."""


class SmoothL1Loss(Formula, function=smooth_l1_loss):
    """`smooth_l1_loss` as a module."""


class GaussianNLLLoss(Formula, function=gaussian_nll_loss):
    """`gaussian_nll_loss` as a module."""


class PoissonNLLLoss(Formula, function=poisson_nll_loss):
    """`poisson_nll_loss` as a module."""


class KLDivLoss(Formula, function=kl_div):
    """`kl_div` as a module."""
