"""The distributions and sample statistics of scipy.stats, loaded when one of its functions is first met."""

from dualrev.rules.distributions import betas as betas
from dualrev.rules.distributions import circular as circular
from dualrev.rules.distributions import directions as directions
from dualrev.rules.distributions import discrete as discrete
from dualrev.rules.distributions import exponentials as exponentials
from dualrev.rules.distributions import family as family
from dualrev.rules.distributions import further as further
from dualrev.rules.distributions import gammas as gammas
from dualrev.rules.distributions import inference as inference
from dualrev.rules.distributions import normal as normal
from dualrev.rules.distributions import pairs as pairs
from dualrev.rules.distributions import reduction as reduction
from dualrev.rules.distributions import samples as samples
from dualrev.rules.distributions import standard as standard
from dualrev.rules.distributions import trimmed as trimmed
from dualrev.rules.distributions import vectors as vectors
