"""scipy.optimize with exact derivatives: the same functions and the same results, computed once and without step sizes.

Examples
--------
>>> import numpy as np
>>> from dualrev.scipy import optimize
>>> res = optimize.minimize(optimize.rosen, np.zeros(5), method="BFGS")
>>> res.x.round(6), res.success
(array([1., 1., 1., 1., 1.]), True)
"""

import sys

from scipy import optimize

from dualrev.core.mirror import mirror
from dualrev.scipy.optimize.bounds import Bounds as Bounds
from dualrev.scipy.optimize.checking import approx_fprime as approx_fprime
from dualrev.scipy.optimize.checking import check_grad as check_grad
from dualrev.scipy.optimize.constraints import LinearConstraint as LinearConstraint
from dualrev.scipy.optimize.constraints import NonlinearConstraint as NonlinearConstraint
from dualrev.scipy.optimize.covariance import covariance as covariance
from dualrev.scipy.optimize.covariance import standard_errors as standard_errors
from dualrev.scipy.optimize.curve_fit import curve_fit as curve_fit
from dualrev.scipy.optimize.derivatives import Derivatives as Derivatives
from dualrev.scipy.optimize.derivatives import derivatives as derivatives
from dualrev.scipy.optimize.evolution import differential_evolution as differential_evolution
from dualrev.scipy.optimize.fixed_point import fixed_point as fixed_point
from dualrev.scipy.optimize.global_search import basinhopping as basinhopping
from dualrev.scipy.optimize.global_search import dual_annealing as dual_annealing
from dualrev.scipy.optimize.global_search import shgo as shgo
from dualrev.scipy.optimize.least_squares import least_squares as least_squares
from dualrev.scipy.optimize.legacy import fmin_bfgs as fmin_bfgs
from dualrev.scipy.optimize.legacy import fmin_cg as fmin_cg
from dualrev.scipy.optimize.legacy import fmin_ncg as fmin_ncg
from dualrev.scipy.optimize.legacy import fmin_slsqp as fmin_slsqp
from dualrev.scipy.optimize.minimize import minimize as minimize
from dualrev.scipy.optimize.operators import hessian_operator as hessian_operator
from dualrev.scipy.optimize.operators import jacobian_operator as jacobian_operator
from dualrev.scipy.optimize.profile import Profile as Profile
from dualrev.scipy.optimize.profile import profile as profile
from dualrev.scipy.optimize.propagation import Propagated as Propagated
from dualrev.scipy.optimize.propagation import propagate as propagate
from dualrev.scipy.optimize.roots import fsolve as fsolve
from dualrev.scipy.optimize.roots import leastsq as leastsq
from dualrev.scipy.optimize.roots import root as root
from dualrev.scipy.optimize.scalar_roots import minimize_scalar as minimize_scalar
from dualrev.scipy.optimize.scalar_roots import newton as newton
from dualrev.scipy.optimize.scalar_roots import root_scalar as root_scalar

__getattr__, __dir__ = mirror(sys.modules[__name__], optimize)
del optimize, mirror
