"""Order: steps of a stage that stand behind source and do not read it."""

import posixpath
from collections.abc import Collection, Iterator, Sequence
from dataclasses import field

from rules.model.cache import Build, Change, Copy, Layer, file_classes, lines_rerun, once
from rules.model.dataclass import dataclass
from rules.model.installs.copied import NOTHING, from_context
from rules.model.installs.find import Piece, may_say, pieces
from rules.model.installs.install import Call, Manager, Split, join
from rules.model.lineage import inherited, seen_by, starts_of
from rules.model.managers import SYSTEM, manager_of
from rules.model.manifests import is_manifest
from rules.model.places import holds_only_named, is_inside, is_project_folder, overlap

_PASSIVE = frozenset(
    "ARG CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL MAINTAINER ONBUILD SHELL STOPSIGNAL USER "
    "WORKDIR".split()
)
"""Instructions that read nothing of what was copied."""
_OF_SYSTEMS = frozenset(name for manager in SYSTEM for name in manager.programs)
MOST_MANIFESTS = 12
"""More of them in a row nobody keeps up to date by hand."""


@dataclass(frozen=True)
class Passed:
    """A RUN that could stand before the source: whole, or (`rest`) its first pieces.

    Without pieces it is a COPY from another stage or image, which does so too.

    The last piece may have a `fetch`: that command is new, and its item the first of `rest`.
    """

    layer: Layer
    pieces: Sequence[Piece]
    """Those that read nothing of the source but manifests."""
    rest: Sequence[Piece] = ()
    prepared: Sequence[tuple[Layer, Piece]] = ()
    """Before a `fetch`: what RUNs above it change in manifests, to be said again in front of it."""

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
    """What is crossed; the copies go behind the last."""
    carried: Sequence[Layer] = ()
    """RUNs that change what was copied, and go with it."""

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
        inside = range(self.copies[0].index + 1, self.last.layer.index + 1)
        moving = self.moving
        return [e for e in self.layers if e.index in inside and e not in moving]

    @property
    def moving(self) -> list[Layer]:
        """What goes behind the last RUN, in order: the first is a copy."""
        return sorted([*self.copies, *self.carried], key=lambda layer: layer.index)

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
    carried: list[tuple[Layer, tuple[str, ...]]] = field(default_factory=list)
    """RUNs that only remove parts of the source or change their modes, and the paths of these."""
    prepared: list[tuple[Layer, Piece]] = field(default_factory=list)
    """What RUNs behind the source change in manifests: only a fetch can go before it then."""
    stop: Layer | None = None
    """The first step that may read the source."""

    def behind(self, run: Passed) -> Move | None:
        """The move of its source copies before a RUN to behind that RUN, if there are any.

        A copy that brings nothing but what the installs read stays where it is.
        """
        copies = [c for c in self.copies if c.index < run.layer.index]
        passed = self.passed[: self.passed.index(run) + 1]
        move = Move(self.layers, copies, passed)
        wanted = set(move.manifests)
        moved: list[Layer] = []
        for layer in copies:
            if not _is_all_read(layer.copy, wanted) or not all(
                _apart(layer.copy, other.copy) for other in moved
            ):
                moved.append(layer)
        if not moved:
            return None
        inside = range(moved[0].index, run.layer.index)
        carried = [layer for layer, _ in self.carried if layer.index in inside]
        return Move(self.layers, moved, passed, carried)

    def is_apart(self, run: Passed) -> bool:
        """Whether the carried RUNs touch nothing that the installs of a RUN read or fill."""
        paths = [path for _, touched in self.carried for path in touched]
        reads = [piece.reads for piece in run.installs if piece.reads is not None]
        own = [path for each in reads for path in (*each.files, *each.writes)]
        return not any(overlap(path, mine) for path in paths for mine in own)


def _is_all_read(copy: Copy | None, wanted: Collection[str]) -> bool:
    """Whether every file of a copy is among those that installs read."""
    if copy is None or not from_context(copy) or len(copy.files) > len(wanted):
        return False
    return all(copy.target(path) in wanted for path in copy.files)


@once
def stretches(build: Build) -> Sequence[Stretch]:
    """All stretches of a build, in order."""
    return list(_stretches(build))


def _stretches(build: Build) -> Iterator[Stretch]:
    if build.context.kind == "unknown":
        return
    for stage in build.dockerfile.stages:
        layers = [layer for layer in build.layers if layer.stage == stage.index]
        at = 0
        while at < len(layers):
            if is_source(build, layers[at]):
                stretch, at = _follow(build, layers, at)
                yield stretch
            else:
                at += 1


def is_source(build: Build, layer: Layer) -> bool:
    """Whether a layer brings files that change with the source, and that no step reads unseen.

    Copies to system folders do not count: a step that never names them may read them.
    """
    copy = layer.copy
    if copy is None or copy.destination is None or not _lands_apart(copy, copy.destination):
        return False
    if copy.stage is not None:
        return layer.index in _made_of_source(build)
    if not from_context(copy) or not copy.files:
        return False
    return not all(is_manifest(path) for path in copy.files)


def _lands_apart(copy: Copy, folder: str) -> bool:
    """Whether what a copy brings is read only by steps that name it or run there."""
    if is_project_folder(folder):
        return True
    if not from_context(copy) or not copy.into_folder or copy.unpacks:
        return False
    start = len(folder.rstrip("/")) + 1
    targets = (copy.target(path) or "/etc/" for path in copy.files)
    return holds_only_named(folder, {target[start:].partition("/")[0] for target in targets})


@once
def _made_of_source(build: Build) -> frozenset[int]:
    """The copies of stages in which an edit of some file that is no manifest re-runs a step.

    A copy that runs again only because it stands behind one that does is not among them.
    """
    lines: set[int] = set()
    for path, alike in file_classes(build).items():
        if not all(map(is_manifest, alike)):
            lines |= lines_rerun(build, Change(edits=frozenset({path})))
    changing = {layer.stage for layer in build.layers if layer.instruction.span.start in lines}
    starts = starts_of(build)

    def changes(stage: int | None) -> bool:
        while stage is not None and stage not in changing:
            stage = starts[stage].parent
        return stage is not None

    copies = (layer for layer in build.layers if layer.copy and layer.copy.stage is not None)
    return frozenset(c.index for c in copies if c.copy and changes(c.copy.stage))


def _follow(build: Build, layers: Sequence[Layer], first: int) -> tuple[Stretch, int]:
    """Follow the stage from its copy `first` as long as nothing reads the source."""
    stretch = Stretch(layers, [layers[first]])
    before = inherited(build, layers[first].stage)
    for at in range(first + 1, len(layers)):
        layer = layers[at]
        if layer.instruction.keyword in _PASSIVE:
            continue
        if layer.copy is not None and is_source(build, layer):
            stretch.copies.append(layer)
        elif layer.copy is not None:
            if not _pass_copy(build, stretch, layer, layer.copy):
                return stretch, at + 1
        elif layer.instruction.keyword == "RUN":
            targets = [s.copy.destination or "/" for s in stretch.copies if s.copy is not None]
            everything = pieces(build, layer, [*before, *layers[:at]], targets)
            stop = next((p for p in everything if p.reads_source is not None), None)
            source = stretch.copies[0]
            stop = stop or next((p for p in everything if _fetches(build, layer, p, source)), None)
            if everything and all(piece.edits for piece in everything):
                stretch.prepared += [(layer, piece) for piece in everything]
                continue
            run = Passed(layer, everything)
            if everything and stop is None and not stretch.prepared and stretch.is_apart(run):
                stretch.passed.append(run)
                continue
            touched = _touched(everything, targets) if stop is not None else ()
            if touched:
                stretch.carried.append((layer, touched))
                continue
            stretch.stop = layer
            if stop is not None and _can_be_prepared(stretch, stop):
                _stop(build, stretch, layer, everything, stop)
            return stretch, at + 1
        else:
            return stretch, at + 1
    return stretch, len(layers)


def _touched(everything: Sequence[Piece], targets: Sequence[str]) -> tuple[str, ...]:
    """The paths that a RUN touches which only removes parts of the source, or changes their modes.

    Empty where it does anything else: what makes files may make one that an install looks for.
    """
    paths: list[str] = []
    for piece in everything:
        if not piece.is_call("rm", "rmdir", "chmod", "chown"):
            return ()
        process = piece.processes[0]
        words = [word for word in process.args if word is not None]
        plain = [word for word in words if not word.startswith("-")]
        plain = plain[1:] if process.name in ("chmod", "chown") else plain
        if len(words) < len(process.args) or process.folder is None or not plain:
            return ()
        if any(set(word) & set("*?[]{}~$`") for word in plain) or "--" in words:
            return ()
        paths += [join(process.folder, word) for word in plain]
    inside = all(any(path != t and is_inside(path, t) for t in targets) for path in paths)
    named = any(is_manifest(path) or path.endswith("/node_modules") for path in paths)
    return tuple(paths) if inside and not named else ()


def _can_be_prepared(stretch: Stretch, stop: Piece) -> bool:
    """Whether a RUN can be split where manifests were changed before: for a fetch by these."""
    if not stretch.prepared:
        return True
    fetches = stop.reads is not None and stop.reads.split is not None
    return fetches and all(
        manager_of(process.name) is stop.manager
        for _, piece in stretch.prepared
        for process in piece.processes
    )


def _stop(
    build: Build, stretch: Stretch, layer: Layer, everything: Sequence[Piece], stop: Piece
) -> None:
    """End a stretch at a RUN with a piece that may read the source."""
    at = everything.index(stop)
    free = everything[:at]
    installs = [p for p in free if p.reads is not None and p.reads.project]
    if installs:
        end = everything.index(installs[-1]) + 1
        run = Passed(layer, everything[:end], everything[end:])
        if not stretch.prepared and stretch.is_apart(run):
            stretch.passed.append(run)
        return
    split = _first_part(build, stretch, layer, stop)
    if split is not None:
        first = Piece(stop.item, stop.processes, None, stop.manager, split.reads, fetch=split)
        run = Passed(layer, [*free, first], everything[at:], stretch.prepared)
        if stretch.is_apart(run):
            stretch.passed.append(run)
            return
    later = {p.name for piece in everything[at:] for p in piece.processes} & _OF_SYSTEMS
    again = (i for i, p in enumerate(free) if any(each.name in later for each in p.processes))
    at = next(again, at)  # an index, and what is installed by it, belong together
    end = next((i for i in range(at, 0, -1) if not only_prepares(everything[i - 1])), 0)
    if end and not stretch.prepared:
        stretch.passed.append(Passed(layer, everything[:end], everything[end:]))


def _first_part(build: Build, stretch: Stretch, layer: Layer, piece: Piece) -> Split | None:
    """What an install that needs the source can do before, and has not."""
    manager, reads = piece.manager, piece.reads
    if manager is None or reads is None or not reads.project or reads.split is None:
        return None
    if any(each.manager is manager for run in stretch.passed for each in run.installs):
        return None  # what it downloads is there by then
    return None if is_fetched(build, layer, manager, stretch.copies[0]) else reads.split


def _fetches(build: Build, layer: Layer, piece: Piece, source: Layer) -> bool:
    """Whether an install reads manifests alone, and yet fetches before by fewer, or should.

    It has done so, or it reads more of them than one lists.
    """
    reads, manager = piece.reads, piece.manager
    if manager is None or reads is None or reads.split is None:
        return False
    return len(reads.files) > MOST_MANIFESTS or is_fetched(build, layer, manager, source)


def is_fetched(build: Build, run: Layer, manager: Manager, source: Layer) -> bool:
    """Whether what an install downloads is there already when the source comes, or is kept apart.

    An earlier step of its manager may have fetched it, another stage have brought it, or a mount
    of a cache hold it.
    """
    if any(mount.type == "cache" for mount in run.mounts):
        return True
    for layer in seen_by(build, run):
        if layer.copy is not None and layer.copy.stage is not None:
            brought = (each for each in build.layers if each.stage == layer.copy.stage)
            if any(may_install(each, manager) for each in brought):
                return True
        elif layer.index < source.index and may_install(layer, manager):
            return True
    return False


def only_links(build: Build, run: Layer, piece: Piece, source: Layer) -> bool:
    """Whether an install is told to download nothing, and what it needs was fetched before.

    It costs little behind the source, and stands there in pnpm's own example
    (https://pnpm.io/cli/fetch).
    """
    if piece.manager is None or piece.fetch is not None:
        return False
    told = any("--offline" in process.args for process in piece.processes)
    return told and is_fetched(build, run, piece.manager, source)


def may_install(layer: Layer, manager: Manager) -> bool:
    """Whether a RUN installs what the project needs with a manager, or may do so."""
    if layer.script is None or not may_say(layer, manager.programs):
        return False
    for process in layer.processes:
        if process.name in manager.programs:
            words = tuple(word.value for word in process.argv[1:])
            reads = manager.read(Call(words, process.folder or "/"), NOTHING)
            if reads is not None and reads.project:
                return True
    return layer.script.opaque is not None


def only_prepares(piece: Piece) -> bool:
    """Whether it only says where or how the rest of its RUN goes on, and can be said twice."""
    words = [word for process in piece.processes for word in process.args]
    return piece.is_call("cd", "set", "umask") and None not in words and "-" not in words


def repeatable(build: Build) -> set[tuple[str, ...]]:
    """The words of commands that may be added: they fetch by manifests alone, or only prepare."""
    found: set[tuple[str, ...]] = set()
    for layer in build.layers:
        for piece in _pieces_among_all(build, layer):
            reads = piece.reads
            fetches = reads is not None and reads.project and reads.needs_source is None
            if fetches or only_prepares(piece) or piece.edits:
                found.update(tuple(w.raw for w in process.argv) for process in piece.processes)
    return found


@once
def amount_of_work(build: Build, layer: Layer) -> int:
    """How much a RUN does: its commands, and one more for each that downloads when it builds."""
    if layer.script is None:
        return 1
    sources = (each for each in build.layers if each.stage == layer.stage and each.copy)
    first = next((each for each in sources if is_source(build, each)), None)
    amount = 0
    for piece in _pieces_among_all(build, layer):
        amount += not (only_prepares(piece) or piece.edits)
        if first is not None and piece.manager and piece.reads and piece.reads.split is not None:
            amount += not is_fetched(build, layer, piece.manager, first)
    return amount or len(layer.script.items)


def _pieces_among_all(build: Build, layer: Layer) -> Sequence[Piece]:
    """The pieces of a RUN that sees all that was copied before it."""
    if layer.instruction.keyword != "RUN":
        return ()
    return pieces(build, layer, seen_by(build, layer))


def _pass_copy(build: Build, stretch: Stretch, layer: Layer, copy: Copy) -> bool:
    """Take in a copy that brings no source; False where the stretch ends at it."""
    if not all(_stays_apart(build, copy, each.copy) for each in stretch.copies):
        if _goes_along(copy):
            stretch.copies.append(layer)
            return True
        return False
    if _is_worth_crossing(build, layer) and not stretch.carried and not stretch.prepared:
        stretch.passed.append(Passed(layer, ()))
    return True


def _goes_along(copy: Copy) -> bool:
    """Whether a copy from elsewhere can move with the source that it lies over, and is not read."""
    place = copy.destination
    return copy.stage is not None and place is not None and is_project_folder(place)


def _is_worth_crossing(build: Build, layer: Layer) -> bool:
    """Whether a copy of a stage or image that no source changes is made again behind the source."""
    copy = layer.copy
    if copy is None or from_context(copy) or layer.index in _made_of_source(build):
        return False
    return not any(flag.name == "link" for flag in layer.instruction.flags)


def _stays_apart(build: Build, crossed: Copy, source: Copy | None) -> bool:
    """Whether a source copy can go behind another copy and lays nothing over what that brings.

    What git does not track may lie in the developer's folder (`.env`, `node_modules`): where the
    ignore file lets it through, the source copy brings it too.
    """
    if source is None or not _apart(crossed, source) or crossed.destination is None:
        return False
    place = source.destination or "/"
    if not is_inside(crossed.destination, place):
        return True
    if source.stage is not None or source.sources is None:
        return False
    paths = [crossed.destination]
    if from_context(crossed):
        paths = [crossed.target(file) or crossed.destination for file in crossed.files]
    below = [posixpath.relpath(path, place) for path in paths]
    return not any(
        build.context.may_send(posixpath.normpath(posixpath.join(top, path)))
        for path in below
        for top in source.sources
    )


def _apart(one: Copy | None, other: Copy | None) -> bool:
    """Whether two copies cannot write to the same place."""
    if one is None or other is None or one.destination is None or other.destination is None:
        return False
    if not overlap(one.destination, other.destination):
        return True
    return _misses(one, other.destination) or _misses(other, one.destination)


def _misses(copy: Copy, folder: str) -> bool:
    """Whether none of the files of a copy lands in a folder."""
    if not from_context(copy) or copy.unpacks or not copy.files:
        return False
    targets = (copy.target(path) for path in copy.files)
    return all(path is not None and not is_inside(path, folder) for path in targets)
