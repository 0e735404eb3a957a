"""Deliveries that did not reach us: GitHub never sends one again by itself, but does when asked.

https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-a-github-app-webhook
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from gidgethub import HTTPException

from bot.github.client import Astray, Client, Limited, TooLarge, Unavailable
from bot.queue.storage import StorageError
from bot.webhook import asks_for_work

WINDOW = timedelta(days=3)
"""How long GitHub keeps a delivery that it can send again."""
ROUND = 900.0
"""Seconds between two looks."""
MAX_ASKED = 3
"""How often a delivery is asked for: one that we refuse each time is not worth more."""
REFUSED = frozenset({400, 413, 415})
"""What we answered to a delivery that cannot become better by being sent again."""

log = logging.getLogger(__name__)

Known = Callable[[list[str]], Awaitable[set[str]]]


class Reconciler:
    """Asks for the deliveries that failed. `known` tells which of some GUIDs have been stored."""

    def __init__(
        self, client: Client, known: Known, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = client
        self._known = known
        self._now = now
        self._asked: Counter[str] = Counter()

    async def run(self) -> None:
        """Look now, and then every quarter of an hour, until cancelled."""
        while True:
            try:
                count = await self.look()
            except (HTTPException, Unavailable, Limited, TooLarge, Astray, StorageError) as error:
                log.warning("missed deliveries could not be looked for: %s", error)
            else:
                if count:
                    log.warning("%d deliveries had failed: asked for them again", count)
            await asyncio.sleep(ROUND)

    async def look(self) -> int:
        """Ask once for each delivery that failed and is not known; the oldest first."""
        failed: dict[str, Mapping[str, Any]] = {}
        async for item in self._failures():
            failed.setdefault(item["guid"], item)  # its latest attempt
        self._asked = Counter({guid: n for guid, n in self._asked.items() if guid in failed})
        known = await self._known(list(failed))
        missed = [
            item
            for guid, item in reversed(failed.items())
            if guid not in known
            and self._asked[guid] < MAX_ASKED
            and item["status_code"] not in REFUSED
            and asks_for_work(item["event"], item["action"])
        ]
        for item in missed:
            self._asked[item["guid"]] += 1
            path = "/app/hook/deliveries/{id}/attempts"
            await self._client.post(path, {"id": str(item["id"])}, data=b"")
        return len(missed)

    async def _failures(self) -> AsyncIterator[Mapping[str, Any]]:
        """Attempts that failed, the newest first, as far back as they can be repeated."""
        oldest = self._now() - WINDOW
        # servers that do not know `status` yet list the others too
        path = "/app/hook/deliveries?per_page=100&status=failure"
        async for item in self._client.getiter(path):
            if datetime.fromisoformat(item["delivered_at"]) < oldest:
                return
            if not 200 <= item["status_code"] < 300:
                yield item
