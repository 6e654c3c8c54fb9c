"""What a pattern is held against: numerically nonzero Jacobians, NaN seeding, and sets of Python."""

import warnings

import numpy as np

import dualrev as dr
from dualrev.core.primitive import Rule
from dualrev.derivatives.containers import flatten

# Rounding in a convolution by FFT, relative to the largest entry.
NOISE = 1e-13


def flat(y):
    """One vector of all outputs, as plain numbers."""
    leaves, _ = flatten(y)
    return np.concatenate([np.zeros(0), *(np.ravel(dr.value(leaf)) for leaf in leaves)])


def jacobian_matrix(f, x):
    """The dense Jacobian of everything that f returns, as a matrix."""
    x = np.asarray(x)
    size = flat(f(x)).size
    if not x.size or not size:
        return np.zeros((size, x.size))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        leaves, _ = flatten(dr.jacobian(f)(x))
    blocks = [np.asarray(leaf) for leaf in leaves]
    return np.concatenate([b.reshape(-1, x.size) for b in blocks])


def nonzero(matrix):
    """Where a matrix of derivatives is not zero; NaN is not."""
    matrix = np.asarray(matrix)
    with np.errstate(invalid="ignore"):
        size = np.abs(matrix)
        largest = np.max(size, initial=0.0, where=np.isfinite(size))
    return ~(size <= NOISE * largest)


def nan_seeding(f, x):
    """Which outputs become NaN if an input does: column by column."""
    base = np.isnan(flat(f(x)))
    found = np.zeros((len(base), x.size), bool)
    for k in range(x.size):
        bad = np.array(x, copy=True)
        bad.flat[k] = np.nan
        found[:, k] = np.isnan(flat(f(bad))) & ~base
    return found


def subjects(primitive, seed=0):
    """Yield every sample of a primitive as (case, arrays, params, differentiable positions)."""
    for case, (drawn, params) in enumerate(primitive.samples(seed)):
        arrays = [np.asarray(a) for a in drawn]
        moving = [
            k
            for k, a in enumerate(arrays)
            if a.dtype.kind == "f"
            and isinstance(primitive.tangents[0 if primitive.arguments is None else k], Rule)
        ]
        yield case, arrays, params, moving


def of_argument(primitive, arrays, params, k):
    """The primitive as a function of its argument k."""

    def f(x):
        given = list(arrays)
        given[k] = x
        return primitive(*given, **params)

    return f


def resampled(primitive, case, arrays, seed):
    """The floats and masks of a sample drawn anew, its integers as they are."""
    drawn = [np.asarray(a) for a in list(primitive.samples(seed))[case][0]]
    return [a if a.dtype.kind in "iu" else b for a, b in zip(arrays, drawn, strict=True)]
