"""Tables read at traced indices."""

import numpy as np
import pytest

import dualrev as dr
from dualrev import numpy as dnp

TABLE = np.array([10.0, 20.0, 40.0])


def looked_up(x):
    return dnp.take(TABLE, np.searchsorted(TABLE, x)) * x


def patched(x):
    return np.take(TABLE, np.searchsorted(TABLE, x)) * x


@pytest.mark.parametrize("f", [looked_up, dr.patched(patched)])
def test_lanes_read_their_own_entries(f):
    x = np.array([5.0, 12.0, 39.0])
    want = [f(v) for v in x]
    np.testing.assert_array_equal(dr.vmap(f)(x), want)
    np.testing.assert_array_equal(dr.vmap(dr.grad(f))(x), [10.0, 20.0, 40.0])


def test_plain_arrays_stay_with_numpy():
    np.testing.assert_array_equal(dnp.take(TABLE, [2, 0]), [40.0, 10.0])
    np.testing.assert_array_equal(dnp.take(TABLE, 3, mode="wrap"), 10.0)
