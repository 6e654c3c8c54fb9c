"""Examples of statistics of samples, with their options."""

import numpy as np

from dualrev.scipy import stats
from tests.rules.examples import Example

X = np.array([[0.62, 1.21, 0.47], [1.35, 0.83, 2.56], [0.91, 1.74, 0.38], [1.17, 0.29, 1.66]])
Y = np.array([[1.12, 0.71, 1.43], [0.55, 1.93, 0.86], [1.61, 0.34, 0.98], [0.77, 1.29, 2.16]])
U, V = X[:, 0], Y[:, 1]
STACK = np.stack([X, Y])
W = np.array([0.4, 1.3, 0.7, 0.9])


def _of(name, *names, **options):
    return lambda x, *more: getattr(stats, name)(
        x, **dict(zip(names, more, strict=True)), **options
    )


def _result(name, fields):
    def f(*arrays):
        found = getattr(stats, name)(*arrays)
        return tuple(getattr(found, field) for field in fields)

    return f


EXAMPLES = {
    "stats.zscore": [Example(_of("zscore"), X), Example(_of("zscore", axis=None, ddof=1), X)],
    "stats.gzscore": [Example(_of("gzscore"), X)],
    "stats.zmap": [Example(lambda x, y: stats.zmap(x, y, axis=1), X, Y)],
    "stats.moment": [
        Example(_of("moment", order=3), X),
        Example(_of("moment", "center", order=2, axis=None, keepdims=True), X, 0.3),
        Example(_of("moment", order=[2, 4], axis=1), X),
    ],
    "stats.skew": [Example(_of("skew"), X), Example(_of("skew", axis=None, bias=False), X)],
    "stats.kurtosis": [
        Example(_of("kurtosis"), X),
        Example(_of("kurtosis", axis=0, bias=False, fisher=False, keepdims=True), X),
        Example(_of("kurtosis", axis=None, bias=False), X),
    ],
    "stats.sem": [Example(_of("sem"), X), Example(_of("sem", axis=1, ddof=0, keepdims=True), X)],
    "stats.variation": [Example(_of("variation"), X), Example(_of("variation", ddof=1, axis=1), X)],
    "stats.gstd": [Example(_of("gstd"), X)],
    "stats.gmean": [
        Example(_of("gmean", "weights"), U, W),
        Example(_of("gmean", axis=None), X),
        Example(_of("gmean", axis=1, keepdims=True), X),
    ],
    "stats.hmean": [Example(_of("hmean", "weights"), U, W), Example(_of("hmean", axis=1), X)],
    "stats.pmean": [
        Example(_of("pmean", "weights", p=2.5), U, W),
        Example(_of("pmean", p=0), X),
        Example(_of("pmean", p=-1.5, axis=1), X),
    ],
    "stats.tmean": [
        Example(_of("tmean"), X),
        Example(_of("tmean", limits=(0.4, 1.7), axis=0), X),
    ],
    "stats.tvar": [Example(_of("tvar"), X), Example(_of("tvar", limits=(0.4, None)), X)],
    "stats.tstd": [
        Example(_of("tstd", axis=1), X),
        Example(_of("tstd", limits=(None, 1.7), inclusive=(True, False), ddof=0), X),
    ],
    "stats.tsem": [Example(_of("tsem"), X), Example(_of("tsem", limits=(0.4, 1.7), axis=None), X)],
    "stats.trim_mean": [
        Example(_of("trim_mean", proportiontocut=0.25), X),
        Example(_of("trim_mean", proportiontocut=0.2, axis=None), X),
    ],
    "stats.iqr": [
        Example(_of("iqr"), X),
        Example(_of("iqr", axis=1, rng=(10, 80), scale="normal", keepdims=True), X),
    ],
    "stats.median_abs_deviation": [
        Example(_of("median_abs_deviation"), Y),
        Example(_of("median_abs_deviation", axis=1, center=np.mean, scale="normal"), Y),
    ],
    "stats.entropy": [
        Example(_of("entropy"), X),
        Example(_of("entropy", "qk", base=2.0, axis=1), X, Y),
    ],
    "stats.circmean": [
        Example(_of("circmean", axis=0), X),
        Example(_of("circmean", high=5.0, low=1.0), X),
    ],
    "stats.circvar": [Example(_of("circvar"), X), Example(_of("circvar", high=9.0, axis=1), X)],
    "stats.circstd": [
        Example(_of("circstd", high=9.0), X),
        Example(_of("circstd", axis=0, normalize=True, high=8.0), X),
    ],
    "stats.pearsonr": [
        Example(_result("pearsonr", ("statistic", "pvalue")), U, V),
        Example(lambda x, y: stats.pearsonr(x, y, alternative="less")[1], U, V),
        Example(lambda x, y: stats.pearsonr(x, y, alternative="greater").pvalue, U, V),
    ],
    "stats.linregress": [
        Example(
            _result(
                "linregress",
                ("slope", "intercept", "rvalue", "pvalue", "stderr", "intercept_stderr"),
            ),
            U,
            V,
        )
    ],
    "stats.wasserstein_distance": [Example(stats.wasserstein_distance, U, V)],
    "stats.energy_distance": [Example(stats.energy_distance, U, V[:3])],
    "stats.trimboth": [
        Example(_of("trimboth", proportiontocut=0.3), X),
        Example(_of("trimboth", proportiontocut=0.2, axis=None), X),
        Example(_of("trimboth", proportiontocut=0.4, axis=-1), X),
    ],
    "stats.trim1": [
        Example(_of("trim1", proportiontocut=0.3, tail="left"), X),
        Example(_of("trim1", proportiontocut=0.4, axis=None), X),
    ],
    "stats.sigmaclip": [
        Example(lambda x: tuple(stats.sigmaclip(x, 2.0, 2.0)), X, lanes=False),
        Example(lambda x: stats.sigmaclip(x).upper, X, lanes=False),
    ],
    "stats.tmin": [
        Example(_of("tmin"), X),
        Example(_of("tmin", lowerlimit=0.5, axis=None), X),
        Example(_of("tmin", lowerlimit=0.45, axis=1, inclusive=False), X),
    ],
    "stats.tmax": [
        Example(_of("tmax", axis=None), X),
        Example(_of("tmax", upperlimit=1.5), X),
        Example(_of("tmax", upperlimit=1.7, axis=0, inclusive=False), X),
    ],
    "stats.expectile": [
        Example(_of("expectile"), X),
        Example(_of("expectile", "alpha"), U, 0.3),
        Example(lambda x, a, w: stats.expectile(x, a, weights=w), U, 0.7, W),
    ],
    "stats.directional_stats": [
        Example(_result("directional_stats", ("mean_direction", "mean_resultant_length")), X),
        Example(
            lambda x: stats.directional_stats(x, axis=1, normalize=False).mean_direction, STACK
        ),
    ],
    "stats.boxcox": [Example(lambda x, lam: stats.boxcox(x, lam), U, 0.4)],
    "stats.boxcox_llf": [
        Example(lambda lam, x: stats.boxcox_llf(lam, x), 0.4, U),
        Example(lambda lam, x: stats.boxcox_llf(lam, x), 0.4, X),
    ],
}
