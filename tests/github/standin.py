"""A stand-in for GitHub on loopback, which refuses what the real one refuses."""

import asyncio
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

# Each of these registers its endpoints.
from tests.github import checks, contents, issues, pulls, review_endpoints, server  # noqa: F401
from tests.github import web as website
from tests.github.accounts import Account
from tests.github.apps import App, Installation, Token
from tests.github.deliveries import Attempt, Delivery, Post, build, send
from tests.github.faults import Fault
from tests.github.git import Objects
from tests.github.issues import IssueComment
from tests.github.limits import Bucket, Limits, Pace
from tests.github.pulls import PullRequest
from tests.github.repository import Repository
from tests.github.rest import Caller

PERMISSIONS = {"metadata": "read", "contents": "read", "pull_requests": "write", "checks": "write"}
EVENTS = ("pull_request", "check_run", "check_suite")


class StandIn:
    """One GitHub. `requests` is the log; `violations` are breaches of GitHub's description.

    >>> async with await StandIn.start() as github:
    ...     app = github.add_app()
    ...     repository = github.add_repository("octo/shop", installed=app)
    ...     repository.commit("main", {"README.md": "A shop"})
    ...     repository.commit("feature", {"Dockerfile": "FROM scratch"})
    ...     pull = repository.open_pull_request("feature")
    ...     await github.deliver("pull_request", pull, action="opened")
    """

    def __init__(self) -> None:
        memory = Path("/dev/shm")  # many small files
        place = memory if memory.is_dir() else None
        self._folder = tempfile.TemporaryDirectory(prefix="github-", dir=place)
        self._runner: web.AppRunner | None = None
        self._ids = 1000
        self._skew = timedelta()
        self.url = ""
        self.limits = Limits()
        self.accounts: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[str, Repository] = {}
        """By full name in lower case."""
        self.moved: dict[str, Repository] = {}
        self.issue_comments: dict[int, IssueComment] = {}
        self.attempts: list[Attempt] = []
        self.tasks: set[Any] = set()
        self.manifests: dict[str, tuple[Mapping[str, Any], datetime]] = {}
        self.faults: list[Fault] = []
        self.requests: list[server.Request] = []
        self.violations: list[str] = []
        self.in_flight = 0
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._paces: dict[str, Pace] = {}

    @classmethod
    async def start(cls) -> Self:
        """Listen on a free port of 127.0.0.1."""
        github = cls()
        application = web.Application(client_max_size=64 * 2**20)

        async def handle(request: web.Request) -> web.StreamResponse:
            return await server.handle(github, request)

        website.add_routes(github, application.router)
        application.router.add_route("*", "/{path:.*}", handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        github._runner = runner
        github.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return github

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self.close()

    def close(self) -> None:
        """End one that was never started: `StandIn()` serves tests that need no HTTP."""
        self._folder.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def graphql(self) -> str:
        return f"{self.url}/graphql"

    # --- the clock ---

    def now(self) -> datetime:
        return datetime.now(UTC) + self._skew

    def stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def advance(self, seconds: float) -> None:
        """Let time pass: tokens expire, limits are forgotten."""
        self._skew += timedelta(seconds=seconds)

    def new_id(self) -> int:
        self._ids += 1
        return self._ids

    # --- what there is ---

    def account(self, login: str, kind: str = "User") -> Account:
        """The account of that name, made when it is new. `kind`: User, Organization or Bot."""
        if login not in self.accounts:
            self.accounts[login] = Account(self.new_id(), login, kind)
        return self.accounts[login]

    def add_app(
        self,
        *,
        permissions: Mapping[str, str] = PERMISSIONS,
        events: Sequence[str] = EVENTS,
        webhook_secret: str = "It's a Secret to Everybody",
        webhook_url: str | None = None,
        slug: str = "layerwise",
    ) -> App:
        """`permissions` are what it asks of those who install it."""
        number = 1000 + len(self.apps)
        bot = self.account(f"{slug}[bot]", "Bot")
        owner = self.account("layerwise-owner", "Organization")
        app = App(
            number, slug, owner, bot, dict(permissions), list(events), webhook_secret, webhook_url,
            self.stamp(),
        )  # fmt: skip
        self.apps[number] = app
        return app

    def add_repository(
        self,
        full_name: str,
        *,
        private: bool = False,
        installed: App | None = None,
        default_branch: str = "main",
        owner_type: str = "Organization",
        clone: Path | None = None,
    ) -> Repository:
        """A repository with no commits, or with those of `clone` (a git directory).

        The branch `default_branch` of a clone begins at its HEAD. `installed` installs that App.
        """
        owner, _, name = full_name.partition("/")
        number = self.new_id()
        objects = Objects(Path(self._folder.name) / str(number), clone)
        repository = Repository(
            self, number, self.account(owner, owner_type), name, objects,
            private=private, default_branch=default_branch,
        )  # fmt: skip
        if clone is not None:
            head = objects.git("--git-dir", str(clone), "rev-parse", "HEAD")
            repository.branches[default_branch] = head.decode().strip()
        return self._keep(repository, installed)

    def fork(
        self, repository: Repository, owner: str, *, installed: App | None = None
    ) -> Repository:
        """A fork with the same branches; objects of either can be read through both."""
        fork = Repository(
            self, self.new_id(), self.account(owner), repository.name, repository.objects,
            private=repository.private, default_branch=repository.default_branch, parent=repository,
        )  # fmt: skip
        fork.branches |= repository.branches
        return self._keep(fork, installed)

    def _keep(self, repository: Repository, installed: App | None) -> Repository:
        self.repositories[repository.full_name.lower()] = repository
        if installed is not None:
            self.install(installed, repository)
        return repository

    def rename(self, repository: Repository, name: str) -> None:
        """Give it another name in the same account; the old one redirects."""
        old = repository.full_name.lower()
        del self.repositories[old]
        self.moved[old] = repository
        repository.name = name
        self.repositories[repository.full_name.lower()] = repository

    def install(
        self, app: App, repository: Repository, permissions: Mapping[str, str] | None = None
    ) -> Installation:
        """Install an App on a repository; an account has one installation of it."""
        for installation in self.installations.values():
            if installation.app is app and installation.account is repository.owner:
                break
        else:
            number = self.new_id()
            granted = dict(app.permissions)
            installation = Installation(number, app, repository.owner, self.stamp(), granted)
            self.installations[number] = installation
        installation.repository_ids.add(repository.id)
        if permissions is not None:
            installation.permissions = dict(permissions)
        return installation

    def installation(self, repository: Repository, app: App | None = None) -> Installation:
        """Where an App (the only one) is installed on a repository; LookupError when it is not."""
        for installation in self.installations.values():
            if repository.id in installation.repository_ids and app in (None, installation.app):
                return installation
        raise LookupError(repository.full_name)

    def comment(
        self, pull: PullRequest, body: str, by: Account | str, app: App | None = None
    ) -> IssueComment:
        """Write below a pull request."""
        author = self.account(by) if isinstance(by, str) else by
        number, now = self.new_id(), self.stamp()
        self.issue_comments[number] = IssueComment(number, pull, author, body, now, now, app)
        return self.issue_comments[number]

    def comments_on(self, pull: PullRequest) -> list[IssueComment]:
        return [c for c in self.issue_comments.values() if c.pull is pull]

    def pulls_from(self, source: Repository, branch: str) -> list[PullRequest]:
        """The open pull requests whose head is that branch."""
        every = (pull for r in self.repositories.values() for pull in r.pulls.values())
        return [p for p in every if (p.source, p.head, p.state) == (source, branch, "open")]

    def manifest_code(self, manifest: Mapping[str, Any]) -> str:
        """The code that comes back from the page which makes an App of a manifest."""
        code = secrets.token_hex(20)
        self.manifests[code] = (manifest, self.now())
        return code

    # --- webhooks ---

    def delivery(
        self, event: str, subject: Any, *, action: str | None = None, app: App | None = None,
        sender: str | None = None, **more: Any,
    ) -> Delivery:  # fmt: skip
        """A signed delivery as GitHub sends it, not sent; see deliveries.py for the subjects."""
        return build(
            self, event, subject, action, app or next(iter(self.apps.values())), sender, more
        )

    async def deliver(
        self, event: str, subject: Any, *, action: str | None = None, app: App | None = None,
        sender: str | None = None, **more: Any,
    ) -> Post:  # fmt: skip
        """Build a delivery and post it to the App's webhook_url; it enters the App's log."""
        return await send(
            self, self.delivery(event, subject, action=action, app=app, sender=sender, **more)
        )

    async def redeliver(self, delivery: Delivery) -> Post:
        """Post the same once more, under the same GUID."""
        return await send(self, delivery, redelivery=True)

    async def settle(self) -> None:
        """Wait for what is sent again because the App asked for it."""
        await asyncio.gather(*self.tasks)

    # --- limits, faults, the log ---

    def bucket(self, caller: Caller, resource: str) -> Bucket:
        """What a caller has left of its hour."""
        key = (caller.key, resource)
        now = int(self.now().timestamp())
        bucket = self._buckets.get(key)
        if bucket is None or bucket.reset <= now:
            limits = self.limits
            limit = (
                limits.requests_per_hour if resource == "core" else limits.graphql_points_per_hour
            )
            bucket = self._buckets[key] = Bucket(resource, limit, now + 3600)
        return bucket

    def pace(self, caller: Caller) -> Pace:
        return self._paces.setdefault(caller.key, Pace())

    def fail(self, kind: str, where: str = "", **how: Any) -> Fault:
        """Let something go wrong with the next request whose "METHOD /path" matches `where`."""
        fault = Fault(kind, where, **how)
        self.faults.append(fault)
        return fault

    def asked(self, endpoint: str = "") -> list[server.Request]:
        """The requests to an endpoint, as "POST /repos/{owner}/{repo}/check-runs" or part of it."""
        return [request for request in self.requests if endpoint in request.endpoint]

    def counts(self) -> dict[str, int]:
        """How often each endpoint was asked."""
        counts: dict[str, int] = {}
        for request in self.requests:
            counts[request.endpoint] = counts.get(request.endpoint, 0) + 1
        return counts
