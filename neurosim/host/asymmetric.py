r"""Equilibrium propagation where nodes act differently both ways: made up for by currents.

Nudged nodes respond through their Jacobian J where the gradient asks for its transpose. The host
adds, in the nudged phases, currents

.. math:: I = -(J - J^T)\,(u - u^*)

of the states u as they run and u* of the free phase: `neurosim.host.directions` has what it knows
of J - J^T, of couplings with a device for each direction as of phases whose interaction is not odd.
The latter are compared by all that a coupling did on the way from one nudged state to the other,
for they have no energy of which a derivative would do.

The host knows what its nodes do at rest: it reads them, sets the currents, waits, and does so
again, in a counted number of rounds. If each round were set by the last reading alone, an error
would be multiplied by :math:`-S (J - J^T)` a round, S the response to currents, and grow
where this has an eigenvalue beyond 1, as with strong weights under the gradient law, or wherever
phases are held softly. So each round takes the combination of all rounds so far that leaves least
of :math:`I + (J - J^T)(u - u^*)` (Anderson 1965): these are the iterates of a Krylov method, which
converge all the same. The second nudged phase begins with the mirror image of the first one's.

Currents must answer the nudge alone. Where nodes still move after the free phase, as oscillators
do beside a saddle, they would answer that too, and the remedy may be worse than nothing: with
`drift` the host watches one phase without a nudge, and takes off what moves there.

What is measured of devices is as good as responses are read: with difference amplifiers they are
read as such. Cosine to the exact gradient on an ideal chip of 64-20-10 nodes whose devices stray by
20 %, 16 digits, beta 0.1, four rounds, random weights; without the remedy it is 0.97 (0.92 of the
gradient law at 8 bits, plain):

======================================= ===== ======= ======= ======
reads of the ADC                        exact 12 bit  10 bit  8 bit
======================================= ===== ======= ======= ======
hopfield, plain, +-1.3 units            1.000 1.000   0.995   0.947
hopfield, differences times 10          1.000 1.000   1.000   0.999
gradient, plain, +-4 units              1.000 0.75    0.63    none
gradient, differences times 10          1.000 0.994   0.990   0.933
======================================= ===== ======= ======= ======

A SiLU of slope 0.5 answers a current with a quarter of what a tanh does, and its slope vanishes at
some state: where nodes hardly respond, the remedy is worse than nothing. Raise `small` then.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.blocks.block import Block
from neurosim.chip.interface import ChipInterface
from neurosim.host.calibration import Calibration
from neurosim.host.directions import directions_of
from neurosim.host.free import free_phase
from neurosim.host.gradep import Estimate, Shown
from neurosim.host.phases import Anchored, Measured, contrasted, go_back, nudging
from neurosim.host.settings import ChipFlow, Count, Positive

__all__ = ["AsymmetricEP"]

Array = NDArray[np.float64]

_ALIKE = 1e-4  # two rounds that differ by less, over what each has changed, are one


class AsymmetricEP(Block):
    """GradEP that makes up for couplings that act differently both ways.

    The chip needs injectors on all layers but the first; oscillators wherever one is not held.
    Where an interaction is odd, there is nothing to make up for, and no round.

    Parameters
    ----------
    rule : {"asymmetric"}
        Names this rule.
    rounds : int
        How often the currents are set in each nudged phase.
    small : float
        See `one_way`.
    drift : bool
        Whether nodes are watched first, without a nudge, for as many settles: what still moves
        after the free phase then sets no currents.

    Examples
    --------
    >>> import neurosim as ns
    >>> ns.Experiment(task=ns.Classify(), rule=ns.AsymmetricEP(rounds=3)).rule
    AsymmetricEP(rounds=3)
    """

    rule: Literal["asymmetric"] = "asymmetric"
    rounds: Count = 6
    small: Positive = 0.1
    drift: bool = False

    def estimate(
        self,
        chip: ChipInterface,
        batch: Shown,
        flow: ChipFlow,
        held: NDArray[np.bool_] | None,
        calibration: Calibration | None,
    ) -> Estimate:
        """See `RuleLaw.estimate`."""
        x_t, sheet = batch.targets, chip.data_sheet
        directions = directions_of(chip, flow, x_t, held, self.small)
        anchor, free, velocity = free_phase(chip, x_t, flow, calibration, held)
        nudge = nudging(chip, Anchored(x_t, anchor, batch.wanted), flow, calibration, held)
        n_rounds = self.rounds if directions.differ else 0
        unit_A, rounds = sheet.unit_S * sheet.unit_V, _Rounds()
        used = np.zeros((len(x_t), sheet.n_injectors))

        rests = [free] * n_rounds

        def lead(sign: int) -> None:
            nonlocal rounds, used
            if self.drift and not rounds.begun:
                for k in range(n_rounds):
                    chip.settle(flow.settle_s)
                    rests[k] = directions.now(free)
                go_back(chip, x_t, flow, held)
            nudge(sign)
            if rounds.begun:
                rounds = rounds.mirrored() if sign else _Rounds()
                used = chip.inject(-abs(sign) * used * unit_A) / unit_A
            for rest in rests:
                chip.settle(flow.settle_s)
                current = rounds.next(used, directions.asked(rest, directions.now(free)))
                used = chip.inject(current * unit_A) / unit_A

        known = Measured(free, velocity)
        return contrasted(chip, x_t, flow, held, known, lead, directions.reading(free))


class _Rounds:
    """Anderson mixing of currents I (rows, n) that should be what they lead to, g(I)."""

    def __init__(self) -> None:
        self._tried: list[tuple[Array, Array]] = []

    @property
    def begun(self) -> bool:
        """Whether any was tried."""
        return bool(self._tried)

    def mirrored(self) -> _Rounds:
        """Those of a nudge of the other sign, as far as responses are linear."""
        other = _Rounds()
        other._tried = [(-asked, -left) for asked, left in self._tried]
        return other

    def next(self, used: Array, asked: Array) -> Array:
        """Currents to set after `used` have led to `asked`, each row by its own rounds."""
        left = asked - used
        found = asked.copy()
        if self._tried:
            steps = np.stack([left - before for _, before in self._tried], axis=-1)
            outcomes = np.stack([asked - before for before, _ in self._tried], axis=-1)
            size = np.linalg.norm(steps, axis=1, keepdims=True)
            size[size == 0] = 1.0
            share = np.linalg.pinv(steps / size, rcond=_ALIKE) @ left[..., None]
            found -= ((outcomes / size) @ share)[..., 0]
        self._tried.append((asked, left))
        return found
