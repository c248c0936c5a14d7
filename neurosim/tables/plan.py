r"""A programming plan: which devices a controller writes, to what, and what that takes.

Every device whose target changes gets one entry: the window within which the controller accepts it,
and how many tries that takes. With the error of one try normal of deviation sigma and a window of
+-w, a try is accepted with probability

.. math:: p = \operatorname{erf}\frac{w}{\sigma \sqrt 2}, \qquad
          \mathrm E[\text{tries}] = \frac{1 - (1 - p)^m}{p}

where m is the most tries. Devices are written `lanes` at a time; a group ends with its slowest (in
the ledger of a training lanes go on with the next device at once, and loops take less time):

.. math:: \mathrm E[\max] = \sum_{t=0}^{m-1} \Bigl(1 - \prod_i \bigl(1 - (1 - p_i)^t\bigr)\Bigr).

Time and energy are those of pulses; the reads of a verify loop come on top.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from neurosim.devices import Write
from neurosim.errors import DataError
from neurosim.profile import Profile
from neurosim.tables.checking import check_table
from neurosim.tables.layout import shapes
from neurosim.tables.programming import targets_S
from neurosim.tables.table import WeightTable

__all__ = ["Plan", "plan"]

Array = NDArray[Any]

# Rarer than that a loop is as good as over.
_NEVER = 1e-12


@dataclass(frozen=True)
class Plan:
    """Devices to write, in order.

    Attributes
    ----------
    columns : dict
        One array each, of equal length: block, row, column and device (plus, minus, back_plus or
        back_minus), its address if the tables have one, from_S, to_S, from_code and to_code if
        there are levels, lowest_S and highest_S of the window, pulses and energy_J to be expected,
        most_pulses.
    facts : dict
        devices, lanes, groups, pulses, time_s, energy_J and failures, all but the first three
        expected values; faulty devices left out.
    """

    columns: dict[str, Array]
    facts: dict[str, float]

    def csv_text(self) -> str:
        """One line a device; numbers keep all their bits."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        lists = [values.tolist() for values in self.columns.values()]
        for row in zip(*lists, strict=True):
            writer.writerow([repr(v) if isinstance(v, float) else v for v in row])
        return out.getvalue()


def _devices(block: str, table: WeightTable, sides: tuple[str, ...]) -> list[str]:
    """Devices of each weight, of these sides; also those of the couplings back that are others."""
    both = list(sides)
    back = block[0] == "W" and table.sheet["directions"] == "separate"
    return both + [f"back_{side}" for side in both] if back else both


def _changes(before: WeightTable, after: WeightTable, profile: Profile) -> dict[str, Array]:
    """Entries of all devices whose target changes; `faulty` marks those that cannot be written."""
    old, new = targets_S(before, profile), targets_S(after, profile)
    parts: dict[str, list[Array]] = {}
    for name, columns in after.blocks.items():
        for device in _devices(name, after, profile.coupling.sides):
            side = device.removeprefix("back_")
            moved = old[name][side] != new[name][side]
            at = np.argwhere(moved)
            entry = {
                "block": np.full(len(at), name),
                "row": at[:, 0],
                "column": at[:, 1] if at.shape[1] > 1 else np.full(len(at), ""),
                "device": np.full(len(at), device),
                "from_S": old[name][side][moved],
                "to_S": new[name][side][moved],
            }
            if "address" in columns:
                entry["address"] = columns["address"][moved]
            if profile.coupling.levels is not None:
                for key, goal in (("from_code", old), ("to_code", new)):
                    to_S = goal[name][side][moved]
                    entry[key] = profile.coupling.level(to_S, profile.node.leak_S)
            flags = columns.get(f"fault_{device}")
            entry["faulty"] = np.zeros(len(at)) if flags is None else flags[moved]
            for key, values in entry.items():
                parts.setdefault(key, []).append(
                    values.astype(object) if key == "column" else values
                )
    return {key: np.concatenate(values) for key, values in parts.items()}


@dataclass(frozen=True)
class _Loop:
    """Write-verify loops of some devices.

    `accepted` is the chance p of one try (1 where a write is exact), `noisy` says which loop at
    all, `most` is the most tries and `never` the share of loops that never end in the window.
    """

    accepted: Array
    noisy: Array
    most: int
    never: float

    @classmethod
    def of(cls, law: Write | None, target_S: Array) -> _Loop:
        """Of the devices with these targets."""
        if law is None or law.verify is None:
            return cls(np.ones(target_S.shape), np.zeros(target_S.shape, dtype=bool), 1, 0.0)
        sigma_S = np.where(target_S > 0, law.sigma_S(target_S), 0.0)
        noisy = sigma_S > 0
        width = law.verify.window_S / np.where(noisy, sigma_S, 1.0)
        accepted = np.where(noisy, np.maximum(1 - 2 * ndtr(-width), _NEVER), 1.0)
        return cls(accepted, noisy, law.verify.most_pulses, law.verify.unreachable)

    def open_after(self, tries: int) -> Array:
        """Chance that a loop goes on after so many tries."""
        left = self.never + (1 - self.never) * (1 - self.accepted) ** tries
        return np.where(self.noisy, left, float(tries < 1))

    @property
    def expected(self) -> Array:
        """Mean tries of each device."""
        rare = np.minimum(self.accepted, 1 - 1e-16)
        tries = -np.expm1(self.most * np.log1p(-rare)) / self.accepted
        tries = (1 - self.never) * tries + self.never * self.most
        return np.where(self.noisy, tries, 1.0)

    def slowest(self, lanes: int) -> float:
        """Mean tries of the slowest of each group of `lanes` devices, summed over groups."""
        starts, total = np.arange(0, len(self.accepted), lanes), 0.0
        for tries in range(self.most if len(starts) else 0):
            done = np.multiply.reduceat(1 - self.open_after(tries), starts)
            total += float(np.sum(1 - done))
            if np.all(done > 1 - _NEVER):
                break
        return total


def _blank(table: WeightTable, profile: Profile) -> WeightTable:
    """A table of the same shape with weight 0 everywhere."""
    zero = profile.coupling.target(np.zeros(1), profile.node.leak_S)
    blocks = {}
    for name, shape in shapes(profile.network).items():
        pair = {
            f"target_{side}_S": getattr(zero, f"{side}_S")[0] for side in profile.coupling.sides
        }
        blocks[name] = {key: np.full(shape, value) for key, value in pair.items()}
    return WeightTable(table.sheet, blocks)


def plan(
    before: WeightTable | None, after: WeightTable, profile: Profile, lanes: int | None = None
) -> Plan:
    """How a chip that holds one table is made to hold another.

    Parameters
    ----------
    before : WeightTable or None
        None: a chip as it was made, with weight 0 everywhere.
    after : WeightTable
    profile : Profile
        Of both.
    lanes : int, optional
        Devices that are written at the same time; the profile's `supply.writes_at_once` if absent.

    Raises
    ------
    DataError
        A table does not fit the profile (see `check_table`).
    """
    if lanes is None:
        lanes = 1 if profile.supply is None else profile.supply.writes_at_once
    if lanes < 1:
        raise DataError(f"A plan needs at least one lane, but got {lanes}.")
    check_table(after, profile)
    if before is None:
        before = _blank(after, profile)
    check_table(before, profile)
    columns = _changes(before, after, profile)
    faulty = columns.pop("faulty") > 0
    columns = {key: values[~faulty] for key, values in columns.items()}
    if "address" in columns:
        order = np.argsort(columns["address"], kind="stable")
        columns = {key: values[order] for key, values in columns.items()}
    law, to_S = profile.write, columns["to_S"]
    loop = _Loop.of(law, to_S)
    a_try = 1.0 if law is None else law.pulses
    pulse_s, pulse_J = (0.0, 0.0) if law is None else (law.pulse_s, law.pulse_J)
    window_S = 0.0 if law is None or law.verify is None else law.verify.window_S
    pulses = a_try * loop.expected
    columns |= {
        "lowest_S": np.maximum(to_S - window_S, 0.0),
        "highest_S": to_S + window_S,
        "pulses": pulses,
        "most_pulses": np.full(len(to_S), a_try * loop.most),
        "energy_J": pulses * pulse_J,
    }
    facts = {
        "devices": len(to_S),
        "lanes": lanes,
        "groups": -(-len(to_S) // lanes),
        "faulty": int(np.count_nonzero(faulty)),
        "pulses": float(pulses.sum()),
        "failures": float(np.sum(loop.open_after(loop.most)[loop.noisy])),
        "time_s": a_try * pulse_s * loop.slowest(lanes),
        "energy_J": float(pulses.sum() * pulse_J),
    }
    return Plan(columns, facts)
