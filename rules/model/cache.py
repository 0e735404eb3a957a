"""Build: all a rule may see of a Dockerfile; and what a change re-runs of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import wraps
from operator import attrgetter
from typing import Any, TypeVar, TypeVarTuple

from rules.model.builder import Builder
from rules.model.cached import cached_property
from rules.model.contents import Contents, Origin, Output
from rules.model.context import BuildContext
from rules.model.copies import Copy
from rules.model.dataclass import dataclass
from rules.model.dockerfile import Dockerfile, parse
from rules.model.history import History
from rules.model.keys import Delta, Plan, takings
from rules.model.layer import Layer, keep_readings
from rules.model.mount import Mount
from rules.model.repository import Repository
from rules.model.sources import Files
from rules.model.state import read_changed, read_layers
from rules.model.steps import Comparison, Step

__all__ = [
    "Build",
    "Change",
    "Copy",
    "Layer",
    "Mount",
    "Output",
    "Step",
    "distinct_files",
    "file_classes",
    "lines_rerun",
    "once",
    "once_of_tree",
    "rerun",
]


_OTHER = "a value that was not given before"


@dataclass(frozen=True, eq=False)
class Build:
    """A Dockerfile with its context, its repository and its builder; nothing of it changes."""

    path: str
    """Of the Dockerfile in the repository."""
    dockerfile: Dockerfile
    context: BuildContext
    repository: Repository
    builder: Builder
    arguments: Mapping[str, str | None] = field(default_factory=dict)
    """Build arguments that are given; None for one whose value is not known."""

    @cached_property
    def files(self) -> Files:
        """The context's files, for looking up."""
        return Files(self.context.files, self._link if self.repository.symlinks else None)

    def _link(self, path: str) -> str | None:
        full = self._in_repository(path)
        return self.repository.read(full) if full in self.repository.symlinks else None

    def _in_repository(self, path: str) -> str:
        return f"{self.context.root}/{path}" if self.context.root else path

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """One for each instruction of the Dockerfile, in order."""
        return read_layers(self.dockerfile, self.files, self.arguments)

    def with_text(self, text: str) -> "Build":
        """Give the same build another text of its Dockerfile; raises Unreadable."""
        dockerfile = parse(text)
        repository = self.repository.fixed({self.path: text})
        build = replace(self, dockerfile=dockerfile, repository=repository)
        build.__dict__.update(files=self.files, of_tree=self.of_tree)
        layers = read_changed(self.layers, dockerfile, self.dockerfile)
        return _with_layers(build, layers, self.layers)

    def with_files(self, texts: Mapping[str, str]) -> "Build":
        """Put other texts at paths of the repository, the ignore file's say; raises Unreadable."""
        repository = self.repository.fixed(texts)
        old = self.context
        context = BuildContext.read(
            repository, self.path, old.root, old.kind, keeps_git=old.keeps_git
        )
        new = texts.get(self.path)
        dockerfile = self.dockerfile if new is None else parse(new)
        build = replace(self, dockerfile=dockerfile, context=context, repository=repository)
        return _with_layers(build, None, self.layers)

    def with_arguments(self, arguments: Mapping[str, str | None]) -> "Build":
        """Give the same build more build arguments."""
        build = replace(self, arguments={**self.arguments, **arguments})
        build.__dict__["files"] = self.files
        return build

    def with_history(self, history: History) -> "Build":
        """Give the same build when more is known of the commits before.

        What was worked out stays known, but for what only the history could tell.
        """
        known = {**self.__dict__, "repository": replace(self.repository, history=history)}
        build = object.__new__(Build)
        build.__dict__.update(known, remembered=dict(self.remembered))
        return build

    @cached_property
    def remembered(self) -> dict[tuple[object, ...], Any]:
        """What was worked out about this build, for those who ask again: nothing of it changes."""
        return {}

    @cached_property
    def of_tree(self) -> dict[tuple[object, ...], Any]:
        """What was worked out about its context and repository, whatever its Dockerfile says."""
        return {}

    @cached_property
    def _contents(self) -> Contents:
        return Contents(self.layers)

    def taken(self, layer: Layer) -> list[tuple[Origin, ...]]:
        """What a step takes of other stages and of images, by what that was made from."""
        return [taken.origins for taken in takings(layer, self.dockerfile, self._contents, "input")]

    @cached_property
    def _plans(self) -> dict[tuple[int | None, Output], Plan]:
        return {}

    def plan(self, target: int | None = None, output: Output = "input") -> Plan:
        """Make ready what decides which steps re-run, once for all changes."""
        plan = self._plans.get((target, output))
        if plan is None:
            plan = self._plans[target, output] = Plan(self.dockerfile, self.layers, target, output)
        return plan


def _with_layers(build: Build, layers: tuple[Layer, ...] | None, before: Sequence[Layer]) -> Build:
    """The build with these layers, or its own; what was read of like RUNs before is kept."""
    if layers is not None:
        build.__dict__["layers"] = layers
    keep_readings(before, build.layers)
    return build


_Found = TypeVar("_Found")
_Asked = TypeVarTuple("_Asked")


def once(work_out: Callable[[Build, *_Asked], _Found]) -> Callable[[Build, *_Asked], _Found]:
    """Let a function of a build work out each answer once: the build remembers it."""
    return _once(work_out, attrgetter("remembered"))


def once_of_tree(
    work_out: Callable[[Build, *_Asked], _Found],
) -> Callable[[Build, *_Asked], _Found]:
    """The same for what does not depend on the Dockerfile's own text: a fix of that keeps it."""
    return _once(work_out, attrgetter("of_tree"))


def _once(
    work_out: Callable[[Build, *_Asked], _Found],
    known_to: Callable[[Build], dict[tuple[object, ...], Any]],
) -> Callable[[Build, *_Asked], _Found]:
    @wraps(work_out)
    def ask(build: Build, *asked: *_Asked) -> _Found:
        known, key = known_to(build), (work_out, *asked)
        if key not in known:
            known[key] = work_out(build, *asked)
        found: _Found = known[key]
        return found

    return ask


@dataclass(frozen=True, slots=True)
class Change:
    """What is different from one build to the next.

    Paths are relative to the context root; those that the builder is not sent change nothing. A
    renamed file is deleted and added. A folder may be named too: its mode changes, it is added
    empty, it is deleted with all in it.
    """

    edits: frozenset[str] = frozenset()
    adds: frozenset[str] = frozenset()
    deletes: frozenset[str] = frozenset()
    chmods: frozenset[str] = frozenset()
    build_args: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    """Build arguments given now; None for a value that was never given before."""
    base_images: frozenset[str] = frozenset()
    """Images, as the Dockerfile names them, that are other ones now under the same name."""
    old: Build | None = None
    """The build as it was before: another text of the Dockerfile, another ignore file."""


def rerun(
    build: Build, change: Change, output: Output = "input", target: int | None = None
) -> tuple[Step, ...]:
    """Say of each instruction of `build` whether its step is cached or re-runs after a change.

    `target` is the index of the stage that is built; without one all stages are. The builder is
    taken to have kept every layer of the build before.
    """
    return tuple(_compare(build, change, output, target).steps())


@once
def lines_rerun(build: Build, change: Change) -> frozenset[int]:
    """The lines of the instructions that re-run after a change."""
    return frozenset(_compare(build, change).lines())


def _compare(
    build: Build, change: Change, output: Output = "input", target: int | None = None
) -> Comparison:
    old = change.old or build
    now = build
    if change.build_args:
        given = {name: _OTHER if v is None else v for name, v in change.build_args.items()}
        now = build.with_arguments(given)
    delta = _delta(old, now, change)
    return Comparison(old.plan(target, output), now.plan(target, output), delta)


@once
def file_classes(build: Build) -> Mapping[str, tuple[str, ...]]:
    """Group the context's files so that those of one group re-run the same when edited.

    Keys are one file of each group, values all of them; files that nothing takes are left out.
    """
    return build.plan().file_classes(build.files)


def distinct_files(*builds: Build) -> list[str]:
    """Files of the first build: each other one is like one of them, edited, in all the builds."""
    found: dict[tuple[str | None, ...], str] = {}
    groups = [{p: one for one, paths in file_classes(b).items() for p in paths} for b in builds]
    for path in groups[0]:
        found.setdefault(tuple(group.get(path) for group in groups), path)
    return list(found.values())


def take_alike(one: Build, other: Build) -> bool:
    """Whether each step of two builds takes the same of the context, of stages and of images.

    Then an edit to a file re-runs the same steps of both, whatever their RUNs say. False is no
    answer: they may be alike all the same.
    """
    if len(one.layers) != len(other.layers):
        return False
    pairs = list(zip(one.layers, other.layers, strict=True))
    return all(
        mine.copy is theirs.copy
        and (mine.step, mine.stage, mine.parent, mine.triggers)
        == (theirs.step, theirs.stage, theirs.parent, theirs.triggers)
        and [mount.source for mount in mine.mounts if mount.local]
        == [mount.source for mount in theirs.mounts if mount.local]
        for mine, theirs in pairs
    ) and all(
        one.taken(mine) == other.taken(theirs)
        for mine, theirs in pairs
        if mine.mounts or theirs.mounts or (mine.copy is not None and not mine.copy.local)
    )


def _delta(old: Build, now: Build, change: Change) -> Delta:
    """Keep of a change what the builder can see."""
    states: dict[str, str] = {}
    for path in change.edits | change.chmods:
        state = "edited" if path in change.edits else "mode"
        if path in now.files.known or now.files.is_folder(path):
            states[path] = state
    for path in change.deletes:
        for gone in (path, *now.files.under(path)):
            if gone in now.files.known or now.files.is_folder(gone):
                states[gone] = "deleted"
    for path in change.adds:
        if now.context.may_send(path.rstrip("/")):
            states[path.rstrip("/")] = "added"
    if old is not now and old.context is not now.context:
        before, after = old.files.known, now.files.known
        states.update(dict.fromkeys(before - after, "deleted"))
        states.update(dict.fromkeys(after - before, "added"))
    states.update(_own_files(old, now))
    return Delta(tuple(sorted(states.items())), change.base_images)


def _own_files(old: Build, now: Build) -> dict[str, str]:
    """Find the Dockerfile and the ignore file among the files: they are like others."""
    changed: list[str] = []
    if old.dockerfile.text != now.dockerfile.text:
        changed.append(now.path)
    if old.context is not now.context:
        changed += [c.ignore.path for c in (old.context, now.context) if c.ignore is not None]
    own = now.context.inside(changed)
    return {path: "edited" for path in own if path in now.files.known}
