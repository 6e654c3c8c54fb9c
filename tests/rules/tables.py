"""Tables of partial derivatives: what dualrev finds at a point against mpmath, to many digits."""

import mpmath
import numpy as np

import dualrev as dr

DIGITS = 40
ROUNDING = 1e-15


def derivative(f, point, orders):
    """Return a mixed partial of a scalar function by nested transforms, both modes in turn."""
    g = f
    for k, order in enumerate(orders):
        for turn in range(order):
            g = (_pushed if turn % 2 else _pulled)(g, k)
    return g(*point)


def _pulled(f, k):
    def partial(*xs):
        y, pullback = dr.vjp(lambda x: f(*xs[:k], x, *xs[k + 1 :]), xs[k])
        # The pullback of a holomorphic function is conj(f') ct.
        return np.conj(pullback(np.ones((), np.result_type(y))[()])[0])

    return partial


def _pushed(f, k):
    def partial(*xs):
        one = np.ones((), np.result_type(xs[k]))[()]
        return dr.jvp(lambda x: f(*xs[:k], x, *xs[k + 1 :]), (xs[k],), (one,))[1]

    return partial


def exact(f, point, orders):
    """Return a mixed partial of a function of mpmath numbers, by differences in units of each."""
    range_ = max(abs(np.log10(abs(v))) for v in point if v) if any(point) else 0
    with mpmath.workdps(DIGITS + 3 * int(range_)):
        numbers = tuple(map(mpmath.mpmathify, point))
        units = [abs(v) if v else mpmath.mpf(1) for v in numbers]

        def moved(*steps):
            return f(*(v + u * s for v, u, s in zip(numbers, units, steps, strict=True)))

        zero = (0,) * len(point)
        value = mpmath.diff(moved, zero, tuple(orders)) if any(orders) else moved(*zero)
        for unit, order in zip(units, orders, strict=True):
            value /= unit**order
        value = complex(value)
    return value if any(isinstance(v, complex) for v in point) else value.real


def check(f, reference, point, orders, rtol=1e-12):
    """Raise unless a mixed partial of `f` agrees with that of the `reference`."""
    found, want = derivative(f, point, orders), exact(reference, point, orders)
    # Rounding of a higher derivative is that of the value, per unit of the arguments.
    with np.errstate(over="ignore"):
        units = np.prod([abs(v) ** n for v, n in zip(point, orders, strict=True) if v])
    natural = np.abs(f(*point)) / units if sum(orders) > 1 and units else 0.0
    np.testing.assert_allclose(
        found, want, rtol=rtol, atol=1e-300 + ROUNDING * natural, err_msg=f"{orders} at {point}"
    )
