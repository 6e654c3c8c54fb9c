"""States of modules: dictionaries and files, and everything that may not fit."""

import copy

import numpy as np
import pytest

from dualrev import nn
from dualrev.errors import InputError
from tests.nn.modules import Net, Tied, same_states


@pytest.mark.parametrize("suffix", [".npz", ""])
def test_round_trip_through_a_file(tmp_path, suffix):
    net, other = Net(0), Net(1)
    net(np.ones(3))
    path = tmp_path / f"state{suffix}"
    net.save(path)
    assert other.load(path) == ([], [])
    same_states(net, other)
    with np.load(path, allow_pickle=False) as archive:
        assert set(archive.files) == set(net.state_dict())
        Net(2).load_state_dict(archive)


def test_files_of_savez(tmp_path):
    net, other = Net(0), Net(1)
    np.savez(tmp_path / "state.npz", **net.state_dict())
    other.load(str(tmp_path / "state.npz"))
    same_states(net, other)


def test_names_that_savez_cannot_take(tmp_path):
    net = nn.Module()
    net.file, net.allow_pickle = nn.Parameter([1.0]), nn.Parameter([2.0])
    net.save(tmp_path / "a.npz")
    other = copy.deepcopy(net)
    other.file.data = [5.0]
    other.load(tmp_path / "a.npz")
    same_states(net, other)


def test_no_pickle_in_files(tmp_path):
    np.savez(tmp_path / "a.npz", weight=np.array([{"code": 1}], dtype=object), bias=np.zeros(3))
    with pytest.raises(ValueError, match="allow_pickle"):
        nn.Linear(2, 3).load(tmp_path / "a.npz")
    np.save(tmp_path / "b.npy", np.zeros(3))
    with pytest.raises(InputError, match="holds one array"):
        nn.Linear(2, 3).load(tmp_path / "b.npy")


def test_states_are_copies():
    net = Net()
    state = net.state_dict()
    weights = net.weights()
    for held in (*state.values(), *weights.values()):
        held[...] = 7
    same_states(net, Net())
    net.load_state_dict(state)
    state["hidden.bias"][:] = 0.0
    assert net.hidden.bias.data[0] == 7.0


def test_everything_that_does_not_fit_is_named():
    net = Net()
    state = net.state_dict()
    del state["hidden.bias"], state["count"]
    state["extra"] = np.zeros(1)
    state["scales.in"] = np.zeros((3, 1))
    state["scales.out"] = np.array(1j)
    state["hidden.weight"] = np.full((4, 3), "x")
    state["blocks.0.bias"] = np.full(4, 3.0)
    with pytest.raises(InputError) as raised:
        net.load_state_dict(state)
    text = str(raised.value)
    for words in (
        "Net, which is left as it was",
        "missing: count, hidden.bias",
        "unexpected: extra",
        "scales.in has shape (3, 1), wanted is (3,)",
        "scales.out has dtype complex128, which does not become float64",
        "hidden.weight has dtype <U1",
        "strict=False",
    ):
        assert words in text
    same_states(net, Net())


def test_loading_what_there_is():
    net = Net(0)
    state = {"hidden.bias": np.arange(4), "head.bias": np.zeros(2)}
    unmatched = net.load_state_dict(state, strict=False)
    assert unmatched.unexpected == ["head.bias"]
    assert "hidden.weight" in unmatched.missing
    assert "hidden.bias" not in unmatched.missing
    np.testing.assert_array_equal(net.hidden.bias.data, [0.0, 1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="has shape"):
        net.load_state_dict({"hidden.bias": np.zeros(5)}, strict=False)


def test_dtypes_are_kept():
    layer = nn.Linear(2, 2, rng=0, dtype=np.float32)
    layer.load_state_dict({"weight": np.eye(2), "bias": np.arange(2)})
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    np.testing.assert_array_equal(layer(np.ones(2, np.float32)).detach(), [1.0, 2.0])


def test_states_of_shared_parameters():
    tied, other = Tied(), Tied()
    state = {name: a + 1 for name, a in tied.state_dict().items()}
    other.load_state_dict(state)
    assert other.decoder.weight is other.encoder.weight
    del state["encoder.weight"], state["again.weight"], state["again.bias"]
    tied.load_state_dict(state)
    same_states(tied, other)
    state["encoder.weight"] = np.zeros((3, 3))
    with pytest.raises(InputError, match=r"decoder\.weight and encoder\.weight are one shared"):
        tied.load_state_dict(state)
