"""An evaluation as the data of a page, in JSON types: numbers as text, small heat maps, rules, lines of source."""

from __future__ import annotations

import ast
import linecache
import os
from typing import Any

import numpy as np

from dualrev.core.primitive import function_name
from dualrev.explore.values import Evaluation, Pull, Value
from dualrev.modes.nodes import SourceLine, source_line
from dualrev.modes.notation import brief, number

__all__ = ["number_data", "payload"]

# An array of at most so many entries is written in full where a value is looked at alone.
_FULL = 16
# Cells per side of a heat map, and the letters that say how strong a cell is: from all negative to all positive.
_CELLS = 12
_SHADES = "abcdefghijklm0ABCDEFGHIJKLM"
_LOST = "!"
# Lines of source on one page.
_LINES = 300


def number_data(x: Any) -> Any:
    """Return a number or an array as short text, or as a dict with the full text and the heat map besides.

    Keys: ``s`` short text, ``f`` in full, ``h`` heat map ``[rows, columns, letters, largest absolute value]``.
    """
    array = np.asarray(x)
    short = brief(array)
    data: dict[str, Any] = {"s": short}
    if array.dtype.kind not in "fciub":
        return short
    full = _full(array)
    if full != short:
        data["f"] = full
    if array.ndim and array.size >= 4 and array.any():
        data["h"] = _heat(array)
    return data if len(data) > 1 else short


def _full(array: Any) -> str:
    if array.size <= _FULL:
        return _nested(array, "")
    size = np.abs(array[np.isfinite(array)])
    # Scaled, so that squares of large entries do not overflow.
    largest = size.max(initial=0) or 1
    norm = largest * np.sqrt(np.sum((size / largest) ** 2))
    return f"{brief(array)}, 2-norm {number(norm)}"


def _nested(array: Any, indent: str) -> str:
    """Return all entries, a scalar with all its digits, a matrix row by row."""
    if array.ndim == 0:
        return number(array[()], 8) if indent else str(array[()])
    inner = indent + " "
    comma = ", " if array.ndim == 1 else ",\n" + inner
    return "[" + comma.join(_nested(part, inner) for part in array) + "]"


def _heat(array: Any) -> list[Any]:
    """Scale to at most 12 by 12 cells; each shows the entry of largest absolute value in it."""
    size = np.abs(array) if array.dtype.kind == "c" else array
    flat = size.reshape(1, -1) if array.ndim == 1 else size.reshape(-1, array.shape[-1])
    rows, columns = (min(n, _CELLS) for n in flat.shape)
    finite = np.isfinite(flat)
    strength = np.where(finite, flat, 0.0).astype(float)
    largest = float(np.abs(strength).max())
    row = np.arange(flat.shape[0]) * rows // flat.shape[0]
    column = np.arange(flat.shape[1]) * columns // flat.shape[1]
    cell = row[:, None] * columns + column
    high, low = np.zeros(rows * columns), np.zeros(rows * columns)
    np.maximum.at(high, cell, strength)
    np.minimum.at(low, cell, strength)
    lost = np.zeros(rows * columns, bool)
    np.logical_or.at(lost, cell, ~finite)
    value = np.where(-low > high, low, high) / (largest or 1.0)
    half = len(_SHADES) // 2
    letters = "".join(
        _LOST if gone else _SHADES[half + round(v * half)]
        for v, gone in zip(value.tolist(), lost.tolist(), strict=True)
    )
    return [rows, columns, letters, number(largest, 3)]


def payload(evaluation: Evaluation, title: str, limit: int) -> dict[str, Any]:
    """Return the data of the page; of more than `limit` values the first and the last are shown."""
    values = evaluation.values
    notes = list(evaluation.notes)
    shown = values
    hidden: list[Value] = []
    if len(values) > limit:
        half = limit // 2
        shown, hidden = [*values[:half], *values[-half:]], values[half:-half]
        notes.insert(
            0,
            f"{len(values)} values were computed; the page shows the first and the last {half}. "
            "All derivatives are of the whole computation.",
        )
    visible = {v.number for v in shown}
    places: dict[str, int] = {}
    rows = []
    for v in shown:
        if hidden and v is shown[limit // 2]:
            rows.append(_left_out(hidden, visible))
        rows.append(_row(v, visible, places))
    known = [source_line(where) for where in places]
    return {
        "title": title,
        "values": rows,
        "where": [
            {
                "file": os.path.basename(p.file),
                "line": p.line,
                "fn": p.function,
                "text": linecache.getline(p.file, p.line).strip()[:160],
            }
            for p in known
        ],
        "rules": {v.primitive.name: _rule(v.primitive) for v in shown if v.primitive is not None},
        "sweeps": [
            {
                "label": s.label,
                "seeds": [[n, number_data(ct)] for n, ct in s.seeds if n in visible],
                "pulls": _pulls(s.pulls, visible),
            }
            for s in evaluation.sweeps
        ],
        "directions": [
            {
                "label": d.label,
                "tangents": [
                    [v.number, number_data(t)]
                    for v, t in zip(values, d.tangents, strict=True)
                    if v.number in visible and t is not None
                ],
            }
            for d in evaluation.directions
        ],
        "costs": None if evaluation.costs is None else evaluation.costs._asdict(),
        "notes": notes,
        "hints": evaluation.hints,
        "source": _sources(known),
    }


def _row(v: Value, visible: set[int], places: dict[str, int]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "n": v.number,
        "e": v.expression,
        "r": "" if v.primitive is None else v.primitive.name,
        "p": [[k, n if n in visible else 0] for k, n in sorted(v.operands.items())],
        "v": number_data(v.value),
        "s": "×".join(map(str, np.shape(v.value))),
        "w": places.setdefault(v.where, len(places)) if v.where else -1,
    }
    if v.partials:
        row["d"] = {str(k): number_data(p) for k, p in v.partials.items()}
    if v.output:
        row["o"] = v.output
    return row


def _left_out(hidden: list[Value], visible: set[int]) -> dict[str, Any]:
    """Return the one row that stands for all values that are not shown; its number is 0."""
    parents = sorted({n for v in hidden for n in v.operands.values() if n in visible})
    return {
        "n": 0,
        "e": f"{len(hidden)} values not shown",
        "r": "",
        "p": [[k, n] for k, n in enumerate(parents[:50])],
        "v": "…",
        "s": "",
        "w": -1,
    }


def _pulls(pulls: list[Pull], visible: set[int]) -> list[Any]:
    """Return the steps of a sweep; steps of values that are not shown are one."""
    steps: list[Any] = []
    for pull in pulls:
        added = [
            [n, number_data(part), number_data(total)]
            for n, part, total in pull.added
            if n in visible and part is not None
        ]
        if pull.number in visible:
            steps.append([pull.number, added])
        elif steps and steps[-1][0] == 0:
            last = {a[0]: a for a in [*steps[-1][1], *added]}
            steps[-1][1] = list(last.values())
        else:
            steps.append([0, added])
    return steps


def _rule(primitive: Any) -> dict[str, Any]:
    function = function_name(primitive.fun)
    return {
        "flavour": primitive.flavour,
        "formula": " ".join(str(getattr(primitive, "formula", "") or "").split()),
        "kinks": " ".join(str(getattr(primitive, "kinks", "") or "").split()),
        "arguments": list(getattr(primitive, "arguments", None) or ()),
        # A rule may compute its value with a function of its own, which is nobody's business here.
        "function": function if function.startswith(("numpy.", "scipy.")) else "",
    }


# -- source -----------------------------------------------------------------------------------------------------------


def _sources(places: list[SourceLine]) -> list[dict[str, Any]]:
    """Return the source of every function that recorded something, from its first line to its last."""
    blocks: dict[tuple[str, int], tuple[SourceLine, int]] = {}
    for p in places:
        first, last = _extent(p)
        known = blocks.get((p.file, first))
        blocks[p.file, first] = (p, max(last, known[1]) if known else last)
    out: list[dict[str, Any]] = []
    room = _LINES
    for (file, first), (p, last) in blocks.items():
        lines = [line.rstrip("\n") for line in linecache.getlines(file)[first - 1 : last]]
        if not lines or len(lines) > room:
            continue
        room -= len(lines)
        margin = min((len(x) - len(x.lstrip()) for x in lines if x.strip()), default=0)
        out.append(
            {
                "fn": p.function,
                "file": os.path.basename(file),
                "start": first,
                "lines": [line[margin:] for line in lines],
            }
        )
    return out


def _extent(p: SourceLine) -> tuple[int, int]:
    """Return the first and last line of the function that a line belongs to; of a lambda, those of its statement."""
    try:
        tree = ast.parse("".join(linecache.getlines(p.file)))
    except (SyntaxError, ValueError):
        return p.line, p.line
    found = (p.line, p.line)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            wanted = node.name == p.function
        else:
            wanted = p.function in ("<lambda>", "<module>") and isinstance(
                node, (ast.Assign, ast.Expr, ast.Return, ast.AugAssign, ast.AnnAssign)
            )
        # The walk goes from the outside in, so the innermost comes last.
        if wanted and isinstance(node, ast.stmt):
            last = node.end_lineno or node.lineno
            if node.lineno <= p.line <= last:
                found = (node.lineno, last)
    return found
