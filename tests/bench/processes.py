"""The processes of a bench: servers, a stand-in GitHub, a source of load."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.bot import postgres
from tests.bot.serving import ROOT, free_port

SECRET = "a webhook secret for the bench"
TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A Python module as a process; its standard error goes into a file."""

    def __init__(
        self, module: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        self.log = tempfile.NamedTemporaryFile(prefix="bench-", suffix=".log")  # noqa: SIM115
        self.popen = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=ROOT, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={"PATH": os.environ["PATH"], **(environment or {})},
        )  # fmt: skip

    def line(self) -> Any:
        """The next line that it prints, as JSON."""
        assert self.popen.stdout is not None
        return json.loads(self.popen.stdout.readline())

    def ask(self) -> Any:
        """What it answers to a line."""
        assert self.popen.stdin is not None
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()
        return self.line()

    def last_words(self) -> str:
        """The end of its log."""
        return Path(self.log.name).read_text()[-2000:]

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """MB that are resident."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def kill(self) -> None:
        self.popen.kill()
        self._end()

    def stop(self) -> None:
        self.popen.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(60)
        self.kill()

    def _end(self) -> None:
        self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]
        self.log.close()


class Service:
    """Settings for servers, and the servers that run with them."""

    def __init__(self, database: str, github: dict[str, Any] | None = None) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        known = github or {"url": "http://127.0.0.1:9", "id": 1, "key": pem, "secret": SECRET}
        self.secret: str = known["secret"]
        self.environment = {
            "GITHUB_APP_ID": str(known["id"]),
            "GITHUB_PRIVATE_KEY": known["key"],
            "GITHUB_WEBHOOK_SECRET": self.secret,
            "GITHUB_API_URL": known["url"],
            "DATABASE_URL": database,
        }

    def spawn(self, only: str, port: int) -> Process:
        """A server that begins to start. `only`: "web", "worker", or "" for both."""
        part = ["--only", only] if only else []
        environment = {**self.environment, "PORT": str(port)}
        return Process("bot", "serve", *part, environment=environment)

    def start(self, only: str = "") -> tuple[Process, int]:
        """A server, when it answers, and its port."""
        port = free_port()
        process = self.spawn(only, port)
        wait_for(f"http://127.0.0.1:{port}/healthz")
        return process, port


def wait_for(url: str, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, HTTPError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def metric(port: int, name: str) -> float:
    """A line of /metrics."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    lines = [line for line in text.splitlines() if line.startswith(name + " ")]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def left(port: int) -> int:
    """How many jobs wait or run."""
    states = ("waiting", "running")
    return int(sum(metric(port, f'layerwise_jobs_now{{state="{s}"}}') for s in states))


def wait_until_done(port: int, seconds: float = 120.0) -> None:
    """Wait until nothing is to be done; so many seconds without any progress are too many."""
    end, fewest = time.monotonic() + seconds, sys.maxsize
    while now := left(port):
        if now < fewest:
            end, fewest = time.monotonic() + seconds, now
        if time.monotonic() > end:
            raise TimeoutError(f"{now} jobs are left")
        time.sleep(0.2)


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of a new database, on a disk that keeps what it was told to."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            yield f"sqlite:///{folder}/jobs.sqlite"
        return
    programs = postgres.find()
    if programs is None:
        raise SystemExit("no PostgreSQL server is installed")
    server = postgres.Postgres(programs, durable=True)
    try:
        yield server.database()
    finally:
        server.remove()


def machine() -> str:
    """How busy it is: figures depend on it."""
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load {one:.1f} (1 min), {five:.1f} (5 min)"
