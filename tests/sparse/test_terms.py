"""Terms: merging and packing change how a tangent is written, not what it is; keys are equal where contents are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrev.core.primitive import PRIMITIVES
from dualrev.rules.sparse.products import Pattern
from dualrev.sparse.terms import (
    Positions,
    Term,
    TooDense,
    distinct,
    has_twins,
    merged,
    packed,
)

INPUTS = 7


def matrix(terms, shape):
    """The tangent written out: one row per entry, one column per input."""
    out = np.zeros((int(np.prod(shape)), INPUTS + 1))
    for t in terms:
        values = np.broadcast_to(t.values, t.where.shape) if t.source is None else None
        if t.source is not None:
            values = np.append(np.nan, t.values.ravel())[t.source]
            values[t.where == 0] = 0.0
        for lane, v in zip(t.where, values, strict=True):
            np.add.at(out, (np.arange(len(out)), lane.ravel()), v.ravel())
    return out[:, 1:]


def drawn(rng, shape, blocks):
    """A random term: numbers, arrays, or moved values; some on blocks that were there before."""
    lanes = int(rng.integers(1, 4))
    if blocks and rng.random() < 0.3:
        where = blocks[int(rng.integers(len(blocks)))]
        lanes = len(where)
    else:
        where = rng.integers(0, INPUTS + 1, (lanes, *shape)).astype(np.int32)
        if rng.random() < 0.5:
            # No gaps, so that lanes may be the same by chance.
            where = np.broadcast_to(where[:, :1], where.shape).copy() if shape else where
        blocks.append(where)
    kind = int(rng.integers(3))
    if kind == 0:
        return Term(where, rng.normal(size=(lanes,) + (1,) * len(shape)))
    if kind == 1:
        return Term(where, rng.normal(size=(lanes, *shape)))
    source = np.where(where > 0, rng.integers(1, 12, where.shape), 0)
    return Term(where, rng.normal(size=11), source)


@given(st.integers(0, 2**32), st.sampled_from([(), (1,), (4,), (3, 2)]), st.integers(2, 9))
def test_merging_and_packing(seed, shape, count):
    rng = np.random.default_rng(seed)
    known, blocks = Positions([(INPUTS,)]), []
    terms = [drawn(rng, shape, blocks) for _ in range(count)]
    wanted = matrix(terms, shape)
    for _ in range(2):
        few = merged(known, terms)
        np.testing.assert_allclose(matrix(few, shape), wanted, atol=1e-14)
        assert sum(t.uniform for t in few) <= 1
        one = packed(known, terms)
        assert not has_twins(one.where)
        np.testing.assert_allclose(matrix([one], shape), wanted, atol=1e-14)
        one.materialised(known)
        assert one.source is None
        np.testing.assert_allclose(matrix([one], shape), wanted, atol=1e-14)


def test_distinct():
    where = np.array([[2, 0, 1], [0, 0, 3], [1, 4, 3]])
    source = np.array([[1, 0, 2], [0, 0, 3], [4, 5, 6]])
    kept, adding = distinct(where, source, 6)
    assert has_twins(where)
    np.testing.assert_array_equal(kept, [[1, 4, 1], [2, 0, 3]])
    np.testing.assert_array_equal(adding @ 10.0 ** np.arange(6), [1000, 10000, 10, 1, 0, 100100])
    kept, source = distinct(where[:2], source[:2], 3)
    np.testing.assert_array_equal(kept, [[2, 0, 1], [0, 0, 3]])
    np.testing.assert_array_equal(source, [[1, 0, 2], [0, 0, 3]])


def test_keys():
    known = Positions([(3,)])
    long = np.arange(1000.0)
    same, zero, nan = long.copy(), long.copy(), long.copy()
    zero[0], nan[5] = -0.0, np.nan
    key = known.frozen(long)
    assert known.frozen(same) == key
    assert known.frozen(long[:, None][:, 0]) == key
    same[501] += 1e-9
    assert (
        len({key, *map(known.frozen, (same, zero, nan, long.reshape(10, 100), long.view(int)))})
        == 6
    )
    assert known.frozen(nan) == known.frozen(nan.copy())
    long[7] = -1.0  # what is kept is a copy
    assert known.frozen(long) != key
    assert known.frozen((1, [2.0, None], {"a": slice(None, 3)})) == known.frozen(
        (1, [2.0, None], {"a": slice(None, np.int64(3))})
    )
    assert known.frozen(0.0) != known.frozen(-0.0)
    assert known.frozen((1, 2)) != known.frozen([1, 2])
    indices, starts = np.arange(200), np.arange(201)
    one, two = (Pattern((200, 200), "csr", indices.copy(), starts.copy()) for _ in range(2))
    assert known.frozen(one) == known.frozen(two)
    assert known.frozen(one) != known.frozen(one.T)
    for opaque in (object(), lambda: 0, np.array([None]), {1, 2}, (3, [object()])):
        with pytest.raises(TooDense):
            known.frozen(opaque)


def test_tokens():
    known = Positions([(3,)])
    roll, get = PRIMITIVES["roll"], PRIMITIVES["getitem"]
    one = known.token(roll, {"shift": (1,), "axis": (-1,)}, ((4,),), (4,))
    assert known.token(roll, {"shift": (1,), "axis": (-1,)}, ((4,),), (4,)) is one
    assert known.token(roll, {"shift": (-1,), "axis": (-1,)}, ((4,),), (4,)) is not one
    assert known.token(roll, {"shift": (1,), "axis": (-1,)}, ((5,),), (5,)) is not one
    first = known.token(get, {"index": slice(1, None)}, ((4,),), (3,))
    assert known.token(get, {"index": slice(1, None)}, ((4,),), (3,)) is first
    assert known.token(get, {"index": slice(0, 3)}, ((4,),), (3,)) is not first
    # 1 and True are equal, and other indices.
    assert known.token(get, {"index": 1}, ((4,),), ()) is not known.token(
        get, {"index": True}, ((4,),), (1, 4)
    )
    with pytest.raises(TooDense):
        known.token(get, {"index": object()}, ((4,),), ())
    with pytest.raises(TooDense):
        known.token(get, {"index": object()}, ((4,),), ())


def test_what_is_made_once():
    known = Positions([(2, 3), (4,)])
    assert [b.ravel().tolist() for b in known.leaves] == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10]]
    calls = []
    block = known.leaves[0]
    for _ in range(3):
        known.get("twice", lambda: calls.append(1) or block * 2, block)
    assert len(calls) == 1
    known.get("twice", lambda: calls.append(1) or block * 2, block.copy())
    assert len(calls) == 2
    assert known.made == 2


def test_identities_are_not_used_again():
    """A block that was thrown away is kept as long as something is known of it."""
    known = Positions([(2,)])
    found = []
    for k in range(200):
        block = np.array([[k]])
        found.append(
            known.keep(("first", id(block)), known.recall(("first", id(block))) or k, block)
        )
        del block
    assert found == list(range(200))
    for k in range(200):
        block = np.array([[k]])
        found.append(known.get("second", lambda b=block: int(b[0, 0]) + 1, block))
        del block
    assert found[200:] == list(range(1, 201))
