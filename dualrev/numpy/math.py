"""The functions of `math` for traced numbers too: ``from dualrev.numpy import math``.

A plain call goes to `math` itself. With a traced number the answer is that of the NumPy or SciPy function of the same
meaning, after `math` has seen the plain numbers, so that its errors are raised (``math domain error``). What returns
an ``int`` or a ``bool`` does so of the plain number: it is locally constant.

Examples
--------
>>> import dualrev as dr
>>> from dualrev.numpy import math
>>> float(dr.grad(lambda x: math.sin(x) + math.floor(x) * math.pi)(0.0))
1.0
"""

import functools
import math as _math
import operator as _operator
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of, value
from dualrev.core.buffer import holds_traced, plain
from dualrev.core.mirror import mirror, stands_for
from dualrev.core.ufuncs import special as _special
from dualrev.rules.floats import ieee_remainder

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def _number(x: Any) -> Any:
    """Return the plain number in `x`, or None for one per lane; raise as `math` does if it is no real number."""
    if not isinstance(x, Traced):
        return x
    if x.ndim:
        raise TypeError(
            f"only 0-dimensional arrays can be converted to Python scalars, not {x.shape}"
        )
    if dtype_of(x).kind == "c":
        raise TypeError("must be real number, not complex")
    v = value(x)
    return None if np.ndim(v) else v.item()


def _flat(args: tuple[Any, ...]) -> list[Any]:
    out: list[Any] = []
    for a in args:
        out += _flat(tuple(a)) if isinstance(a, (tuple, list)) else [a]
    return out


def _plain_result(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `math` with the plain numbers, for its errors; None if there are lanes."""

    def strip(a: Any) -> Any:
        return [strip(v) for v in a] if isinstance(a, (tuple, list)) else _number(a)

    stripped = [strip(a) for a in args]
    options = {k: strip(v) for k, v in kwargs.items()}
    if any(v is None for v in _flat((*stripped, *options.values()))):
        return None
    return function(*stripped, **options)


def _for(name: str, *, constant: bool = False, sequences: bool = False) -> Callable[[Any], Any]:
    """Answer ``math.name`` by the decorated function where an argument is traced."""
    function = getattr(_math, name, None)

    def attach(answer: Any) -> Any:
        if function is None:  # newer than this Python
            return answer

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = plain(args), plain(kwargs)
            if sequences:
                args = tuple(
                    a if isinstance(a, (int, float)) else list(a) if isinstance(a, Iterable) else a
                    for a in args
                )
            if not (holds_traced(args) or (kwargs and holds_traced(tuple(kwargs.values())))):
                return function(*args, **kwargs)
            y = _plain_result(function, args, kwargs)
            return y if constant and y is not None else answer(*args, **kwargs)

        stands_for(function)(call)
        return answer

    return attach


_NAMES = {
    "acos": "arccos",
    "acosh": "arccosh",
    "asin": "arcsin",
    "asinh": "arcsinh",
    "atan": "arctan",
    "atan2": "arctan2",
    "atanh": "arctanh",
    "pow": "power",
}
for _name in (
    "acos acosh asin asinh atan atan2 atanh cbrt copysign cos cosh degrees exp exp2 expm1 fabs fmod log10 log1p log2 "
    "pow radians sin sinh sqrt tan tanh ldexp modf"
).split():
    _for(_name)(getattr(_np, _NAMES.get(_name, _name)))
for _name, _other in {"gamma": "gamma", "lgamma": "gammaln", "erf": "erf", "erfc": "erfc"}.items():
    # Looked up when called: scipy.special is not imported before it is needed.
    _for(_name)(lambda x, name=_other: getattr(_special, name)(x))
for _name in "floor ceil trunc isfinite isinf isnan".split():
    _for(_name, constant=True)(getattr(_np, _name))
_for("ulp", constant=True)(lambda x: _np.spacing(_np.fabs(x)))
for _name in "comb factorial gcd isqrt lcm perm".split():
    # Of integers: `math` refuses the plain floats.
    _for(_name, constant=True)(getattr(_math, _name))
_for("remainder")(ieee_remainder)


@_for("isclose", constant=True)
def _isclose(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    with _np.errstate(invalid="ignore"):
        size = _np.maximum(_np.fabs(a), _np.fabs(b))
        near = _np.fabs(a - b) <= _np.maximum(rel_tol * size, abs_tol)
    return near & _np.isfinite(size) | _np.equal(a, b)


@_for("log")
def _log(x: Any, base: Any = None) -> Any:
    return _np.log(x) if base is None else _np.log(x) / _np.log(base)


@_for("frexp")
def _frexp(x: Any) -> tuple[Any, Any]:
    mantissa, exponent = _np.frexp(x)
    return mantissa, exponent if isinstance(exponent, Traced) else int(exponent)


@_for("nextafter")
def _nextafter(x: Any, y: Any, *, steps: int | None = None) -> Any:
    for _ in range(1 if steps is None else steps):
        x = _np.nextafter(x, y)
    return x


@_for("hypot")
def _hypot(*coordinates: Any) -> Any:
    return functools.reduce(_np.hypot, coordinates) if coordinates[1:] else _np.fabs(coordinates[0])


@_for("dist", sequences=True)
def _dist(p: Any, q: Any) -> Any:
    return _hypot(*(a - b for a, b in zip(p, q, strict=True)))


def _exact(y: Any, want: Any) -> Any:
    """Return `y` with the value `want`, which was found with more care; the derivative stays."""
    return y if want is None else y + (want - _number(y))


@_for("fsum", sequences=True)
def _fsum(seq: Any) -> Any:
    return _exact(sum(seq), _plain_result(_math.fsum, (seq,), {}))


@_for("prod", sequences=True)
def _prod(iterable: Any, *, start: Any = 1) -> Any:
    return functools.reduce(_operator.mul, iterable, start)


@_for("sumprod", sequences=True)
def _sumprod(p: Any, q: Any) -> Any:
    y = sum(a * b for a, b in zip(p, q, strict=True))
    return _exact(y, _plain_result(_math.sumprod, (p, q), {}))  # type: ignore[attr-defined,unused-ignore]


@_for("fma")
def _fma(x: Any, y: Any, z: Any) -> Any:
    return _exact(x * y + z, _plain_result(_math.fma, (x, y, z), {}))  # type: ignore[attr-defined,unused-ignore]


__getattr__, __dir__ = mirror(sys.modules[__name__], _math)
del sys
