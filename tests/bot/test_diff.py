import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diff import Hunk, PatchError, read_patch, text_before
from rules.model.dockerfile import Span

PATCH = """@@ -2,4 +2,5 @@ FROM a
 two
-three
+drei
+und
 four
 five
@@ -20,2 +21,1 @@
 twenty
-gone
\\ No newline at end of file"""


def test_a_hunk_counts_lines_of_the_file_after_the_change():
    first, second = read_patch(PATCH)
    assert first.right == Span(2, 6)
    assert first.added() == {3, 4}
    assert second.right == Span(21, 21)


def test_a_suggestion_must_stay_inside_one_hunk():
    first, _ = read_patch(PATCH)
    assert first.replaceable(Span(4, 6))
    assert not first.replaceable(Span(5, 7))
    assert not first.replaceable(Span(1, 2))


def test_a_suggestion_must_not_span_a_removed_line():
    first, _ = read_patch(PATCH)
    assert not first.replaceable(Span(2, 3))
    assert first.replaceable(Span(3, 4))
    assert first.replaceable(Span(2, 2))


def test_a_new_file_is_one_hunk_with_every_line():
    (hunk,) = read_patch("@@ -0,0 +1,2 @@\n+FROM a\n+RUN b")
    assert hunk.right == Span(1, 2)
    assert hunk.added() == {1, 2}


@pytest.mark.parametrize("patch", ["hello", "@@ nonsense", "@@ -a +b @@\n x"])
def test_what_is_no_patch_is_refused(patch):
    with pytest.raises(PatchError):
        read_patch(patch)


def test_a_patch_that_does_not_fit_is_refused():
    with pytest.raises(PatchError, match="line 1"):
        text_before("other\n", (Hunk(1, 1, ((" ", "text"),)),))


lines = st.lists(st.sampled_from(["a", "b", "c", "", "+x", "-y", "@@", "\\ no"]), max_size=40)


@given(lines, lines)
def test_the_text_before_the_change_comes_back_from_the_patch(old, new):
    diff = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    before = "".join(line + "\n" for line in old)
    after = "".join(line + "\n" for line in new)
    assert text_before(after, read_patch("\n".join(diff))) == before
