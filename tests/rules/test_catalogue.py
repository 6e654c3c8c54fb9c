"""The first catalogue: every function that is promised is answered, and differentiates rightly.

The names are written once, here; an example goes with each that is not entry by entry.
"""

import operator
import pkgutil
from pathlib import Path

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import ENTRIES, PRIMITIVES, coverage_rows, primitives_page
from tests.rules.oracles import Oracle, arrays_of, magnitude, pack
from tests.rules.subjects import RTOL, agree, same

UNARY = """
    negative positive reciprocal square sqrt cbrt absolute fabs
    exp exp2 expm1 log log2 log10 log1p
    sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh
    deg2rad rad2deg degrees radians conjugate
""".split()
BINARY = """
    add subtract multiply divide true_divide power float_power remainder mod fmod
    maximum minimum fmax fmin hypot arctan2 logaddexp logaddexp2 copysign
""".split()
CONSTANT = """
    sign floor ceil trunc rint floor_divide
    equal not_equal less less_equal greater greater_equal
    logical_and logical_or logical_not logical_xor isfinite isinf isnan isclose allclose array_equal
    argmax argmin argsort argpartition argwhere nonzero flatnonzero count_nonzero searchsorted
    digitize
    any all signbit
""".split()

X = np.array([[0.62, 0.21, 0.47], [0.35, 0.83, 0.56]])
V = np.array([0.62, 0.21, 0.47, 0.35])
A = np.array([[2.1, 0.3, -0.4], [0.5, 1.7, 0.2], [-0.1, 0.6, 2.4]])
B = np.array([[1.5, -0.3], [0.2, 0.9], [0.7, 0.4]])
MASK = np.array([[True, False, True], [False, True, True]])


def written(x):
    y = np.zeros_like(x)
    y[0] = x[1] * x[0]
    y[1, ::2] = 3.0 * x[0, :2]
    y[1, [1, 1]] += x[1, 0]
    return y


# name -> (examples, where)
EXAMPLES = {
    "where": ([lambda x: np.where(MASK, x, x * x), lambda x: np.where(x > 0.5, x, 0.0)], X),
    "clip": ([lambda x: np.clip(x, 0.3, 0.6), lambda x: np.clip(x, None, 0.5)], X),
    "sum": ([np.sum, lambda x: np.sum(x, axis=0), lambda x: x.sum(axis=(0, 1), keepdims=True)], X),
    "mean": ([np.mean, lambda x: np.mean(x, axis=-1), lambda x: x.mean(axis=0, keepdims=True)], X),
    "prod": ([np.prod, lambda x: np.prod(x, axis=1)], X),
    "max": ([np.max, lambda x: np.max(x, axis=1), lambda x: np.amax(x, axis=0)], X),
    "min": ([np.min, lambda x: np.min(x, axis=1), lambda x: np.amin(x, axis=0)], X),
    "var": ([np.var, lambda x: np.var(x, axis=1, ddof=1)], X),
    "std": ([np.std, lambda x: np.std(x, axis=0, ddof=1, keepdims=True)], X),
    "cumsum": ([np.cumsum, lambda x: np.cumsum(x, axis=0)], X),
    "cumprod": ([np.cumprod, lambda x: np.cumprod(x, axis=1)], X),
    "reshape": ([lambda x: np.reshape(x, (3, 2)), lambda x: x.reshape(-1)], X),
    "ravel": ([np.ravel, lambda x: np.ravel(x, order="F")], X),
    "transpose": ([np.transpose, lambda x: x.T], X),
    "swapaxes": ([lambda x: np.swapaxes(x, 0, 1)], X),
    "moveaxis": ([lambda x: np.moveaxis(x, 0, -1)], X),
    "expand_dims": ([lambda x: np.expand_dims(x, (0, 2))], X),
    "squeeze": ([lambda x: np.squeeze(x[None, :, :, None])], X),
    "broadcast_to": ([lambda x: np.broadcast_to(x, (2, 2, 3))], X),
    "concatenate": ([lambda x: np.concatenate([x, x * x, np.ones((2, 1))], axis=1)], X),
    "stack": ([lambda x: np.stack([x, x * x], axis=1)], X),
    "hstack": ([lambda x: np.hstack([x, x * x])], X),
    "vstack": ([lambda x: np.vstack([x, x * x])], X),
    "dstack": ([lambda x: np.dstack([x, x * x])], X),
    "column_stack": ([lambda x: np.column_stack([x, x * x])], V),
    "block": ([lambda x: np.block([[x, x * x], [np.ones((2, 3)), x]])], X),
    "split": ([lambda x: tuple(np.split(x, 3, axis=1))], X),
    "array_split": ([lambda x: tuple(np.array_split(x, 3))], V),
    "hsplit": ([lambda x: tuple(np.hsplit(x, 3))], X),
    "vsplit": ([lambda x: tuple(np.vsplit(x, 2))], X),
    "dsplit": ([lambda x: tuple(np.dsplit(x[None], 3))], X),
    "tile": ([lambda x: np.tile(x, (2, 1, 2))], X),
    "repeat": ([lambda x: np.repeat(x, 2, axis=0), lambda x: np.repeat(x, [1, 0, 2], axis=1)], X),
    "roll": ([lambda x: np.roll(x, 2), lambda x: np.roll(x, -1, axis=1)], X),
    "flip": ([np.flip, lambda x: np.flip(x, axis=1)], X),
    "pad": ([lambda x: np.pad(x, ((1, 0), (0, 2))), lambda x: np.pad(x, 1, mode="edge")], X),
    "diag": ([lambda x: np.diag(x, k=1), lambda x: np.diag(x[0])], X),
    "diagonal": ([lambda x: np.diagonal(x, offset=1)], X),
    "triu": ([np.triu, lambda x: np.triu(x, k=1)], X),
    "tril": ([np.tril, lambda x: np.tril(x, k=-1)], X),
    "dot": ([lambda x: np.dot(x, A), lambda x: np.dot(x, x[0])], X),
    "matmul": ([lambda x: np.matmul(x, A), lambda x: x @ x.T], X),
    "einsum": ([lambda x: np.einsum("ij,kj->ik", x, x), lambda x: np.einsum("ij->j", x)], X),
    "tensordot": (
        [lambda x: np.tensordot(x, A, 1), lambda x: np.tensordot(x, x, ([0, 1], [0, 1]))],
        X,
    ),
    "inner": ([lambda x: np.inner(x, x), lambda x: np.inner(x, V[:3])], X),
    "outer": ([lambda x: np.outer(x, x), lambda x: np.outer(x, V)], V),
    "vdot": ([lambda x: np.vdot(x, x), lambda x: np.vdot(V, x)], V),
    "kron": ([lambda x: np.kron(x, x), lambda x: np.kron(B, x)], X),
    "trace": ([np.trace, lambda x: np.trace(x, offset=1)], X),
    "linalg.solve": ([lambda a: np.linalg.solve(a, B), lambda a: np.linalg.solve(A, a[0])], A),
    "linalg.inv": ([np.linalg.inv], A),
    "linalg.det": ([np.linalg.det], A),
    "linalg.slogdet": (
        [lambda a: tuple(np.linalg.slogdet(a)), lambda a: np.linalg.slogdet(a)[1]],
        A,
    ),
    "linalg.norm": (
        [
            np.linalg.norm,
            lambda a: np.linalg.norm(a, axis=1),
            lambda a: np.linalg.norm(a, 1),
            lambda a: np.linalg.norm(a, 2),
        ],
        A,
    ),
    "linalg.cholesky": ([lambda a: np.linalg.cholesky(a @ a.T)], A),
    "getitem": (
        [
            lambda x: x[1],
            lambda x: x[..., None, ::-2],
            lambda x: x[[1, 1, 0]],
            lambda x: x[MASK],
            lambda x: x[[0, 1], :][:, np.array([2, 2])],
            lambda x: np.array([x[0, 0], x[1, 2]]),
        ],
        X,
    ),
    "setitem": ([written], X),
}


def resolve(name):
    if name in ("getitem", "setitem"):
        return getattr(operator, name)
    found = np
    for part in name.split("."):
        found = getattr(found, part)
    return found


def check(f, *arrays):
    """Values are NumPy's; both modes and both vector modes give the oracle's Jacobian."""
    varying = list(range(len(arrays)))
    oracle = Oracle(f, arrays, varying)
    J, E = oracle.jacobian
    y, pullback = dr.vjp(f, *arrays)
    same(y, f(*arrays), "value")
    size = magnitude(J)
    columns = []
    for u in np.eye(len(oracle.x)):
        ts = tuple(
            np.reshape(part, a.shape)
            for part, a in zip(np.split(u, len(arrays)), arrays, strict=True)
        )
        columns.append(pack(arrays_of(dr.jvp(f, arrays, ts)[1])))
    agree(np.array(columns).T, J, E, size, RTOL, "forward mode")
    for i, e in enumerate(np.eye(len(pack(oracle.y)))):
        parts, start = [], 0
        for v in oracle.y:
            parts.append(np.reshape(e[start : start + v.size], v.shape))
            start += v.size
        g = pullback(tuple(parts) if isinstance(y, tuple) else parts[0])
        agree(pack(g), J[i], E[i], size, RTOL, f"reverse mode, output {i}")


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    x = X + 1.0 if name == "arccosh" else X
    check(getattr(np, name), x)


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    other = 0.3 + 1.4 * X[::-1]
    ufunc = getattr(np, name)
    check(ufunc, X, other)
    check(lambda x: ufunc(x, 1.45), X)
    check(lambda x: ufunc(1.45, x), X)
    check(lambda x: ufunc(x, other[0]), X)


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


@pytest.mark.parametrize("name", CONSTANT)
def test_constant(name):
    """Locally constant: NumPy's own answer, as a plain value, so that it can decide and index."""
    function = resolve(name)
    arguments = {
        "searchsorted": lambda x: (np.sort(x[0]), x[1]),
        "digitize": lambda x: (x, np.array([0.0, 0.5])),
        "argpartition": lambda x: (x, 1),
    }
    binary = (
        "equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor "
        "isclose allclose array_equal floor_divide"
    ).split()
    make = arguments.get(name, (lambda x: (x, 0.5)) if name in binary else (lambda x: (x,)))
    want = function(*make(X))
    met = []

    def f(x):
        met.append(function(*make(x)))
        return x * 2.0

    dr.grad(lambda x: np.sum(f(x)))(X)
    dr.jvp(f, (X,), (X,))
    for found in met:
        for one, other in zip(arrays_of(found), arrays_of(want), strict=True):
            assert np.array_equal(one, other)
            assert one.dtype == other.dtype
    assert len(met) == 2
    assert ENTRIES[function].kind == "constant" or PRIMITIVES[name].flavour == "constant"


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    examples, x = EXAMPLES[name]
    for f in examples:
        check(f, x)


# --------------------------------------------------------------------------------------------------
# The tables.

CATALOGUE = [*UNARY, *BINARY, *CONSTANT, *EXAMPLES]
KINDS = {"rule", "composite", "constant", "passes", "unsupported"}


@pytest.mark.parametrize("name", CATALOGUE)
def test_answered(name):
    function = resolve(name)
    assert function in ENTRIES, f"np.{name} is not answered"
    assert ENTRIES[function].kind != "unsupported"


def test_catalogue_names_are_distinct():
    assert len(set(CATALOGUE)) == len(CATALOGUE)


def rows():
    return {row[0]: row for row in coverage_rows()}


def test_rows_are_sorted_and_distinct():
    names = [row[0] for row in coverage_rows()]
    assert names == sorted(names)
    assert len(set(names)) == len(names) == len(ENTRIES)


@pytest.mark.parametrize("row", coverage_rows(), ids=lambda row: row[0])
def test_row(row):
    """A row names a function by the path under which users find it, and says how it is answered."""
    name, kind, flavour, note = row
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
    page = Path(__file__).parents[2] / "docs" / "primitives.md"
    assert page.read_text(encoding="utf-8") == primitives_page(), (
        "generate it again: python -m dualrev primitives > docs/primitives.md"
    )
