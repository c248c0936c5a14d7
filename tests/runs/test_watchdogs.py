"""Each check barks at what it is for, is silent beside it, and is heard where a person looks."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from commands import run
from neurosim.chip import Chip
from neurosim.host import Experiment, FlowSettings, present
from neurosim.network import Weights
from neurosim.profile import load_profile
from neurosim.runs import Run, Trained, watch
from neurosim.runs.watchdogs import CHECKS
from neurosim.runs.watched import Watched, _settled_twice, watched
from neurosim.solvers import Transient
from neurosim.solvers.transient import Chunk

SIZES = (64, 6, 5)


def presentation(**settings):
    return FlowSettings(**settings).on(Chip("cmos_rc_6bit").data_sheet)


@pytest.fixture(scope="module")
def well():
    """A run in which all is well: 8-bit DACs over 3.2 units, the nudge that the chip advises."""
    kinds = ("adc", "difference", "ammeter", "correlator", "dac", "injector")
    ledger = {f"{kind}_conversions": 1000 for kind in kinds} | {"rows_settled": 100}
    return Watched(presentation(), ledger, 1.4, 0.025, 0.04, 0)


def barks(seen):
    return [said for check in CHECKS if (said := check(seen)) is not None]


def test_where_all_is_well_nothing_is_said(well):
    assert barks(well) == []
    edge = {"adc_clipped": 10, "dac_clipped": 10}
    at_the_edge = replace(well, ledger=well.ledger | edge, moved=0.1, risen=None)
    assert barks(at_the_edge) == []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"moved": 0.2}, "those with a source would move by 20% of their displacement; raise flow"),
        ({"ledger": {"adc_clipped": 11}}, "The ADCs must hold what they convert, but 1.1% of 1,0"),
        ({"ledger": {"difference_clipped": 11}}, "The converters of amplified differences must h"),
        ({"ledger": {"ammeter_clipped": 11}}, "The ammeters must hold what they convert, but 1"),
        ({"ledger": {"correlator_clipped": 11}}, "The correlators must hold what they conve"),
        ({"ledger": {"dac_clipped": 11}}, "The DACs must hold what they convert, but 1.1% of 1,0"),
        ({"ledger": {"injector_clipped": 11}}, "The injectors must hold what they convert"),
        ({"ledger": {"rows_diverged": 1}}, "Every row must settle, but 1 of 100 diverged"),
        ({"ledger": {"rows_refused": 2}}, "Every row must have an operating point, but that of 2"),
        ({"dac_step": 0.05}, "but as a rule does by 0.303 of one (0.015 of a unit; a step is"),
        ({"flow": {"beta": 1.6e-2}}, "must keep 5% of the spring or more, but keeps 4.0%"),
        ({"risen": 1}, "must fall while it settles, but rises in 1 of 16 rows"),
    ],
    ids=[check.__name__ for check in CHECKS],
)
def test_a_check_barks_at_what_it_is_for_and_no_other_does(well, change, text):
    if "ledger" in change:
        change = {"ledger": well.ledger | change["ledger"]}
    elif "flow" in change:
        change = {"flow": presentation(**change["flow"])}
    (said,) = barks(replace(well, **change))
    assert text in said
    assert said.endswith(".")


def test_an_ammeter_that_clips_is_not_called_an_adc(well):
    """The ledger of a run knows which converter it was; an older one does not."""
    small = {"layers": SIZES, "current_sense.range_A": 1e-7}
    chip = Chip(load_profile("cmos_rc_6bit").with_values(small))
    chip.program(Weights.zeros(chip.die.layers))
    x_t = np.random.default_rng(0).standard_normal((4, SIZES[0]))
    present(chip, x_t, -x_t, FlowSettings())
    ledger = chip.ledger.totals()
    assert ledger["ammeter_clipped"] > 0.1 * ledger["ammeter_conversions"] == 0.1 * 4 * SIZES[0]
    assert ledger["adc_clipped"] <= 0.01 * ledger["adc_conversions"]
    (said,) = barks(replace(well, ledger=ledger | {"dac_clipped": 0}))
    assert said.startswith("The ammeters must hold")
    assert "widen current_sense.range_A" in said
    (said,) = barks(replace(well, ledger={"adc_conversions": 100, "adc_clipped": 50}))
    assert said.startswith("The converters that read must hold")


def test_a_one_sided_nudge_needs_no_negative_spring(well):
    flow = presentation(beta=1.6e-2, phases="one-sided")
    assert barks(replace(well, flow=flow)) == []


@pytest.fixture
def untaught(tmp_path):
    """A run folder of a chip whose weights are zero."""

    def make(settle_tau, name="ideal_hopfield"):
        profile = load_profile(name).with_value("layers", SIZES)
        chip = Chip(profile)
        chip.program(Weights.zeros(chip.die.layers))
        flow = FlowSettings(settle_tau=settle_tau)
        states = chip.state(), {"n_done": 0}
        return Run.create(tmp_path / "run", profile, Experiment(batch=8, flow=flow), states)

    return make


@pytest.mark.parametrize("settle_tau", [0.1, 0.2])
def test_what_would_still_move_is_that_of_a_leaky_capacitor(untaught, settle_tau):
    """A node on a spring of 15 g alone: what is left of its way shrinks by exp(-16 T / tau)."""
    seen = watched(untaught(settle_tau))
    # The solver's relative error of 1e-3 a step.
    assert seen.moved == pytest.approx(np.exp(-16 * settle_tau), rel=5e-3)
    # exp(-1.6) is more than a tenth in every row, and exp(-3.2) in none.
    assert (seen.late, seen.rows) == ({0.1: 8, 0.2: 0}[settle_tau], 8)
    assert (seen.risen, seen.rows) == (0, 8)


class Uphill(Transient):
    """An engine that errs: away from where the nodes should go."""

    def run(self, rate_of, u_V, span, system, noise):
        del rate_of, span, system, noise
        return Chunk(u_V + 1.0, np.zeros(len(u_V)), 1, 1, np.zeros(len(u_V), dtype=bool))


def test_an_engine_that_climbs_is_found():
    profile = load_profile("ideal_hopfield").with_value("layers", SIZES)
    found = []
    for engine in (Transient(), Uphill()):
        chip = Chip(profile, engine=engine)
        x_V = 0.1 * np.random.default_rng(0).standard_normal((5, 64))
        chip.precharge(x_V)
        chip.drive(x_V, 15 * chip.data_sheet.unit_S)
        found.append(_settled_twice(chip, chip.data_sheet.tau_s).risen)
    assert found == [0, 5]


def test_devices_that_drift_are_as_old_as_their_last_write(untaught):
    """One device of a pair is written after 5 s, and the chip is seen 2 s later."""
    profile = load_profile("pcm_hermes_14nm").with_value("layers", SIZES)
    chip = Chip(profile)
    weights = Weights.zeros(chip.die.layers)
    chip.program(weights)
    chip.wait(5.0)
    weights.bias[0] = 0.5 * profile.coupling.full_scale
    chip.program(weights)
    chip.wait(2.0)
    ages_s = watched(Trained(chip, Experiment(batch=8))).ages_s
    assert ages_s == pytest.approx((7.0, 7.0), rel=1e-6)
    chip.refresh()
    chip.wait(1.0)
    assert watched(Trained(chip, Experiment(batch=8))).ages_s == pytest.approx((1.0, 1.0))
    assert watched(untaught(1.0)).ages_s is None


def test_a_chip_with_imperfections_need_not_descend(untaught):
    assert watched(untaught(0.2, "cmos_rc_6bit")).risen is None


@pytest.mark.parametrize(
    ("name", "nudged"), [("bss2_65nm", False), ("cmos_rc_6bit", True), ("ideal_hopfield", True)]
)
def test_the_six_bit_sources_of_a_shipped_chip_do_not_see_their_nudge(untaught, name, nudged):
    """Its DAC steps by 0.21, the advised nudge displaces by 0.02."""
    said = [text for text in watch(untaught(0.5, name)) if "half a step of the DAC" in text]
    assert bool(said) is not nudged


TRAIN = ("train", "--profile", "ideal_hopfield", "--layers", "64,6,5", "--updates", 1)
TRAIN += ("--batch", 8, "--settle-tau", 0.1)


@pytest.mark.slow
def test_warnings_are_said_and_strict_makes_them_errors(tmp_path):
    done = run(*TRAIN, "--out", tmp_path / "a")
    assert done.exit_code == 0
    (text,) = [line for line in done.stderr.splitlines() if "warning" in line]
    assert text.startswith("neurosim: warning: Nodes must stand still when they are read, but in")
    said = text.removeprefix("neurosim: warning: ")
    # As the page has it, where an apostrophe or a sign may be written otherwise.
    assert said in (tmp_path / "a" / "report.html").read_text()
    done = run("report", tmp_path / "a", "--strict")
    assert (done.exit_code, done.stderr) == (1, f"neurosim: {said}\n")
    done = run("report", tmp_path / "a", "--json", "--strict")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["warnings"] == [said]


def test_a_strict_training_is_kept_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("neurosim.report.write_report", lambda run, warnings: None)
    done = run(*TRAIN, "--out", tmp_path / "a", "--strict", "--json")
    assert done.exit_code == 1
    assert len(json.loads(done.stdout)["warnings"]) == 1
    assert Run.open(tmp_path / "a").n_done == 1
    assert (tmp_path / "a" / "weights.csv").exists()


def test_watching_changes_nothing_of_a_run(plain, tmp_path):
    folder = shutil.copytree(plain, tmp_path / "run")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert watch(folder) == watch(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_nudge_of_answers_is_that_of_the_answers_and_not_of_held_inputs():
    """Answers are 1 or -1, and 64 inputs are held beside ten of them."""
    chip = Chip(
        load_profile("ideal_hopfield").with_values({"layers": (64, 6, 10), "sources": (0, -1)})
    )
    chip.program(Weights.zeros(chip.die.layers))
    assert watched(Trained(chip, Experiment.suited("classify"))).velocity == 1


def test_a_task_of_another_chip_is_the_one_thing_that_is_said():
    """What is out of the way there asks to raise beta and to lower it."""
    trained = ns.train("board_resistive", ns.Experiment(updates=1, batch=8))
    assert len(found := watch(trained)) == 1
    assert "--task" in found[0]
