"""Run folders of version 0.1.0: settling time was chip_time_s, and noise was an engine."""

import csv
import json

import numpy as np
import pytest

from neurosim.files import load_tree, save_tree
from neurosim.host import Experiment, FlowSettings
from neurosim.profile import load_profile
from neurosim.report import write_report
from neurosim.runs import Run
from trainings import resume, train

EXPERIMENT = Experiment(updates=4, batch=16, flow=FlowSettings(settle_tau=1.0))


def made_former(run):
    """Give a run folder the names of version 0.1.0."""
    tree = load_tree(run.checkpoint)
    ledger = tree["chip"]["ledger"]
    ledger["chip_time_s"] = ledger.pop("settle_time_s")
    save_tree(run.checkpoint, tree)
    with run.metrics_path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    names = [name.replace("settle_time_s", "chip_time_s") for name in rows[0] if name != "time_s"]
    with run.metrics_path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | {"chip_time_s": row["settle_time_s"]} for row in rows)
    if "ledger" in run.facts:
        totals = dict(run.facts["ledger"])
        run.note(ledger={"chip_time_s": totals.pop("settle_time_s"), **totals})
    return names


@pytest.fixture
def profile():
    return load_profile("cmos_rc_6bit").with_value("layers", (64, 12, 10))


def cut(profile, path):
    """The run, stopped after its second update."""

    def stop(update, total):
        if update.update == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(profile, EXPERIMENT, path, progress=stop)
    return Run.open(path)


def test_a_stopped_one_goes_on_under_the_header_that_it_has(tmp_path, profile):
    whole = train(profile, EXPERIMENT, tmp_path / "whole")
    names = made_former(cut(profile, tmp_path / "cut"))
    resumed = resume(tmp_path / "cut")
    with resumed.metrics_path.open(newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == names
    assert [len(row) for row in rows] == [len(names)] * 5
    metrics, wanted = resumed.metrics(), whole.metrics()
    np.testing.assert_array_equal(metrics["chip_time_s"], wanted["settle_time_s"])
    for name in set(names) - {"chip_time_s", "wall_s"}:
        np.testing.assert_array_equal(metrics[name], wanted[name])
    assert resumed.facts["ledger"] == whole.facts["ledger"]


@pytest.mark.slow
def test_a_finished_one_is_opened_and_reported(tmp_path, profile):
    run = train(profile, EXPERIMENT, tmp_path / "run")
    ledger = run.chip().ledger
    made_former(run)
    assert "chip_time_s" in json.loads((run.path / "run.json").read_text())["ledger"]
    assert run.chip().ledger == ledger
    page = write_report(Run.open(run.path)).read_text()
    assert "of it settling and waiting" in page
    assert "time: settling and waiting" in page


def test_one_whose_profile_says_stochastic_goes_on_and_keeps_its_file(tmp_path, profile):
    """Noise was an engine of its own; a checkpoint belongs to the bytes of profile.yaml."""
    whole = train(profile, EXPERIMENT, tmp_path / "whole")
    run = cut(profile, tmp_path / "cut")
    file, tree = run.path / "profile.yaml", load_tree(run.checkpoint)
    text = file.read_text("utf-8")
    assert text.count("engine: transient") == 1
    file.write_text(former := text.replace("engine: transient", "engine: stochastic"), "utf-8")
    save_tree(run.checkpoint, tree | {"identity": run.kept.identity})
    resumed = resume(run.path)
    assert resumed.profile == whole.profile
    assert file.read_text("utf-8") == former
    for name, values in whole.metrics().items():
        if name != "wall_s":
            np.testing.assert_array_equal(resumed.metrics()[name], values)
