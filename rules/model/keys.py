"""The cache keys of a build's steps, computed so that many changes can be asked for quickly.

A step is reused if its key is one that was there before. A key is made of the key of the step
before it in its stage, the step's own part (`Layer.own`) and the content of what it takes. Keys
are numbered as they are met: two that are the same have the same number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from rules.model.cached import cached_property
from rules.model.contents import Based, Brought, Contents, Copied, Made, Origin, Output, Said
from rules.model.dataclass import dataclass
from rules.model.dockerfile import Dockerfile
from rules.model.layer import Layer
from rules.model.sources import ROOT, Files, fixed_part, takes

MAX_MEMBERS = 2_000_000
"""Files times steps that may be looked at to group files; beyond it nothing is known of them."""

Number = Callable[[tuple[object, ...]], int]


@dataclass(frozen=True, slots=True)
class Delta:
    """Context paths that changed and how, sorted; base images that were replaced."""

    paths: tuple[tuple[str, str], ...] = ()
    images: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step takes from a stage or an image at one path."""

    label: str
    origins: tuple[Origin, ...]


@dataclass(slots=True)
class Entry:
    """One layer of a stage that is built."""

    layer: Layer
    before: int
    """Index of the layer before it; -1 when there is none."""
    own: str
    leaves: str
    takes: tuple[Callable[[str], bool], ...]
    taken: tuple[Taken, ...]
    linked: bool


class Keys:
    """Keys of one state of a build, by layer index."""

    def __init__(self, size: int, number: Number) -> None:
        self.number = number
        self.chain = [0] * size
        """Of the stage up to and with the layer."""
        self.step = [0] * size
        """What decides whether the layer's own step is reused."""
        self.left = [0] * size
        """Of the content that the stage has after the layer."""
        self.brought = [0] * size
        """Of the content that the layer alone brings."""
        self.hits: dict[int, tuple[tuple[str, str], ...]] = {}
        self.values: dict[int, tuple[object, ...]] = {}


class Plan:
    """The layers of the stages that a target needs, and how their keys are made."""

    def __init__(
        self,
        dockerfile: Dockerfile,
        layers: Sequence[Layer],
        target: int | None,
        output: Output,
    ) -> None:
        """`target` is the index of a stage; None builds them all."""
        self.dockerfile = dockerfile
        self.layers = layers
        self.output = output
        self.stages = _needed(layers, len(dockerfile.stages), target)
        self._contents = Contents(layers)
        self.size = len(layers) + sum(len(layer.triggers) for layer in layers)
        self.entries = tuple(self._entries())
        self._copies = {e.layer.index: e.layer.copy for e in self.entries if e.layer.copy}
        self._before: tuple[dict[tuple[object, ...], int], Keys] | None = None

    def _entries(self) -> Iterator[Entry]:
        last: dict[int, int] = {}
        for layer in self.layers:
            if layer.stage not in self.stages:
                continue
            for each in (layer, *layer.triggers):
                if each is layer and layer.instruction.keyword == "FROM":
                    before = -1 if layer.parent is None else last[layer.parent]
                else:
                    before = last[layer.stage]
                last[layer.stage] = each.index
                yield self._entry(each, before)

    def _entry(self, layer: Layer, before: int) -> Entry:
        found: list[Callable[[str], bool]] = []
        if layer.copy is not None and layer.copy.local:
            found.append(layer.copy.takes)
        found += [_taker(mount.source) for mount in layer.mounts if mount.local]
        return Entry(
            layer=layer,
            before=before,
            own=layer.own_text,
            leaves=layer.leaves_text,
            takes=tuple(found),
            taken=tuple(takings(layer, self.dockerfile, self._contents, self.output)),
            linked=layer.linked,
        )

    def keys(self) -> tuple[dict[tuple[object, ...], int], Keys]:
        """Compute the keys of the build as it is, once."""
        if self._before is None:
            numbers: dict[tuple[object, ...], int] = {}

            def number(key: tuple[object, ...]) -> int:
                return numbers.setdefault(key, len(numbers))

            state = Keys(self.size, number)
            self._compute(state, Delta())
            self._before = numbers, state
        return self._before

    def changed(self, old: "Plan", delta: Delta) -> Keys:
        """Compute the keys after a change; those that `old` did not have are negative."""
        numbers, _ = old.keys()
        fresh: dict[tuple[object, ...], int] = {}

        def number(key: tuple[object, ...]) -> int:
            found = numbers.get(key)
            return fresh.setdefault(key, -1 - len(fresh)) if found is None else found

        state = Keys(self.size, number)
        self._compute(state, delta)
        return state

    def _compute(self, state: Keys, delta: Delta) -> None:
        number, chain, left = state.number, state.chain, state.left
        paths, images = delta.paths, delta.images
        for entry in self.entries:
            layer = entry.layer
            index, before = layer.index, entry.before
            if not layer.step:
                if before >= 0:
                    chain[index], left[index] = chain[before], left[before]
                elif layer.image is not None:
                    base = number((entry.own, layer.image in images))
                    chain[index] = left[index] = base
                continue
            hits: tuple[tuple[str, str], ...] = ()
            if paths and entry.takes:
                hits = tuple(p for p in paths if any(take(p[0]) for take in entry.takes))
                if hits:
                    state.hits[index] = hits
            values: tuple[object, ...] = ()
            if entry.taken:
                values = tuple(
                    tuple(self._value(origin, state, delta) for origin in taken.origins)
                    for taken in entry.taken
                )
                state.values[index] = values
            if entry.linked:
                step = number((entry.own, hits, values))
                chain[index] = number((chain[before], step))
            else:
                step = chain[index] = number((chain[before], entry.own, hits, values))
            state.step[index] = step
            brought = state.brought[index] = number(("brought", entry.leaves, hits, values))
            left[index] = number(("left", left[before], brought))

    def _value(self, origin: Origin, state: Keys, delta: Delta) -> object:
        if isinstance(origin, Copied):
            return origin.stamp, self._landing(origin, state)
        if isinstance(origin, Made):
            keys = state.chain if self.output == "new" else state.left
            return keys[origin.index]
        if isinstance(origin, Brought):
            return state.brought[origin.index]
        if isinstance(origin, Said):
            return origin.text
        if self.output == "same":
            return origin.path
        return origin.image, origin.path, origin.image in delta.images

    def _landing(self, origin: Copied, state: Keys) -> tuple[tuple[str, str], ...]:
        """Which of the paths that a layer's files changed at lie where they are asked for."""
        hits = state.hits.get(origin.index)
        if not hits:
            return ()
        copy = self._copies[origin.index]
        return tuple(hit for hit in hits if _lies_in(copy.target(hit[0]), origin.path))

    @cached_property
    def built(self) -> Mapping[int, Entry]:
        """The entries by the index of their layer."""
        return {entry.layer.index: entry for entry in self.entries}

    @cached_property
    def owns(self) -> frozenset[str]:
        """The own parts of all steps."""
        return frozenset(entry.own for entry in self.entries)

    @cached_property
    def values(self) -> frozenset[object]:
        """The contents that steps take from stages and images."""
        return frozenset(v for values in self.keys()[1].values.values() for v in values)

    def file_classes(self, files: Files) -> Mapping[str, tuple[str, ...]]:
        """Group files by the steps that they reach; see `cache.file_classes`."""
        marks: dict[str, int] = dict.fromkeys(files.paths, 0)
        bit, work = 1, 0
        for members in self._memberships(files):
            work += len(members)
            if work > MAX_MEMBERS:
                return {}
            for path in members:
                marks[path] |= bit
            bit <<= 1
        groups: dict[int, list[str]] = {}
        for path in files.paths:
            if marks[path]:
                groups.setdefault(marks[path], []).append(path)
        return {group[0]: tuple(group) for group in groups.values()}

    def _memberships(self, files: Files) -> Iterator[Sequence[str]]:
        """Give the sets of files that some step treats alike."""
        copies = (entry.layer.copy for entry in self.entries)
        alike = {(c.sources, c.exclude): c for c in copies if c is not None and c.local}
        yield from (copy.files for copy in alike.values())
        mounts = (mount for entry in self.entries for mount in entry.layer.mounts)
        for source in {mount.source for mount in mounts if mount.local}:
            yield [path for path in files.paths if takes(source, path)]
        origins = {o for e in self.entries for taken in e.taken for o in taken.origins}
        yield from (origin.files for origin in origins if isinstance(origin, Copied))


def _lies_in(target: str | None, path: str) -> bool:
    """Whether a file lands at or below a path; one that lands nobody knows where may."""
    return target is None or path in (target, "/") or target.startswith(path + "/")


def _needed(layers: Sequence[Layer], stages: int, target: int | None) -> frozenset[int]:
    """Find the stages that are built for a target: those it is made of or takes from."""
    if target is None:
        return frozenset(range(stages))
    uses: dict[int, set[int]] = {}
    for layer in layers:
        found = uses.setdefault(layer.stage, set())
        for each in (layer, *layer.triggers):
            sources = [each.parent, each.copy.stage if each.copy else None]
            sources += [mount.stage for mount in each.mounts]
            found.update(source for source in sources if source is not None)
    needed, todo = set[int](), [target]
    while todo:
        stage = todo.pop()
        if stage not in needed:
            needed.add(stage)
            todo += uses.get(stage, ())
    return frozenset(needed)


def takings(
    layer: Layer, dockerfile: Dockerfile, contents: Contents, output: Output
) -> Iterator[Taken]:
    """What a step takes from other stages and from images."""
    copy = layer.copy
    if copy is not None and copy.stage is not None:
        for source in (ROOT,) if copy.sources is None else copy.sources:
            yield _from_stage(dockerfile, contents, copy.stage, source, output)
    elif copy is not None and copy.image is not None and not copy.local:
        yield from (_from_image(copy.image, source) for source in copy.named)
    for mount in layer.mounts:
        if mount.local or mount.type not in ("bind", "cache"):
            continue
        if mount.stage is not None:
            yield _from_stage(dockerfile, contents, mount.stage, mount.source, output)
        elif mount.from_ is not None:
            yield _from_image(mount.from_, mount.source)


def _from_stage(
    dockerfile: Dockerfile, contents: Contents, stage: int, source: str, output: Output
) -> Taken:
    name = dockerfile.stages[stage].name or f"stage {stage}"
    return Taken(f"{_shown(source)} of {name}", contents.at(stage, fixed_part(source), output))


def _from_image(image: str, source: str) -> Taken:
    return Taken(f"{_shown(source)} of {image}", (Based(image, fixed_part(source)),))


def _shown(source: str) -> str:
    return "/" if source == ROOT else f"/{source}"


def _taker(source: str) -> Callable[[str], bool]:
    return lambda path: takes(source, path)
