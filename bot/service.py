"""What runs behind the routes: the client of GitHub, the queue, the reconciler."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import Flag, auto

from gidgethub import HTTPException

from bot.github.client import Client, Limited, Unavailable, open_session
from bot.job import Job
from bot.metrics import Metrics
from bot.queue import POLL, Queue, keep_running
from bot.queue.ledger import Depth
from bot.queue.storage import StorageError
from bot.reconcile import Reconciler
from bot.reviewer import Outcome
from bot.settings import APP_VARIABLES, App, Settings
from bot.worker import Worker

READY_TIMEOUT = 5.0
CREDENTIALS_CHECK, CREDENTIALS_RECHECK = 3600.0, 30.0
"""Seconds between two questions to GitHub whether it knows us, when it did and when not."""
ALL_GARBAGE = 60.0
"""Seconds between two looks for garbage among all that is alive."""
NO_APP = (
    "No GitHub App is configured. Open the set-up page by the link that the server printed when "
    f"it started, or set {', '.join(APP_VARIABLES)} (or each with _FILE, the path of a file that "
    "holds it) and start again."
)

log = logging.getLogger(__name__)

MakeWork = Callable[[Client], Callable[[Job], Awaitable[Outcome]]]


class Part(Flag):
    """What a process does: takes deliveries, works on jobs, or both."""

    WEB = auto()
    WORKER = auto()
    BOTH = WEB | WORKER


@dataclass(slots=True)
class Service:
    """What runs; `credentials` is what GitHub said of ours, None so far."""

    app: App
    queue: Queue
    client: Client
    credentials: bool | None = None

    async def depth(self) -> Depth:
        """How much there is to do. Raises StorageError, also when that takes long to tell."""
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                return await self.queue.depth()
        except TimeoutError as error:
            raise StorageError("the database does not answer") from error

    async def faults(self) -> list[str]:
        """What keeps it from its work; nothing secret, it is shown to anyone."""
        faults = []
        try:
            await self.depth()
        except StorageError:
            faults.append("The database cannot be reached.")
        if self.credentials is False:
            faults.append("GitHub does not accept the App's id and private key.")
        return faults


class Runner:
    """Runs the service from when its App is known: at the start, or when it has been set up.

    `work` makes what is done with a job; `poll` and `grace` are the queue's.
    """

    def __init__(
        self,
        settings: Settings,
        part: Part = Part.BOTH,
        work: MakeWork = Worker,
        *,
        poll: float = POLL,
        grace: float = 20.0,
    ) -> None:
        self.part = part
        self.metrics = Metrics()
        self.service: Service | None = None
        self._settings = settings
        self._make_work = work
        self._poll = poll
        self._grace = grace
        self._exits = AsyncExitStack()

    async def start(self, app: App) -> None:
        """Begin to serve as this App. Raises StorageError."""
        async with AsyncExitStack() as exits:
            client = Client(
                await exits.enter_async_context(open_session()),
                app_id=app.id,
                private_key=app.private_key,
                base_url=self._settings.github_api_url,
                observe=self.metrics.observe_request,
            )
            work = self.metrics.measured(self._make_work(client))
            mine = work if Part.WORKER in self.part else None
            queue = Queue(self._settings.database_url, mine, poll=self._poll, grace=self._grace)
            service = Service(app, await exits.enter_async_context(queue), client)
            keep_running(exits, _ask_for_credentials(service))
            keep_running(exits, _look_for_garbage())
            if Part.WEB in self.part:
                keep_running(exits, Reconciler(client, queue.known).run())
            self._exits = exits.pop_all()
        self.service = service

    async def faults(self) -> list[str]:
        """What keeps us from our work; nothing secret, it is shown to anyone."""
        return [NO_APP] if self.service is None else await self.service.faults()

    async def stop(self) -> None:
        """Finish what runs, or hand it back."""
        self.service = None
        await self._exits.aclose()


async def _ask_for_credentials(service: Service) -> None:
    """Find out now and then whether GitHub still accepts the App's id and key."""
    while True:
        try:
            await service.client.getitem("/app")
        except HTTPException as error:
            service.credentials = False
            log.error("GitHub does not accept the App's id and key: %s", error)  # noqa: TRY400
        except (Unavailable, Limited) as error:  # that says nothing of the credentials
            log.warning("GitHub could not be asked for the App: %s", error)
        else:
            service.credentials = True
        await asyncio.sleep(CREDENTIALS_CHECK if service.credentials else CREDENTIALS_RECHECK)


async def _look_for_garbage() -> None:
    """Once a minute among all: what falls between the steps of `bot.garbage` would add up."""
    while True:
        await asyncio.sleep(ALL_GARBAGE)
        gc.collect()
