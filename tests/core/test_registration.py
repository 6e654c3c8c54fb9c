"""Declarations: what is refused; and a user's operation gets all that the package's own have."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.primitive import ENTRIES, PRIMITIVES, UFUNCS, numpy_function
from dualrev.errors import RegistrationError, UnsupportedError
from tests.rules.registry import CHECKS, private_registry, run, subjects

X = np.array([[0.7, -1.2, 0.4], [1.3, 0.9, -0.6]])


@pytest.fixture(autouse=True)
def forgotten():
    """What a test declares is forgotten after it."""
    with private_registry():
        yield


def square(x):
    return x * x


def refused(declare, *words):
    """Run a declaration that must be refused without a trace, naming operation and fault."""
    tables = (PRIMITIVES, ENTRIES, UFUNCS)
    before = tuple(map(dict, tables))
    with pytest.raises(RegistrationError) as caught:
        declare()
    for word in words:
        assert word in str(caught.value)
    assert before == (PRIMITIVES, ENTRIES, UFUNCS), (
        "a refused declaration has left something behind"
    )


# --------------------------------------------------------------------------------------------------
# Twice.


def test_same_name_twice():
    dr.elementwise(square, lambda x: 2 * x, on=dr.reals, name="squared")
    refused(
        lambda: dr.elementwise(square, lambda x: 2 * x, on=dr.reals, name="squared"),
        "squared",
        "once",
        "name=",
    )


def test_names_of_all_flavours_share_one_registry():
    dr.elementwise(square, lambda x: 2 * x, on=dr.reals, name="mine")
    on = [dr.case((3,))]
    refused(lambda: dr.linear(square, lambda ct: ct, on=on, name="mine"), "mine")
    two = [dr.case((3,), (3,))]
    refused(
        lambda: dr.bilinear(np.dot, lambda ct, b: ct, lambda ct, a: ct, on=two, name="mine"), "mine"
    )

    class mine:
        def tangent(t): ...
        def adjoint(ct): ...

    refused(lambda: dr.general(square, on=on)(mine), "mine")


def test_numpy_function_answered_twice():
    """Another name does not help: np.sin would have two answers."""
    refused(
        lambda: dr.elementwise(np.sin, lambda x: np.cos(x), on=dr.reals, name="other_sine"),
        "sin",
        "already",
    )
    refused(lambda: numpy_function(np.sum)(square), "sum", "already")


def test_constant_twice():
    refused(lambda: dr.constant(np.floor), "floor")


# --------------------------------------------------------------------------------------------------
# Incomplete, or with something that means nothing.


@pytest.mark.parametrize("given", [{}, {"on": None}], ids=["left out", "None"])
def test_without_samples(given):
    two = {"name": "nameless", **given}
    refused(lambda: dr.elementwise(square, lambda x: 2 * x, **two), "nameless", "on=")
    refused(lambda: dr.linear(square, lambda ct: ct, **two), "nameless", "on=")
    refused(
        lambda: dr.bilinear(np.dot, lambda ct, b: ct, lambda ct, a: ct, **two), "nameless", "on="
    )

    class nameless:
        def tangent(t): ...
        def adjoint(ct): ...

    refused(lambda: dr.general(square, **given)(nameless), "nameless", "on=")


@pytest.mark.parametrize(
    "on",
    [[], [(3, 2)], "reals", 3, [dr.reals, dr.case((3,))]],
    ids=["none", "shape", "str", "int", "mixed"],
)
def test_samples_of_no_kind(on):
    refused(lambda: dr.elementwise(square, lambda x: 2 * x, on=on, name="odd"), "odd", "on=")


def test_number_of_domains():
    def declare():
        dr.elementwise(np.fmod, 1, 1, on=(dr.reals,), name="modulo")

    refused(declare, "modulo", "1 domain", "2 arguments")


def test_number_of_partials():
    refused(lambda: dr.elementwise(np.sin, on=dr.reals), "sin", "partial")
    refused(
        lambda: dr.elementwise(np.nextafter, 1, on=dr.reals, name="after"),
        "after",
        "2 arguments",
        "1 partial",
    )
    refused(
        lambda: dr.elementwise(np.frexp, 1, 1, on=dr.reals), "frexp", "1 arguments", "2 partials"
    )


@pytest.mark.parametrize("word", ["z", "ans", "axis"])
def test_unknown_residual(word):
    """A positional name that is no residual; the message says how static parameters are written."""
    partial = eval(f"lambda {word}: {word}")
    rule = eval(f"lambda ct, {word}: ct")
    refused(
        lambda: dr.elementwise(square, partial, on=dr.reals, name="asking"),
        "asking",
        repr(word),
        "keyword-only",
    )
    refused(
        lambda: dr.linear(square, rule, on=[dr.case((3,))], name="asking"), "asking", repr(word)
    )
    on = [dr.case((3,), (3,))]
    refused(lambda: dr.bilinear(np.dot, rule, lambda ct, a: a, on=on, name="asking"), repr(word))

    class asking:
        def tangent(t, x): ...

        adjoint = rule

    refused(lambda: dr.general(square, on=[dr.case((3,))])(asking), "asking", repr(word))


@pytest.mark.parametrize("missing", ["tangent", "adjoint"])
def test_missing_direction(missing):
    rules = {"tangent": lambda t, x: t, "adjoint": lambda ct, x: ct}
    del rules[missing]
    lame = type("lame", (), rules)
    refused(lambda: dr.general(square, on=[dr.case((3,))])(lame), "lame", missing)


@pytest.mark.parametrize("missing", ["tangent_a", "tangent_b", "adjoint_a", "adjoint_b"])
def test_missing_direction_of_one_argument(missing):
    rules = {k: (lambda t, a, b: t) for k in ("tangent_a", "tangent_b", "adjoint_a", "adjoint_b")}
    del rules[missing]
    lame = type("lame", (), rules)
    declare = dr.general(np.multiply, arguments=("a", "b"), on=[dr.case((3,), (3,))])
    refused(lambda: declare(lame), "lame", missing)


@pytest.mark.parametrize("stray", ["tangnet", "adjoint_b", "helper"])
def test_stray_method(stray):
    rules = {"tangent": lambda t: t, "adjoint": lambda ct: ct, stray: lambda ct: ct}
    odd = type("odd", (), rules)
    refused(lambda: dr.general(square, on=[dr.case((3,))])(odd), "odd", stray)


def test_rule_of_a_constant_argument():
    """A rule for an argument that is declared constant would never be called."""
    rules = {k: (lambda t: t) for k in ("tangent_a", "adjoint_a", "adjoint_b")}
    odd = type("odd", (), rules)
    declare = dr.general(
        np.multiply, arguments=("a", "b"), constant=("b",), on=[dr.case((3,), (3,))]
    )
    refused(lambda: declare(odd), "odd", "adjoint_b")


def test_constant_argument_that_does_not_exist():
    rules = {k: (lambda t: t) for k in ("tangent_a", "adjoint_a", "tangent_b", "adjoint_b")}
    odd = type("odd", (), rules)
    declare = dr.general(
        np.multiply, arguments=("a", "b"), constant=("c",), on=[dr.case((3,), (3,))]
    )
    refused(lambda: declare(odd), "odd", "'c'")


def test_unknown_class_of_answer():
    with pytest.raises(RegistrationError, match="kind"):
        numpy_function(np.frexp, kind="maybe")


# --------------------------------------------------------------------------------------------------
# A user's own operation, by each builder: all the scrutiny of the package's own.


def declare_elementwise():
    return dr.elementwise(
        lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x)), on=dr.reals, name="softplus"
    )


def declare_elementwise_of_three():
    return dr.elementwise(
        lambda a, b, c: a * b + np.sin(c),
        lambda b: b,
        lambda a: a,
        lambda c: np.cos(c),
        on=(dr.reals, dr.positive, dr.reals),
        name="multiply_add",
    )


def declare_linear():
    return dr.linear(
        lambda x, *, step: x[..., step:] - x[..., :-step],
        lambda ct, *, step: (
            np.pad(ct, [(0, 0)] * (ct.ndim - 1) + [(step, 0)])
            - np.pad(ct, [(0, 0)] * (ct.ndim - 1) + [(0, step)])
        ),
        on=[dr.case((5,), step=1), dr.case((2, 4), step=2)],
        name="differences",
        pattern="dense",
    )


def declare_linear_of_any_number():
    return dr.linear(
        lambda *arrays: sum((k + 1.0) * a for k, a in enumerate(arrays)),
        lambda ct, position, shapes: (position + 1.0) * ct,
        on=[dr.case((3,), (3,)), dr.case((2, 2), (2, 2), (2, 2))],
        arguments=None,
        name="weighted_sum",
        pattern="dense",
    )


def declare_bilinear():
    return dr.bilinear(
        np.convolve,
        lambda ct, b: _slide(ct, b),
        lambda ct, a: _slide(ct, a),
        on=[dr.case((5,), (3,)), dr.case((4,), (1,))],
        name="full_convolution",
    )


def _slide(ct, b):
    n = ct.shape[0] - b.shape[0] + 1
    return np.stack([ct[k : k + b.shape[0]] @ b for k in range(n)])


def declare_general():
    @dr.general(lambda x: x @ x, on=[dr.case((2, 2)), dr.case((3, 2, 2))])
    class matrix_square:
        """Y = X X;  dY = dX X + X dX."""

        def tangent(t, x):
            return t @ x + x @ t

        def adjoint(ct, x):
            return ct @ x.mT + x.mT @ ct

    return matrix_square


def declare_general_with_constant():
    @dr.general(
        lambda mask, scale, x: np.where(mask, scale * x, x),
        arguments=("mask", "scale", "x"),
        constant=("mask",),
        broadcasts=True,
        on=[
            dr.case(np.array([True, False, True]), (3,), (3,)),
            dr.case(np.array([True, False, True]), (), (2, 3)),
        ],
    )
    class masked_scale:
        """y = scale x where the mask holds, x elsewhere."""

        def tangent_scale(t, mask, x):
            return np.where(mask, t * x, 0)

        def adjoint_scale(ct, mask, x):
            return np.where(mask, ct * x, 0)

        def tangent_x(t, mask, scale):
            return np.where(mask, t * scale, t)

        def adjoint_x(ct, mask, scale):
            return np.where(mask, ct * scale, ct)

    return masked_scale


DECLARATIONS = [
    declare_elementwise,
    declare_elementwise_of_three,
    declare_linear,
    declare_linear_of_any_number,
    declare_bilinear,
    declare_general,
    declare_general_with_constant,
]


@pytest.mark.parametrize("check", list(CHECKS))
@pytest.mark.parametrize("declare", DECLARATIONS, ids=lambda d: d.__name__)
def test_own_operation(declare, check):
    primitive = declare()
    assert PRIMITIVES[primitive.name] is primitive
    for subject in subjects(primitive):
        run(check, subject)


def test_own_ufunc_is_answered():
    """A ufunc that is declared is answered wherever it meets a traced array, by shortcuts too."""
    del ENTRIES[np.tan], UFUNCS[np.tan], PRIMITIVES["tan"]
    mine = dr.elementwise(np.tan, lambda x: 3.0 * x, on=dr.unit)
    assert ENTRIES[np.tan].call is mine
    np.testing.assert_array_equal(dr.grad(lambda x: np.sum(np.tan(x)))(X), 3.0 * X)
    np.testing.assert_array_equal(dr.jvp(np.tan, (X,), (X,))[1], 3.0 * X * X)
    for x in (X.astype(np.float32), X + 0j):
        np.testing.assert_allclose(dr.jvp(np.tan, (x,), (x,))[1], 3.0 * x * x, rtol=1e-6)


def test_own_constant():
    """A constant gives plain values and stops the derivative there."""

    def step(x):
        return np.where(x > 0, 1.0, -1.0)

    (made,) = dr.constant(step)
    assert made is PRIMITIVES["step"]
    gradient = dr.grad(lambda x: np.sum(x * made(x)))
    np.testing.assert_array_equal(gradient(X), step(X))
    np.testing.assert_array_equal(dr.jvp(made, (X,), (X,))[1], np.zeros_like(X))
    np.testing.assert_array_equal(dr.vmap(made)(X), step(X))


def test_answer_by_composition():
    halves = np.frompyfunc(lambda x: (x / 2, x // 2), 1, 2)

    @numpy_function(halves, note="for the test")
    def answer(x):
        return x / 2.0, np.floor_divide(x, 2)

    J = dr.jacobian(lambda x: halves(x)[0])(np.array([3.0, 0.7]))
    np.testing.assert_array_equal(J, np.diag([0.5, 0.5]))


def test_answer_by_refusal():
    exponent = np.frompyfunc(lambda x: 0, 1, 1)

    @numpy_function(exponent, kind="unsupported")
    def answer(x):
        raise UnsupportedError("exponent", "it jumps", "np.log2")

    with pytest.raises(UnsupportedError, match="it jumps"):
        dr.grad(exponent)(1.0)
