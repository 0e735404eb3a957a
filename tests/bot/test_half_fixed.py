"""A comment of which a part was fixed, or whose suggestion is of an older text, is put right."""

from dataclasses import replace

import pytest

from bot import comment
from bot.analysis import analyse
from bot.config import PATH, Config
from bot.conversation import Conversation, Posted, Revision, Thread, clean_up
from bot.review import compose, revise
from tests.bot.ears import NAIVE as SMALL
from tests.bot.ears import naive
from tests.bot.words import NAIVE, PYTHON, Case
from tests.github.standin import PERMISSIONS

# --- through the stand-in ---


@pytest.fixture
async def pull(bot, repository):
    """One comment of two findings: the source before the install, and no cache mount."""
    pull = naive(repository)
    await bot.opened(pull)
    (said,) = pull.comments
    assert len(comment.fingerprints(said.body)) == 2
    return pull


async def mute(bot, github, pull, rule="missing-cache-mount"):
    told = github.comment(pull, f"/layerwise ignore {rule}", "maria")
    await bot.hear("issue_comment", told, "created", sender="maria")


async def test_a_rule_that_is_ignored_leaves_the_comment_and_its_suggestion(bot, pull, github):
    (before,) = pull.comments
    await mute(bot, github, pull)
    (said,) = pull.comments
    assert said is before
    assert "missing-cache-mount" not in said.body
    assert "--mount" not in comment.suggested(said.body)
    assert (
        len(comment.fingerprints(said.body)) == len(comment.fingerprints(pull.reviews[0].body)) == 1
    )
    assert len(pull.reviews) == 1
    edits = len(github.asked("POST /graphql"))
    pull.apply_suggestions([said.id], "maria")
    await bot.pushed(pull)
    assert len(pull.comments) == 1
    assert not any("updatePull" in r.body["query"] for r in github.asked("POST /graphql")[edits:])


async def test_a_comment_that_somebody_answered_is_put_right_too_and_forgets_nothing(
    bot, pull, github, repository
):
    pull.threads[0].reply("maria", "Later.")
    await mute(bot, github, pull)
    said = pull.comments[0]
    assert "--mount" not in comment.suggested(said.body)
    assert len(comment.fingerprints(pull.reviews[0].body)) == 2  # neither is said again


async def test_what_was_resolved_is_not_touched(bot, pull, github):
    pull.threads[0].resolve("maria")
    before = pull.comments[0].body
    await mute(bot, github, pull)
    assert pull.comments[0].body == before


async def half_fixed(bot, pull):
    """The mount is there now, so that the comment is outdated; the order is as it was."""
    mounted = "RUN --mount=type=cache,target=/root/.cache/pip pip install"
    pull.push({"Dockerfile": SMALL.replace("RUN pip install", mounted)})
    assert pull.threads[0].outdated
    await bot.pushed(pull)


async def test_half_of_it_fixed_what_is_left_is_said_on_the_lines_as_they_are(bot, pull):
    (before,) = pull.comments
    await half_fixed(bot, pull)
    (said,) = pull.comments
    assert said is not before
    assert "copy-source-before-install" in said.body
    assert "missing-cache-mount" not in said.body
    first, second = pull.reviews
    assert first.minimized == "OUTDATED"
    assert not comment.fingerprints(first.body)
    assert not second.minimized
    for _ in range(2):
        await bot.pushed(pull)
    assert pull.comments == [said]
    pull.apply_suggestions([said.id], "maria")
    await bot.pushed(pull)
    assert [run.conclusion for run in pull.check_runs] == ["success"]


async def test_half_of_it_fixed_an_answered_comment_keeps_words_only(bot, pull):
    pull.threads[0].reply("maria", "Won't fix the order.")
    await half_fixed(bot, pull)
    said, _ = pull.comments
    assert "copy-source-before-install" in said.body
    assert "missing-cache-mount" not in said.body
    assert comment.suggested(said.body) is None
    assert [review.author for review in pull.reviews].count(bot.app.bot) == 1
    body = said.body
    await bot.pushed(pull)
    assert said.body == body


async def test_a_crash_halfway_repeats_nothing(bot, pull, github):
    """The review may be posted and the old comment not deleted, or the other way round."""
    github.fail("error", "POST /graphql", status=502, skip=1, times=4)
    with pytest.raises(Exception, match="502"):
        await half_fixed(bot, pull)
    assert len(pull.comments) == 2  # the old one, and what is left of it
    github.faults.clear()
    await bot.pushed(pull)
    assert len(pull.comments) == 1
    assert len(comment.fingerprints(pull.comments[0].body)) == 1


async def test_what_is_too_much_for_one_request_is_taken_back_by_several(bot, pull, monkeypatch):
    monkeypatch.setattr("bot.github.conversation._AT_ONCE", 1)
    await half_fixed(bot, pull)
    assert len(pull.comments) == 1
    assert pull.reviews[0].minimized == "OUTDATED"
    assert not comment.fingerprints(pull.reviews[0].body)


async def test_a_rule_that_is_switched_off_leaves_the_suggestion(bot, pull, repository):
    repository.commit("main", {PATH: "rules: {missing-cache-mount: off}"})
    bot.worker._memory.settings.clear()
    await bot.pushed(pull)
    assert "--mount" not in comment.suggested(pull.comments[0].body)


async def test_it_needs_no_more_than_a_reviews_permissions(bot, repository, github, app):
    github.install(app, repository, PERMISSIONS)
    pull = naive(repository)
    await bot.opened(pull)
    await half_fixed(bot, pull)
    assert len(pull.comments) == 1


# --- what is decided ---


def said_of(text: str):
    """A review of a pull request that brings this Dockerfile, and what it was made of."""
    snapshot = Case({**PYTHON, ".dockerignore": ".git\n**/__pycache__\n", "Dockerfile": text}, PYTHON).snapshot()  # fmt: skip
    analysis = analyse(snapshot, Config())
    return compose(snapshot, analysis, Config()), snapshot, analysis


def thread_of(review) -> Thread:
    (said,) = [each for each in review.comments if each.suggestion is not None]
    fingerprints = comment.fingerprints(said.body)
    return Thread("T", said.path, "C", 5, fingerprints, body=said.body, span=said.span)


OURS = thread_of(said_of(NAIVE)[0])


def revision(text: str, thread: Thread = OURS) -> Revision:
    _, snapshot, analysis = said_of(text)
    return revise(Conversation((thread,)), snapshot, analysis)


def test_a_comment_that_is_right_is_left_alone():
    assert revision(NAIVE) == Revision()
    assert revision(NAIVE.replace("EXPOSE", "# a port\nEXPOSE")) == Revision()


def test_a_suggestion_that_would_undo_a_later_change_is_made_anew():
    """GitHub may hold a comment for current although a line between its first and last changed."""
    later = NAIVE.replace("COPY . .", "COPY . .\n# libpq for psycopg")
    assert len(OURS.fingerprints) > 1
    moved = replace(OURS, span=replace(OURS.span, end=OURS.span.end + 1))
    ((thread, body),) = revision(later, moved).edited
    assert thread == moved
    assert "# libpq for psycopg" in comment.suggested(body)
    assert comment.fingerprints(body) == OURS.fingerprints
    assert revision(later).withdrawn == (OURS,)  # GitHub puts it on other lines
    answered = replace(OURS, answered=True)
    ((_, body),) = revision(later, answered).edited
    assert comment.suggested(body) is None


@pytest.mark.parametrize("how", [{"resolved": True}, {"hidden": True}, {"outdated": True}])
def test_what_nobody_can_commit_needs_no_other_suggestion(how):
    later = NAIVE.replace("COPY . .", "COPY . .\n# libpq for psycopg")
    assert revision(later, replace(OURS, **how)) == Revision()


def test_what_is_withdrawn_may_be_said_again_and_does_not_count_as_standing():
    marker = f"<!-- layerwise:v1 fp={','.join(sorted(OURS.fingerprints | {'f' * 16}))} -->"
    conversation = Conversation((OURS,), (Posted(5, "R", marker),))
    assert conversation.without([OURS]).said == {"f" * 16}
    assert conversation.without([OURS]).standing == 0
    found = clean_up(conversation, OURS.fingerprints, revision=Revision(withdrawn=(OURS,)))
    assert found.delete == ("C",)
    ((_, body),) = found.reword
    assert comment.fingerprints(body) == {"f" * 16}


@pytest.mark.parametrize(("body", "lines"), [
    ("Words.\n\n```suggestion\na\nb\n```\n\n<!-- -->", "a\nb\n"),
    ("Words.\n\n````suggestion\n```\na\n````\n\n<!-- -->", "```\na\n"),
    ("Words.\n\n```suggestion\n```\n\n<!-- -->", ""),
    ("Words.\n\n```diff\n-a\n```\n\n<!-- -->", None),
    ("Words.\n\n```suggestion\nnever closed", None),
])  # fmt: skip
def test_the_suggestion_of_a_comment_is_read_from_it(body, lines):
    assert comment.suggested(body) == lines
