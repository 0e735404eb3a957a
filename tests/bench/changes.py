"""Changes of a real build, each said twice: to the engine and to the model."""

import itertools
import posixpath
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rules.model.cache import Build, Change, file_classes
from rules.model.dockerfile import Instruction, Unreadable
from tests.engine.images import reference
from tests.engine.plan import PLATFORM


@dataclass(frozen=True, slots=True)
class Decision:
    """One change: what the engine does to the context, and what the model is told."""

    kind: str
    about: str
    operations: tuple[Mapping[str, Any], ...]
    build: Build
    """The build after the change."""
    change: Change
    image: str = ""
    """A base image that is another one in the second build."""


EDITS = 3


def decisions(build: Build, count: int, chance: random.Random) -> list[Decision]:
    """Up to `count` changes of one build: edits of a few files, then as many kinds as there are."""
    edits, *queues = [list(make(build, chance)) for make in KINDS]
    chance.shuffle(queues)
    queues.append(edits[EDITS:])
    found = edits[: min(count, EDITS)]
    while len(found) < count and any(queues):
        for queue in queues:
            if queue and len(found) < count:
                found.append(queue.pop(0))
    return found


def _files(build: Build) -> list[str]:
    """Files that can be changed without another meaning: no links, not the build's own two."""
    own = {build.path, build.context.ignore.path if build.context.ignore else ""}
    own |= build.repository.symlinks
    return [p for p in build.files.paths if build.context.top + p not in own]


def _classes(build: Build, chance: random.Random) -> Iterator[str]:
    """One plain file of each class of files that steps take, in random order, then one that none takes."""
    plain = set(_files(build))
    classes = [sorted(plain.intersection(paths)) for paths in file_classes(build).values()]
    chance.shuffle(classes)
    yield from (chance.choice(paths) for paths in classes if paths)
    rest = sorted(plain.difference(*classes)) if classes else sorted(plain)
    if rest:
        yield chance.choice(rest)


def _edits(build: Build, chance: random.Random) -> Iterator[Decision]:
    for path in _classes(build, chance):
        change = Change(edits=frozenset({path}))
        yield Decision("file edited", path, ({"op": "modify", "path": path},), build, change)


def _ignored_edits(build: Build, chance: random.Random) -> Iterator[Decision]:
    """Files that the ignore file keeps from the builder."""
    inside = set(build.context.inside(build.repository.paths - build.repository.symlinks))
    own = {".dockerignore", build.path.removeprefix(build.context.top)}
    dropped = sorted(inside - set(build.files.paths) - own)
    if dropped:
        path = chance.choice(dropped)
        change = Change(edits=frozenset({path}))
        yield Decision(
            "ignored file edited", path, ({"op": "modify", "path": path},), build, change
        )


def _adds(build: Build, chance: random.Random) -> Iterator[Decision]:
    taken = list(_classes(build, chance))
    beside = [
        posixpath.join(posixpath.dirname(path), "new" + posixpath.splitext(path)[1])
        for path in taken
    ]
    for path in [*beside[:2], "added-by-audit.txt", *beside[2:]]:
        if path not in build.repository.paths and not build.files.is_folder(path):
            change = Change(adds=frozenset({path}))
            yield Decision("file added", path, ({"op": "add", "path": path},), build, change)


def _deletes(build: Build, chance: random.Random) -> Iterator[Decision]:
    for path in _classes(build, chance):
        change = Change(deletes=frozenset({path}))
        yield Decision("file deleted", path, ({"op": "delete", "path": path},), build, change)


def _renames(build: Build, chance: random.Random) -> Iterator[Decision]:
    for path in _classes(build, chance):
        to = posixpath.join(posixpath.dirname(path), "renamed-" + posixpath.basename(path))
        operation = {"op": "rename", "path": path, "to": to}
        change = Change(deletes=frozenset({path}), adds=frozenset({to}))
        yield Decision("file renamed", path, (operation,), build, change)


def _chmods(build: Build, chance: random.Random) -> Iterator[Decision]:
    for path in _classes(build, chance):
        mode = "644" if build.context.top + path in build.repository.executable else "755"
        operation = {"op": "chmod", "path": path, "mode": mode}
        yield Decision(
            "mode of a file", path, (operation,), build, Change(chmods=frozenset({path}))
        )


def _folders(build: Build, chance: random.Random) -> Iterator[Decision]:
    """A folder's mode, and an empty folder."""
    folders = sorted({posixpath.dirname(path) for path in _files(build)} - {""})
    if folders:
        path = chance.choice(folders)
        operation = {"op": "chmod", "path": path, "mode": "700"}
        yield Decision(
            "mode of a folder", path, (operation,), build, Change(chmods=frozenset({path}))
        )
        new = posixpath.join(chance.choice(folders), "new-folder")
        change = Change(adds=frozenset({f"{new}/"}))
        yield Decision("folder added", new, ({"op": "mkdir", "path": new},), build, change)


def _arguments(build: Build, chance: random.Random) -> Iterator[Decision]:
    declared = {
        pair.key
        for instruction in build.dockerfile.instructions
        if instruction.keyword == "ARG"
        for pair in instruction.pairs
        if pair.key not in PLATFORM
    }
    for name in sorted(declared, key=lambda _: chance.random()):
        operation = {"op": "build-arg", "name": name, "value": "other1"}
        change = Change(build_args={name: "other1"})
        yield Decision("build argument", name, (operation,), build, change)
    operation = {"op": "build-arg", "name": "NOBODY_ASKS", "value": "other1"}
    change = Change(build_args={"NOBODY_ASKS": "other1"})
    yield Decision("undeclared build argument", "NOBODY_ASKS", (operation,), build, change)


def images(build: Build) -> dict[str, set[str]]:
    """The images that a build names, by the name that the engine keeps."""
    names: dict[str, set[str]] = {}
    for layer in build.layers:
        from_mounts = [mount.from_ for mount in layer.mounts if mount.stage is None]
        for name in (layer.image, layer.copy.image if layer.copy else None, *from_mounts):
            if name and name != "scratch" and "$" not in name:
                names.setdefault(reference(name), set()).add(name)
    return names


def _bases(build: Build, chance: random.Random) -> Iterator[Decision]:
    for kept, names in sorted(images(build).items(), key=lambda _: chance.random()):
        change = Change(base_images=frozenset(names))
        yield Decision("base image replaced", kept, (), build, change, kept)


def _ignore_files(build: Build, chance: random.Random) -> Iterator[Decision]:
    ignore = build.context.ignore
    if ignore is None:
        return
    text = build.repository.read(ignore.path) or ""
    more = {"ignore file: a comment": "# why", "ignore file: one file more": ""}
    paths = list(_classes(build, chance))
    for kind, line in more.items():
        line = line or (chance.choice(paths) if paths else "nothing")
        new = f"{text}\n{line}\n"
        operation = {
            "op": "modify",
            "path": ignore.path.removeprefix(build.context.top),
            "content": new,
        }
        now = build.with_files({ignore.path: new})
        if now.context.kind == "local" and now.context.error is None:
            yield Decision(kind, line, (operation,), now, Change(old=build))


def _dockerfile_edits(build: Build, chance: random.Random) -> Iterator[Decision]:
    text = build.dockerfile.text
    edits = list(_edited_texts(text, build.dockerfile.instructions, chance))
    chance.shuffle(edits)
    for kind, line, new in edits:
        try:
            now = build.with_text(new)
        except Unreadable:
            continue
        operation = {"op": "dockerfile-text", "text": new}
        yield Decision(f"Dockerfile: {kind}", f"line {line}", (operation,), now, Change(old=build))


NEW_LINES = {
    "ENV added": "ENV AUDIT=1",
    "ARG added": "ARG AUDIT=1",
    "LABEL added": "LABEL audit=1",
    "comment added": "# audit",
    "USER added": "USER root",
    "WORKDIR added": "WORKDIR /audit",
    "SHELL added": 'SHELL ["/bin/bash", "-c"]',
    "RUN added": "RUN echo audit",
}


def _edited_texts(
    text: str, instructions: Iterable[Instruction], chance: random.Random
) -> Iterator[tuple[str, int, str]]:
    """Kind of the edit, line where it stands, the new text."""
    inside = [i for i in instructions if i.stage >= 0 and i.keyword != "FROM"]
    if not inside:
        return
    for kind, line in NEW_LINES.items():
        at = chance.choice(inside)
        yield kind, at.span.start, f"{text[: at.start]}{line}\n{text[at.start :]}"
    gone = chance.choice(inside)
    yield (
        f"{gone.keyword} removed",
        gone.span.start,
        text[: gone.start] + text[gone.end :].removeprefix("\n"),
    )
    runs = [i for i in inside if i.keyword == "RUN" and not i.json and not i.heredocs]
    if runs:
        run = chance.choice(runs)
        yield "RUN edited", run.span.start, f"{text[: run.end].rstrip()} && true{text[run.end :]}"
        words = re.compile(r"[^\S\n]*\\\n\s*(?=[&|])")
        joined = words.sub(" \\\n        ", text[run.start : run.end])
        if joined != text[run.start : run.end]:
            yield "RUN indented", run.span.start, text[: run.start] + joined + text[run.end :]
    pairs = [(a, b) for a, b in itertools.pairwise(inside) if a.stage == b.stage]
    if pairs:
        a, b = chance.choice(pairs)
        swapped = text[b.start : b.end] + text[a.end : b.start] + text[a.start : a.end]
        yield "two swapped", a.span.start, text[: a.start] + swapped + text[b.end :]
    copies = [i for i in inside if i.keyword in ("COPY", "ADD") and i.flag("chown") is None]
    if copies:
        copy = chance.choice(copies)
        word = copy.start + len(copy.keyword)
        yield "--chown added", copy.span.start, f"{text[:word]} --chown=1:1{text[word:]}"


Make = Callable[[Build, random.Random], Iterator[Decision]]
KINDS: tuple[Make, ...] = (
    _edits,
    _ignored_edits,
    _adds,
    _deletes,
    _renames,
    _chmods,
    _folders,
    _arguments,
    _bases,
    _ignore_files,
    _dockerfile_edits,
    _dockerfile_edits,
)
"""One queue each; edits of files come first, edits of the Dockerfile have two."""
