"""Every exception of dualrev; each builds its message: what was wrong, where, what to do.

Nothing else in the package formats an error message for a user, and nothing here knows an operation or a mode.
"""

from __future__ import annotations

import linecache
import os
import re
import sys
from types import FrameType

import numpy as np
import scipy

__all__ = [
    "CapturedWriteError",
    "DualrevError",
    "EscapeError",
    "FlatDirectionError",
    "FreedTapeError",
    "InputError",
    "LeafWriteError",
    "LevelError",
    "MissingRuleError",
    "NonFiniteError",
    "OutputError",
    "PatternError",
    "RegistrationError",
    "ShapeError",
    "SolutionError",
    "SplitWarning",
    "UnsupportedError",
    "conversion",
    "describe",
    "user_location",
]

_OURS = tuple(
    os.path.dirname(os.path.abspath(path)) + os.sep
    for path in (__file__, np.__file__, scipy.__file__)
)
# How IPython's kernel names the source of a cell.
_CELL = re.compile(r"ipykernel_\d+[/\\]\d+\.py$")
_SPARSE = os.path.join(_OURS[2], "sparse")


def user_location(error: BaseException | None = None) -> str:
    """Return ``file:line, in function`` of the innermost frame outside dualrev, NumPy and SciPy.

    With `error` it is the frame in which that was raised. Cells of a notebook are files with made-up names: they are
    called ``<cell>``.
    """
    file, line, function = _user_frame(error)
    if not file:
        return "<interactive>"
    return f"{'<cell>' if _CELL.search(file) else file}:{line}, in {function}"


def _user_frame(error: BaseException | None = None) -> tuple[str, int, str]:
    found = "", 0, ""
    if error is not None:
        trace = error.__traceback__
        while trace is not None:
            if not _ours(trace.tb_frame.f_code.co_filename):
                code = trace.tb_frame.f_code
                found = code.co_filename, trace.tb_lineno, code.co_name
            trace = trace.tb_next
        return found
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _ours(frame.f_code.co_filename):
        frame = frame.f_back
    return (
        found if frame is None else (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
    )


def _ours(file: str) -> bool:
    return file.startswith(_OURS) or file.startswith("<dualrev")


def _passed(folder: str) -> bool:
    """Say whether the user's code got here through a file below `folder`."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _ours(frame.f_code.co_filename):
        if frame.f_code.co_filename.startswith(folder):
            return True
        frame = frame.f_back
    return False


def describe(value: object) -> str:
    """Return type, shape and dtype of a value in a few words, for messages."""
    shape = getattr(value, "shape", None)
    dtype = getattr(value, "dtype", None)
    name = "array" if hasattr(value, "level") else type(value).__name__
    if name == "array" and not shape:
        return "number"
    if shape is None:
        return name
    return f"{name} of shape {shape}" + (f" and dtype {dtype}" if dtype is not None else "")


def conversion(kind: str) -> tuple[str, str]:
    """Return the operation and the fix of a lost conversion, from the line of source that attempted it."""
    file, number, _ = _user_frame()
    line = linecache.getline(file, number).strip()
    if _passed(_SPARSE):
        remedy = (
            "put the traced number first (s * A for A * s, 1 / s * A for A / s), or make the sparse array with "
            "dualrev.scipy.sparse"
        )
    elif kind == "float" and ('" %' in line or "' %" in line):
        remedy = "format it with an f-string, which takes traced values"
    elif "math." in line:
        remedy = "use the NumPy function of the same name (np.sin for math.sin)"
    elif "]" in line and "=" in line.replace("==", ""):
        remedy = (
            "make the array that is written to with np.zeros_like(x) or x.copy(), which can hold traced values, or "
            "collect the entries in a list and call np.stack or np.array on it"
        )
    elif kind in ("int", "index"):
        remedy = "use int(dualrev.value(x)) where an integer is meant to be constant"
    elif "out=" in line:
        remedy = "drop out= and use the returned array"
    else:
        remedy = f"leave the {kind}(...) or dtype=... conversion out; NumPy functions take traced values as they are"
    return (f"{kind}(x)" + (f" (in `{line}`)" if line else "")), remedy


class DualrevError(Exception):
    """Base of every error that dualrev raises itself."""


class EscapeError(DualrevError, TypeError):
    """A conversion would have lost the derivative of a traced value.

    Parameters
    ----------
    operation : str
        What was attempted, for instance ``float(x)``.
    remedy : str
        The one-line fix.
    """

    def __init__(self, operation: str, remedy: str) -> None:
        self.operation = operation
        self.remedy = remedy
        super().__init__(
            f"{operation} would lose the derivative of a traced value, at {user_location()}. "
            f"Fix: {remedy}. If no derivative is wanted there, say so with dualrev.value(x). "
            "In code that cannot be edited, differentiate dualrev.patched(f) instead of f."
        )


class SplitWarning(UserWarning):
    """A large traced array was split into scalars, which is right but slow."""


class LevelError(DualrevError, RuntimeError):
    """A traced value was used after the transform that made it had returned."""

    def __init__(self, what: str = "") -> None:
        super().__init__(
            f"a traced value{' ' + what if what else ''} is used at {user_location()}, but the dualrev transform "
            "that made it has already returned. Return the value from the differentiated function (has_aux=True "
            "for extra results), or store dualrev.value(x), the plain number, instead of x."
        )


class FreedTapeError(DualrevError, RuntimeError):
    """`backward` came to operations whose residuals an earlier call has freed.

    Parameters
    ----------
    what : str
        What needs them.
    """

    def __init__(self, what: str = "backward") -> None:
        super().__init__(
            f"{what}, at {user_location()}, needs operations that an earlier backward(retain_graph=False) has freed. "
            "Compute the value anew, or leave retain_graph=False out of the earlier call."
        )


class LeafWriteError(DualrevError, ValueError):
    """A variable was written to where the write cannot be recorded.

    Parameters
    ----------
    what, remedy : str
        What was attempted, and what to write instead.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(
            f"{what}, at {user_location()}, is not possible: what was recorded needs the value that is there, or would "
            f"be forgotten. Instead: {remedy}."
        )


class MissingRuleError(DualrevError, TypeError):
    """A function has no derivative rule in the registry."""

    def __init__(self, name: str, detail: str = "") -> None:
        self.name = name
        super().__init__(
            f"{name} met a traced value at {user_location()} and has no derivative rule"
            f"{': ' + detail if detail else ''}. Write it with functions that have one "
            "(`python -m dualrev coverage` lists them), declare a rule with dualrev.primitive, "
            f"or, if its result is a constant, call it on dualrev.value(x)."
        )


class UnsupportedError(DualrevError, TypeError):
    """A function or option has no derivative, or no sensible one; the reason is stated."""

    def __init__(self, name: str, reason: str, alternative: str) -> None:
        self.name = name
        super().__init__(
            f"{name} is not supported on traced values: {reason} (at {user_location()}). "
            f"Instead: {alternative}."
        )


class SolutionError(DualrevError, ArithmeticError):
    """What was asked of a solution is ill-posed: it is not converged, singular, or not smooth there.

    Parameters
    ----------
    name : str
        The solver.
    reason, remedy : str
        What was found, and what can be done.
    """

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        self.name = name
        super().__init__(
            f"{name}: the result is ill-posed (at {user_location()}): {reason}. Remedy: {remedy}."
        )


class FlatDirectionError(SolutionError):
    """A Hessian that should be positive definite is not: along one direction nothing is determined.

    Parameters
    ----------
    name : str
        The function.
    direction : ndarray
        The eigenvector, over the flat parameters; kept as attribute.
    eigenvalue : float
        Its eigenvalue; kept as attribute.
    where : str
        The direction in words, with the names of the parameters.
    remedy : str
        What can be done.
    """

    def __init__(
        self, name: str, direction: np.ndarray, eigenvalue: float, where: str, remedy: str
    ) -> None:
        self.direction = direction
        self.eigenvalue = eigenvalue
        super().__init__(
            name,
            f"the Hessian is not positive definite: its eigenvalue along {where} is {eigenvalue:.3g}",
            remedy,
        )


class RegistrationError(DualrevError, ValueError):
    """A primitive was declared twice, or its declaration is incomplete."""


class InputError(DualrevError, TypeError):
    """An argument cannot be differentiated, or is not an array."""


class OutputError(DualrevError, TypeError):
    """The user's function returned something that the transform cannot use."""


class PatternError(DualrevError, ValueError):
    """A sparse matrix does not keep to its pattern, or a pattern cannot be used."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what}. {remedy[:1].upper()}{remedy[1:]}.")


class ShapeError(DualrevError, ValueError):
    """Shapes of primals, tangents or cotangents do not fit."""


class CapturedWriteError(DualrevError, ValueError):
    """A large plain array that the sweep still needs was written to after its use."""

    def __init__(self, original: object) -> None:
        where = user_location(original if isinstance(original, BaseException) else None)
        super().__init__(
            f"{original}, at {where}. If the array took part in an operation with a traced value, dualrev made it "
            "read-only until the derivative is computed, because the reverse sweep still needs the values it had. "
            "Write into a fresh array, or pass a copy (A.copy()) to the operation."
        )


class NonFiniteError(DualrevError, FloatingPointError):
    """``dualrev.debug(nan="raise")`` met the first non-finite primal, tangent or cotangent."""

    def __init__(self, kind: str, operation: str, operands: str, where: str) -> None:
        self.kind = kind
        self.operation = operation
        self.where = where
        super().__init__(f"first non-finite {kind}: in {operation} at {where}\n{operands}")
