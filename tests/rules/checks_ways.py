"""Checks of the other ways in: duals and tapes by hand, shortcuts, strong zeros."""

import itertools

import numpy as np

import dualrev as dr
from dualrev.modes.forward import Forward, dual
from dualrev.modes.sweep import seed_cotangent, sweep
from tests.rules.oracles import EPS, arrays_of, magnitude
from tests.rules.subjects import close, draw, is_complex, is_float, narrow, pull, push


def duals(s):
    """Duals made by hand agree with jvp, and nested ones with its second order."""
    rng = s.rng()
    xs, us, vs = s.x, s.tangents(rng), s.tangents(rng)
    y = s.f(*(dr.Dual(x, u) for x, u in zip(xs, us, strict=True)))
    if not all(map(is_float, s.y)):
        s.same(_values(y), s.plain(*s.arrays), "value of a dual")
        return
    s.same(_values(y), s.y if isinstance(y, tuple) else s.y[0], "primal of a dual")
    parts = y if isinstance(y, tuple) else (y,)
    want = push(s, xs, us)
    close(
        tuple(_tangent(p) for p in parts),
        arrays_of(want),
        "tangent of a dual",
        s.rtol(),
        magnitude(s.J),
    )
    nested = s.f(*(dr.Dual(dr.Dual(x, u), v) for x, u, v in zip(xs, us, vs, strict=True)))
    parts = nested if isinstance(nested, tuple) else (nested,)
    twice = dr.jvp(lambda *xs: push(s, xs, vs), xs, us)[1]
    found = tuple(_tangent(_tangent(p)) for p in parts)
    size = max(magnitude(s.J), *(magnitude(v) for v in arrays_of(twice)))
    close(found, arrays_of(twice), "second order of nested duals", s.rtol(), size)


def _values(y):
    return tuple(map(dr.value, y)) if isinstance(y, tuple) else dr.value(y)


def _tangent(y):
    """Return the tangent of a result; a constant has none."""
    return y.tangent if isinstance(y, dr.Dual) else np.zeros(np.shape(y))


def tapes(s):
    """Tapes by hand, and all variants of the sweep, agree with vjp; careful duals with jvp."""
    if not all(map(is_float, s.y)):
        return
    rng = s.rng()
    xs, ts, cts = s.x, s.tangents(rng), s.cotangents(rng)
    want = pull(s, xs, cts)
    size = magnitude(s.J)
    watched = dr.Tape()
    variables = [watched.variable(x) for x in xs]
    y = s.f(*variables)
    if not isinstance(y, tuple):
        watched.sweep(y, cts[0])
        close(tuple(watched.cotangent(v) for v in variables), want, "Tape.sweep", s.rtol(), size)
        if s.primitive is not None:
            trace = str(watched)
            # Indices, writes and transposes have signs instead of names.
            known = s.primitive.operator or any(sign in trace for sign in ("₁[", "←", "ᵀ"))
            assert s.primitive.name in trace or known, "the trace does not name the operation"
    tape = dr.Tape(watch=False)
    variables = [tape.leaf(x[()]) for x in xs]
    y = s.f(*variables)
    parts = y if isinstance(y, tuple) else (y,)
    plain = tape.plain and all(c.dtype == np.float64 for c in cts)
    for name in ("", "pure", "strong") if plain else ("pure", "strong"):
        at = [None] * (next(tape.counter) + 1)
        for part, ct in zip(parts, cts, strict=True):
            if isinstance(part, dr.Variable):
                at[part.index] = seed_cotangent(part.primal, ct)
        sweep(list(tape.nodes), at, name)
        for x, v, w in zip(xs, variables, want, strict=True):
            g = np.zeros_like(x) if at[v.index] is None else np.conj(at[v.index])
            close(g if is_complex(x) else np.real(g), w, f"sweep, variant {name!r}", s.rtol(), size)
    level = Forward(careful=True)
    y = s.f(*(dual(x[()], t[()], level) for x, t in zip(xs, ts, strict=True)))
    parts = y if isinstance(y, tuple) else (y,)
    found = tuple(map(_tangent, parts))
    close(found, arrays_of(push(s, xs, ts)), "tangent with strong zeros", s.rtol(), size)


def ways(s):
    """Return the ways of writing an operation that may have shortcuts: call, ufunc, operator."""
    primitive = s.primitive
    out = {}
    if primitive.shortcuts:
        out["call"] = lambda *operands: primitive.call(*operands, **s.params)
    if isinstance(primitive.fun, np.ufunc) and primitive.fun.nout == 1:
        out["ufunc"] = primitive.fun
    if primitive.operator is not None:
        code = compile(primitive.operator, f"<operator of {primitive.name}>", "eval")
        out["operator"] = lambda *operands: eval(
            code, dict(zip(primitive.arguments, operands, strict=True))
        )
    return out


def shortcuts(s):
    """The shortcuts of both modes agree with the general path, beside every kind of constant."""
    kinds = [lambda v: v, narrow]
    if s.primitive.flavour == "elementwise":
        kinds += [
            lambda v: v.flat[0].item(),
            lambda v: v.flat[0],
            lambda v: np.resize(v, (2, 1, 1)),
            lambda v: 2,
        ]
    for name, way in ways(s).items():
        _same_everywhere(
            s, lambda *xs, way=way: way(*s.merged(xs)), s.f, s.x, f"{name}, all traced"
        )
        if len(s.x) != 2 or len(s.arrays) != 2:
            continue
        for k, make in itertools.product(range(2), kinds):
            other = make(s.arrays[1 - k])

            def place(g, k=k, other=other):
                return (lambda x: g(x, other)) if k == 0 else (lambda x: g(other, x))

            kind = f"{type(other).__name__}{np.shape(other)}"
            what = f"{name}, operand {1 - k} a constant {kind}"
            _same_everywhere(s, place(way), place(s.call), (s.arrays[k],), what)


def _same_everywhere(s, way, general, xs, what):
    with np.errstate(all="ignore"):
        y = np.asarray(general(*xs))
    if not np.all(np.isfinite(y)) or not is_float(y):
        return  # a constant outside the domain
    rng = s.rng()
    ts, ct = tuple(draw(rng, x) for x in xs), draw(rng, y)
    scale = magnitude(dr.jvp(general, xs, ts)[1])
    for one, other, name in zip(
        dr.jvp(way, xs, ts), dr.jvp(general, xs, ts), ("value", "tangent"), strict=True
    ):
        close(one, other, f"{name}: {what}", 8 * EPS, scale)
    value, pullback = dr.vjp(way, *xs)
    want, general_pullback = dr.vjp(general, *xs)
    close(value, want, f"value on a tape: {what}", 8 * EPS)
    g = general_pullback(ct)
    scale = max(map(magnitude, g))
    close(pullback(ct), g, f"cotangent: {what}", 8 * EPS, scale)
    close(pullback(ct), g, f"cotangent again: {what}", 8 * EPS, scale)
    tape = dr.Tape(watch=False)
    leaves = [tape.leaf(x[()]) for x in xs]
    out = way(*leaves)
    for name in ("pure", "strong") if isinstance(out, dr.Variable) else ():
        cts = [None] * (next(tape.counter) + 1)
        cts[out.index] = seed_cotangent(out.primal, ct)
        sweep(list(tape.nodes), cts, name)
        found = tuple(
            np.zeros_like(w) if cts[v.index] is None else np.conj(cts[v.index])
            for v, w in zip(leaves, g, strict=True)
        )
        close(
            tuple(
                v.astype(w.dtype)
                for v, w in zip(map(np.asarray, found), map(np.asarray, g), strict=True)
            ),
            g,
            f"sweep, variant {name!r}: {what}",
            8 * EPS,
            scale,
        )
    twice = [dr.jvp(lambda *xs, h=h: dr.vjp(h, *xs)[1](ct), xs, ts)[1] for h in (way, general)]
    close(twice[0], twice[1], f"second order: {what}", 64 * EPS, max(map(magnitude, twice[1])))
    if not any(map(is_complex, (*xs, y))):
        every = tuple(range(len(xs)))
        for mode in ("forward", "reverse"):
            fast, slow = (dr.jacobian(h, argnums=every, mode=mode)(*xs) for h in (way, general))
            close(
                fast, slow, f"jacobian(mode={mode!r}): {what}", 8 * EPS, max(map(magnitude, slow))
            )


_EDGES = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 1e308, np.inf, -np.inf])


def zeros(s):
    """Zero tangents and cotangents give zero where the value is defined, whatever the partial."""
    if s.primitive.flavour != "elementwise" or any(map(is_complex, s.arrays)):
        return
    grid = np.meshgrid(*[_EDGES] * len(s.x), indexing="ij")
    xs = tuple(g.ravel() for g in grid)
    held = s.derived("edges", [v.flat[0] for v in s.arrays])
    with np.errstate(all="ignore"):
        y = s.plain(*held.merged(xs))
        if not is_float(y):
            return
        defined = ~np.isnan(y)
        xs, y = tuple(x[defined] for x in xs), y[defined]
        nothing = tuple(map(np.zeros_like, xs))
        for name, call in {"general": s.call, **ways(s)}.items():

            def way(*operands, call=call):
                return call(*held.merged(operands))

            t = dr.jvp(way, xs, nothing)[1]
            g = dr.vjp(way, *xs)[1](np.zeros_like(y))
            for what, found in (("tangent", t), *(("cotangent", v) for v in g)):
                bad = np.flatnonzero(~(found == 0))
                assert not bad.size, (
                    f"{name}: zero {what} gives {found[bad[0]]} at {[float(x[bad[0]]) for x in xs]}"
                )
