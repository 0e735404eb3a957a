"""The engine of the tests: one for each process of a run (`pytest -n 2`), or the reason why there is none."""

import os
from collections.abc import Iterator

import pytest

from tests.engine.engine import Engine, Unavailable, use


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    try:
        found = use(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))
    except Unavailable as error:
        pytest.skip(f"no engine: {error}")
    with found.alone():
        yield found
