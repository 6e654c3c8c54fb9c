"""scipy.signal of traced arrays."""

import sys

from scipy import signal

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything

everything("scipy.signal")
__getattr__, __dir__ = mirror(sys.modules[__name__], signal)
del everything, signal
