"""Checks of the imperative interface: `backward` accumulates what the pullback gives, to any order."""

import numpy as np

import dualrev as dr
from dualrev.modes.live import is_live
from tests.rules.checks_ways import ways
from tests.rules.oracles import arrays_of, magnitude
from tests.rules.subjects import close, is_float, pull


def variables(s):
    """`backward` agrees with vjp; recorded (`create_graph`), with the pullback's own pullback; so do shortcuts."""
    if not all(map(is_float, s.y)):
        return
    rng = s.rng()
    xs, vs, cts = s.x, s.tangents(rng), s.cotangents(rng)
    want = arrays_of(pull(s, xs, cts))
    twice = arrays_of(dr.vjp(lambda *xs: pull(s, xs, cts), *xs)[1](tuple(vs)))
    size = magnitude(s.J)
    size_of_second = max(size, *map(magnitude, twice))
    forms = {"": s.f}
    if s.primitive is not None:
        forms |= {name: lambda *xs, way=way: way(*s.merged(xs)) for name, way in ways(s).items()}
    for name, f in forms.items():
        leaves = _backward(f, xs, cts, retain_graph=False)
        close(_gradients(leaves), want, f"backward {name}", s.rtol(), size)
        leaves = _backward(f, xs, cts, create_graph=True)
        close(_gradients(leaves), want, f"backward with create_graph {name}", s.rtol(), size)
        first = [v.grad for v in leaves]
        for leaf in leaves:
            leaf.zero_grad()
        for gradient, v in zip(first, vs, strict=True):
            if is_live(gradient):
                gradient.backward(v)
        close(_gradients(leaves), twice, f"backward twice {name}", s.rtol(), size_of_second)


def _backward(f, xs, cts, **options):
    leaves = [dr.variable(x) for x in xs]
    y = f(*leaves)
    parts = y if isinstance(y, tuple) else (y,)
    for k, (part, ct) in enumerate(zip(parts, cts, strict=True)):
        if is_live(part):
            last = k == len(parts) - 1
            part.backward(ct, **(options if last or "create_graph" in options else {}))
    return leaves


def _gradients(leaves):
    """Return what has been accumulated; zeros where nothing has arrived."""
    return tuple(
        np.zeros_like(dr.value(v)) if v.grad is None else np.asarray(dr.value(v.grad))
        for v in leaves
    )
