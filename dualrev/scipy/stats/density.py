"""gaussian_kde: densities estimated from data, with derivatives in the points, the data and the weights."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np
import scipy.stats

from dualrev.core.array import value
from dualrev.core.buffer import any_traced, holds_traced, plain
from dualrev.core.mirror import replaces
from dualrev.core.ufuncs import special
from dualrev.errors import UnsupportedError
from dualrev.rules.contraction import array_operand
from dualrev.rules.creation import astype

__all__ = ["gaussian_kde"]

_DERIVED = {None: "scott", "scott": "scott", "silverman": "silverman"}


@replaces(
    scipy.stats.gaussian_kde,
    kind="composite",
    note="evaluate, pdf, logpdf, integrate_box_1d in points, data and weights; a given bandwidth is constant",
)
class gaussian_kde(scipy.stats.gaussian_kde):
    """Kernel density estimate with derivatives.

    Parameters
    ----------
    dataset : array_like
        One column per observation, or a vector; may be traced.
    bw_method : str, scalar or callable, optional
        As in SciPy; a bandwidth that is given is a constant.
    weights : array_like, optional
        May be traced.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.scipy import stats
    >>> data = np.array([0.0, 1.0, 3.0])
    >>> slope = dr.grad(lambda x: np.sum(stats.gaussian_kde(data).pdf(x)))(np.array([0.5]))
    >>> abs(float(slope[0]) - 0.0222) < 1e-2
    True
    """

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        self._data = dataset if holds_traced(dataset) else None
        self._shares = weights if holds_traced(weights) else None
        self._method = bw_method
        if self._data is not None:
            dataset = array_operand(dataset)
            self._data = dataset if dataset.ndim > 1 else dataset[None, :]
            dataset = self._constant(self._data)
        if self._shares is not None:
            shares = array_operand(weights)
            self._shares = shares / np.sum(shares)
            weights = self._constant(shares)
        super().__init__(plain(dataset), bw_method=plain(bw_method), weights=plain(weights))
        self._made = True

    @staticmethod
    def _constant(x: Any) -> Any:
        found = value(x)
        if np.ndim(found) != np.ndim(x):
            raise UnsupportedError(
                "scipy.stats.gaussian_kde",
                "data or weights differ between lanes",
                "a loop over the lanes",
            )
        return found

    def set_bandwidth(self, bw_method: Any = None) -> None:
        """Choose the bandwidth, as in SciPy."""
        made, self._made = self.__dict__.get("_made", False), False
        super().set_bandwidth(bw_method)
        self._made = made
        if bw_method is not None:
            self._method = bw_method

    def _parts(self) -> tuple[Any, Any, Any]:
        """Return data, weights and covariance of the kernel, traced where they may vary."""
        data = self.dataset if self._data is None else self._data
        shares = self.weights if self._shares is None else self._shares
        if self._data is None and self._shares is None:
            return data, shares, self.covariance
        factor: Any = self.factor
        deviation = data - np.sum(data * shares, axis=1, keepdims=True)
        spread = (deviation * shares) @ deviation.T / (1.0 - np.sum(shares * shares))
        return data, shares, spread * factor**2

    # What SciPy keeps as plain numbers is given as it may vary; SciPy's own code comes to it only before it is made.

    def _plain(self, name: str) -> bool:
        made = self.__dict__.get("_made", False)
        varying = (
            (self._shares,) if name in ("weights", "neff", "factor") else (self._data, self._shares)
        )
        return not made or all(v is None for v in varying)

    @property
    def dataset(self) -> Any:
        """The data, one observation per column."""
        known = self.__dict__["dataset"]
        return known if self._plain("dataset") or self._data is None else self._data

    @dataset.setter
    def dataset(self, data: Any) -> None:
        self.__dict__["dataset"] = data

    @property
    def weights(self) -> Any:
        """The weights of the observations, whose sum is one."""
        return super().weights if self._plain("weights") else self._shares

    @property
    def neff(self) -> Any:
        """The effective number of observations."""
        return super().neff if self._plain("neff") else 1.0 / np.sum(self.weights * self.weights)

    @property  # type: ignore[misc]
    def covariance(self) -> Any:
        """The covariance of the kernel."""
        return self.__dict__["covariance"] if self._plain("covariance") else self._parts()[2]

    @covariance.setter
    def covariance(self, covariance: Any) -> None:
        self.__dict__["covariance"] = covariance

    @property
    def cho_cov(self) -> Any:
        """The Cholesky factor of the covariance."""
        if self._plain("cho_cov"):
            return self.__dict__["cho_cov"]
        return np.linalg.cholesky(self.covariance)

    @cho_cov.setter
    def cho_cov(self, root: Any) -> None:
        self.__dict__["cho_cov"] = root

    @property
    def inv_cov(self) -> Any:
        """The inverse of the covariance."""
        return super().inv_cov if self._plain("inv_cov") else np.linalg.inv(self.covariance)

    @property  # type: ignore[misc]
    def factor(self) -> Any:
        """The factor of the bandwidth."""
        known = self.__dict__["factor"]
        if self._plain("factor"):
            return known
        rule = None if callable(self._method) else _DERIVED.get(self._method)
        if isinstance(rule, str):
            count = self.neff
            if rule == "silverman":
                count = count * ((self.d + 2.0) / 4.0)
            known = count ** (-1.0 / (self.d + 4.0))
        return known

    @factor.setter
    def factor(self, factor: Any) -> None:
        self.__dict__["factor"] = factor

    def _logarithms(self, points: Any) -> tuple[Any, Any, Any]:
        """Return the logarithms of the kernels, one row per observation, the weights, and that of the factor."""
        points = astype(array_operand(points), float, copy=False)
        if points.ndim < 2:
            points = np.reshape(points, (1, -1))
        d, m = points.shape
        if d != self.d:
            if d != 1 or m != self.d:
                raise ValueError(f"points have dimension {d}, dataset has dimension {self.d}")
            points = np.reshape(points, (self.d, 1))
        data, shares, covariance = self._parts()
        root = np.linalg.cholesky(covariance)
        a, b = np.linalg.solve(root, data), np.linalg.solve(root, points)
        gap = a[:, :, None] - b[:, None, :]
        norm = np.sum(np.log(np.diagonal(root))) + 0.5 * self.d * math.log(2.0 * math.pi)
        return -0.5 * np.sum(gap * gap, axis=0), shares, norm

    def _varies(self, *args: Any) -> bool:
        return self._data is not None or self._shares is not None or any_traced(args, {})

    def evaluate(self, points: Any) -> Any:
        """Return the estimated density at points, one per column."""
        if not self._varies(points):
            return super().evaluate(plain(points))
        logs, shares, norm = self._logarithms(points)
        return np.sum(shares[:, None] * np.exp(logs), axis=0) * np.exp(-norm)

    __call__ = evaluate

    def pdf(self, x: Any) -> Any:
        """Return the estimated density at points, one per column."""
        return self.evaluate(x)

    def logpdf(self, x: Any) -> Any:
        """Return the logarithm of the estimated density at points, one per column."""
        if not self._varies(x):
            return super().logpdf(plain(x))
        logs, shares, norm = self._logarithms(x)
        top = value(logs)
        top = (
            np.max(top, axis=top.ndim - 2)
            if np.ndim(top) == np.ndim(logs)
            else np.max(logs, axis=0)
        )
        return np.log(np.sum(shares[:, None] * np.exp(logs - top), axis=0)) + top - norm

    def integrate_box_1d(self, low: Any, high: Any) -> Any:
        """Return the mass between two limits, of a density in one dimension."""
        if not self._varies(low, high):
            return super().integrate_box_1d(plain(low), plain(high))
        if self.d != 1:
            raise ValueError("integrate_box_1d() only handles 1D pdfs")
        data, shares, covariance = self._parts()
        width = np.sqrt(covariance[0, 0])
        ends = (special.ndtr((end - data[0]) / width) for end in (high, low))
        above, below = ends
        return np.sum(shares * (above - below))

    def integrate_box(self, low_bounds: Any, high_bounds: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the mass in a box; of plain numbers only."""
        if self._varies(low_bounds, high_bounds):
            self._refuse("integrate_box")
        return super().integrate_box(low_bounds, high_bounds, *args, **kwargs)

    def integrate_gaussian(self, mean: Any, cov: Any) -> Any:
        """Return the integral of the density times a normal one; of plain numbers only."""
        if self._varies(mean, cov):
            self._refuse("integrate_gaussian")
        return super().integrate_gaussian(mean, cov)

    def integrate_kde(self, other: Any) -> Any:
        """Return the integral of two densities; of plain numbers only."""
        if self._varies() or (isinstance(other, gaussian_kde) and other._varies()):
            self._refuse("integrate_kde")
        return super().integrate_kde(other)

    def resample(self, size: Any = None, seed: Any = None) -> Any:
        """Return random points; of plain numbers only."""
        if self._varies():
            self._refuse("resample")
        return super().resample(size, seed)

    def marginal(self, dimensions: Any) -> Any:
        """Return the density of some of the dimensions; of plain numbers only."""
        if self._varies():
            self._refuse("marginal")
        return super().marginal(dimensions)

    def _refuse(self, name: str) -> NoReturn:
        raise UnsupportedError(
            f"scipy.stats.gaussian_kde.{name}",
            "it has no rule",
            "evaluate, pdf, logpdf or integrate_box_1d",
        )
