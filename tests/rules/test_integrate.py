"""Integrals of samples: traced and plain results agree, SciPy's errors."""

import numpy as np
import pytest
from scipy import integrate

import dualrev as dr
from dualrev.core.mirror import answering

rng = np.random.default_rng(5)
Y = rng.normal(size=(3, 6))
X = np.cumsum(0.1 + rng.random(6))
EACH = np.cumsum(0.1 + rng.random((3, 6)), axis=1)

CALLS = {
    "trapezoid": [{}, {"x": X}, {"x": EACH}, {"dx": 0.3, "axis": 0}],
    "simpson": [
        {},
        {"x": X},
        {"x": EACH},
        {"dx": 0.3},
        {"dx": 0.3, "axis": 0},
        {"x": np.repeat(X[::2], 2)},
    ],
    "cumulative_trapezoid": [{}, {"x": X}, {"x": EACH, "initial": 0}, {"dx": 0.3, "axis": 0}],
    "cumulative_simpson": [
        {},
        {"x": X},
        {"x": EACH, "initial": 0.5},
        {"dx": 0.3, "axis": 0},
        {"dx": np.full((3, 1), 0.2), "initial": np.ones((3, 1))},
    ],
    "romb": [{}, {"dx": 0.3}, {"axis": 0}],
}


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, os in CALLS.items() for o in os])
@pytest.mark.parametrize("dtype", [float, complex, np.float32, int])
def test_traced_equals_plain(name, options, dtype):
    function = getattr(integrate, name)
    y = Y[:, :5] if name == "romb" else Y
    plain = (3 * y).astype(dtype)
    try:
        expected = function(plain, **options)
    except np.exceptions.ComplexWarning:  # SciPy before 1.14 takes real parts there
        assert name == "cumulative_simpson"
        assert dtype is complex
        pytest.skip("this SciPy refuses complex samples")
    # Traced, whatever the dtype: the sum with a traced zero.
    found, _ = dr.vjp(
        lambda z: answering(function)(plain + z, **options), np.zeros((), dtype)[()] * 1.0
    )
    np.testing.assert_allclose(
        found, expected, rtol=1e-5 if dtype is np.float32 else 1e-13, atol=1e-6
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(
    "name", ["trapezoid", "simpson", "cumulative_trapezoid", "cumulative_simpson"]
)
@pytest.mark.parametrize("grid", [False, True])
def test_every_number_of_samples(name, n, grid):
    function = getattr(integrate, name)
    options = {"x": X[:n]} if grid else {"dx": 0.4}
    expected = function(Y[0, :n], **options)
    found, _ = dr.vjp(lambda y: answering(function)(y, **options), Y[0, :n])
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)


def test_integers_on_a_grid():
    found, _ = dr.vjp(lambda x: answering(integrate.simpson)([1, 2, 4, 7], x=x), np.arange(4.0))
    assert found == integrate.simpson([1, 2, 4, 7], x=np.arange(4))


BAD = {
    "Number of samples": lambda y: integrate.romb(y[:4]),
    "length of x along axis": lambda y: integrate.simpson(y, x=X[:4]),
    "shape of x must be 1-D": lambda y: integrate.simpson(y, x=np.ones((1, 1, 6))),
    "At least one point": lambda y: integrate.cumulative_trapezoid(y[:0]),
    "must be `None` or `0`": lambda y: integrate.cumulative_trapezoid(y, initial=1),
    "strictly increasing": lambda y: integrate.cumulative_simpson(y, x=-X),
    "shape of `x` must be the same": lambda y: integrate.cumulative_simpson(y, x=X[:3]),
    "`dx` must either be": lambda y: integrate.cumulative_simpson(y, dx=[1.0, 2.0]),
    "`initial` must either be": lambda y: integrate.cumulative_simpson(y, initial=[1.0, 2.0]),
    "is not valid for `y`": lambda y: integrate.cumulative_simpson(y, axis=3),
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_gets_scipys_words(words, monkeypatch):
    call = BAD[words]
    try:
        with pytest.raises(ValueError, match=words):
            call(Y[0])
    except DeprecationWarning:  # SciPy before 1.15 still answers
        pass
    for name in CALLS:
        monkeypatch.setattr(integrate, name, answering(getattr(integrate, name)))
    with pytest.raises(ValueError, match=words):
        dr.vjp(call, Y[0])
