"""Every number of the text, by the name that it has in paper.md, as a function of the results."""

import math
from collections.abc import Callable
from typing import Any

from .results import Missing, Results

Quantity = Callable[[Results], str]
QUANTITIES: dict[str, Quantity] = {}


def quantity(f: Quantity) -> Quantity:
    """Register a function under its name."""
    QUANTITIES[f.__name__] = f
    return f


# -- how numbers are written ------------------------------------------------------------------------


def count(n: float) -> str:
    """Whole numbers, from five digits on with thin spaces."""
    return f"{n:,.0f}".replace(",", "\u202f") if abs(n) >= 10_000 else f"{n:.0f}"


def digits(x: float) -> str:
    """Two significant digits, no exponent."""
    if x == 0:
        return "0"
    rounded = float(f"{x:.1e}")
    places = 1 - math.floor(math.log10(abs(rounded)))
    return count(rounded) if places <= 0 else f"{rounded:.{places}f}"


def power(x: float) -> str:
    """One digit and a power of ten, as TeX."""
    mantissa, exponent = f"{x:.0e}".split("e")
    return rf"${mantissa}\times 10^{{{int(exponent)}}}$"


def seconds(t: float) -> str:
    """A time in the unit that suits it."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if t >= scale:
            return f"{digits(t / scale)}\u202f{unit}"
    return f"{digits(t / 1e-6)}\u202fµs"


def between(ratios: list[float]) -> str:
    """The range of some ratios."""
    low, high = digits(min(ratios)), digits(max(ratios))
    return low if low == high else f"{low} to {high}"


# -- machine and versions ---------------------------------------------------------------------------

SHOWN = {
    "numpy": "NumPy",
    "scipy": "SciPy",
    "autograd": "autograd",
    "mygrad": "MyGrad",
    "torch": "PyTorch",
    "jax": "JAX",
    "asdex": "asdex",
    "casadi": "CasADi",
}


def environment(results: Results) -> dict[str, Any]:
    """What all results that are there have been measured with; it must be the same for all."""
    found: dict[str, Any] = {}
    for name in results.present():
        this = results[name]["environment"]
        for key in ("processor", "cores", "python"):
            if found.setdefault(key, this[key]) != this[key]:
                raise ValueError(f"{name}.json was measured on another machine: {this[key]}")
        versions = found.setdefault("versions", {})
        for package in SHOWN:
            if package not in this["versions"]:
                continue
            new = this["versions"][package]
            if versions.setdefault(package, new) != new:
                raise ValueError(f"{name}.json was measured with another {package}: {new}")
    if not found:
        raise Missing("counts")
    return found


@quantity
def machine(results: Results) -> str:
    found = environment(results)
    return f"{found['processor']} processor with {found['cores']} cores"


@quantity
def versions(results: Results) -> str:
    found = environment(results)
    packages = [
        f"{label} {found['versions'][package].partition('+')[0]}"
        for package, label in SHOWN.items()
        if package in found["versions"]
    ]
    return f"Python {found['python']}, {', '.join(packages)}"


# -- counts -----------------------------------------------------------------------------------------


@quantity
def primitives(results: Results) -> str:
    return count(results["counts"]["with derivatives"])


@quantity
def elementwise(results: Results) -> str:
    return count(results["counts"]["flavours"]["elementwise"])


@quantity
def linear(results: Results) -> str:
    flavours = results["counts"]["flavours"]
    return count(flavours["linear"] + flavours["bilinear"])


@quantity
def general(results: Results) -> str:
    return count(results["counts"]["flavours"]["general"])


@quantity
def composites(results: Results) -> str:
    functions = results["counts"]["functions"]
    return count(sum(found["composite"] for found in functions.values()))


@quantity
def checks(results: Results) -> str:
    return count(results["counts"]["checks"])


@quantity
def mutants(results: Results) -> str:
    return count(results["counts"]["mutants"])


@quantity
def tests(results: Results) -> str:
    return count(results["counts"]["tests"])


# -- accuracy and behaviour -------------------------------------------------------------------------


def _best(results: Results, method: str) -> float:
    columns = results["accuracy"][method]
    return min(max(float(column[k]) for column in columns) for k in range(len(columns[0])))


@quantity
def forward_error(results: Results) -> str:
    return power(_best(results, "forward"))


@quantity
def central_error(results: Results) -> str:
    return power(_best(results, "central"))


@quantity
def own_error(results: Results) -> str:
    return power(max(results["accuracy"]["dualrev"]))


@quantity
def idioms(results: Results) -> str:
    return count(results["conformance"]["idioms"])


def _outcome(results: Results, library: str, verdict: str) -> str:
    return count(results["conformance"]["outcomes"][library].get(verdict, 0))


@quantity
def right_plain(results: Results) -> str:
    return _outcome(results, "dualrev", "right")


@quantity
def right_mirror(results: Results) -> str:
    return _outcome(results, "dualrev.numpy", "right")


@quantity
def raises_mirror(results: Results) -> str:
    return _outcome(results, "dualrev.numpy", "raises")


@quantity
def wrong_own(results: Results) -> str:
    found = results["conformance"]["outcomes"]
    wrong = sum(found[name].get("wrong", 0) for name in ("dualrev", "dualrev.numpy"))
    return "none" if wrong == 0 else count(wrong)


@quantity
def wrong_peers(results: Results) -> str:
    found = results["conformance"]["outcomes"]
    peers = [found[name].get("wrong", 0) for name in found if not name.startswith("dualrev")]
    return f"{min(peers)} to {max(peers)}"


# -- times ------------------------------------------------------------------------------------------

SIZES = (10, 100, 1000)
GRADIENTS = ("Rosenbrock", "mixed chain of 40", "arithmetic chain of 40")


def _gradient_ratios(results: Results, peer: str, sizes: tuple[int, ...]) -> list[float]:
    ratios = []
    for n in sizes:
        for name in GRADIENTS:
            row = results.row("peers", f"gradient, {name}, n = {n}")
            ratios.append(row[peer] / row["dualrev"])
    return ratios


@quantity
def gradients_hips(results: Results) -> str:
    return between(_gradient_ratios(results, "hips", SIZES))


@quantity
def gradients_mygrad(results: Results) -> str:
    return between(_gradient_ratios(results, "mygrad", SIZES))


@quantity
def gradients_torch(results: Results) -> str:
    return between(_gradient_ratios(results, "torch", SIZES))


@quantity
def large_torch(results: Results) -> str:
    return between(_gradient_ratios(results, "torch", (100_000,)))


@quantity
def jacobian_evaluations(results: Results) -> str:
    rows = [
        results.row("peers", f"Jacobian 1000 x 4, {model} model")
        for model in ("rational", "growth")
    ]
    return between([row["dualrev"] / row["evaluation"] for row in rows])


@quantity
def hessian_hips(results: Results) -> str:
    row = results.row("peers", "dense hessian, n = 50")
    return digits(row["hips"] / row["dualrev"])


@quantity
def hessian_torch(results: Results) -> str:
    row = results.row("peers", "dense hessian, n = 50")
    return digits(row["torch"] / row["dualrev"])


BFGS = "L-BFGS-B, Rosenbrock, n = 100"


@quantity
def solve_own(results: Results) -> str:
    return seconds(results.figure("optimizers", BFGS, "dualrev"))


@quantity
def solve_differences(results: Results) -> str:
    return seconds(results.figure("optimizers", BFGS, "differences"))


@quantity
def solve_jax(results: Results) -> str:
    return seconds(results.figure("optimizers", BFGS, "JAX"))


@quantity
def solve_jax_compiling(results: Results) -> str:
    return seconds(results.figure("optimizers", BFGS, "JAX with compiling"))


@quantity
def solves_jax(results: Results) -> str:
    from .figures.times import SOLVES

    rows = [results.row("optimizers", name) for name in SOLVES]
    return between([row["JAX"] / row["dualrev"] for row in rows if "JAX" in row])


# -- sparse derivatives -----------------------------------------------------------------------------

GRID = "Brusselator, n = 204800"


@quantity
def grid_unknowns(results: Results) -> str:
    results.row("sparse_peers", f"{GRID}: evaluation")
    return count(int(GRID.rpartition(" ")[2]))


def _prepared(name: str) -> Quantity:
    return lambda results: seconds(results.figure("sparse_peers", f"{GRID}: preparation", name))


def _evaluated(name: str) -> Quantity:
    return lambda results: seconds(results.figure("sparse_peers", f"{GRID}: evaluation", name))


QUANTITIES |= {
    "prepared_own": _prepared("dualrev"),
    "prepared_asdex": _prepared("asdex"),
    "prepared_casadi": _prepared("CasADi"),
    "evaluated_own": _evaluated("dualrev"),
    "evaluated_asdex": _evaluated("asdex CSR"),
    "evaluated_casadi": _evaluated("CasADi CSC"),
    "evaluated_differences": _evaluated("SciPy 2-point CSR"),
}

ARROW = "arrow, n = 1000: evaluation"


@quantity
def arrow_own(results: Results) -> str:
    return seconds(results.figure("sparse_peers", ARROW, "dualrev"))


@quantity
def arrow_casadi(results: Results) -> str:
    return seconds(results.figure("sparse_peers", ARROW, "CasADi CSC"))


# -- the table --------------------------------------------------------------------------------------


def _end(outcome: dict[str, Any]) -> str:
    figures = outcome["figures"]
    if "gradient" in figures:
        return f"gradient {power(figures['gradient'])}"
    if "standard errors" in figures:
        return f"{digits(figures['standard errors'])} standard errors off"
    return f"{figures['steps']:.0f} steps"


@quantity
def solvers_table(results: Results) -> str:
    """The table of solves before and after, in Markdown."""
    outcomes = results["optimizer_problems"]["outcomes"]
    by_problem: dict[str, dict[str, dict[str, Any]]] = {}
    for outcome in outcomes:
        by_problem.setdefault(outcome["problem"], {})[outcome["derivatives"]] = outcome
    lines = [
        "| Problem | Solver | Derivatives | Evaluations | Where it ends | Reported |",
        "|:---|:---|:---|---:|:---|:---|",
    ]
    for problem, pair in by_problem.items():
        for who in ("finite differences", "dualrev"):
            outcome = pair[who]
            first = who == "finite differences"
            cells = [
                problem.replace("1e7", "$10^7$") if first else "",
                outcome["solver"] if first else "",
                "differences" if first else "dualrev",
                count(outcome["calls"]),
                _end(outcome),
                outcome["reported"],
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
