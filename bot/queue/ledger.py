"""What is to be done for which pull request: two tables.

A row of `layerwise_pull` is a pull request. Its `ticket` is the id of the only workflow that may
run it, None when nothing is to be done; its `claim` is the run that is going on. A new push gives
the row a new job: a ticket that waits already does for it, otherwise a new one is made. So the
newest job wins, and no pull request runs twice at once.

A ticket is only a word until `queued`: a worker makes its workflow when it is due. So to store a
delivery takes two short statements, and whoever only takes deliveries needs no workflows.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa

from bot.job import Job
from bot.queue.storage import Storage, run, run_each

KEPT_DELIVERIES = 8 * 86400
"""Seconds for which a delivery is known again: GitHub redelivers for 3 days, GHES for 7."""
KEPT_PULLS, KEPT_DEAD = 8 * 86400, 90 * 86400

_TABLES = """
CREATE TABLE IF NOT EXISTS layerwise_delivery (id TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL);
CREATE INDEX IF NOT EXISTS layerwise_delivery_at ON layerwise_delivery (at);
CREATE TABLE IF NOT EXISTS layerwise_pull (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    ticket TEXT,
    claim TEXT,
    starts INTEGER NOT NULL,
    due DOUBLE PRECISION NOT NULL,
    reason TEXT,
    changed DOUBLE PRECISION NOT NULL,
    result TEXT,
    queued INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS layerwise_pull_open ON layerwise_pull (due) WHERE ticket IS NOT NULL;
CREATE INDEX IF NOT EXISTS layerwise_pull_new ON layerwise_pull (due)
    WHERE queued = 0 AND ticket IS NOT NULL;
CREATE INDEX IF NOT EXISTS layerwise_pull_dead ON layerwise_pull (changed) WHERE reason IS NOT NULL;
CREATE INDEX IF NOT EXISTS layerwise_pull_changed ON layerwise_pull (changed)
"""

_ADDED = {"result": "TEXT", "queued": "INTEGER NOT NULL DEFAULT 1"}
"""Columns that the first tables lacked, in order; a ticket came with its workflow then."""

_DELIVERED = """
INSERT INTO layerwise_delivery VALUES (:id, :now) ON CONFLICT DO NOTHING RETURNING id
"""
_PUT = """
INSERT INTO layerwise_pull AS p VALUES (:row, :job, :at, :new, NULL, 0, :now, NULL, :now, NULL, 0)
ON CONFLICT (id) DO UPDATE SET
    job = excluded.job, starts = 0, reason = NULL, changed = :now,
    updated_at = CASE WHEN :at = '' THEN p.updated_at ELSE :at END,
    ticket = CASE WHEN p.claim IS NULL AND p.due <= :now AND p.ticket IS NOT NULL
        THEN p.ticket ELSE :new END,
    due = CASE WHEN p.claim IS NULL AND p.due <= :now AND p.ticket IS NOT NULL
        THEN p.due ELSE :now END,
    queued = CASE WHEN p.claim IS NULL AND p.due <= :now AND p.ticket IS NOT NULL
        THEN p.queued ELSE 0 END
WHERE :at = '' OR :at >= p.updated_at
RETURNING id
"""  # times are of one second: of two in the same one, the later to arrive wins
_CLAIM = """
UPDATE layerwise_pull SET claim = :claim, starts = starts + 1, changed = :now
WHERE id = :row AND ticket = :ticket
    AND (claim IS NULL OR claim = :broken OR claim LIKE :ticket || '/%')
RETURNING job, starts
"""
_LET_GO = """
UPDATE layerwise_pull
SET claim = NULL, ticket = :new, starts = 0, due = :now, changed = :now, queued = 0
WHERE id = :row AND ticket IS NOT NULL AND ticket <> :ticket AND claim LIKE :ticket || '/%'
"""
_FINISH = """
UPDATE layerwise_pull SET claim = NULL, changed = :now,
    due = CASE WHEN ticket = :ticket THEN :due ELSE :now END,
    reason = CASE WHEN ticket = :ticket THEN :reason ELSE NULL END,
    result = coalesce(:result, result),
    starts = CASE WHEN ticket = :ticket THEN starts - :free ELSE 0 END,
    ticket = CASE WHEN ticket = :ticket THEN :then ELSE :new END,
    queued = 0
WHERE id = :row AND claim = :claim
"""
_RETRY = """
UPDATE layerwise_pull
SET ticket = :new, reason = NULL, starts = 0, due = :now, changed = :now, queued = 0
WHERE id = :row AND reason IS NOT NULL
"""
_REVIVE = """
UPDATE layerwise_pull SET ticket = :new, claim = NULL, due = :now, changed = :now, queued = 0
WHERE id = :row AND ticket = :lost AND coalesce(claim, '') = :claim
"""
_DUE = """
SELECT id, ticket, job FROM layerwise_pull
WHERE queued = 0 AND ticket IS NOT NULL AND due <= :now ORDER BY due LIMIT :most
"""
_QUEUED = "UPDATE layerwise_pull SET queued = 1 WHERE id = :row"
AT_ONCE = 4
"""So many workflows are made in one transaction: deliveries wait for as long as it takes."""

Enqueue = Callable[[sa.Connection, str, str, Job], None]
"""Puts a workflow into the queue within a transaction: ticket, id of the row, job."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that may now be run, and how often it has been started, this time included.

    `id` is the ticket and a number of this very run: a workflow that was taken for dead and
    given to another process cannot take that one's claim away.
    """

    row: str
    ticket: str
    id: str
    job: Job
    starts: int


@dataclass(frozen=True, slots=True)
class Held:
    """The pull request is being run under another claim, which will see to the newest job."""

    claim: str

    @property
    def ticket(self) -> str:
        """The workflow that holds it."""
        return self.claim.partition("/")[0]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that was given up: why, when (Unix time), and the id by which to retry it."""

    id: str
    job: Job
    reason: str
    failed_at: float


@dataclass(frozen=True, slots=True)
class Done:
    """A job that came to an end: how, in a word, and when (Unix time)."""

    job: Job
    result: str
    ended_at: float


@dataclass(frozen=True, slots=True)
class Depth:
    """How many jobs wait, run and are dead; `oldest` is the longest wait in seconds."""

    waiting: int
    running: int
    dead: int
    oldest: float


class Ledger:
    """The tables. A method returns when its change is on the disk; all raise StorageError.

    Deliveries are written through a storage of their own: GitHub waits for those.
    """

    def __init__(self, storage: Storage, deliveries: Storage) -> None:
        self._do = storage.do
        self._do_together = deliveries.do_together

    async def open(self) -> None:
        """Make the tables where they are missing, and the columns that old ones lack."""
        await self._do(_make_tables)

    async def put(self, job: Job) -> bool:
        """Store a job; False when the delivery is known or the push is an older one."""
        return await self._do_together(_put, job)

    async def move(self, enqueue: Enqueue) -> bool:
        """Make the workflows of tickets that are due, some of them; whether there may be more."""
        return await self._do(lambda connection: _move(connection, enqueue))

    async def known(self, deliveries: list[str]) -> set[str]:
        """Those of the deliveries that have been stored, of late."""
        table = sa.table("layerwise_delivery", sa.column("id"))
        found: set[str] = set()
        for at in range(0, len(deliveries), 500):
            query = sa.select(table.c.id).where(table.c.id.in_(deliveries[at : at + 500]))
            found.update(await self._do(partial(_scalars, query)))
        return found

    async def claim(self, row: str, ticket: str, *, broken: str = "") -> Claim | Held | None:
        """Take the job for the workflow `ticket`, None when another has taken its place.

        A workflow that was cut short while a new push came gives its claim up to that one.
        `broken` is a claim whose workflow is known to have ended.
        """
        return await self._do(lambda connection: _claim(connection, row, ticket, broken))

    async def finish(
        self,
        claim: Claim,
        *,
        again: float | None = None,
        reason: str | None = None,
        result: str | None = None,
        counts: bool = True,
    ) -> None:
        """Give the claim back: done with a result, to be run again after `again` seconds, or dead.

        Whatever it was, a job that came meanwhile is run at once. A start that does not count
        came to nothing through no fault of the job.
        """
        now, new = time.time(), uuid.uuid4().hex
        values = {
            "row": claim.row,
            "ticket": claim.ticket,
            "claim": claim.id,
            "new": new,
            "then": None if again is None else new,
            "reason": reason,
            "result": result,
            "free": 0 if counts else 1,
            "now": now,
            "due": now + (again or 0.0),
        }
        await self._do(lambda connection: run(connection, _FINISH, **values))

    async def dead(self) -> list[DeadLetter]:
        """Jobs that were given up, the latest first."""
        sql = """SELECT id, job, reason, changed FROM layerwise_pull
            WHERE reason IS NOT NULL ORDER BY changed DESC LIMIT 1000"""
        rows = await self._do(lambda c: run(c, sql).all())
        return [DeadLetter(r.id, Job.from_json(r.job), r.reason, r.changed) for r in rows]

    async def recent(self) -> list[Done]:
        """Jobs that came to an end, the latest first."""
        sql = """SELECT job, result, changed FROM layerwise_pull
            WHERE result IS NOT NULL AND ticket IS NULL AND reason IS NULL
            ORDER BY changed DESC LIMIT 100"""
        rows = await self._do(lambda c: run(c, sql).all())
        return [Done(Job.from_json(r.job), r.result, r.changed) for r in rows]

    async def retry(self, row: str) -> bool:
        """Run a dead letter again; False when there is none of that id."""
        return await self._do(lambda c: _renew(c, _RETRY, row, {}))

    async def revive(self, row: str, ticket: str, claim: str | None) -> bool:
        """Run a job whose workflow was lost, unless its row has changed since."""
        lost = {"lost": ticket, "claim": claim or ""}
        return await self._do(lambda c: _renew(c, _REVIVE, row, lost))

    async def overdue(self, seconds: float) -> list[tuple[str, str, str | None]]:
        """Row, ticket and claim of what was queued and should have been done `seconds` ago."""
        sql = """SELECT id, ticket, claim FROM layerwise_pull
            WHERE ticket IS NOT NULL AND queued = 1 AND due < :before ORDER BY due LIMIT 1000"""
        rows = await self._do(lambda c: run(c, sql, before=time.time() - seconds).all())
        return [(r.id, r.ticket, r.claim) for r in rows]

    async def depth(self) -> Depth:
        """How much there is to do."""
        sql = """SELECT
            (SELECT count(*) FROM layerwise_pull WHERE ticket IS NOT NULL AND claim IS NULL) AS w,
            (SELECT count(*) FROM layerwise_pull WHERE ticket IS NOT NULL AND claim IS NOT NULL)
                AS r,
            (SELECT count(*) FROM layerwise_pull WHERE reason IS NOT NULL) AS d,
            (SELECT min(due) FROM layerwise_pull WHERE ticket IS NOT NULL) AS oldest"""
        row = (await self._do(lambda c: run(c, sql).all()))[0]
        now = time.time()
        return Depth(row.w, row.r, row.d, max(0.0, now - (row.oldest or now)))

    async def prune(self) -> None:
        """Forget deliveries and pull requests that nobody will ask for again."""
        now = time.time()
        old = """DELETE FROM layerwise_pull WHERE ticket IS NULL AND
            (changed < :dead OR (reason IS NULL AND changed < :done))"""
        await self._do(
            lambda c: run(
                c, "DELETE FROM layerwise_delivery WHERE at < :t", t=now - KEPT_DELIVERIES
            )
        )
        await self._do(lambda c: run(c, old, dead=now - KEPT_DEAD, done=now - KEPT_PULLS))


def _put(connection: sa.Connection, jobs: Sequence[Job]) -> list[bool]:
    now = time.time()
    delivered = [{"id": job.delivery, "now": now} for job in jobs]
    fresh = run_each(connection, _DELIVERED, delivered)
    values = [
        {
            "row": job.subject,
            "job": job.to_json(),
            "at": job.updated_at,
            "new": uuid.uuid4().hex,
            "now": now,
        }
        for job, is_fresh in zip(jobs, fresh, strict=True)
        if is_fresh
    ]
    stored = iter(run_each(connection, _PUT, values))
    return [is_fresh and next(stored) for is_fresh in fresh]


def _move(connection: sa.Connection, enqueue: Enqueue) -> bool:
    skip = " FOR UPDATE SKIP LOCKED" if connection.dialect.name == "postgresql" else ""
    due = run(connection, _DUE + skip, now=time.time(), most=AT_ONCE).all()
    for row in due:
        enqueue(connection, row.ticket, row.id, Job.from_json(row.job))
        run(connection, _QUEUED, row=row.id)
    return len(due) == AT_ONCE


def _renew(connection: sa.Connection, sql: str, row: str, values: dict[str, str]) -> bool:
    new, now = uuid.uuid4().hex, time.time()
    return run(connection, sql, row=row, new=new, now=now, **values).rowcount > 0


def _scalars(query: sa.Select[Any], connection: sa.Connection) -> list[Any]:
    return list(connection.execute(query).scalars())


def _make_tables(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":  # two that start at once would collide
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4242, 0)")
    there = sa.inspect(connection)
    if there.has_table("layerwise_pull"):
        known = {column["name"] for column in there.get_columns("layerwise_pull")}
        for name, kind in _ADDED.items():
            if name not in known:
                run(connection, f"ALTER TABLE layerwise_pull ADD COLUMN {name} {kind}")
    for statement in _TABLES.split(";"):
        connection.exec_driver_sql(statement)


def _claim(connection: sa.Connection, row: str, ticket: str, broken: str) -> Claim | Held | None:
    claim = f"{ticket}/{uuid.uuid4().hex}"
    values = {"row": row, "ticket": ticket, "claim": claim, "broken": broken, "now": time.time()}
    taken = run(connection, _CLAIM, **values).first()
    if taken is not None:
        return Claim(row, ticket, claim, Job.from_json(taken.job), taken.starts)
    run(connection, _LET_GO, row=row, ticket=ticket, new=uuid.uuid4().hex, now=time.time())
    sql = "SELECT ticket, claim FROM layerwise_pull WHERE id = :row"
    found = run(connection, sql, row=row).first()
    if found is None or found.ticket != ticket or found.claim is None:
        return None
    return Held(found.claim)
