"""What Layerwise finds in a Dockerfile: pure functions from text to findings."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from rules import (
    artifact_left_in_cache_mount,
    cache_mount_defeated,
    cache_mount_misses_cache,
    cache_mount_not_locked,
    chown_after_copy,
    copy_source_before_install,
    dockerignore_misses_nested,
    dockerignore_not_used,
    dockerignore_pattern_without_effect,
    early_volatile_argument,
    git_directory_in_context,
    ignored_file_copied,
    missing_cache_mount,
    missing_dockerignore,
    setup_after_source,
    single_stage_build,
    update_apart_from_install,
    volatile_path_in_context,
)
from rules.model import builder as builders
from rules.model.cache import Build
from rules.model.dataclass import dataclass
from rules.model.dockerfile import Unreadable, parse
from rules.model.evidence import evidence
from rules.model.finding import Edit, Finding, Fix, Silence, apply, split_lines
from rules.model.history import History
from rules.model.mute import muted_rules, mutes_file
from rules.model.prose import code
from rules.model.repository import Repository
from rules.model.rule import Rule
from rules.proof import applied, edits_between, flaw

RULES: tuple[Rule, ...] = (
    update_apart_from_install.rule,
    setup_after_source.rule,
    copy_source_before_install.rule,
    early_volatile_argument.rule,
    chown_after_copy.rule,
    missing_cache_mount.rule,
    cache_mount_misses_cache.rule,
    cache_mount_defeated.rule,
    cache_mount_not_locked.rule,
    artifact_left_in_cache_mount.rule,
    missing_dockerignore.rule,
    git_directory_in_context.rule,
    dockerignore_misses_nested.rule,
    dockerignore_pattern_without_effect.rule,
    dockerignore_not_used.rule,
    ignored_file_copied.rule,
    volatile_path_in_context.rule,
    single_stage_build.rule,
)
"""The table of contents. Fixes that meet are made in this order: what needs no manifest goes above
those that an install is given."""

MOST_ROUNDS = 10
"""Rounds of fixing: each leaves fewer findings, so two or three do."""

MOST_INSTRUCTIONS = 200
"""Of a longer file nothing is said: rules compare steps with steps, and strangers write files."""

MOST_STAGES = 30
"""The same: what a stage built on another finds done is looked at for each of them."""

MOST_PROOFS = 600
"""Instructions that are looked at again to prove the fixes of one file, all fixes together."""

BY_NAME = {rule.name: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Report:
    """What the rules say of one Dockerfile; `skipped` says why it could not be analysed.

    It is `unreadable` when it is no text, too large, or nothing that Docker could build.
    """

    path: str
    build: Build | None
    findings: tuple[Finding, ...] = ()
    silences: tuple[Silence, ...] = ()
    skipped: str | None = None
    unreadable: bool = False


def check(build: Build) -> tuple[list[Finding], list[Silence]]:
    """All findings of a build, each fix proven, and the reasons of rules that kept silent."""
    findings, silences = _look(build)
    proven = []
    room = MOST_PROOFS // len(build.dockerfile.instructions)
    for finding in findings:
        if finding.fix is not None:
            room -= 1
            wrong = _flaw(build, finding) if room >= 0 else "the file has too many findings"
            if wrong is not None:
                finding = replace(finding, fix=None, no_fix=finding.no_fix or wrong)
        proven.append(_counted(build, finding))
    return proven, silences


def _flaw(build: Build, finding: Finding) -> str | None:
    """What is wrong with a finding's fix, looked for once."""
    key = ("flaw", finding.fingerprint, finding.fix)
    if key not in build.remembered:
        build.remembered[key] = flaw(build, finding, BY_NAME[finding.rule], _findings)
    found: str | None = build.remembered[key]
    return found


def counted(build: Build, findings: Iterable[Finding], history: History) -> list[Finding]:
    """The findings of a build with what its recent commits say of those that have a fix."""
    known = replace(build, repository=replace(build.repository, history=history))
    return [_counted(known, finding) for finding in findings]


def _counted(build: Build, finding: Finding) -> Finding:
    """The finding with what the history says of the step that its fix is about."""
    if finding.fix is None or build.repository.history is None:
        return finding
    lines = range(finding.span.start, finding.span.end + 1) if finding.path == build.path else ()
    arguments: list[str] = []
    if BY_NAME[finding.rule].measure == "arguments":
        here = (i for i in build.dockerfile.instructions if i.span.start in lines)
        arguments = [pair.key for i in here if i.keyword == "ARG" for pair in i.pairs]
    cheaper = BY_NAME[finding.rule].measure == "same steps"  # as often, but with less to do
    after = build if cheaper else applied(build, finding.fix)
    found = evidence(build, after, lines, arguments)
    return replace(finding, evidence=found)


def combine(build: Build, findings: Sequence[Finding]) -> tuple[Build, list[Finding]]:
    """The build with as many of the findings fixed as fit together, and those findings.

    Each fix is made on what the ones before it left, and proven there. The context comes first:
    a whole ignore file leaves nothing to do for those who would add one line to it. Where a fix
    joined an instruction with another, the fault of the joined one is fixed in its place.
    """
    done: list[Finding] = []
    known = {finding.fingerprint for finding in _findings(build)}
    order = {r.name: (r.strategy != "context", place) for place, r in enumerate(RULES)}
    for finding in sorted(findings, key=lambda f: (order[f.rule], f.span)):
        now = next((f for f in _findings(build) if f.fingerprint == finding.fingerprint), None)
        if now is None:
            now = next((f for f in _findings(build) if _joined(f, finding, known)), None)
        if now is not None:
            if now.fix is None or _flaw(build, now) is not None:
                continue
            build = applied(build, now.fix)
        done.append(finding)
    return build, done


def _joined(found: Finding, once: Finding, known: Collection[str]) -> bool:
    """Whether a finding is of an instruction that another finding's became a part of."""
    own = once.subject.partition(" ")[2]  # behind the stage
    new = found.rule == once.rule and found.fingerprint not in known
    return new and own != "" and own in found.subject


def mend(build: Build, wanted: Callable[[Finding], bool]) -> Build:
    """The build with every fix made that can be and is wanted, to a fixed point."""
    for _ in range(MOST_ROUNDS):
        fixable = [f for f in check(build)[0] if f.fix is not None and wanted(f)]
        after, done = combine(build, fixable)
        if not done or after is build:
            break
        build = after
    return build


def _look(build: Build) -> tuple[list[Finding], list[Silence]]:
    """All findings of a build, their fixes unproven, and the silences; looked for once."""
    found: tuple[list[Finding], list[Silence]] | None = build.remembered.get(("findings",))
    if found is None:
        found = build.remembered["findings",] = _look_anew(build)
    return found


def _look_anew(build: Build) -> tuple[list[Finding], list[Silence]]:
    findings: dict[str, Finding] = {}
    silences: list[Silence] = []
    for rule in RULES:
        for said in rule.find(build):
            if isinstance(said, Silence):
                silences.append(said)
                continue
            if said.rule in muted_rules(text_of(build, said.path), said.span):
                continue
            again = 2
            once = said
            while said.fingerprint in findings:  # the same command twice in one stage
                said = replace(once, subject=f"{once.subject} #{again}")
                again += 1
            findings[said.fingerprint] = said
    return list(findings.values()), silences


def text_of(build: Build, path: str) -> str:
    """The text of a file in which the findings of a build count lines and characters.

    Of a Dockerfile it has no byte order mark; "" where there is no such file.
    """
    if path == build.path:
        return build.dockerfile.text
    return build.repository.read(path) or ""


def _findings(build: Build) -> list[Finding]:
    return _look(build)[0]


def open_build(
    repository: Repository,
    path: str,
    contexts: Mapping[str, str] | None = None,
    builder: str = "auto",
    *,
    persistent: bool | None = None,
) -> Report:
    """The build of a Dockerfile, or why there is none; no rule has looked at it yet.

    `contexts`, `builder` and `persistent` (whether it keeps its disk) are the settings' own.
    """
    text = repository.read(path)
    if path in repository.symlinks:
        return Report(path, None, skipped=f"a symbolic link to {code(text or '?')}")
    if text is None:
        unread = path in repository.missing
        why = "not read yet" if unread else "not UTF-8, or too large"
        return Report(path, None, skipped=why, unreadable=True)
    try:
        dockerfile = parse(text)
    except Unreadable as error:
        where = "" if error.line is None else f"line {error.line}: "
        return Report(path, None, skipped=f"{where}{error}", unreadable=True)
    context, found = builders.find(
        repository, path, dockerfile, contexts, builder, persistent=persistent
    )
    return Report(path, Build(path, dockerfile, context, repository, found))


def inspect(repository: Repository, path: str) -> Report:
    """All that the rules say of the Dockerfile at a path without settings, each fix proven."""
    return prove(look(repository, path))


def look(
    repository: Repository,
    path: str,
    contexts: Mapping[str, str] | None = None,
    builder: str = "auto",
    *,
    persistent: bool | None = None,
) -> Report:
    """What is found in the Dockerfile at a path; fixes are what rules make of them, unproven."""
    report = open_build(repository, path, contexts, builder, persistent=persistent)
    if report.build is None:
        return report
    if len(report.build.dockerfile.instructions) > MOST_INSTRUCTIONS:
        return Report(path, None, skipped=f"more than {MOST_INSTRUCTIONS} instructions")
    if len(report.build.dockerfile.stages) > MOST_STAGES:
        return Report(path, None, skipped=f"more than {MOST_STAGES} stages")
    if mutes_file(report.build.dockerfile.text):
        return Report(path, None, skipped="`# layerwise: ignore-file` stands in it")
    return _reported(report.build, _look(report.build))


def prove(report: Report) -> Report:
    """The report of a look, each fix in it proven or taken out."""
    return report if report.build is None else _reported(report.build, check(report.build))


def look_back(report: Report, history: History) -> Report:
    """The report of a look when more is known of the commits before.

    Where the same is found, what was proven is not proven again.
    """
    if report.build is None:
        return report
    build = report.build.with_history(history)
    del build.remembered["findings",]
    if _look(build)[0] != list(report.findings):
        for key in [key for key in build.remembered if key[0] in ("flaw", "after")]:
            del build.remembered[key]
    return _reported(build, _look(build))


def _reported(build: Build, said: tuple[list[Finding], list[Silence]]) -> Report:
    findings, silences = said
    return Report(build.path, build, tuple(findings), tuple(silences))


def edits_made(before: Build, after: Build, path: str) -> tuple[Edit, ...]:
    """What was changed in one file between two states of a build."""
    return edits_between(path, text_of(before, path), text_of(after, path))


named_dockerfiles = builders.named_dockerfiles


def diff(build: Build, fix: Fix) -> str:
    """A fix of a build as a unified diff of all the files that it changes."""
    import difflib  # noqa: PLC0415  # a clean file needs none

    parts: list[str] = []
    for path in fix.paths:
        old = text_of(build, path)
        new = apply(old, fix.touching(path))
        lines = difflib.unified_diff(split_lines(old), split_lines(new), f"a/{path}", f"b/{path}")
        parts += [line if line.endswith("\n") else line + "\n" for line in lines]
    return "".join(parts)
