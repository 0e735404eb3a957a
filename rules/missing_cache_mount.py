"""Downloads are thrown away with the layer.

When an install runs again, its package manager downloads every package again, although most are
the same as before. A cache mount keeps the manager's download folder between builds, outside the
image (https://docs.docker.com/build/cache/optimize/#use-cache-mounts).

It helps where the builder keeps its disk: laptops, self-hosted and managed builders. Silent where
one or two tools are installed (they are downloaded when they change), where the folder of the
cache is not certain (the user, a variable), where something else uses it, and where the frontend
or the builder knows no mounts.
"""

from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer
from rules.model.finding import Edit, Finding, Fix, Silence
from rules.model.installs.find import Piece, may_say, pieces
from rules.model.installs.install import Cache
from rules.model.managers import PROGRAMS
from rules.model.mounts import (
    cache_folder,
    hides_files,
    knows_mounts,
    mounted,
    set_in_file,
)
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="mounts",
    example=Example(
        edit="requirements.txt",
        files={"main.py": "print()\n", "requirements.txt": "flask\n"},
        before="""\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
""",
        after="""\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
COPY . .
""",
    ),
)


FEW = 2
"""Packages that are not worth a mount."""


@rule.check
def find(build: Build) -> Iterator[Finding | Silence]:
    """One finding for each RUN whose installs have no mount on their cache."""
    for layer in build.layers:
        if layer.instruction.keyword != "RUN" or not may_say(layer, PROGRAMS):
            continue
        installs = [p for p in pieces(build, layer) if p.manager is not None]
        if not any(_is_worth_it(piece) for piece in installs):
            continue
        caches = {p.manager.cache: p for p in installs if p.manager is not None}
        for cache, piece in caches.items():
            line = layer.instruction.span.start
            reason = knows_mounts(build) or _beyond(piece) or _unsure(layer, cache)
            folder = None if reason else cache_folder(layer, cache)
            if reason is not None:
                yield rule.silence(build.path, line, reason)
            elif folder is None:
                reason = f"the cache of {piece.processes[0].name} may be elsewhere"
                yield rule.silence(build.path, line, reason)
            elif hides_files(build, layer, folder):
                yield rule.silence(build.path, line, "a COPY puts files where the cache is")
            elif not mounted(layer, folder):
                yield _report(build, layer, [p for p in installs if _uses(p, cache)], folder)


def _is_worth_it(piece: Piece) -> bool:
    """Whether an install has many packages: one tool is downloaded anew when it changes."""
    if piece.reads is None or piece.reads.project:
        return piece.reads is not None
    words = [word for word in piece.processes[0].args if word and not word.startswith("-")]
    return len(words) > FEW + 1  # the first is the command


def _uses(piece: Piece, cache: Cache) -> bool:
    return piece.manager is not None and piece.manager.cache is cache


def _beyond(piece: Piece) -> str | None:
    """Why a mount on the manager's cache would not be enough, or too much."""
    manager, reads = piece.manager, piece.reads
    assert manager is not None
    if len(manager.caches) > 1 or not manager.cache.plain or (reads and reads.caches):
        return f"the cache of {manager.name} needs more than one mount"
    options = {word.value.partition("=")[0] for word in piece.processes[0].argv}
    return "an option moves the cache" if options & set(manager.cache.options) else None


def _unsure(layer: Layer, cache: Cache) -> str | None:
    """Why a mount on this cache could do harm or nothing."""
    for name in cache.disabled_by:
        if set_in_file(layer, name) is not None:
            return f"{name} switches the cache off"
    script = layer.script
    if script is None or script.opaque is not None:
        return "the RUN cannot be read"
    for command in script.commands:
        words = [word.value for word in command.argv]
        if any(cache.folder in word for word in words):
            return "the RUN names the cache itself"
        if "cache" in words[1:3] and {"clean", "purge", "clear"} & set(words[1:4]):
            return "the RUN empties the cache itself"
    return None


def _report(build: Build, layer: Layer, installs: list[Piece], folder: str) -> Finding:
    instruction, manager = layer.instruction, installs[0].manager
    assert manager is not None
    stage = build.dockerfile.stages[layer.stage]
    locked = ",sharing=locked" if manager.cache.locked else ""
    at = instruction.script_offset(0)
    edits = [Edit(build.path, at, at, f"--mount=type=cache,target={folder}{locked} ")]
    for piece in installs:
        edits += _without(build, layer, piece, manager.cache.purges)
    words = " and ".join(code(p.words) for p in installs[:2])
    plain = " && ".join(p.without(manager.cache.purges) for p in installs)
    return rule.finding(
        build.path,
        instruction.span,
        subject=f"{stage.name or stage.index} {plain}",
        message=(
            f"Whenever this layer is built again, {words} downloads every package again. A cache "
            f"mount keeps the downloads where the builder keeps its disk."
        ),
        fix=Fix(tuple(sorted(edits))),
    )


def _without(build: Build, layer: Layer, piece: Piece, options: Sequence[str]) -> list[Edit]:
    """Edits that take options out of a command: with their line, where they are alone on it."""
    text, edits = build.dockerfile.text, []
    for word in piece.processes[0].argv:
        if word.raw not in options:
            continue
        start = layer.instruction.script_offset(word.start)
        end = layer.instruction.script_offset(word.end - 1) + 1
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", end) + 1
        if not text[line_start:start].strip() and text[end:line_end].strip() == "\\":
            start, end = line_start, line_end
        else:
            start = len(text[:start].rstrip(" \t"))
        edits.append(Edit(build.path, start, end, ""))
    return edits
