"""Jobs outlive the processes that run them, and the database's absence."""

import asyncio
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.queue import Queue
from bot.queue.storage import StorageError
from tests.bot.queue.test_queue import idle, job

HERE = Path(__file__).parents[3]


class Workers:
    """Worker processes on one database, and what they wrote into their journal."""

    def __init__(self, journal: Path) -> None:
        self.journal = journal
        self.processes: list[subprocess.Popen[str]] = []

    def start(self, url: str, seconds: float) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "tests.bot.queue_worker",
            url,
            str(self.journal),
            str(seconds),
        ]
        process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        return process

    def wait_ready(self) -> None:
        for process in self.processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.journal.read_text().splitlines()]

    def words(self, word: str, process: subprocess.Popen[str] | None = None) -> list[str]:
        """The pull requests of the lines with that word, of one process or of all."""
        pid = process and str(process.pid)
        return [line[3] for line in self.lines() if line[2] == word and pid in (None, line[1])]


@pytest.fixture
def workers(tmp_path) -> Iterator[Workers]:
    journal = tmp_path / "journal"
    journal.touch()
    workers = Workers(journal)
    yield workers
    for process in workers.processes:
        process.kill()
        process.wait()
        process.stdout.close()


async def until(condition, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < end, "it never came to be"
        await asyncio.sleep(0.05)


async def test_what_a_killed_process_was_doing_is_done_after_its_restart(tmp_path, workers):
    url = f"sqlite:///{tmp_path}/jobs.sqlite"
    async with Queue(url) as queue:
        for pull in range(20):
            await queue.put(job(pull, installation=pull % 5 + 1))
        first = workers.start(url, 0.3)
        await until(lambda: len(workers.words("begin")) >= 8)
        first.send_signal(signal.SIGKILL)
        first.wait()
        workers.start(url, 0.01)
        await idle(queue)
    assert set(workers.words("end")) == {str(pull) for pull in range(20)}


async def test_what_a_killed_process_was_doing_is_done_by_another(server, workers):
    url = server.database()
    async with Queue(url) as queue:
        one, other = workers.start(url, 0.2), workers.start(url, 0.2)
        workers.wait_ready()
        for pull in range(60):
            await queue.put(job(pull, installation=pull % 6 + 1))
        await until(
            lambda: len(workers.words("begin", one)) > 5 and len(workers.words("begin", other)) > 5
        )
        one.send_signal(signal.SIGKILL)
        await idle(queue)
    ended = workers.words("end")
    assert set(ended) == {str(pull) for pull in range(60)}
    assert_never_twice_at_once(workers.lines(), dead=str(one.pid))


async def test_two_processes_never_run_a_pull_request_at_once(server, workers):
    url = server.database()
    async with Queue(url) as queue:
        workers.start(url, 0.05)
        workers.start(url, 0.05)
        workers.wait_ready()
        for second in range(40):
            for pull in range(1, 4):
                await queue.put(job(pull, second, head=f"{second:040x}"))
            await asyncio.sleep(0.03)
        await idle(queue)
    assert_never_twice_at_once(workers.lines())
    last = {line[3]: line[4] for line in workers.lines() if line[2] == "end"}
    assert last == {str(pull): f"{39:040x}" for pull in range(1, 4)}


async def test_a_process_that_is_asked_to_stop_hands_its_work_back(server, workers):
    url = server.database()
    async with Queue(url) as queue:
        slow = workers.start(url, 30)
        workers.wait_ready()
        for pull in range(4):
            await queue.put(job(pull, installation=pull + 1))
        await until(lambda: len(workers.words("begin")) == 4)
        slow.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(slow.wait) == 0
        depth = await queue.depth()
        assert (depth.waiting, depth.running) == (4, 0)
        workers.start(url, 0.01)
        await idle(queue)
    assert set(workers.words("end")) == {"0", "1", "2", "3"}


async def test_a_database_that_goes_away_and_comes_back_needs_no_restart(own_server, workers):
    url = own_server.database()
    async with Queue(url) as queue:
        workers.start(url, 0.5)
        workers.wait_ready()
        for pull in range(12):
            await queue.put(job(pull, installation=pull % 3 + 1))
        await until(lambda: workers.words("begin"))
        await asyncio.to_thread(own_server.stop, "immediate")
        with pytest.raises(StorageError):
            await queue.put(job(99))
        await asyncio.sleep(1)
        await asyncio.to_thread(own_server.start)
        assert await queue.put(job(50))
        await idle(queue)
    assert set(workers.words("end")) == {str(pull) for pull in [*range(12), 50]}


def assert_never_twice_at_once(lines: list[list[str]], dead: str = "") -> None:
    running: dict[str, set[str]] = defaultdict(set)
    for _, pid, word, pull, _ in sorted(lines, key=lambda line: float(line[0])):
        if word == "begin":
            assert running[pull] <= {dead}, f"pull request {pull} ran twice at once"
            running[pull].add(pid)
        else:
            running[pull].discard(pid)
