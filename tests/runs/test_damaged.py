"""Whatever a run folder holds in place of what was written: one line, and no number from it."""

import json
import shutil

import numpy as np
import pytest

from commands import one_line, run
from neurosim.errors import CheckpointError, RunError
from neurosim.files import load_tree, save_tree
from neurosim.runs import Run
from tools import posix
from trainings import resume

LONG = "x" * 300


@pytest.fixture
def copy(begun, tmp_path):
    return shutil.copytree(begun, tmp_path / "run")


def change(tree, path, value):
    *above, last = path.split(".")
    for key in above:
        tree = tree[key]
    tree[last] = value(tree[last]) if callable(value) else value


def with_nan(values):
    values = values.copy()
    values[3] = np.nan
    return values


TREES = [
    ("chip.achieved_S", with_nan, "chip: achieved_S must be finite, but 1 of its"),
    ("chip.target_S", with_nan, "chip: target_S must be finite"),
    ("chip.achieved_S", lambda a: -a, "chip: achieved_S must be at least 0 S, but goes down to"),
    ("chip.achieved_S", lambda a: a[:-1], "chip: achieved_S must be float64 of shape"),
    ("chip.target_S", lambda a: a.astype(str), "chip: target_S must be float64 of shape"),
    ("chip.target_S", 3.0, "chip: target_S must be an array, but is 3.0"),
    ("chip.draws", [], "chip: draws must be a block of values"),
    ("chip.ledger.settles", "many", "chip: ledger.settles must be a finite number, but is 'many'"),
    ("chip.ledger", {"of_another_version": 1.0}, "must hold a complete chip, but does not"),
    ("chip.row_s", float("nan"), "chip: row_s must be a finite number, but is nan"),
    ("trainer.optimizer.weights", with_nan, "trainer: optimizer.weights must be finite"),
    ("trainer.optimizer.average", with_nan, "trainer: optimizer.average must be finite"),
    ("trainer.optimizer.second", lambda a: a[None], "trainer: optimizer.second must be float64"),
    ("trainer.optimizer", {}, "trainer: optimizer."),
    ("trainer.optimizer.n_steps", True, "trainer: optimizer.n_steps must be a count"),
    ("trainer.calibration", {}, "trainer: calibration must not be there"),
    ("trainer.n_done", -1, "trainer: n_done must be a count of at least 0, but is -1"),
    ("trainer.n_done", "2", "trainer: n_done must be a count"),
    ("trainer.n_done", 5, "must hold at most the 4 updates of the experiment, but holds 5"),
    ("trainer", None, "must hold a chip and a trainer"),
]


@pytest.mark.parametrize(("path", "value", "line"), TREES)
def test_a_checkpoint_that_no_training_wrote_is_refused_by_all_that_read_it(
    copy, path, value, line
):
    before = load_tree(copy / "checkpoint.npz")
    change(before, path, value)
    save_tree(copy / "checkpoint.npz", before)
    data = (copy / "checkpoint.npz").read_bytes()
    commands = [("sample", copy, "-n", 7), ("export", copy, "--to", copy / "x.csv")]
    commands += [("train", "--resume", "--out", copy)]
    for command in commands:
        assert line in one_line(run(*command))
    assert not (copy / "x.csv").exists()
    assert (copy / "checkpoint.npz").read_bytes() == data


@pytest.mark.parametrize("read", [Run.weights, Run.calibration, lambda run: run.n_done])
def test_no_part_of_a_damaged_trainer_is_handed_out(copy, read):
    tree = load_tree(copy / "checkpoint.npz")
    change(tree, "trainer.optimizer.weights", with_nan)
    save_tree(copy / "checkpoint.npz", tree)
    with pytest.raises(CheckpointError, match=r"optimizer\.weights must be finite"):
        read(Run.open(copy))


def rewritten(copy, **arrays):
    """The checkpoint with other arrays, or without some."""
    with np.load(copy / "checkpoint.npz") as archive:
        kept = {name: archive[name] for name in archive.files}
    kept |= arrays
    np.savez(copy / "checkpoint.npz", **{k: v for k, v in kept.items() if v is not None})


@pytest.mark.parametrize(
    "arrays",
    [
        {"chip/target_S": None},
        {"__tree__": None},
        {"__tree__": np.array("[1, 2]")},
        {"__tree__": np.array("3")},
        {"__tree__": np.array("[" * 10_000)},
        {"__tree__": np.array('{"chip": {"__array__": [1]}}')},
        {"__tree__": np.array('{"chip": {"__array__": "none"}, "trainer": {}}')},
        {"__tree__": np.array('{"chip": ' * 900 + "{}" + "}" * 900)},
        {"__tree__": np.zeros((2, 2))},
    ],
)
def test_a_checkpoint_whose_tree_is_none_is_damaged(copy, arrays):
    rewritten(copy, **arrays)
    with pytest.raises(CheckpointError, match="must"):
        Run.open(copy).load()
    assert "checkpoint.npz must" in one_line(run("sample", copy, "-n", 7))


FACTS = [
    ("ledger", 3, "run.json: ledger: must be a mapping, but is 3"),
    ("ledger", {"energy_J": "much"}, "run.json: ledger.energy_J: must be"),
    ("ledger", {"energy_J": float("nan")}, "run.json: ledger.energy_J: must be"),
    ("versions", ["1"], "run.json: versions: must be a mapping"),
    ("versions", {"numpy": 2}, "run.json: versions.numpy: must be text, but is 2"),
    ("updates", "four", "run.json: updates: must be a whole number, but is 'four'"),
    ("updates", -4, "run.json: updates: must be at least 0, but is -4"),
    ("start", 3, "run.json: start: must be text, but is 3"),
    ("command", None, "run.json: command: must be text, but is empty"),
]


@pytest.mark.every(3)
@pytest.mark.parametrize(("name", "value", "line"), FACTS)
def test_facts_of_other_types_are_named(copy, name, value, line):
    path = copy / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    assert line in one_line(run("report", copy))
    with pytest.raises(RunError, match=name):
        resume(copy)


JUDGED = [
    ("w2", "low", "evaluation.json: w2: must be"),
    ("frechet_feature", float("inf"), "evaluation.json: frechet_feature: must be"),
    ("baselines", [], "evaluation.json: baselines: must be a mapping"),
    ("baselines", {"real": {}}, "must have a baseline real with the same figures"),
    ("class_shares", [0.1] * 9, "evaluation.json: class_shares: must have at least 10 items"),
    ("class_shares", ["a"] * 10, "evaluation.json: class_shares.0: must be a number, but is 'a'"),
    ("class_shares", [2.0] * 10, "evaluation.json: class_shares.0: must be at most 1, but is 2"),
    ("n", 7.5, "evaluation.json: n: must be a whole number, but is 7.5"),
    ("t_end", None, "evaluation.json: t_end: must be"),
    ("mode", 1, "evaluation.json: mode: must be text, but is 1"),
    ("n_real", "all", "evaluation.json: n_real: must be a whole number"),
]


@pytest.mark.parametrize(("name", "value", "line"), JUDGED)
def test_an_evaluation_of_other_types_is_named_and_can_be_made_again(copy, name, value, line):
    path = copy / "evaluation.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    said = one_line(run("report", copy))
    assert line in said
    assert said.endswith(f"make it again with `neurosim evaluate {copy}`.")


FILES = ["profile.yaml", "experiment.yaml", "run.json", "checkpoint.npz", "metrics.csv"]
KINDS = {
    "a folder": lambda path: path.mkdir(),
    "a circle of links": lambda path: path.symlink_to(path.name),
    "empty": lambda path: path.touch(),
    "deep": lambda path: path.write_text("[" * 10_000),
    "no text": lambda path: path.write_bytes(b"\xff\x00\xfe" * 50),
}


@posix
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_something_else_is_one_line(copy, name, kind):
    (copy / name).unlink()
    KINDS[kind](copy / name)
    assert str(copy) in one_line(run("report", copy))
    assert str(copy) in one_line(run("train", "--resume", "--out", copy))


@posix
@pytest.mark.parametrize("name", ["loop", "loop/x", LONG, f"{LONG}/x"])
def test_a_name_that_nothing_can_have_is_one_line(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    out = tmp_path / name
    options = ("--profile", "ideal_hopfield", "--updates", 1, "--batch", 8)
    sweep = tmp_path / "s.yaml"
    sweep.write_text(f"name: s\nbase: {{run: {out}}}\n")
    for command in (
        ("sample", out),
        ("report", out),
        ("export", out, "--to", tmp_path / "x.csv"),
        ("plan", out, "--to", tmp_path / "x.csv"),
        ("train", *options, "--out", out),
        ("train", *options, "--out", out, "--resume"),
        ("train", *options, "--from", out, "--out", tmp_path / "new"),
        ("train", *options, "--dataset", out, "--out", tmp_path / "new"),
        ("sweep", sweep, "--out", tmp_path / "new"),
    ):
        assert "must be" in one_line(run(*command))
    assert {path.name for path in tmp_path.iterdir()} == {"loop", "s.yaml"}


METRICS = [
    (1, "flow_loss", "nan", "flow_loss of update 1 is nan"),
    (2, "flow_loss", "inf", "flow_loss of update 2 is inf"),
    (1, "flow_loss", "1e308", "flow_loss of update 1 is 1e+308"),
    (1, "flow_loss_3", "-inf", "flow_loss_3 of update 1 is -inf"),
    (2, "update", "7", "its updates are not 1 to 2 in order"),
    (2, "update", "nan", "its updates are not 1 to 2 in order"),
    (0, "flow_loss_2", "gone", "it has no column flow_loss_2"),
    (1, "gradient_norm", "x", "must be a table of numbers, but is not;"),
]


@pytest.mark.parametrize(("row", "name", "value", "line"), METRICS)
def test_a_metrics_table_of_no_numbers_is_named_before_an_update_is_added(
    copy, row, name, value, line
):
    path = copy / "metrics.csv"
    rows = [text.split(",") for text in path.read_text().splitlines()]
    rows[row][rows[0].index(name)] = value
    path.write_text("".join(",".join(cells) + "\n" for cells in rows))
    assert line in one_line(run("report", copy))
    assert line in one_line(run("train", "--resume", "--out", copy))


@pytest.mark.parametrize("other", ["grad\\0ient_norm", "gradient", ""])
def test_a_column_that_no_update_can_fill_is_named_before_one_is_added(copy, other):
    path = copy / "metrics.csv"
    path.write_text(path.read_text().replace("gradient_norm", other.replace("\\0", "\0"), 1))
    before = path.read_bytes()
    result = run("train", "--resume", "--out", copy)
    assert "must have columns of this training, but has" in one_line(result)
    assert path.read_bytes() == before


@pytest.mark.slow
def test_a_fifth_of_time_without_rows_and_a_line_in_the_writing_are_no_damage(copy):
    path = copy / "metrics.csv"
    rows = [text.split(",") for text in path.read_text().splitlines()]
    for cells in rows[1:]:
        cells[rows[0].index("flow_loss_4")] = "nan"
    path.write_text("".join(",".join(cells) + "\n" for cells in rows) + "3,0.4")
    result = run("report", copy)
    assert result.exit_code == 0, result.output
    assert len(Run.open(copy).metrics()["update"]) == 2


def test_a_judgement_is_kept_without_nan(copy, monkeypatch):
    """Of few images a fifth of time may have none, and JSON has no NaN."""
    kept = json.loads((copy / "evaluation.json").read_text())
    found = kept | {"flow_loss_by_t": [0.1, float("nan")]}
    monkeypatch.setattr("neurosim.runs.Trained.evaluate", lambda *args, **options: (found, None))
    result = run("evaluate", copy, "--json")
    assert result.exit_code == 0, result.output
    for text in (result.stdout, (copy / "evaluation.json").read_text()):
        assert "NaN" not in text
        assert json.loads(text)["flow_loss_by_t"] == [0.1, None]
