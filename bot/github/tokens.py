"""Installation tokens: the least that a job needs, minted once, kept until shortly before they end.

https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cachetools import TLRUCache

REFRESH_EARLY = 600.0
"""Seconds before its end at which a token is no longer handed out: a job may run that long."""
MAX_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token reaches: one repository of one installation, with these permissions.

    `repository` is its id, or its name without the owner where the id is not known.
    """

    installation: int
    repository: int | str
    permissions: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls, installation: int, repository: int | str, permissions: Mapping[str, str]
    ) -> "Scope":
        """A scope from permissions as GitHub writes them: {"contents": "read"}."""
        return cls(installation, repository, tuple(sorted(permissions.items())))

    @property
    def request(self) -> dict[str, Any]:
        """The body of the request for such a token."""
        key = "repository_ids" if isinstance(self.repository, int) else "repositories"
        return {key: [self.repository], "permissions": dict(self.permissions)}


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    expires: float


class Tokens:
    """A cache of tokens; callers that want the same one at the same time wait for one request.

    `mint` asks GitHub and returns its answer; what it raises, all who wait are given.
    `now` gives Unix time in seconds.
    """

    def __init__(
        self, mint: Callable[[Scope], Awaitable[dict[str, Any]]], now: Callable[[], float]
    ) -> None:
        self._mint = mint
        self._minting: dict[Scope, asyncio.Task[_Token]] = {}
        self._tokens: TLRUCache[Scope, _Token] = TLRUCache(
            MAX_TOKENS, ttu=lambda _scope, token, _now: token.expires - REFRESH_EARLY, timer=now
        )

    async def get(self, scope: Scope) -> str:
        """A token with at least ten minutes left."""
        if (token := self._tokens.get(scope)) is None:
            task = self._minting.get(scope)
            if task is None:
                task = asyncio.create_task(self._renew(scope))
                self._minting[scope] = task
                task.add_done_callback(lambda done: self._minted(scope, done))
            token = await asyncio.shield(task)  # one caller's cancellation is not the others'
        return token.text

    def drop(self, scope: Scope, text: str) -> None:
        """Forget a token that GitHub refused, unless a newer one has taken its place."""
        token = self._tokens.get(scope)
        if token is not None and token.text == text:
            del self._tokens[scope]

    async def _renew(self, scope: Scope) -> _Token:
        answer = await self._mint(scope)
        token = _Token(answer["token"], datetime.fromisoformat(answer["expires_at"]).timestamp())
        self._tokens[scope] = token
        return token

    def _minted(self, scope: Scope, task: asyncio.Task[_Token]) -> None:
        del self._minting[scope]
        if not task.cancelled():
            task.exception()  # nobody may be left to ask for it
