"""Peak memory of whole calls; each benchmark runs in a process of its own."""

import numpy as np

import dualrev as dr

from . import problems


class GradientOfChain:
    """Gradient of a mixed chain of 100 elementwise operations; ``value`` is the chain alone."""

    params = (10_000, 100_000, 1_000_000)
    param_names = ("n",)

    def setup(self, n):
        self.x = problems.vector(n)
        self.f = problems.chain(np, n, cycles=10)
        self.gradient = dr.grad(self.f)

    def peakmem_value(self, n):
        self.f(self.x)

    def peakmem_gradient(self, n):
        self.gradient(self.x)


class GradientOfLoop:
    """Gradient through a Python loop: the tape itself."""

    params = (100, 1000, 10_000)
    param_names = ("steps",)

    def setup(self, steps):
        self.start = np.array([1.0, 2.0, 20.0])
        self.gradient = dr.grad(problems.lorenz_euler(np, steps))

    def peakmem_gradient(self, steps):
        self.gradient(self.start)


class TallJacobian:
    """Jacobian of m residuals with respect to 4 parameters."""

    params = (1000, 10_000, 100_000)
    param_names = ("m",)

    def setup(self, m):
        make, self.b = problems.RESIDUALS["growth"]
        self.jacobian = dr.jacobian(make(np, m))

    def peakmem_jacobian(self, m):
        self.jacobian(self.b)


class RepeatedGradient:
    """Many gradients one after the other: the peak must not depend on how many."""

    params = (100, 10_000)
    param_names = ("calls",)

    def setup(self, calls):
        self.x = problems.vector(100)
        self.gradient = dr.grad(problems.rosenbrock(np))

    def peakmem_gradients(self, calls):
        for _ in range(calls):
            self.gradient(self.x)
