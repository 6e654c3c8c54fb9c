"""Attention: means of values, weighted by how well keys fit queries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualrev.core.array import dtype_of
from dualrev.errors import InputError, ShapeError
from dualrev.nn.extents import as_array
from dualrev.nn.initialisers import glorot_uniform
from dualrev.nn.linear import Linear, sizes
from dualrev.nn.masks import check_probability, dropout
from dualrev.nn.module import Module
from dualrev.nn.parameter import Parameter
from dualrev.rules.special.logistic import softmax

__all__ = ["MultiheadAttention", "scaled_dot_product_attention", "sinusoidal_encoding"]

# NumPy's functions dispatch on traced values, which its type stubs cannot know.
_np: Any = np


def _causal(queries: int, keys: int) -> np.ndarray:
    return np.tri(queries, keys, dtype=bool)


def _both(a: Any, b: Any) -> Any:
    return b if a is None else _np.logical_and(a, b)


def _split(mask: Any) -> tuple[Any, Any]:
    """Return where a mask of numbers allows anything, and what it adds there."""
    allowed = _np.not_equal(mask, -np.inf)
    return allowed, _np.where(allowed, mask, 0)


def _weights(q: Any, k: Any, scale: float | None, allowed: Any, added: Any) -> Any:
    """Return the softmax of scores over what is allowed; zeros where nothing is."""
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = (q * factor) @ k.mT
    if added is not None:
        scores = scores + added
    if allowed is None:
        return softmax(scores, axis=-1)
    some = _np.any(allowed, axis=-1, keepdims=True)
    y = softmax(_np.where(_np.logical_or(allowed, ~some), scores, -np.inf), axis=-1)
    return y if type(some) is np.ndarray and some.all() else _np.where(some, y, 0)


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    rng: Any = None,
) -> Any:
    """Return for each query the mean of the values, weighted by softmax(query · key · scale).

    Parameters
    ----------
    query : array_like
        Of shape (..., L, E).
    key, value : array_like
        Of shapes (..., S, E) and (..., S, V); leading axes are broadcast.
    attn_mask : array_like, optional
        Broadcast to (..., L, S). Of booleans: True where a key takes part. Of numbers: added to the scores, -inf where
        a key does not take part; it may be traced.
    dropout_p : float
        Probability with which weights are switched off (always, as there is no ``training`` here).
    is_causal : bool
        Whether query i sees the keys 0 to i only, besides what `attn_mask` says.
    scale : float, optional
        By default 1/√E.
    rng : None, int or Generator
        For `dropout_p`.

    Returns
    -------
    ndarray
        Of shape (..., L, V).

    Raises
    ------
    ShapeError
        If the shapes do not fit each other.

    Notes
    -----
    Vaswani et al. 2017, Attention is all you need, arXiv:1706.03762. A query that no key takes part in gets zeros, with
    a derivative of zero. The scores are stored: time and memory grow with L · S.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> q = k = np.array([[10.0, 0.0], [0.0, 10.0]])
    >>> nn.scaled_dot_product_attention(q, k, np.array([[1.0], [2.0]])).round(3)
    array([[1.],
           [2.]])
    """
    name = "scaled_dot_product_attention"
    check_probability(name, dropout_p)
    query, key, value = as_array(query), as_array(key), as_array(value)
    shapes = query.shape, key.shape, value.shape
    if (
        min(map(len, shapes)) < 2
        or shapes[0][-1] != shapes[1][-1]
        or shapes[1][-2] != shapes[2][-2]
    ):
        raise ShapeError(
            f"{name}: query, key and value have the shapes {', '.join(map(str, shapes))}, wanted are (..., L, E), "
            "(..., S, E) and (..., S, V)"
        )
    full = shapes[0][-2], shapes[1][-2]
    allowed = _causal(*full) if is_causal else None
    added = None
    if attn_mask is not None:
        attn_mask = as_array(attn_mask)
        _check_mask(name, "attn_mask", attn_mask, full)
        more = attn_mask
        if dtype_of(attn_mask).kind != "b":
            more, added = _split(attn_mask)
        allowed = _both(allowed, more)
    y = _weights(query, key, scale, allowed, added)
    return dropout(y, dropout_p, rng=rng) @ value


def _check_mask(name: str, what: str, mask: Any, full: tuple[int, ...]) -> None:
    """Raise unless a mask is of booleans or floats and its last axes are broadcast to (L, S)."""
    if dtype_of(mask).kind not in "bf":
        raise InputError(
            f"{name}: {what} has dtype {dtype_of(mask)}; wanted are booleans, or floats that are added to the scores"
        )
    tail = mask.shape[-len(full) :]
    if any(n not in (1, m) for n, m in zip(tail[::-1], full[::-1], strict=False)):
        raise ShapeError(
            f"{name}: {what} has shape {mask.shape}, its last axes should be {full}, or 1 where all are the same"
        )


class MultiheadAttention(Module):
    """Attention with several heads, each of which sees queries, keys and values through projections of its own.

    Parameters
    ----------
    embed_dim : int
        Number of features of queries and of the output.
    num_heads : int
        Number of heads, which divides `embed_dim`.
    dropout : float
        Probability with which weights are switched off in training.
    bias : bool
        Whether the projections have a bias.
    kdim, vdim : int, optional
        Numbers of features of keys and values; by default `embed_dim`.
    batch_first : bool
        Whether sequences are (batch, length, features) instead of (length, batch, features).
    rng : None, int or Generator
        For the initial values, which are those of PyTorch, and for `dropout`.
    dtype : dtype
        Of the parameters.

    Attributes
    ----------
    in_proj_weight : Variable or None
        Of shape (3 embed_dim, embed_dim): the projections of queries, keys and values on top of each other. With `kdim`
        or `vdim` there are `q_proj_weight`, `k_proj_weight` and `v_proj_weight` instead.
    in_proj_bias : Variable or None
        Of shape (3 embed_dim,).
    out_proj : Linear
        What mixes the heads.

    Raises
    ------
    ShapeError
        When called on inputs or masks whose shapes do not fit.

    Notes
    -----
    Vaswani et al. 2017, Attention is all you need, arXiv:1706.03762. Differences to PyTorch: a query that no key takes
    part in gets weights of zero (there NaN), and ``is_causal=True`` needs no `attn_mask`.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> layer = nn.MultiheadAttention(8, 2, batch_first=True, rng=0)
    >>> x = np.ones((5, 7, 8))
    >>> y, weights = layer(x, x, x)
    >>> y.shape, weights.shape
    ((5, 7, 8), (5, 7, 7))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rng: Any = None,
        dtype: Any = float,
    ) -> None:
        name = "MultiheadAttention"
        kdim, vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        sizes(name, embed_dim=embed_dim, num_heads=num_heads, kdim=kdim, vdim=vdim)
        check_probability(name, dropout)
        if embed_dim % num_heads:
            raise InputError(f"{name}: {num_heads} heads do not divide {embed_dim} features")
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.kdim, self.vdim = kdim, vdim
        self.batch_first = batch_first
        self.rng = rng = np.random.default_rng(rng)
        self.in_proj_weight: Any = None
        if kdim == vdim == embed_dim:
            drawn = glorot_uniform((3 * embed_dim, embed_dim), rng)
            self.in_proj_weight = Parameter(drawn, dtype)
        else:
            self.q_proj_weight = Parameter(glorot_uniform((embed_dim, embed_dim), rng), dtype)
            self.k_proj_weight = Parameter(glorot_uniform((embed_dim, kdim), rng), dtype)
            self.v_proj_weight = Parameter(glorot_uniform((embed_dim, vdim), rng), dtype)
        self.in_proj_bias: Any = Parameter(np.zeros(3 * embed_dim), dtype) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng, dtype=dtype)
        if bias:
            self.out_proj.bias.data = np.zeros(embed_dim, dtype)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Return the output, and the weights or None.

        Parameters
        ----------
        query, key, value : array_like
            Of shapes (L, batch, embed_dim), (S, batch, kdim), (S, batch, vdim), or with the batch first, or without.
        key_padding_mask : array_like, optional
            Of shape (batch, S). Of booleans: True where a key is left out; of numbers: added to the scores.
        need_weights : bool
            Whether the weights are returned.
        attn_mask : array_like, optional
            Of shape (L, S) or (batch · num_heads, L, S). Of booleans: True where a key is left out, as in PyTorch's
            layer and unlike `scaled_dot_product_attention`; of numbers: added to the scores.
        average_attn_weights : bool
            Whether the weights are the mean over the heads, (batch, L, S), or (batch, num_heads, L, S).
        is_causal : bool
            Whether query i sees the keys 0 to i only.
        """
        itself = key is query and value is query
        query, key, value = as_array(query), as_array(key), as_array(value)
        single = query.ndim == 2
        if single:
            query, key, value = (x[np.newaxis] for x in (query, key, value))
        elif not self.batch_first and query.ndim == key.ndim == value.ndim == 3:
            query, key, value = (_np.swapaxes(x, 0, 1) for x in (query, key, value))
        self._check(query, key, value)
        n, full = query.shape[0], (query.shape[1], key.shape[1])
        q, k, v = (self._heads(x) for x in self._project(query, key, value, itself))
        allowed, added = self._masks(key_padding_mask, attn_mask, is_causal, n, full, single)
        weights = _weights(q, k, None, allowed, added)
        weights = dropout(weights, self.dropout, self.training, rng=self.rng)
        y = _np.reshape(_np.swapaxes(weights @ v, 1, 2), (n, full[0], self.embed_dim))
        y = self.out_proj(y)
        if need_weights and average_attn_weights:
            weights = _np.mean(weights, axis=1)
        if single:
            y, weights = y[0], weights[0]
        elif not self.batch_first:
            y = _np.swapaxes(y, 0, 1)
        return y, weights if need_weights else None

    def _check(self, query: Any, key: Any, value: Any) -> None:
        shapes = [x.shape for x in (query, key, value)]
        last = (self.embed_dim, self.kdim, self.vdim)
        if (
            any(len(s) != 3 or s[-1] != n for s, n in zip(shapes, last, strict=True))
            or shapes[1][:2] != shapes[2][:2]
            or shapes[0][0] != shapes[1][0]
        ):
            raise ShapeError(
                f"MultiheadAttention: with the batch first, query, key and value have the shapes {shapes}; wanted are "
                f"(batch, L, {last[0]}), (batch, S, {last[1]}) and (batch, S, {last[2]}). "
                f"batch_first={self.batch_first} says how they are given."
            )

    def _project(self, query: Any, key: Any, value: Any, itself: bool) -> list[Any]:
        width, bias = self.embed_dim, self.in_proj_bias
        parts = [slice(j * width, (j + 1) * width) for j in range(3)]
        if self.in_proj_weight is not None and itself:
            y = query @ self.in_proj_weight.T
            y = y if bias is None else y + bias
            return [y[..., part] for part in parts]
        weights = (
            (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
            if self.in_proj_weight is None
            else [self.in_proj_weight[part] for part in parts]
        )
        ys = [x @ w.T for x, w in zip((query, key, value), weights, strict=True)]
        return ys if bias is None else [y + bias[part] for y, part in zip(ys, parts, strict=True)]

    def _heads(self, x: Any) -> Any:
        n, length, width = x.shape
        return _np.swapaxes(
            _np.reshape(x, (n, length, self.num_heads, width // self.num_heads)), 1, 2
        )

    def _masks(
        self,
        padding: Any,
        mask: Any,
        causal: bool,
        n: int,
        full: tuple[int, int],
        single: bool,
    ) -> tuple[Any, Any]:
        """Return what is allowed and what is added, both broadcast to (batch, heads, L, S), or None."""
        name = "MultiheadAttention"
        allowed: Any = _causal(*full) if causal else None
        added: Any = None
        given = []
        if mask is not None:
            mask = as_array(mask)
            wanted = [full, (n * self.num_heads, *full)]
            if mask.shape not in wanted:
                raise ShapeError(
                    f"{name}: attn_mask has shape {mask.shape}, wanted is {wanted[0]}, or {wanted[1]} for each sample "
                    "and head"
                )
            if mask.ndim == 3:
                mask = _np.reshape(mask, (n, self.num_heads, *full))
            given.append(("attn_mask", mask))
        if padding is not None:
            padding = as_array(padding)
            if padding.shape != ((full[1],) if single else (n, full[1])):
                raise ShapeError(
                    f"{name}: key_padding_mask has shape {padding.shape}, wanted is {(n, full[1])}: batch and keys"
                )
            given.append(("key_padding_mask", _np.reshape(padding, (n, 1, 1, full[1]))))
        for what, part in given:
            _check_mask(name, what, part, ())
            if dtype_of(part).kind == "b":
                allowed = _both(allowed, ~part)
            else:
                more, summand = _split(part)
                allowed = _both(allowed, more)
                added = summand if added is None else added + summand
        return allowed, added

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.embed_dim}, {self.num_heads}" + (
            ", batch_first=True" if self.batch_first else ""
        )


def sinusoidal_encoding(
    length: int, features: int, *, base: float = 10_000.0, dtype: Any = float
) -> np.ndarray:
    """Return sines and cosines by which a network can tell positions, to be added to the inputs.

    Parameters
    ----------
    length, features : int
        Shape of the result.
    base : float
        The longest wavelength is 2π times this, in the limit of many features.
    dtype : dtype
        Of the result.

    Returns
    -------
    ndarray
        Of shape (length, features): sin(i / base^(j / features)) for even j, and in column j + 1 the cosine.

    Notes
    -----
    Vaswani et al. 2017, Attention is all you need, section 3.5, arXiv:1706.03762.

    Examples
    --------
    >>> import dualrev.nn as nn
    >>> nn.sinusoidal_encoding(2, 4).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]])
    """
    sizes("sinusoidal_encoding", length=length, features=features)
    columns = np.arange(features)
    angles = np.arange(length)[:, None] / base ** ((columns - columns % 2) / features)
    return np.where(columns % 2, np.cos(angles), np.sin(angles)).astype(dtype)
