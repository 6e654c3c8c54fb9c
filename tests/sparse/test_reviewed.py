"""What a review of the sparse derivatives found: programs of users that broke, and what they must give."""

import numpy as np
import pytest
from scipy import sparse

import dualrev as dr
from dualrev.errors import OutputError, PatternError
from dualrev.scipy import integrate
from dualrev.sparse import Pattern, hessian_pattern, jacobian_pattern


def net_forces(q):
    """Forces between all pairs of particles, and their sum, which is zero but for rounding."""
    q = q.reshape(-1, 2)
    i, j = np.triu_indices(len(q), 1)
    apart = q[i] - q[j]
    pull = apart / (np.sum(apart**2, axis=1)[:, None] + 0.1) ** 1.5
    force = np.zeros_like(q)
    np.add.at(force, i, -pull)
    np.add.at(force, j, pull)
    return np.concatenate([force.ravel(), force.sum(axis=0)])


def in_two_orders(x):
    return np.concatenate([x, [x[0] * x[1] * x[2] - x[2] * x[1] * x[0]]])


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse", "both"])
@pytest.mark.parametrize(("f", "n"), [(net_forces, 16), (in_two_orders, 3)])
def test_rows_that_cancel_are_no_change_of_pattern(f, n, mode):
    for seed in range(5):
        x = np.random.default_rng(seed).normal(size=n)
        got = dr.sparse.jacobian(f, mode=mode)(x).toarray()
        np.testing.assert_allclose(got, dr.jacobian(f)(x), rtol=1e-9, atol=1e-12)


def test_missing_entries_beside_rows_that_cancel_are_found():
    x = np.random.default_rng(0).normal(size=16)
    full = jacobian_pattern(net_forces, x).toarray()
    full[3, 5] = False
    with pytest.raises(PatternError, match="1 of 18 rows differ"):
        dr.sparse.jacobian(net_forces, pattern=full, mode="forward")(x)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("n", [6, 200_000])
def test_a_function_that_is_another_one_each_time_is_no_rounding(n, mode):
    random = np.random.default_rng(0)
    wanted = dr.sparse.jacobian(lambda x: x * x[random.permutation(n)], mode=mode, order="natural")
    with pytest.raises(PatternError, match=f"of {n} "):
        wanted(np.arange(1.0, n + 1))


def test_missing_entries_of_nearly_linear_rows_are_found():
    def f(x):
        return np.concatenate([1e6 * x, [1e6 * x[0] + 10 * x[1]]])

    pattern = np.append(np.eye(3), [[1, 0, 0]], axis=0)
    with pytest.raises(PatternError, match="1 of 4 rows"):
        dr.sparse.jacobian(f, pattern=pattern)(np.ones(3))


def test_substitution_leaves_rounding_in_empty_rows():
    n = 7
    weights = np.cos(np.arange(n - 1.0))

    def f(x):
        return np.sum(weights * x[1:] * x[:-1] * np.append(np.ones(n - 3), [0.0, 0.0]) / 3)

    pattern = sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(n, n))
    hessian = dr.sparse.hessian(f, pattern=pattern, colouring="acyclic")
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=n)
        np.testing.assert_allclose(hessian(x).toarray(), dr.hessian(f)(x), atol=1e-14)


def test_followed_through_an_integration():
    def f(rate):
        return integrate.solve_ivp(
            lambda t, y: -rate * y, (0, 1), np.ones(3), rtol=1e-9, atol=1e-12
        ).y[:, -1]

    rate = np.array([0.5, 1.0, 1.5])
    assert jacobian_pattern(f, rate) == Pattern(np.ones((3, 3)))
    np.testing.assert_allclose(
        dr.sparse.jacobian(f)(rate).toarray(), dr.jacobian(f)(rate), rtol=1e-6
    )


def test_acyclic_colours_are_not_tried_at_any_price(monkeypatch):
    def refuse(*args):
        raise AssertionError("an acyclic colouring of full rows")

    monkeypatch.setattr("dualrev.sparse.preparation.acyclic_colouring", refuse)
    r = np.random.default_rng(0)
    left, right = r.integers(0, 20, 12_000), r.integers(20, 800, 12_000)

    def f(x):
        return np.sum(x[left] * x[right] ** 2)

    hessian = dr.sparse.hessian(f, pattern=hessian_pattern(f, np.ones(800)), order="largest_first")
    assert hessian(np.ones(800)).nnz > 0


def test_a_pattern_is_an_array_to_numpy():
    band = Pattern(np.eye(3, k=1))
    assert np.asarray(band).dtype == bool
    np.testing.assert_array_equal(np.asarray(band, dtype=float), np.eye(3, k=1))
    assert sparse.csr_array(band).nnz == 2
    with pytest.raises(ValueError, match="by a copy only"):
        np.asarray(band, copy=False)


@pytest.mark.parametrize("mode", ["forward", "reverse", "both"])
def test_colours_are_not_written_to(mode):
    prepared = dr.sparse.jacobian(lambda x: x[1:] * x[0], mode=mode).prepare(np.ones(5))
    for side in np.atleast_2d(prepared.colours):
        with pytest.raises(ValueError, match="read-only"):
            side[0] = 0


def test_errors_name_what_was_called():
    with pytest.raises(TypeError, match=r"as jacobian_pattern\(f, x\), not"):
        jacobian_pattern(np.ones(3), np.ones(3))
    with pytest.raises(TypeError, match=r"as hessian_pattern\(f, x\), not"):
        hessian_pattern(3, np.ones(3))
    with pytest.raises(OutputError, match=r"^hessian_pattern: "):
        hessian_pattern(np.sin, np.ones(3))
