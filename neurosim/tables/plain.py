r"""Weights from elsewhere: plain arrays W0, b0, W1, b1, ... in an NPZ or safetensors file.

========= ================================= =============================================
name      shape                             what it is
========= ================================= =============================================
``W<k>``  (n_{k+1}, n_k), or its transpose  couplings between layers k and k + 1
``b<k>``  (n_{k+1},), as many as matrices   biases of layer k + 1
``b<k>``  (n_k,), one more than matrices    biases of layer k
========= ================================= =============================================

The first two are how PyTorch's ``Linear`` keeps its weight, (out, in), and its bias; the third is
how our weight tables do. Without any b, biases are zero. Transposed matrices, (in, out), are known
by their shapes; where every layer has the same size they look alike, and the order must be said.

What a net's numbers mean on a chip, for tanh nodes under the law `hopfield` that nothing loads: a
weight of 1 is a conductance that equals the leak g of a node, 1 is a voltage of ``unit_V``, and a
hidden node comes to rest at :math:`W x + b`, as in the net, plus what the next layer gives back,
which no feed-forward net does. An answer on a spring of stiffness :math:`\lambda` comes to rest at
:math:`(W h + b) / (1 + \lambda)` and says :math:`\alpha \lambda` times that.

So divide the last matrix and its biases by what makes answers about 1 in size. The class is the
same; what is given back falls by the square of that factor, and converters and ammeters, whose
range is a few times 1, do not clip. A stiff spring gives back less too; with alpha of
:math:`(1 + \lambda) / \lambda` its answers are those of the net. Training on the chip makes up for
what is left.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurosim.errors import DataError, NeurosimError
from neurosim.files import load_npz, read_bytes
from neurosim.network import Layers, Weights
from neurosim.tables.arrays import optional

__all__ = ["ORDERS", "Order", "plain_arrays", "plain_weights"]

Array = NDArray[Any]
Order = Literal["out-in", "in-out"]
ORDERS: tuple[Order, ...] = ("out-in", "in-out")

_AS = 'np.savez("weights.npz", W0=..., b0=..., W1=..., b1=...)'


def plain_arrays(path: Path) -> dict[str, Array] | None:
    """The arrays of a file of weights from elsewhere; None if it is a weight table or no such file.

    Raises
    ------
    DataError
        It is an NPZ or safetensors file that cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix not in {".npz", ".safetensors"} or not path.is_file():
        return None
    data = read_bytes(path, "weights from elsewhere")
    try:
        if suffix == ".npz":
            arrays = load_npz(data)
        else:
            arrays = optional("safetensors.numpy", "safetensors").load(data)
    except NeurosimError:
        raise
    except Exception as error:  # Damage shows as any error of the format's library.
        raise DataError(
            f"{path} must hold arrays W0, b0, ..., but cannot be read "
            f"({' '.join(str(error).split()) or type(error).__name__}); save it again, as by {_AS}."
        ) from None
    table = "sheet" in arrays or any(re.match(r"[Wb]\d+[._]", name) for name in arrays)
    return None if table else arrays


def plain_weights(path: Path, layers: Layers, order: Order | None = None) -> Weights:
    """The weights in a file for a network whose layers are coupled to their neighbours.

    Parameters
    ----------
    path : Path
    layers : Layers
    order : {"out-in", "in-out"}, optional
        Of the axes of every matrix, where shapes do not say it.

    Raises
    ------
    DataError
        Arrays are missing, too many, of wrong shapes, not finite, or their order is open.
    """
    arrays = plain_arrays(path)
    if arrays is None:
        raise DataError(
            f"{path} must be an .npz or .safetensors file of arrays W0, b0, W1, b1, ..., but is "
            f"not; save one by {_AS}, and read a weight table with `neurosim import`."
        )
    if layers.pattern is not None:
        raise DataError(
            f"{path} has plain matrices, which are those of full layers, but this chip has a "
            "pattern of couplings; program it from a weight table."
        )
    sizes, n, names = layers.sizes, len(layers.sizes) - 1, sorted(arrays)
    n_biases = sum(name[:1] == "b" for name in names)
    first = 0 if n_biases == n + 1 else 1
    here = range(first, n + 1) if n_biases else range(0)
    if set(names) != {f"W{k}" for k in range(n)} | {f"b{k - first}" for k in here}:
        shape = "-".join(map(str, sizes))
        raise DataError(
            f"{path} must hold W0 to W{n - 1} for layers {shape}, and either no biases, b0 to "
            f"b{n - 1} of the layers after the first, or b0 to b{n} of all, but holds "
            f"{', '.join(names) or 'nothing'}; save them under these names."
        )
    for name in names:
        _check_numbers(path, name, arrays[name])
    found = [arrays[f"W{k}"].astype(np.float64) for k in range(n)]
    found = _oriented(path, found, sizes, order)
    biases = [np.zeros(size) for size in sizes]
    for k in here:
        biases[k] = _bias(path, f"b{k - first}", arrays[f"b{k - first}"], sizes[k])
    return Weights.from_layers(layers, found, biases)


def _check_numbers(path: Path, name: str, values: Array) -> None:
    """Refuse what is not real and finite."""
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        what = f"is of {values.dtype}" if values.dtype.kind not in "fiu" else "has NaN or infinity"
        raise DataError(f"{path}: {name} must be of finite numbers, but {what}; save it again.")


def _oriented(
    path: Path, matrices: list[Array], sizes: tuple[int, ...], order: Order | None
) -> list[Array]:
    """Matrices (n_{k+1}, n_k), by the order that was said or that their shapes say."""
    fits: set[Order] = set(ORDERS)
    for k, matrix in enumerate(matrices):
        wanted = sizes[k + 1], sizes[k]
        here = {o for o, shape in zip(ORDERS, (wanted, wanted[::-1]), strict=True)
                if matrix.shape == shape}  # fmt: skip
        if not here & (fits if order is None else {order}):
            either = " or ".join(map(str, dict.fromkeys((wanted, wanted[::-1]))))
            asked = wanted if order == "out-in" else wanted[::-1]
            ways = either if order is None else f"{asked}, {order} as was said"
            also = ", the same way for all" if here and order is None else ""
            raise DataError(
                f"{path}: W{k} must have shape {ways}{also}, but has {matrix.shape}; give layers "
                "that fit, or transpose it."
            )
        fits &= here
    if order is None and len(fits) > 1:
        wrong = (
            f"{path}: the order of the axes must be known, but all layers have {sizes[0]} nodes "
            "and both fit; say"
        )
        known = "out-in, as PyTorch keeps them, or in-out."
        raise DataError(f"{wrong} start_order={known}", f"{wrong} --order {known}")
    return [m.T for m in matrices] if (order or fits.pop()) == "in-out" else matrices


def _bias(path: Path, name: str, values: Array, size: int) -> Array:
    if values.shape != (size,):
        raise DataError(
            f"{path}: {name} must have shape ({size},), one value a node, but has "
            f"{values.shape}; save it again."
        )
    return np.asarray(values, dtype=np.float64)
