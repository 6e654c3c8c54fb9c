"""Dual numbers by hand: primal and tangent, operators, NumPy functions."""

import numpy as np
import pytest

import dualrev as dr


def test_product_rule():
    x = dr.Dual(2.0, 1.0)
    y = x * x * 3.0
    assert y.primal == 12.0
    assert y.tangent == 12.0


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.sin, np.cos),
        (np.exp, np.exp),
        (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        (lambda x: 1 / x, lambda x: -1 / x**2),
        (lambda x: 2**x, lambda x: np.log(2) * 2**x),
        (lambda x: x**x, lambda x: x**x * (np.log(x) + 1)),
        (lambda x: np.sqrt(x) - x, lambda x: 0.5 / np.sqrt(x) - 1),
        (np.absolute, np.sign),
        (lambda x: 3.0, lambda x: 0.0),
    ],
)
def test_functions(f, slope):
    y = f(dr.Dual(0.7, 2.0))
    primal = y.primal if isinstance(y, dr.Dual) else y
    tangent = y.tangent if isinstance(y, dr.Dual) else 0.0
    assert primal == pytest.approx(f(0.7), rel=1e-15)
    assert tangent == pytest.approx(2 * slope(0.7), rel=1e-14)


def test_arrays():
    x = dr.Dual(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0]))
    y = np.sum(x**2)
    assert y.primal == 14.0
    assert y.tangent == -4.0
    A = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal((A @ x).primal, A @ [1, 2, 3])
    np.testing.assert_array_equal((A @ x).tangent, A @ [1, 0, -1])
    assert x.shape == (3,)
    assert x[2].tangent == -1.0


def test_primal_and_tangent_are_plain():
    y = np.sin(dr.Dual(np.array([1.0, 2.0]), np.array([1.0, 0.0])))
    assert type(y.primal) is np.ndarray
    assert type(y.tangent) is np.ndarray
    assert y.primal.dtype == y.tangent.dtype == np.float64


def test_constants_on_either_side():
    x = dr.Dual(3.0, 1.0)
    for y, primal, tangent in (
        (2.0 - x, -1.0, -1.0),
        (x - 2.0, 1.0, 1.0),
        (6.0 / x, 2.0, -6 / 9),
        (np.float64(2.0) * x, 6.0, 2.0),
        (x / np.array(2.0), 1.5, 0.5),
        (-x, -3.0, -1.0),
    ):
        assert y.primal == primal
        assert y.tangent == pytest.approx(tangent, rel=1e-15)
    y = np.array([1.0, 2.0]) * x
    np.testing.assert_array_equal(y.tangent, [1.0, 2.0])


def test_two_duals_share_one_perturbation():
    """By hand there is one perturbation: x and y move together along their tangents."""
    x, y = dr.Dual(2.0, 1.0), dr.Dual(5.0, 10.0)
    assert (x * y).tangent == 5.0 + 20.0
    assert np.arctan2(x, y).tangent == pytest.approx((5.0 * 1.0 - 2.0 * 10.0) / 29.0, rel=1e-15)


def test_nested_by_hand_second_derivative():
    """A Dual of a Dual, inside a derivative: d/dx (d/deps (x + eps)**3) = 6 x."""
    assert dr.grad(lambda x: (dr.Dual(x, 1.0) ** 3).tangent)(2.0) == 12.0
    assert dr.jvp(lambda x: (dr.Dual(x, 1.0) ** 3).tangent, (2.0,), (1.0,)) == (12.0, 12.0)


def test_comparisons_and_control_flow():
    x = dr.Dual(2.0, 1.0)
    y = x**2 if x > 1 else -x
    assert y.tangent == 4.0
    assert max(x, dr.Dual(3.0, 7.0)).tangent == 7.0
    assert bool(x)
    assert x == 2.0


def test_text():
    text = repr(dr.Dual(2.0, 1.0))
    assert "Dual" in text
    assert "2.0" in text
    assert "1.0" in text
    assert f"{dr.Dual(2.0, 1.0):.2f}" == "2.00"


def test_wrong_pairs_are_refused():
    with pytest.raises(dr.errors.ShapeError):
        dr.Dual(np.ones(3), np.ones(2))
    with pytest.raises(dr.errors.InputError):
        dr.Dual("a", 1.0)


def test_integers_become_floats():
    x = dr.Dual(2, 1) / 4
    assert (x.primal, x.tangent) == (0.5, 0.25)
    assert dr.Dual(np.array([1, 2]), 0).primal.dtype == np.float64
