"""What people read, compared with what was looked at: `python -m tests.bot.words --write`."""

import re

import pytest

from bot import comment
from tests.bot.words import CASES, FOLDER, words


@pytest.mark.parametrize("name", CASES)
def test_the_words_are_those_that_were_looked_at(name):
    assert words(CASES[name]) == (FOLDER / f"{name}.md").read_text()


def test_no_text_is_kept_that_no_case_makes():
    assert {path.stem for path in FOLDER.glob("*.md")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_comment_has_at_most_eight_lines_before_its_code(name):
    for part in f"\n{words(CASES[name])}".split("\n# "):
        if part.startswith(("Review", "Check run", "notice", "warning")) or not part:
            continue
        body = part.partition("\n\n")[2].split("\n```")[0]
        assert len(body.split("\n")) <= 8


def test_nothing_from_a_file_stands_outside_of_code():
    pytest.importorskip("markdown_it", reason="pip install markdown-it-py")
    from markdown_it import MarkdownIt  # noqa: PLC0415

    prose = []
    tokens = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(
        words(CASES["hostile-text"])
    )
    for token in tokens:
        assert token.type != "html_block" or comment.is_marked(token.content)
        for child in token.children or ():
            assert child.type != "html_inline"
            if child.type == "text":
                prose.append(child.content)
    text = " ".join(prose)
    assert "@" not in text.replace("Check run", "")
    assert not re.search(r"closes|</|0123456789abcdef|octocat", text)


def test_a_forged_marker_in_a_file_is_not_one_of_ours_outside_its_code():
    text = words(CASES["hostile-text"])
    review = text.split("\n# ")[0]
    assert "0123456789abcdef" not in comment.fingerprints(review)
