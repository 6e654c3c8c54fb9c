"""check_derivatives: right derivatives pass, every mutant is caught, kinks and noise are named."""

import dataclasses
import functools

import numpy as np
import pytest
import scipy.sparse

import dualrev as dr
from dualrev.core.primitive import PRIMITIVES
from dualrev.testing import check_derivatives

ORDER_TWO = ("forward over reverse", "reverse over forward", "reverse over reverse")


@pytest.fixture(params=["differentiate", "approx_fprime"])
def any_scipy(request, monkeypatch):
    """Run a test with `scipy.differentiate`, and as if SciPy were older than it."""
    if request.param == "approx_fprime":
        monkeypatch.setitem(__import__("sys").modules, "scipy.differentiate", None)
    else:
        pytest.importorskip("scipy.differentiate", reason="SciPy before 1.15")


@pytest.fixture
def registry():
    """Give back the registry as it was: a mutant must not be seen by other tests."""
    before = dict(PRIMITIVES)
    yield
    PRIMITIVES.clear()
    PRIMITIVES.update(before)


def with_rule(f, rule):
    """Return f with this rule for its tangent."""
    g = dr.custom_jvp(f)
    g.defjvp(rule)
    return g


def with_pullback(f, bwd):
    """Return f of one argument with this rule for its cotangent."""
    g = dr.custom_vjp(f)
    g.defvjp(lambda x: (f(x), x), bwd)
    return g


# --- right derivatives -------------------------------------------------------------------------

RIGHT = {
    "number": (np.sin, 0.4),
    "0-d array": (np.exp, np.array(0.4)),
    "NumPy scalar": (np.tanh, np.float64(0.4)),
    "zero": (np.sin, 0.0),
    "large": (np.sin, 1e6),
    "small": (lambda x: 1.0 + x, 1e-12),
    "minimum": (lambda x: np.sum((x - 1.0) ** 2), np.ones(3)),
    "constant": (lambda x: np.sum(np.sin(x) ** 2 + np.cos(x) ** 2), np.array([0.3, 2.0])),
    "independent": (lambda x: np.array([1.0, 2.0]) + 0 * x[0], np.ones(2)),
    "vector": (lambda x: np.exp(x) * x[0], np.array([0.3, -1.2, 0.7])),
    "matrix": (lambda a: a @ a.T, np.array([[0.3, -1.2], [0.7, 2.0]])),
    "two arguments": (lambda a, b: np.sum(a * np.sin(b)), np.ones(2), np.array([0.3, 2.0])),
    "held integer": (lambda x, n: x**n, 1.7, 3),
    "list": (lambda x: x[0] * x[1] ** 2, [2.0, 3.0]),
    "containers": (
        lambda p: {"y": p["w"] * p["s"][0], "z": (np.sum(p["w"]) ** 2,)},
        {"w": np.array([1.0, 2.0]), "s": (0.5, 3)},
    ),
    "complex to real": (lambda z: np.sum(np.abs(z) ** 2 * np.real(z)), np.array([1 + 2j, 0.5])),
    "holomorphic": (lambda z: z * np.exp(z), np.array([0.1 + 0.3j, -0.4j])),
    "not holomorphic": (lambda z: z * z * np.conj(z), 0.3 - 0.7j),
    "real to complex": (lambda x: np.exp(1j * x) * x, np.array([0.3, 0.8])),
    "scales": (lambda x: x[0] * x[1] + np.log(x[2]), np.array([1e8, 1e-7, 1e-10])),
    "branch": (lambda x: x**2 if x > 0 else -x, 0.5),
    "loop": (lambda x: functools.reduce(lambda y, _: np.sin(y) + x, range(5), x), 0.3),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_derivatives_pass(name, any_scipy):
    f, *args = RIGHT[name]
    report = check_derivatives(f, *args)
    assert report, str(report)
    assert report.verdict == "correct"
    assert [c.source for c in report.comparisons] == ["forward", "reverse", *ORDER_TWO]
    assert report.adjoint.agree


@pytest.mark.parametrize("modes", [("forward",), ("reverse",), ("forward", "reverse")])
def test_modes_are_checked_alone_or_together(modes):
    report = check_derivatives(lambda x: np.exp(x) * x[0], np.array([0.3, 0.9]), modes=modes)
    assert report.ok
    first = [c.source for c in report.comparisons if c.order == 1]
    assert first == list(modes)
    assert (report.adjoint is None) == (len(modes) == 1)
    second = [c.source for c in report.comparisons if c.order == 2]
    assert second == {
        ("forward",): ["forward over forward"],
        ("reverse",): ["reverse over reverse"],
    }.get(modes, list(ORDER_TWO))


def test_order_one_leaves_second_derivatives_alone():
    report = check_derivatives(np.sin, 0.3, order=1)
    assert {c.order for c in report.comparisons} == {1}


def test_argnums_choose_what_varies():
    def f(a, b):
        return a * np.abs(b)  # a kink in b alone

    assert check_derivatives(f, 2.0, 0.0, argnums=0)
    assert check_derivatives(f, 2.0, 0.0, argnums=(0, -1)).verdict == "kink"
    assert check_derivatives(f, 2.0, 0.0).verdict == "kink"


def test_dataclasses_are_containers():
    @dataclasses.dataclass
    class Model:
        w: np.ndarray
        s: float

    report = check_derivatives(lambda m: np.sum(m.w**2) * m.s, Model(np.array([1.0, 2.0]), 0.5))
    assert report.ok
    assert report.inputs == 3


def test_the_complex_step_is_used_where_the_code_allows_it():
    analytic = check_derivatives(lambda x: np.sin(x) * x, 0.3)
    assert "agrees" in analytic.complex_step
    exact = np.sin(0.3) + 0.3 * np.cos(0.3)
    assert analytic.comparisons[0].worst.complex_step == pytest.approx(exact)
    assert "not available" in check_derivatives(np.abs, 0.3).complex_step
    misleading = check_derivatives(lambda x: x * np.real(x), 1.5)
    assert misleading.ok
    assert "not analytic" in misleading.complex_step


def test_inputs_are_not_modified():
    x = np.array([0.3, 0.4])
    x.flags.writeable = False
    assert check_derivatives(lambda v: np.sum(v**3), x)
    np.testing.assert_array_equal(x, [0.3, 0.4])


# --- mutants -----------------------------------------------------------------------------------


def tangent_mutants():
    """Functions of a vector whose tangent rule has one error each."""
    x = np.array([0.4, -1.1, 0.8])

    def product(x):
        return np.sin(x) * x

    def lost_term(primals, tangents):
        (x,), (t,) = primals, tangents
        return product(x), np.cos(x) * x * t

    def sign(primals, tangents):
        (x,), (t,) = primals, tangents
        return product(x), (np.cos(x) * x - np.sin(x)) * t

    def factor(primals, tangents):
        (x,), (t,) = primals, tangents
        return product(x), 1.001 * (np.cos(x) * x + np.sin(x)) * t

    def not_a_number(primals, tangents):
        (x,), (t,) = primals, tangents
        return product(x), np.array([1.0, np.nan, 1.0]) * t

    def infinite(primals, tangents):
        (x,), (t,) = primals, tangents
        return product(x), np.array([1.0, np.inf, 1.0]) * t

    def constant(primals, tangents):
        (x,), (t,) = primals, tangents
        return product(x), 0 * t

    rules = [lost_term, sign, factor, not_a_number, infinite, constant]
    return {rule.__name__: (with_rule(product, rule), x) for rule in rules}


@pytest.mark.parametrize("name", tangent_mutants())
def test_a_wrong_tangent_rule_is_caught_in_both_modes(name, any_scipy):
    f, x = tangent_mutants()[name]
    expected = "non-finite" if name in ("not_a_number", "infinite") else "wrong"
    for mode in ("forward", "reverse"):
        report = check_derivatives(f, x, modes=(mode,))
        assert report.verdict == expected, str(report)
        assert not report
        assert "not checked" in report.notes[-1]
        with pytest.raises(AssertionError, match=expected):
            report.raise_if_wrong()


@pytest.mark.parametrize(
    "bwd",
    [
        lambda x, ct: (-np.cos(x) * ct,),
        lambda x, ct: (1.001 * np.cos(x) * ct,),
        lambda x, ct: (np.cos(x) * ct + 1e-3,),
        lambda x, ct: (np.cos(x) * np.nan,),
    ],
    ids=["sign", "factor", "offset", "nan"],
)
def test_a_wrong_cotangent_rule_is_caught(bwd):
    f = with_pullback(np.sin, bwd)
    assert check_derivatives(f, np.array([0.3, 1.2])).verdict in ("wrong", "non-finite")


def test_a_nan_never_passes(any_scipy):
    nan = np.full(3, np.nan)
    x = np.ones(3)
    for f, jac in [(np.sum, lambda _: nan), (lambda x: np.sum(x) * np.nan, lambda _: nan)]:
        for options in ({}, {"directions": 4}, {"rtol": 1.0, "atol": np.inf}):
            report = check_derivatives(f, x, jac=jac, **options)
            assert report.verdict == "non-finite"
            assert not report
    assert check_derivatives(np.sqrt, 0.0).verdict == "non-finite"
    assert check_derivatives(np.log, np.nan).verdict == "non-finite"


def test_a_second_derivative_alone_can_be_wrong():
    # The rule hides x from the outer derivative: right to first order, and its Hessian is zero.
    f = with_rule(np.sin, lambda p, t: (np.sin(p[0]), np.cos(dr.stop_gradient(p[0])) * t[0]))
    assert check_derivatives(f, 0.4, order=1)
    report = check_derivatives(f, 0.4, order=2)
    assert report.verdict == "wrong"
    assert all(c.verdict == "correct" for c in report.comparisons if c.order == 1)
    assert report.worst.derivative == 0
    assert report.worst.difference == pytest.approx(-np.sin(0.4))


@pytest.mark.usefixtures("registry")
def test_modes_that_are_no_transposes_are_caught():
    @dr.general(lambda x: x**3, on=[dr.case((3,))], name="mutant_adjoint")
    class mutant:
        def tangent(t, x):
            return 3 * x**2 * t

        def adjoint(ct, x):
            return 3 * x * ct

    report = check_derivatives(mutant, np.array([0.4, 1.3]))
    assert not report.adjoint.agree
    assert {c.source: c.verdict for c in report.comparisons} == {
        "forward": "correct",
        "reverse": "wrong",
    }


def thousand(n=1000):
    """Return a function of n numbers, its gradient, and a point."""
    rng = np.random.default_rng(7)
    x, w = rng.normal(size=n), rng.normal(size=n)
    w[617 % n] = 1.5

    def f(x):
        return np.sum(w * np.sin(x) * np.exp(0.1 * x))

    def gradient(x):
        return w * np.exp(0.1 * x) * (np.cos(x) + 0.1 * np.sin(x))

    return f, gradient, x


def mutated(gradient, entry, factor):
    def wrong(x):
        g = gradient(x)
        g[entry] *= factor
        return g

    return wrong


@pytest.mark.parametrize(
    ("n", "factor"), [(1000, 1.001), (1000, 0.999), (700, 1.0001), (3000, 1.001)]
)
def test_one_entry_of_many_off_by_a_tenth_of_a_percent_is_caught(n, factor):
    f, gradient, x = thousand(n)
    assert check_derivatives(f, x, jac=gradient)
    report = check_derivatives(f, x, jac=mutated(gradient, 617, factor))
    assert report.verdict == "wrong"
    assert report.worst.input == "x[617]"
    assert report.worst.relative_error == pytest.approx(abs(factor - 1), rel=1e-3)
    assert report.comparisons[0].disagreeing == 1


def test_that_entry_is_caught_with_the_older_differences_too(any_scipy):
    f, gradient, x = thousand()
    assert check_derivatives(f, x, jac=gradient)
    report = check_derivatives(f, x, jac=mutated(gradient, 617, 1.001))
    assert report.verdict == "wrong"
    assert report.worst.input == "x[617]"


def test_that_entry_is_caught_in_a_traced_function():
    f, gradient, x = thousand()
    wrong = mutated(gradient, 617, 1.001)
    g = with_pullback(f, lambda x, ct: (ct * wrong(x),))
    report = check_derivatives(g, x, order=1)
    assert report.verdict == "wrong"
    assert report.worst.input == "x[617]"


def test_the_smallest_entry_counts_as_much_as_the_largest(rng):
    w = 10.0 ** rng.uniform(-4, 4, 1000)
    w[3] = 1e-4

    def wrong(x):
        g = w * np.cos(x)
        g[3] *= 1.001
        return g

    def parts(x):
        return np.array([np.sum(w[4:] * np.sin(x[4:])), np.sum(w[:4] * np.sin(x[:4]))])

    x = rng.normal(size=1000)

    def jac(x, gradient=wrong):
        table = np.zeros((2, 1000))
        table[0, 4:], table[1, :4] = gradient(x)[4:], gradient(x)[:4]
        return table

    assert check_derivatives(parts, x, jac=lambda x: jac(x, lambda x: w * np.cos(x)))
    report = check_derivatives(parts, x, jac=jac)
    assert report.verdict == "wrong"
    assert report.worst.input == "x[3]"


def test_tolerances_do_not_grow_with_the_size():
    tolerances = []
    for n in (10, 100, 1000):
        f = functools.partial(np.sum, axis=0)
        report = check_derivatives(lambda x, f=f: f(np.sin(x)) / x.size, np.full(n, 0.3), order=1)
        tolerances.append(report.worst.tolerance * n)
    # Relative to the derivative (cos 0.3)/n: rounding of the sum is all that may grow, as n eps.
    assert max(tolerances) < 2e-7


# --- derivatives written by hand ---------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_pieces(drop=None):
    import scipy.optimize

    def jac(x):
        g = scipy.optimize.rosen_der(x)
        if drop == "sign":
            g[1] = -g[1]
        if drop == "term":
            g[0] += 2 * (1 - x[0])
        return g

    def hess(x):
        h = scipy.optimize.rosen_hess(x)
        if drop == "corner":
            h[0, 1] *= 1.001
        return h

    return jac, hess


def test_gradients_and_hessians_by_hand_are_checked():
    x = np.array([0.7, 1.1, -0.4, 0.9])
    jac, hess = rosenbrock_pieces()
    assert check_derivatives(rosenbrock, x, jac=jac, hess=hess)
    assert check_derivatives(rosenbrock, x, hess=hess)
    assert check_derivatives(rosenbrock, x, jac=jac, modes=("forward", "reverse"))
    for drop in ("sign", "term"):
        jac, _ = rosenbrock_pieces(drop)
        report = check_derivatives(rosenbrock, x, jac=jac)
        assert report.verdict == "wrong"
        assert report.worst.input == {"sign": "x[1]", "term": "x[0]"}[drop]
    jac, hess = rosenbrock_pieces("corner")
    for given in (jac, None):
        report = check_derivatives(rosenbrock, x, jac=given, hess=hess)
        assert report.verdict == "wrong"
        assert report.worst.input == "x[1]"
        assert report.worst.output == "(d f / d x[0])"


def test_a_function_that_cannot_be_traced_can_have_its_jac_checked():
    import math

    def f(x):
        return math.sin(float(x[0])) * float(x[1])

    def jac(x):
        return np.array([math.cos(x[0]) * x[1], math.sin(x[0])])

    assert check_derivatives(f, np.array([0.3, 2.0]), jac=jac)


def test_jacobians_of_any_kind_are_read():
    matrix = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 4.0]])
    x = np.array([0.3, 0.5, -2.0])

    def f(x):
        return matrix @ x**2

    def dense(x):
        return 2 * matrix * x

    assert check_derivatives(f, x, jac=dense)
    assert check_derivatives(f, x, jac=lambda x: scipy.sparse.csr_array(dense(x)))
    assert check_derivatives(f, x, jac=dr.jacobian(f))
    assert check_derivatives(f, x, jac=lambda x: dense(x) * 1.001).verdict == "wrong"
    with pytest.raises(dr.ShapeError, match=r"shape \(3, 2\); it should be \(2, 3\)"):
        check_derivatives(f, x, jac=lambda x: dense(x).T)


def test_jac_of_several_arguments_is_a_tuple():
    def f(a, n, b):
        return np.sum(a**n) * b

    def jac(a, n, b):
        return n * a ** (n - 1) * b, np.sum(a**n)

    args = (np.array([0.3, 2.0]), 3, 0.7)
    assert check_derivatives(f, *args, jac=jac)
    assert check_derivatives(f, *args, argnums=2, jac=lambda *a: jac(*a)[1])
    with pytest.raises(dr.ShapeError, match="argnums"):
        check_derivatives(f, *args, jac=lambda *a: jac(*a)[0])
    swapped = check_derivatives(f, *args, jac=lambda *a: (-jac(*a)[0], jac(*a)[1]))
    assert swapped.worst.input.startswith("a[")


def test_complex_derivatives_by_hand_follow_the_conventions():
    z = np.array([0.3 + 0.8j, -1.1j])
    assert check_derivatives(np.exp, z, jac=lambda z: np.diag(np.exp(z)))
    conjugated = check_derivatives(np.exp, z, jac=lambda z: np.diag(np.exp(z).conj()))
    assert conjugated.verdict == "wrong"

    def power(z):
        return np.sum(np.abs(z) ** 2)

    assert check_derivatives(power, z, jac=lambda z: 2 * z)
    wirtinger = check_derivatives(power, z, jac=np.conj)
    assert wirtinger.verdict == "wrong"
    assert wirtinger.worst.input.endswith((".imag", ".real"))
    wave = check_derivatives(lambda x: np.exp(1j * x), 0.3, jac=lambda x: 1j * np.exp(1j * x))
    assert wave.ok


def test_a_complex_rule_without_its_conjugate_is_caught():
    f = with_pullback(np.exp, lambda z, ct: (np.exp(z) * ct,))
    assert check_derivatives(f, np.array([0.3 + 0.8j])).verdict == "wrong"
    f = with_pullback(np.exp, lambda z, ct: (np.conj(np.exp(z)) * ct,))
    assert check_derivatives(f, np.array([0.3 + 0.8j])).verdict == "correct"


# --- kinks -------------------------------------------------------------------------------------

KINKS = {
    "abs": (np.abs, 0.0),
    "relu": (lambda x: np.maximum(x, 0.0), 0.0),
    "tie": (np.max, np.array([1.0, 1.0, 0.5])),
    "tie of arguments": (np.minimum, 2.0, 2.0),
    "clip": (lambda x: np.clip(x, 0.0, 1.0), 1.0),
    "one of many": (lambda x: np.sum(np.abs(x) * x[0]), np.array([1.0, 0.0, -2.0])),
    "jump": (np.sign, 0.0),
    "second derivative": (lambda x: np.maximum(x, 0.0) ** 2, 0.0),
    "very near": (lambda x: 3 + np.abs(x - 1.0), 1 + 1e-13),
}


@pytest.mark.parametrize("name", KINKS)
def test_kinks_are_called_kinks(name, any_scipy):
    f, *args = KINKS[name]
    report = check_derivatives(f, *args)
    assert report.verdict == "kink", str(report)
    assert not report
    assert report.raise_if_wrong() is report


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_a_kink_nearby_does_not_disturb(distance, offset, any_scipy):
    report = check_derivatives(lambda x: offset + np.abs(x - 1.0), 1.0 + distance, order=1)
    assert report.verdict == "correct", str(report)
    wrong = with_rule(
        lambda x: offset + np.abs(x - 1.0), lambda p, t: (offset + np.abs(p[0] - 1.0), -t[0])
    )
    assert check_derivatives(wrong, 1.0 + distance, order=1).verdict == "wrong"


def test_a_derivative_outside_both_sides_of_a_kink_is_wrong(any_scipy):
    for claim, verdict in [(0.0, "kink"), (1.0, "kink"), (-1.0, "kink"), (1.01, "wrong")]:
        report = check_derivatives(np.abs, 0.0, jac=lambda _, claim=claim: claim)
        assert report.verdict == verdict
        assert report.worst.sides == pytest.approx((-1.0, 1.0))


def test_infinite_slopes_on_both_sides_are_a_kink(any_scipy):
    report = check_derivatives(lambda x: np.sqrt(np.abs(x)), 0.0, jac=lambda _: 0.0)
    assert report.verdict == "kink"


def test_a_wrong_entry_beside_a_kink_is_wrong():
    x = np.array([0.0, 1.0, -2.0])
    right = np.array([0.0, 1.0, -1.0])
    report = check_derivatives(lambda x: np.sum(np.abs(x)), x, jac=lambda _: right)
    assert report.verdict == "kink"
    assert report.worst.input == "x[0]"
    report = check_derivatives(lambda x: np.sum(np.abs(x)), x, jac=lambda _: right * [1, 1, 1.001])
    assert report.verdict == "wrong"
    assert report.worst.input == "x[2]"


def test_the_edge_of_a_domain_is_judged_from_inside():
    assert check_derivatives(lambda x: x**2.5, 0.0, order=1)
    report = check_derivatives(lambda x: x**2.5, 0.0, jac=lambda _: 0.1)
    assert report.verdict == "wrong"
    assert "edge of the domain" in report.worst.explanation


def test_steps_that_leave_the_domain_are_shortened():
    x = np.array([1e-9, 1.0, 1e9])
    assert check_derivatives(lambda x: np.sum(np.log(x)), x, jac=lambda x: 1 / x)
    report = check_derivatives(lambda x: np.sum(np.log(x)), x, jac=lambda x: 1.001 / x)
    assert report.verdict == "wrong"


def test_errors_at_displaced_points_are_the_edge_of_the_domain():
    import math

    def f(x):
        return math.sqrt(x - 1.0) ** 5 if x >= 1.0 else math.sqrt(-1)

    report = check_derivatives(f, 1.0, jac=lambda _: 0.0)
    assert report.ok
    assert any("raised at" in note for note in report.notes)


# --- rounding ----------------------------------------------------------------------------------


def binomial(x):
    """(x - 1)⁷, expanded: all digits are lost near one."""
    return x**7 - 7 * x**6 + 21 * x**5 - 35 * x**4 + 35 * x**3 - 21 * x**2 + 7 * x - 1


def far(x):
    """Change by less than rounding can show; not open to the complex step."""
    return 1e12 + float(np.sum(x))


def test_an_ill_conditioned_difference_is_called_so(any_scipy):
    report = check_derivatives(binomial, 1.001, jac=lambda x: 7 * (x - 1) ** 6)
    assert report.verdict == "ill-conditioned"
    assert not report
    assert report.raise_if_wrong() is report
    assert "inaccurate" in report.worst.explanation
    assert report.worst.expected_error > 0
    assert check_derivatives(far, np.ones(2), jac=lambda x: np.full(2, 1.03)).verdict == (
        "ill-conditioned"
    )


def test_even_an_ill_conditioned_difference_catches_a_gross_error(any_scipy):
    assert check_derivatives(binomial, 1.001, jac=lambda x: x).verdict == "wrong"
    assert (
        check_derivatives(far, np.ones(2), jac=lambda x: np.array([1.0, -3.0])).verdict == "wrong"
    )


def test_the_complex_step_confirms_what_rounding_hides():
    def f(x):
        return 1e12 + np.sum(x)

    assert check_derivatives(f, np.ones(2), jac=np.ones_like)
    report = check_derivatives(f, np.ones(2), jac=lambda x: np.full(2, 1.03))
    assert report.verdict == "ill-conditioned"
    assert report.worst.complex_step == pytest.approx(1.0)


def test_noise_in_the_function_widens_the_tolerance():
    def noisy(x, amplitude):
        # Deterministic, but as rough as a converged iteration.
        return np.sin(x) + amplitude * np.sin(1e12 * x)

    def cosine(x, _):
        return np.cos(x)

    def wrong(x, _):
        return 1.05 * np.cos(x)

    fine = check_derivatives(noisy, 0.4, 1e-9, argnums=0, jac=cosine)
    assert fine.verdict == "correct"
    rough = check_derivatives(noisy, 0.4, 1e-4, argnums=0, jac=cosine)
    assert rough.verdict in ("correct", "ill-conditioned")
    assert rough.worst.tolerance > 1e3 * fine.worst.tolerance
    assert check_derivatives(noisy, 0.4, 1e-9, argnums=0, jac=wrong).verdict == "wrong"


def test_float32_is_checked_in_digits_and_dtype():
    x = np.array([0.3, 1.2, -0.7], np.float32)
    report = check_derivatives(lambda x: np.sum(np.sin(x) * x), x)
    assert report.ok
    assert [c.source for c in report.comparisons if "in float32" in c.source] == [
        "forward in float32",
        "reverse in float32",
    ]

    def widened(p, t):
        return np.sin(p[0]), np.float64(1.0) * np.asarray([1.0, 1.0, 1.0]) * np.cos(p[0]) * t[0]

    assert check_derivatives(with_rule(np.sin, widened), x.astype(float))
    for f in (np.sin, lambda v: np.exp(v) * v[0]):
        assert check_derivatives(f, x)


def test_float32_inside_a_function_is_noise_not_an_error():
    def f(x):
        return np.float64(np.float32(x) ** 2) + 0.1 * np.pi

    assert check_derivatives(f, 1.3, jac=lambda x: 2 * x)
    assert check_derivatives(f, 1.3, jac=lambda x: 2.002 * x).verdict == "wrong"


def test_derivatives_that_lose_all_digits_in_float32_are_reported():
    def f(x):
        return (x + np.float32(1e7)) ** 2 - np.float32(1e14)

    x = np.array([0.3], np.float32)
    report = check_derivatives(with_rule(f, _cancelling_rule(f)), x, order=1)
    assert report.verdict == "ill-conditioned"
    assert "given precision" in report.worst.explanation


def _cancelling_rule(f):
    def rule(p, t):
        big = np.float32(1e7)
        # Mathematically 2 (x + 1e7), by a difference that float32 cannot hold.
        return f(p[0]), (2 * big + 1e9 * ((p[0] + big) - big) / 5e8) * t[0] * (
            1 + (p[0] + big - big - p[0])
        )

    return rule


# --- random directions -------------------------------------------------------------------------


def test_random_directions_pass_right_derivatives():
    f, gradient, x = thousand(20_000)
    report = check_derivatives(f, x)
    assert report.ok, str(report)
    assert {c.directions for c in report.comparisons} == {8}
    assert check_derivatives(f, x, jac=gradient)


@pytest.mark.parametrize("n", [1000, 20_000])
def test_random_directions_find_and_locate_one_wrong_entry(n):
    f, gradient, x = thousand(n)
    report = check_derivatives(f, x, jac=mutated(gradient, 617, 1.001), directions=3)
    assert report.verdict == "wrong"
    assert report.worst.input == "x[617]"
    assert report.worst.relative_error == pytest.approx(1e-3, rel=1e-3)
    assert report.evaluations < 600


def test_what_random_directions_can_see_is_what_the_report_says():
    f, gradient, x = thousand(5000)
    report = check_derivatives(f, x, jac=gradient)
    limit = report.comparisons[0].threshold / abs(x[617])

    def off(by):
        def wrong(x):
            g = gradient(x)
            g[617] += by
            return g

        return check_derivatives(f, x, jac=wrong).verdict

    assert off(4 * limit) == "wrong"
    assert off(limit / 100) == "correct"


def test_many_outputs_are_combined():
    x = np.linspace(0.1, 1.0, 5)

    def f(x):
        return np.outer(np.sin(np.arange(2000.0)), x**2) + 1.0

    assert check_derivatives(f, x, order=1)
    flat = check_derivatives(lambda x: np.reshape(f(x), -1), x, order=1, directions=2)
    assert flat.ok


def test_a_wrong_hessian_of_many_inputs_is_located():
    n = 300
    x = np.linspace(0.2, 1.0, n)
    scale = np.ones(n)
    scale[77] = 1.001

    def right(x):
        return np.diag(-np.sin(x))

    def f(x):
        return np.sum(np.sin(x))

    assert check_derivatives(f, x, jac=np.cos, hess=right)
    report = check_derivatives(f, x, jac=np.cos, hess=lambda x: right(x) * scale)
    assert report.verdict == "wrong"
    assert report.worst.input == "x[77]"
    assert report.worst.output == "(d f / d x[77])"


# --- the report --------------------------------------------------------------------------------


def test_the_report_says_what_a_reader_needs():
    report = check_derivatives(np.square, 3.0, jac=lambda x: 2.01 * x)
    text = str(report)
    for words in (
        "square",
        "wrong",
        "6.03",
        "by differences 6 ±",
        "relative error 5.0e-03",
        "seed",
    ):
        assert words in text
    entry = report.worst
    assert entry.derivative == pytest.approx(6.03, rel=1e-15)
    assert entry.difference == pytest.approx(6.0)
    assert entry.complex_step == pytest.approx(6.0)
    assert 0 < entry.expected_error < entry.tolerance < 1e-5
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.seed = 3


def test_the_report_is_the_same_for_the_same_seed():
    f, gradient, x = thousand(50)
    one, two, other = (
        check_derivatives(f, x, jac=gradient, seed=s, directions=3) for s in (1, 1, 2)
    )
    assert one == two
    assert one.worst != other.worst


def test_user_tolerances_count():
    assert check_derivatives(np.square, 3.0, jac=lambda x: 2.01 * x, rtol=0.01)
    assert check_derivatives(np.square, 3.0, jac=lambda x: 2.01 * x, atol=0.1)
    assert not check_derivatives(np.square, 3.0, jac=lambda x: 2.01 * x, rtol=0.001)


def test_the_verdict_of_modes_that_disagree_is_wrong():
    report = check_derivatives(np.square, 3.0)
    broken = dataclasses.replace(report.adjoint, reverse=report.adjoint.forward * 1.001)
    assert dataclasses.replace(report, adjoint=broken).verdict == "wrong"
    nan = dataclasses.replace(report.adjoint, forward=np.nan, reverse=np.nan)
    assert not nan.agree
    assert dataclasses.replace(report, adjoint=nan).verdict == "non-finite"


def test_nothing_to_compare_is_said():
    report = check_derivatives(np.sum, np.zeros(0))
    assert any("nothing to compare" in note for note in report.notes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"order": 3}, "order=3"),
        ({"modes": ("backward",)}, "modes="),
        ({"modes": ()}, "modes="),
        ({"directions": 0}, "directions=0"),
        ({"hess": lambda z: z, "argnums": 5}, "argnums=5"),
    ],
)
def test_bad_requests_are_refused(options, words):
    with pytest.raises(dr.InputError, match=words):
        check_derivatives(np.sin, 1.0, **options)


def test_an_error_of_the_function_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        check_derivatives(lambda x: 1 / 0 * x, 1.0)


def test_a_function_without_a_rule_says_so():
    with pytest.raises(dr.DualrevError):
        check_derivatives(lambda x: np.pad(x, 1, "empty"), np.array([0.3, 0.4]))


# --- no false alarms ---------------------------------------------------------------------------

SMOOTH = [
    lambda x: np.sum(np.exp(x) * np.sin(3 * x)),
    lambda x: np.log1p(np.sum(x**2)),
    lambda x: np.sqrt(1 + x[0] ** 2) * np.arctan(x),
    lambda x: np.tanh(x @ x) / (1 + x**2),
    lambda x: np.cumsum(np.cos(5 * x)),
    lambda x: np.outer(x, np.exp(-(x**2))),
    lambda x: np.exp(-50 * np.sum((x - 0.1) ** 2)),
    lambda x: np.sin(20 * x) * 1e-2 + x[0] * 1e3,
    lambda x: np.linalg.norm(x + 3),
    lambda x: np.where(x > 0, x**3, -(x**2)),
]


@pytest.mark.parametrize("k", range(len(SMOOTH)))
@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1.0, 10.0])
def test_right_derivatives_are_never_called_wrong(k, scale, rng):
    for _ in range(3):
        report = check_derivatives(SMOOTH[k], rng.normal(size=3) * scale)
        assert report.verdict == "correct", str(report)
