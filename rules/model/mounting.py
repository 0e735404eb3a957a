"""The edits that give all RUNs of one manager their cache mounts, or why none is right."""

from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer
from rules.model.dataclass import dataclass
from rules.model.downloads import Family, Use, is_apart
from rules.model.finding import Edit
from rules.model.lineage import starts_of
from rules.model.mounts import (
    Place,
    UnsureError,
    hides_files,
    is_meant_for,
    is_mounted,
    is_moved_before,
)
from rules.model.places import overlap
from rules.model.prose import code
from rules.model.purges import Purge, covers_all, purges_in, switches_off, without


@dataclass(frozen=True)
class Mounting:
    """Which RUNs lack a mount, and what gives it to them."""

    lacking: tuple[Layer, ...]
    uses: tuple[Use, ...]
    """The calls in these that install."""
    purges: tuple[Purge, ...]
    """What goes with the mounts."""
    settings: tuple[str, ...]
    """Files of the base image that go too."""
    edits: tuple[Edit, ...]
    partly: tuple[Layer, ...]
    """Those that have a mount for a part of what they download."""


def mount_all(family: Family) -> Mounting | None:
    """What gives every RUN of a family its mounts; None when all have them.

    Raises UnsureError where a mount could do harm, or nothing.
    """
    build = family.build
    places = {layer.index: needed_places(family, layer) for layer in family.layers}
    layers = [layer for layer in family.layers if places[layer.index]]
    lacking = [
        layer
        for layer in layers
        if not all(is_mounted(layer, p) for p in places[layer.index] if not p.cache.compiled)
    ]
    if not lacking:
        return None
    targets = [target for layer in lacking for target in layer.cache_targets]
    if any(is_meant_for(family.manager, target) for target in targets):
        raise UnsureError("a mount is there, and lies elsewhere")
    everywhere = list(dict.fromkeys(place for each in places.values() for place in each))
    purges: list[Purge] = []
    for layer in lacking:
        _check(family, layer, places[layer.index])
        purges += purges_in(build, layer, places[layer.index])
        purges += _variables(family, layer, places[layer.index])
    purges = _unique(purges)
    _check_family(family, layers, everywhere, purges)
    edits: list[Edit] = []
    settings = in_the_way(family, layers, everywhere)
    for layer in layers:
        unmounted = [p for p in places[layer.index] if not is_mounted(layer, p)]
        flags = [p.flag for p in unmounted] if layer in lacking else []
        words = _first_words(layer, settings) if layer is layers[0] else ""
        if flags or words:
            edits.append(_in_front(build, layer, flags, words))
        if flags:
            edits += _kept(build, family.of(layer))
    for purge in purges:
        edits += without(build, purge)
    uses = [use for use in family.uses if use.layer in lacking and use.reads is not None]
    partly = [la for la in lacking if any(is_mounted(la, p) for p in places[la.index])]
    every = tuple(sorted(set(edits)))
    return Mounting(tuple(lacking), tuple(uses), tuple(purges), settings, every, tuple(partly))


def needed_places(family: Family, layer: Layer) -> tuple[Place, ...]:
    """The folders that a RUN needs mounts on; raises UnsureError. Worked out once."""
    remembered, key = family.build.remembered, (needed_places, family.manager.name, layer.index)
    if key not in remembered:
        try:
            remembered[key] = _needed_places(family, layer)
        except UnsureError as unsure:
            remembered[key] = str(unsure)  # an error would keep all that was at hand, by its trace
    found: tuple[Place, ...] | str = remembered[key]
    if isinstance(found, str):
        raise UnsureError(found)
    return found


def _needed_places(family: Family, layer: Layer) -> tuple[Place, ...]:
    found: list[Place] = []
    for use in family.of(layer):
        if use.reads is not None or (_may_read(use) and not use.is_cleaning):
            found += use.places(family.build)
    return tuple(dict.fromkeys(found))


def _may_read(use: Use) -> bool:
    return any(cache.shared for cache in use.caches)


def _unique(purges: Sequence[Purge]) -> list[Purge]:
    """A variable counts once for all RUNs that it reaches."""
    found: dict[object, Purge] = {}
    for purge in purges:
        key = purge.variable.instruction if purge.variable is not None else id(purge)
        found.setdefault((purge.words, key), purge)
    return list(found.values())


def _variables(family: Family, layer: Layer, places: Sequence[Place]) -> list[Purge]:
    found = switches_off(layer, places)
    for purge in found:
        if purge.variable is not None and not covers_all(family.build, purge.variable, family.uses):
            raise UnsureError(f"{purge.words} switches the cache off for other RUNs too")
    return found


# What speaks against a mount.


def _check(family: Family, layer: Layer, places: Sequence[Place]) -> None:
    """What one RUN must hold."""
    script, build = layer.script, family.build
    if script is None or script.opaque is not None:
        raise UnsureError("the RUN cannot be read")
    for place in places:
        if hides_files(build, layer, place.folder):
            raise UnsureError("a COPY puts files where the cache is")
        if is_moved_before(build, layer, place.cache):
            raise UnsureError("a command before may have moved the cache")
    for use in family.of(layer):
        if use.process.folder is None and any(not c.folder.startswith("/") for c in use.caches):
            raise UnsureError("its working directory is not known")
        off = {name for cache in use.caches for name in cache.disabled_by}
        if off & use.process.environment.keys():
            raise UnsureError("the RUN switches the cache off itself")


def _check_family(
    family: Family, layers: Sequence[Layer], places: Sequence[Place], purges: Sequence[Purge]
) -> None:
    """What the other steps must hold."""
    for place in places:
        name = _named(family, layers, place)
        if name is not None:
            raise UnsureError(f"{code(name)} names the folder of the cache")
    if any(place.cache.shared for place in places):
        _check_shared(family)
    if any(place.cache.index for place in places):
        _check_index(family, layers, purges)
    words = {word for use in family.uses for word in use.process.args}
    if words & {option for place in places for option in place.cache.offline}:
        raise UnsureError("a call works offline, and would fail with an empty cache")
    if family.manager.name == "npm" and _calls_npx(family):
        raise UnsureError("`npx` keeps its programs in the cache")


def _named(family: Family, layers: Sequence[Layer], place: Place) -> str | None:
    """Another instruction that names a folder of the cache."""
    home = f"~/{place.cache.folder}"
    for layer in family.build.layers:
        instruction = layer.instruction
        if layer.copy is not None and (layer.copy.stage in family.stages):
            sources = layer.copy.sources
            if sources is None or any(_meet(f"/{s.lstrip('/')}", place.folder) for s in sources):
                return f"{instruction.keyword} {instruction.value}"
        for mount in layer.mounts:
            if mount.stage in family.stages and _meet(f"/{mount.source}", place.folder):
                return instruction.keyword
        if layer.stage not in family.stages or layer in layers:
            continue
        if instruction.keyword == "RUN":
            if layer.names(place.folder) and not _only_removes(layer):
                return f"RUN {instruction.script}".split("\n")[0][:60]
        elif instruction.keyword in _AT_RUN_TIME and (
            place.folder in instruction.value or home in instruction.value
        ):
            return instruction.keyword
    return None


_AT_RUN_TIME = ("WORKDIR", "VOLUME", "CMD", "ENTRYPOINT", "HEALTHCHECK")


def _meet(source: str, folder: str) -> bool:
    """Whether a path taken from a stage and a folder overlap."""
    plain = source.rstrip("*").rstrip("/") or "/"
    plain = "/" if plain == "/." else plain
    return overlap(plain, folder)


def _only_removes(layer: Layer) -> bool:
    return all(process.name in ("rm", "set") for process in layer.processes)


def _check_shared(family: Family) -> None:
    """Later calls read from the cache: no step may miss what a mount has taken along.

    An image that is run has the cache no more; so only stages that others copy from.
    """
    build, count = family.build, len(family.build.dockerfile.stages)
    used = {layer.copy.stage for layer in build.layers if layer.copy is not None}
    used |= {mount.stage for layer in build.layers for mount in layer.mounts}
    used |= {start.parent for start in starts_of(build).values()}
    names = {each.target for each in build.builder.invocations if each.target is not None}
    run = {count - 1, *(build.dockerfile.stage_named(name, count) for name in names)}
    if any(stage in run or stage not in used for stage in family.stages):
        raise UnsureError("the image may read the cache when it runs")
    for layer in family.others:
        if not is_apart(build, layer):
            line = layer.instruction.span.start
            raise UnsureError(f"the RUN in line {line} may read the cache too")


def _check_index(family: Family, layers: Sequence[Layer], purges: Sequence[Purge]) -> None:
    """Each RUN that installs must fetch the index, and no other may rely on one left in a layer."""
    for layer in layers:
        verbs = [_verb(use) for use in family.of(layer)]
        installs = [at for at, verb in enumerate(verbs) if verb not in _NO_INSTALLS]
        if installs and "update" not in verbs[: installs[0]]:
            raise UnsureError("an install relies on an index that another RUN has fetched")
        removed = {p.layer.index for p in purges if p.process and p.process.name == "rm"}
        later = [other for other in family.others if other.index > layer.index]
        if layer.index not in removed and not all(is_apart(family.build, o) for o in later):
            raise UnsureError("a later RUN may rely on the index that this one leaves")


_NO_INSTALLS = frozenset(
    "update makecache check-update clean remove erase purge autoremove autopurge".split()
)
"""First words with which a system's manager fetches no package."""


def _verb(use: Use) -> str:
    plain = [word for word in use.process.args if word and not word.startswith("-")]
    return plain[0] if plain else ""


def _calls_npx(family: Family) -> bool:
    return any(
        process.name == "npx" or "npx" in process.wrappers
        for layer in family.layers
        for process in layer.processes
    )


# Edits.


def in_the_way(family: Family, layers: Sequence[Layer], places: Sequence[Place]) -> tuple[str, ...]:
    """Settings of the base image that empty the cache, where no step has removed them."""
    found = dict.fromkeys(p.cache.emptied_by for p in places if p.cache.emptied_by)
    texts = [
        layer.instruction.value
        for layer in family.build.layers
        if layer.index <= layers[-1].index and layer.instruction.keyword in ("RUN", "COPY")
    ]
    names = {path: path.rpartition("/")[2] for path in found}
    return tuple(path for path, name in names.items() if not any(name in text for text in texts))


def remove_first(build: Build, layer: Layer, settings: Sequence[str]) -> Edit:
    """The edit by which a RUN first removes settings; raises UnsureError."""
    return _in_front(build, layer, (), _first_words(layer, settings))


def _first_words(layer: Layer, settings: Sequence[str]) -> str:
    """What the first RUN must do before all else."""
    if not settings:
        return ""
    if layer.instruction.json or layer.instruction.heredocs:
        raise UnsureError("a command would have to be put in front of the RUN's own")
    switched = any(process.user is not None for process in layer.processes)
    if layer.user not in ("root", "0", None) or (layer.user is None and switched):
        raise UnsureError("the RUN may not change the settings of the base image")
    return f"rm -f {' '.join(settings)} && "


def _in_front(build: Build, layer: Layer, flags: Sequence[str], words: str) -> Edit:
    """Flags and words in front of a command, each flag on a line of its own if there are more."""
    instruction, text = layer.instruction, build.dockerfile.text
    at = instruction.script_offset(0)
    if instruction.json:
        last = instruction.flags[-1].word.end if instruction.flags else instruction.start
        at = text.index("[", last)
    gap = " "
    if len(flags) > 1 and not instruction.heredocs:
        newline = "\r\n" if build.dockerfile.newline == "\r\n" else "\n"
        gap = f" \\{newline}    "
    return Edit(build.path, at, at, "".join(flag + gap for flag in flags) + words)


def _kept(build: Build, uses: Sequence[Use]) -> Iterator[Edit]:
    """Options with which a manager keeps what it has installed."""
    for use in uses:
        program = use.process.argv[0]
        options = {
            o for cache in use.caches for n, o in cache.keep_options if n == use.process.name
        }
        for option in sorted(options):
            setting = option.rpartition(" ")[2].partition("=")[0].rpartition("::")[2]
            if (
                use.reads is None
                or _verb(use) in _NO_INSTALLS
                or any(setting in word.value for word in use.process.argv)
            ):
                continue
            if use.process.inside is not None or use.layer.instruction.heredocs:
                raise UnsureError("an option would have to be put where that is not simple")
            at = use.layer.instruction.script_offset(program.end - 1) + 1
            yield Edit(build.path, at, at, f" {option}")
