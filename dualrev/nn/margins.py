"""Losses with a margin: hinges and angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.errors import InputError
from dualrev.nn.formula import Formula
from dualrev.nn.labels import Labels
from dualrev.nn.losses import pair, reduced
from dualrev.nn.rectifiers import relu

__all__ = [
    "CosineEmbeddingLoss",
    "HingeLoss",
    "MultiMarginLoss",
    "cosine_embedding_loss",
    "cosine_similarity",
    "hinge_loss",
    "multi_margin_loss",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def _signs(name: str, target: Any) -> None:
    plain = value(target)
    if np.any((plain != 1) & (plain != -1)):
        raise InputError(f"{name}: labels are -1 and 1; labels of 0 and 1 become 2 * y - 1")


def hinge_loss(
    scores: Any, target: Any, *, margin: float = 1.0, squared: bool = False, reduction: str = "mean"
) -> Any:
    """Return max(0, margin − target · score) for labels ±1, or its square. Derivative at the margin: 0.

    Parameters
    ----------
    scores, target : array
        Of the same shape; labels are −1 and 1.
    margin : float
    squared : bool
        The square has a continuous derivative.
    reduction : {"mean", "sum", "none"}

    References
    ----------
    Cortes & Vapnik (1995), Support-vector networks.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.hinge_loss(np.array([2.0, 0.5]), np.array([1, -1]), reduction="none")
    array([0. , 1.5])
    """
    scores, target = pair("hinge_loss", scores, target)
    _signs("hinge_loss", target)
    losses = relu(margin - target * scores)
    return reduced("hinge_loss", losses * losses if squared else losses, reduction)


def multi_margin_loss(
    scores: Any,
    target: Any,
    *,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    axis: int | None = None,
    reduction: str = "mean",
) -> Any:
    """Return Σ max(0, margin − score of the label + other score)ᵖ / classes. Derivative at the margin: 0.

    Parameters
    ----------
    scores : array
        Classes along `axis`, as in `cross_entropy`.
    target : array of int
        Class indices.
    p : {1, 2}
    margin : float
    weight : array of shape (classes,), optional
        Weights of the labels; the mean divides by the number of labels.
    reduction : {"mean", "sum", "none"}

    References
    ----------
    Crammer & Singer (2001), JMLR 2.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.multi_margin_loss(np.array([[1.0, 0.5, -2.0]]), np.array([0])).round(4)
    np.float64(0.1667)
    """
    name = "multi_margin_loss"
    if p not in (1, 2):
        raise InputError(f"{name}: p is 1 or 2, not {p}")
    scores = operand(scores)
    labels = Labels(name, scores, target, axis, weight, None)
    own = _np.expand_dims(labels.pick(scores), labels.axis)
    terms = relu(margin - own + scores) ** p
    across = (labels.classes, *(1,) * (np.ndim(scores) - 1 - labels.axis))
    is_label = np.arange(labels.classes).reshape(across) == _np.expand_dims(
        labels.index, labels.axis
    )
    losses = _np.sum(_np.where(is_label, 0.0, terms), axis=labels.axis) / labels.classes
    if labels.weight is not None:
        losses = losses * labels.weights()
    return reduced(name, losses, reduction)


def cosine_similarity(a: Any, b: Any, *, axis: int = -1, eps: float = 1e-8) -> Any:
    """Return the cosine of the angle between vectors along an axis; norms below `eps` count as `eps`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.cosine_similarity(np.array([1.0, 0.0]), np.array([1.0, 1.0])).round(4)
    np.float64(0.7071)
    """
    a, b = pair("cosine_similarity", a, b)
    lengths = [_np.linalg.norm(x, axis=axis) for x in (a, b)]
    safe = [_np.where(n <= eps, eps, n) for n in lengths]
    return _np.sum(a * b, axis=axis) / (safe[0] * safe[1])


def cosine_embedding_loss(
    a: Any, b: Any, target: Any, *, margin: float = 0.0, axis: int = -1, reduction: str = "mean"
) -> Any:
    """Return 1 − cosine where the target is 1, and max(0, cosine − margin) where it is −1.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.cosine_embedding_loss(np.eye(2), np.ones((2, 2)), np.array([1, -1])).round(4)
    np.float64(0.5)
    """
    cosine = cosine_similarity(a, b, axis=axis)
    cosine, target = pair("cosine_embedding_loss", cosine, target)
    _signs("cosine_embedding_loss", target)
    losses = _np.where(target == 1, 1.0 - cosine, relu(cosine - margin))
    return reduced("cosine_embedding_loss", losses, reduction)


class HingeLoss(Formula, function=hinge_loss):
    """`hinge_loss` as a module."""


class MultiMarginLoss(Formula, function=multi_margin_loss):
    """`multi_margin_loss` as a module."""


class CosineEmbeddingLoss(Formula, function=cosine_embedding_loss):
    """`cosine_embedding_loss` as a module."""
