"""Limits and faults: what GitHub answers when it will not, or cannot."""

import asyncio
import time

import aiohttp
import pytest

from tests.github.conftest import Client

REPO = "/repos/octo/shop"


@pytest.fixture
def pull(repository):
    repository.commit("feature", {"a": "b\n"})
    return repository.open_pull_request("feature")


async def test_every_answer_says_what_is_left(client):
    first, second = [(await client.get(REPO)).headers for _ in range(2)]
    assert first["X-RateLimit-Resource"] == "core"
    assert first["X-RateLimit-Limit"] == "5000"
    assert int(second["X-RateLimit-Remaining"]) == int(first["X-RateLimit-Remaining"]) - 1
    assert int(first["X-RateLimit-Reset"]) > time.time()


async def test_the_hours_requests_come_to_an_end_and_come_back(github, client):
    github.limits.requests_per_hour = 2
    assert [(await client.get(REPO)).status for _ in range(3)] == [200, 200, 403]
    answer = await client.get(REPO)
    assert answer.body["message"].startswith("API rate limit exceeded for installation ID")
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    github.advance(3599)
    assert (await client.get(REPO)).status == 403
    github.advance(2)
    assert (await client.get(REPO)).status in (200, 401)  # the token ended with the hour


async def test_graphql_says_so_with_200(github, client):
    github.limits.graphql_points_per_hour = 1
    query = "{ rateLimit { remaining } }"
    assert "data" in await client.query(query)
    answer = await client.query(query)
    assert answer["errors"][0]["type"] == "RATE_LIMIT"
    assert (await client.get(REPO)).status == 200


async def test_too_much_content_in_a_minute_meets_the_secondary_limit(github, client, pull):
    github.limits.content_per_minute = 2
    body = {"event": "COMMENT", "body": "x"}
    answers = [await client.post(f"{REPO}/pulls/1/reviews", body) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 403]
    assert "secondary rate limit" in answers[2].body["message"]
    assert answers[2].headers["Retry-After"] == "60"
    github.advance(61)
    assert (await client.post(f"{REPO}/pulls/1/reviews", body)).status == 200


async def test_too_many_points_in_a_minute_meet_the_secondary_limit(github, client, pull):
    github.limits.points_per_minute = 7
    await client.post(f"{REPO}/pulls/1/reviews", {"event": "COMMENT", "body": "x"})
    assert [(await client.get(REPO)).status for _ in range(3)] == [200, 200, 403]


async def test_too_many_requests_at_once_meet_the_secondary_limit(github, client):
    github.limits.concurrent = 2
    github.fail("slow", times=3, seconds=0.1)
    answers = await asyncio.gather(*(client.get(REPO) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 200, 403]


@pytest.mark.parametrize(
    ("kind", "how", "status", "headers"),
    [
        ("error", {"status": 502}, 502, {}),
        ("error", {"status": 500, "body": {"message": "Server Error"}}, 500, {}),
        ("error", {"status": 503, "headers": {"Retry-After": "5"}}, 503, {"Retry-After": "5"}),
        ("too many requests", {"seconds": 7}, 429, {"Retry-After": "7"}),
        ("secondary limit", {}, 403, {}),
        ("rate limit", {}, 403, {"X-RateLimit-Remaining": "0"}),
    ],
)
async def test_an_answer_can_be_replaced(github, client, kind, how, status, headers):
    github.fail(kind, "GET /repos/octo/shop$", **how)
    assert (await client.get(f"{REPO}/commits")).status == 200
    answer = await client.get(REPO)
    assert answer.status == status
    assert headers.items() <= {name: answer.headers[name] for name in headers}.items()
    assert "Retry-After" not in answer.headers or headers


async def test_a_fault_strikes_as_often_as_it_is_told(github, client):
    github.fail("error", times=2, skip=1)
    assert [(await client.get(REPO)).status for _ in range(4)] == [200, 502, 502, 200]


async def test_a_connection_can_be_cut_before_or_after_the_work(github, client, pull):
    body = {"event": "COMMENT", "body": "x"}
    for kind, reviews in (("cut", 0), ("cut after", 1)):
        github.fail(kind, "reviews$")
        with pytest.raises(aiohttp.ClientError):
            await client.post(f"{REPO}/pulls/1/reviews", body)
        assert len(pull.reviews) == reviews
        assert github.requests[-1].status == 0


async def test_an_answer_can_be_no_json(github, client):
    github.fail("wrong JSON")
    with pytest.raises(ValueError, match="Unterminated string"):
        await client.get(REPO)


async def test_an_answer_can_be_late(github, client):
    github.fail("slow", seconds=0.05)
    start = time.monotonic()
    assert (await client.get(REPO)).status == 200
    assert time.monotonic() - start >= 0.05


def test_a_fault_that_does_not_exist_is_told(github):
    with pytest.raises(ValueError, match="not a fault: 'flood'"):
        github.fail("flood")


async def test_requests_are_logged_and_counted(github, client, pull):
    await client.get(f"{REPO}/pulls/1/files?per_page=100")
    await client.post(f"{REPO}/pulls/1/reviews", {"event": "COMMENT", "body": "x"})
    (post,) = github.asked("POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews")
    assert (post.status, post.body["body"], post.answer["state"]) == (200, "x", "COMMENTED")
    assert post.scope.startswith("installation ")
    assert "pull_requests:write" in post.scope
    assert github.counts() == {
        "POST /app/installations/{installation_id}/access_tokens": 1,
        "GET /repos/{owner}/{repo}/pulls/{pull_number}/files": 1,
        "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews": 1,
    }
    assert github.requests[1].path == f"{REPO}/pulls/1/files?per_page=100"


@pytest.mark.parametrize(
    "body",
    [
        {"event": "SHOUT", "body": "x"},
        {"event": "COMMENT", "body": "x", "comments": [{"body": "x", "line": 1}]},
        {"event": "COMMENT", "body": "x", "comments": [{"body": "x", "path": "a", "line": "1"}]},
        {
            "event": "COMMENT",
            "body": "x",
            "comments": [{"body": "x", "path": "a", "line": 1, "subject_type": "file"}],
        },
        {"event": "COMMENT", "body": "x", "commit": "main"},
    ],
)
async def test_a_request_that_github_does_not_describe_is_a_violation(github, client, pull, body):
    assert (await client.post(f"{REPO}/pulls/1/reviews", body)).status == 422
    assert github.violations
    github.violations.clear()


async def test_a_request_without_version_is_a_violation(github, session, client):
    headers = {"Authorization": f"Bearer {client.credential}"}
    async with session.get(github.url + REPO, headers=headers) as answer:
        assert answer.status == 200
    assert "does not say which version" in github.violations.pop()


async def test_a_request_without_user_agent_is_refused(github, session):
    async with session.get(github.url + REPO, skip_auto_headers=["User-Agent"]) as answer:
        assert answer.status == 403


async def test_an_endpoint_that_is_not_there_is_not_found(github, session, client):
    assert (await client.get("/nothing")).status == 404
    assert (await Client(github, session, "ghs_wrong").get(REPO)).status == 401
