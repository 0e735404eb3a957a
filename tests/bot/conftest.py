"""An App on the stand-in GitHub, and the bot that hears of its events."""

from collections.abc import AsyncIterator

import pytest

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
