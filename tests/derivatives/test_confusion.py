"""Nesting of any modes to any depth, without perturbation confusion.

One test for every bug of this class found in the literature and in the trackers of other
libraries; FD is JuliaDiff/ForwardDiff.jl. Expected values are closed forms derived by hand.

Literature: Siskind and Pearlmutter, "Perturbation confusion and referential transparency" (2005)
and "Nesting forward-mode AD in a functional framework" (2008); Pearlmutter and Siskind,
"Reverse-mode AD in a functional framework: lambda the ultimate backpropagator" (2008); Manzyuk
et al., "Perturbation confusion in forward automatic differentiation of higher-order functions"
(J. Funct. Prog. 29, 2019).
"""

import itertools

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import DualrevError, LevelError

SCALAR_MODES = {
    "derivative": lambda f: dr.derivative(f),
    "grad": lambda f: dr.grad(f),
    "jvp": lambda f: lambda x: dr.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: dr.vjp(f, x)[1](1.0)[0],
    "linearize": lambda f: lambda x: dr.linearize(f, x)[1](1.0),
    "forward": lambda f: dr.jacobian(f, mode="forward"),
    "reverse": lambda f: dr.jacobian(f, mode="reverse"),
}
VECTOR_MODES = {
    "grad": lambda f: dr.grad(f),
    "forward": lambda f: dr.jacobian(f, mode="forward"),
    "reverse": lambda f: dr.jacobian(f, mode="reverse"),
}
PAIRS = list(itertools.product(SCALAR_MODES, SCALAR_MODES))


@pytest.fixture(scope="module", params=PAIRS, ids="-over-".join)
def pair(request):
    """Return an outer and an inner derivative operator for scalars."""
    outer, inner = request.param
    return SCALAR_MODES[outer], SCALAR_MODES[inner]


@pytest.fixture(
    scope="module",
    params=list(itertools.product(VECTOR_MODES, SCALAR_MODES)),
    ids="-over-".join,
)
def vector_pair(request):
    """Return an outer operator for vectors and an inner one for scalars."""
    outer, inner = request.param
    return VECTOR_MODES[outer], SCALAR_MODES[inner]


def test_the_classic_example(pair):
    """d/dx (x d/dy (x + y)) = 1: Siskind and Pearlmutter 2005; FD #83, first example."""
    outer, inner = pair
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0


def test_product_in_the_inner_function(pair):
    """d/dx (x d/dy (x y)) = 2x: ReverseDiff.jl #45, Pearlmutter and Siskind 2008."""
    outer, inner = pair
    assert outer(lambda x: x * inner(lambda y: x * y)(1.0))(4.0) == 8.0


def test_inner_function_without_the_outer_variable(pair):
    """The examples of FD #83 that were right have to stay right."""
    outer, inner = pair
    assert outer(lambda x: x * inner(lambda y: y**2)(1.0))(1.0) == 2.0
    z = 3
    assert outer(lambda x: x / inner(lambda y: y**z)(1.0))(1.0) == pytest.approx(1 / 3, rel=1e-15)


def test_inner_function_constant_in_its_own_variable(pair):
    """d/dx (x + d/dy x) = 1: FD #320 ("cannot determine ordering of Dual tags")."""
    outer, inner = pair
    assert outer(lambda x: x + inner(lambda y: x)(1.0))(1.0) == 1.0


def test_inner_derivative_at_the_outer_variable(pair):
    """d/dx (d/dy y (x - y) at y = x) = d/dx (-x) = -1: pytorch #32576."""
    outer, inner = pair
    assert outer(lambda x: inner(lambda y: y * (x - y))(x))(1.0) == -1.0


def test_gradient_of_a_function_that_contains_a_derivative(vector_pair):
    """g(x) = f'(x0) f(x1), f = x / 2: FD #59 (it hung) and FD #31."""
    outer, inner = vector_pair
    f = lambda s: s / 2
    gradient = outer(lambda x: inner(f)(x[0]) * f(x[1]))(np.array([1.0, 2.0]))
    np.testing.assert_allclose(gradient, [0.0, 0.25], rtol=0, atol=0)


def test_inner_derivative_of_a_norm_of_the_outer_vector(vector_pair):
    """grad sum(v) d/dy (y |v|) = |v| + sum(v) v / |v|: FD #83, second example."""
    outer, inner = vector_pair
    v = np.array([3.0, 4.0])
    gradient = outer(lambda v: np.sum(v) * inner(lambda y: y * np.sqrt(np.sum(v * v)))(1.0))(v)
    np.testing.assert_allclose(gradient, [5 + 7 * 0.6, 5 + 7 * 0.8], rtol=1e-15)


@pytest.mark.parametrize("outer", ["forward", "reverse"])
@pytest.mark.parametrize("inner", VECTOR_MODES)
def test_jacobian_of_a_gradient_is_the_matrix_between(outer, inner, rng):
    """d/dx grad_y (y' A x) = A: FD test/ConfusionTest.jl, after FD #83."""
    A, y, x = rng.normal(size=(4, 3)), rng.normal(size=4), rng.normal(size=3)
    J = dr.jacobian(lambda x: VECTOR_MODES[inner](lambda y: np.dot(y, A @ x))(y), mode=outer)(x)
    np.testing.assert_allclose(J, A, rtol=1e-14)


@pytest.mark.parametrize("outer", ["forward", "reverse"])
@pytest.mark.parametrize("inner", VECTOR_MODES)
def test_lagrangian(outer, inner):
    """L = m/2 v.v - m g q1: the mixed derivative in q and v vanishes: FD #238, first example."""
    m, g = 1.0, 9.8
    L = lambda q, v: m / 2 * np.dot(v, v) - m * g * q[1]
    q, v = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    mixed = dr.jacobian(lambda a: VECTOR_MODES[inner](lambda b: L(a, b))(v), mode=outer)(q)
    np.testing.assert_array_equal(mixed, np.zeros((2, 2)))


@pytest.mark.parametrize("outer", VECTOR_MODES)
def test_legendre_transformation(outer):
    """H(q, p) = p.p / 2m + m g q1 by a Hessian inside a gradient: FD #238, second example."""
    m, g = 1.0, 9.8

    def legendre(F, w):
        z = np.zeros(2)
        M, b = dr.hessian(F)(z), dr.grad(F)(z)
        v = np.linalg.solve(M, w - b)
        return np.dot(w, v) - F(v)

    def hamiltonian(q, p):
        return legendre(lambda v: m / 2 * np.dot(v, v) - m * g * q[1], p)

    q, p = np.array([1.0, 2.0]), np.array([5.0, 6.0])
    in_q = VECTOR_MODES[outer](lambda a: hamiltonian(a, p))(q)
    in_p = VECTOR_MODES[outer](lambda a: hamiltonian(q, a))(p)
    np.testing.assert_allclose(in_q, [0.0, g], rtol=1e-14)
    np.testing.assert_allclose(in_p, p / m, rtol=1e-14)


def test_hessian_of_a_closure_over_unrelated_data():
    """A linear function behind two closures has a zero Hessian: FD #267."""
    data = [(1, (2,), [(3, (4, 5, [1, 2]))])]
    pick = lambda z, x: x[0]
    g = lambda x: pick(data, x)
    np.testing.assert_array_equal(dr.hessian(lambda x: g(x))(np.array([1.0])), [[0.0]])


class Confuse:
    """A callable whose type does not tell the outer from the inner call."""

    def __init__(self, differentiate, outer_value, operator):
        self.differentiate, self.outer_value, self.operator = differentiate, outer_value, operator

    def __call__(self, z):
        if self.differentiate:
            return z * self.operator(Confuse(False, z, self.operator))(1.0)
        return self.outer_value + z


def test_levels_do_not_come_from_the_type_of_the_function(pair):
    """The classic example with one callable type for both levels: FD #313."""
    outer, inner = pair
    assert outer(Confuse(True, 0.0, inner))(1.0) == 1.0


def test_one_function_object_differentiates_itself(pair):
    """f(x, n) = x f'(x, n-1), f(x, 0) = x**3, so f(x, 2) = 9 x**3 and f' = 27 x**2: as FD #313."""
    outer, inner = pair

    def f(x, n=2):
        return x**3 if n == 0 else x * inner(lambda y: f(y, n - 1))(x)

    assert outer(f)(2.0) == 108.0


@pytest.mark.parametrize("modes", list(itertools.product(["forward", "reverse"], repeat=2)))
def test_jacobian_of_the_jacobian(modes):
    """f = (x0 x1, x0**2 x1): nested ``jacobian`` calls on one function: FD #393."""
    f = lambda x: np.stack([x[0] * x[1], x[0] ** 2 * x[1]])
    H = dr.jacobian(dr.jacobian(f, mode=modes[1]), mode=modes[0])(np.array([3.0, 5.0]))
    np.testing.assert_allclose(H, [[[0, 1], [1, 0]], [[10, 6], [6, 0]]], rtol=1e-15)


@pytest.mark.parametrize("outer", ["forward", "reverse"])
@pytest.mark.parametrize("inner", VECTOR_MODES)
def test_gradient_in_one_variable_jacobian_in_another(outer, inner):
    """f = u0**2 u1**2 p**2: d/du df/dp = (288, 192): FD #423."""
    f = lambda u, p: u[0] ** 2 * u[1] ** 2 * p[0] ** 2
    u, p = np.array([2.0, 3.0]), np.array([4.0])
    J = dr.jacobian(lambda u: VECTOR_MODES[inner](lambda p: f(u, p))(p), mode=outer)(u)
    np.testing.assert_allclose(J, [[288.0, 192.0]], rtol=1e-15)


def test_variable_rebound_by_the_inner_function(pair):
    """The inner function rebinds the outer variable to a value of its own level.

    FD #443 and ForwardDiff2.jl #37 return 2 where 1 is right; the value has outlived its level, so
    using it again is an error.
    """
    outer, inner = pair

    def function(x):
        def f(y):
            nonlocal x
            x = x * y
            return x

        inner(f)(1.0)
        return inner(f)(1.0)

    with pytest.raises(LevelError):
        outer(function)(1.0)


@pytest.mark.parametrize("chunk", [None, 1, 2])
def test_both_layers_of_a_hessian_are_told_apart(chunk):
    """A gradient stopped inside f is stopped in both layers, whatever the chunk: FD #845."""
    f = lambda z: np.sum(z * z) + dr.stop_gradient(z[0]) * z[1]
    z = np.array([2.0, 3.0, 5.0])
    np.testing.assert_array_equal(dr.hessian(f)(z), 2 * np.eye(3))
    again = dr.jacobian(dr.jacobian(f, chunk=chunk), chunk=chunk)(z)
    np.testing.assert_array_equal(again, 2 * np.eye(3))


def test_three_levels_with_a_constant_seed_in_the_innermost(pair):
    """d/dx d/dy (y d/dz x z) = 1, seeds from constants only: FD #714, #801 and PR #807."""
    outer, inner = pair
    middle = inner
    f = lambda x: middle(lambda y: inner(lambda z: x * z)(2.0) * y)(3.0)
    assert outer(f)(1.0) == 1.0


def test_mixed_partial_by_one_grad_per_argument():
    """d6 (x1 x2 ... x6) / dx1 ... dx6 = 1, by nesting alone: pytorch #121711 (it hung)."""

    def nested(*xs):
        out = xs[0]
        for x in xs[1:]:
            out = out * x
        return out

    for k in range(6):
        nested = dr.grad(nested, argnums=k)
    assert nested(1.1, 1.2, 1.3, 1.4, 1.5, 1.6) == 1.0


@pytest.mark.parametrize("modes", list(itertools.product(["forward", "reverse"], repeat=2)))
def test_jacobian_within_a_jacobian(modes):
    """v(x) = H(x) x with H the Jacobian of h = (x0 x1, x0**2): not a Hessian: HIPS #107."""
    h = lambda x: np.stack([x[0] * x[1], x[0] ** 2])
    v = lambda x: np.dot(dr.jacobian(h, mode=modes[1])(x), x)
    J = dr.jacobian(v, mode=modes[0])(np.array([3.0, 5.0]))
    np.testing.assert_allclose(J, [[10.0, 6.0], [12.0, 0.0]], rtol=1e-15)


@pytest.mark.parametrize("outer", ["forward", "reverse"])
def test_jacobian_of_the_log_determinant_of_a_hessian(outer):
    """log det Hess_f(s sum exp(a f)) = sum(log s + 2 log a + a f): HIPS #463."""
    f = np.array([0.3, -0.7, 1.1])

    def marginal(theta):
        s, a = theta
        H = dr.hessian(lambda f: s * np.sum(np.exp(a * f)))(f)
        return np.linalg.slogdet(H)[1]

    s, a = 1.3, 0.8
    J = dr.jacobian(marginal, mode=outer)(np.array([s, a]))
    np.testing.assert_allclose(J, [3 / s, 6 / a + f.sum()], rtol=1e-13)


def test_higher_order_function(pair):
    """The offset operator of Manzyuk et al. 2019: D(D exp)(1) = e, where shared tags give 0."""
    outer, inner = pair
    offset = lambda operator: lambda f: lambda x: operator(lambda u: f(x + u))(0.0)
    assert offset(outer)(offset(inner)(np.exp))(1.0) == pytest.approx(np.e, rel=1e-15)


@pytest.mark.parametrize("name", SCALAR_MODES)
def test_curried_function_is_refused(name):
    """The derivative of a function-valued function, without eta expansion, is no number.

    Manzyuk et al. 2019, section 3: here a returned closure is an error, never a wrong value.
    """
    with pytest.raises(DualrevError):
        SCALAR_MODES[name](lambda u: lambda x: np.exp(x + u))(0.0)


@pytest.mark.parametrize("name", SCALAR_MODES)
def test_closure_that_outlives_its_level(name):
    """The same closure smuggled out and called later: Manzyuk et al. 2019."""
    closures = []

    def f(u):
        closures.append(lambda x: np.exp(x + u))
        return u

    SCALAR_MODES[name](f)(0.0)
    with pytest.raises(LevelError):
        closures[0](1.0)


def test_saddle_by_optimisation_inside_a_derivative(pair):
    """max over y of x**2 + x y - y**2 is 5/4 x**2: Siskind and Pearlmutter 2008, nested optima."""
    outer, inner = pair
    g = lambda x, y: x**2 + x * y - y**2

    def best(x):
        slope = inner(lambda y: g(x, y))
        y = 0.0 - slope(0.0) / inner(slope)(0.0)
        return g(x, y)

    assert outer(best)(2.0) == pytest.approx(5.0, rel=1e-15)


@pytest.mark.parametrize("names", list(itertools.product(SCALAR_MODES, repeat=3)), ids="-".join)
def test_three_variables_in_three_levels(names):
    """d/dx x [d/dy y [d/dz x y z**2 at z = y] at y = x] = 24 x**3."""
    d1, d2, d3 = (SCALAR_MODES[n] for n in names)
    in_z = lambda x, y: d3(lambda z: x * y * z**2)(y)
    in_y = lambda x: d2(lambda y: y * in_z(x, y))(x)
    assert d1(lambda x: x * in_y(x))(2.0) == 192.0


@pytest.mark.parametrize("start", range(len(SCALAR_MODES)))
def test_deep_nesting_of_mixed_modes(start):
    """The sixth derivative of exp(2 x) is 64 exp(2 x), each order by another mode."""
    operators = list(SCALAR_MODES.values())
    f = lambda x: np.exp(2 * x)
    for k in range(6):
        f = operators[(start + k) % len(operators)](f)
    assert f(0.3) == pytest.approx(64 * np.exp(0.6), rel=1e-13)


def test_pullback_of_an_outer_level_applied_inside_an_inner_one(pair):
    """d/dc [pullback(c**2)] = 2 c J', with the pullback made before the inner level opened."""
    outer, inner = pair

    def f(x):
        _, pullback = dr.vjp(lambda u: x * u**3, 2.0)
        return inner(lambda c: pullback(c**2)[0])(5.0)

    assert f(3.0) == 2 * 5.0 * 36.0
    assert outer(f)(3.0) == 120.0


def test_linearization_of_an_outer_level_applied_inside_an_inner_one(pair):
    """d/dc [J c**2] = 2 c J, with J linear in the outer variable."""
    outer, inner = pair

    def f(x):
        _, push = dr.linearize(lambda u: x * u**3, 2.0)
        return inner(lambda c: push(c**2))(5.0)

    assert f(3.0) == 360.0
    assert outer(f)(3.0) == 120.0


def test_vmap_and_derivatives_do_not_confuse_their_levels():
    """x d/dy (x y) = x**2 for a batch; its gradient is 2 x in either order of nesting."""
    x = np.array([1.0, 2.0, 3.0])
    f = lambda x: x * dr.grad(lambda y: x * y)(2.0)
    np.testing.assert_array_equal(dr.vmap(f)(x), x**2)
    np.testing.assert_array_equal(dr.vmap(dr.grad(f))(x), 2 * x)
    np.testing.assert_array_equal(dr.grad(lambda x: np.sum(dr.vmap(f)(x)))(x), 2 * x)
    np.testing.assert_array_equal(dr.jacobian(dr.vmap(f), mode="forward")(x), np.diag(2 * x))


def test_gradient_of_a_model_with_a_hessian_inside():
    """sum(Hess(sum x**3) x + b) has gradient 1 in b and 12 x in x: Zygote.jl #1264."""
    model = lambda x, b: np.sum(dr.hessian(lambda x: np.sum(x**3))(x) @ x + b)
    x, b = np.array([0.5, 1.5, -2.0]), np.array([1.0, 2.0, 3.0])
    in_x, in_b = dr.grad(model, argnums=(0, 1))(x, b)
    np.testing.assert_allclose(in_x, 12 * x, rtol=1e-14)
    np.testing.assert_array_equal(in_b, np.ones(3))


@pytest.mark.parametrize("names", list(itertools.product(SCALAR_MODES, repeat=2)), ids="-".join)
def test_nested_modes_through_custom_rules(names):
    """x**4 as square(square(x)) at 3: derivatives 108, 108, 72: pytorch #197867."""

    @dr.custom_jvp
    def square(x):
        return x * x

    square.defjvp(lambda primals, tangents: (primals[0] ** 2, 2 * primals[0] * tangents[0]))

    @dr.custom_vjp
    def square_reverse(x):
        return x * x

    square_reverse.defvjp(lambda x: (x * x, x), lambda x, ct: (2 * x * ct,))

    d1, d2 = (SCALAR_MODES[n] for n in names)
    for s in (square, square_reverse):
        f = lambda x, s=s: s(s(x))
        assert d1(f)(3.0) == 108.0
        assert d1(d2(f))(3.0) == 108.0
        assert d2(d1(d2(f)))(3.0) == 72.0


@pytest.mark.parametrize("name", SCALAR_MODES)
def test_dual_by_hand_inside_a_derivative(name):
    """d/dx [tangent of x X**2 at X = x + eps] = d/dx 2 x**2 = 4 x."""
    f = lambda x: (x * dr.Dual(x, 1.0) ** 2).tangent
    assert SCALAR_MODES[name](f)(3.0) == 12.0
