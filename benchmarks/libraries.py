"""How each library is called: the shortest idiomatic way from a NumPy array to a NumPy derivative.

dualrev
    ``dr.grad(f)``, the function written with plain ``numpy``.
HIPS autograd
    ``autograd.grad(f)``, the function written with ``autograd.numpy``.
MyGrad
    ``x = mg.tensor(a)``, ``f(x).backward()``, ``x.grad``, its default settings.
PyTorch
    Eager mode, one thread, float64: ``x = torch.from_numpy(a).requires_grad_(True)``,
    ``f(x).backward()``, ``x.grad.numpy()``; and once more without the conversions.
Whatever a library lets the user build once (``dr.grad(f)``) is built outside the timed call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

Derivative = Callable[[Any], Any]


@dataclass(frozen=True)
class Library:
    """A library under test: its namespace and its derivatives; ``None`` where it has none."""

    name: str
    xp: Any
    gradient: Callable[[Callable], Derivative]
    constant: Callable[[np.ndarray], Any] = lambda a: a
    jacobian: Callable[[Callable], Derivative] | None = None
    hessian: Callable[[Callable], Derivative] | None = None
    prepare: Callable[[Any], Any] = lambda x: x


def dualrev() -> Library:
    import dualrev as dr

    return Library("dualrev", np, dr.grad, jacobian=dr.jacobian, hessian=dr.hessian)


def hips() -> Library:
    import autograd

    return Library(
        "HIPS autograd",
        import_module("autograd.numpy"),
        autograd.grad,
        jacobian=autograd.jacobian,
        hessian=autograd.hessian,
    )


def mygrad() -> Library:
    import mygrad as mg

    def gradient(f):
        def call(a):
            x = mg.tensor(a)
            f(x).backward()
            return x.grad

        return call

    return Library("MyGrad", mg, gradient)


def _torch():
    import torch

    torch.set_num_threads(1)
    return torch


def _torch_input(a):
    torch = _torch()
    if isinstance(a, float):
        return torch.tensor(a, dtype=torch.float64, requires_grad=True)
    return torch.from_numpy(a).requires_grad_(True)


def pytorch() -> Library:
    torch = _torch()
    from_numpy = torch.from_numpy

    def gradient(f):
        def call(a):
            if type(a) is float:
                x = torch.tensor(a, dtype=torch.float64, requires_grad=True)
            else:
                x = from_numpy(a).requires_grad_(True)
            f(x).backward()
            return x.grad.numpy()

        return call

    def through_numpy(transform):
        def build(f):
            derivative = transform(f)
            return lambda a: derivative(from_numpy(a)).numpy()

        return build

    return Library(
        "PyTorch",
        torch,
        gradient,
        constant=from_numpy,
        jacobian=through_numpy(torch.func.jacrev),
        hessian=through_numpy(torch.func.hessian),
    )


def pytorch_tensors() -> Library:
    """PyTorch with tensors in and tensors out: what is left when nobody holds NumPy arrays."""
    torch = _torch()

    def gradient(f):
        return lambda x: torch.autograd.grad(f(x), x)[0]

    return Library(
        "PyTorch (tensors)", torch, gradient, constant=torch.from_numpy, prepare=_torch_input
    )


MAKERS: dict[str, Callable[[], Library]] = {
    "dualrev": dualrev,
    "hips": hips,
    "mygrad": mygrad,
    "torch": pytorch,
    "tensors": pytorch_tensors,
}


def available(keys: list[str]) -> dict[str, Library]:
    """The libraries of ``keys`` that are installed here, by key."""
    found = {}
    for key in keys:
        try:
            found[key] = MAKERS[key]()
        except ModuleNotFoundError as missing:
            print(f"{key} is left out: {missing}")
    return found
