"""Class indices beside scores: checked once, for every loss that takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.core.bind import operand
from dualrev.errors import InputError, ShapeError
from dualrev.nn.embedding import integers
from dualrev.nn.losses import reduced
from dualrev.rules.taking import take

__all__ = ["Labels", "class_axis", "class_weight"]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


class Labels:
    """Class indices beside scores: which scores they pick, and with what weight they count."""

    def __init__(
        self,
        name: str,
        scores: Any,
        target: Any,
        axis: int | None,
        weight: Any,
        ignored: int | None,
    ) -> None:
        shape = np.shape(scores)
        self.name = name
        self.axis = class_axis(name, shape, axis)
        self.classes = shape[self.axis]
        batch = shape[: self.axis] + shape[self.axis + 1 :]
        target = operand(target)
        if np.shape(target) != batch:
            one_hot = (
                " (for one-hot rows convert the target to float)"
                if np.shape(target) == shape
                else ""
            )
            raise ShapeError(
                f"{name}: scores of shape {shape} with the classes along axis {self.axis} need class indices of shape "
                f"{batch}, not {np.shape(target)}{one_hot}; name another class axis with axis="
            )
        target = integers(name, target, self.classes, ignored)
        some = ignored is not None and bool(np.any(value(target) == ignored))
        self.counts = target != ignored if some else None
        self.index = _np.where(self.counts, target, 0) if some else target
        self.weight = class_weight(name, weight, self.classes)

    def pick(self, scores: Any) -> Any:
        """Return the score of each label's class."""
        index = _np.expand_dims(self.index, self.axis)
        return _np.squeeze(_np.take_along_axis(scores, index, self.axis), self.axis)

    def weights(self) -> Any:
        """Return the weight of each label, 0 for ignored ones; None if all are 1."""
        if self.weight is None:
            return self.counts
        w = take(self.weight, self.index)
        return w if self.counts is None else _np.where(self.counts, w, 0.0)

    def weighted(self, losses: Any, reduction: str) -> Any:
        """Reduce losses; the mean is over the weights, so that ignored labels do not count."""
        if self.counts is not None:
            # Not a product: the loss of an ignored label may be infinite.
            losses = _np.where(self.counts, losses, 0.0)
        w = self.weights()
        if self.weight is not None:
            losses = losses * w
        if w is None or reduction != "mean":
            return reduced(self.name, losses, reduction)
        return _np.sum(losses) / self.total(w)

    def total(self, w: Any) -> Any:
        """Return the sum of the weights, by which a mean divides."""
        total = _np.sum(w)
        if not np.any(value(total) != 0):
            raise InputError(
                f"{self.name}: every label is ignored or has weight 0, and there is nothing to take the mean of; "
                "reduction='sum' gives 0"
            )
        return total


def class_axis(name: str, shape: tuple[int, ...], axis: int | None) -> int:
    if not shape:
        raise ShapeError(f"{name}: the scores are one number; they need an axis of classes")
    axis = (1 if len(shape) > 1 else 0) if axis is None else axis
    if not -len(shape) <= axis < len(shape):
        raise ShapeError(f"{name}: scores of shape {shape} have no axis {axis}")
    return axis % len(shape)


def class_weight(name: str, weight: Any, classes: int) -> Any:
    if weight is None:
        return None
    weight = operand(weight)
    if np.shape(weight) != (classes,):
        raise ShapeError(
            f"{name}: weight= is one number per class, shape ({classes},), not {np.shape(weight)}"
        )
    return weight
