"""All 35 problems of Moré, Garbow and Hillstrom, in the order of the paper."""

from tests.problems import few_unknowns, fits, many_unknowns
from tests.problems.collection import PROBLEMS, Problem

__all__ = ["PROBLEMS", "Problem"]

del few_unknowns, fits, many_unknowns
