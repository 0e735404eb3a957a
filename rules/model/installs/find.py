"""The pieces of a RUN: which install what, which read nothing of the project, which may."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from rules.model.cache import Build, Layer
from rules.model.installs.copied import Copied
from rules.model.installs.install import Call, Manager, Reads
from rules.model.managers import manager_of
from rules.model.processes import Process, list_processes
from rules.model.script import Command, Item
from rules.model.setup import may_read_source

_STATE = frozenset("cd pushd popd export set unset alias umask ulimit shopt . source trap".split())
_REMOVERS = frozenset("rm find strip unlink shred rmdir".split())
_REMOVING = frozenset("remove purge prune clean autoremove del erase uninstall".split())
_UNCERTAIN = "it is not certain what it reads"


@dataclass(frozen=True)
class Piece:
    """One item of a RUN's top-level list: `npm ci` in `npm ci && npm run build`."""

    item: Item
    processes: tuple[Process, ...]
    reads_source: str | None
    """Why it must stay behind the source; None when it reads nothing of it."""
    manager: Manager | None = None
    reads: Reads | None = None

    @property
    def words(self) -> str:
        """The command as one would type it, without wrappers and redirections."""
        return " ".join(word.raw for word in self.processes[0].argv) if self.processes else ""

    def without(self, options: Sequence[str]) -> str:
        """The command without these options."""
        return " ".join(w.raw for w in self.processes[0].argv if w.raw not in options)

    @property
    def keeps_state(self) -> bool:
        """Whether what follows may depend on it: `cd`, `export`, a variable, a function."""
        return (
            any(not isinstance(node, Command) for node in self.item.pipeline)
            or any(p.name in _STATE for p in self.processes)
            or any(isinstance(n, Command) and not n.argv for n in self.item.pipeline)
        )

    @property
    def cleans(self) -> bool:
        """Whether it may remove what something before it made."""
        return any(
            p.name is None or p.name in _REMOVERS or _REMOVING & set(p.args[:2])
            for p in self.processes
        )


_BUILT_FROM_PARTS = frozenset("$\\'\"`{")
"""Without any of these each word of a script stands in it in so many letters."""


def may_say(layer: Layer, words: Iterable[str]) -> bool:
    """Whether one of the words may be among those of a RUN, found out without reading it."""
    text = layer.instruction.value
    if layer.instruction.heredocs or not _BUILT_FROM_PARTS.isdisjoint(text):
        return True
    return any(word in text for word in words)


def pieces(
    build: Build, layer: Layer, before: Sequence[Layer] = (), targets: Sequence[str] = ()
) -> tuple[Piece, ...]:
    """The pieces of a RUN in order, empty when its script cannot be read.

    `before` are the layers whose copies it sees; `targets` the absolute paths of those copies that
    are taken for source: a piece that may read below them must stay behind them.
    """
    copies = [each for each in before if each.copy is not None]
    asked = ("pieces", layer.index, tuple([each.index for each in copies]), tuple(targets))
    found: tuple[Piece, ...] | None = build.remembered.get(asked)
    if found is None:
        found = build.remembered[asked] = tuple(_read(build, layer, copies, targets))
    return found


def _read(
    build: Build, layer: Layer, before: Sequence[Layer], targets: Sequence[str]
) -> Iterator[Piece]:
    script = layer.script
    if script is None or script.opaque is not None:
        return
    if any(mount.type == "bind" for mount in layer.mounts):
        yield from (Piece(item, (), "a bind mount shows it files") for item in script.items)
        return
    reader = _Reader(Copied(build, before), targets, layer)
    mine: dict[int, list[Process]] = {}
    for process in processes_of(build, layer):
        mine.setdefault(process.item, []).append(process)
    for index, item in enumerate(script.items):
        yield reader.read(item, tuple(mine.get(index, ())))


def processes_of(build: Build, layer: Layer) -> tuple[Process, ...]:
    """All that a RUN starts, nested or not; of an opaque script only what was read of it."""
    script = layer.script
    if script is None:
        return ()

    def value_of(name: str) -> str | None:
        value = layer.variables.find(name)
        return None if value is None else value.text

    found: tuple[Process, ...] | None = build.remembered.get(("processes", layer.index))
    if found is None:
        found = list_processes(script, layer.folder, value_of)
        build.remembered["processes", layer.index] = found
    return found


class _Reader:
    """Reads the items of one script."""

    def __init__(self, copied: Copied, targets: Sequence[str], layer: Layer) -> None:
        self._copied = copied
        self._targets = targets
        self._layer = layer

    @cached_property
    def _environment(self) -> Mapping[str, str | None]:
        return {variable.name: variable.value.text for variable in self._layer.variables.variables}

    def read(self, item: Item, processes: tuple[Process, ...]) -> Piece:
        if any(not isinstance(node, Command) for node in item.pipeline):
            return Piece(item, processes, _UNCERTAIN)
        if len(item.pipeline) == 1 and len(processes) == 1:
            process = processes[0]
            manager = manager_of(process.name) if process.name else None
            reads = self._reads(manager, process) if manager is not None else None
            if reads is not None:
                reason = self._redirected(item) or reads.needs_source
                return Piece(item, processes, reason, manager, reads)
        reasons = [self._redirected(item), *(self._plain(process) for process in processes)]
        return Piece(item, processes, next((r for r in reasons if r is not None), None))

    def _reads(self, manager: Manager, process: Process) -> Reads | None:
        """What an install reads; its words and its folder must be known."""
        words = _words(manager, process)
        if words is None or _hides(process) or process.folder is None:
            written = tuple(word.value for word in process.argv[1:])
            likely = manager.read(Call(written, "/"), self._copied)
            reason = "its words or its folder are not known"
            return likely and Reads(project=likely.project, needs_source=reason)
        program = process.argv[0].value
        environment = {**self._environment, **process.environment}
        return manager.read(Call(words, process.folder, program, environment), self._copied)

    def _plain(self, process: Process) -> str | None:
        """Why a program that installs nothing may read the source."""
        words = tuple(word for word in process.args if word is not None)
        if process.name is None or process.folder is None or len(words) < len(process.args):
            return _UNCERTAIN
        if _hides(process):
            return _UNCERTAIN
        if words[:1] == ("cache",) and manager_of(process.name) is not None:
            return None  # `npm cache clean`
        if process.name in _STATE and not self._sources_script(process.name, words):
            return None
        if may_read_source((process.name, *words), process.folder, self._targets):
            return f"`{process.name}` may read the source"
        return None

    def _sources_script(self, name: str, words: Sequence[str]) -> bool:
        """Whether `.` or `source` reads a script that may be one of the project's."""
        if name not in (".", "source"):
            return False
        return not words or not words[0].startswith("/") or _below(words[0], self._targets)

    def _redirected(self, item: Item) -> str | None:
        """Whether a substitution or a redirection may touch the source."""
        for node in item.pipeline:
            if node.substitutions:
                return _UNCERTAIN
            for redirect in node.redirects:
                if redirect.operator in (">&", "<&", "<<", "<<-", "<<<"):
                    continue
                target = redirect.target
                if not target.literal or not target.value.startswith("/"):
                    return _UNCERTAIN
                if _below(target.value, self._targets):
                    return "it is redirected to or from the source"
        return None


def _words(manager: Manager, process: Process) -> tuple[str, ...] | None:
    """The words of a call, as written where they need not be known; None when one must be."""
    found: list[str] = []
    for word, value in zip(process.argv[1:], process.args, strict=True):
        free = found[-1:] and found[-1] in manager.free
        joined = any(word.value.startswith(o) for o in manager.free if o.endswith((":", "=")))
        if value is None and not (free or joined):
            return None
        found.append(word.value if value is None else value)
    return tuple(found)


def _hides(process: Process) -> bool:
    """Whether more runs than the words say."""
    return process.open_ended or process.inside is not None


def _below(path: str, targets: Sequence[str]) -> bool:
    whole = posixpath.normpath(path) + "/"
    return any(whole.startswith(target.rstrip("/") + "/") for target in targets)
