"""Derivatives against differences: from two tables of numbers to a verdict with its reason.

Enters: F along lines, and claimed derivatives along the same lines. Leaves: a `Comparison`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.testing.differences import Function, Lines, central_slopes
from dualrev.testing.ladder import View, examine
from dualrev.testing.report import VERDICTS, Comparison, Entry

__all__ = ["Judge"]

# A derivative is off when it differs by more than this many expected errors of the difference.
SAFETY = 10.0
# Rounding in the derivative itself; no wrong rule is wrong by so little.
RTOL = 1e-7
# An entry is verified when an error of this relative size could not hide in its tolerance.
POWER = 1e-3
# What differences cannot tell from zero is zero when they resolve this fraction of the function's
# slopes at larger steps, or of the largest slope of the same output.
NOUGHT = 1e-6
# Entries resolved to this fraction of the largest slope of the same output are verified.
FAINT = 1e-9


class Judge:
    """Differences of one function, computed once and shared by the ways of computing derivatives.

    Parameters
    ----------
    F : callable
        From coordinates to a vector of outputs.
    y : ndarray
        ``F(lines.x)``.
    lines : Lines
    rounding : ndarray
        Machine epsilon of each output.
    labels : tuple of callables
        Name of an input coordinate, and of an output coordinate.
    rtol, atol : float or None
        A derivative within ``atol + rtol |difference|`` passes whatever the expected error.
    exact : ndarray or None
        Complex-step derivatives along the lines.
    variation : ndarray or None
        Size of the outputs that rounding is relative to, where it is more than |y|: they may be
        sums of larger terms that cancel at the point.
    """

    def __init__(
        self,
        F: Function,
        y: np.ndarray,
        lines: Lines,
        rounding: np.ndarray,
        labels: tuple[Callable[[int], str], Callable[[int], str]],
        *,
        rtol: float | None = None,
        atol: float | None = None,
        exact: np.ndarray | None = None,
        variation: np.ndarray | None = None,
    ) -> None:
        self.F = F
        self.y = y
        self.lines = lines
        self.rounding = rounding
        self.labels = labels
        self.rtol = RTOL if rtol is None else rtol
        self.atol = 0.0 if atol is None else atol
        slopes = central_slopes(F, y, lines, rounding)
        self.exact = exact
        size = np.abs(y) if variation is None else np.fmax(np.abs(y), variation)
        self.noise = rounding * np.fmax(size, np.finfo(float).tiny)
        # Rounding to be expected in the derivatives themselves.
        self.floor = 64 * self.noise
        self.slopes = slopes._replace(error=slopes.error + self.floor[:, None])
        value, error = np.abs(self.slopes.value), self.slopes.error
        largest = np.max(np.where(value > SAFETY * error, value, 0.0), axis=1, initial=0.0)
        level = 2.0**16 * np.fmax(self.noise, rounding * slopes.magnitude)
        self._level = SAFETY * level
        self._largest = largest
        self._views: dict[int, View] = {}

    def contradicted(self) -> np.ndarray:
        """Return where an accurate difference contradicts the complex step: not analytic."""
        value, error = self.slopes.value, self.slopes.error
        if self.exact is None:
            return np.zeros(value.shape, bool)
        size = np.fmax(np.abs(value), np.abs(self.exact))
        accurate = SAFETY * error <= POWER * size
        off = ~(np.abs(self.exact - value) <= SAFETY * error + RTOL * np.abs(value))
        contradicted: np.ndarray = (off & accurate) | ~np.isfinite(self.exact)
        return contradicted

    def compare(
        self,
        order: int,
        source: str,
        claim: np.ndarray,
        along: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Comparison:
        """Compare claimed derivatives along the lines with the differences.

        Parameters
        ----------
        order, source
            Kept in the comparison.
        claim : ndarray, shape (m, k)
        along : callable, optional
            The claimed derivative along any direction; with it, a wrong entry is located when the
            lines are random directions.
        """
        value, error = self.slopes.value, self.slopes.error
        gap = np.abs(claim - value)
        tolerance = self._allowed(value) + SAFETY * error
        found: list[tuple[Entry, tuple[int, int], float]] = []
        for i, s in np.argwhere(~np.isfinite(claim))[:1]:
            entry = self._entry(claim, i, s, "non-finite", "the derivative is not finite")
            found.append((entry, (i, s), np.inf))
        if not found:
            settled = self._settled(claim, gap, tolerance)
            score = np.where(
                np.isfinite(gap), gap / np.where(tolerance > 0, tolerance, 1e-300), np.inf
            )
            found = self._examine(claim, ~settled, score)
            if claim.size and np.any(settled):
                best = int(np.argmax(np.where(settled, score, -1.0)))
                i, s = (int(k) for k in np.unravel_index(best, score.shape))
                found.append((self._entry(claim, i, s, "correct", ""), (i, s), score[i, s]))
        worst, verdict = None, "correct"
        if found:
            worst, at, _ = min(found, key=lambda f: (VERDICTS.index(f[0].verdict), -f[2]))
            verdict = worst.verdict
            if verdict == "wrong" and along is not None and self.lines.directions is not None:
                worst = self._locate(along, *at, worst)
        finite = tolerance[np.isfinite(tolerance)]
        return Comparison(
            order,
            source,
            verdict,
            worst,
            claim.size,
            int(np.sum(~(gap <= tolerance))),
            None if self.lines.directions is None else self.lines.count,
            float(finite.max()) if finite.size else float("inf"),
        )

    def _settled(self, claim: np.ndarray, gap: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
        """Say which entries agree with a difference that is accurate enough to mean something."""
        value, error, _, bent = self.slopes
        close = gap <= self._allowed(value)
        largest = self._largest[:, None]
        informed = self._informed(
            claim,
            value,
            SAFETY * error,
            slice(None),
            NOUGHT * largest,
        )
        settled: np.ndarray = (gap <= tolerance) & (close | informed) & ~bent
        return settled

    def _informed(self, claim: Any, value: Any, resolution: Any, rows: Any, nought: Any) -> Any:
        """Say whether differences of this resolution would show that a derivative is wrong."""
        column = (rows, None) if isinstance(rows, slice) else rows
        rounding, level, largest = (
            table[column] for table in (SAFETY * self.floor, self._level, self._largest)
        )
        size = np.fmax(np.abs(value), np.abs(claim))
        # Zero up to rounding, as the derivative of sin² + cos²: the difference is no better.
        cancelled = (np.abs(claim) <= rounding) & (resolution <= level)
        zero = (np.abs(value) <= resolution) & (
            cancelled | ((size <= resolution) & (resolution <= nought))
        )
        return (resolution <= POWER * size) | (resolution <= FAINT * largest) | zero

    def _allowed(self, value: Any, s: int | None = None) -> Any:
        """Return what a derivative may be off by whatever the error of the difference."""
        if self.lines.directions is None:
            unit = self.lines.scales
        else:
            unit = np.max(np.abs(self.lines.directions), axis=0, initial=0.0)
        return self.atol * (unit if s is None else unit[s]) + self.rtol * np.abs(value)

    def _examine(
        self, claim: np.ndarray, doubtful: np.ndarray, score: np.ndarray
    ) -> list[tuple[Entry, tuple[int, int], float]]:
        """Judge the doubtful entries line by line, the worst first, until a few are wrong."""
        found: list[tuple[Entry, tuple[int, int], float]] = []
        lines = np.flatnonzero(doubtful.any(axis=0))
        severity = np.where(doubtful, score, -1.0)[:, lines].max(axis=0, initial=-1.0)
        wrong = 0
        for s in lines[np.argsort(-severity, kind="stable")]:
            view = self._view(int(s))
            judged = [
                (*self._verdict(claim, int(i), int(s), view), (int(i), int(s)))
                for i in np.flatnonzero(doubtful[:, s])
            ]
            found += [(entry, at, off) for entry, off, at in judged]
            wrong += any(entry.verdict == "wrong" for entry, _, _ in judged)
            if wrong == 4:
                break
        return found

    def _view(self, s: int) -> View:
        if s not in self._views:
            self._views[s] = examine(
                lambda tau: self.F(self.lines.point(s, tau)), self.y, self.noise, self._units(s)
            )
        return self._views[s]

    def _units(self, s: int) -> list[float]:
        """Return step sizes worth trying: of the line, of its smallest coordinate, and one."""
        v = np.abs(self.lines.vector(s))
        moved = (v > 0) & (self.lines.x != 0)
        units = [1.0]
        if moved.any():
            smallest = np.exp2(np.floor(np.log2(np.min(np.abs(self.lines.x[moved]) / v[moved]))))
            units += [float(smallest)] if smallest < 2.0**-10 else []
        if v.max() < 2.0**-10:
            units.append(float(np.exp2(-np.round(np.log2(v.max())))))
        return units

    def _verdict(self, claim: np.ndarray, i: int, s: int, view: View) -> tuple[Entry, float]:
        """Judge one entry with the ladder's view of its line; return it and gap over tolerance."""
        c = claim[i, s]
        left, right = float(view.left.value[i]), float(view.right.value[i])
        left_error, right_error = float(view.left.error[i]), float(view.right.error[i])
        if view.jump[i]:
            why = "the value itself jumps at the point"
            return self._entry(claim, i, s, "kink", why), 1.0
        if view.kink[i]:
            slack = SAFETY * (left_error + right_error) + self.rtol * max(abs(left), abs(right))
            inside = min(left, right) - slack <= c <= max(left, right) + slack
            where = f"within {view.reach[i] * self._length(s):.0e} of the point"
            if inside:
                why = f"the function has a kink {where}; the derivative lies between its sides"
                return self._entry(claim, i, s, "kink", why, sides=(left, right)), 1.0
            why = f"the function has a kink {where}, and the derivative lies outside its sides"
            return self._entry(claim, i, s, "wrong", why, sides=(left, right)), np.inf
        value, error = float(view.central.value[i]), float(view.central.error[i])
        # The first differences went down to steps of 2^-8 or so.
        first = self.slopes.value[i, s]
        first_error = self.slopes.error[i, s] + 2.0**10 * view.noise[i]
        if first_error < error and not abs(first - value) > SAFETY * (first_error + error):
            value, error = first, first_error
        why = ""
        if not np.isfinite(error):
            value, error = min((left, left_error), (right, right_error), key=lambda p: p[1])
            why = "the point is at the edge of the domain: one-sided difference"
        if not np.isfinite(error):
            why = "the function is finite on neither side of the point: nothing to compare with"
            return self._entry(claim, i, s, "non-finite", why), np.inf
        resolution = SAFETY * error
        allowed = self._allowed(value, s)
        gap, tolerance = abs(c - value), allowed + resolution
        nought = NOUGHT * max(self._largest[i], view.span[i])
        informed = self._informed(c, value, resolution, i, nought)
        # The derivative may be rounding where the difference cancels exactly.
        cancelled = abs(c) <= SAFETY * self.floor[i] and abs(value) <= resolution
        if gap > tolerance and not cancelled:
            verdict = "wrong"
        elif gap <= allowed or informed or self._confirmed(c, i, s):
            verdict = "correct"
        else:
            verdict = "ill-conditioned"
            why = "the difference is too inaccurate to tell; " + (
                why or "rounding in the function hides its change"
            )
        entry = self._entry(claim, i, s, verdict, why, value=value, error=error)
        return entry, gap / max(tolerance, 1e-300)

    def _confirmed(self, c: float, i: int, s: int) -> bool:
        """Say whether the complex step, which has no cancellation, gives this very derivative.

        It may only confirm: on code that is not analytic it can be wrong, above all by being zero.
        """
        if self.exact is None or not np.isfinite(self.exact[i, s]) or self.exact[i, s] == 0:
            return False
        return bool(abs(c - self.exact[i, s]) <= RTOL * abs(self.exact[i, s]))

    def _length(self, s: int) -> float:
        return float(np.max(self.lines.vector(s)))

    def _entry(
        self,
        claim: np.ndarray,
        i: Any,
        s: Any,
        verdict: str,
        why: str,
        *,
        value: float | None = None,
        error: float | None = None,
        sides: tuple[float, float] | None = None,
    ) -> Entry:
        """Return an entry in the user's units: per unit of the coordinate, or along a direction."""
        value = float(self.slopes.value[i, s]) if value is None else value
        error = float(self.slopes.error[i, s]) if error is None else error
        unit, place = 1.0, f"(direction {s})"
        if self.lines.directions is None:
            unit, place = float(self.lines.scales[s]), self.labels[0](int(s))
        exact = None if self.exact is None else float(self.exact[i, s]) / unit
        if exact is not None and not (np.isfinite(exact) and exact):
            exact = None
        return Entry(
            place,
            self.labels[1](int(i)),
            verdict,
            float(claim[i, s]) / unit,
            value / unit,
            error / unit,
            float(self._allowed(value, s) + SAFETY * error) / unit,
            exact,
            None if sides is None else (sides[0] / unit, sides[1] / unit),
            why,
        )

    def _locate(
        self, along: Callable[[np.ndarray], np.ndarray], i: int, s: int, worst: Entry
    ) -> Entry:
        """Find a wrong entry behind a wrong directional derivative, by halving the direction."""
        direction = self.lines.vector(s)
        chosen = np.flatnonzero(direction)
        while chosen.size > 1:
            halves = np.array_split(chosen, 2)
            columns = np.zeros((direction.size, 2))
            for k, half in enumerate(halves):
                columns[half, k] = direction[half]
            lines = Lines(self.lines.x, self.lines.scales, columns)
            slopes = central_slopes(self.F, self.y, lines, self.rounding)
            gaps = [abs(along(columns[:, k])[i] - slopes.value[i, k]) for k in (0, 1)]
            if not np.all(np.isfinite(gaps)):
                return worst
            chosen = halves[int(gaps[1] > gaps[0])]
        j = int(chosen[0])
        axis = np.zeros(direction.size)
        axis[j] = unit = self.lines.scales[j]
        slopes = central_slopes(
            self.F, self.y, Lines(self.lines.x, self.lines.scales, axis[:, None]), self.rounding
        )
        value, error = float(slopes.value[i, 0]), float(slopes.error[i, 0])
        claim = float(along(axis)[i])
        tolerance = self.atol * unit + self.rtol * abs(value) + SAFETY * error
        if not abs(claim - value) > tolerance:
            return worst
        return Entry(
            self.labels[0](j),
            worst.output,
            "wrong",
            claim / unit,
            value / unit,
            error / unit,
            tolerance / unit,
            explanation=f"found behind {worst.input} by halving it",
        )
