"""What one caller sees of repositories and pull requests by GraphQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.github.accounts import Account, node_id, read_node_id
from tests.github.checks import CheckRun
from tests.github.connections import Item, connection
from tests.github.git import Entry
from tests.github.issues import IssueComment
from tests.github.pulls import PullRequest
from tests.github.rest import Caller, Trouble
from tests.github.reviews import Review, ReviewComment, Thread

if TYPE_CHECKING:
    from tests.github.repository import Repository
    from tests.github.standin import StandIn

REACTIONS = {
    "THUMBS_UP": "+1", "THUMBS_DOWN": "-1", "LAUGH": "laugh", "HOORAY": "hooray",
    "CONFUSED": "confused", "HEART": "heart", "ROCKET": "rocket", "EYES": "eyes",
}  # fmt: skip
"""As GraphQL and as REST name them."""
FORBIDDEN = "Resource not accessible by integration"


@dataclass(slots=True)
class View:
    """What one caller sees. Values are plain or functions that graphql-core calls when asked."""

    github: "StandIn"
    caller: Caller
    connections: int = 0

    def cost(self) -> int:
        """https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api ."""
        return max(round(self.connections / 100), 1)

    def need(self, repository: "Repository", *permissions: str) -> None:
        """Trouble (FORBIDDEN) when the token lacks one of these in this repository."""
        public = not repository.private and all(p.endswith(":read") for p in permissions)
        mine = repository.id in self.caller.repository_ids
        if not (all(self.caller.may(p) for p in permissions) if mine else public):
            raise Trouble("FORBIDDEN", FORBIDDEN)

    def may(self, repository: "Repository", *permissions: str) -> bool:
        mine = repository.id in self.caller.repository_ids
        return mine and all(self.caller.may(p) for p in permissions)

    def page(
        self, name: str, items: Sequence[Any], show: Callable[[Any], Any]
    ) -> Callable[..., Item]:
        """A connection, to be called with what was asked for."""

        def resolve(_info: Any, **asked: Any) -> Item:
            self.connections += 1
            return connection(name, items, show, asked)

        return resolve

    def query(self) -> Item:
        return {
            "repository": self.find_repository,
            "rateLimit": self.rate_limit,
            "viewer": lambda _info: {**self.actor(self.me), "login": self.me.login},
            "node": lambda _info, id: self.node(id),  # noqa: A006  GraphQL's name
            "nodes": lambda _info, ids: [self.node(each) for each in ids],
        }

    @property
    def me(self) -> Account:
        assert self.caller.account is not None
        return self.caller.account

    def rate_limit(self, _info: Any, **_more: Any) -> Item:
        bucket = self.github.bucket(self.caller, "graphql")
        reset = datetime.fromtimestamp(bucket.reset, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            **bucket.json(),
            "cost": self.cost(),
            "resetAt": reset,
            "nodeCount": self.connections,
        }

    def find_repository(self, _info: Any, owner: str, name: str, **_more: Any) -> Item:
        full = f"{owner}/{name}"
        found = self.github.repositories.get(full.lower()) or self.github.moved.get(full.lower())
        if found is None or (found.private and found.id not in self.caller.repository_ids):
            raise Trouble("NOT_FOUND", f"Could not resolve to a Repository with the name '{full}'.")
        return self.repository(found)

    def actor(self, account: Account) -> Item:
        """A bot's login has no `[bot]` here."""
        return {
            "__typename": account.type,
            "id": account.node_id,
            "login": account.login.removesuffix("[bot]"),
            "databaseId": account.id,
            "url": f"https://github.com/{account.login}",
        }

    def repository(self, repository: "Repository") -> Item:
        def ref(branch: str) -> Item | None:
            if branch not in repository.branches:
                return None
            return self.ref(repository, branch)

        return {
            "__typename": "Repository",
            "id": node_id("Repository", repository.id),
            "databaseId": repository.id,
            "name": repository.name,
            "nameWithOwner": repository.full_name,
            "isPrivate": repository.private,
            "isArchived": False,
            "url": repository.html_url,
            "owner": self.actor(repository.owner),
            "object": lambda _info, **which: self.named(repository, **which),
            "defaultBranchRef": lambda _info: ref(repository.default_branch),
            "ref": lambda _info, qualifiedName: ref(qualifiedName.removeprefix("refs/heads/")),  # noqa: N803
            "pullRequest": lambda _info, number: self.find_pull(repository, number),
        }

    def ref(self, repository: "Repository", branch: str) -> Item:
        return {
            "id": node_id("Ref", f"{repository.id}:{branch}"),
            "name": branch,
            "target": lambda _info: self.commit(repository, repository.branches[branch]),
        }

    def named(
        self, repository: "Repository", expression: str | None = None, oid: str | None = None
    ) -> Item | None:
        """`REV`, `REV:path`, or an object's name; null when there is none."""
        self.need(repository, "contents:read")
        revision, colon, path = (expression or oid or "").partition(":")
        try:
            if not colon:
                return self.by_sha(repository, revision)
            commit = repository.objects.commit(repository.resolve(revision))
            if path == "":
                return self.tree(repository, commit.tree)
            entry = repository.objects.files(commit.tree).get(path.strip("/"))
            return None if entry is None else self.entry_object(repository, entry)
        except LookupError:
            return None

    def by_sha(self, repository: "Repository", revision: str) -> Item:
        try:
            return self.commit(repository, repository.resolve(revision))
        except LookupError:
            kind, _ = repository.objects.read(revision)
            return (
                self.tree(repository, revision)
                if kind == "tree"
                else self.blob(repository, revision)
            )

    def entry_object(self, repository: "Repository", entry: Entry) -> Item | None:
        if entry.kind == "blob":
            return self.blob(repository, entry.sha)
        return self.tree(repository, entry.sha) if entry.kind == "tree" else None

    def git_object(self, kind: str, sha: str) -> Item:
        return {"__typename": kind, "id": node_id(kind, sha), "oid": sha, "abbreviatedOid": sha[:7]}

    def blob(self, repository: "Repository", sha: str) -> Item:
        content = repository.objects.blob(sha)
        binary = b"\0" in content[:8000]
        limit = self.github.limits.blob_text
        return {
            **self.git_object("Blob", sha),
            "byteSize": len(content),
            "isBinary": binary,
            "isTruncated": len(content) > limit,
            "text": None if binary else content[:limit].decode("utf-8", "replace"),
        }

    def tree(self, repository: "Repository", sha: str) -> Item:
        def entries(_info: Any) -> list[Item]:
            files = repository.objects.files(sha)
            return [self.entry(repository, p, e) for p, e in files.items() if "/" not in p]

        return {**self.git_object("Tree", sha), "entries": entries}

    def entry(self, repository: "Repository", path: str, entry: Entry) -> Item:
        return {
            "name": path.rpartition("/")[2],
            "path": path,
            "mode": int(entry.mode, 8),
            "type": entry.kind,
            "oid": entry.sha,
            "size": entry.size or 0,
            "object": lambda _info: self.entry_object(repository, entry),
        }

    def commit(self, repository: "Repository", sha: str) -> Item:
        commit = repository.objects.commit(sha)

        def file(_info: Any, path: str) -> Item | None:
            entry = repository.objects.files(commit.tree).get(path)
            return None if entry is None else self.entry(repository, path, entry)

        def history(info: Any, path: str | None = None, **asked: Any) -> Item:
            bounds = [f"--{k}={asked[k]}" for k in ("since", "until") if asked.get(k)]
            shas = repository.objects.commits(*bounds, sha, path=path)
            return self.page("history", shas, lambda each: self.commit(repository, each))(
                info, **asked
            )

        return {
            **self.git_object("Commit", sha),
            "committedDate": commit.committer.date.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "message": commit.message,
            "messageHeadline": commit.message.split("\n")[0],
            "url": f"{repository.html_url}/commit/{sha}",
            "tree": lambda _info: self.tree(repository, commit.tree),
            "file": file,
            "history": history,
            "checkSuites": self._suites(repository, sha),
        }

    def _suites(self, repository: "Repository", sha: str) -> Callable[..., Item]:
        """One suite for each App, with its runs."""

        def suites(info: Any, filterBy: Item | None = None, **asked: Any) -> Item:  # noqa: N803
            self.need(repository, "checks:read")
            wanted = filterBy or {}
            runs = [r for r in repository.check_runs.values() if r.head_sha == sha]
            found: dict[int, list[CheckRun]] = {}
            for run in runs:
                if wanted.get("appId", run.app.id) == run.app.id:
                    found.setdefault(run.suite_id, []).append(run)
            named = wanted.get("checkName")
            kept = [s for s in found.items() if not named or any(r.name == named for r in s[1])]
            return self.page("checkSuites", kept, self.suite)(info, **asked)

        return suites

    def suite(self, suite: tuple[int, "list[CheckRun]"]) -> Item:
        number, runs = suite

        def check_runs(info: Any, filterBy: Item | None = None, **asked: Any) -> Item:  # noqa: N803
            wanted = filterBy or {}
            found = [r for r in runs if wanted.get("checkName", r.name) == r.name]
            if wanted.get("checkType", "LATEST") == "LATEST":
                found = list({r.name: r for r in found}.values())
            return self.page("checkRuns", found, self.check_run)(info, **asked)

        return {"id": node_id("CheckSuite", number), "databaseId": number, "checkRuns": check_runs}

    def check_run(self, run: CheckRun) -> Item:
        return {
            "id": node_id("CheckRun", run.id),
            "databaseId": run.id,
            "name": run.name,
            "externalId": run.external_id,
            "status": run.status.upper(),
            "conclusion": run.conclusion and run.conclusion.upper(),
        }

    def find_pull(self, repository: "Repository", number: int) -> Item:
        self.need(repository, "pull_requests:read")
        if number not in repository.pulls:
            raise Trouble(
                "NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}."
            )
        return self.pull(repository.pulls[number])

    def pull(self, pull: PullRequest) -> Item:
        def reviews(info: Any, states: list[str] | None = None, **asked: Any) -> Item:
            found = [r for r in pull.reviews if r.submitted or r.author == self.me]
            found = [r for r in found if states is None or r.state in states]
            return self.page("reviews", found, self.review)(info, **asked)

        return {
            "__typename": "PullRequest",
            "id": node_id("PullRequest", pull.id),
            "databaseId": pull.id,
            "number": pull.number,
            "title": pull.title,
            "body": pull.body or "",
            "url": pull.html_url,
            "state": "MERGED" if pull.merged else pull.state.upper(),
            "isDraft": pull.draft,
            "merged": pull.merged is not None,
            "closed": pull.state == "closed",
            "isCrossRepository": not pull.same_repository,
            "headRefOid": pull.head_sha,
            "headRefName": pull.head,
            "baseRefOid": pull.base_sha,
            "baseRefName": pull.base,
            "author": self.actor(pull.author),
            "viewerDidAuthor": pull.author == self.me,
            "reviewThreads": self.page("reviewThreads", self._threads(pull), self.thread),
            "reviews": reviews,
            "comments": self.page("comments", pull.issue_comments, self.comment),
            "commits": self.page("commits", self._commits(pull), self._commit_of(pull)),
            "headRepository": lambda _info: self.repository(pull.source),
        }

    @staticmethod
    def _commits(pull: PullRequest) -> list[str]:
        """The oldest first."""
        start = pull.merge_base()
        since = [f"^{start}"] if start else []
        return pull.repository.objects.commits(pull.head_sha, *since)[::-1]

    def _commit_of(self, pull: PullRequest) -> Callable[[str], Item]:
        return lambda sha: {
            "id": node_id("PullRequestCommit", sha),
            "commit": lambda _info: self.commit(pull.repository, sha),
        }

    def _threads(self, pull: PullRequest) -> list[Thread]:
        return [t for t in pull.threads if any(self._sees(c) for c in t.comments)]

    def _sees(self, comment: ReviewComment) -> bool:
        return comment.review.submitted is not None or comment.author == self.me

    def thread(self, thread: Thread) -> Item:
        first, now = thread.original, thread.anchor
        closable = self.may(thread.pull.repository, "contents:write", "pull_requests:write")
        writable = self.may(thread.pull.repository, "pull_requests:write")
        comments = [c for c in thread.comments if self._sees(c)]
        return {
            "__typename": "PullRequestReviewThread",
            "id": node_id("PullRequestReviewThread", thread.id),
            "isResolved": thread.resolved,
            "isOutdated": thread.outdated,
            "isCollapsed": thread.resolved or thread.outdated,
            "viewerCanResolve": closable and not thread.resolved,
            "viewerCanUnresolve": closable and thread.resolved,
            "viewerCanReply": writable,
            "path": first.path if now is None else now.path,
            "line": None if now is None else now.line,
            "startLine": None if now is None else now.start_line,
            "originalLine": first.line,
            "originalStartLine": first.start_line,
            "diffSide": first.side,
            "startDiffSide": first.start_side,
            "subjectType": first.subject.upper(),
            "resolvedBy": None if thread.resolved_by is None else self.actor(thread.resolved_by),
            "comments": self.page("comments", comments, self.review_comment),
        }

    def written(
        self, kind: str, item: "Review | ReviewComment | IssueComment", pull: PullRequest
    ) -> Item:
        """What all that a person or bot wrote has in common."""
        needs = ["pull_requests:write", *(["issues:write"] if kind == "IssueComment" else [])]
        mine = item.author == self.me
        return {
            "__typename": kind,
            "id": node_id(kind, item.id),
            "databaseId": item.id,
            "fullDatabaseId": str(item.id),
            "author": self.actor(item.author),
            "authorAssociation": pull.association(item.author),
            "body": item.body,
            "url": item.html_url,
            "viewerDidAuthor": mine,
            "reactionGroups": self._reactions(item),
            "isMinimized": item.minimized is not None,
            "minimizedReason": item.minimized and item.minimized.lower().replace("_", "-"),
            "viewerCanMinimize": self.may(pull.repository, *needs),
            "viewerCanDelete": mine and self.may(pull.repository, *needs),
            "viewerCanUpdate": mine and self.may(pull.repository, *needs),
        }

    def _reactions(self, item: "Review | ReviewComment | IssueComment") -> list[Item]:
        """All kinds, those that nobody gave too."""
        given = {(r.user.id, r.content) for r in getattr(item, "reactions", ())}
        return [
            {"content": name, "viewerHasReacted": (self.me.id, content) in given}
            for name, content in REACTIONS.items()
        ]

    def comment(self, comment: IssueComment) -> Item:
        return {**self.written("IssueComment", comment, comment.pull), "createdAt": comment.created}

    def review(self, review: Review) -> Item:
        return {
            **self.written("PullRequestReview", review, review.pull),
            "createdAt": review.submitted or self.github.stamp(),
            "state": review.state,
            "submittedAt": review.submitted,
            "commit": lambda _info: self.commit(review.pull.repository, review.commit),
        }

    def review_comment(self, comment: ReviewComment) -> Item:
        thread = comment.thread
        first = thread.comments[0]
        return {
            **self.written("PullRequestReviewComment", comment, thread.pull),
            "path": thread.original.path,
            "line": comment.line,
            "startLine": comment.start_line,
            "originalLine": thread.original.line,
            "diffHunk": thread.original.diff_hunk,
            "createdAt": comment.created,
            "outdated": thread.outdated,
            "state": "SUBMITTED" if comment.review.submitted else "PENDING",
            "replyTo": None
            if comment.in_reply_to is None
            else lambda _info: self.review_comment(first),
            "pullRequestReview": lambda _info: self.review(comment.review),
        }

    def found(self, identity: str) -> Any:
        """What a node id names, as our own object; Trouble when nothing that is seen has it."""
        kind, number = read_node_id(identity)
        for repository in self.github.repositories.values():
            if repository.private and repository.id not in self.caller.repository_ids:
                continue
            for pull in repository.pulls.values():
                items: Mapping[str, Sequence[Any]] = {
                    "PullRequest": [pull],
                    "PullRequestReview": pull.reviews,
                    "PullRequestReviewThread": pull.threads,
                    "PullRequestReviewComment": pull.comments,
                    "IssueComment": pull.issue_comments,
                }
                for item in items.get(kind, ()):
                    if str(item.id) == number:
                        return item
        raise Trouble(
            "NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'"
        )

    def node(self, identity: str) -> Item:
        item = self.found(identity)
        pull = (
            item
            if isinstance(item, PullRequest)
            else item.pull
            if not isinstance(item, ReviewComment)
            else item.thread.pull
        )
        self.need(pull.repository, "pull_requests:read")
        show: Any = {
            PullRequest: self.pull, Review: self.review, Thread: self.thread,
            ReviewComment: self.review_comment, IssueComment: self.comment,
        }[type(item)]  # fmt: skip
        shown: Item = show(item)
        return shown
