"""What is prepared and kept, which way is chosen, and what the probe sees."""

import pickle
import threading

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import PatternError
from dualrev.sparse import Pattern
from dualrev.sparse.jacobian import SparseJacobian, jacobian
from tests.sparse.functions import arrow, band, branching, function_of, tridiagonal

RNG = np.random.default_rng(3)
MODES = ["auto", "forward", "reverse", "both"]


@pytest.mark.parametrize(
    ("f", "mode"),
    [
        (lambda x: x[1:] - x[:-1], "forward"),
        (lambda x: np.array([x[::2] @ x[::2], x[1::2] @ x[1::2]]), "reverse"),
        (lambda x: np.repeat(x[0], 40), "forward"),
    ],
)
def test_auto_takes_what_is_cheaper(f, mode):
    assert jacobian(f).prepare(np.ones(400)).mode == mode


def test_small_problems_are_not_recorded():
    assert jacobian(arrow).prepare(np.ones(30)).mode == "forward"
    assert jacobian(np.sum).prepare(np.ones(30)).mode == "forward"


# Points and lines of the Fano plane: any two have one line, or point, in common.
FANO = np.array([np.roll([1, 1, 0, 1, 0, 0, 0], k) for k in range(7)])


@pytest.mark.parametrize(
    ("where", "mode", "directions"),
    [
        (FANO, "forward", 7),
        (np.kron(FANO, np.ones((1, 2))), "reverse", 7),
        (np.kron(FANO, np.ones((2, 1))), "forward", 7),
    ],
)
def test_auto_where_colours_are_more_than_entries_in_a_row(monkeypatch, where, mode, directions):
    monkeypatch.setattr("dualrev.sparse.preparation._RECORD", 0)
    f = function_of(where)
    x = RNG.standard_normal(where.shape[1])
    J = jacobian(f, pattern=where)
    np.testing.assert_allclose(J(x).toarray(), dr.jacobian(f)(x), rtol=1e-13)
    assert (J.mode, J.n_passes) == (mode, directions)


# -- preparation ------------------------------------------------------------------------------------------------------


def test_preparation_is_kept_and_told():
    calls = []

    def f(x):
        calls.append(type(x).__name__)
        return x[1:] * x[:-1]

    J = jacobian(f)
    assert repr(J).endswith("f), not prepared yet>")
    assert J.prepare(np.ones(5)) is J
    assert calls == ["FollowedArray"]
    J(np.ones(5)), J(2 * np.ones(5))
    assert len(calls) == 3
    assert J.pattern.shape == (4, 5)
    assert (J.n_passes, J.mode) == (2, "forward")
    np.testing.assert_array_equal(sorted(set(J.colours)), [0, 1])
    assert "4×5, 8 entries, 2 directions forward>" in repr(J)
    J(np.ones(7))
    assert J.pattern.shape == (6, 7)
    assert len(calls) == 5
    J(np.ones(5))
    assert J.pattern.shape == (4, 5)
    assert len(calls) == 6
    J.prepare(np.ones(5))
    assert len(calls) == 7


def test_repr_names_options_that_were_chosen():
    made = jacobian(arrow, mode="both", order=range(80), on_change="detect").prepare(np.ones(40))
    assert "mode='both', order=range(0, 80), on_change='detect'" in repr(made)
    assert "probe" not in repr(made)
    made = jacobian(arrow).prepare(np.ones(400))
    assert "3 directions (2 forward, 1 reverse)>" in repr(made)


@pytest.mark.parametrize("what", ["pattern", "colours", "n_passes", "mode"])
def test_nothing_is_known_before(what):
    with pytest.raises(PatternError, match="nothing is prepared yet"):
        getattr(jacobian(arrow), what)


def test_a_given_pattern_is_known_before():
    assert jacobian(arrow, pattern=np.eye(3)).pattern == Pattern(np.eye(3))


def test_few_shapes_are_kept():
    J = jacobian(np.sin)
    for n in range(1, 40):
        J(np.ones(n))
    assert len(J._preparations) <= 16
    np.testing.assert_array_equal(J(np.zeros(1)).toarray(), [[1.0]])


def test_shapes_of_other_arguments_count():
    J = jacobian(lambda x, a: np.outer(a, x))
    assert J(np.ones(2), np.ones(3)).shape == (6, 2)
    assert J(np.ones(2), np.ones(4)).shape == (8, 2)


def test_one_evaluation_gives_the_value_too():
    calls = []

    def f(x, a):
        calls.append(x)
        return a * x**2

    made = jacobian(f, pattern=np.eye(60))
    x = np.linspace(1, 2, 60)
    y, J = made.with_value(x, 3.0)
    assert len(calls) == 1
    np.testing.assert_array_equal(y, 3.0 * x**2)
    np.testing.assert_allclose(J.diagonal(), 6.0 * x, rtol=1e-15)


@pytest.mark.parametrize("mode", MODES)
def test_results_are_the_users_own(mode):
    constant = np.ones(3)
    made = jacobian(lambda x: (x**2, constant), mode=mode)
    y, one = made.with_value(np.ones(3))
    one.data[:] = 7
    one.indices[:] = 0
    one.indptr[:] = 0
    y[1][:] = 5
    np.testing.assert_array_equal(constant, 1)
    np.testing.assert_array_equal(made(np.ones(3)).toarray(), np.eye(6, 3) * 2)


def test_the_argument_is_not_touched():
    def f(x):
        x *= 2
        return x**2

    x = np.ones(4)
    for mode in ("forward", "reverse"):
        np.testing.assert_array_equal(jacobian(f, mode=mode)(x).diagonal(), 8)
    np.testing.assert_array_equal(x, 1)


def test_pickling():
    J = pickle.loads(pickle.dumps(jacobian(arrow, mode="both").prepare(np.ones(40))))
    assert J.pattern.nnz == 118
    x = RNG.standard_normal(40)
    np.testing.assert_allclose(J(x).toarray(), dr.jacobian(arrow)(x))
    assert pickle.loads(pickle.dumps(jacobian(arrow)))(x).shape == (40, 40)


def test_threads():
    J = jacobian(tridiagonal)
    points = RNG.standard_normal((8, 50))
    found = [None] * 8

    def work(k):
        for _ in range(5):
            found[k] = J(points[k][: 50 - k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    for k in range(8):
        x = points[k][: 50 - k]
        np.testing.assert_allclose(found[k].toarray(), dr.jacobian(tridiagonal)(x), rtol=1e-13)


def test_as_a_method():
    class Model:
        scale = 3.0

        @jacobian
        def residual(self, x):
            return self.scale * x

    class Right(Model):
        residual = jacobian(lambda self, x: self.scale * x, argnums=1)

    np.testing.assert_array_equal(Right().residual(np.ones(2)).toarray(), 3 * np.eye(2))
    with pytest.raises(dr.InputError):
        Model().residual(np.ones(2))


def test_decorator():
    @jacobian
    def residual(x):
        """Say what it is."""
        return x[::-1]

    assert isinstance(residual, SparseJacobian)
    assert residual.__doc__ == "Say what it is."
    np.testing.assert_array_equal(residual(np.ones(2)).toarray(), np.eye(2)[::-1])


def test_spy():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    for mode, colours in (("forward", 2), ("reverse", 2), ("both", 3)):
        _, ax = plt.subplots()
        f = arrow if mode == "both" else lambda x: x[1:] * x[:-1]
        J = jacobian(f, mode=mode).prepare(np.ones(9))
        assert J.spy(ax) is ax
        picture = np.array(ax.images[0].get_array()).reshape(-1, 3)
        assert len(np.unique(picture, axis=0)) == 1 + colours
    plt.close("all")


# -- the probe --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 3), (4, 4), (3, 2)])
def test_a_missing_entry_is_found(row, column, mode):
    where = band(5, 1, 1)
    f = function_of(where)
    where[row, column] = 0
    message = (
        r"pattern lacks entries .* of 5 (rows|columns) differ .* the first is (row|column) \d.*Complete the "
        r"pattern"
    )
    x = RNG.standard_normal(5)
    with pytest.raises(PatternError, match=message):
        jacobian(f, pattern=where, mode=mode)(x)
    J = jacobian(f, pattern=where, mode=mode, on_change="detect")
    np.testing.assert_allclose(J(x).toarray(), dr.jacobian(f)(x), rtol=1e-13)
    jacobian(f, pattern=where, mode=mode, probe=False)(x)


@pytest.mark.parametrize("mode", MODES)
def test_a_branch_that_changes(mode):
    J = jacobian(branching, mode=mode)
    np.testing.assert_array_equal(J(np.ones(4)).toarray(), 2 * np.eye(4))
    x = np.array([-1.0, 2.0, 3.0, 4.0])
    with pytest.raises(PatternError, match=r"4 of 4 .*J.prepare\(x\) detects the pattern anew"):
        J(x)
    np.testing.assert_allclose(J.prepare(x)(x).toarray(), dr.jacobian(branching)(x))
    assert J.pattern.nnz == 4
    J = jacobian(branching, mode=mode, on_change="detect").prepare(np.ones(4))
    y, found = J.with_value(x)
    np.testing.assert_allclose(found.toarray(), dr.jacobian(branching)(x))
    np.testing.assert_allclose(y, branching(x))
    assert J.pattern.nnz == 8
    np.testing.assert_array_equal(J(np.ones(4)).toarray(), 2 * np.eye(4))
    assert J.pattern.nnz == 8


def test_a_constant_that_no_longer_is_one():
    f = lambda x: np.zeros(3) if x[0] > 0 else x
    J = jacobian(f)
    assert J(np.ones(3)).nnz == 0
    with pytest.raises(PatternError, match="3 of 3 rows"):
        J(-np.ones(3))


@pytest.mark.parametrize("on_change", ["raise", "detect"])
def test_another_number_of_results(on_change):
    J = jacobian(lambda x: x if x[0] > 0 else x[1:], on_change=on_change).prepare(np.ones(3))
    if on_change == "raise":
        with pytest.raises(dr.ShapeError, match=r"3 rows.*returned 2 values.*J.prepare"):
            J(-np.ones(3))
    else:
        np.testing.assert_array_equal(J(-np.ones(3)).toarray(), np.eye(2, 3, k=1))


def test_rounding_is_forgiven():
    rng = np.random.default_rng(0)
    A = np.where(rng.random((60, 60)) < 0.1, 10.0 ** rng.uniform(-8, 8, (60, 60)), 0)
    f = lambda x: np.sin(A @ x)
    J = jacobian(f)
    for _ in range(20):
        J(rng.standard_normal(60))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_entries_that_are_not_finite(mode):
    def f(x):
        return np.sqrt(x[1:]) * x[:-1]

    x = np.array([1.0, 2.0, 0.0, 3.0, np.nan, 1.0])
    J = jacobian(f, mode=mode)(x)
    np.testing.assert_array_equal(J.toarray(), dr.jacobian(f, mode=mode)(x))
    assert np.isinf(J.toarray()).any()
    assert np.isnan(J.toarray()).any()


def test_a_missing_entry_that_is_not_finite():
    f = lambda x: x + np.sqrt(x[::-1])
    x = np.array([0.0, 1.0, 2.0, 3.0])
    with pytest.raises(PatternError, match="4 of 4 rows"):
        jacobian(f, pattern=np.eye(4))(x)
    with pytest.raises(PatternError, match=r"1 of 4 rows differ .* the first is row 3"):
        jacobian(
            f, pattern=np.eye(4) + np.eye(4, k=1) + np.eye(4)[::-1] * (np.arange(4) < 3)[:, None]
        )(x)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_infinities_do_not_hide_what_is_beside_them(mode):
    def f(x):
        return np.sqrt(x) + np.append(x[1:], 0.0) + np.append(x[2:], [0.0, 0.0])

    x = np.array([0.0, 1.0, 0.0, 2.0, 3.0])
    whole = Pattern(np.eye(5) + np.eye(5, k=1) + np.eye(5, k=2))
    assert np.isinf(jacobian(f, pattern=whole, mode=mode)(x).diagonal()).sum() == 2
    lacking = whole.toarray()
    lacking[(0, 1) if mode == "forward" else (1, 2)] = False
    with pytest.raises(PatternError, match="differ"):
        jacobian(f, pattern=lacking, mode=mode)(x)
