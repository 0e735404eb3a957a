"""A BuildKit engine of our own: started from Debian's packages, beside whatever the machine has.

`python -m tests.engine.engine up` leaves one running and prints where; `down` ends it. Everything it
needs lies in one folder (LAYERWISE_ENGINE_DIR, else a folder for temporary files): packages, data
root, socket. It needs root, since dockerd does. The machine's own Docker is never touched: its
programs are used if they are new enough, its images and its cache are not. A Docker that may be used
up (its images replaced, its build cache emptied) is named by LAYERWISE_ENGINE_HOST, a unix:// address.

Facts behind the choices: forky's dockerd, buildx and containerd run on bookworm's glibc, its runc does
not; without the containerd image store `COPY --link` is a plain COPY.
"""

import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SUITES = ("forky", "trixie", "sid")
"""Debian suites whose Docker is new enough (28, with buildx's provenance), the best first."""
OLDEST = 28
PLUGINS = (
    "/usr/libexec/docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
)


class Unavailable(Exception):
    """No engine can be had here; the text says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine and the folder that is its own."""

    folder: Path
    socket: Path
    buildx: Path
    busybox: Path
    version: str

    def request(
        self,
        method: str,
        path: str,
        body: bytes | BinaryIO | None = None,
        kind: str = "application/json",
    ) -> bytes:
        """Ask the Docker API; raises RuntimeError with its answer when that is not a success."""
        status, data = _request(self.socket, method, path, body, kind)
        if status >= 300 or b'"errorDetail"' in data:
            raise RuntimeError(f"{method} {path}: {status} {data[:400].decode(errors='replace')}")
        return data

    def forget(self) -> None:
        """Empty the build cache (0.1 s), so that nothing built before can be reused."""
        self.request("POST", "/build/prune?all=true")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes off this engine: the cache and the faked images are shared."""
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class _Unix(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def _request(
    path: Path,
    method: str,
    url: str,
    body: bytes | BinaryIO | None = None,
    kind: str = "application/json",
) -> tuple[int, bytes]:
    connection = _Unix(path)
    try:
        connection.request(method, url, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _version(path: Path) -> str | None:
    """The version of the engine that answers at a socket, None when none does."""
    try:
        status, data = _request(path, "GET", "/version")
    except OSError:
        return None
    return str(json.loads(data)["Version"]) if status == 200 else None


def folder() -> Path:
    """Where the engine lives."""
    named = os.environ.get("LAYERWISE_ENGINE_DIR")
    return (
        Path(named).absolute()
        if named
        else Path(tempfile.gettempdir()) / f"layerwise-engine-{os.getuid()}"
    )


def use(number: int = 0) -> Engine:
    """The engine that runs, or one that is started now; raises Unavailable with the reason.

    Engines of other numbers have their own images and cache: one for each process of a test run.
    """
    home = folder()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        host = os.environ.get("LAYERWISE_ENGINE_HOST")
        return _given(home, Path(host.removeprefix("unix://"))) if host else _start(home, number)


def _given(home: Path, path: Path) -> Engine:
    """A Docker that somebody else runs."""
    version, buildx = _version(path), _system_programs().get("docker-buildx")
    if version is None or buildx is None:
        raise Unavailable(f"no engine with buildx answers at {path}")
    return Engine(home, path, buildx, _static_busybox(home), version)


def _start(home: Path, number: int) -> Engine:
    programs = home / "bin"
    own = home / f"engine{number}" if number else home
    own.mkdir(exist_ok=True)
    path = own / "docker.sock"
    version = _version(path)
    if version is None:
        if os.getuid() != 0:
            raise Unavailable("an engine can only be started by root")
        if not (programs / "busybox").exists():
            _collect_programs(home)
        _run_daemon(programs, own, path)
        version = _version(path) or "unknown"
    return Engine(own, path, programs / "docker-buildx", programs / "busybox", version)


def stop() -> None:
    """End the engines that `use` started; their packages stay for the next start (1.3 s)."""
    for own in (folder(), *folder().glob("engine*")):
        try:
            os.kill(int((own / "pid").read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            continue
        for _ in range(100):
            if _version(own / "docker.sock") is None:
                break
            time.sleep(0.1)


def _system_programs() -> dict[str, Path]:
    """The machine's own programs by name, if its dockerd is new enough."""
    found = {}
    for name in ("dockerd", "containerd", "containerd-shim-runc-v2", "runc"):
        where = shutil.which(
            name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/libexec/docker"
        )
        if where:
            found[name] = Path(where)
    for where in (*PLUGINS, str(Path.home() / ".docker/cli-plugins")):
        plugin = Path(where, "docker-buildx")
        if plugin.exists():
            found.setdefault("docker-buildx", plugin)
    return found


def _collect_programs(home: Path) -> None:
    """Fill bin/ with links to the programs: the machine's, or those of Debian's packages."""
    found = _system_programs()
    needed = {"dockerd", "containerd", "containerd-shim-runc-v2", "runc", "docker-buildx"}
    if not (needed <= found.keys() and _major(found["dockerd"]) >= OLDEST):
        found = _debian_programs(home, runc=found.get("runc"))
    (home / "bin").mkdir(exist_ok=True)
    # busybox last: it says that all are there
    for name, where in (*found.items(), ("busybox", _static_busybox(home))):
        link = home / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(where)


def _major(dockerd: Path) -> int:
    said = subprocess.run(
        [dockerd, "--version"], capture_output=True, text=True, check=False
    ).stdout
    number = re.search(r"version (\d+)", said)
    return int(number.group(1)) if number else 0


def _debian_programs(home: Path, runc: Path | None) -> dict[str, Path]:
    debs = home / "debs"
    debs.mkdir(exist_ok=True)
    refusals = []
    for suite in SUITES:
        try:
            options = _private_apt(home, suite)
            _call(["apt-get", *options, "update"])
            _call(
                ["apt-get", *options, "download", "docker.io", "docker-buildx", "containerd"],
                cwd=debs,
            )
            break
        except Unavailable as error:
            refusals.append(f"{suite}: {error}")
    else:
        raise Unavailable("no new enough Docker in Debian's packages; " + "; ".join(refusals))
    if runc is None:  # this machine's suite: the newer one's runc needs a newer libc
        _download(debs, "runc")
    _unpack(home)
    usr = home / "root/usr"
    return {
        "dockerd": usr / "sbin/dockerd",
        "containerd": usr / "bin/containerd",
        "containerd-shim-runc-v2": usr / "bin/containerd-shim-runc-v2",
        "docker-buildx": usr / "libexec/docker/cli-plugins/docker-buildx",
        "runc": runc or usr / "sbin/runc",
    }


def _static_busybox(home: Path) -> Path:
    """A busybox that runs alone in an image."""
    places = [home / "root/usr/bin/busybox", home / "root/bin/busybox"]
    if not any(place.exists() for place in places):
        (home / "debs").mkdir(exist_ok=True)
        _download(home / "debs", "busybox-static")
        _unpack(home)
    for place in places:
        if place.exists():
            return place
    raise Unavailable("the package busybox-static holds no busybox")


def _private_apt(home: Path, suite: str) -> list[str]:
    """Options for an apt of another suite that shares nothing with the system's."""
    apt = home / f"apt-{suite}"
    for part in ("lists/partial", "cache/archives/partial", "none"):
        (apt / part).mkdir(parents=True, exist_ok=True)
    keys = "/usr/share/keyrings/debian-archive-keyring.gpg"
    (apt / "sources.list").write_text(f"deb [signed-by={keys}] {mirror()} {suite} main\n")
    return [
        f"-oDir::Etc::sourcelist={apt}/sources.list",
        f"-oDir::Etc::sourceparts={apt}/none",
        f"-oDir::Etc::preferencesparts={apt}/none",
        f"-oDir::State::lists={apt}/lists",
        f"-oDir::Cache={apt}/cache",
        "-oAPT::Sandbox::User=root",
        "-oAcquire::Languages=none",
        "-oAcquire::Check-Valid-Until=false",
    ]


def mirror() -> str:
    """The address of Debian's archive that this machine's apt uses."""
    sources = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for source in sources:
        if source.is_file():
            found = re.search(
                r"(?m)^(?:URIs:[ \t]*|deb[ \t]+(?:\[[^]\n]*\][ \t]*)?)(\S+/debian/?)(?=\s|$)",
                source.read_text(errors="replace"),
            )
            if found:
                return found.group(1).rstrip("/")
    raise Unavailable("this machine's apt knows no Debian archive")


def _download(debs: Path, package: str) -> None:
    download = ["apt-get", "-oAPT::Sandbox::User=root", "download", package]
    try:
        _call(download, cwd=debs)
    except Unavailable:  # a fresh machine has no lists yet
        _call(["apt-get", "update"])
        _call(download, cwd=debs)


def _unpack(home: Path) -> None:
    for package in sorted((home / "debs").glob("*.deb")):
        if not (home / "debs" / f"{package.name}.unpacked").exists():
            _call(["dpkg", "-x", str(package), str(home / "root")])
            (home / "debs" / f"{package.name}.unpacked").touch()


def _call(command: list[str], cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Unavailable(f"{command[0]}: {error}") from error
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:1] + command[-2:])}: {done.stderr.strip()[-300:]}")


def _run_daemon(programs: Path, home: Path, path: Path) -> None:
    settings = home / "daemon.json"
    settings.write_text(json.dumps({"features": {"containerd-snapshotter": True}}))
    command = [
        str(programs / "dockerd"),
        f"--config-file={settings}",
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
        "--userland-proxy=false",  # docker-proxy is not among the packages' programs on PATH
        f"--data-root={home / 'data'}",
        f"--exec-root={home / 'exec'}",
        f"--pidfile={home / 'pid'}",
        f"--host=unix://{path}",
    ]
    environment = {**os.environ, "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"}
    # spawned rather than a child of subprocess: it outlives this process
    daemon = os.posix_spawn(
        command[0],
        command,
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, home / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    end = time.monotonic() + 60
    while _version(path) is None:
        ended, _ = os.waitpid(daemon, os.WNOHANG)
        if ended or time.monotonic() > end:
            if not ended:
                os.kill(daemon, signal.SIGTERM)
            raise Unavailable("dockerd did not start: " + (home / "log").read_text()[-600:])
        time.sleep(0.05)


def main(arguments: list[str]) -> int:
    """`up` or `down`."""
    if arguments == ["down"]:
        stop()
        return 0
    if arguments != ["up"]:
        sys.stderr.write("usage: python -m tests.engine.engine up|down\n")
        return 2
    begun = time.monotonic()
    try:
        engine = use()
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    seconds = time.monotonic() - begun
    sys.stdout.write(f"Docker {engine.version} at unix://{engine.socket} after {seconds:.1f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
