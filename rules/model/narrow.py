"""A bind mount of the whole context, made one of the files that an install reads."""

import posixpath
import re

from rules.model.cache import Build, Copy, Layer, once
from rules.model.dockerfile import Flag
from rules.model.finding import Edit, Fix
from rules.model.installs.copied import Copied
from rules.model.installs.find import Piece, leaves_alone
from rules.model.lineage import seen_by
from rules.model.mount import Mount
from rules.model.order import MOST_MANIFESTS
from rules.model.places import is_inside, overlap
from rules.model.script import Command
from rules.model.sources import ROOT

_PLAIN = re.compile(r"[\w./@+-]+")
"""A path that needs no quotes, neither as a word nor as a field of a mount."""
_KNOWN = frozenset(["type", "source", "src", "target", "dst", "destination", "ro", "readonly"])


def narrowed(build: Build, layer: Layer, piece: Piece) -> Fix | None:
    """The RUN with the files of its only command bound one by one; None where that may fail.

    https://docs.docker.com/build/cache/optimize/#use-bind-mounts shows it. The mount has to be
    read-only, as it is unless it says otherwise: then the command writes nothing beside the files.
    """
    bound = [mount for mount in layer.mounts if mount.type == "bind"]
    flags = [flag for flag in layer.instruction.flags if flag.name == "mount"]
    reads = piece.reads
    if len(bound) != 1 or reads is None or reads.needs_source is not None:
        return None
    mount, flag = bound[0], flags[layer.mounts.index(bound[0])]
    target = mount.target
    if target is None or not mount.local or not _is_read_only(mount) or not _is_alone(layer, piece):
        return None
    if not 0 < len(reads.files) <= MOST_MANIFESTS or any(overlap(w, target) for w in reads.writes):
        return None
    if any(_may_lie_in(build, other, target) for other in seen_by(build, layer)):
        return None
    shown = Copied(build, (), layer.mounts)
    fields = []
    for path in reads.files:
        origin = shown.origin(path)
        if origin is None or not _is_plain(build, origin) or not is_inside(path, target):
            return None
        place = posixpath.relpath(path, layer.folder) if _is_near(layer, path) else path
        fields.append(f"--mount=type=bind,source={origin},target={place}")
    joint = _joint(build, layer, flag)
    return Fix((Edit(build.path, flag.word.start, flag.word.end, joint.join(fields)),))


def _is_read_only(mount: Mount) -> bool:
    return all(
        name in _KNOWN and (name not in ("ro", "readonly") or value in (None, "true"))
        for name, value in mount.options
    )


def _is_alone(layer: Layer, piece: Piece) -> bool:
    """Whether a RUN is one simple command, whose own words are all that touches files."""
    script = layer.script
    if script is None or len(script.items) != 1 or len(layer.processes) != 1:
        return False
    command = piece.item.pipeline[0]
    plain = isinstance(command, Command) and not command.redirects and not command.substitutions
    return plain and len(piece.item.pipeline) == 1 and layer.processes[0].inside is None


def _may_lie_in(build: Build, layer: Layer, folder: str) -> bool:
    """Whether a step may have left files in a folder, which the whole mount hid from the command.

    A RUN may have where it runs there, or names the folder, and is not known to leave it alone.
    """
    if layer.copy is not None:
        return _may_bring(build, layer.copy, folder)
    if layer.instruction.keyword != "RUN":
        return False
    if leaves_alone(build, layer, folder):
        return False
    runs_there = layer.folder is None or is_inside(layer.folder, folder)
    said = [layer.instruction.value, *(body for _, body in layer.instruction.texts)]
    return runs_there or any(posixpath.basename(folder) in text for text in said)


def _may_bring(build: Build, copy: Copy, folder: str) -> bool:
    """Whether a copy may lay files in a folder; of a stage from `scratch` all files are known."""
    place = copy.destination
    if place is None or not overlap(place, folder):
        return place is None
    if copy.stage is None or place != "/" or copy.sources != (ROOT,):
        return True
    return _may_hold(build, copy.stage, folder)


@once  # strangers may copy a stage into the next one, and that twice, as often as they like
def _may_hold(build: Build, stage: int, folder: str) -> bool:
    """Whether files of a stage may lie in a folder."""
    if build.dockerfile.stages[stage].image != "scratch":
        return True
    inside = [layer for layer in build.layers if layer.stage == stage]
    others = {e.instruction.keyword for e in inside if e.copy is None} - {"FROM", "ENV", "ARG"}
    return bool(others) or any(e.copy and _may_bring(build, e.copy, folder) for e in inside)


def _is_plain(build: Build, path: str) -> bool:
    whole = posixpath.join(build.context.root, path)
    return _PLAIN.fullmatch(path) is not None and whole not in build.repository.symlinks


def _is_near(layer: Layer, path: str) -> bool:
    return layer.folder is not None and is_inside(path, layer.folder)


def _joint(build: Build, layer: Layer, flag: Flag) -> str:
    """What stands between a mount and what follows it, where that is a new line."""
    ends = [f.word.start for f in layer.instruction.flags if f.word.start > flag.word.end]
    end = min(ends, default=layer.instruction.script_offset(0))
    between = build.dockerfile.text[flag.word.end : end]
    new_line = between.count("\n") == 1 and not set(between) - set(" \t\r\n\\`")
    return between if new_line else " "
