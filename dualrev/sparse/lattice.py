"""Colourings of patterns that repeat: bands, blocks and stencils on grids, coloured by a formula."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dualrev.sparse.ordering import chunks
from dualrev.sparse.pattern import Pattern

__all__ = ["lattice_colouring", "rows_in_conflict"]

# Rows that are looked at to guess the formula, distinct differences between their columns that may be found, and
# multipliers that are followed at once: a pattern that needs more does not repeat.
_ROWS = 256
_WIDEST = 128
_DIFFERENCES = 600
_FOLLOWED = 1 << 11
_TERMS = 1 << 20
# Frequent differences that are looked at as sides of a grid, and ways to arrange them.
_GAPS = 24
_CHAINS = 4
_ROUNDS = 12
# Part of the rows that may contradict a formula without its being given up.
_SEAMS = 0.25
# How many times the least possible number of colours is taken without a look for something better with seams.
_SEAMLESS = 1.34
# Entries that are gone through again then, three times at least.
_MENDED = 1_000_000


def rows_in_conflict(pattern: Pattern, colours: np.ndarray) -> np.ndarray:
    """Return the rows in which two entries have columns of one colour, in O(nnz) operations on whole arrays."""
    count = int(colours.max(initial=-1)) + 1
    found = [np.zeros(0, np.intp)]
    size = 1 << 20 if count <= 64 else max(1, (1 << 24) // count)
    weights = np.maximum(pattern.row_counts, 1) if count <= 64 else np.ones(pattern.shape[0], int)
    for start, stop in chunks(weights, size):
        ends = pattern.indptr[start : stop + 1]
        own = colours[pattern.indices[ends[0] : ends[-1]]]
        lengths = np.diff(ends)
        rows = np.flatnonzero(lengths)
        if not len(rows):
            continue
        if count <= 64:
            bits = np.left_shift(np.uint64(1), own.astype(np.uint64))
            met = np.bitwise_or.reduceat(bits, ends[rows] - ends[0])
            wrong = np.bitwise_count(met) < lengths[rows]
        else:
            places = np.repeat(np.arange(len(lengths)), lengths) * count + own
            times = np.bincount(places, minlength=len(lengths) * count)
            wrong = times.reshape(len(lengths), count).max(axis=1)[rows] > 1
        found.append(start + rows[wrong])
    return np.concatenate(found)


def lattice_colouring(pattern: Pattern, fewest: int, below: int) -> np.ndarray | None:
    """Look for a colouring of the columns of the form (Σ multiplier · digit) mod p, but for a few columns.

    Parameters
    ----------
    pattern : Pattern
        Columns that share a row get different colours.
    fewest, below : int
        The number of colours is at least `fewest`, and has to be less than `below`.

    Returns
    -------
    ndarray of int or None
        The colours, or None where the pattern does not repeat.

    Notes
    -----
    The digits are those of the column number in a system of mixed radix, so that on a grid they are the coordinates;
    the radices are frequent differences between columns of one row that divide each other. With a single digit this
    is ``j mod p``, which is optimal for bands (Curtis, Powell & Reid 1974); with the coordinates of a grid it gives the
    tilings of Goldfarb & Toint 1984 (Optimal estimation of Jacobian and Hessian matrices that arise in finite
    difference calculations, Math. Comp. 43), for instance five colours for the five-point stencil.

    The formula is guessed from the rows of a sample: the digits of every two columns in it must differ by a vector on
    which the formula is not 0. It is checked on all rows. Where few contradict it, as at the seams of a periodic grid,
    their columns are coloured again one by one; and these rows join the sample for the next guess.
    """
    widest = int(pattern.row_counts.max(initial=0))
    fewest = max(fewest, widest, 1)
    if fewest >= below or widest > _WIDEST:
        return None
    rows = np.flatnonzero(pattern.row_counts > 1)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(_ROWS, len(rows))).astype(np.intp))]
    pairs = _pairs(pattern, rows)
    formulas = [_Formula(pattern, values, pairs) for values in _radices(pairs, pattern.shape[1])]
    best, count = None, below
    for first, last in ((fewest, fewest + 1), (fewest + 1, below)):
        for formula in formulas:
            found = _fitted(formula, first, min(last, count))
            if found is not None:
                best, count = found, int(found.max()) + 1
            if best is not None and count <= _SEAMLESS * fewest:
                return best
    # Perhaps a few rows are in the way: fit what is common, and mend the seams.
    tries = max(3, _MENDED // max(pattern.nnz, 1))
    for p in range(fewest, count):
        for formula in formulas:
            colours = formula.colours(p, common=True) if tries and p < count else None
            if colours is None:
                continue
            tries -= 1
            wrong = rows_in_conflict(pattern, colours)
            if len(wrong) <= _SEAMS * pattern.shape[0]:
                found = _mended(pattern, colours, wrong)
                if found.max() + 1 < count:
                    best, count = found, int(found.max()) + 1
    return best


def _fitted(formula: _Formula, fewest: int, below: int) -> np.ndarray | None:
    """Look for a formula that no row contradicts."""
    rounds = _ROUNDS
    p = fewest
    while p < below and rounds:
        colours = formula.colours(p)
        if colours is None:
            p += 1
            continue
        wrong = rows_in_conflict(formula.pattern, colours)
        if not len(wrong):
            return colours
        formula.learn(wrong[:: max(1, len(wrong) // 64)])
        rounds -= 1
    return None


class _Formula:
    """Colours (Σ multiplier · digit) mod p in one system of mixed radix, and what is known against them."""

    def __init__(self, pattern: Pattern, values: list[int], pairs: np.ndarray) -> None:
        self.pattern = pattern
        self.values = np.array(values)
        self.vectors, counts = self._vectors(pairs)
        self.common = self.vectors[counts > counts.max(initial=0) // 8]
        self._digits: np.ndarray | None = None

    def colours(self, p: int, common: bool = False) -> np.ndarray | None:
        """Return colours for which no vector, or no `common` one, gives 0."""
        vectors = self.common if common else self.vectors
        multipliers = _multipliers(vectors, p) if len(vectors) <= _DIFFERENCES else None
        if multipliers is None:
            return None
        if self._digits is None:
            self._digits = _digits(np.arange(self.pattern.shape[1]), self.values)
        made: np.ndarray = self._digits @ multipliers % p
        return made

    def learn(self, rows: np.ndarray) -> None:
        """Take rows into account that contradict the colours."""
        more = np.concatenate([self.vectors, self._vectors(_pairs(self.pattern, rows))[0]])
        self.vectors = np.unique(more, axis=0)

    def _vectors(self, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct vectors by which the digits of two columns differ, and how often each was met."""
        apart = _digits(pairs[1], self.values) - _digits(pairs[0], self.values)
        # One number for each vector, since those are faster to sort.
        span = 2 * np.abs(apart).max(axis=0, initial=0) + 1
        keys = apart @ np.r_[1, np.cumprod(span[:-1])]
        _, first, counts = np.unique(keys, return_index=True, return_counts=True)
        return apart[first], counts


def _mended(pattern: Pattern, colours: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Give another colour to columns that have in some row that of an earlier one: the least that is free."""
    again: set[int] = set()
    for own in _lists(pattern, wrong):
        met: set[int] = set()
        for column, colour in zip(own, colours[own].tolist(), strict=True):
            if colour in met:
                again.add(column)
            met.add(colour)
    columns = np.array(sorted(again), np.intp)
    mended = colours.copy()
    mended[columns] = -1
    across = pattern.tocsr()[:, columns].T.tocsr()
    rows: dict[int, int] = {}
    touching = np.unique(across.indices)
    for row, own in zip(touching.tolist(), _lists(pattern, touching), strict=True):
        mask = 0
        for colour in mended[own].tolist():
            if colour >= 0:
                mask |= 1 << colour
        rows[row] = mask
    for place, column in enumerate(columns.tolist()):
        touched = across.indices[across.indptr[place] : across.indptr[place + 1]].tolist()
        mask = 0
        for row in touched:
            mask |= rows[row]
        bit = ~mask & (mask + 1)
        mended[column] = bit.bit_length() - 1
        for row in touched:
            rows[row] |= bit
    return mended


def _lists(pattern: Pattern, rows: np.ndarray) -> Iterator[list[int]]:
    """Yield the columns of some rows."""
    starts, stops = pattern.indptr[rows].tolist(), pattern.indptr[rows + 1].tolist()
    for start, stop in zip(starts, stops, strict=True):
        yield pattern.indices[start:stop].tolist()


def _pairs(pattern: Pattern, rows: np.ndarray) -> np.ndarray:
    """Return the columns of every two entries in one of the rows, the smaller first."""
    starts, stops = pattern.indptr[rows], pattern.indptr[rows + 1]
    lengths = stops - starts
    places = np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    ends = np.repeat(stops, lengths)
    found = [np.zeros((2, 0), np.int64)]
    for apart in range(1, int(lengths.max(initial=0))):
        first = places[places + apart < ends]
        found.append(pattern.indices[np.stack([first, first + apart])].astype(np.int64))
    return np.concatenate(found, axis=1)


def _radices(pairs: np.ndarray, n: int) -> list[list[int]]:
    """Return place values for the numbers of n columns: none, and frequent differences that divide each other.

    Those come first that divide n, as the sides of a grid do, and among them the most frequent.
    """
    gaps, counts = np.unique(pairs[1] - pairs[0], return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:_GAPS]
    weights = dict(zip(gaps[frequent].tolist(), counts[frequent].tolist(), strict=True))
    weights.pop(1, None)
    chains: list[list[int]] = []

    def extend(chain: list[int]) -> None:
        following = [gap for gap in sorted(weights) if gap > chain[-1] and gap % chain[-1] == 0]
        # Only the next in each chain: 2 and 4 before 8.
        nearest = [gap for gap in following if not any(gap % g == 0 for g in following if g < gap)]
        for gap in nearest:
            if len(chains) < 8 * _GAPS:
                extend([*chain, gap])
        if not nearest and len(chain) > 1:
            chains.append(chain)

    extend([1])
    chains.sort(
        key=lambda chain: (
            sum(n % gap > 0 for gap in chain),
            -sum(weights.get(g, 0) for g in chain),
        )
    )
    return [[1], *chains[:_CHAINS]]


def _digits(numbers: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Write numbers in the system of mixed radix with these place values, the last digit unbounded."""
    digits: np.ndarray = numbers[:, None] // values
    digits[:, :-1] %= values[1:] // values[:-1]
    return digits


def _multipliers(vectors: np.ndarray, p: int) -> np.ndarray | None:
    """Return multipliers of the digits whose sum is not 0 mod p on any of the vectors, the first such in order.

    Digit by digit: the vectors that end with digit ``t`` exclude choices of the first ``t + 1`` multipliers.
    """
    length = vectors.shape[1]
    last = np.where(vectors != 0, np.arange(length), -1).max(axis=1, initial=-1)
    chosen: np.ndarray = np.zeros((1, 0), np.int64)
    for t in range(length):
        ending = vectors[last == t]
        options = np.arange(p) if t else np.arange(p // 2 + 1)
        chosen = chosen[: max(1, _TERMS // max(1, len(options) * len(ending)))]
        known = chosen @ ending[:, :t].T
        sums = known[:, None, :] + options[None, :, None] * ending[None, None, :, t]
        kept = np.argwhere((sums % p != 0).all(axis=2))[:_FOLLOWED]
        if not len(kept):
            return None
        chosen = np.concatenate([chosen[kept[:, 0]], options[kept[:, 1], None]], axis=1)
    first: np.ndarray = chosen[0]
    return first
