"""A repository: branches of real commits, people with permissions, pull requests."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.github.accounts import API, WEB, Account, node_id
from tests.github.git import EXECUTABLE, FILE, SYMLINK, Entry, Objects, Person

if TYPE_CHECKING:
    from tests.github.checks import CheckRun
    from tests.github.pulls import PullRequest
    from tests.github.standin import StandIn

_PLACES = {
    "archive": "/{archive_format}{/ref}", "assignees": "{/user}", "blobs": "/git/blobs{/sha}",
    "branches": "{/branch}", "collaborators": "{/collaborator}", "comments": "{/number}",
    "commits": "{/sha}", "compare": "/{base}...{head}", "contents": "/{+path}", "contributors": "",
    "deployments": "", "downloads": "", "events": "", "forks": "", "git_commits": "{/sha}",
    "git_refs": "{/sha}", "git_tags": "{/sha}", "hooks": "", "issue_comment": "{/number}",
    "issue_events": "{/number}", "issues": "{/number}", "keys": "{/key_id}", "labels": "{/name}",
    "languages": "", "merges": "", "milestones": "{/number}", "notifications": "", "pulls": "{/number}",
    "releases": "{/id}", "stargazers": "", "statuses": "/{sha}", "subscribers": "", "subscription": "",
    "tags": "", "teams": "", "trees": "/git/trees{/sha}",
}  # fmt: skip


class Repository:
    """`permissions` says what a person may do here: admin, write, read or none."""

    def __init__(
        self,
        github: "StandIn",
        number: int,
        owner: Account,
        name: str,
        objects: Objects,
        *,
        private: bool,
        default_branch: str,
        parent: "Repository | None" = None,
    ) -> None:
        self.github, self.id, self.owner, self.name = github, number, owner, name
        self.objects, self.private, self.default_branch = objects, private, default_branch
        self.parent = parent
        self.branches: dict[str, str] = {}
        self.permissions: dict[str, str] = {}
        self.verified: set[str] = set()
        """Commits that GitHub signed."""
        self.pulls: dict[int, PullRequest] = {}
        self.check_runs: dict[int, CheckRun] = {}
        self.created = github.stamp()
        self.pushed = self.created

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    @property
    def html_url(self) -> str:
        return f"{WEB}/{self.full_name}"

    @property
    def url(self) -> str:
        return f"{API}/repos/{self.full_name}"

    def commit(
        self,
        branch: str,
        changes: Mapping[str, str | bytes | None],
        message: str = "Change",
        *,
        executable: Collection[str] = (),
        symlinks: Collection[str] = (),
        author: str | None = None,
        committer: str | None = None,
        date: datetime | None = None,
        parents: Collection[str] | None = None,
        start: str | None = None,
    ) -> str:
        """Commit on `branch` and return the sha; None deletes a path, an unknown branch begins.

        A new branch begins at the branch `start`, else at the default branch, else at nothing.
        `parents` replaces the commits that come before (`()`: a history of its own).
        """
        tip = self.branches.get(branch) or self.branches.get(start or self.default_branch)
        before = [tip] if parents is None and tip else list(parents or ())
        files = dict(self.objects.files(self.objects.commit(before[0]).tree)) if before else {}
        for path, content in changes.items():
            if content is None:
                del files[path]
                continue
            body = (
                content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
            )
            kept = files[path].mode if path in files else FILE
            mode = EXECUTABLE if path in executable else SYMLINK if path in symlinks else kept
            files[path] = Entry(mode, self.objects.write("blob", body), len(body))
        return self.add_commit(
            branch, files, message, before, author=author, committer=committer, date=date
        )

    def add_commit(
        self,
        branch: str,
        files: Mapping[str, Entry],
        message: str,
        parents: Collection[str],
        *,
        author: str | None = None,
        committer: str | None = None,
        date: datetime | None = None,
    ) -> str:
        """Commit these files as they are and move the branch there."""
        when = date or self.github.now()
        wrote = Person(
            author or self.owner.login, f"{author or self.owner.login}@example.org", when
        )
        sent = Person(committer, "noreply@github.com", when) if committer else wrote
        tree = self.objects.write_tree(files)
        sha = self.objects.write_commit(tree, tuple(parents), message, wrote, sent)
        self.branches[branch] = sha
        self.pushed = self.github.stamp()
        return sha

    def files(self, revision: str) -> Mapping[str, Entry]:
        """The files of a branch or commit, folders too."""
        return self.objects.files(self.objects.commit(self.resolve(revision)).tree)

    def text(self, path: str, revision: str | None = None) -> str:
        """A file's text on a branch or commit; KeyError when it is not there."""
        entry = self.files(revision or self.default_branch)[path]
        return self.objects.blob(entry.sha).decode("utf-8", "surrogateescape")

    def resolve(self, revision: str) -> str:
        """The sha that a branch, `HEAD`, `refs/heads/…`, `refs/pull/N/head` or a sha names.

        LookupError when nothing is named so.
        """
        name = revision.removeprefix("refs/").removeprefix("heads/")
        if name == "HEAD":
            name = self.default_branch
        if name in self.branches:
            return self.branches[name]
        parts = name.split("/")
        if parts[0] == "pull" and len(parts) == 3 and parts[1].isdigit():
            return self.pulls[int(parts[1])].head_sha
        return self.objects.commit(revision).sha if len(revision) == 40 else self._missing(revision)

    @staticmethod
    def _missing(revision: str) -> str:
        raise LookupError(revision)

    def open_pull_request(
        self,
        head: str,
        base: str | None = None,
        *,
        fork: "Repository | None" = None,
        draft: bool = False,
        author: str = "octocat",
        title: str = "A change",
        body: str | None = None,
    ) -> "PullRequest":
        """`fork` is the repository that holds the branch `head`, where it is not this one."""
        from tests.github.pulls import PullRequest  # noqa: PLC0415  a pull request knows its repository

        number = max(self.pulls, default=0) + 1
        pull = PullRequest(
            self, number, fork or self, head, base or self.default_branch,
            author=self.github.account(author), title=title, body=body, draft=draft,
        )  # fmt: skip
        self.pulls[number] = pull
        return pull

    def permission(self, login: str) -> str:
        """What a person may do here; reading what is public needs no invitation."""
        if login == self.owner.login:
            return "admin"
        return self.permissions.get(login, "none" if self.private else "read")

    def json(self) -> dict[str, Any]:
        """A `repository`, which also holds for the smaller forms of it."""
        urls = {
            f"{name}_url": self.url
            + (
                place
                if place.startswith("/git/") or name == "archive"
                else f"/{name.replace('git_', 'git/').replace('issue_comment', 'issues/comments').replace('issue_events', 'issues/events')}{place}"
            )
            for name, place in _PLACES.items()
        }
        count = len([p for p in self.pulls.values() if p.state == "open"])
        return {
            "id": self.id,
            "node_id": node_id("Repository", self.id),
            "name": self.name,
            "full_name": self.full_name,
            "private": self.private,
            "owner": self.owner.json(),
            "html_url": self.html_url,
            "description": None,
            "fork": self.parent is not None,
            "url": self.url,
            **urls,
            "git_url": f"git://github.com/{self.full_name}.git",
            "ssh_url": f"git@github.com:{self.full_name}.git",
            "clone_url": f"{self.html_url}.git",
            "svn_url": self.html_url,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "forks": 0,
            "forks_count": 0,
            "stargazers_count": 0,
            "watchers": 0,
            "watchers_count": 0,
            "size": 1,
            "default_branch": self.default_branch,
            "open_issues": count,
            "open_issues_count": count,
            "is_template": False,
            "topics": [],
            "has_issues": True,
            "has_projects": True,
            "has_wiki": True,
            "has_pages": False,
            "has_downloads": True,
            "has_discussions": False,
            "archived": False,
            "disabled": False,
            "visibility": "private" if self.private else "public",
            "pushed_at": self.pushed,
            "created_at": self.created,
            "updated_at": self.pushed,
            "allow_forking": True,
            "web_commit_signoff_required": False,
        }
