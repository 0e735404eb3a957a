"""A line of the ignore file that does not do what it says.

A .dockerignore is no .gitignore: `#` starts a comment only at the very start of a line, `[!a]` is
no negation (`[^a]` is), the last pattern that matches wins, and a `!` line brings back only what a
line above it excluded, by the name of that or of something in it. Some patterns fail the build
(https://docs.docker.com/build/concepts/context/#syntax).

Silent about patterns that merely match nothing today, and about a `!` line whose file is sent.
"""

from collections.abc import Iterator
from dataclasses import replace

from rules.model.builder import is_ignore_file
from rules.model.cache import Build
from rules.model.dockerfile import Span
from rules.model.finding import Edit, Finding, Fix, split_lines
from rules.model.ignore import IgnoreFile, Pattern
from rules.model.prose import code
from rules.model.rule import Example, Rule

rule = Rule(
    __name__,
    __doc__,
    strategy="context",
    example=Example(
        edit="main.py",
        path=".dockerignore",
        files={
            "Dockerfile": "FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\n",
            "main.py": "print()\n",
        },
        before=".git\nvenv  # made by hand\n",
        after=".git\n# made by hand\nvenv\n",
    ),
)

MOST_DECISIONS = 400_000
"""Exceptions times files that are looked at."""
MOST_EXCEPTIONS = 50
"""For each of them the lines above are read anew."""


@rule.check
def find(build: Build) -> Iterator[Finding]:
    """One finding for each such line."""
    context, ignore = build.context, build.context.ignore
    if ignore is None or context.kind != "local" or not is_ignore_file(ignore.path):
        return
    if context.error is not None:
        yield _finding(
            ignore, context.error.line, "fails", f"Every build fails: {context.error.message}."
        )
        return
    lines = split_lines(build.repository.read(ignore.path) or "")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for pattern in ignore.patterns:
        at = starts[pattern.line - 1]
        yield from _comment(ignore, pattern, lines[pattern.line - 1], at)
        yield from _class(ignore, pattern, lines[pattern.line - 1], at)
        yield from _case(build, ignore, pattern, lines[pattern.line - 1], at)
    yield from _undone(ignore)
    yield from _vain_exceptions(build, ignore)


def _comment(ignore: IgnoreFile, pattern: Pattern, line: str, at: int) -> Iterator[Finding]:
    """`foo  # why`."""
    body = line.rstrip("\r\n")
    cut = body.find(" #")  # behind a tab it fails the build
    if body.lstrip(" \t").startswith("#"):
        message = (
            f"This comment is a pattern, {code(pattern.text)}: {code('#')} starts a comment at "
            f"the very start of a line only."
        )
        yield replace(_finding(ignore, pattern.line, pattern.text, message), severity="info")
        return
    if cut <= 0:
        return
    newline = line[len(body) :] or "\n"
    new = f"{body[cut:].strip()}{newline}{body[:cut].rstrip()}"
    message = (
        f"The comment is a part of the pattern: {code(pattern.text)} matches nothing. "
        f"{code('#')} starts a comment at the start of a line only."
    )
    yield _finding(
        ignore, pattern.line, pattern.text, message, Edit(ignore.path, at, at + len(body), new)
    )


def _case(
    build: Build, ignore: IgnoreFile, pattern: Pattern, line: str, at: int
) -> Iterator[Finding]:
    """`.DS_store`: the name that macOS writes is `.DS_Store`."""
    name = pattern.text.rpartition("/")[2]
    if name == _DS_STORE or name.lower() != _DS_STORE.lower():
        return
    if any(path.rpartition("/")[2] == name for path in build.repository.paths):
        return
    place = at + line.rindex(name)
    edit = Edit(ignore.path, place, place + len(name), _DS_STORE)
    message = f"Patterns mind the case: {code(name)} is not {code(_DS_STORE)}, which macOS writes."
    yield _finding(ignore, pattern.line, pattern.text, message, edit)


_DS_STORE = ".DS_Store"


def _class(ignore: IgnoreFile, pattern: Pattern, line: str, at: int) -> Iterator[Finding]:
    """`[!a]`."""
    place = line.find("[!")
    if place < 0 or "]" not in line[place:]:
        return
    edit = Edit(ignore.path, at + place + 1, at + place + 2, "^")
    message = f"{code('[!')} is no negation in {code(pattern.text)}: {code('[^')} is."
    yield _finding(ignore, pattern.line, pattern.text, message, edit)


def _vain_exceptions(build: Build, ignore: IgnoreFile) -> Iterator[Finding]:
    """`!` lines whose files exist and are excluded all the same."""
    tracked = sorted(build.context.inside(build.repository.paths))
    exceptions = [pattern for pattern in ignore.patterns if pattern.negated]
    if len(exceptions) * len(tracked) > MOST_DECISIONS:
        return
    for pattern in exceptions:
        # as a pattern that excludes, it shows what it matches
        matcher = IgnoreFile.parse(pattern.text, "")
        named = [path for path in tracked if matcher.excludes(path)]
        if not all(map(ignore.excludes, named)) and len(exceptions) <= MOST_EXCEPTIONS:
            above = _above(ignore, pattern)  # what it could bring back
            named = [path for path in named if above.excludes(path)]
        winner = ignore.decides(named[0]) if named and all(map(ignore.excludes, named)) else None
        if winner is not None:
            where = f"line {winner.line}, {code(winner.raw.strip())},"
            message = (
                f"{code(pattern.raw.strip())} brings nothing back: {where} has the last word on "
                f"{code(named[0])}."
            )
            yield _finding(ignore, pattern.line, f"!{pattern.text}", message)


def _above(ignore: IgnoreFile, pattern: Pattern) -> IgnoreFile:
    """The ignore file as far as the line above a pattern."""
    lines = [each.raw for each in ignore.patterns if each.line < pattern.line]
    return IgnoreFile.parse("\n".join(lines), "")


def _undone(ignore: IgnoreFile) -> Iterator[Finding]:
    """Patterns that a `!` line further down takes back whole."""
    last = {pattern.text: pattern for pattern in ignore.patterns if pattern.negated}
    for pattern in ignore.patterns:
        after = last.get(pattern.text)
        if not pattern.negated and after is not None and after.line > pattern.line:
            message = (
                f"{code(pattern.raw.strip())} keeps nothing back: line {after.line}, "
                f"{code(after.raw.strip())}, takes it back whole."
            )
            found = _finding(ignore, pattern.line, pattern.text, message)
            yield replace(found, severity="info")  # Visual Studio writes such pairs


def _finding(
    ignore: IgnoreFile, line: int, subject: str, message: str, edit: Edit | None = None
) -> Finding:
    return rule.finding(
        ignore.path,
        Span(line, line),
        subject=subject,
        message=message,
        fix=None if edit is None else Fix((edit,)),
    )
