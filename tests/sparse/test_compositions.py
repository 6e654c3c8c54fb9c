"""Random programs of registry operations: patterns cover the derivatives, and are exact where nothing can cancel."""

import numpy as np
import pytest
import scipy.special
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import dualrev as dr
from dualrev.sparse import flow, relations
from dualrev.sparse.detection import hessian_pattern, jacobian_pattern
from tests.sparse.truths import jacobian_matrix, nan_seeding, nonzero

N = 6

# Steps take the program's generator and its values so far, arrays of at most two axes, and return a new one.
# Entries are kept of order one, so that no derivative underflows.


def squash(x):
    return np.sin(x) + 1.5


def pick(rng, values):
    return values[int(rng.integers(max(0, len(values) - 3), len(values)))]


def two(rng, values):
    """Two values that broadcast against each other."""
    a = pick(rng, values)
    fitting = [v for v in values if fits(a.shape, v.shape)]
    return a, fitting[int(rng.integers(len(fitting)))]


def fits(a, b):
    try:
        return len(np.broadcast_shapes(a, b)) <= 2
    except ValueError:
        return False


def weights(rng, *shape):
    w = rng.uniform(0.5, 1.5, shape)
    w[rng.random(shape) < 0.4] = 0.0
    return w


def unary(rng, values):
    f = [
        np.sin,
        np.cos,
        np.exp,
        np.tanh,
        np.arctan,
        np.square,
        np.negative,
        np.sqrt,
        np.log,
        np.abs,
        scipy.special.erf,
    ]
    return squash(f[int(rng.integers(len(f)))](pick(rng, values)))


def binary(rng, values):
    f = [np.add, np.subtract, np.multiply, np.divide, np.arctan2, np.hypot, np.logaddexp, np.power]
    return squash(f[int(rng.integers(len(f)))](*two(rng, values)))


def scaled(rng, values):
    x = pick(rng, values)
    return x * rng.uniform(0.5, 1.5, x.shape) + 1.0


def moved(rng, values):
    x = pick(rng, values)
    kind = int(rng.integers(8))
    if kind == 0:
        return x.T
    if kind == 1:
        return np.reshape(x, (-1,))
    if kind == 2:
        return (
            np.roll(x, int(rng.integers(1, 4)), axis=None if rng.random() < 0.3 else -1)
            if x.ndim
            else x[None]
        )
    if kind == 3:
        return np.flip(x) if x.ndim else x
    if kind == 4:
        return x[..., None] if x.ndim < 2 else np.swapaxes(x, 0, 1)
    if kind == 5 and x.ndim:
        return np.pad(
            x, [(0, 0)] * (x.ndim - 1) + [(1, 1)], mode="edge" if x.shape[-1] else "constant"
        )[..., :7]
    if kind == 6 and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., :7]
    return np.broadcast_to(x, (2, *x.shape)) if x.ndim < 2 else np.triu(x) + 1.0


def indexed(rng, values):
    x = pick(rng, values)
    if not x.ndim or not x.shape[-1]:
        return x
    n = x.shape[-1]
    kind = int(rng.integers(4))
    if kind == 0:
        return x[..., rng.integers(0, n, int(rng.integers(1, 5)))]
    if kind == 1:
        return x[..., :: int(rng.choice([-2, -1, 2]))]
    if kind == 2:
        return x[..., int(rng.integers(n))]
    return x[..., rng.random(n) < 0.7]


def reduced(rng, values):
    x = pick(rng, values)
    f = [np.sum, np.mean, np.prod, np.max, np.linalg.norm][int(rng.integers(5))]
    if not x.size or not x.ndim:
        return x
    axis = int(rng.integers(x.ndim)) if rng.random() < 0.8 else None
    return squash(f(squash(x), axis=axis, keepdims=bool(rng.random() < 0.4)))


def running(rng, values):
    x = pick(rng, values)
    if not x.ndim:
        return x
    return squash(np.cumsum(x, axis=-1) if rng.random() < 0.5 else np.diff(x, axis=-1))


def multiplied(rng, values):
    x = pick(rng, values)
    if not x.ndim:
        return x
    return weights(rng, 4, x.shape[0]) @ squash(x)


def einsummed(rng, values):
    x = pick(rng, values)
    if x.ndim != 2:
        return np.einsum("i,ij->j", x, weights(rng, x.shape[0], 3)) if x.ndim else x
    return np.einsum("ij,kj->ik", x, weights(rng, 3, x.shape[1]))


def convolved(rng, values):
    x = pick(rng, values)
    return np.convolve(x, [*weights(rng, 2), 1.0], "same") if x.ndim == 1 and x.size > 1 else x


def joined(rng, values):
    a, b = two(rng, values)
    shape = np.broadcast_shapes(a.shape, b.shape)
    a, b = np.broadcast_to(a, shape), np.broadcast_to(b, shape)
    if len(shape) == 1 and rng.random() < 0.5:
        return np.stack([a, b, np.ones(shape)])[:, :7]
    return np.concatenate([a, b], axis=-1)[..., :7] if shape else np.stack([a, b])


def chosen(rng, values):
    a, b = two(rng, values)
    return np.where(rng.random(np.broadcast_shapes(a.shape, b.shape)) < 0.5, a, b)


def decided(rng, values):
    a, b = two(rng, values)
    f = [
        lambda a, b: np.where(a > b, a, b * 2.0),
        np.maximum,
        np.minimum,
        lambda a, b: np.clip(a, 0.7, 2.0) + 0.0 * b,
    ]
    return f[int(rng.integers(4))](a, b)


def written(rng, values):
    x = pick(rng, values).copy()
    if not x.ndim or x.shape[-1] < 2:
        return x
    kind = int(rng.integers(4))
    if kind == 0:
        x[..., 0] = x[..., 1] * 2.0
    elif kind == 1:
        x[..., 1:] += np.sin(x[..., :-1]) + 1.0
    elif kind == 2:
        x[..., 1] = 3.0
    else:
        y = np.zeros_like(x)
        y[..., ::2] = x[..., ::2] ** 2
        return y
    return x


def added_at(rng, values):
    x = pick(rng, values)
    if x.ndim != 1 or not x.size:
        return x
    y = np.zeros_like(x)
    np.add.at(y, rng.integers(0, x.size, x.size), x)
    return y


def sorted_lines(rng, values):
    x = pick(rng, values)
    return np.sort(x, axis=-1) if x.ndim else x


SMOOTH = [
    unary,
    binary,
    scaled,
    moved,
    indexed,
    running,
    multiplied,
    einsummed,
    convolved,
    joined,
    written,
    added_at,
]
ALL = [*SMOOTH, reduced, chosen, decided, sorted_lines]


def program(steps, seed, count):
    """A function of one array that performs random steps: the same ones at every call."""

    def f(x):
        rng = np.random.default_rng(seed)
        values = [x]
        for _ in range(count):
            step = steps[int(rng.integers(len(steps)))]
            made = step(rng, values)
            if made.ndim <= 2 and 0 < made.size <= 60:
                values.append(made)
        return values[-1]

    return f


SEEDS = st.integers(0, 2**32)
X = np.random.default_rng(1).uniform(0.6, 1.4, N)


@settings(max_examples=200)
@given(SEEDS, st.integers(1, 8))
def test_covers_the_jacobian(seed, count):
    f = program(ALL, seed, count)
    with np.errstate(all="ignore"):
        true = jacobian_matrix(f, X)
    assume(np.isfinite(true).all())
    assert not (nonzero(true) & ~jacobian_pattern(f, X).toarray()).any()


@settings(max_examples=100)
@given(SEEDS, st.integers(1, 8))
def test_exact_where_nothing_cancels(seed, count):
    """At two generic points every detected entry is nonzero at one, but those that cancel by an identity (x - x)."""
    f = program(SMOOTH, seed, count)
    points = [X, np.random.default_rng(2).uniform(0.6, 1.4, N)]
    with np.errstate(all="ignore"):
        true = [jacobian_matrix(f, x) for x in points]
    assume(all(np.isfinite(J).all() for J in true))
    found = jacobian_pattern(f, X).toarray()
    with np.errstate(all="ignore"):
        filled = [J != 0 for J in true]
        excess = found & ~filled[0] & ~filled[1]
    assert not excess.any() or cancels(f, excess)


def cancels(f, excess):
    """NaN sees what numbers do not: x - x, x / x, hypot and the like of one operand with itself."""
    with np.errstate(all="ignore"):
        seen = nan_seeding(f, X)
    return not (excess & ~seen).any()


# Zeros of a constant in a product count as no dependence; 0 * NaN is NaN.
PASSES_NAN = [step for step in SMOOTH if step not in (multiplied, einsummed, convolved)]


@settings(max_examples=100)
@given(SEEDS, st.integers(1, 6))
def test_covers_nan_seeding(seed, count):
    f = program(PASSES_NAN, seed, count)
    with np.errstate(all="ignore"):
        assume(np.isfinite(f(X)).all())
        seen = nan_seeding(f, X)
    assert not (seen & ~jacobian_pattern(f, X).toarray()).any()


@settings(max_examples=120)
@given(SEEDS, st.integers(1, 6))
def test_covers_the_hessian(seed, count):
    f = program(ALL, seed, count)
    total = lambda x: np.sum(f(x))
    try:
        with np.errstate(all="ignore"):
            true = np.asarray(dr.hessian(total)(X))
    except dr.errors.UnsupportedError:
        assume(False)
    assume(np.isfinite(true).all())
    true = nonzero(true)
    found = hessian_pattern(total, X)
    assert found.is_symmetric
    assert not (true & true.T & ~found.toarray()).any()


@settings(max_examples=60)
@given(SEEDS, st.integers(1, 5))
def test_compressed_is_dense(seed, count):
    f = program(ALL, seed, count)
    with np.errstate(all="ignore"):
        true = jacobian_matrix(f, X)
    assume(np.isfinite(true).all())
    made = dr.sparse.jacobian(lambda x: np.reshape(f(x), (-1,)))
    np.testing.assert_allclose(
        made(X).toarray(), true, rtol=1e-9, atol=1e-12 * np.abs(true).max(initial=1.0)
    )
    assert made.n_passes <= N


@settings(max_examples=60)
@given(SEEDS, st.integers(1, 5))
def test_compressed_hessian_is_dense(seed, count):
    f = program(SMOOTH, seed, count)
    total = lambda x: np.sum(f(x))
    with np.errstate(all="ignore"):
        true = np.asarray(dr.hessian(total)(X))
    # Rows that are rounding alone (arctan2(x, x)) cannot be verified by a product.
    largest = np.abs(true).max(axis=1)
    assume(np.isfinite(true).all() and ((largest == 0) | (largest > 1e-10)).all())
    made = dr.sparse.hessian(total)
    np.testing.assert_allclose(
        made(X).toarray(), true, rtol=1e-8, atol=1e-11 * np.abs(true).max(initial=1.0)
    )


def test_the_same_with_other_thresholds(monkeypatch):
    """When blocks are merged or become pairs is a matter of speed alone."""
    programs = [program(ALL, seed, 2 + seed % 8) for seed in range(150)]
    with np.errstate(all="ignore"):
        found = [jacobian_pattern(f, X) for f in programs]
        monkeypatch.setattr(relations, "_MANY_LANES", 2)
        monkeypatch.setattr(relations, "_MANY_BLOCKS", 1)
        monkeypatch.setattr(relations, "_AT_ONCE", 8)
        monkeypatch.setattr(relations, "_ROOM", -20)
        monkeypatch.setattr(flow, "_ROOM", -20)
        assert [jacobian_pattern(f, X) for f in programs] == found
        monkeypatch.setattr(relations, "_ROOM", -(2**30))
        monkeypatch.setattr(flow, "_ROOM", -(2**30))
        assert [jacobian_pattern(f, X) for f in programs] == found


@pytest.mark.parametrize("seed", range(20))
def test_the_pattern_of_one_point_serves_another(seed):
    f = program([*SMOOTH, reduced, chosen, decided], seed + 100, 6)
    points = [X, *np.random.default_rng(seed).uniform(0.3, 2.5, (3, N))]
    with np.errstate(all="ignore"):
        found = [jacobian_pattern(f, x) for x in points]
    assert all(p == found[0] for p in found)
