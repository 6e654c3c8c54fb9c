"""Distances between vectors along the last axis. Where two points coincide the derivative of their distance is zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import value
from dualrev.core.ufuncs import special
from dualrev.rules.statistics import root

__all__ = ["METRICS", "mahalanobis", "seuclidean", "spectrum_distance"]


def _weighted(terms: Any, w: Any) -> Any:
    return np.sum(terms if w is None else w * terms, axis=-1)


def euclidean(u: Any, v: Any, w: Any = None) -> Any:
    """√Σ w (u-v)²."""
    return np.linalg.norm(u - v, axis=-1) if w is None else root(sqeuclidean(u, v, w))


def sqeuclidean(u: Any, v: Any, w: Any = None) -> Any:
    """Σ w (u-v)²."""
    d = u - v
    return np.sum(d * (d if w is None else w * d), axis=-1)


def cityblock(u: Any, v: Any, w: Any = None) -> Any:
    """Σ w |u-v|."""
    return _weighted(np.abs(u - v), w)


def chebyshev(u: Any, v: Any, w: Any = None) -> Any:
    """Largest |u-v| of those with a weight; ties share equally."""
    d = np.abs(u - v)
    return np.max(d if w is None else np.where(w > 0, d, 0.0), axis=-1)


def minkowski(u: Any, v: Any, p: Any = 2, w: Any = None) -> Any:
    """(Σ w |u-v|ᵖ)^(1/p)."""
    order = value(p)
    if np.any(order <= 0):
        raise ValueError("p must be greater than 0")
    if p is order and order in (1, 2, np.inf):
        return {1: cityblock, 2: euclidean, np.inf: chebyshev}[order](u, v, w)
    d = np.abs(u - v)
    # At zero a power below one is infinitely steep, the magnitude has derivative zero: zero it is.
    same = d == 0
    total = _weighted(np.where(same, 0.0, np.where(same, 1.0, d) ** p), w)
    none = total == 0
    return np.where(none, 0.0, np.where(none, 1.0, total) ** (1.0 / p))


def _inner(u: Any, v: Any, w: Any) -> Any:
    # A cosine that rounding takes above one is one.
    uw, vw = (u, v) if w is None else (w * u, w * v)
    uv, uu, vv = (np.sum(a * b, axis=-1) for a, b in ((u, vw), (u, uw), (v, vw)))
    return np.clip(1.0 - uv / np.sqrt(uu * vv), 0.0, 2.0)


def cosine(u: Any, v: Any, w: Any = None) -> Any:
    """1 - cos of the angle between u and v."""
    return _inner(u, v, w)


def correlation(u: Any, v: Any, w: Any = None, centered: bool = True) -> Any:
    """1 - the correlation of u and v."""
    if not centered:
        return _inner(u, v, w)
    share = None if w is None else w / np.sum(w)

    def deviation(x: Any) -> Any:
        if share is None:
            return x - np.mean(x, axis=-1, keepdims=True)
        return x - np.sum(x * share, axis=-1, keepdims=True)

    return _inner(deviation(u), deviation(v), share)


def canberra(u: Any, v: Any, w: Any = None) -> Any:
    """Σ w |u-v|/(|u|+|v|), 0/0 = 0."""
    size = np.abs(u) + np.abs(v)
    none = size == 0
    return _weighted(np.where(none, 0.0, np.abs(u - v) / np.where(none, 1.0, size)), w)


def braycurtis(u: Any, v: Any, w: Any = None) -> Any:
    """Σ w |u-v| / Σ w |u+v|."""
    return _weighted(np.abs(u - v), w) / _weighted(np.abs(u + v), w)


def seuclidean(u: Any, v: Any, V: Any) -> Any:
    """√Σ (u-v)²/V."""
    d = u - v
    return root(np.sum(d * d / V, axis=-1))


def mahalanobis(u: Any, v: Any, VI: Any) -> Any:
    """√((u-v) VI (u-v))."""
    d = u - v
    return root(np.sum(np.matmul(d[..., None, :], VI)[..., 0, :] * d, axis=-1))


def spectrum_distance(
    p: Any, q: Any, base: Any = None, axis: int = -1, keepdims: bool = False
) -> Any:
    """√(Σ p log(p/m)/2 + Σ q log(q/m)/2) with m = (p+q)/2, of p and q divided by their sums."""
    p = p / np.sum(p, axis=axis, keepdims=True)
    q = q / np.sum(q, axis=axis, keepdims=True)
    m = (p + q) / 2.0
    js = np.sum(special.rel_entr(p, m), axis=axis, keepdims=keepdims)
    js = js + np.sum(special.rel_entr(q, m), axis=axis, keepdims=keepdims)
    if base is not None:
        js = js / np.log(base)
    # Rounding may leave a little below zero where p and q agree.
    return root(np.where(js > 0, js, 0.0) / 2.0)


def _names(metric: Callable[..., Any], *names: str) -> dict[str, Callable[..., Any]]:
    return dict.fromkeys(names, metric)


METRICS: dict[str, Callable[..., Any]] = {
    **_names(euclidean, "euclidean", "euclid", "eu", "e"),
    **_names(sqeuclidean, "sqeuclidean", "sqe", "sqeuclid"),
    **_names(cityblock, "cityblock", "cblock", "cb", "c"),
    **_names(chebyshev, "chebyshev", "chebychev", "cheby", "cheb", "ch"),
    **_names(minkowski, "minkowski", "mi", "m", "pnorm"),
    **_names(cosine, "cosine", "cos"),
    **_names(correlation, "correlation", "co"),
    **_names(canberra, "canberra"),
    **_names(braycurtis, "braycurtis"),
    **_names(seuclidean, "seuclidean", "se", "s"),
    **_names(mahalanobis, "mahalanobis", "mahal", "mah"),
    **_names(spectrum_distance, "jensenshannon", "js"),
}
