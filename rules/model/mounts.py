"""Where a cache mount belongs, and who understands one."""

from rules.model.cache import Build, Layer
from rules.model.installs.install import Cache
from rules.model.variables import Variable

_FRONTENDS = ("docker/dockerfile", "docker.io/docker/dockerfile")
_SHELLS = frozenset("sh bash ash dash".split())


def knows_mounts(build: Build) -> str | None:
    """Why `RUN --mount` must not be suggested for this file, or None.

    Mounts came with frontend 1.2 (https://docs.docker.com/build/buildkit/dockerfile-frontend/).
    """
    if not build.builder.takes_mounts:
        return f"the builder ({build.builder.name}) does not know this syntax"
    if build.dockerfile.escape != "\\":
        return "it looks like a Dockerfile for Windows"
    syntax = build.dockerfile.syntax
    if syntax is None:
        return None
    image, _, tag = syntax.partition("@")[0].partition(":")
    if image not in _FRONTENDS:
        return "another frontend reads this file"
    numbers = tag.removesuffix("-labs").split(".")
    if tag in ("", "latest", "labs") or numbers == ["1"]:
        return None
    if len(numbers) >= 2 and numbers[0] == "1" and numbers[1].isdigit() and int(numbers[1]) >= 2:
        return None
    return f"frontend {tag} may not know mounts"


def cache_folder(layer: Layer, cache: Cache) -> str | None:
    """The absolute path of a manager's cache for this RUN; None when it is not certain."""
    if layer.shell[0].rpartition("/")[2] not in _SHELLS:
        return None
    if layer.user not in ("root", "0"):
        return None  # the mount belongs to root, and this user could not write to it
    for name, below in (*cache.variables, ("HOME", f"/{cache.folder}")):
        variable = set_in_file(layer, name)
        if variable is not None:
            value = variable.value.text
            return value.rstrip("/") + below if value and value.startswith("/") else None
    return f"/root/{cache.folder}"


def set_in_file(layer: Layer, name: str) -> Variable | None:
    """The ENV or ARG of the file that gives a RUN this variable."""
    return next((v for v in reversed(layer.variables.variables) if v.name == name), None)


def mounted(layer: Layer, folder: str) -> bool:
    """Whether a cache mount of the RUN covers this folder, or may."""
    for mount in layer.mounts:
        if mount.type != "cache":
            continue
        if mount.target is None or (folder + "/").startswith(mount.target.rstrip("/") + "/"):
            return True
    return False


def hides_files(build: Build, layer: Layer, folder: str) -> bool:
    """Whether a COPY of the stage puts files where the mount would hide them."""
    for other in build.layers:
        if other.stage != layer.stage or other.copy is None:
            continue
        target = other.copy.destination
        if target is None or (target.rstrip("/") + "/").startswith(folder + "/"):
            return True
    return False
