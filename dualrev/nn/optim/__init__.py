"""Optimisers, learning-rate schedules and gradient clipping.

Every first-order method has two faces. ``SGD(parameters, lr=0.1)`` holds variables, and `step` moves them by their
``.grad``. ``SGD(lr=0.1)`` holds nothing: ``init(weights)`` and ``update(gradients, state, weights)`` take and return
containers of plain arrays, such as `dualrev.grad` works on. Both are one mechanism around one pure rule per method.
"""

from dualrev.nn.optim import schedules as schedules
from dualrev.nn.optim.adaptive import Adadelta as Adadelta
from dualrev.nn.optim.adaptive import Adagrad as Adagrad
from dualrev.nn.optim.adaptive import RMSprop as RMSprop
from dualrev.nn.optim.clipping import clip_grad_norm as clip_grad_norm
from dualrev.nn.optim.clipping import clip_grad_value as clip_grad_value
from dualrev.nn.optim.clipping import clip_norm as clip_norm
from dualrev.nn.optim.clipping import clip_value as clip_value
from dualrev.nn.optim.clipping import global_norm as global_norm
from dualrev.nn.optim.first_order import FirstOrder as FirstOrder
from dualrev.nn.optim.first_order import State as State
from dualrev.nn.optim.moments import Adam as Adam
from dualrev.nn.optim.moments import Adamax as Adamax
from dualrev.nn.optim.moments import AdamW as AdamW
from dualrev.nn.optim.moments import NAdam as NAdam
from dualrev.nn.optim.momentum import SGD as SGD
from dualrev.nn.optim.optimiser import Optimiser as Optimiser
from dualrev.nn.optim.quasi_newton import LBFGS as LBFGS
from dualrev.nn.optim.scheduler import Plateau as Plateau
from dualrev.nn.optim.scheduler import PlateauState as PlateauState
from dualrev.nn.optim.scheduler import Scheduler as Scheduler
