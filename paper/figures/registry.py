"""What follows from the paragraph of one primitive; the paragraph and all numbers are taken from the library itself."""

import re
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

import dualrev as dr
from dualrev.core.primitive import PRIMITIVES, Rule
from paper.results import ROOT, Results

from . import style

NAME, X = "tanh", 0.5
BLUE, ORANGE = style.COLOURS["dualrev"], style.COLOURS["HIPS autograd"]
MONO = {"family": "DejaVu Sans Mono"}


def paragraph() -> str:
    """Return the primitive's declaration as it stands in the library, one argument to a line."""
    text = (ROOT / "dualrev" / "rules" / "trigonometric.py").read_text(encoding="utf-8")
    match = re.search(rf"^{NAME} = elementwise\((.*)\)$", text, flags=re.MULTILINE)
    if match is None:
        raise LookupError(f"the declaration of {NAME} is not where the figure looks for it")
    arguments = "\n".join(f"    {argument}," for argument in match[1].split(", "))
    return f"{NAME} = elementwise(\n{arguments}\n)"


def stencil(x: Any) -> Any:
    return np.tanh(x[1:] - x[:-1])


def tiles(results: Results) -> list[tuple[str, str]]:
    """Return headings and texts, with what the library computes."""
    primitive = PRIMITIVES[NAME]
    tangent = dr.jvp(np.tanh, (X,), (1.0,))[1]
    adjoint = dr.vjp(np.tanh, X)[1](1.0)[0]
    step = np.tanh(X + 1e-20j).imag / 1e-20
    rule = primitive.adjoints[0]
    keeps_output = isinstance(rule, Rule) and rule.keeps == (-1,)
    if not (keeps_output and abs(tangent - step) < 1e-15 and tangent == adjoint):
        raise AssertionError("the figure says what is no longer so")
    counts = results["counts"]
    return [
        ("forward mode", f"t · (1 − y²)\nat x = {X}, t = 1:\n{tangent:.6f}"),
        ("reverse mode", f"ct · (1 − y²), keeps y\nat x = {X}, ct = 1:\n{adjoint:.6f}"),
        ("batching", "a lane axis in front:\nJacobians in one pass,\nvmap"),
        ("sparsity", "tanh(x[1:] − x[:-1])"),
        ("tests", f"{counts['checks']} checks on samples\nof the reals; complex\nstep: {step:.6f}"),
        (
            "catalogue",
            f"{primitive.flavour}, analytic,\n{primitive.formula.replace('-', '−')}: a row of the\nreference",
        ),
    ]


def draw(results: Results) -> Figure:
    found = tiles(results)
    figure = style.new(1.95)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 630), ylim=(0, 195))
    axes.set_axis_off()
    _box(axes, 2, 50, 196, 136, BLUE, "#f2f7fb")
    axes.text(12, 170, "one paragraph", fontweight="bold", color=BLUE, va="center")
    axes.text(12, 151, paragraph(), fontdict=MONO, fontsize=7.6, va="top", linespacing=1.5)
    axes.text(
        100, 40, "a parameter's name says\nwhat is kept: y, the output", fontsize=7.5,
        color=style.GREY, ha="center", va="top",
    )  # fmt: skip
    axes.annotate(
        "", (239, 97), (203, 97), arrowprops={"arrowstyle": "-|>", "color": style.GREY, "lw": 1.6}
    )
    wide, high = 122, 87
    for k, (heading, text) in enumerate(found):
        left, low = 244 + (k % 3) * (wide + 8), (101 if k < 3 else 6)
        kind = ORANGE if heading == "tests" else style.INK
        _box(axes, left, low, wide, high, style.GREY if kind == style.INK else kind, "white")
        axes.text(left + 9, low + high - 14, heading, fontweight="bold", color=kind, va="center")
        axes.text(
            left + 9, low + high - 28, text, fontsize=7.6, va="top", linespacing=1.45,
        )  # fmt: skip
        if heading == "sparsity":
            _spy(axes, left + 72, low + 7)
    return figure


def _box(axes: Any, x: float, y: float, width: float, height: float, edge: str, fill: str) -> None:
    shape = "round,pad=0,rounding_size=5"
    axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=shape, ec=edge, fc=fill, lw=0.9))


def _spy(axes: Any, x: float, y: float, size: float = 6.6) -> None:
    """Draw the detected pattern of a small stencil."""
    pattern = dr.sparse.jacobian_pattern(stencil, np.linspace(0.0, 1.0, 6))
    rows, columns = pattern.shape
    for i in range(rows):
        for j in range(columns):
            axes.add_patch(
                FancyBboxPatch(
                    (x + j * size - 8, y + (rows - 1 - i) * size),
                    size - 1.4,
                    size - 1.4,
                    boxstyle="square,pad=0",
                    lw=0,
                    fc=style.PALE,
                )
            )
    for i, j in zip(pattern.rows, pattern.columns, strict=True):
        axes.add_patch(
            FancyBboxPatch(
                (x + j * size - 8, y + (rows - 1 - i) * size),
                size - 1.4,
                size - 1.4,
                boxstyle="square,pad=0",
                lw=0,
                fc=BLUE,
            )
        )
