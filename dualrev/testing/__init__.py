"""Checks that ship with the package: users' functions and rules get the scrutiny of its own."""

from dualrev.testing.derivatives import check_derivatives as check_derivatives
from dualrev.testing.primitives import Finding as Finding
from dualrev.testing.primitives import PrimitiveReport as PrimitiveReport
from dualrev.testing.primitives import check_primitive as check_primitive
from dualrev.testing.report import Adjoint as Adjoint
from dualrev.testing.report import Comparison as Comparison
from dualrev.testing.report import DerivativeReport as DerivativeReport
from dualrev.testing.report import Entry as Entry
