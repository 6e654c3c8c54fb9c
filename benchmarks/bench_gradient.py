"""Gradients of functions of n variables and of Python loops."""

import numpy as np

import dualrev as dr

from . import problems

OBJECTIVES = {
    "rosenbrock": lambda n: problems.rosenbrock(np),
    "mixed chain of 40": lambda n: problems.chain(np, n),
    "arithmetic chain of 40": lambda n: problems.arithmetic_chain(np, n),
}


class Gradient:
    """Value and gradient of functions R^n -> R."""

    params = (list(OBJECTIVES), [10, 100, 1000, 100_000])
    param_names = ("objective", "n")

    def setup(self, objective, n):
        self.x = problems.vector(n)
        self.f = OBJECTIVES[objective](n)
        self.gradient = dr.grad(self.f)

    def time_value(self, objective, n):
        self.f(self.x)

    def time_gradient(self, objective, n):
        self.gradient(self.x)


class ScalarLoop:
    """A loop over scalars, five operations a turn."""

    params = (7, 70, 700)
    param_names = ("turns",)

    def setup(self, turns):
        self.gradient = dr.grad(problems.scalar_loop(np, turns))

    def time_gradient(self, turns):
        self.gradient(0.9)


class EulerLoop:
    """Explicit Euler steps on a 3-vector."""

    params = (["stack", "array"], [100, 400, 1600])
    param_names = ("build", "steps")

    def setup(self, build, steps):
        self.start = np.array([1.0, 2.0, 20.0])
        self.gradient = dr.grad(problems.lorenz_euler(np, steps, build))

    def time_gradient(self, build, steps):
        self.gradient(self.start)
