"""A profile of one's own from up to 17 questions: what is derived follows what was answered."""

import pytest
from click.testing import CliRunner

from neurosim.blocks.block import Block
from neurosim.blocks.differences import differences
from neurosim.blocks.document import compose
from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.sources import by_kind, followed, numbers_of
from neurosim.blocks.words import as_written
from neurosim.cli import main
from neurosim.profile import Profile, load_profile, shipped_profiles
from shipped import each_kind

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


def test_an_answer_that_only_what_follows_from_it_refuses_is_named_first(tmp_path):
    result = answered(tmp_path / "mine.yaml", amplifier="0\n70 uW")
    assert result.exit_code == 0, result.output
    said = "supply.amplifier_W: 0 does not go with what follows from it: supply.driver.most_A: must"
    assert said in result.output


def test_it_says_how_a_bare_number_and_a_share_are_read(tmp_path):
    file = tmp_path / "mine.yaml"
    result = answered(file, name="2026", summary="65", unit="90", mismatch="2 %")
    assert result.exit_code == 0, result.output
    assert "node.unit_V: 90 is read as 90 V." in result.stderr
    assert "64 is read as" not in result.stderr
    made = load_profile(file)
    assert (made.name, made.summary, made.mismatch.coupling) == ("2026", "65", 0.02)
    refused = answered(tmp_path / "other.yaml", unit="1_0\n")
    assert "node.unit_V: must be a number with unit V, but is '1_0'" in refused.stderr


def test_what_was_not_given_is_assumed_to_be_as_in_the_profile_that_was_begun_from(tmp_path):
    file = tmp_path / "mine.yaml"
    answered(file, source="", unit="100 mV")
    numbers = numbers_of(load_profile(file))
    own = {number.path for number in numbers if number.source == "my own design"}
    # A number that is typed is given, also where it is the one that was offered.
    assert own == {
        "node.unit_V", "node.leak_S", "node.capacitance_F", "coupling.levels", "dac.bits",
        "adc.bits",
    }  # fmt: skip
    others = {number.path: str(number.source) for number in numbers if number.path not in own}
    assert others
    assert all(said.startswith("assumed: as cmos_rc_6bit: ") for said in others.values())
    assert others["supply.amplifier_W"].startswith("assumed: as cmos_rc_6bit: 82.5 uW of a five-")
    assert others["spring.max_S"].endswith("100 times leak_S [= 100 * leak_S]")
    check = CliRunner().invoke(main, ["profiles", "check", str(file)])
    assert f"\n{len(others)} of {len(numbers)} numbers are assumed: " in check.output


def test_comments_say_what_was_asked_for_and_whose_it_is(tmp_path):
    file = tmp_path / "mine.yaml"
    answered(file)
    lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    for comment, field in [
        ("Sizes of the layers, the visible one first: 64, 32, 32 (given at `profiles new`)", "lay"),
        ("Leak of a node, the conductance of weight 1: 20 uS (given at `profiles new`)", "leak_S"),
        ("Largest weight: 0.6 (as cmos_rc_6bit has it)", "full_scale"),
        (
            "Capacitance of a visible node that is released: 60 pF (follows from what was given, "
            "as in cmos_rc_6bit)",
            "release_capacitance_F",
        ),
        ("Temperature: ideal (given at `profiles new`)", "temperature_K: ideal"),
    ]:
        assert lines[lines.index(f"# {comment}") + 1].startswith(field)


def fields_in(block, tree, path=()):
    for name, value in tree.items():
        if name != "source":
            yield (*path, name)
        inner = getattr(block, name)
        if isinstance(value, dict) and isinstance(inner, Block):
            yield from fields_in(inner, value, (*path, name))


@each_kind
def test_every_field_has_a_line_that_says_what_it_is(tmp_path, name):
    """Of what it is, not that a word names it; a value has its unit beside the number."""
    file = tmp_path / "mine.yaml"
    words = ["profiles", "new", str(file), "--like", name]
    CliRunner().invoke(main, words, input="\n" * 20)
    text = file.read_text("utf-8")
    document, lines = compose(text, "mine"), text.splitlines()
    made = load_profile(file)
    for path in fields_in(made, as_written(made)):
        line, _ = document.place(path, key=True)
        comment = lines[line - 2].strip()
        assert len(lines[line - 2]) <= 100
        assert comment.startswith("# "), path
        assert len(comment) > len("# of a")
        assert "Names this" not in comment
    if name == "cmos_rc_6bit":
        assert "  # Largest stiffness that can be set: 1 mS\n  max_S: 0.001\n" in text
        assert "    # An output stage whose load takes its current out of the stage's own\n" in text


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_is_one_to_begin_from(tmp_path, name):
    file = tmp_path / "mine.yaml"
    words = ["profiles", "new", str(file), "--like", name]
    result = CliRunner().invoke(main, words, input="\n" * 20)
    assert result.exit_code == 0, result.output
    made, base = load_profile(file), load_profile(name)
    texts = {each.path for each in differences(base, made)}
    assert texts == set()
    for number in numbers_of(made):
        assert str(number.source).startswith(f"assumed: as {name}: "), number.path
    assert parse_block(dump_block(made), Profile, "mine") == made


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


def test_a_law_that_needs_more_than_a_word_is_begun_from_a_profile_that_has_it(tmp_path):
    result = answered(tmp_path / "mine.yaml", law="resistive\ngradient")
    assert result.exit_code == 0, result.output
    assert "node.law: must be hopfield or gradient, but is resistive; other kinds" in result.stderr
    assert load_profile(tmp_path / "mine.yaml").node.law.law == "gradient"


def test_a_sign_goes_back_to_the_question_before_and_offers_its_answer(tmp_path):
    file = tmp_path / "chip.yaml"
    # Back at the first question stays there; sizes are answered twice; the leak is taken again.
    answers = ["<", "mine", "", "64,32", "<", "64,16", "", "", "20 uS", "<", "", *[""] * 9, "<", ""]
    text = "\n".join([*answers, "", "", ""])
    result = CliRunner().invoke(main, ["profiles", "new", str(file)], input=text)
    assert result.exit_code == 0, result.output
    profile = load_profile(file)
    assert profile.layers == (64, 16)
    assert profile.node.leak_S == 20e-6
    assert "weight 1 [20 uS]: " in result.output
    assert "Leak of a node, the conductance of weight 1: 20 uS (given at `profiles new`)" in (
        file.read_text("utf-8")
    )
