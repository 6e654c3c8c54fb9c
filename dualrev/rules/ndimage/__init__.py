"""The rules of scipy.ndimage, which are loaded when one of its functions is first met."""

from dualrev.rules.ndimage import edges as edges
from dualrev.rules.ndimage import interpolation as interpolation
from dualrev.rules.ndimage import linear as linear
from dualrev.rules.ndimage import measurements as measurements
from dualrev.rules.ndimage import prefilter as prefilter
from dualrev.rules.ndimage import ranks as ranks
