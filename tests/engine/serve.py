"""Servers on loopback that a build fetches from: files for ADD, and a git repository as context."""

import hashlib
import http.server
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def url_server(answers: Mapping[str, tuple[str, Mapping[str, str]]]) -> Iterator[None]:
    """Serve files while in the block; an unknown path is answered by a text made of it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made = f"file {self.path}"
            tag = {"ETag": f'"{hashlib.md5(self.path.encode()).hexdigest()}"'}
            text, headers = answers.get(self.path, (made, tag))
            if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
                self.send_response(304)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(text.encode())))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(text.encode())

        do_HEAD = do_GET

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", _port("url")), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def url_address() -> str:
    """Where `url_server` serves: the same in every build of a process, since it is part of an ADD's key."""
    return f"http://127.0.0.1:{_port('url')}"


_ports: dict[str, int] = {}


def _port(name: str) -> int:
    """A port of our own, the same for the life of the process."""
    if name not in _ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            _ports[name] = int(probe.getsockname()[1])
    return _ports[name]


@contextmanager
def git_server(folder: Path | None, message: str) -> Iterator[str]:
    """Commit a folder, serve it by git's own protocol while in the block; gives the address ("" for no folder)."""
    if folder is None:
        yield ""
        return
    who = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    when = {"GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    environment = {
        **os.environ,
        **who,
        **when,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    if not (folder / ".git").exists():
        for command in (
            ["init", "-q", "-b", "main"],
            ["add", "-A", "-f"],
            ["commit", "-q", "--allow-empty", "-m", message],
        ):
            subprocess.run(
                ["git", *command], cwd=folder, env=environment, check=True, capture_output=True
            )
    port = _port("git")
    with tempfile.TemporaryDirectory(prefix="layerwise-git-") as root:
        bare = Path(root, "repository.git")
        subprocess.run(
            ["git", "clone", "-q", "--bare", str(folder), str(bare)],
            env=environment,
            check=True,
            capture_output=True,
        )
        daemon = subprocess.Popen(
            [
                "git",
                "daemon",
                "--reuseaddr",
                "--export-all",
                "--listen=127.0.0.1",
                f"--port={port}",
                f"--base-path={root}",
                root,
            ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port)
            yield f"git://127.0.0.1:{port}/repository.git"
        finally:
            daemon.terminate()
            daemon.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError("git daemon does not answer")
