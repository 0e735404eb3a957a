"""Where no `git` can be: a step on an image without it, behind steps that bring none.

`go build` stamps the commit only where it finds the program, and leaves it out without a word
where it does not (https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies, `-buildvcs`).
"""

import re

from rules.model.cache import Build, Layer
from rules.model.lineage import base_image, seen_by
from rules.model.processes import Process

_VARIABLE = re.compile(r"\$\{?\w+\}?")
_PACKAGES = frozenset(
    """
    bash binutils build-base ca-certificates clang coreutils curl file findutils g++ gcc gettext
    grep gzip jq libc-dev libc6-compat libwebp-dev linux-headers make musl-dev nodejs npm openssl
    openssl-dev pkgconf pkgconfig protobuf protobuf-dev protoc python3 sed sqlite sqlite-dev tar
    tzdata unzip upx util-linux-dev vips-dev wget xz yarn zip zlib-dev
    """.split()
)
"""Packages of Alpine that bring no `git` along."""
_VALUED = frozenset(["-t", "--virtual", "-X", "--repository"])
_TAME = frozenset(
    """
    [ : addgroup adduser awk buf cat cd chgrp chmod chown cut date echo env exit export false find
    go golangci-lint grep gzip head ls make mkdir mockgen node npm npx printf protoc pwd rm sed set
    sleep sort sqlc strip swag tail templ test touch tr true umask unset update-ca-certificates upx
    which yarn
    """.split()
)
"""Programs that install nothing for the whole system."""
_FETCHING = frozenset("cp curl install ln mv tar unzip wget".split())
_HOSTS = re.compile(r"git(hub|lab)")
_PROGRAMS = ("/usr", "/bin", "/sbin", "/go/bin", "/opt", "/lib")


def lacks_git(build: Build, layer: Layer) -> bool:
    """Whether a RUN is proven to find no `git`: on golang's Alpine images, which have none.

    https://hub.docker.com/_/golang, "golang:<version>-alpine"
    """
    image = base_image(build, layer.stage)
    if image.name != "golang" or "alpine" not in _VARIABLE.sub("", image.tag or ""):
        return False
    return not any(_may_bring(each) for each in (*seen_by(build, layer), layer))


def _may_bring(layer: Layer) -> bool:
    copy = layer.copy
    if copy is not None:
        foreign = not copy.local or bool(copy.remote) or any(map(copy.unpacked, copy.files))
        return foreign and _is_for_programs(copy.destination)
    if layer.instruction.keyword != "RUN":
        return False
    foreign_mounts = (m for m in layer.mounts if m.type == "bind" and not m.local)
    if any(_is_for_programs(mount.target) for mount in foreign_mounts):
        return True
    if layer.script is None or layer.script.opaque is not None:
        return True
    return not all(map(_is_tame, layer.processes))


def _is_for_programs(folder: str | None) -> bool:
    return folder is None or folder == "/" or folder.startswith(_PROGRAMS)


def _is_tame(process: Process) -> bool:
    """Whether a process is known to install no `git`."""
    words = [word for word in process.args if word is not None]
    if process.name in _FETCHING:
        return not any("git" in _HOSTS.sub("", word) for word in words)
    if process.name != "apk":
        return process.name in _TAME
    packages, valued = [], False
    for word in words:
        if not valued and not word.startswith(("-", ".")):
            packages.append(re.split("[=<>~@]", word)[0])
        valued = word in _VALUED
    verb, packages = packages[:1], packages[1:]
    if verb != ["add"]:
        return verb in (["update"], ["upgrade"], ["del"])
    known = len(words) == len(process.args) and not process.open_ended
    return known and _PACKAGES.issuperset(packages)
