"""`layerwise serve`: read the settings, then serve until told to stop."""

import logging
import os

import sentry_sdk
from aiohttp import web

from bot import log
from bot.cli import fail
from bot.redact import Redactor
from bot.server import HOW_TO_GO_ON, make_app
from bot.settings import DEFAULT_DATABASE, Settings, SettingsError, read
from bot.storage import StorageError

DRAIN = 5.0
"""Seconds that open requests get at the end, before the queue gets its own."""
FORGETFUL_HOSTS = ("DYNO", "K_SERVICE", "RENDER")
"""Variables of hosts whose disk is new at every start: Heroku, Cloud Run, Render."""

logger = logging.getLogger("bot")


def serve() -> None:
    """Serve until SIGTERM or SIGINT; exit with 2 and one message when that cannot be done."""
    try:
        settings = read()
    except SettingsError as error:
        fail(str(error))
    redactor = Redactor(known_secrets(settings))
    log.set_up(redactor)
    start_sentry(settings.sentry_dsn, redactor)
    if settings.database_url.startswith("sqlite") and any(h in os.environ for h in FORGETFUL_HOSTS):
        logger.warning("this host forgets its disk: set DATABASE_URL, or jobs are lost")
    if settings.app is None:
        logger.warning("/webhook answers 503. %s", HOW_TO_GO_ON)
    logger.info("listening on port %d", settings.port)
    try:
        web.run_app(
            make_app(settings),
            port=settings.port,
            access_log=None,
            print=None,
            shutdown_timeout=DRAIN,
        )
    except (StorageError, OSError) as error:
        fail(redactor.text(f"cannot start: {error}"))


def known_secrets(settings: Settings) -> list[str]:
    """Values that must not be written down wherever they turn up."""
    secrets = [settings.database_url] if settings.database_url != DEFAULT_DATABASE else []
    if settings.app is not None:
        secrets += [settings.app.webhook_secret, settings.app.private_key]
    return secrets


def start_sentry(dsn: str | None, redactor: Redactor) -> None:
    """Report errors to Sentry where there is a DSN, and nothing secret with them.

    Local variables would hold tokens and the private key: gidgethub's and PyJWT's frames do.
    """
    if dsn is None:
        return
    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        send_default_pii=False,
        max_request_body_size="never",
        before_send=lambda event, _hint: redactor.value(event),
    )
