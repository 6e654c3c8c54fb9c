"""What the figures share: measures, fonts, colours, and how a figure is saved.

The colours are those of Okabe and Ito (2008), which people with any common kind of colour blindness can tell apart;
libraries differ in their markers too.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from paper.results import Missing, Results

WIDTH = 6.3
"""Of the text, in inches."""
LIBERATION = Path("/usr/share/fonts/truetype/liberation")
"""Where Debian has the sans serif that looks like the headings' and can be embedded as TrueType."""

INK, GREY, PALE = "#222222", "#767676", "#e4e4e4"
COLOURS = {
    "dualrev": "#0072B2",
    "HIPS autograd": "#D55E00",
    "MyGrad": "#CC79A7",
    "PyTorch": "#009E73",
    "JAX": "#E69F00",
    "JAX, compiling included": "#E69F00",
    "asdex (JAX)": "#E69F00",
    "CasADi": "#56B4E9",
    "SciPy's differences": "#555555",
}
MARKERS = {
    "dualrev": "o",
    "HIPS autograd": "s",
    "MyGrad": "D",
    "PyTorch": "^",
    "JAX": "v",
    "JAX, compiling included": "1",
    "asdex (JAX)": "v",
    "CasADi": "P",
    "SciPy's differences": "X",
}


def settings() -> Any:
    """Settings of matplotlib; Liberation Sans where it is installed, DejaVu Sans elsewhere."""
    found = sorted(LIBERATION.glob("LiberationSans-*.ttf"))
    for path in found:
        font_manager.fontManager.addfont(path)
    families = ["Liberation Sans", "DejaVu Sans"] if found else ["DejaVu Sans"]
    return {
        "font.family": "sans-serif",
        "font.sans-serif": families,
        "font.size": 8,
        "axes.titlesize": 8.5,
        "axes.labelsize": 8,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 7.5,
        "legend.frameon": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "ytick.minor.width": 0.4,
        "lines.linewidth": 1.2,
        "lines.markersize": 4.5,
        "mathtext.fontset": "dejavusans",
        "pdf.fonttype": 42,
    }


def new(height: float) -> Figure:
    """An empty figure as wide as the text."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasPdf(figure)
    return figure


def absent(why: Missing, height: float = 1.2) -> Figure:
    """Say in the figure's place what has to be run for it."""
    figure = new(height)
    figure.text(
        0.5, 0.5, f"Not measured yet.\n{why}", ha="center", va="center", color="#B00000", wrap=True
    )
    return figure


def save(draw: Callable[[Results], Figure], results: Results, path: Path) -> Missing | None:
    """Draw and save as PDF, the same bytes each time; without its results a note, which is returned."""
    missing = None
    with mpl.rc_context(settings()):
        try:
            figure = draw(results)
        except Missing as why:
            missing, figure = why, absent(why)
        figure.savefig(path, metadata={"CreationDate": None})
    return missing
