r"""GradEP: every weight's gradient from the states of its own two end points.

.. math::
    \frac{\partial C}{\partial W_{ij}} \approx
        \frac{-v_i^+ v_j^+ + v_i^- v_j^-}{2 \beta}, \qquad
    \frac{\partial C}{\partial b_i} \approx \frac{-v_i^+ + v_i^-}{2 \beta}

averaged over the batch; v are node outputs in units of the data sheet. The error is of second order
in beta; with an unnudged phase in place of the negative one and beta for 2 beta, of first order
(Scellier and Bengio 2017; Laborieux et al. 2021).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import Product
from neurosim.host.phases import Presentation
from neurosim.network import Layers, Weights

__all__ = ["contrast", "gradient"]

Array = NDArray[np.float64]


def contrast(outputs: Array, layers: Layers) -> Weights:
    """Mean over the batch of dE/dW = -v_i v_j and dE/db = -v_i for outputs (rows, n_nodes)."""
    return Product().derivative(outputs, layers)


def gradient(shown: Presentation, beta: float, layers: Layers) -> tuple[Weights, int]:
    """Estimate of the cost's gradient, and how many rows had to be left out.

    A row of which any phase failed (NaN) is left out of every mean.
    """
    base, distance = shown.negative, beta if shown.one_sided else 2 * beta
    if shown.correlation is not None:
        sums, rows = shown.correlation, shown.rows_correlated
        return -1 / (max(rows, 1) * distance) * sums, len(shown.free) - rows
    good = np.isfinite(shown.positive).all(axis=1) & np.isfinite(base).all(axis=1)
    n_lost = int(np.count_nonzero(~good))
    if not good.any():
        return Weights.zeros(layers), n_lost
    high, low = contrast(shown.positive[good], layers), contrast(base[good], layers)
    return (high - low) / distance, n_lost
