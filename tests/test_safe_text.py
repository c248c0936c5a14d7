"""Free text in places that would obey it: every hidden character, in every kind of place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.blocks.document import compose, written
from neurosim.safe_text import comment, has_hidden, one_line, printable

any_text = st.text(st.characters())
# Seldom drawn from all characters, and the ones that matter.
marked = st.text(st.sampled_from("*/?\\\n\r\t\x00\x1b\x7f\x85\u2028\u2029\u202e\u2066\ud800 a"))
LINES = ["\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.mark.parametrize(
    "character", [*LINES, "\x00", "\x1b", "\x7f", "\x9b", "\u200e", "\u202e", "\u2066", "\ufeff"]
)
def test_what_nobody_sees_is_hidden(character):
    assert has_hidden(f"a{character}b")
    assert one_line(f"a{character}b") == f"a\\u{ord(character):04x}b"
    assert comment(f"a{character}b") == "a b"


@pytest.mark.parametrize("text", ["", "10 µm ± 3 %", "1\u00a0mV", "naïve 電圧", "👩\u200d🔬"])
def test_what_people_write_is_left_as_it_is(text):
    assert not has_hidden(text)
    assert one_line(text) == printable(text) == comment(text) == text


@given(any_text | marked)
def test_printed_text_hides_nothing_but_line_breaks_and_tabs(text):
    shown = printable(text)
    assert not has_hidden(shown.replace("\n", "").replace("\t", ""))
    assert shown.count("\n") == text.count("\n")
    assert len(one_line(text).splitlines()) <= 1
    assert shown.encode().decode() == shown


@given(any_text | marked)
def test_json_is_the_same_value_when_it_is_printed(text):
    for ascii_only in (True, False):
        assert json.loads(printable(json.dumps([text], ensure_ascii=ascii_only))) == [text]


@given(any_text | marked)
def test_a_comment_stays_one_comment(text):
    said = comment(text)
    assert len(f"/{said}.".splitlines()) == 1
    assert not any(mark in said for mark in ("*/", "/*", "??"))
    assert not said.endswith("\\")
    assert said.encode().decode() == said
    assert comment(said) == said


@given(any_text | marked)
def test_yaml_hides_nothing_and_comes_back(text):
    file = written({"x": text, "y": [text]})
    assert not has_hidden(file.replace("\n", ""))
    assert compose(file, "x.yaml").tree == {"x": text, "y": [text]}
