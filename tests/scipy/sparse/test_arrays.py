"""Sparse arrays with traced entries: made like SciPy's, and doing what those do."""

import numpy as np
import pytest
import scipy.sparse as plain

import dualrev as dr
from dualrev.rules.sparse.arrays import TracedSparse
from dualrev.scipy import sparse

_rng = np.random.default_rng(6)
A = plain.csr_array(
    np.array([[1.5, 0, 0, -2.0], [0, 0.5, 3.0, 0], [0, 0, 0.7, 0.25], [1, 0, 0, 2]])
)
DATA = A.data.copy()
X = _rng.normal(size=4)
ROWS, COLUMNS = A.tocoo().coords


def own(d):
    return sparse.csr_array((d, A.indices, A.indptr), shape=A.shape)


def dense(d):
    y = np.zeros_like(d[0] * np.ones((4, 4)))
    y[ROWS, COLUMNS] = d
    return y


METHODS = {
    "transpose": lambda a: a.T + a,
    "product": lambda a: a @ a.T,
    "with plain": lambda a: a @ alike(a),
    "difference": lambda a: 2 * a - a.T / 3,
    "negative": lambda a: -a,
    "power": lambda a: a * a * a,
    "slices": lambda a: a[1:, ::2],
    "row": lambda a: a[[2], :],
    "mask": lambda a: a[np.array([True, False, True, True])],
    "by a vector": lambda a: a * X,
    "by a column": lambda a: a * X[:, None],
    "sum": lambda a: a.sum(),
    "sum of columns": lambda a: a.sum(axis=0),
    "sum of rows": lambda a: a.sum(axis=-1),
    "mean": lambda a: a.mean(axis=1),
    "trace": lambda a: a.trace(),
    "diagonal": lambda a: a.diagonal(),
    "upper diagonal": lambda a: a.diagonal(1),
    "lower diagonal": lambda a: a.diagonal(-3),
    "vector": lambda a: a @ X,
    "row vector": lambda a: X @ a,
    "columns": lambda a: a @ np.outer(X, X),
    "entry": lambda a: a[1, 2] * 1.0,
    "reshaped": lambda a: a.reshape((2, 8)),
    "absolute": abs,
}


def alike(a):
    """Return the plain matrix, dense beside a dense one."""
    return A.toarray() if isinstance(a, np.ndarray) else A


def whole(y):
    return y.toarray() if hasattr(y, "toarray") else y


# Coordinates have no slices in SciPy.
SLICED = ("slices", "row", "mask", "entry")
USES = [(n, k) for n in METHODS for k in ("csr", "csc", "coo") if k != "coo" or n not in SLICED]


@pytest.mark.parametrize(("name", "format"), USES)
def test_methods(name, format):
    f = METHODS[name]

    def sparse_one(d):
        return whole(f(own(d).asformat(format)))

    def dense_one(d):
        return f(dense(d))

    assert np.allclose(sparse_one(DATA), dense_one(DATA), rtol=1e-14)
    want = dr.jacobian(dense_one)(DATA)
    for mode in ("forward", "reverse"):
        assert np.allclose(dr.jacobian(sparse_one, mode=mode)(DATA), want, rtol=1e-13)
    assert np.allclose(
        dr.hessian(lambda d: np.sum(np.sin(sparse_one(d))))(DATA),
        dr.hessian(lambda d: np.sum(np.sin(dense_one(d))))(DATA),
        rtol=1e-12,
        atol=1e-14,
    )


@pytest.mark.parametrize("name", METHODS)
def test_in_lanes(name):
    f = METHODS[name]
    lanes = DATA + 0.1 * _rng.normal(size=(3, len(DATA)))
    want = np.stack([whole(f(own(d))) for d in lanes])
    assert np.allclose(dr.vmap(lambda d: whole(f(own(d))))(lanes), want, rtol=1e-14)


def traced(make):
    """Return what `make` makes of traced entries."""
    made = []

    def f(d):
        made.append(make(d))
        return np.sum(d)

    dr.grad(f)(DATA)
    return made[0]


def test_plain_ones_are_those_of_scipy():
    a = sparse.csr_array((DATA, A.indices, A.indptr), shape=A.shape)
    assert type(a) is plain.csr_array
    assert isinstance(a, sparse.csr_array)
    assert not isinstance(a, sparse.csc_array)
    assert issubclass(plain.csr_array, sparse.csr_array)
    assert isinstance(a, sparse.sparray)
    assert type(sparse.eye_array(3)) is type(plain.eye_array(3))
    assert type(sparse.diags_array([X], offsets=[0])) is plain.dia_array
    assert type(sparse.csr_matrix((2, 3))) is plain.csr_matrix
    assert sparse.csr_array.__name__ == "csr_array"

    class Own(sparse.csr_array):
        pass

    assert isinstance(Own((2, 3)), plain.csr_array)
    assert not isinstance(a, Own)


def test_traced_ones_say_what_they_are():
    a = traced(own)
    assert type(a) is TracedSparse
    assert isinstance(a, sparse.csr_array)
    assert isinstance(a, sparse.sparray)
    assert not isinstance(a, (sparse.csc_array, sparse.csr_matrix, sparse.spmatrix))
    assert sparse.issparse(a)
    assert not sparse.isspmatrix(a)
    assert sparse.isspmatrix_csc(traced(lambda d: sparse.csc_matrix(own(d))))
    assert (a.shape, a.ndim, a.nnz, a.format, a.dtype) == ((4, 4), 2, 8, "csr", np.dtype(float))
    assert np.array_equal(a.indices, A.indices)
    assert np.array_equal(a.indptr, A.indptr)
    assert "8 entries" in repr(a)
    with pytest.raises(TypeError, match="length is ambiguous"):
        len(a)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(a)


def test_passes_through():
    assert sparse.csgraph is plain.csgraph
    assert sparse.load_npz is plain.load_npz
    assert sparse.save_npz is plain.save_npz
    with pytest.raises(AttributeError, match=r"scipy\.sparse"):
        sparse.not_there  # noqa: B018


def test_what_is_asked_of_one_leaves_it_as_it_is():
    def f(d):
        a = sparse.csr_matrix(own(d))
        b = a.asformat("lil")
        assert (b.format, a.format) == ("lil", "csr")
        c = sparse.csr_array(a)
        assert (c.is_array, a.is_array) == (True, False)
        return sparse.linalg.norm(a, 1) + np.sum((a * X) ** 2) + b.sum() + (c * c).sum()

    def g(d):
        a = dense(d)
        return np.linalg.norm(a, 1) + np.sum((a @ X) ** 2) + np.sum(a) + np.sum(a * a)

    assert np.allclose(dr.grad(f)(DATA), dr.grad(g)(DATA))


def test_entries_at_the_same_place_are_added():
    where = (np.array([0, 1, 0, 1]), np.array([1, 1, 1, 0]))
    for kind in (sparse.coo_array, sparse.csr_array, sparse.csc_matrix):
        f = lambda d, kind=kind: kind((d, where), shape=(2, 2)).toarray()[0, 1] ** 2
        assert np.array_equal(dr.grad(f)(np.array([1.0, 5.0, 2.0, 7.0])), [6.0, 0, 6.0, 0])
    g = dr.grad(lambda d: np.sum(abs(sparse.coo_array((d, where), shape=(2, 2)).tocsr())))
    assert np.array_equal(g(np.array([1.0, 1.0, -3.0, 1.0])), [-1.0, 1.0, -1.0, 1.0])


def test_a_zero_stays_an_entry():
    f = lambda x: np.sum(sparse.csr_array(x) @ np.array([1.0, 2.0]))
    assert np.array_equal(dr.grad(f)(np.array([[0.0, 1.0], [0.0, 0.0]])), [[1.0, 2.0], [1.0, 2.0]])


def test_diagonal_format_keeps_rows():
    offsets = [1, -1, 0]
    d = _rng.normal(size=(3, 4))
    a = plain.dia_array((d, offsets), shape=(4, 4))

    def f(d):
        b = sparse.dia_array((d, offsets), shape=(4, 4))
        assert np.array_equal(b.offsets, offsets)
        return np.sum(b.data**2) + np.sum(b.T.toarray() ** 3)

    inside = plain.dia_array((np.ones((3, 4)), offsets), shape=(4, 4)).T.T
    mask = np.array([[0, 1, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1]])
    assert inside.nnz == mask.sum()
    assert np.allclose(dr.grad(f)(d), mask * (2 * d + 3 * d**2))
    assert a.nnz == mask.sum()


def test_scipy_errors():
    with pytest.raises(ValueError, match="inconsistent shapes"):
        traced(lambda d: own(d) + plain.eye_array(3))
    with pytest.raises(ValueError, match="mismatch"):
        traced(lambda d: own(d) @ np.ones(3))
    with pytest.raises(ValueError, match="index"):
        traced(lambda d: sparse.coo_array((d[:1], ([5], [0])), shape=(2, 2)))
    with pytest.raises(dr.UnsupportedError, match="pattern and entries are fixed"):
        traced(lambda d: own(d).__setitem__((0, 0), 1.0))
    with pytest.raises(dr.UnsupportedError, match="comparison"):
        traced(lambda d: own(d) == own(d))
    with pytest.raises(dr.UnsupportedError, match="two dimensions"):
        traced(lambda d: sparse.coo_array(d))


ENTRYWISE = (
    "arcsinh arctan ceil deg2rad expm1 floor rad2deg rint sign sin sinh tan tanh trunc".split()
)


@pytest.mark.parametrize("name", [*ENTRYWISE, "sqrt", "log1p", "arcsin", "arctanh"])
def test_functions_of_each_entry(name):
    d = DATA if name in ENTRYWISE else np.abs(DATA) / 4
    f = lambda d: getattr(own(d), name)().data
    assert np.array_equal(f(d), getattr(plain.csr_array(own(d)), name)().data)
    ufunc = getattr(np, name)
    assert np.array_equal(dr.jvp(f, (d,), (d,))[1], dr.jvp(ufunc, (d,), (d,))[1])
    assert np.array_equal(traced(lambda d: own(d).sin()).shape, A.shape)


def test_functions_of_entries_at_the_same_place():
    f = lambda d: sparse.coo_array((d, ([0, 0], [1, 1])), shape=(2, 2)).sqrt().sum()
    assert np.allclose(dr.grad(f)(np.array([1.5, 2.5])), [0.25, 0.25])


def test_extremes_count_the_places_without_entries():
    for sign in (1, -1):
        for name in ("max", "min"):
            d = sign * np.abs(DATA) * np.linspace(1.0, 1.2, DATA.size)
            want = getattr(plain.csr_array(own(d)), name)()
            slope = np.zeros(DATA.size)
            if want:
                slope[np.flatnonzero(d == want)] = 1.0
            found, pull = dr.vjp(lambda d, name=name: getattr(own(d), name)(), d)
            assert found == want
            assert np.array_equal(pull(1.0)[0], slope)
    with pytest.raises(dr.UnsupportedError, match="along an axis"):
        traced(lambda d: own(d).max(axis=0))


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"])
def test_powers_of_matrices(format):
    """``**`` of a matrix is its product with itself, and no power at all is the identity."""

    def power(n):
        return lambda d: (sparse.csr_matrix(own(d)).asformat(format) ** n).toarray()

    for n in (0, 1, 3):
        want = (plain.csr_matrix(A).asformat(format) ** n).toarray()
        assert np.allclose(power(n)(DATA), want, rtol=1e-14)
        found, slope = dr.jvp(power(n), (DATA,), (DATA,))
        assert np.allclose(found, want, rtol=1e-14)
        assert np.allclose(slope, n * want, rtol=1e-13)
    with pytest.raises(ValueError, match="exponent"):
        dr.jvp(power(-1), (DATA,), (DATA,))
    with pytest.raises(TypeError, match="square"):
        traced(lambda d: sparse.csr_matrix(own(d))[:2] ** 0)
    with pytest.raises(NotImplementedError, match="zero power"):
        traced(lambda d: own(d).asformat(format) ** 0)
    with pytest.raises(NotImplementedError, match="scalar"):
        traced(lambda d: own(d).power([1, 2]))


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"])
def test_entries_are_found_by_rows(format):
    want = plain.find(A.asformat(format))
    found = traced(lambda d: sparse.find(own(d).asformat(format)))
    assert all(np.array_equal(dr.value(u), v) for u, v in zip(found, want, strict=True))


@pytest.mark.parametrize("format", ["bsr", "lil", "dok"])
def test_data_in_no_format_but_those_by_rows_columns_and_coordinates(format):
    with pytest.raises(dr.UnsupportedError, match=f"data of a {format} array"):
        traced(lambda d: own(d).asformat(format).data)
    assert traced(lambda d: getattr(own(d), f"to{format}")()).format == format


@pytest.mark.parametrize("name", ["argmax", "maximum", "eliminate_zeros", "setdiag"])
def test_methods_that_need_another_pattern(name):
    with pytest.raises(dr.UnsupportedError, match=f"{name} of a sparse array"):
        traced(lambda d: getattr(own(d), name)(1))


def test_single_precision():
    def f(d):
        a = sparse.csr_array((d, A.indices, A.indptr))
        assert a.dtype == (2 * a).dtype == (a.T / 3).dtype == np.float32
        assert sparse.csr_array(a, dtype=float).dtype == np.float64
        return np.sum(a.power(2) @ np.ones(4, np.float32))

    g = dr.grad(f)(DATA.astype(np.float32))
    assert g.dtype == np.float32
    assert np.array_equal(g, 2 * DATA.astype(np.float32))
