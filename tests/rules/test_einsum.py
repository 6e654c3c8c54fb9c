"""einsum: every form of subscripts, orders of contraction, views, NumPy's errors."""

import numpy as np
import pytest

import dualrev as dr

ONE = {
    "ij->ji": (2, 3),
    "ba": (2, 3),
    "ii": (3, 3),
    "ii->i": (3, 3),
    "iij->j": (2, 2, 3),
    "iii->": (2, 2, 2),
    "abaa->ba": (2, 3, 2, 2),
    "ij->": (2, 3),
    "i...->...": (2, 3),
    "...i->...": (2, 3),
    "...ij->...ji": (2, 2, 3),
    "...": (2,),
    "->": (),
    "ij->i": (2, 0),
    "A a->aA": (2, 3),
}
SEVERAL = {
    "ij,jk": [(2, 3), (3, 2)],
    "ij , jk -> ik": [(2, 3), (3, 2)],
    "i,i": [(3,), (3,)],
    "i,j->ij": [(2,), (3,)],
    ",i->i": [(), (3,)],
    "...ij,...jk->...ik": [(2, 2, 3), (3, 2)],
    "...ij,...jk": [(2, 2, 3), (1, 3, 2)],
    "i,...->...i": [(2,), (3, 2)],
    "bij,bjk->bik": [(2, 2, 3), (2, 3, 2)],
    "ii,i->i": [(3, 3), (3,)],
    "iij,jk->ki": [(2, 2, 3), (3, 2)],
    "ij,kl->": [(2, 2), (2, 3)],
    "ij,j->i": [(2, 1), (3,)],
    "ij,ji->": [(2, 3), (3, 2)],
    "ij,jk->": [(0, 3), (3, 2)],
    "i,i,i->": [(3,), (3,), (3,)],
    "i,ij,j": [(2,), (2, 3), (3,)],
    "ij,jk,kl->il": [(2, 3), (3, 2), (2, 2)],
    "ij,kj,lj->ikl": [(2, 3), (2, 3), (2, 3)],
    "a,b,c,d->dcba": [(2,), (2,), (2,), (2,)],
    "ij,jk,k,i->": [(2, 3), (3, 2), (2,), (2,)],
}
FORMS = {**{s: [shape] for s, shape in ONE.items()}, **SEVERAL}


def _close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("subscripts", FORMS)
def test_each_operand(subscripts, rng, jac, complex_step):
    operands = [rng.normal(size=s) for s in FORMS[subscripts]]
    for k, x in enumerate(operands):

        def f(x, k=k):
            return np.einsum(subscripts, *operands[:k], x, *operands[k + 1 :])

        _close(dr.vjp(f, x)[0], f(x))
        assert jac(f, x).shape == np.shape(f(x)) + x.shape
        if x.size:
            _close(jac(f, x), complex_step(f, x))


@pytest.mark.parametrize(
    "subscripts", [s for s in FORMS if len(set(FORMS[s])) == 1 and s != "ij->i"]
)
def test_the_same_operand_everywhere(subscripts, rng, jac, complex_step):
    shapes = FORMS[subscripts]
    x = rng.normal(size=shapes[0])

    def f(x):
        return np.einsum(subscripts, *[x] * len(shapes))

    _close(jac(f, x), complex_step(f, x))
    w = rng.normal(size=np.shape(f(x)))
    gradient = dr.grad(lambda x: np.sum(w * f(x)))
    _close(jac(gradient, x), jac(lambda x: np.tensordot(w, dr.jacobian(f)(x), w.ndim), x))


@pytest.mark.parametrize("subscripts", FORMS)
def test_lanes(subscripts, rng):
    operands = [rng.normal(size=s) for s in FORMS[subscripts]]
    for k, x in enumerate(operands):

        def f(x, k=k):
            return np.einsum(subscripts, *operands[:k], x, *operands[k + 1 :])

        many = np.stack([x, 2 * x, x - 1])
        _close(dr.vmap(f)(many), np.stack([f(v) for v in many]))


def test_sublists(rng):
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    forms = [
        (lambda x: np.einsum(x, [0, 1], b, [1, 2], [2, 0]), "ij,jk->ki"),
        (lambda x: np.einsum(x, [7, 1], b, [1, 2]), "cb,ba"),
        (lambda x: np.einsum(x, [Ellipsis, 0], b, [0, 1], [1, Ellipsis]), "...i,ij->j..."),
        (lambda x: np.einsum(x, [0, 1]), "ij"),
    ]
    for f, subscripts in forms:
        others = (b,) if "," in subscripts else ()

        def g(x, subscripts=subscripts, others=others):
            return np.einsum(subscripts, x, *others)

        np.testing.assert_array_equal(f(a), dr.vjp(f, a)[0])
        _close(dr.jacobian(f)(a), dr.jacobian(g)(a))


@pytest.mark.parametrize(
    "optimize",
    [
        True,
        "greedy",
        "optimal",
        ("greedy", 100),
        ["einsum_path", (0, 2), (0, 1)],
        ["einsum_path", (0, 1, 2)],
    ],
    ids=str,
)
def test_orders_of_contraction(optimize, rng):
    a, b, c = (rng.normal(size=s) for s in ((2, 3), (3, 2), (2, 4)))

    def f(b, how):
        return np.einsum("ij,jk,kl->il", a, b, c, optimize=how)

    expected = dr.jacobian(lambda b: a @ b @ c)(b)
    _close(dr.jacobian(lambda b: f(b, optimize))(b), expected)


def test_large_operands_agree_with_matmul(rng):
    a, b = rng.normal(size=(60, 40)), rng.normal(size=(40, 50))
    w = rng.normal(size=(60, 50))
    by_einsum = dr.grad(lambda a: np.sum(w * np.einsum("ij,jk->ik", a, b)))(a)
    np.testing.assert_allclose(by_einsum, w @ b.T, rtol=1e-12, atol=1e-12)


def test_writing_through_a_view():
    def f(x):
        y = x * 1.0
        np.einsum("ii->i", y)[...] = 2.0 * x[0]
        return y

    x = np.arange(9.0).reshape(3, 3)
    expected = x.copy()
    np.fill_diagonal(expected, 2.0 * x[0])
    y, pullback = dr.vjp(f, x)
    np.testing.assert_array_equal(y, expected)
    ct = np.arange(1.0, 10.0).reshape(3, 3)
    gradient = ct * (1 - np.eye(3))
    gradient[0] += 2.0 * np.diag(ct)
    np.testing.assert_array_equal(pullback(ct)[0], gradient)


def test_dtype_and_single_precision(rng):
    x = rng.normal(size=(2, 3)).astype(np.float32)
    assert dr.jacobian(lambda x: np.einsum("ij->j", x))(x).dtype == np.float32
    y, _ = dr.vjp(lambda x: np.einsum("ij,ij->i", x, x, dtype=np.float64), x)
    assert y.dtype == np.float64
    with pytest.raises(TypeError, match="Cannot cast"):
        dr.vjp(lambda x: np.einsum("ij->j", x, dtype=np.float32), x.astype(float))
    with pytest.raises(dr.UnsupportedError, match="order"):
        dr.vjp(lambda x: np.einsum("ij->j", x, order="F"), x)


def test_path_depends_on_shapes_only(rng):
    x, b = rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    seen = []

    def f(x):
        seen.append(np.einsum_path("ij,jk->ik", x, b)[0])
        return x[0, 0]

    dr.grad(f)(x)
    assert seen == [np.einsum_path("ij,jk->ik", x, b)[0]]


@pytest.mark.parametrize(
    "arguments",
    [
        ("ij->kk", (2, 2)),
        ("ij->ik", (2, 2)),
        ("ij->ii", (2, 2)),
        ("ij,jk", (2, 2)),
        ("ij", (2, 2), (2, 2)),
        ("ijk", (2, 2)),
        ("i", (2, 2)),
        ("...i->i", (2, 2)),
        ("ij,jk->ik", (2, 2), (3, 2)),
        ("i$->", (2, 2)),
        ("i.j->", (2, 2)),
        (),
    ],
    ids=str,
)
def test_numpys_errors(arguments):
    text, shapes = arguments[:1], arguments[1:]
    operands = [np.ones(s) for s in shapes]
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's own words
        np.einsum(*text, *operands)
    if operands:
        with pytest.raises(ValueError, match=r"subscript|operand|einstein"):
            dr.vjp(lambda x: np.einsum(*text, x, *operands[1:]), operands[0])


def test_sublists_that_are_no_labels():
    for bad in (["a", "b"], [0, 52], [0, -1]):
        with pytest.raises(TypeError, match="integer"):
            dr.vjp(lambda x, bad=bad: np.einsum(x, bad), np.ones((2, 2)))
