"""scipy.spatial.distance with derivatives in points, weights and other parameters.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy.spatial import distance
>>> points = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]])
>>> dr.grad(lambda x: np.sum(distance.pdist(x)))(points)
array([[-1.6, -0.8],
       [ 0.6,  1.8],
       [ 1. , -1. ]])
"""

import sys

from scipy.spatial import distance

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything

everything("scipy.spatial")
__getattr__, __dir__ = mirror(sys.modules[__name__], distance)
del everything, distance
