"""scipy.special, also for the functions that are no ufuncs, which NumPy cannot dispatch on traced values.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import special
>>> dr.grad(special.logsumexp)(np.array([0.0, 0.0]))
array([0.5, 0.5])
"""

import sys

from scipy import special

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything

everything()
__getattr__, __dir__ = mirror(sys.modules[__name__], special)
del everything, special
