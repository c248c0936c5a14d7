"""Converters between the host's numbers and the chip's voltages: DAC and ADC."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PlainSerializer

from neurosim.config import AmpereLimit, Bits, Farad, Sigma, SigmaVolt, Sourced, VoltLimit

__all__ = ["Adc", "Converted", "CurrentSense", "Dac", "DoubleSampling", "Readout", "quantise"]

Array = NDArray[np.float64]


class Converted(NamedTuple):
    """What a converter delivered, and how many of its values hit the end of the range."""

    value: Array
    n_clipped: int


def lsb(full_scale: float, bits: int) -> float:
    r"""Step of a symmetric mid-tread converter of `bits` bits over +-`full_scale`.

    .. math:: \mathrm{LSB} = 2 A / (2^b - 2)

    so that zero and both ends are codes, and 2^b - 1 of the 2^b codes are used.
    """
    return 2 * full_scale / (2**bits - 2)


def quantise(value: Array, full_scale: float | None, bits: int | None) -> Converted:
    """Clip to +-`full_scale` and round to the nearest of 2^bits - 1 codes; None is ideal.

    Examples
    --------
    >>> quantise(np.array([-2.0, 0.1, 0.3]), full_scale=1.0, bits=3)
    Converted(value=array([-1.        ,  0.        ,  0.33333333]), n_clipped=1)
    """
    n_clipped = 0
    if full_scale is not None:
        n_clipped = int(np.count_nonzero(np.abs(value) > full_scale))
        value = np.clip(value, -full_scale, full_scale)
        if bits is not None:
            step = lsb(full_scale, bits)
            value = np.round(value / step) * step
    return Converted(value, n_clipped)


class Dac(Sourced):
    """Voltage source of a spring: quantised, clipped, noisy at each drive.

    Parameters
    ----------
    bits : int or None
        Resolution over +-range_V; None is a continuous source.
    range_V : float or None
        Largest magnitude; None has no limit (and then bits must be None too).
    noise_V : float
        Standard deviation of the output, drawn once per drive and node.
    """

    bits: Bits
    range_V: VoltLimit
    noise_V: SigmaVolt

    def codes(self, target_V: Array) -> Converted:
        """Voltage that the code nearest to the target stands for: known to the host."""
        return quantise(target_V, self.range_V, self.bits)

    def drive(self, nominal_V: Array, rng: np.random.Generator) -> Array:
        """Voltage at the pin for a nominal code voltage."""
        if self.noise_V == 0:
            return nominal_V
        return nominal_V + self.noise_V * rng.standard_normal(nominal_V.shape)


class Adc(Sourced):
    """Reads the output voltage of every node, visible and hidden nodes in ranges of their own.

    Parameters
    ----------
    bits : int or None
        Resolution over each range; None reads exactly.
    visible_range_V, hidden_range_V : float or None
        Largest magnitude that is read; beyond it the value clips and is counted.
    noise : float
        Standard deviation of one reading over the range (0.002: 0.2 % of full scale).
    """

    bits: Bits
    visible_range_V: VoltLimit
    hidden_range_V: VoltLimit
    noise: Sigma

    def read(self, v_V: Array, n_visible: int, rng: np.random.Generator) -> Converted:
        """Voltages as read; visible nodes are the first `n_visible` columns."""
        out, clipped = np.empty_like(v_V), 0
        groups = (
            (slice(0, n_visible), self.visible_range_V),
            (slice(n_visible, None), self.hidden_range_V),
        )
        for nodes, range_V in groups:
            value = v_V[..., nodes]
            if self.noise and range_V is not None:
                value = value + self.noise * range_V * rng.standard_normal(value.shape)
            out[..., nodes], n = quantise(value, range_V, self.bits)
            clipped += n
        return Converted(out, clipped)


class CurrentSense(Sourced):
    """Ammeter in series with the sources that hold the visible nodes.

    Parameters
    ----------
    bits : int or None
        Resolution over +-range_A; None measures exactly.
    range_A : float or None
        Largest magnitude that is measured.
    """

    bits: Bits
    range_A: AmpereLimit

    def read(self, current_A: Array) -> Converted:
        """Currents as measured."""
        return quantise(current_A, self.range_A, self.bits)


class DoubleSampling(Sourced):
    r"""Correlated double sampling: what has changed since a sample, amplified before the ADC.

    .. math:: d = \mathrm{ADC}\bigl(A\,(v - v_0 + e)\bigr) / A

    Each node's output v_0 is held on a capacitor when the host stores the state. The offset of an
    output and the noise kT/C of that sample are in every later difference alike, so that they
    cancel between the nudged phases; the ADC's step and noise count over A.

    Parameters
    ----------
    kind : {"cds"}
        Names this readout.
    gain : float
        A; differences beyond the ADC's range over A clip and are counted.
    capacitance_F : float
        Of the sample; its noise sqrt(kT/C) is drawn at each store.
    gain_spread : float
        Relative standard deviation of A among nodes, drawn at fabrication.
    noise_V : float
        Standard deviation of e, the amplifier's own noise in one reading.
    """

    kind: Literal["cds"]
    gain: Annotated[float, Field(ge=1)]
    capacitance_F: Farad
    gain_spread: Sigma
    noise_V: SigmaVolt

    def read(
        self, difference_V: Array, factor: Array, adc: Adc, n_visible: int, rng: np.random.Generator
    ) -> Converted:
        """Differences of every node as read; `factor` is each node's gain over the nominal one."""
        value = difference_V * factor
        if self.noise_V:
            value = value + self.noise_V * rng.standard_normal(value.shape)
        got = adc.read(self.gain * value, n_visible, rng)
        return Converted(got.value / self.gain, got.n_clipped)


def _plain(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip().lower() == "plain" else value


def _schema_of_plain(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [form for form in schema["anyOf"] if form != {"type": "null"}]
    schema["anyOf"].append({"const": "plain"})


# Of a profile: `plain` reads every phase by itself.
Readout = Annotated[
    DoubleSampling | None,
    BeforeValidator(_plain),
    PlainSerializer(lambda value: "plain" if value is None else value, return_type=Any),
    Field(json_schema_extra=_schema_of_plain),
]
