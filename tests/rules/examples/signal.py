"""Examples of scipy.signal: linear in the signal, rational in the coefficients of filters."""

import numpy as np
from scipy import signal as plain

from dualrev.scipy import signal
from tests.rules.examples import Example

RNG = np.random.default_rng(5)
X = RNG.normal(size=9)
Y = RNG.normal(size=4)
IMAGE = RNG.normal(size=(4, 5))
KERNEL = RNG.normal(size=(2, 3))
ROWS = RNG.normal(size=(2, 9))
LONG = RNG.normal(size=24)
OTHER = RNG.normal(size=24)
B, A = np.array([0.4, -0.2, 0.3]), np.array([1.3, -0.5, 0.2])
SOS = np.array([[0.5, 0.2, 0.1, 1.0, -0.4, 0.1], [0.7, -0.3, 0.2, 1.0, 0.3, 0.2]])
ZI = np.array([0.3, -0.6])


def sections(v):
    """Return second-order sections whose leading denominators are the constants that they must be."""
    v = np.reshape(v, (2, 5))
    return np.concatenate([v[:, :3], np.ones((2, 1)), v[:, 3:]], axis=1)


FREE = np.delete(SOS, 3, axis=1).ravel()


EXAMPLES = {
    "signal.convolve": [
        Example(signal.convolve, X, Y, analytic=True),
        Example(signal.convolve, IMAGE, KERNEL, analytic=True),
        *(
            Example(lambda a, b, m=mode, how=how: signal.convolve(a, b, m, how), IMAGE, KERNEL)
            for mode in ("full", "same", "valid")
            for how in ("direct", "fft")
        ),
        Example(lambda a, b: signal.convolve(a, b, "same"), Y, X, analytic=True),
    ],
    "signal.correlate": [
        Example(signal.correlate, X, Y),
        Example(lambda a, b: signal.correlate(a, b, "valid"), IMAGE, KERNEL),
        Example(lambda a, b: signal.correlate(a, b, "same", "fft"), Y, X),
    ],
    "signal.fftconvolve": [
        Example(signal.fftconvolve, X, Y),
        Example(lambda a, b: signal.fftconvolve(a, b, "same", axes=1), IMAGE, IMAGE[:, :2]),
        Example(lambda a, b: signal.fftconvolve(a, b, "valid", axes=(0,)), IMAGE, KERNEL[:, :1]),
    ],
    "signal.oaconvolve": [
        Example(signal.oaconvolve, X, Y),
        Example(lambda a, b: signal.oaconvolve(a, b, "same", axes=-1), IMAGE, IMAGE[:1, :2]),
    ],
    "signal.convolve2d": [
        Example(signal.convolve2d, IMAGE, KERNEL, analytic=True),
        *(
            Example(lambda a, b, m=m, e=e: signal.convolve2d(a, b, m, e), IMAGE, KERNEL)
            for m, e in (("same", "wrap"), ("full", "symm"), ("valid", "fill"), ("same", "symm"))
        ),
        Example(lambda a, b, c: signal.convolve2d(a, b, "same", "fill", c), IMAGE, KERNEL, 0.7),
    ],
    "signal.correlate2d": [
        Example(signal.correlate2d, IMAGE, KERNEL),
        Example(lambda a, b: signal.correlate2d(a, b, "same", "symm"), IMAGE, KERNEL),
        Example(lambda a, b: signal.correlate2d(a, b, "valid"), KERNEL, IMAGE),
    ],
    "signal.lfilter": [
        Example(signal.lfilter, B, A, X, analytic=True),
        Example(lambda b, a, x, z: signal.lfilter(b, a, x, zi=z), B, A, X, ZI, analytic=True),
        Example(lambda b, x: signal.lfilter(b, 1.0, x, axis=0), B, ROWS.T, analytic=True),
        Example(lambda a, x: signal.lfilter([0.7], a, x), A, ROWS, analytic=True),
        Example(lambda b, a, x, z: signal.lfilter(b, a, x, zi=z), B, A, X[:1], ZI),
        Example(lambda a, z: signal.lfilter([1.0], a, ROWS, zi=z), A, ZI[None]),
    ],
    "signal.lfilter_zi": [
        Example(signal.lfilter_zi, B, A, analytic=True),
        Example(lambda b: signal.lfilter_zi(b, [1.0, -0.4]), B),
    ],
    "signal.lfiltic": [
        Example(signal.lfiltic, B, A, X[:2], X[2:4], analytic=True),
        Example(lambda b, a, y: signal.lfiltic(b, a, y), B[:2], A, X[:1]),
    ],
    "signal.sosfilt": [
        Example(lambda v, x: signal.sosfilt(sections(v), x), FREE, X, analytic=True),
        Example(lambda x, z: signal.sosfilt(SOS, x, zi=z), X, np.stack([ZI, ZI**2]), analytic=True),
        Example(lambda x: signal.sosfilt(SOS, x, axis=0), ROWS.T, analytic=True),
    ],
    "signal.sosfilt_zi": [Example(lambda v: signal.sosfilt_zi(sections(v)), FREE, analytic=True)],
    "signal.filtfilt": [
        Example(lambda b, a, x: signal.filtfilt(b, a, x, padlen=4), B, A, X),
        Example(lambda x: signal.filtfilt(B, A, x, padtype="even", padlen=3), ROWS, analytic=True),
        Example(lambda x: signal.filtfilt(B, A, x, axis=0, padtype="constant", padlen=2), ROWS.T),
        Example(lambda x: signal.filtfilt(B, 1.0, x, padtype=None), X),
    ],
    "signal.sosfiltfilt": [
        Example(lambda v, x: signal.sosfiltfilt(sections(v), x, padlen=4), FREE, X),
        Example(lambda x: signal.sosfiltfilt(SOS, x, axis=0), LONG[:, None], analytic=True),
    ],
    "signal.deconvolve": [Example(signal.deconvolve, X, A, analytic=True)],
    "signal.savgol_filter": [
        Example(lambda x: signal.savgol_filter(x, 5, 2), X),
        Example(lambda x, c: signal.savgol_filter(x, 5, 3, mode="constant", cval=c), X, 0.4),
        Example(lambda x: signal.savgol_filter(x, 4, 2, deriv=1, delta=0.5), X),
        *(
            Example(lambda x, m=m: signal.savgol_filter(x, 3, 1, mode=m, axis=0), ROWS.T)
            for m in ("mirror", "nearest", "wrap", "interp")
        ),
    ],
    "signal.resample": [
        Example(lambda x: signal.resample(x, 6), X),
        Example(lambda x: signal.resample(x, 12, axis=1, window="hann"), ROWS),
        Example(lambda x, t: signal.resample(x, 5, t=t), X[:8], np.arange(8.0)),
        Example(lambda x, w: signal.resample(x, 4, window=w), X[:8], LONG[:8]),
        Example(lambda x: signal.resample(x + 0j, 11), X),
        Example(lambda x: signal.resample(x, 4, domain="freq"), X[:6] + 1j * X[2:8]),
        Example(lambda x: signal.resample(x, 10, domain="freq"), X[:6] + 1j * X[2:8]),
    ],
    "signal.resample_poly": [
        Example(lambda x, h: signal.resample_poly(x, 3, 2, window=h), X, A),
        Example(lambda x: signal.resample_poly(x, 2, 3, axis=1, padtype="mean"), ROWS),
        Example(lambda x: signal.resample_poly(x, 1, 2, padtype="symmetric", window=A), X),
        Example(lambda x, c: signal.resample_poly(x, 2, 1, cval=c, window=A), X, 0.3),
        Example(lambda x: signal.resample_poly(x, 2, 2), X),
    ],
    "signal.upfirdn": [
        Example(lambda h, x: signal.upfirdn(h, x, 3, 2), A, X, analytic=True),
        Example(lambda h, x: signal.upfirdn(h, x, 2, 1, axis=0, mode="wrap"), A, ROWS.T),
        Example(lambda h, x: signal.upfirdn(h, x, 1, 2, mode="symmetric"), A, X),
    ],
    "signal.decimate": [
        Example(lambda x: signal.decimate(x, 2, n=2), LONG),
        Example(lambda x: signal.decimate(x, 2, n=4, ftype="fir", axis=0), LONG[:, None]),
        Example(lambda x: signal.decimate(x, 3, n=2, zero_phase=False), LONG),
        Example(lambda x: signal.decimate(x, 3, ftype="fir", zero_phase=False), LONG),
    ],
    "signal.hilbert": [
        Example(signal.hilbert, X),
        Example(lambda x: signal.hilbert(x, 8, axis=0), ROWS.T),
    ],
    "signal.hilbert2": [
        Example(signal.hilbert2, IMAGE),
        Example(lambda x: signal.hilbert2(x, 3), IMAGE),
    ],
    "signal.detrend": [
        Example(signal.detrend, X),
        Example(lambda x: signal.detrend(x, axis=0, bp=[4]), ROWS.T),
        Example(lambda x: signal.detrend(x, type="constant"), ROWS),
    ],
    "signal.medfilt": [
        Example(lambda x: signal.medfilt(x, 3), X),
        Example(lambda x: signal.medfilt(x, [3, 1]), IMAGE),
    ],
    "signal.medfilt2d": [Example(lambda x: signal.medfilt2d(x, 3), IMAGE)],
    "signal.order_filter": [Example(lambda x: signal.order_filter(x, np.eye(3), 1), IMAGE)],
    "signal.wiener": [
        Example(lambda x: signal.wiener(x, 3), IMAGE),
        Example(lambda x, n: signal.wiener(x, 3, n), X, 0.2),
    ],
    "signal.stft": [
        Example(lambda x: signal.stft(x, nperseg=8)[2], LONG),
        Example(lambda x: signal.stft(x, nperseg=6, boundary="odd", axis=0)[2], LONG[:, None]),
        Example(lambda x: signal.stft(x, nperseg=6, boundary=None, padded=False)[2], LONG),
    ],
    "signal.spectrogram": [
        Example(lambda x: signal.spectrogram(x, nperseg=8)[2], LONG),
        *(
            Example(lambda x, m=m: signal.spectrogram(x, nperseg=6, mode=m)[2][1:3], LONG)
            for m in ("complex", "magnitude", "angle")
        ),
    ],
    "signal.periodogram": [
        Example(lambda x: signal.periodogram(x)[1], LONG),
        Example(lambda x: signal.periodogram(x, nfft=32, window="hann", axis=0)[1], LONG[:, None]),
        Example(lambda x: signal.periodogram(x, nfft=16, scaling="spectrum")[1], LONG),
    ],
    "signal.welch": [
        Example(lambda x: signal.welch(x, nperseg=8)[1], LONG),
        Example(lambda x: signal.welch(x, nperseg=7, detrend="linear", noverlap=2)[1], LONG),
        Example(lambda x: signal.welch(x, nperseg=8, average="median")[1][1:], LONG),
    ],
    "signal.csd": [
        Example(lambda x, y: signal.csd(x, y, nperseg=8)[1], LONG, OTHER),
        Example(lambda x, y: signal.csd(x, y, nperseg=8, detrend=False)[1], LONG, OTHER[:20]),
    ],
    "signal.coherence": [Example(lambda x, y: signal.coherence(x, y, nperseg=6)[1], LONG, OTHER)],
    "signal.freqz": [
        Example(lambda b, a: signal.freqz(b, a, 5)[1], B, A, analytic=True),
        Example(lambda b, w: signal.freqz(b, worN=w, fs=3.0), B, np.array([0.2, 0.9])),
    ],
    # Older versions of SciPy have the second name only.
    **{
        f"signal.{name}": [
            Example(lambda v, name=name: getattr(signal, name)(sections(v), 4)[1], FREE)
        ]
        for name in ("freqz_sos", "sosfreqz")
        if hasattr(plain, name)
    },
    "signal.freqz_zpk": [
        Example(lambda z, p, k: signal.freqz_zpk(z, p, k, 4)[1], B, A / 3.0, 0.7),
    ],
    "signal.freqs": [
        Example(lambda b, a, w: signal.freqs(b, a, w), B, A, np.array([0.2, 0.9])),
    ],
    "signal.vectorstrength": [
        Example(signal.vectorstrength, X, 1.7),
        Example(signal.vectorstrength, X, np.array([1.7, 2.3])),
    ],
}


def of(function, *args, **options):
    """Return a call with the first row of the array."""
    return lambda x: function(x[0], *args, **options)


CONSTANTS = {
    "signal.find_peaks": [of(lambda x: signal.find_peaks(x)[0])],
    "signal.find_peaks_cwt": [of(signal.find_peaks_cwt, [1, 2])],
    "signal.argrelmax": [of(lambda x: signal.argrelmax(x)[0])],
    "signal.argrelmin": [of(lambda x: signal.argrelmin(x)[0])],
    "signal.argrelextrema": [of(lambda x: signal.argrelextrema(x, np.greater)[0])],
    "signal.check_COLA": [of(signal.check_COLA, 3, 1)],
    "signal.check_NOLA": [of(signal.check_NOLA, 3, 1)],
    "signal.choose_conv_method": [lambda x: signal.choose_conv_method(np.ones(3), np.ones(2))],
    "signal.correlation_lags": [lambda x: signal.correlation_lags(3, 2)],
    "signal.windows.get_window": [lambda x: signal.get_window("hann", 4)],
    "signal.max_len_seq": [lambda x: signal.max_len_seq(3)[0]],
    "signal.unit_impulse": [lambda x: signal.unit_impulse(3)],
    "signal.savgol_coeffs": [lambda x: signal.savgol_coeffs(5, 2)],
    "signal.kaiser_atten": [lambda x: signal.kaiser_atten(5, 0.2)],
    "signal.kaiser_beta": [lambda x: signal.kaiser_beta(40.0)],
}
