"""Sparse Jacobians and Hessians: patterns found, coloured, compressed, recovered and probed."""

from dualrev.sparse.detection import hessian_pattern as hessian_pattern
from dualrev.sparse.detection import jacobian_pattern as jacobian_pattern
from dualrev.sparse.hessian import SparseHessian as SparseHessian
from dualrev.sparse.hessian import hessian as hessian
from dualrev.sparse.jacobian import SparseJacobian as SparseJacobian
from dualrev.sparse.jacobian import jacobian as jacobian
from dualrev.sparse.pattern import Pattern as Pattern
from dualrev.sparse.pattern import as_pattern as as_pattern
