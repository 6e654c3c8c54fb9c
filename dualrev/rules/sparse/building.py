"""Sparse arrays made of traced entries: constructors, diagonals, blocks; and what SciPy asks of a sparse array."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from scipy import sparse

from dualrev.core.bind import operand
from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.sparse.arrays import TracedSparse, is_sparse, rearranged, sparse_of, varies

__all__ = ["CONSTRUCTORS"]

_FIXED = "the pattern is fixed: an entry that happens to be zero stays one"
CONSTRUCTORS = tuple(
    getattr(sparse, f"{name}_{kind}")
    for kind in ("array", "matrix")
    for name in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
)


def _cast(made: Any, dtype: Any) -> Any:
    return made if dtype is None else made.astype(dtype)


def _constructor(kind: type) -> None:
    name, _, suffix = kind.__name__.partition("_")

    @numpy_function(kind, kind="composite", note=_FIXED)
    def make(
        arg1: Any, shape: Any = None, dtype: Any = None, copy: bool = False, **more: Any
    ) -> Any:
        if isinstance(arg1, TracedSparse):
            out = arg1.asformat(name)
        elif isinstance(arg1, tuple) and not all(isinstance(n, int) for n in arg1):
            data, *rest = arg1
            by_place = len(rest) == 1 and name != "dia"
            # SciPy adds up entries at the same place when it makes CSR of coordinates: here they stay apart until then.
            build = sparse.coo_array if by_place else getattr(sparse, f"{name}_array")
            out = rearranged(
                lambda numbers: build((numbers, *rest), shape=shape, **more), operand(data)
            )
            out = out.asformat(name)
        else:
            dense = operand(arg1)
            if dense.ndim == 1 and suffix == "matrix":
                dense = dense[None, :]
            if dense.ndim != 2:
                raise UnsupportedError(
                    f"scipy.sparse.{kind.__name__}",
                    f"a sparse array with traced entries has two dimensions, not {dense.ndim}",
                    "make a matrix of one row",
                )
            out = rearranged(sparse.coo_array, dense).asformat(name)
        if out is arg1:
            out = out._with(out._data)
        out.is_array = suffix == "array"
        return _cast(out, dtype)


for _kind in CONSTRUCTORS:
    _constructor(_kind)


def _moving(function: Any) -> None:
    """Answer a function that puts the entries of its first argument, blocks or diagonals, in other places."""
    signature = inspect.signature(function)
    typed = "dtype" in signature.parameters

    @numpy_function(function, kind="composite", note=_FIXED)
    def move(*args: Any, **kwargs: Any) -> Any:
        given = signature.bind(*args, **kwargs)
        dtype = given.arguments.pop("dtype", None)
        first = next(iter(signature.parameters))
        parts: list[Any] = []

        def take_out(x: Any) -> Any:
            if x is None:
                return None
            if isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.dtype.hasobject):
                inner = [take_out(v) for v in x]
                return lambda numbers: [None if v is None else v(numbers) for v in inner]
            k = len(parts)
            parts.append(x if is_sparse(x) else operand(x))
            return lambda numbers: numbers[k]

        whole = take_out(given.arguments[first])

        def build(*numbers: Any) -> Any:
            given.arguments[first] = whole(numbers)
            if typed:
                given.arguments["dtype"] = np.int64
            return function(*given.args, **given.kwargs)

        return _cast(rearranged(build, *parts), dtype)


for _name in (
    "block_array block_diag bmat diags diags_array hstack permute_dims spdiags swapaxes tril triu "
    "vstack"
).split():
    if hasattr(sparse, _name):
        _moving(getattr(sparse, _name))


if hasattr(sparse, "expand_dims"):

    @numpy_function(
        sparse.expand_dims,
        kind="unsupported",
        note="a sparse array with traced entries has two dimensions",
    )
    def expand_dims(A: Any, /, *, axis: int = 0) -> Any:
        """Refuse ``scipy.sparse.expand_dims``."""
        raise UnsupportedError(
            "scipy.sparse.expand_dims",
            "a sparse array with traced entries has two dimensions",
            "use A.toarray()",
        )


@numpy_function(sparse.kron, kind="composite")
def kron(A: Any, B: Any, format: Any = None) -> Any:
    """Answer ``scipy.sparse.kron``."""
    pair = []
    for given in (A, B):
        x = given
        if not is_sparse(x):
            x = sparse.coo_array(x) if not varies(x) else rearranged(sparse.coo_array, operand(x))
        pair.append(sparse_of(x).merged().tocoo())
    a, b = pair
    ones, twos = (np.ones(s.nnz, np.int64) for s in pair)
    one = sparse.kron(a._like(np.arange(a.nnz) + 1), b._like(twos), format="coo")
    two = sparse.kron(a._like(ones), b._like(np.arange(b.nnz) + 1), format="coo")
    data = np.take(a._data, one.data - 1) * np.take(b._data, two.data - 1)
    made = rearranged(lambda n: sparse.coo_array((n, (one.row, one.col)), shape=one.shape), data)
    made.is_array = a.is_array or b.is_array
    return made.asformat(format or "csr")


@numpy_function(sparse.kronsum, kind="composite")
def kronsum(A: Any, B: Any, format: Any = None) -> Any:
    """Answer ``scipy.sparse.kronsum``: I ⊗ A + B ⊗ I."""
    for x in (A, B):
        if x.shape[0] != x.shape[1]:
            raise ValueError(f"{'A' if x is A else 'B'} is not square")
    left = kron(sparse.eye_array(B.shape[0]), A)
    total = left + kron(B, sparse.eye_array(A.shape[0]))
    return total.asformat(format)


@numpy_function(sparse.find, kind="rule", note=_FIXED)
def find(A: Any) -> tuple[Any, Any, Any]:
    """Answer ``scipy.sparse.find``: rows, columns and entries."""
    a = sparse_of(A).merged()
    order = np.lexsort((a.col, a.row))
    return a.row[order], a.col[order], np.take(a._data, order)


def _question(function: Any) -> None:
    wanted = function.__name__.removeprefix("isspmatrix").strip("_")

    @numpy_function(function, kind="passes", name=f"scipy.sparse.{function.__name__}")
    def ask(x: Any) -> bool:
        if not isinstance(x, TracedSparse):
            return bool(function(x))
        if function is sparse.issparse:
            return True
        return not x.is_array and wanted in ("", x.format)


for _name in (
    "issparse isspmatrix isspmatrix_bsr isspmatrix_coo isspmatrix_csc isspmatrix_csr isspmatrix_dia isspmatrix_dok "
    "isspmatrix_lil"
).split():
    _question(getattr(sparse, _name))


for _name in ("eye", "eye_array", "identity", "rand", "random", "random_array"):
    numpy_function(getattr(sparse, _name), kind="passes")(getattr(sparse, _name))
