"""The service against a GitHub of which nearly every third answer is a fault."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.github import limits
from bot.server import make_app
from bot.service import Runner
from bot.settings import App, Settings
from tests.github import StandIn
from tests.github.faults import Fault

DOCKERFILE = "FROM python:3.12-slim\nCOPY . .\nRUN pip install -r requirements.txt\n"
KINDS = [
    *[("error", {"status": status}) for status in (500, 502, 503, 504, 520)],
    ("cut", {}),
    ("cut after", {}),
    ("wrong JSON", {}),
    ("slow", {"seconds": 0.1}),
    ("secondary limit", {"seconds": 1}),
    ("too many requests", {"seconds": 1}),
]


class Weather(list[Fault]):
    """Faults that come at random."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __iter__(self) -> Iterator[Fault]:
        if self._random.random() < 0.3:
            kind, how = self._random.choice(KINDS)
            yield Fault(kind, **how)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_pull_request_is_reviewed_once_whatever_the_weather(
    seed, tmp_path, monkeypatch
):
    for name in ("WRITE_SPACING", "FIRST_PAUSE", "LONGEST_PAUSE", "THROTTLE_PAUSE"):
        monkeypatch.setattr(limits, name, 0.05)
    async with await StandIn.start() as github:
        app = github.add_app()
        pulls = []
        for owner in ("cat", "dog"):
            repository = github.add_repository(f"{owner}/shop", installed=app)
            repository.commit("main", {"main.py": "print()\n", "requirements.txt": "flask\n"})
            for branch in ("a", "b", "c"):
                repository.commit(branch, {"Dockerfile": DOCKERFILE})
                pulls.append(repository.open_pull_request(branch))
        deliveries = [github.delivery("pull_request", pull, action="opened") for pull in pulls]
        settings = Settings(
            app=App(str(app.id), app.private_key, app.secret),
            database_url=f"sqlite:///{tmp_path}/jobs.sqlite",
            github_api_url=github.url,
        )
        runner = Runner(settings, poll=0.02)
        async with TestClient(TestServer(make_app(settings, runner))) as client:
            queue = runner.service.queue
            queue._pause = lambda _tries: 0.05
            github.faults = Weather(seed)
            for delivery in deliveries:
                async with client.post(
                    "/webhook", data=delivery.body, headers=delivery.headers
                ) as answer:
                    assert answer.status == 202
            async with asyncio.timeout(90):
                depth = await queue.depth()
                while depth.waiting or depth.running:
                    await asyncio.sleep(0.05)
                    depth = await queue.depth()
            dead = await queue.dead()
    assert dead == []
    assert Counter(len(pull.reviews) for pull in pulls) == {1: 6}
    assert github.violations == []
    assert len({request.status for request in github.requests}) > 4  # there was some weather
