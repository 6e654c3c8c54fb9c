"""The public conformance suite of the Python array API standard, run against `dualrev.numpy`.

    python -m benchmarks.array_api FOLDER [--max-examples 20] [--write docs/reference/coverage.md]

FOLDER is a checkout of https://github.com/data-apis/array-api-tests with its submodule. The suite runs three times,
with the same seed: on NumPy, on `dualrev.numpy` as users import it, and on `dualrev.numpy` inside a transform, where
every floating-point array that the suite makes is a traced one. The last run makes ``float(x)`` of a traced value its
plain number, because the suite reads results that way; nothing else is changed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from dualrev.core.catalogue import BY_HAND

MARK = "## The array API standard"
RUNS = {
    "NumPy": ("numpy", {}),
    "dualrev.numpy": ("dualrev.numpy", {}),
    "dualrev.numpy, traced": (
        "exec('from benchmarks.traced_namespace import xp')",
        {"SCIPY_ARRAY_API": "1"},
    ),
}


def run(folder, module, extra, examples):
    """Return ``{test: outcome}`` of one run of the suite."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, "-m", "pytest", "array_api_tests", "-q", "--disable-warnings"]
        command += ["-p", "no:cacheprovider", "--hypothesis-seed=0", f"--max-examples={examples}"]
        command += ["--json-report", f"--json-report-file={report.name}"]
        environment = os.environ | {
            "ARRAY_API_TESTS_MODULE": module,
            "ARRAY_API_TESTS_VERSION": "2024.12",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            **extra,
        }
        subprocess.run(command, cwd=folder, env=environment, check=False, stdout=subprocess.DEVNULL)
        tests = json.loads(Path(report.name).read_text(encoding="utf-8"))["tests"]
    return {test["nodeid"].removeprefix("array_api_tests/"): test["outcome"] for test in tests}


def page(outcomes):
    """Return the section of the page: counts, and what differs from NumPy."""
    lines = [
        MARK,
        "",
        "Written by `python -m benchmarks.array_api` (suite: data-apis/array-api-tests, standard 2024.12).",
        "",
        "| namespace | passed | failed | skipped |",
        "|---|---|---|---|",
    ]
    for name, tests in outcomes.items():
        counts = [list(tests.values()).count(o) for o in ("passed", "failed", "skipped")]
        lines.append(f"| {name} | " + " | ".join(map(str, counts)) + " |")
    base = {test for test, outcome in outcomes["NumPy"].items() if outcome == "passed"}
    for name, tests in list(outcomes.items())[1:]:
        worse = sorted(test for test in base if tests.get(test) != "passed")
        lines += ["", f"Passed by NumPy but not by {name}: {len(worse)}."]
        lines += ["", *(f"- `{test}`" for test in worse)] if worse else []
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--max-examples", type=int, default=20)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    outcomes = {
        name: run(arguments.folder, module, extra, arguments.max_examples)
        for name, (module, extra) in RUNS.items()
    }
    section = page(outcomes)
    print(section)
    if arguments.write is not None:
        text = arguments.write.read_text(encoding="utf-8")
        above, _, below = text.partition(BY_HAND + "\n")
        rest = re.sub(rf"{re.escape(MARK)}\n.*?(?=\n## |\Z)", "", below, flags=re.DOTALL)
        arguments.write.write_text(
            f"{above}{BY_HAND}\n\n{section}\n{rest.strip()}".rstrip() + "\n",
            encoding="utf-8",
            newline="\n",
        )


if __name__ == "__main__":
    main()
