"""What more than one part of the tests stands on."""

from collections.abc import AsyncIterator

import pytest

from tests.github import StandIn


@pytest.fixture
async def github() -> AsyncIterator[StandIn]:
    """A GitHub of this test's own. A breach of GitHub's description fails the test."""
    async with await StandIn.start() as github:
        yield github
        assert github.violations == []
