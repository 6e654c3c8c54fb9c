"""SciPy with exact derivatives: what is not written here passes through to `scipy`."""

import sys

import scipy

from dualrev.core.mirror import mirror

__getattr__, __dir__ = mirror(sys.modules[__name__], scipy)
