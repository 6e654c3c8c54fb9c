"""Errors of Jacobians against the step of differences, and what libraries make of NumPy idioms."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from paper.results import Results

from . import style

METHODS = {
    "forward": ("#D55E00", "forward differences", 1 / 2, (1e-8, 1e-4)),
    "central": ("#9A6700", "central differences", 1 / 3, (4e-6, 1.2e-11)),
}
VERDICTS = {
    "right": ("right", "#0072B2", ""),
    "raises": ("raises an error", "#d5dde3", ""),
    "no number": ("no number", "#f3d9a4", "...."),
    "wrong": ("wrong", "#D55E00", "////"),
}


def draw(results: Results) -> Figure:
    figure = style.new(2.55)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.02))
    _errors(left, results["accuracy"])
    _idioms(right, results["conformance"])
    return figure


def _errors(axes: Any, found: dict[str, Any]) -> None:
    steps, epsilon = np.array(found["steps"]), found["epsilon"]
    for name, (colour, label, power, at) in METHODS.items():
        errors = np.array(found[name]).max(axis=0)
        axes.plot(steps, errors, color=colour, ls="-" if power == 1 / 2 else "--")
        axes.text(*at, label, color=colour, ha="center", fontsize=7.5)
        chosen = int(np.argmin(np.abs(np.log(steps / epsilon**power))))
        axes.plot(steps[chosen], errors[chosen], "o", mfc="white", mec=colour, ms=5, zorder=4)
    own = max(found["dualrev"])
    axes.axhline(own, color=style.COLOURS["dualrev"], lw=1.8)
    axes.text(
        1.5e-15, own / 4, "dualrev", color=style.COLOURS["dualrev"], fontweight="bold", va="top"
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(steps[0], steps[-1]),
        ylim=(epsilon / 4, 3),
        xlabel="relative step",
        ylabel="relative error, worst column",
    )
    axes.set_xticks([1e-14, 1e-11, 1e-8, 1e-5, 1e-2])
    axes.set_yticks([1e-16, 1e-12, 1e-8, 1e-4, 1])
    axes.minorticks_off()
    axes.set_title("(a) Jacobian of NIST's Thurber", loc="left")


def _idioms(axes: Any, found: dict[str, Any]) -> None:
    libraries = list(found["outcomes"])[::-1]
    start = np.zeros(len(libraries))
    for verdict, (label, colour, hatch) in VERDICTS.items():
        counts = np.array([found["outcomes"][key].get(verdict, 0) for key in libraries], float)
        axes.barh(
            libraries,
            counts,
            left=start,
            height=0.66,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.5,
            label=label,
        )
        if verdict in ("right", "wrong"):
            for y, (count, at) in enumerate(zip(counts, start, strict=True)):
                if count:
                    inside = verdict == "right"
                    axes.text(
                        at + (4 if inside else count + 4),
                        y,
                        f"{count:.0f}",
                        va="center",
                        fontsize=7.5,
                        color="white" if inside else colour,
                        fontweight="bold",
                    )
        start += counts
    axes.set(xlim=(0, found["idioms"] * 1.08), xlabel=f"of {found['idioms']} idioms of NumPy code")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_title("(b) Gradients of NumPy code as it is", loc="left")
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.4, -0.2), ncols=4, handlelength=1.0, columnspacing=0.8
    )
