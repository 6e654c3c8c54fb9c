"""Finite differences along lines x + τ v, by SciPy, each with its expected error.

Enters: F: ℝⁿ → ℝᵐ, a point and lines. Leaves: one derivative per line and output, its expected
error, and the lines whose second differences look like a kink. `ladder.py` examines what stays in
doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Lines", "Slopes", "central_slopes", "fprime_slopes", "scipy_slopes"]

Function = Callable[[np.ndarray], np.ndarray]

# The widest step in units of the line; and the elements of one vectorised SciPy call, which bound
# its working memory to a few MB.
FIRST_STEP = 2.0**-4
CHUNK = 1 << 14


class Lines:
    """Straight lines through a point: the scaled coordinate axes, or given directions.

    Parameters
    ----------
    x : ndarray, shape (n,)
    scales : ndarray, shape (n,)
        Powers of two; axis j moves by ``τ scales[j]``.
    directions : ndarray, shape (n, k), optional
        Columns to move along, in place of the axes.
    """

    def __init__(
        self, x: np.ndarray, scales: np.ndarray, directions: np.ndarray | None = None
    ) -> None:
        self.x = x
        self.scales = scales
        self.directions = directions

    @property
    def count(self) -> int:
        return self.x.size if self.directions is None else self.directions.shape[1]

    def vector(self, s: int) -> np.ndarray:
        """Return the direction of line `s`."""
        if self.directions is not None:
            direction: np.ndarray = self.directions[:, s]
            return direction
        axis = np.zeros(self.x.size)
        axis[s] = self.scales[s]
        return axis

    def point(self, s: int, tau: float) -> np.ndarray:
        """Return x + τ v_s."""
        point: np.ndarray
        if self.directions is not None:
            point = self.x + tau * self.directions[:, s]
        else:
            point = self.x.copy()
            point[s] += tau * self.scales[s]
        return point

    def apply(self, matrix: np.ndarray) -> np.ndarray:
        """Return ``matrix @ V``: derivatives along the lines from a Jacobian."""
        product: np.ndarray
        product = matrix * self.scales if self.directions is None else matrix @ self.directions
        return product


class Slopes(NamedTuple):
    """Derivatives of m outputs along k lines, by differences.

    Attributes
    ----------
    value, error : ndarray, shape (m, k)
        Slope per unit of τ, and the expected error of the formula (truncation and rounding).
    magnitude : ndarray, shape (m,)
        The largest |F| met, for rounding.
    bent : ndarray of bool, shape (k,)
        Lines where the second difference does not shrink like τ², as at a kink.
    """

    value: np.ndarray
    error: np.ndarray
    magnitude: np.ndarray
    bent: np.ndarray


def central_slopes(F: Function, y: np.ndarray, lines: Lines, rounding: np.ndarray) -> Slopes:
    """Return central differences with error estimates, by the best method of the SciPy at hand."""
    try:
        import scipy.differentiate  # noqa: F401  (SciPy >= 1.15)
    except ImportError:
        return fprime_slopes(F, y, lines, rounding)
    return scipy_slopes(F, y, lines, rounding)


class _Record:
    """Values of F along lines, kept for the kink test and to evaluate no point twice."""

    def __init__(self, F: Function, y: np.ndarray, lines: Lines) -> None:
        self.F = F
        self.y = y
        self.lines = lines
        self.values: dict[int, dict[float, np.ndarray]] = {}
        self.magnitude = np.abs(y)

    def __call__(self, s: int, tau: float) -> np.ndarray:
        if tau == 0:
            return self.y
        known = self.values.setdefault(s, {})
        if tau not in known:
            known[tau] = self.F(self.lines.point(s, tau))
            self.magnitude = np.fmax(self.magnitude, np.abs(known[tau]))
        return known[tau]

    def bent(self, s: int, rounding: np.ndarray) -> bool:
        """Say whether (F(τ) + F(-τ) - 2 F(0)) / τ fails to shrink with the two smallest steps."""
        known = self.values[s]
        steps = sorted(t for t in known if t > 0 and -t in known)[:2]
        if len(steps) < 2:
            return False
        first, second = (known[t] + known[-t] - 2 * self.y for t in steps)
        shrinks = np.abs(first) / steps[0] <= 0.7 * np.abs(second) / steps[1]
        return bool(np.any(~shrinks & (np.abs(first) > 64 * rounding * self.magnitude)))


def scipy_slopes(F: Function, y: np.ndarray, lines: Lines, rounding: np.ndarray) -> Slopes:
    """Differences of order 8 with refinement, by `scipy.differentiate.derivative`."""
    from scipy.differentiate import derivative

    m, k = y.size, lines.count
    value, error = np.empty((m, k)), np.empty((m, k))
    magnitude, bent = np.abs(y), np.zeros(k, bool)
    for part in _chunks(k, max(1, CHUNK // max(m, 1))):
        record = _Record(F, y, lines)

        def along(taus: Any, line: Any, output: Any, record: _Record = record) -> Any:
            taus, line, output = np.broadcast_arrays(taus, line, output)
            result = np.empty(taus.shape)
            table, out = taus.reshape(taus.shape[0], -1), result.reshape(taus.shape[0], -1)
            owner, row = line.reshape(table.shape)[:, 0], output.reshape(table.shape)[:, 0]
            for s in np.unique(owner):
                mine = np.flatnonzero(owner == s)
                for c, tau in enumerate(table[mine[0]]):
                    out[mine, c] = record(int(s), float(tau))[row[mine]]
            return result

        owners = np.repeat(np.arange(part.start, part.stop), m)
        rows = np.tile(np.arange(m), part.stop - part.start)
        if not owners.size:
            continue
        found = derivative(
            along,
            np.zeros(owners.size),
            args=(owners, rows),
            order=8,
            initial_step=FIRST_STEP,
            tolerances={"atol": 0.0, "rtol": 1e-10},
            maxiter=4,
        )
        value[:, part] = found.df.reshape(-1, m).T
        error[:, part] = found.error.reshape(-1, m).T
        magnitude = np.fmax(magnitude, record.magnitude)
        bent[part] = [record.bent(s, rounding) for s in range(part.start, part.stop)]
    # Order 8 divides values by steps down to FIRST_STEP / 64.
    floor = (rounding * magnitude * (16 / FIRST_STEP))[:, None]
    return Slopes(value, np.abs(error) + floor, magnitude, bent)


def fprime_slopes(F: Function, y: np.ndarray, lines: Lines, rounding: np.ndarray) -> Slopes:
    """Richardson-extrapolated central differences from `scipy.optimize.approx_fprime`.

    For SciPy before 1.15, which has no `scipy.differentiate`. Forward and backward differences at
    steps τ, τ/4, τ/16 give central ones, from which the terms in τ² and τ⁴ are removed; the
    expected error is the change made by the last removal, plus rounding.
    """
    from scipy.optimize import approx_fprime

    m, k = y.size, lines.count
    value, error = np.empty((m, k)), np.empty((m, k))
    magnitude, bent = np.abs(y), np.zeros(k, bool)
    steps = FIRST_STEP * np.array([0.5, 0.125, 0.03125])
    for s in range(k):
        record = _Record(F, y, lines)

        def along(taus: np.ndarray, s: int = s, record: _Record = record) -> np.ndarray:
            return record(s, float(taus[0]))

        origin = np.zeros(1)
        c0, c1, c2 = (
            np.reshape(approx_fprime(origin, along, h) + approx_fprime(origin, along, -h), m) / 2
            for h in steps
        )
        r0, r1 = (16 * c1 - c0) / 15, (16 * c2 - c1) / 15
        value[:, s] = (256 * r1 - r0) / 255
        error[:, s] = np.abs(value[:, s] - r1) + np.abs(r1 - r0) / 16
        magnitude = np.fmax(magnitude, record.magnitude)
        bent[s] = record.bent(s, rounding)
    return Slopes(value, error + (4 * rounding * magnitude / steps[-1])[:, None], magnitude, bent)


def _chunks(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
