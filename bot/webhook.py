"""Webhook deliveries: verified, read as a Job, stored, answered. The work is done elsewhere.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import asyncio
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from gidgethub import sansio
from multidict import CIMultiDict, CIMultiDictProxy

from bot.job import Job
from bot.log import bound
from bot.storage import StorageError

MAX_BODY = 25 * 2**20
"""Bytes: GitHub sends no more, and drops an event that is larger."""
READ_TIMEOUT, STORE_TIMEOUT = 10.0, 8.0
"""Seconds for the sender to send, and for us to store: GitHub waits for ten."""
PULL_REQUEST_ACTIONS = frozenset(
    {"opened", "reopened", "synchronize", "ready_for_review", "edited"}
)
"""What can change the diff, or that there is somebody to read about it."""

Headers = CIMultiDict[str] | CIMultiDictProxy[str]
Put = Callable[[Job], Awaitable[bool]]

log = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818  an answer, not a mishap
    """A delivery that is not taken: the status to answer, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def receive(headers: Headers, body: bytes, secret: str) -> sansio.Event:
    """The event of a delivery that GitHub has signed.

    Raises Refused: 413, 401, 415 or 400. gidgethub's own check would let pass SHA-1, and fail on
    a signature that is not ASCII or a body that is no object.
    """
    if len(body) > MAX_BODY:
        raise Refused(413, "the body is larger than GitHub sends")
    signatures = headers.getall("X-Hub-Signature-256", [])
    expected = b"sha256=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex().encode()
    given = signatures[0].encode("utf-8", "surrogateescape") if len(signatures) == 1 else b""
    if not secret or not hmac.compare_digest(given, expected):
        raise Refused(401, "the signature is missing or wrong")
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Refused(415, "the App's webhook must send application/json")
    event, delivery = headers.get("X-GitHub-Event", ""), headers.get("X-GitHub-Delivery", "")
    if not re.fullmatch(r"[a-z_]{1,64}", event):
        raise Refused(400, "X-GitHub-Event is missing or malformed")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", delivery):
        raise Refused(400, "X-GitHub-Delivery is missing or malformed")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "the body is not JSON") from error
    if not isinstance(data, dict):
        raise Refused(400, "the body is not a JSON object")
    return sansio.Event(data, event=event, delivery_id=delivery)


def asks_for_work(event: str, action: object) -> bool:
    """Whether deliveries of this kind can be jobs."""
    known = isinstance(action, str) and action in PULL_REQUEST_ACTIONS
    return event == "pull_request" and known


def read_job(event: sansio.Event) -> Job | None:
    """The job that an event asks for, None when it asks for none. Raises Refused (400)."""
    action = event.data.get("action")
    if not asks_for_work(event.event, action):
        return None
    changes = event.data.get("changes")
    if action == "edited" and not (isinstance(changes, dict) and "base" in changes):
        return None
    return Job(
        installation=_number(event, "installation", "id"),
        repository=_text(event, r"[\w.-]{1,100}/[\w.-]{1,100}", "repository", "full_name"),
        repository_id=_number(event, "repository", "id"),
        pull_request=_number(event, "pull_request", "number"),
        head=_text(event, r"[0-9a-f]{40}|[0-9a-f]{64}", "pull_request", "head", "sha"),
        reason=action,
        delivery=event.delivery_id,
        updated_at=_moment(event, "pull_request", "updated_at"),
    )


async def answer(request: web.Request, secret: str, put: Put) -> web.Response:
    """202 stored, 204 nothing to do, 4xx refused, 503 not stored: may be sent again."""
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            body = await request.read()
        event = receive(request.headers, body, secret)
        with bound(delivery=event.delivery_id, event=event.event):
            return await _store(read_job(event), put)
    except Refused as error:
        log.warning("refused (%d): %s", error.status, error)
        return web.Response(status=error.status, text=f"{error}\n")
    except TimeoutError:
        return web.Response(status=408, text="the body took too long\n")


async def _store(job: Job | None, put: Put) -> web.Response:
    if job is None:
        return web.Response(status=204)
    try:
        async with asyncio.timeout(STORE_TIMEOUT):
            stored = await put(job)
    except (StorageError, TimeoutError) as error:
        log.error("not stored: %s", error or "time-out")  # noqa: TRY400  # no bug of ours
        return web.Response(
            status=503, text="the database is away\n", headers={"Retry-After": "60"}
        )
    fields = {"installation": job.installation, "pull_request": job.pull_request}
    log.info(
        "stored" if stored else "known or older", extra={"fields": {"action": job.reason, **fields}}
    )
    return web.Response(status=202)


def _field(event: sansio.Event, *path: str) -> Any:
    value: Any = event.data
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _number(event: sansio.Event, *path: str) -> int:
    value = _field(event, *path)
    if type(value) is not int or not 0 < value < 2**63:
        raise Refused(400, f"{'.'.join(path)} is missing or malformed")
    return value


def _text(event: sansio.Event, pattern: str, *path: str) -> str:
    value = _field(event, *path)
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise Refused(400, f"{'.'.join(path)} is missing or malformed")
    return value


def _moment(event: sansio.Event, *path: str) -> str:
    """A time in one form, so that the later of two is the greater string."""
    text = _text(event, r"[0-9T:Z.+-]{1,40}", *path)
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise Refused(400, f"{'.'.join(path)} is malformed") from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
