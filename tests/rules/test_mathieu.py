"""Mathieu, spheroidal and parabolic cylinder functions, and runs of orders: SciPy's own values are the oracle."""

import numpy as np
import pytest
from scipy import special

import dualrev as dr
from dualrev.scipy import special as mirrored
from tests.rules.mpmath_tables import compare, mp
from tests.rules.oracles import extrapolate

MATHIEU = {
    "mathieu_cem": (2, 1.5),
    "mathieu_sem": (3, 4.0),
    "mathieu_modcem1": (1, 0.5),
    "mathieu_modcem2": (2, 3.0),
    "mathieu_modsem1": (1, 2.0),
    "mathieu_modsem2": (2, 0.7),
}
SPHEROIDAL = {
    "pro_ang1": (1, 2, 1.5),
    "pro_rad1": (0, 1, 2.5),
    "pro_rad2": (1, 2, 3.0),
    "obl_ang1": (0, 3, 2.0),
    "obl_rad1": (1, 1, 2.5),
    "obl_rad2": (1, 3, 3.0),
}
PAIRS = {**MATHIEU, **SPHEROIDAL, "pbdv": (1.3,), "pbvv": (-0.7,), "pbwa": (0.6,)}


def point(name):
    return 33.0 if name[8:] in ("cem", "sem") else 2.9 if "rad" in name else 0.45


@pytest.mark.parametrize("name", PAIRS)
def test_both_outputs(name):
    """First derivatives of y and y' by differences of SciPy's; the third of y by nesting."""
    f, parameters, x = getattr(special, name), PAIRS[name], point(name)
    unit = np.ones(1)
    want = extrapolate(lambda x: np.array(f(*parameters, x[0])), unit, np.array([x]))
    found = dr.jvp(lambda x: f(*parameters, x), (x,), (1.0,))[1]
    np.testing.assert_allclose(found, want.value, rtol=1e-9, atol=1e-11)
    step = np.pi / 180 if x == 33.0 else 1.0
    value = f(*parameters, x)
    np.testing.assert_allclose(found[0], step * value[1], rtol=1e-14)
    second = dr.grad(lambda x: f(*parameters, x)[1])
    np.testing.assert_allclose(
        dr.grad(lambda x: found_slope(f, parameters, x))(x), step * second(x)
    )


def found_slope(f, parameters, x):
    return dr.grad(lambda x: f(*parameters, x)[0])(x)


@pytest.mark.parametrize("name", SPHEROIDAL)
def test_given_characteristic_value(name):
    """Both forms of a spheroidal function have the same derivatives."""
    m, n, c = SPHEROIDAL[name]
    cv = getattr(special, f"{name[:3]}_cv")(m, n, c)
    x = point(name)
    one = dr.jvp(lambda x: getattr(special, name)(m, n, c, x), (x,), (1.0,))
    two = dr.jvp(lambda x: getattr(special, f"{name}_cv")(m, n, c, cv, x), (x,), (1.0,))
    np.testing.assert_allclose(np.array(one), np.array(two), rtol=1e-12)


@pytest.mark.parametrize("name", ["obl_rad2", "pro_rad2"])
def test_wrong_values_have_no_derivative(name):
    """Near the focal ring SciPy's y and y' contradict the Wronskian: NaN, instead of a wrong number."""
    f = getattr(special, name)
    x = 1.2 if name == "pro_rad2" else 1.0
    one, one_slope = getattr(special, name[:-1] + "1")(1, 2, 2.5, x)
    two, two_slope = f(1, 2, 2.5, x)
    gain = 2.5 * (x * x + (1 if name == "obl_rad2" else -1))
    if abs(gain * (one * two_slope - one_slope * two) - 1) < 1e-4:
        pytest.skip("this SciPy is right")
    assert np.isnan(dr.grad(lambda x: f(1, 2, 2.5, x)[0])(x))
    assert np.isnan(dr.grad(lambda x: f(1, 2, 2.5, x)[1])(x))


REFUSED = {
    **{name: (*p, 0.4) for name, p in PAIRS.items()},
    "mathieu_a": (1, 2.0),
    "mathieu_b": (1, 2.0),
    "pro_cv": (1, 2, 1.5),
    "obl_cv": (1, 2, 1.5),
}


@pytest.mark.parametrize("name", REFUSED)
def test_parameters_are_refused(name):
    f, arguments = getattr(special, name), REFUSED[name]
    last = len(arguments) - (name in PAIRS)
    for k in range(last):

        def g(p, k=k):
            return f(*arguments[:k], p, *arguments[k + 1 :])

        with pytest.raises(dr.UnsupportedError, match=name):
            dr.vjp(g, float(arguments[k]))
        with pytest.raises(dr.UnsupportedError, match=name):
            dr.jvp(g, (float(arguments[k]),), (1.0,))


def test_parameters_in_lanes():
    q, x = np.array([0.5, 1.5, 3.0]), np.array([10.0, 40.0, 70.0])
    found = dr.vmap(lambda q, x: dr.grad(lambda x: special.mathieu_cem(2, q, x)[1])(x))(q, x)
    want = [
        dr.grad(lambda x, q=q: special.mathieu_cem(2, q, x)[1])(x)
        for q, x in zip(q, x, strict=True)
    ]
    np.testing.assert_allclose(found, want, rtol=1e-14)
    found = dr.vmap(lambda q: special.mathieu_a(2, q))(q)
    assert np.array_equal(found, special.mathieu_a(2, q))


@pytest.mark.parametrize("x", [-1.5, 0.0, 2.0])
def test_parabolic_cylinder(x):
    compare(lambda x: special.pbdv(1.5, x)[0], lambda x: mp.pcfd(1.5, x), x, rtol=1e-8)
    compare(
        lambda x: special.pbdv(1.5, x)[1], lambda x: mp.diff(lambda x: mp.pcfd(1.5, x), x), x, 1
    )


RUNS = {
    "riccati_jn": (3, 1.3),
    "riccati_yn": (2, 0.8),
    "lmbda": (2.5, 1.7),
    "pbdv_seq": (2.5, 0.6),
    "pbvv_seq": (1.5, 0.6),
}


@pytest.mark.parametrize("name", RUNS)
def test_runs_of_orders(name):
    f, (order, x) = getattr(mirrored, name), RUNS[name]
    value, slope = dr.jvp(lambda x: f(order, x), (x,), (1.0,))
    for one, other in zip(value, getattr(special, name)(order, x), strict=True):
        assert np.array_equal(one, other)
    near = [np.array(getattr(special, name)(order, x + h)) for h in (1e-5, -1e-5)]
    np.testing.assert_allclose(slope, (near[0] - near[1]) / 2e-5, rtol=1e-8, atol=1e-8)
    with pytest.raises(ValueError, match="scalar"):
        getattr(special, name)(order, np.ones(2))
    with pytest.raises(ValueError, match="scalar"):
        dr.jvp(lambda x: f(order, x), (np.ones(2),), (np.ones(2),))


def test_lambda_at_zero():
    """Λ_v = 1 - x²/(4(v+1)) + ... (DLMF 10.2.2)."""
    t = dr.jvp(lambda x: mirrored.lmbda(2.5, x), (0.0,), (1.0,))[1]
    np.testing.assert_allclose(t[0], 0.0, atol=1e-15)
    np.testing.assert_allclose(t[1], -0.5 / (np.array([0.5, 1.5, 2.5]) + 1.0), rtol=1e-14)


@pytest.mark.parametrize(
    "name", ["pbdn_seq", "mathieu_even_coef", "mathieu_odd_coef", "pro_cv_seq", "obl_cv_seq"]
)
def test_refused_functions(name):
    extra = (1,) if name.endswith("cv_seq") else ()
    with pytest.raises(dr.UnsupportedError, match=name):
        dr.grad(lambda q: np.sum(np.abs(getattr(mirrored, name)(1, *extra, q))))(1.5)
