r"""The line rules of BuildKit: which lines make one instruction, and which are bodies or comments.

https://github.com/moby/buildkit/blob/master/frontend/dockerfile/parser/parser.go, its order of
steps kept: directives, comments and blank lines, continuations, then heredocs. Each logical line
keeps a map from its joined text to the places in the file.

`mask` gives the same file to `dockerfile_parse` in words that it understands: what it would read
otherwise than BuildKit is covered, line for line.
"""

from dataclasses import field
from itertools import accumulate

from rules.model import heredoc
from rules.model.dataclass import dataclass
from rules.model.words import SPACE, keyword_of, read_flags, read_json, split_keyword


class Unreadable(Exception):  # noqa: N818  # it is a state of the file, not a fault of ours
    """A Dockerfile that BuildKit would refuse or that is too large, in one sentence."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """`line` is the 1-based line at fault, None when it is the file as a whole."""
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """First and last line, 1-based, inclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: its 1-based line, and its text without the `#` and the blanks around."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A file written inside the Dockerfile: `<<NAME`, lines, `NAME`."""

    name: str
    strip_tabs: bool
    """Whether it is `<<-`: leading tabs of each line go."""
    expand: bool
    """Whether variables in it are expanded: the name is not quoted."""
    body: str
    """The lines between, each ended by LF, tabs stripped for `<<-`."""
    span: Span
    """Lines of the body and of the terminator."""
    start: int
    """Offset of the body in the text."""
    end: int
    """Offset after the body: of the terminator's line."""


Pieces = tuple[tuple[int, ...], tuple[int, ...]]
"""Where in a joined line the piece of each physical line begins, and for each of these how much
further on it stands in the file."""


@dataclass(slots=True)
class Logical:
    """One instruction's line with its continuations joined."""

    text: str
    pieces: Pieces
    span: Span
    comments: tuple[int, ...]
    heredocs: tuple[Heredoc, ...] = ()


@dataclass(slots=True)
class Scan:
    """A file cut into logical lines."""

    lines: list[str]
    starts: list[int]
    """Offset of each line."""
    directives: dict[str, str] = field(default_factory=dict)
    logical: list[Logical] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    masked: dict[int, str] = field(default_factory=dict)
    """Lines (0-based) that `dockerfile_parse` must see otherwise."""

    @property
    def escape(self) -> str:
        """The escape character."""
        return self.directives.get("escape", "\\")

    def mask(self) -> str:
        """The text for `dockerfile_parse`: as many lines, read as BuildKit reads the file."""
        lines = self.lines
        if self.masked:
            lines = [*lines]
            for index, line in self.masked.items():
                lines[index] = line
        return "\n".join([*lines, "", ""])  # without, it loses a bare keyword at the end


GUARD = "\ue000"
"""A private-use character put behind an escape character that continues nothing."""


def scan(text: str) -> Scan:
    """Cut the text of a Dockerfile into logical lines; raises Unreadable as BuildKit's parser."""
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines[:-1])]
    return _Scanner(Scan(lines, starts)).run()


class _Scanner:
    """A walk over the lines: `at` is the index of the next one."""

    def __init__(self, result: Scan) -> None:
        self.result = result
        self.lines = result.lines
        self.count = len(self.lines) - (not self.lines[-1])
        self.at = 0

    def run(self) -> Scan:
        self._directives()
        escape = self.result.escape
        lines, comments = self.lines, self.result.comments
        while self.at < self.count:
            line = lines[self.at].rstrip("\r").lstrip(SPACE)
            if not line:
                self.at += 1
            elif line[0] == "#":
                self.at += 1
                comments.append(Comment(self.at, line[1:].strip(SPACE)))
            else:
                self.result.logical.append(self._logical(line, escape))
        return self.result

    def _directives(self) -> None:
        found = self.result.directives
        while self.at < self.count:
            line = self.lines[self.at].rstrip("\r").lstrip(SPACE)
            if not line.startswith("#"):
                break
            directive = _directive(line)
            if directive is None:
                break
            name, value = directive
            if name in found:
                raise Unreadable(f"only one {name} parser directive can be used", self.at + 1)
            if name == "escape" and value not in ("\\", "`"):
                raise Unreadable(
                    f"invalid escape token '{value}' does not match ` or \\", self.at + 1
                )
            found[name] = value
            self.result.masked[self.at] = f"# escape={value}" if name == "escape" else "# syntax=x"
            self.at += 1
        # dockerfile_parse goes on looking for directives where BuildKit has stopped.
        for index in range(self.at, self.count):
            line = self.lines[index].strip()
            if not line.startswith("#"):
                break
            if "=" in line:
                self.result.masked[index] = "#"

    def _logical(self, first: str, escape: str) -> Logical:
        start = self.at
        raw = self.lines[start].rstrip("\r")
        self.at += 1
        shift = self.result.starts[start] + len(raw) - len(first)
        kept = _continued(first, escape)
        if kept is None:
            logical = Logical(first, ((0,), (shift,)), Span(start + 1, start + 1), ())
            self._guard(start, escape)
        else:
            logical = self._joined(kept, shift, escape)
        self._heredocs(logical, escape)
        return logical

    def _joined(self, first: str, shift: int, escape: str) -> Logical:
        start = last = self.at - 1
        lines, starts, masked = self.lines, self.result.starts, self.result.masked
        parts, inside, length = [first], [], len(first)
        offsets, shifts = [0], [shift]
        rows = [start]
        kept: str | None = first
        while kept is not None and self.at < self.count:
            line = lines[self.at].rstrip("\r")
            index = self.at
            self.at += 1
            bare = line.lstrip(SPACE)
            if not bare:
                masked[index] = "#"
            elif bare[0] == "#":
                inside.append(self.at)
                self.result.comments.append(Comment(self.at, bare[1:].strip(SPACE)))
            else:
                kept = _continued(line, escape)
                piece = line if kept is None else kept
                parts.append(piece)
                offsets.append(length)
                shifts.append(starts[index] - length)
                rows.append(index)
                length += len(piece)
                last = index
        if kept is None:
            self._guard(last, escape)
        else:  # the file ends in a continuation
            masked[last] = lines[last].rstrip("\r \t")[:-1]
        joined = "".join(parts)
        pieces = (tuple(offsets), tuple(shifts))
        logical = Logical(joined, pieces, Span(start + 1, self.at), tuple(inside))
        self._gather_keyword(logical, parts, rows, escape)
        return logical

    def _guard(self, index: int, escape: str) -> None:
        r"""Defuse an escape character that continues nothing: `\\` at the end, `\` and `\f`."""
        line = self.lines[index].rstrip()
        if line.endswith(escape):
            self.result.masked[index] = line + GUARD

    def _gather_keyword(
        self, logical: Logical, parts: list[str], rows: list[int], escape: str
    ) -> None:
        """Put a keyword that touches a continuation on the first line, with a blank after it."""
        _, stop, _ = split_keyword(logical.text, 0)
        if stop < len(parts[0]):
            return
        masked = self.result.masked
        first = masked.get(rows[0])
        masked[rows[0]] = logical.text[:stop] + " " + ("" if first is not None else escape)
        for part, offset, index in zip(parts, logical.pieces[0], rows, strict=True):
            if index != rows[0] and offset < stop:
                old = masked.get(index, self.lines[index])
                masked[index] = old[min(stop - offset, len(part)) :]

    def _heredocs(self, logical: Logical, escape: str) -> None:
        if "<<" not in logical.text or not _may_hold_heredocs(logical, escape):
            return
        start = logical.span.start
        logical.heredocs = tuple(
            [self._body(marker, start) for marker in heredoc.markers(logical.text)]
        )
        logical.span = Span(start, self.at)

    def _body(self, marker: heredoc.Marker, start: int) -> Heredoc:
        first = self.at
        masked = self.result.masked
        body: list[str] = []
        while self.at < self.count:
            line = self.lines[self.at]
            masked[self.at] = "#"
            self.at += 1
            ending = line.rstrip("\r")
            if marker.strip_tabs:
                ending = ending.lstrip("\t")
            if ending == marker.name:
                return Heredoc(
                    marker.name,
                    marker.strip_tabs,
                    marker.expand,
                    "".join(body),
                    Span(first + 1, self.at),
                    self.result.starts[first],
                    self.result.starts[self.at - 1],
                )
            line = line.removesuffix("\r")
            body.append((line.lstrip("\t") if marker.strip_tabs else line) + "\n")
        raise Unreadable("unterminated heredoc", start)


def _directive(line: str) -> tuple[str, str] | None:
    """`# name = value` as one of the three parser directives.

    https://docs.docker.com/reference/dockerfile/#parser-directives
    """
    name, equals, value = line[1:].lstrip(SPACE).partition("=")
    name = name.rstrip("\t\n\f\r ").lower()
    if not equals or not value or name not in ("syntax", "escape", "check"):
        return None
    return name, value.strip("\t\n\f\r ") or value[-1]


def _continued(line: str, escape: str) -> str | None:
    """The line without its continuation, None when the next line is not part of it."""
    bare = line.rstrip(" \t")
    if not bare.endswith(escape) or bare[-2:-1] == escape:
        return None
    return bare[:-1]


def _may_hold_heredocs(logical: Logical, escape: str) -> bool:
    """RUN, COPY and ADD in shell form can, also under ONBUILD."""
    text, at, keyword = logical.text, 0, "ONBUILD"
    while keyword == "ONBUILD":
        start, stop, at = split_keyword(text, at)
        onbuild_before = keyword if start else ""
        keyword = keyword_of(text[start:stop])
        if keyword == "ONBUILD" and onbuild_before:
            return False
        if text.startswith("--", at):
            _, at = read_flags(text, at, len(text), escape)
    if keyword not in ("RUN", "COPY", "ADD"):
        return False
    end = len(text.rstrip(SPACE))
    at += len(text[at:end]) - len(text[at:end].lstrip(SPACE))
    try:
        return read_json(text, at, end) is None
    except ValueError as error:
        raise Unreadable(str(error), logical.span.start) from None
