"""Comments by which an author mutes rules: `# layerwise: ignore=<rule>[,<rule>]`.

Such a comment holds for the instruction (or the ignore pattern) below it, other comments between
them or not; `# layerwise: ignore-file` at the top holds for the whole file.
"""

from collections.abc import Iterator

from rules.model.dataclass import dataclass
from rules.model.dockerfile import Span

_PREFIX, _FILE, _RULES = "layerwise:", "ignore-file", "ignore="
_NEARLY = ("layerwise:ignore", "layerwiseignore")  # what is meant for us, blanks left out


@dataclass(frozen=True, slots=True)
class Mute:
    """A rule that the comment at `line` names. `until` is the line below the block of comments."""

    line: int
    until: int
    rule: str

    def covers(self, span: Span) -> bool:
        """Whether it stands in these lines or right above them."""
        return self.line <= span.end and span.start <= self.until


@dataclass(frozen=True, slots=True)
class IdleComment:
    """A comment that mutes nothing, and why in a sentence; `rule` is the one that it names."""

    path: str
    line: int
    rule: str | None
    message: str


def mutes_file(text: str) -> bool:
    """Whether `# layerwise: ignore-file` stands in the comments at the top of the file."""
    for line in text.split("\n"):
        if line.strip() and not _is_comment(line):
            return False
        if _said(line) == _FILE:
            return True
    return False


def mutes(text: str) -> Iterator[Mute]:
    """All rules that comments of a file name, from the top, each once a comment."""
    if _PREFIX not in text:
        return
    lines = text.split("\n")
    until = len(lines) + 1
    found: list[Mute] = []
    for number in range(len(lines), 0, -1):
        if not _is_comment(lines[number - 1]):
            until = number
            continue
        word = _said(lines[number - 1]) or ""
        if word.startswith(_RULES):
            names = dict.fromkeys(word.removeprefix(_RULES).split(","))
            found += [Mute(number, until, name) for name in reversed(names) if name]
    yield from reversed(found)


def muted_rules(text: str, span: Span) -> frozenset[str]:
    """The rules that comments in these lines, or right above them, mute."""
    return frozenset([mute.rule for mute in mutes(text) if mute.covers(span)])


def misspelt(path: str, text: str) -> Iterator[IdleComment]:
    """The comments of a file that are meant for us and say nothing that we know, from the top."""
    if "layerwise" not in text:
        return
    top = True
    for number, line in enumerate(text.split("\n"), 1):
        if not _is_comment(line):
            top = top and not line.strip()
            continue
        said = _said(line) or ""
        if said.startswith(_RULES) or (said == _FILE and top):
            continue
        if not "".join(line.lstrip()[1:].split()).startswith(_NEARLY):
            continue
        if said == _FILE:
            why = "`ignore-file` counts only above the first instruction of a Dockerfile."
        else:
            why = "This is read as `# layerwise: ignore=<rule>` only when it is written like that."
        yield IdleComment(path, number, None, why)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _said(line: str) -> str | None:
    """What a comment says to us; None when it is no such comment."""
    if not _is_comment(line):
        return None
    body = line.lstrip()[1:].strip()
    if not body.startswith(_PREFIX):
        return None
    return "".join(body.removeprefix(_PREFIX).split())
