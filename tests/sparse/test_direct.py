"""Direct evaluation: entries from one pass of sparse forward mode, against dense and compressed Jacobians."""

import copy
import gc
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import assume, given, settings
from scipy import sparse

import dualrev as dr
from dualrev.core.primitive import PRIMITIVES
from dualrev.errors import PatternError, ShapeError, UnsupportedError
from tests.problems.sparse import FAMILIES
from tests.sparse.test_compositions import (
    ALL,
    SEEDS,
    SMOOTH,
    N,
    X,
    added_at,
    chosen,
    indexed,
    joined,
    moved,
    pick,
    program,
    two,
    written,
)
from tests.sparse.truths import jacobian_matrix

COMPLEX = ("spectral_rows", "spectral_line", "power_balance_phasors")


def direct(f, **options):
    return dr.sparse.jacobian(f, mode="direct", **options)


def check(f, x, made=None, rtol=1e-11):
    """The entries are those of the dense Jacobian, whether positions are new or known."""
    wanted = jacobian_matrix(f, x)
    made = made or direct(f)
    for _ in range(2):
        found = made(x)
        assert found.has_canonical_format
        np.testing.assert_allclose(
            found.toarray(), wanted, rtol=rtol, atol=1e-14 * np.abs(wanted).max(initial=0.0)
        )
    return made


# -- many problems and programs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in FAMILIES if n not in COMPLEX])
def test_problem(name):
    family = FAMILIES[name]
    problem = family.at(family.small)
    of = dr.sparse.jacobian if family.kind == "jacobian" else dr.sparse.hessian
    dense = dr.jacobian if family.kind == "jacobian" else dr.hessian
    made = of(problem.function, mode="direct")
    for seed in range(2):
        x = problem.point(np.random.default_rng(seed))
        found, wanted = made(x).toarray(), dense(problem.function)(x)
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13 * np.abs(wanted).max())
        if family.kind == "hessian":
            assert (found == found.T).all()


@pytest.mark.parametrize("name", COMPLEX)
def test_refused_problem(name):
    problem = FAMILIES[name].at(FAMILIES[name].small)
    with pytest.raises(
        UnsupportedError, match=r"complex numbers in sparse forward mode.*mode=\"auto\""
    ):
        direct(problem.function)(problem.start)


@settings(max_examples=60)
@given(SEEDS, SEEDS)
def test_programs(seed, length):
    f = program(ALL, seed, length % 9 + 1)
    made = direct(lambda x: np.reshape(f(x), (-1,)))
    for x in (X, np.random.default_rng(seed).uniform(0.3, 2.5, N)):
        with np.errstate(all="ignore"):
            true = jacobian_matrix(f, x)
        assume(np.isfinite(true).all())
        np.testing.assert_allclose(
            made(x).toarray(), true, rtol=1e-9, atol=1e-12 * np.abs(true).max(initial=1.0)
        )


@settings(max_examples=50)
@given(SEEDS, SEEDS)
def test_hessians_of_programs(seed, length):
    f = program(SMOOTH, seed, length % 5 + 1)
    total = lambda x: np.sum(f(x))
    made = dr.sparse.hessian(total, mode="direct")
    with np.errstate(all="ignore"):
        true = np.asarray(dr.hessian(total)(X))
    assume(np.isfinite(true).all())
    found = made(X).toarray()
    assert (found == found.T).all()
    np.testing.assert_allclose(found, true, rtol=1e-8, atol=1e-11 * np.abs(true).max(initial=1.0))


# -- special points ------------------------------------------------------------------------------------------------


def edge(rng, values):
    f = [np.sqrt, np.log, np.abs, np.square, np.reciprocal, np.cbrt, np.arcsin, np.log1p, np.exp]
    return f[int(rng.integers(len(f)))](pick(rng, values))


def tied(rng, values):
    f = [np.multiply, np.divide, np.power, np.hypot, np.maximum, np.fmin, np.subtract, guarded]
    return f[int(rng.integers(len(f)))](*two(rng, values))


def guarded(a, b):
    return np.where(a > 0, np.sqrt(np.where(a > 0, a, 1.0)), b)


def collapsed(rng, values):
    x = pick(rng, values)
    f = [np.sum, np.max, np.mean, np.linalg.norm]
    return f[int(rng.integers(4))](x, axis=-1) if x.ndim and x.size else x


EDGES = [edge, tied, edge, tied, moved, indexed, joined, chosen, written, added_at, collapsed]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(40))
def test_special_points(seed, dtype):
    """Zeros of both signs, ties, infinities, NaN: every entry is as in forward or in reverse mode."""
    rng = np.random.default_rng(seed)
    points = [0.0, -0.0, 1.0, 1.0, -1.0, 2.0, 0.5] + [np.inf, np.nan] * (seed % 2)
    x = rng.choice(points, 6).astype(dtype)
    precision = 1e4 * np.finfo(dtype).eps
    for count in (1, 2, 4):
        f = program(EDGES, seed, count)
        g = lambda x, f=f: np.reshape(f(x), (-1,))
        with np.errstate(all="ignore"):
            found = direct(g)(x)
            assert found.dtype == dtype
            close = np.zeros(found.shape, bool)
            for mode in ("forward", "reverse"):
                wanted = np.asarray(dr.jacobian(g, mode=mode)(x)).reshape(found.shape)
                close |= np.isclose(
                    found.toarray(), wanted, rtol=precision, atol=precision, equal_nan=True
                )
        assert close.all()


@pytest.mark.parametrize(
    ("f", "x", "wanted"),
    [
        (lambda x: x * np.sqrt(x), [0.0, 1.0], [[0.0, 0.0], [0.0, 1.5]]),
        (lambda x: np.where(x > 0, np.sqrt(x), 0.0), [0.0, 4.0], [[0.0, 0.0], [0.0, 0.25]]),
        (lambda x: np.sqrt(x[:1] * 0.0) + x[1:], [1.0, 4.0], [[0.0, 1.0]]),
        (lambda x: np.sqrt(x), [0.0, 1.0], [[np.inf, 0.0], [0.0, 0.5]]),
        (lambda x: np.maximum(x[:1], x[1:]), [1.0, 1.0], [[0.5, 0.5]]),
        (lambda x: np.max(x, keepdims=True), [2.0, 2.0], [[0.5, 0.5]]),
        (lambda x: np.abs(x), [0.0, -1.0], [[0.0, 0.0], [0.0, -1.0]]),
    ],
)
def test_conventions(f, x, wanted):
    found = direct(f)(np.array(x)).toarray()
    np.testing.assert_array_equal(found, wanted)


# -- arguments, results, dtypes ------------------------------------------------------------------------------------


def test_arguments_and_results():
    def f(a, p, b, scale=1.0):
        return {"s": scale * p["k"] * np.sin(a[1:]), "t": (b["z"] * a[:-1], [b["w"] ** 2])}

    a, p, b = np.arange(1.0, 5.0), {"k": 2.0}, {"z": 3.0, "w": np.ones((2, 2))}
    made = direct(f, argnums=(0, 2))
    compressed = dr.sparse.jacobian(f, argnums=(0, 2), mode="forward")
    y, J = made.with_value(a, p, b, scale=0.5)
    z, K = compressed.with_value(a, p, b, scale=0.5)
    np.testing.assert_allclose(J.toarray(), K.toarray(), rtol=1e-14)
    assert y.keys() == z.keys()
    np.testing.assert_array_equal(y["s"], z["s"])
    assert made.mode == "direct"
    assert made.n_passes == 1
    assert made.colours is None
    assert "13 entries" in repr(made)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x * np.ones(3), 2.0),
        (lambda x: np.sin(x), np.array(0.5)),
        (lambda x: x**2, np.zeros(0)),
        (lambda x: x[:0], np.ones(3)),
        (lambda x: np.concatenate([x, np.zeros(0)]), np.zeros(0)),
        (lambda x: np.ones(2), np.ones(3)),
        (lambda x: np.sum(x, axis=1), np.zeros((3, 0))),
        (lambda x: x.T @ np.ones((3, 2)), np.asfortranarray(np.arange(12.0).reshape(3, 4))),
        (lambda x: x[::-2, None] * x[None, ::3], np.arange(1.0, 8.0)),
        (lambda x: np.broadcast_to(x[:, None], (3, 2)) * x[0], np.arange(6.0).reshape(3, 2)[:, 1]),
        (lambda x: np.add.outer(x, x) ** 2, np.arange(3.0)),
        (lambda x: np.sum(np.stack([x, x**2, 3 * x]), axis=0), np.arange(3.0)),
        (lambda x: np.mean(x, axis=(0, 2), keepdims=True), np.arange(12.0).reshape(2, 3, 2)),
        (lambda x: np.moveaxis(x, 0, -1) * 2.0, np.arange(12.0).reshape(2, 3, 2)[:, ::-1]),
    ],
)
def test_shapes(f, x):
    check(f, x)


def test_single_precision():
    x = np.linspace(0.5, 2.0, 40, dtype=np.float32)
    w = np.linspace(0.1, 1.0, 40)
    for f in (
        lambda x: np.sin(x[1:]) * x[:-1],
        lambda x: (x.astype(float) * w) ** 2,
        lambda x: (x * w).astype(np.float32) * 3,
        lambda x: np.sum(np.exp(x)[:, None] * x, axis=0),
        lambda x: np.diag(w[:3].astype(np.float32)) @ x[:3],
        # Double precision from where the function goes over to it: 0.1 is the same number twice.
        lambda x: 1e9 * (x.astype(float) * 0.1 - x.astype(float) * np.full(40, 0.1)),
    ):
        found = direct(f)(x)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found.toarray(), jacobian_matrix(f, x), rtol=2e-5, atol=1e-6)


def test_closures_and_nesting():
    x = np.linspace(0.5, 1.5, 8)

    def inner(v):
        return np.sum(np.sin(v[1:] * v[:-1]))

    check(dr.grad(inner), x)
    check(lambda v: dr.jvp(lambda w: w[1:] * w[:-1] ** 2, (v,), (np.ones(8),))[1], x)
    check(lambda v: dr.vmap(lambda a, b: a * b**2)(v, v[::-1]), x)
    check(lambda v: dr.grad(lambda s: np.sum(s * v**2))(np.ones(8)), x)
    # What is differentiated outside is no number: mode="auto" takes lanes, mode="direct" says so.
    auto = dr.sparse.jacobian(lambda v, s: s * v[1:] * v[:-1])
    total = lambda s, made: np.sum(made(np.ones(2000), s).data)
    auto(np.ones(2000), 1.0)
    assert dr.grad(total)(2.0, auto) == 2 * 1999
    with pytest.raises(UnsupportedError, match="traced"):
        dr.grad(lambda s: np.sum(direct(lambda v: s * v * v)(x).data))(2.0)
    with pytest.raises(UnsupportedError, match="traced argument"):
        dr.grad(lambda v: np.sum(direct(lambda w: w * w)(v).data))(x)


# -- codes ---------------------------------------------------------------------------------------------------------


def test_written_in_place():
    def f(x):
        y = np.zeros_like(x)
        y[0] = x[0] ** 2
        y[1:] += x[:-1] * x[1:]
        y[::2] *= 3.0
        np.add.at(y, [0, 0, 5], x[[1, 2, 3]])
        z = y.reshape(4, 2)
        z[1] = np.sin(z[2])
        z[:, 1] -= x[:4]
        return y

    check(f, np.arange(1.0, 9.0))


def test_loops_of_numbers():
    def f(x):
        y = [x[0]]
        for k in range(1, 30):
            y.append(0.5 * y[k - 1] * x[k] + np.sin(x[k - 1]))
        out = np.zeros_like(x)
        for k in range(30):
            out[k] = y[k] if k % 3 else x[k] * x[0]
        return np.concatenate([np.array(y[20:]), out])

    check(f, np.linspace(0.1, 1.0, 30))
    check(lambda x: np.array([x[k] * x[k - 1] for k in range(50)]), np.linspace(0.1, 1.0, 50))
    check(lambda x: np.stack([x * k for k in range(12)] + [np.ones(5)]), np.ones(5))
    check(lambda x: np.concatenate([x[:k] ** 2 for k in range(7)]), np.arange(1.0, 8.0))


def test_repeated_use_does_not_grow():
    """Positions that meet again are summed; their number stays that of the entries."""

    def f(x):
        for k in range(12):
            x = x + 0.1 * np.roll(x, 1) * np.sin(x) + x[::-1] * (k == 3)
        return x

    made = check(f, np.linspace(0.1, 1.0, 12), rtol=1e-9)
    assert made._last.work < 5e5


def test_products():
    rng = np.random.default_rng(5)
    x = rng.normal(size=24)
    A = sparse.csr_array(np.where(rng.random((30, 24)) < 0.1, rng.normal(size=(30, 24)), 0.0))
    turn = rng.normal(size=(3, 3))
    check(lambda x: (A @ x) ** 2, x)
    check(lambda x: A.T @ (A @ np.sin(x)), x)
    check(lambda x: A.toarray() @ x, x)
    check(lambda x: (x.reshape(8, 3) @ turn.T) ** 2, x)
    check(lambda x: np.einsum("nij,nj->ni", x[:18].reshape(2, 3, 3), x[18:].reshape(2, 3)), x)
    check(lambda x: np.einsum("ij,jk->ik", turn, x.reshape(3, 8)), x)
    check(lambda x: np.tensordot(turn, x.reshape(3, 8), 1), x)
    check(lambda x: np.convolve(x, [1.0, -2.0, 1.0], "same") ** 2, x)
    check(lambda x: np.convolve(x[:20], x[20:], "valid"), x)
    check(lambda x: np.correlate(x, [1.0, 0.0, 3.0], "full"), x)
    check(lambda x: np.linalg.det(x[:18].reshape(2, 3, 3)), x)
    check(
        lambda x: np.linalg.solve(x[:18].reshape(2, 3, 3) + 5 * np.eye(3), x[18:].reshape(2, 3, 1)),
        x,
    )
    check(lambda x: np.cumsum(x.reshape(8, 3), axis=1), x)
    check(lambda x: np.sort(x.reshape(8, 3), axis=1) ** 2, x)
    check(lambda x: np.take(x, [[3, 3], [1, 0]]) * np.interp(x[:2], [0.0, 1.0], [1.0, 3.0]), x)
    check(lambda x: np.diff(x, 2) * np.gradient(x)[1:-1], x)
    check(lambda x: np.pad(x, 2, mode="reflect") * np.modf(np.pad(x, 2))[0], x)
    check(lambda x: np.var(x.reshape(6, 4), axis=1) + np.prod(x.reshape(6, 4), axis=1), x)


def test_inner_products():
    """Few results of many entries each, found by their transposes."""
    x, w = np.random.default_rng(3).normal(size=(2, 100))
    for f in (
        lambda x: x @ x,
        lambda x: np.sin(x) @ w,
        lambda x: np.stack([w, 2 * w, x]) @ x**2,
        lambda x: np.einsum("i,i->", x, x * x),
        lambda x: np.vdot(x[:70], w[:70] * x[30:]),
        lambda x: np.tensordot(x.reshape(10, 10), np.roll(x, 1).reshape(10, 10)),
        lambda x: np.convolve(x[:80], x[20:], "valid"),
        lambda x: np.linalg.slogdet(np.eye(2) + x[:4].reshape(2, 2) * (w @ x))[1],
    ):
        check(f, x)
    made = dr.sparse.hessian(lambda x: (x[1:] - x[:-1] ** 2) @ (x[1:] * x[:-1]), mode="direct")
    for z in (x, w):
        np.testing.assert_allclose(made(z).toarray(), dr.hessian(made.f)(z), rtol=1e-13, atol=1e-14)
    with pytest.raises(UnsupportedError, match="sort in sparse forward mode"):
        direct(np.sort)(x)


def test_constants_that_change():
    """Coefficients are kept for the same constants, not for others of the same zeros, nor for changed ones."""
    A = sparse.diags_array([np.ones(20), np.ones(19)], offsets=[0, 1], format="csr")
    w = np.array([1.0, 2.0, 3.0])

    def f(x, s):
        pairs = x.reshape(10, 2) @ np.array([s, 0.0])
        return np.concatenate([A @ x, s * np.convolve(x, w, "same"), pairs])

    made = direct(f)
    x = np.linspace(0.0, 1.0, 20)
    for k in range(3):
        wanted = dr.jacobian(made.f)(x, 1.0 + k)
        np.testing.assert_allclose(made(x, 1.0 + k).toarray(), wanted, rtol=1e-14)
        A.data[k] = 10.0 + k
        w[k] = -5.0


def test_zeros_of_what_is_followed_are_none():
    """Which entries of a product count is kept, so zeros of an operand that varies must not."""
    turned = lambda x: np.einsum("nij,nj->ni", x[:18].reshape(2, 3, 3), x[18:24].reshape(2, 3))
    joined = lambda x: np.convolve(x[:20], x[20:], "valid")
    for f in (turned, joined):
        made = direct(f)
        x = np.linspace(1.0, 2.0, 24)
        for k in range(3):
            point = np.where(np.arange(24) % 3 == k, 0.0, x)
            np.testing.assert_allclose(
                made(point).toarray(), jacobian_matrix(f, point), rtol=1e-14, atol=1e-15
            )


def test_operations_of_the_user():
    """Entry by entry, summed and moved, with coefficients that their facts do not tell."""
    w = np.array([1.0, -2.0, 0.5, 3.0])
    declared = [
        dr.linear(
            lambda x: x * w,
            lambda ct, shape: ct * w,
            on=[dr.case((4,))],
            pattern="elementwise",
            name="t_scaled",
        ),
        dr.linear(
            lambda x, *, axis: np.sum(x * w, axis),
            lambda ct, shape, *, axis: ct[..., None] * w,
            on=[dr.case((2, 4), axis=-1)],
            pattern="reduction",
            name="t_weighted",
        ),
        dr.linear(
            lambda x: x[..., ::-1],
            lambda ct, shape: ct[..., ::-1],
            on=[dr.case((4,))],
            pattern="movement",
            name="t_turned",
        ),
        dr.linear(
            lambda x: x[..., 1:] + w[1:] * x[..., :1],
            lambda ct, shape: NotImplemented,
            on=[dr.case((4,))],
            pattern="...a->...b",
            name="t_mixed",
        ),
    ]
    scaled, weighted, turned, mixed = declared
    try:
        x = np.linspace(0.1, 1.0, 12).reshape(3, 4)
        check(scaled, x[0])
        check(lambda x: scaled(turned(np.sin(x)) + x), x[0])
        for f in (lambda x: weighted(x, axis=-1), lambda x: weighted(turned(x**2) + x, axis=-1)):
            wanted = dr.jacobian(f, mode="forward")(x).reshape(3, 12)
            np.testing.assert_allclose(direct(f)(x).toarray(), wanted, rtol=1e-14)
        wanted = dr.jacobian(mixed, mode="forward")(x[0])
        np.testing.assert_allclose(direct(mixed)(x[0]).toarray(), wanted, rtol=1e-14)
    finally:
        for primitive in declared:
            PRIMITIVES.pop(primitive.name)


def test_indices_that_change():
    made = direct(lambda x, i: x[i] ** 2, pattern=np.ones((300, 40), bool))
    x, rng = np.linspace(1.0, 2.0, 40), np.random.default_rng(1)
    for _ in range(4):
        i = rng.integers(0, 40, 300)
        np.testing.assert_array_equal(made(x, i).toarray(), dr.jacobian(made.f)(x, i))
        np.testing.assert_array_equal(made(x, i).toarray(), dr.jacobian(made.f)(x, i))
        i[0] = (i[0] + 1) % 40  # changed in place, one entry
        np.testing.assert_array_equal(made(x, i).toarray(), dr.jacobian(made.f)(x, i))
    i = np.arange(300) % 40
    signs = np.where(i % 2, -1.0, 1.0)
    made = direct(lambda x, s: x[i] * s, pattern=np.ones((300, 40), bool))
    for s in (signs, -signs, signs * 0.0):
        np.testing.assert_array_equal(made(x, s).toarray(), dr.jacobian(made.f)(x, s))


# -- what changes --------------------------------------------------------------------------------------------------


def branching(x, k):
    if k == 0:
        return x[1:] * x[:-1]
    if k == 1:
        return np.sin(x[:-1]) + x[1:]
    return x[0] * x[1:]


def test_branches_that_alternate():
    x = np.linspace(1.0, 2.0, 9)
    union = sum(dr.sparse.jacobian_pattern(branching, x, k).toarray() for k in range(3)) > 0
    made = direct(branching, pattern=union)
    for k in [0, 1, 2, 0, 1, 2, 1]:
        np.testing.assert_array_equal(made(x, k).toarray(), dr.jacobian(branching)(x, k))
    assert len(made._last._plans) == 3


def test_pattern_that_no_longer_holds():
    x = np.linspace(1.0, 2.0, 9)
    made = direct(branching)
    made(x, 0)
    made(x, 1)
    with pytest.raises(
        PatternError, match="7 of 8 rows have entries outside it, the first is row 1"
    ):
        made(x, 2)
    made = direct(branching, on_change="detect")
    for k in (0, 2, 1, 0):
        np.testing.assert_array_equal(made(x, k).toarray(), dr.jacobian(branching)(x, k))
    made = direct(lambda x, n: x[:n] ** 2)
    made(x, 4)
    with pytest.raises(ShapeError, match="4 rows, but the function returned 5"):
        made(x, 5)


def test_pattern_that_is_too_small():
    x = np.linspace(1.0, 2.0, 5)
    f = lambda x: x * np.sum(x)
    with pytest.raises(PatternError, match="outside"):
        direct(f, pattern=np.eye(5))(x)
    # What is zero, or rounding, needs no place; neither does a sum that cancels.
    np.testing.assert_array_equal(
        direct(lambda x: x**2 + 0.0 * x[::-1], pattern=np.eye(5))(x).diagonal(), 2 * x
    )
    direct(
        lambda x: x**2 + (x + np.roll(x, 1) * 3.0 - x[[4, 0, 1, 2, 3]] * 3.0), pattern=np.eye(5)
    )(x)
    direct(
        lambda x: x + 0.3 * np.roll(x, 1) - 0.1 * np.roll(x, 1) - 0.2 * np.roll(x, 1),
        pattern=np.eye(5),
    )(x)
    # Nor does what only lacks strong zeros.
    small = direct(lambda x: x + np.sqrt(0.0 * np.roll(x, 1)), pattern=np.eye(5))
    np.testing.assert_array_equal(small(x).diagonal(), 1.0)
    with pytest.raises(PatternError, match="outside"):
        direct(lambda x: x + np.nan * np.roll(x, 1), pattern=np.eye(5))(x)
    with pytest.raises(PatternError):
        dr.sparse.hessian(lambda x: np.sum(x[1:] * x[:-1]), mode="direct", pattern=np.eye(5))(x)


def test_function_that_catches():
    """A refusal stops the evaluation, also where the function catches everything."""

    def f(x):
        try:
            return np.real(np.fft.ifft(np.fft.fft(x)))
        except Exception:
            return x * 0.0

    with pytest.raises(UnsupportedError, match=r"fft|dft"):
        direct(f)(np.ones(4))


def test_exceptions_and_generators_leave_no_level_open():
    made = direct(lambda x, bad: {False: x**2}[bad])
    made(np.ones(3), False)
    with pytest.raises(KeyError):
        made(np.ones(3), True)
    np.testing.assert_array_equal(made(np.ones(3), False).diagonal(), 2.0)
    kept = []

    def leaks(x):
        kept.append(x)
        return x * (2.0 if len(kept) < 3 else kept[0])

    made = direct(leaks)
    made(np.ones(3))
    with pytest.raises(dr.errors.LevelError):
        made(np.ones(3))

    def items(x):
        for k in range(3):
            yield x[k] ** 2

    check(lambda x: np.stack([next(items(x)), *items(x)]), np.arange(1.0, 4.0))


def test_warnings_are_as_in_forward_mode():
    f = lambda x: np.where(x > 0, np.sqrt(x), x)
    x = np.array([0.0, 1.0, 4.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        direct(f)(x)
    made = direct(lambda x: 1.0 / x)
    made(np.ones(3))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        made(np.zeros(3))


# -- what is kept --------------------------------------------------------------------------------------------------


def test_threads():
    def f(x):
        return np.concatenate([x[1:] * np.sin(x[:-1]), np.roll(x, 3) ** 2 * x])

    made = direct(f)
    barrier = threading.Barrier(4)
    dense = dr.jacobian(f)
    points = [np.linspace(0.1 + k, 2.0 + k, 50) for k in range(4)]

    def work(k):
        barrier.wait()
        return [made(points[k]).toarray() for _ in range(30)]

    with ThreadPoolExecutor(4) as pool:
        for k, found in enumerate(pool.map(work, range(4))):
            wanted = dense(points[k])
            assert all(np.allclose(J, wanted, rtol=1e-13, atol=0) for J in found)


def stencil(x):
    return x[1:] * x[:-1] ** 2


def test_pickling():
    x = np.linspace(0.0, 1.0, 30)
    made = direct(stencil)
    J = made(x)
    twin = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(twin(x).toarray(), J.toarray())
    assert twin.mode == "direct"
    made = dr.sparse.jacobian(stencil)
    x = np.linspace(0.0, 1.0, 50_000)
    J = made(x)
    assert made.mode == "direct"
    for twin in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        np.testing.assert_array_equal(twin(x).data, J.data)
        assert twin.mode == "direct"
        assert twin.colours is not None


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "dia", "banded"])
def test_formats(form):
    x = np.linspace(1.0, 2.0, 12)
    f = lambda x: np.roll(x, 1)[1:-1] * x[1:-1] + x[2:] ** 2
    if form == "banded":
        f = lambda x: np.sin(x) + np.pad(x[1:] * x[:-1], (0, 1))
    found = direct(f, format=form)(x)
    wanted = dr.sparse.jacobian(f, mode="forward", format=form)(x)
    if form == "banded":
        assert found[0] == wanted[0]
        np.testing.assert_allclose(found[1], wanted[1], rtol=1e-14)
    else:
        assert found.format == form
        np.testing.assert_allclose(found.toarray(), wanted.toarray(), rtol=1e-14)


def test_inside_vmap():
    auto = dr.sparse.jacobian(stencil)
    points = np.linspace(1.0, 2.0, 40_000).reshape(2, -1)
    alone = [auto(x).data for x in points]
    assert auto.mode == "direct"
    together = dr.vmap(lambda x: auto(x).data)(points)
    np.testing.assert_allclose(together, alone, rtol=1e-14)


def test_memory_of_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr("dualrev.sparse.terms._MOST", 50)
    monkeypatch.setattr("dualrev.sparse.terms._BYTES", 2**16)
    made = direct(lambda x, i: np.sin(x[i]) * x[i[::-1]], pattern=np.ones((200, 30), bool))
    x, rng = np.linspace(0.1, 1.0, 30), np.random.default_rng(0)
    kept = []
    for _ in range(12):
        i = rng.integers(0, 30, 200)
        np.testing.assert_allclose(
            made(x, i).toarray(), dr.jacobian(made.f)(x, i), rtol=1e-14, atol=0
        )
        gc.collect()
        kept.append((len(made._last.positions._made), made._last.positions._bytes))
    assert max(n for n, _ in kept) <= 50 + 20
    assert max(b for _, b in kept) < 2**18
    assert len(made._last._plans) <= 8


def test_what_differs_from_call_to_call_goes_back_to_colours():
    x, rng = np.linspace(0.1, 1.0, 4000), np.random.default_rng(0)
    f = lambda x, i: np.sin(x[i]) * x[i] ** 2 * np.cos(x[i])
    made = dr.sparse.jacobian(f, pattern=sparse.block_diag([np.ones((8, 8))] * 500))
    for _ in range(12):
        i = (np.arange(4000).reshape(500, 8)[:, rng.permutation(8)]).ravel()
        found = made(x, i)
        wanted = sparse.csr_array((np.ones(4000), (np.arange(4000), i)))
        assert abs(found - found.multiply(wanted)).max() == 0
    assert made.mode == "direct"
    assert made._last._compressed is not None


def test_the_choice():
    """Large stencils go directly, small ones and refused operations in lanes, all with the same numbers."""
    f = lambda x: (
        np.roll(x, 1) * np.sin(x) + np.roll(x, -1) ** 2 + np.roll(x, 2) * x - np.roll(x, -2)
    )
    x = np.linspace(0.0, 1.0, 20_000)
    made = dr.sparse.jacobian(f)
    J = made(x)
    assert made.mode == "direct"
    np.testing.assert_allclose(
        J.data, dr.sparse.jacobian(f, mode="forward")(x).data, rtol=1e-13, atol=1e-15
    )
    made(x[:20])
    assert made.mode == "forward"
    assert dr.sparse.jacobian(f, order="natural")(x).nnz
    asked = dr.sparse.jacobian(f, order=np.arange(20_000))
    asked(x)
    assert asked.mode == "forward"
    refused = dr.sparse.jacobian(lambda x: f(x) + 0.0 * np.real(np.fft.fft(x[:8]))[0])
    refused(x)
    assert refused.mode == "forward"
