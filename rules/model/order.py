"""Order: stretches of a stage in which installs stand behind source that they do not read."""

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


@dataclass
class Stretch:
    """Source copies, and the installs behind them that read only manifests of theirs."""

    layers: Sequence[Layer]
    """Those of the whole stage."""
    copies: list[Layer]
    crossed: list[Layer] = field(default_factory=list)
    """What else stands between the first copy and the last install, that one included."""
    installs: list[Piece] = field(default_factory=list)
    last: Layer | None = None
    """The RUN with the last install."""
    rest: list[Piece] = field(default_factory=list)
    """What that RUN does after its last install."""
    refused: tuple[Layer, str] | None = None
    """An install that must stay where it is, and why; only when there is no other."""

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


def stretches(build: Build) -> Iterator[Stretch]:
    """All stretches of a build; those without installs say at most what was refused."""
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
    copies: list[Layer] = []  # since the last install: a stretch ends with one
    passed: list[Layer] = []
    for at in range(first + 1, len(layers)):
        layer = layers[at]
        sources = [*stretch.copies, *copies]
        if layer.instruction.keyword in _PASSIVE:
            passed.append(layer)
        elif layer.copy is not None and is_source(layer):
            copies.append(layer)
        elif layer.copy is not None and all(_apart(layer.copy, s.copy) for s in sources):
            passed.append(layer)
        elif layer.instruction.keyword == "RUN":
            targets = [s.copy.destination or "/" for s in sources if s.copy is not None]
            everything = pieces(build, layer, [*before, *layers[:at]], targets)
            installs, rest, stop = _read(everything)
            if installs:
                stretch.copies += copies
                stretch.crossed += [*passed, layer]
                stretch.installs += installs
                stretch.last, stretch.rest = layer, rest
                copies, passed = [], []
            else:
                passed.append(layer)
            if stop is not None or not everything:
                if stop is not None and stop.reads is not None and stretch.last is None:
                    stretch.refused = (layer, stop.reads_source or "")
                return stretch, at + 1
        else:
            return stretch, at + 1
    return stretch, len(layers)


def _read(everything: Sequence[Piece]) -> tuple[list[Piece], list[Piece], Piece | None]:
    """The installs of a RUN that may stand before the source, what follows, and what stops."""
    stop = next((p for p in everything if p.reads_source is not None), None)
    free = everything if stop is None else everything[: everything.index(stop)]
    projects = [p for p in free if p.reads is not None and p.reads.project]
    if not projects:
        return [], [], stop
    return projects, list(everything[everything.index(projects[-1]) + 1 :]), stop


def _apart(one: Copy, other: Copy | None) -> bool:
    """Whether two copies cannot write to the same place."""
    if one.destination is None or other is None or other.destination is None:
        return False
    a, b = one.destination.rstrip("/") + "/", other.destination.rstrip("/") + "/"
    return not a.startswith(b) and not b.startswith(a)
