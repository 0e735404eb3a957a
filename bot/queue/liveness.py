"""Which worker processes live: each holds a lock in the database for as long as it does.

DBOS starts again what its own process left behind, but not what another's did. A lock that a
session of PostgreSQL holds is let go when the process dies, and soon after its machine does.
It needs a direct connection: a pooler in transaction mode keeps no session.
"""

import fcntl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import psycopg
import sqlalchemy as sa

from bot.queue.storage import StorageError

FAMILY = 4242
"""The first half of all our locks' numbers."""
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
_SERVER_KEEPALIVE = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"
)


class Liveness:
    """The lock that shows that the process called `name` lives, and a look at those of others.

    Every method raises StorageError when the connection is lost: then others may take this
    process for dead.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def begin(self) -> None:
        """Connect and take the lock, anew where it was lost."""
        await self.end()
        try:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, connect_timeout=5, **_KEEPALIVE
            )
            await self._connection.execute(_SERVER_KEEPALIVE)
        except psycopg.Error as error:
            raise StorageError(str(error)) from error
        await self._ask("SELECT pg_advisory_lock(%s, %s)", self._name)

    async def check(self) -> None:
        """See whether the lock is still held."""
        await self._ask("SELECT %s, %s", self._name)

    @asynccontextmanager
    async def gone(self, name: str) -> AsyncIterator[bool]:
        """Whether the process called `name` is dead; while inside, no other is told so."""
        taken = await self._ask("SELECT pg_try_advisory_lock(%s, %s)", name)
        try:
            yield taken
        finally:
            if taken:
                await self._ask("SELECT pg_advisory_unlock(%s, %s)", name)

    async def end(self) -> None:
        """Let go of the lock."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _ask(self, sql: str, name: str) -> bool:
        if self._connection is None:
            raise StorageError("not connected")
        number = zlib.crc32(name.encode()) - 2**31
        try:
            answer = await self._connection.execute(sql.encode(), (FAMILY, number))
            row = await answer.fetchone()
        except psycopg.Error as error:
            raise StorageError(str(error)) from error
        return bool(row and row[0])


def lock_file(url: str) -> IO[str]:
    """Keep other processes from running the jobs of a SQLite file, until this is closed."""
    path = Path(f"{sa.make_url(url).database}.lock")
    file = path.open("w", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StorageError(f"{path}: another process runs on this database") from error
    return file
