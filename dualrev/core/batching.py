"""Batching rules that flavours and catalogue share: operands come with their lanes in front."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.primitive import Primitive
from dualrev.core.shapes import lift

__all__ = ["batch_elementwise", "batch_leading", "batch_loop"]


def batch_elementwise(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    """Apply to arrays whose lanes lead, after giving each batched operand the same number of axes behind its lanes."""
    ndim = max(np.ndim(a) - lane for a, lane in zip(arrays, lanes, strict=True))
    return primitive.call(
        *(lift(a, ndim) if lane else a for a, lane in zip(arrays, lanes, strict=True)), **params
    )


def batch_leading(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    """Apply to the array with its lanes in front: right for every operation whose axes are counted from the end."""
    return primitive.call(*arrays, **params)


def batch_loop(
    primitive: Primitive, lanes: tuple[bool, ...], arrays: tuple[Any, ...], params: dict[str, Any]
) -> Any:
    """Evaluate lane by lane and stack: right for everything, as slow as a loop."""
    count = next(a.shape[0] for a, lane in zip(arrays, lanes, strict=True) if lane)
    if count == 0:
        # No lane to evaluate: a lane of zeros tells shape and dtype.
        one = tuple(
            np.zeros((1, *a.shape[1:]), np.result_type(a)) if lane else a
            for a, lane in zip(arrays, lanes, strict=True)
        )
        y = batch_loop(primitive, lanes, one, params)
        return tuple(part[:0] for part in y) if isinstance(y, tuple) else y[:0]
    outputs = [
        primitive.call(
            *(a[k] if lane else a for a, lane in zip(arrays, lanes, strict=True)), **params
        )
        for k in range(count)
    ]
    if isinstance(outputs[0], tuple):
        return tuple(np.stack([out[k] for out in outputs]) for k in range(len(outputs[0])))
    return np.stack(outputs)
