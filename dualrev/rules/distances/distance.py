"""scipy.spatial.distance: tables of distances, single ones, and the two forms of a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import spatial
from scipy.spatial import distance

from dualrev.core.array import dtype_of, value
from dualrev.core.buffer import holds_traced
from dualrev.core.flavours import constant
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype
from dualrev.rules.distances import metrics
from dualrev.rules.distances.metrics import METRICS

__all__: list[str] = []

_EQUAL = "0 where points coincide"
# Distances that count entries, and SciPy's short names of them.
_COUNTERS = (
    *("hamming", "jaccard", "dice", "kulczynski1", "rogerstanimoto", "russellrao"),
    *("sokalmichener", "sokalsneath", "yule"),
)
_COUNTING = {*_COUNTERS, "matching", "h", "ha", "hamm", "j", "ja", "jacc"}


def _numbers(x: Any) -> Any:
    x = array_operand(x)
    if dtype_of(x).kind == "c":
        raise TypeError("distances are of real numbers")
    return astype(x, float, copy=False)


def _vector(x: Any, *, double: bool = True) -> Any:
    x = array_operand(x)
    if x.ndim != 1:
        raise ValueError("Input vector should be 1-D.")
    return _numbers(x) if double or dtype_of(x).kind != "f" else x


def _weights(w: Any) -> Any:
    if w is None:
        return None
    w = _vector(w)
    if np.any(value(w) < 0):
        raise ValueError("Input weights should be all non-negative")
    return w


# --------------------------------------------------------------------------------------------------
# Tables


def _callable_table(metric: Any, rows: Any, columns: Any, **more: Any) -> Any:
    table = np.stack([np.stack([metric(u, v, **more) for v in columns]) for u in rows])
    return astype(table, float, copy=False)


def _options(name: str, samples: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a metric, with SciPy's defaults made of the samples."""
    options = {k: v for k, v in options.items() if v is not None}
    if "w" in options:
        options["w"] = _weights(options["w"])
    known = METRICS[name]
    if known is metrics.seuclidean:
        if "V" not in options:
            options["V"] = np.var(samples(), axis=0, ddof=1)
        else:
            options["V"] = _vector(options["V"])
    if known is metrics.mahalanobis:
        if "VI" not in options:
            x = samples()
            if x.shape[0] <= x.shape[1]:
                raise ValueError(
                    f"The number of observations ({x.shape[0]}) is too small; the covariance matrix is singular. "
                    f"For observations with {x.shape[1]} dimensions, at least {x.shape[1] + 1} observations are "
                    "required."
                )
            options["VI"] = np.linalg.inv(np.atleast_2d(np.cov(x.T))).T
        else:
            options["VI"] = _numbers(options["VI"])
    return options


def _name(metric: Any, where: str) -> str:
    if not isinstance(metric, str):
        raise TypeError("2nd argument metric must be a string identifier or a function.")
    name = metric.lower()
    if name in METRICS:
        return name
    if name not in _COUNTING:
        raise ValueError(f"Unknown Distance Metric: {name}")
    raise UnsupportedError(
        f"scipy.spatial.distance.{where}",
        f"the metric {metric!r} counts entries, and is locally constant",
        "dualrev.value of the points, or a metric of real vectors",
    )


def _with_out(table: Any, out: Any) -> Any:
    if out is None:
        return table
    raise UnsupportedError(
        "scipy.spatial.distance", "out= is an array of plain numbers", "the returned array"
    )


@numpy_function(
    distance.cdist, note="points, w, V, VI and p; " + _EQUAL + "; not metrics that count entries"
)
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    """Answer ``cdist``: one row per point of `XA`, one column per point of `XB`."""
    XA, XB = array_operand(XA), array_operand(XB)
    if XA.ndim != 2:
        raise ValueError("XA must be a 2-dimensional array.")
    if XB.ndim != 2:
        raise ValueError("XB must be a 2-dimensional array.")
    if XA.shape[1] != XB.shape[1]:
        raise ValueError("XA and XB must have the same number of columns (i.e. feature dimension.)")
    own = _own_metric(metric)
    if callable(own):
        return _with_out(_callable_table(own, XA, XB, **kwargs), out)
    name = _name(own, "cdist")
    a, b = _numbers(XA), _numbers(XB)
    options = _options(name, lambda: np.concatenate([a, b]), kwargs)
    return _with_out(METRICS[name](a[:, None, :], b[None, :, :], **options), out)


@numpy_function(
    distance.pdist, note="points, w, V, VI and p; " + _EQUAL + "; not metrics that count entries"
)
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    """Answer ``pdist``: the pairs i < j, one after the other."""
    X = array_operand(X)
    if X.ndim != 2:
        raise ValueError("A 2-dimensional array must be passed.")
    i, j = np.triu_indices(X.shape[0], 1)
    own = _own_metric(metric)
    if callable(own):
        pairs = [own(X[int(k)], X[int(m)], **kwargs) for k, m in zip(i, j, strict=True)]
        return _with_out(astype(np.stack(pairs), float) if pairs else np.zeros(0), out)
    name = _name(own, "pdist")
    x = _numbers(X)
    options = _options(name, lambda: x, kwargs)
    return _with_out(METRICS[name](x[i], x[j], **options), out)


def _own_metric(metric: Any) -> Any:
    """Return the name of a metric that is given as SciPy's function or its stand-in."""
    if not callable(metric):
        return metric
    metric = getattr(metric, "__wrapped__", metric)
    name = getattr(metric, "__name__", "")
    return name if getattr(distance, name, None) is metric else metric


def _condensed(size: int) -> np.ndarray:
    """Return where in a list with a zero in front the entries of a table stand."""
    places = np.zeros((size, size), int)
    i, j = np.triu_indices(size, 1)
    places[i, j] = places[j, i] = np.arange(1, len(i) + 1)
    return places


@numpy_function(distance.squareform, note="linear")
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    """Answer ``squareform``."""
    X = array_operand(X)
    if force.lower() == "tomatrix" and X.ndim != 1:
        raise ValueError("Forcing 'tomatrix' but input X is not a distance vector.")
    if force.lower() == "tovector" and X.ndim != 2:
        raise ValueError("Forcing 'tovector' but input X is not a distance matrix.")
    if X.ndim == 1:
        count = X.shape[0]
        size = math.ceil(math.sqrt(2 * count)) if count else 1
        if size * (size - 1) != 2 * count:
            raise ValueError(
                "Incompatible vector size. It must be a binomial coefficient n choose 2 for some integer n >= 2."
            )
        return np.concatenate([np.zeros(1, dtype_of(X)), X])[_condensed(size)]
    if X.ndim != 2:
        raise ValueError(
            "The first argument must be one or two dimensional "
            f"array. A {X.ndim}-dimensional array is not permitted"
        )
    if X.shape[0] != X.shape[1]:
        raise ValueError("The matrix argument must be square.")
    plain = value(X)
    if checks:
        for table in plain if plain.ndim == 3 else [plain]:
            distance.is_valid_dm(np.asarray(table), throw=True, name="X")
    return X[np.triu_indices(X.shape[0], 1)]


# --------------------------------------------------------------------------------------------------
# Single distances


def _single(own: Any, original: Any) -> None:
    # SciPy keeps single precision in some of them.
    double = own in (metrics.euclidean, metrics.canberra, metrics.braycurtis)

    def weighted(u: Any, v: Any, w: Any = None) -> Any:
        return own(_vector(u, double=double), _vector(v, double=double), _weights(w))

    numpy_function(original, note=_EQUAL if own not in _SMOOTH else "")(weighted)


_SMOOTH = (metrics.sqeuclidean, metrics.cosine)
for _metric in (
    metrics.euclidean,
    metrics.sqeuclidean,
    metrics.cityblock,
    metrics.chebyshev,
    metrics.cosine,
    metrics.canberra,
    metrics.braycurtis,
):
    _single(_metric, getattr(distance, _metric.__name__))


@numpy_function(distance.minkowski, note="points, p and w; " + _EQUAL)
def minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    """Answer ``minkowski``."""
    double = value(p) is p and p in (1, 2)
    return metrics.minkowski(_vector(u, double=double), _vector(v, double=double), p, _weights(w))


@numpy_function(distance.correlation)
def correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    """Answer ``correlation``."""
    u, v = _vector(u, double=False), _vector(v, double=False)
    return metrics.correlation(u, v, _weights(w), centered)


@numpy_function(distance.seuclidean, note=_EQUAL)
def seuclidean(u: Any, v: Any, V: Any) -> Any:
    """Answer ``seuclidean``."""
    u, v, V = _vector(u), _vector(v), _vector(V)
    if V.shape[0] != u.shape[0] or u.shape[0] != v.shape[0]:
        raise TypeError("V must be a 1-D array of the same dimension as u and v.")
    return metrics.seuclidean(u, v, V)


@numpy_function(distance.mahalanobis, note=_EQUAL)
def mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    """Answer ``mahalanobis``."""
    u, v = _vector(u, double=False), _vector(v, double=False)
    return metrics.mahalanobis(u, v, np.atleast_2d(array_operand(VI)))


@numpy_function(distance.jensenshannon, note="0 where the distributions agree")
def jensenshannon(
    p: Any, q: Any, base: Any = None, *, axis: int = 0, keepdims: bool = False
) -> Any:
    """Answer ``jensenshannon``."""
    return metrics.spectrum_distance(array_operand(p), array_operand(q), base, axis, keepdims)


@numpy_function(distance.directed_hausdorff, note="the indices are constants; ties share equally")
def directed_hausdorff(u: Any, v: Any, rng: Any = 0, *, seed: Any = None) -> Any:
    """Answer ``directed_hausdorff``: the largest distance of a point of `u` from the nearest one of `v`."""
    u, v = _numbers(u), _numbers(v)
    if u.shape[1] != v.shape[1]:
        raise ValueError("u and v need to have the same number of columns")
    table = metrics.euclidean(u[:, None, :], v[None, :, :])
    nearest = np.min(table, axis=1)
    i = np.argmax(nearest)
    return np.max(nearest), i, np.take(np.argmin(table, axis=1), i)


@numpy_function(spatial.minkowski_distance_p, note="p is a constant")
def minkowski_distance_p(x: Any, y: Any, p: Any = 2) -> Any:
    """Answer ``scipy.spatial.minkowski_distance_p``."""
    d = np.abs(_numbers(y) - _numbers(x))
    if p == np.inf:
        return np.max(d, axis=-1)
    return np.sum(d if p == 1 else d**p, axis=-1)


@numpy_function(spatial.minkowski_distance, note="p is a constant; " + _EQUAL)
def minkowski_distance(x: Any, y: Any, p: Any = 2) -> Any:
    """Answer ``scipy.spatial.minkowski_distance``."""
    return metrics.minkowski(_numbers(x), _numbers(y), p)


@numpy_function(spatial.distance_matrix, note="p is a constant; " + _EQUAL)
def distance_matrix(x: Any, y: Any, p: Any = 2.0, threshold: int = 1000000) -> Any:
    """Answer ``scipy.spatial.distance_matrix``."""
    x, y = _numbers(x), _numbers(y)
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"x contains {x.shape[-1]}-dimensional vectors but y contains {y.shape[-1]}-dimensional vectors"
        )
    return metrics.minkowski(x[:, None, :], y[None, :, :], p)


# --------------------------------------------------------------------------------------------------
# Distances that count entries, and queries


def _counting(name: str) -> None:
    original = getattr(distance, name, None)
    if original is None:
        return  # not in this SciPy
    (count,) = constant(original, answers=False)

    @numpy_function(original, kind="constant", note="counts entries; not in w")
    def answer(u: Any, v: Any, w: Any = None) -> Any:
        if holds_traced(w):
            raise UnsupportedError(
                f"scipy.spatial.distance.{name}", "it counts entries", "plain weights"
            )
        return count(array_operand(u), array_operand(v), w=w)


for _name_ in ("hamming", "jaccard"):
    _counting(_name_)


def _query(name: str) -> None:
    original = getattr(distance, name)

    @numpy_function(original, kind="passes")
    def answer(D: Any, *args: Any, **kwargs: Any) -> Any:
        return original(np.asarray(value(D)), *args, **kwargs)


for _name_ in ("is_valid_dm", "is_valid_y", "num_obs_dm", "num_obs_y"):
    _query(_name_)
