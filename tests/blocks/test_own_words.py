"""A block of one's own is what its file says, or is refused before anything is trained with it."""

from typing import Any, Literal

import numpy as np
import pytest

import neurosim as ns
from neurosim.blocks.block import Block
from neurosim.blocks.files import dump_block
from neurosim.errors import ProfileError, RunError
from neurosim.runs import Trained

IDEAL = ns.load_profile("ideal_hopfield").with_value("layers", (64, 6))
ONCE = ns.Experiment(updates=1, batch=4, flow={"settle_tau": 1.0})


class _Still(Block):
    """A drift that stands still."""

    at_write: Any = False

    def aged(self, written_S, target_S, elapsed_s, deviate):
        return written_S

    def scale_s(self):
        return 1.0


class Inherited(ns.Leak):
    """Only `aged` is another."""

    def aged(self, written_S, target_S, elapsed_s, deviate):
        return written_S


class Taken(_Still):
    law: Literal["power"] = "power"


class Wordless(_Still):
    pass


class AnyText(_Still):
    law: str = "mine"


class Mine(_Still):
    law: Literal["mine"] = "mine"


class MineToo(_Still):
    law: Literal["mine"] = "mine"


class OwnWrite(ns.Write):
    """No field of a file says which class of errors it is."""


class OwnAdvice(ns.HostAdvice):
    """As little."""


NO_NAME = [
    ("drift", lambda: Inherited(**leaky()), r"must have a word of its own, but Inherited\.law is"),
    ("drift", Taken, r"must have a word of its own, but Taken\.law is 'power', that of PowerLaw"),
    (
        "drift",
        Wordless,
        r"must have .*, but Wordless\.law is",
    ),
    ("drift", AnyText, r"must have .*, but AnyText\.law is"),
    (
        "write",
        lambda: OwnWrite(reference_S=6e-6),
        "be Write itself, but is OwnWrite",
    ),
    ("host", lambda: OwnAdvice(settle_tau=5, beta=0.1), "must be HostAdvice itself, but is OwnAdv"),
]


def leaky():
    """Fields of a leak that a profile ships."""
    needed = [name for name, field in ns.Leak.model_fields.items() if field.is_required()]
    return {name: 1e-6 if name.endswith("_S") else 1.0 for name in needed}


@pytest.mark.parametrize(("path", "make", "said"), NO_NAME)
def test_a_part_that_no_file_could_name_is_refused_where_it_enters_a_profile(path, make, said):
    fields = {name: getattr(IDEAL, name) for name in ns.Profile.model_fields}
    for enter in (
        lambda: IDEAL.with_value(path, make()),
        lambda: ns.Profile(**fields | {path: make()}),
    ):
        with pytest.raises(ProfileError, match=said) as found:
            enter()
        assert len(str(found.value).splitlines()) == 1
        assert "; " in str(found.value)


def test_a_task_of_an_experiment_needs_a_word_too():
    class Silent(ns.Classify):
        pass

    with pytest.raises(ProfileError, match="task: must have a word of its own, but Silent"):
        ns.Experiment(task=Silent())


def test_a_word_that_names_two_classes_is_refused_and_one_class_told_twice_is_not(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(dump_block(IDEAL.with_value("drift", Mine())))
    assert type(ns.load_profile(path, laws=[Mine, Mine]).drift) is Mine
    with pytest.raises(ProfileError, match="must name one class, but 'mine' is the word of Mine"):
        ns.load_profile(path, laws=[Mine, MineToo])


def test_a_class_with_the_word_of_a_shipped_law_does_not_read_its_file(tmp_path):
    path = tmp_path / "leak.yaml"
    path.write_text(dump_block(IDEAL.with_value("drift", ns.Leak(**leaky()))))
    assert type(ns.load_profile(path, laws=[Mine]).drift) is ns.Leak
    with pytest.raises(ProfileError, match="'leak' is the word of Leak and Inherited"):
        ns.load_profile(path, laws=[Inherited])


def test_a_part_of_ones_own_is_kept_and_opened_as_it_was(tmp_path):
    profile = IDEAL.with_value("drift", Mine())
    ns.train(profile, ONCE, keep=tmp_path / "run")
    assert Trained.of(tmp_path / "run", laws=[Mine]).profile == profile


def test_what_a_file_cannot_hold_is_refused_before_it_is_trained_and_kept(tmp_path):
    class Held(_Still):
        law: Literal["held"] = "held"
        table: Any = None

    class OwnProfile(ns.Profile):
        pass

    fields = {name: getattr(IDEAL, name) for name in ns.Profile.model_fields}
    for profile in (
        IDEAL.with_value("drift", Held(table=np.zeros(3))),
        IDEAL.with_value("drift", Held(table=len)),
        IDEAL.with_value("drift", Held(table=(1, 2))),
        OwnProfile(**fields),
    ):
        with pytest.raises(RunError, match="that is kept must be read from its file as it is, but"):
            ns.train(profile, ONCE, keep=tmp_path / "run")
        assert not (tmp_path / "run").exists()
