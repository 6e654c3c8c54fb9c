"""The graph of a recorded evaluation, and its drawing in the DOT language.

What enters: a watched tape (or, for other recorders, a list of `GraphNode`). What leaves: a `Graph`, whose text needs
nothing, and whose picture is drawn by Graphviz. Large graphs are drawn by lines of source, or by functions.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualrev.modes.dot import Box, quoted, settings, statement
from dualrev.modes.nodes import GraphNode, source_line, tape_nodes

if TYPE_CHECKING:
    from dualrev.modes.reverse import Tape

__all__ = ["Graph", "GraphNode", "tape_graph"]

_COLLAPSE = ("auto", "none", "line", "function")
# So many boxes can be read on a page.
_READABLE = 40


def tape_graph(
    tape: Tape, *, names: Sequence[str] = (), collapse: str = "auto", title: str = ""
) -> Graph:
    """Return the graph of a watched tape; see `Graph`."""
    return Graph(tape_nodes(tape, names), collapse=collapse, title=title)


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

    def _boxes(self, how: str) -> list[Box]:
        """Gather the nodes into boxes, in the order in which the first of each was evaluated."""
        boxes: dict[str, Box] = {}
        for node in self.nodes:
            where = source_line(node.where)
            kind = "input" if not node.name else "output" if node.output else "operation"
            key = f"v{node.number}"
            function = f"{where.file}|{where.function}" if where.function else ""
            if how != "none" and node.name and function:
                kind = "group"
                key = function + (f"|{where.line}" if how == "line" else "")
            boxes.setdefault(key, Box(key, [], function, kind)).nodes.append(node)
        return list(boxes.values())

    # -- text -----------------------------------------------------------------------------------------------------

    @property
    def dot(self) -> str:
        boxes = self._boxes(self.collapse)
        owner = {node.number: k for k, box in enumerate(boxes) for node in box.nodes}
        lines = ["digraph evaluation {", *settings(self.title, len(boxes))]
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

    def _clusters(self, boxes: list[Box]) -> Iterator[str]:
        """Yield the inputs, then the other boxes, each function's in a frame where there are several functions."""
        for position, box in enumerate(boxes):
            if box.kind == "input":
                yield "  " + statement(position, box, self.collapse)
        functions = list(dict.fromkeys(box.function for box in boxes if box.kind != "input"))
        framed = len(functions) > 1 and self.collapse != "function"
        for k, function in enumerate(functions):
            frame = framed and bool(function)
            if frame:
                file, _, name = function.rpartition("|")
                yield f"  subgraph cluster_{k} {{"
                yield f"    label={quoted(f'{name}  ({os.path.basename(file)})')};"
            for position, box in enumerate(boxes):
                if box.kind != "input" and box.function == function:
                    yield ("    " if frame else "  ") + statement(position, box, self.collapse)
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
