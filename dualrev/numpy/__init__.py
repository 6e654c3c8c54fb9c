"""NumPy with the functions that it cannot dispatch on traced values: ``from dualrev import numpy as np``.

Every name of `numpy` is here. The functions that NumPy dispatches, its types and constants are NumPy's own objects;
``array``, ``asarray``, ``zeros``, ``arange``, ``r_`` and the like are written, and give on plain arguments outside a
transform just what NumPy gives. It is the namespace that ``x.__array_namespace__()`` of a traced array returns, and
follows the Python array API standard as NumPy does.

Examples
--------
>>> import dualrev as dr
>>> from dualrev import numpy as np
>>> def residual(x):
...     r = np.zeros(3)
...     for i in range(3):
...         r[i] = x[0] ** i - x[1]
...     return r
>>> dr.jacobian(residual)(np.array([2.0, 1.0]))
array([[ 0., -1.],
       [ 1., -1.],
       [ 4., -1.]])
"""

import sys

import numpy as np

from dualrev.core.exchange import NAMESPACE
from dualrev.core.mirror import mirror
from dualrev.numpy import creation as _creation
from dualrev.numpy import fft as fft
from dualrev.numpy import linalg as linalg
from dualrev.numpy import math as math
from dualrev.numpy import special as special

__getattr__, __dir__ = mirror(sys.modules[__name__], np)
NAMESPACE.append(sys.modules[__name__])
del _creation, mirror, sys, NAMESPACE
