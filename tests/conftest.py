"""What more than one part of the tests stands on."""

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.github import StandIn


# How long an example takes is the machine's affair; what must be fast is held to its own clock.
settings.register_profile("layerwise", deadline=None)
settings.load_profile("layerwise")


@pytest.fixture
async def github() -> "AsyncIterator[StandIn]":
    """A GitHub of this test's own. A breach of GitHub's description fails the test."""
    from tests.github import StandIn  # noqa: PLC0415  half a second, for those who ask

    async with await StandIn.start() as github:
        yield github
        assert github.violations == []
