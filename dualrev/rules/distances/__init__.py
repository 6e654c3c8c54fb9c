"""The distances of scipy.spatial, loaded when one of its functions is first met."""

from dualrev.rules.distances import distance as distance
from dualrev.rules.distances import metrics as metrics
from dualrev.rules.distances import truths as truths
