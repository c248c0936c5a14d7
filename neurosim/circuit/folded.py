r"""A circuit of plain nodes in the coordinates in which a step costs least.

Where every node puts out what its amplifier does, :math:`v = U f \phi(z)` with
:math:`z = \gamma (u + o) / U`, the inputs of the amplifiers are the state: no gain, offset or unit
is left to apply in a step. With s = tau / C, D the conductance to ground and K that of a spring,

.. math::
    \frac{dz_i}{d(t/\tau)} = w_i \Bigl( \sum_j \gamma_i s_i\,dG_{ij} f_j\,\phi(z_j) + b_i \Bigr)
        + k_i - s_i (D_i + K_i) z_i

with w = 1, or :math:`f \gamma \phi'(z)` where a law weighs the sum by the slope.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from neurosim.arrays import Arrays, namespace_of
from neurosim.circuit.circuit import Circuit
from neurosim.circuit.elements import Array, Springs

__all__ = ["Folded", "Wiring"]


class Wiring:
    """What all rows share, whatever their springs: the couplings, scaled.

    Parameters
    ----------
    circuit : Circuit
    tau_s : float
    dtype : dtype
    arrays : Arrays
    """

    def __init__(self, circuit: Circuit, tau_s: float, dtype: DTypeLike, arrays: Arrays) -> None:
        layers, amplifiers = circuit.layers, circuit.amplifiers
        errors, odd, even = amplifiers.errors, layers.odd, layers.even
        self.scale = tau_s / circuit.capacitance_F
        self.weighed = not circuit.law.unit_weights
        self.into = self.scale * errors.per_V * amplifiers.unit_V
        if self.weighed:
            self.into = self.into * errors.slope
        out = errors.attenuation
        to_odd = circuit.couplings.delta_S * self.into[odd, None] * out[even]
        to_even = circuit.back.delta_S.T * self.into[even, None] * out[odd]
        self.to_odd, self.to_even = arrays.put(to_odd, dtype), arrays.put(to_even, dtype)
        cubic = circuit.cubic_per_V2 * (amplifiers.unit_V * out[:, None]) ** 2
        self.cubic = arrays.put(cubic, dtype) if circuit.cubic_per_V2 else None


class Folded:
    """The field of a block of rows without held nodes; see `neurosim.solvers.field.Field`.

    Parameters
    ----------
    circuit : Circuit
        Of a law whose nodes put out what their amplifiers do.
    springs : Springs
        Of the rows of this block.
    tau_s : float
    injected_A : ndarray, shape (rows, n_nodes) or (1, rows, n_nodes), or None
    dtype : dtype
    arrays : Arrays
    """

    def __init__(
        self,
        circuit: Circuit,
        springs: Springs,
        tau_s: float,
        injected_A: Array | None,
        dtype: DTypeLike,
        arrays: Arrays,
    ) -> None:
        self.arrays, self.dtype = arrays, np.dtype(dtype)
        key = tau_s, self.dtype, arrays
        if key not in circuit.wirings:
            circuit.wirings[key] = Wiring(circuit, tau_s, dtype, arrays)
        wiring: Wiring = circuit.wirings[key]
        layers, errors = circuit.layers, circuit.amplifiers.errors
        self._odd, self._even = layers.odd, layers.even
        self._pulled = springs.at if isinstance(springs.at, slice) else slice(None)
        spring_S = np.zeros(layers.n_nodes)
        spring_S[springs.at] = springs.soft_S
        self.decay = (circuit.decay_S + spring_S) * wiring.scale
        self.per_V, self._offset_V = errors.per_V, errors.offset_V
        self._parts, self.known = circuit.amplifiers.bases, circuit.known
        shape = layers.n_nodes, len(springs.target_V)

        def column(values: Array) -> Array:
            return values[:, None].astype(dtype)

        per_A = wiring.into / circuit.amplifiers.unit_V
        drive = column(per_A * circuit.bias_A)
        if injected_A is not None:
            injected = injected_A.reshape(shape[::-1]).T.astype(dtype, order="C")
            injected *= column(per_A)
            injected += drive
            drive = injected
        per_V = (spring_S * wiring.scale * self.per_V)[springs.at]
        at_rest = column(self.decay * self.per_V * self._offset_V)
        pulled = per_V[:, None] * springs.target_V.T
        values = {"to_odd": wiring.to_odd, "to_even": wiring.to_even}
        if wiring.cubic is not None:
            values["cubic"] = wiring.cubic
        self._x, self._work = (arrays.empty(shape, dtype) for _ in range(2))
        self._slope = None
        if wiring.weighed:
            self._slope = arrays.empty(shape, dtype)
            values["drive"] = arrays.put(np.broadcast_to(drive, shape), dtype)
            if self._offset_V.any() or not isinstance(springs.at, slice):
                self._pulled, all_nodes = slice(None), np.empty(shape, dtype)
                all_nodes[...] = at_rest
                all_nodes[springs.at] += pulled
                pulled = all_nodes
            values["pull"] = arrays.put(pulled, dtype)
        else:
            total = np.add(drive, at_rest, out=np.empty(shape, dtype))
            # Springs are stiff: their sum with the rest is rounded once.
            total[springs.at] = total[springs.at] + pulled
            values["drive"] = arrays.put(total, dtype)
        self._values: dict[str, Any] = values

    @property
    def likeness(self) -> Hashable:
        """See `Field.likeness`."""
        shapes = tuple((name, tuple(value.shape)) for name, value in self._values.items())
        return self._parts_named, self._odd.start, self.dtype, tuple(self._x.shape), shapes

    @property
    def _parts_named(self) -> Hashable:
        return tuple((repr(amplifier), at.start, at.stop) for amplifier, at in self._parts)

    def detach(self) -> None:
        """See `Field.detach`."""
        shared = ("to_odd", "to_even", "cubic")
        for name in shared:
            if name in self._values:
                copy = self.arrays.empty(tuple(self._values[name].shape), self.dtype)
                copy[...] = self._values[name]
                self._values[name] = copy

    def load(self, other: Folded) -> None:
        """See `Field.load`."""
        for name, value in other._values.items():
            self._values[name][...] = value
        self.decay, self.per_V = other.decay, other.per_V
        self._offset_V = other._offset_V

    def enter(self, u_V: Array) -> Any:
        """See `Field.enter`."""
        z = (u_V + self._offset_V[:, None]) * self.per_V[:, None]
        return self.arrays.put(z, self.dtype)

    def leave(self, z: Any) -> Array:
        """See `Field.leave`."""
        u_V = self.arrays.get(z) / self.per_V[:, None]
        u_V -= self._offset_V[:, None]
        return u_V

    def nonlinear(self, z: Any, out: Any, spare: bool) -> None:
        """See `Field.nonlinear`."""
        xp, values, x = namespace_of(z), self._values, self._x
        for amplifier, at in self._parts:
            slope = None if self._slope is None else self._slope[at]
            source = z[at]
            if spare and not getattr(amplifier, "spares_z", False):
                self._work[at] = source
                source = self._work[at]
            amplifier.apply(source, x[at], slope)
        if (cubic := values.get("cubic")) is not None:
            xp.multiply(x, x, out=self._work)
            self._work *= cubic
            self._work += 1
            x *= self._work
        xp.matmul(values["to_odd"], x[self._even], out=out[self._odd])
        xp.matmul(values["to_even"], x[self._odd], out=out[self._even])
        out += values["drive"]
        if self._slope is not None:
            out *= self._slope
            out[self._pulled] += values["pull"]
