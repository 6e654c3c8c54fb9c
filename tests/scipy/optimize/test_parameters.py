"""Parameters by name and by path, and functions of the flat vector."""

import dataclasses

import numpy as np
import pytest

import dualrev as dr
from dualrev.scipy.optimize.parameters import index_of, names, problem_of, ravelled
from dualrev.scipy.optimize.points import Point


@dataclasses.dataclass
class Lens:
    index: float
    radii: np.ndarray


NESTED = {"lens": Lens(1.5, np.zeros(2)), "gap": (0.1, np.zeros((1, 2)))}
EXPECTED = [
    "x['gap'][0]",
    "x['gap'][1][0, 0]",
    "x['gap'][1][0, 1]",
    "x['lens'].index",
    "x['lens'].radii[0]",
    "x['lens'].radii[1]",
]


def test_names_are_python():
    assert names(Point(NESTED)) == EXPECTED
    assert names(Point([1.0, 2.0])) == ["x[0]", "x[1]"]
    assert names(Point(np.zeros((2, 2))), "b") == ["b[0, 0]", "b[0, 1]", "b[1, 0]", "b[1, 1]"]


@pytest.mark.parametrize("name", EXPECTED)
def test_a_name_evaluates_to_its_parameter(name):
    point = Point(NESTED)
    tree = point.restore(np.arange(6.0))
    assert eval(name, {"x": tree}) == EXPECTED.index(name)


@pytest.mark.parametrize(
    ("path", "index"),
    [
        (("gap", 0), 0),
        (("gap", 1, 0, 1), 2),
        (("lens", "index"), 3),
        (("lens", "radii", 1), 5),
        (("lens", "radii", -1), 5),
    ],
)
def test_paths(path, index):
    assert index_of("profile", Point(NESTED), path) == index


@pytest.mark.parametrize("path", [("lens",), ("lens", "radii"), "gap"])
def test_a_path_to_several_parameters(path):
    with pytest.raises(dr.InputError, match="more than one parameter"):
        index_of("profile", Point(NESTED), path)


@pytest.mark.parametrize("path", [("lens", "colour"), 0, ("gap", 2), ("gap", 1, 0, 2)])
def test_a_path_to_nothing(path):
    with pytest.raises(dr.InputError, match=r"no parameter .* are x\['gap'\]\[0\]"):
        index_of("profile", Point(NESTED), path)


def test_a_long_list_is_cut():
    with pytest.raises(dr.InputError, match=r"x\[11\], \.\.\."):
        index_of("profile", Point(np.zeros(40)), 40)


@pytest.mark.parametrize(
    "out",
    [
        2.0,
        np.arange(3.0),
        np.arange(4.0).reshape(2, 2),
        {"a": np.arange(2.0), "b": 1.0},
        (np.arange(2.0), np.arange(2.0).reshape(1, 2)),
    ],
)
def test_ravelled_and_back(out):
    flat, restore = ravelled("propagate", out)
    back = restore(flat)
    assert type(back) is type(out) or np.ndim(out) == 0
    again, _ = ravelled("propagate", back)
    np.testing.assert_array_equal(again, flat)


def test_a_list_of_numbers_is_a_vector():
    flat, restore = ravelled("propagate", [1.0, 2.0])
    np.testing.assert_array_equal(restore(flat), [1.0, 2.0])


def test_the_flat_function_is_that_of_the_user():
    problem = problem_of(
        "covariance", lambda p, k: k * p["b"] + np.sum(p["a"]), {"a": np.ones(2), "b": 3.0}, 2.0
    )
    assert problem.f(problem.flat) == 8
    np.testing.assert_array_equal(dr.grad(problem.f)(problem.flat), [1, 1, 2])
