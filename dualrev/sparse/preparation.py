"""Preparations: colours, seeds, recovery and layout for one shape of the argument, used by every call.

What enters: a pattern. What leaves: a plan that turns the user's function and its arguments into the entries of the
matrix, and says whether they pass the probe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.derivatives.passes import Inputs, record
from dualrev.sparse.bidirectional import bidirectional_colouring
from dualrev.sparse.colouring import column_colouring, row_colouring
from dualrev.sparse.compression import Directions, Seeds, count_of, pull_all, push_all, together
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.recovery import (
    Substitution,
    from_both,
    from_columns,
    from_rows,
    is_traced,
    symmetric,
)
from dualrev.sparse.structure import Layout, layout_of
from dualrev.sparse.symmetric import acyclic_colouring, star_colouring

__all__ = ["Preparation", "prepare_hessian", "prepare_jacobian"]

# What one reverse lane costs, in forward lanes; and what a record and its sweep cost beside their lanes, in entries of
# forward lanes (measured: some 3 us per operation, of which a lane of n entries takes n ns).
_REVERSE = 1.6
_RECORD = 2500
# The probe forgives rounding of this many square roots of the machine's precision (10⁻⁷ in double precision) times the
# sum of a row's terms; a missing entry that is smaller cannot be told from rounding, nor does it matter.
_ROUNDING = 6.7
# Rounding is measured in so many pairs of directions, and may be so many times what they show.
_PAIRS = 8
_NOISE = 64
# So few star colours are taken without asking what an acyclic colouring would save.
_FEW_STARS = 8
# Nor beyond so many paths of length two, of which an acyclic colouring looks at a million per second (measured).
_MOST_PATHS = 2_000_000


class Preparation:
    """What is known of a matrix before its entries.

    Attributes
    ----------
    pattern : Pattern
        Where the entries are.
    mode : str
        "forward", "reverse" or "both".
    rows, columns : ndarray or None
        Their colours.
    recover : callable
        From the flattened compressed matrices to the entries.
    layout : Layout
        What the user gets.
    """

    __slots__ = (
        *("columns", "dtype", "form", "forward", "layout", "mode", "pattern", "probe"),
        *("recover", "reverse", "rounding", "rows", "tiny"),
    )

    def __init__(
        self,
        pattern: Pattern,
        form: Any,
        rows: np.ndarray | None,
        columns: np.ndarray | None,
        recover: Any,
        probe: bool,
        layout: Layout,
    ) -> None:
        self.pattern, self.form, self.rows, self.columns = pattern, form, rows, columns
        for colours in (rows, columns):
            if colours is not None:
                colours.flags.writeable = False
        self.recover, self.layout = recover, layout
        self.mode = "reverse" if columns is None else "forward" if rows is None else "both"
        self.dtype: Any = np.result_type(*[kind for _, kind in form]) if form else np.dtype(float)
        self.rounding = _ROUNDING * float(np.sqrt(np.finfo(self.dtype).eps))
        self.tiny = float(np.finfo(self.dtype).tiny)
        self.forward: Seeds | None = None
        self.reverse: Seeds | None = None
        if columns is not None:
            # Without any direction the function would not be called.
            self.forward = Seeds(columns, probe or (not count_of(columns) and rows is None))
        if rows is not None:
            self.reverse = Seeds(rows, (probe or not count_of(rows)) and columns is None)
        direction = (self.forward or self.reverse).probe  # type: ignore[union-attr]
        self.probe = None if direction is None else direction.astype(self.dtype)

    @property
    def colours(self) -> Any:
        """Colours of the columns, of the rows, or a pair: of rows and columns."""
        if self.rows is not None and self.columns is not None:
            return self.rows, self.columns
        return self.columns if self.rows is None else self.rows

    @property
    def n_passes(self) -> int:
        """Number of directions without the probe."""
        return sum(s.count for s in (self.forward, self.reverse) if s is not None)

    @property
    def words(self) -> str:
        """How many directions there are, and how they go, in words."""
        count = f"{self.n_passes} direction{'s' * (self.n_passes != 1)}"
        if self.forward is not None and self.reverse is not None:
            return f"{count} ({self.forward.count} forward, {self.reverse.count} reverse)"
        return f"{count} {self.mode}"

    def evaluate(
        self, name: str, inputs: Inputs, f: Callable[..., Any], kwargs: dict[str, Any]
    ) -> tuple[list[Any], Any, Any, str | None]:
        """Return the outputs, what rebuilds them, the entries in the order of CSR, and what the probe found wrong."""
        at = name, inputs, f, kwargs
        if self.reverse is None:
            ys, rebuild, pushed = self._push(at, self.forward)
            flat, expected = _flat(pushed), pushed[-1]
        elif self.forward is None:
            ys, rebuild, pulled = self._pull(at, self.reverse)
            flat, expected = _flat(pulled), pulled[-1]
        else:
            ys, rebuild, pushed = self._push(at, self.forward)
            _, _, pulled = self._pull(at, self.reverse)
            flat, expected = np.concatenate([_flat(pushed), _flat(pulled)]), pushed[-1]
        data = self.recover(flat)
        return (
            ys,
            rebuild,
            data,
            None if self.probe is None else self._check(at, flat, data, expected),
        )

    def _push(self, at: Any, seeds: Any) -> tuple[list[Any], Any, Any]:
        name, inputs, f, kwargs = at
        return push_all(name, inputs, self.form, f, kwargs, seeds, self.pattern, self.dtype)

    def _pull(self, at: Any, seeds: Any) -> tuple[list[Any], Any, Any]:
        recorded = record(*at)
        try:
            rows = pull_all(at[0], recorded, seeds, self.pattern, self.dtype)
        finally:
            recorded.tape.captures.release()
        return recorded.outputs, recorded.rebuild, rows

    def _check(self, at: Any, flat: Any, data: Any, expected: Any) -> str | None:
        """Compare J v, or Jᵀ v, with the derivative along v, which knows nothing of the pattern."""
        if is_traced(data) or is_traced(expected):
            flat, data, expected = value(flat), value(data), value(expected)
            if data.ndim != 1 or expected.ndim != 1:  # the lanes of a vmap around this
                return None
        with np.errstate(all="ignore"):
            found, close = self._compared(data, self.probe, expected)
            if close.all():
                return None
            close |= np.abs(found - expected) < self._noise(at, flat, expected)
            lost = ~close & ~np.isfinite(found) & ~np.isfinite(expected)
            if lost.any():
                close |= lost & self._without_infinities(at, data)
        if close.all():
            return None
        word = "column" if self.forward is None else "row"
        return (
            f"{int((~close).sum())} of {len(close)} {word}s differ from a product with a random direction, the first "
            f"is {word} {int(np.argmin(close))}"
        )

    def _compared(self, data: Any, direction: Any, expected: Any) -> tuple[Any, Any]:
        """Return J v, or Jᵀ v, and which of its entries are what is expected but for rounding."""
        matrix, sizes = self.layout.shared(data), self.layout.shared(np.abs(data))
        if self.forward is None:
            matrix, sizes = matrix.T, sizes.T
        found, size = matrix @ direction, sizes @ direction
        # Strictly less, as infinity is not close to infinity; 0 is close to 0.
        return found, np.abs(found - expected) < self.rounding * (
            size + np.abs(expected)
        ) + self.tiny

    def _noise(self, at: Any, flat: Any, expected: Any) -> Any:
        """Return the rounding of derivatives, row by row.

        Where a row cancels, as that of ``log(exp(x)) - x`` or of the sum of all forces, nothing but rounding is left to
        compare. It shows in how far the derivative along a direction is from the sum of those along its two parts, all
        from one pass, as a function that is another one in each is not rounding.
        """
        probe: Any = self.probe
        pairs = max(1, min(_PAIRS, (together(max(self.pattern.shape)) - 1) // 2))
        part = probe * np.random.default_rng(7).random((pairs, len(probe)))
        split = Directions(np.concatenate([part, probe - part, probe[None]]))
        _, _, rows = self._pull(at, split) if self.forward is None else self._push(at, split)
        rows = value(rows)
        noise = np.abs(rows[:pairs] + rows[pairs:-1] - rows[-1]).max(axis=0)
        counts = self.pattern.column_counts if self.forward is None else self.pattern.row_counts
        noise *= _NOISE * np.sqrt(np.maximum(counts, 1))
        if isinstance(self.recover, Substitution):
            noise += _NOISE * (self.layout.shared(self.recover.noise(flat)) @ probe)
        return noise

    def _without_infinities(self, at: Any, data: Any) -> Any:
        """Compare along a direction that is 0 wherever a column has an entry that is not finite.

        Such an entry leaves nothing to compare in its row, as the probe is not finite either. If it belongs where it
        is, the probe is finite without it; if it was read off the place of one that the pattern lacks, it is not.
        """
        finite = np.isfinite(data)
        places = self.pattern.rows if self.forward is None else self.pattern.columns
        direction = np.array(self.probe)
        direction[places[~finite]] = 0.0
        seeds = Directions(direction[None])
        _, _, rows = self._pull(at, seeds) if self.forward is None else self._push(at, seeds)
        expected = value(rows)[-1]
        _, close = self._compared(np.where(finite, data, 0), direction, expected)
        # A derivative that is NaN in spite of a direction of zeros says nothing.
        return close | np.isnan(expected)


def _flat(compressed: Any) -> Any:
    return np.reshape(compressed, -1) if is_traced(compressed) else compressed.ravel()


def prepare_jacobian(
    pattern: Pattern, form: Any, mode: str, order: Any, probe: bool, format: str
) -> Preparation:
    """Choose colours for a Jacobian, the cheapest of those that `mode` allows."""
    layout = layout_of(pattern, format, False)
    rows, columns = _cheapest(pattern, mode, order)
    if rows is not None and columns is not None:
        if not count_of(rows):
            rows = None
        elif not count_of(columns):
            columns = None
    if rows is None:
        recover: Any = from_columns(pattern, columns)
    elif columns is None:
        recover = from_rows(pattern, rows)
    else:
        recover = from_both(pattern, rows, columns, count_of(columns) + probe)
    return Preparation(pattern, form, rows, columns, recover, probe, layout)


def _cheapest(pattern: Pattern, mode: str, order: Any) -> tuple[Any, Any]:
    """Return the colours of rows and of columns; None where there is no pass of that kind."""
    if mode == "forward" or (mode == "auto" and not isinstance(order, str)):
        return None, column_colouring(pattern, order)
    if mode == "reverse":
        return row_colouring(pattern, order), None
    if mode == "both":
        return bidirectional_colouring(pattern, order)
    # A colouring needs at least as many colours as its fullest row, or column, has entries.
    fullest_row = int(pattern.row_counts.max(initial=0))
    fullest_column = int(pattern.column_counts.max(initial=0))
    size = max(*pattern.shape, 1)
    recording = _RECORD / size
    rows = columns = None
    cost = np.inf
    if fullest_row <= _REVERSE * fullest_column + recording:
        columns = column_colouring(pattern, order)
        cost = count_of(columns)
    if _REVERSE * fullest_column + recording < cost:
        rows = row_colouring(pattern, order)
        reverse = _REVERSE * count_of(rows) + recording
        if columns is None and fullest_row < reverse:
            columns = column_colouring(pattern, order)
            cost = count_of(columns)
        if reverse < cost:
            columns, cost = None, reverse
        else:
            rows = None
    # Each direction gives at most as many entries as the matrix has rows or columns.
    if cost > 4 + recording + 3 * pattern.nnz / size:
        both = bidirectional_colouring(pattern, order)
        if _REVERSE * count_of(both[0]) + count_of(both[1]) + recording + 2 < cost:
            return both
    return rows, columns


def prepare_hessian(
    pattern: Pattern, form: Any, colouring: str, order: Any, probe: bool, format: str
) -> Preparation:
    """Choose colours for a Hessian: star colours, or acyclic ones where these are far fewer."""
    layout = layout_of(pattern, format, True)
    if colouring == "acyclic":
        colours = acyclic_colouring(pattern, order)
    else:
        colours = star_colouring(pattern, order)
        paths = float(np.sum(np.square(pattern.row_counts, dtype=float)))
        if colouring == "auto" and count_of(colours) > _FEW_STARS and paths < _MOST_PATHS:
            fewer = acyclic_colouring(pattern, order)
            if count_of(fewer) < 0.7 * count_of(colours):
                colours = fewer
    recover = symmetric(pattern, colours)
    return Preparation(pattern, form, None, colours, recover, probe, layout)
