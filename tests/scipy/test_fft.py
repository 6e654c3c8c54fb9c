"""The mirror of scipy.fft: same names, same values, same errors."""

import numpy as np
import pytest
import scipy.fft as plain

import dualrev as dr
from dualrev.scipy import fft

_rng = np.random.default_rng(8)
X = _rng.normal(size=(3, 5))


def traced(f, x=X):
    """Return the value of f at a traced x."""
    return dr.vjp(f, x)[0]


def test_passes_through():
    assert fft.set_workers is plain.set_workers
    assert set(plain.__all__) <= set(dir(fft))
    assert np.array_equal(fft.dct(X), plain.dct(X))
    assert fft.next_fast_len(93) == plain.next_fast_len(93)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
def test_values_of_one_axis(name, norm):
    f, g = getattr(fft, name), getattr(plain, name)
    for n, axis in ((None, -1), (4, 0), (7, 1)):
        want = g(X, n, axis, norm, workers=1)
        assert np.allclose(traced(lambda x, n=n, axis=axis: f(x, n, axis, norm, workers=1)), want)


@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "dct", "idst"])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
def test_values_of_several_axes(name, norm):
    f, g = getattr(fft, f"{name}n"), getattr(plain, f"{name}n")
    x = _rng.normal(size=(2, 3, 4))
    for s, axes in ((None, None), (None, (0, 2)), ((3, 5), None), ((4, -1), (2, 0)), (3, 1)):
        options = {"s": s, "axes": axes, "norm": norm}
        assert np.allclose(traced(lambda x, o=options: f(x, **o), x), g(x, **options))


def cosines(kind, n):
    """Return the matrix of a DCT or DST by its definition (Makhoul 1980; the docstrings of SciPy)."""
    k, j = np.arange(n)[:, None], np.arange(n)
    return {
        "dct1": lambda: np.where((j == 0) | (j == n - 1), 1, 2) * np.cos(np.pi * k * j / (n - 1)),
        "dct2": lambda: 2 * np.cos(np.pi * k * (2 * j + 1) / (2 * n)),
        "dct3": lambda: np.where(j == 0, 1, 2) * np.cos(np.pi * (2 * k + 1) * j / (2 * n)),
        "dct4": lambda: 2 * np.cos(np.pi * (2 * k + 1) * (2 * j + 1) / (4 * n)),
        "dst1": lambda: 2 * np.sin(np.pi * (k + 1) * (j + 1) / (n + 1)),
        "dst2": lambda: 2 * np.sin(np.pi * (k + 1) * (2 * j + 1) / (2 * n)),
        "dst3": lambda: np.where(
            j == n - 1, (-1.0) ** k, 2 * np.sin(np.pi * (2 * k + 1) * (j + 1) / (2 * n))
        ),
        "dst4": lambda: 2 * np.sin(np.pi * (2 * k + 1) * (2 * j + 1) / (4 * n)),
    }[kind]()


@pytest.mark.parametrize("type", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["dct", "dst"])
def test_jacobians_are_the_matrices(name, type):
    for n in (2, 5, 6):
        want = cosines(f"{name}{type}", n)
        x = _rng.normal(size=n)
        f = lambda x: getattr(fft, name)(x, type)
        for mode in ("forward", "reverse"):
            assert np.allclose(dr.jacobian(f, mode=mode)(x), want, rtol=1e-13, atol=1e-13)
        inverse = dr.jacobian(lambda x: getattr(fft, f"i{name}")(x, type))(x)
        assert np.allclose(inverse @ want, np.eye(n), atol=1e-13)
        ortho = dr.jacobian(lambda x: getattr(fft, name)(x, type, norm="ortho"))(x)
        assert np.allclose(ortho @ ortho.T, np.eye(n), atol=1e-13)


@pytest.mark.parametrize("orthogonalize", [None, True, False])
@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_complex_numbers_as_scipy_has_them(name, norm, orthogonalize):
    z = X + 1j * X[::-1]
    for type in (1, 2, 3, 4):
        options = {"type": type, "norm": norm, "orthogonalize": orthogonalize}
        for x in (X, z):
            want = getattr(plain, name)(x, **options)
            assert np.allclose(traced(lambda x, o=options: getattr(fft, name)(x, **o), x), want)


def test_integers_become_floats():
    want = plain.dct(np.arange(4), 1)
    assert np.allclose(
        dr.jvp(lambda x: fft.dct(x * 1.0, 1), (np.arange(4.0),), (np.ones(4),))[0], want
    )


def test_scipy_errors():
    for f, match in (
        (lambda x: fft.fft(x, 0), "data points"),
        (lambda x: fft.fft(x, norm="back"), "Invalid norm"),
        (lambda x: fft.dct(x, 5), "type|not supported"),
        (lambda x: fft.dct(x, norm="back"), "Invalid norm"),
        (lambda x: fft.dct(x, n=0), "data points"),
        (lambda x: fft.fftn(x, (2, 3), (0,)), "same length"),
        (lambda x: fft.fftn(x, axes=(0, 0)), "unique"),
        (lambda x: fft.fftn(x, (2, 3, 4)), "more axes"),
        (lambda x: fft.rfftn(x, axes=()), "at least 1 axis"),
    ):
        with pytest.raises((ValueError, NotImplementedError), match=match):
            f(X)
        with pytest.raises((ValueError, NotImplementedError), match=match):
            traced(f)
    with pytest.raises(NotImplementedError, match="plan"):
        traced(lambda x: fft.fft(x, plan=object()))
    with pytest.raises(TypeError, match="real sequence"):
        traced(lambda x: fft.rfft(x), X * 1j)


def test_refusals():
    with pytest.raises(dr.UnsupportedError, match="dln"):
        dr.grad(lambda h: np.sum(fft.fht(np.ones(4), h, 0.5)))(0.1)
    with pytest.raises(dr.UnsupportedError, match="offset"):
        dr.grad(lambda h: np.sum(fft.ifht(np.ones(4), 0.1, 0.5, offset=h)))(0.1)
    with pytest.raises(dr.UnsupportedError, match="fhtoffset"):
        dr.grad(lambda h: fft.fhtoffset(h, 0.5))(0.1)
    with pytest.raises(dr.UnsupportedError, match="integer"):
        dr.grad(lambda n: fft.next_fast_len(n))(7.0)
