"""Converters between the host's numbers and the chip's voltages: DAC, injectors, ADC, ammeter."""

from neurosim.converters.adc import Adc, CurrentSense
from neurosim.converters.channels import ChannelErrors, Channels
from neurosim.converters.dac import Dac
from neurosim.converters.injectors import Injectors
from neurosim.converters.quantise import Converted, lsb, quantise
from neurosim.converters.readout import Correlator, Differences, DoubleSampling, Readout, Sums
from neurosim.converters.tuning import Tuning

__all__ = [
    "Adc",
    "ChannelErrors",
    "Channels",
    "Converted",
    "Correlator",
    "CurrentSense",
    "Dac",
    "Differences",
    "DoubleSampling",
    "Injectors",
    "Readout",
    "Sums",
    "Tuning",
    "lsb",
    "quantise",
]
