"""scipy.interpolate with derivatives with respect to the points of evaluation, the values and, mostly, the nodes.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import interpolate
>>> x = np.linspace(0.0, 3.0, 7)
>>> f = interpolate.CubicSpline(x, np.sin(x))
>>> bool(abs(dr.grad(f)(1.0) - f(1.0, 1)) < 1e-14)
True
>>> dr.grad(lambda y: interpolate.PchipInterpolator([0.0, 1.0, 2.0], y)(0.5))(np.array([0.0, 1.0, 4.0])).round(4)
array([ 0.6406,  0.375 , -0.0156])
"""

import inspect
import sys

from scipy import interpolate

from dualrev.core.mirror import mirror, stand_in
from dualrev.core.primitive import everything
from dualrev.scipy.interpolate import bivariate as bivariate
from dualrev.scipy.interpolate import bsplines as bsplines
from dualrev.scipy.interpolate import cubics as cubics
from dualrev.scipy.interpolate import fitpack as fitpack
from dualrev.scipy.interpolate import grids as grids
from dualrev.scipy.interpolate import lines as lines
from dualrev.scipy.interpolate import piecewise as piecewise
from dualrev.scipy.interpolate import polynomials as polynomials
from dualrev.scipy.interpolate import refused as refused
from dualrev.scipy.interpolate import scattered as scattered

everything("scipy.interpolate")
__getattr__, __dir__ = mirror(sys.modules[__name__], interpolate)
for _name in interpolate.__all__:
    _original = getattr(interpolate, _name)
    _own = stand_in(_original)
    if _own is _original or not callable(_own):
        continue
    # What other versions of SciPy call otherwise is passed on as `**options`; this version's names are shown.
    if not isinstance(_own, type):
        _own.__signature__ = inspect.signature(_original)
    elif "__init__" in vars(_own):
        vars(_own)["__init__"].__signature__ = inspect.signature(_original.__init__)
del everything, interpolate, stand_in
