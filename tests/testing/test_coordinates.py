"""Real coordinates: what goes in comes out, entries have names, bad functions are refused."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.testing.coordinates import RealFunction, Space


def test_pack_and_unpack_are_inverse_for_mixed_leaves(rng):
    values = [
        rng.normal(size=(2, 3)),
        rng.normal(size=2) + 1j * rng.normal(size=2),
        0.5,
        np.float64(2.5),
        1 - 2j,
    ]
    space = Space(list("abcde"), values)
    assert space.size == 6 + 4 + 1 + 1 + 2
    again = space.unpack(space.pack(values))
    for one, other in zip(again, values, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.shape(one) == np.shape(other)
    assert isinstance(again[2], float)
    assert isinstance(again[4], complex)


def test_every_coordinate_has_the_name_a_user_would_write():
    values = [np.zeros((2, 2)), np.zeros(2, complex), 1.0]
    space = Space(["w", "z", "s"], values)
    names = [space.label(k) for k in range(space.size)]
    assert names[:4] == ["w[0, 0]", "w[0, 1]", "w[1, 0]", "w[1, 1]"]
    assert names[4:] == ["z[0].real", "z[1].real", "z[0].imag", "z[1].imag", "s"]


def test_names_follow_the_signature_and_the_containers():
    def loss(params, scale):
        return params["w"][0].sum() * scale

    real = RealFunction(loss, ({"w": (np.ones(2),), "n": 3}, 0.5), None)
    assert [real.inputs.label(k) for k in range(3)] == [
        "params['w'][0][0]",
        "params['w'][0][1]",
        "scale",
    ]


def test_scales_are_powers_of_two_near_the_coordinates():
    x = np.array([0.0, 3.0, -1e-9, 1e3])
    scales = Space(["x"], [x]).scales(x)
    np.testing.assert_array_equal(np.exp2(np.round(np.log2(scales))), scales)
    assert 0.5 <= scales[1] / 3.0 <= 2
    # A coordinate that happens to be tiny moves with the others of its array.
    assert scales[2] >= 0.5
    np.testing.assert_array_equal(Space(["x"], [np.zeros(2)]).scales(np.zeros(2)), [1.0, 1.0])


def test_a_shape_that_does_not_fit_is_an_error():
    with pytest.raises(dr.ShapeError, match="shape"):
        Space(["x"], [np.zeros(3)]).pack([np.zeros((3, 1))])


def test_integers_and_other_values_are_held():
    real = RealFunction(lambda x, n, flag: x**n if flag else x, (2.0, 3, True), None)
    assert real.inputs.size == 1
    np.testing.assert_array_equal(real(np.array([3.0])), [27.0])


def test_a_function_that_writes_into_its_argument_does_not_move_the_point():
    def f(x):
        x *= 2
        return x.sum()

    x = np.ones(3)
    real = RealFunction(f, (x,), None)
    np.testing.assert_array_equal(real(real.x), real(real.x))
    np.testing.assert_array_equal(x, np.ones(3))


def test_a_function_that_keeps_state_is_refused():
    calls = []

    def f(x):
        calls.append(1)
        return x * len(calls)

    with pytest.raises(dr.OutputError, match="two different results"):
        RealFunction(f, (1.0,), None)


def test_random_noise_is_refused():
    generator = np.random.default_rng(0)
    with pytest.raises(dr.OutputError, match="seed the generator"):
        RealFunction(lambda x: x + generator.normal(), (1.0,), None)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "return statement"),
        ((), "return statement"),
        (3, "multiply by 1.0"),
        (np.arange(3), "multiply by 1.0"),
        (True, "multiply by 1.0"),
        ("text", "no derivative"),
        ({"a": 1.0, "b": 2}, r"f\['b'\]"),
    ],
)
def test_a_result_without_derivative_is_refused(result, words):
    with pytest.raises(dr.OutputError, match=words):
        RealFunction(lambda _: result, (1.0,), None)


@pytest.mark.parametrize("args", [(3,), (np.arange(3),), ({"a": 1, "b": True},), ()])
def test_nothing_to_differentiate_is_refused(args):
    with pytest.raises(dr.InputError, match="floating-point"):
        RealFunction(lambda *_: 1.0, args, None)


def test_argnums_that_point_nowhere_are_refused():
    with pytest.raises(dr.InputError, match="was given 1 arguments"):
        RealFunction(np.sin, (1.0,), 1)
    with pytest.raises(dr.InputError, match=r"argument 1 .* floating-point"):
        RealFunction(lambda x, n: x * n, (1.0, 2), 1)


def test_an_error_at_the_point_reaches_the_user_with_a_note():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as caught:
        RealFunction(f, (1.0,), None)
    assert "before any derivative" in caught.value.__notes__[0]


def test_an_error_outside_the_domain_is_a_nan_but_a_defect_is_not():
    import math

    real = RealFunction(lambda x: math.log(x), (1.0,), None)
    assert np.isnan(real(np.array([-1.0]))[0])
    assert real.outside == 1

    def breaks(x):
        if x > 1:
            raise KeyError("defect")
        return x

    with pytest.raises(KeyError):
        RealFunction(breaks, (1.0,), None)(np.array([2.0]))


def test_the_complex_step_is_exact_where_code_is_analytic():
    real = RealFunction(lambda x: np.exp(x) * np.sin(x), (np.array([0.3, 1.1]),), None)
    x = real.x
    exact = np.exp(x) * (np.sin(x) + np.cos(x))
    for k in range(2):
        axis = np.eye(2)[k]
        np.testing.assert_allclose(real.complex_step(axis), exact * axis, rtol=4e-16, atol=0)


@pytest.mark.parametrize("f", [np.abs, lambda x: 2.0 * float(x), lambda x: x.real**2 + 0j])
def test_the_complex_step_is_refused_where_it_cannot_be_taken(f):
    with pytest.raises((TypeError, ValueError)):
        RealFunction(f, (np.float64(1.5),), None).complex_step(np.ones(1))


def test_the_complex_step_of_code_that_is_not_analytic_is_just_wrong():
    # Which is why `check_derivatives` lets it confirm a derivative and never condemn one.
    real = RealFunction(lambda x: x * np.real(x), (1.5,), None)
    assert real.complex_step(np.ones(1))[0] == pytest.approx(1.5)
