"""Every primitive of the registry against oracles from outside; no operation is named here."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import ENTRIES, PRIMITIVES, Primitive
from tests.rules.registry import CHECKS, run, subjects
from tests.rules.subjects import same

SEEDS = (0, 1)
# Values and lanes, but no derivative in any argument.
REFUSED = sorted(n for n, p in PRIMITIVES.items() if all(map(p.refuses, range(p.arity or 1))))
NAMES = sorted(n for n, p in PRIMITIVES.items() if p.flavour != "constant" and n not in REFUSED)
# Those that answer a function are exercised by `test_examples.py`.
ANSWERS = {entry.call for entry in ENTRIES.values() if isinstance(entry.call, Primitive)}
CONSTANTS = sorted(set(PRIMITIVES) - {*NAMES, *REFUSED} - {p.name for p in ANSWERS})
STORES = {}


@pytest.mark.parametrize("check", list(CHECKS))
@pytest.mark.parametrize("name", NAMES)
def test_promise(name, check):
    primitive = PRIMITIVES[name]
    count = 0
    for seed in SEEDS:
        for index, subject in enumerate(subjects(primitive, seed, STORES)):
            # Broadcasting is the engine's work, the same whatever the numbers.
            if check != "shapes" or not (seed or index):
                run(check, subject)
            count += 1
    assert count, f"{name} declares no sample"


def operands(function):
    """Return operands that a function without samples takes: floats, booleans, or nothing."""
    x = np.array([0.4, 1.7, 2.3])
    for one in (x, x > 1.0):
        for count in (1, 2, 3):
            try:
                return one, count, function(*[one] * count)
            except (TypeError, ValueError, DeprecationWarning):
                # Where later versions refuse booleans (as kth), NumPy 2.0 warns of them.
                continue
    return None


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant(name):
    """A constant gives NumPy's own plain answer in both modes, and contributes nothing."""
    primitive = PRIMITIVES[name]
    found = operands(primitive.fun)
    if found is None or found[0].dtype == bool:
        # Only floats can be traced: an operation on bits never meets any.
        assert primitive.tangents == primitive.adjoints == (None,)
        return
    x, count, want = found
    met = []

    def f(x):
        met.append(primitive.call(*[x] * count))
        return 3.0 * x

    np.testing.assert_array_equal(dr.vjp(f, x)[1](np.ones(3))[0], [3.0] * 3)
    np.testing.assert_array_equal(dr.jvp(f, (x,), (np.ones(3),))[1], [3.0] * 3)
    for answer in met:
        assert type(answer) is type(want)
        for one, other in zip(np.atleast_1d(answer), np.atleast_1d(want), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    """Values and lanes are there; a derivative in any argument is refused by name."""
    primitive = PRIMITIVES[name]
    for subject in subjects(primitive, 0, STORES):
        want = primitive.fun(*subject.arrays, **subject.params)
        same(primitive.call(*subject.arrays, **subject.params), want, "value")
        lanes = tuple(np.stack([a, a]) for a in subject.arrays)
        same(dr.vmap(subject.call)(*lanes), stacked(want), "lanes")
        for k, array in enumerate(subject.arrays):
            with pytest.raises(dr.UnsupportedError, match="argument"):
                dr.vjp(subject.alone(k), array.astype(float))
            with pytest.raises(dr.UnsupportedError, match="argument"):
                dr.jvp(subject.alone(k), (array.astype(float),), (np.ones(array.shape),))


def stacked(y):
    return tuple(map(stacked, y)) if isinstance(y, tuple) else np.stack([y, y])
