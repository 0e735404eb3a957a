"""Dockerfiles of a working tree -> what the rules say of them, and their fixes made."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path

import rules
from bot.config import PATH, Config, read_config
from bot.inspection import ROUNDS, idle, inspect, wanted
from bot.terminal.targets import Fault, Target
from bot.terminal.worktree import Tree
from rules.model.cache import Build
from rules.model.dataclass import dataclass
from rules.model.finding import Finding
from rules.model.history import History

NOT_LOOKED_AT = "the settings' `ignore_paths` name it"

Write = Callable[[Tree, Mapping[str, str]], None]
"""Takes the new texts of a tree's files, by path; OSError when that cannot be."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. Without `select` the settings decide on the rules."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    profile: str | None = None
    base: str | None = None

    def over(self, config: Config) -> Config:
        """The settings as these options change them."""
        if self.profile is not None:
            config = replace(config, profile=self.profile)
        if self.select:
            config = replace(config, rules={name: name in self.select for name in rules.BY_NAME})
        return config.without(self.ignore)


@dataclass(frozen=True, slots=True)
class Checked:
    """A Dockerfile or an ignore file, and what is found in it.

    `build` is that of the Dockerfile, or of one that the ignore file governs; None when the file
    was `skipped`, which says why.
    """

    target: Target
    path: str
    findings: tuple[Finding, ...] = ()
    build: Build | None = None
    skipped: str | None = None

    @property
    def name(self) -> str:
        """What the user calls the file."""
        return self.show(self.path)

    def show(self, path: str) -> str:
        """What the user calls a file of the same tree."""
        own = path == self.target.path and self.target.name
        return own or self.target.tree.shown(path)

    @property
    def context(self) -> str | None:
        """The folder of the build context; None when it is not known."""
        if self.build is None or self.build.context.kind == "unknown":
            return None
        return self.target.tree.shown(self.build.context.root)

    def text(self, path: str) -> str:
        """The text of a file as it was looked at; "" where there is none."""
        if self.build is None:
            return ""
        return rules.text_of(self.build, path)


@dataclass(frozen=True, slots=True)
class Note:
    """What the author of a file may want to know, and is no finding: an ignore comment is idle."""

    path: str
    line: int
    message: str


@dataclass(slots=True)
class Outcome:
    """All that was looked at. `fixed` counts the findings that are gone by fixes made."""

    files: list[Checked] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    fixed: int = 0

    @property
    def findings(self) -> list[Finding]:
        """All findings, file by file."""
        return [finding for file in self.files for finding in file.findings]


def check(targets: Iterable[Target], options: Options, write: Write | None = None) -> Outcome:
    """Look at Dockerfiles one after the other.

    With `write` all fixes are made, to a fixed point, and the findings are those that remain;
    where it fails, the fault is told and the findings stay.
    """
    outcome = Outcome()
    desks: dict[Path, _Desk] = {}
    seen: set[tuple[Path, str]] = set()
    listed: set[tuple[Path, str]] = set()
    for target in targets:
        top = target.tree.top
        if top not in desks:
            desks[top] = _Desk(target.tree, options, outcome.faults)
        desk = desks[top]
        report, findings = desk.look(target)
        if write is not None and (texts := desk.mend(target, report.build)):
            try:
                write(desk.tree_of(target), texts)
            except OSError as error:
                where = target.tree.shown(error.filename or target.path)
                outcome.faults.append(Fault(where, error.strerror or str(error)))
            else:
                desk.changed |= texts
                before = len(findings)
                report, findings = desk.look(target)
                outcome.fixed += before - len(findings)
        if report.unreadable and target.asked:
            name = target.name or target.tree.shown(target.path)
            outcome.faults.append(Fault(name, report.skipped or ""))
        fresh = [f for f in findings if (top, f.fingerprint) not in seen]
        seen.update((top, finding.fingerprint) for finding in findings)
        for file in _by_file(target, report, desk.counted(report, fresh)):
            if file.findings or (top, file.path) not in listed:
                outcome.files.append(file)
            listed.add((top, file.path))
        desk.checked(target, report.build)
    outcome.notes += [note for desk in desks.values() for note in desk.notes()]
    return outcome


def _by_file(
    target: Target, report: rules.Report, findings: Iterable[Finding]
) -> Iterator[Checked]:
    """The Dockerfile, and the other files in which something is found."""
    found = sorted(findings, key=lambda f: (f.path, f.span, f.rule))
    paths = {f.path for f in found} | {target.ignore or target.path}
    for path in sorted(paths, key=lambda path: (path != target.path, path)):
        mine = tuple(finding for finding in found if finding.path == path)
        yield Checked(target, path, mine, report.build, report.skipped)


class _Desk:
    """One tree: its settings, what has been changed in it, and what its history says."""

    def __init__(self, tree: Tree, options: Options, faults: list[Fault]) -> None:
        self._top = tree.top
        text = tree.read(PATH) if tree.repository.has(PATH) else None
        config, errors = read_config(text, rules.BY_NAME)
        faults += [Fault(f"{tree.shown(PATH)}:{error.line}", error.message) for error in errors]
        self._config = options.over(config)
        self._new: frozenset[str] | None = None
        self._touched: frozenset[str] | None = None
        self._checked: list[tuple[Target, Build]] = []
        if options.base is not None:
            from bot.terminal import since  # noqa: PLC0415  # what a review needs is for those who ask

            try:
                self._new, self._touched = since.what_is_new(tree, options.base, self._config)
            except since.GitError as error:
                faults.append(Fault(tree.shown(""), str(error)))
                self._new = self._touched = frozenset()
        self._history: History | None = None
        self._asked = False
        self.changed: dict[str, str] = {}
        """Texts that fixes have made, by path."""

    def look(self, target: Target) -> tuple[rules.Report, list[Finding]]:
        """What the rules say of a Dockerfile, and the findings that were asked for."""
        config, path = self._config, target.path
        if config.ignores(path):
            return rules.Report(path, None, skipped=NOT_LOOKED_AT), []
        tree = self.tree_of(target)
        for _ in range(ROUNDS):
            report = inspect(tree.repository, path, config)
            if not tree.fetch_missing():
                break
        return report, [f for f in report.findings if self._wants(f, target)]

    def checked(self, target: Target, build: Build | None) -> None:
        """Remember how a Dockerfile was left."""
        if build is not None:
            self._checked.append((target, build))

    def notes(self) -> Iterator[Note]:
        """What is to be noted of the files that were asked for, once all have been checked."""
        names: dict[str, str] = {}
        for target, build in self._checked:
            ignore = build.context.ignore
            paths = [target.path, *([ignore.path] if ignore else [])]
            for path in paths if target.ignore is None else [target.ignore]:
                named = path == target.path and target.name
                names[path] = named or target.tree.shown(path)
        for comment in idle([build for _, build in self._checked], self._config):
            touched = self._touched is None or comment.path in self._touched
            if comment.path in names and touched:
                yield Note(names[comment.path], comment.line, comment.message)

    def tree_of(self, target: Target) -> Tree:
        """The target's tree as the fixes have left it."""
        return target.tree.with_texts(self.changed) if self.changed else target.tree

    def _wants(self, finding: Finding, target: Target) -> bool:
        return (
            wanted(finding, self._config)
            and (target.ignore is None or finding.path == target.ignore)
            and (self._new is None or finding.fingerprint in self._new)
        )

    def mend(self, target: Target, build: Build | None) -> dict[str, str]:
        """The texts of the files that the fixes change, when all that can be made are made."""
        if build is None:
            return {}
        after = rules.mend(build, lambda f: self._wants(f, target) and _can_be_made(f, target))
        return after.repository.differing(build.repository)

    def counted(self, report: rules.Report, findings: list[Finding]) -> list[Finding]:
        """The findings with what the recent commits say of those that have a fix."""
        if report.build is None or not any(finding.fix for finding in findings):
            return findings
        if not self._asked:
            self._asked = True
            self._history = _history(self._top)
        if self._history is None:
            return findings
        return rules.counted(report.build, findings, self._history)


def _can_be_made(finding: Finding, target: Target) -> bool:
    """Whether there is a fix, and of text that is given nothing but the text changes by it."""
    if finding.fix is None:
        return False
    return target.name is None or finding.fix.paths == [target.path]


def _history(top: Path) -> History | None:
    """The recent commits; None where there is no git or no commit."""
    if not (top / ".git").exists():
        return None
    from bot.terminal.clone import Clone, GitError  # noqa: PLC0415  # a clean tree needs no git

    try:
        return Clone(top).history("HEAD")
    except GitError:
        return None
