"""scipy.sparse: sparse arrays made of traced entries, and what is made of those."""

import numpy as np
import scipy.sparse as plain

from dualrev.scipy import sparse
from dualrev.scipy.sparse import linalg
from tests.rules.examples import Example

_rng = np.random.default_rng(31)
DATA = _rng.normal(size=6)
LINE = _rng.normal(size=4)
ROWS, COLUMNS = np.array([0, 2, 1, 1, 0, 2]), np.array([0, 1, 1, 2, 3, 1])
INDICES, INDPTR = np.array([0, 3, 1, 2, 1, 3]), np.array([0, 2, 4, 6])
DENSE = _rng.normal(size=(2, 3))
BLOCKS = _rng.normal(size=(3, 2, 2))
TWO = _rng.normal(size=(2, 4))
CONSTANT = plain.csr_array(np.array([[0.0, 1.5], [-2.0, 0.5]]))


def rows(data):
    """Return a 3 x 4 array by rows."""
    return sparse.csr_array((data, INDICES, INDPTR), shape=(3, 4))


def pieces(a):
    """Return the places and entries of what ``find`` gave, entries only."""
    return a[2]


def by_places(kind):
    """Return examples of a class that takes entries by place."""
    make = getattr(sparse, kind)
    return [
        Example(lambda d: make((d, (ROWS, COLUMNS)), shape=(3, 4)).toarray(), DATA),
        Example(lambda d: make((2.0 * d, (ROWS, COLUMNS))) @ LINE, DATA),
        Example(lambda x: make(x).toarray(), DENSE),
        Example(lambda d: make(rows(d)).toarray(), DATA),
    ]


def compressed(kind):
    """Return an example of a class that takes entries by rows or columns."""
    make, shape = getattr(sparse, kind), (4, 3) if "csc" in kind else (3, 4)
    return Example(lambda d: make((d, INDICES, INDPTR), shape=shape).toarray(), DATA)


def otherwise(name, kind):
    """Return an example of one of the other classes."""
    make = getattr(sparse, f"{name}_{kind}")
    if name == "bsr":
        return Example(lambda x: make((x, [0, 1, 0], [0, 2, 3]), shape=(4, 4)).toarray(), BLOCKS)
    if name == "dia":
        return Example(lambda x: make((x, [0, -1]), shape=(4, 4)).toarray(), TWO)
    return Example(lambda x: make(x).toarray(), DENSE)


EXAMPLES = {}
for _kind in ("array", "matrix"):
    for _name in ("coo", "csc", "csr"):
        EXAMPLES[f"sparse.{_name}_{_kind}"] = by_places(f"{_name}_{_kind}")
    for _name in ("csc", "csr"):
        EXAMPLES[f"sparse.{_name}_{_kind}"].append(compressed(f"{_name}_{_kind}"))
    for _name in ("bsr", "dia", "dok", "lil"):
        EXAMPLES[f"sparse.{_name}_{_kind}"] = [otherwise(_name, _kind)]

EXAMPLES |= {
    "sparse.diags_array": [
        Example(lambda x: sparse.diags_array([x, x[1:]], offsets=[0, 1]).toarray(), LINE),
        Example(
            lambda x: sparse.diags_array(x, offsets=-1, shape=(5, 4), format="csc").toarray(), LINE
        ),
        Example(
            lambda x: sparse.diags_array([x[0], 2.0], offsets=[0, 2], shape=(3, 4)).toarray(), LINE
        ),
    ],
    "sparse.diags": [
        Example(lambda x: sparse.diags([x, -x[:3]], [0, -1]).toarray(), LINE),
        Example(lambda x: sparse.diags(x, 1, format="csr") @ np.arange(5.0), LINE),
    ],
    "sparse.spdiags": [Example(lambda x: sparse.spdiags(x, [0, 1], 3, 4).toarray(), TWO)],
    "sparse.block_array": [
        Example(lambda d: sparse.block_array([[rows(d), None], [None, CONSTANT]]).toarray(), DATA)
    ],
    "sparse.bmat": [
        Example(lambda d: sparse.bmat([[rows(d), rows(d * d)]], format="csc").toarray(), DATA)
    ],
    "sparse.block_diag": [
        Example(lambda d: sparse.block_diag([rows(d), CONSTANT], format="csr").toarray(), DATA)
    ],
    "sparse.hstack": [Example(lambda d: sparse.hstack([rows(d), rows(d)[:, 1:]]).toarray(), DATA)],
    "sparse.vstack": [Example(lambda d: sparse.vstack((rows(d), rows(d)[1:])).toarray(), DATA)],
    "sparse.tril": [Example(lambda d: sparse.tril(rows(d), 1, format="csc").toarray(), DATA)],
    "sparse.triu": [Example(lambda d: sparse.triu(rows(d)).toarray(), DATA)],
    "sparse.kron": [
        Example(lambda d: sparse.kron(rows(d), CONSTANT).toarray(), DATA),
        Example(lambda d: sparse.kron(CONSTANT, rows(d), format="coo").toarray(), DATA),
        Example(lambda d: sparse.kron(rows(d), rows(d * 2)) @ np.arange(16.0), DATA),
    ],
    "sparse.kronsum": [
        Example(lambda d: sparse.kronsum(rows(d)[:, :3], CONSTANT).toarray(), DATA),
    ],
    "sparse.find": [Example(lambda d: pieces(sparse.find(rows(d))), DATA)],
    "sparse.linalg.norm": [
        Example(lambda d: linalg.norm(rows(d)), DATA),
        Example(lambda d: linalg.norm(sparse.csr_matrix(rows(d)), 1), DATA),
        Example(lambda d: linalg.norm(sparse.csr_matrix(rows(d)), -np.inf), DATA),
        Example(lambda d: linalg.norm(rows(d), axis=0), DATA),
        Example(lambda d: linalg.norm(rows(d), 3, axis=1), DATA),
        Example(lambda d: linalg.norm(rows(d), np.inf, axis=-1), DATA),
    ],
}
if hasattr(plain, "swapaxes"):
    EXAMPLES["sparse.swapaxes"] = [
        Example(lambda d: sparse.swapaxes(rows(d), 0, 1).toarray(), DATA)
    ]
    EXAMPLES["sparse.permute_dims"] = [
        Example(lambda d: sparse.permute_dims(rows(d), (1, 0)).toarray(), DATA)
    ]
if hasattr(plain.linalg, "matrix_power"):
    EXAMPLES["sparse.linalg.matrix_power"] = [
        Example(lambda d: linalg.matrix_power(rows(d)[:, :3], 3).toarray(), DATA),
        Example(lambda d: linalg.matrix_power(rows(d)[:, 1:], 1).toarray(), DATA),
    ]

CONSTANTS = {
    "sparse.random_array": [
        lambda x: sparse.random_array(x.shape, density=0.5, random_state=0).toarray()
    ]
}
if hasattr(plain.linalg, "spbandwidth"):
    CONSTANTS |= {
        "sparse.linalg.is_sptriangular": [lambda x: linalg.is_sptriangular(sparse.csr_array(x))],
        "sparse.linalg.spbandwidth": [lambda x: linalg.spbandwidth(sparse.csr_array(x))],
    }
