"""Synthetic measurements: devices of the shipped models, written, pulsed and read as in a lab."""

from __future__ import annotations

import csv

import numpy as np
from scipy.stats import chi2, norm, t

from neurosim.devices import Write
from neurosim.streams import Streams

COLUMNS = ["kind", "device", "target_S", "conductance_S", "time_s", "direction", "pulses", "cycle"]
LOW_S, HIGH_S = 1e-6, 11e-6


def table(path, rows, columns=COLUMNS):
    """A CSV file of these rows."""
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def writes(rng, noise, n=400, targets=8, reference_S=25e-6):
    """Writes of some targets by the model's law."""
    law = Write(reference_S=reference_S, noise=noise)
    for target_S in np.linspace(reference_S / 12, reference_S, targets):
        for got_S in law.write(np.full(n, target_S), rng).conductance_S:
            yield {"kind": "write", "target_S": target_S, "conductance_S": got_S}


def drifts(rng, law, n=60, targets=(20e-6,), read=0.0, times=8):
    """Devices that drift by a law, read with noise that is a share of the conductance."""
    for target_S in targets:
        deviate, goal_S = rng.standard_normal(n), np.full(n, target_S)
        for time_s in np.geomspace(1, 1e5, times):
            aged_S = law.aged(goal_S, goal_S, np.full(n, time_s), deviate)
            aged_S = aged_S * (1 + read * rng.standard_normal(n))
            for device, g_S in enumerate(aged_S):
                yield {"kind": "drift", "device": f"{target_S:g} {device}", "target_S": target_S,
                       "time_s": time_s, "conductance_S": g_S}  # fmt: skip


def ramps(law, seed=3, n=10, most=100, cycles=1, read=0.0):
    """Ramps up from each device's lower bound and down from its upper one; `read` of the range."""
    streams = Streams(seed)
    devices = law.fabricate(n, LOW_S, HIGH_S, streams)
    rngs = streams.generator("test", 0), streams.generator("test", 1)
    reading = streams.generator("test", 2)
    for _ in range(cycles):
        for way, sign, start_S in (("up", 1, devices.low_S), ("down", -1, devices.high_S)):
            g_S = start_S.copy()
            for k in range(most + 1):
                seen_S = g_S + read * (HIGH_S - LOW_S) * reading.standard_normal(n)
                for device in range(n):
                    yield {"kind": "update", "device": f"d{device}", "direction": way,
                           "pulses": k, "conductance_S": seen_S[device]}  # fmt: skip
                g_S = law.pulsed(g_S, np.full(n, sign), devices, rngs)


def scores(fits, exact):
    """(fitted - exact) over the standard error of each number, by name: one row a fit."""
    found = {name: [] for name in exact}
    for block, errors in fits:
        for name, value in exact.items():
            found[name].append((block[name] - value) / errors[name])
    return {name: np.array(z) for name, z in found.items()}


def assert_calibrated(z, devices=None):
    """Standard errors are those of the scatter over seeds: neither too small nor too large.

    Of n scores the mean is within 4 / sqrt(n), and the sum of squares within what chi squared of n
    leaves with chances of 1e-4 each. Of few devices, with a fitted spread, they are Student's.
    """
    for name, found in z.items():
        n = len(found)
        scores_of = found if devices is None else norm.ppf(t.cdf(found, devices - 1))
        assert abs(scores_of.mean()) < 4 / np.sqrt(n), (name, scores_of)
        low, high = chi2.ppf([1e-4, 1 - 1e-4], n)
        assert low < np.sum(scores_of**2) < high, (name, scores_of)
