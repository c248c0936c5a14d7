"""Blocks of parameters: what is ideal, what is refused, and where numbers come from."""

import math
import re
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError, create_model

from neurosim.blocks import quantities
from neurosim.blocks.block import Block, Sourced
from neurosim.blocks.files import dump_block, parse_block
from neurosim.blocks.mistakes import BlockError
from neurosim.blocks.quantities import Bits, Sigma, Volt, VoltLimit
from neurosim.blocks.words import word_of
from neurosim.circuit.measured_diode import PointsDiode
from neurosim.errors import ProfileError

UNIT_OF = {
    "Siemens": "S", "Farad": "F", "Volt": "V", "Second": "s", "Kelvin": "K", "VoltLimit": "V",
    "AmpereLimit": "A", "SiemensLimit": "S", "SigmaVolt": "V", "IdleSiemens": "S", "Joule": "J",
    "Wait": "s",
}  # fmt: skip
IDEAL_AS = {
    "Bits": None, "Joule": 0.0, "Wait": 0.0, "Kelvin": None, "VoltLimit": None, "AmpereLimit": None,
    "SiemensLimit": None, "Sigma": 0.0, "SigmaVolt": 0.0, "IdleSiemens": 0.0, "Loading": 0.0,
}  # fmt: skip


def adapter(name):
    return TypeAdapter(getattr(quantities, name), config={"allow_inf_nan": False})


class Part(Sourced):
    volt: Volt
    limit: VoltLimit
    bits: Bits
    sigma: Sigma
    kind: str = "x"


def part(**changes):
    values = {"volt": "1 V", "limit": None, "bits": 8, "sigma": 0.0, "source": "a paper"}
    return Part(**(values | changes))


def messages(call):
    with pytest.raises(ProfileError) as caught:
        call()
    return str(caught.value).splitlines()


@given(value=st.floats(1e-15, 1e3), name=st.sampled_from(sorted(UNIT_OF)))
def test_a_quantity_is_a_number_in_si_or_text_with_its_unit(value, name):
    parse = adapter(name).validate_python
    assert parse(value) == value
    assert parse(f"{value!r} {UNIT_OF[name]}") == value
    with pytest.raises(ValidationError, match=f"must be given in {UNIT_OF[name]}"):
        parse(f"{value!r} kg")


@pytest.mark.parametrize(("name", "replacement"), IDEAL_AS.items())
def test_ideal_means_no_such_effect_and_is_written_back_as_ideal(name, replacement):
    one = create_model("One", __base__=Block, x=(getattr(quantities, name), ...))
    for text in ("ideal", "' Ideal '"):
        assert parse_block(f"x: {text}", one, "my.yaml").x == replacement
    assert dump_block(one(x=replacement)) == "x: ideal\n"
    with pytest.raises(ProfileError, match="that is a word of files: leave the field out, or give"):
        one(x="ideal")


@pytest.mark.parametrize("name", sorted(set(UNIT_OF) - set(IDEAL_AS)))
def test_what_every_chip_has_cannot_be_ideal(name):
    with pytest.raises(ValidationError, match="must be a number with unit"):
        adapter(name).validate_python("ideal")
    with pytest.raises(ValidationError):
        adapter(name).validate_python(0)


@pytest.mark.parametrize("name", sorted({*UNIT_OF, *IDEAL_AS}))
def test_negative_and_infinite_numbers_are_refused(name):
    for value in (-1, -1e-9, math.nan, math.inf):
        with pytest.raises(ValidationError):
            adapter(name).validate_python(value)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Bits", [2, 24], [1, 25, 8.5, "eight"]),
        ("Sigma", [0, 0.999], [1, 1.5, "100 %", "3"]),
        ("Loading", [0, 1], [1.001]),
    ],
)
def test_ranges_end_where_they_say(name, good, bad):
    for value in good:
        assert adapter(name).validate_python(value) == value
    for value in bad:
        with pytest.raises(ValidationError):
            adapter(name).validate_python(value)


def test_a_block_is_frozen_and_takes_neither_more_nor_fewer_keys():
    block = part()
    with pytest.raises(ProfileError, match=r"Part\.bits must stay as it is, but is given 6"):
        block.bits = 6
    assert messages(lambda: part(sigmma=0.1)) == [
        "Part.sigmma: unknown field 'sigmma'; did you mean 'sigma'?"
    ]
    assert messages(lambda: Part(source="x")) == [
        f"Part.{name}: must be given, but is missing" for name in ("volt", "limit", "bits", "sigma")
    ]


@pytest.mark.parametrize("field", ["volt", "limit", "bits", "sigma"])
def test_a_switch_is_no_number(field):
    assert messages(lambda: part(**{field: True})) == [
        f"Part.{field}: must not be true or false, but is true"
    ]


def test_a_field_that_is_a_switch_takes_one():
    class Switched(Block):
        on: bool

    assert Switched(on=True).on is True


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_of_a_block_is_infinite(value):
    class Plain(Block):
        x: Annotated[float, Field(gt=0)]

    assert messages(lambda: Plain(x=value)) == [f"Plain.x: must be a finite number, but is {value}"]


def test_numpys_numbers_are_numbers():
    assert part(bits=np.int64(6), sigma=np.float64(0.1)).bits == 6


def test_one_text_can_be_the_source_of_a_whole_block():
    assert part(source="doi:10.1000/x").source == "doi:10.1000/x"


def test_a_mapping_names_the_source_of_each_number_and_of_nothing_else():
    assert part(source={"volt": "a", "bits": "b"}).source == {"volt": "a", "bits": "b"}
    assert part(source={"volt": "a", "bits": "b", "limit": "none needed"})
    number, name = messages(lambda: part(source={"volt": "a", "bitz": "b"}))
    assert "Part.source: must say where bits comes from: a paper, a DOI, a data sheet" in number
    assert "Part.source.bitz: must name a field of this block: volt, limit, bits, sigma" in name


def test_ideal_is_a_source_only_where_nothing_is_a_number():
    class Noise(Sourced):
        sigma: Sigma

    assert Noise(sigma=0, source="ideal").sigma == 0
    [message] = messages(lambda: Noise(sigma=0.1, source="ideal"))
    assert "must say where sigma comes from" in message


@pytest.mark.parametrize("source", [5, None, "", "  ", ["a"], {"volt": 5, "bits": "b"}])
def test_a_source_is_text(source):
    [message] = messages(lambda: part(source=source))
    assert "must be text, or a mapping from this block's fields to texts" in message


@pytest.mark.parametrize("source", ["assumed", "Assumed:", {"volt": "assumed: ", "bits": "b"}])
def test_an_assumption_gives_its_reason(source):
    [message] = messages(lambda: part(source=source))
    assert "must give the reason of an assumption" in message


def test_mistakes_of_a_block_carry_their_paths():
    error = BlockError([(("a", "b"), "must be 1"), (("c",), "must be 2")])
    assert str(error) == "a.b: must be 1\nc: must be 2"
    assert error.found[0] == (("a", "b"), "must be 1")


def test_fields_know_whether_they_can_be_ideal():
    can = {name for name, field in Part.model_fields.items() if word_of(field)}
    assert can == {"limit", "bits", "sigma"}


def test_an_editor_is_told_of_text_with_units_and_of_ideal():
    forms = Part.model_json_schema()["properties"]["limit"]["anyOf"]
    assert {"const": "ideal"} in forms
    assert {"type": "number", "exclusiveMinimum": 0} in forms
    [text] = [form["pattern"] for form in forms if form.get("type") == "string"]
    assert all(re.search(text, value) for value in ("3 mV", "3mV", "1e-3 V", ".5 µV"))
    assert not any(re.search(text, value) for value in ("3 mS", "V", "3,5 V", "3", "mV 3"))


def test_blocks_are_equal_by_what_they_were_given_whatever_they_have_computed():
    """Kept arrays have no single truth; a hash goes by the same fields."""
    one, same, other = (
        PointsDiode(points=((-1.0, 0.0), (0.0, 0.0), (1.0, high))) for high in (0.1, 0.1, 0.2)
    )
    for diode in (one, same, other):
        diode.co_content_W(np.array([0.5]))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != one.points
