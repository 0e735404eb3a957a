"""GitHub's limits, and the counting of requests against them.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Limits:
    """Each can be lowered by a test that wants to meet it."""

    files: int = 3000
    patch_lines: int = 20_000
    patch_bytes: int = 500_000
    diff_lines: int = 20_000
    diff_bytes: int = 1_000_000
    diff_files: int = 300
    tree_entries: int = 100_000
    blob_text: int = 512_000
    requests_per_hour: int = 5000
    graphql_points_per_hour: int = 5000
    points_per_minute: int = 900
    graphql_points_per_minute: int = 2000
    content_per_minute: int = 80
    content_per_hour: int = 500
    concurrent: int = 100


@dataclass(slots=True)
class Bucket:
    """What one caller has left of one hour; times are seconds since 1970."""

    resource: str
    limit: int
    reset: int
    used: int = 0

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)

    def json(self) -> dict[str, int]:
        return {
            "limit": self.limit,
            "remaining": self.remaining,
            "reset": self.reset,
            "used": self.used,
        }

    def headers(self) -> dict[str, str]:
        named = {name.capitalize(): str(value) for name, value in self.json().items()}
        return {
            **{f"X-RateLimit-{name}": value for name, value in named.items()},
            "X-RateLimit-Resource": self.resource,
        }


@dataclass(slots=True)
class Pace:
    """What one caller did of late: the times and the points of its requests."""

    spent: deque[tuple[float, int, bool]] = field(default_factory=deque)

    def too_fast(
        self, now: float, points: int, limits: Limits, resource: str, *, content: bool
    ) -> bool:
        """Whether one request more is within the secondary limits; if so it is counted."""
        while self.spent and self.spent[0][0] < now - 3600:
            self.spent.popleft()
        minute = [entry for entry in self.spent if entry[0] >= now - 60]
        allowed = (
            limits.points_per_minute if resource == "core" else limits.graphql_points_per_minute
        )
        if sum(entry[1] for entry in minute) + points > allowed:
            return True
        if content and (
            sum(entry[2] for entry in minute) >= limits.content_per_minute
            or sum(entry[2] for entry in self.spent) >= limits.content_per_hour
        ):
            return True
        self.spent.append((now, points, content))
        return False
