"""kill -9 at random: `python -m tests.bench.kill [--kills N] [--deliveries N] [--store KIND]`.

Deliveries are sent to the real server until it answers 202; meanwhile its processes are killed
and started again, at any moment of their lives. At the end each pull request must have been
reviewed once, and have one check run. Exits with 1 otherwise.
"""

import argparse
import hashlib
import hmac
import http.client
import random
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.processes import (
    Process,
    Service,
    database,
    machine,
    metric,
    wait_for,
    wait_until_done,
)
from tests.bot.serving import free_port

OWNERS, ACTIONS = 25, 4
STARTING = 0.2
"""So often a process is killed before it is ready."""


class Sender:
    """Sends deliveries until they are taken, as one who never gives up."""

    def __init__(self, port: int, secret: str, file: Path) -> None:
        self._port, self._secret = port, secret
        self._bodies = file.read_bytes().splitlines()
        random.shuffle(self._bodies)
        self._pool = ThreadPoolExecutor(8)
        self._lock = threading.Lock()
        self.accepted = self.refused = 0

    def send(self, count: int) -> None:
        for _ in range(min(count, len(self._bodies))):
            self._pool.submit(self._send, self._bodies.pop())

    def finish(self) -> None:
        self.send(len(self._bodies))
        self._pool.shutdown()

    def _send(self, body: bytes) -> None:
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "pull_request",
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-Hub-Signature-256": "sha256="
            + hmac.digest(self._secret.encode(), body, hashlib.sha256).hex(),
        }
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
            try:
                connection.request("POST", "/webhook", body, headers)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                status = 0
            finally:
                connection.close()
            with self._lock:
                self.accepted += status == 202
                self.refused += status not in (202, 503, 0)
            if status not in (503, 0):
                return
            time.sleep(0.2)


def run(store: str, kills: int, deliveries: int) -> bool:
    """Whether all went well."""
    each = max(1, deliveries // OWNERS // ACTIONS)
    pulls, deliveries = each * OWNERS, each * OWNERS * ACTIONS
    parts = ["web", "worker", "worker"] if store == "postgresql" else [""]
    with tempfile.TemporaryDirectory(prefix="kill-") as folder, database(store) as url:
        file = Path(folder) / "deliveries"
        github = Process("tests.bench.github", str(OWNERS), str(each), "0", str(file))
        service = Service(url, github.line())
        ports = [free_port() for _ in parts]
        living: list[Process] = []
        sender = Sender(ports[0], service.secret, file)
        start = time.monotonic()
        try:
            living += [service.spawn(part, port) for part, port in zip(parts, ports, strict=True)]
            for number in range(kills):
                victim = random.randrange(len(parts))
                sender.send(-(-deliveries // kills))
                if random.random() > STARTING:
                    wait_for(f"http://127.0.0.1:{ports[victim]}/healthz")
                time.sleep(random.uniform(0.0, 1.0))
                living[victim].kill()
                living[victim] = service.spawn(parts[victim], ports[victim])
                if number % 20 == 19:
                    say(f"{store}: {number + 1} kills, {sender.accepted} accepted")
            sender.finish()
            wait_for(f"http://127.0.0.1:{ports[0]}/healthz")
            wait_until_done(ports[0])
            dead = int(metric(ports[0], 'layerwise_jobs_now{state="dead"}'))
            counts = github.ask()
        except OSError:
            for process in living:
                say(process.last_words())
            raise
        finally:
            for process in [*living, github]:
                process.kill()
    once = {"1": pulls}
    good = counts["reviews"] == once and counts["check_runs"] == once and not dead
    say(
        f"{store}: {kills} kills, {sender.accepted} of {deliveries} deliveries accepted, {pulls} pull "
        f"requests; reviews {counts['reviews']}, check runs {counts['check_runs']}, given up {dead}, "
        f"{time.monotonic() - start:.0f} s: {'good' if good else 'BAD'}"
    )
    return good and sender.accepted == deliveries


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--deliveries", type=int, default=5000)
    parser.add_argument("--store", choices=["sqlite", "postgresql"])
    chosen = parser.parse_args()
    say(f"machine: {machine()}")
    stores = [chosen.store] if chosen.store else ["sqlite", "postgresql"]
    results = [run(store, chosen.kills, chosen.deliveries) for store in stores]
    sys.exit(0 if all(results) else 1)
