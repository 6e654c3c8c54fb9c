"""Cross-entropies: losses between scores and classes or probabilities.

Classes are axis 1 of the scores, or axis 0 of a single vector, as in PyTorch; ``axis=`` names another. Labels are
checked: a label that is no class and a target of another shape are errors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.core.bind import operand
from dualrev.core.ufuncs import special
from dualrev.errors import InputError, ShapeError
from dualrev.nn.activations import log_softmax
from dualrev.nn.formula import Formula
from dualrev.nn.labels import Labels, class_axis, class_weight
from dualrev.nn.losses import pair, reduced

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "NLLLoss",
    "bce",
    "bce_with_logits",
    "cross_entropy",
    "nll_loss",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def nll_loss(
    log_probabilities: Any,
    target: Any,
    *,
    weight: Any = None,
    ignore_index: int | None = -100,
    axis: int | None = None,
    reduction: str = "mean",
) -> Any:
    """Return minus the logarithm of the probability of each label.

    Parameters
    ----------
    log_probabilities : array
        From `log_softmax`; classes along `axis`.
    target : array of int
        Class indices, of the same shape without the class axis.
    weight, ignore_index, axis, reduction
        As of `cross_entropy`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.nll_loss(np.log([[0.2, 0.8], [0.5, 0.5]]), np.array([1, 0])).round(4)
    np.float64(0.4581)
    """
    scores = operand(log_probabilities)
    labels = Labels("nll_loss", scores, target, axis, weight, ignore_index)
    return labels.weighted(-labels.pick(scores), reduction)


def cross_entropy(
    logits: Any,
    target: Any,
    *,
    weight: Any = None,
    ignore_index: int | None = -100,
    label_smoothing: float = 0.0,
    axis: int | None = None,
    reduction: str = "mean",
) -> Any:
    """Return the cross-entropy of the softmax of logits with labels, or with probabilities of the classes.

    Parameters
    ----------
    logits : array
        Any real numbers, of shape (classes,), (n, classes) or (n, classes, ...).
    target : array
        Integers: class indices, of the shape of the logits without the class axis. Floats: probabilities, of the shape
        of the logits.
    weight : array of shape (classes,), optional
        Weights of the classes.
    ignore_index : int or None
        Labels of this value do not count.
    label_smoothing : float
        Between 0 and 1: this share of each target is spread evenly over the classes.
    axis : int, optional
        The class axis; 1 by default (0 of a vector).
    reduction : {"mean", "sum", "none"}
        The mean over labels divides by the sum of their weights; over probabilities by their number.

    Returns
    -------
    float or array
        With ``"none"`` of the shape of the logits without the class axis.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    InputError
        If a label is no class, an option is wrong, or all labels are ignored in a mean.

    Notes
    -----
    Stable for logits of any size: computed from `log_softmax`. The gradient in the logits is softmax − target.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, dualrev.nn as nn
    >>> logits = np.array([[2.0, 0.0], [0.0, 0.0]])
    >>> dr.value_and_grad(nn.cross_entropy)(logits, np.array([0, 1]))[0].round(4)
    np.float64(0.41)
    """
    name = "cross_entropy"
    if not 0.0 <= label_smoothing <= 1.0:
        raise InputError(f"{name}: label_smoothing is between 0 and 1, not {label_smoothing}")
    logits, target = operand(logits), operand(target)
    at = class_axis(name, np.shape(logits), axis)
    classes = np.shape(logits)[at]
    across = (-1, *(1,) * (np.ndim(logits) - 1 - at))
    if dtype_of(target).kind == "f":
        if np.shape(target) != np.shape(logits):
            raise ShapeError(
                f"{name}: a target of floats holds probabilities, of the shape of the logits {np.shape(logits)}, not "
                f"{np.shape(target)}; class indices are integers: target.astype(int)"
            )
        if label_smoothing:
            target = target * (1.0 - label_smoothing) + label_smoothing / classes
        w = class_weight(name, weight, classes)
        if w is not None:
            target = target * _np.reshape(w, across)
        return reduced(name, -_np.sum(target * log_softmax(logits, axis=at), axis=at), reduction)
    labels = Labels(name, logits, target, at, weight, ignore_index)
    log_p = log_softmax(logits, axis=at)
    sharp = labels.weighted(-labels.pick(log_p), reduction)
    if not label_smoothing:
        return sharp
    # Szegedy et al. (2016), Rethinking the inception architecture, section 7. As in PyTorch the spread share has the
    # weights of the classes that it is spread to, and its mean divides by those of the labels.
    weighted = log_p if labels.weight is None else log_p * _np.reshape(labels.weight, across)
    spread = -_np.sum(weighted, axis=at)
    if labels.counts is not None:
        spread = _np.where(labels.counts, spread, 0.0)
    w = labels.weights()
    if reduction == "mean" and w is not None:
        even = _np.sum(spread) / labels.total(w)
    else:
        even = reduced(name, spread, reduction)
    return (1.0 - label_smoothing) * sharp + label_smoothing / classes * even


def _within_unit(name: str, what: str, x: Any, remedy: str) -> None:
    plain = value(x)
    if np.any((plain < 0) | (plain > 1)):
        raise InputError(f"{name}: {what} are between 0 and 1, and one is not; {remedy}")


def _factor(name: str, what: str, factor: Any, shape: tuple[int, ...]) -> Any:
    factor = operand(factor)
    try:
        fits = np.broadcast_shapes(np.shape(factor), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}: {what}= of shape {np.shape(factor)} does not broadcast to {shape}"
        )
    return factor


_LABELS = "labels of -1 and 1 become (y + 1) / 2"


def bce_with_logits(
    logits: Any, target: Any, *, weight: Any = None, pos_weight: Any = None, reduction: str = "mean"
) -> Any:
    """Return the binary cross-entropy of sigmoid(logits) with targets between 0 and 1, stable for any logits.

    Parameters
    ----------
    logits, target : array
        Of the same shape; targets are labels 0 and 1, or probabilities.
    weight : array, optional
        Factor of each entry, broadcast.
    pos_weight : array, optional
        Factor of the term of label 1, broadcast: above 1 it favours recall.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ShapeError
        If the shapes differ, also where NumPy would broadcast.
    InputError
        If a target is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.bce_with_logits(np.array([1000.0, -1000.0]), np.array([0, 0]), reduction="none")
    array([1000., 0.])
    """
    name = "bce_with_logits"
    logits, target = pair(name, logits, target)
    _within_unit(name, "targets", target, _LABELS)
    positive = target * special.log_expit(logits)
    if pos_weight is not None:
        positive = positive * _factor(name, "pos_weight", pos_weight, np.shape(logits))
    # 0 − ... rather than −(...): a perfect prediction has the loss 0, not −0.
    losses = 0.0 - positive - (1 - target) * special.log_expit(-logits)
    if weight is not None:
        losses = losses * _factor(name, "weight", weight, np.shape(logits))
    return reduced(name, losses, reduction)


def bce(probabilities: Any, target: Any, *, weight: Any = None, reduction: str = "mean") -> Any:
    """Return the binary cross-entropy −y log p − (1 − y) log(1 − p) of probabilities.

    A certain and wrong prediction has an infinite loss, where PyTorch stops at 100; `bce_with_logits` of what stands
    before the sigmoid has neither problem. Arguments as there.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.bce(np.array([0.5, 0.0]), np.array([1, 0]), reduction="none").round(4)
    array([0.6931, 0. ])
    """
    probabilities, target = pair("bce", probabilities, target)
    _within_unit(
        "bce", "probabilities", probabilities, "use bce_with_logits for numbers of any size"
    )
    _within_unit("bce", "targets", target, _LABELS)
    losses = -special.xlogy(target, probabilities) - special.xlog1py(1.0 - target, -probabilities)
    if weight is not None:
        losses = losses * _factor("bce", "weight", weight, np.shape(losses))
    return reduced("bce", losses, reduction)


class CrossEntropyLoss(Formula, function=cross_entropy):
    """`cross_entropy` as a module.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    >>> loss
    CrossEntropyLoss(label_smoothing=0.1)
    >>> float(loss(np.zeros((3, 4)), np.array([0, 1, 2])).round(4))
    1.3863
    """


class NLLLoss(Formula, function=nll_loss):
    """`nll_loss` as a module."""


class BCEWithLogitsLoss(Formula, function=bce_with_logits):
    """`bce_with_logits` as a module."""


class BCELoss(Formula, function=bce):
    """`bce` as a module."""
