"""The page as a browser without a network meets it."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from pydantic import BaseModel

from neurosim.analysis import present
from neurosim.chip.oscilloscope import Trace
from neurosim.host.experiment import Experiment
from neurosim.network import Layers
from neurosim.profile import load_profile
from neurosim.report import RunView, render_report
from neurosim.report.settings import blocks_of
from neurosim.runs import Explanation, Finding
from neurosim.safe_text import has_hidden
from pages import Parsed, in_a_browser, made


class Node(BaseModel):
    unit_V: float = 0.1
    leak_S: float = 1e-5
    capacitance_F: float = 1e-12
    source: dict[str, str] = {"leak_S": "a paper on <leaks>"}

    @property
    def oscillating(self) -> bool:
        return False

    @property
    def tau_s(self) -> float:
        return self.capacitance_F / self.leak_S


class Adc(BaseModel):
    bits: int = 8
    source: str = "assumed: an ordinary converter"


class Chip(BaseModel):
    name: str = "tiny"
    summary: str = "A chip for tests."
    layers: tuple[int, ...] = (4, 3)
    node: Node = Node()
    adc: Adc = Adc()


def judged(feature):
    values = {"nn_two_sample": 0.7, "w2": 2.6, "precision": 0.9, "recall": 0.7, "density": 1.1}
    values |= {"coverage": 0.94, "frechet_feature": feature, "frechet_pixel": 0.7}
    values |= {"class_entropy": 0.98, "smallest_class": 0.08, "nearest_distance": 1.9, "n": 2000}
    return values | {"class_shares": [0.1] * 10}


@pytest.fixture(scope="module")
def view():
    rng = np.random.default_rng(0)
    n, layers = 3000, Layers((4, 3))
    loss = (0.3 + 2 * np.exp(-np.arange(n) / 200)) * (1 + 0.05 * rng.standard_normal(n))
    metrics = {"update": np.arange(1.0, n + 1), "flow_loss": loss, "gradient_norm": loss}
    metrics |= {f"flow_loss_{k}": loss * (1 + k) for k in range(5)}
    ramp = 2e-6 * np.linspace(0, 1, 61) ** 2
    trace = Trace(
        layers,
        np.concatenate([ramp, ramp + 2e-6, ramp + 4e-6]),
        0.05 * rng.standard_normal((183, layers.n_nodes)),
        (2e-6, 4e-6, 6e-6),
    )
    floors = {"real": judged(0.641), "noisy": judged(0.852), "gaussian": judged(4.753)}
    how = {"flow_loss": 0.33, "mode": "free-running", "t_end": 1.2, "seed": 0}
    return RunView(
        name="a run",
        command="neurosim train --profile 'tiny' --out runs/a && echo done",
        profile=Chip(),
        experiment=Experiment(updates=n),
        metrics=metrics,
        samples=rng.uniform(-1, 1, (100, 64)),
        trace=trace,
        evaluation=judged(1.543) | how | {"baselines": floors},
        ledger={"settle_time_s": 1.5e-3, "settles": 9000, "dac_clipped": 12345, "steps": 7},
        versions={"python": "3.11.4", "numpy": "2.4.6"},
    )


@pytest.fixture(scope="module")
def plain(view):
    """The same without the pictures that take longest to draw."""
    return replace(view, samples=None, trace=None)


@pytest.fixture(scope="module")
def text(view):
    return render_report(view)


def test_page_is_balanced_html_for_a_phone(text):
    page = Parsed(text)
    assert page.wrong == []
    assert page.open == []
    assert text.lstrip().lower().startswith("<!doctype html>")
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [400, 1100])
def test_a_browser_shows_the_page_of_a_chip_without_complaint(plain, tmp_path, width):
    profile = load_profile("cmos_rc_6bit")
    page = render_report(replace(plain, profile=profile, sources=present(profile)))
    assert in_a_browser(page, width, tmp_path) == "images 2 broken 0 lost 0 wide false sideways 0"


def test_page_needs_no_network_and_runs_no_script(text):
    page = Parsed(text)
    assert page.addresses
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert not {"script", "iframe", "object", "embed"} & set(page.tags)
    assert not re.search(r"url\(|@import", text)


def test_every_picture_can_be_saved(text):
    page = Parsed(text)
    assert page.tags.count("img") == 4
    assert len(page.downloads) == 4
    assert {name.rpartition(".")[2] for name in page.downloads} <= {"svg", "png"}


def test_page_stays_small(text):
    assert len(text.encode()) <= 600_000


def test_floors_stand_beside_the_chip(text):
    shown = Parsed(text).text
    for value in ("1.54", "0.641", "0.852", "4.75"):
        assert value in shown
    assert "Gaussian" in shown


def test_parameters_have_units_and_sources(view, text):
    shown = Parsed(text).text
    for part in ("100 mV", "1 pF", "a paper on <leaks>", "assumed: an ordinary converter"):
        assert part in shown
    assert "learning_rate" in shown
    assert "2.4.6" in shown
    assert view.command in shown


def test_ledger_has_a_prefix_and_all_counts(text):
    shown = Parsed(text).text
    assert "1.5 ms" in shown
    assert "12,345" in shown


@pytest.mark.slow
def test_energy_and_time_stand_by_part_with_their_shares(plain):
    spent = {"settle_time_s": 3e-3, "read_time_s": 1e-3, "time_s": 4e-3}
    spent |= {"couplings_J": 2e-6, "adc_J": 6e-6, "energy_J": 8e-6, "dac_J": 0.0}
    shown = Parsed(render_report(replace(plain, ledger=spent))).text
    for part in ("energy: adc 6 uJ 75.0%", "energy: couplings 2 uJ 25.0%",
                 "time: settling and waiting 3 ms 75.0%", "time: reading 1 ms 25.0%"):  # fmt: skip
        assert part in shown
    assert "energy: dac" not in shown
    for part in ("time on one chip 4 ms", "of it settling and waiting 3 ms"):
        assert part in shown


@pytest.mark.slow
def test_imperfections_are_listed_with_when_they_are_drawn(plain, text):
    assert "Every effect of this profile is ideal." in Parsed(text).text
    sources = present(load_profile("cmos_rc_6bit"))
    shown = Parsed(render_report(replace(plain, sources=sources))).text
    assert "leak mismatch fabrication common" in shown
    assert all(source.name in shown for source in sources)


def test_a_measured_noise_ledger_has_its_figure(plain):
    page = Parsed(render_report(replace(plain, noise=made())))
    assert "noise.svg" in page.downloads


@pytest.mark.parametrize("field", ["name", "command"])
def test_what_a_user_writes_is_text_and_never_markup(plain, field):
    text = render_report(replace(plain, **{field: "<script>alert(1)</script>\"'&"}))
    assert "<script" not in text
    assert "<script>alert(1)</script>\"'&" in Parsed(text).text


def test_what_a_profile_says_is_text_and_never_markup(plain):
    bad = "<script>x</script>"
    profile = Chip(name=bad, summary=bad, adc=Adc(source=bad), node=Node(source={"leak_S": bad}))
    text = render_report(replace(plain, profile=profile))
    assert "<script" not in text
    assert Parsed(text).text.count(bad) >= 4


def test_a_page_hides_nothing_and_can_be_written(plain):
    bad = "a\x1b[2J\u202e\x00\ud800\x85b"
    profile = Chip(name=bad, summary=bad, adc=Adc(source=bad))
    text = render_report(replace(plain, profile=profile, name=bad, command=bad))
    assert not has_hidden(text.replace("\n", ""))
    assert Parsed(text).text.count(r"a\u001b[2J\u202e\u0000\ud800\u0085b") >= 5


def test_what_is_absent_is_said_by_its_word_and_only_advice_is_the_chips(plain):
    write = dict(blocks_of(load_profile("rram_cmo_hfox")))["write"]
    assert ("verify", "none") in [row[:2] for row in write]
    text = Parsed(render_report(plain)).text
    assert "labels none" in " ".join(text.split())


def test_why_it_is_as_good_as_it_is_ends_with_the_verdict(plain):
    finding = Finding(cause="drift", measured="1 %", advice="refresh", weight=0.1)
    found = Explanation(
        name="runs/mine", chip="cmos", drawn="answers", first=[finding], cosine=0.4, error=0.2,
        cosine_ideal=0.99, error_ideal=0.05, quality_name="test accuracy", quality=0.5,
        quality_ideal=0.4, quality_rows=300,
    )  # fmt: skip
    assert found.verdict()
    assert found.verdict() in Parsed(render_report(replace(plain, explanation=found))).text


def test_page_without_samples_trace_and_evaluation_is_whole(plain):
    page = Parsed(render_report(replace(plain, evaluation=None)))
    assert page.wrong == []
    assert page.open == []
    assert page.tags.count("img") == 1


def test_beside_the_scale_of_a_file_stands_what_it_did(plain):
    shown = Parsed(render_report(replace(plain, scaling="0 to 1 scaled to -1 to 1"))).text
    assert "scale auto; 0 to 1 scaled to -1 to 1" in " ".join(shown.split())
