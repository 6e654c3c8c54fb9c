"""scipy.fft, on traced arrays too.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import fft
>>> dr.grad(lambda x: fft.dct(x)[0])(np.ones(3))
array([2., 2., 2.])
"""

import sys

from scipy import fft

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything

everything("scipy.fft")
__getattr__, __dir__ = mirror(sys.modules[__name__], fft)
del everything, fft, mirror
