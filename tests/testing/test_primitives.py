"""check_primitive: right declarations pass, each mutant is caught by the check made for it."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import PRIMITIVES
from dualrev.testing import check_primitive

pytestmark = pytest.mark.usefixtures("registry")


@pytest.fixture
def registry():
    """Give back the registry as it was: a mutant must not be seen by other tests."""
    before = dict(PRIMITIVES)
    yield
    PRIMITIVES.clear()
    PRIMITIVES.update(before)


def failed(report):
    return {f.check for f in report.failures}


def test_a_right_declaration_passes_every_check():
    cube = dr.elementwise(lambda x: x**3, lambda x: 3 * x**2, on=dr.reals, name="right_cube")
    report = check_primitive(cube)
    assert report.ok, str(report)
    assert {f.check for f in report.findings} == {
        "value",
        "derivatives",
        "batch",
        "vector mode",
        "single precision",
        "memory layout",
        "shapes",
    }
    assert "right_cube: correct" in str(report)
    assert report.raise_if_wrong() is report


def test_a_right_declaration_of_two_arguments_passes():
    ratio = dr.elementwise(
        lambda a, b: a / b,
        lambda b: 1 / b,
        lambda y, b: -y / b,
        on=(dr.reals, dr.nonzero),
        name="right_ratio",
    )
    report = check_primitive(ratio)
    assert report.ok, str(report)
    assert "same variable" in {f.check for f in report.findings}


@pytest.mark.parametrize(
    "partial",
    [
        lambda x: -np.cos(x),
        lambda x: 1.001 * np.cos(x),
        lambda x: np.cos(x) + 1e-3,
        lambda x: np.cos(x) * np.nan,
        lambda x: np.cos(x) * (x > 0),
    ],
    ids=["sign", "factor", "offset", "nan", "lost"],
)
def test_a_wrong_partial_is_caught(partial):
    mutant = dr.elementwise(np.sin.__call__, partial, on=dr.reals, name="mutant_sine")
    report = check_primitive(mutant)
    assert "derivatives" in failed(report)
    with pytest.raises(AssertionError, match="mutant_sine: FAILED"):
        report.raise_if_wrong()


def test_a_partial_right_to_first_order_only_is_caught():
    mutant = dr.elementwise(
        np.sin.__call__, lambda x: np.cos(dr.value(x)), on=dr.reals, name="mutant_stripped"
    )
    assert "derivatives" in failed(check_primitive(mutant))


def test_a_wrong_transpose_is_caught():
    mutant = dr.linear(
        lambda x: np.cumsum(x, axis=-1),
        transpose=lambda ct: np.cumsum(ct, axis=-1),
        on=[dr.case((4,))],
        name="mutant_cumulative",
    )
    assert "derivatives" in failed(check_primitive(mutant))


def test_a_wrong_side_of_a_bilinear_operation_is_caught():
    mutant = dr.bilinear(
        lambda a, b: a @ b,
        left=lambda ct, b: ct @ b,
        right=lambda ct, a: a.mT @ ct,
        on=[dr.case((3, 3), (3, 3))],
        name="mutant_product",
    )
    assert "derivatives" in failed(check_primitive(mutant))


def test_tangent_and_adjoint_that_disagree_are_caught():
    @dr.general(lambda x: x @ x, on=[dr.case((2, 2))], name="mutant_square")
    class mutant:
        def tangent(t, x):
            return t @ x + x @ t

        def adjoint(ct, x):
            return ct @ x.mT

    assert "derivatives" in failed(check_primitive(mutant))


def test_a_wrong_batching_rule_is_caught():
    mutant = dr.linear(
        lambda x: np.flip(x, axis=0),
        transpose=lambda ct: np.flip(ct, axis=0),
        on=[dr.case((3,))],
        name="mutant_flip",
    )
    assert "batch" in failed(check_primitive(mutant))


def test_a_rule_that_loses_its_digits_in_float32_is_caught():
    mutant = dr.elementwise(
        np.sin.__call__,
        lambda x: (np.cos(x) + 1e6) - 1e6,
        on=dr.reals,
        name="mutant_cancelling",
    )
    assert "single precision" in failed(check_primitive(mutant))


def test_a_function_that_writes_into_its_operand_is_caught():
    def fun(x):
        y = np.sin(x)
        if isinstance(x, np.ndarray) and x.ndim and x.flags.writeable:
            x[...] = 0
        return y

    mutant = dr.elementwise(fun, np.cos.__call__, on=dr.reals, name="mutant_writer")
    assert not check_primitive(mutant)


def test_a_rule_that_depends_on_the_memory_layout_is_caught():
    def partial(x):
        plain = dr.value(x)
        contiguous = np.ndim(plain) == 0 or plain.flags.c_contiguous
        return np.cos(x) if contiguous else -np.cos(x)

    mutant = dr.elementwise(np.sin.__call__, partial, on=dr.reals, name="mutant_layout")
    assert "memory layout" in failed(check_primitive(mutant))


def test_a_rule_that_raises_is_reported_with_its_error():
    def partial(x):
        raise RuntimeError("not written yet")

    mutant = dr.elementwise(np.sin.__call__, partial, on=dr.reals, name="mutant_raises")
    report = check_primitive(mutant)
    assert "not written yet" in str(report)
    assert {f.verdict for f in report.failures} == {"raised"}


def test_registered_numpy_functions_are_found():
    assert check_primitive(np.multiply)
    assert check_primitive(np.multiply, np.array([1.0, 2.0]), 3.0)
    assert check_primitive(np.sum, np.ones((2, 3)), axis=0)
    assert check_primitive(np.floor, np.array([0.3, -1.7]))


def test_functions_with_rules_of_their_own_are_checked():
    @dr.custom_jvp
    def root(x):
        return np.sqrt(x)

    factor = 0.5

    @root.defjvp
    def rule(primals, tangents):
        y = root(*primals)
        return y, factor * tangents[0] / y

    x = np.array([1.0, 4.0])
    report = check_primitive(root, x)
    assert report.ok, str(report)
    factor = 0.5005
    assert "derivatives" in failed(check_primitive(root, x))


def test_black_box_functions_are_checked():
    import math

    def area(r):
        return math.pi * float(r) ** 2

    right = dr.primitive(area, jacobian=lambda r: 2 * np.pi * r)
    wrong = dr.primitive(area, jacobian=lambda r: np.pi * r)
    assert "derivatives" not in failed(check_primitive(right, 1.5))
    assert "derivatives" in failed(check_primitive(wrong, 1.5))


def test_without_samples_operands_are_asked_for():
    with pytest.raises(dr.InputError, match="pass operands"):
        check_primitive(lambda x: x)


def test_the_sample_is_named_in_the_report():
    report = check_primitive(np.sum, np.ones((2, 3)), axis=0)
    assert {f.sample for f in report.findings} == {"(float64[2, 3], axis=0)"}
