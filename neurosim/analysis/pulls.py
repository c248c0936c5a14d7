r"""What a spring delivers to its node where that stands, whatever the law makes of it.

With f the current of a spring of 1 S over the unit voltage, towards its source, and
:math:`f'` its slope by the node's displacement :math:`\delta` (1 of a conductance; of oscillators
:math:`f = \sin\delta`, :math:`f' = \cos\delta`), a host that reads :math:`s f`, s = alpha
lambda, and moves the source of a spring that it makes stiffer, nudges by the slope of the cost

.. math:: \frac{dC}{d\delta} = s\,(s f - y f').
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.circuit import Circuit, Springs

__all__ = ["pulled"]

Array = NDArray[np.float64]


def pulled(circuit: Circuit, u_V: Array, springs: Springs) -> tuple[Array, Array]:
    """Each f and f' of the springs that hold no node rigidly, (n,), of one row u_V, (n_nodes,)."""
    soft, at = ~springs.held, springs.numbers[~springs.held]
    soft_S, row_V = springs.soft_S[soft], u_V[None]
    pull = -circuit.source_current_A(row_V, springs)[0, soft] / (soft_S * circuit.reference_V)
    every = np.ones_like(row_V)
    slopes_S = [circuit.jacobian_vector_A(row_V, every, held)[0, at] for held in (None, springs)]
    return pull, (slopes_S[0] - slopes_S[1]) / soft_S
