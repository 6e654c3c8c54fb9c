"""What the analysis after a fit shares: parameters by name, functions of the flat vector, and who made a result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from dualrev.core.array import Traced, value
from dualrev.derivatives.containers import flatten
from dualrev.errors import InputError, OutputError, describe
from dualrev.scipy.optimize.points import Point

__all__ = ["Problem", "index_of", "names", "problem_of", "ravelled", "remember"]


class Origin:
    """The user's function behind a result. Pickles and copies as nothing: functions often cannot be pickled."""

    __slots__ = ("args", "f", "residuals")

    def __init__(
        self,
        f: Callable[..., Any] | None = None,
        args: tuple[Any, ...] = (),
        residuals: bool = False,
    ) -> None:
        self.f = f
        self.args = args
        self.residuals = residuals

    def __reduce__(self) -> tuple[type[Origin], tuple[()]]:
        return Origin, ()


def remember(result: Any, f: Callable[..., Any], args: Any = (), residuals: bool = False) -> Any:
    """Attach the user's function to an ``OptimizeResult``, beside its keys, and return the result.

    Parameters
    ----------
    result : OptimizeResult
        Its `x` has the structure that `f` takes.
    f : callable
        As the user gave it, called as ``f(result.x, *args)``.
    args : tuple or object
        Extra arguments.
    residuals : bool
        `f` returns residuals of a least-squares problem, not a number.
    """
    args = args if isinstance(args, tuple) else (args,)
    object.__setattr__(result, "_origin", Origin(f, args, residuals))
    return result


class Problem:
    """A function of the flat parameter vector, and the point at which it is analysed.

    Attributes
    ----------
    f : callable
        From a flat vector, which may be traced, to what the user's function returns.
    point : Point
        The structure of the parameters.
    flat : array
        The parameters, traced where the given ones are.
    from_result : bool
        The point is what a solver returned, so it should be a minimum.
    residuals : bool
        A solver of least squares returned it.
    """

    __slots__ = ("f", "flat", "from_result", "name", "point", "residuals")

    def __init__(self, name: str, f: Any, x: Any, args: tuple[Any, ...]) -> None:
        self.name = name
        self.residuals = False
        self.from_result = False
        origin = getattr(f, "_origin", None)
        if isinstance(f, dict) and "x" in f:
            if x is not None:
                raise TypeError(f"{name}: a result holds its own x; pass either it, or f and x")
            if origin is None or origin.f is None:
                raise InputError(
                    f"{name}: this result does not hold the function it is a minimum of (a result of SciPy itself, "
                    "a copy that was pickled, or a robust loss of least squares). Pass the function and x."
                )
            self.from_result = True
            self.residuals = origin.residuals
            x, f, args = f["x"], origin.f, origin.args
        elif not callable(f):
            raise TypeError(f"{name}: {describe(f)} is neither a function nor a result of a solver")
        elif x is None:
            raise TypeError(f"{name}: x is missing, the point at which the curvature is taken")
        self.point = Point(x, name)
        self.flat = self.point.ravel(x, "x") if not self.point.is_vector else _vector(x, self.point)
        if not self.point.size:
            raise InputError(f"{name}: there are no parameters")
        point, function, extra = self.point, f, args

        def of_flat(flat: Any) -> Any:
            # A copy, as the user's function may write into its argument.
            own = flat if isinstance(flat, Traced) else flat.copy()
            return function(point.restore(own), *extra)

        self.f = of_flat


def _vector(x: Any, point: Point) -> Any:
    """Return a vector of parameters in float64: the very values if they are traced."""
    plain = value(x)
    return point.flat if plain is x or isinstance(x, (list, tuple)) else np.ravel(x) * 1.0


def problem_of(name: str, f: Any, x: Any, args: Any) -> Problem:
    """Return the problem that ``(f, x, args)`` or a result in place of `f` states."""
    return Problem(name, f, x, args if isinstance(args, tuple) else (args,))


def names(point: Point, root: str = "x") -> list[str]:
    """Return how each parameter is written in the user's code, such as ``x['rate']`` or ``x['w'][0, 2]``."""
    shaped = point.restore(np.arange(float(point.size)))
    if point.is_vector:
        return [f"{root}[{k}]" for k in range(point.size)]
    leaves, _ = flatten(shaped)
    if len(leaves) == 1 and leaves[0] is shaped:
        paths = [root]
    else:
        accessors = optree.tree_accessors(shaped, namespace="dualrev")
        paths = [accessor.codify(root) for accessor in accessors]
    found = []
    for path, leaf in zip(paths, leaves, strict=True):
        for place in np.ndindex(np.shape(leaf)):
            found.append(f"{path}[{', '.join(map(str, place))}]" if place else path)
    return found


def index_of(name: str, point: Point, path: Any) -> int:
    """Return the position in the flat vector of the parameter at `path`.

    Parameters
    ----------
    name : str
        The caller, for messages.
    point : Point
        The structure.
    path : int, str, or tuple of these
        An index, a key or a field, or several from the outside in.
    """
    here = point.restore(np.arange(float(point.size)))
    steps = path if isinstance(path, tuple) else (path,)
    try:
        for k, step in enumerate(steps):
            if isinstance(here, np.ndarray):
                here = here[steps[k:]]
                break
            by_field = isinstance(step, str) and not isinstance(here, dict)
            here = getattr(here, step) if by_field else here[step]
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise InputError(
            f"{name}: there is no parameter {path!r}; the parameters are {_listing(names(point))}"
        ) from error
    if not isinstance(here, (float, np.ndarray, np.generic)) or np.shape(here) != ():
        raise InputError(
            f"{name}: {path!r} is more than one parameter; choose one of {_listing(names(point))}"
        )
    return int(here)


def _listing(words: list[str]) -> str:
    return ", ".join(words) if len(words) <= 12 else f"{', '.join(words[:12])}, ..."


def ravelled(name: str, out: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return a real result of any structure as a flat vector, and what puts such a vector back into it."""
    nested = isinstance(out, (list, tuple)) and all(np.ndim(v) == 0 for v in out)
    leaves, rebuild = ([np.stack(out)], lambda v: v[0]) if nested and out else flatten(out)
    shapes = [np.shape(leaf) for leaf in leaves]
    if not leaves:
        raise OutputError(
            f"{name}: the function returned {describe(out)}, where numbers are needed. Does it lack a return statement?"
        )
    for leaf in leaves:
        if (
            isinstance(leaf, str)
            or getattr(value(leaf), "dtype", np.dtype(float)).kind not in "fiub"
        ):
            raise OutputError(
                f"{name}: the function returned {describe(leaf)}; real numbers are needed"
            )
    flat = np.concatenate([np.ravel(leaf) for leaf in leaves])

    def restore(vector: Any) -> Any:
        parts, start = [], 0
        for shape in shapes:
            size = int(np.prod(shape))
            parts.append(vector[start : start + size].reshape(shape) if shape else vector[start])
            start += size
        return rebuild(parts)

    return flat, restore
