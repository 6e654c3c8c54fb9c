"""Conversions that would lose a derivative raise, and name the user's file, line and fix."""

import math
import operator

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import DualrevError, EscapeError

X = np.array([0.7, 1.9, 0.4])


def buffer():
    return np.zeros(3)


def element(x):
    out = buffer()
    out[0] = x[0]
    return out.sum()


def whole(x):
    out = buffer()
    out[:] = x
    return out.sum()


def part(x):
    out = buffer()
    out[1:] = x[1:]
    return out.sum()


def masked(x):
    out = buffer()
    out[np.array([True, False, True])] = x[:2]
    return out.sum()


def element_plus(x):
    out = buffer()
    out[0] += x[0]
    return out.sum()


def part_plus(x):
    out = buffer()
    out[1:] += x[1:]
    return out.sum()


def into_out(x):
    out = buffer()
    np.multiply(x, 2.0, out=out)
    return out.sum()


def reduced_into_out(x):
    out = np.zeros(())
    np.sum(x, out=out)
    return out[()]


def copied_to(x):
    out = buffer()
    np.copyto(out, x)
    return out.sum()


def put_into(x):
    out = buffer()
    np.put(out, [0], x[0])
    return out.sum()


def added_at(x):
    out = buffer()
    np.add.at(out, [0, 0, 1], x)
    return out.sum()


def fill_diagonal(x):
    out = np.zeros((2, 2))
    np.fill_diagonal(out, x[0])
    return out.sum()


def put_along_axis(x):
    out = buffer()
    np.put_along_axis(out, np.array([0]), x[:1], axis=0)
    return out.sum()


def filled(x):
    out = buffer()
    out.fill(x[0])
    return out.sum()


STATEMENTS = [
    element,
    whole,
    part,
    masked,
    element_plus,
    part_plus,
    into_out,
    reduced_into_out,
    copied_to,
    put_into,
    added_at,
    fill_diagonal,
    put_along_axis,
    filled,
]
EXPRESSIONS = {
    "float(x)": lambda x: float(x[0]),
    "int(x)": lambda x: int(x[0]),
    "complex(x)": lambda x: abs(complex(x[0])),
    "float of a sum": lambda x: float(x.sum()),
    "float of one element": lambda x: float(x[:1].reshape(())),
    "math.sin": lambda x: math.sin(x[0]),
    "math.sqrt": lambda x: math.sqrt(x.sum()),
    "math.fsum": lambda x: math.fsum(x),
    "math.hypot": lambda x: math.hypot(x[0], x[1]),
    "math.isclose": lambda x: math.isclose(x[0], 1.0) * 1.0,
    "np.float64": lambda x: np.float64(x[0]),
    "np.float32": lambda x: np.float32(x[0]),
    "np.asarray(x, float)": lambda x: np.asarray(x, float).sum(),
    "np.array(x, dtype=float)": lambda x: np.array(x, dtype=float).sum(),
    "np.array([...], float)": lambda x: np.array([x[0], 1.0], dtype=float).sum(),
    "object array, astype": lambda x: np.array([x[0], 1.0]).astype(float).sum(),
    "np.full": lambda x: np.full(2, x[0], dtype=float).sum(),
    "np.fromiter": lambda x: np.fromiter(x, float).sum(),
    "list index": lambda x: [1.0, 2.0][x[0]],
    "operator.index": lambda x: operator.index(x[0]),
    "range": lambda x: float(len(range(x[0]))),
    "random parameter": lambda x: np.random.default_rng(0).normal(x[0]),
    "percent format": lambda x: "%f" % x[0],  # noqa: UP031
}


def refused(f, line):
    """Check that every mode refuses f with a message that names this file, the line and a fix."""
    for derivative in (
        lambda: dr.grad(f)(X),
        lambda: dr.jvp(f, (X,), (X,)),
        lambda: dr.jacobian(f, mode="forward")(X),
        lambda: dr.grad(lambda x: np.sum(dr.grad(f)(x)))(X),
    ):
        with pytest.raises(EscapeError) as caught:
            derivative()
        message = str(caught.value)
        assert f"{__file__}:{line}," in message, message
        assert "Fix:" in message
        assert "dualrev.value(x)" in message


@pytest.mark.parametrize("f", STATEMENTS, ids=lambda f: f.__name__)
def test_write_into_a_plain_array(f):
    refused(f, f.__code__.co_firstlineno + 2)


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_conversion(name):
    f = EXPRESSIONS[name]
    refused(f, f.__code__.co_firstlineno)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x * x, out=None),
        lambda x: round(x[0], 1) * 1.0,
        lambda x: math.floor(x[0]) * x[1],
        lambda x: math.ceil(x[0]) * x[1],
        lambda x: math.trunc(x[0]) * x[1],
        lambda x: sum(x) ** 2,
        lambda x: max(x) * min(x),
        lambda x: sorted(x)[1] * 2.0,
        lambda x: abs(x[0] - x[1]),
        lambda x: pow(x[0], 3),
        lambda x: math.prod(x),
        lambda x: np.float64(2.0) * x[0],
    ],
    ids=range(12),
)
def test_python_functions_that_work(jac, central, f):
    np.testing.assert_allclose(jac(f, X), central(f, X), rtol=1e-9, atol=1e-11)


def right_or_escapes(jac, f, expected):
    try:
        J = jac(f, X)
    except EscapeError:
        return
    np.testing.assert_allclose(J, expected, rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0].item() ** 2 + x[1:].sum().item(),
        lambda x: x.tolist()[0] ** 2 + sum(x.tolist()[1:]),
        lambda x: x.item(0) ** 2 + x.item(1) + x.item(2),
        lambda x: np.vectorize(lambda t: t * t)(x)[0] + x[1] + x[2],
        lambda x: np.nditer(x)[0] ** 2 + x[1] + x[2],
        lambda x: sum(v**2 if k == (0,) else v for k, v in np.ndenumerate(x)),
        lambda x: sum(v**2 if k == 0 else v for k, v in enumerate(x.flat)),
        lambda x: np.r_[x, 1.0][0] ** 2 + x[1] + x[2],
        lambda x: np.c_[x, x][0, 0] ** 2 + x[1] + x[2],
        lambda x: np.append(x, 1.0)[0] ** 2 + x[1] + x[2],
        lambda x: np.apply_along_axis(lambda v: v[0] ** 2 + v[1] + v[2], 0, x),
        lambda x: np.ma.array(x)[0] ** 2 + x[1] + x[2],
    ],
    ids=range(12),
)
def test_right_or_an_error_never_silent(jac, f):
    """Ways out of an array that the library may refuse, but not get wrong."""
    try:
        J = jac(f, X)
    except (DualrevError, TypeError):
        return
    np.testing.assert_allclose(np.ravel(J), [2 * X[0], 1.0, 1.0], rtol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] ** 2 if np.isscalar(x[0]) else np.dot(x[0], x[0]),
        lambda x: x[0] * x[0] if isinstance(x[0], (float, np.floating)) else x[0] ** 2,
        lambda x: (x if isinstance(x, np.ndarray) else np.array(x))[0] ** 2,
        lambda x: np.atleast_1d(x[0])[0] ** 2,
        lambda x: np.atleast_1d(x)[0] ** 2,
        lambda x: (x[0] if np.ndim(x[0]) == 0 else x[0][0]) ** 2,
        lambda x: (x[0] if np.shape(x[0]) == () else x[0][0]) ** 2,
        lambda x: (np.array(x) if np.iscomplexobj(x) else x)[0] ** 2,
        lambda x: (x if hasattr(x, "__len__") else [x])[0] ** 2,
    ],
    ids=range(9),
)
def test_branches_on_the_type(jac, f):
    """User code asks what it was given; each branch must be right."""
    right_or_escapes(jac, f, [2 * X[0], 0.0, 0.0])


def test_predicates_answer_as_for_numpy():
    plain = X[0]

    def f(x):
        assert np.isscalar(x[0]) == np.isscalar(plain)
        assert not np.isscalar(x)
        assert np.ndim(x[0]) == np.ndim(plain)
        assert np.shape(x) == X.shape
        assert np.size(x) == X.size
        assert np.iscomplexobj(x) == np.iscomplexobj(X)
        assert np.isrealobj(x) == np.isrealobj(X)
        assert np.result_type(x) == X.dtype
        assert np.issubdtype(x.dtype, np.floating)
        assert np.iterable(x)
        assert not np.iterable(x[0])
        assert callable(x) == callable(X)
        return x[0]

    np.testing.assert_array_equal(dr.grad(f)(X), [1, 0, 0])
    dr.jvp(f, (X,), (X,))


def test_bool_and_comparisons_use_the_primal(jac):
    def f(x):
        assert x[0]
        assert not (x[0] - X[0])
        assert x[0] < x[1]
        assert x[1] >= 1.9
        assert np.float64(1.0) > x[0]
        assert X[0] == x[0]
        assert (x != X).sum() == 0
        assert np.all(x > 0)
        assert np.any(x > 1.5)
        assert np.isfinite(x).all()
        assert np.array_equal(x > 0.5, X > 0.5)
        assert np.allclose(x, X)
        assert x[0] in [0.7, 3.0]
        assert isinstance(x[0] > 0, (bool, np.bool_))
        assert type(x > 0.5) is np.ndarray
        return x[0] ** 2 if x[0] > 0 else -x[0]

    np.testing.assert_allclose(jac(f, X), [1.4, 0.0, 0.0], rtol=1e-15)


def test_bool_of_several_elements_is_ambiguous():
    with pytest.raises(ValueError, match="ambiguous"):
        dr.grad(lambda x: x[0] if x else x[1])(X)


def test_text_is_readable():
    seen = []

    def f(x):
        seen.extend([f"{x[1]:.3f}", format(x[1], "8.2e"), f"{x[1]}", str(x[1]), repr(x), str(x)])
        return dr.grad(lambda y: seen.append(f"{y:.1f} {x[0]:.1f}") or y * x[0])(2.5)

    dr.grad(f)(X)
    assert seen[:2] == ["1.900", " 1.90e+00"[-8:]]
    for text in seen[2:6]:
        assert "1.9" in text
        assert "object at 0x" not in text
    assert seen[6] == "2.5 0.7"


def test_value_strips_every_level():
    seen = []

    def inner(y, x):
        seen.append(dr.value(y * x))
        return y * x[0]

    dr.grad(lambda x: dr.jvp(lambda y: inner(y, x), (2.0,), (1.0,))[1])(X)
    assert type(seen[0]) is np.ndarray
    np.testing.assert_array_equal(seen[0], 2 * X)
    assert dr.value(3.0) == 3.0
    assert type(dr.value([1.0, 2.0])) in (list, np.ndarray)


def test_value_is_the_way_out(jac):
    J = jac(lambda x: x[0] * math.sin(dr.value(x[1])), X)
    np.testing.assert_allclose(J, [math.sin(X[1]), 0.0, 0.0], rtol=1e-15)
