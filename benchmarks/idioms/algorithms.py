"""Small algorithms, written as in textbooks."""

import numpy  # noqa: ICN001 (np is a parameter here)

from . import RAISES, idiom

A = numpy.array([[2.0, -1.0, 0.5], [0.3, 1.5, -0.7], [0.9, 0.2, 1.1]])
OBSERVED = numpy.array([1.0, 0.8, 0.55, 0.4])


@idiom()
def lorenz_euler(np, x):
    """Euler's method with a right-hand side np.array([...])."""

    def rhs(s):
        return np.array(
            [10.0 * (s[1] - s[0]), s[0] * (28.0 - s[2]) - s[1], s[0] * s[1] - 2.6 * s[2]]
        )

    s = x
    for _ in range(10):
        s = s + 0.01 * rhs(s)
    return np.sum(s**2)


@idiom()
def runge_kutta_4(np, x):
    """The classical Runge-Kutta method."""

    def rhs(y):
        return -x[0] * y + x[1] * np.sin(y)

    y, h = x[2], 0.1
    for _ in range(5):
        k1 = rhs(y)
        k2 = rhs(y + h / 2 * k1)
        k3 = rhs(y + h / 2 * k2)
        k4 = rhs(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y**2


@idiom(plain=RAISES)
def trajectory_array(np, x):
    """y = np.zeros(n); y[k + 1] = y[k] + h * f(y[k])."""
    y = np.zeros(6)
    y[0] = x[0]
    for k in range(5):
        y[k + 1] = y[k] + 0.1 * (x[1] - x[2] * y[k])
    return np.sum(y**2)


@idiom()
def horner(np, x):
    """Horner's rule."""
    p = 0.0
    for c in x:
        p = p * 0.7 + c
    return p**2


@idiom(plain=RAISES)
def thomas_algorithm(np, x):
    """A tridiagonal system, with work arrays of np.zeros."""
    n = 3
    c, d, y = np.zeros(n), np.zeros(n), np.zeros(n)
    c[0], d[0] = 0.2 / (2.0 + x[0]), 1.0 / (2.0 + x[0])
    for i in range(1, n):
        m = 2.0 + x[i] - 0.2 * c[i - 1]
        c[i] = 0.2 / m
        d[i] = (1.0 - 0.2 * d[i - 1]) / m
    y[-1] = d[-1]
    for i in range(n - 2, -1, -1):
        y[i] = d[i] - c[i] * y[i + 1]
    return np.sum(y**2)


@idiom()
def gaussian_elimination(np, x):
    """Elimination in place on a copy."""
    a = A + np.outer(x, x)
    for i in range(3):
        for j in range(i + 1, 3):
            a[j] = a[j] - a[j, i] / a[i, i] * a[i]
    return a[0, 0] * a[1, 1] * a[2, 2]


@idiom(plain=RAISES)
def cholesky_by_hand(np, x):
    """Cholesky's decomposition into np.zeros_like of a plain array."""
    a = np.outer(x, x) + np.eye(3)
    L = np.zeros((3, 3))
    for i in range(3):
        for j in range(i + 1):
            s = a[i, j] - np.dot(L[i, :j], L[j, :j])
            L[i, j] = np.sqrt(s) if i == j else s / L[j, j]
    return np.sum(L)


@idiom()
def bubble_sort(np, x):
    """Sorting by comparison and swaps in a list."""
    v = list(x)
    for i in range(len(v)):
        for j in range(len(v) - 1 - i):
            if v[j] > v[j + 1]:
                v[j], v[j + 1] = v[j + 1], v[j]
    return v[0] + 2.0 * v[1] ** 2 + 3.0 * v[2]


@idiom()
def laplacian_stencil(np, x):
    """A stencil by slices with boundary conditions."""
    u = np.concatenate([x, x[::-1]])
    for _ in range(3):
        new = u.copy()
        new[1:-1] = u[1:-1] + 0.2 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        u = new
    return np.sum(u**2)


@idiom()
def exponential_series(np, x):
    """A matrix exponential by its series."""
    m = np.outer(x, x) * 0.1
    term = total = np.eye(3)
    for k in range(1, 8):
        term = term @ m / k
        total = total + term
    return np.sum(total)


@idiom()
def gradient_descent_unrolled(np, x):
    """Unrolled gradient descent on a quadratic."""
    y = np.zeros(3)
    for _ in range(5):
        y = y - 0.1 * (A.T @ (A @ y - x))
    return np.sum(y**2)


@idiom((0.9, 0.4, 1.2))
def curve_fit_residual(np, x):
    """Residuals of a model against data."""
    t = np.arange(4) * 0.5
    return np.sum((x[0] * np.exp(-x[1] * t) + 0.1 * x[2] - OBSERVED) ** 2)


@idiom((0.3, 1.1))
def normal_loglikelihood(np, x):
    """The log-likelihood of a normal distribution."""
    mu, sigma = x
    z = (OBSERVED - mu) / sigma
    return -0.5 * np.sum(z**2) - len(OBSERVED) * np.log(sigma)


@idiom()
def hidden_markov_forward(np, x):
    """The forward recursion in logs, with np.logaddexp."""
    alpha = np.log(x[:2] / np.sum(x[:2]))
    for t in range(3):
        stay = alpha + np.log(0.8)
        move = alpha[::-1] + np.log(0.2)
        alpha = np.logaddexp(stay, move) - 0.5 * (OBSERVED[t] - x[1:]) ** 2
    return np.logaddexp(alpha[0], alpha[1])


@idiom()
def kalman_filter(np, x):
    """A scalar Kalman filter."""
    m, p, total = x[0], 1.0, 0.0
    for y in OBSERVED:
        p = p + x[1] ** 2
        s = p + x[2] ** 2
        total = total + np.log(s) + (y - m) ** 2 / s
        gain = p / s
        m, p = m + gain * (y - m), (1.0 - gain) * p
    return total


@idiom()
def neural_network_layer(np, x):
    """tanh(W x + b) with parameters cut out of a vector."""
    w, b = x[:2].reshape(2, 1), x[2]
    hidden = np.tanh(w @ OBSERVED.reshape(1, 4) + b)
    return np.mean((hidden.sum(axis=0) - OBSERVED) ** 2)


@idiom()
def simpson_rule(np, x):
    """Simpson's rule on a grid that depends on x."""
    t = x[0] + (x[1] - x[0]) * np.linspace(0.0, 1.0, 5)
    w = np.array([1.0, 4.0, 2.0, 4.0, 1.0]) / 12.0
    return (x[1] - x[0]) * np.sum(w * np.exp(-(t**2))) * x[2]


@idiom()
def finite_element_assembly(np, x):
    """K[np.ix_(nodes, nodes)] += k_e on an array like x."""
    K = np.zeros_like(np.outer(x, x))
    for e in range(2):
        nodes = [e, e + 1]
        K[np.ix_(nodes, nodes)] += x[e] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    return x @ K @ x


@idiom()
def mandelbrot_iteration(np, x):
    """Complex iteration with an escape test."""
    z, c = 0.0 + 0.0j, x[0] * 0.2 + 1j * x[1] * 0.2
    for _ in range(10):
        z = z * z + c
        if abs(z) > 2.0:
            break
    return abs(z) ** 2 * x[2]


@idiom()
def newton_system(np, x):
    """Newton's method for two equations with np.linalg.solve."""
    u = np.array([1.0, 1.0])
    for _ in range(8):
        r = np.stack([u[0] ** 2 + u[1] - x[0] - 1.0, u[0] - u[1] ** 2 + x[1]])
        J = np.stack(
            [
                np.stack([2.0 * u[0], np.ones_like(u[0])]),
                np.stack([np.ones_like(u[0]), -2.0 * u[1]]),
            ]
        )
        u = u - np.linalg.solve(J, r)
    return np.sum(u**2)
