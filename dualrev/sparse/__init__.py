"""Sparse Jacobians and Hessians: patterns found, coloured, compressed, recovered and probed."""

from dualrev.sparse import check as check
from dualrev.sparse.bidirectional import bidirectional_colouring as bidirectional_colouring
from dualrev.sparse.colouring import column_colouring as column_colouring
from dualrev.sparse.colouring import row_colouring as row_colouring
from dualrev.sparse.detection import hessian_pattern as hessian_pattern
from dualrev.sparse.detection import jacobian_pattern as jacobian_pattern
from dualrev.sparse.hessian import SparseHessian as SparseHessian
from dualrev.sparse.hessian import hessian as hessian
from dualrev.sparse.jacobian import SparseJacobian as SparseJacobian
from dualrev.sparse.jacobian import jacobian as jacobian
from dualrev.sparse.pattern import Pattern as Pattern
from dualrev.sparse.pattern import as_pattern as as_pattern
from dualrev.sparse.symmetric import acyclic_colouring as acyclic_colouring
from dualrev.sparse.symmetric import star_colouring as star_colouring
