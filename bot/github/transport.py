"""The bytes to and from GitHub: one host, bounded time and size, no redirected writes."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import aiohttp
from yarl import URL

TIMEOUT = 15.0
"""Seconds for one request. GitHub itself gives up after ten."""
MAX_BODY = 16 * 2**20
"""Bytes. A tree has at most 7 MB, a page of files with patches less."""
MAX_REDIRECTS = 3


class Unavailable(Exception):  # noqa: N818  an answer, not a mishap
    """GitHub did not answer, or not sensibly: network, time-out, 5xx, no JSON. Later it may."""


class TooLarge(Exception):  # noqa: N818  an answer, not a mishap
    """An answer is larger than MAX_BODY: asking again would not help."""


class Astray(Exception):  # noqa: N818  an answer, not a mishap
    """A URL leads to another host than GitHub's: no token goes there, nor a request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def size(self) -> int:
        """Bytes that it takes to keep."""
        return len(self.body) + 1024

    def renewed(self, unmodified: "Answer") -> "Answer":
        """The answer kept from before, with the headers that tell of the limits now."""
        return replace(self, headers={**self.headers, **unmodified.headers})

    def complaint(self) -> str:
        """What the answer says of its failure; "" for a success."""
        return "" if self.status < 400 else self.body[:4096].decode("utf-8", "replace")


class Transport:
    """Sends requests to the host of `base_url` and to no other.

    `observe` is told the method, the status (0 when there was no answer) and the seconds it took.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        observe: Callable[[str, int, float], None],
    ) -> None:
        self._session = session
        self._origin = URL(base_url).origin()
        self._observe = observe

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """One request and its answer, whatever its status.

        A read follows redirects that stay on the host; a write is told of them (a POST that is
        redirected by 301 would become a GET, and a list come back as if it had been made).
        Raises Unavailable, TooLarge and Astray.
        """
        target = self._checked(url)
        for _ in range(MAX_REDIRECTS):
            answer = await self._send(method, target, headers, body)
            location = answer.headers.get("location")
            if method != "GET" or answer.status not in (301, 302, 307, 308) or not location:
                return answer
            target = self._checked(urljoin(str(target), location))
        raise Unavailable("GitHub redirects in a circle")

    def _checked(self, url: str) -> URL:
        """Where a token may go; pages' `next` links and redirects are GitHub's, but are checked."""
        target = URL(url, encoded=True)
        if target.origin() != self._origin:
            raise Astray(f"{target.host} is not {self._origin.host}")
        return target

    async def _send(self, method: str, url: URL, headers: Mapping[str, str], body: bytes) -> Answer:
        started, status = time.monotonic(), 0
        try:
            async with self._session.request(
                method,
                url,
                headers=headers,
                data=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            ) as response:
                content = bytearray()
                async for chunk in response.content.iter_chunked(2**16):
                    content += chunk
                    if len(content) > MAX_BODY:
                        raise TooLarge(f"{method} {url.path} answers more than {MAX_BODY} bytes")
                status = response.status
                lower = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status, lower, bytes(content))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"{method} {url.path}: {type(error).__name__}") from error
        finally:
            self._observe(method, status, time.monotonic() - started)


def open_session() -> aiohttp.ClientSession:
    """A session for GitHub's API: no cookies, no proxy or password from the environment."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
