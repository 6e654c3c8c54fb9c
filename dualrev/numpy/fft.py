"""numpy.fft, also for nested lists that hold traced values."""

import sys

import numpy as np

from dualrev.core.mirror import mirror

__getattr__, __dir__ = mirror(sys.modules[__name__], np.fft)
