"""Batched values: many lanes in one array, the lane axis in front; the mode behind `vmap` and vector mode.

What enters: an operation with batched operands. What leaves: its result for all lanes at once, by the batching rule
that the primitive's flavour derived. The user's function sees the shape of one lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar
from dualrev.core.levels import Level
from dualrev.core.shapes import lift
from dualrev.errors import EscapeError

__all__ = ["Batch", "Batched"]

_new = object.__new__


class Batched(Traced):
    """A value with lanes; ``primal`` has them as its first axis."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one lane."""
        return self.primal.shape[1:]  # type: ignore[no-any-return]

    def _decide(self, operation: str) -> Any:
        raise EscapeError(
            f"{operation} on a batched value, whose lanes may differ,",
            "replace the branch by np.where(condition, a, b), or loop over the lanes in Python instead of vmap",
        )

    def __repr__(self) -> str:
        return f"Batched({self.primal!r})"


class BatchedArray(Batched, TracedArray):
    """A batched value whose lanes have dimensions."""

    __slots__ = ()


class BatchedScalar(Batched, TracedScalar):
    """A batched value whose lanes are numbers."""

    __slots__ = ()


def batched(primal: Any, level: Batch) -> Any:
    """Wrap an array whose first axis is the lanes of `level`."""
    out = _new(BatchedArray if primal.ndim > 1 else BatchedScalar)
    out.primal = primal
    out.level = level
    return out


class Batch(Level):
    """A level of lanes.

    Attributes
    ----------
    count : int
        Number of lanes.
    """

    __slots__ = ("count",)

    def __init__(self, count: int, depth: int | None = None) -> None:
        super().__init__(depth)
        self.count = count

    def constant(self, value: Any) -> Any:
        """Return `value` in every lane."""
        value = np.asarray(value) if not isinstance(value, Traced) else value
        return batched(np.broadcast_to(value, (self.count, *value.shape)), self)

    def process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Apply the primitive's batching rule."""
        self.check()
        lanes = tuple(isinstance(a, Batched) and a.level is self for a in arrays)
        plain = tuple(a.primal if lane else a for a, lane in zip(arrays, lanes, strict=True))
        y = primitive.batch(primitive, lanes, plain, params)
        if isinstance(y, tuple):
            return tuple(batched(part, self) for part in y)
        return batched(y, self)

    def unwrap(self, value: Any, shape: tuple[int, ...]) -> Any:
        """Return the array of all lanes, each of `shape`."""
        if isinstance(value, Batched) and value.level is self:
            value = value.primal
            value = lift(value, len(shape))
        full = (self.count, *shape)
        return value if np.shape(value) == full else np.broadcast_to(value, full)
