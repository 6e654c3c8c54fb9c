"""scipy.sparse with traced entries; products of plain sparse arrays with traced vectors need no mirror.

Constructors given traced entries make a `TracedSparse`, whose pattern is fixed; given plain ones, SciPy's own arrays.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import sparse
>>> A = sparse.csr_array(np.array([[1.0, 2.0], [0.0, 3.0]]))
>>> dr.grad(lambda x: np.sum((A @ x) ** 2))(np.array([1.0, 1.0]))
array([ 6., 30.])
>>> def f(d):
...     return np.sum(sparse.diags_array([d, d[1:]], offsets=[0, 1]) @ np.array([1.0, 2.0]))
>>> dr.grad(f)(np.array([1.0, 1.0]))
array([1., 4.])
"""

import sys

from scipy import sparse

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything
from dualrev.scipy.sparse import stand_ins as stand_ins

everything("scipy.sparse")
__getattr__, __dir__ = mirror(sys.modules[__name__], sparse)
del everything, mirror, sparse
