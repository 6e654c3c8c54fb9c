"""Derivatives to full accuracy by mpmath, and those of dualrev beside them."""

import numpy as np
import pytest

import dualrev as dr

mp = pytest.importorskip("mpmath")


def derivatives(f, x, count=3):
    """Return f(x), f'(x), ... by forward mode over itself, and f'(x) by reverse mode."""
    one = np.ones_like(x)

    def slope(g):
        return lambda x: dr.jvp(g, (x,), (one,))[1]

    found = [f(x)]
    g = f
    for _ in range(count):
        g = slope(g)
        found.append(g(x))
    value, pullback = dr.vjp(f, x)
    (back,) = pullback(np.ones_like(value))
    if np.iscomplexobj(value) and np.iscomplexobj(x):
        back = np.conj(back)
    return found, back if np.iscomplexobj(x) or not np.iscomplexobj(value) else None


def exact(g, x, count=3):
    """Return the same from mpmath: g(x), g'(x), ... of which central differences keep 20 digits."""
    with mp.workdps(40):
        point = mp.mpc(x) if isinstance(x, complex) else mp.mpf(float(x))
        step = mp.mpf(10) ** -8 * (abs(point) if 0 < abs(point) < 1 else 1)
        return [
            complex(g(point) if k == 0 else mp.diff(g, point, k, h=step)) for k in range(count + 1)
        ]


def compare(f, g, x, count=3, rtol=1e-10):
    """Raise unless the derivatives of `f` at one point are those of `g`."""
    found, back = derivatives(
        f, np.complex128(x) if isinstance(x, complex) else np.float64(x), count
    )
    want = exact(g, x, count)
    size = 0.0
    for k, (one, other) in enumerate(zip(found, want, strict=True)):
        size = max(size, abs(other))
        off = abs(complex(one) - other)
        assert off <= rtol * max(abs(other), 1e-3 * size) + 1e-15, (
            f"derivative {k} at {x}: {one}, not {other}"
        )
    if back is not None:
        np.testing.assert_allclose(complex(back), complex(found[1]), rtol=1e-13)
