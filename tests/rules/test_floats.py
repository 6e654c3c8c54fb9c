"""Parts of floating-point numbers, parts of complex numbers, clipping, queries: NumPy's bits, at special points too."""

import numpy as np
import pytest

import dualrev as dr

SPECIAL = np.array(
    [0.0, -0.0, 0.5, -0.5, 1.0, -2.0, 2.75, -2.75, 5e-324, 1.7e308, np.inf, -np.inf, np.nan]
)
ORDINARY = np.array([0.5, -0.5, 1.0, -2.0, 2.75, -2.75, 1e-300, 1.7e308])


def same_bits(f, *arrays):
    """Values, signs of zeros and dtypes are NumPy's, in both modes."""
    with np.errstate(all="ignore"):
        want = f(*arrays)
        one = dr.vjp(f, *arrays)[0]
        other = dr.jvp(f, arrays, tuple(np.zeros_like(a) for a in arrays))[0]
    for found in (one, other):
        pairs = zip(found, want, strict=True) if isinstance(want, tuple) else [(found, want)]
        for got, expected in pairs:
            assert np.result_type(got) == np.result_type(expected)
            np.testing.assert_array_equal(got, expected)
            if np.result_type(expected).kind == "f":
                np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "f",
    [
        np.modf,
        np.frexp,
        np.spacing,
        np.signbit,
        lambda x: np.ldexp(x, 3),
        lambda x: np.ldexp(x, np.arange(13) - 6),
        lambda x: np.nextafter(x, x.dtype.type(0.3)),
        lambda x: np.copysign(x, x[::-1]),
        lambda x: np.heaviside(x, x.dtype.type(0.5)),
        lambda x: np.heaviside(x[::-1], x),
        lambda x: np.fmod(x, x.dtype.type(0.75)),
        lambda x: np.remainder(x, x.dtype.type(-0.75)),
        lambda x: np.divmod(x, x[::-1]),
        lambda x: np.round(x, 1),
        lambda x: np.round(x, -1),
        lambda x: np.angle(x),
        lambda x: np.angle(x, deg=True),
        lambda x: np.imag(x),
        lambda x: np.clip(x, -1, 2),
        lambda x: np.sign(x),
    ],
)
def test_bits(f, dtype):
    with np.errstate(over="ignore", under="ignore"):
        same_bits(f, SPECIAL.astype(dtype))


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: np.frexp(x)[0], 2.0 ** -np.frexp(ORDINARY)[1].astype(float)),
        (lambda x: np.modf(x)[0], np.ones(8)),
        (lambda x: np.modf(x)[1], np.zeros(8)),
        (lambda x: np.ldexp(x, -3), np.full(8, 0.125)),
        (lambda x: np.nextafter(x, 9.0), np.ones(8)),
        (lambda x: np.copysign(x, -1.0), -np.sign(ORDINARY)),
        (lambda x: np.copysign(3.0, x), np.zeros(8)),
        (lambda x: np.spacing(x), np.zeros(8)),
        (lambda x: np.heaviside(x, 0.5), np.zeros(8)),
        (lambda x: np.round(x, 2), np.zeros(8)),
    ],
)
def test_slopes(f, slope):
    """One number per entry, in both modes; at integers and at the smallest and largest numbers too."""
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(dr.jvp(f, (ORDINARY,), (np.ones(8),))[1], slope)
        np.testing.assert_array_equal(dr.vjp(f, ORDINARY)[1](np.ones(8))[0], slope)


def test_the_value_of_the_step_counts_at_the_step():
    x1 = np.array([-1.0, 0.0, -0.0, 2.0, np.nan])
    g = dr.grad(lambda x2: np.sum(np.heaviside(x1, x2) * np.array([1, 2, 3, 4, 0])))
    np.testing.assert_array_equal(g(np.array([5.0, 6.0, 7.0, 8.0, 9.0]))[:4], [0, 2, 3, 0])


def test_the_branch_of_fmod_is_numpys():
    """a/b rounds up to 8 where fmod still sees 7 times b: the derivative is that of the branch of the value."""
    a = np.nextafter(0.8, 0.0)
    b = 0.1
    quotients = [(k * 0.1, 0.1) for k in range(1, 200)] + [(a, b), (-a, b), (a, -b)]
    for a, b in quotients:
        y, g = dr.value_and_grad(np.fmod, argnums=1)(a, b)
        assert y == np.fmod(a, b)
        # The branch n = -g is the one for which a - n b is the value.
        assert abs(a + g * b - y) < 1e-13
        y, g = dr.value_and_grad(np.remainder, argnums=1)(a, b)
        assert abs(a + g * b - y) < 1e-13


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.gcd(x, 2),
        lambda x: np.lcm(2, x),
        lambda x: np.left_shift(x, 1),
        lambda x: np.bitwise_right_shift(x, 1),
        lambda x: np.bitwise_count(x),
        lambda x: np.invert(x),
        lambda x: x & 1,
        lambda x: np.isnat(x),
        lambda x: np.ldexp(2.0, x),
        lambda x: np.packbits(x),
    ],
)
def test_functions_of_integers_refuse_floats_as_numpy_does(f):
    for call in (f, lambda x: dr.vjp(f, x), lambda x: dr.jvp(f, (x,), (x,))):
        with pytest.raises(
            TypeError, match=r"not supported for|not contain a loop|Expected an input|only defined"
        ):
            call(np.array([1.0, 2.0]))


@pytest.mark.parametrize(
    "f", [np.bitwise_count, lambda n: np.left_shift(n, 2), lambda n: np.gcd(n, 6)]
)
def test_integers_in_lanes(f):
    n = np.arange(6).reshape(3, 2)
    np.testing.assert_array_equal(dr.vmap(f)(n), f(n))


# --------------------------------------------------------------------------------------------------
# Parts of complex numbers are views.

Z = np.array([1.0 + 2.0j, -0.5j, 0.3 - 1.0j])


def replaced(z, part, new):
    out = z.copy()
    setattr(out, part, new)
    return out


@pytest.mark.parametrize("part", ["real", "imag"])
@pytest.mark.parametrize("mode", ["item", "add", "whole", "function"])
def test_writes_to_parts(part, mode):
    """A write to z.real or z.imag is seen in z, with its derivative."""

    def write(z):
        y = z * 1.0
        if mode == "item":
            getattr(y, part)[0] = np.abs(y[1])
        elif mode == "add":
            view = getattr(np, part)(y)
            view += 2.0
            view[1:] *= 3.0
        elif mode == "whole":
            setattr(y, part, np.abs(y))
        else:
            getattr(y, part)[...] = 0.5
        return y

    np.testing.assert_allclose(dr.vjp(write, Z)[0], write(Z), rtol=1e-15)
    h = 1e-6
    for direction in (np.ones(3), 1j * np.ones(3), np.array([0.3 + 1j, -1.0, 2.0j])):
        want = (write(Z + h * direction) - write(Z - h * direction)) / (2 * h)
        np.testing.assert_allclose(dr.jvp(write, (Z,), (direction,))[1], want, atol=1e-8)
        ct = np.array([0.2 - 1j, 1.0, 0.7j])
        left = np.vdot(ct, want).real
        right = np.vdot(dr.vjp(write, Z)[1](ct)[0], direction).real
        assert abs(left - right) < 1e-8


def test_parts_see_later_writes():
    def f(z):
        y = z * 1.0
        re, im = y.real, np.imag(y)
        y[0] = 5.0 * z[1]
        return np.sum(re * re + im)

    np.testing.assert_allclose(dr.grad(f)(Z), [0.0, 6j, 0.6 + 1j])


def test_a_conjugate_is_a_copy():
    def f(x):
        y = np.conj(x)
        y[0] = 7.0
        return np.sum(x * x)

    np.testing.assert_array_equal(dr.grad(f)(np.array([1.0, 2.0])), [2.0, 4.0])


def test_real_if_close():
    tiny = Z.real + 1e-15j
    y, g = dr.value_and_grad(lambda z: np.sum(np.real_if_close(z) ** 2))(tiny)
    assert y == np.sum(np.real_if_close(tiny) ** 2)
    np.testing.assert_array_equal(g, 2 * Z.real)
    with pytest.raises(dr.EscapeError, match="batched"):
        dr.vmap(np.real_if_close)(Z[:, None])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"nan": 2.5},
        {"posinf": 1, "neginf": -1.0},
        {"nan": np.inf, "posinf": np.inf, "neginf": np.nan},
        {"nan": np.arange(13.0)},
    ],
)
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.complex128, np.complex64])
def test_nan_to_num(options, kind):
    """NumPy's bits; the derivative is that of the numbers that stay."""
    with np.errstate(all="ignore"):
        x = SPECIAL.astype(kind)
        if np.iscomplexobj(x):
            x.imag = SPECIAL[::-1]
        want = np.nan_to_num(x, **options)
        met = []

        def f(x):
            y = x.copy()
            assert np.nan_to_num(y, copy=False, **options) is y
            met.append(dr.value(y))
            return np.nan_to_num(x, **options)

        y, pullback = dr.vjp(f, x)
    for found in (y, *met):
        assert found.dtype == want.dtype
        np.testing.assert_array_equal(found, want)
    g = pullback(np.full(13, 1 + 1j if np.iscomplexobj(x) else 1, x.dtype))[0]
    np.testing.assert_array_equal(g.real, np.isfinite(x.real))
    np.testing.assert_array_equal(g.imag, np.isfinite(x.imag) & np.iscomplexobj(x))


def test_sign_of_complex_zeros():
    z = np.array([0, -0.0, complex(-0.0, -0.0), 3 - 4j, -2, 1e-320j])
    y, pullback = dr.vjp(np.sign, z)
    np.testing.assert_array_equal(y, np.sign(z))
    np.testing.assert_array_equal(np.signbit(y.real), np.signbit(np.sign(z).real))
    np.testing.assert_array_equal(pullback(np.ones(6, complex))[0][:3], [0, 0, 0])


# --------------------------------------------------------------------------------------------------
# Clipping, with the options of a ufunc.

X = np.array([-1.5, 0.2, 0.9, 3.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.clip(x, 0, 1),
        lambda x: np.clip(x, a_min=0.5, a_max=None),
        lambda x: np.clip(x, min=0, max=[1.0, 0.1, 2.0, 2.5]),
        lambda x: np.clip(x, None, None),
        lambda x: np.clip(x, 2, 1),
        lambda x: np.clip(x, 0, 1, dtype=complex),
        lambda x: np.clip(x, 0, 1, where=[True, False, True, True], out=x.copy()),
        lambda x: x.clip(0),
        lambda x: x.clip(max=1.0),
    ],
)
def test_clip_options(f):
    want = f(X)
    y, pullback = dr.vjp(f, X)
    np.testing.assert_array_equal(y, want)
    assert y.dtype == want.dtype
    inside = (want == X).astype(float)
    np.testing.assert_array_equal(pullback(np.ones_like(want))[0], inside)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: np.clip(x, 0, 1, min=0), ValueError, "forbidden"),
        (lambda x: np.clip(x, 0, 1, dtype=int), TypeError, "[Cc]annot"),
    ],
)
def test_clip_refuses(call, error, words):
    for run in (call, lambda x: dr.vjp(call, x)):
        with pytest.raises(error, match=words):
            run(X)


# --------------------------------------------------------------------------------------------------
# Queries.


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: np.array_repr(x, precision=1),
        lambda x: np.array_str(x, 20),
        lambda x: np.array2string(x, 20, 1, True, ";"),
        lambda x: np.shares_memory(x[:, ::2], x[:, 1::2]),
        lambda x: np.may_share_memory(x[:, ::2], x[:, 1::2]),
        lambda x: np.iscomplex(x * 1j + 1),
        lambda x: np.isreal(x * 1j),
        lambda x: np.isrealobj(x),
        lambda x: np.iscomplexobj(x[0, 0] + 1j),
        lambda x: np.isfortran(np.asfortranarray(np.ones((2, 3))) * x),
    ],
)
def test_queries(ask):
    x = np.array([[0.62, 0.21, 0.47], [0.35, 0.83, 0.56]])
    met = []

    def f(x):
        met.append(ask(x))
        return x * x

    dr.vjp(f, x)
    dr.jvp(f, (x,), (x,))
    for found in met:
        np.testing.assert_array_equal(found, ask(x))
        assert type(found) is type(ask(x))


def test_a_traced_number_is_a_scalar():
    from dualrev import numpy as mirror

    met = []

    def f(x):
        met.append(
            [mirror.isscalar(x), mirror.isscalar(x[0]), mirror.iterable(x), mirror.iterable(x[0])]
        )
        return x

    dr.vjp(f, X)
    assert met == [[False, True, True, False]]
    assert mirror.isscalar(2.0)
    assert not mirror.isscalar([2.0])
    assert mirror.iterable("ab")
