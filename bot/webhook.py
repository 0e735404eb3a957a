"""Webhook deliveries: verified, read as a Job, stored, answered. The work is done elsewhere.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import asyncio
import hashlib
import hmac
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from gidgethub import sansio
from multidict import CIMultiDict, CIMultiDictProxy

from bot.command import read_command
from bot.job import Job
from bot.log import bound
from bot.queue.storage import StorageError
from bot.verdict import FIX_ALL, number_in

MAX_BODY = 25 * 2**20
"""Bytes: GitHub sends no more, and drops an event that is larger."""
READ_TIMEOUT, STORE_TIMEOUT = 10.0, 8.0
"""Seconds for the sender to send, and for us to store: GitHub waits for ten."""
WORK: Mapping[str, frozenset[str]] = {
    # what can change the diff, or that there is somebody to read about it, or that nobody will
    "pull_request": frozenset(
        {"opened", "reopened", "synchronize", "ready_for_review", "edited", "closed"}
    ),
    "check_run": frozenset({"rerequested", "requested_action"}),
    "check_suite": frozenset({"rerequested"}),
    "issue_comment": frozenset({"created"}),
    "pull_request_review_comment": frozenset({"created"}),
    "merge_group": frozenset({"checks_requested"}),
}
"""The actions, by event, that can be jobs."""
_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"

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
    if not re.fullmatch(r"[a-z0-9_]{1,64}", event):
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
    return isinstance(action, str) and action in WORK.get(event, frozenset())


def read_job(event: sansio.Event) -> Job | None:
    """The job that an event asks for, None when it asks for none. Raises Refused (400)."""
    if not asks_for_work(event.event, event.data.get("action")):
        return None
    return _READERS[event.event](event)


def _of_pull_request(event: sansio.Event) -> Job | None:
    changes = event.data.get("changes")
    if event.data["action"] == "edited" and not (isinstance(changes, dict) and "base" in changes):
        return None
    return _job(
        event,
        pull_request=_number(event, "pull_request", "number"),
        head=_text(event, _COMMIT, "pull_request", "head", "sha"),
        updated_at=_moment(event, "pull_request", "updated_at"),
        talk=bool(_field(event, "pull_request", "review_comments")),
    )


def _of_check_run(event: sansio.Event) -> Job | None:
    number = number_in(_field(event, "check_run", "external_id"))
    pressed = event.data["action"] == "requested_action"
    wanted = not pressed or _field(event, "requested_action", "identifier") == FIX_ALL
    if not number or not wanted or (pressed and _by_bot(event)):
        return None
    head = _text(event, _COMMIT, "check_run", "head_sha")
    return _job(event, pull_request=number, head=head, sender=_login(event) if pressed else "")


def _of_check_suite(event: sansio.Event) -> Job | None:
    """Which pull requests it is about is in our check runs on the commit, for forks only there."""
    return _job(event, pull_request=0, head=_text(event, _COMMIT, "check_suite", "head_sha"))


def _of_comment(event: sansio.Event) -> Job | None:
    """A command, by a person, on a pull request; what it says is read again when it is done."""
    body = _field(event, "comment", "body")
    if not isinstance(body, str) or read_command(body) is None or _by_bot(event):
        return None
    where = "pull_request"
    if event.event == "issue_comment":
        where = "issue"
        if not isinstance(_field(event, "issue", "pull_request"), dict):
            return None
    return _job(event, pull_request=_number(event, where, "number"), head="", talk=True)


def _of_merge_group(event: sansio.Event) -> Job | None:
    return _job(event, pull_request=0, head=_text(event, _COMMIT, "merge_group", "head_sha"))


_READERS: Mapping[str, Callable[[sansio.Event], Job | None]] = {
    "pull_request": _of_pull_request,
    "check_run": _of_check_run,
    "check_suite": _of_check_suite,
    "issue_comment": _of_comment,
    "pull_request_review_comment": _of_comment,
    "merge_group": _of_merge_group,
}


def _job(event: sansio.Event, **more: Any) -> Job:
    return Job(
        installation=_number(event, "installation", "id"),
        repository=_text(event, r"[\w.-]{1,100}/[\w.-]{1,100}", "repository", "full_name"),
        repository_id=_number(event, "repository", "id"),
        reason=event.data["action"],
        delivery=event.delivery_id,
        **more,
    )


def _by_bot(event: sansio.Event) -> bool:
    """Whether a bot did it, we ourselves perhaps: bots have no buttons and no commands here."""
    return bool(_field(event, "sender", "type") != "User")


def _login(event: sansio.Event) -> str:
    return _text(event, r"[\w-]{1,100}", "sender", "login")


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
