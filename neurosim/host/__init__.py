"""The host controller: it sets voltages, waits, reads node voltages and programs weights."""

from neurosim.host.calibration import Calibration, calibrate
from neurosim.host.clip import Clip
from neurosim.host.contrastive import Contrast, energy_contrast
from neurosim.host.descents import Adam, Sgd
from neurosim.host.experiment import Experiment, Learning
from neurosim.host.free import decide, free_phase
from neurosim.host.gradep import GradEP
from neurosim.host.lessons import Batch, Labels, Verdict
from neurosim.host.optimizer import Optimizer, initial_weights
from neurosim.host.phases import Presentation, present
from neurosim.host.rules import (
    AsymmetricEP,
    ContinualEP,
    ContrastiveHebbian,
    Coupled,
    CrossEntropy,
)
from neurosim.host.sampler import Held, draw_samples, sample_settle_time_s
from neurosim.host.settings import ChipFlow, FlowSettings, SamplingSettings
from neurosim.host.tasks import Classify, Flow, Regress, Supervised
from neurosim.host.trainer import Trainer, Update, blank_state

__all__ = [
    "Adam",
    "AsymmetricEP",
    "Batch",
    "Calibration",
    "ChipFlow",
    "Classify",
    "Clip",
    "ContinualEP",
    "Contrast",
    "ContrastiveHebbian",
    "Coupled",
    "CrossEntropy",
    "Experiment",
    "Flow",
    "FlowSettings",
    "GradEP",
    "Held",
    "Labels",
    "Learning",
    "Optimizer",
    "Presentation",
    "Regress",
    "SamplingSettings",
    "Sgd",
    "Supervised",
    "Trainer",
    "Update",
    "Verdict",
    "blank_state",
    "calibrate",
    "decide",
    "draw_samples",
    "energy_contrast",
    "free_phase",
    "initial_weights",
    "present",
    "sample_settle_time_s",
]
