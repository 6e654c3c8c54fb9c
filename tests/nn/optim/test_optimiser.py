"""What all optimisers share: parameters and groups, refusals, numbers that are not finite, saved states."""

import io

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn
from dualrev.errors import DualrevError, InputError, NonFiniteError, ShapeError
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
every_method = pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__)


def pair():
    return dr.variable([1.0, 2.0]), dr.variable(3.0)


class Net(nn.Module):
    def __init__(self):
        self.weight = nn.Parameter([1.0, 2.0])
        self.inner = [nn.Parameter(0.5)]

    def forward(self, x):
        return np.sum(self.weight * x) + self.inner[0]


# -- parameters ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (lambda x, y: [x, y], ["0", "1"]),
        (lambda x, y: (x, y), ["0", "1"]),
        (lambda x, y: iter([x, y]), ["0", "1"]),
        (lambda x, y: {"x": x, "y": y}, ["x", "y"]),
        (lambda x, y: x, ["0"]),
        (lambda x, y: [{"params": x}, {"params": [y]}], ["0", "1"]),
        (lambda x, y: {"params": [x, y]}, ["0", "1"]),
        (lambda x, y: Net(), ["weight", "inner.0"]),
        (lambda x, y: [{"params": Net()}, {"params": [x]}], ["weight", "inner.0", "2"]),
    ],
)
def test_what_parameters_may_be(given, names):
    optimiser = optim.SGD(given(*pair()), lr=0.1)
    assert [name for name, _ in optimiser.named_parameters()] == names
    for _, p in optimiser.named_parameters():
        p.grad = np.ones(p.shape)
    before = [p.detach() for _, p in optimiser.named_parameters()]
    optimiser.step()
    for (_, p), old in zip(optimiser.named_parameters(), before, strict=True):
        assert np.array_equal(p.data, old - 0.1)


x0, y0 = dr.variable(1.0), dr.variable(2.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (list, "no parameters"),
        (dict, "no parameters"),
        (lambda: nn.Module(), "no parameters"),
        (lambda: np.ones(2), "not ndarray of shape (2,)"),
        (lambda: [np.ones(2)], "parameter '0' is ndarray of shape (2,)"),
        (lambda: 3.0, "not float"),
        (lambda: {"x": 1.0}, "parameter 'x' is float"),
        (lambda: [x0 * 2], "computed from other variables"),
        (lambda: [x0, y0, x0], "'2' of group 0 is the same variable as '0' of group 0"),
        (lambda: [{"params": [x0]}, {"params": [y0, x0]}], "'2' of group 1 is the same"),
        (lambda: [{"params": [x0]}, [y0]], "group 1 is list"),
        (lambda: [{"params": [x0], "learning_rate": 0.1}], "'learning_rate'"),
    ],
)
def test_parameters_that_are_refused(given, words):
    with pytest.raises(InputError, match="SGD") as error:
        optim.SGD(given())
    assert words in str(error.value)


@pytest.mark.parametrize("call", ["step", "zero_grad", "named_parameters"])
def test_made_without_parameters(call):
    with pytest.raises(InputError, match=r"made without parameters: .* or use update"):
        getattr(optim.SGD(lr=0.1), call)()


def test_a_group_is_added():
    x, y = pair()
    optimiser = optim.SGD([x], lr=0.1)
    optimiser.add_param_group({"params": [y], "lr": 1.0})
    x.grad, y.grad = np.ones(2), 1.0
    optimiser.step()
    assert np.array_equal(x.data, [0.9, 1.9])
    assert y.data == 2.0
    with pytest.raises(InputError, match="same variable"):
        optimiser.add_param_group({"params": [x]})
    assert len(optimiser.param_groups) == 2


@every_method
@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("lr", -0.1),
        ("lr", np.nan),
        ("lr", np.inf),
        ("lr", "0.1"),
        ("lr", np.ones(2)),
        ("lr", np.ones(1)),
        ("weight_decay", -1.0),
        ("eps", -1e-8),
        ("betas", (0.9, 1.0)),
        ("betas", (-0.1, 0.9)),
        ("betas", 0.9),
        ("betas", (0.9,)),
        ("momentum", -0.5),
        ("rho", 1.5),
        ("alpha", -0.1),
        ("lr_decay", -1.0),
        ("initial_accumulator_value", -1.0),
        ("momentum_decay", np.nan),
        ("dampening", np.inf),
        ("amsgrad", "yes"),
        ("maximize", 2),
    ],
)
def test_ranges(method, name, bad):
    if name not in method.limits:
        with pytest.raises(TypeError, match=name):
            method(**{name: bad})
        return
    with pytest.raises(ValueError, match=f"{method.__name__}: {name}="):
        method(**{name: bad})
    optimiser = method()
    with pytest.raises(ValueError, match=f"{method.__name__}: {name}="):
        optimiser.update(np.ones(1), optimiser.init(np.ones(1)), np.ones(1), **{name: bad})
    # Also where it is written into a group, or comes from a schedule.
    x = dr.variable([1.0])
    optimiser = method([x])
    x.grad = [1.0]
    for given in (bad, lambda step: bad):
        optimiser.param_groups[0][name] = given
        with pytest.raises(ValueError, match=f"{method.__name__}: {name}="):
            optimiser.step()
    assert np.array_equal(x.data, [1.0])


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "dampening": 0.1}])
def test_nesterov_needs_momentum(options):
    with pytest.raises(ValueError, match="nesterov=True needs momentum > 0"):
        optim.SGD(nesterov=True, **options)


def test_unknown_words():
    with pytest.raises(ValueError, match="'raise' or 'skip'"):
        optim.Adam(nonfinite="ignore")
    optimiser = optim.Adam()
    with pytest.raises(TypeError, match="'momentum' is unknown; the hyper-parameters are lr"):
        optimiser.update(np.ones(1), optimiser.init(np.ones(1)), np.ones(1), momentum=0.5)


@pytest.mark.parametrize(
    ("gradients", "weights", "error", "words"),
    [
        ({"a": np.ones(2)}, {"b": np.ones(2)}, ShapeError, "different containers"),
        ([np.ones(2)], (np.ones(2),), ShapeError, "different containers"),
        ([np.ones(2)] * 2, [np.ones(2)], ShapeError, "different containers"),
        ({"a": np.ones((2, 1))}, {"a": np.ones(2)}, ShapeError, "weights['a'] has shape (2,)"),
        ({"a": 1.0}, {"a": np.ones(2)}, ShapeError, "its gradient ()"),
        ([1j * np.ones(2)], [np.ones(2)], ShapeError, "weights[0] is real, its gradient complex"),
        ([np.ones(2)], [np.arange(2)], InputError, "weights[0] is ndarray"),
        ([np.arange(2)], [np.ones(2)], InputError, "the gradient of weights[0]"),
        ([2], [2], InputError, "weights[0] is int"),
        (["a"], ["a"], InputError, "weights[0] is str"),
    ],
)
def test_containers_that_do_not_fit(gradients, weights, error, words):
    optimiser = optim.SGD(lr=0.1)
    state = optim.State(0, ({},) * len(weights))
    with pytest.raises(error, match="SGD") as raised:
        optimiser.update(gradients, state, weights)
    assert words in str(raised.value)


def test_a_state_of_other_weights():
    optimiser = optim.SGD(lr=0.1)
    with pytest.raises(ShapeError, match=r"the state is of 1 arrays, the weights have 2"):
        optimiser.update([1.0, 1.0], optimiser.init(1.0), [1.0, 1.0])


def test_dataclasses_and_single_arrays_are_containers():
    import dataclasses

    @dataclasses.dataclass
    class Weights:
        slope: float
        offset: np.ndarray

    optimiser = optim.SGD(lr=0.5)
    w = Weights(2.0, np.ones(2))
    new, _ = optimiser.update(Weights(1.0, np.array([2.0, 0.0])), optimiser.init(w), w)
    assert type(new) is Weights
    assert new.slope == 1.5
    assert np.array_equal(new.offset, [0.0, 1.0])
    w, _ = optimiser.update(np.float64(1.0), optimiser.init(3.0), 3.0)
    assert w == 2.5


# -- steps --------------------------------------------------------------------------------------------------------


@every_method
def test_forgotten_backward(method):
    x, y = pair()
    optimiser = method([x, y])
    with pytest.raises(
        InputError, match=r"none of the 2 parameters has a gradient. Call loss.backward"
    ):
        optimiser.step()
    assert optimiser.count == 0


@every_method
def test_parameters_without_gradient_stay(method):
    x, y = pair()
    y.grad = 1.0
    optimiser = method([x, y], lr=0.1)
    optimiser.step()
    assert np.array_equal(x.data, [1.0, 2.0])
    assert y.data != 3.0
    assert not any(key.startswith("state.0.") for key in optimiser.state_dict())


@every_method
def test_zero_grad_and_closure(method):
    x, y = pair()
    optimiser = method([x, y], lr=0.1)

    def closure():
        optimiser.zero_grad()
        loss = np.sum(x**2) + y**2
        loss.backward()
        return loss

    loss = optimiser.step(closure)
    assert type(loss) is np.float64
    assert loss == 14.0
    assert np.array_equal(x.grad, [2.0, 4.0])
    optimiser.zero_grad()
    assert x.grad is None
    assert y.grad is None


def test_steps_record_nothing():
    x, _ = pair()
    x.grad = np.ones(2)
    optim.Adam([x]).step()
    assert x.is_leaf
    y = np.sum(x * x)
    y.backward()
    assert np.allclose(x.grad, 1 + 2 * x.data, rtol=1e-15)


# -- numbers that are not finite ----------------------------------------------------------------------------------


@every_method
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_gradients_that_are_not_finite(method, bad):
    x, y = pair()
    optimiser = method({"x": x, "y": y}, lr=0.1)
    x.grad, y.grad = np.ones(2), 1.0
    optimiser.step()
    weights, state = x.detach(), optimiser.state_dict()
    x.grad = [1.0, bad]
    with pytest.raises(NonFiniteError, match=f"{method.__name__}.step") as error:
        optimiser.step()
    assert f"x: 1 of 2 entries, the first at [1]: {bad}" in str(error.value)
    assert "test_optimiser.py" in str(error.value)
    assert "  y:" not in str(error.value)
    assert np.array_equal(x.data, weights)
    same_state(optimiser.state_dict(), state)


@every_method
def test_steps_left_out(method):
    x, y = pair()
    optimiser = method([x, y], lr=0.1, nonfinite="skip")
    x.grad, y.grad = np.ones(2), np.nan
    optimiser.step()
    assert optimiser.skipped == 1
    assert optimiser.count == 0
    assert np.array_equal(x.data, [1.0, 2.0])
    y.grad = 1.0
    optimiser.step()
    assert optimiser.skipped == 1
    assert np.all(x.data != [1.0, 2.0])
    functional = method(lr=0.1, nonfinite="skip")
    w = {"a": np.ones(2)}
    state = functional.init(w)
    new, after = functional.update({"a": np.array([np.nan, 1.0])}, state, w)
    assert new is w
    assert after is state


@pytest.mark.parametrize(
    ("optimiser", "gradient", "words"),
    [
        # The step overflows.
        (optim.SGD(lr=1e200), 1e200, "weights: -inf"),
        # The square does; the weight itself would not move, ever again.
        (optim.Adam(lr=0.1), 1e200, "exp_avg_sq of weights: inf"),
        (optim.Adagrad(lr=0.1), 1e200, "sum of weights: inf"),
        # Nothing in the denominator.
        (optim.RMSprop(lr=0.1, eps=0.0), 0.0, "weights: nan"),
        (optim.Adam(lr=0.1, eps=0.0), 0.0, "weights: nan"),
    ],
)
def test_steps_that_are_not_finite(optimiser, gradient, words):
    with pytest.raises(NonFiniteError, match="weight after the step") as error:
        optimiser.update(gradient, optimiser.init(-1.0), -1.0)
    assert words in str(error.value)
    assert "No weight was changed" in str(error.value)


def test_all_errors_are_dualrevs():
    assert issubclass(NonFiniteError, DualrevError)
    assert issubclass(InputError, DualrevError)


# -- schedules as hyper-parameters --------------------------------------------------------------------------------


def test_a_schedule_is_a_rate():
    schedule = schedules.Exponential(0.5, 0.5)
    x = dr.variable(1.0)
    optimiser = optim.SGD([x], lr=schedule)
    functional = optim.SGD(lr=schedule)
    w, state = 1.0, functional.init(1.0)
    expected = 1.0
    for k in range(4):
        x.grad = 1.0
        optimiser.step()
        w, state = functional.update(1.0, state, w)
        expected -= 0.5 * 0.5**k
        assert x.data == w == expected


def test_a_step_left_out_does_not_count():
    x = dr.variable(1.0)
    seen = []
    optimiser = optim.SGD([x], lr=lambda k: seen.append(k) or 0.1, nonfinite="skip")
    seen.clear()
    for g in (1.0, np.nan, 1.0):
        x.grad = g
        optimiser.step()
    assert seen == [0, 1, 1]


def test_any_hyper_parameter_may_be_a_function():
    optimiser = optim.Adam(lr=0.1, betas=lambda k: (0.5 + 0.1 * k, 0.9))
    fixed = optim.Adam(lr=0.1)
    w = v = np.array([1.0])
    s, t = optimiser.init(w), fixed.init(w)
    for k in range(3):
        g = np.array([1.0 + k])
        w, s = optimiser.update(g, s, w)
        v, t = fixed.update(g, t, v, betas=(0.5 + 0.1 * k, 0.9))
    assert np.array_equal(w, v)


# -- states -------------------------------------------------------------------------------------------------------


def same_state(a, b):
    assert a.keys() == b.keys()
    for key in a:
        assert np.array_equal(a[key], b[key]), key
        assert a[key].dtype == b[key].dtype, key


def run(optimiser, parameters, steps):
    for k in range(steps):
        for p in parameters:
            p.grad = np.cos(k + p.data)
        optimiser.step()


def parameters(dtype):
    return [dr.variable(np.array([[1.0, -1.0]], dtype)), dr.variable(dtype(0.5))]


RICH = {
    optim.SGD: {"momentum": 0.9},
    optim.Adam: {"amsgrad": True, "betas": (0.8, 0.95)},
    optim.RMSprop: {"momentum": 0.5, "centered": True},
}


@every_method
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_states_are_saved_and_loaded(method, dtype):
    """Ten steps are five, a file, and five more in another optimiser: to the last bit."""
    options = RICH.get(method, {})
    whole, half = parameters(dtype), parameters(dtype)
    first = method(whole, lr=0.05, **options)
    run(first, whole, 10)
    second = method(
        [{"params": half, "weight_decay": 0.0 * first.defaults["weight_decay"]}], lr=0.05, **options
    )
    second.param_groups[0]["weight_decay"] = first.defaults["weight_decay"]
    run(second, half, 5)
    file = io.BytesIO()
    np.savez(file, **second.state_dict())
    file.seek(0)
    third = method(half, lr=0.9)
    third.load_state_dict(np.load(file, allow_pickle=False))
    same_state(third.state_dict(), second.state_dict())
    for p in half:
        p.zero_grad()
    for k in range(5, 10):
        for p in half:
            p.grad = np.cos(k + p.data)
        third.step()
    for a, b in zip(whole, half, strict=True):
        assert np.array_equal(a.data, b.data)
        assert a.data.dtype == b.data.dtype
    same_state(first.state_dict(), third.state_dict())


def test_a_state_in_another_precision_is_cast():
    double, single = parameters(np.float64), parameters(np.float32)
    optimiser = optim.SGD(double, momentum=0.9)
    run(optimiser, double, 2)
    other = optim.SGD(single)
    other.load_state_dict(optimiser.state_dict())
    assert other.state_dict()["state.0.momentum_buffer"].dtype == np.float32
    run(other, single, 1)
    assert other.state_dict()["state.1.momentum_buffer"].dtype == np.float32


def test_a_state_is_a_copy():
    x, _ = pair()
    optimiser = optim.SGD([x], lr=0.1, momentum=0.9)
    run(optimiser, [x], 2)
    state = optimiser.state_dict()
    for a in state.values():
        a[...] = 0
    assert np.all(optimiser.state_dict()["state.0.momentum_buffer"] != 0)
    assert optimiser.param_groups[0]["lr"] == 0.1


def change(state, **new):
    return {**state, **{k.replace("__", "."): v for k, v in new.items()}}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda s: {}, "count is missing"),
        (lambda s: {k: v for k, v in s.items() if k != "groups.0.lr"}, "groups.0.lr is missing"),
        (lambda s: change(s, groups__1__lr=0.1), "groups.1.lr is unexpected"),
        (lambda s: change(s, lr=0.1), "lr is unexpected"),
        (lambda s: change(s, groups__0__parameters=np.array(3)), "is 3, group 0 has 2"),
        (
            lambda s: change(s, state__0__momentum_buffer=np.ones(3)),
            "has shape (3,), '0' needs (2,)",
        ),
        (lambda s: change(s, state__7__momentum_buffer=np.ones(3)), "of no parameter here"),
        (lambda s: change(s, state__x__momentum_buffer=np.ones(3)), "of no parameter here"),
        (lambda s: change(s, groups__0__lr=-1.0), "lr=-1.0"),
        (lambda s: change(s, groups__0__lr=np.ones(2)), "lr=(1.0, 1.0)"),
    ],
)
def test_states_that_do_not_fit(edit, words):
    x, y = pair()
    optimiser = optim.SGD([x, y], lr=0.1, momentum=0.9)
    run(optimiser, [x, y], 2)
    before = optimiser.state_dict()
    with pytest.raises((InputError, ValueError), match="SGD") as error:
        optimiser.load_state_dict(edit(before))
    assert words in str(error.value)
    same_state(optimiser.state_dict(), before)


def test_a_schedule_goes_on_where_it_was():
    x, _ = pair()
    optimiser = optim.SGD([x], lr=schedules.Exponential(0.5, 0.5))
    run(optimiser, [x], 3)
    other = optim.SGD([x], lr=schedules.Exponential(0.5, 0.5))
    other.load_state_dict(optimiser.state_dict())
    before = x.detach()
    x.grad = np.ones(2)
    other.step()
    assert np.array_equal(x.data, before - 0.5 * 0.5**3)


def test_repr():
    x, y = pair()
    text = repr(optim.SGD([{"params": [x]}, {"params": [y], "lr": 0.5}], lr=0.1))
    assert text.startswith("SGD(lr=0.1, ")
    assert "| lr=0.5, " in text
    assert text.count("; 1 parameters") == 2
    assert repr(optim.LBFGS([x])).startswith("LBFGS(max_iter=1000, ")
