"""Traced arrays go through SciPy's own functions where these are written for the array API standard.

SciPy reads the switch ``SCIPY_ARRAY_API`` when it is imported, so the uses below run in a process of its own, which is
this file as a script.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import cluster, constants, differentiate, fft, integrate, signal, special, stats

import dualrev as dr
from benchmarks.idioms import RIGHT, judge, reference
from dualrev import numpy as dnp

ROOT = Path(__file__).parents[1]
X = np.array([0.3, 0.8, 0.5, 1.2, 0.9, 0.7, 0.31, 1.5])
W = np.array([1.0, -0.5, 0.3, 0.2, -0.9, 0.4, 0.7, -0.2])


def squares(y):
    return np.sum(y * y)


USES = {
    "special.logsumexp": special.logsumexp,
    "special.softmax": lambda x: squares(special.softmax(x)),
    "special.log_softmax": lambda x: squares(special.log_softmax(x)),
    "special.gammaln": lambda x: squares(special.gammaln(x)),
    "special.ndtr": lambda x: squares(special.ndtr(x)),
    "special.xlogy": lambda x: np.sum(special.xlogy(x, 2.0 * x)),
    "stats.gmean": stats.gmean,
    "stats.hmean": stats.hmean,
    "stats.pmean": lambda x: stats.pmean(x, 3.0),
    "stats.skew": stats.skew,
    "stats.kurtosis": stats.kurtosis,
    "stats.moment": lambda x: stats.moment(x, 3),
    "stats.sem": stats.sem,
    "stats.zscore": lambda x: np.sum(stats.zscore(x) * dnp.asarray(W)),
    "stats.describe": lambda x: stats.describe(x).variance,
    "stats.circmean": stats.circmean,
    "stats.trim_mean": lambda x: stats.trim_mean(x, 0.2),
    "stats.quantile": lambda x: stats.quantile(x, 0.3),
    "stats.expectile": lambda x: stats.expectile(x, 0.3),
    "stats.boxcox_llf": lambda x: stats.boxcox_llf(0.3, x),
    "stats.differential_entropy": stats.differential_entropy,
    "signal.fftconvolve": lambda x: squares(signal.fftconvolve(x, x[:3])),
    "signal.hilbert": lambda x: np.sum(np.abs(signal.hilbert(x))),
    "signal.detrend": lambda x: squares(signal.detrend(x, type="constant")),
    "fft.rfft": lambda x: np.sum(np.abs(fft.rfft(x)) ** 3),
    "integrate.trapezoid": lambda x: integrate.trapezoid(x * x, dx=0.1),
    "integrate.simpson": lambda x: integrate.simpson(x * x, dx=0.1),
    "integrate.cumulative_trapezoid": lambda x: squares(integrate.cumulative_trapezoid(x, dx=0.1)),
    "integrate.cumulative_simpson": lambda x: squares(integrate.cumulative_simpson(x * x, dx=0.1)),
    "integrate.romb": lambda x: integrate.romb(np.concatenate([x, x[:1]])),
    "integrate.cubature": lambda x: (
        integrate.cubature(lambda t: np.exp(-t[:, 0] * x[0]), x[:1] * 0.0, x[1:2]).estimate
    ),
    "integrate.tanhsinh": lambda x: integrate.tanhsinh(
        lambda t, a: np.exp(-a * t * t), 0.0 * x[:1], x[1:2], args=(x[2:3],)
    ).integral[0],
    "differentiate.derivative": lambda x: squares(
        differentiate.derivative(lambda t: np.sin(t) * t, x).df
    ),
    "cluster.vq.whiten": lambda x: squares(cluster.vq.whiten(x.reshape(4, 2)) ** 2),
    "constants.convert_temperature": lambda x: squares(
        constants.convert_temperature(x, "Celsius", "Fahrenheit")
    ),
}


def outcome(f):
    """Return what is made of a function: right, or what went wrong."""
    try:
        found = dr.grad(lambda x: np.reshape(f(x), ()))(X)
    except Exception as error:  # reported by the test of this use
        return f"{type(error).__name__}: {error}"
    want = reference(f, X)
    return RIGHT if judge(found, want) == RIGHT else f"{found}, not {want}"


@pytest.fixture(scope="module")
def outcomes():
    """Return the outcomes of a process in which SciPy's switch is on."""
    done = subprocess.run(
        [sys.executable, "-W", "error", __file__],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": str(ROOT)},
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", USES)
def test_gradient(name, outcomes):
    assert outcomes[name] == RIGHT


def test_the_namespace_is_the_mirror():
    met = []
    dr.grad(lambda x: met.append(x.__array_namespace__()) or np.sum(x))(X)
    assert met == [dnp]


if __name__ == "__main__":
    print(json.dumps({name: outcome(f) for name, f in USES.items()}))
