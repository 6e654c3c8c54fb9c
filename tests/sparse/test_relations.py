"""Blocks of positions against sets of Python."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualrev.core.dependence import Entries
from dualrev.errors import PatternError
from dualrev.sparse import relations
from dualrev.sparse.relations import (
    Ragged,
    assemble,
    broadcast,
    compose,
    fold,
    gather,
    move,
    positions,
    ragged,
    settle,
)

WIDTH = 9


def sets(blocks, shape):
    """The union of blocks as an array of sets."""
    size = int(np.prod(shape))
    found = [set() for _ in range(size)]
    for block in blocks:
        if isinstance(block, np.ndarray):
            assert block.shape[1:] == shape
            for lane in block.reshape(len(block), size):
                for k, p in enumerate(lane.tolist()):
                    if p:
                        found[k].add(p - 1)
        else:
            for k, p in zip(block.rows.tolist(), block.columns.tolist(), strict=True):
                found[k].add(p)
    out = np.empty(size, object)
    out[:] = [frozenset(s) for s in found]
    return out.reshape(shape)


def union(groups):
    return frozenset().union(*groups) if len(groups) else frozenset()


SHAPES = st.lists(st.integers(1, 3), min_size=0, max_size=3).map(tuple)


@st.composite
def blocks_of(draw, shape, count=4):
    """Blocks of all kinds for a value of a shape: contiguous, broadcast, strided, pairs."""
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    size = int(np.prod(shape))
    made = []
    for _ in range(draw(st.integers(0, count))):
        kind = draw(st.sampled_from(["lanes", "broadcast", "pairs", "reversed", "wide"]))
        lanes = {"wide": 60}.get(kind, int(rng.integers(1, 4)))
        block = rng.integers(0, WIDTH + 1, (lanes, *shape)).astype(np.int32)
        if kind == "broadcast" and shape:
            axis = int(rng.integers(len(shape)))
            block = np.broadcast_to(np.take(block, [0], axis=axis + 1), block.shape)
        elif kind == "reversed":
            block = block[::-1][..., ::-1] if shape else block[::-1]
        elif kind == "pairs":
            n = int(rng.integers(0, 2 * size + 1))
            block = Ragged(
                rng.integers(0, max(size, 1), n) if size else np.zeros(0, int),
                rng.integers(0, WIDTH, n),
            )
        made.append(block)
    return made


@st.composite
def values(draw):
    shape = draw(SHAPES)
    return shape, draw(blocks_of(shape))


@settings(max_examples=150)
@given(values())
def test_settle_and_assemble(value):
    shape, blocks = value
    true = sets(blocks, shape)
    assert (sets(settle(blocks, shape), shape) == true).all()
    assert (sets(relations._merged(blocks, shape), shape) == true).all() if blocks else True
    indptr, indices = assemble(blocks, shape)
    assert len(indptr) == true.size + 1
    rows = [part.tolist() for part in np.split(indices, indptr[1:-1])]
    assert (rows if true.size else []) == [sorted(s) for s in true.ravel()]


@settings(max_examples=100)
@given(values(), st.data())
def test_fold(value, data):
    shape, blocks = value
    axes = tuple(sorted(data.draw(st.sets(st.sampled_from(range(len(shape))))))) if shape else ()
    true = sets(blocks, shape)
    rest = tuple(n for k, n in enumerate(shape) if k not in axes)
    moved = np.moveaxis(true, axes, range(len(axes))).reshape(-1, *rest)
    expected = np.empty(rest, object)
    for at in np.ndindex(rest):
        expected[at] = union([moved[(k, *at)] for k in range(len(moved))])
    assert (sets(fold(blocks, shape, axes), rest) == expected).all()


@settings(max_examples=100)
@given(values(), st.lists(st.integers(1, 2), max_size=2))
def test_broadcast(value, lead):
    shape, blocks = value
    target = (*lead, *shape)
    expected = np.broadcast_to(sets(blocks, shape), target)
    assert (sets(broadcast(blocks, shape, target), target) == expected).all()


@settings(max_examples=100)
@given(values(), st.integers(0, 2**20))
def test_move(value, seed):
    shape, blocks = value
    order = np.random.default_rng(seed).permutation(len(shape))
    axes = (0, *(order + 1))
    found = move(blocks, shape, lambda b: b.transpose(axes))
    assert (
        sets(found, tuple(shape[k] for k in order)) == sets(blocks, shape).transpose(order)
    ).all()


@settings(max_examples=150)
@given(values(), SHAPES, st.integers(0, 2**20), st.booleans())
def test_compose(value, result, seed, lanes):
    shape, blocks = value
    rng = np.random.default_rng(seed)
    size, own = int(np.prod(result)), int(np.prod(shape))
    if lanes:
        local = rng.integers(0, own + 1, (int(rng.integers(0, 4)), *result))
        related = sets([local], result).ravel()
    else:
        n = int(rng.integers(0, 3 * size))
        local = Entries(rng.integers(0, size, n), rng.integers(0, own, n))
        related = sets([Ragged(*local)], result).ravel()
    true = sets(blocks, shape).ravel()
    expected = np.empty(size, object)
    expected[:] = [union([true[k] for k in s]) for s in related]
    found = compose(local, blocks, shape, result)
    assert (sets(found, result).ravel() == expected).all()


@settings(max_examples=60)
@given(values())
def test_pairs(value):
    shape, blocks = value
    for block in blocks:
        pairs = ragged(block, shape)
        assert isinstance(pairs, Ragged)
        assert (sets([pairs], shape) == sets([block], shape)).all()
        even = relations._even(pairs, shape)
        assert (sets([even], shape) == sets([block], shape)).all()
        where = np.arange(int(np.prod(shape)) + 1)[::-1]
        rows = sets([gather(pairs, where)], (len(where),))
        assert rows.tolist() == [*sets([block], shape).ravel()[::-1], frozenset()]


@pytest.mark.parametrize("total", [10, 2**31])
def test_positions(total):
    found = positions((2, 3), total)
    assert found.tolist() == [[[1, 2, 3], [4, 5, 6]]]
    assert found.dtype == (np.int32 if total < 2**31 - 1 else np.int64)


def test_nothing():
    assert settle([], (3,)) == []
    assert assemble([], (3,))[0].tolist() == [0, 0, 0, 0]
    assert assemble([positions((0,))], (0,))[0].tolist() == [0]
    assert assemble([positions(())], ())[1].tolist() == [0]
    empty = Ragged(np.zeros(0, int), np.zeros(0, int))
    assert len(gather(empty, np.array([1, 0])).rows) == 0
    assert assemble([empty], (2,))[0].tolist() == [0, 0, 0]
    assert compose(np.zeros((0, 2), int), [positions((3,))], (3,), (2,)) == []


def test_the_same_view_is_kept_once():
    block = positions((30,))
    assert len(settle([block, block[:], block], (30,))) == 1


def test_blocks_do_not_pile_up():
    """Sums that go on and on keep few blocks, of few lanes more than their inputs."""
    blocks = []
    for k in range(2000):
        blocks = settle([*blocks, np.array([k + 1], np.int32)], ())
        assert len(blocks) < 64
    assert sum(map(len, blocks)) == 2000
    stencil, base = [], positions((50,))
    for k in range(300):
        stencil = settle([*stencil, np.roll(base, k % 7, axis=1)], (50,))
        assert sum(map(len, stencil)) <= 96
    assert sum(len(s) for s in sets(stencil, (50,))) == 350


def test_rows_of_different_length_become_pairs():
    dense = np.zeros((500, 1000), np.int32)
    dense[:, 3] = np.arange(1, 501)
    (block,) = relations._merged([dense, positions((1000,))], (1000,))
    assert isinstance(block, Ragged)
    assert len(block.rows) == 500 + 999
    (again,) = relations._merged([block, positions((1000,))], (1000,))
    assert len(again.rows) == 500 + 999


def test_what_was_broadcast_stays_a_view():
    n = 20_000
    tracemalloc.start()
    row = broadcast(fold([positions((n,))], (n,), (0,)), (), (n,))
    blocks = settle([*row, positions((n,))], (n,))
    blocks = settle([*blocks, *(positions((n,)) for _ in range(100))], (n,))
    back = fold(blocks, (n,), (0,))
    picked = compose(np.arange(1, n + 1)[None], row, (n,), (n,))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < n * n / 10
    assert len(sets(back, ()).item()) == n
    assert picked[0].strides[1] == 0


def test_too_many_entries():
    n = 2**15 + 1
    row = broadcast(fold([positions((n,))], (n,), (0,)), (), (n,))
    with pytest.raises(PatternError, match="entries"):
        assemble(row, (n,))
    with pytest.raises(PatternError, match="entries"):
        assemble([*row, positions((n,))], (n,))
    with pytest.raises(PatternError, match="entries"):
        gather(Ragged(np.zeros(2**15, int), np.arange(2**15), True), np.ones(2**15, int))
