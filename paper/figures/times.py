"""Times of derivatives and of whole solves, in units of dualrev's."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from paper.results import Results

from . import style

DERIVATIVES = {
    "gradient, Rosenbrock, n = 10": "Rosenbrock, n = 10",
    "gradient, Rosenbrock, n = 1000": "Rosenbrock, n = 1000",
    "gradient, Rosenbrock, n = 100000": "Rosenbrock, n = 100 000",
    "gradient, arithmetic chain of 40, n = 1000": "arithmetic, n = 1000",
    "gradient, mixed chain of 40, n = 1000": "elementary, n = 1000",
    "gradient, mixed chain of 40, n = 100000": "elementary, n = 100 000",
    "loop of 350 scalar operations": "loop over scalars",
    "Euler, 400 steps, np.stack": "400 Euler steps",
    "Jacobian 1000 x 4, growth model": "Jacobian 1000 × 4",
    "dense hessian, n = 50": "Hessian 50 × 50",
}
SOLVES = {
    "BFGS, Rosenbrock, n = 20": "BFGS, n = 20",
    "BFGS, Rosenbrock, n = 100": "BFGS, n = 100",
    "L-BFGS-B, Rosenbrock, n = 20": "L-BFGS-B, n = 20",
    "L-BFGS-B, Rosenbrock, n = 100": "L-BFGS-B, n = 100",
    "trust-krylov, Rosenbrock, n = 100": "trust-krylov, n = 100",
    "least_squares, three peaks, 11 parameters, 1000 residuals": "fit 1000 × 11",
    "least_squares, rational, 4 parameters, 20 residuals": "fit 20 × 4",
}
PEERS = {"hips": "HIPS autograd", "mygrad": "MyGrad", "torch": "PyTorch"}
SOLVERS = {
    "differences": "SciPy's differences",
    "HIPS": "HIPS autograd",
    "JAX": "JAX",
    "JAX with compiling": "JAX, compiling included",
}


def draw(results: Results) -> Figure:
    derivatives = {label: results.row("peers", name) for name, label in DERIVATIVES.items()}
    solves = {label: results.row("optimizers", name) for name, label in SOLVES.items()}
    figure = style.new(3.0)
    left, right = figure.subplots(1, 2)
    _ratios(left, derivatives, PEERS)
    left.set_title("(a) Derivatives", loc="left", pad=12)
    _ratios(right, solves, SOLVERS)
    right.set_title("(b) Whole solves by SciPy's solvers", loc="left", pad=12)
    return figure


def _ratios(axes: Any, rows: dict[str, dict[str, float]], names: dict[str, str]) -> None:
    labels = list(rows)[::-1]
    axes.text(
        1, len(labels) - 0.45, "dualrev", color=style.COLOURS["dualrev"], ha="center", fontsize=7.5
    )
    axes.axvline(1, color=style.COLOURS["dualrev"], lw=1.4, zorder=1)
    for y, label in enumerate(labels):
        axes.axhline(y, color=style.PALE, lw=0.6, zorder=0)
        own = rows[label]["dualrev"]
        for key, name in names.items():
            if key in rows[label]:
                axes.plot(
                    rows[label][key] / own,
                    y,
                    style.MARKERS[name],
                    color=style.COLOURS[name],
                    label=name if name not in axes.get_legend_handles_labels()[1] else None,
                    markeredgewidth=1.3 if style.MARKERS[name] == "1" else 0,
                    markersize=6.5 if style.MARKERS[name] == "1" else None,
                    clip_on=False,
                    zorder=3,
                )
    axes.set(xscale="log", ylim=(-0.6, len(labels) - 0.4), xlabel="time / dualrev's time")
    axes.set_yticks(range(len(labels)), labels)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    handles, texts = axes.get_legend_handles_labels()
    order = [texts.index(name) for name in names.values() if name in texts]
    axes.legend(
        [handles[k] for k in order],
        [texts[k] for k in order],
        loc="upper center",
        bbox_to_anchor=(0.36, -0.17),
        ncols=2 if len(order) > 3 else 3,
        columnspacing=1.0,
        handletextpad=0.2,
    )
