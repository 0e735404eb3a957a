"""The stand-in GitHub of a test, and a client that speaks to it as an App does."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import jwt
import pytest

from tests.github import StandIn
from tests.github.apps import App
from tests.github.repository import Repository


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any


class Client:
    """Sends requests with one token; no cleverness, so that a test sees what GitHub says."""

    def __init__(
        self, github: StandIn, session: aiohttp.ClientSession, credential: str | None
    ) -> None:
        self.github, self.session, self.credential = github, session, credential

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"X-GitHub-Api-Version": "2022-11-28", "Accept": "application/vnd.github+json"}
        if self.credential:
            sent["Authorization"] = f"Bearer {self.credential}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else self.github.url + path
        async with self.session.request(
            method, url, json=body, headers=sent, allow_redirects=False
        ) as answer:
            raw = await answer.read()
            if "json" in answer.content_type and raw and "raw" not in answer.content_type:
                return Answer(answer.status, await answer.json(), answer.headers)
            return Answer(answer.status, raw, answer.headers)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, body: Any = None) -> Answer:
        return await self.ask("POST", path, body)

    async def query(self, query: str, **variables: Any) -> Any:
        answer = await self.post("/graphql", {"query": query, "variables": variables})
        assert answer.status == 200, answer
        return answer.body


def assertion(github: StandIn, app: App, **claims: Any) -> str:
    """A JWT as an App signs it."""
    now = int(github.now().timestamp())
    payload = {"iat": now - 60, "exp": now + 540, "iss": str(app.id), **claims}
    return jwt.encode(payload, app.key, algorithm="RS256")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def app_client(github: StandIn, session: aiohttp.ClientSession, app: App) -> Client:
    """Speaks as the App, by its JWT."""
    return Client(github, session, assertion(github, app))


@pytest.fixture
def nobody(github: StandIn, session: aiohttp.ClientSession) -> Client:
    """Speaks without a token."""
    return Client(github, session, None)


@pytest.fixture
def app(github: StandIn) -> App:
    return github.add_app()


@pytest.fixture
def repository(github: StandIn, app: App) -> Repository:
    """octo/shop, public, with the App installed and one commit on main."""
    repository = github.add_repository("octo/shop", installed=app)
    repository.commit(
        "main",
        {"Dockerfile": "".join(f"RUN step-{n}\n" for n in range(1, 31)), "README.md": "A shop\n"},
    )
    return repository


@pytest.fixture
async def client(
    github: StandIn,
    session: aiohttp.ClientSession,
    app: App,
    repository: Repository,
    app_client: Client,
) -> Client:
    """Speaks as the App in its installation on octo/shop, with all that was granted."""
    return await installed(app_client, github.installation(repository).id)


async def installed(app_client: Client, installation: int, body: Any = None) -> Client:
    answer = await app_client.post(f"/app/installations/{installation}/access_tokens", body)
    assert answer.status == 201, answer
    return Client(app_client.github, app_client.session, answer.body["token"])
