"""Jacobians: tall ones of curve fits, dense square ones, and inside a solver."""

import numpy as np
from scipy import optimize

import dualrev as dr

from . import problems


class Residuals:
    """Jacobian of m residuals with respect to 4 parameters."""

    params = (list(problems.RESIDUALS), [100, 1000, 10_000])
    param_names = ("model", "m")

    def setup(self, model, m):
        make, self.b = problems.RESIDUALS[model]
        self.f = make(np, m)
        self.jacobian = dr.jacobian(self.f)

    def time_value(self, model, m):
        self.f(self.b)

    def time_jacobian(self, model, m):
        self.jacobian(self.b)


class Dense:
    """Jacobian of R^n -> R^n in both vector modes."""

    params = (["forward", "reverse", "auto"], [10, 50, 200])
    param_names = ("mode", "n")

    def setup(self, mode, n):
        self.x = problems.vector(n)
        self.jacobian = dr.jacobian(problems.dense_map(np, n), mode=mode)

    def time_jacobian(self, mode, n):
        self.jacobian(self.x)


class Root:
    """``scipy.optimize.root`` without and with an exact Jacobian."""

    params = (list(problems.ROOTS), [4, 10, 50])
    param_names = ("equations", "n")

    def setup(self, equations, n):
        make, _, start = problems.ROOTS[equations]
        self.f, self.x0 = make(np), np.full(n, start)
        self.jacobian = dr.jacobian(self.f)

    def time_finite_differences(self, equations, n):
        optimize.root(self.f, self.x0)

    def time_jacobian(self, equations, n):
        optimize.root(self.f, self.x0, jac=self.jacobian)
