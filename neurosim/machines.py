"""The machines that a batch may be settled on, by the word for each."""

from __future__ import annotations

import importlib.util
import re
from functools import cache

from neurosim.arrays import NUMPY, Arrays
from neurosim.errors import DataError

__all__ = ["arrays_on", "is_named", "misnamed"]


def is_named(device: str) -> bool:
    """Whether this is the name of a device, wherever there may be one."""
    return re.fullmatch(r"cpu|torch|cuda(:\d+)?", str(device)) is not None


def misnamed(device: str) -> str:
    """What must hold of a device's name."""
    return f"must be cpu, cuda, cuda:1 or torch, but is {device!r}; cpu needs no GPU."


def arrays_on(device: str) -> Arrays:
    """The arrays of a device.

    Parameters
    ----------
    device : str
        ``cpu`` is NumPy; ``cuda`` or ``cuda:1`` a GPU, and ``torch`` the processor, by PyTorch.

    Raises
    ------
    DataError
        There is no such device, or no PyTorch.

    Examples
    --------
    >>> arrays_on("cpu") is NUMPY
    True
    """
    if device == "cpu":
        return NUMPY
    if not is_named(device):
        raise DataError(f"A device {misnamed(device)}")
    if importlib.util.find_spec("torch") is None:
        raise DataError(
            f"The device {device} needs PyTorch, which is not installed; install "
            "neurosim-eqprop[gpu], or take the device cpu."
        )
    return _by_torch("cpu" if device == "torch" else device)


@cache
def _by_torch(device: str) -> Arrays:
    from neurosim.torch_arrays import TorchArrays

    return TorchArrays(device)
