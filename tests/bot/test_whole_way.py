"""From a signed delivery over HTTP to the real server process, to the review on GitHub."""

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.bot.ears import SOURCE
from tests.github.apps import App
from tests.github.pulls import PullRequest
from tests.github.standin import StandIn

DOCKERFILE = """\
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
CMD ["python", "main.py"]
"""
PATIENCE = 30.0  # seconds; a machine that builds something beside is slow


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def app(github: StandIn) -> App:
    return github.add_app(webhook_url=f"http://127.0.0.1:{free_port()}/webhook")


@pytest.fixture
async def service(github: StandIn, app: App, tmp_path: Path) -> AsyncIterator[str]:
    """The server as its operator starts it, in a process of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "GITHUB_APP_ID": str(app.id),
        "GITHUB_PRIVATE_KEY": app.private_key,
        "GITHUB_WEBHOOK_SECRET": app.secret,
        "GITHUB_API_URL": github.url,
        "DATABASE_URL": f"sqlite:///{tmp_path}/jobs.sqlite",
        "PORT": app.webhook_url.split(":")[2].split("/")[0],
    }
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "bot", "serve"]
    process = await asyncio.create_subprocess_exec(*command, env=environment, cwd=root)
    base = app.webhook_url.removesuffix("/webhook")
    try:
        await wait_for_answer(f"{base}/readyz")
        yield base
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
    repository.commit("feature", {"Dockerfile": DOCKERFILE})
    return repository.open_pull_request("feature")


async def test_a_pull_request_is_reviewed_and_its_suggestion_mends_it(
    github: StandIn, app: App, service: str
):
    pull = pull_request(github, app)
    assert (await github.deliver("pull_request", pull, action="opened")).status == 202
    await wait_for_reviews(pull, 1)
    (comment,) = pull.comments
    assert (comment.path, comment.start_line, comment.line) == ("Dockerfile", 3, 4)

    pull.apply_suggestions([comment.id])
    assert pull.text("Dockerfile") == DOCKERFILE.replace(
        "COPY . .\nRUN pip install -r requirements.txt\n",
        "COPY requirements.txt ./\n"
        "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n"
        "COPY . .\n",
    )
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
