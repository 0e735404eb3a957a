"""The page `/try`: paste a Dockerfile and see what would be said of it. Nothing of it is kept."""

import asyncio
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup, escape

from bot import comment
from bot.pages import BadForm, page, read_form
from bot.pages.trial import EXAMPLES, MOST_FILES, Attempt, Trial, try_out
from rules.model.prose import parts

MAX_FORM = 256 * 1024
"""Bytes of a form: a Dockerfile may have 128 KiB, and what is not ASCII is sent threefold."""
AT_ONCE, MOST_WAITING = 1, 8
"""Analyses that run at a time, so that deliveries never wait for a core; and that may wait."""


class TryPage:
    """Serves the page."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Serve it."""
        router.add_get("/try", self.show)
        router.add_post("/try", self.answer)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /try: an example, with what is said of it."""
        name = request.query.get("example", "")
        return await self._page(EXAMPLES.get(name) or next(iter(EXAMPLES.values())))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """POST /try: what was pasted, with what is said of it."""
        try:
            form = await read_form(request, MAX_FORM)
        except BadForm as error:
            return _shown(Trial(next(iter(EXAMPLES.values())), str(error)), status=error.status)
        paths = (_path(line) for line in form.get("files", "").split("\n"))
        attempt = Attempt(
            _newlines(form.get("dockerfile", "")),
            _newlines(form.get("ignore", "")),
            tuple(dict.fromkeys(path for path in paths if path))[:MOST_FILES],
            _path(form.get("edit", "")),
        )
        return await self._page(attempt)

    async def _page(self, attempt: Attempt) -> web.StreamResponse:
        if self._waiting >= MOST_WAITING:
            return _shown(Trial(attempt, "Many people are trying it now; again, please."), 503)
        self._waiting += 1
        try:
            async with self._turn:
                trial = await asyncio.to_thread(try_out, attempt)
        finally:
            self._waiting -= 1
        return _shown(trial)


def _shown(trial: Trial, status: int = 200) -> web.Response:
    examples = {name: f"/try?{urlencode({'example': name})}" for name in EXAMPLES}
    return page(
        "try.html",
        status=status,
        trial=trial,
        examples=examples,
        said=said,
        fact=comment.fact,
        rule_page=comment.RULE_PAGE,
        most_files=MOST_FILES,
    )


def said(text: str) -> Markup:
    """Our own prose as HTML: what stands in backticks is code."""
    return Markup("").join(
        Markup("<code>%s</code>") % piece if is_code else escape(piece)
        for piece, is_code in parts(text)
    )


def _newlines(text: str) -> str:
    """Browsers send CRLF, whatever was pasted."""
    return text.replace("\r\n", "\n")


def _path(line: str) -> str:
    """One line of a list of files, as `find`, `ls` or `git ls-files` print it."""
    path = line.strip().removeprefix("./").strip("/")
    return "" if ".." in path.split("/") or "\0" in path else path
