"""A client of ours that asks the stand-in, without a bot around it."""

import asyncio
from collections.abc import Awaitable

from bot.github.client import Client
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


def add_repository(github: StandIn, name: str) -> Repository:
    repository = github.add_repository(name, installed=github.apps[1000])
    repository.commit("main", {"README.md": "A shop"})
    repository.commit("feature", {"Dockerfile": "FROM scratch"})
    repository.open_pull_request("feature")
    return repository


def post(client: Client) -> Awaitable[object]:
    return client.post(COMMENTS, WHERE, data={"body": "Hello"})
