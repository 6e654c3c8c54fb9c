"""Whole solves with SciPy's solvers: with dualrev's derivatives and with finite differences."""

import numpy as np
from scipy import optimize as scipy_optimize

from dualrev.scipy import optimize

from . import optimizer_problems, problems

SOURCES = {"dualrev": optimize, "differences": scipy_optimize}


class Minimize:
    """Rosenbrock's function from the classical start."""

    params = (list(SOURCES), ["BFGS", "L-BFGS-B"], [2, 5, 20, 100])
    param_names = ("derivatives", "method", "n")

    def setup(self, derivatives, method, n):
        self.minimize = SOURCES[derivatives].minimize
        self.f = problems.rosenbrock(np)
        self.x0 = optimizer_problems.rosenbrock_start(n)
        self.options = {"maxiter": 10_000} | ({"maxfun": 10**7} if method == "L-BFGS-B" else {})

    def time_solve(self, derivatives, method, n):
        self.minimize(self.f, self.x0, method=method, options=self.options)


class SecondOrder:
    """Methods that use Hessians or their products."""

    params = (["trust-exact", "trust-krylov", "Newton-CG"], [2, 20, 100])
    param_names = ("method", "n")

    def setup(self, method, n):
        self.f = problems.rosenbrock(np)
        self.x0 = optimizer_problems.rosenbrock_start(n)

    def time_solve(self, method, n):
        optimize.minimize(self.f, self.x0, method=method)


class LeastSquares:
    """A fit of 4 parameters to m observations."""

    params = (list(SOURCES), list(problems.RESIDUALS), [20, 1000])
    param_names = ("derivatives", "model", "m")

    def setup(self, derivatives, model, m):
        self.least_squares = SOURCES[derivatives].least_squares
        make, self.start = problems.RESIDUALS[model]
        self.f = make(np, m)

    def time_solve(self, derivatives, model, m):
        self.least_squares(self.f, self.start)


class Uncertainty:
    """What follows a fit."""

    def setup(self):
        make, start = problems.RESIDUALS["growth"]
        residuals = make(np, 100)
        noise = 7 * np.random.default_rng(0).standard_normal(100)
        self.fit = optimize.least_squares(lambda b: residuals(b) + noise, start)

    def time_covariance(self):
        optimize.covariance(self.fit)

    def time_profile(self):
        optimize.profile(self.fit, parameter=1)
