"""Idioms of NumPy code against libraries: who differentiates them, who raises, who is wrong.

    python -m benchmarks.conformance                               a table on the terminal
    python -m benchmarks.conformance --write docs/reference/conformance.md   the page of the documentation
    python -m benchmarks.conformance --only zeros_then_loop        one idiom, with the errors

Every library is called as its users call it; those that are not installed are left out, and named. The right gradient
is found by differences of the plain NumPy function.
"""

import argparse
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy  # noqa: ICN001 (np is a parameter here)
import scipy.special

from . import saving
from .idioms import NONE, RAISES, RIGHT, WRONG, Idiom, collect, judge, quiet, reference

OURS = ("dualrev", "dualrev.numpy")
Gradient = Callable[[Idiom], Any]


def _dualrev() -> Gradient:
    import dualrev as dr

    return lambda idiom: dr.grad(idiom.bound(numpy, scipy.special))(idiom.x.copy())


def _mirror() -> Gradient:
    import dualrev as dr
    from dualrev import numpy as dnp
    from dualrev.scipy import special

    return lambda idiom: dr.grad(idiom.bound(dnp, special))(idiom.x.copy())


def _hips() -> Gradient:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy import special

    return lambda idiom: autograd.grad(idiom.bound(anp, special))(idiom.x.copy())


def _jax() -> Gradient:
    import jax

    jax.config.update("jax_enable_x64", True)
    from jax.scipy import special

    return lambda idiom: jax.grad(idiom.bound(jax.numpy, special))(idiom.x.copy())


class _Beside(ModuleType):
    """A namespace, and NumPy for the names that it does not have."""

    def __init__(self, first: Any) -> None:
        super().__init__(first.__name__)
        self._first = first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._first, name) if hasattr(self._first, name) else getattr(numpy, name)


def _mygrad() -> Gradient:
    import mygrad

    namespace = _Beside(mygrad)

    def gradient(idiom: Idiom) -> Any:
        x = mygrad.tensor(idiom.x.copy())
        idiom.bound(namespace, scipy.special)(x).backward()
        # A tensor that was overwritten has the gradient of what is in it now.
        return x.grad

    return gradient


def _casadi() -> Gradient:
    import casadi

    def gradient(idiom: Idiom) -> Any:
        shape = idiom.x.shape
        x = casadi.SX.sym("x", *shape)
        g = casadi.gradient(idiom.bound(numpy, scipy.special)(x), x)
        value = casadi.Function("g", [x], [g])(idiom.x).toarray()
        return value.reshape(shape) if value.size == idiom.x.size else value

    return gradient


LIBRARIES: dict[str, tuple[Callable[[], Gradient], str, str]] = {
    "dualrev": (_dualrev, "dualrev", "`dr.grad(f)`, with `import numpy as np`"),
    "dualrev.numpy": (_mirror, "dualrev", "`dr.grad(f)`, with `from dualrev import numpy as np`"),
    "HIPS autograd": (_hips, "autograd", "`autograd.grad(f)`, with `import autograd.numpy as np`"),
    "JAX": (_jax, "jax", "`jax.grad(f)`, with `import jax.numpy as np`, 64-bit numbers enabled"),
    "MyGrad": (
        _mygrad,
        "mygrad",
        "`f(x).backward()` of `x = mg.tensor(a)`, with `mygrad` as `np`, NumPy where it has no such name",
    ),
    "CasADi": (
        _casadi,
        "casadi",
        '`casadi.gradient(f(x), x)` of `x = SX.sym("x", n)`, with `numpy`',
    ),
}


def outcome(gradient: Gradient, idiom: Idiom, want: Any) -> tuple[str, str]:
    """Return what a library makes of an idiom, and its error or its wrong result in words."""
    with quiet():
        try:
            found = numpy.asarray(gradient(idiom))
        except Exception as error:  # an error of any kind is an answer
            return RAISES, f"{type(error).__name__}: {' '.join(str(error).split())}"
    verdict = judge(found, want)
    return verdict, "" if verdict == RIGHT else f"{found} for {want}"


def run(
    libraries: list[str], only: list[str] | None = None
) -> dict[str, dict[str, tuple[str, str]]]:
    """Return the outcomes by idiom and library."""
    gradients = {name: LIBRARIES[name][0]() for name in libraries}
    table = {}
    for name, idiom in collect().items():
        if only and name not in only:
            continue
        with quiet():
            want = reference(idiom.bound(numpy, scipy.special), idiom.x)
        table[name] = {key: outcome(g, idiom, want) for key, g in gradients.items()}
    return table


def installed() -> tuple[list[str], list[str]]:
    """Return the libraries that are here, and those that are not."""
    here, missing = [], []
    for name, (_, package, _) in LIBRARIES.items():
        try:
            version(package)
            here.append(name)
        except PackageNotFoundError:
            (here if package == "dualrev" else missing).append(name)
    return here, missing


_INTRODUCTION = """
Generated by `python -m benchmarks.conformance --write docs/reference/conformance.md`; do not edit. {} idioms of NumPy
code, one text for all libraries ([benchmarks/idioms](https://github.com/dualrev/dualrev/tree/main/benchmarks/idioms)).
The gradient is *right* if it has six digits of what differences of the NumPy function give; *raises* is an error of any
kind; *no number* is NaN, None or an object where there is a number; **wrong** is another number, and nothing tells the
user. JAX and CasADi ask for code written for them, which most of these idioms are not: the table says what happens to
NumPy code as it is. CasADi's vectors are matrices with one column.
"""
_READING = """
What raises in the column `dualrev` and is right in `dualrev.numpy` is what NumPy does not dispatch; what raises in both
is a conversion to a plain number, by which the derivative would be lost.
"""
_MARKS = {RIGHT: "right", RAISES: "raises", NONE: "no number", WRONG: "**wrong**"}
_HEADINGS = {
    "building": "Arrays made of traced values",
    "writing": "In-place writes",
    "reading": "Reading entries",
    "python": "Python around NumPy",
    "control": "Control flow",
    "functions": "Functions in use",
    "algebra": "Linear algebra",
    "algorithms": "Algorithms from textbooks",
    "escapes": "Conversions to plain numbers",
}


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def page(
    table: dict[str, dict[str, tuple[str, str]]], libraries: list[str], missing: list[str]
) -> str:
    """Return ``docs/reference/conformance.md``."""
    idioms = collect()
    head = [_row(["idiom", *libraries]), _row(["---"] + [":-:"] * len(libraries))]
    lines = ["# Conformance", "", *textwrap.wrap(_INTRODUCTION.format(len(table)).strip(), 118), ""]
    for name in libraries:
        _, package, how = LIBRARIES[name]
        mark = f" {version(package)}" if package != "dualrev" else ""
        lines.append(f"- {name}{mark}: {how}")
    if missing:
        lines.append(f"- left out, as not installed: {', '.join(missing)}")
    counts = {k: Counter(row[k][0] for row in table.values()) for k in libraries}
    lines += ["", "## Totals", "", _row(["", *libraries]), head[1]]
    for verdict, word in _MARKS.items():
        lines.append(_row([word, *(str(counts[k][verdict]) for k in libraries)]))
    lines += ["", *textwrap.wrap(_READING.strip(), 118)]
    for room, heading in _HEADINGS.items():
        lines += ["", f"## {heading}", "", *head]
        for name, row in table.items():
            if idioms[name].room == room:
                marks = [_MARKS[row[k][0]] for k in libraries]
                about = re.sub(r"([*_<>`\[\]])", r"\\\1", idioms[name].about)
                lines.append(_row([f"`{name}`: {about}", *marks]))
    return "\n".join(lines) + "\n"


def columns(text: str) -> dict[str, dict[str, str]]:
    """Read a page back: the outcomes by idiom and library."""
    found: dict[str, dict[str, str]] = {}
    libraries: list[str] = []
    marks = {mark: verdict for verdict, mark in _MARKS.items()}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.replace("\\|", "\0").strip("|").split("|")]
        if cells[0] == "idiom":
            libraries = cells[1:]
        elif libraries and len(cells) == len(libraries) + 1 and cells[1] in marks:
            name = cells[0].partition(":")[0].strip("`")
            found[name] = {k: marks[m] for k, m in zip(libraries, cells[1:], strict=True)}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", type=Path, help="write the page to this file")
    parser.add_argument("--only", action="append", help="run this idiom only (may be repeated)")
    saving.add_option(parser, "conformance")
    options = parser.parse_args()
    here, missing = installed()
    table = run(here, options.only)
    if options.write:
        options.write.write_text(page(table, here, missing), encoding="utf-8")
    found = {
        "idioms": len(table),
        "outcomes": {k: dict(Counter(row[k][0] for row in table.values())) for k in here},
    }
    saving.saved("benchmarks.conformance", found, options.json, None)
    for name, row in table.items():
        if options.only:
            for library, (verdict, words) in row.items():
                print(f"{name}, {library}: {verdict} {words}")
    for library in here:
        counts = Counter(row[library][0] for row in table.values())
        print(f"{library:<15}" + "".join(f"{counts[v]:>5} {v}" for v in _MARKS))
    unexpected = [
        f"{name}, {library}: {row[library][0]}, not {want}: {row[library][1]}"
        for name, row in table.items()
        for library, want in zip(OURS, (collect()[name].plain, collect()[name].mirror), strict=True)
        if row[library][0] != want
    ]
    print("\n".join(unexpected))
    return bool(unexpected)


if __name__ == "__main__":
    sys.exit(main())
