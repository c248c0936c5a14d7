"""A sweep of a tiny chip, and what one process makes of it."""

import pytest

from neurosim.blocks.files import dump_block
from neurosim.profile import load_profile
from neurosim.sweeps import Sweep
from tiny_sweeps import begin


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Four points of two trainings of a tiny chip with every kind of noise, as a file."""
    folder = tmp_path_factory.mktemp("tiny")
    profile = load_profile("cmos_rc_6bit").with_value("layers", (64, 6, 5))
    (folder / "chip.yaml").write_text(dump_block(profile))
    sweep = Sweep(
        name="tiny",
        base={
            "profile": "chip.yaml",
            "experiment": {"updates": 6, "batch": 8, "flow": {"settle_tau": 1}},
        },
        sampling={"n": 12, "t_end": 0.05},
        axes=[
            {"path": "experiment.learning_rate", "values": [1e-3, 4e-3]},
            {"path": "deploy.adc.bits", "values": [4, 8]},
        ],
    )
    (folder / "sweep.yaml").write_text(dump_block(sweep))
    return folder / "sweep.yaml", sweep


@pytest.fixture(scope="session")
def serial(tiny, tmp_path_factory):
    """The folder that one process makes."""
    out = tmp_path_factory.mktemp("serial") / "out"
    return begin(tiny, out)
