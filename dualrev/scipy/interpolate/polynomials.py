"""Interpolating polynomials: KroghInterpolator, BarycentricInterpolator and the functions that use them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.mirror import replaces
from dualrev.rules.splines.piecewise import axis_moved, floating, tail
from dualrev.scipy.interpolate.common import (
    any_traced,
    constant_nodes,
    description,
    interpolate,
    seen,
)

__all__ = [
    "BarycentricInterpolator",
    "KroghInterpolator",
    "barycentric_interpolate",
    "krogh_interpolate",
]


class _Polynomial:
    """What both do with traced numbers; `_at(x, order)` returns derivatives 0 to `order`, points first."""

    _held: Any = None
    _y_axis: int
    n: int

    def _at(self, x: Any, order: int) -> list[Any]:
        raise NotImplementedError

    def _traced(self, x: Any) -> bool:
        return self._held is not None or any_traced(x)

    def __call__(self, x: Any) -> Any:
        if not self._traced(x):
            return super().__call__(x)  # type: ignore[misc]
        x = floating(x)
        return axis_moved(self._at(x, 0)[0], x.ndim, self._y_axis if x.ndim else 0)

    def derivatives(self, x: Any, der: Any = None) -> Any:
        if not self._traced(x):
            return super().derivatives(x, der)  # type: ignore[misc]
        x = floating(x)
        count = self.n if der is None else der
        found = self._at(x, count - 1)
        return np.stack([axis_moved(v, x.ndim, self._y_axis if x.ndim else 0) for v in found])

    def derivative(self, x: Any, der: int = 1) -> Any:
        if not self._traced(x):
            return super().derivative(x, der)  # type: ignore[misc]
        x = floating(x)
        return axis_moved(self._at(x, der)[der], x.ndim, self._y_axis if x.ndim else 0)


@replaces(interpolate.KroghInterpolator, kind="composite", note="in nodes, values and points")
class KroghInterpolator(_Polynomial, interpolate.KroghInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.KroghInterpolator)

    def __init__(self, xi: Any, yi: Any, axis: int = 0) -> None:
        super().__init__(seen(xi), seen(yi), axis)
        if any_traced(xi, yi):
            xi = floating(xi)
            self._held = xi, _differences(xi, seen(xi), np.moveaxis(floating(yi), axis, 0))

    def _at(self, x: Any, order: int) -> list[Any]:
        if self._held is None:
            extra = self._y_extra_shape
            xi, c = self.xi, [np.reshape(v, extra) for v in self.c[: self.n]]
        else:
            xi, c = self._held
        x = tail(x, len(self._y_extra_shape))
        found = [c[-1] + np.zeros_like(x)] + [np.zeros_like(x + c[-1])] * order
        for k in range(self.n - 2, -1, -1):
            w = x - xi[k]
            for m in range(order, 0, -1):
                found[m] = found[m] * w + m * found[m - 1]
            found[0] = found[0] * w + c[k]
        return found


def _differences(xi: Any, plain: Any, yi: Any) -> list[Any]:
    """Return the coefficients of Newton's form, of equal nodes with successive derivatives (Krogh 1970)."""
    n = yi.shape[0]
    c = [yi[0]]
    v: list[Any] = [0.0] * n
    for k in range(1, n):
        s = 0
        while s <= k and plain[k - s] == plain[k]:
            s += 1
        s -= 1
        v[0] = yi[k] / float(math.factorial(s))
        for i in range(k - s):
            before = c[i] if s == 0 else v[i + 1]
            v[i + 1] = (before - v[i]) / (xi[i] - xi[k])
        c.append(v[k - s])
    return c


@replaces(
    interpolate.BarycentricInterpolator,
    kind="composite",
    note="in values and points; for nodes that vary KroghInterpolator",
)
class BarycentricInterpolator(_Polynomial, interpolate.BarycentricInterpolator):  # type: ignore[misc]
    __doc__ = description(interpolate.BarycentricInterpolator)

    def __init__(self, xi: Any, yi: Any = None, axis: int = 0, **options: Any) -> None:
        constant_nodes("BarycentricInterpolator", xi, instead="KroghInterpolator")
        super().__init__(xi, seen(yi), axis, **options)
        self._take(yi)

    def _take(self, yi: Any) -> None:
        traced = yi is not None and any_traced(yi)
        self._held = np.moveaxis(floating(yi), self._y_axis, 0) if traced else None

    def set_yi(self, yi: Any, axis: Any = None) -> None:
        super().set_yi(seen(yi), axis)
        self._take(yi)

    def add_xi(self, xi: Any, yi: Any = None) -> None:
        constant_nodes("BarycentricInterpolator.add_xi", xi, instead="KroghInterpolator")
        held = self._held
        if held is None and yi is not None and any_traced(yi):
            held = np.reshape(self.yi, (-1, *self._y_extra_shape))
        super().add_xi(xi, seen(yi))
        if held is not None:
            self._held = np.concatenate([held, np.moveaxis(floating(yi), self._y_axis, 0)])

    def _at(self, x: Any, order: int) -> list[Any]:
        extra = self._y_extra_shape
        y = np.reshape(self.yi, (-1, *extra)) if self._held is None else self._held
        basis = self._basis(x)
        found = [np.tensordot(basis, y, (-1, 0))]
        if order:
            c = self.xi[:, None] - self.xi
            np.fill_diagonal(c, 1.0)
            c = self.wi / (c * self.wi[:, None])
            np.fill_diagonal(c, 0.0)
            np.fill_diagonal(c, -c.sum(axis=1))
        for _ in range(order):
            # The derivative interpolates its own values at the nodes (Berrut & Trefethen 2004, section 9.3).
            y = np.tensordot(c, y, (1, 0))
            found.append(np.tensordot(basis, y, (-1, 0)))
        return found

    def _basis(self, x: Any) -> Any:
        """Return Lagrange's polynomials as products, which have derivatives at the nodes too."""
        n = len(self.xi)
        factors = [self._scale() * (x - node) for node in self.xi]
        before, after = [np.ones_like(x)], [np.ones_like(x)]
        for k in range(n - 1):
            before.append(before[-1] * factors[k])
            after.append(after[-1] * factors[n - 1 - k])
        parts = [a * b for a, b in zip(before, reversed(after), strict=True)]
        return np.stack(parts, axis=-1) / self._sizes()

    def _scale(self) -> Any:
        return 4.0 / (np.max(self.xi) - np.min(self.xi)) if len(self.xi) > 1 else 1.0

    def _sizes(self) -> Any:
        d = self._scale() * (self.xi[:, None] - self.xi)
        np.fill_diagonal(d, 1.0)
        return np.prod(d, axis=1)


def _both(p: Any, x: Any, der: Any) -> Any:
    if np.ndim(der):
        return p.derivatives(x, der=np.amax(der) + 1)[der]
    return p(x) if der == 0 else p.derivative(x, der=der)


@replaces(interpolate.krogh_interpolate, kind="composite", note="in nodes, values and points")
def krogh_interpolate(xi: Any, yi: Any, x: Any, der: Any = 0, axis: int = 0) -> Any:
    if not any_traced(xi, yi, x):
        return interpolate.krogh_interpolate(xi, yi, x, der, axis)
    return _both(KroghInterpolator(xi, yi, axis=axis), x, der)


@replaces(interpolate.barycentric_interpolate, kind="composite", note="in values and points")
def barycentric_interpolate(
    xi: Any, yi: Any, x: Any, axis: int = 0, *, der: Any = 0, **options: Any
) -> Any:
    if not any_traced(xi, yi, x):
        return interpolate.barycentric_interpolate(xi, yi, x, axis, der=der, **options)
    return _both(BarycentricInterpolator(xi, yi, axis=axis, **options), x, der)


for _own in (krogh_interpolate, barycentric_interpolate):
    _own.__doc__ = description(getattr(interpolate, _own.__name__))
