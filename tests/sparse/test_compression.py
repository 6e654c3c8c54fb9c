"""Seeds: what they are, how they are cut into leaves and chunks."""

import pickle

import numpy as np
import pytest

import dualrev as dr
from dualrev.sparse.compression import Seeds, count_of, form_of
from dualrev.sparse.jacobian import jacobian

COLOURS = np.array([0, 2, 1, -1, 0, 2])


def test_number_of_colours():
    assert count_of(COLOURS) == 3
    assert count_of(np.array([-1, -1])) == 0
    assert count_of(np.array([], int)) == 0


def test_one_row_per_colour_then_the_probe():
    seeds = Seeds(COLOURS, True)
    assert (seeds.count, seeds.total) == (3, 4)
    (rows,) = seeds.part(form_of([np.ones(6)]), 0, 4)
    np.testing.assert_array_equal(rows[:3], np.arange(3)[:, None] == COLOURS)
    np.testing.assert_array_equal(rows[3], seeds.probe)
    assert (seeds.probe >= 1).all()
    assert (seeds.probe < 2).all()
    assert len(set(seeds.probe)) == 6
    assert not rows.flags.writeable


def test_parts_are_rows_of_the_whole():
    seeds = Seeds(COLOURS, True)
    form = form_of([np.ones(6)])
    (whole,) = seeds.part(form, 0, 4)
    parts = [seeds.part(form, k, k + 1)[0] for k in range(4)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert seeds.part(form, 0, 4)[0] is whole


def test_leaves_of_all_shapes_and_dtypes():
    form = form_of([np.float64(1.0), np.ones((2, 1), np.float32), np.ones((0, 3)), np.ones(3)])
    seeds = Seeds(COLOURS, False)
    a, b, c, d = seeds.part(form, 0, 3)
    assert (a.shape, b.shape, c.shape, d.shape) == ((3,), (3, 2, 1), (3, 0, 3), (3, 3))
    assert (a.dtype, b.dtype) == (np.float64, np.float32)
    joined = np.concatenate([x.reshape(3, -1) for x in (a, b, c, d)], axis=1)
    np.testing.assert_array_equal(joined, np.arange(3)[:, None] == COLOURS)


def test_large_seeds_are_not_kept(monkeypatch):
    monkeypatch.setattr("dualrev.sparse.compression._KEPT_BYTES", 100)
    seeds = Seeds(COLOURS, False)
    form = form_of([np.ones(6)])
    first = seeds.part(form, 0, 1)[0]
    assert seeds.part(form, 0, 1)[0] is not first
    np.testing.assert_array_equal(seeds.part(form, 0, 1)[0], first)


def test_seeds_are_pickled_without_their_rows():
    seeds = Seeds(np.arange(1000) % 7, True)
    seeds.part(form_of([np.ones(1000)]), 0, 8)
    pickled = pickle.dumps(seeds)
    assert len(pickled) < 10_000
    np.testing.assert_array_equal(pickle.loads(pickled).probe, seeds.probe)


@pytest.mark.parametrize("mode", ["forward", "reverse", "both"])
@pytest.mark.parametrize("lanes", [1, 2, 3, 5])
def test_chunks(monkeypatch, mode, lanes):
    def f(x):
        sizes.append(x.primal)
        return np.concatenate([[x @ x], x[1:-1] ** 2 * x[2:] * x[:-2] * x[0]])

    sizes = []
    x = np.random.default_rng(3).standard_normal(20)
    J = jacobian(f, mode=mode).prepare(x)
    whole = J(x).toarray()
    sizes.clear()
    monkeypatch.setattr("dualrev.sparse.compression._CACHE_BYTES", 8 * 20 * lanes)
    monkeypatch.setattr("dualrev.sparse.compression.LANE_BYTES", 8 * 20)
    np.testing.assert_allclose(J(x).toarray(), dr.jacobian(f)(x), rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(J(x).toarray(), whole)
    if mode == "forward":
        assert len(sizes) > 2 * -(-J.n_passes // lanes)


def test_at_least_four_lanes_go_together(monkeypatch):
    calls = []

    def f(x):
        calls.append(1)
        return x[1:] * x[:-1]

    monkeypatch.setattr("dualrev.sparse.compression._CACHE_BYTES", 1)
    J = jacobian(f).prepare(np.ones(9))
    calls.clear()
    J(np.ones(9))
    assert len(calls) == 1
