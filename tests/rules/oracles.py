"""Jacobians from outside the library: differences of NumPy calls, each with an error estimate.

Everything is a real vector here: complex numbers are pairs, several arrays are joined. So one
matrix describes any operation, its tangent is ``J @ t`` and its adjoint ``J.T @ ct``.
Nothing in this file imports dualrev.
"""

from typing import NamedTuple

import numpy as np

EPS = float(np.finfo(float).eps)
STEP = 0.08
LEVELS = 10


class Estimate(NamedTuple):
    """A number, vector or matrix, and how far each entry may be off."""

    value: np.ndarray
    error: np.ndarray


def arrays_of(y):
    """Return the arrays of a result: a tuple of them, or one."""
    return tuple(np.asarray(v) for v in y) if isinstance(y, tuple) else (np.asarray(y),)


def pack(values):
    """Join arrays to one real vector; a complex entry takes two places."""
    parts = [np.zeros(0)]
    for v in map(np.asarray, values):
        kind = np.complex128 if v.dtype.kind == "c" else np.float64
        parts.append(np.array(v, dtype=kind, order="C").reshape(-1).view(np.float64))
    return np.concatenate(parts)


def unpack(vector, like):
    """Cut a real vector into arrays with the shapes and dtypes of `like`."""
    out, start = [], 0
    for v in map(np.asarray, like):
        width = v.size * (2 if v.dtype.kind == "c" else 1)
        part = np.array(vector[start : start + width], dtype=float)
        part = part.view(np.complex128) if v.dtype.kind == "c" else part
        out.append(part.reshape(v.shape).astype(v.dtype))
        start += width
    assert start == len(vector), "the vector does not belong to these arrays"
    return tuple(out)


def rows_of(like):
    """Return one slice per array: its places in the packed vector."""
    out, start = [], 0
    for v in like:
        stop = start + np.size(v) * (2 if np.asarray(v).dtype.kind == "c" else 1)
        out.append(slice(start, stop))
        start = stop
    return out


def basis(n):
    return np.eye(n)


def magnitude(x):
    return float(np.max(np.abs(x), initial=0.0))


def _finite(*values):
    if not all(np.all(np.isfinite(v)) for v in values):
        raise AssertionError("the oracle itself met a number that is not finite")


def extrapolate(f, u, x, step=STEP):
    """Differentiate ``f`` at ``x`` along ``u``: Richardson's table of central differences.

    Per entry the table's best value is taken, where its two neighbours agree most (Ridders 1982,
    Advances in Engineering Software 4(2); Press et al., Numerical Recipes, section 5.7). The error
    is that disagreement, and at least the rounding of the difference. A value of large steps counts
    only if those of all smaller steps confirm it: large steps may jump over a kink.
    """
    rows, previous = [], []
    for k in range(LEVELS):
        h = step / 2**k
        plus, minus = f(x + h * u), f(x - h * u)
        _finite(plus, minus)
        row = [(plus - minus) / (2 * h)]
        # Rounding of the values, and of the points at which they are taken.
        size = max(magnitude(plus), magnitude(minus)) + magnitude(x) * magnitude(row[0])
        floor = 2 * EPS * size / h
        best, error = row[0], np.full(plus.shape, np.inf)
        for j in range(1, len(previous) + 1):
            row.append(row[j - 1] + (row[j - 1] - previous[j - 1]) / (4**j - 1))
            spread = np.maximum(np.abs(row[j] - row[j - 1]), np.abs(row[j] - previous[j - 1]))
            spread = np.maximum(spread, floor)
            best, error = np.where(spread < error, row[j], best), np.minimum(spread, error)
        previous = row
        rows.append((best, error))
    best, error = rows.pop()
    confirmed = np.ones(best.shape, dtype=bool)
    for coarse, spread in reversed(rows[1:]):
        confirmed &= np.abs(coarse - best) <= error + spread
        better = confirmed & (spread < error)
        best, error = np.where(better, coarse, best), np.where(better, spread, error)
    return Estimate(best, error)


def unit_difference(f, u, x, eps):
    """Differentiate an affine ``f``: a central difference of step one is exact up to rounding."""
    plus, minus = f(x + u), f(x - u)
    _finite(plus, minus)
    error = 4 * eps * max(magnitude(plus), magnitude(minus))
    return Estimate((plus - minus) / 2, np.full(plus.shape, error))


class Oracle:
    """The Jacobian of ``f(*arrays)`` with respect to the arrays at `varying`, by differences.

    Parameters
    ----------
    f : callable
        Takes plain arrays, returns one array or a tuple.
    arrays : tuple
        Where; those at `varying` are float or complex arrays.
    varying : list of int
        Positions to differentiate.
    linear : bool
        `f` is affine in each of these arrays.
    analytic : bool
        `f` takes complex arrays too and is analytic: real arrays get the complex step.
    """

    def __init__(self, f, arrays, varying, *, linear=False, analytic=False):
        self.arrays = arrays
        self.varying = varying
        self._f = f
        self.like = [np.asarray(arrays[k]) for k in varying]
        self.x = pack(self.like)
        self.y = arrays_of(f(*arrays))
        _finite(self.x, *self.y)
        floats = [v.dtype for v in self.y if v.dtype.kind in "fc"]
        self.eps = max([EPS, *(float(np.finfo(d).eps) for d in floats)])
        real = all(v.dtype.kind == "f" for v in (*self.like, *self.y))
        if linear:
            self.method = "unit differences"
        elif analytic and real and self.takes_complex():
            self.method = "complex step"
        else:
            self.method = "Richardson"
        columns = [self._column(u) for u in basis(len(self.x))]
        shape = (len(pack(self.y)), len(self.x))
        self.jacobian = Estimate(
            np.reshape([c.value for c in columns], shape[::-1]).T,
            np.reshape([c.error for c in columns], shape[::-1]).T,
        )
        _finite(*self.jacobian)
        self._sharp()

    def packed(self, vector):
        """Evaluate at a packed point; the result is packed too."""
        return pack(arrays_of(self._at(unpack(vector, self.like))))

    def _at(self, values):
        operands = list(self.arrays)
        for k, v in zip(self.varying, values, strict=True):
            operands[k] = v
        return self._f(*operands)

    def takes_complex(self):
        try:
            self._at([v + 0j for v in self.like])
        except TypeError:
            return False
        return True

    def _column(self, u):
        if self.method == "unit differences":
            return unit_difference(self.packed, u, self.x, self.eps)
        if self.method == "Richardson":
            return extrapolate(self.packed, u, self.x)
        return self.complex_step(u)

    def complex_step(self, u, h=1e-30):
        """Differentiate along ``u`` by Im f(x + ihu) / h, which is exact to rounding."""
        steps = unpack(u, self.like)
        y = self._at([v + 1j * h * s for v, s in zip(self.like, steps, strict=True)])
        slope = np.concatenate([np.zeros(0), *(v.imag.ravel() / h for v in arrays_of(y))])
        _finite(slope)
        return Estimate(slope, np.full(slope.shape, 64 * EPS * magnitude(slope)))

    def _sharp(self):
        """Refuse a blunt oracle, which passes anything: it must see six digits (single: five)."""
        J, E = self.jacobian
        for i in rows_of(self.y):
            for j in rows_of(self.like):
                if magnitude(E[i, j]) > max(1e-6, 32 * self.eps) * max(1.0, magnitude(J[i, j])):
                    raise AssertionError(
                        f"the {self.method} oracle is off by up to {magnitude(E[i, j]):.1e} "
                        f"in a block of size {magnitude(J[i, j]):.1e}: choose another sample"
                    )

    def scale(self):
        """Return the size of each block, on all its entries: its largest one."""
        J = self.jacobian.value
        S = np.zeros_like(J)
        for i in rows_of(self.y):
            for j in rows_of(self.like):
                S[i, j] = magnitude(J[i, j])
        return S
