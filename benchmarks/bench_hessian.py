"""Hessians and their products with a vector."""

import numpy as np

import dualrev as dr

from . import problems

OBJECTIVES = {
    "dense": lambda n: problems.dense_objective(np, n),
    "rosenbrock": lambda n: problems.rosenbrock(np),
}


class Hessian:
    """Second derivatives of functions R^n -> R."""

    params = (list(OBJECTIVES), [10, 50, 200])
    param_names = ("objective", "n")

    def setup(self, objective, n):
        f = OBJECTIVES[objective](n)
        self.x, self.v = problems.vector(n), np.ones(n)
        self.hessian, self.hvp = dr.hessian(f), dr.hvp(f)

    def time_hessian(self, objective, n):
        self.hessian(self.x)

    def time_hvp(self, objective, n):
        self.hvp(self.x, self.v)
