"""numpy.fft: every option against NumPy's values, adjoints against the matrix of the transform."""

import itertools

import numpy as np
import pytest

import dualrev as dr

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
MANY = ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"]
REAL_ONLY = ("rfft", "ihfft", "rfftn", "rfft2")
NORMS = [None, "backward", "ortho", "forward"]


def sample(name, shape, rng, dtype=float):
    x = rng.normal(size=shape).astype(dtype)
    if name in REAL_ONLY:
        return x
    return (x + 1j * rng.normal(size=shape)).astype(np.result_type(dtype, 1j))


def scrutinise(f, x, rng):
    """Values bit by bit; both modes against the matrix, column by column."""
    y = f(x)
    ct = rng.normal(size=y.shape) + (1j * rng.normal(size=y.shape) if y.dtype.kind == "c" else 0)
    ct = ct.astype(y.dtype)
    value, pullback = dr.vjp(f, x)
    (g,) = pullback(ct)
    assert g.dtype == x.dtype
    assert g.shape == x.shape
    rtol = 1e-12 if y.dtype.itemsize >= 8 * (1 + (y.dtype.kind == "c")) else 1e-5
    inner = 0.0
    units = (1.0,) if x.dtype.kind == "f" else (1.0, 1j)
    for k, unit in itertools.product(range(x.size), units):
        e = np.zeros_like(x)
        e.flat[k] = unit
        primal, t = dr.jvp(f, (x,), (e,))
        for found in (value, primal):
            assert found.dtype == y.dtype
            np.testing.assert_array_equal(found, y)
        np.testing.assert_array_equal(t, f(e))
        inner = np.sum(np.conj(ct) * f(e)).real
        np.testing.assert_allclose(
            np.real(np.conj(g.flat[k]) * unit), inner, rtol=rtol, atol=10 * rtol
        )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", ONE)
def test_one_axis(name, norm, dtype, rng):
    """Odd and even lengths; n= shorter, equal and longer."""
    f = getattr(np.fft, name)
    for length, n in itertools.product((1, 2, 4, 5), (None, 1, 2, 3, 6)):
        if n is None and name in ("irfft", "hfft") and length == 1:
            continue
        scrutinise(lambda x, n=n: f(x, n, norm=norm), sample(name, length, rng, dtype), rng)


@pytest.mark.parametrize("name", ONE)
def test_other_axes(name, rng):
    f = getattr(np.fft, name)
    x = sample(name, (3, 4, 2), rng)
    for axis in (0, 1, -1, -3):
        scrutinise(lambda x, axis=axis: f(x, axis=axis), x, rng)


@pytest.mark.parametrize("name", ["fft", "ifft", "irfft", "hfft", "fftn", "irfftn", "irfft2"])
def test_real_arguments_of_complex_transforms(name, rng):
    f = getattr(np.fft, name)
    for dtype in (np.float64, np.float32):
        scrutinise(f, rng.normal(size=(3, 4)).astype(dtype), rng)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", MANY)
def test_many_axes(name, norm, rng):
    f = getattr(np.fft, name)
    x = sample(name, (2, 3, 4), rng)
    for options in (
        {},
        {"axes": (0, 2)},
        {"axes": (-1, 0), "s": (3, 2)},
        {"axes": (1,)},
        {"axes": (1, 2), "s": (-1, 5)},
        {"axes": (2, 1, 2)},
    ):
        if "2" in name and "axes" in options and len(options["axes"]) != 2:
            continue
        scrutinise(lambda x, o=options: f(x, norm=norm, **o), x, rng)


def test_no_axes_leave_everything(rng):
    x = rng.normal(size=3)
    np.testing.assert_array_equal(dr.vjp(lambda x: np.fft.fftn(x, axes=()), x)[0], x)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
@pytest.mark.parametrize("axes", [None, 0, -1, (0, 1), [1]])
def test_shifts(name, axes, moves, rng):
    f = getattr(np.fft, name)
    moves(lambda x: f(x, axes), rng.normal(size=(5, 4)))


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
def test_frequencies_over_the_spacing(name, jac):
    f = getattr(np.fft, name)
    for n in (1, 4, 5):
        for d in (0.3, np.array(0.3)):
            np.testing.assert_array_equal(dr.vjp(lambda d, n=n: f(n, d), d)[0], f(n, d))
            np.testing.assert_allclose(jac(lambda d, n=n: f(n, d), d), -f(n, d) / d, rtol=1e-15)


def test_out_may_be_traced(rng):
    x = rng.normal(size=(3, 4))
    for name in (*ONE, *MANY):
        f = getattr(np.fft, name)
        want = f(x)

        def into(x, f=f, want=want):
            out = np.zeros_like(x, dtype=want.dtype, shape=want.shape)
            assert f(x, out=out) is out
            return out

        found, t = dr.jvp(into, (x,), (x,))
        np.testing.assert_array_equal(found, want)
        np.testing.assert_array_equal(t, want)
        with pytest.raises(dr.EscapeError):
            dr.vjp(lambda x, f=f, want=want: f(x, out=np.empty_like(want)), x)


def test_lanes_take_one_call(rng, monkeypatch):
    """A Jacobian transforms all its directions at once."""
    x = rng.normal(size=6)
    calls = []
    plain = dr.rules.fourier.dft.fun
    monkeypatch.setattr(
        dr.rules.fourier.dft, "fun", lambda *a, **k: calls.append(a[0].shape) or plain(*a, **k)
    )
    dr.jacobian(np.fft.fft, mode="forward")(x)
    assert calls == [(6,), (6, 6)]


def test_a_power_spectrum(rng):
    """Parseval: the gradient of the energy in the frequencies is that of the energy in time."""
    x = rng.normal(size=9)

    def energy(x):
        return np.sum(np.abs(np.fft.fft(x, norm="ortho")) ** 2)

    np.testing.assert_allclose(dr.grad(energy)(x), 2 * x, rtol=1e-13)
    np.testing.assert_allclose(dr.hessian(energy)(x), 2 * np.eye(9), rtol=1e-13, atol=1e-13)
    # The redundant half of a Hermitian spectrum, at odd length.
    half = np.fft.rfft(x)
    np.testing.assert_allclose(dr.jvp(lambda z: np.fft.irfft(z, 9), (half,), (half,))[1], x)


CALLS = {
    "no point": lambda x: np.fft.fft(x, 0),
    "negative": lambda x: np.fft.irfft(x, -2),
    "length 1": lambda x: np.fft.irfft(x[..., :1]),
    "length 1, Hermitian": lambda x: np.fft.hfft(x[..., :1]),
    "empty": lambda x: np.fft.fft(x[..., :0]),
    "no dimension": lambda x: np.fft.fft(x[0, 0]),
    "no such axis": lambda x: np.fft.rfft(x, 3, axis=2),
    "no such axis, size of x": lambda x: np.fft.rfft(x, axis=2),
    "norm": lambda x: np.fft.fft(x, norm="none"),
    "norm of an inverse": lambda x: np.fft.irfft(x, norm="none"),
    "norm, Hermitian": lambda x: np.fft.hfft(x, norm="none"),
    "fractional": lambda x: np.fft.fft(x, 2.5),
    "sizes and axes": lambda x: np.fft.fftn(x, (2, 3), axes=(1,)),
    "no axes": lambda x: np.fft.rfftn(x, axes=()),
    "complex": lambda x: np.fft.rfft(x + 1j),
    "sizes without axes": lambda x: np.fft.fftn(x, (2,)),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpys_errors(name):
    call = CALLS[name]
    x = np.ones((2, 3))
    with pytest.raises(Exception) as plain:  # noqa: PT011 - NumPy's own
        call(x)
    with pytest.raises(plain.type):
        dr.vjp(call, x)
