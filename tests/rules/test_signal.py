"""What the rules of scipy.signal promise beside the examples: every option as SciPy, its errors, its refusals."""

import itertools

import numpy as np
import pytest
import scipy.signal as plain

import dualrev as dr
from dualrev.scipy import signal

RNG = np.random.default_rng(3)
ROWS = RNG.normal(size=(2, 40))


def traced(function, x, *args, **options):
    """Return the value that the answer gives for a traced first argument."""
    return dr.jvp(lambda x: function(x, *args, **options), (x,), (np.ones_like(x),))[0]


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_every_pair_of_lengths(name, mode):
    for n, m in itertools.product((1, 2, 5, 6), repeat=2):
        a, b = RNG.normal(size=n), RNG.normal(size=m)
        for method in ("direct", "fft", "auto"):
            want = getattr(plain, name)(a, b, mode, method)
            found = traced(getattr(signal, name), a, b, mode, method)
            assert found.shape == want.shape
            assert np.allclose(found, want, atol=1e-13)


@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
@pytest.mark.parametrize("name", ["convolve2d", "correlate2d"])
def test_every_border_of_images(name, boundary):
    for shape, mode in itertools.product(
        [(3, 3), (2, 4), (1, 1), (5, 2)], ("full", "same", "valid")
    ):
        a, b = RNG.normal(size=(5, 6)), RNG.normal(size=shape)
        want = getattr(plain, name)(a, b, mode, boundary, 0.7)
        assert np.allclose(
            traced(getattr(signal, name), a, b, mode, boundary, 0.7), want, atol=1e-13
        )


@pytest.mark.parametrize("order", [1, 2, 5])
def test_states_of_filters(order):
    b, a = plain.butter(order, 0.3)
    zi = RNG.normal(size=(2, order))
    # The second signal is shorter than the state.
    for x in (ROWS, ROWS[:, :2]):
        want = plain.lfilter(b, a, x, zi=zi)
        found = traced(signal.lfilter, b, a, x, zi=zi)
        assert all(np.allclose(p, q, atol=1e-12) for p, q in zip(found, want, strict=True))


@pytest.mark.parametrize("padtype", ["odd", "even", "constant", None])
def test_both_ways(padtype):
    b, a = plain.butter(3, 0.3)
    sos = plain.butter(3, 0.3, output="sos")
    for padlen in (None, 0, 7):
        want = plain.filtfilt(b, a, ROWS, padtype=padtype, padlen=padlen)
        assert np.allclose(
            traced(signal.filtfilt, b, a, ROWS, padtype=padtype, padlen=padlen), want, atol=1e-10
        )
        want = plain.sosfiltfilt(sos, ROWS, padtype=padtype, padlen=padlen)
        found = dr.jvp(
            lambda x, n=padlen: signal.sosfiltfilt(sos, x, padtype=padtype, padlen=n),
            (ROWS,),
            (ROWS,),
        )
        assert np.allclose(found[0], want, atol=1e-10)
        assert np.allclose(found[1], want, atol=1e-10)


@pytest.mark.parametrize("window", [None, "hann", "weights"])
@pytest.mark.parametrize("n", [7, 8])
def test_resample_to_every_length(n, window):
    x = RNG.normal(size=n)
    window = RNG.normal(size=n) if window == "weights" else window
    # SciPy before 1.15 loses a frequency of complex signals that are cut to two samples.
    for num in range(3, 2 * n + 1):
        for v in (x, x * (1.0 + 0.3j)):
            want = plain.resample(v, num, window=window)
            assert np.allclose(traced(signal.resample, v, num, window=window), want, atol=1e-13)


@pytest.mark.parametrize("mode", ["mirror", "constant", "nearest", "interp", "wrap"])
def test_savgol_of_every_window(mode):
    for length, order in ((5, 2), (4, 2), (1, 0), (6, 3)):
        for deriv in range(order + 1):
            given = {"deriv": deriv, "delta": 0.7, "mode": mode, "cval": 0.4}
            want = plain.savgol_filter(ROWS, length, order, **given)
            assert np.allclose(
                traced(signal.savgol_filter, ROWS, length, order, **given), want, atol=1e-11
            )


def test_a_filter_has_the_derivative_of_its_impulse_response():
    """y_n of one pole is a sum of powers, whose derivative is known."""
    x = np.zeros(6)
    x[0] = 1.0
    _, found = dr.jvp(lambda p: signal.lfilter([1.0], [1.0, -p], x), (0.4,), (1.0,))
    n = np.arange(6)
    assert np.allclose(found, n * 0.4 ** np.maximum(n - 1, 0))


BAD = {
    "first coefficient": lambda s, x: s.lfilter([1.0], [0.0, 0.3], x),
    "lengths": lambda s, x: s.convolve(x, np.ones(3)),
    "mode": lambda s, x: s.fftconvolve(x, x, "most"),
    "valid": lambda s, x: s.convolve(x, np.ones((1, 50)), "valid"),
    "zi": lambda s, x: s.lfilter([1.0], [1.0, 0.3], x, zi=np.ones((3, 3))),
    "sos": lambda s, x: s.sosfilt(np.ones((2, 5)), x),
    "padlen": lambda s, x: s.filtfilt([1.0, 1.0], [1.0], x, padlen=99),
    "window": lambda s, x: s.savgol_filter(x, 99, 2),
    "trend": lambda s, x: s.detrend(x, type="cubic"),
    "complex": lambda s, x: s.hilbert(x + 1j),
    "up": lambda s, x: s.resample_poly(x, 0, 2),
}


@pytest.mark.parametrize("what", BAD)
def test_scipys_own_errors(what):
    with pytest.raises(Exception) as known:  # noqa: PT011 - whatever SciPy raises
        BAD[what](plain, ROWS)
    with pytest.raises(known.type):
        dr.jvp(lambda x: BAD[what](signal, x), (ROWS,), (ROWS,))


@pytest.mark.parametrize(
    "call",
    [
        lambda v: signal.butter(2, v),
        lambda v: signal.filtfilt([1.0, v], [1.0], ROWS, method="gust"),
        lambda v: signal.chirp(v, 1.0, 2.0, 3.0),
    ],
)
def test_refused_with_a_way_out(call):
    with pytest.raises(dr.UnsupportedError):
        dr.jvp(call, (0.3,), (1.0,))
