"""Sparse Hessians against dense ones, for every colouring."""

import pickle

import numpy as np
import pytest
from scipy import sparse

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.sparse.hessian import SparseHessian, hessian
from dualrev.sparse.preparation import prepare_hessian
from dualrev.sparse.recovery import Gather, Substitution

RNG = np.random.default_rng(5)
COLOURINGS = ["auto", "star", "acyclic"]


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def minimal_surface(x):
    z = x.reshape(6, 5)
    a, b = z[1:, 1:] - z[:-1, :-1], z[1:, :-1] - z[:-1, 1:]
    return np.sum(np.sqrt(1 + (a**2 + b**2) / 2))


def star_shaped(x):
    return np.sum(x[0] * np.sin(x[1:])) + x[0] ** 4


def wide_band(x):
    return sum(np.sum(x[k:] ** 2 * x[: len(x) - k]) for k in range(7))


def separable(x):
    return np.sum(np.exp(x))


def linear(x):
    return np.sum(x) * 3


FUNCTIONS = [rosenbrock, minimal_surface, star_shaped, wide_band, separable, linear]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("colouring", COLOURINGS)
def test_equals_the_dense_hessian(f, colouring):
    x = RNG.standard_normal(30)
    made = hessian(f, colouring=colouring)
    g, H = made.with_gradient(x)
    assert isinstance(H, sparse.csr_array)
    np.testing.assert_allclose(H.toarray(), dr.hessian(f)(x), rtol=1e-10, atol=1e-11)
    np.testing.assert_array_equal(H.toarray(), H.toarray().T)
    np.testing.assert_allclose(g, dr.grad(f)(x), rtol=1e-14)
    np.testing.assert_array_equal(made(x).toarray(), H.toarray())
    assert made.pattern.is_symmetric


@pytest.mark.parametrize(
    ("f", "star", "acyclic"),
    [(rosenbrock, 3, 2), (star_shaped, 2, 2), (separable, 1, 1), (linear, 0, 0)],
)
def test_colours(f, star, acyclic):
    assert hessian(f, colouring="star").prepare(np.ones(30)).n_passes == star
    assert hessian(f, colouring="acyclic").prepare(np.ones(30)).n_passes == acyclic
    assert hessian(f).prepare(np.ones(30)).n_passes == star


def test_auto_takes_acyclic_colours_where_they_are_far_fewer():
    x = np.ones(200)
    few = hessian(wide_band).prepare(x)
    star = hessian(wide_band, colouring="star").prepare(x)
    acyclic = hessian(wide_band, colouring="acyclic").prepare(x)
    if acyclic.n_passes < 0.7 * star.n_passes:
        assert few.n_passes == acyclic.n_passes
    else:
        assert few.n_passes == star.n_passes
    assert few.mode == "forward"


def test_a_hessian_that_substitution_finds():
    made = hessian(rosenbrock, colouring="acyclic").prepare(np.ones(30))
    assert type(made._last.recover) is Substitution
    made = hessian(rosenbrock, colouring="star").prepare(np.ones(30))
    assert type(made._last.recover) is Gather


@pytest.mark.parametrize("order", ["natural", "largest_first", "smallest_last", range(30)])
@pytest.mark.parametrize("colouring", ["star", "acyclic"])
def test_orders(order, colouring):
    x = RNG.standard_normal(30)
    H = hessian(rosenbrock, colouring=colouring, order=order)(x)
    np.testing.assert_allclose(H.toarray(), dr.hessian(rosenbrock)(x), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("colouring", ["star", "acyclic"])
def test_a_given_pattern(colouring):
    pattern = np.tri(30, 30, 2) * np.tri(30, 30, 2).T
    x = RNG.standard_normal(30)
    H = hessian(rosenbrock, pattern=pattern, colouring=colouring)(x)
    assert np.count_nonzero(pattern) == H.nnz
    np.testing.assert_allclose(H.toarray(), dr.hessian(rosenbrock)(x), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("colouring", COLOURINGS)
def test_missing_entries_are_found(colouring):
    pattern = np.tri(30, 30, 1) * np.tri(30, 30, 1).T
    pattern[7, 8] = pattern[8, 7] = 0
    x = RNG.standard_normal(30)
    with pytest.raises(PatternError, match=r"sparse.hessian: .* that the Hessian has: .* row \d"):
        hessian(rosenbrock, pattern=pattern, colouring=colouring)(x)
    H = hessian(rosenbrock, pattern=pattern, colouring=colouring, on_change="detect")
    np.testing.assert_allclose(H(x).toarray(), dr.hessian(rosenbrock)(x), rtol=1e-10, atol=1e-11)


def test_a_branch_that_changes():
    f = lambda x: np.sum(x**2) if x[0] > 0 else np.prod(x)
    H = hessian(f)
    np.testing.assert_array_equal(H(np.ones(3)).toarray(), 2 * np.eye(3))
    x = np.array([-1.0, 2.0, 3.0])
    with pytest.raises(PatternError, match=r"J.prepare\(x\) detects"):
        H(x)
    np.testing.assert_allclose(H.prepare(x)(x).toarray(), dr.hessian(f)(x))


def test_containers_and_single_precision():
    f = lambda p: np.sum(p["a"] ** 2 * p["b"][0]) + p["b"][1] ** 3
    p = {"a": np.ones((2, 2), np.float32), "b": (np.float32(2.0), np.float32(3.0))}
    g, H = hessian(f).with_gradient(p)
    assert H.dtype == np.float32
    assert g["a"].shape == (2, 2)
    expected = np.diag([4.0, 4, 4, 4, 0, 18])
    expected[4, :4] = expected[:4, 4] = 2
    np.testing.assert_allclose(H.toarray(), expected)


def test_several_arguments():
    f = lambda x, y: np.sum(x**2 * y)
    x, y = RNG.standard_normal((2, 3))
    H = hessian(f, argnums=(0, 1))(x, y).toarray()
    np.testing.assert_allclose(H, np.block(list(map(list, dr.hessian(f, (0, 1))(x, y)))))


def test_empty():
    assert hessian(np.sum)(np.ones(0)).shape == (0, 0)
    assert hessian(lambda x: 3.0)(np.ones(2)).nnz == 0


@pytest.mark.parametrize("colouring", ["star", "acyclic"])
def test_inside_other_transforms(colouring):
    H = hessian(lambda x, p: rosenbrock(x * p), colouring=colouring)
    dense = lambda x, p: dr.hessian(lambda x: rosenbrock(x * p))(x)
    x = RNG.standard_normal(6)
    for outer in ("forward", "reverse"):
        for k in (0, 1):
            found = dr.jacobian(lambda x, p: H(x, p).toarray(), k, outer)(x, 1.5)
            expected = dr.jacobian(dense, k, outer)(x, 1.5)
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_pickling():
    made = hessian(rosenbrock, colouring="acyclic").prepare(np.ones(30))
    again = pickle.loads(pickle.dumps(made))
    assert isinstance(again, SparseHessian)
    x = RNG.standard_normal(30)
    np.testing.assert_array_equal(again(x).toarray(), made(x).toarray())
    assert "30×30, 88 entries, 2 directions forward>" in repr(again)
    assert "colouring='acyclic'" in repr(again)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: hessian(3.0), TypeError, r"sparse.hessian: expects a function"),
        (lambda: hessian(separable, colouring="distance-1"), ValueError, "colouring= is 'auto'"),
        (lambda: hessian(separable, order="x"), ValueError, "order= is"),
        (lambda: hessian(separable, format="x"), ValueError, "format= is 'csr', .*'banded_lower'"),
        (lambda: hessian(separable, pattern=np.tri(3)), PatternError, "not symmetric.*symmetrised"),
        (lambda: hessian(separable, pattern=np.ones((2, 3))), PatternError, r"\(x.size, x.size\)"),
        (lambda: hessian(np.sin)(np.ones(3)), dr.OutputError, "sparse.hessian: .*one real number"),
        (lambda: hessian(lambda x: None)(np.ones(3)), dr.OutputError, "lack a return"),
        (lambda: hessian(separable)(np.arange(3)), dr.InputError, "with respect to integers"),
        (lambda: hessian(separable)(np.ones(3) + 0j), dr.DualrevError, "sparse.hessian: .*real"),
        (
            lambda: hessian(separable, pattern=np.eye(2))(np.ones(3)),
            dr.ShapeError,
            "2 columns, but the argument has 3 values",
        ),
    ],
)
def test_misuse(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_entries_that_are_not_finite():
    f = lambda x: np.sum(np.sqrt(x) * x[::-1] ** 2)
    x = np.array([0.0, 1.0, 4.0, 9.0])
    H = hessian(f)(x).toarray()
    np.testing.assert_array_equal(H, dr.hessian(f)(x))
    assert prepare_hessian is not None
