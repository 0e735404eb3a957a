"""Which RUNs of a file use the cache of which package manager, and which may.

RUNs of one manager belong together where they build on each other: they get their mounts in one
fix, or none does.
"""

from collections.abc import Iterator, Sequence

from rules.model.cache import Build, Layer, once
from rules.model.dataclass import dataclass
from rules.model.installs.copied import Copied
from rules.model.installs.find import may_say
from rules.model.installs.install import Cache, Call, Manager, Reads
from rules.model.lineage import seen_by, starts_of
from rules.model.managers import PROGRAMS, manager_of
from rules.model.mounts import Place, UnsureError, find_places, is_call
from rules.model.processes import Process

_ASKING = frozenset(
    "version env help info list show new init --version -version -v -V --help -h".split()
)
"""First words with which a manager neither downloads nor reads packages."""
_APART = frozenset(
    "[ : apt-key awk basename cat cd chgrp chmod chown cp curl cut date dirname dpkg echo envsubst "
    "exit export false find gpg grep groupadd addgroup adduser head hash install ldconfig ln "
    "locale-gen ls md5sum mkdir mktemp mv printf pwd readlink rm rmdir sed set sha256sum sha512sum "
    "sleep sort strip tail tar tee test touch tr true ulimit umask uname unset unzip update-locale "
    "update-alternatives update-ca-certificates useradd usermod wget which xz gzip gunzip bzip2 "
    "upx file stat git jq dpkg-reconfigure debconf-set-selections cmp diff du df id whoami "
    "setcap visudo corepack".split()
)
"""Programs that use no cache but their own."""


@dataclass(frozen=True, slots=True)
class Use:
    """A call of a package manager in a RUN."""

    layer: Layer
    process: Process
    manager: Manager
    reads: Reads | None
    """None: it installs nothing, and may still read what an install left in the cache."""

    @property
    def words(self) -> str:
        """The command as one would type it, without wrappers and redirections."""
        return " ".join(word.raw for word in self.process.argv)

    @property
    def caches(self) -> tuple[Cache, ...]:
        """The caches that it uses."""
        own = self.reads.caches if self.reads is not None else None
        first = next(iter(self.process.args), None)
        all_of_them = self.manager.caches if own is None else own
        return tuple(cache for cache in all_of_them if first not in cache.not_for)

    @property
    def is_project(self) -> bool:
        """Whether it installs what the project's files name."""
        return self.reads is not None and self.reads.project

    @property
    def is_cleaning(self) -> bool:
        """Whether it does nothing but empty a cache."""
        commands = (command for cache in self.caches for command in cache.cleaned_by)
        return any(is_call(self.process, command) for command in commands)

    def places(self, build: Build) -> tuple[Place, ...]:
        """Where its caches are; raises UnsureError."""
        found = [
            place
            for cache in self.caches
            for place in find_places(build, self.layer, self.process, cache)
        ]
        if self.caches and not found:
            raise UnsureError(f"which cache {self.manager.name} has here is not known")
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Family:
    """All RUNs that use one manager's caches in a stage and in the stages built on it."""

    build: Build
    manager: Manager
    uses: tuple[Use, ...]
    stages: tuple[int, ...]
    """The stage of the first use, and all that are built on it."""

    @property
    def layers(self) -> list[Layer]:
        """The RUNs, in order, each once."""
        return list({use.layer.index: use.layer for use in self.uses}.values())

    def of(self, layer: Layer) -> list[Use]:
        """The uses in one RUN."""
        return [use for use in self.uses if use.layer is layer]

    @property
    def others(self) -> list[Layer]:
        """The RUNs of its stages that call the manager in no way that is seen."""
        mine = {layer.index for layer in self.layers}
        return [
            layer
            for layer in self.build.layers
            if layer.stage in self.stages
            and layer.instruction.keyword == "RUN"
            and layer.index not in mine
        ]


@once
def uses_of(build: Build, layer: Layer) -> tuple[Use, ...]:
    """The calls of package managers in a RUN, nested or not."""
    if layer.instruction.keyword != "RUN" or not may_say(layer, PROGRAMS):
        return ()
    if uses_of not in layer.remembered:
        layer.remembered[uses_of] = list(_read(build, layer))
    return tuple([Use(layer, *call) for call in layer.remembered[uses_of]])


def _read(build: Build, layer: Layer) -> Iterator[tuple[Process, Manager, Reads | None]]:
    found = [(p, manager) for p in layer.processes if (manager := manager_of(p.name))]
    if not found:
        return
    image = Copied(build, [other for other in seen_by(build, layer) if other.copy is not None])
    variables = {v.name: v.value.text for v in layer.variables.variables}
    for process, manager in found:
        written = zip(process.argv[1:], process.args, strict=True)
        words = tuple(word.value if value is None else value for word, value in written)
        environment = {**variables, **process.environment}
        program = process.argv[0].value
        folder = process.folder or "/"
        reads = manager.read(Call(words, folder, program, environment), image)
        yield process, manager, reads


MOST_LAYERS = 400
"""A file with more instructions is not looked at for mounts."""


@once
def families(build: Build) -> tuple[Family, ...]:
    """The families of a build, each manager's apart, those of the first RUN first."""
    return tuple(_families(build))


def _families(build: Build) -> Iterator[Family]:
    by_manager: dict[str, list[Use]] = {}
    if len(build.layers) > MOST_LAYERS:
        return
    for layer in build.layers:
        for use in uses_of(build, layer):
            if not _only_asks(use):
                by_manager.setdefault(use.manager.name, []).append(use)
    for uses in by_manager.values():
        yield from _split(build, uses)


def _only_asks(use: Use) -> bool:
    first = next(iter(use.process.args), None)
    return use.reads is None and (first is None or first in _ASKING)


def _split(build: Build, uses: Sequence[Use]) -> Iterator[Family]:
    """Put together the uses whose stages are built on a stage with a use."""
    used = {use.layer.stage for use in uses}
    tops: dict[int, int] = {}
    for stage, start in starts_of(build).items():  # a stage stands behind the one it is built on
        if start.parent in tops:
            tops[stage] = tops[start.parent]
        elif stage in used:
            tops[stage] = stage
    for top in sorted(set(tops.values())):
        stages = tuple(stage for stage, found in tops.items() if found == top)
        mine = tuple(use for use in uses if use.layer.stage in stages)
        if any(use.reads is not None for use in mine):
            yield Family(build, mine[0].manager, mine, stages)


def is_apart(build: Build, layer: Layer) -> bool:
    """Whether a RUN is certain to use no cache of a manager that it does not call."""
    script = layer.script
    if script is None or script.opaque is not None:
        return False
    installs = {id(use.process) for use in uses_of(build, layer) if use.reads is not None}
    return all(
        not process.open_ended and (process.name in _APART or id(process) in installs)
        for process in layer.processes
    )
