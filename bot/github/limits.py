"""GitHub's rate limits, by installation: when to wait, and what an answer says of them.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

CONCURRENT_REQUESTS = 8
"""Of one installation. GitHub asks for few at a time."""
CONCURRENT_OF_ALL = 40
"""Of all installations, in this process: GitHub stops at 100, and does not say whose."""
WRITE_SPACING = 1.0
"""Seconds between two writes of one installation: "wait at least one second between each"."""
PATIENCE = 5.0
"""A limit that ends within so many seconds is waited for; a later one postpones the job."""
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 900.0
"""Seconds to keep still where GitHub names no time, doubled each time it happens again."""
THROTTLE_PAUSE = 180.0
"""Seconds to keep still after "was submitted too quickly"."""
LATEST_RESET = 2 * 3600.0
"""A reset further ahead than this is a clock gone wrong: limits are by the hour."""


class Limited(Exception):  # noqa: N818  an answer, not a mishap
    """GitHub wants no more requests of this installation before `until` (Unix time, seconds)."""

    def __init__(self, until: float) -> None:
        super().__init__(f"rate limited until {until:.0f}")
        self.until = until


@dataclass(slots=True)
class _Pace:
    """What is known of one installation."""

    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONCURRENT_REQUESTS))
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    next_write: float = 0.0
    blocked: dict[str, float] = field(default_factory=dict)
    """Until when, by the resource that is used up: "core", "graphql", or "" for both."""
    left: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By resource, how many requests are left, and until when that is so."""
    strikes: int = 0


class Limits:
    """The limits of all installations, as far as this process has seen them.

    `installation` 0 is the App itself, which asks for tokens. `now` gives Unix time in seconds.
    """

    def __init__(
        self, now: Callable[[], float], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._now = now
        self._sleep = sleep
        self._slots = asyncio.Semaphore(CONCURRENT_OF_ALL)
        self._paces: dict[int, _Pace] = {}

    @asynccontextmanager
    async def slot(self, installation: int, resource: str, *, write: bool) -> AsyncIterator[None]:
        """A place among the requests of an installation, when it may be made; writes in a row.

        Raises Limited when that would take long.
        """
        pace = self._pace(installation)
        async with AsyncExitStack() as places:
            if write:
                await places.enter_async_context(pace.writing)
                await self._sleep_for(min(pace.next_write - self._now(), WRITE_SPACING))
            await places.enter_async_context(pace.slots)
            await self._sleep_until(max(pace.blocked.get(r, 0.0) for r in (resource, "")))
            await places.enter_async_context(self._slots)
            if write:
                pace.next_write = self._now() + WRITE_SPACING
            yield

    def note(
        self,
        installation: int,
        resource: str,
        status: int,
        headers: Mapping[str, str],
        message: str,
    ) -> None:
        """Learn from an answer; raises Limited when the answer is a refusal for its rate."""
        pace = self._pace(installation)
        now = self._now()
        remaining, reset = (
            _whole_number(headers, f"x-ratelimit-{name}") for name in ("remaining", "reset")
        )
        if remaining is not None and reset is not None:
            pace.left[resource] = int(remaining), reset
        refusal = _refusal(status, headers, message)
        if refusal is None:
            if status < 400:
                pace.strikes = 0
            if remaining == 0:  # this one was the last
                pace.blocked[resource] = _bounded(reset, now)
            return
        if refusal == "primary":
            until = _bounded(reset, now)
            pace.blocked[resource] = until
        else:
            pause = min(FIRST_PAUSE * 2**pace.strikes, LONGEST_PAUSE)
            if refusal == "throttle":
                pause = max(pause, THROTTLE_PAUSE)
            after = _whole_number(headers, "retry-after")
            until = _bounded(now + (pause if after is None else after), now)
            pace.blocked[""] = until
            pace.strikes = min(pace.strikes + 1, 10)
        raise Limited(until)

    def left(self) -> dict[str, int]:
        """By resource, what the installation that has fewest has left of its hour."""
        now, fewest = self._now(), dict[str, int]()
        for pace in self._paces.values():
            for resource, (count, reset) in pace.left.items():
                if reset > now:
                    fewest[resource] = min(count, fewest.get(resource, count))
        return fewest

    def _pace(self, installation: int) -> _Pace:
        return self._paces.setdefault(installation, _Pace())

    async def _sleep_until(self, moment: float) -> None:
        wait = moment - self._now()
        if wait > PATIENCE:
            raise Limited(moment)
        await self._sleep_for(wait)

    async def _sleep_for(self, seconds: float) -> None:
        if seconds > 0:
            await self._sleep(seconds)


def _refusal(status: int, headers: Mapping[str, str], message: str) -> str | None:
    """Which limit the answer refuses for: "primary", "secondary", "throttle", or none."""
    text = message.lower()
    if status == 422 and "submitted too quickly" in text:
        return "throttle"
    if status not in (403, 429):
        return None
    if "retry-after" in headers:
        return "secondary"
    if headers.get("x-ratelimit-remaining") == "0":
        return "primary"
    if status == 429 or "rate limit" in text or "abuse detection" in text:
        return "secondary"
    return None


def _whole_number(headers: Mapping[str, str], name: str) -> float | None:
    """A header's whole number, None when it is absent or anything else."""
    text = headers.get(name, "")
    return float(text[:12]) if text.isascii() and text.isdigit() else None


def _bounded(moment: float | None, now: float) -> float:
    """A time that is neither past nor absurdly far."""
    if moment is None:
        moment = now + FIRST_PAUSE
    return min(max(moment, now + 1.0), now + LATEST_RESET)
