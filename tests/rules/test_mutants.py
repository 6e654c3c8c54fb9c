"""Wrong rules: the registry's checks must catch every one of them.

A mutant is a private copy of a primitive with one field changed. That one survives means that a
promise is not tested.
"""

import numpy as np
import pytest

import dualrev as dr
from dualrev.core.declaration import PartialRule
from dualrev.core.primitive import PRIMITIVES, Rule
from tests.rules.mutants import (
    NAMES,
    RESULTS,
    caught,
    changed,
    each,
    expect_caught,
    places,
    plain,
    samples,
    with_partial,
    with_rule,
)
from tests.rules.registry import private_registry, variant

USED = ("tangent", "adjoint", "jacobian", "linearize", "second", "fan", "batch")


@pytest.mark.parametrize("name", NAMES)
def test_control(name):
    """An unchanged copy passes the checks used below: what catches a mutant is its change."""
    assert caught(variant(PRIMITIVES[name]), USED) is None


@pytest.mark.parametrize("direction", ["tangents", "adjoints"])
@pytest.mark.parametrize("name", NAMES)
def test_results(name, direction):
    primitive = PRIMITIVES[name]
    check = "tangent" if direction == "tangents" else "adjoint"
    mutants = [
        (f"{direction}[{k}]: {what}", with_rule(primitive, direction, k, changed(rule, change)))
        for k in places(primitive, direction)
        for rule in [getattr(primitive, direction)[k]]
        for what, change in RESULTS.items()
    ]
    expect_caught(mutants, check, "jacobian")


@pytest.mark.parametrize("name", [n for n in NAMES if PRIMITIVES[n].flavour == "elementwise"])
def test_partials(name):
    primitive = PRIMITIVES[name]
    mutants = [
        (f"partial {k}: {what}", with_partial(primitive, k, change))
        for k, partial in enumerate(primitive.partials)
        if isinstance(partial, PartialRule)
        for what, change in RESULTS.items()
    ]
    expect_caught(mutants, "tangent")


# --------------------------------------------------------------------------------------------------
# What can be wrong with what a rule is given.


@pytest.mark.parametrize("name", NAMES)
def test_stripped(name):
    """A rule that takes plain values of its residuals is a constant to outer levels."""
    primitive = PRIMITIVES[name]

    def stripped(rule):
        return Rule(
            lambda t, *kept, **params: rule.call(t, *map(plain, kept), **params), rule.keeps
        )

    mutants = [
        (f"{direction}[{k}]", with_rule(primitive, direction, k, stripped(rule)))
        for direction in ("tangents", "adjoints")
        for k in places(primitive, direction)
        for rule in [getattr(primitive, direction)[k]]
        if any(kept >= -1 for kept in rule.keeps)
    ]
    expect_caught(mutants, "second", "batch")


@pytest.mark.parametrize("name", NAMES)
def test_stripped_direction(name):
    """So does one that takes the plain tangent or cotangent."""
    primitive = PRIMITIVES[name]

    def stripped(rule):
        return Rule(lambda t, *kept, **params: rule.call(plain(t), *kept, **params), rule.keeps)

    mutants = [
        (
            f"{direction}[{k}]",
            with_rule(primitive, direction, k, stripped(getattr(primitive, direction)[k])),
        )
        for direction in ("tangents", "adjoints")
        for k in places(primitive, direction)
    ]
    expect_caught(mutants, "linearize", "batch", "fan")


@pytest.mark.parametrize("name", NAMES)
def test_swapped(name):
    """Rules of two arguments exchanged, and two residuals of one rule exchanged."""
    primitive = PRIMITIVES[name]
    mutants = []
    for direction in ("tangents", "adjoints"):
        at = places(primitive, direction)
        rules = getattr(primitive, direction)
        # Rules that keep nothing and have the same number are one rule: nothing is exchanged.
        numbers = {
            p.value
            for p in primitive.partials
            if isinstance(p, PartialRule) and not callable(p.value)
        }
        if len(at) == 2 and not (len(numbers) == 1 and all(not rules[k].keeps for k in at)):
            one, two = at
            mutant = with_rule(
                with_rule(primitive, direction, one, rules[two]), direction, two, rules[one]
            )
            mutants.append((f"{direction} exchanged", mutant))
        for k in at:
            keeps = rules[k].keeps
            values = [j for j, kept in enumerate(keeps) if kept >= -1]
            if len(values) >= 2:
                i, j = values[:2]
                wrong = list(keeps)
                wrong[i], wrong[j] = keeps[j], keeps[i]
                mutants.append(
                    (
                        f"{direction}[{k}] keeps {wrong}",
                        with_rule(primitive, direction, k, Rule(rules[k].call, tuple(wrong))),
                    )
                )
    if name == "gdtria":
        # P(b, a x) = p depends on a x alone, so da/dx = -a/x whatever p and b are.
        mutants = [(label, m) for label, m in mutants if "s[2]" not in label]
    if name == "copysign":
        # sign(a) sign(b) is symmetric where neither is zero: exchanging them changes nothing.
        checks = ("tangent", "adjoint", "second")
        assert [caught(m, checks) for _, m in mutants] == [None, None]
        return
    expect_caught(mutants, "tangent", "adjoint")


@pytest.mark.parametrize("name", [n for n in NAMES if PRIMITIVES[n].broadcasts])
def test_not_summed_back(name):
    """An adjoint that is not summed over the axes along which its operand was broadcast."""
    primitive = PRIMITIVES[name]
    if len(primitive.arguments) > 1:
        mutant = variant(primitive, broadcasts=False)
        expect_caught([("broadcasts", mutant)], "adjoint", "batch")


@pytest.mark.parametrize("name", [n for n in NAMES if PRIMITIVES[n].accumulate is not None])
def test_accumulate(name):
    """Accumulation in place that overwrites, adds twice, subtracts, or forgets repeated entries."""
    primitive = PRIMITIVES[name]
    right = primitive.accumulate

    def fresh(change):
        def accumulate(out, ct, **params):
            g = np.zeros_like(out)
            right(g, ct, **params)
            change(out, g)

        return accumulate

    def overwrite(out, g):
        out[...] = g

    def add(factor):
        def change(out, g):
            out += factor * g

        return change

    def once(out, ct, **params):
        out[params["index"]] += ct

    mutants = {
        "overwrites": fresh(overwrite),
        "twice": fresh(add(2.0)),
        "sign": fresh(add(-1.0)),
        "repeated once": once,
    }
    expect_caught(
        [(k, variant(primitive, accumulate=a)) for k, a in mutants.items()], "adjoint", "fan"
    )


# --------------------------------------------------------------------------------------------------
# Batching rules.

BATCHES = {
    "lanes reversed": each(lambda y: np.flip(y, 0)),
    "lanes shifted": each(lambda y: np.roll(y, 1, 0)),
    "first lane for all": each(lambda y: np.broadcast_to(y[:1], y.shape)),
    "lane axis last": each(lambda y: np.moveaxis(y, 0, -1) if y.ndim > 1 else np.flip(y)),
    "one lane off by 0.1 %": each(
        lambda y: y * np.reshape(1 + 1e-3 * (np.arange(len(y)) == 1), (-1,) + (1,) * (y.ndim - 1))
    ),
}


def _one_operand_shared(primitive, k):
    """Treat operand k as if its first lane were that of all."""

    def wrong(p, lanes, arrays, params):
        arrays = list(arrays)
        if lanes[k]:
            arrays[k] = np.broadcast_to(arrays[k][:1], arrays[k].shape)
        return primitive.batch(primitive, lanes, tuple(arrays), params)

    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_batches(name):
    primitive = PRIMITIVES[name]
    subject = samples(name)[0]

    def wrapped(change):
        return lambda p, lanes, arrays, params: change(
            primitive.batch(primitive, lanes, arrays, params)
        )

    mutants = [
        (what, variant(primitive, batch=wrapped(change))) for what, change in BATCHES.items()
    ]
    for k in range(len(subject.arrays)):
        if not all(
            np.array_equal(s.redraw(0)[k], s.redraw(1)[k])
            for s in samples(name)
            if k < len(s.arrays)
        ):
            mutants.append(
                (f"operand {k} shared", variant(primitive, batch=_one_operand_shared(primitive, k)))
            )
    if all(v.size == 0 for s in samples(name) for v in s.y):
        pytest.fail(f"{name} has no sample with entries")
    expect_caught(mutants, "batch")


# --------------------------------------------------------------------------------------------------
# Facts, and whole declarations that are wrong as people get them wrong.

FACTS = [
    ("sum", "pattern", "movement"),
    ("matmul", "pattern", "movement"),
    ("matmul", "pattern", "elementwise"),
    ("sin", "pattern", "none"),
    ("sin", "pattern", "movement"),
    ("transpose", "pattern", "elementwise"),
    ("absolute", "analytic", True),
]


@pytest.mark.parametrize(("name", "field", "wrong"), FACTS)
def test_facts(name, field, wrong):
    mutant = variant(PRIMITIVES[name], **{field: wrong})
    expect_caught([(f"{name}.{field} = {wrong!r}", mutant)], "pattern", "holomorphic")


class _square:
    """Y = X X;  dY = dX X + X dX."""

    def tangent(t, x):
        return t @ x + x @ t

    def adjoint(ct, x):
        return ct @ x.mT + x.mT @ ct


def _declare_square(wrong):
    body = dict(vars(_square))
    if wrong == "tangent drops a term":
        body["tangent"] = lambda t, x: 2.0 * (t @ x)
    elif wrong == "adjoint drops a term":
        body["adjoint"] = lambda ct, x: ct @ x.mT
    elif wrong == "adjoint not transposed":
        body["adjoint"] = lambda ct, x: ct @ x + x @ ct
    elif wrong == "adjoint conjugated":
        body["adjoint"] = lambda ct, x: ct @ np.conj(x.mT) + np.conj(x.mT) @ ct
    elif wrong == "adjoint writes into its argument":

        def adjoint(ct, x):
            both = ct @ x.mT + x.mT @ ct
            if isinstance(ct, np.ndarray):
                ct *= 2.0
            return both

        body["adjoint"] = adjoint
    elif wrong == "adjoint of another shape":
        body["adjoint"] = lambda ct, x: (ct @ x.mT + x.mT @ ct)[None]
    on = [dr.case((3, 3)), dr.case((2, 2, 2))]
    return dr.general(lambda x: x @ x, on=on, name="squared")(type("squared", (), body))


def _declare_softplus(wrong):
    partial = {
        "": lambda x: 1 / (1 + np.exp(-x)),
        "partial of the wrong sign inside": lambda x: 1 / (1 + np.exp(x)),
        "partial of plain values": lambda x: 1 / (1 + np.exp(-dr.value(x))),
        "partial in single precision": lambda x: (1 / (1 + np.exp(-x))).astype(np.float32),
        "partial keeps the output for the input": lambda y: 1 / (1 + np.exp(-y)),
    }[wrong]
    return dr.elementwise(lambda x: np.log1p(np.exp(x)), partial, on=dr.reals, name="softplus")


def _declare_mean(wrong):
    def transpose(ct, shape):
        n = shape[-1]
        if wrong == "transpose not divided":
            return np.broadcast_to(ct[..., None], shape)
        if wrong == "transpose divided by the wrong length":
            n = shape[0]
        if wrong == "transpose spread along the wrong axis":
            return np.broadcast_to(ct[..., None, :] if len(shape) > 1 else ct, shape) / n
        return np.broadcast_to(ct[..., None], shape) / n

    on = [dr.case((2, 2)), dr.case((2, 3)), dr.case((4,))]
    return dr.linear(
        lambda x: np.add.reduce(x, axis=-1) / x.shape[-1],
        transpose,
        on=on,
        name="row_mean",
        pattern="reduction",
    )


def _declare_outer(wrong):
    left = {
        "": lambda ct, b: ct @ b,
        "arguments exchanged": lambda ct, b: ct.mT @ b,
        "wrong axis summed": lambda ct, b: np.sum(ct * b[:, None], axis=0),
    }[wrong]
    return dr.bilinear(
        lambda a, b: a[:, None] * b,
        left,
        lambda ct, a: ct.mT @ a,
        on=[dr.case((3,), (3,)), dr.case((3,), (2,))],
        name="outer_product",
    )


WRONG = [
    (_declare_square, "tangent drops a term"),
    (_declare_square, "adjoint drops a term"),
    (_declare_square, "adjoint not transposed"),
    (_declare_square, "adjoint conjugated"),
    (_declare_square, "adjoint writes into its argument"),
    (_declare_square, "adjoint of another shape"),
    (_declare_softplus, "partial of the wrong sign inside"),
    (_declare_softplus, "partial of plain values"),
    (_declare_softplus, "partial in single precision"),
    (_declare_softplus, "partial keeps the output for the input"),
    (_declare_mean, "transpose not divided"),
    (_declare_mean, "transpose divided by the wrong length"),
    (_declare_mean, "transpose spread along the wrong axis"),
    (_declare_outer, "arguments exchanged"),
    (_declare_outer, "wrong axis summed"),
]


@pytest.mark.parametrize(("declare", "wrong"), WRONG, ids=lambda v: getattr(v, "__name__", v))
def test_declarations(declare, wrong):
    for what in (wrong, ""):
        with private_registry():
            found = caught(declare(what), stores={})
            assert (found is None) == (what == ""), f"{what or 'right'}: {found}"
