"""What `help` shows of a block, how a block shows itself, and what a wrong one is told."""

import inspect
import pickle

import pytest

from neurosim.blocks.block import Block
from neurosim.blocks.classes import classes_of
from neurosim.circuit import Node
from neurosim.converters import Adc, Channels, Dac
from neurosim.devices import CouplingDevice, Mismatch, Write
from neurosim.errors import NeurosimError, ProfileError
from neurosim.host import Experiment
from neurosim.profile import Profile, load_profile
from shipped import shipped


def blocks_within(cls):
    """A class of blocks and all that it may hold."""
    inside = [inner for field in cls.model_fields.values() for inner in classes_of(field)]
    return {cls}.union(*map(blocks_within, inside))


BLOCKS = sorted(blocks_within(Profile) | blocks_within(Experiment), key=lambda cls: cls.__name__)


def test_a_signature_is_names_plain_types_and_defaults():
    assert str(inspect.signature(Adc)) == (
        "(*, bits: int | None = None, visible_range_V: float | None = None, "
        "hidden_range_V: float | None = None, noise: float = 0.0, "
        "channels: 'Channels | None' = None, auto_range: bool = False, "
        "source: 'str | dict[str, str | Derived]' = 'stated in code')"
    )
    assert "noise: 'float | Piece | tuple[Piece, ...]' = ()" in str(inspect.signature(Write))
    assert "levels: 'int | LevelLaw | None' = None" in str(inspect.signature(CouplingDevice))


@pytest.mark.parametrize("cls", BLOCKS)
def test_a_signature_is_short_and_true(cls):
    signature = inspect.signature(cls)
    assert set(signature.parameters) == set(cls.model_fields)
    for name, parameter in signature.parameters.items():
        field = cls.model_fields[name]
        assert (parameter.default is parameter.empty) == field.is_required()
        assert field.is_required() or parameter.default == field.default
    text = str(signature)
    for noise in ("Annotated", "Validator", "FieldInfo", "**", "neurosim.", "typing."):
        assert noise not in text
    # Three lines of 100 characters beside the source; a line for every three fields of many.
    assert len(text) <= 100 * max(3, len(cls.model_fields) / 2.5) + len("str | dict[str, str]")


def test_a_block_is_made_by_what_differs_from_none():
    assert Adc(bits=6) == Adc(bits=6, noise=0.0, channels=None, source="stated in code")
    assert Dac().range_V is None
    assert Mismatch(leak=0.03).gain == 0
    assert Write(reference_S=1e-6, noise=0.01).verify is None


def test_a_block_shows_what_differs_from_none_in_one_line():
    assert repr(Adc(bits=6)) == str(Adc(bits=6)) == "Adc(bits=6)"
    assert repr(Dac()) == "Dac()"
    assert repr(Adc(channels=Channels(gain=0.1))) == "Adc(channels=Channels(gain=0.1))"


@shipped
def test_a_profile_shows_its_name_and_its_blocks_show_no_sources(name):
    profile = load_profile(name)
    assert repr(profile) == f"Profile({name!r})"
    for _, value in profile:
        assert "\n" not in repr(value)
        assert "source" not in repr(value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Adc(bits="six"), "Adc.bits: must be a whole number or None, but is 'six'"),
        (lambda: Adc(bit=6), "Adc.bit: unknown field 'bit'; did you mean 'bits'?"),
        (lambda: Adc(noise=None), "Adc.noise: must be a number, but is None"),
        (lambda: Adc(noise=True), "Adc.noise: must not be true or false, but is true"),
        (
            lambda: load_profile("cmos_rc_6bit").with_value("layers", (64, True)),
            "layers: must not be true or false, but is true",
        ),
        (lambda: Adc(auto_range=5), "Adc.auto_range: must be true or false, but is 5"),
        (lambda: Adc(channels=5), "Adc.channels: must be a Channels or None, but is 5"),
        (lambda: Adc(channels=Dac()), "Adc.channels: must be a Channels or None, but is a Dac"),
        (lambda: Adc(channels={"gain": 5}), "Adc.channels.gain: must be below 1, but is 5"),
        (
            lambda: Adc(bits="Ideal"),
            "Adc.bits: must be a whole number or None, but is 'Ideal'; that is a word of files: "
            "leave the field out, or give None",
        ),
        (Write, "Write.reference_S: must be given, but is missing"),
        (
            lambda: Experiment(updates="many"),
            "Experiment.updates: must be a whole number, but is 'many'",
        ),
    ],
)
def test_a_wrong_block_is_told_what_must_hold_what_is_and_where(make, said):
    with pytest.raises(ProfileError) as caught:
        make()
    assert str(caught.value) == said
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, NeurosimError)


def test_every_mistake_of_a_block_has_a_line():
    with pytest.raises(ProfileError) as caught:
        Node(law="hopfeld", unit_V="1 S", leak_S=1, capacitance_F=1, release_capacitance_F=1)
    assert str(caught.value).splitlines() == [
        "Node.law: must be one of hopfield, gradient, by_layer, resistive, oscillator, but is "
        "'hopfeld'",
        "Node.amplifier: must be given, but is missing",
        "Node.unit_V: must be given in V, but is '1 S'",
    ]


def test_a_mistake_in_a_block_inside_keeps_its_path():
    class Outer(Block):
        inner: Adc

    with pytest.raises(ProfileError, match=r"^Outer\.inner\.bits: must be at least 2, but is 1$"):
        Outer(inner={"bits": 1})


def test_a_block_is_copied_pickled_compared_and_hashed_as_any_value():
    block = Adc(bits=6, visible_range_V=1.0)
    assert pickle.loads(pickle.dumps(block)) == block
    assert block.model_copy(update={"bits": 8}).bits == 8
    assert hash(block) == hash(Adc(bits=6, visible_range_V=1.0))
