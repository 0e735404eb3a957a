"""Webhooks: what is sent to an App, signed, and its log of what came of it.

https://docs.github.com/en/webhooks/using-webhooks
"""

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.github import description
from tests.github.apps import App
from tests.github.payloads import Payload, payload
from tests.github.rest import Call, Refused, Reply, endpoint

if TYPE_CHECKING:
    from tests.github.standin import StandIn


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is posted: `body` is the payload as bytes, which `headers` sign."""

    app: App
    event: str
    action: str | None
    guid: str
    headers: Mapping[str, str]
    body: bytes
    payload: Payload


@dataclass(frozen=True, slots=True)
class Post:
    """What the App answered; `status` is 0 when nothing came."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of an App's log; `duration` in seconds."""

    id: int
    delivery: Delivery
    status: int
    answer: bytes
    delivered: str
    duration: float
    redelivery: bool

    def json(self) -> Payload:
        """A `hook-delivery-item`."""
        payload = self.delivery.payload
        return {
            "id": self.id,
            "guid": self.delivery.guid,
            "delivered_at": self.delivered,
            "redelivery": self.redelivery,
            "duration": round(self.duration, 2),
            "status": "OK"
            if 200 <= self.status < 300
            else "timed out"
            if not self.status
            else "Error",
            "status_code": self.status,
            "event": self.delivery.event,
            "action": self.delivery.action,
            "installation_id": payload.get("installation", {}).get("id"),
            "repository_id": payload.get("repository", {}).get("id"),
            "throttled_at": None,
        }


def signature(secret: str, body: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}=" + hmac.new(secret.encode(), body, algorithm).hexdigest()


def build(
    github: "StandIn", event: str, subject: Any, action: str | None, app: App,
    sender: str | None, more: Mapping[str, Any],
) -> Delivery:  # fmt: skip
    """A signed delivery; a payload that GitHub would not send is a violation."""
    told = payload(github, event, subject, action, app, sender, more)
    faults = description.faults_of_delivery(event, action, told)
    github.violations += [f"webhook {event}.{action}: {fault}" for fault in faults]
    body = json.dumps(told, separators=(",", ":")).encode()
    guid = str(uuid.uuid1())
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/7c52a2f",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(500_000 + app.id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature": signature(app.secret, body, "sha1"),
        "X-Hub-Signature-256": signature(app.secret, body),
    }
    return Delivery(app, event, action, guid, headers, body, told)


async def send(github: "StandIn", delivery: Delivery, *, redelivery: bool = False) -> Post:
    """Post it; GitHub waits 10 seconds and never tries again by itself."""
    if delivery.app.webhook_url is None:
        raise ValueError("the App has no webhook_url")
    start = asyncio.get_running_loop().time()
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
            session.post(
                delivery.app.webhook_url, data=delivery.body, headers=delivery.headers
            ) as answer,
        ):
            post = Post(answer.status, await answer.read())
    except (TimeoutError, aiohttp.ClientError):
        post = Post(0, b"")
    took = asyncio.get_running_loop().time() - start
    github.attempts.append(
        Attempt(github.new_id(), delivery, post.status, post.body, github.stamp(), took, redelivery)
    )
    return post


def _attempts(call: Call) -> list[Attempt]:
    mine = [a for a in call.github.attempts if a.delivery.app is call.caller.app]
    return sorted(mine, key=lambda attempt: -attempt.id)


@endpoint("GET /app/hook/deliveries", by="app", gives="[HookDeliveryItem]")
def list_deliveries(call: Call) -> Reply:
    """The newest first, paged by a cursor."""
    attempts = _attempts(call)
    wanted = call.query.get("status")
    if wanted:
        attempts = [a for a in attempts if (200 <= a.status < 300) == (wanted == "success")]
    size = int(call.query.get("per_page", "30"))
    start = int(call.query.get("cursor", "0").removeprefix("v1_"))
    page = attempts[start : start + size]
    more = start + size < len(attempts)
    url = f"{call.url}?per_page={size}&cursor=v1_{start + size}"
    return Reply(200, [a.json() for a in page], {"Link": f'<{url}>; rel="next"'} if more else {})


@endpoint("GET /app/hook/deliveries/{delivery_id}", by="app", gives="HookDelivery")
def show_delivery(call: Call) -> Reply:
    attempt = _attempt(call)
    sent = {"headers": dict(attempt.delivery.headers), "payload": attempt.delivery.payload}
    got = {"headers": {}, "payload": attempt.answer.decode("utf-8", "replace")}
    url = attempt.delivery.app.webhook_url
    return Reply(200, {**attempt.json(), "url": url, "request": sent, "response": got})


@endpoint("POST /app/hook/deliveries/{delivery_id}/attempts", by="app")
def redeliver(call: Call) -> Reply:
    """Sent again at once, under the same GUID."""
    attempt = _attempt(call)
    task = asyncio.create_task(send(call.github, attempt.delivery, redelivery=True))
    call.github.tasks.add(task)
    task.add_done_callback(call.github.tasks.discard)
    return Reply(202, {})


def _attempt(call: Call) -> Attempt:
    number = call.number("delivery_id")
    found = next((a for a in _attempts(call) if a.id == number), None)
    if found is None:
        raise Refused(404, "Not Found")
    return found


@endpoint(
    "POST /app-manifests/{code}/conversions",
    by="anyone",
    gives="AppManifestsCodeConversionsPostResponse201",
)
def convert_manifest(call: Call) -> Reply:
    """A code makes one App, within an hour."""
    manifest, made = call.github.manifests.pop(call.params["code"], ({}, None))
    if made is None or (call.github.now() - made).total_seconds() > 3600:
        raise Refused(404, "Not Found")
    app = call.github.add_app(
        permissions=manifest.get("default_permissions", {}),
        events=manifest.get("default_events", ()),
        webhook_secret=hashlib.sha256(call.params["code"].encode()).hexdigest(),
        webhook_url=manifest.get("hook_attributes", {}).get("url"),
        slug=str(manifest.get("name", "app")).lower().replace(" ", "-"),
    )
    keys = {"client_secret": "0" * 40, "webhook_secret": app.secret, "pem": app.private_key}
    return Reply(201, {**app.json(), **keys})
