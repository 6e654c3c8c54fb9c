"""functional_call: a module inside every transform, pure, in threads, to second order."""

from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn
from dualrev.errors import InputError, ShapeError

X = np.random.default_rng(0).normal(size=(6, 3))
Y = np.random.default_rng(1).normal(size=(6, 1))


def network():
    return nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))


def loss(model, weights, x=X, y=Y):
    return nn.mse_loss(nn.functional_call(model, weights, x), y)


class Centred(nn.Module):
    """A layer behind a running mean, which it updates in place or by assignment."""

    def __init__(self, in_place):
        self.layer = nn.Linear(3, 2, rng=0)
        self.in_place = in_place
        self.register_buffer("mean", np.zeros(2))

    def forward(self, x):
        h = self.layer(x)
        if self.training:
            new = dr.value(np.mean(h, axis=0))
            if self.in_place:
                self.mean += 0.5 * (new - self.mean)
            else:
                self.mean = 0.5 * self.mean + 0.5 * new
        self.last = h
        return h - self.mean


def flat(model):
    """Return the network as a function of one vector, and the vector."""
    weights = model.weights()
    sizes = np.cumsum([w.size for w in weights.values()])[:-1]

    def unflatten(v):
        parts = np.split(v, sizes)
        return {k: np.reshape(p, w.shape) for (k, w), p in zip(weights.items(), parts, strict=True)}

    return unflatten, np.concatenate([w.ravel() for w in weights.values()])


def test_gradient_is_that_of_backward():
    model = network()
    g = dr.grad(lambda w: loss(model, w))(model.weights())
    nn.mse_loss(model(X), Y).backward()
    assert set(g) == set(model.named_parameters())
    for name, p in model.named_parameters().items():
        assert type(g[name]) is np.ndarray
        np.testing.assert_allclose(g[name], p.grad, rtol=1e-13, atol=1e-16)


def test_nothing_is_recorded_for_plain_arguments():
    model = network()
    y = nn.functional_call(model, model.weights(), X)
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, model(X).detach())


def test_all_orders_against_differences():
    model = network()
    unflatten, v = flat(model)
    dr.check_derivatives(lambda v: loss(model, unflatten(v)), v, order=2)


def test_hessian_is_the_difference_of_gradients(central):
    model = network()
    unflatten, v = flat(model)
    f = lambda v: loss(model, unflatten(v))
    h = dr.hessian(f)(v)
    # Fourth order differences with h = 1e-3: truncation h⁴ ≈ 1e-12, rounding eps/h ≈ 2e-13, on gradients of size 1.
    np.testing.assert_allclose(h, central(dr.grad(f), v), atol=2e-11, rtol=0)
    np.testing.assert_allclose(h, h.T, atol=1e-14, rtol=0)
    direction = np.random.default_rng(2).normal(size=v.shape)
    np.testing.assert_allclose(dr.hvp(f)(v, direction), h @ direction, rtol=1e-11, atol=1e-13)


def test_hvp_of_a_dict():
    model = network()
    w = model.weights()
    t = {name: np.ones_like(a) for name, a in w.items()}
    product = dr.hvp(lambda w: loss(model, w))(w, t)
    unflatten, v = flat(model)
    wanted = unflatten(dr.hessian(lambda v: loss(model, unflatten(v)))(v) @ np.ones_like(v))
    for name in w:
        np.testing.assert_allclose(product[name], wanted[name], rtol=1e-11, atol=1e-13)


def test_per_sample_gradients():
    model = network()
    w = model.weights()
    one = lambda w, x, y: loss(model, w, x, y)
    lanes = dr.vmap(dr.grad(one), in_axes=(None, 0, 0))(w, X, Y)
    for k in range(len(X)):
        single = dr.grad(one)(w, X[k], Y[k])
        for name in w:
            np.testing.assert_allclose(lanes[name][k], single[name], rtol=1e-12, atol=1e-15)
    for name, mean in dr.grad(one)(w, X, Y).items():
        np.testing.assert_allclose(lanes[name].mean(axis=0), mean, rtol=1e-12, atol=1e-15)


def test_an_ensemble():
    """Lanes of weights: several networks at once."""
    model = network()
    many = {name: np.stack([a, 2 * a, -a]) for name, a in model.weights().items()}
    y = dr.vmap(lambda w: nn.functional_call(model, w, X))(many)
    for k in range(3):
        wanted = nn.functional_call(model, {name: a[k] for name, a in many.items()}, X)
        np.testing.assert_allclose(y[k], wanted, rtol=1e-13, atol=1e-15)


def test_forward_mode_and_jacobian():
    model = network()
    w = model.weights()
    f = lambda w: nn.functional_call(model, w, X)
    t = {name: np.ones_like(a) for name, a in w.items()}
    _, change = dr.jvp(f, (w,), (t,))
    jacobian = dr.jacobian(f)(w)
    total = sum(np.sum(jacobian[name], axis=tuple(range(2, jacobian[name].ndim))) for name in w)
    np.testing.assert_allclose(change, total, rtol=1e-12, atol=1e-14)


def test_parameters_that_are_not_given_are_constants():
    model = network()
    w = model.weights()
    head = {name: a for name, a in w.items() if name.startswith("2.")}
    g = dr.grad(lambda h: loss(model, h))(head)
    full = dr.grad(lambda w: loss(model, w))(w)
    assert set(g) == set(head)
    for name in head:
        np.testing.assert_array_equal(g[name], full[name])
    assert all(p.grad is None for p in model.parameters())


def test_the_module_is_left_alone():
    model = Centred(in_place=False).eval()
    state = model.state_dict()
    dr.grad(lambda w: np.sum(nn.functional_call(model, w, X)))(model.weights())
    assert not hasattr(model, "last")
    for name, a in model.state_dict().items():
        np.testing.assert_array_equal(a, state[name])
    assert model.layer.weight.is_leaf


@pytest.mark.parametrize("in_place", [False, True])
def test_buffers_are_updated_in_training_only(in_place):
    model, other = Centred(in_place), Centred(in_place)
    dr.grad(lambda w: np.sum(nn.functional_call(model, w, X) ** 2))(model.weights())
    with dr.no_grad():
        other(X)
    assert type(model.mean) is np.ndarray
    assert model.mean.any()
    np.testing.assert_array_equal(model.mean, other.mean)
    model.mean += 1.0  # memory of its own
    before = model.mean.copy()
    nn.functional_call(model.eval(), model.weights(), X)
    np.testing.assert_array_equal(model.mean, before)


def test_what_is_assigned_outside_training_is_forgotten():
    class Eager(nn.Module):
        def __init__(self):
            self.register_buffer("calls", np.zeros(1))

        def forward(self, x):
            self.calls = self.calls + 1
            return x

    model = Eager().eval()
    buffer = model.calls
    nn.functional_call(model, {}, X)
    assert model.calls is buffer
    assert buffer.flags.writeable
    nn.functional_call(model.train(), {}, X)
    np.testing.assert_array_equal(model.calls, [1.0])


def test_a_write_into_a_buffer_outside_training_is_refused():
    model = Centred(in_place=True).eval()

    class Careless(nn.Module):
        def __init__(self):
            self.inner = model

        def forward(self, x):
            self.inner.mean[:] = 1.0
            return self.inner(x)

    with pytest.raises(ValueError, match="read-only"):
        nn.functional_call(Careless().eval(), {}, X)
    np.testing.assert_array_equal(model.mean, [0.0, 0.0])


def test_an_error_leaves_the_buffers():
    class Failing(Centred):
        def forward(self, x):
            super().forward(x)
            raise ZeroDivisionError

    model = Failing(in_place=True)
    with pytest.raises(ZeroDivisionError):
        nn.functional_call(model, model.weights(), X)
    np.testing.assert_array_equal(model.mean, [0.0, 0.0])


def test_threads():
    model = network()
    w = model.weights()
    scales = np.linspace(0.1, 2.0, 24)
    gradient = lambda s: dr.grad(lambda w: loss(model, w))({k: s * a for k, a in w.items()})
    wanted = [gradient(s) for s in scales]
    with ThreadPoolExecutor(4) as pool:
        for got, want in zip(pool.map(gradient, scales), wanted, strict=True):
            for name in w:
                np.testing.assert_array_equal(got[name], want[name])


def test_shared_parameters_and_containers():
    Pair = namedtuple("Pair", "left right")

    class Shared(nn.Module):
        def __init__(self):
            self.matrix = nn.Parameter(np.eye(3))
            self.layers = [nn.Linear(3, 3, bias=False, rng=0)]
            self.layers[0].weight = self.matrix
            self.pair = Pair(self.layers[0], {"again": self.layers[0]})
            self.plain = [1.0, 2.0]

        def forward(self, x):
            assert self.pair.left is self.layers[0] is self.pair.right["again"]
            assert self.layers[0].weight is self.matrix
            return np.sum(self.pair.left(x) @ self.matrix) * self.plain[0]

    model = Shared()
    w = model.weights()
    assert list(w) == ["matrix"]
    g = dr.grad(lambda w: nn.functional_call(model, w, X))(w)["matrix"]
    s = X.sum(axis=0)
    f = lambda m: np.sum(s @ m.T @ m)
    np.testing.assert_allclose(g, dr.grad(f)(np.eye(3)), rtol=1e-12)
    # Under another of its names too, but not under two.
    other = nn.functional_call(model, {"layers.0.weight": 2 * np.eye(3)}, X)
    np.testing.assert_allclose(other, 4 * s.sum(), rtol=1e-12)
    with pytest.raises(InputError, match="given twice"):
        nn.functional_call(model, {"matrix": np.eye(3), "layers.0.weight": np.eye(3)}, X)


def test_live_variables_as_weights():
    """Both faces at once: fast weights that are computed from variables (as in meta-learning)."""
    model = network()
    step = dr.variable(0.1)
    w = model.weights()
    g = dr.grad(lambda w: loss(model, w))(w)
    after = loss(model, {name: w[name] - step * g[name] for name in w})
    after.backward()
    f = lambda s: loss(model, {name: w[name] - s * g[name] for name in w})
    np.testing.assert_allclose(step.grad, dr.grad(f)(0.1), rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "error", "words"),
    [
        ({"weigth": np.ones((2, 3))}, InputError, "no parameter 'weigth'; it has weight, bias"),
        ({"weight": np.ones((3, 2))}, ShapeError, r"weight has shape \(3, 2\), wanted is \(2, 3\)"),
        ({"bias": 1.0}, ShapeError, r"bias has shape \(\), wanted is \(2,\)"),
        (np.ones(8), InputError, "mapping of names"),
    ],
)
def test_errors(weights, error, words):
    with pytest.raises(error, match=words):
        nn.functional_call(nn.Linear(3, 2, rng=0), weights, X)


class Closure(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(2.0)
        self.act = lambda x: self.w * x

    def forward(self, x):
        return self.act(x)


class KeptView(nn.Module):
    def __init__(self):
        self.w = nn.Parameter([[2.0]])
        self.transposed = self.w.T

    def forward(self, x):
        return x * self.transposed[0, 0]


class Boxed(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(2.0)
        self.box = SimpleNamespace(w=self.w)

    def forward(self, x):
        return x * self.box.w


class KeptMethod(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(2.0)
        self.act = self.scaled

    def scaled(self, x):
        return self.w * x

    def forward(self, x):
        return self.act(x)


@pytest.mark.parametrize("make", [Closure, KeptView, Boxed])
def test_a_parameter_that_is_used_past_the_given_weights_is_refused(make):
    """With the parameter's own value, the derivative would be zero and nobody would know."""
    model, x = make(), np.array([1.0, 2.0])

    def f(w):
        return np.sum(nn.functional_call(model, w, x))

    with pytest.raises(dr.InputError, match="'w' itself"):
        dr.grad(f)(model.weights())
    with pytest.raises(dr.InputError, match="'w' itself"), dr.no_grad():
        f({"w": model.w.detach()})
    assert np.sum(model(x)).item() == 6.0


def test_weights_may_be_computed_from_the_parameters_themselves():
    """As in meta-learning: a step of gradient descent that is itself recorded."""
    model, x = nn.Linear(2, 1, rng=0), np.array([[1.0, 2.0], [3.0, -1.0]])
    start = model.weights()

    def loss(w, x=x):
        return np.sum(nn.functional_call(model, w, x) ** 2)

    loss(model.named_parameters()).backward()
    want = dr.grad(loss)(start)
    for name, p in model.named_parameters().items():
        np.testing.assert_allclose(p.grad, want[name], rtol=1e-14)
        p.zero_grad()
    model(x).sum().backward(create_graph=True)
    moved = {name: p - 0.1 * p.grad for name, p in model.named_parameters().items()}
    for p in model.parameters():
        p.zero_grad()
    loss(moved).backward()

    def after_a_step(w):
        g = dr.grad(lambda w: np.sum(nn.functional_call(model, w, x)))(w)
        return loss({name: w[name] - 0.1 * g[name] for name in w})

    for name, g in dr.grad(after_a_step)(start).items():
        np.testing.assert_allclose(model.named_parameters()[name].grad, g, rtol=1e-12)
    doubled = {name: 2.0 * p for name, p in model.named_parameters().items()}
    assert loss(doubled).item() == loss({name: 2.0 * w for name, w in start.items()})
    hidden = model(x) * np.ones(2)
    assert type(loss(start, hidden).item()) is float


def test_methods_kept_as_attributes_follow():
    model, x = KeptMethod(), np.array([1.0, 2.0])
    g = dr.grad(lambda w: np.sum(nn.functional_call(model, w, x)))(model.weights())
    assert g == {"w": 3.0}


def test_inside_no_grad_the_results_are_plain():
    model, x = nn.Linear(2, 3, rng=0), dr.variable(np.ones((4, 2)))
    with dr.no_grad():
        y = nn.functional_call(model, model.weights(), x)
    assert type(y) is np.ndarray
