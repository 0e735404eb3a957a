"""A patch as GitHub gives it -> Hunks: which lines can carry a comment, and the text before."""

from collections.abc import Sequence

from rules.model.dataclass import dataclass
from rules.model.dockerfile import Span


class PatchError(ValueError):
    """The patch is not a unified diff, or does not fit the text it is said to lead to."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """One `@@ -4,6 +4,7 @@` and what follows.

    `new_start` is the first line on the right side (the file after the change), 1-based. `rows`
    are the hunk's lines with their mark: `" "` unchanged, `"-"` removed, `"+"` added.
    """

    old_start: int
    new_start: int
    rows: tuple[tuple[str, str], ...]

    @property
    def right(self) -> Span:
        """The lines of the file after the change that the hunk shows, added or not."""
        count = sum(mark != "-" for mark, _ in self.rows)
        return Span(self.new_start, self.new_start + count - 1)

    def added(self) -> frozenset[int]:
        """The lines of the file after the change that this hunk adds."""
        lines, line = set(), self.new_start
        for mark, _ in self.rows:
            if mark == "+":
                lines.add(line)
            line += mark != "-"
        return frozenset(lines)

    def replaceable(self, span: Span) -> bool:
        """Whether a suggestion on these lines can be committed.

        All of them must stand on the right side of this hunk. And GitHub takes a suggestion whose
        range has a removed line inside, but refuses to commit it ("Applying suggestions on
        deleted lines is not supported").
        """
        right = self.right
        if not right.start <= span.start <= span.end <= right.end:
            return False
        line = self.new_start
        for mark, _ in self.rows:
            if mark == "-" and span.start < line <= span.end:
                return False
            line += mark != "-"
        return True


def all_new(text: str) -> tuple[Hunk, ...]:
    """The hunks of a file that the change adds."""
    return (Hunk(0, 1, tuple(("+", line) for line in text.split("\n"))),)


def read_patch(patch: str) -> tuple[Hunk, ...]:
    r"""The hunks of one file's patch.

    GitHub's `patch` starts at the first `@@`, has no file header, and marks a missing newline at
    the end with `\ No newline at end of file`, which is no line of either side.
    """
    hunks: list[Hunk] = []
    rows: list[tuple[str, str]] = []
    starts = (0, 0)
    for line in patch.split("\n"):
        if line.startswith("@@"):
            if rows:
                hunks.append(Hunk(*starts, tuple(rows)))
            starts, rows = _starts(line), []
        elif line[:1] in ("+", "-", " "):
            rows.append((line[0], line[1:]))
        elif line and not line.startswith("\\"):
            raise PatchError(f"not a line of a diff: {line[:40]!r}")
    if rows:
        hunks.append(Hunk(*starts, tuple(rows)))
    return tuple(hunks)


def _starts(header: str) -> tuple[int, int]:
    """`@@ -4,6 +5,7 @@ RUN x` -> (4, 5)."""
    try:
        _, old, new, *_ = header.split(" ")
        return int(old.lstrip("-").split(",")[0]), int(new.lstrip("+").split(",")[0])
    except ValueError as error:
        raise PatchError(f"not the head of a hunk: {header[:40]!r}") from error


def text_before(text: str, hunks: Sequence[Hunk]) -> str:
    """The file before the change, from the file after it and the patch between them.

    It spares fetching the old version. The newline at the end of the file is kept as it is after
    the change. Raises PatchError when the patch does not fit the text.
    """
    lines = text.split("\n")
    before: list[str] = []
    at = 0
    for hunk in hunks:
        start = hunk.new_start - (1 if hunk.right.end >= hunk.right.start else 0)
        before += lines[at:start]
        at = start
        for mark, row in hunk.rows:
            if mark != "+":
                before.append(row)
            if mark != "-":
                if at >= len(lines) or lines[at] != row:
                    raise PatchError(f"the patch does not fit line {at + 1}")
                at += 1
    return "\n".join(before + lines[at:])
