"""scipy.fft: discrete Fourier transforms, by the rules of numpy.fft; shifts and frequencies."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import fft

from dualrev.core.array import dtype_of
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.fourier import IGNORED, complex_transform, real_inverse, real_transform

__all__ = ["fitted", "sizes"]

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _swapped(norm: Any) -> Any:
    if norm not in _SWAPPED:
        raise ValueError(f'Invalid norm value {norm!r}, should be "backward", "ortho" or "forward"')
    return _SWAPPED[norm]


def _checked(x: Any, n: Any, axis: Any, norm: Any, plan: Any, real: bool = False) -> Any:
    if plan is not None:
        raise NotImplementedError(
            "Passing a precomputed plan is not yet supported by scipy.fft functions"
        )
    _swapped(norm)
    x = array_operand(x)
    if n is not None and operator.index(n) < 1:
        raise ValueError(f"invalid number of data points ({n}) specified")
    if real and dtype_of(x).kind == "c":
        raise TypeError("x must be a real sequence")
    return x


def _half_forward(x: Any, n: Any, axis: Any, norm: Any) -> Any:
    return real_inverse(np.conjugate(x), n, axis, _swapped(norm))


def _half_inverse(x: Any, n: Any, axis: Any, norm: Any) -> Any:
    return np.conjugate(real_transform(x, n, axis, _swapped(norm)))


def _forward(x: Any, n: Any, axis: Any, norm: Any) -> Any:
    return complex_transform(x, n, axis, norm, False)


def _inverse(x: Any, n: Any, axis: Any, norm: Any) -> Any:
    return complex_transform(x, n, axis, norm, True)


# Of one axis; then of several: the last axis, the others, whether the last comes first, whether its
# input is real, and whether that is half of a spectrum.
_LINES: dict[str, tuple[Callable[..., Any], Callable[..., Any], bool, bool, bool]] = {
    "fft": (_forward, _forward, True, False, False),
    "ifft": (_inverse, _inverse, True, False, False),
    "rfft": (real_transform, _forward, True, True, False),
    "irfft": (real_inverse, _inverse, False, False, True),
    "hfft": (_half_forward, _forward, False, False, True),
    "ihfft": (_half_inverse, _inverse, True, True, False),
}


def sizes(x: Any, s: Any, axes: Any, half: bool = False) -> list[tuple[int, int]]:
    """Return pairs of a size and an axis, with SciPy's arguments and errors; `half`: of an inverse real transform."""
    given, chosen = s is not None, axes is not None
    s = [operator.index(n) for n in np.atleast_1d(s).tolist()] if given else None
    axes = [operator.index(k) for k in np.atleast_1d(axes).tolist()] if chosen else None
    if axes is not None:
        if any(k >= x.ndim or k < -x.ndim for k in axes):
            raise ValueError("axes exceeds dimensionality of input")
        axes = [k % x.ndim for k in axes]
        if len(set(axes)) != len(axes):
            raise ValueError("all axes must be unique")
    if s is not None:
        if axes is not None and len(axes) != len(s):
            raise ValueError("when given, axes and shape arguments have to be of the same length")
        if len(s) > x.ndim:
            raise ValueError("shape requires more axes than are present")
        axes = list(range(x.ndim - len(s), x.ndim)) if axes is None else axes
        s = [x.shape[k] if n == -1 else n for n, k in zip(s, axes, strict=True)]
    else:
        axes = list(range(x.ndim)) if axes is None else axes
        s = [x.shape[k] for k in axes]
        if half and s:
            s[-1] = (s[-1] - 1) * 2
    if any(n < 1 for n in s):
        raise ValueError(f"invalid number of data points ({s}) specified")
    return list(zip(s, axes, strict=True))


def _answer(name: str) -> None:
    last, others, first, real, half = _LINES[name]
    note = IGNORED if half else ""

    @numpy_function(getattr(fft, name), kind="rule", note=note)
    def one(
        x: Any,
        n: Any = None,
        axis: int = -1,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        plan: Any = None,
    ) -> Any:
        return last(_checked(x, n, axis, norm, plan, real), n, axis, norm)

    def several(x: Any, s: Any, axes: Any, norm: Any, plan: Any) -> Any:
        x = _checked(x, None, None, norm, plan, real)
        pairs = sizes(x, s, axes, half)
        if not pairs:
            if name in ("fft", "ifft"):
                return x
            raise ValueError("at least 1 axis must be transformed")
        head, tail = pairs[:-1], pairs[-1]
        if first:
            x = last(x, *tail, norm)
        for n, axis in reversed(head):
            x = others(x, n, axis, norm)
        return x if first else last(x, *tail, norm)

    @numpy_function(getattr(fft, f"{name}n"), note=note)
    def every(
        x: Any,
        s: Any = None,
        axes: Any = None,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        plan: Any = None,
    ) -> Any:
        return several(x, s, axes, norm, plan)

    @numpy_function(getattr(fft, f"{name}2"), note=note)
    def plane(
        x: Any,
        s: Any = None,
        axes: Any = (-2, -1),
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        plan: Any = None,
    ) -> Any:
        return several(x, s, axes, norm, plan)


for _name in _LINES:
    _answer(_name)


def fitted(x: Any, n: int, axis: int) -> Any:
    """Cut off `x` along an axis, or pad it with zeros."""
    have = x.shape[axis]
    axis %= x.ndim
    if have > n:
        return x[(*(slice(None),) * axis, slice(n))]
    if have < n:
        return np.pad(x, [(0, n - have if k == axis else 0) for k in range(x.ndim)])
    return x


if fft.fftshift is not np.fft.fftshift:  # SciPy has functions of its own from 1.14 or so

    @numpy_function(fft.fftshift)
    def fftshift(x: Any, axes: Any = None) -> Any:
        """Answer ``scipy.fft.fftshift``."""
        return np.fft.fftshift(array_operand(x), axes)

    @numpy_function(fft.ifftshift)
    def ifftshift(x: Any, axes: Any = None) -> Any:
        """Answer ``scipy.fft.ifftshift``."""
        return np.fft.ifftshift(array_operand(x), axes)


if fft.fftfreq is not np.fft.fftfreq:

    @numpy_function(fft.fftfreq, note="the spacing d may be traced")
    def fftfreq(n: Any, d: Any = 1.0, *, xp: Any = None, device: Any = None) -> Any:
        """Answer ``scipy.fft.fftfreq``."""
        return np.fft.fftfreq(n, d)

    @numpy_function(fft.rfftfreq, note="the spacing d may be traced")
    def rfftfreq(n: Any, d: Any = 1.0, *, xp: Any = None, device: Any = None) -> Any:
        """Answer ``scipy.fft.rfftfreq``."""
        return np.fft.rfftfreq(n, d)


def _length(function: Any) -> None:
    name = f"scipy.fft.{function.__name__}"

    @numpy_function(function, kind="unsupported", note="a length is an integer")
    def refuse(target: Any, *args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            name, "a length is an integer", "pass a shape, or int(dualrev.value(n))"
        )


for _name in ("next_fast_len", "prev_fast_len"):
    if hasattr(fft, _name):
        _length(getattr(fft, _name))
