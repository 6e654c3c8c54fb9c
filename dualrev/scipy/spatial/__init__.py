"""scipy.spatial: distances have derivatives; trees, hulls and rotations pass through."""

import sys

from scipy import spatial

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything

everything("scipy.spatial")
__getattr__, __dir__ = mirror(sys.modules[__name__], spatial)
del everything, spatial
