"""What lies at a path of a stage, said by what it was made from.

The content of a `COPY --from` is asked for by path: the step is reused when those bytes are the
same, whatever else the stage did. What a COPY or ADD leaves is known by path; what a RUN leaves
is taken to be as `Output` says, and which RUN made a path is judged by its words.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import Literal

from rules.model.copies import Copy
from rules.model.dataclass import dataclass
from rules.model.layer import Layer
from rules.model.places import is_project_folder
from rules.model.plain import Write
from rules.model.sources import ROOT

Output = Literal["same", "input", "new"]
"""What a RUN that runs again leaves: the same bytes, bytes that depend on all it could read, or
new ones each time."""

# Where installs leave things that their own words do not name, and who makes them.
_MAKERS: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (("node_modules",), frozenset(["npm", "yarn", "pnpm", "bun"])),
    (
        ("python", "site-packages", "dist-packages", ".local", "venv", "wheel", "/install"),
        frozenset(["pip", "pip3", "poetry", "uv", "pdm", "pipenv"]),
    ),
    (("/vendor",), frozenset(["composer", "bundle", "go"])),
    (("bundle", "/gems"), frozenset(["bundle", "gem"])),
    (("/go/bin",), frozenset(["go"])),
    (("/target",), frozenset(["cargo", "mvn", "sbt"])),
)


@dataclass(frozen=True, slots=True)
class Copied:
    """Context files that layer `index` copied to `path` or below it."""

    index: int
    path: str
    stamp: str
    """The same for the same files, bytes apart, with the same owner and mode."""
    files: tuple[str, ...] = field(compare=False, repr=False)
    """Paths in the context."""


@dataclass(frozen=True, slots=True)
class Brought:
    """All that layer `index` brings: a URL, an archive, files of another stage."""

    index: int


@dataclass(frozen=True, slots=True)
class Made:
    """What the RUN of layer `index` leaves."""

    index: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a RUN's own words give: `echo 1.2 > /version`."""

    text: str


@dataclass(frozen=True, slots=True)
class Based:
    """What a base image holds at `path`."""

    image: str
    path: str


Origin = Copied | Brought | Made | Said | Based


class Contents:
    """Finds what the content of a path in a stage depends on."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """`layers` are those of one Dockerfile, in order."""
        self._stages: dict[int, list[Layer]] = {}
        for layer in layers:
            self._stages.setdefault(layer.stage, []).extend((layer, *layer.triggers))
        self._known: dict[tuple[int, str, Output], tuple[Origin, ...]] = {}
        self._work = 0

    def at(self, stage: int, path: str, output: Output) -> tuple[Origin, ...]:
        """Find what the bytes at and below a path depend on when the stage is done.

        Beyond `MAX_WORK` that is taken to be all that the stage holds.
        """
        place = stage, posixpath.normpath("/" + path.lstrip("/")), output
        if place not in self._known:
            try:
                found = tuple(dict.fromkeys(self._walk(self._chain(stage), place[1], output)))
            except _TooFarError:
                found = (Made(self._stages[stage][-1].index),)
            self._known[place] = found
        return self._known[place]

    def _chain(self, stage: int | None) -> list[Layer]:
        """Give the layers of a stage and of those below it, the newest first, one FROM last."""
        chain: list[Layer] = []
        while stage is not None:
            layers = self._stages[stage]
            self._spend(len(layers))
            stage = layers[0].parent
            chain += reversed(layers if stage is None else layers[1:])
        return chain

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > MAX_WORK:
            raise _TooFarError

    def _walk(
        self, chain: Sequence[Layer], path: str, output: Output, start: int = 0, depth: int = 0
    ) -> Iterator[Origin]:
        """Go back from `chain[start]`, the newest, to what brought the path."""
        found = False
        maker: Layer | None = None
        for at in range(start, len(chain)):
            self._spend(1)
            layer = chain[at]
            if layer.copy is not None:
                origins = tuple(_copied(layer, layer.copy, path))
                found = found or bool(origins)
                yield from origins
            elif layer.instruction.keyword == "RUN" and output == "same":
                found = found or touches(layer, path)
            elif layer.instruction.keyword == "RUN":
                plain = layer.writes if output == "input" and depth < _DEPTH else None
                if plain is None:
                    maker = maker or layer
                    if touches(layer, path):
                        yield Made(layer.index)
                        return
                    continue
                for write in plain:
                    if write.lies_in(path):
                        found = True
                        yield Said(_saying(layer, write))
                        if write.copy is not None:
                            yield from self._walk(chain, write.copy, output, at + 1, depth + 1)
        if not found and maker is not None:
            yield Made(maker.index)  # no words tell which RUN made it: the last could have
        elif not found or not is_project_folder(path):
            yield Based(chain[-1].image or "", path)


MAX_WORK = 30_000
"""Layers looked at, in all; real files stay far below."""
_DEPTH = 5


class _TooFarError(Exception):
    pass


def touches(layer: Layer, path: str) -> bool:
    """Whether a RUN is taken to write at or below an absolute path.

    It does when it runs there, when its words name the path, a path below it or a last part
    that is longer than three characters, and when it is an install that is known to write there.
    """
    if path == "/" or _within(layer.folder, path):
        return True
    last = posixpath.basename(path)
    if layer.names(path) or (len(last) > 3 and last in layer.last_names):
        return True
    return any(
        not commands.isdisjoint(layer.words) and any(mark in path for mark in marks)
        for marks, commands in _MAKERS
    )


def _saying(layer: Layer, write: Write) -> str:
    """Give the words that decide what a plain RUN writes, and what they are read with."""
    return repr((write.text, layer.saying, layer.environment if write.varies else 0))


def _copied(layer: Layer, copy: Copy, path: str) -> Iterator[Origin]:
    """Find what a COPY or ADD leaves at or below a path."""
    target = copy.destination
    if target is None:
        yield Brought(layer.index)
        return
    if not (_within(target, path) or _within(path, target)):
        return
    if copy.remote or copy.inline or not copy.local or any(map(copy.unpacked, copy.named)):
        yield Brought(layer.index)
        return
    if copy.sources is None or _within(target, path):
        yield Copied(layer.index, path, repr(layer.leaves), copy.files)
        return
    below = path[len(target.rstrip("/")) + 1 :]
    files = tuple(_candidates(copy, below))
    if len(copy.matches) != 1 or copy.exclude is not None or not copy.matches[0].folder:
        files = tuple(file for file in files if _within(copy.target(file), path))
    if files:
        import hashlib  # noqa: PLC0415  # loads OpenSSL, which few files need

        stamp = repr((files, layer.leaves))
        digest = hashlib.blake2b(stamp.encode("utf-8", "surrogatepass"), digest_size=16)
        yield Copied(layer.index, path, digest.hexdigest(), files)


def _candidates(copy: Copy, below: str) -> Iterator[str]:
    """Files that may land at a path `below` the destination or under it."""
    for match in copy.matches:
        if not match.folder:
            yield match.path
            continue
        inside = below if match.path == ROOT or copy.parents else f"{match.path}/{below}"
        if inside in copy.context.known:
            yield inside
        yield from copy.context.under(inside)


def _within(inner: str | None, outer: str) -> bool:
    """Whether a path is at or below another."""
    return inner is not None and (
        outer in (inner, "/") or inner.startswith(outer.rstrip("/") + "/")
    )
