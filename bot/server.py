"""The web application: its routes, and what runs behind them for as long as it does."""

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot import webhook
from bot.pages import page
from bot.pages.operator_page import OperatorPage
from bot.pages.setup import Setup
from bot.pages.try_page import TryPage
from bot.queue.storage import StorageError
from bot.service import NO_APP, Part, Runner
from bot.settings import Settings

RUNNER = web.AppKey("RUNNER", Runner)


def make_app(settings: Settings, runner: Runner, setup: Setup | None = None) -> web.Application:
    """The application for aiohttp to run, with the set-up page where one is given.

    A runner of the part WORKER takes no deliveries: it serves its health and its metrics.
    """
    app = web.Application(client_max_size=webhook.MAX_BODY + 2**20)  # the default is 1 MiB
    app[RUNNER] = runner
    app.router.add_get("/", show_state)
    app.router.add_get("/healthz", tell_health)
    app.router.add_get("/readyz", tell_readiness)
    app.router.add_get("/metrics", show_metrics)
    if Part.WEB in runner.part:
        app.router.add_post("/webhook", take_delivery)
        OperatorPage(settings, runner).add_routes(app.router)
        if settings.try_page:
            TryPage().add_routes(app.router)
    if setup is not None:
        setup.add_routes(app.router)

    async def run(_app: web.Application) -> AsyncIterator[None]:
        if settings.app is not None:
            await runner.start(settings.app)
        yield
        await runner.stop()

    app.cleanup_ctx.append(run)
    return app


async def take_delivery(request: web.Request) -> web.Response:
    """POST /webhook: a delivery from GitHub."""
    runner = request.app[RUNNER]
    service = runner.service
    if service is None:
        return web.Response(status=503, text=f"{NO_APP}\n", headers={"Retry-After": "300"})
    answer = await webhook.answer(request, service.app.webhook_secret, service.queue.put)
    signed = answer.status in {202, 204, 503}  # else the name of the event could be anything
    event = request.headers.get("X-GitHub-Event", "") if signed else "refused"
    runner.metrics.observe_delivery(event, answer.status)
    return answer


async def tell_health(_request: web.Request) -> web.Response:
    """GET /healthz: the process answers."""
    return web.Response(text="ok\n")


async def tell_readiness(request: web.Request) -> web.Response:
    """GET /readyz: deliveries can be stored, and GitHub knows the App."""
    faults = await request.app[RUNNER].faults()
    text = "".join(f"{fault}\n" for fault in faults) or "ready\n"
    return web.Response(status=503 if faults else 200, text=text)


async def show_metrics(request: web.Request) -> web.Response:
    """GET /metrics: for Prometheus."""
    runner = request.app[RUNNER]
    depth, left = None, {}
    if runner.service is not None:
        left = runner.service.client.limits.left()
        with contextlib.suppress(StorageError):
            depth = await runner.service.depth()
    text = runner.metrics.show(depth, left)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def show_state(request: web.Request) -> web.Response:
    """GET /: what this is, and how it does."""
    return page("state.html", faults=await request.app[RUNNER].faults())
