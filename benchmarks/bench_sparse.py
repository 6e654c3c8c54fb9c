"""Sparse Jacobians and Hessians: preparing and evaluating them."""

import numpy as np

import dualrev as dr

from . import problems
from .sparse_problems import arrow, brusselator, minimal_surface


class Brusselator:
    """The Jacobian of the 2-D Brusselator with n unknowns."""

    params = ([512, 8192],)
    param_names = ("n",)

    def setup(self, n):
        self.f, self.x = brusselator(np, int((n // 2) ** 0.5)), problems.vector(n)
        self.jacobian = dr.sparse.jacobian(self.f).prepare(self.x)

    def time_detect(self, n):
        dr.sparse.jacobian_pattern(self.f, self.x)

    def time_prepare(self, n):
        dr.sparse.jacobian(self.f).prepare(self.x)

    def time_evaluate(self, n):
        self.jacobian(self.x)

    def time_value(self, n):
        self.f(self.x)

    def track_colours(self, n):
        return self.jacobian.n_passes


class Arrow:
    """A Jacobian that needs both modes: rows and columns of it are dense."""

    def setup(self):
        self.x = problems.vector(1000)
        self.jacobian = dr.sparse.jacobian(arrow(np)).prepare(self.x)

    def time_prepare(self):
        dr.sparse.jacobian(arrow(np)).prepare(self.x)

    def time_evaluate(self):
        self.jacobian(self.x)


class Hessian:
    """The Hessian of a minimal surface on a grid of 64 by 64."""

    def setup(self):
        self.f, self.x = minimal_surface(np, 64), problems.vector(64 * 64)
        self.hessian = dr.sparse.hessian(self.f).prepare(self.x)

    def time_detect(self):
        dr.sparse.hessian_pattern(self.f, self.x)

    def time_prepare(self):
        dr.sparse.hessian(self.f).prepare(self.x)

    def time_evaluate(self):
        self.hessian(self.x)
