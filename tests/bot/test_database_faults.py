"""The real server when its database is full, read-only or away: 503, and then all is done."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import psycopg
import pytest

from tests.bot.ears import SOURCE, naive
from tests.bot.postgres import Postgres
from tests.bot.serving import ROOT, environment, free_port
from tests.bot.test_whole_way import attempts, wait_for_answer, wait_for_reviews
from tests.github import StandIn
from tests.github.apps import App
from tests.github.pulls import PullRequest


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 4 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("no file system may be mounted")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def app(github: StandIn) -> App:
    return github.add_app(webhook_url=f"http://127.0.0.1:{free_port()}/webhook")


@pytest.fixture
def pulls(github: StandIn, app: App) -> list[PullRequest]:
    """One pull request in each of three repositories."""
    made = []
    for owner in ("octo", "acme", "hub"):
        repository = github.add_repository(f"{owner}/shop", installed=app)
        repository.commit("main", SOURCE)
        made.append(naive(repository))
    return made


@contextlib.asynccontextmanager
async def serving(variables: dict[str, str]) -> AsyncIterator[str]:
    """The server in a process of its own, when it is ready: its address."""
    base = f"http://127.0.0.1:{variables['PORT']}"
    command = [sys.executable, "-m", "bot", "serve"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=variables)
    try:
        await wait_for_answer(f"{base}/readyz")
        yield base
    finally:
        process.terminate()
        await process.wait()


async def test_a_full_disk_is_answered_with_503_and_what_was_accepted_is_done_after_it(
    github: StandIn, app: App, pulls: list[PullRequest], small: Path
):
    filler = small / "filler"
    async with serving(environment(github, app, small)) as base:
        github.fail("slow", seconds=0.3)
        assert (await github.deliver("pull_request", pulls[0], action="opened")).status == 202
        for _ in attempts():
            if github.asked("/files"):
                break
            await asyncio.sleep(0.02)
        fill(filler)
        assert (await github.deliver("pull_request", pulls[1], action="opened")).status == 503
        await wait_for_reviews(pulls[0], 1)  # GitHub has it; that it is done cannot be noted down
        await asyncio.sleep(1)
        filler.unlink()
        assert (await github.deliver("pull_request", pulls[1], action="opened")).status == 202
        await wait_for_reviews(pulls[1], 1)
        await wait_for_nothing_to_do(base)
    assert [len(pull.reviews) for pull in pulls] == [1, 1, 0]
    assert [len(pull.check_runs) for pull in pulls] == [1, 1, 0]


async def test_a_postgresql_that_is_away_or_read_only_needs_no_restart_of_ours(
    github: StandIn, app: App, pulls: list[PullRequest], own_server: Postgres, tmp_path: Path
):
    url = own_server.database()
    variables = {**environment(github, app, tmp_path), "DATABASE_URL": url}
    async with serving(variables) as base:
        assert (await github.deliver("pull_request", pulls[0], action="opened")).status == 202
        await wait_for_reviews(pulls[0], 1)

        await asyncio.to_thread(own_server.stop, "immediate")
        assert (await github.deliver("pull_request", pulls[1], action="opened")).status == 503
        await asyncio.to_thread(own_server.start)
        await wait_for_answer(f"{base}/readyz")
        assert (await github.deliver("pull_request", pulls[1], action="opened")).status == 202
        await wait_for_reviews(pulls[1], 1)
        await wait_for_nothing_to_do(base)

        await asyncio.to_thread(set_read_only, url, "on")
        assert (await github.deliver("pull_request", pulls[2], action="opened")).status == 503
        await asyncio.to_thread(set_read_only, url, "off")
        assert (await github.deliver("pull_request", pulls[2], action="opened")).status == 202
        await wait_for_reviews(pulls[2], 1)
        await wait_for_nothing_to_do(base)
    assert [len(pull.reviews) for pull in pulls] == [1, 1, 1]
    assert [len(pull.check_runs) for pull in pulls] == [1, 1, 1]


def set_read_only(url: str, value: str) -> None:
    """What happens to an old primary: connections that are there are told too."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}".encode())
        connection.execute("SELECT pg_reload_conf()")
        while connection.execute("SHOW default_transaction_read_only").fetchone() != (value,):
            time.sleep(0.02)


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


async def wait_for_nothing_to_do(base: str) -> None:
    wanted = {'layerwise_jobs_now{state="waiting"} 0.0', 'layerwise_jobs_now{state="running"} 0.0'}
    async with aiohttp.ClientSession() as session:
        for _ in attempts():
            async with session.get(f"{base}/metrics") as answer:
                if wanted <= set((await answer.text()).splitlines()):
                    return
            await asyncio.sleep(0.1)
    raise AssertionError("jobs are left")
