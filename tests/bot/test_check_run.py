"""The check run `Layerwise`, as it comes to stand on GitHub."""

import pytest

from bot.config import PATH
from tests.bot.ears import NAIVE, naive
from tests.github.standin import PERMISSIONS

GOOD = """\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
COPY . .
"""


async def test_findings_make_it_neutral_and_it_sums_up_what_an_edit_re_runs(bot, repository):
    pull = naive(repository)
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert (run.name, run.conclusion) == ("Layerwise", "neutral")
    assert run.title == "An edit to the source re-runs 2 steps, 1 after the fixes"
    assert "An edit to `main.py` re-runs 2 steps, 1 step after the fixes." in run.summary
    assert "| 4 `RUN pip install -r requirements.txt` |  |" in run.summary
    assert run.annotations == []  # a comment says it


async def test_without_findings_it_is_green_and_nothing_else_is_said(bot, repository):
    repository.commit("feature", {"Dockerfile": GOOD})
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert (run.conclusion, run.title) == ("success", "Nothing to gain")
    assert pull.reviews == []


@pytest.mark.parametrize(("settings", "conclusion"), [
    ("fail_on: warning", "failure"), ("fail_on: never", "neutral"),
])  # fmt: skip
async def test_red_is_for_those_who_ask_for_it(bot, repository, settings, conclusion):
    repository.commit("main", {PATH: settings})
    pull = naive(repository)
    await bot.opened(pull)
    assert [run.conclusion for run in pull.check_runs] == [conclusion]


@pytest.mark.parametrize(("settings", "conclusions"), [
    ("check: always", ["skipped"]), ("check: relevant", []),
])  # fmt: skip
async def test_a_change_without_a_dockerfile(bot, repository, settings, conclusions):
    repository.commit("main", {PATH: settings})
    repository.commit("feature", {"main.py": "x\n"})
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    assert [run.conclusion for run in pull.check_runs] == conclusions


async def test_a_file_that_only_sounds_like_ours_gets_no_check_run(bot, repository):
    repository.commit("feature", {"docs/docker.md": "x\n", "docker-compose.yml": "services: {}\n"})
    pull = repository.open_pull_request("feature")
    assert (await bot.opened(pull)).result == "no Dockerfile"
    assert pull.check_runs == []


@pytest.mark.parametrize(("settings", "conclusions"), [
    ("check: always", ["success"]), ("check: relevant", []),
])  # fmt: skip
async def test_a_merge_group_is_let_pass_where_the_check_is_required(
    bot, repository, settings, conclusions
):
    repository.commit("main", {PATH: settings})
    head = repository.commit("queue", {"main.py": "x\n"})
    await bot.hear("merge_group", repository, "checks_requested", head_sha=head)
    runs = [run for run in repository.check_runs.values() if run.head_sha == head]
    assert [run.conclusion for run in runs] == conclusions


async def test_old_findings_are_annotations_and_leave_it_green(bot, repository):
    repository.commit("main", {"Dockerfile": NAIVE})
    bumped = NAIVE.replace("3.12", "3.13")
    repository.commit("feature", {"Dockerfile": bumped})
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert run.conclusion == "success"
    assert pull.reviews == []
    assert {note["annotation_level"] for note in run.annotations} == {"notice"}
    assert "copy-source-before-install" in {note["title"] for note in run.annotations}
    assert "from before this pull request" in run.summary


async def test_quiet_counts_old_findings_and_strict_comments_on_them(bot, repository):
    for profile in ("quiet", "strict"):
        repository.commit("main", {PATH: f"profile: {profile}", "Dockerfile": NAIVE})
        repository.commit(profile, {"Dockerfile": NAIVE.replace("3.12", "3.13")})
        pull = repository.open_pull_request(profile)
        await bot.opened(pull)
        (run,) = pull.check_runs
        assert "from before this pull request" in run.summary
        assert run.annotations == [] or profile == "strict"
        assert len(pull.comments) == (1 if profile == "strict" else 0)
        bot.worker._memory.settings.clear()


async def test_the_same_event_again_posts_no_second_check_run(bot, repository):
    pull = naive(repository)
    for _ in range(3):
        await bot.opened(pull)
    assert len(pull.check_runs) == 1
    assert len(pull.reviews) == 1


async def test_a_crash_between_review_and_check_run_is_made_good(bot, repository, github):
    pull = naive(repository)
    github.fail("error", r"POST /repos/octo/shop/check-runs", status=502)
    with pytest.raises(Exception, match="502"):
        await bot.opened(pull)
    await bot.opened(pull)
    assert len(pull.reviews) == 1
    assert len(pull.check_runs) == 1


async def test_a_review_whose_answer_was_lost_is_not_posted_again(bot, repository, github):
    pull = naive(repository)
    github.fail("cut after", r"POST .*/reviews")
    with pytest.raises(Exception):  # noqa: B017, PT011  whatever the transport says
        await bot.opened(pull)
    assert len(pull.reviews) == 1
    await bot.opened(pull)
    assert len(pull.reviews) == 1
    (run,) = pull.check_runs
    assert run.annotations == []


async def test_run_again_makes_it_anew(bot, repository):
    pull = naive(repository)
    await bot.opened(pull)
    (run,) = pull.check_runs
    await bot.hear("check_run", run, "rerequested", sender="maria")
    assert len(pull.check_runs) == 2
    assert len(pull.reviews) == 1


async def test_run_again_works_for_a_forks_pull_request_which_its_event_does_not_name(
    bot, repository, github
):
    fork = github.fork(repository, "rita")
    fork.commit("feature", {"Dockerfile": NAIVE})
    pull = repository.open_pull_request("feature", fork=fork, author="rita")
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert run.json()["pull_requests"] == []
    assert run.external_id.startswith(f"v1:{pull.number}:")
    for event in ("check_run", "check_suite"):
        await bot.hear(event, run, "rerequested", sender="maria")
    assert len(pull.check_runs) == 3
    assert len(pull.reviews) == 1


async def test_run_again_works_where_nothing_was_to_be_looked_at(bot, repository):
    repository.commit("main", {PATH: "check: always"})
    repository.commit("feature", {"main.py": "x\n"})
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    (run,) = pull.check_runs
    await bot.hear("check_run", run, "rerequested", sender="maria")
    assert [run.conclusion for run in pull.check_runs] == ["skipped", "skipped"]


async def test_a_change_of_an_ignore_file_alone_is_looked_at_for_the_dockerfiles_that_it_governs(
    bot, repository
):
    repository.commit("main", {"Dockerfile": NAIVE, "lib/a.py": "x\n"})
    repository.commit(
        "feature", {".dockerignore": ".git # the history\n**/__pycache__\n**/*.pyc\n"}
    )
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    assert {said.path for said in pull.comments} == {".dockerignore"}
    (run,) = pull.check_runs
    assert run.conclusion == "neutral"
    assert {note["path"] for note in run.annotations} <= {".dockerignore"}


async def test_a_check_run_of_somebody_else_is_not_ours(bot, repository):
    pull = naive(repository)
    await bot.opened(pull)
    (run,) = pull.check_runs
    run.external_id = "theirs"
    assert await bot.hear("check_run", run, "rerequested") is None


async def test_more_annotations_than_github_takes_at_once(bot, repository):
    many = "FROM debian:12\n" + "".join(
        f"RUN apt-get update\nRUN apt-get install -y p{n}\n" for n in range(60)
    )
    repository.commit("main", {"Dockerfile": many})
    repository.commit("feature", {"Dockerfile": many.replace("debian:12", "debian:13")})
    pull = repository.open_pull_request("feature")
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert run.status == "completed"
    assert len(run.annotations) > 50
    lines = [(n["start_line"], n["title"]) for n in run.annotations]
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize(("drafts", "comments", "runs"), [
    ("check", 0, 1), ("review", 1, 1), ("skip", 0, 0),
])  # fmt: skip
async def test_a_draft_gets_what_the_settings_say(bot, repository, drafts, comments, runs):
    repository.commit("main", {PATH: f"drafts: {drafts}"})
    pull = naive(repository, draft=True)
    await bot.opened(pull)
    assert (len(pull.comments), len(pull.check_runs)) == (comments, runs)
    if drafts == "check":
        (run,) = pull.check_runs
        assert run.conclusion == "neutral"
        assert "copy-source-before-install" in {note["title"] for note in run.annotations}
    pull.draft = False
    await bot.hear("pull_request", pull, "ready_for_review")
    assert len(pull.comments) == 1


async def test_faults_of_the_settings_are_told_there_and_nowhere_else(bot, repository):
    repository.commit("main", {PATH: "profle: strict\nmax_comments: 5\n"})
    pull = naive(repository)
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert "line 1: `unknown setting 'profle'; did you mean 'profile'?`" in run.summary
    assert "profle" not in pull.reviews[0].body


@pytest.mark.parametrize(("granted", "own", "buttons"), [
    ("write", True, ["fix_all"]), ("read", True, []), ("write", False, []),
])  # fmt: skip
async def test_the_button_is_there_only_where_it_would_work(
    bot, repository, github, app, granted, own, buttons
):
    github.install(app, repository, {**PERMISSIONS, "contents": granted})
    source = repository if own else github.fork(repository, "rita")
    source.commit("feature", {"Dockerfile": NAIVE})
    pull = repository.open_pull_request("feature", fork=source, author="rita")
    await bot.opened(pull)
    (run,) = pull.check_runs
    assert [button["identifier"] for button in run.actions] == buttons


async def test_a_push_while_we_were_looking_drops_the_job(bot, repository, github):
    pull = naive(repository)
    told = github.delivery("pull_request", pull, action="opened")
    read = bot.worker._memory.blobs

    class Pushing(dict):
        def __contains__(self, oid):
            if not self.pushed:
                pull.push({"main.py": "y\n"})
                self.pushed = True
            return oid in read

    memory = Pushing()
    memory.pushed = False
    bot.worker._memory.blobs = memory
    assert told.payload["number"] == pull.number
    outcome = await bot.opened(pull)
    assert outcome.result == "superseded"
    assert pull.reviews == []
