"""Faked base images: any name, one busybox layer that all share and a small one of its own.

Loaded by one request a build (25-80 ms); nothing is pulled.
"""

import hashlib
import io
import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from tests.engine.engine import Engine
from tests.engine.plan import Plan, script
from tests.engine.tree import EPOCH

SHIMS = Path(__file__).parent / "shims"
SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
FOLDERS = "bin sbin usr usr/bin usr/sbin usr/local usr/local/bin usr/local/sbin etc root home var var/lib var/cache opt srv proc sys dev"
SHELLS = "bin/sh bin/bash bin/ash bin/dash bin/zsh usr/bin/bash usr/bin/sh usr/local/bin/bash"
ACCOUNTS = {
    "root": 0,
    "daemon": 1,
    "www-data": 33,
    "nobody": 65534,
    "node": 1000,
    "nginx": 101,
    "postgres": 999,
    "nonroot": 65532,
    "app": 1654,
}
GROUPS = {
    "adm": 4,
    "tty": 5,
    "dialout": 20,
    "wheel": 10,
    "sudo": 27,
    "audio": 29,
    "video": 44,
    "staff": 50,
    "users": 100,
    "nogroup": 65534,
}
EASY = """pip pip3 pipenv poetry uv uvx pdm hatch conda mamba micromamba python python3 npm npx yarn pnpm bun
node deno corepack turbo nx go cargo rustc rustup apt apt-get apt-key dpkg apk yum dnf microdnf rpm zypper
pacman bundle gem ruby rake rails mvn gradle java javac sbt dotnet nuget composer php docker-php-ext-install
docker-php-ext-configure docker-php-ext-enable pecl a2enmod mix rebar3 stack cabal swift dart flutter git
curl wget make cmake ninja gcc g++ cc clang meson protoc buf useradd adduser groupadd addgroup usermod
locale-gen update-ca-certificates gosu tini sudo systemctl jq gpg unzip perl R Rscript julia luarocks
opam dune nim zig helm kubectl terraform aws gcloud az playwright chown chgrp setcap ldconfig
install-php-extensions strip upx file""".split()
FAITHFUL = {
    "npm": "npm npx",
    "yarn": "yarn",
    "pnpm": "pnpm pnpx",
    "bun": "bun bunx",
    "node": "node nodejs deno ruby php perl",
    "python": "python python3",
    "pip": "pip pip3",
    "uv": "uv uvx",
    "poetry": "poetry",
    "pdm": "pdm",
    "pipenv": "pipenv",
    "go": "go",
    "cargo": "cargo",
    "mvn": "mvn mvnw",
    "gradle": "gradle gradlew java",
    "dotnet": "dotnet",
    "bundle": "bundle bundler rake",
    "composer": "composer",
    "mix": "mix",
    "packages": "apt apt-get apk dnf yum microdnf zypper dpkg",
    "accounts": "useradd adduser groupadd addgroup usermod userdel deluser groupdel delgroup groupmod",
    "system": "git make curl wget tar unzip corepack gem rpm chown chgrp install update-ca-certificates",
    "tool": "tsc gunicorn uvicorn",
}
"""The faithful tools: a script of shims/ and the names it goes by."""
READ_BY_TOOLS = (
    "usr/local/lib/python3/site-packages usr/local/share/ca-certificates var/lib/apt/lists "
    "lib/apk/db etc/apt/sources.list.d etc/ssl/certs"
)
OPEN = (
    "usr/local/cargo usr/local/cargo/bin usr/local/cargo/registry go go/bin go/src usr/local/bundle"
)
"""Where the images of Rust, Go and Ruby let every user write."""
BY_SCRIPTS = (
    "root/.local/bin/uv root/.local/bin/uvx root/.local/bin/poetry opt/poetry/bin/poetry "
    "root/.cargo/bin/cargo root/.bun/bin/bun"
)
"""Where the tools' own install scripts put them."""
HOMES = {
    "npm": "node|bun",
    "node": "node",
    "yarn": "node",
    "go": "golang",
    "cargo": "rust",
    "rustup": "rust",
    "mvn": "maven",
    "gradle": "gradle",
    "composer": "composer",
    "bun": "bun",
    "bundle": "ruby",
    "uv": "uv",
}
"""Images that have a tool, whatever another stage installs."""
SHARED = ("lib", "javascript", "json.awk", "toml.awk", "prelude", "tool", "python-lib")


@dataclass(frozen=True, slots=True)
class Image:
    """What one faked image holds beside the common things."""

    files: Mapping[str, str] = field(default_factory=dict)
    env: tuple[str, ...] = ()
    onbuild: tuple[str, ...] = ()
    workdir: str = ""
    user: str = ""
    aliases: tuple[str, ...] = ()
    salt: str = ""
    """Another salt makes another image of the same name."""


def reference(name: str) -> str:
    """The name as the engine keeps it: digest dropped, tag filled in."""
    name = name.partition("@")[0]
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def load(
    engine: Engine,
    plan: Plan,
    images: Mapping[str, Image],
    *,
    shims: str,
    outputs: str,
    architecture: str,
) -> None:
    """Give the engine every base image that a Dockerfile names, and those of `images`."""
    common = _common(engine.busybox, shims)
    blobs = {f"{hashlib.sha256(common).hexdigest()}.tar": common}
    entries = []
    aliases = {alias for image in images.values() for alias in image.aliases}
    users = _accounts(plan)
    names = {reference(n): n for n in (*images, *plan.images) if n and reference(n) not in aliases}
    for tag, name in sorted(names.items()):
        image = images.get(name) or images.get(tag) or Image()
        wanted = plan.images.get(name, set())
        layer = _archive(_own_layer(tag, image, plan, wanted, users, outputs, shims))
        layer_name = f"{hashlib.sha256(layer).hexdigest()}.tar"
        blobs[layer_name] = layer
        chain = [next(iter(blobs)), layer_name]
        settings = json.dumps(_settings(image, chain, architecture)).encode()
        settings_name = f"{hashlib.sha256(settings).hexdigest()}.json"
        blobs[settings_name] = settings
        entries.append(
            {"Config": settings_name, "RepoTags": [tag, *image.aliases], "Layers": chain}
        )
    if entries:
        blobs["manifest.json"] = json.dumps(entries).encode()
        archive = _archive(lambda tar: _add_all(tar, blobs))
        engine.request("POST", "/images/load?quiet=1", archive, "application/x-tar")


def _settings(image: Image, chain: list[str], architecture: str) -> Mapping[str, object]:
    return {
        "architecture": architecture,
        "os": "linux",
        "created": "2020-01-01T00:00:00Z",
        "config": {
            "Env": [f"PATH={SEARCH}", *image.env],
            "OnBuild": list(image.onbuild) or None,
            "WorkingDir": image.workdir,
            "User": image.user,
        },
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{name.removesuffix('.tar')}" for name in chain],
        },
        "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "faked"}] * len(chain),
    }


def _accounts(plan: Plan) -> dict[str, int]:
    """Users of every image, each with a group: the usual ones and those that are named, but none that a RUN makes."""
    made = "\n".join(script(i) for i in plan.instructions if i.name == "RUN")
    makers = "useradd|adduser|groupadd|addgroup"
    ids = ACCOUNTS | {
        name: 2000 + number for number, name in enumerate(sorted(plan.accounts - ACCOUNTS.keys()))
    }
    return {
        name: number
        for name, number in ids.items()
        if name == "root" or not re.search(rf"\b(?:{makers})\b[^\n;&|]*\b{re.escape(name)}\b", made)
    }


def _own_layer(
    tag: str,
    image: Image,
    plan: Plan,
    paths: Iterable[str],
    users: dict[str, int],
    outputs: str,
    shims: str,
) -> Callable[[tarfile.TarFile], object]:
    def fill(tar: tarfile.TarFile) -> None:
        homes = {name: "/root" if name == "root" else f"/home/{name}" for name in users}
        passwd = "".join(
            f"{name}:x:{uid}:{uid}:{'' if name in ACCOUNTS else 'faked'}:{homes[name]}:/bin/sh\n"
            for name, uid in users.items()
        )
        _add(tar, "etc/passwd", passwd.encode(), 0o644)
        _add(
            tar,
            "etc/group",
            "".join(f"{name}:x:{gid}:\n" for name, gid in (users | GROUPS).items()).encode(),
            0o644,
        )
        for name, uid in users.items():
            if uid >= 1000:
                _add(tar, homes[name][1:], kind=tarfile.DIRTYPE, owner=uid)
        for tool in sorted(plan.installed):
            if tool not in HOMES or not re.search(rf"\b({HOMES[tool]})\b", tag):
                _add(tar, f".layerwise/awaited/{tool}")
        _add(
            tar,
            ".layerwise/wanted",
            "".join(f"{key} {path}\n" for key, path in sorted(plan.outputs)).encode(),
            0o644,
        )
        _add(tar, ".layerwise/outputs", f"{outputs}\n".encode(), 0o644)
        _add(tar, ".layerwise/image", f"{tag} {image.salt}\n".encode(), 0o644)
        for path in sorted(paths):
            place = path.lstrip("/")
            _add(tar, f"{place}.faked" if path.endswith("/") else place, _made_up(path, shims))
        for path, content in sorted(image.files.items()):
            _add(tar, path.lstrip("/"), content.encode(), 0o644)

    return fill


def _made_up(path: str, shims: str) -> bytes:
    """What stands at a path that is taken from an image: a tool that is faked well, or a word."""
    name = path.rpartition("/")[2]
    script = next((s for s, names in FAITHFUL.items() if name in names.split()), None)
    return (SHIMS / script).read_bytes() if script and shims == "faithful" else b"faked\n"


@lru_cache(maxsize=4)
def _common(busybox: Path, shims: str) -> bytes:
    listed = subprocess.run(
        [busybox, "--list"], capture_output=True, text=True, check=True
    ).stdout.split()

    def fill(tar: tarfile.TarFile) -> None:
        for folder in FOLDERS.split():
            _add(tar, folder, kind=tarfile.DIRTYPE)
        _add(tar, "tmp", mode=0o1777, kind=tarfile.DIRTYPE)
        _add(tar, ".layerwise", mode=0o1777, kind=tarfile.DIRTYPE)
        _add(tar, "bin/busybox", busybox.read_bytes())
        _add(tar, "usr/bin/env", kind=tarfile.SYMTYPE, link="/bin/busybox")
        _add(tar, ".layerwise/leave", (SHIMS / "leave").read_bytes())
        shell = (SHIMS / f"{shims}-shell").read_bytes()
        commands = dict.fromkeys(EASY, "easy-command")
        if shims == "faithful":
            commands |= {
                name: script for script, names in FAITHFUL.items() for name in names.split()
            }
            for name in {*commands.values(), *SHARED} - {"easy-command"}:
                _add(tar, f".layerwise/{name}", (SHIMS / name).read_bytes())
            _add(tar, ".layerwise/has", mode=0o1777, kind=tarfile.DIRTYPE)
            _add(tar, "etc/apt/apt.conf.d/docker-clean", b"deletes archives\n", 0o644)
            for folder in READ_BY_TOOLS.split():
                _add(tar, folder, kind=tarfile.DIRTYPE)
            for folder in OPEN.split():
                _add(tar, folder, mode=0o1777, kind=tarfile.DIRTYPE)
            for path in BY_SCRIPTS.split():
                script = commands[path.rpartition("/")[2]]
                _add(tar, path, kind=tarfile.SYMTYPE, link=f"/.layerwise/{script}")
        for path in SHELLS.split():
            _add(tar, path, shell)
        _add(tar, ".layerwise/easy-command", (SHIMS / "easy-command").read_bytes())
        for name in set(listed) - {"busybox", "sh", "ash", "bash"} - commands.keys():
            _add(tar, f"bin/{name}", kind=tarfile.SYMTYPE, link="busybox")
        for name, shim in commands.items():
            _add(tar, f"usr/local/bin/{name}", kind=tarfile.SYMTYPE, link=f"/.layerwise/{shim}")

    return _archive(fill)


def _archive(fill: Callable[[tarfile.TarFile], object]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        fill(tar)
    return buffer.getvalue()


def _add_all(tar: tarfile.TarFile, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        _add(tar, name, data, 0o644)


def _add(
    tar: tarfile.TarFile,
    name: str,
    data: bytes = b"",
    mode: int = 0o755,
    kind: bytes = tarfile.REGTYPE,
    link: str = "",
    owner: int = 0,
) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.mtime, entry.type, entry.linkname, entry.size = (
        mode,
        EPOCH,
        kind,
        link,
        len(data),
    )
    entry.uid = entry.gid = owner
    tar.addfile(entry, io.BytesIO(data))
