"""Signed deliveries from a process of its own: `python -m tests.bench.load PORT SECRET …`.

Prints one line of JSON: how many were answered how, in how many seconds, and how long it took.
"""

import asyncio
import hashlib
import hmac
import json
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

SIZE = 16_000
"""Bytes of a delivery: that of a pull request on GitHub."""


def body_of(repository: int, number: int, installation: int) -> bytes:
    """A delivery that opens a pull request, as large as GitHub's."""
    payload = {
        "action": "opened",
        "number": number,
        "pull_request": {
            "number": number,
            "head": {"sha": f"{number:040x}"},
            "updated_at": "2026-01-01T00:00:00Z",
            "draft": False,
        },
        "repository": {"id": repository, "full_name": f"octo/shop-{repository}"},
        "installation": {"id": installation},
        "sender": {"login": "octocat", "type": "User", "id": 1},
    }
    filling = [f"https://api.github.com/repos/octo/shop/{n}" for n in range(320)]
    payload["pull_request"]["_links"] = filling
    body = json.dumps(payload)
    return (body + " " * (SIZE - len(body))).encode()


def request_of(body: bytes, secret: str) -> Callable[[], bytes]:
    """The bytes of an HTTP request with this body: each time under another GUID."""
    signature = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    head = (
        "POST /webhook HTTP/1.1\r\nHost: layerwise\r\nContent-Type: application/json\r\n"
        f"X-GitHub-Event: pull_request\r\nX-Hub-Signature-256: sha256={signature}\r\n"
        f"Content-Length: {len(body)}\r\nX-GitHub-Delivery: "
    ).encode()
    return lambda: head + str(uuid.uuid4()).encode() + b"\r\n\r\n" + body


@dataclass
class Client(asyncio.Protocol):
    """One connection: a request, its answer, the next one."""

    transport: asyncio.Transport | None = None
    answered: "asyncio.Future[int] | None" = None
    received: bytes = b""
    lost: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._answer(0)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.lower().split(b"\r\n")
        lengths = [line for line in lines if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        if len(rest) >= length:
            self.received = b""
            self._answer(int(head.split(b" ", 2)[1]))

    def _answer(self, status: int) -> None:
        if self.answered is not None and not self.answered.done():
            self.answered.set_result(status)

    async def ask(self, request: bytes) -> int:
        """The status of the answer, 0 when none came."""
        if self.lost or self.transport is None:
            return 0
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answered


@dataclass
class Result:
    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def as_json(self) -> str:
        ordered = sorted(self.latencies)
        at = {name: ordered[min(int(len(ordered) * q), len(ordered) - 1)] * 1000 if ordered else 0
              for name, q in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}  # fmt: skip
        return json.dumps({
            "seconds": round(self.seconds, 3),
            "statuses": dict(self.statuses),
            "rate": round(len(ordered) / self.seconds, 1) if self.seconds else 0,
            **{name: round(ms, 1) for name, ms in at.items()},
        })  # fmt: skip


async def connect(port: int) -> Client:
    _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
    return client


async def flood(
    port: int, requests: Iterator[Callable[[], bytes]], clients: int, seconds: float
) -> Result:
    """As fast as so many clients can, for a bounded time, or until nothing is left to send."""
    result = Result()
    start = time.perf_counter()
    end = start + seconds

    async def run() -> None:
        client = await connect(port)
        for request in requests:
            began = time.perf_counter()
            status = await client.ask(request())
            result.statuses[status] += 1
            result.latencies.append(time.perf_counter() - began)
            if client.lost or time.perf_counter() > end:
                break

    await asyncio.gather(*[run() for _ in range(clients)])
    result.seconds = time.perf_counter() - start
    return result


async def drip(
    port: int, requests: Iterator[Callable[[], bytes]], rate: float, seconds: float
) -> Result:
    """So many a second, each sent on time whatever became of the others; GitHub keeps no order."""
    result = Result()
    idle = [await connect(port) for _ in range(4)]
    start = time.perf_counter()

    async def send() -> None:
        client = idle.pop() if idle else await connect(port)
        began = time.perf_counter()
        status = await client.ask(next(requests)())
        result.statuses[status] += 1
        result.latencies.append(time.perf_counter() - began)
        idle.append(client)

    tasks = []
    for number in range(int(rate * seconds)):
        due = start + (number + random.uniform(-0.4, 0.4)) / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(send()))
    await asyncio.gather(*tasks)
    result.seconds = time.perf_counter() - start
    return result


def made_up(secret: str) -> Iterator[Callable[[], bytes]]:
    """Pull requests of no repository that there is: 4,000 in 40 installations, over and over."""
    requests = [request_of(body_of(n % 40 + 1, n, n % 40 + 1), secret) for n in range(1, 4001)]
    while True:
        yield from requests


def from_file(path: str, secret: str) -> Iterator[Callable[[], bytes]]:
    """The deliveries in a file, one JSON object in a line, once each."""
    with Path(path).open(encoding="utf-8") as lines:
        requests = [request_of(line.strip().encode(), secret) for line in lines]
    yield from requests


async def main(arguments: list[str]) -> None:
    port, secret, way, amount, seconds, *source = arguments
    requests = from_file(source[0], secret) if source else made_up(secret)
    if way == "flood":
        result = await flood(int(port), requests, int(amount), float(seconds))
    else:
        result = await drip(int(port), requests, float(amount), float(seconds))
    print(result.as_json(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
