"""Python around NumPy: builtins, containers, classes, caches, text."""

import copy
import dataclasses
import functools
import logging
import operator
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

from . import RAISES, idiom

Point = namedtuple("Point", "a b")


@dataclasses.dataclass
class Model:
    rate: object
    scale: object = 1.0

    def __call__(self, t):
        return self.scale * (1.0 - t * self.rate) ** 2


@idiom()
def builtin_sum(np, x):
    """sum(x * x)."""
    return sum(x * x)


@idiom()
def builtin_sum_of_generator(np, x):
    """sum(x[i] ** 2 for i in range(len(x)))."""
    return sum(x[i] ** 2 for i in range(len(x)))


@idiom()
def builtin_max_min(np, x):
    """max(x), min(x)."""
    return max(x) ** 2 - min(x)


@idiom()
def builtin_sorted(np, x):
    """sorted(x)."""
    a, b, c = sorted(x)
    return a + 2.0 * b + 3.0 * c**2


@idiom()
def builtin_abs_round(np, x):
    """abs(x[0]), round(x[1], 1)."""
    return abs(-x[0]) ** 2 + round(x[1], 1) * x[2]


@idiom()
def builtin_divmod(np, x):
    """divmod(x[1], 0.5)."""
    q, r = divmod(x[1], 0.5)
    return q * x[0] + r**2


@idiom()
def builtin_pow(np, x):
    """pow(x[0], 3) and 2.0 ** x[1]."""
    return pow(x[0], 3) + 2.0 ** x[1]


@idiom()
def for_loop(np, x):
    """for xi in x."""
    total = 1.0
    for xi in x:
        total = total * (1.0 + xi)
    return total


@idiom()
def zip_and_enumerate(np, x):
    """zip, enumerate."""
    return sum(k * a * b for k, (a, b) in enumerate(zip(x[:-1], x[1:], strict=True)))  # noqa: RUF007


@idiom()
def map_and_reduce(np, x):
    """functools.reduce(operator.mul, map(f, x))."""
    return functools.reduce(operator.mul, map(lambda v: v + 0.5, x))  # noqa: C417


@idiom()
def unpacking(np, x):
    """a, b, c = x."""
    a, b, c = x
    return a * b - c**2


@idiom()
def dict_of_results(np, x):
    """Intermediate results in a dict."""
    state = {"a": x[0], "b": 0.0}
    for v in x[1:]:
        state["b"] = state["b"] + v * state["a"]
    return state["b"] ** 2


@idiom()
def dataclass_of_parameters(np, x):
    """A dataclass that holds traced values."""
    m = Model(x[0], scale=x[1])
    return m(0.5) + dataclasses.replace(m, rate=x[2])(1.5)


@idiom()
def namedtuple_of_parameters(np, x):
    """A namedtuple that holds traced values."""
    p = Point(x[0], x[1:])
    return p.a * np.sum(p.b**2)


@idiom()
def lru_cache_around_traced(np, x):
    """functools.lru_cache around a function of traced numbers."""

    @functools.lru_cache
    def g(v):
        return v**2 + 1.0

    return g(x[0]) * g(x[0]) + g(x[1])


@idiom()
def memo_by_index(np, x):
    """A memo of results by integer key, with recursion."""
    memo = {}

    def h(n):
        if n not in memo:
            memo[n] = x[0] if n == 0 else h(n - 1) * x[1] + 1.0
        return memo[n]

    return h(4)


@idiom()
def recursion(np, x):
    """Recursion by halves."""

    def product(v):
        return v[0] if len(v) == 1 else product(v[: len(v) // 2]) * product(v[len(v) // 2 :])

    return product(x)


@idiom()
def generator_of_results(np, x):
    """A generator that yields traced values."""

    def powers(v):
        p = 1.0
        for _ in range(4):
            p = p * v
            yield p

    return sum(powers(x[0])) + sum(powers(x[1]))


@idiom()
def closure_and_partial(np, x):
    """functools.partial and closures."""
    f = functools.partial(lambda a, b, t: a * np.exp(-b * t), x[0], x[1])
    return sum(f(t) for t in (0.0, 0.5, 1.0))


@idiom()
def deepcopy_of_state(np, x):
    """copy.deepcopy of a container."""
    state = {"x": x, "n": [x[0]]}
    other = copy.deepcopy(state)
    other["x"] = other["x"] * 2.0
    return np.sum(other["x"] * state["x"]) + other["n"][0] ** 2


@idiom()
def threads_inside(np, x):
    """ThreadPoolExecutor.map over entries."""
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda v: v**3, [x[0], x[1], x[2]]))


@idiom()
def f_string(np, x):
    """f"{x[0]:.3f}" as a label."""
    label = f"{x[0]:.3f}"
    return {label: x[0] ** 2}[label]


@idiom()
def print_value(np, x):
    """print(x, x[0])."""
    print("x =", x, "first", x[0])
    return np.sum(x**2)


@idiom()
def repr_and_str(np, x):
    """repr(x), str(x[0]), np.array2string(x)."""
    words = repr(x) + str(x[0]) + np.array2string(x)
    return np.sum(x**2) + 0.0 * len(words)


@idiom(plain=RAISES, mirror=RAISES)
def percent_format(np, x):
    """'%.3f' % x[0]."""
    text = "%.3f" % x[0]  # noqa: UP031
    return np.sum(x**2) + 0.0 * len(text)


@idiom()
def logging_value(np, x):
    """logging.debug("%s", x)."""
    logging.getLogger("idioms").debug("x = %s", x)
    return np.sum(x**2)


@idiom()
def isinstance_array(np, x):
    """isinstance(x, np.ndarray) with a fallback."""
    if not isinstance(x, np.ndarray):
        x = np.array(x)
    return np.sum(x**2)


@idiom()
def isinstance_float(np, x):
    """isinstance(v, (int, float)) to tell numbers from arrays."""

    def total(v):
        return v**2 if isinstance(v, (int, float)) else np.sum(np.asarray(v) ** 2)

    return total(x[0]) + total(x[1:])


@idiom()
def isscalar_branch(np, x):
    """np.isscalar(v) to tell numbers from arrays."""

    def total(v):
        return v**2 if np.isscalar(v) else np.sum(np.asarray(v) ** 2)

    return total(x[0]) + total(x[1:])


@idiom()
def ndim_branch(np, x):
    """np.ndim(v) == 0."""

    def total(v):
        return v**2 if np.ndim(v) == 0 else np.sum(v**2)

    return total(x[0]) + total(x[1:])


@idiom()
def shape_dtype_size(np, x):
    """x.shape, x.dtype, x.size, len(x), x.ndim."""
    y = np.zeros(x.shape, dtype=x.dtype) + x
    return np.sum(y**2) / x.size * len(x) * x.ndim


@idiom()
def hasattr_len(np, x):
    """hasattr(v, "__len__")."""
    return sum(np.sum(v**2) if hasattr(v, "__len__") else v**2 for v in (x[0], x[1:]))


@idiom()
def nested_lists(np, x):
    """Lists of lists of traced numbers, by hand."""
    a = [[x[0], x[1]], [x[2], 1.0]]
    return a[0][0] * a[1][1] - a[0][1] * a[1][0]
