"""Statements of the DOT language: boxes for values, or for all that one line or function made, and their colours."""

from __future__ import annotations

import html
import linecache
import os
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from dualrev.modes.nodes import GraphNode, source_line
from dualrev.modes.notation import brief, symbol

__all__ = ["Box", "quoted", "settings", "statement"]

# Beyond so many, Graphviz is told to be content with a good drawing instead of searching for the best.
_MANY = 200

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


class Box(NamedTuple):
    """What is drawn as one: a value, or all values that one line or one function made."""

    key: str
    nodes: list[GraphNode]
    function: str
    kind: str


def settings(title: str, boxes: int) -> list[str]:
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
        lines.append(f"  label={quoted(title)}; labelloc=t;")
    return lines


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def statement(position: int, box: Box, how: str) -> str:
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


def _group_rows(box: Box, how: str) -> Iterator[str]:
    where = source_line(box.nodes[0].where)
    lines = {source_line(node.where).line for node in box.nodes}
    if how == "line":
        yield f"<B>{_text(f'{where.function}, line {where.line}')}</B>"
        source = linecache.getline(where.file, where.line).strip()
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
