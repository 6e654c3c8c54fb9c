"""The ladder: one line examined at steps from coarse to 2⁻⁴³, from both sides.

Where SciPy's differences and a derivative disagree, or where the error estimate is too large to
tell, the ladder says why: a smooth function, a kink, a jump, the edge of the domain, or noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Side", "View", "examine"]

RATIO = 4.0
RUNGS = 21
# Two estimates contradict each other when they differ by more than this many expected errors.
CONSISTENT = 5.0


class Side(NamedTuple):
    """The best slope from one formula and its expected error (inf where there is none)."""

    value: np.ndarray
    error: np.ndarray


class View(NamedTuple):
    """What the ladder saw, for m outputs on one line.

    Attributes
    ----------
    central, left, right : Side
        Slopes by central, backward and forward differences.
    kink, jump : ndarray of bool
        Left and right slopes differ down to the smallest visible step; the value itself jumps.
    reach : ndarray
        The smallest step at which a kink is visible: it lies within that distance of the point.
    span : ndarray
        The largest one-sided slope over the coarse steps: how much the function varies.
    noise : ndarray
        Rounding in the values, as measured at the smallest steps.
    """

    central: Side
    left: Side
    right: Side
    kink: np.ndarray
    jump: np.ndarray
    reach: np.ndarray
    span: np.ndarray
    noise: np.ndarray


def examine(
    psi: Callable[[float], np.ndarray], y: np.ndarray, floor: np.ndarray, units: list[float]
) -> View:
    """Examine τ ↦ psi(τ) around τ = 0.

    Parameters
    ----------
    psi : callable
        Values of m outputs at τ.
    y : ndarray, shape (m,)
        ``psi(0)``.
    floor : ndarray, shape (m,)
        Rounding error that each output has at least.
    units : list of float
        Powers of two; every unit gives a ladder from an eighth of it downwards. More than one is
        needed where the coordinate and the function vary at very different scales.

    Notes
    -----
    21 rungs and 42 evaluations per unit. Each column is extrapolated twice (Richardson); the value
    with the least error is kept, where error is the change against the neighbouring estimates plus
    noise over step, and what contradicts smaller steps is set aside. Noise is measured: the second
    differences of the four smallest steps, in which curvature has vanished.
    """
    best, *coarser = (_single(psi, y, floor, unit) for unit in sorted(units))
    for view in coarser:
        central = _refine(best.central, view.central)
        best = View(
            central,
            _refine(best.left, view.left),
            _refine(best.right, view.right),
            # A kink seen on one ladder and resolved below its steps by another is none.
            np.where(central.error < best.central.error, view.kink, best.kink),
            best.jump & view.jump,
            np.minimum(best.reach, view.reach),
            np.maximum(best.span, view.span),
            np.maximum(best.noise, view.noise),
        )
    return best


def _refine(fine: Side, coarse: Side) -> Side:
    """Take the coarser estimate where it is sharper and does not contradict the finer one.

    A slope is a limit: what is seen at small steps, however blurred, overrules larger ones.
    """
    agree = np.isinf(fine.error) | (
        np.abs(fine.value - coarse.value) <= CONSISTENT * (fine.error + coarse.error)
    )
    take = agree & (coarse.error < fine.error)
    return Side(np.where(take, coarse.value, fine.value), np.where(take, coarse.error, fine.error))


def _single(
    psi: Callable[[float], np.ndarray], y: np.ndarray, floor: np.ndarray, unit: float
) -> View:
    h = unit * 2.0**-3 * RATIO ** -np.arange(RUNGS)
    above = np.array([psi(t) for t in h])
    below = np.array([psi(-t) for t in h])
    step = h[:, None]
    forward, backward = (above - y) / step, (y - below) / step
    central, bend = (above - below) / (2 * step), (above + below - 2 * y) / step

    blind = _quantised(above, below, y, central, bend)
    for table in (forward, backward, central, bend):
        table[blind] = np.nan
    noise = np.maximum(floor, _last(np.abs(bend) * step, 4))
    with np.errstate(all="ignore"):
        return View(
            _extrapolate(central, 2, noise, h),
            _extrapolate(backward, 1, noise, h),
            _extrapolate(forward, 1, noise, h),
            *_kink(np.abs(bend), noise, h, _jump(above, below, y, floor)),
            np.fmax(_last(np.abs(forward[:6]), 6), _last(np.abs(backward[:6]), 6)),
            noise,
        )


def _last(table: np.ndarray, count: int) -> np.ndarray:
    """Return the largest of the last `count` finite entries of each column; 0 if there are none."""
    finite = np.isfinite(table)
    from_the_end = np.cumsum(finite[::-1], axis=0)[::-1]
    largest: np.ndarray = np.max(np.where(finite & (from_the_end <= count), table, 0.0), axis=0)
    return largest


def _quantised(
    above: np.ndarray, below: np.ndarray, y: np.ndarray, central: np.ndarray, bend: np.ndarray
) -> np.ndarray:
    """Mark small steps that a rounded function (computed in float32 inside) cannot see.

    They are flat although the function varies smoothly a few rungs higher; a function that is
    really constant near the point is flat too, but then there is a kink where it starts to vary.
    """
    flat = (above == y) & (below == y)
    lowest = flat.shape[0] - np.argmax(~flat[::-1], axis=0)  # rungs from here on are all flat
    varies = ~flat.all(axis=0)
    blind: np.ndarray = np.zeros_like(flat)
    for i in np.flatnonzero(varies & (lowest < flat.shape[0]) & (lowest >= 4)):
        k = lowest[i] - 4
        blind[lowest[i] :, i] = abs(bend[k, i]) <= 0.25 * abs(central[k, i])
    return blind


def _extrapolate(table: np.ndarray, order: int, noise: np.ndarray, h: np.ndarray) -> Side:
    """Return the best entry of a Romberg table whose error terms are h^order, h^(2 order), ..."""
    columns = [table]
    for p in (1, 2):
        factor = RATIO ** (order * p)
        last = columns[-1]
        columns.append((factor * last[1:] - last[:-1]) / (factor - 1))
    sides = []
    for p, column in enumerate(columns):
        rounding = 4 * noise / h[p:, None]
        change = np.abs(np.diff(column, axis=0))
        # Against both neighbours: one small difference may be an accident.
        error = np.full(column.shape, np.inf)
        error[1:] = change
        error[:-1] = np.where(np.isinf(error[:-1]), change, np.maximum(error[:-1], change))
        if p:
            error = np.maximum(error, np.abs(column - columns[p - 1][1:]))
        error = error + rounding
        seen = np.isfinite(error) & np.isfinite(column)
        sides.append((np.where(seen, column, 0.0), np.where(seen, error, np.inf)))
    m = table.shape[1]
    best = Side(np.zeros(m), np.full(m, np.inf))
    for k in reversed(range(RUNGS)):
        for p, (value, error) in enumerate(sides):
            if k >= p:
                best = _refine(best, Side(value[k - p], error[k - p]))
    return best


def _jump(above: np.ndarray, below: np.ndarray, y: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Say where the values of the four smallest steps stand still, away from the value itself."""
    right, left = above[-1], below[-1]
    spread = np.max(np.abs(above[-4:] - right), axis=0) + np.max(np.abs(below[-4:] - left), axis=0)
    gap = np.maximum(np.abs(right - y), np.abs(left - y))
    jump: np.ndarray = gap > 100 * spread + 1e3 * floor
    return jump


def _kink(
    bend: np.ndarray, noise: np.ndarray, h: np.ndarray, jump: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find slopes that differ between the sides by an amount that does not shrink with the step.

    At the smallest step whose bend stands out of the noise, it must be what it was 16 steps higher
    up (a smooth function has a sixteenth), and no smaller step may be able to show its absence.
    """
    kink = np.zeros(bend.shape[1], bool)
    reach = np.zeros(bend.shape[1])
    for i in range(bend.shape[1]):
        limit = 100 * noise[i] / h
        visible = np.flatnonzero(bend[:, i] > limit)
        if not visible.size or visible[-1] < 2:
            continue
        r = int(visible[-1])
        size = bend[r, i]
        resolved_below = np.any((limit[r + 1 :] < 0.5 * size) & np.isfinite(bend[r + 1 :, i]))
        # Noise that the four smallest steps did not show would grow fourfold from rung to rung.
        growth = bend[r - 1 : r + 1, i] / bend[r - 2 : r, i]
        steady = np.all((growth > 0.5) & (growth < 3.0)) and size > 0.5 * bend[r - 2, i]
        if steady and not resolved_below:
            kink[i], reach[i] = True, h[r]
    return kink | jump, jump, reach
