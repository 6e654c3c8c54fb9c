"""Control flow: branches, loops to convergence, choices by array, checks of values."""

import numpy  # noqa: ICN001 (np is a parameter here)

from . import RAISES, idiom


@idiom()
def if_on_value(np, x):
    """if x[0] > x[1]."""
    if x[0] > x[1]:
        return x[0] ** 2
    return x[1] ** 3 + x[0]


@idiom()
def while_to_convergence(np, x):
    """while abs(step) > tol: Newton's method."""
    y, step, count = 1.0, 1.0, 0
    while abs(step) > 1e-13 and count < 50:
        step = (y * y - x[0] * x[1]) / (2.0 * y)
        y = y - step
        count += 1
    return y * x[2]


@idiom()
def fixed_point_allclose(np, x):
    """Loop until np.allclose(new, old)."""
    old = np.zeros(3)
    for _ in range(200):
        new = 0.3 * np.cos(old) + 0.1 * x
        done = np.allclose(new, old, rtol=0.0, atol=1e-15)
        old = new
        if done:
            break
    return np.sum(old**2)


@idiom()
def where_with_nan_branch(np, x):
    """np.where(x > 1, np.log(x - 1), 0) with np.errstate."""
    with np.errstate(all="ignore"):
        return np.sum(np.where(x > 1.0, np.log(x - 1.0), x))


@idiom()
def where_sqrt_at_zero(np, x):
    """np.where(d > 0, np.sqrt(d), 0) at d = 0."""
    d = (x[:, None] - x[None, :]) ** 2
    return np.sum(np.where(d > 0.0, np.sqrt(d), 0.0))


@idiom()
def where_safe_argument(np, x):
    """np.sqrt(np.where(x > 1, x - 1, 1))."""
    return np.sum(np.where(x > 1.0, np.sqrt(np.where(x > 1.0, x - 1.0, 1.0)), 0.0))


@idiom()
def select_cases(np, x):
    """np.select."""
    return np.sum(np.select([x < 0.7, x < 1.0], [x**2, x**3], default=x))


@idiom()
def piecewise_functions(np, x):
    """np.piecewise with functions."""
    return np.sum(np.piecewise(x, [x < 1.0, x >= 1.0], [lambda v: v**2, lambda v: 2.0 * v - 1.0]))


@idiom()
def vectorize_python_function(np, x):
    """np.vectorize of a function with a branch."""
    f = np.vectorize(lambda v: v**2 if v < 1.0 else 3.0 * v)
    return np.sum(f(x) * x)


@idiom()
def frompyfunc_entries(np, x):
    """np.frompyfunc(f, 1, 1)(x)."""
    f = np.frompyfunc(lambda v: v * v + 1.0, 1, 1)
    return np.sum(f(x) * x)


@idiom()
def clip_bounds(np, x):
    """np.clip(x, 0.7, 1.0)."""
    return np.sum(np.clip(x, 0.7, 1.0) ** 2)


@idiom()
def maximum_of_zero(np, x):
    """np.maximum(x - 0.8, 0)."""
    return np.sum(np.maximum(x - 0.8, 0.0) ** 2)


@idiom()
def multiply_by_condition(np, x):
    """x**2 * (x < 1) + x * (x >= 1)."""
    return np.sum(x**2 * (x < 1.0) + x * (x >= 1.0))


@idiom()
def assert_positive(np, x):
    """assert np.all(x > 0), np.isfinite(x).all()."""
    assert np.all(x > 0)
    assert np.isfinite(x).all()
    assert not np.any(np.isnan(x))
    return np.sum(np.log(x))


@idiom(plain=RAISES, error="TypeError")
def testing_of_values(np, x):
    """np.testing.assert_allclose(x + 0.0, x)."""
    np.testing.assert_allclose(x + 0.0, x)
    return np.sum(x**2)


@idiom()
def array_equal_branch(np, x):
    """if np.array_equal(x, x[::-1])."""
    return np.sum(x) if np.array_equal(x, x[::-1]) else np.sum(x**2)


@idiom()
def errstate_block(np, x):
    """with np.errstate(divide="raise")."""
    with np.errstate(divide="raise", over="ignore"):
        return np.sum(1.0 / x)


@idiom()
def try_except_linalg(np, x):
    """try: np.linalg.cholesky(...) except LinAlgError."""
    a = np.outer(x, x) - np.eye(3)
    try:
        return np.sum(np.linalg.cholesky(a))
    except numpy.linalg.LinAlgError:
        return np.sum(np.linalg.cholesky(np.outer(x, x) + np.eye(3)))


@idiom()
def early_return_nan_penalty(np, x):
    """if np.any(x < 0): return np.inf."""
    if np.any(x < 0.0):
        return np.inf
    return np.sum(np.sqrt(x))


@idiom()
def seeded_random_noise(np, x):
    """Noise of a seeded generator, scaled by a parameter."""
    noise = numpy.random.default_rng(3).normal(size=3)
    return np.sum((x + x[0] * noise) ** 2)


@idiom()
def permutation_of_entries(np, x):
    """x[rng.permutation(3)]."""
    order = numpy.random.default_rng(1).permutation(3)
    return np.sum(x[order] * np.arange(3.0))


@idiom()
def sign_and_floor(np, x):
    """np.sign, np.floor: constant pieces."""
    return np.sum(np.sign(x - 1.0) * x + np.floor(2.0 * x) * x)


@idiom()
def bisection(np, x):
    """Bisection by comparison, polished by one step of Newton's method."""
    lo, hi = 0.0, 3.0
    for _ in range(40):
        mid = 0.5 * (lo + hi)
        if mid**3 + mid < x[0]:
            lo = mid
        else:
            hi = mid
    return (lo - (lo**3 + lo - x[0]) / (3.0 * lo**2 + 1.0)) * x[1]
