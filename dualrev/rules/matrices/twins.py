"""The decompositions of numpy.linalg with SciPy's value: other LAPACK drivers choose other signs, by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from scipy import linalg

from dualrev.core.declaration import callable_primitive
from dualrev.core.flavours import batch_leading
from dualrev.core.primitive import Case, Primitive, Rule
from dualrev.rules import eigen, factorisations, singular
from dualrev.rules.matrices.arguments import each

__all__ = ["eig", "eigh", "qr", "svd"]


def _twin(original: Any, fun: Callable[..., Any], name: str, on: Iterable[Case]) -> Primitive:
    """Declare a primitive with the rules of `original`, whose value is that of SciPy's `fun`."""

    def of(rule: Any) -> Rule:
        def call(*kept: Any, driver: Any = None, **params: Any) -> Any:
            return rule.call(*kept, **params)

        return Rule(call, rule.keeps)

    return callable_primitive(
        Primitive(
            name,
            fun,
            original.flavour,
            original.arguments,
            tuple(map(of, original.tangents)),
            tuple(map(of, original.adjoints)),
            cases=on,
            batch=batch_leading,
            formula=original.formula,
            kinks=original.kinks,
            analytic=False,
            pattern=original.pattern,
        )
    )


def _with(extra: dict[str, Any], original: Any) -> list[Case]:
    return [Case(c.arrays, {**c.params, **extra}) for c in original.cases]


def _eigh(x: Any, *, uplo: str, driver: Any) -> Any:
    return each(lambda m: linalg.eigh(m, lower=uplo == "L", check_finite=False, driver=driver), x)


def _svd(x: Any, *, full: bool, driver: str) -> Any:
    def one(m: Any) -> Any:
        return linalg.svd(m, full_matrices=full, check_finite=False, lapack_driver=driver)

    return each(one, x)


def _qr(x: Any, *, mode: str) -> Any:
    mode = "full" if mode == "complete" else "economic"
    return each(lambda m: linalg.qr(m, mode=mode, check_finite=False), x)


def _eig(x: Any) -> Any:
    w, v = each(lambda m: linalg.eig(m, check_finite=False), x)
    if x.dtype.kind == "c" or w.imag.any():
        return w, v
    return w.real, v.real


eigh = _twin(eigen.eigh_, _eigh, "matrices.eigh", _with({"driver": "evd"}, eigen.eigh_))
svd = _twin(singular.svd, _svd, "matrices.svd", _with({"driver": "gesdd"}, singular.svd))
qr = _twin(factorisations.qr_, _qr, "matrices.qr", factorisations.qr_.cases)
eig = _twin(eigen.eig_, _eig, "matrices.eig", eigen.eig_.cases)
