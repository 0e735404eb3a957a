"""The pieces of a RUN: which install what, which read nothing of the project, which may."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rules.model.cache import Build, Layer, once
from rules.model.cached import cached_property
from rules.model.dataclass import dataclass
from rules.model.installs.copied import Copied
from rules.model.installs.edited import Edited, edited, editing, edits_of
from rules.model.installs.install import Call, Image, Manager, Reads, Split
from rules.model.managers import manager_of
from rules.model.places import is_inside, overlap
from rules.model.processes import Process
from rules.model.script import Command, Compound, Item
from rules.model.setup import may_read_source

_STATE = frozenset("cd pushd popd export set unset alias umask ulimit shopt . source trap".split())
_REMOVERS = frozenset("rm find strip unlink shred rmdir".split())
_REMOVING = frozenset("remove purge prune clean autoremove del erase uninstall".split())
_SPEAKING = frozenset(["echo", "printf", ":", "true", "false"])
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
    install: Process | None = None
    """The process that installs, where the item starts more than that one."""
    fetch: Split | None = None
    """It is not in the file yet: the part of the item's install that can go before the source."""
    edits: bool = False
    """It only changes a manifest by its own words, and can be said twice."""

    @property
    def words(self) -> str:
        """The command as one would type it, without wrappers and redirections."""
        if self.fetch is not None:
            return " ".join(self.fetch.words)
        own = (p for p in self.processes if p.command in self.item.pipeline)  # not of a `$(…)`
        process = self.install or next(own, next(iter(self.processes), None))
        return "" if process is None else " ".join(word.raw for word in process.argv)

    def without(self, options: Sequence[str]) -> str:
        """The command without these options."""
        return " ".join(w.raw for w in self.processes[0].argv if w.raw not in options)

    def is_call(self, *names: str) -> bool:
        """Whether it is one simple command with one of these names."""
        simple = len(self.item.pipeline) == 1 and isinstance(self.item.pipeline[0], Command)
        return simple and len(self.processes) == 1 and self.processes[0].name in names

    @property
    def fetches_index(self) -> bool:
        """Whether it fetches the index of a system's packages (`apt-get update`), no more."""
        return self.is_call("apt-get", "apt", "apk") and "update" in self.processes[0].args

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
    return any(map(text.__contains__, words))


def pieces(
    build: Build, layer: Layer, before: Sequence[Layer] = (), targets: Sequence[str] = ()
) -> tuple[Piece, ...]:
    """The pieces of a RUN in order, empty when its script cannot be read.

    `before` are the layers whose copies it sees; `targets` the absolute paths of those copies that
    are taken for source: a piece that may read below them must stay behind them.
    """
    copies = tuple([each for each in before if each.copy is not None])
    edits = tuple([each for each in before if each.index in editing(build)])
    return _pieces(build, layer, copies, edits, tuple(targets))


@once
def _pieces(
    build: Build,
    layer: Layer,
    before: tuple[Layer, ...],
    edits: tuple[Layer, ...],
    targets: tuple[str, ...],
) -> tuple[Piece, ...]:
    script = layer.script
    if script is None or script.opaque is not None:
        return ()
    bound = any(mount.type == "bind" for mount in layer.mounts)
    image = edited(Copied(build, before, layer.mounts), before, edits)
    reader = _Reader(image, targets, layer)
    mine: dict[int, list[Process]] = {}
    for process in layer.processes:
        mine.setdefault(process.item, []).append(process)
    found = [reader.read(item, tuple(mine.get(i, ()))) for i, item in enumerate(script.items)]
    if bound:
        found = [replace(piece, reads_source="a bind mount shows it files") for piece in found]
    return tuple(found)


def leaves_alone(build: Build, layer: Layer, folder: str) -> bool:
    """Whether it is certain that a RUN neither reads nor changes what lies in a folder."""
    everything = pieces(build, layer, (), [folder])
    installs = [piece.reads for piece in everything if piece.reads is not None]
    if not everything or any(piece.reads_source is not None for piece in everything):
        return False
    return not any(r.project or any(overlap(w, folder) for w in r.writes) for r in installs)


class _Reader:
    """Reads the items of one script."""

    def __init__(self, copied: Image, targets: Sequence[str], layer: Layer) -> None:
        self._copied = copied
        self._targets = targets
        self._layer = layer

    @cached_property
    def _environment(self) -> Mapping[str, str | None]:
        return {variable.name: variable.value.text for variable in self._layer.variables.variables}

    def read(self, item: Item, processes: tuple[Process, ...]) -> Piece:
        simple = len(item.pipeline) == 1 and isinstance(item.pipeline[0], Command)
        around = self._around(item)
        found: list[tuple[Process, Manager, Reads]] = []
        reasons = [around]
        for process in processes:
            manager = manager_of(process.name)
            reads = self._reads(manager, process) if manager is not None else None
            if manager is not None and reads is not None:
                found.append((process, manager, reads))
                reasons.append(reads.needs_source)
            else:
                reasons.append(self._plain(process))
        reason = next((r for r in reasons if r is not None), None)
        if not found:
            sure = around is None and simple and len(processes) == 1
            texts = edits_of(processes[0], self._copied) if sure else None
            if texts is not None:
                self._copied = Edited(self._copied, texts)
            return Piece(item, processes, reason, edits=texts is not None)
        process, manager, reads = next((f for f in found if f[2].project), found[0])
        if not (simple and len(processes) == 1):
            reads = _joined([each for _, _, each in found])
        return Piece(item, processes, reason, manager, reads, process)

    def _reads(self, manager: Manager, process: Process) -> Reads | None:
        """What an install reads; its words and its folder must be known."""
        words = _words(manager, process)
        if words is None or _hides(process) or process.folder is None:
            written = tuple(word.value for word in process.argv[1:])
            likely = manager.read(Call(written, process.folder or "/"), self._copied)
            return likely and Reads(
                project=likely.project,
                needs_source="its words or its folder are not known",
                instead=likely.instead,
            )
        program = process.argv[0].value
        environment = {**self._environment, **process.environment}
        return manager.read(Call(words, process.folder, program, environment), self._copied)

    def _plain(self, process: Process) -> str | None:
        """Why a program that installs nothing may read the source."""
        values = zip(process.argv[1:], process.args, strict=True)
        known = (_counted(word.value) if value is None else value for word, value in values)
        words = tuple(word for word in known if word is not None)
        if process.name in _SPEAKING and not any(word.pattern for word in process.argv[1:]):
            return None
        if process.name in ("[", "test") and _compares_strings(process):
            return None
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

    def _around(self, item: Item) -> str | None:
        """Whether a substitution, a redirection or a test may touch the source."""
        for node in _nodes(item.pipeline):
            if isinstance(node, Compound) and (
                node.kind == "test" or any(word.pattern for word in node.words)
            ):
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


def _counted(word: str) -> str | None:
    """A word whose only unknown is the number of processors (`-j$(nproc)`), with one of them."""
    plain = word.replace("$(nproc)", "1")
    return None if "$" in plain or "`" in plain else plain


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


def _nodes(pipeline: Sequence[Command | Compound]) -> Iterator[Command | Compound]:
    """The commands of a pipeline, and those of the lists and substitutions inside them."""
    waiting = list(pipeline)
    while waiting:
        node = waiting.pop()
        yield node
        blocks = [*node.substitutions, *(node.blocks if isinstance(node, Compound) else ())]
        waiting += [each for block in blocks for item in block for each in item.pipeline]


def _compares_strings(process: Process) -> bool:
    """Whether a test looks at its words only (`[ "$CI" = true ]`), and at no file."""
    words = [w.value for w in process.argv[1:] if process.argv[0].value == "test" or w.value != "]"]
    words = words[1:] if words[:1] == ["!"] else words
    if len(words) == 2:
        return words[0] in ("-n", "-z")
    return len(words) == 3 and words[1] in ("=", "==", "!=")


def _joined(installs: Sequence[Reads]) -> Reads:
    """What several installs read together."""
    return Reads(
        project=any(reads.project for reads in installs),
        files=tuple(dict.fromkeys(path for reads in installs for path in reads.files)),
        writes=tuple(dict.fromkeys(path for reads in installs for path in reads.writes)),
        needs_source=next((reads.needs_source for reads in installs if reads.needs_source), None),
        instead=next((reads.instead for reads in installs if reads.instead), None),
    )


def _hides(process: Process) -> bool:
    """Whether more runs than the words say."""
    return process.open_ended or process.inside is not None


def _below(path: str, targets: Sequence[str]) -> bool:
    return any(is_inside(posixpath.normpath(path), target) for target in targets)
