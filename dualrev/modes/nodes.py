"""The values of a recorded evaluation as plain data: numbers, expressions, parents, lines of the user's source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.modes.notation import expression

if TYPE_CHECKING:
    from dualrev.modes.reverse import Tape

__all__ = ["GraphNode", "SourceLine", "operand_sources", "source_line", "tape_nodes"]

_WHERE = re.compile(r"^(?P<file>.*):(?P<line>\d+), in (?P<function>.*)$", re.DOTALL)


class SourceLine(NamedTuple):
    """A line of the user's source: file, line number, function."""

    file: str
    line: int
    function: str


class GraphNode(NamedTuple):
    """One value of an evaluation.

    Attributes
    ----------
    number : int
        Its place in the order of evaluation, from 1.
    name : str
        The primitive that made it; empty for an input.
    expression : str
        How it was made, in terms of its parents: ``"v₁ · v₂"``; the name of an input.
    parents : tuple of int
        Numbers of the values that it was made of, one per traced operand.
    value, adjoint : array_like or None
        What is known of its value, and of its cotangent after a sweep.
    shape : tuple of int
    where : str
        ``"file:line, in function"`` of the user's code; empty if not known.
    output : bool
        Whether it is a result.
    """

    number: int
    name: str
    expression: str
    parents: tuple[int, ...]
    value: Any = None
    shape: tuple[int, ...] = ()
    adjoint: Any = None
    where: str = ""
    output: bool = False


def source_line(where: str) -> SourceLine:
    """Take ``"file:line, in function"`` apart; unknown parts are empty."""
    found = _WHERE.match(where)
    if found is None:
        return SourceLine("", 0, "")
    return SourceLine(found["file"], int(found["line"]), found["function"])


def operand_sources(tape: Tape) -> dict[int, dict[int, int]]:
    """Return, for every recorded value, the index on the tape that each operand (by position) had when it was read.

    Taken from the nodes: the operands of a record are handles, which a later write in place points elsewhere.
    """
    sources: dict[int, dict[int, int]] = {}
    bundles: dict[int, dict[int, int]] = {}
    for index, adjoint, parents, kept in tape.nodes:
        if adjoint is None and not isinstance(parents, int):
            sources[index] = bundles[parents.parent]
        elif adjoint is None:
            sources[index] = {0: parents}
        else:
            # Rules of the registry keep one entry per active operand; rules of the user's, the list of the active ones.
            active = (k if isinstance(k, int) else k[0] for k in kept[1])
            bundles[index] = sources[index] = dict(zip(active, parents, strict=True))
    for index, record in tape.records.items():
        own = sources.setdefault(index, {})
        for k, operand in enumerate(record.operands):
            known = k in own or not isinstance(operand, Traced) or operand.level is not tape
            if not known and operand.index < index:
                own[k] = operand.index
    return {index: sources[index] for index in tape.records}


def tape_nodes(
    tape: Tape, names: Sequence[str] = (), outputs: Iterable[int] = ()
) -> list[GraphNode]:
    """Return the values of a watched tape as nodes.

    Parameters
    ----------
    tape : Tape
        Made with ``watch=True``, as by hand.
    names : sequence of str
        Names of the inputs, in their order on the tape.
    outputs : iterable of int
        Indices on the tape of the results; by default every value that nothing was made of.
    """
    sources = operand_sources(tape)
    numbers = {index: k for k, index in enumerate(sorted(tape.records), 1)}
    results = set(outputs) or set(numbers) - {s for own in sources.values() for s in own.values()}
    given = iter(names)
    nodes = []
    for index, number in numbers.items():
        record = tape.records[index]
        own = {k: numbers[s] for k, s in sources[index].items()}
        made = record.primitive is not None
        ct = None
        if tape.cotangents is not None:
            ct = tape.cotangents[index] if index < len(tape.cotangents) else None
            ct = np.zeros(np.shape(record.value))[()] if ct is None else value(ct)
        nodes.append(
            GraphNode(
                number,
                record.primitive.name if made else "",
                expression(record, own) if made else next(given, ""),
                tuple(own[k] for k in sorted(own)),
                value(record.value),
                np.shape(record.value),
                ct,
                record.where,
                made and index in results,
            )
        )
    return nodes
