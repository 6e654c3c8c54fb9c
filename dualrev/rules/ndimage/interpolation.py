"""Images between their pixels: map_coordinates, affine_transform, shift, zoom, rotate.

An image is a spline (`prefilter.py`); coordinates beyond the borders are folded back. Differentiable in the image, in
the coordinates (or what they are made of) and in the border value. At a knot derivatives are from the right.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
from scipy import ndimage

from dualrev.core.array import dtype_of, value
from dualrev.core.buffer import is_traced
from dualrev.core.primitive import numpy_function
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.ndimage.edges import delivered, each, image, in_double
from dualrev.rules.ndimage.prefilter import check, coefficients, folded, folding
from dualrev.rules.shaping import lane
from dualrev.rules.taking import take

__all__: list[str] = []


def _mapped(x: Any, n: int, mode: str) -> Any:
    """Return coordinates inside, by the border mode; those of mode constant are left where they are."""
    if mode in ("constant", "grid-constant"):
        return x
    if n == 1:
        return 0.0 * x
    below, above = x < 0, x > n - 1
    if mode == "nearest":
        # The coefficients go on as constants; beyond all of them that are still felt nothing changes.
        return np.where(x < -6.0, -6.0, np.where(x > n + 5.0, n + 5.0, x))
    if mode == "wrap":
        size = n - 1.0
        return np.where(
            below,
            x + size * (np.floor(-x / size) + 1.0),
            np.where(above, x - size * np.floor(x / size), x),
        )
    if mode == "grid-wrap":
        low = x + n * (np.trunc((-1.0 - x) / n) + 1.0)
        return np.where(below, low, np.where(above, x - n * np.floor(x / n), x))
    shift = 0.5 if folding(mode) == "reflect" else 0.0
    half = n - 1.0 + 2.0 * shift
    y = (x + shift) % (2.0 * half)
    y = np.where(y > half, 2.0 * half - y, y) - shift
    return np.where(below | above, y, x)


def _taps(x: Any, n: int, order: int, mode: str) -> tuple[list[Any], list[Any], list[Any]]:
    """Return positions, weights and masks of what is outside, of the order + 1 coefficients around coordinates."""
    base = np.floor(x) if order & 1 else np.floor(x + 0.5)
    start = _whole(base) - order // 2
    u = x - base + (0.0 if order & 1 else 0.5)
    w: list[Any] = [np.ones_like(x)]
    for r in range(1, order + 1):
        up = [(u + (r - 1.0 - j)) * v / r for j, v in enumerate(w)]
        down = [((j + 1.0) - u) * v / r for j, v in enumerate(w)]
        w = [down[0], *(up[j - 1] + down[j] for j in range(1, r)), up[-1]]
    at = [start + m for m in range(order + 1)]
    outside = [(k < 0) | (k > n - 1) for k in at] if mode == "grid-constant" else []
    fold = "nearest" if mode == "nearest" else folding(mode)
    return [folded(k, n, fold) for k in at], w, outside


def _whole(base: Any) -> Any:
    """Return whole numbers held as floats as integers, which may differ from lane to lane."""
    return base.astype(int)


def _sampled(c: Any, points: list[Any], order: int, mode: str, cval: Any) -> Any:
    """Evaluate a spline at points given by one array of coordinates per axis."""
    shape = c.shape
    out: Any = False
    found = []
    for x, n in zip(points, shape, strict=True):
        if mode == "constant":
            beyond = (x < 0) | (x > n - 1)
            out = out | beyond
        inside = np.where(beyond, 0.0, x) if mode == "constant" else _mapped(x, n, mode)
        found.append(_taps(inside, n, order, mode))
    flat = np.reshape(c, (-1,))
    y: Any = 0.0
    for corner in itertools.product(range(order + 1), repeat=len(shape)):
        at: Any = 0
        weight: Any = 1.0
        beyond = False
        for m, n, (positions, w, outside) in zip(corner, shape, found, strict=True):
            at = at * n + positions[m]
            weight = weight * w[m]
            if outside:
                beyond = beyond | outside[m]
        part = take(flat, at)
        if mode == "grid-constant":
            part = np.where(beyond, cval, part)
        y = y + (weight * part if order else part)
    return np.where(out, cval, y) if mode == "constant" else y


def _separable(c: Any, points: list[Any], order: int, mode: str, cval: Any) -> Any:
    """Evaluate a spline on a grid given by one vector of coordinates per axis."""
    if mode == "grid-constant" or any(np.ndim(value(x)) > 1 for x in points):
        grids = np.meshgrid(*points, indexing="ij") if len(points) > 1 else points
        return _sampled(c, list(grids), order, mode, cval)
    out: Any = False
    for axis, x in enumerate(points):
        column = (-1, *(1,) * (len(points) - 1 - axis))
        n = c.shape[axis]
        if mode == "constant":
            beyond = (x < 0) | (x > n - 1)
            out = out | np.reshape(beyond, column)
        inside = np.where(beyond, 0.0, x) if mode == "constant" else _mapped(x, n, mode)
        positions, w, _ = _taps(inside, n, order, mode)
        parts = (
            (np.reshape(v, column) if order else 1.0) * take(c, at, axis=axis)
            for at, v in zip(positions, w, strict=True)
        )
        c = sum(parts)
    return np.where(out, cval, c) if mode == "constant" else c


@numpy_function(
    ndimage.map_coordinates, note="in the image, coordinates and border value; every order and mode"
)
def map_coordinates(
    input: Any,
    coordinates: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """Answer ``scipy.ndimage.map_coordinates``."""
    check(order, mode)
    x, at = image(input), image(coordinates)
    if dtype_of(at).kind == "c":
        raise TypeError("Complex type not supported")
    if x.ndim < 1 or at.ndim < 2:
        raise RuntimeError("input and output rank must be > 0")
    if at.shape[0] != x.ndim:
        raise RuntimeError("invalid shape for coordinate array")
    at = in_double(at)
    c, padded = coefficients(x, order, mode, cval, prefilter)
    points = [at[k] + float(padded) if padded else at[k] for k in range(x.ndim)]
    y = _sampled(c, points, order, mode, cval)
    return delivered(y, x, output, "map_coordinates")


def _shape_of(output: Any, given: Any, x: Any) -> tuple[int, ...]:
    if given is not None:
        return tuple(int(n) for n in given)
    return tuple(output.shape) if isinstance(output, np.ndarray) else x.shape


@numpy_function(
    ndimage.affine_transform, note="in the image, matrix, offset and border value; every mode"
)
def affine_transform(
    input: Any,
    matrix: Any,
    offset: Any = 0.0,
    output_shape: Any = None,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """Answer ``scipy.ndimage.affine_transform``."""
    check(order, mode)
    x = image(input)
    shape = _shape_of(output, output_shape, x)
    if x.ndim < 1 or len(shape) < 1:
        raise RuntimeError("input and output rank must be > 0")
    m, n = in_double(image(matrix)), x.ndim
    if m.ndim not in (1, 2) or m.shape[0] < 1:
        raise RuntimeError("no proper affine matrix provided")
    if m.ndim == 2 and m.shape[1] == n + 1 and m.shape[0] in (n, n + 1):
        if m.shape[0] == n + 1 and not np.all(lane(m)[n] == [0] * n + [1]):
            raise ValueError(
                f"Expected homogeneous transformation matrix with shape {m.shape} for image shape "
                f"{x.shape}, but bottom row was not equal to {[0] * n + [1]}"
            )
        offset, m = m[:n, n], m[:n, :n]
    if m.shape[0] != n:
        raise RuntimeError("affine matrix has wrong number of rows")
    if m.ndim == 2 and m.shape[1] != len(shape):
        raise RuntimeError("affine matrix has wrong number of columns")
    offset = np.broadcast_to(in_double(image(offset)), (n,))
    c, padded = coefficients(x, order, mode, cval, prefilter)
    if m.ndim == 1:
        # As SciPy, which scales the sum of position and shift.
        points = [
            (np.arange(float(size)) + offset[k] / m[k]) * m[k] for k, size in enumerate(shape)
        ]
        y = _separable(c, [v + padded for v in points], order, mode, cval)
    else:
        grid = np.indices(shape, dtype=float)
        points = []
        for row in range(n):
            v = sum(m[row, k] * grid[k] for k in range(len(shape))) + offset[row]
            points.append(v + float(padded))
        y = _sampled(c, points, order, mode, cval)
    return delivered(y, x, output, "affine_transform")


@numpy_function(ndimage.shift, note="in the image, shift and border value; every order and mode")
def shift(
    input: Any,
    shift: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """Answer ``scipy.ndimage.shift``."""
    check(order, mode)
    x = image(input)
    if x.ndim < 1:
        raise RuntimeError("input and output rank must be > 0")
    by = each(image(shift) if is_traced(shift) else shift, x.ndim)
    c, padded = coefficients(x, order, mode, cval, prefilter)
    points = [np.arange(float(n)) + padded - by[k] for k, n in enumerate(x.shape)]
    return delivered(_separable(c, points, order, mode, cval), x, output, "shift")


@numpy_function(ndimage.zoom, note="in the image and border value; the factors decide the shape")
def zoom(
    input: Any,
    zoom: Any,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
    *,
    grid_mode: bool = False,
) -> Any:
    """Answer ``scipy.ndimage.zoom``."""
    check(order, mode)
    x = image(input)
    if x.ndim < 1:
        raise RuntimeError("input and output rank must be > 0")
    factors = [float(value(f)) for f in each(zoom, x.ndim)]
    shape = tuple(round(n * f) for n, f in zip(x.shape, factors, strict=True))
    if prefilter and all(f == 1 for f in factors):
        return delivered(x * 1.0, x, output, "zoom")
    if grid_mode and dtype_of(x).kind == "c":
        raise UnsupportedError(
            "scipy.ndimage.zoom with grid_mode=True",
            "SciPy leaves that out for complex images",
            "zoom of the real part and of the imaginary part",
        )
    suggested = {"constant": "grid-constant", "wrap": "grid-wrap"}.get(mode)
    if grid_mode and suggested:
        warnings.warn(
            f"It is recommended to use mode = {suggested} instead of {mode} when grid_mode is True.",
            stacklevel=2,
        )
    c, padded = coefficients(x, order, mode, cval, prefilter)
    points = []
    for n, size in zip(x.shape, shape, strict=True):
        if grid_mode:
            step = n / size if size else 1.0
            points.append((np.arange(float(size)) + 0.5) * step - 0.5 + padded)
        else:
            step = (n - 1) / (size - 1) if size != 1 else 1.0
            points.append(np.arange(float(size)) * step + padded)
    return delivered(_separable(c, points, order, mode, cval), x, output, "zoom")


@numpy_function(
    ndimage.rotate, note="in the image, border value and, with reshape=False, the angle"
)
def rotate(
    input: Any,
    angle: Any,
    axes: Any = (1, 0),
    reshape: bool = True,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: Any = 0.0,
    prefilter: bool = True,
) -> Any:
    """Answer ``scipy.ndimage.rotate``."""
    check(order, mode)
    x = image(input)
    if x.ndim < 2:
        raise ValueError("input array should be at least 2D")
    pair = list(axes)
    if len(pair) != 2:
        raise ValueError("axes should contain exactly two values")
    if not all(float(k).is_integer() for k in pair):
        raise ValueError("axes should contain only integer values")
    if any(not -x.ndim <= k < x.ndim for k in pair):
        raise ValueError("invalid rotation plane specified")
    pair = sorted(int(k) % x.ndim for k in pair)
    if reshape and is_traced(angle):
        raise UnsupportedError(
            "scipy.ndimage.rotate with reshape=True",
            "the shape of the result depends on the angle",
            "reshape=False",
        )
    cos, sin = special.cosdg(angle), special.sindg(angle)
    rows = ((cos, sin), (-sin, cos))
    sides = np.array([x.shape[k] for k in pair])
    if reshape:
        corners = np.array(rows) @ [[0, 0, sides[0], sides[0]], [0, sides[1], 0, sides[1]]]
        plane = tuple(int(n) for n in (np.ptp(corners, axis=1) + 0.5).astype(int))
    else:
        plane = tuple(int(n) for n in sides)
    middle = [(n - 1) / 2 for n in plane]
    offset = [
        (side - 1) / 2 - (row[0] * middle[0] + row[1] * middle[1])
        for side, row in zip(sides, rows, strict=True)
    ]
    front = [k for k in range(x.ndim) if k not in pair]
    stack = np.transpose(x, front + pair)
    lead = stack.shape[: len(front)]
    stack = np.reshape(stack, (-1, *stack.shape[len(front) :]))
    grid = np.indices(plane, dtype=float)
    done = []
    for k in range(stack.shape[0]):
        c, padded = coefficients(stack[k], order, mode, cval, prefilter)
        points = [
            row[0] * grid[0] + row[1] * grid[1] + shift + float(padded)
            for row, shift in zip(rows, offset, strict=True)
        ]
        done.append(_sampled(c, points, order, mode, cval))
    y = np.reshape(np.stack(done), (*lead, *plane))
    y = np.transpose(y, np.argsort(front + pair))
    return delivered(y, x, output, "rotate")


def _refuse(*args: Any, **kwargs: Any) -> Any:
    raise UnsupportedError(
        "scipy.ndimage.geometric_transform",
        "SciPy calls the mapping entry by entry",
        "map_coordinates, with the coordinates computed by NumPy",
    )


numpy_function(
    ndimage.geometric_transform,
    kind="unsupported",
    note="calls the mapping entry by entry; use map_coordinates",
)(_refuse)
