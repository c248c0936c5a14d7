"""A profile of one's own from a dozen questions: what is derived follows what was answered."""

from click.testing import CliRunner

from neurosim.blocks.differences import differences
from neurosim.blocks.sources import by_kind, followed, numbers_of
from neurosim.cli import main
from neurosim.profile import load_profile

# One answer for each question, in their order; an empty one takes what is offered.
ANSWERS = {
    "name": "", "summary": "A chip of mine.", "layers": "64,32,32", "law": "", "unit": "",
    "leak": "20 uS", "capacitance": "2 pF", "release": "", "full_scale": "", "levels": "64",
    "noise": "", "dac": "six\n6", "adc": "10", "mismatch": "", "temperature": "ideal",
    "amplifier": "", "source": "tape-out of spring 2026, run 7",
}  # fmt: skip


def answered(path, **changes):
    text = "\n".join((ANSWERS | changes).values()) + "\n"
    return CliRunner().invoke(main, ["profiles", "new", str(path)], input=text)


def test_answers_become_a_profile_that_checks(tmp_path):
    file = tmp_path / "mine.yaml"
    result = answered(file)
    assert result.exit_code == 0, result.output
    assert "dac.bits: must be a whole number or ideal, but is 'six'" in result.output
    made, base = load_profile(file), load_profile("cmos_rc_6bit")
    assert made.name == "mine"
    assert made.summary == "A chip of mine."
    said = {each.path: each.texts()[1] for each in differences(base, made)}
    assert said["layers"] == "64, 32, 32"
    assert said["node.leak_S"] == "20 uS"
    assert said["coupling.levels"] == "64"
    assert said["thermal.temperature_K"] == "ideal"
    # 30 times the capacitance, 100 times and 0.6 times the leak, a quarter of a step.
    assert said["node.release_capacitance_F"] == "60 pF"
    assert said["spring.max_S"] == "2 mS"
    assert said["write.reference_S"] == "12 uS"
    assert said["adc.noise"] == f"{2 / 1022 / 4:.4g}"
    numbers = numbers_of(made)
    assert not [number for number in numbers if number.mistake]
    own = {number.path for number in numbers if number.source == ANSWERS["source"]}
    assert own == {"node.leak_S", "node.capacitance_F", "coupling.levels", "dac.bits", "adc.bits"}
    assert not by_kind(numbers)["stated in code"]
    check = CliRunner().invoke(main, ["profiles", "check", str(file)])
    assert check.exit_code == 0, check.output


def test_a_file_that_is_there_stays_as_it_is(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("mine")
    result = answered(file)
    assert result.exit_code == 2
    assert "must be a new file, but exists" in result.output
    assert file.read_text() == "mine"


def test_nothing_is_written_where_the_answers_end_early(tmp_path):
    file = tmp_path / "mine.yaml"
    result = CliRunner().invoke(main, ["profiles", "new", str(file)], input="mine\n\n64,32\n")
    assert result.exit_code == 2
    assert "were stopped; nothing was written." in result.output
    assert not file.exists()


def test_standard_output_is_no_place_for_a_profile():
    result = CliRunner().invoke(main, ["profiles", "new", "-"])
    assert result.exit_code == 2
    assert result.stderr.startswith("neurosim: A profile must be written to a file")


def test_numbers_that_come_out_stay_as_they_are():
    profile = load_profile("cmos_rc_6bit")
    assert followed(profile) is profile
