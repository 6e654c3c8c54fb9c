"""Thurber fitted by SciPy, once per source of the Jacobian, and the table that compares them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import dualrev as dr
from dualrev.demo import thurber

# As tight as least_squares goes: the digits that are left then belong to the Jacobian.
TOLERANCE = 1e-15


@dataclass(frozen=True)
class Fit:
    """One fit: who supplied the Jacobian, what came out, what it cost."""

    source: str
    parameters: NDArray[np.float64]
    sum_of_squares: float
    nfev: int
    njev: int
    calls: int
    seconds: float

    @property
    def digits(self) -> NDArray[np.float64]:
        """Digits of each parameter that agree with the certified value."""
        return agreeing_digits(self.parameters, thurber.CERTIFIED)


class Counted:
    """A function that counts every call of itself, by whomever: solver, differences or tracing."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, b: Any) -> Any:
        self.calls += 1
        return self.function(b)


def agreeing_digits(value: Any, certified: Any) -> NDArray[np.float64]:
    """Return -log₁₀ of the relative error, at most the eleven digits that NIST certifies.

    Examples
    --------
    >>> agreeing_digits(np.array([1.001, 2.0]), np.array([1.0, 2.0])).round(6)
    array([ 3., 11.])
    """
    error = np.abs(np.subtract(value, certified) / certified)
    digits: NDArray[np.float64] = -np.log10(np.maximum(error, 10.0**-thurber.CERTIFIED_DIGITS))
    return digits


def fit(source: str, repeats: int = 5) -> Fit:
    """Fit Thurber from its start; `source` is "2-point", "3-point" (SciPy's own) or "dualrev".

    The counts are those of one fit, the seconds are the fastest of `repeats`.
    """
    from scipy.optimize import least_squares

    seconds = []
    for _ in range(repeats):
        counted = Counted(thurber.residuals)
        begin = time.perf_counter()
        jac: Any = dr.jacobian(counted) if source == "dualrev" else source
        result: Any = least_squares(
            counted,
            thurber.START,
            jac=jac,
            x_scale="jac",
            ftol=TOLERANCE,
            xtol=TOLERANCE,
            gtol=TOLERANCE,
        )
        seconds.append(time.perf_counter() - begin)
    return Fit(
        source=source,
        parameters=result.x,
        sum_of_squares=2 * float(result.cost),
        nfev=result.nfev,
        njev=result.njev,
        calls=counted.calls,
        seconds=min(seconds),
    )


def report(fits: list[Fit]) -> str:
    """Return the comparison as text: parameters and their digits, then what each fit took."""
    start = ", ".join(f"{value:g}" for value in thurber.START)
    lines = [
        "Thurber, certified by NIST, higher difficulty: 37 observations, 7 parameters",
        "y = (b1 + b2 x + b3 x² + b4 x³) / (1 + b5 x + b6 x² + b7 x³)",
        f"scipy.optimize.least_squares from {start}; all tolerances {TOLERANCE:g}",
        "",
        f"{'':4}{'certified':>16}" + "".join(f"  {f.source:>16}{'digits':>8}" for f in fits),
    ]
    for j, certified in enumerate(thurber.CERTIFIED):
        found = "".join(f"  {f.parameters[j]:16.10E}{f.digits[j]:8.1f}" for f in fits)
        lines.append(f"b{j + 1:<3}{certified:16.10E}{found}")
    names = ("sum of squares", "fewest digits", "nfev", "njev", "calls", "seconds")
    widths = (18, 16, 7, 7, 8, 11)
    heads = "".join(f"{name:>{width}}" for name, width in zip(names, widths, strict=True))
    lines += ["", f"{'Jacobian from':<18}{heads}"]
    for f in fits:
        name = f.source if f.source == "dualrev" else f"SciPy, {f.source}"
        lines.append(
            f"{name:<18}{f.sum_of_squares:18.10E}{f.digits.min():16.1f}"
            f"{f.nfev:7d}{f.njev:7d}{f.calls:8d}{f.seconds:11.4f}"
        )
    lines += [
        f"{'certified':<18}{thurber.CERTIFIED_SUM_OF_SQUARES:18.10E}",
        "",
        "digits: -log10 of the relative error against the certified value (11 are certified)",
        "nfev, njev: as SciPy counts; calls: every call of the residual function there was",
    ]
    return "\n".join(lines)
