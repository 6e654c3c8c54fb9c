"""The catalogue of rules, by the mathematics; importing it fills the registry."""

from dualrev.rules import arithmetic as arithmetic
from dualrev.rules import complexes as complexes
from dualrev.rules import contraction as contraction
from dualrev.rules import creation as creation
from dualrev.rules import determinants as determinants
from dualrev.rules import diagonals as diagonals
from dualrev.rules import differences as differences
from dualrev.rules import einsum as einsum
from dualrev.rules import exponential as exponential
from dualrev.rules import indexing as indexing
from dualrev.rules import joining as joining
from dualrev.rules import linalg as linalg
from dualrev.rules import norms as norms
from dualrev.rules import padding as padding
from dualrev.rules import queries as queries
from dualrev.rules import reductions as reductions
from dualrev.rules import selection as selection
from dualrev.rules import shaping as shaping
from dualrev.rules import sorting as sorting
from dualrev.rules import statistics as statistics
from dualrev.rules import taking as taking
from dualrev.rules import trigonometric as trigonometric
from dualrev.rules import writing as writing
