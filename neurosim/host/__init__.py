"""The host controller: it sets voltages, waits, reads node voltages and programs weights."""

from neurosim.host.calibration import Calibration, calibrate
from neurosim.host.clip import Clip
from neurosim.host.contrastive import energy_contrast
from neurosim.host.experiment import (
    ChipFlow,
    Contrast,
    Experiment,
    FlowSettings,
    Labels,
    Learning,
    SamplingSettings,
)
from neurosim.host.gradep import contrast, gradient
from neurosim.host.optimizer import Optimizer, initial_weights
from neurosim.host.phases import Presentation, free_phase, present
from neurosim.host.sampler import Held, draw_samples, sample_settle_time_s
from neurosim.host.trainer import Trainer, Update, blank_state

__all__ = [
    "Calibration",
    "ChipFlow",
    "Clip",
    "Contrast",
    "Experiment",
    "FlowSettings",
    "Held",
    "Labels",
    "Learning",
    "Optimizer",
    "Presentation",
    "SamplingSettings",
    "Trainer",
    "Update",
    "blank_state",
    "calibrate",
    "contrast",
    "draw_samples",
    "energy_contrast",
    "free_phase",
    "gradient",
    "initial_weights",
    "present",
    "sample_settle_time_s",
]
