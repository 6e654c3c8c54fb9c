"""Every optimiser and option takes the same 100 steps as PyTorch's, gradients included."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.nn import optim

torch = pytest.importorskip("torch", reason="PyTorch is the reference; it is in the extra `test`")

STEPS = 100
# In double precision both round differently by parts in 1e16; nothing here amplifies that a millionfold.
TOLERANCE = 1e-10

RNG = np.random.default_rng(6)
START = {
    "x": np.array([-1.2, 1.0, 0.5, 1.4, 0.9]),
    "weight": RNG.normal(size=(3, 4)),
    "bias": RNG.normal(size=3),
    "scale": np.array(0.7),
}
A, Y = RNG.normal(size=(12, 4)), RNG.normal(size=(12, 3))

# Name: the settings to compare. The empty one compares the defaults.
SETTINGS = {
    "SGD": [
        {},
        {"lr": 0.02},
        {"lr": 0.01, "momentum": 0.9},
        {"lr": 0.02, "momentum": 0.8, "dampening": 0.5},
        {"lr": 0.005, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"lr": 0.02, "weight_decay": 0.3},
        {"lr": 1e-4, "momentum": 0.5, "maximize": True},
    ],
    "Adam": [
        {},
        {"lr": 0.05},
        {"lr": 0.05, "betas": (0.5, 0.8), "eps": 1e-3},
        {"lr": 0.1, "amsgrad": True, "betas": (0.9, 0.5)},
        {"lr": 0.02, "weight_decay": 0.2},
        {"lr": 0.01, "maximize": True, "weight_decay": 0.2, "amsgrad": True},
    ],
    "AdamW": [
        {},
        {"lr": 0.05, "weight_decay": 0.3},
        {"lr": 0.05, "weight_decay": 0.1, "amsgrad": True, "betas": (0.8, 0.6)},
        {"lr": 0.02, "maximize": True},
    ],
    "NAdam": [
        {},
        {"lr": 0.01, "betas": (0.8, 0.99)},
        {"lr": 0.02, "momentum_decay": 0.1, "weight_decay": 0.2},
        {"lr": 0.02, "weight_decay": 0.2, "decoupled_weight_decay": True, "eps": 1e-4},
        {"lr": 0.01, "maximize": True},
    ],
    "Adamax": [
        {},
        {"lr": 0.01, "betas": (0.8, 0.99)},
        {"lr": 0.02, "weight_decay": 0.2, "eps": 1e-3},
        {"lr": 0.01, "maximize": True},
    ],
    "RMSprop": [
        {},
        {"lr": 0.005, "alpha": 0.8, "eps": 1e-2},
        {"lr": 0.005, "momentum": 0.9},
        {"lr": 0.01, "centered": True},
        {"lr": 0.005, "centered": True, "momentum": 0.5, "weight_decay": 0.2, "alpha": 0.9},
        {"lr": 0.001, "maximize": True},
    ],
    "Adagrad": [
        {},
        {"lr": 0.2},
        {"lr": 0.2, "lr_decay": 0.05},
        {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3},
        {"lr": 0.1, "weight_decay": 0.3},
        {"lr": 0.05, "maximize": True},
    ],
    "Adadelta": [
        {},
        {"lr": 5.0},
        {"rho": 0.6, "eps": 1e-4},
        {"lr": 2.0, "weight_decay": 0.2},
        {"maximize": True},
    ],
}
CASES = [(name, options) for name, settings in SETTINGS.items() for options in settings]


@pytest.fixture(autouse=True)
def double_precision():
    """PyTorch keeps NAdam's running product in its default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def loss_of(w, a, y):
    """Rosenbrock's function and a least-squares problem, in operations that both libraries write alike."""
    x = w["x"]
    rosenbrock = (0.05 * (x[1:] - x[:-1] ** 2) ** 2 + 0.1 * (1 - x[:-1]) ** 2).sum()
    residual = (a @ w["weight"].T + w["bias"]) * w["scale"] - y
    return rosenbrock + (residual**2).mean()


def ours(optimiser_of, steps=STEPS, start=START, after=None):
    w = {name: dr.variable(x) for name, x in start.items()}
    optimiser = optimiser_of(w)
    path = []
    for k in range(steps):
        optimiser.zero_grad()
        loss_of(w, A, Y).backward()
        if after is not None:
            after(k, w, optimiser)
        optimiser.step()
        path.append({name: x.detach() for name, x in w.items()})
    return path


def theirs(optimiser_of, steps=STEPS, start=START, after=None):
    w = {name: torch.tensor(x, requires_grad=True) for name, x in start.items()}
    optimiser = optimiser_of(w)
    a, y = torch.tensor(A), torch.tensor(Y)
    path = []
    for k in range(steps):
        optimiser.zero_grad()
        loss_of(w, a, y).backward()
        if after is not None:
            after(k, w, optimiser)
        optimiser.step()
        path.append({name: x.detach().numpy().copy() for name, x in w.items()})
    return path


def assert_same(path, expected):
    for k, (mine, reference) in enumerate(zip(path, expected, strict=True)):
        for name in reference:
            assert np.max(np.abs(mine[name] - reference[name])) <= TOLERANCE, (k, name)
    # The comparison means something only if they went somewhere, and stayed finite.
    moved = max(np.max(np.abs(expected[-1][name] - START[name])) for name in START)
    assert 1e-4 < moved < 1e4


@pytest.mark.parametrize(("name", "options"), CASES, ids=lambda v: str(v))
def test_steps(name, options):
    mine = ours(lambda w: getattr(optim, name)(list(w.values()), **options))
    reference = theirs(lambda w: getattr(torch.optim, name)(list(w.values()), **options))
    assert_same(mine, reference)
    # The settings are such that steps do not amplify rounding: PyTorch's own path from 1e-15 aside stays as close.
    aside = {name: x + 1e-15 for name, x in START.items()}
    again = theirs(lambda w: getattr(torch.optim, name)(list(w.values()), **options), start=aside)
    assert_same(again, reference)


@pytest.mark.parametrize("name", SETTINGS)
def test_groups(name):
    """Groups have hyper-parameters of their own, and the defaults for the others."""

    def groups(w):
        return [
            {"params": [w["weight"], w["bias"]], "lr": 0.02},
            {"params": [w["x"]], "weight_decay": 0.1},
            {"params": [w["scale"]]},
        ]

    mine = ours(lambda w: getattr(optim, name)(groups(w), lr=0.01))
    reference = theirs(lambda w: getattr(torch.optim, name)(groups(w), lr=0.01))
    assert_same(mine, reference)
    single = ours(lambda w: getattr(optim, name)(list(w.values()), lr=0.01))
    assert any(np.any(mine[-1][k] != single[-1][k]) for k in ("weight", "x"))


@pytest.mark.parametrize("name", SETTINGS)
def test_missing_gradients(name):
    """A parameter that has no gradient in some steps is passed over in them, and its own step count stands still."""

    def forget(k, w, optimiser):
        if k % 3 == 1:
            w["bias"].grad = None

    mine = ours(lambda w: getattr(optim, name)(list(w.values()), lr=0.01), after=forget)
    reference = theirs(
        lambda w: getattr(torch.optim, name)(list(w.values()), lr=0.01), after=forget
    )
    assert_same(mine, reference)


@pytest.mark.parametrize("name", SETTINGS)
def test_changed_on_the_way(name):
    """Hyper-parameters written into the groups hold from the next step on."""

    def change(k, w, optimiser):
        if k == 40:
            for group in optimiser.param_groups:
                group["lr"] = 0.002
                group["weight_decay"] = 0.05
                # PyTorch's RMSprop, unlike ours, cannot begin with momentum later.
                if name == "SGD":
                    group["momentum"] = 0.6

    mine = ours(lambda w: getattr(optim, name)(list(w.values()), lr=0.01), after=change)
    reference = theirs(
        lambda w: getattr(torch.optim, name)(list(w.values()), lr=0.01), after=change
    )
    assert_same(mine, reference)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("options", [{"lr": 0.02}, {"lr": 0.01, "weight_decay": 0.1}], ids=str)
def test_complex(name, options):
    """A complex weight counts as a pair of real ones; gradients of real functions agree in convention."""
    rng = np.random.default_rng(3)
    start = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
    target = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
    z, t = dr.variable(start), torch.tensor(start, requires_grad=True)
    optimiser = getattr(optim, name)([z], **options)
    reference = getattr(torch.optim, name)([t], **options)
    for _ in range(STEPS):
        optimiser.zero_grad()
        np.sum(np.abs(z * z - target) ** 2).backward()
        optimiser.step()
        reference.zero_grad()
        (torch.abs(t * t - torch.tensor(target)) ** 2).sum().backward()
        reference.step()
        assert np.max(np.abs(z.data - t.detach().numpy())) <= TOLERANCE
    assert np.max(np.abs(z.data - start)) > 1e-3
    assert z.data.dtype == np.complex128


@pytest.mark.parametrize("max_norm", [1e-3, 0.5, 1e3])
@pytest.mark.parametrize("order", [1.0, 2.0, 3.5, float("inf")])
def test_clipped_by_norm(max_norm, order):
    norms = [[], []]

    def clip(k, w, optimiser):
        norms[0].append(optim.clip_grad_norm(w, max_norm, order))

    def clip_theirs(k, w, optimiser):
        norms[1].append(float(torch.nn.utils.clip_grad_norm_(list(w.values()), max_norm, order)))

    mine = ours(lambda w: optim.SGD(w, lr=0.1), steps=20, after=clip)
    reference = theirs(lambda w: torch.optim.SGD(w.values(), lr=0.1), steps=20, after=clip_theirs)
    assert np.allclose(norms[0], norms[1], rtol=1e-12, atol=0)
    for a, b in zip(mine, reference, strict=True):
        assert all(np.max(np.abs(a[k] - b[k])) <= TOLERANCE for k in b)


@pytest.mark.parametrize("limit", [0.0, 0.01, 0.3])
def test_clipped_by_value(limit):
    mine = ours(
        lambda w: optim.SGD(w, lr=0.1),
        steps=20,
        after=lambda k, w, o: optim.clip_grad_value(w, limit),
    )
    reference = theirs(
        lambda w: torch.optim.SGD(w.values(), lr=0.1),
        steps=20,
        after=lambda k, w, o: torch.nn.utils.clip_grad_value_(w.values(), limit),
    )
    for a, b in zip(mine, reference, strict=True):
        assert all(np.max(np.abs(a[k] - b[k])) <= TOLERANCE for k in b)
