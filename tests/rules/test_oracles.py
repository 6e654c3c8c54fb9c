"""The oracles are right about what is known, honest about their error, and refuse to guess."""

import numpy as np
import pytest

from tests.rules.oracles import Oracle, extrapolate, pack, rows_of, unit_difference, unpack
from tests.rules.subjects import agree, same

KNOWN = [
    (np.exp, np.exp),
    (np.sin, np.cos),
    (np.log, lambda x: 1 / x),
    (lambda x: np.sin(20 * x), lambda x: 20 * np.cos(20 * x)),
    (lambda x: x**9, lambda x: 9 * x**8),
    (np.abs, np.sign),
]


@pytest.mark.parametrize(("f", "derivative"), KNOWN)
def test_extrapolation(f, derivative):
    """Ten digits, and an error estimate that covers the error."""
    x = np.array([0.4, 0.9, 1.7])
    for k in range(3):
        u = np.eye(3)[k]
        value, error = extrapolate(f, u, x)
        off = np.abs(value - derivative(x) * u)
        assert np.all(off <= 2 * error)
        assert np.all(error <= 1e-10 * np.max(np.abs(derivative(x))))


@pytest.mark.parametrize("distance", [0.079, 0.05, 0.03, 0.011, 0.002])
@pytest.mark.parametrize("f", [np.floor, lambda x: np.abs(x - 2.0), lambda x: np.maximum(x, 2.0)])
def test_jumps_and_kinks(f, distance):
    """A kink within the largest steps does not matter; no step may jump over one unnoticed."""
    x = np.array([2.0 - distance, 2.0 + distance])
    want = (f(x + 1e-6) - f(x - 1e-6)) / 2e-6
    value, error = extrapolate(f, np.ones(2), x)
    assert np.all(np.abs(value - want) <= 1e-9 + 2 * error)
    assert np.all(error <= 1e-6)


def test_unit_difference():
    A = np.array([[2.0, -1.0], [0.5, 3.0]])
    value, error = unit_difference(lambda x: A @ x + 1.0, np.array([1.0, 0.0]), np.ones(2), 2e-16)
    assert np.all(np.abs(value - A[:, 0]) <= error)
    assert np.all(error < 1e-14)


@pytest.mark.parametrize("options", [{}, {"analytic": True}])
def test_complex_step_and_differences_agree(options):
    x, y = np.array([0.3, 1.1]), np.array(0.7)
    oracle = Oracle(lambda x, y: (x * y, np.sum(np.exp(x)) + y), (x, y), [0, 1], **options)
    want = np.array([[0.7, 0.0, 0.3], [0.0, 0.7, 1.1], [np.exp(0.3), np.exp(1.1), 1.0]])
    assert oracle.method == ("complex step" if options else "Richardson")
    np.testing.assert_allclose(oracle.jacobian.value, want, rtol=1e-11, atol=1e-12)


def test_complex_numbers_are_pairs():
    """Conjugation, which has no complex derivative, has a real matrix."""
    z = np.array([0.3 + 0.4j])
    J = Oracle(np.conjugate, (z,), [0], linear=True).jacobian.value
    np.testing.assert_array_equal(J.round(12), [[1.0, 0.0], [0.0, -1.0]])


def test_packing():
    like = (np.ones((2, 2)), np.array(1.0 - 2.0j), np.zeros((0, 3)), np.float32(4.0))
    vector = pack(like)
    np.testing.assert_array_equal(vector, [1.0, 1.0, 1.0, 1.0, 1.0, -2.0, 4.0])
    same(unpack(vector, like), tuple(map(np.asarray, like)), "unpacked")
    assert rows_of(like) == [slice(0, 4), slice(4, 6), slice(6, 6), slice(6, 7)]


def test_refuses_noise():
    """A function with noise of 1e-4 has no derivative to six digits."""
    with pytest.raises(AssertionError, match="another sample"):
        Oracle(lambda x: x + 1e-4 * np.sin(1e7 * x), (np.array([0.3, 0.9]),), [0])


@pytest.mark.parametrize("x", [np.nan, np.inf, -0.5, 0.01])
def test_refuses_what_is_not_finite(x):
    """Neither a bad sample, nor one so near the edge that a step leaves the domain."""
    with np.errstate(all="ignore"), pytest.raises(AssertionError, match="not finite"):
        Oracle(np.log, (np.array([x]),), [0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite_never_agrees(bad):
    x = np.array([1.0, bad])
    with pytest.raises(AssertionError, match="not finite"):
        agree(x, x, 0.0, 1.0, 1.0, "equal")
    with pytest.raises(AssertionError):
        same(x, x, "equal")


def test_one_entry_off_by_a_thousandth():
    x = np.linspace(1.0, 2.0, 1000)
    y = x.copy()
    y[412] *= 1.001
    with pytest.raises(AssertionError, match=r"entry \(412,\)"):
        agree(y, x, 0.0, 2.0, 1e-11, "long")
