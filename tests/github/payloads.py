"""The payloads of webhooks, as GitHub describes them.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.github.accounts import API, Account, node_id
from tests.github.apps import App, Installation
from tests.github.checks import CheckRun
from tests.github.git import Commit
from tests.github.issues import IssueComment
from tests.github.pulls import PullRequest
from tests.github.repository import Repository
from tests.github.reviews import Review, ReviewComment, Thread

if TYPE_CHECKING:
    from tests.github.standin import StandIn

Payload = dict[str, Any]


def payload(
    github: "StandIn", event: str, subject: Any, action: str | None, app: App, sender: str | None,
    more: Mapping[str, Any],
) -> Payload:  # fmt: skip
    """What an event tells of its subject.

    The subject is a PullRequest (`pull_request`), CheckRun (`check_run`, `check_suite`),
    IssueComment, ReviewComment, Thread, Review, Installation (`installation`,
    `installation_repositories`), Repository (`merge_group`) or App (`ping`). `more` joins the
    payload, but `check_run.requested_action` takes the button's `identifier`,
    `installation_repositories` the `repositories` and `merge_group` its `head_sha`.
    """
    make: Callable[..., Payload] = _PAYLOADS[event]
    told: Payload = {} if action is None else {"action": action}
    told |= make(github, subject, action, dict(more))
    repository = _repository(subject)
    if repository is not None:
        told["repository"] = repository.json()
        if repository.owner.type == "Organization":
            told["organization"] = _organization(repository)
        told |= _installation(github, repository, app)
    who = github.account(sender) if sender else _sender(subject, app)
    return {**told, "sender": who.json()}


def _installation(github: "StandIn", repository: Repository, app: App) -> Payload:
    try:
        number = github.installation(repository, app).id
    except LookupError:
        return {}
    return {"installation": {"id": number, "node_id": node_id("Installation", number)}}


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


def _sender(subject: Any, app: App) -> Account:
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
    author: Account = subject.author
    return author


def _of_pull(github: "StandIn", pull: PullRequest, action: str | None, more: Payload) -> Payload:
    if action == "synchronize":
        more = {"before": pull.before, "after": pull.after, **more}
    return {"number": pull.number, "pull_request": pull.json(), **more}


def _of_check_run(github: "StandIn", run: CheckRun, action: str | None, more: Payload) -> Payload:
    if action == "requested_action":
        more = {"requested_action": {"identifier": more.pop("identifier")}, **more}
    return {"check_run": {**run.json(), "check_suite": run.suite()}, **more}


def _head_commit(commit: Commit) -> Payload:
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": commit.message,
        "timestamp": commit.author.date.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "author": {"name": commit.author.name, "email": commit.author.email},
        "committer": {"name": commit.committer.name, "email": commit.committer.email},
    }


def _of_check_suite(github: "StandIn", run: CheckRun, action: str | None, more: Payload) -> Payload:
    suite = {
        **run.suite(),
        "head_commit": _head_commit(run.repository.objects.commit(run.head_sha)),
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
    branch, sha = repository.default_branch, more.pop("head_sha")
    base = repository.branches[branch]
    group = {
        "head_sha": sha,
        "head_ref": f"refs/heads/gh-readonly-queue/{branch}/pr-1-{base}",
        "base_sha": base,
        "base_ref": f"refs/heads/{branch}",
        "head_commit": _head_commit(repository.objects.commit(sha)),
    }
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
