"""The page of the explorer: one HTML file with its data, style and script inside, and nothing from elsewhere."""

from __future__ import annotations

import html
import json
import os
import webbrowser
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from string import Template
from tempfile import mkdtemp
from typing import Any

import numpy as np

from dualrev.explore.evaluation import evaluate
from dualrev.explore.payload import payload

__all__ = ["Page", "explore"]


_SCRIPTS = ("layout.js", "drawing.js", "panels.js", "page.js")


class Page:
    """An evaluation as an HTML page; what `dualrev.explore` returns.

    Attributes
    ----------
    title : str
    data : dict
        What the page shows, as JSON types.
    html : str
        The whole page: one file that loads nothing.

    Notes
    -----
    In a notebook the page is shown in a frame.
    """

    def __init__(self, title: str, data: dict[str, Any]) -> None:
        self.title = title
        self.data = data

    @property
    def html(self) -> str:
        parts = {
            "title": html.escape(self.title),
            "data": _embedded(self.data),
            "style": _asset("page.css"),
            "script": "".join(map(_asset, _SCRIPTS)),
        }
        page = Template(_asset("page.html")).substitute(parts)
        # What is no character, as half of a surrogate pair in a title, could not be written to a file.
        return page.encode("utf-8", "replace").decode("utf-8")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page to a file and return its path."""
        target = Path(path)
        target.write_text(self.html, encoding="utf-8", newline="\n")
        return target

    def open(self) -> Path:
        """Write the page to a temporary file and show it in the browser."""
        target = self.save(Path(mkdtemp(prefix="dualrev-")) / "explore.html")
        webbrowser.open(target.as_uri())
        return target

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{html.escape(self.title)}" srcdoc="{html.escape(self.html)}" '
            'style="width: 100%; height: 820px; border: 1px solid #8884; border-radius: 8px"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Page {self.title!r}: {len(self.data['values'])} values>"


def _asset(name: str) -> str:
    return resources.files("dualrev.explore").joinpath("static", name).read_text(encoding="utf-8")


def _embedded(data: Any) -> str:
    """Return JSON that can stand inside a script element whatever its strings are: no tag and no comment can begin."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def explore(
    f: Callable[..., Any],
    *args: Any,
    path: str | os.PathLike[str] | None = None,
    argnums: int | Sequence[int] | None = None,
    tangent: Any = None,
    cotangent: Any = None,
    title: str | None = None,
    timing: bool = True,
    limit: int = 5000,
    open_browser: bool = False,
) -> Page:
    """Show how a function is differentiated: a page with its evaluation trace, its graph, and both modes step by step.

    Parameters
    ----------
    f : callable
        Plain NumPy code; any output.
    *args
        Its arguments: numbers, arrays of any shape, containers of them. Keyword arguments are bound beforehand
        (``lambda x: f(x, order=2)``).
    path : path, optional
        Where to write the page.
    argnums : int or sequence of int, optional
        The arguments that are differentiated; by default all that hold floats.
    tangent : optional
        A direction for forward mode, with the structure of the chosen arguments (a tuple if there are several).
        The page offers single inputs too.
    cotangent : optional
        A cotangent for reverse mode, with the structure of the result. The page offers single results too.
    title : str, optional
        By default the name of the function.
    timing : bool
        Measure how long an evaluation, a tangent, a recording and a sweep take, which calls `f` up to 30 times.
    limit : int
        Of longer computations only so many values are shown, half of them the first and half the last; at least 2.
    open_browser : bool
        Show the page in the browser.

    Returns
    -------
    Page
        With ``.html``, ``.save(path)``, ``.open()``; shown in a notebook as it is.

    Raises
    ------
    InputError
        If no argument holds floats, or the computation has more than 40 times `limit` operations.
    OutputError
        If the result does not depend on the arguments, or has no entries.
    ValueError
        If `limit` is not such a number.

    Notes
    -----
    The page holds the numbers, and the lines of source of the functions that were evaluated; it loads nothing and works
    without a network. Cost: one evaluation that remembers every value, one sweep per cotangent and one evaluation with
    a tangent lane per direction that the page offers (at most 14 of each).

    References
    ----------
    Griewank & Walther (2008), Evaluating Derivatives, chapters 2 and 3: evaluation traces, forward and reverse.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> page = dr.explore(lambda x1, x2: x1 * x2 + np.sin(x1), 2.0, 5.0, title="f", timing=False)
    >>> page
    <Page 'f': 5 values>
    >>> [row["e"] for row in page.data["values"]]
    ['x1', 'x2', 'v₁ · v₂', 'sin(v₁)', 'v₃ + v₄']
    """
    if title is None:
        title = getattr(f, "__name__", None) or type(f).__name__
        title = "f" if title == "<lambda>" else title
    most: Any = limit
    if not isinstance(most, int | np.integer) or most < 2:
        raise ValueError(f"explore: limit= is an integer of at least 2, not {limit!r}")
    evaluation = evaluate(
        f,
        args,
        argnums=argnums,
        tangent=tangent,
        cotangent=cotangent,
        limit=limit,
        timing=timing,
    )
    with np.errstate(all="ignore"):  # ranges and norms of values near the largest number
        page = Page(title, payload(evaluation, title, limit))
    if path is not None:
        page.save(path)
    if open_browser:
        page.open()
    return page
