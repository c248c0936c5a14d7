"""Blocks of a file replaced, and every other byte kept."""

import pytest

from neurosim.blocks.splice import commented, spliced
from neurosim.errors import ProfileError

TEXT = "# top\na: 1\n\n# of b\nb:  # here\n  x: 1\n  # inside\n\n# of c\nc: {d: 2}\n"


def test_what_stands_above_a_block_stays_and_what_is_inside_goes():
    assert spliced(TEXT, {"b": "b: new\n"}, "x.yaml") == TEXT.replace(
        "b:  # here\n  x: 1\n  # inside\n", "b: new\n"
    )


def test_several_blocks_and_the_last_one():
    new = spliced(TEXT, {"c": "c: 5", "a": "a: 7"}, "x.yaml")
    assert new == TEXT.replace("a: 1", "a: 7").replace("c: {d: 2}", "c: 5")


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_ends_of_lines_are_kept_and_a_block_that_is_put_back_changes_nothing(end):
    text = TEXT.replace("\n", end)
    back = f"b:  # here{end}  x: 1{end}  # inside"
    assert spliced(text, {"b": back}, "x.yaml").replace("\r\n", "\n") == TEXT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{a: 1, b: 2}", "x.yaml: must have one key below another, but is written in one."),
        ("- a\n", "x.yaml: must have one key below another"),
        ("", "x.yaml: must have one key below another"),
        ("a: 1\n", "x.yaml: must have the block b, but has none."),
        ("a: [\n", "x.yaml:2:1: not valid YAML"),
    ],
)
def test_a_text_that_cannot_be_changed_so_is_refused(text, said):
    with pytest.raises(ProfileError, match="x") as caught:
        spliced(text, {"b": "b: 1"}, "x.yaml")
    assert said in str(caught.value)


def test_a_comment_stands_above_its_field_at_its_depth():
    new = commented(TEXT, {"b.x": "of x", "c": "of all of c"}, "x.yaml")
    assert new == TEXT.replace("  x: 1", "  # of x\n  x: 1").replace("c: {", "# of all of c\nc: {")
