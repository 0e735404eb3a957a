"""The service under load: `python -m tests.bench.service [PART…] [STORE…]`, on a machine at rest.

accept   signed deliveries of 16 KB as fast as 32 clients can, stored; beside it probot, which
         stores nothing (npm)
steady   20 deliveries a second, reviewed meanwhile: how long GitHub waits for our answer
whole    pull requests from the delivery to the review, GitHub 80 ms away
idle     what it costs to wait
memory   what 20,000 jobs leave behind
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.bench.load import body_of
from tests.bench.processes import (
    SECRET,
    Process,
    Service,
    database,
    machine,
    metric,
    wait_for,
    wait_until_done,
)
from tests.bot.serving import free_port

PROBOT = """
import { createServer } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";
const app = (app) => { app.on("pull_request", async () => {}); };
const probot = createProbot({ overrides: {
  appId: 1, privateKey: process.env.KEY, secret: process.env.SECRET, logLevel: "fatal" } });
const middleware = await createNodeMiddleware(app, { probot, webhooksPath: "/webhook" });
createServer((request, response) => {
  if (request.url === "/healthz") { response.end("ok"); return; }
  middleware(request, response, () => { response.statusCode = 404; response.end(); });
}).listen(Number(process.env.PORT), "127.0.0.1");
"""
STORED = 'layerwise_deliveries_total{event="pull_request",status="202"}'


def load(port: int, secret: str, way: str, amount: int, seconds: float, *file: str) -> Any:
    """What a source of load in a process of its own saw."""
    process = Process("tests.bench.load", str(port), secret, way, str(amount), str(seconds), *file)
    try:
        return process.line()
    finally:
        process.kill()


def say(what: str, **figures: Any) -> None:
    words = " ".join(f"{name}={value}" for name, value in figures.items())
    print(f"{what:34} {words}", flush=True)


def measure_accept(stores: Sequence[str]) -> None:
    rates = {}
    for kind in stores:
        with database(kind) as url:
            service = Service(url)
            server, port = service.start("web")
            load(port, service.secret, "flood", 8, 1)
            before, cpu = metric(port, STORED), server.cpu()
            seen = load(port, service.secret, "flood", 32, 8)
            each = (server.cpu() - cpu) * 1000 / sum(seen["statuses"].values())
            stored = int(metric(port, STORED) - before)
            mb = round(server.memory())
            say(f"accept, {kind}", **seen, stored=stored, cpu_ms=round(each, 2), mb=mb)
            rates[kind] = seen["rate"]
            server.stop()
    with probot() as port:
        if port:
            load(port, SECRET, "flood", 8, 1)
            seen = load(port, SECRET, "flood", 32, 8)
            say("accept, probot 14 (stores nothing)", **seen)
            for kind, rate in rates.items():
                print(f"probot takes {seen['rate'] / rate:.1f} times as many as {kind} stores")


@contextmanager
def probot() -> Iterator[int]:
    """Its port; 0 where npm or the package cannot be had."""
    if shutil.which("npm") is None:
        yield 0
        return
    with tempfile.TemporaryDirectory(prefix="probot-") as folder, ExitStack() as exits:
        (Path(folder) / "app.mjs").write_text(PROBOT)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "probot@14"],
                       cwd=folder, check=True)  # fmt: skip
        port = free_port()
        key = Service("").environment["GITHUB_PRIVATE_KEY"]
        environment = {"PORT": str(port), "KEY": key, "SECRET": SECRET, "PATH": "/usr/bin:/bin",
                       "NODE_ENV": "production"}  # fmt: skip
        node = subprocess.Popen(
            [shutil.which("node") or "node", "app.mjs"], cwd=folder, env=environment
        )
        exits.callback(node.wait)
        exits.callback(node.kill)
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield port


@contextmanager
def github(
    owners: int, each: int, milliseconds: int
) -> Iterator[tuple[Process, dict[str, Any], str]]:
    """A stand-in, its credentials, and the file of its deliveries."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = f"{folder}/deliveries"
        process = Process("tests.bench.github", str(owners), str(each), str(milliseconds), file)
        try:
            yield process, process.line(), file
        finally:
            process.kill()


def measure_steady(stores: Sequence[str]) -> None:
    for kind in stores:
        for parts in (("web", "worker"), ("",)):
            with database(kind) as url, github(100, 6, 80) as (standin, app, file):
                service = Service(url, app)
                servers = [service.start(part) for part in parts]
                port = servers[0][1]
                time.sleep(3)
                seen = load(port, service.secret, "drip", 20, 25, file)
                reviewed = standin.ask()["reviews"].get("1", 0)
                apart = "apart" if len(parts) == 2 else "one process"
                say(f"steady, {kind}, {apart}", **seen, reviewed_meanwhile=reviewed)
                for server, _ in servers:
                    server.stop()


def measure_whole(stores: Sequence[str]) -> None:
    for kind in stores:
        parts = ("web", "worker", "worker") if kind == "postgresql" else ("",)
        with database(kind) as url, github(150, 4, 80) as (standin, app, file):
            service = Service(url, app)
            servers = [service.start(part) for part in parts]
            port = servers[0][1]
            start = time.monotonic()
            seen = load(port, service.secret, "drip", 60, 10, file)
            wait_until_done(port)
            took = time.monotonic() - start
            counts = standin.ask()
            say(f"whole, {kind}, {len(parts)} processes", rate=round(600 / took, 1), **counts,
                ack_p99=seen["p99"], cpu=[round(s.cpu(), 1) for s, _ in servers], github_cpu=round(standin.cpu(), 1))  # fmt: skip
            for server, _ in servers:
                server.stop()


def measure_idle(stores: Sequence[str]) -> None:
    for kind in stores:
        with database(kind) as url:
            server, _ = Service(url).start()
            time.sleep(10)
            before, seconds = server.cpu(), 30
            time.sleep(seconds)
            share = (server.cpu() - before) / seconds
            say(f"idle, {kind}", cpu=f"{share:.1%}", mb=round(server.memory()))
            server.stop()


def measure_memory(stores: Sequence[str]) -> None:
    """Jobs that end at once, GitHub knows no such installation: what is kept of any is kept."""
    rounds, each = 5, 4000
    for kind in stores:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, database(kind) as url:
            file = Path(folder) / "deliveries"
            file.write_bytes(
                b"\n".join(body_of(n % 40 + 1, n, n % 40 + 1).strip() for n in range(1, each + 1))
            )
            with github(1, 1, 0) as (_, app, _):
                service = Service(url, app)
                server, port = service.start()
                for number in range(1, rounds + 1):
                    load(port, service.secret, "flood", 4, 600, str(file))
                    wait_until_done(port)
                    jobs = int(metric(port, 'layerwise_jobs_total{result="ended"}'))
                    say(f"memory, {kind}", deliveries=number * each, jobs=jobs, mb=round(server.memory(), 1))  # fmt: skip
                server.stop()


STORES = ("sqlite", "postgresql")
PARTS: dict[str, Callable[[Sequence[str]], None]] = {
    "accept": measure_accept,
    "steady": measure_steady,
    "whole": measure_whole,
    "idle": measure_idle,
    "memory": measure_memory,
}


if __name__ == "__main__":
    print(f"machine: {machine()}", flush=True)
    asked = sys.argv[1:]
    stores = [word for word in asked if word in STORES] or STORES
    for name in [word for word in asked if word not in STORES] or PARTS:
        PARTS[name](stores)
    print(f"machine: {machine()}")
