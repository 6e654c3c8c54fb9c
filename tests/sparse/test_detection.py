"""Detected patterns of all that a function may be made of, where zeros count, and errors."""

import threading

import numpy as np
import pytest
import scipy.sparse
import scipy.special

import dualrev as dr
import dualrev.numpy as dnp
from dualrev.errors import DualrevError, OutputError, PatternError, UnsupportedError
from dualrev.sparse.detection import hessian_pattern, jacobian_pattern
from tests.rules.subjects import private_registry
from tests.sparse.truths import jacobian_matrix, nonzero

X3, X4 = (np.array([0.7, 1.3, 0.4, 1.9])[:n] for n in (3, 4))


def rows(*lines):
    """A pattern from lines of 0 and 1."""
    return np.array([[c == "1" for c in line] for line in lines])


# --------------------------------------------------------------------------------------------------
# What a function may be made of: the pattern is that of the numerically nonzero Jacobian


WEIGHTS = np.array([[1.0, 0, 0, 2], [0, 3, 0, 0], [0, 1, 1, 0]])
A_SPARSE = scipy.sparse.csr_array(WEIGHTS)
MATRIX = np.array([[4.0, 1, 0, 0], [1, 5, 1, 0], [0, 1, 6, 1], [0, 0, 1, 7]])


def in_place(x):
    y = x.copy()
    y[1:] += y[:-1]
    y[0] = y[2] * 3.0
    return y


def into_zeros(x):
    y = np.zeros_like(x)
    y[::2] = x[::2] ** 2
    y[1] = x[0] * x[3]
    return y


def into_buffer(x):
    y = dnp.zeros(6)
    for i in range(len(x)):
        y[i + 1] = x[i] * x[i - 1]
    return y


def added_at(x):
    y = np.zeros_like(x)
    np.add.at(y, [0, 1, 0, 3], x)
    np.subtract.at(y, [2], x[0])
    return y


def with_out(x):
    y = np.empty_like(x)
    np.multiply(x, 2.0, out=y)
    np.add(y[1:], x[:-1], out=y[1:])
    return y


def through_view(x):
    y = np.zeros_like(x)
    v = y[1:3]
    v[...] = x[:2]
    return y


def loop(x):
    out = []
    for i in range(len(x)):
        s = 0.0
        for j in range(i):
            s = s + np.sin(x[j])
        out.append(s)
    return np.stack(out)


def branch(x):
    return np.stack([x[i] if x[i] > 1 else x[i - 1] * x[i] for i in range(4)])


@dr.custom_jvp
def own(x):
    return x[1:] * x[:-1]


@own.defjvp
def _(primals, tangents):
    (x,), (t,) = primals, tangents
    return own(x), t[1:] * x[:-1] + x[1:] * t[:-1]


@dr.custom_vjp
def own_back(x):
    return np.sin(x)


own_back.defvjp(lambda x: (np.sin(x), x), lambda x, ct: (np.cos(x) * ct,))


EXACT = {
    "slices": lambda x: x[1:] * x[:-1],
    "negative step": lambda x: x[::-1] + 2.0 * x,
    "fancy": lambda x: x[[3, 0, 0]] * x[[1, 2, 0]],
    "mask": lambda x: x[np.array([True, False, True, True])] ** 2,
    "grid": lambda x: np.reshape(x, (2, 2))[np.ix_([1, 0], [0, 0])],
    "transpose": lambda x: np.reshape(x, (2, 2)).T @ np.array([1.0, 0.0]),
    "outer": lambda x: np.outer(x[:2], x[2:]),
    "broadcast": lambda x: x[:2, None] * x[None, 2:],
    "reduction": lambda x: np.sum(np.reshape(x, (2, 2)) ** 2, axis=0),
    "mean and keepdims": lambda x: (
        np.reshape(x, (2, 2)) - np.mean(np.reshape(x, (2, 2)), axis=1, keepdims=True)
    ),
    "cumsum": np.cumsum,
    "roll": lambda x: np.roll(x, 1) * x,
    "diff": np.diff,
    "pad": lambda x: np.pad(x**2, (1, 2)),
    "pad, wrapped": lambda x: np.pad(x**2, 1, mode="wrap"),
    "concatenate": lambda x: np.concatenate([x[2:], [1.0], x[:1] * x[1:2]]),
    "stack": lambda x: np.stack([x, x[::-1]], axis=1),
    "tile": lambda x: np.tile(x[:2], 2) * x,
    "repeat": lambda x: np.repeat(x, 2),
    "where": lambda x: np.where(np.array([True, False, True, True]), x, 2.0 * x[::-1]) + 0.0 * x,
    "np.where on data": lambda x: np.where(x > 0.0, np.exp(x), x),
    "matrix with zeros": lambda x: WEIGHTS @ np.sin(x),
    "from the right": lambda x: np.cos(x[:3]) @ WEIGHTS,
    "tensordot": lambda x: np.tensordot(np.reshape(x, (2, 2)), np.array([[1.0, 0], [0, 0]]), 1),
    "einsum": lambda x: np.einsum("ij,jk->ik", np.reshape(x, (2, 2)), np.reshape(x, (2, 2))),
    "diagonal by einsum": lambda x: np.einsum("ii->i", np.reshape(x, (2, 2))),
    "kron": lambda x: np.kron(x[:2], x[2:]),
    "sparse constant": lambda x: A_SPARSE @ x**2,
    "sparse transpose": lambda x: A_SPARSE.T @ x[:3],
    "triangles": lambda x: np.triu(np.outer(x, np.ones(4))),
    "solve": lambda x: np.linalg.solve(MATRIX, x),
    "fft": lambda x: np.fft.fft(x).real[:1],
    "convolve": lambda x: np.convolve(x, [1.0, 0.0, -1.0]),
    "interp of constants": lambda x: np.interp(x, np.arange(6.0), np.arange(6.0) ** 2),
    "maximum": lambda x: np.minimum(x, 1e9) + np.maximum(x, -1e9),
    "in place": in_place,
    "into zeros_like": into_zeros,
    "into a buffer": into_buffer,
    "np.add.at": added_at,
    "out=": with_out,
    "through a view": through_view,
    "loop": loop,
    "if": branch,
    "list": lambda x: np.stack([x[0], 1.0 * x[1], 3.0 + x[0] * x[3]]),
    "object array": lambda x: np.sum(np.array([x[0], x[2]])) * x[:2],
    "vmap": lambda x: dr.vmap(lambda v: v**2 * v[0])(np.reshape(x, (2, 2))),
    "vmap over an axis": lambda x: dr.vmap(lambda v: np.sum(v), in_axes=1)(np.reshape(x, (2, 2))),
    "grad inside": lambda x: dr.grad(lambda v: np.sum(v[1:] ** 2 * v[:-1]))(x),
    "jvp inside": lambda x: dr.jvp(lambda v: v[1:] * v[:-1], (x,), (np.ones(4),))[1],
    "jacobian inside": lambda x: dr.jacobian(lambda v: v**3)(x) @ np.ones(4),
    "custom_jvp": own,
    "custom_vjp, composed": lambda x: own_back(x[:1]) + x[1:2],
    "checkpoint": lambda x: dr.checkpoint(lambda v: np.sin(v[1:]) * v[:-1])(x),
    "stop_gradient": lambda x: dr.stop_gradient(x[::-1]) * x,
    "float32": lambda x: x.astype(np.float32) * np.float32(2),
    "through complex": lambda x: np.abs(x * np.exp(1j)),
    "real parts": lambda x: np.real(x[:2] * 1j * x[2:]) + np.imag(x[:2] * 1j),
    "containers": lambda x: {"a": x[:2], "b": (x[3] ** 2, [np.sin(x[1:])])},
    "constants among the outputs": lambda x: (x[0], np.ones(2), 3.0),
    "scalar output": lambda x: x[0] * x[2],
    "empty output": lambda x: x[:0],
    "no dependence": lambda x: np.ones(3) * np.floor(x[:3]),
    "zero rows": lambda x: np.concatenate([np.zeros(2), x[:1]]),
}
# The pattern has more: all of custom_vjp; what cancels; zero at this point only; real and imaginary parts as one.
COVERED = {"custom_vjp, composed", "in place", "np.where on data", "real parts", "where"}


@pytest.mark.parametrize("name", EXACT)
def test_what_functions_are_made_of(name):
    f = EXACT[name]
    found = jacobian_pattern(f, X4)
    true = nonzero(jacobian_matrix(f, X4))
    assert found.shape == true.shape
    assert not (true & ~found.toarray()).any()
    if name not in COVERED:
        assert found.toarray().tolist() == true.tolist()


def test_arguments():
    f = lambda a, b, c=1.0, *, d: a["x"][0] * b[1] * c + np.sum(d)
    a, b = {"x": X3, "y": X4}, X3
    d = np.ones(3)
    assert jacobian_pattern(f, a, b, d=d).toarray().tolist() == [[True] + [False] * 6]
    assert jacobian_pattern(f, a, b, argnums=1, d=d).toarray().tolist() == rows("010").tolist()
    both = jacobian_pattern(f, a, b, argnums=(0, 1), d=d)
    assert both.toarray().tolist() == [[True] + [False] * 7 + [True, False]]
    assert jacobian_pattern(f, a, b, 2.0, argnums=2, d=d).shape == (1, 1)


def test_container_inputs_of_the_hessian():
    f = lambda p: p["a"][0] * p["b"] + p["a"][1] ** 2
    found = hessian_pattern(f, {"a": X3[:2], "b": 2.0})
    assert found.toarray().tolist() == rows("001", "010", "100").tolist()
    two = hessian_pattern(lambda x, y: x @ y, X3, X3, argnums=(0, 1)).toarray()
    assert two.tolist() == np.kron([[0, 1], [1, 0]], np.eye(3)).astype(bool).tolist()


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 0), (2, 1, 2)])
def test_shapes(shape):
    x = np.ones(shape)
    assert (
        jacobian_pattern(lambda v: v * 2.0, x).toarray().tolist()
        == np.eye(x.size).astype(bool).tolist()
    )
    assert (
        hessian_pattern(lambda v: np.sum(v**2), x).toarray().tolist()
        == np.eye(x.size).astype(bool).tolist()
    )
    assert jacobian_pattern(np.sum, x).toarray().tolist() == np.ones((1, x.size), bool).tolist()


def test_a_python_number():
    assert jacobian_pattern(lambda v: v * 2.0, 3.0).shape == (1, 1)
    assert jacobian_pattern(lambda v: np.stack([v, v]), np.float32(3)).nnz == 2


def test_index_arrays_are_of_one_kind():
    found = jacobian_pattern(lambda x: (x[1:] * x[:-1], np.ones(2), np.sum(x)), X4)
    assert found.indptr.dtype == found.indices.dtype == np.int32
    csr = found.tocsr()
    assert csr.has_canonical_format
    assert (csr @ csr.T).shape == (6, 6)


# --------------------------------------------------------------------------------------------------
# Zeros


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x[:2] * x[2:], np.zeros(4)),
        (lambda x: x[:2] @ np.reshape(x[2:], (2, 2)), np.zeros(6)),
        (lambda x: np.outer(x, x), np.zeros(3)),
        (lambda x: np.convolve(x, x), np.zeros(3)),
        (lambda x: np.einsum("i,j->ij", x, x[::-1]), np.zeros(3)),
        (lambda x: np.abs(x) * x[::-1], np.zeros(3)),
        (lambda x: x * np.maximum(x[::-1], 0.0), np.array([-1.0, -2.0, -3.0])),
        (lambda x: dr.grad(lambda v: np.sum(np.abs(v) * v[::-1] ** 2))(x), np.zeros(3)),
        (own, np.zeros(4)),
    ],
)
def test_zeros_of_what_is_followed_count_for_nothing(f, x):
    elsewhere = np.random.default_rng(2).uniform(0.5, 1.5, x.shape)
    assert not (nonzero(jacobian_matrix(f, elsewhere)) & ~jacobian_pattern(f, x).toarray()).any()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.maximum(0.0, 1.0 - x) ** 2),
        lambda x: np.sum(np.where(x > 0, x**2, x**3)),
        lambda x: np.sum(np.abs(x) ** 3),
        lambda x: np.sum(np.clip(x, -0.5, 0.5) * x[::-1]),
        lambda x: np.sum(x**2 * (x > 0)),
        lambda x: np.sum(x[:2] * np.maximum(x[2:4], x[4:])),
        lambda x: np.sum(np.minimum(x[:3], x[3:]) ** 2),
        lambda x: np.sum(np.where(x[0] > 0, x[1:3] ** 2, x[3:5] ** 3)),
    ],
)
def test_hessians_hold_on_both_sides(f):
    found = [
        hessian_pattern(f, x)
        for x in (np.zeros(6), np.linspace(-1, 1, 6), np.linspace(2, -2, 6), np.full(6, 3.0))
    ]
    assert len({p.nnz for p in found}) == 1
    assert all(p == found[0] for p in found)


def test_other_arguments_may_start_at_zero():
    """Multipliers for instance: their zeros are no structure."""
    f = lambda x, m: np.sum(x**2) + m @ (x[1:] * x[:-1])
    assert hessian_pattern(f, X4, np.zeros(3)) == hessian_pattern(f, X4, np.ones(3))
    assert hessian_pattern(f, X4, np.zeros(3)).nnz == 10
    g = lambda x, a: a * x
    assert jacobian_pattern(g, X4, np.zeros(4)).nnz == 4


def test_zeros_of_constants_count_in_products():
    assert jacobian_pattern(lambda x: WEIGHTS @ x, X4).nnz == 5
    assert jacobian_pattern(lambda x: np.einsum("ij,j->i", WEIGHTS, x), X4).nnz == 5
    assert jacobian_pattern(lambda x: np.tensordot(WEIGHTS, x, 1), X4).nnz == 5


# --------------------------------------------------------------------------------------------------
# Right by default: what users declare without a fact


def test_declared_operations():
    with private_registry():
        scale = dr.linear(
            lambda x: x[..., ::-1].cumsum(-1),
            lambda ct, shape: ct[..., ::-1].cumsum(-1)[..., ::-1][..., ::-1],
            on=[dr.case((3,))],
            name="detect_linear",
        )
        assert jacobian_pattern(scale, X3).nnz == 9
        soft = dr.elementwise(
            lambda x: np.log1p(np.exp(x)),
            lambda x: 1 / (1 + np.exp(-x)),
            on=dr.reals,
            name="detect_soft",
        )
        assert jacobian_pattern(soft, X3).toarray().tolist() == np.eye(3).astype(bool).tolist()

        @dr.general(lambda x: x @ x, on=[dr.case((2, 2))], name="detect_square")
        class square:
            """Y = X X."""

            def tangent(t, x):
                return t @ x + x @ t

            def adjoint(ct, x):
                return ct @ x.T + x.T @ ct

        assert jacobian_pattern(square, np.eye(2)).nnz == 16
        pair = dr.bilinear(
            lambda a, b: np.sum(a * b),
            lambda ct, b: ct * b,
            lambda ct, a: ct * a,
            on=[dr.case((3,), (3,))],
            name="detect_dot",
        )
        assert jacobian_pattern(pair, X3, np.zeros(3)).nnz == 3
        assert hessian_pattern(lambda x: pair(x[:2], x[2:]), X4).nnz >= 4


# --------------------------------------------------------------------------------------------------
# Solvers, sparse matrices and patched code inside


def test_root_inside():
    from dualrev.scipy import optimize

    def f(p):
        return optimize.root(lambda u, p: u + 0.1 * u**3 - p, np.zeros(3), args=(p,)).x

    found = jacobian_pattern(f, X3).toarray()
    assert not (nonzero(dr.jacobian(f)(X3)) & ~found).any()


def test_sparse_of_data():
    from dualrev.scipy import sparse

    i, j = np.array([0, 1, 2, 2]), np.array([0, 1, 0, 2])

    def f(x):
        return sparse.coo_array((x, (i, j)), shape=(3, 3)).tocsr() @ np.array([1.0, 2.0, 3.0])

    found = jacobian_pattern(f, X4).toarray()
    assert found.tolist() == rows("1000", "0100", "0011").tolist()


def test_patched():
    def f(x):
        y = np.zeros(3)
        y[0] = x[1]
        y[2] = x[0] * x[2]
        return y

    assert (
        jacobian_pattern(dr.patched(f), X3).toarray().tolist() == rows("010", "000", "101").tolist()
    )


# --------------------------------------------------------------------------------------------------
# Errors


def test_complex_arguments():
    with pytest.raises(PatternError, match="real and imaginary parts"):
        jacobian_pattern(lambda z: z, 1j * X3)


def test_a_hessian_needs_a_number():
    with pytest.raises(OutputError):
        hessian_pattern(lambda x: x, X3)


def test_refused_arguments():
    with pytest.raises(UnsupportedError):
        jacobian_pattern(lambda n: scipy.special.jv(n, 2.0), 3.0)
    assert jacobian_pattern(lambda x: scipy.special.jv(3.0, x), 2.0).nnz == 1


def test_a_value_that_is_kept():
    """Used after its level has closed it raises, as in every transform."""
    kept = []
    jacobian_pattern(lambda x: kept.append(x) or x, X3)
    with pytest.raises(DualrevError):
        kept[0] * 2.0


def test_threads():
    found = {}

    def work(n):
        found[n] = jacobian_pattern(lambda x: x[1:] * x[:-1], np.ones(n)).nnz

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2, 8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert found == {n: 2 * (n - 1) for n in range(2, 8)}


@pytest.mark.parametrize(
    "fun", [np.cumprod, lambda x: np.cumprod(x, -1), lambda x: x * 0.5, lambda x: x * 1000]
)
def test_operations_wrongly_declared_as_movements(fun):
    """Their results are no positions: nothing is done with them."""
    with private_registry():
        wrong = dr.linear(
            fun, lambda ct: ct, on=[dr.case((3,))], name="detect_wrong", pattern="movement"
        )
        with pytest.raises(PatternError, match="pattern="):
            jacobian_pattern(lambda x: wrong(np.concatenate([x, x])), np.ones(20))
