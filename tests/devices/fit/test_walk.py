"""From a lab's tables to a checked profile in five commands, as the page on devices says."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from commands import run
from neurosim.analysis.plausible import mistakes_in, warnings_in
from neurosim.blocks.sources import by_kind, numbers_of
from neurosim.blocks.trees import holds_number
from neurosim.profile import load_profile, shipped_profiles

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "neurosim" / "devices" / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """The folder in which the page's commands were run, each as it stands."""
    folder = tmp_path_factory.mktemp("walk")
    shutil.copytree(ROOT / "experiments/measured", folder / "experiments/measured")
    lines = re.search(r"```sh\n(.*?)```", PAGE, re.S).group(1).splitlines()
    assert len(lines) == 5
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in lines:
            words = shlex.split(line)
            assert words[0] == "neurosim"
            to = None
            if ">" in words:
                words, to = words[: words.index(">")], words[-1]
            result = run(*words[1:])
            assert result.exit_code == 0, result.output
            assert "warning" not in result.stderr
            if to:
                Path(to).write_text(result.stdout, encoding="utf-8")
    return folder


def test_five_commands_make_a_profile_that_is_checked(walked):
    profile = load_profile(walked / "mine.yaml")
    assert mistakes_in(profile) == warnings_in(profile) == []
    assert (walked / "ramps.png").read_bytes().startswith(b"\x89PNG")


def test_every_number_is_measured_or_said_to_be_assumed_or_has_the_source_it_had(walked):
    mine, theirs = load_profile(walked / "mine.yaml"), load_profile("rram_cmo_hfox")
    measured = 0
    for name in type(mine).model_fields:
        block = getattr(mine, name)
        if block is None or not hasattr(block, "source") or block == getattr(theirs, name):
            continue
        assert name in {"coupling", "write", "pulse", "drift", "faults", "device_noise"}
        old = getattr(theirs, name).source
        for field in type(block).model_fields:
            if field == "source" or not holds_number(getattr(block, field)):
                continue
            source = block.source[field]
            kept = isinstance(old, dict) and source == old.get(field)
            text = str(getattr(source, "text", source))
            measured += text.startswith("measured: ")
            assert kept or text.startswith(("measured: ", "assumed: ")), (name, field)
    assert measured >= 12


def test_no_number_is_neither_measured_nor_assumed(walked):
    kinds = by_kind(numbers_of(load_profile(walked / "mine.yaml")))
    assert len(kinds["measured"]) >= 12
    assert [name for name, paths in kinds.items() if paths] == ["measured", "assumed"]


def test_what_was_not_measured_of_the_devices_is_said_to_be_of_others(walked):
    mine = load_profile(walked / "mine.yaml")
    for block in (mine.faults, mine.device_noise):
        said = block.source if isinstance(block.source, dict) else {"all": block.source}
        assert all(source.startswith("assumed: ") for source in said.values())
    text = (walked / "mine.yaml").read_text("utf-8")
    assert "short_term: 'assumed: not among what was measured: 1 % of g_max" in text
    # The levels are of a range that these devices do not have.
    assert str(mine.coupling.source["levels"]).startswith("assumed: ")


def test_all_other_lines_are_as_they_were(walked):
    """Each line but those of blocks of devices, to the last byte and in order."""
    text = (walked / "mine.yaml").read_text("utf-8")
    old = shipped_profiles()["rram_cmo_hfox"].read_text("utf-8")
    blocks = r"^(coupling|write|pulse|drift|faults|device_noise):\n(^(  .*)?\n)*"
    assert (
        re.sub(blocks, "", text, flags=re.M).split() == re.sub(blocks, "", old, flags=re.M).split()
    )


def test_the_numbers_are_those_that_the_tables_were_made_with(walked):
    """Soft bounds of 60 states, 10 to 80 uS; -80 nS and 60 nS for each unit of ln t."""
    profile = load_profile(walked / "mine.yaml")
    said = " ".join((walked / "mine.yaml").read_text("utf-8").replace("#", "").split())
    errors = {name: float(e) for name, e in re.findall(r"(\w+) \+- ([\d.e-]+)", said)}
    exact = {
        "states": 60, "asymmetry": 0.08, "cycle_noise": 0.3, "step_spread": 0.15,
        "bound_spread": 0.02,
    }  # fmt: skip
    for name, value in exact.items():
        assert abs(getattr(profile.pulse, name) - value) < 4 * errors[name], name
    for name, value in {"shift_S": -80e-9, "spread_growth_S": 60e-9}.items():
        assert abs(getattr(profile.drift, name) - value) < 4 * errors[name], name
    top_S = profile.coupling.idle_S + profile.coupling.range_S(profile.node.leak_S)
    assert profile.coupling.idle_S == pytest.approx(10e-6, rel=0.3)
    assert top_S == pytest.approx(80e-6, rel=0.05)
    # 0.008 + 0.012 x, where 25 writes of six targets give 8 % of it.
    assert profile.write.sigma_S(profile.write.reference_S) == pytest.approx(1.6e-6, rel=0.3)


def test_fitting_once_more_changes_nothing(walked, monkeypatch):
    monkeypatch.chdir(walked)
    before = Path("mine.yaml").read_bytes()
    words = ["--columns", "target=aim,conductance=G", "--into", "mine.yaml"]
    assert run("profiles", "fit", "experiments/measured/writes.txt", *words).exit_code == 0
    assert Path("mine.yaml").read_bytes() == before
