"""scipy.integrate with exact Jacobians for the solvers and differentiable integrals and solutions.

Examples
--------
>>> import numpy as np, dualrev as dr
>>> from dualrev.scipy import integrate
>>> def end(rate):
...     sol = integrate.solve_ivp(lambda t, y: -rate * y, (0, 1), [1.0], rtol=1e-10, atol=1e-12)
...     return sol.y[0, -1]
>>> bool(np.isclose(dr.grad(end)(2.0), -np.exp(-2.0)))
True
"""

import sys

from scipy import integrate

from dualrev.core.mirror import mirror
from dualrev.core.primitive import everything
from dualrev.scipy.integrate.boundary import solve_bvp as solve_bvp
from dualrev.scipy.integrate.initial import odeint as odeint
from dualrev.scipy.integrate.initial import solve_ivp as solve_ivp
from dualrev.scipy.integrate.integrals import fixed_quad as fixed_quad
from dualrev.scipy.integrate.integrals import quad as quad
from dualrev.scipy.integrate.integrals import quad_vec as quad_vec
from dualrev.scipy.integrate.repeated import dblquad as dblquad
from dualrev.scipy.integrate.repeated import nquad as nquad
from dualrev.scipy.integrate.repeated import tplquad as tplquad
from dualrev.scipy.integrate.unsupported import complex_ode as complex_ode
from dualrev.scipy.integrate.unsupported import ode as ode

everything("scipy.integrate")
__getattr__, __dir__ = mirror(sys.modules[__name__], integrate)
del everything, integrate, mirror
