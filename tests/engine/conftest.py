"""The engine of the tests: one for each process of a run (`pytest -n 2`), or the reason why there is none."""

import os
import random
import time
from collections.abc import Iterator

import pytest

from tests.engine.engine import Engine, Unavailable, use

SEED = int(os.environ.get("LAYERWISE_SEED") or time.time_ns() % 1_000_000)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        found = use(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))
    except Unavailable as error:
        pytest.skip(f"no engine: {error}")
    with found.alone():
        yield found


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Other numbers in each run; LAYERWISE_SEED repeats one (pytest shows what a failed test prints)."""
    print(f"LAYERWISE_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")
