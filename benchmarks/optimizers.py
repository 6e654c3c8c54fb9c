"""Whole solves: SciPy's solvers with dualrev, with their own finite differences, with HIPS autograd, with JAX.

    python -m benchmarks.optimizers                               everything, about ten minutes
    python -m benchmarks.optimizers --write docs/explanation/benchmarks.md    and put the table under "Solvers"
    python -m benchmarks.optimizers --quick                       small sizes and two rounds
    python -m benchmarks.optimizers --json FILE

Run it from the root of the checkout on a machine that does nothing else.  The solver, the start and
the options are the same for all; what differs is who supplies the derivatives:

dualrev
    ``dualrev.scipy.optimize`` and the function, nothing else.
differences
    ``scipy.optimize`` and the function. trust-krylov, which refuses to go without derivatives,
    gets ``scipy.optimize.approx_fprime`` and SciPy's BFGS update for the Hessian.
HIPS
    ``autograd.value_and_grad`` with ``jac=True``, Hessian-vector products by two gradients,
    ``autograd.jacobian`` for residuals.
JAX
    ``jax.jit`` of the same in float64, compiled before; "JAX with compiling" traces and compiles
    within the time, as the first solve of a session does.

A solve that does not end at the same value as dualrev's (to 1e-4 of the value at the start) is not timed.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from scipy import optimize as scipy_optimize

from . import problems, saving
from .peers import ONE_THREAD, environment
from .report import Goal, Row, as_json, as_markdown, concluded, put
from .timing import interleaved

HEADING = "## Solvers"
SIZES = (2, 5, 20, 100, 1000)
METHODS = ("BFGS", "L-BFGS-B", "trust-krylov")
# All take the same steps. Of 1000 variables these are as many as show the cost of one.
LARGE, STEPS_OF_LARGE = 1000, 50
Solve = Callable[[], Any]


@dataclass(frozen=True)
class Peer:
    """How a library gives a solver its derivatives: each takes a function written for a namespace."""

    xp: Any
    value_and_grad: Callable[[Callable], Callable]
    hessp: Callable[[Callable], Callable]
    jacobian: Callable[[Callable], Callable]
    jit: Callable[[Callable], Callable] = lambda f: f


def hips() -> Peer:
    import autograd

    def value_and_grad(f):
        return autograd.value_and_grad(f)

    def hessp(f):
        gradient = autograd.grad(f)
        return autograd.grad(lambda x, v: import_module("autograd.numpy").dot(gradient(x), v))

    return Peer(import_module("autograd.numpy"), value_and_grad, hessp, autograd.jacobian)


def jax() -> Peer:
    import jax

    jax.config.update("jax_enable_x64", True)

    def value_and_grad(f):
        pair = jax.jit(jax.value_and_grad(f))

        def call(x):
            y, gradient = pair(x)
            return float(y), np.array(gradient)

        return call

    def hessp(f):
        gradient = jax.grad(f)
        product = jax.jit(lambda x, v: jax.jvp(gradient, (x,), (v,))[1])
        return lambda x, v: np.array(product(x, v))

    def jacobian(f):
        compiled = jax.jit(jax.jacfwd(f))
        return lambda x: np.array(compiled(x))

    def jit(f):
        compiled = jax.jit(f)
        return lambda x: np.array(compiled(x))

    return Peer(import_module("jax.numpy"), value_and_grad, hessp, jacobian, jit)


PEERS: dict[str, Callable[[], Peer]] = {"HIPS": hips, "JAX": jax}


def available() -> dict[str, Peer]:
    found = {}
    for name, make in PEERS.items():
        try:
            found[name] = make()
        except ModuleNotFoundError as missing:
            print(f"{name} is left out: {missing}")
    return found


# -- the solves -------------------------------------------------------------------------------------


def minimizations(n: int, method: str, peers: dict[str, Peer]) -> dict[str, Solve]:
    """Rosenbrock from the classical start."""
    from dualrev.scipy import optimize

    x0 = np.resize([-1.2, 1.0], n)
    options = {"maxiter": STEPS_OF_LARGE if n >= LARGE else 10_000}
    if method == "L-BFGS-B":
        options["maxfun"] = 10_000_000
    second = method == "trust-krylov"
    f = problems.rosenbrock(np)
    differences: dict[str, Any] = {}
    if second:
        differences["jac"] = lambda x: scipy_optimize.approx_fprime(x, f)
        differences["hess"] = scipy_optimize.BFGS()

    def by(peer: Peer) -> Solve:
        g = problems.rosenbrock(peer.xp)
        pair = peer.value_and_grad(g)
        more = {"hessp": peer.hessp(g)} if second else {}
        return lambda: scipy_optimize.minimize(
            pair, x0, jac=True, method=method, options=options, **more
        )

    solves: dict[str, Solve] = {
        "dualrev": lambda: optimize.minimize(f, x0, method=method, options=options),
        "differences": lambda: scipy_optimize.minimize(
            f, x0, method=method, options=options, **differences
        ),
    }
    for name, peer in peers.items():
        solves[name] = by(peer)
        if name == "JAX":
            # A function of its own each time, so that nothing compiled is found again.
            solves["JAX with compiling"] = lambda peer=peer: by(peer)()
    return solves


def peaks(xp, m):
    """Three peaks on a decay, 11 parameters, as in Osborne's second problem; and a start."""
    t = np.linspace(0.0, 6.5, m)
    best = np.array([1.31, 0.43, 0.63, 0.6, 0.75, 0.9, 1.36, 4.8, 2.4, 4.57, 5.68])

    def model(b, xp):
        y = b[0] * xp.exp(-t * b[4])
        for k in range(3):
            y = y + b[1 + k] * xp.exp(-((t - b[8 + k]) ** 2) * b[5 + k])
        return y

    data = model(best, np)
    start = np.array([1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5])
    return lambda b: data - model(b, xp), start


def _of_problems(key):
    make, start = problems.RESIDUALS[key]
    return lambda xp, m: (make(xp, m), start)


# Name, residuals for a namespace and a number of data, that number, and of parameters.
FITS = {
    "three peaks, 11 parameters, 1000 residuals": (peaks, 1000, 11),
    "three peaks, 11 parameters, 65 residuals": (peaks, 65, 11),
    "growth, 4 parameters, 1000 residuals": (_of_problems("growth"), 1000, 4),
    "rational, 4 parameters, 20 residuals": (_of_problems("rational"), 20, 4),
}


def fits(name: str, peers: dict[str, Peer]) -> dict[str, Solve]:
    """A model fitted to its values at other parameters, with a hundredth of noise."""
    from dualrev.scipy import optimize

    make, m, n = FITS[name]
    start = make(np, m)[1]
    data = make(np, m)[0](np.where(np.arange(n) < 4, 0.0, 1.0) if n > 4 else np.eye(4)[3])
    noise = 0.01 * np.ptp(data) * np.random.default_rng(0).standard_normal(data.shape)

    def residuals(xp):
        g = make(xp, m)[0]
        return lambda b: g(b) + noise

    def by(peer: Peer) -> Solve:
        g = residuals(peer.xp)
        jacobian = peer.jacobian(g)
        return lambda: scipy_optimize.least_squares(residuals(np), start, jacobian)

    solves: dict[str, Solve] = {
        "dualrev": lambda: optimize.least_squares(residuals(np), start),
        "differences": lambda: scipy_optimize.least_squares(residuals(np), start),
    }
    for peer_name, peer in peers.items():
        solves[peer_name] = by(peer)
        if peer_name == "JAX":
            solves["JAX with compiling"] = lambda peer=peer: by(peer)()
    return solves


def agreeing(solves: dict[str, Solve], at_start: float, capped: bool = False) -> dict[str, Solve]:
    """Leave out a solve that does not end where dualrev's does, and say so.

    Of solves that were stopped after some steps it is the number of steps that must agree, and the
    value more loosely.
    """
    ends = {key: solve() for key, solve in solves.items()}
    own = ends["dualrev"]
    name = "cost" if "cost" in own else "fun"
    kept = {}
    for key, end in ends.items():
        near = abs(end[name] - own[name]) <= (1e-2 if capped else 1e-4) * at_start
        if near and (not capped or end.nit == own.nit):
            kept[key] = solves[key]
        else:
            print(f"  {key} ends at {end[name]:.3g}, dualrev at {own[name]:.3g}: left out")
    return kept


def row(name: str, solves: dict[str, Solve], rounds: int, differences_count: bool) -> Row:
    timings = interleaved(solves, rounds, 0.01)
    least = {key: timing.least for key, timing in timings.items()}
    medians = {key: timing.median for key, timing in timings.items()}
    goals = [
        Goal(f"{key} / dualrev", least[key] / least["dualrev"], 1.0, ">=")
        for key in ("differences", "HIPS")
        if key in least and (key == "HIPS" or differences_count)
    ]
    return Row(name, "ms", least, medians, goals)


def measured(quick: bool) -> Iterator[Row]:
    peers = available()
    for method in METHODS:
        for n in SIZES[:2] if quick else SIZES:
            solves = minimizations(n, method, peers)
            at_start = float(problems.rosenbrock(np)(np.resize([-1.2, 1.0], n)))
            rounds = 2 if quick else 3 if n >= LARGE else 11
            steps = f", {STEPS_OF_LARGE} steps" if n >= LARGE else ""
            name = f"{method}, Rosenbrock, n = {n}{steps}"
            yield row(name, agreeing(solves, at_start, n >= LARGE), rounds, n >= 5)
    for name in list(FITS)[-1:] if quick else FITS:
        make, m, n = FITS[name]
        residuals, start = make(np, m)
        at_start = 0.5 * float(np.sum(residuals(start) ** 2))
        kept = agreeing(fits(name, peers), at_start)
        yield row(f"least_squares, {name}", kept, 2 if quick else 11, n >= 5)


# -- the page ---------------------------------------------------------------------------------------


def section(rows: list[Row]) -> str:
    try:
        jax_version = f", jax {import_module('jax').__version__}"
    except ModuleNotFoundError:
        jax_version = ""
    return (
        f"{HEADING}\n\n"
        "Milliseconds for a whole solve, from `python -m benchmarks.optimizers`: the same solver of SciPy from\n"
        'the same start; what differs is who supplies the derivatives. "differences" is SciPy without any;\n'
        "trust-krylov, which needs some, then has two-point gradients and quasi-Newton Hessians.\n"
        '"JAX with compiling" is the first solve of a session, "JAX" a later one. Who does not end at the\n'
        "same minimum is left out.\n\n"
        f"{environment()}{jax_version}.\n\n{as_markdown(rows)}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.optimizers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, two rounds")
    saving.add_option(parser, "optimizers")
    parser.add_argument("--write", metavar="PAGE", help=f"put the table under {HEADING!r} of PAGE")
    options = parser.parse_args(arguments)
    if any(os.environ.get(name) != setting for name, setting in ONE_THREAD.items()):
        # BLAS reads these when a process starts.
        command = [sys.executable, "-m", "benchmarks.optimizers", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | ONE_THREAD, check=False).returncode
    print(environment())
    rows = []
    for found in measured(options.quick):
        rows.append(found)
        print(found.text(), flush=True)
    concluded(rows)
    saving.saved("benchmarks.optimizers", {"rows": as_json(rows)}, options.json, arguments)
    put(section(rows), options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
