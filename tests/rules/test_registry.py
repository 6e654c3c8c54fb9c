"""Every primitive of the registry against oracles from outside; no operation is named here."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import PRIMITIVES
from tests.rules.registry import CHECKS, run, subjects

SEEDS = (0, 1)
NAMES = sorted(name for name, p in PRIMITIVES.items() if p.flavour != "constant")
CONSTANTS = sorted(set(PRIMITIVES) - set(NAMES))
STORES = {}


@pytest.mark.parametrize("check", list(CHECKS))
@pytest.mark.parametrize("name", NAMES)
def test_promise(name, check):
    primitive = PRIMITIVES[name]
    count = 0
    for seed in SEEDS:
        for subject in subjects(primitive, seed, STORES):
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
