"""eigs: eigenvalues and vectors of general matrices with traced entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import linalg

from dualrev.core.array import dtype_of
from dualrev.core.domains import case
from dualrev.core.flavours import constant, general
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.degeneracy import check_phase, size_of
from dualrev.rules.sparse.eigen import OPTIONS, Bordered, matrix_of, plain_options
from dualrev.rules.sparse.products import Pattern, outer_at, sparse_product
from dualrev.rules.sparse.systems import sparse_solve

__all__ = ["GeneralProblem", "general_eigenpairs"]


class GeneralProblem:
    """A v = w v with vectors of length 1; ``pairs(matrix)`` returns values and vectors of a plain sparse array."""

    def __init__(self, pattern: Pattern, pairs: Callable[[Any], Any]) -> None:
        self.pattern = pattern
        self.pairs = pairs
        n = pattern.shape[0]
        every, last = np.arange(n), np.full(n, n)
        rows = [pattern.rows, every, every, last]
        columns = [pattern.columns, every, last, every]
        self.bordered = Pattern((n + 1, n + 1), "coo", *map(np.concatenate, (rows, columns)))

    def value(self, a: Any) -> Any:
        """Return eigenvalues and vectors for plain entries."""
        w, v = self.pairs(self.pattern.matrix(a))
        dtype = np.result_type(a, np.complex64) if w.dtype.kind == "c" else a.dtype
        return w.astype(dtype), (v / np.linalg.norm(v, axis=0)).astype(dtype)

    def solve(self, a: Any, w: Any, v: Any, b: Any, transposed: bool) -> Any:
        """Solve [[A − w, −v], [vᴴ, 0]] for the rows of `b`, of each pair in turn."""
        system = Bordered(self.bordered, {})
        ones = np.ones(v.shape[1], np.int8)
        rows: list[Any] = []
        for k in range(v.shape[0]):
            entries = np.concatenate([a, -w[k] * ones, -v[k], np.conjugate(v[k])])
            rows.append(sparse_solve(entries, b[k], system=system, transposed=transposed))
        return np.stack(rows)


def _general(rng: np.random.Generator) -> Any:
    return rng.normal(size=7) * 0.4 + np.array([1.0, 0.3, -0.6, 3.0, 0.4, 0.5, 6.0])


_PATTERN = Pattern((3, 3), "coo", np.array([0, 0, 1, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 1, 2]))


def _pairs(matrix: Any) -> Any:
    w, v = np.linalg.eig(matrix.toarray())
    order = np.argsort(-np.abs(w))[:2]
    return w[order], v[:, order]


@general(
    lambda x, *, problem: problem.value(x),
    on=[case(_general, problem=GeneralProblem(_PATTERN, _pairs))],
    name="general_eigenpairs",
    analytic=False,
    kinks="vᴴdv = 0; an eigenvalue that is not simple raises LinAlgError",
)
class general_eigenpairs:
    """(A − w) dv − v dw = −dA v with vᴴdv = 0: one bordered system for both (Andrew, Chu & Lancaster 1993)."""

    def tangent(t: Any, x: Any, y: Any, *, problem: GeneralProblem) -> Any:
        w, v = y
        change = sparse_product(t, v.T, pattern=problem.pattern)
        b = np.concatenate([-change, np.zeros((len(w), 1), np.int8)], axis=1)
        d = problem.solve(x, w, v.T, b, False)
        return d[:, -1], d[:, :-1].T

    def adjoint(ct: Any, x: Any, y: Any, *, problem: GeneralProblem) -> Any:
        (ct_w, ct_v), (w, v) = ct, y
        if dtype_of(v).kind == "c":
            check_phase(np.matmul(v.T, ct_v), size_of(ct_v), what="eigs")
        b = np.concatenate([ct_v.T, ct_w[:, None]], axis=1)
        left = problem.solve(x, w, v.T, b, True)[:, :-1]
        return -outer_at(left, v.T, pattern=problem.pattern)


def _order_alone(w: Any, a: Any, *, pattern: Pattern, values: Callable[[Any], Any]) -> Any:
    """Return where SciPy has the eigenvalues if it is not asked for vectors, which is another order."""
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment(np.abs(values(pattern.matrix(a))[:, None] - w))[1]


(order_alone,) = constant(_order_alone, answers=False)


@numpy_function(
    linalg.eigs,
    kind="rule",
    note="vectors of length 1 with vᴴdv = 0, a result that depends on their phases raises; simple eigenvalues only",
)
def eigs(A: Any, k: int = 6, M: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Answer ``scipy.sparse.linalg.eigs``."""
    name = "scipy.sparse.linalg.eigs"
    given = dict(zip((*OPTIONS, "OPpart", "rng"), args, strict=False)) | kwargs
    options = plain_options(name, given, "sigma")
    vectors = options.pop("return_eigenvectors", True)
    if M is not None:
        raise UnsupportedError(
            name, "the generalised problem has no rule", "solve A x = w M x as eigs of M⁻¹ A, dense"
        )
    a = matrix_of(A, name)
    problem = GeneralProblem(a.pattern, lambda m: linalg.eigs(m, k, **options))
    w, v = general_eigenpairs(a._data, problem=problem)
    if vectors:
        return w, v

    def alone(m: Any) -> Any:
        return linalg.eigs(m, k, return_eigenvectors=False, **options)

    return np.take_along_axis(w, order_alone(w, a._data, pattern=a.pattern, values=alone), axis=-1)
