"""scipy.sparse.linalg with differentiable solutions, and linear operators that take traced vectors.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import sparse
>>> from dualrev.scipy.sparse import linalg
>>> b = np.array([1.0, 2.0])
>>> def f(d):
...     return np.sum(linalg.spsolve(sparse.diags_array([d], offsets=[0], format="csc"), b))
>>> dr.grad(f)(np.array([1.0, 2.0]))
array([-1. , -0.5])
"""

import sys

from scipy.sparse import linalg

from dualrev.core.mirror import mirror
from dualrev.core.primitive import ENTRIES, everything
from dualrev.scipy.sparse import operators
from dualrev.scipy.sparse.stand_ins import answering_sparse

everything("scipy.sparse")
for _name in dir(linalg):
    _function = getattr(linalg, _name)
    known = not isinstance(_function, type) and callable(_function) and _function in ENTRIES
    if known and _name not in operators.__all__:
        answering_sparse(_function, _name in ("factorized", "spilu", "splu"))

__getattr__, __dir__ = mirror(sys.modules[__name__], linalg)
del answering_sparse, everything, linalg, mirror
