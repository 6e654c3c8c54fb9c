"""Results as JSON, with where they were measured: the one way in which a script of this folder keeps what it found.

``--json`` writes ``benchmarks/results/<script>.json``, ``--json FILE`` another file. The paper takes its numbers and
figures from that folder. This module imports nothing but the standard library: the paper reads results without NumPy.
"""

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterable
from datetime import date
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = "numpy scipy optree mpmath autograd mygrad torch jax jaxlib asdex numba casadi matplotlib".split()


def add_option(parser: argparse.ArgumentParser, name: str) -> None:
    """Let a script write its results, to ``benchmarks/results/<name>.json`` if no file is named."""
    parser.add_argument(
        "--json",
        metavar="FILE",
        nargs="?",
        const=str(RESULTS / f"{name}.json"),
        help=f"write what was found as JSON (default file: benchmarks/results/{name}.json)",
    )


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def environment() -> dict[str, Any]:
    """Machine, Python, versions of what is installed, and the day."""
    versions = {"dualrev": import_module("dualrev").__version__}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": os.environ.get("OMP_NUM_THREADS", "as they come"),
        "python": platform.python_version(),
        "versions": versions,
        "date": date.today().isoformat(),
    }


def command(module: str, arguments: Iterable[str] | None = None) -> str:
    """What was typed, without the file that the results go to."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "--json" in words:
        at = words.index("--json")
        named = len(words) > at + 1 and not words[at + 1].startswith("-")
        words[at : at + 1 + named] = ["--json"]
    return shlex.join(["python", "-m", module, *words])


def saved(
    module: str, found: dict[str, Any], file: str | None, arguments: list[str] | None
) -> None:
    """Write what a script has found, with the command and the environment, if a file is named."""
    if file:
        content = {"command": command(module, arguments), "environment": environment(), **found}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        Path(file).write_text(text + "\n", encoding="utf-8")
