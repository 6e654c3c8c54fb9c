"""SciPy with exact derivatives: what is not written here passes through to `scipy`."""

import sys

import scipy

from dualrev.core.mirror import mirror
from dualrev.scipy import special as special

__getattr__, __dir__ = mirror(sys.modules[__name__], scipy)
