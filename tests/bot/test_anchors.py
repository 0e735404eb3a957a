"""Where a comment stands, and whether it can carry a suggestion that GitHub commits."""

from dataclasses import replace

import pytest

from bot import comment, verdict
from bot.analysis import analyse
from bot.config import Config, SettingsFile
from bot.review import compose
from rules.model.dockerfile import Span
from tests.bot.words import PYTHON, Case

IGNORE = {".dockerignore": ".git\n**/__pycache__\n"}
SMALL = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
FILES = {**PYTHON, **IGNORE}


def reviewed(head: str, base: str | None = None, config: Config | None = None, *, patch=True):
    """The review and the check run of a change to the Dockerfile."""
    config = config or Config()
    before = FILES if base is None else {**FILES, "Dockerfile": base}
    snapshot = Case({**FILES, "Dockerfile": head}, before).snapshot()
    if not patch:
        change = replace(snapshot.changes["Dockerfile"], hunks=None)
        snapshot = type(snapshot).at(snapshot.head, [change])
    analysis = analyse(snapshot, config)
    review = compose(snapshot, analysis, config)
    said = frozenset(f.fingerprint for c in review.comments for f in c.findings)
    return review, verdict.judge(analysis, SettingsFile(config), said)


def test_a_suggestion_stands_on_the_lines_that_it_replaces():
    review, _ = reviewed(SMALL)
    (said,) = review.comments
    assert said.span == Span(3, 4)
    assert comment.suggested(said.body) == (
        "COPY requirements.txt ./\n"
        "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n"
        "COPY . .\n"
    )


def test_windows_lines_are_suggested_as_lines():
    review, _ = reviewed(SMALL.replace("\n", "\r\n"))
    (said,) = review.comments
    assert "\r" not in said.body
    assert said.suggestion is not None


@pytest.mark.parametrize("text", [
    SMALL.replace("/app\n", "/app\r\n"),
    SMALL.replace("requirements.txt\n", "requirements.txt # \u202egnp.x\n"),
    SMALL.replace("requirements.txt\n", "requirements.txt # \u200bx\n"),
])  # fmt: skip
def test_mixed_line_ends_and_characters_that_nobody_sees_get_words(text):
    review, check = reviewed(text)
    assert all(said.suggestion is None for said in review.comments)
    assert review.comments or check.annotations
    assert all(comment.suggested(said.body) is None for said in review.comments)


def test_lines_between_which_one_was_removed_get_the_change_in_words():
    base = SMALL.replace("RUN pip", "ENV A=1\nRUN pip").replace("install", "install -U")
    review, _ = reviewed(SMALL, base)
    order, *_ = review.comments
    assert order.suggestion is None
    assert comment.NOT_A_SUGGESTION in order.body
    assert "+COPY requirements.txt ./" in order.body


def test_a_file_without_a_patch_has_annotations_only():
    review, check = reviewed(SMALL, patch=False)
    assert not review
    assert {note.title for note in check.annotations} >= {"copy-source-before-install"}


def test_a_finding_that_no_line_of_the_diff_can_carry_is_an_annotation():
    far = SMALL + "# x\n" * 9
    review, check = reviewed(far.replace("# x\n", "RUN make\n", 1), far + "RUN make\n")
    assert all(said.span.start > 1 for said in review.comments)
    deep = SMALL + "# x\n" * 9 + "EXPOSE 80\n"
    review, check = reviewed(deep, deep.replace("EXPOSE 80", "EXPOSE 81"))
    assert not review
    assert {note.level for note in check.annotations} == {"notice"}


def test_beyond_max_comments_the_check_run_has_the_rest_and_one_click_comes_first():
    stages = "".join(
        f"FROM debian:12 AS s{n}\nRUN apt-get update\nRUN apt-get install -y p\nENV A=1\n# 1\n# 2\n"
        for n in range(5)
    )
    text = stages + SMALL
    whole, _ = reviewed(text)
    assert len(whole.comments) > 3
    review, check = reviewed(text, config=Config(max_comments=3))
    assert len(review.comments) == 3
    assert comment.IN_THE_CHECK in review.body
    said = {f.fingerprint for c in review.comments for f in c.findings}
    left = {f for c in whole.comments for f in c.findings if f.fingerprint not in said}
    assert left
    places = {(note.title, note.span) for note in check.annotations}
    assert {(f.rule, f.span) for f in left} <= places
    assert all(c.suggestion is not None for c in review.comments)


def test_a_body_is_never_longer_than_github_takes():
    names = " ".join(f"package-{n}" for n in range(1200))
    review, check = reviewed(SMALL.replace("-r requirements.txt", f"-r requirements.txt {names}"))
    assert all(len(said.body) <= comment.MAX_BODY for said in review.comments)
    assert all(len(note.message.encode()) <= verdict.MAX_TEXT for note in check.annotations)
