"""Tests of hypotheses and what else scipy.stats computes in plain numbers: refused, with what to write instead."""

from __future__ import annotations

from typing import Any

from scipy import stats

from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError

__all__: list[str] = []

_DISTRIBUTIONS = "the statistic in NumPy functions, and dualrev.scipy.stats distributions of it"
_VALUE = "dualrev.value of the samples"
_REFUSED = {
    ("SciPy finds the p-value of the statistic in plain numbers", _DISTRIBUTIONS): (
        "alexandergovern anderson barnard_exact bartlett binomtest boschloo_exact chi2_contingency chisquare "
        "combine_pvalues cramervonmises cramervonmises_2samp dunnett epps_singleton_2samp f_oneway fisher_exact "
        "jarque_bera ks_1samp kstest kurtosistest levene logrank multiscale_graphcorr normaltest pointbiserialr "
        "poisson_means_test power_divergence shapiro skewtest ttest_1samp ttest_ind ttest_rel tukey_hsd "
        "ttest_ind_from_stats"
    ),
    ("it is made of ranks or counts, and locally constant", _VALUE): (
        "anderson_ksamp binned_statistic binned_statistic_2d binned_statistic_dd bws_test chatterjeexi cumfreq ecdf "
        "false_discovery_control median_test mode page_trend_test percentileofscore quantile_test relfreq spearmanrho "
        "tiecorrect"
    ),
    ("it draws samples or permutes them", _VALUE): (
        "bootstrap goodness_of_fit monte_carlo_test permutation_test power sobol_indices"
    ),
    ("it is a search", "dualrev.scipy.optimize.minimize of the negative log-likelihood"): (
        "boxcox_normplot fit ppcc_max ppcc_plot probplot yeojohnson_normplot"
    ),
    ("it has no rule", "its definition in NumPy functions"): (
        "bayes_mvs describe differential_entropy kstat kstatvar lmoment mvsdist obrientransform theilslopes "
        "wasserstein_distance_nd yeojohnson yeojohnson_llf"
    ),
    ("it has no rule", "np.percentile or np.quantile"): "quantile scoreatpercentile",
}


def _refuse(name: str, reason: str, alternative: str) -> None:
    original = getattr(stats, name, None)
    if original is None:
        return  # not in this SciPy

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"scipy.stats.{name}", reason, alternative)

    numpy_function(original, kind="unsupported", note=reason)(refuse)


for (_reason, _alternative), _names in _REFUSED.items():
    for _name in _names.split():
        _refuse(_name, _reason, _alternative)
