"""Comments by which an author mutes rules: `# layerwise: ignore=<rule>[,<rule>]`.

Such a comment holds for the instruction (or the ignore pattern) below it, other comments between
them or not; `# layerwise: ignore-file` at the top holds for the whole file.
"""

from rules.model.dockerfile import Span

_PREFIX = "layerwise:"


def mutes_file(text: str) -> bool:
    """Whether `# layerwise: ignore-file` stands in the comments at the top of the file."""
    for line in text.split("\n"):
        if line.strip() and not _is_comment(line):
            return False
        if _said(line) == "ignore-file":
            return True
    return False


def muted_rules(text: str, span: Span) -> frozenset[str]:
    """The rules that comments in these lines, or right above them, mute."""
    lines = text.split("\n")
    start = span.start - 1
    while start > 0 and _is_comment(lines[start - 1]):
        start -= 1
    found: set[str] = set()
    for line in lines[start : span.end]:
        word = _said(line)
        if word is not None and word.startswith("ignore="):
            found.update(name.strip() for name in word.removeprefix("ignore=").split(","))
    return frozenset(found)


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
