r"""The contrastive stage: lower the energy of images, raise that of what the chip draws itself.

.. math::
    L = L_{flow} + w \left( \langle E(x_1) \rangle - \langle E(\hat x(x_0)) \rangle \right), \qquad
    \frac{\partial E}{\partial W_{ij}} = -v_i v_j, \quad \frac{\partial E}{\partial b_i} = -v_i

with hidden nodes at rest, and :math:`\hat x(x_0)` where the chip, running free, carries noise x_0,
clipped to the images' range: what is blacker than black or whiter than white is no mistake.
It is the second stage of Energy Matching with the chip's own flow for a sampler: where the chip
draws too often the energy rises, where it draws too rarely it falls. The noise is that which the
batch's images are paired with, so that both averages share most of their spread. It takes three
settles, one free run and local products, as a contrastive Hebbian rule does; nothing is nudged.

References
----------
.. [1] M. Balcerak et al., "Energy Matching", arXiv:2504.10612, 2025.
.. [2] G. E. Hinton, "Training products of experts by minimizing contrastive divergence",
   Neural Computation 14:1771, 2002.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurosim.chip.interface import ChipInterface
from neurosim.host.experiment import Contrast, FlowSettings
from neurosim.host.gradep import contrast
from neurosim.host.sampler import Held, run_free, settle_clamped
from neurosim.network import Weights

__all__ = ["energy_contrast"]

Array = NDArray[np.float64]


def energy_contrast(
    chip: ChipInterface,
    images: Array,
    x_0: Array,
    flow: FlowSettings,
    stage: Contrast,
    held: Held | None = None,
) -> tuple[Weights, int]:
    """Gradient of the mean energy of images less that of samples drawn from x_0.

    Parameters
    ----------
    chip : ChipInterface
    images, x_0 : ndarray, shape (rows, n_visible)
    flow : FlowSettings
        Its alpha and settling time.
    stage : Contrast
        Its generation time, and whether samples are clipped.
    held : Held, optional
        Nodes that do not flow.

    Returns
    -------
    gradient : Weights
    rows_lost : int
        Rows that failed in either phase; they are in no mean.
    """
    sheet = chip.data_sheet
    unit_V = sheet.unit_V
    settle_clamped(chip, images, flow)
    if sheet.has_correlator:
        chip.correlate(+1)
        _draw(chip, x_0, flow, stage, held)
        chip.correlate(-1)
        sums_V2, rows = chip.read_correlator()
        scale = -1 / (max(rows, 1) * unit_V**2)
        return scale * sums_V2, len(images) - rows
    at_images = chip.read() / unit_V
    _draw(chip, x_0, flow, stage, held)
    drawn = chip.read() / unit_V
    good = np.isfinite(at_images).all(axis=1) & np.isfinite(drawn).all(axis=1)
    n_lost = int(np.count_nonzero(~good))
    if not good.any():
        return Weights.zeros(sheet.layers), n_lost
    low, high = contrast(at_images[good], sheet.layers), contrast(drawn[good], sheet.layers)
    return low - high, n_lost


def _draw(
    chip: ChipInterface, x_0: Array, flow: FlowSettings, stage: Contrast, held: Held | None
) -> None:
    """Leave the chip at its own samples; clipped ones are read, and held while it settles."""
    run_free(chip, x_0, flow, stage.t_end, held)
    if stage.clip:
        x = np.clip(chip.read_visible() / chip.data_sheet.unit_V, -1, 1)
        settle_clamped(chip, x if held is None else held.put(x, x_0, stage.t_end), flow)
