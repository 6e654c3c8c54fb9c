"""Entropies, divergences and losses of scipy.special: x log x and its kin, Huber's loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualrev.core.domains import Domain, case, nonzero, positive, reals
from dualrev.core.flavours import elementwise
from dualrev.core.ufuncs import special


def _quotient(a: Any, b: Any) -> Any:
    none = (a == 0) & (b == 0)
    return a / np.where(none, 1, b)


quotient = elementwise(
    _quotient,
    lambda t, b: t / b,
    lambda t, b, y: t * (-y / b),
    on=(reals, nonzero),
    name="quotient",
    formula="∂a = 1/b, ∂b = -y/b",
    kinks="0/0 = 0",
)


def _excess(a: Any, b: Any) -> Any:
    none = (a == 0) & (b == 0)
    return np.where(none, 1, (b - a) / np.where(none, 1, b))[()]


excess = elementwise(
    _excess,
    lambda t, b: -t / b,
    lambda t, a, b: t * (quotient(a, b) / b),
    on=(reals, nonzero),
    name="excess",
    formula="1 - a/b: ∂a = -1/b, ∂b = a/b²",
    kinks="1 at a = b = 0",
)


def _log_ratio(a: Any, b: Any) -> Any:
    a, b = np.asarray(a), np.asarray(b)
    with np.errstate(all="ignore"):
        ratio = a / b
        near = np.log1p((a - b) / b)
        far = np.where((ratio > 1e-30) & (ratio < 1e30), np.log(ratio), np.log(a) - np.log(b))
        y = np.where(np.abs(ratio - 1) < 0.5, near, far)
        return np.where((a < 0) | (b < 0), np.nan, y).astype(np.result_type(near))[()]


log_ratio = elementwise(
    _log_ratio,
    lambda t, a: t / a,
    lambda t, b: -t / b,
    on=(positive, positive),
    name="log_ratio",
    analytic=False,
    formula="log(a/b): ∂a = 1/a, ∂b = -1/b",
)


def _outside(a: Any, b: Any, p: Any) -> Any:
    """Where the value is +inf for a negative argument there is no derivative."""
    return np.where((a < 0) | (b < 0), np.nan, p)


entr = elementwise(
    special.entr,
    lambda x: -np.log(x) - 1,
    on=positive,
    analytic=False,
    formula="-log x - 1",
    kinks="+inf at 0, NaN below",
)
rel_entr = elementwise(
    special.rel_entr,
    lambda a, b: log_ratio(a, b) + 1,
    lambda a, b: _outside(a, b, -quotient(a, b)),
    on=(positive, positive),
    analytic=False,
    formula="∂a = log(a/b) + 1, ∂b = -a/b",
    kinks="at a = 0 the limits: ∂a = -inf, ∂b = 0; NaN for negative arguments",
)
kl_div = elementwise(
    special.kl_div,
    lambda a, b: log_ratio(a, b),
    lambda a, b: _outside(a, b, excess(a, b)),
    on=(positive, positive),
    analytic=False,
    formula="∂a = log(a/b), ∂b = 1 - a/b",
    kinks="at a = 0 the limits: ∂a = -inf, ∂b = 1; NaN for negative arguments",
)
xlogy = elementwise(
    special.xlogy,
    lambda b: np.log(b),
    lambda a, b: quotient(a, b),
    on=(reals, positive),
    formula="∂a = log b, ∂b = a/b",
    kinks="∂b = 0 at a = b = 0",
)
xlog1py = elementwise(
    special.xlog1py,
    lambda b: np.log1p(b),
    lambda a, b: quotient(a, 1 + b),
    on=(reals, Domain("(-1, inf)", lambda rng, shape: rng.uniform(-0.7, 2.0, shape))),
    formula="∂a = log(1+b), ∂b = a/(1+b)",
    kinks="∂b = 0 at a = 0, b = -1",
)

_LOSS_CASES = [
    case(np.array([0.5, 1.0, 1.2, 0.8, 2.4]), np.array([0.3, 1.9, -1.7, -0.2, 0.65])),
    case(lambda rng: rng.uniform(0.9, 1.1, (2, 3)), np.array([0.4, 1.6, -1.8])),
    case(lambda rng: rng.uniform(0.9, 1.1, (2, 1)), np.array([[-0.4, 1.6, 2.1]])),
    case(positive(), np.array(3.1)),
]


def _slope_by_bound(a: Any, b: Any) -> Any:
    size = np.abs(b)
    return np.where(a < 0, np.nan, np.where(size <= a, 0, size - a))


def _slope_by_residual(a: Any, b: Any) -> Any:
    inside = np.abs(b) <= a
    return np.where(a < 0, np.nan, np.where(inside, b, a * np.sign(b)))


huber = elementwise(
    special.huber,
    _slope_by_bound,
    _slope_by_residual,
    on=_LOSS_CASES,
    analytic=False,
    formula="∂a = max(|b| - a, 0), ∂b = b clipped to [-a, a]",
    kinks="second derivatives at |b| = a are those inside; NaN for a < 0",
)


def _scale(a: Any, b: Any) -> Any:
    h = np.hypot(a, b)
    return np.where(h == 0, 1, h)


def _bend_by_scale(a: Any, b: Any) -> Any:
    """Return (h - a)²/h with h = √(a² + b²), and h - a = b²/(h + a)."""
    h = _scale(a, b)
    rest = b * (b / (h + np.where(a < 0, -a, a)))
    return np.where(a < 0, np.nan, rest * (rest / h))


pseudo_huber = elementwise(
    special.pseudo_huber,
    _bend_by_scale,
    lambda a, b: np.where(a < 0, np.nan, a * (b / _scale(a, b))),
    on=_LOSS_CASES,
    analytic=False,
    formula="with h = √(a² + b²): ∂a = (h - a)²/h, ∂b = ab/h",
    kinks="0 at the origin; NaN for a < 0",
)
