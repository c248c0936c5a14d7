"""What a sweep refuses: mistakes in its axes and its file, and figures that no point can have."""

import pytest

from neurosim.blocks.files import load_block, parse_block
from neurosim.errors import DataError, ProfileError
from neurosim.sweeps import Sweep, expand, strange
from neurosim.sweeps.loading import load_sweep
from neurosim.sweeps.strange import made_odd
from tiny_sweeps import made


@pytest.mark.parametrize(
    ("axes", "text"),
    [
        ([{"path": "profile.adc.bitz", "values": [1]}], "did you mean 'profile.adc.bits'"),
        ([{"path": "deploy.weight_bitz", "values": [1]}], "did you mean 'deploy.weight_bits'"),
        ([{"path": "profile.weight_bits", "values": [2.5]}], "weight_bits: must be a whole number"),
        ([{"path": "adc.bits", "values": [1]}], "did you mean profile.adc.bits?"),
        ([{"path": "sampling.mode", "values": ["dream"]}], "must be one of 'spring'"),
        ([{"path": "profile.adc.bits", "values": [6]}], "needs a finite range"),
        ([{"path": "profile.weight_bits", "values": ["six"]}], "must be a number of at least 0"),
        ([{"path": "profile", "values": ["ideal_hopfeld"]}], "did you mean ideal_hopfield"),
        ([{"path": "run.adc", "values": [1]}], "a path must begin with"),
        ([{"path": "sampling.n", "values": [10]}] * 2, "must vary along one axis"),
        ([{"path": "sampling.n", "values": [10, 20, 10.0]}], "takes 10.0 twice; `replicas` meas"),
        ([{"path": "sampling.t_end", "log": {"start": 1, "stop": 1, "points": 2}}], "1.0 twice"),
        ([{"path": "sampling.n", "linear": {"start": 7, "stop": 9000, "points": 400,
           "whole": True}}, {"path": "sampling.dt", "linear": {"start": 0.01, "stop": 1,
           "points": 400}}], "at most 100,000 points"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(axes, text):
    with pytest.raises(ProfileError, match=text) as caught:
        made(*axes)
    assert len(str(caught.value).splitlines()) == 1


def test_one_of_two_paired_axes_may_take_a_value_twice():
    pair = [{"path": "sampling.n", "values": [9, 9]}, {"path": "sampling.dt", "values": [0.1, 0.2]}]
    assert made({"paired": pair})


def test_seeds_are_varied_by_an_axis_or_by_replicas():
    with pytest.raises(ProfileError, match="replicas: must be 1"):
        made({"path": "experiment.seed", "values": [0, 1]}, replicas=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axes: [{path: a, values: [1], log: {start: 1, stop: 2, points: 3}}]", "one of values"),
        ("axes: [{path: a, log: {start: 0, stop: 2, points: 3}}]", "above 0"),
        ("axes: [{path: a, valuse: [1]}]", "did you mean 'values'"),
        ("axes: [{paired: [{path: a, values: [1]}, {path: b, values: [1, 2]}]}]", "one length"),
        ("axes: [{name: a, cases: {}}]", "at least 1"),
        ("axes: [{name: a, cases: {x: {}}, paths: 1}]", "axes.0.paths: unknown field"),
        ("axes: [{paired: [{path: a, values: [1]}]}]", "axes.0.paired: must have at least 2"),
        (
            "axes: [{paired: [{path: a, valuez: [1]}, {path: b, values: [1]}]}]",
            "axes.0.paired.0.valuez: unknown field 'valuez'; did you mean 'values'",
        ),
        (
            "axes: [{random: {points: 3, axes: [{path: a, values: [1]}]}, path: b}]",
            "axes.0.path: unknown field 'path'; the fields are random",
        ),
        ("replicas: 0", "at least 1"),
        ("measure: [beauty]", "must be one of"),
        ("sampling: {n: 3}", "at least 7"),
    ],
)
def test_a_mistake_in_the_file_has_its_line(text, message):
    head = "name: t\nbase: {profile: ideal_hopfield}\n"
    with pytest.raises(ProfileError, match=message) as caught:
        parse_block(head + text, Sweep, "s.yaml")
    [line] = str(caught.value).splitlines()
    assert line.startswith("s.yaml:3:")


def test_a_run_stands_alone_in_its_base():
    with pytest.raises(ProfileError, match="must stand alone"):
        parse_block("name: t\nbase: {run: a, profile: ideal_hopfield}", Sweep, "s.yaml")


SENSE = {"bits": 8, "channels": "ideal", "source": "assumed: a test"}
ANSWERING = {"task": "classify", "updates": 1}


def answering(measure, axes=(), **changes):
    base = {"profile": "ideal_hopfield", "experiment": ANSWERING | changes}
    return Sweep(name="answers", base=base, axes=axes, measure=measure)


def test_a_figure_that_no_point_can_have_is_refused():
    with pytest.raises(ProfileError) as caught:
        expand(answering(("frechet_feature", "test_accuracy", "explained")))
    [line] = str(caught.value).splitlines()
    assert line.startswith("measure: must be figures of the task Classify")
    assert "but frechet_feature and explained are none; choose from test_accuracy, accur" in line
    with pytest.raises(ProfileError, match="accuracy is none; choose from flow_loss"):
        expand(answering(("accuracy",), task="flow"))


def test_figures_of_every_task_that_is_swept_may_be_measured():
    tasks = [{"path": "experiment.task", "values": ["flow", "classify"]}]
    assert len(expand(answering(("frechet_feature", "test_accuracy"), tasks))) == 2


TWO = [
    (["profile.adc.bitz", "experiment.batches"], ["'profile.adc.bits'?", "'experiment.batch'?"]),
    (["profile.adc.bitz", "profile.dac.bitz"], ["'profile.adc.bits'?", "'profile.dac.bits'?"]),
    (["adc.bits", "experiment.batches"], ["profile.adc.bits?", "'experiment.batch'?"]),
    (["sampling.seeds", "profile.adc.bitz"], ["'sampling.seed'?", "'profile.adc.bits'?"]),
]


@pytest.mark.parametrize(("paths", "said"), TWO)
def test_two_misspelt_paths_are_told_in_one_message(paths, said):
    with pytest.raises(ProfileError) as caught:
        made(*({"path": path, "values": [8, 9]} for path in paths))
    text = str(caught.value)
    assert len(text.splitlines()) == 2
    assert all(end in text for end in said)


def test_mistakes_in_the_values_of_two_blocks_are_told_in_one_message():
    axes = [{"path": "profile.dac.bits", "values": [8, 99]},
            {"path": "experiment.batch", "values": [0, 8]},
            {"path": "sampling.n", "values": [1]}]  # fmt: skip
    with pytest.raises(ProfileError) as caught:
        made(*axes, base={"profile": "cmos_rc_6bit"})
    assert sorted(str(caught.value).splitlines()) == [
        "experiment.batch: must be at least 1, but is 0",
        "profile.dac.bits: must be at most 24, but is 99",
        "sampling.n: must be at least 7, but is 1",
    ]


def test_a_mistake_in_the_base_hides_none_in_the_axes():
    axes = [{"path": "experiment.batch", "values": [0]}, {"path": "sampling.n", "values": [1]}]
    with pytest.raises(ProfileError) as caught:
        made(*axes, base={"profile": "ideal_hopfeld"})
    name, *others = str(caught.value).splitlines()
    assert "did you mean ideal_hopfield" in name
    assert others == [
        "experiment.batch: must be at least 1, but is 0",
        "sampling.n: must be at least 7, but is 1",
    ]


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("{profile: ideal_hopfield, experiment: {batches: 3}}", "base.experiment.batches: unknown"),
        ("{profil: ideal_hopfield}", "base.profil: unknown field"),
    ],
)
def test_a_mistake_in_the_fields_of_the_base_hides_none_in_the_axes(tmp_path, base, said):
    file = tmp_path / "s.yaml"
    axes = "- {path: experiment.bacth, values: [1]}\n- {path: sampling.n, values: [1]}\n"
    file.write_text(f"name: t\nbase: {base}\naxes:\n{axes}")
    with pytest.raises(ProfileError) as caught:
        load_sweep(file)
    text = str(caught.value)
    for end in (said, "'experiment.batch'?", "sampling.n: must be at least 7"):
        assert end in text


def test_what_one_change_needs_of_another_is_no_mistake_beside_a_third():
    """Each block alone would lack what the other gives: chips of other layers than were trained."""
    layers = {"profile.layers": [64, 9], "deploy.layers": [64, 9]}
    axes = [{"name": "size", "cases": {"small": layers}}]
    wrong = {"path": "sampling.n", "values": [1]}
    with pytest.raises(ProfileError) as caught:
        made(*axes, wrong)
    assert str(caught.value) == "sampling.n: must be at least 7, but is 1"


def test_a_task_that_no_point_can_learn_is_advised_on_in_words_of_files():
    """Its own layers do not fit ten classes; nothing of what to call in Python."""
    with pytest.raises(DataError) as caught:
        expand(answering(("accuracy",)))
    text = str(caught.value)
    assert "write layers: [64, 128, 10] in the profile, or answers: beside in the task." in text
    assert "(" not in text
    assert "--" not in text


@pytest.mark.parametrize(
    ("sampling", "axes"),
    [({"mode": "gradient"}, ()), ({}, [{"path": "sampling.mode", "values": ["gradient"]}])],
)
def test_a_way_of_sampling_for_which_no_chip_has_the_parts_is_refused_up_front(sampling, axes):
    base = {"profile": "cmos_rc_6bit"}
    sensed = Sweep(name="t", base=base, axes=axes, sampling=sampling)
    assert len(expand(sensed)) == 1
    bare = {"path": "profile.current_sense", "values": ["none"]}
    with pytest.raises(DataError, match=r"write sampling\.mode as spring or free-running"):
        expand(Sweep(name="t", base=base, axes=[bare, *axes], sampling=sampling))
    also = {"path": "profile.current_sense", "values": ["none", {"range_A": "3 uA"} | SENSE]}
    assert len(expand(Sweep(name="t", base=base, axes=[also, *axes], sampling=sampling))) == 2


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("measure: [beauty]", "measure.0: must be one of"),
        ("sampling: {n: 3}", "sampling.n: must be at least 7"),
        ("replicas: 0", "replicas: must be at least 1"),
        ("what: 3", "unknown field 'what'"),
    ],
)
def test_a_mistake_of_the_file_hides_none_of_its_axes(tmp_path, other, said):
    path = tmp_path / "s.yaml"
    axes = "axes: [{path: profile.adc.bitz, values: [8]}]"
    path.write_text(f"name: t\nbase: {{profile: ideal_hopfield}}\n{other}\n{axes}\n")
    with pytest.raises(ProfileError) as caught:
        load_sweep(path)
    first, second = str(caught.value).splitlines()
    assert said in first
    assert second == ("profile.adc.bitz: there is no such field; did you mean 'profile.adc.bits'?")


def test_a_sweep_whose_axes_cannot_be_read_has_the_mistakes_of_its_file_alone(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text("name: t\nbase: {profile: ideal_hopfield}\naxes: 3\nmeasure: [beauty]\n")
    with pytest.raises(ProfileError) as caught:
        load_sweep(path)
    assert all(line.startswith(f"{path}:") for line in str(caught.value).splitlines())
    path.write_text("name: [t\n")
    with pytest.raises(ProfileError, match="not valid YAML"):
        load_sweep(path)
    path.write_text("name: t\nbase: {profile: ideal_hopfield}\n")
    assert load_sweep(path) == load_block(path, Sweep)


def test_what_an_axis_makes_odd_of_a_chip_is_told():
    def told(*axes):
        return made_odd(made(*axes, base={"profile": "cmos_rc_6bit"}))

    capacitances = {"path": "profile.node.capacitance_F", "values": ["1 pF", "3 pF", "5 pF"]}
    (line,) = told(capacitances)
    assert line.startswith("at some points node.release_capacitance_F: must be 30 * capacitance_F")
    assert line.endswith("if it should follow, pair it with that axis")
    wide = ["30 pF", "90 pF", "150 pF"]
    released = {"path": "profile.node.release_capacitance_F", "values": wide}
    assert told({"paired": [capacitances, released]}) == []
    # What an axis sets need not be what its source derives.
    assert told({"path": "deploy.release_ratio", "values": [3, 30]}) == []
    farads = told({"path": "profile.node.capacitance_F", "values": [1, 2]})
    assert any("is the prefix right?" in line for line in farads)


def test_as_many_points_are_looked_at_however_many_there_are(monkeypatch):
    looked = []
    monkeypatch.setattr(strange, "warnings_in", lambda chip: looked.append(chip) or [])
    values = [1e-12 * (1 + k / 1e4) for k in range(500)]
    assert made_odd(made({"path": "profile.node.capacitance_F", "values": values})) == []
    assert 40 <= len(looked) <= 2 * 24
    looked.clear()
    assert made_odd(made({"path": "experiment.seed", "values": list(range(500))})) == []
    assert not looked
