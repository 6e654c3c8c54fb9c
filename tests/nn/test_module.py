"""Modules: what counts as a parameter and under which name, buffers, copies, mistakes."""

import copy
import inspect
import pickle
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn
from dualrev.errors import EscapeError, InputError, ShapeError
from tests.nn.against_torch import torch_or_skip
from tests.nn.modules import NAMES, Mean, Net, Tied, same_states

# -- names -------------------------------------------------------------------------------------------------------------


def test_names():
    net = Net()
    assert list(net.named_parameters()) == NAMES
    assert list(net.named_buffers()) == ["count", "scratch"]
    assert list(net.named_modules()) == ["", "hidden", "blocks.0", "blocks.1.0", "blocks.1.1"]
    assert list(net.state_dict()) == [*NAMES[:2], "count", *NAMES[2:]]
    assert net.n_parameters == sum(p.size for p in net.parameters()) == 3 + 1 + 16 + 20 + 10
    assert net.parameters()[2] is net.hidden.weight


def test_names_are_those_of_torch():
    torch = torch_or_skip()
    ours = nn.Sequential(
        nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.PReLU()), nn.Linear(3, 1, bias=False)
    )
    theirs = torch.nn.Sequential(
        torch.nn.Linear(2, 3),
        torch.nn.Sequential(torch.nn.ReLU(), torch.nn.PReLU()),
        torch.nn.Linear(3, 1, bias=False),
    )
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    x = np.ones((4, 2))
    with torch.no_grad():
        wanted = theirs.double()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(ours(x).detach(), wanted, rtol=1e-12)


def test_shared_parameters_count_once():
    tied = Tied()
    assert list(tied.named_parameters()) == ["encoder.weight", "encoder.bias", "decoder.bias"]
    assert list(tied.named_modules()) == ["", "encoder", "decoder"]
    assert tied.n_parameters == 9 + 3 + 3
    assert set(tied.state_dict()) == {
        f"{m}.{p}" for m in ("encoder", "decoder", "again") for p in ("weight", "bias")
    }
    np.sum(tied(np.ones(3))).backward()
    assert tied.encoder.weight.grad is tied.decoder.weight.grad


def test_a_module_that_knows_its_parent():
    net = nn.Module()
    net.child = nn.Linear(1, 1)
    net.child.parent = net
    assert list(net.named_parameters()) == ["child.weight", "child.bias"]
    assert list(net.state_dict()) == ["child.weight", "child.bias"]
    twin = copy.deepcopy(net)
    assert twin.child.parent is twin


def test_only_leaves_are_parameters():
    net = nn.Module()
    net.weight = nn.Parameter([1.0, 2.0])
    net.hidden = np.tanh(net.weight)
    net.constant = np.ones(2)
    assert list(net.named_parameters()) == ["weight"]


def test_parameter():
    assert nn.Parameter([1, 2]).dtype == np.float64
    assert nn.Parameter([1.0, 2.0], np.float32).dtype == np.float32
    with pytest.raises(InputError, match="variable already"):
        nn.Parameter(nn.Parameter(1.0))


# -- attributes --------------------------------------------------------------------------------------------------------


def test_replacing_and_deleting():
    layer = nn.Linear(2, 3, rng=0)
    layer.weight = nn.Parameter(np.ones((3, 2)))
    assert layer.weights()["weight"].sum() == 6
    layer.bias = None
    assert list(layer.named_parameters()) == ["weight"]
    np.testing.assert_array_equal(layer(np.ones(2)).detach(), [2, 2, 2])
    layer.bias = nn.Parameter(np.ones(3))
    assert list(layer.named_parameters()) == ["weight", "bias"]
    del layer.weight
    assert list(layer.named_parameters()) == ["bias"]
    layer.weight = np.ones((3, 2))
    assert list(layer.named_parameters()) == ["bias"]
    net = nn.Module()
    net.part = layer
    net.part = nn.ReLU()
    assert net.parameters() == []
    del net.part
    assert list(net.named_modules()) == [""]


def test_a_parameter_does_not_become_an_array():
    layer = nn.Linear(2, 3, rng=0)
    before = layer.weights()
    for new in (np.ones((3, 2)), [1.0], 2.0 * layer.weight):
        with pytest.raises(InputError, match=r"Linear\.weight is a parameter.*\.weight\.data = "):
            layer.weight = new
    np.testing.assert_array_equal(layer.weights()["weight"], before["weight"])


def test_steps_in_place():
    """Gradient descent by hand, as in the tutorials: also for a parameter that is a number."""
    net = nn.Module()
    net.w, net.b = nn.Parameter([1.0, 2.0]), nn.Parameter(3.0)
    w, b = net.w, net.b
    (np.sum(net.w**2) + net.b**2).backward()
    with dr.no_grad():
        net.w -= 0.25 * net.w.grad
        net.b -= 0.25 * net.b.grad
    assert net.w is w
    assert net.b is b
    np.testing.assert_array_equal(net.weights()["w"], [0.5, 1.0])
    assert net.weights()["b"] == 1.5
    with pytest.raises(dr.LeafWriteError):
        net.w -= 1.0


def test_init_of_the_base_is_not_needed():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    class Careful(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 1)

    for net in (Forgetful(), Careful()):
        assert net.training
        assert net.n_parameters == 2

    class Lost(nn.Linear):
        def __init__(self):
            pass

    with pytest.raises(
        AttributeError, match=r"'Lost' object has no attribute 'in_features'.*super\(\)\.__init__"
    ):
        Lost()(np.ones(3))


def test_signatures_are_those_of_init():
    """What help and editors show; options of a Formula are those of its function."""
    names = lambda cls: list(inspect.signature(cls).parameters)
    assert names(nn.Linear) == ["in_features", "out_features", "bias", "rng", "dtype"]
    assert names(nn.LeakyReLU) == ["slope"]
    assert names(nn.HuberLoss) == ["delta", "reduction"]


def test_forward_is_needed():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no forward"):
        Empty()(1.0)


# -- buffers -----------------------------------------------------------------------------------------------------------


def test_buffers():
    net = Mean(2)
    net(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.testing.assert_allclose(net.mean, [0.2, 0.3])
    net.eval()
    net(np.ones((2, 2)))
    np.testing.assert_allclose(net.state_dict()["mean"], [0.2, 0.3])
    net.mean = [1, 2]
    assert net.mean.dtype == np.float64
    net.register_buffer("mean", np.zeros(3))
    assert net.mean.shape == (3,)
    net.mean = None
    assert net.state_dict() == {}
    del net.mean
    assert not hasattr(net, "mean")
    assert net.named_buffers() == {}


def test_buffers_keep_no_traced_values():
    net = Mean(2)
    x = dr.variable(np.ones((3, 2)))
    with pytest.raises(EscapeError, match=r"buffer Mean\.mean.*dualrev\.value"):
        net.mean = np.mean(x, axis=0)
    np.sum(net(x)).backward()
    assert type(net.mean) is np.ndarray
    net.mean[:] = 0.0  # its own memory, not the read-only one of a value


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda net: setattr(net, "mean", np.zeros(3)), ShapeError, r"shape \(2,\), not \(3,\)"),
        (lambda net: net.register_buffer("no name", 1.0), InputError, "no name of an attribute"),
        (lambda net: net.register_buffer("forward", 1.0), InputError, "has an attribute 'forward'"),
        (
            lambda net: net.register_buffer("training", 1.0),
            InputError,
            "has an attribute 'training'",
        ),
    ],
)
def test_wrong_buffers(act, error, words):
    with pytest.raises(error, match=words):
        act(Mean(2))


def test_lanes_do_not_share_a_running_mean():
    net = Mean(2)
    x = np.ones((4, 3, 2))
    with pytest.raises(ShapeError, match=r"vmap.*eval\(\)"):
        dr.vmap(net)(x)
    np.testing.assert_array_equal(net.mean, [0.0, 0.0])
    assert dr.vmap(net.eval())(x).shape == x.shape


# -- modes and gradients -----------------------------------------------------------------------------------------------


def test_train_and_eval():
    net = Net()
    assert net.eval() is net
    assert not any(m.training for m in net.named_modules().values())
    net(np.ones(3))
    assert net.count == 0
    assert net.train() is net
    assert all(m.training for m in net.named_modules().values())
    net(np.ones(3))
    assert net.count == 1


def test_zero_grad():
    net = Net()
    np.sum(net(np.ones((5, 3)))).backward()
    first = {name: p.grad for name, p in net.named_parameters().items()}
    np.sum(net(np.ones((5, 3)))).backward()
    for name, p in net.named_parameters().items():
        np.testing.assert_allclose(p.grad, 2 * first[name])
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_no_grad_gives_plain_arrays():
    with dr.no_grad():
        assert type(Net()(np.ones((5, 3)))) is np.ndarray


# -- copies and text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_independent(duplicate):
    net = Net()
    twin = duplicate(net)
    same_states(net, twin)
    assert not {id(p) for p in net.parameters()} & {id(p) for p in twin.parameters()}
    np.sum(twin(np.ones(3))).backward()
    assert net.hidden.weight.grad is None
    twin.hidden.weight.data = np.zeros((4, 3))
    assert twin.count == 1
    same_states(net, Net())


def test_copies_keep_sharing():
    twin = copy.deepcopy(Tied())
    assert twin.decoder.weight is twin.encoder.weight
    assert twin.again is twin.encoder


def test_repr():
    assert repr(nn.Sequential(OrderedDict(first=nn.Linear(2, 3), act=nn.LeakyReLU(0.2)))) == (
        "Sequential(\n  (first): Linear(2, 3)\n  (act): LeakyReLU(slope=0.2)\n)"
    )
    assert repr(Net()).splitlines() == [
        "Net(",
        "  (hidden): Linear(3, 4)",
        "  (blocks.0): Linear(4, 4)",
        "  (blocks.1.0): Linear(4, 2)",
        "  (blocks.1.1): ReLU()",
        "  (scales.in): Parameter of shape (3,)",
        "  (scales.out): Parameter of shape ()",
        ")",
    ]
    nested = nn.Module()
    nested.inner = nn.Sequential(nn.Flatten())
    assert repr(nested) == (
        "Module(\n  (inner): Sequential(\n    (0): Flatten(start_axis=1, end_axis=-1)\n  )\n)"
    )


def test_named_tuples_are_walked():
    Pair = namedtuple("Pair", "left right")
    net = nn.Module()
    net.pair = Pair(nn.Linear(1, 2, rng=0), nn.Linear(2, 1, rng=1))
    assert next(iter(net.named_parameters())) == "pair.0.weight"
