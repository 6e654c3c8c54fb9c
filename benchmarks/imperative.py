"""Variables with ``backward()``: dualrev, MyGrad and PyTorch eager, and ``dr.value_and_grad`` for the same functions.

    python -m benchmarks.imperative                                        everything, about two minutes
    python -m benchmarks.imperative --write docs/explanation/benchmarks.md  and put the table under its heading
    python -m benchmarks.imperative --quick                                 fewer rounds
    python -m benchmarks.imperative --json

Run it from the root of the checkout on a machine that does nothing else. Every library holds its own variables; data
are its own arrays, made outside the timed call. The calls are timed in turn in every round, and the least of the rounds
counts. One thread for BLAS and for PyTorch.

operation
    One operation on a small array, recorded.
chain
    Fifty turns of sine, product and sum, and ``backward()``.
scalars
    A network of Python numbers, as in the tutorials: three inputs, layers of 4, 4 and 1, four samples.
network
    A step of gradient descent on a network of two layers, batches of as many rows as there are units.
convolution
    Value and gradients of a convolution of 3×3 with 8 to 16 channels on 16 pictures of 28×28.
"""

import argparse
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

import dualrev as dr
from dualrev import nn

from . import saving
from .peers import ONE_THREAD, environment
from .report import Row, as_json, as_markdown, put
from .timing import interleaved

HEADING = "## Variables and networks"


def libraries() -> dict[str, Any]:
    """Namespace, variable and constant of each library that is installed."""
    found = {"dualrev": SimpleNamespace(xp=np, variable=dr.variable, constant=lambda a: a)}
    try:
        import mygrad as mg

        found["mygrad"] = SimpleNamespace(xp=mg, variable=mg.tensor, constant=lambda a: a)
    except ImportError:
        print("MyGrad is not installed")
    try:
        import torch

        torch.set_num_threads(1)
        found["torch"] = SimpleNamespace(
            xp=torch,
            variable=lambda a: torch.tensor(a, dtype=torch.float64, requires_grad=True),
            constant=lambda a: torch.tensor(a, dtype=torch.float64),
        )
    except ImportError:
        print("PyTorch is not installed")
    return found


def operations(library: Any, n: int) -> dict[str, Callable[[], Any]]:
    x = library.variable(np.linspace(0.1, 1.0, n))
    return {"x * x": lambda: x * x, "sin(x)": lambda: library.xp.sin(x), "x + 1": lambda: x + 1.0}


def chain(library: Any, n: int) -> Callable[[], Any]:
    x = library.variable(np.linspace(0.1, 1.0, n))

    def call():
        y = x
        for _ in range(50):
            y = library.xp.sin(y) * 0.9 + 0.1
        y.sum().backward()

    return call


def scalars(library: Any) -> Callable[[], Any]:
    rng = np.random.default_rng(0)
    sizes = (3, 4, 4, 1)
    layers = [
        [[library.variable(w) for w in rng.uniform(-1, 1, n_in + 1)] for _ in range(n_out)]
        for n_in, n_out in itertools.pairwise(sizes)
    ]
    rows = rng.uniform(-1, 1, (4, 3)).tolist()

    def call():
        loss = 0.0
        for row in rows:
            values = row
            for layer in layers:
                new = []
                for *weights, bias in layer:
                    total = bias
                    for w, v in zip(weights, values, strict=True):
                        total = total + w * v
                    new.append(library.xp.tanh(total))
                values = new
            loss = loss + (values[0] - 1.0) ** 2
        loss.backward()

    return call


def network_data(size: int) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    weights = [0.1 * rng.normal(size=(20, size)), np.zeros(size), 0.1 * rng.normal(size=(size, 1))]
    return weights, rng.normal(size=(size, 20)), rng.normal(size=(size, 1))


def loss_of(xp: Any, weights: Any, X: Any, y: Any) -> Any:
    first, bias, second = weights
    return xp.mean((xp.tanh(xp.matmul(X, first) + bias) @ second - y) ** 2)


def network(name: str, library: Any, size: int) -> Callable[[], Any]:
    start, X, y = network_data(size)
    weights = [library.variable(w) for w in start]
    X, y = library.constant(X), library.constant(y)

    def steps():
        for w in weights:
            w -= 1e-6 * w.grad  # noqa: PLW2901 - in place
            w.grad = None

    def plain():
        for w in weights:
            w.data = w.data - 1e-6 * w.grad
            w.null_grad()

    def call():
        loss_of(library.xp, weights, X, y).backward()
        if name == "mygrad":
            plain()
        else:
            with dr.no_grad() if name == "dualrev" else library.xp.no_grad():
                steps()

    return call


def functional(size: int) -> Callable[[], Any]:
    """The same step without variables."""
    weights, X, y = network_data(size)
    gradient = dr.value_and_grad(lambda w: loss_of(np, w, X, y))

    def call():
        _, found = gradient(weights)
        for w, g in zip(weights, found, strict=True):
            w -= 1e-6 * g  # noqa: PLW2901 - in place

    return call


def convolution(name: str, library: Any) -> Callable[[], Any]:
    rng = np.random.default_rng(2)
    x = library.variable(rng.normal(size=(16, 8, 28, 28)))
    w = library.variable(rng.normal(size=(16, 8, 3, 3)))
    conv = nn.conv2d if name == "dualrev" else library.xp.nn.functional.conv2d

    def call():
        (conv(x, w, padding=1) ** 2).sum().backward()

    return call


def rows(quick: bool) -> Iterator[Row]:
    known = libraries()
    rounds = 3 if quick else 25

    def row(name: str, calls: dict[str, Callable[[], Any]]) -> Row:
        times = interleaved(calls, rounds)
        return Row(
            name,
            "us",
            {who: t.least for who, t in times.items()},
            {who: t.median for who, t in times.items()},
        )

    for n in (3, 1000):
        made = {who: operations(library, n) for who, library in known.items()}
        for what in made["dualrev"]:
            yield row(f"{what}, n = {n}", {who: calls[what] for who, calls in made.items()})
    for n in (3, 1000):
        yield row(f"chain of 50, n = {n}", {who: chain(lib, n) for who, lib in known.items()})
    yield row("network of scalars", {who: scalars(lib) for who, lib in known.items()})
    for size in (16, 64, 256):
        calls = {who: network(who, lib, size) for who, lib in known.items()}
        yield row(f"network of {size} units", calls | {"value_and_grad": functional(size)})
    calls = {who: convolution(who, lib) for who, lib in known.items() if who != "mygrad"}
    yield row("convolution", calls)


def section(found: list[Row]) -> str:
    return (
        f"{HEADING}\n\n"
        "Microseconds, from `python -m benchmarks.imperative`; what a row measures is said at its head. In the rows\n"
        "of networks `value_and_grad` is dualrev without variables.\n\n"
        f"{environment()}.\n\n{as_markdown(found)}\n"
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.imperative",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="three rounds")
    saving.add_option(parser, "imperative")
    parser.add_argument("--write", metavar="PAGE", help=f"put the table under {HEADING!r} of PAGE")
    options = parser.parse_args(arguments)
    if any(os.environ.get(name) != setting for name, setting in ONE_THREAD.items()):
        # BLAS reads these when a process starts.
        command = [sys.executable, "-m", "benchmarks.imperative", *(arguments or sys.argv[1:])]
        return subprocess.run(command, env=os.environ | ONE_THREAD, check=False).returncode
    print(environment())
    found = []
    for one in rows(options.quick):
        found.append(one)
        print(one.text(), flush=True)
    saving.saved("benchmarks.imperative", {"rows": as_json(found)}, options.json, arguments)
    put(section(found), options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
