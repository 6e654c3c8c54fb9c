"""scipy.stats with derivatives of distributions, densities and sample statistics.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import stats
>>> data = np.array([0.4, 1.3, 2.2])
>>> def loss(mu, sigma):
...     return -np.sum(stats.norm(mu, sigma).logpdf(data))
>>> [round(float(g), 12) for g in dr.grad(loss, argnums=(0, 1))(1.0, 2.0)]
[-0.225, 1.26375]
"""

import sys

from scipy import stats

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything
from dualrev.scipy.stats import density as density
from dualrev.scipy.stats import distribution as distribution

everything("scipy.stats")
__getattr__, __dir__ = mirror(sys.modules[__name__], stats)
del everything, stats
