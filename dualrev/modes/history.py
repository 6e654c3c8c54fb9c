"""How a variable was computed, as the nodes of a drawn graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.errors import FreedTapeError, InputError
from dualrev.modes.graph import Graph, GraphNode
from dualrev.modes.live import is_live
from dualrev.modes.notation import expression
from dualrev.modes.places import Place, collected
from dualrev.modes.sweep import Part, pull_custom
from dualrev.modes.trace import Record

__all__ = ["history"]


def history(y: Any, names: Any, collapse: str, title: str) -> Graph:
    """Return the graph of what a variable was computed from; the work of ``Variable.to_graph``."""
    if not isinstance(names, Mapping) or not all(map(is_live, names.values())):
        raise InputError('to_graph: names= is a mapping of names to variables, as names={"x": x}')
    try:
        places = [p for p in collected(y.index) if not p.parts]
    except FreedTapeError:
        raise FreedTapeError("to_graph") from None
    numbers = {place: k for k, place in enumerate(places, 1)}
    called = {v.index: name for name, v in names.items()}
    nodes = []
    for place, number in numbers.items():
        record = place.record or _record(place)
        sources = {k: numbers[s] for k, s in _sources(place).items() if s in numbers}
        nodes.append(
            GraphNode(
                number,
                record.primitive.name if record else "",
                " = ".join(
                    filter(None, (called.get(place), record and expression(record, sources)))
                ),
                tuple(sources.values()),
                place.shown if place.record is None else value(place.record.value),
                place.shape,
                None if place.grad is None else value(place.grad),
                place.record.where if place.record else "",
                place is y.index,
            )
        )
    return Graph(nodes, collapse=collapse, title=title)


def _made(place: Place) -> Place:
    """Return the place whose node made a value: its own, or the bundle's where an operation has several outputs."""
    bundle: Any = place.node[1].parent if place.node and type(place.node[1]) is Part else place
    return bundle  # type: ignore[no-any-return]


def _sources(place: Place) -> dict[int, Place]:
    operands = _operands(_made(place))
    return {k: s for k, s in enumerate(operands) if type(s) is Place}


def _operands(place: Place) -> tuple[Any, ...]:
    if place.node is not None and place.node[0] is pull_custom:
        return tuple(place.operands[2])
    return place.operands


def _record(place: Place) -> Record | None:
    """Return what is still known of an operation that nobody watched: its constants only where they were numbers."""
    made = _made(place)
    if made.node is None:
        return None
    adjoint, _, kept = made.node
    short = getattr(adjoint, "primitive", None)
    custom = adjoint is pull_custom
    primitive = short or (made.operands[0] if custom else kept[0])
    shown = tuple(map(_shown, _operands(made)))
    return Record(primitive, shown, {} if short or custom else kept[-1], None, "")


def _shown(operand: Any) -> Any:
    if operand is None:
        return "constant"
    return np.broadcast_to(np.nan, operand.shape) if type(operand) is Place else operand
