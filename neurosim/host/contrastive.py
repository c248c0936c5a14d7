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

from typing import Annotated, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface
from neurosim.host.readings import Plain, Reading, Summed
from neurosim.host.sampler import Held, run_free, settle_clamped
from neurosim.host.settings import Count, FlowSettings, LearningRate, Positive
from neurosim.network import Weights

__all__ = ["Contrast", "Paths", "energy_contrast"]

Array = NDArray[np.float64]


class Paths(Protocol):
    """A batch of straight paths from noise to images."""

    @property
    def x_0(self) -> Array:
        """Where they begin."""

    @property
    def x_1(self) -> Array:
        """Where they end."""


class Contrast(Block):
    """A second stage that contrasts images with the chip's own samples, see `host.contrastive`.

    Parameters
    ----------
    weight : float
        Of the difference of energies, beside the flow-matching loss.
    t_end : float
        Generation time of the samples that images are contrasted with.
    begin : float
        Share of the updates after which this joins flow matching.
    learning_rate : float or None
        With which the schedule starts anew when this joins, having ended for flow matching alone;
        None: one schedule for both.
    rows : int or None
        How many of the batch's rows take part, at most the batch, the first ones; None: all.
        Running free takes a chip longer than settling.
    clip : bool
        Whether samples are clipped to [-1, 1] and held there while the hidden nodes settle, so that
        only what will be seen of them is contrasted; if not, the chip is read as it runs.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(contrast=ns.Contrast(weight=2.0)).contrast
    Contrast(weight=2.0)
    """

    weight: Positive = 4.0
    t_end: Annotated[float, Field(ge=1e-9, le=100)] = 1.3
    begin: Annotated[float, Field(ge=0, lt=1)] = 0.5
    learning_rate: LearningRate | None = None
    rows: Count | None = None
    clip: bool = True

    def gradient(
        self,
        chip: ChipInterface,
        batch: Paths,
        flow: FlowSettings,
        held: NDArray[np.bool_] | None,
    ) -> Weights:
        """Weighted gradient of the stage, of the rows that take part."""
        rows = slice(self.rows)
        x_1, x_0 = batch.x_1[rows], batch.x_0[rows]
        still = None if held is None else Held(held, x_1)
        return self.weight * energy_contrast(chip, x_1, x_0, flow, self, still)[0]


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
    settle_clamped(chip, images, flow)
    summed = chip.data_sheet.has_correlator
    reading: Reading = Summed(chip, len(images)) if summed else Plain(chip)
    reading.take(+1)
    _draw(chip, x_0, flow, stage, held)
    reading.take(-1)
    return reading.contrast()


def _draw(
    chip: ChipInterface, x_0: Array, flow: FlowSettings, stage: Contrast, held: Held | None
) -> None:
    """Leave the chip at its own samples; clipped ones are read, and held while it settles."""
    run_free(chip, x_0, flow, stage.t_end, held)
    if stage.clip:
        x = np.clip(chip.read_visible() / chip.data_sheet.unit_V, -1, 1)
        settle_clamped(chip, x if held is None else held.put(x, x_0, stage.t_end), flow)
