"""The scrutiny that every primitive gets: one function per promise, none of which names an operation.

A check takes a `Subject` (an operation at one sample) and raises if the promise is broken. Tests run
all checks on all primitives (`test_registry.py`), and on wrong ones that must fail (`test_mutants.py`).
"""

import itertools
from contextlib import contextmanager

import numpy as np

import dualrev as dr
from dualrev.core.bind import bind
from dualrev.core.primitive import ENTRIES, PRIMITIVES, UFUNCS, Primitive
from dualrev.modes.forward import DualArray, DualScalar, Forward, dual
from dualrev.modes.pushing import pushers
from dualrev.modes.recording import recorders
from dualrev.modes.reverse import VariableArray, VariableScalar
from dualrev.modes.sweep import seed_cotangent, sweep
from tests.rules.oracles import (
    EPS,
    Estimate,
    Oracle,
    arrays_of,
    basis,
    extrapolate,
    magnitude,
    pack,
    rows_of,
    unpack,
)

SEED = 20240607
LANES = 3
# Relative to the largest entry of the block: rounding, with four digits for the condition of a sample.
RTOL = 1e-11
# The same in single precision, with two digits: samples are small and well conditioned.
RTOL32 = 256 * float(np.finfo(np.float32).eps)


class Subject:
    """An operation at one sample: how to call it on traced and on plain operands, and where."""

    def __init__(self, label, call, plain, arrays, varying, *, linear, analytic, store=None):
        self.label = label
        self.call = call
        self.plain = plain
        self.arrays = tuple(np.array(a) for a in arrays)
        self.varying = varying
        self.linear = linear
        self.analytic = analytic
        self.primitive = None
        self.params = {}
        self.redraw = None
        self._store = {} if store is None else store

    def __str__(self):
        return self.label

    def f(self, *operands):
        """Evaluate at other values of the varying operands."""
        return self.call(*self.merged(operands))

    def merged(self, operands):
        arrays = list(self.arrays)
        for k, v in zip(self.varying, operands, strict=True):
            arrays[k] = v
        return arrays

    def alone(self, k, arrays=None):
        """Return the operation as a function of operand `k` only."""
        held = list(self.arrays if arrays is None else arrays)
        return lambda x: self.call(*held[:k], x, *held[k + 1 :])

    @property
    def x(self):
        return tuple(self.arrays[k] for k in self.varying)

    @property
    def y(self):
        return self.oracle.y

    @property
    def oracle(self):
        """The Jacobian from outside, computed once and shared with mutants of the operation."""
        if "oracle" not in self._store:
            self._store["oracle"] = Oracle(
                self.plain, self.arrays, self.varying, linear=self.linear, analytic=self.analytic
            )
        return self._store["oracle"]

    @property
    def J(self):
        return self.oracle.jacobian.value

    def rng(self):
        return np.random.default_rng(SEED)

    def tangents(self, rng):
        return tuple(draw(rng, v) for v in self.x)

    def cotangents(self, rng):
        return tuple(draw(rng, v) for v in self.y)

    def whole(self, cotangents):
        """Put cotangents into the structure of the output."""
        return cotangents if isinstance(self.plain(*self.arrays), tuple) else cotangents[0]

    def rtol(self):
        return max(RTOL, 32 * self.oracle.eps)

    def derived(self, name, arrays, **changes):
        """Return a subject with other arrays (or another call), with an oracle of its own."""
        options = dict(
            call=self.call,
            plain=self.plain,
            varying=self.varying,
            linear=self.linear,
            analytic=self.analytic,
        )
        options |= changes
        out = Subject(
            f"{self.label}, {name}",
            arrays=arrays,
            store=self._store.setdefault(name, {}),
            **options,
        )
        out.primitive = self.primitive
        return out


def draw(rng, like):
    """Return a random tangent or cotangent: entries of either sign, between 0.2 and 1 in size."""
    like = np.asarray(like)

    def part():
        return rng.uniform(0.2, 1.0, like.shape) * rng.choice([-1.0, 1.0], like.shape)

    if like.dtype.kind not in "fc":
        return np.ones(like.shape, like.dtype)
    return (part() + 1j * part() if like.dtype.kind == "c" else part()).astype(like.dtype)


def subjects(primitive, seed=0, stores=None):
    """Yield the samples of a primitive; `stores` shares oracles between a primitive and its mutants."""
    for index, (arrays, params) in enumerate(primitive.samples(seed)):
        varying = [k for k, a in enumerate(arrays) if np.asarray(a).dtype.kind in "fc"]
        shapes = ", ".join(f"{np.asarray(a).dtype}{list(np.shape(a))}" for a in arrays)
        options = "".join(f", {k}={v!r}" for k, v in params.items())
        label = f"{primitive.name}({shapes}{options}), case {index}, seeds {seed} and {SEED}"

        # The general path; the check named shortcuts compares all others with it.
        def call(*operands, params=params):
            return bind(primitive, operands, params)

        def plain(*operands, params=params):
            return primitive.fun(*operands, **params)

        store = None if stores is None else stores.setdefault((primitive.name, seed, index), {})
        subject = Subject(
            label,
            call,
            plain,
            arrays,
            varying,
            linear=primitive.flavour in ("linear", "bilinear"),
            analytic=primitive.analytic,
            store=store,
        )
        subject.primitive = primitive
        subject.params = params
        subject.redraw = lambda lane, index=index: tuple(
            np.array(a)
            for a in primitive.cases[index].arrays(np.random.default_rng([seed, index, lane]))
        )
        yield subject


def variant(primitive, **changes):
    """Return a private copy of a primitive with other fields; the registry never hears of it."""
    copy = object.__new__(Primitive)
    for name in Primitive.__slots__:
        if name != "__dict__":
            setattr(copy, name, getattr(primitive, name))
    copy.shortcuts = {}
    for name, value in changes.items():
        setattr(copy, name, value)
    copy.call = lambda *arrays, **params: bind(copy, arrays, params)
    return copy


@contextmanager
def private_registry():
    """Forget on exit what was registered inside."""
    tables = (PRIMITIVES, ENTRIES, UFUNCS, recorders, pushers)
    saved = [dict(table) for table in tables]
    classes = (VariableArray, VariableScalar, DualArray, DualScalar)
    methods = [dict(vars(cls)) for cls in classes]
    try:
        yield
    finally:
        for table, old in zip(tables, saved, strict=True):
            table.clear()
            table.update(old)
        for cls, old in zip(classes, methods, strict=True):
            for name, method in list(vars(cls).items()):
                if name not in old:
                    delattr(cls, name)
                elif old[name] is not method:
                    setattr(cls, name, old[name])


# --------------------------------------------------------------------------------------------------
# Comparisons. A number that is not finite never agrees with anything.


def agree(found, value, error, scale, rtol, what):
    """Raise unless `found` is within `error`, and rounding at `scale`, of `value`, entry by entry.

    The samples are of order one, so rounding is relative to one at least (a result may cancel to zero).
    """
    found, value = np.asarray(found), np.asarray(value)
    if found.shape != value.shape:
        raise AssertionError(f"{what}: shape {found.shape}, not {value.shape}")
    if not (np.all(np.isfinite(found)) and np.all(np.isfinite(value))):
        raise AssertionError(f"{what}: not finite: {found} against {value}")
    off = np.abs(np.subtract(found, value, dtype=complex))
    allowed = np.broadcast_to(2 * np.asarray(error) + rtol * np.maximum(scale, 1.0), off.shape)
    if not np.all(off <= allowed):
        worst = np.unravel_index(np.argmax(off - allowed), off.shape)
        raise AssertionError(
            f"{what}: entry {tuple(map(int, worst))} is {found[worst]!r}, not {value[worst]!r}: "
            f"off by {off[worst]:.2e} where {allowed[worst]:.2e} is explained"
        )


def close(found, value, what, rtol=RTOL, scale=0.0):
    """Raise unless two results agree to rounding at the largest entry (of `value`, or `scale`)."""
    for one, other in zip(arrays_of(found), arrays_of(value), strict=True):
        agree(one, other, 0.0, max(magnitude(other), scale), rtol, what)


def same(found, value, what):
    """Raise unless two results are equal, bit for bit."""
    for one, other in zip(arrays_of(found), arrays_of(value), strict=True):
        if one.dtype != other.dtype or one.shape != other.shape:
            raise AssertionError(f"{what}: {one.dtype}{one.shape}, not {other.dtype}{other.shape}")
        if not (np.all(np.isfinite(one)) and np.array_equal(one, other)):
            raise AssertionError(f"{what}: {one!r}, not {other!r}")


def is_float(v):
    return np.asarray(v).dtype.kind in "fc"


def fits(found, like, what):
    """Raise unless a derivative has the shape and dtype of what it belongs to (integers have none)."""
    for one, other in zip(arrays_of(found), arrays_of(like), strict=True):
        assert one.shape == np.shape(other), f"{what}: shape {one.shape}, not {np.shape(other)}"
        if is_float(other):
            assert one.dtype == np.asarray(other).dtype, (
                f"{what}: {one.dtype}, not {np.asarray(other).dtype}"
            )


def push(s, xs, ts, f=None):
    return dr.jvp(s.f if f is None else f, tuple(xs), tuple(ts))[1]


def pull(s, xs, cts, f=None):
    return dr.vjp(s.f if f is None else f, *xs)[1](s.whole(cts))


# --------------------------------------------------------------------------------------------------
# First order.


def value(s):
    """Tracing changes neither the value nor its dtype."""
    want = s.plain(*s.arrays)
    xs, ts = s.x, s.tangents(s.rng())
    same(s.call(*s.arrays), want, "on plain arrays")
    same(dr.jvp(s.f, xs, ts)[0], want, "value under jvp")
    same(dr.vjp(s.f, *xs)[0], want, "value under vjp")
    same(dr.linearize(s.f, *xs)[0], want, "value under linearize")
    tape = dr.Tape()
    got = s.f(*(tape.variable(v) for v in xs))
    same(
        tuple(dr.value(v) for v in got) if isinstance(got, tuple) else dr.value(got),
        want,
        "value on a tape",
    )


def tangent(s):
    """Forward mode gives the columns of the oracle's Jacobian, for all operands traced and for each alone."""
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
    """Reverse mode gives the rows of the oracle's Jacobian, for all operands traced and for each alone."""
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
            if _mixes_parts(s):
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


def _mixes_parts(s):
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
    """vmap over any choice of operands is a loop; so are vmap of a derivative and a derivative of vmap."""
    lanes = [s.redraw(lane) for lane in range(LANES)]
    floats = [k for k in s.varying if all(np.shape(lane[k]) == s.arrays[k].shape for lane in lanes)]
    everything = range(len(s.arrays))
    choices = (
        [c for n in range(1, len(s.arrays) + 1) for c in itertools.combinations(everything, n)]
        if len(s.arrays) <= 3
        else [(k,) for k in everything] + [tuple(everything)]
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
    if not set(floats) <= set(mapped):
        return

    def outside(*xs):
        return dr.vmap(s.call, in_axes=axes)(*merge(xs, operands))

    xs = tuple(operands[k] for k in floats)
    check(dr.jvp(outside, xs, tuple(ts))[1], pushed, "jvp of vmap")
    check(dr.vjp(outside, *xs)[1](whole), pulled, "vjp of vmap")


def _stack_trees(results):
    if isinstance(results[0], tuple):
        return tuple(np.stack([r[k] for r in results]) for k in range(len(results[0])))
    return np.stack(results)


# --------------------------------------------------------------------------------------------------
# Precision, complex numbers, memory layout, shapes.

_NARROW = {"f": np.float32, "c": np.complex64}


def _narrow(v):
    v = np.asarray(v)
    return v.astype(_NARROW[v.dtype.kind]) if v.dtype.kind in "fc" else v


def _wide(v):
    v = np.asarray(v)
    return (
        v.astype({"f": np.float64, "c": np.complex128}[v.dtype.kind]) if v.dtype.kind in "fc" else v
    )


def single(s):
    """float32 in, float32 out: values, both derivatives and second derivatives, accurate to single precision."""
    arrays = tuple(map(_narrow, s.arrays))
    wide = s.derived("rounded to single precision", tuple(map(_wide, arrays)))
    y = s.plain(*arrays)
    xs = tuple(arrays[k] for k in s.varying)
    rng = s.rng()
    ts = tuple(draw(rng, v) for v in xs)
    cts = tuple(draw(rng, v) for v in arrays_of(y))
    found, t = dr.jvp(s.f, xs, ts)
    same(found, y, "value in single precision")
    fits(t, y, "tangent in single precision")
    g = pull(s, xs, cts)
    fits(g, xs, "cotangent in single precision")
    if not all(map(is_float, s.y)):
        return
    J, E = wide.oracle.jacobian
    size = magnitude(J)
    dense = pack(ts), pack(cts)
    agree(
        pack(arrays_of(t)),
        J @ dense[0],
        E @ np.abs(dense[0]),
        size,
        RTOL32,
        "tangent in single precision",
    )
    agree(
        pack(g), dense[1] @ J, np.abs(dense[1]) @ E, size, RTOL32, "cotangent in single precision"
    )
    fits(
        dr.jvp(lambda *xs: pull(s, xs, cts), xs, ts)[1], xs, "second derivative in single precision"
    )


def mixed(s):
    """Double precision beside single: a derivative has the dtype, and the accuracy, of what it belongs to."""
    if len(s.varying) < 2 or not all(map(is_float, s.y)):
        return
    narrow = tuple(map(_narrow, s.arrays))
    rounded = s.derived("rounded to single precision", tuple(map(_wide, narrow)))
    J, E = rounded.oracle.jacobian
    for place, k in enumerate(s.varying):
        columns = rows_of(s.x)[place]
        for own, others, rtol in ((_wide, narrow, s.rtol()), (_narrow, rounded.arrays, RTOL32)):
            arrays = [own(narrow[j]) if j == k else v for j, v in enumerate(others)]
            f = s.alone(k, arrays)
            y = s.plain(*arrays)
            rng = s.rng()
            t, cts = draw(rng, arrays[k]), tuple(draw(rng, v) for v in arrays_of(y))
            what = f"operand {k} {arrays[k].dtype}, the others constants of the other precision"
            tangent = dr.jvp(f, (arrays[k],), (t,))[1]
            (g,) = dr.vjp(f, arrays[k])[1](s.whole(cts))
            fits(tangent, y, what)
            fits(g, arrays[k], what)
            # A derivative cannot be asked to be more accurate than the value.
            off = magnitude(pack(arrays_of(y)) - pack(rounded.y))
            rtol = (
                RTOL32
                if off > rtol
                else max(rtol, *(32 * float(np.finfo(v.dtype).eps) for v in arrays_of(y)))
            )
            dense = pack((t,)), pack(cts)
            size = magnitude(J)
            agree(
                pack(arrays_of(tangent)),
                J[:, columns] @ dense[0],
                E[:, columns] @ np.abs(dense[0]),
                size,
                rtol,
                what,
            )
            agree(
                pack((g,)),
                dense[1] @ J[:, columns],
                np.abs(dense[1]) @ E[:, columns],
                size,
                rtol,
                what,
            )


def holomorphic(s):
    """At complex operands an analytic operation has tangent f'(z) t and adjoint conj(f'(z)) ct."""
    if any(isinstance(p, np.dtype) for p in s.params.values()):
        return  # the sample says itself of which dtype it is
    if not s.analytic or any(map(is_complex, s.x)) or not s.oracle.takes_complex():
        return
    rng = s.rng()
    arrays = tuple(
        v + 0.25j * rng.normal(size=v.shape) if k in s.varying else v
        for k, v in enumerate(s.arrays)
    )
    z = s.derived("at complex operands", arrays)
    if not all(v.dtype.kind == "c" for v in z.y):
        return
    assert not _mixes_parts(z), "declared analytic, but the Cauchy-Riemann equations do not hold"
    # A function declared analytic gets the complex step at real operands: two oracles, one answer.
    one, other = s.oracle, z.oracle
    if one.method == "complex step":
        direction = draw(rng, one.x)
        want = extrapolate(one.packed, direction, one.x)
        exact = one.complex_step(direction)
        agree(
            want.value,
            exact.value,
            want.error + exact.error,
            magnitude(exact.value),
            RTOL,
            "the two oracles",
        )
    assert other.jacobian.value.shape == (len(pack(z.y)), len(pack(z.x)))
    tangent(z)
    adjoint(z)
    second(z)
    jacobian(z)


def layouts(s):
    """Derivatives do not depend on memory layout: transposed, reversed, strided, read-only."""
    rng = s.rng()
    ts, cts = s.tangents(rng), s.cotangents(rng)
    if not all(map(is_float, s.y)):
        return
    t, g = push(s, s.x, ts), pull(s, s.x, cts)
    size = magnitude(s.J)
    views = {
        "transposed": (lambda v: np.transpose(v).copy(), np.transpose),
        "reversed": (
            lambda v: v[..., ::-1].copy() if v.ndim else v,
            lambda v: v[..., ::-1] if np.ndim(v) else v,
        ),
        "strided": (
            lambda v: np.repeat(v, 2, -1) if v.ndim else v,
            lambda v: v[..., ::2] if np.ndim(v) else v,
        ),
    }
    for name, (store, view) in views.items():
        stored = tuple(store(v) for v in s.x)

        def f(*vs, view=view):
            return s.f(*(view(v) for v in vs))

        close(
            dr.jvp(f, stored, tuple(store(v) for v in ts))[1], t, f"tangent, {name}", s.rtol(), size
        )
        strange = s.whole(tuple(view(store(v)) for v in cts))
        found = dr.vjp(f, *stored)[1](strange)
        close(tuple(view(v) for v in found), g, f"cotangent, {name}", s.rtol(), size)
        held = [view(store(v)) for v in s.arrays]
        for v in held:
            v.flags.writeable = False
        for place, k in enumerate(s.varying):
            (one,) = dr.vjp(s.alone(k, held), held[k])[1](strange)
            close(
                one,
                g[place],
                f"cotangent of operand {k}, the others {name} and read-only",
                s.rtol(),
                size,
            )
            along = dr.jvp(s.alone(k, held), (held[k],), (ts[place],))[1]
            want = push(s, (s.arrays[k],), (ts[place],), s.alone(k))
            close(
                along,
                want,
                f"tangent of operand {k}, the others {name} and read-only",
                s.rtol(),
                size,
            )


_SHAPES = (
    ((2, 1), (3,), ()),
    ((), (2, 3), (1,)),
    ((2, 3), (), (3,)),
    ((1, 3), (2, 3, 1), (2, 1, 1)),
)


def shapes(s):
    """An operation entry by entry takes Python numbers, no dimensions, no entries, and broadcasts."""
    if s.primitive.flavour != "elementwise" or not all(map(is_float, s.y)):
        return
    entries = tuple(v.flat[0] for v in s.arrays)
    scalars = s.derived("numbers", entries)
    tangent(scalars)
    adjoint(scalars)
    want = scalars.J
    unit = dr.jvp(s.call, entries, tuple(v.dtype.type(1) for v in entries))[1]
    for make in (lambda v: v.item(), lambda v: v, np.asarray):
        operands = tuple(make(v) for v in entries)
        y, pullback = dr.vjp(s.call, *operands)
        assert np.shape(y) == ()
        g = pullback(1.0)
        assert all(np.shape(v) == () for v in g), "the derivative of a number is no number"
        agree(
            pack(g),
            want[0],
            scalars.oracle.jacobian.error[0],
            scalars.oracle.scale()[0],
            s.rtol(),
            "numbers",
        )
        same(
            dr.jvp(
                s.call,
                operands,
                tuple(
                    type(v)(1) if not isinstance(v, np.ndarray) else np.ones((), v.dtype)
                    for v in operands
                ),
            )[1],
            unit,
            "tangent of numbers",
        )
    for shape in ((0,), (0, 2)):
        empty = tuple(np.empty(shape, v.dtype) for v in s.arrays)
        assert all(
            v.shape == shape for v in pull(s, empty, (np.empty(shape, s.y[0].dtype),), s.call)
        )
        assert np.shape(push(s, empty, empty, s.call)) == shape
        for mode in ("forward", "reverse"):
            J = dr.jacobian(s.call, mode=mode)(*empty)
            assert np.shape(J) == shape + shape, (
                f"jacobian(mode={mode!r}) of no entries has shape {np.shape(J)}"
            )
    if len(s.arrays) > 1:
        for n, choice in enumerate(_SHAPES):
            arrays = tuple(np.resize(v, choice[k % 3]) for k, v in enumerate(s.arrays))
            wide = s.derived(f"broadcast {n}", arrays)
            tangent(wide)
            adjoint(wide)
            second(wide)
            jacobian(wide)


# --------------------------------------------------------------------------------------------------
# The other ways in: duals and tapes by hand, shortcuts, strong zeros.


def duals(s):
    """Duals made by hand agree with jvp, and nested ones with its second order."""
    rng = s.rng()
    xs, us, vs = s.x, s.tangents(rng), s.tangents(rng)
    y = s.f(*(dr.Dual(x, u) for x, u in zip(xs, us, strict=True)))
    if not all(map(is_float, s.y)):
        same(dr.value(y), s.plain(*s.arrays), "value of a dual")
        return
    parts = y if isinstance(y, tuple) else (y,)
    same(tuple(p.primal for p in parts), s.y, "primal of a dual")
    want = push(s, xs, us)
    close(
        tuple(p.tangent for p in parts),
        arrays_of(want),
        "tangent of a dual",
        s.rtol(),
        magnitude(s.J),
    )
    nested = s.f(*(dr.Dual(dr.Dual(x, u), v) for x, u, v in zip(xs, us, vs, strict=True)))
    parts = nested if isinstance(nested, tuple) else (nested,)
    twice = dr.jvp(lambda *xs: push(s, xs, vs), xs, us)[1]
    found = tuple(
        p.tangent.tangent if isinstance(p.tangent, dr.Dual) else np.zeros(np.shape(p.tangent))
        for p in parts
    )
    size = max(magnitude(s.J), *(magnitude(v) for v in arrays_of(twice)))
    close(found, arrays_of(twice), "second order of nested duals", s.rtol(), size)


def tapes(s):
    """A tape by hand, and every variant of the sweep, agree with the pullback; careful duals with jvp."""
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
        assert s.primitive.name in str(watched) or s.primitive.operator, (
            "the trace does not name the operation"
        )
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
    found = tuple(p.tangent if isinstance(p, dr.Dual) else np.zeros(np.shape(p)) for p in parts)
    close(found, arrays_of(push(s, xs, ts)), "tangent with strong zeros", s.rtol(), size)


def is_complex(x):
    return np.asarray(x).dtype.kind == "c"


def ways(s):
    """Return every way of writing an operation that may have a shortcut: its call, the ufunc, the operator."""
    primitive = s.primitive
    out = {}
    if primitive.shortcuts:
        out["call"] = lambda *operands: primitive.call(*operands, **s.params)
    if isinstance(primitive.fun, np.ufunc):
        out["ufunc"] = primitive.fun
    if primitive.operator is not None:
        code = compile(primitive.operator, f"<operator of {primitive.name}>", "eval")
        out["operator"] = lambda *operands: eval(code, dict(zip(primitive.arguments, operands, strict=True)))
    return out


def shortcuts(s):
    """The shortcuts of both modes agree with the general path, beside every kind of constant."""
    kinds = [lambda v: v, _narrow]
    if s.primitive.flavour == "elementwise":
        kinds += [lambda v: v.flat[0].item(), lambda v: v.flat[0], lambda v: np.resize(v, (2, 1, 1)), lambda v: 2]
    for name, way in ways(s).items():
        _same_everywhere(s, way, s.call, s.x, f"{name}, all traced")
        if len(s.arrays) != 2:
            continue
        for k, make in itertools.product(range(2), kinds):
            other = make(s.arrays[1 - k])

            def place(g, k=k, other=other):
                return (lambda x: g(x, other)) if k == 0 else (lambda x: g(other, x))

            what = f"{name}, operand {1 - k} a constant of type {type(other).__name__}, {np.shape(other)}"
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
    """A zero tangent or cotangent gives zero wherever the value is defined, also where the partial is infinite."""
    if s.primitive.flavour != "elementwise" or any(map(is_complex, s.arrays)):
        return
    grid = np.meshgrid(*[_EDGES] * len(s.arrays), indexing="ij")
    xs = tuple(g.ravel() for g in grid)
    with np.errstate(all="ignore"):
        y = s.plain(*xs)
        if not is_float(y):
            return
        defined = ~np.isnan(y)
        xs, y = tuple(x[defined] for x in xs), y[defined]
        nothing = tuple(map(np.zeros_like, xs))
        for name, way in {"general": s.call, **ways(s)}.items():
            t = dr.jvp(way, xs, nothing)[1]
            g = dr.vjp(way, *xs)[1](np.zeros_like(y))
            for what, found in (("tangent", t), *(("cotangent", v) for v in g)):
                bad = np.flatnonzero(~(found == 0))
                assert not bad.size, (
                    f"{name}: a zero {what} gives {found[bad[0]]} at {tuple(float(x[bad[0]]) for x in xs)}"
                )


CHECKS = {
    check.__name__: check
    for check in (
        value,
        tangent,
        adjoint,
        identity,
        jacobian,
        linearize,
        second,
        slots,
        fan,
        batch,
        single,
        mixed,
        holomorphic,
        layouts,
        shapes,
        duals,
        tapes,
        shortcuts,
        zeros,
    )
}


def run(check, subject):
    """Run one check and see that no operand was written to."""
    before = [v.copy() for v in subject.arrays]
    try:
        CHECKS[check](subject)
    except AssertionError as error:
        raise AssertionError(f"{check}: {subject}: {error}") from error
    for k, (old, new) in enumerate(zip(before, subject.arrays, strict=True)):
        if old.tobytes() != new.tobytes():
            raise AssertionError(f"{check}: {subject}: operand {k} was written to")
