"""The helpers that carry every rule test; what must hold of any fix is asserted here."""

from collections import Counter

import rules
from rules.model.cache import Build, Change
from rules.model.finding import Finding, Silence
from rules.model.repository import Repository
from rules.model.rule import Rule
from rules.proof import work_rerun

PIP = {"requirements.txt": "flask\n", "main.py": "", "app/a.py": ""}
NPM = {
    "package.json": '{"scripts": {"build": "tsc"}}',
    "package-lock.json": "{}",
    "src/a.ts": "",
    ".dockerignore": "node_modules\n",
}
"""Small projects, for tests of what is done in Python and in JavaScript."""


def build(files: dict[str, str], path: str = "Dockerfile") -> Build:
    """The build of a small repository made for a test."""
    report = rules.open_build(Repository(frozenset(files), texts=dict(files)), path)
    assert report.build is not None, report.skipped
    return report.build


def findings(rule: Rule, files: dict[str, str]) -> list[Finding]:
    return [f for f in rules.check(build(files))[0] if f.rule == rule.name]


def silences(rule: Rule, files: dict[str, str]) -> list[Silence]:
    return [s for s in rules.check(build(files))[1] if s.rule == rule.name]


def faults(of: Build) -> Counter[str]:
    """How many faults each rule finds in a build, what is merely worth knowing apart."""
    return Counter(f.rule for f in rules.check(of)[0] if f.severity == "warning")


def runs_again(of: Build, edit: str) -> int:
    """How much work an edit to a file of the context re-runs."""
    return work_rerun(of, Change(edits=frozenset({edit})))


def check_fixed(
    rule: Rule,
    before: str,
    after: str,
    files: dict[str, str],
    *,
    edit: str,
    path: str = "Dockerfile",
) -> None:
    """The rule's only fix gives exactly `after`, and all that a fix must hold holds."""
    start = {**files, path: before} if before else files
    (found,) = findings(rule, start)
    assert found.fix is not None, found.no_fix
    assert {edit.path for edit in found.fix.edits} == {path}
    whole = build(start)
    fixed, done = rules.combine(whole, [found])
    assert done == [found]
    got = fixed.repository.texts[path]
    assert got == after
    assert findings(rule, {**start, path: after}) == []
    assert faults(fixed) <= faults(whole)
    if rule.measure == "fewer steps":
        assert runs_again(fixed, edit) < runs_again(whole, edit)
    else:
        assert runs_again(fixed, edit) <= runs_again(whole, edit)


def check_silent(
    rule: Rule, dockerfile: str, files: dict[str, str], reason: str | None = None
) -> None:
    """The rule finds nothing, and says why when a reason (a part of it) is given."""
    whole = {**files, "Dockerfile": dockerfile}
    assert findings(rule, whole) == []
    if reason is not None:
        assert any(reason in s.reason for s in silences(rule, whole)), silences(rule, whole)


def check_words(rule: Rule, dockerfile: str, files: dict[str, str], reason: str) -> None:
    """The rule finds a fault and offers no fix, for the reason given (a part of it)."""
    (found,) = findings(rule, {**files, "Dockerfile": dockerfile})
    assert found.fix is None
    assert reason in (found.no_fix or "")
