"""Stiff systems: Radau, BDF and LSODA of SciPy, alone, with a pattern from the user, and through dualrev.

    python -m benchmarks.stiff                               everything, about two minutes
    python -m benchmarks.stiff --write docs/explanation/benchmarks.md    and put the table under its heading
    python -m benchmarks.stiff --quick                       400 unknowns, one tolerance, one round
    python -m benchmarks.stiff --json FILE

Run it from the root of the checkout on a machine that does nothing else.  The problem is the 2-D Brusselator of
Hairer & Wanner with two species on a square grid, from their start, to their end t = 11.5 where that is not said
otherwise; ``atol`` is a thousandth of ``rtol``.  In every round each is run once; the least of the rounds counts.

dualrev
    ``dualrev.scipy.integrate.solve_ivp(f, span, y0, method)``, nothing else: detection of the pattern, colours and
    the ordering of the factors are within the time.
SciPy
    ``scipy.integrate.solve_ivp`` with the same arguments: finite differences and dense factors.
jac_sparsity
    The same with the pattern by hand, in which its differences are grouped and its factors are sparse; for LSODA,
    which takes none, with ``lband`` and ``uband``.

Whoever does not end within 100 times the tolerance of dualrev's end is left out.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import integrate as scipy_integrate

import dualrev as dr

from . import saving
from .peers import ONE_THREAD, environment
from .report import Goal, Row, as_json, as_markdown, concluded, put
from .sparse_problems import brusselator

HEADING = "## Stiff systems"
FASTER = 20.0
"""The goal at 400 unknowns."""
SIDE, END = 14, 11.5
"""392 unknowns, the nearest to 400 on a square grid."""
METHODS = ("Radau", "BDF")
TOLERANCES = (1e-3, 1e-6, 1e-8)


@dataclass(frozen=True)
class Case:
    """An initial value problem; ``differences`` says whether SciPy alone is given it too."""

    name: str
    f: Callable[[Any], Any]
    start: np.ndarray
    method: str
    rtol: float
    end: float = END
    differences: bool = True
    rounds: int = 3

    def solve(self, integrate: Any, **options: Any) -> Any:
        f = self.f
        return integrate.solve_ivp(
            lambda t, y: f(y),
            (0.0, self.end),
            self.start,
            self.method,
            rtol=self.rtol,
            atol=1e-3 * self.rtol,
            **options,
        )


def start_of(side: int) -> np.ndarray:
    x = np.arange(side) / side
    u = 22 * (x[:, None] * (1 - x[:, None])) ** 1.5 + 0 * x
    v = 27 * (x * (1 - x)) ** 1.5 + 0 * x[:, None]
    return np.concatenate([u.ravel(), v.ravel()])


def walls(side: int) -> Callable[[Any], Any]:
    """The same with u = 1 and v = 3 at the walls, by slices of padded arrays."""
    scale = 2e-3 * (side + 1) ** 2

    def laplacian(a, edge):
        p = np.pad(a, 1, constant_values=edge)
        return p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4.0 * a

    def f(y):
        u, v = y.reshape(2, side, side)
        reaction = u * u * v
        du = 1.0 + reaction - 4.4 * u + scale * laplacian(u, 1.0)
        dv = 3.4 * u - reaction + scale * laplacian(v, 3.0)
        return np.concatenate([du.ravel(), dv.ravel()])

    return f


def periodic(side: int) -> Callable[[Any], Any]:
    return brusselator(np, side)


def line(points: int) -> tuple[Callable[[Any], Any], np.ndarray]:
    """In one dimension, species in turn: a band of two diagonals on either side, for LSODA."""
    scale = (points + 1) ** 2 / 50

    def laplacian(a, edge):
        p = np.concatenate([[edge], a, [edge]])
        return p[2:] - 2.0 * a + p[:-2]

    def f(y):
        u, v = y[::2], y[1::2]
        reaction = u * u * v
        du = 1.0 + reaction - 4.0 * u + scale * laplacian(u, 1.0)
        dv = 3.0 * u - reaction + scale * laplacian(v, 3.0)
        return np.stack([du, dv], axis=1).ravel()

    x = np.arange(1, points + 1) / (points + 1)
    return f, np.stack([1 + np.sin(2 * np.pi * x), np.full(points, 3.0)], axis=1).ravel()


def cases(quick: bool) -> Iterator[Case]:
    for kind, make in (("periodic", periodic), ("walls", walls)):
        for method in METHODS:
            for rtol in TOLERANCES[:1] if quick else TOLERANCES:
                f, y0 = make(SIDE), start_of(SIDE)
                name = f"{method}, {kind}, {y0.size} unknowns, rtol {rtol:.0e}"
                yield Case(name, f, y0, method, rtol, rounds=1 if quick else 3)
    if quick:
        return
    for side, end in ((5, END), (7, END), (10, END), (32, 1.0), (71, 1.0)):
        for method in METHODS:
            f, y0 = periodic(side), start_of(side)
            name = f"{method}, periodic, {y0.size} unknowns, rtol 1e-03" + (
                f", to t = {end:g}" if end != END else ""
            )
            large = side > 30
            # Dense factors of 10 000 unknowns take minutes and gigabytes.
            yield Case(name, f, y0, method, 1e-3, end, side < 50, 1 if large else 3)
    for points in (200, 2000):
        f, y0 = line(points)
        name = f"LSODA, a line, {y0.size} unknowns, rtol 1e-06"
        yield Case(name, f, y0, "LSODA", 1e-6, 10.0, points < 1000)


def calls_of(case: Case) -> dict[str, Callable[[], Any]]:
    from dualrev.scipy import integrate

    pattern = dr.sparse.jacobian_pattern(case.f, case.start)
    if case.method == "LSODA":
        by_hand = dict(zip(("lband", "uband"), pattern.bandwidth, strict=True))
    else:
        by_hand = {"jac_sparsity": pattern.tocsr()}
    calls = {"dualrev": lambda: case.solve(integrate)}
    if case.differences:
        calls["SciPy"] = lambda: case.solve(scipy_integrate)
    return calls | {"jac_sparsity": lambda: case.solve(scipy_integrate, **by_hand)}


def measured(case: Case) -> Row:
    calls = calls_of(case)
    calls["dualrev"]()
    ends: dict[str, Any] = {}
    samples: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(case.rounds):
        for key, call in calls.items():
            started = time.perf_counter()
            result = call()
            samples[key].append(time.perf_counter() - started)
            ends[key] = result.y[:, -1]
    size = np.max(np.abs(ends["dualrev"]))
    figures = {}
    for key, taken in samples.items():
        off = np.max(np.abs(ends[key] - ends["dualrev"])) / size
        if off <= 100 * case.rtol:
            figures[key] = min(taken)
        else:
            print(f"  {key} ends {off:.0e} away: left out")
    goals = []
    if case.start.size == 2 * SIDE**2:
        ratio = figures.get("SciPy", np.nan) / figures["dualrev"]
        goals = [Goal("SciPy / dualrev", ratio, FASTER, ">=")]
    return Row(case.name, "ms", figures, goals=goals)


# -- where the time goes ----------------------------------------------------------------------------


class Clock:
    """Times calls, those within another one apart."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.inner = 0.0

    def __call__(self, part: str, f: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            before, self.inner = self.inner, 0.0
            started = time.perf_counter()
            try:
                return f(*args)
            finally:
                took = time.perf_counter() - started
                self.spent[part] = self.spent.get(part, 0.0) + took - self.inner
                self.inner = before + took

        return timed


def parts(case: Case) -> Iterator[Row]:
    """What the solver's time consists of; the calls of f for differences count as part of the Jacobian."""
    from dualrev.scipy.integrate.factorised import ordered

    spent: dict[str, dict[str, float]] = {}
    for who in ("dualrev", "SciPy"):
        best = np.inf
        for _ in range(case.rounds):
            clock = Clock()
            base = (
                ordered(case.method) if who == "dualrev" else getattr(scipy_integrate, case.method)
            )

            class Timed(base):
                def __init__(self, fun: Any, *args: Any, clock: Clock = clock, **options: Any):
                    started = time.perf_counter()
                    super().__init__(fun, *args, **options)
                    clock.spent["first Jacobian"] = time.perf_counter() - started
                    self.fun = clock("right-hand side", self.fun)
                    self.jac = clock("Jacobians", self.jac)
                    self.lu = clock("factors", self.lu)
                    self.solve_lu = clock("solving with them", self.solve_lu)

            options = {}
            if who == "dualrev":
                exact = dr.sparse.jacobian(
                    case.f, mode="forward", order="natural", format="csc", on_change="detect"
                )
                options["jac"] = lambda t, y, exact=exact: exact(y)
            started = time.perf_counter()
            scipy_integrate.solve_ivp(
                lambda t, y: case.f(y),
                (0.0, case.end),
                case.start,
                Timed,
                rtol=case.rtol,
                atol=1e-3 * case.rtol,
                **options,
            )
            total = time.perf_counter() - started
            if total < best:
                best = total
                rest = total - sum(clock.spent.values())
                first = clock.spent.pop("first Jacobian")
                clock.spent["Jacobians"] = clock.spent.get("Jacobians", 0.0) + first
                spent[who] = clock.spent | {"steps of the solver": rest}
    for part in spent["dualrev"]:
        figures = {who: spent[who][part] for who in spent}
        yield Row(f"{case.name}: {part}", "ms", figures)


def as_they_come(quick: bool) -> Row:
    """The first case where BLAS has as many threads as it likes, in a process of its own."""
    free = {k: v for k, v in os.environ.items() if k not in ONE_THREAD}
    command = [sys.executable, "-m", "benchmarks.stiff", "--first"]
    done = subprocess.run(command, env=free, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    name = f"{next(cases(quick)).name}, BLAS with {os.cpu_count()} threads"
    goal = Goal("SciPy / dualrev", figures["SciPy"] / figures["dualrev"], FASTER, ">=")
    return Row(name, "ms", figures, goals=[goal])


# -- the page ---------------------------------------------------------------------------------------


def section(rows: list[Row]) -> str:
    return (
        f"{HEADING}\n\n"
        "Milliseconds for a whole integration of the 2-D Brusselator, from `python -m benchmarks.stiff`. dualrev\n"
        "finds the pattern of the Jacobian, compresses it and orders its factors within the time; SciPy alone takes\n"
        "dense finite differences and dense factors; `jac_sparsity` is SciPy with the pattern by hand (a band for\n"
        "LSODA). One thread for BLAS where nothing else is said. The last rows say what the time of one integration\n"
        "consists of.\n\n"
        f"{environment()}.\n\n{as_markdown(rows)}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stiff",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="one size and tolerance, one round")
    saving.add_option(parser, "stiff")
    parser.add_argument("--write", metavar="PAGE", help=f"put the table under {HEADING!r} of PAGE")
    parser.add_argument("--first", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.first:
        print(json.dumps(measured(next(cases(True))).figures))
        return 0
    if any(os.environ.get(name) != setting for name, setting in ONE_THREAD.items()):
        # BLAS reads these when a process starts.
        command = [sys.executable, "-m", "benchmarks.stiff", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | ONE_THREAD, check=False).returncode
    print(environment())
    rows: list[Row] = []

    def note(row: Row) -> None:
        rows.append(row)
        print(row.text(), flush=True)

    for case in cases(options.quick):
        note(measured(case))
    note(as_they_come(options.quick))
    for row in parts(next(cases(options.quick))):
        note(row)
    concluded(rows)
    saving.saved("benchmarks.stiff", {"rows": as_json(rows)}, options.json, arguments)
    put(section(rows), options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
