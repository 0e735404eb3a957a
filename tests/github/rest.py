"""What an endpoint of the REST API is here: a path of GitHub's description, and a function."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.github.accounts import Account

if TYPE_CHECKING:
    from tests.github.apps import App, Installation
    from tests.github.repository import Repository
    from tests.github.standin import StandIn

DOCS = "https://docs.github.com/rest"


class Refused(Exception):
    """GitHub's answer to a request that it will not carry out."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: Sequence[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        docs: str = DOCS,
    ) -> None:
        super().__init__(f"{status} {message} {errors or ''}")
        self.status, self.headers = status, dict(headers or {})
        self.body: dict[str, Any] = {
            "message": message,
            **({} if errors is None else {"errors": list(errors)}),
            "documentation_url": docs,
            "status": str(status),
        }


class Trouble(Exception):
    """An error of the GraphQL API with its `type`; it stands beside what could be answered."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Raw(bytes):
    """A body that is not JSON."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Any = None
    """JSON, or Raw, or None for no body."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Caller:
    """Who asks: an App by its JWT, an App in an installation, a person, or nobody."""

    app: "App | None" = None
    installation: "Installation | None" = None
    account: Account | None = None
    permissions: Mapping[str, str] = field(default_factory=dict)
    repository_ids: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        """Whose limits the request counts against."""
        return " ".join(self.scope.split(" ")[:2])

    @property
    def scope(self) -> str:
        """In words, for the log of requests."""
        if self.installation is not None:
            granted = ",".join(
                f"{name}:{level}" for name, level in sorted(self.permissions.items())
            )
            return f"installation {self.installation.id} {granted}"
        if self.app is not None:
            return f"app {self.app.id}"
        return self.account.login if self.account else "nobody"

    def may(self, need: str) -> bool:
        """Whether the token carries `pull_requests:write` (write includes read)."""
        name, _, level = need.partition(":")
        order = ("none", "read", "write", "admin")
        return order.index(self.permissions.get(name, "none")) >= order.index(level)


@dataclass(slots=True)
class Call:
    """One request that has been let in."""

    github: "StandIn"
    caller: Caller
    endpoint: "Endpoint"
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    url: str
    repository: "Repository"

    @property
    def version(self) -> str:
        """The version of the API; without the header GitHub serves the oldest."""
        return self.headers.get("X-GitHub-Api-Version", "2022-11-28")

    def accepts(self, media_type: str) -> bool:
        """Whether `application/vnd.github.raw+json` and the like was asked for."""
        return (
            re.search(rf"vnd\.github\.(v3\.)?{media_type}\b", self.headers.get("Accept", ""))
            is not None
        )

    def number(self, name: str) -> int:
        """A number of the path; what is not a number does not exist."""
        if not self.params[name].isdigit():
            raise Refused(404, "Not Found")
        return int(self.params[name])

    def page(self, items: Sequence[Any], wrap: Callable[[list[Any]], Any] = list) -> Reply:
        """One page of a listing, with GitHub's `Link` header.

        https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
        """
        size = min(max(_integer(self.query.get("per_page"), 30), 1), 100)
        page = max(_integer(self.query.get("page"), 1), 1)
        last = max((len(items) + size - 1) // size, 1)
        places: dict[str, int] = {}
        if page > 1:
            places |= {"prev": min(page - 1, last)}
        if page < last:
            places |= {"next": page + 1, "last": last}
        if page > 1:
            places |= {"first": 1}
        link = ", ".join(f'<{self._at(number)}>; rel="{rel}"' for rel, number in places.items())
        body = wrap(
            [item() if callable(item) else item for item in items[(page - 1) * size : page * size]]
        )
        return Reply(200, body, {"Link": link} if link else {})

    def _at(self, page: int) -> str:
        base = self.url.partition("?")[0]
        query = {**self.query, "page": str(page)}
        return f"{base}?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`path` is that of GitHub's OpenAPI description, `gives` the name of githubkit's model of the answer
    (`[X]`: a list of X).

    `needs`: one of these permissions of an installation; empty where none is asked for.
    `by`: "installation", "app" (a JWT) or "anyone".
    """

    method: str
    path: str
    needs: tuple[str, ...]
    by: str
    gives: str | None
    run: Callable[[Call], Reply]

    def match(self, path: str) -> dict[str, str] | None:
        """The variables of the path, when it is one of this endpoint."""
        found = _pattern(self.path).fullmatch(path)
        return None if found is None else found.groupdict()


@cache
def _pattern(path: str) -> re.Pattern[str]:
    longer = {"path": ".*", "basehead": ".+", "ref": ".+"}
    parts = re.split(r"\{(\w+)\}", path)
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [f"(?P<{name}>{longer.get(name, '[^/]+')})" for name in parts[1::2]]
    return re.compile("".join(parts))


ENDPOINTS: list[Endpoint] = []


def endpoint(
    line: str,
    *needs: str,
    gives: str | None = None,
    by: str = "installation",
) -> Callable[[Callable[[Call], Reply]], Callable[[Call], Reply]]:
    """Serve `METHOD /path`."""
    method, _, path = line.partition(" ")

    def register(run: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
        ENDPOINTS.append(Endpoint(method, path, needs, by, gives, run))
        return run

    return register


def in_words(reasons: Sequence[str]) -> str:
    """As Rails joins a model's errors: "a", "a and b", "a, b, and c"."""
    if len(reasons) < 3:
        return " and ".join(reasons)
    return ", ".join(reasons[:-1]) + f", and {reasons[-1]}"


def encode(body: Any) -> bytes:
    if body is None:
        return b""
    return (
        bytes(body) if isinstance(body, Raw) else json.dumps(body, separators=(",", ":")).encode()
    )


def _integer(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdigit() else default
