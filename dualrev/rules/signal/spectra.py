"""Spectra: stft, spectrogram, periodogram, welch, csd, coherence, lombscargle; frequency responses of filters."""

from __future__ import annotations

import inspect
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import signal

from dualrev.core.array import dtype_of, value
from dualrev.core.primitive import numpy_function
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.shaping import lane
from dualrev.rules.signal.filters import flip
from dualrev.rules.signal.smoothing import detrend as remove_trend
from dualrev.rules.taking import take

__all__: list[str] = []


def _default(function: Callable[..., Any]) -> Any:
    """Return the window that this version of SciPy has as default."""
    return inspect.signature(function).parameters["window"].default


_STFT, _SPECTROGRAM = _default(signal.stft), _default(signal.spectrogram)
_CSD, _WELCH = _default(signal.csd), _default(signal.welch)
_COHERENCE = _default(signal.coherence)


def _window(window: Any, nperseg: Any, n: int, name: str) -> tuple[Any, int]:
    if isinstance(window, (str, tuple)):
        nperseg = 256 if nperseg is None else int(nperseg)
        if nperseg < 1:
            raise ValueError("nperseg must be a positive integer")
        if nperseg > n:
            warnings.warn(
                f"nperseg = {nperseg:d} is greater than input length  = {n:d}, using nperseg = {n:d}",
                stacklevel=4,
            )
            nperseg = n
        return signal.get_window(window, nperseg), nperseg
    w = np.asarray(window)
    if w.ndim != 1:
        raise ValueError("window must be 1-D")
    if n < w.shape[0]:
        raise ValueError("window is longer than input signal")
    if nperseg is not None and nperseg != w.shape[0]:
        raise ValueError("value specified for nperseg is different from length of window")
    return w, w.shape[0]


def _frames(x: Any, w: Any, step: int, nfft: int, detrend: Any, onesided: bool) -> Any:
    """Return the spectra of windows of the last axis, frequencies last."""
    n = len(w)
    count = (x.shape[-1] - n) // step + 1
    x = take(x, np.arange(count)[:, None] * step + np.arange(n), axis=-1)
    if callable(detrend):
        x = detrend(x)
    elif detrend:
        x = remove_trend(x, type=detrend)
    x = x * w
    return np.fft.rfft(x, nfft) if onesided else np.fft.fft(x, nfft)


def _ends(x: Any, boundary: Any, n: int) -> Any:
    """Continue a signal at both ends by half a window."""
    if boundary is None:
        return x
    size = x.shape[-1]
    if boundary == "zeros":
        return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(n, n)])
    if boundary == "constant":
        return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(n, n)], "edge")
    if n >= size:
        raise ValueError(f"The extension length n ({n}) is too big.")
    before, after = flip(x[..., 1 : n + 1]), flip(x[..., size - n - 1 : size - 1])
    if boundary == "odd":
        before, after = 2 * x[..., :1] - before, 2 * x[..., size - 1 :] - after
    return np.concatenate([before, x, after], axis=-1)


def _spectra(
    x: Any,
    y: Any,
    fs: Any,
    window: Any,
    nperseg: Any,
    noverlap: Any,
    nfft: Any,
    detrend: Any,
    onesided: bool,
    scaling: str,
    axis: int,
    power: bool,
    boundary: Any = None,
    padded: bool = False,
) -> tuple[Any, Any, Any]:
    """Return frequencies, times and spectra (or their products), time last."""
    if boundary not in ("even", "odd", "constant", "zeros", None):
        raise ValueError(f"Unknown boundary option '{boundary}'")
    same = y is x
    x = np.moveaxis(_floats(x), axis, -1)
    y = x if same else np.moveaxis(_floats(y), axis, -1)
    size = max(x.shape[-1], y.shape[-1])
    x, y = (_longer(v, size) for v in (x, y)) if not same else (x, x)
    w, n = _window(window, nperseg, size, "x")
    nfft = n if nfft is None else int(nfft)
    if nfft < n:
        raise ValueError("nfft must be greater than or equal to nperseg.")
    noverlap = n // 2 if noverlap is None else int(noverlap)
    if noverlap >= n:
        raise ValueError("noverlap must be less than nperseg.")
    step = n - noverlap
    w_all = np.asarray(w)
    if scaling == "density":
        scale = 1.0 / (fs * (w_all * w_all).sum())
    elif scaling == "spectrum":
        scale = 1.0 / w_all.sum() ** 2
    else:
        raise ValueError(f"Unknown scaling: {scaling!r}")
    if any(dtype_of(v).kind == "c" for v in (x, y)):
        onesided = False
    found = []
    for given in (x,) if same else (x, y):
        wide = _ends(given, boundary, n // 2)
        if padded:
            wide = _longer(wide, wide.shape[-1] + (-(wide.shape[-1] - n) % step) % n)
        length = wide.shape[-1]
        found.append(_frames(wide, w, step, nfft, detrend, onesided))
    if not power:
        out = found[0] * np.sqrt(scale)
    else:
        factors = np.full(found[0].shape[-1], scale)
        if onesided:
            factors[1 : None if nfft % 2 else -1] *= 2
        if same:
            out = (found[0].real ** 2 + found[0].imag ** 2) * factors
        else:
            out = np.conjugate(found[0]) * found[1] * factors
    single = all(dtype_of(v).char in "fF" for v in (x, y))
    kind = "c" if dtype_of(out).kind == "c" else "f"
    names = {("c", True): np.complex64, ("c", False): complex, ("f", True): np.float32}
    out = astype(out, names.get((kind, single), float), copy=False)
    freqs = (np.fft.rfftfreq if onesided else np.fft.fftfreq)(nfft, 1 / fs)
    times = np.arange(n / 2, length - n / 2 + 1, step) / float(fs)
    if boundary is not None:
        times = times - (n / 2) / fs
    return freqs, times, np.swapaxes(out, -1, -2)


def _floats(x: Any) -> Any:
    x = array_operand(x)
    return x if dtype_of(x).kind in "fc" else astype(x, float)


def _longer(x: Any, n: int) -> Any:
    missing = n - x.shape[-1]
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, missing)]) if missing else x


def _placed(out: Any, axis: int, ndim: int) -> Any:
    """Put the frequencies, last but one, where the data's axis was; times stay last."""
    return np.moveaxis(out, -2, axis - 1 if axis < 0 else axis)


@numpy_function(signal.stft, note="in the signal")
def stft(
    x: Any,
    fs: float = 1.0,
    window: Any = _STFT,
    nperseg: Any = 256,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = False,
    return_onesided: bool = True,
    boundary: Any = "zeros",
    padded: bool = True,
    axis: int = -1,
    scaling: str = "spectrum",
) -> Any:
    """Answer ``scipy.signal.stft``."""
    if scaling == "psd":
        scaling = "density"
    elif scaling != "spectrum":
        raise ValueError(f"Parameter {scaling=} not in ['spectrum', 'psd']!")
    given = window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis
    f, t, z = _spectra(x, x, fs, *given, False, boundary, padded)
    z = astype(z, np.result_type(dtype_of(z), np.complex64), copy=False)
    return f, t, _placed(z, axis, z.ndim)


@numpy_function(signal.spectrogram, note="in the signal")
def spectrogram(
    x: Any,
    fs: float = 1.0,
    window: Any = _SPECTROGRAM,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    mode: str = "psd",
) -> Any:
    """Answer ``scipy.signal.spectrogram``."""
    modes = ["psd", "complex", "magnitude", "angle", "phase"]
    if mode not in modes:
        raise ValueError(f"unknown value for mode {mode}, must be one of {modes}")
    x = array_operand(x)
    window, nperseg = _window(window, nperseg, x.shape[axis], "x")
    noverlap = nperseg // 8 if noverlap is None else noverlap
    given = window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis
    f, t, z = _spectra(x, x, fs, *given, mode == "psd")
    z = _placed(z, axis, z.ndim)
    if mode == "magnitude":
        z = np.abs(z)
    elif mode in ("angle", "phase"):
        z = np.angle(z)
        if mode == "phase":
            z = np.unwrap(z, axis=axis - 1 if axis < 0 else axis)
    return f, t, z


@numpy_function(signal.csd, note="in both signals")
def csd(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = _CSD,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    """Answer ``scipy.signal.csd``."""
    given = window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, int(axis)
    f, _, p = _spectra(x, y, fs, *given, True)
    count = p.shape[-1]
    if average not in ("mean", "median") and count > 1:
        raise ValueError(f"Parameter {average=} must be 'median' or 'mean'!")
    if count == 1:
        p = p[..., 0]
    elif average == "mean":
        p = np.mean(p, axis=-1)
    else:
        even = 2 * np.arange(1.0, (count - 1) // 2 + 1)
        bias = 1 + np.sum(1.0 / (even + 1) - 1.0 / even)
        if dtype_of(p).kind == "c":
            p = np.median(np.real(p), axis=-1) + np.median(np.imag(p), axis=-1) * 1j
        else:
            p = np.median(p, axis=-1)
        p = p / float(bias)
    return f, np.moveaxis(p, -1, axis)


@numpy_function(signal.welch, note="in the signal")
def welch(
    x: Any,
    fs: float = 1.0,
    window: Any = _WELCH,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
    average: str = "mean",
) -> Any:
    """Answer ``scipy.signal.welch``."""
    given = window, nperseg, noverlap, nfft, detrend, return_onesided, scaling, axis, average
    return csd(x, x, fs, *given)


@numpy_function(signal.periodogram, note="in the signal")
def periodogram(
    x: Any,
    fs: float = 1.0,
    window: Any = "boxcar",
    nfft: Any = None,
    detrend: Any = "constant",
    return_onesided: bool = True,
    scaling: str = "density",
    axis: int = -1,
) -> Any:
    """Answer ``scipy.signal.periodogram``."""
    x = array_operand(x)
    window = "boxcar" if window is None else window
    n = x.shape[axis]
    if nfft is not None and nfft < n:
        x = np.moveaxis(np.moveaxis(x, axis, -1)[..., :nfft], -1, axis)
        n, nfft = nfft, None
    if hasattr(window, "size") and window.size != n:
        raise ValueError(
            "the size of the window must be the same size of the input on the specified axis"
        )
    return welch(x, fs, window, n, 0, nfft, detrend, return_onesided, scaling, axis)


@numpy_function(signal.coherence, note="in both signals")
def coherence(
    x: Any,
    y: Any,
    fs: float = 1.0,
    window: Any = _COHERENCE,
    nperseg: Any = None,
    noverlap: Any = None,
    nfft: Any = None,
    detrend: Any = "constant",
    axis: int = -1,
) -> Any:
    """Answer ``scipy.signal.coherence``."""
    options = (fs, window, nperseg, noverlap, nfft, detrend, True, "density", axis)
    f, pxx = welch(x, *options)
    _, pyy = welch(y, *options)
    _, pxy = csd(x, y, *options)
    return f, np.abs(pxy) ** 2 / pxx / pyy


# --------------------------------------------------------------------------------------------------
# Frequency responses


def _polynomial(z: Any, c: Any) -> Any:
    """Evaluate a polynomial with the constant term first."""
    y = c[-1] + z * 0
    for k in range(c.shape[0] - 2, -1, -1):
        y = c[k] + y * z
    return y


def _frequencies(n: Any, whole: bool, fs: Any, dtype: Any = float, nyquist: bool = False) -> Any:
    """Return angular frequencies per sample: so many, or of given ones."""
    n = 512 if n is None else n
    if np.ndim(n) == 0 and not hasattr(n, "level"):
        n = operator.index(n)
        if n < 0:
            raise ValueError(f"worN must be nonnegative, got {n}")
        last = 2 * np.pi if whole else np.pi
        return np.linspace(0, last, n, endpoint=nyquist and not whole)
    return 2 * np.pi * astype(np.atleast_1d(_floats(n)), dtype, copy=False) / fs


@numpy_function(signal.freqz, note="in b, a and the frequencies")
def freqz(
    b: Any,
    a: Any = 1,
    worN: Any = 512,
    whole: bool = False,
    plot: Any = None,
    fs: float = 2 * np.pi,
    include_nyquist: bool = False,
) -> Any:
    """Answer ``scipy.signal.freqz``."""
    b, a = (np.atleast_1d(_floats(v)) for v in (b, a))
    dtype = np.finfo(np.result_type(dtype_of(b), dtype_of(a))).dtype
    w = astype(_frequencies(worN, whole, fs, dtype, include_nyquist), dtype, copy=False)
    z = np.exp(-1j * w)
    h = _polynomial(z, b) / _polynomial(z, a)
    w = w * (fs / (2 * np.pi))
    if plot is not None:
        plot(lane(w) if hasattr(w, "level") else w, h)
    return w, h


def freqz_sos(sos: Any, worN: Any = 512, whole: bool = False, fs: float = 2 * np.pi) -> Any:
    """Answer ``scipy.signal.freqz_sos``, of old called sosfreqz."""
    sos = np.atleast_2d(_floats(sos))
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    if sos.shape[0] == 0:
        raise ValueError("Cannot compute frequencies with no sections")
    h: Any = 1.0
    for k in range(sos.shape[0]):
        w, row = freqz(sos[k, :3], sos[k, 3:], worN=worN, whole=whole, fs=fs)
        h = h * row
    return w, h


_names = dict.fromkeys(getattr(signal, n) for n in ("freqz_sos", "sosfreqz") if hasattr(signal, n))
for _function in _names:
    numpy_function(_function, note="in sos and the frequencies")(freqz_sos)


def _roots(z: Any, roots: Any) -> Any:
    return np.prod(z[..., None] - roots, axis=-1)


@numpy_function(signal.freqz_zpk, note="in zeros, poles, gain and the frequencies")
def freqz_zpk(
    z: Any, p: Any, k: Any, worN: Any = 512, whole: bool = False, fs: float = 2 * np.pi
) -> Any:
    """Answer ``scipy.signal.freqz_zpk``."""
    z, p = (np.atleast_1d(array_operand(v)) for v in (z, p))
    w = _frequencies(worN, whole, fs)
    at = np.exp(1j * w)
    h = k * _roots(at, z) / _roots(at, p)
    single = all(dtype_of(v).char in "fF" for v in (z, p))
    return w * (fs / (2 * np.pi)), astype(h, np.complex64 if single else complex, copy=False)


@numpy_function(signal.freqs, note="in b, a and given frequencies")
def freqs(b: Any, a: Any, worN: Any = 200, plot: Any = None) -> Any:
    """Answer ``scipy.signal.freqs``."""
    b, a = (np.atleast_1d(_floats(v)) for v in (b, a))
    if worN is None or (np.ndim(worN) == 0 and not hasattr(worN, "level")):
        w = signal.findfreqs(lane(b), lane(a), 200 if worN is None else worN)
    else:
        w = np.atleast_1d(_floats(worN))
    s = 1j * w
    h = _polynomial(s, b[::-1]) / _polynomial(s, a[::-1])
    if plot is not None:
        plot(w, h)
    return w, h


@numpy_function(signal.vectorstrength, note="in events and periods")
def vectorstrength(events: Any, period: Any) -> Any:
    """Answer ``scipy.signal.vectorstrength``."""
    events, period = _floats(events), _floats(period)
    if events.ndim > 1:
        raise ValueError("events cannot have dimensions more than 1")
    if period.ndim > 1:
        raise ValueError("period cannot have dimensions more than 1")
    scalar = period.ndim == 0
    events, period = np.atleast_1d(events), np.atleast_1d(period)
    if np.any(value(period) <= 0):
        raise ValueError("periods must be positive")
    mean = np.mean(np.exp((2j * np.pi / period[:, None]) * events), axis=1)
    dtype = np.result_type(signal.vectorstrength(lane(events), lane(period))[0])
    strength, phase = (astype(v, dtype, copy=False) for v in (np.abs(mean), np.angle(mean)))
    return (strength[0], phase[0]) if scalar else (strength, phase)
