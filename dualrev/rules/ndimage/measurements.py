"""Measurements of labelled regions of scipy.ndimage, filters in Fourier space, and what only counts or compares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from dualrev.core.array import dtype_of
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.creation import astype
from dualrev.rules.ndimage.edges import delivered, image, plainly
from dualrev.rules.shaping import lane

__all__: list[str] = []


def _regions(x: Any, labels: Any, index: Any) -> tuple[list[Any], tuple[int, ...]]:
    """Return the masks of the regions that are asked for, and the shape of the answer."""
    if labels is None:
        if index is not None:
            raise ValueError("labels must be None if index is")
        return [np.ones(x.shape, bool)], ()
    labels = np.broadcast_to(np.asarray(labels), x.shape)
    if index is None:
        return [labels > 0], ()
    index = np.asarray(index)
    return [labels == k for k in index.ravel()], index.shape


def _each_region(name: str, measure: Callable[[Any], Any], note: str = "") -> None:
    function = getattr(ndimage, name)

    @numpy_function(function, note=note or "in the image; labels are constants")
    def call(input: Any, labels: Any = None, index: Any = None) -> Any:
        x = image(input)
        masks, shape = _regions(x, labels, index)
        y = np.reshape(np.stack([measure(x[mask]) for mask in masks]), shape)
        # SciPy takes a way of its own for each kind of labels, some of them in double precision.
        return astype(y, np.result_type(function(lane(x), labels, index)), copy=False)


def _mean(v: Any) -> Any:
    return np.sum(v) / v.size if v.size else np.sum(v) * np.nan


_each_region("sum_labels", np.sum)
_each_region("mean", _mean)


def _variance(v: Any) -> Any:
    off = v - _mean(v)
    return _mean(off * np.conjugate(off)) if dtype_of(v).kind == "c" else _mean(off**2)


_each_region("variance", _variance)
_each_region("standard_deviation", lambda v: np.sqrt(_variance(v)), "not where it is zero")
_each_region("maximum", lambda v: np.max(v) if v.size else np.zeros(()), "ties share equally")
_each_region("minimum", lambda v: np.min(v) if v.size else np.zeros(()), "ties share equally")
_each_region("median", lambda v: np.median(v) if v.size else np.full((), np.nan))


@numpy_function(ndimage.sum, note="as sum_labels")
def sum_(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Answer ``scipy.ndimage.sum``."""
    x = image(input)
    masks, shape = _regions(x, labels, index)
    y = np.reshape(np.stack([np.sum(x[mask]) for mask in masks]), shape)
    return astype(y, np.result_type(ndimage.sum_labels(lane(x), labels, index)), copy=False)


@numpy_function(ndimage.center_of_mass, note="in the image; labels are constants")
def center_of_mass(input: Any, labels: Any = None, index: Any = None) -> Any:
    """Answer ``scipy.ndimage.center_of_mass``."""
    x = image(input)
    masks, shape = _regions(x, labels, index)
    grid = np.indices(x.shape, dtype=float)
    found = []
    for mask in masks:
        v = x[mask]
        total = np.sum(v)
        found.append(tuple(np.sum(v * g[mask]) / total for g in grid))
    return found if shape else found[0]


def _in_fourier(name: str, input: Any, size: Any, n: int, axis: int, output: Any) -> Any:
    x = image(input)
    kind = complex if dtype_of(x).kind == "c" or name == "fourier_shift" else float
    factors = getattr(ndimage, name)(np.ones(x.shape, kind), size, n, axis)
    if output is None and dtype_of(x).kind == "f" and kind is complex:
        output = np.complex128
    return delivered(x * factors, x, output, name)


_WIDTHS = "in the transform; the widths are constants"


@numpy_function(ndimage.fourier_gaussian, note=_WIDTHS)
def fourier_gaussian(
    input: Any, sigma: Any, n: int = -1, axis: int = -1, output: Any = None
) -> Any:
    """Answer ``scipy.ndimage.fourier_gaussian``."""
    return _in_fourier("fourier_gaussian", input, sigma, n, axis, output)


@numpy_function(ndimage.fourier_uniform, note=_WIDTHS)
def fourier_uniform(input: Any, size: Any, n: int = -1, axis: int = -1, output: Any = None) -> Any:
    """Answer ``scipy.ndimage.fourier_uniform``."""
    return _in_fourier("fourier_uniform", input, size, n, axis, output)


@numpy_function(ndimage.fourier_ellipsoid, note=_WIDTHS)
def fourier_ellipsoid(
    input: Any, size: Any, n: int = -1, axis: int = -1, output: Any = None
) -> Any:
    """Answer ``scipy.ndimage.fourier_ellipsoid``."""
    return _in_fourier("fourier_ellipsoid", input, size, n, axis, output)


@numpy_function(ndimage.fourier_shift, note="in the transform; the shift is constant")
def fourier_shift(input: Any, shift: Any, n: int = -1, axis: int = -1, output: Any = None) -> Any:
    """Answer ``scipy.ndimage.fourier_shift``."""
    return _in_fourier("fourier_shift", input, shift, n, axis, output)


# Counts, comparisons and shapes; of the image only what is zero, larger or equal matters.
_CONSTANT = """
    binary_closing binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss binary_opening
    binary_propagation distance_transform_bf distance_transform_cdt distance_transform_edt histogram
    label maximum_position minimum_position value_indices
"""
for _name in _CONSTANT.split():
    if hasattr(ndimage, _name):
        _function = getattr(ndimage, _name)
        numpy_function(_function, kind="constant", note="of the image only what is zero or larger")(
            plainly(_function)
        )

for _name in ("generate_binary_structure", "iterate_structure", "find_objects"):
    _function = getattr(ndimage, _name)
    numpy_function(_function, kind="passes", note="of integers")(_function)

_REFUSED = {
    "black_tophat": "structures are added in plain numbers",
    "extrema": "it returns positions with values",
    "grey_closing": "structures are added in plain numbers",
    "grey_dilation": "structures are added in plain numbers",
    "grey_erosion": "structures are added in plain numbers",
    "grey_opening": "structures are added in plain numbers",
    "labeled_comprehension": "it calls the function on plain numbers",
    "morphological_gradient": "structures are added in plain numbers",
    "morphological_laplace": "structures are added in plain numbers",
    "watershed_ift": "it floods plain integers",
    "white_tophat": "structures are added in plain numbers",
}


def _refusing(name: str, reason: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(
            f"scipy.ndimage.{name}", reason, "maximum_filter and minimum_filter, or NumPy functions"
        )

    return refuse


for _name, _reason in _REFUSED.items():
    numpy_function(getattr(ndimage, _name), kind="unsupported", note=_reason)(
        _refusing(_name, _reason)
    )
