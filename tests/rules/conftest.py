"""The oracle for operations that move, repeat, add or drop entries: unit differences, exact."""

import numpy as np
import pytest

import dualrev as dr


def _units(f, x):
    """Return the Jacobian of an affine function, column by column."""
    y = np.asarray(f(x))
    columns = []
    for k in range(x.size):
        e = np.zeros_like(x)
        e.flat[k] = 1.0
        columns.append(np.asarray(f(x + e)) - y)
    if not columns:
        return np.zeros(y.shape + x.shape)
    return np.stack(columns, axis=-1).reshape(y.shape + x.shape)


def _check(f, x, lanes=True):
    """Check an affine `f` at `x`: values, both modes, second order, complex, float32, lanes."""
    plain = f(x)
    y = np.asarray(plain)
    J = _units(f, x)
    close = {"rtol": 1e-12, "atol": 1e-13}
    for value in (dr.jvp(f, (x,), (x,))[0], dr.vjp(f, x)[0]):
        np.testing.assert_allclose(value, y, rtol=1e-15, atol=1e-15)
        assert np.shape(value) == y.shape
        assert np.asarray(value).dtype == y.dtype
    np.testing.assert_allclose(dr.jacobian(f, mode="forward")(x), J, **close)
    np.testing.assert_allclose(dr.jacobian(f, mode="reverse")(x), J, **close)
    # h(x) = w . f(x * x) has the gradient 2 x (J'w) and the Hessian diag(2 J'w).
    w = np.cos(np.arange(y.size)).reshape(y.shape)
    pulled = np.tensordot(w, J, y.ndim)

    def h(x):
        return np.sum(w * f(x * x))

    np.testing.assert_allclose(dr.grad(h)(x), 2 * x * pulled, **close)
    H = np.diag(2 * pulled.ravel()).reshape(x.shape * 2)
    np.testing.assert_allclose(dr.hessian(h)(x), H, **close)
    np.testing.assert_allclose(dr.jacobian(dr.grad(h), mode="reverse")(x), H, **close)
    # Complex numbers move like real ones; the tangent is that of the complex-linear part.
    t = x * (0.5 - 2.0j) + 1.0j
    z, push = dr.jvp(f, (x + 1.0j,), (t,))
    np.testing.assert_allclose(z, f(x + 1.0j), **close)
    np.testing.assert_allclose(push, np.tensordot(J, t, x.ndim), **close)
    single = x.astype(np.float32)
    assert dr.grad(h)(single).dtype == np.float32
    assert np.asarray(dr.vjp(f, single)[0]).dtype == np.asarray(f(single)).dtype
    if lanes:
        many = np.stack([x, 2.0 * x, x - 1.0])
        np.testing.assert_allclose(dr.vmap(f)(many), np.stack([f(v) for v in many]), **close)
        np.testing.assert_allclose(
            dr.vmap(dr.grad(h))(many), np.stack([2 * v * pulled for v in many]), **close
        )


@pytest.fixture(scope="session")
def moves():
    """Return ``check(f, x, lanes=True)`` for functions that are affine and move entries."""
    return _check
