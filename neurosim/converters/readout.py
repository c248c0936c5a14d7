"""How nudged phases are read: each by itself, or as amplified differences from the free state."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PlainSerializer

from neurosim.config import Farad, Sigma, SigmaVolt, Sourced

__all__ = ["DoubleSampling", "Readout"]

Array = NDArray[np.float64]


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

    def amplify(self, difference_V: Array, factor: Array, rng: np.random.Generator) -> Array:
        """Voltages at the ADC; `factor` is each node's gain over the nominal one."""
        value = difference_V * factor
        if self.noise_V:
            value = value + self.noise_V * rng.standard_normal(value.shape)
        return self.gain * value


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
