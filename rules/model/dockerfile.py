r"""A Dockerfile as BuildKit reads it: instructions, stages, and where each word stands.

The line rules are in `scan.py`, the cutting of one line in `words.py`. `dockerfile_parse` reads
the same file (masked, where it would misread it); `Dockerfile.agrees` says whether it saw the
same instructions.
"""

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field

from rules.model.dataclass import dataclass
from rules.model.refusals import check
from rules.model.scan import GUARD, Comment, Heredoc, Logical, Pieces, Scan, Span, Unreadable, scan
from rules.model.words import (
    FORMS,
    SPACE,
    Part,
    Rest,
    keyword_of,
    read_flags,
    skip_space,
    split_keyword,
)

__all__ = [
    "Comment",
    "Dockerfile",
    "Flag",
    "Heredoc",
    "Instruction",
    "Pair",
    "Span",
    "Stage",
    "Unreadable",
    "Word",
    "parse",
]

MOST_BYTES = 128 * 1024
MOST_LINES = 4_000
LONGEST_LINE = 8 * 1024
MOST_STAGES = 200
MOST_VARIABLES = 1_000


@dataclass(frozen=True, slots=True)
class Word:
    """One word of an instruction and its place in the file."""

    text: str
    """As written, continuations removed; in the JSON form the decoded string."""
    start: int
    """Offset in `Dockerfile.text` of its first character (in the JSON form of its quote)."""
    end: int
    """Offset after its last character."""


@dataclass(frozen=True, slots=True)
class Flag:
    """`--name` or `--name=value` in front of an instruction's words."""

    name: str
    value: str | None
    """Quotes and escapes removed as BuildKit does, variables as written; None for a bare flag."""
    word: Word
    """The whole flag as written."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`KEY=value` of an ENV, ARG or LABEL, both as written; `value` is None for `ARG KEY`."""

    key: str
    value: str | None
    word: Word


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: `RUN --mount=type=cache,target=/c make` and the lines it takes."""

    keyword: str
    """In upper case."""
    span: Span
    """All its lines as BuildKit counts them: heredocs, and what a continuation swallowed, too."""
    start: int
    """Offset in `Dockerfile.text` of its first line (of an inner instruction: of its keyword)."""
    end: int
    """Offset after its last line, the newline not included."""
    value: str
    """The joined line after the keyword, flags included, stripped."""
    flags: tuple[Flag, ...]
    json: bool
    """Whether it is in the exec form."""
    args: tuple[Word, ...]
    """The words after the flags; empty for a script."""
    script: str
    """What RUN, CMD, ENTRYPOINT and HEALTHCHECK CMD give the shell in the shell form; else ""."""
    heredocs: tuple[Heredoc, ...]
    pairs: tuple[Pair, ...]
    stage: int
    """Index of its stage; -1 before the first FROM."""
    comments: tuple[int, ...]
    """Lines of the comments between its continuation lines."""
    inner: "Instruction | None"
    """What an ONBUILD puts off."""
    script_start: int = field(default=0, repr=False)
    """Offset of the script in the joined line."""
    pieces: Pieces = field(default=((0,), (0,)), repr=False)
    """Where each piece of the joined line begins, and how much further on it is in the file."""

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """The names and the bodies of its heredocs."""
        return tuple([(heredoc.name, heredoc.body) for heredoc in self.heredocs])

    def flag(self, name: str) -> str | None:
        """The value of the first `--name`, "true" for a bare one, None when there is none."""
        return next(iter(self.values(name)), None)

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all `--name` flags."""
        if not self.flags:  # as most have none
            return ()
        mine = [flag.value for flag in self.flags if flag.name == name]
        return tuple(["true" if value is None else value for value in mine])

    def script_offset(self, index: int) -> int:
        """The offset in `Dockerfile.text` of `script[index]`, or of its end."""
        if index >= len(self.script):
            return _place(self.pieces, self.script_start + len(self.script) - 1) + 1
        return _place(self.pieces, self.script_start + index)


@dataclass(frozen=True, slots=True)
class Stage:
    """A FROM and what follows it."""

    index: int
    name: str | None
    """As written after AS; BuildKit compares names without regard to case."""
    image: str
    """FROM's word as written."""
    platform: str | None
    instructions: tuple[Instruction, ...]
    """The FROM first."""

    @property
    def label(self) -> str:
        """Its name, else its number."""
        return self.name or str(self.index)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole file."""

    text: str
    """As decoded (UTF-8 with surrogates for other bytes), without a byte order mark."""
    lines: tuple[str, ...]
    """The text split at LF; in a CRLF file each ends in CR."""
    newline: str
    r"""`"\n"`, `"\r\n"` or `"mixed"`."""
    escape: str
    syntax: str | None
    checks: str | None
    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    comments: tuple[Comment, ...]
    """All comments but directives, those inside instructions included."""
    mask: str = field(repr=False)
    """The text as `dockerfile_parse` must be given it to see what BuildKit sees."""
    line_starts: tuple[int, ...] = field(repr=False)
    """Offset of each line."""
    stage_names: dict[str, list[int]] = field(repr=False, hash=False)
    """For each name in lower case the indexes of its stages."""

    @property
    def agrees(self) -> bool:
        """Whether `dockerfile_parse` sees the same instructions; if not, nothing may be suggested.

        It is asked anew each time (0.1 ms): only a suggestion needs to know.
        """
        return _agrees(self.mask, self.instructions)

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def stage_named(self, reference: str, before: int, *, by_number: bool = True) -> int | None:
        """The stage that `COPY --from=reference` means, among those before stage `before`.

        FROM and `--mount=from=` know names only: `by_number=False`. The last of two stages with
        one name counts.
        """
        if reference.isascii() and reference.isdigit():
            index = int(reference) if by_number and len(reference) < 9 else before
            return index if index < min(before, len(self.stages)) else None
        indexes = self.stage_names.get(reference.lower(), ())
        found = bisect_left(indexes, before)
        return indexes[found - 1] if found else None


def parse(source: str | bytes) -> Dockerfile:
    """Read a Dockerfile, or raise Unreadable: too large, or BuildKit would refuse it."""
    text = source if isinstance(source, str) else source.decode("utf-8", "surrogateescape")
    text = text.removeprefix("\ufeff")
    _bound(text)
    result = scan(text)
    instructions: list[Instruction] = []
    stages: list[list[Instruction]] = []
    reader = _Reader(result)
    for logical in result.logical:
        instruction = reader.read(logical)
        if instruction.keyword == "FROM":
            stages.append([])
        elif not stages and instruction.keyword != "ARG":
            raise Unreadable("no build stage in current context", logical.span.start)
        if stages:
            stages[-1].append(instruction)
        instructions.append(instruction)
    if not instructions:
        raise Unreadable("file with no instructions")
    if not stages:
        raise Unreadable("dockerfile contains no stages to build")
    if len(stages) > MOST_STAGES:
        raise Unreadable(f"too large: {len(stages):,} stages, more than {MOST_STAGES:,}")
    variables = sum([len(i.pairs) for i in instructions if i.keyword != "LABEL"])
    if variables > MOST_VARIABLES:
        raise Unreadable(f"too large: {variables:,} variables, more than {MOST_VARIABLES:,}")
    found = tuple(_stages(stages))
    return Dockerfile(
        text=text,
        lines=tuple(result.lines),
        newline=_newline(text),
        escape=result.escape,
        syntax=result.directives.get("syntax"),
        checks=result.directives.get("check"),
        instructions=tuple(instructions),
        stages=found,
        comments=tuple(result.comments),
        mask=result.mask(),
        line_starts=tuple(result.starts),
        stage_names=_names(found),
    )


def _bound(text: str) -> None:
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise Unreadable(f"too large: {size:,} bytes, more than {MOST_BYTES:,}")
    lines = text.count("\n") + (not text.endswith("\n"))
    if lines > MOST_LINES:
        raise Unreadable(f"too large: {lines:,} lines, more than {MOST_LINES:,}")
    if size > LONGEST_LINE:
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > LONGEST_LINE:
                raise Unreadable(
                    f"too large: a line of {len(line):,} characters, more than {LONGEST_LINE:,}",
                    number,
                )


def _newline(text: str) -> str:
    carriage = text.count("\r\n")
    if not carriage:
        return "\n"
    return "\r\n" if carriage == text.count("\n") else "mixed"


class _Reader:
    """Reads logical lines into instructions, one after the other."""

    def __init__(self, result: Scan) -> None:
        self.starts = result.starts
        self.lines = result.lines
        self.escape = result.escape
        self.stage = -1

    def read(self, logical: Logical) -> Instruction:
        start = self.starts[logical.span.start - 1]
        last = logical.span.end - 1
        end = self.starts[last] + len(self.lines[last].removesuffix("\r"))
        try:
            instruction = self._cut(logical, 0, start, end)
            check(instruction)
        except ValueError as error:
            raise Unreadable(str(error), logical.span.start) from None
        return instruction

    def _cut(
        self, logical: Logical, at: int, start: int, end: int, *, within: bool = False
    ) -> Instruction:
        text, pieces = logical.text, logical.pieces
        close = len(text) if text[-1:] not in SPACE else len(text.rstrip(SPACE))
        first, stop, at = split_keyword(text, at)
        keyword = keyword_of(text[first:stop])
        inner = None
        if keyword == "FROM" and not within:
            self.stage += 1
        value = text[at:close].lstrip(SPACE)
        flags: tuple[Flag, ...] = ()
        if value.startswith("--"):
            parts, at = read_flags(text, at, close, self.escape)
            flags = tuple([_flag(part, text, pieces) for part in parts])
        at = skip_space(text, at, close)
        if keyword == "ONBUILD" and at < close:
            if within:
                raise ValueError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
            inner = self._cut(logical, at, _place(pieces, at), end, within=True)
        form = FORMS.get(keyword)
        rest = form(text, at, close, self.escape) if form else Rest()
        args = tuple([_word(part, pieces) for part in rest.words])
        return Instruction(  # by position: in a hot loop names cost a microsecond
            keyword,
            logical.span,
            start,
            end,
            value,
            flags,
            rest.json,
            args,
            "" if rest.script is None else text[rest.script : close],
            logical.heredocs,
            _pairs(keyword, args, old=rest.old) if keyword in _WITH_PAIRS else (),
            self.stage,
            logical.comments,
            inner,
            rest.script or 0,
            pieces,
        )


_WITH_PAIRS = ("ENV", "ARG", "LABEL")


def _place(pieces: Pieces, index: int) -> int:
    """Where in the file a character of the joined line stands."""
    offsets, shifts = pieces
    return index + shifts[max(bisect_right(offsets, index) - 1, 0)]


def _word(part: Part, pieces: Pieces) -> Word:
    text, start, end = part
    if len(pieces[0]) == 1:
        shift = pieces[1][0]
        return Word(text, start + shift, end + shift)
    return Word(text, _place(pieces, start), _place(pieces, end - 1) + 1)


def _flag(part: Part, text: str, pieces: Pieces) -> Flag:
    flag, start, end = part
    name, equals, value = flag[2:].partition("=")
    word = _word((text[start:end], start, end), pieces)
    return Flag(name, value if equals else None, word)


def _pairs(keyword: str, args: tuple[Word, ...], *, old: bool) -> tuple[Pair, ...]:
    if old:  # ENV key all the rest
        key, stop, rest = split_keyword(args[0].text, 0)
        if rest == len(args[0].text):
            raise ValueError(f"{keyword} must have two arguments")
        return (Pair(args[0].text[key:stop], args[0].text[rest:], args[0]),)
    pairs = []
    for word in args:
        name, equals, value = word.text.partition("=")
        if not equals and keyword != "ARG":
            raise ValueError(f'can\'t find = in "{word.text}": must be of the form: name=value')
        pairs.append(Pair(name, value if equals else None, word))
    return tuple(pairs)


def _stages(stages: list[list[Instruction]]) -> Iterator[Stage]:
    for index, instructions in enumerate(stages):
        image, *rest = instructions[0].args
        yield Stage(
            index=index,
            name=rest[1].text if rest else None,
            image=image.text,
            platform=instructions[0].flag("platform"),
            instructions=tuple(instructions),
        )


def _names(stages: Iterable[Stage]) -> dict[str, list[int]]:
    names: dict[str, list[int]] = {}
    for stage in stages:
        if stage.name is not None:
            names.setdefault(stage.name.lower(), []).append(stage.index)
    return names


def _agrees(mask: str, instructions: Sequence[Instruction]) -> bool:
    from dockerfile_parse import DockerfileParser  # noqa: PLC0415  # for suggestions alone, and slow

    seen = DockerfileParser(fileobj=io.StringIO(mask)).structure
    theirs = [
        (entry["instruction"], entry["startline"] + 1, entry["value"])
        for entry in seen
        if entry["instruction"] != "COMMENT"
    ]
    ours = [(i.keyword, i.span.start, i.value) for i in instructions]
    return theirs == ours or [*map(_plain, theirs)] == [*map(_plain, ours)]


def _plain(entry: tuple[str, int, str]) -> tuple[str, int, str]:
    keyword, line, value = entry
    return keyword, line, value.replace(GUARD, "").strip()
