"""What the slow path costs: idioms that NumPy does not dispatch, with plain numpy and with dualrev.numpy.

With plain numpy ``np.array([...])`` of traced scalars is an object array, whose entries are handled one by one; with
``dualrev.numpy`` it is a traced array.
"""

import numpy as np

import dualrev as dr
from dualrev import numpy as dnp

from . import problems

NAMESPACES = {"numpy": np, "dualrev.numpy": dnp}


def _from_list(xp, n):
    """An array of `n` results, and arithmetic with it."""

    def f(x):
        y = xp.array([v * v + 1.0 for v in x])
        return xp.sum(y * x + 2.0 * y)

    return f


def _from_array(xp, n):
    """asarray of the argument, and arithmetic with it."""

    def f(x):
        y = xp.asarray(x)
        return xp.sum(y * y + 2.0 * y)

    return f


def _right_hand_side(xp, n):
    """`n` steps with a right-hand side that is a list of three numbers."""

    def f(x):
        s = x[:3]
        for _ in range(n):
            s = s + 0.01 * xp.array([s[1] - s[0], s[0] * s[2], s[0] * s[1] - s[2]])
        return xp.sum(s)

    return f


PROBLEMS = {"list": _from_list, "asarray": _from_array, "steps": _right_hand_side}


class ObjectArrays:
    """The gradient of code that makes arrays of traced numbers."""

    params = (list(PROBLEMS), list(NAMESPACES), [10, 100])
    param_names = ("problem", "namespace", "n")

    def setup(self, problem, namespace, n):
        self.gradient = dr.grad(PROBLEMS[problem](NAMESPACES[namespace], n))
        self.x = problems.vector(n)

    def time_gradient(self, problem, namespace, n):
        self.gradient(self.x)


class Buffers:
    """What arrays that can be written to cost: np.zeros filled in a loop, against a list and np.stack."""

    params = (["zeros", "stack"], [10, 100])
    param_names = ("way", "n")

    def setup(self, way, n):
        def filled(x):
            y = dnp.zeros(n)
            for k in range(n):
                y[k] = x[k] * x[0]
            return dnp.sum(y * y)

        def stacked(x):
            y = np.stack([x[k] * x[0] for k in range(n)])
            return np.sum(y * y)

        self.gradient = dr.grad(filled if way == "zeros" else stacked)
        self.x = problems.vector(n)

    def time_gradient(self, way, n):
        self.gradient(self.x)


class Namespace:
    """What calls through the mirror add where there is no derivative to be had."""

    params = (list(NAMESPACES),)
    param_names = ("namespace",)

    def setup(self, namespace):
        self.np = NAMESPACES[namespace]
        self.x = problems.vector(3)

    def time_array(self, namespace):
        self.np.array([1.0, 2.0, 3.0])

    def time_zeros(self, namespace):
        self.np.zeros(3)

    def time_asarray(self, namespace):
        self.np.asarray(self.x)
