"""The REST API of what a repository holds: trees, blobs, contents, commits, comparisons.

https://docs.github.com/en/rest/git and https://docs.github.com/en/rest/repos/contents
"""

import base64
import posixpath
import subprocess
from datetime import UTC
from typing import Any

from tests.github.accounts import API, node_id
from tests.github.git import NOTHING, SUBMODULE, SYMLINK, Commit, Entry, Person
from tests.github.pulls import diff_entries
from tests.github.repository import Repository
from tests.github.rest import Call, Raw, Refused, Reply, endpoint

_READ = "contents:read"
_RAW = {"Content-Type": "application/vnd.github.raw+json; charset=utf-8"}
MEGABYTE = 1_000_000


def _sha(
    repository: Repository, revision: str, status: int = 404, message: str = "Not Found"
) -> str:
    try:
        return repository.resolve(revision)
    except LookupError as error:
        raise Refused(status, message) from error


@endpoint("GET /repos/{owner}/{repo}", "metadata:read", gives="FullRepository")
def show_repository(call: Call) -> Reply:
    extra = {"network_count": 0, "subscribers_count": 0}
    return Reply(200, {**call.repository.json(), **extra})


@endpoint("GET /repos/{owner}/{repo}/branches/{branch}", _READ, gives="BranchWithProtection")
def show_branch(call: Call) -> Reply:
    repository, name = call.repository, call.params["branch"]
    if name not in repository.branches:
        raise Refused(404, "Branch not found")
    url = f"{repository.url}/branches/{name}"
    return Reply(
        200,
        {
            "name": name,
            "commit": commit_json(repository, repository.branches[name]),
            "_links": {"html": f"{repository.html_url}/tree/{name}", "self": url},
            "protected": False,
            "protection": {},
            "protection_url": f"{url}/protection",
        },
    )


@endpoint("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", _READ, gives="GitTree")
def show_tree(call: Call) -> Reply:
    """`recursive` with any value, also 0, goes into folders; a long listing is cut short."""
    repository, limits = call.repository, call.github.limits
    try:
        tree = repository.objects.commit(repository.resolve(call.params["tree_sha"])).tree
    except LookupError:
        tree = call.params["tree_sha"]
    try:
        listing = repository.objects.files(tree)
    except (subprocess.CalledProcessError, LookupError) as error:
        raise Refused(404, "Not Found") from error
    rows = [
        _tree_row(repository, path, entry)
        for path, entry in listing.items()
        if "recursive" in call.query or "/" not in path
    ]
    body = {
        "sha": tree,
        "url": f"{repository.url}/git/trees/{tree}",
        "tree": rows[: limits.tree_entries],
        "truncated": len(rows) > limits.tree_entries,
    }
    return Reply(200, body)


def _tree_row(repository: Repository, path: str, entry: Entry) -> dict[str, Any]:
    row: dict[str, Any] = {"path": path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha}
    if entry.mode == SUBMODULE:
        return row
    place = "trees" if entry.kind == "tree" else "blobs"
    row["url"] = f"{repository.url}/git/{place}/{entry.sha}"
    return row if entry.size is None else {**row, "size": entry.size}


@endpoint("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", _READ, gives="Blob")
def show_blob(call: Call) -> Reply:
    sha = call.params["file_sha"]
    try:
        content = call.repository.objects.blob(sha)
    except LookupError as error:
        raise Refused(404, "Not Found") from error
    if len(content) > 100 * MEGABYTE:
        errors = [{"resource": "Blob", "field": "data", "code": "too_large"}]
        raise Refused(403, "This API returns blobs up to 100 MB in size.", errors)
    if call.accepts("raw"):
        return Reply(200, Raw(content), _RAW)
    return Reply(
        200,
        {
            "sha": sha,
            "node_id": node_id("Blob", sha),
            "size": len(content),
            "url": f"{call.repository.url}/git/blobs/{sha}",
            "content": base64.encodebytes(content).decode(),
            "encoding": "base64",
        },
    )


@endpoint("GET /repos/{owner}/{repo}/contents/{path}", _READ)
def show_contents(call: Call) -> Reply:
    """A file, a folder, a link or a submodule; files beyond 1 MB only raw."""
    repository, path = call.repository, call.params["path"].strip("/")
    revision = call.query.get("ref", repository.default_branch)
    message = f"No commit found for the ref {revision}"
    files = repository.files(_sha(repository, revision, message=message))
    inside = {name: entry for name, entry in files.items() if posixpath.dirname(name) == path}
    if path and path not in files:
        raise Refused(404, "Not Found")
    if not path or files[path].kind == "tree":
        rows = [_content(call, name, entry, revision) for name, entry in inside.items()]
        if call.accepts("object"):
            return Reply(
                200,
                {
                    **_content(call, path, files.get(path, Entry("040000", NOTHING)), revision),
                    "entries": rows,
                },
            )
        return Reply(200, rows[:1000])
    entry = files[path]
    if entry.mode == SYMLINK:  # a link to a file of the repository is followed
        target = posixpath.normpath(
            posixpath.join(posixpath.dirname(path), repository.objects.blob(entry.sha).decode())
        )
        entry = files.get(target, entry)
    return _file(call, path, entry, revision)


def _file(call: Call, path: str, entry: Entry, revision: str) -> Reply:
    body = _content(call, path, entry, revision)
    if entry.mode == SUBMODULE:
        return Reply(200, body)
    content = call.repository.objects.blob(entry.sha)
    if entry.mode == SYMLINK:
        return Reply(200, {**body, "target": content.decode("utf-8", "replace")})
    if len(content) > 100 * MEGABYTE:
        errors = [{"resource": "Blob", "field": "data", "code": "too_large"}]
        raise Refused(403, "This API returns blobs up to 100 MB in size.", errors)
    if call.accepts("raw"):
        return Reply(200, Raw(content), _RAW)
    if len(content) > MEGABYTE:
        return Reply(200, {**body, "content": "", "encoding": "none"})
    return Reply(
        200, {**body, "content": base64.encodebytes(content).decode(), "encoding": "base64"}
    )


def _content(call: Call, path: str, entry: Entry, revision: str) -> dict[str, Any]:
    repository = call.repository
    url = f"{repository.url}/contents/{path}?ref={revision}"
    kind = {"tree": "dir", "commit": "submodule"}.get(entry.kind, "file")
    if kind == "submodule" and call.version == "2022-11-28":
        kind = "file"  # mended in the version 2026-03-10
    if entry.mode == SYMLINK:
        kind = "symlink"
    place = {"tree": "trees", "commit": "trees"}.get(entry.kind, "blobs")
    html = f"{repository.html_url}/{'tree' if entry.kind == 'tree' else 'blob'}/{revision}/{path}"
    git = f"{repository.url}/git/{place}/{entry.sha}"
    raw = f"https://raw.githubusercontent.com/{repository.full_name}/{revision}/{path}"
    return {
        "type": kind,
        "name": posixpath.basename(path),
        "path": path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": raw if kind == "file" else None,
        "_links": {"self": url, "git": git, "html": html},
    }


def _person(person: Person) -> dict[str, str]:
    date = person.date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"name": person.name, "email": person.email, "date": date}


def commit_json(repository: Repository, sha: str) -> dict[str, Any]:
    """A `commit`."""
    commit: Commit = repository.objects.commit(sha)
    url = f"{repository.url}/commits/{sha}"
    known = repository.github.accounts
    return {
        "sha": sha,
        "node_id": node_id("Commit", sha),
        "commit": {
            "author": _person(commit.author),
            "committer": _person(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{repository.url}/git/trees/{commit.tree}"},
            "url": f"{repository.url}/git/commits/{sha}",
            "comment_count": 0,
            "verification": {
                "verified": sha in repository.verified,
                "reason": "valid" if sha in repository.verified else "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "url": url,
        "html_url": f"{repository.html_url}/commit/{sha}",
        "comments_url": f"{url}/comments",
        "author": known[commit.author.name].json() if commit.author.name in known else None,
        "committer": known[commit.committer.name].json()
        if commit.committer.name in known
        else None,
        "parents": [
            {
                "sha": parent,
                "url": f"{repository.url}/commits/{parent}",
                "html_url": f"{repository.html_url}/commit/{parent}",
            }
            for parent in commit.parents
        ],
    }


@endpoint("GET /repos/{owner}/{repo}/commits", _READ, gives="[Commit]")
def list_commits(call: Call) -> Reply:
    repository = call.repository
    tip = _sha(repository, call.query.get("sha", repository.default_branch))
    bounds = [f"--{name}={call.query[name]}" for name in ("since", "until") if name in call.query]
    shas = repository.objects.commits(*bounds, tip, path=call.query.get("path") or None)
    return call.page([lambda sha=sha: commit_json(repository, sha) for sha in shas])


@endpoint("GET /repos/{owner}/{repo}/commits/{ref}", _READ, gives="Commit")
def show_commit(call: Call) -> Reply:
    repository = call.repository
    sha = _sha(
        repository, call.params["ref"], 422, f"No commit found for SHA: {call.params['ref']}"
    )
    if call.accepts("sha"):
        return Reply(200, Raw(sha.encode()), {"Content-Type": "application/vnd.github.sha"})
    commit = repository.objects.commit(sha)
    before = repository.objects.commit(commit.parents[0]).tree if commit.parents else NOTHING
    files = diff_entries(repository, repository.objects.diff(before, commit.tree), sha)
    stats = {
        "additions": sum(f["additions"] for f in files),
        "deletions": sum(f["deletions"] for f in files),
        "total": sum(f["changes"] for f in files),
    }
    return Reply(200, {**commit_json(repository, sha), "stats": stats, "files": files[:300]})


@endpoint("GET /repos/{owner}/{repo}/compare/{basehead}", _READ, gives="CommitComparison")
def compare(call: Call) -> Reply:
    """Three dots; files only on the first page and 300 at most; `OWNER:BRANCH` names a fork's."""
    repository, objects = call.repository, call.repository.objects
    names = call.params["basehead"].split("...")
    if len(names) != 2:
        raise Refused(404, "Not Found")
    base, head = (_sha(*_revision(repository, name)) for name in names)
    start = objects.merge_base(base, head)
    if start is None:
        raise Refused(404, f"No common ancestor between {names[0]} and {names[1]}.")
    ahead = objects.commits("--reverse", head, f"^{base}")
    behind = objects.commits(base, f"^{head}")
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}.get(
        (bool(ahead), bool(behind)), "identical"
    )
    first_page = call.query.get("page", "1") == "1"
    diff = objects.diff(objects.commit(start).tree, objects.commit(head).tree)
    web = f"{repository.html_url}/compare/{call.params['basehead']}"
    paged = call.page([lambda sha=sha: commit_json(repository, sha) for sha in ahead[:250]])
    body = {
        "url": f"{repository.url}/compare/{call.params['basehead']}",
        "html_url": web,
        "permalink_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "base_commit": commit_json(repository, base),
        "merge_base_commit": commit_json(repository, start),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": paged.body,
        "files": diff_entries(repository, diff, head)[:300] if first_page else [],
    }
    return Reply(200, body, paged.headers)


def _revision(repository: Repository, name: str) -> tuple[Repository, str]:
    owner, colon, branch = name.partition(":")
    if not colon:
        return repository, name
    for other in repository.github.repositories.values():
        if other.owner.login == owner and other.objects is repository.objects:
            return other, branch
    raise Refused(404, "Not Found")


@endpoint(
    "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
    "metadata:read",
    gives="RepositoryCollaboratorPermission",
)
def show_permission(call: Call) -> Reply:
    login, repository = call.params["username"], call.repository
    if login not in call.github.accounts:
        raise Refused(404, f"{login} is not a user")
    level = repository.permission(login)
    # What is finer than these four is folded into them; `role_name` keeps it.
    role, level = level, {"maintain": "write", "triage": "read"}.get(level, level)
    order = ("read", "triage", "write", "maintain", "admin")
    names = ("pull", "triage", "push", "maintain", "admin")
    reach = order.index(role) if role in order else -1
    account = call.github.accounts[login].json()
    permissions = {name: at <= reach for at, name in enumerate(names)}
    user = {**account, "permissions": permissions, "role_name": role}
    return Reply(200, {"permission": level, "role_name": role, "user": user})


@endpoint("GET /rate_limit", gives="RateLimitOverview", by="anyone")
def show_rate_limit(call: Call) -> Reply:
    buckets = {name: call.github.bucket(call.caller, name).json() for name in ("core", "graphql")}
    search = {"limit": 30, "remaining": 30, "reset": buckets["core"]["reset"], "used": 0}
    body: dict[str, Any] = {"resources": {**buckets, "search": search}}
    if call.version == "2022-11-28":
        body["rate"] = buckets["core"]
    return Reply(200, body)


@endpoint("GET /users/{username}", by="anyone")
def show_user(call: Call) -> Reply:
    login = call.params["username"]
    if login not in call.github.accounts:
        raise Refused(404, "Not Found")
    return Reply(200, {**call.github.accounts[login].json(), "url": f"{API}/users/{login}"})
