"""What a rule says: a Finding with perhaps a Fix, or why it keeps silent."""

from collections.abc import Iterable, Sequence
from typing import Literal

from rules.model.dataclass import dataclass
from rules.model.dockerfile import Span

Severity = Literal["warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """A piece of one file's text replaced by another: characters `start` to `end`, end exclusive.

    `start == end` inserts, an empty `text` deletes. A file that does not exist yet is the empty
    text. Edits are this small so that fixes of several findings to one instruction fit together.
    """

    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together: all of them or none."""

    edits: tuple[Edit, ...]

    @property
    def paths(self) -> list[str]:
        """The files that it changes, sorted."""
        return sorted({edit.path for edit in self.edits})

    def touching(self, path: str) -> tuple[Edit, ...]:
        """The edits of one file, in its order."""
        return tuple(sorted(e for e in self.edits if e.path == path))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """New text for whole lines of a file: what one click on GitHub commits.

    `span` is the lines replaced; `text` ends in a newline, or is empty to delete them. For a new
    file `span` is `Span(1, 0)`.
    """

    path: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """`commits` recent commits re-ran the step as it stands, `needed` would with the fix.

    The two are equal where a fix makes a step cheaper and not rarer (cache mounts).
    """

    commits: int
    needed: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at the lines `span` of `path`.

    `subject` names what the fault is about (a command, a pattern) in words that survive moves and
    reformatting: with the rule and the path it makes the fingerprint.
    """

    rule: str
    path: str
    span: Span
    subject: str
    message: str
    severity: Severity = "warning"
    fix: Fix | None = None
    no_fix: str | None = None
    """Why there is no fix, in words for the reader of `--format json`."""
    evidence: Evidence | None = None

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that stay the same while the fault stays the same."""
        import hashlib  # noqa: PLC0415  # loads OpenSSL; where nothing is found nobody needs it

        text = "\0".join((self.rule, self.path, " ".join(self.subject.split())))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule looked at this line, could have spoken, and did not, for this reason."""

    rule: str
    path: str
    line: int
    reason: str


class OverlapError(ValueError):
    """Two edits want to change the same characters."""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after the edits of one file, or OverlapError when they cannot all be made."""
    parts, at = [], 0
    for edit in sorted(set(edits)):
        if edit.start < at or not 0 <= edit.start <= edit.end <= len(text):
            raise OverlapError(f"edits overlap at character {edit.start}")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def suggest(path: str, text: str, edits: Sequence[Edit]) -> Suggestion:
    """The whole lines that the edits touch, and what they become: the fewest lines that do.

    Lines at both ends that stay as they are do not count as touched, but an insertion keeps one
    old line, since GitHub can only replace lines.
    """
    new = apply(text, edits)
    old_lines, new_lines = split_lines(text), split_lines(new)
    head = _common(old_lines, new_lines)
    tail = _common(old_lines[head:][::-1], new_lines[head:][::-1])
    if head + tail == len(old_lines) and old_lines:  # nothing is replaced: take a neighbour along
        if head:
            head -= 1
        else:
            tail -= 1
    replaced = new_lines[head : len(new_lines) - tail]
    return Suggestion(path, Span(head + 1, len(old_lines) - tail), "".join(replaced))


def split_lines(text: str) -> list[str]:
    r"""Lines with their newline, split at "\n" only, as GitHub and BuildKit count them."""
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
