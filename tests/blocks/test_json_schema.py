"""The JSON Schema for editors: current, explained, and of one mind with the loader."""

import json
import math
import re
from typing import Annotated

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from neurosim.blocks.files import dump_block
from neurosim.blocks.json_schema import _blocks_of, json_schema
from neurosim.circuit import Oscillator
from neurosim.errors import ProfileError
from neurosim.profile import Profile, load_profile, shipped_profiles
from shipped import SCHEMA, each_kind, edited, mistakes

KINDS = {
    "null": type(None), "boolean": bool, "string": str, "integer": int, "number": (int, float),
    "array": list, "object": dict,
}  # fmt: skip


def fits(value, schema, root):
    """Whether a value satisfies what our JSON Schema uses of the standard."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].split("/")[-1]]
    if "anyOf" in schema:
        return any(fits(value, branch, root) for branch in schema["anyOf"])
    if "oneOf" in schema:
        return sum(fits(value, branch, root) for branch in schema["oneOf"]) == 1
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    if not isinstance(value, KINDS[schema["type"]]):
        return False
    checks = {"string": fits_text, "array": fits_list, "object": fits_fields, "null": fits_any}
    return checks.get(schema["type"], fits_bounds)(value, schema, root)


def fits_any(value, schema, root):
    return True


def fits_text(value, schema, root):
    return re.search(schema.get("pattern", ""), value) is not None


def fits_list(value, schema, root):
    each = schema.get("prefixItems") or [schema["items"]] * len(value)
    items = [fits(item, one, root) for item, one in zip(value, each, strict=True)]
    return all(items) and len(items) >= schema.get("minItems", 0)


def fits_fields(value, schema, root):
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    rest = [item for key, item in value.items() if key not in known]
    return (
        set(schema.get("required", [])) <= set(value)
        and all(fits(value[key], known[key], root) for key in known if key in value)
        and all(more if isinstance(more, bool) else fits(item, more, root) for item in rest)
    )


def fits_bounds(value, schema, root):
    lowest, highest = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = (
        schema.get("exclusiveMinimum", -math.inf),
        schema.get("exclusiveMaximum", math.inf),
    )
    whole = value % schema.get("multipleOf", 1) == 0 or "multipleOf" not in schema
    return lowest <= value <= highest and above < value < below and whole


@pytest.fixture(scope="module")
def schema():
    return json_schema(Profile)


def test_the_shipped_schema_is_current(schema):
    assert json.loads(SCHEMA.read_text("utf-8")) == schema, (
        "write it again: python -c 'import json, neurosim.blocks.json_schema as s; "
        "print(json.dumps(s.json_schema(Profile), indent=1))' > hardware_profiles/schema.json"
    )


@pytest.mark.every(3)
@each_kind
def test_the_schema_accepts_a_shipped_profile_as_written_and_as_dumped(name, schema):
    assert fits(yaml.safe_load(shipped_profiles()[name].read_text("utf-8")), schema, schema)
    assert fits(yaml.safe_load(dump_block(load_profile(name))), schema, schema)


@pytest.mark.every(3)
@pytest.mark.parametrize(
    "change",
    [
        ("leak_S: 10 uS", "leak_S: 10 uF"),
        ("leak_S: 10 uS", "leek_S: 10 uS"),
        ("  bits: 8", "  bits: 1"),
        ("  bits: 8", "  # bits: 8"),
        ("law: hopfield", "law: hopfeld"),
        ("layers: [64, 128, 128]", "layers: [64]"),
        ("offset_V: 1.5 mV", "offset_V: -1"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(change, schema):
    text = edited(change)
    assert mistakes(text)
    assert not fits(yaml.safe_load(text), schema, schema)


def test_every_field_of_the_schema_is_explained(schema):
    for name, block in {"Profile": schema, **schema["$defs"]}.items():
        assert block["description"]
        for field, entry in block["properties"].items():
            assert entry.get("description"), f"{name}.{field}"


NUMBERS = (-1e9, -4, -1, -1e-3, 0, 0.5, 1, 1.5, 3, 24, 25, 1001, 1e9)
# What another field decides.
OF_OTHERS = {
    "Piece.least",
    "Piece.most",
    "Piece.below",
    "Correlator.bits",
    "Thermal.flicker_corner_Hz",
}


def refuses(check, value):
    """Whether the code does, be it by the field or by its block."""
    try:
        check(value)
    except (ValidationError, ProfileError):
        return True
    return False


def test_a_number_beyond_the_code_s_bounds_is_beyond_the_schema_s(schema):
    """Of every field that may be a number; blocks that need nothing else are asked as a whole."""
    looked = 0
    for name, cls in _blocks_of(Profile).items():
        block = schema if name == "Profile" else schema["$defs"][name]
        needed = {key for key, field in cls.model_fields.items() if field.is_required()}
        for key, field in cls.model_fields.items():
            entry = block["properties"][key]
            forms = [form.get("type") for form in (entry, *entry.get("anyOf", ()))]
            if not {"number", "integer"} & set(forms):
                continue
            of_field = TypeAdapter(Annotated[(field.annotation, *field.metadata)] if field.metadata
                                   else field.annotation)  # fmt: skip
            for value in filter(lambda value: fits(value, entry, schema), NUMBERS):
                looked += 1
                assert not refuses(of_field.validate_python, value), (name, key, value)
                if f"{name}.{key}" not in OF_OTHERS and needed <= {key}:
                    made = lambda value, cls=cls, key=key: cls(**{key: value})  # noqa: E731
                    assert not refuses(made, value), (name, key, value)
    assert looked > 500


@pytest.mark.parametrize(
    ("law", "said"),
    [
        ({"angle_rad": 3.2}, "must be from -3.1416 to 3.1416 rad, half a turn either way, but is"),
        ({"sync": 1001}, "must be at most 1000 couplings of weight 1, but is 1001; write it in"),
    ],
)
def test_bounds_of_an_oscillator_are_known_to_editors_and_told_in_words_of_their_own(
    schema, law, said
):
    [[key, value]] = law.items()
    entry = schema["$defs"]["Oscillator"]["properties"][key]
    assert not fits(value, entry, schema)
    with pytest.raises(ProfileError, match=re.escape(f"Oscillator.{key}: {said}")):
        Oscillator(**law)
    for inside in (0, math.pi if key == "angle_rad" else 1000):
        assert fits(inside, entry, schema)
        Oscillator(**{key: inside})
