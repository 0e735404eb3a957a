"""Installs that stand behind source and that no edit of this file alone is known to help.

They are found to be said in words: what could be done is for the author to judge.
"""

import posixpath
from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer
from rules.model.dataclass import dataclass
from rules.model.installs.copied import from_context
from rules.model.installs.find import Piece, may_say, pieces
from rules.model.lineage import inherited
from rules.model.managers import PROGRAMS, manager_of
from rules.model.manifests import is_manifest
from rules.model.order import is_fetched, may_install, only_links, stretches
from rules.model.prose import code, listed


@dataclass(frozen=True)
class Left:
    """An install that stays behind source, why, and what people do (None: nothing is known)."""

    layer: Layer
    source: Layer
    """The copy; the layer itself where a bind mount shows it the source."""
    piece: Piece
    reason: str
    instead: str | None = None


def left_behind(build: Build) -> Iterator[Left]:
    """All such installs of a build, in order; those that a Stretch passes are not among them."""
    if build.context.kind == "unknown":
        return
    passed = (run for stretch in stretches(build) for run in stretch.passed)
    moved = {run.layer.index for run in passed if run.installs or not run.rest}
    for stage in build.dockerfile.stages:
        mine = [layer for layer in build.layers if layer.stage == stage.index]
        copies = [layer for layer in inherited(build, stage.index) if layer.copy is not None]
        source = next(filter(_brings_source, copies), None)
        said = _installed(inherited(build, stage.index))
        for layer in mine:
            if layer.instruction.keyword == "RUN":
                left = _look(build, layer, copies, source)
                if left is not None and left.piece.manager is not None:
                    if layer.index not in moved and left.piece.manager.name not in said:
                        yield left
                    if layer.index in moved or may_install(layer, left.piece.manager):
                        said.add(left.piece.manager.name)  # what follows finds it downloaded
            elif layer.copy is not None:
                copies.append(layer)
                if source is None and _brings_source(layer):
                    source = layer


def _installed(layers: Sequence[Layer]) -> set[str]:
    """The managers that have installed what the project needs in some layers."""
    runs = [e for e in layers if e.instruction.keyword == "RUN" and may_say(e, PROGRAMS)]
    return {
        manager.name
        for layer in runs
        for process in layer.processes
        if (manager := manager_of(process.name)) and may_install(layer, manager)
    }


def _look(build: Build, layer: Layer, before: Sequence[Layer], source: Layer | None) -> Left | None:
    """The first install of a RUN that stands behind source: the first copy of it, or a mount."""
    if not may_say(layer, PROGRAMS):
        return None
    if source is None and any(m.local and _is_broad(build, m.source) for m in layer.mounts):
        source = layer
    if source is None:
        return None
    for piece in pieces(build, layer, before):
        manager, reads = piece.manager, piece.reads
        if manager is None or reads is None or not reads.project:
            continue
        builds = reads.needs_source is not None
        apart = builds or reads.split is not None
        if apart and is_fetched(build, layer, manager, source):
            continue
        if only_links(build, layer, piece, source):
            continue
        reason = _reason(build, layer, source, piece)
        if builds and reads.split is None:
            instead = reads.instead or _elsewhere(build, layer, source)
            return Left(layer, source, piece, reads.needs_source or reason, instead)
        names = list(dict.fromkeys(posixpath.basename(p) for p in _manifests(piece)))
        alone = f"Its packages come from {listed(names)} alone."
        return Left(layer, source, piece, reason, reads.instead or alone)
    return None


def _reason(build: Build, layer: Layer, source: Layer, piece: Piece) -> str:
    """Why the source cannot be moved behind an install."""
    if source is layer:
        return "a bind mount shows it the whole build context"
    if source.stage != layer.stage:
        return f"the source is copied in the stage {code(_name(build, source.stage))}"
    for stretch in stretches(build):
        stop = stretch.stop
        if source in stretch.copies and stop is not None and stop.index < layer.index:
            return f"{_shown(stop)} stands between and may read the source"
        if source in stretch.copies and stop is layer and piece.reads_source is None:
            return "what stands before it in the RUN may read the source"
    if piece.reads_source is not None:
        alone = len(piece.processes) == 1
        return piece.reads_source if alone else "what stands around it may read the source"
    return "the source is copied to a folder that steps read without naming it"


def _elsewhere(build: Build, layer: Layer, source: Layer) -> str | None:
    """What helps an install that gets all it reads from another stage, but is built on source."""
    mine = (e for e in build.layers if e.stage == layer.stage and e.index < layer.index)
    brought = [e.copy for e in mine if e.copy is not None]
    if source.stage == layer.stage or not brought or any(map(from_context, brought)):
        return None
    name = code(_name(build, source.stage))
    return f"In a stage that is not built on {name} it would only re-run for what it reads."


def _manifests(piece: Piece) -> tuple[str, ...]:
    reads = piece.reads
    if reads is None:
        return ()
    return reads.split.reads.files if reads.split is not None else reads.files


def _brings_source(layer: Layer) -> bool:
    """Whether a layer copies folders of the context, wherever, with more than manifests."""
    copy = layer.copy
    if copy is None or not from_context(copy) or copy.destination is None or not copy.files:
        return False
    broad = copy.sources is None or any(match.folder for match in copy.matches)
    return broad and not all(is_manifest(path) for path in copy.files)


def _is_broad(build: Build, source: str) -> bool:
    """Whether a mount shows more of the context than manifests."""
    return build.files.is_folder(source) and not all(map(is_manifest, build.files.under(source)))


def _name(build: Build, stage: int) -> str:
    return build.dockerfile.stages[stage].name or str(stage)


def _shown(layer: Layer) -> str:
    return code(f"{layer.instruction.keyword} {layer.instruction.value}".split("\n", 1)[0])
