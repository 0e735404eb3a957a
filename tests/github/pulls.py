"""Pull requests: what they propose, how their head moves, and what the API says of them."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from tests.github.accounts import Account, node_id
from tests.github.git import NOTHING, FileDiff
from tests.github.hunks import Patch, read_patch
from tests.github.rest import Call, Raw, Refused, Reply, endpoint

if TYPE_CHECKING:
    from tests.github.issues import IssueComment
    from tests.github.repository import Repository
    from tests.github.reviews import Review, ReviewComment, Thread


class PullRequest:
    """`head` lives in `source`, which is another repository for a fork."""

    def __init__(
        self, repository: "Repository", number: int, source: "Repository", head: str, base: str, *,
        author: Account, title: str, body: str | None, draft: bool,
    ) -> None:  # fmt: skip
        self.repository, self.number, self.source = repository, number, source
        self.head, self.base, self.author = head, base, author
        self.title, self.body, self.draft = title, body, draft
        self.id = repository.github.new_id()
        self.created = self.updated = repository.github.stamp()
        self.state = "open"
        self.closed: str | None = None
        self.merged: str | None = None
        self.reviews: list[Review] = []
        self.threads: list[Thread] = []
        self.before = self.after = source.branches[head]
        self._base_sha = repository.branches[base]
        self.shas = [self.after]
        """Every head it ever had."""

    @property
    def head_sha(self) -> str:
        return self.after

    @property
    def base_sha(self) -> str:
        """The tip of the base branch as of the last push or change of base."""
        return self._base_sha

    @property
    def comments(self) -> "list[ReviewComment]":
        """Every line or file comment that is still there, the oldest first."""
        found = [comment for thread in self.threads for comment in thread.comments]
        return sorted(found, key=lambda comment: comment.id)

    @property
    def issue_comments(self) -> "list[IssueComment]":
        return self.repository.github.comments_on(self)

    @property
    def check_runs(self) -> list[Any]:
        """The check runs on its head."""
        return [r for r in self.repository.check_runs.values() if r.head_sha == self.head_sha]

    def push(
        self,
        changes: Mapping[str, str | bytes | None],
        message: str = "Another change",
        *,
        author: str | None = None,
        executable: Collection[str] = (),
        symlinks: Collection[str] = (),
    ) -> str:
        """One commit more on the head branch; returns the new head."""
        self.source.commit(
            self.head, changes, message, author=author or self.author.login,
            executable=executable, symlinks=symlinks,
        )  # fmt: skip
        return self.synchronize()

    def force_push(
        self, changes: Mapping[str, str | bytes | None], message: str = "Rebased"
    ) -> str:
        """Replace the head branch by one commit on top of the base branch; returns the new head."""
        base = self.repository.branches[self.base]
        self.source.commit(self.head, changes, message, parents=[base], author=self.author.login)
        return self.synchronize()

    def rebase(self) -> str:
        """Put the same changes on top of the base branch; returns the new head."""
        objects = self.repository.objects
        base = self.repository.branches[self.base]
        files = dict(self.repository.files(base))
        ours = self.repository.files(self.head_sha)
        for change in self.files():
            files.pop(change.previous or change.path, None)
            if change.status != "removed":
                files[change.path] = ours[change.path]
        message = objects.commit(self.head_sha).message
        self.source.add_commit(self.head, files, message, [base], author=self.author.login)
        return self.synchronize()

    def synchronize(self) -> str:
        """Notice where the head and the base branch stand, as GitHub does after a push."""
        self._base_sha = self.repository.branches[self.base]
        tip = self.source.branches.get(self.head)
        if self.state == "open" and tip is not None and tip != self.after:
            self.before, self.after = self.after, tip
            self.shas.append(tip)
            self.updated = self.repository.github.stamp()
        return self.after

    def retarget(self, base: str) -> None:
        self.base = base
        self._base_sha = self.repository.branches[base]

    def close(self) -> None:
        self.state, self.closed = "closed", self.repository.github.stamp()

    def reopen(self) -> None:
        self.state, self.closed = "open", None
        self.synchronize()

    def merge(self) -> str:
        """Merge into the base branch; returns the merge commit."""
        ours = {c.path: c for c in self.files()}
        files = dict(self.repository.files(self.base))
        head = self.repository.files(self.head_sha)
        for change in ours.values():
            files.pop(change.previous or change.path, None)
            if change.status != "removed":
                files[change.path] = head[change.path]
        parents = [self.repository.branches[self.base], self.head_sha]
        sha = self.repository.add_commit(self.base, files, f"Merge #{self.number}", parents)
        self.close()
        self.merged = self.closed
        return sha

    def merge_base(self, head: str | None = None) -> str | None:
        return self.repository.objects.merge_base(self.base_sha, head or self.head_sha)

    def files(self, head: str | None = None) -> tuple[FileDiff, ...]:
        """What it changes since it left its base (three dots)."""
        objects, head = self.repository.objects, head or self.head_sha
        start = self.merge_base(head)
        before = objects.commit(start).tree if start else NOTHING
        return objects.diff(before, objects.commit(head).tree)

    def patch(self, path: str, head: str | None = None) -> Patch | None:
        """The lines of one file that can be seen; None when the file is not in the diff."""
        for shown in shown_files(self, head):
            if shown["filename"] == path:
                return read_patch(shown.get("patch"))
        return None

    def text(self, path: str) -> str:
        """A file's text at the head."""
        return self.repository.text(path, self.head_sha)

    def apply_suggestions(self, comment_ids: Collection[int], by: str | None = None) -> str:
        """Commit suggested changes as the button on the page does for `by` (the author).

        Returns the new head.

        Raises SuggestionRefused with GitHub's reason.
        """
        from tests.github.suggestions import apply  # noqa: PLC0415  it knows of pull requests

        return apply(self, comment_ids, by or self.author.login)

    @property
    def same_repository(self) -> bool:
        return self.source is self.repository

    @property
    def html_url(self) -> str:
        return f"{self.repository.html_url}/pull/{self.number}"

    @property
    def url(self) -> str:
        return f"{self.repository.url}/pulls/{self.number}"

    def association(self, account: Account) -> str:
        """How an account belongs to the repository, a hint and no permission."""
        if account.login == self.repository.owner.login:
            return "OWNER"
        return "COLLABORATOR" if account.login in self.repository.permissions else "NONE"

    def minimal(self) -> dict[str, Any]:
        """A `pull-request-minimal`, as check runs name it."""

        def end(repository: "Repository", ref: str, sha: str) -> dict[str, Any]:
            where = {"id": repository.id, "url": repository.url, "name": repository.name}
            return {"ref": ref, "sha": sha, "repo": where}

        return {
            "id": self.id,
            "number": self.number,
            "url": self.url,
            "head": end(self.source, self.head, self.head_sha),
            "base": end(self.repository, self.base, self.base_sha),
        }

    def simple(self) -> dict[str, Any]:
        """What every form of a pull request has."""
        here, issue = self.url, f"{self.repository.url}/issues/{self.number}"
        links = {
            "self": here, "html": self.html_url, "issue": issue, "comments": f"{issue}/comments",
            "review_comments": f"{here}/comments", "review_comment": f"{self.repository.url}/pulls/comments{{/number}}",
            "commits": f"{here}/commits", "statuses": f"{self.repository.url}/statuses/{self.head_sha}",
        }  # fmt: skip
        return {
            "url": here,
            "id": self.id,
            "node_id": node_id("PullRequest", self.id),
            "html_url": self.html_url,
            "diff_url": f"{self.html_url}.diff",
            "patch_url": f"{self.html_url}.patch",
            "issue_url": issue,
            "number": self.number,
            "state": self.state,
            "locked": False,
            "title": self.title,
            "user": self.author.json(),
            "body": self.body,
            "created_at": self.created,
            "updated_at": self.updated,
            "closed_at": self.closed,
            "merged_at": self.merged,
            "merge_commit_sha": None,
            "assignee": None,
            "assignees": [],
            "requested_reviewers": [],
            "requested_teams": [],
            "labels": [],
            "milestone": None,
            "draft": self.draft,
            "commits_url": links["commits"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "comments_url": links["comments"],
            "statuses_url": links["statuses"],
            "head": _end(self.source, self.head, self.head_sha),
            "base": _end(self.repository, self.base, self.base_sha),
            "_links": {name: {"href": url} for name, url in links.items()},
            "author_association": self.association(self.author),
            "auto_merge": None,
            "active_lock_reason": None,
        }

    def json(self) -> dict[str, Any]:
        """A `pull-request`."""
        files = self.files()
        start = self.merge_base()
        commits = self.repository.objects.commits(self.head_sha, *([f"^{start}"] if start else []))
        return {
            **self.simple(),
            "merged": self.merged is not None,
            "mergeable": True,
            "rebaseable": True,
            "mergeable_state": "clean",
            "merged_by": None,
            "comments": len(self.issue_comments),
            "review_comments": len(self.comments),
            "maintainer_can_modify": not self.same_repository,
            "commits": len(commits),
            "additions": sum(f.additions for f in files),
            "deletions": sum(f.deletions for f in files),
            "changed_files": len(files),
        }


def _end(repository: "Repository", ref: str, sha: str) -> dict[str, Any]:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": repository.owner.json(),
        "repo": repository.json(),
    }


def pull_of(call: Call) -> PullRequest:
    pull = call.repository.pulls.get(call.number("pull_number"))
    if pull is None:
        raise Refused(404, "Not Found")
    return pull


def shown_files(pull: PullRequest, head: str | None = None) -> list[dict[str, Any]]:
    """`diff-entry` for each changed file; a diff beyond the limits comes without its patch.

    https://docs.github.com/en/repositories/creating-and-managing-repositories/repository-limits
    """
    head = head or pull.head_sha
    return diff_entries(pull.repository, pull.files(head), head)


def diff_entries(
    repository: "Repository", files: tuple[FileDiff, ...], head: str
) -> list[dict[str, Any]]:
    limits, shown = repository.github.limits, []
    lines = size = 0
    for file in files[: limits.files]:
        entry: dict[str, Any] = {
            "sha": file.sha,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": f"{repository.html_url}/blob/{head}/{file.path}",
            "raw_url": f"{repository.html_url}/raw/{head}/{file.path}",
            "contents_url": f"{repository.url}/contents/{file.path}?ref={head}",
        }
        if file.previous is not None:
            entry["previous_filename"] = file.previous
        if file.patch is not None:
            rows, length = file.patch.count("\n") + 1, len(file.patch.encode("utf-8", "replace"))
            lines, size = lines + rows, size + length
            if (
                rows <= limits.patch_lines
                and length <= limits.patch_bytes
                and lines <= limits.diff_lines
                and size <= limits.diff_bytes
            ):
                entry["patch"] = file.patch
        shown.append(entry)
    return shown


@endpoint("GET /repos/{owner}/{repo}/pulls", "pull_requests:read", gives="[PullRequestSimple]")
def list_pulls(call: Call) -> Reply:
    state = call.query.get("state", "open")
    found = [p for p in call.repository.pulls.values() if state in ("all", p.state)]
    if "head" in call.query:
        found = [p for p in found if f"{p.source.owner.login}:{p.head}" == call.query["head"]]
    return call.page([p.simple for p in sorted(found, key=lambda p: -p.number)])


@endpoint(
    "GET /repos/{owner}/{repo}/pulls/{pull_number}", "pull_requests:read", gives="PullRequest"
)
def show_pull(call: Call) -> Reply:
    pull = pull_of(call)
    if not call.accepts("diff"):
        return Reply(200, pull.json())
    limits = call.github.limits
    start = pull.merge_base()
    text = pull.repository.objects.git("diff", "-M", start or NOTHING, pull.head_sha)
    if len(pull.files()) > limits.diff_files or text.count(b"\n") > limits.diff_lines:
        raise Refused(
            406,
            f"Sorry, the diff exceeded the maximum number of lines ({limits.diff_lines})",
            [{"resource": "PullRequest", "field": "diff", "code": "too_large"}],
        )
    return Reply(200, Raw(text), {"Content-Type": "application/vnd.github.diff; charset=utf-8"})


@endpoint(
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/files", "pull_requests:read", gives="[DiffEntry]"
)
def list_files(call: Call) -> Reply:
    return call.page(shown_files(pull_of(call)))


@endpoint(
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    "pull_requests:read",
    gives="[PullRequestSimple]",
)
def list_pulls_of_commit(call: Call) -> Reply:
    """A fork's commits are not found here."""
    sha = call.params["commit_sha"]
    found = [p for p in call.repository.pulls.values() if p.same_repository and p.head_sha == sha]
    return call.page([p.simple for p in found])
