"""What goes wrong between us and GitHub, on demand."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = (
    "error",
    "cut",
    "cut after",
    "wrong JSON",
    "slow",
    "rate limit",
    "secondary limit",
    "too many requests",
)


@dataclass(slots=True)
class Fault:
    """Meets the next `times` requests whose "METHOD /path" matches the regex `where`.

    `kind`: "error" answers `status` with `body`; "cut" closes the connection before the request
    is carried out and "cut after" when it has been; "wrong JSON" answers 200 with no JSON;
    "slow" waits `seconds` and then goes on; "rate limit" is the primary limit (403, or 200 with
    errors for GraphQL), which lasts until the hour is over; "secondary limit" 403 and "too many requests" 429, both with
    `Retry-After` of `seconds` unless that is None. The first `skip` matches are let pass.
    """

    kind: str
    where: str = ""
    times: int = 1
    status: int = 502
    seconds: float | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    skip: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"not a fault: {self.kind!r}; one of {', '.join(KINDS)}")

    def meets(self, line: str) -> bool:
        """Whether it strikes this request; counts down."""
        if self.times < 1 or re.search(self.where, line) is None:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def reply(self) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the answer that takes the place of the real one."""
        wait = {} if self.seconds is None else {"Retry-After": str(int(self.seconds))}
        if self.kind == "wrong JSON":
            return 200, b'{"message": "trunca', {"Content-Type": "application/json; charset=utf-8"}
        if self.kind == "secondary limit":
            return secondary_limit(403, wait)
        if self.kind == "too many requests":
            return secondary_limit(429, wait)
        body = self.body
        if body is None and self.status in (502, 503, 504):
            return (
                self.status,
                b"<html><body>Unicorn!</body></html>",
                {"Content-Type": "text/html", **self.headers},
            )
        if body is None:
            body = {"message": "Server Error", "status": str(self.status)}
        return (
            self.status,
            json.dumps(body).encode(),
            {"Content-Type": "application/json; charset=utf-8", **self.headers},
        )


def secondary_limit(status: int, headers: Mapping[str, str]) -> tuple[int, bytes, dict[str, str]]:
    body = {
        "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
        "status": str(status),
    }
    return (
        status,
        json.dumps(body).encode(),
        {"Content-Type": "application/json; charset=utf-8", **headers},
    )
