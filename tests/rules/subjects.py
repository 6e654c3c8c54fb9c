"""What the checks run on: an operation at one sample, and how results are compared."""

from contextlib import contextmanager

import numpy as np

import dualrev as dr
from dualrev.core.bind import bind
from dualrev.core.primitive import ENTRIES, PRIMITIVES, UFUNCS, Primitive
from dualrev.modes.forward import DualArray, DualScalar
from dualrev.modes.pushing import pushers
from dualrev.modes.recording import live_recorders, recorders
from dualrev.modes.reverse import VariableArray, VariableScalar
from dualrev.modes.variables import LiveArray, LiveScalar
from tests.rules.oracles import EPS, Oracle, arrays_of, magnitude

SEED = 20240607
LANES = 3
# Relative to the largest entry of the block: rounding, and four digits for a sample's condition.
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
        self.lanes = None
        self.exact = True
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

    def same(self, found, value, what, eps=EPS):
        """Raise unless two values are equal: bit for bit, or (as NumPy may add up in another order
        than a composite does) to rounding at `eps`, and at the precision of the value.
        """
        if self.exact:
            same(found, value, what)
            return
        fits(found, arrays_of(value), what)
        for one, other in zip(arrays_of(found), arrays_of(value), strict=True):
            own = max(eps, float(np.finfo(other.dtype).eps)) if is_float(other) else 0.0
            agree(one, other, 0.0, magnitude(other), 64 * own, what)

    def derived(self, name, arrays, **changes):
        """Return a subject with other arrays (or another call), with an oracle of its own."""
        options = {
            name: getattr(self, name) for name in ("call", "plain", "varying", "linear", "analytic")
        }
        options |= changes
        out = Subject(
            f"{self.label}, {name}",
            arrays=arrays,
            store=self._store.setdefault(name, {}),
            **options,
        )
        out.primitive = self.primitive
        out.exact = self.exact
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
    """Yield a primitive's samples; `stores` shares oracles between a primitive and its mutants."""
    for index, (arrays, params) in enumerate(primitive.samples(seed)):
        varying = [
            k
            for k, a in enumerate(arrays)
            if np.asarray(a).dtype.kind in "fc" and not primitive.refuses(k)
        ]
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
        subject.lanes = range(len(arrays))
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
    tables = (PRIMITIVES, ENTRIES, UFUNCS, recorders, live_recorders, pushers)
    saved = [dict(table) for table in tables]
    classes = (VariableArray, VariableScalar, LiveArray, LiveScalar, DualArray, DualScalar)
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

    The samples are of order one, so rounding is relative to one at least: results may cancel.
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


_NARROW = {"f": np.float32, "c": np.complex64}


def narrow(v):
    v = np.asarray(v)
    return v.astype(_NARROW[v.dtype.kind]) if v.dtype.kind in "fc" else v


def is_complex(x):
    return np.asarray(x).dtype.kind == "c"


def fits(found, like, what):
    """Raise unless a derivative has shape and dtype of what it belongs to (integers have none)."""
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
