"""Flavours: from one declaration to a primitive with both rules, batching and sparsity facts.

What enters: a NumPy function and the least mathematics that determines its derivative. What leaves: a `Primitive`.
The parameter names of a rule say what the engine keeps for it: an input's name (``x``; ``a``, ``b``) that input, ``y``
the output, ``shape`` the shape of the argument being differentiated, ``shapes`` all shapes, ``position`` its index;
keyword-only names are static parameters. Next: `bind.py`.

Adjoints are transposes with respect to the pairing Re(sum(ct * t)), without conjugation; the reverse mode conjugates
cotangents once on the way in and once on the way out, which turns them into adjoints for Re(conj(ct) * t).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from dualrev.core.batching import batch_elementwise, batch_leading, batch_loop
from dualrev.core.declaration import (
    Batch,
    Partial,
    PartialRule,
    callable_primitive,
    declared_name,
    read_domain,
    read_rule,
)
from dualrev.core.finite import strong_product
from dualrev.core.primitive import (
    Primitive,
    Refusal,
    Rule,
    numpy_function,
    refuse_second_answer,
)
from dualrev.errors import RegistrationError

__all__ = ["bilinear", "constant", "elementwise", "general", "linear"]


def elementwise(
    fun: Callable[..., Any],
    *partials: Partial,
    on: Any = None,
    name: str | None = None,
    formula: str = "",
    kinks: str = "",
    analytic: bool = True,
    operator: str | None = None,
) -> Primitive:
    """Declare an operation that acts entry by entry; one partial per argument gives both modes.

    Parameters
    ----------
    fun : callable
        Computes the value on plain arrays; a NumPy or SciPy ufunc is also answered when it meets traced arrays.
    *partials : callable, number, None or Refusal
        Partial derivative with respect to each argument, as plain NumPy code. Parameter names say what is kept:
        ``x`` (one argument) or ``a``, ``b``, ``c`` (several) keep inputs, ``y`` the output. None means that the output
        does not vary with that argument, a `Refusal` that it does but has no usable derivative there. With a first
        parameter ``t`` it returns ``t`` times the partial, which can save a pass over the arrays (``t / b`` instead of
        ``1 / b``).
    on : Domain or tuple of Domain or list of Case
        Where the partials hold; sampled by the tests.
    name, formula, kinks : str, optional
        Name in the registry, formula and conventions for the generated page.
    analytic : bool
        Whether the operation is complex-analytic and accepts complex arguments.
    operator : str, optional
        The Python expression that NumPy defines as the same operation (``"a * b"``); it is faster on scalars.

    Returns
    -------
    Primitive
        Call it like `fun`.

    Raises
    ------
    RegistrationError
        If the name is taken or the declaration is incomplete.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> softplus = dr.elementwise(lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x)),
    ...                           on=dr.reals, name="softplus_example")
    >>> float(dr.grad(softplus)(0.0))
    0.5
    """
    name = declared_name(fun, name)
    arity = len(partials)
    if arity == 0:
        raise RegistrationError(
            f"{name}: one partial per argument is needed (None where it does not vary)"
        )
    if isinstance(fun, np.ufunc) and fun.nin != arity:
        raise RegistrationError(f"{name}: {fun.nin} arguments but {arity} partials")
    arguments = ("x",) if arity == 1 else tuple("abcdefgh"[:arity])
    cases, singular = read_domain(name, on, arity)
    table: list[PartialRule | Refusal | None] = []
    for partial in partials:
        if partial is None or isinstance(partial, Refusal):
            table.append(partial)
        elif callable(partial):
            applied = next(iter(inspect.signature(partial).parameters), "") == "t"
            keeps = read_rule(name, partial, arguments, int(applied)).keeps
            table.append(PartialRule(partial, keeps, applied))
        else:
            table.append(PartialRule(partial, ()))

    def product_rule(rule: PartialRule | Refusal | None, strong: bool) -> Rule | Refusal | None:
        if rule is None or isinstance(rule, Refusal):
            return rule
        value = rule.value
        if not callable(value):
            return Rule((lambda t: t) if value == 1 else (lambda t: t * value), ())
        if strong:
            return Rule(lambda t, *kept: strong_product(t, rule.at(*kept)), rule.keeps)
        if rule.applied:
            return Rule(value, rule.keeps)
        return Rule(lambda t, *kept: t * value(*kept), rule.keeps)

    if isinstance(fun, np.ufunc):
        refuse_second_answer(fun)
    primitive = Primitive(
        name,
        fun,
        "elementwise",
        arguments,
        tuple(product_rule(r, True) for r in table),
        tuple(product_rule(r, False) for r in table),
        cases=cases,
        batch=batch_elementwise,
        formula=formula,
        kinks=kinks,
        broadcasts=True,
        singular=singular,
        analytic=analytic,
        pattern="elementwise",
        partials=tuple(table),
        operator=operator,
    )
    if isinstance(fun, np.ufunc):
        numpy_function(fun, kind="rule")(primitive)
    return callable_primitive(primitive)


def linear(
    fun: Callable[..., Any],
    transpose: Callable[..., Any],
    *,
    on: Any = None,
    name: str | None = None,
    arguments: tuple[str, ...] | None = ("x",),
    batch: Batch | None = None,
    formula: str = "",
    accumulate: Callable[..., Any] | None = None,
    view: bool = False,
    pattern: Any = "dense",
) -> Primitive:
    """Declare an operation that is linear in its array argument(s); it is its own tangent.

    Parameters
    ----------
    fun : callable
        ``fun(x, **params)``, with axes counted from the end so that leading lanes leave it valid.
    transpose : callable
        ``transpose(ct, shape, *, **params)`` returns the cotangent of the argument.
    on : list of Case
        Samples, see `case`.
    arguments : tuple of str or None
        None for any number of arguments, all linear (``position`` and ``shapes`` are then available).
    batch : callable, optional
        Batching rule; by default the operation is applied to the array with its lanes in front.
    accumulate : callable, optional
        ``accumulate(out, ct, **params)`` adds the transpose into a plain array in place.
    view : bool
        NumPy returns a view of its argument.
    pattern : str or callable
        How dependence flows, for sparsity (`dualrev.core.dependence`): ``"movement"`` if each output entry is an input
        entry or zero, ``"reduction"``, ``"lines"``, labels such as ``"...a->...b"``; by default all depends on all.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> total = dr.linear(lambda x: np.sum(x, axis=-1), lambda ct, shape: np.broadcast_to(ct[..., None], shape),
    ...                   on=[dr.case((2, 3))], name="total_example")
    >>> dr.grad(lambda x: total(x)[1])(np.ones((2, 3)))
    array([[0., 0., 0.],
           [1., 1., 1.]])
    """
    name = declared_name(fun, name)
    cases, _ = read_domain(name, on, None)
    adjoint = read_rule(name, transpose, arguments, 1)
    primitive = Primitive(
        name,
        fun,
        "linear",
        arguments,
        (Rule(lambda t, **params: primitive.call(t, **params), ()),),  # noqa: PLW0108 - called later, when it exists
        (adjoint,),
        cases=cases,
        batch=batch or (batch_leading if arguments is not None else batch_loop),
        formula=formula,
        accumulate=accumulate,
        view=view,
        pattern=pattern,
    )
    return callable_primitive(primitive)


def bilinear(
    fun: Callable[..., Any],
    left: Callable[..., Any],
    right: Callable[..., Any],
    *,
    on: Any = None,
    name: str | None = None,
    batch: Batch | None = None,
    formula: str = "",
    pattern: Any = "dense",
    operator: str | None = None,
    broadcasts: bool = False,
) -> Primitive:
    """Declare an operation that is linear in each of its two arguments.

    Parameters
    ----------
    fun : callable
        ``fun(a, b, **params)``.
    left, right : callable
        ``left(ct, b, ...)`` returns the cotangent of ``a``, ``right(ct, a, ...)`` that of ``b``.
    on : list of Case
        Samples, see `case`.
    batch : callable, optional
        Batching rule; by default a loop over the lanes.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> dot = dr.bilinear(lambda a, b: np.sum(a * b), lambda ct, b: ct * b, lambda ct, a: ct * a,
    ...                   on=[dr.case((3,), (3,))], name="dot_example")
    >>> dr.grad(dot, argnums=1)(np.arange(3.0), np.ones(3))
    array([0., 1., 2.])
    """
    name = declared_name(fun, name)
    cases, _ = read_domain(name, on, 2)
    arguments = ("a", "b")
    primitive = Primitive(
        name,
        fun,
        "bilinear",
        arguments,
        (
            Rule(lambda t, b, **params: primitive.call(t, b, **params), (1,)),  # noqa: PLW0108
            Rule(lambda t, a, **params: primitive.call(a, t, **params), (0,)),
        ),
        (read_rule(name, left, arguments, 1), read_rule(name, right, arguments, 1)),
        cases=cases,
        batch=batch or batch_loop,
        formula=formula,
        pattern=pattern,
        operator=operator,
        broadcasts=broadcasts,
    )
    return callable_primitive(primitive)


def general(
    fun: Callable[..., Any],
    *,
    on: Any = None,
    name: str | None = None,
    arguments: tuple[str, ...] = ("x",),
    constant: Iterable[str] = (),
    refused: Mapping[str, Refusal] | None = None,
    batch: Batch | None = None,
    kinks: str = "",
    broadcasts: bool = False,
    analytic: bool = True,
    singular: bool = False,
    pattern: Any = "dense",
) -> Callable[[type], Primitive]:
    """Declare an operation by its two rules side by side, as functions of a class whose docstring has the formula.

    Parameters
    ----------
    fun : callable
        ``fun(*arrays, **params)`` computes the value.
    on : list of Case or domains
        Samples of the domain.
    arguments : tuple of str
        Names of the array arguments. With one argument the rules are ``tangent(t, ...)`` and ``adjoint(ct, ...)``; with
        several ``tangent_a(t, ...)``, ``adjoint_a(ct, ...)`` and so on.
    constant : iterable of str
        Arguments on which the operation depends only piecewise constantly, or not at all.
    refused : dict of str to Refusal, optional
        Arguments with respect to which it has no usable derivative; differentiating there raises.

    Raises
    ------
    RegistrationError
        If a rule of a non-constant argument is missing in either direction.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> @dr.general(lambda x: x @ x, on=[dr.case((2, 2))], name="square_example")
    ... class square:
    ...     '''Y = X X;  dY = dX X + X dX.'''
    ...     def tangent(t, x): return t @ x + x @ t
    ...     def adjoint(ct, x): return ct @ x.T + x.T @ ct
    >>> dr.grad(lambda x: square(x)[0, 1])(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 5.],
           [0., 2.]])
    """
    refusals = dict(refused or {})
    held = frozenset(constant) | frozenset(refusals)

    def declare(rules: type) -> Primitive:
        label = name or rules.__name__
        cases, domain_singular = read_domain(label, on, len(arguments))
        body = vars(rules)
        tables: dict[str, list[Rule | Refusal | None]] = {"tangent": [], "adjoint": []}
        for argument in arguments:
            for direction, table in tables.items():
                key = direction if len(arguments) == 1 else f"{direction}_{argument}"
                if argument in held:
                    table.append(refusals.get(argument))
                elif key in body:
                    table.append(read_rule(label, body[key], arguments, 1))
                else:
                    raise RegistrationError(
                        f"{label}: {key} is missing; a declaration has both rules per argument"
                    )
        known = {f"{d}{s}" for d in tables for s in ["", *("_" + a for a in arguments)]}
        unknown = sorted(held.difference(arguments))
        if unknown:
            raise RegistrationError(
                f"{label}: constant= or refused= names {unknown}, which are no arguments of {arguments}"
            )
        known -= {f"{d}_{a}" for d in tables for a in held}
        stray = [k for k in body if not k.startswith("__") and k not in known]
        if stray:
            raise RegistrationError(
                f"{label}: {stray} are no rules of the arguments {arguments}"
                + (f", of which {sorted(held)} are constant" if held else "")
            )
        return callable_primitive(
            Primitive(
                label,
                fun,
                "general",
                arguments,
                tuple(tables["tangent"]),
                tuple(tables["adjoint"]),
                cases=cases,
                batch=batch or (batch_elementwise if broadcasts else batch_loop),
                formula=" ".join((rules.__doc__ or "").split()),
                kinks=kinks,
                broadcasts=broadcasts,
                singular=singular or domain_singular,
                analytic=analytic,
                pattern=pattern,
            )
        )

    return declare


def constant(
    *functions: Any, batch: Batch | None = None, note: str = "", answers: bool = True
) -> list[Primitive]:
    """Declare functions that are locally constant where they are defined: their derivative is zero.

    Ufuncs are batched entry by entry; other functions are evaluated lane by lane unless `batch` is given. Without
    `answers` the NumPy function itself is left to be answered otherwise.
    """
    made = []
    for fun in functions:
        is_ufunc = isinstance(fun, np.ufunc)
        if answers:
            refuse_second_answer(fun)
        primitive = Primitive(
            fun.__name__,
            fun,
            "constant",
            None,
            (None,),
            (None,),
            cases=(),
            batch=batch or (batch_elementwise if is_ufunc else batch_loop),
            broadcasts=is_ufunc,
            pattern="none",
            formula="locally constant",
        )
        made.append(callable_primitive(primitive))
        if answers:
            numpy_function(fun, kind="constant", note=note)(primitive)
    return made
