"""`layerwise serve`: read the settings, then serve until told to stop."""

import gc
import logging
import os
import sys

import sentry_sdk
from aiohttp import web

from bot import garbage, log
from bot.pages.setup import Setup
from bot.queue.storage import StorageError
from bot.redact import Redactor
from bot.server import make_app
from bot.service import NO_APP, Part, Runner
from bot.settings import DEFAULT_DATABASE, App, Settings, SettingsError, read
from bot.terminal.ending import fail

DRAIN = 5.0
"""Seconds that open requests get at the end, before the queue gets its own."""
SWITCH = 0.0001
"""Seconds that a thread may think before another gets its turn. Taking a delivery needs some ten
turns, and beside an analysis each would be waited for as long as Python says: 5 ms."""
YIELDING = 5
"""How far a process that only works stands back for one beside it that answers GitHub."""
FORGETFUL_HOSTS = ("DYNO", "K_SERVICE", "RENDER")
"""Variables of hosts whose disk is new at every start: Heroku, Cloud Run, Render."""

logger = logging.getLogger("bot")


def serve(part: Part = Part.BOTH) -> None:
    """Serve until SIGTERM or SIGINT; exit with 2 and one message when that cannot be done."""
    try:
        settings = read()
    except SettingsError as error:
        fail(str(error))
    if part is Part.WORKER and settings.app is None:
        fail(f"there is nothing to do for a worker. {NO_APP}")
    redactor = Redactor(known_secrets(settings))
    log.set_up(redactor)
    start_sentry(settings.sentry_dsn, redactor)
    sys.setswitchinterval(SWITCH)
    if part is Part.WORKER:
        os.nice(YIELDING)
    gc.collect()
    garbage.look_seldom()
    if settings.database_url.startswith("sqlite") and any(h in os.environ for h in FORGETFUL_HOSTS):
        logger.warning("this host forgets its disk: set DATABASE_URL, or jobs are lost")
    runner = Runner(settings, part)
    setup = None
    if settings.app is None:

        async def use(app: App) -> None:
            redactor.learn(secrets_of(app))
            await runner.start(app)

        setup = Setup(settings, use)

    def announce(*_said: object) -> None:  # aiohttp calls it when the port is ours
        if setup is not None:
            print(f"Set up the GitHub App at {setup.link}", flush=True)  # noqa: T201  no log has it
            logger.warning("no GitHub App is configured: /webhook answers 503")
        logger.info("listening on port %d", settings.port)

    try:
        web.run_app(
            make_app(settings, runner, setup),
            port=settings.port,
            access_log=None,
            print=announce,
            shutdown_timeout=DRAIN,
        )
    except (StorageError, OSError) as error:
        fail(redactor.text(f"cannot start: {error}"))


def known_secrets(settings: Settings) -> list[str]:
    """Values that must not be written down wherever they turn up."""
    secrets = [settings.database_url] if settings.database_url != DEFAULT_DATABASE else []
    if settings.operator_token is not None:
        secrets.append(settings.operator_token)
    return secrets + (secrets_of(settings.app) if settings.app is not None else [])


def secrets_of(app: App) -> list[str]:
    """What only GitHub and we may know."""
    return [app.webhook_secret, app.private_key]


def start_sentry(dsn: str | None, redactor: Redactor) -> None:
    """Report errors to Sentry where there is a DSN, and nothing secret with them.

    Local variables would hold tokens and the private key: gidgethub's and PyJWT's frames do.
    Breadcrumbs would hold the names of private repositories.
    """
    if dsn is None:
        return
    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        max_breadcrumbs=0,
        send_default_pii=False,
        max_request_body_size="never",
        before_send=lambda event, _hint: redactor.value(event),
    )
