"""Code that cannot be edited: a package of strangers, differentiated through `patched` and left as it was."""

import abc
import asyncio
import functools
import gc
import importlib
import inspect
import math
import pickle
import sys
import textwrap
import threading
from typing import Generic, TypeVar

import numpy as np
import pytest

import dualrev as dr
from dualrev.derivatives.cloning import Session
from dualrev.derivatives.namespaces import TWINS
from dualrev.errors import EscapeError
from tests.derivatives.strangers import FILES

T = TypeVar("T")


@pytest.fixture
def strangers(tmp_path, monkeypatch):
    """Import the package; afterwards its text and its objects must be what they were."""
    root = tmp_path / "strangers"
    root.mkdir()
    for name, text in FILES.items():
        (root / name).write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("strangers")
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] == "strangers"]
    before = {m: dict(vars(m)) for m in modules}
    classes = {
        c: dict(vars(c))
        for m in modules
        for c in vars(m).values()
        if isinstance(c, type) and c.__module__.startswith("strangers")
    }
    texts = {p: p.read_bytes() for p in root.glob("*.py")}
    numpy_and_math = [dict(vars(m)) for m in (np, np.linalg, sys.modules["math"])]
    yield package
    for m, names in before.items():
        now = {k: v for k, v in vars(m).items() if k not in ("calls", "last")}
        assert now == {k: v for k, v in names.items() if k not in ("calls", "last")}
    for c, members in classes.items():
        assert dict(vars(c)) == members
    for path, text in texts.items():
        assert path.read_bytes() == text
    assert numpy_and_math == [dict(vars(m)) for m in (np, np.linalg, sys.modules["math"])]
    for name in [n for n in sys.modules if n.partition(".")[0] == "strangers"]:
        del sys.modules[name]


X = np.array([0.7, 1.3, 0.4])


def differences(f, x, h=1e-6):
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size)])


def check(f, x=X, refused=True):
    """The gradient of the patched function is that of differences, in both modes; the value is the same."""
    want = differences(lambda x: float(np.sum(f(x))), x)
    total = lambda x: np.sum(dr.patched(f)(x))
    y, g = dr.value_and_grad(total)(x)
    np.testing.assert_allclose(y, np.sum(f(x)), rtol=1e-14)
    np.testing.assert_allclose(g, want, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(dr.jacobian(total, mode="forward")(x), want, rtol=1e-7, atol=1e-8)
    with dr.patched():
        np.testing.assert_array_equal(dr.grad(lambda x: np.sum(f(x)))(x), g)
    if not refused:
        return
    # Without it the same code is refused.
    with pytest.raises(EscapeError):
        dr.grad(lambda x: np.sum(f(x)))(x)


BASICS = {
    "decorated": lambda b: b.fill,
    "keyword": lambda b: lambda x: b.fill(x, 2, power=4),
    "generator": lambda b: b.length,
    "array of lists": lambda b: b.rows,
    "recursion": lambda b: lambda x: b.recursive(x, 2),
    "mutual recursion": lambda b: lambda x: b.odd(4, x[0]),
    "cached": lambda b: lambda x: b.slow_sine(x[0]) * b.weights(3)[2],
    "imports inside": lambda b: b.local_import,
    "functions as defaults": lambda b: b.default_function,
    "class inside": lambda b: b.local_class,
    "special": lambda b: b.special,
    "context manager": lambda b: b.managed,
    "generator inside": lambda b: b.generates,
}


@pytest.mark.parametrize("name", BASICS)
def test_functions(strangers, name):
    # NumPy makes an object array of a list, which works slowly without it.
    check(BASICS[name](strangers.basics), refused=name != "array of lists")


SOLVER = {
    "through modules": lambda s: s.simulate,
    "object of a class": lambda s: s.MODEL,
    "method": lambda s: s.MODEL.apply,
    "method of an object in an object": lambda s: s.LAYER.forward,
    "partial": lambda s: s.partial,
    "static method": lambda s: lambda x: s.Model.shift(x[0]),
    "class method": lambda s: lambda x: s.Model.default(x)(x),
    "made inside": lambda s: s.builds,
    "exceptions": lambda s: s.catches,
    "property": lambda s: s.sets,
}


@pytest.mark.parametrize("name", SOLVER)
def test_objects(strangers, name):
    check(SOLVER[name](importlib.import_module("strangers.solver")))
    importlib.import_module("strangers.solver").Base.registry.clear()


def test_signature_and_documentation(strangers):
    """The patched function looks like the function; it is a method where that is one, and can be pickled."""
    fill = strangers.basics.fill
    f = dr.patched(fill)
    assert inspect.signature(f) == inspect.signature(fill)
    assert (f.__name__, f.__doc__) == ("fill", "Fill.")
    assert "fill" in repr(f)
    again = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(again(X), fill(X))

    class Holder:
        method = dr.patched(lambda self, x: strangers.basics.length(x))

    check(lambda x: strangers.basics.length(x))
    assert Holder().method(X) == strangers.basics.length(X)
    with pytest.raises(TypeError, match=r"patched\(f\)\(x\)"):
        dr.patched(3.0)


def test_closures_partials_and_callables_of_the_user(strangers):
    scale = 2.0
    helper = lambda v: math.sin(v) * scale

    def closure(x):
        return helper(x[0]) + strangers.basics.length(x)

    def unbound(self, x):
        return math.sin(x[0])

    class Callable:
        def __call__(self, x):
            return helper(x[1])

        def method(self, x):
            return self(x) + helper(x[0])

    def later(x):
        return defined_below(x[0])

    def defined_below(v):
        return math.sin(v)

    check(closure)
    check(functools.partial(lambda k, x: helper(x[k]), 1))
    check(Callable())
    check(Callable().method)
    check(functools.partial(unbound, None))
    check(later)
    check(functools.lru_cache(lambda x: 1.0).__wrapped__ and (lambda x: math.sin(x[0])))


def test_arguments_that_are_functions_or_objects(strangers):
    solver = importlib.import_module("strangers.solver")

    def apply(x, f, pair, *, model):
        return f(x[0]) + pair[0](x[1]) + model(x)

    f = dr.patched(apply)
    call = lambda g: lambda x: g(x, math.sin, (lambda v: math.cos(v), 1), model=solver.MODEL)
    want = differences(call(apply), X)
    np.testing.assert_allclose(dr.grad(call(f))(X), want, rtol=1e-7)
    solver.Base.registry.clear()


# --------------------------------------------------------------------------------------------------
# What the code assigns, and what it leaves behind.


def test_assigned_globals_reach_the_module(strangers):
    b = strangers.basics
    assert b.calls == 0
    dr.patched(lambda x: b.fill(x).sum() + b.fill(x).sum())(X)
    assert b.calls == 2
    assert dr.patched(b.remember)(0.5) == 2 * np.sin(0.5)
    assert b.last == np.sin(0.5)
    y = dr.patched(b.declared)(2.5)
    assert y == np.sin(2.5) + 1
    assert b.calls == 2
    b.calls = 7
    dr.patched(b.fill)(X)
    assert b.calls == 8


def test_new_values_of_globals_are_seen(strangers, monkeypatch):
    solver = importlib.import_module("strangers.solver")
    f = dr.patched(strangers.basics.local_import)
    first = f(X)[1]
    with monkeypatch.context() as change:
        change.setattr(solver, "SCALE", 6.0)
        assert f(X)[1] == 2 * first
        change.setattr(solver.Base, "gain", 4.0)
        want = solver.MODEL(X)
        assert dr.patched(solver.MODEL)(X) == want
    solver.Base.registry.clear()


def test_nonlocal_state_is_shared(strangers):
    b = strangers.basics
    values = [dr.patched(b.counter)(0.5), b.counter(0.5), dr.patched(b.counter)(0.5)]
    np.testing.assert_allclose(values, np.sin(0.5) * np.arange(1, 4))


def test_assigned_attributes_reach_the_object(strangers):
    solver = importlib.import_module("strangers.solver")
    before = solver.MODEL.calls
    dr.patched(solver.MODEL)(X)
    assert solver.MODEL.calls == before + 1
    assert solver.Base.registry[-1] is solver.Kind.SINE
    solver.Base.registry.clear()

    class Holder:
        count = 0

        def count_up(self, x):
            self.function = strangers.basics.length
            Holder.count += 1
            return self.function(x)

    holder = Holder()
    assert dr.patched(holder.count_up)(X) == strangers.basics.length(X)
    assert Holder.count == 1
    assert holder.function is strangers.basics.length


def test_results_are_of_the_original_classes(strangers):
    solver = importlib.import_module("strangers.solver")
    made, model, [point], function = dr.patched(solver.returns)(X)
    assert type(made) is solver.Model
    assert model is solver.MODEL
    assert type(point) is solver.Point
    assert point.length() == np.hypot(X[0], 1.0)
    assert function is strangers.basics.fill
    assert made.apply(X).shape == (3,)
    solver.Base.registry.clear()


def test_sentinels_keep_their_identity(strangers):
    b = strangers.basics
    assert dr.patched(b.sentinel)(3.0) == 6.0
    assert dr.patched(b.sentinel)(3.0, b.MISSING) == 6.0
    assert dr.patched(b.sentinel)(3.0, 1.0) == 3.0


def test_exceptions_leave_nothing_behind(strangers):
    b = strangers.basics
    with pytest.raises(ArithmeticError, match="as it should"):
        dr.grad(dr.patched(b.fails))(1.0)
    assert b.calls == 100
    with pytest.raises(ArithmeticError), dr.patched():
        dr.grad(b.fails)(1.0)
    assert b.calls == 200
    with pytest.raises(EscapeError):
        dr.grad(lambda x: b.length(x))(X)


def test_copies_are_given_back(strangers):
    """After a call nothing holds the copies."""
    solver = importlib.import_module("strangers.solver")
    gc.collect()
    before = len(TWINS)
    for _ in range(3):
        dr.grad(dr.patched(solver.simulate))(X)
    gc.collect()
    assert len(TWINS) == before
    solver.Base.registry.clear()


# --------------------------------------------------------------------------------------------------
# Kinds of classes.


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self, x): ...

    def scaled(self, x, k):
        return self.area(x) * math.exp(k)

    doubled = functools.partialmethod(scaled, k=math.log(2.0))


class Disc(Shape, Generic[T]):
    """A disc."""

    offsets = [0.0]  # noqa: RUF012

    def area(self, x):
        return math.pow(x, 2) * math.pi + self.offset + self.offsets[0]

    def __getattr__(self, name):
        if name == "offset":
            return math.floor(1.5)
        raise AttributeError(name)

    @functools.lru_cache(maxsize=4)  # noqa: B019
    def cached(self, k):
        return math.sqrt(k)

    @classmethod
    def make(cls):
        made = cls()
        assert isinstance(made, Disc)
        assert isinstance(made, cls)
        assert isinstance(made, Shape)
        assert issubclass(cls, Shape)
        assert type(made) is cls
        return made

    class Inner:
        def half(self, x):
            return math.sin(x) / 2


def uses_disc(x):
    class Ring(Disc):
        def area(self, x):
            return super().area(x) - math.cos(x)

    disc = Disc.make()
    ring = Ring()
    assert isinstance(ring, Disc)
    assert not isinstance(disc, Ring)
    Disc.offsets[0] += 1.0
    y = disc.doubled(x) + ring.scaled(x, 1.0) + disc.cached(4.0) + Disc.Inner().half(x)
    Disc.offsets = [0.0]
    return y, ring


def test_kinds_of_classes():
    f = lambda x: uses_disc(x)[0]
    want = (f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6
    y, g = dr.value_and_grad(dr.patched(f))(0.7)
    np.testing.assert_allclose([y, g], [f(0.7), want], rtol=1e-8)
    assert Disc.offsets == [0.0]
    ring = dr.patched(uses_disc)(0.7)[1]
    assert isinstance(ring, Shape)
    assert type(ring).__name__ == "Ring"
    twin = Session().convert(Disc)
    assert (twin.__name__, twin.__doc__, twin.__module__) == ("Disc", "A disc.", __name__)
    with pytest.raises(TypeError, match="abstract"):
        dr.patched(lambda x: Shape())(0.7)
    with pytest.raises(AttributeError, match="missing"):
        dr.patched(lambda x: Disc().missing)(0.7)


# --------------------------------------------------------------------------------------------------
# Where it holds.


def test_the_context_manager_ends(strangers):
    f = lambda x: strangers.basics.length(x)
    with dr.patched():
        with dr.patched():
            inner = dr.grad(f)(X)
        outer = dr.grad(f)(X)
    np.testing.assert_array_equal(inner, outer)
    np.testing.assert_allclose(inner, X / np.linalg.norm(X))
    with pytest.raises(EscapeError):
        dr.grad(f)(X)


def test_patched_in_patched(strangers):
    b = strangers.basics
    f = lambda x: dr.patched(b.length)(x) * dr.patched(dr.patched(b.length))(x)
    for g in (f, dr.patched(f)):
        np.testing.assert_allclose(dr.grad(g)(X), 2 * X)
    with dr.patched():
        np.testing.assert_allclose(dr.grad(f)(X), 2 * X)


def test_transforms_inside_and_outside(strangers):
    """Orders nest as ever; a gradient taken inside copied code is one of the copy."""
    b = strangers.basics
    norm = np.linalg.norm(X)
    want = np.eye(3) / norm - np.outer(X, X) / norm**3
    np.testing.assert_allclose(dr.hessian(dr.patched(b.length))(X), want, atol=1e-15)
    inner = dr.grad(b.length)
    np.testing.assert_allclose(dr.jacobian(dr.patched(lambda x: inner(x)))(X), want, atol=1e-15)
    np.testing.assert_allclose(dr.patched(dr.grad(b.length))(X), X / norm)
    with dr.patched():
        np.testing.assert_allclose(dr.hessian(b.length)(X), want, atol=1e-15)
        lanes = dr.vmap(dr.grad(b.length))(np.stack([X, 2 * X]))
        np.testing.assert_allclose(lanes, np.stack([X, X]) / norm)
        _, pullback = dr.vjp(b.length, X)
        np.testing.assert_allclose(pullback(1.0)[0], X / norm)
        np.testing.assert_allclose(dr.vmap(b.length)(np.stack([X, 2 * X])), [norm, 2 * norm])


def test_other_threads_never_notice(strangers):
    b = strangers.basics
    inside, tried = threading.Event(), threading.Event()
    met = {}

    def patching():
        with dr.patched():
            inside.set()
            assert tried.wait(10)
            met["inside"] = dr.grad(b.length)(X)

    def plain():
        assert inside.wait(10)
        try:
            dr.grad(b.length)(X)
        except EscapeError as error:
            met["outside"] = error
        met["plain"] = b.length(X)
        tried.set()

    threads = [threading.Thread(target=t) for t in (patching, plain)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(20)
    np.testing.assert_allclose(met["inside"], X / np.linalg.norm(X))
    assert isinstance(met["outside"], EscapeError)
    assert met["plain"] == b.length(X)


def test_threads_together(strangers):
    """Many at once on the same code, each with copies of its own; the global counter gets every write but races."""
    solver = importlib.import_module("strangers.solver")
    want = dr.grad(dr.patched(solver.simulate))(X)
    results = []

    def work():
        for _ in range(5):
            results.append(dr.grad(dr.patched(solver.simulate))(X))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(30)
    assert len(results) == 20
    for g in results:
        np.testing.assert_array_equal(g, want)
    solver.Base.registry.clear()


def test_one_context_in_several_tasks(strangers):
    """Tasks that are started inside a block inherit it; others do not."""
    b = strangers.basics

    async def one(entered, tried):
        with dr.patched():
            entered.set()
            await tried.wait()
            return dr.grad(b.length)(X)

    async def other(entered, tried):
        await entered.wait()
        with pytest.raises(EscapeError):
            dr.grad(b.length)(X)
        tried.set()

    async def both():
        entered, tried = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(one(entered, tried), other(entered, tried))

    g, _ = asyncio.run(both())
    np.testing.assert_allclose(g, X / np.linalg.norm(X))
    assert asyncio.run(dr.patched(b.waits)(0.5)) == np.sin(0.5)


# --------------------------------------------------------------------------------------------------
# What is not copied.


def test_what_is_left_alone(strangers):
    session = Session()
    solver = importlib.import_module("strangers.solver")

    class Slots:
        __slots__ = ("x",)

        def method(self):
            return self.x

    class Hooked:
        def __init_subclass__(cls):
            raise AssertionError

        def method(self):
            return 1

    class Numbers(dict):
        def method(self):
            return 1

    for x in (Slots, Hooked, Numbers, solver.Kind, solver.Failure, Slots(), Hooked(), Numbers()):
        assert session.convert(x) is x
    for x in (textwrap, textwrap.dedent, np.sin, len, dr, dr.grad, 3.0, "text", None, X, [1], {}):
        assert session.convert(x) is x
    assert session.convert(np) is not np
    assert session.convert(np.zeros) is not np.zeros


def test_copies_are_made_once(strangers):
    solver = importlib.import_module("strangers.solver")
    session = Session()
    for x in (solver, solver.simulate, solver.Model, solver.MODEL):
        made = session.convert(x)
        assert made is not x
        assert session.convert(x) is made
        assert session.convert(made) is made
        assert session.original(made) is x
    twin = session.convert(solver.Model)
    assert isinstance(solver.MODEL, twin)
    assert issubclass(solver.Model, session.convert(solver.Base))
    assert issubclass(twin, session.convert(solver.Base))
    assert repr(session.convert(solver)) == repr(solver)
    assert dir(session.convert(solver)) == dir(solver)
    with pytest.raises(AttributeError, match="nothing"):
        session.convert(solver).nothing  # noqa: B018
