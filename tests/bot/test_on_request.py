"""What people ask for on a pull request: the button and the commands."""

import pytest
from gidgethub.sansio import Event

from bot.github.commits import HEADLINE
from bot.webhook import read_job
from tests.bot.ears import FIXED, NAIVE, SOURCE, naive
from tests.github.standin import PERMISSIONS


@pytest.fixture
async def pull(bot, repository):
    pull = naive(repository)
    await bot.opened(pull)
    return pull


async def press(bot, pull, sender="maria"):
    return await bot.hear(
        "check_run", pull.check_runs[-1], "requested_action", identifier="fix_all", sender=sender
    )


async def tell(bot, github, pull, body, by="maria"):
    comment = github.comment(pull, body, by)
    await bot.hear("issue_comment", comment, "created", sender=by)
    return comment


def reactions(comment):
    return [(r.user.login, r.content) for r in comment.reactions]


async def test_the_button_commits_every_fix_signed_and_once(bot, pull, repository):
    before = pull.head_sha
    outcome = await press(bot, pull)
    assert outcome.result == "fixed"
    assert pull.text("Dockerfile") == FIXED
    commit = repository.objects.commit(pull.head_sha)
    assert commit.parents == (before,)
    assert commit.message.startswith(f"{HEADLINE}\n\n- ")
    assert pull.head_sha in repository.verified

    await bot.pushed(pull)  # our own commit: reviewed once, and what is done goes
    assert pull.comments == []
    assert [run.conclusion for run in pull.check_runs] == ["success"]
    assert (await press(bot, pull)).result == "not fixed"  # nothing is left to be done
    assert len(pull.shas) == 2


@pytest.mark.parametrize("sender", ["rita", "stranger"])
async def test_the_button_does_nothing_for_those_who_may_not_write(bot, pull, sender):
    assert (await press(bot, pull, sender)).result == "not fixed"
    assert len(pull.shas) == 1


async def test_the_author_of_a_pull_request_has_no_power_by_that(bot, repository):
    pull = naive(repository, author="rita")
    await bot.opened(pull)
    assert (await press(bot, pull, "rita")).result == "not fixed"


async def test_the_branch_moving_meanwhile_is_no_harm(bot, pull, github):
    stale = {"data": {"createCommitOnBranch": None}, "errors": [
        {"type": "STALE_DATA", "path": ["createCommitOnBranch"], "message": "x"}]}  # fmt: skip
    github.fail("error", "POST /graphql", status=200, body=stale, skip=1)
    assert (await press(bot, pull)).result == "not fixed"
    assert github.faults[0].times == 0


async def test_a_fork_is_never_pushed_to(bot, repository, github, app):
    fork = github.fork(repository, "rita", installed=app)
    fork.commit("feature", {"Dockerfile": NAIVE})
    pull = repository.open_pull_request("feature", fork=fork, author="rita")
    await bot.opened(pull)
    assert (await press(bot, pull)).result == "not fixed"
    comment = await tell(bot, github, pull, "/layerwise fix")
    assert reactions(comment) == [("layerwise[bot]", "confused")]
    assert len(pull.shas) == 1


async def test_fix_in_a_comment_does_what_the_button_does(bot, pull, github):
    comment = await tell(bot, github, pull, "Nice.\n\n/layerwise fix, please!")
    assert pull.text("Dockerfile") == FIXED
    assert reactions(comment) == [("layerwise[bot]", "+1")]
    await bot.pushed(pull)
    await bot.pushed(pull)
    assert len(pull.shas) == 2  # the command was answered: it is not carried out again


async def test_all_files_that_the_fixes_touch_are_in_the_one_commit(bot, repository, github):
    files = {f"{n}/{name}": text for n in "ab" for name, text in SOURCE.items()}
    repository.commit("feature", {**files, "a/Dockerfile": NAIVE, "b/Dockerfile": NAIVE})
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    await press(bot, pull)
    assert pull.text("a/Dockerfile") == pull.text("b/Dockerfile") == FIXED
    assert len(pull.shas) == 2


@pytest.mark.parametrize("command", [
    "/layerwise review", "/layerwise fix", "/layerwise ignore copy-source-before-install",
    "/layerwise help", "/layerwise dance",
])  # fmt: skip
@pytest.mark.parametrize("by", ["rita", "stranger"])
async def test_others_get_a_reaction_and_nothing_else(bot, pull, github, command, by):
    runs, said, shas = len(pull.check_runs), len(pull.comments), len(pull.shas)
    comment = await tell(bot, github, pull, command, by)
    assert reactions(comment) == [("layerwise[bot]", "confused")]
    assert (len(pull.check_runs), len(pull.comments), len(pull.shas)) == (runs, said, shas)
    assert len(pull.issue_comments) == 1


async def test_review_looks_again_and_says_so_in_the_check_run(bot, pull, github):
    comment = await tell(bot, github, pull, "/layerwise review")
    assert reactions(comment) == [("layerwise[bot]", "+1")]
    assert len(pull.check_runs) == 2
    assert len(pull.comments) == 1


async def test_ignore_silences_a_rule_here_for_as_long_as_the_comment_stands(bot, pull, github):
    comment = await tell(bot, github, pull, "/layerwise ignore copy-source-before-install")
    assert reactions(comment) == [("layerwise[bot]", "+1")]
    spoken = [c for c in pull.comments if "copy-source-before-install" in c.body]
    pull.push({"Dockerfile": NAIVE + "# x\n"})
    await bot.pushed(pull)
    assert [c for c in pull.comments if "copy-source-before-install" in c.body] == spoken
    titles = {note["title"] for run in pull.check_runs for note in run.annotations}
    assert "copy-source-before-install" not in titles


async def test_an_ignored_rule_is_not_in_the_commit_either(bot, pull, github):
    await tell(bot, github, pull, "/layerwise ignore missing-cache-mount")
    await press(bot, pull)
    assert pull.text("Dockerfile") == FIXED.replace(
        "--mount=type=cache,target=/root/.cache/pip ", ""
    )


async def test_ignoring_all_that_was_said_takes_it_back(bot, pull, github):
    for rule in ("copy-source-before-install", "missing-cache-mount"):
        await tell(bot, github, pull, f"/layerwise ignore {rule}")
    assert pull.comments == []
    assert pull.check_runs[-1].conclusion == "success"


async def test_an_unknown_rule_or_word_is_met_with_a_puzzled_face(bot, pull, github):
    for body in ("/layerwise ignore no-such-rule", "/layerwise ignore", "/layerwise dance"):
        comment = await tell(bot, github, pull, body)
        assert reactions(comment) == [("layerwise[bot]", "confused")]


async def test_help_answers_with_the_commands(bot, pull, github):
    await tell(bot, github, pull, "/layerwise help")
    answer = pull.issue_comments[-1]
    assert answer.author.login == "layerwise[bot]"
    for command in ("review", "fix", "ignore"):
        assert f"`/layerwise {command}" in answer.body


async def test_a_command_can_be_an_answer_to_our_comment(bot, pull):
    reply = pull.threads[0].reply("maria", "/layerwise fix")
    await bot.hear("pull_request_review_comment", reply, "created", sender="maria")
    assert reactions(reply) == [("layerwise[bot]", "+1")]
    assert pull.text("Dockerfile") == FIXED


async def test_a_command_whose_event_was_lost_is_found_at_the_next(bot, pull, github):
    comment = github.comment(pull, "/layerwise fix", "maria")
    pull.push({"main.py": "y\n"})
    await bot.pushed(pull)
    assert reactions(comment) == [("layerwise[bot]", "+1")]
    assert pull.text("Dockerfile") == FIXED


async def test_a_command_from_long_ago_is_not_carried_out(bot, pull, github):
    comment = github.comment(pull, "/layerwise fix", "maria")
    comment.created = "2020-01-01T00:00:00Z"
    await bot.pushed(pull)
    assert reactions(comment) == []
    assert len(pull.shas) == 1


@pytest.mark.parametrize("body", [
    "Looks good", "> /layerwise fix", "see `/layerwise fix`", "```\n/layerwise fix\n```", "",
])  # fmt: skip
async def test_talk_about_us_is_no_command(bot, pull, github, body):
    comment = github.comment(pull, body, "maria")
    assert await bot.hear("issue_comment", comment, "created", sender="maria") is None


async def test_bots_have_no_commands_we_ourselves_least(bot, pull, github, app):
    for login in (app.bot.login, "other[bot]"):
        github.account(login, "Bot")
        comment = github.comment(pull, "/layerwise fix", login)
        assert await bot.hear("issue_comment", comment, "created", sender=login) is None
    await bot.pushed(pull)
    assert len(pull.shas) == 1


async def test_a_command_on_an_issue_is_not_for_us(pull, github):
    comment = github.comment(pull, "/layerwise fix", "maria")
    told = github.delivery("issue_comment", comment, action="created", sender="maria").payload
    assert read_job(Event(told, event="issue_comment", delivery_id="d")) is not None
    del told["issue"]["pull_request"]
    assert read_job(Event(told, event="issue_comment", delivery_id="d")) is None


async def test_without_optional_permissions_all_else_works(bot, repository, github, app):
    github.install(app, repository, PERMISSIONS)
    pull = naive(repository)
    forbidden = {"data": {"repository": {"pullRequest": None}, "organisation": None}, "errors": [
        {"type": "FORBIDDEN", "path": ["repository", "pullRequest", "comments"], "message": "x"}]}  # fmt: skip
    github.fail("error", "POST /graphql", status=200, body=forbidden)
    await bot.opened(pull)
    assert len(pull.comments) == 1
    (run,) = pull.check_runs
    assert "permission" not in run.summary
    assert run.actions == []
    await bot.pushed(pull)
    talk = [r.body["variables"].get("talk") for r in github.asked("POST /graphql")]
    assert [value for value in talk if value is not None] == [True, False, False]
