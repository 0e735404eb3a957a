"""Where the settings come from: the repository, its organisation, the defaults."""

import pytest

from bot.config import PATH
from tests.bot.ears import naive
from tests.github.standin import PERMISSIONS

STRICT = "profile: strict\n"


@pytest.mark.parametrize(("own", "shared", "drafts"), [
    (None, None, "check"),
    (None, "drafts: review", "review"),
    ("version: 1", "drafts: review", "check"),
    ("drafts: skip", "drafts: review", "skip"),
])  # fmt: skip
@pytest.mark.parametrize("private", [False, True])
async def test_the_repositorys_own_come_first_then_the_organisations(
    bot, github, app, repository, own, shared, drafts, private
):
    if shared is not None:
        common = github.add_repository("octo/.github", installed=app, private=private)
        common.commit("main", {PATH: shared})
    if own is not None:
        repository.commit("main", {PATH: own})
    pull = naive(repository, draft=True)
    await bot.opened(pull)
    seen = (len(pull.comments), len(pull.check_runs))
    assert seen == {"check": (0, 1), "review": (1, 1), "skip": (0, 0)}[drafts]


async def test_private_settings_that_the_app_was_not_given_are_as_if_there_were_none(
    bot, github, repository
):
    github.add_repository("octo/.github", private=True).commit("main", {PATH: "drafts: skip"})
    pull = naive(repository, draft=True)
    await bot.opened(pull)
    assert len(pull.check_runs) == 1


async def test_the_organisation_is_asked_once_in_ten_minutes(bot, github, app, repository):
    common = github.add_repository("octo/.github", installed=app, private=True)
    common.commit("main", {PATH: "max_comments: 3"})
    pull = naive(repository)
    for _ in range(3):
        await bot.opened(pull)
    assert len(github.asked("/contents/")) == 1


async def test_settings_in_the_pull_request_itself_do_not_hold(bot, repository):
    repository.commit("feature", {PATH: "fail_on: warning\nchecks: always"})
    pull = naive(repository)
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert run.conclusion == "neutral"
    assert "checks" not in run.summary


async def test_a_fault_of_the_organisations_settings_says_where_it_is(bot, github, app, repository):
    common = github.add_repository("octo/.github", installed=app)
    common.commit("main", {PATH: "version: 1\nprofile: strikt\nmax_comments: 0\n"})
    pull = naive(repository)
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert "`octo/.github: .github/layerwise.yml`" in run.summary
    assert "line 2" in run.summary
    assert "did you mean 'strict'" in run.summary
    assert pull.comments == []  # the rest of it holds


async def test_the_token_that_reads_settings_reaches_nothing_else(bot, github, app, repository):
    common = github.add_repository("octo/.github", installed=app, private=True)
    common.commit("main", {PATH: STRICT})
    github.install(app, repository, PERMISSIONS)
    await bot.opened(naive(repository))
    (asked,) = github.asked("/contents/")
    assert asked.scope.endswith("contents:read,metadata:read")
