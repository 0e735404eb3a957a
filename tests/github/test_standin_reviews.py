"""Reviews and comments: where they may stand, and what GitHub answers when they may not."""

import pytest

REVIEWS = "/repos/octo/shop/pulls/1/reviews"
COMMENTS = "/repos/octo/shop/pulls/1/comments"
NOT_IN_DIFF = "Pull request review thread line must be part of the diff"
OTHER_HUNK = "Pull request review thread start line must be part of the same hunk as the line."
NO_HUNK = "Pull request review thread diff hunk can't be blank"


@pytest.fixture
def pull(repository):
    """Two hunks of the right side, lines 2-8 and 22-28: line 5 is changed, line 25 is new."""
    lines = repository.text("Dockerfile").split("\n")
    lines[4] = "RUN changed"
    lines.insert(24, "RUN new")
    repository.commit("feature", {"Dockerfile": "\n".join(lines)})
    return repository.open_pull_request("feature", author="alice")


def review(*comments, **more):
    said = [
        {"path": "Dockerfile", "body": "Hm", "side": "RIGHT", **comment} for comment in comments
    ]
    return {"event": "COMMENT", "body": "One", "comments": said, **more}


async def test_a_review_posts_all_its_comments_with_200(client, pull):
    answer = await client.post(
        REVIEWS, review({"line": 5}, {"start_line": 24, "line": 26}, commit_id=pull.head_sha)
    )
    assert (answer.status, answer.body["state"]) == (200, "COMMENTED")
    first, second = (await client.get(COMMENTS)).body
    assert (first["line"], first["start_line"], first["side"]) == (5, None, "RIGHT")
    assert (second["line"], second["start_line"], second["original_line"]) == (26, 24, 26)
    assert first["user"]["login"] == "layerwise[bot]"
    assert first["pull_request_review_id"] == answer.body["id"]


@pytest.mark.parametrize("line", [2, 5, 8, 22, 25, 28])
async def test_added_and_context_lines_of_a_hunk_carry_comments(client, pull, line):
    assert (await client.post(REVIEWS, review({"line": line}))).status == 200


@pytest.mark.parametrize(
    ("comment", "error"),
    [
        ({"line": 1}, f"{NOT_IN_DIFF} and {NO_HUNK}"),
        ({"line": 9999}, f"{NOT_IN_DIFF} and {NO_HUNK}"),
        ({"line": 15, "start_line": 14}, f"{NOT_IN_DIFF}, {OTHER_HUNK}, and {NO_HUNK}"),
        ({"line": 24, "start_line": 5}, OTHER_HUNK),
        ({"line": 25, "start_line": 20}, OTHER_HUNK),
        (
            {"line": 5, "start_line": 5},
            "Pull request review thread start line must precede the end line.",
        ),
        (
            {"line": 5, "start_line": 6},
            "Pull request review thread start line must precede the end line.",
        ),
        ({"line": 1, "path": "README.md"}, "Path could not be resolved"),
        ({}, "Line could not be resolved"),
        ({"line": 5, "body": "x" * 65_537}, "body is too long (maximum is 65536 characters)"),
        ({"line": 5, "body": " "}, "Body can't be blank"),
    ],
)
async def test_one_misplaced_comment_refuses_the_whole_review(client, pull, comment, error):
    answer = await client.post(REVIEWS, review({"line": 25}, comment))
    assert (answer.status, answer.body["message"]) == (422, "Unprocessable Entity")
    assert answer.body["errors"] == [error]
    assert pull.reviews == []
    assert pull.comments == []


async def test_a_removed_line_carries_a_comment_on_the_left_only(client, pull):
    assert (await client.post(REVIEWS, review({"line": 5, "side": "LEFT"}))).status == 200
    lines = pull.repository.text("Dockerfile").split("\n")
    pull.push({"Dockerfile": "\n".join(lines[:10] + lines[11:])})
    assert (await client.post(REVIEWS, review({"line": 11, "side": "LEFT"}))).status == 200
    assert [c.thread.original.diff_hunk.split("\n")[-1] for c in pull.comments] == [
        "-RUN step-5",
        "-RUN step-11",
    ]


async def test_a_file_without_patch_carries_no_line(client, repository):
    repository.commit(
        "feature", {"docker/Dockerfile": repository.text("Dockerfile"), "Dockerfile": None}
    )
    repository.open_pull_request("feature")
    answer = await client.post(REVIEWS, review({"path": "docker/Dockerfile", "line": 1}))
    assert answer.body["errors"] == [f"{NOT_IN_DIFF} and {NO_HUNK}"]


async def test_every_line_of_a_new_file_carries_comments(client, repository):
    repository.commit("feature", {"new": "a\nb\nc"})
    repository.open_pull_request("feature")
    answer = await client.post(REVIEWS, review({"path": "new", "start_line": 1, "line": 3}))
    assert answer.status == 200


async def test_a_review_of_an_older_commit_stands_on_that_commits_diff(client, pull):
    first = pull.head_sha
    pull.push({"Dockerfile": "RUN all-new\n"})
    assert (await client.post(REVIEWS, review({"line": 25}, commit_id=first))).status == 200
    assert (await client.get(COMMENTS)).body[0]["line"] is None


async def test_a_commit_of_another_branch_cannot_be_reviewed(client, repository, pull):
    other = repository.commit("other", {"x": "x"})
    assert (await client.post(REVIEWS, review({"line": 5}, commit_id=other))).status == 422


@pytest.mark.parametrize(
    ("body", "comments", "status"), [("", [], 422), ("Hm", [], 200), ("", [{"line": 5}], 200)]
)
async def test_a_review_must_say_something(client, pull, body, comments, status):
    assert (await client.post(REVIEWS, review(*comments, body=body))).status == status


async def test_a_pending_review_blocks_every_later_one_until_it_is_deleted(client, pull):
    pending = {"comments": [{"path": "Dockerfile", "line": 5, "body": "x"}]}
    answer = await client.post(REVIEWS, pending)
    assert answer.body["state"] == "PENDING"
    assert (await client.get(COMMENTS)).body == []
    blocked = await client.post(REVIEWS, review({"line": 5}))
    assert blocked.body["errors"] == ["User can only have one pending review per pull request"]
    alone = {"path": "Dockerfile", "line": 5, "body": "x", "commit_id": pull.head_sha}
    assert (await client.post(COMMENTS, alone)).status == 422
    assert (await client.ask("DELETE", f"{REVIEWS}/{answer.body['id']}")).status == 200
    assert (await client.post(REVIEWS, review({"line": 5}))).status == 200


async def test_a_pending_review_can_be_submitted_but_then_not_deleted(client, pull):
    pending = {"comments": [{"path": "Dockerfile", "line": 5, "body": "x"}]}
    number = (await client.post(REVIEWS, pending)).body["id"]
    answer = await client.post(f"{REVIEWS}/{number}/events", {"event": "COMMENT"})
    assert (answer.status, answer.body["state"]) == (200, "COMMENTED")
    assert (await client.ask("DELETE", f"{REVIEWS}/{number}")).status == 422


async def test_a_commented_review_cannot_be_dismissed(client, pull):
    number = (await client.post(REVIEWS, review())).body["id"]
    answer = await client.ask("PUT", f"{REVIEWS}/{number}/dismissals", {"message": "x"})
    assert answer.status == 422


@pytest.mark.parametrize(
    ("comment", "fields"),
    [
        ({"line": 1}, ["pull_request_review_thread.line", "pull_request_review_thread.diff_hunk"]),
        ({"line": 24, "start_line": 5}, ["pull_request_review_thread.start_line"]),
        ({"line": 5, "path": "nope"}, ["pull_request_review_thread.path"]),
        ({"line": 5, "commit_id": "0" * 40}, ["commit_id"]),
        ({"line": 5, "body": "x" * 65_537}, ["body"]),
    ],
)
async def test_a_single_comment_is_refused_field_by_field(client, pull, comment, fields):
    body = {
        "path": "Dockerfile",
        "body": "x",
        "side": "RIGHT",
        "commit_id": pull.head_sha,
        **comment,
    }
    answer = await client.post(COMMENTS, body)
    assert (answer.status, answer.body["message"]) == (422, "Validation Failed")
    assert [error["field"] for error in answer.body["errors"]] == fields


async def test_a_single_comment_makes_a_review_of_its_own(client, pull):
    body = {"path": "Dockerfile", "body": "x", "commit_id": pull.head_sha, "subject_type": "file"}
    assert (await client.post(COMMENTS, body)).status == 201
    assert (await client.post(COMMENTS, {**body, "subject_type": "line", "line": 5})).status == 201
    assert len(pull.reviews) == 2
    assert [c["subject_type"] for c in (await client.get(COMMENTS)).body] == ["file", "line"]


async def test_replies_go_to_the_first_comment_only(client, pull):
    await client.post(REVIEWS, review({"line": 5}))
    (first,) = pull.comments
    answer = await client.post(f"{COMMENTS}/{first.id}/replies", {"body": "Yes"})
    assert (answer.status, answer.body["in_reply_to_id"]) == (201, first.id)
    again = await client.post(f"{COMMENTS}/{answer.body['id']}/replies", {"body": "No"})
    assert again.status == 404
    assert len(pull.threads) == 1


async def test_own_comments_are_edited_and_deleted_others_are_not(client, pull):
    await client.post(REVIEWS, review({"line": 5}, body=""))
    (mine,) = pull.comments
    theirs = mine.thread.reply("alice", "won't fix")
    path = "/repos/octo/shop/pulls/comments"
    assert (await client.ask("PATCH", f"{path}/{mine.id}", {"body": "New"})).body["body"] == "New"
    assert (await client.ask("PATCH", f"{path}/{theirs.id}", {"body": "New"})).status == 403
    assert (await client.ask("DELETE", f"{path}/{theirs.id}")).status == 403
    assert (await client.ask("DELETE", f"{path}/{mine.id}")).status == 204
    assert (await client.get(f"{path}/{mine.id}")).status == 404
    assert [c.body for c in pull.comments] == ["won't fix"]


async def test_with_its_last_comment_a_thread_is_gone(client, pull):
    await client.post(REVIEWS, review({"line": 5}, {"line": 25}))
    await client.ask("DELETE", f"/repos/octo/shop/pulls/comments/{pull.comments[0].id}")
    assert [thread.original.line for thread in pull.threads] == [25]


async def test_a_reaction_is_added_once(client, github, pull):
    comment = github.comment(pull, "/layerwise help", "alice")
    path = f"/repos/octo/shop/issues/comments/{comment.id}/reactions"
    github.installations[1005].permissions["issues"] = "write"
    assert (await client.post(path, {"content": "eyes"})).status == 201
    assert (await client.post(path, {"content": "eyes"})).status == 200
    assert [reaction.content for reaction in comment.reactions] == ["eyes"]


async def test_a_comment_below_a_pull_request_has_a_limit_too(client, pull):
    path = "/repos/octo/shop/issues/1/comments"
    assert (await client.post(path, {"body": "x" * 65_536})).status == 201
    answer = await client.post(path, {"body": "x" * 65_537})
    assert answer.body["errors"][0]["message"] == "Body is too long (maximum is 65536 characters)"


# --- after a push ---


@pytest.mark.parametrize(
    ("edit", "lines"),
    [
        (lambda rows: ["RUN above", *rows], (25, 27)),  # moved down with its lines
        (lambda rows: rows, (24, 26)),
        (lambda rows: [*rows[:24], "RUN other", *rows[25:]], None),  # a line changed
        (lambda rows: [*rows[:24], "RUN between", *rows[24:]], None),  # a line came between
        (lambda rows: [*rows[:24], *rows[25:]], None),  # a line went
    ],
)
async def test_a_comment_follows_its_lines_or_is_outdated(client, pull, edit, lines):
    await client.post(REVIEWS, review({"start_line": 24, "line": 26}))
    before = pull.head_sha
    pull.push({"Dockerfile": "\n".join(edit(pull.text("Dockerfile").split("\n"))), "x": "x\n"})
    (body,) = (await client.get(COMMENTS)).body
    assert (body["original_start_line"], body["original_line"]) == (24, 26)
    assert body["original_commit_id"] == before
    if lines is None:
        assert (body["line"], body["start_line"], body["position"]) == (None, None, None)
        assert body["commit_id"] == before
    else:
        assert (body["start_line"], body["line"]) == lines
        assert body["commit_id"] == pull.head_sha


async def test_a_comment_whose_lines_left_the_diff_is_outdated(client, repository, pull):
    await client.post(REVIEWS, review({"line": 25}, {"line": 5}))
    repository.commit("main", {"Dockerfile": pull.text("Dockerfile")})
    pull.rebase()
    assert [thread.outdated for thread in pull.threads] == [True, True]


async def test_a_comment_survives_a_rebase_that_keeps_its_lines(client, repository, pull):
    await client.post(REVIEWS, review({"line": 25}))
    repository.commit("main", {"README.md": "Other\n"})
    pull.rebase()
    assert pull.comments[0].line == 25


async def test_a_comment_goes_with_a_renamed_file(client, pull):
    await client.post(REVIEWS, review({"line": 25}))
    pull.push({"docker/Dockerfile": pull.text("Dockerfile"), "Dockerfile": None})
    (body,) = (await client.get(COMMENTS)).body
    assert (body["path"], body["line"]) == ("docker/Dockerfile", 25)
