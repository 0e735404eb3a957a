"""The set-up page: makes our GitHub App through GitHub's manifest flow, and keeps its credentials.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest

    GET  /setup?token=…           what to choose          (the link is printed on the console)
    POST /setup                   sends the manifest on to GitHub, where it is confirmed
    GET  /setup/created?code&state  fetches the App, keeps it, goes on to its installation page
"""

import json
import logging
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web
from cachetools import TTLCache

from bot.github.client import API_VERSION, open_session
from bot.github.transport import Transport, Unavailable
from bot.pages import BadForm, page, read_form
from bot.queue.storage import StorageError
from bot.settings import App, Settings, is_loopback, read_app

PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "checks": "write",
    "issues": "read",  # comments below a pull request: commands
    "merge_queues": "read",
}
EVENTS = (
    "check_run",
    "check_suite",
    "issue_comment",
    "merge_group",
    "pull_request",
    "pull_request_review_comment",
    "pull_request_review_thread",
)
"""What concerns the installation itself comes without being asked for."""
HOUR = 3600.0
"""Seconds that GitHub gives the whole flow."""

log = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818  an answer, not a mishap
    """What was asked for cannot be done; the message is for the operator."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator chose. `organization` is empty for a personal account."""

    url: str
    organization: str = ""
    public: bool = False
    commits: bool = False
    keep: bool = True

    @classmethod
    def of(cls, form: Mapping[str, str], public_url: str | None) -> "Choice":
        """From the form of the page; raises Refused. `public_url` goes before what it says."""
        url = public_url or form.get("url", "").strip().rstrip("/")
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused("The address must begin with https://.")
        if is_loopback(parts.hostname):
            raise Refused("GitHub cannot reach this machine by that name: open a tunnel to it.")
        organization = ""
        if form.get("owner") == "organization":
            organization = form.get("organization", "").strip()
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}", organization):
                raise Refused("The organisation's name is missing or malformed.")
        public, commits = form.get("public") == "yes", form.get("commits") == "yes"
        return cls(url, organization, public, commits, form.get("keep") != "show")

    @property
    def manifest(self) -> dict[str, Any]:
        """The App as GitHub is to make it; its name can still be changed there."""
        name = f"Layerwise {self.organization}" if self.organization else "Layerwise"
        return {
            "name": name[:34],  # GitHub takes no more
            "url": self.url,
            "description": "Reviews Dockerfiles for the build cache",
            "hook_attributes": {"url": f"{self.url}/webhook", "active": True},
            "redirect_url": f"{self.url}/setup/created",
            "setup_url": f"{self.url}/",
            "public": self.public,
            "default_permissions": {
                **PERMISSIONS,
                "contents": "write" if self.commits else "read",
            },
            "default_events": list(EVENTS),
        }


class Setup:
    """Makes one App, for who has `token`; `use` is then given it and begins to serve."""

    def __init__(self, settings: Settings, use: Callable[[App], Awaitable[None]]) -> None:
        self.token = secrets.token_urlsafe(24)
        self._settings = settings
        self._use = use
        self._pending: TTLCache[str, Choice] = TTLCache(100, HOUR)
        self._done = settings.app is not None

    @property
    def link(self) -> str:
        """Where the page is, for the console."""
        base = self._settings.public_url or f"http://localhost:{self._settings.port}"
        return f"{base}/setup?token={self.token}"

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Serve the page."""
        router.add_get("/setup", self.ask)
        router.add_post("/setup", self.send)
        router.add_get("/setup/created", self.receive)

    async def ask(self, request: web.Request) -> web.Response:
        """GET /setup: what can be chosen."""
        try:
            self._admit(request.query.get("token", ""))
        except Refused as error:
            return _refusal(error)
        return self._form(request)

    async def send(self, request: web.Request) -> web.Response:
        """POST /setup: the manifest, which the browser sends on to GitHub."""
        try:
            form = await read_form(request)
            self._admit(form.get("token", ""))
        except (BadForm, Refused) as error:
            return _refusal(error)
        try:
            choice = Choice.of(form, self._settings.public_url)
        except Refused as error:
            return self._form(request, str(error), form)
        state = secrets.token_urlsafe(24)
        self._pending[state] = choice
        github = self._settings.github_url
        owner = f"/organizations/{choice.organization}" if choice.organization else ""
        return page(
            "setup_send.html",
            posts_to=[github],
            action=f"{github}{owner}/settings/apps/new?{urlencode({'state': state})}",
            manifest=json.dumps(choice.manifest),
        )

    async def receive(self, request: web.Request) -> web.Response:
        """GET /setup/created: GitHub has made the App and sends its browser back with a code."""
        try:
            choice = self._take(request.query.get("state", ""))
            app, made = await self._convert(request.query.get("code", ""))
        except Refused as error:
            return _refusal(error)
        self._done = True
        kept = choice.keep and _keep(self._settings.app_file, made)
        try:
            await self._use(app)
        except StorageError as error:  # the App is made: it must not be lost for that
            log.error("start again when the database can be used: %s", error)  # noqa: TRY400
        if kept:
            raise web.HTTPSeeOther(self._installation(made))
        return page(
            "setup_shown.html",
            app=app,
            installation=self._installation(made),
            file=self._settings.app_file if choice.keep else None,
        )

    def _admit(self, token: str) -> None:
        if self._done:
            raise Refused("An App is configured.", 404)
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            raise Refused("Open the link that the server printed when it started.", 403)

    def _take(self, state: str) -> Choice:
        """What was chosen on the page that GitHub answers to: it answers once."""
        if self._done:
            raise Refused("An App is configured.", 404)
        choice = self._pending.pop(state, None)
        if choice is None:
            raise Refused("This link was used, is too old, or was not made here.", 403)
        return choice

    def _form(
        self, request: web.Request, fault: str = "", form: Mapping[str, str] | None = None
    ) -> web.Response:
        empty = dict.fromkeys(("owner", "organization", "public", "commits", "keep"), "")
        given = {**empty, "url": str(request.url.origin()), **(form or {})}
        return page(
            "setup.html",
            status=400 if fault else 200,
            fault=fault,
            given=given,
            token=self.token,
            public_url=self._settings.public_url,
            github=urlsplit(self._settings.github_url).netloc,
            file=self._settings.app_file.absolute(),
        )

    async def _convert(self, code: str) -> tuple[App, Mapping[str, Any]]:
        """The App that GitHub made, and all that it says of it: it gives it once."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", code):
            raise Refused("GitHub's code is missing or malformed.")
        base = self._settings.github_api_url
        headers = {
            "accept": "application/vnd.github+json",
            "user-agent": "layerwise",
            "x-github-api-version": API_VERSION,
        }
        async with open_session() as session:
            transport = Transport(session, base, lambda *_: None)
            try:
                answer = await transport.send(
                    "POST", f"{base}/app-manifests/{code}/conversions", headers
                )
            except Unavailable as error:
                raise Refused(f"GitHub cannot be reached: {error}", 502) from error
        if answer.status != 201:
            log.error("GitHub did not give the App: %d %s", answer.status, answer.complaint())
            raise Refused(f"GitHub did not give the App (it answered {answer.status}).", 502)
        try:
            return read_app(answer.body), json.loads(answer.body)
        except ValueError as error:
            raise Refused(f"GitHub's answer cannot be used: {error}.", 502) from error

    def _installation(self, made: Mapping[str, Any]) -> str:
        """Where the App is installed: GHES has Apps in another place than github.com."""
        github, url = self._settings.github_url, str(made.get("html_url", ""))
        if not url.startswith(f"{github}/"):
            url = f"{github}/apps/{made.get('slug', '')}"
        return f"{url}/installations/new"


def _refusal(error: Refused | BadForm) -> web.Response:
    return page("setup_refused.html", status=error.status, reason=str(error))


def _keep(path: Path, made: Mapping[str, Any]) -> bool:
    """Write the credentials where only we can read them; False when that cannot be done."""
    kept = {name: made.get(name) for name in ("id", "slug", "html_url", "pem", "webhook_secret")}
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with open(fresh, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            json.dump(kept, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        log.error("the App's credentials cannot be kept in a file: %s", error)  # noqa: TRY400
        return False
    return True
