"""Laws of one's own: an object of its protocol in a profile, and its word in a file."""

import pickle
import re
from typing import ClassVar, Literal

import numpy as np
import pytest

from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.files import dump_block
from neurosim.blocks.quantities import Excess, Second
from neurosim.chip import Chip
from neurosim.converters import Dac
from neurosim.devices import Leak, SoftBounds
from neurosim.devices.pulses import PulseLaw
from neurosim.errors import ProfileError
from neurosim.host import Experiment, Trainer
from neurosim.host.experiment import Learning
from neurosim.profile import load_profile

IDEAL = load_profile("ideal_hopfield")


class Halves(Sourced):
    """Conductances that halve in equal times.

    Parameters
    ----------
    law : {"halves"}
        Names this law.
    half_s : float
        Time in which a conductance halves.
    spread : float
        Relative standard deviation of that time.
    """

    at_write: ClassVar[bool] = True

    law: Literal["halves"] = "halves"
    half_s: Second
    spread: Excess = 0.0

    def aged(self, written_S, target_S, elapsed_s, deviate):
        return written_S * 0.5 ** (elapsed_s / self.half_s * (1 + self.spread * deviate))

    def scale_s(self):
        return self.half_s


class Thirds(PulseLaw):
    """A step that is a third of the way to the bound."""

    law: Literal["thirds"] = "thirds"

    def factors(self, x):
        return (1 - x) / 3, x / 3


class FarLeak(Leak):
    """A leak that is slower than it says."""

    law: Literal["far_leak"] = "far_leak"

    def aged(self, written_S, target_S, elapsed_s, deviate):
        return super().aged(written_S, target_S, elapsed_s / 2, deviate)


class Powers(Block):
    """Levels that double from one to the next.

    Parameters
    ----------
    law : {"powers"}
        Names this law.
    count : int
        Number of levels.
    """

    stated: ClassVar[bool] = True

    law: Literal["powers"] = "powers"
    count: int = 8

    def values(self, idle_S, range_S):
        return idle_S + range_S * 2.0 ** -np.arange(self.count)[::-1]


OWN = [
    ("drift", Halves(half_s=1e-3), Halves),
    ("drift", FarLeak(tau_s=1e-3), FarLeak),
    ("pulse", Thirds(states=20), Thirds),
    ("coupling.levels", Powers(), Powers),
]
FIELD = {Halves: "half_s", FarLeak: "tau_s", Thirds: "states", Powers: "count"}
each = pytest.mark.parametrize(("path", "law", "cls"), OWN)


def at(profile, path):
    for name in path.split("."):
        profile = getattr(profile, name)
    return profile


@each
def test_a_law_of_ones_own_is_taken_as_it_is_and_stays_in_copies(path, law, cls):
    profile = IDEAL.with_value(path, law)
    assert at(profile, path) is law
    other = profile.with_values({"mismatch.leak": 0.03, "coupling.full_scale": 0.7})
    assert at(other, path) is law
    field = FIELD[cls]
    changed = at(profile.with_value(f"{path}.{field}", 5), path)
    assert (type(changed), getattr(changed, field)) == (cls, 5)


@each
def test_a_law_of_ones_own_trains(path, law, cls):
    def losses(profile):
        learning = Learning(mode="in_memory" if path == "pulse" else "shadow")
        experiment = Experiment(updates=2, batch=8, learning=learning)
        chip = Chip(profile.with_value("layers", (64, 8, 6)), 0)
        images = np.random.default_rng(0).uniform(-1, 1, (20, 64))
        return [update.flow_loss for update in Trainer(chip, experiment, images)]

    with_it = losses(IDEAL.with_value(path, law))
    without = losses(IDEAL.with_value(path, SoftBounds(states=20) if path == "pulse" else None))
    assert len(with_it) == 2
    assert np.isfinite(with_it).all()
    assert with_it != without


@each
def test_a_file_names_it_by_its_word_and_is_read_by_whoever_knows_the_class(
    path, law, cls, tmp_path
):
    file = tmp_path / "mine.yaml"
    profile = IDEAL.with_value(path, law)
    file.write_text(dump_block(profile))
    assert f"law: {law.law}" in file.read_text()
    assert load_profile(file, laws=[cls]) == profile
    with pytest.raises(ProfileError) as caught:
        load_profile(file)
    [line] = str(caught.value).splitlines()
    assert re.search(
        rf"mine\.yaml:\d+:\d+: {path}\.law: must be one of .*, but is '{law.law}'", line
    )
    assert line.endswith("; law of your own: laws=[its class], or --laws FILE.py")


@each
def test_a_mistake_in_it_has_its_place_and_what_it_leaves_out_is_told(path, law, cls, tmp_path):
    file = tmp_path / "mine.yaml"
    text = dump_block(IDEAL.with_value(path, law))
    field, value = FIELD[cls], getattr(law, FIELD[cls])
    [line] = [n for n, row in enumerate(text.splitlines(), 1) if row.strip() == f"{field}: {value}"]
    file.write_text(text.replace(f"{field}: {value}", f"{field}: [1]"))
    with pytest.raises(ProfileError) as caught:
        load_profile(file, laws=[cls])
    assert re.search(rf"mine\.yaml:{line}:\d+: {path}\.{field}: must be a ", str(caught.value))
    file.write_text(re.sub(rf"\n *{field}: {value}", "", text))
    with pytest.raises(ProfileError, match=rf"{path}\.{field}: missing; it must be stated"):
        load_profile(file, laws=[cls])


def test_an_effect_of_a_law_of_ones_own_may_be_ideal_in_a_file(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(dump_block(IDEAL.with_value("drift", Halves(half_s=1.0))))
    assert "spread: ideal" in file.read_text()
    assert load_profile(file, laws=[Halves]).drift.spread == 0


@each
def test_a_block_that_is_no_such_law_is_refused(path, law, cls):
    with pytest.raises(ProfileError, match=rf"^{path}: must be one of .*, but is a Dac$"):
        IDEAL.with_value(path, Dac())


def test_a_profile_with_a_law_of_ones_own_can_be_sent_to_another_process():
    profile = IDEAL.with_value("drift", LAW)
    assert pickle.loads(pickle.dumps(profile)) == profile


LAW = Halves(half_s=1e-3)


def test_a_class_that_is_no_drift_law_is_refused_though_the_file_names_it(tmp_path):
    class Empty(Block):
        law: Literal["empty"] = "empty"

    file = tmp_path / "mine.yaml"
    text = dump_block(IDEAL)
    file.write_text(text.replace("drift: ideal", "drift: {law: empty}"))
    with pytest.raises(ProfileError, match="a block that is a DriftLaw, but is an Empty"):
        load_profile(file, laws=[Empty])
