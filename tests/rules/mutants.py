"""Private copies of primitives with something wrong, and whether the checks catch them."""

import functools

import numpy as np

import dualrev as dr
from dualrev.core.primitive import PRIMITIVES, Rule
from tests.rules.registry import CHECKS, run, subjects, variant

NAMES = sorted(
    name
    for name, p in PRIMITIVES.items()
    if p.flavour != "constant" and not all(map(p.refuses, range(p.arity or 1)))
)
STORES = {}


@functools.cache
def samples(name):
    """Return a primitive's samples, whose oracles are computed once for all of its mutants."""
    return list(subjects(PRIMITIVES[name], 0, STORES))


def caught(primitive, checks=tuple(CHECKS), stores=STORES):
    """Return the first check that fails on a primitive, or None if it passes for right."""
    at = list(subjects(primitive, 0, stores))
    for check in checks:
        for subject in at:
            try:
                run(check, subject)
            except Exception:  # a wrong rule may fail in any way
                return check
    return None


def expect_caught(mutants, *checks):
    """Run these checks on the mutants, and name the mutants that survive."""
    survivors = [label for label, mutant in mutants if caught(mutant, checks) is None]
    assert not survivors


# --------------------------------------------------------------------------------------------------
# What can be wrong with the result of a rule, whatever the rule.


def each(change):
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
    "sign": each(lambda g: -g),
    "factor 2": each(lambda g: 2.0 * g),
    "off by 0.1 %": each(lambda g: 1.001 * g),
    "largest entry off by 0.1 %": each(_largest_entry_off),
    "dropped": each(lambda g: 0.0 * g),
    "turned by i": each(lambda g: 1j * g),
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
    """Change a partial as its author would get it wrong: both modes and the shortcuts share it."""
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
    """Return the positions with a rule that is used: operations on any number of operands push
    tangents by themselves.
    """
    if direction == "tangents" and primitive.arguments is None:
        return []
    return [k for k, rule in enumerate(getattr(primitive, direction)) if isinstance(rule, Rule)]
