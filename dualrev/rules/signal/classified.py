"""What of scipy.signal has no derivative, or none that is written: positions, designs, systems, waveforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy import signal

from dualrev.core.primitive import numpy_function
from dualrev.errors import UnsupportedError
from dualrev.rules.ndimage.edges import plainly

__all__: list[str] = []

_CONSTANT = """
    argrelextrema argrelmax argrelmin find_peaks find_peaks_cwt check_COLA check_NOLA
"""
_PASSES = {
    "of sizes and names": "get_window max_len_seq unit_impulse savgol_coeffs kaiser_atten kaiser_beta",
}
_DESIGN = (
    "the design of a filter is done in plain numbers",
    "lfilter, sosfilt and freqz of coefficients that vary",
)
_SYSTEM = (
    "linear systems are handled as objects of plain numbers",
    "lfilter, or scipy.integrate.solve_ivp",
)
_FORM = "it finds or orders roots in plain numbers", "np.poly, np.roots and their derivatives"
_WAVE = "it is written for plain times", "the formula with NumPy functions"
_SPLINE = (
    "its recursion is written for plain numbers",
    "scipy.ndimage.spline_filter1d, map_coordinates",
)
_PEAK = (
    "it follows the slopes around given peaks",
    "the values at the indices that find_peaks returns",
)
_REFUSED = {
    _DESIGN: """
        band_stop_obj bessel besselap bilinear bilinear_zpk buttap butter buttord cheb1ap cheb1ord cheb2ap cheb2ord
        cheby1 cheby2 ellip ellipap ellipord findfreqs firls firwin firwin2 firwin_2d gammatone iircomb iirdesign
        iirfilter iirnotch iirpeak kaiserord lp2bp lp2bp_zpk lp2bs lp2bs_zpk lp2hp lp2hp_zpk lp2lp lp2lp_zpk
        minimum_phase remez closest_STFT_dual_window freqs_zpk group_delay
    """,
    _SYSTEM: """
        abcd_normalize bode cont2discrete dbode dfreqresp dimpulse dlsim dstep freqresp impulse lsim place_poles step
    """,
    _FORM: """
        invres invresz normalize residue residuez sos2tf sos2zpk ss2tf ss2zpk tf2sos tf2ss tf2zpk unique_roots
        zpk2sos zpk2ss zpk2tf
    """,
    _WAVE: "chirp gausspulse sawtooth square sweep_poly gauss_spline",
    _SPLINE: """
        cspline1d cspline1d_eval cspline2d qspline1d qspline1d_eval qspline2d sepfir2d spline_filter symiirorder1
        symiirorder2
    """,
    _PEAK: "peak_prominences peak_widths",
    ("it is written for plain arrays", "np.fft and the formula of the chirp transform"): """
        czt czt_points zoom_fft
    """,
    ("it is written for plain arrays", "np.fft of the windowed signal, hilbert, stft"): """
        envelope istft lombscargle
    """,
}


def _refusing(name: str, reason: str, alternative: str) -> Callable[..., Any]:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise UnsupportedError(f"scipy.signal.{name}", reason, alternative)

    return refuse


for _name in _CONSTANT.split():
    numpy_function(getattr(signal, _name), kind="constant", note="positions and truths")(
        plainly(getattr(signal, _name))
    )
for _note, _names in _PASSES.items():
    for _name in _names.split():
        numpy_function(getattr(signal, _name), kind="passes", note=_note)(getattr(signal, _name))
for _words, _names in _REFUSED.items():
    for _name in _names.split():
        if (_function := getattr(signal, _name, None)) is not None:
            _note = f"{_words[0]}; use {_words[1]}"
            numpy_function(_function, kind="unsupported", note=_note)(_refusing(_name, *_words))
