"""What holds for every layer: plain results without recording, state that goes round, dtype, the functional face."""

import copy

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn
from tests.nn.against_torch import arrays

R = np.random.default_rng(1)
LINE, PLANE, SPACE = (R.normal(size=(3, 4, 6, 5, 4)[: axes + 2]) for axes in (1, 2, 3))

LAYERS = {
    "Conv1d": (lambda **o: nn.Conv1d(4, 2, 3, **o), (LINE,)),
    "Conv2d": (lambda **o: nn.Conv2d(4, 2, 3, padding=1, padding_mode="circular", **o), (PLANE,)),
    "Conv3d": (lambda **o: nn.Conv3d(4, 2, 3, **o), (SPACE,)),
    "ConvTranspose1d": (lambda **o: nn.ConvTranspose1d(4, 2, 3, 2, output_padding=1, **o), (LINE,)),
    "ConvTranspose2d": (lambda **o: nn.ConvTranspose2d(4, 2, 3, **o), (PLANE,)),
    "ConvTranspose3d": (lambda **o: nn.ConvTranspose3d(4, 2, 2, **o), (SPACE,)),
    "LayerNorm": (lambda rng=None, **o: nn.LayerNorm(5, **o), (PLANE,)),
    "RMSNorm": (lambda rng=None, **o: nn.RMSNorm(5, **o), (PLANE,)),
    "GroupNorm": (lambda rng=None, **o: nn.GroupNorm(2, 4, **o), (PLANE,)),
    "BatchNorm1d": (lambda rng=None, **o: nn.BatchNorm1d(4, **o), (LINE,)),
    "BatchNorm2d": (lambda rng=None, **o: nn.BatchNorm2d(4, **o), (PLANE,)),
    "BatchNorm3d": (lambda rng=None, **o: nn.BatchNorm3d(4, **o), (SPACE,)),
    "RNNCell": (lambda **o: nn.RNNCell(6, 3, **o), (LINE[0],)),
    "LSTMCell": (lambda **o: nn.LSTMCell(6, 3, **o), (LINE[0],)),
    "GRUCell": (lambda **o: nn.GRUCell(6, 3, **o), (LINE[0],)),
    "RNN": (lambda **o: nn.RNN(6, 3, num_layers=2, **o), (LINE,)),
    "LSTM": (lambda **o: nn.LSTM(6, 3, bidirectional=True, **o), (LINE,)),
    "GRU": (lambda **o: nn.GRU(6, 3, batch_first=True, **o), (LINE,)),
    "MultiheadAttention": (lambda **o: nn.MultiheadAttention(6, 3, **o), (LINE, LINE, LINE)),
    "MaxPool1d": (lambda rng=None, dtype=None: nn.MaxPool1d(2), (LINE,)),
    "MaxPool2d": (lambda rng=None, dtype=None: nn.MaxPool2d(2, padding=1), (PLANE,)),
    "AvgPool1d": (lambda rng=None, dtype=None: nn.AvgPool1d(2), (LINE,)),
    "AvgPool2d": (lambda rng=None, dtype=None: nn.AvgPool2d(2, padding=1), (PLANE,)),
    "AdaptiveAvgPool1d": (lambda rng=None, dtype=None: nn.AdaptiveAvgPool1d(4), (LINE,)),
    "AdaptiveAvgPool2d": (lambda rng=None, dtype=None: nn.AdaptiveAvgPool2d(3), (PLANE,)),
    "Dropout": (lambda rng=None, dtype=None: nn.Dropout(rng=rng), (LINE,)),
    "Dropout1d": (lambda rng=None, dtype=None: nn.Dropout1d(rng=rng), (LINE,)),
    "Dropout2d": (lambda rng=None, dtype=None: nn.Dropout2d(rng=rng), (PLANE,)),
}
TRAINED = [name for name, (make, _) in LAYERS.items() if make(rng=0).n_parameters]
every = pytest.mark.parametrize(("make", "inputs"), LAYERS.values(), ids=LAYERS)


def outputs(y):
    return [dr.value(part) for part in arrays(y)]


@every
def test_results_are_plain_without_recording(make, inputs):
    with dr.no_grad():
        for y in arrays(make(rng=0)(*inputs)):
            assert type(y) is np.ndarray


@every
def test_plain_weights_give_plain_results_of_the_same_value(make, inputs):
    layer = make(rng=0)
    # A layer with masks draws others at every call.
    twin = copy.deepcopy(layer)
    plain = arrays(nn.functional_call(twin, twin.weights(), *inputs))
    for a, b in zip(plain, outputs(layer(*inputs)), strict=True):
        assert type(a) is np.ndarray
        np.testing.assert_array_equal(a, b)


@every
def test_state_makes_another_layer_equal(make, inputs, tmp_path):
    layer, other = make(rng=0), make(rng=1)
    layer(*inputs)
    layer.save(tmp_path / "state.npz")
    other.load(tmp_path / "state.npz")
    for a, b in zip(outputs(layer.eval()(*inputs)), outputs(other.eval()(*inputs)), strict=True):
        np.testing.assert_array_equal(a, b)


@every
def test_single_precision_stays(make, inputs):
    layer = make(rng=0, dtype=np.float32)
    y = layer(*(x.astype(np.float32) for x in inputs))
    assert {part.dtype for part in outputs(y)} == {np.dtype(np.float32)}
    assert {p.dtype for p in layer.parameters()} <= {np.dtype(np.float32)}


@pytest.mark.parametrize(("make", "inputs"), [LAYERS[name] for name in TRAINED], ids=TRAINED)
def test_gradients_by_both_faces_agree(make, inputs):
    layer = make(rng=0)
    twin = copy.deepcopy(layer)

    def loss(y):
        return sum(np.sum(np.tanh(part)) for part in arrays(y))

    g = dr.grad(lambda w: loss(nn.functional_call(twin, w, *inputs)))(twin.weights())
    loss(layer(*inputs)).backward()
    assert g
    for name, p in layer.named_parameters().items():
        # The same operations; contributions to one value may be added in another order.
        np.testing.assert_allclose(p.grad, g[name], rtol=1e-12, atol=1e-14)


@every
def test_inputs_are_not_written_to(make, inputs):
    before = [x.copy() for x in inputs]
    make(rng=0)(*inputs)
    for a, b in zip(before, inputs, strict=True):
        np.testing.assert_array_equal(a, b)


@every
def test_text_names_the_layer(make, inputs, request):
    name = request.node.callspec.id
    assert repr(make(rng=0)).startswith(f"{name}(")
