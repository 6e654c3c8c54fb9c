"""Preparation and evaluation of a sparse Jacobian against the number of unknowns."""

import re
from typing import Any

from matplotlib.figure import Figure

from paper.results import Missing, Results

from . import style

STEPS = {
    "preparation": (
        "(a) Detection and colouring",
        {"dualrev": "dualrev", "asdex": "asdex (JAX)", "CasADi": "CasADi"},
    ),
    "evaluation": (
        "(b) One evaluation",
        {
            "dualrev": "dualrev",
            "asdex CSR": "asdex (JAX)",
            "CasADi CSC": "CasADi",
            "SciPy 2-point CSR": "SciPy's differences",
        },
    ),
}


def series(results: Results, step: str) -> dict[int, dict[str, float]]:
    """Return the figures of a step by the number of unknowns."""
    found = {}
    for row in results["sparse_peers"]["rows"]:
        match = re.fullmatch(rf"Brusselator, n = (\d+): {step}", row["name"])
        if match:
            found[int(match[1])] = row["figures"]
    if len(found) < 4:
        raise Missing("sparse_peers", f"Brusselator: {step}, four sizes or more")
    return dict(sorted(found.items()))


def draw(results: Results) -> Figure:
    rows = {step: series(results, step) for step in STEPS}
    figure = style.new(2.5)
    for axes, (step, (title, names)) in zip(figure.subplots(1, 2), STEPS.items(), strict=True):
        _lines(axes, rows[step], names)
        axes.set_title(title, loc="left")
        axes.set(xlabel="unknowns", ylabel="seconds")
        if step == "evaluation":
            sizes = list(rows[step])
            plain = [figures["NumPy's f(x)"] for figures in rows[step].values()]
            axes.plot(sizes, plain, color=style.GREY, ls=":", lw=1)
            axes.annotate(
                "the function itself",
                (sizes[2], plain[2]),
                xytext=(6, -8),
                textcoords="offset points",
                ha="left",
                va="top",
                color=style.GREY,
                fontsize=7.5,
            )
    return figure


def _lines(axes: Any, rows: dict[int, dict[str, float]], names: dict[str, str]) -> None:
    for key, name in names.items():
        points = [(n, figures[key]) for n, figures in rows.items() if key in figures]
        axes.plot(
            *zip(*points, strict=True),
            style.MARKERS[name] + "-",
            color=style.COLOURS[name],
            label=name,
            zorder=4 if name == "dualrev" else 3,
            markeredgewidth=0,
        )
    axes.set(xscale="log", yscale="log")
    axes.minorticks_off()
    axes.grid(color=style.PALE, lw=0.5)
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", handlelength=1.6)
