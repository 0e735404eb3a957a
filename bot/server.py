"""The web application: its routes, and what runs behind them for as long as it does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from gidgethub import HTTPException

from bot import webhook
from bot.client import Client, Limited, Unavailable, open_session
from bot.pages import page
from bot.queue import Queue, StorageError
from bot.reconcile import Reconciler
from bot.settings import APP_VARIABLES, App, Settings
from bot.work import Work
from bot.worker import Worker

READY_TIMEOUT = 5.0
CREDENTIALS_CHECK, CREDENTIALS_RECHECK = 3600.0, 30.0
"""Seconds between two questions to GitHub whether it knows us, when it did and when not."""
HOW_TO_GO_ON = (
    "No GitHub App is configured. Set "
    + ", ".join(APP_VARIABLES)
    + " (or each with _FILE, the path of a file that holds it) and start again."
)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Service:
    """What runs behind the routes; `credentials` is what GitHub said of ours, None so far."""

    app: App
    queue: Queue
    client: Client
    credentials: bool | None = field(default=None)


SETTINGS = web.AppKey("SETTINGS", Settings)
SERVICE = web.AppKey("SERVICE", Service)

MakeWork = Callable[[Client], Work]


def make_app(
    settings: Settings, *, work: MakeWork = Worker, poll: float = 0.25, grace: float = 20.0
) -> web.Application:
    """The application for aiohttp to run.

    `work` makes what is done with a job; `poll` and `grace` are the queue's.
    """
    app = web.Application(client_max_size=webhook.MAX_BODY + 2**20)  # the default is 1 MiB
    app[SETTINGS] = settings
    app.router.add_post("/webhook", take_delivery)
    app.router.add_get("/", show_state)
    app.router.add_get("/healthz", tell_health)
    app.router.add_get("/readyz", tell_readiness)
    if settings.app is not None:
        configured = settings.app

        async def run_service(app: web.Application) -> AsyncIterator[None]:
            async with _service(settings, configured, work, poll, grace) as service:
                app[SERVICE] = service
                yield

        app.cleanup_ctx.append(run_service)
    return app


@asynccontextmanager
async def _service(
    settings: Settings, app: App, work: MakeWork, poll: float, grace: float
) -> AsyncIterator[Service]:
    async with AsyncExitStack() as exits:
        session = await exits.enter_async_context(open_session())
        client = Client(
            session,
            app_id=app.id,
            private_key=app.private_key,
            base_url=settings.github_api_url,
        )
        queue = Queue(settings.database_url, work(client), poll=poll, grace=grace)
        service = Service(app, await exits.enter_async_context(queue), client)
        reconciler = Reconciler(client, queue.known)
        for keeper in (_ask_for_credentials(service), reconciler.run()):
            exits.push_async_callback(_stop, asyncio.create_task(keeper))
        yield service


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


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


async def take_delivery(request: web.Request) -> web.Response:
    """POST /webhook: a delivery from GitHub."""
    service = request.app.get(SERVICE)
    if service is None:
        return web.Response(status=503, text=f"{HOW_TO_GO_ON}\n", headers={"Retry-After": "300"})
    return await webhook.answer(request, service.app.webhook_secret, service.queue.put)


async def tell_health(_request: web.Request) -> web.Response:
    """GET /healthz: the process answers."""
    return web.Response(text="ok\n")


async def tell_readiness(request: web.Request) -> web.Response:
    """GET /readyz: deliveries can be stored, and GitHub knows the App."""
    faults = await _faults(request.app)
    text = "".join(f"{fault}\n" for fault in faults) or "ready\n"
    return web.Response(status=503 if faults else 200, text=text)


async def show_state(request: web.Request) -> web.Response:
    """GET /: what this is, and how it does."""
    return page("state.html", faults=await _faults(request.app))


async def _faults(app: web.Application) -> list[str]:
    """What keeps the service from doing its work; nothing secret, it is shown to anyone."""
    service = app.get(SERVICE)
    if service is None:
        return [HOW_TO_GO_ON]
    faults = []
    try:
        async with asyncio.timeout(READY_TIMEOUT):
            await service.queue.depth()
    except (StorageError, TimeoutError):
        faults.append("The database cannot be reached.")
    if service.credentials is False:
        faults.append("GitHub does not accept the App's id and private key.")
    return faults
