import asyncio
import dataclasses
import itertools
import sqlite3
import sys
import threading
import time
from asyncio.subprocess import PIPE

import pytest
import sqlalchemy as sa

from bot.job import Job
from bot.queue import LANES, Queue, work
from bot.queue.storage import StorageError, run
from bot.queue.work import GiveUp, Postpone, TryAgain

numbers = itertools.count(1)
POLL = 0.02


def job(pull: int = 1, at: int = 0, **changes) -> Job:
    """A job of a delivery of its own; `at` is the second of the push."""
    return dataclasses.replace(
        Job(1, "octo/shop", 9, pull, "a" * 40, "synchronize", f"delivery-{next(numbers)}",
            f"2026-01-01T00:00:{at:02}Z"),
        **changes,
    )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/jobs.sqlite"
    return request.getfixturevalue("server").database()


@pytest.fixture
def sqlite(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/jobs.sqlite"


class Desk:
    """Does the work: remembers it, and can be told to wait or to fail."""

    def __init__(self) -> None:
        self.begun: list[Job] = []
        self.done: list[Job] = []
        self.open = asyncio.Event()
        self.open.set()
        self.errors: list[Exception] = []

    async def __call__(self, job: Job) -> None:
        self.begun.append(job)
        await self.open.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(job)

    def queue(self, url: str, **how) -> Queue:
        return Queue(url, self, poll=POLL, pause=lambda tries: 0.01 * tries, **how)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


async def until(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        await asyncio.sleep(0.01)


async def idle(queue: Queue, seconds: float = 60.0) -> None:
    """Wait until all is done."""
    async with asyncio.timeout(seconds):
        depth = await queue.depth()
        while depth.waiting or depth.running:
            await asyncio.sleep(0.02)
            depth = await queue.depth()


async def test_a_job_is_done_once(url, desk):
    async with desk.queue(url) as queue:
        wanted = job()
        assert await queue.put(wanted)
        await until(lambda: desk.done)
        await idle(queue)
        assert desk.begun == [wanted]


async def test_a_delivery_that_comes_again_is_not_done_again(url, desk):
    async with desk.queue(url) as queue:
        wanted = job()
        assert await queue.put(wanted)
        assert not await queue.put(wanted)
        await idle(queue)
        assert not await queue.put(dataclasses.replace(wanted, head="b" * 40))
        await idle(queue)
        assert desk.begun == [wanted]


async def test_it_is_known_which_deliveries_have_come(url):
    async with Queue(url) as queue:
        jobs = [job(pull) for pull in range(600)]
        await asyncio.gather(*[queue.put(wanted) for wanted in jobs])
        names = {wanted.delivery for wanted in jobs}
        assert await queue.known([*names, "another"]) == names
        assert await queue.known([]) == set()


async def test_of_many_pushes_that_wait_the_newest_is_done(url, desk):
    async with Queue(url) as queue:
        for second in range(50):
            assert await queue.put(job(at=second, head=f"{second:040x}"))
        assert (await queue.depth()).waiting == 1
    async with desk.queue(url) as queue:
        await idle(queue)
    assert [done.head for done in desk.begun] == [f"{49:040x}"]


async def test_an_older_push_that_comes_late_is_not_done(sqlite, desk):
    async with Queue(sqlite) as queue:
        assert await queue.put(job(at=5, head="b" * 40))
        assert not await queue.put(job(at=4, head="c" * 40))
    async with desk.queue(sqlite) as queue:
        await idle(queue)
    assert [done.head for done in desk.begun] == ["b" * 40]


async def test_of_two_pushes_in_the_same_second_the_later_to_come_is_done(sqlite, desk):
    async with Queue(sqlite) as queue:
        for head in ("b" * 40, "c" * 40):
            assert await queue.put(job(at=5, head=head))
    async with desk.queue(sqlite) as queue:
        await idle(queue)
    assert [done.head for done in desk.begun] == ["c" * 40]


async def test_a_job_that_no_push_brought_is_never_too_old(sqlite, desk):
    async with desk.queue(sqlite) as queue:
        await queue.put(job(at=5))
        await idle(queue)
        assert await queue.put(job(updated_at="", reason="rerequested"))
        await idle(queue)
        assert not await queue.put(job(at=4))
    assert [done.reason for done in desk.begun] == ["synchronize", "rerequested"]


async def test_a_pull_request_never_runs_twice_at_once_and_the_newest_push_runs_last(url, desk):
    running, most = 0, 0

    async def work(job: Job) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        desk.done.append(job)
        running -= 1

    async with Queue(url, work, poll=POLL) as queue:
        for second in range(20):
            await queue.put(job(at=second))
            await asyncio.sleep(0.02)
        await idle(queue)
    assert most == 1
    assert desk.done[-1].updated_at.endswith("19Z")
    assert len(desk.done) < 20


async def test_a_push_during_a_run_is_run_after_it(url, desk):
    desk.open.clear()
    async with desk.queue(url) as queue:
        await queue.put(job(at=1))
        await until(lambda: desk.begun)
        await queue.put(job(at=2))
        await asyncio.sleep(0.2)
        assert len(desk.begun) == 1
        desk.open.set()
        await idle(queue)
    assert [done.updated_at[-3:] for done in desk.done] == ["01Z", "02Z"]


async def test_one_installation_does_not_keep_the_others_waiting(url, desk):
    desk.open.clear()
    async with desk.queue(url) as queue:
        for pull in range(30):
            await queue.put(job(pull))
        await until(lambda: len(desk.begun) >= LANES)
        await queue.put(job(99, installation=2))
        await until(lambda: desk.begun[-1].installation == 2)
        await asyncio.sleep(0.2)
        assert len([j for j in desk.begun if j.installation == 1]) == LANES
        desk.open.set()
        await idle(queue)
    assert len(desk.done) == 31


async def test_pushes_to_a_pull_request_wait_in_one_lane_and_pull_requests_in_all(sqlite, desk):
    desk.open.clear()
    async with desk.queue(sqlite) as queue:
        for pull in range(12):
            await queue.put(job(pull))
        await until(lambda: len(desk.begun) == LANES)
        for pull in range(12):
            await queue.put(job(pull, at=1))
        await asyncio.sleep(0.2)
        assert len(desk.begun) == LANES
        desk.open.set()
        await idle(queue)
    assert {each.pull_request for each in desk.done} == set(range(12))


async def test_what_is_postponed_leaves_its_place_to_others_and_comes_back(url, desk):
    desk.errors = [Postpone(1.1)]
    async with desk.queue(url) as queue:
        await queue.put(job(1))
        await until(lambda: desk.begun)
        begun = time.monotonic()
        await queue.put(job(2))
        await until(lambda: desk.done)
        assert desk.done[0].pull_request == 2
        assert (await queue.depth()).waiting == 1
        await until(lambda: len(desk.done) == 2)
        assert time.monotonic() - begun > 1.0


async def test_a_new_push_does_not_wait_for_what_was_postponed(sqlite, desk):
    desk.errors = [Postpone(3600)]
    async with desk.queue(sqlite) as queue:
        await queue.put(job(at=1))
        await until(lambda: desk.begun and not desk.errors)
        await asyncio.sleep(0.2)
        await queue.put(job(at=2))
        await until(lambda: desk.done)
        await idle(queue)


async def test_a_failure_that_may_pass_is_tried_again(sqlite, desk):
    desk.errors = [TryAgain("502"), TryAgain("502")]
    async with desk.queue(sqlite) as queue:
        await queue.put(job())
        await until(lambda: desk.done)
        assert len(desk.begun) == 3
        assert await queue.dead() == []


async def test_a_failure_that_does_not_pass_becomes_a_dead_letter(sqlite, desk, monkeypatch):
    monkeypatch.setattr("bot.queue.TRIES", 3)
    desk.errors = [TryAgain(f"502 number {n}") for n in range(9)]
    async with desk.queue(sqlite) as queue:
        wanted = job()
        await queue.put(wanted)
        await idle(queue)
        (letter,) = await queue.dead()
        assert (letter.job, letter.reason) == (wanted, "502 number 2")
        assert len(desk.begun) == 3


async def test_what_is_postponed_never_becomes_a_dead_letter(sqlite, desk, monkeypatch):
    monkeypatch.setattr("bot.queue.TRIES", 2)
    desk.errors = [Postpone(0) for _ in range(5)]
    async with desk.queue(sqlite) as queue:
        await queue.put(job())
        await until(lambda: desk.done)


async def test_a_dead_letter_can_be_retried(url, desk):
    desk.errors = [GiveUp("KeyError: 'x'")]
    async with desk.queue(url) as queue:
        wanted = job(3)
        await queue.put(wanted)
        await idle(queue)
        (letter,) = await queue.dead()
        assert letter.reason == "KeyError: 'x'"
        assert time.time() - letter.failed_at < 60
        assert not await queue.retry("9-999")
        assert await queue.retry(letter.id)
        assert not await queue.retry(letter.id)
        await until(lambda: desk.done == [wanted])
        await idle(queue)
        assert await queue.dead() == []


async def test_a_new_push_takes_the_place_of_a_dead_letter(sqlite, desk):
    desk.errors = [GiveUp("x")]
    async with desk.queue(sqlite) as queue:
        await queue.put(job(at=1))
        await idle(queue)
        assert (await queue.depth()).dead == 1
        await queue.put(job(at=2))
        await idle(queue)
        assert (await queue.depth()).dead == 0
    assert len(desk.done) == 1


async def test_a_bug_in_the_work_itself_does_not_lose_the_job(sqlite, desk):
    desk.errors = [ZeroDivisionError("not translated")]
    async with desk.queue(sqlite) as queue:
        await queue.put(job())
        await until(lambda: desk.begun and not desk.errors)
        await asyncio.sleep(0.3)
        await queue._upkeep.find_lost(0)
        await until(lambda: desk.done)


# --- the end, expected and not ---


async def test_work_is_finished_before_the_end(sqlite, desk):
    desk.open.clear()
    async with desk.queue(sqlite) as queue:
        await queue.put(job())
        await until(lambda: desk.begun)
        asyncio.get_running_loop().call_later(0.1, desk.open.set)
    assert len(desk.done) == 1
    async with Queue(sqlite) as queue:
        depth = await queue.depth()
        assert (depth.waiting, depth.running) == (0, 0)


async def test_work_that_takes_too_long_is_handed_back(url, desk):
    desk.open.clear()
    async with desk.queue(url, grace=0.05) as queue:
        await queue.put(job())
        await until(lambda: desk.begun)
    assert desk.done == []
    desk.open.set()
    async with desk.queue(url) as queue:
        await until(lambda: desk.done)
        await idle(queue)
    assert len(desk.begun) == 2


async def test_the_loop_still_has_threads_after_the_end(sqlite, desk):
    async with desk.queue(sqlite) as queue:
        await queue.put(job())
        await idle(queue)
    assert await asyncio.to_thread(lambda: 1) == 1


async def test_a_workflow_that_was_lost_is_found(url, desk):
    async with Queue(url) as queue:
        await queue.put(job())
        await queue._ledger.move(lambda *_: None)  # taken for queued, and is not
    async with desk.queue(url) as queue:
        await asyncio.sleep(0.2)
        assert desk.begun == []
        await queue._upkeep.find_lost(0)
        await idle(queue)
    assert len(desk.done) == 1


FIRST_TABLE = """
CREATE TABLE layerwise_pull (
    id TEXT PRIMARY KEY, job TEXT NOT NULL, updated_at TEXT NOT NULL, ticket TEXT, claim TEXT,
    starts INTEGER NOT NULL, due DOUBLE PRECISION NOT NULL, reason TEXT,
    changed DOUBLE PRECISION NOT NULL
)
"""


async def test_a_database_of_the_first_version_gets_the_columns_that_it_lacks(url, desk):
    ended, waiting, new = job(1), job(2), job(3)
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(FIRST_TABLE)
        for old, ticket in ((ended, None), (waiting, "ticket")):
            sql = "INSERT INTO layerwise_pull VALUES (:id, :job, :at, :ticket, NULL, 0, 1, NULL, 1)"
            values = {"id": old.subject, "job": old.to_json(), "at": old.updated_at}
            run(connection, sql, **values, ticket=ticket)
    engine.dispose()
    for _ in range(2):  # the second time there is nothing left to add
        async with Queue(url) as queue:
            assert (await queue.depth()).waiting == 1
            assert await queue._ledger.overdue(0) == [(waiting.subject, "ticket", None)]
    async with desk.queue(url) as queue:
        assert await queue.put(new)
        await queue._upkeep.find_lost(0)
        await idle(queue)
        assert await queue.recent() == []  # the desk says nothing of how it ended
    assert set(desk.done) == {waiting, new}


async def test_a_push_that_came_before_a_crash_is_done_after_it(url, desk):
    moved = []
    async with Queue(url) as queue:
        await queue.put(job(at=1))
        await queue._ledger.move(lambda _, ticket, row, __: moved.append((row, ticket)))
        await queue._ledger.claim(*moved[0])
        await queue.put(job(at=2))  # and here the process is killed; its workflow starts again
        assert await queue._ledger.claim(*moved[0]) is None
    async with desk.queue(url) as queue:
        await until(lambda: desk.done)
        await idle(queue)
    assert [done.updated_at[-3:] for done in desk.done] == ["02Z"]


@pytest.mark.parametrize(("crashes", "reasons"), [
    (work.CRASHES - 1, []),
    (work.CRASHES, [f"was started {work.CRASHES} times and never came to an end"]),
])  # fmt: skip
async def test_a_job_beside_which_the_process_ends_again_and_again_is_given_up(
    sqlite, desk, crashes, reasons
):
    async with Queue(sqlite) as queue:
        await queue.put(job())
        moved = []
        await queue._ledger.move(lambda _, ticket, row, __: moved.append((row, ticket)))
        for _ in range(crashes):
            await queue._ledger.claim(*moved[0])
    async with desk.queue(sqlite) as queue:
        await queue._upkeep.find_lost(0)
        await idle(queue)
        assert [letter.reason for letter in await queue.dead()] == reasons
    assert len(desk.done) == (not reasons)


async def test_what_is_over_is_forgotten_and_what_waits_is_not(url, desk, monkeypatch):
    async with desk.queue(url) as queue:
        first = job(1)
        await queue.put(first)
        await idle(queue)
        desk.errors = [Postpone(3600), GiveUp("x")]
        await queue.put(job(2))
        await until(lambda: not desk.errors or len(desk.errors) == 1)
        await queue.put(job(3))
        await until(lambda: not desk.errors)
        await asyncio.sleep(0.1)
        monkeypatch.setattr("bot.queue.ledger.KEPT_DELIVERIES", -1)
        monkeypatch.setattr("bot.queue.ledger.KEPT_PULLS", -1)
        await queue._ledger.prune()
        await queue._upkeep.delete_ended(-1)
        left = await asyncio.to_thread(queue._client.list_workflows)
        assert left == []
        depth = await queue.depth()
        assert (depth.waiting, depth.dead) == (1, 1)
        assert await queue.put(first)  # nobody knows it any more


# --- the database ---


async def test_a_database_that_cannot_be_written_is_an_error_and_then_none(tmp_path, monkeypatch):
    monkeypatch.setattr("bot.queue.storage.PATIENCE", 0.1)
    path = tmp_path / "jobs.sqlite"
    async with Queue(f"sqlite:///{path}") as queue:
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StorageError):
                await queue.put(job())
            other.execute("ROLLBACK")
        other.close()
        assert await queue.put(job())


RECOVERY = """
import fcntl, os, sys
with open(sys.argv[1], "r+b", buffering=0) as index:
    for lock in (120, 122):  # the writer's, and that of a recovery
        fcntl.lockf(index, fcntl.LOCK_EX, 1, lock)
    os.pwrite(index.fileno(), bytes(136), 0)  # the header: the index must be made anew
    print("begun", flush=True)
    sys.stdin.read()
"""
"""What a process does to the index beside a WAL while it recovers what a crash left.

https://www.sqlite.org/walformat.html#the_wal_index_file_format
"""


async def test_another_process_that_recovers_the_database_is_waited_for(tmp_path):
    path = tmp_path / "jobs.sqlite"
    async with Queue(f"sqlite:///{path}") as queue:
        await queue.put(job())
        command = [sys.executable, "-c", RECOVERY, f"{path}-shm"]
        other = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert await other.stdout.readline() == b"begun\n"
        later = asyncio.create_task(queue.put(job(2)))
        await asyncio.sleep(0.1)
        assert not later.done()
        await other.communicate(b"")
        assert await later


async def test_what_its_sender_was_told_is_not_stored_is_not_stored_later(tmp_path):
    path, given_up = tmp_path / "jobs.sqlite", [job(n) for n in range(5)]
    async with Queue(f"sqlite:///{path}") as queue:
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN EXCLUSIVE")
            first = asyncio.create_task(queue.put(job(9)))
            await asyncio.sleep(0.05)  # it has the thread, and asks for the lock
            late = [asyncio.create_task(queue.put(each)) for each in given_up]
            await asyncio.sleep(0.05)
            for task in late:
                task.cancel()
            other.execute("ROLLBACK")
        other.close()
        assert await first
        assert await queue.known([each.delivery for each in given_up]) == set()
        assert await queue.put(given_up[0])


async def test_one_bad_change_does_not_spoil_the_others(sqlite):
    async with Queue(sqlite) as queue:
        good = [queue.put(job(n)) for n in range(10)]
        bad = queue._deliveries.do(lambda connection: connection.exec_driver_sql("nonsense"))
        results = await asyncio.gather(*good[:5], bad, *good[5:], return_exceptions=True)
        assert [type(r) for r in results] == [bool] * 5 + [StorageError] + [bool] * 5
        assert (await queue.depth()).waiting == 10


async def test_a_folder_that_is_not_there_is_told_at_the_start(tmp_path):
    with pytest.raises(StorageError, match="cannot be used"):
        async with Queue(f"sqlite:///{tmp_path}/none/jobs.sqlite"):
            pass


async def test_two_processes_do_not_run_the_jobs_of_one_file(sqlite, desk):
    async with desk.queue(sqlite):
        with pytest.raises(StorageError, match="another process"):
            async with desk.queue(sqlite):
                pass


async def test_deliveries_that_come_together_share_a_wait_for_the_disk(sqlite):
    commits = 0

    def count(_connection):
        nonlocal commits
        commits += 1

    async with Queue(sqlite) as queue:
        sa.event.listen(queue._deliveries._engine, "commit", count)
        await asyncio.gather(*[queue.put(job(n)) for n in range(200)])
        assert (await queue.depth()).waiting == 200
    assert commits < 10


async def test_a_delivery_does_not_wait_for_what_the_work_changes(server):
    go_on = threading.Event()
    async with Queue(server.database()) as queue:
        slow = asyncio.create_task(queue._storage.do(lambda _connection: go_on.wait(30)))
        await asyncio.sleep(0)
        assert await queue.put(job())
        assert not slow.done()
        go_on.set()
        assert await slow


async def test_depth_tells_how_long_the_oldest_has_waited(sqlite):
    async with Queue(sqlite) as queue:
        assert (await queue.depth()).oldest == 0
        await queue.put(job())
        await asyncio.sleep(0.05)
        assert 0.04 < (await queue.depth()).oldest < 5


def test_the_pause_between_tries_grows_to_an_hour():
    pauses = [work.pause_after(tries) for tries in range(1, work.TRIES)]
    assert 7 < pauses[0] < 13
    assert 2600 < pauses[-1] < 4600
    assert sum(pauses) > 3600
