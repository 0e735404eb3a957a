"""Durable jobs on DBOS Transact, in a SQLite file or a PostgreSQL database: the same code.

    async with Queue(url, work) as queue:
        await queue.put(job)        # on the disk when this returns

DBOS keeps the order and the fair share of each installation, and starts again what a crash cut
short. Which job is run, when, and that no pull request is run twice at once, is the ledger's.
"""

import asyncio
import contextlib
import logging
import math
import os
import socket
import uuid
import zlib
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from typing import Any, Self, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

from bot.job import Job
from bot.queue.ledger import Claim, DeadLetter, Depth, Done, Held, Ledger
from bot.queue.liveness import Liveness, lock_file
from bot.queue.storage import Storage, StorageError
from bot.queue.upkeep import Upkeep
from bot.queue.work import CRASHES, TRIES, GiveUp, Postpone, TryAgain, Work, pause_after

T = TypeVar("T")

VERSION = "1"
"""Of the workflow below, for DBOS: it runs no workflow of another version than its own."""
APPLICATION, NAME = "layerwise", "review"
WORKERS, LANES = 120, 3
"""Jobs of a process that run at a time, and those of one installation. Most of a job is waiting
until GitHub takes the next write of its installation, so there are many more than could think."""
POLL = 0.4
"""Seconds between two looks for work."""
LIVENESS = 2.0
"""Seconds between two looks for processes that have died."""
THREADS = 4
"""DBOS's, which are the loop's too: more would make none of them faster, but deliveries wait."""

log = logging.getLogger(__name__)


class Queue:
    """Jobs that are stored, and run by `work` where it is given; without it only stored.

    `grace` is how many seconds running work gets at the end, before it is handed back to be run
    again; `pause` the seconds to wait after so many tries.
    """

    def __init__(
        self,
        url: str,
        work: Work | None = None,
        *,
        poll: float = POLL,
        pause: Callable[[int], float] = pause_after,
        grace: float = 20.0,
    ) -> None:
        self._url = url
        self._work = work
        self._poll = poll
        self._pause = pause
        self._grace = grace
        self._lite = url.startswith("sqlite")
        self._storage, self._deliveries = Storage(url), Storage(url)
        self._ledger = Ledger(self._storage, self._deliveries)
        self._came = asyncio.Event()
        self._running: set[asyncio.Future[str]] = set()
        self._busy: set[str] = set()
        self._stopping = False
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except (sa.exc.SQLAlchemyError, StorageError) as error:
            raise StorageError(f"the database cannot be used: {error}") from error
        return self

    async def _open(self) -> None:
        _tame_the_log()
        async with AsyncExitStack() as exits:
            exits.push_async_callback(self._storage.close)
            exits.push_async_callback(self._deliveries.close)
            await self._ledger.open()
            if self._work is not None:
                await self._launch(exits)
            self._exits = exits.pop_all()

    async def __aexit__(self, *_: object) -> None:
        await self._exits.aclose()

    async def put(self, job: Job) -> bool:
        """Store a job. False when its delivery is known, or its push is older than the newest.

        Raises StorageError when it could not be stored.
        """
        stored = await self._ledger.put(job)
        self._came.set()
        return stored

    async def known(self, deliveries: list[str]) -> set[str]:
        """Those of the deliveries that have been stored, of late."""
        return await self._ledger.known(deliveries)

    async def dead(self) -> list[DeadLetter]:
        """Jobs that were given up, the latest first."""
        return await self._ledger.dead()

    async def recent(self) -> list[Done]:
        """Jobs that came to an end, the latest first."""
        return await self._ledger.recent()

    async def retry(self, letter: str) -> bool:
        """Run a dead letter again, by its id; False when there is none."""
        found = await self._ledger.retry(letter)
        self._came.set()
        return found

    async def depth(self) -> Depth:
        """How much waits, runs and is dead. Raises StorageError: also a test of the database."""
        return await self._ledger.depth()

    async def _launch(self, exits: AsyncExitStack) -> None:
        await asyncio.to_thread(DBOS.migrate, self._url)
        serializer = DBOSPortableJSONSerializer()
        self._client = DBOSClient(
            system_database_url=self._url,
            system_database_pool_size=1,
            serializer=serializer,
            application_name=APPLICATION,
        )
        self._upkeep = Upkeep(self._client, self._ledger, NAME)
        exits.callback(self._client.destroy)
        executor = "local"
        if self._lite:
            exits.callback(lock_file(self._url).close)
        else:
            executor = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
            liveness = Liveness(self._url, executor)
            exits.push_async_callback(liveness.end)
            await liveness.begin()
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self._url,
                "application_version": VERSION,
                "executor_id": executor,
                "sys_db_pool_size": 2 if self._lite else 10,
                "max_executor_threads": THREADS,
                "notification_listener_polling_interval_sec": 4 * self._poll,  # ours is none
                "serializer": serializer,
                "log_level": "WARNING",
                "enable_otlp": False,
                "run_migrations": False,
            }
        )
        exits.push_async_callback(self._land)

        # a crash is counted by the ledger: DBOS would forget the job after too many
        @DBOS.workflow(name=NAME, max_recovery_attempts=10**6)
        async def run(row: str) -> None:
            ticket = DBOS.workflow_id or ""
            self._busy.add(ticket)
            try:
                await self._run(row, ticket)
            finally:
                self._busy.discard(ticket)

        await self._client.register_queue_async(
            NAME,
            worker_concurrency=WORKERS,
            partition_concurrency=1,  # with any more DBOS asks for each partition by itself
            polling_interval_sec=self._poll,
            on_conflict="always_update",
        )
        DBOS.launch()  # in the running loop: workflows run in it too
        keep_running(exits, self._upkeep.tend(executor, self._busy))
        keep_running(exits, self._move())
        if not self._lite:
            keep_running(exits, self._watch(liveness, executor))

    async def _move(self) -> None:
        """Give DBOS what is due, as it comes here, and at every poll what came elsewhere."""
        while True:
            self._came.clear()
            try:
                while await self._ledger.move(self._enqueue):
                    pass
            except StorageError as error:
                log.warning("the database is away: %s", error)
                await asyncio.sleep(1)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll):  # wait_for can swallow a cancellation
                    await self._came.wait()

    async def _watch(self, liveness: Liveness, me: str) -> None:
        """Take over from processes that died; stop working when others must think we did."""
        while True:
            await asyncio.sleep(LIVENESS)
            try:
                await liveness.check()
                await self._upkeep.take_over(liveness, me)
            except (StorageError, sa.exc.SQLAlchemyError) as error:
                log.warning("the database is away: %s", error)
                self._cut()
                await self._insist(liveness.begin)

    async def _land(self) -> None:
        """Take no more work; finish what runs, or hand it back."""
        self._stopping = True
        running = set(self._running)
        patience = math.ceil(self._grace) + 5 if running else 0
        stopped = asyncio.to_thread(
            DBOS.destroy, destroy_registry=True, workflow_completion_timeout_sec=patience
        )
        stopping = asyncio.create_task(stopped)
        if running:
            await asyncio.wait(running, timeout=self._grace)
        self._cut()
        await stopping
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())  # DBOS took it

    def _cut(self) -> None:
        for task in set(self._running):
            task.cancel()

    def _enqueue(self, connection: sa.Connection, ticket: str, row: str, job: Job) -> None:
        """Put a workflow into DBOS's queue, in the transaction that notes it."""
        options: dict[str, Any] = {
            "workflow_name": NAME,
            "queue_name": NAME,
            "workflow_id": ticket,
            "app_version": VERSION,
            "queue_partition_key": _lane(job),
        }
        self._client.enqueue_in_transaction(connection, options, row)  # type: ignore[arg-type]

    async def _run(self, row: str, ticket: str) -> None:
        """The workflow: it may be started at any time, and more than once."""
        claim = await self._insist(lambda: self._claim(row, ticket))
        if claim is not None:
            result = await self._attempt(claim)
            await self._insist(lambda: self._ledger.finish(claim, **result))
            self._came.set()

    async def _claim(self, row: str, ticket: str) -> Claim | None:
        claim = await self._ledger.claim(row, ticket)
        if isinstance(claim, Held) and not await self._upkeep.active([claim.ticket]):
            claim = await self._ledger.claim(row, ticket, broken=claim.claim)
        return claim if isinstance(claim, Claim) else None

    async def _attempt(self, claim: Claim) -> dict[str, Any]:
        """Do the work of a claim; what is to become of it, as the ledger's `finish` wants it."""
        handed_back = {"again": 0.0, "counts": False}
        if self._stopping or self._work is None:
            return handed_back
        if claim.starts > CRASHES:
            return {"reason": f"was started {CRASHES} times and never came to an end"}
        task = asyncio.ensure_future(self._work(claim.job))
        self._running.add(task)
        try:
            return {"result": await task}
        except Postpone as error:
            return {"again": error.seconds, "counts": False}
        except TryAgain as error:
            if claim.starts >= TRIES:
                return {"reason": str(error)}
            return {"again": self._pause(claim.starts)}
        except GiveUp as error:
            return {"reason": str(error)}
        except asyncio.CancelledError:
            if not task.cancelled() or _is_cancelled():
                raise
            return handed_back
        finally:
            self._running.discard(task)

    async def _insist(self, change: Callable[[], Awaitable[T]]) -> T:
        """Make a change however long the database is away."""
        pause = 0.5
        while True:
            try:
                return await change()
            except (StorageError, sa.exc.SQLAlchemyError) as error:
                log.warning("the database is away: %s", error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)


def keep_running(exits: AsyncExitStack, keeper: Coroutine[None, None, None]) -> None:
    """Let a task run until the exits are taken."""

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    task = asyncio.create_task(keeper)
    exits.push_async_callback(stop)


def _lane(job: Job) -> str:
    """In which of its installation's lanes a job waits: always the same for one pull request."""
    return f"{job.installation}/{zlib.crc32(job.subject.encode()) % LANES}"


def _tame_the_log() -> None:
    """Have DBOS log what matters, and through the handlers of everyone else."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    if not logger.handlers:  # else it would add one that writes to the console
        logger.addHandler(logging.NullHandler())


def _is_cancelled() -> bool:
    """Whether the running task itself was told to stop, not one that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
