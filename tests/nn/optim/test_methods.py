"""The methods by themselves: closed forms, convergence, dtypes, two faces that are one, derivatives through updates."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.nn import optim
from dualrev.nn.optim import schedules

METHODS = [
    optim.SGD,
    optim.Adam,
    optim.AdamW,
    optim.NAdam,
    optim.Adamax,
    optim.RMSprop,
    optim.Adagrad,
    optim.Adadelta,
]
# Options that use everything a method remembers.
RICH = {
    optim.SGD: {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    optim.Adam: {"amsgrad": True, "weight_decay": 0.01},
    optim.AdamW: {"amsgrad": True},
    optim.NAdam: {"decoupled_weight_decay": True, "weight_decay": 0.01},
    optim.Adamax: {"weight_decay": 0.01},
    optim.RMSprop: {"momentum": 0.5, "centered": True},
    optim.Adagrad: {"lr_decay": 0.1, "initial_accumulator_value": 0.1},
    optim.Adadelta: {"weight_decay": 0.01},
}
BOTH = [(m, o) for m in METHODS for o in ({}, RICH[m])]
method_and_options = pytest.mark.parametrize(
    ("method", "options"), BOTH, ids=[f"{m.__name__}-{'rich' if o else 'plain'}" for m, o in BOTH]
)
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)

START = {"w": [np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([0.3, -0.1])], "scale": 1.5}


def loss_of(w):
    first = w["w"][0] @ np.array([1.0, 2.0]) + w["w"][1]
    return np.sum(np.sin(first) ** 2) + (w["scale"] - 0.2) ** 4 + np.sum(w["w"][0] ** 2)


def leaves(w):
    return [w["w"][0], w["w"][1], w["scale"]]


@method_and_options
def test_two_faces_are_one(method, options):
    """`update` on containers and `step` on variables agree to the last bit."""
    plain, functional = START, method(lr=0.05, **options)
    state = functional.init(plain)
    live = {"w": [dr.variable(x) for x in START["w"]], "scale": dr.variable(START["scale"])}
    # optree's order, that of sorted keys, does not matter to `step`.
    imperative = method(leaves(live), lr=0.05, **options)
    for _ in range(25):
        plain, state = functional.update(dr.grad(loss_of)(plain), state, plain)
        imperative.zero_grad()
        loss_of(live).backward()
        imperative.step()
        for a, b in zip(leaves(plain), leaves(live), strict=True):
            assert np.array_equal(a, b.data)
    assert state.step == imperative.count == 25
    assert (
        max(np.max(np.abs(a - b)) for a, b in zip(leaves(plain), leaves(START), strict=True)) > 1e-3
    )


@method_and_options
def test_a_step_changes_nothing_in_place(method, options):
    """Weights, gradients and states that a tape or a caller may hold stay as they are."""
    optimiser = method(lr=0.1, **options)
    w, g = np.array([1.0, -2.0]), np.array([0.5, 0.25])
    state = optimiser.init(w)
    for array in (w, g):
        array.flags.writeable = False
    w1, s1 = optimiser.update(g, state, w)
    kept = {key: np.array(a) for key, a in s1.slots[0].items()}
    for a in s1.slots[0].values():
        if isinstance(a, np.ndarray):
            assert not np.shares_memory(a, g)
            a.flags.writeable = False
    w2, s2 = optimiser.update(g, s1, w1)
    assert all(np.array_equal(kept[key], s1.slots[0][key]) for key in kept)
    assert not np.array_equal(w1, w2)
    assert state.slots == ({},)
    assert s2.step == 2


@every_method
def test_a_recorded_value_keeps_the_old_weights(method):
    x = dr.variable([2.0, -1.0])
    y = np.sum(x**3)
    x.grad = np.array([1.0, 1.0])
    before = x.data
    method([x], lr=0.1).step()
    assert np.all(x.data != [2.0, -1.0])
    assert np.array_equal(before, [2.0, -1.0])
    x.zero_grad()
    y.backward()
    assert np.array_equal(x.grad, [12.0, 3.0])


# What the first step from x = 1 with gradient g is, worked out by hand from the papers' formulas.
G = np.array([2.0, -0.1])
FIRST = {
    "gradient": (optim.SGD(lr=0.1), -0.1 * G),
    "momentum": (optim.SGD(lr=0.1, momentum=0.9, dampening=0.5), -0.1 * G),
    "Nesterov": (optim.SGD(lr=0.1, momentum=0.9, nesterov=True), -0.1 * 1.9 * G),
    "weight decay": (optim.SGD(lr=0.1, weight_decay=0.5), -0.1 * (G + 0.5)),
    "ascent": (optim.SGD(lr=0.1, maximize=True), 0.1 * G),
    # After bias correction both means are of one gradient: the step is lr in every coordinate.
    "Adam": (optim.Adam(lr=0.1, eps=0.0), -0.1 * np.sign(G)),
    "AMSGrad": (optim.Adam(lr=0.1, eps=0.0, amsgrad=True), -0.1 * np.sign(G)),
    "AdamW": (optim.AdamW(lr=0.1, eps=0.0, weight_decay=0.5), -0.05 - 0.1 * np.sign(G)),
    "Adamax": (optim.Adamax(lr=0.1, eps=0.0), -0.1 * np.sign(G)),
    "Adagrad": (optim.Adagrad(lr=0.1, eps=0.0), -0.1 * np.sign(G)),
    "RMSprop": (optim.RMSprop(lr=0.1, eps=0.0, alpha=0.75), -0.2 * np.sign(G)),
    # v - m² = (1 - α) g² - (1 - α)² g² = α (1 - α) g².
    "centred": (
        optim.RMSprop(lr=0.1, eps=0.0, alpha=0.8, centered=True),
        -0.1 * np.sign(G) / 0.4,
    ),
    "Adadelta": (
        optim.Adadelta(lr=1.0, rho=0.75, eps=1e-2),
        -G * np.sqrt(1e-2) / np.sqrt(0.25 * G**2 + 1e-2),
    ),
}


@pytest.mark.parametrize("name", FIRST)
def test_first_step(name):
    optimiser, step = FIRST[name]
    w, state = optimiser.update(G, optimiser.init(np.ones(2)), np.ones(2))
    np.testing.assert_allclose(w, 1 + step, rtol=1e-14, atol=1e-15)
    assert state.step == 1


@pytest.mark.parametrize("mu", [0.0, 0.5, 0.9])
def test_heavy_ball_on_a_quadratic(mu):
    """xₖ₊₁ = xₖ - lr c xₖ + μ (xₖ - xₖ₋₁): Polyak's recursion, written out."""
    c, lr = np.array([1.0, 3.0]), 0.1
    optimiser = optim.SGD(lr=lr, momentum=mu)
    w = np.array([1.0, -2.0])
    state, before, expected = optimiser.init(w), w, w
    for _ in range(30):
        w, state = optimiser.update(c * w, state, w)
        before, expected = expected, expected - lr * c * expected + mu * (expected - before)
    np.testing.assert_allclose(w, expected, rtol=1e-12)


CONVERGING = {
    optim.SGD: {"lr": 0.05, "momentum": 0.5},
    optim.Adam: {"lr": 0.05},
    optim.AdamW: {"lr": 0.05, "weight_decay": 0.0},
    optim.NAdam: {"lr": schedules.Exponential(0.05, 0.995)},
    optim.Adamax: {"lr": 0.05},
    optim.RMSprop: {"lr": schedules.Exponential(0.05, 0.995)},
    optim.Adagrad: {"lr": 0.5},
    optim.Adadelta: {"lr": schedules.Exponential(20.0, 0.995)},
}


@every_method
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_converges_on_least_squares(method, seed):
    rng = np.random.default_rng(seed)
    A = np.linalg.qr(rng.normal(size=(8, 3)))[0] * [1.0, 1.5, 2.0]
    b = rng.normal(size=8)
    best = np.linalg.lstsq(A, b)[0]
    x = dr.variable(rng.normal(size=3))
    optimiser = method([x], **CONVERGING[method])
    for _ in range(1500):
        optimiser.zero_grad()
        np.sum((A @ x - b) ** 2).backward()
        optimiser.step()
    # Steps of sign-like methods do not shrink below lr · (relative change of the gradient): 1e-3 of the distance.
    assert np.linalg.norm(x.data - best) < 1e-3


@method_and_options
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_dtype_is_kept(method, options, dtype):
    """Also with NumPy's float64 numbers as hyper-parameters, which would widen float32."""
    options = {k: np.float64(v) if type(v) is float else v for k, v in options.items()}
    shapes = [(3,), (2, 2), ()]
    live = [dr.variable(np.full(shape, 1.0, dtype)) for shape in shapes]
    optimiser = method(live, lr=np.float64(0.1), **options)
    plain = [np.full(shape, 1.0, dtype)[()] for shape in shapes]
    state = optimiser.init(plain)
    for _ in range(3):
        for x in live:
            x.grad = np.ones(x.shape, dtype)
        optimiser.step()
        plain, state = optimiser.update([np.ones_like(x) for x in plain], state, plain)
    real = np.zeros(0, dtype).real.dtype
    for x, a, slot in zip(live, plain, state.slots, strict=True):
        assert x.data.dtype == dtype
        assert a.dtype == dtype
        assert a.shape == x.shape
        assert np.array_equal(a, x.data)
        remembered = {k: v.dtype for k, v in slot.items() if k not in ("step", "mu_product")}
        assert set(remembered.values()) <= {real}
    memory = {k: a.dtype for k, a in optimiser.state_dict().items() if k.startswith("state.")}
    numbers = ("step", "mu_product")
    assert {d for k, d in memory.items() if not k.endswith(numbers)} <= {real}


@every_method
def test_a_gradient_in_another_precision_is_cast(method):
    optimiser = method(lr=0.1)
    w = np.ones(2, np.float32)
    w, state = optimiser.update(np.array([0.5, 2.0]), optimiser.init(w), w)
    assert w.dtype == np.float32
    assert all(a.dtype == np.float32 for a in state.slots[0].values() if isinstance(a, np.ndarray))


@method_and_options
def test_entry_by_entry(method, options):
    """Every method treats entries alone, so an ensemble is a leading axis."""
    optimiser = method(lr=0.1, **options)
    rng = np.random.default_rng(1)
    w = rng.normal(size=(4, 3))
    gradients = rng.normal(size=(6, 4, 3))
    whole, state = w, optimiser.init(w)
    for g in gradients:
        whole, state = optimiser.update(g, state, whole)
    for k in range(4):
        part, state = w[k], optimiser.init(w[k])
        for g in gradients:
            part, state = optimiser.update(g[k], state, part)
        assert np.array_equal(part, whole[k])


@every_method
def test_momentum_may_begin_later(method):
    """What has not been remembered yet counts as nothing."""
    if "momentum" not in method.limits:
        assert "betas" in method.limits or method in (optim.Adagrad, optim.Adadelta)
        return
    optimiser = method(lr=0.1)
    w = np.array([1.0])
    g = np.array([0.5])
    w, state = optimiser.update(g, optimiser.init(w), w)
    late, _ = optimiser.update(g, state, w, momentum=0.9)
    never, _ = optimiser.update(g, state, w)
    assert np.array_equal(late, never)


def test_the_variance_of_a_centred_rmsprop_is_not_negative():
    """A constant gradient has variance zero, which rounding makes negative, and its root NaN."""
    optimiser = optim.RMSprop(lr=1e-6, alpha=0.3, centered=True)
    g = np.random.default_rng(0).normal(size=200)
    w = np.ones(200)
    state = optimiser.init(w)
    for _ in range(50):
        w, state = optimiser.update(g, state, w)
    slot = state.slots[0]
    assert np.any(slot["square_avg"] < slot["grad_avg"] ** 2)
    assert np.all(np.isfinite(w))


# -- derivatives through updates ------------------------------------------------------------------------------------


def after(optimiser, steps=4, **hyper):
    w = {"x": np.array([1.0, -2.0]), "y": 0.5}
    c = np.array([1.0, 0.3])
    state = optimiser.init(w)
    for _ in range(steps):
        g = {"x": c * w["x"] + w["y"], "y": w["y"] ** 3 + np.sum(w["x"])}
        w, state = optimiser.update(g, state, w, **hyper)
    return np.sum(w["x"] ** 2) + w["y"] ** 2


def test_derivative_with_respect_to_the_rate_in_closed_form():
    """x after n steps on x²/2 is (1 - lr)ⁿ."""

    def end(lr):
        optimiser = optim.SGD()
        x, state = np.float64(1.0), optimiser.init(1.0)
        for _ in range(5):
            x, state = optimiser.update(x, state, x, lr=lr)
        return x

    assert np.isclose(dr.grad(end)(0.1), -5 * 0.9**4, rtol=1e-14)
    assert np.isclose(dr.derivative(end, order=2)(0.1), 20 * 0.9**3, rtol=1e-13)


@method_and_options
def test_derivative_with_respect_to_the_rate(method, options):
    f = lambda lr: after(method(**options), lr=lr)
    dr.check_derivatives(f, 0.05)


@pytest.mark.parametrize("name", ["momentum", "weight_decay", "dampening"])
def test_derivative_at_zero_is_not_lost(name):
    """A coefficient of zero is left out of the formula, but not of the derivative."""
    fixed = {"lr": 0.1} | ({"momentum": 0.9} if name == "dampening" else {})
    f = lambda v: after(optim.SGD(**fixed), **{name: v})
    h = 1e-6
    difference = (f(h) - f(-h)) / (2 * h) if name == "dampening" else (f(2 * h) - f(0.0)) / (2 * h)
    assert abs(difference) > 1e-3
    assert np.isclose(dr.grad(f)(0.0), difference, rtol=1e-4)
    assert np.isclose(dr.jvp(f, (0.0,), (1.0,))[1], difference, rtol=1e-4)


def test_derivative_with_respect_to_betas_and_start():
    dr.check_derivatives(
        lambda b: after(optim.Adam(lr=0.1), betas=(b[0], b[1])), np.array([0.8, 0.9])
    )

    def end(w):
        optimiser = optim.Adam(lr=0.1)
        state = optimiser.init(w)
        for _ in range(3):
            w, state = optimiser.update(np.sin(w) + w, state, w)
        return np.sum(w**2)

    dr.check_derivatives(end, np.array([0.3, -1.2]))


def test_complex_through_updates():
    def end(z):
        optimiser = optim.Adam(lr=0.1)
        state = optimiser.init(z)
        for _ in range(2):
            z, state = optimiser.update(2 * z, state, z)
        return np.sum(np.abs(z) ** 2)

    dr.check_derivatives(end, np.array([0.3 - 0.5j, -1.2 + 0.1j]))


@method_and_options
def test_lanes(method, options):
    """`vmap` over weights, and over learning rates."""
    optimiser = method(lr=0.1, **options)
    W = np.array([[0.3, -1.2], [2.0, 0.1], [0.5, 0.4]])

    def end(w, **hyper):
        state = optimiser.init(w)
        for _ in range(3):
            w, state = optimiser.update(np.sin(w) + w, state, w, **hyper)
        return w

    assert np.array_equal(dr.vmap(end)(W), [end(w) for w in W])
    rates = np.array([0.1, 0.2])
    found = dr.vmap(lambda lr: end(W, lr=lr))(rates)
    np.testing.assert_allclose(found, [end(W, lr=lr) for lr in rates], rtol=1e-14)
    with pytest.raises(ValueError, match=f"{method.__name__}: lr="):
        dr.vmap(lambda lr: end(W, lr=lr))(np.array([0.1, -0.2]))
    with pytest.raises(ValueError, match=f"{method.__name__}: lr="):
        dr.grad(lambda lr: np.sum(end(W, lr=lr)))(rates)


def test_what_is_remembered_is_no_alias():
    """The first running sum is the gradient itself, in value only: its array may be used again."""
    optimiser = optim.SGD(lr=0.1, momentum=0.9)
    w, g = np.ones(2), np.array([1.0, 2.0])
    _, state = optimiser.update(g, optimiser.init(w), w)
    g[...] = 0
    assert np.array_equal(state.slots[0]["momentum_buffer"], [1.0, 2.0])
    x = dr.variable(np.ones(2))
    x.grad = [1.0, 2.0]
    live = optim.SGD([x], lr=0.1, momentum=0.9)
    live.step()
    x.grad[...] = 0
    assert np.array_equal(live.state_dict()["state.0.momentum_buffer"], [1.0, 2.0])
