"""The rules of scipy.interpolate, which are loaded when one of its functions is first met."""

from dualrev.rules.splines import basis as basis
from dualrev.rules.splines import maps as maps
from dualrev.rules.splines import piecewise as piecewise
from dualrev.rules.splines import scattered as scattered
from dualrev.rules.splines import slopes as slopes
from dualrev.rules.splines import tridiagonal as tridiagonal
