"""Names that become file names, and what none may be."""

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import name as names

from neurosim.blocks.block import Block
from neurosim.blocks.files import parse_block
from neurosim.blocks.names import Name, OneLine, as_name, is_name, within
from neurosim.errors import ProfileError, RunError

any_text = st.text(st.characters(), max_size=80) | st.text(st.sampled_from("./\\a-_:\0\n ~$"))


class Named(Block):
    name: Name = "x"
    label: OneLine = "x"


def refused(text):
    with pytest.raises(ProfileError) as caught:
        parse_block(text, Named, "my.yaml")
    [line] = str(caught.value).splitlines()
    return line


@pytest.mark.parametrize("text", ["a", "0", "cmos_rc_6bit", "A-b.C_1", "x" * 64, "console", "v1.2"])
def test_a_plain_name_is_one(text):
    assert is_name(text)
    assert parse_block(f"name: '{text}'", Named, "my.yaml").name == text


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", ".x", "_x", "-x", "x.", "a/b", "../x", "/x", "a\\b", "c:x", "a b", "é", "٣",
     "a\n", "a\x00", "a\u2028", "x" * 65, "~", "$HOME", "a;b"],
)  # fmt: skip
def test_what_could_be_a_path_or_another_file_elsewhere_is_no_name(text):
    assert not is_name(text)


@pytest.mark.parametrize("text", ["con", "NUL", "Aux", "com1", "LPT9", "nul.yaml", "con.a.b"])
def test_a_device_of_windows_is_no_name(text):
    assert not is_name(text)
    assert refused(f"name: {text}") == (
        "my.yaml:1:7: name: must not be a name that Windows keeps for a device, but is "
        f"{text!r}"
    )  # fmt: skip


def test_a_mistake_has_its_place_and_says_what_a_name_is():
    assert refused("label: b\nname: ..") == (
        "my.yaml:2:7: name: must be a name of 1 to 64 letters (A-Z), digits and _ - . that begins "
        "with a letter or digit and does not end in a dot, but is '..'"
    )
    assert refused(f"name: {'x' * 65}").endswith("but is one of 65 characters")


def test_a_label_is_any_one_line():
    assert parse_block("label: 4-bit weights / a day old?", Named, "my.yaml").label
    for text in ('"a\\nb"', '"a\\r"', '"\\u2028"', '"\\e[2J"', "' '", "''"):
        assert "label: must be one line of text, without control" in refused(f"label: {text}")


@given(any_text | names)
def test_a_name_is_one_part_of_a_path_on_every_system(text):
    if is_name(text):
        assert PurePosixPath("f", text).parts == PureWindowsPath("f", text).parts == ("f", text)
        assert not text.startswith((".", "-", "~"))
        assert text.isascii()
        assert text.isprintable()


@given(any_text)
def test_what_is_made_of_a_text_is_a_name(text):
    assert is_name(as_name(text))


@given(names)
def test_a_name_is_kept_where_one_is_made_of_it(name):
    assert as_name(name) == name.rstrip("_-")


@given(any_text)
def test_nothing_is_written_outside_of_its_folder(text):
    folder = Path("/tmp/sweep/profiles")
    try:
        path = within(folder, text)
    except RunError as error:
        assert "is a path" in str(error)  # noqa: PT017
    else:
        assert path.parent == folder
        assert path.name == text
