"""scipy.sparse: products, traced sparse arrays, linear systems and eigenvalues; loaded when first asked for."""

from dualrev.rules.sparse import arithmetic as arithmetic
from dualrev.rules.sparse import arrays as arrays
from dualrev.rules.sparse import building as building
from dualrev.rules.sparse import direct as direct
from dualrev.rules.sparse import eigen as eigen
from dualrev.rules.sparse import functions as functions
from dualrev.rules.sparse import iterative as iterative
from dualrev.rules.sparse import least_squares as least_squares
from dualrev.rules.sparse import operators as operators
from dualrev.rules.sparse import products as products
from dualrev.rules.sparse import spectra as spectra
from dualrev.rules.sparse import systems as systems
