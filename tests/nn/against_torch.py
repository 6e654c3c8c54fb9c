"""One comparison for every layer: value, gradients by both faces, and buffers, against PyTorch in float64."""

import copy

import numpy as np
import pytest

import dualrev as dr
from dualrev import nn

# Both libraries compute the same sums in double precision, in another order: a few units in the last place per
# operation, and some hundred operations per entry. A wrong formula is off by far more.
TOLERANCE = {"rtol": 1e-11, "atol": 1e-12}


def torch_or_skip():
    """Return PyTorch, or skip the test that asks for it."""
    return pytest.importorskip(
        "torch", reason="PyTorch is the outside oracle here: pip install torch==2.13.0"
    )


def arrays(tree):
    """Return the arrays in an output: nested tuples in order, nothing for None."""
    if isinstance(tree, (tuple, list)):
        return [a for part in tree for a in arrays(part)]
    return [] if tree is None else [tree]


def cotangents(outputs):
    rng = np.random.default_rng(7)
    return [rng.standard_normal(np.shape(y)) for y in outputs]


def to_torch(x):
    """Return an input as a tensor that wants a gradient if it is of floats; other things as they are."""
    torch = torch_or_skip()
    if isinstance(x, (tuple, list)):
        return type(x)(to_torch(part) for part in x)
    if isinstance(x, np.ndarray):
        tensor = torch.from_numpy(x.copy())
        return tensor.requires_grad_() if x.dtype.kind == "f" else tensor
    return x


def floats(tree):
    """Return the float arrays of inputs, in order."""
    return [
        x
        for x in arrays(tree)
        if isinstance(getattr(x, "dtype", None), np.dtype) and x.dtype.kind == "f"
    ]


def refill(tree, new):
    """Put the items of the iterator `new` where `floats` found arrays."""
    if isinstance(tree, (tuple, list)):
        return type(tree)(refill(part, new) for part in tree)
    return next(new) if isinstance(tree, np.ndarray) and tree.dtype.kind == "f" else tree


def same(ours, theirs, what):
    ours, theirs = np.asarray(dr.value(ours)), np.asarray(theirs)
    assert ours.shape == theirs.shape, f"{what}: {ours.shape}, PyTorch {theirs.shape}"
    np.testing.assert_allclose(ours, theirs, err_msg=what, **TOLERANCE)


def by_torch(layer, inputs, kwargs):
    """Return PyTorch's outputs, gradients of parameters and of float inputs, and buffers."""
    tensors = to_torch(inputs)
    outputs = arrays(layer(*tensors, **kwargs))
    torch = torch_or_skip()
    seeds = [torch.from_numpy(ct) for ct in cotangents([y.detach().numpy() for y in outputs])]
    torch.autograd.backward(outputs, seeds)
    leaves = [t for t in arrays(tensors) if isinstance(t, torch.Tensor) and t.requires_grad]

    def slope(t):
        return np.zeros(t.shape) if t.grad is None else t.grad.numpy()

    return (
        [y.detach().numpy() for y in outputs],
        {name: slope(p) for name, p in layer.named_parameters()},
        [slope(t) for t in leaves],
        {name: b.numpy() for name, b in layer.named_buffers()},
    )


def by_function(layer, inputs, kwargs):
    """Return the same by ``nn.functional_call`` in a transform."""

    def scalar(weights, given):
        y = nn.functional_call(layer, weights, *refill(inputs, iter(given)), **kwargs)
        outputs = arrays(y)
        pairs = zip(outputs, cotangents(outputs), strict=True)
        return sum(np.sum(y * ct) for y, ct in pairs), [dr.value(y) for y in outputs]

    (_, outputs), (weights, given) = dr.value_and_grad(scalar, argnums=(0, 1), has_aux=True)(
        layer.weights(), floats(inputs)
    )
    return outputs, weights, given, layer.named_buffers()


def by_variables(layer, inputs, kwargs):
    """Return the same by ``backward`` on variables."""
    leaves = [dr.variable(x) for x in floats(inputs)]
    outputs = arrays(layer(*refill(inputs, iter(leaves)), **kwargs))
    total = sum(np.sum(y * ct) for y, ct in zip(outputs, cotangents(outputs), strict=True))
    total.backward()

    def slope(v):
        return np.zeros(v.shape) if v.grad is None else v.grad

    return (
        outputs,
        {name: slope(p) for name, p in layer.named_parameters().items()},
        [slope(v) for v in leaves],
        layer.named_buffers(),
    )


def functional(name, **options):
    """Return what makes a function of ``torch.nn.functional`` with options, for `compare`."""

    def f(torch):
        made = {
            k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in options.items()
        }
        return lambda *args: getattr(torch.nn.functional, name)(*args, **made)

    return f


class Function(nn.Module):
    """A function without state as a layer."""

    def __init__(self, f):
        self.f = f

    def forward(self, *args, **kwargs):
        return self.f(*args, **kwargs)


def compare(layer, make, *inputs, eval_mode=False, torch_inputs=None, **kwargs):
    """Compare a layer with PyTorch's: outputs, gradients of parameters and of float inputs, buffers afterwards.

    Parameters
    ----------
    layer : nn.Module or function
        In float64. Its state is loaded into PyTorch's layer, whose parameters have the same names.
    make : callable
        ``make(torch)`` returns PyTorch's layer, or a function without state.
    *inputs : ndarray, or nested tuple of them
        What is of floats is differentiated.
    eval_mode : bool
        Compare in evaluation mode.
    torch_inputs : tuple, optional
        What PyTorch's layer is called with, where that differs from `inputs`.
    **kwargs
        Further arguments of both calls, not differentiated.
    """
    torch = torch_or_skip()
    theirs = make(torch)
    if not isinstance(layer, nn.Module):
        layer = Function(layer)
    if isinstance(theirs, torch.nn.Module):
        theirs = theirs.double().train(not eval_mode)
        state = {name: torch.from_numpy(np.array(v)) for name, v in layer.state_dict().items()}
        theirs.load_state_dict(state)
    else:
        function = theirs
        theirs = torch.nn.Module()
        theirs.forward = function
    layer = copy.deepcopy(layer).train(not eval_mode)
    constants = {
        name: torch.from_numpy(v.copy()) if isinstance(v, np.ndarray) else v
        for name, v in kwargs.items()
    }
    wanted = by_torch(theirs, inputs if torch_inputs is None else torch_inputs, constants)
    ways = {"functional_call": by_function}
    if hasattr(dr, "variable"):
        ways["backward"] = by_variables
    for name, way in ways.items():
        values, weights, given, buffers = way(copy.deepcopy(layer), inputs, kwargs)
        assert len(values) == len(wanted[0]), name
        assert set(weights) == set(wanted[1]), name
        assert len(given) == len(wanted[2]), name
        assert set(buffers) == set(wanted[3]), name
        for k, (a, b) in enumerate(zip(values, wanted[0], strict=True)):
            same(a, b, f"{name}: output {k}")
        for key, b in wanted[1].items():
            same(weights[key], b, f"{name}: gradient of {key}")
        for k, (a, b) in enumerate(zip(given, wanted[2], strict=True)):
            same(a, b, f"{name}: gradient of input {k}")
        for key, b in wanted[3].items():
            same(buffers[key], b, f"{name}: buffer {key}")
