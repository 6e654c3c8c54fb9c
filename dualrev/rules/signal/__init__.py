"""The rules of scipy.signal, which are loaded when one of its functions is first met."""

from dualrev.rules.signal import convolution as convolution
from dualrev.rules.signal import filters as filters

from dualrev.rules.signal import resampling as resampling  # isort: skip
from dualrev.rules.signal import smoothing as smoothing
from dualrev.rules.signal import spectra as spectra

from dualrev.rules.signal import classified as classified  # isort: skip
