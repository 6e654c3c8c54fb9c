"""Module: a function with named parameters, which nest, are counted, saved and loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from dualrev.core.array import Traced, value
from dualrev.errors import EscapeError, InputError, ShapeError, describe
from dualrev.nn.parameter import is_parameter
from dualrev.nn.state import Unmatched, fit, read, write

__all__ = ["Module"]


class Module:
    """A function with parameters: the base class of layers, losses and whole networks.

    Subclasses make their parameters and submodules in ``__init__``, as plain attributes, and compute in ``forward``.

    Attributes
    ----------
    training : bool
        True at first; `train` and `eval` change it for the whole tree. Dropout and batch normalisation look at it.

    Notes
    -----
    What an attribute holds decides what it is. A leaf variable (`Parameter`) is a parameter, a module is a child, and
    lists, tuples and dicts of those, nested in any way, are searched: ``self.blocks = [Linear(2, 3), Linear(3, 1)]``
    has the parameter ``blocks.1.weight``. A parameter or module that is reached twice is shared: it is counted once,
    under the first of its names. Everything else is an ordinary attribute. There is no
    ``__init__`` here that a subclass would have to call.

    Examples
    --------
    >>> import numpy as np, dualrev.nn as nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nn.Linear(2, 8, rng=0)
    ...         self.scale = nn.Parameter(1.0)
    ...     def forward(self, x):
    ...         return self.scale * np.sum(np.tanh(self.hidden(x)), axis=-1)
    >>> net = Net()
    >>> list(net.named_parameters()), net.n_parameters
    (['scale', 'hidden.weight', 'hidden.bias'], 25)
    >>> net(np.ones((5, 2))).shape
    (5,)
    """

    # Defaults on the class, not in __init__, which a subclass may forget to call.
    training: bool = True
    _buffers: Mapping[str, bool] = MappingProxyType({})

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; subclasses define it."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward method: define forward(self, x), which computes the output"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return ``forward`` of the arguments."""
        return self.forward(*args, **kwargs)

    # -- attributes -----------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, new: Any) -> None:
        held = vars(self)
        if name in self._buffers:
            new = self._buffer(name, new)
        elif is_parameter(held.get(name)) and new is not None and not is_parameter(new):
            raise InputError(
                f"{type(self).__name__}.{name} is a parameter and cannot become {describe(new)}. "
                f"Write .{name}.data = ... for new values, .{name} = nn.Parameter(...) for a new parameter, or "
                f"`del` it first if it is to be a constant."
            )
        object.__setattr__(self, name, new)

    def __getattr__(self, name: str) -> Any:
        # Called only for what has not been found.
        hint = (
            ""
            if name.startswith("__")
            else (
                f". Was it made in __init__, before its use, and has a subclass's __init__ called "
                f"super().__init__(...)? There are: {', '.join([k for k in vars(self) if k != '_buffers'][:12])}"
            )
        )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._keep({k: v for k, v in self._buffers.items() if k != name})

    def register_buffer(self, name: str, array: Any, persistent: bool = True) -> None:
        """Keep an array that is no parameter but belongs to the state, such as a running mean.

        Parameters
        ----------
        name : str
            The attribute's name.
        array : array_like or None
            Copied. Later assignments to the attribute must keep its shape, and are of plain numbers.
        persistent : bool
            Whether `state_dict` has it.

        Raises
        ------
        InputError
            If the name is taken or no identifier.
        """
        if not name.isidentifier():
            raise InputError(f"register_buffer: {name!r} is no name of an attribute")
        if hasattr(type(self), name) or (name in vars(self) and name not in self._buffers):
            raise InputError(f"register_buffer: {type(self).__name__} has an attribute {name!r}")
        vars(self)[name] = None if array is None else np.array(array)
        self._keep({**self._buffers, name: persistent})

    def _keep(self, buffers: dict[str, bool]) -> None:
        if buffers != self._buffers:
            vars(self)["_buffers"] = buffers

    def _buffer(self, name: str, new: Any) -> Any:
        """Return a new value of a buffer as a plain array of its dtype."""
        if new is None:
            return None
        if isinstance(new, Traced):
            raise EscapeError(
                f"keeping a traced value in the buffer {type(self).__name__}.{name}",
                "keep dualrev.value(...) of it",
            )
        old = vars(self)[name]
        new = np.array(new)
        if old is None:
            return new
        if new.shape != old.shape:
            raise ShapeError(
                f"{type(self).__name__}.{name} is a buffer of shape {old.shape}, not {new.shape}. Inside dualrev.vmap "
                "the lanes would each give another value: call eval() on the module first. Elsewhere, replace a buffer "
                "by one of another shape with register_buffer."
            )
        return new.astype(old.dtype, copy=False)

    # -- what it is made of ---------------------------------------------------------------------------------------

    def named_modules(self) -> dict[str, Module]:
        """Return all modules of the tree by name, itself first as ``""``; shared ones once."""
        found: dict[int, tuple[str, Module]] = {}
        for name, module in _modules(self):
            found.setdefault(id(module), (name, module))
        return dict(found.values())

    def named_parameters(self) -> dict[str, Any]:
        """Return the parameters by name, such as ``"encoder.0.weight"``; shared ones once, under their first name."""
        found: dict[int, tuple[str, Any]] = {}
        for name, parameter in _parameters(self):
            found.setdefault(id(parameter), (name, parameter))
        return dict(found.values())

    def parameters(self) -> list[Any]:
        """Return the parameters, each once."""
        return list(self.named_parameters().values())

    def named_buffers(self) -> dict[str, np.ndarray]:
        """Return the buffers by name."""
        return {
            _join(prefix, name): vars(module)[name]
            for prefix, module in self.named_modules().items()
            for name in module._buffers
            if vars(module)[name] is not None
        }

    @property
    def n_parameters(self) -> int:
        """Number of numbers in the parameters."""
        return sum(int(p.size) for p in self.parameters())

    def weights(self) -> dict[str, np.ndarray]:
        """Return copies of the parameters' values as a dict of plain arrays, which `grad`, `hvp`, ... take.

        Together with `functional_call` this is the functional face of a module.
        """
        return {name: np.array(p.data) for name, p in self.named_parameters().items()}

    # -- mode and gradients ---------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Set ``training`` in the whole tree, and return the module."""
        for module in self.named_modules().values():
            module.training = bool(mode)
        return self

    def eval(self) -> Self:
        """Set ``training`` to False in the whole tree, and return the module."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self.parameters():
            p.zero_grad()

    # -- state ----------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all parameters and persistent buffers by name.

        Names and layouts of the layers are PyTorch's, shared parameters stand under each of their names, and the
        order is that of PyTorch too, so states can be exchanged.
        """
        return {name: np.array(value(_array(owner, key))) for name, owner, key in self._state()}

    def _state(self) -> Iterator[tuple[str, Any, str | None]]:
        """Yield name, owner and attribute of each buffer; name, parameter and None of each parameter."""
        for prefix, module in _modules(self):
            for name, part in _parts(module):
                if not isinstance(part, Module):
                    yield _join(prefix, name), part, None
            for name, persistent in module._buffers.items():
                if persistent and vars(module)[name] is not None:
                    yield _join(prefix, name), module, name

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Unmatched:
        """Set parameters and buffers from a state; if anything does not fit, nothing is changed.

        Parameters
        ----------
        state : mapping of str to array_like
            From `state_dict`, ``np.load``, or PyTorch (tensors without gradient). Values are cast to the dtypes here.
        strict : bool
            Whether missing and unexpected names are errors. Wrong shapes and dtypes always are.

        Returns
        -------
        Unmatched
            The names ``(missing, unexpected)``, both empty with `strict`.

        Raises
        ------
        InputError
            Naming everything that is missing, unexpected, of wrong shape, or cannot be cast.
        """
        places = {name: (owner, key) for name, owner, key in self._state()}
        wanted = {name: _array(owner, key) for name, (owner, key) in places.items()}
        groups = {name: id(owner) if key is None else name for name, (owner, key) in places.items()}
        fitted, unmatched = fit(type(self).__name__, wanted, groups, state, strict)
        for name, new in fitted.items():
            owner, key = places[name]
            if key is None:
                owner.data = new
            else:
                vars(owner)[key] = new
        return unmatched

    def save(self, path: str | PathLike[str]) -> None:
        """Write `state_dict` to a file, under exactly this name, in NumPy's ``.npz`` format without pickle."""
        write(path, self.state_dict())

    def load(self, path: str | PathLike[str], strict: bool = True) -> Unmatched:
        """Set parameters and buffers from a file of `save` or ``np.savez``; see `load_state_dict`."""
        return self.load_state_dict(read(path), strict)

    # -- text ----------------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """Return what stands between the brackets in ``repr``; layers override it."""
        return ""

    def __repr__(self) -> str:
        lines = []
        extra = self.extra_repr()
        for name, part in _parts(self):
            if isinstance(part, Module):
                lines.append(f"({name}): " + repr(part).replace("\n", "\n  "))
            elif not extra:
                lines.append(f"({name}): Parameter of shape {part.shape}")
        if not lines:
            return f"{type(self).__name__}({extra})"
        return f"{type(self).__name__}({extra}\n  " + "\n  ".join(lines) + "\n)"


# What can hold no parameter, for speed: most attributes are of these types.
PLAIN = frozenset({bool, int, float, str, type(None), np.ndarray, np.random.Generator})


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _array(owner: Any, key: str | None) -> Any:
    return owner.data if key is None else vars(owner)[key]


def _parts(module: Module) -> Iterator[tuple[str, Any]]:
    """Yield the parameters and modules that the attributes of a module hold, with their names."""
    for name, held in vars(module).items():
        if type(held) not in PLAIN:
            yield from _within(name, held)


def _within(name: str, held: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(held, Module) or is_parameter(held):
        yield name, held
    elif isinstance(held, (list, tuple)):
        for k, part in enumerate(held):
            yield from _within(f"{name}.{k}", part)
    elif isinstance(held, dict):
        for key, part in held.items():
            yield from _within(f"{name}.{key}", part)


def _modules(
    module: Module, prefix: str = "", above: tuple[int, ...] = ()
) -> Iterator[tuple[str, Module]]:
    """Yield the tree below a module, shared modules under each of their names, and none inside itself."""
    yield prefix, module
    above = (*above, id(module))
    for name, part in _parts(module):
        if isinstance(part, Module) and id(part) not in above:
            yield from _modules(part, _join(prefix, name), above)


def _parameters(module: Module) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of the tree, shared ones under each of their names."""
    for prefix, owner in _modules(module):
        for name, part in _parts(owner):
            if not isinstance(part, Module):
                yield _join(prefix, name), part
