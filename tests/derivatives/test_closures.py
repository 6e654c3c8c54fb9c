"""Closure conversion: what is found, what is replaced, what stays the same object."""

import dataclasses
import functools

import numpy as np
import pytest

import dualrev as dr
from dualrev.derivatives.closures import closed, refuse_traced

A = np.array([1.5, -0.5])
SCALE = 1.0


def by_cell(a):
    return lambda x: x * a


def by_default(a):
    def f(x, a=a, *, b=a):
        return x * a + 0 * b

    return f


def by_partial(a):
    return functools.partial(lambda p, x, q: p * x + 0 * q, a, q=a)


class Model:
    def __init__(self, a):
        self.a = a

    def residual(self, x):
        return x * self.a

    def __call__(self, x):
        return self.residual(x)


@dataclasses.dataclass
class Data:
    weights: object


def by_nested(a):
    def inner(x):
        return a * x

    def outer(x):
        return inner(x)

    return outer


def by_recursion(a):
    def f(x, n=3):
        return a * x if n == 0 else f(x, n - 1)

    return f


def by_mutual(a):
    def even(x, n=2):
        return a * x if n == 0 else odd(x, n - 1)

    def odd(x, n):
        return even(x, n - 1)

    return even


def by_list(a):
    held = {"a": [a[0], a[1]], "n": (1, "x")}
    return lambda x: x * np.stack(held["a"])


def by_objects(a):
    held = np.array([a[0], a[1]])
    assert held.dtype == object
    return lambda x: x * held


def by_dataclass(a):
    data = Data(a)
    return lambda x: x * data.weights


def by_transform(a):
    return dr.grad(lambda x: np.sum(0.5 * a * x**2))


def by_wrapper(a):
    def wrapped(x):
        return a * x

    @functools.wraps(wrapped)
    def f(x):
        return wrapped(x)

    return f


WAYS = {
    "cell": by_cell,
    "default": by_default,
    "partial": by_partial,
    "method": lambda a: Model(a).residual,
    "object": Model,
    "nested": by_nested,
    "recursion": by_recursion,
    "mutual": by_mutual,
    "list": by_list,
    "objects": by_objects,
    "dataclass": by_dataclass,
    "transform": by_transform,
    "wrapper": by_wrapper,
}


@pytest.mark.filterwarnings("ignore::dualrev.SplitWarning")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_found(way, mode):
    """What is plain gives plain numbers; with the traced values put back, the derivative is the function's own."""
    x = np.array([2.0, 3.0])

    def through(a):
        f = WAYS[way](a)
        c = closed(f)
        assert c.values
        plain, _ = c.plain
        y = plain(x)
        assert isinstance(y, np.ndarray)
        assert type(y) is np.ndarray
        np.testing.assert_array_equal(y, x * A)
        again, _ = c.at(c.values)
        return again(x) + f(x)

    np.testing.assert_array_equal(dr.jacobian(through, mode=mode)(A), np.diag(2 * x))


def test_args():
    def through(a):
        c = closed(lambda x, p: x * p["a"], ({"a": a},))
        f, args = c.plain
        np.testing.assert_array_equal(f(2.0, *args), 2 * A)
        f, args = c.at(c.values)
        return f(2.0, *args)

    np.testing.assert_array_equal(dr.jacobian(through)(A), 2 * np.eye(2))


def test_globals():
    """A script's globals are found as well, also through the functions of the script."""
    space = {"np": np}
    exec("def g(x):\n    return x * a\ndef f(x):\n    return g(x)", space)

    def through(a):
        space["a"] = a
        c = closed(space["f"])
        f, _ = c.plain
        assert type(f(np.ones(2))) is np.ndarray
        return c.at(c.values)[0](np.ones(2))

    np.testing.assert_array_equal(dr.jacobian(through)(A), np.eye(2))


def test_nothing_to_find():
    """A function without traced values is returned itself, and so are its arguments."""
    calls = []

    def f(x, q):
        calls.append(x)
        return x * SCALE * q

    args = (A, [1, 2])
    c = closed(f, args)
    assert not c.values
    assert c.plain == (f, args)
    assert c.plain[1] is args


def test_side_effects_stay():
    """Cells that hold nothing traced stay the function's own: counters count."""

    def through(a):
        count = [0]
        total = 0

        def f(x):
            nonlocal total
            total += 1
            count[0] += 1
            return a * x

        plain, _ = closed(f).plain
        plain(1.0)
        plain(2.0)
        assert count == [2]
        assert total == 2
        return f(1.0)

    dr.jacobian(through)(A)


def test_originals_are_left_alone():
    def through(a):
        model = Model(a)
        f = model.residual
        plain, _ = closed(f).plain
        plain(A)
        assert model.a is a
        assert f.__self__ is model
        return f(A)

    dr.jacobian(through)(A)


def test_shared_values_stay_shared():
    def through(a):
        c = closed(lambda x: x * a * a, (a,))
        assert len(c.values) == 1
        return a

    dr.jacobian(through)(A)


def test_hidden_values_are_refused():
    """What is out of reach gives traced results, and these are refused with the way out."""

    class Slotted:
        __slots__ = ("a",)

    def through(a):
        hidden = Slotted()
        hidden.a = a
        c = closed(lambda x: x * hidden.a)
        assert not c.values
        refuse_traced("root", c.plain[0](A))

    with pytest.raises(dr.EscapeError, match=r"root: .*pass that value in args="):
        dr.jacobian(through)(A)
