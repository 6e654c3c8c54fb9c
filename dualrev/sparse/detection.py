"""Detection: the pattern of a Jacobian or Hessian, from one evaluation of the function.

A `Followed` value carries its primal and the blocks of its dependence (`relations.py`); every operation passes them on
by the fact that its primitive states (`flow.py`). The second order needs no rules of its own: the gradient is code too,
made of the adjoint rules, and what it depends on is followed in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, TracedArray, TracedScalar, dtype_of, value
from dualrev.core.bind import STRANGERS, bind
from dualrev.core.levels import Level
from dualrev.core.primitive import Refusal
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.gradient import Gradient
from dualrev.derivatives.passes import Argnums, Inputs
from dualrev.errors import DualrevError, PatternError, describe
from dualrev.sparse.flow import flow
from dualrev.sparse.pattern import Pattern
from dualrev.sparse.provisional import Provisional, provisional
from dualrev.sparse.relations import Block, assemble, broadcast, fold, positions

__all__ = ["hessian_pattern", "if_followed", "jacobian_pattern"]

_new = object.__new__


class Followed(Traced):
    """A value whose dependence on the inputs is followed; ``index`` holds its blocks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Followed({self.primal!r})"


class FollowedArray(Followed, TracedArray):
    """A followed array."""

    __slots__ = ()


class FollowedScalar(Followed, TracedScalar):
    """A followed number."""

    __slots__ = ()


class Following(Level):
    """A level that follows dependence; ``running`` has the rules of the user's that are being followed."""

    __slots__ = ("running",)

    def __init__(self) -> None:
        super().__init__()
        self.running: list[str] = []

    def wrap(self, primal: Any, blocks: list[Block]) -> Any:
        """Make the handle of a value."""
        out = _new(FollowedArray if np.ndim(primal) else FollowedScalar)
        out.primal = primal if isinstance(primal, Traced) else np.asarray(primal)[()]
        out.level = self
        out.index = blocks
        return out

    def constant(self, value: Any) -> Any:
        """Wrap a value that no input influences."""
        return self.wrap(value, [])

    def process(self, primitive: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Evaluate the primal and pass the dependence on."""
        if self.closed:
            return self.ended(primitive, arrays, params)
        own = [isinstance(a, Followed) and a.level is self for a in arrays]
        primals = tuple([a.primal if mine else a for a, mine in zip(arrays, own, strict=True)])
        if primitive.flavour == "custom":
            return self._custom(primitive, arrays, own, primals)
        y = bind(primitive, primals, params)
        if primitive.flavour == "constant":
            return provisional(y)
        given: list[Any] = []
        stated, none = primals, True
        for k, mine in enumerate(own):
            blocks = None
            if mine:
                blocks = arrays[k].index or None
                if blocks is None:
                    # Zeros of what is followed and depends on nothing hold at this point only.
                    if _may_vanish(primals[k]):
                        stated = (*stated[:k], np.ones_like(primals[k]), *stated[k + 1 :])
                else:
                    rule = primitive.tangents[0 if primitive.arguments is None else k]
                    if type(rule) is Refusal:
                        raise rule.error(primitive, k)
                    if rule is None:
                        blocks = None
                    else:
                        none = False
            given.append(blocks)
        if none:
            return tuple(map(self.constant, y)) if isinstance(y, tuple) else self.constant(y)
        blocks = flow(primitive, given, stated, y, params)
        if isinstance(y, tuple):
            return tuple(self.wrap(part, b) for part, b in zip(y, blocks, strict=True))
        return self.wrap(y, blocks)

    def _custom(self, primitive: Any, arrays: Any, own: list[bool], primals: Any) -> Any:
        """Follow the tangents through a rule of the user's; all depends on all where it cannot be followed."""
        tangents = [
            self.wrap(np.ones(np.shape(p), dtype_of(p)), a.index)
            if mine
            else np.zeros(np.shape(p), dtype_of(p))[()]
            for a, p, mine in zip(arrays, primals, own, strict=True)
        ]
        self.running.append(primitive.name)
        try:
            if primitive.name in self.running[:-1]:
                # A tangent that is computed by the operation itself, as of an integration, and so on without end.
                raise PatternError(primitive.name, "all depends on all")
            ys, ts = primitive.jvp(tuple(map(provisional, primals)), tangents)
            primitive.check_closure(ys, self)
        except DualrevError:
            ys = primitive.fun(*primals)
            primitive.check_closure(ys, self)
            union = [
                block
                for a, p, mine in zip(arrays, primals, own, strict=True)
                if mine
                for block in fold(a.index, np.shape(p), tuple(range(np.ndim(p))))
            ]
            return tuple(self.wrap(y, broadcast(union, (), np.shape(y))) for y in ys)
        finally:
            self.running.pop()
        return tuple(
            self.wrap(y, broadcast(t.index, np.shape(t), np.shape(y)))
            if isinstance(t, Followed) and t.level is self
            else self.constant(y)
            for y, t in zip(ys, ts, strict=True)
        )


def _may_vanish(x: Any) -> bool:
    return type(x) is np.ndarray and x.dtype.kind in "fcb"


def _answer(primitive: Any, *arrays: Any, **params: Any) -> Any:
    """Perform an operation on provisional arrays: beside a followed value they are values of its level."""
    # Inside another level the followed value is the primal of the traced one.
    followed = (_followed(a) for a in arrays)
    level = next((a.level for a in followed if isinstance(a, Followed)), None)
    plain = (
        a
        if not isinstance(a, Provisional)
        else a.view(np.ndarray)
        if level is None or level.closed or primitive.flavour == "constant"
        else level.constant(a.view(np.ndarray))
        for a in arrays
    )
    return primitive.call(*plain, **params)


def _followed(x: Any) -> Any:
    while isinstance(x, Traced) and not isinstance(x, Followed):
        x = x.primal
    return x


STRANGERS[Provisional] = _answer


def _provisional(tree: Any) -> Any:
    leaves, rebuild = flatten(tree)
    return rebuild([provisional(leaf) for leaf in leaves])


def _plain(tree: Any) -> Any:
    leaves, rebuild = flatten(tree)
    return rebuild([value(leaf) for leaf in leaves])


def follow(
    name: str, f: Callable[..., Any], args: tuple[Any, ...], kwargs: Any, argnums: Argnums
) -> Any:
    """Evaluate `f` and return the CSR structure of its Jacobian."""
    inputs = Inputs(name, tuple(_plain(a) for a in args), argnums)
    total = sum(math.prod(np.shape(x)) for x in inputs.leaves)
    inputs.args = tuple(
        a if k in inputs.positions else _provisional(a) for k, a in enumerate(inputs.args)
    )
    level = Following()
    traced, start = [], 0
    for x in inputs.leaves:
        if dtype_of(x).kind == "c":
            raise PatternError(
                f"{name}: an argument is complex", "pass real and imaginary parts as real arrays"
            )
        own = positions(np.shape(x), total) + start
        start += math.prod(np.shape(x))
        traced.append(level.wrap(x, [own.astype(positions((1,), total).dtype, copy=False)]))
    with np.errstate(all="ignore"):
        leaves, _, _ = inputs.call(level, f, traced, _provisional(dict(kwargs)), False)
    indptr, indices, count = [np.zeros(1, int)], [np.zeros(0, np.int32)], 0
    for y in leaves:
        size = math.prod(np.shape(y))
        if isinstance(y, Followed) and y.level is level:
            starts, columns = assemble(y.index, np.shape(y))
            indptr.append(starts[1:] + count)
            indices.append(columns)
            count += len(columns)
        else:
            indptr.append(np.full(size, count))
    kind = np.int32 if max(count, total) < 2**31 - 1 else np.int64
    columns = np.concatenate(indices).astype(kind, copy=False)
    if count and not 0 <= columns.min() <= columns.max() < total:
        raise PatternError(
            f"{name}: an operation leads to inputs that there are not, because its pattern= is wrong",
            "leave pattern= out, which is right for all operations, if your own declaration has it",
        )
    return (
        np.concatenate(indptr).astype(kind),
        columns,
        (sum(map(len, indptr)) - 1, total),
    )


def _check(name: str, f: Any) -> None:
    if not callable(f):
        raise TypeError(
            f"{name}: expects a function and its arguments, as {name}(f, x), not {describe(f)}"
        )


def jacobian_pattern(
    f: Callable[..., Any], *args: Any, argnums: Argnums = 0, **kwargs: Any
) -> Pattern:
    """Return where the Jacobian of a function may be nonzero.

    Parameters
    ----------
    f : callable
        Plain NumPy code that returns an array, or a container of arrays.
    *args, **kwargs
        Its arguments: their shapes matter, and their values where the code decides by them.
    argnums : int or sequence of int
        Positional argument(s) to differentiate: real floats, of any shape, or containers of them.

    Returns
    -------
    Pattern
        Of shape ``(y.size, x.size)``, arrays in C order, containers leaf by leaf.

    Raises
    ------
    PatternError
        If an argument is complex, or the pattern is too dense to be held.

    Notes
    -----
    One evaluation, in which every operation passes index sets on: exact for entrywise operations, indexing, reshaping,
    sums over axes and products with constants (whose zeros count); whole axes for transforms and sorting, whole
    matrices for factorisations. Both branches of ``np.where``, ``np.maximum`` and the like count, whatever the values,
    but only that branch of an ``if`` which is taken, and only those indices that are computed. Memory is that of the
    index sets that are alive, mostly views (Griewank & Walther 2008, section 7.1; Hill & Dalle 2025, Sparser, better,
    faster, stronger: efficient automatic differentiation with sparsity detection, arXiv:2501.17737).

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> dr.sparse.jacobian_pattern(lambda x: x[1:] * x[:-1], np.ones(4)).toarray().astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    _check("jacobian_pattern", f)
    return Pattern.from_csr(*follow("jacobian_pattern", f, args, kwargs, argnums))


def hessian_pattern(
    f: Callable[..., Any], *args: Any, argnums: Argnums = 0, **kwargs: Any
) -> Pattern:
    """Return which pairs of inputs may interact in the Hessian of a function.

    Parameters
    ----------
    f : callable
        Plain NumPy code that returns one real float.
    *args, argnums, **kwargs
        As in `jacobian_pattern`.

    Returns
    -------
    Pattern
        Symmetric, of shape ``(x.size, x.size)``.

    Raises
    ------
    OutputError
        If the function returns no number.
    PatternError
        As in `jacobian_pattern`.

    Notes
    -----
    The pattern of the Jacobian of the gradient: the adjoint rules say which pairs interact. A rule for a linear
    operation keeps nothing of its operands, one for a product keeps the other factor, and so on, as in the table of
    second derivatives of Walther (2008), Computing sparse Hessians with automatic differentiation, ACM TOMS 34(1).
    Where the result is not symmetric, an entry without its mirror image is none.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> dr.sparse.hessian_pattern(lambda x: np.sum(x**2) + x[0] * x[1] + x[2], np.ones(3)).toarray().astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [0, 0, 1]])
    """
    _check("hessian_pattern", f)
    gradient = Gradient(f, name="hessian_pattern", argnums=argnums, has_aux=False, with_value=False)
    found = Pattern.from_csr(*follow("hessian_pattern", gradient, args, kwargs, argnums))
    return found & found.T


def if_followed(
    detect: Callable[..., Pattern], f: Callable[..., Any], *args: Any
) -> Pattern | None:
    """Return the pattern that `detect` finds for a solver that did not have to look; None if `f` cannot be followed.

    A function that refuses followed values may raise anything, and dense derivatives or differences ask less of it.
    What is wrong with it otherwise shows at once, as the solver calls it at the same point.
    """
    try:
        return detect(f, *args)
    except Exception:
        return None
