"""Checks of derivatives: first and second order, repeated variables, lanes."""

import itertools

import numpy as np

import dualrev as dr
from tests.rules.oracles import arrays_of, basis, extrapolate, magnitude, pack, rows_of, unpack
from tests.rules.subjects import (
    LANES,
    agree,
    close,
    draw,
    fits,
    is_complex,
    is_float,
    pull,
    push,
    same,
)

# --------------------------------------------------------------------------------------------------
# First order.


def value(s):
    """Tracing changes neither the value nor its dtype."""
    want = s.plain(*s.arrays)
    s.same(s.call(*s.arrays), want, "on plain arrays")
    if not s.varying:
        return
    xs, ts = s.x, s.tangents(s.rng())
    s.same(dr.jvp(s.f, xs, ts)[0], want, "value under jvp")
    s.same(dr.vjp(s.f, *xs)[0], want, "value under vjp")
    s.same(dr.linearize(s.f, *xs)[0], want, "value under linearize")
    tape = dr.Tape()
    got = s.f(*(tape.variable(v) for v in xs))
    s.same(
        tuple(dr.value(v) for v in got) if isinstance(got, tuple) else dr.value(got),
        want,
        "value on a tape",
    )


def tangent(s):
    """Forward mode gives the columns of the Jacobian, all operands traced or one alone."""
    J, E = s.oracle.jacobian
    S, xs = s.oracle.scale(), s.x
    cut = rows_of(xs)
    for j, u in enumerate(basis(len(s.oracle.x))):
        ts = unpack(u, xs)
        t = push(s, xs, ts)
        fits(t, s.y, "tangent")
        agree(pack(arrays_of(t)), J[:, j], E[:, j], S[:, j], s.rtol(), f"tangent in direction {j}")
        if len(xs) > 1:
            own = next(i for i, rows in enumerate(cut) if rows.start <= j < rows.stop)
            t = push(s, (xs[own],), (ts[own],), s.alone(s.varying[own]))
            what = f"tangent in direction {j}, the other operands constant"
            agree(pack(arrays_of(t)), J[:, j], E[:, j], S[:, j], s.rtol(), what)
    ts = s.tangents(s.rng())
    dense = pack(ts)
    t = pack(arrays_of(push(s, xs, ts)))
    agree(t, J @ dense, E @ np.abs(dense), magnitude(J), s.rtol(), "tangent in a dense direction")


def adjoint(s):
    """Reverse mode gives the rows of the Jacobian, all operands traced or one alone."""
    J, E = s.oracle.jacobian
    S, xs = s.oracle.scale(), s.x
    cut = rows_of(xs)
    _, pullback = dr.vjp(s.f, *xs)
    ones = (
        [dr.vjp(s.alone(k), x)[1] for k, x in zip(s.varying, xs, strict=True)]
        if len(xs) > 1
        else []
    )
    for i, e in enumerate(basis(len(pack(s.y)))):
        ct = s.whole(unpack(e, s.y))
        g = pullback(ct)
        fits(g, xs, "cotangent")
        agree(pack(g), J[i], E[i], S[i], s.rtol(), f"cotangent of output {i}")
        for k, one in enumerate(ones):
            what = f"cotangent of output {i} for operand {k} alone"
            agree(pack(one(ct)), J[i, cut[k]], E[i, cut[k]], S[i, cut[k]], s.rtol(), what)
    cts = s.cotangents(s.rng())
    dense = pack(cts)
    first, second = pullback(s.whole(cts)), pullback(s.whole(cts))
    if all(map(is_float, s.y)):
        agree(
            pack(first),
            dense @ J,
            np.abs(dense) @ E,
            magnitude(J),
            s.rtol(),
            "cotangent of a dense one",
        )
    same(second, first, "the same pullback called again")


def identity(s):
    """<ct, J t> = <Jᵀ ct, t>, between the two modes."""
    rng = s.rng()
    xs, ts, cts = s.x, s.tangents(rng), s.cotangents(rng)
    left = pack(cts) * pack(arrays_of(push(s, xs, ts)))
    right = pack(pull(s, xs, cts)) * pack(ts)
    size = max(magnitude(left), magnitude(right))
    agree(np.sum(left), np.sum(right), 0.0, size, s.rtol(), "<ct, J t> against <Jᵀ ct, t>")


def jacobian(s):
    """Vector mode: forward, reverse and stacked single passes are one matrix."""
    if not all(map(is_float, s.y)):
        return
    J, S = s.J, s.oracle.scale()
    count = tuple(range(len(s.x)))
    for mode in ("forward", "reverse"):
        for chunk in (None, 2):
            run = dr.jacobian(s.f, argnums=count, mode=mode, chunk=chunk)
            if mixes_parts(s):
                try:
                    run(*s.x)
                except dr.OutputError:
                    continue
                raise AssertionError(
                    f"jacobian(mode={mode!r}): a function that is not holomorphic passes"
                )
            blocks = run(*s.x)
            blocks = blocks if isinstance(s.plain(*s.arrays), tuple) else (blocks,)
            for y, i, row in zip(s.y, rows_of(s.y), blocks, strict=True):
                for x, j, block in zip(s.x, rows_of(s.x), row, strict=True):
                    what = f"jacobian(mode={mode!r}, chunk={chunk})"
                    assert np.shape(block) == y.shape + x.shape, f"{what}: shape {np.shape(block)}"
                    E = s.oracle.jacobian.error[i, j]
                    agree(_real_block(block, y, x), J[i, j], E, S[i, j], s.rtol(), what)


def mixes_parts(s):
    """Say whether an output of a complex operand is complex and not holomorphic."""
    for y, i in zip(s.y, rows_of(s.y), strict=True):
        for x, j in zip(s.x, rows_of(s.x), strict=True):
            if x.dtype.kind == "c" == y.dtype.kind:
                block = s.J[i, j]
                re, im = block[0::2], block[1::2]
                if (
                    magnitude(re[:, 0::2] - im[:, 1::2]) + magnitude(re[:, 1::2] + im[:, 0::2])
                    > 1e-6
                ):
                    return True
    return False


def _real_block(block, y, x):
    """Write a Jacobian block as a matrix between pairs of reals."""
    block = np.reshape(block, (y.size, x.size))
    if x.dtype.kind == "c" == y.dtype.kind:
        out = np.empty((2 * y.size, 2 * x.size))
        out[0::2, 0::2], out[0::2, 1::2] = block.real, -block.imag
        out[1::2, 0::2], out[1::2, 1::2] = block.imag, block.real
        return out
    if x.dtype.kind == "c":
        out = np.empty((y.size, 2 * x.size))
        out[:, 0::2], out[:, 1::2] = block.real, block.imag
        return out
    if y.dtype.kind == "c":
        out = np.empty((2 * y.size, x.size))
        out[0::2], out[1::2] = block.real, block.imag
        return out
    return block


def linearize(s):
    """The linearisation, a transpose of a transpose, is J."""
    if not all(map(is_float, s.y)):
        return
    _, line = dr.linearize(s.f, *s.x)
    rng = s.rng()
    for _ in range(2):
        ts = s.tangents(rng)
        close(line(*ts), push(s, s.x, ts), "linearize against jvp", s.rtol(), magnitude(s.J))


def pattern(s):
    """The declared flow of dependence holds: it is what sparsity detection goes by."""
    J = np.abs(s.J) > 1e-6
    kind = s.primitive.pattern
    if kind == "none":
        assert not J.any(), "declared locally constant, but it has a derivative"
    if kind == "movement" and not any(map(is_complex, (*s.x, *s.y))):
        close(s.J, J.astype(float), "an entry of the result is no entry of the operand", s.rtol())
        assert np.all(J.sum(axis=1) <= 1), "an entry of the result comes from several entries"
    if kind == "elementwise":
        for y, i in zip(s.y, rows_of(s.y), strict=True):
            rows = np.repeat(np.arange(y.size), 2 if is_complex(y) else 1)
            for x, j in zip(s.x, rows_of(s.x), strict=True):
                places = np.arange(x.size).reshape(x.shape)
                source = np.broadcast_to(places, y.shape).ravel()[rows]
                column = np.repeat(np.arange(x.size), 2 if is_complex(x) else 1)
                assert not np.any(J[i, j] & (source[:, None] != column)), "entries are mixed"


# --------------------------------------------------------------------------------------------------
# Second order.


def second(s):
    """All four nestings of the modes agree with a difference of the first derivative."""
    if not all(map(is_float, s.y)):
        return
    rng = s.rng()
    xs, us, vs, cts = s.x, s.tangents(rng), s.tangents(rng), s.cotangents(rng)

    def gradient(*xs):
        return pull(s, xs, cts)

    u = pack(us)
    want, error = extrapolate(lambda p: pack(gradient(*unpack(p, xs))), u, s.oracle.x)
    size = max(magnitude(want), magnitude(s.J))
    first = dr.jvp(gradient, xs, us)[1]
    fits(first, xs, "forward over reverse")
    found = {
        "forward over reverse": first,
        "reverse over reverse": dr.vjp(gradient, *xs)[1](us),
        "reverse over forward": dr.vjp(lambda *xs: push(s, xs, us), *xs)[1](s.whole(cts)),
    }
    for name, product in found.items():
        agree(pack(product), want, error, size, s.rtol(), name)
    twice = dr.jvp(lambda *xs: push(s, xs, us), xs, vs)[1]
    terms = pack(cts) * pack(arrays_of(twice))
    other = want * pack(vs)
    allowed = np.abs(pack(vs)) @ error
    agree(
        np.sum(terms),
        np.sum(other),
        allowed,
        max(magnitude(terms), magnitude(other), size),
        s.rtol(),
        "forward over forward",
    )


# --------------------------------------------------------------------------------------------------
# The same variable more than once.


def slots(s):
    """One variable in several slots: its derivatives add up."""
    groups = {}
    for k in s.varying:
        if s.primitive.rule("adjoints", k) is None:
            continue  # declared constant in this operand: where it jumps, it has no derivative
        groups.setdefault((s.arrays[k].shape, s.arrays[k].dtype), []).append(k)
    for places in groups.values():
        if len(places) < 2:
            continue
        tried = 0
        for own in places:

            def with_all(x, evaluate, places=places):
                operands = list(s.arrays)
                for k in places:
                    operands[k] = x
                return evaluate(*operands)

            with np.errstate(all="ignore"):
                try:
                    defined = np.all(np.isfinite(pack(arrays_of(with_all(s.arrays[own], s.plain)))))
                except np.linalg.LinAlgError:
                    defined = False
            if not defined:
                continue  # one operand's domain need not be another's
            tried += 1
            one = s.derived(
                f"operands {places} all the same variable {own}",
                (s.arrays[own],),
                call=lambda x, w=with_all: w(x, s.call),
                plain=lambda x, w=with_all: w(x, s.plain),
                varying=[0],
                linear=s.linear and s.primitive.flavour == "linear",
            )
            # The parts may cancel, so rounding is relative to the parts.
            J, E = one.oracle.jacobian
            size = max(magnitude(J), magnitude(s.J))
            for j, u in enumerate(basis(len(one.oracle.x))):
                t = pack(arrays_of(push(one, one.x, unpack(u, one.x))))
                agree(t, J[:, j], E[:, j], size, s.rtol(), f"{one}: tangent {j}")
            for i, e in enumerate(basis(len(pack(one.y)))):
                g = pack(pull(one, one.x, unpack(e, one.y)))
                agree(g, J[i], E[i], size, s.rtol(), f"{one}: cotangent {i}")
        assert tried, f"no operand of {places} lies in the domain of the others"


def fan(s):
    """A variable used by three operations, and a result used by three: cotangents accumulate."""
    if not all(map(is_float, s.y)):
        return
    rng = s.rng()
    cts = [s.cotangents(rng) for _ in range(3)]
    whole = tuple(map(s.whole, cts))

    def scale(y, c):
        return tuple(c * v for v in y) if isinstance(y, tuple) else c * y

    def again(*xs):
        return s.f(*xs), s.f(*xs), s.f(*xs)

    def reuse(*xs):
        y = s.f(*xs)
        # Multiplication by one hands on the very cotangent that it gets.
        return scale(y, 1.0), scale(y, 2.0), scale(y, 3.0)

    cases = {
        "three operations on one variable": (again, (1.0, 1.0, 1.0)),
        "one result used three times": (reuse, (1.0, 2.0, 3.0)),
    }
    size = 6 * magnitude(s.J)
    for what, (f, weights) in cases.items():
        total = sum(w * pack(c) for w, c in zip(weights, cts, strict=True))
        want, error = total @ s.J, np.abs(total) @ s.oracle.jacobian.error
        agree(pack(dr.vjp(f, *s.x)[1](whole)), want, error, size, s.rtol(), what)
        lanes = dr.vmap(lambda *cts, f=f: dr.vjp(f, *s.x)[1](cts))
        many = lanes(*map(_stacked, whole))
        for lane in range(LANES):
            got = pack([g[lane] for g in many])
            agree(got, want, error, size, s.rtol(), f"{what}, in lanes")


def _stacked(tree):
    return tuple(_stacked(v) for v in tree) if isinstance(tree, tuple) else np.stack([tree] * LANES)


# --------------------------------------------------------------------------------------------------
# Batching.


def batch(s):
    """vmap over any choice of operands is a loop; so are its derivatives, inside and outside."""
    lanes = [s.redraw(lane) for lane in range(LANES)]
    floats = [k for k in s.varying if all(np.shape(lane[k]) == s.arrays[k].shape for lane in lanes)]
    everything = range(len(s.arrays))
    choices = (
        [c for n in range(1, len(s.lanes) + 1) for c in itertools.combinations(s.lanes, n)]
        if len(s.lanes) <= 3
        else [(k,) for k in s.lanes] + [tuple(s.lanes)]
    )
    for mapped in choices:
        operands = [
            np.stack([lane[k] for lane in lanes]) if k in mapped else s.arrays[k]
            for k in everything
        ]
        axes = tuple(0 if k in mapped else None for k in everything)

        def lane_of(k, operands=operands, mapped=mapped):
            return [v[k] if j in mapped else v for j, v in enumerate(operands)]

        loop = _stack_trees([s.plain(*lane_of(k)) for k in range(LANES)])
        found = dr.vmap(s.call, in_axes=axes)(*operands)
        fits(found, loop, f"vmap over operands {mapped}")
        close(found, loop, f"vmap over operands {mapped}", s.rtol())
        if not floats or not all(map(is_float, s.y)):
            continue
        _batched_derivatives(s, floats, operands, axes, lane_of)


def _batched_derivatives(s, floats, operands, axes, lane_of):
    rng = s.rng()
    ts = [np.stack([draw(rng, s.arrays[k]) for _ in range(LANES)]) for k in floats]
    cts = [np.stack([draw(rng, v) for _ in range(LANES)]) for v in s.y]
    whole = s.whole(tuple(cts))

    def merge(xs, rest):
        out = list(rest)
        for k, x in zip(floats, xs, strict=True):
            out[k] = x
        return out

    def jvp(ts, *rest):
        return dr.jvp(lambda *xs: s.call(*merge(xs, rest)), tuple(rest[k] for k in floats), ts)[1]

    def vjp(ct, *rest):
        return dr.vjp(lambda *xs: s.call(*merge(xs, rest)), *(rest[k] for k in floats))[1](ct)

    def lane(tree, k):
        return tuple(lane(v, k) for v in tree) if isinstance(tree, tuple) else tree[k]

    pushed = _stack_trees([jvp(tuple(t[k] for t in ts), *lane_of(k)) for k in range(LANES)])
    pulled = _stack_trees([vjp(lane(whole, k), *lane_of(k)) for k in range(LANES)])
    mapped = [k for k, axis in enumerate(axes) if axis == 0]
    size = max(*(magnitude(v) for v in arrays_of(pushed)), *(magnitude(v) for v in pulled))

    def check(found, want, what):
        for one, other in zip(arrays_of(found), arrays_of(want), strict=True):
            agree(one, other, 0.0, size, s.rtol(), f"{what}, operands {mapped} in lanes")

    check(
        dr.vmap(jvp, in_axes=((0,) * len(floats), *axes))(tuple(ts), *operands),
        pushed,
        "vmap of jvp",
    )
    check(dr.vmap(vjp, in_axes=(0, *axes))(whole, *operands), pulled, "vmap of vjp")

    # From outside, a shared operand has one tangent, and the sum of the lanes' cotangents.
    own = [k in mapped for k in floats]
    shared = tuple(t if lane else t[0] for t, lane in zip(ts, own, strict=True))
    pushed = _stack_trees(
        [
            jvp(
                tuple(t[k] if lane else t for t, lane in zip(shared, own, strict=True)), *lane_of(k)
            )
            for k in range(LANES)
        ]
    )
    pulled = tuple(g if lane else np.sum(g, axis=0) for g, lane in zip(pulled, own, strict=True))

    def outside(*xs):
        return dr.vmap(s.call, in_axes=axes)(*merge(xs, operands))

    xs = tuple(operands[k] for k in floats)
    check(dr.jvp(outside, xs, shared)[1], pushed, "jvp of vmap")
    check(dr.vjp(outside, *xs)[1](whole), pulled, "vjp of vmap")


def _stack_trees(results):
    if isinstance(results[0], tuple):
        return tuple(np.stack([r[k] for r in results]) for k in range(len(results[0])))
    return np.stack(results)
