"""A traced call answers as the plain one: value, dtype, shape, or NumPy's own error."""

import warnings

import numpy as np

import dualrev as dr

__all__ = ["as_plain"]


def _outcome(call):
    """Return the result (or the error) and the warnings of a call."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            y = call()
        except Exception as error:  # compared below
            return None, error, set()
    words = {str(w.message).rstrip(".") for w in given}
    # Derivatives hold warnings of arithmetic back where they are repeated with strong zeros.
    return y, None, {w for w in words if "encountered in" not in w}


def as_plain(f, *xs, exact=False):
    """Raise unless `f` of traced arrays is `f` of plain ones, to rounding or bit for bit."""
    want, error, words = _outcome(lambda: f(*xs))
    zeros = tuple(np.zeros_like(x) for x in xs)
    for call in (lambda: dr.jvp(f, xs, zeros)[0], lambda: dr.vjp(f, *xs)[0]):
        found, other, others = _outcome(call)
        assert type(error) is type(other), f"{error!r} against {other!r}"
        assert str(error) == str(other)
        assert words == others
        if error is None:
            _equal(found, want, exact)


def _equal(found, want, exact):
    if isinstance(want, (tuple, list)):
        assert len(found) == len(want)
        for one, other in zip(found, want, strict=True):
            _equal(one, other, exact)
        return
    found, want = np.asarray(found), np.asarray(want)
    assert found.dtype == want.dtype
    assert found.shape == want.shape
    if exact or want.dtype.kind not in "fc":
        np.testing.assert_array_equal(found, want)
    else:
        rtol = 64 * np.finfo(want.dtype).eps
        np.testing.assert_allclose(found, want, rtol=rtol, atol=rtol)
