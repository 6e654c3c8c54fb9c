"""What each flavour derives from a declaration: rules and what they keep, samples, facts."""

import inspect
import pickle

import numpy as np
import pytest

import dualrev as dr
from dualrev.core import domains
from dualrev.core.batching import batch_elementwise, batch_leading, batch_loop
from dualrev.core.finite import strong_product
from dualrev.core.primitive import POSITION, PRIMITIVES, SHAPE, SHAPES, Y
from tests.rules.registry import private_registry

FLAVOURS = {"elementwise", "linear", "bilinear", "general", "constant"}
PATTERNS = {"elementwise", "movement", "reduction", "dense", "none"}


@pytest.fixture(autouse=True)
def forgotten():
    with private_registry():
        yield


# --------------------------------------------------------------------------------------------------
# Facts of all primitives.


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_fields(primitive):
    assert primitive.flavour in FLAVOURS
    assert primitive.pattern in PATTERNS
    assert primitive.formula.strip() == primitive.formula != "", "the page has a formula for each"
    assert PRIMITIVES[primitive.name] is primitive
    assert primitive.name in repr(primitive)
    assert primitive.flavour in repr(primitive)
    count = 1 if primitive.arity is None else primitive.arity
    assert len(primitive.tangents) == len(primitive.adjoints) == count
    for tangent, adjoint in zip(primitive.tangents, primitive.adjoints, strict=True):
        assert (tangent is None) == (adjoint is None), "a rule in one mode only"
    if primitive.flavour == "constant":
        assert primitive.tangents == (None,)
        assert primitive.pattern == "none"
    else:
        assert primitive.cases
    if primitive.flavour == "elementwise":
        assert primitive.broadcasts
        assert len(primitive.partials) == primitive.arity
        assert isinstance(primitive.fun, np.ufunc) <= (primitive.fun.nin == primitive.arity if isinstance(primitive.fun, np.ufunc) else True)
    if primitive.operator is not None:
        assert all(argument in primitive.operator for argument in primitive.arguments)
    if primitive.accumulate is not None:
        assert primitive.flavour == "linear"


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_samples(primitive):
    """Samples are seeded: the same from the same seed, finite, and inside the domain of the value."""
    first, again = list(primitive.samples(7)), list(primitive.samples(7))
    other = list(primitive.samples(8))
    moved = False
    for one, same, different in zip(first, again, other, strict=True):
        assert one[1] == same[1] or all(map(np.array_equal, one[1].values(), same[1].values())) or one[1] is same[1]
        for a, b, c in zip(one[0], same[0], different[0], strict=True):
            assert np.array_equal(a, b)
            assert np.all(np.isfinite(a))
            moved |= not np.array_equal(a, c)
        y = primitive.fun(*one[0], **one[1])
        assert all(np.all(np.isfinite(part)) for part in (y if isinstance(y, tuple) else (y,)))
    assert moved or primitive.flavour == "constant"


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_pickle(primitive):
    """A primitive is pickled by its name, so that functions that hold one can be sent elsewhere."""
    assert pickle.loads(pickle.dumps(primitive)) is primitive


# --------------------------------------------------------------------------------------------------
# What rules keep is what their parameters are named after.


def test_keeps_of_elementwise():
    p = dr.elementwise(np.arctan2, lambda y: y, lambda b, a, y: a, on=(dr.reals, dr.nonzero), name="kept") if False else None
    assert p is None
