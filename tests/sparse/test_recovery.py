"""Recovery: entries out of compressed matrices that are made by multiplication, for every kind of colouring."""

import pickle

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.sparse import Pattern
from dualrev.sparse.bidirectional import bidirectional_colouring
from dualrev.sparse.colouring import column_colouring, row_colouring
from dualrev.sparse.recovery import (
    Gather,
    Substitution,
    from_both,
    from_columns,
    from_rows,
    symmetric,
)
from dualrev.sparse.symmetric import acyclic_colouring, star_colouring


def seeds(colours):
    return (colours == np.arange(max(colours.max(initial=-1) + 1, 0))[:, None]).astype(float)


def rebuilt(pattern, data):
    matrix = np.zeros(pattern.shape)
    matrix[pattern.rows, pattern.columns] = data
    return matrix


def rectangular(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 20, 2)
    where = rng.random((m, n)) < rng.random() * 0.4
    if seed % 3 == 0:
        where[rng.integers(m)] = where[:, rng.integers(n)] = True
    return Pattern(where), np.where(where, rng.standard_normal((m, n)), 0.0)


def square(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 25))
    where = rng.random((n, n)) < rng.random() * 0.3
    where |= where.T
    if seed % 2:
        where |= np.eye(n, dtype=bool)
    values = np.where(where, rng.standard_normal((n, n)), 0.0)
    return Pattern(where), values + values.T


def band(n, width):
    return Pattern(np.tri(n, n, width) * np.tri(n, n, width).T)


@pytest.mark.parametrize("seed", range(15))
def test_columns_rows_and_both(seed):
    pattern, values = rectangular(seed)
    columns, rows = column_colouring(pattern), row_colouring(pattern)
    pushed = from_columns(pattern, columns)((seeds(columns) @ values.T).ravel())
    np.testing.assert_array_equal(rebuilt(pattern, pushed), values)
    pulled = from_rows(pattern, rows)((seeds(rows) @ values).ravel())
    np.testing.assert_array_equal(rebuilt(pattern, pulled), values)
    rows, columns = bidirectional_colouring(pattern)
    forward = np.concatenate([seeds(columns) @ values.T, np.full((1, len(values)), np.nan)])
    flat = np.concatenate([forward.ravel(), (seeds(rows) @ values).ravel()])
    found = from_both(pattern, rows, columns, len(forward))(flat)
    np.testing.assert_allclose(rebuilt(pattern, found), values, rtol=1e-14)


@pytest.mark.parametrize("colouring", [star_colouring, acyclic_colouring])
@pytest.mark.parametrize("seed", range(30))
def test_symmetric(colouring, seed):
    pattern, values = square(seed)
    colours = colouring(pattern)
    recover = symmetric(pattern, colours)
    if colouring is star_colouring:
        assert type(recover) is Gather
    found = rebuilt(pattern, recover((seeds(colours) @ values).ravel()))
    np.testing.assert_allclose(found, values, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(found, found.T)


def test_long_trees():
    pattern = band(2000, 1)
    values = rebuilt(pattern, np.random.default_rng(0).standard_normal(pattern.nnz))
    values = values + values.T
    colours = np.arange(2000) % 2
    recover = symmetric(pattern, colours)
    assert type(recover) is Substitution
    found = rebuilt(pattern, recover((seeds(colours) @ values).ravel()))
    np.testing.assert_allclose(found, values, rtol=1e-9, atol=1e-12)
    again = pickle.loads(pickle.dumps(recover))
    flat = (seeds(colours) @ values).ravel()
    np.testing.assert_array_equal(again(flat), recover(flat))


def test_what_is_not_finite_stays_in_its_tree():
    blocks = np.kron(np.eye(3), np.tri(4, 4, 1) * np.tri(4, 4, 1).T)
    pattern = Pattern(blocks)
    colours = np.arange(12) % 2
    values = blocks * np.arange(1.0, 13)
    values = values + values.T
    compressed = np.stack([values[:, colours == c].sum(axis=1) for c in (0, 1)])
    compressed[0, 5] = np.nan
    found = rebuilt(pattern, symmetric(pattern, colours)(compressed.ravel()))
    outside = np.ones((12, 12), bool)
    outside[4:8, 4:8] = False
    np.testing.assert_allclose(found[outside], values[outside], rtol=1e-14)
    right = np.isclose(found, values, rtol=1e-14)
    assert (right | np.isnan(found)).all()


def test_precision_is_kept():
    pattern = band(50, 1)
    for colours in (np.arange(50) % 2, np.arange(50) % 3):
        flat = np.ones((colours.max() + 1) * 50, np.float32)
        assert symmetric(pattern, colours)(flat).dtype == np.float32


@pytest.mark.parametrize("colours", [np.arange(20) % 2, np.arange(20) % 3])
def test_recovery_is_differentiated(colours):
    recover = symmetric(band(20, 1), colours)
    flat = np.random.default_rng(1).standard_normal((colours.max() + 1) * 20)
    weights = np.arange(1.0, 59)
    J = np.stack([recover(row) for row in np.eye(len(flat))])
    np.testing.assert_allclose(dr.grad(lambda b: recover(b) @ weights)(flat), J @ weights)
    t = np.cos(flat)
    np.testing.assert_allclose(dr.jvp(recover, (flat,), (t,))[1], recover(t), rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: from_columns(p, np.arange(9) % 2), r"column colours do not fit .* \(1, 0\)"),
        (lambda p: from_columns(p, np.full(9, -1)), r"column colours do not fit"),
        (lambda p: from_rows(p, np.arange(9) % 2), r"row colours do not fit .* \(0, 1\)"),
        (lambda p: from_both(p, np.full(9, -1), np.zeros(9, int), 1), "row and column colours"),
        (lambda p: symmetric(p, np.zeros(9, int)), "symmetric colours|cycle"),
        (lambda p: symmetric(Pattern(np.ones((4, 4))), np.array([0, 1, 0, 1])), "do not fit"),
    ],
)
def test_colours_that_do_not_fit(make, message):
    with pytest.raises(PatternError, match=message):
        make(band(9, 1))


def test_a_cycle_of_two_colours():
    ring = np.roll(np.eye(6), 1, 0) + np.roll(np.eye(6), -1, 0)
    with pytest.raises(PatternError, match="two of them contain a cycle"):
        symmetric(Pattern(ring), np.arange(6) % 2)
