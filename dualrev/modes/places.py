"""Places: where the values of variables stand in the order of execution, and the nodes that hang on them.

`collected` puts the places that a value depends on into that order: the Wengert list that a sweep walks.
"""

from __future__ import annotations

import weakref
from collections.abc import Collection
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.errors import FreedTapeError
from dualrev.modes.sweep import Part
from dualrev.modes.trace import Record

# Values up to this size, and constants that are numbers, stay with their place, so that a drawing can show them.
SHOWN = 4

__all__ = ["SHOWN", "Place", "collected", "gradient", "renumbered"]


class Place:
    """Where a value stands in the order of execution, and the node that made it.

    Attributes
    ----------
    number : int
        Position in the order of execution.
    node : tuple or None
        ``(adjoint, parents, kept)``; None for leaves and constants.
    operands : tuple
        Per operand of the operation its place (also where nothing flows back), a number, or None.
    owner : weakref or None
        The handle that `variable` returned, for a leaf.
    grad
        What `backward` has accumulated.
    """

    __slots__ = (
        "__weakref__",
        "dtype",
        "freed",
        "grad",
        "node",
        "number",
        "operands",
        "owner",
        "parts",
        "plain",
        "record",
        "retains",
        "shape",
        "shown",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.node: Any = None
        self.operands: tuple[Any, ...] = ()
        self.owner: Any = None
        # Of an operation with several outputs: weak references to the places of those, by position.
        self.parts: dict[int, weakref.ref[Place]] = {}
        self.grad: Any = None
        # Of those that keep a gradient.
        self.dtype: Any = None
        self.retains = False
        self.freed = False
        self.plain = True
        self.record: Record | None = None
        self.shape: tuple[int, ...] = ()
        self.shown: Any = None

    def parents(self) -> tuple[Place, ...]:
        """Return the places that the node sends cotangents to."""
        if self.node is None:
            return ()
        parents = self.node[1]
        if type(parents) is Place:
            return (parents,)
        found: Any = (parents.parent,) if type(parents) is Part else parents
        return found  # type: ignore[no-any-return]


def collected(place: Place, until: Collection[Place] = ()) -> list[Place]:
    """Return the places that `place` depends on, itself included, in the order of execution.

    What those of `until` were computed from is left out.
    """
    seen = {place}
    waiting = [place]
    while waiting:
        here = waiting.pop()
        if here.freed:
            raise FreedTapeError
        for parent in () if here in until else here.parents():
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    return sorted(seen, key=lambda p: p.number)


def renumbered(node: Any, numbers: dict[Place, int]) -> tuple[Any, Any, Any]:
    """Return a node whose parents are positions in the list that is swept."""
    adjoint, parents, kept = node
    if type(parents) is Place:
        return adjoint, numbers[parents], kept
    if type(parents) is Part:
        bundle: Any = parents.parent
        return adjoint, Part(numbers[bundle], parents.position, parents.shapes), kept
    return adjoint, tuple(numbers[p] for p in parents), kept


def gradient(ct: Any, place: Place) -> Any:
    """Return a swept cotangent as the user gets it: conjugated back, in memory of its own."""
    traced = isinstance(ct, Traced)
    if dtype_of(ct).kind == "c":
        ct = np.conj(ct) if place.dtype.kind == "c" else np.real(ct)
    if dtype_of(ct) != place.dtype:
        ct = ct.astype(place.dtype)
    if traced:
        return ct
    return ct.copy() if ct.shape == place.shape else np.array(np.broadcast_to(ct, place.shape))[()]
