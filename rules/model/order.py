"""Order: steps of a stage that stand behind source and do not read it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rules.model.cache import Build, Copy, Layer
from rules.model.installs.copied import from_context
from rules.model.installs.find import Piece, pieces
from rules.model.manifests import is_manifest
from rules.model.places import is_project_folder

_PASSIVE = frozenset(
    "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD SHELL STOPSIGNAL USER "
    "WORKDIR".split()
)
"""Instructions that read nothing of what was copied."""


@dataclass(frozen=True)
class Passed:
    """A RUN that could stand before the source: whole, or (`rest`) its first pieces."""

    layer: Layer
    pieces: Sequence[Piece]
    """Those that read nothing of the source but manifests."""
    rest: Sequence[Piece] = ()

    @property
    def installs(self) -> list[Piece]:
        """Those that install what manifests of the project name."""
        return [p for p in self.pieces if p.reads is not None and p.reads.project]


@dataclass(frozen=True)
class Move:
    """Source copies that move behind a RUN, with all that they cross on the way."""

    layers: Sequence[Layer]
    """Those of the whole stage."""
    copies: Sequence[Layer]
    passed: Sequence[Passed]
    """The RUNs crossed; the copies go behind the last."""

    @property
    def last(self) -> Passed:
        """The RUN behind which the copies go."""
        return self.passed[-1]

    @property
    def installs(self) -> list[Piece]:
        """The project installs that are crossed."""
        return [piece for run in self.passed for piece in run.installs]

    @property
    def crossed(self) -> list[Layer]:
        """All layers between the first copy and the last RUN, that one included."""
        end = self.last.layer.index
        return [
            layer
            for layer in self.layers
            if self.copies[0].index < layer.index <= end and layer not in self.copies
        ]

    @property
    def manifests(self) -> tuple[str, ...]:
        """What the installs read: absolute paths in the image."""
        found = (path for piece in self.installs if piece.reads for path in piece.reads.files)
        return tuple(dict.fromkeys(found))

    @property
    def writes(self) -> tuple[str, ...]:
        """Folders that the installs fill."""
        found = (path for piece in self.installs if piece.reads for path in piece.reads.writes)
        return tuple(dict.fromkeys(found))


@dataclass
class Stretch:
    """A source copy, and the steps behind it up to the first that may read the source."""

    layers: Sequence[Layer]
    copies: list[Layer]
    passed: list[Passed] = field(default_factory=list)
    refused: tuple[Layer, str] | None = None
    """An install that must stay where it is, and why."""

    def behind(self, run: Passed) -> Move:
        """The move of all its source copies before a RUN to behind that RUN."""
        copies = [c for c in self.copies if c.index < run.layer.index]
        return Move(self.layers, copies, self.passed[: self.passed.index(run) + 1])


def stretches(build: Build) -> Iterator[Stretch]:
    """All stretches of a build, in order."""
    if build.context.kind == "unknown":
        return
    for stage in build.dockerfile.stages:
        layers = [layer for layer in build.layers if layer.stage == stage.index]
        at = 0
        while at < len(layers):
            if is_source(layers[at]):
                stretch, at = _follow(build, layers, at)
                yield stretch
            else:
                at += 1


def is_source(layer: Layer) -> bool:
    """Whether a layer copies files of the context that no install is known to read.

    Copies to system folders do not count: a step that never names them may read them.
    """
    copy = layer.copy
    if copy is None or not from_context(copy) or copy.destination is None:
        return False
    if not is_project_folder(copy.destination) or not copy.files:
        return False
    return not all(is_manifest(path) for path in copy.files)


def inherited(build: Build, stage: int) -> list[Layer]:
    """The layers of the stages that this one is built on, the oldest first."""
    found: list[Layer] = []
    parent = build.dockerfile.stages[stage].parent
    while parent is not None:
        mine = [layer for layer in build.layers if layer.stage == parent]
        found = [*mine, *found]
        parent = build.dockerfile.stages[parent].parent
    return found


def _follow(build: Build, layers: Sequence[Layer], first: int) -> tuple[Stretch, int]:
    """Follow the stage from its copy `first` as long as nothing reads the source."""
    stretch = Stretch(layers, [layers[first]])
    before = inherited(build, layers[first].stage)
    for at in range(first + 1, len(layers)):
        layer = layers[at]
        if layer.instruction.keyword in _PASSIVE:
            continue
        if layer.copy is not None and is_source(layer):
            stretch.copies.append(layer)
        elif layer.copy is not None:
            if not all(_apart(layer.copy, source.copy) for source in stretch.copies):
                return stretch, at + 1
        elif layer.instruction.keyword == "RUN":
            targets = [s.copy.destination or "/" for s in stretch.copies if s.copy is not None]
            everything = pieces(build, layer, [*before, *layers[:at]], targets)
            stop = next((p for p in everything if p.reads_source is not None), None)
            if everything and stop is None:
                stretch.passed.append(Passed(layer, everything))
                continue
            if stop is not None:
                _stop(stretch, layer, everything, stop)
            return stretch, at + 1
        else:
            return stretch, at + 1
    return stretch, len(layers)


def _stop(stretch: Stretch, layer: Layer, everything: Sequence[Piece], stop: Piece) -> None:
    """End a stretch at a RUN with a piece that may read the source."""
    free = everything[: everything.index(stop)]
    projects = [p for p in free if p.reads is not None and p.reads.project]
    if projects:
        end = everything.index(projects[-1]) + 1
        stretch.passed.append(Passed(layer, everything[:end], everything[end:]))
    elif stop.reads is not None:
        stretch.refused = (layer, stop.reads_source or "")


def _apart(one: Copy, other: Copy | None) -> bool:
    """Whether two copies cannot write to the same place."""
    if one.destination is None or other is None or other.destination is None:
        return False
    a, b = one.destination.rstrip("/") + "/", other.destination.rstrip("/") + "/"
    return not a.startswith(b) and not b.startswith(a)
