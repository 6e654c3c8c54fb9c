"""The mirror of math: every function, plain and traced; its errors; what is locally constant."""

import math as plain
import sys

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.mirror import MIRRORS, stand_in
from dualrev.numpy import math

ONE = {
    "acos": 0.3, "acosh": 1.7, "asin": 0.3, "asinh": -0.8, "atan": 0.7, "atanh": -0.4, "cbrt": -2.2,
    "cos": 0.4, "cosh": 0.6, "degrees": 1.1, "erf": 0.4, "erfc": -0.6, "exp": 0.3, "exp2": 0.7,
    "expm1": 0.2, "fabs": -1.4, "gamma": 2.6, "lgamma": -1.3, "log": 1.7, "log10": 2.5, "log1p": 0.6,
    "log2": 3.1, "radians": 40.0, "sin": -0.9, "sinh": 0.8, "sqrt": 2.3, "tan": 0.5, "tanh": 0.3,
}  # fmt: skip
MORE = {
    "atan2": (lambda m, x, y: m.atan2(x, y), (0.4, -1.2)),
    "copysign": (lambda m, x, y: m.copysign(x, y), (0.4, -1.2)),
    "dist": (lambda m, x, y: m.dist([x, 1.0, y], (y, x, 0.5)), (0.4, -1.2)),
    "dist of arrays": (lambda m, x, y: m.dist(np.ones(2) * 2.0, np.stack([x, y])), (0.4, -1.2)),
    "fmod": (lambda m, x, y: m.fmod(x, y), (-3.4, 1.2)),
    "fsum": (lambda m, x, y: m.fsum([1e16, x, y, -1e16, x]), (0.4, -1.2)),
    "fsum of a generator": (lambda m, x, y: m.fsum(v * x for v in (1, x, y)), (0.4, -1.2)),
    "hypot": (lambda m, x, y: m.hypot(x, y, 0.3, x * y), (0.4, -1.2)),
    "hypot of one": (lambda m, x, y: m.hypot(x) * y, (-0.4, -1.2)),
    "frexp": (lambda m, x, y: m.frexp(x)[0] * m.frexp(y)[1] * y, (0.7, 5.2)),
    "ldexp": (lambda m, x, y: m.ldexp(x, 3) * y, (0.4, -1.2)),
    "log with base": (lambda m, x, y: m.log(x, y), (2.4, 3.2)),
    "log with plain base": (lambda m, x, y: m.log(x, 2) * m.log(10, y), (2.4, 3.2)),
    "modf": (lambda m, x, y: m.modf(x)[0] * m.modf(y)[1] * y, (3.7, -5.2)),
    "nextafter": (lambda m, x, y: m.nextafter(x, y) * y, (0.4, -1.2)),
    "pow": (lambda m, x, y: m.pow(x, y) + m.pow(2, x), (1.4, -1.2)),
    "prod": (lambda m, x, y: m.prod([x, y, 3, x]) * m.prod((2.0,), start=y), (0.4, -1.2)),
    "remainder": (lambda m, x, y: m.remainder(x, y), (7.9, 2.2)),
    "floor": (lambda m, x, y: m.floor(3.5 * x) * y, (0.7, -1.2)),
    "ulp": (lambda m, x, y: x * y + m.ulp(x), (0.7, -1.2)),
}
if sys.version_info >= (3, 12):
    MORE["sumprod"] = (lambda m, x, y: m.sumprod([x, y, 1.0], [y, 2.0, x]), (0.4, -1.2))
    MORE["nextafter steps"] = (lambda m, x, y: m.nextafter(x, y, steps=3) * y, (0.4, -1.2))
if sys.version_info >= (3, 13):
    MORE["fma"] = (lambda m, x, y: m.fma(x, y, x), (0.4, -1.2))
CONSTANT = {
    "ceil": 2.3, "floor": -1.2, "trunc": -1.7, "isfinite": 2.0, "isinf": 1.0, "isnan": 0.5, "ulp": 0.7,
}  # fmt: skip
INTEGERS = {
    "comb": (5, 2),
    "factorial": (5,),
    "gcd": (4, 6),
    "isqrt": (9,),
    "lcm": (4, 6),
    "perm": (5, 2),
}
# Written above without the word for how they are called.
OTHERS = {"isclose"}


def check(f, *at):
    want = f(plain, *at)
    y, g = dr.value_and_grad(lambda *v: f(math, *v), argnums=tuple(range(len(at))))(*at)
    assert f(math, *at) == want
    np.testing.assert_allclose(y, want, rtol=4e-16 * 8)
    for k, slope in enumerate(g):
        h = 1e-6
        ahead, behind = ([v + s * h * (j == k) for j, v in enumerate(at)] for s in (1, -1))
        np.testing.assert_allclose(
            slope, (f(plain, *ahead) - f(plain, *behind)) / (2 * h), rtol=1e-7, atol=1e-8
        )
    tangents = tuple(np.arange(1.0, 1.0 + len(at)))
    np.testing.assert_allclose(
        dr.jvp(lambda *v: f(math, *v), at, tangents)[1], np.dot(g, tangents), rtol=1e-13
    )
    lanes = [np.array([v, v]) for v in at]
    np.testing.assert_allclose(dr.vmap(lambda *v: f(math, *v))(*lanes), [want, want], rtol=1e-13)


@pytest.mark.parametrize("name", ONE)
def test_one_number(name):
    check(lambda m, x: getattr(m, name)(x), ONE[name])


@pytest.mark.parametrize("name", [n for n in MORE if n != "fsum"])
def test_several_numbers(name):
    f, at = MORE[name]
    check(f, *at)


def test_fsum_is_exact():
    """The small terms are not lost beside the large ones, though the derivative is that of a sum."""
    terms = lambda x: [1e16, x, 1.0, -1e16]
    y, g = dr.value_and_grad(lambda x: math.fsum(terms(x)))(0.25)
    assert (y, g) == (plain.fsum(terms(0.25)), 1.0) == (1.25, 1.0)


@pytest.mark.parametrize("name", CONSTANT)
def test_constants(name):
    """The same type as without dualrev, no derivative, and in lanes one per lane."""
    at = CONSTANT[name]
    want = getattr(plain, name)(at)
    met = []

    def f(x):
        met.append(getattr(math, name)(x))
        return x * met[-1]

    assert dr.grad(f)(at) == want
    dr.jvp(f, (at,), (1.0,))
    for found in met:
        assert found == want
        assert type(found) is type(want)
    lanes = dr.vmap(lambda x: getattr(math, name)(x) * 1.0)(np.array([at, -at]))
    np.testing.assert_array_equal(lanes, [want, getattr(plain, name)(-at)])


@pytest.mark.parametrize(
    ("args", "options"),
    [
        ((1.0, 1.0 + 1e-10), {}),
        ((1.0, 1.1), {}),
        ((1.0, 1.1), {"rel_tol": 0.2}),
        ((0.0, 0.1), {"abs_tol": 1.0}),
    ],
)
def test_isclose(args, options):
    met = []
    dr.grad(lambda a: met.append(math.isclose(a, args[1], **options)) or a)(args[0])
    assert met == [plain.isclose(*args, **options)]
    lanes = dr.vmap(lambda a: np.where(math.isclose(a, args[1], **options), 1.0, 0.0))
    assert lanes(np.array([args[0]])) == plain.isclose(*args, **options)
    for inf in (np.inf, -np.inf):
        assert dr.vmap(lambda a: 1.0 * math.isclose(a, np.inf))(np.array([inf])) == (inf > 0)


@pytest.mark.parametrize("name", INTEGERS)
def test_integers(name):
    args = INTEGERS[name]
    assert getattr(math, name)(*args) == getattr(plain, name)(*args)
    with pytest.raises(TypeError, match="integer"):
        dr.grad(lambda x: getattr(math, name)(x, *args[1:]))(float(args[0]))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda m, x: m.sqrt(-x), ValueError, ""),
        (lambda m, x: m.log(x - x), ValueError, ""),
        (lambda m, x: m.log(x, 1.0 * (x / x)), ZeroDivisionError, ""),
        (lambda m, x: m.acos(x), ValueError, ""),
        (lambda m, x: m.exp(x * 1e4), OverflowError, "range"),
        (lambda m, x: m.pow(-x, 0.5), ValueError, ""),
        (lambda m, x: m.fmod(x, 0.0), ValueError, ""),
        (lambda m, x: m.remainder(x, 0.0), ValueError, ""),
        (lambda m, x: m.gamma(x - 3.0), ValueError, ""),
        (lambda m, x: m.dist([x], [1.0, 2.0]), ValueError, "same number of dimensions"),
        (lambda m, x: m.ldexp(1.0, x), TypeError, "int"),
        (lambda m, x: m.floor(x * np.inf), OverflowError, "infinity"),
        (lambda m, x: m.sin(x, x), TypeError, "exactly one argument"),
        (lambda m, x: m.atan2(x), TypeError, "2 arguments"),
        (lambda m, x: m.sin(x + 1j), TypeError, "real number"),
        (lambda m, x: m.sin(np.stack([x, x])), TypeError, "0-dimensional|size-1"),
    ],
)
def test_errors_are_those_of_math(call, error, words):
    with np.errstate(all="ignore"):
        for run in (dr.grad, lambda f: dr.jacobian(f, mode="forward")):
            with pytest.raises(error, match=words or None):
                run(lambda x: np.real(call(math, x)))(2.0)


def test_every_function_is_here():
    """Functions of math are answered, constants are its own, and no name is missing."""
    for name in dir(plain):
        if name.startswith("_"):
            continue
        ours, theirs = getattr(math, name), getattr(plain, name)
        if callable(theirs):
            assert ours is not theirs, name
            assert stand_in(theirs) is ours
            assert ours.__name__ == name
            used = {k.partition(" ")[0] for k in (*ONE, *MORE, *CONSTANT, *INTEGERS, *OTHERS)}
            assert name in used, f"{name} has no test here"
        else:
            assert ours is theirs
    assert MIRRORS[plain] is math
    assert set(dir(plain)) <= set(dir(math))
    with pytest.raises(AttributeError, match="sine"):
        math.sine  # noqa: B018
