"""What cannot run with older versions of SciPy: names of examples, and how SciPy itself is different there."""

import numpy as np
import scipy

__all__ = ["OLDER"]

_STACKS = "SciPy before 1.15 takes no stacks of matrices, nor all structures of solve"
_SINGLE = "SciPy before 1.15 gives another precision for single or mixed arrays"
_MENDED = "SciPy before 1.15 gives another value: mended since"
_NUMBERS = "SciPy before 1.15 takes no arrays of no dimension for numbers, or warns of them"
_OTHERS = "SciPy before 1.15 takes other arguments, or warns of these"
_REASONS = {
    _STACKS: (
        "linalg.block_diag linalg.eigh linalg.eigvals linalg.inv linalg.lstsq linalg.lu_solve linalg.pinv linalg.qr "
        "linalg.solve linalg.solve_banded linalg.solve_triangular linalg.svd"
    ),
    _SINGLE: (
        "integrate.cumulative_simpson integrate.trapezoid linalg.sqrtm signal.freqz signal.freqz_zpk stats.boxcox_llf "
        "stats.iqr stats.pearsonr stats.pmean stats.sem stats.skew"
    ),
    _MENDED: "interpolate.Akima1DInterpolator linalg.orthogonal_procrustes signal.hilbert2 signal.lfiltic",
    _NUMBERS: (
        "ndimage.affine_transform ndimage.gaussian_filter ndimage.gaussian_gradient_magnitude ndimage.gaussian_laplace "
        "ndimage.shift"
    ),
    _OTHERS: (
        "integrate.simpson interpolate.RBFInterpolator interpolate.interp1d interpolate.make_lsq_spline"
    ),
}
# Name to reason; empty for the versions in which all can run.
OLDER = (
    {name: reason for reason, names in _REASONS.items() for name in names.split()}
    if np.lib.NumpyVersion(scipy.__version__) < "1.15.0"
    else {}
)
