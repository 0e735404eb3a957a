"""The bot without its server and queue: what it does when GitHub tells it of an event, at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from multidict import CIMultiDict

from bot.github.client import Client, open_session
from bot.reviewer import Outcome
from bot.webhook import read_job, receive
from bot.worker import Worker
from tests.github import StandIn
from tests.github.apps import App
from tests.github.pulls import PullRequest
from tests.github.repository import Repository


class Bot:
    """One worker. `hear` builds a signed delivery, and does what it asks for before it returns."""

    def __init__(self, github: StandIn, app: App, client: Client) -> None:
        self.github, self.app = github, app
        self.worker = Worker(client)

    async def hear(self, event: str, subject: Any, action: str, **more: Any) -> Outcome | None:
        told = self.github.delivery(event, subject, action=action, app=self.app, **more)
        job = read_job(receive(CIMultiDict(told.headers), told.body, self.app.secret))
        return None if job is None else await self.worker(job)

    async def opened(self, pull: PullRequest) -> Outcome | None:
        return await self.hear("pull_request", pull, "opened")

    async def pushed(self, pull: PullRequest) -> Outcome | None:
        return await self.hear("pull_request", pull, "synchronize")


@asynccontextmanager
async def listen(github: StandIn, app: App) -> AsyncIterator[Bot]:
    async def no_rest(_seconds: float) -> None:
        """The spacing between writes is tested elsewhere."""

    async with open_session() as session:
        client = Client(
            session,
            app_id=str(app.id),
            private_key=app.private_key,
            base_url=github.url,
            sleep=no_rest,
        )
        yield Bot(github, app, client)


NAIVE = """\
FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
CMD ["python", "main.py"]
"""
FIXED = """\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
COPY . .
CMD ["python", "main.py"]
"""
IGNORED = ".git\n**/__pycache__\n**/*.pyc\nREADME.md\n"
SOURCE = {"main.py": "print()\n", "requirements.txt": "flask\n", ".dockerignore": IGNORED}


def naive(repository: Repository, **how: Any) -> PullRequest:
    """A pull request that brings the naive Dockerfile."""
    repository.commit("feature", {"Dockerfile": NAIVE})
    return repository.open_pull_request("feature", **how)
