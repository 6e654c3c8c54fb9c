"""What an evaluation is to the explorer: values, steps of reverse sweeps, tangents; plain arrays by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dualrev.explore.modecosts import Costs

__all__ = ["Evaluation", "Pull", "Sweep", "Tangents", "Value"]


class Value(NamedTuple):
    """One value of the evaluation.

    `operands` maps the position of a traced operand to the number of the value it is; `partials` the position to the
    local partial derivative, where the operation is elementwise.
    """

    number: int
    primitive: Any
    expression: str
    operands: dict[int, int]
    partials: dict[int, Any]
    value: Any
    where: str
    output: str


class Pull(NamedTuple):
    """One step of a reverse sweep: what the adjoint rule of a value added to each operand, and the sum so far."""

    number: int
    added: list[tuple[int, Any, Any]]


class Sweep(NamedTuple):
    """A reverse sweep from one cotangent; `adjoints` holds the final ones, zero where nothing arrived."""

    label: str
    seeds: list[tuple[int, Any]]
    pulls: list[Pull]
    adjoints: dict[int, Any]


class Tangents(NamedTuple):
    """The tangents of all values along one direction."""

    label: str
    tangents: list[Any]


@dataclass
class Evaluation:
    """All that a page shows.

    Attributes
    ----------
    values : list of Value
    inputs : list of str
        Names of the inputs, which are the first values.
    sweeps : list of Sweep
    directions : list of Tangents
    costs : Costs
    notes, hints : list of str
        What the reader of the page must know, and what else there is to say.
    """

    values: list[Value]
    inputs: list[str]
    sweeps: list[Sweep] = field(default_factory=list)
    directions: list[Tangents] = field(default_factory=list)
    costs: Costs | None = None
    notes: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
