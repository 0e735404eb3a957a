"""Suggested changes: what the page commits, and when it refuses."""

import pytest

from tests.github import suggestions
from tests.github.suggestions import Replacement, SuggestionRefused, replaced, suggestions_in

REVIEWS = "/repos/octo/shop/pulls/1/reviews"


@pytest.fixture
def pull(repository):
    """The right side of the only hunk: lines 2-9, of which 5 and 6 replace two others."""
    lines = repository.text("Dockerfile").split("\n")
    lines[4:6] = ["RUN five", "RUN six"]
    repository.commit("feature", {"Dockerfile": "\n".join(lines)})
    repository.permissions["writer"] = "write"
    return repository.open_pull_request("feature", author="alice")


async def suggest(client, pull, *blocks, **more):
    """Comment with a suggestion for each (start, end, text); returns the ids."""
    comments = []
    for start, end, text in blocks:
        comment = {
            "path": "Dockerfile",
            "line": end,
            "body": f"Better:\n```suggestion\n{text}```\n",
        }
        comments.append({**comment, **({} if start == end else {"start_line": start}), **more})
    answer = await client.post(REVIEWS, {"event": "COMMENT", "body": "x", "comments": comments})
    assert answer.status == 200, answer
    return [c.id for c in pull.comments][-len(blocks) :]


async def test_a_click_commits_the_lines_and_resolves_the_thread(client, repository, pull):
    (number,) = await suggest(client, pull, (5, 6, "RUN one\nRUN two\nRUN three\n"))
    sha = pull.apply_suggestions([number], by="writer")
    assert pull.text("Dockerfile").split("\n")[3:8] == [
        "RUN step-4",
        "RUN one",
        "RUN two",
        "RUN three",
        "RUN step-7",
    ]
    commit = repository.objects.commit(sha)
    assert (commit.author.name, commit.committer.name) == ("writer", "GitHub")
    assert "Co-authored-by: layerwise[bot]" in commit.message
    assert (pull.head_sha, pull.threads[0].resolved, pull.threads[0].outdated) == (sha, True, True)


async def test_a_batch_is_one_commit(client, repository, pull):
    numbers = await suggest(client, pull, (8, 8, ""), (3, 4, "RUN joined\n"))
    before = pull.head_sha
    sha = pull.apply_suggestions(numbers)
    assert repository.objects.commit(sha).parents == (before,)
    lines = pull.text("Dockerfile").split("\n")
    assert lines[1:7] == [
        "RUN step-2",
        "RUN joined",
        "RUN five",
        "RUN six",
        "RUN step-7",
        "RUN step-9",
    ]


def refusal(pull, numbers, by="alice"):
    with pytest.raises(SuggestionRefused) as caught:
        pull.apply_suggestions(numbers, by)
    return str(caught.value)


async def test_a_range_with_a_removed_line_inside_can_be_posted_but_not_committed(client, pull):
    numbers = await suggest(client, pull, (4, 5, "RUN x\n"))
    assert refusal(pull, numbers) == suggestions.DELETED_LINES


async def test_a_suggestion_on_the_left_cannot_be_committed(client, pull):
    numbers = await suggest(client, pull, (5, 5, "RUN x\n"), side="LEFT")
    assert refusal(pull, numbers) == suggestions.DELETED_LINES


async def test_a_suggestion_that_changes_nothing_is_refused(client, pull):
    numbers = await suggest(client, pull, (5, 6, "RUN five\nRUN six\n"))
    assert refusal(pull, numbers) == suggestions.NO_CHANGE


async def test_suggestions_of_a_batch_may_not_share_a_line(client, pull):
    numbers = await suggest(client, pull, (5, 6, "RUN x\n"), (6, 7, "RUN y\n"))
    assert refusal(pull, numbers) == suggestions.ONE_PER_LINE


async def test_an_outdated_suggestion_is_refused(client, pull):
    numbers = await suggest(client, pull, (5, 6, "RUN x\n"))
    pull.push({"Dockerfile": pull.text("Dockerfile").replace("RUN six", "RUN seven")})
    assert refusal(pull, numbers) == suggestions.OUTDATED


async def test_a_suggestion_that_moved_is_committed_where_it_is_now(client, pull):
    numbers = await suggest(client, pull, (5, 6, "RUN x\n"))
    pull.push({"Dockerfile": "RUN zero\n" + pull.text("Dockerfile")})
    pull.apply_suggestions(numbers)
    assert pull.text("Dockerfile").split("\n")[4:7] == ["RUN step-4", "RUN x", "RUN step-7"]


async def test_a_suggestion_is_committed_once(client, pull):
    numbers = await suggest(client, pull, (8, 8, "RUN x\n"))
    pull.threads[0].resolve("alice")
    assert refusal(pull, numbers) == suggestions.RESOLVED


async def test_a_closed_pull_request_takes_no_suggestion(client, pull):
    numbers = await suggest(client, pull, (5, 6, "RUN x\n"))
    pull.close()
    assert refusal(pull, numbers) == suggestions.CLOSED


async def test_who_cannot_push_cannot_commit_a_suggestion(client, pull):
    numbers = await suggest(client, pull, (5, 6, "RUN x\n"))
    assert refusal(pull, numbers, by="stranger") == suggestions.NO_ACCESS


async def test_a_comment_without_a_suggestion_has_no_button(client, pull):
    body = {"path": "Dockerfile", "line": 5, "body": "```\nRUN x\n```"}
    await client.post(REVIEWS, {"event": "COMMENT", "body": "x", "comments": [body]})
    assert refusal(pull, [pull.comments[0].id]) == suggestions.NOT_THERE


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("```suggestion\na\nb\n```", [("a", "b")]),
        ("```suggestion\n```", [()]),
        ("```suggestion\n\n```", [("",)]),
        ("````suggestion\n```\na\n```\n````", [("```", "a", "```")]),
        ("````md\n```suggestion\na\n```\n````", []),
        ("~~~suggestion\na\n~~~", [("a",)]),
        ("```suggestion\r\na\r\n```\r\n", [("a",)]),
        ("```diff\n-a\n```\n```suggestion\nb\n```", [("b",)]),
        ("```suggestion\nunclosed", []),
    ],
)
def test_a_suggestion_is_a_fence_as_markdown_reads_it(body, found):
    assert suggestions_in(body) == found


@pytest.mark.parametrize(
    ("before", "start", "end", "lines", "after"),
    [
        (b"a\nb\nc\n", 2, 2, ("x", "y"), b"a\nx\ny\nc\n"),
        (b"a\nb\nc\n", 2, 2, (), b"a\nc\n"),
        (b"a\nb", 2, 2, ("x",), b"a\nx\n"),
        (b"a\nb", 1, 1, ("x",), b"x\nb"),
        (b"a\r\nb\r\n", 1, 1, ("x",), b"x\r\nb\r\n"),
        (b"a\r\nb\nc\n", 1, 1, ("x",), b"x\r\nb\r\nc\r\n"),
        (b"a\xff\nb\n", 2, 2, ("x",), b"a\xff\nx\n"),
    ],
)
def test_lines_are_replaced_as_the_page_does_it(before, start, end, lines, after):
    assert replaced(before, [Replacement("f", start, end, lines)]) == after
