import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model.dockerfile import Span
from rules.model.finding import Edit, OverlapError, apply, split_lines, suggest


def test_edits_are_made_at_their_places_whatever_their_order():
    edits = [Edit("f", 4, 5, "X"), Edit("f", 0, 0, ">"), Edit("f", 2, 4, "")]
    assert apply("abcdef", edits) == ">abXf"


def test_edits_that_overlap_are_refused():
    with pytest.raises(OverlapError):
        apply("abcdef", [Edit("f", 0, 3, ""), Edit("f", 2, 4, "")])


def test_an_edit_outside_the_text_is_refused():
    with pytest.raises(OverlapError):
        apply("abc", [Edit("f", 2, 9, "")])


TEXT = "one\ntwo\nthree\nfour\n"


@pytest.mark.parametrize(
    ("edit", "span", "text"),
    [
        (Edit("f", 4, 7, "2"), Span(2, 2), "2\n"),
        (Edit("f", 4, 8, ""), Span(2, 2), ""),
        (Edit("f", 7, 7, "\nand"), Span(2, 2), "two\nand\n"),
        (Edit("f", 0, 0, "zero\n"), Span(1, 1), "zero\none\n"),
        (Edit("f", 4, 13, "two\n3"), Span(3, 3), "3\n"),
    ],
)
def test_a_suggestion_replaces_the_fewest_whole_lines(edit, span, text):
    found = suggest("f", TEXT, [edit])
    assert (found.span, found.text) == (span, text)


def test_a_new_file_is_suggested_before_its_first_line():
    found = suggest("f", "", [Edit("f", 0, 0, "node_modules\n")])
    assert (found.span, found.text) == (Span(1, 0), "node_modules\n")


texts = st.text(alphabet="ab\n\r\x0c\u2028", max_size=40)


@given(texts, st.data())
def test_a_suggestion_applied_to_its_lines_is_the_edit_applied(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    edits = [Edit("f", start, end, data.draw(texts))]
    found = suggest("f", text, edits)
    lines = split_lines(text)
    lines[found.span.start - 1 : found.span.end] = [found.text]
    assert "".join(lines) == apply(text, edits)


@given(texts)
def test_lines_split_and_joined_are_the_text(text):
    assert "".join(split_lines(text)) == text
