"""The catalogue as text: one row per classified function, and one per primitive; read from the registry.

What enters: the registry, and the namespaces whose public names it must answer. What leaves: rows for the command line
and the Markdown pages ``coverage.md`` and ``primitives.md`` of ``docs/reference``, which tests hold to the registry.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from dualrev.core.mirror import load_mirrors
from dualrev.core.primitive import ENTRIES, PRIMITIVES, Entry, Primitive, Refusal, public_name

# The pages are of all rules, also of those that are loaded late.
load_mirrors()

__all__ = [
    "NAMESPACES",
    "Row",
    "coverage_page",
    "coverage_rows",
    "primitives_page",
    "public_functions",
]

# Every public callable of the first three, and every ufunc of the last, has exactly one class.
NAMESPACES = {"numpy": np, "numpy.linalg": np.linalg, "numpy.fft": np.fft, "scipy.special": special}
BY_HAND = "<!-- From here on written by hand. -->"


class Row(NamedTuple):
    """What the table says of one function."""

    function: str
    kind: str
    flavour: str
    complexes: str
    note: str


def public_functions() -> Iterator[tuple[str, Any]]:
    """Yield the dotted name and the object of everything that must be classified."""
    for prefix, namespace in NAMESPACES.items():
        for name in sorted(dir(namespace)):
            if name.startswith("_"):
                continue
            with warnings.catch_warnings():
                # Names on their way out say so when they are looked up.
                warnings.simplefilter("ignore")
                found = getattr(namespace, name)
            if namespace is special and not isinstance(found, np.ufunc):
                continue
            if callable(found) and not isinstance(found, type):
                yield f"{prefix}.{name}", found


def _complexes(function: Any, entry: Entry) -> str:
    """Say how complex arguments are taken."""
    if entry.kind not in ("rule", "composite"):
        return ""
    primitive = entry.call
    if not isinstance(primitive, Primitive):
        return "as SciPy" if public_name(function).startswith("scipy.") else "as NumPy"
    fun = primitive.fun
    if isinstance(fun, np.ufunc) and not any(set("FDG") & set(loop) for loop in fun.types):
        return "real only"
    if primitive.flavour in ("linear", "bilinear"):
        return "linear"
    return "holomorphic" if primitive.analytic else "as pairs of reals"


def _note(entry: Entry) -> str:
    parts = [entry.note] if entry.note else []
    if isinstance(entry.call, Primitive):
        parts += [entry.call.kinks] if entry.call.kinks and not entry.note else []
        for name, rule in zip(entry.call.arguments or (), entry.call.adjoints, strict=False):
            if isinstance(rule, Refusal):
                parts.append(f"not in argument {name}: {rule.reason}")
    return "; ".join(parts)


def coverage_rows() -> list[Row]:
    """Return what is known of every classified function, sorted by name."""
    rows = []
    for function, entry in ENTRIES.items():
        flavour = entry.call.flavour if isinstance(entry.call, Primitive) else ""
        name = public_name(function)
        if name.rpartition(".")[2].startswith("_"):
            continue  # behind a public function that has a row
        rows.append(Row(name, entry.kind, flavour, _complexes(function, entry), _note(entry)))
    return sorted(rows)


def _cells(*cells: str) -> str:
    return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"


_MODES = {
    "rule": "forward, reverse, lanes",
    "composite": "forward, reverse, lanes",
    "solver": "forward, reverse",
    "constant": "derivative 0",
    "passes": "",
    "unsupported": "raises",
}


def coverage_page(below: str = "") -> str:
    """Return the Markdown text of ``docs/reference/coverage.md``, with the part written by hand `below`.

    One row per function of each namespace, under all of its public names.
    """
    lines = [
        "# Coverage",
        "",
        "Generated from the registry by `python -m dualrev coverage --write docs/reference/coverage.md`",
        f"with NumPy {np.__version__}; do not edit the tables. Every public function of `numpy`, `numpy.linalg` and",
        "`numpy.fft` and every ufunc of `scipy.special` has one class, and so have the functions and classes of other",
        "namespaces of SciPy that are listed; what is not listed there passes through `dualrev.scipy` as it is.",
        "",
        "- **rule**: a primitive with a tangent and an adjoint rule of its own;",
        "- **composite**: written from functions that have rules;",
        "- **solver**: takes a function, gets its exact derivatives, and gives a result that can be differentiated;",
        "- **constant**: locally constant where it is defined; gives a plain array, also on traced arguments;",
        "- **passes**: creation, shapes, dtypes, texts, settings: nothing to differentiate;",
        "- **unsupported**: has no derivative, or no sensible one; raises an error with the reason and an alternative.",
        "",
        "Rules and composites work in forward mode, in reverse mode and under `vmap` (lanes), to any order.",
        "",
    ]
    names: dict[str, dict[Any, list[str]]] = {}
    for dotted, function in public_functions():
        prefix, _, name = dotted.rpartition(".")
        names.setdefault(prefix, {}).setdefault(function, []).append(name)
    seen = {f for group in names.values() for f in group}
    for name, function in sorted(
        ((public_name(f), f) for f in ENTRIES if f not in seen), key=itemgetter(0)
    ):
        prefix, _, last = name.rpartition(".")
        if prefix.startswith("scipy.") and not last.startswith("_"):
            names.setdefault(prefix, {})[function] = [last]
    counts = Counter(ENTRIES[f].kind for group in names.values() for f in group if f in ENTRIES)
    lines += [
        "| " + " | ".join(_MODES) + " |",
        "|" + "---|" * len(_MODES),
        "| " + " | ".join(str(counts[kind]) for kind in _MODES) + " |",
    ]
    for prefix, group in names.items():
        lines += ["", f"## {prefix}", ""]
        if prefix.startswith("scipy."):
            what = "Functions that are no ufuncs" if prefix == "scipy.special" else "They"
            lines += [
                f"{what} are called through `dualrev.{prefix}`: NumPy cannot dispatch them.",
                "",
            ]
        lines += [_cells("function", "class", "modes", "complex", "conventions and limits")]
        lines += ["|---|---|---|---|---|"]
        for function, aliases in sorted(group.items(), key=lambda item: item[1]):
            entry = ENTRIES.get(function)
            if entry is not None:
                shown = ", ".join(f"`{a}`" for a in aliases)
                lines.append(
                    _cells(
                        shown,
                        entry.kind,
                        _MODES[entry.kind],
                        _complexes(function, entry),
                        _note(entry),
                    )
                )
    return "\n".join([*lines, "", BY_HAND]) + "\n" + below


def primitives_page() -> str:
    """Return the Markdown text of ``docs/reference/primitives.md``: one row per primitive."""
    lines = [
        "# Primitives",
        "",
        "Generated from the registry by `python -m dualrev primitives`; do not edit.",
        "",
        "| name | flavour | arguments | formula | kinks and conventions | analytic | dependence |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in sorted(PRIMITIVES):
        p = PRIMITIVES[name]
        arguments = "any number" if p.arguments is None else ", ".join(p.arguments)
        cells = (
            name,
            p.flavour,
            arguments,
            p.formula,
            p.kinks,
            "yes" if p.analytic else "",
            p.pattern if isinstance(p.pattern, str) else "by a function",
        )
        lines.append(_cells(*cells))
    return "\n".join(lines) + "\n"
