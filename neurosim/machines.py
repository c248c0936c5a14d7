"""The machines that a batch may be settled on, by the word for each."""

from __future__ import annotations

import importlib.util
import re
from functools import cache

from neurosim.arrays import NUMPY, Arrays
from neurosim.errors import DataError

__all__ = ["arrays_on"]


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
    if device != "torch" and not re.fullmatch(r"cuda(:\d+)?", str(device)):
        raise DataError(
            f"A device must be cpu, cuda, cuda:1 or torch, but is {device!r}; cpu needs no GPU."
        )
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
