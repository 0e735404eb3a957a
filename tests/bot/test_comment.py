import pytest

from bot import comment
from rules.model.dockerfile import Span
from rules.model.finding import Evidence, Finding, Suggestion
from rules.model.prose import code

FINDING = Finding("some-rule", "Dockerfile", Span(3, 4), "npm ci", "It re-runs `npm ci`.")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("npm ci", "`npm ci`"),
        ("a `b` c", "``a `b` c``"),
        ("`x`", "`` `x` ``"),
        ("@octocat closes #1", "`@octocat closes #1`"),
        ("two\nlines", "`two lines`"),
        ("", "``` ```"),
        ("tu\u202ern", "`turn`"),
    ],
)
def test_text_from_a_file_cannot_leave_its_code_span(text, span):
    assert code(text) == span


def test_a_fence_is_longer_than_any_in_its_text():
    body = comment.with_suggestion(
        [FINDING], Suggestion("Dockerfile", Span(3, 3), "RUN <<E\n```\nE\n")
    )
    assert "````suggestion\nRUN <<E\n```\nE\n````" in body


def test_deleted_lines_are_an_empty_suggestion():
    body = comment.with_suggestion([FINDING], Suggestion("Dockerfile", Span(3, 3), ""))
    assert "```suggestion\n```" in body


def test_a_comment_says_the_fact_its_count_where_to_read_more_and_how_to_mute():
    finding = Finding("some-rule", "D", Span(1, 1), "x", "A fact.", evidence=Evidence(100, 4))
    lines = comment.explain([finding]).split("\n")
    assert len(lines) <= 8
    assert lines[0] == f"A fact. {comment.EVIDENCE.format(commits=100, needed=4)}"
    assert "#some-rule" in lines[-1]
    assert "`# layerwise: ignore=some-rule`" in lines[-1]


def test_many_findings_in_one_comment_are_cut_to_eight_lines():
    many = [Finding("some-rule", "D", Span(n, n), f"{n}", f"Fact {n}.") for n in range(1, 20)]
    lines = comment.explain(many).split("\n")
    assert len(lines) <= 8
    assert "- 15 more of the same kind." in lines


def test_a_marker_can_be_changed_in_place():
    body = comment.review_body([FINDING], more=False)
    assert comment.fingerprints(body) == {FINDING.fingerprint}
    emptied = comment.remark(body, [])
    assert comment.is_marked(emptied)
    assert comment.fingerprints(emptied) == set()


@pytest.mark.parametrize(("said", "shown"), [
    ("A plain fact.", "A plain fact."),
    ("An edit to `@octocat #1` re-runs `` a`b ``.", "An edit to `@octocat #1` re-runs `` a`b ``."),
    ("an edit to @octocat/x", "an edit to @\u200boctocat/x"),
    ("unknown instruction: <IMG", "unknown instruction: &lt;IMG"),
    ("closes #1, see [x](https://e.org)", "closes #\u200b1, see [\u200bx](https:\u200b//e.org)"),
    ("an open ` tick @x", "an open ` tick @\u200bx"),
    ("`a`` @x", "`a`` @\u200bx"),
])  # fmt: skip
def test_what_a_rule_forgot_to_put_in_code_does_nothing(said, shown):
    assert comment.prose(said) == shown


def test_prose_is_read_in_no_time():
    assert len(comment.prose("`" * 3 + "`a" * 50_000 + "@" * 1000)) > 100_000


def test_a_new_file_is_a_link_to_githubs_page_filled_in():
    page = "https://github.com/octo/shop/new/fix/it"
    link = comment.new_file(page, ".dockerignore", "# x & y\n**/*.pyc\n(a)\n")
    assert link == (
        f"[Create `.dockerignore` on this branch]({page}?filename=.dockerignore"
        "&value=%23%20x%20%26%20y%0A%2A%2A%2F%2A.pyc%0A%28a%29%0A)"
    )
    assert comment.new_file(page, ".dockerignore", "x" * 10_000) == ""


def test_the_marker_tells_a_later_push_what_was_said():
    body = comment.with_suggestion([FINDING], Suggestion("Dockerfile", Span(3, 3), "X\n"))
    assert comment.fingerprints(body) == {FINDING.fingerprint}


def test_a_body_too_long_for_github_keeps_its_marker():
    long = Finding("r", "D", Span(1, 1), "x", "word " * 20_000)
    body = comment.with_diff([long], "-a\n+b\n")
    assert len(body) <= comment.MAX_BODY
    assert comment.fingerprints(body) == {long.fingerprint}


def test_the_fingerprint_survives_moves_and_reformatting():
    moved = Finding("some-rule", "Dockerfile", Span(9, 9), "npm   ci", "Other words.")
    assert moved.fingerprint == FINDING.fingerprint
