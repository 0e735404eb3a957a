"""The upkeep of a queue: forget what is over, find what was lost, take over from the dead."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from bot.queue.ledger import Held, Ledger
from bot.queue.liveness import Liveness
from bot.queue.storage import StorageError

LOOK = 15.0
"""Seconds between two looks for what is stuck."""
LOOKS = 20
"""So many of them to a round of pruning and of looking for what was lost."""
FINISHED, LOST = 3600, 120
"""Seconds after which an ended workflow is deleted, and a waiting one is looked for."""
AT_ONCE = 500
ENDED = ["SUCCESS", "ERROR", "CANCELLED"]
ACTIVE = frozenset({"ENQUEUED", "DELAYED", "PENDING"})

log = logging.getLogger(__name__)


class Workflows(Protocol):
    """What is wanted of a DBOSClient: each may block for as long as the database does."""

    @property
    def list_workflows(self) -> Callable[..., Sequence[Any]]:
        """Workflows by their status, queue, executor."""

    @property
    def delete_workflows(self) -> Callable[..., None]:
        """Forget workflows, by their ids."""

    @property
    def resume_workflows(self) -> Callable[..., object]:
        """Put workflows back into a queue."""


class Upkeep:
    """Looks after the workflows in the queue `name` and the ledger's rows that wait for them."""

    def __init__(self, workflows: Workflows, ledger: Ledger, name: str) -> None:
        self._workflows = workflows
        self._ledger = ledger
        self._name = name
        self._idle: set[str] = set()

    async def tend(self, me: str, busy: Collection[str]) -> None:
        """Round after round, until cancelled; `busy` is what this process runs, as it changes."""
        for look in itertools.count():
            try:
                await self.start_stuck(me, busy)
                if look % LOOKS == 0:
                    await self._ledger.prune()
                    await self.delete_ended()
                    await self.find_lost()
            except (StorageError, sa.exc.SQLAlchemyError) as error:
                log.warning("the queue was not tended: %s", error)
            await asyncio.sleep(LOOK)

    async def start_stuck(self, me: str, busy: Collection[str]) -> None:
        """Put back what is ours to run, and was not run at this look nor at the one before.

        That is what a connection leaves behind that breaks while DBOS takes a workflow.
        """
        ours = await self._list(status="PENDING", executor_id=me)
        idle = {workflow.workflow_id for workflow in ours} - set(busy)
        stuck = sorted(idle & self._idle)
        self._idle = idle
        if stuck:
            log.warning("%d jobs were taken and not run: they are put back", len(stuck))
            await self._resume(stuck)

    async def delete_ended(self, seconds: float = FINISHED) -> None:
        """Delete the workflows that ended so long ago: the ledger knows what was done."""
        before = (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()
        while ended := await self._list(status=ENDED, completed_before=before, limit=AT_ONCE):
            ids = [workflow.workflow_id for workflow in ended]
            await asyncio.to_thread(self._workflows.delete_workflows, ids)

    async def find_lost(self, seconds: float = LOST) -> None:
        """Run again what waits for a workflow that is no more."""
        overdue = await self._ledger.overdue(seconds)
        active = await self.active([ticket for _, ticket, _ in overdue])
        active |= await self.active([Held(claim).ticket for _, _, claim in overdue if claim])
        for row, ticket, claim in overdue:
            if ticket not in active and (claim is None or Held(claim).ticket not in active):
                log.warning("the workflow of %s was lost: it is run again", row)
                await self._ledger.revive(row, ticket, claim)

    async def active(self, tickets: list[str]) -> set[str]:
        """Those whose workflow waits or runs."""
        found = await self._list(workflow_ids=tickets) if tickets else []
        return {w.workflow_id for w in found if w.status in ACTIVE}

    async def take_over(self, liveness: Liveness, me: str) -> None:
        """Put back into the queue what processes were running that have died."""
        running = await self._list(status="PENDING")
        for other in sorted({w.executor_id or "" for w in running} - {me}):
            async with liveness.gone(other) as gone:
                if not gone:
                    continue
                left = [
                    w.workflow_id for w in await self._list(status="PENDING", executor_id=other)
                ]
                log.warning("%s has died: taking over %d jobs", other, len(left))
                if left:
                    await self._resume(left)

    async def _resume(self, ids: list[str]) -> None:
        await asyncio.to_thread(self._workflows.resume_workflows, ids, queue_name=self._name)

    async def _list(self, **which: Any) -> Sequence[Any]:
        return await asyncio.to_thread(
            self._workflows.list_workflows,
            queue_name=self._name,
            load_input=False,
            load_output=False,
            **which,
        )
