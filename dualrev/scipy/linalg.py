"""scipy.linalg with derivatives.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import linalg
>>> dr.grad(lambda a: np.trace(linalg.expm(a)))(np.zeros((2, 2)))
array([[1., 0.],
       [0., 1.]])
"""

import sys

from scipy import linalg

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything

everything("scipy.linalg")
__getattr__, __dir__ = mirror(sys.modules[__name__], linalg)
del everything, linalg
