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
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.batching import batch_elementwise, batch_leading, batch_loop
from dualrev.core.bind import bind
from dualrev.core.domains import Domain
from dualrev.core.finite import any_nan
from dualrev.core.primitive import (
    _WORDS,
    Case,
    Primitive,
    Rule,
    numpy_function,
)
from dualrev.errors import RegistrationError

__all__ = ["bilinear", "constant", "elementwise", "general", "linear", "strong_product"]

Partial = Callable[..., Any] | float | int | None
Batch = Callable[[Primitive, tuple[bool, ...], tuple[Any, ...], dict[str, Any]], Any]
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_float64, _ndarray = np.float64, np.ndarray


class PartialRule(NamedTuple):
    """A partial derivative of an elementwise primitive.

    `value` is a number or a function of the residuals in `keeps`; if `applied`, it is a function of a tangent or
    cotangent ``t`` and the residuals that returns their product.
    """

    value: Any
    keeps: tuple[int, ...]
    applied: bool = False

    def at(self, *kept: Any) -> Any:
        """Return the partial itself."""
        return self.value(1.0, *kept) if self.applied else self.value(*kept)


def strong_product(c: Any, p: Any) -> Any:
    """Return ``c * p`` with the convention that a zero tangent or cotangent times a non-finite partial is zero."""
    product = c * p
    kind = product.__class__
    if (kind is _float64 or kind is _ndarray) and not any_nan(product):
        return product
    return c * np.where((c == 0) & ~np.isfinite(p), 0, p)


def _residuals(
    name: str, rule: Callable[..., Any], arguments: tuple[str, ...] | None, skip: int
) -> Rule:
    """Read a rule's signature: which residuals it keeps, and which static parameters it takes."""
    parameters = list(inspect.signature(rule).parameters.values())
    keeps = []
    for p in [p for p in parameters if p.kind in _POSITIONAL][skip:]:
        if arguments is not None and p.name in arguments:
            keeps.append(arguments.index(p.name))
        elif p.name in _WORDS:
            keeps.append(_WORDS[p.name])
        else:
            raise RegistrationError(
                f"{name}: a rule asks for {p.name!r}, which is neither an argument {arguments} nor one of "
                f"{sorted(_WORDS)}; static parameters are keyword-only"
            )
    wanted = frozenset(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)

    if takes_all:
        return Rule(rule, tuple(keeps))

    def call(*values: Any, **params: Any) -> Any:
        return (
            rule(*values, **{k: v for k, v in params.items() if k in wanted})
            if params
            else rule(*values)
        )

    call.__name__ = getattr(rule, "__name__", "rule")
    return Rule(call, tuple(keeps))


def _name(fun: Any, name: str | None) -> str:
    return name or fun.__name__


def _cases(name: str, on: Any, arity: int | None) -> tuple[tuple[Case, ...], bool]:
    """Return the samples and whether any of their domains is singular."""
    if on is None:
        raise RegistrationError(
            f"{name}: on= is missing; it says where the rule holds, and the tests sample it"
        )
    if isinstance(on, Domain):
        on = (on,) * (arity or 1)
    on = tuple(on)
    if on and all(isinstance(domain, Domain) for domain in on):
        domains = on
        if arity is not None and len(domains) != arity:
            raise RegistrationError(
                f"{name}: on= names {len(domains)} domains for {arity} arguments"
            )
        shapes: list[tuple[tuple[int, ...], ...]] = [((3, 2),) * len(domains), ((),) * len(domains)]
        if len(domains) > 1:
            shapes += [
                ((2, 3),) + ((3,),) * (len(domains) - 1),
                ((1, 3),) + ((2, 1),) * (len(domains) - 1),
            ]

        def maker(shape: tuple[tuple[int, ...], ...]) -> Case:
            return Case(
                lambda rng: tuple(d.draw(rng, s) for d, s in zip(domains, shape, strict=True)), {}
            )

        return tuple(maker(s) for s in shapes), any(d.singular for d in domains)
    if not on or not all(isinstance(c, Case) for c in on):
        raise RegistrationError(
            f"{name}: on= takes domains, one per argument, or a list of case(...)"
        )
    return on, False


def _callable(primitive: Primitive) -> Primitive:
    """Give the primitive its ``call``, of fixed arity where modes may have shortcuts for it."""
    shortcuts = primitive.shortcuts

    def call_any(*arrays: Any, **params: Any) -> Any:
        return bind(primitive, arrays, params)

    def call_one(x: Any, **params: Any) -> Any:
        shortcut = shortcuts.get(x.__class__)
        return bind(primitive, (x,), params) if shortcut is None else shortcut(x, params)

    def call_two(a: Any, b: Any, **params: Any) -> Any:
        shortcut = shortcuts.get(a.__class__) or shortcuts.get(b.__class__)
        return bind(primitive, (a, b), params) if shortcut is None else shortcut(a, b, params)

    if primitive.flavour == "linear" and primitive.arity == 1:
        primitive.call = call_one
    elif primitive.flavour == "bilinear":
        primitive.call = call_two
    else:
        primitive.call = call_any
    return primitive


def elementwise(
    fun: Callable[..., Any],
    *partials: Partial,
    on: Any,
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
    *partials : callable, number or None
        Partial derivative with respect to each argument, as plain NumPy code. Parameter names say what is kept:
        ``x`` (one argument) or ``a``, ``b``, ``c`` (several) keep inputs, ``y`` the output. None means that the output
        does not vary with that argument. With a first parameter ``t`` it returns ``t`` times the partial, which can
        save a pass over the arrays (``t / b`` instead of ``1 / b``).
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
    name = _name(fun, name)
    arity = len(partials)
    if arity == 0:
        raise RegistrationError(
            f"{name}: one partial per argument is needed (None where it does not vary)"
        )
    if isinstance(fun, np.ufunc) and fun.nin != arity:
        raise RegistrationError(f"{name}: {fun.nin} arguments but {arity} partials")
    arguments = ("x",) if arity == 1 else tuple("abcdefgh"[:arity])
    cases, singular = _cases(name, on, arity)
    table: list[PartialRule | None] = []
    for partial in partials:
        if partial is None:
            table.append(None)
        elif callable(partial):
            applied = next(iter(inspect.signature(partial).parameters), "") == "t"
            keeps = _residuals(name, partial, arguments, int(applied)).keeps
            table.append(PartialRule(partial, keeps, applied))
        else:
            table.append(PartialRule(partial, ()))

    def product_rule(rule: PartialRule | None, strong: bool) -> Rule | None:
        if rule is None:
            return None
        value = rule.value
        if not callable(value):
            return Rule((lambda t: t) if value == 1 else (lambda t: t * value), ())
        if strong:
            return Rule(lambda t, *kept: strong_product(t, rule.at(*kept)), rule.keeps)
        if rule.applied:
            return Rule(value, rule.keeps)
        return Rule(lambda t, *kept: t * value(*kept), rule.keeps)

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
    return _callable(primitive)


def linear(
    fun: Callable[..., Any],
    transpose: Callable[..., Any],
    *,
    on: Any,
    name: str | None = None,
    arguments: tuple[str, ...] | None = ("x",),
    batch: Batch | None = None,
    formula: str = "",
    accumulate: Callable[..., Any] | None = None,
    view: bool = False,
    pattern: str = "movement",
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
    pattern : str
        ``"movement"`` (each output entry is an input entry), ``"reduction"`` or ``"dense"``.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> total = dr.linear(lambda x: np.sum(x, axis=-1), lambda ct, shape: np.broadcast_to(ct[..., None], shape),
    ...                   on=[dr.case((2, 3))], name="total_example")
    >>> dr.grad(lambda x: total(x)[1])(np.ones((2, 3)))
    array([[0., 0., 0.],
           [1., 1., 1.]])
    """
    name = _name(fun, name)
    cases, _ = _cases(name, on, None)
    adjoint = _residuals(name, transpose, arguments, 1)
    primitive = Primitive(
        name,
        fun,
        "linear",
        arguments,
        (Rule(lambda t, **params: primitive.call(t, **params), ()),),
        (adjoint,),
        cases=cases,
        batch=batch or (batch_leading if arguments is not None else batch_loop),
        formula=formula,
        accumulate=accumulate,
        view=view,
        pattern=pattern,
    )
    return _callable(primitive)


def bilinear(
    fun: Callable[..., Any],
    left: Callable[..., Any],
    right: Callable[..., Any],
    *,
    on: Any,
    name: str | None = None,
    batch: Batch | None = None,
    formula: str = "",
    pattern: str = "dense",
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
    name = _name(fun, name)
    cases, _ = _cases(name, on, 2)
    arguments = ("a", "b")
    primitive = Primitive(
        name,
        fun,
        "bilinear",
        arguments,
        (
            Rule(lambda t, b, **params: primitive.call(t, b, **params), (1,)),
            Rule(lambda t, a, **params: primitive.call(a, t, **params), (0,)),
        ),
        (_residuals(name, left, arguments, 1), _residuals(name, right, arguments, 1)),
        cases=cases,
        batch=batch or batch_loop,
        formula=formula,
        pattern=pattern,
        operator=operator,
        broadcasts=broadcasts,
    )
    return _callable(primitive)


def general(
    fun: Callable[..., Any],
    *,
    on: Any,
    name: str | None = None,
    arguments: tuple[str, ...] = ("x",),
    constant: Iterable[str] = (),
    batch: Batch | None = None,
    kinks: str = "",
    broadcasts: bool = False,
    analytic: bool = True,
    singular: bool = False,
    pattern: str = "dense",
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
        Arguments with respect to which the operation has no derivative.

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
    held = frozenset(constant)

    def declare(rules: type) -> Primitive:
        label = name or rules.__name__
        cases, domain_singular = _cases(label, on, len(arguments))
        body = vars(rules)
        tables: dict[str, list[Rule | None]] = {"tangent": [], "adjoint": []}
        for argument in arguments:
            for direction, table in tables.items():
                key = direction if len(arguments) == 1 else f"{direction}_{argument}"
                if argument in held:
                    table.append(None)
                elif key in body:
                    table.append(_residuals(label, body[key], arguments, 1))
                else:
                    raise RegistrationError(
                        f"{label}: {key} is missing; a declaration has both rules per argument"
                    )
        known = {f"{d}{s}" for d in tables for s in ["", *("_" + a for a in arguments)]}
        stray = [k for k in body if not k.startswith("__") and k not in known]
        if stray:
            raise RegistrationError(f"{label}: {stray} are no rules of arguments {arguments}")
        return _callable(
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


def constant(*functions: Any, batch: Batch | None = None, note: str = "") -> list[Primitive]:
    """Declare functions that are locally constant where they are defined: their derivative is zero.

    Ufuncs are batched entry by entry; other functions are evaluated lane by lane unless `batch` is given.
    """
    made = []
    for fun in functions:
        is_ufunc = isinstance(fun, np.ufunc)
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
        numpy_function(fun, kind="constant", note=note)(_callable(primitive))
        made.append(primitive)
    return made
