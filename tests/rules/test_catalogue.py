"""The first catalogue: every function that is promised is answered; exponents; the generated tables.

That the answers are right is tested by `test_registry.py` and `test_examples.py`, which name no function.
"""

import operator
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.catalogue import coverage_rows, primitives_page
from dualrev.core.primitive import ENTRIES, PRIMITIVES
from tests.rules.registry import run
from tests.rules.subjects import Subject

CATALOGUE = """
    negative positive reciprocal square sqrt cbrt absolute fabs
    exp exp2 expm1 log log2 log10 log1p
    sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh
    deg2rad rad2deg degrees radians conjugate
    add subtract multiply divide true_divide power float_power remainder mod fmod
    maximum minimum fmax fmin hypot arctan2 logaddexp logaddexp2 copysign
    sign floor ceil trunc rint floor_divide
    equal not_equal less less_equal greater greater_equal
    logical_and logical_or logical_not logical_xor isfinite isinf isnan isclose allclose array_equal
    argmax argmin argsort argpartition argwhere nonzero flatnonzero count_nonzero searchsorted
    digitize any all signbit
    where clip sum mean prod max min var std cumsum cumprod
    reshape ravel transpose swapaxes moveaxis expand_dims squeeze broadcast_to
    concatenate stack hstack vstack dstack column_stack block
    split array_split hsplit vsplit dsplit tile repeat roll flip pad
    diag diagonal triu tril dot matmul einsum tensordot inner outer vdot kron trace
    linalg.solve linalg.inv linalg.det linalg.slogdet linalg.norm linalg.cholesky
    getitem setitem
""".split()
KINDS = {"rule", "composite", "solver", "constant", "passes", "unsupported"}


def resolve(name):
    if name in ("getitem", "setitem"):
        return getattr(operator, name)
    found = np
    for part in name.split("."):
        found = getattr(found, part)
    return found


def check(f, x):
    """Values are NumPy's; both modes and both vector modes give the oracle's Jacobian."""
    at = Subject(f"power at {x}", f, f, (x,), [0], linear=False, analytic=False)
    for name in ("value", "tangent", "adjoint", "jacobian"):
        run(name, at)


@pytest.mark.parametrize("base", [0.7, 2.3])
@pytest.mark.parametrize("exponent", [-2, -1.0, -0.5, 0, 0.5, 1, 2, 3, 4.0, 2.5])
def test_exponents(base, exponent):
    """Every kind of exponent: negative, zero, fraction, integer; int and float; varying itself."""
    x = np.array([base, 1.3 * base])
    check(lambda x: x**exponent, x)
    if np.array_equal(np.power(x, float(exponent)), x ** float(exponent)):
        # Before NumPy 2.3, ** takes the square root and np.power, which is recorded as **, does not.
        check(lambda x: np.power(x, float(exponent)), x)
    check(lambda x: np.float_power(x, exponent), x)
    if isinstance(exponent, int):
        check(lambda x: (-x) ** exponent, x)
    check(lambda p: base**p, x)


@pytest.mark.parametrize("b", [0.0, 1.0, 2.0, 3.0, 2.5])
def test_second_derivatives_where_base_and_exponent_vary(b):
    """Closed form; the exponents 0 to 3 have branches of their own in the first derivative."""
    a = 4.0
    log = np.log(a)
    mixed = a ** (b - 1) * (1 + b * log)
    want = np.array([[b * (b - 1) * a ** (b - 2), mixed], [mixed, a**b * log**2]])
    assert np.allclose(dr.hessian(lambda x: x[0] ** x[1])(np.array([a, b])), want, rtol=1e-14)


# --------------------------------------------------------------------------------------------------
# The tables.


@pytest.mark.parametrize("name", CATALOGUE)
def test_answered(name):
    function = resolve(name)
    assert function in ENTRIES, f"np.{name} is not answered"
    assert ENTRIES[function].kind != "unsupported"


def test_catalogue_names_are_distinct():
    assert len(set(CATALOGUE)) == len(CATALOGUE)


def test_rows_are_sorted_and_distinct():
    names = [row[0] for row in coverage_rows()]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("row", coverage_rows(), ids=lambda row: row[0])
def test_row(row):
    """A row names a function by the path under which users find it, and says how it is answered."""
    name, kind, flavour, _, note = row
    function = pkgutil.resolve_name(name)
    assert not any(part.startswith("_") for part in name.split(".")), f"{name} is no public path"
    entry = ENTRIES[function]
    assert kind == entry.kind
    assert kind in KINDS
    assert "\n" not in note
    if flavour:
        assert kind in ("rule", "constant")
        assert entry.call.flavour == flavour
        assert PRIMITIVES[entry.call.name] is entry.call
    assert callable(entry.call)


def test_page():
    """One row per primitive, all with as many cells as the head of the table."""
    lines = primitives_page().splitlines()
    table = [line for line in lines if line.startswith("| ")]
    head, *body = table
    assert len(body) == len(PRIMITIVES)
    assert [line.split("|")[1].strip() for line in body] == sorted(PRIMITIVES)
    cells = head.replace("\\|", "").count("|")
    assert all(line.replace("\\|", "").count("|") == cells for line in body)


def test_page_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "reference" / "primitives.md"
    assert page.read_text(encoding="utf-8") == primitives_page(), (
        "generate it again: python -m dualrev primitives > docs/reference/primitives.md"
    )
