"""Closure conversion: what is found, what is replaced, what stays the same object."""

import collections
import dataclasses
import functools
import types

import numpy as np
import pytest

import dualrev as dr
from dualrev.derivatives.closures import closed, guarded, refuse_traced

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


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    weights: object
    unused: object = None


class Private:
    __slots__ = ("__a", "never_assigned")

    def __init__(self, a):
        self.__a = a

    def __call__(self, x):
        return x * self.__a


class Itself(Model):
    """As singletons do: its copy is the object."""

    def __copy__(self):
        return self


class Sealed:
    """Runs code of its own wherever it can be touched."""

    def __init__(self, a):
        vars(self)["held"] = {"a": a}

    def __getattr__(self, name):
        return vars(self)["held"][name]

    def __setattr__(self, name, value):
        raise TypeError("sealed")

    def __call__(self, x):
        return x * self.a


class Pair(tuple):
    def __new__(cls, first, second):
        return super().__new__(cls, (first, second))


class Required(dict):
    def __init__(self, required, **entries):
        super().__init__(**entries)
        self.required = required


def by_namespace(a):
    held = types.SimpleNamespace(a=a)
    return lambda x: x * held.a


def by_cache(a):
    @functools.lru_cache(maxsize=4)
    def factor():
        return a

    return lambda x: x * factor()


def by_holder(make):
    def of(a):
        held = make(a)
        return lambda x: x * (held["a"] if isinstance(held, dict) else held[0])

    return of


WAYS = {
    "slots": lambda a: lambda x, d=Slotted(a): x * d.weights,
    "private slots": Private,
    "namespace": by_namespace,
    "its own copy": Itself,
    "sealed": Sealed,
    "lru_cache": by_cache,
    "deque": by_holder(lambda a: collections.deque([a], maxlen=3)),
    "defaultdict": by_holder(lambda a: collections.defaultdict(list, a=a)),
    "OrderedDict": by_holder(lambda a: collections.OrderedDict(a=a)),
    "UserList": by_holder(lambda a: collections.UserList([a])),
    "dict of a class": by_holder(lambda a: Required(1, a=a)),
    "tuple of a class": by_holder(lambda a: Pair(a, 1)),
    "named tuple": by_holder(lambda a: collections.namedtuple("Held", "a b")(a, 1)),
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

    class hidden:  # attributes of classes are not searched
        a = None

    def through(a):
        hidden.a = a
        c = closed(lambda x: x * hidden.a)
        assert not c.values
        refuse_traced("root", c.plain[0](A))

    with pytest.raises(dr.EscapeError, match=r"root: .*pass that value in args="):
        dr.jacobian(through)(A)


def test_copies_do_not_change_the_original():
    """Not even where copy.copy returns the object itself, and where a wrapper's attributes can be set."""

    def through(a):
        model, wrapped = Itself(a), by_cache(a)
        cache = wrapped.__closure__[0].cell_contents
        inner = cache.__wrapped__
        for f in (model, wrapped):
            plain, _ = closed(f).plain
            plain(A)
        assert model.a is a
        assert cache.__wrapped__ is inner
        assert cache.cache_info().currsize == 0
        return model(A)

    dr.jacobian(through)(A)


def test_a_search_runs_no_code_of_the_users():
    class Loud(list):
        def __iter__(self):
            raise RuntimeError("iterated")

    class Louder(dict):
        def values(self):
            raise RuntimeError("asked for its values")

    class Loudest:
        @property
        def __dict__(self):
            raise RuntimeError("asked for its attributes")

    assert closed(np.sin, (Loud([1, A]), Louder(a=A), Loudest())).values == []


def test_chains_of_any_length():
    """Lists whose entries are linked are searched and copied without recursion."""

    class Node:
        def __init__(self, before, a=None):
            self.before = before
            self.a = a

    def through(a):
        last = Node(None, a)
        for _ in range(5000):
            last = Node(last)

        def f(x):
            node = last
            while node.before is not None:
                node = node.before
            return x * node.a

        plain, _ = closed(f).plain
        assert type(plain(A)) is np.ndarray
        return f(A)

    dr.jacobian(through)(A)


def test_circles():
    def through(a):
        first, second = types.SimpleNamespace(a=a), types.SimpleNamespace()
        first.other, second.other = second, first
        f, (copied,) = closed(lambda x: x * second.other.a, (second,)).plain
        assert copied.other.other is copied
        assert copied is not second
        assert type(f(A)) is np.ndarray
        return first.a

    dr.jacobian(through)(A)


def test_guarded():
    """Outside of transforms the function itself; inside one that looks like it and refuses traced results."""

    def event(t, y=2.0):
        return t * y

    event.terminal = True
    assert guarded("solve_ivp", event) is event

    def through(a):
        seen = guarded("solve_ivp", event)
        assert seen.terminal
        assert seen.__name__ == "event"
        assert seen(2.0, y=3.0) == 6.0
        assert guarded("root", None) is None
        with pytest.raises(dr.EscapeError, match=r"solve_ivp: .*pass that value in args="):
            guarded("solve_ivp", lambda t: [t, a])(1.0)
        return a

    dr.jacobian(through)(A)


def test_properties_over_slots_and_attributes_are_not_called():
    class Base:
        __slots__ = ("__dict__", "a")

    class Guarded(Base):
        @property
        def a(self):
            raise RuntimeError("asked")

        @property
        def b(self):
            raise RuntimeError("asked")

    def through(a):
        held = Guarded()
        vars(held).update(b=a, c=a)
        plain, _ = closed(lambda x: x * held.c).plain
        assert type(plain(A)) is np.ndarray
        return held.c

    dr.jacobian(through)(A)


def test_what_cannot_be_copied_is_refused():
    class Single(Exception):  # made in C: object.__new__ does not make one
        def __reduce_ex__(self, protocol):
            raise RuntimeError("there is one only")

    def through(a):
        single = Single()
        single.a = a
        return closed(lambda x: x * single.a).plain[0](A)

    with pytest.raises(dr.InputError, match=r"Single.* cannot be copied: pass the value in args="):
        dr.jacobian(through)(A)
