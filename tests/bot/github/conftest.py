"""A client on the stand-in GitHub, whose time passes when somebody sleeps."""

from collections.abc import AsyncIterator

import pytest

from bot.github.client import REVIEW, Client, open_session
from tests.bot.github.asking import Clock, add_repository
from tests.github.repository import Repository


@pytest.fixture
def clock(github) -> Clock:
    return Clock(github)


@pytest.fixture
async def app_client(github, clock) -> AsyncIterator[Client]:
    """Asks as the App itself."""
    made = github.add_app(permissions={**REVIEW, "issues": "write"})
    async with open_session() as session:
        yield Client(
            session, app_id=str(made.id), private_key=made.private_key, base_url=github.url,
            now=clock.now, sleep=clock.sleep,
        )  # fmt: skip


@pytest.fixture
def shop(github, app_client) -> Repository:
    return add_repository(github, "octo/shop")


@pytest.fixture
def client(github, app_client, shop) -> Client:
    """Asks as the installation on the shop."""
    return app_client.repository(github.installation(shop).id, shop.id)
