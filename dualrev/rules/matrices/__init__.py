"""The rules of scipy.linalg, which are loaded when one of its functions is first met."""

from dualrev.rules.matrices import equations as equations
from dualrev.rules.matrices import functions as functions
from dualrev.rules.matrices import inverses as inverses
from dualrev.rules.matrices import orthogonal as orthogonal
from dualrev.rules.matrices import pencils as pencils
from dualrev.rules.matrices import refused as refused
from dualrev.rules.matrices import riccati as riccati
from dualrev.rules.matrices import solutions as solutions
from dualrev.rules.matrices import spectra as spectra
from dualrev.rules.matrices import structured as structured
from dualrev.rules.matrices import systems as systems
from dualrev.rules.matrices import triangles as triangles
from dualrev.rules.matrices import twins as twins
