"""The operator's page: what waits, what was done of late, and what was given up, to be retried.

It is asked for with OPERATOR_TOKEN as the password (HTTP Basic, any user name), and is not there
when that is not set.
"""

import base64
import contextlib
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiohttp import web

from bot.job import Job
from bot.pages import BadForm, page, read_form
from bot.queue.ledger import DeadLetter, Depth, Done
from bot.queue.storage import StorageError
from bot.service import Runner
from bot.settings import Settings

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OperatorPage:
    """Serves the page of what a runner runs."""

    def __init__(self, settings: Settings, runner: Runner) -> None:
        self._token = (settings.operator_token or "").encode()
        self._github = settings.github_url
        self._runner = runner
        # Browsers send the password along with whatever any page makes them send: a form that
        # changes something also carries this, which only our page shows.
        self._proof = hmac.new(self._token, b"operator", hashlib.sha256).hexdigest()

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Serve it, where there is a token to ask for."""
        if self._token:
            router.add_get("/operator", self._guarded(self.show))
            router.add_post("/operator/retry", self._guarded(self.retry))

    async def show(self, _request: web.Request) -> web.StreamResponse:
        """GET /operator."""
        service = self._runner.service
        done: list[Done] = []
        dead: list[DeadLetter] = []
        depth: Depth | None = None
        if service is not None:
            queue = service.queue
            with contextlib.suppress(StorageError):  # it is among the faults
                depth, done, dead = await service.depth(), await queue.recent(), await queue.dead()
        return page(
            "operator.html",
            depth=depth,
            done=done,
            dead=dead,
            faults=await self._runner.faults(),
            proof=self._proof,
            link=self._link,
            moment=_moment,
        )

    async def retry(self, request: web.Request) -> web.StreamResponse:
        """POST /operator/retry: run a dead letter again."""
        try:
            form = await read_form(request)
        except BadForm as error:
            return web.Response(status=400, text=f"{error}\n")
        if not hmac.compare_digest(form.get("proof", "").encode(), self._proof.encode()):
            return web.Response(status=403, text="This form is not of our page.\n")
        service = self._runner.service
        if service is None:
            return web.Response(status=503, text="Nothing runs.\n")
        try:
            await service.queue.retry(form.get("letter", ""))
        except StorageError:
            return web.Response(status=503, text="The database cannot be reached.\n")
        raise web.HTTPSeeOther("/operator")

    def _link(self, job: Job) -> str:
        """The pull request, or the commit where the job names none."""
        where = f"pull/{job.pull_request}" if job.pull_request else f"commit/{job.head}"
        return f"{self._github}/{job.repository}/{where}"

    def _guarded(self, answer: Answer) -> Answer:
        async def guarded(request: web.Request) -> web.StreamResponse:
            given = _password(request.headers.get("Authorization", ""))
            if not hmac.compare_digest(given, self._token):
                ask = {"WWW-Authenticate": 'Basic realm="Layerwise", charset="UTF-8"'}
                return web.Response(
                    status=401, text="The password is OPERATOR_TOKEN.\n", headers=ask
                )
            return await answer(request)

        return guarded


def _password(authorization: str) -> bytes:
    """The password of HTTP Basic, b"" where there is none."""
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(credential, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
