"""What sparse Jacobians and Hessians share: preparations by shape, calls, and what to say when a pattern changes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced
from dualrev.core.buffer import BufferArray
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.passes import Inputs
from dualrev.derivatives.products import own
from dualrev.derivatives.transform import Transform, check_callable
from dualrev.errors import InputError, OutputError, PatternError, ShapeError
from dualrev.modes.batch import Batched
from dualrev.sparse.compression import ComplexOutputs, OutputsMisfit, form_of
from dualrev.sparse.detection import follow
from dualrev.sparse.direct import Direct, worth_it
from dualrev.sparse.pattern import Pattern, as_pattern
from dualrev.sparse.preparation import Preparation
from dualrev.sparse.structure import layout_of

__all__ = ["SparseTransform", "check_options", "check_order"]

# Preparations for so many shapes are kept, the latest.
_KEPT = 16
_ORDERS = (
    *("natural", "largest_first", "smallest_last", "incidence_degree"),
    "best",
)


class SparseTransform(Transform):
    """What `SparseJacobian` and `SparseHessian` have in common."""

    name = "sparse"
    _word = "matrix"
    _symmetric = False

    def __init__(self, f: Callable[..., Any], options: dict[str, Any]) -> None:
        super().__init__(f)
        self._options = options
        given = options["pattern"]
        self._given = None if given is None else as_pattern(given)
        self._preparations: dict[Any, Preparation] = {}
        self._last: Preparation | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the matrix at the arguments of the function."""
        _, _, prepared, data = self._evaluate(args, kwargs)
        return prepared.layout.build(data)

    def _with_outputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Return what the differentiated function returned, and the matrix."""
        ys, rebuild, prepared, data = self._evaluate(args, kwargs)
        return rebuild([own(y) for y in ys]), prepared.layout.build(data)

    def prepare(self, *args: Any, **kwargs: Any) -> Any:
        """Detect the pattern at these arguments and colour it, again if that was done before; return the transform."""
        inputs = Inputs(self.name, args, self._options["argnums"])
        self._last = self._prepare(self._key(inputs, args), inputs, args, kwargs)
        return self

    # -- what it knows ----------------------------------------------------------------------------------------------

    def _prepared(self) -> Preparation:
        if self._last is None:
            raise PatternError(
                f"{self.name}: nothing is prepared yet, as the pattern belongs to a shape of the argument",
                "call it, or its method prepare(x), first",
            )
        return self._last

    @property
    def pattern(self) -> Pattern:
        """Where the matrix may be nonzero."""
        if self._last is None and self._given is not None:
            return self._given
        return self._prepared().pattern

    @property
    def colours(self) -> Any:
        """Colour of every column or row; -1 where there is none."""
        return self._prepared().colours

    @property
    def n_passes(self) -> int:
        """Number of colours, which is that of directions in a call, the probe apart."""
        return self._prepared().n_passes

    @property
    def mode(self) -> str:
        """How the lanes go: forward, reverse, or both."""
        return self._prepared().mode

    def __repr__(self) -> str:
        f = getattr(self.f, "__qualname__", self.f)
        shown = [
            f", {word}={given!r}"
            for word, given in self._options.items()
            if word != "pattern" and (np.ndim(given) or given != _DEFAULTS[word])
        ]
        out = f"dualrev.{self.name}({f}{''.join(shown)})"
        if self._last is None:
            return f"<{out}, not prepared yet>"
        found = self._last
        m, n = found.pattern.shape
        return f"<{out}: {m}×{n}, {found.pattern.nnz:,} entries, {found.words}>"

    def spy(self, ax: Any = None) -> Any:
        """Draw the pattern with matplotlib, entries that are found in the same direction in one colour."""
        found = self._prepared()
        return found.pattern.spy(ax, (found.rows, found.columns))

    # -- the work ---------------------------------------------------------------------------------------------------

    def _function(self) -> Callable[..., Any]:
        """Return the function whose Jacobian the matrix is."""
        return self.f

    def _detect(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Pattern:
        found = follow(self.name, self._function(), args, kwargs, self._options["argnums"])
        return Pattern.from_csr(*found)

    def _plan(self, pattern: Pattern, form: Any, mode: str | None = None) -> Preparation:
        """Choose colours and the rest; each transform has its own way."""
        raise TypeError(f"{type(self).__name__} is abstract")

    def _key(self, inputs: Inputs, args: tuple[Any, ...]) -> Any:
        form = form_of(inputs.leaves)
        if self._given is not None:
            return form
        return form, tuple([a.shape for a in args if type(a) is np.ndarray])

    def _prepare(
        self,
        key: Any,
        inputs: Inputs,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        before: Pattern | None = None,
    ) -> Preparation:
        """Detect, colour and keep; with the entries of the pattern `before`."""
        form = form_of(inputs.leaves)
        for shape, dtype in form:
            if dtype.kind != "f":
                raise InputError(
                    f"{self.name}: an argument of shape {shape} is {dtype}; sparse derivatives are with respect to "
                    "real floats. Pass real and imaginary parts as real arrays: x.view(float), or use dualrev.jacobian."
                )
        pattern = before if before is not None else self._given
        if pattern is None or before is not None:
            found = self._detect(tuple(_one_lane(a) for a in args), kwargs)
            pattern = found if before is None or before.shape != found.shape else before | found
        size = sum(math.prod(shape) for shape, _ in form)
        if pattern.shape[1] != size:
            shapes = ", ".join(str(shape) for shape, _ in form[:3]) + ", ..." * (len(form) > 3)
            raise ShapeError(
                f"{self.name}: the pattern has {pattern.shape[1]} columns, but the argument has {size} values (of "
                f"shape {shapes}). A pattern has one column per value of the argument, in C order"
            )
        made = self._direct(pattern, form, (self.name, inputs, self._function(), kwargs))
        return self._keep(key, made or self._plan(pattern, form))

    def _direct(self, pattern: Pattern, form: Any, at: Any) -> Any:
        """Return direct evaluation where that is asked for, or left open and cheaper; else None."""
        mode = self._options["mode"]
        layout = layout_of(pattern, self._options["format"], self._symmetric)
        if mode == "direct":
            return Direct(pattern, form, layout, self._symmetric)
        if mode != "auto" or not isinstance(self._options["order"], str):
            return None
        if self._options.get("colouring", "auto") != "auto":
            return None
        trial = Direct(pattern, form, layout, self._symmetric)
        if not worth_it(trial, at):
            return None
        trial.falls_back(functools.partial(self._plan, pattern, form))
        return trial

    def _keep(self, key: Any, made: Preparation) -> Preparation:
        if key not in self._preparations and len(self._preparations) >= _KEPT:
            self._preparations.pop(next(iter(self._preparations), None), None)
        self._preparations[key] = made
        return made

    def _evaluate(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        inputs = Inputs(self.name, args, self._options["argnums"])
        key = self._key(inputs, args)
        prepared = self._preparations.get(key)
        fresh = prepared is None
        if prepared is None:
            prepared = self._prepare(key, inputs, args, kwargs)
        self._last = prepared
        f = self._function()
        again = self._options["on_change"] == "detect"
        try:
            ys, rebuild, data, error = prepared.evaluate(self.name, inputs, f, kwargs)
        except ComplexOutputs as complex_outputs:
            if self._options["mode"] != "auto":
                raise OutputError(str(complex_outputs)) from None
            prepared = self._keep(key, self._plan(prepared.pattern, prepared.form, "forward"))
            self._last = prepared
            ys, rebuild, data, error = prepared.evaluate(self.name, inputs, f, kwargs)
        except OutputsMisfit as misfit:
            if (fresh and self._given is None) or not again:
                raise ShapeError(f"{misfit}{self._remedy(misfit=True)}.") from None
            error = str(misfit)
        if error is not None and again:
            prepared = self._last = self._prepare(key, inputs, args, kwargs, prepared.pattern)
            ys, rebuild, data, error = prepared.evaluate(self.name, inputs, f, kwargs)
        if error is not None:
            raise PatternError(
                f"{self.name}: the pattern lacks entries that the {self._word} has: {error}",
                self._remedy(),
            )
        return ys, rebuild, prepared, data

    def _remedy(self, misfit: bool = False) -> str:
        if misfit:
            return "" if self._given is not None else "; J.prepare(x) detects it anew"
        if self._options["on_change"] == "detect":
            return "This is so after detection too: a derivative that is nearly all rounding, or an error of dualrev"
        if self._given is not None:
            return 'complete the pattern that you pass, leave it out, or choose on_change="detect"'
        return (
            "a branch of the function has changed since it was prepared: J.prepare(x) detects the pattern anew, "
            'on_change="detect" does so whenever it is needed'
        )


def _one_lane(tree: Any) -> Any:
    """Return plain values, of one lane inside `vmap`, as dependence is followed by shapes."""
    leaves, rebuild = flatten(tree)
    return rebuild([_plain(x) for x in leaves])


def _plain(x: Any) -> Any:
    if isinstance(x, BufferArray) or not isinstance(x, Traced):
        return x
    return _plain(x.primal[0] if isinstance(x, Batched) else x.primal)


_DEFAULTS: dict[str, Any] = {
    "argnums": 0,
    "mode": "auto",
    "colouring": "auto",
    "order": "best",
    "probe": True,
    "on_change": "raise",
    "format": "csr",
}


def check_options(name: str, f: Any, words: dict[str, tuple[Any, tuple[str, ...]]]) -> None:
    """Raise if the function cannot be called or an option is no known word."""
    check_callable(name, f)
    for option, (given, known) in words.items():
        if not isinstance(given, str) or given not in known:
            listed = ", ".join(map(repr, known[:-1])) + f" or {known[-1]!r}"
            raise ValueError(f"{name}: {option}= is {listed}, not {given!r}")


def check_order(name: str, order: Any) -> None:
    """Raise if an order of colouring is no known word and no permutation."""
    if isinstance(order, str):
        check_options(name, abs, {"order": (order, _ORDERS)})
    elif np.ndim(order) != 1:
        raise ValueError(f"{name}: order= is a word or a permutation, not {order!r}")
