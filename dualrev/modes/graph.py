"""The graph of a recorded evaluation: nodes as plain data, and their drawing in the DOT language.

What enters: a watched tape (or, for other recorders, a list of `GraphNode`). What leaves: a `Graph`, whose text needs
nothing, and whose picture is drawn by Graphviz. Large graphs are drawn by lines of source, or by functions.
"""

from __future__ import annotations

import html
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.modes.notation import brief, expression, symbol

if TYPE_CHECKING:
    from dualrev.modes.reverse import Tape

__all__ = ["Graph", "GraphNode", "Place", "operand_sources", "place", "tape_graph", "tape_nodes"]

_COLLAPSE = ("auto", "none", "line", "function")
# So many boxes can be read on a page.
_READABLE = 40
# Beyond so many, Graphviz is told to be content with a good drawing instead of searching for the best.
_MANY = 200
_WHERE = re.compile(r"^(?P<file>.*):(?P<line>\d+), in (?P<function>.*)$", re.DOTALL)

# Boxes carry their own light ground and dark letters; lines and letters outside of them have a grey that stands out
# from white paper and from a dark page alike (4.0:1 and 4.7:1).
_INK, _LINE = "#14181f", "#76808f"
_FILLS = {
    "input": ("#d7e8fb", "#2a6fb5"),
    "operation": ("#eef0f3", "#69707d"),
    "output": ("#d9f0dd", "#2e7d32"),
    "group": ("#ece5fa", "#6b46c1"),
}
_ADJOINT = "#a33d0b"


class Place(NamedTuple):
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


def place(where: str) -> Place:
    """Take ``"file:line, in function"`` apart; unknown parts are empty."""
    found = _WHERE.match(where)
    if found is None:
        return Place("", 0, "")
    return Place(found["file"], int(found["line"]), found["function"])


def operand_sources(tape: Tape) -> dict[int, dict[int, int]]:
    """Return, for every recorded value, the index on the tape that each operand (by position) had when it was read.

    Taken from the nodes of the list: the operands of a record are handles, which a later write in place points elsewhere.
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
            if k not in own and isinstance(operand, Traced) and operand.level is tape:
                if operand.index < index:
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


def tape_graph(
    tape: Tape, *, names: Sequence[str] = (), collapse: str = "auto", title: str = ""
) -> Graph:
    """Return the graph of a watched tape; see `Graph`."""
    return Graph(tape_nodes(tape, names), collapse=collapse, title=title)


class _Box(NamedTuple):
    """What is drawn as one: a value, or all values that one line or one function made."""

    key: str
    nodes: list[GraphNode]
    function: str
    kind: str


class Graph:
    """The drawn graph of an evaluation.

    Parameters
    ----------
    nodes : sequence of GraphNode
        In the order of evaluation.
    collapse : {"auto", "none", "line", "function"}
        What is drawn as one box: each value, all values that one line of the source made, or all of one function.
        ``"auto"`` takes the finest with at most 40 boxes.
    title : str
        Written above the drawing.

    Attributes
    ----------
    nodes : tuple of GraphNode
    dot : str
        The drawing in the DOT language, which needs no other package.

    Raises
    ------
    ValueError
        If `collapse` is none of these.

    Notes
    -----
    In a notebook the picture is shown, if Graphviz is there. Cost: linear in the number of operations.

    References
    ----------
    Gansner, Koutsofios, North & Vo (1993), A technique for drawing directed graphs, IEEE TSE 19(3).

    Examples
    --------
    >>> from dualrev.modes.graph import Graph, GraphNode
    >>> graph = Graph([GraphNode(1, "", "x", (), 2.0), GraphNode(2, "square", "v₁²", (1,), 4.0, output=True)])
    >>> graph
    <Graph of 2 values>
    >>> graph.dot.splitlines()[0]
    'digraph evaluation {'
    """

    def __init__(
        self, nodes: Sequence[GraphNode], *, collapse: str = "auto", title: str = ""
    ) -> None:
        if collapse not in _COLLAPSE:
            raise ValueError(f"to_graph: collapse= is one of {_COLLAPSE}, not {collapse!r}")
        self.nodes = tuple(nodes)
        self.title = title
        self.collapse = self._finest() if collapse == "auto" else collapse

    def _finest(self) -> str:
        for how in ("none", "line"):
            if len(self._boxes(how)) <= _READABLE:
                return how
        return "function"

    def _boxes(self, how: str) -> list[_Box]:
        """Gather the nodes into boxes, in the order in which the first of each was evaluated."""
        boxes: dict[str, _Box] = {}
        for node in self.nodes:
            where = place(node.where)
            kind = "input" if not node.name else "output" if node.output else "operation"
            key = f"v{node.number}"
            function = f"{where.file}|{where.function}" if where.function else ""
            if how != "none" and node.name and function:
                kind = "group"
                key = function + (f"|{where.line}" if how == "line" else "")
            boxes.setdefault(key, _Box(key, [], function, kind)).nodes.append(node)
        return list(boxes.values())

    # -- text -----------------------------------------------------------------------------------------------------

    @property
    def dot(self) -> str:
        boxes = self._boxes(self.collapse)
        owner = {node.number: k for k, box in enumerate(boxes) for node in box.nodes}
        lines = ["digraph evaluation {", *_settings(self.title, len(boxes))]
        lines += self._clusters(boxes)
        edges: Counter[tuple[int, int]] = Counter()
        for node in self.nodes:
            for parent in node.parents:
                edges[owner[parent], owner[node.number]] += 1
        # What one box does inside itself is not drawn, unless it is all there is to be seen.
        for (tail, head), count in edges.items():
            if tail == head:
                continue
            grouped = boxes[head].kind == "group" or boxes[tail].kind == "group"
            note = f' [label=" {count}×"]' if grouped and count > 1 else ""
            # An edge against the order of evaluation is one of a loop; it must not turn the drawing round.
            if tail > head:
                note = note[:-1] + ", " if note else " ["
                note += 'constraint=false, style="dashed"]'
            lines.append(f"  n{tail} -> n{head}{note};")
        return "\n".join([*lines, "}", ""])

    def _clusters(self, boxes: list[_Box]) -> Iterator[str]:
        """Yield the inputs, then the other boxes, those of one function in a frame where there are several functions."""
        for position, box in enumerate(boxes):
            if box.kind == "input":
                yield "  " + _statement(position, box, self.collapse)
        functions = list(dict.fromkeys(box.function for box in boxes if box.kind != "input"))
        framed = len(functions) > 1 and self.collapse != "function"
        for k, function in enumerate(functions):
            frame = framed and bool(function)
            if frame:
                file, _, name = function.rpartition("|")
                yield f"  subgraph cluster_{k} {{"
                yield f"    label={_quoted(f'{name}  ({os.path.basename(file)})')};"
            for position, box in enumerate(boxes):
                if box.kind != "input" and box.function == function:
                    yield ("    " if frame else "  ") + _statement(position, box, self.collapse)
            if frame:
                yield "  }"

    # -- pictures -------------------------------------------------------------------------------------------------

    def svg(self) -> str:
        """Return the picture as SVG text.

        Raises
        ------
        ImportError
            If the Python package graphviz (the extra ``plot``) is missing.
        RuntimeError
            If the program ``dot`` is missing or fails.
        """
        return self._draw("svg").decode("utf-8")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing; the suffix says how: ``.dot`` or ``.gv`` text, ``.svg``, ``.png``, ``.pdf`` a picture.

        Raises
        ------
        ValueError
            If the suffix is another one.
        ImportError, RuntimeError
            As `svg`, for pictures.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix in (".dot", ".gv"):
            target.write_text(self.dot, encoding="utf-8", newline="\n")
        elif suffix in (".svg", ".png", ".pdf"):
            target.write_bytes(self._draw(suffix[1:]))
        else:
            raise ValueError(
                f"Graph.save: {target.name!r} should end in .dot, .gv, .svg, .png or .pdf, which says what to write"
            )
        return target

    def _draw(self, form: str) -> bytes:
        try:
            import graphviz
        except ImportError as error:
            raise ImportError(
                "a picture of a graph is drawn through the package graphviz, which is not installed: "
                "pip install dualrev[plot]. The text of the drawing (.dot) needs no package."
            ) from error
        try:
            return bytes(graphviz.Source(self.dot).pipe(format=form))
        except graphviz.ExecutableNotFound as error:
            raise RuntimeError(
                "a picture of a graph is drawn by the program dot of Graphviz, which is not on the PATH: "
                "install it with `apt install graphviz` (Debian, Ubuntu), `brew install graphviz` (macOS) or "
                "`conda install graphviz`. The text of the drawing (.dot) needs no program."
            ) from error

    def _repr_mimebundle_(
        self, include: Mapping[str, Any] | None = None, exclude: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        """Show the picture in a notebook, or say in text why there is none."""
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except (ImportError, RuntimeError) as error:
            return {"text/plain": f"{self!r}: {error}"}

    def _repr_svg_(self) -> str | None:
        return self._repr_mimebundle_().get("image/svg+xml")

    def __repr__(self) -> str:
        words = {"none": "", "line": ", drawn by line", "function": ", drawn by function"}
        return f"<Graph of {len(self.nodes)} values{words[self.collapse]}>"


def _settings(title: str, boxes: int) -> list[str]:
    fonts = 'fontname="Helvetica,Arial,sans-serif"'
    lines = [
        f'  graph [bgcolor="transparent", rankdir=TB, nodesep=0.3, ranksep=0.4, {fonts}, fontsize=12,',
        f'         fontcolor="{_LINE}", color="{_LINE}", style=rounded, labeljust=l];',
        f'  node [shape=box, style="rounded,filled", margin="0.1,0.05", height=0.3, {fonts}, fontsize=11,',
        f'        fontcolor="{_INK}"];',
        f'  edge [color="{_LINE}", fontcolor="{_LINE}", arrowsize=0.7, {fonts}, fontsize=10];',
    ]
    if boxes > _MANY:
        lines.append("  nslimit=1; nslimit1=1; mclimit=0.2; splines=line;")
    if title:
        lines.append(f"  label={_quoted(title)}; labelloc=t;")
    return lines


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _statement(position: int, box: _Box, how: str) -> str:
    fill, border = _FILLS[box.kind]
    rows = _group_rows(box, how) if box.kind == "group" else _value_rows(box.nodes[0])
    cells = "".join(f"<TR><TD>{row}</TD></TR>" for row in rows)
    label = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{cells}</TABLE>>'
    width = 2 if box.kind == "group" else 1
    results = [node for node in box.nodes if node.output]
    if box.kind == "group" and results:
        border, width = _FILLS["output"][1], 2
    return f'n{position} [label={label}, fillcolor="{fill}", color="{border}", penwidth={width}];'


def _value_rows(node: GraphNode) -> Iterator[str]:
    head = symbol(node.number)
    yield f"<B>{_text(f'{head} = {node.expression}' if node.expression else head)}</B>"
    shape = f"  {node.shape}" if node.shape else ""
    if node.value is not None:
        yield _text(brief(node.value) + shape)
    elif shape:
        yield _text(shape.strip())
    if node.adjoint is not None:
        yield f'<FONT COLOR="{_ADJOINT}">adjoint {_text(brief(node.adjoint))}</FONT>'


def _group_rows(box: _Box, how: str) -> Iterator[str]:
    where = place(box.nodes[0].where)
    lines = {place(node.where).line for node in box.nodes}
    if how == "line":
        yield f"<B>{_text(f'{where.function}, line {where.line}')}</B>"
        from linecache import getline

        source = getline(where.file, where.line).strip()
        if source:
            yield _text(source if len(source) <= 60 else source[:57] + "...")
    else:
        yield f"<B>{_text(where.function)}</B>"
        first, last = min(lines), max(lines)
        yield _text(
            f"{os.path.basename(where.file)}, "
            + (f"line {first}" if first == last else f"lines {first} to {last}")
        )
    counts = Counter(node.name for node in box.nodes)
    kinds = ", ".join(f"{name} {n}×" if n > 1 else name for name, n in counts.most_common(4))
    total = len(box.nodes)
    more = ", ..." if len(counts) > 4 else ""
    yield _text(f"{total} operation{'s' * (total != 1)}: {kinds}{more}")
    if results := [node for node in box.nodes if node.output and node.value is not None][:2]:
        for node in results:
            yield _text(f"{symbol(node.number)} = {brief(node.value)}")


def _text(text: str) -> str:
    return html.escape(text, quote=False)
