"""What a resumed run takes from its folder: rows up to its checkpoint, and no other checkpoint."""

import shutil

import pytest

from neurosim.errors import CheckpointError
from neurosim.runs import Run
from neurosim.runs.metrics import cut_metrics


@pytest.fixture
def copy(begun, tmp_path):
    return Run.open(shutil.copytree(begun, tmp_path / "run"))


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_rows_after_the_checkpoint_go(copy, kept):
    lines = copy.metrics_path.read_text().splitlines()
    cut_metrics(copy.metrics_path, kept)
    assert copy.metrics_path.read_text().splitlines() == lines[: kept + 1]


def test_the_checkpoint_of_another_run_is_refused(copy, plain):
    shutil.copy(plain / "checkpoint.npz", copy.checkpoint)
    with pytest.raises(CheckpointError, match=r"but was written for others; restore them"):
        copy.load()
