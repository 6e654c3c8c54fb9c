"""Every answered NumPy and SciPy function, in use: what the registry's checks ask of primitives.

No function is named here. `examples/` holds uses of each; a function that is answered by several
primitives, or has options, must have some. Locally constant functions and queries are called with
traced values and must answer as if these were plain.
"""

import importlib
import operator

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.bind import operand
from dualrev.core.mirror import stand_in
from dualrev.core.primitive import ENTRIES, UFUNCS, Primitive, public_name
from tests.rules.examples import collect
from tests.rules.examples.older import OLDER
from tests.rules.registry import CHECKS, run
from tests.rules.subjects import Subject, is_float, same

# What the other checks ask is declared by primitives only: patterns, slots, shortcuts, domains.
USED = [name for name in CHECKS if name not in ("pattern", "slots", "shapes", "shortcuts", "zeros")]
X = np.array([[0.62, 0.21, 0.47], [0.35, 0.83, 0.56]])
# The first examples of a function get all of these; further ones, its options, the heart of them.
WHOLE = 2
CORE = ("value", "tangent", "adjoint", "jacobian", "second", "batch", "single", "holomorphic")
# One example of each of SciPy's functions gets these in the ordinary run; the slow run has all examples and checks.
FIRST = ("value", "tangent", "adjoint", "second", "batch")
# NumPy's own words of a ufunc that has no loop for floats, which alone can be traced.
FLOATS_REFUSED = "not supported for the input|did not contain a loop|only defined for"
LANES = np.stack([X, X[::-1], 0.3 - X])
EXAMPLES = collect()
CALLS = collect("CONSTANTS")


def key(function):
    """Return the name in the tables: without its package, unless NumPy has a function of the rest of the name."""
    name = public_name(function)
    short = name.partition(".")[2]
    return name if name.startswith("scipy.") and in_numpy(short) else short


def in_scipy(name):
    return public_name(NAMES.get(name) or resolve(name)).startswith("scipy.")


def in_numpy(name):
    try:
        operator.attrgetter(name)(np)
    except AttributeError:
        return False
    return True


def own_ufunc(function, entry):
    """Say whether a ufunc is answered by the primitive of the same ufunc, which has its samples."""
    return isinstance(entry.call, Primitive) and entry.call.fun is function and entry.call.cases


NAMES = {key(f): f for f in ENTRIES}
NEEDED = sorted(
    name
    for name, f in NAMES.items()
    if ENTRIES[f].kind in ("rule", "composite")
    and not (isinstance(f, np.ufunc) and own_ufunc(f, ENTRIES[f]))
)
CONSTANTS = sorted(
    name
    for name, f in NAMES.items()
    # NumPy's objects that run its own tests are no functions of arrays.
    if ENTRIES[f].kind in ("constant", "passes") and not isinstance(f, type(np.test))
)


def resolve(name):
    """Return the function of a name, in NumPy or in SciPy or an operator."""
    scipy = importlib.import_module("scipy")
    for root in (scipy,) if name.startswith("scipy.") else (np, scipy, operator):
        try:
            return operator.attrgetter(name.removeprefix("scipy."))(root)
        except AttributeError:
            continue
    raise AssertionError(f"{name} is no function of NumPy or SciPy")


def subject(name, index, example):
    """Return an example as what the checks take."""
    varying = [k for k, a in enumerate(example.arrays) if is_float(a)]
    shapes = ", ".join(f"{a.dtype}{list(a.shape)}" for a in example.arrays)

    def f(*operands):
        y = example.f(*operands)
        if isinstance(y, tuple):
            return tuple(map(operand, y))
        return operand(y)

    out = Subject(
        f"{name}, example {index} ({shapes})",
        f,
        f,
        example.arrays,
        varying,
        linear=False,
        analytic=example.analytic,
    )
    out.exact = False
    out.lanes = varying if example.lanes else ()
    out.redraw = lambda lane: _near(example.arrays, lane)
    return out


def _near(arrays, lane):
    """Return arrays a hundredth away, so that domains, order and rank stay what they are."""
    rng = np.random.default_rng([lane, 7])
    return tuple(
        (v * (1 + 0.01 * rng.uniform(-1.0, 1.0, v.shape))).astype(v.dtype) if is_float(v) else v
        for v in arrays
    )


def verify(name, plan):
    """Run checks on the examples of a function; `plan` holds the checks of the first ones."""
    if (reason := OLDER.get(name.removeprefix("scipy."))) is not None and in_scipy(name):
        pytest.skip(reason)
    broken = {}
    for index, (example, checks) in enumerate(zip(EXAMPLES[name], plan, strict=False)):
        at = subject(name, index, example)
        for check in checks:
            try:
                run(check, at)
            except Exception as error:  # every check of every example is reported
                what = (
                    f"{at}: {type(error).__name__}: {str(error).removeprefix(f'{check}: {at}: ')}"
                )
                broken.setdefault(what, []).append(check)
    if broken:
        lines = [f"{', '.join(checks)}: {what}" for what, checks in broken.items()]
        pytest.fail("\n".join(lines), pytrace=False)


def every_check(name):
    return [USED if index < WHOLE else CORE for index in range(len(EXAMPLES[name]))]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name):
    """Every check for NumPy's functions, a few on one example for SciPy's."""
    verify(name, [FIRST] if in_scipy(name) else every_check(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXAMPLES if in_scipy(name)])
def test_every_example(name):
    verify(name, every_check(name))


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_calls_it(name, monkeypatch):
    """An example under a name is answered by what is registered for that function."""
    function = NAMES.get(name) or resolve(name)
    assert function in ENTRIES, f"{name} is not answered"
    entry = ENTRIES[function]
    if stand_in(function) is entry.call:
        return  # it is in the mirror itself, whoever calls it
    if own_ufunc(function, entry):
        return  # arrays know the primitive of a ufunc by themselves
    met = []

    def spy(*args, **kwargs):
        met.append(name)
        return entry.call(*args, **kwargs)

    monkeypatch.setitem(ENTRIES, function, entry._replace(call=spy))
    if function in UFUNCS:
        monkeypatch.setitem(UFUNCS, function, spy)
    for index, example in enumerate(EXAMPLES[name]):
        at = subject(name, index, example)
        dr.vjp(at.f, *at.x)
    assert met, f"no example of {name} calls it"


@pytest.mark.parametrize("name", NEEDED)
def test_has_examples(name):
    if not EXAMPLES.get(name):
        pytest.fail(f"{name} has no example: write one in tests/rules/examples/", pytrace=False)


# --------------------------------------------------------------------------------------------------
# Functions without a derivative.


def calls(name):
    """Return the uses of a constant function or query."""
    if name in CALLS:
        return CALLS[name]
    function = NAMES[name]
    if isinstance(function, np.ufunc) and function.nin == 2:
        return [lambda x: function(x, 0.5), lambda x: function(0.5, x), lambda x: function(x, x)]
    return [function]


def integers(name):
    """Return how many integers a function takes, if it takes nothing else; None for functions of arrays."""
    function = NAMES[name]
    if name in CALLS or isinstance(function, np.ufunc):
        return None
    try:
        function(X)
    except (TypeError, ValueError):
        for count in (1, 2, 3):
            try:
                function(*[2] * count)
            except TypeError:
                continue
            return count
    return None


def takes_floats(function):
    """Say whether a function has a loop for floats, which alone can be traced."""
    return not isinstance(function, np.ufunc) or any("d->" in loop for loop in function.types)


def equal(found, want, what):
    """Raise unless an answer is the plain one: same structure, type, dtype and numbers."""
    if isinstance(want, (tuple, list)):
        assert len(found) == len(want), what
        for one, other in zip(found, want, strict=True):
            equal(one, other, what)
        return
    # What can be written to is traced: it holds the constants of its level.
    plain = dr.value(found)
    assert isinstance(want, np.ndarray) == isinstance(plain, np.ndarray), what
    assert isinstance(plain, type(want)), f"{what}: {type(plain)}, not {type(want)}"
    assert np.array_equal(plain, want) or plain is want, f"{what}: {plain}, not {want}"
    assert getattr(plain, "dtype", None) == getattr(want, "dtype", None), what


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant(name):
    """Answered as if the argument were plain, in both modes, nested, in lanes; its derivative is zero."""
    count = integers(name)
    if count:
        # A number that varies cannot become an integer: an error by name, and no plain answer.
        with pytest.raises(TypeError):
            dr.vjp(lambda x: NAMES[name](*[x] * count), 2.0)
        return
    for g in calls(name):
        if not takes_floats(NAMES[name]):
            with pytest.raises(TypeError, match=FLOATS_REFUSED):
                dr.vjp(g, X)
            continue
        with dr.no_grad():
            # What NumPy gives: variables left over by other tests would make buffers of the mirror's arrays.
            want = g(X)
        met = []

        def f(x, g=g, met=met):
            met.append(g(x))
            return x * 2.0

        assert np.array_equal(dr.jvp(f, (X,), (X,))[1], 2.0 * X)
        assert np.array_equal(dr.vjp(f, X)[1](X)[0], 2.0 * X)
        dr.jvp(lambda x, f=f: dr.vjp(f, x)[1](X)[0], (X,), (X,))
        assert len(met) == 3
        for found in met:
            equal(found, want, name)
        if isinstance(want, (np.ndarray, np.generic)) and is_float(want):
            same(dr.jvp(g, (X,), (X,))[1], np.zeros_like(want), name)
            same(dr.vjp(g, X)[1](np.ones_like(want))[0], np.zeros_like(X), name)
        if ENTRIES[NAMES[name]].kind == "constant":
            each = [g(x) for x in LANES]
            arrays = all(isinstance(v, (np.ndarray, np.generic, bool)) for v in each)
            if arrays and len({np.shape(v) for v in each}) == 1:
                equal(dr.vmap(g)(LANES), np.stack(each), f"{name} in lanes")


def test_names_are_distinct():
    """Two functions of one name would hide each other's examples."""
    assert len(NAMES) == len(ENTRIES)
