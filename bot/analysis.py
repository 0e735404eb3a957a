"""Snapshot -> what is to be said of it: pure, and the same for GitHub and a local clone."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import rules
from bot import inspection, peace
from bot.config import Config
from bot.inspection import ROUNDS, wanted
from bot.snapshot import FileChange, Snapshot
from rules.model.builder import is_dockerfile, is_ignore_file
from rules.model.cache import Build
from rules.model.finding import Finding, Silence
from rules.model.history import History
from rules.model.invocations import sources
from rules.model.manifests import is_manifest
from rules.model.mute import IdleComment
from rules.model.repository import Repository

MAX_DOCKERFILES = 50
MOST_EXPECTED, MOST_NAMED = 100, 30
WORKFLOWS = ".github/workflows/"
COMMON = (
    ".dockerignore package.json requirements.txt pyproject.toml go.mod Makefile compose.yaml "
    "docker-compose.yml"
).split()
"""Names that rules ask for most often, at the root of a repository or beside a Dockerfile."""
_PATH = re.compile(
    r"""(?:^|[\s"'=\[,])(?:\./)?([A-Za-z_][\w-]*(?:[./][\w-]+)*\.\w+)(?=$|[\s"',\];])"""
)
"""`app/main.py`, `./run.sh`: no absolute path, no address, no image."""
_MIGHT_BE_NAMED = re.compile(r"docker|container", re.IGNORECASE)


@dataclass(frozen=True)
class Analysis:
    """What the rules say of a change.

    `new` are findings that the change brings or whose lines it touches, `old` the others in the
    files that it touches. `skipped` is path and reason. `builds` are the builds at the head.
    `idle` are ignore comments without effect in the files that it touches.
    """

    new: tuple[Finding, ...]
    old: tuple[Finding, ...]
    silences: tuple[Silence, ...]
    skipped: tuple[tuple[str, str], ...]
    builds: tuple[Build, ...]
    idle: tuple[IdleComment, ...] = ()

    def build_of(self, finding: Finding) -> Build:
        """The build that a finding is about, by its Dockerfile or its ignore file."""
        for build in self.builds:
            if finding.path == build.path:
                return build
        return next(b for b in self.builds if _ignore_path(b) == finding.path)


@dataclass(frozen=True)
class Looked:
    """The Dockerfiles that a change touches or governs, looked at, no fix proven yet.

    `reports` have with them whether the whole file is spoken of. `before` are the fingerprints of
    what was found at the merge base.
    """

    snapshot: Snapshot
    reports: tuple[tuple[rules.Report, bool], ...]
    before: frozenset[str]

    def with_history(self, history: History) -> "Looked":
        """The same when more is known of the commits before the change."""
        reports = tuple((rules.look_back(report, history), whole) for report, whole in self.reports)
        return replace(self, snapshot=self.snapshot.with_history(history), reports=reports)


def look(snapshot: Snapshot, config: Config) -> Looked:
    """Run the rules on the changed Dockerfiles and on those that a changed ignore file governs.

    When `snapshot.missing` is not empty afterwards, the texts in it should be fetched and all
    looked at again: until then rules are silent where they could not read.
    """
    touched, governed = _dockerfiles(snapshot, config)
    reports: list[tuple[rules.Report, bool]] = []
    before: set[str] = set()
    for path in [*touched, *governed]:
        report = inspection.look(snapshot.head, path, config)
        reports.append((report, path in touched))
        if report.build is not None:
            before |= _fingerprints_before(snapshot, path, config)
    if any(report.build for report, _ in reports):
        peace.read_settings(snapshot.head)  # composing cannot ask for texts
    return Looked(snapshot, tuple(reports), frozenset(before))


def prove(looked: Looked, config: Config) -> Analysis:
    """Prove what was found. It may ask for texts too, as `look` does."""
    snapshot = looked.snapshot
    findings: dict[str, Finding] = {}
    silences: list[Silence] = []
    skipped: list[tuple[str, str]] = []
    builds: list[Build] = []
    for seen, whole in looked.reports:
        report = rules.prove(seen)
        if report.build is None:
            skipped.append((report.path, report.skipped or "unknown"))
            continue
        builds.append(report.build)
        kept = [f for f in report.findings if whole or f.path in snapshot.changes]
        findings.update({f.fingerprint: f for f in kept if wanted(f, config)})
        silences += [s for s in report.silences if whole]
    new: list[Finding] = []
    old: list[Finding] = []
    for finding in sorted(findings.values(), key=lambda f: (f.path, f.span, f.rule)):
        known = finding.fingerprint in looked.before and not _touches(snapshot, finding)
        (old if known else new).append(finding)
    idle = tuple(c for c in inspection.idle(builds, config) if c.path in snapshot.changes)
    return Analysis(tuple(new), tuple(old), tuple(silences), tuple(skipped), tuple(builds), idle)


def analyse(snapshot: Snapshot, config: Config) -> Analysis:
    """Look, and prove what was found."""
    return prove(look(snapshot, config), config)


def analyse_all(
    snapshot: Snapshot, config: Config, read: Callable[[Iterable[str]], Mapping[str, str | None]]
) -> tuple[Snapshot, Analysis]:
    """Analyse, `read` what the rules asked for, and again until they lack nothing."""
    looked = look(snapshot, config)
    for _ in range(ROUNDS):
        if not snapshot.missing:
            analysis = prove(looked, config)
            if not snapshot.missing:
                return snapshot, analysis
        snapshot = snapshot.with_texts(read(snapshot.missing))
        looked = look(snapshot, config)
    return snapshot, prove(looked, config)


def concerns_us(changes: Iterable[FileChange]) -> bool:
    """Whether a change could touch a Dockerfile or an ignore file."""
    return any(_is_ours(change.path) for change in changes if change.status != "removed")


def _is_ours(path: str) -> bool:
    named = is_dockerfile(path) or is_ignore_file(path)
    return named or _MIGHT_BE_NAMED.search(path) is not None


def expected(changes: Iterable[FileChange], asked: Collection[str]) -> list[str]:
    """Texts that rules will ask for, told before the tree is known; `/` ends a folder's name.

    Of the changed files those that say what is built or how, and those that were `asked` for
    before. What did not change since then is kept. Then what changed lines of Dockerfiles name,
    and, in a repository that nobody looked at yet, what most have.
    """
    there = [change for change in changes if change.status != "removed"]
    how = sources(change.path for change in there)
    paths = [
        path
        for path in (change.path for change in there)
        if path in asked or path in how or _is_ours(path) or (is_manifest(path) and _short(path))
    ]
    folders = [""]
    for change in there:
        if is_dockerfile(change.path):
            folder = change.path.rpartition("/")[0]
            folders.append(folder)
            named = _named(change)
            paths += [*_in(folder, named), *named]
    if not asked:
        paths += [name for folder in dict.fromkeys(folders) for name in _in(folder, COMMON)]
        paths.append(WORKFLOWS)
    return list(dict.fromkeys(paths))[:MOST_EXPECTED]


def _in(folder: str, names: Iterable[str]) -> list[str]:
    return [f"{folder}/{name}" if folder else name for name in names]


def _named(change: FileChange) -> list[str]:
    """Words of the lines that a change shows which look like paths below a folder."""
    shown = (row for hunk in change.hunks or () for mark, row in hunk.rows if mark != "-")
    words = (found[1] for row in shown for found in _PATH.finditer(row[:1000]))
    return list(dict.fromkeys(word for word in words if _short(word)))[:MOST_NAMED]


def likely(snapshot: Snapshot) -> frozenset[str]:
    """Texts that rules are likely to ask for when they have read the Dockerfiles.

    Fetched along with those they spare a round of asking: ignore files, what may say how the
    repository is built, and the manifests beside a Dockerfile or at the root. Lock files are
    long, and seldom read.
    """
    folders = {""}
    for path in snapshot.changes:
        if is_dockerfile(path) or is_ignore_file(path):
            folders.add(path.rpartition("/")[0])
    near = [path for path in snapshot.head.paths if path.rpartition("/")[0] in folders]
    named = [p for p in near if is_ignore_file(p) or is_manifest(p) or is_dockerfile(p)]
    how = sources(snapshot.head.paths).keys()
    workflows = (path for path in snapshot.head.paths if path.startswith(WORKFLOWS))
    return frozenset([*(path for path in named if _short(path)), *how, *workflows])


def _short(path: str) -> bool:
    return "lock" not in path and not path.endswith(".sum")


def _dockerfiles(snapshot: Snapshot, config: Config) -> tuple[list[str], list[str]]:
    """The changed Dockerfiles, and the unchanged ones that a changed ignore file governs."""
    changed = [c for c in snapshot.changes.values() if c.status != "removed"]
    named = rules.named_dockerfiles(snapshot.head) if changed else frozenset()
    touched = sorted(c.path for c in changed if is_dockerfile(c.path) or c.path in named)
    touched = [path for path in touched if not config.ignores(path)]
    ignores = {c.path for c in changed if is_ignore_file(c.path)}
    governed: list[str] = []
    if ignores:
        others = sorted(p for p in snapshot.head.paths if is_dockerfile(p) and p not in touched)
        others = [path for path in others if not config.ignores(path)]
        for path in others[:MAX_DOCKERFILES]:
            report = rules.open_build(
                snapshot.head,
                path,
                config.contexts,
                config.builder,
                persistent=config.persistent_builder,
            )
            if report.build is not None and _ignore_path(report.build) in ignores:
                governed.append(path)
    return touched[:MAX_DOCKERFILES], governed


def _fingerprints_before(snapshot: Snapshot, path: str, config: Config) -> set[str]:
    """Fingerprints at the merge base, as if the file had had its present path there."""
    change = snapshot.changes.get(path)
    old_path = change.previous if change and change.previous else path
    base: Repository = snapshot.base
    if not base.has(old_path):
        return set()
    report = inspection.look(base, old_path, config)
    return {
        replace(f, path=path if f.path == old_path else f.path).fingerprint for f in report.findings
    }


def _touches(snapshot: Snapshot, finding: Finding) -> bool:
    """Whether the change added one of the finding's lines."""
    change = snapshot.changes.get(finding.path)
    lines = range(finding.span.start, finding.span.end + 1)
    return change is not None and not change.added.isdisjoint(lines)


def _ignore_path(build: Build) -> str | None:
    ignore = build.context.ignore
    return None if ignore is None else ignore.path
