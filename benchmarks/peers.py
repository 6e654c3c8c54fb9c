"""dualrev beside HIPS autograd, MyGrad and PyTorch eager, in one run, with the goals.

    python -m benchmarks.peers                     everything, about ten minutes
    python -m benchmarks.peers --quick             smaller sizes and fewer rounds
    python -m benchmarks.peers --only gradient     one section (may be repeated)
    python -m benchmarks.peers --json FILE --markdown FILE

Run it from the root of the checkout on a machine that does nothing else; libraries that are not
installed are left out.  Results of all libraries are compared before they are timed.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from scipy import optimize

from . import memory, problems, saving
from .libraries import MAKERS, Library, available
from .report import Goal, Row, as_json, as_markdown, concluded
from .timing import interleaved

Libraries = dict[str, Library]
Bounds = dict[str, float]


def _faster(figures: dict[str, float], bounds: Bounds, libraries: Libraries) -> list[Goal]:
    """Goals "at least ``bound`` times faster than that library", for the libraries present."""
    return [
        Goal(f"{libraries[key].name} / dualrev", figures[key] / figures["dualrev"], bound, ">=")
        for key, bound in bounds.items()
        if key in figures and "dualrev" in figures
    ]


def _row(
    name: str,
    unit: str,
    calls: dict[str, Callable[[], object]],
    rounds: int,
    bounds: Bounds,
    libraries: Libraries,
    seconds: float = 0.01,
) -> Row:
    timings = interleaved(calls, rounds, seconds)
    least = {key: timing.least for key, timing in timings.items()}
    medians = {key: timing.median for key, timing in timings.items()}
    return Row(name, unit, least, medians, _faster(least, bounds, libraries))


def _plain(result) -> np.ndarray:
    return np.asarray(result.detach() if hasattr(result, "detach") else result)


def _agreeing(
    derivatives: dict[str, Callable], points: dict[str, object]
) -> dict[str, Callable[[], object]]:
    """The calls to time, after checking that all of them give the same derivative."""
    calls = {key: lambda d=d, x=points[key]: d(x) for key, d in derivatives.items()}
    values = {key: _plain(call()) for key, call in calls.items()}
    first = next(iter(values))
    for key, value in values.items():
        np.testing.assert_allclose(
            value, values[first], rtol=1e-6, atol=1e-9, err_msg=f"{key} differs from {first}"
        )
    return calls


def _gradients(libraries: Libraries, make: Callable[[Library], Callable], x) -> dict:
    return _agreeing(
        {key: library.gradient(make(library)) for key, library in libraries.items()},
        {key: library.prepare(x) for key, library in libraries.items()},
    )


def gradient(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """Gradients of functions of n variables; "by hand" is the floor set by NumPy's arithmetic."""
    for n in (10, 1000) if quick else (10, 100, 1000, 100_000):
        bounds = {"hips": 4.0, "torch": 1.5} if n <= 1000 else {"hips": 1.5}
        x = problems.vector(n)
        cases: dict[str, tuple[Callable, Callable | None]] = {
            "Rosenbrock": (lambda lib: problems.rosenbrock(lib.xp), problems.rosenbrock_by_hand),
            "mixed chain of 40": (
                lambda lib, n=n: problems.chain(lib.xp, n, constant=lib.constant),
                problems.chain_by_hand(n),
            ),
            "arithmetic chain of 40": (
                lambda lib, n=n: problems.arithmetic_chain(lib.xp, n, constant=lib.constant),
                None,
            ),
        }
        for name, (make, hand) in cases.items():
            calls = _gradients(libraries, make, x)
            if hand is not None:
                calls["by hand"] = lambda hand=hand, x=x: hand(x)
            yield _row(
                f"gradient, {name}, n = {n}", "us", calls, 5 if quick else 25, bounds, libraries
            )


def loops(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """Python loops over scalars and over 3-vectors."""
    calls = _gradients(libraries, lambda lib: problems.scalar_loop(lib.xp), 0.9)
    yield _row(
        "loop of 350 scalar operations", "us", calls, 5 if quick else 25, {"hips": 4.0}, libraries
    )
    start = np.array([1.0, 2.0, 20.0])
    rounds = 3 if quick else 7
    for build, keys in (("stack", list(libraries)), ("array", ["dualrev", "hips"])):
        group = {key: libraries[key] for key in keys if key in libraries}
        calls = _gradients(group, lambda lib, b=build: problems.lorenz_euler(lib.xp, 400, b), start)
        yield _row(f"Euler, 400 steps, np.{build}", "ms", calls, rounds, {"hips": 3.0}, group)
    if "dualrev" in libraries:
        lib, figures = libraries["dualrev"], {}
        for steps in (100, 400, 1600):
            d = lib.gradient(problems.lorenz_euler(lib.xp, steps))
            key = f"{steps} steps"
            figures[key] = interleaved({key: lambda d=d: d(start)}, rounds)[key].least / steps
        ratio = figures["1600 steps"] / figures["100 steps"]
        goal = Goal("time per step, 1600 steps over 100 steps", ratio, 1.25, "<=")
        yield Row("Euler, time per step (linear in the steps)", "us", figures, goals=[goal])


def operation(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """Recording and sweeping one operation on a 3-vector: slopes between two chain lengths."""
    if "dualrev" not in libraries:
        return
    import dualrev as dr

    short, long = 10, 110
    x = problems.OPERATION_POINT
    ct = np.ones(3)
    for name in list(problems.STEPS)[:: 4 if quick else 1]:
        calls: dict[str, Callable[[], object]] = {}
        for length in (short, long):
            f = problems.operation_chain(name, length)
            pullback = dr.vjp(f, x)[1]
            calls[f"value {length}"] = lambda f=f: f(x)
            calls[f"record {length}"] = lambda f=f: dr.vjp(f, x)
            calls[f"sweep {length}"] = lambda pullback=pullback: pullback(ct)
        least = {k: t.least for k, t in interleaved(calls, 5 if quick else 25, 0.01).items()}
        slope = {
            kind: (least[f"{kind} {long}"] - least[f"{kind} {short}"]) / (long - short)
            for kind in ("value", "record", "sweep")
        }
        slope["record - value"] = slope["record"] - slope["value"]
        yield Row(
            f"one operation: {name}",
            "us",
            slope,
            goals=[
                Goal("recording over the NumPy call", slope["record - value"], 2e-6, "<=", "us"),
                Goal("sweeping", slope["sweep"], 3e-6, "<=", "us"),
            ],
        )


def peak_memory(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """Peak memory of a gradient in fresh processes, and what repeated gradients leave behind."""
    n = 100_000 if quick else 1_000_000
    keys = [key for key in libraries if key != "tensors"]
    peaks = {
        key: min(memory.in_fresh_process("peak", key, n)["bytes"] for _ in range(1 if quick else 3))
        for key in keys
    }
    goals = [
        Goal(f"dualrev / {libraries[key].name}", peaks["dualrev"] / peaks[key], 1.0, "<=")
        for key in ("hips", "torch")
        if key in peaks and "dualrev" in peaks
    ]
    yield Row(f"peak memory, mixed chain of 100, n = {n}", "MB", peaks, goals=goals)
    calls = 2000 if quick else 10_000
    grown = {key: memory.in_fresh_process("growth", key, calls) for key in keys}
    figures = {key: found["bytes"] for key, found in grown.items()}
    goals = []
    if "dualrev" in grown:
        mine = grown["dualrev"]
        goals = [
            Goal("peak growth", mine["bytes"], 1e6, "<=", "MB"),
            Goal("blocks left", mine["blocks"], calls / 10, "<=", ""),
        ]
    yield Row(f"growth over {calls} gradients", "MB", figures, goals=goals)
    garbage = {key: found["cyclic_objects_per_call"] for key, found in grown.items()}
    yield Row("objects per gradient left to the cycle collector", "", garbage)


def jacobian(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """Jacobian of 1000 residuals with respect to 4 parameters, in units of one evaluation."""
    # HIPS autograd differentiates the residuals row by row: one round of it is enough.
    for name, (make, b) in problems.RESIDUALS.items():
        plain = make(np)
        group = {key: lib for key, lib in libraries.items() if lib.jacobian is not None}
        derivatives = {
            key: lib.jacobian(make(lib.xp, constant=lib.constant)) for key, lib in group.items()
        }
        calls = _agreeing(derivatives, dict.fromkeys(group, b))
        hips = calls.pop("hips", None)
        calls["evaluation"] = lambda f=plain, b=b: f(b)
        row = _row(
            f"Jacobian 1000 x 4, {name} model", "us", calls, 5 if quick else 25, {}, libraries
        )
        if hips is not None:
            row.figures["hips"] = interleaved({"hips": hips}, 1)["hips"].least
        if "dualrev" in row.figures:
            ratio = row.figures["dualrev"] / row.figures["evaluation"]
            row.goals.append(Goal("dualrev / evaluation", ratio, 10.0, "<="))
        yield row


def root(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """``scipy.optimize.root`` with and without an exact Jacobian."""
    for name, (make, by_hand, start) in problems.ROOTS.items():
        plain = make(np)
        for n in (4, 10) if quick else (4, 10, 20, 50):
            x0 = np.full(n, start)
            # SciPy evaluates the function itself, so that one is plain NumPy for everybody.
            jacobians = {
                key: libraries[key].jacobian(make(libraries[key].xp))
                for key in ("dualrev", "hips")
                if key in libraries
            } | {"by hand": by_hand}
            _agreeing(jacobians, dict.fromkeys(jacobians, problems.vector(n)))
            calls = {"no jac": lambda f=plain, x0=x0: optimize.root(f, x0)}
            for key, jac in jacobians.items():
                calls[key] = lambda f=plain, x0=x0, jac=jac: optimize.root(f, x0, jac=jac)
            row = _row(f"root, {name}, n = {n}", "us", calls, 5 if quick else 25, {}, libraries)
            if "dualrev" in row.figures:
                ratio = row.figures["dualrev"] / row.figures["no jac"]
                bound, sense = (1.1, "<=") if n < 10 else (1.0, "<")
                row.goals.append(Goal("with jac / without", ratio, bound, sense))
            yield row


def dense(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """Dense Jacobian of R^50 -> R^50 and dense Hessian at n = 50."""
    n = 50
    x = problems.vector(n)
    rounds = 3 if quick else 9
    for name, make in (("jacobian", problems.dense_map), ("hessian", problems.dense_objective)):
        group = {key: lib for key, lib in libraries.items() if getattr(lib, name) is not None}
        derivatives = {
            key: getattr(lib, name)(make(lib.xp, n, lib.constant)) for key, lib in group.items()
        }
        calls = _agreeing(derivatives, dict.fromkeys(group, x))
        yield _row(f"dense {name}, n = {n}", "us", calls, rounds, {"hips": 10.0}, libraries)


def importing(libraries: Libraries, quick: bool) -> Iterator[Row]:
    """What ``import dualrev`` adds to ``import numpy, scipy``, in fresh interpreters."""
    script = (
        "import numpy, scipy, sys, time; start = time.perf_counter(); __import__(sys.argv[1]);"
        "print(time.perf_counter() - start)"
    )
    modules = {"dualrev": "dualrev", "hips": "autograd", "mygrad": "mygrad", "torch": "torch"}
    samples: dict[str, list[float]] = {key: [] for key in modules if key in libraries}
    with tempfile.TemporaryDirectory() as cache:
        # Installed packages come with their bytecode; a checkout may be forbidden to write its own.
        settings = os.environ | {"PYTHONPYCACHEPREFIX": cache}
        settings.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(5 if quick else 13):
            for key, taken in samples.items():
                command = [sys.executable, "-c", script, modules[key]]
                done = subprocess.run(command, env=settings, capture_output=True, check=True)
                if turn:
                    taken.append(float(done.stdout))
    figures = {key: min(taken) for key, taken in samples.items()}
    medians = {key: float(np.median(taken)) for key, taken in samples.items()}
    goals = []
    if "dualrev" in figures:
        goals = [Goal("import dualrev", figures["dualrev"], 0.1, "<=", "ms")]
    yield Row("import after numpy and scipy", "ms", figures, medians, goals)


HEADING = "## A run"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
STEADY = {"MALLOC_TRIM_THRESHOLD_": "2000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000"}
"""By default glibc hands the top of the heap back to the system and faults it in again by pages,
whenever the layout of the heap happens to allow it: at n = 100000 up to half of the time."""

SECTIONS: dict[str, Callable[[Libraries, bool], Iterator[Row]]] = {
    "import": importing,
    "operation": operation,
    "gradient": gradient,
    "loops": loops,
    "jacobian": jacobian,
    "dense": dense,
    "root": root,
    "memory": peak_memory,
}


def environment() -> str:
    """Versions of everything that was compared."""
    found = []
    for package in ("dualrev", "numpy", "scipy", "autograd", "mygrad", "torch"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return f"Python {platform.python_version()}, {platform.machine()}; " + ", ".join(found)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer rounds")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="one section; repeatable")
    parser.add_argument(
        "--libraries", nargs="+", choices=MAKERS, default=list(MAKERS), help="who takes part"
    )
    parser.add_argument(
        "--steady-memory", action="store_true", help="let glibc keep freed memory (see docs)"
    )
    saving.add_option(parser, "peers")
    parser.add_argument(
        "--markdown", metavar="FILE", help="put the rows, as a table, at the end of FILE"
    )
    options = parser.parse_args(arguments)

    settings = ONE_THREAD | (STEADY if options.steady_memory else {})
    if any(os.environ.get(name) != setting for name, setting in settings.items()):
        # BLAS and glibc read these when a process starts.
        command = [sys.executable, "-m", "benchmarks.peers", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | settings, check=False).returncode
    libraries = available(options.libraries)
    print(environment())
    rows: list[Row] = []
    for name in options.only or SECTIONS:
        for row in SECTIONS[name](libraries, options.quick):
            rows.append(row)
            print(row.text(), flush=True)
    concluded(rows, missed=True)
    saving.saved("benchmarks.peers", {"rows": as_json(rows)}, options.json, arguments)
    if options.markdown:
        page = Path(options.markdown)
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        # In a page that has the heading the last run is replaced and the prose before it stays.
        prose = text.partition(HEADING)[0] if HEADING in text else ""
        run = f"{HEADING}\n\n{environment()}.\n\n{as_markdown(rows)}\n"
        page.write_text(prose + run, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
