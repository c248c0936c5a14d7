"""What a person gets wrong at the Python face is told in one line: what must hold, what is, do."""

import re
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import pytest
from own_parts import Stiffening, Wired

import neurosim as ns
from neurosim.blocks.block import Block
from neurosim.circuit import UnitAmplifier
from neurosim.errors import NeurosimError

IDEAL = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
ONCE = ns.Experiment(updates=1, batch=4, flow={"settle_tau": 1.0})
IMAGES = ns.load_digits()[0]
LINE = re.compile(r"[^\n]+ must [^\n]+, but [^\n]+[;:] [^\n]+[.?]")


@pytest.fixture(scope="module")
def trained():
    return ns.train(IDEAL, ONCE)


@pytest.fixture
def chip():
    chip = ns.Chip(IDEAL)
    chip.precharge(0 * IMAGES[:2])
    return chip


def refused(call, said):
    with pytest.raises(NeurosimError, match=said) as found:
        call()
    assert LINE.fullmatch(str(found.value)), str(found.value)


@pytest.mark.parametrize("n_threads", [0, -5])
def test_threads_are_at_least_one(n_threads, tmp_path):
    said = f"Chip.n_threads must be at least 1, but is {n_threads}"
    refused(partial(ns.train, IDEAL, ONCE, n_threads=n_threads), said)
    ns.train(IDEAL, ONCE, keep=tmp_path / "run")
    refused(partial(ns.resume, tmp_path / "run", n_threads=n_threads), said)


def test_a_seed_is_at_least_zero(trained):
    known = np.where(np.arange(64) < 32, IMAGES[:1], np.nan)
    for call in (
        partial(trained.draw, 3),
        partial(trained.evaluate, 9),
        partial(ns.sample, trained, 3),
        partial(ns.inpaint, trained, known, start="noise"),
        trained.flow_loss,
    ):
        refused(partial(call, seed=-1), "A seed must be a whole number of at least 0, but is -1")


@pytest.mark.parametrize("data", [np.zeros(64), np.zeros((2, 8, 8)), np.array([["a"] * 64])])
def test_data_of_a_trainer_are_a_matrix_of_numbers(data):
    refused(partial(ns.Trainer, ns.Chip(IDEAL), ONCE, data), "Trainer.data must be an array of num")


def test_images_lie_in_their_range(trained):
    refused(partial(ns.Trainer, ns.Chip(IDEAL), ONCE, 5 * IMAGES), r"must lie in \[-1, 1\]")
    refused(partial(ns.inpaint, trained, 5 * IMAGES[:2]), r"must lie in \[-1, 1\]")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (None, "Changes of a block must be a mapping, but is None"),
        ({3: 6}, "The path of a change must be a text, but is 3"),
    ],
)
def test_changes_of_a_block_are_values_by_path(changes, said):
    refused(partial(IDEAL.with_values, changes), said)
    with pytest.raises(ns.ProfileError, match=r"^'': there is no such field"):
        IDEAL.with_values({"": 6})


@pytest.mark.parametrize("block", [IDEAL, ONCE, ns.Adc()])
def test_a_block_stays_as_it_is(block):
    name, *_ = type(block).model_fields
    said = rf"{type(block).__name__}\.{name} must stay as it is, but is"
    refused(lambda: setattr(block, name, 3), said)
    refused(lambda: delattr(block, name), said)


@pytest.mark.parametrize("wrong", [["x"], [3], [Stiffening()], [int], "x"])
def test_laws_are_classes(wrong, trained, tmp_path):
    said = r"laws must (hold classes of your own made from Block, but holds|be a list, but is)"
    ns.train(IDEAL, ONCE, keep=tmp_path / "run")
    (tmp_path / "own.yaml").write_text((tmp_path / "run" / "profile.yaml").read_text())
    for call in (
        partial(ns.load_profile, tmp_path / "own.yaml"),
        partial(ns.sample, tmp_path / "run", 2),
        partial(ns.resume, tmp_path / "run"),
        partial(ns.Run.open, tmp_path / "run"),
        partial(ns.Trained.of, tmp_path / "run"),
        partial(ns.sweep, trained, {"sampling.t_end": [0.1]}),
    ):
        refused(partial(call, laws=wrong), said)


class Shrunk(Block):
    at_write: ClassVar[bool] = False
    law: Literal["shrunk"] = "shrunk"

    def aged(self, written_S, target_S, elapsed_s, deviate):
        return written_S[:-1]

    def scale_s(self):
        return 1.0


class Broken(Shrunk):
    law: Literal["broken"] = "broken"

    def aged(self, written_S, target_S, elapsed_s, deviate):
        return 1 / 0


class BrokenLevels(Block):
    law: Literal["broken_levels"] = "broken_levels"

    def values(self, idle_S, range_S):
        raise KeyError("levels")


class BrokenPattern(Wired):
    pattern: Literal["broken"] = "broken"

    def links(self, sizes):
        raise IndexError("no such layer")


class BrokenAmplifier(UnitAmplifier):
    amplifier: Literal["broken"] = "broken"

    def output_V(self, u_V):
        return u_V[..., :-1]

    slope = curvature_per_V = integral_V2 = output_V

    def apply(self, z, out, slope):
        out[:] = z


class BrokenLaw(Stiffening):
    law: Literal["broken_law"] = "broken_law"

    def weights(self, amplifiers, u_V):
        return None


@pytest.mark.parametrize(
    ("path", "part", "said"),
    [
        ("drift", Shrunk(), r"Shrunk\.aged must return an array of shape \(\d+,\), but is one of"),
        ("drift", Broken(), r"Broken\.aged must return a result, but stops with ZeroDivisionError"),
        ("coupling.levels", BrokenLevels(), r"BrokenLevels\.values must .* stops with KeyError"),
        ("node.amplifier", BrokenAmplifier(), r"BrokenAmplifier\.output_V must return an array"),
        ("node.law", BrokenLaw(), r"BrokenLaw\.weights must return 1 arrays? of shape"),
    ],
)
def test_a_part_of_ones_own_that_fails_is_named(path, part, said):
    def use():
        chip = ns.Chip(IDEAL.with_value(path, part))
        list(ns.Trainer(chip, ONCE, IMAGES))

    refused(use, said)


def test_a_pattern_of_ones_own_that_fails_is_named_where_it_enters():
    with pytest.raises(NeurosimError, match=r"BrokenPattern\.links must .* stops with IndexError"):
        IDEAL.with_value("pattern", BrokenPattern())


@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("drive", ("a", 1e-5)),
        ("drive", (0 * IMAGES[:2], "1 uS")),
        ("clamp", (3,)),
        ("settle", ("1 us",)),
        ("wait", ("a",)),
        ("read", ("a",)),
        ("precharge", (3,)),
        ("precharge", (0 * IMAGES[0, 0],)),
        ("precharge", (0 * IMAGES[0],)),
        ("program", (3,)),
        ("pulse", (3,)),
        ("inject", ("a",)),
    ],
)
def test_a_wrong_argument_of_a_chip_is_told_in_one_line(chip, call, given):
    refused(partial(getattr(chip, call), *given), "must")


def test_a_keyword_that_is_not_there_is_told_with_the_nearest(trained):
    axes = {"sampling.t_end": [0.1]}
    for call, said in [
        (partial(ns.train, IDEAL, ONCE, keeep="x"), "'keeep'; did you mean 'keep'?"),
        (partial(ns.train, IDEAL), "train must be given experiment, but is not; give Experiment("),
        (partial(ns.train, IDEAL, ONCE, "x", None, 3), "at most 3 arguments without a name, but"),
        (partial(ns.train, IDEAL, ONCE, chip=IDEAL), "train must be given chip once, but"),
        (partial(ns.sweep, trained, axs=axes), "'axs'; did you mean 'axes'?"),
        (partial(ns.sweep, trained, axes, zzzz=1), "but is given 'zzzz'; leave it out."),
        (partial(ns.plot), "plot must be given thing, but is not; draw samples"),
        (partial(ns.Run, "runs/k"), "Run must be given profile, but is not; Run.open opens"),
        (partial(trained.draw, 3, sede=1), "'sede'; did you mean 'seed'?"),
    ]:
        refused(call, re.escape(said))


def test_a_sweep_needs_an_axis(trained):
    refused(partial(ns.sweep, trained, {}), "sweep.axes must have a path, but is empty; give")


def test_a_block_without_names_is_told_a_field_that_says_something():
    for cls, field in [
        (ns.Adc, "bits"),
        (ns.Thermal, "temperature_K"),
        (ns.Classify, "test_share"),
    ]:
        assert field in cls.model_fields
        refused(partial(cls, 6), rf"write {cls.__name__}\({field}=\.\.\.\)")


@pytest.mark.parametrize(
    ("axes", "more", "said"),
    [
        (
            {"profile.adc.bits": "2"},
            {},
            "The values of profile.adc.bits must be a list, but is",
        ),
        ({"sampling.t_end": []}, {}, "The values of sampling.t_end must be at least one, but are"),
        ({"adc.bits": [2]}, {}, "did you mean profile.adc.bits?"),
        ({"t_end": [2]}, {}, "did you mean sampling.t_end?"),
        (
            {"profile": ["cmos_rc_6bit"]},
            {},
            "have the layers of the trained one, [64, 6], but",
        ),
        (
            {"profile.layers": [[64, 7]]},
            {},
            "have the layers of the trained one, [64, 6], but",
        ),
        ({"sampling.t_end": [1]}, {"n": 5}, "sweep.n: must be at least 7, but is 5"),
        ({"sampling.t_end": [1]}, {"seed": -1}, "sweep.seed: must be at least 0, but is -1"),
        ({"sampling.t_end": [1]}, {"replicas": 0}, "sweep.replicas: must be at least 1, but is 0"),
        ({"sampling.t_end": [1]}, {"measure": []}, "sweep.measure: must have at least 1 item, but"),
    ],
)
def test_a_wrong_sweep_is_told_by_the_names_that_were_given(trained, axes, more, said):
    with pytest.raises(NeurosimError, match=re.escape(said)) as found:
        ns.sweep(trained, axes, **more)
    assert len(str(found.value).splitlines()) == 1


def test_a_path_of_a_trained_chip_is_not_offered_what_it_cannot_be(trained):
    with pytest.raises(NeurosimError) as found:
        ns.sweep(trained, {"zz.y": [2]})
    assert "experiment" not in str(found.value)
    assert "start" not in str(found.value)


def test_too_few_samples_are_refused_before_they_are_drawn(trained):
    def drawn(done, total):
        raise AssertionError

    refused(
        partial(ns.evaluate, trained, 5, progress=drawn),
        "The number of samples to judge must be at least 7, but is 5",
    )


COMMANDS = re.compile(r"--[a-z]|`neurosim ")


def test_each_door_says_its_own_way_to_go_on(trained, tmp_path):
    out = tmp_path / "run"
    ns.train(IDEAL, ONCE, keep=out)
    (tmp_path / "file").write_text("")
    labelled = ns.Experiment(updates=1, batch=4, labels=ns.Labels(), flow={"settle_tau": 1.0})
    classes = ns.train(IDEAL.with_value("layers", (74, 6)), labelled)
    known = np.where(np.arange(64) < 32, IMAGES[:1], np.nan)
    calls = [
        partial(ns.train, IDEAL, ONCE, keep=out),
        partial(ns.train, IDEAL, ONCE, keep=tmp_path / "file" / "run"),
        partial(ns.train, IDEAL.with_value("layers", (9, 6)), ONCE),
        partial(ns.sample, trained, 2, label=3),
        partial(ns.inpaint, classes, known),
        partial(ns.sample, tmp_path / "no run", 2),
    ]
    for call in calls:
        with pytest.raises(NeurosimError) as found:
            call()
        assert LINE.fullmatch(str(found.value)), str(found.value)
        assert not COMMANDS.search(str(found.value))
        assert COMMANDS.search(found.value.at_command_line)


def test_what_is_offered_after_a_dot_is_for_a_person(trained):
    offered = dir(IDEAL)
    assert {"adc", "with_value", "with_values", "network"} <= set(offered)
    assert not [
        n for n in offered if n.startswith(("model_", "_")) or n in {"copy", "json", "dict"}
    ]
    assert {"draw", "evaluate", "metrics", "spent", "profile"} <= set(dir(trained))
    assert not {"fresh", "history", "took"} & set(dir(trained))


def test_a_sweep_shows_a_bar_if_asked_and_its_table_in_a_notebook(trained, capsys):
    table = ns.sweep(trained, {"sampling.t_end": [0.1]}, n=9, measure=["coverage"], progress=True)
    assert "points: 100%" in capsys.readouterr().err
    assert repr(table) == "Table(1 point over sampling.t_end)"
    html = table._repr_html_()
    # A head, a point, and real images and a Gaussian in place of samples.
    assert html.count("<tr>") == 4
    assert "<th>sampling.t_end</th>" in html
    row = {"point": 0, "a": "<b>", "coverage": 1.0, "error": ""}
    assert "<td>&lt;b&gt;</td>" in ns.Table([row], ("a",), ("coverage",))._repr_html_()


def test_help_begins_with_what_is_used_first():
    verbs = re.findall(r"^`(\w+)`", ns.__doc__, re.M)[:10]
    assert len(verbs) == 10
    assert set(verbs) <= set(dir(ns))
    assert ns.__doc__.index("`load_profile`") < ns.__doc__.index("read it in this order")
