"""How exact derivatives and differences are: errors against step size. No times.

    python -m benchmarks.accuracy          print it, a few seconds
    python -m benchmarks.accuracy --json   and keep it in benchmarks/results/accuracy.json

The function is NIST's regression problem Thurber, whose residuals are rational, so that its Jacobian is known in exact
arithmetic. An error is the largest in a column of the Jacobian, relative to the largest entry of that column.
"""

import argparse
import sys
from typing import Any

import numpy as np

import dualrev as dr
from dualrev.demo import thurber
from dualrev.demo.figure import (
    EPSILON,
    STEPS,
    central_differences,
    column_errors,
    forward_differences,
)

from . import saving

DIFFERENCES = {"forward": forward_differences, "central": central_differences}


def jacobians() -> dict[str, Any]:
    """Errors of the Jacobian's columns at the certified parameters, by method and step."""
    b = thurber.CERTIFIED
    exact = thurber.exact_jacobian(b)
    # The evaluation of residuals itself rounds: at best a derivative shares that.
    found: dict[str, Any] = {
        "steps": STEPS.tolist(),
        "epsilon": EPSILON,
        "dualrev": column_errors(dr.jacobian(thurber.residuals)(b), exact).tolist(),
    }
    for name, method in DIFFERENCES.items():
        errors = np.array([column_errors(method(b, step), exact) for step in STEPS])
        found[name] = errors.T.tolist()
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    saving.add_option(parser, "accuracy")
    options = parser.parse_args(arguments)
    found = jacobians()
    for name in DIFFERENCES:
        errors = np.array(found[name])
        print(f"{name:<8} worst column, best step: {errors.max(axis=0).min():.1e}")
    print(f"dualrev  worst column:            {max(found['dualrev']):.1e}")
    saving.saved("benchmarks.accuracy", found, options.json, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
