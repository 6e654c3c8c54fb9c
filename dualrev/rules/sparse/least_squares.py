"""lsqr and lsmr: least squares by iteration; derivatives by one sparse factorisation of the augmented system."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import linalg

from dualrev.core.bind import operand
from dualrev.core.primitive import numpy_function
from dualrev.errors import SolutionError, UnsupportedError
from dualrev.rules.sparse.eigen import matrix_of, plain_options
from dualrev.rules.sparse.products import Pattern
from dualrev.rules.sparse.systems import Direct, sparse_solve

__all__: list[str] = []


class Augmented(Direct):
    """[[1, A], [Aᴴ, −d²]] of residual and solution, where the solution itself is SciPy's."""

    def __init__(self, pattern: Pattern, entries: Pattern, solver: Any, options: Any) -> None:
        super().__init__(pattern, {})
        self.entries = entries
        self.solver = solver
        self.solver_options = options
        self.last: Any = None

    def columns(self, a: Any, b: Any, transposed: bool, **first: Any) -> Any:
        """Solve for the rows of `b`; the user's own call is `first`."""
        if first:
            m, _ = self.entries.shape
            matrix = self.entries.matrix(a[m : m + self.entries.size])
            out = []
            for row in b:
                self.last = self.solver(matrix, row[:m], **self.solver_options)
                x = self.last[0]
                out.append(np.concatenate([row[:m] - matrix @ x, x]))
            return np.stack(out)
        if self.factors(a.astype(np.result_type(a, np.float32), copy=False)) is None:
            raise SolutionError(
                f"scipy.sparse.linalg.{self.solver.__name__}",
                "the matrix does not have full column rank, so that the solution is not unique",
                "give a positive damp, or drop the columns that depend on others",
            )
        return super().columns(a, b, transposed)


def _answer(function: Any, third: tuple[str, ...]) -> None:
    name = f"scipy.sparse.linalg.{function.__name__}"

    @numpy_function(
        function,
        kind="rule",
        note="full column rank or damp > 0; derivatives by a sparse factorisation, of x only",
    )
    def solve(A: Any, b: Any, damp: Any = 0.0, *args: Any, **kwargs: Any) -> Any:
        options = plain_options(name, dict(zip(third, args, strict=False)) | kwargs)
        b = operand(b)
        damp = operand(damp)
        if isinstance(A, linalg.LinearOperator):
            raise UnsupportedError(
                name, "the derivative needs the entries of the matrix", "give it the sparse array"
            )
        a = matrix_of(A, name)
        m, n = a.shape
        if b.ndim == 2 and b.shape[1] == 1:
            b = np.ravel(b)
        if b.shape != (m,):
            raise ValueError(f"shapes of A {a.shape} and b {b.shape} are incompatible")
        rows, columns = np.arange(m), np.arange(n) + m
        pattern = Pattern(
            (m + n, m + n),
            "coo",
            np.concatenate([rows, a.row, a.col + m, columns]),
            np.concatenate([rows, a.col + m, a.row, columns]),
        )
        if hasattr(damp, "level"):
            raise UnsupportedError(
                name, "damp has no rule", "stack A and damp times the identity, and b and zeros"
            )
        options["damp"] = damp
        system = Augmented(pattern, a.pattern, function, options)
        entries = np.concatenate(
            [
                np.ones(m, np.int8),
                a._data,
                np.conjugate(a._data),
                np.full(
                    n, -(damp**2), np.finfo(np.result_type(a.dtype, b.dtype, np.float32)).dtype
                ),
            ]
        )
        right = np.concatenate([b, np.zeros(n, np.int8)])
        x = sparse_solve(entries, right, system=system, transposed=False, own=True)[m:]
        return (x, *system.last[1:])


_answer(
    linalg.lsqr,
    ("atol", "btol", "conlim", "iter_lim", "show", "calc_var", "x0"),
)
_answer(linalg.lsmr, ("atol", "btol", "conlim", "maxiter", "show", "x0"))
