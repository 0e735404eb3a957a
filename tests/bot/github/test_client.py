import asyncio
import itertools
import json
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace

import pytest
from aiohttp import web
from gidgethub import (
    BadRequest,
    GitHubException,
    InvalidField,
    QueryError,
    RedirectionException,
    ValidationError,
)
from multidict import CIMultiDict

from bot.github import limits, transport
from bot.github.client import (
    REVIEW,
    Astray,
    Client,
    Gone,
    Limited,
    TooLarge,
    Unavailable,
    graphql_url,
    open_session,
)  # fmt: skip
from bot.github.limits import CONCURRENT_REQUESTS
from bot.metrics import Metrics
from tests.github import StandIn
from tests.github.repository import Repository

PULL = "/repos/{owner}/{repo}/pulls/{number}"
COMMENTS = "/repos/{owner}/{repo}/issues/{number}/comments"
WHERE = {"owner": "octo", "repo": "shop", "number": "1"}


class Clock:
    """Time that passes when somebody sleeps, and at once. Seconds."""

    def __init__(self, github: StandIn) -> None:
        self.github, self.slept, self.ahead = github, [], 0.0

    def now(self) -> float:
        return self.github.now().timestamp() + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.github.advance(seconds)
        await asyncio.sleep(0)


@pytest.fixture
async def github() -> AsyncIterator[StandIn]:
    async with await StandIn.start() as github:
        yield github
        assert github.violations == []


@pytest.fixture
def clock(github) -> Clock:
    return Clock(github)


@pytest.fixture
async def app(github, clock) -> AsyncIterator[Client]:
    made = github.add_app(permissions={**REVIEW, "issues": "write"})
    async with open_session() as session:
        yield Client(
            session, app_id=str(made.id), private_key=made.private_key, base_url=github.url,
            now=clock.now, sleep=clock.sleep,
        )  # fmt: skip


@pytest.fixture
def repository(github, app) -> Repository:
    return add_repository(github, "octo/shop")


def add_repository(github: StandIn, name: str) -> Repository:
    repository = github.add_repository(name, installed=github.apps[1000])
    repository.commit("main", {"README.md": "A shop"})
    repository.commit("feature", {"Dockerfile": "FROM scratch"})
    repository.open_pull_request("feature")
    return repository


@pytest.fixture
def client(github, app, repository) -> Client:
    return app.repository(github.installation(repository).id, repository.id)


def mints(github: StandIn) -> list:
    return github.asked("access_tokens")


def post(client: Client) -> Awaitable[object]:
    return client.post(COMMENTS, WHERE, data={"body": "Hello"})


# --- who asks ---


async def test_the_app_itself_asks_with_its_jwt(app, github):
    assert (await app.getitem("/app"))["slug"] == "layerwise"
    headers = CIMultiDict(github.requests[-1].headers)
    assert headers["Authorization"].startswith("bearer eyJ")


async def test_a_token_reaches_one_repository_with_the_permissions_of_a_review(
    client, github, repository
):
    assert (await client.getitem(PULL, WHERE))["number"] == 1
    (mint,) = mints(github)
    assert mint.body == {"repository_ids": [repository.id], "permissions": REVIEW}


async def test_a_token_can_be_asked_for_less_and_by_name(app, github, repository):
    number = github.installation(repository).id
    client = app.repository(number, "shop", {"contents": "read"})
    await client.getitem("/repos/{owner}/{repo}/contents/README.md", WHERE)
    assert mints(github)[0].body == {"repositories": ["shop"], "permissions": {"contents": "read"}}


async def test_many_at_once_wait_for_one_token(client, github):
    await asyncio.gather(*[client.getitem(PULL, WHERE) for _ in range(20)])
    assert len(mints(github)) == 1


async def test_a_token_is_shared_by_the_jobs_of_a_repository(app, github, repository):
    number = github.installation(repository).id
    for _ in range(3):
        await app.repository(number, repository.id).getitem(PULL, WHERE)
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


async def test_a_suspended_installation_is_gone(client, github, repository):
    github.installation(repository).suspended = github.stamp()
    with pytest.raises(Gone, match="suspended"):
        await client.getitem(PULL, WHERE)


async def test_a_repository_that_left_the_installation_is_gone(client, github, repository):
    github.installation(repository).repository_ids.clear()
    add_repository(github, "octo/other")
    with pytest.raises(Gone, match="not accessible"):
        await client.getitem(PULL, WHERE)


async def test_a_permission_that_was_not_granted_is_gone(client, github, repository):
    github.installation(repository).permissions.pop("checks")
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


async def test_nobody_listens(app, github, repository):
    client = app.repository(github.installation(repository).id, repository.id)
    await github.stop()
    with pytest.raises(Unavailable):
        await client.getitem(PULL, WHERE)


# --- GitHub's limits ---


def pulls(github: StandIn) -> int:
    return len([r for r in github.requests if r.method == "GET"])


@pytest.mark.parametrize("fault", ["secondary limit", "too many requests"])
async def test_a_limit_says_until_when(client, github, clock, fault):
    github.fail(fault, "GET", seconds=300)
    with pytest.raises(Limited) as caught:
        await client.getitem(PULL, WHERE)
    assert caught.value.until - clock.now() == pytest.approx(300, abs=2)
    with pytest.raises(Limited):
        await client.getitem(PULL, WHERE)
    assert pulls(github) == 1  # nothing was asked meanwhile
    github.advance(301)
    assert await client.getitem(PULL, WHERE)
    assert clock.slept == []


async def test_a_limit_that_ends_soon_is_waited_for(client, github, clock):
    github.fail("too many requests", "GET", seconds=3)
    with pytest.raises(Limited):
        await client.getitem(PULL, WHERE)
    assert await client.getitem(PULL, WHERE)
    assert clock.slept == [pytest.approx(3, abs=1)]


async def test_a_limit_without_a_time_is_a_minute_and_then_longer(client, github, clock):
    waits = []
    for _ in range(6):
        github.fail("secondary limit", "GET")
        with pytest.raises(Limited) as caught:
            await client.getitem(PULL, WHERE)
        waits.append(round(caught.value.until - clock.now()))
        github.advance(waits[-1] + 1)
    assert waits == [60, 120, 240, 480, 900, 900]
    await client.getitem(PULL, WHERE)
    github.fail("secondary limit", "GET")
    with pytest.raises(Limited) as caught:
        await client.getitem(PULL, WHERE)
    assert round(caught.value.until - clock.now()) == 60


async def test_the_hours_limit_ends_at_its_reset_and_is_of_one_installation(
    app, client, github, clock
):
    other = add_repository(github, "cat/shop")
    github.fail("rate limit", "GET.*octo")
    with pytest.raises(Limited) as caught:
        await client.getitem(PULL, WHERE)
    assert 3500 < caught.value.until - clock.now() <= 3600
    assert await client.graphql("query { viewer { login } }")  # has an hour of its own
    elsewhere = app.repository(github.installation(other).id, other.id)
    assert await elsewhere.getitem(PULL, {**WHERE, "owner": "cat"})


async def test_the_last_request_of_an_hour_stops_the_next(client, github):
    github.limits.requests_per_hour = 1
    assert await client.getitem(PULL, WHERE)
    with pytest.raises(Limited):
        await client.getitem(PULL, WHERE)
    assert pulls(github) == 1


async def test_graphql_says_200_when_its_hour_is_used_up(client, github, clock):
    github.fail("rate limit", "graphql")
    with pytest.raises(Limited) as caught:
        await client.graphql("query { viewer { login } }")
    assert 3500 < caught.value.until - clock.now() <= 3600
    assert await client.getitem(PULL, WHERE)


async def test_writes_keep_a_second_apart(github, repository):
    made, clock = github.apps[1000], [time.time()]

    async def sleep(seconds):
        clock[0] += max(seconds, 0.0)

    async with open_session() as session:
        app = Client(
            session,
            app_id=str(made.id),
            private_key=made.private_key,
            base_url=github.url,
            now=lambda: clock[0],
            sleep=sleep,
        )
        client = app.repository(github.installation(repository).id, repository.id)
        await client.getitem(PULL, WHERE)
        times = []
        for _ in range(4):
            await post(client)
            times.append(clock[0])
    assert all(b - a >= limits.WRITE_SPACING for a, b in itertools.pairwise(times))


async def test_reads_need_not_wait(client, clock):
    await asyncio.gather(*[client.getitem(PULL, WHERE) for _ in range(9)])
    assert clock.slept == []


async def test_few_requests_are_made_at_the_same_time(client, github):
    most = 0
    github.fail("slow", "GET", seconds=0.02, times=99)

    async def look():
        nonlocal most
        while True:
            most = max(most, github.in_flight)
            await asyncio.sleep(0.005)

    looking = asyncio.create_task(look())
    await asyncio.gather(*[client.getitem(PULL, WHERE) for _ in range(20)])
    looking.cancel()
    assert most == CONCURRENT_REQUESTS


@pytest.mark.parametrize(("status", "headers", "message", "refusal"), [
    (200, {}, "", None),
    (403, {}, "Resource not accessible by integration", None),
    (403, {"x-ratelimit-remaining": "0"}, "", "primary"),
    (429, {"x-ratelimit-remaining": "0"}, "", "primary"),
    (403, {"retry-after": "1", "x-ratelimit-remaining": "0"}, "", "secondary"),
    (403, {}, "You have exceeded a secondary rate limit", "secondary"),
    (403, {}, "You have triggered an abuse detection mechanism", "secondary"),
    (429, {}, "", "secondary"),
    (422, {}, "was submitted too quickly", "throttle"),
    (422, {}, "line must be part of the diff", None),
    (404, {"x-ratelimit-remaining": "0"}, "Not Found", None),
])  # fmt: skip
def test_refusals_for_the_rate_are_told_from_others(status, headers, message, refusal):
    assert limits._refusal(status, headers, message) == refusal


@pytest.mark.parametrize("text", ["", "-1", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 30, "٣"])
def test_a_time_that_makes_no_sense_stays_within_bounds(text):
    headers = {"x-ratelimit-reset": text, "x-ratelimit-remaining": "0"}
    found = limits.Limits(lambda: 1000.0, asyncio.sleep)
    with pytest.raises(Limited) as caught:
        found.note(1, "core", 403, headers, "")
    assert 1000 < caught.value.until <= 1000 + limits.LATEST_RESET


def test_what_is_left_is_that_of_the_installation_with_fewest_and_of_this_hour():
    now = 1000.0
    found = limits.Limits(lambda: now, asyncio.sleep)
    for installation, resource, left, reset in [
        (1, "core", 50, 2000), (2, "core", 40, 3000), (2, "graphql", 7, 1500), (3, "core", 60, 2000),
    ]:  # fmt: skip
        headers = {"x-ratelimit-remaining": str(left), "x-ratelimit-reset": str(reset)}
        found.note(installation, resource, 200, headers, "")
    metrics = Metrics()
    assert found.left() == {"core": 40, "graphql": 7}
    assert b'remaining{resource="graphql"} 7.0' in metrics.show(None, found.left())
    now = 1600.0
    assert found.left() == {"core": 40}
    assert b'resource="graphql"' not in metrics.show(None, found.left())


# --- what was asked before ---


async def test_what_did_not_change_costs_nothing(client, github):
    await client.getitem(PULL, WHERE)
    used = github.requests[-1]
    pull = await client.getitem(PULL, WHERE)
    assert (used.status, github.requests[-1].status) == (200, 304)
    pull["title"] = "changed by whoever got it"
    assert (await client.getitem(PULL, WHERE))["title"] != pull["title"]


async def test_what_was_kept_is_of_one_token_alone(app, client, github, repository):
    await client.getitem(PULL, WHERE)
    narrow = app.repository(
        github.installation(repository).id, repository.id, {"pull_requests": "read"}
    )
    await narrow.getitem(PULL, WHERE)
    assert "If-None-Match" not in CIMultiDict(github.requests[-1].headers)


async def test_what_was_kept_is_of_one_media_type(client, github):
    url = "/repos/{owner}/{repo}/contents/README.md"
    assert isinstance(await client.getitem(url, WHERE), dict)
    raw = await client.getitem(url, WHERE, accept="application/vnd.github.raw+json")
    assert raw == "A shop" or "A shop" in str(raw)
    assert "If-None-Match" not in CIMultiDict(github.requests[-1].headers)


# --- where a token may go ---


async def test_a_read_follows_a_renamed_repository_and_a_write_does_not(client, github, repository):
    github.rename(repository, "store")
    assert (await client.getitem(PULL, WHERE))["base"]["repo"]["full_name"] == "octo/store"
    with pytest.raises(RedirectionException):
        await post(client)
    assert len([r for r in github.requests if r.method == "POST" and "comments" in r.path]) == 1


@pytest.mark.parametrize("url", ["https://example.com/x", "http://127.0.0.1:1/x", "///example.com/x"])  # fmt: skip
async def test_a_url_of_another_host_is_refused(client, github, url):
    with pytest.raises(Astray):
        await client.getitem(url)
    assert [r for r in github.requests if r.method == "GET"] == []


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def serve(handle: Handler) -> tuple[str, web.AppRunner]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner


@pytest.fixture
async def ask(app, github) -> AsyncIterator[Callable[[Handler], Awaitable[object]]]:
    """Lets the App ask for /app at a server that does as the handler says."""
    runners = []

    async def ask(handle: Handler) -> object:
        url, runner = await serve(handle)
        runners.append(runner)
        async with open_session() as session:
            client = Client(
                session, app_id="1000", private_key=github.apps[1000].private_key, base_url=url,
                sleep=lambda _: asyncio.sleep(0),
            )  # fmt: skip
            return await client.getitem("/app")

    yield ask
    for runner in runners:
        await runner.cleanup()


async def test_a_redirect_to_another_host_is_not_followed(ask, github):
    async def redirect(request):
        raise web.HTTPFound(f"{github.url}/app")

    with pytest.raises(Astray):
        await ask(redirect)
    assert github.requests == []


async def test_redirects_in_a_circle_come_to_an_end(ask):
    async def redirect(request):
        raise web.HTTPFound(request.path)

    with pytest.raises(Unavailable, match="circle"):
        await ask(redirect)


async def test_an_answer_without_end_is_cut(ask, monkeypatch):
    monkeypatch.setattr(transport, "MAX_BODY", 100_000)
    sent = 0

    async def pour(request):
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 10**8:
            await response.write(b" " * 10_000)
            sent += 10_000
        return response

    with pytest.raises(TooLarge):
        await ask(pour)
    assert sent < 5 * 10**6


@pytest.mark.parametrize(("status", "body", "kind"), [
    (200, b"\xff", "text/plain"), (200, b"{", "application/json"), (200, b"x", "text/plain; charset=no-such"),
    (299, b"{}", "application/json"), (451, b"<html>", "text/html"), (600, b"", "text/html"),
])  # fmt: skip
async def test_an_answer_that_makes_no_sense_is_one_of_our_errors(ask, status, body, kind):
    async def answer(request):
        return web.Response(status=status, body=body, headers={"Content-Type": kind})

    with pytest.raises((Unavailable, GitHubException)):
        await ask(answer)


async def test_cookies_are_not_kept(ask):
    seen = []

    async def answer(request):
        seen.append(request.headers.get("Cookie"))
        if len(seen) == 1:
            raise web.HTTPFound("/again", headers={"Set-Cookie": "a=b"})
        return web.json_response({})

    await ask(answer)
    assert seen == [None, None]


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
