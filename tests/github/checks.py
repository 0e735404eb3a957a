"""Check runs: the verdict of an App on a commit.

https://docs.github.com/en/rest/checks/runs
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.github.accounts import node_id
from tests.github.rest import Call, Refused, Reply, endpoint

if TYPE_CHECKING:
    from tests.github.apps import App
    from tests.github.repository import Repository

_RUN = "/repos/{owner}/{repo}/check-runs/{check_run_id}"


@dataclass(eq=False, slots=True)
class CheckRun:
    """`actions` are its buttons, `annotations` all that were sent, one request after another."""

    id: int
    repository: "Repository"
    app: "App"
    head_sha: str
    name: str
    status: str = "queued"
    conclusion: str | None = None
    external_id: str = ""
    details_url: str | None = None
    started: str | None = None
    completed: str | None = None
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)

    @property
    def suite_id(self) -> int:
        """One suite for each App and commit."""
        return int(self.head_sha[:7], 16) * 10_000 + self.app.id

    @property
    def url(self) -> str:
        return f"{self.repository.url}/check-runs/{self.id}"

    @property
    def html_url(self) -> str:
        return f"{self.repository.html_url}/runs/{self.id}"

    def take(self, asked: Mapping[str, Any], now: str) -> None:
        """Change what was asked for; annotations are added to those that are there."""
        output = asked.get("output") or {}
        for name in ("name", "status", "conclusion", "external_id", "details_url"):
            if asked.get(name) is not None:
                setattr(self, name, asked[name])
        for name in ("title", "summary", "text"):
            if name in output:
                setattr(self, name, output[name])
        self.annotations += output.get("annotations", [])
        if "actions" in asked:
            self.actions = list(asked["actions"])
        self.started = asked.get("started_at") or self.started or now
        if asked.get("conclusion"):
            self.status, self.completed = "completed", asked.get("completed_at") or now
        elif asked.get("status") in ("queued", "in_progress"):
            self.conclusion = self.completed = None

    def pull_requests(self) -> list[dict[str, Any]]:
        """Open ones with this head; those from forks are not found."""
        return [
            pull.minimal()
            for pull in self.repository.pulls.values()
            if pull.state == "open" and pull.same_repository and pull.head_sha == self.head_sha
        ]

    def json(self) -> dict[str, Any]:
        """A `check-run`."""
        return {
            "id": self.id,
            "head_sha": self.head_sha,
            "node_id": node_id("CheckRun", self.id),
            "external_id": self.external_id,
            "url": self.url,
            "html_url": self.html_url,
            "details_url": self.details_url or "https://example.org",
            "status": self.status,
            "conclusion": self.conclusion,
            "started_at": self.started,
            "completed_at": self.completed,
            "output": {
                "title": self.title,
                "summary": self.summary,
                "text": self.text,
                "annotations_count": len(self.annotations),
                "annotations_url": f"{self.url}/annotations",
            },
            "name": self.name,
            "check_suite": {"id": self.suite_id},
            "app": self.app.json(),
            "pull_requests": self.pull_requests(),
        }

    def suite(self) -> dict[str, Any]:
        """The `check_suite` of a webhook."""
        url = f"{self.repository.url}/check-suites/{self.suite_id}"
        branches = [n for n, sha in self.repository.branches.items() if sha == self.head_sha]
        return {
            "id": self.suite_id,
            "node_id": node_id("CheckSuite", self.suite_id),
            "head_branch": branches[0] if branches else None,
            "head_sha": self.head_sha,
            "status": self.status,
            "conclusion": self.conclusion,
            "url": url,
            "before": None,
            "after": self.head_sha,
            "pull_requests": self.pull_requests(),
            "app": self.app.json(),
            "created_at": self.started,
            "updated_at": self.started,
        }


def _run(call: Call) -> CheckRun:
    run = call.repository.check_runs.get(call.number("check_run_id"))
    if run is None:
        raise Refused(404, "Not Found")
    return run


def _checked(call: Call) -> None:
    """What the description cannot say about a check run."""
    asked = call.body
    for note in (asked.get("output") or {}).get("annotations", []):
        columns = "start_column" in note or "end_column" in note
        if columns and note["start_line"] != note["end_line"]:
            raise Refused(
                422, "Validation Failed", ["Annotations may only have columns on one line"]
            )
        if note["start_line"] > note["end_line"]:
            raise Refused(422, "Validation Failed", ["Annotations end before they start"])
        if len(note["message"].encode()) > 64 * 1024:
            raise Refused(
                422, "Validation Failed", ["Annotation message is too long (maximum is 64 KB)"]
            )


@endpoint("POST /repos/{owner}/{repo}/check-runs", "checks:write", gives="CheckRun")
def create_run(call: Call) -> Reply:
    _checked(call)
    app, repository, sha = call.caller.app, call.repository, call.body["head_sha"]
    assert app is not None
    try:
        repository.objects.commit(sha)
    except LookupError as error:
        raise Refused(422, "Validation Failed", [f"No commit found for SHA: {sha}"]) from error
    run = CheckRun(call.github.new_id(), repository, app, sha, call.body["name"])
    run.take(call.body, call.github.stamp())
    repository.check_runs[run.id] = run
    return Reply(201, run.json())


@endpoint(f"PATCH {_RUN}", "checks:write", gives="CheckRun")
def edit_run(call: Call) -> Reply:
    run = _run(call)
    if run.app is not call.caller.app:
        raise Refused(
            403,
            f"Invalid app_id `{run.app.id}` - check run can only be modified by the GitHub App that created it.",
        )
    _checked(call)
    run.take(call.body, call.github.stamp())
    return Reply(200, run.json())


@endpoint(f"GET {_RUN}", "checks:read", gives="CheckRun")
def show_run(call: Call) -> Reply:
    return Reply(200, _run(call).json())


@endpoint(f"GET {_RUN}/annotations", "checks:read", gives="[CheckAnnotation]")
def list_annotations(call: Call) -> Reply:
    run = _run(call)
    common = {
        "start_column": None, "end_column": None, "title": None, "raw_details": None,
        "blob_href": f"{run.repository.html_url}/blob/{run.head_sha}",
    }  # fmt: skip
    return call.page([{**common, **note} for note in run.annotations])


@endpoint(
    "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
    "checks:read",
    gives="ReposOwnerRepoCommitsRefCheckRunsGetResponse200",
)
def list_runs(call: Call) -> Reply:
    """The newest of each name and App, unless `filter=all`."""
    repository = call.repository
    try:
        sha = repository.resolve(call.params["ref"])
    except LookupError as error:
        raise Refused(422, f"No commit found for SHA: {call.params['ref']}") from error
    runs = [r for r in repository.check_runs.values() if r.head_sha == sha]
    for name, attribute in (("check_name", "name"), ("status", "status")):
        if name in call.query:
            runs = [r for r in runs if getattr(r, attribute) == call.query[name]]
    if "app_id" in call.query:
        runs = [r for r in runs if str(r.app.id) == call.query["app_id"]]
    if call.query.get("filter", "latest") == "latest":
        runs = list({(r.app.id, r.name): r for r in runs}.values())
    return call.page(
        [r.json for r in runs], lambda page: {"total_count": len(runs), "check_runs": page}
    )
