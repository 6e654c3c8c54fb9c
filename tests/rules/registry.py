"""The scrutiny that every primitive gets: one check per promise, none names an operation.

A check takes a `Subject` (an operation at one sample) and raises if the promise is broken. Tests
run all checks on all primitives (`test_registry.py`), and on wrong ones, which must fail
(`test_mutants.py`, `test_engine_mutants.py`).
"""

from tests.rules import checks_derivatives as derivatives
from tests.rules import checks_imperative as imperative
from tests.rules import checks_operands as operands
from tests.rules import checks_ways as ways
from tests.rules.subjects import private_registry, subjects, variant

__all__ = ["CHECKS", "private_registry", "run", "subjects", "variant"]

CHECKS = {
    check.__name__: check
    for check in (
        derivatives.value,
        derivatives.tangent,
        derivatives.adjoint,
        derivatives.identity,
        derivatives.jacobian,
        derivatives.linearize,
        derivatives.pattern,
        derivatives.second,
        derivatives.slots,
        derivatives.fan,
        derivatives.batch,
        operands.single,
        operands.mixed,
        operands.holomorphic,
        operands.parts,
        operands.layouts,
        operands.shapes,
        ways.duals,
        ways.tapes,
        ways.shortcuts,
        ways.zeros,
        imperative.variables,
    )
}


def run(check, subject):
    """Run one check and see that no operand was written to."""
    if not subject.varying and check not in ("value", "batch"):
        return  # an operation of integers, or one that refuses every derivative: values and lanes
    before = [v.copy() for v in subject.arrays]
    try:
        CHECKS[check](subject)
    except AssertionError as error:
        raise AssertionError(f"{check}: {subject}: {error}") from error
    for k, (old, new) in enumerate(zip(before, subject.arrays, strict=True)):
        if old.tobytes() != new.tobytes():
            raise AssertionError(f"{check}: {subject}: operand {k} was written to")
