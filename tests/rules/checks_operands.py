"""Checks of operands: precision, complex numbers, memory layout, shapes."""

import warnings

import numpy as np

import dualrev as dr
from tests.rules.checks_derivatives import adjoint, jacobian, mixes_parts, second, tangent
from tests.rules.oracles import arrays_of, extrapolate, magnitude, pack, rows_of
from tests.rules.subjects import (
    RTOL,
    RTOL32,
    agree,
    close,
    draw,
    fits,
    is_complex,
    is_float,
    narrow,
    pull,
    push,
    same,
)

# --------------------------------------------------------------------------------------------------
# Precision, complex numbers, memory layout, shapes.


def _wide(v):
    v = np.asarray(v)
    return (
        v.astype({"f": np.float64, "c": np.complex128}[v.dtype.kind]) if v.dtype.kind in "fc" else v
    )


def single(s):
    """float32 in, float32 out: values, first and second derivatives, to single precision."""
    arrays = tuple(map(narrow, s.arrays))
    wide = s.derived("rounded to single precision", tuple(map(_wide, arrays)))
    thin = s.derived("narrowed", arrays)
    y = s.plain(*arrays)
    xs = thin.x
    rng = s.rng()
    ts = tuple(draw(rng, v) for v in xs)
    cts = tuple(draw(rng, v) for v in arrays_of(y))
    found, t = dr.jvp(thin.f, xs, ts)
    s.same(found, y, "value in single precision", float(np.finfo(np.float32).eps))
    fits(t, y, "tangent in single precision")
    g = pull(thin, xs, cts)
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
        dr.jvp(lambda *xs: pull(thin, xs, cts), xs, ts)[1],
        xs,
        "second derivative in single precision",
    )


def mixed(s):
    """Double beside single: a derivative has the dtype, and the accuracy, of what it belongs to."""
    if len(s.varying) < 2 or not all(map(is_float, s.y)):
        return
    rounded = tuple(map(narrow, s.arrays))
    wide = s.derived("rounded to single precision", tuple(map(_wide, rounded)))
    J, E = wide.oracle.jacobian
    for place, k in enumerate(s.varying):
        columns = rows_of(s.x)[place]
        for own, others, accuracy in ((_wide, rounded, s.rtol()), (narrow, wide.arrays, RTOL32)):
            arrays = [own(rounded[j]) if j == k else v for j, v in enumerate(others)]
            f = s.alone(k, arrays)
            y = s.plain(*arrays)
            rng = s.rng()
            t, cts = draw(rng, arrays[k]), tuple(draw(rng, v) for v in arrays_of(y))
            what = f"operand {k} {arrays[k].dtype}, the others constants of the other precision"
            pushed = dr.jvp(f, (arrays[k],), (t,))[1]
            (g,) = dr.vjp(f, arrays[k])[1](s.whole(cts))
            fits(pushed, y, what)
            fits(g, arrays[k], what)
            # A derivative cannot be asked to be more accurate than the value.
            off = magnitude(pack(arrays_of(y)) - pack(wide.y))
            eps = max(float(np.finfo(v.dtype).eps) for v in arrays_of(y))
            rtol = RTOL32 if off > accuracy else max(accuracy, 32 * eps)
            for found, line, error in (
                (
                    pack(arrays_of(pushed)),
                    J[:, columns] @ pack((t,)),
                    E[:, columns] @ np.abs(pack((t,))),
                ),
                (pack((g,)), pack(cts) @ J[:, columns], np.abs(pack(cts)) @ E[:, columns]),
            ):
                agree(found, line, error, magnitude(J), rtol, what)


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
    assert all(map(is_complex, z.y)), "declared analytic, but real where its operands are complex"
    assert not mixes_parts(z), "declared analytic, but the Cauchy-Riemann equations do not hold"
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


def parts(s):
    """A real operand beside complex ones: its cotangent is real, its tangent complex."""
    if (
        len(s.varying) < 2
        or not s.analytic
        or any(map(is_complex, s.x))
        or not s.oracle.takes_complex()
    ):
        return
    rng = s.rng()
    turned = {k: s.arrays[k] + 0.25j * rng.normal(size=s.arrays[k].shape) for k in s.varying}
    for k in s.varying:
        arrays = tuple(turned.get(j, v) if j != k else v for j, v in enumerate(s.arrays))
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            try:
                s.plain(*arrays)
            except np.exceptions.ComplexWarning:
                continue  # NumPy itself drops the imaginary part, and says so
        one = s.derived(f"operand {k} real, the others complex", arrays)
        if any(map(is_complex, one.y)):
            tangent(one)
            adjoint(one)
            second(one)
            jacobian(one)


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
    """Operations entry by entry take Python numbers, no dimensions, no entries, and broadcast."""
    if s.primitive.flavour != "elementwise" or not all(map(is_float, s.y)):
        return
    scalars = s.derived("numbers", tuple(v.flat[0] for v in s.arrays))
    tangent(scalars)
    adjoint(scalars)
    want = scalars.J
    entries = tuple(v[()] for v in scalars.x)
    unit = dr.jvp(scalars.f, entries, tuple(v.dtype.type(1) for v in entries))[1]
    for make in (lambda v: v.item(), lambda v: v, np.asarray):
        operands = tuple(make(v) for v in entries)
        y, pullback = dr.vjp(scalars.f, *operands)
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
                scalars.f,
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
        none = s.derived(f"empty {shape}", tuple(np.empty(shape, v.dtype) for v in s.arrays))
        pulled = pull(none, none.x, (np.empty(shape, s.y[0].dtype),))
        assert all(v.shape == shape for v in pulled)
        assert np.shape(push(none, none.x, none.x)) == shape
        for mode in ("forward", "reverse"):
            J = dr.jacobian(none.f, mode=mode)(*none.x)
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
