"""What each flavour derives from a declaration: rules and what they keep, samples, facts."""

import gc
import pickle
import weakref

import numpy as np
import pytest

import dualrev as dr
from dualrev.core import domains
from dualrev.core.batching import batch_elementwise, batch_leading, batch_loop
from dualrev.core.dependence import check_fact
from dualrev.core.finite import strong_product
from dualrev.core.primitive import POSITION, PRIMITIVES, SHAPE, SHAPES, Y
from tests.rules.registry import private_registry

FLAVOURS = {"elementwise", "linear", "bilinear", "general", "constant"}


@pytest.fixture(autouse=True)
def forgotten():
    with private_registry():
        yield


# --------------------------------------------------------------------------------------------------
# Facts of all primitives.


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_fields(primitive):
    assert primitive.flavour in FLAVOURS
    check_fact(primitive.name, primitive.pattern, primitive.arity)
    assert primitive.formula.strip() == primitive.formula != "", "the page has a formula for each"
    assert PRIMITIVES[primitive.name] is primitive
    assert primitive.name in repr(primitive)
    assert primitive.flavour in repr(primitive)
    count = 1 if primitive.arity is None else primitive.arity
    assert len(primitive.tangents) == len(primitive.adjoints) == count
    for tangent, adjoint in zip(primitive.tangents, primitive.adjoints, strict=True):
        assert (tangent is None) == (adjoint is None), "a rule in one mode only"
    if primitive.flavour == "constant":
        assert primitive.tangents == (None,)
        assert primitive.pattern == "none"
    else:
        assert primitive.cases
    if primitive.flavour == "elementwise":
        assert primitive.broadcasts
        assert len(primitive.partials) == primitive.arity
        assert not isinstance(primitive.fun, np.ufunc) or primitive.fun.nin == primitive.arity
    if primitive.operator is not None:
        assert all(argument in primitive.operator for argument in primitive.arguments)
    if primitive.accumulate is not None:
        assert primitive.flavour == "linear"


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_samples(primitive):
    """Samples are seeded: the same from the same seed, finite, inside the domain."""
    first, again = list(primitive.samples(7)), list(primitive.samples(7))
    other = list(primitive.samples(8))
    moved = False
    for one, same, different in zip(first, again, other, strict=True):
        assert one[1] is same[1] is different[1]
        for a, b, c in zip(one[0], same[0], different[0], strict=True):
            assert np.array_equal(a, b)
            assert np.all(np.isfinite(a))
            moved |= not np.array_equal(a, c)
        y = primitive.fun(*one[0], **one[1])
        assert all(np.all(np.isfinite(part)) for part in (y if isinstance(y, tuple) else (y,)))
    assert moved or not any(map(draws, primitive.cases))


def draws(case):
    """Say whether a sample is drawn; one may also be given, where SciPy takes few arguments."""
    rng = np.random.default_rng(7)
    before = rng.bit_generator.state
    case.arrays(rng)
    return rng.bit_generator.state != before


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=list(PRIMITIVES))
def test_pickle(primitive):
    """A primitive is pickled by its name, so that functions that hold one can be sent elsewhere."""
    assert pickle.loads(pickle.dumps(primitive)) is primitive


# --------------------------------------------------------------------------------------------------
# What rules keep is what their parameters are named after.


def add(a, b):
    return a + b


def keeps(rules):
    return [None if rule is None else rule.keeps for rule in rules]


def test_elementwise_keeps():
    p = dr.elementwise(add, lambda y: y, lambda b, a, y: a, on=(dr.reals, dr.reals), name="kept")
    assert p.arguments == ("a", "b")
    assert keeps(p.tangents) == keeps(p.adjoints) == keeps(p.partials) == [(Y,), (1, 0, Y)]
    one = dr.elementwise(np.tanh.__call__, lambda x, y: x, on=dr.reals, name="one")
    assert one.arguments == ("x",)
    assert keeps(one.adjoints) == [(0, Y)]
    three = dr.elementwise(max, 1, None, lambda c: c, on=(dr.reals,) * 3, name="three")
    assert three.arguments == ("a", "b", "c")
    assert keeps(three.adjoints) == [(), None, (2,)]


def test_numbers_as_partials():
    """A number keeps nothing, and multiplies."""
    p = dr.elementwise(lambda a, b: a - 3 * b, 1, -3, on=(dr.reals, dr.reals), name="numbers")
    t = np.array([1.0, -2.0])
    for rules in (p.tangents, p.adjoints):
        np.testing.assert_array_equal(rules[0].call(t), t)
        np.testing.assert_array_equal(rules[1].call(t), -3 * t)


def test_words_of_a_linear_rule():
    """Shapes and position reach the transpose of an operation with any number of operands."""
    met = []

    def transpose(ct, position, shapes, shape):
        met.append((position, shapes, shape))
        return np.broadcast_to(ct, shape)

    on = [dr.case((2,), (3,))]
    total = dr.linear(
        lambda *arrays: sum(np.sum(a) for a in arrays),
        transpose,
        on=on,
        arguments=None,
        name="grand_total",
    )
    assert keeps(total.adjoints) == [(POSITION, SHAPES, SHAPE)]
    _, pullback = dr.vjp(total, np.ones(2), np.ones(3))
    assert [g.tolist() for g in pullback(2.0)] == [[2.0] * 2, [2.0] * 3]
    assert met == [(0, ((2,), (3,)), (2,)), (1, ((2,), (3,)), (3,))]


def test_parameters_of_a_rule():
    """A rule gets the static parameters that it names, or all of them as keywords."""
    met = []

    def named(ct, *, scale):
        met.append({"scale": scale})
        return scale * ct

    def everything(ct, **params):
        met.append(params)
        return params["scale"] * ct

    for k, rule in enumerate((named, everything)):
        p = dr.linear(
            lambda x, *, scale, comment: scale * x,
            rule,
            on=[dr.case((3,), scale=2.0, comment="")],
            name=f"scaled {k}",
        )
        (g,) = dr.vjp(lambda x, p=p: p(x, scale=2.0, comment="twice"), np.ones(3))[1](np.ones(3))
        np.testing.assert_array_equal(g, [2.0, 2.0, 2.0])
    assert met == [{"scale": 2.0}, {"scale": 2.0, "comment": "twice"}]


def declare_keeping(word):
    rules = {"x": lambda ct, x: ct * x, "y": lambda ct, y: ct * y, "nothing": lambda ct: ct}
    rule = rules[word]
    body = {"tangent": rule, "adjoint": rule}
    return dr.general(lambda x: x + 1.0, on=[dr.case((3,))])(type(f"keeps_{word}", (), body))


@pytest.mark.parametrize(
    ("word", "alive"), [("x", (True, False)), ("y", (False, True)), ("nothing", (False, False))]
)
def test_only_what_is_named_is_kept(word, alive):
    """An array that no rule names is freed while the tape lives."""
    before, after = declare_keeping(word), None
    tape = dr.Tape(watch=False)
    # Multiplication by a number keeps the number only.
    x = 2.0 * tape.variable(np.ones(3))
    y = before(x)
    after = 2.0 * y
    watched = weakref.ref(x.primal), weakref.ref(y.primal)
    del x, y
    gc.collect()
    assert tuple(ref() is not None for ref in watched) == alive
    assert after.shape == (3,)


# --------------------------------------------------------------------------------------------------
# Facts that are derived.


def test_defaults():
    on = [dr.case((3,))]
    two = [dr.case((3,), (3,))]

    class rules:
        """One line
        and another."""

        def tangent(t):
            return t

        def adjoint(ct):
            return ct

    plain = dr.general(np.copy, on=on, name="plain")(rules)
    spread = dr.general(np.copy, on=on, name="spread", broadcasts=True)(rules)
    entry = dr.elementwise(np.copy, 1, on=dr.reals, name="entry")
    copying = dr.linear(np.copy, lambda ct: ct, on=on, name="copying")
    variadic = dr.linear(np.copy, lambda ct: ct, on=on, name="variadic", arguments=None)
    product = dr.bilinear(np.dot, lambda ct, b: ct, lambda ct, a: ct, on=two, name="product")
    assert plain.formula == "One line and another."
    assert plain.arguments == ("x",)
    batches = {
        plain: batch_loop,
        spread: batch_elementwise,
        entry: batch_elementwise,
        copying: batch_leading,
        variadic: batch_loop,
        product: batch_loop,
    }
    assert {p: p.batch for p in batches} == batches
    assert [p.pattern for p in batches] == [
        "dense",
        "dense",
        "elementwise",
        "dense",
        "dense",
        "dense",
    ]
    assert (variadic.arity, product.arity, entry.arity) == (None, 2, 1)
    assert dr.constant(np.frompyfunc(abs, 1, 1))[0].batch is batch_elementwise


def test_name_of_the_function():
    def triple(x):
        return 3.0 * x

    assert dr.elementwise(triple, 3, on=dr.reals).name == "triple"


@pytest.mark.parametrize(
    ("domain", "singular"), [(dr.reals, False), (dr.positive, True), (dr.unit, True)], ids=repr
)
def test_singular(domain, singular):
    """A domain with an edge says that partials may be infinite there."""
    p = dr.elementwise(np.copy, 1, on=domain, name="edge")
    assert p.singular is singular


@pytest.mark.parametrize("analytic", [True, False])
def test_analytic(analytic):
    p = dr.elementwise(np.copy, 1, on=dr.reals, name="copied", analytic=analytic)
    assert p.analytic is analytic


RANGES = {
    domains.reals: (-np.inf, np.inf),
    domains.positive: (0.0, np.inf),
    domains.negative: (-np.inf, 0.0),
    domains.unit: (-1.0, 1.0),
    domains.above_one: (1.0, np.inf),
}


@pytest.mark.parametrize("domain", RANGES, ids=repr)
def test_ranges(domain, rng):
    """Samples stay so far inside that differences do not leave the domain."""
    low, high = RANGES[domain]
    x = domain.draw(rng, (500,))
    assert np.all(x > low + 0.1)
    assert np.all(x < high - 0.1)
    assert domain(2, 3)(rng).shape == (2, 3)
    assert np.shape(domain()(rng)) == ()


def test_other_domains(rng):
    assert np.min(np.abs(domains.nonzero.draw(rng, (500,)))) > 0.1
    x = np.sort(domains.spaced.draw(rng, (5, 4)), axis=None)
    assert np.min(np.diff(x)) > 0.2
    assert np.all(np.linalg.eigvalsh(domains.positive_definite.draw(rng, (3, 4, 4))) > 1.0)
    assert np.all(np.linalg.cond(domains.regular.draw(rng, (20, 3, 3))) < 1e3)


def test_case(rng):
    """A case takes shapes, domains with a shape, and values."""
    fixed = np.array([1, 2])
    arrays, params = dr.case((2, 3), dr.positive(4), fixed, axis=0)
    one, two, three = arrays(rng)
    assert one.shape == (2, 3)
    assert two.shape == (4,)
    assert np.all(two > 0)
    assert three is fixed
    assert params == {"axis": 0}


# --------------------------------------------------------------------------------------------------
# Zero times what is not finite.

BAD = [np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("make", [np.float64, lambda v: np.array([v, v])], ids=["number", "array"])
def test_strong_zero(make, bad):
    with np.errstate(all="ignore"):
        for product in (strong_product(make(0.0), make(bad)), strong_product(make(bad), make(0.0))):
            np.testing.assert_array_equal(product, make(0.0))
        np.testing.assert_array_equal(strong_product(make(2.0), make(bad)), make(2.0 * bad))
    np.testing.assert_array_equal(strong_product(make(2.0), make(3.0)), make(6.0))


def test_strong_zero_entry_by_entry():
    c = np.array([0.0, 1.0, 0.0, 2.0, np.nan])
    p = np.array([[np.inf], [3.0]])
    with np.errstate(all="ignore"):
        found = strong_product(c, p)
    np.testing.assert_array_equal(
        found, [[0.0, np.inf, 0.0, np.inf, np.nan], [0.0, 3.0, 0.0, 6.0, np.nan]]
    )


# --------------------------------------------------------------------------------------------------
# Arguments without a usable derivative.


def test_refused_argument():
    """The value is had with a plain argument, also batched; a traced one names itself and the way out."""
    with private_registry():
        order = dr.Refusal("the derivative in the order is not implemented", "a plain order")
        p = dr.elementwise(
            lambda a, b: np.asarray(b) ** a,
            order,
            lambda a, b: a * b ** (a - 1),
            on=(dr.positive, dr.positive),
            name="refuses",
        )
        assert dr.grad(lambda x: p(3.0, x))(2.0) == 12.0
        np.testing.assert_array_equal(
            dr.vmap(lambda n: dr.grad(lambda x: p(n, x))(2.0))(np.array([1.0, 2.0, 3.0])),
            [1.0, 4.0, 12.0],
        )
        for transform in (dr.grad, dr.derivative):
            with pytest.raises(
                dr.UnsupportedError, match=r"refuses.*first argument.*a plain order"
            ):
                transform(lambda n: p(n, 2.0))(3.0)

        @dr.general(
            lambda a, b: a * b,
            on=[dr.case((), ())],
            arguments=("a", "b"),
            refused={"b": order},
            name="refuses_second",
        )
        class q:
            """y = a b"""

            def tangent_a(t, b):
                return t * b

            def adjoint_a(ct, b):
                return ct * b

        assert dr.grad(lambda x: q(x, 3.0))(2.0) == 3.0
        with pytest.raises(dr.UnsupportedError, match="second argument"):
            dr.grad(lambda x: q(3.0, x))(2.0)
