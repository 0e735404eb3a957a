"""Webhooks: what GitHub sends to an App, signed, and its log of what came of it.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.github import description
from tests.github.accounts import API, node_id
from tests.github.apps import App, Installation
from tests.github.checks import CheckRun
from tests.github.issues import IssueComment
from tests.github.pulls import PullRequest
from tests.github.repository import Repository
from tests.github.rest import Call, Refused, Reply, endpoint
from tests.github.reviews import Review, ReviewComment, Thread

if TYPE_CHECKING:
    from tests.github.standin import StandIn

Payload = dict[str, Any]


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
    """The subject is what the event is about: a PullRequest, CheckRun, IssueComment, ReviewComment,
    Thread, Review, Installation or Repository. `more` joins the payload as it is; `installation_repositories` takes the
    repositories, `pull_request.edited` the changes, `check_run.requested_action` the `identifier`.
    """
    make: Callable[..., Payload] = _PAYLOADS[event]
    payload = ({} if action is None else {"action": action}) | make(
        github, subject, action, dict(more)
    )
    repository = _repository(subject)
    if repository is not None:
        payload["repository"] = repository.json()
        if repository.owner.type == "Organization":
            payload["organization"] = _organization(repository)
        payload |= _installation(github, repository, app)
    who = github.account(sender) if sender else _sender(subject, app)
    payload["sender"] = who.json()
    faults = description.faults_of_delivery(event, action, payload)
    github.violations += [f"webhook {event}.{action}: {fault}" for fault in faults]
    body = json.dumps(payload, separators=(",", ":")).encode()
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
    return Delivery(app, event, action, guid, headers, body, payload)


def _installation(github: "StandIn", repository: Repository, app: App) -> Payload:
    try:
        number = github.installation(repository, app).id
    except LookupError:
        return {}
    return {"installation": {"id": number, "node_id": node_id("Installation", number)}}


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


def _repository(subject: Any) -> Repository | None:
    if isinstance(subject, Repository):
        return subject
    if isinstance(subject, ReviewComment):
        return subject.thread.pull.repository
    if isinstance(subject, Installation | App):
        return None
    pull = subject if isinstance(subject, PullRequest | CheckRun) else subject.pull
    repository: Repository = pull.repository
    return repository


def _organization(repository: Repository) -> Payload:
    owner = repository.owner
    url = f"https://api.github.com/orgs/{owner.login}"
    return {
        "login": owner.login,
        "id": owner.id,
        "node_id": owner.node_id,
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{owner.id}?v=4",
        "description": None,
    }


def _sender(subject: Any, app: App) -> Any:
    if isinstance(subject, CheckRun):
        return app.bot
    if isinstance(subject, App):
        return app.owner
    if isinstance(subject, Installation):
        return subject.account
    if isinstance(subject, Repository):
        return subject.owner
    if isinstance(subject, Thread):
        return subject.resolved_by or subject.pull.author
    return subject.author


def _of_pull(github: "StandIn", pull: PullRequest, action: str | None, more: Payload) -> Payload:
    if action == "synchronize":
        more = {"before": pull.before, "after": pull.after, **more}
    return {"number": pull.number, "pull_request": pull.json(), **more}


def _of_check_run(github: "StandIn", run: CheckRun, action: str | None, more: Payload) -> Payload:
    if action == "requested_action":
        more = {"requested_action": {"identifier": more.pop("identifier")}, **more}
    deployment = {"check_suite": run.suite()}
    return {"check_run": {**run.json(), **deployment}, **more}


def _of_check_suite(github: "StandIn", run: CheckRun, action: str | None, more: Payload) -> Payload:
    commit = run.repository.objects.commit(run.head_sha)
    when = commit.author.date.strftime("%Y-%m-%dT%H:%M:%SZ")
    people = {
        role: {"name": who.name, "email": who.email}
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    head = {"id": commit.sha, "tree_id": commit.tree, "message": commit.message, "timestamp": when}
    suite = {
        **run.suite(),
        "head_commit": {**head, **people},
        "latest_check_runs_count": 1,
        "check_runs_url": f"{run.repository.url}/check-suites/{run.suite_id}/check-runs",
        "rerequestable": True,
        "runs_rerequestable": True,
    }
    return {"check_suite": suite, **more}


def _of_issue_comment(
    github: "StandIn", comment: IssueComment, action: str | None, more: Payload
) -> Payload:
    pull = comment.pull
    shared = pull.simple()
    kept = (
        "id", "node_id", "title", "user", "body", "labels", "state", "locked", "assignee",
        "assignees", "milestone", "created_at", "updated_at", "closed_at", "author_association",
        "active_lock_reason", "number", "draft", "html_url",
    )  # fmt: skip
    url = f"{pull.repository.url}/issues/{pull.number}"
    issue = {
        **{name: shared[name] for name in kept},
        "url": url,
        "repository_url": pull.repository.url,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "comments": len(pull.issue_comments),
        "reactions": {**comment.json()["reactions"], "url": f"{url}/reactions"},
        "performed_via_github_app": None,
        "state_reason": None,
        "pull_request": {
            "url": pull.url,
            "html_url": pull.html_url,
            "diff_url": f"{pull.html_url}.diff",
            "patch_url": f"{pull.html_url}.patch",
            "merged_at": pull.merged,
        },
    }
    return {"issue": issue, "comment": comment.json(), **more}


def _of_review_comment(
    github: "StandIn", comment: ReviewComment, action: str | None, more: Payload
) -> Payload:
    return {"comment": comment.json(), "pull_request": comment.thread.pull.simple(), **more}


def _of_thread(github: "StandIn", thread: Thread, action: str | None, more: Payload) -> Payload:
    comments = [comment.json() for comment in thread.comments]
    shown = {"node_id": node_id("PullRequestReviewThread", thread.id), "comments": comments}
    return {"thread": shown, "pull_request": thread.pull.simple(), **more}


def _of_review(github: "StandIn", review: Review, action: str | None, more: Payload) -> Payload:
    shown = {**review.json(), "state": review.state.lower(), "submitted_at": review.submitted}
    return {"review": shown, "pull_request": review.pull.simple(), **more}


def _short(repositories: list[Repository]) -> list[Payload]:
    names = ("id", "node_id", "name", "full_name", "private")
    return [{name: r.json()[name] for name in names} for r in repositories]


def _of_installation(
    github: "StandIn", installation: Installation, action: str | None, more: Payload
) -> Payload:
    held = [r for r in github.repositories.values() if r.id in installation.repository_ids]
    return {
        "installation": installation.json(),
        "repositories": _short(held),
        "requester": None,
        **more,
    }


def _of_installation_repositories(
    github: "StandIn", installation: Installation, action: str | None, more: Payload
) -> Payload:
    changed = _short(more.pop("repositories"))
    added, removed = (changed, []) if action == "added" else ([], changed)
    return {
        "installation": installation.json(),
        "repository_selection": "selected",
        "repositories_added": added,
        "repositories_removed": removed,
        "requester": None,
        **more,
    }


def _of_merge_group(
    github: "StandIn", repository: Repository, action: str | None, more: Payload
) -> Payload:
    base = repository.branches[repository.default_branch]
    sha = more.pop("head_sha")
    commit = repository.objects.commit(sha)
    person = {
        role: {"name": who.name, "email": who.email}
        for role, who in (("author", commit.author), ("committer", commit.committer))
    }
    when = commit.author.date.strftime("%Y-%m-%dT%H:%M:%SZ")
    group = {
        "head_sha": sha,
        "head_ref": f"refs/heads/gh-readonly-queue/{repository.default_branch}/pr-1-{base}",
        "base_sha": base,
        "base_ref": f"refs/heads/{repository.default_branch}",
        "head_commit": {
            "id": sha, "tree_id": commit.tree, "message": commit.message, "timestamp": when, **person,
        },
    }  # fmt: skip
    return {"merge_group": group, **more}


def _of_ping(github: "StandIn", app: App, action: str | None, more: Payload) -> Payload:
    number = 500_000 + app.id
    hook = {
        "type": "App",
        "id": number,
        "app_id": app.id,
        "name": "web",
        "active": True,
        "events": list(app.events),
        "config": {
            "content_type": "json",
            "insecure_ssl": "0",
            "secret": "********",
            "url": app.webhook_url or "https://example.org/webhook",
        },
        "created_at": app.created,
        "updated_at": app.created,
        "deliveries_url": f"{API}/app/hook/deliveries",
    }
    return {"zen": "Responsive is better than fast.", "hook_id": number, "hook": hook, **more}


_PAYLOADS: dict[str, Callable[..., Payload]] = {
    "pull_request": _of_pull,
    "check_run": _of_check_run,
    "check_suite": _of_check_suite,
    "issue_comment": _of_issue_comment,
    "pull_request_review_comment": _of_review_comment,
    "pull_request_review_thread": _of_thread,
    "pull_request_review": _of_review,
    "installation": _of_installation,
    "installation_repositories": _of_installation_repositories,
    "merge_group": _of_merge_group,
    "ping": _of_ping,
}


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
