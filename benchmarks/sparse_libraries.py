"""How each library prepares and evaluates a sparse derivative, the way its documentation shows.

dualrev
    ``J = dr.sparse.jacobian(f)``, ``J.prepare(x)``, ``J(x)``: a NumPy array in, ``csr_array`` out.
    ``dr.sparse.hessian`` likewise.
asdex
    ``asdex.jacobian_sparsity`` and ``asdex.jacobian_coloring_from_sparsity`` (its numba code compiled
    before), then ``jax.jit(asdex.jacobian_from_coloring(f, coloring))`` in float64: a NumPy array
    in, JAX's BCOO out, with ``block_until_ready``; and the same with ``output_format="scipy_csr"``,
    which compiles by itself and returns a ``csr_array``.
CasADi
    SX: ``ca.Function("J", [x], [ca.jacobian(y, x)])``, of which the ordinary call (a NumPy array in,
    ``DM`` out) and the buffered one (a NumPy array in, ``csc_array`` out).
SciPy
    ``group_columns`` and ``approx_derivative(..., "2-point")``, which cannot detect: it is given the
    pattern. Jacobians only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize._numdiff import approx_derivative, group_columns

from .problems import Function


@dataclass(frozen=True)
class Case:
    """A function with a sparse derivative, a point, and what the project wants of it."""

    name: str
    kind: str
    make: Callable[[Any], Function]
    x: np.ndarray
    judged: bool = True
    passes: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A library made ready for a case: what that took, and the calls that evaluate."""

    seconds: dict[str, float]
    colours: int
    entries: int
    evaluations: dict[str, Callable[[], Any]]
    matrix: Callable[[], Any]


Known = dict[str, Prepared]


def dualrev(case: Case, known: Known) -> Prepared:
    import dualrev as dr

    f, x = case.make(np), case.x
    transform, detect = getattr(dr.sparse, case.kind), getattr(dr.sparse, f"{case.kind}_pattern")
    start = perf_counter()
    derivative = transform(f).prepare(x)
    end = perf_counter()
    detect(f, x)
    seconds = {"dualrev": end - start, "dualrev, detection": perf_counter() - end}
    evaluations = {"dualrev": lambda: derivative(x)}
    if derivative.mode == "direct":
        # The same by colours, which the direct way does without.
        start = perf_counter()
        coloured = transform(f, mode="forward").prepare(x)
        seconds["dualrev, coloured"] = perf_counter() - start
        evaluations["dualrev, coloured"] = lambda: coloured(x)
    sides = derivative.colours if isinstance(derivative.colours, tuple) else (derivative.colours,)
    return Prepared(
        seconds,
        sum(int(side.max(initial=-1)) + 1 for side in sides),
        int(derivative.pattern.nnz),
        evaluations,
        evaluations["dualrev"],
    )


def asdex(case: Case, known: Known) -> Prepared:
    import asdex
    import jax

    jax.config.update("jax_enable_x64", True)
    f, x = case.make(jax.numpy), case.x
    build = getattr(asdex, f"{case.kind}_from_coloring")
    start = perf_counter()
    pattern = getattr(asdex, f"{case.kind}_sparsity")(f, x)
    detected = perf_counter()
    coloring = getattr(asdex, f"{case.kind}_coloring_from_sparsity")(pattern)
    coloured = perf_counter()
    compiled = jax.jit(build(f, coloring))

    def evaluate():
        return compiled(x).data.block_until_ready()

    evaluate()
    end = perf_counter()
    to_csr = build(f, coloring, output_format="scipy_csr")

    def evaluate_csr():
        return to_csr(x)

    return Prepared(
        {
            "asdex": coloured - start,
            "asdex, detection": detected - start,
            "asdex, with compiling": end - start,
        },
        int(coloring.num_colors),
        int(pattern.nnz),
        {"asdex BCOO": evaluate, "asdex CSR": evaluate_csr},
        evaluate_csr,
    )


class Symbols:
    """The part of NumPy's namespace that the functions use, over CasADi's matrices.

    CasADi is column-major and has no vectors but matrices of one column.
    """

    def __init__(self) -> None:
        import casadi

        self.ca = casadi
        self.sqrt = casadi.sqrt

    def reshape(self, a, shape):
        return self.ca.reshape(a, shape[1], shape[0]).T if len(shape) == 2 else a

    def ravel(self, a):
        return self.ca.reshape(a.T, -1, 1)

    def concatenate(self, parts):
        return self.ca.vertcat(*parts)

    def sum(self, a):
        return self.ca.sum1(self.ca.vec(a))

    def roll(self, a, shift, axis):
        if axis:
            return self.ca.horzcat(a[:, -shift:], a[:, :-shift])
        return self.ca.vertcat(a[-shift:, :], a[:-shift, :])


def casadi(case: Case, known: Known) -> Prepared:
    import casadi as ca

    f, point = case.make(Symbols()), case.x
    start = perf_counter()
    x = ca.SX.sym("x", len(point))
    y = f(x)
    matrix = ca.jacobian(y, x) if case.kind == "jacobian" else ca.hessian(y, x)[0]
    function = ca.Function("derivative", [x], [matrix])
    end = perf_counter()
    pattern = matrix.sparsity()
    if case.kind == "jacobian":
        colours = min(pattern.uni_coloring().size2(), pattern.T.uni_coloring().size2())
    else:
        colours = pattern.star_coloring().size2()
    buffer, call = function.buffer()
    data = np.zeros(pattern.nnz())
    buffer.set_arg(0, memoryview(point))
    buffer.set_res(0, memoryview(data))
    rows, starts = np.array(pattern.row()), np.array(pattern.colind())

    # The bare call holds none of the objects that it works on.
    def evaluate(held=(function, buffer, point)):
        call()
        return sparse.csc_array((data.copy(), rows, starts), shape=matrix.shape)

    return Prepared(
        {"CasADi": end - start},
        colours,
        pattern.nnz(),
        {"CasADi DM": lambda: function(point), "CasADi CSC": evaluate},
        evaluate,
    )


def scipy(case: Case, known: Known) -> Prepared:
    f, x = case.make(np), case.x
    given = known["dualrev"].matrix()
    pattern = sparse.csr_array((np.ones(given.nnz), given.indices, given.indptr), shape=given.shape)
    start = perf_counter()
    groups = group_columns(pattern)
    end = perf_counter()

    def evaluate():
        return approx_derivative(f, x, method="2-point", sparsity=(pattern, groups))

    return Prepared(
        {"SciPy, grouping": end - start},
        int(groups.max()) + 1,
        pattern.nnz,
        {"SciPy 2-point CSR": evaluate},
        evaluate,
    )


MAKERS: dict[str, Callable[[Case, Known], Prepared]] = {
    "dualrev": dualrev,
    "asdex": asdex,
    "CasADi": casadi,
    "SciPy": scipy,
}
