"""True escapes: the derivative cannot pass through a float, an int, math or a random distribution's parameter."""

import cmath
import json
import math
import statistics

import numpy  # noqa: ICN001 (np is a parameter here)

from . import RAISES, idiom


@idiom(plain=RAISES, mirror=RAISES)
def float_of_entry(np, x):
    """float(x[0])."""
    return float(x[0]) ** 2 + np.sum(x)


@idiom(plain=RAISES, mirror=RAISES)
def int_of_entry(np, x):
    """int(x[1]) of a number that varies."""
    return np.sum(x**2) * int(x[1])


@idiom(plain=RAISES, mirror=RAISES)
def range_of_entry(np, x):
    """range(int(x[1]) + 2)."""
    return sum(x[0] ** k for k in range(int(x[1]) + 2))


@idiom(plain=RAISES, mirror=RAISES)
def math_sin(np, x):
    """math.sin(x[0])."""
    return math.sin(x[0]) * x[1]


@idiom(plain=RAISES, mirror=RAISES)
def math_sqrt_exp(np, x):
    """math.sqrt, math.exp."""
    return math.sqrt(x[0]) + math.exp(x[1])


@idiom()
def math_constants(np, x):
    """math.pi * x, math.floor(x[1])."""
    return math.pi * np.sum(x**2) + math.floor(x[1]) * x[0]


@idiom(plain=RAISES, mirror=RAISES)
def math_fsum(np, x):
    """math.fsum(x)."""
    return math.fsum(x) ** 2


@idiom()
def math_prod(np, x):
    """math.prod(x)."""
    return math.prod(x)


@idiom(plain=RAISES, mirror=RAISES)
def math_isclose(np, x):
    """math.isclose(x[0], x[1])."""
    return x[0] ** 2 if not math.isclose(x[0], x[1]) else x[1]


@idiom(plain=RAISES, mirror=RAISES)
def cmath_exp(np, x):
    """cmath.exp(1j * x[0])."""
    return cmath.exp(1j * x[0]).real * x[1]


@idiom(plain=RAISES, mirror=RAISES)
def complex_of_entries(np, x):
    """complex(x[0], x[1])."""
    return abs(complex(x[0], x[1])) ** 2 + x[2]


@idiom(plain=RAISES, mirror=RAISES)
def float64_of_entry(np, x):
    """np.float64(x[0])."""
    return np.float64(x[0]) ** 2 + x[1]


@idiom(plain=RAISES, mirror=RAISES)
def astype_of_object(np, x):
    """numpy.array(list(x)).astype(float) with NumPy itself."""
    return np.sum(numpy.array([x[0], x[1] * x[2]]).astype(float) ** 2)


@idiom(plain=RAISES, mirror=RAISES)
def random_with_parameter(np, x):
    """rng.normal(x[0], 1.0)."""
    return numpy.random.default_rng(0).normal(x[0], 1.0) * x[1]


@idiom(plain=RAISES, mirror=RAISES)
def statistics_module(np, x):
    """statistics.fmean(x)."""
    return statistics.fmean(x) ** 2


@idiom(plain=RAISES, mirror=RAISES, error="TypeError")
def json_dumps(np, x):
    """json.dumps of results."""
    return np.sum(x**2) + 0.0 * len(json.dumps({"x": [x[0]]}))


@idiom(plain=RAISES, mirror=RAISES)
def index_by_traced(np, x):
    """table[x[1].astype(int)] of a plain list."""
    return [1.0, 2.0, 3.0][int(x[1])] * x[0]


@idiom(plain=RAISES, mirror=RAISES)
def python_float_list(np, x):
    """[float(v) for v in x]."""
    return np.sum(np.array([float(v) for v in x]) ** 2)


@idiom(plain=RAISES, mirror=RAISES)
def writing_into_plain_data(np, x):
    """table[0] = x[0] with a plain array made by numpy itself."""
    table = numpy.ones(3)
    table[0] = x[0] * x[1]
    return np.sum(table**2)
