"""PyTorch's arrays, on a graphics processor or on the processor; PyTorch is the extra `gpu`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neurosim.arrays import NUMPY, Normals
from neurosim.errors import DataError

__all__ = ["TorchArrays"]

try:
    import torch
except ImportError:  # Tools read every module; `machines.arrays_on` says what to install.
    torch: Any = None  # type: ignore[no-redef]


class _Drawn:
    """PyTorch's own normal numbers, drawn where they are used."""

    def __init__(self, rng: np.random.Generator, device: torch.device) -> None:
        self._generator = torch.Generator(device)
        self._generator.manual_seed(int(rng.integers(2**63)))

    def fill(self, out: torch.Tensor) -> None:
        """See `Normals.fill`."""
        out.normal_(generator=self._generator)


class _Shared:
    """The numbers that NumPy draws, in memory that both see."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._normals = NUMPY.normals(rng)

    def fill(self, out: torch.Tensor) -> None:
        """See `Normals.fill`."""
        self._normals.fill(out.numpy())


class _Replayed:
    """Work whose kernels are recorded when it is done again, and launched at once from then on."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work, self._calls = work, 0
        self._graph: Any = None

    def __call__(self) -> None:
        """Do it."""
        self._calls += 1
        if self._graph is None and self._calls > 1:
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._work()
            self._graph = graph
        if self._graph is None:
            self._work()
        else:
            self._graph.replay()


class TorchArrays:
    """PyTorch's, on one device.

    Parameters
    ----------
    name : str
        Of the device, as PyTorch calls it.

    Attributes
    ----------
    pool : dict
        What is kept from one settle to the next.

    Raises
    ------
    DataError
        There is no such device.
    """

    whole = True

    def __init__(self, name: str) -> None:
        self.device = torch.device(name)
        if self.device.type == "cuda" and (self.device.index or 0) >= torch.cuda.device_count():
            raise DataError(
                f"The device {name} must be a GPU that PyTorch {torch.__version__} can use, but it "
                f"finds {torch.cuda.device_count()} of them; take the device cpu."
            )
        self.pool: dict[Any, Any] = {}

    def __str__(self) -> str:
        return f"the device {self.device}"

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> torch.Tensor:
        """See `Arrays.empty`."""
        return torch.empty(shape, dtype=getattr(torch, np.dtype(dtype).name), device=self.device)

    def put(self, values: NDArray[Any], dtype: DTypeLike) -> torch.Tensor:
        """See `Arrays.put`."""
        here = np.array(values, dtype, order="C")
        return torch.from_numpy(here).to(self.device)

    def get(self, array: torch.Tensor) -> NDArray[np.float64]:
        """See `Arrays.get`."""
        return np.array(array.cpu().numpy(), np.float64)

    def columns(self, array: torch.Tensor, which: NDArray[np.bool_]) -> torch.Tensor:
        """See `Arrays.columns`."""
        return array[..., self._index(which)].contiguous()

    def put_columns(self, array: torch.Tensor, which: NDArray[np.bool_], values: Any) -> None:
        """See `Arrays.put_columns`."""
        array[..., self._index(which)] = values

    def _index(self, which: NDArray[np.bool_]) -> torch.Tensor:
        return torch.from_numpy(np.flatnonzero(which)).to(self.device)

    def normals(self, rng: np.random.Generator) -> Normals:
        """Drawn on the device; on the processor the numbers that NumPy would draw."""
        return _Shared(rng) if self.device.type == "cpu" else _Drawn(rng, self.device)

    def replayed(self, work: Callable[[], None]) -> Callable[[], None]:
        """On a GPU a graph of its kernels: launching each alone takes longer than running it."""
        return work if self.device.type == "cpu" else _Replayed(work)
