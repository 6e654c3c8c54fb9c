"""Points: every form of x0 becomes the same float64 vector, and goes back to what the user's function receives."""

import dataclasses
from collections import namedtuple

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import InputError, ShapeError
from dualrev.scipy.optimize.points import Point

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass
class Model:
    weights: np.ndarray
    offset: float


VECTORS = {
    "list": [1, 2, 3],
    "tuple": (1.0, 2.0, 3.0),
    "integers": np.array([1, 2, 3]),
    "float32": np.array([1, 2, 3], np.float32),
    "column": np.array([[1.0], [2.0], [3.0]]),
    "row": np.array([[1.0, 2.0, 3.0]]),
    "nested list": [[1.0], [2.0], [3.0]],
    "Fortran order": np.asfortranarray([[1.0, 2.0, 3.0]]),
    "strided": np.array([1.0, 0.0, 2.0, 0.0, 3.0])[::2],
    "read-only": np.broadcast_to(np.array([1.0, 2.0, 3.0]), (1, 3)),
    "matrix class": np.array([[1.0, 2.0, 3.0]]).view(np.matrix),
}


@pytest.mark.parametrize("x0", VECTORS.values(), ids=VECTORS)
def test_vectors(x0):
    point = Point(x0)
    assert point.is_vector
    assert type(point.flat) is np.ndarray
    assert point.flat.dtype == np.float64
    assert point.flat.flags.c_contiguous
    assert point.flat.flags.writeable
    assert point.flat.shape == (3,)
    assert list(point.flat) == [1, 2, 3]
    assert point.restore(point.flat) is point.flat
    assert not np.shares_memory(point.flat, np.asarray(x0))


@pytest.mark.parametrize("x0", [2, 2.0, np.float32(2), np.array(2), np.array([[2.0]]), True])
def test_numbers_are_vectors_of_one(x0):
    point = Point(x0)
    assert point.is_vector
    assert point.flat.shape == (1,)


TREES = {
    "matrix": (np.arange(6.0).reshape(2, 3), 6),
    "list of arrays": ([np.zeros(2), np.ones(3)], 5),
    "dict": ({"b": np.ones((2, 2)), "a": 3, "c": (np.float32(1), [1, 2])}, 8),
    "named tuple": (Pair(1.0, np.ones(2)), 3),
    "dataclass": (Model(np.ones((2, 1)), 4), 3),
    "empty leaf": ({"a": np.zeros(0), "b": 1.0}, 1),
}


@pytest.mark.parametrize(("x0", "size"), TREES.values(), ids=TREES)
def test_containers_go_there_and_back(x0, size):
    point = Point(x0)
    assert not point.is_vector
    assert point.size == size
    flat = np.random.default_rng(0).normal(size=size)
    tree = point.restore(flat)
    assert type(tree) is type(x0)
    assert np.array_equal(point.ravel(tree), flat)
    for leaf in dr.derivatives.containers.flatten(tree)[0]:
        assert leaf.dtype == np.float64
        assert not np.shares_memory(leaf, flat)
    assert np.array_equal(Point(point).flat, point.flat)


def test_restore_takes_traced_vectors():
    point = Point({"a": np.ones((2, 2)), "b": 1.0})
    g = dr.grad(lambda x: np.sum(point.restore(x)["a"] ** 2) * point.restore(x)["b"])
    assert np.array_equal(g(np.arange(1.0, 6.0)), [10, 20, 30, 40, 30])


def test_traced_values_are_stripped():
    def f(a):
        assert np.array_equal(Point([a, 2.0]).flat, [3.0, 2.0])
        assert np.array_equal(Point({"u": a, "v": a * np.ones(2)}).flat, [3, 3, 3])
        return a

    assert dr.grad(f)(3.0) == 1


def test_a_list_in_a_container_is_an_array_and_a_tuple_is_not():
    tree = Point({"a": [1, 2], "b": (1, 2)})
    got = tree.restore(tree.flat)
    assert isinstance(got["a"], np.ndarray)
    assert isinstance(got["b"], tuple)


BAD = {
    "complex": (1j, "complex"),
    "complex list": ([1.0, 2j], "complex"),
    "complex leaf": ({"a": np.zeros(2, complex)}, "complex"),
    "string": ("abc", "str"),
    "string leaf": ({"a": "x"}, "str"),
    "None": (None, "NoneType"),
    "None in a list": ([1.0, None], "list"),
    "ragged": ([[1, 2], [3]], "inhomogeneous"),
    "objects": (np.array([object()]), "operands are numbers"),
}


@pytest.mark.parametrize(("x0", "words"), BAD.values(), ids=BAD)
def test_bad(x0, words):
    with pytest.raises(InputError, match=words):
        Point(x0)


SPREAD = {
    "scalar": (1.5, [1.5] * 5),
    "None": (None, [-1] * 5),
    "leaf scalars": ({"a": 1, "b": 2}, [1, 1, 1, 1, 2]),
    "None leaf": ({"a": None, "b": 2}, [-1, -1, -1, -1, 2]),
    "row": ({"a": [1, 2], "b": 3}, [1, 2, 1, 2, 3]),
    "None entries": ({"a": [1, None], "b": None}, [1, -1, 1, -1, -1]),
    "whole leaf, flat": ({"a": [1, 2, 3, 4], "b": [5]}, [1, 2, 3, 4, 5]),
    "flat": (np.arange(5), [0, 1, 2, 3, 4]),
}


@pytest.mark.parametrize(("tree", "expected"), SPREAD.values(), ids=SPREAD)
def test_spread(tree, expected):
    point = Point({"a": np.zeros((2, 2)), "b": 0.0})
    assert np.array_equal(point.spread(tree, "bound", -1.0), expected)


@pytest.mark.parametrize("tree", [{"a": 1}, {"a": 1, "c": 2}, [1, 2], {"a": [1, 2, 3], "b": 0}])
def test_spread_misfits(tree):
    point = Point({"a": np.zeros((2, 2)), "b": 0.0}, "solve")
    with pytest.raises(ShapeError, match="solve: the bound"):
        point.spread(tree, "bound")


@pytest.mark.parametrize("tree", [{"a": np.zeros(4), "b": 0.0}, {"a": np.zeros((2, 2))}, 3.0, []])
def test_ravel_misfits(tree):
    with pytest.raises(ShapeError, match="gradient"):
        Point({"a": np.zeros((2, 2)), "b": 0.0}).ravel(tree)


def test_ravel_misfits_of_a_vector():
    with pytest.raises(ShapeError, match="has 3 entries, x0 has 2"):
        Point([1.0, 2.0]).ravel(np.zeros(3))
