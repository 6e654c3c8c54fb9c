"""Patterns: what counts as an entry, algebra, other forms, pictures."""

import copy
import pickle

import numpy as np
import pytest
from scipy import sparse

import dualrev as dr
from dualrev.sparse import Pattern, as_pattern

BAND = np.eye(5, dtype=bool) | np.eye(5, k=1, dtype=bool)


def dense(m, n, seed, density=0.2):
    return np.random.default_rng(seed).random((m, n)) < density


@pytest.mark.parametrize(
    "convert", [np.asarray, np.ndarray.tolist, Pattern, sparse.csr_array, sparse.csc_array]
)
@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (0, 4), (4, 0), (1, 1)])
def test_dense_and_sparse_matrices(convert, shape):
    if convert is np.ndarray.tolist and 0 in shape:
        return
    given = dense(*shape, 1)
    made = Pattern(convert(given))
    assert made.shape == shape
    assert made.nnz == given.sum()
    np.testing.assert_array_equal(made.toarray(), given)
    assert made.toarray().dtype == bool
    np.testing.assert_array_equal(made.rows, np.nonzero(given)[0])
    np.testing.assert_array_equal(made.columns, np.nonzero(given)[1])
    assert made.indices.dtype.kind == "i"
    assert len(made.indptr) == shape[0] + 1


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"])
def test_what_is_stored_counts(format):
    values = np.array([[0.0, 2.0, 0.0], [-1.0, 1.0, 0.0]])
    made = Pattern(getattr(sparse, f"{format}_array")(values))
    assert (made.toarray() >= (values != 0)).all()
    if format not in ("dia", "bsr"):
        np.testing.assert_array_equal(made.toarray(), values != 0)


def test_stored_zeros_count_and_duplicates_do_not():
    given = sparse.coo_array(([1.0, -1.0, 0.0], ([0, 0, 1], [2, 2, 0])), shape=(2, 3))
    np.testing.assert_array_equal(Pattern(given).toarray(), [[0, 0, 1], [1, 0, 0]])
    zeros = sparse.csr_array((np.zeros(2), [1, 0], [0, 1, 2]), shape=(2, 2))
    assert Pattern(zeros).nnz == 2
    diagonals = sparse.dia_array((np.zeros((1, 3)), [1]), shape=(3, 3))
    np.testing.assert_array_equal(Pattern(diagonals).toarray(), np.eye(3, k=1))


def test_values_of_dense_matrices():
    given = np.array([[np.nan, 0.0, -0.0], [np.inf, -1.0, 1e-300]])
    np.testing.assert_array_equal(Pattern(given).toarray(), [[1, 0, 0], [1, 1, 1]])


def test_rows_are_sorted():
    given = sparse.csr_array((np.ones(3), [2, 0, 1], [0, 3, 3]), shape=(2, 3))
    np.testing.assert_array_equal(Pattern(given).indices, [0, 1, 2])
    np.testing.assert_array_equal(given.indices, [2, 0, 1])


def test_coordinates():
    made = Pattern.from_coordinates([1, 0, 1, 1], [0, 2, 0, 1], (2, 3))
    np.testing.assert_array_equal(made.toarray(), [[0, 0, 1], [1, 1, 0]])
    assert Pattern.from_coordinates([], [], (2, 3)).nnz == 0
    assert Pattern.from_coordinates(made.rows, made.columns, made.shape) == made


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pattern(np.ones(3)), r"a pattern is a matrix, not an array of shape \(3,\)"),
        (lambda: Pattern(np.ones((2, 2, 2))), "a pattern is a matrix"),
        (lambda: Pattern(None), "a pattern is a matrix, not NoneType"),
        (lambda: Pattern(sparse.coo_array(np.ones(3))), "a pattern is a matrix"),
        (lambda: Pattern.from_coordinates([0], [0, 1], (2, 2)), "1 row numbers and 2 column"),
        (
            lambda: Pattern.from_coordinates([2], [0], (2, 2)),
            "has no row 2: they count from 0 to 1",
        ),
        (lambda: Pattern.from_coordinates([0], [-1], (2, 2)), "has no column -1"),
        (lambda: Pattern.from_coordinates([0.5], [1], (2, 2)), "row numbers of a pattern are int"),
        (lambda: Pattern(np.ones((2, 3))).symmetrised(), "not square"),
        (lambda: Pattern(np.eye(2)) | Pattern(np.eye(3)), r"\(2, 2\) \| \(3, 3\)"),
        (lambda: Pattern(np.eye(2)) <= Pattern(np.eye(3)), r"\(2, 2\) <= \(3, 3\)"),
    ],
)
def test_misuse(make, message):
    with pytest.raises(dr.ShapeError, match=message):
        make()


def test_it_is_immutable():
    made = Pattern(BAND)
    with pytest.raises(AttributeError, match="immutable"):
        made.shape = (1, 1)
    with pytest.raises(ValueError, match="read-only"):
        made.indices[0] = 3
    taken = made.tocsr()
    taken.indices[:] = 0
    taken.data[:] = False
    np.testing.assert_array_equal(made.toarray(), BAND)
    assert as_pattern(made) is made
    assert copy.copy(made) is made
    assert copy.deepcopy(made) is made


def test_arrays_given_stay_writeable():
    given = sparse.csr_array(BAND)
    made = Pattern.from_csr(given.indptr, given.indices, given.shape)
    assert given.indices.flags.writeable
    assert not made.indices.flags.writeable


@pytest.mark.parametrize("seed", range(5))
def test_algebra(seed):
    a, b = dense(6, 9, seed, 0.4), dense(6, 9, seed + 100, 0.4)
    p, q = Pattern(a), Pattern(b)
    np.testing.assert_array_equal((p | q).toarray(), a | b)
    np.testing.assert_array_equal((p & q).toarray(), a & b)
    np.testing.assert_array_equal(p.T.toarray(), a.T)
    assert p == p.T.T
    assert (p & q) <= p <= (p | q)
    assert (p | q) >= q
    assert not (p | q) <= (p & q)
    assert p == Pattern(a)
    assert hash(p) == hash(Pattern(a))
    assert p != q
    assert p != "pattern"
    for made in (p | q, p & q, p.T):
        again = sparse.csr_array((np.ones(made.nnz), made.indices, made.indptr), shape=made.shape)
        assert again.has_canonical_format


@pytest.mark.parametrize("sign", ["__or__", "__and__", "__le__", "__ge__", "__eq__"])
def test_nothing_but_patterns_takes_part(sign):
    assert getattr(Pattern(BAND), sign)(BAND) is NotImplemented
    with pytest.raises(TypeError):
        Pattern(BAND) | 3


def test_facts():
    made = Pattern(BAND)
    assert made.bandwidth == (0, 1)
    assert made.T.bandwidth == (1, 0)
    assert made.density == 9 / 25
    np.testing.assert_array_equal(made.row_counts, [2, 2, 2, 2, 1])
    np.testing.assert_array_equal(made.column_counts, [1, 2, 2, 2, 2])
    assert not made.is_symmetric
    assert made.symmetrised().is_symmetric
    assert not Pattern(np.ones((2, 3))).is_symmetric
    assert Pattern(np.zeros((3, 3))).bandwidth == (0, 0)
    assert Pattern(np.eye(4, k=3)).bandwidth == (0, 3)
    assert Pattern(np.eye(4, k=-2)).bandwidth == (2, 0)
    assert Pattern(np.zeros((0, 3))).density == 0


def test_pickling():
    made = pickle.loads(pickle.dumps(Pattern(BAND)))
    assert made == Pattern(BAND)
    assert not made.indices.flags.writeable


def test_repr():
    assert repr(Pattern(BAND)) == "5×5 Pattern with 9 entries (36%):\n⎡⠙⢦⡀⎤\n⎣⠀⠀⠁⎦"
    assert repr(Pattern(np.ones((1, 2)))) == "1×2 Pattern with 2 entries (100%):\n[⠉]"
    assert repr(Pattern(np.ones((4, 2)))).endswith("[⣿]")
    assert repr(Pattern(np.zeros((0, 3)))) == "0×3 Pattern with 0 entries (0%)"
    assert repr(Pattern(np.eye(1))).startswith("1×1 Pattern with 1 entry (100%)")
    assert "1,000,000" not in repr(Pattern(np.eye(1000)))


@pytest.mark.parametrize("shape", [(1000, 1000), (10_000, 7), (3, 5000), (64, 80), (65, 81)])
def test_pictures_fit_the_screen_and_lose_nothing(shape):
    made = Pattern.from_coordinates([shape[0] - 1, 0], [0, shape[1] - 1], shape)
    _, *lines = repr(made).splitlines()
    assert 1 <= len(lines) <= 16
    assert 3 <= len(lines[0]) <= 42
    assert len({len(line) for line in lines}) == 1
    assert lines[0][-2] != "\u2800"
    assert lines[-1][1] != "\u2800"


def spied(pattern, colours=None):
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    ax = pattern.spy(colours=colours)
    picture = np.array(ax.images[0].get_array())
    plt.close("all")
    return ax, picture


def test_spy():
    ax, picture = spied(Pattern(BAND))
    np.testing.assert_array_equal((picture != 1).any(axis=2), BAND)
    assert ax.get_xlabel() == "9 entries (36%)"
    assert ax.get_ylim() == (4.5, -0.5)
    _, picture = spied(Pattern(sparse.eye_array(10_000)))
    np.testing.assert_array_equal((picture != 1).any(axis=2), np.eye(300))
    _, picture = spied(Pattern(np.zeros((0, 3))))
    assert (picture == 1).all()


def kinds(picture, pattern):
    return [tuple(picture[i, j]) for i, j in zip(pattern.rows, pattern.columns, strict=True)]


def test_spy_in_colours():
    made = Pattern(BAND)
    by_column = kinds(spied(made, [0, 1, 0, 1, -1])[1], made)
    assert len(set(by_column)) == 3
    assert by_column[0] == by_column[3]
    assert by_column[-1] == (0.8, 0.8, 0.8)
    by_row = kinds(spied(made, ([0, 1, 0, 1, 0], None))[1], made)
    assert by_row[0] == by_row[1] != by_row[2]
    arrow = np.eye(4, dtype=bool)
    arrow[0] = arrow[:, 0] = True
    made = Pattern(arrow)
    both = kinds(spied(made, (np.array([0, -1, -1, -1]), np.array([0, 1, 1, 1])))[1], made)
    assert len(set(both)) == 3
    assert both[1] == both[2] == both[3]
    wide = Pattern(np.ones((2, 3)))
    assert len(set(kinds(spied(wide, [0, 1])[1], wide))) == 2


def test_spy_with_colours_that_do_not_fit():
    with pytest.raises(dr.ShapeError, match="5 columns have 5 colours"):
        spied(Pattern(BAND), [0, 1])


def test_spy_without_matplotlib(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install dualrev\[plot\]"):
        Pattern(BAND).spy()
