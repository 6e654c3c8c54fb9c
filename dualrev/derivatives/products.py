"""Products with derivatives: J t, Jᵀ ct, H v, Jᵀ J v, and derivatives along a scalar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.gradient import grad
from dualrev.derivatives.passes import Inputs, ReversePass, push, record
from dualrev.derivatives.transform import Transform, check_callable
from dualrev.errors import InputError, describe
from dualrev.modes.reverse import Tape
from dualrev.modes.sweep import run, seed_cotangent

__all__ = ["derivative", "gauss_newton_product", "hvp", "jvp", "linearize", "vjp"]


def own(y: Any) -> Any:
    """Return an output in memory of its own, as the tape may still need the original."""
    return y.copy() if type(y) is np.ndarray else y


def _zeros(y: Any) -> Any:
    kind = dtype_of(y)
    return np.zeros(np.shape(y), kind if kind.kind in "fc" else float)[()]


def _every(args: tuple[Any, ...]) -> range:
    return range(len(args))


def jvp(
    f: Callable[..., Any],
    primals: tuple[Any, ...],
    tangents: tuple[Any, ...],
    has_aux: bool = False,
) -> Any:
    """Evaluate a function and its derivative along one direction, in forward mode.

    Parameters
    ----------
    f : callable
        Plain NumPy code; any output.
    primals, tangents : tuple
        One primal and one tangent per positional argument, of equal shapes and structure.
    has_aux : bool
        `f` returns ``(y, aux)``.

    Returns
    -------
    (y, t) or (y, t, aux)
        The output and its tangent J t, of the output's shape and structure.

    Raises
    ------
    InputError, OutputError
        If an argument or the output is not made of floats.
    ValueError
        If a tangent has another shape than its primal.

    Notes
    -----
    Cost: one evaluation with two to three times the operations. Memory: as `f` itself. Tangents are ℝ-linear; for
    holomorphic `f` they are f'(z) t.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> y, t = dr.jvp(np.sin, (0.5,), (1.0,))
    >>> bool(np.isclose(t, np.cos(0.5)))
    True
    """
    check_callable("jvp", f)
    given: tuple[Any, ...] = (primals, tangents)
    if not all(isinstance(part, (tuple, list)) for part in given):
        raise TypeError(
            "jvp: primals and tangents are tuples, one entry per argument: jvp(f, (x,), (t,))"
        )
    inputs = Inputs("jvp", tuple(primals), _every(tuple(primals)))
    ts = inputs.match(tangents, "tangent")
    ys, outs, rebuild, aux = push("jvp", inputs, f, ts, {}, None, has_aux)
    outs = [_zeros(y) if t is None else t for y, t in zip(ys, outs, strict=True)]
    result = (rebuild([own(y) for y in ys]), rebuild([own(t) for t in outs]))
    return (*result, aux) if has_aux else result


class _Pullback:
    """The map ct ↦ Jᵀ ct of one recorded evaluation; call it as often as wanted."""

    def __init__(self, run: ReversePass) -> None:
        self._run = run

    def __call__(self, ct: Any) -> Any:
        recorded = self._run
        leaves, _ = flatten(ct)
        if len(leaves) != len(recorded.outputs):
            raise TypeError(
                f"vjp: the cotangent has {len(leaves)} leaves, the output {len(recorded.outputs)}"
            )
        seeds = [seed_cotangent(y, leaf) for y, leaf in zip(recorded.outputs, leaves, strict=True)]
        return recorded.inputs.structure(recorded.finish(recorded.pull(seeds)))


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Evaluate a function and return its pullback ct ↦ Jᵀ ct, in reverse mode.

    Parameters
    ----------
    f : callable
        Plain NumPy code; any output.
    *primals
        All positional arguments; the pullback returns one cotangent for each.
    has_aux : bool
        `f` returns ``(y, aux)``.

    Returns
    -------
    (y, pullback) or (y, pullback, aux)
        ``pullback(ct)`` takes a cotangent of the output's shape and structure and returns a tuple.

    Raises
    ------
    InputError, OutputError
        If an argument or the output is not made of floats.

    Notes
    -----
    Cost: one evaluation, and one sweep per call of the pullback. The adjoint is with respect to Re(conj(a)·b).
    Plain arrays that the sweep needs are copied, so they may be overwritten while the pullback lives.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> y, pullback = dr.vjp(lambda x: x**2, np.array([1.0, 2.0, 3.0]))
    >>> pullback(np.array([1.0, 0.0, 1.0]))
    (array([2., 0., 6.]),)
    """
    check_callable("vjp", f)
    inputs = Inputs("vjp", primals, _every(primals))
    recorded = record("vjp", inputs, f, {}, has_aux, keep=True)
    y = recorded.rebuild([own(v) for v in recorded.outputs])
    pullback = _Pullback(recorded)
    return (y, pullback, recorded.aux) if has_aux else (y, pullback)


class _Linear:
    """The map t ↦ J t of one recorded evaluation."""

    def __init__(self, inputs: Inputs, recorded: ReversePass) -> None:
        self._inputs = inputs
        self._recorded = recorded
        self._tape = Tape(watch=False)
        seeds = [_zeros(y) + 1 for y in recorded.outputs]
        self._seeds = [self._tape.leaf(s) for s in seeds]
        with self._tape:
            pulled = recorded.pull(list(self._seeds))
        # The pullback is linear in its cotangents; a sweep over its own tape is the transpose of the transpose, J.
        self._pulled = [
            g.index if isinstance(g, Traced) and g.level is self._tape else None for g in pulled
        ]
        self._leaves = [s.index for s in self._seeds]

    def __call__(self, *tangents: Any) -> Any:
        ts = self._inputs.match(tangents, "tangent")
        seeds: dict[int, Any] = {}
        for index, t in zip(self._pulled, ts, strict=True):
            if index is not None:
                seeds[index] = t if index not in seeds else seeds[index] + t
        cts = run(self._tape, seeds, self._leaves) if seeds else [None] * len(self._leaves)
        out = []
        for y, ct in zip(self._recorded.outputs, cts, strict=True):
            t = _zeros(y) if ct is None else ct
            out.append(
                own(np.real(t) if dtype_of(t).kind == "c" and dtype_of(y).kind != "c" else t)
            )
        return self._recorded.rebuild(out)


def linearize(f: Callable[..., Any], *primals: Any) -> Any:
    """Evaluate a function and return its linearisation t ↦ J t at that point.

    Parameters
    ----------
    f : callable
        Plain NumPy code; any output.
    *primals
        All positional arguments.

    Returns
    -------
    (y, jvp_fn)
        ``jvp_fn(*tangents)`` costs one sweep over stored partials; `f` does not run again.

    Raises
    ------
    InputError, OutputError
        If an argument or the output is not made of floats.

    Notes
    -----
    The linear map is recorded as the transpose of the pullback, which is linear in its cotangent. Memory: the
    partials of all operations.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> y, jvp_fn = dr.linearize(lambda x: x * x, np.array([1.0, 2.0]))
    >>> jvp_fn(np.array([1.0, 10.0]))
    array([ 2., 40.])
    """
    check_callable("linearize", f)
    inputs = Inputs("linearize", primals, _every(primals))
    recorded = record("linearize", inputs, f, {}, keep=True)
    return recorded.rebuild([own(v) for v in recorded.outputs]), _Linear(inputs, recorded)


class _HessianProduct(Transform):
    name = "hvp"

    def __call__(self, x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = Inputs("hvp", (x, *args), 0)
        gradient = grad(self.f)
        ts = inputs.match(v, "vector")
        ys, outs, rebuild, _ = push("hvp", inputs, gradient, ts, kwargs, None, False)
        return rebuild([_zeros(y) if t is None else own(t) for y, t in zip(ys, outs, strict=True)])


def hvp(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that multiplies the Hessian of a scalar function by a vector.

    Parameters
    ----------
    f : callable
        Returns one real float.

    Returns
    -------
    callable
        ``hvp(f)(x, v, *args)`` returns ∇²f(x) v, of the shape and structure of `x`; this is what
        ``scipy.optimize.minimize(..., hessp=)`` takes.

    Raises
    ------
    OutputError, InputError
        As in `grad`.

    Notes
    -----
    Forward over reverse: one gradient evaluation on dual numbers, about two to three gradients' time; the Hessian is
    never formed (Pearlmutter 1994, Fast exact multiplication by the Hessian).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> dr.hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 0.5]))
    array([6., 6.])
    """
    return _HessianProduct(f)


class _GaussNewtonProduct(Transform):
    name = "gauss_newton_product"

    def __call__(self, x: Any, v: Any, *args: Any, **kwargs: Any) -> Any:
        inputs = Inputs(self.name, (x, *args), 0)
        ts = inputs.match(v, "vector")
        _, outs, _, _ = push(self.name, inputs, self.f, ts, kwargs, None, False)
        recorded = record(self.name, inputs, self.f, kwargs)
        try:
            seeds = [
                None if t is None else seed_cotangent(y, t)
                for y, t in zip(recorded.outputs, outs, strict=True)
            ]
            return inputs.structure(recorded.finish(recorded.pull(seeds)))
        finally:
            recorded.tape.captures.release()


def gauss_newton_product(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that multiplies JᵀJ of a residual function by a vector.

    Parameters
    ----------
    f : callable
        Returns residuals, of any shape.

    Returns
    -------
    callable
        ``gauss_newton_product(f)(x, v, *args)`` returns JᵀJ v, of the shape of `x`.

    Raises
    ------
    OutputError, InputError
        As in `jvp`.

    Notes
    -----
    One forward and one reverse pass; J is never formed (Schraudolph 2002, Fast curvature matrix-vector products).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> A = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0]])
    >>> dr.gauss_newton_product(lambda x: A @ x)(np.zeros(2), np.array([1.0, 0.0]))
    array([2., 3.])
    """
    return _GaussNewtonProduct(f)


class _Derivative(Transform):
    name = "derivative"
    order: int

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        if np.ndim(x):
            raise InputError(
                f"derivative: the argument is {describe(x)}; it takes a scalar. Call dualrev.jacobian for arrays."
            )
        inner = self.f if self.order == 1 else _Derivative(self.f, order=self.order - 1)
        inputs = Inputs(self.name, (x, *args), 0)
        if len(inputs.leaves) != 1:
            raise InputError("derivative: the argument is a container; it takes a scalar")
        one = dtype_of(inputs.leaves[0]).type(1.0)
        ys, outs, rebuild, _ = push(self.name, inputs, inner, [one], kwargs, None, False)
        return rebuild([_zeros(y) if t is None else own(t) for y, t in zip(ys, outs, strict=True)])


def derivative(f: Callable[..., Any], order: int = 1) -> Callable[..., Any]:
    """Return the derivative of a function of one scalar, of any output and any order.

    Parameters
    ----------
    f : callable
        ``f(x, *args)``, with a scalar `x`.
    order : int
        1 or more.

    Returns
    -------
    callable
        Called like `f`; returns dⁿf/dxⁿ, of the shape and structure of the output.

    Raises
    ------
    InputError
        If `x` is no scalar.

    Notes
    -----
    Nested forward mode: 2ⁿ evaluations' operations for order n.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> float(dr.derivative(lambda x: x**4, order=3)(2.0))
    48.0
    """
    given: Any = order
    if not isinstance(given, int) or given < 1:
        raise ValueError(f"derivative: order= is a positive integer, not {order!r}")
    return _Derivative(f, order=order)
