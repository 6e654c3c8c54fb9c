"""What there is: primitives, functions that they answer, checks, tests and mutants, counted and not estimated.

    python -m benchmarks.counts          print it, about a minute
    python -m benchmarks.counts --json   and keep it in benchmarks/results/counts.json

Tests are what pytest collects. Mutants are counted where the tests make them: the tests of mutants run with a stand-in
for the function that puts each mutant before the checks.
"""

import argparse
import contextlib
import io
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from . import saving

ROOT = Path(__file__).parent.parent
QUIET = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(ROOT)]


def registry() -> dict[str, Any]:
    """Primitives by flavour, and answered functions by library and by how they are answered."""
    from dualrev.core.mirror import load_mirrors
    from dualrev.core.primitive import ENTRIES, PRIMITIVES, public_name

    load_mirrors()
    kinds: dict[str, Counter[str]] = {"numpy": Counter(), "scipy": Counter()}
    for function, entry in ENTRIES.items():
        package = public_name(function).partition(".")[0]
        if package in kinds:
            kinds[package][entry.kind] += 1
    flavours = Counter(primitive.flavour for primitive in PRIMITIVES.values())
    return {
        "primitives": len(PRIMITIVES),
        "with derivatives": len(PRIMITIVES) - flavours["constant"],
        "flavours": dict(sorted(flavours.items())),
        "functions": {package: dict(sorted(found.items())) for package, found in kinds.items()},
    }


class Collected:
    """Counts what pytest collects."""

    def __init__(self) -> None:
        self.files: Counter[str] = Counter()

    def pytest_collection_finish(self, session: Any) -> None:
        self.files.update(item.nodeid.partition("::")[0] for item in session.items)


class Mutants:
    """Counts the mutants that tests put before the checks, without running the checks."""

    def __init__(self) -> None:
        self.count = 0
        self.changed: set[int] = set()

    def expect_caught(self, mutants: Any, *checks: str) -> None:
        self.count += len(list(mutants))

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        for item in items:
            module = getattr(item, "module", None)
            if module is not None and id(module) not in self.changed:
                self.changed.add(id(module))
                setattr(module, "expect_caught", self.expect_caught)  # noqa: B010 (a module has any name)


def run(arguments: list[str], plugin: Any) -> int:
    """Run pytest here, and give its exit code."""
    import pytest

    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), warnings.catch_warnings():
        code = pytest.main([*QUIET, *arguments], plugins=[plugin])
    if code:
        print("\n".join(quiet.getvalue().splitlines()[-20:]))
    return int(code)


def tests() -> dict[str, int]:
    """Tests that pytest collects, slow ones and doctests included."""
    collected = Collected()
    if run(["--collect-only", "-m", ""], collected):
        raise SystemExit("pytest cannot collect the tests")
    python = {name: n for name, n in collected.files.items() if name.startswith("tests/")}
    total = sum(collected.files.values())
    return {"tests": total, "of these doctests": total - sum(python.values())}


def mutants() -> int:
    """Wrong rules that the tests make out of right ones."""
    counted = Mutants()
    # The others check one or a few mutants themselves.
    selection = (
        "results or partials or stripped or swapped or summed or accumulate or batches or facts"
    )
    arguments = [str(ROOT / "tests/rules/test_mutants.py"), "-m", "", "-k", selection]
    if run(arguments, counted):
        raise SystemExit("the tests of mutants do not run")
    return counted.count


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.counts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    saving.add_option(parser, "counts")
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT))
    from tests.rules.registry import CHECKS

    found = registry() | tests() | {"mutants": mutants(), "checks": len(CHECKS)}
    for name, count in found.items():
        print(f"{name}: {count}")
    saving.saved("benchmarks.counts", found, options.json, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
