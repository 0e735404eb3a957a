"""A database and one thread that writes it: changes wanted at the same time share a transaction.

SQLite has one writer whatever one does, and a commit costs a wait for the disk: sharing it makes
many deliveries a second cheap. On PostgreSQL it saves connections and round trips.
"""

import asyncio
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa

S = TypeVar("S")
T = TypeVar("T")

BATCH = 128
"""How many changes at most share a transaction."""
PATIENCE = 5
"""Seconds to wait for a connection, or for SQLite's lock."""
ASK_AGAIN = 0.001
"""Seconds between two questions for SQLite's lock: its own waiting soon sleeps for 25 ms a time,
and DBOS, which writes all the while, holds it for one or two."""


class StorageError(Exception):
    """The database did not take it, and nothing has been stored."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What is wanted, and the one who waits for it. Changes of one kind are made together."""

    make: Callable[[sa.Connection, Sequence[Any]], Sequence[Any]]
    item: Any
    future: asyncio.Future[Any]


class Storage:
    """A SQLite file or a PostgreSQL database, written from a thread of its own."""

    def __init__(self, url: str) -> None:
        lite = url.startswith("sqlite")
        self._engine = sa.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"timeout": PATIENCE} if lite else {"connect_timeout": PATIENCE},
        )
        if lite:
            sa.event.listen(self._engine, "connect", _set_up_sqlite)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storage")
        self._waiting: list[_Change] = []
        self._flushing: asyncio.Task[None] | None = None

    async def do(self, make: Callable[[sa.Connection], T]) -> T:
        """Make a change; when this returns it is on the disk. Raises StorageError.

        `make` may run twice: when another one spoils the transaction, each gets one of its own.
        """
        return await self.do_together(lambda connection, _: [make(connection)], None)

    async def do_together(
        self, make: Callable[[sa.Connection, Sequence[S]], Sequence[T]], item: S
    ) -> T:
        """Make one of many changes of a kind: `make` is given those that share a transaction.

        It returns a result for each. The rest is as with `do`.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Change(make, item, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await future

    async def close(self) -> None:
        """Write what is still to be written, then let go of the database."""
        if self._flushing is not None:
            await self._flushing
        self._thread.shutdown()
        self._engine.dispose()

    async def _flush(self) -> None:
        """Write all that waits; what arrives meanwhile makes up the next transaction.

        What nobody waits for any more is not written: its sender was told so.
        """
        while waiting := [change for change in self._waiting if not change.future.done()]:
            batch, self._waiting = waiting[:BATCH], waiting[BATCH:]
            results = await self._commit(batch)
            if isinstance(results, BaseException) and len(batch) > 1:
                for change in batch:
                    if not change.future.done():
                        _deliver([change], await self._commit([change]))
            else:
                _deliver(batch, results)

    async def _commit(self, batch: Sequence[_Change]) -> list[Any] | BaseException:
        """The results of all, or the error that undid them all."""
        commit = asyncio.get_running_loop().run_in_executor(self._thread, self._transact, batch)
        return (await asyncio.gather(commit, return_exceptions=True))[0]

    def _transact(self, batch: Sequence[_Change]) -> list[Any]:
        kinds: dict[Callable[..., Sequence[Any]], list[int]] = {}
        for index, change in enumerate(batch):
            kinds.setdefault(change.make, []).append(index)
        results: list[Any] = [None] * len(batch)
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "sqlite":
                    _lock(connection)
                for make, indices in kinds.items():
                    made = make(connection, [batch[index].item for index in indices])
                    for index, result in zip(indices, made, strict=True):
                        results[index] = result
        except sa.exc.SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise StorageError(f"{type(error).__name__}: {reason}") from error
        except (sqlite3.Error, psycopg.Error) as error:  # past SQLAlchemy
            raise StorageError(f"{type(error).__name__}: {error}") from error
        return results


def run_each(connection: sa.Connection, sql: str, many: Sequence[dict[str, object]]) -> list[bool]:
    """Execute a statement that returns a row or none for each of many values: which returned one.

    Past SQLAlchemy, which takes longer than the database; on PostgreSQL without waiting for each.
    """
    if not many:
        return []
    cursor: Any = connection.connection.cursor()
    sql = _for_driver(sql, connection.dialect.name)
    try:
        if connection.dialect.name == "sqlite":
            return [cursor.execute(sql, values).fetchone() is not None for values in many]
        cursor.executemany(sql, many, returning=True)
        return [result.fetchone() is not None for result in cursor.results()]
    finally:
        cursor.close()


def run(connection: sa.Connection, sql: str, **values: object) -> sa.CursorResult[Any]:
    """Execute one statement with named parameters (`:name`)."""
    return connection.exec_driver_sql(_for_driver(sql, connection.dialect.name), values)


@lru_cache
def _for_driver(sql: str, dialect: str) -> str:
    """The statement as the driver wants it: SQLAlchemy would take it apart at each call."""
    if dialect == "sqlite":
        return sql
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", sql.replace("%", "%%"))


def _deliver(batch: Sequence[_Change], results: list[Any] | BaseException) -> None:
    for index, change in enumerate(batch):
        if change.future.done():  # who waited has gone
            continue
        if isinstance(results, BaseException):
            change.future.set_exception(results)
        else:
            change.future.set_result(results[index])


def _lock(connection: sa.Connection) -> None:
    """Take SQLite's lock at once: one that is asked for in the middle can only fail."""
    cursor: Any = connection.connection.cursor()
    end = time.monotonic() + PATIENCE
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY  # above: busy with what
            if not busy or time.monotonic() > end:
                raise
            time.sleep(ASK_AGAIN)
        else:
            cursor.close()
            return


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not wait
    connection.execute("PRAGMA synchronous = FULL")  # what was answered with 202 is on the disk
    connection.execute("PRAGMA busy_timeout = 0")  # `_lock` waits
