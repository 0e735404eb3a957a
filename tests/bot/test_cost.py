"""What a review costs in requests, counted on the stand-in. `pytest -s` prints the table."""

import re

import pytest

from bot import reviewer
from bot.config import PATH
from tests.bot.ears import naive

GOOD = "FROM python:3.12\nWORKDIR /app\nCOPY main.py ./\n"


def count(github, since: int):
    """Requests since then, without those for tokens and for the history, kept for an hour."""
    return [
        request
        for request in github.requests[since:]
        if "access_tokens" not in request.endpoint
        and not re.search(r"history\(", str(request.body))
    ]


@pytest.fixture
def table(request):
    rows: list[tuple[str, int, int]] = []
    yield rows
    print("\n| pull request | requests | in sequence |\n|---|---|---|")
    for name, requests, depth in rows:
        print(f"| {name} | {requests} | {depth} |")


class Depth:
    """How many requests wait for another: what overlaps in time counts once."""

    def __init__(self, client) -> None:
        self.steps = self.running = 0
        self._send = client._transport.send
        client._transport.send = self.send

    async def send(self, method, url, headers, body):
        rest = (headers, body)
        if "access_tokens" in url or b"history(" in body:
            return await self._send(method, url, *rest)
        if not self.running:
            self.steps += 1
        self.running += 1
        try:
            return await self._send(method, url, *rest)
        finally:
            self.running -= 1


async def test_what_a_pull_request_costs(bot, repository, github, table):
    """Token, settings and history are kept: a first pull request, not counted, got the former."""
    repository.commit("warm", {"Dockerfile": GOOD})
    await bot.opened(repository.open_pull_request("warm"))
    depth = Depth(bot.worker._client)

    async def cost(name, pull, action="opened"):
        since, depth.steps = len(github.requests), 0
        await bot.hear("pull_request", pull, action)
        table.append((name, len(count(github, since)), depth.steps))
        return table[-1][1:]

    repository.commit("none", {"main.py": "x\n"})
    assert await cost("no Dockerfile", repository.open_pull_request("none")) == (1, 1)

    many = {f"src/{n}.py": "x\n" for n in range(250)}
    repository.commit("many", many)
    assert await cost("no Dockerfile, 250 files", repository.open_pull_request("many")) == (3, 3)

    repository.commit("good", {"Dockerfile": GOOD + "# good\n", "main.py": "y\n"})
    good = repository.open_pull_request("good")
    requests, steps = await cost("a Dockerfile, nothing to say", good)
    assert requests <= 5
    assert steps <= 4  # three to read, one to post the check run

    pull = naive(repository)
    requests, steps = await cost("a Dockerfile, a comment", pull)
    assert requests <= 7  # one more to post the review, one to read what the program starts
    assert steps <= 6

    pull.push({"main.py": "z\n"})
    requests, steps = await cost("the same after a push, nothing new", pull, "synchronize")
    assert requests <= 5

    assert await cost("closed", pull, "closed") == (0, 0)


async def test_settings_are_asked_for_once_in_ten_minutes(bot, repository, github):
    repository.commit("main", {PATH: "check: always"})
    for n in range(3):
        repository.commit(f"b{n}", {"main.py": f"{n}\n"})
        await bot.opened(repository.open_pull_request(f"b{n}"))
    assert len(github.asked("POST /graphql")) == 1
    assert len(github.asked("/check-runs")) == 3


def test_the_rounds_of_reading_are_bounded():
    assert reviewer.ROUNDS <= 6
