"""A wrong engine: the registry's checks must catch wrong shortcuts, and a wrong sweep or batching.

One field of a primitive is changed and its shortcuts made anew, or one expression of one function
of the engine is replaced.
"""

import ast
import inspect
import textwrap

import numpy as np
import pytest

from dualrev.core import batching, declaration, finite, shapes
from dualrev.core.primitive import PRIMITIVES
from dualrev.derivatives import passes, products
from dualrev.modes import batch as batch_mode
from dualrev.modes import forward, pushing, recording, sweep, templates
from tests.rules.mutants import (
    NAMES,
    RESULTS,
    STORES,
    caught,
    changed,
    samples,
    with_partial,
    with_rule,
)
from tests.rules.registry import CHECKS, private_registry, run, subjects, variant

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
            declaration.callable_primitive(mutant)
        for subject in subjects(PRIMITIVES[name], 0, STORES):
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


# --------------------------------------------------------------------------------------------------
# The engine. One expression of a function is replaced in its code object, so all importers see it.

ENGINE = [
    # the sweep
    (sweep.sweep, "cts[parents] = old + g", "cts[parents] = g"),
    (sweep.sweep, "cts[parent] = old + g", "cts[parent] = g"),
    (sweep.sweep, "old += g", "old = g"),
    (sweep.sweep, "old += g", "old = old + 2 * g"),
    (
        sweep.sweep,
        "index, adjoint, parents, kept = pop()",
        "index, adjoint, parents, kept = pop(0)",
    ),
    (sweep._add_indexed, "g if old is None else old + g", "g"),
    (sweep._add_indexed, "np.array(old)", "np.zeros(shape, dtype)"),
    (sweep.pull, "unbroadcast(g, shape)", "g"),
    (sweep.pull, "np.real(g)", "np.imag(g)"),
    (sweep.Part.add, "k == self.position", "k != self.position"),
    (sweep.seed_cotangent, "np.conj(ct)", "ct"),
    # forward mode
    (forward.Forward.process, "total + t", "t"),
    (forward.Forward.process, "lift(t, y.ndim)", "t"),
    (forward.Forward.process, "(lanes[::-1], pair[::-1])", "(lanes, pair[::-1])"),
    (forward.Forward._finish, "np.real(t)", "np.imag(t)"),
    (forward.residuals, "kept.append(y)", "kept.append(value(y))"),
    # batching
    (batch_mode.Batch.unwrap, "np.broadcast_to(value, full)", "np.zeros(full)"),
    (batching.batch_elementwise, "lift(a, ndim) if lane else a", "a"),
    (
        shapes.unbroadcast,
        "np.sum(ct, axis=axes, keepdims=True)",
        "np.max(ct, axis=axes, keepdims=True)",
    ),
    (shapes.lift, "shape[:lead] + (1,) * missing + shape[lead:]", "shape + (1,) * missing"),
    (shapes.spread, "1 if k in gone else n", "n if k in gone else 1"),
    # strong zeros
    (finite.strong_product, "np.where(strong, 0, p)", "p"),
    # ends
    (products._Pullback.__call__, "seed_cotangent(y, leaf)", "seed_cotangent(y, 2 * leaf)"),
    (passes._result, "np.conj(ct)", "ct"),
    (pushing.widen, "shape[:lead] + (1,) * extra + shape[lead:]", "shape + (1,) * extra"),
]
# One of each kind: operands that broadcast, a residual, a view, several outputs, complex numbers.
WITNESSES = (
    "multiply",
    "sqrt",
    "getitem",
    "matmul",
    "where",
    "svd",
    "stack",
    "conjugate",
    "real",
    "sum",
    "solve",
    "exp",
)


def patched(function, old, new):
    """Return the code of a function with an expression replaced, which must be there."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    source, old, new = (ast.unparse(t) for t in (tree, ast.parse(old), ast.parse(new)))
    assert old in source, f"{function.__qualname__} has no {old!r} any more: choose another mutant"
    scope = dict(function.__globals__)
    text = "from __future__ import annotations\n" + source.replace(old, new)
    exec(compile(text, f"<mutant of {function.__qualname__}>", "exec"), scope)
    return scope[function.__name__].__code__


def witnessed():
    """Run all checks on the witnesses; return the first that fails, or None."""
    for check in CHECKS:
        for name in WITNESSES:
            for subject in samples(name):
                try:
                    run(check, subject)
                except Exception:  # a wrong engine may fail in any way
                    return check
    return None


@pytest.mark.parametrize(
    ("function", "old", "new"), ENGINE, ids=[f"{f.__qualname__}: {new}" for f, _, new in ENGINE]
)
def test_engine(function, old, new, monkeypatch):
    for name in WITNESSES:
        assert all(s.oracle for s in samples(name))  # computed by the unchanged package
    monkeypatch.setattr(function, "__code__", patched(function, old, new))
    assert witnessed() is not None, "the mutant survives"


def test_loop(monkeypatch):
    """The loop that stands in for a batching rule, right and with the first lane for all."""
    names = ("matmul", "svd", "setitem")
    looped = [variant(PRIMITIVES[name], batch=batching.batch_loop) for name in names]
    for primitive in looped:
        assert caught(primitive, ("batch", "jacobian")) is None
    code = patched(batching.batch_loop, "a[k] if lane else a", "a[0] if lane else a")
    monkeypatch.setattr(batching.batch_loop, "__code__", code)
    for primitive in looped:
        assert caught(primitive, ("batch",)) == "batch"


@pytest.mark.parametrize("variant_name", ["inplace", "pure", "strong"])
def test_variants_of_shortcuts(variant_name, monkeypatch):
    """Each of the three forms of a generated adjoint is checked, not only the commonest."""
    right = templates.product

    def wrong(primitive, position, ct, form):
        before, result = right(primitive, position, ct, form)
        return before, f"-({result})" if form == variant_name else result

    monkeypatch.setattr(recording, "product", wrong)
    for name in ("sqrt", "divide"):
        assert not shortcut_survives(name, recording, variant(PRIMITIVES[name])), name
