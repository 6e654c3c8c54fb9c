"""Discrete sine and cosine transforms of types 1 to 4: one linear primitive, whose transpose is one of them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from scipy import fft

from dualrev.core.array import dtype_of
from dualrev.core.domains import case
from dualrev.core.flavours import linear
from dualrev.core.primitive import numpy_function
from dualrev.core.shapes import negative_axis
from dualrev.rules.contraction import array_operand
from dualrev.rules.transforms.fourier import fitted, sizes

__all__ = ["trigonometric_transform"]

_NOTE = "of complex arrays SciPy drops orthogonalize=, and so does this"

_OTHER = {1: 1, 2: 3, 3: 2, 4: 4}
_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _value(x: Any, *, kind: str, type: int, axis: int, norm: Any, orthogonalize: bool) -> Any:
    transform = fft.dct if kind == "cos" else fft.dst

    def real(v: Any) -> Any:
        return transform(v, type, axis=axis, norm=norm, orthogonalize=orthogonalize)

    # SciPy drops orthogonalize= of complex arrays.
    return real(x.real) + 1j * real(x.imag) if x.dtype.kind == "c" else real(x)


def _weights(ct: Any, axis: int, places: tuple[int, ...], weight: float) -> Any:
    """Return `weight` at some places along an axis, and 1 elsewhere."""
    w = np.ones(ct.shape[axis], np.finfo(dtype_of(ct)).dtype)
    w[list(places)] = weight
    return np.reshape(w, (-1, *(1,) * (-axis - 1)))


def _transpose(ct: Any, *, kind: str, type: int, axis: int, norm: Any, orthogonalize: bool) -> Any:
    def other(v: Any) -> Any:
        return trigonometric_transform(
            v, kind=kind, type=_OTHER[type], axis=axis, norm=norm, orthogonalize=orthogonalize
        )

    if orthogonalize or type == 4 or (kind, type) == ("sin", 1):
        return other(ct)
    if type == 1:
        w = _weights(ct, axis, (0, -1), 0.5)
        return other(ct / w) * w
    w = _weights(ct, axis, (0,) if kind == "cos" else (-1,), 2.0)
    return other(ct * w) if type == 2 else other(ct) / w


trigonometric_transform = linear(
    _value,
    _transpose,
    on=[
        case((2, 4), kind=kind, type=type, axis=-1, norm=norm, orthogonalize=orthogonalize)
        for kind in ("cos", "sin")
        for type in (1, 2, 3, 4)
        for norm, orthogonalize in (("backward", False), ("ortho", True), ("forward", False))
    ]
    + [
        case((3, 2), kind="cos", type=1, axis=-2, norm="ortho", orthogonalize=False),
        case((3, 2), kind="sin", type=2, axis=-2, norm="backward", orthogonalize=True),
        case((1,), kind="cos", type=2, axis=-1, norm="backward", orthogonalize=False),
        case((1,), kind="sin", type=3, axis=-1, norm="forward", orthogonalize=False),
    ],
    name="trigonometric_transform",
    pattern="lines",
    formula="types 2 and 3 are each other's transpose, but that type 2 has twice the weight of x₀ (DCT) or of the last "
    "entry (DST); types 1 and 4 are symmetric, but that DCT-1 has half the weight of both ends; no weights if "
    "orthogonalised",
)


def _one(
    x: Any, kind: str, type: Any, n: Any, axis: Any, norm: Any, orthogonalize: Any, inverse: bool
) -> Any:
    type = operator.index(type)
    if norm not in _SWAPPED:
        raise ValueError(f'Invalid norm value {norm!r}, should be "backward", "ortho" or "forward"')
    if type not in _OTHER:
        raise ValueError(f"DCT type {type} not supported" if kind == "cos" else "invalid type")
    if orthogonalize is None or dtype_of(x).kind == "c":
        orthogonalize = norm == "ortho"
    if n is not None:
        n = operator.index(n)
        if n < 1:
            raise ValueError(f"invalid number of data points ({n}) specified")
        x = fitted(x, n, axis)
    if inverse:
        type, norm = _OTHER[type], _SWAPPED[norm]
    axis = negative_axis(axis, x.ndim)
    if dtype_of(x).kind not in "fc":
        x = x.astype(float)
    return trigonometric_transform(
        x,
        kind=kind,
        type=type,
        axis=axis,
        norm="backward" if norm is None else norm,
        orthogonalize=bool(orthogonalize),
    )


def _answer(kind: str, inverse: bool) -> None:
    name = ("i" if inverse else "") + {"cos": "dct", "sin": "dst"}[kind]

    @numpy_function(getattr(fft, name), kind="rule", note=_NOTE)
    def one(
        x: Any,
        type: int = 2,
        n: Any = None,
        axis: int = -1,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        orthogonalize: Any = None,
    ) -> Any:
        return _one(array_operand(x), kind, type, n, axis, norm, orthogonalize, inverse)

    @numpy_function(getattr(fft, f"{name}n"), note=_NOTE)
    def several(
        x: Any,
        type: int = 2,
        s: Any = None,
        axes: Any = None,
        norm: Any = None,
        overwrite_x: bool = False,
        workers: Any = None,
        *,
        orthogonalize: Any = None,
    ) -> Any:
        x = array_operand(x)
        for n, axis in sizes(x, s, axes):
            x = _one(x, kind, type, n, axis, norm, orthogonalize, inverse)
        return x


for _kind in ("cos", "sin"):
    _answer(_kind, False)
    _answer(_kind, True)
