"""What `layerwise check` prints: one module a format, each with `write(outcome) -> str`."""

from collections.abc import Callable, Iterator
from importlib import import_module

from bot.terminal.check import Checked, Outcome
from rules.model.finding import Finding, Suggestion, suggest

WITH_NOTES = frozenset(["text", "json", "sarif", "github"])
"""Formats that have a place for what is no finding."""


def writer(name: str) -> Callable[[Outcome], str]:
    """What writes a format, imported only now."""
    write: Callable[[Outcome], str] = import_module(f"bot.terminal.formats.as_{name}").write
    return write


def whole_lines(file: Checked, finding: Finding) -> list[Suggestion]:
    """A finding's fix as whole lines with LF, one suggestion a file, its own file first."""
    if finding.fix is None:
        return []
    paths = sorted(finding.fix.paths, key=lambda path: path != finding.path)
    changed = (suggest(path, file.text(path), finding.fix.touching(path)) for path in paths)
    return [Suggestion(s.path, s.span, s.text.replace("\r\n", "\n")) for s in changed]


def all_findings(outcome: Outcome) -> Iterator[tuple[Checked, Finding]]:
    """Every finding with its file."""
    for file in outcome.files:
        for finding in file.findings:
            yield file, finding
