"""What the blocks of a profile must have in common, and how a mistake in a profile is told."""

import re

import pytest

from neurosim.blocks.files import parse_block
from neurosim.errors import ProfileError
from neurosim.profile import Profile, load_profile, shipped_profiles
from shipped import edited, mistakes

CMOS = load_profile("cmos_rc_6bit")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("  visible_rail_V: 500 mV", "  visible_rail_v: 500 mV"),
            "node.visible_rail_v: unknown field 'visible_rail_v'; did you mean 'visible_rail_V'?",
        ),
        (
            ("leak_S: 10 uS", "leak_S: 10 uF"),
            "node.leak_S: must be given in S, but is '10 uF'",
        ),
        (
            ("beta: 8.0e-3", "beta: 8.0"),
            "host.beta: must be at most 1, but is 8.0",
        ),
        (
            ("layers: [64, 128, 128]", "layers: [64]"),
            "layers: must have at least 2 items, but has 1",
        ),
        (
            ("  hidden_range_V: 105 mV", "  hidden_range_V: ideal"),
            "adc.bits: needs a finite range, but hidden_range_V is ideal; state it, or write bits "
            "as 'ideal' too",
        ),
        (
            ("  hidden_range_V: 105 mV", "  hidden_range_V: ideal"),
            "adc.noise: needs a finite range, but hidden_range_V is ideal; state it, or write "
            "noise as 'ideal' too",
        ),
        (
            ("  range_V: 320 mV", "  range_V: ideal"),
            "dac.bits: needs a finite range, but range_V is ideal; state it, or write bits as "
            "'ideal' too",
        ),
        (
            ("  range_A: 3 uA", "  range_A: ideal"),
            "current_sense.bits: needs a finite range, but range_A is ideal; state it, or write "
            "bits as 'ideal' too",
        ),
        (
            ("engine: transient", "engine: operating_point"),
            "settling.engine: must be transient by ETD4 where thermal.temperature_K is a number, "
            "but is operating_point at 300 K; write thermal.temperature_K as 'ideal' to leave "
            "noise out",
        ),
        (
            ("method: ETD4", "method: RK45"),
            "settling.engine: must be transient by ETD4 where thermal.temperature_K is a number, "
            "but is transient by RK45 at 300 K; write thermal.temperature_K as 'ideal' to leave "
            "noise out",
        ),
        (
            ("engine: transient", "engine: transit"),
            "settling.engine: must be one of transient, operating_point, but is 'transit'",
        ),
        (
            ("\n    levels:", "\n    idle_S:"),
            "coupling.source: must say where levels comes from: a paper, a DOI, a data sheet, or "
            "'assumed: <reason>'",
        ),
        (
            ("\n    levels:", "\n    level:"),
            "coupling.source.level: must name a field of this block: encoding, full_scale, "
            "idle_S, levels, directions, cubic_per_V2, parasitic_F, wires",
        ),
        (
            ('temperature_K: "assumed: room temperature"', ""),
            "thermal.source: must say where temperature_K comes from: a paper, a DOI, a data "
            "sheet, or 'assumed: <reason>'",
        ),
        (
            ("amplifier_excess: 1.5", "amplifier_excess: ideal"),
            "thermal.flicker_corner_Hz: must be ideal where amplifier_excess is, for it is "
            "measured against that, but is 100 kHz; state amplifier_excess too",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_do(change, message):
    text = edited(change)
    line = next(line for line in mistakes(text) if line.endswith(f": {message}"))
    row, column = map(int, re.match(r"my\.yaml:(\d+):(\d+): ", line).groups())
    # The place is that of the field, or of its value.
    field = message.split(":")[0].split(".")[-1]
    assert field in text.splitlines()[row - 1]
    assert column > 1


@pytest.mark.parametrize(
    ("left", "instead", "line"),
    [
        (
            r'      source: "assumed: an op.*\n',
            "",
            "19:5: node.law.diode.source: missing; it must say where each number comes from: "
            "a paper, a DOI, a data sheet, or 'assumed: <reason>'",
        ),
        (
            r'      source: "assumed: an op.*\n',
            "      source: ideal\n",
            "22:15: node.law.diode.source: must say where points comes from: a paper, a DOI, "
            "a data sheet, or 'assumed: <reason>'",
        ),
        (
            r"      points: .*\n",
            "",
            "19:5: node.law.diode.points: missing; they must be stated, or a `table` of them",
        ),
    ],
)
def test_a_mistake_in_a_block_that_is_called_as_its_field_has_its_own_place(left, instead, line):
    """The diode `points` has a field `points`."""
    text = shipped_profiles()["rram_1t1r_resistive"].read_text("utf-8")
    with pytest.raises(ProfileError) as found:
        parse_block(re.sub(left, instead, text, count=1), Profile, "p.yaml")
    assert str(found.value) == f"p.yaml:{line}"


def test_mistakes_of_several_blocks_are_told_together():
    text = edited(
        ("  range_A: 3 uA", "  range_A: ideal"), ("engine: transient", "engine: operating_point")
    )
    assert [line.split(": ")[1] for line in mistakes(text)] == [
        "current_sense.bits",
        "settling.engine",
    ]


def test_a_missing_block_is_told_with_its_fields():
    text = edited().replace("\ndac:\n", "\nx_dac:\n")
    [unknown] = mistakes(text)
    assert "unknown field 'x_dac'; did you mean 'dac'?" in unknown
    block = re.search(r"\ndac:\n(  .*\n)+", edited()).group(0)
    [missing] = mistakes(edited((block, "\n")))
    assert missing.endswith(
        "dac: missing; it must be stated with its fields source, bits, range_V, noise_V, channels"
    )


def test_the_load_of_the_busiest_node_must_leave_something_for_its_leak():
    # 192 couplings and a bias of complementary pairs: 193 x 0.6 x 10 uS = 1.158 mS.
    complementary = CMOS.with_value("coupling.encoding", "complementary")
    with pytest.raises(ProfileError) as caught:
        complementary.with_value("node.loading", 0.01)
    assert str(caught.value) == (
        "node.loading: must keep the load of the busiest node, 0.01 x 192 couplings and a bias of "
        "1.158 mS in all at weight 0, below leak_S = 10 uS, but the load is 11.58 uS; lower it, "
        "coupling.idle_S or coupling.full_scale"
    )
    limit = 10e-6 / 1.158e-3
    assert complementary.with_value("node.loading", 0.99 * limit)
    with pytest.raises(ProfileError):
        complementary.with_value("node.loading", 1.01 * limit)
    assert CMOS.with_value("node.loading", 1.0), "a one-sided pair of weight 0 loads nothing"


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "a\u2028b", "\x1b[31mred", "\u202eltr"])
def test_a_summary_is_one_line_that_a_terminal_does_not_obey(text):
    with pytest.raises(ProfileError, match="summary: must be one line of text") as caught:
        CMOS.with_value("summary", text)
    assert str(caught.value).isprintable()


def test_a_name_that_is_a_path_is_refused_at_its_place():
    [line] = mistakes(edited(("name: cmos_rc_6bit", "name: ../../x")))
    assert line.startswith("my.yaml:12:7: name: must be a name of 1 to 64 letters (A-Z), digits")
    assert line.endswith("does not end in a dot, but is '../../x'")
