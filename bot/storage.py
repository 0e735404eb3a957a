"""One database, one writer: changes that are wanted at the same time share a transaction.

SQLite has one writer whatever one does, and a commit costs a wait for the disk: sharing it makes
many deliveries a second cheap. On PostgreSQL it saves connections and round trips.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa

T = TypeVar("T")

BATCH = 128
"""How many changes at most share a transaction."""
PATIENCE = 5
"""Seconds to wait for a connection, or for SQLite's lock."""


class StorageError(Exception):
    """The database did not take it, and nothing has been stored."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What is wanted, and the one who waits for it."""

    make: Callable[[sa.Connection], Any]
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
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Change(make, future))
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
        """Write all that waits; what arrives meanwhile makes up the next transaction."""
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            results = await self._commit(batch)
            if isinstance(results, BaseException) and len(batch) > 1:
                for change in batch:
                    _deliver([change], await self._commit([change]))
            else:
                _deliver(batch, results)

    async def _commit(self, batch: Sequence[_Change]) -> list[Any] | BaseException:
        """The results of all, or the error that undid them all."""
        makes = [change.make for change in batch]
        commit = asyncio.get_running_loop().run_in_executor(self._thread, self._transact, makes)
        return (await asyncio.gather(commit, return_exceptions=True))[0]

    def _transact(self, makes: Sequence[Callable[[sa.Connection], Any]]) -> list[Any]:
        try:
            with self._engine.begin() as connection:
                return [make(connection) for make in makes]
        except sa.exc.SQLAlchemyError as error:
            reason = getattr(error, "orig", None) or error
            raise StorageError(f"{type(error).__name__}: {reason}") from error


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


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = "IMMEDIATE"  # a lock that is asked for later can only fail
    connection.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not wait
    connection.execute("PRAGMA synchronous = FULL")  # what was answered with 202 is on the disk
