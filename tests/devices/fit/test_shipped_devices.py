"""The devices of shipped profiles, measured in a made-up lab, are found again."""

import numpy as np
import pytest

from lab import drifts, ramps, table, writes
from neurosim.devices import LinearStep, LogRelaxation, PowerLaw, SoftBounds
from neurosim.devices.curves import evaluate
from neurosim.devices.fit import fit_devices, read_measurements
from neurosim.profile import load_profile, shipped_profiles

PROFILES = {name: load_profile(name) for name in shipped_profiles()}
PULSED = [name for name, p in PROFILES.items() if isinstance(p.pulse, LinearStep | SoftBounds)]
DRIFTING = [n for n, p in PROFILES.items() if isinstance(p.drift, PowerLaw | LogRelaxation)]
WRITTEN = [name for name, p in PROFILES.items() if p.write is not None and p.write.noise]


def fitted(path, rows):
    [part] = fit_devices(read_measurements(table(path, rows))).parts
    return part


def test_there_are_such_devices():
    assert len(PULSED) >= 3
    assert len(DRIFTING) >= 2
    assert len(WRITTEN) >= 4


@pytest.mark.every(9)
@pytest.mark.parametrize("name", PULSED)
def test_pulses(tmp_path, name):
    law = PROFILES[name].pulse
    rows = ramps(law, n=10, most=int(law.states), read=0.001)
    rows = [r for r in rows if r["pulses"] % max(int(law.states) // 80, 1) == 0]
    part = fitted(tmp_path / "m.csv", rows)
    assert part.block["law"] == law.law
    for field, error in part.errors.items():
        if part.block[field] == 0 or field.startswith("cycle_noise"):
            continue
        assert abs(part.block[field] - getattr(law, field)) < 4.5 * error, field
    # Where steps are much alike one of both kinds may stand for the other: what counts is the sum.
    found = np.hypot(*(
        0 if part.block[k] == "ideal" else part.block[k]
        for k in ("cycle_noise", "cycle_noise_additive")
    ))  # fmt: skip
    exact = np.hypot(law.cycle_noise, law.cycle_noise_additive)
    assert found == pytest.approx(exact, rel=0.4)
    low_S, error_S = part.facts["low_S"]
    assert abs(low_S - 1e-6) < 4.5 * error_S


@pytest.mark.parametrize("name", DRIFTING)
def test_drift(tmp_path, name):
    law, top_S = PROFILES[name].drift, 0.9 * getattr(PROFILES[name].write, "reference_S", 2e-5)
    law = law.with_value("start_s", 1.0)
    rows = drifts(np.random.default_rng(4), law, n=60, targets=(top_S,), read=0.001)
    part = fitted(tmp_path / "m.csv", rows)
    assert part.block["law"] == law.law
    if law.law == "log":
        exact = {"shift_S": law.shift_S, "spread_growth_S": law.spread_growth_S}
    else:
        x = np.array([top_S / law.reference_S])
        exact = {"exponent": evaluate(law.exponent, x)[0],
                 "exponent_spread": evaluate(law.exponent_spread, x)[0]}  # fmt: skip
    for field, value in exact.items():
        assert abs(part.block[field] - value) < 4.5 * part.errors[field], field


@pytest.mark.parametrize("name", WRITTEN)
def test_writes(tmp_path, name):
    """A single try of the shipped law; polynomials, pieces and all."""
    law = PROFILES[name].write
    noise = law.model_dump()["noise"]
    rows = writes(np.random.default_rng(6), noise, n=60, targets=10, reference_S=law.reference_S)
    part = fitted(tmp_path / "m.csv", rows)
    x = np.linspace(1 / 12, 1, 10)
    exact = evaluate(law.noise, x)
    found = np.polynomial.polynomial.polyval(x, part.block["noise"]["polynomial"])
    # 60 writes give a target's spread to 9 %; a clipped one, near 0 S, is smaller than its law's.
    good = exact * 4 < x
    if not any("no polynomial" in warning for warning in part.warnings):
        np.testing.assert_allclose(found[good], exact[good], rtol=4.5 * 0.09)
