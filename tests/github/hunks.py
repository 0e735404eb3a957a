"""What a unified diff says about lines: which are shown, and where a line went."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a hunk; `old` and `new` are 1-based lines, None on the side that lacks it.

    `position` counts rows from the first `@@` of the file, as GitHub's older API does.
    """

    mark: str
    old: int | None
    new: int | None
    hunk: int
    position: int
    text: str

    def line(self, side: str) -> int | None:
        return self.old if side == "LEFT" else self.new


@dataclass(frozen=True, slots=True)
class Patch:
    rows: tuple[Row, ...]
    heads: tuple[str, ...]

    def row(self, side: str, line: int) -> Row | None:
        """LEFT: removed and unchanged lines by their old number. RIGHT: added and unchanged ones."""
        return next((row for row in self.rows if row.line(side) == line), None)

    def around(self, last: Row) -> str:
        """The `diff_hunk` of a comment: from the head of the hunk down to its last line."""
        shown = [
            row for row in self.rows if row.hunk == last.hunk and row.position <= last.position
        ]
        return "\n".join([self.heads[last.hunk], *(row.mark + row.text for row in shown)])

    def spans_removed(self, start: int, end: int) -> bool:
        """Whether a removed row stands between two lines of the right side."""
        first, last = self.row("RIGHT", start), self.row("RIGHT", end)
        if first is None or last is None:
            return False
        return any(r.mark == "-" for r in self.rows if first.position < r.position < last.position)

    def moved(self, line: int) -> int | None:
        """Where an old line stands on the new side; None when it was removed or changed.

        Lines between the hunks keep their distance to the hunk before them.
        """
        row = self.row("LEFT", line)
        if row is not None:
            return row.new
        return line + sum(
            (row.mark == "+") - (row.mark == "-")
            for row in self.rows
            if self._old_start(row.hunk) <= line
        )

    def _old_start(self, hunk: int) -> int:
        return int(self.heads[hunk].split(" ")[1].lstrip("-").split(",")[0])


def read_patch(patch: str | None) -> Patch:
    """Nothing at all where there is no patch."""
    rows: list[Row] = []
    heads: list[str] = []
    old = new = position = 0
    for text in (patch or "").split("\n"):
        if text.startswith("@@"):
            position += bool(heads)
            heads.append(text)
            words = text.split(" ")
            old, new = (int(word[1:].split(",")[0]) for word in words[1:3])
        elif text[:1] in (" ", "+", "-"):
            position += 1
            mark = text[0]
            rows.append(
                Row(
                    mark,
                    None if mark == "+" else old,
                    None if mark == "-" else new,
                    len(heads) - 1,
                    position,
                    text[1:],
                )
            )
            old += mark != "+"
            new += mark != "-"
        elif text:
            position += 1
    return Patch(tuple(rows), tuple(heads))
