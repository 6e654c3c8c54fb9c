"""Sparse Jacobians and Hessians: dualrev beside asdex on JAX, CasADi SX and SciPy's grouped finite differences.

    python -m benchmarks.sparse_peers                               everything, about five minutes
    python -m benchmarks.sparse_peers --write docs/explanation/benchmarks.md    and put the table under its heading
    python -m benchmarks.sparse_peers --quick                       n up to 8192, fewer rounds
    python -m benchmarks.sparse_peers --only slope                  one section (may be repeated)
    python -m benchmarks.sparse_peers --json FILE

Run it from the root of the checkout on a machine that does nothing else; libraries that are not
installed are left out.  How each is called is told in ``sparse_libraries.py``.  All matrices are
compared before they are timed.

Preparation is detection and colouring, for CasADi the symbolic derivative as well, for SciPy, which is
given the pattern, the grouping alone; everything is prepared anew in each round.  Compiling by JAX is
listed apart and is in no goal.
"""

import argparse
import gc
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from statistics import median

import numpy as np
from scipy import sparse

from . import problems, saving
from .peers import ONE_THREAD, STEADY, environment
from .report import UNITS, Goal, Row, as_json, concluded, put
from .sparse_libraries import MAKERS, Case, Known
from .sparse_problems import arrow, brusselator, minimal_surface
from .timing import interleaved

HEADING = "## Sparse derivatives"
SIDES = (16, 64, 160, 320, 707)
"""The Brusselator has ``2 * side**2`` unknowns: 512, 8192, 51200, 204800, 999698."""
SLOPE_SIDES = (72, 160, 224, 504, 712)
"""From 10368 to 1013888 unknowns; multiples of 8, for which periodic grids need as many colours."""
LARGEST = {"CasADi": 204_800}
"""Beyond it CasADi needs minutes and gigabytes for its graph of scalars."""
JUDGED_FROM = 8192
"""The goal for the preparation holds from this size on."""
TOLERANCE = {"SciPy": 1e-5}
"""Of the largest entry; differences are not exact."""


# -- one case ---------------------------------------------------------------------------------------


def prepared(case: Case, names: list[str], rounds: int) -> tuple[Known, dict[str, list[float]]]:
    """Prepare every library anew in each round; return the last of each, and all times by label."""
    samples: dict[str, list[float]] = {}
    known: Known = {}
    for _ in range(rounds):
        for name in names:
            known.pop(name, None)
            gc.collect()
            known[name] = MAKERS[name](case, known)
            for label, seconds in known[name].seconds.items():
                samples.setdefault(label, []).append(seconds)
    return known, samples


def compare(case: Case, known: Known) -> None:
    """Raise if a library's matrix is not dualrev's."""
    own = known["dualrev"].matrix()
    size = abs(own).max()
    for name, found in known.items():
        apart = abs(sparse.csr_array(found.matrix()) - own).max() / size
        if not apart <= TOLERANCE.get(name, 1e-10):
            raise AssertionError(f"{case.name}: the matrix of {name} is {apart:.1e} of dualrev's")


def rows_of(case: Case, names: list[str], preparations: int, rounds: int) -> Iterator[Row]:
    """Colours, preparation and evaluation of one case."""
    n = len(case.x)
    names = [name for name in names if n <= LARGEST.get(name, n)]
    if case.kind == "hessian":
        names = [name for name in names if name != "SciPy"]
    known, samples = prepared(case, names, preparations)
    compare(case, known)
    peer = known.get("asdex")

    colours = {name: float(found.colours) for name, found in known.items()}
    goals = []
    if peer:
        goals.append(
            Goal("colours beyond asdex's", colours["dualrev"] - colours["asdex"], 0.0, "<=", "")
        )
    if case.passes is not None:
        goals.append(Goal("passes", colours["dualrev"], float(case.passes), "<=", ""))
    yield Row(f"{case.name}: colours", "", colours, goals=goals)
    entries = {name: float(found.entries) for name, found in known.items()}
    if len(set(entries.values())) > 1:
        yield Row(f"{case.name}: entries", "", entries)

    least = {label: min(taken) for label, taken in samples.items()}
    medians = {label: median(taken) for label, taken in samples.items()}
    goals = []
    if peer and case.judged and n >= JUDGED_FROM:
        goals.append(Goal("asdex / dualrev", least["asdex"] / least["dualrev"], 5.0, ">="))
    yield Row(f"{case.name}: preparation", "ms", least, medians, goals)

    calls: dict[str, Callable[[], object]] = {}
    for found in known.values():
        calls.update(found.evaluations)
    plain = case.make(np)
    calls["NumPy's f(x)"] = lambda: plain(case.x)
    timings = interleaved(calls, rounds, 0.02)
    least = {label: timing.least for label, timing in timings.items()}
    medians = {label: timing.median for label, timing in timings.items()}
    goals = []
    if peer and case.judged:
        goals = [
            Goal(f"dualrev / {label}", least["dualrev"] / least[label], 3.0, "<=")
            for label in peer.evaluations
        ]
    yield Row(f"{case.name}: evaluation", "ms", least, medians, goals)


# -- the sections -----------------------------------------------------------------------------------


def on_grid(side: int) -> Case:
    n = 2 * side * side
    return Case(
        f"Brusselator, n = {n}", "jacobian", lambda xp: brusselator(xp, side), problems.vector(n)
    )


def grids(names: list[str], quick: bool) -> Iterator[Row]:
    """The Jacobian of the Brusselator, from 512 to a million unknowns."""
    for side in SIDES[:2] if quick else SIDES:
        preparations, rounds = (3, 5) if quick else (5, 15) if side <= 64 else (3, 9)
        if side > 160:
            preparations, rounds = (2, 5) if side < 500 else (1, 3)
        yield from rows_of(on_grid(side), names, preparations, rounds)


def others(names: list[str], quick: bool) -> Iterator[Row]:
    """An arrow and a tridiagonal Jacobian, and two Hessians, for which only colours have a goal."""
    side = 30 if quick else 100
    n = side * side if quick else 10_000
    cases = [
        Case("arrow, n = 1000", "jacobian", arrow, problems.vector(1000), passes=4),
        Case(
            f"tridiagonal, n = {n}",
            "jacobian",
            problems.broyden_tridiagonal,
            problems.vector(n),
            passes=3,
        ),
        Case(
            f"Hessian of Rosenbrock, n = {n}",
            "hessian",
            problems.rosenbrock,
            problems.vector(n),
            judged=False,
        ),
        Case(
            f"Hessian of a minimal surface, n = {side * side}",
            "hessian",
            lambda xp: minimal_surface(xp, side),
            problems.vector(side * side),
            judged=False,
        ),
    ]
    for case in cases:
        yield from rows_of(case, names, 3, 5 if quick else 15)


def slope(names: list[str], quick: bool) -> Iterator[Row]:
    """How the time of dualrev's evaluation grows with n, fitted by a line on logarithmic axes."""
    import dualrev as dr

    evaluations: dict[str, Callable[[], object]] = {}
    plain: dict[str, Callable[[], object]] = {}
    sizes = []
    for side in SLOPE_SIDES[:3] if quick else SLOPE_SIDES:
        case = on_grid(side)
        f, x = case.make(np), case.x
        sizes.append(len(x))
        label = f"n = {len(x)}"
        derivative = dr.sparse.jacobian(f)
        derivative.prepare(x)
        evaluations[label] = lambda derivative=derivative, x=x: derivative(x)
        plain[label] = lambda f=f, x=x: f(x)
    slopes = {}
    for key, calls in (("dualrev", evaluations), ("NumPy's f(x)", plain)):
        timings = interleaved(calls, 3 if quick else 9, 0.02)
        least = {label: timing.least for label, timing in timings.items()}
        medians = {label: timing.median for label, timing in timings.items()}
        slopes[key] = float(np.polyfit(np.log(sizes), np.log(list(least.values())), 1)[0])
        if key == "dualrev":
            yield Row("Brusselator, evaluation against n", "ms", least, medians)
    goal = Goal("slope", slopes["dualrev"], 1.1, "<=", "")
    yield Row("its slope on logarithmic axes", "", slopes, goals=[goal])


SECTIONS: dict[str, Callable[[list[str], bool], Iterator[Row]]] = {
    "grids": grids,
    "others": others,
    "slope": slope,
}


# -- the page ---------------------------------------------------------------------------------------


def available() -> list[str]:
    """The libraries that work here; each has then compiled what it compiles once per session."""
    found: list[str] = []
    known: Known = {}
    small = on_grid(4)
    hilly = Case("small", "hessian", problems.rosenbrock, problems.vector(8))
    for name, make in MAKERS.items():
        try:
            known[name] = make(small, known)
        except ModuleNotFoundError as missing:
            print(f"{name} is left out: {missing}")
            continue
        known[name].matrix()
        if name != "SciPy":
            make(hilly, {}).matrix()
        found.append(name)
    return found


def versions() -> str:
    found = []
    for package in ("jax", "asdex", "numba", "casadi"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join([environment(), *found])


COLUMNS = ("dualrev", "asdex", "CasADi", "SciPy")


def number(figure: float) -> str:
    return f"{figure:.3g}" if abs(figure) < 1000 else f"{figure:.0f}"


def table(rows: list[Row]) -> str:
    """One line per row, a column per library; a label is the library and what its figure is."""
    lines = [f"| measurement | {' | '.join(COLUMNS)} | others | goals |"]
    lines.append("|---" * (len(COLUMNS) + 3) + "|")
    for row in rows:
        cells: dict[str, list[str]] = {column: [] for column in (*COLUMNS, "others")}
        for label, figure in row.figures.items():
            column = next((name for name in COLUMNS if label.startswith(name)), "")
            what = label.removeprefix(column).lstrip(", ")
            cells[column or "others"].append(f"{what} {number(figure / UNITS[row.unit])}".strip())
        goals = "; ".join(
            f"{goal.text} {number(goal.measured)} "
            f"(goal {goal.sense} {goal.bound:g}: {'met' if goal.met else '**missed**'})"
            for goal in row.goals
        )
        unit = f" [{row.unit}]" if row.unit else ""
        filled = " | ".join(", ".join(cell) for cell in cells.values())
        lines.append(f"| {row.name}{unit} | {filled} | {goals} |")
    return "\n".join(lines)


def section(rows: list[Row]) -> str:
    return (
        f"{HEADING}\n\n"
        "From `python -m benchmarks.sparse_peers`: the same function of NumPy, `jax.numpy` and CasADi's SX,\n"
        'everything in one run. dualrev goes the way that it chooses: directly where "coloured" stands beside\n'
        "it, which is then the way by colours. Preparation is detection and colouring, for CasADi with the\n"
        "symbolic derivative, for SciPy, which is given the pattern, the grouping alone; compiling by JAX is\n"
        "listed apart and is in no goal.\n"
        "Evaluation is from a NumPy array to a `csr_array`; asdex also to JAX's BCOO, which stays with JAX, CasADi to\n"
        "its `DM` and, by its buffered call, to a `csc_array`. JAX has all cores, the others have one. Of the\n"
        "Hessians only the colours have a goal.\n\n"
        f"{versions()}.\n\n{table(rows)}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sparse_peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, fewer rounds")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="one section; repeatable")
    parser.add_argument(
        "--steady-memory", action="store_true", help="let glibc keep freed memory (see docs)"
    )
    saving.add_option(parser, "sparse_peers")
    parser.add_argument("--write", metavar="PAGE", help=f"put the table under {HEADING!r} of PAGE")
    options = parser.parse_args(arguments)
    settings = ONE_THREAD | (STEADY if options.steady_memory else {})
    if any(os.environ.get(name) != setting for name, setting in settings.items()):
        # BLAS and glibc read these when a process starts.
        command = [sys.executable, "-m", "benchmarks.sparse_peers", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | settings, check=False).returncode
    print(versions())
    # asdex says so where colouring saves nothing, as in the arrow.
    warnings.filterwarnings("ignore", message="Coloring used", category=UserWarning)
    names = available()
    rows = []
    for name in options.only or SECTIONS:
        for found in SECTIONS[name](names, options.quick):
            rows.append(found)
            print(found.text(), flush=True)
    concluded(rows, missed=True)
    saving.saved("benchmarks.sparse_peers", {"rows": as_json(rows)}, options.json, arguments)
    put(section(rows), options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
