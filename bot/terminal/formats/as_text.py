"""The findings for people at a terminal: 80 columns, coloured where it can be."""

from collections.abc import Iterator

import click

from bot.terminal.check import Checked, Outcome
from bot.terminal.text import WIDTH, cut, flat, line_of, wrap
from rules.model.dockerfile import Span
from rules.model.finding import Finding, apply, split_lines
from rules.model.prose import amount

SAME = 1
"""Unchanged lines that are shown on either side of a change."""


def write(outcome: Outcome) -> str:
    """File by file; then what there is in all. Nothing where there was no file to look at."""
    if not outcome.files:
        return ""
    told = {fault.path for fault in outcome.faults}  # on standard error
    blocks = [b for file in outcome.files for b in _file(file, skip=file.name in told)]
    for note in outcome.notes:
        where = click.style(f"{flat(note.path)}:{note.line}", bold=True)
        blocks.append("\n".join([f"{where}  note", *wrap(note.message)]) + "\n")
    return "\n".join([*blocks, "\n".join(_total(outcome)) + "\n"])


def _file(file: Checked, *, skip: bool) -> Iterator[str]:
    if file.skipped is not None and not skip:
        why = wrap(f"Not looked at: {file.skipped}.")
        yield "\n".join([click.style(flat(file.name), bold=True), *why]) + "\n"
    for finding in file.findings:
        yield "\n".join(_finding(file, finding)) + "\n"
    if file.build is not None and any(finding.fix for finding in file.findings):
        from bot.summary import summarise  # noqa: PLC0415  # for those who have something to see

        summary = summarise(file.build, file.findings)
        if summary.gains:
            now, after = len(summary.now), len(summary.after)
            says = f"An edit to `{summary.edit}` re-runs {amount(now, 'step')}, {after} with"
            yield "\n".join(wrap(f"{says} {amount(len(summary.fixed), 'fix')}.", "")) + "\n"


def _finding(file: Checked, finding: Finding) -> Iterator[str]:
    from bot import comment  # noqa: PLC0415  # for those who have something to see

    colour = "yellow" if finding.severity == "warning" else "cyan"
    where = f"{flat(file.name)}:{finding.span.start}"
    yield f"{click.style(where, bold=True)}  {click.style(finding.rule, fg=colour)}"
    yield from wrap(comment.fact(finding))
    yield ""
    paths = [] if finding.fix is None else finding.fix.paths
    if finding.path not in paths:
        yield from _rows(file.text(finding.path), file.text(finding.path), finding.span)
    for path in sorted(paths, key=lambda path: path != finding.path):
        old = file.text(path)
        new = apply(old, () if finding.fix is None else finding.fix.touching(path))
        if path != finding.path:
            yield f"  and in {flat(file.show(path))}"
        yield from _rows(old, new, finding.span if path == finding.path else None)


def _rows(old: str, new: str, span: Span | None) -> Iterator[str]:
    """The lines of the span and those that change, numbered as they are now.

    What goes is red, what comes is green, and `>` marks the lines that are spoken of where
    nothing changes.
    """
    before, after = split_lines(old), split_lines(new)
    head = _alike(before, after)
    tail = min(_alike(before[::-1], after[::-1]), len(before) - head, len(after) - head)
    start, end = head, len(before) - tail
    changes = before != after
    if span is not None:
        start = min(start, span.start - 1)
        end = max(end, span.end) if changes else span.end
    digits = len(str(min(end + SAME, len(before)) or 1))
    for mark, number, line in _diff(before, after, max(start - SAME, 0), end + SAME):
        spoken = span is not None and not changes and span.start <= (number or 0) <= span.end
        text = cut(line_of(line), WIDTH - digits - 5)
        row = f"  {number or '':>{digits}} {'>' if spoken else mark} {text}".rstrip()
        yield click.style(row, fg={"-": "red", "+": "green"}.get(mark), bold=spoken or None)


def _diff(
    before: list[str], after: list[str], first: int, last: int
) -> Iterator[tuple[str, int | None, str]]:
    """The lines `first` to `last` (0-based, exclusive), marked; new ones have no number."""
    import difflib  # noqa: PLC0415  # for those who have something to see

    kept = len(before) - min(last, len(before))
    new = after[first : len(after) - kept]
    old = before[first : len(before) - kept]
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            yield from ((" ", first + n + 1, old[n]) for n in range(a, b))
            continue
        yield from (("-", first + n + 1, old[n]) for n in range(a, b))
        yield from (("+", None, new[n]) for n in range(c, d))


def _alike(one: list[str], other: list[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _total(outcome: Outcome) -> Iterator[str]:
    findings = outcome.findings
    fixed = f"{amount(outcome.fixed, 'finding')} fixed" if outcome.fixed else ""
    if not findings:
        yield from _clean(outcome, fixed)
        return
    files = sum(bool(file.findings) for file in outcome.files)
    found = f"{amount(len(findings), 'finding')} in {amount(files, 'file')}"
    fixable = sum(finding.fix is not None for finding in findings)
    yield click.style(f"{fixed}; {found} left." if fixed else f"{found}.", bold=True)
    if fixable and not fixed:
        yield f"{fixable} can be fixed: `--fix` does it, `--diff` shows it."
    else:
        yield "`layerwise explain RULE` says why, and when a rule is silent."


def _clean(outcome: Outcome, fixed: str) -> Iterator[str]:
    asked = [f for f in outcome.files if f.path == (f.target.ignore or f.target.path)]
    left = sum(file.skipped is not None for file in asked)
    noun = "file" if any(file.target.ignore for file in asked) else "Dockerfile"
    if looked := len(asked) - left:
        clean = f"othing {'else ' if fixed else ''}to gain in {amount(looked, noun)}."
        yield click.style(f"{fixed}; n{clean}" if fixed else f"N{clean}", fg="green")
    if left:
        yield f"{amount(left, noun)} {'was' if left == 1 else 'were'} not looked at."
