"""check_primitive: one operation's rules, with the scrutiny that every rule of the package gets.

Enters: a primitive, a registered NumPy function or any function with rules of its own, and samples.
Leaves: a report with one finding per check and sample. The checks are the functions in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dualrev.core.primitive import Primitive, Rule, find
from dualrev.derivatives.containers import flatten
from dualrev.derivatives.jacobian import jacobian
from dualrev.derivatives.mapping import vmap
from dualrev.derivatives.products import jvp, vjp
from dualrev.errors import InputError
from dualrev.testing.derivatives import check_derivatives
from dualrev.testing.report import DerivativeReport

__all__ = ["Finding", "PrimitiveReport", "check_primitive"]

LANES = 3


@dataclass(frozen=True)
class Finding:
    """What one check said about one sample.

    Attributes
    ----------
    check : str
        ``"value"``, ``"derivatives"``, ``"same variable"``, ``"batch"``, ...
    sample : str
        Shapes and parameters.
    verdict : str
        A verdict of `check_derivatives`, or ``"raised"``.
    detail : str
        What was found, unless all is well.
    """

    check: str
    sample: str
    verdict: str
    detail: str = ""


@dataclass(frozen=True)
class PrimitiveReport:
    """What `check_primitive` found; true if and only if every check passed on every sample."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.verdict != "correct")

    @property
    def ok(self) -> bool:
        return bool(self.findings) and not self.failures

    def __bool__(self) -> bool:
        return self.ok

    def raise_if_wrong(self) -> PrimitiveReport:
        """Raise AssertionError with this report if a check failed, else return it."""
        if not self.ok:
            raise AssertionError(str(self))
        return self

    def __str__(self) -> str:
        samples = len({f.sample for f in self.findings})
        lines = [f"{self.name}: {'correct' if self.ok else 'FAILED'}, {samples} samples"]
        for check in dict.fromkeys(f.check for f in self.findings):
            mine = [f for f in self.findings if f.check == check]
            bad = [f for f in mine if f.verdict != "correct"]
            lines.append(f"{check}: {len(mine) - len(bad)} of {len(mine)} correct")
            lines += [f"    {f.sample}: {f.verdict}: {f.detail}" for f in bad]
        return "\n  ".join(lines)


def check_primitive(operation: Any, *args: Any, seed: int = 0, **params: Any) -> PrimitiveReport:
    """Check an operation's rules at given operands, or on the samples of its declaration.

    Parameters
    ----------
    operation : Primitive or callable
        What a builder returned (`elementwise`, `linear`, ...), a NumPy function that has a rule, or
        any function with rules of its own (`custom_jvp`, `custom_vjp`, `primitive`).
    *args
        Operands; if there are none, the samples that the declaration's ``on=`` names.
    seed : int
        Of the samples.
    **params
        Static parameters that go with `args`.

    Returns
    -------
    PrimitiveReport
        True if every check passed. They are:

        - value: tracing changes neither value, shape nor dtype, nor the operands;
        - derivatives: tangent and adjoint against differences and the complex step, the adjoint
          identity, and second derivatives, by `check_derivatives`;
        - same variable: one traced operand in two slots;
        - batch: `vmap` over each operand and over all equals a loop;
        - vector mode: `jacobian` in both modes equals one pass per direction;
        - single precision: float32 in, float32 out, accurate;
        - memory layout: operands that are strided views give the same derivatives;
        - shapes (elementwise operations): 0-d, empty and broadcast operands.

    Raises
    ------
    InputError
        If there are neither operands nor declared samples.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from dualrev.testing import check_primitive
    >>> cube = dr.elementwise(lambda x: x**3, lambda x: 3 * x**2, on=dr.reals, name="cube_checked")
    >>> check_primitive(cube).ok
    True

    A rule of a function of one's own, here with a factor that is wrong:

    >>> @dr.custom_jvp
    ... def root(x):
    ...     return np.sqrt(x)
    >>> @root.defjvp
    ... def root_rule(primals, tangents):
    ...     y = root(*primals)
    ...     return y, tangents[0] / y
    >>> [f.check for f in check_primitive(root, np.array([1.0, 4.0])).failures]
    ['derivatives']
    """
    call = operation
    if not isinstance(operation, Primitive) and _hashable(operation) and (entry := find(operation)):
        call = entry.call
        # A composite has NumPy's own signature: it is called as the user calls it.
        call = call if isinstance(call, Primitive) else operation
    if args:
        samples = [(args, params)]
    elif isinstance(call, Primitive):
        samples = list(call.samples(seed))
    else:
        samples = []
    name = str(getattr(call, "name", getattr(call, "__name__", repr(call))))
    if not samples:
        raise InputError(
            f"{name} has no declared samples; pass operands: check_primitive(f, x, ...)"
        )
    findings = []
    for arrays, parameters in samples:
        subject = Subject(call, tuple(arrays), dict(parameters), seed)
        for check, run in CHECKS.items():
            try:
                findings += [Finding(check, str(subject), *found) for found in run(subject)]
            except Exception as error:  # a rule may fail in any way, and the report must say how
                detail = f"{type(error).__name__}: {error}"
                findings.append(Finding(check, str(subject), "raised", detail))
    return PrimitiveReport(name, tuple(findings))


def _hashable(value: Any) -> bool:
    return type(value).__hash__ is not None


class Subject(NamedTuple):
    """An operation at one sample."""

    call: Callable[..., Any]
    arrays: tuple[Any, ...]
    params: dict[str, Any]
    seed: int

    def __str__(self) -> str:
        def word(a: Any) -> str:
            if isinstance(a, np.ndarray):
                return f"{a.dtype}{list(a.shape)}"
            return type(a).__name__ if isinstance(a, (list, tuple, dict)) else repr(a)

        words = [word(a) for a in self.arrays] + [f"{k}={v!r}" for k, v in self.params.items()]
        return f"({', '.join(words)})"

    @property
    def elementwise(self) -> bool:
        return isinstance(self.call, (Primitive, np.ufunc)) and (
            getattr(self.call, "flavour", "elementwise") == "elementwise"
        )

    def varies(self) -> list[int]:
        """Return the positions of floating-point operands that a rule differentiates."""
        positions = [k for k, a in enumerate(self.arrays) if np.asarray(a).dtype.kind in "fc"]
        if isinstance(self.call, Primitive) and self.call.flavour == "general":
            rules = self.call.adjoints
            return [k for k in positions if isinstance(rules[k], Rule)]
        if isinstance(self.call, Primitive):
            return [k for k in positions if not self.call.refuses(k)]
        return positions

    def plain(self, *operands: Any) -> Any:
        """Return the operation's value at other values of the varying operands."""
        arrays = list(self.arrays)
        for k, operand in zip(self.varies(), operands, strict=True):
            arrays[k] = operand
        return self.call(*arrays, **self.params)

    def diagonal(self, x: Any) -> Any:
        """Return the value with `x` in the place of every varying operand."""
        return self.plain(*[x] * len(self.varies()))

    def operands(self) -> tuple[Any, ...]:
        return tuple(self.arrays[k] for k in self.varies())

    def at(self, operands: tuple[Any, ...]) -> Subject:
        """Return the same operation with other varying operands."""
        arrays = list(self.arrays)
        for k, operand in zip(self.varies(), operands, strict=True):
            arrays[k] = operand
        return self._replace(arrays=tuple(arrays))

    def reshaped(self, change: Callable[[int, Any], Any]) -> Subject:
        """Return the same operation with every operand changed by ``change(position, array)``."""
        arrays = (change(k, np.asarray(a)) for k, a in enumerate(self.arrays))
        return self._replace(arrays=tuple(arrays))

    def differentiable(self) -> bool:
        """Whether there are floats to vary and every result is one."""
        outputs = flatten(self.plain(*self.operands()))[0]
        return bool(self.varies()) and all(_floating(y) for y in outputs)


def _floating(y: Any) -> bool:
    return np.asarray(y).dtype.kind in "fc"


Findings = Iterator[tuple[str, str]]


def _value(subject: Subject) -> Findings:
    before = [np.array(x) for x in subject.operands()]
    plain = flatten(subject.plain(*subject.operands()))[0]
    if isinstance(subject.call, Primitive):
        direct = flatten(subject.call.fun(*subject.arrays, **subject.params))[0]
        for one, other in zip(plain, direct, strict=True):
            same = np.array_equal(one, other, equal_nan=_floating(other))
            yield ("correct", "") if same else ("wrong", f"called on arrays, gives {one!r}")
    if not subject.differentiable():
        return
    operands = subject.operands()
    primals = {
        "forward": jvp(subject.plain, operands, tuple(_ones(x) for x in operands))[0],
        "reverse": vjp(subject.plain, *operands)[0],
    }
    for mode, y in primals.items():
        for one, other in zip(flatten(y)[0], plain, strict=True):
            same = _same(one, other, 8)
            yield (
                ("correct", "")
                if same
                else ("wrong", f"{mode} mode has value {one!r}, not {other!r}")
            )
    for x, old in zip(operands, before, strict=True):
        same = np.array_equal(x, old, equal_nan=True)
        yield ("correct", "") if same else ("wrong", "an operand was written to")


def _derivatives(subject: Subject) -> Findings:
    if subject.differentiable():
        yield _summary(check_derivatives(subject.plain, *subject.operands(), seed=subject.seed))


def _same_variable(subject: Subject) -> Findings:
    shapes = {(np.shape(x), np.asarray(x).dtype) for x in subject.operands()}
    if len(subject.varies()) < 2 or len(shapes) != 1:
        return
    for x in subject.operands():
        # Where a function of equal operands is zero, only rounding errors would be compared.
        least = 64 * np.finfo(float).eps * _size(x)
        try:
            with np.errstate(all="ignore"):
                y = flatten(subject.diagonal(x))[0]
            defined = all(np.all(np.isfinite(v)) and _size(v) > least for v in y)
        except (ArithmeticError, ValueError):
            defined = False  # one operand's domain need not be another's
        if not defined:
            continue
        report = check_derivatives(subject.diagonal, x, seed=subject.seed)
        # Equal operands are where maximum and its like have their kink.
        passes = report.verdict in ("correct", "kink")
        yield ("correct", "") if passes else _summary(report)


def _batch(subject: Subject) -> Findings:
    count = len(subject.varies())
    if not subject.differentiable():
        return
    lanes = [
        np.stack([np.asarray(x) * (1 + k / 64) for k in range(LANES)]).astype(np.asarray(x).dtype)
        for x in subject.operands()
    ]
    choices = {tuple(range(count)), *((k,) for k in range(count))}
    for mapped in sorted(choices):
        axes = tuple(0 if k in mapped else None for k in range(count))
        given = tuple(
            lane if k in mapped else x
            for k, (lane, x) in enumerate(zip(lanes, subject.operands(), strict=True))
        )
        at_once = flatten(vmap(subject.plain, in_axes=axes)(*given))[0]
        loop = [
            flatten(
                subject.plain(*(g[k] if a == 0 else g for g, a in zip(given, axes, strict=True)))
            )[0]
            for k in range(LANES)
        ]
        for i, batched in enumerate(at_once):
            same = _same(batched, np.stack([y[i] for y in loop]), 1e4)
            yield ("correct", "") if same else ("wrong", f"vmap over operands {mapped} is no loop")


def _vector_mode(subject: Subject) -> Findings:
    operands = subject.operands()
    plain = flatten(subject.plain(*operands))[0] if operands else []
    if not subject.differentiable() or any(np.iscomplexobj(v) for v in (*operands, *plain)):
        return
    for k, x in enumerate(operands):
        for i, y in enumerate(plain):

            def one(x: Any, k: int = k, i: int = i) -> Any:
                return flatten(subject.plain(*operands[:k], x, *operands[k + 1 :]))[0][i]

            columns = []
            for j in range(np.size(x)):
                t = np.zeros(np.shape(x), np.asarray(x).dtype)
                t.flat[j] = 1
                columns.append(np.ravel(jvp(one, (x,), (t,))[1]))
            table = np.reshape(np.array(columns).T, np.shape(y) + np.shape(x))
            for mode in ("forward", "reverse"):
                found = np.asarray(jacobian(one, mode=mode)(x)).astype(table.dtype)
                same = _same(found, table, 1e4, _size(y))
                what = f"jacobian(mode={mode!r}) of operand {k} differs from jvp, column by column"
                yield ("correct", "") if same else ("wrong", what)


def _single_precision(subject: Subject) -> Findings:
    if not subject.differentiable():
        return
    narrow = {"f": np.float32, "c": np.complex64}
    thin = subject.reshaped(lambda k, a: a.astype(narrow.get(a.dtype.kind, a.dtype)))
    report = check_derivatives(thin.plain, *thin.operands(), order=1, seed=subject.seed)
    for comparison in report.comparisons:
        if " in " not in comparison.source:
            continue  # in double precision, which is another check's business
        passes = comparison.verdict == "correct"
        yield ("correct", "") if passes else (comparison.verdict, str(comparison))


def _memory_layout(subject: Subject) -> Findings:
    if not subject.differentiable():
        return

    def strided(*wide: Any) -> Any:
        # The transforms copy their arguments; what a traced slice holds is a view with strides.
        return subject.plain(*(w[..., ::2] if np.ndim(w) else w for w in wide))

    def widen(x: Any) -> Any:
        return np.repeat(np.asarray(x), 2, axis=-1) if np.ndim(x) else x

    operands = subject.operands()
    wide = tuple(widen(x) for x in operands)
    size = max(map(_size, flatten(subject.plain(*operands))[0]), default=0.0)
    usual = _products(subject.plain, operands)
    found = _products(strided, wide)
    for k, (one, other) in enumerate(zip(found, usual, strict=True)):
        # The cotangents come last, one per operand, and are those of the wide arrays.
        of_operand = len(usual) - k <= len(operands) and np.ndim(one)
        same = _same(one[..., ::2] if of_operand else one, other, 1e4, size)
        yield ("correct", "") if same else ("wrong", f"product {k} depends on the memory layout")


def _shapes(subject: Subject) -> Findings:
    if not (subject.elementwise and subject.differentiable()) or not all(
        np.size(x) for x in subject.operands()
    ):
        return
    scalars = subject.reshaped(lambda k, a: np.array(a.flat[0]))
    yield _summary(check_derivatives(scalars.plain, *scalars.operands(), order=1))
    empty = subject.reshaped(lambda k, a: np.empty((0, 2), a.dtype))
    for product in _products(empty.plain, empty.operands()):
        same = np.shape(product) == (0, 2)
        yield ("correct", "") if same else ("wrong", f"empty operands give {np.shape(product)}")
    if len(subject.arrays) > 1:
        shapes = [(2, 1), (3,), ()]
        broadcast = subject.reshaped(lambda k, a: np.resize(a, shapes[k % 3]))
        yield _summary(check_derivatives(broadcast.plain, *broadcast.operands(), order=1))


CHECKS: dict[str, Callable[[Subject], Findings]] = {
    "value": _value,
    "derivatives": _derivatives,
    "same variable": _same_variable,
    "batch": _batch,
    "vector mode": _vector_mode,
    "single precision": _single_precision,
    "memory layout": _memory_layout,
    "shapes": _shapes,
}


def _products(f: Callable[..., Any], operands: tuple[Any, ...]) -> list[Any]:
    """Return J 1 and Jᵀ 1 at `operands`, as a list of arrays."""
    tangents = jvp(f, operands, tuple(_ones(x) for x in operands))[1]
    y, pullback = vjp(f, *operands)
    leaves, rebuild = flatten(y)
    return [*flatten(tangents)[0], *pullback(rebuild([_ones(v) for v in leaves]))]


def _ones(x: Any) -> Any:
    return np.ones(np.shape(x), np.asarray(x).dtype)


def _same(one: Any, other: Any, ulps: float, size: float = 0.0) -> bool:
    """Say whether values, shapes, dtypes agree, up to rounding at the largest entry or `size`."""
    a, b = np.asarray(one), np.asarray(other)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    finite = np.isfinite(b)
    size = np.max(np.abs(b[finite]), initial=size)
    return bool(
        np.array_equal(finite, np.isfinite(a))
        and np.array_equal(a[~finite], b[~finite], equal_nan=True)
        and np.all(np.abs(a[finite] - b[finite]) <= ulps * np.finfo(b.dtype).eps * size)
    )


def _size(y: Any) -> float:
    """Return the size of a result: derivatives that cancel are as accurate as that allows."""
    finite = np.abs(np.asarray(y))[np.isfinite(y)]
    return float(np.max(finite, initial=0.0))


def _summary(report: DerivativeReport) -> tuple[str, str]:
    return report.verdict, "" if report.ok else str(report)
