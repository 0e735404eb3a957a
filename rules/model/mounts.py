"""Where a cache mount belongs: the folder of a manager's cache for one call, and whose it is."""

import posixpath
from functools import cache

from rules.model.accounts import ROOT, Account, account_of
from rules.model.cache import Build, Layer
from rules.model.dataclass import dataclass
from rules.model.images import Image
from rules.model.installs.find import may_say
from rules.model.installs.install import LATEST, Cache, Manager
from rules.model.lineage import base_image, seen_by
from rules.model.mount import Mount, read_number
from rules.model.places import is_inside
from rules.model.processes import Process
from rules.model.sources import clean
from rules.model.variables import Variable

_FRONTENDS = ("docker/dockerfile", "docker.io/docker/dockerfile")
_SHELLS = frozenset("sh bash ash dash".split())


class UnsureError(Exception):
    """Why the folder of a cache is not certain, or why it must have no mount."""


@dataclass(frozen=True, slots=True)
class Place:
    """One folder that a mount belongs on, and the account that writes to it."""

    folder: str
    """Absolute."""
    account: Account
    cache: Cache

    @property
    def flag(self) -> str:
        """The flag of RUN."""
        parts = [f"--mount=type=cache,target={self.folder}"]
        if self.cache.id:
            parts.append(f"id={self.cache.id}")
        if self.cache.locked:
            parts.append("sharing=locked")
        return ",".join(parts + self.owner)

    @property
    def owner(self) -> list[str]:
        """The options that give the mount its owner; root's need none."""
        if self.account.uid == 0:
            return []
        gid = self.account.gid
        return [f"uid={self.account.uid}", *([] if gid is None else [f"gid={gid}"])]


def knows_mounts(build: Build) -> str | None:
    """Why `RUN --mount` must not be suggested for this file, or None.

    Mounts came with frontend 1.2 (https://docs.docker.com/build/buildkit/dockerfile-frontend/).
    """
    if build.builder.name == "unknown":
        return "what builds it is not known: a file that may say so cannot be read"
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
    major, *rest = tag.removesuffix("-labs").split(".")
    if tag in ("", "latest", "labs") or (major == "1" and not rest):
        return None
    if major == "1" and (read_number(rest[0]) or 0) >= 2:
        return None
    return f"frontend {tag} may not know mounts"


def find_places(build: Build, layer: Layer, process: Process, cache: Cache) -> tuple[Place, ...]:
    """The folders of a cache that a call of its manager uses; raises UnsureError.

    Empty where the base image has no such cache.
    """
    if cache.refused is not None:
        raise UnsureError(cache.refused)
    if layer.shell[0].rpartition("/")[2] not in _SHELLS:
        raise UnsureError("the shell is not known")
    image = base_image(build, layer.stage)
    if cache.on and not _is_on(image, cache):
        return ()
    if cache.folder.startswith("/") and not _may_move(cache):
        if process.user not in (None, "root", "0"):
            raise UnsureError("the account that runs it is not certain")
        return (Place(cache.folder, ROOT, cache),)
    if image.user is None or (image.user != "root" and not image.official):
        raise UnsureError("the base image may keep the cache elsewhere")
    account = account_of(build, layer, process.user or layer.user)
    if account is None:
        raise UnsureError("the account that runs it is not certain")
    folder = _folder(layer, process, cache, image, account)
    folders = [f"{folder}/{part}" for part in cache.parts] or [folder]
    if account.uid != 0 and any(f.rpartition("/")[0] != account.home for f in folders):
        # The engine makes the folders above a mount, and they are root's.
        raise UnsureError("the folder above the cache may not be the account's own")
    return tuple(Place(f, account, cache) for f in folders)


def _may_move(cache: Cache) -> bool:
    return bool(cache.variables or cache.options or cache.in_images)


def _is_on(image: Image, cache: Cache) -> bool:
    """Whether the release of a base image is one that has the cache; no number is the latest."""
    digits = (image.tag or "latest").partition(".")[0].partition("-")[0]
    release = read_number(digits)
    if release is None and digits not in ("latest", "rawhide"):
        return False
    return any(
        image.name == name and (last >= LATEST if release is None else first <= release <= last)
        for name, first, last in cache.on
    )


def _folder(layer: Layer, process: Process, cache: Cache, image: Image, account: Account) -> str:
    said = _said(process, cache) or _set(layer, process, cache)
    if said is not None:
        return said
    if not process.inherits:
        raise UnsureError("its environment is not known")
    in_image = dict(cache.in_images).get(image.name)
    if in_image is not None:
        return in_image
    if cache.in_images and not image.official:
        raise UnsureError("the base image may keep the cache elsewhere")
    if cache.root_folder is not None and account.uid == 0:
        return cache.root_folder
    if cache.folder.startswith("/"):
        return cache.folder
    home = _variable(layer, process, "HOME")
    return f"{account.home if home is None else _absolute(home.value)}/{cache.folder}"


def _said(process: Process, cache: Cache) -> str | None:
    """The folder that an option of the call names."""
    words = [process.argv[0].value, *process.args]
    for place, word in enumerate(words):
        name, equals, value = (word or "").partition("=")
        if name in cache.options:
            return _absolute(value if equals else next(iter(words[place + 1 :]), None))
        if name in cache.not_with:
            raise UnsureError(f"`{name}` puts what it installs elsewhere")
    return None


def _set(layer: Layer, process: Process, cache: Cache) -> str | None:
    """The folder that variables of the file name."""
    for name in cache.moved_with:
        if _variable(layer, process, name) is not None:
            raise UnsureError(f"{name} moves the cache")
    for name, below in cache.variables:
        found = _variable(layer, process, name)
        if found is not None:
            return _absolute(found.value) + below
    return None


@dataclass(frozen=True, slots=True)
class _Found:
    value: str | None


def _variable(layer: Layer, process: Process, name: str) -> _Found | None:
    """A variable as the file sets it for a call; None where it does not."""
    if name in process.environment:
        return _Found(process.environment[name])
    variable = set_in_file(layer, name)
    return None if variable is None else _Found(variable.value.text)


def _absolute(value: str | None) -> str:
    if value is None or not value.startswith("/") or any(c in value for c in " ,\"'$"):
        raise UnsureError("the folder of the cache is not known")
    return value.rstrip("/")


def set_in_file(layer: Layer, name: str) -> Variable | None:
    """The ENV or ARG of the file that gives a RUN this variable."""
    return next((v for v in reversed(layer.variables.variables) if v.name == name), None)


def covering(layer: Layer, folder: str) -> Mount | None:
    """The cache mount of a RUN that a folder lies in, or may."""
    for mount in layer.mounts:
        if mount.type == "cache" and (mount.target is None or is_inside(folder, mount.target)):
            return mount
    return None


def is_mounted(layer: Layer, place: Place) -> bool:
    """Whether a RUN has a mount for a place, or for a part of it that people rightly mount."""
    if covering(layer, place.folder) is not None:
        return True
    return any(
        is_inside(target, folder)
        for target in layer.cache_targets
        for folder in (place.folder, *place.cache.accepted)
    )


def is_meant_for(manager: Manager, target: str) -> bool:
    """Whether a mount lies where a manager keeps its cache for some user or version."""
    tails = [c.folder for c in manager.caches if not c.folder.startswith("/")]
    whole = [f for c in manager.caches for f in (c.root_folder, *dict(c.in_images).values()) if f]
    tails += manager.other_folders
    home = target.startswith(("/root/", "/home/"))
    return target in whole or (home and any(target.endswith(f"/{tail}") for tail in tails))


def hides_files(build: Build, layer: Layer, folder: str) -> bool:
    """Whether a COPY before a RUN puts files where a mount would hide them, or may."""
    for other in seen_by(build, layer):
        copy = other.copy
        if copy is None:
            continue
        target = copy.destination
        if target is None or is_inside(target, folder):
            return True
        if not is_inside(folder, target):
            continue
        if copy.stage is not None or copy.image is not None:
            return True
        below = posixpath.relpath(folder, target)
        for source in copy.sources or ():
            path = clean(posixpath.join(source, below))
            if path in build.files.known or build.files.under(path):
                return True
    return False


def is_moved_before(build: Build, layer: Layer, cache: Cache) -> bool:
    """Whether a command before, in the stage or in the RUN, may have moved the cache."""
    for other in (*seen_by(build, layer), layer):
        if other.instruction.keyword == "RUN" and cache.moved_by:
            calls = other.processes if may_say(other, _programs(cache)) else ()
            if any(is_call(process, command) for process in calls for command in cache.moved_by):
                return True
    return False


def _programs(cache: Cache) -> list[str]:
    return [_parts(command)[0] for command in cache.moved_by]


@cache
def _parts(command: str) -> tuple[str, list[str], list[str]]:
    """The program, the verbs and the options of a command of our tables."""
    program, *wanted = command.split()
    verbs = [word for word in wanted if not word.startswith("-")]
    return program, verbs, [word for word in wanted if word.startswith("-")]


def is_call(process: Process, command: str) -> bool:
    """Whether a call starts with these words, options between them aside."""
    program, verbs, options = _parts(command)
    if process.name != program:
        return False
    words = [word or "" for word in process.args]
    plain = [w for w in words if not w.startswith("-")]
    starts = all(p.startswith(v) for p, v in zip(plain, verbs, strict=False))
    return len(plain) >= len(verbs) and starts and all(option in words for option in options)
