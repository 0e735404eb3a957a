import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web

from bot.github.client import Client, open_session
from bot.reconcile import MAX_ASKED, Reconciler
from tests.github import StandIn
from tests.github.pulls import PullRequest


class Receiver:
    """Where deliveries go: answers as told, and keeps the GUIDs of what it accepted."""

    def __init__(self) -> None:
        self.status = 503
        self.came: list[str] = []
        self.stored: set[str] = set()
        self.accepted = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        guid = request.headers["X-GitHub-Delivery"]
        self.came.append(guid)
        if self.status == 202:
            self.stored.add(guid)
            self.accepted.set()
        return web.Response(status=self.status)

    async def known(self, deliveries: list[str]) -> set[str]:
        return self.stored & set(deliveries)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/webhook", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhook"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def github(receiver) -> AsyncIterator[StandIn]:
    async with await StandIn.start() as github:
        github.add_app(webhook_url=receiver.url)
        yield github
        assert github.violations == []


@pytest.fixture
def pull(github) -> PullRequest:
    repository = github.add_repository("octo/shop", installed=github.apps[1000])
    repository.commit("main", {"README.md": "A shop"})
    repository.commit("feature", {"Dockerfile": "FROM scratch"})
    return repository.open_pull_request("feature")


@pytest.fixture
async def reconciler(github, receiver) -> AsyncIterator[Reconciler]:
    app = github.apps[1000]
    async with open_session() as session:
        client = Client(
            session, app_id="1000", private_key=app.private_key, base_url=github.url,
            sleep=lambda _: asyncio.sleep(0),
        )  # fmt: skip
        yield Reconciler(client, receiver.known, github.now)


async def look(github: StandIn, reconciler: Reconciler) -> int:
    count = await reconciler.look()
    await github.settle()
    return count


async def test_what_failed_is_asked_for_and_comes_under_its_old_name(
    github, receiver, reconciler, pull
):
    await github.deliver("pull_request", pull, action="opened")
    receiver.status = 202
    assert await look(github, reconciler) == 1
    assert receiver.stored == set(receiver.came)
    assert await look(github, reconciler) == 0


async def test_what_nobody_took_is_asked_for(github, receiver, reconciler, pull):
    github.apps[1000].webhook_url = "http://127.0.0.1:1/webhook"
    await github.deliver("pull_request", pull, action="opened")
    github.apps[1000].webhook_url = receiver.url
    receiver.status = 202
    assert await look(github, reconciler) == 1
    assert len(receiver.stored) == 1


async def test_what_arrived_is_not_asked_for(github, receiver, reconciler, pull):
    receiver.status = 202
    await github.deliver("pull_request", pull, action="opened")
    assert await look(github, reconciler) == 0
    assert len(receiver.came) == 1


async def test_what_was_stored_though_github_saw_it_fail_is_not_asked_for(
    github, receiver, reconciler, pull
):
    await github.deliver("pull_request", pull, action="opened")  # answered too late, say
    receiver.stored.update(receiver.came)
    assert await look(github, reconciler) == 0


async def test_the_oldest_comes_first_so_that_the_newest_wins(github, receiver, reconciler, pull):
    for _ in range(3):
        await github.deliver("pull_request", pull, action="synchronize")
    first, receiver.came, receiver.status = receiver.came, [], 202
    assert await look(github, reconciler) == 3
    assert receiver.came == first


async def test_what_keeps_failing_is_asked_for_a_few_times_only(github, receiver, reconciler, pull):
    await github.deliver("pull_request", pull, action="opened")
    assert [await look(github, reconciler) for _ in range(5)] == [1] * MAX_ASKED + [0] * 2


@pytest.mark.parametrize("status", [400, 413, 415])
async def test_what_was_refused_for_what_it_is_is_not_asked_for(
    github, receiver, reconciler, pull, status
):
    receiver.status = status
    await github.deliver("pull_request", pull, action="opened")
    assert await look(github, reconciler) == 0


async def test_what_would_be_no_job_is_not_asked_for(github, receiver, reconciler, pull):
    await github.deliver("pull_request", pull, action="labeled")
    assert await look(github, reconciler) == 0


async def test_what_github_does_not_keep_any_more_is_not_asked_for(
    github, receiver, reconciler, pull
):
    await github.deliver("pull_request", pull, action="opened")
    later = Reconciler(reconciler._client, receiver.known, lambda: github.now() + timedelta(days=4))
    assert await look(github, later) == 0


async def test_more_than_a_page_of_failures_is_read(github, receiver, reconciler, pull):
    delivery = github.delivery("pull_request", pull, action="opened")
    for _ in range(101):
        await github.redeliver(delivery)
    other = github.delivery("pull_request", pull, action="opened")
    await github.redeliver(other)
    receiver.status = 202
    assert await look(github, reconciler) == 2


async def test_a_github_that_is_away_does_not_end_the_looking(
    github, receiver, reconciler, pull, monkeypatch
):
    monkeypatch.setattr("bot.reconcile.ROUND", 0.01)
    await github.deliver("pull_request", pull, action="opened")
    receiver.status = 202
    github.fail("error", "GET", times=8)
    looking = asyncio.create_task(reconciler.run())
    await asyncio.wait_for(receiver.accepted.wait(), 10)
    looking.cancel()
