"""From a signed delivery over HTTP to the real server process, to the review on GitHub."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.bot.ears import FIXED, SOURCE, naive
from tests.bot.serving import ROOT, environment, free_port
from tests.github.apps import App
from tests.github.pulls import PullRequest
from tests.github.standin import StandIn

PATIENCE = 30.0  # seconds; a machine that builds something beside is slow


@pytest.fixture
def app(github: StandIn) -> App:
    return github.add_app(webhook_url=f"http://127.0.0.1:{free_port()}/webhook")


@pytest.fixture
async def service(github: StandIn, app: App, tmp_path: Path) -> AsyncIterator[str]:
    """The server as its operator starts it, in a process of its own."""
    async with serving(github, app, tmp_path):
        yield app.webhook_url.removesuffix("/webhook")


@asynccontextmanager
async def serving(
    github: StandIn, app: App, folder: Path, *options: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    variables = environment(github, app, folder)
    command = [sys.executable, "-m", "bot", "serve", *options]
    process = await asyncio.create_subprocess_exec(*command, env=variables, cwd=ROOT)
    try:
        await wait_for_answer(app.webhook_url.replace("/webhook", "/readyz"))
        yield process
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), PATIENCE) in (0, -15)


async def wait_for_answer(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in attempts():
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def attempts() -> Iterator[None]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        yield


async def wait_for_reviews(pull: PullRequest, count: int) -> None:
    for _ in attempts():
        if len(pull.reviews) >= count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{len(pull.reviews)} reviews, not {count}")


async def wait_for_idle(github: StandIn) -> None:
    """Wait until nothing was asked for a while."""
    seen = -1
    while seen != len(github.requests):
        seen = len(github.requests)
        await asyncio.sleep(1.0)


def pull_request(github: StandIn, app: App) -> PullRequest:
    repository = github.add_repository("octo/shop", installed=app)
    repository.commit("main", SOURCE)
    return naive(repository)


async def test_a_pull_request_is_reviewed_and_its_suggestion_mends_it(
    github: StandIn, app: App, service: str
):
    pull = pull_request(github, app)
    assert (await github.deliver("pull_request", pull, action="opened")).status == 202
    await wait_for_reviews(pull, 1)
    (comment,) = pull.comments
    assert (comment.path, comment.start_line, comment.line) == ("Dockerfile", 3, 4)

    pull.apply_suggestions([comment.id])
    assert pull.text("Dockerfile") == FIXED
    asked = len(github.requests)
    assert (await github.deliver("pull_request", pull, action="synchronize")).status == 202
    for _ in attempts():
        if len(github.requests) > asked:
            break
        await asyncio.sleep(0.05)
    await wait_for_idle(github)
    assert len(pull.reviews) == 1


async def test_the_same_delivery_again_posts_nothing_again(github: StandIn, app: App, service: str):
    pull = pull_request(github, app)
    delivery = github.delivery("pull_request", pull, action="opened")
    for _ in range(3):
        assert (await github.redeliver(delivery)).status == 202
    await wait_for_reviews(pull, 1)
    await github.deliver("pull_request", pull, action="reopened")
    await wait_for_idle(github)
    assert len(pull.reviews) == 1


async def test_a_pull_request_without_a_dockerfile_costs_one_request(
    github: StandIn, app: App, service: str
):
    repository = github.add_repository("octo/shop", installed=app)
    repository.commit("main", {"README.md": "A shop\n"})
    repository.commit("feature", {"README.md": "The shop\n"})
    pull = repository.open_pull_request("feature")
    await github.deliver("pull_request", pull, action="opened")
    await wait_for_idle(github)
    assert pull.reviews == []
    assert [r.endpoint for r in github.asked("/repos/")] == [
        "GET /repos/{owner}/{repo}/pulls/{pull_number}/files"
    ]


@pytest.mark.parametrize(("part", "steps"), [("web", 0), ("worker", 5)])
async def test_a_process_that_only_works_gives_way_to_one_that_answers(
    github: StandIn, app: App, tmp_path: Path, part: str, steps: int
):
    async with serving(github, app, tmp_path, "--only", part) as process:
        mine, theirs = (os.getpriority(os.PRIO_PROCESS, pid) for pid in (0, process.pid))
    assert theirs == min(mine + steps, 19)
