"""The convolution of networks: a sum over channels and a window of places, for arrays (sample, channel, *place).

There is one trilinear form, S(x, k, y) = Σ y[n, o, p] k[o, i, w] x[n, i, p·stride + w·dilation − padding], and three
bilinear maps, each of which contracts it with two of the three arrays; the adjoints of each are the other two.
Each value is a product of matrices, one of which holds the windows of the samples (Chellapilla, Puri & Simard
2006, High performance convolutional neural networks for document processing).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from dualrev.core.batching import batch_loop
from dualrev.core.dependence import Entries, check_size, places
from dualrev.core.domains import case
from dualrev.core.flavours import bilinear
from dualrev.core.primitive import Primitive
from dualrev.rules.patches import offsets, padded, places_of, slide

__all__ = ["channel_convolution", "channel_correlation", "channel_spread"]

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

# Entries of a block of windows: it should stay in a cache beside the other factor. Between 2**16 and 2**20 the time
# is the same; a single block of everything takes up to half as long again.
_BLOCK = 2**18


def _blocks(samples: int, groups: int, each: int) -> Iterator[tuple[slice, slice]]:
    """Yield slices of samples and of groups whose windows, `each` entries per sample and group, are one block."""
    wide = max(1, min(groups, _BLOCK // max(each, 1)))
    tall = max(1, _BLOCK // max(each * wide, 1))
    for k in range(0, groups, wide):
        for n in range(0, samples, tall):
            yield slice(n, n + tall), slice(k, k + wide)


def _grouped(x: Any, groups: int) -> Any:
    """Return an array of samples with its channels split into groups."""
    return x.reshape(x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])


def _matrix(kernel: Any, groups: int) -> Any:
    """Return the kernel as one matrix per group: output channels by entries of a window."""
    o, i = kernel.shape[:2]
    return kernel.reshape(groups, o // groups, i * math.prod(kernel.shape[2:]))


def _convolve(a: Any, b: Any, *, stride: Ints, padding: Pairs, dilation: Ints, groups: int) -> Any:
    dtype = np.result_type(a, b)
    x = _grouped(padded(a.astype(dtype, copy=False), padding), groups)
    view = slide(x, b.shape[2:], stride, dilation)
    count = view.shape[x.ndim :]
    kernel = _matrix(b.astype(dtype, copy=False), groups)
    rows, columns = kernel.shape[2], math.prod(count)
    y = np.empty((a.shape[0], groups, kernel.shape[1], columns), dtype)
    for n, k in _blocks(a.shape[0], groups, rows * columns):
        part = view[n, k]
        np.matmul(kernel[k], part.reshape(*part.shape[:2], rows, columns), out=y[n, k])
    return y.reshape(a.shape[0], b.shape[0], *count)


def _spread(
    a: Any, b: Any, *, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    dtype = np.result_type(a, b)
    samples, window, count = a.shape[0], b.shape[2:], a.shape[2:]
    kernel = _matrix(b.astype(dtype, copy=False), groups).mT
    y = _grouped(a.astype(dtype, copy=False), groups)
    y = y.reshape(*y.shape[:3], math.prod(count))
    wide = [n + sum(pair) for n, pair in zip(size, padding, strict=True)]
    x: Any = np.zeros((samples, groups, b.shape[1], *wide), dtype)
    index = [places_of(w, count, stride, dilation) for w in offsets(window)]
    if y.size:
        for n, k in _blocks(samples, groups, kernel.shape[1] * y.shape[3]):
            part = np.matmul(kernel[k], y[n, k])
            part = part.reshape(*part.shape[:2], b.shape[1], len(index), *count)
            into = x[n, k]
            for w, at in enumerate(index):
                into[at] += part[:, :, :, w]
    cut = [slice(before, before + n) for n, (before, _) in zip(size, padding, strict=True)]
    x = x[(Ellipsis, *cut)]
    return np.ascontiguousarray(x.reshape(samples, groups * b.shape[1], *size))


def _correlate(
    a: Any, b: Any, *, size: Ints, stride: Ints, padding: Pairs, dilation: Ints, groups: int
) -> Any:
    dtype = np.result_type(a, b)
    x = _grouped(padded(b.astype(dtype, copy=False), padding), groups)
    view = slide(x, size, stride, dilation)
    y = _grouped(a.astype(dtype, copy=False), groups)
    channels, columns = x.shape[2], math.prod(y.shape[3:])
    y = y.reshape(*y.shape[:3], columns)
    rows = channels * math.prod(size)
    kernel = np.zeros((groups, y.shape[2], rows), dtype)
    # All samples of a block are one inner product: samples stand behind offsets, before places.
    order = (1, 2, *range(3, 3 + len(size)), 0, *range(3 + len(size), view.ndim))
    for n, k in _blocks(y.shape[0], groups, rows * columns):
        part = view[n, k].transpose(order)
        part = part.reshape(part.shape[0], rows, y[n].shape[0] * columns)
        left = y[n, k].transpose(1, 2, 0, 3).reshape(len(part), y.shape[2], part.shape[2])
        kernel[k] += np.matmul(left, part.mT)
    return kernel.reshape(groups * y.shape[2], channels, *size)


# --------------------------------------------------------------------------------------------------
# Lanes

# The axes that each array has beside its places: n samples, g groups, i and o channels of a group.
_INPUT, _KERNEL, _OUTPUT = "ngi", "goi", "ngo"


def _named(shape: Ints, axes: str, groups: int) -> Ints:
    first, second = shape
    return (
        (first, groups, second // groups) if axes[0] == "n" else (groups, first // groups, second)
    )


def _joined(sizes: Any, axes: str) -> Ints:
    a, b, c = sizes
    return (a, b * c) if axes[0] == "n" else (a * b, c)


def _fold(x: Any, axes: str, letter: str, groups: int) -> Any:
    """Move the lanes, which lead, into one of the axes."""
    lanes, tail, k = x.shape[0], x.shape[3:], axes.index(letter)
    sizes = list(_named(x.shape[1:3], axes, groups))
    x = np.moveaxis(np.reshape(x, (lanes, *sizes, *tail)), 0, k)
    sizes[k] *= lanes
    return np.reshape(x, (*_joined(sizes, axes), *tail))


def _unfold(y: Any, axes: str, letter: str, groups: int, lanes: int) -> Any:
    """Take the lanes out of the axis again; `groups` are those of the folded arrays."""
    tail, k = y.shape[2:], axes.index(letter)
    sizes = list(_named(y.shape[:2], axes, groups))
    sizes[k] //= lanes
    y = np.moveaxis(np.reshape(y, (*sizes[:k], lanes, *sizes[k:], *tail)), k, 0)
    return np.reshape(y, (lanes, *_joined(sizes, axes), *tail))


def _batch(terms: tuple[str, str], result: str) -> Any:
    def batch(
        primitive: Primitive, lanes: tuple[bool, bool], arrays: Any, params: dict[str, Any]
    ) -> Any:
        count = arrays[0 if lanes[0] else 1].shape[0]
        groups = params["groups"]
        if not count or not groups:
            return batch_loop(primitive, lanes, arrays, params)
        if all(lanes):
            letter, many = "g", groups * count
        else:
            # The axis that the operand with lanes shares with the result and with nothing else.
            mine, other = terms if lanes[0] else terms[::-1]
            ((letter,), many) = set(mine) & set(result) - set(other), groups
        folded = (
            _fold(x, axes, letter, groups) if lane else x
            for x, axes, lane in zip(arrays, terms, lanes, strict=True)
        )
        y = primitive.call(*folded, **{**params, "groups": many})
        return _unfold(y, result, letter, many, count)

    return batch


# --------------------------------------------------------------------------------------------------
# Dependence


def _read(x: Ints, k: Ints, y: Ints, params: dict[str, Any]) -> Any:
    """Return the positions in the input that entries of the output read; y has the shape of the output."""
    groups = params["groups"]
    check_size(math.prod(k[1:]) * math.prod(y))
    view = slide(
        padded(_grouped(places(x), groups), params["padding"]),
        k[2:],
        params["stride"],
        params["dilation"],
    )
    view = view.reshape(x[0], groups, 1, math.prod(k[1:]), *y[2:])
    lanes = np.moveaxis(view, 3, 0)
    full = np.broadcast_to(lanes, (*lanes.shape[:3], y[1] // groups, *y[2:]))
    return full.reshape(len(lanes), *y)


def _across(positions: Any, target: Ints) -> Any:
    """Return positions (lane, channel) for every sample and place of an array of shape `target`."""
    check_size(len(positions) * math.prod(target))
    shape = (len(positions), 1, positions.shape[1], *(1,) * (len(target) - 2))
    return np.broadcast_to(positions.reshape(shape), (len(positions), *target))


def _output_pattern(primals: Any, y: Any, **params: Any) -> Any:
    a, b = primals
    return (
        lambda: _read(a.shape, b.shape, y.shape, params),
        lambda: _across(places((b.shape[0], math.prod(b.shape[1:]))).T, y.shape),
    )


def _input_pattern(primals: Any, y: Any, **params: Any) -> Any:
    a, b = primals
    groups, (o, i) = params["groups"], b.shape[:2]

    def of_output() -> Entries:
        read = _read(y.shape, b.shape, a.shape, params)
        own = np.broadcast_to(places(a.shape), read.shape)
        return Entries(read[read > 0] - 1, own[read > 0] - 1)

    def of_kernel() -> Any:
        split = places((groups, o // groups, i, math.prod(b.shape[2:]))).transpose(1, 3, 0, 2)
        return _across(split.reshape(-1, groups * i), y.shape)

    return of_output, of_kernel


def _kernel_pattern(primals: Any, y: Any, *, groups: int, **params: Any) -> str:
    own = len(y.shape) - 2
    inner, outer, window = "pqrst"[:own], "uvwxy"[:own], "abcde"[:own]
    shared = "i" if groups == 1 else "j"
    return f"no{inner},n{shared}{outer}->oi{window}"


# --------------------------------------------------------------------------------------------------
# Three maps

_SHARED = {"stride": (2,), "padding": ((1, 2),), "dilation": (1,), "groups": 1}
_PLANE = {"stride": (1, 2), "padding": ((0, 0), (1, 0)), "dilation": (2, 1), "groups": 2}
_PLAIN = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
_GAPS = {"stride": (3,), "padding": ((0, 1),), "dilation": (2,), "groups": 3}


channel_convolution = bilinear(
    _convolve,
    lambda ct, b, shape, **params: channel_spread(ct, b, size=shape[2:], **params),
    lambda ct, a, shape, **params: channel_correlation(ct, a, size=shape[2:], **params),
    on=[
        case((2, 2, 5), (3, 2, 3), **_SHARED),
        case((2, 4, 4, 4), (4, 2, 2, 2), **_PLANE),
        case((1, 2, 3), (2, 2, 1), **_PLAIN),
        case((2, 3, 8), (3, 1, 2), **_GAPS),
        case((0, 1, 3), (2, 1, 2), **_PLAIN),
    ],
    name="channel_convolution",
    batch=_batch((_INPUT, _KERNEL), _OUTPUT),
    formula="y[n, o, p] = Σ k[o, i, w] x[n, i, p·stride + w·dilation − padding]",
    pattern=_output_pattern,
)

channel_spread = bilinear(
    _spread,
    lambda ct, b, *, size, **params: channel_convolution(ct, b, **params),
    lambda ct, a, shape, *, size, **params: channel_correlation(a, ct, size=shape[2:], **params),
    on=[
        case((2, 3, 3), (3, 2, 3), size=(5,), **_SHARED),
        case((2, 4, 2, 2), (4, 2, 2, 2), size=(4, 4), **_PLANE),
        case((1, 2, 3), (2, 2, 1), size=(3,), **_PLAIN),
        case((2, 3, 3), (3, 1, 2), size=(8,), **_GAPS),
        case((0, 2, 2), (2, 1, 2), size=(3,), **_PLAIN),
    ],
    name="channel_spread",
    batch=_batch((_OUTPUT, _KERNEL), _INPUT),
    formula="x[n, i, p·stride + w·dilation − padding] is the sum of k[o, i, w] y[n, o, p]: the transpose in x",
    pattern=_input_pattern,
)

channel_correlation = bilinear(
    _correlate,
    lambda ct, b, *, size, **params: channel_convolution(b, ct, **params),
    lambda ct, a, shape, *, size, **params: channel_spread(a, ct, size=shape[2:], **params),
    on=[
        case((2, 3, 3), (2, 2, 5), size=(3,), **_SHARED),
        case((2, 4, 2, 2), (2, 4, 4, 4), size=(2, 2), **_PLANE),
        case((1, 2, 3), (1, 2, 3), size=(1,), **_PLAIN),
        case((2, 3, 3), (2, 3, 8), size=(2,), **_GAPS),
        case((0, 2, 2), (0, 1, 3), size=(2,), **_PLAIN),
    ],
    name="channel_correlation",
    batch=_batch((_OUTPUT, _INPUT), _KERNEL),
    formula="k[o, i, w] = Σ y[n, o, p] x[n, i, p·stride + w·dilation − padding]: the transpose in k",
    pattern=_kernel_pattern,
)
