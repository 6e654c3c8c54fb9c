"""`primitive`: derivatives for code that dualrev cannot see into (C, Fortran, compiled solvers, tables)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of, value
from dualrev.derivatives.custom import WithRule, checked
from dualrev.derivatives.joint import CustomRule
from dualrev.errors import RegistrationError

__all__ = ["primitive"]

_STEPS = {
    "central": np.finfo(float).eps ** (1 / 3),
    "forward": np.finfo(float).eps ** 0.5,
    "complex-step": 1e-30,
}


class primitive(WithRule):
    """Make an operation of a black-box function, from whichever derivative is at hand.

    Parameters
    ----------
    f : callable
        ``f(*arrays)`` returns one array or number; it is only ever called with plain arrays.
    jvp : callable, optional
        ``jvp(primals, tangents) -> t``.
    vjp : callable, optional
        ``vjp(primals, y, ct) -> cotangents``, one per argument; the convention of `vjp`.
    jacobian : callable, optional
        ``jacobian(*arrays)`` returns the array of shape ``y.shape + x.shape`` (a tuple, one per argument, if there are
        several).
    fd : {"central", "forward", "complex-step"}, optional
        Differences of `f`: 10, 8 and 16 digits for well-scaled functions; "complex-step" needs an `f` that is analytic
        and takes complex arguments. Two, one and one evaluations per input entry.

    Raises
    ------
    RegistrationError
        If none, or more than one of ``jacobian`` and ``fd``, is given.

    Notes
    -----
    A missing direction is derived: from `jvp` by transposing it, from `vjp` likewise, from a Jacobian by contraction.
    Second derivatives exist when the rule itself is NumPy code or another primitive.

    Examples
    --------
    >>> import numpy as np, dualrev as dr, scipy.special as sc
    >>> j0 = dr.primitive(lambda x: sc.jv(0, np.asarray(x)), jvp=lambda p, t: -dr_j1(p[0]) * t[0])
    >>> dr_j1 = dr.primitive(lambda x: sc.jv(1, np.asarray(x)), fd="central")
    >>> bool(np.isclose(dr.grad(j0)(1.0), -sc.jv(1, 1.0)))
    True
    """

    kind = "primitive"

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        jvp: Callable[..., Any] | None = None,
        vjp: Callable[..., Any] | None = None,
        jacobian: Callable[..., Any] | None = None,
        fd: str | None = None,
    ) -> None:
        super().__init__(f)
        given = [
            k
            for k, v in {"jvp": jvp, "vjp": vjp, "jacobian": jacobian, "fd": fd}.items()
            if v is not None
        ]
        if not given:
            raise RegistrationError(
                f"primitive: {self.__name__} needs a derivative: jvp=, vjp=, jacobian=, or fd='central' for differences"
            )
        if len(given) > 1 and given != ["jvp", "vjp"]:
            raise RegistrationError(
                f"primitive: {self.__name__} got {' and '.join(given)}; give jvp= and/or vjp=, or one"
            )
        if fd is not None and fd not in _STEPS:
            raise RegistrationError(f"primitive: fd= is one of {sorted(_STEPS)}, not {fd!r}")
        self.jvp_rule, self.vjp_rule, self.jacobian_rule, self.fd = jvp, vjp, jacobian, fd

    def _rule(self, full: Any, fun: Any, kwargs: Any, out: dict[str, Any]) -> CustomRule:
        holder: list[CustomRule] = []

        def call(primals: Any) -> Any:
            return holder[0].call(*primals)

        def jvp(primals: Any, tangents: Any) -> tuple[Any, Any]:
            ys = call(primals)
            if self.jvp_rule is not None:
                ts = [self.jvp_rule(full(primals), full(tangents), **kwargs)]
            elif self.fd is not None:
                ts = [self._along(lambda p: call(p)[0], list(primals), list(tangents))]
            else:
                ts = [_along_jacobian(self._jacobians(full(primals), kwargs), ys[0], tangents)]
            return ys, tuple(checked(self.__name__, "tangent", ts, ys))

        def vjp(primals: Any) -> tuple[Any, Any]:
            ys = call(primals)
            blocks: list[Any] = []

            def pull(cts: Any) -> list[Any]:
                (ct,) = cts
                if self.vjp_rule is not None:
                    got = self.vjp_rule(full(primals), ys[0], np.conj(ct), **kwargs)
                    got = [
                        np.conj(g)
                        for g in (got if isinstance(got, (tuple, list)) else (got,))
                        if g is not None
                    ]
                else:
                    if not blocks:
                        blocks.extend(
                            self._differences(lambda p: call(p)[0], list(primals))
                            if self.fd is not None
                            else self._jacobians(full(primals), kwargs)
                        )
                    got = [np.tensordot(ct, b, np.ndim(ys[0])) for b in blocks]
                return checked(self.__name__, "cotangent", list(got), primals)

            return ys, pull

        has_jvp = self.vjp_rule is None or self.jvp_rule is not None
        has_vjp = self.jvp_rule is None or self.vjp_rule is not None
        holder.append(
            CustomRule(self.__name__, fun, jvp if has_jvp else None, vjp if has_vjp else None)
        )
        return holder[0]

    def _jacobians(self, args: Any, kwargs: Any) -> list[Any]:
        assert self.jacobian_rule is not None
        got = self.jacobian_rule(*args, **kwargs)
        return list(got) if isinstance(got, tuple) else [got]

    def _along(self, f: Callable[[list[Any]], Any], primals: list[Any], tangents: list[Any]) -> Any:
        """Difference along one direction, with a step relative to the size of the point over that of the direction."""
        assert self.fd is not None
        size = max(1.0, *(float(np.max(np.abs(p), initial=0.0)) for p in map(_plain, primals)))
        length = max(float(np.max(np.abs(t), initial=0.0)) for t in map(_plain, tangents)) or 1.0
        h = _STEPS[self.fd] * (size / length if self.fd != "complex-step" else 1.0 / length)

        def at(step: Any) -> Any:
            return f([p + step * t for p, t in zip(primals, tangents, strict=True)])

        if self.fd == "complex-step":
            return np.imag(at(1j * h)) / h
        if self.fd == "forward":
            return (at(h) - f(primals)) / h
        return (at(h) - at(-h)) / (2 * h)

    def _differences(self, f: Callable[[list[Any]], Any], primals: list[Any]) -> list[Any]:
        """Jacobian blocks, column by column, by differences."""
        blocks = []
        for k, p in enumerate(primals):
            columns = []
            for j in range(int(np.size(p))):
                e = np.zeros(int(np.size(p)))
                e[j] = 1.0
                ts = [np.zeros(np.shape(q))[()] for q in primals]
                ts[k] = e.reshape(np.shape(p))[()]
                columns.append(self._along(f, primals, ts))
            stacked = np.stack(columns, axis=-1)
            blocks.append(np.reshape(stacked, (*stacked.shape[:-1], *np.shape(p))))
        return blocks


def _plain(x: Any) -> Any:
    return np.asarray(value(x))


def _along_jacobian(blocks: list[Any], y: Any, tangents: Any) -> Any:
    total = None
    for block, t in zip(blocks, tangents, strict=True):
        part = np.tensordot(block, t, np.ndim(t))
        total = part if total is None else total + part
    return total if total is not None else np.zeros(np.shape(y), dtype_of(y))
