"""Check runs: limits, annotations that add up, who owns them."""

import pytest

from tests.github.conftest import Client, assertion, installed

RUNS = "/repos/octo/shop/check-runs"


@pytest.fixture
def pull(repository):
    repository.commit("feature", {"a": "b\n"})
    return repository.open_pull_request("feature")


def note(line=1, **more):
    return {
        "path": "a",
        "start_line": line,
        "end_line": line,
        "annotation_level": "warning",
        "message": "m",
        **more,
    }


def run(pull, notes=(), **more):
    output = {"title": "T", "summary": "S", "annotations": list(notes)}
    return {"name": "Layerwise", "head_sha": pull.head_sha, "output": output, **more}


async def test_annotations_of_several_requests_add_up(client, pull):
    made = await client.post(RUNS, run(pull, [note(n) for n in range(1, 51)], status="in_progress"))
    assert (made.status, made.body["conclusion"]) == (201, None)
    path = f"{RUNS}/{made.body['id']}"
    more = {
        "conclusion": "neutral",
        "output": {"title": "T", "summary": "S", "annotations": [note(51)]},
    }
    done = (await client.ask("PATCH", path, more)).body
    assert (done["status"], done["conclusion"]) == ("completed", "neutral")
    assert done["output"]["annotations_count"] == 51
    listed = (await client.get(f"{path}/annotations?per_page=100")).body
    assert [n["start_line"] for n in listed] == list(range(1, 52))
    assert pull.check_runs[0].annotations[50]["message"] == "m"


BUTTON = {"label": "Fix all", "description": "Commit every fix", "identifier": "fix_all"}


@pytest.mark.parametrize(
    "more",
    [
        {"notes": [note()] * 51},
        {"actions": [BUTTON] * 4},
        {"actions": [{**BUTTON, "label": "x" * 21}]},
        {"actions": [{**BUTTON, "description": "x" * 41}]},
        {"actions": [{**BUTTON, "identifier": "x" * 21}]},
        {"output": {"title": "T", "summary": "x" * 65_536}},
        {"output": {"title": "T", "summary": "S", "text": "x" * 65_536}},
        {"conclusion": "great"},
        {"notes": [note(annotation_level="info")]},
        {"colour": "red"},
        {"status": "completed"},
    ],
)
async def test_what_github_describes_otherwise_is_refused_and_told(github, client, pull, more):
    answer = await client.post(RUNS, run(pull, **more))
    assert answer.status == 422
    assert answer.body["message"].startswith("Invalid request.")
    assert github.violations
    github.violations.clear()


@pytest.mark.parametrize(
    "more",
    [
        {"head_sha": "0" * 40},
        {"notes": [note(start_line=2, end_line=1)]},
        {"notes": [note(end_line=2, start_column=1)]},
        {"notes": [note(message="x" * 65_537)]},
    ],
)
async def test_what_the_description_does_not_say_is_refused_too(client, pull, more):
    assert (await client.post(RUNS, run(pull, **more))).status == 422


async def test_a_run_of_a_fork_names_no_pull_request(github, client, repository, pull):
    fork = github.fork(repository, "alice")
    fork.commit("patch", {"x": "x\n"})
    other = repository.open_pull_request("patch", fork=fork)
    assert [p["number"] for p in (await client.post(RUNS, run(pull))).body["pull_requests"]] == [1]
    assert (await client.post(RUNS, run(other))).body["pull_requests"] == []


async def test_the_newest_run_of_a_name_is_listed(client, pull):
    first = (await client.post(RUNS, run(pull, external_id="1"))).body["id"]
    second = (await client.post(RUNS, run(pull, external_id="2"))).body["id"]
    path = f"/repos/octo/shop/commits/{pull.head_sha}/check-runs?check_name=Layerwise"
    assert [r["id"] for r in (await client.get(path)).body["check_runs"]] == [second]
    every = (await client.get(f"{path}&filter=all")).body
    assert ([r["id"] for r in every["check_runs"]], every["total_count"]) == ([first, second], 2)


async def test_a_run_belongs_to_the_app_that_made_it(github, session, client, repository, pull):
    number = (await client.post(RUNS, run(pull))).body["id"]
    other = github.add_app(slug="other")
    installation = github.install(other, repository)
    stranger = await installed(Client(github, session, assertion(github, other)), installation.id)
    assert (await stranger.get(f"{RUNS}/{number}")).status == 200
    assert (await stranger.ask("PATCH", f"{RUNS}/{number}", {"name": "Mine"})).status == 403
