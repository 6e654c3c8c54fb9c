"""Overhead of one operation: chains of a single operation on a 3-vector.

The difference between two lengths, divided by the difference of the lengths, is the cost of one
operation; ``time_value`` is what NumPy needs for the chain itself.
"""

import numpy as np

import dualrev as dr

from . import problems


class Operation:
    """Value, recording and sweeping of ``length`` operations of one kind."""

    params = (list(problems.STEPS), [10, 110])
    param_names = ("operation", "length")

    def setup(self, operation, length):
        self.f = problems.operation_chain(operation, length)
        self.x = problems.OPERATION_POINT
        self.ct = np.ones(3)
        self.pullback = dr.vjp(self.f, self.x)[1]

    def time_value(self, operation, length):
        self.f(self.x)

    def time_record(self, operation, length):
        dr.vjp(self.f, self.x)

    def time_sweep(self, operation, length):
        self.pullback(self.ct)

    def time_tangent(self, operation, length):
        dr.jvp(self.f, (self.x,), (self.ct,))
