"""The scrutiny that every primitive gets: one function per promise, none of which names an operation.

A check takes a `Subject` (an operation at one sample) and raises if the promise is broken. Tests run
all checks on all primitives (`test_registry.py`), and on wrong ones that must fail (`test_mutants.py`).
"""

from tests.rules import checks_derivatives as derivatives
from tests.rules import checks_operands as operands
from tests.rules import checks_ways as ways
from tests.rules.subjects import Subject as Subject
from tests.rules.subjects import private_registry as private_registry
from tests.rules.subjects import subjects as subjects
from tests.rules.subjects import variant as variant

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
    )
}


def run(check, subject):
    """Run one check and see that no operand was written to."""
    before = [v.copy() for v in subject.arrays]
    try:
        CHECKS[check](subject)
    except AssertionError as error:
        raise AssertionError(f"{check}: {subject}: {error}") from error
    for k, (old, new) in enumerate(zip(before, subject.arrays, strict=True)):
        if old.tobytes() != new.tobytes():
            raise AssertionError(f"{check}: {subject}: operand {k} was written to")
