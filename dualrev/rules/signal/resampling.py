"""Changing the rate of a signal: resample, resample_poly, upfirdn, decimate; and the analytic signal."""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np
from scipy import signal

from dualrev.core.array import dtype_of
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.convolution import convolution
from dualrev.rules.creation import astype
from dualrev.rules.padding import pad as padded
from dualrev.rules.shaping import lane
from dualrev.rules.signal.filters import filtfilt, lfilter, promoted, sosfilt, sosfiltfilt

__all__: list[str] = []


def _real_dtype(x: Any) -> Any:
    return np.finfo(dtype_of(x)).dtype


def _inexact(x: Any) -> Any:
    x = array_operand(x)
    return x if dtype_of(x).kind in "fc" else astype(x, float)


@functools.cache
def _shift() -> Any:
    """Return how this version of SciPy turns a window of odd length; it was the inverse before 1.15."""
    w = signal.get_window("hann", 3)
    y = signal.resample(np.array([1.0 + 0j, 0.0, 0.0]), 3, window="hann")
    same = np.allclose(np.fft.fft(y), np.fft.fftshift(w))
    return np.fft.fftshift if same else np.fft.ifftshift


def _window(window: Any, n: int) -> Any:
    """Return the weights of the frequencies, or None."""
    if window is None:
        return None
    if callable(window):
        return window(np.fft.fftfreq(n))
    if hasattr(window, "shape"):
        if window.shape != (n,):
            raise ValueError(
                f"window.shape={window.shape} != ({n},), i.e., window length is not equal to number of frequency bins!"
            )
        return window
    return _shift()(signal.get_window(window, n))


@numpy_function(
    signal.resample, note="in the signal and t; the window is of plain or traced weights"
)
def resample(
    x: Any, num: int, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time"
) -> Any:
    """Answer ``scipy.signal.resample``."""
    if domain not in ("time", "freq"):
        raise ValueError(f"Parameter {domain=} not in ('time', 'freq')!")
    x = np.moveaxis(_inexact(x), axis, -1)
    n = x.shape[-1]
    m = min(num, n)
    half = m // 2 + 1
    weights = _window(window, n)
    dtype = _real_dtype(x)
    if domain == "time" and dtype_of(x).kind != "c":
        spectrum = np.fft.rfft(x)
        if weights is not None:
            size = spectrum.shape[-1]
            back = np.concatenate([weights[:1], weights[1:][::-1]])
            folded = astype((weights + back)[:size] / 2.0, dtype)
            spectrum = spectrum * folded
        spectrum = spectrum[..., :half]
        if m % 2 == 0 and num != n:
            factors = np.ones(half, dtype)
            factors[m // 2] = 2.0 if num < n else 0.5
            spectrum = spectrum * factors
        y = np.fft.irfft(spectrum, num) * (num / n)
        y = astype(y, dtype, copy=False)
    else:
        spectrum = np.fft.fft(x) if domain == "time" else x + 0j
        if weights is not None:
            spectrum = spectrum * weights
        y = np.fft.ifft(_fitted(spectrum, num, n)) * (num / n)
    y = np.moveaxis(y, -1, axis)
    if t is None:
        return y
    t = array_operand(t)
    return y, t[0] + (t[1] - t[0]) * (n / num) * np.arange(num)


def _fitted(spectrum: Any, num: int, n: int) -> Any:
    """Cut a two-sided spectrum to `num` frequencies, or put zeros in its middle."""
    m = min(num, n)
    half = m // 2 + 1
    low, high = spectrum[..., :half], spectrum[..., n - (m - half) :] if m > half else None
    if m % 2 == 0 and num != n:
        nyquist = spectrum[..., m // 2 : m // 2 + 1]
        if num < n:
            nyquist = nyquist + spectrum[..., n - m // 2 : n - m // 2 + 1]
            low = np.concatenate([low[..., : m // 2], nyquist], axis=-1)
        else:
            low = np.concatenate([low[..., : m // 2], nyquist / 2.0], axis=-1)
            high = [nyquist / 2.0] if high is None else [nyquist / 2.0, high]
            high = np.concatenate(high, axis=-1)
    count = num - low.shape[-1] - (0 if high is None else high.shape[-1])
    zeros = np.zeros((*spectrum.shape[:-1], count), dtype_of(spectrum))
    return np.concatenate([low, zeros] if high is None else [low, zeros, high], axis=-1)


_PADDING = {
    "constant": "constant",
    "edge": "edge",
    "reflect": "reflect",
    "symmetric": "symmetric",
    "wrap": "wrap",
}


@numpy_function(
    signal.upfirdn, note="in the filter and the signal; modes that NumPy's pad has, and constant"
)
def upfirdn(
    h: Any,
    x: Any,
    up: int = 1,
    down: int = 1,
    axis: int = -1,
    mode: str = "constant",
    cval: Any = 0,
) -> Any:
    """Answer ``scipy.signal.upfirdn``."""
    h, x = promoted(h, x)
    up, down = int(up), int(down)
    if h.ndim != 1 or h.size == 0:
        raise ValueError("h must be 1-D with non-zero length")
    if up < 1 or down < 1:
        raise ValueError("Both up and down must be >= 1")
    if mode not in _PADDING:
        raise UnsupportedError(
            f"scipy.signal.upfirdn with mode={mode!r}",
            "no rule continues a signal like that",
            f"np.pad and mode 'constant', or a mode of {sorted(_PADDING)}",
        )
    x = np.moveaxis(x, axis, -1)
    n, taps = x.shape[-1], h.shape[0]
    size = ((n - 1) * up + taps - 1) // down + 1
    pad = 0
    if mode != "constant" or np.any(lane(array_operand(cval))):
        pad = -(-(taps - 1) // up)
        options = {"constant_values": cval} if mode == "constant" else {}
        widths = [(0, 0)] * (x.ndim - 1) + [(pad, pad)]
        x = padded(x, widths, _PADDING[mode], **options)
    if up > 1:
        zeros = np.zeros((*x.shape, up - 1), dtype_of(x))
        spread = np.concatenate([x[..., None], zeros], axis=-1)
        x = np.reshape(spread, (*x.shape[:-1], x.shape[-1] * up))
        x = x[..., : x.shape[-1] - up + 1]
    y = convolution(x, h, start=pad * up, size=(size - 1) * down + 1)
    return np.moveaxis(y[..., ::down], -1, axis)


_BACKGROUNDS = {"mean": np.mean, "median": np.median, "minimum": np.min, "maximum": np.max}


@numpy_function(signal.resample_poly, note="in the signal and a given filter")
def resample_poly(
    x: Any,
    up: int,
    down: int,
    axis: int = 0,
    window: Any = ("kaiser", 5.0),
    padtype: str = "constant",
    cval: Any = None,
) -> Any:
    """Answer ``scipy.signal.resample_poly``."""
    x = array_operand(x)
    if up != int(up):
        raise ValueError("up must be an integer")
    if down != int(down):
        raise ValueError("down must be an integer")
    up, down = int(up), int(down)
    if up < 1 or down < 1:
        raise ValueError("up and down must be >= 1")
    if cval is not None and padtype != "constant":
        raise ValueError("cval has no effect when padtype is ", padtype)
    shared = math.gcd(up, down)
    up, down = up // shared, down // shared
    if up == down == 1:
        return x * 1
    n = x.shape[axis]
    size = -(-n * up // down)
    if isinstance(window, list) or hasattr(window, "shape"):
        h = array_operand(window)
        if h.ndim > 1:
            raise ValueError("window must be 1-D")
        half = (h.size - 1) // 2
    else:
        rate = max(up, down)
        half = 10 * rate
        h = signal.firwin(2 * half + 1, 1.0 / rate, window=window)
        h = astype(h, dtype_of(x)) if dtype_of(x).kind in "fc" else h
    before = down - half % down
    removed = (half + before) // down
    after = 0
    while ((n - 1) * up + h.shape[0] + before + after - 1) // down + 1 < size + removed:
        after += 1
    h = np.pad(h * up, (before, after))
    background = None
    options: dict[str, Any] = {}
    if padtype in _BACKGROUNDS:
        background = _BACKGROUNDS[padtype](x, axis=axis, keepdims=True)
        x = x - background
    elif padtype == "constant":
        options = {"cval": 0 if cval is None else cval}
    else:
        options = {"mode": padtype}
    y = np.moveaxis(upfirdn(h, x, up, down, axis, **options), axis, -1)
    y = np.moveaxis(y[..., removed : removed + size], -1, axis)
    return y if background is None else y + background


@numpy_function(signal.decimate, note="in the signal")
def decimate(
    x: Any, q: int, n: Any = None, ftype: Any = "iir", axis: int = -1, zero_phase: bool = True
) -> Any:
    """Answer ``scipy.signal.decimate``."""
    x = _inexact(x)
    q = operator.index(q)
    n = None if n is None else operator.index(n)
    dtype = dtype_of(x)
    b: Any
    a: Any = 1.0
    sos = None
    if isinstance(ftype, str) and ftype == "fir":
        b = astype(
            signal.firwin((20 * q if n is None else n) + 1, 1.0 / q, window="hamming"), dtype
        )
    elif isinstance(ftype, str) and ftype == "iir":
        sos = astype(signal.cheby1(8 if n is None else n, 0.05, 0.8 / q, output="sos"), dtype)
    elif isinstance(ftype, signal.dlti):
        zpk = ftype._as_zpk()
        plain = not (np.iscomplex(zpk.poles).any() or np.iscomplex(zpk.gain))
        if zpk.poles.shape[0] == 0 or not plain:
            tf = ftype._as_tf()
            b, a = tf.num, tf.den
            ftype = "fir" if zpk.poles.shape[0] == 0 else "tf"
        else:
            sos = astype(signal.zpk2sos(zpk.zeros, zpk.poles, zpk.gain), dtype)
    else:
        raise ValueError("invalid ftype")
    if isinstance(ftype, str) and ftype == "fir":
        b = b / a
        if zero_phase:
            return resample_poly(x, 1, q, axis=axis, window=b)
        y = np.moveaxis(upfirdn(b, x, up=1, down=q, axis=axis), axis, -1)
        size = x.shape[axis] // q + bool(x.shape[axis] % q)
        return np.moveaxis(y[..., :size], -1, axis)
    if sos is not None:
        y = (sosfiltfilt if zero_phase else sosfilt)(sos, x, axis=axis)
    else:
        y = (filtfilt if zero_phase else lfilter)(b, a, x, axis=axis)
    return np.moveaxis(np.moveaxis(y, axis, -1)[..., ::q], -1, axis)


def _one_sided(n: int, dtype: Any) -> Any:
    """Return the weights that make a spectrum one of positive frequencies."""
    w = np.zeros(n, dtype)
    w[0] = 1.0
    if n % 2 == 0:
        w[n // 2] = 1.0
    w[1 : (n + 1) // 2] = 2.0
    return w


def _real(x: Any) -> Any:
    x = _inexact(x)
    if dtype_of(x).kind == "c":
        raise ValueError("x must be real.")
    return x


@numpy_function(signal.hilbert, note="in the signal")
def hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    """Answer ``scipy.signal.hilbert``."""
    x = _real(x)
    n = x.shape[axis] if N is None else N
    if n <= 0:
        raise ValueError("N must be positive.")
    x = np.moveaxis(x, axis, -1)
    y = np.fft.ifft(np.fft.fft(x, n) * _one_sided(n, dtype_of(x)))
    return np.moveaxis(y, -1, axis)


@numpy_function(signal.hilbert2, note="in the signal")
def hilbert2(x: Any, N: Any = None, **axes: Any) -> Any:
    """Answer ``scipy.signal.hilbert2``."""
    x = _real(np.atleast_2d(x))
    over = axes.pop("axes", (-2, -1))
    if axes:
        raise TypeError(f"hilbert2() got unexpected keyword arguments {sorted(axes)}")
    if len(over) != 2:
        raise ValueError("axes must be a tuple of length 2")
    over = tuple(negative_axis(k, x.ndim) for k in over)
    if over[0] == over[1]:
        raise ValueError("axes must contain 2 distinct axes")
    sizes = [x.shape[k] for k in over] if N is None else [N, N] if np.ndim(N) == 0 else list(N)
    if len(sizes) != 2 or any(n <= 0 for n in sizes):
        raise ValueError("When given as a tuple, N must hold exactly two positive integers")
    x = np.moveaxis(x, over, (-2, -1))
    weights = []
    for n in sizes:
        w = _one_sided(n, dtype_of(x))
        w[(n + 1) // 2 :] = 0.0
        weights.append(w)
    spectrum = np.fft.fft2(x, sizes) * (weights[0][:, None] * weights[1])
    return np.moveaxis(np.fft.ifft2(spectrum), (-2, -1), over)
