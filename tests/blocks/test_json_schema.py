"""The JSON Schema for editors: current, explained, and of one mind with the loader."""

import json
import math
import re

import pytest
import yaml

from neurosim.blocks.files import dump_block
from neurosim.blocks.json_schema import json_schema
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
    return lowest <= value <= highest and above < value < below


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
