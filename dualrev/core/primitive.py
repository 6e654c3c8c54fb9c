"""Primitives and their registry: one object per operation, made by `flavours`, used by every mode.

What enters: a declaration from `rules/` or from a user. What leaves: a `Primitive`, listed once. The engine never
names an operation; it reads these fields. Next: `flavours.py`, which turns declarations into the fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.dependence import check_fact
from dualrev.errors import RegistrationError, UnsupportedError

__all__ = [
    "ENTRIES",
    "PRIMITIVES",
    "UFUNCS",
    "Case",
    "Entry",
    "Primitive",
    "Refusal",
    "Rule",
    "answer_later",
    "everything",
    "find",
    "function_name",
    "numpy_function",
    "public_name",
]

Y, SHAPE, SHAPES, POSITION = -1, -2, -3, -4
_WORDS = {"y": Y, "shape": SHAPE, "shapes": SHAPES, "position": POSITION}


class Rule(NamedTuple):
    """One direction of differentiation for one argument.

    ``call(t_or_ct, *residuals, **params)`` where `keeps` says which residuals: the index of an input, ``Y`` for the
    output, ``SHAPE`` for the shape of the argument itself, ``SHAPES`` for all shapes, ``POSITION`` for its index.
    """

    call: Callable[..., Any]
    keeps: tuple[int, ...]


class Refusal(NamedTuple):
    """Stands in place of a rule where an operation has no usable derivative with respect to one argument.

    The value is had with a plain argument, also batched; a traced one raises `UnsupportedError` with these words.
    """

    reason: str
    alternative: str

    def error(self, primitive: Primitive, position: int) -> UnsupportedError:
        """Return the error for the argument at `position`."""
        name = (
            function_name(primitive.fun) if isinstance(primitive.fun, np.ufunc) else primitive.name
        )
        words = ("first", "second", "third", "fourth", "fifth", "sixth")
        return UnsupportedError(
            name, f"its {words[position]} argument: {self.reason}", self.alternative
        )


class Case(NamedTuple):
    """One sample of an operation's domain: a maker of arrays from a seeded generator, and static parameters."""

    arrays: Callable[[np.random.Generator], tuple[Any, ...]]
    params: dict[str, Any]


class Primitive:
    """An operation with its value, derivative rules, batching and sparsity facts.

    Made by `elementwise`, `linear`, `bilinear`, `general` or `constant`; call it like the function it stands for.

    Attributes
    ----------
    name, fun
        Unique name, and the NumPy function that computes the value: ``fun(*arrays, **params)``.
    flavour : str
        ``"elementwise"``, ``"linear"``, ``"bilinear"``, ``"general"`` or ``"constant"``.
    arguments : tuple of str or None
        Names of the array arguments; None if there may be any number of them.
    tangents, adjoints : tuple of Rule, Refusal or None
        One per argument (a single one for all if `arguments` is None); None where the output does not depend on it,
        a `Refusal` where its dependence has no usable derivative.
    accumulate : callable or None
        ``accumulate(out, ct, **params)`` adds the adjoint into a plain array in place (indexing).
    batch : callable
        ``batch(primitive, lanes, arrays, params)`` evaluates with a leading lane axis where ``lanes[k]`` is True.
    broadcasts : bool
        Operands broadcast against each other; the engine sums cotangents back to each operand's shape.
    singular : bool
        A partial may be infinite or NaN inside the closure of the domain, so strong zeros are applied at once.
    view : bool
        NumPy returns a view; in-place writes are carried through it.
    pattern : str or callable
        How dependence flows, for sparsity: a word, labels, or a function (`dependence.py`).
    shortcuts : dict
        Class of an operand to a function ``(*arrays, params)`` by which a mode answers the commonest calls.
    cases : tuple of Case
        Seeded samples of the domain, which the tests iterate.
    """

    call: Callable[..., Any]

    __slots__ = (
        "__dict__",
        "accumulate",
        "adjoints",
        "analytic",
        "arguments",
        "batch",
        "broadcasts",
        "call",
        "cases",
        "flavour",
        "formula",
        "fun",
        "kinks",
        "name",
        "operator",
        "partials",
        "pattern",
        "shortcuts",
        "singular",
        "tangents",
        "view",
    )

    def __init__(
        self,
        name: str,
        fun: Callable[..., Any],
        flavour: str,
        arguments: tuple[str, ...] | None,
        tangents: tuple[Rule | Refusal | None, ...],
        adjoints: tuple[Rule | Refusal | None, ...],
        *,
        cases: Iterable[Case],
        batch: Callable[..., Any],
        formula: str = "",
        kinks: str = "",
        broadcasts: bool = False,
        singular: bool = False,
        analytic: bool = True,
        accumulate: Callable[..., Any] | None = None,
        view: bool = False,
        pattern: Any = "dense",
        partials: tuple[Any, ...] = (),
        operator: str | None = None,
    ) -> None:
        check_fact(name, pattern, None if arguments is None else len(arguments))
        self.name = name
        self.fun = fun
        self.flavour = flavour
        self.arguments = arguments
        self.tangents = tangents
        self.adjoints = adjoints
        self.cases = tuple(cases)
        self.batch = batch
        self.formula = formula
        self.kinks = kinks
        self.broadcasts = broadcasts
        self.singular = singular
        self.analytic = analytic
        self.accumulate = accumulate
        self.view = view
        self.pattern = pattern
        self.partials = partials
        self.operator = operator
        self.shortcuts: dict[type, Callable[..., Any]] = {}
        _register(self)

    @property
    def arity(self) -> int | None:
        """Number of array arguments, or None if it varies."""
        return None if self.arguments is None else len(self.arguments)

    def __call__(self, *arrays: Any, **params: Any) -> Any:
        return self.call(*arrays, **params)

    def __repr__(self) -> str:
        return f"<{self.flavour} primitive {self.name}>"

    def __reduce__(self) -> Any:
        return _lookup, (self.name,)

    def samples(self, seed: int = 0) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Yield ``(arrays, params)`` for every declared case, from a generator seeded by `seed`."""
        for k, case in enumerate(self.cases):
            yield case.arrays(np.random.default_rng([seed, k])), case.params

    def rule(self, direction: str, position: int) -> Rule | None:
        """Return the rule for the argument at `position`; `direction` is ``"tangents"`` or ``"adjoints"``.

        Raises
        ------
        UnsupportedError
            If there is a `Refusal` in its place.
        """
        rules: tuple[Rule | Refusal | None, ...] = getattr(self, direction)
        rule = rules[0] if self.arguments is None else rules[position]
        if isinstance(rule, Refusal):
            raise rule.error(self, position)
        return rule

    def refuses(self, position: int) -> bool:
        """Say whether the argument at `position` cannot be differentiated."""
        return self.arguments is not None and isinstance(self.adjoints[position], Refusal)


class Entry(NamedTuple):
    """How a function is answered: by `call`, of class `kind`, with a note for the coverage table.

    `name` is the dotted public one of an object that does not know it, such as a distribution of scipy.stats.
    """

    call: Callable[..., Any]
    kind: str
    note: str
    name: str = ""


PRIMITIVES: dict[str, Primitive] = {}
UFUNCS: dict[Any, Callable[..., Any]] = {}
ENTRIES: dict[Any, Entry] = {}
_listeners: list[Callable[[Primitive], None]] = []

KINDS = ("rule", "composite", "solver", "constant", "passes", "unsupported")


# Namespaces of SciPy whose rules are not loaded from the start, with what loads them.
_rest: dict[str, Callable[[], Any]] = {}


def answer_later(namespace: str, load: Callable[[], Any]) -> None:
    """Call `load`, which fills the registry further, when a function of `namespace` is first looked for."""
    _rest[namespace] = load


def everything(namespace: str = "") -> None:
    """Load the rules of one namespace of SciPy, or all that there are."""
    for name, load in list(_rest.items()):
        if name.startswith(namespace):
            # Removed after it has run: another thread that comes by meanwhile waits for the import's lock.
            load()
            _rest.pop(name, None)


def find(function: Any) -> Entry | None:
    """Return how `function` is answered, or None; one of SciPy may load more rules."""
    entry = ENTRIES.get(function)
    if entry is None and _rest and (name := function_name(function)).startswith("scipy."):
        for namespace in list(_rest):
            if name.startswith(f"{namespace}."):
                everything(namespace)
        entry = ENTRIES.get(function)
    return entry


def _lookup(name: str) -> Primitive:
    if name not in PRIMITIVES:
        everything()
    return PRIMITIVES[name]


def _register(primitive: Primitive) -> None:
    if primitive.name in PRIMITIVES:
        raise RegistrationError(
            f"a primitive named {primitive.name!r} exists already; each operation is declared once. "
            "Pass name='...' if yours is another operation."
        )
    PRIMITIVES[primitive.name] = primitive
    for listen in _listeners:
        listen(primitive)


def on_register(listen: Callable[[Primitive], None]) -> None:
    """Call `listen` with every primitive, those that exist now and those to come (modes specialise them)."""
    for primitive in PRIMITIVES.values():
        listen(primitive)
    _listeners.append(listen)


def refuse_second_answer(function: Any) -> None:
    """Raise `RegistrationError` if a NumPy function is answered already."""
    if function in ENTRIES:
        raise RegistrationError(
            f"{function_name(function)} is answered already, by {ENTRIES[function].call}"
        )


def numpy_function(
    *functions: Any, kind: str = "composite", note: str = "", name: str = ""
) -> Callable[[Any], Any]:
    """Answer `functions` by the decorated one, which has NumPy's signature and canonicalises its arguments.

    Parameters
    ----------
    *functions : callable
        NumPy functions that reach ``__array_function__`` or ``__array_ufunc__``.
    kind : str
        ``"rule"`` (one primitive), ``"composite"``, ``"solver"`` (a function of functions, which supplies exact
        derivatives to SciPy and has a differentiable result), ``"constant"``, ``"passes"`` or ``"unsupported"``.
    note : str
        Conventions or limits, shown in the coverage table.
    name : str
        The dotted public name, where the function does not know it.

    Raises
    ------
    RegistrationError
        If a function is answered already.
    """
    if kind not in KINDS:
        raise RegistrationError(f"kind is one of {KINDS}, not {kind!r}")

    for function in functions:
        refuse_second_answer(function)

    def attach(answer: Any) -> Any:
        for function in functions:
            ENTRIES[function] = Entry(answer, kind, note, name)
            if isinstance(function, np.ufunc):
                UFUNCS[function] = answer
        return answer

    return attach


def public_name(function: Any) -> str:
    """Return the dotted public name under which `function` is classified, or would be."""
    entry = ENTRIES.get(function)
    return (entry.name if entry else "") or function_name(function)


def function_name(function: Any) -> str:
    """Return the dotted public name of a NumPy or SciPy function, or of an operator."""
    if (owner := getattr(function, "module_name", None)) is not None:
        return f"{owner}.test"  # numpy.test and its kin are objects without a name
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", repr(function))
    module = getattr(function, "__module__", None)
    if isinstance(function, np.ufunc):
        module = "numpy" if getattr(np, function.__name__, None) is function else "scipy.special"
        name = function.__name__
    elif module and module.startswith("scipy."):
        # Public functions live in private files: scipy.linalg._basic.solve is scipy.linalg.solve.
        module = module.partition("._")[0]
    return f"{module.lstrip('_')}.{name}" if module else str(name)
