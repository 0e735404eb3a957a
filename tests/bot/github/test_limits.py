"""GitHub's limits: what is waited for, what is put off, and until when."""

import asyncio
import itertools
import time

import pytest

from bot.github import limits
from bot.github.client import Client, Limited, open_session
from bot.github.limits import CONCURRENT_REQUESTS
from bot.metrics import Metrics
from tests.bot.github.asking import PULL, WHERE, add_repository, post
from tests.github import StandIn


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
    app_client, client, github, clock
):
    other = add_repository(github, "cat/shop")
    github.fail("rate limit", "GET.*octo")
    with pytest.raises(Limited) as caught:
        await client.getitem(PULL, WHERE)
    assert 3500 < caught.value.until - clock.now() <= 3600
    assert await client.graphql("query { viewer { login } }")  # has an hour of its own
    elsewhere = app_client.repository(github.installation(other).id, other.id)
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


async def test_writes_keep_a_second_apart(github, shop):
    made, clock = github.apps[1000], [time.time()]

    async def sleep(seconds):
        clock[0] += max(seconds, 0.0)

    async with open_session() as session:
        app_client = Client(
            session,
            app_id=str(made.id),
            private_key=made.private_key,
            base_url=github.url,
            now=lambda: clock[0],
            sleep=sleep,
        )
        client = app_client.repository(github.installation(shop).id, shop.id)
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


async def test_many_installations_share_what_github_takes_at_the_same_time(clock):
    shared = limits.Limits(clock.now, clock.sleep)
    now, most = 0, 0

    async def ask(installation):
        nonlocal now, most
        async with shared.slot(installation, "core", write=installation % 2 == 0):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1

    await asyncio.gather(*[ask(n) for n in range(1, 3 * limits.CONCURRENT_OF_ALL)])
    assert most == limits.CONCURRENT_OF_ALL


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
