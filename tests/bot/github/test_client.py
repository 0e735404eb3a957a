import asyncio
import json
import threading
from types import SimpleNamespace

import pytest
from gidgethub import BadRequest, InvalidField, QueryError, ValidationError
from multidict import CIMultiDict

from bot.github import transport
from bot.github.client import REVIEW, Gone, Unavailable, graphql_url
from tests.bot.github.asking import PULL, WHERE, add_repository, post
from tests.github import StandIn


def mints(github: StandIn) -> list:
    return github.asked("access_tokens")


# --- who asks ---


async def test_the_app_itself_asks_with_its_jwt(app_client, github):
    assert (await app_client.getitem("/app"))["slug"] == "layerwise"
    headers = CIMultiDict(github.requests[-1].headers)
    assert headers["Authorization"].startswith("bearer eyJ")


async def test_a_token_reaches_one_repository_with_the_permissions_of_a_review(
    client, github, shop
):
    assert (await client.getitem(PULL, WHERE))["number"] == 1
    (mint,) = mints(github)
    assert mint.body == {"repository_ids": [shop.id], "permissions": REVIEW}


async def test_a_token_can_be_asked_for_less_and_by_name(app_client, github, shop):
    number = github.installation(shop).id
    client = app_client.repository(number, "shop", {"contents": "read"})
    await client.getitem("/repos/{owner}/{repo}/contents/README.md", WHERE)
    assert mints(github)[0].body == {"repositories": ["shop"], "permissions": {"contents": "read"}}


async def test_many_at_once_wait_for_one_token(client, github):
    await asyncio.gather(*[client.getitem(PULL, WHERE) for _ in range(20)])
    assert len(mints(github)) == 1


async def test_a_token_is_shared_by_the_jobs_of_a_repository(app_client, github, shop):
    number = github.installation(shop).id
    for _ in range(3):
        await app_client.repository(number, shop.id).getitem(PULL, WHERE)
    assert len(mints(github)) == 1


async def test_a_token_is_replaced_ten_minutes_before_it_ends(client, github, clock):
    await client.getitem(PULL, WHERE)
    clock.ahead = 49 * 60
    await client.getitem(PULL, WHERE)
    assert len(mints(github)) == 1
    clock.ahead = 51 * 60
    await client.getitem(PULL, WHERE)
    assert len(mints(github)) == 2


async def test_a_caller_who_gives_up_does_not_take_the_token_from_the_others(client, github):
    github.fail("slow", "access_tokens", seconds=0.1)
    first = asyncio.create_task(client.getitem(PULL, WHERE))
    second = asyncio.create_task(client.getitem(PULL, WHERE))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second)["number"] == 1
    assert len(mints(github)) == 1


@pytest.mark.parametrize("ask", [lambda c: c.getitem(PULL, WHERE), post])
async def test_a_refused_token_is_dropped_and_the_request_made_once_more(client, github, ask):
    await client.getitem(PULL, WHERE)
    github.tokens.clear()
    await ask(client)
    assert len(mints(github)) == 2
    assert [r.status for r in github.requests[-3:]] == [401, 201, github.requests[-1].status]
    assert github.requests[-1].status < 400


async def test_a_removed_installation_is_gone(client, github):
    await client.getitem(PULL, WHERE)
    github.installations.clear()
    with pytest.raises(Gone, match="Not Found"):
        await client.getitem(PULL, WHERE)


async def test_a_suspended_installation_is_gone(client, github, shop):
    github.installation(shop).suspended = github.stamp()
    with pytest.raises(Gone, match="suspended"):
        await client.getitem(PULL, WHERE)


async def test_a_repository_that_left_the_installation_is_gone(client, github, shop):
    github.installation(shop).repository_ids.clear()
    add_repository(github, "octo/other")
    with pytest.raises(Gone, match="not accessible"):
        await client.getitem(PULL, WHERE)


async def test_a_permission_that_was_not_granted_is_gone(client, github, shop):
    github.installation(shop).permissions.pop("checks")
    with pytest.raises(Gone, match="not granted"):
        await client.getitem(PULL, WHERE)


async def test_a_key_that_github_does_not_know_is_told_as_401(client, github):
    github.apps[1000].id = 1001  # signs with another key now
    with pytest.raises(BadRequest) as caught:
        await client.getitem(PULL, WHERE)
    assert caught.value.status_code == 401


# --- what is asked ---


async def test_every_request_names_the_version_of_the_api(client, github):
    await client.getitem(PULL, WHERE)
    await client.graphql("query { viewer { login } }")
    assert len(github.requests) == 3
    for request in github.requests:
        headers = CIMultiDict(request.headers)
        assert headers["X-GitHub-Api-Version"] == "2022-11-28"
        assert headers["User-Agent"] == "layerwise"


@pytest.mark.parametrize(("base", "url"), [
    ("https://api.github.com", "https://api.github.com/graphql"),
    ("https://api.shop.ghe.com", "https://api.shop.ghe.com/graphql"),
    ("https://ghe.example.com/api/v3", "https://ghe.example.com/api/graphql"),
    ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql"),
])  # fmt: skip
def test_graphql_is_where_each_kind_of_github_has_it(base, url):
    assert graphql_url(base) == url


async def test_graphql_gives_the_data(client):
    query = (
        "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { id } }"
    )
    data = await client.graphql(query, {"owner": "octo", "name": "shop"})
    assert data["repository"]["id"]


async def test_graphql_errors_are_raised_with_what_could_be_answered(client):
    query = """query { good: repository(owner: "octo", name: "shop") { id }
        bad: repository(owner: "octo", name: "none") { id } }"""
    with pytest.raises(QueryError) as caught:
        await client.graphql(query)
    assert caught.value.response["data"]["good"]["id"]
    assert caught.value.response["data"]["bad"] is None


async def test_what_github_refuses_for_its_content_is_told_with_its_reason(client):
    comment = {"path": "Dockerfile", "line": 99, "side": "RIGHT", "body": "?"}
    review = {"event": "COMMENT", "body": "?", "comments": [comment]}
    with pytest.raises((ValidationError, InvalidField)):
        await client.post("/repos/{owner}/{repo}/pulls/{number}/reviews", WHERE, data=review)
    with pytest.raises(BadRequest) as caught:
        await client.getitem(PULL, {**WHERE, "number": "99"})
    assert caught.value.status_code == 404
    assert "x-ratelimit-remaining" in caught.value.headers


@pytest.mark.parametrize("large", [True, False])
async def test_a_large_answer_is_read_apart_from_the_loop(client, github, monkeypatch, large):
    read = []

    def loads(text: str, **how: object) -> object:
        read.append(threading.current_thread() is threading.main_thread())
        return json.loads(text, **how)

    monkeypatch.setattr("gidgethub.sansio.json", SimpleNamespace(loads=loads))
    monkeypatch.setattr("bot.github.client.json", SimpleNamespace(loads=loads, dumps=json.dumps))
    await client.granted()  # a token is there
    read.clear()
    monkeypatch.setattr("bot.github.client.LARGE", 10 if large else 2**17)
    assert (await client.getitem(PULL, WHERE))["number"] == 1
    found = await client.graphql('query { repository(owner: "octo", name: "shop") { id } }')
    assert found["repository"]["id"]
    assert read == [not large, not large]


# --- what goes wrong on the way ---

FAULTS = [("error", {"status": 500}), ("error", {"status": 502}), ("error", {"status": 520}), ("cut", {}), ("wrong JSON", {})]  # fmt: skip


@pytest.mark.parametrize(("fault", "how"), FAULTS)
async def test_a_read_is_tried_again(client, github, clock, fault, how):
    github.fail(fault, "GET", times=3, **how)
    assert (await client.getitem(PULL, WHERE))["number"] == 1
    assert len(clock.slept) == 3 or fault == "cut"
    assert [round(s / 2**n, 3) for n, s in enumerate(clock.slept)] == pytest.approx(
        [0.5] * len(clock.slept), abs=0.25
    )


@pytest.mark.parametrize(("fault", "how"), FAULTS)
async def test_a_read_that_fails_four_times_is_given_up(client, github, fault, how):
    github.fail(fault, "GET", times=9, **how)
    with pytest.raises(Unavailable):
        await client.getitem(PULL, WHERE)
    asked = len([r for r in github.requests if r.method == "GET"])
    # aiohttp itself asks again on a new connection where one that was kept open broke
    assert asked == 4 or (fault == "cut" and 4 < asked <= 8)


@pytest.mark.parametrize(("fault", "how"), [*FAULTS, ("cut after", {})])
async def test_a_write_is_never_repeated(client, github, fault, how):
    github.fail(fault, "comments", **how)
    with pytest.raises(Unavailable):
        await post(client)
    assert len([r for r in github.requests if "comments" in r.path]) == 1


async def test_a_query_is_tried_again_and_a_mutation_is_not(client, github):
    github.fail("cut", "graphql", times=2)
    assert await client.graphql("query { viewer { login } }")
    github.fail("cut", "graphql")
    with pytest.raises(Unavailable):
        await client.graphql("mutation { x }")
    assert [r.status for r in github.requests if r.path == "/graphql"] == [0, 0, 200, 0]


async def test_a_request_that_takes_too_long_is_given_up(client, github, monkeypatch):
    monkeypatch.setattr(transport, "TIMEOUT", 0.05)
    github.fail("slow", "comments", seconds=0.3)
    with pytest.raises(Unavailable, match="TimeoutError"):
        await post(client)


async def test_nobody_listens(app_client, github, shop):
    client = app_client.repository(github.installation(shop).id, shop.id)
    await github.stop()
    with pytest.raises(Unavailable):
        await client.getitem(PULL, WHERE)


# --- what was asked before ---


async def test_what_did_not_change_costs_nothing(client, github):
    await client.getitem(PULL, WHERE)
    used = github.requests[-1]
    pull = await client.getitem(PULL, WHERE)
    assert (used.status, github.requests[-1].status) == (200, 304)
    pull["title"] = "changed by whoever got it"
    assert (await client.getitem(PULL, WHERE))["title"] != pull["title"]


async def test_what_was_kept_is_of_one_token_alone(app_client, client, github, shop):
    await client.getitem(PULL, WHERE)
    narrow = app_client.repository(github.installation(shop).id, shop.id, {"pull_requests": "read"})
    await narrow.getitem(PULL, WHERE)
    assert "If-None-Match" not in CIMultiDict(github.requests[-1].headers)


async def test_what_was_kept_is_of_one_media_type(client, github):
    url = "/repos/{owner}/{repo}/contents/README.md"
    assert isinstance(await client.getitem(url, WHERE), dict)
    raw = await client.getitem(url, WHERE, accept="application/vnd.github.raw+json")
    assert raw == "A shop" or "A shop" in str(raw)
    assert "If-None-Match" not in CIMultiDict(github.requests[-1].headers)
