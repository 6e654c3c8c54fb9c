"""scipy.fft: Fourier, sine, cosine and Hankel transforms; loaded when first asked for."""

from dualrev.rules.transforms import fourier as fourier
from dualrev.rules.transforms import hankel as hankel
from dualrev.rules.transforms import trigonometric as trigonometric
