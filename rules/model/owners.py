"""Steps that give copied files another owner or mode, and whether the copies could do it.

A changed owner or mode is a changed file: the layer of the step holds all of them once more.
"""

import posixpath
from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer
from rules.model.dataclass import dataclass
from rules.model.installs.copied import from_context
from rules.model.installs.find import Piece, may_say, pieces
from rules.model.lineage import base_image, seen_by
from rules.model.places import is_inside, is_project_folder, overlap


class KeptError(Exception):
    """Why a step has to stay, in words for the author."""


@dataclass(frozen=True)
class Change:
    """One `chown` or `chmod` of a RUN over what copies before it brought."""

    layer: Layer
    piece: Piece
    program: str
    value: str
    """The owner or the mode, as written."""
    paths: tuple[str, ...]
    """Absolute."""
    recursive: bool
    copies: tuple[Layer, ...]
    """The copies whose files it changes."""


def changes(build: Build) -> Iterator[Change]:
    """All of a build whose words are known, in order."""
    for stage in build.dockerfile.stages:
        mine = [layer for layer in build.layers if layer.stage == stage.index]
        for at, layer in enumerate(mine):
            if layer.instruction.keyword == "RUN" and may_say(layer, _PROGRAMS):
                if not any(process.name in _PROGRAMS for process in layer.processes):
                    continue
                for piece in pieces(build, layer):
                    change = _read(layer, piece, mine[:at])
                    if change is not None:
                        yield change


_PROGRAMS = ("chown", "chmod")


def _read(layer: Layer, piece: Piece, before: Sequence[Layer]) -> Change | None:
    if not piece.is_call(*_PROGRAMS):
        return None
    (process,) = piece.processes
    if None in process.args or process.name is None:
        return None
    words = [word or "" for word in process.args]
    options = [word for word in words if word.startswith("-") and not word[1:2].isdigit()]
    value, *said = [word for word in words if word not in options] or [""]
    if not said or not set(options) <= {"-R", "--recursive"}:
        return None
    if any(set(path) & set("*?[{~") for path in said):
        return None
    if process.folder is None and not all(path.startswith("/") for path in said):
        return None
    paths = tuple(posixpath.normpath(posixpath.join(process.folder or "/", p)) for p in said)
    copies = tuple(each for each in before if any(_lies_in(each, path) for path in paths))
    if not copies or not all(map(_is_known, copies)):
        return None
    return Change(layer, piece, process.name, value, paths, bool(options), copies)


def _is_known(layer: Layer) -> bool:
    return layer.copy is not None and layer.copy.destination is not None


def _lies_in(layer: Layer, path: str) -> bool:
    """Whether a copy brings something to a path or below it."""
    copy = layer.copy
    if copy is None or copy.destination is None:
        return False
    if is_inside(copy.destination, path):
        return True
    return any((copy.target(file) or "/") == path for file in copy.files)


# Whether the copies could do it.


def check_copies(build: Build, change: Change) -> str | None:
    """Raise KeptError unless the copies of a change alone bring all that it changes.

    Gives the folder that stands there already when they come, and needs a step of its own: COPY
    gives its owner to the folders that it makes, and to no others.
    """
    first = change.copies[0]
    for layer in change.copies:
        instruction, copy = layer.instruction, layer.copy
        if copy is None or not from_context(copy) or instruction.keyword != "COPY":
            raise KeptError("some of the files do not come from a COPY of the build context")
        if any(instruction.flag(name) for name in ("chown", "chmod", "link")) or copy.inline:
            raise KeptError("a COPY has flags of its own")
        if any(build.context.top + file in build.repository.symlinks for file in copy.files):
            raise KeptError("symbolic links are among the files")
    before = seen_by(build, change.layer)
    if change.program == "chmod":
        _check_mode(change, [each for each in before if each.index < first.index])
    else:
        _check_owner(build, change, [each for each in before if each.index < first.index])
    made = None
    for layer in before:
        if layer in change.copies:
            continue
        made = _check_step(build, layer, change, first) or made
    own = pieces(build, change.layer, (), change.paths)
    earlier = (piece for piece in own if piece.item.start < change.piece.item.start)
    if any(_may_fill(piece, change.paths) for piece in earlier):
        raise KeptError("the RUN may write there before, or read who owns the files")
    if change.program == "chmod":
        return None
    image = base_image(build, first.stage)
    (folder,) = change.paths
    if not image.official or is_inside(image.folder or "/", folder):
        raise KeptError("the base image may have files in that folder")
    if made is None and (posixpath.dirname(folder) not in _EVERYWHERE or folder in _EVERYWHERE):
        raise KeptError("folders around the files would change their owner, too")
    return made


def _check_mode(change: Change, before: Sequence[Layer]) -> None:
    """`--chmod` gives one mode to all that a COPY brings and makes, folders too: single files only.

    The folder that they go to must stand there before.
    """
    entered = {e.entered()[0] for e in before if e.instruction.keyword == "WORKDIR"}
    if not {posixpath.dirname(path) for path in change.paths} <= {*_EVERYWHERE, *_BIN, *entered}:
        raise KeptError("`--chmod` would give the mode to a new folder, too")
    if not (change.value.isdigit() and len(change.value) in (3, 4) and set(change.value) <= _OCTAL):
        raise KeptError("the mode is not a number")
    for layer in change.copies:
        copy = layer.copy
        if copy is None or any(match.folder for match in copy.matches) or not copy.matches:
            raise KeptError("`--chmod` would give the mode to folders, too")
        if any(copy.target(file) not in change.paths for file in copy.files):
            raise KeptError("a COPY brings other files, too")


_OCTAL = set("01234567")


def _check_owner(build: Build, change: Change, before: Sequence[Layer]) -> None:
    if not change.recursive or len(change.paths) != 1:
        raise KeptError("it changes more, or less, than one whole folder")
    (folder,) = change.paths
    if not is_project_folder(folder):
        raise KeptError("other things lie in that folder, too")
    if not all(_fills(layer, folder) for layer in change.copies):
        raise KeptError("a COPY brings files to other places, too")
    user, colon, group = change.value.partition(":")
    if not colon or not user or not group:
        raise KeptError("`--chown` needs a user and a group that are named")
    if change.layer.user not in ("root", "0", None):
        raise KeptError("another user than root runs it")
    if not (_has_user(build, change, user, before) and _has_group(build, change, group, before)):
        raise KeptError("the account is not known to be there before the COPY")


def _fills(layer: Layer, folder: str) -> bool:
    place = layer.copy.destination if layer.copy is not None else None
    return place is not None and is_inside(place, folder)


_EVERYWHERE = ("/", "/home", "/opt", "/srv", "/usr", "/usr/local", "/var")
"""Folders that stand in the images: a copy below makes none of them."""


_BIN = ("/bin", "/etc", "/usr/bin", "/usr/local/bin", "/usr/sbin")


def _check_step(build: Build, layer: Layer, change: Change, first: Layer) -> str | None:
    """What a step before has to do with the paths: the folder that it makes, else nothing."""
    keyword = layer.instruction.keyword
    if keyword == "WORKDIR":
        folder = layer.entered()[0]
        inside = folder is None or any(is_inside(folder, path) for path in change.paths)
        if folder in change.paths and layer.user in ("root", "0", None):
            return folder if layer.index < first.index else None
        if inside:
            raise KeptError("a WORKDIR makes a folder in it")
    elif layer.copy is not None and any(_may_bring(layer, path) for path in change.paths):
        raise KeptError("another copy may bring files there")
    elif keyword == "RUN":
        read = pieces(build, layer, (), change.paths)
        if not read or any(_may_fill(piece, change.paths) for piece in read):
            raise KeptError("a step before may write there, or read who owns the files")
    elif keyword == "VOLUME":
        raise KeptError("a VOLUME may hold the files")
    return None


def _may_fill(piece: Piece, paths: Sequence[str]) -> bool:
    """Whether a command may write to one of the paths, or look at what lies there."""
    writes = piece.reads.writes if piece.reads is not None else ()
    filled = any(overlap(folder, path) for folder in writes for path in paths)
    return filled or piece.reads_source is not None


def _may_bring(layer: Layer, path: str) -> bool:
    place = layer.copy.destination if layer.copy is not None else None
    return place is None or overlap(place, path)


# Accounts.

_IN_IMAGES = {
    "node": "node", "gradle": "gradle", "oven/bun": "bun", "nginx": "nginx", "php": "www-data",
    "httpd": "www-data",
}  # fmt: skip
"""Users that images have with a group of the same name, from the images' own Dockerfiles."""


def _has_user(build: Build, change: Change, user: str, before: Sequence[Layer]) -> bool:
    if user.isdigit() or user == "root":
        return True
    if _IN_IMAGES.get(base_image(build, change.layer.stage).name) == user:
        return True
    return any(name == user for kind, name, _ in _made(before) if kind == "user")


def _has_group(build: Build, change: Change, group: str, before: Sequence[Layer]) -> bool:
    if group.isdigit() or group == "root":
        return True
    if _IN_IMAGES.get(base_image(build, change.layer.stage).name) == group:
        return True
    return any(name == group and (kind == "group" or alone) for kind, name, alone in _made(before))


def _made(before: Sequence[Layer]) -> Iterator[tuple[str, str, bool]]:
    """What RUNs make: a user or a group, its name, and whether a user has a group of its name."""
    for layer in before:
        if layer.instruction.keyword != "RUN" or not may_say(layer, _MAKERS):
            continue
        for process in layer.processes:
            if process.name not in _MAKERS or not process.certain or None in process.args:
                continue
            words = [word or "" for word in process.args]
            kind = "group" if "group" in process.name else "user"
            grouped = any(w.startswith(_OTHER_GROUP) for w in words)
            system = process.name == "adduser" and any(w in ("-S", "--system") for w in words)
            yield kind, words[-1] if words else "", not grouped and not system


_MAKERS = ("useradd", "adduser", "groupadd", "addgroup")
_OTHER_GROUP = ("-g", "--gid", "-G", "--ingroup", "--groups", "-N", "--no-user-group")
