"""The way of a request through GitHub: faults, proof of who asks, limits, the endpoint, the log."""

import asyncio
import hashlib
import json
import re
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from tests.github import description, graphql
from tests.github.apps import caller_of
from tests.github.faults import secondary_limit
from tests.github.rest import ENDPOINTS, Call, Caller, Endpoint, Raw, Refused, Reply, encode

if TYPE_CHECKING:
    from tests.github.repository import Repository
    from tests.github.standin import StandIn

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """One line of the log. `status` is 0 where the connection was cut."""

    method: str
    path: str
    """With the query, as asked."""
    endpoint: str
    """`GET /repos/{owner}/{repo}/pulls/{pull_number}`, `POST /graphql`, or "" for none."""
    status: int
    scope: str
    """Whose token, and with which permissions."""
    headers: Mapping[str, str]
    body: Any
    answer: Any = field(repr=False)
    at: float = 0.0
    """Seconds since 1970, by the stand-in's clock."""


@dataclass(slots=True)
class Exchange:
    """A request while it is being answered."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    caller: Caller = field(default_factory=Caller)
    endpoint: Endpoint | None = None
    checked: bool = False
    """Whether the endpoint itself answered, so that its answer must fit the description."""

    @property
    def graphql(self) -> bool:
        return self.path in ("/graphql", "/api/graphql")

    @property
    def resource(self) -> str:
        return "graphql" if self.graphql else "core"

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.raw) if self.raw else None
        except ValueError:
            return None


async def handle(github: "StandIn", request: web.Request) -> web.StreamResponse:
    """Answer one HTTP request."""
    exchange = Exchange(
        request.method, request.path, request.query, request.headers, await request.read()
    )
    line = f"{exchange.method} {exchange.path}"
    fault = next((f for f in github.faults if f.meets(line)), None)
    github.in_flight += 1
    try:
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds or 0)
        if fault is not None and fault.kind == "cut":
            return _cut(github, exchange, request)
        if fault is None or fault.kind in ("slow", "cut after"):
            status, body, headers = _answer(github, exchange)
        elif fault.kind == "rate limit":
            bucket = github.bucket(_caller(github, exchange), exchange.resource)
            bucket.used = bucket.limit  # and so it stays until the hour is over
            status, body, headers = _answer(github, exchange)
        else:
            status, body, headers = fault.reply()
            exchange.caller = _caller(github, exchange)
            headers = {**github.bucket(exchange.caller, exchange.resource).headers(), **headers}
        if fault is not None and fault.kind == "cut after":
            return _cut(github, exchange, request)
    finally:
        github.in_flight -= 1
    _log(github, exchange, request, status, body)
    return web.Response(status=status, body=body, headers=headers)


def _cut(github: "StandIn", exchange: Exchange, request: web.Request) -> web.StreamResponse:
    _log(github, exchange, request, 0, b"")
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def _caller(github: "StandIn", exchange: Exchange) -> Caller:
    try:
        return caller_of(github, exchange.headers.get("Authorization", ""))
    except Refused:
        return Caller()


def _answer(github: "StandIn", exchange: Exchange) -> tuple[int, bytes, dict[str, str]]:
    headers = {"Content-Type": JSON, "X-GitHub-Request-Id": f"{github.new_id():X}:1"}
    try:
        reply = _admit(github, exchange, headers)
    except Refused as refusal:
        reply = Reply(refusal.status, refusal.body, refusal.headers)
    except Exception:  # noqa: BLE001  a fault of ours must not look like one of GitHub's
        _tell(github, exchange, "the stand-in broke", [traceback.format_exc()])
        reply = Reply(500, {"message": "Server Error", "status": "500"})
    if isinstance(reply, tuple):
        return reply
    headers |= reply.headers
    body = encode(_of_version(reply.body, exchange.headers))
    bucket = github.bucket(exchange.caller, exchange.resource)
    if (
        exchange.checked
        and reply.status < 300
        and not isinstance(reply.body, Raw)
        and exchange.endpoint
    ):
        version = exchange.headers.get("X-GitHub-Api-Version", description.VERSIONS[0])
        faults = description.faults_of_answer(exchange.endpoint, reply.status, body, version)
        _tell(github, exchange, "answer", faults)
    if exchange.method == "GET" and reply.status == 200:
        tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
        headers["ETag"] = tag
        if exchange.headers.get("If-None-Match") == tag:
            if exchange.path != "/rate_limit":
                bucket.used -= 1  # what did not change is free
            headers.pop("Content-Type")
            return 304, b"", {**headers, **bucket.headers()}
    if not body:
        headers.pop("Content-Type", None)
    return reply.status, body, {**headers, **bucket.headers()}


def _admit(github: "StandIn", exchange: Exchange, headers: dict[str, str]) -> Any:
    if "User-Agent" not in exchange.headers:
        raise Refused(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
        )
    exchange.caller = caller_of(github, exchange.headers.get("Authorization", ""))
    limited = _limited(github, exchange)
    if limited is not None:
        return limited
    if exchange.graphql:
        return graphql.answer(github, exchange.caller, exchange.body)
    _check_version(github, exchange)
    endpoint, params = _find(github, exchange)
    exchange.endpoint = endpoint
    if endpoint.needs:
        accepted = "; ".join(need.replace(":", "=") for need in endpoint.needs)
        headers["X-Accepted-GitHub-Permissions"] = accepted
    repository = _visible(github, exchange, params) if "owner" in params else None
    _permitted(exchange, endpoint, repository)
    if exchange.raw and exchange.body is None:
        raise Refused(400, "Problems parsing JSON")
    faults = description.faults_of_request(endpoint, exchange.raw, exchange.query)
    if faults:
        _tell(github, exchange, "request", faults)
        raise Refused(422, f"Invalid request.\n\n{faults[0]}")
    call = Call(
        github, exchange.caller, endpoint, params, exchange.query, exchange.headers, exchange.body,
        github.url + exchange.path, repository,  # type: ignore[arg-type]
    )  # fmt: skip
    reply = endpoint.run(call)
    exchange.checked = True
    return reply


def _check_version(github: "StandIn", exchange: Exchange) -> None:
    version = exchange.headers.get("X-GitHub-Api-Version")
    if version is None:
        _tell(github, exchange, "request", ["it does not say which version of the API it means"])
    elif version not in description.VERSIONS:
        raise Refused(400, f"{version} is not a supported version.")


def _find(github: "StandIn", exchange: Exchange) -> tuple[Endpoint, dict[str, str]]:
    by_id = re.fullmatch(r"/repositories/(\d+)(/.*)?", exchange.path)
    if by_id:
        found = [r for r in github.repositories.values() if r.id == int(by_id[1])]
        exchange.path = f"/repos/{found[0].full_name}{by_id[2] or ''}" if found else ""
    for endpoint in ENDPOINTS:
        params = endpoint.match(exchange.path) if endpoint.method == exchange.method else None
        if params is not None:
            return endpoint, params
    raise Refused(404, "Not Found")


def _visible(github: "StandIn", exchange: Exchange, params: Mapping[str, str]) -> "Repository":
    """The repository of the path; one that the caller may not see does not exist for it."""
    name = f"{params['owner']}/{params['repo']}".lower()
    if name in github.moved:
        place = f"{github.url}/repositories/{github.moved[name].id}"
        rest = exchange.path.split("/", 4)[4:]
        query = urlencode(list(exchange.query.items()))
        location = "/".join([place, *rest]) + (f"?{query}" if query else "")
        refusal = Refused(301, "Moved Permanently", headers={"Location": location})
        refusal.body["url"] = location
        raise refusal
    found = github.repositories.get(name)
    caller = exchange.caller
    if found is None:
        raise Refused(404, "Not Found")
    mine = found.id in caller.repository_ids or (caller.app is not None and not caller.installation)
    if found.private and not mine:
        raise Refused(404, "Not Found")
    return found


def _permitted(exchange: Exchange, endpoint: Endpoint, repository: "Repository | None") -> None:
    caller = exchange.caller
    if endpoint.by == "anyone":
        return
    if endpoint.by == "app":
        if caller.app is None or caller.installation is not None:
            raise Refused(401, "A JSON web token could not be decoded")
        return
    if caller.installation is None:
        if caller.app is None and exchange.method != "GET":
            raise Refused(401, "Requires authentication")
        if caller.app is None:
            return
        raise Refused(403, "Resource not accessible by integration")
    if repository is not None and repository.id not in caller.repository_ids:
        if exchange.method != "GET":
            raise Refused(403, "Resource not accessible by integration")
        return  # anyone may read what is public
    if endpoint.needs and not any(caller.may(need) for need in endpoint.needs):
        raise Refused(403, "Resource not accessible by integration")


def _limited(
    github: "StandIn", exchange: Exchange
) -> tuple[int, bytes, dict[str, str]] | Reply | None:
    """The answer in place of the real one when a limit is met; else the request is counted."""
    if exchange.path == "/rate_limit":
        return None
    bucket = github.bucket(exchange.caller, exchange.resource)
    who = exchange.caller.key.replace(" ", " ID ")
    if bucket.remaining == 0 and exchange.graphql:  # said with status 200
        message = f"API rate limit already exceeded for {who}."
        error = {"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}
        return Reply(200, {"errors": [error]})
    if bucket.remaining == 0:
        raise Refused(403, f"API rate limit exceeded for {who}.")
    points, content = _weight(exchange)
    pace = github.pace(exchange.caller)
    now = github.now().timestamp()
    if (
        pace.too_fast(now, points, github.limits, exchange.resource, content=content)
        or github.in_flight > github.limits.concurrent
    ):
        status, body, more = secondary_limit(403, {"Retry-After": "60"})
        return status, body, {**more, **bucket.headers()}
    bucket.used += 1
    return None


def _weight(exchange: Exchange) -> tuple[int, bool]:
    """The points of a request, and whether it creates content.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#calculating-points-for-the-secondary-rate-limit
    """
    if exchange.graphql:
        body = exchange.body if isinstance(exchange.body, dict) else {}
        mutation = str(body.get("query")).lstrip().startswith("mutation")
        return (5 if mutation else 1), mutation
    written = exchange.method in ("POST", "PATCH", "PUT")
    return (1 if exchange.method == "GET" else 5), written and bool(exchange.caller.installation)


def _of_version(body: Any, headers: Mapping[str, str]) -> Any:
    """The newer version of the API is the older one without some keys."""
    if headers.get("X-GitHub-Api-Version") != "2026-03-10" or isinstance(body, Raw):
        return body
    if isinstance(body, dict):
        return {k: _of_version(v, headers) for k, v in body.items() if k not in description.GONE}
    return [_of_version(item, headers) for item in body] if isinstance(body, list) else body


def _tell(github: "StandIn", exchange: Exchange, what: str, faults: list[str]) -> None:
    line = f"{exchange.method} {exchange.path}"
    github.violations += [f"{line}: {what}: {fault}" for fault in faults]


def _log(
    github: "StandIn", exchange: Exchange, request: web.Request, status: int, body: bytes
) -> None:
    try:
        answer: Any = json.loads(body) if body else None
    except ValueError:
        answer = body
    endpoint = exchange.endpoint
    name = (
        f"{endpoint.method} {endpoint.path}"
        if endpoint
        else "POST /graphql"
        if exchange.graphql
        else ""
    )
    github.requests.append(
        Request(
            exchange.method,
            request.path_qs,
            name,
            status,
            exchange.caller.scope,
            dict(exchange.headers),
            exchange.body,
            answer,
            github.now().timestamp(),
        )
    )
