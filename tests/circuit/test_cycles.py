"""A cycle from a table is the series that it was made of."""

import numpy as np
import pytest
import yaml

from neurosim.blocks.files import dump_block
from neurosim.circuit import Interaction
from neurosim.circuit.cycles import harmonics_of, read_cycle
from neurosim.errors import DataError, ProfileError
from neurosim.profile import load_profile

WAVEFORM = ((0.9, 0.3), (0.2, -1.0), (0.1, 2.0))
RESPONSE = ((1.4, 1.9), (0.3, 0.5), (0.2, -0.7))


def cycle(theta, series, mean=0.0):
    return mean + sum(a * np.cos(k * theta + alpha) for k, (a, alpha) in enumerate(series, 1))


def table(path, theta, header="phase,waveform,response", scale=1.0):
    rows = zip(
        theta * scale, cycle(theta, WAVEFORM, 0.6), cycle(theta, RESPONSE, -2.0), strict=True
    )
    path.write_text(
        "\n".join([header, *(",".join(f"{x!r}" for x in map(float, row)) for row in rows)])
    )
    return path


def uneven(n, seed=0):
    steps = np.random.default_rng(seed).uniform(0.6, 1.4, n)
    return np.cumsum(steps) / steps.sum() * 2 * np.pi - 1.0


@pytest.mark.parametrize(
    "theta", [np.arange(12) * np.pi / 6, np.linspace(0, 2 * np.pi, 25), uneven(40)],
    ids=["even", "the last is the first", "uneven"],
)  # fmt: skip
def test_harmonics_are_those_that_a_cycle_is_made_of(theta):
    found = harmonics_of(theta, cycle(theta, WAVEFORM, 0.6), cycle(theta, RESPONSE, -2.0))
    for series, known in zip(found, (WAVEFORM, RESPONSE), strict=True):
        np.testing.assert_allclose(series, known, rtol=1e-9, atol=1e-9)


def test_as_many_harmonics_as_gaps_allow_and_none_that_hardly_turn():
    square = np.sign(np.sin(np.arange(0, 2 * np.pi, np.pi / 64) + 0.01))
    theta = np.arange(128) * np.pi / 64
    # 4 / (pi k) of each odd harmonic, in both: 1 / k^2 of the first one's turn.
    waveform, response = harmonics_of(theta, square, square)
    assert len(waveform) == len(response) == 15
    assert [size for size, _ in waveform[::2]] == pytest.approx(
        [4 / (np.pi * k) for k in range(1, 16, 2)], rel=0.03
    )
    # Gaps of 60 degrees: the third harmonic would be told by its zeros alone.
    six = np.arange(6) * np.pi / 3
    assert (
        len(harmonics_of(six, np.cos(six) + np.cos(2 * six), np.sin(six) + np.sin(2 * six))[0]) == 2
    )


@pytest.mark.parametrize(
    ("header", "scale"),
    [("phase,waveform,response", 1.0), ("phase (deg),v (V),ppv (rad/C)", 180 / np.pi),
     ("phase (turn),v,ppv", 0.5 / np.pi)],
)  # fmt: skip
def test_a_table_is_in_place_of_both_series(tmp_path, header, scale):
    theta = np.arange(24) * np.pi / 12
    path = table(tmp_path / "cycle.csv", theta, header, scale)
    found = Interaction(table=str(path))
    np.testing.assert_allclose(found.waveform, WAVEFORM, atol=1e-9)
    np.testing.assert_allclose(found.response, RESPONSE, atol=1e-9)
    np.testing.assert_allclose(
        found.waves, Interaction(waveform=WAVEFORM, response=RESPONSE).waves, atol=1e-9
    )


def test_a_profile_names_a_table_beside_it_and_what_is_written_needs_it_no_more(tmp_path):
    theta = np.arange(24) * np.pi / 12
    table(tmp_path / "cycle.csv", theta)
    ideal = load_profile("ideal_oscillator")
    stated = Interaction(waveform=WAVEFORM, response=RESPONSE)
    tree = yaml.safe_load(dump_block(ideal.with_values({"node.law.interaction": stated})))
    tree["node"]["law"]["interaction"] = {"table": "cycle.csv", "source": "invented"}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
    profile = load_profile(tmp_path / "mine.yaml")
    np.testing.assert_allclose(profile.node.law.interaction.response, RESPONSE, atol=1e-9)
    again = tmp_path / "elsewhere.yaml"
    again.write_text(dump_block(profile))
    assert "table" not in again.read_text()
    assert load_profile(again) == profile


def test_a_turn_that_is_printed_in_few_digits_is_one(tmp_path):
    theta = np.linspace(0, 2 * np.pi, 25)
    columns = theta, cycle(theta, WAVEFORM), cycle(theta, RESPONSE)
    rows = [",".join(f"{x:.5g}" for x in row) for row in zip(*columns, strict=True)]
    path = tmp_path / "cycle.csv"
    path.write_text("\n".join(rows))
    # Phases are rounded by 5e-4 rad at most, and the third harmonic turns three times as far.
    for series, known in zip(read_cycle(path), (WAVEFORM, RESPONSE), strict=True):
        np.testing.assert_allclose(series, known, atol=2e-3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,1\n1,2\n", "must have three columns, a phase, a waveform and a phase response"),
        ("0,1,1\n2,1,1\n1,1,1\n", "cycle.csv:3: phases must rise from row to row"),
        ("0,1,1\n90,2,1\n180,1,1\n", "must have phases of one cycle, but they cover 28.6"),
        ("0,1,1\n1,2,1\n2,1,1\n", "must be less than half a turn apart"),
        ("phase (V),a,b\n0,1,1\n", "must have phases in rad, deg or turn, but its header is"),
        ("0,1,1\n1,x,1\n", "waveform must be a finite number, but is 'x'"),
    ],
)
def test_what_is_no_cycle_is_refused(tmp_path, text, said):
    path = tmp_path / "cycle.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_cycle(path)
    with pytest.raises(ProfileError, match="table: "):
        Interaction(table=str(path))


def test_both_or_half_are_refused(tmp_path):
    path = table(tmp_path / "cycle.csv", np.arange(24) * np.pi / 12)
    with pytest.raises(ProfileError, match="waveform: must be left out where a table is named"):
        Interaction(waveform=WAVEFORM, table=str(path))
    with pytest.raises(
        ProfileError, match="response: missing; it must be stated, or a `table` of both"
    ):
        Interaction(waveform=WAVEFORM)
    with pytest.raises(
        ProfileError, match="waveform: missing; it must be stated, or a `table` of both"
    ):
        Interaction()
