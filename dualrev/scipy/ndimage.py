"""scipy.ndimage of traced arrays."""

import sys

from scipy import ndimage

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything

everything("scipy.ndimage")
__getattr__, __dir__ = mirror(sys.modules[__name__], ndimage)
del everything, ndimage
