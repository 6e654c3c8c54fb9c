"""Problems that solvers with finite differences fail on or crawl through, before and after.

    python -m benchmarks.optimizer_problems                            print the table, about a minute
    python -m benchmarks.optimizer_problems --write docs/explanation/solvers.md    and put it at the end of the page
    python -m benchmarks.optimizer_problems --only rosenbrock fringe   some of them

Run it from the root of the checkout.  "Before" is SciPy as it is, "after" the same call on
``dualrev.scipy``; calls of the user's function are counted, by whomever they are made.  The gradient
at the end is the exact one in both rows.
"""

import argparse
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import scipy

import dualrev as dr

from . import saving

HEADING = "## Measured"


class Counted:
    """A function that counts its calls."""

    def __init__(self, f):
        self.f = f
        self.calls = 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


# -- the problems -----------------------------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_start(n):
    """The classical start -1.2, 1 repeated."""
    return np.resize([-1.2, 1.0], n)


def powell_badly_scaled(x):
    """More, Garbow & Hillstrom 1981, problem 3: the minimum is at (1.098e-5, 9.106)."""
    return (1e4 * x[0] * x[1] - 1) ** 2 + (np.exp(-x[0]) + np.exp(-x[1]) - 1.0001) ** 2


def brown_badly_scaled(x):
    """More, Garbow & Hillstrom 1981, problem 4: the minimum is at (1e6, 2e-6)."""
    return (x[0] - 1e6) ** 2 + (x[1] - 2e-6) ** 2 + (x[0] * x[1] - 2) ** 2


FRINGE_TIMES = np.linspace(0, 10, 200)
FRINGE_SIGMA = 0.01
FRINGE_TRUE = np.array([2.0, 0.3, 3.0, 0.5, 1e7])
FRINGE_START = np.array([1.0, 0.2, 2.9, 0.3, 1e7])


def fringe(p):
    """A damped sine on a large offset: an oscillator of 10 MHz that rings by 2 Hz."""
    t = FRINGE_TIMES
    return p[0] * np.exp(-p[1] * t) * np.sin(p[2] * t + p[3]) + p[4]


FRINGE_DATA = fringe(FRINGE_TRUE) + FRINGE_SIGMA * np.random.default_rng(0).standard_normal(200)


def fringe_residuals(p):
    return (fringe(p) - FRINGE_DATA) / FRINGE_SIGMA


def brusselator(points=200):
    """The Brusselator with diffusion on a line (Hairer & Wanner, Solving ODEs II, section IV.1).

    Returns the right-hand side, the initial state of ``2 * points`` unknowns, and the time span.
    """
    x = np.arange(1, points + 1) / (points + 1)
    diffusion = (points + 1) ** 2 / 50

    def laplacian(w, edge):
        padded = np.concatenate([[edge], w, [edge]])
        return padded[:-2] - 2 * w + padded[2:]

    def rhs(t, y):
        u, v = y[:points], y[points:]
        reaction = u * u * v
        return np.concatenate([
            1 + reaction - 4 * u + diffusion * laplacian(u, 1.0),
            3 * u - reaction + diffusion * laplacian(v, 3.0),
        ])  # fmt: skip

    return rhs, np.concatenate([1 + np.sin(2 * np.pi * x), np.full(points, 3.0)]), (0.0, 10.0)


# -- before and after -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """One solve: who supplied the derivatives, what it cost, where it ended, what it said."""

    problem: str
    solver: str
    derivatives: str
    calls: int
    seconds: float
    end: str
    reported: str
    figures: dict[str, float]

    def line(self) -> str:
        return (
            f"| {self.problem} | {self.solver} | {self.derivatives} | {self.calls} | "
            f"{self.seconds:.3g} | {self.end} | {self.reported} |"
        )


@contextmanager
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _both(module: str) -> list[tuple[str, object]]:
    """SciPy's module and its mirror."""
    from importlib import import_module

    return [
        ("finite differences", import_module(f"scipy.{module}")),
        ("dualrev", import_module(f"dualrev.scipy.{module}")),
    ]


def _verdict(result) -> str:
    return "success" if result.success else "failure"


def minimized(problem: str, f: Callable, x0: np.ndarray, method: str) -> Iterator[Outcome]:
    """`minimize` before and after."""
    for who, optimize in _both("optimize"):
        counted = Counted(f)
        start = time.perf_counter()
        with quiet():
            result = optimize.minimize(counted, x0, method=method)
        seconds = time.perf_counter() - start
        steepest = np.max(np.abs(dr.grad(f)(result.x)))
        end = f"f = {result.fun:.2g}, gradient {steepest:.1e}"
        figures = {"f": float(result.fun), "gradient": float(steepest)}
        yield Outcome(problem, method, who, counted.calls, seconds, end, _verdict(result), figures)


def fitted(
    problem: str, residuals: Callable, p0: np.ndarray, best: np.ndarray
) -> Iterator[Outcome]:
    """`least_squares` before and after: how many standard errors it ends from the minimum."""
    from dualrev.scipy import optimize as exact

    errors = exact.standard_errors(residuals, best, absolute_sigma=True)
    for who, optimize in _both("optimize"):
        counted = Counted(residuals)
        start = time.perf_counter()
        with quiet():
            result = optimize.least_squares(counted, p0)
        seconds = time.perf_counter() - start
        off = np.max(np.abs(result.x - best) / errors)
        end = f"{off:.1g} standard errors from the minimum"
        figures = {"standard errors": float(off)}
        yield Outcome(problem, "trf", who, counted.calls, seconds, end, _verdict(result), figures)


def fringe_minimum() -> np.ndarray:
    """The minimum to rounding: Gauss-Newton steps with an offset that is subtracted first."""
    data = FRINGE_DATA - FRINGE_TRUE[4]

    def residuals(q):
        t = FRINGE_TIMES
        return q[0] * np.exp(-q[1] * t) * np.sin(q[2] * t + q[3]) + q[4] - data

    q = np.array([*FRINGE_TRUE[:4], 0.0])
    for _ in range(12):
        q = q - np.linalg.lstsq(dr.jacobian(residuals)(q), residuals(q))[0]
    q[4] += FRINGE_TRUE[4]
    return q


def integrated(points: int = 200) -> Iterator[Outcome]:
    """`solve_ivp` with Radau before and after."""
    rhs, y0, span = brusselator(points)
    ends = []
    for who, integrate in _both("integrate"):
        counted = Counted(rhs)
        start = time.perf_counter()
        with quiet():
            result = integrate.solve_ivp(counted, span, y0, method="Radau")
        seconds = time.perf_counter() - start
        ends.append(result.y[:, -1])
        off = np.max(np.abs(ends[-1] - ends[0]))
        end = f"{result.t.size - 1} steps, {result.njev} Jacobians" + (
            f", end within {off:.0e} of the other" if len(ends) > 1 else ""
        )
        yield Outcome(
            f"Brusselator, {2 * points} unknowns",
            "Radau",
            who,
            counted.calls,
            seconds,
            end,
            _verdict(result),
            {"steps": result.t.size - 1, "apart": float(off)},
        )


CASES: dict[str, Callable[[], Iterator[Outcome]]] = {
    "rosenbrock": lambda: minimized("Rosenbrock, n = 50", rosenbrock, rosenbrock_start(50), "BFGS"),
    "powell": lambda: minimized(
        "Powell badly scaled", powell_badly_scaled, np.array([0.0, 1.0]), "BFGS"
    ),
    "brown": lambda: minimized(
        "Brown badly scaled", brown_badly_scaled, np.array([1.0, 1.0]), "BFGS"
    ),
    "fringe": lambda: fitted(
        "damped sine, offset 1e7", fringe_residuals, FRINGE_START, fringe_minimum()
    ),
    "brusselator": integrated,
}


def table(outcomes: list[Outcome]) -> str:
    head = "| problem | solver | derivatives | calls | seconds | where it ends | reported |"
    return "\n".join([head, "|---|---|---|---:|---:|---|---|", *(o.line() for o in outcomes)])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.optimizer_problems",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument(
        "--write", metavar="PAGE", help=f"put the table after {HEADING!r} of a page"
    )
    saving.add_option(parser, "optimizer_problems")
    options = parser.parse_args(arguments)
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    if any(os.environ.get(name) != setting for name, setting in threads.items()):
        # BLAS reads these when a process starts; on small matrices its threads only wait.
        command = [
            sys.executable,
            "-m",
            "benchmarks.optimizer_problems",
            *(arguments or sys.argv[1:]),
        ]
        return subprocess.run(command, env=os.environ | threads, check=False).returncode
    outcomes = []
    for key in options.only:
        for outcome in CASES[key]():
            print(outcome.line(), flush=True)
            outcomes.append(outcome)
    found = {"outcomes": [asdict(outcome) for outcome in outcomes]}
    saving.saved("benchmarks.optimizer_problems", found, options.json, arguments)
    if options.write:
        page = Path(options.write)
        text = page.read_text(encoding="utf-8")
        if HEADING not in text:
            raise SystemExit(f"{page} has no heading {HEADING!r}")
        versions = f"Python {sys.version.split()[0]}, NumPy {np.__version__}, SciPy {scipy.__version__}, one thread."
        prose = text.partition(HEADING)[0]
        page.write_text(f"{prose}{HEADING}\n\n{versions}\n\n{table(outcomes)}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
