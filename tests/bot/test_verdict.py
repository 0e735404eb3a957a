import pytest

from bot import verdict
from bot.analysis import Analysis
from bot.config import Config, SettingsFile
from bot.verdict import Verdict, external_id, judge, number_in
from rules.model.dockerfile import Span
from rules.model.finding import Finding, Silence
from rules.model.mute import IdleComment
from tests.rules.tools import build

BUILD = build({"Dockerfile": "FROM scratch\nCOPY . .\n", "a.py": ""})
WARNING = Finding("some-rule", "Dockerfile", Span(2, 2), "COPY", "A fact.")
INFO = Finding("other-rule", "Dockerfile", Span(2, 2), "COPY", "A remark.", severity="info")


def judged(new=(), old=(), config=Config(), commented=frozenset(), silences=()) -> Verdict:  # noqa: B008
    analysis = Analysis(tuple(new), tuple(old), tuple(silences), (), (BUILD,))
    return judge(analysis, SettingsFile(config), commented)


@pytest.mark.parametrize(("new", "old", "fail_on", "conclusion", "title"), [
    ([WARNING], [], "never", "neutral", "1 finding"),
    ([WARNING], [], "warning", "failure", "1 finding"),
    ([INFO], [], "warning", "success", "Nothing that must change: 1 remark for those who want more"),
    ([], [WARNING, INFO], "warning", "success", "Nothing new: 2 findings from before"),
    ([], [], "never", "success", "Nothing to gain"),
])  # fmt: skip
def test_the_conclusion_is_about_what_is_new(new, old, fail_on, conclusion, title):
    found = judged(new, old, Config(fail_on=fail_on))
    assert (found.conclusion, found.title) == (conclusion, title)


def test_what_stands_as_a_comment_is_not_said_again():
    assert [note.title for note in judged([WARNING, INFO]).annotations] == [
        "some-rule",
        "other-rule",
    ]
    left = judged([WARNING, INFO], commented=frozenset({WARNING.fingerprint}))
    assert [note.title for note in left.annotations] == ["other-rule"]


def test_old_findings_are_notices_and_in_the_quiet_profile_a_count():
    assert [note.level for note in judged([WARNING], [INFO]).annotations] == ["warning", "notice"]
    quiet = judged([], [WARNING], Config(profile="quiet"))
    assert quiet.annotations == ()
    assert "1 finding in these files from before" in quiet.summary


def test_ignore_comments_without_effect_are_in_the_text_and_nowhere_else():
    idle = (IdleComment("Dockerfile", 3, "a", "No rule is called `a`."),)
    found = judge(Analysis((), (), (), (), (BUILD,), idle), SettingsFile(Config()))
    assert found.text == (
        "### Ignore comments without effect\n\n- `Dockerfile:3` No rule is called `a`."
    )
    assert (found.conclusion, found.title, found.annotations) == ("success", "Nothing to gain", ())


def test_the_digest_changes_with_what_is_said():
    assert judged([WARNING]).digest == judged([WARNING]).digest
    assert judged([WARNING]).digest != judged([]).digest


@pytest.mark.parametrize(("text", "number"), [
    (external_id(17, verdict.skipped()), 17),
    ("v1:17:", 0), ("v2:17:abc", 0), ("17", 0), ("", 0), (None, 0), (17, 0),
    ("v1:99999999999:abc", 0),
])  # fmt: skip
def test_the_external_id_names_the_pull_request(text, number):
    assert number_in(text) == number


def test_texts_are_cut_to_what_github_takes_in_bytes_too():
    long = [Silence("some-rule", "é" * 5000, n, "because " + "é" * 5000) for n in range(20)]
    assert len(judged(silences=long).text.encode()) <= verdict.MAX_TEXT
