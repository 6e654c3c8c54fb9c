"""Pictures of optimisation and differentiation with Matplotlib: axes in, axes out, ready for print."""

from dualrev.explore.plot.boundaries import boundary as boundary
from dualrev.explore.plot.boundaries import fit as fit
from dualrev.explore.plot.convergence import convergence as convergence
from dualrev.explore.plot.differences import differences as differences
from dualrev.explore.plot.differences import error_curves as error_curves
from dualrev.explore.plot.patterns import compression as compression
from dualrev.explore.plot.patterns import spy as spy
from dualrev.explore.plot.style import axes as axes
from dualrev.explore.plot.surfaces import surface as surface
from dualrev.explore.plot.surfaces import surface3d as surface3d
from dualrev.explore.plot.tapes import tape as tape
from dualrev.explore.plot.trajectories import trajectories as trajectories
from dualrev.explore.plot.trajectories import trajectories3d as trajectories3d
from dualrev.explore.runs import Run as Run
from dualrev.explore.runs import descend as descend
