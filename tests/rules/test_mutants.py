"""Wrong rules and a wrong engine: the registry's checks must catch every one of them.

A mutant is a private copy of a primitive with one field changed, or one function of the engine with
one expression changed. That a mutant survives means that a promise is not tested.
"""

import ast
import functools
import inspect
import textwrap

import numpy as np
import pytest

import dualrev as dr
from dualrev.core import flavours, shapes
from dualrev.core.primitive import PRIMITIVES, Rule
from dualrev.derivatives import passes, products
from dualrev.modes import forward, pushing, recording, sweep, templates
from dualrev.modes import batch as batch_mode
from tests.rules.registry import CHECKS, private_registry, run, subjects, variant

NAMES = sorted(name for name, p in PRIMITIVES.items() if p.flavour != "constant")
_STORES = {}


@functools.cache
def samples(name):
    """Return a primitive's samples, whose oracles are computed once for all of its mutants."""
    return list(subjects(PRIMITIVES[name], 0, _STORES))


def caught(primitive, checks=tuple(CHECKS)):
    """Return the first check that fails on a primitive, or None if it passes for right."""
    at = list(subjects(primitive, 0, _STORES))
    for check in checks:
        for subject in at:
            try:
                run(check, subject)
            except Exception:  # a wrong rule may fail in any way
                return check
    return None


def expect_caught(mutants, *first):
    """Run the checks on mutants, those named first of all, and name the mutants that survive."""
    order = (*first, *(c for c in CHECKS if c not in first))
    survivors, count = [], 0
    for label, mutant in mutants:
        count += 1
        if caught(mutant, order) is None:
            survivors.append(label)
    assert not survivors
    return count


@pytest.mark.parametrize("name", NAMES)
def test_control(name):
    """An unchanged copy passes: what catches a mutant is its change."""
    assert caught(variant(PRIMITIVES[name])) is None


# --------------------------------------------------------------------------------------------------
# What can be wrong with the result of a rule, whatever the rule.


def _each(change):
    """Apply a change to a result, or to every part of it."""

    def apply(g):
        return tuple(change(v) for v in g) if isinstance(g, tuple) else change(g)

    return apply


def _largest_entry_off(g):
    plain = np.abs(np.asarray(dr.value(g)))
    if plain.size == 0:
        return g
    return g * np.where(plain == plain.max(), 1.001, 1.0).astype(plain.dtype)


RESULTS = {
    "sign": _each(lambda g: -g),
    "factor 2": _each(lambda g: 2.0 * g),
    "off by 0.1 %": _each(lambda g: 1.001 * g),
    "largest entry off by 0.1 %": _each(_largest_entry_off),
    "dropped": _each(lambda g: 0.0 * g),
    "turned by i": _each(lambda g: 1j * g),
}


def plain(v):
    return tuple(map(dr.value, v)) if isinstance(v, tuple) else dr.value(v)


def changed(rule, change):
    return Rule(lambda *values, **params: change(rule.call(*values, **params)), rule.keeps)


def with_rule(primitive, direction, k, rule):
    rules = list(getattr(primitive, direction))
    rules[k] = rule
    return variant(primitive, **{direction: tuple(rules)})


def with_partial(primitive, k, change):
    """Change a partial, as its author would have got it wrong: both modes and the shortcuts share it."""
    partials = list(primitive.partials)
    value = partials[k].value
    wrong = (lambda *kept: change(value(*kept))) if callable(value) else change(value)
    partials[k] = partials[k]._replace(value=wrong)
    mutant = variant(primitive, partials=tuple(partials))
    for direction in ("tangents", "adjoints"):
        rules = list(getattr(primitive, direction))
        rules[k] = changed(rules[k], change)
        setattr(mutant, direction, tuple(rules))
    return mutant


def places(primitive, direction):
    """Return the positions that have a rule, which the engine uses: operands of any number push themselves."""
    if direction == "tangents" and primitive.arguments is None:
        return []
    return [k for k, rule in enumerate(getattr(primitive, direction)) if rule is not None]


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
        if partial is not None
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
        numbers = {p.value for p in primitive.partials if p is not None and not callable(p.value)}
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
    """Accumulation in place that overwrites, that adds twice, with another sign, or without repeated entries."""
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
    "lanes reversed": _each(lambda y: np.flip(y, 0)),
    "lanes shifted": _each(lambda y: np.roll(y, 1, 0)),
    "first lane for all": _each(lambda y: np.broadcast_to(y[:1], y.shape)),
    "lane axis last": _each(lambda y: np.moveaxis(y, 0, -1) if y.ndim > 1 else np.flip(y)),
    "one lane off by 0.1 %": _each(
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
# Shortcuts.


def has_shortcut(name):
    primitive = PRIMITIVES[name]
    return bool(primitive.shortcuts) or (
        primitive.fun in recording.recorders if isinstance(primitive.fun, np.ufunc) else False
    )


def shortcut_survives(name, mode, mutant):
    """Install the shortcuts of a mutant; say whether they pass for those of the primitive."""
    with private_registry():
        mode._specialise(mutant)
        if mutant.shortcuts:
            flavours._callable(mutant)
        for subject in subjects(PRIMITIVES[name], 0, _STORES):
            subject.primitive = mutant
            try:
                run("shortcuts", subject)
            except Exception:  # a wrong shortcut may fail in any way
                return False
    return True


@pytest.mark.parametrize("mode", [recording, pushing], ids=["reverse", "forward"])
@pytest.mark.parametrize("name", [n for n in NAMES if has_shortcut(n)])
def test_shortcuts(name, mode):
    primitive = PRIMITIVES[name]
    changes = {k: RESULTS[k] for k in ("sign", "off by 0.1 %")}
    mutants = []
    for what, change in changes.items():
        if primitive.flavour == "elementwise":
            mutants += [
                (f"partial {k}: {what}", with_partial(primitive, k, change))
                for k in range(len(primitive.partials))
            ]
        elif mode is recording and primitive.accumulate is not None:

            def wrong(out, ct, _c=change, **params):
                primitive.accumulate(out, _c(ct), **params)

            mutants.append((f"accumulate: {what}", variant(primitive, accumulate=wrong)))
        elif mode is recording:
            mutants += [
                (
                    f"adjoints[{k}]: {what}",
                    with_rule(primitive, "adjoints", k, changed(rule, change)),
                )
                for k, rule in enumerate(primitive.adjoints)
            ]
        elif primitive.flavour == "linear":
            # The operation is its own tangent: a wrong shortcut is one of another operation.
            def fun(*arrays, _c=change, **params):
                return _c(primitive.fun(*arrays, **params))

            mutants.append((f"fun: {what}", variant(primitive, fun=fun)))
    survivors = [what for what, mutant in mutants if shortcut_survives(name, mode, mutant)]
    assert not survivors
