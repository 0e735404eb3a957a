"""One pull request through its life: nothing is said twice, and nothing stays that is not true."""

import pytest

from bot.config import PATH
from tests.bot.ears import FIXED, NAIVE, SOURCE, naive
from tests.github.reviews import add_review, place
from tests.github.standin import PERMISSIONS


@pytest.fixture
async def pull(bot, repository):
    """A pull request on which we have commented once."""
    pull = naive(repository)
    await bot.opened(pull)
    assert len(pull.comments) == 1
    return pull


async def test_a_push_that_changes_nothing_of_it_repeats_nothing(bot, pull):
    pull.push({"main.py": "print(2)\n"})
    await bot.pushed(pull)
    assert len(pull.comments) == 1


async def test_moved_and_reformatted_lines_repeat_nothing(bot, pull):
    pull.push({"Dockerfile": NAIVE.replace("WORKDIR", "# where\nENV A=1\nWORKDIR")})
    await bot.pushed(pull)
    pull.push({"Dockerfile": NAIVE.replace("COPY . .", "COPY   .  .")})
    await bot.pushed(pull)
    assert len(pull.comments) == 1


async def test_a_rebase_repeats_nothing(bot, pull, repository):
    repository.commit("main", {"README.md": "A shop\n"})
    pull.rebase()
    await bot.pushed(pull)
    assert len(pull.comments) == 1


async def test_what_its_lines_no_longer_show_is_an_annotation(bot, pull):
    pull.push({"Dockerfile": NAIVE.replace("COPY . .", "COPY --link . .")})
    await bot.pushed(pull)
    (run,) = pull.check_runs
    assert pull.comments[0].thread.outdated
    assert "copy-source-before-install" in {note["title"] for note in run.annotations}


async def test_a_comment_on_what_is_fixed_is_deleted_and_its_review_hidden(bot, pull):
    pull.push({"Dockerfile": FIXED})
    await bot.pushed(pull)
    assert pull.comments == []
    assert [review.minimized for review in pull.reviews] == ["OUTDATED"]
    (run,) = pull.check_runs
    assert run.conclusion == "success"


async def test_a_fault_that_comes_back_is_said_again(bot, pull):
    pull.push({"Dockerfile": FIXED})
    await bot.pushed(pull)
    pull.push({"Dockerfile": NAIVE})
    await bot.pushed(pull)
    assert len(pull.comments) == 1


async def test_an_answered_comment_is_hidden_once_instead(bot, github, app, repository):
    github.install(app, repository, PERMISSIONS)  # no contents: write, so no resolving
    pull = naive(repository)
    await bot.opened(pull)
    pull.threads[0].reply("maria", "Good catch!")
    pull.push({"Dockerfile": FIXED})
    await bot.pushed(pull)
    assert [c.minimized for c in pull.comments] == ["OUTDATED", None]
    pull.push({"main.py": "x\n"})
    await bot.pushed(pull)
    asked = [r for r in github.asked("POST /graphql") if "minimizeComment" in r.body["query"]]
    assert len(asked) == 1


async def test_an_answered_comment_is_resolved_where_we_may(bot, pull, app):
    pull.threads[0].reply("maria", "Good catch!")
    pull.push({"Dockerfile": FIXED})
    await bot.pushed(pull)
    assert pull.threads[0].resolved_by == app.bot
    assert [c.minimized for c in pull.comments] == [None, None]


async def test_a_thread_that_cannot_be_resolved_after_all_does_no_harm(bot, pull, github):
    pull.threads[0].reply("maria", "Good catch!")
    pull.push({"Dockerfile": FIXED})
    body = {"data": {"m0": None}, "errors": [{"type": "FORBIDDEN", "path": ["m0"], "message": "x"}]}
    github.fail("error", "POST /graphql", status=200, body=body, skip=1)
    await bot.pushed(pull)
    assert github.faults[0].times == 0
    assert [run.conclusion for run in pull.check_runs] == ["success"]


async def test_what_a_person_resolved_is_never_repeated_nor_touched(bot, pull):
    pull.threads[0].resolve("maria")
    for text in (NAIVE + "# x\n", FIXED, NAIVE):
        pull.push({"Dockerfile": text})
        await bot.pushed(pull)
    assert len(pull.comments) == 1
    assert pull.comments[0].minimized is None


async def test_what_a_person_said_no_to_is_never_repeated(bot, pull):
    pull.threads[0].reply("maria", "Won't fix: the image is built once a month.")
    for text in (NAIVE + "# x\n", FIXED, NAIVE):
        pull.push({"Dockerfile": text})
        await bot.pushed(pull)
    assert [c.author.login for c in pull.comments] == ["layerwise[bot]", "maria"]


async def test_what_a_person_deleted_is_never_repeated(bot, pull):
    pull.threads.clear()
    pull.push({"Dockerfile": NAIVE + "# x\n"})
    await bot.pushed(pull)
    assert pull.comments == []
    assert [review.minimized for review in pull.reviews] == ["OUTDATED"]


async def test_a_marker_in_somebody_elses_comment_is_not_believed(bot, repository, github):
    pull = naive(repository)
    await bot.opened(pull)
    marker = pull.comments[0].body
    pull.threads.clear()
    pull.reviews.clear()
    github.comment(pull, marker, "mallory")
    pull.push({"main.py": "y\n"})
    await bot.pushed(pull)
    assert len(pull.comments) == 1


async def test_a_suggestion_that_was_committed_is_not_made_again(bot, pull, repository):
    pull.apply_suggestions([pull.comments[0].id], "maria")
    await bot.pushed(pull)
    assert pull.text("Dockerfile") == FIXED
    assert len(pull.comments) == 1
    assert pull.threads[0].resolved


async def test_comments_go_when_the_pull_request_touches_no_dockerfile_any_more(bot, pull):
    pull.push({"Dockerfile": None, "main.py": "y\n"})
    await bot.pushed(pull)
    assert pull.comments == []


async def test_a_dockerfile_that_cannot_be_read_this_time_keeps_its_comments(bot, pull):
    pull.push({"Dockerfile": NAIVE + "HELLO\n"})
    await bot.pushed(pull)
    assert len(pull.comments) == 1
    assert any("Not looked at" in run.summary for run in pull.check_runs)


async def test_a_rule_that_is_switched_off_takes_its_comments_along(bot, pull, repository):
    rules = "{copy-source-before-install: off, missing-cache-mount: off}"
    repository.commit("main", {PATH: f"rules: {rules}"})
    pull.push({"main.py": "y\n"})
    await bot.pushed(pull)
    assert pull.comments == []


async def test_a_closed_pull_request_is_left_alone(bot, repository, github):
    pull = naive(repository)
    pull.close()
    await bot.hear("pull_request", pull, "closed")
    assert github.requests == []
    await bot.opened(pull)  # an older event that comes late
    assert pull.reviews == []


async def test_a_renamed_repository_is_written_to_under_its_new_name(bot, repository, github):
    pull = naive(repository)
    told = github.delivery("pull_request", pull, action="opened")
    assert told.payload["repository"]["full_name"] == "octo/shop"
    github.rename(repository, "store")
    old = repository.name
    repository.name = "shop"  # what the event says
    hear = bot.hear("pull_request", pull, "opened")
    repository.name = old
    await hear
    assert len(pull.reviews) == 1


async def test_another_base_is_another_diff(bot, repository):
    repository.commit("old", SOURCE | {"Dockerfile": NAIVE})
    repository.commit("feature", {"Dockerfile": NAIVE + "# x\n"}, start="old")
    pull = repository.open_pull_request("feature", "old")
    await bot.opened(pull)
    assert pull.comments == []
    pull.retarget("main")
    await bot.hear("pull_request", pull, "edited", changes={"base": {"ref": {"from": "old"}, "sha": {"from": "0" * 40}}})  # fmt: skip
    assert len(pull.comments) == 1


@pytest.mark.parametrize("author", ["renovate[bot]", "dependabot[bot]", "maria"])
async def test_bots_and_people_are_reviewed_alike(bot, repository, github, author):
    github.account(author, "Bot" if author.endswith("]") else "User")
    pull = naive(repository, author=author)
    await bot.opened(pull)
    assert len(pull.comments) == 1


async def test_a_file_to_be_made_is_offered_as_a_link(bot, repository):
    """The fix of `npm ci` behind a COPY needs a line in an ignore file, which is not there yet."""
    files = {"package.json": '{"name": "x"}\n', "package-lock.json": "{}\n"}
    repository.commit("main", {**files, ".dockerignore": None})
    repository.commit(
        "fix/it", {"Dockerfile": "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"}
    )
    pull = repository.open_pull_request("fix/it")
    await bot.opened(pull)
    link = "(https://github.com/octo/shop/new/fix/it?filename=.dockerignore&value="
    assert any(link in said.body for said in pull.comments)


async def test_a_file_to_be_made_on_a_forks_branch_is_made_in_the_fork(bot, repository, github):
    files = {"web/package.json": '{"name": "x"}\n', "web/package-lock.json": "{}\n"}
    repository.commit("main", {**files, ".dockerignore": None})
    fork = github.fork(repository, "rita")
    naive = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
    fork.commit("feature", {"web/Dockerfile": naive})
    pull = repository.open_pull_request("feature", fork=fork, author="rita")
    await bot.opened(pull)
    link = "(https://github.com/rita/shop/new/feature?filename=web%2F.dockerignore&value="
    (said,) = [comment.body for comment in pull.comments if link in comment.body]
    assert "+node_modules\n" in said


async def test_nothing_that_we_do_leads_us_to_do_anything(bot, pull, app, github):
    """Our review, its comment, our check run, our cleaning up: events that come back to us."""
    me = app.bot.login
    (run,) = pull.check_runs
    asked = len(github.requests)
    told = [
        ("pull_request_review", pull.reviews[0], "submitted"),
        ("pull_request_review_comment", pull.comments[0], "created"),
        ("pull_request_review_comment", pull.comments[0], "deleted"),
        ("pull_request_review_thread", pull.threads[0], "resolved"),
        ("check_run", run, "created"),
        ("check_run", run, "completed"),
        ("check_suite", run, "completed"),
        ("issue_comment", github.comment(pull, "/layerwise fix", app.bot), "created"),
    ]
    for event, subject, action in told:
        assert await bot.hear(event, subject, action, sender=me) is None
    assert len(github.requests) == asked


async def test_what_was_too_much_for_one_review_does_not_trickle_in_with_the_next(bot, repository):
    """`max_comments` is how many stand at a time, not how many each push may add."""
    repository.commit("main", {PATH: "max_comments: 1"})
    apart = "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y a\n# {}\n# x\n# x\n# x\n"
    twice = apart + apart.replace("-y a", "-y b")
    repository.commit("feature", {"Dockerfile": twice})
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    pull.push({"Dockerfile": twice.replace("# {}", "# y")})
    await bot.pushed(pull)
    assert len(pull.comments) == 1
    pull.threads[0].resolve("maria")
    await bot.pushed(pull)
    assert len(pull.comments) == 2


async def test_our_comment_is_found_behind_a_hundred_of_others(bot, repository, github):
    pull = naive(repository)
    anchor = place(pull, pull.head_sha, {"path": "Dockerfile", "line": 1})
    chat = [(anchor, f"What is {n}?") for n in range(120)]
    add_review(pull, github.account("maria"), "COMMENTED", "Questions", pull.head_sha, chat)
    for _ in range(2):
        await bot.opened(pull)
    assert len([c for c in pull.comments if c.author == bot.app.bot]) == 1
    assert any("...threads" in r.body["query"] and r.body["variables"].get("after") for r in github.asked("POST /graphql"))  # fmt: skip
