"""An App on the stand-in GitHub, the bot that hears of its events, and PostgreSQL."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.bot import postgres
from tests.bot.ears import SOURCE, Bot, listen
from tests.github import StandIn
from tests.github.apps import App
from tests.github.repository import Repository
from tests.github.standin import PERMISSIONS


@pytest.fixture
def app(github: StandIn) -> App:
    return github.add_app(permissions={**PERMISSIONS, "contents": "write", "issues": "read"})


@pytest.fixture
async def bot(github: StandIn, app: App) -> AsyncIterator[Bot]:
    async with listen(github, app) as bot:
        yield bot


@pytest.fixture
def repository(github: StandIn, app: App) -> Repository:
    """octo/shop with a small Python program on main."""
    repository = github.add_repository("octo/shop", installed=app)
    repository.commit("main", SOURCE)
    repository.permissions |= {"maria": "write", "rita": "read"}
    return repository


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL in which each test makes a database of its own."""
    yield from serve_postgres()


@pytest.fixture
def own_server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL of this test's own, which it may stop."""
    yield from serve_postgres()


def serve_postgres() -> Iterator[postgres.Postgres]:
    programs = postgres.find()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed")
    server = postgres.Postgres(programs)
    yield server
    server.remove()
