"""Joint rules: a derivative rule for all arguments together, in the form in which `bind` and the modes take primitives.

One direction is enough: the other is its transpose, found by recording the rule, which is linear in its tangents or
cotangents, on a tape of its own and sweeping that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import Traced, dtype_of
from dualrev.core.batching import batch_loop
from dualrev.core.bind import bind
from dualrev.core.levels import Level
from dualrev.errors import EscapeError
from dualrev.modes.reverse import Tape
from dualrev.modes.sweep import run

__all__ = ["ClosureError", "CustomRule"]


class ClosureError(EscapeError):
    """A function with a rule of its own closes over a traced value."""


class CustomRule:
    """One call of a function with a rule of its own, in the form in which `bind` and the modes take primitives.

    Parameters
    ----------
    name : str
        For messages.
    fun : callable
        ``fun(*leaves)`` returns a tuple of output leaves.
    jvp : callable or None
        ``jvp(primals, tangents)`` returns two tuples of leaves, outputs and tangents.
    vjp : callable or None
        ``vjp(primals)`` returns output leaves and a pullback from a tuple of cotangents to a list of cotangents.
    """

    flavour = "custom"
    arguments = None
    # The output is taken to depend on every argument.
    adjoints = (True,)
    batch = staticmethod(batch_loop)
    operator = None
    formula = ""

    def __init__(
        self, name: str, fun: Callable[..., Any], jvp: Any = None, vjp: Any = None
    ) -> None:
        self.name = name
        self.fun = fun
        self._jvp = jvp
        self._vjp = vjp

    def call(self, *leaves: Any) -> Any:
        """Evaluate on leaves, traced or not."""
        return bind(self, leaves, {})  # type: ignore[arg-type]

    def check_closure(self, ys: tuple[Any, ...], level: Level) -> None:
        """Raise if an output still depends on `level`: the function closes over a traced value of it."""
        for y in ys:
            if isinstance(y, Traced) and y.level is level:
                raise ClosureError(
                    f"{self.name} closes over a traced value; its rule sees arguments only, which",
                    "pass that value as an argument",
                )

    def jvp(self, primals: tuple[Any, ...], tangents: list[Any]) -> tuple[Any, Any]:
        """Return outputs and their tangents."""
        if self._jvp is not None:
            return self._jvp(primals, tangents)  # type: ignore[no-any-return]
        ys, pull = self._vjp(primals)
        return ys, _transpose(pull, [_unit(y) for y in ys], tangents)

    def vjp(self, primals: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return outputs and a pullback; cotangents are in the sweep's convention, conjugated."""
        if self._vjp is not None:
            return self._vjp(primals)  # type: ignore[no-any-return]
        ys = self.call(*primals)

        def pull(cts: tuple[Any, ...]) -> list[Any]:
            return _transpose(
                lambda ts: self._jvp(primals, ts)[1], [_unit(p) for p in primals], cts
            )

        return ys, pull


def _unit(x: Any) -> Any:
    kind = dtype_of(x)
    return np.ones(np.shape(x), kind if kind.kind in "fc" else float)[()]


def _transpose(linear: Callable[..., Any], like: list[Any], cts: Any) -> list[Any]:
    """Apply the transpose of ``linear(inputs) -> outputs`` to `cts`; `like` are inputs of the right shapes."""
    tape = Tape(watch=False)
    inputs = [tape.leaf(x) for x in like]
    with tape:
        outputs = linear(inputs)
    seeds: dict[int, Any] = {}
    for y, ct in zip(outputs, cts, strict=True):
        if isinstance(y, Traced) and y.level is tape and ct is not None:
            seeds[y.index] = ct if y.index not in seeds else seeds[y.index] + ct
    swept = run(tape, seeds, [v.index for v in inputs]) if seeds else [None] * len(like)
    tape.captures.release()
    return [
        np.zeros(np.shape(x), dtype_of(x))[()]
        if g is None
        else (np.real(g) if dtype_of(g).kind == "c" and dtype_of(x).kind != "c" else g)
        for x, g in zip(like, swept, strict=True)
    ]
