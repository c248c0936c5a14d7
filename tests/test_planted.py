"""Every fault that the campaign plants stands where its text says."""

from pathlib import Path

import pytest

import neurosim
from planted import FAULTS

SOURCE = Path(neurosim.__file__).parent


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what.replace(" ", "-"))
def test_the_text_that_a_fault_replaces_stands_there_once(fault):
    text = (SOURCE / fault.file).read_text("utf-8")
    assert fault.planted(text) != text
