r"""Heredoc markers in a logical line, found as BuildKit's shell lexer finds them.

https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go splits the whole line
into words, quotes and `${…}` respected; a word of the form `[fd]<<[-]name` is a marker. A line
that the lexer refuses (an open quote, `${X^^}`) has no heredocs at all.
"""

from rules.model.dataclass import dataclass
from rules.model.words import SPACE, end_of_name, without_surrogates

DEEPEST = 50
"""Nested `${a:-${b:-…}}` beyond this count as an error of the line (BuildKit has no limit)."""


@dataclass(frozen=True, slots=True)
class Marker:
    """`<<EOF`, `<<-EOF`, `<<"EOF"`."""

    name: str
    strip_tabs: bool
    expand: bool


def markers(line: str) -> tuple[Marker, ...]:
    """The markers in the order of their bodies."""
    try:
        words = _Words(line).split()
    except _LexError:
        return ()
    return tuple(found for word in words if (found := marker(word)))


def marker(word: str) -> Marker | None:
    """What a single word marks, None when it is no marker."""
    rest = word.lstrip("0123456789")
    if not rest.startswith("<<"):
        return None
    rest = rest[2:]
    strip_tabs = rest.startswith("-")
    rest = rest.removeprefix("-").lstrip("\t\n\f\r ")
    if "<" in rest:
        return None
    name, quoted = _unquote(rest.removeprefix("\ufeff"))
    if not name:
        return None
    return Marker(without_surrogates(name), strip_tabs, expand=not quoted)


def _unquote(word: str) -> tuple[str, bool]:
    """The word without quotes and escapes, and whether a part of it was quoted."""
    parts: list[str] = []
    quote, at, quoted = "", 0, False
    while at < len(word):
        char = word[at]
        at += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, quoted = char, True
        elif char == "\\" and quote != "'":
            following = word[at : at + 1]
            if not quote or (following and following in '"$\\'):
                parts.append(following)
                at += 1
            else:
                parts.append(char)
        else:
            parts.append(char)
    return "".join(parts), quoted


class _LexError(ValueError):
    """BuildKit's lexer would refuse the line."""


class _Words:
    """A walk over a line that finds its words as written: quotes, escapes and `$` stay."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.words: list[str] = []
        self.parts: list[str] = []
        self.nested = False

    def split(self) -> list[str]:
        line, at = self.line, 0
        while at < len(line):
            char = line[at]
            self.nested = False
            stop = self._step(at, 0)
            if self.nested and char in '$"':
                self.parts.clear()  # BuildKit keeps the words inside `${X:-…}` in the same buffer
            if char == "$":
                self._add_split(line[at:stop])
            elif char in SPACE:
                self._end_word()
            else:
                self.parts.append(line[at:stop])
            at = stop
        self._end_word()
        return self.words

    def _add_split(self, text: str) -> None:
        for char in SPACE:
            text = text.replace(char, " ")
        first, *others = text.split(" ")
        self.parts.append(first)
        for word in others:
            self._end_word()
            self.parts.append(word)

    def _end_word(self) -> None:
        word = "".join(self.parts)
        self.parts.clear()
        if word:
            self.words.append(word)

    def _step(self, at: int, depth: int) -> int:
        """The end of a quoted string, a variable, `<<` and blanks, or of one character."""
        line = self.line
        char = line[at]
        if char == "'":
            end = line.find("'", at + 1)
            if end < 0:
                raise _LexError
            return end + 1
        if char == '"':
            return self._double_quoted(at + 1, depth)
        if char == "$":
            return self._dollar(at + 1, depth)
        if char == "\\":
            return min(at + 2, len(line))
        if not line.startswith("<<", at):
            return at + 1
        at += 2
        while at < len(line) and line[at] in "\t\r ":
            at += 1
        return at

    def _double_quoted(self, at: int, depth: int) -> int:
        line = self.line
        while at < len(line):
            char = line[at]
            if char == '"':
                return at + 1
            if char == "$":
                at = self._dollar(at + 1, depth)
            elif char == "\\" and line[at + 1 : at + 2] in ('"', "$", "\\"):
                at += 2
            else:
                at += 1
        raise _LexError

    def _dollar(self, at: int, depth: int) -> int:
        line = self.line
        if not line.startswith("{", at):
            return end_of_name(line, at)
        at += 1
        if line[at : at + 1] in ("", "{", "}", ":") or depth > DEEPEST:
            raise _LexError
        at = end_of_name(line, at)
        operator = line[at : at + 1]
        if operator == "}":
            return at + 1
        if operator == "/":
            at += 1 + line.startswith("/", at + 1)
            return self._until("}", self._until("/", at, depth), depth)
        if operator == ":":
            at += 1
            if line[at : at + 1] in ("#", "%"):
                raise _LexError
        elif operator not in ("+", "-", "?", "#", "%"):
            raise _LexError
        return self._until("}", at + 1, depth)

    def _until(self, stop: str, at: int, depth: int) -> int:
        self.nested = True
        while at < len(self.line):
            if self.line[at] == stop:
                return at + 1
            at = self._step(at, depth + 1)
        raise _LexError
