"""GitHub's API as one App uses it: tokens, limits, time-outs and retries, behind gidgethub.

    app = Client(session, app_id="1", private_key=pem)
    client = app.repository(job.installation, job.repository_id)
    pull = await client.getitem("/repos/{owner}/{repo}/pulls/{number}", {"owner": …})
    data = await client.graphql("query($id: ID!) {…}", {"id": "…"})

Every request can raise Limited, Unavailable or Gone; any other answer that is no success is
gidgethub's own exception (`BadRequest`, `ValidationError`), with `.status_code` and `.headers`.
"""

import asyncio
import copy
import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeVar

import aiohttp
from cachetools import LRUCache
from gidgethub import BadRequest, QueryError, sansio
from gidgethub.aiohttp import GitHubAPI

from bot.github.limits import Limited, Limits
from bot.github.tokens import Scope, Tokens
from bot.github.transport import Answer, Astray, TooLarge, Transport, Unavailable, open_session

__all__ = ["Astray", "Client", "Gone", "Limited", "TooLarge", "Unavailable", "open_session"]

T = TypeVar("T")

REVIEW = {
    "metadata": "read",
    "contents": "read",
    "pull_requests": "write",
    "checks": "write",
}
"""The permissions that a review needs."""
API_VERSION = "2022-11-28"
READ_TRIES = 4
"""How often a read is tried before it counts as failed. A write is tried once."""
CACHE_BYTES = 32 * 2**20
CACHED_BYTES = 2**20  # of one answer
LARGE = 2**17
"""Bytes of an answer from which on it is read apart from the event loop."""
_UNREAD = "\0"  # no JSON begins so


class Gone(Exception):  # noqa: N818  an answer, not a mishap
    """The installation was removed or suspended, or does not cover the repository any more."""


class Client(GitHubAPI):
    """Requests as the App itself or, by `repository`, as its installation on one repository.

    Paths are relative constants with variables (`"/repos/{owner}/{repo}/contents{/path*}"`);
    a URL of another host than `base_url` is refused. `now` gives Unix time in seconds.
    """

    def __init__(  # noqa: PLR0913
        self,
        session: aiohttp.ClientSession,
        *,
        app_id: str,
        private_key: str,
        base_url: str = sansio.DOMAIN,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        observe: Callable[[str, int, float], None] = lambda _method, _status, _seconds: None,
    ) -> None:
        super().__init__(
            session, "layerwise", app_id=app_id, private_key=private_key, base_url=base_url
        )
        self._transport = Transport(session, base_url, observe)
        self.limits = Limits(now, sleep)
        self._tokens = Tokens(self._mint, now)
        self._answers: LRUCache[object, Answer] = LRUCache(CACHE_BYTES, getsizeof=Answer.size)
        self._pause = sleep
        self._scope: Scope | None = None

    def repository(
        self,
        installation: int,
        repository: int | str,
        permissions: Mapping[str, str] = REVIEW,
    ) -> Self:
        """A client whose token reaches this repository only, with no more than `permissions`.

        `repository` is its id, or its name without the owner where the id is not known.
        """
        client = copy.copy(self)  # shares the connections, tokens, limits and answers
        client.app_id = client.private_key = None
        client.rate_limit = None
        client._scope = Scope.of(installation, repository, permissions)  # noqa: SLF001
        return client

    async def granted(self) -> bool:
        """Whether the installation grants what this client, made by `repository`, asks for."""
        if self._scope is None:
            return True
        try:
            await self._tokens.get(self._scope)
        except Gone:
            return False
        return True

    async def graphql(  # type: ignore[override]  # the original knows github.com alone
        self, query: str, variables: Mapping[str, Any] | None = None, tries: int = READ_TRIES
    ) -> dict[str, Any]:
        """The `data` of a GraphQL answer. A mutation is tried once, a query `tries` times.

        Raises gidgethub's QueryError when there are errors in it: its `.response` is the whole
        answer, `data` included, for those who can use a part.
        """
        headers = sansio.create_headers(self.requester)
        headers["content-type"] = "application/json; charset=utf-8"
        body = json.dumps({"query": query, "variables": dict(variables or {})}).encode()
        write = query.lstrip().startswith("mutation")

        async def ask() -> Any:
            url = graphql_url(self.base_url)
            answer = await self._send("POST", url, headers, body, write=write)
            payload, _, _ = sansio.decipher_response(*_for_gidgethub(answer))
            payload = await _read(payload)
            if not isinstance(payload, dict):
                raise Unavailable("the answer to a GraphQL query is no object")
            self._note_graphql_limit(payload, answer.headers)
            return payload

        payload = await self._insist(ask, 1 if write else tries)
        if payload.get("errors"):
            raise QueryError(payload)
        data: dict[str, Any] = payload.get("data") or {}
        return data

    def _note_graphql_limit(self, payload: dict[str, Any], headers: Mapping[str, str]) -> None:
        """GraphQL answers 200 when its limit is used up; raises Limited then."""
        kinds = [str(e.get("type")) for e in payload.get("errors") or [] if isinstance(e, dict)]
        if any(kind.startswith("RATE_LIMIT") for kind in kinds):  # with and without an ED
            installation = self._scope.installation if self._scope else 0
            self.limits.note(installation, "graphql", 429, headers, "")

    async def _mint(self, scope: Scope) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await self.post(
                "/app/installations/{id}/access_tokens",
                {"id": str(scope.installation)},
                data=scope.request,
            )
        except BadRequest as error:
            # 404 removed; 403 suspended; 422 repository not covered or permission not granted
            if error.status_code in (403, 404, 422):
                raise Gone(f"no token for installation {scope.installation}: {error}") from error
            raise
        return answer

    async def _make_request(
        self, method: str, *args: Any, **kwargs: Any
    ) -> tuple[bytes, str | None, int]:
        async def ask() -> tuple[Any, str | None, int]:
            data, more, status = await super(Client, self)._make_request(method, *args, **kwargs)
            return await _read(data), more, status

        return await self._insist(ask, READ_TRIES if method == "GET" else 1)

    async def _insist(self, ask: Callable[[], Awaitable[T]], tries: int) -> T:
        """Ask until there is an answer that can be read, so many times at most."""
        for tried in itertools.count(1):
            try:
                return await ask()
            except (Unavailable, ValueError, LookupError) as error:
                # the latter: not JSON, not UTF-8, no message, a status that nobody knows
                if tried == tries:
                    raise Unavailable(str(error)) from error
            await self._pause(0.5 * 2 ** (tried - 1) * random.uniform(0.5, 1.5))  # noqa: S311
        raise AssertionError

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        write = method != "GET" and not url.endswith("/access_tokens")  # which makes no content
        return _for_gidgethub(await self._send(method, url, headers, body, write=write))

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, *, write: bool
    ) -> Answer:
        """One request with the token that belongs to it, a new one if that is refused."""
        sent = {**headers, "x-github-api-version": API_VERSION}
        scope = self._scope
        if scope is None:  # gidgethub has put in the App's JWT
            return await self._send_once(method, url, sent, body, write=write)
        token = await self._tokens.get(scope)
        sent["authorization"] = f"token {token}"
        answer = await self._send_once(method, url, sent, body, write=write)
        if answer.status == 401:  # revoked, or the App was installed anew: nothing was done yet
            self._tokens.drop(scope, token)
            sent["authorization"] = f"token {await self._tokens.get(scope)}"
            answer = await self._send_once(method, url, sent, body, write=write)
        return answer

    async def _send_once(
        self, method: str, url: str, headers: dict[str, str], body: bytes, *, write: bool
    ) -> Answer:
        """One request; a 304 is answered from what was kept, by token scope and media type."""
        installation = self._scope.installation if self._scope else 0
        resource = "graphql" if url == graphql_url(self.base_url) else "core"
        key = (self._scope, url, headers.get("accept"))
        kept = self._answers.get(key) if method == "GET" and self._scope else None
        if kept is not None:
            headers = {**headers, "if-none-match": kept.headers["etag"]}
        async with self.limits.slot(installation, resource, write=write):
            answer = await self._transport.send(method, url, headers, body)
        self.limits.note(installation, resource, answer.status, answer.headers, answer.complaint())
        if answer.status >= 500:
            raise Unavailable(f"GitHub answered {answer.status}")
        if kept is not None and answer.status == 304:
            return kept.renewed(answer)
        worth_keeping = answer.status == 200 and "etag" in answer.headers
        if worth_keeping and method == "GET" and self._scope and answer.size() <= CACHED_BYTES:
            self._answers[key] = answer
        return answer


def _for_gidgethub(answer: Answer) -> tuple[int, Mapping[str, str], bytes]:
    """An answer as gidgethub wants it: large JSON as a text, the reading of which is left to us.

    The tree of a repository has up to 7 MB of JSON. Nothing else would run while it is read.
    """
    headers, body = answer.headers, answer.body
    is_json = headers.get("content-type", "").startswith("application/json")
    if answer.status < 300 and len(body) > LARGE and is_json:
        headers = {**headers, "content-type": "text/plain; charset=utf-8"}
        body = _UNREAD.encode() + body
    return answer.status, headers, body


async def _read(data: Any) -> Any:
    """What gidgethub made of an answer, read where it was left unread; raises ValueError."""
    if isinstance(data, str) and data.startswith(_UNREAD):
        text = data.removeprefix(_UNREAD)
        return await asyncio.to_thread(json.loads, text, object_hook=_itself)
    return data


def _itself(found: dict[str, Any]) -> dict[str, Any]:
    """The object: a call into Python, so that other threads get their turn between two of them."""
    return found


def graphql_url(base_url: str) -> str:
    """Where GraphQL is: beside REST on github.com and GHE.com, one folder up on GHES."""
    return f"{base_url.removesuffix('/').removesuffix('/v3')}/graphql"
