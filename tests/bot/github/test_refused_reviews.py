"""GitHub refuses a whole review for one comment, and does not say for which."""

import pytest

from tests.bot.ears import NAIVE, naive

LINE = {"message": "Unprocessable Entity", "errors": ["Pull request review thread line must be part of the diff and Pull request review thread diff hunk can't be blank"]}  # fmt: skip
MANY = "FROM debian:12\n" + "".join(
    f"RUN apt-get update\nRUN apt-get install -y p{n}\n# {n}\n# {n}\n# {n}\n# {n}\n# {n}\n"
    for n in range(3)
)
REVIEWS = r"POST .*/reviews"


def posts(github):
    return [r for r in github.requests if r.method == "POST" and "/reviews" in r.path]


async def test_only_comments_on_added_lines_are_tried_again_as_one_review(bot, repository, github):
    repository.commit("main", {"Dockerfile": MANY})
    touched = MANY.replace("-y p0", "-y p9").replace("update\nRUN apt-get install -y p1", "update\nRUN apt-get install -y p8")  # fmt: skip
    lines = touched.replace("FROM debian:12\n", "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y new\n")  # fmt: skip
    repository.commit("feature", {"Dockerfile": lines})
    pull = repository.open_pull_request("feature")
    github.fail("error", REVIEWS, status=422, body=LINE)
    await bot.opened(pull)
    first, second = posts(github)
    assert 0 < len(second.body["comments"]) < len(first.body["comments"])
    assert len(pull.reviews) == 1
    *_, run = pull.check_runs
    assert run.annotations  # what was left out is told there


async def test_what_is_refused_twice_is_told_in_the_check_run(bot, repository, github):
    pull = naive(repository)
    github.fail("error", REVIEWS, status=422, body=LINE, times=2)
    await bot.opened(pull)
    assert len(posts(github)) == 2
    assert pull.reviews == []
    first, run = pull.check_runs
    assert first.annotations == []  # it was posted beside the review
    assert "copy-source-before-install" in {note["title"] for note in run.annotations}


async def test_a_head_that_moved_is_left_to_its_own_job(bot, repository, github):
    pull = naive(repository)

    class Moving(list):
        def __iter__(self):
            if len(posts(github)) == 1 and pull.head_sha == head:
                pull.push({"Dockerfile": NAIVE.replace("WORKDIR /app\n", "")})
            return super().__iter__()

    head = pull.head_sha
    github.faults = Moving()
    github.fail("error", REVIEWS, status=422, body=LINE)
    outcome = await bot.opened(pull)
    assert outcome.result == "superseded"
    assert pull.reviews == []
    assert pull.check_runs == []


async def test_a_pending_review_of_ours_is_thrown_away(bot, repository, github, app):
    from tests.github.reviews import add_review  # noqa: PLC0415

    pull = naive(repository)
    add_review(pull, app.bot, "PENDING", "", pull.head_sha)
    await bot.opened(pull)
    assert [review.state for review in pull.reviews] == ["COMMENTED"]


@pytest.mark.parametrize("status", [403, 404])
async def test_other_refusals_are_no_reason_to_try_again(bot, repository, github, status):
    pull = naive(repository)
    github.fail("error", REVIEWS, status=status, body={"message": "no"})
    await bot.opened(pull)
    assert len(posts(github)) == 1
