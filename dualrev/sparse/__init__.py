"""Sparse derivatives: columns that share no row are differentiated together."""

from dualrev.sparse.compression import column_groups as column_groups
from dualrev.sparse.compression import compressed_jacobian as compressed_jacobian
