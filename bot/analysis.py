"""Snapshot -> what is to be said of it: pure, and the same for GitHub and a local clone."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import rules
from bot import peace
from bot.config import Config
from bot.inspection import ROUNDS, inspect, wanted
from bot.snapshot import FileChange, Snapshot
from rules.model.builder import is_dockerfile, is_ignore_file
from rules.model.cache import Build
from rules.model.finding import Finding, Silence
from rules.model.manifests import is_manifest
from rules.model.repository import Repository

MAX_DOCKERFILES = 50
_MIGHT_BE_NAMED = re.compile(r"docker|container", re.IGNORECASE)


@dataclass(frozen=True)
class Analysis:
    """What the rules say of a change.

    `new` are findings that the change brings or whose lines it touches, `old` the others in the
    files that it touches. `skipped` is path and reason. `builds` are the builds at the head.
    """

    new: tuple[Finding, ...]
    old: tuple[Finding, ...]
    silences: tuple[Silence, ...]
    skipped: tuple[tuple[str, str], ...]
    builds: tuple[Build, ...]

    def build_of(self, finding: Finding) -> Build:
        """The build that a finding is about, by its Dockerfile or its ignore file."""
        for build in self.builds:
            if finding.path == build.path:
                return build
        return next(b for b in self.builds if _ignore_path(b) == finding.path)


def analyse(snapshot: Snapshot, config: Config) -> Analysis:
    """Run the rules on the changed Dockerfiles and on those that a changed ignore file governs.

    When `snapshot.missing` is not empty afterwards, the texts in it should be fetched and the
    analysis made again: until then rules are silent where they could not read.
    """
    findings: dict[str, Finding] = {}
    before: set[str] = set()
    silences: list[Silence] = []
    skipped: list[tuple[str, str]] = []
    builds: list[Build] = []
    touched, governed = _dockerfiles(snapshot, config)
    for path in [*touched, *governed]:
        report = inspect(snapshot.head, path, config)
        if report.build is None:
            skipped.append((path, report.skipped or "unknown"))
            continue
        builds.append(report.build)
        whole = path in touched
        kept = [f for f in report.findings if whole or f.path in snapshot.changes]
        findings.update({f.fingerprint: f for f in kept if wanted(f, config)})
        silences += [s for s in report.silences if whole]
        before |= _fingerprints_before(snapshot, path, config)
    if builds:
        peace.read_settings(snapshot.head)  # composing cannot ask for texts
    new: list[Finding] = []
    old: list[Finding] = []
    for finding in sorted(findings.values(), key=lambda f: (f.path, f.span, f.rule)):
        known = finding.fingerprint in before and not _touches(snapshot, finding)
        (old if known else new).append(finding)
    return Analysis(tuple(new), tuple(old), tuple(silences), tuple(skipped), tuple(builds))


def analyse_all(
    snapshot: Snapshot, config: Config, read: Callable[[Iterable[str]], Mapping[str, str | None]]
) -> tuple[Snapshot, Analysis]:
    """Analyse, `read` what the rules asked for, and again until they lack nothing."""
    for _ in range(ROUNDS):
        analysis = analyse(snapshot, config)
        if not snapshot.missing:
            break
        snapshot = snapshot.with_texts(read(snapshot.missing))
    return snapshot, analysis


def concerns_us(changes: Iterable[FileChange]) -> bool:
    """Whether a change could touch a Dockerfile or an ignore file."""
    return any(
        is_dockerfile(c.path) or is_ignore_file(c.path) or _MIGHT_BE_NAMED.search(c.path)
        for c in changes
        if c.status != "removed"
    )


def likely(snapshot: Snapshot) -> frozenset[str]:
    """Texts that rules are likely to ask for when they have read the Dockerfiles.

    Fetched along with those they spare a round of asking: ignore files, and the manifests beside
    a Dockerfile or at the root. Lock files are long, and seldom read.
    """
    folders = {""}
    for path in snapshot.changes:
        if is_dockerfile(path) or is_ignore_file(path):
            folders.add(path.rpartition("/")[0])
    near = [path for path in snapshot.head.paths if path.rpartition("/")[0] in folders]
    named = [p for p in near if is_ignore_file(p) or is_manifest(p) or is_dockerfile(p)]
    return frozenset(p for p in named if "lock" not in p and not p.endswith(".sum"))


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
    report = inspect(base, old_path, config)
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
