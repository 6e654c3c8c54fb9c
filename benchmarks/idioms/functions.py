"""Functions of NumPy and SciPy in use: reductions, statistics, series, transforms, special functions."""

import numpy  # noqa: ICN001 (np is a parameter here)

from . import RAISES, idiom

GRID = numpy.array([0.0, 0.5, 1.0, 1.5])
DATA = numpy.array([1.0, 0.7, 0.4, 0.3])
FIVE = (0.6, 1.3, 0.9, -0.4, 0.2)
MATRIX = ((0.6, 1.3, 0.9), (-0.4, 0.7, 1.1))


@idiom()
def mean_var_std(np, x):
    """x.mean(), np.var(x, ddof=1), x.std()."""
    return x.mean() + np.var(x, ddof=1) * x.std()


@idiom(MATRIX)
def axis_and_keepdims(np, x):
    """x / x.sum(axis=1, keepdims=True)."""
    return np.sum((x / x.sum(axis=1, keepdims=True)) ** 2)


@idiom(MATRIX)
def covariance_matrix(np, x):
    """np.cov(x)."""
    return np.sum(np.cov(x) ** 2)


@idiom(FIVE)
def median_and_percentile(np, x):
    """np.median, np.percentile."""
    return np.median(x) ** 2 + np.percentile(x, 30.0)


@idiom(FIVE)
def sort_values(np, x):
    """np.sort(x)."""
    return np.sum(np.sort(x) * np.arange(5.0))


@idiom(FIVE)
def cumulative_sums(np, x):
    """np.cumsum, np.cumprod."""
    return np.sum(np.cumsum(x) ** 2) + np.sum(np.cumprod(x))


@idiom((0.6, 0.0, 0.9))
def product_with_zero(np, x):
    """np.prod with a zero among the factors."""
    return np.prod(x)


@idiom(FIVE)
def differences(np, x):
    """np.diff, np.gradient."""
    return np.sum(np.diff(x) ** 2) + np.sum(np.gradient(x) ** 3)


@idiom()
def interpolation(np, x):
    """np.interp(x, grid, data)."""
    return np.sum(np.interp(x, GRID, DATA) ** 2)


@idiom((1.0, 0.7, 0.4, 0.3))
def interpolation_of_values(np, x):
    """np.interp(grid, grid, values)."""
    return np.sum(np.interp(np.array([0.2, 0.8]), GRID, x) ** 2)


@idiom(FIVE)
def trapezoid_rule(np, x):
    """np.trapezoid(x**2, dx=0.1)."""
    return np.trapezoid(x**2, dx=0.1)


@idiom(FIVE)
def convolution(np, x):
    """np.convolve(x, kernel)."""
    return np.sum(np.convolve(x, np.array([0.25, 0.5, 0.25]), mode="same") ** 2)


@idiom()
def polyval_coefficients(np, x):
    """np.polyval(x, 0.7)."""
    return np.polyval(x, 0.7) ** 2


@idiom()
def polynomial_class_values(np, x):
    """np.polynomial.polynomial.polyval(0.7, x)."""
    return np.polynomial.polynomial.polyval(0.7, x) ** 2


@idiom(FIVE)
def fft_spectrum(np, x):
    """np.abs(np.fft.rfft(x)) ** 2."""
    return np.sum(np.abs(np.fft.rfft(x)) ** 4)


@idiom()
def complex_intermediate(np, x):
    """z = x[0] + 1j * x[1]; abs(z)."""
    z = x[0] + 1j * x[1]
    return abs(z) ** 3 + (z * np.conj(z)).real * x[2]


@idiom()
def complex_exponential(np, x):
    """np.exp(1j * x).real."""
    return np.sum(np.exp(1j * x).real * x) + np.angle(np.sum(np.exp(1j * x)))


@idiom()
def integer_powers(np, x):
    """x**3, x**-2, x**0."""
    return np.sum(x**3 + x**-2 + x**0)


@idiom((-0.6, 1.3, 0.0))
def powers_of_negative(np, x):
    """x**3 and np.power(x, 2) at zero and below."""
    return np.sum(x**3 + np.power(x, 2))


@idiom((0.0, 0.0, 0.0))
def norm_squared_at_zero(np, x):
    """np.linalg.norm(x) ** 2 at 0."""
    return np.linalg.norm(x) ** 2


@idiom()
def logsumexp_by_hand(np, x):
    """m + np.log(np.sum(np.exp(x - m)))."""
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


@idiom(FIVE)
def softmax_cross_entropy(np, x):
    """-np.log(softmax(x)[k])."""
    e = np.exp(x - x.max())
    return -np.log((e / e.sum())[2])


@idiom()
def logaddexp_reduce(np, x):
    """np.logaddexp.reduce(x)."""
    return np.logaddexp.reduce(x)


@idiom()
def ufunc_methods(np, x):
    """np.add.reduce, np.multiply.outer, np.add.accumulate."""
    return np.add.reduce(np.multiply.outer(x, x), axis=0) @ np.add.accumulate(x)


@idiom()
def maximum_accumulate(np, x):
    """np.maximum.accumulate(x)."""
    return np.sum(np.maximum.accumulate(x) ** 2)


@idiom(MATRIX)
def apply_along_axis(np, x):
    """np.apply_along_axis(f, 1, x)."""
    return np.sum(np.apply_along_axis(lambda v: v**2 * v[0], 1, x))


@idiom()
def roll_and_pad(np, x):
    """np.roll, np.pad."""
    return np.sum(np.roll(x, 1) * x) + np.sum(np.pad(x, 1, mode="edge") ** 2)


@idiom((0.6, numpy.nan, 0.9))
def nan_aware_sums(np, x):
    """np.nansum, where one entry is missing."""
    return np.nansum(x[np.array([0, 2])] ** 2) + np.nanmax(x[::2])


@idiom(FIVE)
def unique_values(np, x):
    """np.unique(x)."""
    return np.sum(np.unique(x) * np.arange(5.0))


@idiom(FIVE)
def histogram_weights(np, x):
    """np.bincount(bins, weights=x)."""
    return np.sum(np.bincount(np.array([0, 1, 1, 2, 0]), weights=x) ** 2)


@idiom()
def average_with_weights(np, x):
    """np.average(data, weights=x)."""
    return np.average(np.array([1.0, 2.0, 4.0]), weights=x) ** 2


@idiom()
def hypot_arctan2(np, x):
    """np.hypot, np.arctan2."""
    return np.hypot(x[0], x[1]) + np.arctan2(x[1], x[2])


@idiom()
def logarithm_family(np, x):
    """np.log1p, np.expm1, np.log10, np.cbrt."""
    return np.sum(np.log1p(x) * np.expm1(x) + np.log10(x) * np.cbrt(x))


@idiom()
def special_gammaln(np, x, special):
    """scipy.special.gammaln, psi."""
    return np.sum(special.gammaln(x) + special.digamma(x + 1.0))


@idiom()
def special_erf_ndtr(np, x, special):
    """scipy.special.erf, ndtr."""
    return np.sum(special.erf(x) * special.ndtr(x))


@idiom(plain=RAISES, error="TypeError")
def special_logsumexp(np, x, special):
    """scipy.special.logsumexp."""
    return special.logsumexp(x) ** 2


@idiom()
def special_expit_xlogy(np, x, special):
    """scipy.special.expit, xlogy."""
    return np.sum(special.xlogy(x, special.expit(x)))


@idiom()
def special_beta_parameters(np, x, special):
    """scipy.special.betaln of parameters."""
    return special.betaln(x[0], x[1]) * x[2]


@idiom(plain=RAISES, mirror=RAISES, error="TypeError")
def nditer_entries(np, x):
    """for v in np.nditer(x)."""
    total = 0.0
    for v in np.nditer(x):
        total = total + v * v
    return total


@idiom(plain=RAISES, mirror=RAISES, error="UnsupportedError")
def matrix_class(np, x):
    """np.matrix(x)."""
    m = np.matrix(x)
    return (m * m.T)[0, 0]


@idiom()
def masked_array(np, x):
    """np.ma.masked_less(x, 0.7).sum()."""
    return np.ma.masked_less(x, 0.7).sum() ** 2
