"""Recurrent cells: one step of a recurrent network, from an input and a state to the next state."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.core.ufuncs import special
from dualrev.errors import InputError, ShapeError
from dualrev.nn.extents import as_array
from dualrev.nn.initialisers import torch_uniform
from dualrev.nn.linear import features, sizes
from dualrev.nn.module import Module
from dualrev.nn.parameter import Parameter

__all__ = [
    "NONLINEARITIES",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "check_nonlinearity",
    "gru_step",
    "lstm_step",
    "rnn_step",
]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def _relu(x: Any) -> Any:
    return _np.maximum(x, 0)


NONLINEARITIES = {"tanh": _np.tanh, "relu": _relu}


def check_nonlinearity(name: str, given: str) -> None:
    """Raise `InputError` unless the word is known."""
    if given not in NONLINEARITIES:
        raise InputError(f"{name}: nonlinearity is 'tanh' or 'relu', not {given!r}")


def rnn_step(x: Any, h: Any, weight: Any, bias: Any, nonlinearity: str) -> Any:
    """Return f(x + W h + b) for an input that has been multiplied by its weight."""
    a = x + h @ weight.T
    return NONLINEARITIES[nonlinearity](a if bias is None else a + bias)


def lstm_step(x: Any, h: Any, c: Any, weight: Any, bias: Any) -> tuple[Any, Any]:
    """Return the next h and c for an input that has been multiplied by its weight."""
    a = x + h @ weight.T
    a = a if bias is None else a + bias
    n = h.shape[-1]
    # The gates in the order of PyTorch: input, forget, cell, output.
    gates = special.expit(a[..., : 2 * n])
    c = gates[..., n:] * c + gates[..., :n] * _np.tanh(a[..., 2 * n : 3 * n])
    return special.expit(a[..., 3 * n :]) * _np.tanh(c), c


def gru_step(x: Any, h: Any, weight: Any, bias: Any) -> Any:
    """Return the next h for an input that has been multiplied by its weight."""
    a = h @ weight.T
    a = a if bias is None else a + bias
    n = h.shape[-1]
    # The gates in the order of PyTorch: reset, update, new.
    gates = special.expit(x[..., : 2 * n] + a[..., : 2 * n])
    new = _np.tanh(x[..., 2 * n :] + gates[..., :n] * a[..., 2 * n :])
    return new + gates[..., n:] * (h - new)


class _Cell(Module):
    gates: ClassVar[int]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        sizes(type(self).__name__, input_size=input_size, hidden_size=hidden_size)
        self.input_size = input_size
        self.hidden_size = hidden_size
        rng = np.random.default_rng(rng)
        rows = self.gates * hidden_size

        def drawn(*shape: int) -> Any:
            return Parameter(torch_uniform(shape, rng, fan_in=hidden_size), dtype)

        self.weight_ih = drawn(rows, input_size)
        self.weight_hh = drawn(rows, hidden_size)
        self.bias_ih: Any = drawn(rows) if bias else None
        self.bias_hh: Any = drawn(rows) if bias else None

    def _input(self, x: Any) -> Any:
        """Return the input, multiplied by its weight."""
        name = type(self).__name__
        x = features(name, x, self.input_size)
        if x.ndim > 2:
            raise ShapeError(
                f"{name}: the input has shape {x.shape}, wanted is ({self.input_size},) or (batch, {self.input_size}); "
                "the cell takes one step, and RNN, LSTM and GRU whole sequences"
            )
        x = x @ self.weight_ih.T
        return x if self.bias_ih is None else x + self.bias_ih

    def _given(self, x: Any, h: Any, what: str) -> Any:
        shape = (*x.shape[:-1], self.hidden_size)
        if h is None:
            return np.zeros(shape, dtype_of(x))
        h = as_array(h)
        if h.shape != shape:
            raise ShapeError(
                f"{type(self).__name__}: the state {what} has shape {h.shape}, wanted is {shape}"
            )
        return h

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.input_size}, {self.hidden_size}" + (
            ", bias=False" if self.bias_ih is None else ""
        )


class RNNCell(_Cell):
    """One step of a simple recurrent network: h' = f(W x + b + W' h + b').

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers of features of input and state.
    bias : bool
        Whether there are summands.
    nonlinearity : {"tanh", "relu"}
        The function f.
    rng : None, int or Generator
        For the initial values, which are those of PyTorch: uniform in ±1/√hidden_size.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : Variable
        Of shapes (hidden_size, input_size), (hidden_size, hidden_size) and (hidden_size,).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.RNNCell(3, 4, rng=0)(np.ones((5, 3))).shape
    (5, 4)
    """

    gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        check_nonlinearity("RNNCell", nonlinearity)
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, x: Any, h: Any = None) -> Any:
        """Return the next state, for an input (batch, input_size) or (input_size,); the state is zero at first."""
        x = self._input(x)
        h = self._given(x, h, "h")
        return rnn_step(x, h, self.weight_hh, self.bias_hh, self.nonlinearity)


class LSTMCell(_Cell):
    """One step of a network with long short-term memory.

    Parameters
    ----------
    input_size, hidden_size, bias, rng, dtype
        See `RNNCell`.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : Variable
        Of shapes (4 hidden_size, input_size), (4 hidden_size, hidden_size) and (4 hidden_size,), the gates in the order
        input, forget, cell, output.

    Notes
    -----
    c' = σ(f) c + σ(i) tanh(g) and h' = σ(o) tanh(c'), with i, f, g, o = W x + b + W' h + b'
    (Hochreiter & Schmidhuber 1997, Neural Computation 9(8); with the forget gate of Gers, Schmidhuber & Cummins 2000).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> h, c = nn.LSTMCell(3, 4, rng=0)(np.ones((5, 3)))
    >>> h.shape, c.shape
    ((5, 4), (5, 4))
    """

    gates = 4

    def forward(self, x: Any, state: Any = None) -> tuple[Any, Any]:
        """Return the next (h, c) from an input and (h, c), which are zero at first."""
        x = self._input(x)
        h, c = (None, None) if state is None else state
        h, c = self._given(x, h, "h"), self._given(x, c, "c")
        return lstm_step(x, h, c, self.weight_hh, self.bias_hh)


class GRUCell(_Cell):
    """One step of a network of gated recurrent units.

    Parameters
    ----------
    input_size, hidden_size, bias, rng, dtype
        See `RNNCell`.

    Attributes
    ----------
    weight_ih, weight_hh, bias_ih, bias_hh : Variable
        Of shapes (3 hidden_size, input_size), (3 hidden_size, hidden_size) and (3 hidden_size,), the gates in the order
        reset, update, new.

    Notes
    -----
    r, z = σ(W x + b + W' h + b'), n = tanh(W x + b + r (W' h + b')), h' = (1 − z) n + z h (Cho et al. 2014,
    arXiv:1406.1078, in PyTorch's variant, where r multiplies the product with h).

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> nn.GRUCell(3, 4, rng=0)(np.ones((5, 3))).shape
    (5, 4)
    """

    gates = 3

    def forward(self, x: Any, h: Any = None) -> Any:
        """Return the next state, for an input (batch, input_size) or (input_size,); the state is zero at first."""
        x = self._input(x)
        h = self._given(x, h, "h")
        return gru_step(x, h, self.weight_hh, self.bias_hh)
